package cause

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"stageprobe/probe"
)

func TestWhatRecordsSay(t *testing.T) {
	status := func(n int) *int { return &n }
	for _, tt := range []struct {
		r                probe.LogRecord
		refusal, failure Fact
		refuser          string
	}{
		{probe.LogRecord{}, nil, nil, ""},
		{probe.LogRecord{WAF: "WAF_BLOCK", AuthorizerOutcome: "deny"}, Decided{By: "WAF", Outcome: "WAF_BLOCK"}, nil, "WAF_FILTERED"},
		{probe.LogRecord{AuthorizerOutcome: "deny", UsagePlan: "quota"}, Decided{By: "authorizer", Outcome: "deny"}, nil, ""},
		{probe.LogRecord{AuthorizerOutcome: "allow", UsagePlan: "quota"}, Decided{By: "usage plan", Outcome: "quota"}, nil, ""},
		{probe.LogRecord{UsagePlan: "throttled"}, Decided{By: "usage plan", Outcome: "throttled"}, nil, ""},
		{probe.LogRecord{UsagePlan: "ok", Error: "API Key is missing"}, Plain{Text: "API Key is missing"}, Plain{Text: "API Key is missing"}, "INVALID_API_KEY"},
		{probe.LogRecord{Error: "E", IntegrationStatus: status(503)}, Plain{Text: "E"}, Plain{Text: "E"}, ""},
		{probe.LogRecord{IntegrationStatus: status(500)}, nil, IntegrationAnswered{Status: 500}, ""},
		{probe.LogRecord{IntegrationStatus: status(499)}, nil, nil, ""},
	} {
		if got := refusalLine(&tt.r); got != tt.refusal {
			t.Errorf("%+v says of a refusal %+v, want %+v", tt.r, got, tt.refusal)
		}
		if got := failureLine(&tt.r); got != tt.failure {
			t.Errorf("%+v says of a failure %+v, want %+v", tt.r, got, tt.failure)
		}
		if got := refuserByLog(&tt.r); got != tt.refuser {
			t.Errorf("%+v names %q, want %q", tt.r, got, tt.refuser)
		}
	}
}

// The share of answers that come in stretches has a wider interval, and none where too few
// were seen to say how wide.
func TestShareOfStretches(t *testing.T) {
	even := make([]bool, 600)
	for i := range even {
		even[i] = i*7%10 == 0
	}
	a := ShareOf(even, .01)
	if a == nil || a.Estimate != .1 || a.Low >= .1 || a.High <= .1 {
		t.Fatalf("%+v", a)
	}
	burst := make([]bool, 3000)
	for i := range burst {
		burst[i] = i/15%10 == 0
	}
	if b, even := ShareOf(burst, .01), interval(300, 3000, .01); b == nil || b.High-b.Low <= even.High-even.Low {
		t.Errorf("of bursts %+v, of even answers %+v", b, even)
	}
	if b := ShareOf(slices.Concat(bitsOf(40, 20)), .01); b != nil {
		t.Errorf("of one stretch in sixty answers %+v is told", b)
	}
	if i := interval(0, 0, .01); i.Estimate != 0 || i.Low != 0 || i.High != 1 {
		t.Errorf("of nothing %+v", i)
	}
}

// Where answers come in stretches, as failures do, the interval of their share holds the
// truth or is not shown.
func TestTheShareOfBurstsIsHeldOrNotShown(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	shown, missed := 0, 0
	for range 400 {
		n, stay := 100+rng.IntN(1500), 1-1/float64(2+rng.IntN(19))
		q := .02 + .3*rng.Float64()
		start := q / (1 - q) * (1 - stay) // so that a share q of the answers is in a burst
		bits, in := make([]bool, n), rng.Float64() < q
		for i := range bits {
			if in {
				in = rng.Float64() < stay
			} else {
				in = rng.Float64() < start
			}
			bits[i] = in
		}
		if i := ShareOf(bits, .01); i != nil {
			shown++
			if q < i.Low || q > i.High {
				missed++
			}
		}
	}
	t.Logf("%d of %d missed", missed, shown)
	if shown < 100 || missed*20 > shown {
		t.Errorf("of 400 shares of bursts %d are shown with an interval, and %d of these miss the truth", shown, missed)
	}
}

// TestWhatEvidenceIsShown: lines that say something, each once.
func TestWhatEvidenceIsShown(t *testing.T) {
	in := &Input{Clusters: behaviours(served200(), fail502())}
	fx := given(in, [][]int{slices.Concat(repeated(2, 0), repeated(20, 1))})
	x := &split{sub: fx.targets[0], draws: drawsOf(fx.targets[0]), cells: fx.targets[0].cells}
	if lines, logged := failures(fx, x, []int{1}); logged || len(evidence(lines...)) != 2 {
		t.Errorf("without logs %d lines, logged %v", len(evidence(lines...)), logged)
	}
	in.Records = func(id string) []probe.LogRecord {
		if id == "id9" {
			return []probe.LogRecord{{Error: "E"}}
		}
		return nil
	}
	if lines, logged := failures(fx, x, []int{1}); !logged || !slices.ContainsFunc(lines, func(f Fact) bool { l, ok := f.(Logged); return ok && l.Request == "id9" }) {
		t.Errorf("with one record: logged %v", logged)
	}
	if fx.logLine(0, failureLine) != nil || fx.logLine(9, failureLine) == nil {
		t.Error("a line is shown where a record says something")
	}
	in.Rows[9].Copied = true
	if fx.logLine(9, failureLine) != nil {
		t.Error("the log of what a cache answered is of another request")
	}
	if fx.firstOf(fx.targets[0], 1) != 2 || fx.firstOf(fx.targets[0], 5) != -1 {
		t.Error("the first failure is the third answer")
	}
	var facts []Fact
	for i := range 9 {
		facts = append(facts, Topic(fmt.Sprint(i/2)), nil)
	}
	if got := evidence(append(facts, Topic("a"), Topic("b"), Topic("c"))...); len(got) != maxEvidence || got[4] != Topic("4") || got[5] != Topic("a") {
		t.Errorf("%v", got)
	}
}

// TestWhoServedByARecord: a record that names nobody says nothing.
func TestWhoServedByARecord(t *testing.T) {
	if served(&probe.LogRecord{}) != nil {
		t.Error("a record that names nobody says that somebody served")
	}
	if got := served(&probe.LogRecord{Stage: "prod", GroupCanary: true}); got != (ServedBy{Stage: "prod", CanaryGroup: true}) {
		t.Errorf("%+v", got)
	}
}
