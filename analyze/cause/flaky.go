package cause

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/stat"
	"stageprobe/analyze/words"
	"stageprobe/probe"
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
		{name: "bursts", prior: tuning.Prior.Failing * tuning.Bursts, likelihood: fx.inBursts},
		{name: "drift", prior: tuning.Prior.Failing * tuning.Drift, likelihood: windowed},
		{name: anyPattern, prior: tuning.Prior.Unexplained, likelihood: unsettledOrder},
	}
}

// atAnyRate is the ln probability of answers that are drawn independently.
func (fx *Facts) atAnyRate(x *split) float64 { return stat.FlakyLogM(x.k, x.n, fx.MinShare) }

// inBursts is the ln probability of answers that depend on the one before.
func (fx *Facts) inBursts(x *split) float64 { return stat.MarkovM(started(fx, x.draws)) }

// flakyBackend words the failures that were decided to come by chance.
func flakyBackend(fx *Facts, known *Known) Verdict {
	var v Verdict
	for _, d := range known.decidedFor(FlakyBackend) {
		v.report(flaky(fx, d.weighing), stageKey(d.sub.Target))
	}
	return v
}

// flaky is the finding of an integration that fails at random.
func flaky(fx *Facts, w *weighing) Finding {
	bad := bad(fx, w.split)
	k := failing(fx, w.split)
	f := Finding{
		Cause: FlakyBackend, Severity: Error, Linked: ConsistentWith, Targets: []string{w.sub.ID},
		Scenarios: fx.scenarioNames(w.scenarios()...), Step: 6,
	}
	f.Statement = fmt.Sprintf("%s fails at random: %d of %d answers (%s) are %s%s",
		backend(fx, w.split), k, w.n, words.Percent(float64(k)/float64(w.n)), fx.summaries(bad, 3), pattern(fx, w))
	f.Statement += notCanary(fx, w)
	f.Statistics = &Statistics{
		Test: "difference of the sides' rates, confidence sequence", Statistic: w.labels.high, N: w.n,
		Posterior: w.post(FlakyBackend), Share: interval(k, w.n, fx.alpha), Configured: configured(w.sub), Table: labelTable(fx, w.split),
	}
	if w.labels.known() == 0 {
		f.Statistics.Test, f.Statistics.Statistic, f.Statistics.EValue = "posterior", w.post(FlakyBackend), 0
	}
	lines, logged := failures(fx, w.split, bad)
	f.Evidence = evidence(lines...)
	if logged && canaryExcluded(fx, w) {
		f.Linked = Proven
	}
	f.Remedy = []Remedy{advice("look at the integration's own logs at the times of the requests that failed; no API Gateway setting mends a backend that fails")}
	if !canaryExcluded(fx, w) {
		f.Alternatives = w.alternatives(FlakyBackend, fx.alpha)
		f.Settles = settleByLogs(fx, w.sub)
	}
	return f
}

// pattern says whether the failures are spread evenly or come in bursts.
func pattern(fx *Facts, w *weighing) string {
	if l := w.best(FlakyBackend); l != nil {
		switch l.name {
		case "bursts":
			t := transitions(fx, w.draws)
			return fmt.Sprintf(", in bursts of about %.0f requests.", float64(t[1][0]+t[1][1])/float64(max(1, t[1][0])))
		case "drift":
			return ", at a rate that changes over the run."
		case anyPattern:
			return ", in an order that neither an even rate nor bursts explain."
		}
	}
	if !steady(fx, w) {
		return "."
	}
	return ", independent of connection, address and time."
}

// steady tells whether nothing speaks against failures that come independently of time:
// neither the order of a split's answers, nor that of all targets' together, which one
// backend may give.
func steady(fx *Facts, w *weighing) bool {
	if !iid(w.split) {
		return false
	}
	rows := inTime(fx, allDraws(fx))
	bits := make([]bool, len(rows))
	for i, d := range rows {
		bits[i] = d.deviant
	}
	p, _ := stat.RunsTest(bits)
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
func notCanary(fx *Facts, w *weighing) string {
	sub := w.sub
	switch c := w.labels.counts; {
	case sub.Canary == nil && sub.conf != nil:
		return fmt.Sprintf(" Stage %s has no canary.", sub.Stage)
	case sub.Canary == nil && sub.lent == nil:
		return ""
	case w.labels.excluded && (w.labels.low > 0 || w.labels.high < 0):
		return fmt.Sprintf(" The canary explains less than half of it: %s; the rates differ by %s to %s.",
			bothRates(fx, w), points(w.labels.low), points(w.labels.high))
	case w.labels.excluded:
		return fmt.Sprintf(" The canary does not explain it: %s; the rates differ by %s to %s.",
			bothRates(fx, w), points(w.labels.low), points(w.labels.high))
	case canaryExcluded(fx, w):
		return fmt.Sprintf(" The share does not fit the canary's %s.", words.Percent(sub.share()))
	case c.N() > 0:
		return fmt.Sprintf(" The canary's %s is not excluded as the cause: by the logs %s.", words.Percent(sub.share()), bothRates(fx, w))
	}
	return fmt.Sprintf(" The canary's %s is not excluded as the cause: no log ties single answers to it.", words.Percent(sub.share()))
}

// bothRates says how often either side of the canary deviates, by the logs.
func bothRates(fx *Facts, w *weighing) string {
	c := &w.labels.counts
	return fmt.Sprintf("%d of its %d answers %s, and %d of %d of the stage's own deployment",
		c.CanaryDev, c.Canary(), deviate(fx, w), c.BaseDev, c.Base())
}

// deviate says what the deviants of a split do.
func deviate(fx *Facts, w *weighing) string {
	if w.failure && fx.Clusters[w.clusters[0]].fails() {
		return "fail"
	}
	return "are " + fx.summaries(w.clusters, 2)
}

// points writes a difference of two shares.
func points(d float64) string {
	if d < 0 {
		return "-" + words.Percent(-d)
	}
	return words.Percent(d)
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
	if fit := fitShare(w); canaryConfigured(w.sub) && fit.reject >= fx.threshold() && !w.labels.both() {
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

// failures are lines of evidence of failing rows; logged tells whether a log
// record itself shows the integration failing.
func failures(fx *Facts, x *split, bad []int) (lines []string, logged bool) {
	for _, d := range x.draws {
		if !slices.Contains(bad, fx.Rows[d.row].Cluster) {
			continue
		}
		line := fx.logLine(d.row, failureLine)
		if line == "" && (len(lines) > 2 || logged) {
			continue
		}
		logged = logged || line != ""
		lines = append(lines, fx.request(d.row, ""), line)
		if len(lines) > 2*maxEvidence {
			break
		}
	}
	return lines, logged
}

// backend names what a split's routes call.
func backend(fx *Facts, x *split) string {
	if uri := integrations(fx, x); len(uri) == 1 {
		return "The integration " + integrationName(uri[0])
	}
	return "The integration behind " + words.List(fx.scenarioNames(x.scenarios()...))
}

// integrationName shortens a URI for a sentence: a Lambda function goes by its
// name.
func integrationName(uri string) string {
	if _, function, ok := strings.Cut(uri, ":function:"); ok {
		function, _, _ = strings.Cut(function, "/")
		return "(function " + function + ")"
	}
	return uri
}

// integrations are the URIs that a split's routes call, each once.
func integrations(fx *Facts, x *split) []string {
	var uris []string
	for _, i := range x.scenarios() {
		if r := fx.route(x.sub, i); r != nil && r.Integration.URI != "" {
			uris = append(uris, r.Integration.URI)
		}
	}
	slices.Sort(uris)
	return slices.Compact(uris)
}

// route is the deployed route that a scenario hits; nil where unknown.
func (fx *Facts) route(sub *target, scenario int) *probe.Route {
	if sub.conf == nil || sub.conf.Deployed == nil {
		return nil
	}
	key := fx.scenario(scenario).Route
	if key == "" {
		key = fx.routeOf(sub.conf.Deployed, scenario)
	}
	if r, ok := sub.conf.Deployed.Routes[key]; ok {
		return &r
	}
	return nil
}
