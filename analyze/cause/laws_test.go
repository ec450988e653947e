package cause

import (
	"math"
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
}

// TestEvidenceForAPlace: what goes with a place that changes in time is evidence as far as it
// is likelier than bursts in time, by the part of the error rate that the place has.
func TestEvidenceForAPlace(t *testing.T) {
	fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{slices.Repeat([]int{0, 0, 0, 1}, 20)})
	x := settle(fx, &split{sub: fx.targets[0], clusters: []int{1}})
	w := &weighing{split: x, parts: []*split{x}}
	evidence := func(logM float64, f *factor) float64 {
		l := law{cause: EndpointSplit, driven: true, factor: f, logM: logM}
		guard(fx, w, &l, -10)
		return l.logE
	}
	of := func(inTime bool, part float64) *factor {
		return &factor{cause: EndpointSplit, inTime: inTime, part: part}
	}
	bursts := burstsInTime(fx, w)
	if bursts >= 0 {
		t.Fatalf("bursts give %g", bursts)
	}
	for _, tt := range []struct {
		inTime  bool
		against float64
	}{{true, bursts}, {false, max(-10, windowsInTime(fx, w, false))}} {
		part := math.Log(weightOf(fx, EndpointSplit) * .25)
		if got := evidence(tt.against, of(tt.inTime, .25)); math.Abs(got-part) > 1e-9 {
			t.Errorf("as likely as what it is held against, in time %v: %g, want %g", tt.inTime, got, part)
		}
		if got := evidence(tt.against+7, of(tt.inTime, .25)); math.Abs(got-part-7) > 1e-9 {
			t.Errorf("likelier by e^7, in time %v: %g, want %g", tt.inTime, got, part+7)
		}
	}
}

// Two parts are explained by laws that both have.
func TestLawsOfTwoParts(t *testing.T) {
	var got []string
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

// TestWhichLawLeads: the one that is put first, with what is left as its alternatives.
func TestWhichLawLeads(t *testing.T) {
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
}
