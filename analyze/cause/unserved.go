package cause

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// waiting are scenarios that a stage refuses as no route, and the routes of the
// editor that they would match.
type waiting struct {
	cells    []*cell
	routes   []string
	requests int
	lines    []string
}

// reportUnserved finds, where the definition that a stage serves could not be
// read, routes that the editor has and the stage refuses as none: edits that wait
// for a deployment, or addresses that never led anywhere. It tells whether it
// reported any.
func (s *study) reportUnserved(p *pending) bool {
	cause := awaited(p.sub.api, p.sub.conf)
	if p.sub.conf.Deployed != nil || cause == "" {
		return false
	}
	var w waiting
	f := Finding{
		Cause: cause, Severity: Error, Linked: ConsistentWith, Step: 3,
		Alternatives: []Alternative{{Cause: UnmappedTarget}},
	}
	for _, sub := range p.all {
		before := len(w.cells)
		for _, c := range slices.Concat(sub.confirms, sub.cells) {
			s.await(&w, sub, c, cause)
		}
		if len(w.cells) > before {
			f.Targets = append(f.Targets, sub.ID)
			sub.moot = sub.moot || s.all(sub, refused)
		}
	}
	if len(w.cells) == 0 {
		return false
	}
	api, st := p.sub.api, p.sub.conf
	f.Scenarios = s.cellNames(w.cells)
	f.Statement = s.unservedWords(p, &w)
	f.Settles = "whether deployment " + orUnknown(st.DeploymentID) + " has the route: " + s.toRead(s.unreadDeployed(api, st))
	f.Evidence = evidence(slices.Concat([]string{s.deploymentFact(api, st)}, w.lines, s.editFacts(api.ID))...)
	f.Statistics = &Statistics{Test: "all answers alike", Statistic: float64(w.requests), Effect: 1, N: w.requests, Share: interval(w.requests, w.requests, s.alpha)}
	f.Remedy = remedy.Redeploy(s.Snapshot.Region, api, st)
	if cause == AutoDeployOff {
		f.Remedy = append(f.Remedy, remedy.AutoDeploy(s.Snapshot.Region, api, st)...)
	}
	s.report(f, api.ID+"/"+st.Name)
	return true
}

// awaited is the cause of an edit that a stage does not serve; "" where the
// stage deploys by itself.
func awaited(api *probe.API, st *probe.Stage) ID {
	switch {
	case api.Kind != probe.HTTP:
		return StaleDeployment
	case st.LastDeploymentSucceeded != nil && !*st.LastDeploymentSucceeded:
		return AutoDeployFailed
	case !st.AutoDeploy:
		return AutoDeployOff
	}
	return ""
}

// await adds a scenario whose route is in the editor, and which nothing but the
// refusal of a path that is no route has answered. A route that takes any path,
// and one that asks for a signature, would not be refused so for being new.
func (s *study) await(w *waiting, sub *subject, c *cell, cause ID) {
	key := s.editorRoute(sub, c.scenario)
	if greedy(key) || sub.api.Editor.Routes[key].Authorization == "AWS_IAM" ||
		!s.refusedThroughout(sub, c) || !unrouted(&s.Clusters[c.ref]) {
		return
	}
	sub.explain(cause, c.ref)
	w.cells = append(w.cells, c)
	w.requests += len(c.rows)
	w.lines = append(w.lines, s.request(c.rows[0], "the editor has the route "+key+", and the stage refuses it as no route"))
	if !slices.Contains(w.routes, key) {
		w.routes = append(w.routes, key)
	}
}

// editorRoute is the route of the editor that a scenario matches; "" where there
// is none, or the editor was not read.
func (s *study) editorRoute(sub *subject, scenario int) string {
	if sub.api == nil || sub.api.Editor == nil {
		return ""
	}
	if key := s.scenario(scenario).Route; key != "" {
		if _, ok := sub.api.Editor.Routes[key]; ok {
			return key
		}
	}
	return s.routeOf(sub.api.Editor, scenario)
}

func (s *study) unservedWords(p *pending, w *waiting) string {
	st := p.sub.conf
	text := fmt.Sprintf("Stage %s refuses all %s for %s as no route (%s), which the editor has (%s).",
		st.Name, plural(w.requests, "request"), list(s.cellNames(w.cells)), s.summary(w.cells[0].ref), some(w.routes, 4))
	text += fmt.Sprintf(" It serves deployment %s%s, whose routes could not be read: the answers fit an edit that waits for a deployment, and a path that was meant for another stage as well.",
		orUnknown(st.DeploymentID), s.deployedBefore(p))
	switch awaited(p.sub.api, st) {
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
func (s *study) unreadDeployed(api *probe.API, st *probe.Stage) []probe.Gap {
	return s.gaps([]string{"stage " + st.Name + " of " + api.ID, "deployment " + st.DeploymentID + " of " + api.ID}, "GetExport", "GetDeployment", "ExportApi")
}

// gaps are what could not be read of some subjects by some operations.
func (s *study) gaps(subjects []string, operations ...string) []probe.Gap {
	var out []probe.Gap
	for _, g := range s.Snapshot.Gaps {
		if slices.Contains(subjects, g.Subject) && slices.Contains(operations, g.Operation) {
			out = append(out, g)
		}
	}
	return out
}

// toRead says what would let unread definitions be read: the missing permissions,
// or what went wrong.
func (s *study) toRead(gaps []probe.Gap) string {
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
