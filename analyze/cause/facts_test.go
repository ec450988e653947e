package cause

import (
	"testing"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// TestCanariesThatAreLent to a target whose mapping was not read, by the stage meant.
func TestCanariesThatAreLent(t *testing.T) {
	ref := &probe.StageRef{APIID: "a", Stage: "s1"}
	for name, tt := range map[string]struct {
		t    probe.Target
		n    int
		want bool
	}{
		"unread": {probe.Target{Kind: probe.CustomDomain, Meant: ref}, 5, true}, "the stage was not asked": {probe.Target{Kind: probe.CustomDomain, Meant: ref}, 0, false}, "meant for nothing": {probe.Target{Kind: probe.CustomDomain}, 5, false},
		"mapped": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Meant: ref}, 5, false}, "with a canary": {probe.Target{Kind: probe.CustomDomain, Meant: ref, Canary: &probe.Canary{}}, 5, false},
	} {
		in := &Input{Clusters: behaviours(served200(), served200())}
		tt.t.ID = "t0"
		in.Plan.Targets = []probe.Target{tt.t, {ID: "t1", Kind: probe.InvokeURL, APIID: "a", Stage: "s1", Canary: &probe.Canary{Percent: 20}}}
		fx := given(in, [][]int{{0}}, [][]int{repeated(tt.n, 1)})
		lend(fx, fx.targets[0])
		if got := fx.targets[0].lent != nil; got != tt.want || got && (fx.targets[0].share() != .2 || configured(fx.targets[0]) == nil) {
			t.Errorf("%s: lent %v", name, got)
		}
	}
}

// The usual answer is the one that the partition calls so, else what came oftenest but lost
// requests.
func TestTheUsualAnswer(t *testing.T) {
	lost := replied(0, signature.Network, "", "")
	reference := served200()
	reference.Reference = true
	for name, tt := range map[string]struct {
		of   []*Cluster
		rows []int
		want int
	}{"most": {[]*Cluster{served200(), served200()}, []int{0, 1, 1}, 1}, "lost ones": {[]*Cluster{served200(), lost}, []int{0, 1, 1}, 0}, "all lost": {[]*Cluster{lost}, []int{0}, 0}, "as it is called": {[]*Cluster{reference, served200()}, []int{0, 1, 1}, 0}, "none": {[]*Cluster{served200()}, nil, -1}} {
		fx := given(&Input{Clusters: behaviours(tt.of...)}, [][]int{tt.rows})
		if got := fx.targets[0].cells[0].ref; got != tt.want {
			t.Errorf("%s: %d is usual, want %d", name, got, tt.want)
		}
	}
}
