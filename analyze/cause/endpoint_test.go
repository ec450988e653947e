package cause

import (
	"reflect"
	"slices"
	"testing"

	"stageprobe/probe"
)

// TestWhatIsSaidOfAPlace that drives answers: a connection is told from its fellows by
// requests on connections of their own, unless something else goes with it.
func TestWhatIsSaidOfAPlace(t *testing.T) {
	for name, tt := range map[string]struct {
		factor string
		alias  bool
		want   Fact
	}{"a connection": {"connection", false, Topic("own connections")}, "an address": {"address", false, nil}, "a connection and its address": {"connection", true, Together{}}} {
		fx := given(&Input{MinShare: .01, Clusters: behaviours(served200(), served200())}, [][]int{{0, 0, 1, 1}})
		for i := range fx.Rows {
			fx.Rows[i].Remote = []string{"x", "y"}[i/2]
		}
		x := settle(fx, &split{sub: fx.targets[0], clusters: []int{1}})
		f := &factor{name: tt.factor, level: func(r *Row) string { return r.Remote }, rho: .3}
		f.count(fx, x)
		w := &weighing{split: x, parts: []*split{x}, laws: []law{{cause: EndpointSplit, name: tt.factor, driven: true, factor: f, post: .9}}}
		if tt.alias {
			w.laws = append(w.laws, law{cause: EndpointSplit, name: "address", driven: true, factor: f, post: .1})
		}
		if got := endpoint(fx, w, &w.laws[0]).SettledBy; reflect.TypeOf(got) != reflect.TypeOf(tt.want) || tt.want != nil && !tt.alias && got != tt.want {
			t.Errorf("%s: %+v settles it", name, got)
		}
	}
	// What came through a CDN may be divided there, up to a fifth of it.
	for _, tt := range []struct {
		fronted bool
		k       int
		want    bool
	}{{true, 4, true}, {true, 5, false}, {false, 4, false}} {
		fx := given(&Input{MinShare: .01, Confidence: .99, Clusters: behaviours(served200(), served200())}, [][]int{slices.Concat(repeated(20-tt.k, 0), repeated(tt.k, 1))})
		for i := range fx.Rows {
			fx.Rows[i].Fronted = tt.fronted
		}
		x := settle(fx, &split{sub: fx.targets[0], clusters: []int{1}})
		known := nothingKnown(fx)
		known.decided = []*decision{{weighing: &weighing{split: x, parts: []*split{x}}, cause: UnexplainedSplit}}
		v := unexplainedSplit(fx, known)
		if got := slices.Contains(v.Found[0].Says, Fact(Topic("came through a CDN"))); got != tt.want || got != slices.Contains(v.Found[0].Alternatives, Alternative{Cause: EdgeCache}) {
			t.Errorf("%d of 20, through a CDN %v: said %v", tt.k, tt.fronted, got)
		}
	}
	// A staging distribution is thought of where the own URL of the stage gave five answers,
	// and none of these.
	for _, tt := range []struct {
		own  []int
		want bool
	}{{repeated(5, 2), true}, {repeated(4, 2), false}, {append(repeated(5, 2), 3), false}} {
		in := &Input{Clusters: behaviours(served200(), served200(), served200(), served200())}
		in.Clusters[2].ID, in.Clusters[3].ID = "k0", "k1"
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, APIID: "a", Stage: "s0"}, {ID: "t1", Kind: probe.InvokeURL, APIID: "a", Stage: "s0"}}
		fx := given(in, [][]int{slices.Concat(repeated(40, 0), repeated(4, 1))}, [][]int{tt.own})
		fx.copies[0].rows = []int{0}
		if got := onlyInFront(fx, &weighing{split: &split{sub: fx.targets[0], clusters: []int{1}, k: 4, n: 44}}); got != tt.want {
			t.Errorf("the own URL answered %v: %v", tt.own, got)
		}
	}
}
