package cause

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// Facts is what was read and counted: the input indexed by target and scenario,
// what goes with what was drawn, and which behaviours there are. It is built once;
// no cause changes it.
type Facts struct {
	*Input
	observed
	partition *behaviour.Result
	told      bool // behaviours are given, not found
	alpha     float64
	targets   []*target   // one per target of the plan
	sights    []*sighting // by target: what speaks about the stage that serves it; nil where none is meant
}

// target is one address with its answers.
type target struct {
	*probe.Target
	index int
	api   *probe.API   // as configured; nil where unread
	conf  *probe.Stage // the stage that the address leads to; nil where unread

	cells    []*cell // scenarios that are sampled, in plan order
	confirms []*cell // scenarios that confirm one fact

	lent    *target                    // the stage meant, where the mapping is unread and nothing tells the answers apart
	nowhere Fact                       // why the address leads to nothing at all; nil where it leads somewhere
	link    func() *stat.LinkEstimated // the link test for the configured share, without rows
}

// cell is one scenario on one target.
type cell struct {
	scenario  int
	rows      []int // answered or failed in transport, in order; not throttled
	clusters  []int // of those rows: most frequent first, then by id
	count     map[int]int
	ref       int // the usual behaviour; -1 where nothing was answered
	throttled []int
	copied    []int // answers of a cache before the gateway that say nothing of what it answers
}

// gather reads and counts the input.
func gather(in *Input) *Facts {
	fx := &Facts{Input: in, alpha: 1 - in.Confidence}
	observe(fx)
	rows := nameClusters(fx)
	links := map[float64]func() *stat.LinkEstimated{}
	for i := range in.Plan.Targets {
		sub := newTarget(fx, i)
		p := sub.share()
		if links[p] == nil {
			links[p] = sync.OnceValue(func() *stat.LinkEstimated { return stat.NewLinkEstimated(p) })
		}
		sub.link = links[p]
		fx.targets = append(fx.targets, sub)
	}
	fillCells(fx, rows)
	for _, sub := range fx.targets {
		for _, c := range sub.cells {
			takeCopies(fx, sub, c)
		}
	}
	for _, sub := range fx.targets {
		for _, c := range slices.Concat(sub.cells, sub.confirms) {
			rank(fx, c)
		}
	}
	for _, sub := range fx.targets {
		sub.nowhere = leadsToNothing(fx, sub)
		lend(fx, sub)
	}
	for _, sub := range fx.targets {
		fx.sights = append(fx.sights, sight(fx, sub))
	}
	return fx
}

func newTarget(fx *Facts, i int) *target {
	t := &fx.Plan.Targets[i]
	sub := &target{Target: t, index: i}
	sub.api = fx.Snapshot.API(t.APIID)
	sub.conf = sub.api.Stage(t.Stage)
	for j := range fx.Plan.Scenarios {
		c := &cell{scenario: j, count: map[int]int{}, ref: -1}
		switch sc := &fx.Plan.Scenarios[j]; {
		case !sc.For(t.ID):
		case sc.Limit > 0:
			sub.confirms = append(sub.confirms, c)
		default:
			sub.cells = append(sub.cells, c)
		}
	}
	return sub
}

// fillCells hands each row to its cell. rows is how many each has, so that its list is made once.
func fillCells(fx *Facts, rows [][]int) {
	index := make([][]*cell, len(fx.targets)) // by target and scenario
	for _, sub := range fx.targets {
		index[sub.index] = make([]*cell, len(fx.Plan.Scenarios))
		for _, c := range slices.Concat(sub.cells, sub.confirms) {
			index[sub.index][c.scenario] = c
			if n := rows[sub.index][c.scenario]; n > 0 {
				c.rows = make([]int, 0, n)
			}
		}
	}
	n := make([]int, len(fx.Clusters)) // answers of each
	for i := range fx.Rows {
		r := &fx.Rows[i]
		c := index[r.Target][r.Scenario]
		if c == nil || r.Class == signature.OwnFault || r.Cluster < 0 {
			continue
		}
		// A backend's own 429 is a behaviour of the backend; only the
		// gateway's is taken out.
		if r.Class == signature.Throttled && fx.Clusters[r.Cluster].Reading.Producer != signature.Integration {
			c.throttled = append(c.throttled, i)
			continue
		}
		if r.Copied {
			c.copied = append(c.copied, i)
			continue
		}
		c.rows = append(c.rows, i)
		n[r.Cluster]++
	}
	for k, n := range n {
		if n > 0 {
			index[fx.Clusters[k].Target][fx.Clusters[k].Scenario].count[k] += n
		}
	}
}

func (c *cell) take(row, cluster int) {
	c.rows = append(c.rows, row)
	c.count[cluster]++
}

// rank orders a cell's clusters and settles which behaviour is the usual one.
func rank(fx *Facts, c *cell) {
	c.clusters = slices.SortedFunc(maps.Keys(c.count), func(a, b int) int {
		return cmp.Or(cmp.Compare(c.count[b], c.count[a]), cmp.Compare(fx.Clusters[a].ID, fx.Clusters[b].ID))
	})
	for _, k := range c.clusters {
		if fx.Clusters[k].Reference {
			c.ref = k
			return
		}
	}
	for _, k := range c.clusters {
		if fx.Clusters[k].Class != signature.Transport {
			c.ref = k
			return
		}
	}
	if len(c.clusters) > 0 {
		c.ref = c.clusters[0]
	}
}

// answered counts the rows of a target that had an HTTP answer which is not a
// throttle.
func (fx *Facts) answered(sub *target) int {
	var n int
	for _, c := range sub.cells {
		for k, m := range c.count {
			if fx.Clusters[k].Class != signature.Transport {
				n += m
			}
		}
	}
	return n
}

// n counts a target's rows without throttled ones.
func (sub *target) n() int {
	var n int
	for _, c := range sub.cells {
		n += len(c.rows)
	}
	return n
}

// rows are a target's rows in (machine, seq) order, throttled ones left out.
func (sub *target) rows() []int {
	var rows []int
	for _, c := range sub.cells {
		rows = append(rows, c.rows...)
	}
	slices.Sort(rows)
	return rows
}

// find is the first subject that a condition holds for; nil where none does.
func (fx *Facts) find(ok func(*target) bool) *target {
	if i := slices.IndexFunc(fx.targets, ok); i >= 0 {
		return fx.targets[i]
	}
	return nil
}

// invoke is the target that is a stage's own invoke URL; nil where it was not
// probed.
func (fx *Facts) invoke(ref probe.StageRef) *target {
	return fx.find(func(x *target) bool {
		return x.Kind == probe.InvokeURL && x.APIID == ref.APIID && x.Stage == ref.Stage && x.Unmapped == ""
	})
}

// stageRef is where the configuration says that the target leads.
func (sub *target) stageRef() probe.StageRef {
	return probe.StageRef{APIID: sub.APIID, Stage: sub.Stage}
}

// lend lets a target whose mapping could not be read have the canary of the stage that it
// is meant to serve, as long as nothing tells the answers of the two apart: what draws
// there may draw here.
func lend(fx *Facts, sub *target) {
	if sub.Meant == nil || sub.conf != nil || sub.Canary != nil || sub.APIID != "" {
		return
	}
	of := fx.invoke(*sub.Meant)
	if of == nil || of == sub || of.n() == 0 {
		return
	}
	if marks, _ := marksOf(fx, sub, of); len(marks) == 0 {
		sub.lent, sub.link = of, of.link
	}
}

// share is the canary's share of traffic as configured, 0 to 1.
func (sub *target) share() float64 {
	switch {
	case sub.lent != nil:
		return sub.lent.share()
	case sub.Canary == nil:
		return 0
	}
	return sub.Canary.Percent / 100
}

// threshold is what an e-value's logarithm must reach.
func (fx *Facts) threshold() float64 { return math.Log(1 / fx.alpha) }

func (fx *Facts) scenario(i int) *probe.Scenario { return &fx.Plan.Scenarios[i] }

// kindOfAPI is the kind of an API by id; "" where it was not read.
func (fx *Facts) kindOfAPI(id string) probe.APIKind {
	if api := fx.Snapshot.API(id); api != nil {
		return api.Kind
	}
	return ""
}
