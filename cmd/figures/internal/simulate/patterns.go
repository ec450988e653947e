package simulate

import (
	"math"
	"math/rand/v2"
)

// Markov deviates by a chain of an order of 1 to 3: whether the next answer
// deviates depends on the last ones in any way. Stretches of either side last so
// many answers on average.
func Markov(order int, usual, deviant float64, behaviour int, rng *rand.Rand) Layer {
	next := make([]float64, 1<<order)
	for h := range next {
		// A history that ends in a deviant goes on with one; what came before it
		// changes by how much.
		leave := 1 / usual
		if h&1 == 1 {
			leave = 1 / deviant
		}
		if order > 1 {
			leave = min(leave*logBetween(rng, .5, 2), 1)
		}
		next[h] = leave
		if h&1 == 1 {
			next[h] = 1 - leave
		}
	}
	return func() Step {
		history := 0
		return func(r *Row, rng *rand.Rand) {
			now := bit(rng.Float64() < next[history])
			history = (history<<1 | now) & (1<<order - 1)
			if now == 1 && r.Behaviour == 0 {
				r.Behaviour = behaviour
			}
		}
	}
}

// drawMarkov draws a chain with stretches of 2 to 400 answers.
func drawMarkov(order int, rng *rand.Rand, behaviour int) Layer {
	return Markov(order, logBetween(rng, 2, 400), logBetween(rng, 2, 400), behaviour, rng)
}

// Loaded deviates the more the higher the load is, which moves like a walk that
// returns to its mean after a number of rows.
func Loaded(base, memory, swing float64, behaviour int) Layer {
	return func() Step {
		load := 0.
		return func(r *Row, rng *rand.Rand) {
			load += -load/memory + swing*rng.NormFloat64()*math.Sqrt(2/memory)
			deviates(r, rng, min(.9, base*math.Exp(load)), behaviour)
		}
	}
}

// Periodic deviates in a part of each period of the clock, in milliseconds.
func Periodic(period, part int64, q float64, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		deviates(r, rng, q*float64(bit(r.At.Milliseconds()%period < part)), behaviour)
	})
}

// Sticky lets a share of the connections lead to a backend that deviates.
func Sticky(share, a, b float64, behaviour int, odd uint64) Layer {
	return By(func(r *Row) bool { return rand.New(rand.NewPCG(odd, uint64(r.Conn))).Float64() < share }, a, b, behaviour)
}

// Window deviates with probability q from a row on up to another.
func Window(from, to int, q float64, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		deviates(r, rng, q*float64(bit(r.Index >= from && r.Index < to)), behaviour)
	})
}

// Tripped refuses every request from a row on up to another: a rule that counts
// the requests of the probe.
func Tripped(from, to, behaviour int) Layer {
	return each(func(r *Row, _ *rand.Rand) {
		if r.Index >= from && r.Index < to {
			r.Class, r.Behaviour = Refused, behaviour
		}
	})
}

// Serves says which stage serves each address.
func Serves(stages ...int) Layer {
	return each(func(r *Row, _ *rand.Rand) { r.Stage = stages[r.Target] })
}

// Staged deviates as the stage that serves does in the scenario: the behaviour, by
// stage and scenario.
func Staged(behaviours [][]int) Layer {
	return each(func(r *Row, _ *rand.Rand) {
		if r.Behaviour == 0 {
			r.Behaviour = behaviours[r.Stage][r.Scenario]
		}
	})
}

// StageFlakes deviates at a rate of the stage that serves.
func StageFlakes(rates []float64, behaviour int) Layer {
	return each(func(r *Row, rng *rand.Rand) { deviates(r, rng, rates[r.Stage], behaviour) })
}

// OfStage applies a layer to what a stage serves.
func OfStage(stage int, layer Layer) Layer {
	return func() Step {
		step := layer()
		return func(r *Row, rng *rand.Rand) {
			if r.Stage == stage {
				step(r, rng)
			}
		}
	}
}
