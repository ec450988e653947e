package scenarios

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze"
	"stageprobe/probe"
)

var began = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

const notAuthorized = `{"message":"Missing Authentication Token"}`

// answerAt is an answer of scenario "s" on target "abc/prod".
func answerAt(after time.Duration, status int, body string, headers ...probe.Header) *probe.Observation {
	return &probe.Observation{
		Target: "abc/prod", Scenario: "s", Due: began.Add(after), Took: 20 * time.Millisecond,
		Outcome: probe.OutcomeResponse, Status: status, Body: []byte(body), BodySize: int64(len(body)),
		Header: append([]probe.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "x-amzn-RequestId", Value: "8cc6c85b-d8be-4062-b7d2-e141768bc071"}}, headers...),
	}
}

func refusedAt(after time.Duration) *probe.Observation {
	return answerAt(after, 403, notAuthorized, probe.Header{Name: "x-amzn-ErrorType", Value: "MissingAuthenticationTokenException"}, probe.Header{Name: "x-amz-apigw-id", Value: "AbC="})
}

func repeated(n int, o *probe.Observation) []*probe.Observation {
	out := make([]*probe.Observation, n)
	for i := range out {
		c := *o
		c.Due = o.Due.Add(time.Duration(i) * 10 * time.Millisecond)
		out[i] = &c
	}
	return out
}

// judged gives the results of an expectation as "text | met | observed".
func judged(t *testing.T, expect string, targets []probe.Target, rep *analyze.Report, answers ...*probe.Observation) []string {
	t.Helper()
	f, err := Parse("f.yaml", []byte("version: 1\nscenarios: [{name: s, request: {path: /s}, expect: {"+expect+"}}]"))
	if err != nil {
		t.Fatal(err)
	}
	if targets == nil {
		targets = []probe.Target{{ID: "abc/prod", APIID: "abc", Stage: "prod", Kind: probe.InvokeURL}}
	}
	list, err := f.Probes(targets)
	if err != nil {
		t.Fatal(err)
	}
	if rep == nil {
		rep = &analyze.Report{}
	}
	j := NewJudge(f, &probe.Plan{Targets: targets, Scenarios: list}, 0.99)
	for _, o := range answers {
		j.Observe(o)
	}
	var out []string
	for _, e := range j.Judge(rep) {
		state := "unknown"
		if e.Met != nil {
			state = map[bool]string{true: "met", false: "unmet"}[*e.Met]
		}
		if e.Scenario != "s" {
			t.Errorf("scenario %q", e.Scenario)
		}
		if e.Target == "abc/prod" || e.Target == "api.example.com" {
			out = append(out, strings.Join([]string{e.Expectation, state, e.Observed}, " | "))
		}
	}
	return out
}

func TestSingleAnswers(t *testing.T) {
	good := answerAt(0, 200, `{"items":[{"id":7,"n/a":null}],"version":2.0,"big":12345678901234567890,"ok":true}`, probe.Header{Name: "X-Backend-Version", Value: "2"})
	cut := answerAt(0, 200, `{"items":[`)
	cut.Truncated = true
	lost := &probe.Observation{Target: "abc/prod", Scenario: "s", Due: began, Outcome: probe.OutcomeTimeout}
	own := &probe.Observation{Target: "abc/prod", Scenario: "s", Due: began, Outcome: probe.OutcomeLocal}
	tests := []struct {
		expect  string
		answers []*probe.Observation
		want    []string
	}{
		{"status: 200", []*probe.Observation{good}, []string{"status 200 | met | 200 in 1 answer"}},
		{"status: [200, 3xx]", []*probe.Observation{good, answerAt(0, 302, ""), answerAt(0, 500, "")}, []string{"status 200 or 3xx | unmet | 500 in 1 of 3 answers"}},
		{"status: 200", append(repeated(9, good), lost, own), []string{"status 200 | unmet | timeout in 1 of 10 answers"}},
		{"status: 200", []*probe.Observation{own}, []string{"status 200 | unknown | no answer"}},
		{"status: 200", []*probe.Observation{lost, lost, own}, []string{"status 200 | unknown | no HTTP answer to 2 requests: timeout"}},
		{"status: 200", nil, []string{"status 200 | unknown | no answer"}},
		{"gateway_response: null", []*probe.Observation{good}, []string{"no gateway response | met | none in 1 answer"}},
		{"gateway_response: null", []*probe.Observation{good, refusedAt(0)}, []string{"no gateway response | unmet | MISSING_AUTHENTICATION_TOKEN in 1 of 2 answers"}},
		{"gateway_response: MISSING_AUTHENTICATION_TOKEN", []*probe.Observation{refusedAt(0)}, []string{"gateway response MISSING_AUTHENTICATION_TOKEN | met | MISSING_AUTHENTICATION_TOKEN in 1 answer"}},
		{"gateway_response: THROTTLED", []*probe.Observation{good}, []string{"gateway response THROTTLED | unmet | none in 1 of 1 answer"}},
		{`headers: {x-backend-version: "2", X-None: null}`, []*probe.Observation{good}, []string{"no header X-None | met | none in 1 answer", "header x-backend-version: 2 | met | 2 in 1 answer"}},
		{`headers: {x-backend-version: {matches: "^[13]$"}}`, []*probe.Observation{good, lost}, []string{"header x-backend-version matches ^[13]$ | unmet | 2 in 1 of 1 answer"}},
		{"body: [{pointer: /items, type: array}, {pointer: /version, equals: 2}, {pointer: /version, type: integer}]", []*probe.Observation{good},
			[]string{"body /items is of type array | met | array in 1 answer", "body /version equals 2 | met | 2.0 in 1 answer", "body /version is of type integer | met | integer in 1 answer"}},
		{"body: [{pointer: /items/0/n~1a, equals: null}, {pointer: /items/1, type: object}]", []*probe.Observation{good},
			[]string{"body /items/0/n~1a equals null | met | null in 1 answer", "body /items/1 is of type object | unmet | nothing there in 1 of 1 answer"}},
		{"body: [{pointer: /big, equals: 12345678901234567891}]", []*probe.Observation{good}, []string{"body /big equals 12345678901234567891 | unmet | 12345678901234567890 in 1 of 1 answer"}},
		{`body: [{matches: '"ok":true'}, {pointer: /items/0/id, matches: "^7$"}]`, []*probe.Observation{good},
			[]string{`body matches "ok":true | met | a match in 1 answer`, "body /items/0/id matches ^7$ | met | 7 in 1 answer"}},
		{"body: [{schema: {type: object, required: [missing]}}]", []*probe.Observation{good}, []string{"body fits the schema | unmet | at '': missing property 'missing' in 1 of 1 answer"}},
		{"body: [{pointer: /items, type: array}, {matches: items}, {matches: end}]", []*probe.Observation{cut},
			[]string{"body /items is of type array | unknown | the rest of a long body cannot be told of 1 of 1 answer", "body matches items | met | a match in 1 answer", "body matches end | unknown | the rest of a long body cannot be told of 1 of 1 answer"}},
		{"body: [{pointer: /a, type: string}]", []*probe.Observation{answerAt(0, 200, "<html>")}, []string{"body /a is of type string | unmet | a body that is not JSON in 1 of 1 answer"}},
		{"latency_p99_ms: 20", repeated(100, good), []string{"99th percentile of latency at most 20 ms | met | 20 ms over 100 requests"}},
		{"latency_p99_ms: 19.5", repeated(100, good), []string{"99th percentile of latency at most 19.5 ms | unmet | 20 ms over 100 requests"}},
		{"latency_p99_ms: 20", append(repeated(98, good), lost, lost), []string{"99th percentile of latency at most 20 ms | unmet | 2 of 100 requests got no answer"}},
	}
	for _, tt := range tests {
		t.Run(tt.expect, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, judged(t, tt.expect, nil, nil, tt.answers...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConverges(t *testing.T) {
	old, good := answerAt(0, 500, ""), func(after time.Duration) *probe.Observation { return answerAt(after, 200, "{}") }
	late := *old
	late.Due = began.Add(90 * time.Second)
	later := *old
	later.Due = began.Add(20 * time.Second)
	const expect = "status: 200, converges_within: 60s"
	for _, tt := range []struct {
		name    string
		answers []*probe.Observation
		want    []string
	}{
		{"at once", repeated(500, good(0)), []string{"status 200 | met | 200 in 500 answers", "converges within 1m0s | met | from the first of 500 answers on"}},
		{"in time", append(repeated(500, good(10*time.Second)), repeated(3, old)...),
			[]string{"status 200 | met | met in 503 answers", "converges within 1m0s | met | the last that fell short was due 20ms after the first request, 500 answers since"}},
		{"too late", append(repeated(500, good(0)), &late), []string{"status 200 | unmet | 500 in 1 of 501 answers", "converges within 1m0s | unmet | an answer fell short 1m30s after the first request"}},
		// 3 of 103 fell short until then: (1-3/103)^n <= 1 % from n = 156 on.
		{"too few", append(append(repeated(100, good(0)), repeated(3, &later)...), repeated(155, good(30*time.Second))...), []string{"status 200 | met | met in 258 answers", "converges within 1m0s | unknown | 155 answers since the last that fell short; 156 are needed"}},
		{"just enough", append(append(repeated(100, good(0)), repeated(3, &later)...), repeated(156, good(30*time.Second))...), []string{"status 200 | met | met in 259 answers", "converges within 1m0s | met | the last that fell short was due 20.02s after the first request, 156 answers since"}},
		{"a clean switch", append(repeated(10, old), repeated(9, good(30*time.Second))...), []string{"status 200 | met | met in 19 answers", "converges within 1m0s | met | the last that fell short was due 90ms after the first request, 9 answers since"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, judged(t, expect, nil, nil, tt.answers...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// reported is a report of one target with one cluster of scenario "s".
func reported(t analyze.Target, served ...analyze.Served) *analyze.Report {
	for i, s := range served {
		t.Clusters = append(t.Clusters, analyze.Cluster{ID: fmt.Sprint(i), Scenario: "s", Status: 200, Count: s.Canary + s.Base + s.Unknown, Served: s})
	}
	return &analyze.Report{Targets: []analyze.Target{t}}
}

func TestServing(t *testing.T) {
	prod := analyze.Target{ID: "abc/prod", APIID: "abc", Stage: "prod", DeploymentID: "d1", APIKind: probe.REST}
	canary := prod
	canary.Canary = &analyze.Canary{Percent: 10, DeploymentID: "d2"}
	off := prod
	off.Canary = &analyze.Canary{Percent: 0, DeploymentID: "d2"}
	dark := analyze.Target{ID: "abc/prod"}
	http := analyze.Target{ID: "abc/prod", APIKind: probe.HTTP}
	tests := []struct {
		expect string
		rep    *analyze.Report
		want   string
	}{
		{"served_by: prod", reported(prod, analyze.Served{Stage: "prod", Base: 99, Unknown: 1}), "served by stage prod | met | stage prod, by the logs of 99 of 100 answers"},
		{"served_by: prod", reported(prod, analyze.Served{Stage: "dev", Base: 5}), "served by stage prod | unmet | stage dev, by the logs of 5 of 5 answers"},
		{"served_by: prod", reported(prod, analyze.Served{Stage: "dev,prod", Base: 5}), "served by stage prod | unmet | stage dev and prod, by the logs of 5 of 5 answers"},
		{"served_by: dev", reported(prod, analyze.Served{Unknown: 5}), "served by stage dev | unmet | stage prod, where the address leads; no log says more"},
		{"served_by: prod", reported(dark, analyze.Served{Unknown: 5}), "served by stage prod | unknown | no log says which stage served, and where the address leads is not known"},
		{"canary: none", reported(prod, analyze.Served{Unknown: 5}), "no canary | met | no canary is configured"},
		{"canary: none", reported(off, analyze.Served{Base: 5}), "no canary | met | a canary gets 0 % by configuration; the canary served 0 of 5 logged requests"},
		{"canary: none", reported(canary, analyze.Served{Unknown: 5}), "no canary | unmet | a canary gets 10 % by configuration"},
		{"canary: none", reported(prod, analyze.Served{Base: 99, Canary: 1}), "no canary | unmet | no canary is configured; the canary served 1 of 100 logged requests"},
		{"canary: none", reported(http), "no canary | met | HTTP APIs have no canary"},
		{"canary: none", reported(dark, analyze.Served{Unknown: 5}), "no canary | unknown | the configuration is not known, and 0 logged requests do not tell"},
		{"canary: none", reported(dark, analyze.Served{Base: 2000}), "no canary | met | the canary served 0 of 2000 logged requests, so at most 0.45 %"},
		{"canary: {at-most: 10}", reported(canary, analyze.Served{Base: 900, Canary: 110}), "canary at most 10 % | met | a canary gets 10 % by configuration; the canary served 110 of 1010 logged requests"},
		{"canary: {at-most: 5}", reported(canary, analyze.Served{Unknown: 9}), "canary at most 5 % | unmet | a canary gets 10 % by configuration"},
		{"canary: {at-most: 5}", reported(canary, analyze.Served{Base: 800, Canary: 200}), "canary at most 5 % | unmet | a canary gets 10 % by configuration; the canary served 200 of 1000 logged requests"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff([]string{tt.want}, judged(t, tt.expect, nil, tt.rep)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestGatewayResponseByTheLogs: of a bare 403 the logs tell which it is.
func TestGatewayResponseByTheLogs(t *testing.T) {
	key, waf := "INVALID_API_KEY", "WAF_FILTERED"
	for _, tt := range []struct {
		said []*string
		want string
	}{
		{[]*string{&key}, "met | INVALID_API_KEY in 7 answers, by the logs"},
		{[]*string{&key, &waf}, "unmet | WAF_FILTERED by the logs"},
		{[]*string{&key, nil}, "unknown | "},
		{nil, "unknown | "},
	} {
		target := analyze.Target{ID: "abc/prod"}
		for i, said := range tt.said {
			target.Clusters = append(target.Clusters, analyze.Cluster{ID: fmt.Sprint(i), Scenario: "s", Status: 403, Count: 7, GatewayResponse: said})
		}
		got := judged(t, "gateway_response: INVALID_API_KEY", nil, &analyze.Report{Targets: []analyze.Target{target}})
		if len(got) != 1 || !strings.HasPrefix(got[0], "gateway response INVALID_API_KEY | "+tt.want) {
			t.Errorf("%v, want %s", got, tt.want)
		}
	}
}

// A stage of the same name, but of another API than the one meant, is not the
// stage that is expected.
func TestServedByAnotherAPI(t *testing.T) {
	targets := []probe.Target{{ID: "api.example.com", APIID: "web", Stage: "prod", Meant: &probe.StageRef{APIID: "abc", Stage: "prod"}}}
	rep := reported(analyze.Target{ID: "api.example.com", APIID: "web", Stage: "prod"}, analyze.Served{Stage: "prod", Base: 9})
	want := []string{"served by stage prod | unmet | stage prod, by the logs of 9 of 9 answers (API web, not abc)"}
	if diff := cmp.Diff(want, judged(t, "served_by: prod", targets, rep)); diff != "" {
		t.Error(diff)
	}
}

func TestSameAs(t *testing.T) {
	targets := []probe.Target{{ID: "abc/prod", APIID: "abc", Stage: "prod"}, {ID: "abc/dev", APIID: "abc", Stage: "dev"}}
	report := func(here, there map[string]int) *analyze.Report {
		target := func(id, stage string, counts map[string]int) analyze.Target {
			t := analyze.Target{ID: id, APIID: "abc", Stage: stage, Kind: probe.InvokeURL}
			for cluster, n := range counts {
				t.Clusters = append(t.Clusters, analyze.Cluster{ID: cluster, Scenario: "s", Status: 200, Count: n})
			}
			return t
		}
		return &analyze.Report{Targets: []analyze.Target{target("abc/prod", "prod", here), target("abc/dev", "dev", there)}}
	}
	const text = "same behaviour as stage dev | "
	for _, tt := range []struct {
		here, there map[string]int
		want        string
	}{
		{map[string]int{"a": 300}, map[string]int{"a": 280}, "met | 1 behaviour, the same in 300 answers here and 280 on abc/dev"},
		{map[string]int{"a": 300}, map[string]int{"b": 280}, "unmet | behaviour a in 300 of 300 answers here, in 0 of 280 on abc/dev"},
		{map[string]int{"a": 300, "b": 300}, map[string]int{"a": 599, "b": 1}, "unmet | behaviour a in 300 of 600 answers here, in 599 of 600 on abc/dev"},
		{map[string]int{"a": 300, "b": 1}, map[string]int{"a": 20}, "unknown | behaviour b in 1 of 301 answers here, in 0 of 20 on abc/dev: too few to tell"},
		{map[string]int{"a": 300}, nil, "unknown | 300 answers here, 0 answers on abc/dev"},
	} {
		if diff := cmp.Diff([]string{text + tt.want}, judged(t, "same_as: dev", targets, report(tt.here, tt.there))); diff != "" {
			t.Error(diff)
		}
	}
	if got := judged(t, "same_as: test", targets, report(map[string]int{"a": 1}, nil)); len(got) != 1 || !strings.Contains(got[0], "unknown | stage test is not checked") {
		t.Error(got)
	}
}

func TestRefusal(t *testing.T) {
	f, err := Parse("f.yaml", []byte(`
version: 1
defaults: {expect: {status: 2xx}}
scenarios:
  - {name: open, request: {path: /a}}
  - {name: shut, request: {path: /b}, expect: {status: [401, 403]}}
  - {name: named, request: {path: /c}, expect: {gateway_response: ACCESS_DENIED}}
`))
	if err != nil {
		t.Fatal(err)
	}
	targets := []probe.Target{{ID: "t"}}
	list, err := f.Probes(targets)
	if err != nil {
		t.Fatal(err)
	}
	list = append(list, probe.Scenario{Name: "GET /route"}, probe.Scenario{Name: "GET /editor", Limit: 3})
	j := NewJudge(f, &probe.Plan{Targets: targets, Scenarios: list}, 0)
	for name, want := range map[string]bool{"open": false, "shut": true, "named": true, "GET /route": false, "unheard of": false} {
		if got := j.Refusal("t", name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	var judged []string
	for _, e := range j.Judge(&analyze.Report{}) {
		judged = append(judged, e.Scenario)
	}
	// The defaults hold for a route of the definition, not for one that is sent
	// to be refused.
	if diff := cmp.Diff([]string{"open", "shut", "named", "GET /route"}, judged); diff != "" {
		t.Error(diff)
	}
}

func TestMet(t *testing.T) {
	f, err := Parse("f.yaml", []byte("version: 1\nscenarios: [{name: s, request: {path: /}, expect: {status: 200, body: [{pointer: /v, equals: 2}], canary: none}}, {name: n, request: {path: /n}}]"))
	if err != nil {
		t.Fatal(err)
	}
	cut := answerAt(0, 200, `{"v":`)
	cut.Truncated = true
	silent := answerAt(0, 200, "")
	silent.Scenario = "n"
	for _, tt := range []struct {
		name       string
		o          *probe.Observation
		met, known bool
	}{
		{"new", answerAt(0, 200, `{"v":2}`), true, true},
		{"old", answerAt(0, 200, `{"v":1}`), false, true},
		{"cut short", cut, false, false},
		{"nothing expected", silent, false, false},
		{"no answer", &probe.Observation{Scenario: "s", Outcome: probe.OutcomeReset}, false, false},
	} {
		if met, known := f.Met(tt.o); met != tt.met || known != tt.known {
			t.Errorf("%s: %v, %v", tt.name, met, known)
		}
	}
}

// A value that is different every time does not grow the tally.
func TestTallyIsBounded(t *testing.T) {
	f := contractFile(t)
	c := newCell(f.Scenarios[0].Expect, f.Scenarios[0].Expect.checks(), nil)
	for i := range 1000 {
		c.add(answerAt(0, 200, "{}", probe.Header{Name: "x-backend-version", Value: fmt.Sprint("v", i)}))
	}
	for i := range c.tallies {
		if n := len(c.tallies[i].seen); n > maxSeen {
			t.Errorf("%s: %d values", c.tallies[i].text, n)
		}
	}
	r := c.tallies[2].result(time.Time{})
	if r.holds != unmet || !strings.HasSuffix(r.observed, "in 1000 of 1000 answers") {
		t.Errorf("%+v", r)
	}
}
