package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"testing"

	"stageprobe/analyze/explain"
	"stageprobe/scenarios/captures"
)

// The command says of every genuine capture what the library says of it, which
// is tested there against each capture's expected reading: in JSON and for
// people by turns, from standard input, without an environment.
func TestExplainGenuineCaptures(t *testing.T) {
	t.Parallel()
	read := 0
	for _, folder := range []string{"http", "exec", "access", "pasted"} {
		for _, c := range captures.All(folder) {
			input := c.Text
			if folder == "http" {
				if c.Response.Status == 0 {
					continue // its source kept headers only
				}
				input = c.CurlI()
			}
			read++
			format := []string{"json", "text"}[read%2]
			t.Run(folder+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				sameAsLibrary(t, input, format)
			})
		}
	}
	if read < 60 {
		t.Errorf("%d captures", read)
	}
}

func sameAsLibrary(t *testing.T, input []byte, format string) {
	t.Helper()
	doc, err := explain.Explain(input, explain.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	write := map[string]func(io.Writer) error{"json": doc.JSON, "text": doc.Text}[format]
	if err := write(&want); err != nil {
		t.Fatal(err)
	}
	if got := runExplain(t, input, "--format", format, "-"); !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s\nwant\n%s", got, &want)
	}
}

// runExplain runs the built command with nothing of the environment but where
// it is.
func runExplain(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("stageprobe", append([]string{"explain"}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %v %s", cmd.Args, err, &stderr)
	}
	return out
}
