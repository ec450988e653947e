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
// finding of the same target says why.
func (rep *Report) addExpectationFindings() {
	for _, e := range rep.Expectations {
		if e.Met == nil || *e.Met || rep.explained(e) {
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

// explained says whether an error finding on the same target and scenario
// already says why an expectation is not met.
func (rep *Report) explained(e Expectation) bool {
	return slices.ContainsFunc(rep.Findings, func(f cause.Finding) bool {
		return f.Cause != cause.ExpectationFailed && f.Severity != cause.Info &&
			slices.Contains(f.Targets, e.Target) &&
			(len(f.Scenarios) == 0 || slices.Contains(f.Scenarios, e.Scenario))
	})
}
