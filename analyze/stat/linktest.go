package stat

import (
	"math"
	"sync"
)

// linkMass are the prior masses of the link test: how many rows the belief is
// worth that a value's share is the centre. A clean split shows soonest under a
// small one, a slight tendency under a large one.
var linkMass = [...]float64{.3, 1, 4, 16}

// LinkLogN returns ln N of the link test: the probability of the labels under
// "each value of the feature has its own share", given the values. It is the mean
// over four prior masses and two centres of the products over values of
// beta-binomial probabilities; in the first centre every share is about p, in the
// second only that of the reference value is, and all others are about 1/2.
//
// values holds the labels by value; ref is the index of the reference value, -1
// for none; forgotten are the rows whose value, seen once, is no longer kept:
// each of them remains a value of its own. p is what is configured or was drawn.
// It may be wrong, which costs evidence and no error. Rows in which the feature
// had no say (another scenario, a definition not made yet) are a value too.
//
// With D from [Blocks], or from the probabilities with which the rows were drawn,
// N/D is at most a test martingale, whatever the answers do, as long as p and ref
// do not change between looks: P(ever N/D >= 1/α) <= α (Ville 1939).
func LinkLogN(values []Count, ref int, forgotten Count, p float64) float64 {
	all := LinkLogParts(values, ref, forgotten, p)
	return LogMean(all[:])
}

// LinkParts is the number of terms that N is the mean of.
const LinkParts = 2 * len(linkMass)

// LinkLogParts returns the terms of [LinkLogN], in logarithms. Those of several
// sets of values add up to the terms of all of them.
func LinkLogParts(values []Count, ref int, forgotten Count, p float64) (all [LinkParts]float64) {
	p = openShare(p)
	for i, a := range linkMass {
		on, off := newRising(a*p), newRising(a*(1-p))
		for v, c := range values {
			sum := fixedRise(i, c.N())
			near := on.log(c.On) + off.log(c.Off) - sum
			all[i] += near
			if v != ref {
				near = fixedRise(i+len(linkMass), c.On) + fixedRise(i+len(linkMass), c.Off) - sum
			}
			all[i+len(linkMass)] += near
		}
		all[i] += LogBin(max(forgotten.On, 0), forgotten.N(), p)
		all[i+len(linkMass)] -= float64(forgotten.N()) * math.Ln2
	}
	return all
}

// LogMean is the logarithm of the mean of numbers given by theirs.
func LogMean(logs []float64) float64 { return LogSumExp(logs...) - math.Log(float64(len(logs))) }

// openShare keeps a prior centre off 0 and 1, from where no label could move it.
func openShare(p float64) float64 {
	if !(p > 1e-6) {
		return 1e-6
	}
	return min(p, 1-1e-6)
}

// rising gives ln x(x+1)…(x+n-1), the ratio of gamma functions that a
// beta-binomial probability is made of.
type rising struct{ x, lgamma float64 }

func newRising(x float64) rising { return rising{x, lgamma(x)} }

func (r rising) log(n int) float64 {
	switch {
	case n <= 0:
		return 0
	case n > 8:
		return lgamma(r.x+float64(n)) - r.lgamma
	}
	product := r.x
	for i := 1; i < n; i++ {
		product *= r.x + float64(i)
	}
	return math.Log(product)
}

// fixedRise is rising for the masses (i below their number) and for half of
// them, which do not depend on p and are kept in a table.
func fixedRise(i, n int) float64 {
	t := &fixedRises()[i]
	if n < len(t.upTo) {
		return t.upTo[max(n, 0)]
	}
	return t.log(n)
}

type riseTable struct {
	rising
	upTo [512]float64
}

var fixedRises = sync.OnceValue(func() *[2 * len(linkMass)]riseTable {
	var tables [2 * len(linkMass)]riseTable
	for i, a := range linkMass {
		tables[i].rising = newRising(a)
		tables[i+len(linkMass)].rising = newRising(a / 2)
	}
	for i := range tables {
		for n := range tables[i].upTo {
			tables[i].upTo[n] = tables[i].log(n)
		}
	}
	return &tables
})
