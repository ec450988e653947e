package probe

import (
	"errors"
	"hash"
	"hash/crc64"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"
)

// answer is what came back on a stream.
type answer struct {
	status int
	header []Header
	first  time.Time // when its head was there
	body   []byte
	size   int64
	hash   uint64
	err    error

	sum hash.Hash64 // of a body that is longer than what is kept
}

// read takes frames in until the connection ends.
func (h *h2) read() {
	for {
		f, err := h.framer.ReadFrame()
		h.frames.Add(1)
		var broken http2.StreamError
		switch {
		case errors.As(err, &broken):
			err = h.reset(broken.StreamID, broken.Code, err)
		case errors.Is(err, io.EOF):
			err = io.ErrUnexpectedEOF
		case err == nil:
			err = h.take(f)
		}
		if err != nil {
			h.fail(err)
			return
		}
	}
}

func (h *h2) take(f http2.Frame) error {
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		return h.headers(f)
	case *http2.DataFrame:
		return h.data(f)
	case *http2.SettingsFrame:
		return h.settings(f)
	case *http2.WindowUpdateFrame:
		return h.opened(f)
	case *http2.PingFrame:
		if !f.IsAck() {
			return h.reply(func(w *http2.Framer) error { return w.WritePing(true, f.Data) })
		}
	case *http2.RSTStreamFrame:
		h.mu.Lock()
		defer h.mu.Unlock()
		if s := h.streams[f.StreamID]; s != nil {
			err := error(http2.StreamError{StreamID: f.StreamID, Code: f.ErrCode, Cause: errPeer})
			if f.ErrCode == http2.ErrCodeRefusedStream {
				err = errRefused
			}
			h.end(s, err)
		}
	case *http2.GoAwayFrame:
		h.leave(f)
	case *http2.PushPromiseFrame:
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	return nil
}

// reply writes a frame of our own accord.
func (h *h2) reply(frame func(*http2.Framer) error) error {
	h.write.Lock()
	h.flush(frame(h.write.framer))
	return nil
}

// leave takes in that the server takes no more requests, and which of those sent
// it has not looked at.
func (h *h2) leave(f *http2.GoAwayFrame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leaving = true
	for id, s := range h.streams {
		if id > f.LastStreamID {
			h.end(s, errUnprocessed)
		}
	}
}

// verdict is what a frame does to its stream.
type verdict struct {
	ended bool
	err   error // why the answer is none, or not whole
	reset http2.ErrCode
}

func refused(err error) verdict { return verdict{ended: true, err: err, reset: http2.ErrCodeProtocol} }

// protocol is the error of a stream that breaks the rules.
func (s *stream) protocol() verdict {
	return refused(http2.StreamError{StreamID: s.id, Code: http2.ErrCodeProtocol})
}

// on lets a frame do its work on its stream, unless that has ended. A stream that
// never was is the connection's end.
func (h *h2) on(id uint32, do func(*stream) verdict) error {
	h.mu.Lock()
	if id%2 == 0 || id >= h.next {
		h.mu.Unlock()
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	var v verdict
	if s := h.streams[id]; s != nil {
		if v = do(s); v.ended {
			h.end(s, v.err)
		}
	}
	h.mu.Unlock()
	if v.reset == 0 {
		return nil
	}
	return h.reply(func(w *http2.Framer) error { return w.WriteRSTStream(id, v.reset) })
}

func (h *h2) headers(f *http2.MetaHeadersFrame) error {
	now := h.now()
	return h.on(f.StreamID, func(s *stream) verdict {
		if s.status != 0 { // trailers
			if !f.StreamEnded() {
				return s.protocol()
			}
			return s.whole()
		}
		if f.Truncated {
			return refused(errHeaderTooLarge)
		}
		status, err := strconv.Atoi(f.PseudoValue("status"))
		if err != nil || status < 100 || status > 999 {
			return refused(errNoStatus)
		}
		if status < 200 {
			if s.informational++; s.informational > maxInformational || f.StreamEnded() {
				return refused(errInformational)
			}
			return verdict{}
		}
		s.status, s.first = status, now
		s.fields(f)
		if f.StreamEnded() {
			return s.whole()
		}
		return verdict{}
	})
}

// fields keeps the headers by name, which is in lower case on the wire.
func (s *stream) fields(f *http2.MetaHeadersFrame) {
	fields := f.RegularFields()
	s.header = make([]Header, len(fields))
	lengths := 0
	for i, x := range fields {
		s.header[i] = Header{x.Name, x.Value}
		if x.Name == "content-length" {
			lengths++
			if n, err := strconv.ParseUint(x.Value, 10, 63); err == nil && lengths == 1 {
				s.declared = int64(n)
			} else {
				s.declared = -1
			}
		}
	}
	slices.SortStableFunc(s.header, func(a, b Header) int { return strings.Compare(a.Name, b.Name) })
}

// whole ends an answer that is there to its end.
func (s *stream) whole() verdict {
	if s.declared >= 0 && !s.head && s.size < s.declared {
		return verdict{ended: true, err: io.ErrUnexpectedEOF}
	}
	return verdict{ended: true}
}

// reset ends a stream that the framer could not make sense of.
func (h *h2) reset(id uint32, code http2.ErrCode, err error) error {
	return h.on(id, func(*stream) verdict { return verdict{ended: true, err: err, reset: code} })
}

func (h *h2) data(f *http2.DataFrame) error {
	one := 0
	err := h.on(f.StreamID, func(s *stream) verdict {
		if s.status == 0 || s.head && len(f.Data()) > 0 {
			return s.protocol()
		}
		s.take(f.Data(), h.keep)
		switch {
		case s.declared >= 0 && s.size > s.declared && !s.head:
			return refused(errManyBytes)
		case f.StreamEnded():
			return s.whole()
		case s.size >= maxDrain:
			return verdict{ended: true, reset: http2.ErrCodeCancel}
		}
		if s.credit += int(f.Length); s.credit >= h2Window/2 {
			one, s.credit = s.credit, 0
		}
		return verdict{}
	})
	if err != nil {
		return err
	}
	return h.credited(f.StreamID, int(f.Length), one)
}

// take keeps the beginning of a body, and of one that is longer its hash.
func (s *stream) take(p []byte, keep int) {
	p = p[:min(int64(len(p)), maxDrain-s.size)]
	s.size += int64(len(p))
	if s.body == nil {
		s.body = make([]byte, 0, min(max(s.declared, int64(len(p))), int64(keep)))
	}
	kept := p[:min(len(p), keep-len(s.body))]
	s.body = append(s.body, kept...)
	if len(kept) == len(p) {
		return
	}
	if s.sum == nil {
		s.sum = crc64.New(crcTable())
		_, _ = s.sum.Write(s.body) // a hash takes everything
	}
	_, _ = s.sum.Write(p[len(kept):])
}

// credited lets the server send on for what was read, on all streams and on one.
func (h *h2) credited(id uint32, n, one int) error {
	all := 0
	if h.credit += n; h.credit >= h2Window {
		all, h.credit = h.credit, 0
	}
	if all == 0 && one == 0 {
		return nil
	}
	return h.reply(func(w *http2.Framer) (err error) {
		if all > 0 {
			err = w.WriteWindowUpdate(0, uint32(all))
		}
		if one > 0 && err == nil {
			err = w.WriteWindowUpdate(id, uint32(one))
		}
		return err
	})
}

func (h *h2) settings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		return nil
	}
	h.mu.Lock()
	err := f.ForeachSetting(func(s http2.Setting) error {
		switch s.ID {
		case http2.SettingMaxConcurrentStreams:
			h.max = s.Val
		case http2.SettingMaxFrameSize:
			h.frame = int(min(s.Val, 1<<20))
		case http2.SettingInitialWindowSize:
			for _, x := range h.streams {
				x.window += int64(s.Val) - h.initial
				wake(x.opened)
			}
			h.initial = int64(s.Val)
		}
		return s.Valid()
	})
	h.mu.Unlock()
	if err != nil {
		return err
	}
	return h.reply((*http2.Framer).WriteSettingsAck)
}

// opened takes in how much more may be sent.
func (h *h2) opened(f *http2.WindowUpdateFrame) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.StreamID != 0 {
		if s := h.streams[f.StreamID]; s != nil {
			s.window += int64(f.Increment)
			wake(s.opened)
		}
		return nil
	}
	if h.window += int64(f.Increment); h.window > 1<<31-1 {
		return http2.ConnectionError(http2.ErrCodeFlowControl)
	}
	for _, s := range h.streams {
		wake(s.opened)
	}
	return nil
}
