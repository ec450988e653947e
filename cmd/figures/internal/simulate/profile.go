package simulate

import "math"

const (
	profilePrior   = .5  // observations that the prior of a profile is worth
	profileUnknown = .02 // rate of responses that no profile foretells
)

// predictive returns how likely a stage answers one scenario next with each
// known behaviour and, as the last entry, with one never seen, from how often it
// did so: (n_c + κu)/(n + κ) with u uniform and κ = 1/2, mixed with 2% of
// anything at all. No entry is zero.
func predictive(counts []int) []float64 {
	var n int
	for _, k := range counts {
		n += k
	}
	uniform := 1 / float64(len(counts)+1)
	out := make([]float64, len(counts)+1)
	for c := range out {
		seen := 0
		if c < len(counts) {
			seen = counts[c]
		}
		fit := (float64(seen) + profilePrior*uniform) / (float64(n) + profilePrior)
		out[c] = (1-profileUnknown)*fit + profileUnknown*uniform
	}
	return out
}

// divergenceOf is the Kullback-Leibler divergence of q from p in nats, over the
// same behaviours.
func divergenceOf(p, q []float64) (kl float64) {
	for i := range p {
		if p[i] > 0 {
			kl += p[i] * math.Log(p[i]/q[i]) // infinite where q is impossible
		}
	}
	return max(kl, 0)
}

// separationOf is how fast the scenario with these profiles tells the leader from
// the rival that it tells apart worst, in nats per request (Chernoff 1959): ask
// next the scenario where it is largest. Without rivals there is nothing to tell
// apart: 0.
func separationOf(leader []float64, rivals [][]float64) float64 {
	if len(rivals) == 0 {
		return 0
	}
	least := math.Inf(1)
	for _, r := range rivals {
		least = min(least, divergenceOf(leader, r))
	}
	return least
}
