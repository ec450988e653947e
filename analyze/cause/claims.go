package cause

import (
	"cmp"
	"math"
	"slices"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// question is a decided question with its cost.
type expense struct {
	target string
	asks   Fact
	bound  float64 // the least mean number of requests of any method
	used   int
}

// AnyDiffer asks whether a share of a target's answers or more differ.
type AnyDiffer struct {
	said
	Share float64
}

// AnyMissed asks whether any behaviour of a target with a share was missed.
type AnyMissed struct {
	said
	Target string
	Share  float64
}

// NobodyLetIn asks why a target lets no request through.
type NobodyLetIn struct {
	said
	Target string
}

// Unanswered asks what a target serves that answered none of the requests. Begun tells
// that answers began, and were not whole.
type Unanswered struct {
	said
	Requests int
	Begun    bool
}

// AnswersInstead says that something else than API Gateway answers.
type AnswersInstead struct {
	said
	Target, By, Answer string
}

// WhoseAnswers asks what gives the answers of a target that by what was read leads to no
// stage of an API.
type WhoseAnswers struct {
	said
	Why Fact
}

// stranger is why the answers of a target are none of the stage that it names, however
// alike they are: by the configuration there is no such API or stage, or of a target that
// nothing is known of something else than API Gateway gives them all. It is nil elsewhere.
func stranger(fx *Facts, sub *target) Fact {
	if sub.nowhere != nil || fx.answered(sub) == 0 {
		return nil
	}
	if why := unmappedBy(sub); why != nil && why != Fact(EndpointOff{API: sub.APIID}) {
		return AnswersAll{Although: why}
	}
	if sub.conf != nil || !fx.all(sub, func(c *Cluster) bool { return c.Reading.NotAPIGateway != "" }) {
		return nil
	}
	return AnswersAll{By: fx.Clusters[behavioursOf(sub.cells)[0]].Reading.NotAPIGateway}
}

// SomeUnanswered asks whether scenarios are answered of which no request got a whole
// answer, while others of the same target did.
type SomeUnanswered struct {
	said
	Scenarios []string
	Requests  int
}

// silent are the scenarios of a target of which not one request got a whole answer, for
// no reason that was found: too late for the probe, or lost on the way.
func silent(fx *Facts, known *Known, sub *target) []*cell {
	return slices.DeleteFunc(slices.Clone(sub.cells), func(c *cell) bool {
		return c.ref < 0 || len(c.rows) < tuning.Enough.Refused || known.by[c.ref] != "" ||
			slices.ContainsFunc(c.clusters, func(k int) bool { return fx.Clusters[k].Class != signature.Transport })
	})
}

// AnswersAll says that something answers at an address although there is no stage by the
// configuration, or what it is.
type AnswersAll struct {
	said
	Although Fact
	By       string
}

// needs is how many more answers a target takes until a behaviour with the least
// share that must be found cannot have been missed. For a target that is refused
// throughout, or served wrongly, it is 0.
func needs(fx *Facts, known *Known, sub *target) int {
	if known.closed[sub.index] || len(sub.cells) == 0 || !fx.Thorough && known.answered(sub) {
		return 0
	}
	k, n := known.strays(sub)
	if known.split[sub.index] {
		k = 0 // the split is a question of its own
	}
	need := stat.NeedZero(fx.MinShare, fx.Confidence)
	if k > 0 && stat.UpperBound(k, n, fx.Confidence) > fx.MinShare {
		// Each stray answer costs about as many further ones as it takes to see
		// one at the least share.
		need = max(need, n) + int(math.Ceil(1/fx.MinShare))
	}
	return max(0, need-n)
}

// consistency makes the claim of each target without a split, or leaves it open.
func consistency(fx *Facts, known *Known, r *Result) Verdict {
	var v Verdict
	for i, sub := range fx.targets {
		k, n := known.strays(sub)
		if q := someUnanswered(fx, known, sub); q != nil && !known.closed[i] {
			v.Open = append(v.Open, *q)
		}
		more, split, closed := needs(fx, known, sub), known.split[i], known.closed[i]
		if !split && !closed && n > 0 {
			r.Claims[sub.ID], r.Strays[sub.ID] = stat.UpperBound(k, n, fx.Confidence), k
		}
		switch {
		case unanswered(fx, sub) && !closed:
			begun := !allOf(fx, behavioursOf(sub.cells), func(c *Cluster) bool { return c.Status == 0 })
			v.Open = append(v.Open, Question{Target: sub.ID, Asks: Unanswered{Requests: n, Begun: begun}, Needs: toBeAnswered(fx, sub, sub.cells)})
		case stranger(fx, sub) != nil && !closed:
			v.Open = append(v.Open, Question{Target: sub.ID, Asks: WhoseAnswers{Why: stranger(fx, sub)}, Needs: Topic("who is behind the name")})
		case more > 0 && !(fx.Done && split):
			v.Open = append(v.Open, Question{
				Target: sub.ID, More: more, Low: more, High: more,
				Asks: AnyDiffer{Share: fx.MinShare},
			})
		case closed:
			// One answer that agrees with the configuration is the least that it takes to
			// see that a target answers nobody.
			rows, _ := throttles(sub)
			if used := len(rows) + sub.n(); used > 0 {
				v.cost = append(v.cost, expense{target: sub.ID, asks: NobodyLetIn{Target: sub.ID}, used: used, bound: 1})
			}
		case more == 0 && n >= stat.NeedZero(fx.MinShare, fx.Confidence):
			v.cost = append(v.cost, expense{
				target: sub.ID, asks: AnyMissed{Target: sub.ID, Share: fx.MinShare},
				used: n, bound: float64(stat.NeedZero(fx.MinShare, fx.Confidence)),
			})
		case n > 0 && !split:
			// An error was decided before: what these answers exclude takes no fewer.
			v.cost = append(v.cost, expense{target: sub.ID, asks: AnyMissed{Target: sub.ID, Share: stat.UpperBound(0, n, fx.Confidence)}, used: n, bound: float64(n)})
		}
	}
	return v
}

// toBeAnswered is what lets a target's requests be answered: more time where nothing but
// time ran out.
func toBeAnswered(fx *Facts, sub *target, cells []*cell) Fact {
	all := func(is func(*Cluster) bool) bool { return allOf(fx, behavioursOf(cells), is) }
	switch {
	case sub.private():
		return Advised{Remedy: remedy.FromWithin}
	case all(func(c *Cluster) bool { return c.Outcome == probe.OutcomeTimeout }):
		return Topic("more time")
	case all((*Cluster).brokeOff):
		return Topic("whole answers")
	}
	return Topic("name and network")
}

// someUnanswered asks for the scenarios of a target that got no answer; nil where there
// are none, or all are such.
func someUnanswered(fx *Facts, known *Known, sub *target) *Question {
	cells := silent(fx, known, sub)
	if len(cells) == 0 || unanswered(fx, sub) {
		return nil
	}
	asks := SomeUnanswered{Scenarios: fx.cellNames(cells)}
	for _, c := range cells {
		asks.Requests += len(c.rows)
	}
	return &Question{Target: sub.ID, Asks: asks, Needs: toBeAnswered(fx, sub, cells)}
}

// remarks say of each target what no cause covers but a reader must know: that
// every answer is a failure, or that something else than API Gateway answers.
func remarks(fx *Facts, known *Known) []Fact {
	notes := append(unhealthy(fx, known), namesLead(fx)...)
	for _, sub := range fx.targets {
		if stranger(fx, sub) != nil {
			continue // an open question says it
		}
		for _, k := range behavioursOf(sub.cells) {
			if by := fx.Clusters[k].Reading.NotAPIGateway; by != "" {
				notes = append(notes, AnswersInstead{Target: sub.ID, By: by, Answer: fx.summary(k)})
			}
		}
	}
	return notes
}

// dearest are what the targets' questions cost. All questions of a target are
// answered from the same requests, so that the one with the largest bound is what
// they were spent on.
func dearest(costs []expense) []expense {
	var out []expense
	for _, q := range costs {
		i := slices.IndexFunc(out, func(o expense) bool { return o.target == q.target })
		switch {
		case i < 0:
			out = append(out, q)
		case q.bound > out[i].bound:
			out[i] = q
		}
	}
	return out
}

// unanswered tells whether requests were sent and not one was answered over
// HTTP.
func unanswered(fx *Facts, sub *target) bool {
	rows, total := throttles(sub)
	return total > 0 && len(rows) == 0 && fx.answered(sub) == 0 &&
		!slices.ContainsFunc(sub.cells, func(c *cell) bool { return brokeOffThroughout(fx, sub, c) })
}

// distanceToGo is how much evidence the leader still lacks against its nearest
// rival, and how much a further answer brings on average.
func distanceToGo(fx *Facts, w *weighing) (need, drift, variance float64) {
	q := (float64(w.k) + .5) / (float64(w.n) + 1)
	switch {
	case w.labels.both():
		need = fx.threshold() - max(w.labels.logE, w.labels.notE)
		drift = max(labelInformation(w), 1e-4)
	case canaryConfigured(w.sub):
		fit := fitShare(w)
		need = fx.threshold() - max(fit.support, fit.reject-math.Log(tuning.Caution))
		drift = min(stat.KL(fit.p0, stat.OddsShift(fit.p0, stat.DefaultRho)), stat.KL(fit.p0, stat.OddsShift(fit.p0, 1/stat.DefaultRho)))
	default:
		need = fx.threshold() - math.Log((1-w.post("")+1e-12)/(w.post("")+1e-12))
		drift = stat.KL(q, fx.noise())
	}
	return need, drift, 2 * drift
}

// labelInformation is what one answer tells about a link: the mutual information
// of label and answer as seen, in nats.
func labelInformation(w *weighing) float64 {
	return stat.MutualInfo(w.labels.table())
}

// leastFor is the least mean number of requests that a verdict can cost at the
// run's error rates (Wald 1945).
func leastFor(fx *Facts, w *weighing, cause ID, q float64) float64 {
	var kl float64
	switch {
	case cause == CanarySplit && w.labels.known() > 0:
		kl = labelInformation(w)
	case cause == CanarySplit:
		p0 := min(w.sub.share(), 1-w.sub.share())
		kl = min(stat.KL(p0, stat.OddsShift(p0, stat.DefaultRho)), stat.KL(p0, stat.OddsShift(p0, 1/stat.DefaultRho)))
	default:
		kl = stat.KL(q, fx.noise())
	}
	if kl <= 0 {
		return math.Inf(1)
	}
	return stat.WaldBound(fx.alpha, fx.alpha, kl)
}

// efficiencies are the bound over the requests used, of each question.
func efficiencies(costs []expense) []Efficiency {
	var out []Efficiency
	for _, q := range costs {
		if e := (Efficiency{Target: q.target, Bound: q.bound, Used: q.used, Asks: q.asks}); q.used > 0 && !math.IsInf(q.bound, 0) && !math.IsNaN(q.bound) {
			e.Ratio = min(1, e.Bound/float64(e.Used))
			out = append(out, e)
		}
	}
	return out
}

// efficiency is that of the most expensive question.
func efficiency(costs []expense) *Efficiency {
	spent := efficiencies(dearest(costs))
	if len(spent) == 0 {
		return nil
	}
	e := slices.MaxFunc(spent, func(a, b Efficiency) int { return cmp.Or(cmp.Compare(a.Used, b.Used), cmp.Compare(b.Target, a.Target)) })
	return &e
}

// next says where further requests decide most: each open question weighs as
// many requests as it takes, on the scenarios that can decide it.
func nextCells(fx *Facts, known *Known, open []Question) []Cell {
	weight := map[[2]int]float64{}
	var total float64
	for _, o := range open {
		sub := fx.find(func(x *target) bool { return x.ID == o.Target })
		if sub == nil || o.More == 0 {
			continue
		}
		cells := deciding(known, sub)
		for _, c := range cells {
			w := float64(o.More) / float64(len(cells))
			weight[[2]int{sub.index, c.scenario}] += w
			total += w
		}
	}
	var out []Cell
	for _, sub := range fx.targets {
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
func deciding(known *Known, sub *target) []*cell {
	if known.undecided[sub.index] {
		splitting := slices.DeleteFunc(slices.Clone(sub.cells), func(c *cell) bool { return len(known.otherwise(c)) == 0 })
		if len(splitting) > 0 {
			return splitting
		}
	}
	return sub.cells
}
