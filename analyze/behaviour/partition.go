package behaviour

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/feature"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// Cluster is one behaviour of one scenario on one target: a cell of the
// partition by class features and by what was found linked.
type Cluster struct {
	// ID is 8 hex digits, the same wherever and whenever the scenario is
	// answered so; "other" for the bucket beyond MaxClusters.
	ID       string
	Target   string
	Scenario string

	Count    int
	Status   int // 0 where there was no HTTP answer
	Outcome  probe.Outcome
	Reading  signature.Reading
	Class    signature.Class
	Exemplar *Exemplar // the earliest that is kept; nil where none is

	// Reference marks the usual behaviour of its target and scenario.
	Reference bool
	Overflow  bool

	// Kind is equal for behaviours that differ in no class feature.
	Kind uint64

	// Fields are the features that tell behaviours of the scenario apart, by path.
	Fields []Field

	first  int
	values map[int]int32 // by feature, of those that tell behaviours apart
}

// Field is one feature of a behaviour, as a report shows it.
type Field struct {
	Path   string
	Value  string // "" where the answer lacks it
	Lacks  bool
	Class  bool
	symbol uint64
	rank   int // how well it reads: 0 best
}

// MaxClusters is the most behaviours of one scenario on one target that are told
// apart.
const MaxClusters = 64

// Result is the partition of a table's rows at one moment.
type Result struct {
	clusters []*Cluster
	of       map[[2]int][]*Cluster
	assigned []*Cluster // by row
}

// Cluster is the behaviour that a row belongs to; nil for a row that this
// machine could not send.
func (r *Result) Cluster(row int) *Cluster { return r.assigned[row] }

// Usual is the usual behaviour of a scenario on a target; nil where there is none.
func (r *Result) Usual(target, scenario int) *Cluster {
	of := r.Of(target, scenario)
	if i := slices.IndexFunc(of, func(c *Cluster) bool { return c.Reference }); i >= 0 {
		return of[i]
	}
	return nil
}

// Of lists the behaviours of a scenario on a target, both by index, largest
// first, ties by id.
func (r *Result) Of(target, scenario int) []*Cluster { return r.of[[2]int{target, scenario}] }

// All lists every cluster by target, scenario, size and id.
func (r *Result) All() []*Cluster { return r.clusters }

// sorter tells the behaviours of one scenario apart by one feature.
type sorter struct {
	at    int
	d     *def
	marks []*Mark // whose sides tell values apart; none where each value does
	sides []map[int32]int
	other []int // per mark, the side of a value that was not counted
}

// symbol is what an answer's value counts as. A value that was found linked counts
// by the side that it goes with, for each factor: what tells nothing, as the
// values that a field takes by chance on both sides, is no behaviour of its own.
func (s *sorter) symbol(v int32) uint64 {
	if s.marks == nil {
		if v == absent {
			return 0
		}
		return s.d.values[v].hash
	}
	key := uint64(1)
	for i, sides := range s.sides {
		side, counted := sides[v]
		if !counted {
			side = s.other[i]
		}
		if side > 0 {
			key = mix(key, uint64(i+1))
		}
	}
	return key
}

// sortersOf are the features by which a scenario's answers are told apart: class
// features, where they name few values, and whatever a mark names.
func sortersOf(s *scenario, scenario int, marks []Mark) []*sorter {
	var out []*sorter
	for i, d := range s.defs {
		if d.compared() {
			out = append(out, &sorter{at: i, d: d})
		}
	}
	for i := range marks {
		m := &marks[i]
		if m.Scenario != scenario {
			continue
		}
		at := slices.IndexFunc(out, func(x *sorter) bool { return x.at == m.def })
		if at < 0 {
			at = len(out)
			out = append(out, &sorter{at: m.def, d: s.defs[m.def], marks: []*Mark{}})
		}
		if out[at].marks != nil {
			out[at].add(m)
		}
	}
	return out
}

// add takes in the sides of one mark. A value that was not counted is a new one: it
// goes where most of the values go that were seen once, and where there are none,
// most of all.
func (s *sorter) add(m *Mark) {
	sides, other, once := map[int32]int{}, 0, 0
	for _, l := range m.Values {
		sides[l.at] = l.Side
		switch {
		case l.Absent:
		case l.On+l.Off == 1:
			once += l.Side
		default:
			other += l.Side * (l.On + l.Off)
		}
	}
	other = cmp.Or(once, other)
	s.marks, s.sides, s.other = append(s.marks, m), append(s.sides, sides), append(s.other, other)
}

// compared tells whether a feature tells behaviours apart by itself.
func (d *def) compared() bool {
	return d.Class && (d.hard() || len(d.values) <= few && !d.ticks() && !d.sorts() && !d.crowds())
}

// sorts tells a word for a kind of thing (tag: sale, new or hot) from a version: three values
// or more, and no digit in any. Two words may be the blue deployment and the green one.
func (d *def) sorts() bool {
	return len(d.values) > 2 && !slices.ContainsFunc(d.values, func(v value) bool { return v.text == "" || strings.ContainsAny(v.text, "0123456789") })
}

// take takes in a value of a field that is named like a version, in the order of arrival.
func (d *def) take(at int32) {
	if !d.Class {
		return
	}
	d.came++
	if int(at) != len(d.values)-1 {
		d.again++
	}
}

// ticks tells a counter from a version: whole numbers, three or more, each larger than the
// one before, and none that comes back but for answers that overtook each other. Between two
// numbers a deployment may lie.
func (d *def) ticks() bool {
	const overtaken = 20 // one answer in so many
	if len(d.values) < 3 || d.again*overtaken > d.came {
		return false
	}
	last := int64(math.MinInt64)
	for i := range d.values {
		x, err := strconv.ParseInt(d.values[i].text, 10, 64)
		if err != nil || x <= last {
			return false
		}
		last = x
	}
	return true
}

// crowds tells a number that each document has of its own from a version: values that go on
// coming side by side, and more of them than a stage can serve at once, whose two
// deployments may each call an alias of two versions.
func (d *def) crowds() bool {
	const served = 4
	return len(d.values) > served && 2*d.again > d.came
}

// hard class features are of the answer itself and not of a field that is named
// like a version.
func (d *def) hard() bool { return strings.HasPrefix(d.Path, ":") }

// Partition sorts every row by the class features of its scenario and by the
// features that the marks name. kin tells, per target and scenario, which targets
// answer alike: equal numbers are of one kind, 0 the first.
func (t *Table) Partition(marks []Mark, kin func(target, scenario int) int) *Result {
	r := &Result{of: map[[2]int][]*Cluster{}, assigned: make([]*Cluster, len(t.rows))}
	sorters := make([][]*sorter, len(t.scenarios))
	slot := make([]map[int32]int, len(t.scenarios))
	for i := range t.scenarios {
		sorters[i] = sortersOf(t.scenarios[i], i, marks)
		slot[i] = map[int32]int{}
		for k, x := range sorters[i] {
			slot[i][int32(x.at)] = k
		}
	}
	cells := map[[2]int]map[uint64]*Cluster{}
	symbols, values := []uint64{}, []int32{}
	for n := range inOrder(t.rows) {
		w := &t.rows[n]
		if w.class < 0 {
			continue
		}
		by := sorters[w.scenario]
		symbols, values = symbols[:0], values[:0]
		for range by {
			values = append(values, absent)
		}
		for _, v := range w.values {
			if k, ok := slot[w.scenario][v.def]; ok {
				values[k] = v.value
			}
		}
		key := uint64(0)
		if k := kin(int(w.target), int(w.scenario)); k > 0 {
			key = mix(uint64(k), 0) // 0 for none of them
		}
		kind := uint64(0)
		for k, x := range by {
			symbols = append(symbols, x.symbol(values[k]))
			if symbols[k] == 0 {
				continue
			}
			key += mix(x.d.hash, symbols[k])
			if x.marks == nil {
				kind += mix(x.d.hash, symbols[k])
			}
		}
		cell := [2]int{int(w.target), int(w.scenario)}
		if cells[cell] == nil {
			cells[cell] = map[uint64]*Cluster{}
		}
		c := cells[cell][key]
		if c == nil && w.rest {
			c = nearest(r.of[cell], kind)
		}
		if c == nil {
			c = t.cluster(n, key, by, values, symbols)
			c.Kind = kind
			cells[cell][key] = c
			r.of[cell] = append(r.of[cell], c)
		}
		c.Count += w.n
		c.Exemplar = earlier(c.Exemplar, t.exemplar(n))
		r.assigned[n] = c
	}
	r.finish()
	return r
}

// inOrder yields the rows: first those of which everything is known.
func inOrder(rows []row) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, rest := range []bool{false, true} {
			for n := range rows {
				if rows[n].rest == rest && !yield(n) {
					return
				}
			}
		}
	}
}

// nearest is where an answer belongs of which no more is known than its kind: where
// most of those go that are alike in kind; nil where there are none.
func nearest(clusters []*Cluster, kind uint64) *Cluster {
	var best *Cluster
	for _, c := range clusters {
		if c.Kind == kind && (best == nil || c.Count > best.Count) {
			best = c
		}
	}
	return best
}

func (t *Table) cluster(n int, key uint64, by []*sorter, values []int32, symbols []uint64) *Cluster {
	w := &t.rows[n]
	s := t.scenarios[w.scenario]
	k := &s.classes[w.class]
	c := &Cluster{
		ID: fmt.Sprintf("%08x", uint32(key^key>>32)), Status: k.status, Outcome: k.outcome, Reading: k.reading, Class: k.kind,
		first: n, values: map[int]int32{},
		Target: t.opts.Targets[w.target].ID, Scenario: t.opts.Scenarios[w.scenario].Name,
	}
	for i, x := range by {
		c.values[x.at] = values[i]
		f := Field{Path: x.d.Def.String(), Class: x.d.Class, Lacks: values[i] == absent, symbol: symbols[i], rank: rank(&x.d.Def)}
		if !f.Lacks {
			f.Value = cmp.Or(x.d.values[values[i]].text, "…")
		}
		c.Fields = append(c.Fields, f)
	}
	slices.SortStableFunc(c.Fields, func(a, b Field) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.Path, b.Path)) })
	return c
}

// finish sorts the clusters, puts what is beyond MaxClusters into one, and
// settles references and refusals.
func (r *Result) finish() {
	targets := map[int][]*Cluster{}
	for cell, list := range r.of {
		slices.SortFunc(list, bySize)
		if len(list) > MaxClusters {
			list = r.overflow(list)
			r.of[cell] = list
		}
		refer(list)
	}
	for _, cell := range slices.SortedFunc(maps.Keys(r.of), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
		r.clusters = append(r.clusters, r.of[cell]...)
		targets[cell[0]] = append(targets[cell[0]], r.of[cell]...)
	}
	for _, list := range targets {
		reclass(list)
	}
}

func (r *Result) overflow(list []*Cluster) []*Cluster {
	rest := *list[MaxClusters]
	rest.ID, rest.Overflow, rest.Count, rest.Fields = "other", true, 0, nil
	gone := map[*Cluster]bool{}
	for _, c := range list[MaxClusters:] {
		rest.Count += c.Count
		gone[c] = true
	}
	for n, c := range r.assigned {
		if gone[c] {
			r.assigned[n] = &rest
		}
	}
	out := append(list[:MaxClusters:MaxClusters], &rest)
	slices.SortFunc(out, bySize)
	return out
}

// bySize orders clusters: largest first, ties by id.
func bySize(a, b *Cluster) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID))
}

// refer marks the usual behaviour: the largest, where possible one that speaks
// of behaviour.
func refer(clusters []*Cluster) {
	for _, c := range clusters {
		if c.Class != signature.Throttled && c.Class != signature.Transport && !c.Overflow {
			c.Reference = true
			return
		}
	}
	if len(clusters) > 0 {
		clusters[0].Reference = true
	}
}

// reclass settles refusals: where a target refuses everything it is a fault of
// configuration, and where it refuses only some it is behaviour.
func reclass(clusters []*Cluster) {
	if !slices.ContainsFunc(clusters, func(c *Cluster) bool { return c.Class == signature.Informative }) {
		return
	}
	for _, c := range clusters {
		if c.Class == signature.AuthFail {
			c.Class = signature.Informative
		}
	}
}

// Diff is one feature in which two behaviours differ. "" stands for a feature
// that is not there.
type Diff struct{ Field, A, B string }

// Differs lists the features in which two behaviours differ, those that read best
// first. What only sums up others is left out where there are any.
func Differs(a, b *Cluster) []Diff {
	var out []Diff
	for i := range a.Fields {
		f := &a.Fields[i]
		if i >= len(b.Fields) || f.symbol == b.Fields[i].symbol || f.rank >= summing && len(out) > 0 {
			continue
		}
		out = append(out, Diff{f.Path, f.Value, b.Fields[i].Value})
	}
	return out
}

// summing is the rank from which on a feature sums up others.
const summing = 4

// rank says how well a feature tells a reader what differs: a value, a type or a
// member by itself, then a form, then what sums up others.
func rank(d *feature.Def) int {
	switch d.Aspect {
	case feature.Content:
		return 0
	case feature.Type:
		return 1
	case feature.Member:
		if strings.HasPrefix(d.Member, "member ") {
			return summing + 1
		}
		return 2
	case feature.Shape:
		return 3
	case feature.Set, feature.Size:
		return summing
	}
	return summing + 2
}

// Rank orders marks for a reader as [Differs] does.
func (m *Mark) Rank() int { return rank(&m.Def) }

// Sums tells whether the feature only sums up others.
func (m *Mark) Sums() bool { return rank(&m.Def) >= summing }

// Holds tells whether the behaviour has a mark's feature at all.
func (c *Cluster) Holds(m *Mark) bool {
	at, ok := c.values[m.def]
	return ok && at != absent
}

// Side is the level of a mark's factor that a behaviour's value goes with: +1,
// -1, or 0 where it tells nothing.
func (c *Cluster) Side(m *Mark) int {
	at, ok := c.values[m.def]
	if !ok {
		return 0
	}
	for i := range m.Values {
		if m.Values[i].at == at {
			return m.Values[i].Side
		}
	}
	return 0
}
