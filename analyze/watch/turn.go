package watch

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// suspect looks for what may be a change, and opens a turn for it.
func (w *ledger) suspect(now time.Time) bool {
	hints, any := make([]hint, len(w.targets)), false
	for i := range w.targets {
		if h, ok := w.hint(i); ok {
			hints[i], any = h, true
		}
	}
	if any {
		w.begin(now)
		w.turn.found = hints
		w.ring.restart(now)
		return true
	}
	return w.mended(now)
}

// quiet tells at little cost that nothing suggests a change since the last look. Now
// and then the whole window is weighed all the same.
func (w *ledger) quiet(p *pane, now time.Time) bool {
	if w.turn != nil || w.now == nil || now.Sub(w.now.at) >= w.o.Window/panes/2 {
		return false
	}
	for i := range w.targets {
		if t := &w.targets[i]; !t.known || !t.suspicious().IsZero() {
			return false
		}
	}
	w.now.progress = p.session.Progress()
	for _, f := range w.now.progress.Decision.Findings {
		for i := range w.targets {
			known := f.Severity == cause.Info || slices.Contains(w.targets[i].state.Causes, f.Cause)
			if !known && slices.Contains(f.Targets, w.plan.Targets[i].ID) {
				return false
			}
		}
	}
	return true
}

// suspicious is since when a scenario fails that did not, or the other way round;
// zero where none does.
func (t *target) suspicious() time.Time {
	for scenario, r := range t.rows {
		if r.n >= leastRow && r.bad != (t.failing[scenario] != "") {
			return r.since
		}
	}
	return time.Time{}
}

// fails tells whether the last answers to a scenario were failures.
func (t *target) fails(scenario string) bool {
	r := t.rows[scenario]
	return r != nil && r.bad && r.n >= leastRow
}

// hint is what speaks for a change of a target to something that was not there.
func (w *ledger) hint(i int) (hint, bool) {
	t, s := &w.targets[i], &w.now.targets[i]
	if !t.known {
		return hint{}, false
	}
	if at := t.suspicious(); !at.IsZero() {
		return hint{at: at}, true
	}
	fresh := slices.ContainsFunc(s.causes, func(c cause.ID) bool { return !slices.Contains(t.state.Causes, c) })
	if !fresh && s.passing == nil {
		return hint{}, false
	}
	h := hint{passing: s.passing}
	if rt := w.now.report.Target(w.plan.Targets[i].ID); rt != nil {
		h.at = onset(rt)
	}
	return h, true
}

// mended looks for something that is over: a younger part of the window holds it no
// more. The window is cut to that part.
func (w *ledger) mended(now time.Time) bool {
	half := w.o.Window / 2
	at := slices.IndexFunc(w.ring.panes, func(p *pane) bool { return now.Sub(p.from) < w.o.Window*3/4 })
	if now.Sub(w.cut) < half || at < 0 || !slices.ContainsFunc(w.targets, func(t target) bool { return len(t.state.Causes) > 0 }) {
		return false
	}
	p := w.ring.panes[at]
	if now.Sub(p.from) < half {
		return false
	}
	young := w.reading(p, now)
	hints, any := make([]hint, len(w.targets)), false
	for i := range w.targets {
		t, s := &w.targets[i], &young.targets[i]
		if s.answers == 0 || !slices.ContainsFunc(t.state.Causes, func(c cause.ID) bool {
			return !slices.Contains(s.causes, c) && !slices.Contains(slices.Collect(maps.Values(s.failing)), c)
		}) {
			continue
		}
		id := w.plan.Targets[i].ID
		hints[i], any = hint{at: ceased(w.now.report.Target(id), young.report.Target(id))}, true
	}
	if !any {
		return false
	}
	w.begin(now)
	w.turn.found, w.cut = hints, now
	w.ring.since(p)
	return true
}

// settle tells what a turn, or the beginning of the watch, has come to. Targets that
// one stage serves are told together.
func (w *ledger) settle(now time.Time) []analyze.Change {
	var out []analyze.Change
	for _, group := range w.groups() {
		ready := true
		for _, i := range group {
			ready = ready && w.ready(i, now)
		}
		if ready {
			out = append(out, w.tell(group, now)...)
		}
	}
	if w.turn != nil && !slices.Contains(w.turn.done, false) {
		w.turn = nil
	}
	return out
}

// groups are the targets by the stage that serves them.
func (w *ledger) groups() [][]int {
	by := map[string][]int{}
	for i := range w.plan.Targets {
		t := &w.plan.Targets[i]
		key := t.ID
		if t.APIID != "" {
			key = t.APIID + "/" + t.Stage
		}
		by[key] = append(by[key], i)
	}
	var out [][]int
	for _, key := range slices.Sorted(maps.Keys(by)) {
		out = append(out, by[key])
	}
	return out
}

// ready tells whether a verdict on a target may be announced.
func (w *ledger) ready(i int, now time.Time) bool {
	t, s := &w.targets[i], &w.now.targets[i]
	if t.known && w.turn == nil {
		return false
	}
	if w.turn != nil && (w.turn.done[i] || w.o.Reads && w.read.Before(w.turn.opened) && now.Sub(w.turn.opened) < w.o.Window) {
		return w.turn.done[i]
	}
	return w.now.decided || s.answers >= leastFailing && (s.ended || w.turn != nil && fails(s.failing, t.born))
}

// fails tells whether every answer of a scenario fails that did not do so from the
// beginning.
func fails(failing map[string]cause.ID, born map[string]bool) bool {
	for scenario := range failing {
		if !born[scenario] {
			return true
		}
	}
	return false
}

// onsets takes from the window as it stands when each target's answers changed,
// before that window is put aside.
func (w *ledger) onsets(now time.Time) {
	r := w.reading(w.ring.first(now), now)
	for i := range w.targets {
		t := r.report.Target(w.plan.Targets[i].ID)
		if h := &w.turn.found[i]; h.at.IsZero() && t != nil {
			// What began before the configuration was last read belongs to no change since.
			if at := onset(t); at.After(w.read) {
				h.at = at
			}
		}
	}
}

// tell settles a group of targets and words what has changed of them, once for all
// that changed alike.
func (w *ledger) tell(group []int, now time.Time) []analyze.Change {
	var out []analyze.Change
	for _, i := range group {
		if w.turn != nil && w.turn.done[i] {
			continue
		}
		c, changed := w.change(i, now)
		if w.turn != nil {
			w.turn.done[i] = true
		}
		if !changed {
			continue
		}
		alike := slices.IndexFunc(out, func(x analyze.Change) bool {
			return x.Kind == c.Kind && reflect.DeepEqual(x.Before, c.Before) && reflect.DeepEqual(x.After, c.After)
		})
		if alike < 0 {
			out = append(out, c)
			continue
		}
		out[alike].Targets = append(out[alike].Targets, c.Targets...)
		if c.At.Before(out[alike].At) {
			out[alike].At = c.At
		}
	}
	for i := range out {
		out[i].Statement = words.List(out[i].Targets) + ": " + out[i].Statement
	}
	return out
}

// change settles one target.
func (w *ledger) change(i int, now time.Time) (analyze.Change, bool) {
	t, s := &w.targets[i], &w.now.targets[i]
	before, usual, first := t.state, t.usual, !t.known
	if first {
		t.born = map[string]bool{}
		for scenario := range s.failing {
			t.born[scenario] = true
		}
		before.Outcome = analyze.Inconclusive
	}
	t.failing = s.failing
	maps.DeleteFunc(t.born, func(scenario string, _ bool) bool { return s.failing[scenario] == "" })
	causes := w.stays(i, before.Causes)
	for _, scenario := range slices.Sorted(maps.Keys(s.failing)) {
		if id := s.failing[scenario]; !t.born[scenario] && len(s.causes) == 0 && !slices.Contains(causes, id) {
			causes = append(causes, id)
		}
	}
	t.known, t.usual = true, s.usual
	t.state = analyze.State{Outcome: outcome(causes), Causes: causes}
	c := analyze.Change{
		Kind: analyze.ChangedVerdict, Targets: []string{w.plan.Targets[i].ID}, At: now, Noticed: now,
		Before: before, After: t.state, Severity: s.severity(len(causes) > 0),
	}
	var h hint
	if w.turn != nil {
		h = w.turn.found[i]
		c.Event = w.event(i)
	}
	same := slices.Equal(slices.Sorted(slices.Values(before.Causes)), slices.Sorted(slices.Values(causes)))
	moved := !first && (h.passing != nil || otherwise(usual, s.usual, c.Event != nil))
	switch {
	case first:
		if len(causes) == 0 {
			return c, false
		}
	case !same:
	case moved:
		c.Kind = analyze.ChangedBehaviour
	case c.Event != nil:
		c.Kind = analyze.ChangedConfiguration
	default:
		return c, false
	}
	if same && len(causes) == 0 {
		c.Severity = string(cause.Info)
	}
	c.At = w.began(h, c.Event, now)
	for _, f := range s.findings {
		c.Remedy = append(c.Remedy, f.Remedy...)
	}
	c.Statement = state(&c, s, h, first)
	if len(causes) > len(s.causes) || c.Kind == analyze.ChangedBehaviour && h.passing == nil {
		c.Statement += differs(usual, s)
	}
	return c, true
}

// split tells whether a scenario is answered in more than one way.
func (s *seen) split() bool {
	for _, u := range s.usual {
		if len(u.all) > 1 {
			return true
		}
	}
	return false
}

// stays are the causes that a window decides on, with those of before that it holds
// too few answers for: a split is over once its other behaviour does not come any more,
// or the configuration changed, and not where one window alone does not explain it.
func (w *ledger) stays(i int, before []cause.ID) []cause.ID {
	s := &w.now.targets[i]
	causes := slices.Clone(s.causes)
	if w.turn == nil || w.event(i) != nil {
		return causes
	}
	split := false
	for _, group := range w.groups() {
		for _, j := range group { // what one stage serves splits alike
			if slices.Contains(group, i) {
				split = split || w.now.targets[j].split()
			}
		}
	}
	for _, id := range before {
		if row := cause.Of(id); split && row != nil && row.Laws != nil && !slices.Contains(causes, id) {
			causes = append(causes, id)
		}
	}
	slices.SortStableFunc(causes, func(a, b cause.ID) int { return cmp.Compare(cause.Rank(a), cause.Rank(b)) })
	return causes
}

func outcome(causes []cause.ID) analyze.Outcome {
	if len(causes) > 0 {
		return analyze.Inconsistent
	}
	return analyze.Consistent
}

// began is when a change happened: by the configuration, else by the answers.
func (w *ledger) began(h hint, e *analyze.ConfigChange, now time.Time) time.Time {
	switch {
	case e != nil && !e.At.IsZero():
		return e.At.UTC()
	case !h.at.IsZero():
		return h.at.UTC()
	case w.turn != nil:
		return w.turn.opened.UTC()
	}
	return now.UTC()
}

// otherwise tells whether a scenario is usually answered with another status, or,
// where an event of the configuration lets expect it, with another answer. Of several
// behaviours the most frequent may be another one from window to window, and what
// tells two apart is learnt anew in each: there only the status counts.
func otherwise(before, now map[string]usual, event bool) bool {
	for scenario, is := range now {
		was, ok := before[scenario]
		switch {
		case !ok:
		case len(was.all) == 1 && len(is.all) == 1 && (was.status != is.status || event && was.id != is.id):
			return true
		case !slices.Contains(was.statuses, is.status) && !slices.Contains(is.statuses, was.status):
			return true
		}
	}
	return false
}

// differs says which scenarios answer otherwise than before, and whether all their
// answers fail now.
func differs(before map[string]usual, s *seen) string {
	var texts []string
	for _, scenario := range slices.Sorted(maps.Keys(s.usual)) {
		was, is := before[scenario], s.usual[scenario]
		switch {
		case was.id == is.id:
		case was.status != is.status && was.id != "":
			texts = append(texts, fmt.Sprintf("%s: %s before, %s since", scenario, status(was.status), status(is.status)))
		case was.id != "":
			texts = append(texts, fmt.Sprintf("%s: another answer with status %d", scenario, is.status))
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return " " + words.Some(texts, 4) + "."
}

func status(code int) string {
	if code == 0 {
		return "no answer"
	}
	return fmt.Sprint(code)
}

// event is the event of the turn that concerns a target; nil where none does. Of
// several the last to be read.
func (w *ledger) event(i int) *analyze.ConfigChange {
	for _, e := range slices.Backward(w.turn.events) {
		if concerns(&e, &w.plan.Targets[i]) {
			return &e
		}
	}
	return nil
}

// concerns tells whether a change of the configuration is one of what a target
// reaches, or is meant to.
func concerns(e *analyze.ConfigChange, t *probe.Target) bool {
	if stage, ok := strings.CutPrefix(e.Subject, "stage "); ok {
		return stage == t.APIID+"/"+t.Stage || t.Meant != nil && stage == t.Meant.APIID+"/"+t.Meant.Stage
	}
	u, err := url.Parse(t.URL)
	return err == nil && e.Subject == "domain "+strings.ToLower(u.Hostname())
}

// state says what has changed, as the predicate of a sentence whose subject the
// targets are.
func state(c *analyze.Change, s *seen, h hint, first bool) string {
	var text string
	at := words.Clock(c.At)
	switch {
	case first:
		text = fmt.Sprintf("%s from the beginning: %s.", c.After.Outcome, names(c.After.Causes))
	case c.Kind == analyze.ChangedConfiguration:
		text = "answers as before."
	case c.Kind == analyze.ChangedBehaviour:
		text = fmt.Sprintf("answers otherwise since %s, and %s.", at, cmp.Or(wrong(c.After.Causes), "nothing is wrong with it"))
	case len(c.After.Causes) == 0:
		text = fmt.Sprintf("consistent again since %s: %s is over.", at, names(c.Before.Causes))
	case len(c.Before.Causes) == 0:
		text = fmt.Sprintf("inconsistent since %s: %s.", at, names(c.After.Causes))
	default:
		text = fmt.Sprintf("%s gave way to %s at %s.", names(c.Before.Causes), names(c.After.Causes), at)
	}
	if c.Event != nil {
		text += " By the configuration, " + c.Event.Text + by(c.Event) + "."
	}
	for _, f := range s.findings {
		if slices.Contains(c.After.Causes, f.Cause) {
			text += " " + f.Statement
		}
	}
	if c.Kind == analyze.ChangedBehaviour && h.passing != nil {
		text += " " + h.passing.Statement
	}
	return text
}

func wrong(causes []cause.ID) string {
	if len(causes) == 0 {
		return ""
	}
	return "as before: " + names(causes)
}

func names(causes []cause.ID) string {
	var out []string
	for _, c := range causes {
		out = append(out, string(c))
	}
	return words.List(out)
}

func by(e *analyze.ConfigChange) string {
	var text string
	if e.By != "" {
		text = " (" + strings.TrimSpace(e.Event+" by "+e.By)
		if e.Tool != "" {
			text += " with " + e.Tool
		}
		text += ")"
	}
	if !e.At.IsZero() {
		text += " at " + words.Clock(e.At)
	}
	return text
}
