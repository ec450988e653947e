package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// configPage writes the configuration, and what a change makes of it.
type configPage struct{ *page }

// config shows all of the configuration.
func (p configPage) config(rep *analyze.Report) {
	if rep.Config == nil {
		return
	}
	p.heading("CONFIGURATION")
	for i := range rep.Config.APIs {
		p.api(&rep.Config.APIs[i])
	}
	for i := range rep.Config.Domains {
		p.domain(&rep.Config.Domains[i])
	}
	p.edits(rep.Config.Edits)
}

func (p configPage) api(a *analyze.ConfigAPI) {
	name := ""
	if a.Name != "" {
		name = " " + a.Name
	}
	p.para("", fmt.Sprintf("%s API %s%s: %s", a.Kind, p.in(strong, a.ID), name, words.Plural(len(a.Stages), "stage")))
	if words := endpointWords(a); words != "" {
		p.para("  ", words)
	}
	for i := range a.Stages {
		p.stage(&a.Stages[i], a.Pending[a.Stages[i].Name])
	}
	p.deployments(a.Deployments)
	p.matrix(a)
	for _, u := range a.Unreadable {
		p.para("  not compared: ", u)
	}
	p.blank()
}

func (p configPage) stage(s *analyze.ConfigStage, pending []analyze.Pending) {
	p.hang("  ", "      ", p.in(strong, s.Name)+": "+stageWords(s))
	if s.Canary != nil {
		c := canaryWords(s.Canary)
		if !s.CanaryCreated.IsZero() {
			c += ", made " + moment(s.CanaryCreated)
		}
		p.hang("      ", "        ", c)
		p.canaryState(s.CanaryState)
	}
	changes(p.page, "      ", s.Changes)
	for _, e := range pending {
		p.hang("      ", "        ", p.in(yellow, "not deployed to it:")+" "+pendingWords(&e))
	}
}

// changes are who changed something last.
func changes(p *page, indent string, list []probe.Change) {
	for i := range list {
		p.hang(indent, indent+"  ", "changed: "+changeWords(&list[i]))
	}
}

func changeWords(c *probe.Change) string {
	s := c.Event
	if c.DeploymentID != "" {
		s += " " + c.DeploymentID
	}
	if c.By != "" {
		s += " by " + c.By
	}
	if c.Tool != "" {
		s += " (" + c.Tool + ")"
	}
	return s + ", " + moment(c.At)
}

// canaryState says how a canary lies to what its stage serves.
func (p configPage) canaryState(c *analyze.CanaryState) {
	if c == nil {
		return
	}
	p.hang("        ", "        ", standingWords(c))
	for i := range c.Differs {
		p.hang("        ", "          ", differsWords(&c.Differs[i]))
	}
	for i := range c.Variables {
		p.hang("        ", "          ", "on the canary "+c.Variables[i].Setting+": "+settingWords(&c.Variables[i]))
	}
	for _, u := range c.Unreadable {
		p.hang("        ", "          ", "not compared: "+u)
	}
}

func standingWords(c *analyze.CanaryState) string { return c.State + ": " + c.Why }

// differsWords say in what a canary's snapshot is another than its stage's.
func differsWords(e *analyze.Pending) string {
	s := "on the canary " + e.Subject
	switch e.Aspect {
	case "added":
		return s + ": only there"
	case "removed":
		return s + ": missing"
	}
	return s + fmt.Sprintf(" %s: %s, on the stage %s", e.Aspect, cmp.Or(short(e.Editor), "nothing"), cmp.Or(short(e.Stage), "nothing"))
}

// endpointWords say what is unusual about an API's own endpoint.
func endpointWords(a *analyze.ConfigAPI) string {
	parts := []string{}
	if len(a.EndpointTypes) > 0 {
		parts = append(parts, strings.ToLower(strings.Join(a.EndpointTypes, ", "))+" endpoint")
	}
	if a.DefaultEndpointOff {
		parts = append(parts, "its execute-api host is disabled: only custom domains reach it")
	}
	if a.Status != "" {
		parts = append(parts, strings.TrimSpace("status "+a.Status+" "+a.StatusText))
	}
	if a.IPAddressType != "" && a.IPAddressType != "ipv4" {
		parts = append(parts, a.IPAddressType)
	}
	if a.AccessMode == "STRICT" {
		parts = append(parts, "endpoint access mode STRICT: it refuses where the TLS name and the Host header differ")
	}
	if a.Tool != "" {
		parts = append(parts, "deployed by "+a.Tool)
	}
	return strings.Join(parts, "; ")
}

// stageWords say what a stage serves since when.
func stageWords(s *analyze.ConfigStage) string {
	parts := []string{"deployment " + cmp.Or(s.DeploymentID, "none")}
	switch {
	case s.History != "":
		parts[0] += ", " + s.History
	case !s.Deployed.IsZero():
		parts[0] += " of " + moment(s.Deployed)
	}
	if n := len(s.Newer); n > 0 {
		parts = append(parts, fmt.Sprintf("%s (%s)", words.Plural(n, "newer deployment"), clip(strings.Join(s.Newer, ", "), 60)))
	}
	if s.AutoDeploy != nil {
		parts = append(parts, "automatic deployment "+onOff(*s.AutoDeploy))
	}
	if s.LastDeployment != "" {
		parts = append(parts, "last deployment: "+strings.TrimSuffix(short(s.LastDeployment), "."))
	}
	if s.LoggingLevel != "" {
		parts = append(parts, "logging "+s.LoggingLevel)
	}
	if s.CacheStatus != "" {
		parts = append(parts, "cache cluster "+s.CacheStatus)
	}
	return strings.Join(parts, ", ")
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// pendingWords say what a redeployment would change.
func pendingWords(e *analyze.Pending) string {
	s := e.Subject + " " + e.Aspect
	if e.Before == e.After { // answers do not show it
		s += fmt.Sprintf(": %s in the editor, %s on the stage", cmp.Or(short(e.Editor), "nothing"), cmp.Or(short(e.Stage), "nothing"))
	} else {
		s += fmt.Sprintf(": now %s; once deployed, %s", short(e.Before), short(e.After))
	}
	if e.Seen != "" {
		s += "; seen: " + e.Seen
	}
	return s
}

func (p configPage) deployments(all []analyze.DeploymentUse) {
	shown := all
	if len(all) > 10 && !p.o.Verbose {
		shown = slices.DeleteFunc(slices.Clone(all), func(d analyze.DeploymentUse) bool { return len(d.UsedBy) == 0 })
	}
	for i := range shown {
		p.hang("  deployment ", "      ", deploymentWords(&shown[i]))
	}
	if more := len(all) - len(shown); more > 0 {
		p.line("  and %s that no stage uses", words.Plural(more, "deployment"))
	}
}

func deploymentWords(d *analyze.DeploymentUse) string {
	s := d.ID + " of " + moment(d.Created)
	if d.Description != "" {
		s += ", " + clip(d.Description, 80)
	}
	if len(d.UsedBy) > 0 {
		return s + ": used by " + strings.Join(d.UsedBy, ", ")
	}
	return s + ": unused"
}

func (p configPage) matrix(a *analyze.ConfigAPI) {
	if len(a.Matrix) == 0 {
		return
	}
	p.line("  where its stages differ:")
	for _, s := range a.Matrix {
		p.hang("    ", "      ", p.in(strong, s.Setting)+matters(&s)+": "+settingWords(&s))
	}
}

// matters says in brackets whether a difference shows in behaviour.
func matters(s *analyze.Setting) string {
	word := s.Matters
	if s.Intended {
		word = "intended"
	}
	if word == "" {
		return ""
	}
	return " (" + word + ")"
}

// settingWords list stage by stage, stages with the same value together.
func settingWords(s *analyze.Setting) string {
	byValue := map[string][]string{}
	var order []string
	for _, stage := range columns(s.Values) {
		v := s.Values[stage]
		if byValue[v] == nil {
			order = append(order, v)
		}
		byValue[v] = append(byValue[v], stage)
	}
	var parts []string
	for _, v := range order {
		parts = append(parts, strings.Join(byValue[v], ", ")+" "+cmp.Or(short(v), "(nothing)"))
	}
	return strings.Join(parts, "; ")
}

func (p configPage) domain(d *analyze.ConfigDomain) {
	p.para("", "domain "+p.in(strong, d.Name)+domainWords(d))
	for i := range d.Paths {
		p.hang("  ", "      ", pathWords(&d.Paths[i]))
	}
	if d.Note != "" {
		p.para("  ", d.Note)
	}
	changes(p.page, "  ", d.Changes)
	p.blank()
}

// domainWords say how a domain is reached.
func domainWords(d *analyze.ConfigDomain) string {
	var parts []string
	if len(d.EndpointTypes) > 0 {
		parts = append(parts, strings.ToLower(strings.Join(d.EndpointTypes, ", ")))
	}
	if d.SecurityPolicy != "" {
		parts = append(parts, "TLS policy "+d.SecurityPolicy)
	}
	if d.Status != "" && d.Status != "AVAILABLE" {
		parts = append(parts, strings.ToLower(d.Status))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// pathWords say which stage a path of a domain leads to, and by what.
func pathWords(d *analyze.DomainPath) string {
	s := d.Path
	if d.When != "" {
		s += " with " + d.When
	}
	s += fmt.Sprintf(" leads to stage %s of %s", d.Stage, d.APIID)
	if d.By != "mapping" {
		s += " (" + d.By + ")"
	}
	if d.Note != "" {
		s += "; " + d.Note
	}
	return s
}

func (p configPage) edits(edits []probe.Edit) {
	if len(edits) == 0 {
		return
	}
	p.line("last edits")
	for _, e := range edits {
		p.para("  ", editWords(&e))
	}
}

func editWords(e *probe.Edit) string {
	return fmt.Sprintf("%s of %s at %s by %s", e.Event, e.APIID, moment(e.At), cmp.Or(e.Who, "unknown"))
}
