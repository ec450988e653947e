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
