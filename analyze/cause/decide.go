package cause

import (
	"fmt"
	"slices"

	"stageprobe/analyze/stat"
)

// chance are the causes under which each answer is drawn, so that only labels
// or the share can tell them apart.
var chance = []ID{CanarySplit, FlakyBackend, BackendSplit, AuthorizerCache, UnexplainedSplit}

// weighSplits weighs every split of every target and reports what is decided.
// Driven verdicts of several targets are held against the run's error rate
// together (e-BH, Wang & Ramdas 2022).
func (s *study) weighSplits() {
	var all []*weighing
	for _, sub := range s.subjects {
		if sub.moot {
			continue
		}
		for _, x := range s.splits(sub) {
			for _, part := range s.separate(x) {
				all = append(all, s.weigh(part))
			}
		}
	}
	driven := s.driven(all)
	for _, w := range all {
		s.decide(w, driven[w])
	}
}

// driven are the splits whose likeliest law is a driven one and passes its
// second lock.
func (s *study) driven(all []*weighing) map[*weighing]*law {
	var logE []float64
	for _, w := range all {
		logE = append(logE, w.laws[0].guarded())
	}
	out := map[*weighing]*law{}
	for _, i := range stat.EBHLog(logE, s.alpha) {
		w := all[i]
		if lead, p := w.lead(); lead == w.laws[0].cause && p >= 1-s.alpha {
			out[w] = &w.laws[0]
		}
	}
	return out
}

// guarded is the evidence of the second lock; a law that drives nothing has
// none.
func (l *law) guarded() float64 {
	if !l.driven {
		return 0
	}
	return l.logE
}

// separate weighs several deviant behaviours of one scenario apart, by how often
// they come, so that a canary and another cause are told apart. What comes third
// and later stays together.
func (s *study) separate(x *split) []*split {
	const apart = 3
	ranks := make([][]int, apart)
	for _, c := range x.cells {
		rank := 0
		for _, k := range c.clusters {
			if slices.Contains(x.clusters, k) {
				ranks[min(rank, apart-1)] = append(ranks[min(rank, apart-1)], k)
				rank++
			}
		}
	}
	if len(ranks[1]) == 0 {
		return []*split{x}
	}
	var out []*split
	for _, clusters := range ranks {
		if len(clusters) > 0 {
			out = append(out, s.narrow(x, clusters))
		}
	}
	return out
}

// decide reports the verdict on one split, or what is open about it.
func (s *study) decide(w *weighing, driven *law) {
	sub := w.sub
	s.remember(w)
	if w.labels.veto != "" {
		s.notes = append(s.notes, fmt.Sprintf("target %s: %s; no link to the canary is claimed that would not survive the worst they could say", sub.ID, w.labels.veto))
	}
	if w.post("") >= 1-s.alpha {
		return // noise below what must be found
	}
	sub.split = true
	switch {
	case driven != nil:
		s.reportDriven(w, driven)
	case w.post("") > s.alpha:
		s.ask(w, "whether a rare difference is more than noise")
	case s.byChance(w):
		s.decideChance(w)
	default:
		s.ask(w, "what the differing answers go with")
		if text := s.notSeparated(w); text != "" {
			o := &s.open[len(s.open)-1]
			o.Question += "; " + text
		}
	}
}

// remember keeps the posteriors of a target's largest split.
func (s *study) remember(w *weighing) {
	if w.sub.weighed != nil {
		return
	}
	for _, l := range w.laws {
		if l.post >= .001 {
			w.sub.weighed = append(w.sub.weighed, Hypothesis{Cause: l.cause, Name: l.name, Posterior: l.post, LogE: finite(l.logE)})
		}
	}
}

// finite is a number that JSON can hold.
func finite(x float64) float64 { return min(max(x, -1e6), 1e6) }

func (s *study) reportDriven(w *weighing, l *law) {
	key := s.stageKey(w)
	switch l.cause {
	case CanarySplit:
		s.decideChance(w)
		return
	case BackendSplit:
		s.report(s.versions(w, l), key)
	case ResponseCache:
		s.report(s.cached(w, l), key)
	case EndpointSplit:
		s.report(s.endpoint(w, l), w.sub.ID)
	case DeployPropagating:
		s.report(s.switched(w, l), key)
	}
	s.account(w, l.cause)
}

// stageKey is under what findings of several targets of one stage are one.
func (s *study) stageKey(w *weighing) string {
	if w.sub.APIID == "" {
		return w.sub.ID
	}
	return w.sub.APIID + "/" + w.sub.Stage
}

// byChance tells whether the answers are drawn, whatever draws them: nothing
// that was observed drives them.
func (s *study) byChance(w *weighing) bool {
	var p float64
	for _, c := range chance {
		p += w.post(c)
	}
	if s.Done {
		return p >= .9
	}
	return p >= 1-s.alpha
}

// decideChance tells a canary from a flake, several versions and the unknown,
// as far as labels or the share allow. Labels of one side alone, when nothing
// more comes, say no less than no labels: the share still speaks.
func (s *study) decideChance(w *weighing) {
	lead := s.likeliest(w)
	excluded := s.canaryExcluded(w)
	switch {
	case s.blind(w) && lead != CanarySplit:
		s.reportChance(w, lead)
	case s.blind(w):
		s.reportChance(w, UnexplainedSplit)
	case lead == CanarySplit && w.labels.known() > 0 && !s.absent(w) && (w.labels.both() || !s.Done):
		s.ask(w, "whether the canary label decides the answer")
	case lead == CanarySplit:
		fit := s.shareFit(w)
		if w.iid && (fit.support >= s.threshold() || s.Done && fit.reject < s.threshold()) && s.canaryConfigured(w.sub) {
			s.reportChance(w, CanarySplit)
			return
		}
		s.ask(w, "whether the share is the canary's")
	case excluded || s.Done || s.hopeless(w):
		s.reportChance(w, lead)
	default:
		s.ask(w, "whether the canary explains it")
	}
}

// blind tells whether neither the configuration nor a log says anything of a
// target: whether it has a canary is then unknown, and no number of requests
// tells.
func (s *study) blind(w *weighing) bool {
	return w.sub.conf == nil && w.sub.Canary == nil && w.labels.known() == 0
}

// absent tells whether the canary's answers are the ones that the logs do not
// hold: none of the usual answers came from the canary although its percentage
// lets expect some, and no deviant was logged. The gateway logs no request that it
// did not route, as where the canary's deployment lacks a route.
func (s *study) absent(w *weighing) bool {
	c := w.labels.counts
	return c.Deviant() == 0 && c.Canary() == 0 && w.labels.unknownDev == w.k &&
		s.canaryConfigured(w.sub) && stat.UpperZero(c.N(), s.Confidence) < w.sub.share()
}

// hopeless tells whether more answers would not help: the share is the canary's
// within what can be told, and no label says more.
func (s *study) hopeless(w *weighing) bool {
	return w.labels.known() == 0 && s.shareFit(w).support >= s.threshold()
}

func (s *study) canaryConfigured(sub *subject) bool {
	p := sub.share()
	return p > 0 && p < 1
}

// likeliest is the likeliest cause among those of chance; a canary that is
// excluded is none.
func (s *study) likeliest(w *weighing) ID {
	lead, most := UnexplainedSplit, 0.
	for _, c := range chance {
		if c == CanarySplit && s.canaryExcluded(w) {
			continue
		}
		if p := w.post(c); p > most {
			lead, most = c, p
		}
	}
	return lead
}

func (s *study) reportChance(w *weighing, cause ID) {
	key := s.stageKey(w)
	switch cause {
	case CanarySplit:
		s.report(s.canaryFits(w), key)
	case FlakyBackend:
		s.report(s.flaky(w), key)
	case BackendSplit:
		s.report(s.fleet(w), key)
	case AuthorizerCache:
		s.report(s.authCached(w), key)
	default:
		s.report(s.unexplained(w), key)
	}
	s.account(w, cause)
}

// account keeps what the question cost, against the least that it can cost.
func (s *study) account(w *weighing, cause ID) {
	w.sub.explain(cause, w.clusters...)
	q := float64(w.k) / float64(w.n)
	s.spend(question{
		text: fmt.Sprintf("what explains the split of %s", w.sub.ID), used: w.sub.n(),
		bound: min(float64(w.n), s.leastFor(w, cause, q)),
	}, w.sub)
}

// ask leaves a split open, with what would decide it.
func (s *study) ask(w *weighing, question string) {
	lead, p := w.lead()
	s.undone[w.sub.ID] = true
	o := Open{
		Target: w.sub.ID, Leader: string(lead), Posterior: p,
		Question: fmt.Sprintf("%s: %d of %d answers are %s", question, w.k, w.n, s.summaries(w.clusters, 2)),
	}
	o.More, o.Low, o.High = s.predict(w)
	if w.labels.veto != "" {
		o.Enable = w.labels.veto + ": read the logs again later (--log-wait)"
	} else if s.canaryConfigured(w.sub) && w.labels.known() == 0 {
		o.Enable = s.settleByLogs(w.sub)
	}
	s.open = append(s.open, o)
}

// predict is how many further requests would about decide a split.
func (s *study) predict(w *weighing) (more, low, high int) {
	need, drift, variance := s.distanceToGo(w)
	if need <= 0 || drift <= 0 {
		return max(20, w.n/4), max(10, w.n/8), max(40, w.n)
	}
	mean, lo, hi := stat.Remaining(need, drift, variance)
	return clampInt(mean), clampInt(lo), clampInt(hi)
}

func clampInt(x float64) int { return int(min(max(x, 1), 1e6)) }
