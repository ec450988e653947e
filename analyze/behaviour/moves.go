package behaviour

import (
	"cmp"
	"slices"

	"stageprobe/analyze/feature"
)

// Move is one thing that moves by itself in the answers of a target: it goes with
// nothing that was drawn, and is not compared.
type Move struct {
	Scenario string `json:"scenario"`
	Where    string `json:"where"`  // header name or JSON pointer
	Kind     string `json:"kind"`   // value, type, presence, members, order, length
	Values   int    `json:"values"` // how many were seen; members of a list together
}

// aspectKinds are the words for what moves, and their rank where one path moves in
// several ways: the most telling one speaks.
var aspectKinds = map[feature.Aspect]struct {
	word string
	rank int
}{
	feature.Type: {"type", 1}, feature.Content: {"value", 2}, feature.Shape: {"form", 3}, feature.Member: {"members", 4},
	feature.Size: {"length", 5}, feature.Set: {"members", 6}, feature.Order: {"order", 7}, feature.Rest: {"members", 8},
}

// mostMoves is of how many paths of a scenario it is told that they move.
const mostMoves = 200

// Moves lists what moves in the answers of a target, by scenario and path. The
// marks name what was found linked, which does not move by itself.
func (t *Table) Moves(target int, marks []Mark) []Move {
	var out []Move
	for i, s := range t.scenarios {
		counts, n := t.spread(target, i)
		if n < 2 {
			continue
		}
		out = append(out, t.moving(s, i, counts, n, marks)...)
	}
	return out
}

// spread counts, per feature of a scenario, a target's answers that have it and
// how many different values they hold.
func (t *Table) spread(target, scenario int) (counts [][2]int, n int) {
	s := t.scenarios[scenario]
	counts = make([][2]int, len(s.defs))
	seen := map[valued]bool{}
	for i := range t.rows {
		r := &t.rows[i]
		if int(r.target) != target || int(r.scenario) != scenario || r.class < 0 {
			continue
		}
		n++
		for _, v := range r.values {
			counts[v.def][0]++
			if !seen[v] {
				seen[v] = true
				counts[v.def][1]++
			}
		}
	}
	return counts, n
}

func (t *Table) moving(s *scenario, at int, counts [][2]int, n int, marks []Mark) []Move {
	type path struct {
		move Move
		rank int
	}
	found := map[string]*path{}
	for i, d := range s.defs {
		have, values := counts[i][0], counts[i][1]
		linked := slices.ContainsFunc(marks, func(m Mark) bool { return m.Scenario == at && m.Def.Path == d.Path })
		if have == 0 || have == n && values < 2 || linked || d.Class && (d.hard() || len(d.values) <= few) {
			continue
		}
		k := aspectKinds[d.Aspect]
		if have < n {
			values++ // its absence is one
		}
		p := found[d.Path]
		switch {
		case p == nil:
			found[d.Path] = &path{Move{t.opts.Scenarios[at].Name, d.Path, k.word, values}, k.rank}
		case d.Aspect == feature.Member && p.move.Kind == k.word:
			p.move.Values++
		case k.rank < p.rank:
			p.move.Kind, p.move.Values, p.rank = k.word, values, k.rank
		}
	}
	var out []Move
	for _, p := range found {
		out = append(out, p.move)
	}
	slices.SortFunc(out, func(a, b Move) int { return cmp.Compare(a.Where, b.Where) })
	return out[:min(len(out), mostMoves)]
}
