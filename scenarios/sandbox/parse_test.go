package sandbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stageprobe/scenarios/sandbox"
)

func TestParseRefuses(t *testing.T) {
	const api = "name: x\napis:\n  - id: a\n    definitions: {v1: {routes: {\"GET /\": {backend: b}}}}\n    deployments: [{id: d, definition: v1}]\n    stages: {prod: {}}\n"
	tests := []struct{ name, text, want string }{
		{"an unknown key quotes its line", "name: x\nstagez: 1\n", "stagez: 1"},
		{"a duration", "name: x\npropagation: soon\n", `duration "soon"`},
		{"a definition that is not there", strings.Replace(api, "definition: v1", "definition: v9", 1), `definition "v9" does not exist`},
		{"a deployment that is not there", strings.Replace(api, "prod: {}", "prod: {deployment: e}", 1), "it needs a deployment of this API"},
		{"a canary deployment that is not there", strings.Replace(api, "prod: {}", "prod: {canary: {deployment: e}}", 1), `canary deployment "e" does not exist`},
		{"a route without a method", strings.Replace(api, "GET /", "orders", 1), `route "orders"`},
		{"an authorizer that is not there", strings.Replace(api, "backend: b", "backend: b, authorizer: z", 1), `authorizer "z" does not exist`},
		{"a mapping to nowhere", api + "domains: [{name: d, mappings: [{api: zz, stage: prod}]}]\n", `api "zz" does not exist`},
		{"an event on no stage", api + "events: [{after: 1s, stage: a/test}]\n", `stage "a/test" does not exist`},
		{"a definition that extends itself", "name: x\napis: [{id: a, definitions: {v1: {extends: v1}}}]\n", "extends itself"},
		{"too many copies", "name: x\napis: [{id: a, repeat: 100000}]\n", "is more than"},
		{"a move that there is not", "name: x\nbackends: {b: {moves: [{kind: uptme}]}}\n", `backend b: moves: kind "uptme" is not known; did you mean "uptime"?`},
		{"a difference that there is not", "name: x\nbackends: {b: {differs: [statsu]}}\n", `did you mean "status"?`},
		{"a form that there is not", "name: x\nbackends: {b: {format: ndjsn}}\n", `did you mean "ndjson"?`},
		{"a parameter that there is not", "name: x\nbackends: {b: {moves: [{kind: pod, off: 3}]}}\n", "off"},
		{"a move of an event", "name: x\nevents: [{after: 1s, backend: b, become: {moves: [pdo]}}]\n", `event 1: moves: kind "pdo"`},
		{"two APIs with one id", api + "  - id: a\n", "an id of its own"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sandbox.Parse([]byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestLoadNamesAlike(t *testing.T) {
	_, err := sandbox.Load("stale-canary")
	if err == nil || !strings.Contains(err.Error(), "stale-canary-10") {
		t.Errorf("%v", err)
	}
	if w, err := sandbox.Load(""); err != nil || w.Name != sandbox.Default {
		t.Errorf("%v, %v", w, err)
	}
}

// A world may be wrong; reading it may not panic.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("worlds/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no worlds", err)
	}
	f.Add([]byte(movingWorld))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("name: x\nbackends:\n  a:\n    versions:\n     !- {name: x}\n")) // on which the YAML library panics
	f.Fuzz(func(t *testing.T, text []byte) {
		w, err := sandbox.Parse(text)
		if err == nil && w == nil {
			t.Fatal("neither a world nor an error")
		}
	})
}
