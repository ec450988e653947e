package probe

import (
	"bufio"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// FuzzPlainHead holds our own reading of response heads against net/http's:
// what it accepts, the other accepts, and reads the same.
func FuzzPlainHead(f *testing.F) {
	for _, head := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-a:  b \r\nConnection: close\r\n\r\n",
		"HTTP/1.1 404\r\ncontent-length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n",
		"HTTP/1.1 200 \x01\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
		"HTTP/1.1 304 OK\r\nContent-Length : 3\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 3\r\n\r\n",
		strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-a: b\r\n\r\n", 2),
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-a: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-a: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-a: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n c: d\r\n\r\n",
	} {
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, head string) {
		likeAnother(t, head)
		if head = head[:max(0, strings.Index(head, "\r\n\r\n"))]; head == "" {
			return
		}
		head += "\r\n\r\n"
		p, ok := parsePlain(head)
		if !ok {
			return
		}
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(head)), nil)
		if err != nil {
			t.Fatalf("%q was accepted: %v", head, err)
		}
		if resp.StatusCode != p.status || resp.ContentLength != p.size || resp.Close != p.close || resp.Proto != "HTTP/1.1" {
			t.Errorf("%q: %+v", head, p)
		}
		want := wireHeaders([]byte(head))
		if len(want) != len(p.header) {
			t.Fatalf("%q: headers %q, want %q", head, p.header, want)
		}
		for i := range want {
			if want[i] != p.header[i] {
				t.Errorf("%q: header %q, want %q", head, p.header[i], want[i])
			}
		}
	})
}

// likeAnother holds the reading of a head that is like one before it against the reading
// of it alone: the two halves of a text are the heads.
func likeAnother(t *testing.T, text string) {
	var like alike
	var odd []byte
	for _, head := range []string{text[:len(text)/2], text[len(text)/2:], text, text[:len(text)/2]} {
		if head = head[:max(0, strings.Index(head, "\r\n\r\n"))]; head == "" {
			continue
		}
		head += "\r\n\r\n"
		got, ok := like.parse([]byte(head), &odd)
		want, wanted := parsePlain(head)
		if ok != wanted || ok && (got.status != want.status || got.size != want.size || got.close != want.close || !slices.Equal(got.header, want.header)) {
			t.Fatalf("%q: %+v %t, want %+v %t", head, got, ok, want, wanted)
		}
	}
}
