package stat

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s = %.6g, want %.6g ± %.2g", what, got, want, tolerance)
	}
}

// sequences calls f with every sequence of n bits.
func sequences(n int, f func(bits []bool)) {
	bits := make([]bool, n)
	for x := range 1 << n {
		for i := range bits {
			bits[i] = x>>i&1 == 1
		}
		f(bits)
	}
}

func ones(bits []bool) (k int) {
	for _, b := range bits {
		k += bit(b)
	}
	return k
}

// probability of one sequence of independent bits with share q.
func probability(bits []bool, q float64) float64 {
	return math.Exp(LogBin(ones(bits), len(bits), q))
}

// crosstab counts labels against responses.
func crosstab(labels, deviant []bool) (c Counts2) {
	for i := range labels {
		c.Add(labels[i], deviant[i])
	}
	return c
}

func estimate(labels, deviant []bool) *LinkEstimated {
	var l LinkEstimated
	for i := range labels {
		l.Add(labels[i], deviant[i])
	}
	return &l
}

// step appends the distribution of a count after one more draw with share q.
func step(next, now []float64, q float64) []float64 {
	var carry float64
	for _, p := range now {
		next = append(next, carry+p*(1-q))
		carry = p * q
	}
	return append(next, carry)
}

// linkKnown returns ln E against "the label was drawn with share p0, whatever
// the response": E ≥ 1/α at any time is a false link with probability at most α
// (Ville 1939), for responses of any kind, bursty or drifting.
//
// Each factor is P(c|l) / (p0 P(c|canary) + (1-p0) P(c|base)), which is the
// probability of the label given the response over its probability as drawn;
// its mean is 1 given any response. The alternatives are mixed.
func linkKnown(c Counts2, p0 float64) float64 {
	var m mixture
	for _, h := range linkLaws(swapWeight(p0)) {
		dev := p0*h.canary + (1-p0)*h.base
		m.add(h.weight, c.likelihood(h.canary, h.base)-LogBin(c.Deviant(), c.N(), dev))
	}
	return m.log()
}
