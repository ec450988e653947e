package logs

import (
	"strings"
	"testing"
)

// placed reads an excerpt of one request.
func placed(t *testing.T, lines ...string) (api, stage, method, path string, complete bool) {
	t.Helper()
	records, ok := ParseExecution([]byte(strings.Join(lines, "\n")))
	if !ok || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), ok)
	}
	r := records[0]
	return r.APIID, r.Stage, r.Method, r.Path, r.Complete
}

// The ARN of the method stands in what the gateway sends to an authorizer, and in
// the refusal of a policy.
func TestPlaceByARN(t *testing.T) {
	const id = "(2b9c8640-30be-4853-bd1b-d3fb0442e3e4) "
	const arn = "arn:aws:execute-api:eu-west-1:********3333:abcdefghij/prod/GET/pets/5"
	authorizer := id + "Starting authorizer: 4xq1gh for request: 2b9c8640-30be-4853-bd1b-d3fb0442e3e4"
	for name, lines := range map[string][]string{
		"authorizer":           {authorizer, id + `Endpoint request body after transformations: {"type":"TOKEN","methodArn":"` + arn + `","authorizationToken":"x"}`},
		"resource policy":      {id + "User: anonymous is not authorized to perform: execute-api:Invoke on resource: " + arn},
		"policy, explicit":     {id + "User: arn:aws:iam::111122223333:user/u is not authorized to perform: execute-api:Invoke on resource: " + arn + " with an explicit deny"},
		"China, GovCloud etc.": {id + "User: anonymous is not authorized to perform: execute-api:Invoke on resource: " + strings.Replace(arn, "arn:aws:", "arn:aws-cn:", 1)},
	} {
		api, stage, method, path, _ := placed(t, lines...)
		if api != "abcdefghij" || stage != "prod" || method != "GET" || path != "/pets/5" {
			t.Errorf("%s: %s %s %s %s", name, api, stage, method, path)
		}
	}
	// The request's own line tells the path as asked, with a domain's base path.
	if _, _, _, path, _ := placed(t, id+"User: anonymous is not authorized to perform: execute-api:Invoke on resource: "+arn, id+"HTTP Method: GET, Resource Path: /base/pets/5"); path != "/base/pets/5" {
		t.Error(path)
	}
	// What a client sends, and what is cut, is not believed.
	for _, body := range []string{
		`{"type":"REQUEST","headers":{"x":"` + strings.Repeat("a", 90) + `"},"methodArn":"` + arn + `"}`,
		`"methodArn":"arn:aws:s3:::bucket/prod/GET/pets"`,
	} {
		if api, stage, _, _, _ := placed(t, authorizer, id+"Endpoint request body after transformations: "+body); api != "" || stage != "" {
			t.Errorf("%s: %s %s", body, api, stage)
		}
	}
	if _, _, _, path, _ := placed(t, authorizer, id+`Endpoint request body after transformations: {"type":"TOKEN","methodArn":"`+arn+` [TRUNCATED]`); path != "" {
		t.Error(path)
	}
	// A body beyond the authorizer's is the integration's.
	if api, _, _, _, _ := placed(t, id+"Starting execution for request: 2b9c8640-30be-4853-bd1b-d3fb0442e3e4", id+`Endpoint request body after transformations: {"type":"TOKEN","methodArn":"`+arn+`"}`); api != "" {
		t.Error(api)
	}
}

// A test of an authorizer in the console ends with the authorizer.
func TestAuthorizerTest(t *testing.T) {
	const date = "Sun May 07 05:37:15 UTC 2017 : "
	lines := []string{"Execution log for request test-request", date + "Starting authorizer: 2egbc3 for request: test-request",
		date + "Endpoint request headers: {x-amzn-apigateway-api-id=abcdefghij, X-Amz-Source-Arn=arn:aws:execute-api:us-east-1:111122223333:abcdefghij/authorizers/2egbc3}",
		date + `Endpoint request body after transformations: {"type":"TOKEN","methodArn":"arn:aws:execute-api:us-east-1:111122223333:abcdefghij/ESTestInvoke-stage/GET/"}`,
		date + "Successfully completed authorizer execution"}
	if api, stage, method, path, complete := placed(t, lines...); api != "abcdefghij" || stage != "" || method != "GET" || path != "/" || !complete {
		t.Errorf("%s %q %s %s %v", api, stage, method, path, complete)
	}
	if _, _, _, _, complete := placed(t, lines[:4]...); complete {
		t.Error("complete before its end")
	}
}

// A route's method is the request's, unless the route takes any.
func TestMethodOfTheRoute(t *testing.T) {
	const id = "(2b9c8640-30be-4853-bd1b-d3fb0442e3e4) "
	for template, want := range map[string]string{"POST /pets": "POST", "ANY /{proxy+}": ""} {
		if _, _, method, _, _ := placed(t, id+"API Key  authorized because method '"+template+"' does not require API Key. Request will not contribute to throttle or quota limits"); method != want {
			t.Errorf("%s: %q", template, method)
		}
	}
}

// Only Lambda names the version that ran, so that the id beside it is Lambda's
// also where the call is not shown.
func TestLambdaByItsVersion(t *testing.T) {
	const id = "(2b9c8640-30be-4853-bd1b-d3fb0442e3e4) "
	records, _ := ParseExecution([]byte(id + "Endpoint response headers: {x-amzn-RequestId=035eb943-58c9-451e-aa94-7fc3a11fb91f, X-Amz-Executed-Version=7}"))
	if r := records[0]; r.LambdaRequestID != "035eb943-58c9-451e-aa94-7fc3a11fb91f" || r.ExecutedVersion != "7" {
		t.Errorf("%+v", r)
	}
	records, _ = ParseExecution([]byte(id + "Endpoint response headers: {x-amzn-RequestId=035eb943-58c9-451e-aa94-7fc3a11fb91f, Server=Server}"))
	if r := records[0]; r.LambdaRequestID != "" {
		t.Errorf("%+v", r)
	}
}

// The formats that the console proposes for HTTP APIs, and what such an API
// writes in the place of a REST API's resource.
func TestPresetsOfHTTPAPIs(t *testing.T) {
	for line, want := range map[string]struct{ route, template, producer string }{
		`203.0.113.7 - - [10/Oct/2023:13:55:36 +0000] "GET GET /pets HTTP/1.1" 200 42 JKJaXmPLvHcESHA=`:            {"GET /pets", "GET /pets", ""},
		`"203.0.113.7 - - [10/Oct/2023:13:55:36 +0000] ""GET GET /pets HTTP/1.1"" 200 42 JKJaXmPLvHcESHA="`:        {"GET /pets", "GET /pets", ""},
		`2023-10-10T13:55:36.000Z 203.0.113.7 - - [10/Oct/2023:13:55:36 +0000] "GET $default HTTP/1.1" 200 42 JK=`: {"$default", "", ""},
		`203.0.113.7 - - [10/Oct/2023:13:55:36 +0000] "GET - HTTP/1.1" 404 23 JKJaXmPLvHcESHA=`:                    {"", "", "gateway"},
		`203.0.113.7 - - [10/Oct/2023:13:55:36 +0000] "GET GET /pets HTTP/1.1" 500 35 JKJaXmPLvHcESHA= no role`:    {"GET /pets", "GET /pets", "integration"},
		`203.0.113.7 - - [10/Oct/2023:13:55:36 +0000] "GET GET /pets HTTP/1.1" 200 35 JKJaXmPLvHcESHA= -`:          {"GET /pets", "GET /pets", ""},
		`203.0.113.7,10/Oct/2023:13:55:36 +0000,GET,GET /pets,HTTP/1.1,200,42,JKJaXmPLvHcESHA=`:                    {"GET /pets", "GET /pets", ""},
	} {
		r, ok := ParseAccess([]byte(line))
		if !ok || r.RouteKey != want.route || r.Template != want.template || r.Producer != want.producer || r.APIKind != "HTTP" || r.Method != "GET" {
			t.Errorf("%s: %v %+v", line, ok, r)
		}
	}
	// A REST API's entry keeps its resource.
	if r, ok := ParseAccess([]byte(`203.0.113.7 - - [10/Oct/2023:13:55:36 +0000] "GET /pets HTTP/1.1" 200 42 2b9c8640-30be-4853-bd1b-d3fb0442e3e4`)); !ok || r.APIKind != "REST" || r.RouteKey != "" || r.Template != "GET /pets" {
		t.Errorf("%v %+v", ok, r)
	}
}
