package analyze

import (
	"testing"
	"time"

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
