package signature

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxIndex = 32      // array elements beyond it share a path
	maxDepth = 24      // what is deeper shares a path
	maxParts = 8 << 10 // fields of a body before folding
)

// body takes the body apart: JSON by pointer, text by line and token, anything
// else as a whole.
func (s *Scanner) body() {
	body := s.o.Body
	switch {
	case len(bytes.TrimSpace(body)) == 0:
	case s.o.Get("content-encoding") != "" || !isText(body):
		s.add(":body", strconv.FormatUint(Hash(string(body)), 16), sized(shapeHex, 16))
	case !s.json(body):
		s.text(string(body))
	}
}

// json adds the scalars of a JSON body and tells whether it was one. A body cut
// short counts as far as it goes.
func (s *Scanner) json(body []byte) bool {
	first := bytes.TrimLeft(body, " \t\r\n\ufeff")
	if len(first) == 0 || strings.IndexByte(`{["-0123456789tfn`, first[0]) < 0 {
		return false
	}
	mark := len(s.fields)
	s.decoder.Reset(bytes.NewBuffer(first), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	w := walker{Scanner: s}
	s.path = s.path[:0]
	ok := w.any(0)
	if ok && len(bytes.TrimSpace(first[s.decoder.InputOffset():])) > 0 || !ok && !s.o.Truncated {
		s.fields = s.fields[:mark]
		return false
	}
	s.add(":spacing", spacing(first), shapeWord)
	return true
}

// spacing tells how a JSON body was serialised: API Gateway's two serialisers
// differ in it, and so do two backends that say the same.
func spacing(body []byte) string {
	colon := bytes.IndexByte(body, ':')
	switch {
	case bytes.HasPrefix(body, []byte("{\n")) || bytes.HasPrefix(body, []byte("{\r\n")) || bytes.HasPrefix(body, []byte("[\n")):
		return "pretty"
	case colon >= 0 && colon+1 < len(body) && body[colon+1] == ' ':
		return "spaced"
	}
	return "compact"
}

// walker reads one JSON value after the other and keeps the pointer to where it
// is in s.path.
type walker struct {
	*Scanner
	parts int
}

// any reads one value; false at the first error.
func (w *walker) any(depth int) bool {
	tok, err := w.decoder.ReadToken()
	if err != nil {
		return false
	}
	switch tok.Kind() {
	case '{':
		return w.object(depth + 1)
	case '[':
		return w.array(depth + 1)
	}
	w.scalar(tok)
	return true
}

func (w *walker) scalar(tok jsontext.Token) {
	path := w.here()
	if w.parts++; w.parts > maxParts {
		path = foldedPath
	}
	if tok.Kind() == 'n' {
		w.add(path, "null", shapeNull)
		return
	}
	if tok.Kind() == '"' {
		w.value(path, tok.String())
		return
	}
	w.literal(path, tok.String())
}

// here is the pointer to the value at hand; the pointer to a whole body would
// be empty.
func (w *walker) here() string {
	if len(w.path) == 0 {
		return ":body"
	}
	return w.intern(w.path)
}

func (w *walker) object(depth int) bool {
	base, empty := len(w.path), true
	for w.decoder.PeekKind() != '}' {
		key, err := w.decoder.ReadToken()
		if err != nil {
			return false
		}
		empty = false
		w.step(base, depth, keyName(key.String()))
		if !w.any(depth) {
			return false
		}
		w.path = w.path[:min(base, len(w.path))]
	}
	if empty {
		w.add(w.here(), "{}", shapeWord)
	}
	_, err := w.decoder.ReadToken()
	return err == nil
}

func (w *walker) array(depth int) bool {
	base, n := len(w.path), 0
	for ; w.decoder.PeekKind() != ']'; n++ {
		if n < maxIndex {
			w.step(base, depth, strconv.Itoa(n))
		} else {
			w.step(base, depth, "[*]")
		}
		if !w.any(depth) {
			return false
		}
		w.path = w.path[:min(base, len(w.path))]
	}
	w.path = append(w.path, '#')
	w.add(w.intern(w.path), strconv.Itoa(n), shapeInt)
	w.path = w.path[:base]
	_, err := w.decoder.ReadToken()
	return err == nil
}

// step sets the path to that of a member. What is deeper than maxDepth shares
// its ancestor's path, so that the length of a path is bounded.
func (w *walker) step(base, depth int, name string) {
	w.path = w.path[:base]
	if depth <= maxDepth {
		w.path = append(append(w.path, '/'), name...)
	}
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// keyName is a key as a step of a JSON pointer (RFC 6901). Keys that are ids
// give way to their shape, so that maps by id have a bounded number of paths.
func keyName(key string) string {
	switch k := shapeOf(key, noTime); {
	case k == shapeUUID, k&^15 == shapeHex && len(key) >= 16, k&^15 == shapeInt && len(key) >= 6, k == shapeTime:
		return "{" + shapeNames[k>>4] + "}"
	}
	if len(key) > 128 {
		key = key[:128]
	}
	if strings.ContainsAny(key, "~/") {
		return pointerEscape.Replace(key)
	}
	return key
}

// text adds the tokens of a text by line and position.
func (s *Scanner) text(body string) {
	lines, parts := 0, 0
	for line := range strings.Lines(body) {
		lines++
		n := 0
		for tok := range strings.FieldsFuncSeq(line, delimits) {
			n++
			if parts++; parts > maxParts {
				s.value(foldedPath, tok)
				continue
			}
			s.path = append(s.path[:0], ":L"...)
			s.path = strconv.AppendInt(s.path, int64(lines), 10)
			s.path = append(s.path, '.')
			s.path = strconv.AppendInt(s.path, int64(n), 10)
			s.value(s.intern(s.path), tok)
		}
	}
	s.add(":L#", strconv.Itoa(lines), shapeInt)
}

func delimits(r rune) bool {
	switch r {
	case ' ', '\t', '\r', '\n', '<', '>', '"', '\'', '=':
		return true
	}
	return false
}
