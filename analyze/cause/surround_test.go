package cause

import (
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
