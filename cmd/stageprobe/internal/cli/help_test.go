package cli

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// Every command's help begins, after what it is for, with examples that use it.
func TestHelpBeginsWithExamples(t *testing.T) {
	t.Parallel()
	root := newRoot(Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, config: &settings{}})
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" || cmd.Name() == "help" || cmd.Hidden {
			continue
		}
		var out bytes.Buffer
		cmd.SetOut(&out)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		uses := regexp.MustCompile(`stageprobe ` + cmd.Name() + `\b`)
		before, _, found := strings.Cut(out.String(), "Usage:")
		if !found || !strings.Contains(before, "Examples:\n") || !uses.MatchString(cmd.Example) {
			t.Errorf("the help of %s does not begin with examples:\n%.400s", cmd.Name(), out.String())
		}
		if strings.Index(out.String(), "Flags:") < strings.Index(out.String(), "Examples:") {
			t.Errorf("the flags of %s stand before its examples", cmd.Name())
		}
		checkHelp(t, cmd.Name(), out.String())
	}
	var demo, own bytes.Buffer
	root.SetOut(&own)
	if err := runDemo(newDemo(Streams{Out: &demo}), Streams{Out: &demo}, []string{"--help"}); err != nil {
		t.Fatal(err)
	}
	if err := root.Help(); err != nil {
		t.Fatal(err)
	}
	checkHelp(t, "demo", demo.String())
	checkHelp(t, "stageprobe", own.String())
	checkExamples(t, root)
}

// checkExamples holds that examples use flags that exist.
func checkExamples(t *testing.T, root *cobra.Command) {
	flag := regexp.MustCompile(` --([a-z][a-z-]+)`)
	for _, cmd := range root.Commands() {
		for line := range strings.Lines(cmd.Example) {
			line, _, _ = strings.Cut(line, "   #")
			if !strings.HasPrefix(strings.TrimSpace(line), "stageprobe "+cmd.Name()+" ") || cmd.DisableFlagParsing {
				continue
			}
			line, _, _ = strings.Cut(line, " | ")
			line, _, _ = strings.Cut(line, " -- ") // what follows is another command's
			for _, m := range flag.FindAllStringSubmatch(line, -1) {
				if cmd.Flags().Lookup(m[1]) == nil && root.PersistentFlags().Lookup(m[1]) == nil {
					t.Errorf("the example %q uses --%s, which %s does not have", strings.TrimSpace(line), m[1], cmd.Name())
				}
			}
		}
	}
}

// checkHelp holds that a help page fits a terminal of 80 columns, but for words that
// cannot be broken, and says what a person writes for a value.
func checkHelp(t *testing.T, name, page string) {
	t.Helper()
	goType := regexp.MustCompile(`^ +(?:-., )?--[a-z-]+ (?:string|stringArray|strings|int|uint|float)(?: |$)`)
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		if utf8.RuneCountInString(line) > helpWidth && strings.Contains(strings.TrimSpace(line), " ") {
			t.Errorf("%s --help is wider than %d columns: %s", name, helpWidth, line)
		}
		if goType.MatchString(line) {
			t.Errorf("%s --help names a type of Go: %s", name, line)
		}
	}
}

// Quotes that mark a value's name for help pages stand nowhere else.
func TestUsageWithoutQuotes(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"schema", "config"}, {"__complete", "check", "--r"}, {"__complete", "--c"}} {
		var out bytes.Buffer
		Main(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: io.Discard})
		if out.Len() == 0 || strings.Contains(out.String(), "`") {
			t.Errorf("stageprobe %v prints\n%.600s", args, out.String())
		}
	}
}
