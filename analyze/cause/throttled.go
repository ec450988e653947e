package cause

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// throttled finds targets of which the gateway refuses a share of the requests
// with 429. Throttles are no behaviour of a deployment and take no part in any
// split.
func throttled(fx *Facts, _ *Known) Verdict {
	var v Verdict
	for _, sub := range fx.targets {
		rows, total := throttles(sub)
		if len(rows) == 0 {
			continue
		}
		low, _ := stat.ClopperPearson(len(rows), total, fx.Confidence)
		if low > fx.MinShare || len(rows) == total && total >= 3 {
			v.report(throttledFinding(fx, sub, rows, total), stageKey(sub.Target))
			if len(rows) == total {
				v.closed = append(v.closed, sub.index)
			}
		}
	}
	return v
}

// Barren is how many requests in a row must have been throttled before a target
// is given up: more would be refused alike.
const Barren = 40

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

func throttledFinding(fx *Facts, sub *target, rows []int, total int) Finding {
	f := Finding{Linked: ConsistentWith, Targets: []string{sub.ID}}
	var scenarios []int
	quota := false
	for _, i := range rows {
		scenarios = append(scenarios, fx.Rows[i].Scenario)
		c := &fx.Clusters[fx.Rows[i].Cluster]
		quota = quota || c.Reading.GatewayResponse == "QUOTA_EXCEEDED"
		if c.Reading.Producer == signature.Gateway {
			f.Linked = Proven // the answer itself says so
		}
	}
	f.Scenarios = fx.scenarioNames(scenarios...)
	limits := limits(sub)
	lines := []string{}
	for _, l := range limits {
		lines = append(lines, "configuration: "+l)
	}
	for _, i := range rows[:min(2, len(rows))] {
		lines = append(lines, fx.request(i, ""), fx.logLine(i, func(r *probe.LogRecord) string {
			if r.UsagePlan == "throttled" || r.UsagePlan == "quota" {
				return r.Error + " (usage plan " + r.UsagePlan + ")"
			}
			return r.Error
		}))
	}
	f.Evidence = evidence(lines...)
	f.Statement = fmt.Sprintf("The gateway refuses %d of %d requests to %s with 429 (%s), at %.3g requests per second over all targets.",
		len(rows), total, sub.ID, words.Percent(float64(len(rows))/float64(total)), fx.Rows[rows[len(rows)-1]].Rate)
	switch {
	case quota:
		f.Statement += " The quota of a usage plan is used up."
	case len(limits) > 0:
		f.Statement += " " + limits[0] + "."
	case sub.conf != nil:
		f.Statement += " The stage has no limit of its own: the usage plan's or the account's applies."
	}
	if since := barren(fx, sub, rows); len(since) >= Barren {
		f.Statement += fmt.Sprintf(" Since %s all %d were refused: more would have taught nothing.", words.Clock(fx.Rows[since[0]].At), len(since))
	}
	f.Statement += " They are counted apart and are no part of a split."
	f.Statistics = &Statistics{
		Test: "share of throttled answers", Statistic: float64(len(rows)), N: total, Effect: 1,
		Share: interval(len(rows), total, fx.alpha),
	}
	f.Remedy = throttleRemedy(fx, sub)
	return f
}

// limits are the stage's throttling settings in words.
func limits(sub *target) []string {
	if sub.conf == nil {
		return nil
	}
	var out []string
	for _, m := range slices.Sorted(maps.Keys(sub.conf.Methods)) {
		if set := sub.conf.Methods[m]; set.ThrottlingSet {
			out = append(out, fmt.Sprintf("Stage %s limits %s to %g requests per second with bursts of %d", sub.Stage, methodName(m), set.ThrottlingRate, set.ThrottlingBurst))
		}
	}
	return out
}

func methodName(m string) string {
	if m == "*/*" {
		return "all methods"
	}
	return m
}

func throttleRemedy(fx *Facts, sub *target) []Remedy {
	out := []Remedy{advice("probe more slowly (--rate), or raise the limit if clients need more")}
	if sub.conf == nil {
		return out
	}
	for _, m := range slices.Sorted(maps.Keys(sub.conf.Methods)) {
		if set := sub.conf.Methods[m]; set.ThrottlingSet {
			rate := max(2*set.ThrottlingRate, 2*fx.Plan.Rate)
			return append(out, remedy.Throttling(fx.Snapshot.Region, sub.api, sub.conf, m, rate, max(2*set.ThrottlingBurst, int(rate)))...)
		}
	}
	return out
}
