package analyze

import (
	"cmp"
	"slices"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
	"stageprobe/probe/recording"
)

// Merge makes one report of several: of the accounts and regions that were read,
// or of the APIs that were checked one after another. Each says what it said;
// the verdict is that of all together.
func Merge(parts []*Report, failOn cause.Severity) *Report {
	if len(parts) == 1 {
		return parts[0]
	}
	out := *parts[0]
	out.Config = nil
	out.Targets, out.Findings, out.Expectations, out.Notes, out.Open = []Target{}, []cause.Finding{}, []Expectation{}, nil, nil
	out.Logs = Logs{Groups: []LogGroup{}}
	out.Steps, out.Efficiency = mergeSteps(parts), nil
	out.Run.Requests, out.Run.Failed, out.Run.Lost, out.Run.Cost = 0, 0, 0, recording.Cost{}
	inspected := true
	for _, p := range parts {
		inspected = inspected && p.Inspected()
		out.Targets = append(out.Targets, p.Targets...)
		out.Findings = append(out.Findings, p.Findings...)
		out.Expectations = append(out.Expectations, p.Expectations...)
		out.Notes = unique(append(out.Notes, p.Notes...))
		out.Open = append(out.Open, p.Open...)
		out.Run.add(&p.Run)
		out.Logs.add(&p.Logs)
		out.Config = out.Config.with(p.Config)
	}
	if out.Logs.RequestsSampled > 0 {
		out.Logs.Coverage = float64(out.Logs.Matched) / float64(out.Logs.RequestsSampled)
	}
	out.Conclude(cmp.Or(failOn, cause.Error))
	if inspected {
		out.quiet(parts)
	}
	return &out
}

// quiet leaves open what reading the configuration leaves open by design.
func (rep *Report) quiet(parts []*Report) {
	if len(rep.Findings) == 0 {
		rep.Verdict = nil
		for _, p := range parts {
			rep.Verdict = append(rep.Verdict, p.Verdict...)
		}
	}
	if rep.ExitCode == ExitUndecided && len(rep.Open) == 0 {
		rep.ExitCode = ExitOK
	}
}

func (r *Run) add(o *Run) {
	r.Requests, r.Failed, r.Lost = r.Requests+o.Requests, r.Failed+o.Failed, r.Lost+o.Lost
	r.Cost = r.Cost.Plus(o.Cost)
	if o.Started.Before(r.Started) {
		r.Started = o.Started
	}
	r.Ended = later(r.Ended, o.Ended)
	if weaker := []string{"decided", "budget", "duration", "interrupted"}; slices.Index(weaker, o.Stopped) > slices.Index(weaker, r.Stopped) {
		r.Stopped = o.Stopped
	}
}

func (l *Logs) add(o *Logs) {
	l.RequestsSampled, l.Matched = l.RequestsSampled+o.RequestsSampled, l.Matched+o.Matched
	l.Groups = append(l.Groups, o.Groups...)
	if l.Note == "" {
		l.Note = o.Note
	}
}

func (c *Config) with(o *Config) *Config {
	switch {
	case o == nil:
		return c
	case c == nil:
		c = &Config{}
	}
	return &Config{
		APIs: slices.Concat(c.APIs, o.APIs), Domains: slices.Concat(c.Domains, o.Domains), Edits: slices.Concat(c.Edits, o.Edits),
	}
}

// mergeSteps gives each step its worst state, and says of how many it is.
func mergeSteps(parts []*Report) []Step {
	worse := []string{"ok", "unknown", "problem"}
	out := slices.Clone(parts[0].Steps)
	for i := range out {
		n := map[string]int{}
		for _, p := range parts {
			if i >= len(p.Steps) {
				continue
			}
			s := p.Steps[i]
			n[string(s.Status)]++
			if slices.Index(worse, string(s.Status)) > slices.Index(worse, string(out[i].Status)) {
				out[i] = s
			}
		}
		if len(parts) > 1 {
			out[i].Note = words.Plural(n[string(out[i].Status)], "part") + " of " + words.Plural(len(parts), "part") + ": " + out[i].Note
		}
	}
	return out
}

// Risk is how urgent it is to look at an API: what changed lately, or is about to,
// goes wrong first.
type Risk struct {
	API   string
	Score int
	Why   []string
}

// Risks lists the APIs of a configuration by risk, the highest first: recent
// deployments, canaries, edits that wait, drift.
func Risks(rep *Report, now time.Time) []Risk {
	if rep.Config == nil {
		return nil
	}
	var out []Risk
	for i := range rep.Config.APIs {
		out = append(out, riskOf(rep, &rep.Config.APIs[i], now))
	}
	slices.SortStableFunc(out, func(a, b Risk) int { return cmp.Or(b.Score-a.Score, cmp.Compare(a.API, b.API)) })
	return out
}

// What counts how much: a deployment of today is looked at before a canary, that
// before edits that wait, those before drift.
const (
	riskToday  = 8
	riskWeek   = 3
	riskCanary = 4
	riskWaits  = 2
	riskDrift  = 1
)

func riskOf(rep *Report, api *ConfigAPI, now time.Time) Risk {
	r := Risk{API: api.ID}
	add := func(is bool, score int, why string) {
		if is {
			r.Score += score
			r.Why = append(r.Why, why)
		}
	}
	newest := time.Time{}
	canary := false
	for _, st := range api.Stages {
		newest = later(later(newest, st.Deployed), later(st.Updated, st.CanaryCreated))
		canary = canary || st.Canary != nil
	}
	age := now.Sub(newest)
	add(!newest.IsZero() && age < 24*time.Hour, riskToday, "deployed or changed today")
	add(!newest.IsZero() && age >= 24*time.Hour && age < 7*24*time.Hour, riskWeek, "deployed or changed this week")
	add(canary, riskCanary, "canary")
	add(len(api.Pending) > 0, riskWaits, "edits wait")
	add(len(api.Matrix) > 0, riskDrift, "stages differ")
	return r
}
