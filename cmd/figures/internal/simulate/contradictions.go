package simulate

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
)

// contradictions lists what a report says against its own numbers, each in the
// same words whatever the numbers are.
func contradictions(r *cause.Result) []string {
	var out []string
	for i := range r.Findings {
		c := checked{r: r, f: &r.Findings[i]}
		for _, check := range checks {
			if what := check(&c); what != "" {
				out = append(out, string(c.f.Cause)+": "+what)
			}
		}
	}
	return append(out, amongFindings(r)...)
}

// checked is one finding with the report that it stands in.
type checked struct {
	r *cause.Result
	f *cause.Finding
}

var checks = []func(*checked) string{
	(*checked).partsOfWholes, (*checked).percentages, (*checked).interval, (*checked).statedShare, (*checked).tableSums, (*checked).differences,
	(*checked).asTheStageDoes, (*checked).noLog, (*checked).failures, (*checked).notTheCanary, (*checked).byTheLogs, (*checked).independent, (*checked).nothingToMend, (*checked).bound, (*checked).ratesOfTable,
}

var (
	ofNumbers  = regexp.MustCompile(`(\d+) of (?:its |the |all )?(\d+)`)
	ofPercents = regexp.MustCompile(`(\d+) of (\d+) (?:answers|requests)[^.;]{0,80}?\(([\d.e+-]+) %\)`)
	ownRates   = regexp.MustCompile(`(\d+) of its (\d+) answers .*?, and (\d+) of (\d+) of the stage's own deployment`)
	sideRates  = regexp.MustCompile(`By the logs, (\d+) of (\d+) answers of the (canary|own deployment) deviate .*? against (\d+) of (\d+) of the (canary|own deployment)`)
	served     = regexp.MustCompile(`served (\d+) of (\d+) requests and answered each as the stage does`)
	fails      = regexp.MustCompile(`(?:fails at random|failed for a while): (\d+) of (\d+) answers`)
	atMost     = regexp.MustCompile(`at most ([\d.e+-]+) % could be answered otherwise`)
)

func numbers(texts []string) []int {
	out := make([]int, len(texts))
	for i, t := range texts {
		out[i], _ = strconv.Atoi(t)
	}
	return out
}

// partsOfWholes: no part is larger than its whole.
func (c *checked) partsOfWholes() string {
	for _, m := range ofNumbers.FindAllStringSubmatch(c.f.Statement, -1) {
		if n := numbers(m[1:]); n[0] > n[1] {
			return "a part is larger than its whole"
		}
	}
	return ""
}

// percentages are those of the counts before them.
func (c *checked) percentages() string {
	for _, m := range ofPercents.FindAllStringSubmatch(c.f.Statement, -1) {
		n := numbers(m[1:3])
		p, err := strconv.ParseFloat(m[3], 64)
		if err == nil && n[1] > 0 && math.Abs(p-100*float64(n[0])/float64(n[1])) > .06*max(1, p) {
			return "a percentage is not that of its counts"
		}
	}
	return ""
}

// interval: an estimate lies within its bounds.
func (c *checked) interval() string {
	if c.f.Statistics == nil || c.f.Statistics.Share == nil {
		return ""
	}
	if s := c.f.Statistics.Share; s.Low > s.Estimate+1e-9 || s.High < s.Estimate-1e-9 || s.Low < 0 || s.High > 1 {
		return "an estimate lies outside its interval"
	}
	return ""
}

// statedShare: "k of n answers" with n the number that the finding rests on has
// the share that its interval estimates.
func (c *checked) statedShare() string {
	st := c.f.Statistics
	if st == nil || st.Share == nil || c.f.Cause != cause.FlakyBackend && c.f.Cause != cause.UnexplainedSplit {
		return ""
	}
	for _, m := range ofNumbers.FindAllStringSubmatch(c.f.Statement, 1) {
		if n := numbers(m[1:]); n[1] == st.N && math.Abs(st.Share.Estimate-float64(n[0])/float64(n[1])) > .001 {
			return "the share is not that of the statement"
		} else if n[1] != st.N {
			return "the statement rests on another number of answers than the statistics"
		}
	}
	return ""
}

// tableSums: a table counts no more than the finding rests on.
func (c *checked) tableSums() string {
	st := c.f.Statistics
	if st == nil || st.Table == nil || st.N == 0 {
		return ""
	}
	sum := 0
	for _, row := range st.Table.Counts {
		if len(row) != len(st.Table.Columns) {
			return "a row of the table has not as many counts as columns"
		}
		for _, n := range row {
			sum += n
		}
	}
	profiles := c.f.Cause == cause.WrongStage || c.f.Cause == cause.AddressDependent
	if sum > st.N && !profiles {
		return "the table counts more than the finding rests on"
	}
	return ""
}

// differences: no side has more other answers than answers, and the sides are not
// alike.
func (c *checked) differences() string {
	for _, d := range c.f.Differs {
		var rates []float64
		for _, n := range d.Counts {
			if n.Other > n.All {
				return "a difference counts more answers than there are"
			}
			if n.All > 0 {
				rates = append(rates, float64(n.Other)/float64(n.All))
			}
		}
		if len(rates) == 2 && rates[0] == rates[1] {
			return "a difference is listed of which both sides have the same share"
		}
		if d.Usual == d.Other {
			return "a difference is listed between two values that read alike"
		}
	}
	return ""
}

// sides counts a cluster's answers by the side that the logs name.
func (c *checked) sides() (counts map[int][2]int, all [2]int) {
	counts = map[int][2]int{}
	for i := range c.r.Rows {
		r := &c.r.Rows[i]
		if r.Cluster < 0 || r.Contradictory || r.Late || r.Label == cause.LabelUnknown {
			continue
		}
		side := bit(r.Label == cause.LabelCanary)
		n := counts[r.Cluster]
		n[side]++
		counts[r.Cluster] = n
		all[side]++
	}
	return counts, all
}

// asTheStageDoes is said of a canary only if none of its answers is one that the
// stage's own deployment never gave, and where some request was seen to be its.
func (c *checked) asTheStageDoes() string {
	m := served.FindStringSubmatch(c.f.Statement)
	if m == nil {
		return ""
	}
	if n := numbers(m[1:]); n[0] == 0 {
		return "a canary that served nothing is said to have answered"
	}
	counts, all := c.sides()
	if all[0] == 0 && all[1] > 0 {
		return "answered as the stage does, although the logs name no answer of the stage's own yet"
	}
	for _, n := range counts {
		if n[1] > 0 && n[0] == 0 {
			return "answered as the stage does, beside an answer that only the canary gave"
		}
		p := float64(n[0]) / float64(max(1, all[0]))
		sd := math.Sqrt(max(p, 1/float64(max(1, all[0]))) / float64(max(1, all[1])))
		if float64(n[1])/float64(max(1, all[1]))-p > 6*sd {
			return "answered as the stage does, beside counts that differ by far"
		}
	}
	return ""
}

// failures: no more answers are said to fail than did.
func (c *checked) failures() string {
	if c.f.Cause != cause.FlakyBackend {
		return ""
	}
	m := fails.FindStringSubmatch(c.f.Statement)
	if m == nil {
		return ""
	}
	did := 0
	for i := range c.r.Rows {
		if r := &c.r.Rows[i]; r.Cluster >= 0 {
			did += bit(failed(&c.r.Clusters[r.Cluster]))
		}
	}
	if n := numbers(m[1:]); n[0] > did {
		return "more answers are said to fail than did"
	}
	return ""
}

// failed tells a server error and an answer that did not come.
func failed(c *cause.Cluster) bool { return c.Status >= 500 || c.Class == signature.Transport }

// noLog: that no log ties answers to the canary is not said beside answers that
// the logs name the canary for.
func (c *checked) noLog() string {
	if st := c.f.Statistics; strings.Contains(c.f.Statement, "no log ties single answers to") && st != nil && st.Table != nil && !sumsTo(st.Table, "canary", 0) {
		return "no log ties answers to the canary, beside a table of answers that the logs say are the canary's"
	}
	return ""
}

// bound: what is said to be at most is no less than what is seen.
func (c *checked) bound() string {
	m := atMost.FindStringSubmatch(c.f.Statement)
	if m == nil || c.f.Statistics == nil || c.f.Linked != cause.Proven {
		return ""
	}
	p, err := strconv.ParseFloat(m[1], 64)
	if err == nil && c.f.Statistics.Statistic > 0 && p <= 100/(c.f.Statistics.Statistic+1)/4 {
		return "the bound is tighter than the number of answers allows"
	}
	return ""
}

// notTheCanary: the rates that are said not to be the canary's doing are those of
// the table, and not those of a canary that does it.
func (c *checked) notTheCanary() string {
	if !strings.Contains(c.f.Statement, "The canary does not explain it") {
		return ""
	}
	m := ownRates.FindStringSubmatch(c.f.Statement)
	if m == nil {
		return "that the canary does not explain it is said without both rates"
	}
	n := numbers(m[1:])
	if n[0] > 0 && n[2] == 0 || n[0] == 0 && n[2] > 0 && n[1] > 0 && float64(n[2])/float64(max(1, n[3]))*float64(n[1]) > 10 {
		return "the canary is said not to explain what only one side does"
	}
	if t := c.f.Statistics.Table; t != nil && n[1] > 0 && !sumsTo(t, "canary", n[1]) {
		return "the rates of the canary are not those of the table"
	}
	return ""
}

func sumsTo(t *cause.Table, column string, want int) bool {
	at, sum := slices.Index(t.Columns, column), 0
	if at < 0 {
		return true
	}
	for _, row := range t.Counts {
		sum += row[at]
	}
	return sum == want
}

// byTheLogs: the rates by which a canary is tied are those of its table, and they
// differ.
func (c *checked) byTheLogs() string {
	m := sideRates.FindStringSubmatch(c.f.Statement)
	if m == nil {
		return ""
	}
	n := numbers([]string{m[1], m[2], m[4], m[5]})
	if n[0]*n[3] == n[2]*n[1] {
		return "a canary is said to decide although both sides deviate alike"
	}
	if m[3] == m[6] {
		return "one side is held against itself"
	}
	return ""
}

// independent: what is said to be independent of time does not come in stretches.
func (c *checked) independent() string {
	if !strings.Contains(c.f.Statement, "independent of connection, address and time") {
		return ""
	}
	if z := alternation(c.r); z > 5 {
		return "independent of time, although the failures come in stretches"
	}
	return ""
}

// alternation is by how many standard deviations the failures alternate too seldom for
// independent ones at a rate of each target and scenario.
func alternation(r *cause.Result) float64 {
	type cell struct{ target, scenario int }
	n := map[cell][2]float64{}
	bad := [2]int{}
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Cluster >= 0 && row.Machine == 0 {
			at, b := cell{row.Target, row.Scenario}, bit(failed(&r.Clusters[row.Cluster]))
			c := n[at]
			c[0], c[1] = c[0]+1, c[1]+float64(b)
			n[at] = c
			bad[b]++
		}
	}
	if bad[0] < 10 || bad[1] < 10 {
		return 0
	}
	var lacking, variance, rate float64
	last := -1
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Cluster < 0 || row.Machine != 0 {
			continue
		}
		c := n[cell{row.Target, row.Scenario}]
		b, q := bit(failed(&r.Clusters[row.Cluster])), c[1]/c[0]
		if last >= 0 {
			p := q*(1-rate) + rate*(1-q)
			lacking += p - float64(bit(b != last))
			variance += p * (1 - p)
		}
		last, rate = b, q
	}
	return lacking / math.Sqrt(max(variance, 1))
}

// nothingToMend is no word for a stage that fails or refuses by now.
func (c *checked) nothingToMend() string {
	if c.f.Cause != cause.DeployPropagating {
		return ""
	}
	bad, n := 0, 0
	for i := len(c.r.Rows) - 1; i >= 0 && n < 12; i-- {
		if r := &c.r.Rows[i]; r.Cluster >= 0 {
			x := &c.r.Clusters[r.Cluster]
			bad, n = bad+bit(failed(x) || x.Status >= 400), n+1
		}
	}
	for _, remedy := range c.f.Remedy {
		if strings.Contains(remedy.Text, "nothing is left to mend") && bad == n && n > 0 {
			return "nothing is left to mend, while every answer is a failure or a refusal"
		}
	}
	return ""
}

// ratesOfTable: the rates that a finding gives of either side, as data, are those of its
// table.
func (c *checked) ratesOfTable() string {
	st := c.f.Statistics
	if st == nil || st.Table == nil {
		return ""
	}
	for _, says := range c.f.Says {
		var canary, own cause.Count
		switch x := says.(type) {
		case cause.NotByCanary:
			canary, own = x.Rates.Canary, x.Rates.Own
		case cause.CanaryDeviates:
			canary, own = x.Canary, x.Own
		case cause.FailsAtRandom:
			if x.Failing.N != st.N {
				return "failures are counted of another number of answers than the finding rests on"
			}
			continue
		default:
			continue
		}
		if canary.K > canary.N || own.K > own.N {
			return "a part is larger than its whole"
		}
		if canary.N+own.N > st.N {
			return "more answers of both sides than the finding rests on"
		}
	}
	return ""
}

// amongFindings: what one finding says no other denies.
func amongFindings(r *cause.Result) []string {
	var out []string
	about := func(f *cause.Finding, words string) bool { return strings.Contains(f.Statement, words) }
	for i := range r.Findings {
		for k := range r.Findings {
			a, b := &r.Findings[i], &r.Findings[k]
			shared := slices.ContainsFunc(a.Targets, func(t string) bool { return slices.Contains(b.Targets, t) })
			if i == k || !shared {
				continue
			}
			scenarios := slices.ContainsFunc(a.Scenarios, func(s string) bool { return slices.Contains(b.Scenarios, s) })
			switch {
			case a.Cause == cause.CanarySplit && b.Cause == cause.StaleCanary:
				out = append(out, "canary-split beside stale-canary on one target")
			case a.Cause == cause.WrongStage && b.Cause == cause.AddressDependent:
				out = append(out, "wrong-stage beside address-dependent on one target")
			case scenarios && about(a, "independent of connection, address and time") && (b.Cause == cause.EndpointSplit || b.Cause == cause.DeployPropagating):
				out = append(out, fmt.Sprintf("independent of connection, address and time, beside %s of the same scenario", b.Cause))
			case scenarios && about(a, "None of the known causes fits") && (b.Cause == cause.EndpointSplit || b.Cause == cause.DeployPropagating):
				out = append(out, fmt.Sprintf("none of the known causes fits, beside %s of the same scenario", b.Cause))
			}
		}
	}
	return out
}
