package gwlog

import (
	"strings"
	"testing"
	"time"

	"stageprobe/scenarios/captures"
)

// The format behind the three captures of one stage, read off their keys; dynamoDB* are variables that
// the call has no value for.
const stageFormat = `{"apiId":"$context.apiId","dynamoDBErrorMessage":"$context.authorizer.a","dynamoDBItemId":"$context.authorizer.b","dynamoDBOperation":"$context.authorizer.c","dynamoDBTableName":"$context.unknown.d","errorMessage":"$context.error.message","extendedRequestId":"$context.extendedRequestId","httpMethod":"$context.httpMethod","integrationLatency":"$context.integrationLatency","integrationStatus":"$context.integrationStatus","path":"$context.path","protocol":"$context.protocol","requestId":"$context.requestId","requestTime":"$context.requestTime","requestTimeEpoch":"$context.requestTimeEpoch","resourcePath":"$context.resourcePath","responseLength":"$context.responseLength","sourceIp":"$context.identity.sourceIp","stage":"$context.stage","status":"$context.status","userAgent":"$context.identity.userAgent","wafLatency":"$context.waf.latency","wafResponseCode":"$context.wafResponseCode","wafStatus":"$context.waf.status","webAclArn":"$context.webaclArn"}`

func python(id, extended string, at int64) Call {
	return Call{
		RequestID: id, ExtendedRequestID: extended, APIID: "4lltecsznk", Region: "us-west-2", Stage: "prod",
		Method: "GET", Path: "/PythonResource", Route: "/PythonResource", Protocol: "HTTP/1.1",
		SourceIP: "76.33.40.125", UserAgent: "curl/8.10.1", Started: time.UnixMilli(at),
		WAF: &WAF{ACL: "arn:aws:wafv2:us-west-2:015195098145:regional/webacl/taaops-lambda-waf-cf-waf01/093db73c-178f-4525-9411-0fac714569ef", Latency: 6 * time.Millisecond},
	}
}

func TestGenuineAccessLogs(t *testing.T) {
	ok := python("c3b42dd2-0aae-4ef0-8993-ed2ba1034021", "A463GGgNPHcEaXQ=", 1784692371355)
	ok.Integration = &Integration{Exchange: Exchange{Status: 200, Latency: 351 * time.Millisecond}}
	ok.Response = Response{Status: 200, Length: 98}
	unauthorized := python("e7d6f732-4b2c-4de8-9f95-af7dc4c3b8a7", "A4622ElxvHcEYvw=", 1784692369745)
	unauthorized.Authorizer, unauthorized.Failure = &Authorizer{ID: "a"}, Unauthorized
	unauthorized.Response = Response{Status: 401, Body: `{"message":"Unauthorized"}`, Message: "Unauthorized"}
	blocked := python("eed63f63-e960-4d89-ade7-39a0bf8f6740", "A463pHJGPHcEQGQ=", 1784692374821)
	blocked.WAF.Blocked, blocked.Failure = true, WAFBlocked
	blocked.Response = Response{Status: 403, Body: `{"message":"Forbidden"}`, Message: "Forbidden"}

	tests := []struct {
		log, format string
		call        Call
	}{
		{"4llt-200", stageFormat, ok},
		{"4llt-401", stageFormat, unauthorized},
		{"4llt-403-waf", stageFormat, blocked},
		{"http-api-403-authorizer",
			`{"requestId": "$context.requestId", "routeKey": "$context.routeKey", "path": "$context.path", "httpMethod": "$context.httpMethod", "status": "$context.status", "integrationStatus": "$context.integration.status", "integrationLatency": "$context.integration.latency", "authorizerError": "$context.authorizer.error", "errorMessage": "$context.error.message", "errorType": "$context.error.responseType", "integrationErrorMessage": "$context.integrationErrorMessage"}`,
			Call{Kind: HTTP, RequestID: "req-refused", Stage: "$default", Method: "GET", Path: "/api/issues", Route: "/api/issues", Failure: AccessDenied,
				Authorizer: &Authorizer{Error: "Forbidden"}, Response: Response{Status: 403, Message: "Forbidden"}}},
		{"http-api-500",
			`{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","requestTime":"$context.requestTime","httpMethod":"$context.httpMethod","routeKey":"$context.routeKey","status":"$context.status","protocol":"$context.protocol","responseLength":"$context.responseLength"}`,
			Call{Kind: HTTP, RequestID: "ErGlsg1YoAMEMmw=", SourceIP: "x.x.x.x", Started: time.Date(2026, 10, 3, 15, 24, 19, 0, time.UTC),
				Method: "GET", RouteKey: "GET /rates", Protocol: "HTTP/1.1", Response: Response{Status: 500, Body: `{"message":"Internal Server Error"}`}}},
	}
	for _, tt := range tests {
		t.Run(tt.log, func(t *testing.T) {
			want := strings.TrimSpace(string(captures.Named("access/" + tt.log).Text))
			want = want[strings.Index(want, "{"):] // some sources put time and stream in front
			got, err := Access(tt.format, tt.call)
			if err != nil || got != want {
				t.Errorf("error %v\n got %s\nwant %s", err, got, want)
			}
		})
	}
}

// TestContextVariables pins values whose meaning is easily mixed up.
func TestContextVariables(t *testing.T) {
	call := Call{
		RequestID: "r", APIID: "abc123", Region: "cn-north-1", Account: "123456789012", Stage: "prod", DeploymentID: "dep1",
		Canary: true, CanaryConfigured: true, Method: "GET", Path: "/v1/orders/7", Route: "/orders/{id}", EndpointType: "REGIONAL",
		TraceID: "Root=1-5c7674f4-a3491d0a9c8012c191821b83;Sampled=0", APIKey: APIKey{Value: "0123456789abcdef", ID: "key1"},
		Started: time.Unix(1700000000, 5e6), Finished: time.Unix(1700000000, 48e6),
		Integration: &Integration{Type: "AWS_PROXY", StatusReturned: 404, RequestID: "lam", Exchange: Exchange{Status: 200, Latency: 31 * time.Millisecond}},
		Authorizer:  &Authorizer{Principal: "me", Claims: map[string]string{"custom:team": "blue"}, Context: map[string]string{"tenant": "t1"}, Latency: 2 * time.Millisecond},
		Response:    Response{Status: 404, Message: `a "quoted" one`},
	}
	custom, noCanary, http := call, call, call
	custom.Domain, custom.BasePath = "api.example.com", "v1"
	noCanary.CanaryConfigured, noCanary.Canary = false, false
	http.Kind, http.RequestID = HTTP, "JKJaXmPLvHcESHA="
	tests := []struct {
		call           Call
		variable, want string
	}{
		{call, "isCanaryRequest", "true"},
		{noCanary, "isCanaryRequest", "-"},
		{call, "deploymentId", "dep1"},
		{call, "path", "/prod/v1/orders/7"},
		{custom, "path", "/v1/orders/7"},
		{custom, "customDomain.basePathMatched", "v1"},
		{call, "customDomain.basePathMatched", "-"},
		{call, "domainName", "abc123.execute-api.cn-north-1.amazonaws.com.cn"},
		{custom, "domainPrefix", "api"},
		{call, "resourcePath", "/orders/{id}"},
		{call, "integration.status", "404"},
		{call, "integration.integrationStatus", "200"},
		{call, "integrationStatus", "200"},
		{call, "integration.latency", "31"},
		{call, "responseLatency", "43"},
		{call, "requestTimeEpoch", "1700000000005"},
		{http, "requestTimeEpoch", "1700000000"},
		{http, "extendedRequestId", "JKJaXmPLvHcESHA="},
		{http, "routeKey", "GET /orders/{id}"},
		{call, "error.message", `a "quoted" one`},
		{call, "error.messageString", `"a \"quoted\" one"`},
		{call, "xrayTraceId", "1-5c7674f4-a3491d0a9c8012c191821b83"},
		{call, "authorizer.principalId", "me"},
		{call, "authorizer.claims.custom:team", "blue"},
		{call, "authorizer.tenant", "t1"},
		{call, "tenant", "-"},
		{call, "authorizer.tenant.name", "-"},
		{call, "identity.apiKey", "**********abcdef"},
		{call, "waf.status", "-"},
		{call, "noSuchVariable", "-"},
	}
	for _, tt := range tests {
		if got, _ := Access("<$context."+tt.variable+">", tt.call); got != "<"+tt.want+">" {
			t.Errorf("%s = %s, want %s", tt.variable, got, tt.want)
		}
	}
}

func TestAccessFormats(t *testing.T) {
	c := Call{RequestID: "r", Stage: "prod", Method: "GET", Route: "/x", Protocol: "HTTP/1.1", Started: time.Unix(0, 0), SourceIP: "10.0.0.1", Response: Response{Status: 200, Length: 7}}
	clf := `$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime]"$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId`
	want := `10.0.0.1 - - [01/Jan/1970:00:00:00 +0000]"GET /x HTTP/1.1" 200 7 r -`
	if got, err := Access(clf, c); err != nil || got != want {
		t.Errorf("common log format: %v\n got %s\nwant %s", err, got, want)
	}
	tests := []struct {
		format string
		kind   Kind
		ok     bool
	}{
		{"$context.requestId", REST, true},
		{"$context.extendedRequestId", REST, true},
		{"$context.requestIdx", REST, false},
		{"$context.status", REST, false},
		{"$context.status", HTTP, true},
		{"$context.requestId\n", REST, true},
		{"$context.requestId\n$context.status", REST, false},
		{strings.Repeat("x", 4000) + "$context.requestId", REST, false},
	}
	for _, tt := range tests {
		if err := CheckFormat(tt.format, tt.kind); (err == nil) != tt.ok {
			t.Errorf("%.30q for %s: %v", tt.format, tt.kind, err)
		}
	}
}

// FuzzAccess: the text around variables stays, in its order.
func FuzzAccess(f *testing.F) {
	f.Add(stageFormat)
	f.Add("$context.requestId,$context.authorizer.claims.a:b-c $context. $context.x.")
	f.Fuzz(func(t *testing.T, format string) {
		got, _ := Access(format, Call{RequestID: "r"})
		for _, text := range variable.Split(format, -1) {
			_, rest, found := strings.Cut(got, text)
			if !found {
				t.Fatalf("%q became %q: lacks %q", format, got, text)
			}
			got = rest
		}
	})
}
