package simulate

import (
	"context"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// play runs f many times and returns what each run gave, in order. A run's random
// numbers follow from the seed, the name and its number alone, so the result does
// not depend on scheduling.
func play[T any](ctx context.Context, seed uint64, name string, runs int, f func(*rand.Rand) T) ([]T, error) {
	return spread(ctx, runs, func(i int) T { return f(runOf(seed, name, i)) })
}

// runOf is where the random numbers of one run come from.
func runOf(seed uint64, name string, run int) *rand.Rand {
	return rand.New(rand.NewPCG(seed^streamOf(name), uint64(run)))
}

// spread computes f(0) to f(n-1) on all processors.
func spread[T any](ctx context.Context, n int, f func(int) T) ([]T, error) {
	out := make([]T, n)
	workers := runtime.GOMAXPROCS(0)
	group, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		group.Go(func() error {
			for i := w; i < n; i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				out[i] = f(i)
			}
			return nil
		})
	}
	return out, group.Wait()
}

func streamOf(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	return h.Sum64()
}

// meanOf is a mean and its standard error.
func meanOf(values []float64) (mean, se float64) {
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	n := float64(len(values))
	mean = sum / n
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(squares / (n - 1) / n)
}

// rule decides after k deviants in n requests; 0 goes on.
type rule func(k, n int) int

// faint is the probability below which a path of counts is dropped.
const faint = 1e-13

// operate computes exactly, for iid responses with share q, the probability of
// each decision (1 or 2) and the mean number of requests, up to most requests.
func operate(q float64, most int, decide rule) (decided [3]float64, mean float64) {
	first, alive := 0, []float64{1}
	for n := 1; n <= most && len(alive) > 0; n++ {
		next := make([]float64, len(alive)+1)
		for i, p := range alive {
			mean += p
			next[i] += p * (1 - q)
			next[i+1] += p * q
		}
		for i, p := range next {
			if p <= faint {
				next[i] = 0
			} else if d := decide(first+i, n); d != 0 {
				decided[d] += p
				next[i] = 0
			}
		}
		alive, first = trim(next, first)
	}
	return decided, mean
}

// trim cuts the zeros off both ends.
func trim(p []float64, first int) ([]float64, int) {
	for len(p) > 0 && p[0] == 0 {
		p, first = p[1:], first+1
	}
	for len(p) > 0 && p[len(p)-1] == 0 {
		p = p[:len(p)-1]
	}
	return p, first
}
