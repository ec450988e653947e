package cause

import (
	"math"
	"slices"
	"testing"

	"stageprobe/analyze/stat"
)

func TestPlacesOfARequest(t *testing.T) {
	for _, tt := range []struct {
		r                      Row
		connection, use, fresh string
		key                    uint64
	}{
		{Row{}, "", "", "", 0},
		{Row{Conn: 7, ConnN: 1}, "0/7", "new connection", "", 1<<32 | 7},
		{Row{Conn: 7, ConnN: 1, Fresh: true}, "0/7", "new connection", "new connection", 1<<32 | 7},
		{Row{Conn: 7, ConnN: 2, Machine: 3}, "3/7", "reused connection", "reused connection", 4<<32 | 7},
		{Row{ConnN: 2}, "0/0", "reused connection", "reused connection", 1 << 32},
		{Row{Conn: 7}, "0/7", "", "", 1<<32 | 7},
	} {
		if connection(&tt.r) != tt.connection || use(&tt.r) != tt.use || fresh(&tt.r) != tt.fresh || connectionKey(&tt.r) != tt.key {
			t.Errorf("%+v: connection %q, use %q, drawn %q, key %x", tt.r, connection(&tt.r), use(&tt.r), fresh(&tt.r), connectionKey(&tt.r))
		}
	}
}

// Whichever side of a split is named the deviants, a level that deviates is told by both.
func TestLevelsThatDeviate(t *testing.T) {
	for _, k := range [][]int{{9, 0}, {0, 9}} {
		f := &factor{k: k, n: []int{9, 9}, rho: .5}
		for i, p := range f.deviate() {
			if math.Abs(p-float64(k[i])/9) > .05 {
				t.Errorf("of %v level %d deviates with %.3f", k, i, p)
			}
		}
	}
}

// A factor is asked where the level of half of a split's requests is known; the others may
// come at any share.
func TestFactorsKnownForHalf(t *testing.T) {
	fx := &Facts{Input: &Input{Rows: []Row{{Remote: "a"}, {Remote: "b"}, {}, {}, {}}}}
	byAddress := func() *factor {
		return &factor{level: func(r *Row) string { return r.Remote }, rho: .3}
	}
	for n, want := range map[int]bool{4: true, 5: false} {
		x := &split{draws: marked(0, 1, 1, 1, 0)[:n], n: n}
		f := byAddress()
		if got := f.count(fx, x); got != want {
			t.Errorf("known for two of %d: %v", n, got)
		}
		k, m := 2, n-4
		if got, want := without(fx, f, x), stat.KT([]int{m, k}); got != want {
			t.Errorf("without a level %g, want %g", got, want)
		}
	}
	if got := without(fx, byAddress(), &split{draws: marked(0, 1)}); got != 0 {
		t.Errorf("where all are known %g", got)
	}
}

// TestWhatDoesNotDeviate is the rest of each level.
func TestWhatDoesNotDeviate(t *testing.T) {
	f := &factor{k: []int{1, 5}, n: []int{4, 5}}
	if got := f.others(); !slices.Equal(got, []int{3, 0}) {
		t.Errorf("%v do not deviate", got)
	}
}

// A level that the scenario shown was never asked at is left out.
func TestLevelsThatAreShown(t *testing.T) {
	in := &Input{Clusters: behaviours(served200(), served200())}
	fx := given(in, [][]int{{0, 0}, {1}})
	for i, remote := range []string{"a", "b", "c"} {
		in.Rows[i].Remote = remote
	}
	f := &factor{level: func(r *Row) string { return r.Remote }, rho: .3}
	x := &split{sub: fx.targets[0], draws: marked(0, 1, 0), n: 3}
	f.count(fx, x)
	got := perLevel(fx, &weighing{split: x, parts: []*split{x}}, &law{factor: f}, "")
	if len(got.Levels) != 2 || got.Levels[0].Level != "a" || got.Levels[1].Level != "b" {
		t.Errorf("%+v", got.Levels)
	}
}

// TestWhereAConnectionWasDrawn is told by its first request.
func TestWhereAConnectionWasDrawn(t *testing.T) {
	pop := first(func(r *Row) string { return r.Pop })
	for n, want := range map[int]string{0: "FRA", 1: "FRA", 2: ""} {
		if got := pop(&Row{ConnN: n, Pop: "FRA"}); got != want {
			t.Errorf("request %d of a connection was drawn to %q, want %q", n, got, want)
		}
	}
}
