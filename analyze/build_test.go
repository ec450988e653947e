package analyze

import (
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

func TestLogsNoteCountsOne(t *testing.T) {
	for late, want := range map[int]string{0: "", 1: "1 request may still be logged later", 2: "2 requests may still be logged later"} {
		if got := logsNote(cause.LogState{Matched: 5, Late: late}, 1); got != want {
			t.Errorf("%d: %q", late, got)
		}
	}
}

// The verdict names the target of a question that is left, and does not pass
// over the others.
func TestDoubtNamesTheTarget(t *testing.T) {
	rep := &Report{Run: Run{Requests: 9, Stopped: "decided"}, Open: []Question{{Target: "a/prod", Text: "what it serves"}, {Target: "b/dev", Text: "what it serves"}}}
	if got, want := rep.doubt(), "Undecided: a/prod: what it serves; 1 more question left open."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A target that no request was found for is no part of "everything answers alike".
func TestTargetsWithoutRequestsAreOpen(t *testing.T) {
	plan := probe.Plan{
		Targets:   []probe.Target{{ID: "abc123/prod"}, {ID: "api.example.com"}},
		Scenarios: []probe.Scenario{{Name: "GET /", Method: "GET", Targets: []string{"abc123/prod"}}},
	}
	for _, everywhere := range []bool{false, true} {
		if everywhere {
			plan.Scenarios[0].Targets = nil
		}
		rep := NewSession(plan, probe.Snapshot{}, Policy{}).Report(Ending{Stopped: "budget"})
		open := slices.ContainsFunc(rep.Open, func(q Question) bool {
			return q.Target == "api.example.com" && strings.Contains(q.Text, "nothing was found that may be sent to it")
		})
		if open == everywhere {
			t.Errorf("a scenario for every target: %v, yet the question is open: %v", everywhere, open)
		}
	}
}
