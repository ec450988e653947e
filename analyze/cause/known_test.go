package cause

import (
	"slices"
	"testing"

	"stageprobe/probe"
)

// TestTargetsThatAreDone: an error is decided for them, and no open question is of them, of
// their stage or of what is meant to serve it.
func TestTargetsThatAreDone(t *testing.T) {
	in := &Input{Clusters: behaviours(served200())}
	ref := probe.StageRef{APIID: "a", Stage: "s0"}
	in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0"}, {ID: "t1", APIID: "a", Stage: "s0"}, {ID: "t2", APIID: "b", Stage: "s0", Meant: &ref}, {ID: "t3", APIID: "a", Stage: "s3"}, {ID: "t4", APIID: "b", Stage: "s4", Meant: &probe.StageRef{APIID: "b", Stage: "s0"}}}
	fx := given(in, [][]int{{0}}, [][]int{{}}, [][]int{{}}, [][]int{{}}, [][]int{{}})
	known := nothingKnown(fx)
	known.found = []Finding{{Cause: WrongStage, Severity: Error, Targets: []string{"t0"}}}
	for of, want := range map[string]bool{"t0": false, "t1": false, "t2": false, "t3": true, "t4": true, "none": true} {
		if got := known.ended([]Question{{Target: of}}); slices.Equal(got, []int{0}) != want || len(got) > 1 {
			t.Errorf("with a question of %s open %v are done", of, got)
		}
	}
	for _, tt := range []struct {
		f    Finding
		want bool
	}{
		{Finding{Cause: CanarySplit, Targets: []string{"t0"}}, true}, {Finding{Cause: CanarySplit, Targets: []string{"t1"}}, false}, {Finding{Cause: FlakyBackend, Targets: []string{"t0"}}, false},
		{Finding{Cause: FlakyBackend, Targets: []string{"t0"}, Alternatives: []Alternative{{Cause: CanarySplit}}}, true}, {Finding{Cause: FlakyBackend, Targets: []string{"t0"}, Alternatives: []Alternative{{Cause: BackendSplit}}}, false},
	} {
		known.found = []Finding{tt.f}
		if got := known.blames(fx.targets[0], CanarySplit); got != tt.want {
			t.Errorf("%+v blames a canary: %v", tt.f, got)
		}
	}
}
