package cause

import (
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

func TestAddresses(t *testing.T) {
	for url, want := range map[string][2]string{
		"https://a.example/v1/x/": {"https://a.example", "v1/x"}, "https://a.example": {"https://a.example", ""}, "https://a.example/a%2Fb": {"https://a.example", "a%2Fb"}, "://": {"://", ""},
	} {
		if origin(url) != want[0] || urlPath(url) != want[1] {
			t.Errorf("%s: %q and %q", url, origin(url), urlPath(url))
		}
	}
	if stageURL("https://a", "prod") != "https://a/prod" || stageURL("https://a", probe.DefaultStage) != "https://a" {
		t.Error("a stage has its name in its URL, and $default none")
	}
	for key, want := range map[string]bool{"": true, "ANY /{proxy+}": true, "$default": true, "GET /a": false, "GET /{id}": false} {
		if greedy(key) != want {
			t.Errorf("%q takes any path: %v", key, !want)
		}
	}
}

// TestWhereAnAddressLeads by the configuration, and what that is known by.
func TestWhereAnAddressLeads(t *testing.T) {
	api := func(off bool, stages ...string) *probe.API {
		out := &probe.API{ID: "a", DefaultEndpointOff: off}
		for _, name := range stages {
			out.Stages = append(out.Stages, probe.Stage{Name: name})
		}
		return out
	}
	url := "https://a.example/s0"
	for name, tt := range map[string]struct {
		t     probe.Target
		api   *probe.API
		want  Fact
		known bool
	}{
		"there": {probe.Target{Kind: probe.InvokeURL, APIID: "a", Stage: "s0", URL: url}, api(false, "s0"), nil, false}, "no mapping": {probe.Target{Unmapped: "no mapping"}, nil, Plain{Text: "no mapping"}, true},
		"no such stage": {probe.Target{APIID: "a", Stage: "s1", URL: url}, api(false, "s0"), NoStage{API: "a", Stage: "s1"}, true}, "no stage at all": {probe.Target{APIID: "a", Stage: "s1", URL: url}, api(false), nil, true},
		"no stage named": {probe.Target{APIID: "a", URL: url}, api(false, "s0"), nil, true}, "unread": {probe.Target{APIID: "a", Stage: "s0", URL: url}, nil, nil, false},
		"endpoint off": {probe.Target{Kind: probe.InvokeURL, APIID: "a", Stage: "s0", URL: url}, api(true, "s0"), EndpointOff{API: "a"}, true}, "by a domain": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Stage: "s0", URL: url}, api(true, "s0"), nil, true},
		"without an address": {probe.Target{Kind: probe.InvokeURL, APIID: "a", Stage: "s0"}, api(true, "s0"), nil, true},
	} {
		sub := &target{Target: &tt.t, api: tt.api, conf: tt.api.Stage(tt.t.Stage)}
		if got := unmappedBy(sub); got != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
		if got := whereKnown(sub); got != tt.known {
			t.Errorf("%s: known by the configuration: %v", name, got)
		}
	}
	bare := func() *Cluster { return replied(403, signature.Gateway, "", "ForbiddenException") }
	for name, tt := range map[string]struct {
		sc   probe.Scenario
		of   *Cluster
		read bool
		want bool
	}{
		"bare": {probe.Scenario{}, bare(), false, true}, "with a key": {probe.Scenario{Auth: probe.AuthAPIKey}, bare(), false, false}, "with a key's header": {probe.Scenario{Header: []probe.Header{{Name: "X-API-Key", Value: "x"}}}, bare(), false, false},
		"with another header": {probe.Scenario{Header: []probe.Header{{Name: "Accept", Value: "x"}}}, bare(), false, true}, "of another type": {probe.Scenario{}, replied(403, signature.Gateway, "", ""), false, false}, "of an API that was read": {probe.Scenario{}, bare(), true, false},
		"of an answer": {probe.Scenario{}, served200(), false, false},
	} {
		in := &Input{Clusters: behaviours(tt.of)}
		in.Plan.Scenarios = []probe.Scenario{tt.sc}
		if tt.read {
			in.Snapshot.APIs = []probe.API{*api(false, "s0")}
		}
		fx := given(in, [][]int{{0}})
		if got := unreadAndForbidden(fx, fx.targets[0]); got != tt.want {
			t.Errorf("a refusal, %s: %v", name, got)
		}
		fx.Expected = func(int, int) bool { return true }
		if unreadAndForbidden(fx, fx.targets[0]) {
			t.Errorf("a refusal that is expected, %s, leads to nothing", name)
		}
	}
}

// TestWaysToLeadAnAddress somewhere: a routing rule that keeps its base path is told to strip
// it, a stage or a base path of the domain that has the route is used, the nearest first.
func TestWaysToLeadAnAddress(t *testing.T) {
	const rulesOnly = "ROUTING_RULE_ONLY"
	routes := func(keys ...string) *probe.Definition {
		d := &probe.Definition{Routes: map[string]probe.Route{}}
		for _, k := range keys {
			d.Routes[k] = probe.Route{}
		}
		return d
	}
	for name, tt := range map[string]struct {
		unmapped string
		rule     probe.RoutingRule
		read     bool
		want     bool
	}{
		"keeps it":     {"no route", probe.RoutingRule{ID: "r", BasePaths: []string{"v1"}, APIID: "a", Stage: "s0"}, true, true},
		"strips it":    {"no route", probe.RoutingRule{ID: "r", BasePaths: []string{"v1"}, APIID: "a", Stage: "s0", StripBasePath: true}, true, false},
		"of another":   {"no route", probe.RoutingRule{ID: "r", BasePaths: []string{"v2"}, APIID: "a", Stage: "s0"}, true, false},
		"it leads":     {"", probe.RoutingRule{ID: "r", BasePaths: []string{"v1"}, APIID: "a", Stage: "s0"}, true, false},
		"stage unread": {"no route", probe.RoutingRule{ID: "r", BasePaths: []string{"v1"}, APIID: "a", Stage: "s0"}, false, false},
	} {
		in := &Input{Clusters: behaviours(noRouteOf())}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, URL: "https://api.example.com/v1", BasePath: "v1", APIID: "a", Stage: "s0", Unmapped: tt.unmapped}}
		in.Snapshot.Domains = []probe.Domain{{Name: "api.example.com", RoutingMode: rulesOnly, Rules: []probe.RoutingRule{tt.rule}}}
		if tt.read {
			in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}}}}
		}
		fx := given(in, [][]int{{0}})
		if got := keepsBasePath(fx, fx.targets[0]); (got != nil) != tt.want || got != nil && got.ID != "r" {
			t.Errorf("a rule, %s: %+v", name, got)
		}
	}
	// Of an invoke URL the stages of the API, by their names.
	for name, tt := range map[string]struct {
		url, stage, path string
		kind             probe.TargetKind
		off              bool
		stages           []probe.Stage
		editor           *probe.Definition
		hint             string
		isRoute          bool
	}{
		"misspelt":            {"https://a.example/prdo", "prdo", "/orders", probe.InvokeURL, false, []probe.Stage{{Name: "dev", Deployed: routes("GET /prdo/orders")}, {Name: "prod", Deployed: routes("GET /prdo/orders")}}, nil, "https://a.example/prod/prdo/orders", true},
		"left out":            {"https://a.example/orders", "orders", "/7", probe.InvokeURL, false, []probe.Stage{{Name: "prod", Deployed: routes("GET /orders/{id}")}}, nil, "https://a.example/prod/orders/7", true},
		"left out of a proxy": {"https://a.example/orders", "orders", "/7", probe.InvokeURL, false, []probe.Stage{{Name: "prod", Deployed: routes("ANY /{proxy+}")}}, nil, "https://a.example/prod/7", false},
		"by the editor":       {"https://a.example/orders", "orders", "/7", probe.InvokeURL, false, []probe.Stage{{Name: "prod"}}, routes("GET /orders/{id}"), "https://a.example/prod/orders/7", false},
		"nowhere":             {"https://a.example/orders", "orders", "/7", probe.InvokeURL, false, []probe.Stage{{Name: "prod", Deployed: routes("GET /items")}, {Name: "dev"}}, nil, "", false},
		"switched off":        {"https://a.example/orders", "orders", "/7", probe.InvokeURL, true, []probe.Stage{{Name: "prod", Deployed: routes("GET /orders/{id}")}}, nil, "", true},
		"a domain":            {"https://a.example/orders", "orders", "/7", probe.CustomDomain, false, []probe.Stage{{Name: "prod", Deployed: routes("GET /orders/{id}")}}, nil, "", false},
	} {
		in := &Input{Clusters: behaviours(replied(403, signature.Gateway, "", "ForbiddenException"))}
		in.Plan.Scenarios = []probe.Scenario{{Name: "sc0", Method: "GET", Path: tt.path}}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: tt.kind, URL: tt.url, APIID: "a", Stage: tt.stage}}
		in.Snapshot.APIs = []probe.API{{ID: "a", DefaultEndpointOff: tt.off, Editor: tt.editor, Stages: tt.stages}}
		fx := given(in, [][]int{{0}})
		got := ""
		if hint := stageWithRoute(fx, fx.targets[0]); hint != nil {
			got = hint.Text
		}
		if (got != "") != (tt.hint != "") || !strings.Contains(got, tt.hint) {
			t.Errorf("%s: %q, want %q", name, got, tt.hint)
		}
		if is := stageIsRoute(fx, fx.targets[0]); is != tt.isRoute {
			t.Errorf("%s: the place of the stage begins a route: %v", name, is)
		}
	}
	// Of a domain its base paths.
	for name, tt := range map[string]struct {
		url, path string
		mappings  []probe.Mapping
		want      string
	}{
		"another was written": {"https://api.example.com/v2", "/orders", []probe.Mapping{{APIID: "a", Stage: "other", BasePath: "x"}, {APIID: "a", Stage: "prod", BasePath: "v1"}}, "https://api.example.com/v1/orders"},
		"it was left out":     {"https://api.example.com", "/orders", []probe.Mapping{{APIID: "a", Stage: "prod", BasePath: "v1"}}, "https://api.example.com/v1/orders"},
		"there is none":       {"https://api.example.com/v2", "/orders", []probe.Mapping{{APIID: "a", Stage: "prod"}}, "https://api.example.com/orders"},
		"the nearest":         {"https://api.example.com/v2", "/orders", []probe.Mapping{{APIID: "a", Stage: "prod", BasePath: "shop"}, {APIID: "a", Stage: "prod", BasePath: "v1"}}, "https://api.example.com/v1/orders"},
		"none has it":         {"https://api.example.com/v2", "/items", []probe.Mapping{{APIID: "a", Stage: "prod", BasePath: "v1"}, {APIID: "a", Stage: "gone", BasePath: "v3"}}, ""},
	} {
		in := &Input{Clusters: behaviours(noRouteOf())}
		in.Plan.Scenarios = []probe.Scenario{{Name: "sc0", Method: "GET", Path: tt.path}}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, URL: tt.url}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "other"}, {Name: "prod", Deployed: routes("GET /orders")}}}}
		d := &probe.Domain{Name: "api.example.com", Mappings: tt.mappings}
		fx := given(in, [][]int{{0}})
		got := basesWithRoute(fx, fx.targets[0], d)
		if (len(got) == 1) != (tt.want != "") || len(got) == 1 && !strings.Contains(got[0].Text, tt.want) {
			t.Errorf("%s: %+v", name, got)
		}
		fx.targets[0].cells = nil
		if basesWithRoute(fx, fx.targets[0], d) != nil || basesWithRoute(fx, fx.targets[0], nil) != nil {
			t.Errorf("%s: without a path or a domain no base path is used", name)
		}
	}
}

// A domain is used at its base path, with the path of what was asked.
func TestWhereADomainIsUsed(t *testing.T) {
	for _, tt := range []struct {
		base  string
		cells int
		want  string
	}{{"", 1, "https://api.example.com/0"}, {"v1", 1, "https://api.example.com/v1/0"}, {"v1", 0, "https://api.example.com/v1"}} {
		in := &Input{Clusters: behaviours(served200())}
		in.Snapshot.Domains = []probe.Domain{{Name: "other.example.com", Mappings: []probe.Mapping{{APIID: "a", Stage: "s1"}, {APIID: "b", Stage: "s0"}}}, {Name: "api.example.com", Mappings: []probe.Mapping{{APIID: "a", Stage: "s0", BasePath: tt.base}}}}
		fx := given(in, [][]int{{0}})
		fx.targets[0].cells = fx.targets[0].cells[:tt.cells]
		if got := useDomain(fx, fx.targets[0]); len(got) != 1 || !strings.Contains(got[0].Text+got[0].Command, tt.want) {
			t.Errorf("%+v, want %s", got, tt.want)
		}
	}
}

// The names of scenarios that were asked, throttled or not.
func TestScenariosThatWereAsked(t *testing.T) {
	in := &Input{Clusters: behaviours(served200())}
	fx := given(in, [][]int{{0}, {}, {}})
	fx.targets[0].cells[1].throttled = []int{0}
	if got := fx.cellNames(fx.targets[0].cells); !slices.Equal(got, []string{"sc0", "sc1"}) {
		t.Errorf("%q were asked", got)
	}
}

// A route that is in the editor waits for a deployment.
func TestRoutesThatAreNowhere(t *testing.T) {
	route := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}
	for name, tt := range map[string]struct {
		deployed, editor *probe.Definition
		want             bool
	}{"nowhere": {&probe.Definition{}, &probe.Definition{}, true}, "on the stage": {route, nil, false}, "in the editor": {&probe.Definition{}, route, false}, "unread": {nil, nil, true}} {
		in := &Input{Clusters: behaviours(noRouteOf())}
		in.Snapshot.APIs = []probe.API{{ID: "a", Editor: tt.editor, Stages: []probe.Stage{{Name: "s0", Deployed: tt.deployed}}}}
		fx := given(in, [][]int{{0}})
		if got := noRouteAtAll(fx, fx.targets[0]); got != tt.want {
			t.Errorf("%s: no route at all: %v", name, got)
		}
	}
}
