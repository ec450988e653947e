package probe

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	maxHeaderBytes = 1 << 20
	// plainHead is how long the head of an ordinary answer may be.
	plainHead = 8 << 10
	// maxInformational bounds 1xx answers before the real one.
	maxInformational = 8
)

var (
	errHeaderTooLarge = fmt.Errorf("response header of more than %d bytes", maxHeaderBytes)
	errInformational  = errors.New("no answer but informational ones (1xx)")
)

// h1 is the reading and writing side of HTTP/1.1.
type h1 struct {
	stream net.Conn
	watch  watch
	in     []byte // what was read
	at     int    // and how much of it is done with
	odd    []byte // for the lines of a head that are unlike another's
}

func newH1(stream net.Conn) *h1 {
	return &h1{stream: stream, watch: watch{conn: stream}, in: make([]byte, 0, plainHead)}
}

// Read takes from what was read ahead, then from the connection.
func (h *h1) Read(p []byte) (int, error) {
	if h.at < len(h.in) {
		n := copy(p, h.in[h.at:])
		h.at += n
		return n, nil
	}
	return h.stream.Read(p)
}

// more reads on into the free part of the buffer.
func (h *h1) more() error {
	n, err := h.stream.Read(h.in[len(h.in):cap(h.in)])
	h.in = h.in[:len(h.in)+n]
	return err
}

// begin sends a request and waits for the first byte of its answer.
func (h *h1) begin(request []byte) error {
	h.in, h.at = h.in[:0], 0
	if _, err := h.stream.Write(request); err != nil {
		return err
	}
	for len(h.in) == 0 {
		if err := h.more(); err != nil && len(h.in) == 0 {
			return err
		}
	}
	return nil
}

// plain is the head of an answer of the usual form: HTTP/1.1, a final status
// that has a body, one Content-Length and nothing that is read in more than one
// way. All others are left to net/http.
type plain struct {
	status int
	size   int64
	header []Header
	close  bool
}

// plainHead reads such a head; false where the answer is of another form, and
// then nothing has been taken.
func (h *h1) plainHead(like *alike) (p plain, ok bool) {
	end := -1
	for from := 0; ; {
		if end = bytes.Index(h.in[from:], crlf2); end >= 0 {
			end += from + len(crlf2)
			break
		}
		from = max(0, len(h.in)-len(crlf2)+1)
		if len(h.in) == cap(h.in) || h.more() != nil {
			return p, false
		}
	}
	if p, ok = like.parse(h.in[:end], &h.odd); ok {
		h.at = end
	}
	return p, ok
}

var crlf2 = []byte("\r\n\r\n")

// maxPlain is how many headers an ordinary answer may have.
const maxPlain = 48

func parsePlain(head string) (p plain, ok bool) {
	if len(head) < 16 || head[:9] != "HTTP/1.1 " || head[12] != ' ' && head[12] != '\r' {
		return p, false
	}
	status, ok := digits(head[9:12])
	if p.status = int(status); !ok || p.status < 200 || p.status == http.StatusNoContent || p.status == http.StatusNotModified {
		return p, false
	}
	headers := make([]Header, 0, min(max(0, strings.Count(head, "\n")-2), maxPlain))
	_, at, ok := text(head, 12)
	p.size = -1
	for ok {
		if head[at] == '\r' {
			p.header = headers
			return p, p.size >= 0 && at+2 == len(head)
		}
		if len(headers) == maxPlain {
			return p, false
		}
		var h Header
		h.Name, h.Value, at, ok = field(head, at)
		ok = ok && p.framing(h.Name, h.Value)
		headers = append(headers, h)
	}
	return p, false
}

// field reads a header that begins at a place, and tells where the next line begins.
func field(head string, at int) (name, value string, next int, ok bool) {
	colon := token(head, at)
	if colon == at || head[colon] != ':' {
		return "", "", 0, false
	}
	value, next, ok = text(head, colon+1)
	return head[at:colon], value, next, ok
}

// token is where a header name that begins at a place ends (RFC 9110 section
// 5.6.2). A head ends in a line's end, which is in no name.
func token(head string, at int) int {
	for tokenBytes[head[at]] {
		at++
	}
	return at
}

var tokenBytes = func() (t [256]bool) {
	for _, c := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		t[c] = true
	}
	return t
}()

// text reads to the end of a line: without the space around it, and where the
// next line begins; false where it holds control characters (RFC 9110 section 5.5).
func text(head string, at int) (value string, next int, ok bool) {
	for head[at] == ' ' || head[at] == '\t' {
		at++
	}
	end := at
	for head[end] >= ' ' && head[end] != 0x7f || head[end] == '\t' {
		end++
	}
	next = end + 2
	if head[end] != '\r' || head[end+1] != '\n' || next >= len(head) {
		return "", 0, false
	}
	for end > at && (head[end-1] == ' ' || head[end-1] == '\t') {
		end--
	}
	return head[at:end], next, true
}

// framing takes in what says where the answer ends; false where that is not the
// usual.
func (p *plain) framing(name, value string) (ok bool) {
	switch len(name) {
	case len("Connection"):
		if equalFold(name, "Connection") {
			p.close = p.close || equalFold(value, "close")
			return p.close || equalFold(value, "keep-alive")
		}
	case len("Content-Length"):
		if equalFold(name, "Content-Length") {
			if p.size >= 0 {
				return false
			}
			p.size, ok = digits(value)
			return ok
		}
	case len("Transfer-Encoding"):
		return !equalFold(name, "Transfer-Encoding")
	}
	return true
}

// digits reads a number that cannot overflow.
func digits(s string) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 15 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// other reads the head of any answer, past informational ones, with net/http.
// What follows it is read from the response's body.
func (h *h1) other(method string) (*http.Response, []Header, *bufio.Reader, error) {
	t := &tap{from: h, on: true}
	size := 4 << 10
	if len(h.in) == cap(h.in) {
		size = 64 << 10 // a long head
	}
	in := bufio.NewReaderSize(t, size)
	from := 0
	for range maxInformational {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil && t.failed != nil && t.failed != io.EOF {
			err = t.failed // of what was read until then it makes a malformed line
		}
		if err != nil {
			return nil, nil, nil, err
		}
		// What was read less what waits in the buffer is what the head took.
		to := len(t.head) - in.Buffered()
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			t.on = false
			return resp, wireHeaders(t.head[from:to]), in, nil
		}
		from = to
	}
	return nil, nil, nil, errInformational
}

// tap keeps a copy of what is read while a response head is being parsed:
// http.ReadResponse forgets the order and the case of header names.
type tap struct {
	from   io.Reader
	on     bool
	head   []byte
	failed error // the last of the reads
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	if t.on {
		if len(t.head)+n > maxHeaderBytes {
			n, err = 0, errHeaderTooLarge
		}
		t.head = append(t.head, p[:n]...)
	}
	t.failed = err
	return n, err
}

// wireHeaders splits a response head that http.ReadResponse has accepted.
func wireHeaders(head []byte) []Header {
	lines := strings.Split(strings.TrimRight(string(head), "\r\n"), "\n")
	hs := make([]Header, 0, len(lines)-1)
	for _, line := range lines[1:] {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		if (line[0] == ' ' || line[0] == '\t') && len(hs) > 0 { // obs-fold, RFC 9112 section 5.2
			last := &hs[len(hs)-1]
			last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(line))
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		hs = append(hs, Header{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return hs
}

// watch ends the reads and writes of a connection when a request's time is
// over. Its timer is set once and moved only when it rings too early: a timer
// for each request would cost more than the rest of its bookkeeping.
type watch struct {
	conn net.Conn

	mu    sync.Mutex
	until time.Time // zero: no request
	timer *time.Timer
	armed bool
}

func (w *watch) start(now, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until = until
	switch {
	case w.armed:
	case w.timer == nil:
		w.armed, w.timer = true, time.AfterFunc(until.Sub(now), w.ring)
	default:
		w.armed = true
		w.timer.Reset(until.Sub(now))
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	w.until = time.Time{}
	w.mu.Unlock()
}

func (w *watch) ring() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.until.IsZero() {
		w.armed = false
		return
	}
	if left := time.Until(w.until); left > 0 {
		w.timer.Reset(left)
		return
	}
	_ = w.conn.SetDeadline(time.Unix(1, 0)) // of a closed connection there is nothing to end
}

// close lets go of the timer.
func (w *watch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}
