package cause

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// The states of a step.
const (
	stepOK      = "ok"
	stepProblem = "problem"
	stepUnknown = "unknown"
)

var stepNames = [6]string{"target stage", "deployment history", "redeployment needed", "stage configuration", "canary", "retest"}

// steps says of each of the six steps whether it is ok, in the order in which a
// person would take them.
func stepEvidence(fx *Facts, r *Result) (out [6]Step) {
	notes := [6]func(*Facts, *Result) (string, string){targetStep, historyStep, redeployStep, settingsStep, canaryStep, retestStep}
	for i, name := range stepNames {
		status, note := stepUnknown, "no stage was read"
		if len(fx.targets) > 0 {
			status, note = notes[i](fx, r)
		}
		if problems := problems(r, i+1); i < 5 && len(problems) > 0 {
			status, note = stepProblem, strings.Join(problems, "; ")
		}
		out[i] = Step{N: i + 1, Name: name, Status: status, Note: note}
	}
	return out
}

// problems are the findings of a step, in a few words each.
func problems(r *Result, step int) []string {
	var out []string
	for _, f := range r.Findings {
		if f.Step == step && f.Severity != Info {
			out = append(out, fmt.Sprintf("%s on %s (%s)", f.Cause, words.Some(f.Targets, 3), f.Linked))
		}
	}
	return out
}

// unread are the targets whose stage was not read.
func unread(fx *Facts) []string {
	var out []string
	for _, sub := range fx.targets {
		if sub.conf == nil && sub.Unmapped == "" {
			out = append(out, sub.ID)
		}
	}
	return out
}

func targetStep(fx *Facts, _ *Result) (string, string) {
	var texts []string
	for _, sub := range fx.targets {
		if sub.Stage != "" {
			texts = append(texts, fmt.Sprintf("%s serves stage %s", sub.ID, sub.Stage))
		}
	}
	if un := unread(fx); len(un) > 0 {
		return stepUnknown, "the configuration of " + words.Some(un, 3) + " was not read"
	}
	return stepOK, words.Some(texts, 4)
}

func historyStep(fx *Facts, _ *Result) (string, string) {
	var texts []string
	for _, sub := range fx.targets {
		if sub.conf == nil {
			continue
		}
		text := fmt.Sprintf("stage %s serves deployment %s", sub.Stage, orUnknown(sub.conf.DeploymentID))
		if d := sub.api.Deployment(sub.conf.DeploymentID); d != nil && !d.Created.IsZero() {
			text += " of " + words.Day(d.Created)
		}
		text += newer(sub.api, sub.conf)
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return stepUnknown, "no stage was read"
	}
	return stepOK, words.Some(texts, 4)
}

// newer names the deployments that are newer than what a stage serves, the newest
// first, with what uses them.
func newer(api *probe.API, st *probe.Stage) string {
	own := api.Deployment(st.DeploymentID)
	if own == nil || own.Created.IsZero() {
		return ""
	}
	var texts []string
	for i := range api.Deployments {
		if d := &api.Deployments[i]; d.Created.After(own.Created) {
			text := fmt.Sprintf("%s of %s, %s", d.ID, words.Day(d.Created), usedBy(api, d.ID))
			if d.Status != "" && d.Status != "DEPLOYED" {
				text += ", " + d.Status
			}
			texts = append(texts, text)
		}
	}
	switch n := len(texts); {
	case n == 0:
		return ""
	case n > 2:
		texts = append(texts[:2], fmt.Sprintf("and %d more", n-2))
	}
	return " (newer: " + strings.Join(texts, "; ") + ")"
}

// usedBy names the stages that serve a deployment, themselves or by their canary.
func usedBy(api *probe.API, deployment string) string {
	var users []string
	for i := range api.Stages {
		st := &api.Stages[i]
		if st.DeploymentID == deployment {
			users = append(users, "on stage "+st.Name)
		}
		if st.Canary != nil && st.Canary.DeploymentID == deployment && st.DeploymentID != deployment {
			users = append(users, "on the canary of stage "+st.Name)
		}
	}
	if len(users) == 0 {
		return "on no stage"
	}
	return words.Some(users, 2)
}

// uncompared is what the definitions of the targets' stages do not tell, each
// once, and never taken for equal.
func uncompared(subjects []*target) []string {
	var out []string
	for _, sub := range subjects {
		_, un := diff.Undeployed(sub.api, sub.conf)
		for _, text := range un {
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out
}

// unreadDefinitions says which definition of a target could not be read, and
// what would let it.
func unreadDefinitions(fx *Facts, sub *target) string {
	var texts []string
	switch {
	case sub.conf == nil:
		return "neither the editor nor the stage of " + sub.ID + " was read"
	case sub.api.Editor == nil:
		subjects := []string{"API " + sub.APIID, "HTTP API " + sub.APIID}
		texts = append(texts, fmt.Sprintf("the editor's definition of API %s was not read: %s", sub.APIID, toRead(gaps(fx, subjects, "GetResources", "ExportApi", "GetRoutes"))))
	}
	if sub.conf.Deployed == nil {
		texts = append(texts, fmt.Sprintf("the definition that stage %s serves was not read: %s", sub.Stage, toRead(unreadDeployed(fx, sub.api, sub.conf))))
	}
	return strings.Join(texts, "; ")
}

func redeployStep(fx *Facts, _ *Result) (string, string) {
	subjects := slices.DeleteFunc(slices.Clone(fx.targets), func(sub *target) bool { return sub.conf == nil && sub.Unmapped != "" })
	if len(subjects) == 0 {
		return stepUnknown, "no stage is reached"
	}
	for _, sub := range subjects {
		if sub.conf == nil || sub.api.Editor == nil || sub.conf.Deployed == nil {
			return stepUnknown, unreadDefinitions(fx, sub)
		}
	}
	if un := uncompared(subjects); len(un) > 0 {
		return stepUnknown, "no edit of what could be compared waits for a deployment; not compared: " + words.Some(un, 6)
	}
	texts := []string{"no edit waits for a deployment"}
	for _, sub := range subjects {
		d, e := sub.api.Deployment(sub.conf.DeploymentID), lastEdit(fx, sub.APIID)
		if d == nil || e == nil || !e.At.After(d.Created) {
			continue
		}
		// An edit that was taken back, or one of what no definition holds.
		text := fmt.Sprintf("the last edit of %s (%s, %s) came after the deployment of stage %s, yet what was compared is equal",
			sub.APIID, strings.TrimSpace(e.Event+" "+by(e.Who)), words.Day(e.At), sub.Stage)
		if diffs, _ := diff.Undeployed(sub.api, sub.conf); len(diffs) == 0 && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return stepOK, strings.Join(texts[:min(len(texts), 3)], "; ")
}

func settingsStep(fx *Facts, r *Result) (string, string) {
	if un := unread(fx); len(un) > 0 {
		return stepUnknown, "the settings of " + words.Some(un, 3) + " were not read"
	}
	n := 0
	for _, notes := range r.Settings {
		n += len(notes)
	}
	if n > 0 {
		return stepOK, fmt.Sprintf("stages differ in %s, and no undeclared one shows in behaviour", words.Plural(n, "setting"))
	}
	return stepOK, "no difference between stages shows in behaviour"
}

func canaryStep(fx *Facts, r *Result) (string, string) {
	var texts []string
	for _, sub := range fx.targets {
		if c := sub.Canary; c != nil {
			text := fmt.Sprintf("stage %s has a canary at %s", sub.Stage, words.Percent(c.Percent/100))
			if !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	switch un := unread(fx); {
	case len(texts) > 0 && slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Step == 5 }):
		return stepOK, words.List(texts)
	case len(texts) > 0:
		return stepUnknown, words.List(texts) + "; its effect is not decided"
	case len(un) > 0:
		return stepUnknown, "whether " + words.Some(un, 3) + " has a canary was not read"
	}
	return stepOK, "no canary is configured"
}

// retestStep is what to do after mending, and what the sixth step's own causes
// say.
func retestStep(fx *Facts, r *Result) (string, string) {
	problems := problems(r, 6)
	mending := slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity != Info })
	switch {
	case len(problems) > 0:
		return stepProblem, strings.Join(problems, "; ") + "; run the check again with --baseline after mending"
	case mending:
		return stepProblem, "run the check again with --baseline after mending: it says what is mended"
	case len(r.Open) > 0:
		return stepUnknown, r.Open[0].Text
	}
	return stepOK, "nothing to mend"
}
