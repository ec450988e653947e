package behaviour

import (
	"math"
	"slices"

	"stageprobe/analyze/feature"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
	"stageprobe/probe/redact"
)

// Options tune a [Table].
type Options struct {
	Targets   []probe.Target
	Scenarios []probe.Scenario
	// Extraction says, per scenario, what is or is not part of behaviour by hand;
	// nil where nobody said.
	Extraction func(scenario int) feature.Options
	// Secrets are values that never appear in an exemplar or a value's text.
	Secrets []string
}

// Table keeps the features of the answers of a run, each kind of answer once: two
// are of one kind, told by a number, where every feature has the same value. A table
// that is full is compacted ([Table.Compact]), so that it grows with what is asked
// about single answers and not with the run.
type Table struct {
	opts      Options
	redact    *redact.Redactor
	scenarios []*scenario
	rows      []row
	index     map[uint64]int32 // by row.key, and the next number where that is taken
	recall    recall
	n         int // answers
	room      int // rows until the table is full
	exemplars exemplars
	sparse    stat.Sparse // blocks of the looks before
}

// row is one kind of answer: one entry per feature that it has.
type row struct {
	target, scenario int32
	class            int32  // index into scenario.classes; -1 for this machine's own fault
	n                int    // answers
	first            uint64 // number of the earliest of them
	values           []valued
	// rest: what was said of single answers is forgotten, but for the features that
	// hardly vary.
	rest bool
}

// valued is one value of one feature, both by index.
type valued struct{ def, value int32 }

// calibration is how many answers to a scenario settle which features share the
// weights that are fixed before any label is looked at, and what their usual
// value is.
//
// Of many scenarios fewer each will do: what all share counts over all of them, and waits
// for each one's calibration. With nine each, one difference in twenty scenarios behind a
// canary of 10 % took 138 requests, with four 113. Any number is valid that was fixed
// before the run: the plan alone decides it.
const (
	calibration      = 9
	leastCalibration = 4
	allCalibration   = 8 * calibration // over all scenarios, about
)

func calibrationOf(scenarios int) int {
	return min(calibration, max(leastCalibration, allCalibration/max(1, scenarios)))
}

// scenario holds what can differ in the answers to one request, over all
// targets.
type scenario struct {
	extract *feature.Extractor
	defs    []*def
	n       int // answers so far
	settled int // answers that are its calibration
	classes []class
	byClass map[uint64]int32
}

// def is one feature with the values seen of it.
type def struct {
	feature.Def
	hash   uint64
	born   int   // the answer, of all, at which it was first seen
	early  bool  // seen in calibration
	usual  int32 // its most frequent value in calibration
	values []value
	index  map[uint64]int32
	gone   int // values that were forgotten
	came   int // answers that have a field which is named like a version
	again  int // of them with another value than the newest
}

type value struct {
	hash  uint64
	text  string
	first uint64 // number of the earliest answer that shows it
}

// absent stands for the value of a feature in an answer that lacks it.
const absent int32 = -1

// class is one combination of class features, and how an answer that has it
// reads.
type class struct {
	reading signature.Reading
	kind    signature.Class
	status  int
	outcome probe.Outcome
}

// New makes an empty table.
func New(opts Options) *Table {
	t := &Table{opts: opts, redact: redact.New(opts.Secrets...), exemplars: exemplars{map[int]*Exemplar{}, map[[2]int32][]int{}},
		index: map[uint64]int32{}, recall: newRecall(), room: leastRoom}
	for i := range opts.Scenarios {
		var x feature.Options
		if opts.Extraction != nil {
			x = opts.Extraction(i)
		}
		t.scenarios = append(t.scenarios, &scenario{extract: feature.New(x), settled: calibrationOf(len(opts.Scenarios)), byClass: map[uint64]int32{}})
	}
	return t
}

// Add takes one answer in and returns its row and class. A request that this
// machine could not send has no features. Of one that is only counted, whole is
// false: its row may be one that stands for others, too. The key is equal for
// answers that are alike; 0 where nobody knows.
func (t *Table) Add(o *probe.Observation, target, scenario int, whole bool, key uint64) (int, signature.Class) {
	s := t.scenarios[scenario]
	if key == 0 {
		key = t.recall.key(o, target, scenario)
	}
	if n, ok := t.recall.find(key, s.extract.Turns); ok && s.n >= s.settled && !(whole && t.rows[n].rest) {
		t.n, s.n, t.rows[n].n = t.n+1, s.n+1, t.rows[n].n+1
		for _, v := range t.rows[n].values {
			s.defs[v.def].take(v.value)
		}
		t.sample(int(n), o)
		return int(n), s.kindOf(&t.rows[n])
	}
	c, known := classOf(t, key)
	if !known {
		answer := feature.Answer(o, &t.opts.Targets[target], &t.opts.Scenarios[scenario])
		c = class{kind: signature.Classify(answer), status: o.Status, outcome: o.Outcome}
		if c.kind == signature.OwnFault {
			return t.intern(row{target: int32(target), scenario: int32(scenario), class: -1}), c.kind
		}
		c.reading = signature.Read(answer)
	}
	n := t.put(s, target, scenario, c, s.extract.Features(o, &c.reading), s.extract.Defs())
	t.sample(n, o)
	t.recall.keep(key, s.extract.Turns, n)
	return n, c.kind
}

// classOf is how an answer reads that came before.
func classOf(t *Table, key uint64) (class, bool) {
	k, ok := t.recall.known[key]
	if !ok || t.rows[k.row].class < 0 {
		return class{}, false
	}
	r := &t.rows[k.row]
	return t.scenarios[r.scenario].classes[r.class], true
}

// Again counts answers that are like one before them, by their key; false where they
// are not known to be.
func (t *Table) Again(key uint64, scenario, answers int) bool {
	s := t.scenarios[scenario]
	n, ok := t.recall.find(key, s.extract.Turns)
	if ok = ok && s.n >= s.settled; ok {
		t.n, s.n, t.rows[n].n = t.n+answers, s.n+answers, t.rows[n].n+answers
	}
	return ok
}

func (s *scenario) kindOf(r *row) signature.Class {
	if r.class < 0 {
		return signature.OwnFault
	}
	return s.classes[r.class].kind
}

// AddValues takes in one answer that was already reduced to features: what a
// simulation knows of it. defs must grow only.
func (t *Table) AddValues(target, scenario int, a Answer, values []feature.Value, defs []feature.Def) int {
	c := class{reading: a.Reading, kind: a.Class, status: a.Status, outcome: a.Outcome}
	return t.put(t.scenarios[scenario], target, scenario, c, values, defs)
}

// Answer is how an answer reads that comes without its bytes.
type Answer struct {
	Reading signature.Reading
	Class   signature.Class
	Status  int
	Outcome probe.Outcome
}

func (t *Table) put(s *scenario, target, scenario int, c class, values []feature.Value, defs []feature.Def) int {
	for len(s.defs) < len(defs) {
		d := &defs[len(s.defs)]
		s.defs = append(s.defs, &def{Def: *d, hash: d.Hash(), born: t.n, early: s.n < s.settled, usual: absent, index: map[uint64]int32{}})
	}
	r := row{target: int32(target), scenario: int32(scenario), values: make([]valued, 0, len(values))}
	key := uint64(0)
	for i := range values {
		v := &values[i]
		d := s.defs[v.Def]
		at := d.at(v, t.redact)
		r.values = append(r.values, valued{int32(v.Def), at})
		d.take(at)
		if d.Class {
			key += mix(d.hash, v.Hash)
		}
	}
	r.class = s.class(mix(key, uint64(target)), c)
	n := t.intern(r)
	if s.n++; s.n == s.settled {
		settle(s, t.rows, int32(scenario))
	}
	return n
}

// intern is the number of a kind of answer, of which there is one more.
func (t *Table) intern(r row) int {
	n, fresh := t.place(&r)
	if fresh {
		t.room--
	}
	t.n++
	t.rows[n].n++
	return n
}

// place finds a kind of answer, or makes it.
func (t *Table) place(r *row) (n int, fresh bool) {
	key := r.key()
	for ; ; key++ {
		at, ok := t.index[key]
		if !ok {
			break
		}
		if t.rows[at].same(r) {
			return int(at), false
		}
	}
	n = len(t.rows)
	t.index[key] = int32(n)
	t.rows = append(t.rows, *r)
	t.rows[n].first = math.MaxUint64
	return n, true
}

func (r *row) key() uint64 {
	h := mix(mix(uint64(r.target), uint64(r.scenario)), uint64(r.class))
	for _, v := range r.values {
		h = mix(h, uint64(v.def)<<32|uint64(uint32(v.value)))
	}
	return mix(h, uint64(flag(r.rest)))
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r *row) same(o *row) bool {
	return r.target == o.target && r.scenario == o.scenario && r.class == o.class && r.rest == o.rest && slices.Equal(r.values, o.values)
}

// at is the place of a value among those of a feature.
func (d *def) at(v *feature.Value, redact *redact.Redactor) int32 {
	if at, ok := d.index[v.Hash]; ok {
		return at
	}
	at := int32(len(d.values))
	d.index[v.Hash] = at
	d.values = append(d.values, value{hash: v.Hash, first: math.MaxUint64})
	if at < keepTexts {
		d.values[at].text = redact.String(v.Text)
	}
	return at
}

// keepTexts is of how many values of a feature the text is kept for reports.
const keepTexts = 64

func (s *scenario) class(key uint64, c class) int32 {
	if at, ok := s.byClass[key]; ok {
		return at
	}
	at := int32(len(s.classes))
	s.byClass[key] = at
	s.classes = append(s.classes, c)
	return at
}

// settle fixes each feature's usual value once the calibration answers are in:
// the most frequent, ties by hash.
func settle(s *scenario, rows []row, scenario int32) {
	counts, have := make([]map[int32]int, len(s.defs)), make([]int, len(s.defs))
	for i := range rows {
		r := &rows[i]
		if r.scenario != scenario {
			continue
		}
		for _, v := range r.values {
			if counts[v.def] == nil {
				counts[v.def] = map[int32]int{}
			}
			counts[v.def][v.value] += r.n
			have[v.def] += r.n
		}
	}
	for i, d := range s.defs {
		d.usual = d.mostFrequent(counts[i], s.n-have[i])
	}
}

func (d *def) mostFrequent(counts map[int32]int, lack int) int32 {
	best, most := absent, lack
	for i := range d.values {
		n := counts[int32(i)]
		if n > most || n == most && best != absent && d.values[i].hash < d.values[best].hash {
			best, most = int32(i), n
		}
	}
	return best
}

// mix joins two hashes, in order.
func mix(h, x uint64) uint64 {
	h = (h ^ x) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}
