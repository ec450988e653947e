package moves

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// encodings are other bytes for the same object.
var encodings = group("encoding", map[string]func(d *draw) step{
	"encodings":        mixedEncodings,
	"gzip-time":        gzipTime,
	"whitespace":       whitespace,
	"json-escape":      jsonEscape,
	"charset":          charset,
	"base64-blob":      base64Blob,
	"embedded-json":    embeddedJSON,
	"padding":          padding,
	"trailing-newline": trailingNewline,
	"protobuf":         form("protobuf", protobufCounters),
}, "protobuf", "whitespace", "json-escape", "charset")

func base64URL(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// encoders write a content coding.
var encoders = map[string]func(w io.Writer) io.WriteCloser{
	"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"br":   func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
	"zstd": func(w io.Writer) io.WriteCloser { e, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)); return e },
}

func (a *Answer) encode(coding string, with func(w io.Writer) io.WriteCloser) {
	var b bytes.Buffer
	w := with(&b)
	_, err := io.WriteString(w, a.Body)
	if err != nil || w.Close() != nil {
		return // a buffer takes everything
	}
	a.Body = b.String()
	a.Set("Content-Encoding", coding)
}

// mixedEncodings answers in one of several codings whatever was asked for, as
// a cache does that forgets to vary.
func mixedEncodings(d *draw) step {
	codings := d.pick([]string{"identity", "gzip", "br", "zstd"}, 2, 4)
	return func(t *turn) {
		coding := one(t, codings)
		t.after(func(out *Answer) {
			if with := encoders[coding]; with != nil {
				out.encode(coding, with)
			}
		})
	}
}

// gzipTime compresses with the time in the head of the stream (RFC 1952, MTIME).
func gzipTime(d *draw) step {
	level := 1 + d.rng.IntN(8)
	return func(t *turn) {
		at := t.now.Add(-t.jitter(1e10))
		t.after(func(out *Answer) {
			out.encode("gzip", func(w io.Writer) io.WriteCloser {
				z, _ := gzip.NewWriterLevel(w, level)
				z.ModTime = at
				return z
			})
		})
	}
}

// whitespace writes JSON indented by chance.
func whitespace(d *draw) step {
	share := d.share(.2, .6)
	return func(t *turn) {
		t.a.format, t.a.compact = "json", !t.chance(share)
		t.set("indentable", true)
	}
}

// jsonEscape writes the same text with and without escapes.
func jsonEscape(d *draw) step {
	path, share := d.path("city"), d.share(.2, .6)
	return func(t *turn) {
		t.a.format = "json"
		t.set(path, "Zürich/Süd")
		if t.chance(share) {
			t.after(func(out *Answer) {
				out.Body = strings.NewReplacer("ü", `\u00fc`, "h/S", `h\/S`).Replace(out.Body)
			})
		}
	}
}

// charset names the one encoding that JSON has, or does not.
func charset(d *draw) step {
	share := d.share(.2, .6)
	return func(t *turn) {
		t.a.format = "json"
		t.header("Content-Type", "application/json")
		if t.chance(share) {
			t.header("Content-Type", "application/json; charset=utf-8")
		}
	}
}

func base64Blob(d *draw) step {
	path, n := d.path("thumbnail"), 24+d.rng.IntN(60)
	return field1(path, func(t *turn) any {
		return base64.StdEncoding.EncodeToString([]byte(t.token(strings.Repeat("x", n))))
	})
}

// embeddedJSON is an object inside a text field.
func embeddedJSON(d *draw) step {
	path, n := d.path("payload"), d.of(2, 5)
	return field1(path, func(t *turn) any {
		return jsonText(obj("kind", "order", "attempt", whole(t.rng.IntN(n)), "sent", t.now.UTC().Format(millis)))
	})
}

// padding hides a body's length, as against BREACH.
func padding(d *draw) step {
	path, most := d.path("padding"), max(2, d.of(8, 64))
	return field1(path, func(t *turn) any { return strings.Repeat("x", 1+t.rng.IntN(most)) })
}

func trailingNewline(d *draw) step {
	share := d.share(.2, .6)
	return func(t *turn) {
		if t.chance(share) {
			t.after(func(out *Answer) { out.Body += "\n" })
		}
	}
}

func protobufCounters(d *draw) step {
	from := d.rng.IntN(90000)
	return func(t *turn) {
		t.set("counter", whole(from+t.n))
		t.set("node", t.token("node-x"))
		t.set("ratio", number(t.rng.Float64(), 6))
	}
}
