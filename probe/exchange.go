package probe

import (
	"cmp"
	"context"
	"errors"
	"hash/crc64"
	"io"
	"net/http"
	"sync"
	"syscall"
	"time"
)

const (
	// maxDrain is how much of a body is read to keep the connection: the
	// gateway's own limit of an answer (10 MB).
	maxDrain = 10 << 20
	// freshlyUsed is how long a connection that has been kept for some requests
	// (provenKept) need not be looked at again: what a server does after its
	// answer comes with it, or too late for any look.
	freshlyUsed = 500 * time.Microsecond
	provenKept  = 4
)

// exchange is one request on its way.
type exchange struct {
	run  *run
	form *form
	due  time.Time
	sent time.Time
	out  *Observation

	attempt uint64
	wire    []byte        // the worker's own, for requests of HTTP/1.1
	req     *http.Request // where it had to be signed
}

// request is what was sent, as far as its credentials go: the signed one, or what
// all requests of the form share.
func (x *exchange) request() *http.Request {
	if x.req != nil {
		return x.req
	}
	return x.form.request
}

// elapsed is the time since the request was due.
func (x *exchange) elapsed() time.Duration { return since(x.run.clock, x.sent).Sub(x.due) }

// do sends the request and fills in the observation as far as the answer came, and
// tells when that was. now is the system's time.
func (x *exchange) do(d draw, now time.Time) (ended time.Time, err error) {
	deadline := now.Add(cmp.Or(x.form.scenario.Timeout, x.run.plan.Timeout))
	minted := x.form.minted(x.run.plan.Seed, x.out.Seq, x.attempt)
	if x.form.sign != nil {
		if x.req, err = x.form.fill(minted); err != nil {
			return x.run.clock.Now(), err
		}
	}
	x.out.Fresh = x.run.pool.transport.isFresh(d.fresh)
	for {
		c, addr, err := x.run.pool.get(x.form, d, now, deadline)
		x.out.RemoteIP = addr
		if err != nil {
			return x.run.clock.Now(), err
		}
		x.out.Conn, x.out.ConnN, x.out.MintedID = c.id, c.nth, minted
		var reusable bool
		if c.h2 != nil {
			x.out.Proto = "HTTP/2.0"
			reusable, err = x.http2(c, minted, now, deadline)
		} else {
			x.out.Proto = "HTTP/1.1"
			reusable, err = x.http1(c, minted, now, deadline)
		}
		ended = since(x.run.clock, x.sent)
		x.run.pool.put(c.conn, !reusable, x.run.wall(ended))
		if err == nil || !errors.Is(err, errGone) {
			return ended, err
		}
	}
}

// http1 exchanges one request and answer on an HTTP/1.1 connection.
func (x *exchange) http1(c lease, minted string, now, deadline time.Time) (reusable bool, err error) {
	if x.wire, err = x.form.append(x.wire[:0], x.req, minted); err != nil {
		return true, err
	}
	if c.nth > 1 && c.spoke() {
		return false, errGone
	}
	h := c.h1
	h.watch.start(now, deadline)
	defer h.watch.stop()
	c.socket.used = c.nth > 1
	c.socket.look = c.socket.used && (c.nth <= provenKept || c.idle > freshlyUsed)
	if err := h.begin(x.wire); err != nil {
		if c.nth > 1 {
			err = ended(err)
		}
		return false, err
	}
	x.out.TTFB = x.elapsed()
	if x.form.request.Method != http.MethodHead {
		if p, ok := h.plainHead(&x.form.alike); ok {
			x.out.Status, x.out.Header = p.status, p.header
			whole, err := x.sized(h, p.size)
			return whole && err == nil && !p.close && h.at == len(h.in), err
		}
	}
	resp, header, in, err := h.other(x.form.request.Method)
	if err != nil {
		return false, err
	}
	x.out.Status, x.out.Proto, x.out.Header = resp.StatusCode, resp.Proto, header
	whole, err := x.body(resp)
	unasked := in.Buffered() > 0 || h.at < len(h.in)
	return whole && err == nil && !resp.Close && !unasked && resp.StatusCode != http.StatusSwitchingProtocols, err
}

// ended tells a kept connection that ended as we used it again from an answer that did
// not come in time. No byte of an answer says whether the server had seen the request, and
// any client would send it anew: it says nothing of the gateway.
func ended(err error) error {
	if isTimeout(err) || isTLS(err) || errors.Is(err, errGone) {
		return err
	}
	return local(errors.New("the kept connection ended as the request went out: " + brief(err)))
}

var connectionEnds = []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE}

// sized reads a body of a known size.
func (x *exchange) sized(h *h1, size int64) (whole bool, err error) {
	if size > int64(x.run.plan.MaxBody) {
		return x.content(io.LimitReader(h, size), size)
	}
	if n := h.at + int(size); n <= len(h.in) {
		x.out.Body, x.out.BodySize = x.form.alike.keep(h.in[h.at:n]), size
		h.at = n
		return true, nil
	}
	b := make([]byte, size)
	n, err := io.ReadFull(h, b)
	x.out.Body, x.out.BodySize = b[:n], int64(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err == nil, err
}

// http2 exchanges one request and answer on a stream of an HTTP/2 connection.
func (x *exchange) http2(c lease, minted string, now, deadline time.Time) (reusable bool, err error) {
	x.wire = x.form.head2(x.wire[:0], x.req, minted)
	a, err := c.h2.exchange(x.wire, x.form.scenario.Body, x.form.request.Method == http.MethodHead, now, deadline)
	if a.status != 0 {
		x.out.TTFB, x.out.Status, x.out.Header = a.first.Sub(x.due), a.status, a.header
		x.out.Body, x.out.BodySize, x.out.BodyHash = a.body, a.size, a.hash
		x.out.Truncated = a.size > int64(len(a.body))
	}
	switch {
	case errors.Is(err, errUnprocessed), errors.Is(err, errRefused):
		err = local(err) // another request on another connection would have been answered
	case err != nil && a.status == 0 && c.nth > 1 && isAny(err, connectionEnds):
		err = ended(err)
	case errors.Is(err, errDead) && c.nth > 1:
		return false, local(err)
	case errors.Is(err, errDead):
		err = context.DeadlineExceeded // of a server that has never answered on it
	}
	// One stream's end says nothing of the others, but for one that never came.
	return c.h2.alive() && !isTimeout(err), err
}

// body reads the answer's body. whole tells that it was read to its end.
func (x *exchange) body(resp *http.Response) (whole bool, err error) {
	defer func() { _ = resp.Body.Close() }() // the read error is the one to tell
	if x.form.request.Method == http.MethodHead {
		return true, nil // its Content-Length speaks of what GET would answer
	}
	return x.content(resp.Body, resp.ContentLength)
}

// content reads a body of a size that was announced, or -1: Plan.MaxBody bytes of
// it are kept, up to maxDrain are read.
func (x *exchange) content(from io.Reader, size int64) (whole bool, err error) {
	keep := int64(x.run.plan.MaxBody)
	x.out.Body, err = readUpTo(from, keep, size)
	x.out.BodySize = int64(len(x.out.Body))
	if err != nil || x.out.BodySize < keep {
		return err == nil, err
	}
	sum := crc64.New(crcTable())
	_, _ = sum.Write(x.out.Body) // a hash takes everything
	more, err := io.CopyN(sum, from, maxDrain-keep)
	x.out.BodySize += more
	if x.out.Truncated = more > 0; x.out.Truncated {
		x.out.BodyHash = sum.Sum64()
	}
	if errors.Is(err, io.EOF) {
		if size > x.out.BodySize {
			return false, io.ErrUnexpectedEOF
		}
		return true, nil
	}
	return false, err
}

var crcTable = sync.OnceValue(func() *crc64.Table { return crc64.MakeTable(crc64.ECMA) })

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
