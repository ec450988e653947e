package cause

import (
	"math"
	"slices"
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// FailsAtRandom says that an integration fails by chance. Pattern is the law by
// which it does: bursts of a mean length, drift, any order, or "" for an even rate.
// Windows holds the one window in which all failures came; nothing where they came
// at several times, or chance may put them so.
type FailsAtRandom struct {
	said
	Backend Integration
	Failing Count
	Answers []string
	Pattern string
	Burst   float64
	Windows []Spell
}

// Integration is what routes call: a function, a URI, or what is behind several
// scenarios.
type Integration struct {
	said
	Function, URI string
	Behind        []string
}

// NoCanary says that a stage has none.
type NoCanary struct {
	said
	Stage string
}

// NotByCanary says that the canary does not explain what deviates: the rates of its
// two sides, with an interval for their difference.
type NotByCanary struct {
	said
	Rates     SideRates
	Low, High float64
	Partly    bool // it explains less than half of it
}

// SideRates are how often either side of a canary deviates, by the logs. Answers are
// the deviating ones; none where they are failures.
type SideRates struct {
	said
	Canary, Own Count
	Answers     []string
}

// ShareUnfit says that a share is not the canary's.
type ShareUnfit struct {
	said
	Share float64
}

// CanaryNotExcluded says that the canary may be the cause; Rates are nil where no
// log ties single answers to it.
type CanaryNotExcluded struct {
	said
	Share float64
	Rates *SideRates
}

// The laws by which failures come.
const (
	inBursts   = "bursts"
	drifting   = "drift"
	anyPattern = "any order"
	unsteady   = "unsteady" // none of these, and not independent of time either
)

// failureLaws: chance decides which answers fail, independently, in bursts, at a
// rate that changes with the load, or in any order, as bursts do that concurrent
// requests have torn apart.
func failureLaws(fx *Facts, x *split) []law {
	if !x.failure {
		return nil
	}
	return []law{
		{name: "random", prior: tuning.Prior.Failing, likelihood: fx.atAnyRate},
		{name: inBursts, prior: tuning.Prior.Failing * tuning.Bursts, likelihood: fx.inBursts},
		{name: drifting, prior: tuning.Prior.Failing * tuning.Drift, likelihood: windowed},
		{name: anyPattern, prior: tuning.Prior.Unexplained, likelihood: unsettledOrder},
	}
}

// atAnyRate is the ln probability of answers that are drawn independently.
func (fx *Facts) atAnyRate(x *split) float64 { return stat.FlakyLogM(x.k, x.n, fx.MinShare) }

// inBursts is the ln probability of answers that depend on the one before.
func (fx *Facts) inBursts(x *split) float64 { return stat.MarkovM(started(fx, x.draws)) }

// flakyBackend words the failures that were decided to come by chance.
func flakyBackend(fx *Facts, known *Known) Verdict {
	return worded(fx, known, FlakyBackend, func(d *decision) Finding {
		f := flaky(fx, d.weighing)
		if s := failedFor(fx, d.split); s != nil {
			f = failedBetween(fx, d.weighing, f, s)
		}
		return f
	})
}

func flaky(fx *Facts, w *weighing) Finding {
	bad := bad(fx, w.split)
	f := splitFinding(fx, w.split, ConsistentWith)
	f.Clusters = fx.ids(bad)
	says := FailsAtRandom{Backend: backend(fx, w.split), Failing: Count{w.countOf(fx, bad), w.n}, Answers: fx.names(bad)}
	says.Pattern, says.Burst = pattern(fx, w)
	says.Windows, _ = windowsOf(fx, oneSpell(fx, w.split))
	f.say(says)
	line, known := failureOf(fx, failure.CauseIntegration, rowsOf(fx, w.split, (*Cluster).fails))
	if known != nil {
		f.say(ByLogs{What: known.Why})
	} else if k := inside(fx, bad); k != nil {
		f.say(Inside{Why: k.Why})
	}
	if allOf(fx, bad, (*Cluster).brokeOff) {
		f.say(breaksOff(fx, w.sub, w.cells[0].scenario))
	}
	behind := firstHeld(fx, bad, gatewaysOf)
	if behind != nil {
		f.say(OfBehind{Gateways: *behind})
	}
	f.say(notCanary(fx, w))
	f.Statistics = &Statistics{
		Test: "difference of the sides' rates, confidence sequence", Statistic: w.labels.high, N: w.n,
		Posterior: w.post(FlakyBackend), Share: share(fx, w.split, bad), Configured: configured(w.sub), Table: labelTable(fx, w.split),
	}
	if w.labels.known() == 0 {
		f.Statistics.Test, f.Statistics.Statistic, f.Statistics.EValue = "posterior", w.post(FlakyBackend), 0
	}
	lines, logged := failures(fx, w.split, bad)
	f.Proof = evidence(append([]Fact{line}, lines...)...)
	if logged && canaryExcluded(fx, w) {
		f.Linked = Proven
	}
	f.Remedy = []Remedy{remedy.FailingBackend}
	if known != nil && known.Check != "" {
		f.Remedy[0] = lookAt(known)
	} else if behind != nil {
		f.Remedy[0] = remedy.BehindLogs
	}
	if !canaryExcluded(fx, w) {
		f.Alternatives = w.alternatives(FlakyBackend, fx.alpha)
		f.SettledBy = settleByLogs(fx, w.sub)
	}
	return f
}

// pattern is the law of the failures, and how long a burst is.
func pattern(fx *Facts, w *weighing) (law string, burst float64) {
	name := ""
	if l := w.best(FlakyBackend); l != nil {
		name = l.name
	}
	switch name {
	case inBursts:
		t := transitions(fx, w.draws)
		return inBursts, float64(t[1][0]+t[1][1]) / float64(max(1, t[1][0]))
	case drifting, anyPattern:
		return name, 0
	}
	if !steady(fx, w) {
		return unsteady, 0
	}
	return "", 0
}

// steady tells whether nothing speaks against failures that come independently of time:
// neither the order of a split's answers, nor that of all targets' together, which one
// backend may give.
func steady(fx *Facts, w *weighing) bool {
	if !iid(w.split) {
		return false
	}
	p, _ := stat.RunsTest(bits(inTime(fx, allDraws(fx))))
	return p >= tuning.IID
}

// allDraws are the answers of all targets, failures as the deviants.
func allDraws(fx *Facts) []draw {
	var out []draw
	for _, sub := range fx.targets {
		for _, i := range sub.rows() {
			out = append(out, draw{i, fx.Clusters[fx.Rows[i].Cluster].fails()})
		}
	}
	slices.SortFunc(out, func(a, b draw) int { return a.row - b.row })
	return out
}

// notCanary says how far a canary is excluded.
func notCanary(fx *Facts, w *weighing) Fact {
	sub := w.sub
	switch c := w.labels.counts; {
	case sub.Canary == nil && sub.conf != nil:
		return NoCanary{Stage: sub.Stage}
	case sub.Canary == nil && sub.lent == nil:
		return nil
	case w.labels.excluded:
		low, high := w.labels.low, w.labels.high
		return NotByCanary{Rates: bothRates(fx, w), Low: low, High: high, Partly: low > 0 || high < 0}
	case canaryExcluded(fx, w):
		return ShareUnfit{Share: sub.share()}
	case c.N() > 0:
		rates := bothRates(fx, w)
		return CanaryNotExcluded{Share: sub.share(), Rates: &rates}
	}
	return CanaryNotExcluded{Share: sub.share()}
}

// bothRates is how often either side of the canary deviates, by the logs.
func bothRates(fx *Facts, w *weighing) SideRates {
	c := &w.labels.counts
	out := SideRates{Canary: Count{c.CanaryDev, c.Canary()}, Own: Count{c.BaseDev, c.Base()}}
	if !w.failure || !fx.Clusters[w.clusters[0]].fails() {
		out.Answers = fx.names(w.clusters)
	}
	return out
}

// canaryExcluded tells whether a canary is ruled out as the cause of a split: by
// the configuration, by labels, by a share that does not fit, or by an order in
// which a canary's draws do not come.
func canaryExcluded(fx *Facts, w *weighing) bool {
	canary := w.best(CanarySplit)
	if canary == nil {
		return true
	}
	if w.labels.both() {
		return w.labels.excluded
	}
	if fit := fitShare(w); canaryConfigured(w.sub) && fit.reject >= fx.threshold()+math.Log(tuning.Caution) && !w.labels.both() {
		// A canary that fails may fail in a part of its answers only; more than
		// it serves it cannot.
		if !w.failure || float64(fit.k) > fit.p0*float64(fit.n) {
			return true
		}
	}
	return slices.ContainsFunc(w.laws, func(l law) bool {
		return l.cause != CanarySplit && l.logM-canary.logM >= fx.threshold()+tuning.CanaryGrid
	})
}

// failures are the evidence of failing rows; logged tells whether a log
// record itself shows the integration failing.
func failures(fx *Facts, x *split, bad []int) (lines []Fact, logged bool) {
	for _, d := range x.draws {
		if !slices.Contains(bad, fx.Rows[d.row].Cluster) {
			continue
		}
		line := fx.logLine(d.row, failureLine)
		if line == nil && (len(lines) > 2 || logged) {
			continue
		}
		logged = logged || line != nil
		lines = append(lines, fx.request(d.row, nil), line)
		if len(lines) > 2*maxEvidence {
			break
		}
	}
	return lines, logged
}

// backend names what a split's routes call: a Lambda function goes by its name.
func backend(fx *Facts, x *split) Integration {
	uris := integrations(fx, x)
	if len(uris) != 1 {
		return Integration{Behind: fx.scenarioNames(x.scenarios()...)}
	}
	if _, function, ok := strings.Cut(uris[0], ":function:"); ok {
		function, _, _ = strings.Cut(function, "/")
		return Integration{Function: function}
	}
	return Integration{URI: uris[0]}
}

// integrations are the URIs that a split's routes call, each once.
func integrations(fx *Facts, x *split) []string {
	var uris []string
	for _, i := range x.scenarios() {
		if r := fx.route(x.sub, i); r != nil && r.Integration.URI != "" {
			uris = append(uris, r.Integration.URI)
		}
	}
	return compacted(uris)
}

// route is the deployed route that a scenario hits; nil where unknown.
func (fx *Facts) route(sub *target, scenario int) *probe.Route {
	if sub.conf == nil || sub.conf.Deployed == nil {
		return nil
	}
	if r, ok := sub.conf.Deployed.Routes[fx.routeKey(sub, scenario)]; ok {
		return &r
	}
	return nil
}
