package stat

import (
	"math/rand/v2"
	"testing"
)

func TestSparseIsWhatBlocksGive(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var s Sparse
	for range 200 {
		var b Blocks
		var g Grown
		var on []int
		n, share, first := rng.IntN(5*BlockRows), rng.Float64()*rng.Float64(), rng.IntN(9)
		for i := range n {
			is := rng.Float64() < share
			if b.Add(is); is {
				on = append(on, first+i)
			}
			if i < n-1 && rng.IntN(n) > 5 {
				continue
			}
			for _, g := range []*Grown{&g, {}} { // as it grew, and from memory
				if got, want := s.LogD(g, first, i+1, on), b.LogD(); got != want {
					t.Fatalf("D of %d rows, %d of them on: %v, want %v", i+1, len(on), got, want)
				}
			}
		}
	}
}
