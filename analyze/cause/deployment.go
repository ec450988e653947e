package cause

import (
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// pending are the edits that a stage does not serve yet.
type pending struct {
	sub   *target // the first target of the stage
	all   []*target
	diffs []diff.Difference
}

// EditsWait says that edits of a stage wait for a deployment, and what keeps them.
type EditsWait struct {
	said
	Cause      ID
	Stage      string
	Also       []string // further stages that serve the same deployment
	Edits      int      // 0 where none is known
	Deployment string
	Made       Made
	Status     string // of the last automatic deployment
	Unread     Fact   // which definition was not read; nil where both were
}

// Made is when a deployment was made, and a later edit; zero and nil where not known.
type Made struct {
	said
	At     time.Time
	Before *Edited
}

// Edited is one edit of a definition, from CloudTrail.
type Edited struct {
	said
	Event string
	At    time.Time
	Who   string
}

// Waiting are the edits that wait.
type Waiting struct {
	said
	Edits []string
}

// AsBefore are scenarios that were answered as before the edit.
type AsBefore struct {
	said
	Scenarios []string
}

// LacksEdits says that a stage lacks edits which another serves, or which its canary's
// newer deployment holds.
type LacksEdits struct {
	said
	Stage, API string
	Edits      int
	Canary     string
}

// MayWait says that an edit came after the deployment of a stage of which no definition
// was read: whether it waits is not known.
type MayWait struct {
	said
	Stage, API, Deployment string
	Made                   Made
}

// ServesDeployment is the deployment that a stage serves.
type ServesDeployment struct {
	said
	API, Stage, Deployment string
	Made                   time.Time
}

// waitingFor finds stages that run a snapshot older than the edited definition, of
// those where the cause given keeps edits waiting: nobody deployed, automatic
// deployment is off, or the last one failed.
func waitingFor(id ID) func(*Facts, *Known) Verdict {
	return func(fx *Facts, known *Known) Verdict {
		var v Verdict
		waits := map[int]*pending{} // by the finding
		for _, p := range pendings(fx) {
			if p.cause() != id {
				continue
			}
			if w := unservedRoutes(fx, known, p); w != nil {
				v.report(unservedFinding(fx, p, w), stageKey(p.sub.Target))
				for _, sub := range w.targets {
					v.closeRefused(fx, sub)
				}
				continue
			}
			n := len(v.Found)
			pendingEdits(fx, p, &v)
			if len(v.Found) == n {
				continue
			}
			waits[n] = p
			for i := range n {
				if v.Found[i].Linked == v.Found[n].Linked && waits[i] != nil && sameWait(waits[i], p) {
					v.Found[i] = onBoth(v.Found[i], v.Found[n], p)
					v.Found = v.Found[:n]
					delete(waits, n)
					break
				}
			}
		}
		return v
	}
}

// sameWait tells whether the same edits wait for two stages of an API that serve one
// deployment: one matter, seen on both.
func sameWait(a, b *pending) bool {
	return a.sub.api == b.sub.api && a.cause() == StaleDeployment && a.sub.conf.DeploymentID == b.sub.conf.DeploymentID &&
		a.sub.conf.Canary == nil && b.sub.conf.Canary == nil
}

// onBoth is the finding of edits that wait for a further stage, too.
func onBoth(f, also Finding, p *pending) Finding {
	head, ok := f.Says[0].(EditsWait)
	if !ok {
		return f
	}
	head.Also = append(slices.Clone(head.Also), p.sub.conf.Name)
	f.Says = append([]Fact{head}, f.Says[1:]...)
	f.Targets = slices.Concat(f.Targets, also.Targets)
	f.Scenarios = compacted(slices.Concat(f.Scenarios, also.Scenarios))
	f.Proof = evidence(slices.Concat(f.Proof, also.Proof)...)
	f.rests = slices.Concat(f.rests, also.rests)
	for _, r := range also.Remedy {
		r.Then = true
		r.Text = "The same for stage " + p.sub.conf.Name + ", where the edits are meant for it."
		f.Remedy = append(f.Remedy, r)
	}
	return f
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
		if made := madeBefore(fx, p); made.Before != nil && (st.Deployed == nil || api.Editor == nil) && !onCanary(fx, p) {
			v.Notes = append(v.Notes, MayWait{Stage: st.Name, API: api.ID, Deployment: st.DeploymentID, Made: made})
		}
	case servedElsewhere(fx, p):
		v.Notes = append(v.Notes, LacksEdits{Stage: st.Name, API: api.ID, Edits: len(p.diffs)})
	case onCanary(fx, p):
		v.Notes = append(v.Notes, LacksEdits{Stage: st.Name, API: api.ID, Edits: len(p.diffs), Canary: st.Canary.DeploymentID})
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
	if e := lastEdit(fx, api.ID); e != nil && e.At.After(canary.Created) {
		return false
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
	f.Targets = targetIDs(p.all)
	lines, scenarios, rests, seen := confirmEdits(fx, p)
	f.rests = rests
	if len(seen) > 0 {
		v.seen = map[string]map[string]Fact{api.ID + "/" + st.Name: seen}
	}
	confirmed := len(lines)
	f.Scenarios = fx.scenarioNames(scenarios...)
	if confirmed > 0 || cause == AutoDeployOff && len(p.diffs) == 0 {
		f.Linked = Proven
	} else {
		f.SettledBy = settlesEdits(fx, api, st)
	}
	f.say(pendingHead(fx, p, cause))
	f.say(waitingEdits(fx, p, confirmed > 0, scenarios, seen)...)
	for _, sub := range p.all {
		if fx.all(sub, refused) && within(behavioursOf(sub.cells), rests) { // more would be refused as well
			f.say(AllAre{N: fx.answered(sub), Answers: fx.names(behavioursOf(sub.cells))})
			v.closed = append(v.closed, sub.index)
		}
	}
	f.Proof = evidence(append([]Fact{deploymentFact(api, st)}, append(lines, editFacts(fx, api.ID)...)...)...)
	f.Statistics = &Statistics{Test: "configuration", Statistic: float64(len(p.diffs)), Effect: 1, N: confirmed}
	f.Remedy = remedy.Redeploy(fx.Snapshot.Region, api, st)
	if cause == AutoDeployOff {
		f.Remedy = append(f.Remedy, remedy.AutoDeploy(fx.Snapshot.Region, api, st)...)
	}
	v.report(f, stageKey(p.sub.Target))
}

func pendingHead(fx *Facts, p *pending, cause ID) Fact {
	st := p.sub.conf
	out := EditsWait{Cause: cause, Stage: st.Name, Edits: len(p.diffs), Deployment: st.DeploymentID, Made: madeBefore(fx, p), Status: st.LastDeploymentStatus}
	if cause == AutoDeployOff && len(p.diffs) == 0 && (st.Deployed == nil || p.sub.api.Editor == nil) {
		out.Unread = unreadDefinitions(fx, p.sub)
	}
	return out
}

// madeBefore is when the stage's deployment was made and, where CloudTrail tells of an
// edit after it, that edit.
func madeBefore(fx *Facts, p *pending) Made {
	var out Made
	made := p.sub.api.Deployment(p.sub.conf.DeploymentID)
	if made == nil {
		return out
	}
	out.At = made.Created
	if e := lastEdit(fx, p.sub.APIID); e != nil && e.At.After(made.Created) {
		out.Before = editOf(e)
	}
	return out
}

func editOf(e *probe.Edit) *Edited { return &Edited{Event: e.Event, At: e.At, Who: e.Who} }

// lastEdit is the last change of an API that needs a deployment; nil where
// CloudTrail tells of none.
func lastEdit(fx *Facts, api string) *probe.Edit {
	edits := editsOf(fx, api)
	if len(edits) == 0 {
		return nil
	}
	return slices.MaxFunc(edits, func(a, b *probe.Edit) int { return a.At.Compare(b.At) })
}

// editsOf are the changes of an API that need a deployment, as far as is known.
func editsOf(fx *Facts, api string) []*probe.Edit {
	var out []*probe.Edit
	for i := range fx.Snapshot.Edits {
		e := &fx.Snapshot.Edits[i]
		if needs, known := diff.NeedsDeployment(e.Event); e.APIID == api && (needs || !known) {
			out = append(out, e)
		}
	}
	return out
}

func waitingEdits(fx *Facts, p *pending, confirmed bool, scenarios []int, seen map[string]Fact) []Fact {
	if len(p.diffs) == 0 {
		return nil
	}
	facts := []Fact{Waiting{Edits: each(p.diffs, func(d diff.Difference) string { return named(&d) })}}
	switch {
	case confirmed:
		facts = append(facts, AsBefore{Scenarios: fx.scenarioNames(scenarios...)})
	case len(fx.Rows) == 0:
		return append(facts, Topic("not sent"))
	case showable(p.diffs):
		facts = append(facts, Topic("not confirmed"))
	}
	return append(facts, cannotShow(p.diffs, seen))
}

// named is an edit in two words; some name themselves.
func named(d *diff.Difference) string {
	if strings.HasSuffix(strings.ToLower(d.Subject), strings.ToLower(d.Aspect)) {
		return d.Subject
	}
	return strings.TrimSpace(d.Subject + " " + d.Aspect)
}

func settlesEdits(fx *Facts, api *probe.API, st *probe.Stage) Fact {
	if len(fx.Rows) == 0 {
		return CheckStage{API: api.ID, Stage: st.Name, Asks: true}
	}
	return Topic("deploy and compare")
}

// routeKey is the route that a scenario is meant to hit: the one that it names, else
// that of its path in the stage's or in the editor's definition; "" where none is known.
func (fx *Facts) routeKey(sub *target, scenario int) string {
	if r := fx.scenario(scenario).Route; r != "" {
		return r
	}
	if sub.conf != nil && sub.conf.Deployed != nil {
		if r := fx.routeOf(sub.conf.Deployed, scenario); r != "" {
			return r
		}
	}
	if sub.api != nil && sub.api.Editor != nil {
		return fx.routeOf(sub.api.Editor, scenario)
	}
	return ""
}

func deploymentFact(api *probe.API, st *probe.Stage) Fact {
	out := ServesDeployment{API: api.ID, Stage: st.Name, Deployment: st.DeploymentID}
	if d := api.Deployment(st.DeploymentID); d != nil {
		out.Made = d.Created
	}
	return out
}

// editFacts are the last edits that need a deployment, from CloudTrail.
func editFacts(fx *Facts, api string) []Fact {
	var out []Fact
	edits := editsOf(fx, api)
	for _, e := range edits[:min(2, len(edits))] {
		out = append(out, *editOf(e))
	}
	return out
}
