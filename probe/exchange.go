package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	maxHeaderBytes = 1 << 20
	// maxDrain is how much of a body is read to keep the connection: the
	// gateway's own limit of an answer (10 MB).
	maxDrain = 10 << 20
	// maxInformational bounds 1xx answers before the real one.
	maxInformational = 8
	// idleDoubt is how long a connection was unused before a close without a
	// single byte counts as the end of its keep-alive. Servers wait for
	// seconds.
	idleDoubt = time.Second
)

var errHeaderTooLarge = fmt.Errorf("response header of more than %d bytes", maxHeaderBytes)

// exchange is one request on its way.
type exchange struct {
	run  *run
	form *form
	due  time.Time
	out  *Observation
	sent *http.Request // nil until it was made
}

// elapsed is the time since the request was due.
func (x *exchange) elapsed() time.Duration { return x.run.clock.Now().Sub(x.due) }

// do sends the request and fills in the observation as far as the answer came.
func (x *exchange) do(d draw) error {
	deadline := time.Now().Add(x.run.plan.Timeout)
	ctx, cancel := context.WithDeadline(x.run.ctx, deadline)
	defer cancel()
	req, minted, err := x.form.fill(ctx, d.id)
	if err != nil {
		return err
	}
	x.sent = req
	x.out.Fresh = x.run.pool.transport.isFresh(d.fresh)
	c, addr, err := x.run.pool.get(ctx, x.form.host, d)
	x.out.RemoteIP = addr
	if err != nil {
		return err
	}
	x.out.Conn, x.out.ConnN, x.out.MintedID = c.id, c.nth, minted
	var reusable bool
	if c.h2 != nil {
		x.out.Proto = "HTTP/2.0"
		reusable, err = x.http2(c, req)
	} else {
		x.out.Proto = "HTTP/1.1"
		reusable, err = x.http1(c, req, deadline)
	}
	x.run.pool.put(c.conn, !reusable)
	return err
}

// http1 exchanges one request and answer on an HTTP/1.1 connection.
func (x *exchange) http1(c lease, req *http.Request, deadline time.Time) (reusable bool, err error) {
	h := c.h1
	if err := h.stream.SetDeadline(deadline); err != nil {
		return false, err
	}
	h.tap.start()
	defer h.tap.stop()
	if err := send(h, req); err != nil {
		return false, stale(err, c.idle)
	}
	if _, err := h.in.Peek(1); err != nil {
		return false, stale(err, c.idle)
	}
	x.out.TTFB = x.elapsed()
	resp, err := x.head(h, req)
	if err != nil {
		return false, err
	}
	h.tap.stop()
	whole, err := x.body(resp)
	return whole && err == nil && !resp.Close && resp.StatusCode != http.StatusSwitchingProtocols, err
}

func send(h *h1, req *http.Request) error {
	if err := req.Write(h.out); err != nil {
		return err
	}
	return h.out.Flush()
}

// stale tells a connection that the server ended for being idle, just when we
// used it again, from an answer that was refused. The former says nothing of
// the gateway.
func stale(err error, idle time.Duration) error {
	if idle < idleDoubt || isTimeout(err) || isTLS(err) {
		return err
	}
	return local(fmt.Errorf("reused connection closed after %s of idleness: %w", idle.Round(time.Second), err))
}

// head reads the response head, past informational ones.
func (x *exchange) head(h *h1, req *http.Request) (*http.Response, error) {
	from := 0
	for range maxInformational {
		resp, err := http.ReadResponse(h.in, req)
		if err != nil {
			return nil, err
		}
		// What was read less what waits in the buffer is what the head took.
		to := len(h.tap.head) - h.in.Buffered()
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			x.out.Status, x.out.Proto = resp.StatusCode, resp.Proto
			x.out.Header = wireHeaders(h.tap.head[from:to])
			return resp, nil
		}
		from = to
	}
	return nil, errors.New("no answer but informational ones (1xx)")
}

// wireHeaders splits a response head that http.ReadResponse has accepted.
func wireHeaders(head []byte) []Header {
	lines := strings.Split(strings.TrimRight(string(head), "\r\n"), "\n")
	hs := make([]Header, 0, len(lines)-1)
	for _, line := range lines[1:] {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		if (line[0] == ' ' || line[0] == '\t') && len(hs) > 0 { // obs-fold, RFC 9112 section 5.2
			last := &hs[len(hs)-1]
			last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(line))
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		hs = append(hs, Header{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return hs
}

// http2 exchanges one request and answer on a stream of an HTTP/2 connection.
func (x *exchange) http2(c lease, req *http.Request) (reusable bool, err error) {
	resp, err := c.h2.RoundTrip(req)
	if err != nil {
		return c.h2.Err() == nil, notProcessed(err)
	}
	x.out.TTFB = x.elapsed()
	x.out.Status = resp.StatusCode
	x.out.Header = sortedHeaders(resp.Header)
	_, err = x.body(resp)
	// One stream's end says nothing of the others.
	return c.h2.Err() == nil, err
}

// sortedHeaders are HTTP/2 headers in their wire spelling, lower case; their
// order is lost in the library's map.
func sortedHeaders(h http.Header) []Header {
	hs := make([]Header, 0, len(h))
	for name, values := range h {
		name = strings.ToLower(name)
		for _, v := range values {
			hs = append(hs, Header{name, v})
		}
	}
	slices.SortStableFunc(hs, func(a, b Header) int { return strings.Compare(a.Name, b.Name) })
	return hs
}

// body reads the answer's body: Plan.MaxBody bytes of it are kept, up to
// maxDrain are read. whole tells that it was read to its end.
func (x *exchange) body(resp *http.Response) (whole bool, err error) {
	defer func() { _ = resp.Body.Close() }() // the read error is the one to tell
	if x.form.request.Method == http.MethodHead {
		return true, nil // its Content-Length speaks of what GET would answer
	}
	keep := int64(x.run.plan.MaxBody)
	x.out.Body, err = readUpTo(resp.Body, keep, resp.ContentLength)
	x.out.BodySize = int64(len(x.out.Body))
	if err != nil || x.out.BodySize < keep {
		return err == nil, err
	}
	more, err := io.CopyN(io.Discard, resp.Body, maxDrain-keep)
	x.out.BodySize += more
	x.out.Truncated = more > 0
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	return false, err
}

// readUpTo is io.ReadAll of at most limit bytes into a buffer of the announced
// size (-1 where unknown). It reads on to the end of the body: HTTP/2 resets a
// stream whose end was not seen.
func readUpTo(r io.Reader, limit, size int64) ([]byte, error) {
	if size < 0 {
		size = 512
	}
	b := make([]byte, 0, min(size, limit)+1)
	r = io.LimitReader(r, limit)
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}

// unprocessed are the errors of requests that an HTTP/2 server said it would
// not look at because it is closing the connection (RFC 9113 section 6.8), and of
// those that never got a connection. The library has no names for them; a refused
// stream (section 8.7) is the third kind.
var unprocessed = []string{
	"http2: client conn not usable",
	"http2: Transport received Server's graceful shutdown GOAWAY",
	"http2: no cached connection was available",
	"http2: client conn could not be established",
}

// notProcessed makes such an error this machine's own: another request on
// another connection would have been answered.
func notProcessed(err error) error {
	if slices.Contains(unprocessed, err.Error()) || strings.Contains(err.Error(), "REFUSED_STREAM") {
		return local(err)
	}
	return err
}
