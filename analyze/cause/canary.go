package cause

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// canaryLaw: the gateway drew canary or base for each request, and the two
// sides answer differently.
func (s *study) canaryLaw(x *split) law {
	l := law{cause: CanarySplit, name: "canary", prior: s.canaryPrior(x), driven: true}
	switch p0, known := s.canaryShare(x); {
	case l.prior == 0:
	case known:
		l.logM = stat.CanaryLogM(x.labels.counts, x.labels.unknownDev, x.labels.unknownRef, p0)
	default:
		// Without a percentage a canary is any rate, as a flake is.
		l.logM = stat.FlakyLogM(x.k, x.n, s.MinShare)
	}
	return l
}

// canaryShare is the share of traffic that the canary is drawn with: as
// configured, or as the logs tell it where the configuration rules a split out
// but both sides were seen.
func (s *study) canaryShare(x *split) (p0 float64, known bool) {
	if p0 = x.sub.share(); p0 > 0 && p0 < 1 {
		return p0, true
	}
	if c := x.labels.counts; x.labels.both() {
		return float64(c.Canary()) / float64(c.N()), true
	}
	return p0, false
}

// canaryPrior is how likely a canary is before the answers: .20 where one is
// configured, none where it cannot be, weighed by what is known to differ
// between the two snapshots.
func (s *study) canaryPrior(x *split) float64 {
	sub, prior := x.sub, .20
	switch p0 := sub.share(); {
	case x.labels.both():
	case x.transport:
		return 0 // no answer to tell the sides apart
	case sub.Canary == nil && sub.conf == nil && sub.APIKind != probe.HTTP:
		prior = .05 // the stage was not read
	case p0 <= 0 || p0 >= 1:
		return 0
	}
	if x.failure {
		prior *= .5
		if x.labels.known() == 0 {
			// A flake at the canary's rate and a canary that always fails look
			// alike without labels, and flakes are common. What the two
			// snapshots are known to differ in speaks below.
			prior *= failingCanary
		}
	}
	if sub.conf == nil || sub.conf.Canary == nil {
		return prior
	}
	diffs, vars, same, uncompared := diff.CanaryDifference(sub.api, sub.conf)
	switch {
	case same && !x.labels.both():
		return 0
	case same:
		return prior * .05
	case s.touched(x, diffs, vars):
		return prior * 3
	case len(uncompared) == 0:
		return prior * .05
	}
	return prior
}

// failingCanary is how much rarer a canary that fails is than one that answers
// otherwise.
const failingCanary = .3

// touched tells whether what differs between canary and stage reaches one of
// the splitting scenarios.
func (s *study) touched(x *split, diffs []diff.Difference, vars []diff.Setting) bool {
	for _, i := range x.scenarios() {
		route := s.routeKey(x.sub, i)
		for _, d := range diffs {
			if touches(d.Routes, route) {
				return true
			}
		}
		for _, v := range vars {
			if touches(v.Touches, route) {
				return true
			}
		}
	}
	return false
}

// touches tells whether a route is among those that a setting can influence;
// nil stands for all.
func touches(routes []string, route string) bool {
	return routes == nil || route != "" && slices.Contains(routes, route)
}

// shareFit weighs the deviants' share against the canary's percentage, by the
// answers alone.
type shareFit struct {
	k, n            int
	p0              float64 // of the rarer side
	support, reject float64 // ln e-values
}

// shareFit compares the rarer side's share with the configured one. Where
// scenarios cannot be pooled, only one scenario's count is an unbiased one: that
// of the one sent most.
func (s *study) shareFit(w *weighing) shareFit {
	x := w.main()
	f := shareFit{k: x.k, n: x.n, p0: min(x.sub.share(), 1-x.sub.share())}
	f.support = stat.ShareSupport(f.k, f.n, f.p0, stat.DefaultRho)
	f.reject = stat.ShareReject(f.k, f.n, f.p0)
	return f
}

// canaryLinked is the finding of a split that the logs tie to the canary.
func (s *study) canaryLinked(w *weighing) Finding {
	c := w.main().labels.counts
	f := s.canaryFinding(w.split)
	f.Linked = Proven
	dev, ref := c.CanaryDev, c.Canary()
	odd, usual := "canary", "own deployment"
	otherDev, otherRef := c.BaseDev, c.Base()
	if float64(c.BaseDev)*float64(c.Canary()) > float64(c.CanaryDev)*float64(c.Base()) {
		dev, ref, otherDev, otherRef = otherDev, otherRef, dev, ref
		odd, usual = usual, odd
	}
	u := stat.ExplainedShare([][]int{{c.BaseRef, c.CanaryRef}, {c.BaseDev, c.CanaryDev}})
	f.Statement = fmt.Sprintf("%s By the logs, %d of %d answers of the %s deviate (%s) against %d of %d of the %s; evidence %s that the label decides.",
		s.canaryHead(w.split), dev, ref, odd, s.summaries(w.clusters, 3), otherDev, otherRef, usual, odds(w.labels.logE))
	if u < .5 {
		f.Statement += fmt.Sprintf(" The canary explains part of the split (%s).", percent(u))
	}
	f.Statement += s.canaryDrift(w.split)
	f.Statistics = &Statistics{
		Test: "link e-value, estimated share", Statistic: w.labels.logE, EValue: evalue(w.labels.logE),
		PValue: ptr(stat.Fisher(c.CanaryDev, c.CanaryRef, c.BaseDev, c.BaseRef)),
		Effect: u, N: w.n, Posterior: w.post(CanarySplit),
		Share: interval(c.Canary(), c.N(), s.alpha), Configured: s.configured(w.sub), Table: s.labelTable(w.split),
	}
	f.Evidence = s.canaryEvidence(w.split)
	return f
}

// canaryFits is the finding where only the share speaks for the canary.
func (s *study) canaryFits(w *weighing) Finding {
	fit := s.shareFit(w)
	f := s.canaryFinding(w.split)
	f.Linked = ConsistentWith
	f.Statement = fmt.Sprintf("%s %d of %d answers deviate (%s), which is consistent with the configured %s; no log ties single answers to the canary.",
		s.canaryHead(w.split), fit.k, fit.n, s.summaries(w.clusters, 3), percent(w.sub.share()))
	if s.absent(w) {
		f.Statement += fmt.Sprintf(" The logs hold %s with the usual answer, none of them by the canary, and not one deviating request: the gateway logs no request that it does not route.",
			plural(w.labels.known(), "request"))
	}
	if fit.support < s.threshold() {
		f.Statement += " A share of half or twice as much is not excluded yet."
	}
	f.Statistics = &Statistics{
		Test: "share e-value", Statistic: fit.support, EValue: evalue(fit.support), Effect: 0, N: w.n,
		Posterior: w.post(CanarySplit), Share: interval(fit.k, fit.n, s.alpha), Configured: s.configured(w.sub),
		Table: s.labelTable(w.split),
	}
	f.Evidence = s.canaryEvidence(w.split)
	f.Alternatives = w.alternatives(CanarySplit, s.alpha)
	f.Settles = s.settleByLogs(w.sub)
	return f
}

func (s *study) configured(sub *subject) *float64 {
	if sub.Canary == nil {
		return nil
	}
	return ptr(sub.share())
}

func (s *study) canaryFinding(x *split) Finding {
	f := Finding{
		Cause: CanarySplit, Severity: Error, Targets: []string{x.sub.ID},
		Scenarios: s.scenarioNames(x.scenarios()...), Step: 5,
	}
	if x.sub.conf != nil && x.sub.conf.Canary != nil {
		region := s.Snapshot.Region
		f.Remedy = slices.Concat(remedy.RemoveCanary(region, x.sub.api, x.sub.conf), remedy.PromoteCanary(region, x.sub.api, x.sub.conf))
	}
	if len(f.Remedy) == 0 {
		f.Remedy = []Remedy{advice("promote the canary or remove it from the stage")}
	}
	return f
}

// canaryHead says which two deployments answer, at which share.
func (s *study) canaryHead(x *split) string {
	sub := x.sub
	var shares []string
	if sub.Canary != nil {
		shares = append(shares, percent(sub.share())+" configured")
	}
	if c := x.labels.counts; c.N() > 0 && float64(c.N()) >= measurable*float64(x.n) {
		m := interval(c.Canary(), c.N(), s.alpha)
		shares = append(shares, fmt.Sprintf("%s measured, %s to %s", percent(m.Estimate), percent(m.Low), percent(m.High)))
	}
	text := fmt.Sprintf("Stage %s answers from its own deployment and from its canary", orUnknown(sub.Stage))
	if sub.Canary != nil && sub.DeploymentID != "" {
		text = fmt.Sprintf("Stage %s answers from its own deployment %s and from its %s", sub.Stage, sub.DeploymentID, s.canaryName(sub))
	}
	if len(shares) > 0 {
		text += " (" + strings.Join(shares, "; ") + ")"
	}
	return text + "."
}

func orUnknown(name string) string {
	if name == "" {
		return "(unknown)"
	}
	return name
}

// canaryName names the canary with its deployment and, where it is older than
// what the stage serves, that it is stale.
func (s *study) canaryName(sub *subject) string {
	c := sub.Canary
	if c.DeploymentID == "" || c.DeploymentID == sub.DeploymentID {
		return "canary, the same deployment with other stage variables"
	}
	if older := s.canaryLag(sub); older > 0 {
		return fmt.Sprintf("stale canary %s, which is %s older than it", c.DeploymentID, age(older))
	}
	return "canary " + c.DeploymentID
}

// canaryLag is how much older the canary's deployment is than the stage's own;
// 0 where it is newer or a date is unknown.
func (s *study) canaryLag(sub *subject) time.Duration {
	own, canary := sub.api.Deployment(sub.DeploymentID), sub.api.Deployment(sub.Canary.DeploymentID)
	if own == nil || canary == nil || own.Created.IsZero() || canary.Created.IsZero() {
		return 0
	}
	return max(0, own.Created.Sub(canary.Created))
}

// canaryDrift says so where the logs refute the configured percentage. Requests
// without a label are counted on the side that speaks against it: a canary's
// request is known at once, one of the stage's own only once the canary's log is
// past it, so that what is still unknown is mostly not the canary's.
func (s *study) canaryDrift(x *split) string {
	c := x.labels.counts
	if x.sub.Canary == nil || c.N() == 0 {
		return ""
	}
	p0, n := x.sub.share(), c.N()+x.labels.unknownDev+x.labels.unknownRef
	k := c.Canary()
	if float64(k) < p0*float64(n) {
		k += n - c.N()
	}
	refuted := stat.ShareReject(k, n, p0) >= s.threshold()
	if !refuted || (float64(c.Canary()) < p0*float64(n)) != (float64(k) < p0*float64(n)) {
		return ""
	}
	return fmt.Sprintf(" The canary received %s of the requests although %s is configured: the percentage was changed during the run, or the log of one side is incomplete.",
		percent(float64(k)/float64(n)), percent(p0))
}

func (s *study) labelTable(x *split) *Table {
	return s.table(x, []string{"base", "canary", "unknown"}, func(r *Row) string {
		switch known(r) {
		case LabelBase:
			return "base"
		case LabelCanary:
			return "canary"
		}
		return "unknown"
	})
}

// canaryEvidence is the configured canary, an answer of each side and what the
// logs say of it.
func (s *study) canaryEvidence(x *split) []string {
	var lines []string
	if x.sub.Canary != nil {
		lines = append(lines, canaryFact(x.sub))
	}
	for _, deviant := range []bool{true, false} {
		if i := s.labelled(x, deviant); i >= 0 {
			lines = append(lines, s.request(i, labelWords(known(&s.Rows[i]))), s.logLine(i, served))
		}
	}
	return evidence(lines...)
}

func labelWords(l Label) string {
	switch l {
	case LabelBase:
		return "served by the stage's own deployment"
	case LabelCanary:
		return "served by the canary"
	}
	return ""
}

// labelled is the first row of a side, one with a label where there is one.
func (s *study) labelled(x *split, deviant bool) int {
	first := -1
	for _, d := range x.draws {
		if d.deviant != deviant {
			continue
		}
		if known(&s.Rows[d.row]) != LabelUnknown {
			return d.row
		}
		if first < 0 {
			first = d.row
		}
	}
	return first
}

func overrides(vars map[string]string) string {
	if len(vars) == 0 {
		return ""
	}
	return ", stageVariableOverrides " + pairs(vars)
}

// settleByLogs names the log that would tell the sides of a canary apart.
func (s *study) settleByLogs(sub *subject) string {
	if s.Logs.Read && s.Logs.Proven[sub.APIID+"/"+sub.Stage] {
		return "the logs are on, but too few records were found: wait longer with --log-wait"
	}
	return "turn on execution logs of stage " + orUnknown(sub.Stage) +
		" at level INFO, or add $context.isCanaryRequest and $context.deploymentId to its access log format"
}
