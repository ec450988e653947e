package stat

import "math"

// Change follows one switch of the share of deviants, from before to after, at
// an unknown row τ: the first one under the new share, uniform on 1..nMax.
type Change struct {
	logBefore, logAfter [2]float64 // ln likelihood of one row, by response
	logPrior            float64
	nMax                int

	before  float64   // ln likelihood of all rows so far without a switch
	after   float64   // and as if all came after it
	logM    float64   // ln likelihood of a switch so far
	roberts float64   // ln of the Shiryaev-Roberts statistic
	gain    []float64 // per τ: before - after at the row before it
}

// NewChange expects a switch at one of the first nMax rows.
func NewChange(before, after float64, nMax int) *Change {
	before, after = certainless(before), certainless(after)
	return &Change{
		logBefore: [2]float64{math.Log1p(-before), math.Log(before)},
		logAfter:  [2]float64{math.Log1p(-after), math.Log(after)},
		logPrior:  -math.Log(float64(max(nMax, 1))),
		nMax:      max(nMax, 1),
		logM:      math.Inf(-1),
		roberts:   math.Inf(-1),
	}
}

// Add takes the next row; c tells whether it deviates.
func (x *Change) Add(c bool) {
	l0, l1 := x.logBefore[bit(c)], x.logAfter[bit(c)]
	if len(x.gain) < x.nMax {
		x.logM = LogSumExp(x.logM, x.before+x.logPrior)
		x.gain = append(x.gain, x.before-x.after)
	}
	x.logM += l1
	x.roberts = LogSumExp(0, x.roberts) + l1 - l0
	x.before += l0
	x.after += l1
}

// LogM returns the ln marginal likelihood of a switch among the rows so far. Its
// exponential is a sub-probability: a switch still to come is left out.
func (x *Change) LogM() float64 { return x.logM }

// SR returns the Shiryaev-Roberts statistic, Σ over τ of the likelihood ratio
// after:before since τ. An alarm at SR ≥ A comes after at least A rows on
// average where nothing switches (Pollak 1985).
func (x *Change) SR() float64 { return math.Exp(x.roberts) }

// posteriorMass is what the range of Tau holds at least.
const posteriorMass = .95

// Tau returns the likeliest first row after the switch (1 is the first row of
// all), the range spanned by the rows that together hold 95% of the posterior,
// and the probability inside that range, given that there was a switch. All are
// zero before the first row.
func (x *Change) Tau() (hat, lo, hi int, p float64) {
	if len(x.gain) == 0 {
		return 0, 0, 0, 0
	}
	total := LogSumExp(x.gain...)
	level := x.massLevel(total)
	lo, hi = len(x.gain), 0
	best := math.Inf(-1)
	for i, g := range x.gain {
		if g > best {
			best, hat = g, i+1
		}
		if g >= level {
			lo, hi = min(lo, i+1), max(hi, i+1)
		}
	}
	return hat, lo, hi, math.Exp(LogSumExp(x.gain[lo-1:hi]...) - total)
}

// massLevel is the gain from which on rows hold 95% of the posterior.
func (x *Change) massLevel(total float64) float64 {
	sorted := sortedDown(x.gain)
	var mass float64
	for _, g := range sorted {
		mass += math.Exp(g - total)
		if mass >= posteriorMass {
			return g
		}
	}
	return sorted[len(sorted)-1]
}
