package simulate

import (
	"math/rand/v2"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// places: what answers otherwise stands behind some addresses or connections.
func places() []Drawn {
	bad := func(name string, look Look, layer func(*rand.Rand, *World) Layer) Drawn {
		return Drawn{name, func(rng *rand.Rand) World {
			w := begin(rng)
			if rng.IntN(2) == 0 {
				w = withCanaryOf(rng, drawShare(rng))
			}
			w.Looks, w.AnyOf, w.Allowed = map[int]Look{1: look}, one(endpointSplit), []string{staleCanary}
			if look == Failing {
				// Of a few connections nobody can tell what they have in common.
				w.Allowed = append(w.Allowed, flakyBackend)
			}
			w.Connections = 4 + rng.IntN(20)
			layer := layer(rng, &w)
			return w.answering(layer).moving(moving(rng, 0, 4)).logged(ordinary(rng))
		}}
	}
	address := func(rng *rand.Rand, w *World) Layer {
		w.Addresses = 2 + rng.IntN(49)
		odd := rng.IntN(w.Addresses)
		return By(func(r *Row) bool { return r.Address == odd }, between(rng, .7, 1), 0, 1)
	}
	sticky := func(rng *rand.Rand, _ *World) Layer {
		return Sticky(between(rng, .1, .5), between(rng, .5, 1), 0, 1, rng.Uint64())
	}
	return []Drawn{
		bad("one bad address of 2 to 50, it fails", Failing, address), bad("one bad address of 2 to 50, another version", Other, address),
		bad("sticky connections, some fail", Failing, sticky),
	}
}

// deploys changes what the stage serves, as the configuration shows it.
func deploys(at int) Event {
	return Event{At: at, Do: func(in *cause.Input, at time.Time) {
		api := &in.Snapshot.APIs[0]
		api.Deployments = append([]probe.Deployment{{ID: "dep2", Created: at}}, api.Deployments...)
		api.Stages[0].DeploymentID, api.Stages[0].Updated = "dep2", at
	}}
}

// switches: something begins or ends during the run.
func switches() []Drawn {
	place := func(rng *rand.Rand) int { return 30 + rng.IntN(drawnRequests*3/4) }
	watched := func(rng *rand.Rand) World {
		if rng.IntN(2) == 0 {
			w := withCanaryOf(rng, drawShare(rng))
			w.Allowed = one(staleCanary)
			return w
		}
		return begin(rng)
	}
	outage := func(name string, span func(*rand.Rand) (from, to int)) Drawn {
		return Drawn{name, func(rng *rand.Rand) World {
			w := watched(rng)
			w.Looks, w.AnyOf = failing, []string{flakyBackend, integrationError}
			from, to := span(rng)
			return w.answering(Window(from, to, between(rng, .9, 1), 1)).moving(moving(rng, 0, 4)).logged(ordinary(rng))
		}}
	}
	tripped := func(name string, look Look) Drawn {
		return Drawn{name, func(rng *rand.Rand) World {
			w := watched(rng)
			w.Looks, w.AnyOf = map[int]Look{1: look}, one(accessDenied)
			from := int(logBetween(rng, 30, 600))
			to := from + int(logBetween(rng, 50, 3000))
			return w.answering(Tripped(from, to, 1)).moving(moving(rng, 0, 4)).logged(ordinary(rng))
		}}
	}
	return []Drawn{
		{"deployment during the run, with its event", func(rng *rand.Rand) World {
			w := begin(rng)
			at := place(rng)
			w.Causes, w.Events, w.comes = one(deployRolling), []Event{deploys(at)}, at
			return w.answering(Switches(0, 1, at, 1)).moving(moving(rng, 0, 4)).logged(ordinary(rng))
		}},
		{"deployment during the run, no event", func(rng *rand.Rand) World {
			w := begin(rng)
			at := place(rng)
			w.AnyOf, w.unproven = one(deployRolling), true
			return w.answering(Switches(0, 1, at, 1)).moving(moving(rng, 0, 4)).logged(ordinary(rng))
		}},
		{"deployment during the run changes nothing, fields move", func(rng *rand.Rand) World {
			w := watched(rng)
			w.Allowed, w.Events = []string{staleCanary}, []Event{deploys(place(rng))}
			return w.moving(moving(rng, 2, 8)).logged(ordinary(rng))
		}},
		{"deployment during the run changes nothing, failures in stretches", func(rng *rand.Rand) World {
			w := patterns[1+rng.IntN(3)].flaking(rng, watched(rng))
			w.Events = []Event{deploys(place(rng))}
			return w.logged(ordinary(rng))
		}},
		outage("outage of a part of the run", func(rng *rand.Rand) (int, int) {
			from := place(rng)
			return from, from + int(logBetween(rng, 30, 800))
		}),
		outage("failures from some moment on", func(rng *rand.Rand) (int, int) { return place(rng), 1 << 30 }),
		{"failures of a share, then of all", func(rng *rand.Rand) World {
			w := watched(rng)
			w.Looks, w.AnyOf = failing, []string{flakyBackend, integrationError}
			from := 1 + rng.IntN(60)
			all := from + int(logBetween(rng, 20, 600))
			return w.answering(Window(from, all, between(rng, .2, .7), 1), Window(all, 1<<30, 1, 1)).logged(ordinary(rng))
		}},
		outage("failures at the beginning", func(rng *rand.Rand) (int, int) { return 0, int(logBetween(rng, 30, 800)) }),
		tripped("the probe trips a rate rule, told by its name", Filtered), tripped("the probe trips a rate rule, 403 alone", Forbidden),
		{"throttled at a share", func(rng *rand.Rand) World {
			w := watched(rng)
			w.Causes = one(throttled)
			return w.answering(Throttle(between(rng, .05, .8), 1)).moving(moving(rng, 0, 4)).logged(ordinary(rng))
		}},
	}
}
