package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// Wanted says what counts as the new behaviour that a deployment is waited for
// with. Before and Met may be given together: new is then what meets the
// expectations and was not there before.
type Wanted struct {
	// Deployment is found in the access logs as $context.deploymentId.
	Deployment string
	// Before is a report of the old behaviour: new is what it does not hold.
	Before *Report
	// Met tells whether an answer is the new behaviour; known is false where
	// that cannot be said of it.
	Met func(o *probe.Observation) (met, known bool)
}

// How the old behaviour of a target was told from the new one.
const (
	ToldByAnswers    = "answers"    // old answers came first, and then none
	ToldByBaseline   = "baseline"   // an earlier report holds what no longer comes
	ToldByDeployment = "deployment" // the access log names the deployment that was asked for
	ToldByEvent      = "event"      // the answers changed with the stage's deployment
	ToldByLog        = "access-log" // the access log names the stage's newest deployment, and no edit waits
)

// Convergence is how far a new behaviour has come on one target.
type Convergence struct {
	Target string `json:"target"`
	New    int    `json:"new"`
	Old    int    `json:"old"`
	// Other counts answers that are neither as before nor as expected.
	Other   int `json:"other,omitempty"`
	Unknown int `json:"unknown"`
	// Since counts new answers sent after the last one that was not new.
	Since     int  `json:"since_last_old"`
	Needed    int  `json:"needed"`
	Converged bool `json:"converged"`
	// ToldApart is how old and new could be told apart; "" where they could not,
	// and the answers may be the old deployment's.
	ToldApart string  `json:"told_apart"`
	OldAtMost float64 `json:"old_at_most"` // share of old answers not excluded since then
	// The switch lies between the last old answer and the first new one that
	// no old one follows; zero where none was seen.
	LastOld  time.Time `json:"last_old,omitzero"`
	FirstNew time.Time `json:"first_new,omitzero"`
	// Shares is the share of old answers in equal windows of the wait; -1 where
	// a window holds no answer.
	Shares []float64 `json:"shares"`

	settled  bool // every answer since meets every expectation
	strange  bool // the last answer that was not new was neither as before nor as expected
	expected bool // old is what is not as expected: nothing else tells
}

// Done tells whether the new behaviour serves everything, and is known to be new.
func (c *Convergence) Done() bool { return c.Converged && c.ToldApart != "" }

// untold tells that nothing shows the answers to be of another deployment than the
// old one.
func (c *Convergence) untold() bool {
	return c.ToldApart == "" && c.New > 0 && (c.Converged || c.Old == 0)
}

// age is what one answer is, as far as can be said.
type age uint8

const (
	ageUnknown age = iota
	ageNew
	ageOld
	ageOther // neither as before nor as expected
)

// Mark remembers whether one answer meets the expectations of a [Wanted], at the
// time it is seen; bodies are not kept.
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

// aged is one answer of a target with what it is.
type aged struct {
	at       time.Time
	scenario int
	age      age
	met      age // by the expectations alone
	kind     uint64
	deployed string // the deployment that the access log names
}

// Converge tells, per target, how far the new behaviour has come, and lets the
// scenarios that have changed be asked most.
func (s *Session) Converge(w *Wanted) []Convergence {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &comparison{s, w, knownBefore(w.Before), cause.Explain(s.input(false))}
	out := make([]Convergence, len(s.plan.Targets))
	changed := map[cellAt]bool{}
	for t := range s.plan.Targets {
		rows := c.aged(t)
		told := c.tellApart(t, rows)
		shows := ageNew
		if told == "" && w.Before == nil {
			shows = ageOld // an expectation that was not met
		}
		if w.Deployment == "" {
			for scenario := range forgetUnchanged(rows, shows) {
				changed[cellAt{t, scenario}] = true
			}
		}
		out[t] = converge(s.plan.Targets[t].ID, rows, s.policy.minShare(), s.policy.confidence())
		out[t].expected = w.Before == nil && w.Deployment == ""
		if told == "" && cameAndWent(&out[t], 1-s.policy.confidence()) {
			told = ToldByAnswers
		}
		if told == "" && w.Met != nil && c.loggedNewest(t, rows, out[t].Needed) {
			told = ToldByLog
		}
		out[t].ToldApart = told
	}
	s.planner.watch(changed)
	return out
}

// comparison holds a run's answers against what a wait is for.
type comparison struct {
	*Session
	w     *Wanted
	known *before
	res   cause.Result
}

// aged are a target's answers in the order of time.
func (s *comparison) aged(target int) []aged {
	w, known, res := s.w, s.known, &s.res
	var rows []aged
	for i := range res.Rows {
		r := &res.Rows[i]
		if r.Target != target {
			continue
		}
		a := aged{at: r.At, scenario: r.Scenario, deployed: r.Deployment}
		failed := r.Cluster < 0 || r.Class == signature.Throttled || r.Class == signature.Transport
		if !failed {
			a.kind = res.Clusters[r.Cluster].Kind
			a.met = s.marks[mark{s.rows[i].machine, s.rows[i].Seq}]
		}
		cell := s.cellName(target, r.Scenario)
		other := !failed && known.scenario[cell] && !known.kind(cell, a.kind, res.Clusters[r.Cluster].ID)
		switch {
		case w.Deployment != "":
			if r.Deployment != "" {
				a.age = ageOf(r.Deployment == w.Deployment)
			}
		case failed:
		case w.Before == nil || w.Met != nil && known.unmet[cell]:
			a.age = a.met
		case w.Met != nil && a.met == ageOld && other:
			a.age = ageOther
		case w.Met != nil && a.met != ageNew:
			a.age = a.met
		case known.scenario[cell]:
			a.age = ageOf(other)
		}
		rows = append(rows, a)
	}
	slices.SortStableFunc(rows, func(a, b aged) int { return a.at.Compare(b.at) })
	return rows
}

type cellName struct{ target, scenario string }

func (s *comparison) cellName(target, scenario int) cellName {
	return cellName{s.plan.Targets[target].ID, s.plan.Scenarios[scenario].Name}
}

// tellApart says how a target's old answers are told from new ones, where the
// answers' own sequence is not what tells; "" where nothing does. Answers before
// a deployment that came during the wait are old whatever they look like.
func (s *comparison) tellApart(target int, rows []aged) string {
	isNew := func(r aged) bool { return r.age == ageNew || r.age == ageOther }
	switch {
	case s.w.Deployment != "":
		if slices.ContainsFunc(rows, func(r aged) bool { return r.age != ageUnknown }) {
			return ToldByDeployment
		}
		return ""
	case s.w.Before != nil:
		if slices.ContainsFunc(rows, isNew) {
			return ToldByBaseline
		}
		return ""
	}
	if s.confirmed(rows) {
		return ToldByEvent
	}
	at := s.event(target)
	if at.IsZero() {
		return ""
	}
	was := map[int]map[uint64]bool{}
	for _, r := range rows {
		if r.age != ageUnknown && r.at.Before(at) {
			if was[r.scenario] == nil {
				was[r.scenario] = map[uint64]bool{}
			}
			was[r.scenario][r.kind] = true
		}
	}
	differs := func(r aged) bool {
		return r.age == ageNew && !r.at.Before(at) && was[r.scenario] != nil && !was[r.scenario][r.kind]
	}
	if !slices.ContainsFunc(rows, differs) {
		return ""
	}
	for i := range rows {
		if r := &rows[i]; r.age == ageNew && !differs(*r) {
			r.age = ageOld
			if was[r.scenario] == nil {
				r.age = ageUnknown
			}
		}
	}
	return ToldByEvent
}

// confirmed tells whether requests that confirmed an edit as waiting are answered
// otherwise by now, as they are once it is deployed. Theirs is then the evidence, and
// that of expectations which both deployments meet is none.
func (s *comparison) confirmed(rows []aged) bool {
	first, switched := map[int]uint64{}, false
	for _, r := range rows {
		if s.plan.Scenarios[r.scenario].Limit == 0 || r.kind == 0 {
			continue
		}
		if _, ok := first[r.scenario]; !ok {
			first[r.scenario] = r.kind
		}
		switched = switched || r.kind != first[r.scenario]
	}
	if !switched || slices.ContainsFunc(rows, func(r aged) bool { return r.age == ageOld }) {
		return false
	}
	for i := range rows {
		r := &rows[i]
		if was, ok := first[r.scenario]; ok && r.kind != 0 {
			r.age = ageOf(r.kind != was)
		} else {
			r.age = ageUnknown
		}
	}
	return true
}

// event is when the deployment of a target's stage changed during the wait, by the
// configuration; zero where it did not, or was not read again.
func (s *comparison) event(target int) time.Time {
	t := &s.plan.Targets[target]
	api := s.snap.API(t.APIID)
	st := api.Stage(t.Stage)
	if st == nil || t.DeploymentID == "" || st.DeploymentID == t.DeploymentID || len(s.rows) == 0 {
		return time.Time{}
	}
	at := st.Updated
	if d := api.Deployment(st.DeploymentID); d != nil {
		at = later(at, d.Created)
	}
	first := slices.MinFunc(s.rows, func(a, b row) int { return a.At.Compare(b.At) }).At
	if at.Before(first) { // a clock that is behind, or times that were not told
		at = s.snap.Taken
	}
	return at
}

// recentDeployment is how old the deployment of a stage may be for an access log
// that names it to count as that of the deploy which is waited for.
const recentDeployment = time.Hour

// loggedNewest tells whether the access log names one deployment in so many answers,
// which is the stage's, the newest, just made, and holds every edit.
func (s *comparison) loggedNewest(target int, rows []aged, needed int) bool {
	t := &s.plan.Targets[target]
	api := s.snap.API(t.APIID)
	st := api.Stage(t.Stage)
	if st == nil || len(rows) == 0 || api.Editor == nil || st.Deployed == nil {
		return false
	}
	d := api.Deployment(st.DeploymentID)
	if d == nil || d.Created.Before(rows[0].at.Add(-recentDeployment)) || api.Deployments[0].ID != d.ID {
		return false
	}
	waits := func(f cause.Finding) bool {
		return f.Cause == cause.StaleDeployment && slices.Contains(f.Targets, t.ID)
	}
	n := 0
	for _, r := range rows {
		switch r.deployed {
		case "":
		case d.ID:
			n++
		default:
			n = 0
		}
	}
	return n >= needed && !slices.ContainsFunc(s.res.Findings, waits)
}

// Fewest old answers that tell a switch: one or two may be any failure.
const leastOld = 3

// cameAndWent tells whether the old answers lie so far before the end that answers
// which fall short at random would hardly do so: of all orders, so few have none of
// them among the last.
func cameAndWent(c *Convergence, alpha float64) bool {
	n := c.Old + c.New
	if c.Old < leastOld || c.New == 0 {
		return false
	}
	return stat.LogNoneAmong(n, c.Old, c.Since) <= math.Log(alpha)
}

// forgetUnchanged takes the answers of scenarios that show no difference between
// old and new for unknown, where others do: a deployment does not change every
// route, and their likeness tells neither. It gives the scenarios that do: those
// with an answer of the age that shows it, or of neither.
func forgetUnchanged(rows []aged, shows age) map[int]bool {
	changed := map[int]bool{}
	for _, r := range rows {
		if r.age == shows || r.age == ageOther {
			changed[r.scenario] = true
		}
	}
	if len(changed) == 0 {
		return changed
	}
	for i := range rows {
		if !changed[rows[i].scenario] {
			rows[i].age = ageUnknown
		}
	}
	return changed
}

// before is what an earlier report holds, by target and scenario.
type before struct {
	scenario map[cellName]bool // answered then
	unmet    map[cellName]bool // an expectation of single answers was not met
	kinds    map[cellName][]string
	ids      map[cellName][]string // of a report without kinds
}

func (b *before) kind(at cellName, kind uint64, id string) bool {
	return slices.Contains(b.kinds[at], kindOf(kind)) || slices.Contains(b.ids[at], id)
}

// kindOf is how a report writes what answers are by their class features.
func kindOf(kind uint64) string { return fmt.Sprintf("%016x", kind) }

func knownBefore(rep *Report) *before {
	out := &before{scenario: map[cellName]bool{}, unmet: map[cellName]bool{}, kinds: map[cellName][]string{}, ids: map[cellName][]string{}}
	if rep == nil {
		return out
	}
	for _, t := range rep.Targets {
		for _, c := range t.Clusters {
			at := cellName{t.ID, c.Scenario}
			out.scenario[at] = true
			if c.Kind == "" {
				out.ids[at] = append(out.ids[at], c.ID)
				continue
			}
			out.kinds[at] = append(out.kinds[at], c.Kind)
		}
	}
	for _, e := range rep.Expectations {
		if e.Met != nil && !*e.Met {
			out.unmet[cellName{e.Target, e.Scenario}] = true
		}
	}
	return out
}

// shareWindows is how many columns the falling share of old answers is shown in.
const shareWindows = 40

// converge counts since the last return from the old behaviour to the new one. The
// k-th return may spend the part 1/(k(k+1)) of the error rate, so that the claim
// holds with the choice of the start accounted for (behaviour 5).
func converge(target string, rows []aged, share, confidence float64) Convergence {
	returns := 0
	out := Convergence{Target: target, settled: true}
	for _, r := range rows {
		if !out.FirstNew.IsZero() && r.met == ageOld {
			out.settled = false
		}
		switch r.age {
		case ageUnknown:
			out.Unknown++
		case ageOld:
			out.Old++
			out.Since, out.FirstNew, out.LastOld, out.settled, out.strange = 0, time.Time{}, r.at, true, false
		case ageOther:
			out.Other++
			out.Since, out.FirstNew, out.settled, out.strange = 0, time.Time{}, true, true
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
		case ageNew, ageOther:
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
	case c.New+c.Old+c.Other == 0:
		return fmt.Sprintf("%s: of none of its %d answers can it be said whether it is the new behaviour.", c.Target, c.Unknown)
	case c.untold():
		return fmt.Sprintf("%s: each of %d answers is as expected, and nothing shows that the old deployment's are not: they may be its own.", c.Target, c.New)
	case c.Converged && c.Old == 0:
		return fmt.Sprintf("%s: the new behaviour served all %d answers; at most %s could still be old (%s confidence).",
			c.Target, c.New, words.Percent(c.OldAtMost), words.Percent(confidence))
	case c.Converged:
		return fmt.Sprintf("%s: switched between %s and %s; %d new answers since, at most %s could still be old (%s confidence).",
			c.Target, words.Instant(c.LastOld), words.Instant(c.FirstNew), c.Since, words.Percent(c.OldAtMost), words.Percent(confidence))
	case c.Since == 0 && c.strange:
		return fmt.Sprintf("%s: neither as before nor as expected: %d of %d answers so far.", c.Target, c.Other, c.Old+c.New+c.Other)
	case c.Since == 0 && c.expected:
		return fmt.Sprintf("%s: not as expected yet: %d of %d answers are not, the last at %s.", c.Target, c.Old, c.Old+c.New, words.Instant(c.LastOld))
	case c.Since == 0:
		return fmt.Sprintf("%s: still old: %d of %d answers, the last at %s.", c.Target, c.Old, c.Old+c.New+c.Other, words.Instant(c.LastOld))
	}
	return fmt.Sprintf("%s: %d new answers since the last other one; %d more are needed.", c.Target, c.Since, c.Needed-c.Since)
}

// Waited makes the report of a wait: what the run saw, with whether the new
// behaviour serves everything. missing are questions that the caller leaves open.
func (s *Session) Waited(end Ending, w *Wanted, missing []Question) *Report {
	rep := s.Report(end)
	rep.Wait = s.Converge(w)
	rep.settleWait(w)
	rep.Open = append(rep.Open, missing...)
	rep.concludeWait(cmp.Or(s.policy.FailOn, cause.Error), s.policy.confidence(), end.Stopped, w)
	return rep
}

// settleWait takes out of the report what was only on the way of targets that
// have converged: findings, questions and expectations of the mixed phase.
func (rep *Report) settleWait(w *Wanted) {
	done := map[string]*Convergence{}
	for i := range rep.Wait {
		if rep.Wait[i].Done() {
			done[rep.Wait[i].Target] = &rep.Wait[i]
		}
	}
	for i := range rep.Expectations {
		e := &rep.Expectations[i]
		if c := done[e.Target]; c != nil && c.settled && w.Met != nil && e.Single && e.Met != nil && !*e.Met {
			met := true
			e.Met, e.Observed = &met, fmt.Sprintf("so in each of the %d answers since %s", c.Since, words.Instant(c.FirstNew))
		}
	}
	rep.Findings = slices.DeleteFunc(rep.Findings, func(f cause.Finding) bool {
		c := cause.Of(f.Cause)
		over := c != nil && c.Passing && !slices.ContainsFunc(f.Targets, func(t string) bool { return done[t] == nil })
		if over && f.Step > 0 && f.Step <= len(rep.Steps) {
			rep.Steps[f.Step-1].Status, rep.Steps[f.Step-1].Note = "ok", "behaviour switched once during the wait"
		}
		return over || f.Cause == cause.ExpectationFailed
	})
	rep.addExpectationFindings() // of what is not met at the end either
	rep.Open = slices.DeleteFunc(rep.Open, func(q Question) bool { return done[q.Target] != nil })
	for i := range rep.Wait {
		if c := &rep.Wait[i]; c.untold() {
			rep.Open = append(rep.Open, Question{
				Target: c.Target, Text: "whether the new deployment serves: what is expected does not tell it from the old one",
				Enable: "--deployment ID where the access log holds $context.deploymentId, --baseline FILE with the report of a check from before the deploy, or an expectation that the old deployment does not meet",
			})
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
	return "problem", fmt.Sprintf("the new behaviour is known to serve %d of %s", done, words.Plural(len(rep.Wait), "target"))
}

// concludeWait lets a wait's own question decide: an old and a new behaviour
// side by side are what it expects to see on the way. Where old and new cannot be
// told apart nothing else counts; then an error that stands, and a target that is
// still old, are findings.
func (rep *Report) concludeWait(failOn cause.Severity, confidence float64, stopped string, w *Wanted) {
	rep.Verdict = nil
	rep.Outcome = rep.outcome()
	rep.ExitCode = rep.exitCode(failOn)
	untold := false
	for i := range rep.Wait {
		c := &rep.Wait[i]
		rep.Verdict = append(rep.Verdict, c.Sentence(confidence)+rep.notDeployed(c, w))
		switch {
		case c.untold():
			untold = true
		case c.Converged:
		case c.Old+c.Other > 0:
			rep.Outcome, rep.ExitCode = Inconsistent, ExitFinding
		case rep.ExitCode == ExitOK:
			rep.Outcome, rep.ExitCode = Inconclusive, ExitUndecided
		}
	}
	for _, f := range rep.Findings {
		if f.Severity == cause.Error {
			rep.Verdict = append(rep.Verdict, f.Statement)
		}
	}
	if untold {
		rep.Outcome, rep.ExitCode = Inconclusive, ExitUndecided
	}
	if stopped == "interrupted" {
		rep.ExitCode = ExitInterrupted
	}
}

// notDeployed says of a target that is still old that its stage runs the deployment
// that it ran at the baseline: what is waited for was never deployed there.
func (rep *Report) notDeployed(c *Convergence, w *Wanted) string {
	if w.Before == nil || c.Old == 0 || c.New+c.Other > 0 {
		return ""
	}
	now, was := rep.Target(c.Target), w.Before.Target(c.Target)
	if now == nil || was == nil || now.DeploymentID == "" || now.DeploymentID != was.DeploymentID {
		return ""
	}
	return " Its stage runs deployment " + now.DeploymentID + " as it did at the baseline: nothing was deployed to it since (--stage waits for those that were)."
}
