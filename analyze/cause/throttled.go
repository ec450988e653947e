package cause

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// throttled finds targets of which the gateway refuses a share of the requests
// with 429: a nuisance, but an error where a target answers nothing else. A run that is
// refused slows down, so the share counts that was refused at some rate and above it.
// Throttles are no behaviour of a deployment and take no part in any split.
func throttled(fx *Facts, _ *Known) Verdict {
	var v Verdict
	for _, sub := range fx.targets {
		rows, total := throttles(sub)
		if len(rows) == 0 {
			continue
		}
		if len(rows) == total && total >= 3 {
			v.report(throttledFinding(fx, sub, rows, total, true), stageKey(sub.Target))
			v.closed = append(v.closed, sub.index)
		} else if fast, sent, low := refusedFaster(fx, sub, rows); low > fx.MinShare {
			v.report(throttledFinding(fx, sub, fast, sent, false), stageKey(sub.Target))
		}
	}
	return v
}

// refusedFaster are the throttled rows of the rate from which on most is refused at least,
// with how many were sent at that rate or faster and the lower limit of their share.
func refusedFaster(fx *Facts, sub *target, throttled []int) (refused []int, sent int, low float64) {
	rates := map[float64]bool{}
	for _, i := range throttled {
		rates[fx.Rows[i].Rate] = true
	}
	answered := sub.rows()
	for _, rate := range sortedKeys(rates) {
		slower := func(i int) bool { return fx.Rows[i].Rate < rate }
		k := slices.DeleteFunc(slices.Clone(throttled), slower)
		n := len(k)
		for _, i := range answered {
			if !slower(i) {
				n++
			}
		}
		if l, _ := stat.ClopperPearson(len(k), n, fx.Confidence); l > low {
			refused, sent, low = k, n, l
		}
	}
	return refused, sent, low
}

// barren are the throttled rows of a target since its last other answer, in the
// order of time.
func barren(fx *Facts, sub *target, throttled []int) []int {
	var last time.Time
	for _, i := range sub.rows() {
		if fx.Rows[i].At.After(last) {
			last = fx.Rows[i].At
		}
	}
	rows := slices.DeleteFunc(slices.Clone(throttled), func(i int) bool { return !fx.Rows[i].At.After(last) })
	slices.SortStableFunc(rows, func(a, b int) int { return fx.Rows[a].At.Compare(fx.Rows[b].At) })
	return rows
}

// throttles are a target's throttled rows, and how many were sent.
func throttles(sub *target) (rows []int, total int) {
	for _, c := range sub.cells {
		rows = append(rows, c.throttled...)
		total += len(c.throttled) + len(c.rows)
	}
	slices.Sort(rows)
	return rows, total
}

// Throttles says how many requests are refused with 429, of those that were sent at some
// rate or faster, per second.
type Throttles struct {
	said
	Refused Count
	Target  string
	Rate    float64
	Slower  bool // others were sent more slowly
}

// LimitsSet are the limits that apply.
type LimitsSet struct {
	said
	Limits []Fact
}

// Quota is how many requests a usage plan lets through in a period.
type Quota struct {
	said
	Of       string
	Requests int
	Period   string
}

// RateLimit is how many requests per second are let through.
type RateLimit struct {
	said
	Of    string
	Rate  float64
	Burst int
}

// AllRefusedSince says that all requests since a moment were refused.
type AllRefusedSince struct {
	said
	At time.Time
	N  int
}

// PlanLimit is a log's error with what its usage plan did.
type PlanLimit struct {
	said
	Error, Plan string
}

func throttleLine(r *probe.LogRecord) Fact {
	if r.UsagePlan == "throttled" || r.UsagePlan == "quota" {
		return PlanLimit{Error: r.Error, Plan: r.UsagePlan}
	}
	return quote(r.Error)
}

// throttledFinding is of rows among so many that were sent as fast; throughout is where
// nothing else was answered.
func throttledFinding(fx *Facts, sub *target, rows []int, total int, throughout bool) Finding {
	f := Finding{Linked: ConsistentWith, Targets: []string{sub.ID}}
	var scenarios []int
	for _, i := range rows {
		scenarios = append(scenarios, fx.Rows[i].Scenario)
		c := &fx.Clusters[fx.Rows[i].Cluster]
		if c.Reading.Producer == signature.Gateway {
			f.Linked = Proven // the answer itself says so
		}
	}
	f.Scenarios = fx.scenarioNames(scenarios...)
	apply, limits := limitsOf(fx, sub, rows)
	lines := each(limits, func(l Fact) Fact { return InConfiguration{What: l} })
	for _, i := range rows[:min(2, len(rows))] {
		lines = append(lines, fx.request(i, nil), fx.logLine(i, throttleLine))
	}
	f.Proof = evidence(lines...)
	says := Throttles{Refused: Count{len(rows), total}, Target: sub.ID, Rate: fx.Rows[rows[0]].Rate}
	for _, i := range rows {
		says.Rate = min(says.Rate, fx.Rows[i].Rate)
	}
	_, all := throttles(sub)
	says.Slower = total < all
	f.say(says)
	switch {
	case usedUp(fx, rows):
		f.say(Topic("quota used up"))
	case len(limits) > 0:
		f.say(LimitsSet{Limits: limits})
	case sub.conf != nil:
		f.say(Topic("no limit of its own"))
	}
	if _, said := failureOf(fx, failure.CauseThrottled, rows); said != nil {
		f.say(ByLogs{What: said.Why})
	}
	if since := barren(fx, sub, rows); len(since) >= Barren {
		f.say(AllRefusedSince{At: fx.Rows[since[0]].At, N: len(since)})
	}
	f.say(Topic("counted apart"))
	f.Statistics = &Statistics{
		Test: "share of throttled answers", Statistic: float64(len(rows)), N: total, Effect: 1,
		Share: interval(len(rows), total, fx.alpha),
	}
	f.Remedy = throttleRemedy(fx, sub, rows, apply)
	if throughout && !slices.ContainsFunc(scenarios, func(i int) bool { return expected(fx, sub, i) }) {
		f.Severity = Error // it answers nothing else
	}
	return f
}

// planQuota is what the table of failures calls a quota that is used up.
const planQuota = "usage-plan-quota"

// usedUp tells whether answers say that a quota is used up.
func usedUp(fx *Facts, rows []int) bool {
	return slices.ContainsFunc(rows, func(i int) bool { return fx.Clusters[fx.Rows[i].Cluster].Reading.GatewayResponse == "QUOTA_EXCEEDED" })
}

// limitsOf are what limits a target's throttled requests: of usage plans, of
// methods, of the stage, in the order in which API Gateway applies them.
func limitsOf(fx *Facts, sub *target, rows []int) (all []probe.Limit, limits []Fact) {
	if sub.conf == nil {
		return nil, nil
	}
	for _, i := range rows {
		sc := fx.scenario(fx.Rows[i].Scenario)
		keyed := sc.Auth == probe.AuthAPIKey || probe.HeaderValue(sc.Header, "x-api-key") != ""
		route := cmp.Or(sc.Route, sc.Method+" "+sc.Path)
		all = once(all, fx.Snapshot.Limits(sub.APIID, sub.Stage, route, keyed)...)
	}
	lowest := probe.Lowest(all)
	for _, l := range all {
		switch {
		case l.Quota > 0:
			limits = append(limits, Quota{Of: l.Of, Requests: l.Quota, Period: strings.ToLower(l.Period)})
		case l == *lowest: // a higher one refuses nobody whom this one lets through
			limits = append(limits, RateLimit{Of: l.Of, Rate: l.Rate, Burst: l.Burst})
		}
	}
	return all, limits
}

// throttleRemedy is how the limit is raised that refuses, by whoever limits: the line of
// a log, else the lowest limit that was read. By how much is for its owner to say.
func throttleRemedy(fx *Facts, sub *target, rows []int, limits []probe.Limit) []Remedy {
	var out []Remedy
	lowest := probe.Lowest(limits)
	if lowest == nil || lowest.Rate > 0 { // a limit of nothing lets no slower probe through
		out = append(out, remedy.Slower)
	}
	place := remedy.Place{Region: fx.Snapshot.Region, APIID: sub.APIID, Stage: sub.Stage}
	if sub.api != nil {
		place.APIKind = sub.api.Kind
	}
	sc := fx.scenario(fx.Rows[rows[0]].Scenario)
	_, f := failureOf(fx, failure.CauseThrottled, rows)
	if f == nil && usedUp(fx, rows) {
		f = &failure.Failure{Cause: failure.CauseThrottled, Candidate: planQuota}
	}
	// A limit of the whole stage is raised for the stage; one method's would
	// leave the others behind it.
	if whole := f != nil && f.Kind == failure.LimitStage || lowest != nil && lowest.Default; !whole {
		place.Method, place.Resource, _ = strings.Cut(cmp.Or(sc.Route, sc.Method+" "+sc.Path), " ")
	}
	if f != nil {
		of := func(l probe.Limit) bool { return l.UsagePlan != "" && (l.Quota > 0) == (f.Candidate == planQuota) }
		if i := slices.IndexFunc(limits, of); i >= 0 {
			place.UsagePlan = limits[i].UsagePlan
		}
		return append(out, remedy.Failure(f, place)...)
	}
	if lowest != nil {
		f := failure.Failure{Cause: failure.CauseThrottled, Candidate: "method-throttle"}
		if place.UsagePlan = lowest.UsagePlan; place.UsagePlan != "" {
			f.Candidate = "usage-plan-throttle"
		}
		return append(out, remedy.Failure(&f, place)...)
	}
	return out
}
