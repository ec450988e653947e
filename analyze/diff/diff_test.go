package diff

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
)

func definition(source string, routes map[string]probe.Route) *probe.Definition {
	return &probe.Definition{Source: source, Routes: routes}
}

func proxy(uri string) probe.Route {
	return probe.Route{Authorization: "NONE", Integration: probe.Integration{Type: "HTTP_PROXY", Method: "GET", URI: uri, TimeoutMS: 29000}}
}

func TestWhatASourceDoesNotTellIsNotCompared(t *testing.T) {
	editor := definition("GetResources", map[string]probe.Route{"GET /a": proxy("https://new"), "GET /new": proxy("https://x")})
	summary := definition("apisummary", map[string]probe.Route{"GET /a": {Authorization: "AWS_IAM"}})
	summary.Unknown = []string{"integration", "policy"}
	editor.Policy = `{"Version":"2012-10-17"}`
	diffs, uncompared := Definitions(editor, summary)
	var got []string
	for _, d := range diffs {
		got = append(got, d.Subject+" "+d.Aspect)
	}
	if want := []string{"GET /a authorization", "GET /new added"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if want := []string{"integration: not told by the deployment's summary (GetDeployment)", "policy: not told by the deployment's summary (GetDeployment)"}; !slices.Equal(uncompared, want) {
		t.Errorf("uncompared %q, want %q", uncompared, want)
	}
	for _, pair := range [][2]*probe.Definition{{nil, editor}, {editor, nil}} {
		if diffs, uncompared := Definitions(pair[0], pair[1]); len(diffs) > 0 || len(uncompared) != 1 {
			t.Errorf("unread: %v, %q", diffs, uncompared)
		}
	}
}

func TestAnAspectMissingEverywhereIsUntold(t *testing.T) {
	routes := func(parameters map[string]bool, n int) *probe.Definition {
		d := definition("GetExport", map[string]probe.Route{})
		for _, key := range []string{"GET /a", "GET /b", "GET /c"} {
			r := proxy("https://x")
			if n > 0 {
				r.Parameters = parameters
			}
			n--
			d.Routes[key] = r
		}
		return d
	}
	asked := map[string]bool{"query.q": true}
	if diffs, uncompared := Definitions(routes(asked, 3), routes(nil, 0)); len(diffs) > 0 || !slices.Equal(uncompared, []string{"parameters: not told by GetExport"}) {
		t.Errorf("an export without any parameters: %v, %q", diffs, uncompared)
	}
	if diffs, uncompared := Definitions(routes(asked, 2), routes(nil, 0)); len(diffs) != 2 || len(uncompared) > 0 {
		t.Errorf("two edited routes: %v, %q", diffs, uncompared)
	}
}

func TestAnotherRouteMayAnswer(t *testing.T) {
	held := definition("GetExport", map[string]probe.Route{
		"ANY /{proxy+}": {}, "GET /a/{id}": {}, "ANY /a/{id}": {}, "GET /a/fixed": {}, "POST /b": {},
	})
	for key, want := range map[string]string{
		"GET /x":         "ANY /{proxy+}",
		"GET /a/1":       "GET /a/{id}",
		"POST /a/1":      "ANY /a/{id}",
		"PUT /a/fixed":   "", // the resource is chosen before the method
		"GET /a/{other}": "GET /a/{id}",
		"GET /a/1/2":     "ANY /{proxy+}",
		"GET /":          "",
	} {
		if got := held.RouteBeside(key); got != want {
			t.Errorf("%s is caught by %q, want %q", key, got, want)
		}
	}
	http := definition("ExportApi", map[string]probe.Route{"$default": {}, "GET /a": {}})
	if got := http.RouteBeside("POST /a"); got != probe.DefaultStage {
		t.Errorf("the default route takes what no other does, got %q", got)
	}
	if got := unmatched(definition("ExportApi", nil), "GET /a"); !strings.HasPrefix(got, "404") {
		t.Errorf("an HTTP API answers unmatched routes with %q", got)
	}
}

func TestResolve(t *testing.T) {
	vars := map[string]string{"host": "b.example.com", "v": "2", "empty": ""}
	for uri, want := range map[string]string{
		"https://${stageVariables.host}/v${stageVariables.v}": "https://b.example.com/v2",
		"https://${stageVariables.other}/":                    "https://${stageVariables.other}/",
		"https://x${stageVariables.empty}":                    "https://x",
		"$stageVariables.host":                                "$stageVariables.host",
	} {
		if got := Resolve(uri, vars); got != want {
			t.Errorf("%s becomes %s, want %s", uri, got, want)
		}
	}
}

func TestVariableReferences(t *testing.T) {
	for text, want := range map[string]bool{
		"https://${stageVariables.host}/":           true,
		"$stageVariables.get('host')":               true,
		`$stageVariables[\"host\"]`:                 true,
		"stageVariables.host":                       true,
		"${stageVariables.a}${stageVariables.host}": true,
		"$stageVariables.get('other')":              false,
		"${stageVariables.hostname}":                false,
		"${stageVariables.other} host":              false,
		"host":                                      false,
	} {
		if got := reference("host").MatchString(text); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// twoStages is an API whose stages are equal until edit changes dev.
func twoStages(edit func(dev *probe.Stage)) *probe.API {
	stage := func(name string) probe.Stage {
		d := definition("GetExport", map[string]probe.Route{
			"GET /plain": proxy("https://fixed"), "GET /via": proxy("https://${stageVariables.host}"),
			"GET /lambda": {Authorization: "CUSTOM", Authorizer: "gate", Integration: probe.Integration{Type: "AWS_PROXY"}},
		})
		ttl := 300
		d.Authorizers = map[string]probe.Authorizer{"gate": {Type: "TOKEN", URI: "arn:${stageVariables.gate}", TTL: &ttl}}
		return probe.Stage{Name: name, DeploymentID: "d1", Deployed: d, Variables: map[string]string{"host": "h", "gate": "g", "spare": "s"},
			Methods: map[string]probe.MethodSettings{"*/*": {LoggingLevel: "INFO", ThrottlingSet: true, ThrottlingRate: 10, ThrottlingBurst: 5}}}
	}
	api := &probe.API{ID: "abc123", Kind: probe.REST, Stages: []probe.Stage{stage("dev"), stage("prod")}}
	edit(&api.Stages[0])
	return api
}

func TestStageMatrixHoldsWhatDiffers(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*probe.Stage)
		want []Setting
	}{
		{"nothing", func(*probe.Stage) {}, nil},
		{"a variable that a URI uses", func(s *probe.Stage) { s.Variables["host"] = "other" },
			[]Setting{{"variables.host", map[string]string{"dev": "other", "prod": "h"}, []string{"GET /lambda", "GET /via"}, true}}},
		{"a variable that the authorizer uses", func(s *probe.Stage) { s.Variables["gate"] = "open" }, []Setting{
			{"variables.gate", map[string]string{"dev": "open", "prod": "g"}, []string{"GET /lambda"}, true},
			{"authorizers[gate].uri", map[string]string{"dev": "arn:open", "prod": "arn:g"}, []string{"GET /lambda"}, true}}},
		{"a variable that nothing uses", func(s *probe.Stage) { delete(s.Deployed.Routes, "GET /lambda"); s.Variables["spare"] = "" },
			[]Setting{{"variables.spare", map[string]string{"dev": "", "prod": "s"}, []string{"GET /lambda"}, true}}},
		{"logging", func(s *probe.Stage) { s.Methods = nil }, []Setting{
			{"methods[*/*].throttling_rate", map[string]string{"dev": "", "prod": "10"}, nil, true},
			{"methods[*/*].throttling_burst", map[string]string{"dev": "", "prod": "5"}, nil, true},
			{"methods[*/*].logging_level", map[string]string{"dev": "OFF", "prod": "INFO"}, nil, false}}},
		{"a method that repeats what holds for all", func(s *probe.Stage) { s.Methods["/via/GET"] = s.Methods["*/*"] }, nil},
		{"a method's limit of zero", func(s *probe.Stage) {
			s.Methods["/via/GET"] = probe.MethodSettings{LoggingLevel: "INFO", ThrottlingSet: true}
		}, []Setting{
			{"methods[/via/GET].throttling_rate", map[string]string{"dev": "0", "prod": "10"}, []string{"GET /via"}, true},
			{"methods[/via/GET].throttling_burst", map[string]string{"dev": "0", "prod": "5"}, []string{"GET /via"}, true}}},
		{"tracing and WAF", func(s *probe.Stage) { s.Tracing, s.WebACL = true, "arn:acl" }, []Setting{
			{"web_acl", map[string]string{"dev": "arn:acl", "prod": ""}, nil, true},
			{"tracing", map[string]string{"dev": "true", "prod": "false"}, nil, false}}},
		{"who may call a route", func(s *probe.Stage) {
			r := s.Deployed.Routes["GET /plain"]
			r.Authorization = "AWS_IAM"
			s.Deployed.Routes["GET /plain"] = r
		},
			[]Setting{{"routes[GET /plain].authorization", map[string]string{"dev": "AWS_IAM", "prod": "NONE"}, []string{"GET /plain"}, true}}},
		{"an unknown definition", func(s *probe.Stage) { s.Deployed = nil; s.Variables["spare"] = "x" },
			[]Setting{{"variables.spare", map[string]string{"dev": "x", "prod": "s"}, nil, true}}},
	} {
		if d := cmp.Diff(c.want, Stages(twoStages(c.edit))); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestCanaryDifference(t *testing.T) {
	base := func() *probe.Stage {
		return &probe.Stage{Name: "prod", DeploymentID: "d1", Variables: map[string]string{"host": "h"},
			Deployed: definition("GetExport", map[string]probe.Route{"GET /via": proxy("https://${stageVariables.host}")}),
			Canary:   &probe.Canary{Percent: 10, DeploymentID: "d2"}}
	}
	for _, c := range []struct {
		name           string
		edit           func(*probe.Stage)
		same           bool
		diffs, vars, u int
	}{
		{"no canary", func(s *probe.Stage) { s.Canary = nil }, true, 0, 0, 0},
		{"the stage's own deployment", func(s *probe.Stage) { s.Canary.DeploymentID = "d1" }, true, 0, 0, 0},
		{"own deployment, a variable that shows", func(s *probe.Stage) {
			s.Canary.DeploymentID, s.Canary.Variables = "d1", map[string]string{"host": "c"}
		}, false, 0, 1, 0},
		{"own deployment, a variable that nothing uses", func(s *probe.Stage) {
			s.Canary.DeploymentID, s.Canary.Variables = "d1", map[string]string{"spare": "c"}
		}, true, 0, 1, 0},
		{"own deployment, an override of the same value", func(s *probe.Stage) {
			s.Canary.DeploymentID, s.Canary.Variables = "d1", map[string]string{"host": "h"}
		}, true, 0, 0, 0},
		{"unread", func(*probe.Stage) {}, false, 0, 0, 1},
		{"equal in full", func(s *probe.Stage) { s.CanaryDeployed = s.Deployed }, true, 0, 0, 0},
		{"another route", func(s *probe.Stage) {
			s.CanaryDeployed = definition("GetExport", map[string]probe.Route{"GET /via": proxy("https://${stageVariables.host}"), "GET /new": proxy("https://x")})
		}, false, 1, 0, 0},
		{"another URI for the same address", func(s *probe.Stage) {
			s.CanaryDeployed = definition("GetExport", map[string]probe.Route{"GET /via": proxy("https://h")})
		}, true, 1, 0, 0},
		{"equal as far as told", func(s *probe.Stage) {
			s.CanaryDeployed = definition("apisummary", map[string]probe.Route{"GET /via": {Authorization: "NONE"}})
			s.CanaryDeployed.Unknown = []string{"integration"}
		}, false, 0, 0, 1},
	} {
		stage := base()
		c.edit(stage)
		diffs, vars, same, u := CanaryDifference(&probe.API{Kind: probe.REST}, stage)
		if same != c.same || len(diffs) != c.diffs || len(vars) != c.vars || len(u) != c.u {
			t.Errorf("%s: same %v, differences %v, variables %v, uncompared %q", c.name, same, diffs, vars, u)
		}
	}
}

func TestNeedsDeployment(t *testing.T) {
	for event, want := range map[string][2]bool{
		"PutIntegration": {true, true}, "PutMethod": {true, true}, "DeleteResource": {true, true}, "UpdateGatewayResponse": {true, true},
		"UpdateAuthorizer": {true, true}, "PutRestApi": {true, true}, "UpdateModel": {true, true}, "CreateRoute": {true, true}, "UpdateIntegration2": {true, true},
		"UpdateStage": {false, true}, "CreateDeployment": {false, true}, "UpdateBasePathMapping": {false, true}, "CreateUsagePlanKey": {false, true},
		"UpdateDomainName": {false, true}, "UpdateAccount": {false, true}, "PutRoutingRule": {false, true}, "DeleteApiMapping": {false, true},
		"GetRestApis": {false, false}, "": {false, false}, "Put": {false, false}, "CreateFrobnicator": {false, false},
	} {
		if needs, known := NeedsDeployment(event); needs != want[0] || known != want[1] {
			t.Errorf("%s: needs %v, known %v", event, needs, known)
		}
	}
}

// Every difference of a route says what a probe sees before the deployment and after it.
func TestWhatAProbeSeesOfARoute(t *testing.T) {
	const hidden = "answers do not show it"
	for name, tt := range map[string]struct {
		a, b            probe.Route
		aspect          string
		before, after   string
		cosmetic, alike bool
	}{
		"a timeout": {a: probe.Route{Integration: probe.Integration{TimeoutMS: 3000}}, b: probe.Route{Integration: probe.Integration{TimeoutMS: 29000}},
			aspect: "integration.timeout_ms", before: "504 when the backend takes longer than 29000 ms", after: "504 when the backend takes longer than 3000 ms"},
		"a parameter that becomes required": {a: probe.Route{Parameters: map[string]bool{"query.q": true}}, b: probe.Route{Parameters: map[string]bool{"query.q": false}},
			aspect: "parameters.query.q", before: "query.q is not asked for", after: "where parameters are validated, 400 without query.q"},
		"a parameter that is gone": {b: probe.Route{Parameters: map[string]bool{"query.q": true}},
			aspect: "parameters.query.q", before: "where parameters are validated, 400 without query.q", after: "query.q is not asked for"},
		"an optional parameter that is gone": {b: probe.Route{Parameters: map[string]bool{"query.q": false}},
			aspect: "parameters.query.q", before: "query.q is not asked for", after: "query.q is not asked for"},
		"a response of an empty value": {a: probe.Route{Responses: map[string]string{"200": ""}},
			aspect: "responses.200", before: "500 where the integration maps to status 200 (not for proxy integrations)", after: "status 200 is declared"},
		"a response that a proxy does not ask for": {
			a:      probe.Route{Responses: map[string]string{"200": ""}, Integration: probe.Integration{Type: "AWS_PROXY"}},
			b:      probe.Route{Integration: probe.Integration{Type: "AWS_PROXY"}},
			aspect: "responses.200", before: hidden, after: hidden, cosmetic: true},
		"a model that a proxy asks for": {
			a:      probe.Route{RequestModels: map[string]string{"application/json": "Order"}, Integration: probe.Integration{Type: "AWS_PROXY"}},
			b:      probe.Route{Integration: probe.Integration{Type: "AWS_PROXY"}},
			aspect: "request_models.application/json", before: "application/json bodies are not validated", after: "application/json bodies are validated against model Order"},
		"an operation's name": {a: probe.Route{OperationName: "list"}, aspect: "operation_name", before: hidden, after: hidden, cosmetic: true},
		"the same": {a: probe.Route{Responses: map[string]string{"200": ""}, Parameters: map[string]bool{"q": true}},
			b: probe.Route{Responses: map[string]string{"200": ""}, Parameters: map[string]bool{"q": true}}, alike: true},
	} {
		diffs, uncompared := Definitions(definition("GetExport", map[string]probe.Route{"GET /a": tt.a}), definition("GetExport", map[string]probe.Route{"GET /a": tt.b}))
		if len(uncompared) > 0 || (len(diffs) == 0) != tt.alike || len(diffs) > 1 {
			t.Errorf("%s: %+v, %q", name, diffs, uncompared)
			continue
		}
		for _, d := range diffs {
			if d.Aspect != tt.aspect || d.Before != tt.before || d.After != tt.after || d.Cosmetic != tt.cosmetic {
				t.Errorf("%s: %+v", name, d)
			}
		}
	}
}

// What one source tells of every route and the other of none was left out of it.
func TestWhatASourceLeavesOutOfEveryRoute(t *testing.T) {
	for aspect, r := range map[string]probe.Route{
		"validator": {Validator: "body"}, "operation_name": {OperationName: "list"}, "responses": {Responses: map[string]string{"200": "Empty"}},
		"integration": {Integration: probe.Integration{Type: "MOCK"}},
	} {
		full, bare := map[string]probe.Route{}, map[string]probe.Route{}
		for _, key := range []string{"GET /a", "GET /b", "GET /c"} {
			full[key], bare[key] = r, probe.Route{}
		}
		for _, pair := range [][2]map[string]probe.Route{{full, bare}, {bare, full}} {
			diffs, uncompared := Definitions(definition("export", pair[0]), definition("export", pair[1]))
			if len(diffs) > 0 || !slices.Equal(uncompared, []string{strings.ReplaceAll(aspect, "_", " ") + ": not told by export"}) {
				t.Errorf("%s: %+v, %q", aspect, diffs, uncompared)
			}
		}
	}
}

// A member that the SDK does not know is compared between sources of one kind, and where
// both hold it.
func TestMembersThatTheSDKDoesNotKnow(t *testing.T) {
	with := func(source, value string) *probe.Definition {
		r := proxy("https://x")
		if value != "" {
			r.Integration.Other = map[string]string{"newMember": value}
		}
		return definition(source, map[string]probe.Route{"GET /a": r})
	}
	for _, tt := range []struct {
		a, b              *probe.Definition
		diffs, uncompared int
	}{
		{with("GetExport", "1"), with("GetExport", ""), 1, 0},
		{with("GetExport", "1"), with("GetExport", "1"), 0, 0},
		{with("GetResources", "1"), with("GetExport", "2"), 1, 0},
		{with("GetResources", "1"), with("GetExport", ""), 0, 1},
		{with("GetResources", ""), with("GetExport", "1"), 0, 0},
		{with("GetExport", ""), with("GetResources", "1"), 0, 1},
	} {
		if diffs, uncompared := Definitions(tt.a, tt.b); len(diffs) != tt.diffs || len(uncompared) != tt.uncompared {
			t.Errorf("%+v, %q", diffs, uncompared)
		}
	}
}

// The deployment that could not be read is named, and a canary of a stage without
// variables is compared with its own.
func TestCanaryOfWhatIsThere(t *testing.T) {
	api := &probe.API{Kind: probe.REST}
	d := definition("GetExport", map[string]probe.Route{"GET /via": proxy("https://${stageVariables.host}")})
	stage := &probe.Stage{Name: "prod", DeploymentID: "d1", Canary: &probe.Canary{Percent: 10, DeploymentID: "d2", Variables: map[string]string{"host": "c"}}}
	for want, read := range map[string][2]*probe.Definition{"d2": {d, nil}, "d1": {nil, d}} {
		stage.Deployed, stage.CanaryDeployed = read[0], read[1]
		if _, _, same, u := CanaryDifference(api, stage); same || !slices.Equal(u, []string{"every aspect: deployment " + want + " could not be read"}) {
			t.Errorf("%s: %q", want, u)
		}
	}
	stage.Deployed, stage.CanaryDeployed = definition("GetExport", map[string]probe.Route{"GET /via": proxy("https://c")}), d
	diffs, vars, same, u := CanaryDifference(api, stage)
	if len(diffs) != 1 || !diffs[0].Cosmetic || len(vars) != 1 || same || len(u) > 0 {
		t.Errorf("%+v, %+v, %v, %q", diffs, vars, same, u)
	}
}

// How a canary lies to its stage: by its traffic, by the deployments' ages, by its variables.
func TestCanaryStanding(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		percent float64
		canary  string
		age     time.Duration // of the canary's deployment beside the stage's own
		vars    map[string]string
		want    Standing
		why     string
	}{
		{0, "d1", 0, nil, Inert, "as a promotion leaves it"},
		{0, "d2", time.Hour, nil, Inert, "no traffic (0 %)"},
		{10, "d1", 0, nil, Inert, "no variable of another value"},
		{10, "d1", 0, map[string]string{"host": "c"}, Variables, "other stage variables"},
		{99, "d2", 48 * time.Hour, nil, Stale, "2 days older"},
		{100, "d2", 48 * time.Hour, nil, AllTraffic, "(100 %)"},
		{10, "d2", 48*time.Hour - 1, nil, Stale, "47 hours older"},
		{10, "d2", 2 * time.Hour, nil, Stale, "2 hours older"},
		{10, "d2", 2*time.Hour - 1, nil, Stale, "119 minutes older"},
		{10, "d2", 2 * time.Minute, nil, Stale, "2 minutes older"},
		{10, "d2", 2*time.Minute - 1, nil, Stale, "119 seconds older"},
		{10, "d2", -time.Hour, nil, Rollout, "60 minutes newer"},
		{10, "gone", 0, nil, Unknown, "could not be read"},
	} {
		api := &probe.API{Kind: probe.REST, Deployments: []probe.Deployment{{ID: "d1", Created: day}, {ID: "d2", Created: day.Add(-tt.age)}}}
		d := definition("GetExport", map[string]probe.Route{"GET /via": proxy("https://${stageVariables.host}")})
		stage := &probe.Stage{Name: "prod", DeploymentID: "d1", Deployed: d, Variables: map[string]string{"host": "h"},
			Canary: &probe.Canary{Percent: tt.percent, DeploymentID: tt.canary, Variables: tt.vars}}
		if got, why := CanaryStanding(api, stage); got != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%g %% of %s, %s: %s, %s", tt.percent, tt.canary, tt.age, got, why)
		}
	}
}

// Of two long values what differs is shown, and short ones are shown whole.
func TestContrast(t *testing.T) {
	long := strings.Repeat("x", most)
	for name, tt := range map[string]struct{ a, b, wantA, wantB string }{
		"short":                 {"aaa", "aab", "aaa", "aab"},
		"as long as a line":     {long[1:] + "a", long[1:] + "b", long[1:] + "a", long[1:] + "b"},
		"one longer":            {long + "a", "x", long + "a", "x"},
		"differ at the end":     {long + "a", long + "b", "…" + long[:40] + "a", "…" + long[:40] + "b"},
		"one a longer form":     {long + "a", long, "…" + long[:40] + "a", "…" + long[:40]},
		"differ near the start": {long[:40] + "a" + long, long[:40] + "b" + long, long[:40] + "a" + long, long[:40] + "b" + long},
	} {
		if a, b := contrast(tt.a, tt.b); a != tt.wantA || b != tt.wantB {
			t.Errorf("%s: %q, %q", name, a, b)
		}
	}
}

func TestStageMatrixOfLogsAndCaches(t *testing.T) {
	got := Stages(twoStages(func(s *probe.Stage) {
		s.AccessLog.Destination = "arn:aws:logs:eu-west-1:123456789012:log-group:x"
		none := 0
		s.Deployed.Authorizers["gate"] = probe.Authorizer{Type: "TOKEN", URI: "arn:${stageVariables.gate}", TTL: &none}
	}))
	want := []Setting{
		{"access_log", map[string]string{"dev": "on", "prod": "off"}, nil, false},
		{"authorizers[gate].ttl", map[string]string{"dev": "0", "prod": "300"}, []string{"GET /lambda"}, true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	got = Stages(twoStages(func(s *probe.Stage) {
		s.Deployed.Authorizers["gate"] = probe.Authorizer{Type: "TOKEN", URI: "arn:${stageVariables.gate}"}
	}))
	if d := cmp.Diff([]Setting{{"authorizers[gate].ttl", map[string]string{"dev": "", "prod": "300"}, []string{"GET /lambda"}, true}}, got); d != "" {
		t.Errorf("a TTL that is not told: %s", d)
	}
}
