package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// at is a sequence of n rows that deviate where it says.
func at(n int, places ...int) []bool {
	bits := make([]bool, n)
	for _, i := range places {
		bits[i] = true
	}
	return bits
}

func inverted(bits []bool) []bool {
	out := make([]bool, len(bits))
	for i, b := range bits {
		out[i] = !b
	}
	return out
}

// poissonAtLeast is P(X ≥ k) by its sum.
func poissonAtLeast(lambda float64, k int) float64 {
	term, below := math.Exp(-lambda), 0.
	for i := range k {
		below += term
		term *= lambda / float64(i+1)
	}
	return 1 - below
}

func TestLagTestOfFewPairs(t *testing.T) {
	// Four of twelve, each three apart: three pairs at lag 3, none at lag 2, where
	// 9·4·3/(12·11) are expected.
	every3 := at(12, 0, 3, 6, 9)
	at3 := poissonAtLeast(9*4*3/(12.*11), 3)
	near(t, "two lags", LagTest(every3, 3), 2*at3, 1e-9)
	near(t, "the rarer side where it is the other", LagTest(inverted(every3), 3), 2*at3, 1e-9)
	near(t, "asked no further than lag 2", LagTest(every3, 2), 1, 0)

	// At lag 6 there are two pairs: less than the three at lag 3 tell.
	near(t, "every lag is asked, and costs", LagTest(every3, 6), 5*at3, 1e-9)

	// The first and the last row of the sequence count as any other.
	ends := at(9, 0, 8)
	near(t, "a pair at the ends", LagTest(ends, 8), min(1, 7*poissonAtLeast(1*2*1/(9.*8), 1)), 1e-9)

	for name, bits := range map[string][]bool{"one row": at(9, 4), "none": at(9), "two rows in all": at(2, 0, 1), "nothing": nil} {
		near(t, name, LagTest(bits, 8), 1, 0)
	}
	// Half of the rows: the deviating ones are looked at.
	half := at(8, 0, 2, 4, 6)
	near(t, "half", LagTest(half, 2), poissonAtLeast(6*4*3/(8.*7), 3), 1e-9)
}

func TestLagTestOfManyPairs(t *testing.T) {
	// 36 rows, half of them, by twos: at lag 2 none is beside its like, where
	// 34·18·17/(36·35) = 8.3 are expected with a deviation of √34/4.
	bits := make([]bool, 36)
	for i := range bits {
		bits[i] = i%4 < 2
	}
	want := math.Erfc((34 * 18 * 17 / (36 * 35.)) / (math.Sqrt(34) / 4) / math.Sqrt2)
	near(t, "by twos", LagTest(bits, 2)/want, 1, 1e-6)

	// Somewhat too many and somewhat too few are as unlikely.
	for _, pairs := range []float64{1, -1} {
		rng := rand.New(rand.NewPCG(3, 4))
		bits := make([]bool, 900)
		for i := range bits {
			bits[i] = rng.Float64() < .3
			if i >= 2 && rng.Float64() < .12 {
				bits[i] = bits[i-2] == (pairs > 0)
			}
		}
		k, seen := 0, 0
		for i := range bits {
			if bits[i] {
				k++
				if i >= 2 && bits[i-2] {
					seen++
				}
			}
		}
		n, share := float64(len(bits)), float64(k)/float64(len(bits))
		expected := (n - 2) * float64(k) * float64(k-1) / (n * (n - 1))
		z := math.Abs(float64(seen)-expected) / (math.Sqrt(n-2) * share * (1 - share))
		near(t, "both tails", LagTest(bits, 2), math.Erfc(z/math.Sqrt2), 1e-9)
	}
}

// TestLagTestIsRarelyFalse: its p-value is no smaller than it says, on random orders.
func TestLagTestIsRarelyFalse(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const runs = 3000
	for _, share := range []float64{.03, .3, .7} {
		small := 0
		for range runs {
			bits := make([]bool, 200)
			for i := range bits {
				bits[i] = rng.Float64() < share
			}
			if LagTest(bits, 6) < .01 {
				small++
			}
		}
		if small > runs/50 {
			t.Errorf("share %g: p < 0.01 in %d of %d random orders", share, small, runs)
		}
	}
}

func TestRunsNormalByHand(t *testing.T) {
	// n = 5000, μ = 1+2·2500²/5000 = 2501, σ = √(2500·2499/4999).
	sd := math.Sqrt(2500 * 2499 / 4999.)
	for _, runs := range []int{2593, 2409} {
		near(t, "p", runsNormal(runs, 2500, 2500), math.Erfc(91.5/sd/math.Sqrt2), 1e-12)
	}
	near(t, "in the middle", runsNormal(2501, 2500, 2500), 1, 0)
	near(t, "by less than the correction", runsNormal(2501, 2500, 2501), 1, 0)
	// The exact law is used up to the limit, and the other one beyond.
	bits := make([]bool, 2*runsExactLimit)
	for i := range bits {
		bits[i] = i%2 == 0
	}
	if _, exact := RunsTest(bits); !exact {
		t.Error("2000 of either kind are not exact")
	}
	if _, exact := RunsTest(append(bits, true, false)); exact {
		t.Error("2001 of either kind are exact")
	}
}

func TestDispersionWithoutSpread(t *testing.T) {
	for name, c := range map[string]struct {
		windows []int
		m       int
		phat    float64
	}{
		"one window": {[]int{3}, 10, .3}, "no rows": {[]int{1, 2}, 0, .3},
		"none deviates": {[]int{0, 0}, 10, 0}, "all deviate": {[]int{10, 10}, 10, 1},
	} {
		if x2, p := Dispersion(c.windows, c.m, c.phat); x2 != 0 || p != 1 {
			t.Errorf("%s: %g, p %g", name, x2, p)
		}
	}
	// Two of ten in two windows of five: once apart, once together; apart is the less
	// spread of the two, so that all arrangements spread as much: p = 1.
	x2, p := Dispersion([]int{1, 1}, 5, .2)
	near(t, "even", x2, 0, 0)
	near(t, "p of even", p, 1, 1e-12)
	// Together: 2·C(5,2)/C(10,2) = 20/45.
	x2, p = Dispersion([]int{2, 0}, 5, .2)
	near(t, "uneven", x2, 2/.8, 1e-12)
	near(t, "p of uneven", p, 20/45., 1e-12)
}
