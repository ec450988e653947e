package attribution

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// profile compares a target's answers with those of the meant stage's own
// invoke URL and of the stage that the configuration, the logs or the answers
// themselves name instead.
func (s *study) profile(sub *subject, g *sighting) {
	expected := s.invoke(g.meant)
	if expected == nil || expected == sub || expected.n() == 0 || sub.n() == 0 {
		return
	}
	best := math.Inf(-1)
	for _, rival := range s.subjects {
		if rival == sub || rival == expected || rival.Kind != probe.InvokeURL || rival.n() == 0 {
			continue
		}
		ref := rival.stageRef()
		if g.byConfig && ref != sub.stageRef() {
			continue
		}
		g.profiled = true
		if l := s.likeness(sub, rival) - s.likeness(sub, expected); l > best {
			best, g.rival, g.alike = l, ref, s.alike(rival, expected)
		}
	}
	g.against = best
	if g.byConfig {
		g.rival = sub.stageRef()
		if !g.profiled {
			g.against = s.foreign(sub, expected)
		}
	}
}

// profileWeight is how many answers' worth of doubt a profile starts with, and
// strange the share of answers that no profile foresees.
const (
	profileWeight = .5
	strange       = .02
)

// foresee is the probability that a stage's profile gives to a behaviour.
func (s *study) foresee(of *subject, scenario int, id string, kinds int) float64 {
	counts, n := s.profileOf(of, scenario)
	u := 1 / float64(kinds+1)
	p := (float64(counts[id]) + profileWeight*u) / (float64(n) + profileWeight)
	return (1-strange)*p + strange*u
}

// likeness is the ln probability of a target's answers under another's profile.
func (s *study) likeness(sub, of *subject) float64 {
	var l float64
	for _, c := range sub.cells {
		kinds := s.kinds(c.scenario)
		for _, k := range c.clusters {
			if s.Clusters[k].Class != ClassTransport {
				l += float64(c.count[k]) * math.Log(s.foresee(of, c.scenario, s.Clusters[k].ID, kinds))
			}
		}
	}
	return l
}

// foreign is ln evidence that a target's answers do not come from a stage whose
// profile is known, where the profile of the other stage is not: the target's
// own answers, learnt as they come, stand for it.
func (s *study) foreign(sub, expected *subject) float64 {
	var own float64
	for _, c := range sub.cells {
		counts := make([]int, 0, s.kinds(c.scenario)+1)
		for _, k := range c.clusters {
			counts = append(counts, c.count[k])
		}
		for len(counts) < s.kinds(c.scenario)+1 {
			counts = append(counts, 0)
		}
		own += stat.KT(counts)
	}
	return own - s.likeness(sub, expected)
}

// kinds is how many behaviours of a scenario are known over all targets.
func (s *study) kinds(scenario int) int {
	ids := map[string]bool{}
	for i := range s.Clusters {
		if s.Clusters[i].Scenario == scenario {
			ids[s.Clusters[i].ID] = true
		}
	}
	return len(ids)
}

// enoughAlike is how many answers of a scenario two stages must have given
// before they are said to answer alike, and alikeWithin how far their shares
// may then be apart.
const (
	enoughAlike = 20
	alikeWithin = .05
)

// alike tells whether two stages' answers cannot be told apart.
func (s *study) alike(a, b *subject) bool {
	for _, c := range a.cells {
		if d, n := s.distance(a, b, c.scenario); d > alikeWithin || n > 0 && n < enoughAlike && d > 0 {
			return false
		}
	}
	return true
}

// distance is the total variation between two targets' answers to a scenario,
// and how many answers the less asked of them gave.
func (s *study) distance(a, b *subject, scenario int) (d float64, n int) {
	pa, na := s.profileOf(a, scenario)
	pb, nb := s.profileOf(b, scenario)
	if na == 0 || nb == 0 {
		return 0, 0
	}
	ids := map[string]bool{}
	for id := range pa {
		ids[id] = true
	}
	for id := range pb {
		ids[id] = true
	}
	// In order, so that the sum is the same to the last bit.
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		d += math.Abs(float64(pa[id])/float64(na) - float64(pb[id])/float64(nb))
	}
	return d / 2, min(na, nb)
}

// profileOf counts a target's answers to a scenario by behaviour.
func (s *study) profileOf(sub *subject, scenario int) (counts map[string]int, n int) {
	counts = map[string]int{}
	for _, c := range sub.cells {
		if c.scenario != scenario {
			continue
		}
		for k, m := range c.count {
			counts[s.Clusters[k].ID] += m
			n += m
		}
	}
	return counts, n
}

// profileTable counts the target's answers beside those of the two stages.
func (s *study) profileTable(sub *subject, g *sighting) *Table {
	columns := []*subject{sub}
	t := &Table{Columns: []string{sub.ID}}
	for _, ref := range []probe.StageRef{g.rival, g.meant} {
		if o := s.invoke(ref); o != nil && o != sub {
			columns = append(columns, o)
			t.Columns = append(t.Columns, o.ID)
		}
	}
	row := map[string]int{}
	for i, col := range columns {
		for _, c := range col.cells {
			for _, k := range c.clusters {
				key := fmt.Sprintf("%d/%s", c.scenario, s.Clusters[k].ID)
				if _, ok := row[key]; !ok {
					row[key] = len(t.Rows)
					t.Rows = append(t.Rows, s.row(k))
					t.Counts = append(t.Counts, make([]int, len(columns)))
				}
				t.Counts[row[key]][i] += c.count[k]
			}
		}
	}
	return t
}

// farthest is the largest distance between two targets over their scenarios.
func (s *study) farthest(a, b *subject) float64 {
	var most float64
	for _, c := range a.cells {
		d, _ := s.distance(a, b, c.scenario)
		most = max(most, d)
	}
	return most
}
