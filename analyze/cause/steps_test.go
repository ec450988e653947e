package cause

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/report/prose"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// TestHistoryNamesNewerDeployments with both times, and with what uses them.
func TestHistoryNamesNewerDeployments(t *testing.T) {
	w := newWorld(1)
	note := func() string { return explained(w.send(300, sameForAll(ok("v2"))).Input).Steps[1].Note }
	if got := note(); strings.Contains(got, "newer") {
		t.Errorf("nothing is newer, yet: %s", got)
	}
	made := began.Add(-time.Hour)
	w.api().Deployments = append([]probe.Deployment{{ID: "dep9", Created: made.Add(time.Minute), Status: "FAILED"}, {ID: "dep8", Created: made}}, w.api().Deployments...)
	w.api().Stages[1].DeploymentID = "dep8"
	want := "stage prod serves deployment dep1 of " + words.Day(began.Add(-100*24*time.Hour)) +
		" (newer: dep9 of " + words.Day(made.Add(time.Minute)) + ", on no stage, FAILED; dep8 of " + words.Day(made) + ", on stage dev)"
	if got := note(); got != want {
		t.Errorf("history says %q, want %q", got, want)
	}
}

// TestUnreadDefinitionsAreNamed with the permission that is missing.
func TestUnreadDefinitionsAreNamed(t *testing.T) {
	w := newWorld(1).unreadable("GET /new", probe.Route{})
	step := explained(w.send(600, sameForAll(ok("v2"))).Input).Steps[2]
	for _, says := range []string{"the definition that stage prod serves was not read", "GetExport needs apigateway:GET on arn:aws:apigateway:eu-west-1::/restapis/abc123/stages/prod/exports/oas30"} {
		if step.Status != stepUnknown || !strings.Contains(step.Note, says) {
			t.Errorf("step 3 is %s: %q, want it to say %q", step.Status, step.Note, says)
		}
	}
	w = newWorld(1)
	w.api().Editor = nil
	w.Snapshot.Gaps = []probe.Gap{{Operation: "GetResources", GapOf: probe.GapOf{APIID: "abc123"}, Err: "throttled"}}
	if got := explained(w.send(600, sameForAll(ok("v2"))).Input).Steps[2].Note; got != "the editor's definition of API abc123 was not read: GetResources failed (throttled)" {
		t.Errorf("step 3 says %q", got)
	}
}

// TestAlwaysFailingIsNotHealthy: a scenario that always fails is alike, and a
// reader is told that this is not well, and what to check.
func TestAlwaysFailingIsNotHealthy(t *testing.T) {
	failing := func(a answer, found map[ID]Link) string {
		r := explained(newWorld(1).send(900, func(r *request) answer {
			if r.Scenario == 1 {
				return a
			}
			return ok("v2")
		}).Input)
		want(t, r, found)
		return strings.Join(prose.Lines(r.Notes), "\n")
	}
	gateway := refuses(502, "", "InternalServerErrorException")
	for says, a := range map[string]answer{"certificate": gateway, "integration's own logs": fails(500)} {
		found := none
		if a.id == gateway.id {
			found = only(IntegrationError, ConsistentWith)
		}
		if got := failing(a, found); a.id != gateway.id && !strings.Contains(got, "every answer to items is a failure") || a.id != gateway.id && !strings.Contains(got, says) {
			t.Errorf("notes say %q, want %q among them", got, says)
		}
	}
	if got := failing(ok("v3"), none); strings.Contains(got, "failure") {
		t.Errorf("nothing fails, yet: %s", got)
	}
}

// TestWhatWasNotComparedIsNotEqual: a deployment's summary tells routes alone.
func TestWhatWasNotComparedIsNotEqual(t *testing.T) {
	for _, told := range []bool{false, true} {
		w := newWorld(1)
		d := &probe.Definition{Source: "apisummary", Routes: w.api().Editor.Routes}
		if !told {
			d.Unknown = []string{"integration"}
		}
		w.api().Stages[0].Deployed = d
		step := explained(w.send(600, sameForAll(ok("v2"))).Input).Steps[2]
		if got := step.Status == stepUnknown && strings.Contains(step.Note, "not compared: integration: not told by the deployment's summary (GetDeployment)"); got == told {
			t.Errorf("all told %t: step 3 is %s: %s", told, step.Status, step.Note)
		}
	}
}

// An edit that came after the deployment of a stage of which nothing was read is told:
// whether it waits is not known.
func TestEditAfterWhatWasNotRead(t *testing.T) {
	for _, unread := range []bool{true, false} {
		w := newWorld(1)
		if unread {
			w.api().Stages[0].Deployed = nil
		}
		w.Snapshot.Edits = []probe.Edit{{APIID: "abc123", Event: "PutMethod", Who: "ann", At: began.Add(-time.Hour)}}
		r := explained(w.send(100, sameForAll(ok("v2"))).Input)
		says := strings.Contains(strings.Join(prose.Lines(r.Notes), "\n"), "whether that edit waits for a deployment could not be read")
		if says != unread || len(r.Findings) > 0 {
			t.Errorf("unread %t: %q, %v", unread, prose.Lines(r.Notes), r.Findings)
		}
	}
}

// TestEditsTakenBack: at most two stages are named whose last edit was taken back.
func TestEditsTakenBack(t *testing.T) {
	def := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}
	for edited, want := range map[time.Duration]int{time.Minute: 2, 0: 0, -time.Minute: 0} {
		in := &Input{Clusters: behaviours(served200())}
		api := probe.API{ID: "a", Editor: def, Deployments: []probe.Deployment{{ID: "d", Created: began}}}
		for _, name := range []string{"s0", "s1", "s2"} {
			api.Stages = append(api.Stages, probe.Stage{Name: name, DeploymentID: "d", Deployed: def})
		}
		in.Snapshot.APIs, in.Snapshot.Edits = []probe.API{api}, []probe.Edit{{APIID: "a", Event: "PutMethod", At: began.Add(edited)}}
		fx := given(in, [][]int{{0}}, [][]int{{}}, [][]int{{}})
		status, says := redeployStep(fx, &Result{})
		if waits, ok := says.(NothingWaits); status != stepOK || !ok || len(waits.Yet) != want {
			t.Errorf("edited %s after the deployment: %s, %+v", edited, status, says)
		}
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
}

// What is found of canaries says nothing of stages that were not read.
func TestCanariesNotRead(t *testing.T) {
	fx := given(&Input{Clusters: behaviours(served200())}, [][]int{{0}})
	if status, says := canaryStep(fx, &Result{Findings: []Finding{{Step: 5}}}); status != stepUnknown || !reflect.DeepEqual(says, NotRead{What: "canary", Targets: []string{"t0"}}) {
		t.Errorf("%s, %+v", status, says)
	}
}

// Targets that lead to nothing were read.
func TestTargetsThatWereRead(t *testing.T) {
	in := &Input{Clusters: behaviours(served200())}
	in.Plan.Targets = []probe.Target{{ID: "t0", Unmapped: "no mapping"}, {ID: "t1"}}
	if got := unread(given(in, [][]int{{0}}, [][]int{{}})); !slices.Equal(got, []string{"t1"}) {
		t.Errorf("%q were not read", got)
	}
}
