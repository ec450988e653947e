// Package live shows a run while it runs: a short block that is redrawn on a
// terminal, plain lines elsewhere. It only shows what it is told; it takes no
// part in the run.
package live

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"stageprobe/analyze/words"
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
	ASCII bool             // no character beyond ASCII
	Quiet bool             // nothing is shown
	Now   func() time.Time // time.Now where it is nil
}

// State is where a run stands.
type State struct {
	Sent      int
	Elapsed   time.Duration
	Targets   []TargetState
	Open      int // questions
	Remaining int // further requests that would about decide what is open; 0 where unknown
	// LogsWaited of LogsWanted requests are not found in the logs yet.
	LogsWaited, LogsWanted int
	Phase                  string   // such as "probing", "reading logs"
	Found                  []string // findings that are decided, each in a line
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
	ID         string
	Answers    int
	Behaviours int // 1 where all answers of each scenario are alike
}

// Display shows a run. It is not for concurrent use.
type Display struct {
	w     io.Writer
	o     Options
	shown bool
	last  time.Time
	lines int      // of the block that stands on the terminal
	late  *State   // what was not shown for lack of time
	told  []string // findings that have a plain line
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

// Update shows a state, unless the last one was shown a moment ago. On plain output
// a finding is told as soon as it is decided.
func (d *Display) Update(s State) {
	if d.o.Quiet {
		return
	}
	if !d.o.TTY {
		d.tell(s.Found)
	}
	if !d.Due() {
		d.late = &s
		return
	}
	d.shown, d.last, d.late = true, d.o.Now(), nil
	d.show(&s)
}

// tell writes a line for each finding that is new, and for each that further answers
// took back.
func (d *Display) tell(found []string) {
	for _, f := range found {
		if !slices.Contains(d.told, f) {
			fmt.Fprintln(d.w, "found: "+clean(f))
		}
	}
	for _, f := range d.told {
		if !slices.Contains(found, f) {
			fmt.Fprintln(d.w, "not so after more answers: "+clean(f))
		}
	}
	d.told = slices.Clone(found)
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

// maxFound is how many findings have a line in the block.
const maxFound = 4

// block is the bar, what was sent and answered, and what was found. A line never
// reaches the last column: a terminal that wraps there would break the redrawing.
func (d *Display) block(s *State) []string {
	lines := []string{d.bar(s)}
	sent, logs := sent(s), logsWaited(s)
	switch joined := sent + "; " + logs; {
	case logs == "":
		lines = append(lines, sent)
	case ansi.StringWidth(joined) < d.o.Width:
		lines = append(lines, joined)
	default:
		lines = append(lines, sent, logs)
	}
	if t := d.targets(s.Targets); t != "" {
		lines = append(lines, t)
	}
	for i, f := range s.Found {
		if i == maxFound-1 && len(s.Found) > maxFound {
			lines = append(lines, fmt.Sprintf("found: %d more", len(s.Found)-i))
			break
		}
		lines = append(lines, "found: "+clean(f))
	}
	for i := range lines {
		lines[i] = ansi.Truncate(lines[i], d.o.Width-1, d.glyph("…", "..."))
	}
	return lines
}

func (d *Display) glyph(fine, plain string) string {
	if d.o.ASCII {
		return plain
	}
	return fine
}

// bar shows how far the decision is: what was sent of what it is expected to take.
func (d *Display) bar(s *State) string {
	text := " " + towards(s)
	width := min(30, d.o.Width-1-ansi.StringWidth(text))
	if width < 5 {
		return strings.TrimSpace(text)
	}
	full := 0
	switch {
	case s.Open == 0 && s.Sent > 0:
		full = width
	case s.Remaining > 0:
		full = min(width-1, max(0, s.Sent)*width/(s.Sent+s.Remaining))
	}
	bar := strings.Repeat(d.glyph("█", "#"), full)
	if d.o.Color {
		bar = "\x1b[32m" + bar + "\x1b[0m"
	}
	return bar + strings.Repeat(d.glyph("░", "."), width-full) + text
}

// towards is what is left until everything is decided.
func towards(s *State) string {
	switch {
	case s.Open == 0 && s.Sent > 0:
		return "decided"
	case s.Open == 0 || s.Remaining <= 0:
		return "deciding"
	}
	text := fmt.Sprintf("about %s decide it", words.Plural(s.Remaining, "more request"))
	if rate := s.rate(); rate > 0 {
		text += ", " + expected(time.Duration(float64(s.Remaining)/rate*float64(time.Second)))
	}
	return text
}

// expected rounds a time that nobody knows to the second.
func expected(d time.Duration) string { return max(time.Second, d.Round(time.Second)).String() }

// sent is what was sent, how fast and for how long.
func sent(s *State) string {
	text := fmt.Sprintf("%s in %s (%s/s)", words.Plural(s.Sent, "request"), s.Elapsed.Round(time.Second), words.Figure(s.rate()))
	if s.Phase != "" {
		text += ", " + clean(s.Phase)
	}
	return text
}

// targets counts the answers of each target as far as a line holds them.
func (d *Display) targets(all []TargetState) string {
	line := ""
	for i, t := range all {
		part := fmt.Sprintf("%s %d alike", clean(t.ID), t.Answers)
		if t.Behaviours > 1 {
			part = fmt.Sprintf("%s %d in %d ways", clean(t.ID), t.Answers, t.Behaviours)
		}
		more := "; and " + words.Plural(len(all)-i, "more target")
		if line != "" && ansi.StringWidth(line)+ansi.StringWidth(part)+ansi.StringWidth(more)+2 >= d.o.Width {
			return line + more
		}
		if line != "" {
			line += "; "
		}
		line += part
	}
	return line
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

// plainLine is where a run stands in one line, for a file or a CI log.
func plainLine(s *State) string {
	text := sent(s) + "; " + towards(s)
	if l := logsWaited(s); l != "" {
		text += "; " + l
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
