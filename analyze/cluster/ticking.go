package cluster

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

const (
	ticks    = 3    // values from which on a count is told from a change of versions
	overlap  = 1500 // ms for which two values may both be seen: answers overtake each other
	unsteady = 3    // how far the longest time between two values may exceed the shortest, beside the overlap
)

// ticking tells whether the field counts the time, up or down, such as the
// seconds since a process began or until a token ends. Its values are few in a
// short run and would else be as many behaviours.
func (f *field) ticking() bool {
	if n := f.distinct(); n < ticks || n > RMax {
		return false
	}
	type tick struct {
		number      float64
		first, last int64
	}
	all := make([]tick, 0, RMax)
	for _, v := range f.values {
		number, err := strconv.ParseFloat(v.text, 64)
		if err != nil || v.noise || math.IsInf(number, 0) || math.IsNaN(number) {
			return false
		}
		all = append(all, tick{number, v.first, v.last})
	}
	slices.SortFunc(all, func(a, b tick) int { return cmp.Compare(a.first, b.first) })
	step := all[1].number - all[0].number
	shortest, longest := int64(math.MaxInt64), int64(0)
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if b.first < a.last-overlap || (b.number-a.number)*step <= 0 || math.Abs(b.number-a.number) > 2*math.Abs(step) || b.last < a.last {
			return false
		}
		if i > 1 { // the first value may have begun long before the run
			shortest, longest = min(shortest, b.first-a.first), max(longest, b.first-a.first)
		}
	}
	return longest <= unsteady*shortest+overlap
}
