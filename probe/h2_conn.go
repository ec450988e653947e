package probe

import (
	"bufio"
	"context"
	"errors"
	"math"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	h2Buffer = 16 << 10
	// h2Window is how much a server may send ahead of our reading: of one
	// stream, and four times that of all. What is read is kept only in part.
	h2Window = 4 << 20
	// h2Streams is how many requests a connection takes before the server has
	// said how many (RFC 9113 section 6.5.2 recommends no fewer than 100).
	h2Streams = 100
	// lastStream is the last number that a stream may have.
	lastStream = math.MaxInt32 - 2
)

var (
	// errUnprocessed tells that the server is closing the connection and has not
	// looked at the request (RFC 9113 section 6.8).
	errUnprocessed = errors.New("the server is closing the connection and did not look at the request (HTTP/2 GOAWAY)")
	// errRefused tells the same of one request (section 8.7).
	errRefused = errors.New("the server refused the request unread (HTTP/2 REFUSED_STREAM)")
	// errDead tells that nothing at all came on a connection any more, not even the answer
	// to a ping.
	errDead      = errors.New("the kept connection had died: not even a ping was answered")
	errManyBytes = errors.New("the server replied with more than the declared Content-Length")
	errNoStatus  = errors.New("malformed response: no status")
	errPeer      = errors.New("received from peer")
)

// h2 is one HTTP/2 connection. A goroutine reads it; requests write to it, those
// that come together in one piece.
type h2 struct {
	conn net.Conn
	now  func() time.Time
	keep int // bytes of a body

	write struct {
		sync.Mutex // taken before mu
		to         *bufio.Writer
		framer     *http2.Framer
		flushing   bool
		err        error
	}
	framer *http2.Framer // reading
	in     *bufio.Reader
	frames atomic.Int64 // that were read

	mu       sync.Mutex
	streams  map[uint32]*stream
	next     uint32 // number of the next stream
	reserved int    // requests that were promised one
	max      uint32 // streams at a time
	leaving  bool   // takes no further request
	err      error  // why it has ended
	window   int64  // what may be sent on all streams
	initial  int64  // and on a new one
	frame    int    // largest to be sent
	credit   int    // bytes read and not yet told
	timer    *time.Timer
	armed    bool
}

// stream is one request and its answer. It is guarded by h2.mu until done.
type stream struct {
	id       uint32
	head     bool // of the method HEAD
	deadline time.Time
	half     time.Time     // when the connection is asked for a sign of life
	asked    bool          // it was
	before   int64         // frames that were read before it was
	window   int64         // what may be sent
	opened   chan struct{} // when that has grown, or the stream is done
	sent     bool
	ended    bool
	done     chan struct{}

	informational int
	answer
	declared int64 // -1: not declared
	credit   int
}

// startH2 greets the server.
func startH2(c net.Conn, now func() time.Time, keep int) (*h2, error) {
	h := &h2{conn: c, now: now, keep: keep, streams: map[uint32]*stream{}, next: 1, max: h2Streams, window: 65535, initial: 65535, frame: 16384}
	h.in = bufio.NewReaderSize(c, h2Buffer)
	h.framer = http2.NewFramer(nil, h.in)
	h.framer.SetReuseFrames()
	h.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	h.framer.MaxHeaderListSize = maxHeaderBytes
	w := &h.write
	w.to = bufio.NewWriterSize(c, h2Buffer)
	w.framer = http2.NewFramer(w.to, nil)
	_, err := w.to.WriteString(http2.ClientPreface)
	err = errors.Join(err,
		w.framer.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: h2Window},
			http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: maxHeaderBytes}),
		w.framer.WriteWindowUpdate(0, 4*h2Window-65535), w.to.Flush())
	if err != nil {
		return nil, err
	}
	go h.read()
	return h, nil
}

// reserve promises a stream to one request; false where there is none.
func (h *h2) reserve() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.leaving || h.err != nil || uint32(len(h.streams)+h.reserved) >= h.max || h.next > lastStream {
		return false
	}
	h.reserved++
	return true
}

// alive tells whether the connection still carries anything.
func (h *h2) alive() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err == nil
}

// exchange sends a request for which a stream was reserved, and waits for its
// end. The answer is told as far as it came.
func (h *h2) exchange(block, body []byte, head bool, now, deadline time.Time) (answer, error) {
	s := &stream{head: head, deadline: deadline, half: now.Add(deadline.Sub(now) / 2), declared: -1, done: make(chan struct{}, 1)}
	if len(body) > 0 {
		s.opened = make(chan struct{}, 1)
	}
	if err := h.open(s, block, len(body) == 0, now); err != nil {
		return answer{}, err
	}
	if len(body) > 0 {
		h.send(s, body)
	}
	<-s.done
	return s.answer, s.err
}

// open writes the head of a request.
func (h *h2) open(s *stream, block []byte, end bool, now time.Time) error {
	w := &h.write
	w.Lock()
	h.mu.Lock()
	h.reserved--
	if err := h.refusal(); err != nil {
		h.mu.Unlock()
		w.Unlock()
		return err
	}
	s.id, s.window = h.next, h.initial
	h.next += 2
	h.streams[s.id] = s
	frame := h.frame
	h.arm(now, s.half)
	h.mu.Unlock()
	first := block[:min(len(block), frame)]
	rest := block[len(first):]
	err := w.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: first, EndStream: end, EndHeaders: len(rest) == 0})
	for len(rest) > 0 && err == nil {
		part := rest[:min(len(rest), frame)]
		rest = rest[len(part):]
		err = w.framer.WriteContinuation(s.id, len(rest) == 0, part)
	}
	h.flush(err)
	h.mu.Lock()
	s.sent = end
	h.mu.Unlock()
	return nil
}

// refusal is why a request cannot be sent; nil where it can. It holds mu.
func (h *h2) refusal() error {
	switch first := h.next == 1; {
	case h.err == nil && !h.leaving:
		return nil
	case !first:
		return errGone // after it was taken for usable
	case h.err != nil:
		return h.err
	}
	return errUnprocessed
}

// flush sends what was written, with the write lock held, and gives it up. Of
// requests that come together the first lets the others write too.
func (h *h2) flush(err error) {
	w := &h.write
	if err == nil && !w.flushing {
		w.flushing = true
		w.Unlock()
		runtime.Gosched()
		w.Lock()
		w.flushing = false
		err = w.to.Flush()
	}
	w.Unlock()
	if err != nil {
		h.fail(err)
	}
}

// send writes the body of a request as the server's windows open.
func (h *h2) send(s *stream, body []byte) {
	w := &h.write
	for len(body) > 0 {
		w.Lock()
		h.mu.Lock()
		n := int(min(int64(len(body)), h.window, s.window, int64(h.frame)))
		ended := s.ended
		if n > 0 && !ended {
			h.window, s.window = h.window-int64(n), s.window-int64(n)
		}
		h.mu.Unlock()
		if ended {
			w.Unlock()
			return // the server has answered without the rest
		}
		if n <= 0 {
			w.Unlock()
			<-s.opened
			continue
		}
		err := w.framer.WriteData(s.id, n == len(body), body[:n])
		body = body[n:]
		h.flush(err)
	}
	h.mu.Lock()
	s.sent = true
	h.mu.Unlock()
}

// arm sets the timer for a request's first look at the time. Like that of [watch] it moves
// only when it rings too early: no request's is before those of earlier ones.
func (h *h2) arm(now, at time.Time) {
	switch {
	case h.armed:
	case h.timer == nil:
		h.armed, h.timer = true, time.AfterFunc(at.Sub(now), h.ring)
	default:
		h.armed = true
		h.timer.Reset(at.Sub(now))
	}
}

// ring ends the requests whose time is over, and the connection where one has
// not even been sent. After half of a request's time it asks for a sign of life: a server
// that takes its time answers to that, a connection that has died does not.
func (h *h2) ring() {
	h.mu.Lock()
	var late []uint32
	ask := false
	next := time.Duration(math.MaxInt64)
	for id, s := range h.streams {
		if left := time.Until(s.deadline); left > 0 {
			if half := time.Until(s.half); !s.asked && half > 0 {
				left = half
			} else if !s.asked {
				s.asked, s.before, ask = true, h.frames.Load(), true
			}
			next = min(next, left)
			continue
		}
		late = append(late, id)
		if !s.sent {
			_ = h.conn.SetDeadline(time.Unix(1, 0)) // nothing goes out: unblock who waits for it
		}
		if s.asked && h.frames.Load() == s.before {
			h.end(s, errDead)
		} else {
			h.end(s, context.DeadlineExceeded)
		}
	}
	if h.armed = len(h.streams) > 0 && h.err == nil; h.armed {
		h.timer.Reset(next)
	}
	h.mu.Unlock()
	if (ask || len(late) > 0) && h.write.TryLock() {
		var err error
		for _, id := range late {
			err = errors.Join(err, h.write.framer.WriteRSTStream(id, http2.ErrCodeCancel))
		}
		if ask {
			err = errors.Join(err, h.write.framer.WritePing(false, [8]byte{}))
		}
		h.flush(err)
	}
}

// end gives a stream back to its request, with mu held.
func (h *h2) end(s *stream, err error) {
	if s.ended {
		return
	}
	s.ended, s.err = true, err
	if s.sum != nil {
		s.hash = s.sum.Sum64()
	}
	delete(h.streams, s.id)
	wake(s.opened)
	s.done <- struct{}{}
}

// wake does not wait; a nil channel has nobody to wake.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// fail ends the connection and all its streams.
func (h *h2) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		h.err = err
		_ = h.conn.SetDeadline(time.Unix(1, 0)) // ends the reading and the writing
	}
	for _, s := range h.streams {
		h.end(s, h.err)
	}
	if h.timer != nil {
		h.timer.Stop()
	}
}
