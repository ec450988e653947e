package cause

import (
	"cmp"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/feature"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// observed is what was found to go with what was drawn.
type observed struct {
	canary  []*behaviour.Link // per target; nil where nothing is labelled
	pairs   map[[2]int]*behaviour.Link
	leveled []leveled
	asked   [][2]int // the pairs of targets that are held against each other
	copies  []copies // per target: what a cache before the gateway answered
}

// leveled is a factor one of whose levels answers otherwise than the others.
type leveled struct {
	sub    int
	factor *factor
	level  string
	link   *behaviour.Link
}

// observe holds the features of all answers against everything that was drawn,
// and sorts the answers by what any person would call another answer and by what
// was found linked.
func observe(fx *Facts) {
	fx.told = fx.Table == nil
	if fx.told {
		fx.Table = told(fx.Input)
	}
	if !fx.OwnRows {
		fx.Rows = slices.Clone(fx.Rows)
	}
	if fx.Memory == nil || fx.told {
		fx.Memory, fx.Kept = &Memory{}, 0
	}
	fx.Memory.cut(fx.Kept, len(fx.Plan.Targets))
	drawn(fx)
	byTarget, dropped := fx.Memory.rows, fx.Memory.dropped
	fx.asked = pairsAsked(fx.Input)
	fx.pairs = map[[2]int]*behaviour.Link{}
	fx.canary = make([]*behaviour.Link, len(fx.Plan.Targets))
	var marks []behaviour.Mark
	need := fx.threshold()
	keep := func(l *behaviour.Link) {
		if l != nil {
			marks = append(marks, strong(l, need)...)
		}
	}
	for _, group := range stageGroups(fx.Input) {
		l := linkCanary(fx, group, byTarget)
		for _, i := range group {
			fx.canary[i] = l
		}
		keep(l)
	}
	for i := range fx.Plan.Targets {
		for _, l := range linkLevels(fx, i, byTarget[i]) {
			keep(l.link)
			fx.leveled = append(fx.leveled, l)
		}
	}
	for _, p := range fx.asked {
		l := linkPair(fx, p, byTarget, dropped)
		fx.pairs[p] = l
		for _, m := range strong(l, need) {
			if m.Mixed() {
				marks = append(marks, m)
			}
		}
	}
	for i := range fx.Plan.Targets {
		fx.copies = append(fx.copies, copiesOf(fx, i, byTarget))
		marks = append(marks, fx.copies[i].old...)
	}
	fx.partition = fx.Table.Partition(marks, kin(fx))
}

// kin numbers, per scenario, the targets that answer alike: two are of one kind
// where nothing tells them apart.
func kin(fx *Facts) func(target, scenario int) int {
	apart := map[[3]int]bool{}
	for p, l := range fx.pairs {
		for _, m := range unfrozen(fx, p, strong(l, fx.threshold())) {
			apart[[3]int{m.Scenario, p[0], p[1]}] = true
			apart[[3]int{m.Scenario, p[1], p[0]}] = true
		}
	}
	kinds := map[[2]int]int{}
	for sc := range fx.Plan.Scenarios {
		var first []int // of each kind
		for t := range fx.Plan.Targets {
			k := slices.IndexFunc(first, func(o int) bool { return !apart[[3]int{sc, t, o}] })
			if k < 0 {
				k = len(first)
				first = append(first, t)
			}
			kinds[[2]int{t, sc}] = k
		}
	}
	return func(target, scenario int) int { return kinds[[2]int{target, scenario}] }
}

// unfrozen are the marks of a pair without those of what the cache of one stage holds
// still and the other stage moves by itself: a copy that is as good as what it was made
// from is no other behaviour.
func unfrozen(fx *Facts, p [2]int, marks []behaviour.Mark) []behaviour.Mark {
	on := caching(newTarget(fx, p[0]))
	if on == caching(newTarget(fx, p[1])) {
		return marks
	}
	return slices.DeleteFunc(slices.Clone(marks), func(m behaviour.Mark) bool {
		moves := 0 // values of the side without a cache
		for _, v := range m.Values {
			if on && v.Off > 0 || !on && v.On > 0 {
				moves++
			}
		}
		return moves > 1 && !m.Def.Class
	})
}

// strong are the marks that reach a threshold by themselves.
func strong(l *behaviour.Link, need float64) []behaviour.Mark {
	i := slices.IndexFunc(l.Marks, func(m behaviour.Mark) bool { return m.LogE < need })
	if i < 0 {
		i = len(l.Marks)
	}
	return l.Marks[:i]
}

// drawn takes in the rows of each target that say something of behaviour, in order. A
// copy that a cache before the gateway gave was drawn once, however often it came. Dropped
// tells whose requests came to nothing that could be told apart.
func drawn(fx *Facts) {
	m := fx.Memory
	for i := fx.Kept; i < len(fx.Rows); i++ {
		r := &fx.Rows[i]
		switch {
		case fx.Plan.Scenarios[r.Scenario].Limit > 0:
		case r.Class == signature.OwnFault || r.Class == signature.Transport || r.Class == signature.Throttled || r.Table < 0 || r.Copied:
			m.dropped[r.Target] = true
		default:
			m.rows[r.Target] = append(m.rows[r.Target], i)
		}
	}
}

// stageGroups are the targets by the stage that they lead to: one canary draws
// for all of them.
func stageGroups(in *Input) [][]int {
	var out [][]int
	at := map[probe.StageRef]int{}
	for i := range in.Plan.Targets {
		t := &in.Plan.Targets[i]
		ref := probe.StageRef{APIID: t.APIID, Stage: t.Stage}
		k, ok := at[ref]
		if !ok || t.APIID == "" || t.Stage == "" {
			k = len(out)
			at[ref] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], i)
	}
	return out
}

// linkCanary asks what goes with the side of a stage's canary that the logs name.
func linkCanary(fx *Facts, group []int, byTarget [][]int) *behaviour.Link {
	q := canaryQuestion(fx, group, byTarget)
	if q == nil {
		return nil
	}
	return fx.Table.Link(q)
}

// canaryQuestion is the question of one stage's canary; nil where the logs do not
// name both sides, or contradict themselves. Only rows count of which both sides
// would be known by now.
func canaryQuestion(fx *Facts, group []int, byTarget [][]int) *behaviour.Question {
	t := &fx.Plan.Targets[group[0]]
	p := 0.
	if t.Canary != nil {
		p = t.Canary.Percent / 100
	}
	q := &behaviour.Question{Weight: weights(fx).Canary / float64(max(1, canaryQuestions(fx))), P: p}
	rows := byTarget[group[0]] // in order
	if len(group) > 1 {
		rows = nil
		for _, i := range group {
			rows = append(rows, byTarget[i]...)
		}
		slices.Sort(rows)
	}
	q.Draws = make([]behaviour.Draw, 0, len(rows))
	events := eventsOf(fx, group[0])
	on, contradictory := 0, 0
	for _, i := range rows {
		r := &fx.Rows[i]
		if r.Contradictory {
			contradictory++
		}
		if r.Late || r.Repeat || known(r) == LabelUnknown {
			continue
		}
		for len(events) > 0 && r.At.After(events[0]) {
			q.Ends, events = append(q.Ends, len(q.Draws)), events[1:]
		}
		q.Draws = append(q.Draws, behaviour.Draw{Row: r.Table, On: r.Label == LabelCanary})
		if r.Label == LabelCanary {
			on++
		}
	}
	if on == 0 || on == len(q.Draws) || float64(contradictory) > tuning.Contradictory*float64(len(rows)) {
		return nil
	}
	if p <= 0 || p >= 1 {
		q.P = float64(on) / float64(len(q.Draws))
	}
	return q
}

// questionOf is the question of the canary of a target's stage; nil where the logs do not
// name both sides.
func questionOf(fx *Facts, sub *target) *behaviour.Question {
	for _, group := range stageGroups(fx.Input) {
		if slices.Contains(group, sub.index) {
			return canaryQuestion(fx, group, fx.Memory.rows)
		}
	}
	return nil
}

// canaryQuestions is of how many stages the canary's question is asked: those with
// a canary that draws, and those that were not read.
func canaryQuestions(fx *Facts) int {
	n := 0
	for _, group := range stageGroups(fx.Input) {
		t := &fx.Plan.Targets[group[0]]
		if t.Canary != nil && t.Canary.Percent > 0 && t.Canary.Percent < 100 || fx.Snapshot.API(t.APIID).Stage(t.Stage) == nil {
			n++
		}
	}
	return n
}

// eventsOf are the moments at which the configuration of a target's stage
// changed, as far as they are known.
func eventsOf(fx *Facts, target int) []time.Time {
	t := &fx.Plan.Targets[target]
	api := fx.Snapshot.API(t.APIID)
	st := api.Stage(t.Stage)
	var out []time.Time
	if st != nil {
		out = append(out, st.Updated)
		for _, d := range api.Deployments {
			out = append(out, d.Created)
		}
	}
	for _, e := range fx.Snapshot.Edits {
		if e.APIID == t.APIID {
			out = append(out, e.At)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.DeleteFunc(out, time.Time.IsZero)
}

// linkPair asks what goes with which of two targets a request was drawn for. Only
// requests count that could have gone to either as likely; where that was not
// recorded, those before either was no longer asked. Where some of them came to
// nothing, as a throttle or a cache before one address makes them, what is left was no
// longer drawn evenly, and the share is taken from it.
func linkPair(fx *Facts, p [2]int, byTarget [][]int, dropped []bool) *behaviour.Link {
	a, b := byTarget[p[0]], byTarget[p[1]]
	q := &behaviour.Question{P: .5, Known: !dropped[p[0]] && !dropped[p[1]], Weight: weights(fx).Pair / float64(max(1, len(fx.asked)))}
	both := bothAsked(fx, a, b)
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		on := j == len(b) || i < len(a) && a[i] < b[j]
		at := 0
		if on {
			at, i = a[i], i+1
		} else {
			at, j = b[j], j+1
		}
		r := &fx.Rows[at]
		even := r.Among.Has(p[0]) && r.Among.Has(p[1]) || r.Among == 0 && at <= both[r.Scenario]
		if even {
			q.Draws = append(q.Draws, behaviour.Draw{Row: r.Table, On: on})
		}
	}
	return fx.Table.Link(q)
}

// bothAsked is, per scenario, the last row before either of two targets was no
// longer asked.
func bothAsked(fx *Facts, a, b []int) map[int]int {
	last := func(rows []int) map[int]int {
		out := map[int]int{}
		for _, i := range rows {
			out[fx.Rows[i].Scenario] = i
		}
		return out
	}
	la, lb := last(a), last(b)
	out := map[int]int{}
	for sc, i := range la {
		if j, ok := lb[sc]; ok {
			out[sc] = min(i, j)
		} else {
			out[sc] = -1
		}
	}
	for sc := range lb {
		if _, ok := out[sc]; !ok {
			out[sc] = -1
		}
	}
	return out
}

// pairsAsked are the pairs of targets that are held against each other: whatever
// is meant to serve a stage against the invoke URLs, and the stages of one API.
func pairsAsked(in *Input) [][2]int {
	var out [][2]int
	for i := range in.Plan.Targets {
		for j := range in.Plan.Targets {
			a, b := &in.Plan.Targets[i], &in.Plan.Targets[j]
			if i == j || b.Kind != probe.InvokeURL {
				continue
			}
			if a.Kind != probe.InvokeURL || a.Meant != nil && b.Meant == nil || i < j && a.APIID == b.APIID && (b.Meant == nil) == (a.Meant == nil) {
				out = append(out, [2]int{i, j})
			}
		}
	}
	return out
}

// linkLevels asks what goes with one level of a factor against all others.
func linkLevels(fx *Facts, target int, rows []int) []leveled {
	if len(rows) == 0 {
		return nil
	}
	sub := newTarget(fx, target)
	factors, parts := drawnFactors(fx, sub), 0.
	for _, f := range factors {
		parts += f.share()
	}
	var out []leveled
	for _, f := range factors {
		out = append(out, linkFactor(fx, target, f, rows, weights(fx).Level*f.share()/(float64(len(fx.Plan.Targets))*parts))...)
	}
	return out
}

// linkFactor asks each level of one factor: it is held against all others, and where it
// lasts for a part of the run against those in that part: the first and the last of its
// requests say when that was, and nothing else.
func linkFactor(fx *Facts, target int, f *factor, rows []int, weight float64) []leveled {
	if f.inTime && fx.Rows[len(fx.Rows)-1].Machine == 0 {
		return nil // one machine, which is one level of each
	}
	known := levelDraws(fx, target, f, rows)
	draws, names := &known.draws, known.names
	if len(names) < 2 || len(names) > tuning.Enough.Levels || !known.parts.holdSeveral() {
		return nil
	}
	order := make([]int, len(names))
	for l := range order {
		order[l] = l
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(names[a], names[b]) })
	var questions []behaviour.LevelQuestion
	for k, l := range order {
		own := draws.Own(l)
		if len(names) == 2 && k == 1 && !f.within || len(own) < tuning.Enough.AtLevel {
			continue // of two levels one tells of both
		}
		q := behaviour.LevelQuestion{Level: l, To: draws.Len(), Weight: weight / float64(len(names))}
		if f.within {
			q.From = own[0] + 1
			q.To = max(q.From, own[len(own)-1])
		}
		questions = append(questions, q)
	}
	var out []leveled
	for i, l := range fx.Table.LinkLevels(draws, questions) {
		if f.named {
			l.Marks = slices.DeleteFunc(l.Marks, func(m behaviour.Mark) bool { return !m.Def.Class })
		}
		if len(strong(l, fx.threshold())) > 0 {
			out = append(out, leveled{target, f, names[questions[i].Level], l})
		}
	}
	return out
}

// levelDraws are the rows whose level is known, and the names of the levels. Of more
// levels than are asked about, some are left out.
func levelDraws(fx *Facts, target int, f *factor, rows []int) *levels {
	if f.inTime {
		// Machines send beside each other: one after another they would change once each.
		rows = slices.Clone(rows)
		slices.SortStableFunc(rows, func(a, b int) int { return fx.Rows[a].At.Compare(fx.Rows[b].At) })
		l := newLevels(f)
		l.more(fx, f, rows)
		return l
	}
	l := fx.Memory.of(target, f)
	l.more(fx, f, rows[until(rows, fx.Kept):])
	return l
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// nameClusters names the behaviours of the partition, and tells how many rows there are,
// by target and scenario.
func nameClusters(fx *Facts) (rows [][]int) {
	index := map[*behaviour.Cluster]int{}
	given := fx.Clusters
	fx.Clusters = nil
	for _, c := range fx.partition.All() {
		index[c] = len(fx.Clusters)
		fx.Clusters = append(fx.Clusters, nameCluster(fx, c))
	}
	for range fx.Plan.Targets {
		rows = append(rows, make([]int, len(fx.Plan.Scenarios)))
	}
	taken := map[int]bool{}
	var last *behaviour.Cluster // most rows are as the one before: the map need not be asked
	k := -1
	for i := range fx.Rows {
		r := &fx.Rows[i]
		rows[r.Target][r.Scenario]++
		var c *behaviour.Cluster
		if r.Table >= 0 {
			c = fx.partition.Cluster(r.Table)
		}
		if c == nil {
			r.Cluster = -1
			continue
		}
		if c != last {
			last, k = c, index[c]
		}
		if fx.told && !taken[k] {
			c.ID, fx.Clusters[k].Summary = given[r.Cluster].ID, given[r.Cluster].Summary
			taken[k] = true
		}
		r.Cluster = k
	}
	return rows
}

// named is a behaviour as findings speak of it.
func nameCluster(fx *Facts, c *behaviour.Cluster) Cluster {
	target := slices.IndexFunc(fx.Plan.Targets, func(t probe.Target) bool { return t.ID == c.Target })
	scenario := slices.IndexFunc(fx.Plan.Scenarios, func(sc probe.Scenario) bool { return sc.Name == c.Scenario })
	usual := fx.partition.Usual(target, scenario)
	return Cluster{Cluster: c, Target: target, Scenario: scenario, Summary: Summary(c, usual), inside: failedInside(c)}
}

// Summary names a behaviour in a few words: its status, and the gateway
// response, or who made it where that is not the integration; and where that does
// not tell it from the usual one, a feature that does.
func Summary(c, usual *behaviour.Cluster) string {
	text := plainSummary(c)
	if usual == nil || usual == c || text != plainSummary(usual) {
		return text
	}
	diffs := behaviour.Differs(usual, c)
	if len(diffs) == 0 {
		return text
	}
	if at := slices.IndexFunc(diffs, func(d behaviour.Diff) bool { return d.Field == ":failure" && d.B != "" }); at >= 0 {
		return text + " that holds " + shorten(diffs[at].B, 40)
	}
	at := max(0, slices.IndexFunc(diffs, func(d behaviour.Diff) bool { return d.A != "" && d.B != "" }))
	return text + ", " + diffs[at].Field + " " + shorten(cmp.Or(diffs[at].B, "absent"), 24)
}

func plainSummary(c *behaviour.Cluster) string {
	switch {
	case c.Overflow:
		return "other answers"
	case c.Status == 0:
		return string(c.Outcome)
	case c.Outcome == probe.OutcomeReset:
		return strconv.Itoa(c.Status) + " that breaks off"
	case c.Outcome == probe.OutcomeTimeout:
		return strconv.Itoa(c.Status) + " that does not end in time"
	case c.Reading.GatewayResponse != "":
		return strconv.Itoa(c.Status) + " " + c.Reading.GatewayResponse
	case c.Reading.ErrorType != "":
		return strconv.Itoa(c.Status) + " " + c.Reading.ErrorType
	}
	return strconv.Itoa(c.Status)
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// told makes a table of answers whose behaviour is given: each is one value of a
// class feature.
func told(in *Input) *behaviour.Table {
	t := behaviour.New(behaviour.Options{Targets: in.Plan.Targets, Scenarios: in.Plan.Scenarios})
	defs := []feature.Def{{Path: ":answer", Class: true}}
	for i := range in.Rows {
		r := &in.Rows[i]
		r.Table = -1
		if r.Cluster < 0 {
			continue
		}
		c := &in.Clusters[r.Cluster]
		a := behaviour.Answer{Class: c.Class, Status: c.Status, Outcome: c.Outcome, Reading: c.Reading}
		r.Table = t.AddValues(r.Target, r.Scenario, a, []feature.Value{{Hash: hashOf(c.ID), Text: c.ID}}, defs)
	}
	return t
}

func hashOf(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64()
}

// levelOf tells the level of a factor that a row had; ok is false where it is not
// known.
type levelOf func(*Row) (on, ok bool)

func ofCanary(r *Row) (on, ok bool) {
	l := known(r)
	return l == LabelCanary, l != LabelUnknown && !r.Late
}

// byLevel counts a cell's behaviours at the two levels of a factor.
func byLevel(fx *Facts, c *cell, level levelOf) (counts map[int]stat.Count, all stat.Count) {
	counts = map[int]stat.Count{}
	for _, i := range c.rows {
		on, ok := level(&fx.Rows[i])
		if !ok {
			continue
		}
		one := stat.Count{Off: 1}
		if on {
			one = stat.Count{On: 1}
		}
		counts[fx.Rows[i].Cluster] = counts[fx.Rows[i].Cluster].Plus(one)
		all = all.Plus(one)
	}
	return counts, all
}

// goesWith tells whether a behaviour goes with one level of a factor, other than
// the usual behaviour does: by its own counts, and where it came too seldom, by a
// value that goes with one.
func goesWith(fx *Facts, k, usual int, marks []behaviour.Mark, side, usualSide, n int) bool {
	if side != 0 || n >= enoughToSide {
		return side != 0 && side != usualSide
	}
	c, u := fx.Clusters[k].Cluster, fx.Clusters[usual].Cluster
	return slices.ContainsFunc(marks, func(m behaviour.Mark) bool {
		return m.Scenario == fx.Clusters[k].Scenario && c.Holds(&m) && c.Side(&m) != 0 && c.Side(&m) != u.Side(&m)
	})
}

// putFirst puts the law that was decided by its link first.
func (w *weighing) putFirst(l law) {
	for i := range w.laws {
		if w.laws[i].cause == l.cause && w.laws[i].name == l.name {
			l.post = w.laws[i].post
			w.laws = slices.Delete(w.laws, i, i+1)
			break
		}
	}
	w.laws = slices.Insert(w.laws, 0, l)
}

// Difference is one feature in which the answers of two sides differ.
type Difference struct {
	Scenario string `json:"scenario"`
	Where    string `json:"where"` // header name, JSON pointer, or :status and its like
	Usual    string `json:"usual"`
	Other    string `json:"other"`
	// Counts are answers per side: all of them, and those with the other value.
	Counts map[string]DifferenceCount `json:"counts"`
}

// DifferenceCount counts the answers of one side.
type DifferenceCount struct {
	Other int `json:"other"`
	All   int `json:"all"`
}

// The two sides of a canary, as counts name them.
const (
	canarySide = "canary"
	ownSide    = "own deployment"
)

// differs says in what the two levels of a factor differ. Features that split
// the answers alike are one difference: the shortest path speaks.
func differs(fx *Facts, sub *target, marks []behaviour.Mark, on, off string) []Difference {
	var out []Difference
	marks = slices.Clone(marks)
	slices.SortStableFunc(marks, func(a, b behaviour.Mark) int {
		// Of differences that speak as clearly, always the same are shown, in whatever order answers came.
		return cmp.Or(cmp.Compare(a.Rank(), b.Rank()), cmp.Compare(math.Round(b.LogE*1e6), math.Round(a.LogE*1e6)),
			cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.Where(), b.Where()))
	})
	for i := range marks {
		m := &marks[i]
		if m.Sums() && len(out) > 0 {
			break
		}
		if sub != nil && cellOf(sub, m.Scenario) == nil {
			continue
		}
		d := difference(fx, m, on, off)
		if rate(d.Counts[on]) == rate(d.Counts[off]) {
			continue // in this scenario by itself nothing speaks of it
		}
		if !slices.ContainsFunc(out, func(o Difference) bool { return o.Scenario == d.Scenario && o.Where == d.Where }) && len(out) < mostDiffers {
			out = append(out, d)
		}
	}
	return out
}

func rate(c DifferenceCount) float64 { return float64(c.Other) / float64(max(1, c.All)) }

func cellOf(sub *target, scenario int) *cell {
	for _, c := range sub.cells {
		if c.scenario == scenario {
			return c
		}
	}
	return nil
}

func difference(fx *Facts, m *behaviour.Mark, on, off string) Difference {
	d := Difference{Scenario: fx.scenario(m.Scenario).Name, Where: m.Where(), Counts: map[string]DifferenceCount{}}
	other, usual := m.Sides()
	d.Other, d.Usual = sideText(other), sideText(usual)
	var a, b DifferenceCount
	for _, v := range m.Values {
		a.All, b.All = a.All+v.On, b.All+v.Off
		if slices.ContainsFunc(other, func(o behaviour.Level) bool { return o == v }) {
			a.Other, b.Other = a.Other+v.On, b.Other+v.Off
		}
	}
	d.Counts[on], d.Counts[off] = a, b
	return d
}

func sideText(values []behaviour.Level) string {
	switch {
	case len(values) == 0:
		return "other values"
	case values[0].Absent:
		return "(absent)"
	case len(values) == 1:
		return shorten(values[0].Text, 80)
	}
	return shorten(values[0].Text, 60) + " and " + words.Plural(len(values)-1, "other value")
}
