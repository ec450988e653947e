package cause

import (
	"testing"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/diff"
	"stageprobe/probe"
	"stageprobe/probe/failure"
)

func TestSmallThings(t *testing.T) {
	for check, want := range map[string]string{"aws logs tail x": "run aws logs tail x", "its certificate": "its certificate"} {
		if got := lookAt(&failure.Failure{Check: check}); got.Text != want {
			t.Errorf("%s: %s", check, got.Text)
		}
	}
}

// Two stages answer a scenario differently where each gave five answers, and half of one's
// are none of the other's.
func TestWhenStagesDiffer(t *testing.T) {
	set := diff.Setting{Name: "variables.backend", Behaviour: true, Values: map[string]string{"s0": "blue", "s1": "green"}}
	for _, tt := range []struct {
		a, b []int
		want bool
	}{
		{repeated(5, 0), repeated(5, 1), true}, {repeated(4, 0), repeated(5, 1), false}, {repeated(5, 0), repeated(4, 1), false},
		{repeated(6, 0), append(repeated(3, 1), repeated(3, 2)...), true}, {repeated(6, 0), append(repeated(2, 1), repeated(4, 2)...), false},
	} {
		in := &Input{Clusters: behaviours(served200(), served200(), served200())}
		in.Clusters[2].ID = in.Clusters[0].ID
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}, {Name: "s1"}}}}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.InvokeURL, APIID: "a", Stage: "s0", DeploymentID: "d"}, {ID: "t1", Kind: probe.InvokeURL, APIID: "a", Stage: "s1", DeploymentID: "d"}}
		fx := given(in, [][]int{tt.a}, [][]int{tt.b})
		if got := compareStages(fx, [2]*target{fx.targets[0], fx.targets[1]}, []diff.Setting{set}); (got != nil) != tt.want {
			t.Errorf("%v and %v: %+v", tt.a, tt.b, got)
		}
		if !compared(fx, fx.targets[0].api, set) {
			t.Error("the setting was compared")
		}
	}
}

// TestSettingsThatDiffer: what of a setting matters, and how many can be changed by themselves.
func TestSettingsThatDiffer(t *testing.T) {
	of := func(names ...string) (out []diff.Setting) {
		for _, n := range names {
			out = append(out, diff.Setting{Name: n})
		}
		return out
	}
	for _, tt := range []struct {
		of   []diff.Setting
		want int
	}{
		{of("variables.a"), 1}, {of("variables.a", "variables.b"), 2}, {of("variables.a", "authorizers[x].uri"), 1}, {of("authorizers[x].uri"), 1}, {of("authorizers[x].uri", "tracing"), 2}, {of("caching", "cache_ttl"), 1}, {of("caching", "tracing"), 2},
	} {
		if got := roots(tt.of); got != tt.want {
			t.Errorf("%+v have %d roots, want %d", tt.of, got, tt.want)
		}
	}
}

// TestStagesThatAreHeldTogether are those of one API that were read, and that answered at
// their own URL.
func TestStagesThatAreHeldTogether(t *testing.T) {
	for name, tt := range map[string]struct {
		kind  probe.TargetKind
		stage string
		n     int
		want  bool
	}{
		"two stages": {probe.InvokeURL, "s1", 1, true}, "one that gave no answer": {probe.InvokeURL, "s1", 0, false}, "one behind a domain": {probe.CustomDomain, "s1", 1, false},
		"one that was not read": {probe.InvokeURL, "gone", 1, false}, "the same": {probe.InvokeURL, "s0", 1, false},
	} {
		in := &Input{Clusters: behaviours(served200(), served200())}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}, {Name: "s1"}}}}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.InvokeURL, APIID: "a", Stage: "s0"}, {ID: "t1", Kind: tt.kind, APIID: "a", Stage: tt.stage}}
		fx := given(in, [][]int{{0}}, [][]int{repeated(tt.n, 1)})
		if got := stagePairs(fx, fx.targets[0].api); (len(got) == 1) != tt.want {
			t.Errorf("%s: %d pairs", name, len(got))
		}
	}
}

// TestDifferencesThatAreMeant: of a setting by its name or a pattern, between the stages that are named.
func TestDifferencesThatAreMeant(t *testing.T) {
	for _, tt := range []struct {
		i    Intended
		of   []string
		want bool
	}{
		{Intended{Setting: "variables.backend"}, nil, true}, {Intended{Setting: "variables.*"}, []string{"prod", "dev"}, true}, {Intended{Setting: "methods.*"}, nil, false},
		{Intended{Setting: "variables.backend", Stages: []string{"prod"}}, []string{"prod", "dev"}, false}, {Intended{Setting: "variables.backend", Stages: []string{"dev", "prod"}}, []string{"prod", "dev"}, true},
		{Intended{Setting: "variables.backend", Stages: []string{"prod"}}, nil, true},
	} {
		if got := tt.i.covers(diff.Setting{Name: "variables.backend"}, tt.of); got != tt.want {
			t.Errorf("%+v covers the setting of %q: %v", tt.i, tt.of, got)
		}
	}
	if (Intended{Setting: "[a"}).covers(diff.Setting{Name: "[a"}, nil) != true {
		t.Error("what is no pattern is a name")
	}
}

// TestTheFieldThatTells two behaviours apart is the first that both have and that differs.
func TestTheFieldThatTells(t *testing.T) {
	field := func(path, value string) behaviour.Field { return behaviour.Field{Path: path, Value: value} }
	c := &behaviour.Cluster{Fields: []behaviour.Field{field("/a", "1"), field("/b", ""), field("/c", "3"), field("/d", "4")}}
	for _, tt := range []struct {
		other *behaviour.Cluster
		want  string
	}{
		{c, ""}, {&behaviour.Cluster{}, ""},
		{&behaviour.Cluster{Fields: []behaviour.Field{field("/a", "1"), field("/b", "2"), field("/c", ""), field("/d", "5")}}, "/d"},
		{&behaviour.Cluster{Fields: []behaviour.Field{field("/d", "5"), field("/a", "2")}}, "/a"},
	} {
		got := ""
		if f := unequalField(c, tt.other); f != nil {
			got = f.Path
		}
		if got != tt.want {
			t.Errorf("the field that tells is %q, want %q", got, tt.want)
		}
	}
}

// TestWhatADifferenceMatters: by what was seen to differ, and by who uses the stage.
func TestWhatADifferenceMatters(t *testing.T) {
	in := &Input{Intended: []Intended{{Setting: "variables.told"}}, Clusters: behaviours(served200(), served200())}
	in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}, {Name: "s1"}}}}
	fx := given(in, [][]int{{0}}, [][]int{{1}})
	values := map[string]string{"s0": "x", "s1": "y"}
	for _, tt := range []struct {
		set     diff.Setting
		linked  bool
		matters string
		told    bool
	}{
		{diff.Setting{Name: "variables.a", Behaviour: true, Values: values}, true, linkedSetting, false}, {diff.Setting{Name: "variables.a", Behaviour: true, Values: values}, false, noDifference, false},
		{diff.Setting{Name: "variables.told", Behaviour: true, Values: values}, false, noDifference, true}, {diff.Setting{Name: "description", Values: values}, false, cosmeticSetting, false},
		{diff.Setting{Name: "other.new", Values: values}, false, noDifference, false}, {diff.Setting{Name: "variables.a", Behaviour: true, Values: map[string]string{"s0": "x", "s1": "x", "s2": "y"}}, false, untestedSetting, false},
		{diff.Setting{Name: "variables.a", Behaviour: true, Values: values, Touches: []string{"GET /9"}}, false, untestedSetting, false},
	} {
		if got := note(fx, fx.targets[0].api, tt.set, tt.linked); got.Matters != tt.matters || got.Intended != tt.told {
			t.Errorf("%+v: %+v", tt.set, got)
		}
	}
	for stage, want := range map[string]bool{"prod": true, "PRODUCTION": true, "live": true, "s0": true, "s1": false, "s2": false} {
		in.Snapshot.Domains = []probe.Domain{{Mappings: []probe.Mapping{{APIID: "a", Stage: "s0"}, {APIID: "b", Stage: "s1"}}}}
		if got := inUse(fx, &target{Target: &probe.Target{APIID: "a", Stage: stage}}); got != want {
			t.Errorf("stage %s is in use: %v", stage, got)
		}
	}
	base, keyed := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}, &probe.Definition{Routes: map[string]probe.Route{"GET /0": {Authorization: "AWS_IAM"}}}
	more := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {Integration: probe.Integration{URI: "https://x.example"}}}}
	for name, tt := range map[string]struct {
		ids  [2]string
		defs [2]*probe.Definition
		want bool
	}{
		"one deployment": {[2]string{"d", "d"}, [2]*probe.Definition{}, true}, "nothing known": {[2]string{"", ""}, [2]*probe.Definition{}, false}, "two, equal": {[2]string{"d", "e"}, [2]*probe.Definition{base, base}, true}, "two, of which one was read": {[2]string{"d", "e"}, [2]*probe.Definition{base, nil}, false},
		"who may call": {[2]string{"d", "e"}, [2]*probe.Definition{base, keyed}, true}, "what is called": {[2]string{"d", "e"}, [2]*probe.Definition{base, more}, false},
	} {
		a, b := &target{Target: &probe.Target{DeploymentID: tt.ids[0]}, conf: &probe.Stage{Deployed: tt.defs[0]}}, &target{Target: &probe.Target{DeploymentID: tt.ids[1]}, conf: &probe.Stage{Deployed: tt.defs[1]}}
		if got := sameRoute(fx, a, b, 0); got != tt.want {
			t.Errorf("%s: the same route %v", name, got)
		}
	}
}

// What the one stage was not asked was not compared.
func TestWhatWasNotComparedBetweenStages(t *testing.T) {
	set := diff.Setting{Name: "variables.backend", Behaviour: true, Values: map[string]string{"s0": "blue", "s1": "green"}}
	in := &Input{Clusters: behaviours(served200(), served200())}
	in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}, {Name: "s1"}}}}
	fx := given(in, [][]int{{0}, {}}, [][]int{{}, {1}})
	if compared(fx, fx.targets[0].api, set) {
		t.Error("no scenario was sent to both stages")
	}
}
