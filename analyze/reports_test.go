package analyze_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze"
	"stageprobe/probe"
	"stageprobe/probe/recording"
)

// golden holds what is reported against a file of testdata.
func golden(t *testing.T, name string, value any) {
	t.Helper()
	got, err := json.MarshalIndent(value, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	path := "testdata/" + name + ".golden"
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(want)), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s\n(go test ./analyze -run %s -update writes it anew)", diff, t.Name())
	}
}

var began = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

// mixedSnapshot is a configuration with a canary, edits that wait, stages that differ, an
// HTTP API, and domains that lead to stages in every way.
func mixedSnapshot() probe.Snapshot {
	route := func(function string) probe.Route {
		return probe.Route{Authorization: "NONE", Integration: probe.Integration{Type: "AWS_PROXY", Method: "POST", TimeoutMS: 29000,
			URI: "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:" + function + "/invocations"}}
	}
	serves := func(orders string) *probe.Definition {
		return &probe.Definition{Source: "GetExport", Routes: map[string]probe.Route{"GET /orders": route(orders), "GET /items": route("items")}}
	}
	day := func(n int) time.Time { return began.Add(time.Duration(-n) * 24 * time.Hour) }
	editor := serves("orders-v3")
	editor.Source, editor.Routes["GET /new"] = "GetResources", route("new")
	return probe.Snapshot{
		Region: "eu-west-1", Taken: began.Add(-time.Minute),
		APIs: []probe.API{{
			ID: "rest7k2m4a", Name: "orders", Kind: probe.REST, AccountID: "123456789012", EndpointTypes: []string{"REGIONAL"}, Status: "UPDATING",
			Tags: map[string]string{"aws:cloudformation:stack-name": "orders"}, Other: map[string]string{"newMember": "1"}, Editor: editor,
			Deployments: []probe.Deployment{{ID: "d4", Created: day(1), Description: "not used"}, {ID: "d3", Created: day(2), Description: "canary"}, {ID: "d2", Created: day(10)}, {ID: "d1", Created: day(40)}},
			Stages: []probe.Stage{
				{Name: "prod", DeploymentID: "d2", Canary: &probe.Canary{Percent: 20, DeploymentID: "d3", Variables: map[string]string{"flag": "on"}}, Variables: map[string]string{"flag": "off", "backend": "a"}, Updated: day(2),
					Methods: map[string]probe.MethodSettings{"*/*": {LoggingLevel: "INFO"}}, AccessLog: probe.AccessLog{Destination: "arn:aws:logs:eu-west-1:123456789012:log-group:prod", Format: "$context.requestId"},
					Deployed: serves("orders-v2"), CanaryDeployed: &probe.Definition{Source: "apisummary", Routes: map[string]probe.Route{"GET /orders": {Authorization: "NONE"}}, Unknown: []string{"integration"}}, CacheStatus: "FLUSH_IN_PROGRESS"},
				{Name: "dev", DeploymentID: "d1", Variables: map[string]string{"backend": "b"}, Updated: day(40), Methods: map[string]probe.MethodSettings{"*/*": {LoggingLevel: "ERROR"}}, Deployed: serves("orders-v1"), CacheStatus: "AVAILABLE",
					Other: map[string]string{"another": "2"}},
				{Name: "off", DeploymentID: "d3", Methods: map[string]probe.MethodSettings{"*/*": {LoggingLevel: "OFF"}}, CacheStatus: "NOT_AVAILABLE"},
			},
		}, {
			ID: "http9q1w2e", Name: "events", Kind: probe.HTTP, AccountID: "123456789012", Region: "eu-central-1", Status: "AVAILABLE",
			Stages:      []probe.Stage{{Name: probe.DefaultStage, DeploymentID: "h1", AutoDeploy: true, LastDeploymentStatus: "Successfully deployed", Deployed: serves("events")}},
			Deployments: []probe.Deployment{{ID: "h1", Created: day(3), AutoDeploy: true}},
		}},
		Domains: []probe.Domain{
			{Name: "api.example.com", MutualTLS: true, SecurityPolicy: "TLS_1_0", Mappings: []probe.Mapping{{APIID: "rest7k2m4a", Stage: "prod"}, {BasePath: "v1/long", APIID: "rest7k2m4a", Stage: "gone"}, {BasePath: "v1", APIID: "other00000", Stage: "x"}}},
			{Name: "rules.example.com", RoutingMode: "ROUTING_RULE_THEN_API_MAPPING", Mappings: []probe.Mapping{{APIID: "rest7k2m4a", Stage: "dev"}}, Rules: []probe.RoutingRule{
				{Priority: 30, APIID: "rest7k2m4a", Stage: "prod"}, {Priority: 10, APIID: "rest7k2m4a", Stage: "dev", Headers: []probe.HeaderMatch{{Name: "x-beta", Glob: "yes*"}, {Name: "x-user", Glob: "*"}}},
				{Priority: 20, APIID: "rest7k2m4a", Stage: "gone", BasePaths: []string{"a", "b"}}, {Priority: 40, APIID: "rest7k2m4a", Stage: "dev", BasePaths: []string{"c"}}}},
			{Name: "only.example.com", RoutingMode: "ROUTING_RULE_ONLY", Mappings: []probe.Mapping{{APIID: "rest7k2m4a", Stage: "dev"}}, Rules: []probe.RoutingRule{{Priority: 1, APIID: "rest7k2m4a", Stage: "gone"}, {Priority: 2, APIID: "rest7k2m4a", Stage: "prod"}}},
			{Name: "left.example.com", RoutingMode: "API_MAPPING_ONLY", Rules: []probe.RoutingRule{{Priority: 1, APIID: "rest7k2m4a", Stage: "prod"}}, Mappings: []probe.Mapping{{APIID: "rest7k2m4a", Stage: "prod"}}},
			{Name: "empty.example.com"},
			{Name: "unread.example.com"},
		},
		Edits: []probe.Edit{{APIID: "rest7k2m4a", Event: "PutIntegration", Who: "ana", At: day(5)}, {APIID: "rest7k2m4a", Event: "PutMethod", At: day(6)}, {APIID: "rest7k2m4a", Event: "UpdateStage", At: day(1)}, {APIID: "http9q1w2e", Event: "UpdateRoute", At: day(4)}},
		History: &probe.History{Changes: []probe.Change{{Event: "UpdateStage", At: day(1), APIID: "rest7k2m4a", Stage: "prod"}, {Event: "UpdateStage", At: day(2), APIID: "rest7k2m4a", Stage: "prod"},
			{Event: "UpdateStage", At: day(3), APIID: "rest7k2m4a", Stage: "prod"}, {Event: "UpdateStage", At: day(4), APIID: "rest7k2m4a", Stage: "prod"}, {Event: "CreateDomainName", At: day(9), Domain: "api.example.com"}}},
		Gaps: []probe.Gap{{Operation: "GetBasePathMappings", Subject: "domain unread.example.com", Err: "HTTP 503", Reason: "unreachable", Costs: "where it leads", GapOf: probe.GapOf{Domain: "unread.example.com"}},
			{Operation: "GetStages", Subject: "API a", Action: "apigateway:GET", Err: "denied", Reason: "denied", Costs: "its stages"}, {Operation: "GetStages", Subject: "API b", Action: "apigateway:GET", Err: "denied", Reason: "denied", Costs: "its stages"},
			{Operation: "GetStages", Subject: "API c", Action: "apigateway:GET", Err: "denied", Reason: "denied", Costs: "its stages"}, {Operation: "GetStages", Subject: "API d", Action: "apigateway:GET", Err: "denied", Reason: "denied", Costs: "its stages"}},
	}
}

// judge expects of every target what it is given.
type judge struct {
	expectations []analyze.Expectation
	seen         *int
	refused      string // scenario
}

func (j judge) Observe(*probe.Observation)                  { *j.seen++ }
func (j judge) Refusal(_, scenario string) bool             { return scenario == j.refused }
func (j judge) Judge(*analyze.Report) []analyze.Expectation { return j.expectations }

// mixedRun is a run over that configuration from two machines: a canary that answers
// otherwise, failures in the middle and at random, throttles, requests without an answer, a
// domain that leads to another stage, and logs that hold part of it all.
func mixedRun(policy analyze.Policy) (*analyze.Session, probe.Evidence) {
	snap := mixedSnapshot()
	plan := probe.Plan{Seed: 11, Requests: 400, Rate: 20, Targets: []probe.Target{
		{ID: "rest7k2m4a/prod", URL: "https://rest7k2m4a.execute-api.eu-west-1.amazonaws.com/prod", Kind: probe.InvokeURL, APIID: "rest7k2m4a", APIKind: probe.REST, Stage: "prod", DeploymentID: "d2", Canary: snap.APIs[0].Stages[0].Canary},
		{ID: "rest7k2m4a/dev", URL: "https://rest7k2m4a.execute-api.eu-west-1.amazonaws.com/dev", Kind: probe.InvokeURL, APIID: "rest7k2m4a", APIKind: probe.REST, Stage: "dev", DeploymentID: "d1"},
		{ID: "http9q1w2e/$default", URL: "https://http9q1w2e.execute-api.eu-central-1.amazonaws.com", Kind: probe.InvokeURL, APIID: "http9q1w2e", APIKind: probe.HTTP, Stage: probe.DefaultStage, DeploymentID: "h0"},
		{ID: "api.example.com", URL: "https://api.example.com", Kind: probe.CustomDomain, APIID: "rest7k2m4a", APIKind: probe.REST, Stage: "prod", DeploymentID: "d2", Meant: &probe.StageRef{APIID: "rest7k2m4a", Stage: "prod"}},
		{ID: "unasked.example.com", URL: "https://unasked.example.com", Kind: probe.CustomDomain},
	}, Scenarios: []probe.Scenario{
		{Name: "orders", Method: "GET", Path: "/orders", Weight: 2, Route: "GET /orders", Targets: []string{"rest7k2m4a/prod", "rest7k2m4a/dev", "http9q1w2e/$default", "api.example.com"}},
		{Name: "items", Method: "GET", Path: "/items", Route: "GET /items", Targets: []string{"rest7k2m4a/prod", "rest7k2m4a/dev"}},
		{Name: "new", Method: "GET", Path: "/new", Limit: 3, Targets: []string{"rest7k2m4a/prod"}, Confirms: "editor-only route GET /new"},
		{Name: "secret", Method: "GET", Path: "/secret", Uncredentialed: true, Targets: []string{"rest7k2m4a/dev"}},
	}}
	s := analyze.NewSession(plan, snap, policy)
	rng := rand.New(rand.NewPCG(3, 4))
	ev := probe.Evidence{Notes: []string{"a note of the logs"}}
	log := func(r probe.LogRecord, o *probe.Observation, lag time.Duration) {
		r.RequestID, r.Time = o.MintedID, o.Due
		if lag > 0 {
			r.Ingested = o.Due.Add(lag)
		}
		ev.Records = append(ev.Records, r)
	}
	for seq := range uint64(900) {
		minted := probe.MintedID(plan.Seed, seq)
		o := probe.Observation{Machine: fmt.Sprintf("m%d", rng.IntN(2)), Seq: seq, Due: began.Add(time.Duration(seq) * 50 * time.Millisecond), Sent: time.Millisecond, TTFB: 20 * time.Millisecond,
			Took: time.Duration(20+rng.IntN(60)) * time.Millisecond, Rate: 20, Conn: 1 + rng.IntN(4), ConnN: 1 + int(seq/4), RemoteIP: fmt.Sprintf("192.0.2.%d:443", 1+rng.IntN(3)), Proto: "HTTP/2.0",
			Outcome: probe.OutcomeResponse, Status: 200, MintedID: minted, Target: plan.Targets[rng.IntN(4)].ID, Scenario: "orders",
			Header: []probe.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "x-amzn-RequestId", Value: minted}, {Name: "x-amz-apigw-id", Value: fmt.Sprintf("A%d=", seq)}}}
		fails := func(status int, kind string) {
			o.Status, o.Body = status, []byte(`{"message":"`+map[int]string{429: "Too Many Requests", 403: "Missing Authentication Token", 502: "Internal server error", 504: "Endpoint request timed out"}[status]+`"}`)
			if kind != "" {
				o.Header = append(o.Header, probe.Header{Name: "x-amzn-ErrorType", Value: kind})
			}
		}
		lost := func(out probe.Outcome) { o.Outcome, o.Status, o.Header, o.Body, o.TTFB = out, 0, nil, nil, 0 }
		canary := rng.IntN(5) == 0
		version := 1
		if canary {
			version = 2
		}
		o.Body = fmt.Appendf(nil, `{"version":%d,"took":%d}`, version, rng.IntN(900))
		record := probe.LogRecord{Source: probe.ExecutionLog, APIID: "rest7k2m4a", Stage: "prod", IntegrationCalled: ptr(true)}
		switch o.Target {
		case "rest7k2m4a/prod":
			if rng.IntN(3) == 0 {
				o.Scenario, o.Body = "items", []byte(`{"items":[1,2]}`)
			}
			if seq%40 == 7 {
				o.Scenario = "new"
				fails(403, "MissingAuthenticationTokenException")
				break
			}
			record.GroupCanary = canary
			log(record, &o, time.Duration(100+rng.IntN(400))*time.Millisecond)
			access := probe.LogRecord{Source: probe.AccessLogSrc, APIID: "rest7k2m4a", Stage: "prod", Canary: &canary, DeploymentID: map[bool]string{true: "d3", false: "d2"}[canary]}
			if rng.IntN(10) == 0 {
				access.Canary = ptr(!canary) // what the two logs say differs
			}
			if rng.IntN(2) == 0 {
				log(access, &o, 0)
			}
		case "rest7k2m4a/dev":
			o.Body = []byte(`{"version":0}`)
			record.Stage = "dev"
			switch {
			case rng.IntN(4) == 0:
				o.Scenario = "secret"
				fails(403, "MissingAuthenticationTokenException")
			case rng.IntN(6) == 0:
				o.Scenario = "items"
				fails(502, "InternalServerErrorException")
				record.GatewayResponse = []string{"INTEGRATION_FAILURE", "INTEGRATION_FAILURE", ""}[rng.IntN(3)]
				log(record, &o, 300*time.Millisecond)
			case seq > 400 && seq < 460:
				fails(504, "")
				record.GatewayResponse = []string{"INTEGRATION_TIMEOUT", "DEFAULT_5XX"}[rng.IntN(2)]
				log(record, &o, 200*time.Millisecond)
			}
		case "http9q1w2e/$default":
			o.Body = []byte(`{"events":true}`)
			o.Header = []probe.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "apigw-requestid", Value: fmt.Sprintf("H%d=", seq)}}
			switch n := rng.IntN(30); {
			case n == 0:
				lost(probe.OutcomeTimeout)
			case n == 1:
				lost(probe.OutcomeLocal)
			case n < 4:
				fails(429, "")
			}
		case "api.example.com":
			if rng.IntN(2) == 0 {
				o.Body, record.Stage = []byte(`{"version":0}`), "dev"
			}
			log(record, &o, time.Second)
		}
		o.BodySize = int64(len(o.Body))
		s.Add(&o)
	}
	end := began.Add(900 * 50 * time.Millisecond)
	ev.ReadAt = end.Add(500 * time.Millisecond)
	ev.Groups = []probe.LogGroup{
		{Name: "API-Gateway-Execution-Logs_rest7k2m4a/prod", Source: probe.ExecutionLog, APIID: "rest7k2m4a", Stage: "prod", Exists: true, Events: 800, Watermark: end},
		{Name: "API-Gateway-Execution-Logs_rest7k2m4a/prod/Canary", Source: probe.ExecutionLog, APIID: "rest7k2m4a", Stage: "prod", Canary: true, Exists: true, Events: 90, Watermark: end.Add(-3 * time.Second)},
		{Name: "API-Gateway-Execution-Logs_rest7k2m4a/dev", Source: probe.ExecutionLog, APIID: "rest7k2m4a", Stage: "dev", Exists: true, Events: 70, Watermark: end},
		{Name: "API-Gateway-Execution-Logs_rest7k2m4a/off", Source: probe.ExecutionLog, APIID: "rest7k2m4a", Stage: "off"},
	}
	ev.Gaps = []probe.Gap{{Operation: "FilterLogEvents", Subject: "log group prod", Action: "logs:FilterLogEvents", Err: "denied", Costs: "what it holds"}}
	return s, ev
}

// reported is a report without its words, which are held elsewhere.
func reported(rep *analyze.Report) map[string]any {
	causes := []string{}
	for _, f := range rep.Findings {
		causes = append(causes, fmt.Sprintf("%s %s on %s of %s, step %d, %s %s", f.Severity, f.Cause, strings.Join(f.Targets, ","), strings.Join(f.Scenarios, ","), f.Step, f.Linked, f.Baseline))
	}
	steps := []string{}
	for _, s := range rep.Steps {
		steps = append(steps, s.Status)
	}
	return map[string]any{"run": rep.Run, "targets": rep.Targets, "logs": rep.Logs, "config": rep.Config, "findings": causes, "steps": steps, "efficiencies": rep.Efficiencies,
		"expectations": rep.Expectations, "outcome": rep.Outcome, "exit": rep.ExitCode, "notes": len(rep.Notes), "open": len(rep.Open), "wait": rep.Wait, "no_answer": rep.NoAnswer}
}

// TestWholeRun holds the report of a run with failures, gaps and an HTTP API.
func TestWholeRun(t *testing.T) {
	seen := 0
	s, ev := mixedRun(analyze.Policy{Judge: judge{seen: &seen, refused: "secret", expectations: []analyze.Expectation{
		{Scenario: "items", Target: "rest7k2m4a/dev", Expectation: "status 200", Met: ptr(false), Observed: "502 at times."},
		{Scenario: "items", Target: "rest7k2m4a/prod", Expectation: "status 201", Met: ptr(false), Observed: "200."},
		{Scenario: "orders", Target: "rest7k2m4a/prod", Expectation: "status 200", Met: ptr(true)},
		{Scenario: "orders", Target: "http9q1w2e/$default", Expectation: "a header", Observed: "could not be told"},
	}}})
	early := s.Report(analyze.Ending{RunID: "early", Started: began, Ended: began, Stopped: "interrupted"}) // no logs yet
	s.SetEvidence(ev)
	late := mixedSnapshot()
	late.APIs[1].Stages[0].DeploymentID = "h1"
	s.SetSnapshot(late)
	progress := s.Progress()
	rep := s.Report(analyze.Ending{RunID: "run", Started: began, Ended: began.Add(time.Minute), Stopped: "budget", Lost: 4, Notes: []string{"a note", "a note"},
		Vantages: []probe.Vantage{{Name: "m1", Region: "eu-west-1"}, {Name: "m0", Region: "us-east-1"}}, Stood: &recording.Stood{Questions: map[string]int{}}})
	first := reported(early)
	delete(first, "config")
	golden(t, "run", map[string]any{
		"seen": seen, "without logs": first, "whole": reported(rep), "ids": len(s.RequestIDs()), "unlabelled": len(s.Unlabelled()), "allowance": s.Allowance(), "settled": s.LogsSettled(), "draws": s.Draws(),
		"worth reading": s.WorthReading(), "progress": map[string]any{"sent": progress.Sent, "budget": progress.Budget, "targets": progress.Targets, "decided": progress.Decided, "open": progress.Open,
			"matched": progress.LogsMatched, "wanted": progress.LogsWanted},
	})
}

// TestWholeConfiguration holds the report of the configuration alone, the risks in it, and
// what several reports are together.
func TestWholeConfiguration(t *testing.T) {
	whole := analyze.Inspect(mixedSnapshot(), analyze.Policy{})
	calm := analyze.Inspect(probe.Snapshot{Region: "eu-west-1", Taken: began, APIs: []probe.API{{ID: "calm000000", Kind: probe.HTTP, Stages: []probe.Stage{{Name: "a", DeploymentID: "d"}}, Deployments: []probe.Deployment{{ID: "d", Created: began.Add(-24 * time.Hour)}}}}}, analyze.Policy{})
	unread := analyze.Inspect(probe.Snapshot{Taken: began, Gaps: []probe.Gap{{Operation: "GetRestApis", Subject: "eu-west-1", Err: "x", Reason: "expired"}, {Operation: "GetTags", Subject: "eu-west-1", Err: "x", Reason: "denied"}}}, analyze.Policy{})
	risks := map[string][]analyze.Risk{}
	for name, now := range map[string]time.Time{"at once": began.Add(-25 * time.Hour), "next day": began.Add(-24 * time.Hour), "same week": began.Add(5*24*time.Hour - time.Second), "next week": began.Add(5 * 24 * time.Hour), "on the day": began.Add(-time.Second)} {
		risks[name] = append(analyze.Risks(whole, now), analyze.Risks(calm, now)...)
	}
	risks["the riskiest comes first"] = analyze.Risks(analyze.Merge([]*analyze.Report{calm, whole}, ""), began)
	merged := func(parts ...*analyze.Report) map[string]any {
		rep := analyze.Merge(parts, "")
		out := reported(rep)
		delete(out, "config")
		delete(out, "efficiencies")
		var targets []string
		for _, target := range rep.Targets {
			targets = append(targets, fmt.Sprint(target.ID, " ", target.Requests))
		}
		out["targets"] = targets
		out["verdict"], out["steps"] = rep.Verdict, rep.Steps
		if rep.Config != nil {
			out["apis"], out["domains"], out["edits"] = len(rep.Config.APIs), len(rep.Config.Domains), len(rep.Config.Edits)
		}
		return out
	}
	s, ev := mixedRun(analyze.Policy{})
	s.SetEvidence(ev)
	run := s.Report(analyze.Ending{RunID: "run", Started: began.Add(-time.Hour), Ended: began.Add(time.Minute), Stopped: "budget", Lost: 4})
	again := s.Report(analyze.Ending{RunID: "again", Started: began.Add(-2 * time.Hour), Ended: began.Add(2 * time.Minute), Stopped: "interrupted", Lost: 3})
	short := *run
	short.Steps, short.Config = short.Steps[:2], nil
	golden(t, "configuration", map[string]any{
		"whole": reported(whole), "calm": reported(calm), "calm verdict": calm.Verdict, "unread": reported(unread), "unread verdict": unread.Verdict, "risks": risks, "no risks": analyze.Risks(unread, began),
		"one": merged(calm), "two": merged(calm, calm), "three": merged(whole, calm, unread), "runs": merged(run, again), "again": merged(again, run, &short), "mixed": merged(calm, run),
	})
}
