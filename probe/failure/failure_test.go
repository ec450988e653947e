package failure_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// The lines are those of public logs and of AWS's knowledge centre.
func TestRead(t *testing.T) {
	const c = "Execution failed due to configuration error: "
	for line, want := range map[string]struct {
		cause     string
		kind      failure.Kind
		candidate string
	}{
		c + "Invalid permissions on Lambda function":                                                                                    {"integration-error", failure.Permission, "lambda-permission-missing"},
		"API Gateway does not have permission to invoke your Lambda function.":                                                          {"integration-error", failure.Permission, "lambda-permission-missing"},
		c + "API Gateway does not have permission to assume the provided role arn:aws:iam::123456789012:role/x":                         {"integration-error", failure.Permission, "role-not-assumable"},
		c + "Malformed Lambda proxy response":                                                                                           {"integration-error", failure.Malformed, "malformed-proxy-response"},
		c + "Unable to parse statusCode. It should be an integer that is defined in the request template.":                              {"integration-error", failure.Mapping, "request-template"},
		c + "statusCode should be an integer which defined in request template":                                                         {"integration-error", failure.Mapping, "request-template"},
		c + "Unable to transform request":                                                                                               {"integration-error", failure.Mapping, "request-template"},
		c + "Output mapping refers to an invalid method response: 200":                                                                  {"integration-error", failure.Mapping, "mapping-error"},
		c + "No match for output mapping and no default output mapping configured. Endpoint Response Status Code: 403":                  {"integration-error", failure.Mapping, "mapping-error"},
		c + "Host name 'x.example.com' does not match the certificate subject provided by the peer (CN=*.example.org)":                  {"integration-error", failure.TLS, "backend-certificate"},
		c + "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification": {"integration-error", failure.TLS, "backend-certificate"},
		c + "Rate Exceeded.": {"integration-error", failure.Concurrency, "lambda-throttled"},
		"Lambda invocation failed with status: 429. Lambda request id: 5c":                                                             {"integration-error", failure.Concurrency, "lambda-throttled"},
		"Lambda invocation failed with status: 403. Lambda request id: 5c":                                                             {"integration-error", failure.Permission, "lambda-method-not-post"},
		"Lambda execution failed with status 200 due to customer function error: Task timed out after 3.00 seconds. Lambda request id": {"integration-error", failure.Timeout, "lambda-function-timeout"},
		"Lambda execution failed with status 200 due to customer function error: name 'x' is not defined. Lambda request id: 1":        {"integration-error", failure.Function, "lambda-function-error"},
		"Execution failed due to a timeout error":                                                                                      {"integration-error", failure.Timeout, "integration-timeout"},
		"Execution failed due to a network error communicating with endpoint: Connection is closed":                                    {"integration-error", failure.Network, "integration-unreachable"},
		c + "Invalid endpoint address":                                 {"integration-error", failure.Endpoint, "integration-endpoint"},
		c + "There was an internal error while executing your request": {"integration-error", failure.Internal, "integration-unreachable"},
		"Key throttle limit exceeded for RestApi uwe3g5jm54, Stage Prod, Resource k0w8mc, HttpMethod POST. Limit: 1.00 Burst: 1":         {"throttled", failure.LimitKey, "usage-plan-throttle"},
		"API Key *F0yrv6 exceeded quota limit for API Stage r/dev: Key quota exhausted for Usage Plan ID nnpegc. Limit: 500 Period: DAY": {"throttled", failure.LimitQuota, "usage-plan-quota"},
		"Rate limit exceeded": {"throttled", failure.LimitUnnamed, "method-throttle"},
		c + "Invalid JSON in response: Unrecognized field \"policyDocument2\"":                                                                    {"access-denied", failure.Authorizer, "authorizer-bad-output"},
		"The response from the Lambda Authorizer function doesn't match the format that API Gateway expects. Invalid json in authorizer response": {"access-denied", failure.Authorizer, "authorizer-bad-output"},
		c + "Authorizer error": {"access-denied", failure.Authorizer, "authorizer-not-invocable"},
		"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********1234:abc/prod/GET/x": {"access-denied", failure.Policy, "resource-policy"},
		"Request body does not match model schema for content type application/json: [object has missing required properties]":                    {"", failure.Request, "invalid-body"},
	} {
		f, ok := failure.Read(line)
		if !ok || f.Cause != want.cause || f.Kind != want.kind || f.Candidate != want.candidate || f.Why == "" || f.Check == "" {
			t.Errorf("%s: %+v, want %+v", line, f, want)
		}
	}
	for _, line := range []string{"", "Forbidden", "Execution failed due to configuration error: The moon is full", "Not Found"} {
		if f, ok := failure.Read(line); ok {
			t.Errorf("%q: %+v", line, f)
		}
	}
}

func TestLimit(t *testing.T) {
	for line, want := range map[string]failure.Limit{
		"Key throttle limit exceeded for RestApi uwe3g5jm54, Stage Prod, Resource k0w8mc, HttpMethod POST. Limit: 1.00 Burst: 1": {
			Rate: 1, Burst: 1, APIID: "uwe3g5jm54", Stage: "Prod", ResourceID: "k0w8mc", Method: "POST"},
		"API Key *F0yrv6 exceeded throttle limit for API Stage rohkz08x02/dev: Key throttle limit exceeded for Usage Plan ID nnpegc, RestApi rohkz08x02, Stage dev, Resource f646q2, HttpMethod GET. Limit: 5.00 Burst: 10": {
			Rate: 5, Burst: 10, UsagePlan: "nnpegc", APIID: "rohkz08x02", Stage: "dev", ResourceID: "f646q2", Method: "GET"},
		"API Key *F0yrv6 exceeded quota limit for API Stage rohkz08x02/dev: Key quota exhausted for Usage Plan ID nnpegc. Limit: 500 Period: DAY": {
			Quota: 500, Per: "DAY", UsagePlan: "nnpegc", APIID: "rohkz08x02", Stage: "dev"},
	} {
		f, ok := failure.Read(line)
		if !ok || f.Limit == nil {
			t.Fatalf("%s: %+v", line, f)
		}
		if diff := cmp.Diff(want, *f.Limit); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
	}
}

// The same words are an authorizer's where the log says that it was the one that
// failed; a line that nobody knows is handed back as that.
func TestOf(t *testing.T) {
	no := false
	for _, c := range []struct {
		rec     probe.LogRecord
		cause   string
		why     string
		unknown int
	}{
		{probe.LogRecord{Producer: "integration", Error: "Invalid permissions on Lambda function"}, failure.CauseIntegration, "the function's policy", 0},
		{probe.LogRecord{Producer: "authorizer", Error: "Authorizer error", Detail: "Invalid permissions on Lambda function"}, failure.CauseDenied, "the authorizer's function's policy", 0},
		{probe.LogRecord{Producer: "authorizer", Error: "Invalid json in authorizer response", AuthorizerCalled: &no}, failure.CauseDenied, "a kept result", 0},
		{probe.LogRecord{Producer: "integration", Error: "The moon is full"}, "", "", 1},
		{probe.LogRecord{Producer: "gateway", Error: "Forbidden"}, "", "", 0},
	} {
		known, unknown := failure.Of(&c.rec)
		if len(unknown) != c.unknown || (c.cause != "") != (len(known) > 0) {
			t.Errorf("%+v: %v %v", c.rec, known, unknown)
			continue
		}
		if c.cause != "" && (known[0].Cause != c.cause || !strings.Contains(known[0].Why, c.why)) {
			t.Errorf("%+v: %+v", c.rec, known[0])
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Execution failed due to configuration error: Limit: 1e9. Burst: 99999999999999999999")
	f.Fuzz(func(t *testing.T, line string) {
		got, ok := failure.Read(line)
		if ok && (got.Candidate == "" || got.Kind == "" || got.Why == "") {
			t.Fatalf("%q: %+v", line, got)
		}
		_ = got.Limit.String()
	})
}
