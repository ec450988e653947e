package cause

import (
	"cmp"
	"slices"
	"time"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// canaryLaws: the gateway drew canary or base for each request, and the two
// sides answer differently.
func canaryLaws(fx *Facts, x *split) []law {
	return []law{{name: "canary", prior: canaryPrior(fx, x), driven: true, likelihood: func(x *split) float64 {
		if p0, known := canaryShare(x); known {
			// A request whose label is late is a draw as well: every law speaks of the same answers.
			c := x.labels.counts
			return stat.CanaryLogM(c, x.k-c.Deviant(), x.n-x.k-(c.N()-c.Deviant()), p0)
		}
		// Without a percentage a canary is any rate, as a flake is.
		return stat.FlakyLogM(x.k, x.n, fx.MinShare)
	}}}
}

// canaryOfParts is the ln likelihood of a canary that is one and the same in several
// scenarios; otherwise where its share is not known.
func canaryOfParts(parts []*split, otherwise float64) float64 {
	p0, known := canaryShare(parts[0])
	if !known {
		return otherwise
	}
	var all []stat.Sided
	for _, x := range parts {
		c := x.labels.counts
		all = append(all, stat.Sided{Counts2: c, UnknownDev: x.k - c.Deviant(), UnknownRef: x.n - x.k - (c.N() - c.Deviant())})
	}
	return stat.CanaryPartsLogM(all, p0)
}

// canarySplit words the splits that were decided for a canary.
func canarySplit(fx *Facts, known *Known) Verdict {
	v := worded(fx, known, CanarySplit, func(d *decision) (f Finding) {
		if d.marks != nil {
			f = canaryLinked(fx, d.weighing)
			f.Differs = differs(fx, d.sub, d.marks, canarySide, ownSide)
		} else {
			f = canaryFits(fx, d.weighing)
		}
		if d.sub.lent != nil {
			f.key = stageKey(d.sub.lent.Target)
		}
		return f
	})
	freeCanaries(fx, known, &v)
	// Where the canary is one of a stage that another target is meant to serve, the stage speaks.
	slices.SortStableFunc(v.Found, func(a, b Finding) int { return cmp.Compare(borrows(fx, &a), borrows(fx, &b)) })
	return v
}

// borrows is 1 for a finding of a target whose mapping was not read.
func borrows(fx *Facts, f *Finding) int {
	if t := fx.find(func(t *target) bool { return slices.Contains(f.Targets, t.ID) && t.lent != nil }); t != nil {
		return 1
	}
	return 0
}

// canaryShare is the share of traffic that the canary is drawn with: as
// configured, or as the logs tell it where the configuration rules a split out
// but both sides were seen.
func canaryShare(x *split) (p0 float64, known bool) {
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
func canaryPrior(fx *Facts, x *split) float64 {
	sub, prior := x.sub, tuning.Prior.Canary
	switch p0 := sub.share(); {
	case x.labels.both():
	case x.transport:
		return 0 // no answer to tell the sides apart
	case sub.Canary == nil && sub.conf == nil && sub.APIKind != probe.HTTP:
		prior = tuning.Prior.Unread // the stage was not read
	case p0 <= 0 || p0 >= 1:
		return 0
	}
	if x.failure {
		prior *= tuning.Failing
		if x.labels.known() == 0 {
			// A flake at the canary's rate and a canary that always fails look
			// alike without labels, and flakes are common. What the two
			// snapshots are known to differ in speaks below.
			prior *= tuning.Unlabelled
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
		return prior * tuning.Untouched
	case touched(fx, x, diffs, vars):
		return prior * tuning.Touched
	case len(uncompared) == 0:
		return prior * tuning.Untouched
	}
	return prior
}

// touched tells whether what differs between canary and stage reaches one of
// the splitting scenarios.
func touched(fx *Facts, x *split, diffs []diff.Difference, vars []diff.Setting) bool {
	return slices.ContainsFunc(x.scenarios(), func(i int) bool {
		route := fx.routeKey(x.sub, i)
		return slices.ContainsFunc(diffs, func(d diff.Difference) bool { return touches(d.Routes, route) }) ||
			slices.ContainsFunc(vars, func(v diff.Setting) bool { return touches(v.Touches, route) })
	})
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
func fitShare(w *weighing) shareFit {
	x := w.main()
	f := shareFit{k: x.k, n: x.n, p0: min(x.sub.share(), 1-x.sub.share())}
	f.support = stat.ShareSupport(f.k, f.n, f.p0, stat.DefaultRho)
	f.reject = stat.ShareReject(f.k, f.n, f.p0)
	return f
}

// TwoDeployments says that a stage answers from its own deployment and its canary.
type TwoDeployments struct {
	said
	Stage      string
	Deployment string        // its own; "" where not known
	Canary     string        // the canary's
	Older      time.Duration // by so much than the stage's own
	Share      *float64      // configured; nil where no canary was read
	Measured   *Interval     // by the logs
}

// MayShareCanary says that a target whose mapping was not read cannot be told from the
// stage meant, which has a canary.
type MayShareCanary struct {
	said
	Target, Meant string
	Share         float64
}

// CanaryDeviates is how often either side of a canary deviates, and how much of the
// split that explains.
type CanaryDeviates struct {
	said
	Canary, Own Count
	Answers     []string
	Explains    float64
	Late        int // answers whose logs may not be complete yet: counted on neither side
}

// Swapped tells whether the stage's own deployment deviates more often.
func (c CanaryDeviates) Swapped() bool { return c.Own.K*c.Canary.N > c.Canary.K*c.Own.N }

// ShareFits says that a share of deviating answers is consistent with the canary's.
type ShareFits struct {
	said
	Deviate     Count
	Answers     []string
	Share       float64
	Rates       *SideRates // that do not decide it; nil where no log ties answers to the canary
	LoggedUsual int        // requests in the logs, where they hold the usual answer alone
	Wide        bool       // half or twice the share is not excluded either
}

// ShareDrifts says that the canary received another share than configured.
type ShareDrifts struct {
	said
	Received Count
	Share    float64
}

// CanaryLogs are logs that would tell the sides of a stage's canary apart.
type CanaryLogs struct {
	said
	Stage string
}

// canaryLinked is the finding of a split that the logs tie to the canary.
func canaryLinked(fx *Facts, w *weighing) Finding {
	c := w.main().labels.counts
	f := canaryFinding(fx, w.split, Proven)
	u := stat.ExplainedShare(w.main().labels.table())
	says := CanaryDeviates{Canary: Count{c.CanaryDev, c.Canary()}, Own: Count{c.BaseDev, c.Base()}, Answers: fx.names(w.clusters), Explains: u, Late: w.main().late(fx)}
	f.say(canaryHead(fx, w.split), says, canaryDrift(fx, w.split))
	f.Statistics = &Statistics{
		Test: "link e-value, estimated share", Statistic: w.labels.logE, EValue: evalue(w.labels.logE),
		PValue: ptr(stat.Fisher(c.CanaryDev, c.CanaryRef, c.BaseDev, c.BaseRef)),
		Effect: u, N: w.n, Posterior: w.post(CanarySplit),
		Share: interval(c.Canary(), c.N(), fx.alpha), Configured: configured(w.sub), Table: labelTable(fx, w.split),
	}
	f.Proof = canaryEvidence(fx, w.split)
	return f
}

// late counts the answers of a split whose logs may not be complete yet, and which are
// therefore counted on neither side.
func (x *split) late(fx *Facts) int {
	n := 0
	for _, d := range x.draws {
		if fx.Rows[d.row].Late {
			n++
		}
	}
	return n
}

// canaryFits is the finding where only the share speaks for the canary.
func canaryFits(fx *Facts, w *weighing) Finding {
	fit := fitShare(w)
	f := canaryFinding(fx, w.split, ConsistentWith)
	says := ShareFits{Deviate: Count{fit.k, fit.n}, Answers: fx.names(w.clusters), Share: w.sub.share(), Wide: fit.support < fx.threshold()}
	if w.labels.both() {
		rates := bothRates(fx, w)
		says.Rates = &rates
	}
	if absent(fx, w) {
		says.LoggedUsual = w.labels.known()
	}
	f.say(canaryHead(fx, w.split), says)
	f.Statistics = &Statistics{
		Test: "share e-value", Statistic: fit.support, EValue: evalue(fit.support), Effect: 0, N: w.n,
		Posterior: w.post(CanarySplit), Share: interval(fit.k, fit.n, fx.alpha), Configured: configured(w.sub),
		Table: labelTable(fx, w.split),
	}
	f.Proof = canaryEvidence(fx, w.split)
	f.Alternatives = w.alternatives(CanarySplit, fx.alpha)
	f.SettledBy = settleByLogs(fx, w.sub)
	return f
}

func configured(sub *target) *float64 {
	if sub.Canary == nil && sub.lent == nil {
		return nil
	}
	return ptr(sub.share())
}

func canaryFinding(fx *Facts, x *split, linked Link) Finding {
	f := splitFinding(fx, x, linked)
	if x.sub.conf != nil && x.sub.conf.Canary != nil {
		region := fx.Snapshot.Region
		f.Remedy = slices.Concat(remedy.RemoveCanary(region, x.sub.api, x.sub.conf), remedy.PromoteCanary(region, x.sub.api, x.sub.conf))
	}
	if len(f.Remedy) == 0 {
		f.Remedy = []Remedy{remedy.PromoteOrRemove}
	}
	return f
}

// canaryHead says which two deployments answer, at which share.
func canaryHead(fx *Facts, x *split) Fact {
	sub := x.sub
	if sub.lent != nil {
		return MayShareCanary{Target: sub.ID, Meant: sub.Meant.Stage, Share: sub.share()}
	}
	out := TwoDeployments{Stage: sub.Stage}
	if c := x.labels.counts; float64(c.N()) >= tuning.Measurable*float64(x.n) {
		out.Measured = interval(c.Canary(), c.N(), fx.alpha)
	}
	if sub.Canary == nil {
		return out
	}
	out.Share = ptr(sub.share())
	if sub.DeploymentID != "" {
		out.Deployment, out.Canary, out.Older = sub.DeploymentID, sub.Canary.DeploymentID, canaryLag(sub)
	}
	return out
}

// canaryLag is how much older the canary's deployment is than the stage's own;
// 0 where it is newer or a date is unknown.
func canaryLag(sub *target) time.Duration {
	if sub.Canary == nil {
		return 0 // the stage could not be read when the run began
	}
	own, canary := sub.api.Deployment(sub.DeploymentID), sub.api.Deployment(sub.Canary.DeploymentID)
	if own == nil || canary == nil || own.Created.IsZero() || canary.Created.IsZero() {
		return 0
	}
	return max(0, own.Created.Sub(canary.Created))
}

// canaryDrift says so where the logs refute the configured percentage, with what they
// hold. Requests without a label are taken for the side that speaks against it: a canary's
// request is known at once, one of the stage's own only once the canary's log is
// past it, so that what is still unknown is mostly not the canary's.
func canaryDrift(fx *Facts, x *split) Fact {
	c := x.labels.counts
	if x.sub.Canary == nil || c.N() == 0 {
		return nil
	}
	p0, n := x.sub.share(), c.N()+x.labels.unknownDev+x.labels.unknownRef
	k := c.Canary()
	if float64(k) < p0*float64(n) {
		k += n - c.N()
	}
	refuted := stat.ShareReject(k, n, p0) >= fx.threshold()
	if !refuted || (float64(c.Canary()) < p0*float64(n)) != (float64(k) < p0*float64(n)) {
		return nil
	}
	return ShareDrifts{Received: Count{c.Canary(), c.N()}, Share: p0}
}

func labelTable(fx *Facts, x *split) *Table {
	return countTable(fx, x, []string{"base", "canary", "unknown"}, func(r *Row) string {
		canary, ok := ofCanary(r)
		switch {
		case !ok || x.labels.known() == 0:
			return "unknown"
		case canary:
			return "canary"
		}
		return "base"
	})
}

// canaryEvidence is the configured canary, an answer of each side and what the
// logs say of it.
func canaryEvidence(fx *Facts, x *split) []Fact {
	var lines []Fact
	if x.sub.Canary != nil {
		lines = append(lines, canaryFact(x.sub))
	}
	for _, deviant := range []bool{true, false} {
		if i := labelled(fx, x, deviant); i >= 0 {
			lines = append(lines, fx.request(i, side(known(&fx.Rows[i]))), fx.logLine(i, served))
		}
	}
	return evidence(lines...)
}

// side says which side of a canary served a request.
func side(l Label) Fact {
	switch l {
	case LabelBase:
		return Topic("served by the stage")
	case LabelCanary:
		return Topic("served by the canary")
	}
	return nil
}

// labelled is the first row of a side, one with a label where there is one.
func labelled(fx *Facts, x *split, deviant bool) int {
	first := -1
	for _, d := range x.draws {
		if d.deviant != deviant {
			continue
		}
		if known(&fx.Rows[d.row]) != LabelUnknown {
			return d.row
		}
		if first < 0 {
			first = d.row
		}
	}
	return first
}

// settleByLogs is the log that would tell the sides of a canary apart.
func settleByLogs(fx *Facts, sub *target) Fact {
	if sub.lent != nil {
		sub = sub.lent
	}
	if fx.Logs.Read && fx.Logs.Proven[sub.APIID+"/"+sub.Stage] {
		return Topic("wait for logs")
	}
	return CanaryLogs{Stage: sub.Stage}
}
