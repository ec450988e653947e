package cause

import (
	"cmp"
	"math"
	"slices"

	"stageprobe/analyze/stat"
)

// law is one hypothesis of a split: how likely the answers are under it, how
// likely it was beforehand, and what must hold before it is claimed.
type law struct {
	cause ID // filled in from the table
	name  string
	prior float64
	// likelihood is the ln probability of the answers given what drives them. Which
	// of two behaviours is the usual one was read from their counts, so that it is
	// taken over both namings: with few answers, or shares near one half, either may
	// be the one that the law calls a deviant. anyNaming laws speak of both already.
	likelihood func(*split) float64
	anyNaming  bool
	whole      bool // one law for all scenarios, also where they cannot be pooled

	logM float64 // the likelihood, once it is known
	logE float64 // ln e-value of the second lock, for driven laws
	// driven laws claim that something other than chance decides each answer,
	// so they need the second lock.
	driven bool
	post   float64
	factor *factor
}

// weighing is a split with every hypothesis weighed.
type weighing struct {
	*split
	parts []*split // what is pooled; one, or one per scenario
	laws  []law    // likeliest first
	iid   bool     // only told where a canary's percentage is configured
}

// weights are the parts of a run's error rate, by what is asked. They follow from the
// configuration, before the first answer, and sum to 1 at most.
func weights(fx *Facts) Weights {
	if canaryQuestions(fx) == 0 {
		return tuning.Uncanaried
	}
	return tuning.Canaried
}

// weightOf is a driven law's part of the error rate: the causes that may drive answers
// share it, and the laws of one cause share its part.
func weightOf(fx *Facts, c ID) float64 {
	laws := 1
	if c == EndpointSplit {
		laws = len(places) + 1
	}
	return weights(fx).Driven / float64(len(drivers)) / float64(laws)
}

// drivers are the causes with a law that drives answers and is claimed by it. A canary is
// claimed by its labels, or as consistent with its share.
var drivers = []ID{DeployPropagating, ResponseCache, BackendSplit, EndpointSplit}

// weigh computes the posterior of each hypothesis of a split. Where scenarios
// cannot be pooled, a hypothesis explains each with rates of its own.
func weigh(fx *Facts, x *split) *weighing {
	w := &weighing{split: x, parts: poolable(fx, x), iid: true}
	var sup float64
	for i, part := range w.parts {
		w.iid = w.iid && (!canaryConfigured(x.sub) || iid(part))
		sup += stat.MarkovSup(transitions(fx, part.draws))
		laws := lawsOf(fx, part, false)
		if i == 0 {
			w.laws = laws
			continue
		}
		w.laws = joint(w.laws, laws)
	}
	if len(w.parts) > 1 {
		w.labels.pool(w.parts)
		if canary := w.best(CanarySplit); canary != nil {
			canary.logM = canaryOfParts(w.parts, canary.logM)
		}
	}
	w.laws = append(w.laws, lawsOf(fx, x, true)...)
	// Laws of both namings are held against one law of one naming.
	sup += float64(len(w.parts)) * math.Ln2
	for i := range w.laws {
		guard(fx, w, &w.laws[i], sup)
	}
	w.normalise()
	return w
}

// lawsOf are the hypotheses of a split that are possible at all: that there is
// none, and those of all causes; either those that speak of all scenarios at once
// or the others.
func lawsOf(fx *Facts, x *split, whole bool) []law {
	var all []law
	if !whole {
		all = append(all, consistentLaw(fx))
	}
	for i := range Causes {
		if Causes[i].Laws == nil {
			continue
		}
		for _, l := range Causes[i].Laws(fx, x) {
			l.cause = Causes[i].ID
			if l.whole == whole && l.prior > 0 {
				all = append(all, l)
			}
		}
	}
	mirrored := x.mirrored()
	for i := range all {
		l := &all[i]
		l.logM = l.likelihood(x)
		if !l.anyNaming {
			l.logM = stat.LogSumExp(l.logM, l.likelihood(mirrored))
		}
	}
	return all
}

// mirrored is a split with the names of its two sides exchanged.
func (x *split) mirrored() *split {
	m := *x
	m.k = x.n - x.k
	m.draws = slices.Clone(x.draws)
	for i := range m.draws {
		m.draws[i].deviant = !m.draws[i].deviant
	}
	c := x.labels.counts
	m.labels.counts = stat.Counts2{CanaryDev: c.CanaryRef, CanaryRef: c.CanaryDev, BaseDev: c.BaseRef, BaseRef: c.BaseDev}
	m.labels.unknownDev, m.labels.unknownRef = x.labels.unknownRef, x.labels.unknownDev
	return &m
}

func joint(a, b []law) []law {
	var out []law
	for _, l := range a {
		i := slices.IndexFunc(b, func(m law) bool { return m.cause == l.cause && m.name == l.name })
		if i < 0 {
			continue
		}
		l.logM += b[i].logM
		l.prior = math.Sqrt(l.prior * b[i].prior)
		out = append(out, l)
	}
	return out
}

// guard is the second lock of a driven verdict: its evidence against every
// first-order Markov process that ignores what is said to drive it. For a
// canary the mean of that and of the link's e-value is an e-value as well. A
// switch is itself a Markov process; it is held against independent draws, and
// told from bursts by the posterior, for which it takes as many answers after
// the switch as a long burst might last, and from drift by having settled.
func guard(fx *Facts, w *weighing, l *law, sup float64) {
	switch {
	case !l.driven:
		l.logE = 0
	case l.cause == DeployPropagating:
		l.logE = math.Log(weightOf(fx, l.cause)) + switchE(fx, w.split)
	case l.cause == CanarySplit && w.labels.veto != nil:
		l.logE = w.labels.logE
	case l.cause == CanarySplit:
		l.logE = stat.LogSumExp(math.Log(tuning.Label)+w.labels.logE, math.Log(1-tuning.Label)+l.logM-sup)
	case l.factor.inTime:
		l.logE = math.Log(weightOf(fx, l.cause)*l.factor.share()) + l.logM - burstsInTime(fx, w)
	case l.cause == EndpointSplit:
		l.logE = math.Log(weightOf(fx, l.cause)*l.factor.share()) + l.logM - max(sup, windowsInTime(fx, w, l.factor.within))
	default:
		l.logE = math.Log(weightOf(fx, l.cause)) + l.logM - sup
	}
}

// windowsInTime is the best law of answers whose share changes as it likes from one
// stretch of the run to the next. Connections come and go, and the addresses that they
// lead to with them: whatever changes with time goes with them as well. An address is
// reached by several connections, so that short stretches do not look like one.
func windowsInTime(fx *Facts, w *weighing, short bool) float64 {
	best := math.Inf(-1)
	for i, rows := range tuning.Stretch {
		if !short && i < len(tuning.Stretch)/2 {
			continue
		}
		var sup float64
		for _, part := range w.parts {
			sup += stretchesM(inTime(fx, part.draws), rows)
		}
		best = max(best, sup)
	}
	return best
}

// stretchesM is the greatest ln likelihood of draws in stretches of so many, each with a
// share of its own.
func stretchesM(draws []draw, rows int) (logM float64) {
	for part := range slices.Chunk(draws, rows) {
		k := deviants(part)
		logM += stat.LogBin(k, len(part), float64(k)/float64(len(part)))
	}
	return logM
}

// burstsInTime is the best Markov law of the answers in the order of time, over
// all machines.
func burstsInTime(fx *Facts, w *weighing) (sup float64) {
	for _, part := range w.parts {
		sup += stat.MarkovSup(stat.Transitions(bits(inTime(fx, part.draws))))
	}
	return sup
}

// normalise turns prior times likelihood into posteriors.
func (w *weighing) normalise() {
	var mass []float64
	for _, l := range w.laws {
		mass = append(mass, math.Log(l.prior)+l.logM)
	}
	total := stat.LogSumExp(mass...)
	for i := range w.laws {
		w.laws[i].post = math.Exp(mass[i] - total)
	}
	slices.SortStableFunc(w.laws, func(a, b law) int { return cmp.Compare(b.post, a.post) })
}

// main is the part with the most answers.
func (w *weighing) main() *split {
	return slices.MaxFunc(w.parts, func(a, b *split) int { return cmp.Compare(a.n, b.n) })
}

func (w *weighing) post(c ID) float64 {
	var p float64
	for _, l := range w.laws {
		if l.cause == c {
			p += l.post
		}
	}
	return p
}

// best is the likeliest law of a cause; nil where it was not weighed.
func (w *weighing) best(c ID) *law {
	for i := range w.laws {
		if w.laws[i].cause == c {
			return &w.laws[i]
		}
	}
	return nil
}

func (w *weighing) lead() (ID, float64) {
	lead, most := ID(""), 0.
	for _, l := range w.laws {
		if p := w.post(l.cause); p > most {
			lead, most = l.cause, p
		}
	}
	return lead, most
}

// alternatives are the causes that the evidence does not exclude.
func (w *weighing) alternatives(except ID, alpha float64) []Alternative {
	var out []Alternative
	for _, l := range w.laws {
		p := w.post(l.cause)
		known := slices.ContainsFunc(out, func(a Alternative) bool { return a.Cause == l.cause })
		if l.cause != "" && l.cause != except && !known && p > alpha {
			out = append(out, Alternative{l.cause, p})
		}
	}
	return out
}

// consistentLaw: there is no split, only noise below what must be found.
func consistentLaw(fx *Facts) law {
	return law{name: "consistent", prior: tuning.Prior.Consistent, likelihood: func(x *split) float64 { return stat.ConsistentLogM(x.k, x.n, fx.noise()) }}
}

// noise is the share of deviants that passes as noise.
func (fx *Facts) noise() float64 { return min(stat.DefaultNoise, fx.MinShare/10) }
