package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
)

// Conclude sets what follows from the findings and open questions: outcome,
// exit code and verdict.
func (rep *Report) Conclude(failOn cause.Severity) {
	slices.SortStableFunc(rep.Findings, func(a, b cause.Finding) int {
		return cmp.Or(cmp.Compare(a.Severity.Rank(), b.Severity.Rank()),
			cmp.Compare(cause.Rank(a.Cause), cause.Rank(b.Cause)),
			slices.Compare(a.Targets, b.Targets), slices.Compare(a.Scenarios, b.Scenarios))
	})
	rep.Outcome = rep.outcome()
	rep.ExitCode = rep.exitCode(failOn)
	rep.Verdict = rep.verdict()
}

func (rep *Report) outcome() Outcome {
	if slices.ContainsFunc(rep.Findings, behavioural) {
		return Inconsistent
	}
	unchecked := slices.ContainsFunc(rep.Expectations, func(e Expectation) bool { return e.Met == nil })
	if unchecked || len(rep.Open) > 0 || rep.Run.Stopped == "interrupted" || rep.Run.Requests == 0 {
		return Inconclusive
	}
	return Consistent
}

// behavioural says whether a finding is about what callers get, as opposed to
// a configuration in which nothing has shown yet.
func behavioural(f cause.Finding) bool {
	if c := cause.Of(f.Cause); c != nil && c.Configured {
		return f.Severity == cause.Error
	}
	return f.Severity != cause.Info
}

func (rep *Report) exitCode(failOn cause.Severity) int {
	if rep.Run.Stopped == "interrupted" {
		return ExitInterrupted
	}
	if slices.ContainsFunc(rep.Findings, func(f cause.Finding) bool { return f.Severity.Rank() <= failOn.Rank() }) {
		return ExitFinding
	}
	if rep.Outcome == Inconclusive || len(rep.Open) > 0 {
		return ExitUndecided
	}
	return ExitOK
}

// verdict is a sentence per finding of consequence; without one it is the
// claim that can be made.
func (rep *Report) verdict() []string {
	var out []string
	for _, f := range rep.Findings {
		if f.Severity != cause.Info {
			out = append(out, f.Statement)
		}
	}
	if rep.Outcome == Consistent {
		out = append(out, rep.claim())
		if failing := rep.alwaysFailing(); len(failing) > 0 {
			out = append(out, fmt.Sprintf("Consistent is not healthy: every answer to %s is a failure; the notes say what to check.", strings.Join(failing, ", ")))
		}
	}
	if rep.Outcome == Inconclusive {
		out = append(out, rep.doubt())
	}
	if since := rep.sinceBaseline(); since != "" {
		out = append(out, since)
	}
	return out
}

func (rep *Report) claim() string {
	worst, n, limited, stray := 0.0, 0, 0, 0
	for _, t := range rep.Targets {
		n, stray = n+t.Requests, stray+t.Deviating
		for _, c := range t.Clusters {
			if c.Status == http.StatusTooManyRequests && !c.Reference {
				limited += c.Count // no behaviour of the stage: what was sent was too much
			}
		}
		if t.Claim != nil {
			worst = max(worst, *t.Claim)
		}
	}
	who := fmt.Sprintf("Each of %d targets", len(rep.Targets))
	if len(rep.Targets) == 1 {
		who = "The target"
	}
	besides := ""
	if limited > 0 {
		besides = fmt.Sprintf(" but %d that a limit refused (429)", limited)
	}
	deviating := "none"
	if stray > 0 {
		deviating = fmt.Sprint(stray)
	}
	return fmt.Sprintf("%s answers alike: %d requests, %s deviating%s; at most %s of requests could differ (%s confidence).", who, n, deviating, besides, words.Percent(worst), words.Percent(rep.Run.Confidence))
}

// alwaysFailing are the scenarios of which every answer was a failure that no
// expectation asks for.
func (rep *Report) alwaysFailing() []string {
	var out []string
	for i := range rep.Targets {
		t := &rep.Targets[i]
		worst := map[string]bool{}
		for _, c := range t.Clusters {
			failed, known := worst[c.Scenario]
			worst[c.Scenario] = c.Status >= 500 && (failed || !known)
		}
		for _, name := range slices.Sorted(maps.Keys(worst)) {
			if worst[name] && !rep.asksFor(name, t.ID) {
				out = append(out, name+" on "+t.ID)
			}
		}
	}
	return out
}

// asksFor tells whether an expectation of a scenario's status is met.
func (rep *Report) asksFor(scenario, target string) bool {
	return slices.ContainsFunc(rep.Expectations, func(e Expectation) bool {
		return e.Scenario == scenario && e.Target == target && strings.HasPrefix(e.Expectation, "status") && e.Met != nil && *e.Met
	})
}

func (rep *Report) doubt() string {
	switch {
	case rep.Run.Stopped == "interrupted":
		return fmt.Sprintf("Interrupted after %d requests, before every question was decided.", rep.Run.Requests)
	case rep.Run.Requests == 0:
		return "No request was sent, so nothing can be said of behaviour."
	case len(rep.Open) > 0:
		return rep.firstOpen()
	}
	return "Undecided: an expectation could not be checked."
}

// firstOpen names one question that is left, and how many more there are.
func (rep *Report) firstOpen() string {
	q := &rep.Open[0]
	s := "Undecided: "
	if q.Target != "" && !strings.Contains(q.Text, q.Target) {
		s += q.Target + ": "
	}
	s += strings.TrimSuffix(q.Text, ".")
	if more := len(rep.Open) - 1; more > 0 {
		s += "; " + words.Plural(more, "more question") + " left open"
	}
	return s + "."
}

// AfterMending puts the command that looks again into the sixth step, where there is
// something to mend.
func (rep *Report) AfterMending(command string) {
	mendable := func(f cause.Finding) bool { return f.Severity != cause.Info }
	if n := len(rep.Steps); n > 0 && slices.ContainsFunc(rep.Findings, mendable) {
		rep.Retest = command
		rep.Steps[n-1].Note = strings.TrimSuffix(rep.Steps[n-1].Note, ".") + "; after mending: " + command
	}
}
