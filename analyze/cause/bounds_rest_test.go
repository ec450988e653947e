package cause

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/diff"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

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
	// A split whose evidence is nearly there takes few more; one that is told already a part
	// of what there is.
	fx.MinShare = .01
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

// TestChangesOfAStage: what a stage served when the targets were found and serves now, and
// which change a switch may come from.
func TestChangesOfAStage(t *testing.T) {
	canary := func(percent float64) *probe.Canary { return &probe.Canary{Percent: percent, DeploymentID: "c"} }
	for name, tt := range map[string]struct {
		was, is             string
		wasCanary, isCanary *probe.Canary
		want                bool
	}{
		"nothing": {"d", "d", nil, nil, false}, "the same canary": {"d", "d", canary(10), canary(10), false}, "the deployment": {"d", "e", nil, nil, true}, "a canary more": {"d", "d", nil, canary(10), true},
		"the share": {"d", "d", canary(10), canary(20), true}, "what was is not known": {"", "d", nil, nil, false},
	} {
		sub := &target{Target: &probe.Target{DeploymentID: tt.was, Canary: tt.wasCanary}, conf: &probe.Stage{DeploymentID: tt.is, Canary: tt.isCanary}}
		if got := sub.changed(); (got != nil) != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// Twelve answers, one in a second, of which the sixth is the first of the new behaviour.
	for name, tt := range map[string]struct {
		now               string // the deployment that the stage serves by now
		updated, deployed time.Duration
		event             any
		changed           bool
	}{
		"long before":              {"d", -time.Hour, -time.Hour, nil, false},
		"a deployment at the time": {"d", -time.Hour, 4 * time.Second, WasMade{}, true},
		"an update at the time":    {"d", 4 * time.Second, -time.Hour, WasUpdated{}, true},
		"two minutes before":       {"d", 4*time.Second - 2*time.Minute, -time.Hour, WasUpdated{}, true},
		"more than that":           {"d", 3*time.Second - 2*time.Minute, -time.Hour, nil, true},
		"just then":                {"d", 5 * time.Second, -time.Hour, WasUpdated{}, true},
		"after it":                 {"d", 6 * time.Second, -time.Hour, nil, true},
		"another deployment now":   {"e", 4 * time.Second, -time.Hour, StageWent{}, true},
		"another since before":     {"e", -time.Hour, -time.Hour, StageWent{}, true},
		"another after the switch": {"e", 6 * time.Second, -time.Hour, nil, true},
	} {
		in := &Input{Now: began.Add(12 * time.Second), Clusters: behaviours(served200(), served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0", DeploymentID: "d"}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", DeploymentID: tt.now, Updated: began.Add(tt.updated)}}, Deployments: []probe.Deployment{{ID: "d", Created: began.Add(tt.deployed)}}}}
		fx := given(in, [][]int{slices.Concat(repeated(5, 0), repeated(7, 1))})
		s := &shift{fx: fx, rows: indices(12), hat: 5, lo: 5, hi: 5}
		if got := s.event(fx.targets[0]); reflect.TypeOf(got) != reflect.TypeOf(tt.event) {
			t.Errorf("%s: %+v", name, got)
		}
		if got := lastChanged(fx, fx.targets[0]); got != tt.changed {
			t.Errorf("%s: changed about the run: %v", name, got)
		}
	}
	for _, tt := range []struct {
		before, since *Cluster
		want          ID
	}{
		{served200(), fail502(), IntegrationError}, {fail502(), fail502(), ""}, {served200(), noRouteOf(), AccessDenied}, {noRouteOf(), noRouteOf(), ""}, {fail502(), noRouteOf(), AccessDenied}, {noRouteOf(), fail502(), IntegrationError}, {fail502(), served200(), ""},
	} {
		fx := given(&Input{Clusters: behaviours(tt.before, tt.since)}, [][]int{{0, 1}})
		if got := (&shift{fx: fx, rows: indices(2), hat: 1}).toBad(); got != tt.want {
			t.Errorf("from %d to %d: %q", tt.before.Status, tt.since.Status, got)
		}
	}
}

// TestWhereWaitingEditsAre: edits wait for nobody where another stage that was asked serves
// them, or the stage's canary holds them.
func TestWhereWaitingEditsAre(t *testing.T) {
	old, edited := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}, &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}, "GET /new": {}}}
	for name, tt := range map[string]struct {
		other *probe.Definition
		asked bool
		want  bool
	}{"the other serves them": {edited, true, true}, "it does not": {old, true, false}, "it was not asked": {edited, false, false}, "it was not read": {nil, true, false}} {
		in := &Input{Clusters: behaviours(served200())}
		in.Snapshot.APIs = []probe.API{{ID: "a", Editor: edited, Stages: []probe.Stage{{Name: "s0", Deployed: old}, {Name: "s1", Deployed: tt.other}, {Name: "s2", Deployed: edited}}}}
		answers := [][][]int{{{0}}}
		if tt.asked {
			answers = append(answers, [][]int{{}})
		}
		fx := given(in, answers...)
		if got := servedElsewhere(fx, pendings(fx)[0]); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, tt := range map[string]struct {
		canary string
		edit   probe.Edit
		held   *probe.Definition
		want   bool
	}{
		"newer, and holds them": {"new", probe.Edit{}, edited, true}, "newer, not read": {"new", probe.Edit{}, nil, true}, "newer, without them": {"new", probe.Edit{}, old, false}, "older": {"older", probe.Edit{}, edited, false},
		"unknown": {"none", probe.Edit{}, edited, false}, "edited since": {"new", probe.Edit{APIID: "a", Event: "PutMethod", At: began.Add(time.Hour)}, edited, false},
		"edited before": {"new", probe.Edit{APIID: "a", Event: "PutMethod", At: began.Add(-time.Hour)}, edited, true}, "another was edited": {"new", probe.Edit{APIID: "b", Event: "PutMethod", At: began.Add(time.Hour)}, edited, true},
		"the stage was": {"new", probe.Edit{APIID: "a", Event: "UpdateStage", At: began.Add(time.Hour)}, edited, true}, "no canary": {"", probe.Edit{}, edited, false},
	} {
		in := &Input{Clusters: behaviours(served200())}
		st := probe.Stage{Name: "s0", DeploymentID: "own", Deployed: old, CanaryDeployed: tt.held}
		if tt.canary != "" {
			st.Canary = &probe.Canary{DeploymentID: tt.canary}
		}
		in.Snapshot.APIs = []probe.API{{ID: "a", Editor: edited, Stages: []probe.Stage{st}, Deployments: []probe.Deployment{{ID: "new", Created: began}, {ID: "own", Created: began.Add(-2 * time.Hour)}, {ID: "older", Created: began.Add(-3 * time.Hour)}}}}
		in.Snapshot.Edits = []probe.Edit{tt.edit}
		fx := given(in, [][]int{{0}})
		if got := onCanary(fx, pendings(fx)[0]); got != tt.want {
			t.Errorf("a canary, %s: %v", name, got)
		}
	}
	for name, tt := range map[string]struct {
		kind      probe.APIKind
		auto      bool
		succeeded *bool
		want      ID
	}{
		"REST": {probe.REST, false, yes(false), StaleDeployment}, "off": {probe.HTTP, false, nil, AutoDeployOff}, "on": {probe.HTTP, true, nil, StaleDeployment}, "on, well": {probe.HTTP, true, yes(true), StaleDeployment},
		"on, failed": {probe.HTTP, true, yes(false), AutoDeployFailed}, "off, failed": {probe.HTTP, false, yes(false), AutoDeployFailed},
	} {
		p := &pending{sub: &target{api: &probe.API{Kind: tt.kind}, conf: &probe.Stage{AutoDeploy: tt.auto, LastDeploymentSucceeded: tt.succeeded}}}
		if got := p.cause(); got != tt.want {
			t.Errorf("%s: %s keeps edits waiting, want %s", name, got, tt.want)
		}
	}
	for want, d := range map[string]diff.Difference{"GET /a added": {Subject: "GET /a", Aspect: "added"}, "resource Policy": {Subject: "resource Policy", Aspect: "policy"}, "GET /a": {Subject: "GET /a"}} {
		if got := named(&d); got != want {
			t.Errorf("%+v is called %q, want %q", d, got, want)
		}
	}
	// Of several targets those are told that refuse what waits.
	in := &Input{Clusters: behaviours(served200(), noRouteOf())}
	api := probe.API{ID: "a", Kind: probe.REST, Editor: edited, Stages: []probe.Stage{{Name: "s0"}}}
	in.Snapshot.APIs = []probe.API{api}
	in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.InvokeURL, APIID: "a", Stage: "s0"}, {ID: "t1", Kind: probe.InvokeURL, APIID: "a", Stage: "s0"}}
	in.Plan.Scenarios = []probe.Scenario{{Name: "sc0", Method: "GET", Path: "/new"}}
	fx := given(in, [][]int{repeated(9, 0)}, [][]int{repeated(9, 1)})
	w := unservedRoutes(fx, nothingKnown(fx), pendings(fx)[0])
	if w == nil || len(w.targets) != 1 || w.targets[0].ID != "t1" || w.requests != 9 || !slices.Equal(w.routes, []string{"GET /new"}) {
		t.Errorf("%+v", w)
	}
}

// TestWhereAnAddressLeads by the configuration, and what that is known by.
func TestWhereAnAddressLeads(t *testing.T) {
	api := func(off bool, stages ...string) *probe.API {
		out := &probe.API{ID: "a", DefaultEndpointOff: off}
		for _, name := range stages {
			out.Stages = append(out.Stages, probe.Stage{Name: name})
		}
		return out
	}
	url := "https://a.example/s0"
	for name, tt := range map[string]struct {
		t     probe.Target
		api   *probe.API
		want  Fact
		known bool
	}{
		"there": {probe.Target{Kind: probe.InvokeURL, APIID: "a", Stage: "s0", URL: url}, api(false, "s0"), nil, false}, "no mapping": {probe.Target{Unmapped: "no mapping"}, nil, Plain{Text: "no mapping"}, true},
		"no such stage": {probe.Target{APIID: "a", Stage: "s1", URL: url}, api(false, "s0"), NoStage{API: "a", Stage: "s1"}, true}, "no stage at all": {probe.Target{APIID: "a", Stage: "s1", URL: url}, api(false), nil, true},
		"no stage named": {probe.Target{APIID: "a", URL: url}, api(false, "s0"), nil, true}, "unread": {probe.Target{APIID: "a", Stage: "s0", URL: url}, nil, nil, false},
		"endpoint off": {probe.Target{Kind: probe.InvokeURL, APIID: "a", Stage: "s0", URL: url}, api(true, "s0"), EndpointOff{API: "a"}, true}, "by a domain": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Stage: "s0", URL: url}, api(true, "s0"), nil, true},
		"without an address": {probe.Target{Kind: probe.InvokeURL, APIID: "a", Stage: "s0"}, api(true, "s0"), nil, true},
	} {
		sub := &target{Target: &tt.t, api: tt.api, conf: tt.api.Stage(tt.t.Stage)}
		if got := unmappedBy(sub); got != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
		if got := whereKnown(sub); got != tt.known {
			t.Errorf("%s: known by the configuration: %v", name, got)
		}
	}
	bare := func() *Cluster { return replied(403, signature.Gateway, "", "ForbiddenException") }
	for name, tt := range map[string]struct {
		sc   probe.Scenario
		of   *Cluster
		read bool
		want bool
	}{
		"bare": {probe.Scenario{}, bare(), false, true}, "with a key": {probe.Scenario{Auth: probe.AuthAPIKey}, bare(), false, false}, "with a key's header": {probe.Scenario{Header: []probe.Header{{Name: "X-API-Key", Value: "x"}}}, bare(), false, false},
		"with another header": {probe.Scenario{Header: []probe.Header{{Name: "Accept", Value: "x"}}}, bare(), false, true}, "of another type": {probe.Scenario{}, replied(403, signature.Gateway, "", ""), false, false}, "of an API that was read": {probe.Scenario{}, bare(), true, false},
		"of an answer": {probe.Scenario{}, served200(), false, false},
	} {
		in := &Input{Clusters: behaviours(tt.of)}
		in.Plan.Scenarios = []probe.Scenario{tt.sc}
		if tt.read {
			in.Snapshot.APIs = []probe.API{*api(false, "s0")}
		}
		fx := given(in, [][]int{{0}})
		if got := unreadAndForbidden(fx, fx.targets[0]); got != tt.want {
			t.Errorf("a refusal, %s: %v", name, got)
		}
		fx.Expected = func(int, int) bool { return true }
		if unreadAndForbidden(fx, fx.targets[0]) {
			t.Errorf("a refusal that is expected, %s, leads to nothing", name)
		}
	}
	// A route that is in the editor waits for a deployment.
	route := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}
	for name, tt := range map[string]struct {
		deployed, editor *probe.Definition
		want             bool
	}{"nowhere": {&probe.Definition{}, &probe.Definition{}, true}, "on the stage": {route, nil, false}, "in the editor": {&probe.Definition{}, route, false}, "unread": {nil, nil, true}} {
		in := &Input{Clusters: behaviours(noRouteOf())}
		in.Snapshot.APIs = []probe.API{{ID: "a", Editor: tt.editor, Stages: []probe.Stage{{Name: "s0", Deployed: tt.deployed}}}}
		fx := given(in, [][]int{{0}})
		if got := noRouteAtAll(fx, fx.targets[0]); got != tt.want {
			t.Errorf("%s: no route at all: %v", name, got)
		}
	}
	// The names of scenarios that were asked, throttled or not.
	in := &Input{Clusters: behaviours(served200())}
	fx := given(in, [][]int{{0}, {}, {}})
	fx.targets[0].cells[1].throttled = []int{0}
	if got := fx.cellNames(fx.targets[0].cells); !slices.Equal(got, []string{"sc0", "sc1"}) {
		t.Errorf("%q were asked", got)
	}
	// A domain is used at its base path, with the path of what was asked.
	for _, tt := range []struct {
		base  string
		cells int
		want  string
	}{{"", 1, "https://api.example.com/0"}, {"v1", 1, "https://api.example.com/v1/0"}, {"v1", 0, "https://api.example.com/v1"}} {
		in := &Input{Clusters: behaviours(served200())}
		in.Snapshot.Domains = []probe.Domain{{Name: "other.example.com", Mappings: []probe.Mapping{{APIID: "a", Stage: "s1"}, {APIID: "b", Stage: "s0"}}}, {Name: "api.example.com", Mappings: []probe.Mapping{{APIID: "a", Stage: "s0", BasePath: tt.base}}}}
		fx := given(in, [][]int{{0}})
		fx.targets[0].cells = fx.targets[0].cells[:tt.cells]
		if got := useDomain(fx, fx.targets[0]); len(got) != 1 || !strings.Contains(got[0].Text+got[0].Command, tt.want) {
			t.Errorf("%+v, want %s", got, tt.want)
		}
	}
}

// TestWhatLeadsADomain: its mapping, else a routing rule, and what leads it elsewhere.
func TestWhatLeadsADomain(t *testing.T) {
	ref := probe.StageRef{APIID: "a", Stage: "s0"}
	for name, tt := range map[string]struct {
		mappings []probe.Mapping
		rules    []probe.RoutingRule
		mapped   bool
		leader   int
	}{
		"a mapping": {[]probe.Mapping{{APIID: "a", Stage: "s0"}}, []probe.RoutingRule{{APIID: "a", Stage: "s0", Priority: 7}}, true, 0}, "a rule": {[]probe.Mapping{{APIID: "a", Stage: "s1"}, {APIID: "b", Stage: "s0"}}, []probe.RoutingRule{{APIID: "a", Stage: "s1", Priority: 3}, {APIID: "b", Stage: "s0", Priority: 4}, {APIID: "a", Stage: "s0", Priority: 7}}, false, 7},
		"neither": {nil, nil, false, 0},
	} {
		d := probe.Domain{Name: "api.example.com", Mappings: tt.mappings, Rules: tt.rules}
		in := &Input{Clusters: behaviours(served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, URL: "https://api.example.com", APIID: "a", Stage: "s0"}}
		in.Snapshot.Domains = []probe.Domain{d}
		fx := given(in, [][]int{{0}})
		got := 0
		if p := leader(fx, fx.targets[0]); p != nil {
			got = *p
		}
		if mapped(&d, ref) != tt.mapped || got != tt.leader {
			t.Errorf("%s: mapped %v, led by rule %d", name, mapped(&d, ref), got)
		}
	}
	for name, tt := range map[string]struct {
		t                probe.Target
		meant, elsewhere bool
	}{
		"an invoke URL": {probe.Target{Kind: probe.InvokeURL, APIID: "a", Stage: "s0"}, true, false}, "of no stage": {probe.Target{Kind: probe.InvokeURL, APIID: "a"}, false, false}, "unmapped": {probe.Target{Kind: probe.InvokeURL, APIID: "a", Stage: "s0", Unmapped: "x"}, false, false},
		"a domain": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Stage: "s0"}, false, false}, "a domain as meant": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Stage: "s0", Meant: &ref}, true, false},
		"a domain elsewhere": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Stage: "s1", Meant: &ref}, true, true}, "a domain, unread": {probe.Target{Kind: probe.CustomDomain, Meant: &ref}, true, false}, "without a stage": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Meant: &ref}, true, false},
	} {
		sub := &target{Target: &tt.t}
		if _, ok := sub.meant(); ok != tt.meant || meantElsewhere(sub) != tt.elsewhere {
			t.Errorf("%s: meant %v, elsewhere %v", name, ok, meantElsewhere(sub))
		}
	}
}

// TestProfilesOfStages: how far the answers of two targets lie apart, and what each gave.
func TestProfilesOfStages(t *testing.T) {
	for _, tt := range []struct {
		a, b []int // counts of three behaviours
		d    float64
		n    int
	}{{[]int{4, 0, 0}, []int{0, 4, 0}, 1, 4}, {[]int{4, 0, 0}, []int{3, 3, 0}, .5, 4}, {[]int{2, 2, 0}, []int{1, 1, 2}, .5, 4}, {[]int{1, 1, 0}, []int{4, 4, 0}, 0, 2}, {[]int{0, 0, 0}, []int{1, 0, 0}, 0, 0}, {[]int{1, 0, 0}, []int{0, 0, 0}, 0, 0}} {
		in := &Input{Clusters: behaviours(served200(), served200(), served200(), served200(), served200(), served200())}
		var of [2][]int
		for i, counts := range [2][]int{tt.a, tt.b} {
			for k, n := range counts {
				in.Clusters[3*i+k].ID = string(rune('x' + k))
				of[i] = append(of[i], repeated(n, 3*i+k)...)
			}
		}
		fx := given(in, [][]int{of[0]}, [][]int{of[1]})
		if d, n := distance(fx, fx.targets[0], fx.targets[1], 0); math.Abs(d-tt.d) > 1e-12 || n != tt.n {
			t.Errorf("%v and %v: %g apart, of %d", tt.a, tt.b, d, n)
		}
		g := &sighting{rival: fx.targets[1].stageRef()}
		table := profileTable(fx, fx.targets[0], g)
		for i, name := range table.Rows {
			k := int(name[len(name)-2] - 'x')
			if want := []int{tt.a[k], tt.b[k]}; !slices.Equal(table.Counts[i], want) {
				t.Errorf("%s: %v, want %v", name, table.Counts[i], want)
			}
		}
		if shown := pairTable(fx, [2]*target{fx.targets[0], fx.targets[1]}, []int{0}); !reflect.DeepEqual(shown.Counts, table.Counts) || len(pairTable(fx, [2]*target{fx.targets[0], fx.targets[1]}, []int{1}).Rows) != 0 {
			t.Errorf("%+v, want %v", shown, table.Counts)
		}
	}
	// A behaviour that a stage never gave is likelier the more kinds are known.
	fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}})
	if usual, rare, strange := foresee(fx, fx.targets[0], 0, "k0", 2), foresee(fx, fx.targets[0], 0, "k1", 2), foresee(fx, fx.targets[0], 0, "k9", 2); math.Abs(usual+rare+strange-1) > 1e-12 || usual < .85 || usual > .9 || strange > .03 || rare < strange {
		t.Errorf("%g, %g and %g", usual, rare, strange)
	}
}

// TestCopiesAreRecognised by what their headers say, and by one request id.
func TestCopiesAreRecognised(t *testing.T) {
	fx := &Facts{Input: &Input{Rows: []Row{{Age: time.Minute, RequestID: "a"}, {Cache: "Hit", Age: 3 * time.Minute, RequestID: "b"}, {Cache: "RefreshHit", RequestID: "a"}, {}, {}, {}}}}
	if got, want := marksOfCopies(fx, indices(6)), (Copies{N: 6, Cache: "Hit", Age: 3 * time.Minute, SameID: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := marksOfCopies(fx, []int{3, 4}); got != (Copies{N: 2}) {
		t.Errorf("%+v", got)
	}
	// What the logs of another stage hold proves what is divided before the gateway.
	meant, other := probe.StageRef{APIID: "a", Stage: "s0"}, probe.StageRef{APIID: "a", Stage: "s1"}
	for n, want := range map[int]Link{0: Statistical, 2: Proven} {
		fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{{0, 0, 0, 1, 1}})
		g := &sighting{meant: meant, byLog: map[probe.StageRef][]int{other: []int{3, 4}[:n], meant: {0}}, shared: &sharing{rival: other, share: .1, rows: []int{3, 4}[:n]}}
		f := divided(fx, fx.targets[0], g)
		held := slices.Contains(f.Says, Fact(LogsHold{Other: "s1", Requests: n, Meant: "s0", Own: 1}))
		if f.Linked != want || held != (n > 0) || !slices.Equal(f.rests, []int{1}) || f.Says[0].(InFront).Share != .1 {
			t.Errorf("with %d records: %s, %+v", n, f.Linked, f.Says)
		}
	}
	fx = given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{{0, 0, 0, 1, 1}})
	f := divided(fx, fx.targets[0], &sighting{meant: meant, differs: []behaviour.Mark{{Values: []behaviour.Level{{On: 9, Off: 10}, {On: 1}}}, {Values: []behaviour.Level{{On: 6, Off: 10}, {On: 4}}}}})
	if in := f.Says[0].(InFront); in.Share != .4 || in.Other != nil || f.Linked != Statistical {
		t.Errorf("%+v", f)
	}
}

// TestStepsOfAPerson: what each step says where nothing is found, and where something is.
func TestStepsOfAPerson(t *testing.T) {
	api := &probe.API{Deployments: []probe.Deployment{{ID: "c", Created: began, Status: "DEPLOYED"}, {ID: "b", Created: began.Add(-time.Hour), Status: "FAILED"}, {ID: "a", Created: began.Add(-2 * time.Hour)}},
		Stages: []probe.Stage{{Name: "s0", DeploymentID: "a", Canary: &probe.Canary{DeploymentID: "b"}}, {Name: "s1", DeploymentID: "c", Canary: &probe.Canary{DeploymentID: "c"}}}}
	want := []NewerDeployment{{ID: "c", At: began, On: []UsedBy{{Stage: "s1"}}}, {ID: "b", At: began.Add(-time.Hour), On: []UsedBy{{Stage: "s0", Canary: true}}, Status: "FAILED"}}
	if got := newer(api, &api.Stages[0]); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if newer(api, &api.Stages[1]) != nil || newer(api, &probe.Stage{DeploymentID: "gone"}) != nil {
		t.Error("nothing is newer than the last deployment, nor than an unknown one")
	}
	fx := given(&Input{Clusters: behaviours(served200())}, [][]int{{0}})
	for name, tt := range map[string]struct {
		r      Result
		status string
	}{
		"nothing": {Result{}, stepOK}, "something open": {Result{Open: []Question{{Asks: Topic("x")}}}, stepUnknown}, "a finding": {Result{Findings: []Finding{{Step: 3, Severity: Warning}}}, stepProblem},
		"one of its own": {Result{Findings: []Finding{{Step: 6, Severity: Error}}, Open: []Question{{}}}, stepProblem}, "only for information": {Result{Findings: []Finding{{Step: 6, Severity: Info}}}, stepOK},
	} {
		if status, _ := retestStep(fx, &tt.r); status != tt.status {
			t.Errorf("%s: %s, want %s", name, status, tt.status)
		}
	}
	for percent, want := range map[float64]string{99: "", 100: "b"} {
		in := &Input{Clusters: behaviours(served200())}
		in.Snapshot.APIs = []probe.API{*api}
		in.Snapshot.APIs[0].ID = "a"
		in.Snapshot.APIs[0].Stages = []probe.Stage{{Name: "s0", DeploymentID: "a", Canary: &probe.Canary{Percent: percent, DeploymentID: "b"}}}
		in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0"}, {ID: "t1", APIID: "a", Stage: "s0"}, {ID: "t2", APIID: "a", Stage: "gone"}}
		_, says := historyStep(given(in, [][]int{{0}}, [][]int{{}}, [][]int{{}}), nil)
		if of := says.(DeploymentsServed).Of; len(of) != 1 || of[0].ByCanary != want || !of[0].Made.Equal(began.Add(-2*time.Hour)) {
			t.Errorf("a canary of %g %%: %+v", percent, of)
		}
	}
	// Targets that lead to nothing were read.
	in := &Input{Clusters: behaviours(served200())}
	in.Plan.Targets = []probe.Target{{ID: "t0", Unmapped: "no mapping"}, {ID: "t1"}}
	if got := unread(given(in, [][]int{{0}}, [][]int{{}})); !slices.Equal(got, []string{"t1"}) {
		t.Errorf("%q were not read", got)
	}
}
