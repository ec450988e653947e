package cause

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/words"
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
	lines    []string
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
	for _, sub := range w.targets {
		f.Targets = append(f.Targets, sub.ID)
	}
	api, st := p.sub.api, p.sub.conf
	f.Scenarios = fx.cellNames(w.cells)
	f.Statement = unservedWords(fx, p, w)
	f.Settles = "whether deployment " + orUnknown(st.DeploymentID) + " has the route: " + toRead(unreadDeployed(fx, api, st))
	f.Evidence = evidence(slices.Concat([]string{deploymentFact(api, st)}, w.lines, editFacts(fx, api.ID))...)
	f.Statistics = &Statistics{Test: "all answers alike", Statistic: float64(w.requests), Effect: 1, N: w.requests, Share: interval(w.requests, w.requests, fx.alpha)}
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
		sub.nowhere != "" || !refusedThroughout(fx, known, sub, c) || !unrouted(&fx.Clusters[c.ref]) {
		return
	}
	w.rests = append(w.rests, c.ref)
	w.cells = append(w.cells, c)
	w.requests += len(c.rows)
	w.lines = append(w.lines, fx.request(c.rows[0], "the editor has the route "+key+", and the stage refuses it as no route"))
	if !slices.Contains(w.routes, key) {
		w.routes = append(w.routes, key)
	}
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

func unservedWords(fx *Facts, p *pending, w *waiting) string {
	st := p.sub.conf
	text := fmt.Sprintf("Stage %s refuses all %s for %s as no route (%s), which the editor has (%s).",
		st.Name, words.Plural(w.requests, "request"), words.List(fx.cellNames(w.cells)), fx.summary(w.cells[0].ref), words.Some(w.routes, 4))
	text += fmt.Sprintf(" It serves deployment %s%s, whose routes could not be read: the answers fit an edit that waits for a deployment, and a path that was meant for another stage as well.",
		orUnknown(st.DeploymentID), deployedBefore(fx, p))
	switch p.cause() {
	case AutoDeployOff:
		text += " Automatic deployment is off."
	case AutoDeployFailed:
		text += " The last automatic deployment failed"
		if st.LastDeploymentStatus != "" {
			text += fmt.Sprintf(" (%s)", strings.TrimSuffix(st.LastDeploymentStatus, "."))
		}
		text += "."
	}
	return text
}

// unreadDeployed are the calls that would have told what a stage serves.
func unreadDeployed(fx *Facts, api *probe.API, st *probe.Stage) []probe.Gap {
	return gaps(fx, []string{"stage " + st.Name + " of " + api.ID, "deployment " + st.DeploymentID + " of " + api.ID}, "GetExport", "GetDeployment", "ExportApi")
}

// gaps are what could not be read of some subjects by some operations.
func gaps(fx *Facts, subjects []string, operations ...string) []probe.Gap {
	var out []probe.Gap
	for _, g := range fx.Snapshot.Gaps {
		if slices.Contains(subjects, g.Subject) && slices.Contains(operations, g.Operation) {
			out = append(out, g)
		}
	}
	return out
}

// toRead says what would let unread definitions be read: the missing permissions,
// or what went wrong.
func toRead(gaps []probe.Gap) string {
	var texts []string
	for _, g := range gaps {
		text := g.Operation + " failed (" + g.Err + ")"
		if g.Action != "" {
			text = fmt.Sprintf("%s needs %s on %s", g.Operation, g.Action, g.Resource)
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return "read its definition (apigateway:GET)"
	}
	return strings.Join(texts[:min(len(texts), 3)], "; ")
}
