package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// KL returns the divergence of Bern(p) from Bern(q) in nats per request, the
// rate at which requests tell p from q where p is true (Kullback & Leibler
// 1951). It is +Inf where one response alone can refute q.
func KL(p, q float64) float64 {
	return divergence(p, q) + divergence(1-p, 1-q)
}

func divergence(p, q float64) float64 {
	switch {
	case p <= 0:
		return 0
	case q <= 0:
		return math.Inf(1)
	}
	return p * math.Log(p/q)
}

// WaldBound returns the least mean number of requests of any test, sequential or
// not, that errs with probability alpha where the rival holds and beta where the
// truth of this bound does, kl being the divergence of truth from rival
// (Wald 1945): ((1-β) ln((1-β)/α) + β ln(β/(1-α))) / kl.
// Errors that guessing meets bound nothing: 0.
func WaldBound(alpha, beta, kl float64) float64 {
	switch {
	case alpha+beta >= 1 || math.IsInf(kl, 1):
		return 0
	case kl <= 0:
		return math.Inf(1)
	}
	return KL(beta, 1-alpha) / kl
}

// rangeTail is left out on either side of the range of Remaining.
const rangeTail = .1

// Remaining predicts how many further requests bring the evidence that is still
// needed: need in nats, drift and variance of the evidence per request. The
// range holds 80%; the count follows the inverse Gaussian law of the first
// passage of a random walk with drift (Schrödinger 1915; Folks & Chhikara 1978).
// Without drift all are infinite.
func Remaining(need, drift, variance float64) (mean, lo, hi float64) {
	switch {
	case need <= 0:
		return 0, 0, 0
	case !(drift > 0):
		return math.Inf(1), math.Inf(1), math.Inf(1)
	}
	mean = need / drift
	if !(variance > 0) || math.IsInf(drift, 1) {
		return mean, mean, mean
	}
	w := passage{mean: mean, shape: need * need / variance}
	return mean, w.quantile(rangeTail), w.quantile(1 - rangeTail)
}

// passage is the inverse Gaussian distribution with the given mean and shape.
type passage struct{ mean, shape float64 }

func (w passage) cdf(x float64) float64 {
	root := math.Sqrt(w.shape / x)
	near := distuv.UnitNormal.CDF(root * (x/w.mean - 1))
	return near + w.reflected(root, x)
}

// reflected is exp(2·shape/mean)·Φ(-z), whose factors over- and underflow apart
// from each other for a large shape.
func (w passage) reflected(root, x float64) float64 {
	z := root * (x/w.mean + 1)
	if z < 25 {
		return math.Exp(2*w.shape/w.mean) * distuv.UnitNormal.Survival(z)
	}
	gap := root * (x/w.mean - 1)
	return math.Exp(-gap*gap/2) / (z * math.Sqrt(2*math.Pi))
}

func (w passage) quantile(p float64) float64 {
	lo, hi := 0.0, w.mean
	for w.cdf(hi) < p {
		lo, hi = hi, 2*hi
	}
	for range 60 {
		if mid := (lo + hi) / 2; w.cdf(mid) < p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}
