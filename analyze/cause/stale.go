package cause

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// young is how long a canary counts as new.
const young = 24 * time.Hour

// exposure is how far a stage's canary was exercised by the run.
type exposure struct {
	subs         []*subject // the targets that the stage serves
	n            int        // answers
	requests     int        // different requests
	least        int        // answers to the least asked of them
	labelled     int
	canary       int     // of them by the canary
	never        float64 // chance that the canary was never drawn, without labels
	inconsistent bool    // a split that may be the canary's
	split        bool    // a split of another cause
	strays       []Difference
	changed      bool // the stage changed during the run: an earlier canary, or none, answered
}

// staleCanaries finds canaries that are configured and that nothing in behaviour
// shows.
func (s *study) staleCanaries() {
	var done []*probe.Stage
	for _, sub := range s.subjects {
		if sub.conf == nil || sub.conf.Canary == nil || slices.Contains(done, sub.conf) {
			continue
		}
		done = append(done, sub.conf)
		s.staleCanary(sub, s.exposure(sub.conf))
	}
}

func (s *study) exposure(st *probe.Stage) exposure {
	var e exposure
	for _, sub := range s.subjects {
		if sub.conf != st {
			continue
		}
		e.subs = append(e.subs, sub)
		e.n += s.answered(sub)
		canary, known := s.measured(sub)
		e.canary, e.labelled = e.canary+canary, e.labelled+known
		e.split = e.split || sub.split
		e.changed = e.changed || sub.changed() != ""
		e.strays = append(e.strays, s.differs(sub, s.canaryStrays(sub), canarySide, ownSide)...)
		e.inconsistent = e.inconsistent || s.undone[sub.ID] || s.blames(sub, CanarySplit)
	}
	e.least, e.requests = s.leastAsked(e.subs)
	e.never = math.Pow(1-st.Canary.Percent/100, float64(e.least))
	return e
}

// leastAsked is how many answers the least asked request of a stage has given: a
// canary may differ in that one alone, and was not exercised where it was not
// drawn there.
func (s *study) leastAsked(subs []*subject) (least, requests int) {
	asked := map[int]int{}
	for _, sub := range subs {
		for _, c := range sub.cells {
			asked[c.scenario] += len(c.rows)
		}
	}
	least = -1
	for _, n := range asked {
		if least < 0 || n < least {
			least = n
		}
	}
	return max(least, 0), len(asked)
}

// blames tells whether a finding of a cause stands for a target, be it as an
// alternative.
func (s *study) blames(sub *subject, cause ID) bool {
	return slices.ContainsFunc(s.findings, func(f Finding) bool {
		return slices.Contains(f.Targets, sub.ID) &&
			(f.Cause == cause || slices.ContainsFunc(f.Alternatives, func(a Alternative) bool { return a.Cause == cause }))
	})
}

// staleCanary reports a canary without effect, or asks what would show one.
func (s *study) staleCanary(sub *subject, e exposure) {
	switch {
	case e.inconsistent:
		return
	case len(s.Plan.Scenarios) == 0:
		s.configuredCanary(sub)
		return
	case e.n == 0:
		return
	}
	_, _, same, _ := diff.CanaryDifference(sub.api, sub.conf)
	switch p := sub.conf.Canary.Percent; {
	case p <= 0:
		s.reportStale(sub, e, "gets no traffic", true)
	case same:
		s.reportStale(sub, e, "is the same deployment as the stage's own, with no other variables, so that nothing can differ", true)
	case e.changed:
		return // what answered says nothing of the canary that is there now
	case p >= 100:
		s.reportStale(sub, e, "serves every request, and the stage's own deployment none", true)
	case e.split && s.canaryLag(sub) == 0:
		return // the split's finding says that the canary is not its cause; nothing says that it is stale
	case e.labelled > 0 && e.canary > 0 && s.exercised(e) && len(e.strays) == 0:
		s.reportStale(sub, e, fmt.Sprintf("served %d of %d requests and answered each as the stage does", e.canary, e.labelled), true)
	case e.labelled == 0 && e.never <= s.alpha/caution && s.settled(e):
		s.reportStale(sub, e, fmt.Sprintf("cannot have been missed by all of %s, and all answers are alike", plural(e.n, "request")), false)
	default:
		s.askCanary(sub, e)
	}
}

// exercised tells whether the canary served enough of what was sent: as many
// requests as its percentage lets expect, within the confidence.
func (s *study) exercised(e exposure) bool { return e.never <= s.alpha && s.settled(e) }

// caution is how many times rarer it must be that a canary was never drawn where
// no label tells that it was: that all answers are alike is then luck or the
// truth, and the run may have stopped for want of any question.
const caution = 10

// settled tells whether every target of the stage is found consistent.
func (s *study) settled(e exposure) bool {
	return !slices.ContainsFunc(e.subs, func(x *subject) bool { return s.needs(x) > 0 && !s.Done })
}

// configuredCanary reports a canary where nothing was sent: what the
// configuration alone speaks against it. A release under way is none.
func (s *study) configuredCanary(sub *subject) {
	standing, why := diff.CanaryStanding(sub.api, sub.conf)
	if standing == diff.Rollout || standing == diff.Variables || standing == diff.Unknown {
		return
	}
	st, c := sub.conf, sub.conf.Canary
	f := Finding{
		Cause: StaleCanary, Severity: Warning, Linked: ConsistentWith, Step: 5, Scenarios: []string{}, Targets: []string{sub.ID},
		Statement: fmt.Sprintf("Stage %s has a canary (%s of the traffic, %s): %s. No request was sent, so whether callers see it is not known.",
			st.Name, percent(c.Percent/100), deploymentName(c), why),
		Evidence:   evidence(canaryAs(st.Name, st.DeploymentID, c)),
		Statistics: &Statistics{Test: "configuration", Configured: ptr(c.Percent / 100)},
		Remedy:     remedy.RemoveCanary(s.Snapshot.Region, sub.api, st),
		Settles:    checkStage(sub.api, st),
	}
	s.report(f, sub.APIID+"/"+st.Name)
}

// canaryFact is a target's canary as it was configured when the run began.
func canaryFact(sub *subject) string {
	return canaryAs(sub.Stage, sub.DeploymentID, sub.Canary)
}

func canaryAs(stage, deployment string, c *probe.Canary) string {
	return fmt.Sprintf("configuration: stage %s deploymentId %s, canarySettings percentTraffic %g, deploymentId %s%s",
		stage, deployment, c.Percent, c.DeploymentID, overrides(c.Variables))
}

func (s *study) reportStale(sub *subject, e exposure, how string, sure bool) {
	c, st := sub.conf.Canary, sub.conf
	f := Finding{
		Cause: StaleCanary, Severity: Warning, Linked: ConsistentWith, Step: 5, Scenarios: []string{},
		Remedy: remedy.RemoveCanary(s.Snapshot.Region, sub.api, st),
	}
	if sure {
		f.Linked = Proven
	} else {
		f.Settles = s.settleByLogs(sub)
	}
	for _, x := range e.subs {
		f.Targets = append(f.Targets, x.ID)
	}
	f.Statement = fmt.Sprintf("Stage %s has a canary (%s of the traffic, %s) that nothing in its behaviour shows: it %s.",
		st.Name, percent(c.Percent/100), deploymentName(c), how)
	own, other := sub.api.Deployment(st.DeploymentID), sub.api.Deployment(c.DeploymentID)
	if own != nil && other != nil && !own.Created.IsZero() && !other.Created.IsZero() {
		switch lag := own.Created.Sub(other.Created); {
		case lag > 0:
			f.Statement += fmt.Sprintf(" Its deployment is %s older than the stage's.", age(lag))
		case lag < 0 && s.Now.Sub(other.Created) < young && c.Percent < 100:
			f.Severity = Info
			f.Statement += fmt.Sprintf(" It is new, made %s ago: a release may be under way.", age(s.Now.Sub(other.Created)))
		}
	}
	if m := e.canary; m > 0 && !e.changed {
		f.Statement += fmt.Sprintf(" Of the requests that it served, at most %s could be answered otherwise (%s).", percent(stat.UpperZero(m, s.Confidence)), percent(s.Confidence))
	}
	f.Evidence = evidence(canaryAs(st.Name, st.DeploymentID, c), s.canaryExample(e))
	f.Statistics = &Statistics{Test: "canary exercised, same answers", Statistic: float64(e.canary), N: e.n, Configured: ptr(c.Percent / 100)}
	if e.labelled > 0 && !e.changed {
		f.Statistics.Share = interval(e.canary, e.labelled, s.alpha)
	}
	s.report(f, sub.APIID+"/"+st.Name)
}

func deploymentName(c *probe.Canary) string {
	if c.DeploymentID == "" {
		return "the stage's own deployment"
	}
	return "deployment " + c.DeploymentID
}

// canaryExample is a request that the canary served.
func (s *study) canaryExample(e exposure) string {
	if e.changed {
		return ""
	}
	for _, sub := range e.subs {
		for _, i := range sub.rows() {
			if known(&s.Rows[i]) == LabelCanary {
				return s.request(i, labelWords(LabelCanary))
			}
		}
	}
	return ""
}

// askCanary says what would show whether the canary differs.
func (s *study) askCanary(sub *subject, e exposure) {
	p := sub.conf.Canary.Percent / 100
	o := Open{Target: sub.ID, Question: fmt.Sprintf("whether the canary of stage %s (%s) answers as the stage does", sub.Stage, percent(p))}
	if len(e.strays) > 0 {
		d := e.strays[0]
		own, canary := d.Counts[ownSide], d.Counts[canarySide]
		o.Question += fmt.Sprintf(": in %s, %s is %s in %d of its %d answers and in %d of %d of the stage's own",
			d.Scenario, d.Where, d.Other, canary.Other, canary.All, own.Other, own.All)
		o.More = e.requests * stat.NeedZero(p, s.Confidence)
		if s.Done {
			o.More = 0
			o.Enable = "more requests (--requests), so that the difference is linked to the canary or not"
		}
	}
	sure := s.Confidence
	if e.labelled == 0 {
		sure = 1 - s.alpha/caution
	}
	o.More = max(o.More, e.requests*max(0, stat.NeedZero(p, sure)-e.least))
	switch {
	case o.More > 0:
		o.Low, o.High = o.More, o.More
	case len(e.strays) > 0:
	case s.Done && e.labelled == 0:
		o.Enable = s.settleByLogs(sub)
	case s.Done:
		o.Enable = "the logs show no request of the canary: wait longer for them (--log-wait)"
	default:
		return // the target's own consistency is still open and asks for more
	}
	s.open = append(s.open, o)
}

// pairs writes variables in a fixed order.
func pairs(vars map[string]string) string {
	var out []string
	for k, v := range vars {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}
