package cause

import (
	"slices"
	"testing"
	"time"

	"stageprobe/analyze/diff"
	"stageprobe/probe"
)

func TestEditsThatCount(t *testing.T) {
	at := func(h int) time.Time { return began.Add(time.Duration(h) * time.Hour) }
	fx := &Facts{Input: &Input{
		Plan: probe.Plan{Targets: []probe.Target{{APIID: "a", Stage: "prod"}, {APIID: "a", Stage: "none"}}},
		Snapshot: probe.Snapshot{
			APIs: []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "prod", Updated: at(5)}}, Deployments: []probe.Deployment{{ID: "d", Created: at(1)}, {ID: "e"}}}},
			Edits: []probe.Edit{
				{APIID: "a", Event: "PutMethod", At: at(3)}, {APIID: "b", Event: "PutMethod", At: at(9)}, {APIID: "a", Event: "CreateStage", At: at(8)},
				{APIID: "a", Event: "PutIntegration", At: at(4)}, {APIID: "a", Event: "DeleteMethod", At: at(2)},
			},
		},
	}}
	if got, want := eventsOf(fx, 0), []time.Time{at(1), at(2), at(3), at(4), at(5), at(8)}; !slices.Equal(got, want) {
		t.Errorf("the configuration changed at %v, want %v", got, want)
	}
	if got, want := eventsOf(fx, 1), []time.Time{at(2), at(3), at(4), at(8)}; !slices.Equal(got, want) {
		t.Errorf("of a stage that was not read it changed at %v, want %v", got, want)
	}
	if e := lastEdit(fx, "a"); e == nil || e.Event != "PutIntegration" {
		t.Errorf("the last edit that needs a deployment is %+v", e)
	}
	if got := editFacts(fx, "a"); len(got) != 2 || got[0].(Edited).Event != "PutMethod" || got[1].(Edited).Event != "PutIntegration" {
		t.Errorf("shown are %+v", got)
	}
	if lastEdit(fx, "c") != nil || editFacts(fx, "c") != nil {
		t.Error("nothing of an API was edited")
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
}

// TestEditsAreNamed by their subject, and by whether it is new.
func TestEditsAreNamed(t *testing.T) {
	for want, d := range map[string]diff.Difference{"GET /a added": {Subject: "GET /a", Aspect: "added"}, "resource Policy": {Subject: "resource Policy", Aspect: "policy"}, "GET /a": {Subject: "GET /a"}} {
		if got := named(&d); got != want {
			t.Errorf("%+v is called %q, want %q", d, got, want)
		}
	}
}

// TestWhatKeepsEditsWaiting: a deployment that lacks, or automatic deployments that are off or failed.
func TestWhatKeepsEditsWaiting(t *testing.T) {
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
}

// TestTheRouteOfAScenario is the one that it names, else the stage's for its path, else the editor's.
func TestTheRouteOfAScenario(t *testing.T) {
	route := func(keys ...string) *probe.Definition {
		d := &probe.Definition{Routes: map[string]probe.Route{}}
		for _, k := range keys {
			d.Routes[k] = probe.Route{}
		}
		return d
	}
	fx := &Facts{Input: &Input{Plan: probe.Plan{Scenarios: []probe.Scenario{{Method: "GET", Path: "/a/7"}, {Method: "GET", Path: "/a", Route: "ANY /named"}}}}}
	for _, tt := range []struct {
		name string
		sub  target
		want string
	}{
		{"nothing", target{}, ""},
		{"the editor's", target{api: &probe.API{Editor: route("GET /a/{id}")}}, "GET /a/{id}"},
		{"the stage's", target{conf: &probe.Stage{Deployed: route("GET /a/{it}")}, api: &probe.API{Editor: route("GET /a/{id}")}}, "GET /a/{it}"},
		{"of a stage that lacks it", target{conf: &probe.Stage{Deployed: route("GET /b")}, api: &probe.API{Editor: route("GET /a/{id}")}}, "GET /a/{id}"},
		{"of a stage that was not read", target{conf: &probe.Stage{}, api: &probe.API{}}, ""},
	} {
		if got := fx.routeKey(&tt.sub, 0); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if got := fx.routeKey(&tt.sub, 1); got != "ANY /named" {
			t.Errorf("%s: the scenario names its route, and not %q", tt.name, got)
		}
	}
}
