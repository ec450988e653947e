package report

import (
	"cmp"
	"strings"

	"stageprobe/analyze"
)

// config writes the configuration: open where it is all there is, else folded.
func (m *markdown) config(rep *analyze.Report) {
	if rep.Config == nil {
		return
	}
	fold := !inspected(rep)
	if fold {
		m.section(func() { m.line("\n<details><summary>Configuration</summary>") })
	} else {
		m.section(func() { m.line("\n### Configuration") })
	}
	for i := range rep.Config.APIs {
		m.section(func() { m.api(&rep.Config.APIs[i]) })
	}
	m.section(func() { m.domains(rep.Config.Domains) })
	m.section(func() {
		for i := range rep.Config.Edits {
			m.line("\nLast edit: %s", md(editWords(&rep.Config.Edits[i])))
		}
	})
	if fold {
		m.line("\n</details>")
	}
}

func (m *markdown) api(a *analyze.ConfigAPI) {
	m.line("\n**%s API %s** %s\n", md(string(a.Kind)), md(a.ID), md(a.Name))
	if len(a.Stages) > 0 {
		m.head("Stage", "Serves", "Canary")
		for _, s := range a.Stages {
			canary := ""
			if s.Canary != nil {
				canary = canaryWords(s.Canary)
			}
			if s.CanaryState != nil {
				canary += "; " + standingWords(s.CanaryState)
			}
			m.row(md(s.Name), md(stageWords(&s)), md(canary))
		}
	}
	m.canaries(a)
	m.deployments(a.Deployments)
	m.matrix(a)
	m.pending(a)
	for _, u := range a.Unreadable {
		m.line("\nNot compared: %s", md(u))
	}
}

// canaries list in what each canary's snapshot is another than its stage's.
func (m *markdown) canaries(a *analyze.ConfigAPI) {
	for _, s := range a.Stages {
		if s.CanaryState == nil {
			continue
		}
		for i := range s.CanaryState.Differs {
			m.line("- %s: %s", md(s.Name), md(differsWords(&s.CanaryState.Differs[i])))
		}
		for i := range s.CanaryState.Variables {
			v := &s.CanaryState.Variables[i]
			m.line("- %s: %s", md(s.Name), md(v.Setting+": "+settingWords(v)))
		}
	}
}

func (m *markdown) deployments(all []analyze.DeploymentUse) {
	if len(all) == 0 {
		return
	}
	m.line("")
	m.head("Deployment", "Made", "Description", "Used by")
	for _, d := range all {
		m.row(md(d.ID), moment(d.Created), md(d.Description), md(cmp.Or(strings.Join(d.UsedBy, ", "), "(unused)")))
	}
}

func (m *markdown) matrix(a *analyze.ConfigAPI) {
	if len(a.Matrix) == 0 {
		return
	}
	stages := matrixStages(a)
	head := []string{"Setting"}
	for _, s := range stages {
		head = append(head, md(s))
	}
	m.line("")
	m.head(append(head, "Matters")...)
	for _, s := range a.Matrix {
		row := []string{md(s.Setting)}
		for _, stage := range stages {
			row = append(row, md(short(s.Values[stage])))
		}
		matters := s.Matters
		if s.Intended {
			matters = "intended"
		}
		m.row(append(row, md(matters))...)
	}
}

// matrixStages are the stages that any row of a matrix names.
func matrixStages(a *analyze.ConfigAPI) []string {
	var rows []map[string]string
	for _, s := range a.Matrix {
		rows = append(rows, s.Values)
	}
	return columns(rows...)
}

func (m *markdown) pending(a *analyze.ConfigAPI) {
	if len(a.Pending) == 0 {
		return
	}
	m.line("\nNot deployed to these stages:\n")
	m.head("Stage", "What", "Editor", "Stage has", "Seen")
	for _, stage := range columns(a.Pending) {
		for _, e := range a.Pending[stage] {
			m.row(md(stage), md(e.Subject+" "+e.Aspect), md(short(e.Editor)), md(short(e.Stage)), md(e.Seen))
		}
	}
}

func (m *markdown) domains(all []analyze.ConfigDomain) {
	for _, d := range all {
		m.line("\n**Domain %s**%s %s\n", md(d.Name), md(domainWords(&d)), md(d.Note))
		for i := range d.Paths {
			m.line("- %s", md(pathWords(&d.Paths[i])))
		}
	}
}
