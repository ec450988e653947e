package cause

import (
	"slices"
	"time"

	"stageprobe/analyze/diff"
	"stageprobe/probe"
)

// The states of a step.
const (
	stepOK      = "ok"
	stepProblem = "problem"
	stepUnknown = "unknown"
)

var stepNames = [6]string{"target stage", "deployment history", "redeployment needed", "stage configuration", "canary", "retest"}

// Problems are the findings of a step; Again says to run the check again, Open asks what
// is left open.
type Problems struct {
	said
	Found []Problem
	Again bool
}

// Problem is a finding in a few words.
type Problem struct {
	said
	Cause   ID
	Targets []string
	Linked  Link
}

// NotRead are targets of which something was not read: "configuration", "settings" or
// "canary".
type NotRead struct {
	said
	What    string
	Targets []string
}

// StagesServed are the stages that targets serve.
type StagesServed struct {
	said
	Of []ServesStage
}

// ServesStage is the stage that a target serves.
type ServesStage struct {
	said
	Target, Stage string
}

// DeploymentsServed are the deployments that stages serve.
type DeploymentsServed struct {
	said
	Of []History
}

// History is the deployment that a stage serves, and those that were made since.
type History struct {
	said
	API, Stage, Deployment string
	Made                   time.Time
	ByCanary               string // the deployment of a canary that takes all traffic; "" elsewhere
	Newer                  []NewerDeployment
}

// NewerDeployment is a deployment that is newer than what a stage serves, with the
// stages that use it.
type NewerDeployment struct {
	said
	ID     string
	At     time.Time
	On     []UsedBy
	Status string // "" where it is deployed
}

// UsedBy is a stage that serves a deployment, itself or by its canary.
type UsedBy struct {
	said
	Stage  string
	Canary bool
}

// DefinitionsUnread says which definitions of a target were not read.
type DefinitionsUnread struct {
	said
	Target  string // of which neither was read, without any reason known; else ""
	API     string
	Editor  *ToRead // nil where it was read
	Stage   string
	Deploys *ToRead // the stage's own; nil where it was read
}

// NotCompared is what definitions do not tell.
type NotCompared struct {
	said
	What []string
}

// NothingWaits says that no edit waits, which edits were taken back or concern what
// no definition holds, and what a stage lacks that is served elsewhere.
type NothingWaits struct {
	said
	Yet   []EditedSince
	Lacks []LacksEdits
}

// EditedSince is an edit that came after the deployment of a stage.
type EditedSince struct {
	said
	API   string
	Edit  Edited
	Stage string
}

// SettingsDiffer is in how many settings stages differ, and which cache keys leave out
// what was asked for.
type SettingsDiffer struct {
	said
	N    int
	Keys []KeyLeavesOut
}

// Canaries are those of some stages; Open says that the answers do not tell their effect.
type Canaries struct {
	said
	Of   []StageCanary
	Open bool
}

// StageCanary is the canary of a stage.
type StageCanary struct {
	said
	Stage string
	Share float64
}

// stepEvidence says of each of the six steps whether it is ok, in the order in which a
// person would take them.
func stepEvidence(fx *Facts, r *Result) (out [6]Step) {
	notes := [6]func(*Facts, *Result) (string, Fact){targetStep, historyStep, redeployStep, settingsStep, canaryStep, retestStep}
	for i, name := range stepNames {
		status, says := stepUnknown, Fact(Topic("no stage read"))
		if len(fx.targets) > 0 {
			status, says = notes[i](fx, r)
		}
		if problems := problems(r, i+1); i < 5 && len(problems) > 0 {
			status, says = stepProblem, Problems{Found: problems}
		}
		out[i] = Step{N: i + 1, Name: name, Status: status, Says: says}
	}
	return out
}

func problems(r *Result, step int) []Problem {
	var out []Problem
	for _, f := range r.Findings {
		if f.Step == step && f.Severity != Info {
			out = append(out, Problem{Cause: f.Cause, Targets: f.Targets, Linked: f.Linked})
		}
	}
	return out
}

func unread(fx *Facts) []string {
	return targetIDs(slices.DeleteFunc(slices.Clone(fx.targets), func(sub *target) bool { return sub.conf != nil || sub.Unmapped != "" }))
}

func targetStep(fx *Facts, _ *Result) (string, Fact) {
	if un := unread(fx); len(un) > 0 {
		return stepUnknown, NotRead{What: "configuration", Targets: un}
	}
	var out StagesServed
	for _, sub := range fx.targets {
		if sub.Stage != "" {
			out.Of = append(out.Of, ServesStage{Target: sub.ID, Stage: sub.Stage})
		}
	}
	return stepOK, out
}

func historyStep(fx *Facts, _ *Result) (string, Fact) {
	var out DeploymentsServed
	for _, sub := range fx.targets {
		if sub.conf == nil || slices.ContainsFunc(out.Of, func(o History) bool { return o.API == sub.APIID && o.Stage == sub.Stage }) {
			continue
		}
		serves := History{API: sub.APIID, Stage: sub.Stage, Deployment: sub.conf.DeploymentID, Newer: newer(sub.api, sub.conf)}
		if d := sub.api.Deployment(sub.conf.DeploymentID); d != nil {
			serves.Made = d.Created
		}
		if c := sub.conf.Canary; c != nil && c.Percent >= 100 && c.DeploymentID != sub.conf.DeploymentID {
			serves.ByCanary = c.DeploymentID
		}
		out.Of = append(out.Of, serves)
	}
	if out.Of == nil {
		return stepUnknown, Topic("no stage read")
	}
	return stepOK, out
}

// newer are the deployments that are newer than what a stage serves, the newest
// first, with what uses them.
func newer(api *probe.API, st *probe.Stage) []NewerDeployment {
	own := api.Deployment(st.DeploymentID)
	if own == nil || own.Created.IsZero() {
		return nil
	}
	var out []NewerDeployment
	for i := range api.Deployments {
		if d := &api.Deployments[i]; d.Created.After(own.Created) {
			n := NewerDeployment{ID: d.ID, At: d.Created, On: usedBy(api, d.ID)}
			if d.Status != "DEPLOYED" {
				n.Status = d.Status
			}
			out = append(out, n)
		}
	}
	return out
}

// usedBy are the stages that serve a deployment, themselves or by their canary.
func usedBy(api *probe.API, deployment string) []UsedBy {
	var users []UsedBy
	for i := range api.Stages {
		st := &api.Stages[i]
		if st.DeploymentID == deployment {
			users = append(users, UsedBy{Stage: st.Name})
		}
		if st.Canary != nil && st.Canary.DeploymentID == deployment && st.DeploymentID != deployment {
			users = append(users, UsedBy{Stage: st.Name, Canary: true})
		}
	}
	return users
}

// uncompared is what the definitions of the targets' stages do not tell, each
// once, and never taken for equal.
func uncompared(subjects []*target) []string {
	var out []string
	for _, sub := range subjects {
		_, un := diff.Undeployed(sub.api, sub.conf)
		out = once(out, un...)
	}
	return out
}

// unreadDefinitions says which definition of a target could not be read, and
// what would let it.
func unreadDefinitions(fx *Facts, sub *target) Fact {
	if sub.conf == nil {
		return DefinitionsUnread{Target: sub.ID}
	}
	out := DefinitionsUnread{API: sub.APIID, Stage: sub.Stage}
	if sub.api.Editor == nil {
		out.Editor = ptr(toRead(gaps(fx, sub.APIID, func(of probe.GapOf) bool { return of.Stage == "" }, "GetResources", "ExportApi", "GetRoutes")))
	}
	if sub.conf.Deployed == nil {
		out.Deploys = ptr(toRead(unreadDeployed(fx, sub.api, sub.conf)))
	}
	return out
}

func redeployStep(fx *Facts, r *Result) (string, Fact) {
	subjects := slices.DeleteFunc(slices.Clone(fx.targets), func(sub *target) bool { return sub.conf == nil && sub.Unmapped != "" })
	if len(subjects) == 0 {
		return stepUnknown, Topic("no stage reached")
	}
	for _, sub := range subjects {
		if sub.conf == nil || sub.api.Editor == nil || sub.conf.Deployed == nil {
			return stepUnknown, unreadDefinitions(fx, sub)
		}
	}
	if un := uncompared(subjects); len(un) > 0 {
		return stepUnknown, NotCompared{What: un}
	}
	var out NothingWaits
	for _, note := range r.Notes {
		if lacks, ok := note.(LacksEdits); ok {
			out.Lacks = append(out.Lacks, lacks)
		}
	}
	for _, sub := range subjects {
		d, e := sub.api.Deployment(sub.conf.DeploymentID), lastEdit(fx, sub.APIID)
		if d == nil || e == nil || !e.At.After(d.Created) {
			continue
		}
		// An edit that was taken back, or one of what no definition holds.
		since := EditedSince{API: sub.APIID, Edit: *editOf(e), Stage: sub.Stage}
		if diffs, _ := diff.Undeployed(sub.api, sub.conf); len(diffs) == 0 && !slices.Contains(out.Yet, since) && len(out.Yet) < 2 {
			out.Yet = append(out.Yet, since)
		}
	}
	return stepOK, out
}

func settingsStep(fx *Facts, r *Result) (string, Fact) {
	if un := unread(fx); len(un) > 0 {
		return stepUnknown, NotRead{What: "settings", Targets: un}
	}
	n := 0
	for _, notes := range r.Settings {
		n += len(notes)
	}
	return stepOK, SettingsDiffer{N: n, Keys: unkeyed(fx)}
}

func canaryStep(fx *Facts, r *Result) (string, Fact) {
	var out Canaries
	for _, sub := range fx.targets {
		if c := sub.Canary; c != nil {
			out.Of = once(out.Of, StageCanary{Stage: sub.Stage, Share: c.Percent / 100})
		}
	}
	switch un := unread(fx); {
	case len(out.Of) > 0 && slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Step == 5 }):
		return stepOK, out
	case len(out.Of) > 0:
		out.Open = true
		return stepUnknown, out
	case len(un) > 0:
		return stepUnknown, NotRead{What: "canary", Targets: un}
	}
	return stepOK, out
}

// retestStep is what to do after mending, and what the sixth step's own causes
// say.
func retestStep(fx *Facts, r *Result) (string, Fact) {
	problems := problems(r, 6)
	mending := slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity != Info })
	switch {
	case len(problems) > 0 || mending:
		return stepProblem, Problems{Found: problems, Again: true}
	case len(r.Open) > 0:
		return stepUnknown, r.Open[0].Asks
	}
	return stepOK, Topic("nothing to mend")
}
