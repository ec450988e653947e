package cause

import (
	"math"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/stat"
)

// Unexplained says that a target answers in more than one way, and why no known
// cause fits.
type Unexplained struct {
	said
	Target         string
	Deviate        Count
	Answers, Usual []string
	Windows        []Spell // of time, to which they kept
	Unsteady       bool    // they come in no windows, and not evenly over time either
	Ruled          string  // how the canary of Stage was ruled out
	Stage          string
}

// How a canary is ruled out.
const (
	byLogs          = "logs"
	byConfiguration = "configuration"
	byShare         = "share"
)

// unexplainedLaws: answers that are no failures differ by chance, independently
// where no versions of a backend can be the reason, or in bursts; or any answer may
// follow any other, at shares that change over the run, which fits everything a
// little, so that a known cause which fits nothing does not win for want of a
// rival.
func unexplainedLaws(fx *Facts, x *split) []law {
	if x.failure {
		return nil
	}
	// Two answers that are none of them failures rarely alternate in stretches.
	prior := tuning.Prior.Random
	var laws []law
	if p := versionsPrior(fx, x); p == 0 {
		laws = append(laws, law{name: "random", prior: prior, likelihood: fx.atAnyRate})
	} else {
		prior = p
	}
	return append(laws,
		law{name: inBursts, prior: prior * tuning.Stretches, likelihood: fx.inBursts},
		law{name: "unexplained", prior: tuning.Prior.Unexplained, likelihood: unsettledOrder})
}

// unsettledOrder is anyOrder but for one change that has settled, which has an
// explanation: leaving it out keeps the sum over all answers a sub-probability.
func unsettledOrder(x *split) float64 {
	if at, n := changes(x.draws); n == 1 && x.n-at >= tuning.Enough.Settled {
		return math.Inf(-1)
	}
	return anyOrder(x)
}

// unexplainedSplit words the splits that no known cause fits.
func unexplainedSplit(fx *Facts, known *Known) Verdict {
	return worded(fx, known, UnexplainedSplit, func(d *decision) Finding {
		f := unexplained(fx, d.weighing)
		if s := refusedFor(fx, d.weighing); s != nil {
			f = refusedBetween(fx, d.weighing, f, s)
		} else if onlyInFront(fx, d.weighing) {
			f = perhapsDivided(fx, d.weighing)
		} else if passedOn(fx, d.sub) && d.k <= int(mostDivided*float64(d.n)) {
			f.Alternatives = append(f.Alternatives, Alternative{Cause: EdgeCache})
			f.say(Topic("came through a CDN"))
		}
		return f
	})
}

// changes counts the answers that are not like the one before them, and tells
// which was the last.
func changes(draws []draw) (last, n int) {
	for i := range draws {
		if i > 0 && draws[i].deviant != draws[i-1].deviant {
			last = i
			n++
		}
	}
	return last, n
}

// anyOrder is the ln probability of answers of which each depends in any way on
// the one before it, in the same way throughout or in one that changes.
func anyOrder(x *split) float64 {
	return stat.LogSumExp(ordered(x, 1), ordered(x, tuning.Windows)) - math.Ln2
}

func ordered(x *split, windows int) (logM float64) {
	t := make([][2][2]int, windows)
	prev := 0
	for i, d := range x.draws {
		now := bit(d.deviant)
		t[i*windows/x.n][prev][now]++
		prev = now
	}
	for _, window := range t {
		for _, counts := range window {
			logM += stat.KT(counts[:])
		}
	}
	return logM
}

// windowed is the ln probability of answers that are drawn at a share which
// changes over the run, or which has not changed yet.
func windowed(x *split) float64 {
	return stat.LogSumExp(shares(x, 1), shares(x, min(max(1, x.n/tuning.WindowLeast), tuning.Windows))) - math.Ln2
}

func shares(x *split, windows int) (logM float64) {
	t := make([][2]int, windows)
	for i, d := range x.draws {
		t[i*windows/x.n][bit(d.deviant)]++
	}
	for _, counts := range t {
		logM += stat.KT(counts[:])
	}
	return logM
}

func unexplained(fx *Facts, w *weighing) Finding {
	f := splitFinding(fx, w.split, ConsistentWith)
	f.Clusters, f.Statistics, f.Alternatives = fx.ids(w.clusters), shareStatistics(fx, w, UnexplainedSplit), w.alternatives(UnexplainedSplit, fx.alpha)
	says := Unexplained{Target: w.sub.ID, Deviate: Count{w.k, w.n}, Answers: fx.names(w.clusters), Usual: fx.names(w.usual), Ruled: ruledOut(fx, w), Stage: w.sub.Stage}
	if later, _, _ := timed(fx, w.split); min(orderP(w.split), orderOf(later)) < tuning.IID {
		says.Windows, _ = windowsOf(fx, keptTo(fx, w.split))
		says.Unsteady = len(says.Windows) == 0
	}
	f.say(says)
	f.SettledBy = Topic("version named")
	if w.sub.api == nil {
		f.SettledBy = Topic("configuration read")
	}
	f.Remedy = []Remedy{remedy.CompareRequests}
	return f
}

// ruledOut is how the canary was ruled out: by the logs, by the configuration, which
// has none, or by its share; "" where it was not.
func ruledOut(fx *Facts, w *weighing) string {
	switch {
	case w.labels.known() > 0 && w.labels.excluded:
		return byLogs
	case w.sub.conf != nil && w.sub.Canary == nil:
		return byConfiguration
	case canaryConfigured(w.sub) && canaryExcluded(fx, w):
		return byShare
	}
	return ""
}
