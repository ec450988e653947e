package cause

import (
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// unreadable makes what prod serves unreadable, adds a route to the editor, and
// lets a scenario of the sampled ones ask for /new.
func (w *world) unreadable(route string, r probe.Route) *world {
	api := w.api()
	routes := map[string]probe.Route{route: r}
	for k, v := range api.Editor.Routes {
		routes[k] = v
	}
	api.Editor = &probe.Definition{Source: "GetResources", Routes: routes}
	api.Stages[0].Deployed = nil
	arn := "arn:aws:apigateway:eu-west-1::/restapis/abc123/"
	w.Snapshot.Gaps = []probe.Gap{
		{Operation: "GetExport", GapOf: probe.GapOf{APIID: "abc123", Stage: "prod"}, Action: "apigateway:GET", Resource: arn + "stages/prod/exports/oas30"},
		{Operation: "GetDeployment", GapOf: probe.GapOf{APIID: "abc123", Deployment: "dep1"}, Action: "apigateway:GET", Resource: arn + "deployments/dep1"},
	}
	w.Plan.Scenarios = append(w.Plan.Scenarios, probe.Scenario{Name: "new", Method: "GET", Path: "/new"})
	return w
}

// refusesNew answers every scenario but the third, which is no route.
func refusesNew(refusal answer) func(*request) answer {
	return func(r *request) answer {
		if r.Scenario == 2 {
			return refusal
		}
		return ok("v2")
	}
}

// TestRouteThatOnlyTheEditorHas: what the stage serves could not be read, and
// what it refuses as no route stands in the editor.
func TestRouteThatOnlyTheEditorHas(t *testing.T) {
	w := newWorld(1).unreadable("GET /new", probe.Route{})
	w.Snapshot.Edits = []probe.Edit{{APIID: "abc123", Event: "PutMethod", Who: "ann", At: began.Add(-time.Hour)}}
	r := explained(w.send(900, refusesNew(noToken)).Input)
	want(t, r, only(StaleDeployment, ConsistentWith))
	f := r.Findings[0]
	if f.Step != 3 || len(f.Alternatives) != 1 || f.Alternatives[0].Cause != UnmappedTarget || !slices.Equal(f.Scenarios, []string{"new"}) {
		t.Errorf("step %d, alternatives %v, scenarios %v", f.Step, f.Alternatives, f.Scenarios)
	}
	if !strings.Contains(f.Settles, "apigateway:GET on arn:aws:apigateway:eu-west-1::/restapis/abc123/stages/prod/exports/oas30") {
		t.Errorf("settled by %q, which does not name the permission", f.Settles)
	}
	if !strings.Contains(f.Statement, "made before the last edit of "+words.Day(began.Add(-time.Hour))+" (PutMethod by ann)") {
		t.Errorf("the last edit is not named: %s", f.Statement)
	}
	if !slices.ContainsFunc(f.Remedy, func(m Remedy) bool {
		return strings.HasPrefix(m.Command, "aws apigateway create-deployment --rest-api-id abc123 --stage-name prod")
	}) {
		t.Errorf("no redeployment among %+v", f.Remedy)
	}
}

// TestRouteThatNoEditorTells are its twins: the refusal is then no sign of an
// edit that waits.
func TestRouteThatNoEditorTells(t *testing.T) {
	for _, tt := range []struct {
		name, route string
		r           probe.Route
		deployed    bool
		causes      map[ID]Link
	}{
		{name: "not in the editor", route: "GET /other", causes: only(UnmappedTarget, ConsistentWith)},
		{name: "only by a route that takes any path", route: "GET /{proxy+}", causes: only(UnmappedTarget, ConsistentWith)},
		{name: "the route asks for a signature", route: "GET /new", r: route("AWS_IAM", false), causes: only(AccessDenied, ConsistentWith)},
		{name: "what is served was read", route: "GET /new", deployed: true, causes: only(StaleDeployment, Proven)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1).unreadable(tt.route, tt.r)
			if tt.deployed {
				w.api().Stages[0].Deployed = w.api().Stages[1].Deployed
			}
			want(t, explained(w.send(900, refusesNew(noToken)).Input), tt.causes)
		})
	}
}

// TestHTTPRouteThatOnlyTheEditorHas: the same where nothing is deployed by
// itself, and where it is.
func TestHTTPRouteThatOnlyTheEditorHas(t *testing.T) {
	for auto, causes := range map[bool]map[ID]Link{false: only(AutoDeployOff, ConsistentWith), true: only(UnmappedTarget, ConsistentWith)} {
		w := newWorld(1).http("$default", auto).unreadable("GET /new", probe.Route{})
		r := explained(w.send(900, refusesNew(notFound)).Input)
		want(t, r, causes)
		if f := r.Findings[0]; f.Severity != Error {
			t.Errorf("automatic deployment %t: severity %s", auto, f.Severity)
		}
	}
}

// TestUnreadIsNotNothing: where definitions could not be read, nothing is said to
// wait for a deployment, nor not to.
func TestUnreadIsNotNothing(t *testing.T) {
	for _, unread := range []bool{true, false} {
		w := newWorld(1).http("$default", false)
		if unread {
			w.api().Stages[0].Deployed = nil
		}
		r := explained(w.send(600, sameForAll(ok("v2"))).Input)
		want(t, r, only(AutoDeployOff, Proven))
		if got := strings.Contains(r.Findings[0].Statement, "nothing waits"); got == unread {
			t.Errorf("unread %t: %s", unread, r.Findings[0].Statement)
		}
	}
}

// TestTheRouteThatAScenarioHits: a scenario's route is the editor's where it has it, else that of its
// path; of what could not be read three things are named.
func TestTheRouteThatAScenarioHits(t *testing.T) {
	for route, want := range map[string]string{"": "GET /0", "GET /named": "GET /named", "GET /other": "GET /0"} {
		in := &Input{Clusters: behaviours(served200())}
		in.Plan.Scenarios = []probe.Scenario{{Name: "sc0", Method: "GET", Path: "/0", Route: route}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Editor: &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}, "GET /named": {}}}}}
		fx := given(in, [][]int{{0}})
		if got := editorRoute(fx, fx.targets[0], 0); got != want {
			t.Errorf("a scenario of route %q hits %q, want %q", route, got, want)
		}
	}
}

// Of several targets those are told that refuse what waits.
func TestTargetsThatRefuseWhatWaits(t *testing.T) {
	edited := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}, "GET /new": {}}}
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

// TestWhatToRead: three operations that were refused are named.
func TestWhatToRead(t *testing.T) {
	gap := func(operation string) probe.Gap { return probe.Gap{Operation: operation} }
	if got := toRead([]probe.Gap{gap("a"), gap("b"), gap("a"), gap("c"), gap("d")}); len(got.Unread) != 3 || got.Unread[2].Operation != "c" {
		t.Errorf("%+v", got)
	}
}
