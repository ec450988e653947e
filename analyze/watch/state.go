package watch

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

// reading is what one pane says at one moment.
type reading struct {
	at       time.Time
	progress analyze.Progress
	report   *analyze.Report
	decided  bool // every question, or a whole window was seen
	targets  []seen
}

// seen is what a pane says of one target.
type seen struct {
	causes   []cause.ID // of warnings and errors that are decided
	findings []cause.Finding
	passing  *cause.Finding      // behaviour that changed within the pane
	failing  map[string]cause.ID // scenarios of which every answer fails
	answers  int
	usual    map[string]usual // by scenario
	ended    bool             // an error is decided
}

// How many answers in a row look like an outage or its end, how many of a target
// make it one, and how many requests without any answer make a silence.
const (
	leastRow     = 10
	leastFailing = 20
	leastSilent  = 5
)

func (w *ledger) reading(p *pane, now time.Time) *reading {
	r := &reading{at: now, progress: p.session.Progress()}
	r.report = p.session.Report(analyze.Ending{Started: p.from, Ended: now, Stopped: "duration"})
	settled := map[cause.ID]bool{}
	for _, f := range r.progress.Decision.Findings {
		settled[f.Cause] = true
	}
	enough := true
	for i := range w.plan.Targets {
		s := r.target(i, w.plan.Targets[i].ID, settled)
		// A failure is one that still goes on: the last answers say so, in this part
		// of the window or before it.
		maps.DeleteFunc(s.failing, func(scenario string, _ cause.ID) bool { return !w.targets[i].fails(scenario) })
		r.targets = append(r.targets, s)
		enough = enough && s.answers >= leastFailing
	}
	r.decided = now.Sub(p.from) >= w.o.Window || enough && r.progress.Decision.Decided
	return r
}

func (r *reading) target(i int, id string, settled map[cause.ID]bool) seen {
	s := seen{causes: []cause.ID{}, failing: map[string]cause.ID{}, usual: map[string]usual{}, ended: slices.Contains(r.progress.Decision.Ended, i)}
	for _, f := range r.report.Findings {
		switch row := cause.Of(f.Cause); {
		case f.Severity == cause.Info, !slices.Contains(f.Targets, id):
		case f.Cause == cause.DeployPropagating:
			s.passing = &f
		case row != nil && row.Laws != nil && !settled[f.Cause]:
			// The end of a run names the likeliest of what is left open; a watch
			// has no end.
		default:
			s.findings = append(s.findings, f)
			if !slices.Contains(s.causes, f.Cause) {
				s.causes = append(s.causes, f.Cause)
			}
		}
	}
	t := r.report.Target(id)
	if t == nil {
		return s
	}
	s.answers = t.Requests
	for _, c := range t.Clusters {
		u := s.usual[c.Scenario]
		if c.Reference {
			u.id, u.status = c.ID, c.Status
		}
		u.all, u.statuses = append(u.all, c.ID), append(u.statuses, c.Status)
		s.usual[c.Scenario] = u
	}
	s.failing = failing(t)
	return s
}

// failing are the scenarios that nothing but failures and refusals answer, each with
// the cause under which that is told.
func failing(t *analyze.Target) map[string]cause.ID {
	out, well := map[string]cause.ID{}, map[string]bool{}
	for _, c := range t.Clusters { // the most frequent first
		id := failure(c.Status)
		well[c.Scenario] = well[c.Scenario] || id == ""
		if out[c.Scenario] == "" {
			out[c.Scenario] = id
		}
	}
	maps.DeleteFunc(out, func(scenario string, _ cause.ID) bool { return well[scenario] })
	return out
}

func failure(status int) cause.ID {
	switch {
	case status == 0, status >= 500:
		return cause.IntegrationError
	case status == 429:
		return cause.Throttled
	case status == 401, status == 403, status == 404:
		return cause.AccessDenied
	}
	return ""
}

// onset is when a behaviour that is now frequent, and was not there when the pane
// was opened, came first; zero where there is none.
func onset(t *analyze.Target) time.Time {
	began := map[string]time.Time{}
	for _, c := range t.Clusters {
		if at, ok := began[c.Scenario]; !ok || c.First.Before(at) {
			began[c.Scenario] = c.First
		}
	}
	fresh := slices.DeleteFunc(slices.Clone(t.Clusters), func(c analyze.Cluster) bool { return !c.First.After(began[c.Scenario]) })
	if len(fresh) == 0 {
		return time.Time{}
	}
	most := slices.MaxFunc(fresh, func(a, b analyze.Cluster) int { return cmp.Compare(a.Count, b.Count) })
	return most.First
}

// ceased is when a behaviour that is not there any more came last.
func ceased(before, now *analyze.Target) time.Time {
	var at time.Time
	if before == nil || now == nil {
		return at
	}
	for _, c := range before.Clusters {
		gone := !slices.ContainsFunc(now.Clusters, func(x analyze.Cluster) bool { return x.Scenario == c.Scenario && x.ID == c.ID })
		if gone && c.Last.After(at) {
			at = c.Last
		}
	}
	return at
}

// severity is that of the worst finding, or of failures where there is none.
func (s *seen) severity(wrong bool) string {
	worst := "ok"
	if wrong && len(s.findings) == 0 {
		worst = string(cause.Error)
	}
	for _, f := range s.findings {
		if f.Severity == cause.Error {
			return string(cause.Error)
		}
		worst = string(f.Severity)
	}
	return worst
}
