package analyze_test

import (
	"flag"
	"testing"

	"stageprobe/analyze"
	"stageprobe/probe/recording"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestWholeReport holds every count, share, time and fact of the demo's report against
// testdata. What it says in words is held elsewhere.
func TestWholeReport(t *testing.T) {
	rec, err := recording.Open("testdata/demo.jsonl.zst")
	if err != nil {
		t.Fatal(err)
	}
	rep, err := analyze.Replay(t.Context(), rec, analyze.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "demo", map[string]any{"run": rep.Run, "targets": rep.Targets, "logs": rep.Logs, "config": rep.Config, "open": len(rep.Open),
		"findings": len(rep.Findings), "efficiencies": rep.Efficiencies, "outcome": rep.Outcome, "exit": rep.ExitCode})
}
