package cause

import (
	"testing"

	"stageprobe/analyze/behaviour"
	"stageprobe/probe"
)

// TestSummaryOfACutAnswer: an answer that began is called by its status and by how it ended.
func TestSummaryOfACutAnswer(t *testing.T) {
	usual := &behaviour.Cluster{Status: 200, Outcome: probe.OutcomeResponse}
	for outcome, want := range map[probe.Outcome]string{
		probe.OutcomeReset: "200 that breaks off", probe.OutcomeTimeout: "200 that does not end in time", probe.OutcomeResponse: "200",
	} {
		if got := Summary(&behaviour.Cluster{Status: 200, Outcome: outcome}, usual); got != want {
			t.Errorf("%s: %q", outcome, got)
		}
	}
}
