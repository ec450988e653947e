package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/report/prose"
	"stageprobe/analyze/words"
	"stageprobe/probe"
	"stageprobe/probe/address"
)

// Inspect makes a report of the configuration alone: no traffic, so nothing is
// said of behaviour, and only what needs none is found.
func Inspect(snap probe.Snapshot, policy Policy) *Report {
	result := cause.Explain(cause.Input{
		Plan: probe.Plan{Targets: append(everyStage(&snap), address.UnmappedDomains(&snap)...)}, Snapshot: snap,
		Confidence: policy.confidence(), MinShare: policy.minShare(), Intended: policy.Intended,
		Done: true, Now: snap.Taken,
	})
	result.InWords(prose.Say)
	rep := &Report{
		Schema: ReportSchema,
		Run: Run{
			ID:      inspectRun + snap.Taken.UTC().Format(time.RFC3339),
			Started: snap.Taken.UTC(), Ended: snap.Taken.UTC(), Stopped: "decided",
			Confidence: policy.confidence(), Version: policy.Version,
		},
		Targets: inspectedTargets(&snap), Findings: orEmpty(result.Findings), Expectations: []Expectation{},
		Steps: result.Steps[:], Logs: Logs{Groups: []LogGroup{}, Note: "logs were not read"},
		Notes:  unique(append(gapNotes(snap.Gaps), prose.Lines(result.Notes)...)),
		Config: NewConfig(&snap, &result),
	}
	rep.Open = unreadParts(snap.Gaps)
	rep.Conclude(cmp.Or(policy.FailOn, cause.Error))
	if len(rep.Findings) == 0 && len(rep.Open) == 0 {
		rep.Verdict = []string{fmt.Sprintf("Nothing in the configuration of %s, %s and %s needs mending. What callers get is for check to tell.",
			words.Plural(len(snap.APIs), "API"), words.Plural(len(everyStage(&snap)), "stage"), words.Plural(len(snap.Domains), "domain"))}
	}
	if rep.ExitCode == ExitUndecided && len(rep.Open) == 0 {
		rep.ExitCode = ExitOK // behaviour is left open by design, not by a failing
	}
	return rep
}

// asked are the calls without which a question that inspect is asked stays open:
// which stages, deployments and mappings there are, and which edits wait.
var asked = []string{
	"GetRestApis", "GetApis", "GetRestApi", "GetApi", "GetStages", "GetDeployments", "GetResources", "GetExport", "ExportApi",
	"GetDomainNames", "GetDomainName", "GetBasePathMappings", "GetApiMappings",
}

// unreadParts are the questions that failed reads leave open. What an emulator does
// not know is none.
func unreadParts(gaps []probe.Gap) []Question {
	var failed []probe.Gap
	for _, g := range gaps {
		switch g.Reason {
		case "denied", "throttled", "unreachable", "expired", "not-accepted":
			if slices.Contains(asked, g.Operation) {
				failed = append(failed, g)
			}
		}
	}
	var out []Question
	for _, note := range gapNotes(failed) {
		out = append(out, Question{Text: "part of the configuration: " + note, Enable: "rights and a way to read it (stageprobe policy config)"})
	}
	return out
}

// inspectRun begins the id of a run that read the configuration alone.
const inspectRun = "inspect-"

// Inspected tells a report of the configuration alone: its targets got no request
// by design.
func (rep *Report) Inspected() bool { return strings.HasPrefix(rep.Run.ID, inspectRun) }

// inspectedTargets are the addresses of every stage and domain that was read.
func inspectedTargets(snap *probe.Snapshot) []Target {
	out := []Target{}
	var all address.Selection
	add := func(t *probe.Target) {
		rt := newTarget(snap, t)
		if t.Canary != nil {
			rt.Canary = &Canary{Percent: t.Canary.Percent, DeploymentID: t.Canary.DeploymentID}
		}
		out = append(out, rt)
	}
	for _, t := range everyStage(snap) {
		if t.Region != "" {
			t.URL = address.StageURL(t.Region, "", t.APIID, t.Stage)
		}
		add(&t)
	}
	for i := range snap.APIs {
		all.APIs = append(all.APIs, address.APISelection{ID: snap.APIs[i].ID})
	}
	found, _ := address.Targets(snap, all)
	for _, t := range append(found, address.UnmappedDomains(snap)...) {
		if t.Kind == probe.CustomDomain {
			add(&t)
		}
	}
	return out
}

// everyStage names every stage of a snapshot as a target, without an address:
// nothing is sent there.
func everyStage(snap *probe.Snapshot) []probe.Target {
	var out []probe.Target
	for _, api := range snap.APIs {
		for _, st := range api.Stages {
			out = append(out, probe.Target{
				ID: api.ID + "/" + st.Name, Kind: probe.InvokeURL, APIID: api.ID, APIKind: api.Kind,
				Stage: st.Name, DeploymentID: st.DeploymentID, Canary: st.Canary, Region: cmp.Or(api.Region, snap.Region),
			})
		}
	}
	return out
}
