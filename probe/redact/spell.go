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
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// spellings are the ways in which others write a value down: as it is, in another
// case, backwards, in hex, and in base64 with whatever may stand before it. What is
// escaped is read by [unescape] and needs none of its own.
func spellings(s string) []string {
	out := []string{s, url.QueryEscape(s)} // a space as +
	for range levels {
		plain, _ := unescape(out[len(out)-1])
		out = append(out, plain) // of a value that holds what looks like an escape
	}
	if len(s) >= shortSecret { // the case of a short word tells nothing
		out = append(out, strings.ToLower(s), strings.ToUpper(s))
	}
	if len(s) >= tailLength {
		for _, form := range []string{"%x", "% x"} {
			text := fmt.Sprintf(form, s)
			out = append(out, text, strings.ToUpper(text), strings.ReplaceAll(text, " ", ":"))
		}
		out = append(out, hex.EncodeToString([]byte(backwards(s))), backwards(s))
		for _, t := range []string{s, quoted(s), base64.StdEncoding.EncodeToString([]byte(s))} {
			out = append(out, encodings(t)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func backwards(s string) string {
	back := []rune(s)
	slices.Reverse(back)
	return string(back)
}

// quoted is a value as JSON spells it, with <, > and & as they are.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string into memory
	return strings.TrimSuffix(b.String(), "\"\n")[1:]
}

// levels is how often a text may be escaped over again.
const levels = 3

// escapes are the characters with which an escape begins.
const escapes = `%\&`

// span is the part of a text that became one byte of another.
type span struct{ from, to int32 }

// unescape undoes one level of what URLs, JSON, programming languages and HTML escape,
// needed or not, and tells of each byte where it was. What is no escape stays.
func unescape(s string) (string, []span) {
	out, at := make([]byte, 0, len(s)), make([]span, 0, len(s))
	for i := 0; i < len(s); {
		text, n := s[i:i+1], 1
		if strings.IndexByte(escapes, s[i]) >= 0 {
			if plain, long := escape(s[i:]); long > 0 {
				text, n = plain, long
			}
		}
		for j := range len(text) {
			out, at = append(out, text[j]), append(at, span{int32(i), int32(i + n)})
		}
		i += n
	}
	return string(out), at
}

// escape reads the escape with which s begins, and its length; 0 where it is none.
func escape(s string) (string, int) {
	switch s[0] {
	case '%':
		if b, ok := digits(s, 1, 2); ok {
			return string([]byte{byte(b)}), 3
		}
	case '&':
		if end := strings.IndexByte(s[:min(len(s), 12)], ';'); end > 0 {
			if plain := html.UnescapeString(s[:end+1]); plain != s[:end+1] {
				return plain, end + 1
			}
		}
		return "", 0
	}
	if len(s) < 2 {
		return "", 0
	}
	switch s[1] {
	case 'u':
		high, ok := digits(s, 2, 4)
		if !ok {
			return "", 0
		}
		if low, ok := digits(s, 8, 4); ok && strings.HasPrefix(s[6:], s[:2]) {
			if both := utf16.DecodeRune(high, low); both != utf8.RuneError {
				return string(both), 12
			}
		}
		return string(high), 6
	case 'x':
		if b, ok := digits(s, 2, 2); ok && s[0] == '\\' {
			return string([]byte{byte(b)}), 4
		}
	case '"', '\\', '/', '\'':
		if s[0] == '\\' {
			return s[1:2], 2
		}
	case 'n', 'r', 't':
		if s[0] == '\\' {
			return map[byte]string{'n': "\n", 'r': "\r", 't': "\t"}[s[1]], 2
		}
	}
	return "", 0
}

// digits reads n hexadecimal digits.
func digits(s string, from, n int) (rune, bool) {
	if len(s) < from+n {
		return 0, false
	}
	v, err := strconv.ParseUint(s[from:from+n], 16, 32)
	return rune(v), err == nil
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
