package stat

import (
	"math"

	"github.com/montanaflynn/stats"
)

// Summary describes values in their own unit. StdDev is the sample's; the
// percentiles are values that occur (nearest rank).
type Summary struct {
	N                                      int
	Mean, StdDev, P50, P90, P99, P999, Max float64
}

// Describe summarises values, leaving out those that are not finite; of none,
// everything is zero.
func Describe(values []float64) Summary {
	data := make(stats.Float64Data, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			data = append(data, v)
		}
	}
	if len(data) == 0 {
		return Summary{}
	}
	s := Summary{N: len(data), StdDev: known(data.StandardDeviationSample())}
	s.Mean, s.Max = known(data.Mean()), known(data.Max())
	for at, p := range map[float64]*float64{50: &s.P50, 90: &s.P90, 99: &s.P99, 99.9: &s.P999} {
		*p = known(data.PercentileNearestRank(at))
	}
	return s
}

// known is a figure, or zero where too few values define it.
func known(v float64, err error) float64 {
	if err != nil || math.IsNaN(v) {
		return 0
	}
	return v
}
