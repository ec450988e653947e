// Package live shows a run while it runs: a short block that is redrawn on a
// terminal, plain lines elsewhere. It only shows what it is told; it takes no
// part in the run.
package live

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// How often something is shown, at most.
const (
	redrawEvery = time.Second / 10
	lineEvery   = 5 * time.Second
)

// Options say where and how a run is shown.
type Options struct {
	TTY   bool // whether the block can be redrawn in place
	Width int  // columns; 80 where it is 0
	Color bool
	Quiet bool             // nothing is shown
	Now   func() time.Time // time.Now where it is nil
}

// State is where a run stands.
type State struct {
	Sent, Budget  int
	Elapsed       time.Duration
	Targets       []TargetState
	Decided, Open int // questions
	Remaining     int // further requests that would about decide what is open; 0 where unknown
	// LogsWaited of LogsWanted requests are not found in the logs yet.
	LogsWaited, LogsWanted int
	Phase                  string // such as "probing", "reading logs"
}

// rate is how many requests per second were sent so far: what a limit, slow
// answers or waiting for logs leave of the rate that was asked for.
func (s *State) rate() float64 {
	if s.Elapsed <= 0 {
		return 0
	}
	return float64(s.Sent) / s.Elapsed.Seconds()
}

// TargetState is what one target has answered so far.
type TargetState struct {
	ID       string
	Clusters []int // answers per behaviour, the usual one first
}

// Display shows a run. It is not for concurrent use.
type Display struct {
	w     io.Writer
	o     Options
	shown bool
	last  time.Time
	lines int    // of the block that stands on the terminal
	late  *State // what was not shown for lack of time
}

// New makes a display that writes to w.
func New(w io.Writer, o Options) *Display {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Width <= 0 {
		o.Width = 80
	}
	return &Display{w: w, o: o}
}

// Due tells whether an update would be shown now.
func (d *Display) Due() bool {
	every := lineEvery
	if d.o.TTY {
		every = redrawEvery
	}
	return !d.o.Quiet && (!d.shown || d.o.Now().Sub(d.last) >= every)
}

// Update shows a state, unless the last one was shown a moment ago.
func (d *Display) Update(s State) {
	switch {
	case d.Due():
		d.shown, d.last, d.late = true, d.o.Now(), nil
		d.show(&s)
	case !d.o.Quiet:
		d.late = &s
	}
}

// Done takes the block away, so that the report begins on a clean line. On
// plain output it shows the state that time did not allow.
func (d *Display) Done() {
	if d.late != nil && !d.o.TTY {
		d.show(d.late)
	}
	d.late = nil
	if d.lines > 0 {
		io.WriteString(d.w, d.erase())
		d.lines = 0
	}
}

func (d *Display) show(s *State) {
	if !d.o.TTY {
		fmt.Fprintln(d.w, plainLine(s))
		return
	}
	block := d.block(s)
	// One write for all: two would flicker.
	io.WriteString(d.w, d.erase()+strings.Join(block, "\n")+"\n")
	d.lines = len(block)
}

// erase goes up to the block's first line and clears from there.
func (d *Display) erase() string {
	if d.lines == 0 {
		return ""
	}
	return ansi.CursorUp(d.lines) + "\r" + ansi.EraseScreenBelow
}

// block is the bar, what was answered, and what is open. A line never reaches
// the last column: a terminal that wraps there would break the redrawing.
func (d *Display) block(s *State) []string {
	lines := []string{d.bar(s)}
	if t := targets(s.Targets); t != "" {
		lines = append(lines, t)
	}
	q, logs := questions(s), logsWaited(s)
	switch joined := q + "; " + logs; {
	case logs == "":
		lines = append(lines, q)
	case ansi.StringWidth(joined) < d.o.Width:
		lines = append(lines, joined)
	default:
		lines = append(lines, q, logs)
	}
	for i := range lines {
		lines[i] = ansi.Truncate(lines[i], d.o.Width-1, "…")
	}
	return lines
}

// bar shows how much of the budget is used. Stopping before its end is usual.
func (d *Display) bar(s *State) string {
	text := " " + progress(s)
	width := min(30, d.o.Width-1-ansi.StringWidth(text))
	if width < 5 {
		return strings.TrimSpace(text)
	}
	full := 0
	if s.Budget > 0 {
		full = min(width, max(0, s.Sent)*width/s.Budget)
	}
	bar := strings.Repeat("█", full) + strings.Repeat("░", width-full)
	if d.o.Color {
		bar = "\x1b[32m" + bar + "\x1b[0m"
	}
	return bar + text
}

// progress is what was sent, how fast and for how long.
func progress(s *State) string {
	text := fmt.Sprintf("%d of at most %d requests, %.3g/s, %s", s.Sent, s.Budget, s.rate(), s.Elapsed.Round(time.Second))
	if s.Phase != "" {
		text += ", " + clean(s.Phase)
	}
	return text
}

// targets shows the letters of behaviours with their counts.
func targets(all []TargetState) string {
	var parts []string
	for _, t := range all {
		var counts []string
		for i, n := range t.Clusters {
			if i == 8 {
				counts = append(counts, fmt.Sprintf("+%d", len(t.Clusters)-i))
				break
			}
			counts = append(counts, fmt.Sprintf("%c %d", 'A'+i, n))
		}
		parts = append(parts, strings.TrimSpace(clean(t.ID)+" "+strings.Join(counts, " ")))
	}
	return strings.Join(parts, "; ")
}

// questions is what is decided and what is open.
func questions(s *State) string {
	text := fmt.Sprintf("decided %d, open %d", s.Decided, s.Open)
	if s.Open > 0 && s.Remaining > 0 {
		text += fmt.Sprintf(" (about %d more requests)", s.Remaining)
	}
	return text
}

// logsWaited is how many requests the logs hold and are waited for.
func logsWaited(s *State) string {
	if s.LogsWanted <= 0 {
		return ""
	}
	text := fmt.Sprintf("logs: %d of %d found", s.LogsWanted-s.LogsWaited, s.LogsWanted)
	if s.LogsWaited > 0 {
		text += fmt.Sprintf(", waiting for %d", s.LogsWaited)
	}
	return text
}

// plainLine is everything in one line, for a file or a CI log.
func plainLine(s *State) string {
	text := progress(s) + "; " + questions(s)
	if l := logsWaited(s); l != "" {
		text += "; " + l
	}
	if t := targets(s.Targets); t != "" {
		text += "; " + t
	}
	return text
}

// clean keeps what others named from moving the cursor.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			return '?'
		}
		return r
	}, s)
}
