package feature

import (
	"bytes"
	"strconv"
)

// What kinds of members of one node are told apart by.
const (
	saltMember = iota + 1
	saltElement
	saltTemplate
	saltPair
	saltSlot
)

// present lists that there is something at the path, and of which type.
func (x tree) present(n *node, k kind) {
	if n.below {
		x.touch(n)
		n.types |= 1 << k
		return
	}
	x.emit(n, Type, uint64(k)+1, typeTexts[k])
}

// leaf lists a value that has no parts.
func (x tree) leaf(n *node, k kind, text []byte) {
	if n.ignored {
		return
	}
	x.present(n, k)
	f := formText
	switch k {
	case kindString, kindPresent:
		f = formOf(text)
	case kindNumber, kindVarint:
		f = epoch(text)
	}
	h := mix(uint64(k), hash(text))
	x.element += mix(n.hash, h)
	x.leaves++
	if n.below {
		x.below(n, k, f, h, text)
		return
	}
	if k == kindString || k == kindPresent || f != formText && f != formNumber {
		x.emit(n, Shape, uint64(f)+1, bracketed[f])
	}
	if f == formText {
		if masked := x.patterned(text); !bytes.Equal(masked, text) {
			text, h = masked, mix(uint64(k), hash(masked))
		}
	}
	x.emit(n, Content, h, text)
	if n.gen == x.gen && n.many == 0 {
		n.many = x.gen
		x.Turns++
	}
	if n.many > 0 && n.many < x.gen { // of a header that is repeated each is a member
		n.values = tables(x).begin(n, n.values, saltMember)
		tables(x).occurs(n.values, mix(saltMember, h), text)
	}
	if n.gen != x.gen { // a repeated header moves if its first does
		if !n.moved && n.gen > 0 && n.last != h {
			n.moved = true
			x.Turns++
		}
		n.gen, n.last = x.gen, h
	}
	// The parts of a text that never moves would tell no more than the text.
	if n.moved && composed(f, text) {
		texts(x).lines(n, text, false)
	}
}

var slash = []byte("/")

// composed tells whether a text has parts that may move by themselves.
func composed(f form, text []byte) bool {
	return f == formURL || f == formText && (bytes.IndexAny(text, " \t\n&;|,:[(") > 0 || bytes.HasPrefix(text, slash))
}

// below lists a value below an array: its shape goes into the set of the path,
// and the value is a member, beside the template that it follows and what stands for
// its wildcards.
func (x tree) below(n *node, k kind, f form, h uint64, text []byte) {
	if k == kindString || f != formText && f != formNumber {
		n.shapes |= 1 << f
	}
	n.values = tables(x).begin(n, n.values, saltMember)
	tables(x).occurs(n.values, mix(saltMember, h), text)
	if !composed(f, text) {
		return
	}
	texts(x).template(text)
	if len(x.slots) == 0 {
		return
	}
	n.lines = tables(x).begin(n, n.lines, saltTemplate)
	h = mix(saltTemplate, hash(x.tmpl))
	tables(x).occurs(n.lines, h, x.tmpl)
	for i, s := range x.slots {
		tables(x).occurs(n.lines, mix(mix(h, uint64(i)), hash(text[s.from:s.to])), text[s.from:s.to])
	}
}

// array is an array being read.
type array struct {
	n, star *node
	size    int
	order   uint64
	outer   uint64 // x.element and x.leaves of the member that the array stands in
	leaves  int
}

func (x tree) open(n *node) *array {
	x.touch(n)
	return &array{n: n, star: x.members(n), outer: x.element, leaves: x.leaves}
}

// begin begins a member.
func (a *array) begin(x *Extractor) {
	a.size++
	x.element, x.leaves = 0, 0
}

// end ends a member, of which raw is the text: one that has several parts is a
// member by all of them.
func (a *array) end(x *Extractor, raw []byte) {
	a.order = mix(a.order, x.element)
	if x.leaves < 2 || a.star.full || a.star.ignored {
		return
	}
	a.star.values = tables{x}.begin(a.star, a.star.values, saltMember)
	tables{x}.occurs(a.star.values, mix(saltElement, x.element), bytes.TrimLeft(raw, ", \t\r\n"))
}

func (a *array) close(x *Extractor) {
	switch {
	case a.size == 0:
		a.n.sets |= 1 << formNothing
	case a.star.gen == x.gen:
		a.n.sets |= memberForms(a.star)
	}
	x.element, x.leaves = mix(a.outer, a.order), a.leaves+1
	if a.n.below {
		if a.size > 1 && !a.n.ignored {
			a.n.values = tables{x}.begin(a.n, a.n.values, saltMember)
			x.text = appendOrder(x.text[:0], a.order)
			tables{x}.occurs(a.n.values, mix(saltElement, a.order), x.text)
		}
		return
	}
	x.text = strconv.AppendInt(x.text[:0], int64(a.size), 10)
	tree{x}.emit(a.n, Size, uint64(a.size)+1, x.text)
	if a.size > 1 {
		x.text = appendOrder(x.text[:0], a.order)
		tree{x}.emit(a.n, Order, a.order, x.text)
	}
}

func appendOrder(out []byte, order uint64) []byte {
	return strconv.AppendUint(append(out, "order "...), order>>32, 16)
}

// memberForms is the set of the shapes of an array's members.
func memberForms(star *node) uint32 {
	set := star.shapes
	for _, m := range memberKinds {
		if star.types&(1<<m.kind) != 0 {
			set |= 1 << m.form
		}
	}
	return set
}

var memberKinds = [...]struct {
	kind kind
	form form
}{{kindObject, formObject}, {kindArray, formArray}, {kindNull, formNull}, {kindNumber, formNumber}, {kindBool, formBool}, {kindDeep, formDeep}}
