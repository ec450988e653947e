package probe_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"stageprobe/probe"
)

// second is what a server does with the second request of a connection.
type second string

const (
	turnsAway second = "turns it away unread"
	refuses   second = "refuses it unread"
	isDead    second = "is dead"
	isSlow    second = "takes its time"
)

// oneAnswer speaks just enough HTTP/2 to answer the first request of a connection.
func oneAnswer(c net.Conn, then second) error {
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
		id := frame.Header().StreamID
		switch ping, ok := frame.(*http2.PingFrame); {
		case ok && then != isDead:
			err = f.WritePing(true, ping.Data)
		case frame.Header().Type != http2.FrameHeaders:
		case id == 1:
			err = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndHeaders: true, EndStream: true})
		case then == turnsAway:
			err = f.WriteGoAway(1, http2.ErrCodeNo, nil)
		case then == refuses:
			err = f.WriteRSTStream(id, http2.ErrCodeRefusedStream)
		}
		if err != nil {
			return err
		}
	}
}

// TestRequestsThatTheServerNeverLookedAtAreNotItsFailures: nor are those on a connection
// that has died. A server that takes too long is another matter.
func TestRequestsThatTheServerNeverLookedAtAreNotItsFailures(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.StartTLS() // for its certificate
	t.Cleanup(srv.Close)
	for then, want := range map[second]probe.Outcome{
		turnsAway: probe.OutcomeLocal, refuses: probe.OutcomeLocal, isDead: probe.OutcomeLocal, isSlow: probe.OutcomeTimeout,
	} {
		t.Run(string(then), func(t *testing.T) {
			t.Parallel()
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: srv.TLS.Certificates, NextProtos: []string{"h2"}})
			if err != nil {
				t.Fatal(err)
			}
			accept(t, l, func(c net.Conn) { _ = oneAnswer(c, then) })
			p := plan(3)
			p.HTTP, p.Slots, p.Workers, p.Timeout = "2", 1, 1, 3*time.Second
			p.Targets[0].URL = "https://" + l.Addr().String()
			e := &probe.Engine{Transport: probe.Transport{Insecure: true, Fresh: -1}}
			for i, o := range collect(t, t.Context(), e, p) {
				// Of a refused stream the connection is as good as before.
				conn, nth, outcome := 1+i/2, 1+i%2, []probe.Outcome{probe.OutcomeResponse, want}[i%2]
				if then == refuses {
					conn, nth, outcome = 1, 1+i, []probe.Outcome{probe.OutcomeResponse, want, want}[i]
				}
				if o.Outcome != outcome || o.Conn != conn || o.ConnN != nth {
					t.Errorf("seq %d: %s %q on connection %d, %d", o.Seq, o.Outcome, o.Err, o.Conn, o.ConnN)
				}
			}
		})
	}
}

// accept serves each connection by itself, until the test is over.
func accept(t testing.TB, l net.Listener, serve func(net.Conn)) {
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
}

// corked sends what was written in one piece.
type corked struct {
	net.Conn
	held bytes.Buffer
	on   bool
}

func (c *corked) Write(p []byte) (int, error) {
	if c.on {
		return c.held.Write(p)
	}
	return c.Conn.Write(p)
}

// TestWordsThatNobodyAskedFor: a server that gives up an idle connection may say so, and
// TLS reads that ahead with the answer before. It is no answer to the next request.
func TestWordsThatNobodyAskedFor(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.StartTLS() // for its certificate
	defer srv.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accept(t, l, func(c net.Conn) {
		defer func() { _ = c.Close() }()
		below := &corked{Conn: c}
		above := tls.Server(below, &tls.Config{Certificates: srv.TLS.Certificates, NextProtos: []string{"http/1.1"}})
		if _, err := http.ReadRequest(bufio.NewReader(above)); err != nil {
			return
		}
		below.on = true
		_, _ = io.WriteString(above, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		_, _ = io.WriteString(above, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		_, _ = c.Write(below.held.Bytes())
		_, _ = io.Copy(io.Discard, c)
	})
	p := plan(6)
	p.HTTP, p.Slots, p.Workers = "1.1", 1, 1
	p.Targets[0].URL = "https://" + l.Addr().String()
	e := &probe.Engine{Transport: probe.Transport{Insecure: true, Fresh: -1}}
	for _, o := range collect(t, t.Context(), e, p) {
		if o.Status != 200 || o.ConnN != 1 {
			t.Errorf("seq %d: %s %d %q on connection %d, %d", o.Seq, o.Outcome, o.Status, o.Err, o.Conn, o.ConnN)
		}
	}
}
