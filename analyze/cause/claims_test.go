package cause

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

func TestQuestionsAndTheirCost(t *testing.T) {
	costs := []expense{{target: "a", bound: 10, used: 100}, {target: "b", bound: 50, used: 40}, {target: "a", bound: 30, used: 100}, {target: "c", bound: math.Inf(1), used: 10}, {target: "d", bound: 3, used: 0}}
	if got := dearest(costs); len(got) != 4 || got[0].bound != 30 || got[1].bound != 50 {
		t.Errorf("the dearest are %+v", got)
	}
	got := efficiencies(costs)
	if len(got) != 3 || got[0].Ratio != .1 || got[1].Ratio != 1 || got[2].Ratio != .3 {
		t.Errorf("%+v", got)
	}
	if e := efficiency(costs); e.Target != "a" || e.Bound != 30 {
		t.Errorf("the most expensive question is %+v", e)
	}
	if efficiency(nil) != nil {
		t.Error("no question has an efficiency")
	}
	if e := efficiency([]expense{{target: "b", bound: 1, used: 10}, {target: "a", bound: 1, used: 10}}); e.Target != "a" {
		t.Errorf("of questions as expensive the first target's counts, not that of %s", e.Target)
	}
}

// What answers although the default endpoint is off is said elsewhere; what answers although
// there is no such stage is a stranger.
func TestStrangers(t *testing.T) {
	for name, tt := range map[string]struct {
		api  probe.API
		want Fact
	}{
		"the endpoint is off": {probe.API{ID: "a", DefaultEndpointOff: true, Stages: []probe.Stage{{Name: "s0"}}}, nil},
		"no such stage":       {probe.API{ID: "a", Stages: []probe.Stage{{Name: "other"}}}, AnswersAll{Although: NoStage{API: "a", Stage: "s0"}}},
		"as configured":       {probe.API{ID: "a", Stages: []probe.Stage{{Name: "s0"}}}, nil},
	} {
		in := &Input{Clusters: behaviours(served200()), Snapshot: probe.Snapshot{APIs: []probe.API{tt.api}}}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.InvokeURL, APIID: "a", Stage: "s0", URL: "https://a.example/s0"}}
		fx := given(in, [][]int{{0}})
		if got := stranger(fx, fx.targets[0]); got != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestHowManyMoreAnswersATargetTakes: as many as exclude a behaviour of the least share that
// must be found, more where some strayed, and none where an error is decided.
func TestHowManyMoreAnswersATargetTakes(t *testing.T) {
	all := stat.NeedZero(.01, .99)
	for name, tt := range map[string]struct {
		usual, strays int
		change        func(fx *Facts, known *Known)
		want          int
	}{
		"none strayed":       {100, 0, func(*Facts, *Known) {}, all - 100},
		"enough":             {all, 0, func(*Facts, *Known) {}, 0},
		"one strayed":        {99, 1, func(*Facts, *Known) {}, all + 100 - 100},
		"one of many":        {all, 1, func(*Facts, *Known) {}, 100},
		"one of very many":   {2000, 1, func(*Facts, *Known) {}, 0},
		"a split of its own": {99, 1, func(_ *Facts, kn *Known) { kn.split[0] = true }, all - 100},
		"nobody is let in":   {99, 1, func(_ *Facts, kn *Known) { kn.closed[0] = true }, 0},
		"an error is decided": {99, 1, func(_ *Facts, kn *Known) {
			kn.found = []Finding{{Cause: WrongStage, Severity: Error, Targets: []string{"t0"}}}
		}, 0},
		"the same, thoroughly": {99, 1, func(fx *Facts, kn *Known) {
			fx.Thorough, kn.found = true, []Finding{{Cause: WrongStage, Severity: Error, Targets: []string{"t0"}}}
		}, all},
		"a warning": {99, 1, func(_ *Facts, kn *Known) {
			kn.found = []Finding{{Cause: WrongStage, Severity: Warning, Targets: []string{"t0"}}}
		}, all},
		"of another target": {99, 1, func(_ *Facts, kn *Known) {
			kn.found = []Finding{{Cause: WrongStage, Severity: Error, Targets: []string{"t1"}}}
		}, all},
		"of the configuration": {99, 1, func(_ *Facts, kn *Known) {
			kn.found = []Finding{{Cause: StaleDeployment, Severity: Error, Targets: []string{"t0"}}}
		}, all},
		"beside an open split": {99, 1, func(_ *Facts, kn *Known) {
			kn.undecided[0], kn.found = true, []Finding{{Cause: WrongStage, Severity: Error, Targets: []string{"t0"}}}
		}, all},
		"a flake and no canary": {99, 1, func(_ *Facts, kn *Known) {
			kn.found = []Finding{{Cause: FlakyBackend, Severity: Error, Targets: []string{"t0"}}}
		}, 0},
		"a flake and a canary": {99, 1, func(fx *Facts, kn *Known) {
			fx.targets[0].Canary, kn.found = &probe.Canary{Percent: 10}, []Finding{{Cause: FlakyBackend, Severity: Error, Targets: []string{"t0"}}}
		}, all},
		"its canary, and canary": {99, 1, func(fx *Facts, kn *Known) {
			fx.targets[0].Canary, kn.found = &probe.Canary{Percent: 10}, []Finding{{Cause: CanarySplit, Severity: Error, Targets: []string{"t0"}}}
		}, 0},
	} {
		in := &Input{Confidence: .99, MinShare: .01, Clusters: behaviours(served200(), served200())}
		in.Clusters[0].Kind, in.Clusters[1].Kind = 1, 2
		fx := given(in, [][]int{slices.Concat(repeated(tt.usual, 0), repeated(tt.strays, 1))})
		known := nothingKnown(fx)
		tt.change(fx, known)
		if got := needs(fx, known, fx.targets[0]); got != tt.want {
			t.Errorf("%s: %d more, want %d", name, got, tt.want)
		}
	}
}

// TestWhereRequestsGoNext: each open question weighs what it takes, over the scenarios of its
// target.
func TestWhereRequestsGoNext(t *testing.T) {
	in := &Input{Clusters: behaviours(served200(), served200(), served200())}
	fx := given(in, [][]int{{0}, {1}}, [][]int{{}, {}})
	fx.targets[1].cells = fx.targets[1].cells[:1]
	got := nextCells(fx, nothingKnown(fx), []Question{{Target: "t0", More: 10}, {Target: "t1", More: 30}, {Target: "t0"}, {Target: "gone", More: 5}})
	if want := []Cell{{0, 0, .125}, {0, 1, .125}, {1, 0, .75}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := nextCells(fx, nothingKnown(fx), nil); got != nil {
		t.Errorf("without a question %v", got)
	}
}

// TestSilentScenarios: a scenario that streams and whose every answer breaks off fails; one
// that does not stream, or to which no answer comes in time, or at all, stays open; either may be hidden among others that are
// well, and one of many answers that is late is neither.
func TestSilentScenarios(t *testing.T) {
	late := answer{id: "late", class: signature.Transport, outcome: probe.OutcomeTimeout, producer: signature.Network}
	cut := answer{id: "cut", status: 200, class: signature.Transport, outcome: probe.OutcomeReset, producer: signature.Network}
	lost := answer{id: "lost", class: signature.Transport, outcome: probe.OutcomeReset, producer: signature.Network}
	stalled := answer{id: "stalled", status: 200, class: signature.Transport, outcome: probe.OutcomeTimeout, producer: signature.Network}
	for name, c := range map[string]struct {
		items      answer
		all        bool // both scenarios are answered so
		streamed   bool
		fails      string // what the finding says; "" where there is none
		open, need string
	}{
		"cut":             {items: cut, open: "whether it answers items: none of ", need: "what stands before API Gateway"},
		"cut, both":       {items: cut, all: true, open: "what it serves: none of 200 requests got a whole answer", need: "what stands before API Gateway"},
		"cut, streamed":   {items: cut, streamed: true, fails: "API Gateway ends a stream that pauses for 5 minutes"},
		"late":            {items: late, open: "whether it answers items: none of ", need: "--request-timeout"},
		"stalled":         {items: stalled, open: "whether it answers items: none of ", need: "--request-timeout"},
		"lost":            {items: lost, open: "whether it answers items: none of ", need: "check the name"},
		"late, both":      {items: late, all: true, open: "what it serves: none of 200 requests", need: "--request-timeout"},
		"lost, both":      {items: lost, all: true, open: "what it serves: none of 200 requests", need: "check the name"},
		"well, both":      {items: ok("v2")},
		"well, streaming": {items: ok("v2"), streamed: true},
	} {
		w := newWorld(3)
		w.MinShare = .05
		if c.streamed {
			w.api().Stages[0].Deployed.Routes["GET /items"] = probe.Route{Integration: probe.Integration{TransferMode: "STREAM"}}
		}
		r := explained(w.send(200, func(r *request) answer {
			if r.Scenario == 1 || c.all {
				return c.items
			}
			return ok("v1")
		}).Input)
		says, open, need := "", "", ""
		for _, f := range r.Findings {
			if f.Cause != IntegrationError || f.Severity != Error || f.Linked != ConsistentWith {
				t.Errorf("%s: found %s %s, %s", name, f.Severity, f.Cause, f.Linked)
			}
			says += f.Statement
		}
		for _, q := range r.Open {
			open, need = open+q.Text, need+q.Enable
		}
		for _, x := range [][2]string{{says, c.fails}, {open, c.open}, {need, c.need}} {
			if (x[0] == "") != (x[1] == "") || !strings.Contains(x[0], x[1]) {
				t.Errorf("%s: %q, want %q", name, x[0], x[1])
			}
		}
		if t.Failed() {
			dump(t, r)
		}
	}
}

// TestClaim: an answer that never differed allows the claim of the
// rule of three, and what is still open says how many more it takes.
func TestClaim(t *testing.T) {
	r := explained(newWorld(1).send(300, sameForAll(ok("v2"))).Input)
	if len(r.Open) != 1 || r.Open[0].More != stat.NeedZero(.01, .99)-300 || r.Decided {
		t.Errorf("after 300 of 459 answers: open %+v, decided %v", r.Open, r.Decided)
	}
	if got, want := r.Claims["abc123/prod"], stat.UpperZero(300, .99); got != want {
		t.Errorf("claim %g, want %g", got, want)
	}
	r = explained(newWorld(1).send(459, sameForAll(ok("v2"))).Input)
	if !r.Decided || r.Claims["abc123/prod"] > .01 {
		t.Errorf("after 459 answers: decided %v, claim %g", r.Decided, r.Claims["abc123/prod"])
	}
}

// A failure or two among hundreds of answers is rarer than what must be found: how often it
// may come is said, and no question is left. A dozen, or one in every hundred, are.
func TestRareIsNoQuestion(t *testing.T) {
	for _, tt := range []struct {
		every, strays int
		open          bool
	}{{2000, 1, false}, {1000, 2, false}, {400, 5, false}, {160, 12, true}, {100, 20, true}} {
		w := newWorld(1)
		r := explained(w.send(2000, func(r *request) answer {
			if r.n%tt.every == tt.every/2 {
				return fails(502)
			}
			return ok("v2")
		}).Input)
		strays, said := r.Strays["abc123/prod"]
		if open := len(r.Open) > 0 || len(r.Findings) > 0; open != tt.open || said == tt.open || said && strays != tt.strays {
			t.Errorf("%d of 2000 failed: open %+v, found %d, said to be %d strays: %v", tt.strays, r.Open, len(r.Findings), strays, said)
		}
		if claim := r.Claims["abc123/prod"]; said && (claim <= float64(strays)/2000 || claim > .01) {
			t.Errorf("%d of 2000 failed: at most %g", tt.strays, claim)
		}
	}
}

// TestNext: further requests go to the target that needs them.
func TestNext(t *testing.T) {
	w := newWorld(1)
	w.invoke("dev")
	w.send(200, func(r *request) answer { return ok("v2") })
	for range 500 {
		w.add(len(w.Rows), Row{Seq: uint64(len(w.Rows)), At: w.Now, Target: 0, Scenario: 0}, sameForAll(ok("v2")))
	}
	w.Done = false
	r := explained(w.Input)
	for _, c := range r.Next {
		if c.Target != 1 {
			t.Errorf("the next requests go to a target that is decided: %+v", r.Next)
		}
	}
	if len(r.Next) == 0 || r.Remaining == 0 {
		t.Errorf("nothing is next although target 1 is undecided: %+v", r.Open)
	}
}

// TestScenariosWithoutAnAnswer: one is silent from five requests on of which none got a whole
// answer, unless something explains that.
func TestScenariosWithoutAnAnswer(t *testing.T) {
	lost := replied(0, signature.Network, "", "")
	for name, tt := range map[string]struct {
		of   []int
		by   ID
		want bool
	}{
		"five lost": {repeated(5, 0), "", true}, "four lost": {repeated(4, 0), "", false}, "one of many answered": {append(repeated(9, 0), 1), "", false},
		"explained": {repeated(5, 0), IntegrationError, false}, "not asked": {nil, "", false},
	} {
		fx := given(&Input{Clusters: behaviours(lost, served200())}, [][]int{tt.of})
		known := nothingKnown(fx)
		known.by[0] = tt.by
		if got := silent(fx, known, fx.targets[0]); (len(got) == 1) != tt.want {
			t.Errorf("%s: silent %v", name, !tt.want)
		}
	}
}

// Requests go where a split is open, and everywhere once all of it is explained.
func TestScenariosThatDecide(t *testing.T) {
	in := &Input{Clusters: behaviours(served200(), served200(), served200())}
	in.Clusters[0].Kind, in.Clusters[1].Kind, in.Clusters[2].Kind = 1, 2, 3
	fx := given(in, [][]int{{0, 0, 1}, {2}})
	known := nothingKnown(fx)
	for _, tt := range []struct {
		undecided bool
		by        ID
		want      int
	}{{false, "", 2}, {true, "", 1}, {true, FlakyBackend, 2}} {
		known.undecided[0], known.by[1] = tt.undecided, tt.by
		if got := deciding(known, fx.targets[0]); len(got) != tt.want {
			t.Errorf("undecided %v, explained by %q: %d scenarios decide", tt.undecided, tt.by, len(got))
		}
	}
}

// A split whose evidence is nearly there takes few more; one that is told already a part
// of what there is.
func TestWhatASplitStillTakes(t *testing.T) {
	fx := given(&Input{MinShare: .01, Clusters: behaviours(served200())}, [][]int{{0}})
	sub := &target{Target: &probe.Target{}}
	w := &weighing{split: &split{sub: sub, n: 100, k: 10, labels: labels{counts: stat.Counts2{CanaryDev: 9, CanaryRef: 1, BaseDev: 1, BaseRef: 89}, logE: 2, notE: -3}}}
	need, drift, variance := distanceToGo(fx, w)
	if math.Abs(need-(math.Log(100)-2)) > 1e-12 || drift != labelInformation(w) || drift < .1 || variance != 2*drift {
		t.Errorf("by labels it lacks %g, at %g and %g", need, drift, variance)
	}
	w.labels.logE, w.labels.notE = -3, 2
	if again, _, _ := distanceToGo(fx, w); again != need {
		t.Errorf("against a link it lacks %g, want %g", again, need)
	}
	w.labels.logE = 9
	if more, low, high := predict(fx, w); more != 25 || low != 12 || high != 100 {
		t.Errorf("what is told already takes %d, %d to %d", more, low, high)
	}
	w.n = 8
	if more, low, high := predict(fx, w); more != 20 || low != 10 || high != 40 {
		t.Errorf("of few answers it takes %d, %d to %d", more, low, high)
	}
	none := &weighing{split: &split{sub: sub, n: 99, k: 9}, laws: []law{{post: .2}, {cause: FlakyBackend, post: .8}}}
	if need, drift, _ := distanceToGo(fx, none); math.Abs(need-(math.Log(100)-math.Log(4))) > 1e-6 || math.Abs(drift-stat.KL(.095, fx.noise())) > 1e-12 {
		t.Errorf("without a canary it lacks %g, at %g", need, drift)
	}
}
