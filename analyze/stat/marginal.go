package stat

import "math"

// The marginal likelihoods M of the hypotheses: each is the ln probability of
// the responses given the covariates, averaged over a fixed grid of laws.

const (
	// DefaultResolution is the least share of deviants that a run looks for.
	DefaultResolution = .01
	// DefaultNoise is the share of deviants that passes as noise.
	DefaultNoise = .001
	flakiest     = .95 // the largest rate of a flake
	flakeRatio   = 1.6 // between neighbouring rates
)

// ConsistentLogM is ln M of "no split": k deviants in n at a rate of 0, half or
// twice the noise floor eps.
func ConsistentLogM(k, n int, eps float64) float64 {
	var m mixture
	m.add(.4, LogBin(k, n, 0))
	m.add(.3, LogBin(k, n, eps/2))
	m.add(.3, LogBin(k, n, min(2*eps, 1)))
	return m.log()
}

// FlakyLogM is ln M of an iid flake: k deviants in n at a rate log-uniform on a
// grid from qmin to 95%.
func FlakyLogM(k, n int, qmin float64) float64 {
	qmin = min(max(qmin, 1e-9), flakiest)
	var m mixture
	for q := qmin; q < flakiest; q *= flakeRatio {
		m.add(1, LogBin(k, n, q))
	}
	m.add(1, LogBin(k, n, flakiest))
	return m.log() - math.Log(float64(len(m)))
}

// followed and strayed are the rates at which a driven response follows its
// driver and at which it deviates without it.
var (
	followed = []float64{.99, .8, .5}
	strayed  = []float64{.003, .02}
)

// CanaryLogM is ln M of a canary split with share p0: one side deviates with
// probability a, the other with b. Rows without a label follow the mixture
// p0·a + (1-p0)·b. Base is the deviant side with weight min(p0, 1/2).
func CanaryLogM(c Counts2, unknownDev, unknownRef int, p0 float64) float64 {
	swap := min(max(p0, 0), .5)
	unknown := unknownDev + unknownRef
	var m mixture
	for _, a := range followed {
		for _, b := range strayed {
			m.add(1-swap, c.likelihood(a, b)+LogBin(unknownDev, unknown, p0*a+(1-p0)*b))
			m.add(swap, c.likelihood(b, a)+LogBin(unknownDev, unknown, p0*b+(1-p0)*a))
		}
	}
	return m.log() - math.Log(float64(len(followed)*len(strayed)))
}

// Sided are answers of one scenario by the side that gave them, with those of which no
// label tells.
type Sided struct {
	Counts2
	UnknownDev, UnknownRef int
}

// CanaryPartsLogM is ln M of a canary split in several scenarios, in each of which either
// behaviour may be the one that deviates: the rates are the same in all, and are paid for
// once.
func CanaryPartsLogM(parts []Sided, p0 float64) float64 {
	swap := min(max(p0, 0), .5)
	var m mixture
	for _, a := range followed {
		for _, b := range strayed {
			var total float64
			for _, part := range parts {
				unknown := part.UnknownDev + part.UnknownRef
				var one mixture
				for _, rates := range [][2]float64{{a, b}, {1 - a, 1 - b}} {
					on, off := rates[0], rates[1]
					one.add(1-swap, part.likelihood(on, off)+LogBin(part.UnknownDev, unknown, p0*on+(1-p0)*off))
					one.add(swap, part.likelihood(off, on)+LogBin(part.UnknownDev, unknown, p0*off+(1-p0)*on))
				}
				total += one.log()
			}
			m.add(1, total)
		}
	}
	return m.log() - math.Log(float64(len(followed)*len(strayed)))
}

// KT is the ln probability of counts in one given order under the estimator of
// Krichevsky & Trofimov (1981), the Dirichlet(1/2) mixture over all shares: the
// law of a split that nothing is known about.
func KT(counts []int) float64 {
	if len(counts) == 0 {
		return 0
	}
	var sum, out float64
	for _, k := range counts {
		out += lgamma(float64(k)+.5) - lgamma(.5)
		sum += float64(k)
	}
	half := float64(len(counts)) / 2
	return out + lgamma(half) - lgamma(sum+half)
}
