package cause

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
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

func TestPoliciesThatMayAdmit(t *testing.T) {
	for policy, want := range map[string]bool{
		"": true, "{": false, `{"Statement":7}`: false, `{"Statement":[]}`: false,
		`{"Statement":[{"Effect":"Allow"}]}`:                                                           true,
		`{"Statement":{"Effect":"Allow"}}`:                                                             true,
		`{"Statement":{"Effect":"Deny"}}`:                                                              false,
		`{"Statement":[{"Effect":"Allow"},{"Effect":"Deny"}]}`:                                         false,
		`{"Statement":[{"Effect":"Deny","Condition":{"NotIpAddress":{}}},{"Effect":"Allow"}]}`:         true,
		`{"Statement":[{"Effect":"Deny","Condition":{"NotIpAddress":{}}}]}`:                            false,
		`{"Statement":[{"Effect":"Allow"},{"Effect":"Deny","Condition":{"StringNotEquals":{"a":1}}}]}`: true,
	} {
		if mayAdmit(policy) != want {
			t.Errorf("%s may let somebody in: %v", policy, !want)
		}
	}
}

// A scenario is refused throughout from five answers on, or when the run is over; a target
// whose requests are refused alike refuses its preflights, too.
func TestRefusedThroughout(t *testing.T) {
	preflight := probe.Scenario{Name: "preflight", Method: "OPTIONS", Header: []probe.Header{{Name: "Origin", Value: "https://a.example"}, {Name: "Access-Control-Request-Method", Value: "GET"}}}
	if !preflight.IsPreflight() {
		t.Fatal("the scenario is a preflight")
	}
	for _, tt := range []struct {
		n    int
		done bool
		want bool
	}{{5, false, true}, {4, false, false}, {4, true, true}} {
		in := &Input{Done: tt.done, Clusters: behaviours(replied(403, signature.Gateway, "ACCESS_DENIED", ""), replied(403, signature.Gateway, "WAF_FILTERED", ""))}
		in.Plan.Scenarios = []probe.Scenario{{Name: "get", Method: "GET"}, preflight}
		fx := given(in, [][]int{repeated(tt.n, 0), repeated(9, 1)})
		known, sub := nothingKnown(fx), fx.targets[0]
		if got := refusedThroughout(fx, known, sub, sub.cells[0]); got != tt.want {
			t.Errorf("%d refusals, done %v: %v", tt.n, tt.done, got)
		}
		for kind, want := range map[string]bool{kindOf(&fx.Clusters[0]): tt.want, kindOf(&fx.Clusters[1]): false} {
			if got := refusesRequests(fx, known, sub, kind); got != want {
				t.Errorf("%d refusals, done %v: requests get %s: %v", tt.n, tt.done, kind, got)
			}
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
}

// TestAChallengeRefuses: a challenge of AWS WAF refuses, whatever its status.
func TestAChallengeRefuses(t *testing.T) {
	asks := replied(202, signature.Integration, "", "")
	asks.Exemplar = &behaviour.Exemplar{Header: []probe.Header{{Name: "x-amzn-waf-action", Value: "challenge"}}}
	if !refused(asks) || !wafAction(asks) {
		t.Error("a challenge of AWS WAF refuses")
	}
}

// Nobody was seen to be turned away where nobody asked.
func TestACertificateThatLacks(t *testing.T) {
	for n, want := range map[int]bool{0: false, 1: true} {
		in := &Input{Clusters: behaviours(replied(403, signature.Gateway, "", "ForbiddenException"))}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, URL: "https://api.example.com"}}
		in.Snapshot.Domains = []probe.Domain{{Name: "api.example.com", MutualTLS: true}}
		fx := given(in, [][]int{repeated(n, 0)})
		if got := mutualTLS(fx, nothingKnown(fx), fx.targets[0]); got != want {
			t.Errorf("after %d refusals a certificate is what lacks: %v", n, got)
		}
	}
}

// A stage's own answers in a row are counted with what their share may be.
func TestRefusalsAreCounted(t *testing.T) {
	fx := given(&Input{Clusters: behaviours(replied(403, signature.Gateway, "", "ForbiddenException"), served200())}, [][]int{{0, 0, 0}, {}})
	f := refusalFinding(fx, fx.targets[0], fx.targets[0].cells)
	if low, _ := stat.ConfSeq(3, 3, .01); f.Statistics.N != 3 || f.Statistics.Share.Low != low || !slices.Equal(f.rests, []int{0}) || !slices.Equal(f.Scenarios, []string{"sc0"}) {
		t.Errorf("%+v", f)
	}
}

// The logs show an authorizer deciding where it ran.
func TestAnAuthorizerThatRan(t *testing.T) {
	for ran, want := range map[*bool]bool{nil: false, yes(false): false, yes(true): true} {
		in := &Input{Clusters: behaviours(replied(403, signature.Gateway, "", "ForbiddenException"))}
		fx := given(in, [][]int{{0}})
		if authorizerRan(fx, fx.targets[0], fx.targets[0].cells) {
			t.Error("without logs no authorizer is seen to run")
		}
		in.Records = func(string) []probe.LogRecord { return []probe.LogRecord{{AuthorizerCalled: ran}} }
		if got := authorizerRan(fx, fx.targets[0], fx.targets[0].cells); got != want {
			t.Errorf("it ran: %v", got)
		}
	}
}
