// Package fault answers wrongly on purpose: what servers, proxies and attackers
// send in place of an answer. It is for tests alone.
package fault

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is one way to go wrong.
type Kind struct {
	Area, Name string
	// Serve handles one connection until it returns, which ends it.
	Serve func(c *Conn)
}

// Conn is a connection to the one who is tried.
type Conn struct {
	net.Conn
	Ctx context.Context
	n   *atomic.Int64
}

// Answered counts one faulty answer.
func (c *Conn) Answered() { c.n.Add(1) }

// Request reads up to the end of a request's head; false where there is none.
func (c *Conn) Request() (head string, ok bool) {
	var b []byte
	one := make([]byte, 1)
	for !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
		if n, err := c.Read(one); n == 0 || err != nil || len(b) > 1<<20 {
			return "", false
		}
		b = append(b, one[0])
	}
	return string(b), true
}

// Server serves one kind on loopback.
type Server struct {
	net.Listener
	Answers atomic.Int64
	cancel  context.CancelFunc
	group   sync.WaitGroup
	open    sync.Map
}

// Start listens on a free port of 127.0.0.1; wrap, where set, makes TLS of it.
func Start(k Kind, wrap func(net.Conn) net.Conn) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{Listener: l, cancel: cancel}
	s.group.Go(func() {
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			s.open.Store(raw, true)
			s.group.Go(func() {
				defer s.open.Delete(raw)
				defer raw.Close()
				c := raw
				if wrap != nil {
					c = wrap(raw)
				}
				k.Serve(&Conn{Conn: c, Ctx: ctx, n: &s.Answers})
			})
		}
	})
	return s, nil
}

// Close ends every connection and waits for them.
func (s *Server) Close() error {
	s.cancel()
	err := s.Listener.Close()
	s.open.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
	s.group.Wait()
	return err
}

// ok is an answer with a body.
func ok(body string, headers ...string) string {
	h := strings.Join(headers, "\r\n")
	if h != "" {
		h += "\r\n"
	}
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", h, len(body), body)
}

func status(code int, headers ...string) string {
	return strings.Replace(ok(`{"message":"x"}`, headers...), "200 OK", fmt.Sprintf("%d X", code), 1)
}

// says answers every request of a connection with the same bytes.
func says(text string) func(*Conn) {
	return func(c *Conn) {
		for {
			if _, ok := c.Request(); !ok {
				return
			}
			c.Answered()
			if _, err := c.Write([]byte(text)); err != nil {
				return
			}
		}
	}
}

// once answers one request and ends the connection.
func once(text string) func(*Conn) {
	return func(c *Conn) {
		if _, ok := c.Request(); ok {
			c.Answered()
			_, _ = c.Write([]byte(text))
		}
	}
}

// drips sends a byte at a time, until nobody listens any more.
func drips(first, each string) func(*Conn) {
	return func(c *Conn) {
		if _, ok := c.Request(); !ok {
			return
		}
		c.Answered()
		_, _ = c.Write([]byte(first))
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-c.Ctx.Done():
				return
			case <-tick.C:
				if _, err := c.Write([]byte(each)); err != nil {
					return
				}
			}
		}
	}
}

// floods sends the same bytes without an end.
func floods(first, each string) func(*Conn) {
	return func(c *Conn) {
		if _, ok := c.Request(); !ok {
			return
		}
		c.Answered()
		_, err := c.Write([]byte(first))
		block := []byte(strings.Repeat(each, 1+(64<<10)/len(each)))
		for sent := 0; err == nil && sent < 64<<20; sent += len(block) {
			_, err = c.Write(block)
		}
	}
}

func silent(c *Conn) {
	if _, ok := c.Request(); ok {
		c.Answered()
		<-c.Ctx.Done()
	}
}

func resets(c *Conn) {
	if _, ok := c.Request(); ok {
		c.Answered()
		if t, ok := c.Conn.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
	}
}

func packed(text string, times int) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range times {
		_, _ = z.Write([]byte(text))
	}
	_ = z.Close()
	return b.String()
}

// echoes sends back what it was sent, head and all.
func echoes(status string) func(*Conn) {
	return func(c *Conn) {
		for {
			head, ok := c.Request()
			if !ok {
				return
			}
			c.Answered()
			lines := strings.Split(strings.TrimSpace(head), "\r\n")
			_, err := fmt.Fprintf(c, "HTTP/1.1 %s\r\n%s\r\nContent-Length: %d\r\n\r\n%s", status, "X-Back: "+strings.Join(lines[1:], "; "), len(head), head)
			if err != nil {
				return
			}
		}
	}
}
