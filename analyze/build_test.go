package analyze

import (
	"testing"

	"stageprobe/analyze/cause"
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
