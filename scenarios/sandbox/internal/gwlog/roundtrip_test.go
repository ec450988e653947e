package gwlog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"stageprobe/probe"
	"stageprobe/probe/logs"
	"stageprobe/scenarios/sandbox/internal/gwlog"
)

// planted is what a failure's log must give back. The producer is who stands
// behind the answer; ERROR level and each era say it as well as INFO does.
var planted = []struct {
	failure  gwlog.Failure
	detail   string
	status   int
	response string // "" where the line does not tell
	producer string
	auth     string // authorizer outcome
	plan     string // usage plan
	holds    string // in the record's error or detail
}{
	{"", "", 200, "", "integration", "", "ok", ""},
	{"", "", 404, "", "integration", "", "ok", ""},
	{gwlog.Unauthorized, "", 401, "UNAUTHORIZED", "authorizer", "unauthorized", "", "Unauthorized request"},
	{gwlog.AccessDenied, "", 403, "ACCESS_DENIED", "authorizer", "deny", "", "not authorized"},
	{gwlog.AuthorizerConfig, "Could not parse policy", 500, "AUTHORIZER_CONFIGURATION_ERROR", "authorizer", "error", "", "Could not parse policy"},
	{gwlog.AuthorizerFailure, "", 500, "AUTHORIZER_FAILURE", "authorizer", "error", "", "authorizer error"},
	{gwlog.ResourcePolicy, "", 403, "ACCESS_DENIED", "gateway", "", "", "not authorized"},
	{gwlog.APIKeyRefused, "", 403, "INVALID_API_KEY", "gateway", "", "", "not authorized because method 'GET /orders/{id}'"},
	{gwlog.KeyThrottled, "", 429, "THROTTLED", "gateway", "", "throttled", "Key throttle limit exceeded"},
	{gwlog.QuotaExceeded, "", 429, "QUOTA_EXCEEDED", "gateway", "", "quota", "quota limit exceeded"},
	{gwlog.StageThrottled, "", 429, "THROTTLED", "gateway", "", "", "limit exceeded"},
	{gwlog.MissingParameters, "a, b", 400, "BAD_REQUEST_PARAMETERS", "gateway", "", "ok", "[a, b]"},
	{gwlog.InvalidBody, "missing sku", 400, "BAD_REQUEST_BODY", "gateway", "", "ok", "missing sku"},
	{gwlog.UnsupportedMedia, "text/xml", 415, "UNSUPPORTED_MEDIA_TYPE", "gateway", "", "ok", "text/xml"},
	{gwlog.FunctionError, "boom", 502, "", "integration", "", "ok", "customer function error: boom"},
	{gwlog.FunctionThrottled, "", 500, "", "integration", "", "ok", "Rate Exceeded"},
	{gwlog.InvocationFailed, "", 500, "", "integration", "", "ok", "Lambda invocation failed with status: 200"},
	{gwlog.MalformedProxy, "", 502, "", "integration", "", "ok", "Malformed Lambda proxy response"},
	{gwlog.FunctionPermission, "", 500, "", "integration", "", "ok", "Invalid permissions on Lambda function"},
	{gwlog.RolePermission, "arn:aws:iam::1:role/r", 500, "", "integration", "", "ok", "role/r"},
	{gwlog.NoOutputMapping, "", 500, "", "gateway", "", "ok", "Endpoint Response Status Code: 200"},
	{gwlog.InvalidMethodResponse, "201", 500, "", "gateway", "", "ok", "invalid method response: 201"},
	{gwlog.CertificateMismatch, "Host name 'a' does not match the certificate subject provided by the peer (CN=b)", 500, "", "integration", "", "ok", "(CN=b)"},
	{gwlog.Timeout, "", 504, "INTEGRATION_TIMEOUT", "integration", "", "ok", "timeout error"},
	{gwlog.Network, "Connection is closed", 504, "INTEGRATION_FAILURE", "integration", "", "ok", "Connection is closed"},
	{gwlog.Internal, "", 500, "", "integration", "", "ok", "internal error"},
}

const (
	requestID  = "9cef3834-f42c-46d7-83fe-a6401a431398"
	extendedID = "Vwc2MGFUrPEFV_g="
	lambdaID   = "71952965-d5cc-4974-ae08-6e2138b2275c"
)

func call(failure gwlog.Failure, detail string, status int) gwlog.Call {
	c := gwlog.Call{
		RequestID: requestID, ExtendedRequestID: extendedID, TraceID: "Root=1-5c7674f4-a3491d0a9c8012c191821b83",
		APIID: "abc1234567", Account: "123456789012", Region: "eu-west-1", Stage: "prod",
		Method: "GET", Path: "/orders/7", Route: "/orders/{id}", ResourceID: "res123", PathParams: []gwlog.Pair{{Name: "id", Value: "7"}},
		APIKey:  gwlog.APIKey{Required: true, Value: "0123456789abcdef", ID: "key1"},
		Started: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Finished: time.Date(2026, 3, 1, 12, 0, 1, 0, time.UTC),
		Throttle: gwlog.Throttle{Limit: 1.5, Burst: 3}, Failure: failure, FailureDetail: detail, Response: gwlog.Response{Status: status, Body: "{}"},
		Integration: &gwlog.Integration{
			Type: "AWS_PROXY", FunctionARN: "arn:aws:lambda:eu-west-1:123456789012:function:orders:live", ExecutedVersion: "42", RequestID: lambdaID,
			Exchange: gwlog.Exchange{Status: 200, Latency: 31 * time.Millisecond, ResponseBody: `{"statusCode":200}`},
		},
	}
	switch failure {
	case gwlog.Unauthorized, gwlog.AccessDenied, gwlog.AuthorizerConfig, gwlog.AuthorizerFailure:
		c.Authorizer = &gwlog.Authorizer{ID: "4hugyv", Identity: "Bearer secret-token", Principal: "somebody", Latency: time.Millisecond}
	}
	return c
}

// Whatever the renderer writes, the parser gives back: every failure, in every
// era, at every level, alone and as a test invocation prints it.
func TestRoundTrip(t *testing.T) {
	eras := map[string]gwlog.Era{"2016": gwlog.Era2016, "2017": gwlog.Era2017, "modern": gwlog.Modern}
	for _, p := range planted {
		c := call(p.failure, p.detail, p.status)
		for name, era := range eras {
			for _, level := range []string{"trace", "info", "error"} {
				t.Run(fmt.Sprintf("%s %d %s %s", p.failure, p.status, name, level), func(t *testing.T) {
					lines := era.Execution(c, map[string]gwlog.Level{"trace": gwlog.Info, "info": gwlog.Info, "error": gwlog.Error}[level], level == "trace")
					if p.failure == "" && level == "error" {
						if lines != nil {
							t.Fatal("a success is logged at level ERROR")
						}
						return
					}
					rec := parse(t, lines)
					same(t, "status", status(rec), p.status)
					same(t, "error", strings.Contains(rec.Error+" "+rec.Detail, p.holds), true)
					same(t, "authorizer outcome", rec.AuthorizerOutcome, cmpOr(level != "error" || p.auth != "deny", p.auth))
					if p.producer != "gateway" || level != "error" { // a resource policy's line is an authorizer's where nothing else is logged
						same(t, "producer", rec.Producer, cmpOr(level != "error" || p.auth != "deny", p.producer, rec.Producer))
					}
					if p.response != "" {
						same(t, "gateway response", rec.GatewayResponse, p.response)
					}
					if level == "error" {
						return
					}
					same(t, "usage plan", rec.UsagePlan, p.plan)
					inFull(t, rec, name, level, p.failure, c)
				})
			}
		}
	}
}

// inFull checks what INFO and data trace say beyond the outcome.
func inFull(t *testing.T, rec probe.LogRecord, era, level string, failure gwlog.Failure, c gwlog.Call) {
	t.Helper()
	if era != "2016" || failure != gwlog.ResourcePolicy { // which in 2016 named nothing
		same(t, "request id", rec.RequestID, requestID)
	}
	if era != "2016" {
		same(t, "extended id", rec.ExtendedID, extendedID)
	}
	if c.Authorizer != nil {
		same(t, "authorizer", rec.AuthorizerID, "4hugyv")
	} else if failure != gwlog.ResourcePolicy {
		same(t, "stage", rec.APIID+"/"+rec.Stage, "abc1234567/prod")
	}
	if failure == gwlog.KeyThrottled {
		same(t, "throttle", *rec.Throttle, probe.Throttle{Limit: 1.5, Burst: 3, ResourceID: "res123"})
	}
	ran := rec.Path != ""
	if ran {
		same(t, "request", rec.Method+" "+rec.Path, "GET /orders/7")
		same(t, "trace", rec.XRay, "1-5c7674f4-a3491d0a9c8012c191821b83")
	}
	if !ran || level != "trace" {
		return
	}
	same(t, "path parameter", rec.PathParams["id"], "7")
	same(t, "alias", rec.LambdaAlias, "live")
	same(t, "Lambda request id", rec.LambdaRequestID, lambdaID)
	same(t, "version", rec.ExecutedVersion, "42")
	if era != "2016" {
		same(t, "latency", *rec.IntegrationLatencyMS, 31)
	}
	if era == "modern" {
		same(t, "integration status", *rec.IntegrationStatus, 200)
	}
}

// The same as the console's test and TestInvokeMethod print it: without stage,
// usage plan and authorizer.
func TestRoundTripOfATestInvocation(t *testing.T) {
	for _, p := range planted {
		c := call(p.failure, p.detail, p.status)
		if c.Authorizer != nil || p.plan != "ok" {
			continue // not part of a test
		}
		records, ok := logs.ParseExecution([]byte(gwlog.TestInvoke(c)))
		if !ok || len(records) != 1 {
			t.Fatalf("%s: %d records", p.failure, len(records))
		}
		rec := records[0]
		same(t, string(p.failure)+" status", status(rec), p.status)
		same(t, "stage", rec.Stage, "")
		same(t, "id and request", rec.RequestID+" "+rec.Method+" "+rec.Path, requestID+" GET /orders/7")
		same(t, string(p.failure)+" producer", rec.Producer, p.producer)
		same(t, "version", rec.ExecutedVersion, "42")
	}
}

// Lines of a WebSocket API begin with the extended id.
func TestRoundTripOfAWebSocket(t *testing.T) {
	c := call(gwlog.AuthorizerConfig, "Invalid permissions on Lambda function", 500)
	c.Kind = gwlog.WebSocket
	rec := parse(t, gwlog.Execution(c, gwlog.Error, false))
	same(t, "ids", rec.RequestID+" "+rec.ExtendedID, " "+extendedID)
	same(t, "response", rec.GatewayResponse, "AUTHORIZER_CONFIGURATION_ERROR")
	same(t, "status", status(rec), 500)
}

// Requests that are interleaved in one stream stay apart.
func TestRoundTripInterleaved(t *testing.T) {
	x := logs.NewExecution(logs.Options{})
	var all [][]gwlog.Line
	for i, p := range planted {
		c := call(p.failure, p.detail, p.status)
		c.RequestID = fmt.Sprintf("%08x-f42c-46d7-83fe-a6401a431398", i)
		all = append(all, gwlog.Execution(c, gwlog.Info, true))
	}
	for row := 0; ; row++ {
		some := false
		for _, lines := range all {
			if row < len(lines) {
				x.Add(logs.Event{Time: lines[row].Time, Group: "API-Gateway-Execution-Logs_abc1234567/prod", Stream: "s", Message: []byte(lines[row].Message)})
				some = true
			}
		}
		if !some {
			break
		}
	}
	records := x.Records()
	same(t, "requests", len(records), len(planted))
	for i, p := range planted {
		same(t, string(p.failure)+" status", status(records[i]), p.status)
		same(t, string(p.failure)+" producer", records[i].Producer, p.producer)
	}
}

func parse(t *testing.T, lines []gwlog.Line) probe.LogRecord {
	t.Helper()
	x := logs.NewExecution(logs.Options{})
	for _, l := range lines {
		x.Add(logs.Event{Time: l.Time, Stream: "s", Message: []byte(l.Message)})
	}
	records := x.Records()
	if len(records) != 1 {
		t.Fatalf("%d requests of %v", len(records), lines)
	}
	if !records[0].Complete {
		t.Errorf("not complete: %v", lines)
	}
	return records[0]
}

func status(rec probe.LogRecord) int {
	switch {
	case rec.Status != nil:
		return *rec.Status
	case rec.ImpliedStatus != nil:
		return *rec.ImpliedStatus
	}
	return 0
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// cmpOr is the first value where ok, else the second, else the zero value.
func cmpOr[T any](ok bool, values ...T) (v T) {
	switch {
	case ok:
		return values[0]
	case len(values) > 1:
		return values[1]
	}
	return v
}
