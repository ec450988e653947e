package analyze

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// heard is one thing that a session hears: an answer, what the logs said so far, or a
// configuration that was read again.
type heard func(*Session)

// drawnRun is a run of a stage with a canary and of a domain that leads to it, heard in
// an order of its own: answers overtake each other, logs come in parts, and the stage is
// changed in the middle.
func drawnRun(rng *rand.Rand) (plan probe.Plan, snap probe.Snapshot, out []heard) {
	canary := &probe.Canary{Percent: 20, DeploymentID: "d2"}
	snap = *canaryStage()
	plan = probe.Plan{Requests: 1000, Rate: 20, Targets: []probe.Target{
		{ID: "abc123/prod", URL: "https://abc123.execute-api.eu-west-1.amazonaws.com/prod", Kind: probe.InvokeURL, APIID: "abc123", APIKind: probe.REST, Stage: "prod", DeploymentID: "d1", Canary: canary},
		{ID: "api.example.com", URL: "https://api.example.com", Kind: probe.CustomDomain, APIID: "abc123", APIKind: probe.REST, Stage: "prod", DeploymentID: "d1", Canary: canary,
			Meant: &probe.StageRef{APIID: "abc123", Stage: "prod"}},
	}, Scenarios: []probe.Scenario{{Name: "orders", Method: "GET", Path: "/orders"}, {Name: "items", Method: "GET", Path: "/items"}}}
	fails, differs := .06*rng.Float64(), rng.IntN(2) == 0
	var answers []*probe.Observation
	var records []probe.LogRecord
	for i := range 500 {
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		onCanary := rng.Float64() < .2
		status, body := 200, fmt.Sprintf(`{"version":%q,"n":%d}`, map[bool]string{true: "2", false: "1"}[onCanary && differs], rng.IntN(3))
		if rng.Float64() < fails {
			status, body = 500, `{"error":"x"}`
		}
		answers = append(answers, &probe.Observation{
			Seq: uint64(i), Target: plan.Targets[rng.IntN(2)].ID, Scenario: plan.Scenarios[rng.IntN(2)].Name, Due: noon.Add(time.Duration(i) * 50 * time.Millisecond),
			Took: time.Duration(rng.IntN(900)) * time.Millisecond, Rate: 20, Outcome: probe.OutcomeResponse, Status: status,
			Conn: 1 + rng.IntN(6), ConnN: 1 + i/6, Fresh: i%10 == 0, RemoteIP: fmt.Sprintf("192.0.2.%d:443", 1+rng.IntN(2)),
			Header: []probe.Header{{Name: "x-amzn-RequestId", Value: id}, {Name: "Content-Type", Value: "application/json"}}, Body: []byte(body), BodySize: int64(len(body)), MintedID: id,
		})
		if rng.Float64() < .95 {
			records = append(records, said(stageRecord(id, "prod"), onCanary))
		}
	}
	for i := range answers { // one overtakes some before it
		if j := max(0, i-rng.IntN(8)); rng.IntN(3) == 0 {
			answers[i], answers[j] = answers[j], answers[i]
		}
	}
	for i, o := range answers {
		out = append(out, func(s *Session) { s.Add(o) })
		switch {
		case i%60 == 59:
			known := records[:min(len(records), i*8/10)]
			at := o.Due.Add(time.Duration(rng.IntN(40)) * time.Second)
			out = append(out, func(s *Session) {
				s.SetEvidence(probe.Evidence{ReadAt: at, Groups: []probe.LogGroup{{Name: "g", APIID: "abc123", Stage: "prod", Exists: true, Events: len(known), Watermark: at.Add(-10 * time.Second)}}, Records: known})
			})
		case i == 300:
			later := *canaryStage()
			later.APIs[0].Stages[0].Updated = o.Due
			out = append(out, func(s *Session) { s.SetSnapshot(later) })
		}
	}
	return plan, snap, out
}

// TestLooksAreAsFresh: what a session has kept of earlier looks changes nothing of what
// the next one says.
func TestLooksAreAsFresh(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 5))
		plan, snap, run := drawnRun(rng)
		watched := NewSession(plan, snap, Policy{})
		for i, hear := range run {
			hear(watched)
			if rng.IntN(25) > 0 && i < len(run)-1 {
				continue
			}
			fresh := NewSession(plan, snap, Policy{})
			for _, h := range run[:i+1] {
				h(fresh)
			}
			if got, want := told(t, watched.Decide(false)), told(t, fresh.Decide(false)); got != want {
				at := 0
				for at < min(len(got), len(want)) && got[at] == want[at] {
					at++
				}
				from := max(0, at-200)
				t.Fatalf("seed %d, after %d: a look after others says\n…%.600s\nthe first one\n…%.600s", seed, i+1, got[from:], want[from:])
			}
		}
	}
}

func told(t *testing.T, r cause.Result) string {
	t.Helper()
	for i := range r.Findings {
		r.Findings[i].DecidedMS = 0 // which look found it first, as what it took till then
	}
	b, err := json.Marshal([]any{r.Findings, r.Open, r.Posteriors, r.Claims, r.Measured, r.Steps, r.Remaining, r.Decided, r.Next})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
