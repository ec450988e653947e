package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/klauspost/compress/zstd"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

// worlds are reports of all worlds of the embedded gateway, as a check made them;
// `go run ./cmd/figures --worlds --seeds 1 --logs auto --keep …` makes them anew.
func worlds(t *testing.T) map[string]*analyze.Report {
	t.Helper()
	file, err := os.Open("testdata/worlds.jsonl.zst")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := zstd.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	all := map[string]*analyze.Report{}
	for d := json.NewDecoder(z); ; {
		var kept struct {
			World  string
			Report *analyze.Report
		}
		err := d.Decode(&kept)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all[kept.World] = kept.Report
	}
	if len(all) < 60 {
		t.Fatalf("only %d worlds", len(all))
	}
	return all
}

// overWorlds runs a test on the report of every world, and on one of many stages.
func overWorlds(t *testing.T, test func(t *testing.T, rep *analyze.Report)) {
	all := worlds(t)
	all["estate"] = estateReport(40)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) { test(t, all[name]) })
	}
}

// told are the findings that a report tells of.
func told(rep *analyze.Report) []*cause.Finding {
	var out []*cause.Finding
	for i := range rep.Findings {
		if !toldElsewhere(&rep.Findings[i]) {
			out = append(out, &rep.Findings[i])
		}
	}
	return out
}

// Who is called at night sees without scrolling what is wrong, in what it differs
// and what to do first: of one finding within 25 lines, of two within 40.
func TestEveryWorldIsOneScreen(t *testing.T) {
	overWorlds(t, func(t *testing.T, rep *analyze.Report) {
		for _, width := range []int{80, 120} {
			lines := strings.Split(strings.TrimSuffix(text(t, rep, Options{Width: width}), "\n"), "\n")
			if last := lines[len(lines)-1]; last != fmt.Sprintf("%s; exit code %d", headline(rep), rep.ExitCode) {
				t.Errorf("at %d, the last line is %q", width, last)
			}
			if lines[0] != headline(rep) {
				t.Errorf("at %d, the first line is %q", width, lines[0])
			}
			if crowded(overview(rep)) {
				continue // its table comes first
			}
			for i, f := range told(rep)[:min(2, len(told(rep)))] {
				most := 25
				if len(told(rep)) > 1 {
					most = 40
				}
				if end := firstRemedyEnds(lines, f); end > most {
					t.Errorf("at %d, the first remedy of finding %d ends in line %d, not %d:\n%s", width, i+1, end, most, strings.Join(lines, "\n"))
				}
			}
		}
	})
}

// firstRemedyEnds is the line in which the first way to mend a finding ends; 0
// where it has none, and far away where it is missing.
func firstRemedyEnds(lines []string, f *cause.Finding) int {
	first, after := firstWay(f.Remedy)
	if first == after {
		return 0
	}
	end := 0
	for _, r := range f.Remedy[first:after] {
		last := r.Text
		if r.Command != "" {
			last = r.Command
		}
		words := strings.Fields(last)
		tail := words[len(words)-1]
		at := slices.IndexFunc(lines[end:], func(l string) bool { return strings.HasSuffix(l, tail) })
		if at < 0 {
			return 1 << 20
		}
		end += at + 1
	}
	return end
}

var (
	addresses = regexp.MustCompile(`https?://[^\s,;)]+`)
	figures   = regexp.MustCompile(`[\d.]+ % measured`)
)

// At every width no command and no address is broken in the middle of a word, a
// line is too long only where a word is, and each share is told once.
func TestEveryWorldAtEveryWidth(t *testing.T) {
	overWorlds(t, func(t *testing.T, rep *analyze.Report) {
		for _, o := range []Options{{Width: 60}, {Width: 80}, {Width: 120}, {Width: 60, Verbose: true}, {Width: 120, Verbose: true}} {
			out := text(t, rep, o)
			where := fmt.Sprintf("at %d, verbose %t", o.Width, o.Verbose)
			for l := range strings.Lines(out) {
				l = strings.TrimSuffix(l, "\n")
				if ansi.StringWidth(l) <= o.Width {
					continue
				}
				// A word of a command or an address has a line of its own.
				if words := shellWords(strings.TrimLeft(l, "# -")); len(words) > 2 {
					t.Errorf("%s, %d columns: %s", where, ansi.StringWidth(l), l)
				}
			}
			for i, f := range told(rep) {
				if !o.Verbose && (i > 0 || crowded(overview(rep))) {
					break
				}
				for _, url := range addresses.FindAllString(f.Statement, -1) {
					if !strings.Contains(out, strings.TrimRight(url, ".")) {
						t.Errorf("%s, an address is broken: %s", where, url)
					}
				}
				first, after := firstWay(f.Remedy)
				for _, r := range f.Remedy[first:after] {
					if r.Command != "" && !strings.Contains(out, strings.Join(breakCommand(r.Command, o.Width), "\n")) {
						t.Errorf("%s, the command is not there as it must be: %s", where, r.Command)
					}
				}
			}
			if !o.Verbose && strings.Contains(out, "evidence") {
				t.Errorf("%s, it holds evidence for experts:\n%s", where, out)
			}
			for _, f := range told(rep) {
				if n := len(figures.FindAllString(f.Statement, -1)); n > 1 {
					t.Errorf("%d measured shares in one finding: %s", n, f.Statement)
				}
			}
		}
	})
}

// A letter stands for one behaviour of one scenario in the whole report.
func TestLettersAreUnique(t *testing.T) {
	overWorlds(t, func(t *testing.T, rep *analyze.Report) {
		seen := map[string]string{}
		for key, letter := range newView(rep).letters {
			if other, ok := seen[letter]; ok {
				t.Errorf("%s stands for %q and %q", letter, key, other)
			}
			seen[letter] = key
		}
	})
}

// Whoever has many APIs sees in 60 lines which stages need attention, however many
// do.
func TestManyStagesFitOnAPage(t *testing.T) {
	for _, bad := range []int{0, 1, 5, 40, 800} {
		rep := estateReport(bad)
		for _, width := range []int{80, 120} {
			out := text(t, rep, Options{Width: width})
			if n := strings.Count(out, "\n"); n > 60 {
				t.Errorf("%d of 800 stages need attention, at %d: %d lines:\n%s", bad, width, n, out)
			}
			if want := fmt.Sprintf("%d need", bad); bad > 1 && !strings.Contains(out, want) {
				t.Errorf("%q is not said:\n%s", want, out)
			}
			if table, found := strings.Index(out, "800 stages of 200 APIs (account 123456789012, us-east-1)"), strings.Index(out, "\n1. "); table < 0 || found >= 0 && found < table {
				t.Errorf("the table does not come first:\n%s", out)
			}
		}
	}
	out := text(t, estateReport(2), Options{Width: 80})
	if !strings.Contains(out, "798 stages of 200 APIs (account 123456789012, us-east-1) need nothing") {
		t.Errorf("what needs nothing is not one line:\n%s", out)
	}
	if out := text(t, estateReport(2), Options{Width: 80, Verbose: true}); strings.Count(out, "service 0") < 800 {
		t.Error("-v does not list every stage")
	}
}
