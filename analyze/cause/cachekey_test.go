package cause

import (
	"reflect"
	"slices"
	"testing"

	"stageprobe/probe"
)

func TestParametersOutsideTheKey(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		key  []string
		want []string
	}{
		{"page=1", "page=2", nil, []string{"page"}},
		{"page=1", "page=1", nil, nil},
		{"page=1&x=1", "x=2", nil, []string{"page", "x"}},
		{"page=1", "page=2", []string{"method.request.querystring.page"}, nil},
		{"page=1", "page=2", []string{"method.request.multivaluequerystring.page"}, nil},
		{"page=1&x=1", "page=2&x=2", []string{"method.request.querystring.x"}, nil},
		{"page=1", "page=2", []string{"method.request.querystring.x"}, []string{"page"}},
		{"page=1&page=2", "page=1", nil, []string{"page"}},
		{"a=%zz", "a=1", nil, nil},
		{"a=1", "a=%zz", nil, nil},
	} {
		if got := leftOut(tt.a, tt.b, tt.key); !slices.Equal(got, tt.want) {
			t.Errorf("%s and %s by the key %q: %q, want %q", tt.a, tt.b, tt.key, got, tt.want)
		}
	}
	st := &probe.Stage{Methods: map[string]probe.MethodSettings{"*/*": {CacheTTL: 1}, "/a/GET": {CacheTTL: 2}}}
	if own, other := st.InForce("/a/GET").CacheTTL, st.InForce("/b/GET").CacheTTL; own != 2 || other != 1 {
		t.Errorf("%d and %d are in force, want a method's own and that of all", own, other)
	}
}

// What a cell was answered was made for another query where, by the logs of five requests
// at least, half of them or more came without the integration.
func TestAnswersMadeForAnotherQuery(t *testing.T) {
	for _, tt := range []struct {
		without, with, unlogged int
		want                    bool
	}{{5, 0, 0, true}, {4, 0, 9, false}, {0, 5, 0, false}, {2, 4, 0, false}} {
		fx := &Facts{Input: &Input{}}
		c := &cell{}
		for i := range tt.without + tt.with + tt.unlogged {
			r := Row{IntegrationCalled: yes(i >= tt.without)}
			if i >= tt.without+tt.with {
				r.IntegrationCalled = nil
			}
			fx.Rows, c.rows = append(fx.Rows, r), append(c.rows, i)
		}
		if got := madeForOther(fx, c); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// Four scenarios of one route and two of another that the key does not tell apart are one
// gap of the key for each route.
func TestGapsOfAKeyByRoute(t *testing.T) {
	w := newWorld(1)
	w.bytes = true
	w.query(true)
	w.Plan.Scenarios = nil
	routes := map[string]probe.Route{"GET /orders": {Parameters: map[string]bool{"query.page": false}}, "GET /items": {}}
	w.api().Stages[0].Deployed.Routes = routes
	for _, sc := range [][2]string{{"orders", "page=1"}, {"orders", "page=2"}, {"items", "size=1"}, {"orders", "lang=de"}, {"items", "size=2"}} {
		w.Plan.Scenarios = append(w.Plan.Scenarios, probe.Scenario{Name: sc[0] + " " + sc[1], Method: "GET", Path: "/" + sc[0], Query: sc[1], Route: "GET /" + sc[0]})
	}
	w.send(100, func(r *request) answer {
		r.IntegrationCalled = yes(r.Scenario == 0)
		return says(200, `{"a":1}`)
	})
	fx := gather(&w.Input)
	got := keysLeaveOut(fx, fx.targets[0])
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []keyGap{
		{KeyLeavesOut{Stage: "prod", Route: "GET /orders", Parameters: []string{"lang", "page"}, Scenarios: []string{"orders page=1", "orders page=2", "orders lang=de"}, Copied: []string{"orders lang=de", "orders page=2"}}, true, []int{0, 1, 3}},
		{KeyLeavesOut{Stage: "prod", Route: "GET /items", Parameters: []string{"size"}, Scenarios: []string{"items size=1", "items size=2"}, Copied: []string{"items size=1", "items size=2"}}, false, []int{2, 4}},
	} {
		if !reflect.DeepEqual(got[i], want) {
			t.Errorf("%+v, want %+v", got[i], want)
		}
	}
	// Of four answers to a query nothing is said yet.
	a, b := *fx.targets[0].cells[0], *fx.targets[0].cells[1]
	for _, n := range [][2]int{{5, 5}, {4, 5}, {5, 4}} {
		x, y := a, b
		x.rows, y.rows = a.rows[:n[0]], b.rows[:n[1]]
		if got := sameBytes(fx, &x, &y); got != (n[0]+n[1] == 10) {
			t.Errorf("of %d and %d answers: the same bytes %v", n[0], n[1], got)
		}
	}
}

// A stage without a cache shows what an integration answers once it gave five answers.
func TestAnswersBesideACache(t *testing.T) {
	for _, tt := range []struct {
		n      int
		caches bool
		want   bool
	}{{5, false, true}, {4, false, false}, {5, true, false}} {
		in := &Input{Clusters: behaviours(served200(), served200())}
		methods := map[string]probe.MethodSettings{"*/*": {Caching: true}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", CacheCluster: true, Methods: methods}, {Name: "s1", CacheCluster: tt.caches, Methods: methods}}}}
		in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0", DeploymentID: "d"}, {ID: "t1", APIID: "a", Stage: "s1", DeploymentID: "d"}}
		fx := given(in, [][]int{repeated(9, 0)}, [][]int{repeated(tt.n, 1)})
		if got := uncachedBeside(fx, fx.targets[0], &keyGap{scenarios: []int{0}}); got != tt.want {
			t.Errorf("%d answers beside, from a cache %v: %v", tt.n, tt.caches, got)
		}
	}
}
