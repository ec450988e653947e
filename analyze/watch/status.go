package watch

import (
	"fmt"
	"slices"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// Status is where a watch stands.
type Status struct {
	Report   *analyze.Report // of the last look; nil before the first
	States   []analyze.State // by target of the plan
	Requests int             // since the watch began
	Progress analyze.Progress
}

// Status tells where the watch stands, as of the last look.
func (w *Watch) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	st := Status{Requests: w.requests}
	for i := range w.targets {
		s := w.targets[i].state
		if !w.targets[i].known {
			s.Outcome = analyze.Inconclusive
		}
		st.States = append(st.States, s)
	}
	if w.now != nil {
		st.Report, st.Progress = w.now.report, w.now.progress
	}
	return st
}

// Targets are the targets as the configuration leads them now.
func (w *Watch) Targets() []probe.Target {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.plan.Targets)
}

// Report is the report of the window as it ends: its last verdict, with everything
// that was announced. A window that is too young to be decided leaves the word to
// the one before.
func (w *Watch) Report(end analyze.Ending) *analyze.Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.ring.first(end.Ended)
	began := end.Started
	end.Started = p.from
	end.Notes = append(slices.Clone(end.Notes), fmt.Sprintf("watched since %s with %s in all; the report speaks of the window since %s",
		began.UTC().Format(time.RFC3339), words.Plural(w.requests, "request"), p.from.UTC().Format(time.RFC3339)))
	rep := p.session.Report(end)
	now := w.reading(p, end.Ended)
	if !now.decided && w.trusted != nil && end.Stopped != "interrupted" {
		old := *w.trusted
		old.Notes = append(slices.Clone(old.Notes), fmt.Sprintf("the window since %s is too young to be decided: this is the verdict before it", p.from.UTC().Format(time.RFC3339)))
		old.Notes = append(old.Notes, end.Notes...)
		old.Run.ID, old.Run.Ended, old.Run.Stopped = end.RunID, end.Ended.UTC(), end.Stopped
		rep = &old
	}
	rep.Changes = slices.Clone(w.changes)
	return rep
}

// Say keeps a change of the watch itself for the report.
func (w *Watch) Say(c analyze.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes = append(w.changes, c)
	if n := len(w.changes); n > maxChanges {
		w.changes = slices.Delete(w.changes, 0, n-maxChanges)
	}
}
