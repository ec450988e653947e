package probe_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"testing"

	"stageprobe/probe"
)

// What a server does not speak is no failure of its requests.
func TestServersOfOneHTTPVersion(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*http.Protocols)
		alpn []string
		want string
	}{
		"HTTP/2 alone":   {func(p *http.Protocols) { p.SetHTTP2(true) }, []string{"h2"}, "HTTP/2.0"},
		"HTTP/1.1 alone": {func(p *http.Protocols) { p.SetHTTP1(true) }, []string{"http/1.1"}, "HTTP/1.1"},
		"no ALPN":        {func(p *http.Protocols) { p.SetHTTP1(true) }, nil, "HTTP/1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			srv, e := unstarted(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("x-spoken", r.Proto)
				fmt.Fprint(w, `{"ok":true}`)
			})
			srv.Config.Protocols = new(http.Protocols)
			c.set(srv.Config.Protocols)
			srv.EnableHTTP2 = c.want == "HTTP/2.0"
			srv.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
				return &tls.Config{Certificates: srv.TLS.Certificates, NextProtos: c.alpn}, nil
			}
			start(t, srv, e)
			for _, o := range collect(t, t.Context(), e, plan(60)) {
				if o.Outcome != probe.OutcomeResponse || o.Get("x-spoken") != c.want {
					t.Fatalf("row %d: %s %s", o.Seq, o.Outcome, o.Get("x-spoken"))
				}
			}
		})
	}
}
