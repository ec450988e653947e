package logs

import (
	"cmp"
	"encoding/json"
	"strings"
	"testing"

	"stageprobe/probe"
	"stageprobe/scenarios/captures"
)

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
	for _, c := range captures.All("exec") {
		t.Run(c.Name, func(t *testing.T) {
			records, ok := ParseExecution(c.Text)
			if !ok {
				t.Fatal("not taken for an execution log")
			}
			expected := c.Requests()
			if len(records) != len(expected) {
				t.Fatalf("%d requests, want %d", len(records), len(expected))
			}
			for i, want := range expected {
				check(t, want, records[i])
			}
		})
	}
}
