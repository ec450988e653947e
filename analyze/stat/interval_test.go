package stat

import (
	"fmt"
	"math"
	"testing"
)

// TestClopperPearson checks the limits published in tables of exact 95%
// binomial limits (Documenta Geigy).
func TestClopperPearson(t *testing.T) {
	for _, c := range []struct {
		k, n   int
		lo, hi float64
	}{
		{0, 10, 0, .3085}, {1, 10, .0025, .4450}, {5, 10, .1871, .8129}, {10, 10, .6915, 1},
		{0, 100, 0, .0362}, {10, 100, .0490, .1762}, {50, 100, .3983, .6017}, {0, 0, 0, 1},
	} {
		lo, hi := ClopperPearson(c.k, c.n, .95)
		near(t, fmt.Sprintf("lower limit of %d/%d", c.k, c.n), lo, c.lo, 5e-5)
		near(t, fmt.Sprintf("upper limit of %d/%d", c.k, c.n), hi, c.hi, 5e-5)
	}
}

func TestUpperBoundSolvesTheBinomialTail(t *testing.T) {
	for _, c := range []struct{ k, n int }{{0, 5}, {1, 20}, {3, 500}, {49, 50}} {
		p := UpperBound(c.k, c.n, .99)
		var tail float64
		for i := range c.k + 1 {
			tail += math.Exp(logChoose(c.n, i) + LogBin(i, c.n, p))
		}
		near(t, fmt.Sprintf("P(≤%d of %d)", c.k, c.n), tail, .01, 1e-9)
	}
	near(t, "all deviate", UpperBound(5, 5, .99), 1, 0)
}

func TestNeedZero(t *testing.T) {
	for p, n := range map[float64]int{.001: 4603, .01: 459, .05: 90, .1: 44, .25: 17, .5: 7, .9: 2, .99: 1, 1: 1} {
		if got := NeedZero(p, .99); got != n {
			t.Errorf("NeedZero(%g, .99) = %d, want %d", p, got, n)
		}
		if u := UpperZero(n, .99); u > p*(1+1e-12) {
			t.Errorf("%d requests leave open %g, want at most %g", n, u, p)
		}
	}
	near(t, "no request", UpperZero(0, .99), 1, 0)
	near(t, "rule of three", UpperZero(1000, .95), .003, 1e-5)
}

func TestConfSeqSolvesItsEquation(t *testing.T) {
	for _, c := range []struct{ k, n int }{{0, 20}, {1, 20}, {7, 20}, {20, 20}, {30, 5000}} {
		lo, hi := ConfSeq(c.k, c.n, .01)
		mix := logBeta(float64(c.k)+.5, float64(c.n-c.k)+.5) - logBeta(.5, .5)
		hat := float64(c.k) / float64(c.n)
		if lo > hat || hi < hat {
			t.Errorf("%d/%d is outside of its interval %g..%g", c.k, c.n, lo, hi)
		}
		if lo > 0 {
			near(t, fmt.Sprintf("evidence at %g", lo), mix-LogBin(c.k, c.n, lo), math.Log(100), 1e-6)
		}
		if hi < 1 {
			near(t, fmt.Sprintf("evidence at %g", hi), mix-LogBin(c.k, c.n, hi), math.Log(100), 1e-6)
		}
	}
}

// TestConfSeqHoldsAtAllTimes follows the exact distribution of the count and
// removes what has ever left the interval.
func TestConfSeqHoldsAtAllTimes(t *testing.T) {
	const alpha = .05
	for _, p := range []float64{.02, .1, .5} {
		alive := []float64{1}
		var left float64
		for n := 1; n <= 200; n++ {
			alive = step(nil, alive, p)
			for k, mass := range alive {
				if lo, hi := ConfSeq(k, n, alpha); mass > 0 && (p < lo || p > hi) {
					left += mass
					alive[k] = 0
				}
			}
		}
		if left > alpha || left == 0 {
			t.Errorf("share %g left the sequence with probability %g, want (0, %g]", p, left, alpha)
		}
	}
}
