package cause

import (
	"fmt"
	"testing"
	"time"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// with is a definition of the routes of all worlds, and of some more.
func with(more map[string]probe.Route) *probe.Definition {
	d := &probe.Definition{Source: "GetResources", Routes: map[string]probe.Route{"GET /orders": {}, "GET /items": {}}}
	for k, r := range more {
		d.Routes[k] = r
	}
	return d
}

// deploys gives all stages, and the editor, one definition.
func (w *world) deploys(d *probe.Definition) *world {
	w.api().Editor = d
	for i := range w.api().Stages {
		w.api().Stages[i].Deployed = d
	}
	return w
}

// atDomain makes a domain with mappings the only target, at a path that leads to nothing
// where it says so.
func (w *world) atDomain(path, unmapped string, mappings ...probe.Mapping) *probe.Target {
	w.Plan.Targets = w.Plan.Targets[:0]
	d := w.domain("prod", "prod")
	d.URL += path
	d.BasePath, d.Unmapped = path[min(1, len(path)):], unmapped
	w.Snapshot.Domains[0].Mappings = mappings
	if unmapped != "" {
		d.APIID, d.Stage, d.DeploymentID = "", "", ""
	}
	return d
}

var bareForbidden = refuses(403, "", "ForbiddenException")

// rareTruths are worlds that are seldom met: what is said of each differs from what is said
// of its neighbours.
var rareTruths = []truth{
	{
		name: "edits wait for two stages of one deployment",
		build: func(w *world) *world {
			w.api().Editor = with(map[string]probe.Route{"GET /new": {}})
			w.Snapshot.Edits = []probe.Edit{{APIID: "abc123", Event: "CreateResource", At: began.Add(-time.Hour), Who: "ann"}, {APIID: "other", Event: "CreateResource", At: began}}
			w.invoke("dev")
			return w.send(900, sameForAll(ok("v2")))
		},
		logs: only(StaleDeployment, ConsistentWith), without: only(StaleDeployment, ConsistentWith),
	},
	{
		name: "edits came after the canary's deployment",
		build: func(w *world) *world {
			w.canary(10)
			w.api().Deployments = append(w.api().Deployments, probe.Deployment{ID: "dep9", Created: began.Add(-2 * time.Hour)})
			w.api().Stages[0].Canary.DeploymentID = "dep9"
			w.api().Editor = with(map[string]probe.Route{"GET /new": {}})
			w.Snapshot.Edits = []probe.Edit{{APIID: "abc123", Event: "PutMethod", At: began.Add(-time.Hour)}}
			return w.send(900, sameForAll(ok("v2")))
		},
		logs:    map[ID]Link{StaleDeployment: ConsistentWith, StaleCanary: Proven},
		without: map[ID]Link{StaleDeployment: ConsistentWith, StaleCanary: ConsistentWith},
	},
	{
		name: "a domain at a base path that nobody mapped",
		build: func(w *world) *world {
			w.atDomain("/v2", "no mapping of api.example.com matches the base path", probe.Mapping{APIID: "abc123", Stage: "dev", BasePath: "beta"}, probe.Mapping{APIID: "abc123", Stage: "prod", BasePath: "v1"})
			return w.send(90, sameForAll(bareForbidden))
		},
		logs: only(UnmappedTarget, Proven), without: only(UnmappedTarget, Proven),
	},
	{
		name: "the same without anybody's intent",
		build: func(w *world) *world {
			w.atDomain("/v2", "no mapping of api.example.com matches the base path", probe.Mapping{APIID: "abc123", Stage: "dev", BasePath: "beta"}, probe.Mapping{APIID: "abc123", Stage: "prod", BasePath: "v1"}).Meant = nil
			return w.send(90, sameForAll(bareForbidden))
		},
		logs: only(UnmappedTarget, Proven), without: only(UnmappedTarget, Proven),
	},
	{
		name: "an address of which nothing is known but Forbidden",
		build: func(w *world) *world {
			w.Snapshot = probe.Snapshot{}
			t := &w.Plan.Targets[0]
			t.DeploymentID = ""
			return w.send(90, sameForAll(bareForbidden))
		},
		logs: only(UnmappedTarget, ConsistentWith), without: only(UnmappedTarget, ConsistentWith),
	},
	{
		name: "the same, asked with a key",
		build: func(w *world) *world {
			w.Snapshot = probe.Snapshot{}
			w.Plan.Targets[0].DeploymentID = ""
			w.Plan.Scenarios[1].Header = []probe.Header{header("X-API-Key", "k")}
			return w.send(90, sameForAll(bareForbidden))
		},
		logs: only(AccessDenied, ConsistentWith), without: only(AccessDenied, ConsistentWith),
	},
	{
		name: "no stage of that name, which begins a route",
		build: func(w *world) *world {
			w.deploys(with(map[string]probe.Route{"GET /shop/orders": {}, "GET /shop/items": {}}))
			t := w.invoke("shop")
			w.Plan.Targets = []probe.Target{*t}
			return w.send(90, sameForAll(bareForbidden))
		},
		logs: only(UnmappedTarget, Proven), without: only(UnmappedTarget, Proven),
	},
	{
		name: "no stage of that name, nearly that of another",
		build: func(w *world) *world {
			t := w.invoke("prud")
			w.Plan.Targets = []probe.Target{*t}
			return w.send(90, sameForAll(bareForbidden))
		},
		logs: only(UnmappedTarget, Proven), without: only(UnmappedTarget, Proven),
	},
	{
		name: "a domain is led by a rule to another stage",
		build: func(w *world) *world {
			w.domain("dev", "prod")
			d := &w.Snapshot.Domains[0]
			d.RoutingMode = "ROUTING_RULE_ONLY"
			d.Mappings, d.Rules = nil, []probe.RoutingRule{{ID: "r1", Priority: 7, APIID: "abc123", Stage: "dev"}}
			w.invoke("dev")
			return w.send(900, func(r *request) answer {
				if r.Target == 0 {
					return ok("v2")
				}
				return ok("v3")
			})
		},
		logs: only(WrongStage, Proven), without: only(WrongStage, Proven),
	},
	{
		name: "the wrong stage by configuration, and nothing answered",
		build: func(w *world) *world {
			w.Plan.Targets = w.Plan.Targets[:0]
			w.domain("dev", "prod")
			return w.send(40, sameForAll(answer{id: "reset", class: signature.Transport}))
		},
		logs: only(WrongStage, ConsistentWith), without: only(WrongStage, ConsistentWith),
	},
	{
		name: "three behaviours by chance",
		build: func(w *world) *world {
			return w.canary(10).send(1500, func(r *request) answer {
				switch {
				case r.canary:
					return ok("v1")
				case r.chance(.04):
					return ok("v0")
				}
				return ok("v2")
			})
		},
		logs:    map[ID]Link{CanarySplit: Proven, BackendSplit: ConsistentWith},
		without: map[ID]Link{CanarySplit: ConsistentWith, UnexplainedSplit: ConsistentWith},
	},
	{
		name: "functions fail behind one route",
		build: func(w *world) *world {
			w.deploys(with(map[string]probe.Route{
				"GET /orders": {Integration: probe.Integration{Type: "AWS_PROXY", URI: "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:shop/invocations"}},
				"GET /items":  {Integration: probe.Integration{Type: "HTTP_PROXY", URI: "https://items.example"}},
			}))
			return w.send(900, func(r *request) answer {
				if r.Scenario == 0 && r.chance(.1) {
					return fails(502)
				}
				return ok("v2")
			})
		},
		logs: only(FlakyBackend, ConsistentWith), without: only(FlakyBackend, ConsistentWith),
	},
	{
		name: "an endpoint fails behind the other",
		build: func(w *world) *world {
			w.deploys(with(map[string]probe.Route{"GET /items": {Integration: probe.Integration{Type: "HTTP_PROXY", URI: "https://items.example"}}}))
			return w.send(900, func(r *request) answer {
				if r.Scenario == 1 && r.chance(.1) {
					return fails(502)
				}
				return ok("v2")
			}).recorded(func(r *Row) probe.LogRecord {
				status := 502
				return probe.LogRecord{RequestID: r.RequestID, Source: "access", IntegrationStatus: &status}
			})
		},
		logs: only(FlakyBackend, Proven), without: only(FlakyBackend, ConsistentWith),
	},
	{
		name: "an outage whose reason the log gives",
		build: func(w *world) *world {
			return w.send(900, func(r *request) answer {
				if r.n >= 300 && r.n < 360 {
					return answer{id: "500", status: 502, producer: "gateway", response: "DEFAULT_5XX", errType: "InternalServerErrorException"}
				}
				return ok("v2")
			}).recorded(func(r *Row) probe.LogRecord {
				rec := probe.LogRecord{RequestID: r.RequestID, Source: "execution", Complete: true}
				if r.Seq >= 300 && r.Seq < 360 {
					rec.Error = "Execution failed due to configuration error: Malformed Lambda proxy response"
				}
				return rec
			})
		},
		logs: only(IntegrationError, Proven), without: only(IntegrationError, ConsistentWith),
	},
	{
		name: "a web ACL begins to refuse",
		build: func(w *world) *world {
			w.api().Stages[0].WebACL = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/1"
			return w.send(600, func(r *request) answer {
				if r.n >= 150 {
					return bareForbidden
				}
				return ok("v2")
			})
		},
		logs: only(AccessDenied, ConsistentWith), without: only(AccessDenied, ConsistentWith),
	},
	{
		name: "a deployment takes over, as the logs name it",
		build: func(w *world) *world {
			w.api().Deployments = append([]probe.Deployment{{ID: "dep2", Created: began.Add(1500 * time.Millisecond)}}, w.api().Deployments...)
			w.Plan.Targets[0].DeploymentID = "dep2"
			w.api().Stages[0].DeploymentID, w.api().Stages[0].Updated = "dep2", began.Add(1500*time.Millisecond)
			return w.send(600, func(r *request) answer {
				r.Deployment = "dep2"
				if r.n < 100 {
					r.Deployment = "dep1"
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(DeployPropagating, Proven), without: only(DeployPropagating, Proven),
	},
	{
		name: "a usage plan that the log names",
		build: func(w *world) *world {
			w.Plan.Scenarios[0].Auth, w.Plan.Scenarios[1].Auth = probe.AuthAPIKey, probe.AuthAPIKey
			return w.send(600, func(r *request) answer {
				if r.n%5 == 4 {
					a := refuses(429, "THROTTLED", "TooManyRequestsException")
					a.class = signature.Throttled
					return a
				}
				return ok("v2")
			}).recorded(func(r *Row) probe.LogRecord {
				rec := probe.LogRecord{RequestID: r.RequestID, Source: "execution", Complete: true}
				if r.Seq%5 == 4 {
					rec.Error = "API Key abc exceeded its rate"
				}
				return rec
			})
		},
		logs: only(Throttled, Proven), without: only(Throttled, Proven),
	},
	{
		name: "authorizers differ about routes that were not asked",
		build: func(w *world) *world {
			d := with(map[string]probe.Route{"GET /admin": {Authorization: "CUSTOM", Authorizer: "gate"}})
			d.Authorizers = map[string]probe.Authorizer{"gate": {Type: "TOKEN", URI: "arn:aws:lambda:eu-west-1:123456789012:function:${stageVariables.gate}"}}
			w.deploys(d)
			w.api().Stages[0].Variables, w.api().Stages[1].Variables = map[string]string{"gate": "strict"}, map[string]string{"gate": "lax"}
			w.invoke("dev")
			return w.send(900, sameForAll(ok("v2")))
		},
		logs: only(StageConfigDrift, ConsistentWith), without: only(StageConfigDrift, ConsistentWith),
	},
	{
		name: "variables that decide, of a stage that callers use",
		build: func(w *world) *world {
			w.variables("backend", "a", "b")
			w.api().Stages[0].Name = "blue"
			w.Plan.Targets = w.Plan.Targets[:0]
			w.invoke("dev")
			w.invoke("blue")
			w.Snapshot.Domains = []probe.Domain{{Name: "api.example.com", Mappings: []probe.Mapping{{APIID: "abc123", Stage: "dev"}}}}
			return w.send(900, func(r *request) answer {
				if r.Target == 1 {
					return ok("b")
				}
				return ok("a")
			})
		},
		logs: only(StageConfigDrift, Proven), without: only(StageConfigDrift, Proven),
	},
	{
		name: "a canary that takes no traffic, yet some is labelled",
		build: func(w *world) *world {
			w.canary(0)
			return w.send(900, func(r *request) answer {
				if r.n%10 == 3 {
					return ok("v1")
				}
				return ok("v2")
			}).labelled(func(r *Row) bool { return r.Seq%10 == 3 })
		},
		// No part of the error rate is kept for a canary that draws nothing: what goes with it stays a question.
		logs: none, without: map[ID]Link{UnexplainedSplit: ConsistentWith, StaleCanary: Proven},
	},
	{
		name: "one machine of three sees another stage",
		build: func(w *world) *world {
			w.machines = 3
			w.Vantages = []probe.Vantage{{Name: "a"}, {Name: "b"}, {Name: "c"}}
			return w.send(900, func(r *request) answer {
				if r.Machine == 2 {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(EndpointSplit, Statistical), without: only(EndpointSplit, Statistical),
	},
	{
		name: "new connections are answered otherwise",
		build: func(w *world) *world {
			return w.send(900, func(r *request) answer {
				r.ConnN = 1 + r.n%3
				r.Fresh = r.ConnN == 1
				if r.Fresh {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(EndpointSplit, Statistical), without: only(EndpointSplit, Statistical),
	},
	{
		name: "a domain shares its requests between two stages, as the logs show",
		build: func(w *world) *world {
			w.domain("prod", "prod")
			w.invoke("dev")
			return w.send(900, func(r *request) answer {
				if r.Target == 2 || r.Target == 1 && r.chance(.3) {
					r.elsewhere = "dev"
					return ok("v3")
				}
				return ok("v2")
			})
		},
		logs: only(WrongStage, Proven), without: only(WrongStage, Statistical),
	},
	{
		name: "an identical canary after few requests",
		build: func(w *world) *world {
			return w.canary(5).send(60, sameForAll(ok("v2")))
		},
		logs: none, without: none,
	},
	{
		name: "a canary of which one answer differs",
		build: func(w *world) *world {
			seen := 0
			return w.canary(10).send(400, func(r *request) answer {
				if r.canary {
					if seen++; seen == 5 {
						return ok("v1")
					}
				}
				return ok("v2")
			})
		},
		logs: none, without: nil,
	},
	{
		name: "an authorizer's kept result refuses one route always and one at times",
		build: func(w *world) *world {
			guarded := probe.Route{Authorization: "CUSTOM", Authorizer: "gate"}
			d := with(map[string]probe.Route{"GET /orders": guarded, "GET /items": guarded})
			d.Authorizers = map[string]probe.Authorizer{"gate": {Type: "TOKEN"}}
			w.deploys(d)
			deny := refuses(403, "ACCESS_DENIED", "AccessDeniedException")
			deny.producer = "authorizer"
			return w.send(900, func(r *request) answer {
				if r.Scenario == 1 || r.n/60%3 == 1 {
					return deny
				}
				return ok("v2")
			})
		},
		logs: only(AuthorizerCache, ConsistentWith), without: only(AuthorizerCache, ConsistentWith),
	},
	{
		name: "an edit asks for a key, and none is needed yet",
		build: func(w *world) *world {
			w.api().Editor = with(map[string]probe.Route{"GET /orders": route("", true)})
			return w.send(300, sameForAll(ok("v2")))
		},
		logs: only(StaleDeployment, Proven), without: only(StaleDeployment, Proven),
	},
	{
		name: "an edit asks for a signature, and none is needed yet",
		build: func(w *world) *world {
			w.api().Editor = with(map[string]probe.Route{"GET /orders": route("AWS_IAM", false)})
			return w.send(300, sameForAll(ok("v2")))
		},
		logs: only(StaleDeployment, Proven), without: only(StaleDeployment, Proven),
	},
	{
		name: "an edit lets everybody in, and they are refused yet",
		build: func(w *world) *world {
			w.deploys(with(map[string]probe.Route{"GET /orders": route("AWS_IAM", false)}))
			w.api().Editor = with(nil)
			return w.send(300, func(r *request) answer {
				if r.Scenario == 0 {
					return noToken
				}
				return ok("v2")
			})
		},
		logs: only(StaleDeployment, Proven), without: only(StaleDeployment, Proven),
	},
	{
		name: "an edit needs no key, and it is asked for yet",
		build: func(w *world) *world {
			w.deploys(with(map[string]probe.Route{"GET /orders": route("", true)}))
			w.api().Editor = with(nil)
			return w.send(300, func(r *request) answer {
				if r.Scenario == 0 {
					return bareForbidden
				}
				return ok("v2")
			})
		},
		logs: only(StaleDeployment, Proven), without: only(StaleDeployment, Proven),
	},
	{
		name: "an edit removes a route that is served yet",
		build: func(w *world) *world {
			w.api().Editor = with(nil)
			delete(w.api().Editor.Routes, "GET /items")
			return w.send(300, sameForAll(ok("v2")))
		},
		logs: only(StaleDeployment, Proven), without: only(StaleDeployment, Proven),
	},
	{
		name: "an edit names another integration, and the log the old one",
		build: func(w *world) *world {
			calls := func(uri string) *probe.Definition {
				return with(map[string]probe.Route{"GET /orders": {Integration: probe.Integration{Type: "HTTP_PROXY", URI: uri}}})
			}
			w.deploys(calls("https://old.example/${stageVariables.v}"))
			w.api().Stages[0].Variables = map[string]string{"v": "1"}
			w.api().Editor = calls("https://new.example")
			return w.send(300, sameForAll(ok("v2"))).recorded(func(r *Row) probe.LogRecord {
				return probe.LogRecord{RequestID: r.RequestID, Source: "execution", IntegrationURI: "https://old.example/1"}
			})
		},
		logs: only(StaleDeployment, Proven), without: only(StaleDeployment, ConsistentWith),
	},
	{
		name: "an edit of an integration, and the log names the deployment",
		build: func(w *world) *world {
			w.deploys(with(map[string]probe.Route{"GET /orders": {Integration: probe.Integration{Type: "HTTP_PROXY", URI: "https://old.example"}}}))
			w.api().Editor = with(map[string]probe.Route{"GET /orders": {Integration: probe.Integration{Type: "HTTP_PROXY", URI: "https://new.example"}}})
			return w.send(300, func(r *request) answer { r.Deployment = "dep1"; return ok("v2") })
		},
		logs: only(StaleDeployment, Proven), without: only(StaleDeployment, ConsistentWith),
	},
	{
		name: "a cache key without the query, beside a stage without a cache",
		build: func(w *world) *world {
			w.query(true)
			w.invoke("dev")
			return w.send(600, func(r *request) answer {
				if r.Target == 1 {
					return says(200, fmt.Sprintf(`{"page":%d}`, r.Scenario+1))
				}
				return says(200, `{"page":1}`)
			})
		},
		logs: nil, without: nil,
	},
	{
		name: "two conditions of a canary that overrides a variable",
		build: func(w *world) *world {
			w.variables("backend", "a", "a")
			w.canary(20)
			c := w.api().Stages[0].Canary
			c.DeploymentID, c.Variables = "dep1", map[string]string{"backend": "b", "region": "x"}
			return w.send(900, func(r *request) answer {
				if r.canary {
					return ok("b")
				}
				return ok("a")
			})
		},
		logs: only(CanarySplit, Proven), without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "a stage that was not read, with a canary in its logs",
		build: func(w *world) *world {
			w.Snapshot.APIs = nil
			return w.send(900, func(r *request) answer {
				if r.n*7%10 == 3 {
					return ok("v1")
				}
				return ok("v2")
			}).labelled(func(r *Row) bool { return r.Seq*7%10 == 3 })
		},
		logs: only(CanarySplit, Proven), without: nil,
	},
	{
		name: "an answer fails throughout, and the integration's own",
		build: func(w *world) *world {
			return w.send(120, func(r *request) answer {
				if r.Scenario == 0 {
					return fails(503)
				}
				return answer{id: "504", status: 504, producer: "gateway", response: "INTEGRATION_TIMEOUT", errType: "InternalServerErrorException"}
			})
		},
		logs: only(IntegrationError, ConsistentWith), without: only(IntegrationError, ConsistentWith),
	},
	{
		name: "a canary that draws three times its share",
		build: func(w *world) *world {
			w.canary(30).send(1200, func(r *request) answer {
				if r.canary {
					return ok("v1")
				}
				return ok("v2")
			})
			w.api().Stages[0].Canary.Percent = 10 // of the target as well
			return w
		},
		logs: only(CanarySplit, Proven), without: only(UnexplainedSplit, ConsistentWith),
	},
	{
		name: "a canary that draws a third of its share, a part of it unlabelled",
		build: func(w *world) *world {
			w.loss = .05
			w.canary(10).send(1200, func(r *request) answer {
				if r.canary {
					return ok("v1")
				}
				return ok("v2")
			})
			w.api().Stages[0].Canary.Percent = 30
			return w
		},
		logs: only(CanarySplit, Proven), without: only(UnexplainedSplit, ConsistentWith),
	},
	{
		name: "a canary that fails in one scenario, and seldom in the other",
		build: func(w *world) *world {
			return w.canary(20).send(1200, func(r *request) answer {
				if r.canary && (r.Scenario == 0 || r.n%40 == 7) {
					return fails(500)
				}
				return ok("v2")
			})
		},
		logs: only(CanarySplit, Proven), without: nil,
	},
	{
		name: "a canary that fails in one scenario, and both sides seldom in the other",
		build: func(w *world) *world {
			return w.canary(20).send(1600, func(r *request) answer {
				if r.canary && r.Scenario == 0 || r.Scenario == 1 && r.chance(.08) {
					return fails(500)
				}
				return ok("v2")
			})
		},
		logs: map[ID]Link{CanarySplit: Proven, FlakyBackend: ConsistentWith}, without: nil,
	},
	{
		name: "a domain answers otherwise than the stage that it leads to",
		build: func(w *world) *world {
			w.domain("prod", "prod")
			w.invoke("dev")
			return w.send(600, func(r *request) answer {
				if r.Target == 1 {
					return ok("v2 by host")
				}
				return ok("v2")
			})
		},
		logs: only(AddressDependent, Statistical), without: only(AddressDependent, Statistical),
	},
	{
		name: "a domain that was not read answers otherwise than the stage meant",
		build: func(w *world) *world {
			w.target(probe.Target{ID: "api.example.com", URL: "https://api.example.com/v1", Kind: probe.CustomDomain, Meant: &probe.StageRef{APIID: "abc123", Stage: "prod"}})
			w.invoke("dev")
			w.logs = false
			return w.send(600, func(r *request) answer {
				if r.Target == 1 {
					return ok("v2 by host")
				}
				return ok("v2")
			})
		},
		logs: only(AddressDependent, ConsistentWith), without: only(AddressDependent, ConsistentWith),
	},
	{
		name: "the same, where a stage was not asked",
		build: func(w *world) *world {
			w.target(probe.Target{ID: "api.example.com", URL: "https://api.example.com/v1", Kind: probe.CustomDomain, Meant: &probe.StageRef{APIID: "abc123", Stage: "prod"}})
			w.logs = false
			return w.send(600, func(r *request) answer {
				if r.Target == 1 {
					return ok("v2 by host")
				}
				return ok("v2")
			})
		},
		logs: none, without: none,
	},
	{
		name: "failures whose rate drifts",
		build: func(w *world) *world {
			return w.send(1500, func(r *request) answer {
				if r.chance(.02 + .2*float64(r.n)/1500) {
					return fails(503)
				}
				return ok("v2")
			})
		},
		logs: only(FlakyBackend, ConsistentWith), without: only(FlakyBackend, ConsistentWith),
	},
	{
		name: "two behaviours in turns",
		build: func(w *world) *world {
			return w.send(900, func(r *request) answer {
				if r.n%4 == 1 {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(UnexplainedSplit, ConsistentWith), without: only(UnexplainedSplit, ConsistentWith),
	},
	{
		name: "a look at a split that goes with address and connection alike",
		build: func(w *world) *world {
			w.send(60, func(r *request) answer {
				r.Conn = 1 + r.n%2
				r.Remote = fmt.Sprintf("192.0.2.%d:443", r.Conn)
				if r.Conn == 1 {
					return ok("v1")
				}
				return ok("v2")
			})
			w.Done = false
			return w
		},
		logs: nil, without: nil,
	},
	{
		name: "a rule leads to the stage with the base path on",
		build: func(w *world) *world {
			d := w.atDomain("/v1", "a routing rule keeps the base path, and no route begins with it")
			d.APIID, d.Stage, d.DeploymentID = "abc123", "prod", "dep1"
			w.Snapshot.Domains[0].RoutingMode = "ROUTING_RULE_ONLY"
			w.Snapshot.Domains[0].Rules = []probe.RoutingRule{
				{ID: "r0", Priority: 1, BasePaths: []string{"v2"}, APIID: "abc123", Stage: "dev"}, {ID: "r1", Priority: 2, BasePaths: []string{"v1"}, APIID: "abc123", Stage: "prod"},
			}
			return w.send(90, sameForAll(noToken))
		},
		logs: only(UnmappedTarget, Proven), without: only(UnmappedTarget, Proven),
	},
	{
		name: "one path of two is no route",
		build: func(w *world) *world {
			w.Plan.Scenarios[1].Path, w.Plan.Scenarios[1].Route = "/itms", ""
			return w.send(200, func(r *request) answer {
				if r.Scenario == 1 {
					return noToken
				}
				return ok("v2")
			})
		},
		logs: only(UnmappedTarget, Proven), without: only(UnmappedTarget, Proven),
	},
	{
		name: "one path of two is no route, of a stage that was not read",
		build: func(w *world) *world {
			w.Snapshot = probe.Snapshot{}
			return w.send(200, func(r *request) answer {
				if r.Scenario == 1 {
					return noToken
				}
				return ok("v2")
			})
		},
		logs: nil, without: nil,
	},
	{
		name: "the default endpoint is off, and no domain leads there",
		build: func(w *world) *world {
			w.api().DefaultEndpointOff = true
			return w.send(90, sameForAll(bareForbidden))
		},
		logs: only(UnmappedTarget, Proven), without: only(UnmappedTarget, Proven),
	},
	{
		name: "a domain that nobody mapped, and nothing was sent",
		build: func(w *world) *world {
			w.atDomain("", "api.example.com has no mapping")
			w.api().Editor = with(map[string]probe.Route{"GET /new": {}})
			w.invoke("prod")
			w.Plan.Scenarios, w.Plan.Requests = nil, 0
			w.Now, w.Done = began, true
			return w
		},
		logs: map[ID]Link{UnmappedTarget: ConsistentWith, StaleDeployment: ConsistentWith}, without: map[ID]Link{UnmappedTarget: ConsistentWith, StaleDeployment: ConsistentWith},
	},
}

// labelled says of each row whether the canary served it.
func (w *world) labelled(canary func(*Row) bool) *world {
	for i := range w.Rows {
		if r := &w.Rows[i]; w.logs && canary(r) {
			r.Label = LabelCanary
		}
	}
	return w
}

func TestRareWorlds(t *testing.T) {
	t.Parallel()
	for _, tt := range rareTruths {
		for _, logs := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/logs %v", tt.name, logs), func(t *testing.T) {
				w := newWorld(1)
				w.logs = logs
				r := explained(tt.build(w).Input)
				if truth := map[bool]map[ID]Link{true: tt.logs, false: tt.without}[logs]; truth != nil {
					want(t, r, truth)
				}
			})
		}
	}
}
