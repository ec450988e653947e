package probe

import "time"

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

	// At, where it is set, is when the request is due, and Seq its number in the
	// whole run: this engine sends a part of a plan that others share. Choices with
	// a time are given in its order; the pacer then has no say.
	At  time.Time
	Seq uint64

	// Attempt counts from 0 how often this request was given to somebody before, who
	// may have sent it: its minted id is another one each time.
	Attempt uint64

	// Idle, where it is set, says that there is nothing to send for now: the
	// planner is asked again once the channel yields or is closed.
	Idle <-chan struct{}
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
