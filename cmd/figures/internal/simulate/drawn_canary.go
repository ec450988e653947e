package simulate

import "math/rand/v2"

// differs is a stage whose canary differs.
func differs(rng *rand.Rand, p float64) World {
	w := withCanaryOf(rng, p)
	w.Causes, w.Otherwise = one(canarySplit), 1
	return w
}

// differing canaries, which differ in all their answers.
func differing() []Drawn {
	amid := func(name string, look Look, least, most int) Drawn {
		return Drawn{"canary differs, " + name, func(rng *rand.Rand) World {
			w := differs(rng, logBetween(rng, .05, .5)).answering(Follow(1, 0, 1)).moving(moving(rng, least, most)).logged(ordinary(rng))
			w.Looks = map[int]Look{1: look}
			return w
		}}
	}
	return []Drawn{
		amid("a version", Other, 0, 0), amid("a version amid everything that moves", Other, 3, 12),
		amid("a number amid everything that moves", Constant, 3, 12), amid("a header amid everything that moves", Added, 3, 12),
		amid("a field less amid everything that moves", Removed, 3, 12), amid("it fails, amid everything that moves", Failing, 3, 12),
		{"canary of 1 to 5 % differs", func(rng *rand.Rand) World {
			return differs(rng, logBetween(rng, .01, .05)).answering(Follow(1, 0, 1)).logged(ordinary(rng))
		}},
		{"canary differs in one scenario of several", func(rng *rand.Rand) World {
			w := differs(rng, logBetween(rng, .08, .5))
			w.Scenarios = 2 + rng.IntN(9)
			w.Looks = map[int]Look{1: []Look{Other, Constant, Added, Failing}[rng.IntN(4)]}
			return w.answering(Follow(1, 0, 1, rng.IntN(w.Scenarios))).moving(moving(rng, 0, 4)).logged(ordinary(rng))
		}},
		{"canary differs, labels of one side late", func(rng *rand.Rand) World {
			l := ordinary(rng)
			l.Lag.Canary = seconds(logBetween(rng, 1, 60))
			return differs(rng, logBetween(rng, .08, .5)).answering(Follow(1, 0, 1)).moving(moving(rng, 0, 4)).logged(l)
		}},
		{"canary differs, loss by label", func(rng *rand.Rand) World {
			a, b := between(rng, 0, .7), between(rng, 0, .7)
			return differs(rng, logBetween(rng, .08, .5)).answering(Follow(1, 0, 1)).logged(Logs{Loss: Loss{a, a, b, b}})
		}},
		{"canary differs, and failures of any order", func(rng *rand.Rand) World {
			w := differs(rng, logBetween(rng, .08, .5))
			w.Looks, w.Allowed = map[int]Look{2: Failing}, []string{flakyBackend, integrationError}
			return w.answering(patterns[rng.IntN(len(patterns))].draw(rng, 2), Follow(1, 0, 1)).logged(ordinary(rng))
		}},
		{"canary differs in a version, no logs", func(rng *rand.Rand) World {
			return differs(rng, logBetween(rng, .05, .4)).answering(Follow(1, 0, 1)).moving(moving(rng, 0, 6)).unread()
		}},
	}
}

// partial: canaries that fail, or answer otherwise, more often than the stage.
func partial() []Drawn {
	rates := func(name string, look Look, draw func(*rand.Rand) (p, a, b float64)) Drawn {
		return Drawn{"canary differs in part, " + name, func(rng *rand.Rand) World {
			p, a, b := draw(rng)
			w := differs(rng, p)
			w.Causes, w.AnyOf = nil, one(canarySplit)
			w.Otherwise, w.Looks, w.Requests = a-b, map[int]Look{1: look}, 2*drawnRequests
			if b > 0 {
				w.Allowed = []string{flakyBackend, unexplained, backendSplit}
			}
			return w.answering(Follow(a, b, 1)).logged(ordinary(rng))
		}}
	}
	share := func(rng *rand.Rand) float64 { return between(rng, .2, .5) }
	drawn := func(rng *rand.Rand) (p, a, b float64) {
		b = logBetween(rng, .002, .1)
		return share(rng), min(.9, b*logBetween(rng, 2.5, 20)), b
	}
	return []Drawn{
		rates("20 % failing against 6 %", Failing, func(rng *rand.Rand) (p, a, b float64) {
			return share(rng), .2 * between(rng, .9, 1.1), .06 * between(rng, .9, 1.1)
		}),
		rates("6 % failing against 1 %", Failing, func(rng *rand.Rand) (p, a, b float64) {
			return share(rng), .06 * between(rng, .9, 1.1), .01 * between(rng, .9, 1.1)
		}),
		rates("5 % failing against none", Failing, func(rng *rand.Rand) (p, a, b float64) { return share(rng), .05 * between(rng, .9, 1.1), 0 }),
		rates("failing at drawn rates", Failing, drawn),
		rates("another version at drawn rates", Other, drawn),
		rates("another number at drawn rates", Constant, drawn),
	}
}
