package cause

import (
	"cmp"
	"slices"
	"time"

	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// Changed is the last write to what a finding is about, as CloudTrail recorded it.
type Changed struct {
	By    string    `json:"by"`
	ARN   string    `json:"arn"`
	At    time.Time `json:"at"`
	Event string    `json:"event"`
	Agent string    `json:"agent"`
	Tool  string    `json:"tool"`
}

// ChangedBy says who changed what a finding is about.
type ChangedBy struct {
	said
	Changed
	Ago time.Duration
}

// HandEdit says that what a tool deploys was changed by another one.
type HandEdit struct {
	said
	Tool, Owner string
}

// NoTrigger says that a tool which had deployed earlier edits did not deploy the last one.
type NoTrigger struct {
	said
	Tool, Event string
	At          time.Time
}

// whoChanged fills in who changed last what a finding is about, and what mends it in
// the terms of the tool that deploys the API.
func whoChanged(fx *Facts, sub *target, f *Finding) {
	last := lastWrite(fx, sub, f)
	tool := ""
	if last != nil {
		f.Changed = &Changed{By: last.By, ARN: last.ARN, At: last.At, Event: last.Event, Agent: last.Agent, Tool: last.Tool}
		tool = last.Tool
	}
	if edit, burst := fx.Snapshot.History.Undeployed(sub.APIID); f.Cause == StaleDeployment && edit != nil && burst && !byHand(edit.Tool) && edit.Tool != "" {
		f.say(NoTrigger{Tool: edit.Tool, Event: edit.Event, At: edit.At})
	} else if last != nil && !editTold(f, last) {
		f.say(ChangedBy{Changed: *f.Changed, Ago: max(0, fx.Snapshot.Taken.Sub(last.At))})
	}
	owner := deployedBy(fx, sub)
	if byHand(tool) && owner != "" && !byHand(owner) {
		f.say(HandEdit{Tool: tool, Owner: owner})
	}
	if !byHand(owner) {
		tool = cmp.Or(owner, tool)
	}
	if r, ok := remedy.InTerms(tool, remedyKind[f.Cause]); ok && len(f.Remedy) > 0 {
		f.Remedy = afterFirst(f.Remedy, r)
	}
}

// editTold tells whether a finding says already that a write was the last edit, and
// with what it was made is not known.
func editTold(f *Finding, last *probe.Change) bool {
	return last.Tool == "" && slices.ContainsFunc(f.Says, func(s Fact) bool {
		e, ok := s.(EditsWait)
		return ok && e.Made.Before != nil && e.Made.Before.Event == last.Event && e.Made.Before.At.Equal(last.At)
	})
}

// afterFirst lets a remedy follow the first way to mend a finding.
func afterFirst(list []Remedy, r Remedy) []Remedy {
	at := 1
	for at < len(list) && list[at].Then {
		at++
	}
	r.Then = true
	return slices.Insert(slices.Clone(list), at, r)
}

// remedyKind is what mends a cause, as [remedy.InTerms] names it.
var remedyKind = map[ID]remedy.Terms{
	StaleDeployment: remedy.RedeployTerms, AutoDeployOff: remedy.RedeployTerms, CanarySplit: remedy.EndCanaryTerms, StaleCanary: remedy.EndCanaryTerms,
	WrongStage: remedy.RemapTerms, StageConfigDrift: remedy.SetStageTerms, Throttled: remedy.SetStageTerms, ResponseCache: remedy.SetStageTerms,
}

// lastWrite is the last write to what a finding is about; nil where none is known.
func lastWrite(fx *Facts, sub *target, f *Finding) *probe.Change {
	h := fx.Snapshot.History
	var list []probe.Change
	switch f.Cause {
	case StaleDeployment, AutoDeployOff, AutoDeployFailed:
		list = h.OfDefinition(sub.APIID)
	case WrongStage, UnmappedTarget, AddressDependent:
		if d := fx.domainOf(sub); d != nil {
			list = h.OfDomain(d.Name)
		}
	case CanarySplit, StaleCanary:
		list = slices.DeleteFunc(h.OfStage(sub.APIID, sub.Stage), func(c probe.Change) bool { return !c.Canary })
	case StageConfigDrift, ResponseCache, Throttled:
		list = slices.DeleteFunc(h.OfStage(sub.APIID, sub.Stage), func(c probe.Change) bool { return c.Event == "CreateDeployment" })
	case DeployPropagating, IntegrationError, AccessDenied:
		list = h.OfStage(sub.APIID, sub.Stage)
	}
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// deployedBy is the tool that deploys a target's API, by what it leaves behind: tags and
// descriptions, else the agent of its deployments.
func deployedBy(fx *Facts, sub *target) string {
	if sub.api == nil {
		return ""
	}
	descriptions := each(sub.api.Deployments, func(d probe.Deployment) string { return d.Description })
	tags := sub.api.Tags
	if sub.conf != nil && len(tags) == 0 {
		tags = sub.conf.Tags
	}
	if tool := probe.ToolOfTraces(tags, descriptions...); tool != "" {
		return tool
	}
	for _, c := range fx.Snapshot.History.OfStage(sub.APIID, sub.Stage) {
		if c.Event == "CreateDeployment" {
			return c.Tool
		}
	}
	return ""
}

// byHand tells a tool with which people change single things.
func byHand(tool string) bool { return tool == probe.ToolConsole || tool == probe.ToolCLI }
