package report

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
)

// planned tells a report about a change that has not been made yet.
func planned(rep *analyze.Report) bool { return rep.Plan != nil }

// grade is a finding's severity, and how it is tied to the behaviour. Of what has
// not been deployed there is no behaviour yet.
func grade(rep *analyze.Report, f *cause.Finding) string {
	if planned(rep) {
		return string(f.Severity)
	}
	return string(f.Severity) + ", " + linkWords(f.Linked)
}

// planHeadline is what would be live, in a word.
func planHeadline(rep *analyze.Report) string {
	for i := range rep.Findings {
		if rep.Findings[i].Severity == cause.Error {
			return "WOULD NOT ALL GO LIVE"
		}
	}
	if len(rep.Open) > 0 {
		return "CANNOT BE TOLD"
	}
	for _, word := range []struct{ live, headline string }{{"all", "WOULD GO LIVE"}, {"canary", "ON THE CANARY ALONE"}} {
		for _, a := range rep.Plan.APIs {
			if slices.ContainsFunc(a.Stages, func(s analyze.PlanStage) bool { return s.Live == word.live }) {
				return word.headline
			}
		}
	}
	for i := range rep.Findings {
		if rep.Findings[i].Cause == cause.StaleDeployment {
			return "NOTHING THAT CALLERS SEE" // what waits is documentation or the like
		}
	}
	return "NO EDIT NEEDS A DEPLOYMENT"
}

func planRunLine(rep *analyze.Report) string {
	return fmt.Sprintf("Read from %s (%s); nothing was deployed and no request was sent.", strings.Join(rep.Plan.Files, ", "), rep.Plan.Tool)
}

// liveWords say what becomes of the edits on a stage.
func liveWords(live string) string {
	switch live {
	case "all":
		return "goes live"
	case "none":
		return "NOT LIVE"
	case "canary":
		return "canary only"
	case "no edit":
		return "unchanged"
	case "removed":
		return "removed"
	}
	return "?"
}

// maxPlanLines bounds what the text shows of one API's edits.
const maxPlanLines = 12

// plan shows what would be live: stages first, then edits, then what callers
// would see.
func (p configPage) plan(rep *analyze.Report) {
	if !planned(rep) || len(rep.Plan.APIs) == 0 {
		return
	}
	p.heading("AFTER THE DEPLOY")
	for i := range rep.Plan.APIs {
		if i > 0 {
			p.blank()
		}
		p.planAPI(&rep.Plan.APIs[i])
	}
}

func (p configPage) planAPI(a *analyze.PlanAPI) {
	p.para("", fmt.Sprintf("%s API %s", a.Kind, p.in(strong, planName(a))))
	for _, s := range a.Stages {
		word := pad(liveWords(s.Live), 11)
		switch s.Live {
		case "none":
			word = p.in(red, word)
		case "unknown", "canary":
			word = p.in(yellow, word)
		}
		p.hang("  "+word+" ", strings.Repeat(" ", 14), planStageWords(&s))
	}
	limit := maxPlanLines
	if p.o.Verbose {
		limit = len(a.Edits) + len(a.Differs)
	}
	for i, e := range a.Edits {
		if i == limit {
			p.para("  ", fmt.Sprintf("and %s; -v lists them", words.Plural(len(a.Edits)-i, "more edit")))
			break
		}
		p.hang("  edit: ", "        ", planEditWords(&e))
	}
	for i, d := range a.Differs {
		if i == limit {
			p.para("  ", fmt.Sprintf("and %s for callers; -v lists them", words.Plural(len(a.Differs)-i, "more difference")))
			break
		}
		p.hang("  callers: ", "        ", planSeenWords(&d))
	}
}

func planName(a *analyze.PlanAPI) string {
	s := a.Address
	if a.Name != "" && a.Name != a.Address {
		s = a.Name + " (" + a.Address + ")"
	}
	if a.ID != "" && a.ID != a.Address {
		s += ", id " + a.ID
	}
	return s
}

func planStageWords(s *analyze.PlanStage) string {
	if s.Stage == "" {
		return s.Why
	}
	return "stage " + s.Stage + ": " + s.Why
}

func planEditWords(e *analyze.PlanEdit) string { return e.String() }

func planSeenWords(d *analyze.Pending) string {
	return fmt.Sprintf("%s %s: now %s; then %s", d.Subject, d.Aspect, short(d.Before), short(d.After))
}

// plan is the same for Markdown.
func (m *markdown) plan(rep *analyze.Report) {
	if !planned(rep) || len(rep.Plan.APIs) == 0 {
		return
	}
	m.line("\n### After the deploy\n")
	m.head("API", "stage", "edits", "why")
	for i := range rep.Plan.APIs {
		a := &rep.Plan.APIs[i]
		for _, s := range a.Stages {
			m.row(md(planName(a)), md(s.Stage), "**"+md(liveWords(s.Live))+"**", md(s.Why))
		}
	}
	m.line("")
	for i := range rep.Plan.APIs {
		a := &rep.Plan.APIs[i]
		for _, e := range a.Edits {
			m.line("* %s", md(planEditWords(&e)))
		}
		for _, d := range a.Differs {
			m.line("* callers: %s", md(planSeenWords(&d)))
		}
	}
}

func planStages(rep *analyze.Report) []analyze.PlanStage {
	var out []analyze.PlanStage
	for _, a := range rep.Plan.APIs {
		out = append(out, a.Stages...)
	}
	return out
}

// junitPlan has a case for every stage, one for every further finding of a stage,
// and one for every question that is left.
func (v *view) junitPlan() []junitCase {
	var out []junitCase
	told := map[*cause.Finding]bool{}
	for _, s := range planStages(v.rep) {
		c := junitCase{Name: "goes live", ClassName: s.Target, Time: "0", Output: &junitText{liveWords(s.Live) + ": " + s.Why}}
		var more []junitCase
		for i := range v.rep.Findings {
			f := &v.rep.Findings[i]
			if told[f] || !contains(f.Targets, s.Target) || !v.fails(f) {
				continue
			}
			told[f] = true
			if c.Failure == nil {
				c.Failure = failure(v.rep, f)
			} else {
				more = append(more, junitCase{Name: string(f.Cause), ClassName: s.Target, Time: "0", Failure: failure(v.rep, f)})
			}
		}
		switch {
		case c.Failure != nil:
		case s.Live == "unknown":
			c.Error = result("inconclusive", s.Why, "")
		case s.Live == "none": // its finding fails another stage's case
			c.Skipped = result("", liveWords(s.Live)+": "+s.Why, "")
		}
		out = append(append(out, c), more...)
	}
	for i := range v.rep.Open {
		out = append(out, junitCase{Name: "question", ClassName: "stageprobe", Time: "0", Error: result("inconclusive", questionWords(&v.rep.Open[i]), "")})
	}
	return out
}
