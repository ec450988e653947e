package analyze

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// What the back-off makes of an answer.
func TestWhatTheBackoffSees(t *testing.T) {
	response := func(status int, header ...probe.Header) probe.Observation {
		return probe.Observation{Due: noon, Took: time.Second, Outcome: probe.OutcomeResponse, Status: status, Header: header}
	}
	after := probe.Header{Name: "Retry-After", Value: "3"}
	for name, tt := range map[string]struct {
		o        probe.Observation
		class    signature.Class
		expected bool
		want     answer
	}{
		"a success":                 {o: response(200, after), want: answer{}},
		"a refusal":                 {o: response(403, after), want: answer{refused: true}},
		"a refusal that is wanted":  {o: response(403), expected: true, want: answer{}},
		"too many":                  {o: response(429, after), want: answer{refused: true, retryAfter: 3 * time.Second}},
		"throttled":                 {o: response(200), class: signature.Throttled, want: answer{throttled: true, refused: true}},
		"by a firewall":             {o: response(202, probe.Header{Name: "x-amzn-waf-action", Value: "challenge"}), want: answer{refused: true}},
		"not there":                 {o: response(404), want: answer{}},
		"the last that is none":     {o: response(499), want: answer{}},
		"the first failure":         {o: response(500, after), want: answer{failed: true}},
		"unavailable":               {o: response(503, after), want: answer{failed: true, retryAfter: 3 * time.Second}},
		"a failure that is wanted":  {o: response(500), expected: true, want: answer{}},
		"no answer":                 {o: probe.Observation{Due: noon, Took: time.Second, Outcome: probe.OutcomeTimeout}, want: answer{failed: true}},
		"no answer, our own fault":  {o: probe.Observation{Due: noon, Took: time.Second, Outcome: probe.OutcomeLocal}, want: answer{}},
		"no answer, which is meant": {o: probe.Observation{Due: noon, Took: time.Second, Outcome: probe.OutcomeTimeout}, expected: true, want: answer{}},
	} {
		tt.want.at = noon.Add(time.Second)
		if got := answerOf(&tt.o, tt.class, tt.expected); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// run feeds answers of one target to a planner, a second apart unless told otherwise.
type fed struct {
	n     int
	a     answer
	every time.Duration
}

// TestGivingUp holds when a target is asked no more, and what is said of it.
func TestGivingUp(t *testing.T) {
	fails, fine, refused := answer{failed: true}, answer{}, answer{refused: true}
	asks := func(d time.Duration) answer { return answer{throttled: true, retryAfter: d} }
	for name, tt := range map[string]struct {
		feed []fed
		note string // "" where it goes on
	}{
		"refused 39 times":             {[]fed{{n: cause.Barren - 1, a: refused}}, ""},
		"refused 40 times":             {[]fed{{n: cause.Barren, a: refused}}, "t refused 40 requests in a row: nothing more was sent to it"},
		"asked for a minute":           {[]fed{{n: 1, a: asks(time.Minute)}}, ""},
		"asked for more":               {[]fed{{n: 1, a: asks(time.Minute + time.Second)}}, "t asked to be left alone for 1m1s: nothing more was sent to it"},
		"down, 79 failures":            {[]fed{{n: lastRow - 1, a: fails}}, ""},
		"down, 80 failures":            {[]fed{{n: lastRow, a: fails}}, "t answered nothing but failures, 80 in a row since 12:00:01: nothing more was sent to it"},
		"down, for less than it takes": {[]fed{{n: 100, a: fails, every: time.Millisecond}}, ""},
		"down, for just as long":       {[]fed{{n: 80, a: fails, every: 0}, {n: 1, a: fails, every: riseTime}}, "t answered nothing but failures, 81 in a row since 12:00:00: nothing more was sent to it"},
		"one good answer of all":       {[]fed{{n: 1, a: fine}, {n: 200, a: fails}}, ""},
		"one good answer in between":   {[]fed{{n: 79, a: fails}, {n: 1, a: fine}, {n: 79, a: fails}}, ""},
		"rose, 40 failures":            {[]fed{{n: healthy, a: fine}, {n: 2 * failRow, a: fails}}, "t began to fail during the run (40 failures in a row, since 12:00:41): nothing more was sent to it"},
		"rose, 39 failures":            {[]fed{{n: healthy, a: fine}, {n: 2*failRow - 1, a: fails}}, ""},
		"rose, after 39 good ones":     {[]fed{{n: healthy - 1, a: fine}, {n: 2 * failRow, a: fails}}, ""},
		"rose, for less than it takes": {[]fed{{n: healthy, a: fine}, {n: 60, a: fails, every: time.Millisecond}}, ""},
		"rose, for just as long":       {[]fed{{n: healthy, a: fine}, {n: 39, a: fails, every: 0}, {n: 1, a: fails, every: riseTime}}, "t began to fail during the run (40 failures in a row, since 12:00:40): nothing more was sent to it"},
		"a tenth failed before":        {[]fed{{n: 5, a: fails}, {n: 45, a: fine}, {n: 40, a: fails}}, "t began to fail during the run (40 failures in a row, since 12:00:51): nothing more was sent to it"},
		"more than a tenth failed":     {[]fed{{n: 6, a: fails}, {n: 45, a: fine}, {n: 40, a: fails}}, ""},
	} {
		plan := &probe.Plan{Targets: []probe.Target{{ID: "t"}, {ID: "u"}}, Scenarios: []probe.Scenario{{Name: "s"}, {Name: "r"}}, Requests: 1000, Rate: 25}
		p := newPlanner(plan)
		at := noon
		n := 0
		for _, f := range tt.feed {
			for range f.n {
				if at = at.Add(f.every); f.every == 0 && !strings.Contains(name, "just as long") {
					at = at.Add(time.Second)
				} else if f.every == 0 && !f.a.failed {
					at = at.Add(time.Second)
				}
				f.a.at = at
				p.saw(0, 1, f.a)
				n++
			}
		}
		want := []string{}
		if tt.note != "" {
			want = append(want, tt.note)
		}
		if !slices.Equal(p.backoff.notes, want) || p.gaveUp("t") != (tt.note != "") || p.gaveUp("u") {
			t.Errorf("%s: %q, want %q", name, p.backoff.notes, tt.note)
		}
		for _, c := range p.cells {
			if seen := map[bool]int{true: n}[c.target == 0 && c.scenario == 1]; c.seen != seen {
				t.Errorf("%s: %d answers of scenario %d on target %d are counted, want %d", name, c.seen, c.scenario, c.target, seen)
			}
		}
	}
}

// The rate is halved at once, by a refusal or by twenty failures in a row, and grows by a
// tenth after forty answers without any.
func TestRateOfTheBackoff(t *testing.T) {
	for name, tt := range map[string]struct {
		feed []fed
		want float64
	}{
		"nothing":             {nil, 1},
		"throttled":           {[]fed{{n: 1, a: answer{throttled: true}}}, .5},
		"19 failures":         {[]fed{{n: 19, a: answer{failed: true}}}, 1},
		"20 failures":         {[]fed{{n: 20, a: answer{failed: true}}}, .5},
		"40 failures":         {[]fed{{n: 40, a: answer{failed: true}}}, .25},
		"39 others":           {[]fed{{n: 1, a: answer{throttled: true}}, {n: 39}}, .5},
		"40 others":           {[]fed{{n: 1, a: answer{throttled: true}}, {n: 40}}, .55},
		"79 others":           {[]fed{{n: 1, a: answer{throttled: true}}, {n: 79}}, .55},
		"never above it":      {[]fed{{n: 1, a: answer{throttled: true}}, {n: 400}}, 1},
		"not upon a failure":  {[]fed{{n: 1, a: answer{throttled: true}}, {n: 39}, {n: 1, a: answer{failed: true}}}, .5},
		"never nothing":       {[]fed{{n: 100, a: answer{throttled: true}}}, slowest},
		"a wait that is told": {[]fed{{n: 1, a: answer{retryAfter: time.Second}}}, .5},
	} {
		b := newBackoff(&probe.Plan{Targets: make([]probe.Target, 1)})
		for _, f := range tt.feed {
			for range f.n {
				b.saw(0, f.a)
			}
		}
		if math.Abs(b.scale-tt.want) > 1e-9 {
			t.Errorf("%s: %g, want %g", name, b.scale, tt.want)
		}
	}
	b := newBackoff(&probe.Plan{Targets: make([]probe.Target, 1)})
	b.pause = time.Second
	if got := b.next(0); got != 1 || b.pause == 0 {
		t.Errorf("without a rate: %g, and the pause is %s", got, b.pause)
	}
	if got := b.next(.1); got != 1 || b.pause != 0 {
		t.Errorf("a pause shorter than the gap: %g", got)
	}
}

// sent answers whatever is asked of it.
type sent struct {
	n      int
	answer func(seq uint64, o *probe.Observation)
	err    error
	after  func(seq uint64)
}

func (s *sent) Run(_ context.Context, p *probe.Plan, planner probe.Planner) iter.Seq2[probe.Observation, error] {
	return func(yield func(probe.Observation, error) bool) {
		for seq := uint64(0); ; seq++ {
			c, ok := planner.Next(noon, seq)
			if !ok {
				return
			}
			o := probe.Observation{Seq: seq, Target: p.Targets[c.Target].ID, Scenario: p.Scenarios[c.Scenario].Name, Due: noon.Add(time.Duration(seq) * time.Second / 20), Among: c.Among, Took: time.Millisecond,
				Outcome: probe.OutcomeResponse, Status: 200, Header: []probe.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte("{}"), BodySize: 2}
			if s.answer != nil {
				s.answer(seq, &o)
			}
			s.n++
			if !yield(o, s.err) || s.err != nil {
				return
			}
			if s.after != nil {
				s.after(seq)
			}
		}
	}
}

// TestCheck: a run ends where every question is decided, where the budget is spent, or where
// it is cancelled; a fixed one sends all of it.
func TestCheck(t *testing.T) {
	plan := func() probe.Plan {
		return probe.Plan{Seed: 1, Requests: 900, Rate: 20, Targets: []probe.Target{{ID: "a/prod", APIKind: probe.REST}}, Scenarios: []probe.Scenario{{Name: "s", Method: "GET", Path: "/"}}}
	}
	check := func(p probe.Plan, by *sent, ctx context.Context) *Report {
		rep, err := Check(ctx, NewSession(p, probe.Snapshot{}, Policy{}), by)
		if err != nil {
			t.Fatal(err)
		}
		if rep.Run.Requests != by.n || rep.Run.Ended.Before(rep.Run.Started) || rep.Run.ID == "" {
			t.Errorf("%+v of %d", rep.Run, by.n)
		}
		return rep
	}
	// 459 alike are enough, and 463 is where the run is looked at next.
	if rep := check(plan(), &sent{}, t.Context()); rep.Run.Stopped != "decided" || rep.Run.Requests != 463 || rep.ExitCode != ExitOK {
		t.Errorf("alike: %+v, exit code %d", rep.Run, rep.ExitCode)
	}
	fixed := plan()
	fixed.Fixed = true
	if rep := check(fixed, &sent{}, t.Context()); rep.Run.Stopped != "budget" || rep.Run.Requests != 900 {
		t.Errorf("fixed: %+v", rep.Run)
	}
	few := plan()
	few.Requests = 100
	if rep := check(few, &sent{}, t.Context()); rep.Run.Stopped != "budget" || rep.Run.Requests != 100 || rep.ExitCode != ExitUndecided {
		t.Errorf("few: %+v, exit code %d", rep.Run, rep.ExitCode)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if rep := check(few, &sent{after: func(seq uint64) {
		if seq == 50 {
			cancel()
		}
	}}, ctx); rep.Run.Stopped != "interrupted" || rep.ExitCode != ExitInterrupted {
		t.Errorf("interrupted: %+v, exit code %d", rep.Run, rep.ExitCode)
	}
	broken := errors.New("broken")
	if _, err := Check(t.Context(), NewSession(plan(), probe.Snapshot{}, Policy{}), &sent{err: broken}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	for seen, want := range map[int]int{0: 20, 1: 21, 400: 420, 419: 439, 420: 441, 4000: 4200} {
		if got := NextLook(seen); got != want {
			t.Errorf("after %d the next look is at %d, want %d", seen, got, want)
		}
	}
	if _, err := ReadPolicy([]byte("{")); err == nil {
		t.Error("a broken policy is read")
	}
	if p, err := ReadPolicy(nil); err != nil || p.MinShare != 0 {
		t.Errorf("no policy: %+v, %v", p, err)
	}
	if p, err := ReadPolicy([]byte(`{"min_share":0.05}`)); err != nil || p.MinShare != .05 {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestShards: together the shards of a plan send each of its requests once, at its time, and
// hold back where a session does.
func TestShards(t *testing.T) {
	plan := plannerPlan()
	plan.Rate, plan.Fixed, plan.Start = 4, true, noon
	const n = 3
	seqs := map[uint64]int{}
	whole := newPlanner(&plan)
	var draws []probe.Choice
	for {
		c, ok := whole.choose()
		if !ok {
			break
		}
		draws = append(draws, c)
	}
	per := map[int]int{}
	for i := 1; i <= n; i++ {
		s := NewShard(NewSession(plan, probe.Snapshot{}, Policy{}), i, n, noon.Add(-time.Hour))
		for {
			c, ok := s.Next(noon, 0)
			if !ok {
				break
			}
			seqs[c.Seq]++
			per[i]++
			if want := noon.Add(time.Duration(c.Seq) * time.Second / 4); !c.At.Equal(want) || c.Target != draws[c.Seq].Target || c.Scenario != draws[c.Seq].Scenario {
				t.Fatalf("shard %d: request %d at %s, want %s: %+v", i, c.Seq, c.At, want, c)
			}
		}
	}
	for seq := range uint64(len(draws)) {
		if seqs[seq] != 1 {
			t.Errorf("request %d is sent %d times", seq, seqs[seq])
		}
	}
	if len(seqs) != len(draws) || per[1] == 0 || per[2] == 0 || per[3] == 0 {
		t.Errorf("%d of %d requests, by shard %v", len(seqs), len(draws), per)
	}
	// Too late for the plan's times, all of them move.
	late := NewShard(NewSession(plan, probe.Snapshot{}, Policy{}), 1, 1, noon.Add(time.Hour))
	if c, ok := late.Next(noon, 0); !ok || !c.At.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v, %v", c, ok)
	}
	// At a quarter of the rate one request in four goes out; none to a target given up, or when halted.
	session := NewSession(plan, probe.Snapshot{}, Policy{})
	slow := NewShard(session, 1, 1, noon)
	session.planner.backoff.scale = .25
	asked := []bool{}
	for range 8 {
		asked = append(asked, slow.asks(0))
	}
	if want := []bool{true, false, false, true, false, false, false, true}; !slices.Equal(asked, want) {
		t.Errorf("%v, want %v", asked, want)
	}
	session.planner.backoff.scale = 1
	session.planner.backoff.targets[0].ended = true
	if slow.asks(0) || !slow.asks(1) {
		t.Error("a target that was given up is asked, or another is not")
	}
	session.Halt()
	if slow.asks(1) {
		t.Error("a halted session asks")
	}
	for text, ok := range map[string]bool{"1/1": true, "100000/100000": true, "1/100001": false, "1/0": false, "0/0": false, "x/2": false, "1/x": false, "2": false} {
		if _, _, err := ParseShard(text, func(string) string { return "" }); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A sample keeps every second row where it has grown too large; what it keeps is drawn from
// the requests' numbers, evenly, and otherwise for another seed.
func TestSample(t *testing.T) {
	for _, tt := range []struct {
		targets int
		share   float64
		most    int
	}{{1, .01, 16_000}, {2, .01, 32_000}, {0, .01, 16_000}, {1, .001, 160_000}, {1, 1e-9, 2 * mostSampled}, {9, .0001, 2 * mostSampled}} {
		if s := newSample(&probe.Plan{Targets: make([]probe.Target, tt.targets)}, tt.share); s.most != tt.most {
			t.Errorf("%d targets, share %g: up to %d rows, want %d", tt.targets, tt.share, s.most, tt.most)
		}
	}
	s := newSample(&probe.Plan{Targets: make([]probe.Target, 1), Seed: 7}, .01)
	s.most = 1000
	add := func(seq uint64) {
		r := row{machine: "m"}
		r.Seq, r.ids = seq, ids{request: fmt.Sprint(seq)}
		s.rows = append(s.rows, r)
		s.name(&s.rows[len(s.rows)-1])
	}
	for seq := range uint64(999) {
		add(seq)
	}
	if s.thin() || s.remark() != nil {
		t.Error("thinned before it is full")
	}
	add(999)
	if !s.thin() || s.halved != 1 || len(s.rows) < 430 || len(s.rows) > 570 || len(s.named) != len(s.rows) {
		t.Errorf("halved %d times: %d rows, %d names", s.halved, len(s.rows), len(s.named))
	}
	s.count(probe.OutcomeResponse, 0, 998)
	s.count(probe.OutcomeTimeout, 0, 2)
	if note := strings.Join(s.remark(), ""); s.silent != 2 || !strings.HasPrefix(note, "all 1000 answers were counted") || !strings.Contains(note, fmt.Sprintf("told of %d drawn", len(s.rows))) {
		t.Errorf("%d without an answer; %s", s.silent, note)
	}
	for _, r := range s.rows {
		if !s.drawn("m", r.Seq) {
			t.Errorf("request %d is kept and not drawn", r.Seq)
		}
	}
	// What is foreseen of a run that is over is what it comes to.
	over := newSample(&probe.Plan{Targets: make([]probe.Target, 1), Seed: 7}, .01)
	over.most = 1000
	for n, want := range map[uint64]int{999: 0, 1000: 1, 8000: 3} {
		over.halved = 0
		over.foresee(func(yield func(string, uint64) bool) {
			for seq := range n {
				if !yield("m", seq) {
					return
				}
			}
		})
		left := 0
		for seq := range n {
			if over.drawn("m", seq) {
				left++
			}
		}
		if left >= over.most || over.halved != want && over.halved != want+1 || over.halved > 0 && left < over.most/3 {
			t.Errorf("of %d requests, halved %d times, %d are left", n, over.halved, left)
		}
	}
	apart := map[uint64]bool{}
	for seq := range uint64(250) {
		apart[s.draw("m", seq)], apart[s.draw("another", seq)] = true, true
	}
	if len(apart) != 500 {
		t.Errorf("%d numbers of 500 requests", len(apart))
	}
	other := newSample(&probe.Plan{Seed: 8}, .01)
	if other.draw("m", 1) == s.draw("m", 1) {
		t.Error("another seed draws the same")
	}
	// An id that comes again is seen, of a request or of the extended one beside it.
	for name, tt := range map[string]struct {
		rows []ids
		want bool
	}{
		"none": {[]ids{{}, {}}, false}, "apart": {[]ids{{request: "a"}, {request: "b"}}, false}, "again": {[]ids{{request: "a"}, {request: "a"}}, true},
		"both again": {[]ids{{request: "a", extended: "x"}, {request: "a", extended: "x"}}, true}, "extended alone": {[]ids{{extended: "x"}, {extended: "x"}}, true},
	} {
		s := newSample(&probe.Plan{}, .01)
		for i := range tt.rows {
			s.name(&row{ids: tt.rows[i]})
		}
		if s.again != tt.want {
			t.Errorf("%s: %v", name, s.again)
		}
	}
}

// Rows are put in order whatever the order in which they came, and only as far as needed.
func TestRowsInOrder(t *testing.T) {
	at := func(names ...string) (rows []row) {
		for _, n := range names {
			r := row{machine: n[1:]}
			r.Seq = uint64(n[0] - '0')
			rows = append(rows, r)
		}
		return rows
	}
	for _, tt := range []struct {
		n    int
		rows []string
		kept int
		want string
	}{
		{0, nil, 0, ""},
		{0, []string{"2a", "1a", "1b"}, 0, "1a 1b 2a"},
		{2, []string{"1a", "2a", "3a", "4a"}, 2, "1a 2a 3a 4a"},
		{2, []string{"1a", "2a", "4a", "3a"}, 2, "1a 2a 3a 4a"},
		{3, []string{"1a", "3a", "5a", "6a", "2a", "4a"}, 1, "1a 2a 3a 4a 5a 6a"},
		{3, []string{"1a", "3a", "5a", "3a"}, 2, "1a 3a 3a 5a"},
		{3, []string{"1a", "3a", "5a", "0a"}, 0, "0a 1a 3a 5a"},
		{1, []string{"1b", "1a"}, 0, "1a 1b"},
	} {
		s := sample{rows: at(tt.rows...)}
		kept := s.inOrder(tt.n)
		var got []string
		for _, r := range s.rows {
			got = append(got, fmt.Sprint(r.Seq, r.machine))
		}
		if strings.Join(got, " ") != tt.want || kept != tt.kept {
			t.Errorf("%v behind %d: %q, %d stay; want %q, %d", tt.rows, tt.n, got, kept, tt.want, tt.kept)
		}
	}
}
