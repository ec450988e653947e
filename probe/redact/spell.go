package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
)

// spellings are the ways in which others write a value down: as it is, escaped
// for JSON (once and within a JSON string), for URLs and for HTML, in hex, and in
// base64 with whatever may stand before it.
func spellings(s string) []string {
	plain := []string{s}
	if len(s) >= shortSecret { // the case of a short word tells nothing
		plain = append(plain, strings.ToLower(s), strings.ToUpper(s))
	}
	out := slices.Clone(plain)
	for _, q := range quotations(s) {
		out = append(out, q, strings.ReplaceAll(q, "/", `\/`))
		out = append(out, quotations(q)...)
	}
	for _, p := range []string{url.QueryEscape(s), url.PathEscape(s), strings.ReplaceAll(url.QueryEscape(s), "+", "%20")} {
		out = append(out, p, lowerEscapes(p), url.QueryEscape(p))
	}
	numeric := html.EscapeString(s) // &#34; and &#39;
	named := strings.NewReplacer("&#34;", "&quot;", "&#39;", "&apos;").Replace(numeric)
	out = append(out, numeric, named, strings.ReplaceAll(named, "&apos;", "&#x27;"))
	if len(s) >= tailLength {
		out = append(out, hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s))))
		out = append(out, encodings(s)...)
		out = append(out, escaped(s)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// escaped spells every character as URLs, HTML and JSON may, needed or not, and the whole
// backwards.
func escaped(s string) []string {
	var out []string
	for _, form := range []string{"%%%02x", "%%%02X", "&#%d;", "&#x%x;", "&#x%X;", `\u%04x`, `\u%04X`} {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, form, c)
		}
		out = append(out, b.String())
	}
	back := []rune(s)
	slices.Reverse(back)
	return append(out, string(back))
}

// quotations spells a string as JSON does within its quotes: with <, > and &
// escaped, as Go does, and as they are, as others do.
func quotations(s string) []string {
	var out []string
	for _, escape := range []bool{true, false} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escape)
		_ = e.Encode(s) // a string into memory
		out = append(out, strings.TrimSuffix(b.String(), "\"\n")[1:])
	}
	return out
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// encodings are the base64 characters that a value makes wherever it stands in
// what is encoded: with 0, 1 or 2 bytes of a group of three before it, less the
// characters that its neighbours have a part in.
func encodings(s string) []string {
	var out []string
	for before := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString(append(make([]byte, before), s...))
			from, bits := (8*before+5)/6, 8*(before+len(s))
			if text = text[from : bits/6]; len(text) >= shortSecret {
				out = append(out, text)
			}
		}
	}
	return append(out, base64.StdEncoding.EncodeToString([]byte(s)), base64.URLEncoding.EncodeToString([]byte(s)))
}
