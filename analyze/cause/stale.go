package cause

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// exposure is how far a stage's canary was exercised by the run.
type exposure struct {
	subs         []*target // the targets that the stage serves
	n            int       // answers
	requests     int       // different requests
	least        int       // answers to the least asked of them
	labelled     int
	canary       int     // of them by the canary
	shown        int     // of these, neither failed nor refused
	failed       int     // answers of either side that failed or were refused
	never        float64 // chance that the canary was never drawn, without labels
	inconsistent bool    // a split that may be the canary's
	split        bool    // a split of another cause
	strays       []Difference
	unmatched    bool // a request that the canary answered and the stage's own deployment hardly did
	changed      bool // the stage changed during the run: an earlier canary, or none, answered
	leans        bool // something rather goes with the canary than not, and is not linked yet
	wavers       waver
}

// waver is by how much the two sides of a canary may differ in what holds still on neither.
type waver struct {
	where string // the scenario and the field in which they may differ most; "" where all holds still
	most  float64
}

// staleCanary finds canaries that are configured and that nothing in behaviour
// shows.
func staleCanary(fx *Facts, known *Known) Verdict {
	var v Verdict
	var done []*probe.Stage
	for _, sub := range fx.targets {
		if sub.conf == nil || sub.conf.Canary == nil || slices.Contains(done, sub.conf) {
			continue
		}
		done = append(done, sub.conf)
		withoutEffect(fx, known, sub, exposed(fx, known, sub.conf), &v)
	}
	return v
}

func exposed(fx *Facts, known *Known, st *probe.Stage) exposure {
	var e exposure
	for _, sub := range fx.targets {
		if sub.conf != st {
			continue
		}
		e.subs = append(e.subs, sub)
		e.n += fx.answered(sub)
		canary, labelled := measured(fx, sub)
		e.canary, e.labelled = e.canary+canary, e.labelled+labelled
		canaryShown, failed := shown(fx, sub)
		e.shown, e.failed = e.shown+canaryShown, e.failed+failed
		e.split = e.split || known.split[sub.index]
		e.changed = e.changed || sub.changed() != nil
		if q := questionOf(fx, sub); q != nil {
			e.strays = append(e.strays, differs(fx, sub, fx.Table.Strays(q, fx.alpha), canarySide, ownSide)...)
		}
		e.inconsistent = e.inconsistent || known.undecided[sub.index] || known.blames(sub, CanarySplit)
	}
	if l := fx.canary[e.subs[0].index]; l != nil {
		e.leans = l.LogE > 0
		e.wavers = wavering(fx, e.subs[0])
	}
	e.unmatched = unmatched(fx, e.subs)
	e.least, e.requests = leastAsked(e.subs)
	e.never = math.Pow(1-st.Canary.Percent/100, float64(e.least))
	return e
}

// shown counts the answers of a target's canary that neither failed nor were refused, and
// those of either side that did or were.
func shown(fx *Facts, sub *target) (canary, failed int) {
	for _, c := range sub.cells {
		for _, i := range c.rows {
			if k := &fx.Clusters[fx.Rows[i].Cluster]; unwanted(k) {
				if k.Class != signature.Transport {
					failed++ // as answered counts
				}
			} else if its, ok := ofCanary(&fx.Rows[i]); ok && its {
				canary++
			}
		}
	}
	return canary, failed
}

// wavering holds the rates of what wavers on the two sides of a target's canary against
// each other, as far as the logs name them: the largest difference that is not excluded.
func wavering(fx *Facts, sub *target) (out waver) {
	q := questionOf(fx, sub)
	if q == nil {
		return out
	}
	type pair struct {
		on, off stat.BinCount
		where   string
		about   float64 // how large their difference may be, about
	}
	var pairs []pair
	marks := fx.Table.Wavering(q)
	for i := range marks {
		m := &marks[i]
		var on, off int
		for _, v := range m.Values {
			on, off = on+v.On, off+v.Off
		}
		for _, v := range m.Values {
			p := pair{on: stat.BinCount{K: v.On, N: on}, off: stat.BinCount{K: v.Off, N: off}, where: strings.TrimPrefix(m.Where(), ":") + " of " + fx.scenario(m.Scenario).Name}
			rate := float64(v.On+v.Off+1) / float64(on+off+2)
			p.about = math.Abs(p.on.Rate()-p.off.Rate()) + 3*math.Sqrt(rate*(1-rate)*(1/float64(on+1)+1/float64(off+1)))
			pairs = append(pairs, p)
		}
	}
	const exactly = 3 // of those that may differ most
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.about, a.about) })
	for _, p := range pairs[:min(exactly, len(pairs))] {
		low, high := stat.RateDifference(p.on, p.off, fx.alpha/float64(len(marks)))
		if most := max(high, -low); most > out.most {
			out = waver{p.where, most}
		}
	}
	return out
}

// unmatched tells whether the canary gave answers to a request that too few of the
// stage's own deployment are known of to hold them against.
func unmatched(fx *Facts, subs []*target) bool {
	counts := map[int]stat.Count{}
	for _, sub := range subs {
		for _, c := range sub.cells {
			_, all := byLevel(fx, c, ofCanary)
			counts[c.scenario] = counts[c.scenario].Plus(all)
		}
	}
	for _, n := range counts {
		if n.On > 0 && n.Off < tuning.Enough.Matched {
			return true
		}
	}
	return false
}

// leastAsked is how many answers the least asked request of a stage has given: a
// canary may differ in that one alone, and was not exercised where it was not
// drawn there.
func leastAsked(subs []*target) (least, requests int) {
	asked := map[int]int{}
	for _, sub := range subs {
		for _, c := range sub.cells {
			asked[c.scenario] += len(c.rows)
		}
	}
	if len(asked) > 0 {
		least = slices.Min(slices.Collect(maps.Values(asked)))
	}
	return least, len(asked)
}

// CanaryUnseen is a canary to which no request was sent, and why it may be stale.
type CanaryUnseen struct {
	said
	Canary CanaryConfigured
	Why    string
}

// CanaryNotShown is a canary that nothing in behaviour shows.
type CanaryNotShown struct {
	said
	Canary   CanaryConfigured
	How      string // "no traffic", "same deployment", "all traffic", "unrelated", "alike", "not missed"
	Served   Count  // by the canary, of the labelled
	Requests int
	// Older is by how much its deployment is older than the stage's, New how old a
	// new one is; 0 where neither is known.
	Older, New time.Duration
	// AtMost is the share of its requests that could be answered otherwise, at a
	// confidence; 0 where nothing is claimed.
	AtMost, Confidence float64
	// Wavers is what holds still on neither side and may differ by more; "" where all
	// holds still.
	Wavers string
	ByUpTo float64
}

// CanaryAlike asks whether a canary answers as its stage does; Stray is a difference
// that was not linked.
type CanaryAlike struct {
	said
	Stage string
	Share float64
	Stray *Stray
	Leans bool // what differs rather goes with it than not, and is not linked yet
}

// Stray is how often either side of a canary gave a value.
type Stray struct {
	Scenario, Where, Value string
	Canary, Own            Count
}

// CheckStage is the command that asks a stage; Asks says that it does.
type CheckStage struct {
	said
	API, Stage string
	Asks       bool
}

// withoutEffect reports a canary without effect, or asks what would show one.
func withoutEffect(fx *Facts, known *Known, sub *target, e exposure, v *Verdict) {
	switch {
	case e.inconsistent:
		return
	case len(fx.Plan.Scenarios) == 0:
		configuredCanary(fx, sub, v)
		return
	case e.n == 0:
		return
	}
	report := func(how string, sure bool) { v.report(staleFinding(fx, sub, e, how, sure), stageKey(sub.Target)) }
	_, _, same, _ := diff.CanaryDifference(sub.api, sub.conf)
	switch p := sub.conf.Canary.Percent; {
	case p <= 0:
		report("no traffic", true)
	case same:
		report("same deployment", true)
	case e.changed:
		return // what answered says nothing of the canary that is there now
	case p >= 100:
		report("all traffic", true)
	case e.canary >= tuning.Enough.Compare && e.shown < tuning.Enough.Compare, e.canary == 0 && e.failed == e.n:
		return // it failed as all did: that shows nothing of how it answers
	case e.split && (canaryLag(sub) == 0 || e.canary == 0 || e.labelled-e.canary < tuning.Enough.Compare || len(e.strays) > 0):
		return // the split's finding says what of it goes with the canary, with both sides' counts
	case e.split && (e.leans || ratesDiffer(fx, e)):
		return // not linked, and not alike either
	case e.split:
		report("unrelated", false)
	case e.canary > 0 && e.labelled-e.canary >= tuning.Enough.Compare && exercised(fx, known, e) && len(e.strays) == 0 && !e.unmatched && !e.leans:
		report("alike", true)
	case e.labelled == 0 && fx.Logs.Read && logging(fx, sub) && !fx.Done:
		askCanary(fx, sub, e, v)
	case e.labelled == 0 && e.never <= fx.alpha/tuning.Caution && settled(fx, known, e):
		if !slices.ContainsFunc(e.subs, func(x *target) bool { return mayHide(fx, x) }) {
			report("not missed", false)
		}
	default:
		askCanary(fx, sub, e, v)
	}
}

// ratesDiffer tells whether the canary gives any behaviour at another rate than the
// stage's own deployment does, by a test that errs on the side of silence.
func ratesDiffer(fx *Facts, e exposure) bool {
	for _, sub := range e.subs {
		for _, c := range sub.cells {
			counts, all := byLevel(fx, c, ofCanary)
			for _, k := range c.clusters {
				if n := counts[k]; stat.Fisher(n.On, all.On-n.On, n.Off, all.Off-n.Off) < tuning.Doubt {
					return true
				}
			}
		}
	}
	return false
}

// exercised tells whether the canary served enough of what was sent: as many
// requests as its percentage lets expect, within the confidence.
func exercised(fx *Facts, known *Known, e exposure) bool {
	return e.never <= fx.alpha && settled(fx, known, e)
}

// mayHide tells whether some field of two values could be what tells a canary's answers
// from the stage's own.
func mayHide(fx *Facts, sub *target) bool {
	return slices.ContainsFunc(freeFields(fx, sub), func(f *freeField) bool { return !f.denied })
}

// settled tells whether every target of the stage is found consistent.
func settled(fx *Facts, known *Known, e exposure) bool {
	return !slices.ContainsFunc(e.subs, func(x *target) bool { return needs(fx, known, x) > 0 && !fx.Done })
}

// configuredCanary reports a canary where nothing was sent: what the
// configuration alone speaks against it. A release under way is none.
func configuredCanary(fx *Facts, sub *target, v *Verdict) {
	standing, why := diff.CanaryStanding(sub.api, sub.conf)
	if standing == diff.Rollout || standing == diff.Variables || standing == diff.Unknown {
		return
	}
	st, c := sub.conf, sub.conf.Canary
	f := Finding{
		Linked: ConsistentWith, Scenarios: []string{}, Targets: []string{sub.ID},
		Says:       []Fact{CanaryUnseen{Canary: canaryOf(st.Name, st.DeploymentID, c), Why: why}},
		Proof:      evidence(canaryOf(st.Name, st.DeploymentID, c)),
		Statistics: &Statistics{Test: "configuration", Configured: ptr(c.Percent / 100)},
		Remedy:     remedy.EndCanary(fx.Snapshot.Region, sub.api, st),
		SettledBy:  CheckStage{API: sub.api.ID, Stage: st.Name},
	}
	v.report(f, stageKey(sub.Target))
}

// canaryFact is a target's canary as it was configured when the run began.
func canaryFact(sub *target) Fact {
	return canaryOf(sub.Stage, sub.DeploymentID, sub.Canary)
}

// CanaryConfigured is a canary as the configuration has it.
type CanaryConfigured struct {
	said
	Stage, Deployment string // the stage and its own deployment
	Share             float64
	Canary            string   // its deployment; "" where it is the stage's own
	Overrides         []string // NAME=VALUE, of stage variables
}

func canaryOf(stage, deployment string, c *probe.Canary) CanaryConfigured {
	return CanaryConfigured{Stage: stage, Deployment: deployment, Share: c.Percent / 100, Canary: c.DeploymentID, Overrides: pairs(c.Variables)}
}

func staleFinding(fx *Facts, sub *target, e exposure, how string, sure bool) Finding {
	c, st := sub.conf.Canary, sub.conf
	f := Finding{
		Linked: ConsistentWith, Scenarios: []string{},
		Remedy: remedy.EndCanary(fx.Snapshot.Region, sub.api, st),
	}
	if sure {
		f.Linked = Proven
	} else if f.SettledBy = settleByLogs(fx, sub); 2*e.labelled > e.n { // the logs have said what they can
		f.SettledBy = Topic("more requests")
	}
	f.Targets = targetIDs(e.subs)
	says := CanaryNotShown{Canary: canaryOf(st.Name, st.DeploymentID, c), How: how, Served: Count{e.canary, e.labelled}, Requests: e.n}
	own, other := sub.api.Deployment(st.DeploymentID), sub.api.Deployment(c.DeploymentID)
	if own != nil && other != nil && !own.Created.IsZero() && !other.Created.IsZero() {
		switch lag := own.Created.Sub(other.Created); {
		case lag > 0:
			says.Older = lag
		case lag < 0 && fx.Now.Sub(other.Created) < tuning.Young && c.Percent < 100:
			f.Severity = Info
			says.New = fx.Now.Sub(other.Created)
		}
	}
	if m := e.canary; m > 0 && !e.changed && !e.split {
		says.AtMost, says.Confidence = stat.UpperZero(m, fx.Confidence), fx.Confidence
	}
	// Beside a split its own finding gives the rates of both sides: a second bound of the same
	// rates, at another error rate, would seem to contradict it.
	if e.canary > 0 && !e.changed && !e.split && e.wavers.where != "" {
		says.Wavers, says.ByUpTo = e.wavers.where, e.wavers.most
	}
	f.say(says)
	f.Proof = evidence(canaryOf(st.Name, st.DeploymentID, c), canaryExample(fx, e))
	f.Statistics = &Statistics{Test: "canary exercised, same answers", Statistic: float64(e.canary), N: e.n, Configured: ptr(c.Percent / 100)}
	switch p := c.Percent / 100; {
	case e.changed || p <= 0:
	case e.canary > 0:
		f.Statistics.Bound = max(stat.UpperZero(e.canary, fx.Confidence), e.wavers.most)
	default:
		f.Statistics.Bound = min(1, stat.UpperZero(e.least, fx.Confidence)/p) // no log names its answers
	}
	if e.labelled > 0 && !e.changed {
		f.Statistics.Share = interval(e.canary, e.labelled, fx.alpha)
	}
	return f
}

func canaryExample(fx *Facts, e exposure) Fact {
	if e.changed {
		return nil
	}
	for _, sub := range e.subs {
		for _, i := range sub.rows() {
			if known(&fx.Rows[i]) == LabelCanary {
				return fx.request(i, side(LabelCanary))
			}
		}
	}
	return nil
}

func askCanary(fx *Facts, sub *target, e exposure, v *Verdict) {
	p := sub.conf.Canary.Percent / 100
	asks := CanaryAlike{Stage: sub.Stage, Share: p}
	o := Question{Target: sub.ID}
	if e.leans && len(e.strays) == 0 {
		asks.Leans = true
		o.More = max(tuning.Enough.Tell, e.n/2)
	} else if len(e.strays) > 0 {
		d := e.strays[0]
		own, canary := d.Counts[ownSide], d.Counts[canarySide]
		asks.Stray = &Stray{Scenario: d.Scenario, Where: d.Where, Value: d.Other, Canary: Count{canary.Other, canary.All}, Own: Count{own.Other, own.All}}
		o.More = e.requests * stat.NeedZero(p, fx.Confidence)
	}
	if fx.Done && (e.leans || len(e.strays) > 0) {
		o.More, o.Needs = 0, Topic("more requests")
	}
	sure := fx.Confidence
	if e.labelled == 0 {
		sure = 1 - fx.alpha/tuning.Caution
	}
	o.More = max(o.More, e.requests*max(0, stat.NeedZero(p, sure)-e.least))
	switch {
	case o.More > 0:
		o.Low, o.High = o.More, o.More
	case len(e.strays) > 0 || e.leans:
	case fx.Done && e.labelled == 0:
		o.Needs = settleByLogs(fx, sub)
	case fx.Done:
		o.Needs = Topic("canary not logged")
	default:
		return // the target's own consistency is still open and asks for more
	}
	o.Asks = asks
	v.Open = append(v.Open, o)
}

func pairs(vars map[string]string) []string {
	var out []string
	for k, v := range vars {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return out
}
