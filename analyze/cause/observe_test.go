package cause

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/feature"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

func TestWhichTargetsAreHeldTogether(t *testing.T) {
	invoke := func(api, stage string, meant *probe.StageRef) probe.Target {
		return probe.Target{Kind: probe.InvokeURL, APIID: api, Stage: stage, Meant: meant}
	}
	prod := &probe.StageRef{APIID: "a", Stage: "prod"}
	in := &Input{Plan: probe.Plan{Targets: []probe.Target{
		invoke("a", "prod", nil), invoke("a", "dev", nil), {Kind: probe.CustomDomain, APIID: "a", Stage: "prod", Meant: prod}, invoke("b", "prod", nil), invoke("a", "dev", prod), {Kind: probe.CustomDomain},
	}}}
	want := [][2]int{{0, 1}, {2, 0}, {2, 1}, {2, 3}, {2, 4}, {4, 0}, {4, 1}, {4, 3}, {5, 0}, {5, 1}, {5, 3}, {5, 4}}
	if got := pairsAsked(in); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := stageGroups(in), [][]int{{0, 2}, {1, 4}, {3}, {5}}; !reflect.DeepEqual(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
}

func TestNamesInShort(t *testing.T) {
	for text, want := range map[string]string{"abcde": "abcde", "abcdef": "abcd…", "äöüßé": "äöüßé", "äöüßéx": "äöüß…"} {
		if got := shorten(text, 5); got != want {
			t.Errorf("%s in five letters is %s", text, got)
		}
	}
	level := func(text string) behaviour.Level { return behaviour.Level{Text: text} }
	for _, tt := range []struct {
		of   []behaviour.Level
		want string
	}{
		{nil, "other values"}, {[]behaviour.Level{{Absent: true}}, "(absent)"}, {[]behaviour.Level{level("a")}, "a"},
		{[]behaviour.Level{level("a"), level("b")}, "a and 1 other value"}, {[]behaviour.Level{level("a"), level("b"), level("c")}, "a and 2 other values"},
	} {
		if got := sideText(tt.of); got != tt.want {
			t.Errorf("%v: %s", tt.of, got)
		}
	}
}

// TestSummaryOfACutAnswer: an answer that began is called by its status and by how it ended.
func TestSummaryOfACutAnswer(t *testing.T) {
	usual := &behaviour.Cluster{Status: 200, Outcome: probe.OutcomeResponse}
	for outcome, want := range map[probe.Outcome]string{
		probe.OutcomeReset: "200 that breaks off", probe.OutcomeTimeout: "200 that does not end in time", probe.OutcomeResponse: "200",
	} {
		if got := Summary(&behaviour.Cluster{Status: 200, Outcome: outcome}, usual); got != want {
			t.Errorf("%s: %q", outcome, got)
		}
	}
}

// TestWhatACacheFreezes: a value that the cache of one stage holds still and the other moves
// by itself tells nothing.
func TestWhatACacheFreezes(t *testing.T) {
	level := func(on, off int) behaviour.Level { return behaviour.Level{On: on, Off: off} }
	moving, still := behaviour.Mark{Values: []behaviour.Level{level(9, 0), level(0, 3), level(0, 3)}}, behaviour.Mark{Values: []behaviour.Level{level(9, 0), level(0, 6)}}
	class := moving
	class.Def.Class = true
	for name, tt := range map[string]struct {
		cached [2]bool
		turned bool
		want   int
	}{
		"no cache": {[2]bool{}, false, 3}, "both": {[2]bool{true, true}, false, 3}, "the first": {[2]bool{true, false}, false, 2}, "the second": {[2]bool{false, true}, true, 2},
		"the first, which moves": {[2]bool{true, false}, true, 3}, "the second, which moves": {[2]bool{false, true}, false, 3},
	} {
		in := &Input{Clusters: behaviours(served200())}
		in.Snapshot.APIs = []probe.API{{ID: "a"}}
		for i, on := range tt.cached {
			in.Snapshot.APIs[0].Stages = append(in.Snapshot.APIs[0].Stages, probe.Stage{Name: []string{"s0", "s1"}[i], CacheCluster: on, Methods: map[string]probe.MethodSettings{"*/*": {Caching: true}}})
		}
		fx := given(in, [][]int{{0}}, [][]int{{}})
		marks := []behaviour.Mark{moving, still, class}
		if tt.turned {
			for i := range marks {
				marks[i] = marks[i].Turned()
			}
		}
		if got := unfrozen(fx, [2]int{0, 1}, marks); len(got) != tt.want {
			t.Errorf("%s: %d marks tell, want %d", name, len(got), tt.want)
		}
	}
}

// TestTheQuestionOfACanary is asked where the logs name both sides, and contradict
// themselves in one of a thousand requests at most.
func TestTheQuestionOfACanary(t *testing.T) {
	for name, tt := range map[string]struct {
		percent       float64
		canary, twice int
		want          float64 // the share; 0 where nothing is asked
	}{
		"both sides": {10, 100, 0, .1}, "the canary alone": {10, 1000, 0, 0}, "the stage alone": {10, 0, 0, 0}, "one contradiction": {10, 100, 1, .1}, "two": {10, 100, 2, 0},
		"all traffic by the configuration": {100, 250, 0, .25}, "none": {0, 250, 0, .25},
	} {
		in := &Input{Clusters: behaviours(served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0", Canary: &probe.Canary{Percent: tt.percent}}}
		fx := given(in, [][]int{repeated(1000, 0)})
		for i := range in.Rows {
			in.Rows[i].Label = LabelBase
			if i < tt.canary {
				in.Rows[i].Label = LabelCanary
			}
			in.Rows[i].Contradictory = i >= 1000-tt.twice
		}
		q := canaryQuestion(fx, []int{0}, [][]int{indices(1000)})
		if (q != nil) != (tt.want > 0) || q != nil && math.Abs(q.P-tt.want) > 1e-12 {
			t.Errorf("%s: %+v", name, q)
		}
	}
}

// TestABehaviourInAFewWords: its status, and the gateway response or the error type beside it.
func TestABehaviourInAFewWords(t *testing.T) {
	for _, tt := range []struct {
		c    behaviour.Cluster
		want string
	}{
		{behaviour.Cluster{Overflow: true, Status: 200}, "other answers"}, {behaviour.Cluster{Outcome: probe.OutcomeTimeout}, "timeout"},
		{behaviour.Cluster{Status: 403, Reading: signature.Reading{GatewayResponse: "G", ErrorType: "E"}}, "403 G"},
		{behaviour.Cluster{Status: 403, Reading: signature.Reading{ErrorType: "E"}}, "403 E"}, {behaviour.Cluster{Status: 200}, "200"},
	} {
		if got := plainSummary(&tt.c); got != tt.want || Summary(&tt.c, nil) != tt.want || Summary(&tt.c, &tt.c) != tt.want {
			t.Errorf("%+v: %s", tt.c, got)
		}
	}
}

// TestScenariosThatBothWereAsked, up to the last answer of either.
func TestScenariosThatBothWereAsked(t *testing.T) {
	rows := []Row{{Scenario: 0}, {Scenario: 0}, {Scenario: 1}, {Scenario: 0}, {Scenario: 2}}
	if got, want := bothAsked(&Facts{Input: &Input{Rows: rows}}, []int{0, 3, 4}, []int{1, 2}), map[int]int{0: 1, 1: -1, 2: -1}; !reflect.DeepEqual(got, want) {
		t.Errorf("both were asked up to %v, want %v", got, want)
	}
}

// Only a sum of features speaks for them where nothing else does.
func TestSumsOfFeatures(t *testing.T) {
	sum := behaviour.Mark{Values: []behaviour.Level{{Text: "x", On: 9, Side: 1}, {Text: "y", Off: 9, Side: -1}}}
	sum.Def.Aspect = feature.Set
	one := sum
	one.Def = feature.Def{Path: "/a"}
	if !sum.Sums() || one.Sums() {
		t.Fatal("a set sums up its members")
	}
	other := one
	other.Scenario = 1
	fx := given(&Input{Clusters: behaviours(served200())}, [][]int{{0}, {}})
	fx.targets[0].cells = fx.targets[0].cells[:1] // the second is not for it
	for _, tt := range []struct {
		marks []behaviour.Mark
		want  []string
	}{{[]behaviour.Mark{other}, nil}, {[]behaviour.Mark{sum, one}, []string{"/a"}}, {[]behaviour.Mark{sum}, []string{sum.Where()}}, {[]behaviour.Mark{one}, []string{"/a"}}} {
		var got []string
		for _, d := range differs(fx, fx.targets[0], tt.marks, "on", "off") {
			got = append(got, d.Where)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("they differ in %q, want %q", got, tt.want)
		}
	}
}

// TestHowManyAskForACanary: a stage whose canary draws, and one that was not read.
func TestHowManyAskForACanary(t *testing.T) {
	for percent, want := range map[float64]int{0: 0, .5: 1, 99.5: 1, 100: 0} {
		in := &Input{Clusters: behaviours(served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0", Canary: &probe.Canary{Percent: percent}}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}}}}
		if got := canaryQuestions(given(in, [][]int{{0}})); got != want {
			t.Errorf("%g %%: %d questions", percent, got)
		}
	}
	fx := given(&Input{Clusters: behaviours(served200())}, [][]int{{0}})
	if got := canaryQuestions(fx); got != 1 {
		t.Errorf("a stage that was not read may have a canary: %d questions", got)
	}
}
