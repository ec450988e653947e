package cause

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/probe"
)

// TestWhatStandsAround: what was read around an API is told where it speaks for a
// finding, and not where it does not.
func TestWhatStandsAround(t *testing.T) {
	broken := func(w *world) *world {
		return w.send(600, func(r *request) answer {
			if r.n >= 300 {
				return fails(504)
			}
			return ok("v2")
		})
	}
	refused := func(w *world) *world {
		return w.send(600, func(r *request) answer {
			if r.n >= 250 && r.n < 350 {
				return refuses(403, "ACCESS_DENIED", "AccessDeniedException")
			}
			return ok("v2")
		})
	}
	failed := func(from, to int) func(*world) *world {
		return func(w *world) *world {
			return w.send(600, func(r *request) answer {
				if r.n >= from && r.n < to || r.n == to+100 && to-from < 100 {
					return fails(504)
				}
				return ok("v2")
			})
		}
	}
	split := func(w *world) *world {
		w.logs = false
		return w.send(800, func(*request) answer {
			if w.rng.Float64() < .2 {
				return ok("v3")
			}
			return ok("v2")
		})
	}
	deviates := func(w *world) *world {
		return w.canary(20).send(600, func(r *request) answer {
			if r.canary {
				return ok("v1")
			}
			return ok("v2")
		})
	}
	route := func(w *world, i probe.Integration) {
		for _, d := range []*probe.Definition{w.api().Editor, w.api().Stages[0].Deployed} {
			for name := range d.Routes {
				d.Routes[name] = probe.Route{Integration: i}
			}
		}
	}
	change := func(at time.Time, c probe.Change) func(*world) {
		return func(w *world) {
			c.At, c.APIID = at, "abc123"
			w.Snapshot.History = &probe.History{Changes: []probe.Change{c}, Asked: []string{c.Event}}
		}
	}
	link := func(status string) func(*world) {
		return func(w *world) {
			route(w, probe.Integration{Type: "HTTP_PROXY", ConnectionType: "VPC_LINK", ConnectionID: "link01"})
			w.Snapshot.VPCLinks = []probe.VPCLink{{ID: "link01", Name: "private", Status: status, StatusText: "its targets are gone."}}
		}
	}
	alias := func(weights map[string]float64) func(*world) {
		return func(w *world) {
			const function = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
			route(w, probe.Integration{Type: "AWS_PROXY", URI: "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + function + ":live/invocations"})
			w.Snapshot.Aliases = []probe.Alias{{Function: function, Name: "live", Version: "7", Weights: weights}}
		}
	}
	traffic := func(n float64) func(*world) {
		return func(w *world) {
			w.Snapshot.Traffic = []probe.CanaryTraffic{{APIID: "abc123", Stage: "prod", From: began.Add(-3 * time.Hour), To: began, Canary: n, Stages: 9000}}
		}
	}
	for name, c := range map[string]struct {
		given func(*world)
		sent  func(*world) *world
		cause ID
		says  string
		told  bool
	}{
		"a write just before":    {change(began.Add(time.Second), probe.Change{Event: "UpdateIntegration", By: "kim", Tool: "console"}), broken, IntegrationError, "UpdateIntegration by kim (console)", true},
		"a write hours before":   {change(began.Add(-4*time.Hour), probe.Change{Event: "UpdateIntegration", By: "kim"}), broken, IntegrationError, "UpdateIntegration", false},
		"beside a window":        {change(began.Add(time.Second), probe.Change{Event: "UpdateStage", Stage: "prod", By: "kim"}), refused, AccessDenied, "UpdateStage by kim", true},
		"no write at a window":   {change(began.Add(-4*time.Hour), probe.Change{Event: "UpdateStage", Stage: "prod", By: "kim"}), refused, AccessDenied, "CloudTrail holds beside", false},
		"a window's times":       {func(*world) {}, refused, AccessDenied, "refused 100 of 600 requests, all of them between 10:00:05.000Z and 10:00:06.980Z", true},
		"an outage":              {change(began.Add(time.Second), probe.Change{Event: "UpdateIntegration", By: "kim"}), failed(250, 350), IntegrationError, "failed 100 of 600 requests, all of them between 10:00:05.000Z and 10:00:06.980Z", true},
		"beside an outage":       {change(began.Add(time.Second), probe.Change{Event: "UpdateIntegration", By: "kim"}), failed(250, 350), IntegrationError, "UpdateIntegration by kim", true},
		"none beside an outage":  {change(began.Add(-4*time.Hour), probe.Change{Event: "UpdateIntegration", By: "kim"}), failed(250, 350), IntegrationError, "CloudTrail holds beside", false},
		"no outage":              {func(*world) {}, failed(250, 320), FlakyBackend, "all of them between", false},
		"of another stage":       {change(began, probe.Change{Event: "UpdateStage", Stage: "dev", By: "kim"}), broken, IntegrationError, "UpdateStage", false},
		"a link that is gone":    {link("DELETING"), broken, IntegrationError, "VPC link link01 (private), which is DELETING: its targets are gone.", true},
		"a link that is there":   {link("AVAILABLE"), broken, IntegrationError, "VPC link", false},
		"weights":                {alias(map[string]float64{"8": .2}), split, BackendSplit, "80 % to version 7 and 20 % to version 8", true},
		"one version":            {alias(nil), split, UnexplainedSplit, "alias", false},
		"a canary's callers":     {traffic(812), deviates, CanarySplit, "CloudWatch counted 812 requests", true},
		"a metric that is empty": {traffic(0), deviates, CanarySplit, "CloudWatch", false},
	} {
		w := newWorld(3)
		c.given(w)
		in := c.sent(w).Input
		in.Done = true
		r := explained(in)
		at := -1
		for i, f := range r.Findings {
			if f.Cause == c.cause {
				at = i
			}
		}
		if at < 0 {
			t.Errorf("%s: found %v; open %v", name, found(r), r.Open)
			continue
		}
		if got := strings.Contains(r.Findings[at].Statement, c.says); got != c.told {
			t.Errorf("%s: %q is said: %t in %q", name, c.says, got, r.Findings[at].Statement)
		}
	}
}

// TestRoutingRulesThatMatched are told of a domain that leads elsewhere, where the logs
// name them.
func TestRoutingRulesThatMatched(t *testing.T) {
	for _, rule := range []string{"beta", ""} {
		w := newWorld(5)
		w.Plan.Targets = nil
		w.domain("dev", "prod")
		w.Snapshot.Domains[0].Rules = []probe.RoutingRule{{ID: "beta", Priority: 10, APIID: "abc123", Stage: "dev"}}
		in := w.send(200, func(*request) answer { return ok("v2") }).Input
		in.Done = true
		in.Records = func(string) []probe.LogRecord {
			return []probe.LogRecord{{Source: probe.AccessLogSrc, APIID: "abc123", Stage: "dev", RoutingRuleID: rule}}
		}
		r := explained(in)
		if len(r.Findings) == 0 || r.Findings[0].Cause != WrongStage {
			t.Fatalf("found %v", found(r))
		}
		if got := strings.Contains(r.Findings[0].Statement, "200 requests matched routing rule beta (priority 10, to stage dev of abc123) of api.example.com"); got != (rule != "") {
			t.Errorf("rule %q: %s", rule, r.Findings[0].Statement)
		}
	}
}

// TestNotAsked: which writes CloudTrail was not asked for is said, unless it was read
// whole or did not answer, which is said elsewhere.
func TestNotAsked(t *testing.T) {
	for name, c := range map[string]struct {
		history probe.History
		gaps    []probe.Gap
		says    bool
	}{
		"cut":    {history: probe.History{Calls: 20, Asked: []string{"CreateDeployment"}, Unasked: []string{"UpdateUsagePlan"}}, says: true},
		"whole":  {history: probe.History{Calls: 1, Whole: true}},
		"denied": {history: probe.History{Calls: 1, Unasked: []string{"UpdateStage"}}, gaps: []probe.Gap{{Operation: "LookupEvents"}}},
	} {
		fx := &Facts{Input: &Input{Snapshot: probe.Snapshot{History: &c.history, Gaps: c.gaps}}}
		var told bool
		for _, n := range aside(fx, nil) {
			if u, ok := n.(Unasked); ok {
				told = told || u.Events[0] == c.history.Unasked[0]
			}
		}
		if told != c.says {
			t.Errorf("%s: told %v, want %v", name, told, c.says)
		}
	}
}

func TestWhatStandsAside(t *testing.T) {
	fx := &Facts{Input: &Input{Snapshot: probe.Snapshot{
		APIs:     []probe.API{{ID: "a", Status: "AVAILABLE"}, {ID: "b", Status: "FAILED", StatusText: "no."}, {ID: "c"}},
		VPCLinks: []probe.VPCLink{{ID: "l", Status: "FAILED"}, {ID: "m", Status: "AVAILABLE"}, {ID: "n"}, {ID: "o", Status: "PENDING", Name: "told"}},
		History:  &probe.History{Calls: 1, Unasked: []string{"UpdateStage"}, Asked: []string{"PutMethod", "PutIntegration"}},
	}}}
	told := []Finding{{Says: []Fact{LinkIs{Link: "o"}, Topic("x")}}}
	want := []Fact{LinkIs{Link: "l", Status: "FAILED"}, APIIs{API: "b", Status: "FAILED", Why: "no"}, Unasked{Asked: 2, Events: []string{"UpdateStage"}}}
	if got := aside(fx, told); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for name, change := range map[string]func(h *probe.History){
		"all was read": func(h *probe.History) { h.Whole = true }, "nothing was asked": func(h *probe.History) { h.Calls = 0 }, "nothing is left": func(h *probe.History) { h.Unasked = nil },
	} {
		h := probe.History{Calls: 1, Unasked: []string{"UpdateStage"}}
		change(&h)
		fx.Snapshot.History = &h
		if got := aside(fx, told); len(got) != 2 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	fx.Snapshot.History, fx.Snapshot.Gaps = &probe.History{Calls: 1, Unasked: []string{"UpdateStage"}}, []probe.Gap{{Operation: "LookupEvents"}}
	if got := aside(fx, told); len(got) != 2 {
		t.Errorf("a call that was refused is told elsewhere: %+v", got)
	}
}

// TestWhatIsReadAroundAFinding: the first three writes are shown, and rules with the requests
// that matched them.
func TestWhatIsReadAroundAFinding(t *testing.T) {
	in := &Input{Clusters: behaviours(served200())}
	in.Snapshot.History = &probe.History{}
	for i := range 5 {
		in.Snapshot.History.Changes = append(in.Snapshot.History.Changes, probe.Change{APIID: "a", Event: "UpdateStage", At: began.Add(time.Duration(2-i) * time.Minute)})
	}
	fx := given(in, [][]int{{0, 0, 0}})
	f := &Finding{Says: []Fact{ChangedOnce{At: began}}}
	events(fx, fx.targets[0], f)
	var at []time.Duration
	for _, e := range f.Says[1].(EventsAround).Events {
		at = append(at, e.At.Sub(began))
	}
	if !slices.Equal(at, []time.Duration{time.Minute, 0, -time.Minute}) {
		t.Errorf("writes are shown of %v", at)
	}
	in.Plan.Targets[0].Kind, in.Plan.Targets[0].URL = probe.CustomDomain, "https://api.example.com"
	in.Snapshot.Domains = []probe.Domain{{Name: "api.example.com"}}
	in.Records = func(id string) []probe.LogRecord {
		return []probe.LogRecord{{}, {RoutingRuleID: map[string]string{"id0": "r", "id1": "r"}[id]}, {RoutingRuleID: "later"}}
	}
	f = &Finding{}
	rules(fx, fx.targets[0], f)
	if want := (RulesMatched{Domain: "api.example.com", Rules: []RuleMatched{{Rule: "later", K: 1}, {Rule: "r", K: 2}}}); !reflect.DeepEqual(f.Says, []Fact{want}) {
		t.Errorf("%+v", f.Says)
	}
}

// TestWritesThatAreTold once: not beside a finding that tells the same write, nor of another
// stage, nor of more than a minute later.
func TestWritesThatAreTold(t *testing.T) {
	for name, tt := range map[string]struct {
		change  probe.Change
		changed *Changed
		want    bool
	}{
		"a write": {probe.Change{Event: "UpdateStage", At: began}, nil, true}, "the same is told": {probe.Change{Event: "UpdateStage", At: began}, &Changed{Event: "UpdateStage", At: began}, false},
		"another is told": {probe.Change{Event: "UpdateStage", At: began}, &Changed{Event: "PutMethod", At: began}, true}, "one of another time is told": {probe.Change{Event: "UpdateStage", At: began}, &Changed{Event: "UpdateStage", At: began.Add(-1)}, true},
		"of the stage": {probe.Change{Event: "UpdateStage", Stage: "s0", At: began}, nil, true}, "of another stage": {probe.Change{Event: "UpdateStage", Stage: "s1", At: began}, nil, false},
		"a minute later": {probe.Change{Event: "UpdateStage", At: began.Add(time.Minute)}, nil, true}, "more than that": {probe.Change{Event: "UpdateStage", At: began.Add(time.Minute + 1)}, nil, false}, "ten minutes before": {probe.Change{Event: "UpdateStage", At: began.Add(-10 * time.Minute)}, nil, true},
	} {
		in := &Input{Clusters: behaviours(served200())}
		tt.change.APIID = "a"
		in.Snapshot.History = &probe.History{Changes: []probe.Change{tt.change}}
		fx := given(in, [][]int{{0}})
		f := &Finding{Changed: tt.changed, Says: []Fact{BrokeDown{At: began}}}
		if events(fx, fx.targets[0], f); (len(f.Says) == 2) != tt.want {
			t.Errorf("%s: %+v", name, f.Says)
		}
	}
}

// An alias without weights shares its requests among no versions.
func TestAliasesWithoutWeights(t *testing.T) {
	const function = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
	for _, weights := range []map[string]float64{nil, {"8": .2}} {
		in := &Input{Clusters: behaviours(served200())}
		in.Snapshot.Aliases = []probe.Alias{{Function: function, Name: "live", Version: "7", Weights: weights}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{"GET /0": {Integration: probe.Integration{URI: function + ":live"}}}}}}}}
		fx := given(in, [][]int{{0}})
		f := &Finding{Scenarios: []string{"sc0"}}
		if aliasWeights(fx, fx.targets[0], f); len(f.Says) != len(weights) {
			t.Errorf("of weights %v: %+v", weights, f.Says)
		}
	}
}
