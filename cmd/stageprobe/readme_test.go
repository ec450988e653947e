package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"stageprobe/scenarios/sandbox"
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
	b.WriteString("gateway world.yaml\nenv STAGEPROBE_CONNECT_TO=$CONNECT_ALL\nenv SSL_CERT_FILE=$CA\nenv STAGEPROBE_RATE=300\nenv STAGEPROBE_LOG_WAIT=10s\n")
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
			b.WriteString("works " + strings.ReplaceAll(line, "--timeout 2m", "--timeout 5s") + "\n")
		}
	}
	b.WriteString("-- world.yaml --\n" + strings.ReplaceAll(world, "orders7x2a", "abc123"))
	b.WriteString("-- answer.txt --\nHTTP/2 403\ncontent-type: application/json\nx-amzn-errortype: MissingAuthenticationTokenException\n\n{\"message\":\"Missing Authentication Token\"}\n")
	return []byte(b.String())
}

// TestReadmeShowsTheDemo keeps the page's first output that of the program, as
// far as it does not change from run to run.
func TestReadmeShowsTheDemo(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	world, err := sandbox.Load("")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"canary-split", "wrong-stage", "INCONSISTENT: 2 errors; exit code 1", "usual   other", "aws apigateway update-base-path-mapping", world.APIs[0].ID} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the README's demo does not show %q", want)
		}
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) > 151 {
		t.Errorf("the README has %d lines, more than 150", len(lines)-1)
	}
	if n := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "stageprobe check ") }); n < 0 || n > 30 {
		t.Errorf("the first command on one's own API stands in line %d, not on the first screen", n+1)
	}
}
