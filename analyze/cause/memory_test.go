package cause

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// What is remembered up to a row is what would be taken in up to it.
func TestMemoryIsCut(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var rows []Row
	var all []int
	for i := range 120 {
		rows = append(rows, Row{Seq: uint64(i), Table: 1000 + i, Conn: 1 + i/9 + rng.IntN(3), ConnN: 1, Remote: fmt.Sprint("a", rng.IntN(4+i/20))})
		all = append(all, i)
	}
	fx := &Facts{Input: &Input{Rows: rows}}
	for _, f := range []*factor{{name: "connection", level: connection, key: connectionKey}, {name: "address", level: func(r *Row) string { return r.Remote }}} {
		for _, n := range []int{0, 1, 17, 60, 119, 120} {
			m := &Memory{rows: [][]int{slices.Clone(all)}, levels: map[levelsOf]*levels{}}
			m.of(0, f).more(fx, f, all)
			m.cut(n, 1)
			fresh := newLevels(f)
			fresh.more(fx, f, all[:n])
			if n == 0 {
				if len(m.levels) != 0 || len(m.rows[0]) != 0 {
					t.Errorf("%s: everything was to be forgotten", f.name)
				}
				continue
			}
			got := m.of(0, f)
			if len(fresh.names) == 0 || len(fresh.rows) != n {
				t.Fatalf("%s: of %d rows %d were taken in", f.name, n, len(fresh.rows))
			}
			if !slices.Equal(m.rows[0], all[:n]) || !slices.Equal(got.rows, fresh.rows) || !slices.Equal(got.names, fresh.names) || !slices.Equal(got.first, fresh.first) ||
				!reflect.DeepEqual(got.at, fresh.at) || !reflect.DeepEqual(got.byKey, fresh.byKey) || !reflect.DeepEqual(got.draws, fresh.draws) {
				t.Errorf("%s: cut to %d rows %d levels are known, of those rows %d are", f.name, n, len(got.names), len(fresh.names))
			}
		}
	}
	// Of more levels than are asked about no further ones are taken in.
	for i := range rows {
		rows[i].Remote = fmt.Sprint("a", i)
	}
	l := newLevels(&factor{})
	l.more(fx, &factor{level: func(r *Row) string { return r.Remote }}, all)
	if len(l.names) != tuning.Enough.Levels+1 {
		t.Errorf("%d levels are taken in", len(l.names))
	}
}
