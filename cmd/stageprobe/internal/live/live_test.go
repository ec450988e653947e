package live

import (
	"bytes"
	"flag"
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
		Sent: sent, Budget: 2000, Elapsed: time.Duration(sent) * 40 * time.Millisecond, Phase: "probing",
		Targets: []TargetState{{ID: "orders7x2a/prod", Clusters: []int{sent, sent / 10}}, {ID: "api.example.com", Clusters: []int{sent}}},
		Decided: 1, Open: 1, Remaining: 240, LogsWaited: 12, LogsWanted: sent,
	}
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
	if n := strings.Count(out, " of at most 2000 requests"); n != 67 {
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
	s := state(1500)
	s.Remaining = 14000
	got := New(nil, Options{TTY: true, Width: 80}).block(&s)
	want := []string{"decided 1, open 1 (about 14000 more requests)", "logs: 1488 of 1500 found, waiting for 12"}
	if diff := cmp.Diff(want, got[len(got)-2:]); diff != "" {
		t.Error(diff)
	}
}

func TestTheRateIsTheOneThatWasReached(t *testing.T) {
	if got := progress(&State{Sent: 540, Budget: 2000, Elapsed: time.Minute}); got != "540 of at most 2000 requests, 9/s, 1m0s" {
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
	s := State{Phase: "reading\x1b[2J", Targets: []TargetState{{ID: "a\r\nb\u009b2J"}}}
	if got := plainLine(&s); strings.ContainsAny(got, "\x1b\r\n\u009b") {
		t.Errorf("%q", got)
	}
}

func TestStatesOfNothingAreShown(t *testing.T) {
	got := New(nil, Options{TTY: true, Width: 60}).block(&State{})
	want := []string{"░░░░░░░░░░░░░░░░░░░░░░░░░░ 0 of at most 0 requests, 0/s, 0s", "decided 0, open 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
