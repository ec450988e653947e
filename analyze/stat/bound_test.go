package stat

import (
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

// TestReflectedMeetsItsLimit: the form for large arguments continues the exact one.
func TestReflectedMeetsItsLimit(t *testing.T) {
	for _, x := range []float64{9, 10, 11} {
		w := passage{mean: 10, shape: 1690}
		root := math.Sqrt(w.shape / x)
		z := root * (x/w.mean + 1)
		if z < 25 {
			t.Fatalf("z = %g is not large", z)
		}
		exact := math.Exp(2*w.shape/w.mean) * math.Erfc(z/math.Sqrt2) / 2
		near(t, "large argument", w.reflected(root, x)/exact, 1, 2/(z*z))
	}
	// Two hours of evidence, of which nearly every run needs the mean.
	_, lo, hi := Remaining(2000, 1, 1)
	near(t, "range of a long way", (hi-lo)/2, 1.2816*math.Sqrt(2000), .5)
}

func TestRemainingOfACertainty(t *testing.T) {
	for _, c := range []struct{ need, drift, variance, mean float64 }{{4, 2, 0, 2}, {4, 2, -1, 2}, {4, math.Inf(1), 1, 0}, {0, 1, 1, 0}} {
		mean, lo, hi := Remaining(c.need, c.drift, c.variance)
		if mean != c.mean || lo != mean || hi != mean {
			t.Errorf("%+v: %g (%g to %g)", c, mean, lo, hi)
		}
	}
}

func TestBoundsThatBindNothing(t *testing.T) {
	near(t, "errors that guessing meets", WaldBound(.5, .5, 1), 0, 0)
	near(t, "a certain difference", WaldBound(.01, .01, math.Inf(1)), 0, 0)
	if !math.IsInf(WaldBound(.01, .01, -1), 1) {
		t.Error("no difference has a bound")
	}
	near(t, "the same law", KL(.3, .3), 0, 1e-15)
	near(t, "an impossible law", KL(.3, 0), math.Inf(1), 0)
	near(t, "nothing against half", KL(0, .5), math.Ln2, 1e-15)
	near(t, "all against half", KL(1, .5), math.Ln2, 1e-15)
}
