package logs

import (
	"strings"
	"testing"
)

// Deployment tools print a stream's tag and the time in brackets.
func TestBracketedPrefix(t *testing.T) {
	const tag = "[2b4492] [2016-10-11 15:26:57] "
	text := tag + "Verifying Usage Plan for request: 2b9c8640-30be-4853-bd1b-d3fb0442e3e4. API Key: ****abcdef API Stage: abcdefghij/staging\n" + tag + "Method completed with status: 403\n"
	records, ok := ParseExecution([]byte(text))
	if !ok || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), ok)
	}
	if r := records[0]; r.APIID != "abcdefghij" || r.Stage != "staging" || r.Status == nil || *r.Status != 403 || r.Time.Year() != 2016 || r.RequestID != "2b9c8640-30be-4853-bd1b-d3fb0442e3e4" {
		t.Errorf("%+v", r)
	}
	for _, line := range []string{"[", "[]", "[x] [", "[x] [2016-10-11 15:26:57]", "[x] [2016-10-11 99:26:57] y"} {
		if h := splitHeader([]byte(line)); h.known() {
			t.Errorf("%s: %+v", line, h)
		}
	}
}

// The command line prints a test invocation's log in YAML as one string, whose
// own breaks are blanks.
func TestYAML(t *testing.T) {
	text := "- body: '{}'\n  log: \"Execution log for request fb2dedbf-d17c-4328-9c00-6dd42b59893f\\nTue Oct 12\n    21:09:59 UTC 2021 : HTTP Method: GET, Resource Path: /menus\\nTue\n    Oct 12 21:10:00 UTC 2021 : Execution failed due to\n    configuration error: Malformed Lambda\\\n    \\ proxy response\\nTue Oct 12 21:10:00 UTC 2021 : Method completed\n    with status: 502\\n\"\n  status: 502\n"
	records, ok := ParseExecution([]byte(text))
	if !ok || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), ok)
	}
	if r := records[0]; r.RequestID != "fb2dedbf-d17c-4328-9c00-6dd42b59893f" || r.Path != "/menus" || r.Status == nil || *r.Status != 502 ||
		r.Error != "Execution failed due to configuration error: Malformed Lambda proxy response" {
		t.Errorf("%+v", r)
	}
	for _, text := range []string{`"Execution log for request `, "\"Execution log for request x\n", `"Execution log for request x"`, `\`} {
		if got := unfold([]byte(text)); string(got) != text {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// $context.error.messageString is quoted already, so that a format that quotes it
// again makes an entry that is not JSON.
func TestQuotedTwice(t *testing.T) {
	r, ok := ParseAccess([]byte(`{"requestId":"2b9c8640-30be-4853-bd1b-d3fb0442e3e4","error_message":"Endpoint request timed out","error_messageString":" "Endpoint request timed out"","status":"504"}`))
	if !ok || strings.ContainsAny(r.Error, `"`) || r.Error != "Endpoint request timed out" {
		t.Errorf("%v %q", ok, r.Error)
	}
}

// An id that a person cut is none.
func TestCutID(t *testing.T) {
	records, _ := ParseExecution([]byte("Starting execution for request: 7...\nHTTP Method: GET, Resource Path: /\nMethod completed with status: 500\n"))
	if len(records) != 1 || records[0].RequestID != "" || records[0].Path != "/" {
		t.Errorf("%+v", records)
	}
}
