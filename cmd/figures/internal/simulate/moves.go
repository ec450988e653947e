package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"stageprobe/analyze/feature"
)

// Movement is a kind of healthy movement of one field.
type movement func(*rand.Rand) func() func(*Row, *rand.Rand) (string, bool)

// always makes a movement of which every answer holds the field.
func always(next func() func(*Row, *rand.Rand) string) func() func(*Row, *rand.Rand) (string, bool) {
	return func() func(*Row, *rand.Rand) (string, bool) {
		text := next()
		return func(r *Row, rng *rand.Rand) (string, bool) { return text(r, rng), true }
	}
}

// pods: one of few values by chance, not all as often.
func pods(rng *rand.Rand) func() func(*Row, *rand.Rand) (string, bool) {
	weights, total := make([]float64, 2+rng.IntN(6)), 0.
	for i := range weights {
		weights[i] = logBetween(rng, .05, 1)
		total += weights[i]
	}
	return always(func() func(*Row, *rand.Rand) string {
		return func(_ *Row, rng *rand.Rand) string {
			at := rng.Float64() * total
			for i, w := range weights {
				if at -= w; at < 0 {
					return fmt.Sprint("pod-", i)
				}
			}
			return "pod-0"
		}
	})
}

// unique: an id of its own for every answer.
func unique(*rand.Rand) func() func(*Row, *rand.Rand) (string, bool) {
	return always(func() func(*Row, *rand.Rand) string {
		return func(_ *Row, rng *rand.Rand) string { return fmt.Sprintf("%016x", rng.Uint64()) }
	})
}

// walk: a number that takes a step now and then.
func walk(rng *rand.Rand) func() func(*Row, *rand.Rand) (string, bool) {
	moves := logBetween(rng, .01, 1)
	return always(func() func(*Row, *rand.Rand) string {
		at := 1000
		return func(_ *Row, rng *rand.Rand) string {
			if rng.Float64() < moves {
				at += 2*rng.IntN(2) - 1
			}
			return fmt.Sprint(at)
		}
	})
}

// ticks: an uptime or a minute, which changes once to some hundred times in a run.
func ticks(rng *rand.Rand) func() func(*Row, *rand.Rand) (string, bool) {
	period := time.Duration(logBetween(rng, .5, 120) * float64(time.Second))
	start := time.Duration(rng.Float64() * float64(period))
	return always(func() func(*Row, *rand.Rand) string {
		return func(r *Row, _ *rand.Rand) string { return fmt.Sprint(int((r.At + start) / period)) }
	})
}

// midnight: a date that changes once.
func midnight(rng *rand.Rand) func() func(*Row, *rand.Rand) (string, bool) {
	at := time.Duration(logBetween(rng, 1, 100) * float64(time.Second))
	return always(func() func(*Row, *rand.Rand) string {
		return func(r *Row, _ *rand.Rand) string { return fmt.Sprint("2026-03-0", 2+bit(r.At > at)) }
	})
}

// stretches: one of two values in stretches by a Markov chain, such as the leader
// of a pair.
func stretches(rng *rand.Rand) func() func(*Row, *rand.Rand) (string, bool) {
	mean := [2]float64{logBetween(rng, 2, 400), logBetween(rng, 2, 400)}
	return always(func() func(*Row, *rand.Rand) string {
		now := 0
		return func(_ *Row, rng *rand.Rand) string {
			if rng.Float64() < 1/mean[now] {
				now = 1 - now
			}
			return fmt.Sprint("leader-", now)
		}
	})
}

// sometimes: a field that a share of the answers has.
func sometimes(rng *rand.Rand) func() func(*Row, *rand.Rand) (string, bool) {
	share := between(rng, .02, .98)
	return func() func(*Row, *rand.Rand) (string, bool) {
		return func(_ *Row, rng *rand.Rand) (string, bool) { return "set", rng.Float64() < share }
	}
}

// lists: the members of a list in a random order.
func lists(rng *rand.Rand) func() func(*Row, *rand.Rand) (string, bool) {
	n := 2 + rng.IntN(4)
	return always(func() func(*Row, *rand.Rand) string {
		return func(_ *Row, rng *rand.Rand) string { return fmt.Sprint("order ", rng.Perm(n)) }
	})
}

// latency: a number of milliseconds, of which some are frequent.
func latency(rng *rand.Rand) func() func(*Row, *rand.Rand) (string, bool) {
	mean := logBetween(rng, 2, 200)
	return always(func() func(*Row, *rand.Rand) string {
		return func(_ *Row, rng *rand.Rand) string { return fmt.Sprint(int(mean * math.Exp(.3*rng.NormFloat64()))) }
	})
}

// daytime: few values whose shares swing with the time.
func daytime(rng *rand.Rand) func() func(*Row, *rand.Rand) (string, bool) {
	period := logBetween(rng, 50, 3000)
	return always(func() func(*Row, *rand.Rand) string {
		return func(r *Row, rng *rand.Rand) string {
			return fmt.Sprint("tier-", bit(rng.Float64() < (1-math.Cos(float64(r.Index)/period))/2))
		}
	})
}

var movements = []struct {
	path   string
	aspect feature.Aspect
	kind   movement
}{
	{"/pod", feature.Content, pods}, {"/id", feature.Content, unique}, {"/stock", feature.Content, walk},
	{"/uptime", feature.Content, ticks}, {"/date", feature.Content, midnight}, {"/leader", feature.Content, stretches},
	{"/discount", feature.Type, sometimes}, {"/items", feature.Order, lists}, {"/took", feature.Content, latency},
	{"/tier", feature.Content, daytime},
}

// moving draws so many fields that move, of the given kinds or of any.
func moving(rng *rand.Rand, least, most int, paths ...string) []Move {
	var out []Move
	for i := range least + rng.IntN(most-least+1) {
		k := rng.IntN(len(movements))
		for len(paths) > 0 && movements[k].path != paths[i%len(paths)] {
			k = (k + 1) % len(movements)
		}
		m := &movements[k]
		out = append(out, Move{fmt.Sprint(m.path, i), m.aspect, m.kind(rng)})
	}
	return out
}
