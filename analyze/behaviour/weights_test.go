package behaviour

import (
	"math"
	"testing"

	"stageprobe/analyze/feature"
	"stageprobe/probe"
)

// The features of a question share one error rate: their weights never sum to more
// than 1, however many appear late, and are all of the early parts where nothing
// does.
func TestWeightsOfAQuestionSumToOne(t *testing.T) {
	for _, late := range []int{0, 1, 30} {
		table := New(Options{Targets: make([]probe.Target, 1), Scenarios: make([]probe.Scenario, 2)})
		var tallies []*tally
		for _, s := range table.scenarios {
			for i := range 4 + late {
				d := &def{Def: feature.Def{Class: i == 0}, hash: uint64(i), born: i, early: i < 4}
				if i%2 == 1 {
					d.Late = feature.MemberKind
				}
				s.defs = append(s.defs, d)
			}
			tallies = append(tallies, newTally(s))
		}
		w, sum := newWeights(tallies), 0.
		first := map[uint64]bool{}
		for _, x := range tallies {
			for _, d := range x.s.defs {
				sum += w.of(d, 0)
				if !first[d.hash] {
					first[d.hash] = true
					sum += w.of(d, 1)
				}
			}
		}
		if sum > 1+1e-12 || late == 0 && math.Abs(sum-.75) > 1e-12 {
			t.Errorf("%d late features of two scenarios: the weights sum to %g", late, sum)
		}
	}
}
