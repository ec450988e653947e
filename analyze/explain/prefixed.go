package explain

import (
	"bytes"

	"stageprobe/probe/lazyregexp"
)

var (
	loggedStatus = lazyregexp.New(`HTTP/[0-9](?:\.[0-9])?[ \t]+[1-5][0-9][0-9]\b`)
	wireEnd      = lazyregexp.New(`(?m)(?:\[\\r\]|\\r)?(?:\[\\n\]|\\n)?["']?[ \t]*\r?$`)
)

// unprefix takes off what a logger puts before every line of an answer: a time,
// a level, its own name. The first status line shows how long that is; of each
// further line the same length goes where it looks the same but for its digits,
// or else what stands before the arrow that marks what came in. ok is false
// where no status line stands behind other text.
func unprefix(text []byte) (out []byte, ok bool) {
	const widest = 300
	at := loggedStatus.FindIndex(text)
	if at == nil {
		return nil, false
	}
	from := bytes.LastIndexByte(text[:at[0]], '\n') + 1
	if n := at[0] - from; n == 0 || n > widest || isWordByte(text[at[0]-1]) {
		return nil, false
	}
	p := newPrefix(text[from:at[0]])
	for line := range bytes.Lines(text[from:]) {
		rest := p.cut(line)
		if p.quote != 0 {
			rest = append(wireEnd.ReplaceAll(bytes.TrimRight(rest, "\n"), nil), '\n')
		}
		out = append(out, rest...)
	}
	return out, true
}

// prefix is what stands before every line.
type prefix struct {
	text  []byte
	arrow []byte // "<< " or "<- " at its end
	quote byte   // the quotation mark behind that, or 0
}

func newPrefix(text []byte) prefix {
	p := prefix{text: text}
	if end := text[len(text)-1]; end == '"' || end == '\'' {
		p.quote = end
		text = text[:len(text)-1]
	}
	for _, arrow := range []string{"<< ", "<- ", "< "} {
		if bytes.HasSuffix(text, []byte(arrow)) {
			p.arrow = []byte(arrow)
			break
		}
	}
	return p
}

// cut returns the line without the prefix; the whole line where it has none.
func (p *prefix) cut(line []byte) []byte {
	if n := len(bytes.TrimRight(p.text, " \t")); len(line) >= n && alike(line[:n], p.text[:n]) {
		return line[min(len(p.text), len(bytes.TrimRight(line, "\r\n"))):]
	}
	if p.arrow == nil {
		return line
	}
	const furthest = 400
	i := bytes.Index(line[:min(len(line), furthest)], p.arrow)
	if i < 0 {
		return line
	}
	line = line[i+len(p.arrow):]
	if p.quote != 0 {
		return bytes.TrimPrefix(line, []byte{p.quote})
	}
	if body, ok := bytes.CutPrefix(line, []byte(`"{`)); ok { // a logger of bytes beside one of headers
		return append([]byte{'{'}, wireEnd.ReplaceAll(bytes.TrimRight(body, "\n"), nil)...)
	}
	return line
}

// alike tells whether two pieces are the same but for their digits.
func alike(a, b []byte) bool {
	for i := range a {
		if a[i] != b[i] && !(isDigit(a[i]) && isDigit(b[i])) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// okHTTP is how OkHttp logs the status line of an answer, and its end.
var (
	okHTTP    = lazyregexp.New(`(?m)^([^\n<]{0,200})<-- ([1-5][0-9][0-9])\b[^\n]*?(https?://[^\s]+) \([0-9]+ ?ms[^\n]*$`)
	okHTTPEnd = lazyregexp.New(`(?m)^[^\n<]{0,200}<-- END HTTP[^\n]*$`)
)

// unarrow gives an answer that OkHttp logged the status line of HTTP, and tells
// the URL that the logger wrote there; "" where the text holds no such answer.
func unarrow(text []byte) (inner []byte, url string) {
	if !bytes.Contains(text, []byte("<-- END HTTP")) {
		return text, ""
	}
	m := okHTTP.FindSubmatch(text)
	if m == nil {
		return text, ""
	}
	text = okHTTP.ReplaceAll(text, []byte("${1}HTTP/1.1 $2"))
	return okHTTPEnd.ReplaceAll(text, nil), string(m[3])
}
