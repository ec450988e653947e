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

	// RateScale multiplies the rate from this request until the next, such as
	// 0.5 in the slow arm of a rate comparison; 0 counts as 1.
	RateScale float64
}
