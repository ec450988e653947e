//go:build unix

package probe

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// alive looks at an idle socket without taking anything from it. Whatever is
// there to read, an end of file, an alert or a stray answer, means that it
// cannot carry another request.
func alive(c net.Conn) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		quiet = err == unix.EAGAIN || err == unix.EWOULDBLOCK
	})
	return err == nil && quiet
}
