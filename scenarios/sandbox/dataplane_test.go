package sandbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"stageprobe/scenarios/sandbox"
)

func TestProtocols(t *testing.T) {
	g := startNamed(t, "healthy")
	const url = "https://orders7x2a.execute-api.us-east-1.amazonaws.com/prod/orders"
	one, two := g.send(g.client(false), "GET "+url, ""), g.send(g.client(true), "GET "+url, "")
	if one.proto != "HTTP/1.1" || two.proto != "HTTP/2.0" {
		t.Errorf("%s, %s", one.proto, two.proto)
	}
	for _, got := range []reply{one, two} {
		if got.status != 200 || got.header.Get("x-amzn-trace-id") == "" || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%d %v", got.status, got.header)
		}
	}
	if head := g.send(g.client(true), "HEAD "+url, ""); head.status != 403 {
		t.Errorf("HEAD without a method of its own: %d", head.status)
	}
}

// A REST API adopts a caller's UUID as its request id, and nothing else.
func TestRequestID(t *testing.T) {
	g := startNamed(t, "healthy")
	const url = "https://orders7x2a.execute-api.us-east-1.amazonaws.com/prod/orders"
	const id = "c6a1d40c-8434-4be6-b923-5dba2fb3e34b"
	if got := g.get(url, "x-amzn-RequestId: "+id).header.Get("x-amzn-RequestId"); got != id {
		t.Errorf("got %s", got)
	}
	if got := g.get(url, "x-amzn-RequestId: 123344566").header.Get("x-amzn-RequestId"); len(got) != 36 {
		t.Errorf("got %s", got)
	}
}

func TestAddresses(t *testing.T) {
	g := startYAML(t, `
name: addresses
title: every way to a stage
apis:
  - id: aaaa111111
    definitions: {v1: {routes: {"GET /": {backend: echo}, "GET /things/{id}": {backend: echo}, "GET /things/special": {backend: echo}, "ANY /any/{proxy+}": {backend: echo}}}}
    deployments: [{id: d1, definition: v1}]
    stages: {prod: {}, dev: {}}
  - id: bbbb222222
    kind: HTTP
    definitions: {v1: {routes: {"GET /things/{id}": {backend: echo}, "$default": {backend: echo}}}}
    deployments: [{id: d1, definition: v1}]
    stages: {$default: {}, dev: {}}
  - id: offf333333
    disable_default_endpoint: true
    definitions: {v1: {routes: {"GET /": {backend: echo}}}}
    deployments: [{id: d1, definition: v1}]
    stages: {prod: {}}
domains:
  - name: api.example.com
    mappings:
      - {api: aaaa111111, stage: prod}
      - {path: v1, api: aaaa111111, stage: dev}
      - {path: v1/http, api: bbbb222222, stage: dev}
  - name: rules.example.com
    mappings: [{api: aaaa111111, stage: prod}]
    rules:
      - {priority: 20, paths: [new], api: aaaa111111, stage: dev, strip: true}
      - {priority: 10, headers: {x-version: "2*"}, api: aaaa111111, stage: dev}
  - {name: tls.example.com, mutual_tls: true, mappings: [{api: aaaa111111, stage: prod}]}
backends:
  echo: {body: '{{stage}} {{path.id}}{{path.proxy}}'}
`)
	const execute = ".execute-api.us-east-1.amazonaws.com"
	tests := []struct {
		url     string
		headers []string
		status  int
		body    string
	}{
		{"https://aaaa111111" + execute + "/prod/things/7", nil, 200, "prod 7"},
		{"https://aaaa111111" + execute + "/dev/things/special", nil, 200, "dev "},
		{"https://aaaa111111" + execute + "/dev/any/a/b%20c", nil, 200, "dev a/b c"},
		{"https://aaaa111111" + execute + "/dev", nil, 200, "dev "},
		{"https://aaaa111111" + execute + "/none/things/7", nil, 403, `{"message":"Forbidden"}`},
		{"https://aaaa111111" + execute + "/prod/things/7/8", nil, 403, `{"message":"Missing Authentication Token"}`},
		{"https://aaaa111111-vpce-0123456789abcdef0" + execute + "/prod/things/7", nil, 200, "prod 7"},
		{"https://zzzz999999" + execute + "/prod/things/7", nil, 403, `{"message":"Forbidden"}`},
		{"https://offf333333" + execute + "/prod", nil, 403, `{"message":"Forbidden"}`},
		{"https://bbbb222222" + execute + "/things/7", nil, 200, "$default 7"},
		{"https://bbbb222222" + execute + "/dev/things/7", nil, 200, "dev 7"},
		{"https://bbbb222222" + execute + "/nothing", nil, 200, "$default "},
		{"https://api.example.com/things/7", nil, 200, "prod 7"},
		{"https://api.example.com/v1/things/7", nil, 200, "dev 7"},
		{"https://api.example.com/v1/http/things/7", nil, 200, "dev 7"},
		{"https://api.example.com/v1x/things/7", nil, 403, `{"message":"Missing Authentication Token"}`},
		{"https://api.example.com/ping", nil, 200, "healthy"},
		{"https://rules.example.com/things/7", nil, 200, "prod 7"},
		{"https://rules.example.com/things/7", []string{"x-version: 2.1"}, 200, "dev 7"},
		{"https://rules.example.com/new/things/7", nil, 200, "dev 7"},
		{"https://tls.example.com/things/7", nil, 403, `{"message":"Forbidden"}`},
		{"https://localhost/restapis/aaaa111111/prod/_user_request_/things/7", nil, 200, "prod 7"},
		{"https://localhost/_aws/execute-api/aaaa111111/dev/things/7", nil, 200, "dev 7"},
		{g.ControlURL() + "/_aws/execute-api/aaaa111111/dev/things/7", nil, 200, "dev 7"},
	}
	for _, tt := range tests {
		c := g.client(true)
		if strings.HasPrefix(tt.url, "http://") {
			c = http.DefaultClient
		}
		got := g.send(c, "GET "+tt.url, "", tt.headers...)
		if got.status != tt.status || got.body != tt.body {
			t.Errorf("%s %v: %d %s, want %d %s", tt.url, tt.headers, got.status, got.body, tt.status, tt.body)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://unknown.example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := g.client(true).Do(r); err == nil {
		resp.Body.Close()
		t.Errorf("a domain that nobody defined answers %d", resp.StatusCode)
	}
}

// quick has a canary and a bursty backend without any latency.
const quick = `
name: quick
title: no latency
apis:
  - id: quick12345
    definitions: {v1: {routes: {"GET /": {backend: "${stageVariables.who}"}, "GET /bursts": {backend: bursts}}}}
    deployments: [{id: d1, definition: v1}]
    stages: {prod: {logging: "OFF", variables: {who: base}, canary: {percent: 10, variables: {who: canary}}}}
backends:
  base: {body: base}
  canary: {body: canary}
  bursts: {body: good, fail: {rate: 0.1, mode: burst, mean: 8, status: 503}}
`

// The canary is drawn per request with its percentage, whatever the
// connection.
func TestCanaryShare(t *testing.T) {
	g := startYAML(t, quick)
	const n, p = 1500, 0.1
	for _, http2 := range []bool{false, true} {
		c := g.client(http2)
		hits := 0
		for range n {
			if g.send(c, "GET https://quick12345.execute-api.us-east-1.amazonaws.com/prod", "").body == "canary" {
				hits++
			}
		}
		// Five standard deviations: one run in a million goes astray.
		if off := math.Abs(float64(hits) - n*p); off > 5*math.Sqrt(n*p*(1-p)) {
			t.Errorf("http2 %v: %d of %d on the canary", http2, hits, n)
		}
	}
}

// lines reads every message of a log group.
func (g gateway) lines(group string) []string {
	g.t.Helper()
	var out []string
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(g.cwlogs(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
	for pages.HasMorePages() {
		page, err := pages.NextPage(g.t.Context())
		if err != nil {
			g.t.Fatal(err)
		}
		for _, e := range page.Events {
			out = append(out, aws.ToString(e.Message))
		}
	}
	return out
}

func mentioning(lines []string, text string) int {
	n := 0
	for _, l := range lines {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

// Canary requests are logged in the stage's groups and in the canary's, others
// in the stage's alone, and unmatched routes in the access log alone.
func TestLogs(t *testing.T) {
	w, err := sandbox.Load("stale-canary-10")
	if err != nil {
		t.Fatal(err)
	}
	now := &clock{now: time.Now()}
	g := start(t, w, sandbox.Options{Seed: 1, Now: now.read})
	c := g.client(true)
	ids := map[string]string{} // request id → version
	for range 60 {
		got := g.send(c, "GET https://orders7x2a.execute-api.us-east-1.amazonaws.com/prod/orders", "")
		ids[got.header.Get("x-amzn-RequestId")] = got.header.Get("x-backend-version")
	}
	unmatched := g.send(c, "GET https://orders7x2a.execute-api.us-east-1.amazonaws.com/prod/none", "").header.Get("x-amzn-RequestId")
	now.add(time.Minute)
	const group = "API-Gateway-Execution-Logs_orders7x2a/prod"
	stage, canary, access := g.lines(group), g.lines(group+"/Canary"), g.lines("orders-prod-access")
	canaries := 0
	for id, version := range ids {
		on, off, deployment := 0, mentioning(stage, id), `"deploymentId":"new2k4","isCanaryRequest":"false"`
		if version == "1" {
			canaries++
			on, deployment = off, `"deploymentId":"old1x9","isCanaryRequest":"true"`
		}
		if got := mentioning(canary, id); got != on || off == 0 {
			t.Errorf("%s, version %s: %d lines in the stage's group, %d in the canary's", id, version, off, got)
		}
		if mentioning(access, id) != 1 || mentioning(access, deployment) == 0 {
			t.Errorf("%s: not in the access log with %s", id, deployment)
		}
	}
	if canaries == 0 {
		t.Error("no request ran on the canary")
	}
	if mentioning(stage, unmatched) != 0 || mentioning(access, unmatched) != 1 {
		t.Errorf("unmatched route: %d execution lines, %d access lines", mentioning(stage, unmatched), mentioning(access, unmatched))
	}
}

// clock is a clock that a test turns.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestEventsAndTime(t *testing.T) {
	now := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w := parse(t, `
name: timed
title: things change
apis:
  - id: timed12345
    definitions:
      v1: {routes: {"GET /": {backend: "b-${stageVariables.b}"}}}
      v2: {routes: {"GET /": {backend: two}}}
    deployments: [{id: d1, definition: v1, age: 2d}, {id: d2, definition: v2, age: 1d}]
    stages:
      prod: {deployment: d1, variables: {b: one}}
      slow: {deployment: d1, variables: {b: one}, methods: {"*/*": {rate: 1, burst: 2}}}
      kept: {deployment: d1, variables: {b: one}, cache_cluster: true, methods: {"*/*": {caching: true, ttl: 60}}}
events:
  - {after_requests: 3, stage: timed12345/prod, variables: {b: other}}
  - {after: 1h, stage: timed12345/prod, deployment: d2}
  - {after: 2h, stage: timed12345/prod, canary: {percent: 100, deployment: d1}}
  - {after: 3h, stage: timed12345/prod, remove_canary: true}
  - {after: 4h, backend: two, become: {body: three}}
backends: {b-one: {body: "one {{counter}}"}, b-other: {body: other}, two: {body: two}}
`)
	g := start(t, w, sandbox.Options{Seed: 1, Now: now.read})
	get := func(stage string) string {
		return g.get("https://timed12345.execute-api.us-east-1.amazonaws.com/" + stage).body
	}
	for i, want := range []string{"one 1", "one 2", "one 3", "other"} {
		if got := get("prod"); got != want {
			t.Errorf("request %d: %q, want %q", i+1, got, want)
		}
	}
	if a, b, c := get("slow"), get("slow"), get("slow"); a != "one 4" || b != "one 5" || !strings.Contains(c, "Too Many Requests") {
		t.Errorf("burst of 2: %q %q %q", a, b, c)
	}
	now.add(time.Second)
	if got := get("slow"); got != "one 6" {
		t.Errorf("a second later: %q", got)
	}
	if a, b := get("kept"), get("kept"); a != "one 7" || a != b {
		t.Errorf("cached: %q then %q", a, b)
	}
	now.add(time.Second)
	if _, err := g.rest().FlushStageCache(t.Context(), &apigateway.FlushStageCacheInput{RestApiId: aws.String("timed12345"), StageName: aws.String("kept")}); err != nil {
		t.Fatal(err)
	}
	if got := get("kept"); got != "one 8" {
		t.Errorf("flushed: %q", got)
	}
	now.add(61 * time.Second)
	if got := get("kept"); got != "one 9" {
		t.Errorf("expired: %q", got)
	}
	for _, want := range []string{"two", "other", "two", "three"} {
		now.add(time.Hour)
		if got := get("prod"); got != want {
			t.Errorf("%s: %q, want %q", now.read().Format("15:04"), got, want)
		}
	}
}

func TestPropagation(t *testing.T) {
	now := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w := parse(t, `
name: spreading
title: a change takes a minute
propagation: 1m
apis:
  - id: spread1234
    definitions: {v1: {routes: {"GET /": {backend: "b-${stageVariables.b}"}}}}
    deployments: [{id: d1, definition: v1}]
    stages: {prod: {variables: {b: old}}}
events: [{after: 1s, stage: spread1234/prod, variables: {b: new}}]
backends: {b-old: {body: old}, b-new: {body: new}}
`)
	g := start(t, w, sandbox.Options{Seed: 1, Now: now.read})
	count := func() (fresh int) {
		c := g.client(true)
		for range 200 {
			if g.send(c, "GET https://spread1234.execute-api.us-east-1.amazonaws.com/prod", "").body == "new" {
				fresh++
			}
		}
		return fresh
	}
	before := count()
	now.add(time.Second)
	count()
	now.add(30 * time.Second)
	half := count()
	now.add(30 * time.Second)
	if after := count(); before != 0 || half < 60 || half > 140 || after != 200 {
		t.Errorf("of 200: %d before, %d half-way, %d after", before, half, after)
	}
}

func TestEndpointSplit(t *testing.T) {
	g := startNamed(t, "endpoint-split")
	if n := len(g.DataAddrs()); n != 2 {
		t.Fatalf("%d addresses", n)
	}
	if len(g.ConnectTo()) != 2 {
		t.Errorf("%v", g.ConnectTo())
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(g.CACert())
	for i, want := range []string{"2", "1"} {
		dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, g.DataAddrs()[i])
		}
		tr := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: pool}}
		t.Cleanup(tr.CloseIdleConnections)
		got := g.send(&http.Client{Transport: tr}, "GET https://orders7x2a.execute-api.us-east-1.amazonaws.com/prod/orders", "")
		if got.header.Get("x-backend-version") != want {
			t.Errorf("address %d answers version %q", i+1, got.header.Get("x-backend-version"))
		}
	}
}

// The same seed and the same requests give the same answers.
func TestSeed(t *testing.T) {
	run := func() string {
		w, err := sandbox.Load("canary-and-flaky")
		if err != nil {
			t.Fatal(err)
		}
		g := start(t, w, sandbox.Options{Seed: 11})
		c := g.client(true)
		var out strings.Builder
		for range 80 {
			got := g.send(c, "GET https://orders7x2a.execute-api.us-east-1.amazonaws.com/prod/orders", "")
			out.WriteString(got.header.Get("x-amzn-RequestId") + got.header.Get("x-backend-version"))
		}
		return out.String()
	}
	if first, second := run(), run(); first != second {
		t.Error("two runs with one seed differ")
	}
}

// A cached policy decides for the other route too, until it expires.
func TestAuthorizerCache(t *testing.T) {
	w, err := sandbox.Load("authorizer-cache")
	if err != nil {
		t.Fatal(err)
	}
	now := &clock{now: time.Now()}
	g := start(t, w, sandbox.Options{Seed: 1, Now: now.read})
	get := func(path string) int {
		return g.get("https://orders7x2a.execute-api.us-east-1.amazonaws.com/prod/"+path, "Authorization: Bearer t0ken").status
	}
	if a, b, c := get("orders"), get("health"), get("orders"); a != 200 || b != 403 || c != 200 {
		t.Errorf("cached for orders: %d %d %d", a, b, c)
	}
	now.add(3 * time.Second)
	if a, b := get("health"), get("orders"); a != 200 || b != 403 {
		t.Errorf("cached for health: %d %d", a, b)
	}
}

// Bursts: the long-run share is the rate, and failures come in runs.
func TestBursts(t *testing.T) {
	g := startYAML(t, quick)
	c := g.client(true)
	const n = 3000
	failed, runs, last := 0, 0, false
	for range n {
		bad := g.send(c, "GET https://quick12345.execute-api.us-east-1.amazonaws.com/prod/bursts", "").status == 503
		if bad {
			failed++
		}
		if bad && !last {
			runs++
		}
		last = bad
	}
	if mean := float64(failed) / float64(max(1, runs)); failed < n*4/100 || failed > n*18/100 || mean < 4 || mean > 14 {
		t.Errorf("%d of %d failed in %d runs", failed, n, runs)
	}
}
