package stat

import "math"

// FeatureKind says which part of the weight a feature shares that calibration
// has seen.
type FeatureKind struct {
	Class  bool // any person would call another value another answer
	Pooled bool // over all scenarios: its value is the pair of scenario and value
}

const (
	seenPart = 3. / 16 // of each FeatureKind
	latePart = 1. / 8  // of paths and headers that appear later, and of members and templates
)

// Weights shares the weight 1 among the features of one question. What
// calibration saw shares 3/4, fixed from then on; the rest is for what appears
// later, the j-th of either kind getting the part 1/(j(j+1)). Weight is never
// shared anew: that would refill the evidence.
type Weights struct {
	seen map[FeatureKind]int
	late [2]int
}

// NewWeights starts with the number of features of each kind that calibration
// has seen.
func NewWeights(seen map[FeatureKind]int) *Weights {
	w := &Weights{seen: map[FeatureKind]int{}}
	for kind, n := range seen {
		w.seen[kind] = max(n, 0)
	}
	return w
}

// Seen returns ln of the weight of each feature of a kind that calibration has
// seen, -Inf where it has seen none.
func (w *Weights) Seen(kind FeatureKind) float64 {
	if w.seen[kind] == 0 {
		return math.Inf(-1)
	}
	return math.Log(seenPart / float64(w.seen[kind]))
}

// Late returns ln of the weight of the next feature that appears after
// calibration: a path or header, or a member of an array or template of a text.
// The order of the calls must not depend on labels.
func (w *Weights) Late(member bool) float64 {
	j := &w.late[bit(member)]
	*j++
	return math.Log(latePart) - math.Log(float64(*j)) - math.Log(float64(*j+1))
}

// Rest returns ln of the weight that no feature has yet.
func (w *Weights) Rest() float64 {
	var rest float64
	for _, class := range []bool{false, true} {
		for _, pooled := range []bool{false, true} {
			if w.seen[FeatureKind{class, pooled}] == 0 {
				rest += seenPart
			}
		}
	}
	for _, j := range w.late {
		rest += latePart / float64(j+1)
	}
	return math.Log(rest)
}

// LinkLogE returns ln E of all features of a question, from the ln w E of each
// one. A feature not seen yet counts as one with a single value: rest is ln of the
// weight left ([Weights.Rest]) and single the ln E of such a feature.
func LinkLogE(weighted []float64, rest, single float64) float64 {
	return LogSumExp(LogSumExp(weighted...), rest+single)
}
