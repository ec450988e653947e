package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"stageprobe/analyze/feature"
)

// Several things at once, and habits of backends and deploys that look like a canary.

// Roll lets the share of another version rise from none to all over a part of the run, as
// instances are replaced one after the other; it may stop half-way.
func Roll(from, over int, upTo float64, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		done := math.Min(1, math.Max(0, float64(r.Index-from)/float64(over)))
		deviates(r, rng, upTo*done, behaviour)
	})
}

// Ramp draws the canary label at a share that takes a step every so many rows, as a
// gradual release does.
func Ramp(start, step float64, every int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		r.Canary = rng.Float64() < math.Min(.9, start+step*float64(r.Index/every))
	})
}

// InScenarios applies a layer to some scenarios.
func InScenarios(layer Layer, scenarios ...int) Layer {
	return func() Step {
		step := layer()
		return func(r *Row, rng *rand.Rand) {
			if slices.Contains(scenarios, r.Scenario) {
				step(r, rng)
			}
		}
	}
}

// versionPods: instances of two or three versions answer by chance, and the version says so.
func versionPods(rng *rand.Rand, versions int) []Layer {
	var out []Layer
	for b := 2; b <= versions; b++ {
		out = append(out, Flake(logBetween(rng, .05, .6), b))
	}
	return out
}

// encoded is a header that some answers carry, by chance, by connection or in turn: a proxy
// that compresses now and then, or a field in one of two languages.
func encoded(rng *rand.Rand) Move {
	share, odd, how := between(rng, .03, .97), rng.Uint64(), rng.IntN(3)
	path := []string{"content-encoding", "/greeting", "content-language"}[rng.IntN(3)]
	return Move{Path: path, Aspect: feature.Content, Text: func() func(*Row, *rand.Rand) (string, bool) {
		return func(r *Row, rng *rand.Rand) (string, bool) {
			switch how {
			case 0:
				return "gzip", rng.Float64() < share
			case 1:
				return "gzip", rand.New(rand.NewPCG(odd, uint64(r.Conn))).Float64() < share
			}
			return "gzip", math.Mod(float64(r.Index)*share, 1) < share
		}
	}}
}

// counters are numbers that each of some instances counts for itself.
func counters(rng *rand.Rand) Move {
	n := 2 + rng.IntN(4)
	return Move{Path: "/served", Aspect: feature.Content, Text: always(func() func(*Row, *rand.Rand) string {
		at := make([]int, n)
		return func(_ *Row, rng *rand.Rand) string {
			i := rng.IntN(n)
			at[i]++
			return fmt.Sprint(at[i])
		}
	})}
}

// hard are truths with parameters that nothing was tuned for.
func hard() []Drawn {
	backends := []string{unexplained, backendSplit}
	somePods := func(rng *rand.Rand, w World) World {
		w.AnyOf = backends
		return w.answering(versionPods(rng, 2+rng.IntN(2))...)
	}
	noise := func(rng *rand.Rand, w World) World {
		return w.moving(append(moving(rng, 1, 6), encoded(rng), counters(rng)))
	}
	return []Drawn{
		{"instances of several versions, and an identical canary", func(rng *rand.Rand) World {
			w := somePods(rng, withCanaryOf(rng, drawShare(rng)))
			w.Allowed = one(staleCanary)
			return noise(rng, w).logged(ordinary(rng))
		}},
		{"instances of several versions, no canary, no logs", func(rng *rand.Rand) World { return noise(rng, somePods(rng, begin(rng))).unread() }},
		{"instances of several versions, and a canary of its own", func(rng *rand.Rand) World {
			w := differs(rng, logBetween(rng, .08, .5)).answering(Follow(1, 0, 1))
			w = w.answering(versionPods(rng, 2)...)
			w.Allowed = backends
			return w.logged(ordinary(rng))
		}},
		{"a version per connection", func(rng *rand.Rand) World {
			w := begin(rng)
			if rng.IntN(2) == 0 {
				w = withCanaryOf(rng, drawShare(rng))
			}
			w.Connections = 2 + rng.IntN(12)
			w.AnyOf, w.Allowed = append([]string{endpointSplit}, backends...), one(staleCanary)
			return w.answering(Sticky(between(rng, .2, .8), 1, 0, 1, rng.Uint64())).moving(moving(rng, 0, 3)).logged(ordinary(rng))
		}},
		{"failures in some scenarios alone, identical canary", func(rng *rand.Rand) World {
			w := withCanaryOf(rng, drawShare(rng))
			w.Scenarios = 2 + rng.IntN(8)
			w.Looks, w.AnyOf, w.Allowed = failing, one(flakyBackend), []string{staleCanary, integrationError}
			for s := range w.Scenarios {
				if rng.IntN(2) == 0 || s == 0 {
					w = w.answering(InScenarios(Flake(logBetween(rng, .01, .5), 1), s))
				}
			}
			return noise(rng, w).logged(ordinary(rng))
		}},
		{"a failure in a hundred answers, canary of 1 to 50 %", func(rng *rand.Rand) World {
			w := withCanaryOf(rng, drawShare(rng))
			w.Looks, w.Allowed = failing, []string{staleCanary, flakyBackend}
			return noise(rng, w.answering(Flake(between(rng, .005, .02), 1))).logged(ordinary(rng))
		}},
		{"instances replaced one after the other", func(rng *rand.Rand) World {
			w := begin(rng)
			if rng.IntN(2) == 0 {
				w = withCanaryOf(rng, drawShare(rng))
			}
			w.AnyOf, w.Allowed, w.unproven = append([]string{deployRolling}, backends...), one(staleCanary), true
			upTo := 1.
			if rng.IntN(2) == 0 {
				upTo = between(rng, .2, .9)
			}
			return w.answering(Roll(rng.IntN(400), int(logBetween(rng, 20, 800)), upTo, 1)).moving(moving(rng, 0, 4)).logged(ordinary(rng))
		}},
		{"a canary that is released step by step, identical, fields tick", func(rng *rand.Rand) World {
			w := begin(rng)
			start := drawShare(rng)
			w.Percent, w.Allowed = 100*start, one(staleCanary)
			w.Layers = []Layer{Ramp(start, between(rng, .02, .2), 20+rng.IntN(200))}
			return w.moving(moving(rng, 1, 5, "/uptime", "/date", "/leader")).logged(ordinary(rng))
		}},
		{"a canary that is released step by step, and differs", func(rng *rand.Rand) World {
			w := begin(rng)
			start := logBetween(rng, .05, .3)
			w.Percent, w.Causes, w.Otherwise = 100*start, one(canarySplit), 1
			w.Layers = []Layer{Ramp(start, between(rng, .02, .2), 20+rng.IntN(200)), Follow(1, 0, 1)}
			return w.moving(moving(rng, 0, 4)).logged(ordinary(rng))
		}},
		{"every n-th answer is another version", func(rng *rand.Rand) World {
			w := begin(rng)
			if rng.IntN(2) == 0 {
				w = withCanaryOf(rng, drawShare(rng))
			}
			w.Machines = 1
			w.AnyOf, w.Allowed = one(unexplained), one(staleCanary)
			return w.answering(Every(3+rng.IntN(6), 1)).logged(ordinary(rng))
		}},
		{"another version at a share that drifts", func(rng *rand.Rand) World {
			w := begin(rng)
			w.AnyOf, w.Allowed = backends, []string{deployRolling}
			w.unproven = true
			return w.answering(driftFrom(0, between(rng, .4, .9), int(logBetween(rng, 200, 2000)), rng.Float64(), 1)).logged(ordinary(rng))
		}},
		{"a bad address, and a canary that differs", func(rng *rand.Rand) World {
			w := differs(rng, logBetween(rng, .08, .4)).answering(Follow(1, 0, 1))
			w.Addresses, w.Connections = 2+rng.IntN(8), 4+rng.IntN(8)
			odd := rng.IntN(w.Addresses)
			w.Looks, w.Allowed = map[int]Look{2: Failing}, []string{endpointSplit, flakyBackend}
			return w.answering(By(func(r *Row) bool { return r.Address == odd }, between(rng, .5, 1), 0, 2)).logged(ordinary(rng))
		}},
		{"the first answer of a connection fails", func(rng *rand.Rand) World {
			w := begin(rng)
			w.Looks, w.AnyOf = failing, []string{endpointSplit, flakyBackend}
			return w.answering(By(func(r *Row) bool { return r.ConnN == 1 }, between(rng, .3, 1), 0, 1)).moving(moving(rng, 0, 4)).logged(ordinary(rng))
		}},
		{"canary identical, a header or field comes and goes, no logs", func(rng *rand.Rand) World {
			w := same(rng)
			w.Causes, w.Allowed = nil, one(staleCanary)
			return w.moving(append(moving(rng, 0, 5), encoded(rng), counters(rng))).unread()
		}},
		{"canary differs in a number or header, no logs", func(rng *rand.Rand) World {
			w := differs(rng, logBetween(rng, .05, .4)).answering(Follow(1, 0, 1))
			w.Causes, w.AnyOf, w.Looks = nil, one(canarySplit), map[int]Look{1: []Look{Constant, Added}[rng.IntN(2)]}
			return w.moving(moving(rng, 0, 2, "/id")).unread()
		}},
		{"the canary fails in one scenario, the backend in another", func(rng *rand.Rand) World {
			w := differs(rng, between(rng, .1, .5))
			w.Scenarios = 2 + rng.IntN(3)
			w.Causes, w.AnyOf, w.Looks, w.Allowed = nil, one(canarySplit), failing, one(flakyBackend)
			w.Otherwise = .3 / float64(w.Scenarios)
			return w.answering(InScenarios(Follow(between(rng, .3, 1), 0, 1), 0), InScenarios(Flake(logBetween(rng, .02, .3), 1), 1)).logged(ordinary(rng))
		}},
		{"a domain whose mapping is unread, its stage flakes beside an identical canary, no logs", func(rng *rand.Rand) World {
			w := stagesOf(rng, 2+rng.IntN(4), 0)
			w.Percent = 100 * logBetween(rng, .02, .5)
			w.Allowed, w.Looks = []string{flakyBackend, staleCanary}, failing
			w.Config = append(w.Config, canaryOnDomain)
			// At the canary's rate nobody can tell the two.
			w.Allowed = append(w.Allowed, canarySplit)
			return w.answering(OfStage(0, Flake(logBetween(rng, .01, .4), 1))).unread()
		}},
	}
}
