package probe_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"stageprobe/probe"
)

// serveH2 answers the head of every request with what reply writes, until that
// says no.
func serveH2(c net.Conn, reply func(f *http2.Framer, id uint32, head func(fields ...string) []byte) bool) {
	defer func() { _ = c.Close() }()
	if _, err := io.CopyN(io.Discard, c, int64(len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	_ = f.WriteSettings() // an error shows in the next read
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	head := func(fields ...string) []byte {
		block.Reset()
		for i := 0; i < len(fields); i += 2 {
			_ = e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}) // into memory
		}
		return bytes.Clone(block.Bytes())
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		if h, ok := frame.(*http2.HeadersFrame); ok && !reply(f, h.StreamID, head) {
			return
		}
	}
}

func headers(f *http2.Framer, id uint32, block []byte, end bool) {
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block, EndHeaders: true, EndStream: end}) // the reader tells
}

// TestHostileHTTP2: what breaks the protocol is an observation, and ends.
func TestHostileHTTP2(t *testing.T) {
	type reply func(f *http2.Framer, id uint32, head func(...string) []byte) bool
	for name, tt := range map[string]struct {
		reply   reply
		outcome probe.Outcome
		status  int
	}{
		"silence": {func(*http2.Framer, uint32, func(...string) []byte) bool { return true }, probe.OutcomeTimeout, 0},
		"closes":  {func(*http2.Framer, uint32, func(...string) []byte) bool { return false }, probe.OutcomeReset, 0},
		"reset": {func(f *http2.Framer, id uint32, _ func(...string) []byte) bool {
			return f.WriteRSTStream(id, http2.ErrCodeInternal) == nil
		}, probe.OutcomeReset, 0},
		"no status": {func(f *http2.Framer, id uint32, head func(...string) []byte) bool {
			headers(f, id, head("a", "b"), true)
			return true
		}, probe.OutcomeReset, 0},
		"stops in the body": {func(f *http2.Framer, id uint32, head func(...string) []byte) bool {
			headers(f, id, head(":status", "200", "content-length", "9"), false)
			return f.WriteData(id, false, []byte("abc")) == nil
		}, probe.OutcomeTimeout, 200},
		"less than declared": {func(f *http2.Framer, id uint32, head func(...string) []byte) bool {
			headers(f, id, head(":status", "200", "content-length", "9"), false)
			return f.WriteData(id, true, []byte("abc")) == nil
		}, probe.OutcomeReset, 200},
		"more than declared": {func(f *http2.Framer, id uint32, head func(...string) []byte) bool {
			headers(f, id, head(":status", "200", "content-length", "1"), false)
			return f.WriteData(id, true, []byte("abc")) == nil
		}, probe.OutcomeReset, 200},
		"only 1xx": {func(f *http2.Framer, id uint32, head func(...string) []byte) bool {
			for range 20 {
				headers(f, id, head(":status", "103"), false)
			}
			return true
		}, probe.OutcomeReset, 0},
		"body before the head": {func(f *http2.Framer, id uint32, _ func(...string) []byte) bool {
			return f.WriteData(id, true, []byte("abc")) == nil
		}, probe.OutcomeReset, 0},
		"a stream that never was": {func(f *http2.Framer, id uint32, head func(...string) []byte) bool {
			headers(f, id+100, head(":status", "200"), true)
			return true
		}, probe.OutcomeReset, 0},
		"not HTTP/2": {func(f *http2.Framer, _ uint32, _ func(...string) []byte) bool {
			return f.WriteRawFrame(http2.FrameContinuation, 0, 1, make([]byte, 10)) == nil
		}, probe.OutcomeReset, 0},
		"trailers and padding": {func(f *http2.Framer, id uint32, head func(...string) []byte) bool {
			headers(f, id, head(":status", "200", "b", "2", "a", "1"), false)
			_ = f.WriteDataPadded(id, false, []byte("ok"), make([]byte, 9))
			headers(f, id, head("grpc-status", "0"), true)
			return true
		}, probe.OutcomeResponse, 200},
		"a long head": {func(f *http2.Framer, id uint32, head func(...string) []byte) bool {
			headers(f, id, head(":status", "200", "x", strings.Repeat("y", 9000)), true)
			return true
		}, probe.OutcomeResponse, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, e := h2Plan(t, tt.reply)
			rows := collect(t, t.Context(), e, p)
			for _, o := range rows {
				if o.Outcome != tt.outcome || o.Status != tt.status || (o.Err == "") != (tt.outcome == probe.OutcomeResponse) {
					t.Errorf("outcome %s, status %d, err %q; want %s", o.Outcome, o.Status, o.Err, tt.outcome)
				}
			}
			if len(rows) != 3 {
				t.Errorf("%d rows", len(rows))
			}
		})
	}
}

func h2Plan(t *testing.T, reply func(f *http2.Framer, id uint32, head func(...string) []byte) bool) (*probe.Plan, *probe.Engine) {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.StartTLS() // for its certificate
	t.Cleanup(srv.Close)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: srv.TLS.Certificates, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	accept(t, l, func(c net.Conn) { serveH2(c, reply) })
	p := plan(3)
	p.HTTP, p.Slots, p.Workers, p.Timeout = "2", 1, 1, time.Second
	p.Targets[0].URL = "https://" + l.Addr().String()
	return p, &probe.Engine{Transport: probe.Transport{Insecure: true, Fresh: -1}}
}

// TestRequestBodiesWaitForTheWindow sends a body that is larger than what a
// server lets through at once.
func TestRequestBodiesWaitForTheWindow(t *testing.T) {
	sizes := make(chan int64, 8)
	_, e := gateway(t, func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body) // a short one shows
		sizes <- n
	})
	p := plan(2)
	p.HTTP = "2"
	p.Scenarios[0].Method, p.Scenarios[0].Unsafe, p.Scenarios[0].Body = "POST", true, make([]byte, 3<<20)
	for _, o := range collect(t, t.Context(), e, p) {
		if n := <-sizes; o.Status != 200 || n != 3<<20 {
			t.Errorf("status %d, %d bytes at the server, %s", o.Status, n, o.Err)
		}
	}
}
