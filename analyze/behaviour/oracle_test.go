package behaviour

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"stageprobe/analyze/feature"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// sent is one answer of a drawn run: the value of each feature, "" where it lacks it.
type sent struct {
	scenario int
	on       bool
	values   []string
}

// drawnDefs are the features of drawn runs; the last two appear after calibration.
func drawnDefs() []feature.Def {
	defs := []feature.Def{
		feature.NewDef(":status", feature.Content, true), feature.NewDef("/a", feature.Content, false), feature.NewDef("/b", feature.Content, false),
		feature.NewDef("/once", feature.Content, false), feature.NewDef("/late", feature.Content, false), feature.NewDef("/items", feature.Member, false),
	}
	defs[5].Late = feature.MemberKind
	return defs
}

// drawRun draws answers of which some features go with the level.
func drawRun(rng *rand.Rand, scenarios, n int) []sent {
	var out []sent
	strength := rng.Float64()
	for i := range n {
		s := sent{scenario: rng.IntN(scenarios), on: rng.Float64() < .3, values: make([]string, 6)}
		goes := func(v int) string {
			if s.on && rng.Float64() < strength {
				v += 3
			}
			return fmt.Sprint(v)
		}
		s.values[0] = fmt.Sprint(200 + rng.IntN(2)/2)
		s.values[1] = fmt.Sprint(rng.IntN(3))
		if s.scenario == 0 {
			s.values[2] = goes(rng.IntN(2))
		}
		s.values[3] = fmt.Sprint(i)
		if i >= calibration*scenarios*4 {
			if rng.IntN(4) > 0 {
				s.values[4] = goes(0)
			}
			s.values[5] = fmt.Sprint(rng.IntN(2))
		}
		out = append(out, s)
	}
	return out
}

// tabulate puts answers into a table and lists the draws.
func tabulate(scenarios int, run []sent) (*Table, []Draw) {
	t := New(Options{Targets: []probe.Target{{ID: "t"}}, Scenarios: make([]probe.Scenario, scenarios)})
	defs := make([][]feature.Def, scenarios)
	at := make([]map[int]int, scenarios) // by scenario: the feature's place among its own, in the order of appearance
	for i := range at {
		at[i] = map[int]int{}
	}
	all := drawnDefs()
	var draws []Draw
	for _, s := range run {
		var values []feature.Value
		for k, text := range s.values {
			if text == "" {
				continue
			}
			if _, ok := at[s.scenario][k]; !ok {
				at[s.scenario][k] = len(defs[s.scenario])
				defs[s.scenario] = append(defs[s.scenario], all[k])
			}
			values = append(values, feature.Value{Def: at[s.scenario][k], Hash: hashOf(text), Text: text})
		}
		row := t.AddValues(0, s.scenario, Answer{Status: 200, Class: signature.Informative, Outcome: probe.OutcomeResponse}, values, defs[s.scenario])
		draws = append(draws, Draw{Row: row, On: s.on})
	}
	return t, draws
}

func hashOf(text string) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range []byte(text) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// oracle works ln E out from the answers themselves, by the formulae.
type oracle struct {
	run       []sent
	scenarios int
	p         float64
	known     bool
	ends      []int
	weight    float64
}

// logD is the ln probability of the labels of some of the draws: the true one where it is
// known, else the greatest by blocks.
func (o *oracle) logD(in func(*sent) bool) float64 {
	var drawn float64
	var blocks stat.Blocks
	for i := range o.run {
		if slices.Contains(o.ends, i) {
			blocks.End()
		}
		s := &o.run[i]
		if !in(s) {
			continue
		}
		blocks.Add(s.on)
		if s.on {
			drawn += math.Log(o.p)
		} else {
			drawn += math.Log(1 - o.p)
		}
	}
	if o.known {
		return drawn
	}
	return blocks.LogD()
}

// first is the place, among all answers and those of its scenario, of the first answer
// that has a feature; none where it has none.
func (o *oracle) first(scenario, k int) (all, own int) {
	for i := range o.run {
		if s := &o.run[i]; s.scenario == scenario {
			if s.values[k] != "" {
				return i, own
			}
			own++
		}
	}
	return -1, 0
}

// parts are the terms of ln N of one feature in one scenario.
func (o *oracle) parts(scenario, k int) [stat.LinkParts]float64 {
	counts, early := map[string]stat.Count{}, map[string]int{}
	own := 0
	for i := range o.run {
		s := &o.run[i]
		if s.scenario != scenario {
			continue
		}
		c := counts[s.values[k]]
		if s.on {
			c.On++
		} else {
			c.Off++
		}
		counts[s.values[k]] = c
		if own++; own <= calibration {
			early[s.values[k]]++
		}
	}
	usual, most := "", early[""]
	for _, v := range slices.Sorted(mapKeys(early)) {
		if n := early[v]; v != "" && (n > most || n == most && usual != "" && hashOf(v) < hashOf(usual)) {
			usual, most = v, n
		}
	}
	values, single := []stat.Count{counts[usual]}, stat.Count{}
	for v, c := range counts {
		switch {
		case v == usual:
		case c.N() == 1:
			single = stat.Count{On: single.On + c.On, Off: single.Off + c.Off}
		default:
			values = append(values, c)
		}
	}
	return stat.LinkLogParts(values, 0, single, o.p)
}

func mapKeys(m map[string]int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// logE is ln E of the whole question, of every feature of one scenario, and of those over
// all scenarios, for each scenario that speaks for it.
func (o *oracle) logE() (whole float64, marks, overAll map[[2]int]float64) {
	type seen struct{ scenario, k, born int }
	marks, overAll = map[[2]int]float64{}, map[[2]int]float64{}
	kinds := float64(min(o.scenarios, 2))
	defs := drawnDefs()
	var features, pooled []seen
	early := map[bool]float64{}
	earlyAt := map[[2]int]bool{}
	pooledAt := map[int]seen{}
	for sc := range o.scenarios {
		for k := range defs {
			born, own := o.first(sc, k)
			if born < 0 {
				continue
			}
			f := seen{sc, k, born}
			features = append(features, f)
			if own < calibration {
				early[defs[k].Class]++
				earlyAt[[2]int{sc, k}] = true
			}
			if p, ok := pooledAt[k]; !ok || born < p.born {
				pooledAt[k] = f
			}
		}
	}
	byBirth := func(a, b seen) int {
		return cmp.Or(cmp.Compare(a.born, b.born), cmp.Compare(defs[a.k].Hash(), defs[b.k].Hash()))
	}
	slices.SortStableFunc(features, byBirth)
	for _, f := range pooledAt {
		pooled = append(pooled, f)
	}
	slices.SortFunc(pooled, byBirth)
	weigh := func(list []seen, early map[bool]float64) map[seen]float64 {
		out := map[seen]float64{}
		late := map[feature.Late]float64{}
		for _, f := range list {
			if d := &defs[f.k]; earlyAt[[2]int{f.scenario, f.k}] {
				out[f] = 3. / 8 / kinds / early[d.Class]
			} else {
				late[d.Late]++
				out[f] = 1. / 8 / kinds / (late[d.Late] * (late[d.Late] + 1))
			}
		}
		return out
	}
	var terms []float64
	for f, w := range weigh(features, early) {
		parts := o.parts(f.scenario, f.k)
		logE := stat.LogMean(parts[:]) - o.logD(func(s *sent) bool { return s.scenario == f.scenario }) + math.Log(o.weight*w)
		terms = append(terms, logE)
		marks[[2]int{f.scenario, f.k}] = logE
	}
	if o.scenarios > 1 {
		earlyPooled := map[bool]float64{}
		for _, f := range pooled {
			if earlyAt[[2]int{f.scenario, f.k}] {
				earlyPooled[defs[f.k].Class]++
			}
		}
		for f, w := range weigh(pooled, earlyPooled) {
			var sum [stat.LinkParts]float64
			for sc := range o.scenarios {
				for i, x := range o.parts(sc, f.k) {
					sum[i] += x
				}
			}
			logE := stat.LogMean(sum[:]) - o.logD(func(*sent) bool { return true }) + math.Log(o.weight*w)
			terms = append(terms, logE)
			for sc := range o.scenarios {
				parts, blocks := o.parts(sc, f.k), *o
				blocks.known = false
				if born, _ := o.first(sc, f.k); born >= 0 && stat.LogMean(parts[:]) > blocks.logD(func(s *sent) bool { return s.scenario == sc }) {
					overAll[[2]int{sc, f.k}] = logE
				}
			}
		}
	}
	return stat.LogSumExp(terms...), marks, overAll
}

// TestLinkAgainstTheFormulae: over drawn runs the answer to a question is what the
// formulae give, worked out from the answers one by one.
func TestLinkAgainstTheFormulae(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range 24 {
		scenarios := 1 + n%3
		o := &oracle{run: drawRun(rng, scenarios, 120+rng.IntN(330)), scenarios: scenarios, p: .1 + .5*rng.Float64(), known: n%2 == 0, weight: .2 + .8*rng.Float64()}
		if n%4 == 1 {
			o.ends = []int{100, 130}
		}
		table, draws := tabulate(scenarios, o.run)
		link := table.Link(&Question{Draws: draws, P: o.p, Known: o.known, Ends: o.ends, Weight: o.weight})
		want, marks, overAll := o.logE()
		if math.Abs(link.LogE-want) > 1e-9*max(1, math.Abs(want)) {
			t.Errorf("run %d: ln E %.12g, want %.12g", n, link.LogE, want)
		}
		on := 0
		for _, d := range draws {
			if d.On {
				on++
			}
		}
		if link.On != on || link.Off != len(draws)-on {
			t.Errorf("run %d: %d at On and %d at Off, want %d of %d", n, link.On, link.Off, on, len(draws))
		}
		defs := drawnDefs()
		told := 0
		for _, marks := range []map[[2]int]float64{marks, overAll} {
			for k, want := range marks {
				has := slices.ContainsFunc(link.Marks, func(m Mark) bool {
					return m.Scenario == k[0] && m.Def.Hash() == defs[k[1]].Hash() && math.Abs(m.LogE-want) < 1e-9*max(1, math.Abs(want))
				})
				if has != (want > 0) {
					t.Errorf("run %d: feature %s of scenario %d with ln E %g is a mark: %t", n, defs[k[1]].Path, k[0], want, has)
				}
				if has {
					told++
				}
			}
		}
		if told != len(link.Marks) {
			t.Errorf("run %d: %d marks, want %d", n, len(link.Marks), told)
		}
		if !slices.IsSortedFunc(link.Marks, func(a, b Mark) int { return cmp.Compare(b.LogE, a.LogE) }) {
			t.Errorf("run %d: the strongest mark is not first", n)
		}
		checkLevels(t, link.Marks, o.run)
	}
}

// checkLevels holds the counts of marks against the answers.
func checkLevels(t *testing.T, marks []Mark, run []sent) {
	t.Helper()
	defs := drawnDefs()
	for i := range marks {
		m := &marks[i]
		k := slices.IndexFunc(defs, func(d feature.Def) bool { return d.Hash() == m.Def.Hash() })
		counts := map[string]stat.Count{}
		for _, s := range run {
			if s.scenario != m.Scenario {
				continue
			}
			c := counts[s.values[k]]
			if s.on {
				c.On++
			} else {
				c.Off++
			}
			counts[s.values[k]] = c
		}
		if len(m.Values) != len(counts) {
			t.Fatalf("%s has %d values, want %d", m.Def.Path, len(m.Values), len(counts))
		}
		last := math.MaxInt
		for _, v := range m.Values {
			if c := counts[v.Text]; v.Text != "" && (c != stat.Count{On: v.On, Off: v.Off}) || v.Absent && (counts[""] != stat.Count{On: v.On, Off: v.Off}) {
				t.Errorf("%s is %q in %d and %d answers, want %v", m.Def.Path, v.Text, v.On, v.Off, c)
			}
			if v.On+v.Off > last {
				t.Errorf("%s: the most frequent value is not first", m.Def.Path)
			}
			last = v.On + v.Off
		}
	}
}

// TestLinkOfOneLevel: where one level was never drawn nothing is linked.
func TestLinkOfOneLevel(t *testing.T) {
	run := drawRun(rand.New(rand.NewPCG(1, 1)), 1, 200)
	table, draws := tabulate(1, run)
	for _, on := range []bool{true, false} {
		for i := range draws {
			draws[i].On = on
		}
		if l := table.Link(&Question{Draws: draws, P: .5, Weight: 1}); !math.IsInf(l.LogE, -1) || len(l.Marks) > 0 {
			t.Errorf("all draws at On %t: ln E %g with %d marks", on, l.LogE, len(l.Marks))
		}
	}
}

// TestLinkWaitsForCalibration: a scenario is asked from the answer on that settles what
// is usual.
func TestLinkWaitsForCalibration(t *testing.T) {
	for n := calibration - 2; n < calibration+3; n++ {
		run := make([]sent, n)
		for i := range run {
			run[i] = sent{on: i%2 == 0, values: []string{"200", fmt.Sprint(i % 2), "", "", "", ""}}
		}
		table, draws := tabulate(1, run)
		l := table.Link(&Question{Draws: draws, P: .5, Known: true, Weight: 1})
		if asked := !math.IsInf(l.LogE, -1); asked != (n >= calibration) {
			t.Errorf("after %d answers a scenario is asked: %t", n, asked)
		}
	}
}

// Many scenarios are calibrated by fewer answers each, so that what they share speaks
// before each of them could by itself.
func TestManyScenariosAreCalibratedSooner(t *testing.T) {
	for scenarios, want := range map[int]int{1: 9, 2: 9, 8: 9, 9: 8, 12: 6, 18: 4, 20: 4, 500: 4} {
		if got := calibrationOf(scenarios); got != want {
			t.Errorf("%d scenarios are calibrated by %d answers each, want %d", scenarios, got, want)
		}
	}
}
