package stat

import "math"

// Counts2 is a label by response table: which side of the canary served a
// request, and whether the response deviated from the reference.
type Counts2 struct{ CanaryDev, CanaryRef, BaseDev, BaseRef int }

// Add counts one labelled response.
func (c *Counts2) Add(canary, deviant bool) {
	switch {
	case canary && deviant:
		c.CanaryDev++
	case canary:
		c.CanaryRef++
	case deviant:
		c.BaseDev++
	default:
		c.BaseRef++
	}
}

// Plus is the table of both sets of rows.
func (c Counts2) Plus(o Counts2) Counts2 {
	return Counts2{c.CanaryDev + o.CanaryDev, c.CanaryRef + o.CanaryRef, c.BaseDev + o.BaseDev, c.BaseRef + o.BaseRef}
}

// Canary is the number of responses with the canary label.
func (c Counts2) Canary() int { return c.CanaryDev + c.CanaryRef }

// Base is the number of responses with the base label.
func (c Counts2) Base() int { return c.BaseDev + c.BaseRef }

// Deviant is the number of deviant responses.
func (c Counts2) Deviant() int { return c.CanaryDev + c.BaseDev }

// N is the number of responses.
func (c Counts2) N() int { return c.Canary() + c.Base() }

// swapped is the same table with the labels exchanged.
func (c Counts2) swapped() Counts2 {
	return Counts2{c.BaseDev, c.BaseRef, c.CanaryDev, c.CanaryRef}
}

// likelihood is the ln probability of the responses given the labels, where the
// canary deviates with probability a and base with b.
func (c Counts2) likelihood(a, b float64) float64 {
	return LogBin(c.CanaryDev, c.Canary(), a) + LogBin(c.BaseDev, c.Base(), b)
}

// linkLaw is one way for a response to follow its label.
type linkLaw struct{ canary, base, weight float64 }

// linkLaws are the alternatives of the link test, a clean split first. The
// roles are swapped with the given weight: where the canary carries most of the
// traffic the usual behaviour is the canary's, and base deviates.
func linkLaws(swapped float64) []linkLaw {
	follow := []struct{ q, w float64 }{{.999, .6}, {.9, .2}, {.6, .12}, {.3, .08}}
	stray := []struct{ q, w float64 }{{.0003, .4}, {.003, .4}, {.03, .2}}
	var laws []linkLaw
	for _, a := range follow {
		for _, b := range stray {
			w := a.w * b.w
			laws = append(laws, linkLaw{a.q, b.q, w * (1 - swapped)})
			if swapped > 0 {
				laws = append(laws, linkLaw{b.q, a.q, w * swapped})
			}
		}
	}
	return laws
}

// swapWeight is the weight, among the alternatives of the link test, of base
// being the side that deviates from the usual behaviour. That needs a canary with
// about half of the traffic or more.
func swapWeight(p0 float64) float64 {
	p0 = min(max(p0, 0), .5)
	return 2 * p0 * p0
}

// NotLinked returns ln E against every law that ties the response to the label,
// that is P(deviant|one side) ≥ 1/2 and P(deviant|other side) at most a fifth of
// it: an iid flake mixed over its rates, over the best such law (universal
// inference, Wasserman, Ramdas & Balakrishnan 2020). E ≥ 1/β says "not explained
// by the canary". Either side may be the one that deviates.
func NotLinked(c Counts2) float64 {
	return against(FlakyLogM(c.Deviant(), c.N(), DefaultResolution), linkedEither(c))
}

// NotLinkedShare is NotLinked for a canary with configured share p0. The flake
// that could be mistaken for it deviates at about that rate, so most of the
// mixture's weight is there; that saves up to a fifth of the requests.
func NotLinkedShare(c Counts2, p0 float64) float64 {
	if p0 <= 0 || p0 >= 1 {
		return NotLinked(c)
	}
	var m mixture
	m.add(.94, LogBin(c.Deviant(), c.N(), p0))
	m.add(.015, LogBin(c.Deviant(), c.N(), OddsShift(p0, .5)))
	m.add(.015, LogBin(c.Deviant(), c.N(), OddsShift(p0, 2)))
	m.add(.03, FlakyLogM(c.Deviant(), c.N(), DefaultResolution))
	return against(m.log(), linkedEither(c))
}

func linkedEither(c Counts2) float64 { return max(linkedSup(c), linkedSup(c.swapped())) }

const (
	linkedLeast = .5 // the least share of a side's responses that must deviate
	linkedRatio = 5  // and how many times more than on the other side
)

// linkedSup is the largest ln likelihood with a ≥ 1/2 and b ≤ a/5.
func linkedSup(c Counts2) float64 {
	a := max(share(c.CanaryDev, c.Canary(), 1), linkedLeast)
	if b := share(c.BaseDev, c.Base(), 0); b <= a/linkedRatio {
		return c.likelihood(a, b)
	}
	// The unconstrained optimum is infeasible, so the best law lies on b = a/5,
	// where the likelihood is concave in a.
	on := func(a float64) float64 { return c.likelihood(a, a/linkedRatio) }
	return on(argmax(on, linkedLeast, 1))
}

// share is k/n, or what the caller takes for no rows at all.
func share(k, n int, none float64) float64 {
	if n == 0 {
		return none
	}
	return float64(k) / float64(n)
}

// argmax finds the maximum of a concave function by golden section.
func argmax(f func(float64) float64, lo, hi float64) float64 {
	const ratio = 1 / math.Phi
	x1, x2 := hi-ratio*(hi-lo), lo+ratio*(hi-lo)
	f1, f2 := f(x1), f(x2)
	for range 60 {
		if f1 < f2 {
			lo, x1, f1 = x1, x2, f2
			x2 = lo + ratio*(hi-lo)
			f2 = f(x2)
		} else {
			hi, x2, f2 = x2, x1, f1
			x1 = hi - ratio*(hi-lo)
			f1 = f(x1)
		}
	}
	return (lo + hi) / 2
}
