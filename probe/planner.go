package probe

import (
	"math/rand/v2"
	"time"
)

// Planner decides what is sent. The engine asks it once per request, when the
// request is due and a worker is free, from the goroutine that ranges over
// [Engine.Run] and never while the loop body runs: a planner that is fed by
// that loop needs no lock.
type Planner interface {
	// Next returns what request seq is to be; false ends the run. now is the
	// engine's clock.
	Next(now time.Time, seq uint64) (Choice, bool)
}

// Choice is one request as a [Planner] chose it.
type Choice struct {
	Target   int // index into Plan.Targets
	Scenario int // index into Plan.Scenarios
	Among    Among

	// RateScale multiplies the rate from this request until the next, such as
	// 0.5 in the slow arm of a rate comparison; 0 counts as 1.
	RateScale float64
}

// Among says which targets a request could have gone to as likely as to its own,
// one bit per target of the plan: only such requests compare two targets. The zero
// value says nothing.
type Among uint64

// Everyone stands for every target that the scenario is for.
const Everyone = ^Among(0)

// Has tells whether a target of the plan, by index, was as likely.
func (a Among) Has(target int) bool {
	return a == Everyone || target < 63 && a&(1<<target) != 0
}

// With adds a target. One whose index has no bit cannot be added.
func (a Among) With(target int) Among {
	if target < 63 {
		a |= 1 << target
	}
	return a
}

// Budget is a [Planner] that draws every request at random, by scenario weight,
// until each target has had Plan.Requests and each scenario with a limit its
// own. It is what a run without sequential stopping sends.
type Budget struct {
	plan  *Plan
	rng   *rand.Rand
	cells []cell
	sent  []int // per target
}

// cell is one pair of target and scenario.
type cell struct {
	Choice
	weight float64
	left   int // -1: no limit
}

// NewBudget prepares the draw; rng is the only source of randomness.
func NewBudget(p *Plan, rng *rand.Rand) *Budget {
	b := &Budget{plan: p, rng: rng, sent: make([]int, len(p.Targets))}
	for t := range p.Targets {
		for s := range p.Scenarios {
			sc := &p.Scenarios[s]
			if !sc.For(p.Targets[t].ID) {
				continue
			}
			c := cell{Choice: Choice{Target: t, Scenario: s}, weight: sc.Weight, left: -1}
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
func (b *Budget) Next(time.Time, uint64) (Choice, bool) {
	var total float64
	for i := range b.cells {
		if b.open(&b.cells[i]) {
			total += b.cells[i].weight
		}
	}
	if total == 0 {
		return Choice{}, false
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

func (b *Budget) open(c *cell) bool {
	return c.left != 0 && b.sent[c.Target] < b.plan.Requests
}
