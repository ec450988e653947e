//go:build unix

package probe

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

const canStep = true

// step is called when a read begins, and again whenever there is something to
// read; true ends the read. The runtime has forgotten what it knew of the
// socket when it calls first, so of what comes after this look nothing is missed.
func (s *socket) step(fd uintptr) bool {
	if len(s.out) > 0 {
		if s.look && !silent(int(fd)) {
			s.err = errGone
			return true
		}
		if !s.send(int(fd)) {
			return true
		}
		if s.used {
			return false // the answer cannot be there yet
		}
	}
	n, err := again(syscall.Read, int(fd), s.in)
	switch {
	case err == unix.EAGAIN:
		return false
	case err != nil:
		s.err = s.failed("read", err)
	case n == 0:
		s.err = io.EOF
	}
	s.n = max(n, 0)
	return true
}

// send writes what waits; false where that failed. What the system's buffer does
// not take goes the long way.
func (s *socket) send(fd int) bool {
	n, err := again(syscall.Write, fd, s.out)
	if err != nil && err != unix.EAGAIN {
		s.err = s.failed("write", err)
		return false
	}
	rest := s.out[max(n, 0):]
	s.out = s.out[:0]
	if len(rest) > 0 {
		_, s.err = s.Conn.Write(rest)
	}
	return s.err == nil
}

func again(call func(int, []byte) (int, error), fd int, p []byte) (n int, err error) {
	for {
		if n, err = call(fd, p); err != unix.EINTR {
			return n, err
		}
	}
}

// silent looks at a socket without taking anything from it. Whatever is there to
// read, an end of file, an alert or a stray answer, means that it cannot carry
// another request.
func silent(fd int) bool {
	list := [...]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(list[:], 0)
	for err == unix.EINTR {
		n, err = unix.Poll(list[:], 0)
	}
	return n == 0 && err == nil
}
