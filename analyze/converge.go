package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// Wanted says what counts as the new behaviour that a deployment is waited for
// with. Exactly one of its fields is set.
type Wanted struct {
	// Deployment is found in the access logs as $context.deploymentId.
	Deployment string
	// Before is a report of the old behaviour: new is what it does not hold.
	Before *Report
	// Met tells whether an answer is the new behaviour; known is false where
	// that cannot be said of it.
	Met func(o *probe.Observation) (met, known bool)
}

// Convergence is how far a new behaviour has come on one target.
type Convergence struct {
	Target  string `json:"target"`
	New     int    `json:"new"`
	Old     int    `json:"old"`
	Unknown int    `json:"unknown"`
	// Since counts new answers sent after the last old one.
	Since     int     `json:"since_last_old"`
	Needed    int     `json:"needed"`
	Converged bool    `json:"converged"`
	OldAtMost float64 `json:"old_at_most"` // share of old answers not excluded since then
	// The switch lies between the last old answer and the first new one that
	// no old one follows; zero where none was seen.
	LastOld  time.Time `json:"last_old,omitzero"`
	FirstNew time.Time `json:"first_new,omitzero"`
	// Shares is the share of old answers in equal windows of the wait; -1 where
	// a window holds no answer.
	Shares []float64 `json:"shares"`
}

// age is what one answer is, as far as can be said.
type age uint8

const (
	ageUnknown age = iota
	ageNew
	ageOld
)

// Mark remembers what one answer is to a [Wanted] with Met, at the time it is
// seen; bodies are not kept.
func (s *Session) Mark(o *probe.Observation, w *Wanted) {
	if w.Met == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.marks == nil {
		s.marks = map[mark]age{}
	}
	if met, known := w.Met(o); known {
		s.marks[mark{o.Machine, o.Seq}] = ageOf(met)
	}
}

type mark struct {
	machine string
	seq     uint64
}

func ageOf(isNew bool) age {
	if isNew {
		return ageNew
	}
	return ageOld
}

// Converge tells, per target, how far the new behaviour has come.
func (s *Session) Converge(w *Wanted) []Convergence {
	s.mu.Lock()
	defer s.mu.Unlock()
	res := cause.Explain(s.input(false))
	in := cause.Input{Rows: res.Rows, Clusters: res.Clusters}
	known := knownBefore(w.Before)
	out := make([]Convergence, len(s.plan.Targets))
	for t := range s.plan.Targets {
		var rows []aged
		for i := range in.Rows {
			if r := &in.Rows[i]; r.Target == t {
				rows = append(rows, aged{r.At, r.Scenario, s.age(&in, i, w, known)})
			}
		}
		if w.Before != nil {
			forgetUnchanged(rows)
		}
		out[t] = converge(s.plan.Targets[t].ID, rows, s.policy.minShare(), s.policy.confidence())
	}
	return out
}

type aged struct {
	at       time.Time
	scenario int
	age      age
}

// forgetUnchanged takes the answers that differ from no baseline for unknown in
// scenarios that never showed the new behaviour, where others did: a deployment
// does not change every route, and their likeness tells neither old nor new.
func forgetUnchanged(rows []aged) {
	changed := map[int]bool{}
	for _, r := range rows {
		changed[r.scenario] = changed[r.scenario] || r.age == ageNew
	}
	if !slices.Contains(slices.Collect(maps.Values(changed)), true) {
		return
	}
	for i := range rows {
		if !changed[rows[i].scenario] {
			rows[i].age = ageUnknown
		}
	}
}

func (s *Session) age(in *cause.Input, i int, w *Wanted, known map[string]bool) age {
	r := &in.Rows[i]
	switch {
	case w.Met != nil:
		return s.marks[mark{s.rows[i].machine, s.rows[i].Seq}]
	case w.Deployment != "":
		if r.Deployment == "" {
			return ageUnknown
		}
		return ageOf(r.Deployment == w.Deployment)
	case r.Cluster < 0 || r.Class == signature.Throttled || r.Class == signature.Transport:
		return ageUnknown
	}
	c := &in.Clusters[r.Cluster]
	return ageOf(!known[beforeKey(s.plan.Targets[c.Target].ID, s.plan.Scenarios[c.Scenario].Name, c.ID)])
}

func knownBefore(rep *Report) map[string]bool {
	out := map[string]bool{}
	if rep == nil {
		return out
	}
	for _, t := range rep.Targets {
		for _, c := range t.Clusters {
			out[beforeKey(t.ID, c.Scenario, c.ID)] = true
		}
	}
	return out
}

func beforeKey(target, scenario, cluster string) string {
	return target + "\x00" + scenario + "\x00" + cluster
}

// shareWindows is how many columns the falling share of old answers is shown in.
const shareWindows = 40

// converge counts since the last return from the old behaviour to the new one. The
// k-th return may spend the part 1/(k(k+1)) of the error rate, so that the claim
// holds with the choice of the start accounted for (behaviour 5).
func converge(target string, rows []aged, share, confidence float64) Convergence {
	returns := 0
	slices.SortStableFunc(rows, func(a, b aged) int { return a.at.Compare(b.at) })
	out := Convergence{Target: target}
	for _, r := range rows {
		switch r.age {
		case ageUnknown:
			out.Unknown++
		case ageOld:
			out.Old++
			out.Since, out.FirstNew, out.LastOld = 0, time.Time{}, r.at
		case ageNew:
			out.New++
			if out.FirstNew.IsZero() {
				out.FirstNew = r.at
				returns++
				continue // it made the return: counting it would choose the best of many starts
			}
			out.Since++
		}
	}
	out.Needed = stat.WaitNeed(max(returns, 1), share, 1-confidence)
	out.Converged = out.Since >= out.Needed
	out.OldAtMost = stat.WaitBound(max(returns, 1), out.Since, 1-confidence)
	out.Shares = oldShares(rows)
	return out
}

func oldShares(rows []aged) []float64 {
	out := make([]float64, shareWindows)
	counts := make([][2]int, shareWindows)
	if len(rows) == 0 {
		return nil
	}
	first, span := rows[0].at, rows[len(rows)-1].at.Sub(rows[0].at)
	for _, r := range rows {
		w := 0
		if span > 0 {
			w = min(shareWindows-1, int(shareWindows*r.at.Sub(first)/span))
		}
		switch r.age {
		case ageOld:
			counts[w][0]++
			counts[w][1]++
		case ageNew:
			counts[w][1]++
		}
	}
	for i, c := range counts {
		out[i] = -1
		if c[1] > 0 {
			out[i] = float64(c[0]) / float64(c[1])
		}
	}
	return out
}

// Sentence says how it stands in plain words.
func (c *Convergence) Sentence(confidence float64) string {
	switch {
	case c.New+c.Old == 0:
		return fmt.Sprintf("%s: of none of its %d answers can it be said whether it is the new behaviour.", c.Target, c.Unknown)
	case c.Converged && c.Old == 0:
		return fmt.Sprintf("%s: the new behaviour served all %d answers; at most %s could still be old (%s confidence).",
			c.Target, c.New, words.Percent(c.OldAtMost), words.Percent(confidence))
	case c.Converged:
		return fmt.Sprintf("%s: switched between %s and %s; %d new answers since, at most %s could still be old (%s confidence).",
			c.Target, words.Instant(c.LastOld), words.Instant(c.FirstNew), c.Since, words.Percent(c.OldAtMost), words.Percent(confidence))
	case c.Since == 0:
		return fmt.Sprintf("%s: still old: %d of %d answers, the last at %s.", c.Target, c.Old, c.Old+c.New, words.Instant(c.LastOld))
	}
	return fmt.Sprintf("%s: %d new answers since the last old one; %d more are needed.", c.Target, c.Since, c.Needed-c.Since)
}

// Waited makes the report of a wait: what the run saw, with whether the new
// behaviour serves everything.
func (s *Session) Waited(end Ending, w *Wanted) *Report {
	rep := s.Report(end)
	rep.Wait = s.Converge(w)
	rep.settleWait()
	rep.concludeWait(cmp.Or(s.policy.confidence(), 0.99), end.Stopped)
	return rep
}

// settleWait takes out of the report what was only on the way of targets that
// have converged: findings, questions and expectations of the mixed phase.
func (rep *Report) settleWait() {
	done := map[string]*Convergence{}
	for i := range rep.Wait {
		if rep.Wait[i].Converged {
			done[rep.Wait[i].Target] = &rep.Wait[i]
		}
	}
	rep.Findings = slices.DeleteFunc(rep.Findings, func(f cause.Finding) bool {
		c := cause.Of(f.Cause)
		over := c != nil && c.Passing && !slices.ContainsFunc(f.Targets, func(t string) bool { return done[t] == nil })
		if over && f.Step > 0 && f.Step <= len(rep.Steps) {
			rep.Steps[f.Step-1].Status, rep.Steps[f.Step-1].Note = "ok", "behaviour switched once during the wait"
		}
		return over
	})
	rep.Open = slices.DeleteFunc(rep.Open, func(q Question) bool { return done[q.Target] != nil })
	for i := range rep.Expectations {
		e := &rep.Expectations[i]
		if c := done[e.Target]; c != nil && e.Met != nil && !*e.Met {
			met := true
			e.Met, e.Observed = &met, fmt.Sprintf("so in each of the %d answers since %s", c.Since, words.Instant(c.FirstNew))
		}
	}
	if n := len(rep.Steps); n > 0 {
		rep.Steps[n-1].Status, rep.Steps[n-1].Note = rep.waitStep(len(done))
	}
}

// waitStep is the sixth step of a wait, which is the retest itself.
func (rep *Report) waitStep(done int) (status, note string) {
	if done == len(rep.Wait) {
		return "ok", "the new behaviour serves everything"
	}
	return "problem", fmt.Sprintf("the new behaviour serves %d of %s", done, words.Plural(len(rep.Wait), "target"))
}

// concludeWait lets a wait's own question decide: an old and a new behaviour
// side by side are what it expects to see on the way.
func (rep *Report) concludeWait(confidence float64, stopped string) {
	rep.Verdict = nil
	rep.Outcome, rep.ExitCode = Consistent, ExitOK
	for i := range rep.Wait {
		c := &rep.Wait[i]
		rep.Verdict = append(rep.Verdict, c.Sentence(confidence))
		switch {
		case c.Converged:
		case c.Old > 0 && c.Since == 0:
			rep.Outcome, rep.ExitCode = Inconsistent, ExitFinding
		case rep.ExitCode == ExitOK:
			rep.Outcome, rep.ExitCode = Inconclusive, ExitUndecided
		}
	}
	if stopped == "interrupted" {
		rep.ExitCode = ExitInterrupted
	}
}
