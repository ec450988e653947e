package cause

import (
	"reflect"
	"slices"
	"testing"
)

// TestWhatGoesWithALevel: a behaviour by its own side where five answers tell or a side is
// clear, and otherwise than the usual one.
func TestWhatGoesWithALevel(t *testing.T) {
	fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{{0, 1}})
	for _, tt := range []struct {
		side, usual, n int
		want           bool
	}{{1, 0, 1, true}, {1, 1, 9, false}, {-1, 1, 2, true}, {0, 1, 5, false}, {0, 1, 4, false}, {0, 0, 9, false}} {
		if got := goesWith(fx, 1, 0, nil, tt.side, tt.usual, tt.n); got != tt.want {
			t.Errorf("side %d of %d answers beside %d: %v", tt.side, tt.n, tt.usual, got)
		}
	}
	w := &weighing{laws: []law{{cause: "a", name: "x", post: .6}, {cause: "b", name: "y", post: .3}, {cause: "b", name: "z", post: .1}}}
	w.putFirst(law{cause: "b", name: "z"})
	w.putFirst(law{cause: "c", name: "z", post: .9})
	var got []string
	for _, l := range w.laws {
		got = append(got, string(l.cause)+l.name)
	}
	if !slices.Equal(got, []string{"cz", "bz", "ax", "by"}) || w.laws[0].post != .9 || w.laws[1].post != .1 {
		t.Errorf("%q, posteriors %g and %g", got, w.laws[0].post, w.laws[1].post)
	}
	if id, p := w.lead(); id != "c" || p != .9 || w.post("b") != .4 || w.best("b").name != "z" || w.best("d") != nil {
		t.Errorf("%s leads with %g", id, p)
	}
	if got := w.alternatives("c", .01); !reflect.DeepEqual(got, []Alternative{{"b", .4}, {"a", .6}}) {
		t.Errorf("not excluded are %+v", got)
	}
	// Two parts are explained by laws that both have.
	got = nil
	for _, l := range joint([]law{{cause: "a", name: "x", prior: .1, logM: -1}, {cause: "b", name: "x", prior: .4, logM: -2}}, []law{{cause: "b", name: "x", prior: .1, logM: -3}, {cause: "a", name: "y", prior: 1, logM: -4}}) {
		got = append(got, string(l.cause))
		if l.logM != -5 || l.prior < .1999 || l.prior > .2001 {
			t.Errorf("%+v", l)
		}
	}
	if !slices.Equal(got, []string{"b"}) {
		t.Errorf("both parts are explained by %q", got)
	}
}
