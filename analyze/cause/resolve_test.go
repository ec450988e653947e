package cause

import (
	"reflect"
	"slices"
	"testing"
)

// Of two findings of one matter the stronger speaks, with what the other saw.
func TestFindingsOfOneMatter(t *testing.T) {
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
