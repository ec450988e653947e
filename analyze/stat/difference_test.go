package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRateDifferenceAgainstAGrid(t *testing.T) {
	for _, c := range [][2]BinCount{
		{{3, 20}, {10, 180}}, {{0, 40}, {12, 300}}, {{15, 15}, {0, 30}}, {{0, 9}, {0, 90}}, {{30, 60}, {31, 60}},
	} {
		low, high := RateDifference(c[0], c[1], .01)
		from, to := 1., -1.
		const steps = 400
		for i := range steps + 1 {
			for j := range steps + 1 {
				a, b := float64(i)/steps, float64(j)/steps
				if c[0].kt()+c[1].kt()-c[0].log(a)-c[1].log(b) < math.Log(100) {
					from, to = min(from, a-b), max(to, a-b)
				}
			}
		}
		near(t, fmt.Sprintf("low of %v", c), low, from, 2./steps)
		near(t, fmt.Sprintf("high of %v", c), high, to, 2./steps)
	}
	if low, high := RateDifference(BinCount{}, BinCount{3, 9}, .01); low != -1 || high != 1 {
		t.Errorf("without rows on one side: [%g, %g]", low, high)
	}
}

// burstsOf is a rate in bursts of the given mean length.
func burstsOf(rng *rand.Rand, rate, length float64) func() bool {
	state := rng.Float64() < rate
	return func() bool {
		if leave := 1 / length; state && rng.Float64() < leave || !state && rng.Float64() < leave*rate/(1-rate) {
			state = !state
		}
		return state
	}
}

// everOutside tells whether the interval of the difference excludes a-b at some
// look within n rows.
func everOutside(rng *rand.Rand, n int, p, diff float64, base, canary func() bool) bool {
	var side [2]BinCount
	for i := range n {
		on := rng.Float64() < p
		draw := []func() bool{base, canary}[bit(on)]
		b := &side[bit(on)]
		b.K, b.N = b.K+bit(draw()), b.N+1
		if !look(i) {
			continue
		}
		if apartLogE(side[1], side[0], diff) >= math.Log(100) {
			return true
		}
	}
	return false
}

func TestRateDifferenceHoldsAtAnyTimeAndUnderBursts(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	coin := func(rate float64) func() bool { return func() bool { return rng.Float64() < rate } }
	for _, truth := range [][3]float64{{.1, .06, .06}, {.5, .2, .2}, {.1, .9, .05}, {.1, 0, .3}} {
		total, missed := repeats(500), 0
		for range total {
			missed += bit(everOutside(rng, 400, truth[0], truth[1]-truth[2], coin(truth[2]), coin(truth[1])))
		}
		rarely(t, fmt.Sprintf("difference at share, a, b of %v missed", truth), missed, total)
	}
	for _, truth := range [][3]float64{{.1, .1, 20}, {.5, .3, 50}, {.02, .5, 100}} {
		total, missed := repeats(500), 0
		for range total {
			both := burstsOf(rng, truth[1], truth[2])
			missed += bit(everOutside(rng, 400, truth[0], 0, both, both))
		}
		rarely(t, fmt.Sprintf("difference under bursts at share, rate, length of %v missed", truth), missed, total)
	}
}

// TestNotExplainedRequests holds the requests until a flake is said not to go
// with the canary against what separate intervals of both rates took.
func TestNotExplainedRequests(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	for _, c := range []struct{ p, rate, most float64 }{{.1, .2, 20}, {.1, .06, 370}, {.5, .2, 530}, {.5, .06, 2400}} {
		var needs []int
		for range repeats(40) {
			var side [2]BinCount
			n := 0
			for excluded := false; !excluded; n++ {
				b := &side[bit(rng.Float64() < c.p)]
				b.K, b.N = b.K+bit(rng.Float64() < c.rate), b.N+1
				if look(n) {
					excluded, _, _ = NotExplained(side[1], side[0], .01)
				}
			}
			needs = append(needs, n)
		}
		slices.Sort(needs)
		median := float64(needs[len(needs)/2])
		t.Logf("canary %g, flake %g: %g requests", c.p, c.rate, median)
		if median > 1.1*c.most || median < 5 {
			t.Errorf("canary %g, flake %g: %g requests, want at most %g", c.p, c.rate, median, c.most)
		}
	}
	if excluded, _, _ := NotExplained(BinCount{100, 100}, BinCount{0, 900}, .01); excluded {
		t.Error("a clean split is not excluded")
	}
	if excluded, _, _ := NotExplained(BinCount{0, 5000}, BinCount{0, 5000}, .01); excluded {
		t.Error("nothing differs, so there is nothing to explain")
	}
}

func TestBlockedIntervalCoversUnderBursts(t *testing.T) {
	rng := rand.New(rand.NewPCG(25, 26))
	for _, c := range []struct{ rate, length float64 }{{.1, 1}, {.1, 5}, {.3, 20}, {.05, 40}} {
		var missed, naive, shown int
		total := repeats(500)
		for range total {
			draw := burstsOf(rng, c.rate, c.length)
			blocks := make([]BinCount, 200)
			var all BinCount
			for i := range blocks {
				for range 20 {
					blocks[i] = blocks[i].Plus(BinCount{bit(draw()), 1})
				}
				all = all.Plus(blocks[i])
			}
			if low, high, ok := BlockedInterval(blocks, .01); ok {
				shown++
				missed += bit(c.rate < low || c.rate > high)
			}
			low, high := ConfSeq(all.K, all.N, .01)
			naive += bit(c.rate < low || c.rate > high)
		}
		t.Logf("rate %g in bursts of %g: shown %d, naive misses %d", c.rate, c.length, shown, naive)
		rarely(t, fmt.Sprintf("interval of %g in bursts of %g missed", c.rate, c.length), missed, total)
		if shown < total/2 && c.length < 40 {
			t.Errorf("rate %g in bursts of %g: shown in %d of %d only", c.rate, c.length, shown, total)
		}
	}
	if _, _, ok := BlockedInterval(make([]BinCount, 50), .01); ok {
		t.Error("an interval of no rows")
	}
	if _, _, ok := BlockedInterval(slices.Repeat([]BinCount{{2, 20}}, 15), .01); ok {
		t.Error("an interval from 15 blocks")
	}
	low, high, ok := BlockedInterval(slices.Repeat([]BinCount{{2, 20}}, 100), .01)
	l, h := ConfSeq(200, 2000, .01)
	if !ok || math.Abs(low-l) > 1e-9 || math.Abs(high-h) > 1e-9 {
		t.Errorf("blocks that spread less than chance: [%g, %g], want [%g, %g]", low, high, l, h)
	}
}
