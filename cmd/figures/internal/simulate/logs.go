package simulate

import (
	"math/rand/v2"
	"time"
)

// Loss is the probability that the logs lose a request, by side and response.
type Loss struct{ CanaryDev, CanaryRef, BaseDev, BaseRef float64 }

func (l Loss) of(r *Row) float64 {
	switch {
	case r.Canary && r.Deviant():
		return l.CanaryDev
	case r.Canary:
		return l.CanaryRef
	case r.Deviant():
		return l.BaseDev
	}
	return l.BaseRef
}

// Lag is how long a log entry takes to show up, per side; single entries take
// between half and one and a half times as long.
type Lag struct{ Canary, Base time.Duration }

// Logs is the quality of the logs; the zero value is perfect.
type Logs struct {
	Loss
	Lag
	Contradictory float64 // share of requests that both groups claim
}

// Logged labels rows; it goes last.
func Logged(l Logs) Layer {
	return each(func(r *Row, rng *rand.Rand) {
		lost, jitter, both := rng.Float64(), .5+rng.Float64(), rng.Float64()
		if lost < l.of(r) {
			return
		}
		r.Label = LabelBase
		lag := l.Base
		if r.Canary {
			r.Label, lag = LabelCanary, l.Lag.Canary
		}
		r.LabelAt = r.At + time.Duration(float64(lag)*jitter)
		r.Contradictory = both < l.Contradictory
	})
}
