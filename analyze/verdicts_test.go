package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// What became of an earlier report's findings, counted in a sentence.
func TestSinceTheBaseline(t *testing.T) {
	found := func(baseline string, severity cause.Severity) cause.Finding {
		return cause.Finding{Baseline: baseline, Severity: severity}
	}
	for name, tt := range map[string]struct {
		findings, mended []cause.Finding
		want             string
	}{
		"nothing":      {nil, nil, ""},
		"no baseline":  {[]cause.Finding{found("", cause.Error), found("", cause.Warning)}, nil, ""},
		"remarks":      {[]cause.Finding{found("new", cause.Info)}, nil, ""},
		"each":         {[]cause.Finding{found("new", cause.Error), found("still there", cause.Warning), found("still there", cause.Error), found("new", cause.Info)}, []cause.Finding{found("mended", cause.Error)}, "Since the baseline: 1 mended, 2 still there, 1 new."},
		"some unknown": {nil, []cause.Finding{found("mended", cause.Error), found("not checked this time", cause.Error)}, "Since the baseline: 1 mended, 0 still there, 0 new, 1 not checked this time."},
		"in part":      {[]cause.Finding{found("", cause.Error), found("new", cause.Error)}, nil, "Since the baseline: 0 mended, 0 still there, 1 new."},
	} {
		rep := &Report{Findings: tt.findings, Mended: tt.mended}
		if got := rep.sinceBaseline(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// A finding is the same as an earlier one of the same cause on a common target, and what is
// left of it in a less severe form mends the earlier one.
func TestSameFinding(t *testing.T) {
	finding := func(id cause.ID, severity cause.Severity, targets ...string) cause.Finding {
		return cause.Finding{Cause: id, Severity: severity, Targets: targets}
	}
	for name, tt := range map[string]struct {
		now, before cause.Finding
		want        string // of what is found now, and of the earlier one where it is gone
	}{
		"the same":          {finding(cause.FlakyBackend, cause.Error, "a", "b"), finding(cause.FlakyBackend, cause.Error, "b", "c"), "still there"},
		"another target":    {finding(cause.FlakyBackend, cause.Error, "a"), finding(cause.FlakyBackend, cause.Error, "b"), "new, mended"},
		"another cause":     {finding(cause.WrongStage, cause.Error, "a"), finding(cause.FlakyBackend, cause.Error, "a"), "new, mended"},
		"of no target":      {finding(cause.FlakyBackend, cause.Error), finding(cause.FlakyBackend, cause.Error), "still there"},
		"of no target now":  {finding(cause.FlakyBackend, cause.Error), finding(cause.FlakyBackend, cause.Error, "a"), "new, mended"},
		"of no target then": {finding(cause.FlakyBackend, cause.Error, "a"), finding(cause.FlakyBackend, cause.Error), "new, mended"},
		"less severe":       {finding(cause.FlakyBackend, cause.Warning, "a"), finding(cause.FlakyBackend, cause.Error, "a"), "still there, mended"},
		"more severe":       {finding(cause.FlakyBackend, cause.Error, "a"), finding(cause.FlakyBackend, cause.Warning, "a"), "still there"},
	} {
		rep := &Report{Findings: []cause.Finding{tt.now}, Targets: []Target{{ID: "a", Requests: 1}, {ID: "b", Requests: 1}}}
		rep.Compare(&Report{Findings: []cause.Finding{tt.before}})
		got := []string{rep.Findings[0].Baseline}
		for _, f := range rep.Mended {
			got = append(got, f.Baseline)
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// An expectation that is not met is a finding, unless another finding of the same target and
// scenario says why.
func TestExpectationsAndFindings(t *testing.T) {
	met := []bool{false, true}
	unmet := Expectation{Scenario: "s", Target: "a", Expectation: "status 200", Observed: "500.", Met: &met[0]}
	finding := func(id cause.ID, severity cause.Severity, target string, scenarios ...string) cause.Finding {
		return cause.Finding{Cause: id, Severity: severity, Targets: []string{target}, Scenarios: scenarios}
	}
	configured := cause.ID("")
	for i := range cause.Causes {
		if cause.Causes[i].Configured {
			configured = cause.Causes[i].ID
			break
		}
	}
	for name, tt := range map[string]struct {
		e        Expectation
		findings []cause.Finding
		want     []string
	}{
		"met":                            {Expectation{Scenario: "s", Target: "a", Met: &met[1]}, nil, nil},
		"not known":                      {Expectation{Scenario: "s", Target: "a"}, nil, nil},
		"not met":                        {unmet, nil, []string{"error expectation-failed"}},
		"explained by an error":          {unmet, []cause.Finding{finding(cause.WrongStage, cause.Error, "b"), finding(cause.FlakyBackend, cause.Error, "a")}, []string{"error wrong-stage", "error flaky-backend"}},
		"explained by a warning":         {unmet, []cause.Finding{finding(cause.FlakyBackend, cause.Warning, "a", "s")}, []string{"error flaky-backend"}},
		"by an error before a warning":   {unmet, []cause.Finding{finding(cause.FlakyBackend, cause.Warning, "a"), finding(cause.WrongStage, cause.Error, "a")}, []string{"warning flaky-backend", "error wrong-stage"}},
		"another scenario's":             {unmet, []cause.Finding{finding(cause.FlakyBackend, cause.Error, "a", "r")}, []string{"error flaky-backend", "error expectation-failed"}},
		"another target's":               {unmet, []cause.Finding{finding(cause.FlakyBackend, cause.Warning, "b")}, []string{"warning flaky-backend", "error expectation-failed"}},
		"a remark":                       {unmet, []cause.Finding{finding(cause.FlakyBackend, cause.Info, "a")}, []string{"info flaky-backend", "error expectation-failed"}},
		"another expectation":            {unmet, []cause.Finding{finding(cause.ExpectationFailed, cause.Error, "a")}, []string{"error expectation-failed", "error expectation-failed"}},
		"the configuration's warning":    {unmet, []cause.Finding{finding(configured, cause.Warning, "a")}, []string{"warning " + string(configured), "error expectation-failed"}},
		"the configuration's error":      {unmet, []cause.Finding{finding(configured, cause.Error, "a")}, []string{"error " + string(configured)}},
		"a warning of the caller's kind": {unmet, []cause.Finding{finding("own", cause.Warning, "a")}, []string{"error own"}},
	} {
		rep := &Report{Findings: slices.Clone(tt.findings), Expectations: []Expectation{tt.e}}
		rep.addExpectationFindings()
		var got []string
		for _, f := range rep.Findings {
			got = append(got, fmt.Sprintf("%s %s", f.Severity, f.Cause))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Outcome, exit code and verdict by what was found and what is open.
func TestConclusions(t *testing.T) {
	configured := cause.ID("")
	for i := range cause.Causes {
		if cause.Causes[i].Configured {
			configured = cause.Causes[i].ID
			break
		}
	}
	finding := func(id cause.ID, severity cause.Severity) []cause.Finding {
		return []cause.Finding{{Cause: id, Severity: severity, Statement: "Found.", Baseline: ""}}
	}
	claim := .002
	targets := []Target{{ID: "a", Requests: 500, Deviating: 2, Claim: &claim}, {ID: "b", Requests: 400, Deviating: 1}}
	const alike = "Each of 2 targets answers alike: 900 requests, 3 deviating; at most 0.2 % of requests could differ (99 % confidence)."
	run := Run{Requests: 900, Confidence: .99, Stopped: "decided"}
	met := true
	for name, tt := range map[string]struct {
		rep     Report
		failOn  cause.Severity
		outcome Outcome
		exit    int
		verdict []string
	}{
		"alike":                       {Report{Run: run}, cause.Error, Consistent, ExitOK, []string{alike}},
		"an error":                    {Report{Run: run, Findings: finding(cause.FlakyBackend, cause.Error)}, cause.Error, Inconsistent, ExitFinding, []string{"Found."}},
		"a warning":                   {Report{Run: run, Findings: finding(cause.FlakyBackend, cause.Warning)}, cause.Error, Inconsistent, ExitOK, []string{"Found."}},
		"a warning that counts":       {Report{Run: run, Findings: finding(cause.FlakyBackend, cause.Warning)}, cause.Warning, Inconsistent, ExitFinding, []string{"Found."}},
		"a remark":                    {Report{Run: run, Findings: finding(cause.FlakyBackend, cause.Info)}, cause.Error, Consistent, ExitOK, []string{alike}},
		"a remark that counts":        {Report{Run: run, Findings: finding(cause.FlakyBackend, cause.Info)}, cause.Info, Consistent, ExitFinding, []string{alike}},
		"the configuration's warning": {Report{Run: run, Findings: finding(configured, cause.Warning)}, cause.Error, Consistent, ExitOK, []string{"Found.", alike}},
		"the configuration's error":   {Report{Run: run, Findings: finding(configured, cause.Error)}, cause.Error, Inconsistent, ExitFinding, []string{"Found."}},
		"the caller's own":            {Report{Run: run, Findings: finding("own", cause.Warning)}, cause.Error, Inconsistent, ExitOK, []string{"Found."}},
		"a question":                  {Report{Run: run, Open: []Question{{Text: "what it is."}}}, cause.Error, Inconclusive, ExitUndecided, []string{"Undecided: what it is."}},
		"two questions":               {Report{Run: run, Open: []Question{{Target: "b", Text: "what it is"}, {Text: "x"}}}, cause.Error, Inconclusive, ExitUndecided, []string{"Undecided: b: what it is; 1 more question left open."}},
		"a question that names it":    {Report{Run: run, Open: []Question{{Target: "a/prod", Text: "what a/prod is"}}}, cause.Error, Inconclusive, ExitUndecided, []string{"Undecided: what a/prod is."}},
		"a warning and a question":    {Report{Run: run, Findings: finding(cause.FlakyBackend, cause.Warning), Open: []Question{{Text: "x"}}}, cause.Error, Inconsistent, ExitUndecided, []string{"Found."}},
		"interrupted":                 {Report{Run: Run{Requests: 9, Stopped: "interrupted"}}, cause.Error, Inconclusive, ExitInterrupted, []string{"Interrupted after 9 requests, before every question was decided."}},
		"nothing sent":                {Report{}, cause.Error, Inconclusive, ExitUndecided, []string{"No request was sent, so nothing can be said of behaviour."}},
		"an expectation left open":    {Report{Run: run, Expectations: []Expectation{{Met: &met}, {}}}, cause.Error, Inconclusive, ExitUndecided, []string{"Undecided: an expectation could not be checked."}},
		"since the baseline":          {Report{Run: run, Mended: []cause.Finding{{Severity: cause.Error, Baseline: "mended"}}}, cause.Error, Consistent, ExitOK, []string{alike, "Since the baseline: 1 mended, 0 still there, 0 new."}},
	} {
		rep := tt.rep
		rep.Targets = targets
		rep.Conclude(tt.failOn)
		if rep.Outcome != tt.outcome || rep.ExitCode != tt.exit || !slices.Equal(rep.Verdict, tt.verdict) {
			t.Errorf("%s: %s, %d, %q; want %s, %d, %q", name, rep.Outcome, rep.ExitCode, rep.Verdict, tt.outcome, tt.exit, tt.verdict)
		}
	}
	for status, want := range map[int]bool{499: false, 500: true} {
		rep := &Report{Targets: []Target{{ID: "a", Clusters: []Cluster{{Scenario: "s", Status: status}}}}}
		if got := rep.alwaysFailing(); (len(got) == 1) != want {
			t.Errorf("%d: %q", status, got)
		}
	}
	if got := new(Report).Target("a"); got != nil {
		t.Errorf("%+v", got)
	}
	rep := &Report{Targets: targets}
	for i, id := range []string{"a", "b"} {
		if got := rep.Target(id); got != &rep.Targets[i] {
			t.Errorf("%s: %+v", id, got)
		}
	}
}

// The command that looks again stands in the last step, where there is something to mend.
func TestAfterMending(t *testing.T) {
	for severity, want := range map[cause.Severity]string{cause.Error: "see; after mending: again", cause.Warning: "see; after mending: again", cause.Info: "see."} {
		rep := &Report{Findings: []cause.Finding{{Severity: severity}}, Steps: []Step{{Note: "first."}, {Note: "see."}}}
		rep.AfterMending("again")
		if rep.Steps[1].Note != want || rep.Steps[0].Note != "first." || (rep.Retest == "again") != (severity != cause.Info) {
			t.Errorf("%s: %+v, %q", severity, rep.Steps, rep.Retest)
		}
	}
	rep := &Report{Findings: []cause.Finding{{Severity: cause.Error}}}
	if rep.AfterMending("again"); rep.Retest != "" {
		t.Error("a report without steps has none to put it in")
	}
}

// What a change of the definition is, in a line.
func TestPlanEditInALine(t *testing.T) {
	for want, e := range map[string]PlanEdit{
		"GET /orders: integration uri (aws_x.y)":                    {Kind: "integration", Subject: "GET /orders", What: []string{"uri"}, Address: "aws_x.y"},
		"GET /orders: integration uri, timeout":                     {Kind: "integration", Subject: "GET /orders", What: []string{"uri", "timeout"}},
		"GET /orders: Integration":                                  {Kind: "integration", Subject: "GET /orders", What: []string{"Integration"}},
		"method /orders: added":                                     {Kind: "method", Subject: "method /orders", What: []string{"added"}},
		"the /policy: x":                                            {Kind: "/policy", Subject: "the /policy", What: []string{"x"}},
		"policy: x (a); its value is known only once it is applied": {Kind: "resource policy", Subject: "policy", What: []string{"x"}, Address: "a", Unknown: true},
		"aws_x.y: x": {Kind: "model", Subject: "aws_x.y", What: []string{"x"}, Address: "aws_x.y"},
	} {
		if got := e.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Up to when a request's side would be known: by the older of what the stage's own groups
// and its canary's are known up to, less the time that an event may take.
func TestWatermarkOfAStage(t *testing.T) {
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	group := func(api, stage string, canary bool, s int) probe.LogGroup {
		return probe.LogGroup{APIID: api, Stage: stage, Canary: canary, Exists: true, Watermark: at(s)}
	}
	gone := group("a", "prod", false, 900)
	gone.Exists = false
	for name, tt := range map[string]struct {
		groups []probe.LogGroup
		readAt int // 0: never
		want   int // seconds; 0: nothing is known
	}{
		"both":                   {[]probe.LogGroup{group("a", "prod", false, 100), group("a", "prod", true, 200)}, 0, 100},
		"the canary's is older":  {[]probe.LogGroup{group("a", "prod", false, 300), group("a", "prod", true, 200)}, 0, 200},
		"read later":             {[]probe.LogGroup{group("a", "prod", false, 300), group("a", "prod", true, 200)}, 250, 250},
		"one side alone":         {[]probe.LogGroup{group("a", "prod", false, 300)}, 0, 0},
		"the newest of a side":   {[]probe.LogGroup{group("a", "prod", false, 300), group("a", "prod", false, 400), group("a", "prod", true, 500)}, 0, 400},
		"another stage's":        {[]probe.LogGroup{group("a", "prod", false, 100), group("a", "prod", true, 100), group("a", "dev", false, 300), group("a", "dev", true, 300)}, 0, 100},
		"another API's":          {[]probe.LogGroup{group("a", "prod", false, 100), group("a", "prod", true, 100), group("b", "prod", false, 300), group("b", "prod", true, 300)}, 0, 100},
		"of all stages":          {[]probe.LogGroup{group("a", "", false, 300), group("a", "", true, 300)}, 0, 300},
		"of all APIs":            {[]probe.LogGroup{group("", "", false, 300), group("", "", true, 300)}, 0, 300},
		"of another API's all":   {[]probe.LogGroup{group("b", "", false, 300), group("b", "", true, 300)}, 0, 0},
		"of no API, and a stage": {[]probe.LogGroup{group("", "dev", false, 300), group("", "dev", true, 300)}, 0, 0},
		"one that is not there":  {[]probe.LogGroup{group("a", "prod", false, 100), group("a", "prod", true, 100), gone}, 0, 100},
	} {
		ev := probe.Evidence{Groups: tt.groups}
		if tt.readAt > 0 {
			ev.ReadAt = at(tt.readAt)
		}
		e := newEvidence(ev)
		want := time.Time{}
		if tt.want > 0 {
			want = at(tt.want)
		}
		if got := e.watermark(probe.StageRef{APIID: "a", Stage: "prod"}); !got.Equal(want.Add(-e.allowance)) {
			t.Errorf("%s: %s, want %s", name, got, want.Add(-e.allowance))
		}
	}
	// A stage is proven to log by a record that names it and its API.
	e := newEvidence(probe.Evidence{Records: []probe.LogRecord{{RequestID: "1", APIID: "a", Stage: "prod"}, {RequestID: "2", APIID: "b"}, {RequestID: "3", Stage: "dev"}}})
	if len(e.proven) != 1 || !e.proven["a/prod"] {
		t.Errorf("%v", e.proven)
	}
	yes, no := true, false
	e = newEvidence(probe.Evidence{Records: []probe.LogRecord{{RequestID: "1", APIID: "a"}, {RequestID: "1", IntegrationCalled: &no}, {RequestID: "1", IntegrationCalled: &yes}}})
	if l := e.of(&ids{request: "1"}, noon, nil); l.integration != &no {
		t.Errorf("whether an integration was called: %v", l.integration)
	}
}

// Which requests the logs of a stage are expected to hold.
func TestWhatLogsAreExpectedToHold(t *testing.T) {
	level := func(l string) probe.Stage {
		return probe.Stage{Name: "s", Methods: map[string]probe.MethodSettings{"*/*": {LoggingLevel: l}}}
	}
	access := level("OFF")
	access.AccessLog.Destination = "arn"
	for name, tt := range map[string]struct {
		stage    probe.Stage
		status   int
		unrouted bool
		want     bool
	}{
		"all":                {level("INFO"), 200, false, true},
		"all, not routed":    {level("INFO"), 403, true, false},
		"none":               {level("OFF"), 500, false, false},
		"an access log":      {access, 403, true, true},
		"errors, a success":  {level("ERROR"), 399, false, false},
		"errors, an error":   {level("ERROR"), 400, false, true},
		"errors, not routed": {level("ERROR"), 403, true, false},
		"nothing is known":   {probe.Stage{Name: "another"}, 200, true, true},
		"no level is told":   {probe.Stage{Name: "s"}, 200, false, true},
	} {
		plan := probe.Plan{Targets: []probe.Target{{ID: "t", APIID: "a", Stage: "s"}}, Scenarios: []probe.Scenario{{Name: "x"}}}
		s := NewSession(plan, probe.Snapshot{APIs: []probe.API{{ID: "a", Stages: []probe.Stage{tt.stage}}}}, Policy{})
		if got := (labelling{s}).logs(&row{status: tt.status, unrouted: tt.unrouted}); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Whether the logs name what answers alone cannot: a canary that draws, or the stage behind a
// domain.
func TestDraws(t *testing.T) {
	meant := &probe.StageRef{APIID: "a", Stage: "prod"}
	for name, tt := range map[string]struct {
		target probe.Target
		want   bool
	}{
		"a stage":                {probe.Target{Kind: probe.InvokeURL}, false},
		"a stage that is meant":  {probe.Target{Kind: probe.InvokeURL, Meant: meant}, false},
		"a domain":               {probe.Target{Kind: probe.CustomDomain}, false},
		"a domain that is meant": {probe.Target{Kind: probe.CustomDomain, Meant: meant}, true},
		"a canary of nothing":    {probe.Target{Canary: &probe.Canary{}}, false},
		"a canary of little":     {probe.Target{Canary: &probe.Canary{Percent: .01}}, true},
		"a canary of nearly all": {probe.Target{Canary: &probe.Canary{Percent: 99.9}}, true},
		"a canary of everything": {probe.Target{Canary: &probe.Canary{Percent: 100}}, false},
	} {
		s := NewSession(probe.Plan{Targets: []probe.Target{tt.target}}, probe.Snapshot{}, Policy{})
		if got := s.Draws(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// When the logs are worth reading, and when reading them again teaches nothing.
func TestWhenLogsAreRead(t *testing.T) {
	plan := probe.Plan{Requests: 2000, Rate: 20, Targets: []probe.Target{{ID: "abc123/prod", APIID: "abc123", APIKind: probe.REST, Stage: "prod", Canary: &probe.Canary{Percent: 10, DeploymentID: "d2"}}}, Scenarios: []probe.Scenario{{Name: "s"}}}
	heard := func(alike, others int, p probe.Plan) *Session {
		s := NewSession(p, *canaryStage(), Policy{})
		for i := range alike + others {
			body := `{"version":"1.0.0"}`
			if i >= alike {
				body = `{"version":"2.0.0"}`
			}
			id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
			s.Add(&probe.Observation{Seq: uint64(i), Target: "abc123/prod", Scenario: "s", Due: noon.Add(time.Duration(i) * time.Second / 20), Outcome: probe.OutcomeResponse, Status: 200, MintedID: id,
				Header: []probe.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "x-amzn-RequestId", Value: id}}, Body: []byte(body), BodySize: int64(len(body))})
		}
		return s
	}
	short := plan
	short.Requests = 50
	for name, tt := range map[string]struct {
		alike, others int
		plan          probe.Plan
		want          bool
	}{
		"hardly any": {20, 0, plan, false}, "one short of alike": {458, 0, plan, false}, "alike": {459, 0, plan, true}, "a short plan": {50, 0, short, true}, "a short plan, not done": {49, 0, short, false},
		"split": {37, 3, plan, true}, "two others": {60, 2, plan, false}, "split, of too few": {36, 3, plan, false},
	} {
		s := heard(tt.alike, tt.others, tt.plan)
		if s.WorthReading() {
			t.Errorf("%s: worth reading before any look", name)
		}
		s.Decide(false)
		if got := s.WorthReading(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	s := heard(3, 0, plan)
	if s.LogsSettled() || s.Allowance() != defaultAllowance || len(s.Unlabelled()) != 3 || len(s.RequestIDs()) != 3 {
		t.Error("nothing was read yet")
	}
	p := s.Progress()
	if p.Sent != 3 || p.Budget != 2003 || len(p.Targets) != 1 || p.Targets[0] != (TargetProgress{"abc123/prod", 3, 1}) || p.Decided != 0 || p.Open != 2 {
		t.Errorf("%+v", p)
	}
	record := func(i int, canary bool) probe.LogRecord {
		return said(stageRecord(fmt.Sprintf("00000000-0000-4000-8000-%012d", i), "prod"), canary)
	}
	silent := func(i int) probe.LogRecord {
		return stageRecord(fmt.Sprintf("00000000-0000-4000-8000-%012d", i), "prod")
	}
	for name, tt := range map[string]struct {
		records []probe.LogRecord
		late    bool
		want    bool
	}{
		"all told":                {[]probe.LogRecord{record(0, true), record(1, false), record(2, false)}, false, true},
		"one not found":           {[]probe.LogRecord{record(0, true), record(1, false)}, false, false},
		"one not found, and late": {[]probe.LogRecord{record(0, true)}, true, true},
		"one without its side":    {[]probe.LogRecord{record(0, true), record(1, false), silent(2)}, false, false},
	} {
		ev := probe.Evidence{ReadAt: noon.Add(time.Second), Records: tt.records}
		if tt.late {
			ev.ReadAt = noon.Add(time.Hour)
		}
		s.SetEvidence(ev)
		if got := s.LogsSettled(); got != tt.want || len(s.Unlabelled()) != 3-len(tt.records) {
			t.Errorf("%s: settled %v, %d not told", name, got, len(s.Unlabelled()))
		}
		if p := s.Progress(); p.LogsWanted != 3 || p.LogsMatched != len(tt.records) {
			t.Errorf("%s: %d of %d in the logs", name, p.LogsMatched, p.LogsWanted)
		}
	}
}
