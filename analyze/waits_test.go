package analyze_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze"
	"stageprobe/probe"
)

// answers are a row of answers that a wait sees.
type answers struct {
	n        int
	target   int
	scenario string
	body     string
	status   int    // 0: 200; 1: no answer
	logged   string // deployment that the access log names
}

// waited is a wait over two stages: what was answered, and what is known beside it.
type waited struct {
	wanted   analyze.Wanted
	rows     []answers
	targets  int // 0: one
	snap     func(*probe.Snapshot)
	stopped  string
	judged   []analyze.Expectation
	missing  []analyze.Question
	minShare float64
}

func waitPlan(targets int) probe.Plan {
	plan := probe.Plan{Seed: 3, Requests: 2000, Rate: 20, Scenarios: []probe.Scenario{{Name: "a", Method: "GET", Path: "/a"}, {Name: "b", Method: "GET", Path: "/b"}, {Name: "new", Method: "GET", Path: "/new", Limit: 50}}}
	for _, stage := range []string{"prod", "dev"}[:targets] {
		plan.Targets = append(plan.Targets, probe.Target{ID: "abc123/" + stage, Kind: probe.InvokeURL, APIID: "abc123", APIKind: probe.REST, Stage: stage, DeploymentID: "d1"})
	}
	return plan
}

// waitSnapshot has stages that serve deployment d2, which came ten seconds into the wait.
func waitSnapshot() probe.Snapshot {
	def := &probe.Definition{Source: "GetExport", Routes: map[string]probe.Route{"GET /a": {Authorization: "NONE"}}}
	return probe.Snapshot{Taken: began.Add(15 * time.Second), APIs: []probe.API{{ID: "abc123", Kind: probe.REST, Editor: def,
		Deployments: []probe.Deployment{{ID: "d2", Created: began.Add(10 * time.Second)}, {ID: "d1", Created: began.Add(-100 * time.Hour)}},
		Stages:      []probe.Stage{{Name: "prod", DeploymentID: "d2", Updated: began.Add(9 * time.Second), Deployed: def}, {Name: "dev", DeploymentID: "d1", Updated: began.Add(-100 * time.Hour), Deployed: def}}}}}
}

// hear makes the session of a wait.
func hear(w *waited) *analyze.Session {
	plan := waitPlan(max(1, w.targets))
	policy := analyze.Policy{MinShare: w.minShare}
	if w.judged != nil {
		policy.Judge = judge{seen: new(int), expectations: w.judged}
	}
	s := analyze.NewSession(plan, probe.Snapshot{}, policy)
	var ev probe.Evidence
	seq := uint64(0)
	for _, row := range w.rows {
		for range row.n {
			id := probe.MintedID(plan.Seed, seq)
			o := probe.Observation{Seq: seq, Target: plan.Targets[row.target].ID, Scenario: row.scenario, Due: began.Add(time.Duration(seq) * 50 * time.Millisecond), Took: 10 * time.Millisecond, Rate: 20, Conn: int(seq%3) + 1, ConnN: int(seq/3) + 1,
				Outcome: probe.OutcomeResponse, Status: 200, MintedID: id, Header: []probe.Header{{Name: "x-amzn-RequestId", Value: id}, {Name: "Content-Type", Value: "application/json"}}, Body: []byte(row.body)}
			switch row.status {
			case 0:
			case 1:
				o.Outcome, o.Status, o.Header, o.Body = probe.OutcomeTimeout, 0, nil, nil
			default:
				o.Status = row.status
			}
			o.BodySize = int64(len(o.Body))
			s.Add(&o)
			s.Mark(&o, &w.wanted)
			if row.logged != "" {
				ev.Records = append(ev.Records, probe.LogRecord{Source: probe.AccessLogSrc, RequestID: id, APIID: "abc123", Stage: plan.Targets[row.target].Stage, DeploymentID: row.logged, Time: o.Due})
			}
			seq++
		}
	}
	if ev.Records != nil {
		ev.ReadAt = began.Add(time.Hour)
		s.SetEvidence(ev)
	}
	if w.snap != nil {
		snap := waitSnapshot()
		w.snap(&snap)
		s.SetSnapshot(snap)
	}
	return s
}

// TestWholeWaits holds how waits for a new behaviour go: how it is told from the old one,
// how far it has come, and what the report makes of it.
func TestWholeWaits(t *testing.T) {
	met := func(o *probe.Observation) (met, known bool) {
		return strings.Contains(string(o.Body), `"version":"2.`), strings.Contains(string(o.Body), `"version"`)
	}
	const v1, v2, v3, v9, other = `{"version":"1.0.0"}`, `{"version":"2.0.0"}`, `{"version":"2.1.0"}`, `{"version":"9.0.0"}`, `{"x":1}`
	a := func(n int, body string) answers { return answers{n: n, scenario: "a", body: body} }
	on := func(target int, r answers) answers { r.target = target; return r }
	of := func(scenario string, r answers) answers { r.scenario = scenario; return r }
	logged := func(deployment string, r answers) answers { r.logged = deployment; return r }
	status := func(status int, r answers) answers { r.status = status; return r }
	newest := func(*probe.Snapshot) {}
	before := func(rows ...answers) *analyze.Report {
		s := hear(&waited{rows: rows, targets: 2, snap: func(snap *probe.Snapshot) { snap.APIs[0].Stages[0].DeploymentID = "d1" }})
		return s.Report(analyze.Ending{RunID: "before", Stopped: "budget"})
	}
	old := before(a(30, v1), of("b", a(30, other)), on(1, a(30, v1)))
	unmet := *old
	unmet.Expectations = []analyze.Expectation{{Target: "abc123/prod", Scenario: "a", Expectation: "v is 2", Met: ptr(false)}, {Target: "abc123/prod", Scenario: "b", Expectation: "x", Met: ptr(true)}, {Target: "abc123/dev", Scenario: "a", Expectation: "y"}}
	nameless := *old
	nameless.Targets = append([]analyze.Target(nil), old.Targets...)
	for i := range nameless.Targets {
		nameless.Targets[i].Clusters = append([]analyze.Cluster(nil), old.Targets[i].Clusters...)
		for k := range nameless.Targets[i].Clusters {
			nameless.Targets[i].Clusters[k].Kind = ""
		}
	}
	expects := []analyze.Expectation{
		{Scenario: "a", Target: "abc123/prod", Expectation: "v is 2", Met: ptr(false), Observed: "v is 1 at times", Single: true},
		{Scenario: "a", Target: "abc123/prod", Expectation: "at least 99 %", Met: ptr(false), Observed: "95 %"},
		{Scenario: "a", Target: "abc123/prod", Expectation: "status 200", Met: ptr(true), Observed: "200", Single: true},
		{Scenario: "a", Target: "abc123/prod", Expectation: "a header", Observed: "unknown", Single: true},
		{Scenario: "a", Target: "abc123/dev", Expectation: "v is 2", Met: ptr(false), Observed: "v is 1", Single: true},
	}
	byMet, byBefore := analyze.Wanted{Met: met}, analyze.Wanted{Before: old}
	got := map[string]any{}
	for name, w := range map[string]*waited{
		"nothing":                          {wanted: byMet},
		"nothing that can be told":         {wanted: byMet, rows: []answers{a(20, other)}},
		"expected, and nothing else":       {wanted: byMet, rows: []answers{a(900, v2)}},
		"expected, too few":                {wanted: byMet, rows: []answers{a(90, v2)}},
		"not as expected":                  {wanted: byMet, rows: []answers{a(40, v1)}},
		"came after old answers":           {wanted: byMet, rows: []answers{a(60, v1), a(700, v2)}},
		"came after old answers, just":     {wanted: byMet, rows: []answers{a(60, v1), a(518, v2)}},
		"came, and a scenario did not":     {wanted: byMet, rows: []answers{a(60, v1), of("b", a(300, v2)), a(700, v2)}},
		"came and went and came":           {wanted: byMet, rows: []answers{a(60, v1), a(300, v2), a(40, v1), a(700, v2)}},
		"came three times":                 {wanted: byMet, minShare: .05, rows: []answers{a(30, v1), a(30, v2), a(5, v1), a(30, v2), a(5, v1), a(300, v2)}},
		"coming":                           {wanted: byMet, rows: []answers{a(60, v1), a(30, v2)}},
		"one answer":                       {wanted: byMet, rows: []answers{a(1, v1)}},
		"half and half":                    {wanted: byMet, rows: []answers{a(40, v1), a(40, v2)}},
		"old after strange ones":           {wanted: analyze.Wanted{Before: old, Met: met}, rows: []answers{a(20, v9), a(30, v1)}},
		"as many strange as old ones":      {wanted: analyze.Wanted{Before: old, Met: met}, rows: []answers{a(20, v1), a(20, v9)}},
		"interrupted":                      {wanted: byMet, rows: []answers{a(60, v1), a(30, v2)}, stopped: "interrupted"},
		"no answers and throttles":         {wanted: byMet, rows: []answers{a(60, v1), status(1, a(20, "")), status(429, a(20, `{"message":"Too Many Requests"}`)), a(700, v2)}},
		"one stage of two":                 {wanted: byMet, targets: 2, rows: []answers{a(60, v1), on(1, a(60, v1)), a(700, v2), on(1, a(10, v1))}},
		"one stage of two, expectations":   {wanted: byMet, targets: 2, judged: expects, rows: []answers{a(60, v1), on(1, a(60, v1)), a(700, v2), on(1, a(10, v1))}, missing: []analyze.Question{{Text: "left", Target: "abc123/prod"}}},
		"a failure at the end":             {wanted: byMet, rows: []answers{a(60, v1), a(700, v2), status(502, a(30, `{"message":"Internal server error"}`))}},
		"since a baseline":                 {wanted: byBefore, rows: []answers{a(40, v1), of("b", a(40, other)), a(700, v3)}},
		"since a baseline, all new":        {wanted: byBefore, rows: []answers{a(600, v3)}},
		"since a baseline, nothing new":    {wanted: byBefore, rows: []answers{a(40, v1)}},
		"since a baseline, never deployed": {wanted: byBefore, targets: 2, rows: []answers{a(40, v1), on(1, a(40, v1))}, snap: newest},
		"since a baseline, of ids":         {wanted: analyze.Wanted{Before: &nameless}, rows: []answers{a(40, v1), a(600, v3)}},
		"since a baseline, and expected":   {wanted: analyze.Wanted{Before: old, Met: met}, rows: []answers{a(40, v1), a(30, other), a(40, v9), a(600, v3)}},
		"strange at the end":               {wanted: analyze.Wanted{Before: old, Met: met}, rows: []answers{a(40, v1), a(30, v9)}},
		"since an unmet baseline":          {wanted: analyze.Wanted{Before: &unmet, Met: met}, rows: []answers{a(40, v1), of("b", a(40, v2)), a(600, v3)}},
		"a deployment by its id":           {wanted: analyze.Wanted{Deployment: "d2"}, rows: []answers{logged("d1", a(40, v1)), a(20, v1), logged("d2", a(600, v1))}},
		"a deployment that no log names":   {wanted: analyze.Wanted{Deployment: "d2"}, rows: []answers{a(40, v1)}},
		"a deployment, still the old one":  {wanted: analyze.Wanted{Deployment: "d2"}, rows: []answers{logged("d1", a(40, v1))}},
		"with the stage's deployment":      {wanted: byMet, snap: newest, rows: []answers{a(200, v2), of("b", a(5, v2)), a(700, v3), of("b", a(5, v2))}},
		"with it, one scenario came later": {wanted: byMet, snap: newest, rows: []answers{a(200, v2), a(700, v3), of("b", a(30, v2))}},
		"with it, and no difference":       {wanted: byMet, snap: newest, rows: []answers{a(900, v2)}},
		"with it, clock behind": {wanted: byMet, snap: func(s *probe.Snapshot) {
			s.APIs[0].Stages[0].Updated = time.Time{}
			s.APIs[0].Deployments[0].Created = time.Time{}
		}, rows: []answers{a(300, v2), a(700, v3)}},
		"with it, deployment unknown":        {wanted: byMet, snap: func(s *probe.Snapshot) { s.APIs[0].Deployments = nil }, rows: []answers{a(200, v2), a(700, v3)}},
		"what confirms an edit switched":     {wanted: byMet, rows: []answers{status(403, of("new", a(20, `{"message":"Missing Authentication Token"}`))), a(100, v2), of("new", a(20, `{"new":true}`)), a(700, v2), of("new", a(600, `{"new":true}`))}},
		"what confirms an edit did not":      {wanted: byMet, rows: []answers{status(403, of("new", a(20, `{"message":"Missing Authentication Token"}`))), a(600, v2)}},
		"what confirms it, and old answers":  {wanted: byMet, rows: []answers{status(403, of("new", a(20, `{"message":"Missing Authentication Token"}`))), a(30, v1), of("new", a(20, `{"new":true}`)), a(700, v2)}},
		"the log names the newest":           {wanted: byMet, targets: 2, snap: func(s *probe.Snapshot) { s.APIs[0].Stages[1].DeploymentID = "d2" }, rows: []answers{logged("d2", on(1, a(900, v2))), logged("d2", a(3, v2))}},
		"the log names the newest, too late": {wanted: byMet, snap: newest, rows: []answers{logged("d2", a(300, v2)), logged("d1", a(1, v2)), logged("d2", a(300, v2))}},
		"the log names one that is old":      {wanted: byMet, snap: func(s *probe.Snapshot) { s.APIs[0].Deployments[0].Created = began.Add(-time.Hour - time.Second) }, rows: []answers{logged("d2", a(900, v2))}},
		"the log names one of an hour":       {wanted: byMet, snap: func(s *probe.Snapshot) { s.APIs[0].Deployments[0].Created = began.Add(-time.Hour + time.Second) }, rows: []answers{logged("d2", a(900, v2))}},
		"the log names one, another is new":  {wanted: byMet, snap: func(s *probe.Snapshot) { d := s.APIs[0].Deployments; d[0], d[1] = d[1], d[0] }, rows: []answers{logged("d2", a(900, v2))}},
		"the log names one, editor unread":   {wanted: byMet, snap: func(s *probe.Snapshot) { s.APIs[0].Editor = nil }, rows: []answers{logged("d2", a(900, v2))}},
		"the log names one, stage unread":    {wanted: byMet, snap: func(s *probe.Snapshot) { s.APIs[0].Stages[0].Deployed = nil }, rows: []answers{logged("d2", a(900, v2))}},
		"the log names one, an edit waits": {wanted: byMet, snap: func(s *probe.Snapshot) {
			s.APIs[0].Editor = &probe.Definition{Source: "GetResources", Routes: map[string]probe.Route{"GET /a": {Authorization: "AWS_IAM"}}}
		}, rows: []answers{logged("d2", a(900, v2))}},
	} {
		s := hear(w)
		stopped := w.stopped
		if stopped == "" {
			stopped = "budget"
		}
		rep := s.Waited(analyze.Ending{RunID: "wait", Started: began, Ended: began.Add(time.Minute), Stopped: stopped}, &w.wanted, w.missing)
		windows := make([]string, len(rep.Wait))
		for i := range rep.Wait {
			for _, share := range rep.Wait[i].Shares {
				windows[i] += fmt.Sprintf(" %.2f", share)
			}
			rep.Wait[i].Shares = nil
		}
		var causes, steps, open []string
		for _, f := range rep.Findings {
			causes = append(causes, fmt.Sprintf("%s %s on %s, step %d", f.Severity, f.Cause, strings.Join(f.Targets, ","), f.Step))
		}
		for _, step := range rep.Steps {
			steps = append(steps, step.Status+" "+step.Note)
		}
		for _, q := range rep.Open {
			open = append(open, q.Target+": "+q.Text)
		}
		next := map[string]int{} // where the wait goes on asking
		s.Persist()
		for range 400 {
			if c, ok := s.Next(began, 0); ok {
				next[fmt.Sprintf("%d/%d", c.Target, c.Scenario)]++
			}
		}
		got[name] = map[string]any{"wait": rep.Wait, "old shares": windows, "verdict": rep.Verdict, "outcome": rep.Outcome, "exit": rep.ExitCode, "findings": causes, "steps": steps, "open": open, "expectations": rep.Expectations, "asked next": next}
	}
	golden(t, "waits", got)
}
