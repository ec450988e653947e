package cause

import (
	"reflect"
	"testing"
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
}
