package behaviour

import (
	"cmp"
	"maps"
	"slices"

	"stageprobe/analyze/feature"
)

// weights share a question's part of the error rate among its features: 3/8 to
// the class features that were seen in calibration, 3/8 to all others seen then,
// each in two halves where there are several scenarios, for features of one
// scenario and of all; 1/4 to what appears later, half of it for paths and
// headers and half for members and templates, of which the j-th gets the part
// 1/(j(j+1)). They depend on the answers alone, and no weight is given twice.
type weights struct {
	kinds int // 1, or 2 where several scenarios were asked
	early [2][2]int
	late  [2]map[*def]int // j by feature, per kind
}

const (
	earlyPart = 3. / 8
	latePart  = 1. / 4
)

func newWeights(tallies []*tally) *weights {
	w := &weights{late: [2]map[*def]int{{}, {}}}
	first := map[uint64]*def{}
	var late []*def
	scenarios := 0
	for _, x := range tallies {
		if x == nil {
			continue
		}
		scenarios++
		for _, d := range x.s.defs {
			if d.early {
				w.early[0][classIndex(d)]++
			} else {
				late = append(late, d)
			}
			if f := first[d.hash]; f == nil || d.born < f.born {
				first[d.hash] = d
			}
		}
	}
	w.kinds = min(scenarios, 2)
	w.order(0, late)
	var pooledLate []*def
	for _, h := range slices.Sorted(maps.Keys(first)) {
		if d := first[h]; d.early {
			w.early[1][classIndex(d)]++
		} else {
			pooledLate = append(pooledLate, d)
		}
	}
	w.order(1, pooledLate)
	return w
}

func classIndex(d *def) int { return flag(!d.Class) }

// order numbers late features as they appeared.
func (w *weights) order(kind int, late []*def) {
	slices.SortStableFunc(late, func(a, b *def) int { return cmp.Or(cmp.Compare(a.born, b.born), cmp.Compare(a.hash, b.hash)) })
	var next [2]int
	for _, d := range late {
		k := flag(d.Late == feature.MemberKind)
		next[k]++
		w.late[kind][d] = next[k]
	}
}

// of is the weight of a feature: kind 0 of one scenario, 1 over all.
func (w *weights) of(d *def, kind int) float64 {
	if j := w.late[kind][d]; j > 0 {
		return latePart / 2 / float64(w.kinds) / float64(j*(j+1))
	}
	return earlyPart / float64(w.kinds) / float64(max(1, w.early[kind][classIndex(d)]))
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
