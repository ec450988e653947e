package cause

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// TestExecutionLogsAreAdvisedWhereOff: a stage that logs already is not told to.
func TestExecutionLogsAreAdvisedWhereOff(t *testing.T) {
	for level, advised := range map[string]bool{"OFF": true, "ERROR": true, "INFO": false} {
		w := newWorld(1)
		w.logs = false
		w.api().Stages[0].Methods = map[string]probe.MethodSettings{"*/*": {LoggingLevel: level}}
		r := explained(w.send(300, sameForAll(refuses(401, "UNAUTHORIZED", "UnauthorizedException"))).Input)
		want(t, r, only(AccessDenied, ConsistentWith))
		if got := slices.ContainsFunc(r.Findings[0].Remedy, func(m Remedy) bool { return m.Diagnoses }); got != advised {
			t.Errorf("at level %s execution logs are advised: %t, want %t", level, got, advised)
		}
	}
}

// TestPrivateAPIsAreReachedFromWithin, which is said where nothing answers and
// where everything is refused; of a public API it is not.
func TestPrivateAPIsAreReachedFromWithin(t *testing.T) {
	for _, endpoint := range []string{"PRIVATE", "REGIONAL"} {
		w := newWorld(1)
		w.api().EndpointTypes = []string{endpoint}
		r := explained(w.send(300, sameForAll(refuses(403, "ACCESS_DENIED", "AccessDeniedException"))).Input)
		want(t, r, only(AccessDenied, ConsistentWith))
		if got := strings.Contains(r.Findings[0].Remedy[0].Text, "private"); got != (endpoint == "PRIVATE") {
			t.Errorf("%s, refused: the remedy is %q", endpoint, r.Findings[0].Remedy[0].Text)
		}
		w = newWorld(1)
		w.api().EndpointTypes = []string{endpoint}
		r = explained(w.send(20, sameForAll(answer{id: "dns", producer: "network", class: signature.Transport})).Input)
		if len(r.Open) != 1 || strings.Contains(r.Open[0].Enable, "private") != (endpoint == "PRIVATE") {
			t.Errorf("%s, unanswered: %+v", endpoint, r.Open)
		}
	}
}

// TestPolicyAlone: where the deployed route asks for no authorization, nothing but the
// resource policy is there to deny a request; otherwise it is one of several.
func TestPolicyAlone(t *testing.T) {
	for _, c := range []struct {
		route    probe.Route
		endpoint string
		alone    bool
	}{
		{probe.Route{}, "REGIONAL", true},
		{probe.Route{Authorization: "NONE"}, "REGIONAL", true},
		{probe.Route{Authorization: "AWS_IAM"}, "REGIONAL", false},
		{probe.Route{APIKeyRequired: true}, "REGIONAL", false},
		{probe.Route{}, "PRIVATE", false},
	} {
		w := newWorld(1)
		w.api().EndpointTypes = []string{c.endpoint}
		w.api().Stages[0].Deployed = &probe.Definition{Routes: map[string]probe.Route{"GET /orders": c.route, "GET /items": c.route}}
		w.api().Editor = w.api().Stages[0].Deployed
		r := explained(w.send(300, sameForAll(refuses(403, "ACCESS_DENIED", "AccessDeniedException"))).Input)
		if len(r.Findings) != 1 || r.Findings[0].Cause != AccessDenied {
			t.Fatalf("%+v: %+v", c, r.Findings)
		}
		text := r.Findings[0].Statement
		if strings.Contains(text, "The API's resource policy denies it") != c.alone || strings.Contains(text, "An authorizer's policy, IAM or") == c.alone {
			t.Errorf("%+v: %s", c, text)
		}
	}
}

// TestOneResultForSeveralRoutes: a result that an authorizer keeps may have been
// made for another of the routes that it refuses, unless the logs show it called
// for each.
func TestOneResultForSeveralRoutes(t *testing.T) {
	called := func(yes bool) *bool { return &yes }
	for _, c := range []struct {
		ttl   int
		calls map[int]*bool // by scenario
		link  Link
	}{
		{300, nil, ConsistentWith},
		{300, map[int]*bool{0: called(true), 1: called(false)}, ConsistentWith},
		{300, map[int]*bool{0: called(true), 1: called(true)}, Proven},
		{0, nil, Proven},
	} {
		w := newWorld(1)
		st := &w.api().Stages[0]
		guarded := probe.Route{Authorization: "CUSTOM", Authorizer: "gate"}
		st.Deployed = &probe.Definition{
			Routes:      map[string]probe.Route{"GET /orders": guarded, "GET /items": guarded},
			Authorizers: map[string]probe.Authorizer{"gate": {Type: "TOKEN", TTL: &c.ttl}},
		}
		w.api().Editor, w.api().Stages[1].Deployed = st.Deployed, st.Deployed
		deny := refuses(403, "ACCESS_DENIED", "AccessDeniedException")
		deny.producer = "authorizer"
		w.send(60, sameForAll(deny))
		scenario := map[string]int{}
		for i := range w.Rows {
			scenario[w.Rows[i].RequestID] = w.Rows[i].Scenario
		}
		w.Records = func(id string) []probe.LogRecord {
			return []probe.LogRecord{{RequestID: id, AuthorizerID: "a1", AuthorizerOutcome: "deny", AuthorizerCalled: c.calls[scenario[id]], Complete: true}}
		}
		r := explained(w.Input)
		want(t, r, only(AccessDenied, c.link))
		f := r.Findings[0]
		doubted := slices.ContainsFunc(f.Alternatives, func(a Alternative) bool { return a.Cause == AuthorizerCache }) && strings.Contains(f.Statement, "Authorizer gate keeps its results")
		if doubted != (c.link == ConsistentWith) {
			t.Errorf("TTL %d, calls %v: alternatives %v, %s", c.ttl, c.calls, f.Alternatives, f.Statement)
		}
	}
}

// A target that answers nothing but 429 serves nobody: an error, unless that is what a
// scenario expects.
func TestThrottledAltogether(t *testing.T) {
	tests := map[string]struct {
		refused  int // of 40
		expected bool
		want     Severity
	}{
		"some":          {20, false, Warning},
		"all":           {40, false, Error},
		"all, expected": {40, true, Warning},
	}
	for name, tt := range tests {
		n := 0
		w := newWorld(1).send(40, func(*request) answer {
			if n++; n > tt.refused {
				return ok("v2")
			}
			a := refuses(429, "THROTTLED", "TooManyRequestsException")
			a.class = signature.Throttled
			return a
		})
		w.Expected = func(int, int) bool { return tt.expected }
		found := Explain(w.Input).Findings
		if len(found) != 1 || found[0].Cause != Throttled || found[0].Severity != tt.want {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// Where the limit lets nothing through, no slower probe would get an answer.
func TestClosedByItsThrottle(t *testing.T) {
	for rate, want := range map[float64]bool{0: false, 8: true} {
		w := newWorld(1).send(40, func(*request) answer {
			a := refuses(429, "THROTTLED", "TooManyRequestsException")
			a.class = signature.Throttled
			return a
		})
		w.api().Stages[0].Methods = map[string]probe.MethodSettings{"*/*": {ThrottlingSet: true, ThrottlingRate: rate}}
		found := Explain(w.Input).Findings
		if len(found) != 1 || slices.ContainsFunc(found[0].Remedy, func(r Remedy) bool { return r.Text == remedy.Slower.Text }) != want {
			t.Errorf("%g per second: %+v", rate, found)
		}
	}
}

// A route that a finding speaks of has a name, also where the scenarios name none: it is
// the one that serves their path.
func TestRoutesAreNamed(t *testing.T) {
	refusal, forbidden := refuses(403, "MISSING_AUTHENTICATION_TOKEN", "MissingAuthenticationTokenException"), refuses(403, "", "ForbiddenException")
	broken := answer{id: "mock", status: 500, producer: "gateway", response: "DEFAULT_5XX", errType: "InternalServerErrorException"}
	for name, tt := range map[string]struct {
		route  probe.Route
		answer answer
		says   string
	}{
		"signed":     {probe.Route{Authorization: "AWS_IAM"}, refusal, "GET /orders"},
		"with a key": {probe.Route{APIKeyRequired: true}, forbidden, "GET /orders"},
		"mocked":     {probe.Route{Integration: probe.Integration{Type: "MOCK"}}, broken, "GET /orders"},
	} {
		for _, named := range []bool{true, false} {
			w := newWorld(1)
			w.logs = false
			d := &probe.Definition{Source: "GetExport", Routes: map[string]probe.Route{"GET /orders": tt.route, "GET /items": tt.route}}
			w.api().Editor, w.api().Stages[0].Deployed, w.api().Stages[1].Deployed = d, d, d
			for i := range w.Plan.Scenarios {
				if !named {
					w.Plan.Scenarios[i].Route = ""
				}
			}
			w.Records = func(string) []probe.LogRecord { return nil }
			r := explained(w.send(60, sameForAll(tt.answer)).Input)
			if len(r.Findings) != 1 {
				t.Fatalf("%s: %d findings", name, len(r.Findings))
			}
			f := &r.Findings[0]
			text := f.Statement + "\n" + strings.Join(f.Evidence, "\n")
			if !strings.Contains(text, tt.says) || strings.Contains(text, "route  ") || strings.Contains(text, "Route  ") {
				t.Errorf("%s, named %t: %s", name, named, text)
			}
		}
	}
}

// A run that is refused slows down, and then little is refused: what counts is how much
// was at the rate at which it was.
func TestRefusedWhileItWasFaster(t *testing.T) {
	for _, c := range []struct{ fast, refused int }{{14, 3}, {20, 8}, {100, 1}, {14, 0}} {
		w := newWorld(1).send(460, func(r *request) answer {
			if r.n >= c.fast {
				r.Rate = 6
			}
			if r.n < c.refused {
				a := refuses(429, "THROTTLED", "TooManyRequestsException")
				a.class = signature.Throttled
				return a
			}
			return ok("v2")
		})
		r := explained(w.Input)
		if c.refused < 2 {
			want(t, r, none)
			continue
		}
		want(t, r, only(Throttled, Proven))
		f := &r.Findings[0]
		if f.Statistics.N != c.fast || f.Severity != Warning {
			t.Errorf("%d of %d refused: %s, N %d", c.refused, c.fast, f.Severity, f.Statistics.N)
		}
		if says := fmt.Sprintf("%d of %d requests", c.refused, c.fast); !strings.Contains(f.Statement, says) || !strings.Contains(f.Statement, "50 requests per second or more") {
			t.Errorf("%q does not tell %s at their rate", f.Statement, says)
		}
	}
}

// The nearest route is one of the method that was asked where there is one, and one of
// another method is advised with it.
func TestNearestRouteHasItsMethod(t *testing.T) {
	for path, says := range map[string]string{"/order": "Stage prod has the route GET /orders: use https", "/cart": "has the route DELETE /carts: use DELETE https"} {
		w := newWorld(1)
		routes := map[string]probe.Route{"DELETE /orders": {}, "GET /orders": {}, "DELETE /carts": {}}
		w.api().Editor.Routes, w.api().Stages[0].Deployed.Routes = routes, routes
		w.Plan.Scenarios = []probe.Scenario{{Name: "asked", Method: "GET", Path: path}}
		found := Explain(w.send(40, sameForAll(refuses(403, "MISSING_AUTHENTICATION_TOKEN", "MissingAuthenticationTokenException"))).Input).Findings
		if len(found) != 1 || !strings.Contains(found[0].Remedy[0].Text, says) {
			t.Errorf("%s: %+v", path, found)
		}
	}
}
