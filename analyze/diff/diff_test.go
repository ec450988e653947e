package diff

import (
	"slices"
	"strings"
	"testing"

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
	if want := []string{"integration: not told by apisummary", "policy: not told by apisummary"}; !slices.Equal(uncompared, want) {
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
