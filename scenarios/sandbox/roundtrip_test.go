package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/logs/fetch"
)

// The round trip: what is planted in a world goes out through the data plane
// and the log service, and comes back through the reading of answers, the real
// SDK and the parsers of both logs.

const everyVariable = `{"requestId":"$context.requestId","extendedRequestId":"$context.extendedRequestId","apiId":"$context.apiId","stage":"$context.stage","deploymentId":"$context.deploymentId","isCanaryRequest":"$context.isCanaryRequest","domainName":"$context.domainName","httpMethod":"$context.httpMethod","path":"$context.path","resourcePath":"$context.resourcePath","status":"$context.status","errorMessage":$context.error.messageString,"responseType":"$context.error.responseType","integrationStatus":"$context.integration.status","serviceStatus":"$context.integration.integrationStatus","integrationLatency":"$context.integration.latency","integrationRequestId":"$context.integration.requestId","authorizerError":"$context.authorizer.error","wafResponseCode":"$context.wafResponseCode","requestTimeEpoch":"$context.requestTimeEpoch"}`

const logged = `logging: INFO, data_trace: true, access_log: {group: access-prod, format: '` + everyVariable + `'}`

const roundTripWorld = `
name: round-trip
title: every gateway response, logged in full
account: "111122223333"
logs: {delay: 0s}
apis:
  - id: trip123456
    definitions:
      v1: &v1
        models: {Order: '{"type":"object","required":["sku"],"properties":{"sku":{"type":"string"}}}'}
        authorizers: {gate: {id: gate01, function: gate, ttl: 0}}
        routes:
          "GET /ok/{id}": {backend: "good:live"}
          "GET /app": {backend: app}
          "GET /iam": {backend: good, authorization: AWS_IAM}
          "GET /gate": {backend: good, authorizer: gate}
          "GET /key": {backend: good, api_key: true}
          "GET /params": {backend: good, validate: params, params: {query.a: true}}
          "POST /body": {backend: good, validate: body, models: {application/json: Order}}
          "POST /media": {integration: {type: HTTP, uri: "https://good.internal.example.com", passthrough: NEVER, request_templates: {application/json: "$input.body"}, responses: {"200": {}}}}
          "GET /mapping": {integration: {type: HTTP, uri: "https://app.internal.example.com", responses: {"200": {pattern: "2.."}}}}
          "GET /timeout": {backend: slow}
          "GET /network": {backend: cut}
          "GET /function-error": {backend: throws}
          "GET /malformed": {backend: malformed}
          "GET /throttled": {backend: busy}
          "GET /permission": {backend: nobody}
          "GET /role": {backend: role}
          "GET /link": {backend: link}
          "GET /undeclared": {backend: undeclared}
          "GET /certificate": {backend: certificate}
          "GET /nested": {integration: {type: HTTP_PROXY, uri: "https://inner12345.execute-api.us-east-1.amazonaws.com/dev"}}
          "GET /gone": {backend: good, force: RESOURCE_NOT_FOUND}
      v2:
        <<: *v1
      own:
        <<: *v1
        gateway_responses:
          MISSING_AUTHENTICATION_TOKEN: {status: "404", templates: {application/json: '{"error":$context.error.messageString,"type":"$context.error.responseType"}'}}
          DEFAULT_5XX: {status: "503"}
      closed:
        <<: *v1
        policy: '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}'
    deployments:
      - {id: dep001, definition: v1, age: 5d}
      - {id: dep002, definition: own, age: 4d}
      - {id: dep003, definition: closed, age: 3d}
      - {id: dep004, definition: v2, age: 2d}
    stages:
      prod: {deployment: dep001, ` + logged + `}
      canary: {deployment: dep001, logging: INFO, canary: {percent: 100, deployment: dep004}, access_log: {group: access-canary, format: '` + everyVariable + `'}}
      own: {` + logged + `, deployment: dep002}
      closed: {` + logged + `, deployment: dep003}
      slow: {` + logged + `, methods: {"*/*": {logging: INFO, data_trace: true, rate: 0, burst: 0}}}
      wall: {` + logged + `, waf: {acl: "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/wall/1", header: x-attack}}
      quiet: {deployment: dep001, logging: ERROR}
      silent: {deployment: dep001, logging: "OFF"}
functions:
  gate: {tokens: {good: allow, no: deny, throw: unauthorized, bad: malformed, crash: error}}
signing: {keys: [AKIDGOOD], broken: [AKIDBAD], expired_tokens: [stale]}
api_keys: [{id: k1, name: k, value: key-with-quota-0001}, {id: k2, name: r, value: key-with-rate-00001}]
usage_plans: [{id: p1, name: p, stages: [trip123456/prod], keys: [k1], quota: 1}, {id: p2, name: q, stages: [trip123456/prod], keys: [k2], rate: 0.001, burst: 1}]
backends:
  good: {body: '{"ok":true}', versions: [{name: "42", weight: 1}]}
  app: {status: 404, body: '{"error":"no such order"}'}
  slow: {fail: {rate: 1, kind: timeout}}
  cut: {fail: {rate: 1, kind: network}}
  throws: {fail: {rate: 1, kind: function-error}}
  malformed: {fail: {rate: 1, kind: malformed}}
  busy: {fail: {rate: 1, kind: throttle}}
  role: {fail: {rate: 1, kind: role}}
  link: {fail: {rate: 1, kind: unreachable}}
  undeclared: {fail: {rate: 1, kind: undeclared}}
  certificate: {fail: {rate: 1, kind: certificate}}
  inner12345: {nested_gateway: true}
`

// trip is one request and what it must come back as.
type trip struct {
	request, body string
	headers       []string

	status   int
	response string // the answer's gateway response type, as far as an answer tells
	logged   string // the access log's; "" where it is the same
	producer string
	error    string // in the execution log; "-" where no such log is written
	auth     string
	plan     string

	id string // minted
}

const roundTripHost = "https://trip123456.execute-api.us-east-1.amazonaws.com"

func trips() []*trip {
	signed := func(key string) string {
		return "Authorization: AWS4-HMAC-SHA256 Credential=" + key + "/20260101/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=00"
	}
	const key, rated = "x-api-key: key-with-quota-0001", "x-api-key: key-with-rate-00001"
	return []*trip{
		{request: "GET /prod/ok/7", status: 200, producer: "integration", plan: "not-required"},
		{request: "GET /prod/app", status: 404, producer: "integration", plan: "not-required"},
		{request: "GET /canary/ok/8", status: 200, producer: "integration", plan: "not-required"},
		{request: "GET /prod/nested", status: 403, producer: "integration", plan: "not-required"},
		{request: "GET /prod/none", status: 403, response: "MISSING_AUTHENTICATION_TOKEN", producer: "gateway", error: "-"},
		{request: "GET /prod/none", headers: []string{"Authorization: Bearer x"}, status: 403, response: "DEFAULT_4XX", producer: "gateway", error: "-"},
		{request: "GET /own/none", status: 404, response: "MISSING_AUTHENTICATION_TOKEN", producer: "gateway", error: "-"},
		{request: "GET /prod/iam", headers: []string{signed("AKIDBAD")}, status: 403, response: "INVALID_SIGNATURE", producer: "gateway", error: "The client is not authorized"},
		{request: "GET /prod/iam", headers: []string{signed("AKIDGOOD"), "X-Amz-Security-Token: stale"}, status: 403, response: "EXPIRED_TOKEN", producer: "gateway", error: "The client is not authorized"},
		{request: "GET /prod/gate", status: 401, response: "UNAUTHORIZED", producer: "authorizer", error: "Unauthorized request", auth: "unauthorized"},
		{request: "GET /prod/gate", headers: []string{"Authorization: throw"}, status: 401, response: "UNAUTHORIZED", producer: "authorizer", error: "Unauthorized request", auth: "unauthorized"},
		{request: "GET /prod/gate", headers: []string{"Authorization: no"}, status: 403, response: "ACCESS_DENIED", producer: "authorizer", error: "The client is not authorized", auth: "deny"},
		{request: "GET /prod/gate", headers: []string{"Authorization: bad"}, status: 500, response: "AUTHORIZER_CONFIGURATION_ERROR", producer: "authorizer", error: "Authorizer error", auth: "error"},
		{request: "GET /prod/gate", headers: []string{"Authorization: crash"}, status: 500, response: "AUTHORIZER_FAILURE", producer: "authorizer", error: "authorizer error", auth: "error"},
		{request: "GET /prod/gate", headers: []string{"Authorization: good"}, status: 200, producer: "integration", auth: "allow", plan: "not-required"},
		{request: "GET /closed/app", status: 403, response: "ACCESS_DENIED", producer: "gateway", error: "The client is not authorized"},
		{request: "GET /prod/key", status: 403, logged: "INVALID_API_KEY", producer: "gateway", error: "not authorized because method"},
		{request: "GET /prod/key", headers: []string{key}, status: 200, producer: "integration", plan: "ok"},
		{request: "GET /prod/key", headers: []string{key}, status: 429, response: "QUOTA_EXCEEDED", producer: "gateway", error: "quota limit exceeded", plan: "quota"},
		{request: "GET /prod/key", headers: []string{rated}, status: 200, producer: "integration", plan: "ok"},
		{request: "GET /prod/key", headers: []string{rated}, status: 429, response: "THROTTLED", producer: "gateway", error: "Key throttle limit exceeded", plan: "throttled"},
		{request: "GET /slow/app", status: 429, response: "THROTTLED", producer: "gateway", error: "limit exceeded"},
		{request: "GET /wall/app", headers: []string{"x-attack: 1"}, status: 403, logged: "WAF_FILTERED", producer: "gateway", error: "-"},
		{request: "GET /prod/params", status: 400, response: "BAD_REQUEST_PARAMETERS", producer: "gateway", error: "Missing required request parameters: [a]", plan: "not-required"},
		{request: "POST /prod/body", body: "{}", headers: []string{"Content-Type: application/json"}, status: 400, response: "BAD_REQUEST_BODY", producer: "gateway", error: "Request body does not match model schema", plan: "not-required"},
		{request: "POST /prod/media", body: "<x/>", headers: []string{"Content-Type: text/xml"}, status: 415, response: "UNSUPPORTED_MEDIA_TYPE", producer: "gateway", error: "text/xml", plan: "not-required"},
		{request: "POST /prod/body", body: strings.Repeat("x", 10<<20+1), status: 413, response: "REQUEST_TOO_LARGE", producer: "gateway", error: "-"},
		{request: "GET /prod/gone", status: 404, response: "RESOURCE_NOT_FOUND", producer: "gateway", error: "RESOURCE_NOT_FOUND"},
		{request: "GET /prod/timeout", status: 504, response: "INTEGRATION_TIMEOUT", producer: "integration", error: "timeout error", plan: "not-required"},
		{request: "GET /prod/network", status: 504, response: "INTEGRATION_FAILURE", producer: "integration", error: "network error communicating with endpoint: Connection is closed", plan: "not-required"},
		{request: "GET /prod/function-error", status: 502, response: "DEFAULT_5XX", producer: "integration", error: "customer function error", plan: "not-required"},
		{request: "GET /prod/malformed", status: 502, response: "DEFAULT_5XX", producer: "integration", error: "Malformed Lambda proxy response", plan: "not-required"},
		{request: "GET /prod/throttled", status: 500, response: "API_CONFIGURATION_ERROR", producer: "integration", error: "Rate Exceeded.", plan: "not-required"},
		{request: "GET /prod/permission", status: 500, response: "API_CONFIGURATION_ERROR", producer: "integration", error: "Invalid permissions on Lambda function", plan: "not-required"},
		{request: "GET /prod/role", status: 500, response: "API_CONFIGURATION_ERROR", producer: "integration", error: "permission to assume the provided role", plan: "not-required"},
		{request: "GET /prod/link", status: 500, response: "API_CONFIGURATION_ERROR", producer: "integration", error: "There was an internal error while executing your request", plan: "not-required"},
		{request: "GET /prod/certificate", status: 500, response: "API_CONFIGURATION_ERROR", producer: "integration", error: "does not match the certificate subject", plan: "not-required"},
		{request: "GET /prod/undeclared", status: 500, response: "API_CONFIGURATION_ERROR", producer: "integration", error: "Output mapping refers to an invalid method response: 200", plan: "not-required"},
		{request: "GET /prod/mapping", status: 500, response: "API_CONFIGURATION_ERROR", producer: "integration", error: "No match for output mapping", plan: "not-required"},
		{request: "GET /own/timeout", status: 503, response: "INTEGRATION_TIMEOUT", producer: "integration", error: "timeout error", plan: "not-required"},
	}
}

// mappingFaults are faults of the API's own definition: the log shows that the
// gateway failed, which an answer cannot tell from a failed integration.
var mappingFaults = []string{"/prod/undeclared", "/prod/mapping"}

func TestRoundTrip(t *testing.T) {
	g := startYAML(t, roundTripWorld)
	c := g.client(true)
	all := trips()
	started := time.Now()
	var ids []string
	for _, tr := range all {
		tr.id = uuid.NewString()
		ids = append(ids, tr.id)
		method, path, _ := strings.Cut(tr.request, " ")
		got := g.send(c, method+" "+roundTripHost+path, tr.body, append(tr.headers, "x-amzn-RequestId: "+tr.id)...)
		tr.checkAnswer(t, path, got)
	}
	ev := g.fetch(t, ids, started, "prod", "canary", "own", "closed", "slow", "wall")
	records := map[string]map[probe.LogSource][]probe.LogRecord{}
	for _, r := range ev.Records {
		if records[r.RequestID] == nil {
			records[r.RequestID] = map[probe.LogSource][]probe.LogRecord{}
		}
		records[r.RequestID][r.Source] = append(records[r.RequestID][r.Source], r)
	}
	for _, tr := range all {
		t.Run(tr.request+fmt.Sprint(tr.headers), func(t *testing.T) {
			tr.checkExecution(t, records[tr.id][probe.ExecutionLog])
			tr.checkAccess(t, records[tr.id][probe.AccessLogSrc])
		})
	}
}

// fetch reads the logs of stages through the real SDK.
func (g gateway) fetch(t *testing.T, ids []string, from time.Time, stages ...string) probe.Evidence {
	t.Helper()
	q := fetch.Request{IDs: ids, From: from, To: time.Now()}
	for _, name := range stages {
		s := fetch.StageLogs{API: "trip123456", Stage: name, Kind: probe.REST, HasCanary: name == "canary", Level: "INFO"}
		if name != "quiet" && name != "silent" {
			group := "access-prod"
			if name == "canary" {
				group = "access-canary"
			}
			s.AccessLog = probe.AccessLog{Destination: "arn:aws:logs:us-east-1:111122223333:log-group:" + group, Format: everyVariable}
		}
		q.Stages = append(q.Stages, s)
	}
	reader := &fetch.Reader{Client: g.cwlogs(), Limiter: rate.NewLimiter(rate.Inf, 1)}
	ev, err := reader.Fetch(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func (tr *trip) checkAnswer(t *testing.T, path string, got reply) {
	t.Helper()
	a := signature.Answer{Status: got.status, Body: []byte(got.body), URL: roundTripHost + path}
	for name, values := range got.header {
		for _, v := range values {
			a.Header = append(a.Header, probe.Header{Name: name, Value: v})
		}
	}
	r := signature.Read(a)
	want := tr.response
	if got.status != tr.status || r.GatewayResponse != want || string(r.Producer) != tr.producer || r.RequestID != tr.id || r.APIKind != probe.REST {
		t.Errorf("%s: %d %s by %s, want %d %s by %s", tr.request, got.status, r.GatewayResponse, r.Producer, tr.status, want, tr.producer)
	}
	if got.status >= 400 && (len(r.Candidates) == 0 || r.Candidates[0].TellsApart == "") {
		t.Errorf("%s: candidates %+v", tr.request, r.Candidates)
	}
}

func (tr *trip) checkExecution(t *testing.T, records []probe.LogRecord) {
	t.Helper()
	if tr.error == "-" {
		if len(records) > 0 {
			t.Errorf("logged: %+v", records)
		}
		return
	}
	stage := strings.Split(tr.request, "/")[1]
	wantRecords := 1
	if stage == "canary" {
		wantRecords = 2 // the canary's group holds it, too
	}
	if len(records) != wantRecords {
		t.Fatalf("%d records in execution logs", len(records))
	}
	rec := records[0]
	producer := tr.producer
	for _, path := range mappingFaults {
		if strings.HasSuffix(tr.request, path) {
			producer = "gateway"
		}
	}
	status := rec.Status
	if status == nil {
		status = rec.ImpliedStatus
	}
	if status == nil || *status != tr.status || rec.APIID != "trip123456" || rec.Stage != stage || !rec.Complete || rec.ExtendedID == "" {
		t.Errorf("%+v", rec)
	}
	if !strings.Contains(rec.Error, tr.error) && !strings.Contains(rec.Detail, tr.error) || (rec.Error == "") != (tr.error == "") {
		t.Errorf("error %q %q, want %q", rec.Error, rec.Detail, tr.error)
	}
	if rec.Producer != producer && !strings.Contains(tr.request, "/gone") {
		t.Errorf("producer %q, want %q", rec.Producer, producer)
	}
	if rec.AuthorizerOutcome != tr.auth || tr.auth != "" && rec.AuthorizerID != "gate01" {
		t.Errorf("authorizer %q %q, want %q", rec.AuthorizerID, rec.AuthorizerOutcome, tr.auth)
	}
	if tr.plan != "" && rec.UsagePlan != tr.plan {
		t.Errorf("usage plan %q, want %q", rec.UsagePlan, tr.plan)
	}
	switch tr.request {
	case "GET /prod/ok/7":
		if rec.LambdaAlias != "live" || rec.ExecutedVersion != "42" || rec.LambdaRequestID == "" || rec.IntegrationLatencyMS == nil ||
			rec.IntegrationStatus == nil || *rec.IntegrationStatus != 200 || rec.Template != "GET /ok/{id}" || rec.PathParams["id"] != "7" || rec.XRay == "" {
			t.Errorf("%+v", rec)
		}
	case "GET /canary/ok/8":
		if records[0].GroupCanary == records[1].GroupCanary {
			t.Error("both records of one group")
		}
	}
}

func (tr *trip) checkAccess(t *testing.T, records []probe.LogRecord) {
	t.Helper()
	stage := strings.Split(tr.request, "/")[1]
	if len(records) == 0 {
		t.Fatal("no entry in the access log")
	}
	rec := records[0]
	response := tr.logged
	if response == "" {
		response = tr.response
	}
	if rec.Status == nil || *rec.Status != tr.status || rec.GatewayResponse != response || rec.Stage != stage || rec.DeploymentID == "" {
		t.Errorf("access: %+v", rec)
	}
	// Who failed is not told where a response has no type of its own.
	if rec.Producer != tr.producer && rec.Producer != "" && response != "API_CONFIGURATION_ERROR" && !strings.Contains(tr.request, "/gone") {
		t.Errorf("access: producer %q, want %q", rec.Producer, tr.producer)
	}
	isCanary := rec.Canary != nil && *rec.Canary
	if isCanary != (stage == "canary") || isCanary && rec.DeploymentID != "dep004" {
		t.Errorf("access: canary %v, deployment %s", rec.Canary, rec.DeploymentID)
	}
}

// That a request has no log line says something only of a stage that is known
// to log: a control request of a known route shows that it does.
func TestAbsenceNeedsAControl(t *testing.T) {
	g := startYAML(t, roundTripWorld)
	c := g.client(true)
	send := func(path string) string {
		id := uuid.NewString()
		g.send(c, "GET "+roundTripHost+path, "", "x-amzn-RequestId: "+id)
		return id
	}
	matched := func(stage string, ids ...string) (n int, exists bool) {
		for _, group := range g.fetch(t, ids, time.Now().Add(-time.Minute), stage).Groups {
			if group.Source == probe.ExecutionLog && group.Exists {
				n, exists = n+group.Matched, true
			}
		}
		return n, exists
	}
	started := send("/prod/none")
	if n, exists := matched("prod", started); n != 0 || !exists {
		t.Errorf("an unmatched route alone: %d matched, group %t", n, exists)
	}
	if n, _ := matched("prod", started, send("/prod/ok/1")); n != 1 {
		t.Errorf("beside a control request: %d matched, want the control's", n)
	}
	if n, exists := matched("silent", send("/silent/none"), send("/silent/ok/1")); n != 0 || exists {
		t.Errorf("a stage that does not log: %d matched, group %t", n, exists)
	}
	if n, _ := matched("quiet", send("/quiet/ok/1"), send("/quiet/timeout")); n != 1 {
		t.Errorf("level ERROR: %d matched, want the failure's", n)
	}
}

// HTTP APIs write an access log only, and know requests by one id.
func TestRoundTripHTTP(t *testing.T) {
	const format = `$context.requestId|$context.status|$context.stage|$context.routeKey|$context.integration.status|$context.integrationErrorMessage|$context.authorizer.error|$context.error.message`
	g := startYAML(t, `
name: round-trip-http
title: every answer of an HTTP API
account: "111122223333"
logs: {delay: 0s}
apis:
  - id: trip123456
    kind: HTTP
    definitions:
      v1:
        authorizers: {jwt: {type: JWT, function: jwt, identity: $request.header.Authorization}, gate: {type: REQUEST, function: gate, identity: $request.header.Authorization, ttl: 0}}
        routes:
          "GET /ok/{id}": {backend: good}
          "GET /app": {backend: app}
          "GET /jwt": {backend: good, authorization: JWT, authorizer: jwt}
          "GET /gate": {backend: good, authorizer: gate}
          "GET /crash": {backend: throws}
          "GET /timeout": {backend: slow}
    deployments: [{id: dep001, definition: v1}]
    stages: {dev: {access_log: {group: access, format: '`+format+`'}}}
functions: {jwt: {default: deny}, gate: {default: deny}}
backends:
  good: {body: '{"ok":true}'}
  app: {status: 404, body: '{"message":"no such order"}'}
  throws: {fail: {rate: 1, kind: function-error}}
  slow: {fail: {rate: 1, kind: timeout}}
`)
	tests := []struct {
		path, headers string
		status        int
		producer      string
		cause, route  string
	}{
		{"/dev/ok/7", "", 200, "integration", "", "GET /ok/{id}"},
		{"/dev/app", "", 404, "integration", "application-error", "GET /app"},
		{"/dev/none", "", 404, "gateway", "unmatched-route", ""},
		{"/dev/jwt", "", 401, "authorizer", "token-rejected", "GET /jwt"},
		{"/dev/gate", "Authorization: no", 403, "authorizer", "authorizer-deny", "GET /gate"},
		{"/dev/crash", "", 500, "integration", "lambda-function-error", "GET /crash"},
		{"/dev/timeout", "", 503, "integration", "integration-timeout", "GET /timeout"},
	}
	c := g.client(true)
	started := time.Now()
	byID := map[string]int{}
	for i, tt := range tests {
		var headers []string
		if tt.headers != "" {
			headers = append(headers, tt.headers)
		}
		got := g.send(c, "GET "+roundTripHost+tt.path, "", headers...)
		a := signature.Answer{Status: got.status, Body: []byte(got.body), URL: roundTripHost + tt.path}
		for name, values := range got.header {
			a.Header = append(a.Header, probe.Header{Name: name, Value: values[0]})
		}
		r := signature.Read(a)
		holds := tt.cause == "" && len(r.Candidates) == 0
		for _, candidate := range r.Candidates {
			holds = holds || candidate.Cause == tt.cause
		}
		if got.status != tt.status || r.APIKind != probe.HTTP || string(r.Producer) != tt.producer || !holds {
			t.Errorf("%s: %d by %s: %+v", tt.path, got.status, r.Producer, r.Candidates)
		}
		byID[r.RequestID] = i
	}
	reader := &fetch.Reader{Client: g.cwlogs(), Limiter: rate.NewLimiter(rate.Inf, 1)}
	q := fetch.Request{From: started, To: time.Now(), Stages: []fetch.StageLogs{{
		API: "trip123456", Stage: "dev", Kind: probe.HTTP,
		AccessLog: probe.AccessLog{Destination: "arn:aws:logs:us-east-1:111122223333:log-group:access", Format: format},
	}}}
	for id := range byID {
		q.IDs = append(q.IDs, id)
	}
	ev, err := reader.Fetch(t.Context(), q)
	if err != nil || len(ev.Records) != len(tests) {
		t.Fatalf("%d entries, %v", len(ev.Records), err)
	}
	for _, rec := range ev.Records {
		tt := tests[byID[rec.RequestID]]
		if *rec.Status != tt.status || rec.Stage != "dev" || rec.RouteKey != tt.route || rec.APIKind != probe.HTTP || rec.Producer != tt.producer && rec.Producer != "" {
			t.Errorf("%s: %+v", tt.path, rec)
		}
	}
}
