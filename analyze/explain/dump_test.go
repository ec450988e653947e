package explain

import (
	"strings"
	"testing"
)

// Programs print what they got in forms of their own.
func TestDumps(t *testing.T) {
	const id = "c6a1d40c-8434-4be6-b923-5dba2fb3e34b"
	for name, test := range map[string]struct {
		input string
		want  map[string]any
	}{
		"HTTP archive": {
			`{"log":{"entries":[{"request":{"method":"GET","url":"https://abcdef1234.execute-api.us-east-1.amazonaws.com/prod/orders","headers":[{"name":"Host","value":"x"}]},
			"response":{"status":403,"headers":[{"name":"date","value":"Mon, 01 May 2023 10:00:01 GMT"},{"name":"x-amzn-requestid","value":"` + id + `"},{"name":"x-amzn-errortype","value":"MissingAuthenticationTokenException"}],
			"content":{"text":"{\"message\":\"Missing Authentication Token\"}"}}}]}}`,
			map[string]any{"status": 403.0, "gateway_response": "MISSING_AUTHENTICATION_TOKEN", "http_method": "GET", "stage": "prod", "resource_path": "/orders", "api_id": "abcdef1234", "message": "Missing Authentication Token"},
		},
		"axios error": {
			"{\n  config: {\n    headers: { Authorization: 'Bearer x', 'User-Agent': 'axios/1.3.4' },\n    method: 'get',\n    data: undefined\n  },\n  response: {\n    status: 403,\n    statusText: 'Forbidden',\n    headers: AxiosHeaders {\n" +
				"      date: 'Mon, 01 May 2023 10:00:01 GMT',\n      'x-amzn-requestid': '" + id + "',\n      'x-amzn-errortype': 'AccessDeniedException'\n    },\n    data: { Message: \"User is not authorized to access this resource\" }\n  }\n}",
			map[string]any{"status": 403.0, "producer": "authorizer", "gateway_response": "ACCESS_DENIED", "message": "User is not authorized to access this resource"},
		},
		"boto3 error": {
			`An error occurred: {'Error': {'Message': 'Too Many Requests', 'Code': 'TooManyRequestsException'}, 'ResponseMetadata': {'RequestId': '` + id + `', 'HTTPStatusCode': 429, 'HTTPHeaders': {'date': 'Mon, 01 May 2023 10:00:01 GMT', 'x-amzn-requestid': '` + id + `', 'x-amzn-errortype': 'TooManyRequestsException'}, 'RetryAttempts': 4}}`,
			map[string]any{"status": 429.0, "gateway_response": "THROTTLED"},
		},
		"pairs of Python": {
			"HTTP Status: 403\nResponse headers: [('Content-Type', 'application/json'), ('x-amzn-RequestId', '" + id + "'), ('x-amzn-ErrorType', 'ForbiddenException')]\nBody: b'{\"message\":\"Forbidden\"}'",
			map[string]any{"status": 403.0, "error_type": "ForbiddenException", "message": "Forbidden"},
		},
		"lists of Ruby": {
			`{"date"=>["Sat, 30 Jul 2022 20:39:15 GMT"], "x-amzn-requestid"=>["` + id + `"], "x-amzn-errortype"=>["MissingAuthenticationTokenException"]}`,
			map[string]any{"status": nil, "gateway_response": "MISSING_AUTHENTICATION_TOKEN"},
		},
		"node-fetch": {
			"Response {\n  size: 0,\n  [Symbol(Response internals)]: {\n    url: 'https://abcdef1234.execute-api.us-east-1.amazonaws.com/prod/orders',\n    status: 403,\n    headers: { [Symbol(map)]: [Object: null prototype] {\n      'x-amzn-requestid': [ '" + id + "' ],\n      'x-amzn-errortype': [ 'MissingAuthenticationTokenException' ] } } } }",
			map[string]any{"status": 403.0, "api_id": "abcdef1234", "stage": "prod", "resource_path": "/orders", "gateway_response": "MISSING_AUTHENTICATION_TOKEN"},
		},
		"no mark, but a status": {
			`{"status": 403, "headers": {"Server": "CloudFront", "Date": "Mon, 01 May 2023 10:00:01 GMT"}, "body": "<h1>403 ERROR</h1>"}`,
			map[string]any{"status": 403.0, "producer": "edge", "request_id": nil},
		},
	} {
		t.Run(name, func(t *testing.T) {
			kind, items := explainJSON(t, []byte(test.input), Options{})
			if kind != KindResponse || len(items) != 1 {
				t.Fatalf("%s, %d items", kind, len(items))
			}
			if strings.Contains(test.input, id) && items[0]["request_id"] != id {
				t.Errorf("request_id %v", items[0]["request_id"])
			}
			for field, want := range test.want {
				if items[0][field] != want {
					t.Errorf("%s %v, want %v", field, items[0][field], want)
				}
			}
		})
	}
}

// What a function is about to answer with, or was called with, is no answer.
func TestNoDump(t *testing.T) {
	for _, input := range []string{
		`{"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": "{}"}`,
		`{"resource": "/x", "headers": {"Host": "example.com", "x-amzn-requestid": "1", "Via": "1.1 x"}, "body": null}`,
	} {
		if got := parseDumped([]byte(input), ""); len(got) > 0 {
			t.Errorf("%s: %+v", input, got)
		}
	}
}
