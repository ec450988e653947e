package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Transport is how connections are made. The zero value dials as addressed and
// trusts the system's roots.
type Transport struct {
	ConnectTo    []Redirect // the first that matches counts, with those of the same left side
	RootCAs      *x509.CertPool
	Insecure     bool              // accept any certificate
	Certificates []tls.Certificate // shown to a server that asks (mutual TLS)
	Resolver     Resolver          // nil: net.DefaultResolver
	Proxy        Proxies           // nil: none
	DialTimeout  time.Duration     // 0: only the request's own timeout
	MaxIdle      time.Duration     // an older idle connection is not used again; 0 counts as 20 s
	Fresh        float64           // share of requests that open a new connection; 0 counts as 1/8, negative as none
}

// Resolver finds the addresses of a host; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

var _ Resolver = (*net.Resolver)(nil)

const (
	defaultMaxIdle = 20 * time.Second
	defaultFresh   = 1.0 / 8

	// resolveEvery is how long addresses are used before the name is asked
	// again; about what API Gateway's own records live.
	resolveEvery = 60 * time.Second
)

func (t *Transport) maxIdle() time.Duration {
	if t.MaxIdle > 0 {
		return t.MaxIdle
	}
	return defaultMaxIdle
}

func (t *Transport) isFresh(draw float64) bool {
	if t.Fresh == 0 {
		return draw < defaultFresh
	}
	return draw < t.Fresh
}

// endpoint is a name or address to dial, with its port.
type endpoint struct{ host, port string }

// endpoints says where a host is dialled: where the first matching redirect
// leads, and those that follow it with the same left side. Several of them stand
// for a name with several addresses.
func (t *Transport) endpoints(k hostKey) []endpoint {
	var first *Redirect
	var out []endpoint
	for i := range t.ConnectTo {
		r := &t.ConnectTo[i]
		if first != nil && (r.Host != first.Host || r.Port != first.Port) {
			continue
		}
		if h, p, ok := r.apply(k.name, k.port); ok {
			first = r
			out = append(out, endpoint{h, p})
		}
	}
	if first == nil {
		return []endpoint{{k.name, k.port}}
	}
	return out
}

// resolveAll finds the addresses of all endpoints of a host. An endpoint that
// cannot be resolved counts only where no other can.
func (t *Transport) resolveAll(ctx context.Context, k hostKey) ([]netip.AddrPort, error) {
	if proxy, err := t.proxyOf(k); err == nil && proxy != nil {
		return proxied, nil // which finds the host itself
	}
	var all []netip.AddrPort
	var failed error
	for _, e := range t.endpoints(k) {
		found, err := t.resolve(ctx, e.host, e.port)
		if err != nil {
			failed = err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, failed
	}
	slices.SortFunc(all, netip.AddrPort.Compare)
	return slices.Compact(all), nil
}

// Addresses are those that a URL's host resolves to from here, with the port, in
// order.
func (t *Transport) Addresses(ctx context.Context, raw string) ([]string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	addrs, err := t.resolveAll(ctx, keyOf(u))
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i] = a.String()
	}
	return out, err
}

// resolve finds all addresses of a host in a fixed order, so that a drawn
// number means the same address in every run.
func (t *Transport) resolve(ctx context.Context, host, port string) ([]netip.AddrPort, error) {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, local(fmt.Errorf("port %q: %w", port, err))
	}
	ips, err := t.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	addrs := make([]netip.AddrPort, 0, len(ips))
	for _, ip := range ips {
		addrs = append(addrs, netip.AddrPortFrom(ip.Unmap(), uint16(n)))
	}
	slices.SortFunc(addrs, netip.AddrPort.Compare)
	addrs = slices.Compact(addrs)
	if routed := slices.DeleteFunc(slices.Clone(addrs), noRoute); len(routed) > 0 {
		addrs = routed
	}
	return addrs, nil
}

func (t *Transport) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	var r Resolver = net.DefaultResolver
	if t.Resolver != nil {
		r = t.Resolver
	}
	ips, err := r.LookupNetIP(ctx, "ip", host)
	if err == nil && len(ips) == 0 {
		err = &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	if err != nil {
		return nil, &failure{OutcomeDNS, err}
	}
	return ips, nil
}

// noRoute tells that this machine cannot reach an address at all, such as any
// IPv6 address from an IPv4-only network. Connecting a datagram socket looks
// the route up and sends nothing.
func noRoute(a netip.AddrPort) bool {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(a))
	if err != nil {
		return true
	}
	_ = c.Close() // nothing was written
	return false
}

// dial opens a connection to one address, with TLS where the URL says so.
func (t *Transport) dial(ctx context.Context, k hostKey, to netip.AddrPort, protos []string) (*conn, error) {
	if t.DialTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.DialTimeout)
		defer cancel()
	}
	if proxy, err := t.proxyOf(k); err != nil || proxy != nil {
		if err != nil {
			return nil, local(err)
		}
		return t.through(ctx, proxy, k, protos)
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	c := &conn{socket: newSocket(raw), remote: to.String()}
	if !k.tls {
		c.stream = c.socket
		return c, nil
	}
	return t.secure(ctx, c, k.name, protos)
}

// secure speaks TLS on a connection, which it closes where that fails.
func (t *Transport) secure(ctx context.Context, c *conn, name string, protos []string) (*conn, error) {
	secure := tls.Client(c.socket, &tls.Config{
		ServerName:         name,
		NextProtos:         protos,
		RootCAs:            t.RootCAs,
		InsecureSkipVerify: t.Insecure, // asked for with --insecure
		Certificates:       t.Certificates,
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.socket.Close() // the handshake's error is the one to tell
		return nil, &failure{OutcomeTLS, err}
	}
	c.stream, c.alpn = secure, secure.ConnectionState().NegotiatedProtocol
	return c, nil
}
