package simulate

import (
	"fmt"
	"math/rand/v2"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// stagesOf draws an API of 2 to 6 stages, a domain before them that is meant to
// serve prod, and 2 to 20 scenarios. The first target is the domain.
func stagesOf(rng *rand.Rand, scenarios, serves int) World {
	w := begin(rng)
	stages := 2 + rng.IntN(5)
	w.Stages = []string{"prod"}
	for i := 1; i < stages; i++ {
		w.Stages = append(w.Stages, fmt.Sprint("test", i))
	}
	w.Scenarios, w.Targets = scenarios, stages+1
	w.Requests = min(4000, 40*w.Targets*w.Scenarios+100*w.Targets)
	by := []int{serves % stages}
	for i := range stages {
		by = append(by, i)
		if i > 0 {
			w.Config = append(w.Config, withStage(w.Stages[i]))
		}
	}
	// Where logs name the stage, the domain's configuration need not.
	w.Config = append(w.Config, withDomain([]string{"prod", "?"}[rng.IntN(2)]))
	w.Layers = []Layer{Serves(by...)}
	return w
}

// withStage probes the invoke URL of a stage as well.
func withStage(name string) Configure {
	return func(in *cause.Input) { in.Plan.Targets = append(in.Plan.Targets, invokeURL(name)) }
}

func drawScenarios(rng *rand.Rand) int { return 2 + rng.IntN(19) }

// noiseOf draws how stages that are alike flake: each at a rate of its own.
func noiseOf(rng *rand.Rand, stages int) []float64 {
	rates := make([]float64, stages)
	for i := range rates {
		rates[i] = logBetween(rng, .002, .3)
	}
	return rates
}

// alikeStages: every stage answers alike but for noise, and the domain serves the
// stage meant.
func alikeStages() []Drawn {
	// Where failures come in stretches, these are windows of time.
	alike := func(name string, look Look, logs bool, noise func(*rand.Rand, *World) Layer) Drawn {
		return Drawn{name, func(rng *rand.Rand) World {
			w := stagesOf(rng, drawScenarios(rng), 0)
			w.Allowed, w.Looks = []string{flakyBackend, integrationError, unexplained, backendSplit}, map[int]Look{1: look}
			if n := noise(rng, &w); n != nil {
				w.Layers = append(w.Layers, n)
			}
			if !logs {
				return w.unread()
			}
			return w.logged(ordinary(rng))
		}}
	}
	flaking := func(rng *rand.Rand, w *World) Layer { return StageFlakes(noiseOf(rng, len(w.Stages)), 1) }
	evenly := func(rng *rand.Rand, _ *World) Layer { return Flake(logBetween(rng, .005, .4), 1) }
	bursts := func(rng *rand.Rand, _ *World) Layer { return drawMarkov(1+rng.IntN(3), rng, 1) }
	moves := func(rng *rand.Rand, w *World) Layer { w.Moves = moving(rng, 2, 8); return nil }
	return []Drawn{
		alike("alike stages, noise alike, no logs", Failing, false, evenly), alike("alike stages, another version by chance, no logs", Other, false, evenly),
		alike("alike stages, flakes with different rates, no logs", Failing, false, flaking),
		alike("alike stages, flakes with different rates, logs", Failing, true, flaking),
		alike("alike stages, failures in stretches, no logs", Failing, false, bursts),
		alike("alike stages, everything moves, no logs", Other, false, moves),
	}
}

// deciding draws how stages differ: in one scenario alone, where each answers in
// its own way, or some of them as the stage meant.
func deciding(rng *rand.Rand, stages, scenarios int) [][]int {
	out := make([][]int, stages)
	at := rng.IntN(scenarios)
	for g := range out {
		out[g] = make([]int, scenarios)
		out[g][at] = g
	}
	return out
}

// wrongStages: another stage serves the domain, or the application looks at the
// address.
func wrongStages() []Drawn {
	wrong := func(name string, logs bool, noise func(*rand.Rand, *World)) Drawn {
		return Drawn{name, func(rng *rand.Rand) World {
			w := stagesOf(rng, drawScenarios(rng), 1)
			w.Causes, w.Allowed = one(wrongStage), one(configDrift)
			noise(rng, &w)
			w.Layers = append(w.Layers, Staged(deciding(rng, len(w.Stages), w.Scenarios)))
			w.Looks = distinct(rng)
			if !logs {
				return w.unread()
			}
			return w.logged(ordinary(rng))
		}}
	}
	quiet := func(*rand.Rand, *World) {}
	otherwise := []map[int]Look{{1: Other}, {1: Constant}}
	noisy := func(rng *rand.Rand, w *World) {
		w.Layers = append(w.Layers, StageFlakes(noiseOf(rng, len(w.Stages)), broken))
		w.Allowed = append(w.Allowed, flakyBackend)
	}
	moves := func(rng *rand.Rand, w *World) { w.Moves = moving(rng, 2, 8) }
	stirs := func(name string, serves int, looks func(*rand.Rand) map[int]Look, otherwise func(*rand.Rand, *World)) Drawn {
		return Drawn{name, func(rng *rand.Rand) World {
			w := stagesOf(rng, drawScenarios(rng), serves)
			w.Allowed = one(configDrift)
			if serves > 0 {
				w.Causes = one(wrongStage)
			}
			otherwise(rng, &w)
			w.Layers = append(w.Layers, Staged(deciding(rng, len(w.Stages), w.Scenarios)))
			w.Looks = looks(rng)
			return w.unread()
		}}
	}
	addressed := func(_ *rand.Rand, w *World) {
		w.Causes = one(addressDependent)
		w.Layers = append(w.Layers, On(0, Flake(1, stirred)))
	}
	return []Drawn{
		stirs("wrong stage, a field is another in every answer of the other stages, no logs", 1, stirring(Constant, Stirring, Constant), quiet),
		stirs("wrong stage, a field is another in every answer of the stage meant, no logs", 1, stirring(Stirring, Constant, Constant), quiet),
		stirs("wrong stage, a field has many values on the other stages, no logs", 1, stirring(Constant, Choosing, Constant), quiet),
		stirs("right stage, a field is another in every answer of the other stages, no logs", 0, stirring(Constant, Stirring, Constant), noisy),
		stirs("application looks at the address, a field is another in every answer of the other stages, no logs", 0, stirring(Constant, Stirring, Constant), addressed),
		stirs("application looks at the address, a field has many values there and others on the other stages, no logs", 0, stirring(Constant, Choosing, Choosing), addressed),
		wrong("wrong stage, one deciding scenario of 2 to 20, no logs", false, quiet),
		wrong("wrong stage, one deciding scenario of 2 to 20, logs", true, quiet),
		wrong("wrong stage amid flakes, no logs", false, noisy), wrong("wrong stage amid what moves, no logs", false, moves),
		dependent("application looks at the address, no logs", false, one(addressDependent), otherwise...),
		dependent("application looks at the address, logs", true, one(addressDependent), otherwise...),
		dependent("application looks at the address, in a header alone, no logs", false, one(addressDependent), map[int]Look{0: Headed, 1: Headed}),
		dependent("an edge adds headers or writes them anew, no logs", false, nil, map[int]Look{0: Edged, 1: Edged}, map[int]Look{1: Edged}, map[int]Look{1: Added}),
		{"right stage, stages differ in one scenario, flakes", func(rng *rand.Rand) World {
			w := stagesOf(rng, drawScenarios(rng), 0)
			w.Allowed = []string{configDrift}
			noisy(rng, &w)
			w.Layers = append(w.Layers, Staged(deciding(rng, len(w.Stages), w.Scenarios)))
			w.Looks = distinct(rng)
			return w.unread()
		}},
		{"right stage, its canary differs, no logs", func(rng *rand.Rand) World {
			w := stagesOf(rng, 2+rng.IntN(4), 0)
			p := logBetween(rng, .05, .5)
			w.Percent, w.AnyOf, w.Otherwise = 100*p, []string{canarySplit}, 1
			w.Config = append(w.Config, canaryOnDomain)
			w.Layers = append(w.Layers, OfStage(0, Canary(p)), Follow(1, 0, 1))
			return w.unread()
		}},
	}
}

// broken is the behaviour of a failure beside those by which stages differ.
const broken = 9

// stirred is the behaviour of a domain whose answers hold a constant of their own.
const stirred = 8

// stirring is how one field looks in the answers of the stage meant, of all others,
// and of a domain that answers otherwise.
func stirring(meant, others, domain Look) func(*rand.Rand) map[int]Look {
	out := map[int]Look{0: meant, stirred: domain, broken: Failing}
	for b := 1; b < stirred; b++ {
		out[b] = others
	}
	return func(*rand.Rand) map[int]Look { return out }
}

// distinct draws what stages differ in; failures keep their look.
func distinct(rng *rand.Rand) map[int]Look {
	out := map[int]Look{broken: Failing}
	look := []Look{Other, Constant, Added}[rng.IntN(3)]
	for b := 1; b < broken; b++ {
		out[b] = look
	}
	return out
}

// canaryOnDomain lets the domain know of the canary where it leads to prod.
func canaryOnDomain(in *cause.Input) {
	for i := range in.Plan.Targets {
		if t := &in.Plan.Targets[i]; t.Kind == probe.CustomDomain && t.Stage == "prod" {
			t.Canary = prod(in).Canary
		}
	}
}

// dependent: the stages answer alike, and the domain otherwise, in one of some ways.
func dependent(name string, logs bool, causes []string, ways ...map[int]Look) Drawn {
	return Drawn{name, func(rng *rand.Rand) World {
		w := stagesOf(rng, drawScenarios(rng), 0)
		w.Causes, w.Looks = causes, ways[rng.IntN(len(ways))]
		some := rng.Perm(w.Scenarios)[:1+rng.IntN(w.Scenarios)]
		w.Layers = append(w.Layers, On(0, By(func(r *Row) bool {
			for _, s := range some {
				if s == r.Scenario {
					return true
				}
			}
			return false
		}, 1, 0, 1)))
		if !logs {
			return w.unread()
		}
		return w.logged(ordinary(rng))
	}}
}
