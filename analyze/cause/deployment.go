package cause

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// pending are the edits that a stage does not serve yet.
type pending struct {
	sub   *subject // the first target of the stage
	all   []*subject
	diffs []diff.Difference
}

// deployments finds stages that run a snapshot older than the edited definition.
func (s *study) deployments() {
	for _, p := range s.pendings() {
		api, st := p.sub.api, p.sub.conf
		switch {
		case s.reportUnserved(p):
		case api.Kind == probe.HTTP && st.LastDeploymentSucceeded != nil && !*st.LastDeploymentSucceeded:
			s.reportPending(p, AutoDeployFailed)
		case api.Kind == probe.HTTP && !st.AutoDeploy:
			s.reportPending(p, AutoDeployOff)
		case len(p.diffs) == 0:
		case s.servedElsewhere(p):
			s.notes = append(s.notes, fmt.Sprintf("stage %s of API %s lacks %s that another stage already serves: promote them when they are meant for it",
				st.Name, api.ID, plural(len(p.diffs), "edit")))
		case s.onCanary(p):
			s.notes = append(s.notes, fmt.Sprintf("stage %s of API %s lacks %s that its canary's newer deployment %s was made after: promoting the canary deploys them",
				st.Name, api.ID, plural(len(p.diffs), "edit"), st.Canary.DeploymentID))
		default:
			s.reportPending(p, StaleDeployment)
		}
	}
}

// onCanary tells whether the pending edits are under way on the stage's canary:
// its deployment is newer than the stage's own, no edit is known to be newer
// still, and nothing that was read of it speaks against.
func (s *study) onCanary(p *pending) bool {
	api, st := p.sub.api, p.sub.conf
	if st.Canary == nil {
		return false
	}
	own, canary := api.Deployment(st.DeploymentID), api.Deployment(st.Canary.DeploymentID)
	if own == nil || canary == nil || !canary.Created.After(own.Created) {
		return false
	}
	for _, e := range s.Snapshot.Edits {
		if needs, known := diff.NeedsDeployment(e.Event); e.APIID == api.ID && (needs || !known) && e.At.After(canary.Created) {
			return false
		}
	}
	if api.Editor == nil || st.CanaryDeployed == nil {
		return true
	}
	left, _ := diff.Definitions(api.Editor, st.CanaryDeployed)
	return !slices.ContainsFunc(left, func(d diff.Difference) bool { return !d.Cosmetic })
}

// pendings are the stages that were asked for, each with its targets.
func (s *study) pendings() []*pending {
	var out []*pending
	for _, sub := range s.subjects {
		if sub.conf == nil || s.meantElsewhere(sub) {
			continue // nobody asked about the stage that a mapping leads to by mistake
		}
		i := slices.IndexFunc(out, func(p *pending) bool { return p.sub.conf == sub.conf })
		if i >= 0 {
			out[i].all = append(out[i].all, sub)
			continue
		}
		diffs, _ := diff.Undeployed(sub.api, sub.conf)
		diffs = slices.DeleteFunc(diffs, func(d diff.Difference) bool { return d.Cosmetic })
		out = append(out, &pending{sub: sub, all: []*subject{sub}, diffs: diffs})
	}
	for _, p := range out {
		p.diffs = slices.DeleteFunc(p.diffs, func(d diff.Difference) bool { return s.policyServed(p, &d) })
	}
	return out
}

// policyServed tells whether the answers refute that a resource policy waits for a
// deployment: a route that asks for no authorization is refused as only such a
// policy refuses. Whoever exports an API may leave its policy out.
func (s *study) policyServed(p *pending, d *diff.Difference) bool {
	if d.Aspect != "policy" || d.B != "" || p.sub.Endpoint == "PRIVATE" {
		return false // a private API is refused by its VPC endpoint's policy too
	}
	return slices.ContainsFunc(p.all, func(sub *subject) bool {
		return slices.ContainsFunc(sub.cells, func(c *cell) bool {
			r := s.route(sub, c.scenario)
			return r != nil && open(r.Authorization) && slices.ContainsFunc(c.clusters, func(k int) bool {
				return s.Clusters[k].GatewayResponse == "ACCESS_DENIED" && s.Clusters[k].Producer == "gateway"
			})
		})
	})
}

// servedElsewhere tells whether every pending edit is served by another stage of
// the API: then nothing waits for a deployment, and a stage behind another is the
// usual order of things. Where only the one stage was asked for, its lag is the
// question.
func (s *study) servedElsewhere(p *pending) bool {
	asked := map[string]bool{}
	for _, sub := range s.subjects {
		if sub.APIID == p.sub.APIID {
			asked[sub.Stage] = true
		}
	}
	if len(asked) < 2 {
		return false
	}
	for i := range p.sub.api.Stages {
		other := &p.sub.api.Stages[i]
		if other == p.sub.conf || other.Deployed == nil || !asked[other.Name] {
			continue
		}
		if left, _ := diff.Undeployed(p.sub.api, other); !slices.ContainsFunc(left, func(d diff.Difference) bool { return !d.Cosmetic }) {
			return true
		}
	}
	return false
}

func (s *study) reportPending(p *pending, cause ID) {
	api, st := p.sub.api, p.sub.conf
	f := Finding{Cause: cause, Severity: Error, Linked: ConsistentWith, Scenarios: []string{}, Step: 3}
	if cause == AutoDeployOff && len(p.diffs) == 0 {
		f.Severity = Warning
	}
	for _, sub := range p.all {
		f.Targets = append(f.Targets, sub.ID)
	}
	lines, scenarios := s.confirmEdits(p)
	confirmed := len(lines)
	f.Scenarios = s.scenarioNames(scenarios...)
	if confirmed > 0 || cause == AutoDeployOff && len(p.diffs) == 0 {
		f.Linked = Proven
	} else {
		f.Settles = s.settlesEdits(api, st)
	}
	f.Statement = s.pendingHead(p, cause) + s.pendingWords(p, confirmed, scenarios)
	f.Evidence = evidence(append([]string{s.deploymentFact(api, st)}, append(lines, s.editFacts(api.ID)...)...)...)
	f.Statistics = &Statistics{Test: "configuration", Statistic: float64(len(p.diffs)), Effect: 1, N: confirmed}
	f.Remedy = remedy.Redeploy(s.Snapshot.Region, api, st)
	if cause == AutoDeployOff {
		f.Remedy = append(f.Remedy, remedy.AutoDeploy(s.Snapshot.Region, api, st)...)
	}
	s.report(f, api.ID+"/"+st.Name)
}

func (s *study) pendingHead(p *pending, cause ID) string {
	st := p.sub.conf
	switch cause {
	case AutoDeployOff:
		if len(p.diffs) == 0 && (st.Deployed == nil || p.sub.api.Editor == nil) {
			return fmt.Sprintf("Automatic deployment of stage %s is off; whether edits wait for a deployment is not known: %s.", st.Name, s.unreadDefinitions(p.sub))
		}
		if len(p.diffs) == 0 {
			return fmt.Sprintf("Automatic deployment of stage %s is off; nothing waits for a deployment.", st.Name)
		}
		return fmt.Sprintf("Automatic deployment of stage %s is off, and %s for a deployment: it serves %s%s.",
			st.Name, wait(len(p.diffs)), st.DeploymentID, s.sinceEdit(p))
	case AutoDeployFailed:
		text := fmt.Sprintf("The last automatic deployment of stage %s failed, so it still serves deployment %s", st.Name, st.DeploymentID)
		if st.LastDeploymentStatus != "" {
			text += fmt.Sprintf(" (%s)", strings.TrimSuffix(st.LastDeploymentStatus, "."))
		}
		return text + "."
	}
	return fmt.Sprintf("Stage %s serves deployment %s%s: %s for a deployment.", st.Name, st.DeploymentID, s.sinceEdit(p), wait(len(p.diffs)))
}

// sinceEdit says when the stage's deployment was made and when, after it, the
// definition was last edited.
func (s *study) sinceEdit(p *pending) string {
	text := s.deployedBefore(p)
	if !strings.Contains(text, ",") {
		return text + ", which is older than the edited definition"
	}
	return text
}

// deployedBefore says when the stage's deployment was made and, where CloudTrail
// tells of an edit after it, when that was.
func (s *study) deployedBefore(p *pending) string {
	made := p.sub.api.Deployment(p.sub.conf.DeploymentID)
	e := s.lastEdit(p.sub.APIID)
	if e == nil || made == nil || !e.At.After(made.Created) {
		return since(made)
	}
	return since(made) + fmt.Sprintf(", made before the last edit of %s (%s)", day(e.At), strings.TrimSpace(e.Event+" "+by(e.Who)))
}

// lastEdit is the last change of an API that needs a deployment; nil where
// CloudTrail tells of none.
func (s *study) lastEdit(api string) *probe.Edit {
	var last *probe.Edit
	for i := range s.Snapshot.Edits {
		e := &s.Snapshot.Edits[i]
		if needs, known := diff.NeedsDeployment(e.Event); e.APIID == api && (needs || !known) && (last == nil || e.At.After(last.At)) {
			last = e
		}
	}
	return last
}

func wait(n int) string {
	if n == 1 {
		return "1 edit waits"
	}
	return fmt.Sprintf("%d edits wait", n)
}

func since(d *probe.Deployment) string {
	if d == nil || d.Created.IsZero() {
		return ""
	}
	return " of " + day(d.Created)
}

// pendingWords lists the edits and what the probe saw of them.
func (s *study) pendingWords(p *pending, confirmed int, scenarios []int) string {
	if len(p.diffs) == 0 {
		return ""
	}
	var texts []string
	for _, d := range p.diffs {
		texts = append(texts, named(&d))
	}
	text := " Waiting: " + some(texts, 4) + "."
	switch {
	case confirmed > 0:
		return text + fmt.Sprintf(" The probe confirms it: %s answered as before the edit.", list(s.scenarioNames(scenarios...))) + unshownWords(p.diffs, s.seen[p.sub.APIID+"/"+p.sub.conf.Name])
	case len(s.Rows) == 0:
		return text + " No request was sent to confirm it."
	case showable(p.diffs):
		text += " No answer could confirm it: the edit shows in no request that was sent."
	}
	return text + unshownWords(p.diffs, s.seen[p.sub.APIID+"/"+p.sub.conf.Name])
}

// named is an edit in two words; some name themselves.
func named(d *diff.Difference) string {
	if strings.EqualFold(d.Subject, d.Aspect) {
		return d.Subject
	}
	return strings.TrimSpace(d.Subject + " " + d.Aspect)
}

// settlesEdits says what would confirm edits that no answer showed.
func (s *study) settlesEdits(api *probe.API, st *probe.Stage) string {
	if len(s.Rows) == 0 {
		return checkStage(api, st) + " asks the stage itself"
	}
	return "deploy to the stage and run the check again with --baseline, or log $context.deploymentId"
}

// checkStage is the command that asks a stage.
func checkStage(api *probe.API, st *probe.Stage) string {
	return fmt.Sprintf("stageprobe check --api %s --stage %s", remedy.Quote(api.ID), remedy.Quote(st.Name))
}

// routeKey is the route that a scenario is meant to hit, in the editor's or in
// the stage's definition.
func (s *study) routeKey(sub *subject, scenario int) string {
	if r := s.scenario(scenario).Route; r != "" {
		return r
	}
	for _, d := range []*probe.Definition{sub.conf.Deployed, sub.api.Editor} {
		if d == nil {
			continue
		}
		if r := s.routeOf(d, scenario); r != "" {
			return r
		}
	}
	return ""
}

func (s *study) deploymentFact(api *probe.API, st *probe.Stage) string {
	text := fmt.Sprintf("configuration: stage %s of API %s serves deployment %s", st.Name, api.ID, st.DeploymentID)
	if d := api.Deployment(st.DeploymentID); d != nil && !d.Created.IsZero() {
		text += " made " + day(d.Created)
	}
	return text
}

// editFacts are the last edits that need a deployment, from CloudTrail.
func (s *study) editFacts(api string) []string {
	var out []string
	for _, e := range s.Snapshot.Edits {
		if needs, known := diff.NeedsDeployment(e.Event); e.APIID == api && (needs || !known) && len(out) < 2 {
			out = append(out, strings.TrimSpace(fmt.Sprintf("CloudTrail: %s at %s %s", e.Event, day(e.At), by(e.Who))))
		}
	}
	return out
}

func by(who string) string {
	if who == "" {
		return ""
	}
	return "by " + who
}

// overtaken drops edits that no answer confirmed as waiting where the stage's
// behaviour switched during the run: the configuration was read before, and what
// waited then may have been deployed since.
func (s *study) overtaken() {
	switched := map[string]bool{}
	for _, f := range s.findings {
		for _, t := range f.Targets {
			switched[t] = switched[t] || f.Cause == DeployPropagating
		}
	}
	s.findings = slices.DeleteFunc(s.findings, func(f Finding) bool {
		waiting := f.Cause == StaleDeployment && f.Linked == ConsistentWith &&
			!slices.ContainsFunc(f.Targets, func(t string) bool { return !switched[t] })
		if waiting {
			s.notes = append(s.notes, fmt.Sprintf("%s: edits waited for a deployment when the configuration was read; behaviour has changed since, so read it again", list(f.Targets)))
		}
		return waiting
	})
}
