package stat

import "math"

// OddsShift multiplies the odds of p by f.
func OddsShift(p, f float64) float64 {
	if p <= 0 || p >= 1 {
		return p
	}
	o := f * p / (1 - p)
	return o / (1 + o)
}

// DefaultRho is the factor between odds that the share test tells apart.
const DefaultRho = 2

// shareSteps are the factors between odds, 2^f for f = 1, 1.5, 2.5 and 4, at which
// ShareReject looks for another share, and their weights on either side.
var shareSteps = []struct{ factor, weight float64 }{
	{DefaultRho, .25}, {DefaultRho * math.Sqrt2, .125}, {4 * math.Sqrt2, .0625}, {16, .0625},
}

// ShareReject returns ln E against "deviants are drawn iid with share p0":
// E ≥ 1/α says "not the configured percentage", at any time. The alternatives
// are shares whose odds differ by a factor of two or more.
func ShareReject(k, n int, p0 float64) float64 {
	if p0 <= 0 || p0 >= 1 {
		return certainReject(k, n, p0)
	}
	null := LogBin(k, n, p0)
	m := make(mixture, 0, 2*len(shareSteps))
	for _, s := range shareSteps {
		m.add(s.weight, LogBin(k, n, OddsShift(p0, 1/s.factor))-null)
		m.add(s.weight, LogBin(k, n, OddsShift(p0, s.factor))-null)
	}
	return m.log()
}

// certainReject is ShareReject of a share that leaves nothing to chance: one
// contrary row refutes it.
func certainReject(k, n int, p0 float64) float64 {
	if p0 <= 0 && k > 0 || p0 >= 1 && k < n {
		return math.Inf(1)
	}
	return 0
}

// ShareSupport returns ln E against every share whose odds differ from those of
// p0 by the factor rho or more: E ≥ 1/β says "consistent with p0, within odds
// ×/rho". It supposes that the rows are iid; RunsTest and Dispersion say whether.
func ShareSupport(k, n int, p0, rho float64) float64 {
	if n == 0 || p0 <= 0 || p0 >= 1 {
		return 0
	}
	hat := float64(k) / float64(n)
	below := LogBin(k, n, min(hat, OddsShift(p0, 1/rho)))
	above := LogBin(k, n, max(hat, OddsShift(p0, rho)))
	return against(LogBin(k, n, p0), max(below, above))
}
