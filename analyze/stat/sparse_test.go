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
		var on []int
		n, share := rng.IntN(5*BlockRows), rng.Float64()*rng.Float64()
		for i := range n {
			is := rng.Float64() < share
			if b.Add(is); is {
				on = append(on, i)
			}
		}
		for range 2 { // the second time from memory
			if got, want := s.LogD(n, on), b.LogD(); got != want {
				t.Fatalf("D of %d rows, %d of them on: %v, want %v", n, len(on), got, want)
			}
		}
	}
}
