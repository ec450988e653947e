package cause

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// Matters of a setting in which stages differ.
const (
	linkedSetting   = "linked"
	cosmeticSetting = "cosmetic"
	untestedSetting = "untested"
	noDifference    = "no difference seen"
)

// drift links settings in which stages differ to scenarios that they answer
// differently.
func (s *study) drift() {
	done := map[string]bool{}
	for _, a := range s.subjects {
		if a.api == nil || done[a.APIID] {
			continue
		}
		done[a.APIID] = true
		all := diff.Stages(a.api)
		linked := s.linkSettings(a.api, all)
		if len(linked) == 0 {
			s.untestedAuthorizers(a.api, all)
		}
		for _, set := range all {
			s.settings[a.APIID] = append(s.settings[a.APIID], s.note(a.api, set, linked[set.Name]))
		}
	}
}

// untestedAuthorizers finds stages of one deployment that ask different
// authorizers about routes to which no request was sent: who is let in may
// differ, and this run does not tell.
func (s *study) untestedAuthorizers(api *probe.API, all []diff.Setting) {
	for _, p := range s.stagePairs(api) {
		var reasons []diff.Setting
		for _, set := range all {
			if strings.HasPrefix(set.Name, "authorizers[") && set.Behaviour && set.Values[p[0].Stage] != set.Values[p[1].Stage] &&
				p[0].DeploymentID == p[1].DeploymentID && !s.compared(api, set) && !s.intended(set) {
				reasons = append(reasons, set)
			}
		}
		if len(reasons) == 0 {
			continue
		}
		f := Finding{
			Cause: StageConfigDrift, Severity: Warning, Linked: ConsistentWith, Step: 4, Scenarios: []string{},
			Targets: []string{p[0].ID, p[1].ID}, Statistics: &Statistics{Test: "configuration"},
			Settles: "a scenario for a route that the authorizer guards, with a token if it asks for one",
		}
		f.Statement = fmt.Sprintf("Stages %s and %s run the same deployment with different authorizers: %s. No request was sent to the routes that they guard.",
			p[0].Stage, p[1].Stage, some(contrasts(p, reasons), 3))
		for _, r := range reasons {
			f.Evidence = append(f.Evidence, settingFact(r, p))
		}
		f.Evidence = evidence(f.Evidence...)
		f.Remedy = s.alignRemedy(api, p, reasons)
		s.report(f, api.ID+"/"+p[0].Stage+"/"+p[1].Stage)
	}
}

// contrasts name settings with their value on either stage.
func contrasts(p [2]*subject, reasons []diff.Setting) []string {
	var out []string
	for _, r := range reasons {
		out = append(out, fmt.Sprintf("%s (%s: %s, %s: %s)", r.Name, p[0].Stage, value(r.Values[p[0].Stage]), p[1].Stage, value(r.Values[p[1].Stage])))
	}
	return out
}

// note says of a setting whether it matters.
func (s *study) note(api *probe.API, set diff.Setting, linked bool) SettingNote {
	n := SettingNote{Setting: set.Name, Values: set.Values, Matters: untestedSetting, Intended: s.intended(set)}
	switch {
	case linked:
		n.Matters = linkedSetting
	case !set.Behaviour:
		n.Matters = cosmeticSetting
	case s.compared(api, set):
		n.Matters = noDifference
	}
	return n
}

// intended tells whether somebody declared that stages may differ in a setting.
func (s *study) intended(set diff.Setting) bool {
	return slices.ContainsFunc(s.Intended, func(i Intended) bool { return i.covers(set, nil) })
}

// covers tells whether a declaration names a setting and the stages given.
func (i Intended) covers(set diff.Setting, stages []string) bool {
	if ok, err := path.Match(i.Setting, set.Name); !ok && (err == nil || i.Setting != set.Name) && i.Setting != set.Name {
		return false
	}
	return len(i.Stages) == 0 || !slices.ContainsFunc(stages, func(st string) bool { return !slices.Contains(i.Stages, st) })
}

// compared tells whether a scenario that a setting can influence was sent to two
// stages with different values.
func (s *study) compared(api *probe.API, set diff.Setting) bool {
	for _, p := range s.stagePairs(api) {
		if set.Values[p[0].Stage] == set.Values[p[1].Stage] {
			continue
		}
		for _, c := range p[0].cells {
			if _, n := s.distance(p[0], p[1], c.scenario); n > 0 && touches(set.Touches, s.routeKey(p[0], c.scenario)) {
				return true
			}
		}
	}
	return false
}

// stagePairs are the pairs of stages of an API whose own invoke URLs were
// probed.
func (s *study) stagePairs(api *probe.API) [][2]*subject {
	var own []*subject
	for _, sub := range s.subjects {
		if sub.api == api && sub.conf != nil && sub.Kind == probe.InvokeURL && sub.n() > 0 {
			own = append(own, sub)
		}
	}
	var out [][2]*subject
	for i := range own {
		for j := i + 1; j < len(own); j++ {
			if own[i].Stage != own[j].Stage {
				out = append(out, [2]*subject{own[i], own[j]})
			}
		}
	}
	return out
}

// enoughToCompare is how many answers of a scenario each stage must have given
// before a difference between them counts.
const enoughToCompare = 5

// linkSettings finds, per pair of stages, scenarios that are answered differently
// although the same is deployed, and the settings that can be the reason.
func (s *study) linkSettings(api *probe.API, all []diff.Setting) map[string]bool {
	linked := map[string]bool{}
	for _, p := range s.stagePairs(api) {
		var scenarios []int
		var reasons []diff.Setting
		for _, c := range p[0].cells {
			d, n := s.distance(p[0], p[1], c.scenario)
			if n < enoughToCompare || d < .5 || !s.sameRoute(p[0], p[1], c.scenario) {
				continue
			}
			touching := s.touching(p, c.scenario, all)
			if len(touching) == 0 {
				continue
			}
			scenarios = append(scenarios, c.scenario)
			for _, t := range touching {
				if !slices.ContainsFunc(reasons, func(r diff.Setting) bool { return r.Name == t.Name }) {
					reasons = append(reasons, t)
				}
			}
		}
		if len(scenarios) == 0 {
			continue
		}
		for _, r := range reasons {
			linked[r.Name] = true
		}
		if cached := s.cachedSide(p, reasons); cached != nil {
			s.reportCached(p, cached, scenarios, reasons)
			continue
		}
		s.reportDrift(api, p, scenarios, reasons)
	}
	return linked
}

// touching are the settings in which two stages differ that can change the
// answers of a scenario. Where a declared difference is among them it is taken for
// the reason, and nothing is reported.
func (s *study) touching(p [2]*subject, scenario int, all []diff.Setting) []diff.Setting {
	key, stages := s.routeKey(p[0], scenario), []string{p[0].Stage, p[1].Stage}
	var out []diff.Setting
	for _, set := range all {
		if !set.Behaviour || set.Values[p[0].Stage] == set.Values[p[1].Stage] || !touches(set.Touches, key) {
			continue
		}
		if slices.ContainsFunc(s.Intended, func(i Intended) bool { return i.covers(set, stages) }) {
			return nil
		}
		out = append(out, set)
	}
	return out
}

// sameRoute tells whether two stages serve the same definition of a scenario's
// route: the same deployment, or snapshots that agree on it but for who may call.
func (s *study) sameRoute(a, b *subject, scenario int) bool {
	if a.DeploymentID != "" && a.DeploymentID == b.DeploymentID {
		return true
	}
	if a.conf.Deployed == nil || b.conf.Deployed == nil {
		return false
	}
	diffs, _ := diff.Definitions(a.conf.Deployed, b.conf.Deployed)
	key := s.routeKey(a, scenario)
	return !slices.ContainsFunc(diffs, func(d diff.Difference) bool {
		return touches(d.Routes, key) && !strings.Contains(d.Aspect, "authoriz") && !strings.HasPrefix(d.Subject, "authorizer ")
	})
}

func (s *study) reportDrift(api *probe.API, p [2]*subject, scenarios []int, reasons []diff.Setting) {
	f := Finding{
		Cause: StageConfigDrift, Severity: Error, Linked: Statistical, Step: 4,
		Targets: []string{p[0].ID, p[1].ID}, Scenarios: s.scenarioNames(scenarios...),
	}
	var lines []string
	for _, r := range reasons {
		lines = append(lines, settingFact(r, p))
	}
	f.Statement = fmt.Sprintf("Stages %s and %s answer %s differently although the same is deployed on both: %s. They differ in %s.",
		p[0].Stage, p[1].Stage, list(f.Scenarios), s.contrast(p, scenarios[0]), some(contrasts(p, reasons), 4))
	if roots(reasons) == 1 {
		f.Linked = Proven
	} else {
		f.Settles = "make the stages equal in one of the settings at a time: which of them decides is not told by this run"
	}
	n := 0
	for _, sub := range p {
		for _, c := range sub.cells {
			if slices.Contains(scenarios, c.scenario) {
				n += len(c.rows)
				lines = append(lines, s.example(sub, c.ref))
				s.absorb(sub, c)
			}
		}
	}
	f.Evidence = evidence(lines...)
	f.Statistics = &Statistics{Test: "answers of two stages", Effect: 1, N: n, Table: s.pairTable(p, scenarios)}
	f.Statistics.Statistic, _ = s.distance(p[0], p[1], scenarios[0])
	f.Remedy = s.alignRemedy(api, p, reasons)
	s.report(f, api.ID+"/"+p[0].Stage+"/"+p[1].Stage)
}

// roots counts settings that can be changed on their own: an authorizer that a
// stage variable names differs because the variable does, and a cache has
// several settings.
func roots(reasons []diff.Setting) int {
	kinds := map[string]bool{}
	variables := slices.ContainsFunc(reasons, func(r diff.Setting) bool { return strings.HasPrefix(r.Name, "variables.") })
	for _, r := range reasons {
		switch {
		case strings.Contains(r.Name, "cach"):
			kinds["cache"] = true
		case variables && strings.HasPrefix(r.Name, "authorizers["):
		default:
			kinds[r.Name] = true
		}
	}
	return len(kinds)
}

func value(v string) string {
	if v == "" {
		return "not set"
	}
	return v
}

// absorb marks refusals that the drift explains.
func (s *study) absorb(sub *subject, c *cell) {
	for _, k := range c.clusters {
		if refused(&s.Clusters[k]) {
			sub.explain(StageConfigDrift, k)
		}
	}
}

// contrast shows one scenario's usual answers side by side.
func (s *study) contrast(p [2]*subject, scenario int) string {
	var texts []string
	for _, sub := range p {
		for _, c := range sub.cells {
			if c.scenario == scenario && c.ref >= 0 {
				texts = append(texts, fmt.Sprintf("%s gives %s in %d of %d", sub.Stage, s.summary(c.ref), c.count[c.ref], len(c.rows)))
			}
		}
	}
	return list(texts)
}

// pairTable counts behaviours by stage.
func (s *study) pairTable(p [2]*subject, scenarios []int) *Table {
	t := &Table{Columns: []string{p[0].Stage, p[1].Stage}}
	row := map[string]int{}
	for i, sub := range p {
		for _, c := range sub.cells {
			if !slices.Contains(scenarios, c.scenario) {
				continue
			}
			for _, k := range c.clusters {
				key := fmt.Sprintf("%d/%s", c.scenario, s.Clusters[k].ID)
				if _, ok := row[key]; !ok {
					row[key] = len(t.Rows)
					t.Rows = append(t.Rows, s.row(k))
					t.Counts = append(t.Counts, []int{0, 0})
				}
				t.Counts[row[key]][i] += c.count[k]
			}
		}
	}
	return t
}

// alignRemedy sets stage variables on the second stage as they are on the first.
func (s *study) alignRemedy(api *probe.API, p [2]*subject, reasons []diff.Setting) []Remedy {
	set := map[string]string{}
	for _, r := range reasons {
		if name, ok := strings.CutPrefix(r.Name, "variables."); ok {
			set[name] = r.Values[p[0].Stage]
		}
	}
	var out []Remedy
	if len(set) > 0 {
		out = remedy.StageVariables(s.Snapshot.Region, api, p[1].conf, set)
	}
	return append(out, advice(fmt.Sprintf("if the stages are meant to differ in this, declare it in the scenario file: intended: [{stages: [%s, %s], setting: %s}]",
		p[0].Stage, p[1].Stage, reasons[0].Name)))
}
