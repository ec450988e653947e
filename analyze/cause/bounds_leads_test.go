package cause

import (
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// TestTheShareThatACanaryGot is measured where nine of ten requests of a target have their
// side.
func TestTheShareThatACanaryGot(t *testing.T) {
	for _, tt := range []struct {
		known  int
		canary bool
		want   bool
	}{{9, true, true}, {8, true, false}, {0, true, false}, {10, false, false}} {
		fx := given(&Input{Clusters: behaviours(served200())}, [][]int{repeated(10, 0)})
		for i := range tt.known {
			fx.Rows[i].Label = []Label{LabelCanary, LabelBase, LabelBase}[i%3]
		}
		if tt.canary {
			fx.targets[0].Canary = &probe.Canary{Percent: 10}
		}
		r := Result{Posteriors: map[string][]Hypothesis{}, Measured: map[string]Interval{}}
		perTarget(fx, &judgement{weighed: [][]Hypothesis{{{Name: "x"}}}}, &r)
		if got, is := r.Measured["t0"]; is != tt.want || is && got.Estimate != 3/9. || len(r.Posteriors["t0"]) != 1 {
			t.Errorf("%+v: %+v, %+v", tt, r.Measured, r.Posteriors)
		}
		if perTarget(fx, &judgement{weighed: [][]Hypothesis{nil}}, &Result{Posteriors: r.Posteriors, Measured: r.Measured}); len(r.Posteriors) != 1 {
			t.Errorf("%+v", r.Posteriors)
		}
	}
	fx := given(&Input{Clusters: behaviours(served200())}, [][]int{{}})
	fx.targets[0].Canary = &probe.Canary{Percent: 10}
	r := Result{Measured: map[string]Interval{}}
	if perTarget(fx, &judgement{weighed: [][]Hypothesis{nil}}, &r); len(r.Measured) != 0 {
		t.Errorf("of no request %+v", r.Measured)
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

// TestWhatRefusesARequest by the answer, the logs and the configuration.
func TestWhatRefusesARequest(t *testing.T) {
	bare := func() *Cluster { return replied(403, signature.Gateway, "", "ForbiddenException") }
	named := replied(403, signature.Gateway, "ACCESS_DENIED", "")
	named.Reading.APIID, named.Reading.Stage = "a", "s0"
	for name, tt := range map[string]struct {
		of     *Cluster
		route  probe.Route
		record probe.LogRecord
		want   string
		proven bool
	}{
		"a key": {bare(), probe.Route{APIKeyRequired: true}, probe.LogRecord{}, invalidAPIKey, true}, "no key": {bare(), probe.Route{}, probe.LogRecord{}, "", false}, "a key, and another answer": {replied(403, signature.Gateway, "WAF_FILTERED", ""), probe.Route{APIKeyRequired: true}, probe.LogRecord{}, "WAF_FILTERED", false},
		"an authorizer": {replied(401, signature.Gateway, "UNAUTHORIZED", ""), probe.Route{Authorization: "CUSTOM"}, probe.LogRecord{}, "UNAUTHORIZED", true}, "no authorization": {replied(401, signature.Gateway, "UNAUTHORIZED", ""), probe.Route{Authorization: "NONE"}, probe.LogRecord{}, "UNAUTHORIZED", false},
		"an authorizer, of a bare answer": {bare(), probe.Route{Authorization: "CUSTOM"}, probe.LogRecord{}, "", false}, "the WAF by the log": {bare(), probe.Route{APIKeyRequired: true}, probe.LogRecord{WAF: "BLOCK"}, "WAF_FILTERED", true}, "the policy": {replied(403, signature.Gateway, "ACCESS_DENIED", ""), probe.Route{}, probe.LogRecord{}, byPolicy, false},
		"an answer that names a stage": {named, probe.Route{Authorization: "AWS_IAM"}, probe.LogRecord{}, "ACCESS_DENIED", true},
	} {
		in := &Input{Clusters: behaviours(tt.of)}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{"GET /0": tt.route}}}}}}
		in.Records = func(string) []probe.LogRecord { return []probe.LogRecord{tt.record} }
		fx := given(in, [][]int{{0}})
		if by, proof := refuser(fx, fx.targets[0], fx.targets[0].cells[0]); by != tt.want || (proof != nil) != tt.proven {
			t.Errorf("%s: %q, %+v", name, by, proof)
		}
		if got := signed(fx, fx.targets[0], fx.targets[0].cells[0]); got != (tt.route.Authorization == "AWS_IAM") {
			t.Errorf("%s: asks for a signature: %v", name, got)
		}
	}
	// The logs show an authorizer deciding where it ran.
	for ran, want := range map[*bool]bool{nil: false, yes(false): false, yes(true): true} {
		in := &Input{Clusters: behaviours(bare())}
		fx := given(in, [][]int{{0}})
		if authorizerRan(fx, fx.targets[0], fx.targets[0].cells) {
			t.Error("without logs no authorizer is seen to run")
		}
		in.Records = func(string) []probe.LogRecord { return []probe.LogRecord{{AuthorizerCalled: ran}} }
		if got := authorizerRan(fx, fx.targets[0], fx.targets[0].cells); got != want {
			t.Errorf("it ran: %v", got)
		}
	}
	// A stage's own answers in a row are counted with what their share may be.
	fx := given(&Input{Clusters: behaviours(bare(), served200())}, [][]int{{0, 0, 0}, {}})
	f := refusalFinding(fx, fx.targets[0], fx.targets[0].cells)
	if low, _ := stat.ConfSeq(3, 3, .01); f.Statistics.N != 3 || f.Statistics.Share.Low != low || !slices.Equal(f.rests, []int{0}) || !slices.Equal(f.Scenarios, []string{"sc0"}) {
		t.Errorf("%+v", f)
	}
}
