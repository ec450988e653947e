package cause

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// pending are the edits that a stage does not serve yet.
type pending struct {
	sub   *target // the first target of the stage
	all   []*target
	diffs []diff.Difference
}

// waitingFor finds stages that run a snapshot older than the edited definition, of
// those where the cause given keeps edits waiting: nobody deployed, automatic
// deployment is off, or the last one failed.
func waitingFor(id ID) func(*Facts, *Known) Verdict {
	return func(fx *Facts, known *Known) Verdict {
		var v Verdict
		for _, p := range pendings(fx) {
			if p.cause() != id {
				continue
			}
			if w := unservedRoutes(fx, known, p); w != nil {
				v.report(unservedFinding(fx, p, w), stageKey(p.sub.Target))
				for _, sub := range w.targets {
					if fx.all(sub, refused) {
						v.closed = append(v.closed, sub.index)
					}
				}
				continue
			}
			pendingEdits(fx, p, &v)
		}
		return v
	}
}

// cause is what keeps the edits of a stage waiting.
func (p *pending) cause() ID {
	switch st := p.sub.conf; {
	case p.sub.api.Kind != probe.HTTP:
		return StaleDeployment
	case st.LastDeploymentSucceeded != nil && !*st.LastDeploymentSucceeded:
		return AutoDeployFailed
	case !st.AutoDeploy:
		return AutoDeployOff
	}
	return StaleDeployment
}

func pendingEdits(fx *Facts, p *pending, v *Verdict) {
	api, st := p.sub.api, p.sub.conf
	switch {
	case p.cause() != StaleDeployment:
		reportPending(fx, p, v)
	case len(p.diffs) == 0:
	case servedElsewhere(fx, p):
		v.Notes = append(v.Notes, fmt.Sprintf("stage %s of API %s lacks %s that another stage already serves: promote them when they are meant for it",
			st.Name, api.ID, words.Plural(len(p.diffs), "edit")))
	case onCanary(fx, p):
		v.Notes = append(v.Notes, fmt.Sprintf("stage %s of API %s lacks %s that its canary's newer deployment %s was made after: promoting the canary deploys them",
			st.Name, api.ID, words.Plural(len(p.diffs), "edit"), st.Canary.DeploymentID))
	default:
		reportPending(fx, p, v)
	}
}

// onCanary tells whether the pending edits are under way on the stage's canary:
// its deployment is newer than the stage's own, no edit is known to be newer
// still, and nothing that was read of it speaks against.
func onCanary(fx *Facts, p *pending) bool {
	api, st := p.sub.api, p.sub.conf
	if st.Canary == nil {
		return false
	}
	own, canary := api.Deployment(st.DeploymentID), api.Deployment(st.Canary.DeploymentID)
	if own == nil || canary == nil || !canary.Created.After(own.Created) {
		return false
	}
	for _, e := range fx.Snapshot.Edits {
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
func pendings(fx *Facts) []*pending {
	var out []*pending
	for _, sub := range fx.targets {
		if sub.conf == nil || meantElsewhere(sub) {
			continue // nobody asked about the stage that a mapping leads to by mistake
		}
		i := slices.IndexFunc(out, func(p *pending) bool { return p.sub.conf == sub.conf })
		if i >= 0 {
			out[i].all = append(out[i].all, sub)
			continue
		}
		diffs, _ := diff.Undeployed(sub.api, sub.conf)
		diffs = slices.DeleteFunc(diffs, func(d diff.Difference) bool { return d.Cosmetic })
		out = append(out, &pending{sub: sub, all: []*target{sub}, diffs: diffs})
	}
	for _, p := range out {
		p.diffs = slices.DeleteFunc(p.diffs, func(d diff.Difference) bool { return policyServed(fx, p, &d) })
	}
	return out
}

// policyServed tells whether the answers refute that a resource policy waits for a
// deployment: a route that asks for no authorization is refused as only such a
// policy refuses. Whoever exports an API may leave its policy out.
func policyServed(fx *Facts, p *pending, d *diff.Difference) bool {
	if d.Aspect != "policy" || d.B != "" || p.sub.Endpoint == "PRIVATE" {
		return false // a private API is refused by its VPC endpoint's policy too
	}
	return slices.ContainsFunc(p.all, func(sub *target) bool {
		return slices.ContainsFunc(sub.cells, func(c *cell) bool {
			r := fx.route(sub, c.scenario)
			return r != nil && open(r.Authorization) && slices.ContainsFunc(c.clusters, func(k int) bool {
				return fx.Clusters[k].Reading.GatewayResponse == "ACCESS_DENIED" && fx.Clusters[k].Reading.Producer == signature.Gateway
			})
		})
	})
}

// servedElsewhere tells whether every pending edit is served by another stage of
// the API: then nothing waits for a deployment, and a stage behind another is the
// usual order of things. Where only the one stage was asked for, its lag is the
// question.
func servedElsewhere(fx *Facts, p *pending) bool {
	asked := map[string]bool{}
	for _, sub := range fx.targets {
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

func reportPending(fx *Facts, p *pending, v *Verdict) {
	cause := p.cause()
	api, st := p.sub.api, p.sub.conf
	f := Finding{Linked: ConsistentWith, Scenarios: []string{}}
	if cause == AutoDeployOff && len(p.diffs) == 0 {
		f.Severity = Warning
	}
	for _, sub := range p.all {
		f.Targets = append(f.Targets, sub.ID)
	}
	lines, scenarios, rests, seen := confirmEdits(fx, p)
	f.rests = rests
	if len(seen) > 0 {
		v.seen = map[string]map[string]string{api.ID + "/" + st.Name: seen}
	}
	confirmed := len(lines)
	f.Scenarios = fx.scenarioNames(scenarios...)
	if confirmed > 0 || cause == AutoDeployOff && len(p.diffs) == 0 {
		f.Linked = Proven
	} else {
		f.Settles = settlesEdits(fx, api, st)
	}
	f.Statement = pendingHead(fx, p, cause) + pendingWords(fx, p, confirmed, scenarios, seen)
	f.Evidence = evidence(append([]string{deploymentFact(api, st)}, append(lines, editFacts(fx, api.ID)...)...)...)
	f.Statistics = &Statistics{Test: "configuration", Statistic: float64(len(p.diffs)), Effect: 1, N: confirmed}
	f.Remedy = remedy.Redeploy(fx.Snapshot.Region, api, st)
	if cause == AutoDeployOff {
		f.Remedy = append(f.Remedy, remedy.AutoDeploy(fx.Snapshot.Region, api, st)...)
	}
	v.report(f, stageKey(p.sub.Target))
}

func pendingHead(fx *Facts, p *pending, cause ID) string {
	st := p.sub.conf
	switch cause {
	case AutoDeployOff:
		if len(p.diffs) == 0 && (st.Deployed == nil || p.sub.api.Editor == nil) {
			return fmt.Sprintf("Automatic deployment of stage %s is off; whether edits wait for a deployment is not known: %s.", st.Name, unreadDefinitions(fx, p.sub))
		}
		if len(p.diffs) == 0 {
			return fmt.Sprintf("Automatic deployment of stage %s is off; nothing waits for a deployment.", st.Name)
		}
		return fmt.Sprintf("Automatic deployment of stage %s is off, and %s for a deployment: it serves %s%s.",
			st.Name, wait(len(p.diffs)), st.DeploymentID, sinceEdit(fx, p))
	case AutoDeployFailed:
		text := fmt.Sprintf("The last automatic deployment of stage %s failed, so it still serves deployment %s", st.Name, st.DeploymentID)
		if st.LastDeploymentStatus != "" {
			text += fmt.Sprintf(" (%s)", strings.TrimSuffix(st.LastDeploymentStatus, "."))
		}
		return text + "."
	}
	return fmt.Sprintf("Stage %s serves deployment %s%s: %s for a deployment.", st.Name, st.DeploymentID, sinceEdit(fx, p), wait(len(p.diffs)))
}

// sinceEdit says when the stage's deployment was made and when, after it, the
// definition was last edited.
func sinceEdit(fx *Facts, p *pending) string {
	text := deployedBefore(fx, p)
	if !strings.Contains(text, ",") {
		return text + ", which is older than the edited definition"
	}
	return text
}

// deployedBefore says when the stage's deployment was made and, where CloudTrail
// tells of an edit after it, when that was.
func deployedBefore(fx *Facts, p *pending) string {
	made := p.sub.api.Deployment(p.sub.conf.DeploymentID)
	e := lastEdit(fx, p.sub.APIID)
	if e == nil || made == nil || !e.At.After(made.Created) {
		return since(made)
	}
	return since(made) + fmt.Sprintf(", made before the last edit of %s (%s)", words.Day(e.At), strings.TrimSpace(e.Event+" "+by(e.Who)))
}

// lastEdit is the last change of an API that needs a deployment; nil where
// CloudTrail tells of none.
func lastEdit(fx *Facts, api string) *probe.Edit {
	var last *probe.Edit
	for i := range fx.Snapshot.Edits {
		e := &fx.Snapshot.Edits[i]
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
	return " of " + words.Day(d.Created)
}

// pendingWords lists the edits and what the probe saw of them.
func pendingWords(fx *Facts, p *pending, confirmed int, scenarios []int, seen map[string]string) string {
	if len(p.diffs) == 0 {
		return ""
	}
	var texts []string
	for _, d := range p.diffs {
		texts = append(texts, named(&d))
	}
	text := " Waiting: " + words.Some(texts, 4) + "."
	switch {
	case confirmed > 0:
		return text + fmt.Sprintf(" The probe confirms it: %s answered as before the edit.", words.List(fx.scenarioNames(scenarios...))) + unshownWords(p.diffs, seen)
	case len(fx.Rows) == 0:
		return text + " No request was sent to confirm it."
	case showable(p.diffs):
		text += " No answer could confirm it: the edit shows in no request that was sent."
	}
	return text + unshownWords(p.diffs, seen)
}

// named is an edit in two words; some name themselves.
func named(d *diff.Difference) string {
	if strings.EqualFold(d.Subject, d.Aspect) {
		return d.Subject
	}
	return strings.TrimSpace(d.Subject + " " + d.Aspect)
}

// settlesEdits says what would confirm edits that no answer showed.
func settlesEdits(fx *Facts, api *probe.API, st *probe.Stage) string {
	if len(fx.Rows) == 0 {
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
func (fx *Facts) routeKey(sub *target, scenario int) string {
	if r := fx.scenario(scenario).Route; r != "" {
		return r
	}
	for _, d := range []*probe.Definition{sub.conf.Deployed, sub.api.Editor} {
		if d == nil {
			continue
		}
		if r := fx.routeOf(d, scenario); r != "" {
			return r
		}
	}
	return ""
}

func deploymentFact(api *probe.API, st *probe.Stage) string {
	text := fmt.Sprintf("configuration: stage %s of API %s serves deployment %s", st.Name, api.ID, st.DeploymentID)
	if d := api.Deployment(st.DeploymentID); d != nil && !d.Created.IsZero() {
		text += " made " + words.Day(d.Created)
	}
	return text
}

// editFacts are the last edits that need a deployment, from CloudTrail.
func editFacts(fx *Facts, api string) []string {
	var out []string
	for _, e := range fx.Snapshot.Edits {
		if needs, known := diff.NeedsDeployment(e.Event); e.APIID == api && (needs || !known) && len(out) < 2 {
			out = append(out, strings.TrimSpace(fmt.Sprintf("CloudTrail: %s at %s %s", e.Event, words.Day(e.At), by(e.Who))))
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
