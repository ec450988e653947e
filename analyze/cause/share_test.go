package cause

import (
	"math/rand/v2"
	"testing"
)

// Where answers come in stretches, as failures do, the interval of their share holds the
// truth or is not shown.
func TestTheShareOfBurstsIsHeldOrNotShown(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	shown, missed := 0, 0
	for range 400 {
		n, stay := 100+rng.IntN(1500), 1-1/float64(2+rng.IntN(19))
		q := .02 + .3*rng.Float64()
		start := q / (1 - q) * (1 - stay) // so that a share q of the answers is in a burst
		bits, in := make([]bool, n), rng.Float64() < q
		for i := range bits {
			if in {
				in = rng.Float64() < stay
			} else {
				in = rng.Float64() < start
			}
			bits[i] = in
		}
		if i := ShareOf(bits, .01); i != nil {
			shown++
			if q < i.Low || q > i.High {
				missed++
			}
		}
	}
	t.Logf("%d of %d missed", missed, shown)
	if shown < 100 || missed*20 > shown {
		t.Errorf("of 400 shares of bursts %d are shown with an interval, and %d of these miss the truth", shown, missed)
	}
}
