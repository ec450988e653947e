package stat

import (
	"fmt"
	"math"
	"testing"
)

func TestDetectorMeetsItsErrorAndTheBound(t *testing.T) {
	const eps, alpha = .001, .01
	d := NewDetector(eps, .01, alpha)
	if e := d.falseAlarm(d.threshold); e > alpha || e < .8*alpha {
		t.Errorf("alarms on noise with probability %g, want just %g", e, alpha)
	}
	for _, q := range []float64{.01, .02, .05, .1, .25, .5} {
		bound := WaldBound(alpha, 0, KL(q, eps))
		if r := d.ExpectedN(q) / bound; r > 1.3 || r < 1 {
			t.Errorf("share %g: %.3f times the bound, want 1 to 1.3", q, r)
		}
	}
	if n := d.ExpectedN(eps); !math.IsInf(n, 1) {
		t.Errorf("mean number of requests on noise = %g, want +Inf", n)
	}
}

// TestDetectorRatioIsAnEValue sums the ratio over all outcomes of noise.
func TestDetectorRatioIsAnEValue(t *testing.T) {
	for _, qmin := range []float64{.01, .1, .6} {
		d := NewDetector(.002, qmin, .05)
		const n = 60
		var mean float64
		for k := range n + 1 {
			mean += math.Exp(logChoose(n, k) + LogBin(k, n, .002) + d.LogRatio(k, n))
		}
		near(t, fmt.Sprintf("mean ratio at qmin %g", qmin), mean, 1, 1e-9)
	}
}

func TestDetectorAlarmsOncePerDecision(t *testing.T) {
	d := NewDetector(.001, .01, .01)
	if d.Alarms(0, 10) || d.Alarms(1, 100) {
		t.Error("alarm on what noise explains")
	}
	if !d.Alarms(2, 10) {
		t.Error("no alarm on two deviants in ten")
	}
}
