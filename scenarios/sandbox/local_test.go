package sandbox

import (
	"net"
	"testing"
)

// TestOnlyFromHere: whatever is asked for, nobody else can reach the gateway.
func TestOnlyFromHere(t *testing.T) {
	w, err := Load("healthy")
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0", "x"} {
		for _, o := range []Options{{Addr: addr}, {ControlAddr: addr}} {
			if s, err := Start(w, o); err == nil {
				t.Errorf("%+v is served", o)
				s.Close()
			}
		}
	}
	s, err := Start(w, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, addr := range append(s.dataAddrs, s.controlAddr) {
		if host, _, err := net.SplitHostPort(addr); err != nil || !net.ParseIP(host).IsLoopback() {
			t.Errorf("it listens on %s", addr)
		}
	}
}
