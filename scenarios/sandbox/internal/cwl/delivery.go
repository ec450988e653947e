package cwl

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Delivery says when, whether and how often what was put becomes visible. The zero value delivers at once.
type Delivery struct {
	Delay, Jitter time.Duration // visible Delay + uniform[0, Jitter) after Put
	Loss          float64       // share in [0,1] that never becomes visible
	Duplicate     float64       // share in [0,1] that becomes visible twice
	// PerEvent draws the fate of every event by itself. By default all events of one Put
	// (one request's lines) share theirs.
	PerEvent bool
}

// fates draws, for every event, the delays after which a copy of it becomes visible: none if the event
// is lost, two if it is duplicated.
func (d Delivery) fates(seed uint64, group string, events []Event) [][]time.Duration {
	out := make([][]time.Duration, len(events))
	for i, e := range events {
		switch {
		case i > 0 && !d.PerEvent:
			out[i] = out[0]
		default:
			out[i] = d.draw(rand.New(rand.NewPCG(seed, hash(group, e.Message))))
		}
	}
	return out
}

func (d Delivery) draw(r *rand.Rand) []time.Duration {
	lost, twice := r.Float64() < d.Loss, r.Float64() < d.Duplicate
	if lost {
		return nil
	}
	out := []time.Duration{d.delay(r)}
	if twice {
		out = append(out, d.delay(r))
	}
	return out
}

func (d Delivery) delay(r *rand.Rand) time.Duration {
	if d.Jitter <= 0 {
		return d.Delay
	}
	return d.Delay + time.Duration(r.Int64N(int64(d.Jitter)))
}

func hash(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return h.Sum64()
}
