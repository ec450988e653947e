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

// compress writes through a compressor; a buffer takes everything, so nothing
// fails.
func compress(body string, with func(w io.Writer) io.WriteCloser) string {
	var b bytes.Buffer
	w := with(&b)
	_, _ = io.WriteString(w, body)
	_ = w.Close()
	return b.String()
}

// zstdEncoder is shared: one of its own for each answer costs megabytes.
var zstdEncoder, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))

// encoders are content codings.
var encoders = map[string]func(body string) string{
	"gzip": func(body string) string {
		return compress(body, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	},
	"br": func(body string) string {
		return compress(body, func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 3) })
	},
	"zstd": func(body string) string { return string(zstdEncoder.EncodeAll([]byte(body), nil)) },
}

// mixedEncodings answers in one of several codings whatever was asked for, as
// a cache does that forgets to vary.
func mixedEncodings(d *draw) step {
	codings := d.pick([]string{"identity", "gzip", "br", "zstd"}, 2, 4)
	return func(t *turn) {
		coding := one(t, codings)
		t.after(func(out *Answer) {
			if encode := encoders[coding]; encode != nil && out.Body != "" {
				out.Body = encode(out.Body)
				out.Set("Content-Encoding", coding)
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
			out.Body = compress(out.Body, func(w io.Writer) io.WriteCloser {
				z, _ := gzip.NewWriterLevel(w, level)
				z.ModTime = at
				return z
			})
			out.Set("Content-Encoding", "gzip")
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
		return base64.StdEncoding.EncodeToString([]byte(t.token(strings.Repeat("~", n))))
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
			t.after(func(out *Answer) {
				if out.Body != "" {
					out.Body += "\n"
				}
			})
		}
	}
}

func protobufCounters(d *draw) step {
	from := d.rng.IntN(90000)
	return func(t *turn) {
		t.set("counter", whole(from+t.n))
		t.set("node", t.token("node-~"))
		t.set("ratio", number(t.rng.Float64(), 6))
	}
}
