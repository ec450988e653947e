package behaviour

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"stageprobe/analyze/feature"
	"stageprobe/analyze/stat"
)

// Draw is one answer and the level that the factor had when it was sent.
type Draw struct {
	Row int
	On  bool // such as: by the canary
}

// Question asks which features of the answers go with one factor of two levels.
type Question struct {
	// Draws stand in the order in which they were drawn.
	Draws []Draw
	// P is the probability of On, as configured or drawn. It may be wrong where
	// Known is false.
	P float64
	// Known: every draw was made with probability P. Where it is not, the share is
	// estimated in blocks, which end at Ends as well.
	Known bool
	Ends  []int // positions in Draws
	// Weight is the question's part of the run's error rate; the parts of a run
	// are fixed before it and sum to 1.
	Weight float64
}

// Link is the answer to a [Question].
type Link struct {
	LogE  float64 // of all features together, with the question's weight
	Marks []Mark  // features with a LogE of their own, strongest first
	On    int     // draws at each level
	Off   int
	all   []float64 // ln E of every feature
}

// Mark is one feature held against a factor.
type Mark struct {
	Scenario int // -1: over all scenarios
	Def      feature.Def
	LogE     float64 // weights included
	Values   []Level // most frequent first
	def      int
}

// Level counts one value of a feature by the levels of the factor.
type Level struct {
	Text    string
	Absent  bool
	On, Off int
	// Side is +1 where the value goes with On, -1 with Off, 0 where it tells
	// nothing.
	Side int
	at   int32
}

// few is how many values a feature may have to be told apart by value in a
// report; with more, each is told by the side that it goes with.
const few = 8

// tally counts the values of one scenario's features at both levels.
type tally struct {
	s      *scenario
	total  stat.Count
	counts [][]stat.Count // by def and value
	seen   []stat.Count   // by def: answers that have it
	flat   []stat.Count   // the memory of counts
	blocks stat.Blocks
	logD   float64 // of the blocks

	constant *terms // of a feature that is as usual in every answer
}

// Link asks a question of all features at once (behaviour 3): given the
// answers, are the labels still drawn as they were drawn? What it returns is at
// most a test martingale whatever the answers do.
func (t *Table) Link(q *Question) *Link {
	tallies, whole := t.count(q)
	return t.answer(q, tallies, whole, newWeights(tallies))
}

// answer weighs what was counted. whole is the D of all draws.
func (t *Table) answer(q *Question, tallies []*tally, whole float64, w *weights) *Link {
	out := &Link{LogE: math.Inf(-1)}
	for _, x := range tallies {
		if x != nil {
			out.On, out.Off = out.On+x.total.On, out.Off+x.total.Off
		}
	}
	if out.On == 0 || out.Off == 0 {
		return out
	}
	pooled := map[uint64]*pool{}
	room := 1
	for _, x := range tallies {
		if x != nil {
			room += len(x.s.defs)
		}
	}
	out.all = make([]float64, 0, room)
	for i, x := range tallies {
		if x == nil || x.s.n < x.s.settled {
			continue
		}
		linkScenario(q, out, i, x, w, pooled)
	}
	if w.kinds == 2 {
		linkPooled(q, out, tallies, whole, w, pooled)
	}
	// In the order of size, so that the sum is the same in whatever order answers came.
	slices.Sort(out.all)
	out.LogE = stat.LogSumExp(append(out.all, math.Inf(-1))...)
	slices.SortStableFunc(out.Marks, func(a, b Mark) int {
		return cmp.Or(cmp.Compare(b.LogE, a.LogE), cmp.Compare(b.Scenario, a.Scenario), cmp.Compare(a.Def.Path, b.Def.Path))
	})
	return out
}

// count fills the tallies, one per scenario that was drawn, and tells the D of
// the whole question. Answers of one row are counted together.
func (t *Table) count(q *Question) (tallies []*tally, logD float64) {
	tallies = make([]*tally, len(t.scenarios))
	whole := stat.Blocks{Known: &t.sparse}
	ends := q.Ends
	drawn, rows := make([]stat.Count, len(t.rows)), []int(nil)
	for i, d := range q.Draws {
		r := &t.rows[d.Row]
		x := tallies[r.scenario]
		if x == nil {
			x = newTally(t.scenarios[r.scenario])
			x.blocks.Known = &t.sparse
			tallies[r.scenario] = x
		}
		for len(ends) > 0 && ends[0] <= i {
			ends = ends[1:]
			whole.End()
			for _, y := range tallies {
				if y != nil {
					y.blocks.End()
				}
			}
		}
		at := &drawn[d.Row]
		if at.N() == 0 {
			rows = append(rows, d.Row)
		}
		if d.On {
			at.On++
		} else {
			at.Off++
		}
		x.blocks.Add(d.On)
		whole.Add(d.On)
	}
	for _, n := range rows {
		tallies[t.rows[n].scenario].add(&t.rows[n], drawn[n])
	}
	for _, x := range tallies {
		if x != nil {
			x.logD = x.blocks.LogD()
		}
	}
	return tallies, whole.LogD()
}

func newTally(s *scenario) *tally {
	x := &tally{s: s, counts: make([][]stat.Count, len(s.defs)), seen: make([]stat.Count, len(s.defs))}
	n := 0
	for _, d := range s.defs {
		n += len(d.values)
	}
	x.flat = make([]stat.Count, n)
	all := x.flat
	for i, d := range s.defs {
		x.counts[i], all = all[:len(d.values):len(d.values)], all[len(d.values):]
	}
	return x
}

// set makes it count what another of its scenario counted, or nothing for nil.
func (x *tally) set(of *tally) {
	if x == nil {
		return
	}
	x.logD, x.constant = 0, nil
	if of == nil {
		x.total = stat.Count{}
		clear(x.flat)
		clear(x.seen)
		return
	}
	x.total = of.total
	copy(x.flat, of.flat)
	copy(x.seen, of.seen)
}

func (x *tally) add(r *row, n stat.Count) {
	plus(&x.total, n)
	for _, v := range r.values {
		plus(&x.counts[v.def][v.value], n)
		plus(&x.seen[v.def], n)
	}
}

func plus(to *stat.Count, c stat.Count) { to.On, to.Off = to.On+c.On, to.Off+c.Off }

// logD is the ln probability of the labels that the numerators are held
// against: the true one where it is known, else the greatest of each block.
func (q *Question) logD(n stat.Count, blocks float64) float64 {
	if q.Known {
		return float64(n.On)*math.Log(q.P) + float64(n.Off)*math.Log1p(-q.P)
	}
	return blocks
}

// linkScenario asks each feature of one scenario.
func linkScenario(q *Question, out *Link, scenario int, x *tally, w *weights, pooled map[uint64]*pool) {
	logD := q.logD(x.total, x.logD)
	for i, d := range x.s.defs {
		t := x.terms(i, q.P)
		if w.kinds == 2 {
			pooled[d.hash] = pooled[d.hash].with(scenario, i, d, t.parts)
		}
		logE := t.mean - logD + math.Log(q.Weight*w.of(d, 0))
		out.all = append(out.all, logE)
		if logE > 0 {
			out.Marks = append(out.Marks, Mark{Scenario: scenario, Def: d.Def, def: i, LogE: logE, Values: x.levels(i)})
		}
	}
}

// pool is one feature over all scenarios.
type pool struct {
	d         *def
	parts     [stat.LinkParts]float64
	scenarios map[int]int // scenario → def
}

func (p *pool) with(scenario, at int, d *def, parts [stat.LinkParts]float64) *pool {
	if p == nil {
		p = &pool{d: d, scenarios: map[int]int{}}
	}
	if d.born < p.d.born {
		p.d = d
	}
	for i := range parts {
		p.parts[i] += parts[i]
	}
	p.scenarios[scenario] = at
	return p
}

// linkPooled asks each feature over all scenarios: its value is the pair of
// scenario and value, so that one difference among twenty scenarios is found by
// the requests of all.
func linkPooled(q *Question, out *Link, tallies []*tally, whole float64, w *weights, pooled map[uint64]*pool) {
	logD := q.logD(stat.Count{On: out.On, Off: out.Off}, whole)
	lacking := make([][stat.LinkParts]float64, len(tallies))
	for i, x := range tallies {
		if x != nil {
			lacking[i] = stat.LinkLogParts([]stat.Count{x.total}, 0, stat.Count{}, q.P)
		}
	}
	for _, h := range sortedKeys(pooled) {
		p := pooled[h]
		for i, x := range tallies {
			if _, has := p.scenarios[i]; x == nil || has {
				continue
			}
			for k := range p.parts {
				p.parts[k] += lacking[i][k]
			}
		}
		logE := stat.LogMean(p.parts[:]) - logD + math.Log(q.Weight*w.of(p.d, 1))
		out.all = append(out.all, logE)
		if logE <= 0 {
			continue
		}
		for _, i := range sortedKeys(p.scenarios) {
			// The pooled feature marks the scenarios that carry its evidence.
			x := tallies[i]
			own := x.terms(p.scenarios[i], q.P).mean - x.logD
			if own > 0 && x.s.n >= x.s.settled {
				out.Marks = append(out.Marks, Mark{Scenario: i, Def: p.d.Def, def: p.scenarios[i], LogE: logE, Values: x.levels(p.scenarios[i])})
			}
		}
	}
}

// terms are those of ln N of one feature, and ln N itself.
type terms struct {
	parts [stat.LinkParts]float64
	mean  float64
}

func newTerms(values []stat.Count, ref int, single stat.Count, p float64) *terms {
	t := &terms{parts: stat.LinkLogParts(values, ref, single, p)}
	t.mean = stat.LogMean(t.parts[:])
	return t
}

func (x *tally) terms(at int, p float64) *terms {
	d := x.s.defs[at]
	lacking := x.lacking(at)
	values := make([]stat.Count, 0, 4)
	var single stat.Count
	var usual stat.Count
	take := func(v int32, c stat.Count) {
		switch {
		case v == d.usual:
			usual = c
		case c.On+c.Off == 1:
			plus(&single, c)
		case c.On+c.Off > 0:
			values = append(values, c)
		}
	}
	take(absent, lacking)
	for v, c := range x.counts[at] {
		take(int32(v), c)
	}
	if usual == x.total && len(values) == 0 && single == (stat.Count{}) {
		if x.constant == nil {
			x.constant = newTerms([]stat.Count{usual}, 0, single, p)
		}
		return x.constant
	}
	slices.SortFunc(values, func(a, b stat.Count) int { return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.Off, b.Off)) })
	return newTerms(append(values, usual), len(values), single, p)
}

// lacking counts the answers without a feature.
func (x *tally) lacking(at int) stat.Count {
	return stat.Count{On: x.total.On - x.seen[at].On, Off: x.total.Off - x.seen[at].Off}
}

// levels lists the values of a feature by frequency, with the side that each
// goes with.
func (x *tally) levels(at int) []Level {
	d := x.s.defs[at]
	var out []Level
	if lacking := x.lacking(at); lacking.N() > 0 {
		out = append(out, Level{Absent: true, On: lacking.On, Off: lacking.Off, at: absent})
	}
	for v, c := range x.counts[at] {
		if c.On+c.Off > 0 {
			out = append(out, Level{Text: d.values[v].text, On: c.On, Off: c.Off, at: int32(v)})
		}
	}
	var once stat.Count // of the values that were seen once
	for i := range out {
		if l := &out[i]; !l.Absent && l.On+l.Off == 1 {
			plus(&once, stat.Count{On: l.On, Off: l.Off})
		}
	}
	for i := range out {
		l := &out[i]
		l.Side = Side(stat.Count{On: l.On, Off: l.Off}, x.total)
		if l.Side == 0 && !l.Absent && l.On+l.Off == 1 && len(d.values) > few {
			// By itself such a value would only say on which side it happened to come.
			l.Side = Side(once, x.total)
		}
	}
	hash := func(l Level) uint64 {
		if l.Absent {
			return 0
		}
		return d.values[l.at].hash
	}
	slices.SortFunc(out, func(a, b Level) int {
		return cmp.Or(cmp.Compare(b.On+b.Off, a.On+a.Off), cmp.Compare(hash(a), hash(b)))
	})
	return out
}

// sideOdds is how strongly a value's own counts must speak before it is said to
// go with one side: an e-value of a value that was chosen for its counts.
var sideOdds = math.Log(10)

// Side tells the level that something goes with by its own counts, +1 for On and
// -1 for Off, 0 where they tell nothing.
func Side(here, total stat.Count) int {
	rest := stat.Count{On: total.On - here.On, Off: total.Off - here.Off}
	if total.On == 0 || total.Off == 0 {
		return 0
	}
	p := float64(total.On) / float64(total.N())
	logE := stat.LinkLogN([]stat.Count{here, rest}, 1, stat.Count{}, p) - stat.BlockLogD([]stat.Count{total})
	switch {
	case logE < sideOdds:
		return 0
	case float64(here.On)*float64(total.Off) > float64(here.Off)*float64(total.On):
		return 1
	}
	return -1
}

// Where names the feature for a reader: a header's name, a JSON pointer, or one
// of the names that begin with a colon, such as ":status".
func (m *Mark) Where() string { return m.Def.String() }

// Sides are the values that go with On, and those that go with Off; where none of
// a side's does by its own counts, those that are more frequent there, and of Off the
// most frequent of them alone.
func (m *Mark) Sides() (on, off []Level) {
	var all stat.Count
	for _, v := range m.Values {
		plus(&all, stat.Count{On: v.On, Off: v.Off})
	}
	var oftener, rest []Level
	for _, v := range m.Values {
		switch lean := v.On*all.Off - v.Off*all.On; {
		case v.Side == 1:
			on = append(on, v)
		case v.Side == -1:
			off = append(off, v)
		case lean > 0:
			oftener = append(oftener, v)
		default:
			rest = append(rest, v)
		}
	}
	if len(on) == 0 {
		on = oftener
	} else {
		rest = append(rest, oftener...)
	}
	if len(off) == 0 && len(rest) > 0 {
		off = rest[:1]
	}
	return on, off
}

// ValueID names one value of a mark's feature within its table: -1 for the
// feature's absence.
type ValueID int32

// Values counts the values of a mark's feature in rows of its scenario.
func (t *Table) Values(rows []int, m *Mark) map[ValueID]int {
	out := map[ValueID]int{}
	for _, n := range rows {
		if n < 0 || int(t.rows[n].scenario) != m.Scenario || t.rows[n].class < 0 {
			continue
		}
		out[ValueID(t.rows[n].at(m.def))]++
	}
	return out
}

// Same tells whether two marks are of one feature of one scenario.
func (m *Mark) Same(o *Mark) bool { return m.Scenario == o.Scenario && m.def == o.def }

// Header tells whether the feature is of a header.
func (m *Mark) Header() bool {
	return !strings.HasPrefix(m.Def.Path, "/") && !strings.HasPrefix(m.Def.Path, ":") && m.Def.Aspect != feature.Member
}

// Turned is the mark with the levels of its factor exchanged.
func (m Mark) Turned() Mark {
	m.Values = slices.Clone(m.Values)
	for i := range m.Values {
		v := &m.Values[i]
		v.On, v.Off, v.Side = v.Off, v.On, -v.Side
	}
	return m
}

// Strays are the features by which some answers at On are none of those at Off:
// a class value that Off has not, or another value of a feature that Off holds
// constant, or one of a feature that takes several values by chance, given by On alone so
// often that draws would have spared Off with a probability below alpha, over all values
// that recur. Only a factor that is drawn for each answer may be asked the last; 0 asks
// it not. Where there is any, nobody can say that the two answer alike.
func (t *Table) Strays(q *Question, alpha float64) []Mark {
	var out []Mark
	tallies, _ := t.count(q)
	recurring := 0
	for _, x := range tallies {
		if x != nil {
			recurring += x.recurring()
		}
	}
	for i, x := range tallies {
		if x == nil {
			continue
		}
		for at := range x.s.defs {
			values := x.strays(at)
			if len(values) == 0 && x.oneSided(at, alpha/float64(recurring)) {
				values = x.levels(at)
			}
			if len(values) > 0 {
				out = append(out, Mark{Scenario: i, Def: x.s.defs[at].Def, def: at, LogE: math.Inf(-1), Values: values})
			}
		}
	}
	return out
}

// Wavering are the features of few values that hold still at neither level: how often each
// gives a value is all that tells the two apart. A feature that comes in few values of
// which one is all but constant is among them.
func (t *Table) Wavering(q *Question) []Mark {
	var out []Mark
	tallies, _ := t.count(q)
	for i, x := range tallies {
		if x == nil {
			continue
		}
		for at, d := range x.s.defs {
			kinds := flag(x.lacking(at).N() > 0)
			for _, c := range x.counts[at] {
				kinds += flag(c.N() > 0)
			}
			if kinds > 1 && kinds <= few && !d.Retired {
				out = append(out, Mark{Scenario: i, Def: d.Def, def: at, LogE: math.Inf(-1), Values: x.levels(at)})
			}
		}
	}
	return out
}

// oneSided tells whether On alone gave a value, so often that draws would have spared Off
// with a probability below p.
func (x *tally) oneSided(at int, p float64) bool {
	share := float64(x.total.On) / float64(x.total.N())
	return x.total.Off >= calibration && !x.s.defs[at].Retired && slices.ContainsFunc(x.counts[at], func(c stat.Count) bool {
		return c.Off == 0 && c.On > 1 && math.Pow(share, float64(c.On)) < p
	})
}

// recurring is how many values of all features came more than once.
func (x *tally) recurring() (n int) {
	for _, values := range x.counts {
		for _, c := range values {
			if c.N() > 1 {
				n++
			}
		}
	}
	return n
}

// strays are a feature's levels where On has values that speak for another
// answer; nil where it has none. A member of a list that comes once, or is missing once,
// says nothing, and neither does a field that appeared once, or a look that a value had
// once: of values by chance some look like none of the others.
func (x *tally) strays(at int) []Level {
	d := x.s.defs[at]
	lacking := x.lacking(at)
	kinds, other := 0, 0
	if lacking.Off > 0 {
		kinds++
	} else {
		other += lacking.On
	}
	for _, c := range x.counts[at] {
		if c.Off > 0 {
			kinds++
		} else {
			other += c.On
		}
	}
	named := d.compared()
	switch {
	case other == 0, x.total.Off < calibration, d.Retired:
		return nil
	case kinds != 1 && !named:
		return nil
	case lacking.Off == x.total.Off && !named && (d.Late == feature.MemberKind || other < 2):
		return nil
	case other < 2 && !named && (d.Late == feature.MemberKind || d.Aspect == feature.Shape):
		return nil
	}
	return x.levels(at)
}

// Mixed tells whether one level gives now what is its own and now what the other
// level always gives: its answers are then of two kinds, and the feature tells
// them apart. A field that takes several values by chance is none of that.
func (m *Mark) Mixed() bool {
	var on, off [3]int // answers by side
	for _, v := range m.Values {
		on[v.Side+1] += v.On
		off[v.Side+1] += v.Off
	}
	return mixes(on, m.Values, 1) || mixes([3]int{off[2], off[1], off[0]}, m.Values, -1)
}

// mixes tells whether a level holds two values, of which the other level holds
// one alone. by are its answers by side, its own last.
func mixes(by [3]int, values []Level, own int) bool {
	const strays = 50 // one in so many answers says nothing
	n := by[0] + by[1] + by[2]
	if by[0] < 3 || strays*by[0] < n || by[2] == 0 || strays*by[1] > n {
		return false
	}
	kinds := 0
	for _, v := range values {
		here, there := v.On, v.Off
		if own < 0 {
			here, there = there, here
		}
		if strays*here > n {
			kinds++
		}
		if v.Side == own && there > 0 {
			return false
		}
	}
	return kinds == 2
}
