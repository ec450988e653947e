package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The jobs that are printed for schedulers fit the schedulers' own schemas, and a field
// that these do not know is none.
func TestManifestsFitTheirSchemas(t *testing.T) {
	t.Parallel()
	b := &box{dir: t.TempDir()}
	for _, scheduler := range []string{"kubernetes", "aws-batch", "github"} {
		text, err := os.ReadFile(filepath.Join("testdata", "schemas", scheduler+".json"))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource("schema.json", doc); err != nil {
			t.Fatal(err)
		}
		schema, err := c.Compile("schema.json")
		if err != nil {
			t.Fatal(err)
		}
		code, out, stderr := b.run(t, "manifest", scheduler, "--shards", "3", "--seed", "9", "--start-at", "2026-12-01T12:00:00Z", "--", "--api", `a"b: {c}`)
		if code != 0 {
			t.Fatalf("%s: exit code %d: %s", scheduler, code, stderr)
		}
		var got any
		if err := yaml.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%s: %v\n%s", scheduler, err, out)
		}
		if err := schema.Validate(plainJSON(t, got)); err != nil {
			t.Errorf("%s: %v", scheduler, err)
		}
		args := commandOf(t, scheduler, plainJSON(t, got))
		for _, want := range [][]string{{"--seed", "9"}, {"--api", `a"b: {c}`}} {
			if i := slices.Index(args, want[0]); i < 0 || args[i+1] != want[1] {
				t.Errorf("%s: no %q in %q", scheduler, want, args)
			}
		}
		for _, at := range []string{"", "spec", "jobs"} {
			wrong := plainJSON(t, got).(map[string]any)
			into, ok := wrong[at].(map[string]any)
			if at == "" {
				into, ok = wrong, true
			}
			if !ok {
				continue
			}
			if into["not a field"] = true; schema.Validate(wrong) == nil {
				t.Errorf("%s: its schema takes any field below %q", scheduler, at)
			}
		}
	}
}

// commandOf is what a manifest's shards run.
func commandOf(t *testing.T, scheduler string, v any) []string {
	t.Helper()
	at := map[string][]any{
		"kubernetes": {"spec", "template", "spec", "containers", 0, "args"},
		"aws-batch":  {"containerOverrides", "command"},
		"github":     {"jobs", "shard", "steps", 1, "with", "args"},
	}
	for _, key := range at[scheduler] {
		switch key := key.(type) {
		case string:
			v = v.(map[string]any)[key]
		case int:
			v = v.([]any)[key]
		}
	}
	if text, ok := v.(string); ok {
		return strings.Split(strings.TrimSpace(text), "\n")
	}
	var out []string
	for _, arg := range v.([]any) {
		out = append(out, arg.(string))
	}
	return out
}

// plainJSON is a value as JSON has it.
func plainJSON(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
