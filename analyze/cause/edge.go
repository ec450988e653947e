package cause

import (
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// OldCopies says that a cache before the gateway answers what is not answered past it.
type OldCopies struct {
	said
	Target          string
	Copies          Copies
	Scenario, Where string
	Old, Past       string
	Control         string // the target past the cache; "" where none was asked
}

// Copies are answers of a cache, and by what they are recognised.
type Copies struct {
	said
	N      int
	Cache  string        // the value of X-Cache
	Age    time.Duration // of the oldest
	SameID int           // so many have one request id
}

// KeptFor is how long a cache has kept an answer.
type KeptFor struct {
	said
	Age time.Duration
}

// GoodCopies says that answers came from a cache of which nothing is wrong.
type GoodCopies struct {
	said
	Target  string
	Copies  Copies
	Control string
}

// NotByOwnURL says that a share of a target's answers is none of the own URL of its stage.
type NotByOwnURL struct {
	said
	Target         string
	Deviate        Count
	Answers, Usual []string
	Stage          string
}

// InFront says which share of a target's requests is divided off before the gateway, and
// to which stage; nil where that is not known.
type InFront struct {
	said
	Target string
	Share  float64
	Other  *probe.StageRef
	Meant  probe.StageRef
}

// copies are what a cache before the gateway answered for a target.
type copies struct {
	rows []int            // all of them, by row
	old  []behaviour.Mark // in what they differ from answers past the cache; On is the cache
}

// copiesOf holds the answers of a cache against those past it: of the same target, and
// of the own URL of the stage that it leads to. They are old where they hold a class
// value that no answer past the cache has, or another value of a body's field that
// those hold constant; a time or a number may be of when the copy was made.
func copiesOf(fx *Facts, target int, byTarget [][]int) copies {
	var out copies
	if !fx.Memory.dropped[target] {
		return out // as copies are
	}
	on := &behaviour.Question{}
	for i := range fx.Rows {
		r := &fx.Rows[i]
		if r.Target == target && r.Copied && r.Table >= 0 && fx.Plan.Scenarios[r.Scenario].Limit == 0 {
			out.rows = append(out.rows, i)
			on.Draws = append(on.Draws, behaviour.Draw{Row: r.Table, On: true})
		}
	}
	if len(out.rows) == 0 || fx.told {
		return out
	}
	own := fx.Table.Strays(past(fx, on, byTarget[target]), 0)
	beside := byTarget[target]
	if control := controlOf(fx, target); control >= 0 {
		beside = slices.Concat(beside, byTarget[control])
	}
	for _, m := range fx.Table.Strays(past(fx, on, beside), 0) {
		if m.Def.Class {
			out.old = append(out.old, m)
		}
	}
	for _, m := range own {
		if !m.Def.Class && !m.Header() && !m.Moving() {
			out.old = append(out.old, m)
		}
	}
	out.old = slices.DeleteFunc(out.old, func(m behaviour.Mark) bool {
		k, _ := m.OnlyOn()
		return k < 2
	})
	return out
}

// past is a question with answers past the cache beside those of the cache.
func past(fx *Facts, on *behaviour.Question, rows []int) *behaviour.Question {
	q := &behaviour.Question{Draws: slices.Clone(on.Draws)}
	for _, i := range rows {
		q.Draws = append(q.Draws, behaviour.Draw{Row: fx.Rows[i].Table})
	}
	return q
}

// controlOf is the target that is the own URL of the stage which another leads to; -1
// where that was not probed.
func controlOf(fx *Facts, target int) int {
	t := &fx.Plan.Targets[target]
	ref := probe.StageRef{APIID: t.APIID, Stage: t.Stage}
	if t.Meant != nil && t.APIID == "" {
		ref = *t.Meant
	}
	return slices.IndexFunc(fx.Plan.Targets, func(o probe.Target) bool {
		return o.ID != t.ID && o.Kind == probe.InvokeURL && o.Unmapped == "" && o.APIID == ref.APIID && o.Stage == ref.Stage && ref.APIID != ""
	})
}

// takeCopies counts a cell's copies among its answers where they are what it answers
// anyhow. Where the answers differ among themselves, a copy that comes again and again
// says nothing of how often each comes.
func takeCopies(fx *Facts, sub *target, c *cell) {
	if len(c.copied) == 0 {
		return
	}
	if len(c.rows) > 0 {
		for _, i := range c.copied {
			if len(c.count) != 1 || c.count[fx.Rows[i].Cluster] == 0 {
				return
			}
		}
	}
	for _, i := range c.copied {
		c.take(i, fx.Rows[i].Cluster)
	}
	slices.Sort(c.rows)
	if !staleCopies(fx, sub, c) {
		c.copied = nil
	}
}

// staleCopies tells whether a cell's copies differ from what is answered past the cache.
func staleCopies(fx *Facts, sub *target, c *cell) bool {
	return slices.ContainsFunc(fx.copies[sub.index].old, func(m behaviour.Mark) bool { return m.Scenario == c.scenario || m.Scenario < 0 })
}

// edgeCache finds CDNs of one's own before the gateway that answer with old copies, or
// lead a part of the requests elsewhere.
func edgeCache(fx *Facts, _ *Known) Verdict {
	var v Verdict
	for i, sub := range fx.targets {
		x := fx.copies[i]
		if shown := differs(fx, sub, x.old, "cache", "past it"); len(shown) > 0 {
			v.report(oldCopies(fx, sub, &x, shown), sub.ID)
		} else if len(x.rows) > 0 {
			v.Notes = append(v.Notes, GoodCopies{Target: sub.ID, Copies: marksOfCopies(fx, x.rows), Control: controlName(fx, sub)})
		}
		if g := fx.sights[i]; g != nil && g.served == byFront {
			v.report(divided(fx, sub, g), sub.ID+" divided")
		}
	}
	return v
}

// oldCopies is the finding of a cache that answers what the gateway no longer does.
func oldCopies(fx *Facts, sub *target, x *copies, shown []Difference) Finding {
	scenarios := each(x.old, func(m behaviour.Mark) int { return m.Scenario })
	old := slices.DeleteFunc(slices.Clone(x.rows), func(i int) bool { return !slices.Contains(scenarios, fx.Rows[i].Scenario) })
	f := Finding{
		Severity: Error, Linked: Proven, Targets: []string{sub.ID}, Scenarios: fx.scenarioNames(scenarios...),
		Differs: shown, Remedy: remedy.InvalidateCDN(host(sub.URL)),
	}
	d := shown[0]
	f.say(OldCopies{Target: sub.ID, Copies: marksOfCopies(fx, old), Scenario: d.Scenario, Where: d.Where, Old: d.Other, Past: d.Usual, Control: controlName(fx, sub)})
	for _, c := range cellsOf(sub, scenarios) {
		for _, i := range c.copied {
			f.rests = once(f.rests, fx.Rows[i].Cluster)
		}
	}
	var lines []Fact
	for _, i := range old[:min(2, len(old))] {
		lines = append(lines, fx.request(i, KeptFor{Age: fx.Rows[i].Age}))
	}
	if c := controlOf(fx, sub.index); c >= 0 {
		for _, cell := range cellsOf(fx.targets[c], scenarios) {
			lines = append(lines, fx.example(fx.targets[c], cell.ref))
		}
	}
	f.Proof = evidence(lines...)
	f.Statistics = &Statistics{Test: "answers of a cache against those past it", Statistic: float64(len(old)), Effect: 1, N: fx.answered(sub)}
	return f
}

// controlName is the target past the cache; "" where none was asked.
func controlName(fx *Facts, sub *target) string {
	if c := controlOf(fx, sub.index); c >= 0 {
		return fx.Plan.Targets[c].ID
	}
	return ""
}

// marksOfCopies is by what copies are recognised.
func marksOfCopies(fx *Facts, rows []int) Copies {
	out := Copies{N: len(rows)}
	if i := slices.IndexFunc(rows, func(i int) bool { return fx.Rows[i].Cache != "" }); i >= 0 {
		out.Cache = fx.Rows[rows[i]].Cache
	}
	ids := map[string]int{}
	for _, i := range rows {
		r := &fx.Rows[i]
		out.Age = max(out.Age, r.Age)
		if r.RequestID != "" {
			ids[r.RequestID]++
			out.SameID = max(out.SameID, ids[r.RequestID])
		}
	}
	return out
}

// dividedInFront tells whether what a small share of a target's requests gets is divided
// off before the gateway: a CDN of one's own stands there, and neither the gateway's
// configuration nor the own URL of the stage knows of a second side. Unsure is where
// more was seen than a second distribution gets, and so little that it may be chance.
func dividedInFront(fx *Facts, sub *target, g *sighting) (divided, unsure bool) {
	if !fronted(fx, sub) {
		return false, false
	}
	var shares []*Interval
	switch sh := g.shared; {
	case sh == nil:
		for i := range g.differs {
			k, n := g.differs[i].OnlyOn()
			if k == 0 {
				return false, false
			}
			shares = append(shares, interval(k, n, fx.alpha))
		}
	case len(sh.rows) > 0:
		shares = append(shares, interval(len(sh.rows), len(sh.rows)+len(g.byLog[g.meant]), fx.alpha))
	default:
		shares = append(shares, &Interval{Estimate: sh.share, Low: sh.share})
	}
	for _, share := range shares {
		if share.Low > mostDivided {
			return false, false
		}
		unsure = unsure || share.Estimate > mostDivided
	}
	return len(shares) > 0 && !unsure, unsure
}

// fronted tells whether a CDN of one's own stands before a target: it answers from a
// cache, or its headers are there though the endpoint is not edge-optimised, and the
// stage's own URL has none of them.
func fronted(fx *Facts, sub *target) bool {
	if len(fx.copies[sub.index].rows) > 0 {
		return true
	}
	control := controlOf(fx, sub.index)
	if control < 0 || strings.EqualFold(sub.Endpoint, "EDGE") {
		return false
	}
	return passedOn(fx, sub) && !slices.ContainsFunc(fx.Rows, func(r Row) bool { return r.Target == control && r.Fronted })
}

// passedOn tells whether most answers of a target came through a CDN.
func passedOn(fx *Facts, sub *target) bool {
	passed, all := 0, 0
	for i := range fx.Rows {
		if r := &fx.Rows[i]; r.Target == sub.index {
			all++
			if r.Fronted {
				passed++
			}
		}
	}
	return 2*passed > all
}

// onlyInFront tells whether a split that nothing else explains is seen behind a CDN of
// one's own alone, in a share that a staging distribution may have.
func onlyInFront(fx *Facts, w *weighing) bool {
	control := controlOf(fx, w.sub.index)
	if control < 0 || canaryConfigured(w.sub) || !fronted(fx, w.sub) || interval(w.k, w.n, fx.alpha).Low > mostDivided {
		return false
	}
	own := fx.targets[control]
	return own.n() >= tuning.Enough.Compare && !slices.ContainsFunc(w.clusters, func(k int) bool {
		return slices.ContainsFunc(behavioursOf(own.cells), func(o int) bool { return fx.Clusters[o].ID == fx.Clusters[k].ID })
	})
}

func perhapsDivided(fx *Facts, w *weighing) Finding {
	f := splitFinding(fx, w.split, ConsistentWith)
	f.Cause, f.Severity = EdgeCache, Warning
	f.Statistics, f.Alternatives = shareStatistics(fx, w, UnexplainedSplit), w.alternatives(EdgeCache, fx.alpha)
	f.Remedy, f.SettledBy = remedy.ContinuousDeployment(host(w.sub.URL)), Topic("distribution")
	f.say(NotByOwnURL{Target: w.sub.ID, Deviate: Count{w.k, w.n}, Answers: fx.names(w.clusters), Usual: fx.names(w.usual), Stage: w.sub.Stage}, Topic("divided before the gateway"))
	return f
}

// divided is the finding of a CDN that leads a part of the requests elsewhere.
func divided(fx *Facts, sub *target, g *sighting) Finding {
	f := Finding{
		Linked: Statistical, Targets: []string{sub.ID}, Scenarios: fx.cellNames(sub.cells), Remedy: remedy.ContinuousDeployment(host(sub.URL)),
		Differs: differs(fx, sub, g.differs, sub.ID, "stage "+g.meant.Stage),
	}
	var lines []Fact
	share := 0.
	if sh := g.shared; sh != nil {
		share = sh.share
		f.say(InFront{Target: sub.ID, Share: share, Other: &sh.rival, Meant: g.meant})
		if len(sh.rows) > 0 {
			f.Linked = Proven
			f.say(LogsHold{Other: sh.rival.Stage, Requests: len(sh.rows), Meant: g.meant.Stage, Own: len(g.byLog[g.meant])})
			lines = confirm(fx, sub, g)
		}
	} else {
		for i := range g.differs {
			k, n := g.differs[i].OnlyOn()
			share = max(share, float64(k)/float64(max(1, n)))
		}
		f.say(InFront{Target: sub.ID, Share: share, Meant: g.meant})
	}
	f.say(Topic("divided before the gateway"))
	f.SettledBy = Topic("distribution")
	for _, c := range sub.cells {
		for _, k := range c.clusters {
			if k != c.ref {
				f.rests = append(f.rests, k)
				lines = append(lines, fx.example(sub, k))
			}
		}
	}
	f.Proof = evidence(lines...)
	f.Statistics = againstMeant(fx, sub, g)
	return f
}
