package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// Inspect makes a report of the configuration alone: no traffic, so nothing is
// said of behaviour, and only what needs none is found.
func Inspect(snap probe.Snapshot, policy Policy) *Report {
	result := cause.Explain(cause.Input{
		Plan: probe.Plan{Targets: append(everyStage(&snap), probe.UnmappedDomains(&snap)...)}, Snapshot: snap,
		Confidence: policy.confidence(), MinShare: policy.minShare(), Intended: policy.Intended,
		Done: true, Now: snap.Taken,
	})
	rep := &Report{
		Schema: ReportSchema,
		Run: Run{
			ID:      "inspect-" + snap.Taken.UTC().Format(time.RFC3339),
			Started: snap.Taken.UTC(), Ended: snap.Taken.UTC(), Stopped: "decided",
			Confidence: policy.confidence(), Version: policy.Version,
		},
		Targets: []Target{}, Findings: orEmpty(result.Findings), Expectations: []Expectation{},
		Steps: result.Steps[:], Logs: Logs{Groups: []LogGroup{}, Note: "logs were not read"},
		Notes:  unique(append(gapNotes(snap.Gaps), result.Notes...)),
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

// everyStage names every stage of a snapshot as a target, without an address:
// nothing is sent there.
func everyStage(snap *probe.Snapshot) []probe.Target {
	var out []probe.Target
	for _, api := range snap.APIs {
		for _, st := range api.Stages {
			out = append(out, probe.Target{
				ID: api.ID + "/" + st.Name, Kind: probe.InvokeURL, APIID: api.ID, APIKind: api.Kind,
				Stage: st.Name, DeploymentID: st.DeploymentID, Canary: st.Canary, Region: snap.Region,
			})
		}
	}
	return out
}
