package cluster

import (
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// group holds the answers of one scenario on one target: each distinct field
// vector once, and per field the counts of its values.
type group struct {
	key
	address probe.Target // what is known of the target; zero where nothing is

	n       int
	fields  []*field
	byPath  map[string]int32
	vectors []vector
	byHash  map[uint64]int32

	raws map[int32]*raw // exemplars by vector
	read map[int32]signature.Reading

	signed  []uint64 // signatures of vectors under mask
	mask    *mask
	scratch []cell
}

// field counts the values of one field. Beyond maxValues distinct values new
// ones share one entry.
type field struct {
	path   string
	hash   uint64
	n      int
	byKey  map[uint64]uint32
	values []value
	often  []uint32 // values seen more than RMax times
	most   int      // the largest count

	now, recent bool // some value is its request's own time, some a time of the last day
}

type value struct {
	key   uint64 // of value and shape
	count int
	shape signature.Shape
	noise bool
	text  string

	first, last int64 // when it was asked for, in milliseconds of the epoch
}

// vector is one distinct list of fields and values.
type vector struct {
	cells []cell
	count int
	// The least row with it.
	machine string
	seq     uint64
	class   signature.Class
	status  int
	outcome probe.Outcome
}

// cell is one value of one field, both by index.
type cell struct {
	field int32
	value uint32
}

const (
	maxPaths  = 4096    // paths per group; what is beyond shares one
	maxValues = 1 << 16 // distinct values counted per field
	maxText   = 256     // bytes of a value that are kept for reports
	keepText  = 64      // values per field whose text is kept from the start
)

func newGroup(k key) *group {
	return &group{
		key: k, byPath: map[string]int32{}, byHash: map[uint64]int32{},
		raws: map[int32]*raw{}, read: map[int32]signature.Reading{},
	}
}

// add counts one row and returns its vector, and whether the row is the least
// of it.
func (g *group) add(fields []signature.Field, v vector, at time.Time, redact *probe.Redactor) (index int32, least bool) {
	ms := at.UnixMilli()
	g.scratch = g.scratch[:0]
	for i := range fields {
		f := &fields[i]
		id := g.field(f.Path)
		g.scratch = append(g.scratch, cell{id, g.fields[id].count(value{
			key: valueKey(f), count: 1, shape: f.Shape, noise: f.Noise, text: f.Value, first: ms, last: ms,
		}, redact)})
	}
	return g.put(v)
}

// absorb adds the vectors of another group and says which became which.
func (g *group) absorb(from *group, benign []string) []int32 {
	if g.address.ID == "" {
		g.address = from.address
	}
	out := make([]int32, len(from.vectors))
	for i, v := range from.vectors {
		g.scratch = g.scratch[:0]
		for _, c := range v.cells {
			f := from.fields[c.field]
			id, val := g.field(f.path), f.values[c.value]
			val.count = v.count
			g.scratch = append(g.scratch, cell{id, g.fields[id].count(val, nil)})
		}
		at, least := g.put(v)
		out[i] = at
		if r := from.raws[int32(i)]; r != nil && least {
			g.remember(at, r, benign)
		}
	}
	return out
}

// put adds a vector of the cells in g.scratch, or adds to the one that stands.
func (g *group) put(v vector) (at int32, least bool) {
	g.n += v.count
	h := uint64(len(g.scratch))
	for _, c := range g.scratch {
		f := g.fields[c.field]
		h = mix(mix(h, f.hash), f.values[c.value].key)
	}
	if at, ok := g.byHash[h]; ok {
		w := &g.vectors[at]
		w.count += v.count
		if less(v.machine, v.seq, w.machine, w.seq) {
			w.machine, w.seq = v.machine, v.seq
			return at, true
		}
		return at, false
	}
	at = int32(len(g.vectors))
	v.cells = slices.Clone(g.scratch)
	g.vectors = append(g.vectors, v)
	g.byHash[h] = at
	return at, true
}

func less(machine string, seq uint64, thanMachine string, thanSeq uint64) bool {
	if machine != thanMachine {
		return machine < thanMachine
	}
	return seq < thanSeq
}

// field is the index of a path.
func (g *group) field(path string) int32 {
	if id, ok := g.byPath[path]; ok {
		return id
	}
	if len(g.fields) >= maxPaths {
		path = ":more"
		if id, ok := g.byPath[path]; ok {
			return id
		}
	}
	id := int32(len(g.fields))
	g.fields = append(g.fields, &field{path: path, hash: signature.Hash(path), byKey: map[uint64]uint32{}})
	g.byPath[path] = id
	return id
}

// valueKey identifies a value. It is the same on every machine.
func valueKey(f *signature.Field) uint64 {
	k := mix(signature.Hash(f.Value), uint64(f.Shape))
	if f.Noise {
		k = ^k
	}
	return k
}

// mix joins two hashes, in order.
func mix(h, x uint64) uint64 {
	h = (h ^ x) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// count adds v.count sightings of a value and returns its index.
func (f *field) count(v value, redact *probe.Redactor) uint32 {
	id := f.index(v)
	w := &f.values[id]
	before := w.count
	w.count += v.count
	w.first, w.last = min(w.first, v.first), max(w.last, v.last)
	f.n += v.count
	f.most = max(f.most, w.count)
	if before <= RMax && w.count > RMax {
		f.often = append(f.often, id)
	}
	if w.text == "" && !v.noise && v.text != "" && (id < keepText || w.count > RMax) {
		w.text = clip(redact.String(v.text))
	}
	return id
}

// index finds a value or makes room for it.
func (f *field) index(v value) uint32 {
	if id, ok := f.byKey[v.key]; ok {
		return id
	}
	if len(f.values) >= maxValues {
		v.key = uint64(v.shape)
		if id, ok := f.byKey[v.key]; ok {
			return id
		}
	}
	f.now, f.recent = f.now || v.shape.Now(), f.recent || v.shape.Recent()
	id := uint32(len(f.values))
	f.values = append(f.values, value{key: v.key, shape: v.shape, noise: v.noise, first: v.first, last: v.last})
	f.byKey[v.key] = id
	return id
}

// clip copies a value, so that the answer that it was cut from can be freed.
func clip(s string) string {
	if len(s) > maxText {
		return strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return strings.Clone(s)
}

// distinct is the number of values seen.
func (f *field) distinct() int { return len(f.values) }
