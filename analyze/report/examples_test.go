package report

import (
	"fmt"
	"strings"
	"time"

	"stageprobe/analyze"
	behave "stageprobe/analyze/behaviour"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// examples are reports of every kind that the formats are shown with.
var examples = []struct {
	name string
	make func() *analyze.Report
}{
	{"demo", demoReport},
	{"consistent", consistentReport},
	{"inconclusive", inconclusiveReport},
	{"interrupted", interruptedReport},
	{"inspect", inspectReport},
	{"wait", waitReport},
	{"watch", watchReport},
	{"empty", func() *analyze.Report {
		return &analyze.Report{Schema: analyze.ReportSchema, Outcome: analyze.Inconclusive, ExitCode: 3}
	}},
	{"hostile", hostileReport},
}

var began = time.Date(2026, 3, 14, 3, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

func run(requests int, stopped string) analyze.Run {
	return analyze.Run{
		ID: "20260314T030000Z-0badcafe", Started: began, Ended: began.Add(37400 * time.Millisecond),
		Seed: 7, Requests: requests, Stopped: stopped, Confidence: 0.99, Version: "1.0.0",
	}
}

func sixSteps(problems map[int]string) []analyze.Step {
	steps := []analyze.Step{
		{N: 1, Name: "target stage", Status: "ok", Note: "every target leads to the stage it is meant for"},
		{N: 2, Name: "deployment history", Status: "ok", Note: "stage prod serves deployment new2k4 of 2026-03-01 09:00Z"},
		{N: 3, Name: "redeployment needed", Status: "ok", Note: "no edit waits for a deployment"},
		{N: 4, Name: "stage configuration", Status: "unknown", Note: "one stage only"},
		{N: 5, Name: "canary", Status: "ok", Note: "no canary is configured"},
		{N: 6, Name: "retest", Status: "ok", Note: ""},
	}
	for i := range steps {
		if note, ok := problems[steps[i].N]; ok {
			steps[i].Status, steps[i].Note = "problem", note
		}
	}
	return steps
}

// strip spreads n answers over windows from first to last.
func strip(n, windows, first, last int) []int {
	out := make([]int, windows)
	for i := range n {
		out[first+i*(last-first)/n]++
	}
	return out
}

func example(version, items string) *analyze.Example {
	return &analyze.Example{
		Header: []probe.Header{{Name: "content-type", Value: "application/json"}, {Name: "x-backend-version", Value: version}},
		Body:   fmt.Sprintf(`{"version":%s,"items":%s}`, version, items),
	}
}

func demoReport() *analyze.Report {
	canary := example("1", `[{"id":"A-100"}]`)
	canary.Differs = []analyze.FieldDiff{
		{Field: "/items/0/total", Usual: "12.5"}, {Field: "/version", Usual: "2", Here: "1"},
		{Field: "x-backend-version", Usual: "2", Here: "1"},
	}
	latency := analyze.Latency{P50: 4.4, P90: 8.1, P99: 12.8, Max: 15.7}
	rep := &analyze.Report{
		Schema: analyze.ReportSchema, Outcome: analyze.Inconsistent, ExitCode: 1, Run: run(976, "decided"),
		Targets: []analyze.Target{
			{
				ID: "orders7x2a/prod", URL: "https://orders7x2a.execute-api.us-east-1.amazonaws.com/prod", Kind: probe.InvokeURL,
				APIID: "orders7x2a", APIKind: probe.REST, Stage: "prod", DeploymentID: "new2k4", Requests: 459, LatencyMS: latency,
				Moves:  []behave.Move{{Scenario: "GET /orders", Where: "/at", Kind: "value", Values: 401}},
				Canary: &analyze.Canary{Percent: 10, DeploymentID: "old1x9", Measured: &cause.Interval{Estimate: 0.0898, Low: 0.0438, High: 0.157, Method: "Jeffreys-mixture confidence sequence"}},
				Clusters: []analyze.Cluster{
					{ID: "0d450512", Scenario: "GET /health", Count: 58, Share: 1, ShareLow: 0.883, ShareHigh: 1, Status: 200, Producer: "integration", Served: analyze.Served{Stage: "prod", Canary: 3, Base: 55}, LatencyMS: latency, Reference: true},
					{ID: "ea9bb07e", Scenario: "GET /orders", Count: 365, Share: 0.9102, ShareLow: 0.843, ShareHigh: 0.956, Status: 200, Producer: "integration", RequestIDExample: "e2068037-471e-4edc-a00d-a193a25c6441", Served: analyze.Served{Stage: "prod", Base: 365}, LatencyMS: latency, Reference: true, Example: example("2", `[{"id":"A-100","total":12.5}]`)},
					{ID: "66d86484", Scenario: "GET /orders", Count: 36, Share: 0.0898, ShareLow: 0.0438, ShareHigh: 0.157, Status: 200, Producer: "integration", RequestIDExample: "00f92e5e-5290-42ee-9799-aaf8c5beb2d5", Served: analyze.Served{Stage: "prod", Canary: 36}, LatencyMS: analyze.Latency{P50: 5.5, P90: 8.7, P99: 12.4, Max: 12.4}, Example: canary},
				},
				Timeline: &analyze.Timeline{WindowMS: 620, Clusters: map[string][]int{
					"GET /health/0d450512": strip(58, 60, 0, 60), "GET /orders/ea9bb07e": strip(365, 60, 0, 54), "GET /orders/66d86484": strip(36, 60, 3, 50),
				}},
			},
			{
				ID: "api.example.com", URL: "https://api.example.com", Kind: probe.CustomDomain, APIID: "orders7x2a", APIKind: probe.REST,
				Stage: "dev", DeploymentID: "dev3m7", Meant: "prod", Requests: 461, LatencyMS: latency, Claim: ptr(0.0099),
				Clusters: []analyze.Cluster{
					{ID: "0d450512", Scenario: "GET /health", Count: 218, Share: 1, ShareLow: 0.964, ShareHigh: 1, Status: 200, Producer: "integration", Served: analyze.Served{Stage: "dev", Base: 216, Unknown: 2}, LatencyMS: latency, Reference: true},
					{ID: "0245b0e2", Scenario: "GET /orders", Count: 243, Share: 1, ShareLow: 0.968, ShareHigh: 1, Status: 200, Producer: "integration", RequestIDExample: "486362aa-fd79-4b3d-941e-252f71f7dadc", Served: analyze.Served{Stage: "dev", Base: 242, Unknown: 1}, LatencyMS: latency, Reference: true, Example: example(`"2-beta"`, `[{"id":"TEST-1"}]`)},
				},
			},
			{
				ID: "web9h1/$default", URL: "https://web9h1.execute-api.us-east-1.amazonaws.com", Kind: probe.InvokeURL, APIID: "web9h1", APIKind: probe.HTTP,
				Stage: "$default", DeploymentID: "h77abc", Requests: 56, LatencyMS: latency,
				Clusters: []analyze.Cluster{{ID: "77aa0001", Scenario: "GET /offers", Count: 56, Share: 1, ShareLow: 0.88, ShareHigh: 1, Status: 404, Producer: "gateway", GatewayResponse: ptr("MISSING_AUTHENTICATION_TOKEN"), LatencyMS: latency, Reference: true}},
			},
		},
		Findings: []cause.Finding{canaryFinding(), wrongStageFinding(), autoDeployFinding()},
		Expectations: []analyze.Expectation{
			{Scenario: "GET /orders", Target: "orders7x2a/prod", Expectation: "header x-backend-version is 2", Met: ptr(false), Observed: "1 in 36 of 401 answers"},
			{Scenario: "GET /orders", Target: "api.example.com", Expectation: "served by stage prod", Met: ptr(false), Observed: "stage dev"},
			{Scenario: "GET /health", Target: "orders7x2a/prod", Expectation: "status 200", Met: ptr(true), Observed: "200 in 58 of 58 answers"},
			{Scenario: "GET /health", Target: "api.example.com", Expectation: "latency p99 at most 800 ms", Observed: "too few answers"},
		},
		Steps: sixSteps(map[int]string{1: "wrong-stage on api.example.com", 3: "auto-deploy-off on web9h1/$default", 5: "canary-split on orders7x2a/prod", 6: "run the check again with --baseline after mending: it says what is mended"}),
		Logs: analyze.Logs{
			Coverage: 0.9967, RequestsSampled: 920, Matched: 917, Note: "3 requests may still be logged later",
			Groups: []analyze.LogGroup{
				{Name: "API-Gateway-Execution-Logs_orders7x2a/prod", Stage: "prod", Events: 4590},
				{Name: "API-Gateway-Execution-Logs_orders7x2a/prod/Canary", Stage: "prod", Canary: true, Events: 390},
			},
			LagMS: &analyze.Latency{P50: 103, P90: 104, P99: 107, Max: 120}, Labels: map[string]int{"base": 878, "canary": 39, "unknown": 3},
		},
		Notes:      []string{"GetStages of API other1: AccessDenied; allow apigateway:GET (its stages are not compared)"},
		Mended:     []cause.Finding{{Cause: cause.Throttled, Severity: cause.Warning, Linked: cause.Proven, Targets: []string{"orders7x2a/prod"}, Statement: "The stage throttled 3 % of requests.", Step: 4, Baseline: "mended"}},
		Efficiency: &analyze.Efficiency{Ratio: 0.9957, Bound: 459, Used: 461, Question: "whether api.example.com is consistent"},
		Config:     demoConfig(),
	}
	for _, f := range rep.Findings {
		rep.Verdict = append(rep.Verdict, f.Statement)
	}
	return rep
}

func canaryFinding() cause.Finding {
	return cause.Finding{
		Cause: cause.CanarySplit, Severity: cause.Error, Linked: cause.Proven, Step: 5, Baseline: "still there",
		Targets: []string{"orders7x2a/prod"}, Scenarios: []string{"GET /orders"},
		Statement: "Stage prod answers from its own deployment new2k4 and from its stale canary old1x9, which is 380 days older than it (10 % configured; 9 % measured, 4.4 % to 15.7 %). By the logs, 36 of 36 answers of the canary deviate against 0 of 365 of the own deployment.",
		Differs: []cause.Difference{
			canaryDiffers("/version", "2", "1"), canaryDiffers("x-backend-version", "2", "1"),
			canaryDiffers("/items/*/total type", "number", "(absent)"), canaryDiffers(`/items/*/total holds "12.5"`, "occurs", "(absent)"),
		},
		Statistics: &cause.Statistics{
			Test: "link e-value, estimated share", Statistic: 119.6, PValue: ptr(3.6e-52), Effect: 1, N: 401, EValue: 9.1e51, Posterior: 1,
			Share: &cause.Interval{Estimate: 0.0898, Low: 0.0438, High: 0.157, Method: "Jeffreys-mixture confidence sequence"}, Configured: ptr(0.1),
			Table: &cause.Table{Rows: []string{"GET /orders: 200 [ea9bb07e]", "GET /orders: 200 [66d86484]"}, Columns: []string{"base", "canary", "unknown"}, Counts: [][]int{{365, 0, 0}, {0, 36, 0}}},
		},
		Evidence: []string{
			"configuration: stage prod deploymentId new2k4, canarySettings percentTraffic 10, deploymentId old1x9",
			"request 00f92e5e-5290-42ee-9799-aaf8c5beb2d5 to orders7x2a/prod at 03:00:05Z answered 200: served by the canary",
			"log API-Gateway-Execution-Logs_orders7x2a/prod/Canary: (00f92e5e-5290-42ee-9799-aaf8c5beb2d5) stage prod",
		},
		Remedy: []cause.Remedy{
			{Text: "Remove the canary: stage prod of orders7x2a serves its own deployment new2k4 to everyone.", Command: "aws apigateway update-stage --rest-api-id orders7x2a --stage-name prod --patch-operations op=remove,path=/canarySettings --region us-east-1", Changes: "the 10 % of requests that the canary answered go back to the stage's deployment", Leaves: "the canary's deployment stays in the history", Undo: "aws apigateway update-stage --rest-api-id orders7x2a --stage-name prod --patch-operations op=replace,path=/canarySettings/deploymentId,value=old1x9 op=replace,path=/canarySettings/percentTraffic,value=10.0 --region us-east-1", Warning: "touches all traffic of stage prod of orders7x2a as soon as it has propagated"},
			{Text: "Promote the canary: stage prod of orders7x2a serves deployment old1x9 to everyone.", Command: "aws apigateway update-stage --rest-api-id orders7x2a --stage-name prod --patch-operations op=replace,path=/canarySettings/percentTraffic,value=0.0 op=copy,from=/canarySettings/deploymentId,path=/deploymentId --region us-east-1"},
			{Then: true, Text: "Then remove the canary's settings, which promotion leaves behind.", Command: "aws apigateway update-stage --rest-api-id orders7x2a --stage-name prod --patch-operations op=remove,path=/canarySettings --region us-east-1"},
		},
	}
}

func canaryDiffers(where, usual, other string) cause.Difference {
	return cause.Difference{Scenario: "GET /orders", Where: where, Usual: usual, Other: other, Counts: map[string]cause.DifferenceCount{
		"own deployment": {Other: 0, All: 365}, "canary": {Other: 36, All: 36},
	}}
}

func wrongStageFinding() cause.Finding {
	return cause.Finding{
		Cause: cause.WrongStage, Severity: cause.Error, Linked: cause.Proven, Step: 1, Baseline: "new",
		Targets: []string{"api.example.com"}, Scenarios: []string{"GET /health", "GET /orders"},
		Statement: "api.example.com is meant to serve stage prod, but its mapping leads to stage dev. Its 461 answers fit the answers of stage dev and not those of stage prod.",
		Statistics: &cause.Statistics{Test: "profile likelihood ratio", Statistic: 1264, Effect: 1, N: 461, EValue: 1e300, Table: &cause.Table{
			Rows: []string{"GET /health: 200", "GET /orders: 200 [0245b0e2]", "GET /orders: 200 [ea9bb07e]", "GET /orders: 200 [66d86484]"}, Columns: []string{"api.example.com", "orders7x2a/prod"}, Counts: [][]int{{218, 58}, {243, 0}, {0, 365}, {0, 36}},
		}},
		Evidence: []string{"configuration: api.example.com leads to stage dev of API orders7x2a, meant is stage prod of API orders7x2a"},
		Remedy:   []cause.Remedy{{Text: "Lead https://api.example.com/ to stage prod of orders7x2a instead of stage dev of orders7x2a.", Command: "aws apigateway update-base-path-mapping --domain-name api.example.com --base-path '(none)' --patch-operations op=replace,path=/stage,value=prod --region us-east-1", Undo: "aws apigateway update-base-path-mapping --domain-name api.example.com --base-path '(none)' --patch-operations op=replace,path=/stage,value=dev --region us-east-1"}},
	}
}

func autoDeployFinding() cause.Finding {
	return cause.Finding{
		Cause: cause.AutoDeployOff, Severity: cause.Warning, Linked: cause.ConsistentWith, Step: 3,
		Targets: []string{"web9h1/$default"}, Scenarios: []string{},
		Statement: "Automatic deployment of stage $default is off, and 1 edit waits in the editor. Waiting: GET /offers added.",
		Evidence:  []string{"configuration: stage $default autoDeploy false, deployment h77abc"},
		Settles:   "one request to GET /offers", Alternatives: []cause.Alternative{{Cause: cause.AccessDenied, Posterior: 0.04}},
		Remedy: []cause.Remedy{{Text: "Deploy the edits by hand.", Command: "aws apigatewayv2 create-deployment --api-id web9h1 --stage-name '$default' --region us-east-1"}, {Text: "Or ask the team that owns the API why it is off."}},
	}
}

func demoConfig() *analyze.Config {
	day := 24 * time.Hour
	return &analyze.Config{
		APIs: []analyze.ConfigAPI{
			{
				ID: "orders7x2a", Name: "orders", Kind: probe.REST,
				Stages: []analyze.ConfigStage{
					{Name: "dev", DeploymentID: "dev3m7", Deployed: began.Add(-60 * day), LoggingLevel: "INFO", Newer: []string{"new2k4"}},
					{Name: "prod", DeploymentID: "new2k4", Deployed: began.Add(-20 * day), LoggingLevel: "INFO", Canary: &analyze.Canary{Percent: 10, DeploymentID: "old1x9"}, CanaryCreated: began.Add(-400 * day)},
				},
				Matrix: []analyze.Setting{
					{Setting: "variables.backend", Values: map[string]string{"dev": "beta", "prod": "live"}, Matters: "linked"},
					{Setting: "access_log", Values: map[string]string{"dev": "off", "prod": "on"}, Matters: "cosmetic"},
					{Setting: "tracing", Values: map[string]string{"dev": "on", "prod": "off"}, Intended: true},
				},
				Deployments: []analyze.DeploymentUse{
					{ID: "new2k4", Created: began.Add(-20 * day), Description: "release 2.4", UsedBy: []string{"prod"}},
					{ID: "old1x9", Created: began.Add(-400 * day), Description: "canary of the autumn release", UsedBy: []string{"prod (canary)"}},
					{ID: "unused1", Created: began.Add(-500 * day)},
				},
				Pending: map[string][]analyze.Pending{"dev": {{
					Subject: "GET /orders", Aspect: "integration.uri",
					Editor: "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:orders-v2/invocations",
					Stage:  "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:orders-beta/invocations",
					Before: "answers come from orders-beta", After: "answers come from orders-v2", Seen: "1 request was answered as before the edit",
				}}},
				Unreadable: []string{"models of stage dev: the export holds none"},
			},
			{ID: "web9h1", Kind: probe.HTTP, Stages: []analyze.ConfigStage{{Name: "$default", DeploymentID: "h77abc", AutoDeploy: ptr(false)}}},
		},
		Domains: []analyze.ConfigDomain{
			{Name: "api.example.com", Mappings: []probe.Mapping{{APIID: "orders7x2a", Stage: "dev"}},
				EndpointTypes: []string{"REGIONAL"}, SecurityPolicy: "TLS_1_2", Paths: []analyze.DomainPath{
					{Path: "/", When: "x-version: beta*", APIID: "orders7x2a", Stage: "dev", By: "rule of priority 10"}, {Path: "/", APIID: "orders7x2a", Stage: "dev", By: "mapping"},
				}},
			{Name: "old.example.com", Note: "leads nowhere: no mapping and no routing rule"},
		},
		Edits: []probe.Edit{{APIID: "orders7x2a", Event: "PutIntegration", Who: "arn:aws:iam::123456789012:user/dana", At: began.Add(-2 * day)}},
	}
}

func consistentReport() *analyze.Report {
	rep := &analyze.Report{
		Schema: analyze.ReportSchema, Outcome: analyze.Consistent, Run: run(459, "decided"), Steps: sixSteps(nil),
		Verdict: []string{"The target answers alike: 459 requests, none deviating; at most 1 % of requests could differ (99 % confidence)."},
		Logs:    analyze.Logs{Note: "logs were not read: --logs off"},
		Targets: []analyze.Target{{
			ID: "abc123/prod", URL: "https://abc123.execute-api.eu-west-1.amazonaws.com/prod", Kind: probe.InvokeURL, APIID: "abc123", APIKind: probe.REST,
			Stage: "prod", DeploymentID: "d1", Requests: 459, Claim: ptr(0.00998),
		}},
	}
	for i := range 9 {
		rep.Targets[0].Clusters = append(rep.Targets[0].Clusters, analyze.Cluster{
			ID: "c0ffee", Scenario: fmt.Sprintf("GET /item/%d", i), Count: 51, Share: 1, ShareLow: 0.87, ShareHigh: 1, Status: 200, Producer: "integration", Reference: true,
		})
	}
	return rep
}

func inconclusiveReport() *analyze.Report {
	rep := consistentReport()
	rep.Outcome, rep.ExitCode, rep.Run.Stopped, rep.Run.Failed = analyze.Inconclusive, 3, "budget", 4
	rep.Verdict = []string{"Undecided: abc123/prod has two behaviours, and the canary and the backend explain them alike."}
	rep.Targets[0].Claim = nil
	rep.Targets[0].Canary = &analyze.Canary{Percent: 5}
	rep.Targets[0].Clusters = []analyze.Cluster{
		{ID: "aa", Scenario: "GET /", Count: 57, Share: 0.95, ShareLow: 0.8, ShareHigh: 0.99, Status: 200, Producer: "integration", Reference: true},
		{ID: "bb", Scenario: "GET /", Count: 3, Share: 0.05, ShareLow: 0.01, ShareHigh: 0.2, Status: 502, Producer: "gateway", GatewayResponse: ptr("INTEGRATION_FAILURE"), ErrorType: ptr("InternalServerErrorException")},
		{ID: "cc", Scenario: "GET /x", Count: 4, Share: 1, ShareLow: 0.3, ShareHigh: 1, Producer: "network", Reference: true},
	}
	rep.Open = []analyze.Question{
		{Target: "abc123/prod", Text: "abc123/prod has two behaviours, and the canary and the backend explain them alike.", Leader: "canary-split", Percent: 71, More: 240, Enable: "execution logging at level INFO on stage prod"},
	}
	rep.Steps = sixSteps(nil)
	rep.Steps[4].Status, rep.Steps[4].Note = "unknown", "a canary of 5 % is configured; without logs it cannot be told apart from a flaky backend"
	return rep
}

func interruptedReport() *analyze.Report {
	rep := demoReport()
	rep.Run.Stopped, rep.ExitCode = "interrupted", 130
	rep.Findings, rep.Verdict = rep.Findings[:1], rep.Verdict[:1]
	rep.Verdict = append(rep.Verdict, "Interrupted after 976 requests, before every question was decided.")
	rep.Expectations, rep.Mended, rep.Config = nil, nil, nil
	return rep
}

func inspectReport() *analyze.Report {
	return &analyze.Report{
		Schema: analyze.ReportSchema, Outcome: analyze.Inconclusive, Run: analyze.Run{ID: "inspect-1", Started: began, Ended: began, Stopped: "decided", Confidence: 0.99},
		Verdict:  []string{autoDeployFinding().Statement, "No request was sent, so nothing can be said of behaviour."},
		Findings: []cause.Finding{autoDeployFinding()}, Steps: sixSteps(map[int]string{3: "auto-deploy-off on web9h1/$default"}), Logs: analyze.Logs{Note: "logs were not read"}, Config: demoConfig(),
	}
}

func waitReport() *analyze.Report {
	rep := consistentReport()
	shares := make([]float64, 40)
	for i := range shares {
		shares[i] = max(0, 1-float64(i)/20)
	}
	shares[5] = -1
	rep.Verdict = []string{"abc123/prod: switched between 03:00:20.100Z and 03:00:20.300Z; 459 new answers since, at most 1 % could still be old (99 % confidence)."}
	rep.Wait = []analyze.Convergence{{
		Target: "abc123/prod", New: 700, Old: 241, Unknown: 3, Since: 459, Needed: 459, Converged: true, OldAtMost: 0.00998,
		LastOld: began.Add(20100 * time.Millisecond), FirstNew: began.Add(20300 * time.Millisecond), Shares: shares,
	}}
	return rep
}

// estateReport is an inspection of 200 APIs with four stages each, some of which need
// attention.
func estateReport(bad int) *analyze.Report {
	rep := &analyze.Report{
		Schema: analyze.ReportSchema, Outcome: analyze.Inconclusive, Config: &analyze.Config{},
		Run: analyze.Run{ID: "inspect-2", Started: began, Ended: began, Stopped: "decided", Confidence: 0.99},
	}
	for i := range 200 {
		id := fmt.Sprintf("api%07d", i)
		api := analyze.ConfigAPI{ID: id, Name: fmt.Sprintf("service %04d", i), Kind: "REST", AccountID: "123456789012", Region: "us-east-1", Pending: map[string][]analyze.Pending{}}
		for _, stage := range []string{"prod", "staging", "test", "dev"} {
			s := analyze.ConfigStage{Name: stage, DeploymentID: "dep001", Deployed: began.AddDate(0, 0, -90)}
			target := id + "/" + stage
			rep.Targets = append(rep.Targets, analyze.Target{ID: target, APIID: id, APIName: api.Name, Stage: stage, AccountID: api.AccountID, Region: api.Region})
			if n := len(rep.Findings); n < bad {
				f := autoDeployFinding()
				f.Cause, f.Targets = cause.StaleDeployment, []string{target}
				if n%2 == 0 {
					f.Severity = cause.Error
				}
				rep.Findings = append(rep.Findings, f)
				api.Pending[stage] = []analyze.Pending{{Subject: "GET /orders", Aspect: "added"}}
			}
			api.Stages = append(api.Stages, s)
		}
		rep.Config.APIs = append(rep.Config.APIs, api)
	}
	rep.Conclude(cause.Error)
	return rep
}

// evil is what a body, a header, a name or a log line may hold: markup, markup
// of other formats, terminal escapes, bidirectional overrides, broken UTF-8.
// watchReport is of a watch that ends consistent, after a canary came and went.
func watchReport() *analyze.Report {
	rep := consistentReport()
	rep.Run.Stopped = "duration"
	prod := []string{"orders7x2a/prod"}
	fine, split := analyze.State{Outcome: analyze.Consistent, Causes: []cause.ID{}}, analyze.State{Outcome: analyze.Inconsistent, Causes: []cause.ID{cause.CanarySplit}}
	rep.Changes = []analyze.Change{
		{
			Kind: analyze.ChangedVerdict, Targets: prod, At: began.Add(-3 * time.Hour), Noticed: began.Add(-3*time.Hour + 90*time.Second), Severity: "error", Before: fine, After: split,
			Event:     &analyze.ConfigChange{At: began.Add(-3 * time.Hour), Subject: "stage orders7x2a/prod", Text: "stage orders7x2a/prod got a canary of 20 % with deployment old1x9"},
			Statement: "orders7x2a/prod: inconsistent since 00:00:00Z: canary-split. By the configuration, stage orders7x2a/prod got a canary of 20 % with deployment old1x9 at 00:00:00Z.",
		},
		{
			Kind: analyze.ChangedVerdict, Targets: prod, At: began.Add(-time.Hour), Noticed: began.Add(-time.Hour + 2*time.Minute), Severity: "ok", Before: split, After: fine,
			Statement: "orders7x2a/prod: consistent again since 02:00:00Z: canary-split is over.",
		},
		{
			Kind: analyze.ChangedNetwork, Targets: []string{}, At: began.Add(-time.Minute), Noticed: began.Add(-time.Minute), Severity: "ok",
			Before: analyze.State{Causes: []cause.ID{}}, After: analyze.State{Causes: []cause.ID{}},
			Statement: "the network is back: orders7x2a.execute-api.us-east-1.amazonaws.com can be reached",
		},
	}
	return rep
}

const evil = "<script>alert(1)</script>\"'`|*_[x](javascript:alert(1))\x1b]0;pwned\x07\x1b[31mred\u202eoverride\x00\xff%0A::error::x\r\n]]>&amp;日本語"

func hostileReport() *analyze.Report {
	rep := demoReport()
	long := strings.Repeat("long", 500)
	rep.Verdict = []string{evil, long}
	rep.Run.Version, rep.Run.ID = evil, evil
	rep.Notes = []string{evil, long}
	rep.Changes = []analyze.Change{{Kind: evil, Targets: []string{evil}, Severity: evil, Statement: evil, Event: &analyze.ConfigChange{Subject: evil, Text: evil}}}
	rep.Open = []analyze.Question{{Target: evil, Text: evil, Enable: evil}}
	rep.Logs.Note = evil
	rep.Logs.Groups[0].Name = evil
	for i := range rep.Steps {
		rep.Steps[i].Note = evil
	}
	for i := range rep.Targets {
		t := &rep.Targets[i]
		t.ID, t.URL, t.Stage, t.DeploymentID = evil+fmt.Sprint(i), "javascript:"+evil, evil, evil
		for j := range t.Clusters {
			c := &t.Clusters[j]
			c.Scenario, c.Producer, c.GatewayResponse, c.RequestIDExample, c.Served.Stage = evil, evil, ptr(evil), evil, evil
			c.Example = &analyze.Example{Header: []probe.Header{{Name: evil, Value: evil}}, Body: evil + long, Differs: []analyze.FieldDiff{{Field: evil, Usual: evil, Here: evil}}}
		}
	}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		f.Differs = []cause.Difference{{Scenario: evil, Where: evil, Usual: evil, Other: long, Counts: map[string]cause.DifferenceCount{evil: {Other: 1, All: 2}}}}
		f.Statement, f.Settles, f.Evidence, f.Targets, f.Scenarios = evil, evil, []string{evil, long}, []string{evil}, []string{evil}
		for j := range f.Remedy {
			f.Remedy[j] = cause.Remedy{Text: evil, Command: "aws " + evil, Changes: evil, Leaves: evil, Undo: evil, Warning: evil}
		}
		if f.Statistics != nil {
			f.Statistics.Test = evil
			f.Statistics.Table = &cause.Table{Rows: []string{evil, long}, Columns: []string{evil, evil}, Counts: [][]int{{1}}}
		}
	}
	for i := range rep.Expectations {
		rep.Expectations[i].Observed = evil
	}
	rep.Config.APIs[0].Name = evil
	rep.Config.APIs[0].Matrix[0].Values = map[string]string{evil: evil, "dev": long}
	rep.Config.Domains[0].Name = evil
	return rep
}
