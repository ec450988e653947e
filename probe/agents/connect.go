package agents

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"stageprobe/probe/redact"
)

// Access is how a NATS server is reached.
type Access struct {
	URL   string // nats://, tls://, ws:// or wss://; several with commas
	Creds string // file of credentials (JWT and seed), or of an NKey seed; "" for none
	CA    string // PEM file of the authorities to trust; "" for the system's
	Plain bool   // other machines, too, may be spoken to without TLS
}

// Connect opens a connection that outlives restarts of the server. Where the
// first attempt fails because of who we are, it says so; where nobody answers,
// within is how long it is tried.
func Connect(a Access, name string, within time.Duration) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name(name), nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, time.Second),
		nats.Timeout(5 * time.Second), nats.PingInterval(10 * time.Second), nats.MaxPingsOutstanding(2), nats.ReconnectBufSize(-1),
	}
	if a.Creds != "" {
		who, err := credentials(a.Creds)
		if err != nil {
			return nil, err
		}
		opts = append(opts, who)
	}
	if a.CA != "" {
		if _, err := os.Stat(a.CA); err != nil {
			return nil, err
		}
		opts = append(opts, nats.RootCAs(a.CA))
	}
	if !a.Plain && !staysHere(a.URL) {
		opts = append(opts, nats.Secure())
	}
	for until := time.Now().Add(within); ; {
		nc, err := nats.Connect(a.URL, opts...)
		if err == nil {
			return nc, nil
		}
		if bad := (*url.Error)(nil); errors.As(err, &bad) { // it quotes what it took for a port
			return nil, fmt.Errorf("connect to NATS: %s is not a URL", redact.MaskURL(a.URL))
		}
		refused := errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrSecureConnWanted)
		if refused || time.Now().After(until) {
			return nil, fmt.Errorf("connect to NATS: %w", err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// credentials reads either kind of file.
func credentials(path string) (nats.Option, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if bytes.Contains(text, []byte("BEGIN NATS USER JWT")) {
		return nats.UserCredentials(path), nil
	}
	who, err := nats.NkeyOptionFromSeed(path)
	if err != nil {
		return nil, fmt.Errorf("%s holds neither NATS credentials nor an NKey seed of a user", path)
	}
	return who, nil
}

// staysHere tells whether every server of a URL is on this machine.
func staysHere(urls string) bool {
	for raw := range strings.SplitSeq(urls, ",") {
		u, err := url.Parse(strings.TrimSpace(raw))
		if err != nil || !loopback(u.Hostname()) {
			return false
		}
	}
	return true
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Serve says how an embedded server is run.
type Serve struct {
	Listen string // host:port; "" takes connections of this process alone
	Dir    string // where JetStream keeps what outlives the process; "" is a folder that goes with it
	// TLS and Users are needed to listen to other machines: a certificate, and the
	// public NKeys that may connect.
	TLS   *tls.Config
	Users []string
}

// Server is an embedded NATS server with JetStream.
type Server struct {
	*server.Server
	dir string // to be removed
}

// Start starts a server.
func Start(s Serve) (*Server, error) {
	o := &server.Options{
		ServerName: "stageprobe", JetStream: true, StoreDir: s.Dir, DontListen: s.Listen == "", NoLog: true, NoSigs: true,
		DisableJetStreamBanner: true, MaxPayload: 8 << 20, WriteDeadline: 10 * time.Second, TLSConfig: s.TLS, TLSTimeout: 5,
	}
	for _, u := range s.Users {
		o.Nkeys = append(o.Nkeys, &server.NkeyUser{Nkey: u})
	}
	if s.Listen != "" {
		host, port, err := net.SplitHostPort(s.Listen)
		if err != nil {
			return nil, fmt.Errorf("listen on %q: write host:port, such as 127.0.0.1:4222", s.Listen)
		}
		if !loopback(host) && (s.TLS == nil || len(s.Users) == 0) {
			return nil, fmt.Errorf("listen on %s: other machines reach this address, and it needs a certificate and the keys of those who may connect", s.Listen)
		}
		if _, err := fmt.Sscan(port, &o.Port); err != nil || o.Port < 0 || o.Port > 65535 {
			return nil, fmt.Errorf("listen on %q: %q is no port", s.Listen, port)
		}
		o.Host = host
		if o.Port == 0 {
			o.Port = server.RANDOM_PORT
		}
	}
	out := &Server{}
	if o.StoreDir == "" {
		dir, err := os.MkdirTemp("", "stageprobe-nats-")
		if err != nil {
			return nil, err
		}
		o.StoreDir, out.dir = dir, dir
	}
	var err error
	if out.Server, err = server.NewServer(o); err != nil {
		return nil, errors.Join(fmt.Errorf("start the embedded NATS server: %w", err), out.remove())
	}
	out.Server.Start()
	if !out.ReadyForConnections(20 * time.Second) {
		out.Close()
		return nil, fmt.Errorf("the embedded NATS server did not start on %s; is the port in use?", s.Listen)
	}
	return out, nil
}

// URL is where a server that listens is reached.
func (s *Server) URL() string { return s.ClientURL() }

// Connect opens a connection within the process.
func (s *Server) Connect(name string) (*nats.Conn, error) {
	return nats.Connect("", nats.InProcessServer(s.Server), nats.Name(name), nats.MaxReconnects(-1))
}

// Close stops the server and removes what it kept for the process alone.
func (s *Server) Close() {
	s.Shutdown()
	s.WaitForShutdown()
	_ = s.remove() // left to the system's own cleaning
}

func (s *Server) remove() error {
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}
