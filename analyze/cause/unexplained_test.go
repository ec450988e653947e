package cause

import (
	"slices"
	"testing"
)

// What came through a CDN may be divided there, up to a fifth of it.
func TestWhatCameThroughACDNMayBeDivided(t *testing.T) {
	for _, tt := range []struct {
		fronted bool
		k       int
		want    bool
	}{{true, 4, true}, {true, 5, false}, {false, 4, false}} {
		fx := given(&Input{MinShare: .01, Confidence: .99, Clusters: behaviours(served200(), served200())}, [][]int{slices.Concat(repeated(20-tt.k, 0), repeated(tt.k, 1))})
		for i := range fx.Rows {
			fx.Rows[i].Fronted = tt.fronted
		}
		x := settle(fx, &split{sub: fx.targets[0], clusters: []int{1}})
		known := nothingKnown(fx)
		known.decided = []*decision{{weighing: &weighing{split: x, parts: []*split{x}}, cause: UnexplainedSplit}}
		v := unexplainedSplit(fx, known)
		if got := slices.Contains(v.Found[0].Says, Fact(Topic("came through a CDN"))); got != tt.want || got != slices.Contains(v.Found[0].Alternatives, Alternative{Cause: EdgeCache}) {
			t.Errorf("%d of 20, through a CDN %v: said %v", tt.k, tt.fronted, got)
		}
	}
}
