package main

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"stageprobe/cmd/stageprobe/internal/fault"
)

// tlsFault is a server whose TLS is at fault.
type tlsFault struct {
	name  string
	ca    string
	wrap  func(net.Conn) net.Conn
	serve func(*fault.Conn)
}

func tlsFaults(t *testing.T) []tlsFault {
	shake := func(c *fault.Conn) {
		c.Answered()
		if s, ok := c.Conn.(*tls.Conn); ok && s.Handshake() != nil {
			return
		}
		if _, ok := c.Request(); ok {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
		}
	}
	plain := func(c net.Conn) net.Conn { return c }
	good, ca := certificate(t, nil)
	var out []tlsFault
	configured := func(name string, change func(*x509.Certificate), config func(*tls.Config)) {
		pair, ca := certificate(t, change)
		cfg := &tls.Config{Certificates: []tls.Certificate{pair}}
		if config != nil {
			config(cfg)
		}
		out = append(out, tlsFault{name, ca, func(c net.Conn) net.Conn { return tls.Server(c, cfg) }, shake})
	}
	configured("expired", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, nil)
	configured("not valid yet", func(c *x509.Certificate) {
		c.NotBefore = time.Now().Add(time.Hour)
		c.NotAfter = c.NotBefore.Add(time.Hour)
	}, nil)
	configured("another host's", func(c *x509.Certificate) { c.IPAddresses = nil; c.DNSNames = []string{"other.example"} }, nil)
	configured("no name at all", func(c *x509.Certificate) { c.IPAddresses = nil }, nil)
	configured("1,000 names", func(c *x509.Certificate) {
		for i := range 1000 {
			c.DNSNames = append(c.DNSNames, fmt.Sprintf("host%d.example", i))
		}
	}, nil)
	configured("TLS 1.0 alone", nil, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 })
	configured("TLS 1.1 alone", nil, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS11, tls.VersionTLS11 })
	configured("no certificate", nil, func(c *tls.Config) { c.Certificates = nil })
	configured("half a certificate", nil, func(c *tls.Config) { c.Certificates[0].Certificate[0] = c.Certificates[0].Certificate[0][:40] })
	configured("a client certificate asked for", nil, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })
	configured("an unknown protocol", nil, func(c *tls.Config) { c.NextProtos = []string{"gopher"} })
	configured("no ticket is taken", nil, func(c *tls.Config) {
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			again := c.Clone()
			again.GetConfigForClient = nil
			var key [32]byte
			if _, err := rand.Read(key[:]); err != nil {
				return nil, err
			}
			again.SetSessionTicketKeys([][32]byte{key})
			return again, nil
		}
	})
	configured("every tenth handshake refused", nil, func(c *tls.Config) {
		var n atomic.Int64
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if n.Add(1)%10 == 0 {
				return nil, errors.New("refused")
			}
			return nil, nil
		}
	})
	_, other := certificate(t, nil)
	out = append(out, tlsFault{"an unknown authority", other, func(c net.Conn) net.Conn { return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{good}}) }, shake})
	raw := func(name, text string, hello bool) {
		out = append(out, tlsFault{name, ca, plain, func(c *fault.Conn) {
			c.Answered()
			if hello {
				_, _ = c.Read(make([]byte, 4096))
			}
			_, _ = c.Write([]byte(text))
		}})
	}
	raw("closes at once", "", false)
	raw("closes after the greeting", "", true)
	raw("plain HTTP", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", true)
	raw("random bytes", "\x13\x37\xde\xad\xbe\xef\x00\x00\x00\x00", true)
	raw("a record of an unknown kind", "\x99\x03\x03\x00\x02ab", true)
	raw("a record of 64 KB", "\x16\x03\x03\xff\xff", true)
	raw("alert: internal error", "\x15\x03\x03\x00\x02\x02\x50", true)
	raw("alert: unrecognised name", "\x15\x03\x03\x00\x02\x02\x70", true)
	raw("alert: an unknown one", "\x15\x03\x03\x00\x02\x02\xfe", true)
	raw("half a greeting", "\x16\x03\x03\x00\x40\x02\x00\x00\x3c\x03\x03", true)
	out = append(out, tlsFault{"stalls", ca, plain, func(c *fault.Conn) { c.Answered(); <-c.Ctx.Done() }})
	out = append(out, tlsFault{"closes after the handshake", ca, func(c net.Conn) net.Conn { return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{good}}) }, func(c *fault.Conn) {
		c.Answered()
		_ = c.Conn.(*tls.Conn).Handshake()
	}})
	return out
}
