package analyze

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/stat"
)

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func latency(values []float64) Latency {
	if len(values) == 0 {
		return Latency{}
	}
	s := stat.Describe(values)
	return Latency{P50: s.P50, P90: s.P90, P99: s.P99, Max: s.Max}
}

// later is the later of two moments, earlier the earlier of those that are known.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
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

// addExpectationFindings turns unmet expectations into findings where no other
// finding of the same target says why; one that does is an error, as what somebody
// expects is not met.
func (rep *Report) addExpectationFindings() {
	for _, e := range rep.Expectations {
		if e.Met == nil || *e.Met {
			continue
		}
		if i := rep.explained(e); i >= 0 {
			rep.Findings[i].Severity = cause.Error
			continue
		}
		rep.Findings = append(rep.Findings, cause.Finding{
			Cause: cause.ExpectationFailed, Severity: cause.Error, Linked: cause.Proven,
			Targets: []string{e.Target}, Scenarios: []string{e.Scenario}, Step: 6,
			Statement: fmt.Sprintf("%s on %s: expected %s, observed %s.", e.Scenario, e.Target, e.Expectation, strings.TrimSuffix(e.Observed, ".")),
			Evidence:  []string{"expected " + e.Expectation, "observed " + e.Observed},
			Remedy:    []cause.Remedy{},
		})
	}
}

// explained is the finding on the same target and scenario that says why an
// expectation is not met: the first error, else the first warning; -1 where there is
// none. What only the configuration tells, and no answer, explains none.
func (rep *Report) explained(e Expectation) int {
	says := func(severity cause.Severity) int {
		return slices.IndexFunc(rep.Findings, func(f cause.Finding) bool {
			c := cause.Of(f.Cause)
			return f.Cause != cause.ExpectationFailed && f.Severity == severity && slices.Contains(f.Targets, e.Target) &&
				(len(f.Scenarios) == 0 || slices.Contains(f.Scenarios, e.Scenario)) &&
				(severity == cause.Error || c == nil || !c.Configured)
		})
	}
	if i := says(cause.Error); i >= 0 {
		return i
	}
	return says(cause.Warning)
}
