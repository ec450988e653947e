package gwlog

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFailureLines pins every failure's own lines at level ERROR, where nothing else is written.
func TestFailureLines(t *testing.T) {
	base := Call{
		RequestID: "r", APIID: "api", Stage: "prod", Method: "GET", Route: "/x", ResourceID: "res", FailureDetail: "DETAIL",
		Integration: &Integration{Exchange: Exchange{Status: 429}, RequestID: "lambda-id"},
		Response:    Response{Status: 500},
	}
	const config = "(r) Execution failed due to configuration error: "
	completed := "(r) Method completed with status: 500"
	tests := map[Failure][]string{
		NoRoute:               nil,
		NoStage:               nil,
		WAFBlocked:            nil,
		Unauthorized:          {"(r) Unauthorized request: r"},
		AccessDenied:          {"(r) The client is not authorized to perform this operation.", completed},
		ResourcePolicy:        {"(r) The client is not authorized to perform this operation.", completed},
		AuthorizerConfig:      {config + "DETAIL", config + "Authorizer error", "(r) Gateway response type: AUTHORIZER_CONFIGURATION_ERROR with status code: 500"},
		AuthorizerFailure:     {"(r) Execution failed due to an authorizer error", "(r) Gateway response type: AUTHORIZER_FAILURE with status code: 500"},
		APIKeyRefused:         {"(r) API Key  not authorized because method 'GET /x' requires API Key and API Key is not associated with a Usage Plan for API Stage api/prod: No Usage Plan found for key and API Stage", completed},
		KeyThrottled:          {"(r) Key throttle limit exceeded for RestApi api, Stage prod, Resource res, HttpMethod GET. Limit: 0.00 Burst: 0", completed},
		QuotaExceeded:         {"(r) Usage Plan quota limit exceeded", completed},
		StageThrottled:        {"(r) Rate limit exceeded", completed},
		MissingParameters:     {"(r) Missing required request parameters: [DETAIL]", completed},
		InvalidBody:           {"(r) Request body does not match model schema for content type application/json: [DETAIL]", completed},
		UnsupportedMedia:      {"(r) Unsupported media type: DETAIL", completed},
		FunctionError:         {"(r) Lambda execution failed with status 200 due to customer function error: DETAIL. Lambda request id: lambda-id", completed},
		FunctionThrottled:     {"(r) Lambda invocation failed with status: 429. Lambda request id: lambda-id", config + "Rate Exceeded.", completed},
		InvocationFailed:      {"(r) Lambda invocation failed with status: 429. Lambda request id: lambda-id", completed},
		MalformedProxy:        {config + "Malformed Lambda proxy response", completed},
		FunctionPermission:    {config + "Invalid permissions on Lambda function", completed},
		RolePermission:        {config + "API Gateway does not have permission to assume the provided role DETAIL", completed},
		NoOutputMapping:       {config + "No match for output mapping and no default output mapping configured. Endpoint Response Status Code: 429", completed},
		InvalidMethodResponse: {config + "Output mapping refers to an invalid method response: DETAIL", completed},
		CertificateMismatch:   {config + "DETAIL", completed},
		Configuration:         {config + "DETAIL", completed},
		Timeout:               {"(r) Execution failed due to a timeout error", completed},
		Network:               {"(r) Execution failed due to a network error communicating with endpoint: DETAIL", completed},
		Internal:              {"(r) There was an internal error while executing your request", completed},
	}
	for failure, want := range tests {
		t.Run(string(failure), func(t *testing.T) {
			c := base
			c.Failure = failure
			if diff := cmp.Diff(want, texts(Execution(c, Error, true))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNotLogged(t *testing.T) {
	fine := jazz("r")
	http := jazz("r")
	http.Kind = HTTP
	tests := []struct {
		name  string
		call  Call
		level Level
	}{
		{"level off", fine, Off},
		{"no level set", fine, ""},
		{"level error and nothing failed", fine, Error},
		{"HTTP API", http, Info},
	}
	for _, tt := range tests {
		if got := Execution(tt.call, tt.level, true); got != nil {
			t.Errorf("%s: %v", tt.name, texts(got))
		}
	}
}

// TestAuthorizerTrace pins the lines of a call that an authorizer let through, and of a cached policy.
func TestAuthorizerTrace(t *testing.T) {
	c := jazz("r")
	c.Region, c.ExtendedRequestID = "us-east-1", "ext="
	c.Authorizer = &Authorizer{
		ID: "auth1", Identity: "Bearer-secret-token", Principal: "user|12345678", Latency: 7 * time.Millisecond,
		Endpoint: &Exchange{URI: "https://lambda/auth", RequestHeaders: []Pair{{"Authorization", "AWS4-secretSIGNED"}}, RequestBody: `{"type":"TOKEN"}`},
		Result:   `{"principalId":"user|12345678"}`,
	}
	want := []string{
		"(r) Extended Request Id: ext=",
		"(r) Starting authorizer: auth1 for request: r",
		"(r) Incoming identity: *************-token",
		"(r) Endpoint request URI: https://lambda/auth",
		"(r) Endpoint request headers: {Authorization=***********SIGNED}",
		`(r) Endpoint request body after transformations: {"type":"TOKEN"}`,
		"(r) Sending request to https://lambda/auth",
		`(r) Authorizer result body before parsing: {"principalId":"user|12345678"}`,
		"(r) Using valid authorizer policy for principal: *******345678",
		"(r) Successfully completed authorizer execution",
	}
	if diff := cmp.Diff(want, texts(Execution(c, Info, true))[:len(want)]); diff != "" {
		t.Error(diff)
	}
	c.Authorizer.Cached = true
	got := texts(Execution(c, Info, true))
	if diff := cmp.Diff(append(want[:3:3], want[8:]...), got[:5]); diff != "" {
		t.Errorf("cached: %s", diff)
	}
}

// TestCachedAnswer: what the stage cache answers has no integration line.
func TestCachedAnswer(t *testing.T) {
	c := jazz("r")
	c.Integration = nil
	for _, line := range texts(Execution(c, Info, true)) {
		if strings.Contains(line, "Endpoint") || strings.Contains(line, "Sending") || strings.Contains(line, "Received") {
			t.Error(line)
		}
	}
}

func TestCustomisedGatewayResponse(t *testing.T) {
	c := Call{RequestID: "r", Failure: MalformedProxy, Response: Response{Status: 500, Customised: true}}
	got := texts(Execution(c, Error, false))
	want := []string{"(r) Execution failed due to configuration error: Malformed Lambda proxy response", "(r) Gateway response type: DEFAULT_5XX with status code: 500"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTruncation(t *testing.T) {
	c := jazz("r")
	c.Body = strings.Repeat("é", 2000)
	for _, line := range texts(Execution(c, Info, true)) {
		if !strings.Contains(line, "Method request body") {
			continue
		}
		text, found := strings.CutSuffix(strings.TrimPrefix(line, "(r) "), " [TRUNCATED]")
		if !found || len(text) > 1024 || len(text) < 1023 || !strings.HasSuffix(text, "é") {
			t.Errorf("cut to %d bytes: …%q", len(text), line[len(line)-20:])
		}
		return
	}
	t.Error("the body has no line")
}

// TestLineTimes: lines after the integration are later than those before it by its latency.
func TestLineTimes(t *testing.T) {
	c := echo()
	lines := Era2017.Execution(c, Info, true)
	if first := lines[0].Time; !first.Equal(c.Started) {
		t.Errorf("first line at %v", first)
	}
	if last := lines[len(lines)-1].Time; last.Sub(c.Started) != c.Integration.Latency {
		t.Errorf("last line at %v", last)
	}
}

// TestSourceARN: a service is told the template of the method, an authorizer the authorizer.
func TestSourceARN(t *testing.T) {
	c := jazz("r")
	c.Region, c.Account, c.Route, c.AnyMethod = "us-west-2", "123456789012", "/{proxy+}", true
	c.Authorizer = &Authorizer{ID: "auth1", Endpoint: &Exchange{}}
	lines := strings.Join(texts(Execution(c, Info, true)), "\n")
	for _, want := range []string{
		"X-Amz-Source-Arn=arn:aws:execute-api:us-west-2:123456789012:dww0le4qre/prod/ANY/{proxy+}, ",
		"X-Amz-Source-Arn=arn:aws:execute-api:us-west-2:123456789012:dww0le4qre/authorizers/auth1, ",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("%s is missing in\n%s", want, lines)
		}
	}
}
