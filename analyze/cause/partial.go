package cause

import (
	"math"
	"slices"

	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// sharing is what speaks for a target of which a share of the requests is served
// by another stage than the one meant: two addresses behind one name, say.
type sharing struct {
	rival      probe.StageRef
	share      float64
	logE       float64 // of the answers, against the stage meant alone
	rows       []int   // that the rival's log holds
	byAnswers  bool
	rivalAlone *target // the rival's own invoke URL; nil where it was not probed
	meantAlone *target
}

// sharing finds a second stage behind a target; nil where there is no sign of one.
func findSharing(fx *Facts, sub *target, g *sighting) *sharing {
	sh := &sharing{meantAlone: fx.invoke(g.meant)}
	for ref, rows := range g.byLog {
		more := len(rows) - len(sh.rows)
		if ref != g.meant && (more > 0 || more == 0 && compareRefs(ref, sh.rival) < 0) {
			sh.rival, sh.rows = ref, rows
		}
	}
	if own := len(g.byLog[g.meant]); own >= tuning.Enough.Logged && len(sh.rows) >= tuning.Enough.Logged {
		sh.share = float64(len(sh.rows)) / float64(own+len(sh.rows))
		sh.rivalAlone = fx.invoke(sh.rival)
		return sh
	}
	sh.rows = nil
	return sharedAnswers(fx, sub, g, sh)
}

// sharedAnswers looks for the stage whose answers, mixed with those of the stage
// meant, a target gives.
func sharedAnswers(fx *Facts, sub *target, g *sighting, sh *sharing) *sharing {
	if len(g.differs) == 0 || sh.meantAlone == nil || sh.meantAlone == sub || sh.meantAlone.n() == 0 || sub.n() == 0 {
		return nil
	}
	best, tried := math.Inf(-1), 0
	for _, rival := range fx.targets {
		if rival == sub || rival == sh.meantAlone || rival.Kind != probe.InvokeURL || rival.n() == 0 || alike(fx, rival, sh.meantAlone) {
			continue
		}
		tried++
		if logE, share := mixed(fx, sub, sh.meantAlone, rival); logE > best {
			best, sh.share, sh.rival, sh.rivalAlone = logE, share, rival.stageRef(), rival
		}
	}
	sh.logE, sh.byAnswers = best, true
	if best < fx.threshold()+math.Log(float64(max(1, tried))) || !mixesWithin(fx, sub, sh) {
		return nil
	}
	return sh
}

// mixesWithin tells whether some scenario got answers of either stage. Where each got
// those of one alone, nothing was mixed by chance: it is the scenarios that differ, and
// that a target is not told from a stage in one of them does not make it that stage.
func mixesWithin(fx *Facts, sub *target, sh *sharing) bool {
	return slices.ContainsFunc(sub.cells, func(c *cell) bool {
		kinds := kinds(fx, c.scenario)
		likelier := func(a, b *target) bool {
			return slices.ContainsFunc(c.clusters, func(k int) bool {
				id := fx.Clusters[k].ID
				return fx.Clusters[k].Class != signature.Transport &&
					foresee(fx, a, c.scenario, id, kinds) > tuning.Theirs*foresee(fx, b, c.scenario, id, kinds)
			})
		}
		return likelier(sh.rivalAlone, sh.meantAlone) && likelier(sh.meantAlone, sh.rivalAlone)
	})
}

// mixed is ln evidence that a target mixes two stages' answers, against the stage
// meant alone and against the other alone, with the likeliest share.
func mixed(fx *Facts, sub, meant, rival *target) (logE, share float64) {
	var terms []float64
	best := 0
	for i, r := range tuning.Mixed {
		terms = append(terms, mixture(fx, sub, meant, rival, r))
		if terms[i] > terms[best] {
			best = i
		}
	}
	m := stat.LogSumExp(terms...) - math.Log(float64(len(terms)))
	return m - max(mixture(fx, sub, meant, rival, 0), mixture(fx, sub, meant, rival, 1)), tuning.Mixed[best]
}

func mixture(fx *Facts, sub, meant, rival *target, r float64) (l float64) {
	for _, c := range sub.cells {
		kinds := kinds(fx, c.scenario)
		for _, k := range c.clusters {
			if id := fx.Clusters[k].ID; fx.Clusters[k].Class != signature.Transport {
				p := (1-r)*foresee(fx, meant, c.scenario, id, kinds) + r*foresee(fx, rival, c.scenario, id, kinds)
				l += float64(c.count[k]) * math.Log(p)
			}
		}
	}
	return l
}

// theirs tells whether a behaviour is the other stage's: the logs say so of each
// of its requests that they hold, or its own answers do.
func theirs(fx *Facts, sub *target, sh *sharing, c *cell, k int) bool {
	own, other := 0, 0
	for _, i := range c.rows {
		if r := &fx.Rows[i]; r.Cluster == k && r.ServedStage != "" {
			if (probe.StageRef{APIID: r.ServedAPI, Stage: r.ServedStage}) == sh.rival {
				other++
			} else {
				own++
			}
		}
	}
	if own+other > 0 {
		return other > own
	}
	if sh.rivalAlone == nil || sh.meantAlone == nil {
		return false
	}
	id, kinds := fx.Clusters[k].ID, kinds(fx, c.scenario)
	return foresee(fx, sh.rivalAlone, c.scenario, id, kinds) > tuning.Theirs*foresee(fx, sh.meantAlone, c.scenario, id, kinds)
}

// TwoStages says that a target is served by another stage than the one meant, too.
type TwoStages struct {
	said
	Target       string
	Share        float64 // of the other
	Other, Meant probe.StageRef
}

// LogsHold are requests to a target in the logs of another stage and, where that is
// told, of the one meant.
type LogsHold struct {
	said
	Other    string
	Requests int
	Meant    string
	Own      int
}

// StageDrawn says which levels of a factor decide that another stage answers; no
// factor where none does.
type StageDrawn struct {
	said
	Factor string
	Levels []string
}

// WhichStages asks for the stages of a target.
type WhichStages struct {
	said
	Target string
}

// reportSharing is the finding of a target that two stages serve.
func reportSharing(fx *Facts, known *Known, sub *target, g sighting, v *Verdict) {
	sh := g.shared
	f := Finding{
		Linked: Statistical, Targets: []string{sub.ID}, Scenarios: fx.cellNames(sub.cells), Remedy: remap(fx, sub, g.meant),
	}
	x := sharedSplit(fx, known, sub, sh)
	f.say(TwoStages{Target: sub.ID, Share: sh.share, Other: sh.rival, Meant: g.meant})
	var lines []Fact
	if len(sh.rows) > 0 {
		f.Linked = Proven
		f.say(LogsHold{Other: sh.rival.Stage, Requests: len(sh.rows), Meant: g.meant.Stage, Own: len(g.byLog[g.meant])})
		lines = confirm(fx, sub, &g)
	} else {
		f.say(Topic("mixture of two stages"))
		f.SettledBy = Topic("logs of the stages")
	}
	if x != nil {
		f.rests = x.clusters
		v.split = append(v.split, sub.index)
		v.cost = append(v.cost, expense{target: sub.ID, asks: WhichStages{Target: sub.ID}, used: sub.n(), bound: min(float64(sub.n()), leastShared(fx, x))})
		f.say(sharedBy(fx, x))
		lines = append(lines, fx.examples(sub, x.clusters)...)
	}
	f.Proof = evidence(lines...)
	g.rival = sh.rival
	f.Statistics = &Statistics{
		Test: "mixture of two stages, e-value", Statistic: sh.logE, EValue: evalue(sh.logE), Effect: 1, N: fx.answered(sub),
		Table: profileTable(fx, sub, &g),
	}
	v.report(f, sub.ID)
}

// sharedSplit is the split into what either of two stages answers; nil where they
// answer alike.
func sharedSplit(fx *Facts, known *Known, sub *target, sh *sharing) *split {
	var mine []int
	for _, c := range sub.cells {
		for _, k := range known.deviants(c) {
			if theirs(fx, sub, sh, c, k) != theirs(fx, sub, sh, c, c.ref) {
				mine = append(mine, k)
			}
		}
	}
	if len(mine) == 0 {
		return nil
	}
	x := settle(fx, &split{sub: sub, clusters: mine})
	turn(fx, x, sh)
	return x
}

// turn lets the other stage's answers be the deviants of a split in every
// scenario: with equal shares either stage's may be the usual ones.
func turn(fx *Facts, x *split, sh *sharing) {
	other := map[int]bool{}
	for _, c := range x.cells {
		for _, k := range c.clusters {
			other[k] = theirs(fx, x.sub, sh, c, k)
		}
	}
	x.k = 0
	for i := range x.draws {
		d := &x.draws[i]
		if d.deviant = other[fx.Rows[d.row].Cluster]; d.deviant {
			x.k++
		}
	}
}

// leastShared is the least mean number of requests that show a second stage.
func leastShared(fx *Facts, x *split) float64 {
	return stat.WaldBound(fx.alpha, fx.alpha, stat.KL(float64(x.k)/float64(x.n), fx.noise()))
}

func sharedBy(fx *Facts, x *split) Fact {
	chance := stat.FlakyLogM(x.k, x.n, fx.MinShare)
	var best *factor
	most := chance + fx.threshold()
	for _, f := range factors(fx, x, EndpointSplit) {
		if m := stat.FactorLogM(f.k, f.n, f.rho) + without(fx, f, x); m > most {
			most, best = m, f
		}
	}
	if best == nil {
		return StageDrawn{}
	}
	var levels []string
	for i, p := range stat.FactorPosterior(best.k, best.n, best.rho) {
		if p > .5 {
			levels = append(levels, best.levels[i])
		}
	}
	slices.Sort(levels)
	return StageDrawn{Factor: best.name, Levels: levels}
}
