package cause

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/report/prose"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// began is when the runs of all worlds begin.
var began = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// world makes the rows of a run whose causes are known.
type world struct {
	Input
	rng      *rand.Rand
	clusters map[string]int
	logs     bool    // labels, stages and deployments are told
	bytes    bool    // answers come as bytes, and their features are found
	loss     float64 // of log records
	machines int
}

// answer is what a request got.
type answer struct {
	id       string
	status   int
	producer signature.Producer
	response string // gateway response type
	errType  string
	api      string
	stage    string
	class    signature.Class
	outcome  probe.Outcome // of a request that came to nothing

	// In a world of bytes:
	body   string
	header []probe.Header
}

// request is one request of a world, before it is answered.
type request struct {
	*Row
	n      int // how many requests were sent before it
	canary bool
	rng    *rand.Rand

	elsewhere string // the stage that served it, where that is another one
}

func (r *request) chance(p float64) bool { return r.rng.Float64() < p }

// ok is an answer of the integration.
func ok(version string) answer {
	return answer{id: version, status: 200, producer: "integration"}
}

// fails is a failure of the integration.
func fails(status int) answer {
	return answer{id: fmt.Sprint("fail", status), status: status, producer: "integration", errType: "InternalServerErrorException"}
}

// refuses is a refusal by the gateway.
func refuses(status int, response, errType string) answer {
	return answer{id: response + errType, status: status, producer: "gateway", response: response, errType: errType}
}

// newWorld is an API with stages prod and dev, two scenarios, and the invoke URL
// of prod as only target.
func newWorld(seed uint64) *world {
	routes := map[string]probe.Route{"GET /orders": {}, "GET /items": {}}
	def := func() *probe.Definition { return &probe.Definition{Source: "GetExport", Routes: routes} }
	w := &world{rng: rand.New(rand.NewPCG(seed, 1)), clusters: map[string]int{}, logs: true, machines: 1}
	w.Snapshot = probe.Snapshot{Region: "eu-west-1", APIs: []probe.API{{
		ID: "abc123", Kind: probe.REST, Editor: def(),
		Stages: []probe.Stage{
			{Name: "prod", DeploymentID: "dep1", Deployed: def(), Updated: began.Add(-90 * 24 * time.Hour)},
			{Name: "dev", DeploymentID: "dep1", Deployed: def(), Updated: began.Add(-90 * 24 * time.Hour)},
		},
		Deployments: []probe.Deployment{
			{ID: "dep1", Created: began.Add(-100 * 24 * time.Hour)},
			{ID: "dep0", Created: began.Add(-400 * 24 * time.Hour)},
		},
	}}}
	w.Plan = probe.Plan{Seed: seed, Requests: 1000, Rate: 50, Scenarios: []probe.Scenario{
		{Name: "orders", Method: "GET", Path: "/orders", Route: "GET /orders"},
		{Name: "items", Method: "GET", Path: "/items", Route: "GET /items"},
	}}
	w.invoke("prod")
	return w
}

// invoke adds a stage's own URL to the targets.
func (w *world) invoke(stage string) *probe.Target {
	return w.target(probe.Target{
		ID: "abc123/" + stage, URL: "https://abc123.execute-api.eu-west-1.amazonaws.com/" + stage, Kind: probe.InvokeURL,
		APIID: "abc123", APIKind: probe.REST, Stage: stage, DeploymentID: "dep1",
	})
}

// domain adds a custom domain that leads to one stage and is meant for another.
func (w *world) domain(stage, meant string) *probe.Target {
	w.Snapshot.Domains = append(w.Snapshot.Domains, probe.Domain{
		Name: "api.example.com", Mappings: []probe.Mapping{{APIID: "abc123", Stage: stage}},
	})
	return w.target(probe.Target{
		ID: "api.example.com", URL: "https://api.example.com", Kind: probe.CustomDomain,
		APIID: "abc123", APIKind: probe.REST, Stage: stage, DeploymentID: "dep1",
		Meant: &probe.StageRef{APIID: "abc123", Stage: meant},
	})
}

func (w *world) target(t probe.Target) *probe.Target {
	w.Plan.Targets = append(w.Plan.Targets, t)
	return &w.Plan.Targets[len(w.Plan.Targets)-1]
}

func (w *world) api() *probe.API { return &w.Snapshot.APIs[0] }

// canary gives prod a canary of an older deployment.
func (w *world) canary(percent float64) *world {
	c := probe.Canary{Percent: percent, DeploymentID: "dep0"}
	w.api().Stages[0].Canary = &c
	for i := range w.Plan.Targets {
		if t := &w.Plan.Targets[i]; t.Stage == "prod" {
			t.Canary = &c
		}
	}
	return w
}

// send sends n requests, drawn over targets and scenarios as the probe draws
// them, and answers them.
func (w *world) send(n int, respond func(*request) answer) *world {
	for i := range n {
		row := Row{
			Machine: i % w.machines, Seq: uint64(len(w.Rows)), At: began.Add(time.Duration(i) * 20 * time.Millisecond),
			Target: w.rng.IntN(len(w.Plan.Targets)), Scenario: w.rng.IntN(len(w.Plan.Scenarios)),
			Conn: 1 + w.rng.IntN(8), ConnN: 1, Remote: fmt.Sprintf("192.0.2.%d:443", 1+w.rng.IntN(2)), Rate: 50,
			RequestID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i),
		}
		w.add(i, row, respond)
	}
	w.Now = began.Add(time.Duration(n) * 20 * time.Millisecond)
	w.Done = true
	return w
}

func (w *world) add(i int, row Row, respond func(*request) answer) {
	t := &w.Plan.Targets[row.Target]
	r := &request{Row: &row, n: i, rng: w.rng}
	r.canary = t.Canary != nil && w.rng.Float64() < t.Canary.Percent/100
	a := respond(r)
	if row.Class = a.class; row.Class == "" {
		row.Class = signature.Informative
	}
	if w.bytes {
		row.Table, row.Class = w.observe(&row, a)
	} else {
		row.Cluster = w.cluster(row.Target, row.Scenario, a)
	}
	if w.logs && !unlogged(a) && w.rng.Float64() >= w.loss {
		row.Label = LabelBase
		if r.canary {
			row.Label = LabelCanary
		}
		row.ServedAPI, row.ServedStage = t.APIID, cmp.Or(r.elsewhere, t.Stage)
	} else {
		row.Version, row.Deployment, row.IntegrationCalled = "", "", nil
	}
	w.Rows = append(w.Rows, row)
}

// observe takes an answer of bytes in; where it has none, what it is called is its version.
func (w *world) observe(row *Row, a answer) (int, signature.Class) {
	if w.Table == nil {
		w.Table = behaviour.New(behaviour.Options{Targets: w.Plan.Targets, Scenarios: w.Plan.Scenarios})
	}
	body := a.body
	if body == "" {
		body = fmt.Sprintf(`{"version": %q}`, a.id)
	}
	o := probe.Observation{
		Target: w.Plan.Targets[row.Target].ID, Scenario: w.Plan.Scenarios[row.Scenario].Name, Due: row.At, Outcome: probe.OutcomeResponse,
		Status: a.status, Body: []byte(body), BodySize: int64(len(body)), MintedID: row.RequestID, Conn: row.Conn, ConnN: row.ConnN, Proto: "HTTP/1.1",
		Header: append([]probe.Header{{Name: "x-amzn-RequestId", Value: row.RequestID}, {Name: "Content-Type", Value: "application/json"}}, a.header...),
	}
	if a.class == signature.Transport {
		o.Outcome, o.Status, o.Header, o.Body, o.BodySize = probe.OutcomeReset, 0, nil, nil, 0
	}
	if a.errType != "" {
		o.Header = append(o.Header, probe.Header{Name: "x-amzn-ErrorType", Value: a.errType})
	}
	return w.Table.Add(&o, row.Target, row.Scenario, true, 0)
}

// unlogged: the gateway writes no execution log for what it did not route.
func unlogged(a answer) bool {
	return a.response == "MISSING_AUTHENTICATION_TOKEN" || a.class == signature.Transport
}

func (w *world) cluster(target, scenario int, a answer) int {
	key := fmt.Sprint(target, "/", scenario, "/", a.id)
	k, ok := w.clusters[key]
	if !ok {
		k = len(w.Clusters)
		w.clusters[key] = k
		class := a.class
		if class == "" {
			class = signature.Informative
		}
		w.Clusters = append(w.Clusters, Cluster{
			Cluster: &behaviour.Cluster{ID: a.id, Status: a.status, Outcome: a.outcome, Class: class, Reading: signature.Reading{
				Producer: a.producer, GatewayResponse: a.response, ErrorType: a.errType, APIID: a.api, Stage: a.stage,
			}},
			Target: target, Scenario: scenario, Summary: fmt.Sprintf("%d {%s}", a.status, a.id),
		})
	}
	w.Clusters[k].Count++
	return k
}

// found are the causes of a result, with how they are linked.
func found(r Result) map[ID]Link {
	out := map[ID]Link{}
	for _, f := range r.Findings {
		out[f.Cause] = f.Linked
	}
	return out
}

// want holds a result against the causes that are true in the world.
func want(t *testing.T, r Result, causes map[ID]Link) {
	t.Helper()
	got := found(r)
	for c, l := range causes {
		if got[c] != l {
			t.Errorf("cause %s is linked %q, want %q", c, got[c], l)
		}
	}
	for c := range got {
		if _, ok := causes[c]; !ok && c != VolatileContent {
			t.Errorf("false cause %s", c)
		}
	}
	if t.Failed() {
		dump(t, r)
		t.FailNow()
	}
}

func dump(t *testing.T, r Result) {
	t.Helper()
	for _, f := range r.Findings {
		t.Logf("%s %s %s %v: %s", f.Cause, f.Severity, f.Linked, f.Targets, f.Statement)
	}
	for _, o := range r.Open {
		t.Logf("open: %+v", o)
	}
	for id, p := range r.Posteriors {
		t.Logf("%s %+v", id, p)
	}
}

// route is a route that asks for an authorization or an API key.
func route(authorization string, key bool) probe.Route {
	return probe.Route{Authorization: authorization, APIKeyRequired: key}
}

// explained is what is said of a run, in words.
func explained(in Input) Result {
	r := Explain(in)
	r.InWords(prose.Say)
	return r
}
