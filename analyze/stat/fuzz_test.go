package stat

import (
	"math"
	"testing"
)

// FuzzNeverNaN feeds every figure with any counts and shares in their domain,
// the ends included: a figure may be infinite, never "not a number".
func FuzzNeverNaN(f *testing.F) {
	f.Add(uint16(0), uint16(0), uint16(0), uint16(0), 0.0, 0.5)
	f.Add(uint16(6), uint16(0), uint16(0), uint16(54), 0.1, 0.01)
	f.Add(uint16(1), uint16(9), uint16(10), uint16(0), 1.0, 1.0)
	f.Add(uint16(65535), uint16(65535), uint16(65535), uint16(65535), 0.999, 1e-12)
	f.Add(uint16(0), uint16(5), uint16(75), uint16(8), 0.0, 1.0)
	f.Add(uint16(0), uint16(11), uint16(0), uint16(0), 1.0, 0.0)
	f.Fuzz(func(t *testing.T, a, b, c, d uint16, p, q float64) {
		p, q = unit(p), unit(q)
		counts := Counts2{int(a), int(b), int(c), int(d)}
		for name, v := range figures(counts, p, q) {
			if math.IsNaN(v) {
				t.Errorf("%s of %+v, p=%g, q=%g is NaN", name, counts, p, q)
			}
		}
	})
}

func unit(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return .5
	}
	return min(math.Abs(math.Mod(x, 1.5)), 1)
}

func figures(c Counts2, p, q float64) map[string]float64 {
	k, n := c.Deviant(), c.N()
	table := [][]int{{c.CanaryDev, c.CanaryRef}, {c.BaseDev, c.BaseRef}}
	markov := [2][2]int{{c.CanaryDev, c.CanaryRef}, {c.BaseDev, c.BaseRef}}
	lo, hi := ConfSeq(k, n, max(q, 1e-9))
	low, high := ClopperPearson(k, n, min(q, .9999))
	ks, ns := []int{c.CanaryDev, c.BaseDev, 0}, []int{c.Canary(), c.Base(), 1}
	factor, post := FactorLogM(ks, ns, p), FactorPosterior(ks, ns, p)
	mean, from, to := Remaining(p*1000, q, p)
	x2, spread := Dispersion([]int{c.CanaryDev, c.BaseDev}, max(c.Canary(), c.Base()), p)
	var estimated LinkEstimated
	for i := range min(c.CanaryRef, 30) {
		estimated.Add(i%2 == 0, i%3 == 0)
	}
	return map[string]float64{
		"LogSumExp": LogSumExp(math.Log(p), math.Log(q)),
		"LogBin":    LogBin(k, n, p), "NotLinked": NotLinked(c), "NotLinkedShare": NotLinkedShare(c, p),
		"LinkEstimated": estimated.LogE(),
		"ShareReject":   ShareReject(k, n, p), "ShareSupport": ShareSupport(k, n, p, 1+q),
		"ConfSeq lo": lo, "ConfSeq hi": hi, "ClopperPearson lo": low, "ClopperPearson hi": high,
		"UpperBound": UpperBound(k, n, min(q, .9999)), "UpperZero": UpperZero(n, q),
		"NeedZero": float64(NeedZero(p, q)), "MarkovSup": MarkovSup(markov), "MarkovM": MarkovM(markov),
		"FactorLogM": factor, "factor posterior": post[0], "CanaryLogM": CanaryLogM(c, k, n-k, p),
		"FlakyLogM": FlakyLogM(k, n, p), "ConsistentLogM": ConsistentLogM(k, n, p), "KT": KT(table[0]),
		"Fisher":     Fisher(c.CanaryDev, c.CanaryRef, c.BaseDev, c.BaseRef),
		"MutualInfo": MutualInfo(table), "ExplainedShare": ExplainedShare(table),
		"KL": KL(p, q), "WaldBound": WaldBound(max(p, 1e-9), max(q, 1e-9), KL(p, q)),
		"Remaining": mean, "Remaining lo": from, "Remaining hi": to, "X2": x2, "X2 p": spread,
	}
}

func TestLogs(t *testing.T) {
	inf := math.Inf(1)
	near(t, "ln(e^0 + e^0)", LogSumExp(0, 0), math.Ln2, 1e-15)
	near(t, "large", LogSumExp(1000, 1000, -inf), 1000+math.Ln2, 1e-12)
	near(t, "sum of nothing", 1/LogSumExp(), 0, 0)
	near(t, "0 ln 0", LogBin(0, 5, 0), 0, 0)
	near(t, "certain", LogBin(5, 5, 1), 0, 0)
	near(t, "impossible", 1/LogBin(1, 5, 0), 0, 0)
}
