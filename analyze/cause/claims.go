package cause

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"stageprobe/analyze/stat"
)

// question is a decided question with its cost.
type question struct {
	target, text string
	bound        float64 // the least mean number of requests of any method
	used         int
}

// strays counts a target's deviant answers that no finding explains.
func (s *study) strays(sub *subject) (k, n int) {
	for _, c := range sub.cells {
		n += len(c.rows)
		for _, d := range s.deviants(sub, c) {
			k += c.count[d]
		}
	}
	return k, n
}

// needs is how many more answers a target takes until a behaviour with the least
// share that must be found cannot have been missed. For a target that is refused
// throughout, or served wrongly, it is 0.
func (s *study) needs(sub *subject) int {
	if sub.moot || len(sub.cells) == 0 {
		return 0
	}
	k, n := s.strays(sub)
	if sub.split && k > 0 {
		k = 0 // the split is a question of its own
	}
	need := stat.NeedZero(s.MinShare, s.Confidence)
	if k > 0 && stat.UpperBound(k, n, s.Confidence) > s.MinShare {
		// Each stray answer costs about as many further ones as it takes to see
		// one at the least share.
		need = max(need, n) + int(math.Ceil(1/s.MinShare))
	}
	return max(0, need-n)
}

// consistency makes the claim of each target without a split, or leaves it open.
func (s *study) consistency(r *Result) {
	for _, sub := range s.subjects {
		k, n := s.strays(sub)
		more := s.needs(sub)
		if !sub.split && !sub.moot && n > 0 {
			r.Claims[sub.ID] = stat.UpperBound(k, n, s.Confidence)
		}
		switch {
		case s.unanswered(sub):
			enable := "check the name, the network and the certificate"
			if sub.private() {
				enable = fromWithin
			}
			s.open = append(s.open, Open{
				Target: sub.ID, Question: fmt.Sprintf("what it serves: none of %s was answered", plural(n, "request")), Enable: enable,
			})
		case more > 0 && !(s.Done && sub.split):
			s.open = append(s.open, Open{
				Target: sub.ID, More: more, Low: more, High: more,
				Question: fmt.Sprintf("whether %s or more of its answers differ", percent(s.MinShare)),
			})
		case sub.moot:
			s.spendFact(sub)
		case more == 0 && n > 0:
			s.spend(question{
				text: fmt.Sprintf("whether any behaviour with a share of %s of %s was missed", percent(s.MinShare), sub.ID),
				used: n, bound: float64(stat.NeedZero(s.MinShare, s.Confidence)),
			}, sub)
		}
	}
}

// spendFact keeps what it took to see that a target answers nobody: one answer
// that agrees with the configuration is the least.
func (s *study) spendFact(sub *subject) {
	rows, _ := s.throttles(sub)
	if used := len(rows) + sub.n(); used > 0 {
		s.spend(question{text: "why " + sub.ID + " lets no request through", used: used, bound: 1}, sub)
	}
}

// remarks says of each target what no cause covers but a reader must know: that
// every answer is a failure, or that something else than API Gateway answers.
func (s *study) remarks() {
	s.unhealthy()
	for _, sub := range s.subjects {
		for _, k := range s.clustersOf(sub) {
			if by := s.Clusters[k].NotGateway; by != "" {
				s.notes = append(s.notes, fmt.Sprintf("target %s: %s answers, not API Gateway (%s)", sub.ID, by, s.summary(k)))
			}
		}
	}
	slices.Sort(s.notes)
	s.notes = slices.Compact(s.notes)
}

// spend keeps what a target's questions cost. All are answered from the same
// requests, so that the one with the largest bound is what they were spent on.
func (s *study) spend(q question, sub *subject) {
	q.target = sub.ID
	for i, other := range s.spent {
		if other.target == q.target {
			if q.bound > other.bound {
				s.spent[i] = q
			}
			return
		}
	}
	s.spent = append(s.spent, q)
}

// unanswered tells whether requests were sent and not one was answered over
// HTTP.
func (s *study) unanswered(sub *subject) bool {
	rows, total := s.throttles(sub)
	return total > 0 && len(rows) == 0 && s.answered(sub) == 0 && !sub.moot
}

// distanceToGo is how much evidence the leader still lacks against its nearest
// rival, and how much a further answer brings on average.
func (s *study) distanceToGo(w *weighing) (need, drift, variance float64) {
	q := (float64(w.k) + .5) / (float64(w.n) + 1)
	switch {
	case w.labels.known() > 0 && w.labels.both():
		need = s.threshold() - max(w.labels.logE, w.labels.notE)
		drift = max(labelInformation(w), 1e-4)
	case s.canaryConfigured(w.sub):
		fit := s.shareFit(w)
		need = s.threshold() - max(fit.support, fit.reject)
		drift = min(stat.KL(fit.p0, stat.OddsShift(fit.p0, stat.DefaultRho)), stat.KL(fit.p0, stat.OddsShift(fit.p0, 1/stat.DefaultRho)))
	default:
		need = s.threshold() - math.Log((1-w.post("")+1e-12)/(w.post("")+1e-12))
		drift = stat.KL(q, s.noise())
	}
	return need, drift, 2 * drift
}

// labelInformation is what one answer tells about a link: the mutual information
// of label and answer as seen, in nats.
func labelInformation(w *weighing) float64 {
	c := w.labels.counts
	return stat.MutualInfo([][]int{{c.BaseRef, c.CanaryRef}, {c.BaseDev, c.CanaryDev}})
}

// leastFor is the least mean number of requests that a verdict can cost at the
// run's error rates (Wald 1945).
func (s *study) leastFor(w *weighing, cause ID, q float64) float64 {
	var kl float64
	switch {
	case cause == CanarySplit && w.labels.known() > 0:
		kl = labelInformation(w)
	case cause == CanarySplit:
		p0 := min(w.sub.share(), 1-w.sub.share())
		kl = min(stat.KL(p0, stat.OddsShift(p0, stat.DefaultRho)), stat.KL(p0, stat.OddsShift(p0, 1/stat.DefaultRho)))
	default:
		kl = stat.KL(q, s.noise())
	}
	if kl <= 0 {
		return math.Inf(1)
	}
	return stat.WaldBound(s.alpha, s.alpha, kl)
}

// efficiency is the bound over the requests used, of the most expensive
// question.
func (s *study) efficiency() *Efficiency {
	if len(s.spent) == 0 {
		return nil
	}
	q := slices.MaxFunc(s.spent, func(a, b question) int {
		return cmp.Or(cmp.Compare(a.used, b.used), cmp.Compare(b.text, a.text))
	})
	if q.used == 0 || math.IsInf(q.bound, 0) || math.IsNaN(q.bound) {
		return nil
	}
	return &Efficiency{Ratio: min(1, q.bound/float64(q.used)), Bound: q.bound, Used: q.used, Question: q.text}
}

// next says where further requests decide most: each open question weighs as
// many requests as it takes, on the scenarios that can decide it.
func (s *study) next() []Cell {
	weight := map[[2]int]float64{}
	var total float64
	for _, o := range s.open {
		sub := s.find(func(x *subject) bool { return x.ID == o.Target })
		if sub == nil || o.More == 0 {
			continue
		}
		cells := s.deciding(sub)
		for _, c := range cells {
			w := float64(o.More) / float64(len(cells))
			weight[[2]int{sub.index, c.scenario}] += w
			total += w
		}
	}
	var out []Cell
	for _, sub := range s.subjects {
		for _, c := range sub.cells {
			if w := weight[[2]int{sub.index, c.scenario}]; w > 0 {
				out = append(out, Cell{Target: sub.index, Scenario: c.scenario, Weight: w / total})
			}
		}
	}
	return out
}

// deciding are the scenarios of a target that decide its questions: those that
// split where a split is open, else all.
func (s *study) deciding(sub *subject) []*cell {
	if s.undone[sub.ID] {
		splitting := slices.DeleteFunc(slices.Clone(sub.cells), func(c *cell) bool { return len(s.deviants(sub, c)) == 0 })
		if len(splitting) > 0 {
			return splitting
		}
	}
	return sub.cells
}
