package cause

import (
	"slices"
	"testing"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// A kept result decided where the logs show refused requests, two at least, for which no
// authorizer ran while it ran for another.
func TestAuthorizersThatDidNotRun(t *testing.T) {
	ran, not, untold := probe.LogRecord{AuthorizerCalled: yes(true), Complete: true}, probe.LogRecord{AuthorizerCalled: yes(false), Complete: true}, probe.LogRecord{}
	for name, tt := range map[string]struct {
		refused, served []probe.LogRecord
		want            bool
	}{
		"two without": {[]probe.LogRecord{not, not}, []probe.LogRecord{ran}, true}, "one without": {[]probe.LogRecord{not, ran}, []probe.LogRecord{ran}, false},
		"nobody asked it": {[]probe.LogRecord{not, not}, []probe.LogRecord{not}, false}, "records cut short": {[]probe.LogRecord{untold, untold}, []probe.LogRecord{ran}, false},
		"it refused": {[]probe.LogRecord{ran, ran}, []probe.LogRecord{ran}, false},
	} {
		in := &Input{Clusters: behaviours(replied(403, signature.Gateway, "ACCESS_DENIED", ""), served200())}
		fx := given(in, [][]int{repeated(len(tt.refused), 0), repeated(len(tt.served), 1)})
		in.Records = func(id string) []probe.LogRecord {
			i := slices.IndexFunc(in.Rows, func(r Row) bool { return r.RequestID == id })
			return slices.Concat(tt.refused, tt.served)[i : i+1]
		}
		if got := authSkipped(fx, &split{draws: drawsOf(fx.targets[0])}, []int{0}); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestAuthorizersThatKeepResults: one whose results are kept by its lifetime, or by default.
func TestAuthorizersThatKeepResults(t *testing.T) {
	ttl := func(n int) *int { return &n }
	for name, tt := range map[string]struct {
		route probe.Route
		ttl   *int
		want  string
	}{
		"kept": {probe.Route{Authorizer: "x"}, ttl(300), "x"}, "kept by default": {probe.Route{Authorizer: "x"}, nil, "x"}, "kept for a second": {probe.Route{Authorizer: "x"}, ttl(1), "x"}, "not kept": {probe.Route{Authorizer: "x"}, ttl(0), ""}, "no authorizer": {probe.Route{}, ttl(300), ""}, "an unknown one": {probe.Route{Authorizer: "y"}, ttl(300), ""},
	} {
		in := &Input{Clusters: behaviours(replied(403, signature.Gateway, "ACCESS_DENIED", ""), served200())}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{"GET /0": tt.route, "GET /1": tt.route}, Authorizers: map[string]probe.Authorizer{"x": {TTL: tt.ttl}}}}}}}
		fx := given(in, [][]int{{0}, {1}})
		sub := fx.targets[0]
		if got := cachingAuthorizer(fx, &split{sub: sub, cells: sub.cells}); got != tt.want {
			t.Errorf("%s: %q", name, got)
		}
		// A result made for another route decides where that lets the caller in.
		if got := mayBeCached(fx, sub, sub.cells[:1]); got != (tt.want != "") {
			t.Errorf("%s: may decide another route: %v", name, got)
		}
		if mayBeCached(fx, sub, sub.cells[1:]) {
			t.Errorf("%s: what was let in was not refused", name)
		}
	}
}

// All of some scenarios must be guarded, the first one as well.
func TestGuardedScenarios(t *testing.T) {
	in := &Input{Clusters: behaviours(replied(403, signature.Gateway, "ACCESS_DENIED", ""), replied(403, signature.Gateway, "ACCESS_DENIED", ""))}
	st := probe.Stage{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}, "GET /1": {Authorizer: "x"}}, Authorizers: map[string]probe.Authorizer{"x": {}}}}
	in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{st}}}
	fx := given(in, [][]int{{0}, {1}})
	for _, tt := range []struct {
		of   []string
		want bool
	}{{[]string{"sc0"}, false}, {[]string{"sc1"}, true}, {[]string{"sc0", "sc1"}, false}} {
		if got := authorized(fx, fx.targets[0], tt.of); got != tt.want {
			t.Errorf("an authorizer guards %q: %v", tt.of, got)
		}
	}
}

// TestRefusedByAnAuthorizer: whichever side of a split is the usual one.
func TestRefusedByAnAuthorizer(t *testing.T) {
	for _, tt := range []struct {
		c    *Cluster
		want bool
	}{
		{replied(403, signature.Authorizer, "", ""), true}, {replied(403, signature.Gateway, "ACCESS_DENIED", ""), true}, {replied(401, signature.Gateway, "UNAUTHORIZED", ""), true}, {replied(403, signature.Gateway, "INVALID_API_KEY", ""), false}, {served200(), false},
	} {
		fx := given(&Input{Clusters: behaviours(tt.c, served200())}, [][]int{{0, 1}})
		if byAuthorizer(fx, &split{clusters: []int{0}, usual: []int{1}}) != tt.want || byAuthorizer(fx, &split{clusters: []int{1}, usual: []int{0}}) != tt.want {
			t.Errorf("%d %+v is by an authorizer: %v", tt.c.Status, tt.c.Reading, !tt.want)
		}
	}
}
