package simulate

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// each makes a layer without state.
func each(step Step) Layer { return func() Step { return step } }

// On applies a layer to one address only.
func On(target int, layer Layer) Layer {
	return func() Step {
		step := layer()
		return func(r *Row, rng *rand.Rand) {
			if r.Target == target {
				step(r, rng)
			}
		}
	}
}

// Canary draws the canary label per request with share p, as API Gateway does.
func Canary(p float64) Layer {
	return each(func(r *Row, rng *rand.Rand) { r.Canary = rng.Float64() < p })
}

// CanaryChanges draws the label with one share before a row and another from it
// on: somebody moves the percentage during the run.
func CanaryChanges(before, after float64, at int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		p := before
		if r.Index >= at {
			p = after
		}
		r.Canary = rng.Float64() < p
	})
}

// deviates gives a row a behaviour with probability q, unless it has one.
func deviates(r *Row, rng *rand.Rand, q float64, behaviour int) {
	// The draw happens in any case, so that layers do not shift each other's
	// random numbers.
	if rng.Float64() < q && r.Behaviour == 0 {
		r.Behaviour = behaviour
	}
}

// Follow deviates with probability a on the canary and b on base, in the given
// scenarios or in all.
func Follow(a, b float64, behaviour int, scenarios ...int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		q := b
		if r.Canary {
			q = a
		}
		if len(scenarios) > 0 && !slices.Contains(scenarios, r.Scenario) {
			q = 0
		}
		deviates(r, rng, q, behaviour)
	})
}

// Flake deviates at random with probability q.
func Flake(q float64, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) { deviates(r, rng, q, behaviour) })
}

// Bursts deviates in runs: one starts with probability u and goes on with v.
func Bursts(u, v float64, behaviour int) Layer {
	return func() Step {
		inside := false
		return func(r *Row, rng *rand.Rand) {
			q := u
			if inside {
				q = v
			}
			inside = rng.Float64() < q
			if inside && r.Behaviour == 0 {
				r.Behaviour = behaviour
			}
		}
	}
}

// Drift deviates with a probability that swings between low and high, once per
// period of rows.
func Drift(low, high float64, period int, behaviour int) Layer {
	return driftFrom(low, high, period, 0, behaviour)
}

// driftFrom is a drift that is somewhere in its period, 0 to 1, when the run begins.
func driftFrom(low, high float64, period int, start float64, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		phase := 2 * math.Pi * (start + float64(r.Index)/float64(period))
		deviates(r, rng, low+(high-low)*(1-math.Cos(phase))/2, behaviour)
	})
}

// Every deviates on each n-th request exactly: no known cause does.
func Every(n int, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) { deviates(r, rng, float64(bit(r.Index%n == n-1)), behaviour) })
}

// Switches deviates with probability before up to a row and after from it on: a
// deployment arrives.
func Switches(before, after float64, at int, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		q := before
		if r.Index >= at {
			q, r.Deployment = after, 1
		}
		deviates(r, rng, q, behaviour)
	})
}

// By deviates with probability a where a factor has a deviating level, b elsewhere.
func By(deviating func(*Row) bool, a, b float64, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		q := b
		if deviating(r) {
			q = a
		}
		deviates(r, rng, q, behaviour)
	})
}

// Alias lets a weighted backend alias choose version 2 with share weight; that
// version deviates.
func Alias(weight float64, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		r.Version = 1
		if rng.Float64() < weight {
			r.Version = 2
			deviates(r, rng, 1, behaviour)
		}
	})
}

// OtherStage lets a share of the requests be served by another stage, which
// deviates in the given scenarios or in all.
func OtherStage(share float64, behaviour int, scenarios ...int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		if rng.Float64() >= share {
			return
		}
		r.Stage = 1
		if len(scenarios) == 0 || slices.Contains(scenarios, r.Scenario) {
			deviates(r, rng, 1, behaviour)
		}
	})
}

// OldDeployment serves everything from an older deployment, which deviates in
// the given scenarios.
func OldDeployment(behaviour int, scenarios ...int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		r.Deployment = 1
		if slices.Contains(scenarios, r.Scenario) {
			deviates(r, rng, 1, behaviour)
		}
	})
}

// Refuse refuses the given scenarios, or all.
func Refuse(behaviour int, scenarios ...int) Layer {
	return each(func(r *Row, _ *rand.Rand) {
		if len(scenarios) == 0 || slices.Contains(scenarios, r.Scenario) {
			r.Class, r.Behaviour = Refused, behaviour
		}
	})
}

// Throttle refuses a share of the requests for lack of capacity.
func Throttle(share float64, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		if rng.Float64() < share {
			r.Class, r.Behaviour = Throttled, behaviour
		}
	})
}

// OldHits lets a cache answer a share of the requests, with what was the answer
// when it was filled.
func OldHits(share float64, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		if rng.Float64() < share {
			r.Cached = true
			deviates(r, rng, 1, behaviour)
		}
	})
}

// Copies lets a cache before the gateway answer a share of the requests.
func Copies(share float64, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		if rng.Float64() < share {
			r.Copied, r.Behaviour = true, behaviour
		}
	})
}

// Cache keeps each scenario's answer for a time; it goes after the layers that
// make the answers.
func Cache(ttl time.Duration) Layer {
	return func() Step {
		type entry struct {
			behaviour int
			until     time.Duration
		}
		kept := map[int]entry{}
		return func(r *Row, _ *rand.Rand) {
			if e, ok := kept[r.Scenario]; ok && r.At < e.until {
				r.Behaviour, r.Cached = e.behaviour, true
				return
			}
			kept[r.Scenario] = entry{r.Behaviour, r.At + ttl}
		}
	}
}

// AuthorizerCache keeps the policy made for the first scenario that asks; until
// it expires every other scenario is refused.
func AuthorizerCache(ttl time.Duration, behaviour int) Layer {
	return func() Step {
		owner, until := -1, time.Duration(0)
		return func(r *Row, _ *rand.Rand) {
			if r.At >= until {
				owner, until = r.Scenario, r.At+ttl
			}
			if r.Scenario != owner {
				r.Class, r.Behaviour = Refused, behaviour
			}
		}
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
