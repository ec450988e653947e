package signature

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"stageprobe/probe"
	"stageprobe/scenarios/captures"
)

func headers(lines ...string) []probe.Header {
	var out []probe.Header
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		out = append(out, probe.Header{Name: name, Value: value})
	}
	return out
}

// restHeaders are those of a regional REST API.
func restHeaders(more ...string) []probe.Header {
	return headers(append([]string{"Date: Tue, 20 May 2025 02:46:41 GMT", "Content-Type: application/json",
		"x-amzn-RequestId: 2b9c8640-30be-4853-bd1b-d3fb0442e3e4", "x-amz-apigw-id: K2H60H42IAMEsHA="}, more...)...)
}

// Every type by its default answer: the supported gateway response types of the
// developer guide.
func TestGatewayResponseTypes(t *testing.T) {
	arn := `{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-west-2:********7089:u1hp5d8r0b/api/GET/"}`
	tests := []struct {
		response  string
		status    int
		errorType string
		body      string
		by        Producer
	}{
		{"ACCESS_DENIED", 403, "AccessDeniedException", `{"message":"User is not authorized to access this resource"}`, Authorizer},
		{"ACCESS_DENIED", 403, "AccessDeniedException", `{"message":"User is not authorized to access this resource with an explicit deny in an identity-based policy"}`, Authorizer},
		{"ACCESS_DENIED", 403, "AccessDeniedException", arn, Gateway},
		{"API_CONFIGURATION_ERROR", 500, "InternalServerErrorException", `{"message": "Internal server error"}`, Integration},
		{"AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException", `{"message":null}`, Authorizer},
		{"AUTHORIZER_FAILURE", 500, "AuthorizerFailureException", `{"message":null}`, Authorizer},
		{"BAD_REQUEST_BODY", 400, "BadRequestException", `{"message": "Invalid request body"}`, Gateway},
		{"BAD_REQUEST_PARAMETERS", 400, "BadRequestException", `{"message": "Missing required request parameters: [a, b]"}`, Gateway},
		{"DEFAULT_5XX", 502, "InternalServerErrorException", `{"message": "Internal server error"}`, Integration},
		{"EXPIRED_TOKEN", 403, "ExpiredTokenException", `{"message":"The security token included in the request is expired"}`, Gateway},
		{"INTEGRATION_FAILURE", 504, "InternalServerErrorException", `{"message": "Network error communicating with endpoint"}`, Integration},
		{"INTEGRATION_TIMEOUT", 504, "InternalServerErrorException", `{"message": "Endpoint request timed out"}`, Integration},
		{"INVALID_SIGNATURE", 403, "InvalidSignatureException", `{"message":"Signature expired: 20250101T000000Z is now earlier than 20250101T000500Z"}`, Gateway},
		{"MISSING_AUTHENTICATION_TOKEN", 403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`, Gateway},
		{"DEFAULT_4XX", 403, "IncompleteSignatureException", `{"message":"'abc' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer abc'."}`, Gateway},
		{"QUOTA_EXCEEDED", 429, "LimitExceededException", `{"message":"Limit Exceeded"}`, Gateway},
		{"REQUEST_TOO_LARGE", 413, "RequestTooLargeException", `{"message":"Request Too Long"}`, Gateway},
		{"REQUEST_TOO_LARGE", 413, "RequestEntityTooLargeException", `{"message":"Request Entity Too Large"}`, Gateway},
		{"RESOURCE_NOT_FOUND", 404, "ResourceNotFoundException", `{"message":"Not Found"}`, Gateway},
		{"THROTTLED", 429, "TooManyRequestsException", `{"message":"Too Many Requests"}`, Gateway},
		{"UNAUTHORIZED", 401, "UnauthorizedException", `{"message":"Unauthorized"}`, Authorizer},
		{"UNAUTHORIZED", 401, "UnauthorizedException", `{"message":"The incoming token has expired"}`, Authorizer},
		{"UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException", `{"message": "Unsupported Media Type"}`, Gateway},
		{"", 403, "ForbiddenException", `{"message":"Forbidden"}`, Gateway}, // INVALID_API_KEY, WAF_FILTERED, or none at all
	}
	for _, tt := range tests {
		t.Run(tt.errorType+" "+tt.response, func(t *testing.T) {
			a := Answer{Status: tt.status, Body: []byte(tt.body), Header: restHeaders("x-amzn-ErrorType: " + tt.errorType)}
			r := Read(a)
			if r.GatewayResponse != tt.response || r.Producer != tt.by || r.APIKind != probe.REST || r.EndpointType != "regional" || len(r.Candidates) == 0 {
				t.Errorf("%+v", r)
			}
			// Customised status and body leave the error type, and with it whatever it alone tells.
			a.Status, a.Body = 418, []byte(`{"error":"no"}`)
			if c := Read(a); c.Producer != tt.by && tt.errorType != accessDenied || c.GatewayResponse != "" && c.GatewayResponse != tt.response {
				t.Errorf("customised: %+v", c)
			}
			// A body that names its type is believed.
			if tt.response != "" {
				a.Body = fmt.Appendf(nil, `{"error":"no","type":%q}`, tt.response)
				if c := Read(a); c.GatewayResponse != tt.response {
					t.Errorf("named: %q", c.GatewayResponse)
				}
			}
		})
	}
}

func TestReadByCircumstance(t *testing.T) {
	yes, no := true, false
	forbiddenBody := []byte(`{"message":"Forbidden"}`)
	invoke := "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/x"
	tests := []struct {
		name  string
		a     Answer
		by    Producer
		first string // cause
	}{
		{"invoke URL without stage", Answer{Status: 403, Body: forbiddenBody, URL: invoke, Header: restHeaders("x-amzn-errortype: ForbiddenException")}, Gateway, "no-such-stage"},
		{"domain without mapping", Answer{Status: 403, Body: forbiddenBody, URL: "https://api.example.com/x", Header: restHeaders("x-amzn-errortype: ForbiddenException")}, Gateway, "no-mapping"},
		{"no key sent", Answer{Status: 403, Body: forbiddenBody, SentAPIKey: &no, Header: restHeaders("x-amzn-errortype: ForbiddenException")}, Gateway, "api-key"},
		{"token sent", Answer{Status: 401, Body: []byte(`{"message":"Unauthorized"}`), SentAuthorization: &yes, Header: restHeaders("x-amzn-errortype: UnauthorizedException")}, Authorizer, "token-rejected"},
		{"no token sent", Answer{Status: 401, Body: []byte(`{"message":"Unauthorized"}`), SentAuthorization: &no, Header: restHeaders("x-amzn-errortype: UnauthorizedException")}, Authorizer, "identity-source-missing"},
		{"application's words", Answer{Status: 403, Body: forbiddenBody, Header: restHeaders("x-amzn-trace-id: Root=1-65e9176f-54f1ef9c4480ac037089386e")}, Integration, "application-error"},
		{"another gateway behind", Answer{Status: 403, Body: forbiddenBody, Header: restHeaders("x-amzn-errortype: ForbiddenException", "x-amzn-Remapped-x-amzn-RequestId: 11efdbb6-4c3c-4dfb-96a8-f1ce7943f847")}, Integration, "nested-gateway"},
		{"a refusal made a success", Answer{Status: 200, Body: forbiddenBody, Header: restHeaders()}, Integration, "nested-gateway"},
		{"an AWS service behind", Answer{Status: 400, Body: []byte(`{"message":"x"}`), Header: restHeaders("x-amzn-errortype: ValidationException:http://internal")}, Integration, "service-error"},
		{"HTTP API, application", Answer{Status: 404, Body: []byte(`{"message":"Not Found"}`), Header: headers("apigw-requestid: a=", "x-powered-by: Express")}, Integration, "application-error"},
		{"HTTP API, gateway, CORS", Answer{Status: 404, Body: []byte(`{"message":"Not Found"}`), Header: headers("apigw-requestid: a=", "access-control-allow-origin: *")}, Gateway, "stage-prefix-missing"},
		{"HTTP API, another serialiser", Answer{Status: 404, Body: []byte(`{"message": "Not Found"}`), Header: headers("apigw-requestid: a=")}, Integration, "application-error"},
		{"HEAD, by length", Answer{Status: 403, Header: restHeaders("x-amzn-errortype: AccessDeniedException", "content-length: 82")}, Authorizer, "authorizer-deny"},
		{"pretty print, by length", Answer{Status: 500, Body: []byte("{\n  \"message\": \"Internal server error\"\n}"), Header: restHeaders("x-amzn-errortype: InternalServerErrorException", "content-length: 36")}, Integration, "lambda-permission-missing"},
		{"body alone", Answer{Body: []byte(`{"message":"Missing Authentication Token"}`)}, Gateway, "unmatched-route"},
		{"timeout", Answer{Outcome: probe.OutcomeTimeout}, Network, "client-timeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Read(tt.a)
			if r.Producer != tt.by || len(r.Candidates) == 0 || r.Candidates[0].Cause != tt.first {
				t.Errorf("%s %+v", r.Producer, r.Candidates)
			}
		})
	}
}

func TestNotAPIGateway(t *testing.T) {
	tests := map[string]Answer{
		"a CloudFront":        {Status: 403, Header: headers("Via: 1.1 x.cloudfront.net (CloudFront)"), Body: []byte("<HTML>Generated by cloudfront (CloudFront)</HTML>")},
		"CloudFront itself":   {Status: 301, Header: headers("Server: CloudFront", "Location: https://x/")},
		"a Lambda function":   {Status: 200, Header: headers("Date: Tue, 20 May 2025 02:46:41 GMT", "Content-Type: text/html", "x-amzn-RequestId: 2b9c8640-30be-4853-bd1b-d3fb0442e3e4", "X-Amzn-Trace-Id: Root=1-a")},
		"an Application Load": {Status: 503, Header: headers("Server: awselb/2.0")},
		"Amazon S3":           {Status: 403, Header: headers("Server: AmazonS3"), Body: []byte("<Error><Code>AccessDenied</Code></Error>")},
		"a captive portal":    {Status: 511},
		"an nginx":            {Status: 502, Header: headers("Server: nginx/1.24")},
		"an AWS service":      {Status: 400, Header: headers("x-amzn-RequestId: a8c8d99a-6ab5-11e8-b0f8-19363980175b", "x-amzn-ErrorType: ValidationException")},
		"Cloudflare":          {Status: 522, Header: headers("CF-RAY: 1-FRA", "Server: cloudflare")},
	}
	for name, a := range tests {
		if r := Read(a); !strings.HasPrefix(r.NotAPIGateway, name) || r.APIKind != "" || r.GatewayResponse != "" || r.Producer == Gateway {
			t.Errorf("%s: %+v", name, r)
		}
	}
	// A proxy in front leaves the gateway's ids: the answer is the gateway's.
	a := Answer{Status: 200, Header: restHeaders("Server: cloudflare", "CF-RAY: 1-FRA")}
	if r := Read(a); r.NotAPIGateway != "" || r.APIKind != probe.REST {
		t.Errorf("behind a proxy: %+v", r)
	}
}

func TestPlace(t *testing.T) {
	denied := `{"Message":"User: arn:aws-us-gov:sts::111122223333:assumed-role/r/s is not authorized to perform: execute-api:Invoke on resource: arn:aws-us-gov:execute-api:us-gov-west-1:********3333:abcdef1234/v1/GET/ with an explicit deny"}`
	r := Read(Answer{Status: 403, Body: []byte(denied), URL: "https://api.example.com/base/", Method: "GET", Header: restHeaders("x-amzn-errortype: AccessDeniedException")})
	if r.APIID != "abcdef1234" || r.Stage != "v1" || r.ResourcePath != "/" || r.Partition != "aws-us-gov" || r.Candidates[0].Cause != "iam-identity-policy" {
		t.Errorf("%+v", r)
	}
	// An integration that echoes an ARN says nothing of this API.
	r = Read(Answer{Status: 500, Body: []byte(denied), Header: restHeaders("x-amzn-trace-id: Root=1-a")})
	if r.APIID != "" || r.Stage != "" {
		t.Errorf("echo: %+v", r)
	}
	// A refusal that leaves the stage open does not name one.
	r = Read(Answer{Status: 403, URL: "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/x", Body: []byte(`{"message":"Forbidden"}`), Header: restHeaders("x-amzn-errortype: ForbiddenException")})
	if r.APIID != "abcdefghij" || r.Stage != "" {
		t.Errorf("forbidden: %+v", r)
	}
}

func TestSpacing(t *testing.T) {
	for body, want := range map[string]layout{
		`{"message":"Forbidden"}`: compact, `{"message": "Internal server error"}`: spaced,
	} {
		e := examine(Answer{Status: 403, Body: []byte(body)})
		if e.spaced != want {
			t.Errorf("%s: %d", body, e.spaced)
		}
	}
	pretty := []byte("{\n    \"message\": \"Forbidden\"\n}\n")
	if e := examine(Answer{Body: pretty, Header: headers("content-length: 23")}); e.spaced != compact {
		t.Errorf("pretty-printed: %d", e.spaced)
	}
}

func TestTablesAreWhole(t *testing.T) {
	for _, list := range tables() {
		for _, c := range list {
			if c.name == "" || c.why == "" || c.apart == "" || strings.ToLower(c.name) != c.name {
				t.Errorf("%+v", c)
			}
		}
	}
	for _, r := range rules {
		if r.response != "" && !slices.Contains(responseTypes, r.response) {
			t.Errorf("no such type: %s", r.response)
		}
		if len(r.causes) == 0 || r.by == "" {
			t.Errorf("rule without causes or producer: %+v", r)
		}
	}
	for _, name := range responseTypes {
		if len(CausesOf(name)) == 0 {
			t.Errorf("%s: no causes", name)
		}
	}
	if len(responseTypes) != 21 {
		t.Errorf("%d types", len(responseTypes))
	}
}

func TestClassify(t *testing.T) {
	for want, a := range map[Class]Answer{
		Informative: {Status: 500}, AuthFail: {Status: 403},
		Throttled: {Status: 503, Header: headers("X-Amzn-ErrorType: ThrottlingException:http://x")},
		Transport: {Outcome: probe.OutcomeReset}, OwnFault: {Outcome: probe.OutcomeLocal},
	} {
		if got := Classify(a); got != want {
			t.Errorf("%+v: %s, want %s", a, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, c := range captures.All("http") {
		a := answerOf(&c)
		h, _ := json.Marshal(a.Header)
		f.Add(a.Status, string(h), a.Body, "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/x")
	}
	f.Fuzz(func(t *testing.T, status int, header string, body []byte, url string) {
		var h []probe.Header
		_ = json.Unmarshal([]byte(header), &h) // whatever could be read will do
		r := Read(Answer{Status: status, Header: h, Body: body, URL: url})
		if r.GatewayResponse != "" && !slices.Contains(responseTypes, r.GatewayResponse) {
			t.Errorf("no such type: %q", r.GatewayResponse)
		}
		if r.NotAPIGateway != "" && r.GatewayResponse != "" {
			t.Errorf("not API Gateway, and %s", r.GatewayResponse)
		}
	})
}

// AWS WAF answers in the stage's place, and the headers beside its own say where
// its web ACL stands.
func TestChallengeOfAWebACL(t *testing.T) {
	tests := map[string]struct {
		status int
		header []probe.Header
		url    string
		by     Producer
		other  string
	}{
		"of a stage":         {202, restHeaders("x-amzn-waf-action: challenge"), "", Gateway, ""},
		"of an invoke URL":   {405, headers("x-amzn-waf-action: captcha"), "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/x", Gateway, ""},
		"of a load balancer": {405, headers("Server: awselb/2.0", "x-amzn-waf-action: captcha"), "", Edge, "AWS WAF"},
		"of a distribution":  {202, headers("server: CloudFront", "x-amzn-waf-action: challenge", "x-cache: Error from cloudfront"), "", Edge, "AWS WAF"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := Read(Answer{Status: tt.status, Header: tt.header, URL: tt.url})
			if r.Producer != tt.by || r.NotAPIGateway != tt.other || len(r.Candidates) == 0 || r.Candidates[0].Cause != "waf-block" {
				t.Errorf("%+v", r)
			}
		})
	}
}

// The errors of a WebSocket API are worded as a REST API's, and are none.
func TestMessageOfAWebSocketAPI(t *testing.T) {
	for text, by := range map[string]Producer{"Forbidden": Gateway, "Internal server error": Integration, "Endpoint request timed out": Integration, "Missing Authentication Token": "",
		"Too Many Requests": Gateway, "Limit Exceeded": Gateway, "Service Unavailable": Integration, "Unauthorized": Authorizer, "Invalid request body": Gateway, "Could not parse request body into json: Unexpected character": Gateway} {
		body := fmt.Appendf(nil, `{"message": %q, "connectionId":"L0SM9cOFvHcCIhw=", "requestId":"L0SM8cOFvHcCIhw="}`, text)
		if r := Read(Answer{Body: body}); r.APIKind != "" || r.GatewayResponse != "" || r.Producer != by || r.RequestID != "L0SM8cOFvHcCIhw=" || (by == "") != (len(r.Candidates) == 0) {
			t.Errorf("%s: %+v", text, r)
		}
	}
	// A refused handshake may be the authorizer's doing or the gateway's.
	if r := Read(Answer{Status: 403, Body: []byte(`{"message": "Forbidden", "connectionId":"L0SM9cOFvHcCIhw=", "requestId":"L0SM8cOFvHcCIhw="}`)}); r.Producer != "" || r.Candidates[0].Cause != "authorizer-deny" {
		t.Errorf("handshake: %+v", r)
	}
	// A REST API whose gateway response shows an id of the caller's stays one.
	r := Read(Answer{Status: 403, Header: restHeaders("x-amzn-ErrorType: ForbiddenException"), Body: []byte(`{"message":"Forbidden","connectionId":"1","requestId":"2"}`)})
	if r.APIKind != probe.REST {
		t.Errorf("%+v", r)
	}
}
