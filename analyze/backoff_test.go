package analyze

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// bucket is a token bucket as API Gateway throttles with one.
type bucket struct{ rate, burst, tokens float64 }

func (b *bucket) take(gap time.Duration) bool {
	b.tokens = min(b.burst, b.tokens+b.rate*gap.Seconds())
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// TestBackoffAtALimit: at limits that nobody knows about, one answer in fifty at
// most is refused, and what the limit leaves is used by half at least.
func TestBackoffAtALimit(t *testing.T) {
	for _, limit := range []float64{2, 4, 10, 20} {
		plan := &probe.Plan{Targets: make([]probe.Target, 1)}
		b, gate := newBackoff(plan), bucket{limit, limit, limit}
		var at time.Time
		refused, inFlight := 0, []bool{false, false, false}
		const requests, rate = 2000, 25.0
		for range requests {
			gap := time.Duration(float64(time.Second) / (rate * b.next(rate)))
			at = at.Add(gap)
			inFlight = append(inFlight, !gate.take(gap)) // an answer comes three requests later
			throttled := inFlight[0]
			inFlight = inFlight[1:]
			if throttled {
				refused++
			}
			b.saw(0, answer{at: at, throttled: throttled, refused: throttled})
		}
		if share := float64(refused) / requests; share >= 0.02 {
			t.Errorf("at %g per second %.2f of the answers are refusals", limit, share)
		}
		if got := requests / at.Sub(time.Time{}).Seconds(); got < limit/2 {
			t.Errorf("at %g per second %.2g per second were sent", limit, got)
		}
	}
}

func TestBackoffForFailures(t *testing.T) {
	plan := &probe.Plan{Targets: []probe.Target{{ID: "t"}}, Scenarios: []probe.Scenario{{Name: "s"}}, Requests: 1000, Rate: 25}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name       string
		fine, fail int
		every      time.Duration
		ended      bool
	}{
		{"failing from the start", 0, 300, time.Second, true},
		{"failing from the start, for a moment", 0, 100, 100 * time.Millisecond, false},
		{"failing in all but one", 1, 300, time.Second, false},
		{"began to fail", 100, 40, time.Second, true},
		{"a short outage", 100, 60, 100 * time.Millisecond, false},
		{"hardly begun", 5, 40, time.Second, false},
	} {
		p := newPlanner(plan)
		for i := range tt.fine + tt.fail {
			at = at.Add(tt.every)
			p.saw(0, 0, answer{at: at, failed: i >= tt.fine})
		}
		if ended := p.limit[0] == 0; ended != tt.ended || ended != (len(p.backoff.notes) == 1) {
			t.Errorf("%s: ended %v, notes %q", tt.name, ended, p.backoff.notes)
		}
		if p.gaveUp("t") != tt.ended || p.gaveUp("another") {
			t.Errorf("%s: given up %v", tt.name, p.gaveUp("t"))
		}
		if tt.fail >= 40 && p.backoff.scale > 0.3 {
			t.Errorf("%s: still at %g of the rate", tt.name, p.backoff.scale)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	due := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"3": 3 * time.Second, "0.5": time.Second / 2, "0": 0, "-1": 0, "soon": 0, "": 0,
		"Thu, 01 Jan 2026 12:00:07 GMT": 7 * time.Second, "Wed, 21 Oct 2015 07:28:00 GMT": 0,
	} {
		o := &probe.Observation{Due: due, Header: []probe.Header{{Name: "Retry-After", Value: value}}}
		if got := retryAfter(o); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
	b := newBackoff(&probe.Plan{Targets: make([]probe.Target, 1)})
	b.saw(0, answer{throttled: true, retryAfter: 3 * time.Second})
	if got := b.next(10); got < 1.0/31 || got > 1.0/29 {
		t.Errorf("the next request comes after %g of a gap, want three seconds", 1/got)
	}
	if got := b.next(10); got != slower {
		t.Errorf("and then at %g of the rate, want half", got)
	}
	if !b.saw(0, answer{throttled: true, retryAfter: time.Hour}) {
		t.Error("who asks for an hour is asked again")
	}
}

// run feeds answers of one target to a planner, a second apart unless told otherwise.
type fed struct {
	n     int
	a     answer
	every time.Duration
}

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
}

// TestAPauseEnds once a gap as long was left.
func TestAPauseEnds(t *testing.T) {
	b := newBackoff(&probe.Plan{Targets: make([]probe.Target, 1)})
	b.pause = time.Second
	if got := b.next(0); got != 1 || b.pause == 0 {
		t.Errorf("without a rate: %g, and the pause is %s", got, b.pause)
	}
	if got := b.next(.1); got != 1 || b.pause != 0 {
		t.Errorf("a pause shorter than the gap: %g", got)
	}
}
