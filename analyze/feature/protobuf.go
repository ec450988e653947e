package feature

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"unicode/utf8"
)

// protobufs are the features of messages without a schema.
type protobufs struct{ *Extractor }

// maxMessages is how deep messages of protobuf are followed.
const maxMessages = 16

// field is one field of a message of protobuf as it is on the wire.
type field struct {
	number int
	kind   kind
	bits   uint64
	bytes  []byte
}

// nextField reads a field; ok is false where the message is none. Groups, which
// nobody writes any more, are not read.
func nextField(b []byte) (f field, rest []byte, ok bool) {
	tag, n := binary.Uvarint(b)
	if tag>>3 == 0 || tag>>3 > 1<<29-1 { // 0 also where there is no tag
		return f, nil, false
	}
	f.number, b = int(tag>>3), b[n:]
	switch tag & 7 {
	case 0:
		f.kind = kindVarint
		f.bits, n = binary.Uvarint(b)
		return f, b[max(n, 0):], n > 0
	case 1:
		if len(b) < 8 {
			return f, nil, false
		}
		f.kind, f.bits = kindFixed64, binary.LittleEndian.Uint64(b)
		return f, b[8:], true
	case 2:
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return f, nil, false
		}
		f.kind, f.bytes = kindBytes, b[n:n+int(size)]
		return f, b[n+int(size):], true
	case 5:
		if len(b) < 4 {
			return f, nil, false
		}
		f.kind, f.bits = kindFixed32, uint64(binary.LittleEndian.Uint32(b))
		return f, b[4:], true
	}
	return f, nil, false
}

// isMessage tells whether the bytes are a message of at least one field.
func isMessage(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	for len(b) > 0 {
		var ok bool
		_, b, ok = nextField(b)
		if !ok {
			return false
		}
	}
	return true
}

// messages lists a body of protobuf, or the messages in the frames of gRPC: a
// byte of flags, the length in four, the message.
func (x protobufs) messages(body []byte, framed bool) {
	if !framed {
		x.message(x.protobuf, body, 0)
		return
	}
	for len(body) >= 5 {
		n := min(int(binary.BigEndian.Uint32(body[1:5])), len(body)-5)
		if body[0] == 0 {
			x.message(x.protobuf, body[5:5+n], 0)
		}
		body = body[5+n:]
	}
}

// message lists the fields of a message. A field that has been seen more than
// once in one message is a list from then on.
func (x protobufs) message(n *node, b []byte, depth int) {
	tree(x).present(n, kindMessage)
	x.repeated(n, b)
	for {
		f, rest, ok := nextField(b)
		if !ok { // its end too
			return
		}
		b = rest
		c := x.numbered(n, f.number)
		if c.isMap {
			c = tree(x).members(c)
		}
		x.field(c, f, depth)
	}
}

func (x protobufs) field(n *node, f field, depth int) {
	switch {
	case f.kind == kindVarint:
		x.cell = strconv.AppendUint(x.cell[:0], f.bits, 10)
	case f.kind != kindBytes:
		x.cell = strconv.AppendUint(append(x.cell[:0], "0x"...), f.bits, 16)
	case isPrintable(f.bytes):
		tree(x).leaf(n, kindString, x.hideIDs(f.bytes))
		return
	case depth < maxMessages && isMessage(f.bytes):
		x.message(n, f.bytes, depth+1)
		return
	default:
		x.cell = hex.AppendEncode(append(x.cell[:0], "0x"...), f.bytes[:min(len(f.bytes), maxText)])
		if len(f.bytes) > maxText {
			x.cell = strconv.AppendUint(append(x.cell, ' '), hash(f.bytes), 16)
		}
	}
	tree(x).leaf(n, f.kind, x.cell)
}

func isPrintable(b []byte) bool {
	for _, c := range b {
		if c < 32 && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
	}
	return utf8.Valid(b)
}

// repeated marks the fields that occur more than once.
func (x protobufs) repeated(n *node, b []byte) {
	var seen [64]bool
	for {
		f, rest, ok := nextField(b)
		if !ok { // its end too
			return
		}
		b = rest
		if f.number >= len(seen) {
			continue
		}
		if seen[f.number] {
			x.asList(x.numbered(n, f.number))
		}
		seen[f.number] = true
	}
}

func (x protobufs) asList(n *node) {
	if n.isMap || n.full {
		return
	}
	tree(x).retire(n)
	x.nodes++ // it stays
	n.isMap, n.kids, n.defs = true, nil, [aspects]int32{}
}

// numbered is the node of a field.
func (x protobufs) numbered(n *node, number int) *node {
	var digits [12]byte
	key := strconv.AppendInt(digits[:0], int64(number), 10)
	if c, ok := n.kids[string(key)]; ok {
		return c
	}
	if n.full {
		return n
	}
	c := tree(x).node(tree(x).join(n, key))
	if c == x.full {
		return c
	}
	c.below, c.ignored = n.below, c.ignored || n.ignored
	if n.kids == nil {
		n.kids = map[string]*node{}
	}
	n.kids[string(key)] = c
	return c
}
