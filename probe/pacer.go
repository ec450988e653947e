package probe

import "time"

// Pacer says how fast requests are offered (open model: no answer, however
// slow, changes it).
type Pacer interface {
	// Rate is in requests per second, at a time since the run began.
	Rate(elapsed time.Duration) float64
}

// Constant is the pacer of a steady rate in requests per second.
type Constant float64

// Rate is the same at all times.
func (c Constant) Rate(time.Duration) float64 { return float64(c) }

// gap is the time from one request to the next. A rate of 0 or less is taken
// for one request per second: a pacer may slow a run but not stop it.
func gap(rate float64) time.Duration {
	if rate <= 0 {
		rate = 1
	}
	return time.Duration(float64(time.Second) / rate)
}
