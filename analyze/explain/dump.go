package explain

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// node is a value of a dump: an object, an array or a scalar. A dump is what a
// program prints of its data: JSON, a Python dictionary, a JavaScript object.
type node struct {
	kind   byte   // '{', '[', or 0 for a scalar
	key    string // "" within an array
	text   string // of a scalar
	quoted bool   // the scalar stood in quotes
	raw    []byte // source of an object or an array
	kids   []node
}

// deepest is how many levels of a dump are told apart.
const deepest = 64

// dumper reads a dump of any of these languages. It never fails: what is no
// part of one is passed over.
type dumper struct {
	text  []byte
	at    int
	stack []frame
	words []string // bare words since the last separator
	last  *node    // a string that may turn out to be a key
	key   string   // of the value to come
	keyed bool
	broke int // so many of the words stand on lines before
}

type frame struct {
	node  node
	from  int
	round bool // opened by a round bracket
}

// parseDump reads text as the members of one object.
func parseDump(text []byte) *node {
	d := dumper{text: text, stack: []frame{{node: node{kind: '{'}}}}
	for d.at < len(text) {
		d.step()
	}
	d.flush()
	for len(d.stack) > 1 {
		d.pop()
	}
	return &d.stack[0].node
}

func (d *dumper) step() {
	switch c := d.text[d.at]; {
	case c == '\n':
		d.newline()
	case c <= ' ':
		d.at++
	case c == '{' || c == '[':
		d.push(c)
	case c == '(' && d.tuple():
		d.push('[')
		d.stack[len(d.stack)-1].round = true
	case c == '}' || c == ']' || c == ')' && d.stack[len(d.stack)-1].round:
		d.flush()
		d.at++
		if len(d.stack) > 1 {
			d.pop()
		}
	case c == '"' || c == '`' || c == '\'':
		d.quote(c)
	case c == ':' || c == '=':
		d.colon()
	case c == ',' || c == ';':
		d.flush()
		d.at++
	case isWordByte(c):
		d.word()
	default:
		d.at++
	}
}

// newline passes over the sign by which a comment or a quotation marks lines.
func (d *dumper) newline() {
	if len(d.stack) == 1 && !d.keyed {
		d.flush()
	}
	d.broke = len(d.words)
	d.at++
	for d.at < len(d.text) && strings.IndexByte(" \t#/>|*", d.text[d.at]) >= 0 {
		d.at++
	}
}

// tuple tells whether a round bracket opens a pair within a list.
func (d *dumper) tuple() bool {
	return d.stack[len(d.stack)-1].node.kind == '[' && !d.keyed && len(d.words) == 0
}

func (d *dumper) push(kind byte) {
	key := d.key
	if !d.keyed {
		key = strings.Join(d.words, " ")
	}
	d.reset()
	if len(d.stack) < deepest {
		d.stack = append(d.stack, frame{node: node{kind: kind, key: key}, from: d.at})
	}
	d.at++
}

func (d *dumper) pop() {
	top := d.stack[len(d.stack)-1]
	d.stack = d.stack[:len(d.stack)-1]
	top.node.raw = d.text[top.from:d.at]
	d.add(top.node)
}

func (d *dumper) add(n node) {
	top := &d.stack[len(d.stack)-1].node
	top.kids = append(top.kids, n)
}

func (d *dumper) reset() { d.words, d.last, d.key, d.keyed = d.words[:0], nil, "", false }

// flush takes what was read since the last separator: a scalar of an array, or
// a value that never came.
func (d *dumper) flush() {
	if d.last != nil && d.stack[len(d.stack)-1].node.kind == '[' {
		d.add(*d.last)
	}
	d.reset()
}

// colon turns what was read into the key of what follows.
func (d *dumper) colon() {
	d.at++
	switch {
	case d.keyed: // "=>" of Ruby, or a second colon
	case d.last != nil:
		d.key, d.keyed = d.last.text, true
	case len(d.words) > 0:
		if d.broke < len(d.words) { // a key stands on one line
			d.words = d.words[d.broke:]
		}
		d.key, d.keyed = strings.Join(d.words, " "), true
	}
	d.words, d.last = d.words[:0], nil
}

// quote reads a string. One that its line does not close has lost its rest.
func (d *dumper) quote(q byte) {
	if q == '\'' && d.at > 0 && isLetter(d.text[d.at-1]) && (d.at < 2 || isLetter(d.text[d.at-2])) {
		d.at++ // an apostrophe
		return
	}
	from := d.at + 1
	end, escaped := from, false
	for ; end < len(d.text) && d.text[end] != q && d.text[end] != '\n'; end++ {
		if d.text[end] == '\\' {
			escaped = true
			end++
		}
	}
	if end >= len(d.text) || d.text[end] != q {
		d.at = min(end, len(d.text))
		d.reset()
		return
	}
	d.at = end + 1
	text := string(d.text[from:end])
	if escaped {
		text = unescape(text)
	}
	d.scalar(node{text: text, quoted: true})
}

func (d *dumper) scalar(n node) {
	if d.keyed {
		n.key = d.key
		d.reset()
		d.add(n)
		return
	}
	d.last, d.words = &n, d.words[:0]
}

// word reads a bare word: a number, a key without quotes, the name of a type.
func (d *dumper) word() {
	from := d.at
	for d.at < len(d.text) && isWordByte(d.text[d.at]) {
		d.at++
	}
	for d.keyed && d.at < len(d.text) && d.text[d.at] == '=' { // padding
		d.at++
	}
	word := string(d.text[from:d.at])
	if next := d.peek(); d.keyed && next != '{' && next != '(' && next != '"' && next != '\'' {
		d.scalar(node{text: word})
		return
	}
	const most = 4 // words of a label such as "HTTP response headers"
	if len(d.words) == most {
		d.words = append(d.words[:0], d.words[1:]...)
		d.broke = max(0, d.broke-1)
	}
	if len(d.words) == 0 {
		d.broke = 0
	}
	d.words, d.last = append(d.words, word), nil
}

// peek is the next byte of the line that is no blank, 0 at its end.
func (d *dumper) peek() byte {
	for _, c := range d.text[d.at:] {
		if c == '\n' || c > ' ' {
			return c
		}
	}
	return 0
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isWordByte(c byte) bool {
	return isLetter(c) || '0' <= c && c <= '9' || strings.IndexByte("_$@.-+/", c) >= 0 || c >= utf8.RuneSelf
}

var plainEscapes = strings.NewReplacer(`\\`, `\\`, `\'`, `'`, `\/`, `/`, "\\`", "`", `\"`, `"`)

// unescape resolves the escapes that the languages share.
func unescape(s string) string {
	s = plainEscapes.Replace(s)
	if !strings.Contains(s, `\`) {
		return s
	}
	if out, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`); err == nil {
		return out
	}
	return s
}

// json is the node as JSON: its source where that is JSON already.
func (n *node) json() []byte {
	if n.kind == 0 {
		return []byte(n.text)
	}
	if json.Valid(n.raw) {
		return bytes.TrimSpace(n.raw)
	}
	out, _ := json.Marshal(n.value()) // strings, maps and slices always marshal
	return out
}

func (n *node) value() any {
	switch n.kind {
	case '{':
		out := map[string]any{}
		for i := range n.kids {
			out[n.kids[i].key] = n.kids[i].value()
		}
		return out
	case '[':
		out := []any{}
		for i := range n.kids {
			out = append(out, n.kids[i].value())
		}
		return out
	}
	switch {
	case n.quoted:
	case n.text == "null", n.text == "None", n.text == "undefined", n.text == "nil":
		return nil
	case json.Valid([]byte(n.text)):
		return json.RawMessage(n.text)
	}
	return n.text
}
