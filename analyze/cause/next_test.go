package cause

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"stageprobe/probe"
)

// TestWhatWaitsOnceACanaryIsPromoted: what its own deployment lacks, or what came between.
func TestWhatWaitsOnceACanaryIsPromoted(t *testing.T) {
	old, edited := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}, &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}, "GET /new": {}}}
	api := &probe.API{ID: "a", Kind: probe.REST, Editor: edited, Deployments: []probe.Deployment{{ID: "new", Created: began}, {ID: "old", Created: began.Add(-time.Hour)}}}
	for name, tt := range map[string]struct {
		own, canary string
		held        *probe.Definition
		want        int
	}{
		"it lacks an edit": {"new", "old", old, 1}, "it has all, and is older": {"new", "old", edited, 1}, "it has all, and is newer": {"old", "new", edited, 0}, "it is the same": {"new", "new", edited, 0}, "it is not known": {"new", "gone", edited, 0}, "the stage's is not known": {"gone", "old", edited, 0},
	} {
		st := &probe.Stage{Name: "s0", DeploymentID: tt.own, Deployed: edited, CanaryDeployed: tt.held, Canary: &probe.Canary{DeploymentID: tt.canary}}
		if got := waitsForCanary(api, st); len(got) != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := waitsFor(api, &probe.Stage{Name: "s0", Deployed: old}); !slices.Equal(got, []string{"GET /new added"}) {
		t.Errorf("%q wait", got)
	}
	if waitsFor(nil, &probe.Stage{}) != nil || waitsFor(api, nil) != nil {
		t.Error("nothing is known to wait for a stage that was not read")
	}
}

// TestRemediesThatLeaveEditsWaiting say so of the first way to mend, not of what follows it
// or looks further.
func TestRemediesThatLeaveEditsWaiting(t *testing.T) {
	old, edited := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}, &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}, "GET /new": {}}}
	in := &Input{Clusters: behaviours(served200())}
	in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, URL: "https://api.example.com", Meant: &probe.StageRef{APIID: "a", Stage: "s0"}}}
	in.Snapshot.Domains = []probe.Domain{{Name: "api.example.com"}}
	in.Snapshot.APIs = []probe.API{{ID: "a", Kind: probe.REST, Editor: edited, Stages: []probe.Stage{{Name: "s0", Deployed: old}}}}
	fx := given(in, [][]int{{0}})
	ways := []Remedy{{Command: "map"}, {Command: "then", Then: true}, {Text: "by hand"}, {Command: "look", Diagnoses: true}}
	for name, told := range map[string][]Finding{"told nowhere": nil, "told": {{Cause: StaleDeployment, Targets: []string{"a/s0"}}}} {
		findings := append([]Finding{{Cause: WrongStage, Targets: []string{"t0"}, Remedy: ways}}, told...)
		showsNext(fx, fx.targets[0], &findings[0], findings)
		for i, r := range findings[0].Remedy {
			if changed := !reflect.DeepEqual(r, ways[i]); changed != (i == 0 && told == nil) {
				t.Errorf("%s: remedy %d says %+v", name, i, r)
			}
		}
	}
}

// TestWaitsThatAreTold by a finding of the same stage that says so.
func TestWaitsThatAreTold(t *testing.T) {
	findings := []Finding{{Cause: AutoDeployOff, Targets: []string{"a/s0"}}, {Cause: WrongStage, Targets: []string{"a/s1"}}}
	if !waitTold(findings, "a", "s0") || waitTold(findings, "a", "s1") || waitTold(findings, "a", "s2") {
		t.Error("that edits wait is told of a stage by a finding that says so")
	}
}
