package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Proxies says through which proxy a URL is reached; nil for none. The function of
// [http.ProxyFromEnvironment] has this form.
type Proxies func(*url.URL) (*url.URL, error)

// proxyOf is the proxy on the way to a host; nil where it is dialled itself.
func (t *Transport) proxyOf(k hostKey) (*url.URL, error) {
	if t.Proxy == nil {
		return nil, nil
	}
	u := &url.URL{Scheme: "http", Host: k.String()}
	if k.tls {
		u.Scheme = "https"
	}
	return t.Proxy(u)
}

// through opens a connection by way of a proxy: a tunnel where TLS is spoken with the
// host, else to the proxy itself, which is then asked for whole URLs. Which address of
// the host answers is the proxy's to choose, and not known here.
func (t *Transport) through(ctx context.Context, proxy *url.URL, k hostKey, protos []string) (*conn, error) {
	raw, err := t.toProxy(ctx, proxy)
	if err != nil {
		return nil, ofProxy(proxy, err)
	}
	c := &conn{socket: newSocket(raw)}
	if !k.tls {
		c.stream = c.socket
		return c, nil
	}
	to := t.endpoints(k)[0]
	if err := tunnel(ctx, raw, proxy, net.JoinHostPort(to.host, to.port)); err != nil {
		_ = raw.Close() // the tunnel's error is the one to tell
		return nil, ofProxy(proxy, err)
	}
	return t.secure(ctx, c, k.name, protos)
}

// ofProxy says that it is the proxy which failed.
func ofProxy(proxy *url.URL, err error) error {
	return &failure{classify(err), fmt.Errorf("proxy %s: %s", proxy.Host, brief(err))}
}

func (t *Transport) toProxy(ctx context.Context, proxy *url.URL) (net.Conn, error) {
	port := proxy.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[proxy.Scheme]
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(proxy.Hostname(), port))
	if err != nil || proxy.Scheme != "https" {
		return raw, err
	}
	secure := tls.Client(raw, &tls.Config{ServerName: proxy.Hostname(), RootCAs: t.RootCAs, InsecureSkipVerify: t.Insecure})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the handshake's error is the one to tell
		return nil, err
	}
	return secure, nil
}

// tunnel asks a proxy for a connection to a host.
func tunnel(ctx context.Context, raw net.Conn, proxy *url.URL, to string) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := raw.SetDeadline(deadline); err != nil {
			return err
		}
		defer func() { _ = raw.SetDeadline(time.Time{}) }() // each request sets its own
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: to}, Host: to, Header: http.Header{}}
	if auth := proxyAuthorization(proxy); auth != "" {
		req.Header.Set("Proxy-Authorization", auth)
	}
	if err := req.Write(raw); err != nil {
		return err
	}
	in := bufio.NewReader(raw)
	resp, err := http.ReadResponse(in, req)
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return &failure{OutcomeRefused, fmt.Errorf("it answered %s to CONNECT", resp.Status)}
	case in.Buffered() > 0:
		return errors.New("it sent more than the answer to CONNECT")
	}
	return nil
}

// proxyAuthorization is the header's value for a proxy with a user in its URL.
func proxyAuthorization(proxy *url.URL) string {
	if proxy.User == nil {
		return ""
	}
	password, _ := proxy.User.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password))
}

// proxied stands for the addresses of a host behind a proxy: one, and unknown.
var proxied = []netip.AddrPort{{}}
