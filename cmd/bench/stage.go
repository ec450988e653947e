package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"time"
)

// The stage answers like a REST API's with a canary of 10 %: a small JSON body,
// the id that the request came with or one of its own, and further ids that
// differ from answer to answer. It does no more than it has to, so that the
// client is what limits the speed.
const (
	bodyBase   = `{"orderId":"7f1c2a","status":"CONFIRMED","total":{"amount":129.90,"currency":"EUR"},"items":[{"sku":"A-100","qty":1},{"sku":"B-220","qty":3}],"version":"2026-11-02","region":"eu-west-1"}`
	bodyCanary = `{"orderId":"7f1c2a","status":"CONFIRMED","total":{"amount":"129.90","currency":"EUR"},"items":[{"sku":"A-100","qty":1}],"version":"2026-11-09","region":"eu-west-1","discount":null}`
)

// addresses are the URLs of a stage.
type addresses struct{ H1, TLS, H2 string }

// stages are two running ones: as fast as can be, and 10 ms away.
type stages struct {
	fast, slow addresses
	commands   []*exec.Cmd
}

// start runs the stages in processes of their own, on one CPU.
func start(ctx context.Context, cpu int) (*stages, error) {
	s := &stages{}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for delay, at := range map[string]*addresses{"0s": &s.fast, "10ms": &s.slow} {
		cmd := exec.CommandContext(ctx, self, "stage", "-delay", delay)
		cmd.Stderr = os.Stderr
		// It ends with its standard input, however this process ends.
		_, err := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err := firstError(err, err2); err != nil {
			return nil, err
		}
		if err := startOn(cmd, cpu); err != nil {
			return nil, err
		}
		s.commands = append(s.commands, cmd)
		if err := json.NewDecoder(out).Decode(at); err != nil {
			s.stop()
			return nil, fmt.Errorf("the stage did not start: %w", err)
		}
	}
	return s, nil
}

func (s *stages) stop() {
	for _, cmd := range s.commands {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	}
}

// serve is the stage's own process: it prints its addresses and answers until
// its standard input ends.
func serve(args []string) error {
	fs := flag.NewFlagSet("stage", flag.ExitOnError)
	delay := fs.Duration("delay", 0, "answer this much later")
	_ = fs.Parse(args) // exits on errors
	keepDate()
	cert, err := selfSigned()
	if err != nil {
		return err
	}
	var at addresses
	for _, l := range []struct {
		url    *string
		proto  string
		answer func(net.Conn, time.Duration) error
	}{{&at.H1, "", answer1}, {&at.TLS, "http/1.1", answer1}, {&at.H2, "h2", answer2}} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		*l.url = "http://" + ln.Addr().String() + "/prod/orders"
		if l.proto != "" {
			*l.url = "https://" + ln.Addr().String() + "/prod/orders"
			ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{l.proto}})
		}
		go accept(ln, func(c net.Conn) error { return l.answer(c, *delay) })
	}
	if err := json.NewEncoder(os.Stdout).Encode(at); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(errors.New("the comparison is over"), err)
}

func accept(l net.Listener, answer func(net.Conn) error) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			_ = answer(c) // the client has left
			_ = c.Close()
		}()
	}
}

var date atomic.Pointer[string]

// keepDate writes the Date header once a second.
func keepDate() {
	tick := func() {
		s := time.Now().UTC().Format(http.TimeFormat)
		date.Store(&s)
	}
	tick()
	go func() {
		for range time.Tick(time.Second) {
			tick()
		}
	}()
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(crand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// draws are what differs from answer to answer.
type draws struct{ rng *rand.PCG }

func newDraws() *draws { return &draws{rand.NewPCG(rand.Uint64(), rand.Uint64())} }

func (d *draws) bytes(b []byte) {
	for i := 0; i < len(b); i += 8 {
		v := d.rng.Uint64()
		for k := i; k < min(i+8, len(b)); k++ {
			b[k], v = byte(v), v>>8
		}
	}
}

func (d *draws) hex(dst []byte, n int) []byte {
	var b [16]byte
	d.bytes(b[:n])
	return hex.AppendEncode(dst, b[:n])
}

func (d *draws) uuid(dst []byte) []byte {
	for i, n := range []int{4, 2, 2, 2, 6} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = d.hex(dst, n)
	}
	return dst
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// extended is an id like x-amz-apigw-id's.
func (d *draws) extended(dst []byte) []byte {
	var b [15]byte
	d.bytes(b[:])
	for _, c := range b {
		dst = append(dst, base64Letters[c&63])
	}
	return append(dst, '=')
}

func (d *draws) trace(dst []byte) []byte {
	dst = append(dst, "Root=1-6a0f3c5e-"...)
	return d.hex(dst, 12)
}

func (d *draws) side() (body, version string) {
	if d.rng.Uint64()%10 == 0 {
		return bodyCanary, "42"
	}
	return bodyBase, "41"
}

// answer1 speaks HTTP/1.1 to requests without a body.
func answer1(c net.Conn, delay time.Duration) error {
	in := bufio.NewReaderSize(c, 4096)
	d := newDraws()
	var out, id []byte
	for {
		id = id[:0]
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return err
			}
			if len(line) <= 2 {
				break
			}
			if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("x-amzn-requestid")) {
				id = append(id, bytes.TrimSpace(value)...)
			}
		}
		out = d.head1(out[:0], id)
		if delay > 0 {
			time.Sleep(delay)
		}
		if _, err := c.Write(out); err != nil {
			return err
		}
	}
}

func (d *draws) head1(out, id []byte) []byte {
	body, version := d.side()
	out = fmt.Appendf(out, "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: keep-alive\r\nx-amzn-RequestId: ", *date.Load(), len(body))
	if len(id) > 0 {
		out = append(out, id...)
	} else {
		out = d.uuid(out)
	}
	out = d.extended(append(out, "\r\nx-amz-apigw-id: "...))
	out = d.trace(append(out, "\r\nX-Amzn-Trace-Id: "...))
	out = append(append(out, "\r\nX-Backend-Version: "...), version...)
	return append(append(out, "\r\n\r\n"...), body...)
}
