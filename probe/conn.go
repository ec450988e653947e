package probe

import (
	"errors"
	"net"
	"os"
	"time"
)

// conn is one connection to one address. The pool's lock guards the counters.
type conn struct {
	id     int
	host   *host
	slot   int
	remote string
	alpn   string
	socket *socket
	stream net.Conn // what HTTP is spoken on: the socket, or TLS over it

	flying int  // requests on it now
	n      int  // requests it was given
	spent  bool // takes no further request
	used   time.Time

	h1 *h1 // one of the two
	h2 *h2
}

// start gets a dialled connection ready to speak what was agreed on, and
// reserves it for a first request.
func (c *conn) start(p *pool, deadline time.Time) (err error) {
	if c.alpn != "h2" {
		c.h1 = newH1(c.stream)
		return nil
	}
	if err := c.socket.SetDeadline(deadline); err != nil {
		return err
	}
	if err = c.socket.direct(); err == nil {
		c.h2, err = startH2(c.stream, p.now, p.plan.MaxBody)
	}
	if err == nil {
		c.h2.reserve()
		err = c.socket.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = c.socket.Close() // the first error is the one to tell
	}
	return err
}

// busy tells that HTTP/1.1 has a request on it.
func (c *conn) busy() bool { return c.h1 != nil && c.flying > 0 }

// usable tells whether the next request may go on it, and of HTTP/2 reserves a
// stream for it. A request on a connection that the server has given up is no
// observation of the server, so old ones are left alone, and of HTTP/1.1 the
// socket is looked at before the request is sent (errGone).
func (c *conn) usable(now time.Time, maxIdle time.Duration) bool {
	if c.spent || c.idle(now) > maxIdle {
		return false
	}
	return c.h2 == nil || c.h2.reserve()
}

// spoke tells whether the server has said something since its last answer, or ended the
// connection, that was read together with that answer: TLS keeps what it read ahead.
func (c *conn) spoke() bool {
	if c.stream == net.Conn(c.socket) {
		return false
	}
	var b [1]byte
	c.socket.dry = true
	_, err := c.stream.Read(b[:])
	c.socket.dry = false
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// idle is how long nothing has been on it; 0 while something is.
func (c *conn) idle(now time.Time) time.Duration {
	if c.flying > 0 || c.used.IsZero() {
		return 0
	}
	return now.Sub(c.used)
}

// close ends the socket below everything else: closing the TLS or HTTP/2 layer
// would wait for a lock that a blocked write holds.
func (c *conn) close() {
	_ = c.socket.Close()
	if c.h1 != nil {
		c.h1.watch.close()
	}
}
