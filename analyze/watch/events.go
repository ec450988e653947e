package watch

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// Events are the changes between two readings of the configuration that concern
// what is served: deployments, canaries, variables and settings of stages, and what
// domains lead to. What either reading lacks is no change: it may not have been
// read.
func Events(before, after *probe.Snapshot) []analyze.ConfigChange {
	var out []analyze.ConfigChange
	for i := range after.APIs {
		api := &after.APIs[i]
		for j := range api.Stages {
			st := &api.Stages[j]
			if was := before.API(api.ID).Stage(st.Name); was != nil {
				out = append(out, stageChanges(api, was, st)...)
			}
		}
		out = append(out, removedStages(before.API(api.ID), api)...)
	}
	for i := range after.Domains {
		d := &after.Domains[i]
		if was := before.Domain(d.Name); was != nil && before.MappingsRead(was) && after.MappingsRead(d) {
			out = append(out, domainChanges(was, d)...)
		}
	}
	for i := range out {
		tell(&out[i], after.Taken, after.History)
	}
	return out
}

func stageChanges(api *probe.API, was, is *probe.Stage) []analyze.ConfigChange {
	subject := "stage " + api.ID + "/" + is.Name
	var texts []string
	if was.DeploymentID != is.DeploymentID {
		texts = append(texts, fmt.Sprintf("went from deployment %s to %s", cmp.Or(was.DeploymentID, "none"), cmp.Or(is.DeploymentID, "none")))
	}
	if text := canaryChange(was.Canary, is.Canary); text != "" {
		texts = append(texts, text)
	}
	if !maps.Equal(was.Variables, is.Variables) {
		texts = append(texts, "has other variables ("+words.Some(differing(was.Variables, is.Variables), 4)+")")
	}
	if !reflect.DeepEqual(was.Methods, is.Methods) {
		texts = append(texts, "has other method settings")
	}
	if was.WebACL != is.WebACL {
		texts = append(texts, "has another web ACL")
	}
	if len(texts) == 0 {
		return nil
	}
	c := analyze.ConfigChange{Subject: subject, At: is.Updated, Text: subject + " " + words.List(texts)}
	if d := api.Deployment(is.DeploymentID); d != nil && d.Created.After(c.At) {
		c.At = d.Created
	}
	if !c.At.After(was.Updated) { // the stage's own time does not tell
		c.At = time.Time{}
	}
	return []analyze.ConfigChange{c}
}

func canaryChange(was, is *probe.Canary) string {
	switch {
	case reflect.DeepEqual(was, is):
		return ""
	case was == nil:
		return fmt.Sprintf("got a canary of %s with deployment %s", words.Percent(is.Percent/100), is.DeploymentID)
	case is == nil:
		return fmt.Sprintf("has no canary any more (it was %s with deployment %s)", words.Percent(was.Percent/100), was.DeploymentID)
	case was.DeploymentID != is.DeploymentID:
		return fmt.Sprintf("has a canary of %s with deployment %s in place of %s", words.Percent(is.Percent/100), is.DeploymentID, was.DeploymentID)
	case was.Percent != is.Percent:
		return fmt.Sprintf("gives its canary %s in place of %s", words.Percent(is.Percent/100), words.Percent(was.Percent/100))
	}
	return "has other settings of its canary"
}

func differing(a, b map[string]string) []string {
	var names []string
	for name := range a {
		if v, ok := b[name]; !ok || v != a[name] {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func removedStages(was, is *probe.API) []analyze.ConfigChange {
	var out []analyze.ConfigChange
	if was == nil || len(is.Stages) == 0 { // none at all: not read
		return nil
	}
	for i := range was.Stages {
		if name := was.Stages[i].Name; is.Stage(name) == nil {
			subject := "stage " + is.ID + "/" + name
			out = append(out, analyze.ConfigChange{Subject: subject, Text: subject + " was deleted"})
		}
	}
	return out
}

func domainChanges(was, is *probe.Domain) []analyze.ConfigChange {
	subject := "domain " + is.Name
	old, now := leads(was), leads(is)
	var texts []string
	for _, path := range slices.Sorted(maps.Keys(now)) {
		if old[path] == "" {
			texts = append(texts, fmt.Sprintf("%s now leads to %s", path, now[path]))
		} else if old[path] != now[path] {
			texts = append(texts, fmt.Sprintf("%s leads to %s and no longer to %s", path, now[path], old[path]))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(old)) {
		if now[path] == "" {
			texts = append(texts, fmt.Sprintf("%s leads to %s no longer", path, old[path]))
		}
	}
	if !reflect.DeepEqual(was.Rules, is.Rules) {
		texts = append(texts, "has other routing rules")
	}
	if len(texts) == 0 {
		return nil
	}
	return []analyze.ConfigChange{{Subject: subject, Text: subject + ": " + strings.Join(texts, "; ")}}
}

func leads(d *probe.Domain) map[string]string {
	out := map[string]string{}
	for _, m := range d.Mappings {
		out["/"+m.BasePath] = m.APIID + "/" + m.Stage
	}
	return out
}

// fits is how far a record of CloudTrail may lie from a change to be its own.
const fits = 10 * time.Minute

// tell adds who made a change, where CloudTrail knows.
func tell(c *analyze.ConfigChange, taken time.Time, h *probe.History) {
	if h == nil {
		return
	}
	for i := range h.Changes { // newest first
		x := &h.Changes[i]
		stage := x.APIID != "" && x.Stage != "" && c.Subject == "stage "+x.APIID+"/"+x.Stage
		domain := x.Domain != "" && c.Subject == "domain "+x.Domain
		at := c.At
		if at.IsZero() {
			at = taken
		}
		if (stage || domain) && x.At.Sub(at).Abs() <= fits {
			c.Event, c.By, c.Tool = x.Event, x.By, x.Tool
			if c.At.IsZero() {
				c.At = x.At
			}
			return
		}
	}
}
