package stat

import (
	"math"
	"testing"
)

func TestPredictive(t *testing.T) {
	got := Predictive([]int{19, 1, 0})
	var sum float64
	for _, p := range got {
		sum += p
	}
	near(t, "sum", sum, 1, 1e-12)
	near(t, "the usual answer", got[0], .98*(19+.125)/20.5+.005, 1e-12)
	near(t, "never seen and unknown alike", got[2], got[3], 1e-15)
	near(t, "nothing known", Predictive(nil)[0], 1, 1e-15)
}

func TestSeparation(t *testing.T) {
	p, q, r := []float64{.9, .1}, []float64{.1, .9}, []float64{.8, .2}
	near(t, "divergence", Divergence(p, q), KL(.9, .1), 1e-12)
	near(t, "divergence from itself", Divergence(p, p), 0, 0)
	near(t, "the hardest rival counts", Separation(p, [][]float64{q, r}), Divergence(p, r), 0)
	near(t, "no rival", Separation(p, nil), 0, 0)
	if d := Divergence([]float64{1, 0}, []float64{0, 1}); !math.IsInf(d, 1) {
		t.Errorf("divergence of the impossible = %g, want +Inf", d)
	}
}
