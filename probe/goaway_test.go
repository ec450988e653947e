package probe_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"stageprobe/probe"
)

// oneAnswer speaks just enough HTTP/2 to answer the first request of a
// connection and to turn the second away unread.
func oneAnswer(c net.Conn) error {
	if _, err := io.CopyN(io.Discard, c, int64(len(http2.ClientPreface))); err != nil {
		return err
	}
	f := http2.NewFramer(c, c)
	if err := f.WriteSettings(); err != nil {
		return err
	}
	var head bytes.Buffer
	if err := hpack.NewEncoder(&head).WriteField(hpack.HeaderField{Name: ":status", Value: "200"}); err != nil {
		return err
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return err
		}
		if _, ok := frame.(*http2.HeadersFrame); !ok {
			continue
		}
		if frame.Header().StreamID == 1 {
			err = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndHeaders: true, EndStream: true})
		} else {
			err = f.WriteGoAway(1, http2.ErrCodeNo, nil)
		}
		if err != nil {
			return err
		}
	}
}

func TestRequestsThatTheServerNeverLookedAtAreNotItsFailures(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.StartTLS() // for its certificate
	defer srv.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: srv.TLS.Certificates, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = oneAnswer(c) }()
		}
	}()
	p := plan(6)
	p.HTTP, p.Slots, p.Workers = "2", 1, 1
	p.Targets[0].URL = "https://" + l.Addr().String()
	e := &probe.Engine{Transport: probe.Transport{Insecure: true, Fresh: -1}}
	for i, o := range collect(t, t.Context(), e, p) {
		want := []probe.Outcome{probe.OutcomeResponse, probe.OutcomeLocal}[i%2]
		if o.Outcome != want || o.Conn != 1+i/2 || o.ConnN != 1+i%2 {
			t.Errorf("seq %d: %s %q on connection %d, %d", o.Seq, o.Outcome, o.Err, o.Conn, o.ConnN)
		}
	}
}
