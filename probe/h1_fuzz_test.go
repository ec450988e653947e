package probe

import (
	"bufio"
	"net/http"
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
	} {
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, head string) {
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
