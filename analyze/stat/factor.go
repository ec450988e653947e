package stat

import "math"

// driverFollow are the rates at which a deviating level deviates; the others
// stray as in a canary split.
var driverFollow = []float64{.99, .8, .4}

// FactorLogM returns ln M of "some levels of a factor deviate, others do not":
// k[f] of the n[f] rows at level f are deviant, and each level deviates with
// prior probability rho, given that neither all nor none do. The sum over all
// such sets of levels is closed, in O(levels), and mixed over the rates. The
// levels must be fixed before the run. One level alone explains nothing: -Inf.
func FactorLogM(k, n []int, rho float64) float64 {
	if len(k) < 2 || rho <= 0 || rho >= 1 {
		return math.Inf(-1)
	}
	kinds, _ := alike(k, n)
	var m mixture
	for _, r := range driverRates() {
		m.add(1, mixedSets(kinds, rho, r[0], r[1]))
	}
	return m.log() - math.Log(float64(len(m))) - logMixed(len(k), rho)
}

// FactorPosterior is the probability that each level deviates, given that some
// do and others do not, as [FactorLogM] weighs them.
func FactorPosterior(k, n []int, rho float64) []float64 {
	post := make([]float64, len(k))
	if len(k) < 2 || rho <= 0 || rho >= 1 {
		return post
	}
	kinds, of := alike(k, n)
	chances := make([]float64, len(kinds))
	var laws []levelSets
	var m mixture
	for _, r := range driverRates() {
		s := newLevelSets(kinds, rho, r[0], r[1])
		laws = append(laws, s)
		m.add(1, s.logMixed())
	}
	total := m.log()
	for i, s := range laws {
		weight := math.Exp(m[i] - total)
		for g := range chances {
			chances[g] += weight * s.posterior(g, m[i])
		}
	}
	for f := range post {
		post[f] = min(max(chances[of[f]], 0), 1)
	}
	return post
}

// driverRates are all pairs of the rates at which a deviating level deviates and
// another one strays.
func driverRates() (rates [][2]float64) {
	for _, a := range driverFollow {
		for _, b := range strayed {
			rates = append(rates, [2]float64{a, b})
		}
	}
	return rates
}

// logMixed is the ln probability that of so many levels neither all nor none
// deviate.
func logMixed(levels int, rho float64) float64 {
	n := float64(levels)
	return math.Log1p(-math.Pow(rho, n) - math.Pow(1-rho, n))
}

// mixedSets is the ln weight of all sets of levels but the empty and the full
// one. Kind by kind it keeps which part of the weight of all sets the two take
// that are left out; what comes to the rest is added up, never subtracted.
func mixedSets(kinds []levelKind, rho, a, b float64) float64 {
	dev, devNot := math.Log(rho), math.Log1p(-rho)
	logA, logNotA, logB, logNotB := math.Log(a), math.Log1p(-a), math.Log(b), math.Log1p(-b)
	var all float64 // ln weight of all sets
	var mixed float64
	none, full := 1., 1. // the empty set of no levels is both
	for g, l := range kinds {
		k, rest, m := float64(l.k), float64(l.n-l.k), float64(l.levels)
		d, r := dev+k*logA+rest*logNotA, devNot+k*logB+rest*logNotB
		// ln of the chance that one level deviates, and that it does not.
		p, q := -softplus(r-d), -softplus(d-r)
		all += m * (d - p)
		if g == 0 {
			none, full, m = math.Exp(q), math.Exp(p), m-1
		}
		mixed -= none*math.Expm1(m*q) + full*math.Expm1(m*p)
		none *= math.Exp(m * q)
		full *= math.Exp(m * p)
	}
	return all + math.Log(mixed)
}

// softplus is ln(1 + e^x).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// levelKind are levels with the same counts: most connections carry one request,
// and what holds for one of them holds for all.
type levelKind struct{ k, n, levels int }

// alike groups levels by their counts, in order; of[f] is the kind of level f.
func alike(k, n []int) (kinds []levelKind, of []int) {
	index := map[[2]int]int{}
	for f := range k {
		g, ok := index[[2]int{k[f], n[f]}]
		if !ok {
			g = len(kinds)
			index[[2]int{k[f], n[f]}] = g
			kinds = append(kinds, levelKind{k: k[f], n: n[f]})
		}
		kinds[g].levels++
		of = append(of, g)
	}
	return kinds, of
}

// levelSets holds, for one pair of rates, the ln weight of a level of each kind
// deviating or not, and what prefixes and suffixes of the kinds sum to.
type levelSets struct {
	kinds          []levelKind
	dev, ref       []float64
	prefix, suffix []setSum
}

// setSum is the ln weight of all sets over some levels, by kind. Keeping the
// kinds apart avoids subtracting nearly equal numbers.
type setSum struct{ none, all, mixed float64 }

func newLevelSets(kinds []levelKind, rho, a, b float64) levelSets {
	s := levelSets{kinds: kinds, prefix: []setSum{noLevels}, suffix: make([]setSum, len(kinds)+1)}
	sums := make([]setSum, len(kinds))
	for g, l := range kinds {
		s.dev = append(s.dev, math.Log(rho)+LogBin(l.k, l.n, a))
		s.ref = append(s.ref, math.Log1p(-rho)+LogBin(l.k, l.n, b))
		sums[g] = s.level(g).times(l.levels)
		s.prefix = append(s.prefix, s.prefix[g].join(sums[g]))
	}
	s.suffix[len(kinds)] = noLevels
	for g := len(kinds) - 1; g >= 0; g-- {
		s.suffix[g] = sums[g].join(s.suffix[g+1])
	}
	return s
}

// times is the sum over levels that are all alike, by repeated doubling.
func (a setSum) times(levels int) setSum {
	sum := noLevels
	for ; levels > 0; levels /= 2 {
		if levels%2 == 1 {
			sum = sum.join(a)
		}
		a = a.join(a)
	}
	return sum
}

// noLevels is the sum over an empty list of levels: its one set is both "none
// deviates" and "all deviate", and join treats either as neutral.
var noLevels = setSum{0, 0, math.Inf(-1)}

func (s levelSets) level(g int) setSum { return setSum{s.ref[g], s.dev[g], math.Inf(-1)} }

func (s levelSets) logMixed() float64 { return s.prefix[len(s.dev)].mixed }

// posterior is the probability that a level of a kind deviates given that the set
// is mixed: it deviates and the others are not all deviating.
func (s levelSets) posterior(g int, mixed float64) float64 {
	if math.IsInf(mixed, -1) {
		return 0
	}
	others := s.prefix[g].join(s.suffix[g+1]).join(s.level(g).times(s.kinds[g].levels - 1))
	return math.Exp(s.dev[g] + LogSumExp(others.none, others.mixed) - mixed)
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
