package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestFarLogSupAgainstAGrid compares the constrained maximum with a search of all
// laws on a grid, which can only be lower, and with the grid's resolution.
func TestFarLogSupAgainstAGrid(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	draw := func() BinCount { n := 1 + rng.IntN(25); return BinCount{rng.IntN(n + 1), n} }
	cases := [][3]BinCount{
		{{30, 30}, {30, 30}, {0, 30}}, {{0, 30}, {0, 30}, {30, 30}}, {{10, 20}, {10, 20}, {0, 20}},
		{{19, 20}, {18, 20}, {1, 20}}, {{5, 20}, {5, 20}, {20, 20}}, {{3, 20}, {4, 20}, {15, 20}},
	}
	for range 12 {
		cases = append(cases, [3]BinCount{draw(), draw(), draw()})
	}
	for _, c := range cases {
		best := gridSup(c[0], c[1], c[2], 120)
		if got := farLogSup(c[0], c[1], c[2]); got < best-1e-9 || got > best+.15 {
			t.Errorf("sup of %v = %.6f, the grid says %.6f", c, got, best)
		}
	}
}

func gridSup(d, g, m BinCount, steps int) float64 {
	logs := func(b BinCount) []float64 {
		out := make([]float64, steps+1)
		for i := range out {
			out[i] = b.log(float64(i) / float64(steps))
		}
		return out
	}
	ld, lg, lm := logs(d), logs(g), logs(m)
	best := math.Inf(-1)
	for i := range ld {
		for j := range lg {
			for k := range lm {
				if 2*max(i-j, j-i) >= max(i-k, k-i) {
					best = max(best, ld[i]+lg[j]+lm[k])
				}
			}
		}
	}
	return best
}

func TestEqualIsFoundSoonWhereAnswersAreConstant(t *testing.T) {
	n := 1
	for EqualLogE(BinCount{n, n}, BinCount{n, n}, BinCount{0, n}) < math.Log(100) {
		n++
	}
	if n < 15 || n > 30 {
		t.Errorf("%d answers per target, want 22 or so", n)
	}
	if e := EqualLogE(BinCount{50, 100}, BinCount{100, 100}, BinCount{0, 100}); e > 0 {
		t.Errorf("an application that answers otherwise by the address: ln E = %g", e)
	}
	near(t, "no answers", EqualLogE(BinCount{}, BinCount{}, BinCount{}), 0, 1e-12)
}

// TestEqualIsRarelyFalse draws answers of a domain that does not answer as stage g,
// on the boundary and off it, with a look whenever the answers have grown by a tenth.
func TestEqualIsRarelyFalse(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 34))
	for _, truth := range [][3]float64{{.1, .9, .1}, {.3, .3, .3}, {.5, .3, .1}, {.9, .6, .3}, {.5, .6, .3}, {.6, .9, 0}} {
		total, found := repeats(300), 0
		for range total {
			var c [3]BinCount
			next := 4
			for i := 1; i <= 300; i++ {
				for s := range c {
					c[s] = c[s].Plus(BinCount{bit(rng.Float64() < truth[s]), 1})
				}
				if i < next {
					continue
				}
				next += 1 + next/10
				// The law "d answers as m" is one of those argued against, and cheap.
				same := c[0].Plus(c[2])
				least := logBinMax(same.K, same.N) + logBinMax(c[1].K, c[1].N)
				if c[0].Plus(c[1]).kt()+c[2].kt()-least < math.Log(100) {
					continue
				}
				if EqualLogE(c[0], c[1], c[2]) >= math.Log(100) {
					found++
					break
				}
			}
		}
		rarely(t, fmt.Sprintf("equal at rates of domain, stage, meant of %v", truth), found, total)
	}
}

func TestWait(t *testing.T) {
	// The published figures are rounded; a claim needs the whole number above.
	for k, want := range map[int]float64{1: 527, 5: 797, 30: 1138} {
		n := WaitNeed(k, .01, .01)
		near(t, fmt.Sprintf("answers after return %d", k), float64(n), want, 1)
		if WaitBound(k, n, .01) > .01 || WaitBound(k, n-1, .01) <= .01 {
			t.Errorf("after return %d: %d answers bound %g, one less %g", k, n, WaitBound(k, n, .01), WaitBound(k, n-1, .01))
		}
	}
	near(t, "no answers bound nothing", WaitBound(1, 0, .01), 1, 0)
}

// TestWaitIsFalseAtMostAlpha keeps just over the share of old answers for ever.
func TestWaitIsFalseAtMostAlpha(t *testing.T) {
	const share = .0505
	rng := rand.New(rand.NewPCG(35, 36))
	total, wrong := repeats(5000), 0
	for range total {
		k, run, need := 0, 0, 0 // run counts the first new answer
		for k < 200 && (run == 0 || run-1 < need) {
			if rng.Float64() < share {
				run = 0
			} else if run++; run == 1 {
				k++
				need = WaitNeed(k, .05, .01)
			}
		}
		wrong += bit(run > 0 && run-1 >= need)
	}
	rarely(t, "settled with old answers left", wrong, total)
}

func TestStretch(t *testing.T) {
	for _, c := range []struct {
		after, longest int
		want           bool
	}{{46, 10, true}, {45, 10, false}, {5, 1, true}, {4, 1, false}, {100, 0, false}, {0, 3, false}} {
		lasting, beyond := Stretch(c.after, c.longest)
		if lasting != c.want {
			t.Errorf("%d after at most %d: %v", c.after, c.longest, lasting)
		}
		near(t, "excluded stretches", beyond, float64(c.after)/4.6, 1e-12)
	}
}
