package cause

import (
	"maps"
	"math"
	"slices"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// compare holds a target's answers against those of the meant stage's own invoke
// URL, and where they differ against those of every other stage (behaviour 6).
func compare(fx *Facts, sub *target, g *sighting) {
	if g.byConfig {
		g.rival = sub.stageRef()
	}
	expected := fx.invoke(g.meant)
	if expected == nil || expected == sub || expected.n() == 0 || sub.n() == 0 {
		return
	}
	g.differs, g.against = marksOf(fx, sub, expected)
	if g.byConfig {
		if own := fx.invoke(g.rival); own != nil && own != sub {
			g.alike = alike(fx, own, expected)
		}
		return
	}
	if len(g.differs) == 0 {
		return
	}
	for _, rival := range stagesProbed(fx) {
		if rival != sub && rival != expected && servedBy(fx, sub, rival, expected, g) {
			g.rivals = append(g.rivals, rival.stageRef())
		}
	}
	if len(g.rivals) > 0 {
		g.rival = g.rivals[0]
	}
	g.unsettled = len(g.rivals) == 0 && mayBeServed(fx, sub, expected)
}

// marksOf is what tells one target from another, with the first as On, and how
// strongly.
func marksOf(fx *Facts, a, b *target) ([]behaviour.Mark, float64) {
	if l := fx.pairs[[2]int{a.index, b.index}]; l != nil {
		return strong(l, fx.threshold()), l.LogE
	}
	l := fx.pairs[[2]int{b.index, a.index}]
	if l == nil {
		return nil, 0
	}
	marks := slices.Clone(strong(l, fx.threshold()))
	for i := range marks {
		marks[i] = marks[i].Turned()
	}
	return marks, l.LogE
}

// servedBy tells whether the answers of a target are those of a rival stage and
// not of the stage meant: what tells it from the stage meant tells the rival from
// it as well, and in each such feature the target is as the rival, beyond doubt.
func servedBy(fx *Facts, sub, rival, expected *target, g *sighting) bool {
	apart, _ := marksOf(fx, rival, expected)
	against, _ := marksOf(fx, sub, rival)
	told := false
	need := math.Log(float64(max(1, len(stagesProbed(fx))-1))) + fx.threshold()
	for i := range g.differs {
		m := &g.differs[i]
		tells := telling(fx, m, sub, rival, expected)
		if tells == nil {
			continue // no stage gives what tells it: the address does
		}
		if !hasMark(apart, m) {
			continue
		}
		told = true
		if hasMark(against, m) {
			return false
		}
		if stat.EqualLogE(tells.count(fx, sub, sub, m), tells.count(fx, rival, sub, m), tells.count(fx, expected, sub, m)) < need {
			return false
		}
	}
	return told
}

// mayBeServed tells whether another stage than the one meant may yet turn out to
// serve a target: nothing tells the two apart so far.
func mayBeServed(fx *Facts, sub, expected *target) bool {
	return slices.ContainsFunc(stagesProbed(fx), func(x *target) bool {
		marks, _ := marksOf(fx, sub, x)
		return x != sub && x != expected && len(marks) == 0
	})
}

func hasMark(marks []behaviour.Mark, m *behaviour.Mark) bool {
	return slices.ContainsFunc(marks, func(o behaviour.Mark) bool { return o.Same(m) })
}

// stagesProbed are the stages' own invoke URLs that gave answers.
func stagesProbed(fx *Facts) []*target {
	return slices.DeleteFunc(slices.Clone(fx.targets), func(x *target) bool { return x.Kind != probe.InvokeURL || x.Unmapped != "" || x.n() == 0 })
}

// bin are the values of a feature that tell a target from the stage meant.
type bin struct {
	values map[behaviour.ValueID]bool
	// foreign: so is any other value that the stage meant does not give, such as an id of
	// each answer's own.
	foreign bool
	stage   *target // the stage meant
	meant   map[behaviour.ValueID]int
}

// telling are the values of a feature that a target gives more often than the stage
// meant and that some stage gives as well; nil where what tells most is given by no
// stage. All values that the stage meant does not give are one where target and rival
// draw them from one source, as far as their repetitions tell.
func telling(fx *Facts, m *behaviour.Mark, sub, rival, expected *target) *bin {
	mine, theirs, others := valuesOf(fx, sub, m, always), valuesOf(fx, expected, m, always), valuesOf(fx, rival, m, always)
	elsewhere := map[behaviour.ValueID]bool{}
	for _, x := range stagesProbed(fx) {
		if x != sub {
			for v := range valuesOf(fx, x, m, always) {
				elsewhere[v] = true
			}
		}
	}
	nm, nt := total(mine), total(theirs)
	if nm == 0 || nt == 0 {
		return nil
	}
	out := &bin{values: map[behaviour.ValueID]bool{}, stage: expected, meant: theirs}
	most, given := 0., false
	for _, v := range sortedKeys(mine) {
		more := float64(mine[v])/nm - float64(theirs[v])/nt
		if more > most {
			most, given = more, elsewhere[v]
		}
		out.values[v] = more > 0 && elsewhere[v]
	}
	once := 0.
	for _, n := range theirs {
		if n == 1 {
			once++
		}
	}
	if new := foreign(mine, theirs); total(new)/nm-once/nt > most && oneSource(new, foreign(others, theirs)) {
		out.foreign, given = true, true
	}
	if !given {
		return nil
	}
	return out
}

// foreign are the values that a stage does not give.
func foreign(counts, stage map[behaviour.ValueID]int) map[behaviour.ValueID]int {
	out := map[behaviour.ValueID]int{}
	for v, n := range counts {
		if stage[v] == 0 {
			out[v] = n
		}
	}
	return out
}

// oneSource tells whether both sides may draw their values from one source: a value
// that comes again comes from either side then, and seldom c times from one of them.
func oneSource(a, b map[behaviour.ValueID]int) bool {
	na, nb := total(a), total(b)
	if na == 0 || nb == 0 {
		return false
	}
	all := maps.Clone(a)
	for v, n := range b {
		all[v] += n
	}
	repeated, apart, foreseen := 0., 0., 0.
	for _, v := range sortedKeys(all) {
		c := float64(all[v])
		if c < 2 {
			continue
		}
		repeated++
		foreseen += math.Pow(na/(na+nb), c) + math.Pow(nb/(na+nb), c)
		if a[v] == 0 || b[v] == 0 {
			apart++
		}
	}
	// Chernoff's bound of the chance that so many come from one side alone.
	return apart <= foreseen || repeated*stat.KL(apart/repeated, foreseen/repeated) <= -math.Log(tuning.Doubt)
}

// has tells whether a value is in the bin that a target gives. Of the stage meant each
// answer is held against its others: so its answers fall into the bin as often as those of
// a target that answers as it does.
func (b *bin) has(v behaviour.ValueID, of *target) bool {
	others := b.meant[v]
	if of == b.stage {
		others--
	}
	return b.values[v] || b.foreign && others == 0
}

func total(counts map[behaviour.ValueID]int) (n float64) {
	for _, k := range counts {
		n += float64(k)
	}
	return n
}

func always[T any](*T) bool { return true }

// valuesOf counts a feature's values in those of a target's answers that may.
func valuesOf(fx *Facts, sub *target, m *behaviour.Mark, may func(*Row) bool) map[behaviour.ValueID]int {
	c := cellOf(sub, m.Scenario)
	if c == nil {
		return nil
	}
	rows := make([]int, 0, len(c.rows))
	for _, i := range c.rows {
		if r := &fx.Rows[i]; r.Class != signature.Transport && may(r) {
			rows = append(rows, fx.Rows[i].Table)
		}
	}
	return fx.Table.Values(rows, m)
}

// count counts a target's answers that fall into the bin, among those that could have
// gone to another target as well: what a stage answers once the target is no longer
// asked tells nothing of it, and would wear the evidence away.
func (b *bin) count(fx *Facts, of, with *target, m *behaviour.Mark) stat.BinCount {
	var out stat.BinCount
	together := func(r *Row) bool { return r.Among == 0 || r.Among.Has(with.index) }
	for v, n := range valuesOf(fx, of, m, together) {
		out.N += n
		if b.has(v, of) {
			out.K += n
		}
	}
	return out
}

// foresee is the probability that a stage's profile gives to a behaviour.
func foresee(fx *Facts, of *target, scenario int, id string, kinds int) float64 {
	counts, n := profileOf(fx, of, scenario)
	u := 1 / float64(kinds+1)
	p := (float64(counts[id]) + tuning.ProfileWeight*u) / (float64(n) + tuning.ProfileWeight)
	return (1-tuning.Strange)*p + tuning.Strange*u
}

// kinds is how many behaviours of a scenario are known over all targets.
func kinds(fx *Facts, scenario int) int {
	ids := map[string]bool{}
	for i := range fx.Clusters {
		if fx.Clusters[i].Scenario == scenario {
			ids[fx.Clusters[i].ID] = true
		}
	}
	return len(ids)
}

// alike tells whether two targets' answers cannot be told apart.
func alike(fx *Facts, a, b *target) bool {
	if marks, _ := marksOf(fx, a, b); len(marks) > 0 {
		return false
	}
	for _, c := range a.cells {
		if d, n := distance(fx, a, b, c.scenario); n > 0 && n < tuning.Enough.Alike && d > 0 {
			return false
		}
	}
	return true
}

// distance is the total variation between two targets' answers to a scenario,
// and how many answers the less asked of them gave.
func distance(fx *Facts, a, b *target, scenario int) (d float64, n int) {
	pa, na := profileOf(fx, a, scenario)
	pb, nb := profileOf(fx, b, scenario)
	if na == 0 || nb == 0 {
		return 0, 0
	}
	all := maps.Clone(pa)
	maps.Copy(all, pb)
	// In order, so that the sum is the same to the last bit.
	for _, id := range sortedKeys(all) {
		d += math.Abs(float64(pa[id])/float64(na) - float64(pb[id])/float64(nb))
	}
	return d / 2, min(na, nb)
}

// profileOf counts a target's answers to a scenario by behaviour.
func profileOf(fx *Facts, sub *target, scenario int) (counts map[string]int, n int) {
	counts = map[string]int{}
	if c := cellOf(sub, scenario); c != nil {
		for k, m := range c.count {
			counts[fx.Clusters[k].ID] += m
			n += m
		}
	}
	return counts, n
}

// againstMeant are the numbers of answers that were held against those of the stage meant.
func againstMeant(fx *Facts, sub *target, g *sighting) *Statistics {
	return &Statistics{Test: "link e-value by feature, target as factor", Statistic: g.against, EValue: evalue(g.against), Effect: 1, N: fx.answered(sub)}
}

// profileTable counts the target's answers beside those of the two stages.
func profileTable(fx *Facts, sub *target, g *sighting) *Table {
	columns, names := []*target{sub}, []string{sub.ID}
	for _, ref := range []probe.StageRef{g.rival, g.meant} {
		if o := fx.invoke(ref); o != nil && o != sub {
			columns, names = append(columns, o), append(names, o.ID)
		}
	}
	return targetTable(fx, columns, names, always)
}

// targetTable counts the behaviours of some scenarios by target.
func targetTable(fx *Facts, columns []*target, names []string, of func(*cell) bool) *Table {
	t := &Table{Columns: names}
	row := map[behaviourKey]int{}
	for i, col := range columns {
		for _, c := range col.cells {
			if !of(c) {
				continue
			}
			for _, k := range c.clusters {
				key := behaviourKey{c.scenario, fx.Clusters[k].ID}
				if _, ok := row[key]; !ok {
					row[key] = len(t.Rows)
					t.Rows = append(t.Rows, rowName(fx, k))
					t.Counts = append(t.Counts, make([]int, len(columns)))
				}
				t.Counts[row[key]][i] += c.count[k]
			}
		}
	}
	return t
}
