package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/probe/recording"
)

func TestLogsNoteCountsOne(t *testing.T) {
	for late, want := range map[int]string{0: "", 1: "1 request may still be logged later", 2: "2 requests may still be logged later"} {
		if got := logsNote(cause.LogState{Matched: 5, Late: late}, 1); got != want {
			t.Errorf("%d: %q", late, got)
		}
	}
}

// The verdict names the target of a question that is left, and does not pass
// over the others.
func TestDoubtNamesTheTarget(t *testing.T) {
	rep := &Report{Run: Run{Requests: 9, Stopped: "decided"}, Open: []Question{{Target: "a/prod", Text: "what it serves"}, {Target: "b/dev", Text: "what it serves"}}}
	if got, want := rep.doubt(), "Undecided: a/prod: what it serves; 1 more question left open."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A target that no request was found for is no part of "everything answers alike".
func TestTargetsWithoutRequestsAreOpen(t *testing.T) {
	plan := probe.Plan{
		Targets:   []probe.Target{{ID: "abc123/prod"}, {ID: "api.example.com"}},
		Scenarios: []probe.Scenario{{Name: "GET /", Method: "GET", Targets: []string{"abc123/prod"}}},
	}
	for _, everywhere := range []bool{false, true} {
		if everywhere {
			plan.Scenarios[0].Targets = nil
		}
		rep := NewSession(plan, probe.Snapshot{}, Policy{}).Report(Ending{Stopped: "budget"})
		open := slices.ContainsFunc(rep.Open, func(q Question) bool {
			return q.Target == "api.example.com" && strings.Contains(q.Text, "nothing was found that may be sent to it")
		})
		if open == everywhere {
			t.Errorf("a scenario for every target: %v, yet the question is open: %v", everywhere, open)
		}
	}
}

// What the caller of a run asked for, and what came of it, is said and leaves questions open.
func TestWhatAPolicyLeavesOpen(t *testing.T) {
	plan := probe.Plan{Requests: 10, Rate: 1, Targets: []probe.Target{{ID: "a/prod", APIID: "a", Stage: "prod"}}, Scenarios: []probe.Scenario{{Name: "s"}}}
	lost := func(s *Session, n int, outcome probe.Outcome) {
		for range n {
			s.Add(&probe.Observation{Seq: uint64(s.requests()), Target: "a/prod", Scenario: "s", Due: noon, Outcome: outcome, Status: map[probe.Outcome]int{probe.OutcomeResponse: 200}[outcome]})
		}
	}
	found := probe.Evidence{Groups: []probe.LogGroup{{Name: "g", Exists: true}}}
	unread := found
	unread.Gaps = []probe.Gap{{Operation: "DescribeLogGroups"}, {Operation: "FilterLogEvents"}}
	two := unread
	two.Groups = []probe.LogGroup{{Name: "g", Exists: true}, {Name: "h", Exists: true}, {Name: "i"}}
	matched := found
	matched.Records = []probe.LogRecord{{RequestID: "id", Time: noon}}
	const none, unreadable = "no logged request matches one that was sent", "the log groups could not be read: the notes say why"
	for name, tt := range map[string]struct {
		policy   Policy
		evidence *probe.Evidence
		answers  bool
		noAnswer string
		open     string // begins a question
		note     string // of the logs
	}{
		"nothing asked":                {Policy{}, nil, true, "", "", "logs were not read"},
		"logs are off":                 {Policy{Logs: "off"}, nil, true, "", "", "logs were not read: --logs off"},
		"logs are required":            {Policy{Logs: "require"}, nil, true, "", "what the logs say", "logs were not read"},
		"logs are required, and there": {Policy{Logs: "require"}, &matched, true, "", "", ""},
		"logs are read":                {Policy{}, &found, true, "", "", none},
		"logs are refused":             {Policy{}, &unread, true, "", "", unreadable},
		"one of two logs is refused":   {Policy{}, &two, true, "", "", none},
		"no logs":                      {Policy{}, &probe.Evidence{}, true, "", "", "no log group of these stages exists: logging is off, or the role that writes logs is missing"},
		"no configuration":             {Policy{Unread: "no credentials"}, nil, true, "", "", "logs were not read"},
		"no configuration, asked for":  {Policy{Unread: "denied", Asked: true}, nil, true, "", "what configuration and logs say: denied", "logs were not read"},
		"asked for, and read":          {Policy{Asked: true}, nil, true, "", "", "logs were not read"},
		"no answer":                    {Policy{}, nil, false, "dead", "", "logs were not read"},
	} {
		s := NewSession(plan, probe.Snapshot{}, tt.policy)
		lost(s, 2, probe.OutcomeTimeout)
		if tt.answers {
			s.Add(&probe.Observation{Seq: 9, Target: "a/prod", Scenario: "s", Due: noon, Outcome: probe.OutcomeResponse, Status: 200, MintedID: "id"})
		}
		if tt.evidence != nil {
			s.SetEvidence(*tt.evidence)
		}
		rep := s.Report(Ending{Stopped: "budget", NoAnswer: "dead"})
		if rep.NoAnswer != tt.noAnswer || rep.Logs.Note != tt.note || rep.Unread != tt.policy.Unread {
			t.Errorf("%s: %q, logs %q", name, rep.NoAnswer, rep.Logs.Note)
		}
		for _, begin := range []string{"what the logs say", "what configuration and logs say"} {
			is := slices.ContainsFunc(rep.Open, func(q Question) bool { return strings.HasPrefix(q.Text, begin) })
			if is != (tt.open != "" && strings.HasPrefix(tt.open, begin)) {
				t.Errorf("%s: %q is open: %v", name, begin, is)
			}
		}
		if (rep.Logs.LagMS != nil) || rep.Logs.RequestsSampled != map[bool]int{true: 1}[tt.evidence != nil] {
			t.Errorf("%s: %+v", name, rep.Logs)
		}
	}
}

// The logs tell which gateway response an answer was, where they agree and the answer itself
// does not say.
func TestGatewayResponseByTheLogs(t *testing.T) {
	told := "THROTTLED"
	for name, tt := range map[string]struct {
		status  int
		said    *string
		records []string
		want    string
	}{
		"one":              {400, nil, []string{"BAD_REQUEST_BODY"}, "BAD_REQUEST_BODY"},
		"several alike":    {500, nil, []string{"", "DEFAULT_5XX", "DEFAULT_5XX", ""}, "DEFAULT_5XX"},
		"two":              {500, nil, []string{"DEFAULT_5XX", "INTEGRATION_FAILURE"}, ""},
		"none":             {500, nil, []string{""}, ""},
		"a success":        {399, nil, []string{"DEFAULT_5XX"}, ""},
		"the answer's own": {429, &told, []string{"DEFAULT_4XX"}, "THROTTLED"},
	} {
		in := cause.Input{Records: func(id string) []probe.LogRecord {
			var i int
			fmt.Sscan(id, &i)
			return []probe.LogRecord{{GatewayResponse: tt.records[i]}}
		}}
		var rows []int
		for i := range tt.records {
			in.Rows, rows = append(in.Rows, cause.Row{RequestID: fmt.Sprint(i)}), append(rows, i)
		}
		c := Cluster{Status: tt.status, GatewayResponse: tt.said}
		c.refine(in, rows)
		got := ""
		if c.GatewayResponse != nil {
			got = *c.GatewayResponse
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// A run without a length in time has no time strip; the last moment is in the last window.
func TestTimeline(t *testing.T) {
	row := func(target, cluster, ms int) cause.Row {
		return cause.Row{Target: target, Cluster: cluster, At: noon.Add(time.Duration(ms) * time.Millisecond)}
	}
	in := cause.Input{Plan: probe.Plan{Scenarios: []probe.Scenario{{Name: "s"}}}, Clusters: []cause.Cluster{{Cluster: &behaviour.Cluster{ID: "a"}}, {Cluster: &behaviour.Cluster{ID: "b"}}}}
	in.Rows = []cause.Row{row(0, 0, 5), row(1, 0, 900)}
	if got := timeline(in, 0); got != nil {
		t.Errorf("of one answer: %+v", got)
	}
	in.Rows = []cause.Row{row(0, 0, 6000), row(0, 1, 0), row(0, 0, 100), row(0, 0, 5999), row(1, 0, 9000), row(0, -1, 3000), row(0, 1, 3050)}
	got := timeline(in, 0)
	if got == nil || got.WindowMS != 100 || len(got.Clusters) != 2 || len(got.Clusters["s/a"]) != windows {
		t.Fatalf("%+v", got)
	}
	count := map[string]string{}
	for name, n := range got.Clusters {
		for i, k := range n {
			if k > 0 {
				count[name] += fmt.Sprintf(" %d:%d", i, k)
			}
		}
	}
	if count["s/a"] != " 1:1 59:2" || count["s/b"] != " 0:1 30:1" {
		t.Errorf("%v", count)
	}
}

// Since when verdicts stood is that of the recording, where there is one.
func TestSinceWhenVerdictsStood(t *testing.T) {
	s := NewSession(probe.Plan{Requests: 10, Rate: 1, Targets: []probe.Target{{ID: "a/prod", APIID: "a", Stage: "prod"}}, Scenarios: []probe.Scenario{{Name: "s"}}}, probe.Snapshot{}, Policy{})
	kept := &recording.Stood{Questions: map[string]int{"x": 7}}
	s.stood = kept
	if s.Report(Ending{}); s.stood == nil {
		t.Error("what stood is forgotten")
	}
	recorded := &recording.Stood{Questions: map[string]int{"y": 9}}
	if got := s.Report(Ending{Stood: recorded}).Stood(); got == nil || s.stood == kept {
		t.Errorf("a recording's own is not taken: %+v", got)
	}
}

// Without scenarios nothing was meant to be sent, and no target is passed over.
func TestNothingWasMeantToBeSent(t *testing.T) {
	empty := probe.Plan{Requests: 10, Rate: 1, Targets: []probe.Target{{ID: "a/prod", APIID: "a", Stage: "prod"}}}
	if rep := NewSession(empty, probe.Snapshot{}, Policy{}).Report(Ending{Stopped: "budget"}); slices.ContainsFunc(rep.Open, func(q Question) bool { return strings.Contains(q.Text, "nothing was found") }) {
		t.Errorf("%+v", rep.Open)
	}
}
