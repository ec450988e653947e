package cli

import (
	"fmt"
	"io"
	"time"
)

// progress tells how far a long reading has come: one line redrawn on a
// terminal, a plain line every few seconds elsewhere.
type progress struct {
	w           io.Writer
	now         func() time.Time
	tty         bool
	every       time.Duration
	began, last time.Time
	shown       bool
	late        string // what was not shown for lack of time
}

func newProgress(w io.Writer, now func() time.Time) *progress {
	p := &progress{w: w, now: now, every: 5 * time.Second, began: now()}
	p.last = p.began
	if _, p.tty = terminal(w); p.tty {
		p.every = 100 * time.Millisecond
	}
	return p
}

// update is told of every step.
func (p *progress) update(done, total int, what string) {
	now := p.now()
	line := fmt.Sprintf("read %d of %d: %s (%s)", done, total, what, now.Sub(p.began).Round(time.Second))
	if now.Sub(p.last) < p.every {
		p.late = line
		return
	}
	p.last, p.shown, p.late = now, true, ""
	p.show(line)
}

func (p *progress) show(line string) {
	if p.tty {
		fmt.Fprintf(p.w, "\r\x1b[K%.78s", line)
		return
	}
	fmt.Fprintln(p.w, line)
}

// done ends the telling: a terminal gets its line back; elsewhere the last line
// is the last step. A reading that was too short to be told of stays untold.
func (p *progress) done() {
	switch {
	case !p.shown:
	case p.tty:
		fmt.Fprint(p.w, "\r\x1b[K")
	case p.late != "":
		p.show(p.late)
	}
}
