package cause

import (
	"fmt"
	"testing"
	"time"

	"stageprobe/probe"
)

// says is an answer of the integration by its body.
func says(status int, body string, header ...probe.Header) answer {
	return answer{id: body, status: status, producer: "integration", body: body, header: header}
}

func header(name, value string) probe.Header { return probe.Header{Name: name, Value: value} }

// behindCDN is a domain that is meant for prod, with a CDN before it, beside prod's own
// URL.
func behindCDN(w *world) *world {
	w.domain("prod", "prod")
	return w
}

// copied marks an answer as one that a cache gave.
func (r *request) copied(a answer) answer {
	r.Copied, r.Fronted, r.Age, r.Cache = true, true, 40*time.Second, "hit"
	a.header = append(a.header, header("X-Cache", "Hit"), header("Age", "40"))
	return a
}

// recorded gives requests log records.
func (w *world) recorded(record func(r *Row) probe.LogRecord) *world {
	byID := map[string]probe.LogRecord{}
	for i := range w.Rows {
		if r := &w.Rows[i]; w.logs {
			byID[r.RequestID] = record(r)
		}
	}
	w.Records = func(id string) []probe.LogRecord {
		if r, ok := byID[id]; ok {
			return []probe.LogRecord{r}
		}
		return nil
	}
	return w
}

// query gives the two scenarios one path, with another query each.
func (w *world) query(caching bool, key ...string) *world {
	for i := range w.Plan.Scenarios {
		sc := &w.Plan.Scenarios[i]
		sc.Path, sc.Route, sc.Query = "/orders", "GET /orders", fmt.Sprintf("page=%d", i+1)
	}
	st := &w.api().Stages[0]
	st.CacheCluster, st.CacheSize, st.Methods = true, "0.5", map[string]probe.MethodSettings{"*/*": {Caching: caching, CacheTTL: 300}}
	r := probe.Route{Parameters: map[string]bool{"query.page": false}, Integration: probe.Integration{Type: "HTTP", CacheKeyParameters: key}}
	d := &probe.Definition{Source: "GetExport", Routes: map[string]probe.Route{"GET /orders": r}}
	st.Deployed, w.api().Editor, w.api().Stages[1].Deployed = d, d, d
	return w
}

// guarded puts a caching authorizer before both routes.
func (w *world) guarded(ttl int) *world {
	d := &probe.Definition{Source: "GetExport", Routes: map[string]probe.Route{}, Authorizers: map[string]probe.Authorizer{
		"tokens": {ID: "au1", Type: "TOKEN", TTL: &ttl, URI: "arn:aws:lambda:eu-west-1:123456789012:function:auth"},
	}}
	for _, k := range []string{"GET /orders", "GET /items"} {
		d.Routes[k] = probe.Route{Authorization: "CUSTOM", Authorizer: "tokens"}
	}
	w.api().Editor, w.api().Stages[0].Deployed, w.api().Stages[1].Deployed = d, d, d
	return w
}

var explicitDeny = answer{
	id: "deny", status: 403, producer: "gateway", errType: "AccessDeniedException", body: `{"Message":"User is not authorized to access this resource with an explicit deny"}`,
}

func yes(b bool) *bool { return &b }

// byteTruths are worlds whose answers come as bytes: what is found of headers, of
// members of a body, of copies.
var byteTruths = []truth{
	{
		name: "a CDN answers most, currently",
		build: func(w *world) *world {
			return behindCDN(w).send(900, func(r *request) answer {
				if r.Target == 1 && r.chance(.7) {
					return r.copied(says(200, `{"version":"7"}`))
				}
				return says(200, `{"version":"7"}`)
			})
		},
		logs: none, without: none,
	},
	{
		name: "a CDN keeps old answers",
		build: func(w *world) *world {
			return behindCDN(w).send(900, func(r *request) answer {
				if r.Target == 1 && r.chance(.5) {
					return r.copied(says(200, `{"version":"6"}`))
				}
				return says(200, `{"version":"7"}`)
			})
		},
		logs: only(EdgeCache, Proven), without: only(EdgeCache, Proven),
	},
	{
		name: "a staging distribution",
		build: func(w *world) *world {
			return behindCDN(w).send(1500, func(r *request) answer {
				r.Fronted = r.Target == 1
				if r.Target == 1 && r.chance(.1) {
					return says(200, `{"version":"8","next":true}`)
				}
				return says(200, `{"version":"7"}`)
			})
		},
		logs: only(EdgeCache, Statistical), without: only(EdgeCache, Statistical),
	},
	{
		name: "a cache key without the query",
		build: func(w *world) *world {
			w.query(true).send(400, func(*request) answer { return says(200, `{"page":1,"orders":[1,2,3]}`) })
			for i := range w.Rows {
				if w.logs {
					w.Rows[i].IntegrationCalled = yes(i == 0)
				}
			}
			return w
		},
		logs: only(ResponseCache, ConsistentWith), without: none,
	},
	{
		name: "a cache key with the query",
		build: func(w *world) *world {
			w.query(true, "method.request.querystring.page").send(400, func(*request) answer { return says(200, `{"orders":[]}`) })
			for i := range w.Rows {
				if w.logs {
					w.Rows[i].IntegrationCalled = yes(i == 0)
				}
			}
			return w
		},
		logs: none, without: none,
	},
	{
		name: "a failure inside every success",
		build: func(w *world) *world {
			return w.send(300, func(r *request) answer {
				if r.Scenario == 0 {
					return says(200, `{"errorMessage":"Task timed out after 3.00 seconds","errorType":"Sandbox.Timedout"}`)
				}
				return says(200, `{"items":[]}`)
			}).recorded(func(r *Row) probe.LogRecord {
				rec := probe.LogRecord{RequestID: r.RequestID, Source: "execution", Complete: true}
				if r.Scenario == 0 {
					rec.Inside = "error-in-body"
				}
				return rec
			})
		},
		logs: only(IntegrationError, Proven), without: only(IntegrationError, ConsistentWith),
	},
	{
		name: "an authorizer's result is kept for another route",
		build: func(w *world) *world {
			return w.guarded(300).send(900, func(r *request) answer {
				if r.n/60%2 == 1 && r.Scenario == 1 {
					return explicitDeny
				}
				return ok("v2")
			}).recorded(func(r *Row) probe.LogRecord {
				return probe.LogRecord{
					RequestID: r.RequestID, Source: "execution", Complete: true, AuthorizerID: "au1", AuthorizerOutcome: "deny",
					AuthorizerCalled: yes(r.Seq%60 == 0),
				}
			})
		},
		logs: only(AuthorizerCache, Proven), without: only(AuthorizerCache, ConsistentWith),
	},
	{
		name: "one route refused by a result of the other",
		build: func(w *world) *world {
			return w.guarded(300).send(300, func(r *request) answer {
				if r.Scenario == 1 {
					return explicitDeny
				}
				return ok("v2")
			}).recorded(func(r *Row) probe.LogRecord {
				return probe.LogRecord{
					RequestID: r.RequestID, Source: "execution", Complete: true, AuthorizerID: "au1", AuthorizerOutcome: "deny",
					AuthorizerCalled: yes(r.Seq == 0),
				}
			})
		},
		logs: only(AuthorizerCache, Proven), without: only(AccessDenied, ConsistentWith),
	},
	{
		name: "another gateway behind refuses",
		build: func(w *world) *world {
			return w.send(300, func(r *request) answer {
				a := says(403, `{"message":"Forbidden"}`, header("x-amzn-Remapped-x-amzn-RequestId", "11111111-2222-4333-8444-555555555555"))
				a.errType = "ForbiddenException"
				return a
			})
		},
		logs: only(AccessDenied, Proven), without: only(AccessDenied, Proven),
	},
	{
		name: "DNS leads elsewhere",
		build: func(w *world) *world {
			w.domain("prod", "prod")
			w.Snapshot.Domains[0].Targets = []string{"d-abc.execute-api.eu-west-1.amazonaws.com"}
			w.Snapshot.Names = []probe.Name{
				{Host: "api.example.com", Resolver: "system", Canonical: "old-lb.eu-west-1.elb.amazonaws.com", Addresses: []string{"198.51.100.7"}},
				{Host: "d-abc.execute-api.eu-west-1.amazonaws.com", Resolver: "system", Addresses: []string{"203.0.113.9"}},
			}
			w.logs = false
			return w.send(600, func(r *request) answer {
				if r.Target == 1 {
					return says(200, `{"version":"1","legacy":true}`)
				}
				return says(200, `{"version":"7"}`)
			})
		},
		logs: only(WrongStage, Statistical), without: only(WrongStage, Statistical),
	},
	{
		name: "a public API at a private address",
		build: func(w *world) *world {
			w.Plan.Targets[0].Endpoint = "REGIONAL"
			return w.send(200, func(r *request) answer {
				r.Remote = []string{"10.0.1.7", "10.0.0.5"}[r.n%2]
				a := answer{id: "Forbidden", status: 403, producer: "gateway", errType: "ForbiddenException", body: `{"message":"Forbidden"}`}
				return a
			})
		},
		logs: only(AccessDenied, ConsistentWith), without: only(AccessDenied, ConsistentWith),
	},
	{
		name: "a usage plan limits",
		build: func(w *world) *world {
			for i := range w.Plan.Scenarios {
				w.Plan.Scenarios[i].Auth = probe.AuthAPIKey
			}
			w.Snapshot.UsagePlans = []probe.UsagePlan{{
				ID: "pl1", Name: "basic", Limit: &probe.RateLimit{Rate: 10, Burst: 5}, Quota: 1000, Period: "DAY",
				Stages: []probe.PlanStage{{APIID: "abc123", Stage: "prod"}},
			}}
			return w.send(400, func(r *request) answer {
				if r.n%8 == 7 {
					a := refuses(429, "THROTTLED", "TooManyRequestsException")
					a.body, a.class = `{"message":"Too Many Requests"}`, "throttled"
					return a
				}
				return ok("v2")
			}).recorded(func(r *Row) probe.LogRecord {
				rec := probe.LogRecord{RequestID: r.RequestID, Source: "execution", Complete: true}
				if r.Seq%8 == 7 {
					rec.UsagePlan, rec.Error = "throttled", "Usage Plan check failed for API Key abc123 because the rate limit was exceeded"
				}
				return rec
			})
		},
		logs: only(Throttled, Proven), without: only(Throttled, Proven),
	},
	{
		name: "the default endpoint is off, a domain leads there",
		build: func(w *world) *world {
			w.api().DefaultEndpointOff = true
			w.Plan.Targets[0].Unmapped = "the default endpoint is off"
			w.Snapshot.Domains = []probe.Domain{{Name: "api.example.com", Mappings: []probe.Mapping{{APIID: "abc123", Stage: "dev"}, {APIID: "abc123", Stage: "prod", BasePath: "v1"}}}}
			return w.send(120, sameForAll(answer{id: "Forbidden", status: 403, producer: "gateway", errType: "ForbiddenException", body: `{"message":"Forbidden"}`}))
		},
		logs: only(UnmappedTarget, Proven), without: only(UnmappedTarget, Proven),
	},
	{
		name: "the path is wrong, not the stage",
		build: func(w *world) *world {
			for i := range w.Plan.Scenarios {
				w.Plan.Scenarios[i].Path, w.Plan.Scenarios[i].Route = []string{"/order", "/itms/7"}[i], ""
			}
			return w.send(120, sameForAll(noToken))
		},
		logs: only(UnmappedTarget, Proven), without: only(UnmappedTarget, Proven),
	},
	{
		name: "a field of two values at the canary's share",
		build: func(w *world) *world {
			w.logs = false
			return w.canary(20).send(900, func(r *request) answer {
				return says(200, fmt.Sprintf(`{"version":%q}`, map[bool]string{true: "8", false: "7"}[r.canary]))
			})
		},
		logs: only(CanarySplit, ConsistentWith), without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "a header of the canary",
		build: func(w *world) *world {
			return w.canary(20).send(900, func(r *request) answer {
				a := says(200, fmt.Sprintf(`{"at":%d}`, 1_772_445_600+r.n))
				if r.canary {
					a.header = append(a.header, header("X-App-Version", "8"))
				} else {
					a.header = append(a.header, header("X-App-Version", "7"))
				}
				return a
			})
		},
		logs: only(CanarySplit, Proven), without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "a domain asks for a client certificate",
		build: func(w *world) *world {
			w.Plan.Targets = w.Plan.Targets[:0]
			w.domain("prod", "prod")
			w.Snapshot.Domains[0].MutualTLS = true
			return w.send(60, sameForAll(answer{id: "tls", producer: "network", class: "transport"}))
		},
		logs: only(AccessDenied, Proven), without: only(AccessDenied, Proven),
	},
	{
		name: "two pods answer by chance",
		build: func(w *world) *world {
			return w.canary(10).send(900, func(r *request) answer {
				return says(200, fmt.Sprintf(`{"pod":"p%d","took":%d}`, r.rng.IntN(3), 4+r.rng.IntN(9)))
			})
		},
		logs: only(StaleCanary, Proven), without: only(StaleCanary, ConsistentWith),
	},
	{
		name: "the canary fails more often",
		build: func(w *world) *world {
			return w.canary(20).send(2400, func(r *request) answer {
				if r.canary && r.chance(.3) || r.chance(.04) {
					return fails(502)
				}
				return says(200, fmt.Sprintf(`{"n":%d}`, r.rng.IntN(1000)))
			})
		},
		logs: only(CanarySplit, Proven), without: nil,
	},
	{
		name: "a domain leads to dev",
		build: func(w *world) *world {
			w.domain("prod", "prod")
			w.invoke("dev")
			return w.send(600, func(r *request) answer {
				if r.Target != 0 {
					r.elsewhere = "dev"
					return says(200, fmt.Sprintf(`{"stage":"dev","n":%d}`, r.n))
				}
				return says(200, fmt.Sprintf(`{"stage":"prod","n":%d}`, r.n))
			})
		},
		logs: only(WrongStage, Proven), without: only(WrongStage, Statistical),
	},
	{
		name: "preflights are refused",
		build: func(w *world) *world {
			pre := &w.Plan.Scenarios[1]
			pre.Method, pre.Path, pre.Route = "OPTIONS", "/orders", "OPTIONS /orders"
			pre.Header = []probe.Header{header("Origin", "https://shop.example"), header("Access-Control-Request-Method", "GET")}
			d := &probe.Definition{Source: "GetExport", Routes: map[string]probe.Route{"GET /orders": {}, "OPTIONS /orders": {Authorization: "CUSTOM", Authorizer: "tokens"}}}
			w.api().Editor, w.api().Stages[0].Deployed, w.api().Stages[1].Deployed = d, d, d
			return w.send(200, func(r *request) answer {
				if r.Scenario == 1 {
					return answer{id: "Unauthorized", status: 401, producer: "gateway", errType: "UnauthorizedException", body: `{"message":"Unauthorized"}`}
				}
				return ok("v2")
			})
		},
		logs: only(AccessDenied, Proven), without: only(AccessDenied, Proven),
	},
	{
		name: "preflights fail in the integration",
		build: func(w *world) *world {
			pre := &w.Plan.Scenarios[1]
			pre.Method, pre.Path, pre.Route = "OPTIONS", "/orders", "OPTIONS /orders"
			pre.Header = []probe.Header{header("Origin", "https://shop.example"), header("Access-Control-Request-Method", "GET")}
			mock := probe.Route{Integration: probe.Integration{Type: "MOCK", RequestTemplates: map[string]string{"application/json": `{"state":200}`}}}
			d := &probe.Definition{Source: "GetExport", Routes: map[string]probe.Route{"GET /orders": {}, "OPTIONS /orders": mock}}
			w.api().Editor, w.api().Stages[0].Deployed, w.api().Stages[1].Deployed = d, d, d
			return w.send(200, func(r *request) answer {
				if r.Scenario == 1 {
					return answer{id: "500", status: 500, producer: "gateway", errType: "InternalServerErrorException", body: `{"message":"Internal server error"}`}
				}
				return ok("v2")
			})
		},
		logs: only(IntegrationError, Proven), without: only(IntegrationError, Proven),
	},
	{
		name: "nothing was sent: a canary and drift stand in the configuration",
		build: func(w *world) *world {
			w.api().Stages[0].Variables = map[string]string{"backend": "blue"}
			w.api().Stages[1].Variables = map[string]string{"backend": "green"}
			d := &probe.Definition{Source: "GetExport", Routes: map[string]probe.Route{"GET /orders": {Integration: probe.Integration{Type: "HTTP_PROXY", URI: "https://${stageVariables.backend}.example/orders"}}}}
			w.api().Editor, w.api().Stages[0].Deployed, w.api().Stages[1].Deployed = d, d, d
			w.invoke("dev")
			w.canary(10)
			w.Plan.Scenarios, w.Plan.Requests = nil, 0
			w.Now, w.Done = began, true
			return w
		},
		logs: map[ID]Link{StaleCanary: ConsistentWith, StageConfigDrift: ConsistentWith}, without: map[ID]Link{StaleCanary: ConsistentWith, StageConfigDrift: ConsistentWith},
	},
	{
		name: "a field of no class at the canary's share",
		build: func(w *world) *world {
			w.logs = false
			return w.canary(20).send(900, func(r *request) answer {
				return says(200, fmt.Sprintf(`{"flavour":%q}`, map[bool]string{true: "mint", false: "plum"}[r.canary]))
			})
		},
		logs: only(CanarySplit, ConsistentWith), without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "the stage's cache answers with the old version",
		build: func(w *world) *world {
			w.query(true, "method.request.querystring.page").send(800, func(r *request) answer {
				hit := r.chance(.4)
				r.Cache = map[bool]string{true: "hit", false: "miss"}[hit]
				if w.logs {
					r.IntegrationCalled = yes(!hit)
				}
				if hit {
					return ok("v1")
				}
				return ok("v2")
			})
			return w
		},
		logs: only(ResponseCache, Proven), without: nil,
	},
	{
		name: "WAF refuses a route",
		build: func(w *world) *world {
			w.api().Stages[0].WebACL = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/1"
			return w.send(200, func(r *request) answer {
				if r.Scenario == 1 {
					return answer{id: "Forbidden", status: 403, producer: "gateway", errType: "ForbiddenException", body: `{"message":"Forbidden"}`}
				}
				return ok("v2")
			}).recorded(func(r *Row) probe.LogRecord {
				rec := probe.LogRecord{RequestID: r.RequestID, Source: "access", WAF: "WAF_ALLOW"}
				if r.Scenario == 1 {
					rec.WAF = "WAF_BLOCK"
				}
				return rec
			})
		},
		logs: only(AccessDenied, Proven), without: only(AccessDenied, ConsistentWith),
	},
	{
		name: "a log names what fails from a moment on",
		build: func(w *world) *world {
			return w.send(900, func(r *request) answer {
				if r.n >= 300 {
					return answer{id: "500", status: 502, producer: "gateway", errType: "InternalServerErrorException", body: `{"message":"Internal server error"}`}
				}
				return ok("v2")
			}).recorded(func(r *Row) probe.LogRecord {
				rec := probe.LogRecord{RequestID: r.RequestID, Source: "execution", Complete: true}
				if r.Seq >= 300 {
					rec.Error = "Execution failed due to configuration error: Malformed Lambda proxy response"
				}
				return rec
			})
		},
		logs: only(IntegrationError, Proven), without: only(IntegrationError, ConsistentWith),
	},
	{
		name: "the integration's permission is missing",
		build: func(w *world) *world {
			return w.send(120, func(r *request) answer {
				return answer{id: "500", status: 500, producer: "gateway", errType: "InternalServerErrorException", body: `{"message":"Internal server error"}`}
			}).recorded(func(r *Row) probe.LogRecord {
				return probe.LogRecord{RequestID: r.RequestID, Source: "execution", Complete: true, Error: "Execution failed due to configuration error: Invalid permissions on Lambda function"}
			})
		},
		logs: only(IntegrationError, Proven), without: only(IntegrationError, ConsistentWith),
	},
	{
		name: "an edit demands a parameter, unserved",
		build: func(w *world) *world {
			routes := map[string]probe.Route{"GET /orders": {Validator: "params", Parameters: map[string]bool{"query.limit": true}}, "GET /items": {}}
			w.api().Editor = &probe.Definition{Source: "GetResources", Routes: routes}
			return w.send(300, sameForAll(ok("v2")))
		},
		logs: only(StaleDeployment, Proven), without: only(StaleDeployment, Proven),
	},
	{
		name: "edits wait on a canary that is newer",
		build: func(w *world) *world {
			w.canary(10)
			w.api().Deployments = append(w.api().Deployments, probe.Deployment{ID: "dep9", Created: began.Add(-time.Hour)})
			w.api().Stages[0].Canary.DeploymentID = "dep9"
			d := &probe.Definition{Source: "GetResources", Routes: map[string]probe.Route{"GET /orders": {}, "GET /items": {}, "GET /new": {}}}
			w.api().Editor, w.api().Stages[0].CanaryDeployed = d, d
			return w.send(900, func(r *request) answer {
				if r.canary {
					return ok("v3")
				}
				return ok("v2")
			})
		},
		logs: nil, without: nil,
	},
	{
		name: "a mapping that was not read, a stage with a canary",
		build: func(w *world) *world {
			w.canary(20)
			w.target(probe.Target{ID: "api.example.com", URL: "https://api.example.com", Kind: probe.CustomDomain, Meant: &probe.StageRef{APIID: "abc123", Stage: "prod"}})
			return w.send(1600, func(r *request) answer {
				if r.canary || r.Target == 1 && r.chance(.2) {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: nil, without: nil,
	},
	{
		name: "logs that are late",
		build: func(w *world) *world {
			w.canary(10)
			w.api().Stages[0].Methods = map[string]probe.MethodSettings{"*/*": {LoggingLevel: "INFO"}}
			w.Logs.Read, w.Logs.Late = true, 900
			w.send(900, func(r *request) answer {
				if r.canary {
					return ok("v1")
				}
				return ok("v2")
			})
			for i := range w.Rows {
				w.Rows[i].Late, w.Rows[i].Label = true, LabelUnknown
			}
			return w
		},
		logs: only(CanarySplit, ConsistentWith), without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "what is refused was expected",
		build: func(w *world) *world {
			w.Expected = func(_, scenario int) bool { return scenario == 1 }
			return w.send(300, func(r *request) answer {
				if r.Scenario == 1 {
					return explicitDeny
				}
				return ok("v2")
			})
		},
		logs: none, without: none,
	},
	{
		name: "a split behind a CDN that its own URL does not know",
		build: func(w *world) *world {
			w.domain("prod", "prod")
			return w.send(1200, func(r *request) answer {
				r.Fronted = r.Target == 1
				if r.Target == 1 && r.n/40%9 == 3 {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: nil, without: nil,
	},
}

// TestBytes: what is found where answers come as bytes.
func TestBytes(t *testing.T) {
	t.Parallel()
	for _, tt := range byteTruths {
		for _, logs := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/logs %v", tt.name, logs), func(t *testing.T) {
				w := newWorld(1)
				w.logs, w.bytes = logs, true
				r := explained(tt.build(w).Input)
				if truth := map[bool]map[ID]Link{true: tt.logs, false: tt.without}[logs]; truth != nil {
					want(t, r, truth)
				}
			})
		}
	}
}

// TestToldOrFound: whether behaviours are told or found in the bytes of answers makes no
// difference to what is named as the cause.
func TestToldOrFound(t *testing.T) {
	t.Parallel()
	for _, tt := range truths {
		for _, logs := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/logs %v", tt.name, logs), func(t *testing.T) {
				w := newWorld(2)
				w.logs, w.bytes = logs, true
				want(t, explained(tt.build(w).Input), map[bool]map[ID]Link{true: tt.logs, false: tt.without}[logs])
			})
		}
	}
}
