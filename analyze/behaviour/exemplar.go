package behaviour

import (
	"cmp"
	"slices"
	"strings"

	"stageprobe/probe"
)

// Exemplar is one answer as it was, secrets removed.
type Exemplar struct {
	Header    []probe.Header
	Body      []byte // at most MaxExemplarBody bytes
	RequestID string

	seq     uint64
	machine string
}

// earlier of two exemplars is the one that was sent first, by number: answers arrive in
// any order, and a recording is read in that of their numbers.
func earlier(a, b *Exemplar) *Exemplar {
	if a == nil || b != nil && cmp.Or(cmp.Compare(b.seq, a.seq), cmp.Compare(b.machine, a.machine)) < 0 {
		return b
	}
	return a
}

// MaxExemplarBody is how much of an exemplar's body is kept.
const MaxExemplarBody = 4 << 10

// exemplars are a bounded sample of the answers: to each scenario on each target the first
// ones, and the first that show a value of a feature that has few. Which those are follows
// from the numbers of the answers and not from when they arrived, so that a recording gives
// the same ones again.
type exemplars struct {
	of   map[int]*Exemplar  // by row
	rows map[[2]int32][]int // that have one, by target and scenario
}

const (
	firstExemplars = 4
	mostExemplars  = 64
)

// sample keeps an answer of a kind if it is the earliest of it, and belongs to the sample.
func (t *Table) sample(n int, o *probe.Observation) {
	r, seq := &t.rows[n], o.Seq
	if seq >= r.first {
		return
	}
	r.first = seq
	fresh := false
	for _, v := range r.values {
		if x := &t.scenarios[r.scenario].defs[v.def].values[v.value]; seq < x.first {
			x.first = seq
			fresh = fresh || v.value < few
		}
	}
	if t.exemplars.of[n] == nil && (!fresh && !t.exemplars.among(r.cell(), seq) || !t.exemplars.roomFor(r.cell(), n, seq)) {
		return
	}
	e := &Exemplar{RequestID: o.RequestID(), seq: seq, machine: strings.Clone(o.Machine)}
	e.Header, e.Body = slices.Clone(o.Header), t.redact.Bytes(o.Body)
	for i := range e.Header {
		e.Header[i].Value = t.redact.String(e.Header[i].Value)
	}
	e.Body = slices.Clone(e.Body[:min(len(e.Body), MaxExemplarBody)])
	t.exemplars.of[n] = e
}

// among tells whether an answer is one of the first to its scenario on its target.
func (x *exemplars) among(cell [2]int32, seq uint64) bool {
	before := 0
	for _, n := range x.rows[cell] {
		before += flag(x.of[n].seq < seq)
	}
	return before < firstExemplars
}

// roomFor makes room for an exemplar, where none later than it has to go.
func (x *exemplars) roomFor(cell [2]int32, n int, seq uint64) bool {
	rows := x.rows[cell]
	if len(rows) < mostExemplars {
		x.rows[cell] = append(rows, n)
		return true
	}
	last := 0
	for i := range rows {
		if x.of[rows[i]].seq > x.of[rows[last]].seq {
			last = i
		}
	}
	if x.of[rows[last]].seq < seq {
		return false
	}
	delete(x.of, rows[last])
	rows[last] = n
	return true
}

// exemplar of a kind of answer; nil where none is kept, or earlier answers show all that
// it shows.
func (t *Table) exemplar(n int) *Exemplar {
	r, e := &t.rows[n], t.exemplars.of[n]
	if e == nil || t.exemplars.among(r.cell(), e.seq) || slices.ContainsFunc(r.values, func(v valued) bool {
		return v.value < few && t.scenarios[r.scenario].defs[v.def].values[v.value].first == e.seq
	}) {
		return e
	}
	return nil
}

func (r *row) cell() [2]int32 { return [2]int32{r.target, r.scenario} }
