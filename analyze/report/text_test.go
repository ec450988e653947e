package report

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze"
	behave "stageprobe/analyze/behaviour"
)

func text(t *testing.T, rep *analyze.Report, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, rep, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	for _, e := range examples {
		golden(t, "text/"+e.name+".txt", []byte(text(t, e.make(), Options{Width: 80})))
	}
	golden(t, "text/demo-verbose.txt", []byte(text(t, demoReport(), Options{Width: 80, Verbose: true})))
	golden(t, "text/demo-colour.txt", []byte(text(t, demoReport(), Options{Width: 100, Color: true})))
	golden(t, "text/demo-ascii.txt", []byte(text(t, demoReport(), Options{Width: 60, ASCII: true, Quiet: true})))
}

// commandLine is a line that must not be cut: breaking it would break the
// command.
func commandLine(l string) bool {
	return strings.HasPrefix(l, "aws ") || strings.HasPrefix(l, "  op=") || strings.HasPrefix(l, "  --")
}

func TestTextStaysWithinItsWidth(t *testing.T) {
	for _, e := range examples {
		for _, width := range []int{60, 80, 132} {
			for _, verbose := range []bool{false, true} {
				out := text(t, e.make(), Options{Width: width, Verbose: verbose, Color: true})
				for l := range strings.Lines(out) {
					l = strings.TrimSuffix(ansi.Strip(l), "\n")
					if e.name != "hostile" && commandLine(l) {
						continue
					}
					if n := ansi.StringWidth(l); n > width && e.name != "hostile" {
						t.Errorf("%s at %d: %d columns: %s", e.name, width, n, l)
					}
				}
			}
		}
	}
}

// Of the gateway's own error among answers of the backend, its message says
// what it is, and not the fields of the backend's body that it lacks.
func TestAnswersOfAnotherKindShowWhatTheyHave(t *testing.T) {
	usual := &behaviour{Cluster: &analyze.Cluster{Status: 200, Producer: "integration"}}
	fields := []analyze.FieldDiff{{Field: "/at", Usual: "<now>"}, {Field: "/items#", Usual: "2"}, {Field: "/message", Here: "Too Many Requests"}}
	for status, want := range map[int]string{
		200: "/at (nothing) instead of <now>, 2 more",
		429: "/message Too Many Requests instead of (nothing), 2 more",
	} {
		b := &behaviour{Cluster: &analyze.Cluster{Status: status, Producer: "integration", Example: &analyze.Example{Differs: fields}}}
		if got := b.differs(usual, 1); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
}

func TestAnInspectionSpeaksOfTheConfiguration(t *testing.T) {
	rep := inspectReport()
	rep.Outcome = analyze.Inconsistent // by its finding: no behaviour was seen
	if got := text(t, rep, Options{Width: 80}); !strings.HasPrefix(got, "CONFIGURATION: 1 ") {
		t.Errorf("the headline is %q", strings.SplitN(got, "\n", 2)[0])
	}
}

// Who is called at night sees the verdict, what differs and what to do without
// scrolling; the end says again how it ended.
func TestTextIsOneScreen(t *testing.T) {
	rep := demoReport()
	lines := strings.Split(text(t, rep, Options{Width: 80}), "\n")
	at := func(part string) int {
		return 1 + slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, part) })
	}
	for part, most := range map[string]int{
		"INCONSISTENT": 1, "99 % confidence": 2, "tied by single requests": 5, "/version             2": 12,
		"op=remove,path=/canarySettings": 25, "aws apigateway update-base-path-mapping": 40,
	} {
		if n := at(part); n == 0 || n > most {
			t.Errorf("%q stands in line %d, want at most %d", part, n, most)
		}
	}
	if last := lines[len(lines)-2]; last != headline(rep)+"; exit code 1" {
		t.Errorf("the last line is %q", last)
	}
	for _, part := range []string{"THE SIX STEPS", "█", "evidence", "To undo it", "# 1b."} {
		if at(part) != 0 {
			t.Errorf("%q is shown without -v", part)
		}
	}
}

// Many findings leave room for each other, and none is passed over in silence.
func TestTextCountsWhatItLeavesOut(t *testing.T) {
	rep := demoReport()
	for range 40 {
		rep.Findings = append(rep.Findings, autoDeployFinding())
	}
	short, whole := text(t, rep, Options{}), text(t, rep, Options{Verbose: true})
	if n := strings.Count(short, "\n"); n > 120 || !strings.Contains(short, "and 27 more findings (-v shows them)") {
		t.Errorf("%d lines:\n%s", n, short)
	}
	if n := strings.Count(whole, "auto-deploy-off on"); n < 41 {
		t.Errorf("-v shows %d of 41", n)
	}
}

func TestTextBreaksNoAddress(t *testing.T) {
	const address = "https://orders7x2a-0123456789abcdef.execute-api.us-east-1.amazonaws.com/prod/orders/by-customer/and-by-date"
	rep := demoReport()
	rep.Findings[0].Statement = "Somebody calls " + address + " and gets two answers."
	for _, width := range []int{60, 80, 120} {
		if out := text(t, rep, Options{Width: width}); !strings.Contains(out, address) {
			t.Errorf("at %d, the address is broken:\n%s", width, out)
		}
	}
}

func TestMovesAreOneLine(t *testing.T) {
	target := analyze.Target{}
	if got := movesWords(&target, false); got != "" {
		t.Errorf("without moves: %q", got)
	}
	for i := range 6 {
		target.Moves = append(target.Moves, behave.Move{Scenario: "GET /", Where: fmt.Sprintf("/f%d", i), Kind: "value"}, behave.Move{Scenario: "GET /x", Where: fmt.Sprintf("/f%d", i), Kind: "value"})
	}
	if got := movesWords(&target, false); got != "6 fields move by themselves: /f0 (value), /f1 (value), /f2 (value), /f3 (value) and 2 more; not compared" {
		t.Error(got)
	}
	target.Moves = target.Moves[:2]
	if got := movesWords(&target, true); got != "1 field moves by itself: /f0 (value); not compared" {
		t.Error(got)
	}
}

func TestTextIsSafeForATerminal(t *testing.T) {
	out := text(t, hostileReport(), Options{Width: 80, Verbose: true})
	for _, r := range out {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("character %U reaches the terminal", r)
		}
	}
	if !strings.Contains(out, `\x1b]0;pwned\a`) || !strings.Contains(out, `\u202e`) || !strings.Contains(out, `\xff`) {
		t.Error("what was taken out is not shown")
	}
}

func TestTextNeedsNoColour(t *testing.T) {
	colour := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for _, e := range examples {
		with := colour.ReplaceAllString(text(t, e.make(), Options{Color: true}), "")
		if diff := cmp.Diff(text(t, e.make(), Options{}), with); diff != "" {
			t.Errorf("%s: more than colour differs:\n%s", e.name, diff)
		}
	}
}

func TestASCIIDrawsWithASCIIAlone(t *testing.T) {
	for _, e := range examples {
		if e.name == "hostile" {
			continue
		}
		for _, r := range text(t, e.make(), Options{ASCII: true, Verbose: true}) {
			if r > unicode.MaxASCII {
				t.Errorf("%s: %U", e.name, r)
			}
		}
	}
}

// A broken command must run as the unbroken one: a shell is asked.
func TestCommandsSurviveBreaking(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh on PATH")
	}
	for _, c := range []string{
		"aws apigateway update-stage --rest-api-id orders7x2a --stage-name prod --patch-operations op=remove,path=/canarySettings --region us-east-1",
		`aws x --name 'a  b "c" \' --stage-name '$default' --value "two  words \" and more of them" --json '{"a": [1,  2]}' --last a\ b`,
		"aws " + strings.Repeat("x", 200) + " --flag " + strings.Repeat("y", 100) + " z",
	} {
		for _, width := range []int{20, 40, 80} {
			script := func(command string) string { return "show() { printf '<%s>\\n' \"$@\"; }\nshow " + command + "\n" }
			want, err1 := exec.CommandContext(t.Context(), sh, "-c", script(c)).Output()
			got, err2 := exec.CommandContext(t.Context(), sh, "-c", script(strings.Join(breakCommand(c, width), "\n"))).Output()
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("at %d:\n%s", width, diff)
			}
		}
	}
}

// The demo's remedies can be pasted with what stands between them: all that is
// not a command is a comment.
func TestRemediesAreAScript(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh on PATH")
	}
	script := ""
	for l := range strings.Lines(text(t, demoReport(), Options{Verbose: true})) {
		if strings.HasPrefix(l, "# ") || commandLine(l) {
			script += l
		}
	}
	out, err := exec.CommandContext(t.Context(), sh, "-eu", "-c", "aws() { echo \"$# $1 $2\"; }\n"+script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := "10 apigateway update-stage\n"
	if n := strings.Count(string(out), "\n"); n != 7 || !strings.HasPrefix(string(out), want) {
		t.Errorf("%d commands ran:\n%s", n, out)
	}
}

func TestStripShowsASwitchAndABurst(t *testing.T) {
	p := newPage(Options{Width: 80})
	whole := []int{4, 4, 4, 4, 0, 4, 4, 4}
	for _, tt := range []struct {
		name string
		part []int
		want string
	}{
		{"a switch", []int{4, 4, 4, 2}, "███▄·   "},
		{"its other side", []int{0, 0, 0, 2, 0, 4, 4, 4}, "   ▄·███"},
		{"a burst", []int{0, 0, 3, 1}, "  ▆▂·   "},
		{"nothing", nil, "    ·   "},
	} {
		if got := (picturePage{p}).strip(tt.part, whole); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestBarShowsIntervalAndConfiguredShare(t *testing.T) {
	p := newPage(Options{Width: 80})
	c := func(share, low, high float64) *analyze.Cluster {
		return &analyze.Cluster{Count: 1, Share: share, ShareLow: low, ShareHigh: high}
	}
	for _, tt := range []struct {
		b    behaviour
		want string
	}{
		{behaviour{Cluster: c(0.5, 0.3, 0.7)}, "███▓▓░░   "},
		{behaviour{Cluster: c(0.5, 0.3, 0.7), Configured: ptr(0.1)}, "█┃█▓▓░░   "},
		{behaviour{Cluster: c(0.001, 0, 0.01)}, "▓         "},
		{behaviour{Cluster: c(1, 1, 1), Configured: ptr(1.0)}, "█████████┃"},
	} {
		if got := (picturePage{p}).bar(&tt.b, 10); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.b.Cluster, got, tt.want)
		}
	}
}

func TestLetters(t *testing.T) {
	for n, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 27: "AB", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := letter(n); got != want {
			t.Errorf("letter %d is %s, want %s", n, got, want)
		}
	}
}

// TestIntervalsOfShares: no more digits than anybody reads, and none where the answers
// hang together so that their number tells nothing.
func TestIntervalsOfShares(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{.95, .9999999, "95 % to 100 %"}, {7.8e-7, .046, "0 % to 4.6 %"}, {0, 1, "comes in bursts"}, {.014, .38, "1.4 % to 38 %"}, {.0002, .9995, "0.02 % to 99.95 %"},
	} {
		if got := between(c.low, c.high); got != c.want {
			t.Errorf("between %g and %g: %q, want %q", c.low, c.high, got, c.want)
		}
	}
}

// Where a mapping could not be read, the logs may still tell which stage answers.
func TestLeadsByTheLogs(t *testing.T) {
	served := func(stages ...string) *analyze.Target {
		t := &analyze.Target{Kind: "custom-domain", Meant: "prod"}
		for _, s := range stages {
			t.Clusters = append(t.Clusters, analyze.Cluster{Served: analyze.Served{Stage: s}})
		}
		return t
	}
	for _, c := range []struct {
		target *analyze.Target
		want   string
	}{
		{served(""), "meant for stage prod, leads to no known stage"},
		{served("dev", "prod"), "meant for stage prod, leads to no known stage"},
		{served("dev,prod"), "meant for stage prod, leads to no known stage"},
		{served("prod", ""), "meant for stage prod, by the logs served by stage prod"},
		{served("dev"), "MEANT FOR STAGE prod, but by the logs served by stage dev"},
	} {
		if got := leads(c.target); got != c.want {
			t.Errorf("leads: %q, want %q", got, c.want)
		}
	}
}
