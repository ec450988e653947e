package feature

import "math"

// tables keep the members of lists and the templates of texts.
type tables struct{ *Extractor }

// table holds the members of one list, or the templates of one text: at most
// maxMembers, and when it is full the oldest that was seen once gives way.
type table struct {
	n       *node
	salt    uint64 // tells kinds of members of one node apart
	byHash  map[uint64]int
	all     []member
	gen     uint32
	answers int      // with this list
	packed  bool     // this answer has no room for more
	wasted  int      // members forgotten after they had been given a definition
	gone    []uint64 // members forgotten, each where its hash falls; one more recent takes its place

	sums  [buckets]uint64
	rests [buckets]int32
	full  bool // this answer has members in the rest
}

// member is one member of a table.
type member struct {
	hash  uint64
	text  string
	def   int // -1: none yet
	seen  int // answers
	gen   uint32
	since uint32 // answer in which it was first seen
	slots []int32
	used  int  // of a template: wildcards in this answer
	many  bool // an answer had it in two lines
}

// buckets is over how many features the members beyond the bound are summed up:
// a difference in one of them leaves the others as they are.
const buckets = 16

// maxGone is how many members are known again that were forgotten: of a list that is
// flooded by members that never recur, what recurs seldom is told.
const maxGone = 1 << 12

// maxWasted is how many members of a table may get a definition and be
// forgotten. From then on a member gets one when it is seen again, so that a list
// whose members never recur does not use up all definitions.
const maxWasted = 64

func (x tables) begin(n *node, t *table, salt uint64) *table {
	if t == nil {
		t = &table{n: n, salt: salt, byHash: map[uint64]int{}}
	}
	if t.gen != x.gen {
		t.gen, t.packed, t.full = x.gen, false, false
		t.answers++
		x.tables = append(x.tables, t)
	}
	return t
}

// occurs lists that a member occurs and returns it; nil where it is among the
// rest.
func (x tables) occurs(t *table, h uint64, text []byte) *member {
	if t.n.full {
		x.put(more, h, nil)
		return nil
	}
	i, ok := t.byHash[h]
	if !ok {
		if i = x.room(t); i < 0 {
			t.sums[h%buckets] += h
			t.full = true
			return nil
		}
		t.byHash[h] = i
		t.all[i] = member{hash: h, text: x.keep(text), def: -1, since: x.gen}
		if t.gone != nil && t.gone[h%maxGone] == h {
			t.all[i].seen = 1 // it recurs, and stays
		}
	}
	m := &t.all[i]
	if m.gen == x.gen {
		return m
	}
	m.gen, m.used = x.gen, 0
	m.seen++
	if m.def < 0 && (m.seen > 1 || t.wasted < maxWasted) {
		m.def = x.define(Def{
			Path: t.n.path, Aspect: Member, Member: m.text, Class: t.n.class, Late: MemberKind,
		}, mix(t.salt, h))
	}
	if m.def >= 0 {
		x.put(m.def, mix(h, 1), occurs)
	}
	return m
}

var occurs = []byte("occurs")

// room is the index for a new member, -1 where there is none.
func (x tables) room(t *table) int {
	if len(t.all) < maxMembers {
		t.all = append(t.all, member{})
		return len(t.all) - 1
	}
	if t.packed {
		return -1
	}
	oldest, since := -1, uint32(math.MaxUint32)
	for i := range t.all {
		if m := &t.all[i]; m.seen == 1 && m.gen != x.gen && m.since < since {
			oldest, since = i, m.since
		}
	}
	if oldest < 0 {
		t.packed = true
		return -1
	}
	m := &t.all[oldest]
	if m.def >= 0 {
		t.wasted++
		x.retireMember(m)
	}
	if t.gone == nil {
		t.gone = make([]uint64, maxGone)
	}
	t.gone[m.hash%maxGone] = m.hash
	delete(t.byHash, m.hash)
	return oldest
}

// listRest lists the members beyond the bound.
func (x tables) listRest(t *table) {
	if !t.full {
		return
	}
	for i, sum := range t.sums {
		t.sums[i] = 0
		if sum == 0 {
			continue
		}
		if t.rests[i] == 0 {
			t.rests[i] = int32(x.define(Def{Path: t.n.path, Aspect: Rest, Slot: i + 1, Late: MemberKind}, t.salt))
		}
		x.put(int(t.rests[i]), spread(sum), other)
	}
}

var other = []byte("other members")

func (x tables) retireMember(m *member) {
	x.Turns++
	if m.def > more {
		x.defs[m.def].Retired = true
	}
	for _, d := range m.slots {
		if d > more {
			x.defs[d].Retired = true
		}
	}
}

func (x tables) retireTable(t *table) {
	if t == nil {
		return
	}
	t.full = false
	for i := range t.all {
		x.retireMember(&t.all[i])
	}
	for _, d := range t.rests {
		if d > more {
			x.defs[d].Retired = true
		}
	}
}
