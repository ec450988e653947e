package probe

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

// cutOff is a connection on which a text comes, and then an error.
type cutOff struct {
	net.Conn
	from io.Reader
}

func (c cutOff) Read(p []byte) (int, error) { return c.from.Read(p) }

// A head that breaks off in the middle of a line is told by what broke it, and not as a
// line that is malformed: else one fault looks like two behaviours.
func TestAHeadThatBreaksOff(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nX-A: b"
	for _, tt := range []struct {
		text    string
		is, say error
	}{
		{head, os.ErrDeadlineExceeded, os.ErrDeadlineExceeded},
		{head, syscall.ECONNRESET, syscall.ECONNRESET},
		{"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: b\r\n", maxHeaderBytes), nil, errHeaderTooLarge},
	} {
		from := io.MultiReader(strings.NewReader(tt.text), iotest.ErrReader(tt.is))
		if _, _, _, err := newH1(cutOff{from: from}).other("GET"); !errors.Is(err, tt.say) {
			t.Errorf("%.40q: %v, want %v", tt.text, err, tt.say)
		}
	}
}
