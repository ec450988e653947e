package behaviour

import (
	"math"
)

// Pair is a feature that has two values among some answers, and which of the answers
// have the rarer one.
type Pair struct {
	Mark
	Key  uint64 // the same for the same feature of another scenario
	Rare []bool // per answer, in the order in which they were given
	K    int    // of them with the rarer value
}

// Pairs are the features of two values among answers to one scenario, class features
// left out: as a canary would make them that draws one side anew for every request.
// Of features that split the answers alike the one that reads best speaks.
func (t *Table) Pairs(rows []int) []Pair {
	if len(rows) == 0 {
		return nil
	}
	scenario := int(t.rows[rows[0]].scenario)
	s := t.scenarios[scenario]
	counts := make([]map[int32]int, len(s.defs))
	for _, n := range rows {
		for _, v := range t.rows[n].values {
			if counts[v.def] == nil {
				counts[v.def] = map[int32]int{}
			}
			if c := counts[v.def]; len(c) <= 2 {
				c[v.value]++
			}
		}
	}
	var out []Pair
	seen := map[uint64]int{}
	for at, d := range s.defs {
		rare, k, ok := rarer(counts[at], len(rows))
		if !ok || d.Class || d.Retired {
			continue
		}
		p := Pair{Key: d.hash, K: k, Rare: make([]bool, len(rows))}
		split := uint64(0)
		for i, n := range rows {
			if p.Rare[i] = t.rows[n].at(at) == rare; p.Rare[i] {
				split += mix(uint64(i), 1<<32)
			}
		}
		p.Mark = Mark{Scenario: scenario, Def: d.Def, def: at, LogE: math.Inf(-1), Values: s.two(at, counts[at], len(rows), rare)}
		if i, has := seen[split]; !has {
			seen[split] = len(out)
			out = append(out, p)
		} else if p.Rank() < out[i].Rank() {
			out[i] = p
		}
	}
	return out
}

// rarer is the rarer of two values, with how often it came; ok is false where there are
// more or fewer.
func rarer(counts map[int32]int, n int) (value int32, k int, ok bool) {
	lacking, kinds := n, len(counts)
	for _, c := range counts {
		lacking -= c
	}
	if lacking > 0 {
		kinds++
	}
	if kinds != 2 {
		return 0, 0, false
	}
	value, k = absent, lacking
	if lacking == 0 {
		k = n + 1
	}
	for v, c := range counts {
		if c < k || c == k && v < value {
			value, k = v, c
		}
	}
	return value, k, true
}

// two lists the two values of a feature, the more frequent first; the rarer goes with On.
func (s *scenario) two(at int, counts map[int32]int, n int, rare int32) []Level {
	levels := [2]Level{}
	lacking := n
	put := func(v int32, c int) {
		l := Level{Absent: v == absent, Off: c, Side: -1, at: v}
		if v != absent {
			l.Text = s.defs[at].values[v].text
		}
		if v == rare {
			l.On, l.Off, l.Side = c, 0, 1
			levels[1] = l
			return
		}
		levels[0] = l
	}
	for v, c := range counts {
		put(v, c)
		lacking -= c
	}
	if lacking > 0 {
		put(absent, lacking)
	}
	return levels[:]
}

// at is the value of one feature in an answer.
func (r *row) at(def int) int32 {
	for _, v := range r.values {
		if int(v.def) == def {
			return v.value
		}
	}
	return absent
}
