package gwlog

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/scenarios/captures"
)

// stamp is what the tools that made the captures put in front of a line.
var stamp = regexp.MustCompile(`^(\d{13} |\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)\s?)`)

// capture reads the lines of a genuine log without the stamps of the tool that fetched it.
func capture(t *testing.T, name string) []string {
	t.Helper()
	var out []string
	for line := range strings.Lines(string(captures.Named("exec/" + name).Text)) {
		if line = stamp.ReplaceAllString(strings.TrimRight(line, "\n"), ""); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func texts(lines []Line) []string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Message)
	}
	return out
}

// single collapses the runs of spaces and trailing spaces that some sources of captures lost.
func single(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.TrimRight(strings.ReplaceAll(l, "  ", " "), " ")
	}
	return out
}

// without drops the rendered lines that a source left out of its capture.
func without(lines []string, left ...string) []string {
	var out []string
lines:
	for _, l := range lines {
		for _, text := range left {
			if strings.Contains(l, text) {
				continue lines
			}
		}
		out = append(out, l)
	}
	return out
}

func jazz(id string) Call {
	return Call{
		RequestID: id, APIID: "dww0le4qre", Stage: "prod",
		Domain: "api.example.com", BasePath: "api",
		Method: "POST", Path: "/api/jazz/apilinter", Route: "/jazz/apilinter",
		Integration: &Integration{Exchange: Exchange{Status: 200}, FunctionARN: "arn:aws:lambda:us-east-1:123456789012:function:linter"},
		Response:    Response{Status: 200},
	}
}

// echo is the call of uwe3-502: a function that ran into its own timeout.
func echo() Call {
	const arn = "arn:aws:lambda:eu-west-2:958845080241:function:log-test-1-EchoFunction-175HKORAF18IO"
	return Call{
		RequestID: "286364ab-3a83-11e9-8dc8-db3cf4c83204", ExtendedRequestID: "Vwc2MGFUrPEFV_g=",
		TraceID: "Root=1-5c7674f4-a3491d0a9c8012c191821b83;Sampled=1",
		APIID:   "uwe3g5jm54", Account: "958845080241", Region: "eu-west-2", Stage: "Prod",
		Method: "GET", Path: "/echo", Route: "/echo",
		Headers: []Pair{
			{"Accept", "application/json"}, {"CloudFront-Viewer-Country", "GB"}, {"CloudFront-Forwarded-Proto", "https"},
			{"CloudFront-Is-Tablet-Viewer", "false"}, {"CloudFront-Is-Mobile-Viewer", "false"},
			{"User-Agent", "Paw/3.1.8 (Macintosh; OS X/10.14.0) GCDHTTPRequest"}, {"X-Forwarded-Proto", "https"},
			{"CloudFront-Is-SmartTV-Viewer", "false"}, {"Host", "uwe3g5jm54.execute-api.eu-west-2.amazonaws.com"},
			{"X-Forwarded-Port", "443"}, {"X-Amzn-Trace-Id", "Root=1-5c7674f4-a3491d0a9c8012c191821b83"},
			{"Via", "1.1 ddc96a08bf7ad89b0ed3c40b6e4e6d27.cloudfront.net (CloudFront)"},
			{"X-Amz-Cf-Id", "Hcd55qxuXLG3Eyo00VI-2W4d-aP8JKgZ19O2-c1hIp4aqiDK77RSXw=="},
			{"X-Forwarded-For", "62.254.81.74, 52.46.38.85"}, {"CloudFront-Is-Desktop-Viewer", "true"},
		},
		Started: time.Date(2019, 2, 27, 11, 31, 0, 425e6, time.UTC),
		Integration: &Integration{
			Type: "AWS_PROXY", FunctionARN: arn, ExecutedVersion: "$LATEST", RequestID: "71952965-d5cc-4974-ae08-6e2138b2275c",
			Exchange: Exchange{
				Status: 200, Latency: 11029 * time.Millisecond,
				ResponseBody: `{"errorMessage":"2019-02-27T11:31:11.456Z 71952965-d5cc-4974-ae08-6e2138b2275c Task timed out after 10.00 seconds"}`,
			},
		},
		Failure:       FunctionError,
		FailureDetail: "2019-02-27T11:31:11.456Z 71952965-d5cc-4974-ae08-6e2138b2275c Task timed out after 10.00 seconds",
		Response:      Response{Status: 502},
	}
}

// TestGenuineCaptures renders the calls behind genuine logs and compares line by line.
func TestGenuineCaptures(t *testing.T) {
	key := strings.Repeat("x", 34) + "bMZHBg"
	tests := []struct {
		log   string
		era   Era
		level Level
		trace bool
		calls []Call
		// left names the rendered lines that the capture's source left out.
		left []string
	}{
		{log: "jazz-info-two-requests", era: Era2017, level: Info, calls: []Call{
			jazz("706499f2-afe6-11e8-b7eb-8d53f824f304"), jazz("72621751-afe6-11e8-b7eb-8d53f824f304"),
		}},
		{log: "k1-504-timeout", level: Error, trace: true, calls: []Call{{
			RequestID: "fbcaf9e5-d535-40a1-891c-7b70118cf7e8", ExtendedRequestID: "K1abc=", APIID: "k1k7gu3ct7", Stage: "test",
			Failure: Timeout, Response: Response{Status: 504},
		}}},
		{log: "k1-502-function-error", level: Error, calls: []Call{{
			RequestID: "5293df93-f895-46ee-8c21-1471f0d0cef0", APIID: "k1k7gu3ct7", Stage: "test",
			Failure: FunctionError, FailureDetail: "Application error in a Lambda function",
			Integration: &Integration{Type: "AWS_PROXY", RequestID: "758a8c2f-35eb-4713-b55e-56879fbc968b", Exchange: Exchange{Status: 200}},
			Response:    Response{Status: 502},
		}}},
		{log: "k1-500-rate-exceeded", level: Error, calls: []Call{{
			RequestID: "394365dc-1b10-411f-9668-70521cec1205", Failure: FunctionThrottled, Response: Response{Status: 500},
			Integration: &Integration{Type: "AWS_PROXY", RequestID: "dcb2ab89-2d03-4b77-98cd-18d14fd2b850", Exchange: Exchange{Status: 429}},
		}}},
		{log: "k1-500-permissions-other-id", level: Error, calls: []Call{{
			RequestID: "73737819-c94c-48d7-86d7-b1700e4be29b", Failure: FunctionPermission, Response: Response{Status: 500},
		}}},
		{log: "tv73-401-missing-identity", level: Info, trace: true, calls: []Call{{
			RequestID: "9cef3834-f42c-46d7-83fe-a6401a431398", ExtendedRequestID: "W9zMPGrHtjMEeFw=",
			TraceID:    "Root=1-6962324d-273b8749616a929c8bd4fd14",
			Authorizer: &Authorizer{ID: "4hugyv"}, Failure: Unauthorized, Response: Response{Status: 401},
		}}},
		{log: "uwe3-429-key-throttle", era: Era2017, level: Info, calls: []Call{{
			RequestID: "4f3e3b0f-39db-11e9-9c2e-5bd7c2de5998", ExtendedRequestID: "Vts2FFmArPEFh8g=",
			APIID: "uwe3g5jm54", Stage: "Prod", Method: "POST", ResourceID: "k0w8mc",
			Failure: KeyThrottled, Throttle: Throttle{Limit: 1, Burst: 1}, Response: Response{Status: 429},
		}}},
		{log: "ws-2020-authorizer-config-error", level: Info, calls: []Call{{
			Kind: WebSocket, RequestID: "PDS1PEC4oAMFpyB=", ExtendedRequestID: "PDS1PEC4oAMFpyA=",
			Failure: AuthorizerConfig, FailureDetail: "Invalid permissions on Lambda function", Response: Response{Status: 500},
		}}},
		{log: "ulho-2016-200-no-prefix", era: Era2016, level: Info, trace: true, calls: []Call{{
			RequestID: "9ac0eacd-87c5-11e6-b30c-19c3d9849330", APIID: "ulhoxnm2x2", Stage: "dev",
			Method: "POST", Path: "/repos/hello", Route: "/repos/{id}",
			PathParams: []Pair{{"id", "hello"}}, Query: []Pair{{"q", "koa-oop"}},
			APIKey: APIKey{Required: true, Value: key},
			Integration: &Integration{Type: "AWS", Exchange: Exchange{
				URI:    "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:us-east-1:<account id>:function:SampleProject_getRepositories/invocations",
				Status: 200, Latency: 85 * time.Millisecond,
				ResponseHeaders: []Pair{{"x-amzn-Remapped-Content-Length", "0"}, {"x-amzn-RequestId", "9ac22388-87c5-11e6-bbc1-33087d94627b"},
					{"Connection", "keep-alive"}, {"Content-Length", "4567"}, {"Date", "Sat, 01 Oct 2016 10:55:45 GMT"}, {"Content-Type", "application/json"}},
			}},
			Response: Response{Status: 200, Headers: []Pair{{"Content-Type", "application/json"}}},
		}}, left: []string{"Method request headers", "Endpoint request headers", "Endpoint request body", "Endpoint response body", "Method response body"}},
		{log: "oo8k-2017-200-no-auth", era: Era2017, level: Info, trace: true, calls: []Call{{
			RequestID: "f4a8e01b-49f6-11e7-8898-f1161a8a9a54", APIID: "oo8kadh853", Stage: "Test", Region: "us-west-2",
			Method: "GET", Path: "/all_state", Route: "/{resource+}", AnyMethod: true, PathParams: []Pair{{"resource", "all_state"}},
			Integration: &Integration{Type: "AWS_PROXY", FunctionARN: "arn:aws:lambda:us-west-2:919586034543:function:extension_state", Exchange: Exchange{
				Status: 200, Latency: 20 * time.Millisecond,
				ResponseHeaders: []Pair{{"x-amzn-Remapped-Content-Length", "0"}, {"x-amzn-RequestId", "f4aa1876-49f6-11e7-920d-a5d0f98cfe9a"}, {"Connection", "keep-alive"},
					{"Content-Length", "5071"}, {"Date", "Mon, 05 Jun 2017 13:57:46 GMT"}, {"X-Amzn-Trace-Id", "root=1-5935635b-aeb068b7465f18567ae3dd16;sampled=0"}, {"Content-Type", "application/json"}},
			}},
			Response: Response{Status: 200, Headers: []Pair{{"Access-Control-Allow-Origin", "*"}, {"Access-Control-Allow-Headers", "X-Muxy-Token, X-Muxy-Extension-Id"},
				{"X-Amzn-Trace-Id", "sampled=0;root=1-5935635b-aeb068b7465f18567ae3dd16"}}},
		}}, left: []string{"Method request headers", "Endpoint request headers", "Endpoint request body", "Sending request", "Received response", "Endpoint response body", "Method response body"}},
	}
	for _, tt := range tests {
		t.Run(tt.log, func(t *testing.T) {
			var got []string
			for _, c := range tt.calls {
				got = append(got, texts(tt.era.Execution(c, tt.level, tt.trace))...)
			}
			want := capture(t, tt.log)
			if diff := cmp.Diff(trimRight(want), trimRight(without(got, tt.left...))); diff != "" {
				t.Errorf("genuine (-), rendered (+):\n%s", diff)
			}
		})
	}
}

func trimRight(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.TrimRight(l, " ")
	}
	return out
}

var masked = regexp.MustCompile(`Authorization=\*{100,}[0-9a-f]{6},`)

// loose forgets what sources changed of a full trace: runs of spaces, the length of the mask, and the
// security token with the place of the cut.
func loose(lines []string) []string {
	out := single(lines)
	for i, l := range out {
		if before, _, found := strings.Cut(l, ", X-Amz-Security-Token="); found {
			out[i] = masked.ReplaceAllString(before, "Authorization=(masked),")
		}
	}
	return out
}

// TestFullTrace rebuilds the longest capture.
func TestFullTrace(t *testing.T) {
	got := texts(Era2017.Execution(echo(), Info, true))
	want := capture(t, "uwe3-502-task-timeout-full-trace")
	if diff := cmp.Diff(loose(want), loose(without(got, "Endpoint request body"))); diff != "" {
		t.Errorf("genuine (-), rendered (+):\n%s", diff)
	}
}

// TestModernTestInvoke compares with AWS's answer to TestInvokeMethod as it was in 2020.
func TestModernTestInvoke(t *testing.T) {
	passed := []Pair{{"Server", "Server"}, {"Date", "Tue, 23 Jun 2020 05:56:11 GMT"}, {"Content-Type", "application/json"}, {"Content-Length", "23"},
		{"Connection", "keep-alive"}, {"x-amzn-RequestId", "da814d3f-8d91-4eae-94a9-f2b283ed0cf7"}, {"x-amzn-ErrorType", "ForbiddenException"}, {"x-amz-apigw-id", "OkTrUEOEZPgFQFw="}}
	got := TestInvoke(Call{
		RequestID: "184996c0-dfb8-4095-9305-59b46a06f147", APIID: "v944po9kjb", Region: "cn-northwest-1",
		Method: "GET", Path: "/webpage-vpc", Route: "/webpage-vpc", Headers: []Pair{{"key1", "3i95y1yx06"}},
		Started: time.Date(2020, 6, 23, 5, 56, 11, 0, time.UTC),
		Integration: &Integration{Type: "HTTP_PROXY", Exchange: Exchange{
			URI:    "https://3i95y1yx06.execute-api.cn-northwest-1.amazonaws.com.cn",
			Status: 403, Latency: 19 * time.Millisecond,
			RequestHeaders: []Pair{{"key1", "3i95y1yx06"}, {"x-amzn-apigateway-api-id", "v944po9kjb"}, {"User-Agent", "AmazonAPIGateway_v944po9kjb"},
				{"Host", "3i95y1yx06.execute-api.cn-northwest-1.amazonaws.com.cn"}, {"x-apigw-api-id", "3i95y1yx06"}},
			ResponseHeaders: passed, ResponseBody: `{"message":"Forbidden"}`,
		}},
		Response: Response{Status: 403, Headers: passed, Body: `{"message":"Forbidden"}`},
	})
	want := strings.Join(capture(t, "cn-2020-403-nested-gateway"), "\n")
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(strings.TrimRight(got, "\n"), "\n")); diff != "" {
		t.Errorf("genuine (-), rendered (+):\n%s", diff)
	}
}

// TestEarlyTestInvoke compares with a console test of 2017.
func TestEarlyTestInvoke(t *testing.T) {
	const answer = `{"greeting":"Good morning, John of Seattle. Happy Wednesday!"}`
	got := Era2017.TestInvoke(Call{
		RequestID: "test-request", APIID: "beags1mnid", Region: "us-west-2", Account: "123456789012",
		Method: "POST", Path: "/Seattle", Route: "/{city}", PathParams: []Pair{{"city", "Seattle"}},
		Query: []Pair{{"time", "morning"}}, Headers: []Pair{{"day", "Wednesday"}}, Body: `{ "callerName": "John" }`,
		Validation: Validation{Done: true}, Started: time.Date(2017, 8, 31, 1, 7, 25, 0, time.UTC),
		Integration: &Integration{Type: "AWS", FunctionARN: "arn:aws:lambda:us-west-2:123456789012:function:GetStartedLambdaIntegration", Exchange: Exchange{
			RequestBody: "{\n  \"city\": \"Seattle\",\n  \"time\": \"morning\",\n  \"day\": \"Wednesday\",\n  \"name\" : \"John\"\n}",
			Status:      200, Latency: 328 * time.Millisecond, ResponseBody: answer,
			ResponseHeaders: []Pair{{"x-amzn-Remapped-Content-Length", "0"}, {"x-amzn-RequestId", "c0475a28-8de8-11e7-8d3f-4183da788f0f"}, {"Connection", "keep-alive"}, {"Content-Length", "62"},
				{"Date", "Thu, 31 Aug 2017 01:07:25 GMT"}, {"X-Amzn-Trace-Id", "root=1-59a7614d-373151b01b0713127e646635;sampled=0"}, {"Content-Type", "application/json"}},
		}},
		Response: Response{Status: 200, Body: answer, Headers: []Pair{{"X-Amzn-Trace-Id", "sampled=0;root=1-59a7614d-373151b01b0713127e646635"}, {"Content-Type", "application/json"}}},
	})
	// The console had two ids for one test: test-request and test-invoke-request.
	want := strings.ReplaceAll(strings.Join(capture(t, "awsdocs-2017-console-test-200"), "\n"), "test-invoke-request", "test-request")
	if diff := cmp.Diff(loose(strings.Split(want, "\n")), loose(strings.Split(strings.TrimRight(got, "\n"), "\n"))); diff != "" {
		t.Errorf("genuine (-), rendered (+):\n%s", diff)
	}
}

// TestGenuineFragments: captures of single lines, of several console tests each.
func TestGenuineFragments(t *testing.T) {
	user := `{"firstName":"Arina","lastName":"Shyshkina","id":"23fde9aa-c690-4710-8d38-6710995dcb09","email":"d.art.shishkin@gmail.com"}`
	tests := map[string][]Call{
		"test-2021-400-model-schema": {
			{Failure: InvalidBody, FailureDetail: "Unknown error parsing request body"},
			{Failure: InvalidBody, FailureDetail: `object has missing required properties (["email","password","repeatPassword"])`},
		},
		"test-2021-500-invalid-method-response": {{
			Failure: InvalidMethodResponse, FailureDetail: "200", Response: Response{Status: 500},
			Integration: &Integration{Type: "AWS", Exchange: Exchange{Status: 200, ResponseBody: user}},
		}},
	}
	for log, calls := range tests {
		var rendered strings.Builder
		for _, c := range calls {
			rendered.WriteString(TestInvoke(c))
		}
		for _, line := range capture(t, log) {
			if _, text, _ := strings.Cut(line, " : "); !strings.Contains(rendered.String(), " : "+text+"\n") {
				t.Errorf("%s: no line %q in\n%s", log, text, rendered.String())
			}
		}
	}
}

// TestLineOrder compares the names of the lines with a TestInvokeMethod answer that was recorded of AWS.
func TestLineOrder(t *testing.T) {
	var recorded struct {
		Response struct {
			Log map[string]string `json:"log"`
		} `json:"test_invoke_method_response"`
	}
	if err := json.Unmarshal(captures.Named("control/ls-test-invoke-method").Data, &recorded); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, key := range slices.Sorted(maps.Keys(recorded.Response.Log)) {
		want = append(want, lineName(recorded.Response.Log[key]))
	}
	call := echo()
	call.Failure, call.Response.Status = "", 200
	var got []string
	for _, line := range strings.Split(TestInvoke(call), "\n") {
		got = append(got, lineName(line))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("recorded (-), rendered (+):\n%s", diff)
	}
}

// lineName is what a log line says before its values.
func lineName(line string) string {
	if _, text, dated := strings.Cut(line, " : "); dated {
		line = text
	}
	line, _, _ = strings.Cut(line, ":")
	line, _, _ = strings.Cut(line, " https")
	line, _, _ = strings.Cut(line, " request ")
	return line
}
