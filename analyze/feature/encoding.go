package feature

import (
	"bytes"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// maxEncodings is how many encodings of one body are undone.
const maxEncodings = 3

// maxBlanks is how many blanks behind a compressed body are no part of it: some servers
// end a body by a line break whatever it is.
const maxBlanks = 4

var gzipMagic = []byte{0x1f, 0x8b}

// endsBlank tells whether the last bytes of a body are blanks.
func endsBlank(body []byte, n int) bool {
	return len(body) > n && len(bytes.Trim(body[len(body)-n:], " \r\n")) == 0
}

// decoder undoes content encodings and reuses its memory.
type decoder struct {
	src   bytes.Reader
	out   [2]bytes.Buffer
	gzip  *gzip.Reader
	zstd  *zstd.Decoder
	brotl *brotli.Reader
}

// body is the body without its encodings, at most MaxBody bytes. What is wrong
// with it is said in state: "" where nothing is.
func (d *decoder) body(body []byte, encoding string) (decoded []byte, state string) {
	if encoding == "" {
		if bytes.HasPrefix(body, gzipMagic) {
			encoding = "gzip" // kept so, or sent so without saying it
		} else {
			return body, ""
		}
	}
	for i := range maxEncodings {
		rest, name := "", encoding
		if at := strings.LastIndexByte(encoding, ','); at >= 0 {
			rest, name = encoding[:at], encoding[at+1:]
		}
		out := &d.out[i%2]
		known, err := d.one(out, body, strings.ToLower(strings.TrimSpace(name)))
		for cut := 1; err != nil && cut <= maxBlanks && endsBlank(body, cut); cut++ {
			known, err = d.one(out, body[:len(body)-cut], strings.ToLower(strings.TrimSpace(name)))
		}
		switch {
		case !known:
			return body, ""
		case out.Len() == 0 && err != nil:
			return body, "" // a transport that decodes may leave the header standing
		}
		body = out.Bytes()
		switch {
		case len(body) > MaxBody:
			return body[:MaxBody], "over the limit once decoded"
		case err != nil:
			return body, "cannot be decoded to its end"
		case rest == "":
			return body, ""
		}
		encoding = rest
	}
	return body, ""
}

// one undoes one encoding; known is false where there is nothing to undo.
func (d *decoder) one(out *bytes.Buffer, body []byte, name string) (known bool, err error) {
	d.src.Reset(body)
	out.Reset()
	r, err := d.reader(name, body)
	if r == nil {
		return err != nil, err
	}
	_, err = out.ReadFrom(io.LimitReader(r, MaxBody+1))
	return true, err
}

func (d *decoder) reader(name string, body []byte) (io.Reader, error) {
	switch name {
	case "gzip", "x-gzip":
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		err := d.gzip.Reset(&d.src)
		if err != nil {
			return nil, err
		}
		return d.gzip, nil
	case "deflate":
		// RFC 9110 section 8.4.1.2 asks for the zlib format; some send it bare.
		if r, err := zlib.NewReader(&d.src); err == nil {
			return r, nil
		}
		d.src.Reset(body)
		return flate.NewReader(&d.src), nil
	case "br":
		if d.brotl == nil {
			d.brotl = new(brotli.Reader)
		}
		return d.brotl, d.brotl.Reset(&d.src)
	case "zstd":
		return d.zstdReader()
	}
	return nil, nil
}

func (d *decoder) zstdReader() (io.Reader, error) {
	if d.zstd == nil {
		r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(MaxBody), zstd.WithDecoderMaxMemory(4*MaxBody))
		if err != nil {
			return nil, err
		}
		d.zstd = r
	}
	err := d.zstd.Reset(&d.src)
	if err != nil {
		return nil, err
	}
	return d.zstd, nil
}
