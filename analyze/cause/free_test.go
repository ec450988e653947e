package cause

import (
	"testing"

	"stageprobe/analyze/behaviour"
	"stageprobe/probe"
)

// TestFieldsOfTwoValues: with an even share chance decides which value is the rarer one, so
// that one scenario counts.
func TestFieldsOfTwoValues(t *testing.T) {
	pair := func(scenario, rare, n int) behaviour.Pair {
		p := behaviour.Pair{Mark: behaviour.Mark{Scenario: scenario}, K: rare, Rare: make([]bool, n)}
		for i := range rare {
			p.Rare[i] = true
		}
		return p
	}
	for _, tt := range []struct {
		percent    float64
		pairs      []behaviour.Pair
		kept, k, n int
	}{{10, []behaviour.Pair{pair(0, 1, 10), pair(1, 2, 20)}, 2, 3, 30}, {50, []behaviour.Pair{pair(0, 4, 10), pair(1, 9, 20)}, 1, 9, 20}, {50, []behaviour.Pair{pair(1, 9, 20)}, 1, 9, 20}} {
		fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{repeated(10, 0), repeated(20, 1)})
		sub := fx.targets[0]
		sub.Canary = &probe.Canary{Percent: tt.percent}
		f := &freeField{pairs: tt.pairs}
		for _, p := range tt.pairs {
			f.k, f.n = f.k+p.K, f.n+len(p.Rare)
		}
		if f.weigh(fx, sub, map[int][]int{0: sub.cells[0].rows, 1: sub.cells[1].rows}); len(f.pairs) != tt.kept || f.k != tt.k || f.n != tt.n {
			t.Errorf("at %g %%: %d fields, %d of %d", tt.percent, len(f.pairs), f.k, f.n)
		}
	}
}

// TestFieldsThatAreShown: a finding names as many fields as a table holds, and says of how many
// more the same is true.
func TestFieldsThatAreShown(t *testing.T) {
	for n, shown := range map[int]int{1: 1, mostDiffers: mostDiffers, mostDiffers + 1: mostDiffers} {
		fx := given(&Input{Clusters: behaviours(served200())}, [][]int{repeated(10, 0)})
		sub := fx.targets[0]
		sub.Canary = &probe.Canary{Percent: 10}
		var fits []*freeField
		for range n {
			pair := behaviour.Pair{Mark: behaviour.Mark{Values: []behaviour.Level{{Text: "usual"}, {Text: "rare"}}}, K: 1, Rare: make([]bool, 10)}
			fits = append(fits, &freeField{pairs: []behaviour.Pair{pair}, k: 1, n: 10})
		}
		f := freeFinding(fx, sub, fits)
		if says := f.Says[len(f.Says)-1].(MayBeCanary); len(f.Differs) != shown || says.More != n-1 {
			t.Errorf("of %d fields %d are shown, and %d more said to be", n, len(f.Differs), says.More)
		}
	}
}
