package simulate

import "math/rand/v2"

// pattern draws a habit by which some answers deviate, whatever the canary is.
type pattern struct {
	name string
	draw func(rng *rand.Rand, behaviour int) Layer
	// inTime: stretches without any other answer are windows of time.
	inTime bool
}

var patterns = []pattern{
	{"independent", func(rng *rand.Rand, b int) Layer { return Flake(logBetween(rng, .005, .5), b) }, false},
	{"Markov, order 1", func(rng *rand.Rand, b int) Layer { return drawMarkov(1, rng, b) }, true},
	{"Markov, order 2", func(rng *rand.Rand, b int) Layer { return drawMarkov(2, rng, b) }, true},
	{"Markov, order 3", func(rng *rand.Rand, b int) Layer { return drawMarkov(3, rng, b) }, true},
	{"bursts", func(rng *rand.Rand, b int) Layer { return Bursts(logBetween(rng, .002, .1), between(rng, .5, .98), b) }, true},
	{"drift", func(rng *rand.Rand, b int) Layer {
		low := between(rng, 0, .2)
		return driftFrom(low, between(rng, low, .9), int(logBetween(rng, 50, 4000)), rng.Float64(), b)
	}, true},
	{"periodic", func(rng *rand.Rand, b int) Layer {
		period := int64(logBetween(rng, 500, 60_000))
		return Periodic(period, int64(float64(period)*between(rng, .05, .5)), between(rng, .3, 1), b)
	}, true},
	{"by load", func(rng *rand.Rand, b int) Layer {
		return Loaded(logBetween(rng, .01, .2), logBetween(rng, 10, 500), between(rng, .3, 2), b)
	}, true},
}

// failures of an identical canary and its stage alike, with logs of all kinds.
func failures() []Drawn {
	var out []Drawn
	for _, p := range patterns {
		out = append(out,
			Drawn{"failures, " + p.name + ", canary with logs", func(rng *rand.Rand) World {
				return p.flaking(rng, withCanaryOf(rng, drawShare(rng))).logged(ordinary(rng))
			}},
			Drawn{"failures, " + p.name + ", no canary, no logs", func(rng *rand.Rand) World {
				return p.flaking(rng, begin(rng)).unread()
			}})
	}
	lossy := func(name string, loss func(a, b float64) Loss) Drawn {
		return Drawn{name, func(rng *rand.Rand) World {
			p := patterns[rng.IntN(len(patterns))]
			l := ordinary(rng)
			l.Loss = loss(between(rng, .05, .95), between(rng, .05, .95))
			return p.flaking(rng, withCanaryOf(rng, drawShare(rng))).logged(l)
		}}
	}
	return append(out,
		lossy("failures, loss by label", func(a, b float64) Loss { return Loss{a, a, b, b} }),
		lossy("failures, loss by answer", func(a, b float64) Loss { return Loss{a, b, a, b} }),
		lossy("failures, loss by label and answer", func(a, b float64) Loss { return Loss{0, a, b, 0} }),
		lossy("failures, logs of errors alone", func(_, _ float64) Loss { return Loss{0, 1, 0, 1} }),
		Drawn{"failures amid everything that moves, canary with logs", func(rng *rand.Rand) World {
			p := patterns[rng.IntN(len(patterns))]
			return p.flaking(rng, withCanaryOf(rng, drawShare(rng))).moving(moving(rng, 2, 8)).logged(ordinary(rng))
		}})
}

// flaking makes the deviants of a world failures: nothing but a flake is true, or a
// window of time in which all fail.
func (p pattern) flaking(rng *rand.Rand, w World) World {
	w.Looks, w.AnyOf, w.Allowed = failing, []string{flakyBackend}, []string{staleCanary}
	if p.inTime {
		w.AnyOf = append(w.AnyOf, integrationError)
	}
	return w.answering(p.draw(rng, 1))
}

// splitting makes the deviants of a world another version of the backend: that no
// known cause fits is true.
func splitting(w World) World {
	w.AnyOf, w.Allowed = []string{unexplained, backendSplit}, []string{staleCanary}
	return w
}

// otherAnswers: another version answers at random.
func otherAnswers() []Drawn {
	var out []Drawn
	for _, p := range patterns {
		out = append(out, Drawn{"another version, " + p.name + ", canary with logs", func(rng *rand.Rand) World {
			return splitting(withCanaryOf(rng, drawShare(rng))).answering(p.draw(rng, 1)).logged(ordinary(rng))
		}})
	}
	return append(out,
		Drawn{"another version, any order, no canary, no logs", func(rng *rand.Rand) World {
			p := patterns[rng.IntN(len(patterns))]
			return splitting(begin(rng)).answering(p.draw(rng, 1)).unread()
		}},
		Drawn{"another version, loss by label and answer", func(rng *rand.Rand) World {
			l := ordinary(rng)
			l.Loss = Loss{0, between(rng, .05, .95), between(rng, .05, .95), 0}
			return splitting(withCanaryOf(rng, drawShare(rng))).answering(Flake(logBetween(rng, .01, .5), 1)).logged(l)
		}})
}
