package feature

import (
	"bytes"
	"encoding/base64"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// maxNested is how many JSON texts may stand one inside the other as strings.
const maxNested = 3

// level is the decoder of one such text with its memory.
type level struct {
	dec     jsontext.Decoder
	src     bytes.Buffer
	text    []byte
	unquote []byte
	decoded []byte // from base64
	failed  inner  // of the body itself
}

var jsonOptions = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

func (x bodies) level(depth int, text []byte) *level {
	l := &x.levels[depth]
	l.text, l.src = text, *bytes.NewBuffer(text)
	l.dec.Reset(&l.src, jsonOptions...)
	return l
}

// walker reads the values of one JSON text.
type walker struct {
	tree
	*level
	nested int
}

// json lists the features of a JSON text; false where it ends early.
func (x bodies) json(n *node, text []byte, nested int) bool {
	w := walker{tree(x), x.level(nested, text), nested}
	return w.value(n, nil, 0)
}

// isJSON tells whether the text is one JSON value, and no bare word or number.
func isJSON(text []byte) bool {
	if len(text) == 0 || text[0] != '{' && text[0] != '[' && text[0] != '"' {
		return false
	}
	return jsontext.Value(text).IsValid(jsonOptions...)
}

// value reads one value; false at the first error. key is the last name of its
// path, nil where that is no key of the top object.
func (w *walker) value(n *node, key []byte, depth int) bool {
	switch kind := w.dec.PeekKind(); {
	case kind != '{' && kind != '[' || depth >= maxDepth:
		raw, err := w.dec.ReadValue()
		if err != nil {
			return false
		}
		w.scalar(n, key, raw)
		return true
	case n.ignored:
		return w.dec.SkipValue() == nil
	case kind == '{':
		return w.object(n, depth)
	}
	return w.array(n, depth)
}

func (w *walker) object(n *node, depth int) bool {
	_, err := w.dec.ReadToken()
	if err != nil {
		return false
	}
	w.touch(n)
	n.object = true
	w.present(n, kindObject)
	for w.dec.PeekKind() != '}' {
		raw, err := w.dec.ReadValue()
		if err != nil {
			return false
		}
		name := w.plain(raw)
		n.keys++
		c := w.child(n, name)
		if depth > 0 || w.nested > 0 {
			name = nil
		}
		if !w.value(c, name, depth+1) {
			return false
		}
	}
	_, err = w.dec.ReadToken()
	return err == nil
}

func (w *walker) array(n *node, depth int) bool {
	_, err := w.dec.ReadToken()
	if err != nil {
		return false
	}
	w.present(n, kindArray)
	l := w.open(n)
	for w.dec.PeekKind() != ']' {
		if !w.member(l, depth+1) {
			return false
		}
	}
	l.close(w.Extractor)
	_, err = w.dec.ReadToken()
	return err == nil
}

// member reads one member of an array.
func (w *walker) member(l *array, depth int) bool {
	from := w.dec.InputOffset()
	l.begin(w.Extractor)
	if !w.value(l.star, nil, depth) {
		return false
	}
	l.end(w.Extractor, w.level.text[from:w.dec.InputOffset()])
	return true
}

// sequence reads the values that follow one another in a text, each on a line
// of its own.
func (x bodies) sequence(n *node, text []byte) bool {
	tree(x).present(n, kindLines)
	w := walker{tree(x), x.level(0, text), 0}
	l := tree(x).open(n)
	for {
		if w.dec.PeekKind() == 0 {
			_, err := w.dec.ReadToken()
			l.close(x.Extractor)
			return err == io.EOF
		}
		if !w.member(l, 1) {
			return false
		}
	}
}

// plain is a JSON string without quotation marks and escapes.
func (w *walker) plain(raw []byte) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return raw
	}
	if bytes.IndexByte(raw, '\\') == -1 {
		return raw[1 : len(raw)-1]
	}
	w.unquote, _ = jsontext.AppendUnquote(w.unquote[:0], raw)
	return w.unquote
}

func (w *walker) scalar(n *node, key, raw []byte) {
	if n.ignored {
		return
	}
	k := kindOf(raw)
	text := raw
	if k == kindString {
		text = w.plain(raw)
	}
	if key != nil {
		w.failed.see(key, text, k)
	}
	if k != kindString {
		w.leaf(n, k, text)
		return
	}
	bodies{w.Extractor}.inside(n, k, text, w.nested+1)
}

// inside lists a text, by what is in it where that is JSON: as it is, in base64,
// or in a token (RFC 7519).
func (x bodies) inside(n *node, k kind, text []byte, nested int) {
	switch {
	case nested >= maxNested || len(text) < 2 || n.ignored:
	case isJSON(text) && text[0] != '"':
		tree(x).present(n, k)
		x.json(n, text, nested)
		return
	case formOf(text) == formJWT:
		header, rest, _ := bytes.Cut(text, dot)
		claims, _, _ := bytes.Cut(rest, dot)
		x.base64(tree(x).child(n, []byte("header")), header, nested)
		x.base64(tree(x).child(n, []byte("claims")), claims, nested)
	default:
		x.base64(n, text, nested)
	}
	tree(x).leaf(n, k, x.hideIDs(text))
}

// base64 lists the JSON that a text holds in base64 and tells whether there is any.
func (x bodies) base64(n *node, text []byte, nested int) bool {
	switch string(text[:min(len(text), 2)]) {
	case "ey", "ew", "W3", "Wy": // {" and { at the end of a line, [{ and ["
	default:
		return false
	}
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	l := &x.levels[nested]
	var err error
	l.decoded, err = encoding.AppendDecode(l.decoded[:0], bytes.TrimRight(text, "="))
	if err != nil || !isJSON(l.decoded) {
		return false
	}
	return x.json(n, l.decoded, nested)
}

func kindOf(raw []byte) kind {
	switch raw[0] {
	case 'n':
		return kindNull
	case 't', 'f':
		return kindBool
	case '"':
		return kindString
	case '{', '[':
		return kindDeep
	}
	return kindNumber
}

// spacing tells how a JSON body was serialised: API Gateway's two serialisers
// differ in it, and so do two backends that say the same.
func spacing(body []byte) string {
	_, value, _ := bytes.Cut(body, colon)
	switch inside := body[1:]; {
	case bytes.HasPrefix(inside, newline) || bytes.HasPrefix(inside, []byte("\r")):
		return "pretty"
	case bytes.HasPrefix(value, []byte(" ")):
		return "spaced"
	}
	return "compact"
}
