package logs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
	"stageprobe/scenarios/captures"
)

const (
	idA = "11111111-afe6-11e8-b7eb-8d53f824f304"
	idB = "22222222-afe6-11e8-b7eb-8d53f824f304"
)

// feed adds lines of one stream, a millisecond apart.
func feed(x *Execution, group string, from time.Time, lines ...string) {
	for i, line := range lines {
		x.Add(Event{
			Time: from.Add(time.Duration(i) * time.Millisecond), Ingested: from.Add(time.Second),
			Group: group, Stream: "s", Message: []byte(line),
		})
	}
}

func prefixed(id string, texts ...string) []string {
	for i := range texts {
		texts[i] = "(" + id + ") " + texts[i]
	}
	return texts
}

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

const prodGroup = "API-Gateway-Execution-Logs_abc/prod"

// one returns the only record.
func one(t *testing.T, records []probe.LogRecord) probe.LogRecord {
	t.Helper()
	if len(records) != 1 {
		t.Fatalf("%d records, want 1: %+v", len(records), records)
	}
	return records[0]
}

// TestAuthorizerBlock has an authorizer and an integration that are both Lambda
// functions: every line template occurs twice, with other values.
func TestAuthorizerBlock(t *testing.T) {
	const lambda = "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:"
	x := NewExecution(Options{})
	feed(x, prodGroup, start, prefixed(idA,
		"Extended Request Id: AAAA=",
		"Starting authorizer: 4hugyv for request: "+idA,
		"Incoming identity: ****abcdef",
		"Endpoint request URI: "+lambda+"auth:live/invocations",
		"Endpoint request headers: {X-Amz-Source-Arn=arn:aws:execute-api:eu-west-1:123456789012:abc/authorizers/4hugyv}",
		"Sending request to "+lambda+"auth:live/invocations",
		"Received response. Status: 200, Integration latency: 7 ms",
		"Endpoint response headers: {X-Amz-Executed-Version=3, x-amzn-RequestId=aaaa}",
		"Authorizer result body before parsing: {}",
		"Using valid authorizer policy for principal: ***abcdef",
		"Successfully completed authorizer execution",
		"Verifying Usage Plan for request: "+idA+". API Key: ******abcdef API Stage: abc/prod",
		"API Key ******abcdef authorized because method 'GET /pets/{id}' does not require API Key. Request will not contribute to throttle or quota limits",
		"Usage Plan check succeeded for API Key  and API Stage abc/prod",
		"Starting execution for request: "+idA,
		"HTTP Method: GET, Resource Path: /pets/7",
		"Method request path: {id=7}",
		"Endpoint request URI: "+lambda+"pets:blue/invocations",
		"Sending request to "+lambda+"pets:blue/invocations",
		"Received response. Status: 200, Integration latency: 41 ms",
		"Endpoint response headers: {X-Amz-Executed-Version=12, x-amzn-RequestId=bbbb}",
		"Successfully completed execution",
		"Method completed with status: 200",
		"X-ray Tracing ID : Root=1-5c7674f4-a3491d0a9c8012c191821b83",
	)...)
	rec := one(t, x.Records())
	check(t, map[string]any{
		"request_id": idA, "extended_request_id": "AAAA=", "api_id": "abc", "stage": "prod", "authorizer_id": "4hugyv",
		"authorizer_outcome": "allow", "authorizer_called": true, "integration_latency_ms": 41, "integration_status": 200, "executed_version": "12",
		"lambda_alias": "blue", "lambda_request_id": "bbbb", "integration_uri": lambda + "pets:blue/invocations",
		"route_template": "GET /pets/{id}", "resource_path": "/pets/7", "path_params": map[string]any{"id": "7"},
		"usage_plan": "not-required", "api_key_suffix": "abcdef", "producer": "integration", "complete": true, "error": nil,
		"integration_called": true, "xray": "1-5c7674f4-a3491d0a9c8012c191821b83",
	}, rec)
	for _, line := range rec.Lines {
		if strings.Contains(line, "identity") || strings.Contains(line, "headers") || strings.Contains(line, "{id=7}") {
			t.Errorf("a line that may hold a secret is kept: %s", line)
		}
	}
}

// TestKeptAuthorizerResult: with data trace on, a call of the authorizer leaves
// lines; without, nothing tells.
func TestKeptAuthorizerResult(t *testing.T) {
	no := false
	for trace, want := range map[string]*bool{"Incoming identity: ****abcdef": &no, "": nil} {
		x := NewExecution(Options{})
		lines := []string{"Starting authorizer: 4hugyv for request: " + idA}
		if trace != "" {
			lines = append(lines, trace)
		}
		feed(x, prodGroup, start, prefixed(idA, append(lines,
			"Using valid authorizer policy for principal: ***abcdef",
			"Successfully completed authorizer execution",
			"The client is not authorized to perform this operation.",
			"Gateway response type: ACCESS_DENIED with status code: 403",
		)...)...)
		rec := one(t, x.Records())
		if diff := cmp.Diff(want, rec.AuthorizerCalled); diff != "" {
			t.Errorf("with %q: %s", trace, diff)
		}
	}
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		want  map[string]any
	}{
		{"authorizer denies", []string{"Starting authorizer: a for request: " + idA, "Successfully completed authorizer execution", "The client is not authorized to perform this operation."},
			map[string]any{"producer": "authorizer", "authorizer_outcome": "deny", "gateway_response": "ACCESS_DENIED", "gateway_response_implied": true, "implied_status": 403, "status": nil, "integration_called": false}},
		{"resource policy denies", []string{"The client is not authorized to perform this operation."},
			map[string]any{"producer": "gateway", "authorizer_outcome": nil, "gateway_response": "ACCESS_DENIED"}},
		{"authorizer cannot be called", []string{"Starting authorizer: a for request: " + idA, "Execution failed due to configuration error: Invalid permissions on Lambda function", "Execution failed due to configuration error: Authorizer error", "Method completed with status: 500"},
			map[string]any{"producer": "authorizer", "authorizer_outcome": "error", "gateway_response": "AUTHORIZER_CONFIGURATION_ERROR", "status": 500,
				"error": "Execution failed due to configuration error: Authorizer error", "detail": "Execution failed due to configuration error: Invalid permissions on Lambda function"}},
		{"mapping error", []string{"Execution failed due to configuration error: No match for output mapping and no default output mapping configured. Endpoint Response Status Code: 418", "Method completed with status: 500"},
			map[string]any{"producer": "gateway", "gateway_response": nil, "status": 500}},
		{"network error", []string{"Execution failed due to a network error communicating with endpoint: Connection is closed", "Method completed with status: 504"},
			map[string]any{"producer": "integration", "gateway_response": "INTEGRATION_FAILURE"}},
		{"customised response", []string{"Execution failed due to a timeout error", "Gateway response type: INTEGRATION_TIMEOUT with status code: 599"},
			map[string]any{"producer": "integration", "gateway_response": "INTEGRATION_TIMEOUT", "gateway_response_implied": nil, "status": 599, "complete": true}},
		{"status that is not the type's own", []string{"Execution failed due to a timeout error", "Method completed with status: 599"},
			map[string]any{"gateway_response": nil, "status": 599}},
		{"no plan for the key", []string{"API Key ******abcdef not authorized because method 'GET /' requires API Key and API Key is not associated with a Usage Plan for API Stage zsu/prod: No Usage Plan found for key and API Stage"},
			map[string]any{"producer": "gateway", "gateway_response": "INVALID_API_KEY", "route_template": "GET /", "api_id": "zsu", "stage": "prod"}},
		{"quota", []string{"Key quota limit exceeded for RestApi abc, Stage prod, Resource r, HttpMethod GET. Limit: 10 Burst: 0", "Method completed with status: 429"},
			map[string]any{"usage_plan": "quota", "gateway_response": "QUOTA_EXCEEDED", "producer": "gateway"}},
		{"application error", []string{"Successfully completed execution", "Method completed with status: 503"},
			map[string]any{"producer": "integration", "error": nil, "status": 503}},
		{"throttled function of 2018", []string{"Sending request to https://x", "Received response. Integration latency: 5 ms", "Execution failed due to configuration error: Malformed Lambda proxy response", "Method completed with status: 502"},
			map[string]any{"producer": "integration", "integration_latency_ms": 5, "integration_status": nil}},
		{"a failure nobody knows", []string{"Execution failed due to an unheard-of error", "Method completed with status: 500"},
			map[string]any{"producer": nil, "gateway_response": nil}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := NewExecution(Options{})
			feed(x, "", start, prefixed(idA, tt.lines...)...)
			check(t, tt.want, one(t, x.Records()))
		})
	}
}

// TestInterleaved mixes two requests of one stream, and the same request in the
// canary's group, line by line.
func TestInterleaved(t *testing.T) {
	lines := func(id, stage, status string) []string {
		return prefixed(id, "Extended Request Id: "+id[:4]+"=", "Verifying Usage Plan for request: "+id+". API Key:  API Stage: abc/"+stage,
			"Starting execution for request: "+id, "HTTP Method: GET, Resource Path: /"+status, "Successfully completed execution", "Method completed with status: "+status)
	}
	x := NewExecution(Options{})
	a, b := lines(idA, "prod", "200"), lines(idB, "prod", "404")
	for i := range a {
		at := start.Add(time.Duration(i) * time.Second)
		feed(x, prodGroup, at, b[i])
		feed(x, prodGroup, at, a[i])
		feed(x, prodGroup+canarySuffix, at, a[i])
	}
	records := x.Records()
	if len(records) != 3 {
		t.Fatalf("%d records, want 3", len(records))
	}
	for i, want := range []map[string]any{
		{"request_id": idB, "status": 404, "resource_path": "/404", "group_canary": nil, "time": "2026-11-01T12:00:00Z", "ingested": "2026-11-01T12:00:06Z"},
		{"request_id": idA, "status": 200, "group_canary": nil},
		{"request_id": idA, "status": 200, "group_canary": true, "stage": "prod"},
	} {
		check(t, want, records[i])
	}
}

// TestBodyIsNoLog has bodies that look like log lines: within an event, and in
// the lines of a copied text.
func TestBodyIsNoLog(t *testing.T) {
	body := "Method response body after transformations: {\n  Method completed with status: 500\n(" + idB + ") Method completed with status: 501\nExecution failed due to a timeout error }"
	x := NewExecution(Options{})
	feed(x, "", start, prefixed(idA, body, "Successfully completed execution", "Method completed with status: 200")...)
	check(t, map[string]any{"status": 200, "error": nil}, one(t, x.Records()))

	body = strings.Replace(body, "("+idB+") ", "", 1)
	records, ok := ParseExecution([]byte(strings.Join(prefixed(idA, body, "Successfully completed execution", "Method completed with status: 200"), "\n")))
	if !ok {
		t.Fatal("not read")
	}
	check(t, map[string]any{"status": 200, "error": nil}, one(t, records))
}

// TestRepeatedID has one id for two requests: callers choose ids, and may choose
// one twice.
func TestRepeatedID(t *testing.T) {
	x := NewExecution(Options{})
	info := func(extended, status string) []string {
		return prefixed(idA, "Extended Request Id: "+extended, "Starting execution for request: "+idA, "Method completed with status: "+status, "X-ray Tracing ID : 1-x")
	}
	failed := prefixed(idB, "Execution failed due to a timeout error", "Method completed with status: 504")
	feed(x, "", start, slices.Concat(info("A=", "200"), info("B=", "404"), failed, failed)...)
	var got []string
	for _, rec := range x.Records() {
		got = append(got, fmt.Sprintf("%t %s %d", rec.RequestID == idA, rec.ExtendedID, *rec.Status))
	}
	want := []string{"true A= 200", "true B= 404", "false  504", "false  504"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWantAndFlush(t *testing.T) {
	x := NewExecution(Options{Want: func(id []byte) bool { return string(id) == idA || string(id) == "B=" }})
	feed(x, "", start, prefixed(idA, "Method completed with status: 200")...)
	feed(x, "", start.Add(time.Minute), prefixed(idB, "Extended Request Id: B=", "Method completed with status: 201")...)
	feed(x, "", start.Add(time.Minute), prefixed("33333333-afe6-11e8-b7eb-8d53f824f304", "Extended Request Id: C=", "Method completed with status: 202")...)
	early := x.Flush(3, 100)
	check(t, map[string]any{"request_id": idA, "status": 200}, one(t, early))
	check(t, map[string]any{"request_id": idB, "extended_request_id": "B=", "status": 201}, one(t, x.Records()))
	if again := x.Flush(3, 100); len(again) != 0 {
		t.Errorf("flushed twice: %+v", again)
	}
}

func TestMaxLines(t *testing.T) {
	for limit, want := range map[int]int{-1: 0, 0: 3, 2: 2} {
		x := NewExecution(Options{MaxLines: limit})
		feed(x, "", start, prefixed(idA, "Starting execution for request: "+idA, "Execution failed due to configuration error: "+strings.Repeat("é", 400), "Method completed with status: 500")...)
		rec := one(t, x.Records())
		if len(rec.Lines) != want {
			t.Errorf("MaxLines %d: %d lines kept, want %d", limit, len(rec.Lines), want)
		}
		for _, line := range rec.Lines {
			if len(line) > longestLine || strings.ToValidUTF8(line, "?") != line {
				t.Errorf("line of %d bytes: %q", len(line), line)
			}
		}
	}
}

// TestShapesOfExcerpts feeds one request in every shape in which people have it.
func TestShapesOfExcerpts(t *testing.T) {
	texts := []string{"Execution failed due to a timeout error", "Method completed with status: 504"}
	lines := func(each string) string {
		var b strings.Builder
		for _, text := range texts {
			b.WriteString(strings.ReplaceAll(each, "TEXT", text) + "\n")
		}
		return b.String()
	}
	event := `{"logStreamName":"s","timestamp":1793534400000,"message":"(` + idA + `) TEXT","ingestionTime":1793534401000,"eventId":"1"}`
	joined := strings.Join(strings.Split(strings.TrimSpace(lines(event)), "\n"), ",")
	tests := map[string]string{
		"bare":                  lines("(" + idA + ") TEXT"),
		"indented, CRLF":        lines("\t(" + idA + ") TEXT\r"),
		"quoted":                lines("> (" + idA + ") TEXT"),
		"epoch":                 lines("1793534400000 (" + idA + ") TEXT"),
		"ISO with offset":       lines("2026-11-01T08:00:00.000-04:00 (" + idA + ") TEXT"),
		"tab":                   lines("2026-11-01T12:00:00.000Z\t(" + idA + ") TEXT"),
		"comma":                 lines("1793534400000,(" + idA + ") TEXT"),
		"logs tail":             lines("2026-11-01T12:00:00.000000+00:00 e369853df766fa44e1ed0ff613f563bd (" + idA + ") TEXT"),
		"time on its own line":  lines("2026-11-01T12:00:00.000Z\n(" + idA + ") TEXT"),
		"console, opened":       lines("2026-11-01T12:00:00.000Z\n(" + idA + ") TEXT\n\n(" + idA + ") TEXT"),
		"text output":           lines("EVENTS\t34592909648588\t1793534401000\te369853df\t(" + idA + ") TEXT\t1793534400000"),
		"filter-log-events":     `{"events":[` + joined + `],"searchedLogStreams":[]}`,
		"array of events":       `[` + joined + `]`,
		"an event per line":     lines(event),
		"subscription":          `{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"` + prodGroup + `","logStream":"s","logEvents":[` + joined + `]}`,
		"insights":              `{"results":[[{"field":"@timestamp","value":"2026-11-01 12:00:00.000"},{"field":"@message","value":"(` + idA + `) ` + texts[0] + `"}],[{"field":"@message","value":"(` + idA + `) ` + texts[1] + `"}]],"status":"Complete"}`,
		"cut in one line":       "(" + idA + ") Method request body before transformations: {[TRUNCATED](" + idA + ") " + texts[0] + "\n(" + idA + ") " + texts[1],
		"test of a method":      "Execution log for request " + idA + "\n" + lines("Sun Nov 01 12:00:00 UTC 2026 : TEXT"),
		"test of a method, CLI": `{"status":504,"log":"Execution log for request ` + idA + `\nSun Nov 01 12:00:00 UTC 2026 : ` + texts[0] + `\n","latency":1}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			records, ok := ParseExecution([]byte(text))
			if !ok {
				t.Fatal("not taken for an execution log")
			}
			rec := one(t, records)
			check(t, map[string]any{"request_id": idA, "status": 504, "error": texts[0], "producer": "integration", "gateway_response": "INTEGRATION_TIMEOUT"}, rec)
			if !rec.Time.IsZero() && !rec.Time.Equal(start) {
				t.Errorf("time %s, want %s", rec.Time, start)
			}
			if len(rec.Lines) > len(texts) {
				t.Errorf("lines kept twice: %q", rec.Lines)
			}
		})
	}
}

func TestNotAnExecutionLog(t *testing.T) {
	texts := []string{"", "\n\n", "HTTP/2 401\r\ncontent-type: application/json\r\n\r\n{\"message\":\"Unauthorized\"}", `{"message":"Forbidden"}`, `{"events":[]}`, `{"a":`, "[1,2]", "Unauthorized request"}
	for _, kind := range []string{"access"} {
		for _, c := range captures.All(kind) {
			texts = append(texts, string(c.Text))
		}
	}
	for _, text := range texts {
		if records, ok := ParseExecution([]byte(text)); ok {
			t.Errorf("%q is taken for an execution log: %+v", text, records)
		}
	}
}

// Logs Insights exports a table with the log group in its last column.
func TestTableRow(t *testing.T) {
	const row = "| 2024-05-21 19:49:15.000 | (3a5aa225-1111-4222-8333-444455556666) Lambda execution failed with status 200 due to customer function error: a | b. Lambda request id: 758a8c2f-35eb-4713-b55e-56879fbc968b"
	for _, end := range []string{"", " |", " | 123456789012:API-Gateway-Execution-Logs_ccp122p730/prod |", " | 072b030ba126b2f4b2374f342be9ed44 | 123456789012:API-Gateway-Execution-Logs_ccp122p730/prod |"} {
		records, ok := ParseExecution([]byte("| @timestamp | @message | @log |\n| --- | --- | --- |\n" + row + end))
		if !ok || len(records) != 1 {
			t.Fatalf("%q: %d records", end, len(records))
		}
		if got := records[0]; !strings.HasSuffix(got.Error, "a | b.") || got.LambdaRequestID != "758a8c2f-35eb-4713-b55e-56879fbc968b" {
			t.Errorf("%q: error %q, function's request %q", end, got.Error, got.LambdaRequestID)
		}
	}
}

// At level ERROR nothing but the failure tells that the backend was called.
func TestUntrustedCertificate(t *testing.T) {
	records, ok := ParseExecution([]byte("(3a5aa225-1111-4222-8333-444455556666) Execution failed due to configuration error: PKIX path building failed: unable to find valid certification path to requested target\n(3a5aa225-1111-4222-8333-444455556666) Method completed with status: 500"))
	if !ok || len(records) != 1 || records[0].Producer != "integration" || *records[0].Status != 500 {
		t.Errorf("%+v", records)
	}
}
