package logs

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stageprobe/probe"
)

// capture is one genuine log with the reading that a person gave it.
type capture struct {
	name     string
	Kind     string         `json:"kind"`
	LogFile  string         `json:"log_file"`
	Expected map[string]any `json:"expected"`
	text     []byte
}

func captures(t testing.TB, folder string) []capture {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "real", folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures in %s: %v", folder, err)
	}
	var all []capture
	for _, file := range files {
		c := capture{name: strings.TrimSuffix(filepath.Base(file), ".json")}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if c.text, err = os.ReadFile(filepath.Join("testdata", "real", folder, c.LogFile)); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// spelling maps the captures' field names to those of a record's JSON, where
// they differ.
var spelling = map[string]string{
	"gateway_response_type":         "gateway_response",
	"implied_gateway_response_type": "gateway_response",
}

// check compares every expected field with the record as its JSON has it: null
// means that the capture does not say.
func check(t *testing.T, expected map[string]any, rec probe.LogRecord) {
	t.Helper()
	raw, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range expected {
		if !equal(got[cmp.Or(spelling[name], name)], value(name, want)) {
			t.Errorf("%s = %v, want %v", name, got[cmp.Or(spelling[name], name)], want)
		}
	}
}

// value reduces a producer that the captures describe in words to its name.
func value(name string, want any) any {
	if s, ok := want.(string); ok && name == "producer" {
		s, _, _ = strings.Cut(s, " (")
		if s == "waf" {
			return "gateway"
		}
		return s
	}
	return want
}

func equal(got, want any) bool {
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	return string(a) == string(b)
}

func TestCapturedExecutionLogs(t *testing.T) {
	for _, c := range captures(t, "exec") {
		t.Run(c.name, func(t *testing.T) {
			records, ok := ParseExecution(c.text)
			if !ok {
				t.Fatal("not taken for an execution log")
			}
			expected := each(c.Expected)
			if len(records) != len(expected) {
				t.Fatalf("%d requests, want %d", len(records), len(expected))
			}
			for i, want := range expected {
				check(t, want, records[i])
			}
		})
	}
}

// each returns what is expected of every request of a capture.
func each(expected map[string]any) []map[string]any {
	var all []map[string]any
	for _, list := range []string{"requests", "lines"} {
		items, _ := expected[list].([]any)
		for _, item := range items {
			want := item.(map[string]any)
			for name, v := range expected {
				if name != list {
					want[name] = v
				}
			}
			all = append(all, want)
		}
	}
	if all == nil {
		all = append(all, expected)
	}
	return all
}
