package simulate

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"stageprobe/analyze/stat"
)

// The canary that linking is measured on deviates on 99% of its requests, base
// at the noise floor.
const (
	linkFollow = .99
	linkStray  = stat.DefaultNoise
)

func linkTruth(p0, stray float64) World {
	return World{Percent: 100 * p0, Layers: []Layer{Canary(p0), Follow(linkFollow, stray, 1), perfect()}}
}

// linking measures how many requests it takes to link a canary by its labels.
func linking(ctx context.Context, o Options) ([]Figure, error) {
	const group = "Linking a canary by its labels, share of labels estimated"
	limits := []struct{ p0, requests float64 }{{.01, 130}, {.1, 25}}
	var out []Figure
	for _, l := range limits {
		used, err := play(ctx, o.Seed, "link "+percent(l.p0), o.share(2), func(rng *rand.Rand) float64 {
			return float64(requestsToLink(linkTruth(l.p0, linkStray), rng))
		})
		if err != nil {
			return nil, err
		}
		f := o.simulated(group, "canary at "+percent(l.p0), used, 1, l.requests, " requests")
		fisher, err := o.againstFisher(ctx, group, l.p0, linkStray)
		if err != nil {
			return nil, err
		}
		out = append(out, f, fisher)
	}
	fisher, err := o.againstFisher(ctx, group, .1, .01)
	return append(out, fisher), err
}

// againstFisher is how many times more requests a fixed-size Fisher test of equal
// power takes, where base deviates with probability stray.
func (o Options) againstFisher(ctx context.Context, group string, p0, stray float64) (Figure, error) {
	name := fmt.Sprintf("fixed-size Fisher test of power 99%% at %s, base deviating %s, times as many", percent(p0), percent(stray))
	used, err := play(ctx, o.Seed, name, o.share(2), func(rng *rand.Rand) float64 {
		return float64(requestsToLink(linkTruth(p0, stray), rng))
	})
	if err != nil {
		return Figure{}, err
	}
	fixed := float64(fisherSize(p0, stray))
	mean, se := meanOf(used)
	f := Figure{
		Group: group, Name: name, Target: "≥ 3", Measured: fixed / mean, Low: fixed / (mean + 1.96*se), High: fixed / (mean - 1.96*se),
	}
	f.Pass = f.Measured >= 3 || o.Quick && f.High >= 3
	return f, nil
}

func requestsToLink(w World, rng *rand.Rand) int {
	l := watch(w.Configured())
	for row := range w.Rows(rng) {
		l.take(row)
		if l.linked() {
			return row.Index + 1
		}
	}
	return 0
}

// fisherSize is the least fixed number of requests at which Fisher's test, at
// level alpha, finds the link with probability 99%.
func fisherSize(p0, stray float64) int {
	lo, hi := 1, 1
	for fisherPower(hi, p0, stray) < 1-alpha {
		lo, hi = hi, 2*hi
	}
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; fisherPower(mid, p0, stray) < 1-alpha {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// fisherPower adds up the probability of all tables that the test rejects.
func fisherPower(n int, p0, stray float64) (power float64) {
	for canary, p := range outcomes(n, p0) {
		for dev, q := range outcomes(canary, linkFollow) {
			for stray, r := range outcomes(n-canary, stray) {
				if stat.Fisher(dev, canary-dev, stray, n-canary-stray) <= alpha {
					power += p * q * r
				}
			}
		}
	}
	return power
}

// outcomes are the numbers of successes in n that happen at all, with their
// probabilities.
func outcomes(n int, p float64) iter.Seq2[int, float64] {
	const never = 1e-7
	return func(yield func(int, float64) bool) {
		for k := range n + 1 {
			if q := binomial(k, n, p); q > never && !yield(k, q) {
				return
			}
		}
	}
}

// notTheCanary measures how many requests it takes to say that an iid flake at
// the canary's rate is not the canary.
func notTheCanary(ctx context.Context, o Options) ([]Figure, error) {
	const group = "A flake at the canary's rate is not the canary, times the bound"
	var out []Figure
	for _, p0 := range []float64{.01, .05, .1, .25, .5} {
		w := World{Percent: 100 * p0, Layers: []Layer{Canary(p0), Flake(p0, 1), perfect()}}
		used, err := play(ctx, o.Seed, "not linked "+percent(p0), o.share(5), func(rng *rand.Rand) float64 {
			var c stat.Counts2
			for row := range w.Rows(rng) {
				c.Add(row.Canary, row.Deviant())
				if stat.NotLinkedShare(c, p0) >= decisive {
					break
				}
			}
			return float64(c.N())
		})
		if err != nil {
			return nil, err
		}
		// At 50% two rivals are equally near, the canary and base as the side that
		// deviates; excluding both takes longer than the bound, which is for one.
		bound := stat.WaldBound(alpha, alpha, nearestLink(p0))
		out = append(out, o.simulated(group, percent(p0), used, bound, 1.8, ""))
	}
	return out, nil
}

// nearestLink is the divergence of a flake with share q from the nearest law that
// ties it to a canary with the same share: ≥ 1/2 of one side's requests deviate
// and at most a fifth of that on the other side.
func nearestLink(q float64) float64 {
	const grid = 500
	best := math.Inf(1)
	for i := grid / 2; i <= grid; i++ {
		for j := 0; j <= i/5; j++ {
			a, b := stat.KL(q, float64(i)/grid), stat.KL(q, float64(j)/grid)
			best = min(best, q*a+(1-q)*b, q*b+(1-q)*a)
		}
	}
	return best
}
