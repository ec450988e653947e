package report

import (
	"cmp"
	"slices"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

// differ is the table of what differs by a finding, with its caption: fields of
// answers where answers differ, else what the configuration has in two ways.
func (v *view) differ(f *cause.Finding) (rows [][]string, caption string) {
	if len(f.Differs) > 0 {
		return differRows(f.Differs), "What differs, and in how many of the compared answers of each side"
	}
	switch f.Cause {
	case cause.WrongStage:
		rows = v.meant(f)
	case cause.StaleDeployment, cause.AutoDeployOff, cause.AutoDeployFailed:
		rows = v.waiting(f)
	case cause.StageConfigDrift:
		rows = v.drift(f)
	}
	if len(rows) > 1 {
		return rows, "What differs in the configuration"
	}
	return v.examples(f), "What differs in the answers"
}

// examples are the fields in which an example of a finding's less usual answers is
// another than the usual one; nil where there is none. Each side is one answer.
func (v *view) examples(f *cause.Finding) [][]string {
	if f.Severity == cause.Info || f.Cause == cause.StaleCanary { // what nothing shows has no example
		return nil
	}
	rows := [][]string{{"what differs", "usual", "other"}}
	for i := range v.rep.Targets {
		t := &v.rep.Targets[i]
		if !contains(f.Targets, t.ID) {
			continue
		}
		for _, c := range t.Clusters {
			if c.Example == nil || len(f.Scenarios) > 0 && !contains(f.Scenarios, c.Scenario) || len(f.Clusters) > 0 && !contains(f.Clusters, c.ID) {
				continue
			}
			for _, d := range c.Example.Differs {
				where := whereWords(d.Field)
				if row := []string{where, valueWords(d.Usual), valueWords(d.Here)}; !slices.ContainsFunc(rows, func(r []string) bool { return r[0] == where }) {
					rows = append(rows, row)
				}
			}
		}
	}
	if len(rows) < 2 {
		return nil
	}
	slices.SortStableFunc(rows[1:], func(a, b []string) int { // what says most comes first
		return cmp.Compare(fieldRank(a[0]), fieldRank(b[0]))
	})
	return rows[:min(len(rows), 1+maxExamples)]
}

func fieldRank(where string) int {
	if where == whereWords(statusField) {
		return 0
	}
	return 1
}

// maxExamples is how many fields are shown of answers that nothing ties to a side.
const maxExamples = 6

// meant are the targets of a finding that lead elsewhere than they are meant to.
func (v *view) meant(f *cause.Finding) [][]string {
	rows := [][]string{{"what differs", "meant", "is"}}
	for i := range v.rep.Targets {
		if t := &v.rep.Targets[i]; contains(f.Targets, t.ID) && t.Meant != "" && t.Meant != t.Stage {
			rows = append(rows, []string{"stage of " + t.ID, t.Meant, t.Stage})
		}
	}
	return rows
}

// ofTargets calls look for each API of the configuration with the stages of it that
// a finding names.
func (v *view) ofTargets(f *cause.Finding, look func(api *analyze.ConfigAPI, stages []string)) {
	if v.rep.Config == nil {
		return
	}
	for i := range v.rep.Config.APIs {
		api := &v.rep.Config.APIs[i]
		var stages []string
		for _, s := range api.Stages {
			if contains(f.Targets, api.ID+"/"+s.Name) {
				stages = append(stages, s.Name)
			}
		}
		if len(stages) > 0 {
			look(api, stages)
		}
	}
}

// waiting are the edits that wait for a deployment to the stages of a finding.
func (v *view) waiting(f *cause.Finding) [][]string {
	rows := [][]string{{"what differs", "editor", "deployed"}}
	v.ofTargets(f, func(api *analyze.ConfigAPI, stages []string) {
		for _, s := range stages {
			for _, e := range api.Pending[s] {
				row := []string{e.Subject + " " + e.Aspect, valueWords(short(e.Editor)), valueWords(short(e.Stage))}
				if !slices.ContainsFunc(rows, func(r []string) bool { return slices.Equal(r, row) }) {
					rows = append(rows, row)
				}
			}
		}
	})
	return rows
}

// drift are the settings in which the stages of a finding differ and nobody said
// that they should.
func (v *view) drift(f *cause.Finding) [][]string {
	var rows [][]string
	v.ofTargets(f, func(api *analyze.ConfigAPI, stages []string) {
		if len(rows) > 0 || len(stages) < 2 {
			return
		}
		rows = append(rows, append([]string{"setting"}, stages...))
		for _, s := range api.Matrix {
			if s.Intended {
				continue
			}
			row := []string{s.Setting}
			for _, stage := range stages {
				row = append(row, valueWords(short(s.Values[stage])))
			}
			if len(slices.Compact(slices.Clone(row[1:]))) > 1 {
				rows = append(rows, row)
			}
		}
	})
	return rows
}
