package probe_test

import (
	"math/rand/v2"
	"time"

	"stageprobe/probe"
)

// evenly is a planner that draws every request at random, by scenario weight,
// until each target has had Plan.Requests and each scenario with a limit its
// own. It is what a run without sequential stopping sends.
type evenly struct {
	plan  *probe.Plan
	rng   *rand.Rand
	cells []cell
	sent  []int // per target
}

// cell is one pair of target and scenario.
type cell struct {
	probe.Choice
	weight float64
	left   int // -1: no limit
}

// newEvenly prepares the draw; rng is the only source of randomness.
func newEvenly(p *probe.Plan, rng *rand.Rand) *evenly {
	b := &evenly{plan: p, rng: rng, sent: make([]int, len(p.Targets))}
	for t := range p.Targets {
		for s := range p.Scenarios {
			sc := &p.Scenarios[s]
			if !sc.For(p.Targets[t].ID) {
				continue
			}
			c := cell{Choice: probe.Choice{Target: t, Scenario: s}, weight: sc.Weight, left: -1}
			if c.weight <= 0 {
				c.weight = 1
			}
			if sc.Limit > 0 {
				c.left = sc.Limit
			}
			b.cells = append(b.cells, c)
		}
	}
	return b
}

// Next draws among what is still open.
func (b *evenly) Next(time.Time, uint64) (probe.Choice, bool) {
	var total float64
	for i := range b.cells {
		if b.open(&b.cells[i]) {
			total += b.cells[i].weight
		}
	}
	if total == 0 {
		return probe.Choice{}, false
	}
	at, last := b.rng.Float64()*total, -1
	for i := range b.cells {
		if !b.open(&b.cells[i]) {
			continue
		}
		last = i
		if at -= b.cells[i].weight; at < 0 {
			break
		}
	}
	c := &b.cells[last]
	if c.left > 0 {
		c.left--
	}
	b.sent[c.Target]++
	return c.Choice, true
}

func (b *evenly) open(c *cell) bool {
	return c.left != 0 && b.sent[c.Target] < b.plan.Requests
}
