package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"stageprobe/analyze/attribution"
	"stageprobe/analyze/cluster"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// summary names a behaviour in a few words: its status, and the gateway
// response, or who made it where that is not the integration.
func summary(c *cluster.Cluster) string {
	switch {
	case c.Overflow:
		return "other answers"
	case c.Status == 0:
		return string(c.Outcome)
	case c.Reading.GatewayResponse != "":
		return fmt.Sprintf("%d %s", c.Status, c.Reading.GatewayResponse)
	case c.Reading.ErrorType != "":
		return fmt.Sprintf("%d %s", c.Status, c.Reading.ErrorType)
	}
	return strconv.Itoa(c.Status)
}

// content stands for the status and body of a behaviour, with the target's own
// host and base path left out: a body may echo them.
func content(c *cluster.Cluster, base string) string {
	a, err := probe.ParseURL(base)
	if err != nil || c.Overflow {
		return ""
	}
	var b strings.Builder
	for _, f := range c.Fields {
		if !strings.HasPrefix(f.Path, "/") && !strings.HasPrefix(f.Path, ":") {
			continue // a header
		}
		value := strings.ReplaceAll(f.String(), a.Host, "{host}")
		if len(a.Path) > 1 {
			value = strings.ReplaceAll(value, strings.TrimSuffix(a.Path, "/"), "")
		}
		fmt.Fprintf(&b, "%s=%s\n", f.Path, value)
	}
	return strconv.FormatUint(signature.Hash(b.String()), 16)
}

// tell adds to a summary a field in which a behaviour differs from the usual
// one, where the summary alone would not tell the two apart; best one that both
// have.
func tell(text string, c, usual *cluster.Cluster) string {
	if usual == nil || usual == c || text != summary(usual) {
		return text
	}
	diffs := cluster.Differs(usual, c)
	at := slices.IndexFunc(diffs, func(d cluster.Diff) bool { return d.A != "" && d.B != "" })
	if at < 0 {
		at = 0
	}
	if len(diffs) == 0 {
		return text
	}
	return fmt.Sprintf("%s, %s %s", text, diffs[at].Field, shorten(cmp.Or(diffs[at].B, "absent"), 24))
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func percent(p float64) string {
	switch {
	case p >= 0.1:
		return strconv.FormatFloat(100*p, 'f', 0, 64) + " %"
	case p >= 0.001:
		return strconv.FormatFloat(100*p, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(100*p, 'g', 2, 64) + " %"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func latency(values []float64) Latency {
	if len(values) == 0 {
		return Latency{}
	}
	s := stat.Describe(values)
	return Latency{P50: s.P50, P90: s.P90, P99: s.P99, Max: s.Max}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func unique(list []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(s string) bool {
		was := seen[s]
		seen[s] = true
		return was
	})
}

func steps(r *attribution.Result) []Step {
	out := make([]Step, len(r.Steps))
	for i, s := range r.Steps {
		out[i] = Step{N: i + 1, Name: s.Name, Status: s.Status, Note: s.Note}
	}
	return out
}

func questions(open []attribution.Open) []Question {
	var out []Question
	for _, o := range open {
		out = append(out, Question{
			Target: o.Target, Text: o.Question, Leader: o.Leader,
			Percent: int(100*o.Posterior + 0.5), More: o.More, Enable: o.Enable,
		})
	}
	return out
}

func efficiency(e *attribution.Efficiency) *Efficiency {
	if e == nil {
		return nil
	}
	return &Efficiency{Ratio: e.Ratio, Bound: e.Bound, Used: e.Used, Question: e.Question}
}

// addExpectationFindings turns unmet expectations into findings where no other
// finding of the same target says why.
func (rep *Report) addExpectationFindings() {
	for _, e := range rep.Expectations {
		if e.Met == nil || *e.Met || rep.explained(e) {
			continue
		}
		rep.Findings = append(rep.Findings, attribution.Finding{
			Cause: attribution.ExpectationFailed, Severity: attribution.Error, Linked: attribution.Proven,
			Targets: []string{e.Target}, Scenarios: []string{e.Scenario}, Step: 6,
			Statement: fmt.Sprintf("%s on %s: expected %s, observed %s.", e.Scenario, e.Target, e.Expectation, strings.TrimSuffix(e.Observed, ".")),
			Evidence:  []string{"expected " + e.Expectation, "observed " + e.Observed},
			Remedy:    []attribution.Remedy{},
		})
	}
}

// explained says whether an error finding on the same target and scenario
// already says why an expectation is not met.
func (rep *Report) explained(e Expectation) bool {
	return slices.ContainsFunc(rep.Findings, func(f attribution.Finding) bool {
		return f.Cause != attribution.ExpectationFailed && f.Severity != attribution.Info &&
			slices.Contains(f.Targets, e.Target) &&
			(len(f.Scenarios) == 0 || slices.Contains(f.Scenarios, e.Scenario))
	})
}
