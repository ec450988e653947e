package cause

import (
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// sameForAll answers every request alike.
func sameForAll(a answer) func(*request) answer { return func(*request) answer { return a } }

// confirming adds a scenario that asks once for a route that only the editor has.
func (w *world) confirming(route string) *world {
	method, path, _ := strings.Cut(route, " ")
	w.Plan.Scenarios = append(w.Plan.Scenarios, probe.Scenario{
		Name: "only in the editor", Method: method, Path: path, Route: route, Limit: 1, Confirms: "editor-only route " + route,
	})
	routes := map[string]probe.Route{route: {}}
	for k, v := range w.api().Editor.Routes {
		routes[k] = v
	}
	w.api().Editor = &probe.Definition{Source: "GetResources", Routes: routes}
	return w
}

// http makes the API an HTTP API.
func (w *world) http(stage string, auto bool) *world {
	api := w.api()
	api.Kind = probe.HTTP
	api.Stages = []probe.Stage{{Name: stage, DeploymentID: "dep1", Deployed: api.Stages[0].Deployed, AutoDeploy: auto}}
	w.Plan.Targets = w.Plan.Targets[:0]
	t := w.invoke(stage)
	t.APIKind = probe.HTTP
	return w
}

var notFound = answer{id: "Not Found", status: 404, producer: "gateway"}

// configTruths are worlds whose causes the configuration tells, with twins in
// which they are absent.
var configTruths = []truth{
	{
		name: "route in the editor only",
		build: func(w *world) *world {
			return w.confirming("GET /new").send(900, func(r *request) answer {
				if r.Scenario == 2 {
					return noToken
				}
				return ok("v2")
			})
		},
		logs: only(StaleDeployment, Proven), without: only(StaleDeployment, Proven),
	},
	{
		name: "route in the editor only, but served",
		build: func(w *world) *world {
			return w.confirming("GET /new").send(900, sameForAll(ok("v2")))
		},
		logs: only(StaleDeployment, ConsistentWith), without: only(StaleDeployment, ConsistentWith),
	},
	{
		name: "edits that another stage serves",
		build: func(w *world) *world {
			w.confirming("GET /new")
			w.Plan.Scenarios = w.Plan.Scenarios[:2]
			w.api().Stages[1].Deployed, w.api().Stages[1].DeploymentID = w.api().Editor, "dep2"
			w.invoke("dev").DeploymentID = "dep2"
			return w.send(1200, sameForAll(ok("v2")))
		},
		logs: none, without: none,
	},
	{
		name: "automatic deployment off, edits waiting",
		build: func(w *world) *world {
			return w.http("$default", false).confirming("GET /new").send(900, func(r *request) answer {
				if r.Scenario == 2 {
					return notFound
				}
				return ok("v2")
			})
		},
		logs: only(AutoDeployOff, Proven), without: only(AutoDeployOff, Proven),
	},
	{
		name:  "automatic deployment on",
		build: func(w *world) *world { return w.http("$default", true).send(600, sameForAll(ok("v2"))) },
		logs:  none, without: none,
	},
	{
		name: "automatic deployment failed",
		build: func(w *world) *world {
			w.http("$default", true)
			no := false
			w.api().Stages[0].LastDeploymentSucceeded = &no
			return w.send(600, sameForAll(ok("v2")))
		},
		logs: only(AutoDeployFailed, ConsistentWith), without: only(AutoDeployFailed, ConsistentWith),
	},
	{
		name: "stage prefix missing",
		build: func(w *world) *world {
			w.http("dev", true)
			w.Plan.Targets[0] = probe.Target{
				ID: "abc123/$default", URL: "https://abc123.execute-api.eu-west-1.amazonaws.com", Kind: probe.InvokeURL,
				APIID: "abc123", APIKind: probe.HTTP, Stage: probe.DefaultStage,
			}
			return w.send(100, sameForAll(notFound))
		},
		logs: only(UnmappedTarget, Proven), without: only(UnmappedTarget, Proven),
	},
	{
		name: "path left over after another API's mapping",
		build: func(w *world) *world {
			w.Snapshot.APIs = append(w.Snapshot.APIs, probe.API{ID: "web", Kind: probe.REST, Stages: []probe.Stage{{Name: "live"}}})
			d := w.domain("prod", "prod")
			d.ID, d.URL, d.APIID, d.Stage = "api.example.com/v1", "https://api.example.com/v1", "web", "live"
			w.Snapshot.Domains[0].Mappings = []probe.Mapping{{APIID: "web", Stage: "live"}}
			return w.send(1200, func(r *request) answer {
				if r.Target == 1 {
					return noToken
				}
				return ok("v2")
			})
		},
		logs: only(WrongStage, Proven), without: only(WrongStage, Proven),
	},
	{
		name: "domain on the wrong stage, stages alike",
		build: func(w *world) *world {
			w.invoke("dev")
			w.domain("dev", "prod")
			return w.send(2000, sameForAll(ok("v2")))
		},
		logs: only(WrongStage, Proven), without: only(WrongStage, ConsistentWith),
	},
	{
		name: "URL of another stage than the one meant",
		build: func(w *world) *world {
			w.Plan.Targets = w.Plan.Targets[:0]
			w.invoke("dev").Meant = &probe.StageRef{APIID: "abc123", Stage: "prod"}
			return w.send(600, sameForAll(ok("v2")))
		},
		logs: only(WrongStage, Proven), without: only(WrongStage, Proven),
	},
	{
		name: "answers name another stage",
		build: func(w *world) *world {
			w.Snapshot = probe.Snapshot{}
			w.Plan.Targets = w.Plan.Targets[:0]
			d := w.domain("", "prod")
			d.APIID = ""
			w.Snapshot.Domains = nil
			a := refuses(403, "ACCESS_DENIED", "AccessDeniedException")
			a.api, a.stage = "abc123", "dev"
			w.logs = false
			return w.send(300, sameForAll(a))
		},
		logs: only(WrongStage, Proven), without: only(WrongStage, Proven),
	},
	{
		name: "variables that decide",
		build: func(w *world) *world {
			w.variables("backend", "a", "b")
			w.invoke("dev")
			return w.send(1200, func(r *request) answer {
				if r.Target == 1 {
					return ok("b")
				}
				return ok("a")
			})
		},
		logs: only(StageConfigDrift, Proven), without: only(StageConfigDrift, Proven),
	},
	{
		name: "variables that are meant to differ",
		build: func(w *world) *world {
			w.variables("backend", "a", "b")
			w.Intended = []Intended{{Stages: []string{"prod", "dev"}, Setting: "variables.backend"}}
			w.invoke("dev")
			return w.send(1200, func(r *request) answer {
				if r.Target == 1 {
					return ok("b")
				}
				return ok("a")
			})
		},
		logs: none, without: none,
	},
	{
		name: "variables that nobody sees",
		build: func(w *world) *world {
			w.variables("owner", "a", "b")
			w.invoke("dev")
			return w.send(1200, sameForAll(ok("v2")))
		},
		logs: none, without: none,
	},
	{
		name: "stages with different deployments",
		build: func(w *world) *world {
			w.variables("backend", "a", "b")
			w.api().Stages[1].DeploymentID, w.api().Stages[1].Deployed = "dep2", nil
			w.invoke("dev").DeploymentID = "dep2"
			return w.send(1200, func(r *request) answer {
				if r.Target == 1 {
					return ok("v3")
				}
				return ok("v2")
			})
		},
		logs: none, without: none,
	},
	{
		name: "a cache that holds an old answer",
		build: func(w *world) *world {
			st := &w.api().Stages[0]
			st.CacheCluster, st.Methods = true, map[string]probe.MethodSettings{"*/*": {Caching: true, CacheTTL: 300}}
			w.invoke("dev")
			yes, no := true, false
			return w.send(1200, func(r *request) answer {
				if r.Target == 1 {
					r.IntegrationCalled = &yes
					return ok("v2")
				}
				r.IntegrationCalled = &no
				return ok("v1")
			})
		},
		logs: only(ResponseCache, Proven), without: only(ResponseCache, ConsistentWith),
	},
	{
		name: "a canary at 0 %",
		build: func(w *world) *world {
			return w.canary(0).send(600, sameForAll(ok("v2")))
		},
		logs: only(StaleCanary, Proven), without: only(StaleCanary, Proven),
	},
	{
		name: "a canary at 100 %",
		build: func(w *world) *world {
			return w.canary(100).send(600, sameForAll(ok("v1")))
		},
		logs: only(StaleCanary, Proven), without: only(StaleCanary, Proven),
	},
	{
		name: "mutual TLS",
		build: func(w *world) *world {
			w.domain("prod", "prod")
			w.Snapshot.Domains[0].MutualTLS = true
			return w.send(1200, func(r *request) answer {
				if r.Target == 1 {
					return answer{id: "tls", producer: "network", class: signature.Transport}
				}
				return ok("v2")
			})
		},
		logs: only(AccessDenied, Proven), without: only(AccessDenied, Proven),
	},
	{
		name: "a cached policy that decides for another route",
		build: func(w *world) *world {
			st := &w.api().Stages[0]
			st.Deployed = &probe.Definition{
				Routes: map[string]probe.Route{
					"GET /orders": {Authorization: "CUSTOM", Authorizer: "gate"}, "GET /items": {Authorization: "CUSTOM", Authorizer: "gate"},
				},
				Authorizers: map[string]probe.Authorizer{"gate": {Type: "TOKEN"}},
			}
			w.api().Editor = st.Deployed
			w.api().Stages[1].Deployed = st.Deployed
			deny := refuses(403, "ACCESS_DENIED", "AccessDeniedException")
			deny.producer = "authorizer"
			open := 0
			return w.send(1000, func(r *request) answer {
				if r.n%80 == 0 {
					open = r.Scenario
				}
				if r.Scenario != open {
					return deny
				}
				return ok("v2")
			})
		},
		logs: only(AuthorizerCache, ConsistentWith), without: only(AuthorizerCache, ConsistentWith),
	},
	{
		name: "a refusal that a scenario expects",
		build: func(w *world) *world {
			w.Expected = func(int, int) bool { return true }
			return w.send(600, sameForAll(refuses(401, "UNAUTHORIZED", "UnauthorizedException")))
		},
		logs: none, without: none,
	},
	{
		name: "nothing was read",
		build: func(w *world) *world {
			w.Snapshot = probe.Snapshot{}
			return w.send(600, sameForAll(ok("v2")))
		},
		logs: none, without: none,
	},
}

var noToken = refuses(403, "MISSING_AUTHENTICATION_TOKEN", "MissingAuthenticationTokenException")

// variables gives prod and dev a variable of different values, which every route
// calls.
func (w *world) variables(name, prod, dev string) {
	api := w.api()
	api.Stages[0].Variables, api.Stages[1].Variables = map[string]string{name: prod}, map[string]string{name: dev}
	for _, d := range []*probe.Definition{api.Editor, api.Stages[0].Deployed, api.Stages[1].Deployed} {
		for key := range d.Routes {
			d.Routes[key] = probe.Route{Integration: probe.Integration{Type: "HTTP_PROXY", URI: "https://${stageVariables." + name + "}.example.com"}}
		}
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	for _, tt := range configTruths {
		t.Run(tt.name+"/logs", func(t *testing.T) { want(t, explained(tt.build(newWorld(1)).Input), tt.logs) })
		t.Run(tt.name+"/without", func(t *testing.T) {
			w := newWorld(1)
			w.logs = false
			want(t, explained(tt.build(w).Input), tt.without)
		})
	}
}

// TestYoungCanary: a new canary that shows nothing is a release under way.
func TestYoungCanary(t *testing.T) {
	w := newWorld(1).canary(10)
	w.api().Deployments = append(w.api().Deployments, probe.Deployment{ID: "dep9", Created: began.Add(-time.Hour)})
	w.api().Stages[0].Canary.DeploymentID = "dep9"
	r := explained(w.send(800, sameForAll(ok("v2"))).Input)
	want(t, r, only(StaleCanary, Proven))
	if r.Findings[0].Severity != Info {
		t.Errorf("severity %s of a canary that is an hour old, want info", r.Findings[0].Severity)
	}
}

// TestRemedies: what can be mended by a command names the command.
func TestRemedies(t *testing.T) {
	for _, name := range []string{"route in the editor only", "variables that decide", "a canary at 0 %", "path left over after another API's mapping", "automatic deployment off, edits waiting"} {
		i := slices.IndexFunc(configTruths, func(t truth) bool { return t.name == name })
		r := explained(configTruths[i].build(newWorld(1)).Input)
		if !slices.ContainsFunc(r.Findings[0].Remedy, func(m Remedy) bool { return strings.HasPrefix(m.Command, "aws ") }) {
			t.Errorf("%s: no command among %+v", name, r.Findings[0].Remedy)
		}
	}
}

// What was not read is said to be unknown, with the right that is missing.
func TestUnreadIsNotSaidToBeEqual(t *testing.T) {
	const arn = "arn:aws:apigateway:eu-west-1::/apis/abc123/exports/OAS30"
	build := func(read bool) Result {
		w := newWorld(1).http("$default", false)
		w.api().Editor = w.api().Stages[0].Deployed
		if !read {
			w.api().Stages[0].Deployed = nil
			w.Snapshot.Gaps = []probe.Gap{{Operation: "ExportApi", GapOf: probe.GapOf{APIID: "abc123", Stage: "$default"}, Action: "apigateway:GET", Resource: arn}}
		}
		return explained(w.send(600, sameForAll(ok("v2"))).Input)
	}
	read, unread := build(true).Findings[0], build(false)
	if !strings.Contains(read.Statement, "nothing waits for a deployment") {
		t.Errorf("both sides read: %s", read.Statement)
	}
	if text := unread.Findings[0].Statement; strings.Contains(text, "nothing waits") || !strings.Contains(text, "not known: the definition that stage $default") || !strings.Contains(text, arn) {
		t.Errorf("the deployed side unread: %s", text)
	}
	empty := newWorld(1)
	empty.Plan.Targets, empty.Plan.Scenarios = nil, nil
	for _, step := range explained(empty.Input).Steps {
		if step.Status != stepUnknown {
			t.Errorf("no stage was read, yet step %d is %s: %s", step.N, step.Status, step.Note)
		}
	}
}

// A resource policy that refuses open routes is served, whatever an export says of
// it; one that refuses nobody may wait.
func TestPolicyThatRefusesIsServed(t *testing.T) {
	for name, tt := range map[string]struct {
		answer answer
		cause  ID
	}{
		"refused":  {refuses(403, "ACCESS_DENIED", "AccessDeniedException"), AccessDenied},
		"answered": {ok("v2"), StaleDeployment},
	} {
		w := newWorld(1)
		served := w.api().Stages[0].Deployed
		w.api().Editor = &probe.Definition{Source: "GetResources", Routes: served.Routes, Policy: `{"Statement":[]}`}
		r := explained(w.send(600, sameForAll(tt.answer)).Input)
		if len(r.Findings) != 1 || r.Findings[0].Cause != tt.cause {
			t.Errorf("%s: %v", name, found(r))
		}
	}
}
