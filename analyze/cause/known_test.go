package cause

import (
	"reflect"
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
	// Of two findings of one matter the stronger speaks, with what the other saw.
	a := Finding{key: "k", Linked: ConsistentWith, Targets: []string{"t0"}, Scenarios: []string{"x"}, Says: []Fact{Topic("weak")}, Proof: []Fact{Topic("p")}, Clusters: []string{"k0"}, rests: []int{0}}
	b := Finding{key: "k", Linked: Proven, Targets: []string{"t1"}, Scenarios: []string{"x", "y"}, Says: []Fact{Topic("strong")}, Proof: []Fact{Topic("q")}, Clusters: []string{"k1"}, rests: []int{1}}
	for i, pair := range [][]Finding{{a, b}, {b, a}} {
		got := joined(append(pair, Finding{key: "other"}))
		if len(got) != 2 || got[0].Linked != Proven || !slices.Equal(got[0].Targets, []string{"t0", "t1"}) || !reflect.DeepEqual(got[0].Says, []Fact{Topic("strong"), SeenThrough{Targets: []string{"t0"}}}) ||
			!slices.Equal(got[0].Scenarios, []string{"x", "y"}) || len(got[0].Proof) != 2 || len(got[0].Clusters) != 2 || len(got[0].rests) != 2 {
			t.Errorf("%d: %+v", i, got)
		}
	}
	b.Targets, b.Scenarios = []string{"t0"}, []string{"y"}
	if got := joined([]Finding{a, b}); len(got[0].Says) != 1 || !slices.Equal(got[0].Targets, []string{"t0"}) || !slices.Equal(got[0].Scenarios, []string{"y", "x"}) {
		t.Errorf("of one target: %+v", got)
	}
}
