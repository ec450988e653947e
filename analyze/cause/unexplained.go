package cause

import (
	"fmt"
	"math"

	"stageprobe/analyze/stat"
	"stageprobe/analyze/words"
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
		law{name: "bursts", prior: prior * tuning.Stretches, likelihood: fx.inBursts},
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
	var v Verdict
	for _, d := range known.decidedFor(UnexplainedSplit) {
		f := unexplained(fx, d.weighing)
		if from, to, ok := refusedFor(fx, d.weighing); ok {
			f = refusedBetween(fx, d.weighing, f, from, to)
		} else if onlyInFront(fx, d.weighing) {
			f = perhapsDivided(fx, d.weighing)
		} else if passedOn(fx, d.sub) && d.k <= int(mostDivided*float64(d.n)) {
			f.Alternatives = append(f.Alternatives, Alternative{Cause: EdgeCache})
			f.Statement += " They came through a CDN: the staging distribution of one's own would answer a share of up to 15 % otherwise."
		}
		v.report(f, stageKey(d.sub.Target))
	}
	return v
}

// refusedFor tells from which to which row a split's refusals came in one stretch:
// something began to refuse and stopped again.
func refusedFor(fx *Facts, w *weighing) (from, to int, ok bool) {
	if !w.refusal {
		return 0, 0, false
	}
	draws, n := inTime(fx, w.draws), 0
	first, last := -1, -1
	for i, d := range draws {
		if refused(&fx.Clusters[fx.Rows[d.row].Cluster]) {
			if first < 0 {
				first = i
			}
			last = i
			n++
		}
	}
	if n < tuning.Enough.Refused || last-first+1 > n+n/10 {
		return 0, 0, false
	}
	return draws[first].row, draws[last].row, true
}

// refusedBetween is the finding of a target that refused for a while.
func refusedBetween(fx *Facts, w *weighing, f Finding, from, to int) Finding {
	n := 0
	for _, d := range w.draws {
		if refused(&fx.Clusters[fx.Rows[d.row].Cluster]) {
			n++
		}
	}
	f.Cause, f.Alternatives = AccessDenied, nil
	f.Statement = fmt.Sprintf("%s refused %d of %d requests, all of them between %s and %s: %s.",
		w.sub.ID, n, w.n, words.Instant(fx.Rows[from].At), words.Instant(fx.Rows[to].At), fx.summary(fx.Rows[from].Cluster))
	f.Settles = "execution logs at level INFO, or $context.error.responseType and $context.waf.status in the access log"
	f.Remedy = []Remedy{advice("look whether a rate rule of the WAF, an authorizer or a policy refused then: the probe's own requests may have tripped a rate rule (--rate)")}
	return f
}

// anyPattern names the law of failures that come in an order of their own.
const anyPattern = "any order"

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
		now := 0
		if d.deviant {
			now = 1
		}
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
		if d.deviant {
			t[i*windows/x.n][1]++
		} else {
			t[i*windows/x.n][0]++
		}
	}
	for _, counts := range t {
		logM += stat.KT(counts[:])
	}
	return logM
}

// unexplained is the finding of a split that no candidate cause fits.
func unexplained(fx *Facts, w *weighing) Finding {
	f := Finding{
		Cause: UnexplainedSplit, Severity: Error, Linked: ConsistentWith, Targets: []string{w.sub.ID}, Step: 6,
		Scenarios: fx.scenarioNames(w.scenarios()...), Evidence: bothSides(fx, w.split),
		Statistics:   shareStatistics(fx, w, UnexplainedSplit),
		Alternatives: w.alternatives(UnexplainedSplit, fx.alpha),
	}
	f.Statement = fmt.Sprintf("%s answers in more than one way: %d of %d answers (%s) are %s, the others %s. None of the known causes fits: %s.",
		w.sub.ID, w.k, w.n, words.Percent(float64(w.k)/float64(w.n)), fx.summaries(w.clusters, 3), fx.summaries(w.usual, 3), excluded(fx, w))
	f.Settles = unexplainedSettles(w)
	f.Remedy = []Remedy{advice("compare two of the requests that the evidence names in the integration's logs: the same deployment answered both")}
	return f
}

// excluded says what was ruled out and how.
func excluded(fx *Facts, w *weighing) string {
	text := "no address, edge location, connection or moment of the run goes with it"
	switch {
	case w.labels.known() > 0 && w.labels.excluded:
		text += ", and by the logs the canary does not"
	case w.sub.conf != nil && w.sub.Canary == nil:
		text += ", and stage " + w.sub.Stage + " has no canary"
	case canaryConfigured(w.sub) && canaryExcluded(fx, w):
		text += ", and the share is not the canary's"
	}
	return text
}

func unexplainedSettles(w *weighing) string {
	if w.sub.api == nil {
		return "credentials that may read the API's configuration (apigateway:GET), which tell whether the stage has a canary"
	}
	return "turn on data tracing in the stage's execution logs, which then name the version of the function that ran, or add a version to the backend's answers"
}
