package logs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// told is what an excerpt tells of each request: id, stream, status and error.
func told(text string) []string {
	records, _ := ParseExecution([]byte(text))
	out := []string{}
	for _, r := range records {
		s := r.RequestID[:min(1, len(r.RequestID))] + "|" + r.Stream[:min(1, len(r.Stream))] + "|"
		if r.Status != nil {
			s += fmt.Sprint(*r.Status)
		}
		out = append(out, s+"|"+r.Error)
	}
	return out
}

// Requests of an excerpt are told apart by their ids, by their streams, and without either
// by the lines that stand at a request's beginning and end.
func TestRequestsOfAnExcerpt(t *testing.T) {
	const a, b, streamC, streamD = "(" + idA + ") ", "(" + idB + ") ", "c369853df766fa44e1ed0ff613f563bd", "d369853df766fa44e1ed0ff613f563bd"
	const timeout = "Execution failed due to a timeout error"
	const dated = "Thu Aug 31 01:07:25 UTC 2017 : "
	lines := func(l ...string) string { return strings.Join(l, "\n") }
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"awslogs get":                    {lines(prodGroup+" "+streamC+"  "+a+timeout, prodGroup+"\t"+streamC+"\t"+a+"Method completed with status: 504"), []string{"1|c|504|" + timeout}},
		"awslogs get, without streams":   {lines(prodGroup+"  "+a+timeout, prodGroup+" "+a+"Method completed with status: 504"), []string{"1||504|" + timeout}},
		"streams without ids":            {lines(prodGroup+" "+streamC+" Starting execution for request: "+idA, prodGroup+" "+streamD+" Starting execution for request: "+idB, prodGroup+" "+streamC+" Method completed with status: 200", prodGroup+" "+streamD+" Method completed with status: 404"), []string{"1|c|200|", "2|d|404|"}},
		"two lines run together":         {a + timeout + " " + a + "Method completed with status: 504", []string{"1||504|" + timeout}},
		"an id within a line":            {lines(a+"Method request body before transformations: x"+a+"Method completed with status: 500", a+"Method completed with status: 504"), []string{"1||504|"}},
		"an id before no known line":     {a + timeout + " " + a + "of no known line", []string{"1|||" + timeout + " " + a + "of no known line"}},
		"dates run together":             {"Execution log for request " + idA + "\n" + dated + "HTTP Method: GET, Resource Path: /x " + dated + timeout + " " + dated + "Method completed with status: 504", []string{"1||504|" + timeout}},
		"cut, and another's line":        {a + "Method request body before transformations: {[TRUNCATED]" + b + "Method completed with status: 504", []string{"1|||", "2||504|"}},
		"quoted":                         {`"` + a + timeout + `",` + "\n'" + a + "Method completed with status: 504';", []string{"1||504|" + timeout}},
		"a time, and quoted":             {`2026-11-01T12:00:00.000Z "` + a + timeout + `"`, []string{"1|||" + timeout}},
		"a table with streams":           {"| 2024-05-21 19:49:15.000 | " + a + timeout + " | " + streamC + " |", []string{"1|||" + timeout}},
		"a table with a word":            {"| 2024-05-21 19:49:15.000 | " + a + timeout + " | word |", []string{"1|||" + timeout + " | word"}},
		"two tests of methods":           {lines("Execution log for request "+idA, dated+"HTTP Method: GET, Resource Path: /x", "Execution log for request "+idB, dated+"Method completed with status: 200"), []string{"1|||", "2||200|"}},
		"without ids":                    {lines("Starting execution for request: "+idA, "Starting execution for request: "+idA, "Method completed with status: 200", "Starting execution for request: "+idB, "Method completed with status: 404"), []string{"1||200|", "2||404|"}},
		"without ids, not ended":         {lines("Starting execution for request: "+idA, "Starting execution for request: "+idB), []string{"1|||", "2|||"}},
		"refused one after another":      {lines("Missing required request parameters: [a]", "Missing required request parameters: [b]", "Starting execution for request: "+idA), []string{"|||Missing required request parameters: [a]", "1|||Missing required request parameters: [b]"}},
		"response and status at the end": {lines("Starting execution for request: "+idA, "Gateway response type: INTEGRATION_TIMEOUT with status code: 504", "Method completed with status: 504", "X-ray Tracing ID : 1-x", "HTTP Method: GET, Resource Path: /x"), []string{"1||504|", "|||"}},
		"an id used twice":               {lines(a+"HTTP Method: GET, Resource Path: /x", a+"Method completed with status: 200", a+"HTTP Method: GET, Resource Path: /x", a+"Method completed with status: 404"), []string{"1||200|", "1||404|"}},
		"an id refused twice":            {lines(a+"Missing required request parameters: [a]", a+"Method completed with status: 400", a+"Missing required request parameters: [b]", a+"Method completed with status: 400"), []string{"1||400|Missing required request parameters: [a]", "1||400|Missing required request parameters: [b]"}},
		"lines of one id out of order":   {lines(a+"API Key: ******abcdef", a+"Received response. Status: 200, Integration latency: 5 ms", a+"Method completed with status: 200", a+"Received response. Status: 200, Integration latency: 6 ms", a+"API Key ID: x", a+"Method completed with status: 201"), []string{"1||201|"}},
		"an id that is empty":            {lines("Starting execution for request: ", "Starting execution for request: "+idA, "Method completed with status: 200"), []string{"1||200|"}},
		"a log in YAML":                  {"\"Execution log for request " + idA + "\\nThu Aug\n    31 01:07:25 UTC 2017 : Method completed with status: 504\\n\"", []string{"1||504|"}},
	} {
		if got := told(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	// A time alone on its line is that of the lines that follow, also behind an empty one.
	records, _ := ParseExecution([]byte("2026-11-01T12:00:00.000Z\n\n" + a + timeout))
	if r := one(t, records); !r.Time.Equal(start) {
		t.Errorf("time %s", r.Time)
	}
	records, _ = ParseExecution([]byte(a + "HTTP Method: GET, Resource Path: /x \t"))
	if r := one(t, records); r.Path != "/x" {
		t.Errorf("path %q", r.Path)
	}
}

// What single lines tell of a request.
func TestWhatLinesTell(t *testing.T) {
	const lambda = "Endpoint request URI: https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:pets/invocations"
	thrown := `Endpoint response body before transformations: {"errorMessage":"x","errorType":"Y"}`
	long := " limit exceeded" + strings.Repeat("x", 256-len("Tenant limit exceeded"))
	for _, tt := range []struct {
		lines []string
		want  map[string]any
	}{
		{[]string{"API Key: ******abcdef"}, map[string]any{"api_key_suffix": "abcdef"}},
		{[]string{"API Key: abcdef"}, map[string]any{"api_key_suffix": nil}},
		{[]string{"API Key: ******abcdefg"}, map[string]any{"api_key_suffix": nil}},
		{[]string{"Endpoint request headers: {X-Amz-Source-Arn=arn:aws:execute-api:eu-west-1:123456789012:abc/prod/GET/x}"}, map[string]any{"api_id": "abc", "stage": "prod"}},
		{[]string{"Endpoint request headers: {X-Amz-Source-Arn=arn:aws:execute-api:eu-west-1:123456789012:abc/authorizers/4hugyv}"}, map[string]any{"api_id": nil, "stage": nil}},
		{[]string{"Usage Plan check succeeded for API Key  and API Stage abc/prod", "Endpoint request headers: {X-Amz-Source-Arn=arn:aws:execute-api:eu-west-1:123456789012:xyz/dev/GET/x}"}, map[string]any{"api_id": "abc", "stage": "prod"}},
		{[]string{"Usage Plan check succeeded for API Key  and API Stage ******/prod"}, map[string]any{"api_id": nil, "stage": "prod"}},
		{[]string{"Usage Plan check succeeded for API Key  and API Stage a.b/prod"}, map[string]any{"api_id": nil, "stage": nil}},
		{[]string{lambda, "AWS Integration Endpoint RequestId : f"}, map[string]any{"lambda_request_id": "f"}},
		{[]string{"Endpoint response headers: {X-Amz-Executed-Version=3}", "AWS Integration Endpoint RequestId : f"}, map[string]any{"lambda_request_id": "f"}},
		{[]string{"Endpoint request URI: https://example.com/x", "AWS Integration Endpoint RequestId : f"}, map[string]any{"lambda_request_id": nil}},
		{[]string{thrown, "Method completed with status: 200"}, map[string]any{"inside": "error-in-body"}},
		{[]string{thrown, "Method completed with status: 299"}, map[string]any{"inside": "error-in-body"}},
		{[]string{thrown, "Method completed with status: 300"}, map[string]any{"inside": nil}},
		{[]string{thrown}, map[string]any{"inside": nil}},
		{[]string{thrown, "Execution failed due to an unheard-of error", "Method completed with status: 200"}, map[string]any{"inside": nil}},
		{[]string{"Tenant" + long}, map[string]any{"error": "Tenant" + long, "integration_called": false}},
		{[]string{"Tenant" + long + "x"}, map[string]any{"error": nil}},
		{[]string{"Method completed with status: 200", "Tenant limit exceeded"}, map[string]any{"error": nil}},
	} {
		x := NewExecution(Options{MaxLines: -1})
		feed(x, "", start, prefixed(idA, tt.lines...)...)
		rec := one(t, x.Records())
		check(t, tt.want, rec)
		if rec.Lines != nil {
			t.Errorf("%q: lines %q are kept", tt.lines, rec.Lines)
		}
		if t.Failed() {
			t.Fatalf("%q", tt.lines)
		}
	}
	for text, want := range map[string]bool{"test-invoke-request": true, "a-b": false, idA: true, "": false, "a b-c-d": false} {
		if got := looksLikeID([]byte(text)); got != want {
			t.Errorf("%q is an id: %v", text, got)
		}
	}
	if isID(nil) {
		t.Error("nothing is an id")
	}
}

// A request whose lines name no id is decided on when it is handed out.
func TestWantedWithoutAnID(t *testing.T) {
	for _, wanted := range []string{idA, idB} {
		x := NewExecution(Options{Want: func(id []byte) bool { return string(id) == wanted }})
		feed(x, prodGroup, start, "Starting execution for request: "+idA, "Method completed with status: 200")
		if got := x.Records(); (len(got) == 1) != (wanted == idA) {
			t.Errorf("wanted %s: %+v", wanted, got)
		}
	}
}

// A request is handed out so many lines after its newest, and not one earlier.
func TestFlushCountsLines(t *testing.T) {
	for _, tt := range []struct {
		behind, ended, idle int
		first               string
		want                bool
	}{
		{3, 3, 9, "Method completed with status: 200", false},
		{4, 3, 9, "Method completed with status: 200", true},
		{4, 3, 4, "HTTP Method: GET, Resource Path: /x", false},
		{5, 3, 4, "HTTP Method: GET, Resource Path: /x", true},
	} {
		x := NewExecution(Options{})
		feed(x, "", start, prefixed(idA, tt.first)...)
		for range tt.behind {
			feed(x, "", start, prefixed(idB, "Method request headers: {}")...)
		}
		got := x.Flush(tt.ended, tt.idle)
		if (len(got) == 1) != tt.want || len(got) == 1 && got[0].RequestID != idA {
			t.Errorf("%d lines behind %q: %+v", tt.behind, tt.first, got)
		}
	}
}

// Times and names in front of a line, to their ends.
func TestHeaders(t *testing.T) {
	const stream = "e369853df766fa44e1ed0ff613f563bd"
	for text, want := range map[string]int{
		stream + " (abcdefgh) x": 0, // a stream's name stands behind a time
		"(abcdefg) x":            10,
		"(abcdef) x":             0,
		"(abcdefgh)":             10,
		"(abcdefgh) \t":          12,
		"(":                      0, "(a)": 0, "": 0,
		"[x] [2016-10-11 15:26:57] ":            26,
		"Thu Aug 31 01:07:25 UTC 201":           0,
		"2017-08-31T01:07:25Z " + stream + " x": 21 + 33,
	} {
		if h := splitHeader([]byte(text)); h.start != want || h.known() != (want > 0) {
			t.Errorf("%q: %d, want %d", text, h.start, want)
		}
	}
	for text, want := range map[string]time.Time{
		"2017-08-31T01:07:25Z": time.Date(2017, 8, 31, 1, 7, 25, 0, time.UTC), "2017-08-31T01:07:25": time.Date(2017, 8, 31, 1, 7, 25, 0, time.UTC),
		"2017-08-31T03:07:25+0200": time.Date(2017, 8, 31, 1, 7, 25, 0, time.UTC), "1504141645123": time.Date(2017, 8, 31, 1, 7, 25, 123_000_000, time.UTC),
	} {
		if at, ok := parseTime([]byte(text)); !ok || !at.Equal(want) {
			t.Errorf("%s: %s, %v", text, at, ok)
		}
	}
	if !names([]byte("z=1 az=2 a=3 A=4")) || names([]byte("{=1 [=2 @=3 `=4")) {
		t.Error("a name ends in a letter")
	}
	for format, variable := range map[string]string{"$context.authorizer.claims.sub:": "authorizer.claims.sub", "$context.authorizer.claims.a:b:": "authorizer.claims.a:b"} {
		if f, err := CompileFormat(format); err != nil || f.Variables()[0] != variable {
			t.Errorf("%s: %v", format, err)
		}
	}
	if got := epoch("100000000000"); got.Year() != 1973 {
		t.Errorf("the least number of milliseconds: %s", got)
	}
}
