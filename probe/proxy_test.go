package probe_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"stageprobe/probe"
)

// proxy is an HTTP proxy that leads every host to one server, and counts what it was
// asked for. It wants a user.
type proxy struct {
	to             string
	tunnels, plain atomic.Int32
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Proxy-Authorization") != "Basic dXNlcjpwYXNz" {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	if r.Method != http.MethodConnect {
		p.plain.Add(1)
		w.Header().Set("X-Asked", r.URL.String())
		return
	}
	p.tunnels.Add(1)
	up, err := net.Dial("tcp", p.to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer up.Close()
	w.WriteHeader(http.StatusOK)
	down, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer down.Close()
	done := make(chan bool, 2)
	go func() { _, _ = io.Copy(up, buffered); done <- true }() // until either side has had enough
	go func() { _, _ = io.Copy(down, up); done <- true }()
	<-done
}

// behind starts a proxy in front of an engine's server.
func behind(t *testing.T, e *probe.Engine, to, user string) *proxy {
	t.Helper()
	p := &proxy{to: to}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		u.User = url.UserPassword(user, "pass")
	}
	e.Transport.Proxy = func(*url.URL) (*url.URL, error) { return u, nil }
	return p
}

// Through a proxy both versions are spoken, in tunnels, and no address is known.
func TestThroughAProxy(t *testing.T) {
	srv, e := gateway(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Host", r.Host) })
	p := behind(t, e, srv.Listener.Addr().String(), "user")
	protos := map[string]int{}
	for _, o := range collect(t, t.Context(), e, plan(40)) {
		if o.Outcome != probe.OutcomeResponse || o.Status != 200 || o.Get("X-Host") != "example.com" || o.RemoteIP != "" {
			t.Errorf("%s %q: status %d from %q", o.Outcome, o.Err, o.Status, o.RemoteIP)
		}
		protos[o.Proto]++
	}
	if p.tunnels.Load() == 0 || p.plain.Load() > 0 || len(protos) != 2 {
		t.Errorf("%d tunnels, %d plain requests, %v", p.tunnels.Load(), p.plain.Load(), protos)
	}
}

// Without TLS the proxy is asked for whole URLs.
func TestThroughAProxyWithoutTLS(t *testing.T) {
	e := &probe.Engine{}
	p := behind(t, e, "127.0.0.1:1", "user")
	pl := plan(5)
	pl.Targets[0].URL = "http://example.com/prod"
	for _, o := range collect(t, t.Context(), e, pl) {
		if o.Get("X-Asked") != "http://example.com/prod/orders?limit=1" {
			t.Errorf("%s %q: it was asked for %q", o.Outcome, o.Err, o.Get("X-Asked"))
		}
	}
	if p.plain.Load() != 5 {
		t.Errorf("%d requests", p.plain.Load())
	}
}

// A proxy that refuses says so.
func TestProxyRefuses(t *testing.T) {
	srv, e := gateway(t, func(http.ResponseWriter, *http.Request) {})
	behind(t, e, srv.Listener.Addr().String(), "")
	for _, o := range collect(t, t.Context(), e, plan(3)) {
		if o.Outcome != probe.OutcomeRefused || o.Err == "" {
			t.Errorf("%s %q", o.Outcome, o.Err)
		}
	}
}
