package predeploy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

// ReportOptions say what a report is made with.
type ReportOptions struct {
	Files   []string // names
	FailOn  cause.Severity
	Version string
	Now     time.Time
}

// Report makes the ordinary report of a judgement. Nothing was sent: what it
// says is what the change would do.
func Report(c *Change, j *Judgement, o ReportOptions) *analyze.Report {
	rep := &analyze.Report{
		Schema: analyze.ReportSchema,
		Run: analyze.Run{
			ID: "plan-" + o.Now.UTC().Format(time.RFC3339), Started: o.Now.UTC(), Ended: o.Now.UTC(), Stopped: "decided", Version: o.Version,
		},
		Targets: []analyze.Target{}, Findings: j.Findings, Expectations: []analyze.Expectation{}, Steps: steps(j),
		Logs: analyze.Logs{Groups: []analyze.LogGroup{}, Note: "logs were not read"}, Notes: unique(j.Notes),
		Plan: planOf(c, j, o.Files),
	}
	if rep.Findings == nil {
		rep.Findings = []cause.Finding{}
	}
	for _, q := range j.Open {
		rep.Open = append(rep.Open, analyze.Question{Text: q.Text, Enable: q.Enable})
	}
	rep.Conclude(cmp.Or(o.FailOn, cause.Error))
	if slices.ContainsFunc(rep.Findings, func(f cause.Finding) bool { return f.Severity == cause.Error }) {
		rep.Outcome = analyze.Inconsistent
	}
	// That nothing was sent leaves nothing open here.
	if len(rep.Open) == 0 && rep.Outcome == analyze.Inconclusive {
		rep.Outcome = analyze.Consistent
		if rep.ExitCode == analyze.ExitUndecided {
			rep.ExitCode = analyze.ExitOK
		}
	}
	rep.Verdict = verdict(j, rep)
	return rep
}

// steps are the six of every report, as far as a change tells them beforehand.
func steps(j *Judgement) []analyze.Step {
	out := []analyze.Step{
		{N: 1, Name: "target stage", Status: "unknown", Note: "which stage clients reach, only a check tells"},
		{N: 2, Name: "deployment history", Status: "ok", Note: "nothing is in the way of the deployments of this change"},
		{N: 3, Name: "redeployment needed", Status: "ok", Note: "no edit of this change would wait for a deployment"},
		{N: 4, Name: "stage configuration", Status: "unknown", Note: "how stages differ, inspect tells"},
		{N: 5, Name: "canary", Status: "ok", Note: "no canary is in the way, as far as the files tell"},
		{N: 6, Name: "retest", Status: "unknown", Note: "after the deploy: stageprobe wait"},
	}
	if len(j.Open) > 0 {
		out[2].Status, out[2].Note = "unknown", "the files do not tell"
	}
	for _, f := range j.Findings {
		if f.Severity == cause.Error {
			out[f.Step-1].Status, out[f.Step-1].Note = "problem", string(f.Cause)+" on "+strings.Join(f.Targets, ", ")
		}
	}
	return out
}

// verdict is a sentence for each finding of consequence and each question; where
// there is none, what would be live.
func verdict(j *Judgement, rep *analyze.Report) []string {
	var out []string
	for _, f := range rep.Findings {
		if f.Severity != cause.Info {
			out = append(out, f.Statement)
		}
	}
	for _, q := range j.Open {
		out = append(out, "It cannot be told: "+strings.TrimSuffix(q.Text, ".")+".")
	}
	live := map[Live][]string{}
	for _, o := range j.Outcomes {
		if words := stageWords(j, o); !slices.Contains(live[o.Live], words) {
			live[o.Live] = append(live[o.Live], words)
		}
	}
	for _, says := range []struct {
		live  Live
		words string
	}{{All, "Would be live: "}, {OnCanary, "On the canary alone: "}, {Gone, "Would be gone: "}} {
		if list := live[says.live]; len(list) > 0 {
			out = append(out, says.words+few(list, 4)+".")
		}
	}
	for _, f := range rep.Findings {
		if len(out) == 0 && f.Severity == cause.Info {
			out = append(out, f.Statement)
		}
	}
	if len(out) == 0 {
		out = []string{"Nothing changes that needs a deployment: every stage would serve what it serves."}
		if len(j.Outcomes) == 0 && len(rep.Plan.APIs) == 0 {
			out = []string{"Nothing of API Gateway changes."}
		}
	}
	return out
}

func (e *Edit) planned(t terms) analyze.PlanEdit {
	return analyze.PlanEdit{Kind: string(e.Kind), Subject: e.Subject, Address: t.short(e.Address), What: e.What, Unknown: e.Unknown}
}

// stageWords name the stages of an API that have the same outcome.
func stageWords(j *Judgement, o Outcome) string {
	var names []string
	for _, other := range j.Outcomes {
		if other.API == o.API && other.Live == o.Live && other.Stage != nil {
			names = append(names, other.Stage.Name)
		}
	}
	s := ""
	switch len(names) {
	case 0:
	case 1:
		s = "stage " + names[0] + " of "
	default:
		s = "stages " + few(names, 5) + " of "
	}
	s += o.API.Label()
	if len(o.API.Edits) > 0 {
		s += ", with " + editWords(o.API)
	}
	return s
}

func planOf(c *Change, j *Judgement, files []string) *analyze.Plan {
	out := &analyze.Plan{Tool: string(c.Tool), Files: files, APIs: []analyze.PlanAPI{}}
	t := termsOf(c.Tool, "")
	for _, api := range c.APIs {
		p := analyze.PlanAPI{Address: t.short(api.Address), ID: api.ID, Name: api.Name, Kind: api.Kind, Stages: []analyze.PlanStage{}, Edits: []analyze.PlanEdit{}}
		for _, o := range j.Outcomes {
			if o.API != api {
				continue
			}
			s := analyze.PlanStage{Target: targetID(o.API, o.Stage), Live: string(o.Live), Why: o.Why}
			if o.Stage != nil {
				s.Stage = o.Stage.Name
			}
			p.Stages = append(p.Stages, s)
		}
		for _, e := range api.Edits {
			p.Edits = append(p.Edits, e.planned(t))
		}
		for _, d := range api.Differs {
			if !d.Cosmetic {
				p.Differs = append(p.Differs, analyze.Pending{Subject: d.Subject, Aspect: d.Aspect, Editor: d.A, Stage: d.B, Before: d.Before, After: d.After})
			}
		}
		if len(p.Stages)+len(p.Edits) > 0 {
			out.APIs = append(out.APIs, p)
		}
	}
	slices.SortStableFunc(out.APIs, func(a, b analyze.PlanAPI) int { return cmp.Compare(worst(&a), worst(&b)) })
	return out
}

// worst puts first what does not go live.
func worst(a *analyze.PlanAPI) int {
	rank := 9
	for _, s := range a.Stages {
		rank = min(rank, max(0, slices.Index([]string{string(None), string(Unknown), string(OnCanary), string(All), string(Gone), string(NoEdit)}, s.Live)))
	}
	return rank
}
