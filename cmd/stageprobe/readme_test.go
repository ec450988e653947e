package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestReadme runs every command of the README, in order, in one folder, on an
// embedded gateway whose API has the README's id.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute; the long run has it")
	}
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	world, err := os.ReadFile("../../scenarios/sandbox/worlds/demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "readme.txtar")
	if err := os.WriteFile(script, readmeScript(string(text), string(world)), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files: []string{script}, Setup: scriptEnv, Cmds: scriptCommands(),
	})
}

// readmeScript turns the shell blocks of a page into a script. The two commands
// that begin with go are run by everybody who runs this test.
func readmeScript(page, world string) []byte {
	var b strings.Builder
	b.WriteString("gateway world.yaml\nenv STAGEPROBE_CONNECT_TO=$CONNECT_ALL\nenv SSL_CERT_FILE=$CA\nenv STAGEPROBE_RATE=300\nenv STAGEPROBE_LOG_WAIT=3s\n")
	shell := false
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			shell = line == "```sh"
		case !shell || strings.HasPrefix(line, "go "):
		case strings.HasPrefix(line, "curl "):
			b.WriteString("stdin answer.txt\nworks stageprobe explain -\n")
		default:
			// A minute of the reader's is too long for a test.
			b.WriteString("works " + strings.ReplaceAll(line, "--timeout 2m", "--timeout 2s") + "\n")
		}
	}
	b.WriteString("-- world.yaml --\n" + strings.ReplaceAll(world, "orders7x2a", "abc123"))
	b.WriteString("-- answer.txt --\nHTTP/2 403\ncontent-type: application/json\nx-amzn-errortype: MissingAuthenticationTokenException\n\n{\"message\":\"Missing Authentication Token\"}\n")
	return []byte(b.String())
}

var (
	number = regexp.MustCompile(`[0-9]+`)
	title  = regexp.MustCompile(`^[0-9]+\. [a-z-]+ on [^, ]+`)
)

// plain is text without its line breaks, its numbers and the signs of a script.
func plain(text string) string {
	words := slices.DeleteFunc(strings.Fields(text), func(w string) bool { return w == "#" || w == `\` })
	return number.ReplaceAllString(strings.Join(words, " "), "N")
}

// stableParts are what the README's demo shows in every run: titles, ways to mend with
// their commands, and the end.
func stableParts(page string) []string {
	_, block, _ := strings.Cut(page, "```text\n")
	block, _, _ = strings.Cut(block, "```")
	var parts, part []string
	for _, line := range strings.Split(block, "\n") {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "aws ") || len(part) > 0 && strings.HasPrefix(line, "  ") {
			part = append(part, line)
			continue
		}
		if len(part) > 0 {
			parts, part = append(parts, strings.Join(part, "\n")), nil
		}
		if t := title.FindString(line); t != "" {
			parts = append(parts, t)
		} else if strings.HasPrefix(line, "INCONSISTENT") || strings.HasPrefix(line, "TARGETS") {
			parts = append(parts, line)
		}
	}
	return parts
}

// readmeShows holds the README's demo against what a check of that world prints.
func readmeShows(t *testing.T, output string) {
	t.Helper()
	parts := stableParts(readme(t))
	if len(parts) < 7 {
		t.Errorf("the README's demo has only %d parts that every run shows: %q", len(parts), parts)
	}
	for _, part := range parts {
		if !strings.Contains(plain(output), plain(part)) {
			t.Errorf("the README's demo shows what the demo does not:\n%s", part)
		}
	}
}

// TestReadmeIsShort keeps the page within its length, and the first command on one's
// own API on its first screen. TestDemoMended holds the demo that it shows.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	text := readme(t)
	lines := strings.Split(text, "\n")
	if len(lines) > 151 {
		t.Errorf("the README has %d lines, more than 150", len(lines)-1)
	}
	if n := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "stageprobe check ") }); n < 0 || n > 30 {
		t.Errorf("the first command on one's own API stands in line %d, not on the first screen", n+1)
	}
}
