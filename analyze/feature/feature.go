// Package feature reduces an answer to features: small facts such as "the
// status is 200", "/items/*/price holds 12.5" or "the line <n> in stock occurs",
// each of which can be counted by itself and tested for whether it goes with
// anything that was drawn, such as a canary's label or a target.
//
// What a feature is (its [Def]) may depend on the answers seen so far: which
// keys of an object are ids, which members of a list recur. It never depends on
// labels, logs, targets or the clock. Nothing is called noise here: a time, an id
// or a counter simply has a value that moves.
package feature

import "strconv"

// The bounds within which answers of any size are reduced.
const (
	MaxDefs   = 8192    // definitions per extractor; what is beyond shares [FoldedPath]
	MaxValues = 1024    // values per answer; what is beyond shares [FoldedPath]
	MaxBody   = 8 << 20 // bytes of a body once decoded

	maxMembers = 64  // members per array path, templates per text
	maxDepth   = 64  // JSON below it is one value
	maxText    = 256 // bytes of a value that are kept for display
	maxNodes   = 1 << 14
)

// FoldedPath is the path of the one feature that stands for everything beyond
// the bounds.
const FoldedPath = ":more"

// Aspect is which side of a path a feature looks at.
type Aspect uint8

// The aspects. A feature that is absent from an answer is not listed; that it is
// absent is a value of its own, which the side that counts adds.
const (
	// Content is what stands there: of a scalar outside arrays, of a header, of a
	// wildcard of a template (Def.Member and Def.Slot say which).
	Content Aspect = iota
	// Type is the JSON type, or that a header is present. Below arrays it is the
	// set of types in this answer.
	Type
	// Shape is the form of a text, such as <uuid> or <time~z>, and of a number
	// that can be a time since 1970. Below arrays it is the set of forms.
	Shape
	// Member says that a member of a list, a template or a pair of words of a
	// text occurs; Def.Member is its text.
	Member
	// Set is whether an array is empty, with the set of its members' shapes; of a
	// cookie its attributes.
	Set
	// Size is how many members an array has, or the length class of a body that
	// is no text.
	Size
	// Order is the members of an array in their order.
	Order
	// Rest sums up the members beyond the bound; Def.Slot is the bucket.
	Rest

	aspects
)

var aspectNames = [...]string{"content", "type", "shape", "member", "set", "size", "order", "rest"}

// String is the aspect's name in lower case.
func (a Aspect) String() string { return aspectNames[a] }

// Late is which part of the weights pays for a feature that appears late.
type Late uint8

// The kinds of late features.
const (
	PathKind   Late = iota // paths and headers
	MemberKind             // members and templates
)

// Def names a feature of one scenario.
type Def struct {
	// Path is a JSON pointer with * for array indices and for keys that are ids
	// ("/items/*/price"), a header's name in lower case ("cache-control",
	// "cache-control max-age", "set-cookie visit"), or one of ":outcome", ":status",
	// ":error-type", ":producer", ":gateway-response", ":media-type", ":body",
	// ":failure", ":spacing" and [FoldedPath]. Fields of protobuf are ":pb/1/3".
	Path   string
	Aspect Aspect
	Member string // of a member, template or wildcard: its text, clipped for display
	Slot   int    // which wildcard of the template, from 1; which bucket of the rest
	Class  bool   // any person would call another value another answer
	Late   Late

	// Retired definitions are never listed again: the keys of their object turned
	// out to be ids, or the member was forgotten for a newer one. Should it come
	// back, it is a new definition with the same Hash.
	Retired bool

	hash uint64
}

// NewDef names a feature of a path by itself, with the hash that an [Extractor]
// gives it: for whoever simulates answers that were never bytes.
func NewDef(path string, aspect Aspect, class bool) Def {
	d := Def{Path: path, Aspect: aspect, Class: class}
	d.rehash(0)
	return d
}

// Hash identifies the feature within its scenario. It is the same on every
// machine and in every run.
func (d *Def) Hash() uint64 { return d.hash }

// String is how a report names the feature: "/items/*/price", "cache-control
// shape", `/items/* holds "tea"`.
func (d *Def) String() string {
	switch d.Aspect {
	case Content:
		if d.Slot > 0 {
			return d.Path + " " + strconv.Quote(d.Member) + " " + strconv.Itoa(d.Slot)
		}
		return d.Path
	case Member:
		return d.Path + " holds " + strconv.Quote(d.Member)
	case Rest:
		return d.Path + " rest " + strconv.Itoa(d.Slot)
	}
	return d.Path + " " + d.Aspect.String()
}

func (d *Def) rehash(salt uint64) {
	h := mix(hash(d.Path), uint64(d.Aspect)<<32|uint64(d.Slot))
	d.hash = mix(h, salt)
}

// Value is one feature's value in one answer.
type Value struct {
	Def  int    // index into [Extractor.Defs]
	Hash uint64 // of the value; the same on every machine
	Text string // for display, at most 256 bytes; "<uuid>" and the like for shapes
}

// hash is 64-bit FNV-1a, finished so that all bits depend on all input.
func hash[T string | []byte](s T) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return spread(h)
}

func spread(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// mix joins two hashes, in order.
func mix(h, x uint64) uint64 { return spread(h*0x9e3779b97f4a7c15 ^ x) }
