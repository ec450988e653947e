package simulate

import (
	"context"
	"math"

	"stageprobe/analyze/stat"
)

// The decisions of the share test.
const (
	rejected  = 1
	supported = 2
)

// shareTest compares the test of a canary's share without labels with the bound
// against the nearest rival, once where the share is right and once where its
// odds are twice as large or small; the worst of the three counts.
func shareTest(ctx context.Context, o Options) ([]Figure, error) {
	const group = "The share alone, without labels, times the bound"
	shares := []float64{.01, .02, .05, .1, .25, .5}
	if o.Quick {
		shares = shares[2:] // rare shares take seconds
	}
	return spread(ctx, len(shares), func(i int) Figure {
		limit := 1.6
		if shares[i] <= .05 {
			limit = 1.35
		}
		return exact(group, percent(shares[i]), shareRatio(shares[i]), limit, "")
	})
}

func shareRatio(p0 float64) float64 {
	const most = 40_000
	decide := func(k, n int) int {
		switch {
		case stat.ShareReject(k, n, p0) >= decisive:
			return rejected
		case stat.ShareSupport(k, n, p0, stat.DefaultRho) >= decisive:
			return supported
		}
		return 0
	}
	less, more := stat.OddsShift(p0, 1./stat.DefaultRho), stat.OddsShift(p0, stat.DefaultRho)
	_, right := operate(p0, most, decide)
	worst := right / stat.WaldBound(alpha, alpha, min(stat.KL(p0, less), stat.KL(p0, more)))
	for _, q := range []float64{less, more} {
		_, wrong := operate(q, most, decide)
		worst = max(worst, wrong/stat.WaldBound(alpha, alpha, stat.KL(q, p0)))
	}
	return worst
}

// consistency checks the claim that nothing differs.
func consistency(context.Context, Options) ([]Figure, error) {
	const group = "The claim of consistency"
	var out []Figure
	for _, p := range []float64{.001, .01, .05, .1, .25, .5} {
		n := stat.NeedZero(p, 1-alpha)
		f := exact(group, "requests without a deviant that exclude "+percent(p), float64(n), float64(leastZero(p)), " requests")
		f.Pass = n == leastZero(p)
		out = append(out, f)
	}
	return out, nil
}

// leastZero counts up to the first n at which a share p would have shown itself
// with probability 99%.
func leastZero(p float64) int {
	unseen := 1.0
	for n := 1; ; n++ {
		unseen *= 1 - p
		// Rounding must not miss the exact equality at 90% and 99%.
		if unseen <= alpha*(1+1e-9) {
			return n
		}
	}
}

// binomial is the probability of k in n.
func binomial(k, n int, p float64) float64 {
	all, _ := math.Lgamma(float64(n) + 1)
	in, _ := math.Lgamma(float64(k) + 1)
	out, _ := math.Lgamma(float64(n-k) + 1)
	return math.Exp(all - in - out + stat.LogBin(k, n, p))
}
