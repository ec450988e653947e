package live

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// clock is a clock that a test turns.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func state(sent int) State {
	return State{
		Sent: sent, Elapsed: time.Duration(sent) * 40 * time.Millisecond, Phase: "probing",
		Targets: []TargetState{{ID: "orders7x2a/prod", Answers: sent, Behaviours: 2}, {ID: "api.example.com", Answers: sent / 10, Behaviours: 1}},
		Open:    1, Remaining: 240, LogsWaited: 12, LogsWanted: sent, Found: found(sent),
	}
}

// found is what is decided after so many requests.
func found(sent int) []string {
	switch {
	case sent < 500:
		return nil
	case sent < 1000:
		return []string{"canary-split on orders7x2a/prod (error)", "throttled on api.example.com (warning)"}
	}
	return []string{"canary-split on orders7x2a/prod (error)"}
}

// play shows a hundred states, one every 40 ms.
func play(o Options) string {
	var b bytes.Buffer
	c := &clock{time.Date(2026, 3, 14, 3, 0, 0, 0, time.UTC)}
	o.Now = c.Now
	d := New(&b, o)
	for i := range 200 {
		d.Update(state(10 * i))
		c.now = c.now.Add(40 * time.Millisecond)
	}
	d.Done()
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestPlainLinesComeAtMostEveryFiveSeconds(t *testing.T) {
	// Eight seconds: at once, after five, and what was left when it was done.
	golden(t, "plain.txt", play(Options{}))
}

func TestBlockIsRedrawnAtMostTenTimesASecond(t *testing.T) {
	out := play(Options{TTY: true})
	// 200 updates in eight seconds; every third is the first after 100 ms.
	if n := strings.Count(out, " more requests decide it"); n != 67 {
		t.Errorf("drawn %d times", n)
	}
}

// screen plays the few sequences that the display uses on an endless screen.
func screen(t *testing.T, out string, width int) []string {
	t.Helper()
	lines, row := []string{""}, 0
	for out != "" {
		switch {
		case strings.HasPrefix(out, ansi.EraseScreenBelow):
			lines, out = append(lines[:row], ""), out[len(ansi.EraseScreenBelow):]
		case strings.HasPrefix(out, "\x1b["):
			end := strings.IndexFunc(out[2:], func(r rune) bool { return r < '0' || r > '9' }) + 2
			if out[end] != 'A' {
				t.Fatalf("sequence %q", out[:end+1])
			}
			up := 1
			if end > 2 {
				up = int(out[2] - '0')
			}
			row, out = row-up, out[end+1:]
		case out[0] == '\n':
			if row++; row == len(lines) {
				lines = append(lines, "")
			}
			out = out[1:]
		case out[0] == '\r':
			out = out[1:]
		default:
			end := strings.IndexAny(out, "\x1b\r\n")
			lines[row] += out[:end]
			out = out[end:]
		}
		if row < 0 || ansi.StringWidth(lines[row]) >= width {
			t.Fatalf("row %d: %q reaches the edge of the screen", row, lines)
		}
	}
	return lines
}

func TestBlockIsRedrawnInPlace(t *testing.T) {
	for _, width := range []int{40, 80, 200} {
		out := play(Options{TTY: true, Width: width})
		if got := screen(t, out, width); len(got) != 1 || got[0] != "" {
			t.Errorf("at %d, after it is done there stands %q", width, got)
		}
		lines := 3
		if width < 80 { // the logs have a line of their own
			lines = 4
		}
		before, _, _ := strings.Cut(out, ansi.CursorUp(lines))
		if got := screen(t, before, width); len(got) != lines+1 {
			t.Errorf("at %d, the block is %q", width, got)
		}
	}
	golden(t, "block.txt", strings.Join(New(nil, Options{TTY: true, Width: 120}).block(ptr(state(1500))), "\n")+"\n")
}

func TestLogsAreNotCutOffOnANarrowTerminal(t *testing.T) {
	s := state(400)
	got := New(nil, Options{TTY: true, Width: 60}).block(&s)
	want := []string{"400 requests in 16s (25/s), probing", "logs: 388 of 400 found, waiting for 12"}
	if diff := cmp.Diff(want, got[1:3]); diff != "" {
		t.Error(diff)
	}
}

// The bar goes towards the decision: what the budget would still allow is no
// matter.
func TestTheBarGoesTowardsTheDecision(t *testing.T) {
	for _, tt := range []struct {
		s    State
		want string
	}{
		{State{}, "░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ deciding"},
		{State{Sent: 100, Open: 1, Elapsed: 4 * time.Second}, "░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ deciding"},
		{State{Sent: 100, Open: 1, Remaining: 200, Elapsed: 4 * time.Second}, "██████████░░░░░░░░░░░░░░░░░░░░ about 200 more requests decide it, 8s"},
		{State{Sent: 4000, Open: 1, Remaining: 1, Elapsed: 4 * time.Second}, "█████████████████████████████░ about 1 more request decide it, 1s"},
		{State{Sent: 4000}, "██████████████████████████████ decided"},
	} {
		if got := New(nil, Options{TTY: true, Width: 120}).bar(&tt.s); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// Many targets and findings leave the block short.
func TestTheBlockStaysShort(t *testing.T) {
	s := state(400)
	for i := range 50 {
		s.Targets = append(s.Targets, TargetState{ID: fmt.Sprintf("api%05d/prod", i), Answers: 8, Behaviours: 14})
		s.Found = append(s.Found, fmt.Sprintf("stale-canary on api%05d/prod (warning)", i))
	}
	got := New(nil, Options{TTY: true, Width: 80, ASCII: true}).block(&s)
	if len(got) != 7 || got[2] != "orders7x2a/prod 400 in 2 ways; api.example.com 40 alike; and 50 more targets" || got[6] != "found: 47 more" {
		t.Errorf("%q", got)
	}
}

func ptr[T any](v T) *T { return &v }

func TestQuietShowsNothing(t *testing.T) {
	for _, tty := range []bool{true, false} {
		if got := play(Options{TTY: tty, Quiet: true}); got != "" {
			t.Errorf("%q", got)
		}
	}
}

func TestWhatOthersNamedCannotMoveTheCursor(t *testing.T) {
	s := State{Phase: "reading\x1b[2J", Targets: []TargetState{{ID: "a\r\nb\u009b2J"}}, Found: []string{"x\x1b[2J"}}
	d := New(nil, Options{TTY: true})
	for _, got := range append(d.block(&s), plainLine(&s)) {
		if strings.ContainsAny(got, "\x1b\r\n\u009b") {
			t.Errorf("%q", got)
		}
	}
}
