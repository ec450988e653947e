package behaviour

import (
	"slices"

	"stageprobe/analyze/feature"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
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

// Table keeps the features of every answer of a run. Rows are told by the order
// in which they were added.
type Table struct {
	opts      Options
	redact    *probe.Redactor
	scenarios []*scenario
	rows      []row
	raws      map[int]*Exemplar // a bounded sample, by row
	kept      map[[2]int]int    // exemplars by target and scenario
}

// row is what a table keeps of one answer: one entry per feature that it has.
type row struct {
	target, scenario int32
	class            int32 // index into scenario.classes; -1 for this machine's own fault
	values           []valued
}

// valued is one value of one feature, both by index.
type valued struct{ def, value int32 }

// calibration is how many answers to a scenario settle which features share the
// weights that are fixed before any label is looked at, and what their usual
// value is.
const calibration = 9

// scenario holds what can differ in the answers to one request, over all
// targets.
type scenario struct {
	extract *feature.Extractor
	defs    []*def
	n       int // answers so far
	classes []class
	byClass map[uint64]int32
}

// def is one feature with the values seen of it.
type def struct {
	feature.Def
	hash   uint64
	born   int   // the row at which it was first seen
	early  bool  // seen in calibration
	usual  int32 // its most frequent value in calibration
	values []value
	index  map[uint64]int32
	n      int // answers that have it
}

type value struct {
	hash  uint64
	count int
	text  string
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
	t := &Table{opts: opts, redact: probe.NewRedactor(opts.Secrets...), raws: map[int]*Exemplar{}, kept: map[[2]int]int{}}
	for i := range opts.Scenarios {
		var x feature.Options
		if opts.Extraction != nil {
			x = opts.Extraction(i)
		}
		t.scenarios = append(t.scenarios, &scenario{extract: feature.New(x), byClass: map[uint64]int32{}})
	}
	return t
}

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Add takes one answer in and returns its row. A request that this machine
// could not send is a row without features.
func (t *Table) Add(o *probe.Observation, target, scenario int) int {
	answer := t.answer(o, target, scenario)
	c := class{kind: signature.Classify(answer), status: o.Status, outcome: o.Outcome}
	n := len(t.rows)
	if c.kind == signature.OwnFault {
		t.rows = append(t.rows, row{target: int32(target), scenario: int32(scenario), class: -1})
		return n
	}
	c.reading = signature.Read(answer)
	s := t.scenarios[scenario]
	fresh := t.put(s, target, scenario, c, s.extract.Features(o, &c.reading), s.extract.Defs())
	t.sample(n, o, fresh)
	return n
}

// AddValues takes in one answer that was already reduced to features: what a
// simulation knows of it. defs must grow only.
func (t *Table) AddValues(target, scenario int, a Answer, values []feature.Value, defs []feature.Def) int {
	c := class{reading: a.Reading, kind: a.Class, status: a.Status, outcome: a.Outcome}
	t.put(t.scenarios[scenario], target, scenario, c, values, defs)
	return len(t.rows) - 1
}

// Answer is how an answer reads that comes without its bytes.
type Answer struct {
	Reading signature.Reading
	Class   signature.Class
	Status  int
	Outcome probe.Outcome
}

// put counts a row, and tells whether it shows a value that a feature of few
// values had not shown before.
func (t *Table) put(s *scenario, target, scenario int, c class, values []feature.Value, defs []feature.Def) (fresh bool) {
	n := len(t.rows)
	for len(s.defs) < len(defs) {
		d := &defs[len(s.defs)]
		s.defs = append(s.defs, &def{Def: *d, hash: d.Hash(), born: n, early: s.n < calibration, usual: absent, index: map[uint64]int32{}})
	}
	r := row{target: int32(target), scenario: int32(scenario), values: make([]valued, 0, len(values))}
	key := uint64(0)
	for i := range values {
		v := &values[i]
		d := s.defs[v.Def]
		at, first := d.count(v, t.redact)
		fresh = fresh || first && len(d.values) <= few
		r.values = append(r.values, valued{int32(v.Def), at})
		if d.Class {
			key += mix(d.hash, v.Hash)
		}
	}
	r.class = s.class(mix(key, uint64(target)), c)
	t.rows = append(t.rows, r)
	if s.n++; s.n == calibration {
		s.settle()
	}
	return fresh
}

func (d *def) count(v *feature.Value, redact *probe.Redactor) (at int32, first bool) {
	d.n++
	if at, ok := d.index[v.Hash]; ok {
		d.values[at].count++
		return at, false
	}
	at = int32(len(d.values))
	d.index[v.Hash] = at
	d.values = append(d.values, value{hash: v.Hash, count: 1})
	if at < keepTexts {
		d.values[at].text = redact.String(v.Text)
	}
	return at, true
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
func (s *scenario) settle() {
	for _, d := range s.defs {
		d.usual = d.mostFrequent(s.n)
	}
}

func (d *def) mostFrequent(of int) int32 {
	best, most := absent, of-d.n
	for i := range d.values {
		v := &d.values[i]
		if v.count > most || v.count == most && best != absent && v.hash < d.values[best].hash {
			best, most = int32(i), v.count
		}
	}
	return best
}

// mix joins two hashes, in order.
func mix(h, x uint64) uint64 {
	h = (h ^ x) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// answer is what is known of an answer and of its request.
func (t *Table) answer(o *probe.Observation, target, scenario int) signature.Answer {
	a := signature.Of(o, nil)
	at, s := &t.opts.Targets[target], &t.opts.Scenarios[scenario]
	a.URL, a.APIKind, a.Endpoint, a.Method = at.URL, at.APIKind, at.Endpoint, s.Method
	if a.URL != "" {
		a.URL += s.Path
	}
	a.SentAuthorization = sent(s, "authorization", probe.AuthBearer, probe.AuthSigV4)
	a.SentAPIKey = sent(s, "x-api-key", probe.AuthAPIKey)
	return a
}

// sent tells whether a scenario's requests carry a header.
func sent(s *probe.Scenario, header string, auth ...probe.AuthKind) *bool {
	yes := slices.Contains(auth, s.Auth) || probe.HeaderValue(s.Header, header) != ""
	return &yes
}

// Exemplar is one answer as it was, secrets removed.
type Exemplar struct {
	Header    []probe.Header
	Body      []byte // at most MaxExemplarBody bytes
	RequestID string
}

// MaxExemplarBody is how much of an exemplar's body is kept.
const MaxExemplarBody = 4 << 10

// Exemplars of one scenario on one target: the first ones, and those that show
// a value which was not seen before.
const (
	firstExemplars = 4
	mostExemplars  = 64
)

func (t *Table) sample(n int, o *probe.Observation, fresh bool) {
	key := [2]int{int(t.rows[n].target), int(t.rows[n].scenario)}
	if have := t.kept[key]; have >= mostExemplars || have >= firstExemplars && !fresh {
		return
	}
	t.kept[key]++
	e := &Exemplar{Header: slices.Clone(o.Header), Body: t.redact.Bytes(o.Body), RequestID: o.RequestID()}
	for i := range e.Header {
		e.Header[i].Value = t.redact.String(e.Header[i].Value)
	}
	e.Body = slices.Clone(e.Body[:min(len(e.Body), MaxExemplarBody)])
	t.raws[n] = e
}
