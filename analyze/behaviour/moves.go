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
		out = append(out, t.moving(s, i, t.spread(target, i), marks)...)
	}
	return out
}

// spread is how a feature varies among answers that are alike in kind: what only a
// failure lacks goes with the failure, and does not move by itself.
type spread struct {
	lacking bool // some have it and some do not
	values  int  // how many different ones
	varies  bool // two of one kind hold different ones
}

// spread tells, per feature of a scenario, how it varies in a target's answers.
func (t *Table) spread(target, scenario int) []spread {
	s := t.scenarios[scenario]
	type kind struct {
		n     int
		have  []int
		first []int32
	}
	kinds, seen := map[uint64]*kind{}, map[valued]bool{}
	out := make([]spread, len(s.defs))
	for i := range t.rows {
		r := &t.rows[i]
		if int(r.target) != target || int(r.scenario) != scenario || r.class < 0 || r.rest {
			continue
		}
		key := s.kind(r)
		k := kinds[key]
		if k == nil {
			k = &kind{have: make([]int, len(s.defs)), first: make([]int32, len(s.defs))}
			kinds[key] = k
		}
		k.n += r.n
		for _, v := range r.values {
			if k.have[v.def] == 0 {
				k.first[v.def] = v.value
			}
			k.have[v.def] += r.n
			x := &out[v.def]
			x.varies = x.varies || k.first[v.def] != v.value
			if !seen[v] {
				seen[v] = true
				x.values++
			}
		}
	}
	for _, k := range kinds {
		for def, have := range k.have {
			out[def].lacking = out[def].lacking || have > 0 && have < k.n
		}
	}
	return out
}

// kind is equal for answers of a scenario that are alike in what any person would
// call another answer: status, error, producer.
func (s *scenario) kind(r *row) uint64 {
	key := uint64(0)
	for _, v := range r.values {
		if d := s.defs[v.def]; d.Class && d.hard() {
			key += mix(d.hash, uint64(v.value))
		}
	}
	return key
}

func (t *Table) moving(s *scenario, at int, spreads []spread, marks []Mark) []Move {
	type path struct {
		move Move
		rank int
	}
	found := map[string]*path{}
	for i, d := range s.defs {
		varies := &spreads[i]
		linked := slices.ContainsFunc(marks, func(m Mark) bool { return m.Scenario == at && m.Def.Path == d.Path })
		if !varies.lacking && !varies.varies || linked || d.compared() {
			continue
		}
		k := aspectKinds[d.Aspect]
		values := varies.values + d.gone
		if varies.lacking {
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
