package cause

import (
	"cmp"
	"slices"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// byDraw are the causes under which each answer is drawn, so that only labels
// or the share can tell them apart.
var byDraw = []ID{CanarySplit, FlakyBackend, BackendSplit, AuthorizerCache, UnexplainedSplit}

// decision is a split that was decided for a cause.
type decision struct {
	*weighing
	cause ID
	law   *law             // that drives the answers; nil where they are drawn
	marks []behaviour.Mark // the features that go with it; nil where the answers as a whole do
	level string           // the level that answers otherwise than the others, as counts name it
}

// judgement is what was decided of the splits and what is open.
type judgement struct {
	known     *Known // what is explained already, of the splits that were decided as well
	decided   []*decision
	split     []bool // per target: more than one behaviour was found
	undecided []bool // per target: a split is still open
	open      []Question
	notes     []Fact
	cost      []expense
	weighed   []([]Hypothesis) // per target: the posteriors of its largest split
}

// judge decides the splits of all targets, as far as the evidence goes: first what
// was found to go with something drawn, the strongest first, then what is left by
// the laws of all causes. No answer is explained twice.
func judge(fx *Facts, known *Known) *judgement {
	n := len(fx.targets)
	j := &judgement{known: known, split: make([]bool, n), undecided: make([]bool, n), weighed: make([]([]Hypothesis), n)}
	for _, sub := range fx.targets {
		if !known.closed[sub.index] {
			j.linkedCanary(fx, sub)
			j.linkedLevels(fx, sub)
			j.brokenSince(fx, sub, refused)
			j.brokenSince(fx, sub, (*Cluster).fails)
			j.outages(fx, sub)
		}
	}
	j.weighSplits(fx)
	return j
}

// settle keeps a decision, with what the question cost against the least that it
// can cost.
func (j *judgement) settle(fx *Facts, d *decision) {
	j.split[d.sub.index] = true
	j.decided = append(j.decided, d)
	j.known.explain(d.cause, slices.DeleteFunc(slices.Clone(d.clusters), func(k int) bool { return j.known.by[k] != "" }))
	q := float64(d.k) / float64(d.n)
	j.cost = append(j.cost, expense{
		target: d.sub.ID, asks: WhatExplains{Target: d.sub.ID}, used: d.sub.n(),
		bound: min(float64(d.n), leastFor(fx, d.weighing, d.cause, q)),
	})
}

// brokenSince decides a target that answered and then refused or failed every request, in
// every scenario: as a switch, whatever answers in flight came in another order meanwhile.
// Which behaviour is usual may differ between its scenarios, which are one split here.
// Failures go back and forth sooner than refusals do: of them the weight must say so, too.
func (j *judgement) brokenSince(fx *Facts, sub *target, bad func(*Cluster) bool) {
	x := j.otherSort(sub, bad)
	if x == nil {
		return
	}
	all := make([]draw, 0, sub.n())
	for _, c := range sub.cells {
		for _, i := range c.rows {
			all = append(all, draw{i, bad(&fx.Clusters[fx.Rows[i].Cluster])})
		}
	}
	if !gaveOut(inTime(fx, all)) {
		return
	}
	settle(fx, x)
	// Of one side, which is the usual one in some scenarios.
	x.refusal, x.failure = refused(&fx.Clusters[x.clusters[0]]) || refused(&fx.Clusters[x.usual[0]]), fx.Clusters[x.clusters[0]].fails() || fx.Clusters[x.usual[0]].fails()
	if x.refusal && byAuthorizer(fx, x) && cachingAuthorizer(fx, x) != "" {
		return // a kept result that expires looks like this
	}
	w := weigh(fx, x)
	i := slices.IndexFunc(w.laws, func(l law) bool { return l.cause == DeployPropagating })
	if i < 0 || x.failure && (w.post(DeployPropagating) < 1-fx.alpha || !holds(fx, w)) && !goneAtTheEnd(fx, x) {
		return
	}
	j.settle(fx, &decision{weighing: w, cause: DeployPropagating, law: &w.laws[i]})
}

// otherSort is the split of a target into what is of another sort than the usual answer of
// its scenario, and the rest, before its rows are gathered; nil where nothing is.
func (j *judgement) otherSort(sub *target, is func(*Cluster) bool) *split {
	x, clusters := &split{sub: sub}, j.known.fx.Clusters
	for _, c := range sub.cells {
		for _, k := range j.known.otherwise(c) {
			if is(&clusters[k]) != is(&clusters[c.ref]) {
				x.clusters = append(x.clusters, k)
			}
		}
	}
	if len(x.clusters) == 0 {
		return nil
	}
	return x
}

// gaveOut tells whether answers in the order in which they were asked for are of one sort,
// and then, long enough for a target to be given up, of the one that deviates. Those in
// flight at the change come in any order: a tenth may stand on the wrong side.
func gaveOut(draws []draw) bool {
	wrong := len(draws) - deviants(draws) // on a change before the first
	best, at := wrong, 0
	for i, d := range draws {
		if d.deviant {
			wrong++
		} else {
			wrong--
		}
		if wrong < best {
			best, at = wrong, i+1
		}
	}
	return at >= tuning.Enough.Settled && len(draws)-at >= Barren-Barren/10 && 10*best <= len(draws)
}

func (j *judgement) linkedCanary(fx *Facts, sub *target) {
	l := fx.canary[sub.index]
	if l == nil {
		return
	}
	marks := strong(l, fx.threshold())
	if len(marks) == 0 {
		return
	}
	x := j.linkedSplit(fx, sub, marks, ofCanary)
	if x == nil {
		return
	}
	// The veto looks at each scenario where either side may by chance be the usual one.
	w := weigh(fx, x)
	if (w.labels.veto != nil || w.labels.mayBeLoss()) && min(w.labels.logE, w.labels.worst(sub.link())) < fx.threshold() {
		return
	}
	w.labels.logE = l.LogE
	j.settle(fx, &decision{weighing: w, cause: CanarySplit, marks: marks, level: canarySide})
}

func (j *judgement) linkedLevels(fx *Facts, sub *target) {
	mine := slices.DeleteFunc(slices.Clone(fx.leveled), func(l leveled) bool { return l.sub != sub.index })
	slices.SortStableFunc(mine, func(a, b leveled) int { return cmp.Compare(b.link.LogE, a.link.LogE) })
	for _, lv := range mine {
		marks := strong(lv.link, fx.threshold())
		x := j.linkedSplit(fx, sub, marks, func(r *Row) (on, ok bool) {
			l := lv.factor.level(r)
			return l == lv.level, l != ""
		})
		if x == nil {
			continue
		}
		f := *lv.factor
		if !f.count(fx, x) {
			continue
		}
		w := weigh(fx, x)
		w.putFirst(law{cause: f.cause, name: f.name, driven: true, factor: &f, logE: lv.link.LogE})
		j.settle(fx, &decision{weighing: w, cause: f.cause, law: &w.laws[0], marks: marks, level: lv.level})
	}
}

// linkedSplit is the split of a target into the behaviours that go with a
// factor and the usual ones; nil where they are the usual ones throughout.
func (j *judgement) linkedSplit(fx *Facts, sub *target, marks []behaviour.Mark, level levelOf) *split {
	x, turned := &split{sub: sub}, []int{}
	for _, c := range sub.cells {
		if !slices.ContainsFunc(marks, func(m behaviour.Mark) bool { return m.Scenario == c.scenario }) {
			continue
		}
		counts, all := byLevel(fx, c, level)
		usual := behaviour.Side(counts[c.ref], all)
		for _, k := range j.known.deviants(c) {
			side := behaviour.Side(counts[k], all)
			switch {
			case !goesWith(fx, k, c.ref, marks, side, usual, counts[k].N()):
			case usual == 0 && side < 0:
				turned = append(turned, k)
			default:
				x.clusters = append(x.clusters, k)
			}
		}
	}
	if len(x.clusters) == 0 {
		// Where the usual behaviour tells nothing of the factor, each of its levels has an
		// answer of its own: one level's are the split.
		x.clusters = turned
	}
	if len(x.clusters) == 0 {
		return nil
	}
	x.clusters = append(x.clusters, j.alike(fx, x, level)...)
	return settle(fx, x)
}

// alike are behaviours that are of the same kind as those of a linked split, and of which
// every answer came at its level: what was found in one scenario is no other cause in the
// next for being seldom there.
func (j *judgement) alike(fx *Facts, x *split, level levelOf) []int {
	kinds, on := map[string]bool{}, stat.Count{}
	for _, c := range x.sub.cells {
		counts, _ := byLevel(fx, c, level)
		for _, k := range x.clusters {
			if c.count[k] > 0 {
				kinds[kindOf(&fx.Clusters[k])] = true
				on = on.Plus(counts[k])
			}
		}
	}
	if on.On > 0 && on.Off > 0 {
		return nil // not all of one level's doing
	}
	var out []int
	for _, c := range x.sub.cells {
		counts, _ := byLevel(fx, c, level)
		for _, k := range j.known.otherwise(c) {
			n := counts[k]
			if !slices.Contains(x.clusters, k) && kinds[kindOf(&fx.Clusters[k])] && n.N() > 0 && (on.On > 0 && n.Off == 0 || on.Off > 0 && n.On == 0) {
				out = append(out, k)
			}
		}
	}
	return out
}

// weighSplits weighs every split of every target. Driven verdicts of several
// targets are held against the run's error rate together (e-BH, Wang & Ramdas
// 2022).
func (j *judgement) weighSplits(fx *Facts) {
	var all []*weighing
	for _, sub := range fx.targets {
		if j.known.closed[sub.index] {
			continue
		}
		for _, x := range splitsOf(fx, j.known, sub) {
			for _, part := range separate(fx, x) {
				all = append(all, weigh(fx, part))
			}
		}
	}
	driven := driven(fx, all)
	for _, w := range all {
		j.decide(fx, w, driven[w])
	}
}

// driven are the splits whose likeliest law is a driven one and passes its
// second lock.
func driven(fx *Facts, all []*weighing) map[*weighing]*law {
	var logE []float64
	for _, w := range all {
		logE = append(logE, w.laws[0].guarded())
	}
	out := map[*weighing]*law{}
	for _, i := range stat.EBHLog(logE, fx.alpha) {
		w := all[i]
		if lead, p := w.lead(); lead == w.laws[0].cause && p >= 1-fx.alpha {
			out[w] = &w.laws[0]
		}
	}
	return out
}

// guarded is the evidence of the second lock; a law that drives nothing has
// none, and a canary is claimed by other evidence.
func (l *law) guarded() float64 {
	if !l.driven || l.cause == CanarySplit {
		return 0
	}
	return l.logE
}

// separate weighs several deviant behaviours of one scenario apart, by how often
// they come, so that a canary and another cause are told apart. What comes third
// and later stays together.
func separate(fx *Facts, x *split) []*split {
	if x.beside {
		return []*split{x}
	}
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
			out = append(out, narrow(fx, x, clusters))
		}
	}
	return out
}

func (j *judgement) decide(fx *Facts, w *weighing, driven *law) {
	sub := w.sub
	if j.weighed[sub.index] == nil {
		j.weighed[sub.index] = w.hypotheses()
	}
	if w.labels.veto != nil {
		j.notes = append(j.notes, NoLink{Target: sub.ID, Why: w.labels.veto})
	}
	if w.post("") >= 1-fx.alpha || driven == nil && rare(fx, w) {
		return // noise below what must be found
	}
	j.split[sub.index] = true
	switch {
	case driven != nil && driven.cause == DeployPropagating && !holds(fx, w):
		if w.failure {
			j.decideChance(fx, w)
		} else {
			j.ask(fx, w, "for good", nil)
		}
	case driven != nil:
		j.settle(fx, &decision{weighing: w, cause: driven.cause, law: driven})
	case lostOnTheWay(fx, w):
		j.ask(fx, w, "the way", nil)
	case w.failure && stranger(fx, sub) != nil:
		// That what answers in a stage's place fails is no backend's doing: whose answers
		// these are is a question already.
	case foreignFailures(fx, w):
		j.ask(fx, w, "foreign", nil)
	case longerThanTime(fx, w):
		j.ask(fx, w, "longer", nil)
	case w.post("") > fx.alpha:
		j.ask(fx, w, "more than noise", nil)
	case byChance(fx, w):
		j.decideChance(fx, w)
	default:
		j.ask(fx, w, "goes with", notSeparated(fx, w))
	}
}

// lostOnTheWay tells whether what differs is that some requests were lost.
func lostOnTheWay(fx *Facts, w *weighing) bool {
	return allBad(fx, w, (*Cluster).lost)
}

// allBad tells whether what differs is of one kind.
func allBad(fx *Facts, w *weighing, is func(*Cluster) bool) bool {
	bad := bad(fx, w.split)
	return len(bad) > 0 && allOf(fx, bad, is)
}

// foreignFailures tells whether what fails answers in API Gateway's place, or before it.
func foreignFailures(fx *Facts, w *weighing) bool {
	return w.failure && allBad(fx, w, func(c *Cluster) bool { return c.Reading.NotAPIGateway != "" })
}

// longerThanTime tells whether what differs is that some answers had begun when the time
// of their request was over. That is the probe's own end, and none that a backend makes: an
// integration that takes too long is answered for by the gateway.
func longerThanTime(fx *Facts, w *weighing) bool {
	return allBad(fx, w, func(c *Cluster) bool { return c.Status != 0 && c.Outcome == probe.OutcomeTimeout })
}

// hypotheses are the posteriors that are worth a word.
func (w *weighing) hypotheses() []Hypothesis {
	var out []Hypothesis
	for _, l := range w.laws {
		if l.post >= .001 {
			out = append(out, Hypothesis{Cause: l.cause, Name: l.name, Posterior: l.post, LogE: finite(l.logE)})
		}
	}
	return out
}

// finite is a number that JSON can hold.
func finite(x float64) float64 { return min(max(x, -1e6), 1e6) }

// byChance tells whether the answers are drawn, whatever draws them: nothing
// that was observed drives them.
func byChance(fx *Facts, w *weighing) bool {
	var p float64
	for _, c := range byDraw {
		p += w.post(c)
	}
	if fx.Done {
		return p >= tuning.Chance
	}
	return p >= 1-fx.alpha
}

// decideChance tells a canary from a flake, several versions and the unknown,
// as far as labels or the share allow. Labels of one side alone, when nothing
// more comes, say no less than no labels: the share still speaks.
func (j *judgement) decideChance(fx *Facts, w *weighing) {
	chance := func(id ID) {
		if id == BackendSplit && (!iid(w.split) || orderOf(w.amongAll()) < tuning.IID) {
			id = UnexplainedSplit // several versions answer at random, not in an order
		}
		if id == BackendSplit && !stat.TurnsShow(w.k, w.n, lags, tuning.IID) {
			if !fx.Done {
				j.ask(fx, w, "goes with", nil) // an order would not show yet
				return
			}
			id = UnexplainedSplit
		}
		j.settle(fx, &decision{weighing: w, cause: id})
	}
	lead := likeliest(fx, w)
	excluded := canaryExcluded(fx, w)
	switch {
	case unlabelledYet(fx, w):
		j.ask(fx, w, "canary, labels late", nil)
	case oneSided(w) && !fx.Done:
		j.ask(fx, w, "canary, one side logged", nil)
	case blind(w) && lead != CanarySplit:
		chance(lead)
	case blind(w):
		chance(UnexplainedSplit)
	case lead == CanarySplit && w.labels.known() > 0 && !absent(fx, w) && (w.labels.both() || !fx.Done):
		j.ask(fx, w, "canary label", nil)
	case lead == CanarySplit:
		fit := fitShare(w)
		if w.iid && (fit.support >= fx.threshold() || fx.Done && fit.reject < fx.threshold()) && canaryConfigured(w.sub) {
			chance(CanarySplit)
			return
		}
		j.ask(fx, w, "canary share", nil)
	case !excluded && leans(w):
		j.ask(fx, w, "canary, rather", nil)
	case fitsUnlabelled(fx, w) && (lead == FlakyBackend || lead == BackendSplit):
		chance(CanarySplit) // whatever is likelier elsewhere: this stage draws at that share
	case lead == UnexplainedSplit && !excluded && canaryConfigured(w.sub) && w.post(CanarySplit) > 1-tuning.Chance:
		j.ask(fx, w, "canary share", nil) // that no known cause fits is not said beside one that does
	case excluded || fx.Done || hopeless(fx, w):
		chance(lead)
	default:
		j.ask(fx, w, "canary", nil)
	}
}

// oneSided tells whether the logs name one side of a canary that draws and not yet the
// other: what the one says is no rate to hold against anything.
func oneSided(w *weighing) bool {
	return canaryConfigured(w.sub) && w.labels.known() > 0 && !w.labels.both()
}

// leans tells whether what differs comes oftener from one side of the canary than chance
// would have it, be it not linked yet.
func leans(w *weighing) bool {
	c := w.labels.counts
	return w.labels.both() && stat.Fisher(c.CanaryDev, c.CanaryRef, c.BaseDev, c.BaseRef) < tuning.Doubt
}

// logging tells whether the logs of a target's stage are on, as far as is known.
func logging(fx *Facts, sub *target) bool {
	st := sub.conf
	return fx.Logs.Proven[stageKey(sub.Target)] || st != nil && (st.AccessLog.Destination != "" || slices.Contains([]string{"INFO", "ERROR"}, st.LoggingLevel()))
}

// unlabelledYet tells whether the logs are yet to say which side of a canary gave most of
// the answers of a split.
func unlabelledYet(fx *Facts, w *weighing) bool {
	if fx.Done || !fx.Logs.Read || !canaryConfigured(w.sub) || !logging(fx, w.sub) {
		return false
	}
	return 2*w.late(fx) > w.n
}

// blind tells whether neither the configuration nor a log says anything of a
// target: whether it has a canary is then unknown, and no number of requests
// tells.
func blind(w *weighing) bool {
	return w.sub.conf == nil && !canaryConfigured(w.sub) && w.labels.known() == 0
}

// absent tells whether the canary's answers are the ones that the logs do not
// hold: none of the usual answers came from the canary although its percentage
// lets expect some, and no deviant was logged. The gateway logs no request that it
// did not route, as where the canary's deployment lacks a route.
func absent(fx *Facts, w *weighing) bool {
	c := w.labels.counts
	return c.Deviant() == 0 && c.Canary() == 0 && w.labels.unknownDev == w.k &&
		canaryConfigured(w.sub) && stat.UpperZero(c.N(), fx.Confidence) < w.sub.share()
}

// hopeless tells whether more answers would not help: the share is the canary's
// within what can be told, and no label says more.
func hopeless(fx *Facts, w *weighing) bool {
	return w.labels.known() == 0 && fitShare(w).support >= fx.threshold()
}

// fitsUnlabelled tells whether two behaviours come at random in time and at the share
// that the stage's canary draws, while no log says of any answer who gave it (behaviour 4).
func fitsUnlabelled(fx *Facts, w *weighing) bool {
	return canaryConfigured(w.sub) && w.iid && len(w.clusters) == len(w.cells) && hopeless(fx, w) && !canaryExcluded(fx, w)
}

// rare tells whether what deviates is rarer than what must be found, and most likely noise:
// how often it may come is then said, and is no question.
func rare(fx *Facts, w *weighing) bool {
	return w.post("") > .5 && stat.UpperBound(w.k, w.n, fx.Confidence) <= fx.MinShare
}

func canaryConfigured(sub *target) bool {
	p := sub.share()
	return p > 0 && p < 1
}

// likeliest is the likeliest cause among those of chance; a canary that is
// excluded is none.
func likeliest(fx *Facts, w *weighing) ID {
	lead, most := UnexplainedSplit, 0.
	for _, c := range byDraw {
		if c == CanarySplit && canaryExcluded(fx, w) {
			continue
		}
		if p := w.post(c); p > most {
			lead, most = c, p
		}
	}
	return lead
}

// NoLink says of a target why no link to its canary is claimed.
type NoLink struct {
	said
	Target string
	Why    Fact
}

// WhatExplains asks for the cause of a target's split.
type WhatExplains struct {
	said
	Target string
}

// SplitOpen is a split that is not decided: what is asked of it, how often answers
// deviate, and drivers that the design does not tell apart.
type SplitOpen struct {
	said
	Asks     string // "for good", "more than noise", "goes with", "canary", "canary share", …
	Deviate  Count
	Answers  []string
	Together Fact
}

// LogsAgain says that the logs are to be read again, and why.
type LogsAgain struct {
	said
	Why Fact
}

// ask leaves a split open, with what would decide it.
func (j *judgement) ask(fx *Facts, w *weighing, question string, together Fact) {
	lead, p := w.lead()
	j.undecided[w.sub.index] = true
	o := Question{
		Target: w.sub.ID, Leader: string(lead), Percent: int(100*p + .5),
		Asks: SplitOpen{Asks: question, Deviate: Count{w.k, w.n}, Answers: fx.names(w.clusters), Together: together},
	}
	if question == "the way" || question == "longer" || question == "foreign" {
		// Each further one says what the first did.
		o.Leader, o.Percent, o.Needs = "", 0, Topic(question)
		j.open = append(j.open, o)
		return
	}
	o.More, o.Low, o.High = predict(fx, w)
	if w.labels.veto != nil {
		o.Needs = LogsAgain{Why: w.labels.veto}
	} else if canaryConfigured(w.sub) && w.labels.known() == 0 {
		o.Needs = settleByLogs(fx, w.sub)
	}
	j.open = append(j.open, o)
}

// predict is how many further requests would about decide a split.
func predict(fx *Facts, w *weighing) (more, low, high int) {
	need, drift, variance := distanceToGo(fx, w)
	if need <= 0 || drift <= 0 {
		return max(20, w.n/4), max(10, w.n/8), max(40, w.n)
	}
	mean, lo, hi := stat.Remaining(need, drift, variance)
	return clampInt(mean), clampInt(lo), clampInt(hi)
}

func clampInt(x float64) int { return int(min(max(x, 1), 1e6)) }
