package stat

import "math"

// LogSumExp returns ln Σ e^x without overflow. The sum of nothing is -Inf.
func LogSumExp(xs ...float64) float64 {
	top := math.Inf(-1)
	for _, x := range xs {
		top = max(top, x)
	}
	if math.IsInf(top, 0) {
		return top
	}
	var sum float64
	for _, x := range xs {
		if x > top-negligible {
			sum += math.Exp(x - top)
		}
	}
	return top + math.Log(sum)
}

// negligible is how far below the largest term of a sum another one is lost in
// rounding, even a thousand of them: most exponentials need not be computed.
const negligible = 45

// LogBin returns k ln q + (n-k) ln(1-q), the ln likelihood of k successes in n
// draws in one given order, with 0 ln 0 = 0.
func LogBin(k, n int, q float64) float64 {
	return times(float64(k), math.Log(q)) + times(float64(n-k), math.Log1p(-q))
}

// logBinMax is LogBin at its maximum, q = k/n.
func logBinMax(k, n int) float64 {
	if k <= 0 || k >= n {
		return 0
	}
	return LogBin(k, n, float64(k)/float64(n))
}

// times is n·x with 0·(-Inf) = 0.
func times(n, x float64) float64 {
	if n == 0 {
		return 0
	}
	return n * x
}

// xlogx is x ln x with 0 ln 0 = 0.
func xlogx(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return x * math.Log(x)
}

// logBeta is ln B(a, b).
func logBeta(a, b float64) float64 {
	return lgamma(a) + lgamma(b) - lgamma(a+b)
}

// logChoose is the ln number of ways to choose k of n, -Inf where there is none.
func logChoose(n, k int) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	return lgamma(float64(n)+1) - lgamma(float64(k)+1) - lgamma(float64(n-k)+1)
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// against is the ln evidence of one ln likelihood over another. What neither
// law allows speaks for neither.
func against(claim, null float64) float64 {
	if math.IsInf(claim, -1) && math.IsInf(null, -1) {
		return 0
	}
	return claim - null
}

// mixture gathers ln(Σ w e^x) term by term.
type mixture []float64

func (m *mixture) add(weight, x float64) {
	if weight > 0 {
		*m = append(*m, math.Log(weight)+x)
	}
}

func (m mixture) log() float64 { return LogSumExp(m...) }

// LogNoneAmong is the ln of the probability that, where k of n lie in any order
// alike, none of them is among the last.
func LogNoneAmong(n, k, last int) float64 { return logChoose(n-last, k) - logChoose(n, k) }
