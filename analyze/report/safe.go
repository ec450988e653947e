package report

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"stageprobe/analyze"
	"stageprobe/probe/redact"
)

// plainReport is a copy of a report with every string in it made [plain].
func plainReport(rep *analyze.Report) *analyze.Report {
	c := redact.Texts(*rep, plain)
	return &c
}

// plain makes text of others safe for a terminal or a plain file: what would
// move the cursor, colour, ring or reorder is shown as an escape.
func plain(s string) string {
	if strings.IndexFunc(s, unsafeRune) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unsafeRune(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unsafeRune: control and format characters (which hold the bidirectional
// overrides), unassigned ones, and every space but the common one.
func unsafeRune(r rune) bool {
	return r == utf8.RuneError || !unicode.IsPrint(r)
}

// PlainLines makes text of others safe for a terminal, its line breaks kept.
func PlainLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = plain(strings.ReplaceAll(l, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

// SafeJSON escapes in JSON what a terminal would obey: encoding/json leaves
// U+007F to U+009F and the bidirectional overrides as they are. Outside of strings
// JSON holds neither.
func SafeJSON(b []byte) []byte {
	unsafe := func(r rune) bool {
		return r >= 0x7f && r != utf8.RuneError && !unicode.IsPrint(r) && !unicode.IsSpace(r) || r == 0x85
	}
	if bytes.IndexFunc(b, unsafe) < 0 {
		return b
	}
	out := make([]byte, 0, len(b)+64)
	for _, r := range string(b) {
		switch {
		case !unsafe(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}
