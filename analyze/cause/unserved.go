package cause

import (
	"slices"

	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// waiting are scenarios that a stage refuses as no route, and the routes of the
// editor that they would match.
type waiting struct {
	targets  []*target
	cells    []*cell
	rests    []int
	routes   []string
	requests int
	lines    []Fact
}

// RefusedAsNoRoute says that a stage refuses routes as none which the editor has.
type RefusedAsNoRoute struct {
	said
	Stage      string
	Requests   int
	Scenarios  []string
	Answer     string
	Routes     []string
	Deployment string
	Made       Made
	Cause      ID     // what keeps edits waiting
	Status     string // of the last automatic deployment
}

// DeploymentRead is what would tell whether a deployment has the route.
type DeploymentRead struct {
	said
	Deployment string
	By         ToRead
}

// EditorHas is a route of the editor that the stage refuses.
type EditorHas struct {
	said
	Route string
}

// ToRead is what would let definitions be read; nothing in particular where it is empty.
type ToRead struct {
	said
	Unread []Unread
}

// Unread is an operation that failed, and the action that it needs where that was the
// reason.
type Unread struct {
	said
	Operation, Err, Action, Resource string
}

// unservedRoutes finds, where the definition that a stage serves could not be
// read, routes that the editor has and the stage refuses as none: edits that wait
// for a deployment, or addresses that never led anywhere; nil where there are none.
// A stage that deploys by itself has none.
func unservedRoutes(fx *Facts, known *Known, p *pending) *waiting {
	if st := p.sub.conf; st.Deployed != nil || p.cause() == StaleDeployment && p.sub.api.Kind == probe.HTTP {
		return nil
	}
	var w waiting
	for _, sub := range p.all {
		before := len(w.cells)
		for _, c := range slices.Concat(sub.confirms, sub.cells) {
			await(fx, known, &w, sub, c)
		}
		if len(w.cells) > before {
			w.targets = append(w.targets, sub)
		}
	}
	if len(w.cells) == 0 {
		return nil
	}
	return &w
}

func unservedFinding(fx *Facts, p *pending, w *waiting) Finding {
	f := Finding{Linked: ConsistentWith, Alternatives: []Alternative{{Cause: UnmappedTarget}}, rests: w.rests}
	f.Targets = targetIDs(w.targets)
	api, st := p.sub.api, p.sub.conf
	f.Scenarios = fx.cellNames(w.cells)
	f.say(RefusedAsNoRoute{
		Stage: st.Name, Requests: w.requests, Scenarios: fx.cellNames(w.cells), Answer: fx.summary(w.cells[0].ref), Routes: w.routes,
		Deployment: st.DeploymentID, Made: madeBefore(fx, p), Cause: p.cause(), Status: st.LastDeploymentStatus,
	})
	f.SettledBy = DeploymentRead{Deployment: st.DeploymentID, By: toRead(unreadDeployed(fx, api, st))}
	f.Proof = evidence(slices.Concat([]Fact{deploymentFact(api, st)}, w.lines, editFacts(fx, api.ID))...)
	f.Statistics = allAlike(fx, w.requests)
	f.Remedy = remedy.Redeploy(fx.Snapshot.Region, api, st)
	if p.cause() == AutoDeployOff {
		f.Remedy = append(f.Remedy, remedy.AutoDeploy(fx.Snapshot.Region, api, st)...)
	}
	return f
}

// await adds a scenario whose route is in the editor, and which nothing but the
// refusal of a path that is no route has answered. A route that takes any path,
// and one that asks for a signature, would not be refused so for being new.
func await(fx *Facts, known *Known, w *waiting, sub *target, c *cell) {
	key := editorRoute(fx, sub, c.scenario)
	if greedy(key) || sub.api.Editor.Routes[key].Authorization == "AWS_IAM" ||
		sub.nowhere != nil || !refusedThroughout(fx, known, sub, c) || !unrouted(&fx.Clusters[c.ref]) {
		return
	}
	w.rests = append(w.rests, c.ref)
	w.cells = append(w.cells, c)
	w.requests += len(c.rows)
	w.lines = append(w.lines, fx.request(c.rows[0], EditorHas{Route: key}))
	w.routes = once(w.routes, key)
}

// editorRoute is the route of the editor that a scenario matches; "" where there
// is none, or the editor was not read.
func editorRoute(fx *Facts, sub *target, scenario int) string {
	if sub.api == nil || sub.api.Editor == nil {
		return ""
	}
	if key := fx.scenario(scenario).Route; key != "" {
		if _, ok := sub.api.Editor.Routes[key]; ok {
			return key
		}
	}
	return fx.routeOf(sub.api.Editor, scenario)
}

// unreadDeployed are the calls that would have told what a stage serves.
func unreadDeployed(fx *Facts, api *probe.API, st *probe.Stage) []probe.Gap {
	return gaps(fx, api.ID, func(of probe.GapOf) bool { return of.Stage == st.Name || of.Deployment == st.DeploymentID }, "GetExport", "GetDeployment", "ExportApi")
}

// gaps are what could not be read of an API, or of what a function picks in it, by some
// operations.
func gaps(fx *Facts, api string, of func(probe.GapOf) bool, operations ...string) []probe.Gap {
	return slices.DeleteFunc(slices.Clone(fx.Snapshot.Gaps), func(g probe.Gap) bool {
		return g.APIID != api || !of(g.GapOf) || !slices.Contains(operations, g.Operation)
	})
}

// toRead are the missing permissions, or what went wrong, that would let unread
// definitions be read.
func toRead(gaps []probe.Gap) ToRead {
	var out ToRead
	for _, g := range gaps {
		u := Unread{Operation: g.Operation, Err: g.Err, Action: g.Action, Resource: g.Resource}
		if len(out.Unread) < 3 && !slices.Contains(out.Unread, u) {
			out.Unread = append(out.Unread, u)
		}
	}
	return out
}
