package analyze

import (
	"strings"
	"testing"

	"stageprobe/analyze/cause"
)

// TestConsistentIsNotHealthy: the verdict of a target that always fails says so,
// unless the failure is what is expected.
func TestConsistentIsNotHealthy(t *testing.T) {
	met := true
	for _, tt := range []struct {
		name     string
		statuses []int
		expects  []Expectation
		says     bool
	}{
		{"always fails", []int{502}, nil, true},
		{"fails in two ways", []int{502, 504}, nil, true},
		{"fails at times", []int{200, 502}, nil, false},
		{"works", []int{200}, nil, false},
		{"is meant to fail", []int{502}, []Expectation{{Scenario: "orders", Target: "a/prod", Expectation: "status 502", Met: &met}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			target := Target{ID: "a/prod", Requests: 900}
			for _, status := range tt.statuses {
				target.Clusters = append(target.Clusters, Cluster{Scenario: "orders", Status: status})
			}
			rep := Report{Run: Run{Requests: 900, Confidence: .99}, Targets: []Target{target}, Expectations: tt.expects}
			rep.Conclude(cause.Error)
			if rep.Outcome != Consistent || rep.ExitCode != ExitOK {
				t.Errorf("outcome %s, exit code %d: the contract calls alike answers consistent", rep.Outcome, rep.ExitCode)
			}
			if got := strings.Contains(strings.Join(rep.Verdict, "\n"), "Consistent is not healthy: every answer to orders on a/prod is a failure"); got != tt.says {
				t.Errorf("verdict %q, want it said: %t", rep.Verdict, tt.says)
			}
		})
	}
}
