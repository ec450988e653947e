package cause

import (
	"reflect"
	"slices"
	"testing"

	"stageprobe/probe"
)

// TestWhatAnotherStageServes of a target that two serve is what deviates, in every scenario.
func TestWhatAnotherStageServes(t *testing.T) {
	other := probe.StageRef{APIID: "a", Stage: "s1"}
	fx := given(&Input{Clusters: behaviours(served200(), served200(), served200(), served200())}, [][]int{{0, 0, 0, 1}, {2, 2, 3}})
	for i, stage := range []string{"s0", "s0", "s0", "s1", "s1", "s1", "s0"} {
		fx.Rows[i].ServedAPI, fx.Rows[i].ServedStage = "a", stage
	}
	sh := &sharing{rival: other}
	x := sharedSplit(fx, nothingKnown(fx), fx.targets[0], sh)
	if x == nil || !slices.Equal(x.clusters, []int{1, 3}) || x.k != 3 || !reflect.DeepEqual(x.draws, marked(0, 0, 0, 1, 1, 1, 0)) {
		t.Errorf("%+v", x)
	}
	for i := range fx.Rows {
		fx.Rows[i].ServedStage = "s0"
	}
	if x := sharedSplit(fx, nothingKnown(fx), fx.targets[0], sh); x != nil {
		t.Errorf("nothing is the other's: %+v", x)
	}
}

// The address decides where it drives the answers, and else nothing is said to.
func TestWhatDrawsAStage(t *testing.T) {
	for name, tt := range map[string]struct {
		remote func(i int) string
		want   StageDrawn
	}{
		"by address": {func(i int) string { return []string{"x", "y"}[i%2] }, StageDrawn{Factor: "address", Levels: []string{"y"}}}, "by chance": {func(i int) string { return []string{"x", "y"}[i/2%2] }, StageDrawn{}},
		"by chance, the address of half not known": {func(i int) string { return []string{"", "x", "", "y"}[i/2%4] }, StageDrawn{}},
	} {
		in := &Input{MinShare: .01, Clusters: behaviours(served200(), served200())}
		var of []int
		for i := range 80 {
			of = append(of, i%2)
		}
		fx := given(in, [][]int{of})
		for i := range in.Rows {
			in.Rows[i].Remote, in.Rows[i].ConnN, in.Rows[i].Conn = tt.remote(i), 1, i
		}
		x := &split{sub: fx.targets[0], cells: fx.targets[0].cells, clusters: []int{1}, usual: []int{0}, n: 80, k: 40}
		for i := range 80 {
			x.draws = append(x.draws, draw{i, i%2 == 1})
		}
		if got := sharedBy(fx, x); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A behaviour is the other stage's where most of its requests are by the logs.
func TestBehavioursOfTheOther(t *testing.T) {
	sh := &sharing{rival: probe.StageRef{APIID: "a", Stage: "s1"}}
	for _, tt := range []struct {
		served []string
		want   bool
	}{{[]string{"s1", "s1", "s0"}, true}, {[]string{"s1", "s0"}, false}, {[]string{"s0"}, false}, {[]string{""}, false}, {[]string{"s1", ""}, true}} {
		fx := given(&Input{Clusters: behaviours(served200())}, [][]int{repeated(len(tt.served), 0)})
		for i, stage := range tt.served {
			fx.Rows[i].ServedAPI, fx.Rows[i].ServedStage = "a", stage
		}
		if got := theirs(fx, fx.targets[0], sh, fx.targets[0].cells[0], 0); got != tt.want {
			t.Errorf("served by %q: the other's %v", tt.served, got)
		}
	}
}
