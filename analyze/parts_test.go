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
	// Without scenarios nothing was meant to be sent, and no target is passed over.
	empty := plan
	empty.Scenarios = nil
	if rep := NewSession(empty, probe.Snapshot{}, Policy{}).Report(Ending{Stopped: "budget"}); slices.ContainsFunc(rep.Open, func(q Question) bool { return strings.Contains(q.Text, "nothing was found") }) {
		t.Errorf("%+v", rep.Open)
	}
	// Since when verdicts stood is that of the recording, where there is one.
	s := NewSession(plan, probe.Snapshot{}, Policy{})
	kept := &recording.Stood{Questions: map[string]int{"x": 7}}
	s.stood = kept
	if s.Report(Ending{}); s.stood == nil {
		t.Error("what stood is forgotten")
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

// The places of a run, in the order of its machines; a run from one place has none.
func TestPlacesByMachine(t *testing.T) {
	s := &Session{machines: map[string]int{"a": 0}, vantages: []probe.Vantage{{Name: "a", Region: "x"}}}
	if got := byMachine(s); got != nil {
		t.Errorf("%+v", got)
	}
	s = &Session{machines: map[string]int{"b": 0, "a": 1, "c": 2}, vantages: []probe.Vantage{{Name: "a", Region: "x"}, {Name: "b", Region: "y"}}}
	got := byMachine(s)
	if len(got) != 3 || got[0].Name != "b" || got[0].Region != "y" || got[1].Name != "a" || got[1].Region != "x" || got[2].Name != "c" || got[2].Region != "" {
		t.Errorf("%+v", got)
	}
}

// Scenarios are drawn by their weights, each of their targets alike.
func TestPlannerDrawsByWeight(t *testing.T) {
	plan := probe.Plan{Seed: 5, Requests: 100_000, Targets: []probe.Target{{ID: "a"}, {ID: "b"}}, Scenarios: []probe.Scenario{{Name: "x", Weight: 3}, {Name: "y"}, {Name: "z", Weight: 4, Targets: []string{"b"}}}}
	p := newPlanner(&plan)
	counts := map[[2]int]int{}
	for i := range 20_000 {
		c, ok := p.choose()
		if !ok {
			t.Fatal("the planner ends early")
		}
		counts[[2]int{c.Target, c.Scenario}]++
		among := probe.Among(0).With(1)
		if c.Scenario < 2 {
			among = among.With(0)
		}
		if i > 200 && c.Among != among { // the calibration is over
			t.Fatalf("%+v", c)
		}
	}
	for cell, share := range map[[2]int]float64{{0, 0}: .25, {1, 0}: .25, {0, 1}: 1. / 12, {1, 1}: 1. / 12, {1, 2}: 1. / 3} {
		if got := float64(counts[cell]) / 20_000; got < share-.02 || got > share+.02 {
			t.Errorf("%v: %.3f of the draws, want %.3f", cell, got, share)
		}
	}
	if got := p.left(); got != 2*100_000-20_000 {
		t.Errorf("%d requests are left", got)
	}
	// What the advice does not name, and what is spent, is not drawn.
	p = newPlanner(&plan)
	p.advise([]cause.Cell{{Target: 1, Scenario: 0, Weight: .5}, {Target: 0, Scenario: 1, Weight: 0}})
	for i := range p.cells {
		want := map[bool]float64{true: .5}[p.cells[i].target == 1 && p.cells[i].scenario == 0]
		if got := p.advised(&p.cells[i]); got != want {
			t.Errorf("%+v: %g", p.cells[i], got)
		}
	}
	if at, _ := p.pick(func(*cell) float64 { return 0 }); at != -1 {
		t.Errorf("of nothing %d is drawn", at)
	}
	p.end(0)
	p.end(1)
	if c, ok := p.choose(); ok || p.left() != 0 {
		t.Errorf("%+v", c)
	}
	// A scenario with a limit is sent beside the budget, unless nothing may be sent.
	limited := probe.Plan{Requests: 3, Targets: []probe.Target{{ID: "a"}}, Scenarios: []probe.Scenario{{Name: "x"}, {Name: "new", Limit: 4}}}
	for _, tt := range []struct{ requests, want int }{{3, 7}, {0, 0}} {
		limited.Requests = tt.requests
		p = newPlanner(&limited)
		n := 0
		for {
			if _, ok := p.choose(); !ok {
				break
			}
			n++
		}
		if n != tt.want {
			t.Errorf("a budget of %d: %d requests, want %d", tt.requests, n, tt.want)
		}
	}
	// Draws that were planned before are passed over.
	s, other := NewSession(plan, probe.Snapshot{}, Policy{}), NewSession(plan, probe.Snapshot{}, Policy{})
	for range 30 {
		s.Next(noon, 0)
	}
	other.Skip(30)
	a, _ := s.Next(noon, 30)
	b, _ := other.Next(noon, 30)
	if a != b {
		t.Errorf("%+v, %+v", a, b)
	}
	other.Skip(10_000_000) // to the end and no further
	if _, ok := other.Next(noon, 0); ok {
		t.Error("something is left behind the end")
	}
}

// A wait asks what has shown a difference, and a tenth of its requests of anything.
func TestPlannerWatches(t *testing.T) {
	plan := probe.Plan{Seed: 5, Requests: 100_000, Targets: []probe.Target{{ID: "a"}}, Scenarios: []probe.Scenario{{Name: "x"}, {Name: "y"}}}
	s := NewSession(plan, probe.Snapshot{}, Policy{})
	s.Persist()
	s.planner.watch(map[cellAt]bool{{0, 1}: true})
	counts := map[int]int{}
	for range 4000 {
		c, _ := s.Next(noon, 0)
		counts[c.Scenario]++
	}
	if counts[0] < 140 || counts[0] > 300 {
		t.Errorf("%v: what shows no difference gets half of a tenth", counts)
	}
}
