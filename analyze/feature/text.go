package feature

import "bytes"

// texts are the features of a text, line by line.
type texts struct{ *Extractor }

// slot is a wildcard of a template: what stands in the text for it.
type slot struct {
	from, to int
}

// maxSlots is how many wildcards of a template have a value each, counted over
// the lines of an answer that follow it; the others share the last.
const maxSlots = 8

// lines lists a text by its lines, a marked-up one by its elements: which
// templates occur, and what stands for their wildcards. A line whose template has
// not been seen before, as one with a name that varies in it, is listed by pairs
// of words, so that a real difference beside the name is found.
func (x texts) lines(n *node, text []byte, markup bool) {
	n.lines = tables(x).begin(n, n.lines, saltTemplate)
	for len(text) > 0 {
		seg, rest := text, []byte(nil)
		if markup {
			seg, rest = element(text)
		}
		text = rest
		for line := range bytes.Lines(seg) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				x.oneLine(n, line)
			}
		}
	}
}

func (x texts) oneLine(n *node, seg []byte) {
	x.template(seg)
	m := tables(x).occurs(n.lines, mix(saltTemplate, hash(x.tmpl)), x.tmpl)
	if m != nil && m.def > more {
		x.wildcards(n, m, seg)
	}
	if (m == nil || m.seen == 1) && n.lines.answers > 2 {
		x.wordPairs(n, seg)
	}
}

// wildcards lists what stands for the wildcards of a template: one after the
// other, and by value where several could change places, so that a commit is
// found wherever it stands among tokens that are new each time.
func (x texts) wildcards(n *node, m *member, seg []byte) {
	if m.used > 0 && !m.many {
		m.many = true
		x.Turns++
	}
	for i, s := range x.slots {
		value := seg[s.from:s.to]
		at := min(m.used, maxSlots-1)
		if m.used++; at == len(m.slots) {
			m.slots = append(m.slots, int32(x.define(Def{
				Path: n.path, Aspect: Content, Member: m.text, Slot: at + 1, Class: n.class, Late: MemberKind,
			}, m.hash)))
		}
		x.put(int(m.slots[at]), hash(value), value)
		if m.many || m.used > maxSlots {
			n.values = tables(x).begin(n, n.values, saltSlot)
			tables(x).occurs(n.values, mix(mix(m.hash, uint64(i)), hash(value)), value)
		}
	}
}

// wordPairs lists the pairs of words that follow one another.
func (x texts) wordPairs(n *node, seg []byte) {
	n.pairs = tables(x).begin(n, n.pairs, saltPair)
	before := []byte("^")
	for from, to, next := token(seg, 0); from < len(seg); from, to, next = token(seg, next) {
		word := seg[from:to]
		x.text = append(append(append(x.text[:0], before...), ' '), word...)
		tables(x).occurs(n.pairs, mix(saltPair, hash(x.text)), x.text)
		if before = word; variable(word) {
			before = bracketed[formOf(word)]
		}
	}
}

// template makes the template of a line: its tokens that can vary give way to
// their shapes.
func (x texts) template(seg []byte) {
	x.tmpl, x.slots = x.tmpl[:0], x.slots[:0]
	last := 0
	for from, to, next := token(seg, 0); from < len(seg); from, to, next = token(seg, next) {
		word := seg[from:to]
		if !variable(word) {
			continue
		}
		x.tmpl = append(append(x.tmpl, seg[last:from]...), wildcard(word)...)
		x.slots = append(x.slots, slot{from, to})
		last = to
	}
	x.tmpl = append(x.tmpl, seg[last:]...)
}

// variable tells whether a token can vary by its form: it has a digit in it, or
// is the name of a day or a month. What it holds is not lost but the value of a
// wildcard.
func variable(word []byte) bool {
	for _, c := range word {
		if isDigit(c) {
			return true
		}
	}
	return isCalendar(word) || len(word) >= 16 && allIn(word, isHex)
}

func wildcard(word []byte) []byte {
	f := formOf(word)
	if f == formText {
		return anyToken
	}
	return bracketed[f]
}

var anyToken = []byte("<token>")

// token finds the next token at or after i; from is len(s) where there is none.
// A full stop at its end is none of it.
func token(s []byte, i int) (from, to, next int) {
	for i < len(s) && delimits(s, i) {
		i++
	}
	from = i
	for i < len(s) && !delimits(s, i) {
		i++
	}
	to = i
	for to > from+1 && (s[to-1] == '.' || s[to-1] == '!') {
		to--
	}
	return from, to, i
}

// delimits tells whether a token ends at s[i]. A colon ends none between digits,
// as in a time of day.
func delimits(s []byte, i int) bool {
	switch s[i] {
	case ' ', '\t', '\r', '\n', ',', ';', '=', '"', '\'', '<', '>', '(', ')', '{', '}', '[', ']', '|', '&', '?', '/':
		return true
	case ':':
		return i == 0 || i+1 == len(s) || !isDigit(s[i-1]) || !isDigit(s[i+1])
	}
	return false
}

// element cuts the first element off a marked-up text: a tag with the text
// behind it. A closing tag adds nothing.
func element(text []byte) (seg, rest []byte) {
	seg = text
	if next := bytes.IndexByte(text[1:], '<'); next >= 0 {
		seg, rest = text[:next+1], text[next+1:]
	}
	if bytes.HasPrefix(seg, []byte("</")) {
		if _, behind, ok := bytes.Cut(seg, []byte(">")); ok {
			seg = behind
		}
	}
	return seg, rest
}
