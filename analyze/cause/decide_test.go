package cause

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// A target that answered and then gave nothing but refusals has given out: after twelve
// answers, for 36 at least, of which a tenth of all may stand on the wrong side.
func TestWhenATargetGaveOut(t *testing.T) {
	for _, tt := range []struct {
		name string
		of   []int
		want bool
	}{
		{"answered enough", slices.Concat(repeated(12, 0), repeated(36, 1)), true},
		{"answered too few", slices.Concat(repeated(11, 0), repeated(36, 1)), false},
		{"refused too few", slices.Concat(repeated(12, 0), repeated(35, 1)), false},
		{"answered too few before the first refusal", slices.Concat(repeated(11, 0), repeated(1, 1), repeated(1, 0), repeated(36, 1)), false},
		{"never refused", repeated(60, 0), false},
		{"always refused", repeated(60, 1), false},
		{"in flight, a tenth", slices.Concat(repeated(14, 0), repeated(5, 1), repeated(5, 0), repeated(36, 1)), true},
		{"in flight, more than a tenth", slices.Concat(repeated(13, 0), repeated(8, 1), repeated(7, 0), repeated(34, 1)), false},
		{"a tenth of all", slices.Concat(repeated(13, 0), repeated(7, 1), repeated(6, 0), repeated(34, 1)), true},
		{"one of the old ones late", slices.Concat(repeated(60, 0), repeated(38, 1), repeated(1, 0), repeated(1, 1)), true},
		{"answered again", slices.Concat(repeated(60, 0), repeated(40, 1), repeated(30, 0)), false},
		{"every other", slices.Repeat([]int{0, 1}, 60), false},
		{"back and forth", slices.Concat(repeated(14, 0), repeated(10, 1), repeated(10, 0), repeated(36, 1)), false},
	} {
		if got := gaveOut(marked(tt.of...)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestWhetherAStageLogs(t *testing.T) {
	methods := func(level string) map[string]probe.MethodSettings {
		return map[string]probe.MethodSettings{"*/*": {LoggingLevel: level}}
	}
	at := &probe.Target{APIID: "a", Stage: "prod"}
	for _, tt := range []struct {
		name   string
		conf   *probe.Stage
		proven bool
		want   bool
	}{
		{"nothing", nil, false, false}, {"a record", nil, true, true}, {"no log", &probe.Stage{}, false, false}, {"OFF", &probe.Stage{Methods: methods("OFF")}, false, false},
		{"INFO", &probe.Stage{Methods: methods("INFO")}, false, true}, {"ERROR", &probe.Stage{Methods: methods("ERROR")}, false, true},
		{"an access log", &probe.Stage{AccessLog: probe.AccessLog{Destination: "arn:aws:logs:eu-west-1:123456789012:log-group:x"}}, false, true},
	} {
		fx := &Facts{Input: &Input{Logs: LogState{Proven: map[string]bool{"a/prod": tt.proven}}}}
		if got := logging(fx, &target{Target: at, conf: tt.conf}); got != tt.want {
			t.Errorf("%s: logs are on: %v", tt.name, got)
		}
	}
}

// What is of the same kind as the behaviours of a linked split, and came at its level
// alone, is of the split.
func TestTheSameKindAtTheSameLevel(t *testing.T) {
	fail := func() *Cluster { return replied(502, signature.Integration, "", "") }
	for name, tt := range map[string]struct {
		mine, other string // the levels of the answers: '1' on, '0' off, '-' unknown
		want        bool
	}{
		"both on": {"111", "11", true}, "both off": {"000", "00", true}, "one on, one off": {"111", "00", false}, "one off, one on": {"000", "11", false}, "at both": {"111", "10", false},
		"nothing known": {"111", "--", false}, "the split at both": {"110", "11", false},
	} {
		in := &Input{Clusters: behaviours(served200(), fail(), served200(), fail())}
		in.Clusters[0].Kind, in.Clusters[1].Kind, in.Clusters[2].Kind, in.Clusters[3].Kind = 1, 2, 3, 4
		fx := given(in, [][]int{append(repeated(5, 0), repeated(len(tt.mine), 1)...), append(repeated(5, 2), repeated(len(tt.other), 3)...)})
		levels := "-----" + tt.mine + "-----" + tt.other
		j := &judgement{known: nothingKnown(fx)}
		got := j.alike(fx, &split{sub: fx.targets[0], clusters: []int{1}}, func(r *Row) (on, ok bool) { return levels[r.Seq] == '1', levels[r.Seq] != '-' })
		if slices.Equal(got, []int{3}) != tt.want || len(got) > 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The numbers of a verdict are told, and asked for, from their thresholds on.
func TestVerdictsAtTheirThresholds(t *testing.T) {
	w := &weighing{laws: []law{{cause: "a", post: .998}, {cause: "b", post: .001}, {cause: "c", post: .0009}}}
	if got := w.hypotheses(); len(got) != 2 {
		t.Errorf("%+v are worth a word", got)
	}
	if got := w.alternatives("a", .001); got != nil {
		t.Errorf("at an error rate of .001 %+v is not excluded", got)
	}
}

// TestWhatLogsSayOfASplit: which side of a canary they name, and what they leave out.
func TestWhatLogsSayOfASplit(t *testing.T) {
	for name, tt := range map[string]struct {
		percent                        float64
		read                           bool
		l                              labels
		blind, oneSided, leans, absent bool
	}{
		"nothing known":             {0, false, labels{}, true, false, false, false},
		"the stage was read":        {0, true, labels{}, false, false, false, false},
		"a canary":                  {10, false, labels{unknownDev: 5}, false, false, false, false},
		"labels and no canary":      {0, false, labels{counts: stat.Counts2{BaseRef: 9}}, false, false, false, false},
		"the stage's side":          {10, true, labels{counts: stat.Counts2{BaseRef: 9}}, false, true, false, false},
		"the stage's side alone":    {10, true, labels{counts: stat.Counts2{BaseRef: 100}, unknownDev: 5}, false, true, false, true},
		"of too few":                {10, true, labels{counts: stat.Counts2{BaseRef: 40}, unknownDev: 5}, false, true, false, false},
		"a deviant of the stage":    {10, true, labels{counts: stat.Counts2{BaseRef: 100, BaseDev: 1}, unknownDev: 4}, false, true, false, false},
		"a usual one of the canary": {10, true, labels{counts: stat.Counts2{BaseRef: 100, CanaryRef: 1}, unknownDev: 5}, false, false, false, false},
		"some deviants missing":     {10, true, labels{counts: stat.Counts2{BaseRef: 100}, unknownDev: 4}, false, true, false, false},
		"both, alike":               {10, true, labels{counts: stat.Counts2{CanaryDev: 1, CanaryRef: 9, BaseDev: 9, BaseRef: 81}}, false, false, false, false},
		"both, unlike":              {10, true, labels{counts: stat.Counts2{CanaryDev: 9, CanaryRef: 1, BaseDev: 1, BaseRef: 89}}, false, false, true, false},
	} {
		sub := &target{Target: &probe.Target{}}
		if tt.percent > 0 {
			sub.Canary = &probe.Canary{Percent: tt.percent}
		}
		if tt.read {
			sub.conf = &probe.Stage{}
		}
		w := &weighing{split: &split{sub: sub, k: 5, n: 105, labels: tt.l}}
		fx := &Facts{Input: &Input{Confidence: .99}, alpha: .01}
		if blind(w) != tt.blind || oneSided(w) != tt.oneSided || leans(w) != tt.leans || absent(fx, w) != tt.absent {
			t.Errorf("%s: blind %v, one-sided %v, leans %v, absent %v", name, blind(w), oneSided(w), leans(w), absent(fx, w))
		}
	}
}

// TestSplitsOfAScenarioApart: the deviants of a scenario are weighed apart, by how often they
// come, and from the third on together.
func TestSplitsOfAScenarioApart(t *testing.T) {
	in := &Input{Clusters: behaviours(served200(), served200(), served200(), served200(), served200(), served200())}
	of := slices.Concat(repeated(50, 0), repeated(9, 1), repeated(7, 2), repeated(5, 3), repeated(3, 4))
	for _, tt := range []struct {
		deviants []int
		beside   bool
		want     [][]int
	}{{[]int{1, 2, 3, 4}, false, [][]int{{1}, {2}, {3, 4}}}, {[]int{2, 3}, false, [][]int{{2}, {3}}}, {[]int{1}, false, [][]int{{1}}}, {[]int{1, 2}, true, [][]int{{1, 2}}}} {
		in.Rows, in.Plan = nil, probe.Plan{}
		fx := given(in, [][]int{of})
		fx.targets[0].link = func() *stat.LinkEstimated { return stat.NewLinkEstimated(.1) }
		x := settle(fx, &split{sub: fx.targets[0], clusters: tt.deviants, beside: tt.beside})
		var got [][]int
		for _, part := range separate(fx, x) {
			got = append(got, part.clusters)
			if k := len(rowsOf(fx, part, func(c *Cluster) bool {
				return slices.ContainsFunc(part.clusters, func(k int) bool { return &fx.Clusters[k] == c })
			})); part.k != k || part.n != len(of) {
				t.Errorf("%v: %d of %d deviate, want %d", part.clusters, part.k, part.n, k)
			}
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%v are weighed as %v, want %v", tt.deviants, got, tt.want)
		}
	}
}

// TestRefusalsSinceAMoment are a change of the target's, unless an authorizer's kept result
// may have run out.
func TestRefusalsSinceAMoment(t *testing.T) {
	for name, authorizer := range map[string]string{"no authorizer": "", "one that keeps its results": "x"} {
		in := &Input{MinShare: .01, Confidence: .99, Clusters: behaviours(served200(), replied(403, signature.Gateway, "ACCESS_DENIED", ""))}
		in.Clusters[0].Kind, in.Clusters[1].Kind = 1, 2
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{"GET /0": {Authorizer: authorizer}}, Authorizers: map[string]probe.Authorizer{"x": {}}}}}}}
		fx := given(in, [][]int{slices.Concat(repeated(40, 0), repeated(60, 1))})
		fx.targets[0].link = func() *stat.LinkEstimated { return stat.NewLinkEstimated(.1) }
		fx.Now = began.Add(time.Hour)
		fx.Snapshot.APIs[0].Stages[0].Updated = began.Add(40 * time.Second)
		j := &judgement{known: nothingKnown(fx), split: make([]bool, 1)}
		if j.brokenSince(fx, fx.targets[0], refused); (len(j.decided) == 1) != (authorizer == "") {
			t.Errorf("%s: decided %+v", name, j.decided)
		}
	}
}

// TestFailuresSinceAMoment are a change of the target's before the run is over, where they
// last so long that a backend which comes and goes would hardly give them.
func TestFailuresSinceAMoment(t *testing.T) {
	for _, tt := range []struct {
		good, failed int
		done, want   bool
	}{{100, 400, false, true}, {40, 60, false, false}, {40, 60, true, true}} {
		in := &Input{Done: tt.done, MinShare: .01, Confidence: .99, Now: began.Add(time.Hour), Clusters: behaviours(served200(), fail502())}
		in.Clusters[0].Kind, in.Clusters[1].Kind = 1, 2
		fx := given(in, [][]int{slices.Concat(repeated(tt.good, 0), repeated(tt.failed, 1))})
		fx.targets[0].link = func() *stat.LinkEstimated { return stat.NewLinkEstimated(.1) }
		j := &judgement{known: nothingKnown(fx), split: make([]bool, 1)}
		if j.brokenSince(fx, fx.targets[0], (*Cluster).fails); (len(j.decided) == 1) != tt.want {
			t.Errorf("%d failures after %d answers, done %v: decided %+v", tt.failed, tt.good, tt.done, j.decided)
		}
	}
}

// TestRareNoise: what deviates is noise where that is likelier than not and its share is
// below what must be found.
func TestRareNoise(t *testing.T) {
	for _, tt := range []struct {
		post float64
		k, n int
		want bool
	}{{.6, 1, 2000, true}, {.5, 1, 2000, false}, {.6, 1, 100, false}} {
		w := &weighing{split: &split{k: tt.k, n: tt.n}, laws: []law{{post: tt.post}, {cause: FlakyBackend, post: 1 - tt.post}}}
		if got := rare(&Facts{Input: &Input{MinShare: .01, Confidence: .99}}, w); got != tt.want {
			t.Errorf("%d of %d, noise with %g: %v", tt.k, tt.n, tt.post, got)
		}
	}
}

// TestRequestsAreCountedInWholes, one at least and a million at most.
func TestRequestsAreCountedInWholes(t *testing.T) {
	for x, want := range map[float64]int{-3: 1, .5: 1, 1.9: 1, 2: 2, 2e6: 1e6, math.Inf(1): 1e6} {
		if clampInt(x) != want {
			t.Errorf("%g requests are %d", x, clampInt(x))
		}
	}
	for x, want := range map[float64]float64{3: 3, math.Inf(1): 1e6, math.Inf(-1): -1e6} {
		if finite(x) != want {
			t.Errorf("%g is %g", x, finite(x))
		}
	}
}

// Labels are waited for while most of a split has none yet.
func TestLabelsAreWaitedFor(t *testing.T) {
	for late, want := range map[int]bool{2: false, 3: true} {
		sub := &target{Target: &probe.Target{APIID: "a", Stage: "s", Canary: &probe.Canary{Percent: 10}}}
		fx := &Facts{Input: &Input{Logs: LogState{Read: true, Proven: map[string]bool{"a/s": true}}}, alpha: .01}
		x := &split{sub: sub, n: 4, draws: marked(0, 0, 1, 0)}
		for i := range 4 {
			fx.Rows = append(fx.Rows, Row{Late: i < late})
		}
		if got := unlabelledYet(fx, &weighing{split: x}); got != want {
			t.Errorf("%d of 4 late: %v", late, got)
		}
	}
}

// TestWhatIsSaidToBeChance: at the end what is likely, before it what is as good as certain.
func TestWhatIsSaidToBeChance(t *testing.T) {
	for _, tt := range []struct {
		done bool
		post float64
		want bool
	}{{true, .9, true}, {true, .89, false}, {false, .99, true}, {false, .98, false}} {
		fx := &Facts{Input: &Input{Done: tt.done}, alpha: .01}
		if got := byChance(fx, &weighing{laws: []law{{cause: FlakyBackend, post: tt.post}, {cause: EndpointSplit, post: 1 - tt.post}}}); got != tt.want {
			t.Errorf("done %v, drawn with %g: %v", tt.done, tt.post, got)
		}
	}
}
