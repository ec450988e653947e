package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"stageprobe/analyze"
)

// What init writes from a world where nothing is wrong passes check unchanged,
// and both files are what the published schemas describe.
func TestInitPassesCheck(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"domain-right-stage", "http-healthy", "route-deployed", "edited-and-deployed"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, load(t, name))
			api := b.world.APIs[0].ID
			args := slices.Concat([]string{"init", "--api", api, "-o", b.path("made.yaml")}, b.reach())
			if code, _, stderr := b.run(t, args...); code != 0 {
				t.Fatalf("init ended with %d: %s", code, stderr)
			}
			b.world.Check.Args, b.world.Check.Scenarios = nil, "" // the file alone says what is checked
			rep := b.check(t, "report.json", "-f", b.path("made.yaml"), "--rate", "600")
			if rep.ExitCode != analyze.ExitOK || len(rep.Expectations) == 0 {
				t.Errorf("exit code %d with %d expectations: %v", rep.ExitCode, len(rep.Expectations), rep.Verdict)
			}
			b.fits(t, "report", "report.json", json.Unmarshal)
			b.fits(t, "scenarios", "made.yaml", func(data []byte, v any) error { return yaml.Unmarshal(data, v) })
		})
	}
}

// fits holds a file against a schema as the command prints it.
func (b *box) fits(t *testing.T, schema, name string, decode func([]byte, any) error) {
	t.Helper()
	code, text, stderr := b.run(t, "schema", schema)
	if code != 0 {
		t.Fatalf("schema %s ended with %d: %s", schema, code, stderr)
	}
	printed, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("printed.json", printed); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("printed.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(b.path(name))
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := decode(data, &doc); err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(doc); err != nil {
		t.Errorf("%s does not fit the schema: %v", name, err)
	}
}
