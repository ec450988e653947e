package stat

import (
	"fmt"
	"math"
	"testing"
)

func TestWaldBound(t *testing.T) {
	p0, p1 := .1, OddsShift(.1, 2)
	near(t, "twice the odds of 10%", p1, .1818, 5e-5)
	near(t, "bound under 10%", WaldBound(.01, .01, KL(p0, p1)), 173.2, .05)
	near(t, "bound under 18.18%", WaldBound(.01, .01, KL(p1, p0)), 146.6, .05)
	near(t, "nothing to tell apart", 1/WaldBound(.01, .01, 0), 0, 0)
	near(t, "a certainty", KL(0, 1), math.Inf(1), 0)
}

func TestRemaining(t *testing.T) {
	// Inverse Gaussian with mean and shape 1: P(≤1) = Φ(0) + e²Φ(-2).
	near(t, "cdf at the mean", passage{1, 1}.cdf(1), .668102, 1e-6)
	mean, lo, hi := Remaining(4, .5, .25)
	near(t, "mean", mean, 8, 0)
	w := passage{8, 64}
	near(t, "mass below the range", w.cdf(lo), .1, 1e-9)
	near(t, "mass up to its end", w.cdf(hi), .9, 1e-9)

	// The variance of the law is mean·s²/D², which a long wait approaches.
	_, lo, hi = Remaining(1e6, 1, 1)
	near(t, "80% range of a long wait", (hi-lo)/2, 1.2816*1000, 2)
	for _, c := range [][3]float64{{4, 0, 1}, {4, -1, 1}, {4, math.NaN(), 1}} {
		if mean, _, _ := Remaining(c[0], c[1], c[2]); !math.IsInf(mean, 1) {
			t.Errorf("drift %g: mean %g, want +Inf", c[1], mean)
		}
	}
	mean, _, _ = Remaining(-1, .5, 1)
	near(t, "nothing left", mean, 0, 0)
}

func TestSPRTOfWald(t *testing.T) {
	p0, p1 := .1, OddsShift(.1, 2)
	wald := math.Log(.99 / .01)
	w := newLikelihoodWalk(p0, p1)
	_, under0, _ := w.run(p0, wald, wald)
	_, under1, _ := w.run(p1, wald, wald)
	near(t, "Wald's thresholds under 10%", under0, 175.7, .05)
	near(t, "Wald's thresholds under 18.18%", under1, 154.0, .05)
}

func TestCalibratedSPRT(t *testing.T) {
	for _, c := range []struct{ p0, p1, limit float64 }{
		{.01, OddsShift(.01, 2), 1.05}, {.1, OddsShift(.1, 2), 1.05},
		{.1, OddsShift(.1, .5), 1.05}, {.5, OddsShift(.5, 2), 1.12},
	} {
		s := CalibratedSPRT(c.p0, c.p1, .01, .01)
		name := fmt.Sprintf("%g against %.4g", c.p0, c.p1)
		if e := s.AcceptsP1(c.p0); e > .01 || e < .005 {
			t.Errorf("%s: accepts p1 under p0 with probability %g, want just .01", name, e)
		}
		if e := 1 - s.AcceptsP1(c.p1); e > .01+1e-8 || e < .005 {
			t.Errorf("%s: accepts p0 under p1 with probability %g, want just .01", name, e)
		}
		for _, q := range []struct{ truth, rival float64 }{{c.p0, c.p1}, {c.p1, c.p0}} {
			bound := WaldBound(.01, .01, KL(q.truth, q.rival))
			if r := s.ExpectedN(q.truth) / bound; r > c.limit {
				t.Errorf("%s: %.4f times the bound under %.4g", name, r, q.truth)
			} else {
				t.Logf("%s under %.4g: %.4f", name, q.truth, r)
			}
		}
	}
}

// TestSPRTDecides follows all sequences through Decide itself and compares the
// outcome with what the distribution says.
func TestSPRTDecides(t *testing.T) {
	for _, pair := range [][2]float64{{.2, .7}, {.7, .2}} {
		s := CalibratedSPRT(pair[0], pair[1], .1, .05)
		const q = .4
		var accept, mean float64
		alive := []float64{1}
		for n := 1; n <= 400; n++ {
			for _, p := range alive {
				mean += p
			}
			alive = step(nil, alive, q)
			for k := range alive {
				switch s.Decide(k, n) {
				case AcceptP1:
					accept += alive[k]
					alive[k] = 0
				case AcceptP0:
					alive[k] = 0
				}
			}
		}
		near(t, "probability of p1", s.AcceptsP1(q), accept, 1e-7)
		near(t, "mean number of requests", s.ExpectedN(q), mean, 1e-5)
	}
	same := CalibratedSPRT(.3, .3, .01, .01)
	if d := same.Decide(5, 10); d != Continue || !math.IsInf(same.ExpectedN(.3), 1) {
		t.Errorf("equal shares: decided %v", d)
	}
}

func TestDescribe(t *testing.T) {
	values := []float64{math.NaN(), math.Inf(1)}
	for i := 1000; i >= 1; i-- {
		values = append(values, float64(i))
	}
	got := Describe(values)
	want := Summary{N: 1000, Mean: 500.5, StdDev: got.StdDev, P50: 500, P90: 900, P99: 990, P999: 999, Max: 1000}
	if got != want {
		t.Errorf("summary = %+v, want %+v", got, want)
	}
	near(t, "standard deviation", got.StdDev, math.Sqrt(1000.0*1001/12), 1e-9)
	if got := Describe(nil); got != (Summary{}) {
		t.Errorf("summary of nothing = %+v", got)
	}
	if got := Describe([]float64{7}); got.StdDev != 0 || got.P50 != 7 {
		t.Errorf("summary of one value = %+v", got)
	}
}
