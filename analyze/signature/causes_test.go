package signature

import (
	"testing"

	"stageprobe/probe"
)

// Where a request was sent makes some causes impossible. It does not speak for
// those that it leaves: they keep their order.
func TestOrderOfCandidates(t *testing.T) {
	no := false
	const host = "https://abcdefghij.execute-api.eu-west-1.amazonaws.com"
	missing := Answer{Status: 403, Body: []byte(`{"message":"Missing Authentication Token"}`), SentAuthorization: &no, Header: restHeaders("x-amzn-errortype: MissingAuthenticationTokenException")}
	forbidden := Answer{Status: 403, Body: []byte(`{"message":"Forbidden"}`), Header: restHeaders("x-amzn-errortype: ForbiddenException")}
	tests := map[string]struct {
		a    Answer
		url  string
		want []string
	}{
		"invoke URL":              {missing, host + "/prod/x", []string{"unmatched-route", "route-not-deployed", "wrong-stage-prefix", "iam-without-signature"}},
		"stage twice":             {missing, host + "/prod/prod/x", []string{"wrong-stage-prefix", "unmatched-route", "route-not-deployed", "iam-without-signature"}},
		"domain":                  {missing, "https://api.example.com/x", []string{"unmatched-route", "route-not-deployed", "wrong-mapping", "iam-without-signature"}},
		"Forbidden":               {forbidden, host + "/prod/x", []string{"no-such-stage", "api-key", "waf-block", "default-endpoint-disabled"}},
		"Forbidden, few headers":  {Answer{Status: 403, Body: forbidden.Body, Header: headers("x-amzn-errortype: ForbiddenException")}, host + "/prod/x", []string{"no-such-stage", "api-key", "waf-block", "default-endpoint-disabled"}},
		"Forbidden, VPC endpoint": {Answer{Status: 403, Body: forbidden.Body, Header: headers("x-amzn-errortype: ForbiddenException")}, "https://vpce-0a1b-2c3d.execute-api.eu-west-1.vpce.amazonaws.com/prod/x", []string{"api-not-identified", "api-key", "waf-block"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.a.URL = tt.url
			var got []string
			for _, c := range Read(tt.a).Candidates {
				got = append(got, c.Cause)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%v, want %v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Fatalf("%v, want %v", got, tt.want)
				}
			}
		})
	}
}

// A cause stands once in a list, however many conditions it has.
func TestCausesOfTypesOnce(t *testing.T) {
	for _, name := range responseTypes {
		seen := map[string]bool{}
		for _, c := range CausesOf(name) {
			if seen[c.Cause] {
				t.Errorf("%s: %s twice", name, c.Cause)
			}
			seen[c.Cause] = true
		}
	}
}

// A body whose API kind nothing tells is judged by what the kinds have in
// common, with a status as without.
func TestBodyAlone(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		by     Producer
		last   string // a candidate of HTTP APIs
	}{
		{403, `{"message":"Forbidden"}`, "", "cached-authorizer-policy"},
		{401, `{"message":"Unauthorized"}`, Authorizer, "authorizer-unauthorized"},
		{429, `{"message":"Too Many Requests"}`, Gateway, "account-throttle"},
	} {
		r := Read(Answer{Status: tt.status, Body: []byte(tt.body)})
		found := false
		for _, c := range r.Candidates {
			found = found || c.Cause == tt.last
		}
		if r.APIKind != "" || r.GatewayResponse != "" || r.Producer != tt.by || !found {
			t.Errorf("%d %s: %+v", tt.status, tt.body, r)
		}
	}
	r := Read(Answer{Status: 502, Body: []byte(`{"message": "Internal server error"}`)})
	if r.Producer != Integration || r.GatewayResponse != "DEFAULT_5XX" {
		t.Errorf("%+v", r)
	}
}

// An authorizer refuses with this exception, and so does a policy; only the
// default wordings tell them apart.
func TestAccessDeniedInOtherWords(t *testing.T) {
	a := Answer{Status: 403, Body: []byte(`{"error":"no"}`), Header: restHeaders("x-amzn-errortype: AccessDeniedException")}
	if r := Read(a); r.Producer != "" || r.GatewayResponse != "ACCESS_DENIED" || len(r.Candidates) < 2 {
		t.Errorf("%+v", r)
	}
	a.Body = []byte(`{"Message":"User: anonymous is`)
	a.BodyTruncated = true
	if r := Read(a); r.Producer != Gateway {
		t.Errorf("a policy's, cut: %+v", r)
	}
}

// A request to a private endpoint names the API in a header.
func TestAskedAPI(t *testing.T) {
	for _, url := range []string{"https://nlb-1.elb.cn-north-1.amazonaws.com.cn/dev/orders", "https://vpce-0a1b-2c3d.execute-api.cn-north-1.vpce.amazonaws.com.cn/dev/orders"} {
		r := Read(Answer{Status: 200, AskedAPI: "abcdefghij", URL: url, Header: restHeaders()})
		if r.APIID != "abcdefghij" || r.Stage != "dev" || r.ResourcePath != "/orders" || r.EndpointType != "private" || r.Partition != "aws-cn" {
			t.Errorf("%s: %+v", url, r)
		}
	}
	if r := Read(Answer{Status: 200, AskedAPI: "not an id", Header: restHeaders()}); r.APIID != "" {
		t.Errorf("%+v", r)
	}
}

// Clients show JSON without the quotes of its keys.
func TestBodyWithoutQuotes(t *testing.T) {
	body := "{\n  detail: \"[object has missing required properties ([\\\"bar\\\"])]\"\n  message: \"Invalid request body\"\n  stage: \"live\"\n}"
	r := Read(Answer{Status: 400, Body: []byte(body), Header: restHeaders("x-amzn-errortype: BadRequestException")})
	if r.Message != "Invalid request body" || r.GatewayResponse != "BAD_REQUEST_BODY" || r.Stage != "live" || r.APIKind != probe.REST || r.Detail != `[object has missing required properties (["bar"])]` {
		t.Errorf("%+v", r)
	}
}

// An HTTP API with CORS settings answers a preflight by itself; an integration
// may answer it as well.
func TestPreflight(t *testing.T) {
	h := headers("date: Tue, 05 Mar 2024 10:01:02 GMT", "apigw-requestid: UHxk9j4vIAMEUkQ=", "access-control-allow-origin: *", "access-control-allow-methods: GET")
	if r := Read(Answer{Status: 204, Header: h}); r.Producer != "" || r.APIKind != probe.HTTP {
		t.Errorf("%+v", r)
	}
	if r := Read(Answer{Status: 204, Header: append(h, headers("x-powered-by: Express")...)}); r.Producer != Integration {
		t.Errorf("%+v", r)
	}
}

// What is wrong with a signature the default message says.
func TestSignatures(t *testing.T) {
	for message, want := range map[string]string{
		"Signature expired: 20250101T000000Z is now earlier than 20250101T000500Z (20250101T001000Z - 5 min.)": "clock-skew",
		"Signature not yet current: 20250102T000000Z is still later than 20250101T000500Z":                     "clock-skew",
		"The request signature we calculated does not match the signature you provided.":                       "wrong-signature",
		"Credential should be scoped to a valid region, not 'us-east-1'. ":                                     "wrong-signature",
		"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=x": "incomplete-signature",
	} {
		r := Read(Answer{Status: 403, Body: messageJSON(message)})
		if len(r.Candidates) != 1 || r.Candidates[0].Cause != want || r.Producer != Gateway || r.APIKind != probe.REST {
			t.Errorf("%s: %+v", message, r)
		}
	}
	// In other words either may hold.
	r := Read(Answer{Status: 403, Header: restHeaders("x-amzn-errortype: InvalidSignatureException"), Body: []byte(`{"error":"no"}`)})
	if len(r.Candidates) != 2 {
		t.Errorf("%+v", r)
	}
	// All parameters missing: the header is no signature, and the route may be unmatched.
	r = Read(Answer{Body: messageJSON("Authorization header requires 'Credential' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=x")})
	if r.Candidates[0].Cause != "unmatched-route" {
		t.Errorf("%+v", r)
	}
}

func messageJSON(text string) []byte {
	return []byte(`{"message":` + quote(message{text: text}) + `}`)
}

// A refusal that names the service to sign for is that service's.
func TestSignatureForAnotherService(t *testing.T) {
	for service, foreign := range map[string]bool{"dynamodb": true, "execute-api": false} {
		r := Read(Answer{Body: messageJSON("Credential should be scoped to correct service: '" + service + "'. ")})
		if (r.NotAPIGateway != "") != foreign || (r.GatewayResponse == "") != foreign {
			t.Errorf("%s: %+v", service, r)
		}
	}
}

// What a cut body says counts; what it lacks may have been cut.
func TestCutBody(t *testing.T) {
	r := Read(Answer{Status: 403, BodyTruncated: true, Body: []byte(`{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:ap-southeast-2:****`)})
	if r.Candidates[0].Cause != "resource-policy" || r.Producer != Gateway {
		t.Errorf("%+v", r)
	}
}
