package analyze_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	got, err := json.MarshalIndent(map[string]any{"run": rep.Run, "targets": rep.Targets, "logs": rep.Logs, "config": rep.Config, "open": len(rep.Open),
		"findings": len(rep.Findings), "efficiencies": rep.Efficiencies, "outcome": rep.Outcome, "exit": rep.ExitCode}, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/demo.golden"
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(want)), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s\n(go test ./analyze -run TestWholeReport -update writes it anew)", diff)
	}
}
