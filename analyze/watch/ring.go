package watch

import (
	"time"

	"stageprobe/analyze"
	"stageprobe/probe"
)

// panes is into how many parts a window slides: with every part the oldest one is
// forgotten.
const panes = 4

// pane holds everything that came since it was opened.
type pane struct {
	from    time.Time
	session *analyze.Session
}

// ring is a window that slides. A verdict needs its evidence from one beginning to
// its end, so every answer is counted in several panes, each a part of a window
// younger than the one before; the first is asked, and makes way once the second is
// a window old.
type ring struct {
	window time.Duration
	open   func(at time.Time) *pane
	panes  []*pane // the oldest first; one at least after the first answer
}

// add counts an answer, and slides the window where it is time.
func (r *ring) add(o *probe.Observation, now time.Time) {
	if n := len(r.panes); n == 0 || now.Sub(r.panes[n-1].from) >= r.window/panes {
		r.panes = append(r.panes, r.open(now))
	}
	for len(r.panes) > 1 && now.Sub(r.panes[1].from) >= r.window {
		r.panes[0] = nil
		r.panes = r.panes[1:]
	}
	for _, p := range r.panes {
		p.session.Add(o)
	}
}

// first is the pane that is asked.
func (r *ring) first(now time.Time) *pane {
	if len(r.panes) == 0 {
		r.panes = append(r.panes, r.open(now))
	}
	return r.panes[0]
}

// restart forgets everything: what came before is of another gateway than what
// comes now.
func (r *ring) restart(now time.Time) { r.panes = []*pane{r.open(now)} }

// since forgets what came before a pane was opened.
func (r *ring) since(p *pane) {
	for len(r.panes) > 1 && r.panes[0] != p {
		r.panes = r.panes[1:]
	}
}
