package analyze

import (
	"testing"

	"stageprobe/analyze/cause"
)

// A canary that the configuration has no longer is gone whatever else is open; one
// that is still set, or of which nothing was read, needs the answers.
func TestBaselineOfARemovedCanary(t *testing.T) {
	const prod = "a1/prod"
	open := []Question{{Target: prod}}
	for _, c := range []struct {
		name   string
		target Target
		open   []Question
		cause  cause.ID
		want   string
	}{
		{"removed", Target{ID: prod, DeploymentID: "d2", Requests: 9}, open, cause.CanarySplit, "mended"},
		{"stale and removed", Target{ID: prod, DeploymentID: "d2", Requests: 9}, open, cause.StaleCanary, "mended"},
		{"still set", Target{ID: prod, DeploymentID: "d2", Requests: 9, Canary: &Canary{Percent: 10}}, open, cause.CanarySplit, "not checked this time"},
		{"configuration unread", Target{ID: prod, Requests: 9}, open, cause.CanarySplit, "not checked this time"},
		{"another cause", Target{ID: prod, DeploymentID: "d2", Requests: 9}, open, cause.FlakyBackend, "not checked this time"},
		{"nothing open", Target{ID: prod, DeploymentID: "d2", Requests: 9}, nil, cause.FlakyBackend, "mended"},
		{"not reached", Target{ID: prod, DeploymentID: "d2"}, nil, cause.CanarySplit, "not checked this time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rep := &Report{Targets: []Target{c.target}, Open: c.open}
			rep.Compare(&Report{Findings: []cause.Finding{{Cause: c.cause, Targets: []string{prod}}}})
			if len(rep.Mended) != 1 || rep.Mended[0].Baseline != c.want {
				t.Errorf("%v, want %s", rep.Mended, c.want)
			}
		})
	}
}
