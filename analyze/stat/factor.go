package stat

import "math"

// driverFollow are the rates at which a deviating level deviates; the others
// stray as in a canary split.
var driverFollow = []float64{.99, .8, .4}

// FactorLogM returns ln M of "some levels of a factor deviate, others do not":
// k[f] of the n[f] rows at level f are deviant, and each level deviates with
// prior probability rho, given that neither all nor none do. The sum over all
// such sets of levels is closed, in O(levels), and mixed over the rates.
// post[f] is the posterior probability that level f deviates. The levels must
// be fixed before the run. One level alone explains nothing: -Inf.
func FactorLogM(k, n []int, rho float64) (logM float64, post []float64) {
	post = make([]float64, len(k))
	if len(k) < 2 || rho <= 0 || rho >= 1 {
		return math.Inf(-1), post
	}
	var laws []levelSets
	var m mixture
	for _, a := range driverFollow {
		for _, b := range strayed {
			s := newLevelSets(k, n, rho, a, b)
			laws = append(laws, s)
			m.add(1, s.logMixed())
		}
	}
	total := m.log()
	for i, s := range laws {
		weight := math.Exp(m[i] - total)
		for f := range post {
			post[f] += weight * s.posterior(f, m[i])
		}
	}
	norm := newLevelSets(make([]int, len(k)), make([]int, len(k)), rho, .5, .5).logMixed()
	return total - norm - math.Log(float64(len(laws))), clampAll(post)
}

func clampAll(p []float64) []float64 {
	for i := range p {
		p[i] = min(max(p[i], 0), 1)
	}
	return p
}

// levelSets holds, for one pair of rates, the ln weight of each level deviating
// or not, and what prefixes and suffixes of the levels sum to.
type levelSets struct {
	dev, ref       []float64
	prefix, suffix []setSum
}

// setSum is the ln weight of all sets over some levels, by kind. Keeping the
// kinds apart avoids subtracting nearly equal numbers.
type setSum struct{ none, all, mixed float64 }

func newLevelSets(k, n []int, rho, a, b float64) levelSets {
	s := levelSets{prefix: []setSum{noLevels}}
	for f := range k {
		s.dev = append(s.dev, math.Log(rho)+LogBin(k[f], n[f], a))
		s.ref = append(s.ref, math.Log1p(-rho)+LogBin(k[f], n[f], b))
		s.prefix = append(s.prefix, s.prefix[f].join(s.level(f)))
	}
	s.suffix = make([]setSum, len(k)+1)
	s.suffix[len(k)] = noLevels
	for f := len(k) - 1; f >= 0; f-- {
		s.suffix[f] = s.level(f).join(s.suffix[f+1])
	}
	return s
}

// noLevels is the sum over an empty list of levels: its one set is both "none
// deviates" and "all deviate", and join treats either as neutral.
var noLevels = setSum{0, 0, math.Inf(-1)}

func (s levelSets) level(f int) setSum { return setSum{s.ref[f], s.dev[f], math.Inf(-1)} }

func (s levelSets) logMixed() float64 { return s.prefix[len(s.dev)].mixed }

// posterior is the probability that level f deviates given that the set is
// mixed: f deviates and the others are not all deviating.
func (s levelSets) posterior(f int, mixed float64) float64 {
	if math.IsInf(mixed, -1) {
		return 0
	}
	others := s.prefix[f].join(s.suffix[f+1])
	return math.Exp(s.dev[f] + LogSumExp(others.none, others.mixed) - mixed)
}

func (a setSum) join(b setSum) setSum {
	if a == noLevels {
		return b
	}
	if b == noLevels {
		return a
	}
	return setSum{
		none: a.none + b.none,
		all:  a.all + b.all,
		mixed: LogSumExp(
			a.mixed+LogSumExp(b.none, b.all, b.mixed),
			b.mixed+LogSumExp(a.none, a.all),
			a.none+b.all,
			a.all+b.none),
	}
}
