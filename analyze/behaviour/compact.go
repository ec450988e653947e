package behaviour

import "slices"

// leastRoom is how many kinds of answers a table takes before it is full.
const leastRoom = 1 << 13

// Full tells that the table should be compacted.
func (t *Table) Full() bool { return t.room <= 0 }

// Compact forgets what tells single answers apart that nobody asks about any more:
// all but the rows in use. They are still counted, with the features that take few
// values. It returns the new number of each row.
//
// Which rows are in use must not depend on what the answers hold, nor on labels.
func (t *Table) Compact(used func(yield func(row int) bool)) []int {
	moved, inUse := make([]int, len(t.rows)), make([]bool, len(t.rows))
	for n := range used {
		inUse[n] = true
	}
	old, kept := t.rows, t.exemplars.of
	t.rows, t.exemplars.of, t.index = nil, map[int]*Exemplar{}, map[uint64]int32{}
	keep := steady(t.scenarios, old)
	for n := range old {
		r := &old[n]
		if !inUse[n] && r.class >= 0 {
			r.values = slices.DeleteFunc(r.values, func(v valued) bool { return !keep[r.scenario][v.def] })
			r.rest = true
		}
		fresh := row{target: r.target, scenario: r.scenario, class: r.class, values: r.values, rest: r.rest}
		at, _ := t.place(&fresh)
		t.rows[at].n += r.n
		t.rows[at].first = min(t.rows[at].first, r.first)
		moved[n] = at
		if e := earlier(t.exemplars.of[at], kept[n]); e != nil {
			t.exemplars.of[at] = e
		}
	}
	clear(t.exemplars.rows)
	for n := range t.exemplars.of {
		cell := t.rows[n].cell()
		t.exemplars.rows[cell] = append(t.exemplars.rows[cell], n)
	}
	t.forgetValues()
	t.recall.renumber(moved)
	t.room = max(leastRoom, len(t.rows))
	return moved
}

// steady are the features, per scenario, that are still told of answers that nobody
// asks about: those of few values, while answers have few kinds by them, else the
// class features alone.
func steady(scenarios []*scenario, rows []row) [][]bool {
	out := make([][]bool, len(scenarios))
	seen := make([]map[uint64]bool, len(scenarios))
	for i, s := range scenarios {
		out[i] = make([]bool, len(s.defs))
		seen[i] = map[uint64]bool{}
		for k, d := range s.defs {
			out[i][k] = len(d.values) <= few || d.Class && d.hard()
		}
	}
	for n := range rows {
		r := &rows[n]
		key := mix(uint64(r.target), uint64(r.class))
		for _, v := range r.values {
			if out[r.scenario][v.def] {
				key = mix(key, uint64(v.def)<<32|uint64(uint32(v.value)))
			}
		}
		seen[r.scenario][key] = true
	}
	for i, s := range scenarios {
		for k, d := range s.defs {
			out[i][k] = out[i][k] && (len(seen[i]) <= leastRoom/8 || d.Class)
		}
	}
	return out
}

// forgetValues lets go of the values that no row has any more, of features that had
// many.
func (t *Table) forgetValues() {
	for i, s := range t.scenarios {
		places := make([][]int32, len(s.defs)) // new place by old one
		for k, d := range s.defs {
			if len(d.values) > keepTexts {
				places[k] = slices.Repeat([]int32{absent}, len(d.values))
			}
		}
		for n := range t.rows {
			r := &t.rows[n]
			if int(r.scenario) != i {
				continue
			}
			for _, v := range r.values {
				if places[v.def] != nil {
					places[v.def][v.value] = 0
				}
			}
		}
		for k, d := range s.defs {
			if places[k] != nil {
				d.forget(places[k])
			}
		}
		for n := range t.rows {
			r := &t.rows[n]
			if int(r.scenario) != i {
				continue
			}
			for j := range r.values {
				if p := places[r.values[j].def]; p != nil {
					r.values[j].value = p[r.values[j].value]
				}
			}
		}
	}
	t.index = make(map[uint64]int32, len(t.rows))
	for n := range t.rows {
		key := t.rows[n].key()
		for {
			if _, taken := t.index[key]; !taken {
				break
			}
			key++
		}
		t.index[key] = int32(n)
	}
}

// forget keeps the values whose place is 0, and the usual one, and tells their new
// places.
func (d *def) forget(places []int32) {
	if d.usual >= 0 {
		places[d.usual] = 0
	}
	usual, values := d.usual, d.values
	d.values, d.index = nil, map[uint64]int32{}
	for at, v := range values {
		if places[at] == absent {
			d.gone++
			continue
		}
		places[at] = int32(len(d.values))
		d.index[v.hash] = places[at]
		d.values = append(d.values, v)
		if int32(at) == usual {
			d.usual = places[at]
		}
	}
}
