package cause

import (
	"fmt"
	"math"
	"slices"

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
	rivalAlone *subject // the rival's own invoke URL; nil where it was not probed
	meantAlone *subject
}

// enoughLogged is how many requests the logs of either stage must hold: one may
// be a mistaken record.
const enoughLogged = 2

// sharesTried are the shares of the other stage that the answers are held
// against.
var sharesTried = []float64{.03, .06, .1, .2, .35, .5, .65, .8, .9, .95}

// sharing finds a second stage behind a target; nil where there is no sign of one.
func (s *study) sharing(sub *subject, g *sighting) *sharing {
	sh := &sharing{meantAlone: s.invoke(g.meant)}
	for ref, rows := range g.byLog {
		more := len(rows) - len(sh.rows)
		if ref != g.meant && (more > 0 || more == 0 && compareRefs(ref, sh.rival) < 0) {
			sh.rival, sh.rows = ref, rows
		}
	}
	if own := len(g.byLog[g.meant]); own >= enoughLogged && len(sh.rows) >= enoughLogged {
		sh.share = float64(len(sh.rows)) / float64(own+len(sh.rows))
		sh.rivalAlone = s.invoke(sh.rival)
		return sh
	}
	sh.rows = nil
	return s.sharedAnswers(sub, g, sh)
}

// sharedAnswers looks for the stage whose answers, mixed with those of the stage
// meant, a target gives.
func (s *study) sharedAnswers(sub *subject, g *sighting, sh *sharing) *sharing {
	if len(g.differs) == 0 || sh.meantAlone == nil || sh.meantAlone == sub || sh.meantAlone.n() == 0 || sub.n() == 0 {
		return nil
	}
	best, tried := math.Inf(-1), 0
	for _, rival := range s.subjects {
		if rival == sub || rival == sh.meantAlone || rival.Kind != probe.InvokeURL || rival.n() == 0 || s.alike(rival, sh.meantAlone) {
			continue
		}
		tried++
		if logE, share := s.mixed(sub, sh.meantAlone, rival); logE > best {
			best, sh.share, sh.rival, sh.rivalAlone = logE, share, rival.stageRef(), rival
		}
	}
	sh.logE, sh.byAnswers = best, true
	if best < s.threshold()+math.Log(float64(max(1, tried))) {
		return nil
	}
	return sh
}

// mixed is ln evidence that a target mixes two stages' answers, against the stage
// meant alone and against the other alone, with the likeliest share.
func (s *study) mixed(sub, meant, rival *subject) (logE, share float64) {
	var terms []float64
	best := 0
	for i, r := range sharesTried {
		terms = append(terms, s.mixture(sub, meant, rival, r))
		if terms[i] > terms[best] {
			best = i
		}
	}
	m := stat.LogSumExp(terms...) - math.Log(float64(len(terms)))
	return m - max(s.mixture(sub, meant, rival, 0), s.mixture(sub, meant, rival, 1)), sharesTried[best]
}

func (s *study) mixture(sub, meant, rival *subject, r float64) (l float64) {
	for _, c := range sub.cells {
		kinds := s.kinds(c.scenario)
		for _, k := range c.clusters {
			if id := s.Clusters[k].ID; s.Clusters[k].Class != ClassTransport {
				p := (1-r)*s.foresee(meant, c.scenario, id, kinds) + r*s.foresee(rival, c.scenario, id, kinds)
				l += float64(c.count[k]) * math.Log(p)
			}
		}
	}
	return l
}

// theirs tells whether a behaviour is the other stage's: the logs say so of each
// of its requests that they hold, or its own answers do.
func (s *study) theirs(sub *subject, sh *sharing, c *cell, k int) bool {
	own, other := 0, 0
	for _, i := range c.rows {
		if r := &s.Rows[i]; r.Cluster == k && r.ServedStage != "" {
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
	const times = 5
	if sh.rivalAlone == nil || sh.meantAlone == nil {
		return false
	}
	id, kinds := s.Clusters[k].ID, s.kinds(c.scenario)
	return s.foresee(sh.rivalAlone, c.scenario, id, kinds) > times*s.foresee(sh.meantAlone, c.scenario, id, kinds)
}

// reportSharing is the finding of a target that two stages serve.
func (s *study) reportSharing(sub *subject, g *sighting, sh *sharing) {
	f := Finding{
		Cause: WrongStage, Severity: Error, Linked: Statistical, Targets: []string{sub.ID}, Step: 1,
		Scenarios: s.cellNames(sub.cells), Remedy: s.remap(sub, g.meant),
	}
	x := s.sharedSplit(sub, sh)
	f.Statement = fmt.Sprintf("%s is served by two stages: about %s of its requests by stage %s, the others by stage %s, which it is meant to serve.",
		sub.ID, percent(sh.share), s.stageName(sh.rival, g.meant), g.meant.Stage)
	var lines []string
	if len(sh.rows) > 0 {
		f.Linked = Proven
		f.Statement += fmt.Sprintf(" The logs of stage %s hold %s to it, those of stage %s %d.",
			sh.rival.Stage, plural(len(sh.rows), "request"), g.meant.Stage, len(g.byLog[g.meant]))
		lines = s.confirm(sub, g)
	} else {
		f.Statement += fmt.Sprintf(" Its answers are a mixture of what the two stages' own URLs answer (evidence %s).", odds(sh.logE))
		f.Settles = "execution logs of the stages, which name the stage per request"
	}
	if x != nil {
		f.Statement += s.sharedBy(x)
		for _, k := range x.clusters {
			lines = append(lines, s.example(sub, k))
		}
	}
	f.Evidence = evidence(lines...)
	g.rival = sh.rival
	f.Statistics = &Statistics{
		Test: "mixture of two stages, e-value", Statistic: sh.logE, EValue: evalue(sh.logE), Effect: 1, N: s.answered(sub),
		Table: s.profileTable(sub, g),
	}
	s.report(f, sub.ID)
}

// sharedSplit marks the behaviours that the two stages account for as explained;
// nil where they answer alike.
func (s *study) sharedSplit(sub *subject, sh *sharing) *split {
	var mine []int
	for _, c := range sub.cells {
		for _, k := range s.deviants(sub, c) {
			if s.theirs(sub, sh, c, k) != s.theirs(sub, sh, c, c.ref) {
				mine = append(mine, k)
			}
		}
	}
	if len(mine) == 0 {
		return nil
	}
	x := s.settle(&split{sub: sub, clusters: mine})
	s.turn(x, sh)
	sub.split = true
	sub.explain(WrongStage, mine...)
	s.spend(question{text: "which stages serve " + sub.ID, used: sub.n(), bound: min(float64(sub.n()), s.leastShared(x))}, sub)
	return x
}

// turn lets the other stage's answers be the deviants of a split in every
// scenario: with equal shares either stage's may be the usual ones.
func (s *study) turn(x *split, sh *sharing) {
	other := map[int]bool{}
	for _, c := range x.cells {
		for _, k := range c.clusters {
			other[k] = s.theirs(x.sub, sh, c, k)
		}
	}
	x.k = 0
	for i := range x.draws {
		d := &x.draws[i]
		if d.deviant = other[s.Rows[d.row].Cluster]; d.deviant {
			x.k++
		}
	}
}

// leastShared is the least mean number of requests that show a second stage.
func (s *study) leastShared(x *split) float64 {
	return stat.WaldBound(s.alpha, s.alpha, stat.KL(float64(x.k)/float64(x.n), s.noise()))
}

// sharedBy says what decides which of two stages answers.
func (s *study) sharedBy(x *split) string {
	chance := stat.FlakyLogM(x.k, x.n, s.MinShare)
	var best *factor
	most := chance + s.threshold()
	for _, f := range s.factors(x) {
		if f.cause != EndpointSplit {
			continue
		}
		if m := stat.FactorLogM(f.k, f.n, f.rho) + s.without(f, x); m > most {
			most, best = m, f
		}
	}
	if best == nil {
		return " Which of them answers goes with no address, edge location or connection."
	}
	var levels []string
	for i, p := range stat.FactorPosterior(best.k, best.n, best.rho) {
		if p > .5 {
			levels = append(levels, best.levels[i])
		}
	}
	slices.Sort(levels)
	verb := "lead"
	if len(levels) == 1 {
		verb = "leads"
	}
	return fmt.Sprintf(" The %s decides which of them answers: %s %s elsewhere than the others.", best.name, some(levels, 3), verb)
}
