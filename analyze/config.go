package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/diff"
	"stageprobe/analyze/report/prose"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// NewConfig is the configuration side of a report. The result of a run, which
// may be nil, adds what probes saw of it.
func NewConfig(snap *probe.Snapshot, result *cause.Result) *Config {
	if len(snap.APIs) == 0 && len(snap.Domains) == 0 {
		return nil
	}
	out := &Config{Edits: snap.Edits}
	for i := range snap.APIs {
		out.APIs = append(out.APIs, configAPI(snap, &snap.APIs[i], result))
	}
	for i := range snap.Domains {
		out.Domains = append(out.Domains, configDomain(snap, &snap.Domains[i]))
	}
	return out
}

func configAPI(snap *probe.Snapshot, api *probe.API, result *cause.Result) ConfigAPI {
	out := ConfigAPI{
		ID: api.ID, Name: api.Name, Kind: api.Kind, AccountID: api.AccountID, Region: cmp.Or(api.Region, snap.Region), Stages: []ConfigStage{}, Pending: map[string][]Pending{},
		EndpointTypes: api.EndpointTypes, DefaultEndpointOff: api.DefaultEndpointOff, LastEdit: LastEdit(snap.Edits, api.ID),
		IPAddressType: api.IPAddressType, AccessMode: api.AccessMode, Tool: deployedBy(api), Status: unusual(api.Status), StatusText: api.StatusText,
	}
	out.Unreadable = append(out.Unreadable, unknownMembers("the API", api.Other)...)
	for i := range api.Stages {
		st := &api.Stages[i]
		conf := configStage(api, st, result)
		conf.History = history(&conf, out.LastEdit)
		conf.Changes = newest(snap.History.OfStage(api.ID, st.Name))
		out.Unreadable = append(out.Unreadable, unknownMembers("stage "+st.Name, st.Other)...)
		out.Stages = append(out.Stages, conf)
		pending, unreadable := pendingEdits(api, st, result)
		if len(pending) > 0 {
			out.Pending[st.Name] = pending
		}
		out.Unreadable = append(out.Unreadable, unreadable...)
	}
	out.Unreadable = grouped(unique(out.Unreadable))
	out.Matrix = matrix(api, result)
	for _, d := range api.Deployments {
		out.Deployments = append(out.Deployments, DeploymentUse{
			ID: d.ID, Created: d.Created, Description: d.Description, UsedBy: usedBy(api, d.ID),
		})
	}
	return out
}

// MostChanges is how many changes of a stage or domain are shown.
const MostChanges = 3

func newest(changes []probe.Change) []probe.Change { return changes[:min(len(changes), MostChanges)] }

// unusual is a status that is not the one of every day.
func unusual(status string) string {
	if status == "AVAILABLE" {
		return ""
	}
	return status
}

// unknownMembers are members of an answer that the SDK does not know: what they do is
// not known either, so that likeness of two of them is no equality.
func unknownMembers(of string, members map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		out = append(out, fmt.Sprintf("%s of %s, which this version does not know", name, of))
	}
	return out
}

// deployedBy is the tool that deploys an API, by its tags and the descriptions of its
// deployments; "" where they do not tell.
func deployedBy(api *probe.API) string {
	var descriptions []string
	for _, d := range api.Deployments {
		descriptions = append(descriptions, d.Description)
	}
	return probe.ToolOfTraces(api.Tags, descriptions...)
}

func configStage(api *probe.API, st *probe.Stage, result *cause.Result) ConfigStage {
	out := ConfigStage{
		Name: st.Name, DeploymentID: st.DeploymentID, Updated: st.Updated,
		LoggingLevel: st.Methods["*/*"].LoggingLevel, CacheStatus: unusual(strings.TrimSuffix(st.CacheStatus, "NOT_AVAILABLE")),
	}
	if d := api.Deployment(st.DeploymentID); d != nil {
		out.Deployed = d.Created
		for _, other := range api.Deployments {
			if other.Created.After(d.Created) {
				out.Newer = append(out.Newer, other.ID)
			}
		}
	}
	if api.Kind == probe.HTTP {
		out.AutoDeploy, out.LastDeployment = &st.AutoDeploy, st.LastDeploymentStatus
	}
	if st.Canary != nil {
		out.Canary = &Canary{Percent: st.Canary.Percent, DeploymentID: st.Canary.DeploymentID}
		if d := api.Deployment(st.Canary.DeploymentID); d != nil {
			out.CanaryCreated = d.Created
		}
		out.CanaryState = canaryState(api, st)
		if result != nil {
			if m, ok := result.Measured[api.ID+"/"+st.Name]; ok {
				out.Canary.Measured = &m
			}
		}
	}
	return out
}

func pendingEdits(api *probe.API, st *probe.Stage, result *cause.Result) ([]Pending, []string) {
	diffs, uncompared := diff.Undeployed(api, st)
	var seen map[string]cause.Fact
	if result != nil {
		seen = result.Seen[api.ID+"/"+st.Name]
	}
	var out []Pending
	for _, d := range diffs {
		out = append(out, Pending{
			Subject: d.Subject, Aspect: d.Aspect, Editor: d.A, Stage: d.B,
			Before: d.Before, After: d.After, Seen: prose.Say(seen[d.Subject]),
		})
	}
	return out, uncompared
}

// LastEdit is the last change of an API's definition that needs a deployment; nil where
// none is known.
func LastEdit(edits []probe.Edit, api string) *probe.Edit {
	var last *probe.Edit
	for i := range edits {
		e := &edits[i]
		if needs, known := probe.NeedsDeployment(e.Event); e.APIID == api && needs && known && (last == nil || e.At.After(last.At)) {
			last = e
		}
	}
	return last
}

// history says whether a stage was deployed before or after the last edit, with
// both times.
func history(st *ConfigStage, e *probe.Edit) string {
	if e == nil || st.Deployed.IsZero() {
		return ""
	}
	edit := e.Event
	if e.Who != "" {
		edit += " by " + e.Who
	}
	word := "after"
	if st.Deployed.Before(e.At) {
		word = "before"
	}
	return fmt.Sprintf("deployed %s, %s the last edit (%s, %s)", words.Day(st.Deployed), word, edit, words.Day(e.At))
}

// canaryState is what the configuration tells of a stage's canary.
func canaryState(api *probe.API, st *probe.Stage) *CanaryState {
	state, why := diff.CanaryStanding(api, st)
	out := &CanaryState{State: string(state), Why: why}
	diffs, vars, _, uncompared := diff.CanaryDifference(api, st)
	for _, d := range diffs {
		out.Differs = append(out.Differs, Pending{Subject: d.Subject, Aspect: d.Aspect, Editor: d.A, Stage: d.B, Before: d.Before, After: d.After})
	}
	for _, v := range vars {
		out.Variables = append(out.Variables, Setting{Setting: v.Name, Values: v.Values, Matters: mayMatter(v.Behaviour)})
	}
	out.Unreadable = grouped(uncompared)
	return out
}

// grouped joins aspects that were not compared for the same reason, each
// written "aspect: reason".
func grouped(list []string) []string {
	aspects := map[string][]string{}
	var order []string
	for _, item := range list {
		aspect, reason, ok := strings.Cut(item, ": ")
		if !ok {
			aspect, reason = item, ""
		}
		if aspects[reason] == nil {
			order = append(order, reason)
		}
		aspects[reason] = append(aspects[reason], aspect)
	}
	var out []string
	for _, reason := range order {
		out = append(out, strings.TrimSuffix(strings.Join(aspects[reason], ", ")+": "+reason, ": "))
	}
	return out
}

func mayMatter(behaviour bool) string {
	if behaviour {
		return "untested"
	}
	return "cosmetic"
}

// matrix holds the settings in which stages differ, with what the probes saw of
// them where there were probes.
func matrix(api *probe.API, result *cause.Result) []Setting {
	var out []Setting
	if result != nil && result.Settings[api.ID] != nil {
		return result.Settings[api.ID]
	}
	for _, s := range diff.Stages(api) {
		unknown := strings.HasPrefix(s.Name, "other.") // to the SDK
		out = append(out, Setting{Setting: s.Name, Values: s.Values, Matters: mayMatter(s.Behaviour || unknown)})
	}
	return out
}

func usedBy(api *probe.API, deployment string) []string {
	var out []string
	for _, st := range api.Stages {
		if st.DeploymentID == deployment {
			out = append(out, st.Name)
		}
		if st.Canary != nil && st.Canary.DeploymentID == deployment {
			out = append(out, st.Name+" (canary)")
		}
	}
	slices.Sort(out)
	return out
}
