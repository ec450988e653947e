package cause

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
)

// released is a canary of 20 % of which half-way through the run something becomes;
// since then every answer is of one version. The configuration was read again
// after it.
func released(seed uint64, logs bool, since string, become func(*probe.Stage)) *world {
	w := newWorld(seed).canary(20)
	w.logs = logs
	w.send(600, func(r *request) answer {
		switch {
		case r.n >= 300:
			r.canary = false
			return ok(since)
		case r.canary:
			return ok("v1")
		}
		return ok("v2")
	})
	become(&w.api().Stages[0])
	return w
}

// A canary that is promoted or removed during the run is a change of
// configuration, which explains the answers on both sides of it.
func TestCanaryReleasedDuringTheRun(t *testing.T) {
	t.Parallel()
	promote := func(st *probe.Stage) {
		st.DeploymentID, st.Canary = "dep0", &probe.Canary{DeploymentID: "dep0"}
	}
	remove := func(st *probe.Stage) { st.Canary = nil }
	for seed := range uint64(20) {
		for _, logs := range []bool{true, false} {
			r := explained(released(seed, logs, "v1", promote).Input)
			want(t, r, map[ID]Link{DeployPropagating: Proven, StaleCanary: Proven})
			if f := r.Findings; len(f) == 2 {
				for _, f := range f {
					text := f.Statement + strings.Join(f.Evidence, "\n")
					if f.Cause == StaleCanary && (strings.Contains(text, "dep1") || strings.Contains(text, "20 %") || strings.Contains(text, "served by the canary")) {
						t.Errorf("the canary that is there now is not the one of before: %s", text)
					}
					if says := "stage prod went from deployment dep1 with a canary of 20 % (deployment dep0) to deployment dep0 with a canary of 0 % (deployment dep0) during the run"; f.Cause == DeployPropagating && !strings.Contains(f.Statement, says) {
						t.Errorf("it says %q, and not %q", f.Statement, says)
					}
				}
			}
		}
		r := explained(released(seed, false, "v2", remove).Input)
		want(t, r, only(DeployPropagating, Proven))
		if got := r.Findings[0].Statement; !strings.Contains(got, " differed from 200 {v2} before, and 0 of ") {
			t.Errorf("it says %q", got)
		}
		// Nothing changed: the answers alone prove no deployment.
		r = explained(released(seed, false, "v2", func(*probe.Stage) {}).Input)
		if got := found(r); got[DeployPropagating] == Proven {
			dump(t, r)
		}
	}
}

func TestRemediesInOrder(t *testing.T) {
	list := []Remedy{{Text: "a"}, {Text: "b", Then: true}, {Text: "c"}}
	want := []Remedy{{Text: "a"}, {Text: "b", Then: true}, {Text: "x", Then: true}, {Text: "c"}}
	if diff := cmp.Diff(want, afterFirst(list, Remedy{Text: "x"})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Remedy{{Text: "a"}, {Text: "b", Then: true}, {Text: "x", Then: true}}, afterFirst(list[:2], Remedy{Text: "x"})); diff != "" {
		t.Error(diff)
	}
}

// Who changed what a finding is about is told with how it should be changed: by the tool
// that deploys the API.
func TestWhoChangedWhat(t *testing.T) {
	deployed := func(tool string) probe.Change {
		return probe.Change{APIID: "a", Stage: "s0", Event: "CreateDeployment", By: "ci", Tool: tool, At: began.Add(-2 * time.Hour)}
	}
	edited := func(by, tool string) probe.Change {
		return probe.Change{APIID: "a", Event: "PutMethod", By: by, Tool: tool, At: began.Add(-time.Hour)}
	}
	for name, tt := range map[string]struct {
		cause   ID
		changes []probe.Change
		says    []string
		told    bool // by the finding already
		remedy  bool // in the tool's terms
	}{
		"edits that the tool did not deploy":   {StaleDeployment, []probe.Change{edited("ci", "Terraform"), deployed("Terraform")}, []string{"NoTrigger"}, false, true},
		"the same, of another cause":           {StageConfigDrift, []probe.Change{edited("ci", "Terraform"), deployed("Terraform")}, nil, false, true},
		"by an unknown tool":                   {StaleDeployment, []probe.Change{edited("ci", ""), deployed("")}, []string{"ChangedBy"}, false, false},
		"by the console, which deployed, too":  {StaleDeployment, []probe.Change{edited("ci", probe.ToolConsole), deployed(probe.ToolConsole)}, []string{"ChangedBy"}, false, false},
		"by hand, where Terraform deploys":     {StaleDeployment, []probe.Change{edited("kim", probe.ToolConsole), deployed("Terraform")}, []string{"ChangedBy", "HandEdit"}, false, true},
		"by hand, where people deploy by hand": {StaleDeployment, []probe.Change{edited("kim", probe.ToolConsole), deployed(probe.ToolCLI)}, []string{"ChangedBy"}, false, false},
		"by a tool that deploys":               {StaleDeployment, []probe.Change{edited("kim", "CDK"), deployed("CDK")}, []string{"ChangedBy"}, false, true},
		"the edit is told, the tool not known": {StaleDeployment, []probe.Change{edited("kim", ""), deployed("Terraform")}, nil, true, true},
		"the edit is told, the tool is not":    {StaleDeployment, []probe.Change{edited("kim", "CDK"), deployed("Terraform")}, []string{"ChangedBy"}, true, true},
	} {
		in := &Input{Clusters: behaviours(served200())}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}}}}
		in.Snapshot.History = &probe.History{Changes: tt.changes, Whole: true}
		fx := given(in, [][]int{{0}})
		f := Finding{Cause: tt.cause, Targets: []string{"t0"}, Remedy: []Remedy{{Text: "first"}}}
		if tt.told {
			f.Says = []Fact{EditsWait{Made: Made{Before: &Edited{Event: "PutMethod", At: began.Add(-time.Hour)}}}}
		}
		findings := []Finding{f}
		whoChanged(fx, fx.targets[0], &findings[0])
		var says []string
		for _, s := range findings[0].Says {
			if name := reflect.TypeOf(s).Name(); name != "EditsWait" {
				says = append(says, name)
			}
		}
		if !slices.Equal(says, tt.says) || (len(findings[0].Remedy) == 2) != tt.remedy {
			t.Errorf("%s: says %q, remedies %+v", name, says, findings[0].Remedy)
		}
	}
	// An edit is told where the finding says the same event of the same time.
	last := &probe.Change{Event: "PutMethod", At: began}
	for name, tt := range map[string]struct {
		made *Edited
		want bool
	}{"the same": {&Edited{Event: "PutMethod", At: began}, true}, "another": {&Edited{Event: "PutIntegration", At: began}, false}, "another time": {&Edited{Event: "PutMethod", At: began.Add(1)}, false}, "none": {nil, false}} {
		if got := editTold(&Finding{Says: []Fact{EditsWait{Made: Made{Before: tt.made}}}}, last); got != tt.want {
			t.Errorf("%s: told %v", name, got)
		}
	}
	// Where nothing is to be mended, no tool's terms are added.
	in := &Input{Clusters: behaviours(served200())}
	in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}}}}
	in.Snapshot.History = &probe.History{Changes: []probe.Change{deployed("Terraform")}, Whole: true}
	fx, bare := given(in, [][]int{{0}}), Finding{Cause: StaleDeployment, Targets: []string{"t0"}}
	if whoChanged(fx, fx.targets[0], &bare); len(bare.Remedy) != 0 {
		t.Errorf("%+v", bare.Remedy)
	}
}

// TestToolsOfPeople change single things: the console and the command line.
func TestToolsOfPeople(t *testing.T) {
	if !byHand(probe.ToolConsole) || !byHand(probe.ToolCLI) || byHand("") || byHand("Terraform") {
		t.Error("people change single things with the console and the command line")
	}
}

// Of settings the deployments are no writes.
func TestTheLastWrite(t *testing.T) {
	fx := given(&Input{Clusters: behaviours(served200()), Snapshot: probe.Snapshot{History: &probe.History{Changes: []probe.Change{
		{APIID: "a", Stage: "s0", Event: "CreateDeployment", At: began}, {APIID: "a", Stage: "s0", Event: "UpdateStage", At: began.Add(-time.Hour)},
	}}}}, [][]int{{0}})
	for cause, want := range map[ID]string{StageConfigDrift: "UpdateStage", AccessDenied: "CreateDeployment"} {
		if got := lastWrite(fx, fx.targets[0], &Finding{Cause: cause}); got == nil || got.Event != want {
			t.Errorf("%s: the last write is %+v, want %s", cause, got, want)
		}
	}
}
