package probe

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// errGone tells that a kept connection had ended, or had something unasked for
// to say, before anything of the next request was sent on it.
var errGone = errors.New("the connection had ended before the request was sent")

// socket is a TCP connection whose writes leave with the next read: a request
// and the wait for its answer are then one step. A kept connection is looked at
// in the same step.
type socket struct {
	net.Conn
	raw   syscall.RawConn // nil where the system has none: writes leave at once
	out   []byte          // written and not sent
	eager bool            // writes leave at once: HTTP/2 reads all the time
	dry   bool            // nothing is read: what TLS has read ahead is all there is
	used  bool            // what there was to be read has been: only the answer can come
	look  bool            // see first whether that is so

	in   []byte // of the read at hand, and what became of it
	n    int
	err  error
	turn func(fd uintptr) bool // s.step, bound once
}

func newSocket(c net.Conn) *socket {
	s := &socket{Conn: c}
	if sc, ok := c.(syscall.Conn); ok && canStep {
		if raw, err := sc.SyscallConn(); err == nil {
			s.raw, s.turn = raw, s.step
		}
	}
	return s
}

func (s *socket) Write(p []byte) (int, error) {
	if s.eager || s.raw == nil {
		return s.Conn.Write(p)
	}
	s.out = append(s.out, p...)
	return len(p), nil
}

// direct sends what waits, and from now on whatever is written.
func (s *socket) direct() error {
	s.eager = true
	return s.flush()
}

func (s *socket) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	_, err := s.Conn.Write(s.out)
	s.out = s.out[:0]
	return err
}

func (s *socket) Read(p []byte) (int, error) {
	if s.dry {
		return 0, os.ErrDeadlineExceeded // which TLS takes for passing
	}
	if s.eager || s.raw == nil || len(p) == 0 {
		return s.Conn.Read(p)
	}
	s.in, s.n, s.err = p, 0, nil
	err := s.raw.Read(s.turn)
	s.in = nil
	if err != nil {
		return 0, s.failed("read", errors.Unwrap(err))
	}
	return s.n, s.err
}

// failed words an error as package net does.
func (s *socket) failed(op string, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: "tcp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}
