package simulate

import (
	"math"
	"testing"

	"stageprobe/analyze/stat"
)

func TestPredictive(t *testing.T) {
	got := predictive([]int{19, 1, 0})
	var sum float64
	for _, p := range got {
		sum += p
	}
	near(t, "sum", sum, 1, 1e-12)
	near(t, "the usual answer", got[0], .98*(19+.125)/20.5+.005, 1e-12)
	near(t, "never seen and unknown alike", got[2], got[3], 1e-15)
	near(t, "nothing known", predictive(nil)[0], 1, 1e-15)
}

func TestSeparation(t *testing.T) {
	p, q, r := []float64{.9, .1}, []float64{.1, .9}, []float64{.8, .2}
	near(t, "divergence", divergenceOf(p, q), stat.KL(.9, .1), 1e-12)
	near(t, "divergence from itself", divergenceOf(p, p), 0, 0)
	near(t, "the hardest rival counts", separationOf(p, [][]float64{q, r}), divergenceOf(p, r), 0)
	near(t, "no rival", separationOf(p, nil), 0, 0)
	if d := divergenceOf([]float64{1, 0}, []float64{0, 1}); !math.IsInf(d, 1) {
		t.Errorf("divergence of the impossible = %g, want +Inf", d)
	}
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s = %g, want %g", what, got, want)
	}
}
