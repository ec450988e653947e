package feature

import (
	"bytes"
	"slices"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/redact"
)

// Options tune an [Extractor]. The zero value works.
type Options struct {
	// Scenario is what was asked; its method, path, header and auth sharpen the
	// reading of who answered.
	Scenario probe.Scenario
	// Compare makes what it names a class feature, Ignore leaves it out.
	Compare, Ignore []Rule
	// Redact removes secrets from what is kept for display; nil removes none.
	Redact *redact.Redactor
}

// Extractor holds the definitions of one scenario over all its targets and
// reduces its answers, one after the other. It reuses its memory and is not safe
// for concurrent use.
type Extractor struct {
	// Turns counts how often the definitions changed, or which of them an answer
	// lists. While it stands still, an answer that comes again has the same features.
	Turns int

	opts  Options
	defs  []Def
	state []state // beside defs
	out   []Value
	gen   uint32 // number of the answer at hand, from 1

	headers  map[string]*node
	class    [classes]int
	body     *node
	spacing  *node
	protobuf *node
	full     *node // stands for all nodes beyond maxNodes
	nodes    int
	touched  []*node  // nodes below arrays and objects met in this answer
	tables   []*table // whose rest is to be listed
	patterns []pattern

	levels  [maxNested]level
	decode  decoder
	ids     [][]byte
	path    []byte
	text    []byte
	line    []byte
	cell    []byte
	around  []byte // of a text, what stands around the JSON in it
	tmpl    []byte // the template at hand, and its wildcards
	slots   []slot
	element uint64 // sum over the scalars of the array member at hand
	leaves  int    // and their number
}

// state is what the extractor knows of a definition beside its name.
type state struct {
	gen  uint32 // the answer that listed it last
	at   int    // where in it
	hash uint64 // of the last text
	text string // kept, so that a constant value costs no memory
}

// aspect of a node that is not yet defined is 0: definition 0 is that of
// FoldedPath, which no node has.
const more = 0

// New makes an extractor for one scenario.
func New(opts Options) *Extractor {
	x := &Extractor{opts: opts, headers: map[string]*node{}}
	x.define(Def{Path: FoldedPath, Late: PathKind}, 0)
	classFeatures{x}.defineClasses()
	x.full = &node{path: FoldedPath, full: true}
	x.body = tree{x}.node(":body")
	x.spacing = tree{x}.node(":spacing")
	x.protobuf = tree{x}.node(":pb")
	x.patterns = x.rules()
	return x
}

// Defs are the definitions so far: append-only, indexed by Value.Def. The slice
// may move with the next call of Features; Retired may change.
func (x *Extractor) Defs() []Def { return x.defs }

// Features reduces an answer. The reading tells who answered; where it is nil
// it is made from the answer and the scenario. The slice is overwritten by the
// next call, its strings are not.
func (x *Extractor) Features(o *probe.Observation, r *signature.Reading) []Value {
	x.gen++
	x.out, x.touched, x.tables = x.out[:0], x.touched[:0], x.tables[:0]
	if o.Outcome != "" && o.Outcome != probe.OutcomeResponse {
		classFeatures{x}.classText(classOutcome, string(o.Outcome))
		return x.out
	}
	if r == nil {
		read := Read(o, nil, &x.opts.Scenario)
		r = &read
	}
	x.ownIDs(o)
	classFeatures{x}.answer(o, r)
	headers{x}.headerFeatures(o.Header)
	bodies{x}.bodyFeatures(o)
	x.finish()
	return x.out
}

// Read tells who answered and why, with what is known of the request. The target
// and the scenario may be nil.
func Read(o *probe.Observation, t *probe.Target, s *probe.Scenario) signature.Reading {
	return signature.Read(Answer(o, t, s))
}

// Answer is what is known of an answer and of its request.
func Answer(o *probe.Observation, t *probe.Target, s *probe.Scenario) signature.Answer {
	a := signature.Of(o, t)
	if s != nil {
		a.Method = s.Method
		if a.URL != "" {
			a.URL += s.Path
		}
		a.SentAuthorization = sent(s, "authorization", probe.AuthBearer, probe.AuthSigV4)
		a.SentAPIKey = sent(s, "x-api-key", probe.AuthAPIKey)
	}
	return a
}

// sent tells whether a scenario's requests carry a header.
func sent(s *probe.Scenario, header string, auth ...probe.AuthKind) *bool {
	yes := slices.Contains(auth, s.Auth) || probe.HeaderValue(s.Header, header) != ""
	return &yes
}

// ownIDs are the ids by which this very request is known. Bodies and headers
// echo them.
func (x *Extractor) ownIDs(o *probe.Observation) {
	x.ids = x.ids[:0]
	trace, _, _ := strings.Cut(strings.TrimPrefix(o.Get("x-amzn-trace-id"), "Root="), ";")
	for _, id := range [...]string{o.MintedID, o.Get("x-amzn-requestid"), o.Get("x-amz-apigw-id"), o.Get("apigw-requestid"), o.Get("x-amz-cf-id"), trace} {
		if len(id) < 8 {
			continue
		}
		if n := len(x.ids); n < cap(x.ids) {
			x.ids = x.ids[:n+1]
			x.ids[n] = append(x.ids[n][:0], id...)
		} else {
			x.ids = append(x.ids, []byte(id))
		}
	}
}

var requestID = []byte("<request-id>")

func (x *Extractor) hideIDs(s []byte) []byte {
	for _, id := range x.ids {
		if bytes.Contains(s, id) {
			s = bytes.ReplaceAll(s, id, requestID)
		}
	}
	return s
}

// define adds a definition; the salt tells apart what has the same text.
func (x *Extractor) define(d Def, salt uint64) int {
	if len(x.defs) >= MaxDefs {
		return more
	}
	d.rehash(salt)
	x.defs = append(x.defs, d)
	x.state = append(x.state, state{})
	x.Turns++
	return len(x.defs) - 1
}

// put lists a value. What one answer holds twice, such as a repeated header, is
// the sum of its values, so that their order does not count.
func (x *Extractor) put(def int, h uint64, text []byte) {
	s := &x.state[def]
	if s.gen == x.gen {
		v := &x.out[s.at]
		v.Hash += h
		if def != more {
			v.Text = min(v.Text, x.keep(text))
		}
		return
	}
	if s.hash != h || s.text == "" {
		s.hash, s.text = h, x.keep(text)
	}
	s.gen, s.at = x.gen, len(x.out)
	x.out = append(x.out, Value{def, h, s.text})
}

// keep copies a text for display: without secrets, and clipped.
func (x *Extractor) keep(text []byte) string {
	s := x.opts.Redact.String(string(text[:min(len(text), 4*maxText)]))
	if len(s) > maxText {
		return strings.ToValidUTF8(s[:maxText-3], "") + "…"
	}
	return s
}

// finish lists what only a whole answer tells: the sets of types and shapes
// below arrays, which keys come and go, and the members beyond the bound.
func (x *Extractor) finish() {
	for _, n := range x.touched {
		if n.gen != x.gen {
			continue // let go since
		}
		if n.types != 0 {
			x.text = appendSet(x.text[:0], n.types, typeNames[:])
			tree{x}.emit(n, Type, hash(x.text), x.text)
		}
		if n.shapes != 0 {
			x.text = appendSet(x.text[:0], n.shapes, shapeNames[:])
			tree{x}.emit(n, Shape, hash(x.text), x.text)
		}
		if n.sets != 0 {
			x.text = appendSet(x.text[:0], n.sets, shapeNames[:])
			tree{x}.emit(n, Set, hash(x.text), x.text)
		}
		tree{x}.settle(n)
	}
	for _, t := range x.tables {
		tables{x}.listRest(t)
	}
	x.fold()
}

// fold keeps the values of the MaxValues-1 oldest definitions and sums up the
// rest in one, so that which are kept does not depend on their order.
func (x *Extractor) fold() {
	if len(x.out) <= MaxValues {
		return
	}
	slices.SortFunc(x.out, func(a, b Value) int { return a.Def - b.Def })
	at := MaxValues - 1
	if x.out[0].Def == more {
		at = MaxValues
	}
	sum := uint64(0)
	for _, v := range x.out[at:] {
		sum += mix(x.defs[v.Def].hash, v.Hash)
	}
	x.out = x.out[:at]
	x.state[more].at = 0 // where it stands if it is listed
	x.put(more, sum, nil)
}
