package cause

import (
	"slices"
	"testing"

	"stageprobe/analyze/signature"
)

// TestNothingButThrottles: three throttled requests and nothing else give a target up, and
// that all since a moment were refused is said of forty.
func TestNothingButThrottles(t *testing.T) {
	limited := replied(429, signature.Gateway, "THROTTLED", "")
	limited.Class = signature.Throttled
	for n, want := range map[int]bool{2: false, 3: true} {
		in := &Input{MinShare: .01, Confidence: .99, Clusters: behaviours(limited)}
		fx := given(in, [][]int{repeated(n, 0)})
		c := fx.targets[0].cells[0]
		c.throttled, c.rows, c.count = c.rows, nil, map[int]int{}
		if v := throttled(fx, nil); len(v.Found) != 1 || (len(v.closed) == 1) != want {
			t.Errorf("%d throttled: %+v", n, v)
		}
	}
	for n, want := range map[int]bool{Barren - 1: false, Barren: true} {
		in := &Input{Clusters: behaviours(limited)}
		fx := given(in, [][]int{repeated(n, 0)})
		c := fx.targets[0].cells[0]
		c.throttled, c.rows = c.rows, nil
		f := throttledFinding(fx, fx.targets[0], c.throttled, n, true)
		if got := slices.ContainsFunc(f.Says, func(s Fact) bool { all, ok := s.(AllRefusedSince); return ok && all.N == n }); got != want {
			t.Errorf("%d throttled in a row are said to be: %v", n, got)
		}
	}
}
