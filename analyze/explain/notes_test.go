package explain

import (
	"strings"
	"testing"
)

// People and loggers write down what a client got in ways of their own.
func TestNotes(t *testing.T) {
	const id = "2b9c8640-30be-4853-bd1b-d3fb0442e3e4"
	lines := func(prefix string) string {
		answer := "HTTP/1.1 403 Forbidden\nContent-Type: application/json\nx-amzn-RequestId: " + id + "\nx-amzn-ErrorType: MissingAuthenticationTokenException\n\n{\"message\":\"Missing Authentication Token\"}"
		return prefix + strings.ReplaceAll(answer, "\n", "\n"+prefix)
	}
	missing := map[string]any{"status": 403.0, "request_id": id, "gateway_response": "MISSING_AUTHENTICATION_TOKEN", "message": "Missing Authentication Token"}
	for name, test := range map[string]struct {
		input string
		want  map[string]any
	}{
		"Markdown, bold":  {"**HTTP/1.1 403 Forbidden**\n**Content-Type:** application/json\n**x-amzn-RequestId:** " + id + "\n**x-amzn-ErrorType:** MissingAuthenticationTokenException\n\n{\"message\":\"Missing Authentication Token\"}", missing},
		"Markdown, list":  {"- **Status:** 403 Forbidden\n- **x-amzn-RequestId**: " + id + "\n- **x-amzn-ErrorType**: MissingAuthenticationTokenException\n- **Body:** `{\"message\":\"Missing Authentication Token\"}`", missing},
		"Markdown, code":  {"- HTTP Status: `403`\n- `x-amzn-RequestId: " + id + "`\n- `x-amzn-ErrorType: MissingAuthenticationTokenException`\n- Body: `{\"message\":\"Missing Authentication Token\"}`", missing},
		"Markdown, table": {"Status: 403\n\n| Header | Value |\n| --- | --- |\n| x-amzn-requestid | " + id + " |\n| `x-amzn-errortype` | MissingAuthenticationTokenException |\n\n{\"message\":\"Missing Authentication Token\"}", missing},
		"status alone":    {"403 Forbidden\nx-amzn-requestid: " + id + "\nx-amzn-errortype: MissingAuthenticationTokenException\n\n{\"message\":\"Missing Authentication Token\"}", missing},
		"browser": {"Request URL: https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/x\nRequest Method: POST\nStatus Code: 403\nx-amzn-requestid: " + id + "\nx-amzn-errortype: MissingAuthenticationTokenException\n",
			map[string]any{"status": 403.0, "request_id": id, "api_id": "abcdefghij", "stage": "prod", "http_method": "POST"}},
		"OkHttp":          {"<-- 403 Forbidden https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/x (132ms)\nx-amzn-requestid: " + id + "\nx-amzn-errortype: MissingAuthenticationTokenException\n\n{\"message\":\"Missing Authentication Token\"}\n<-- END HTTP (42-byte body)\n", missing},
		"Android":         {"I/okhttp: <-- 403 https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/x (132ms)\nI/okhttp: x-amzn-requestid: " + id + "\nI/okhttp: x-amzn-errortype: MissingAuthenticationTokenException\nI/okhttp: {\"message\":\"Missing Authentication Token\"}\nI/okhttp: <-- END HTTP (42-byte body)\n", missing},
		"logger":          {lines("2021-03-04 10:11:12,345 DEBUG http: "), missing},
		"other digits":    {strings.Replace(lines("2021-03-04 10:11:12,345 DEBUG http: "), "12,345", "11,999", 1), missing},
		"Apache headers":  {strings.Replace(lines("10:11:12 DEBUG o.a.http.headers - http-outgoing-0 << "), `headers - http-outgoing-0 << {"message":"Missing Authentication Token"}`, `wire - http-outgoing-0 << "{"message":"Missing Authentication Token"}"`, 1), missing},
		"Apache wire":     {strings.ReplaceAll(lines("DEBUG wire - << \""), "\n", "[\\r][\\n]\"\n") + `"`, missing},
		"http.client":     {"send: b'GET /prod/x HTTP/1.1\\r\\n'\nreply: 'HTTP/1.1 403 Forbidden\\r\\n'\nheader: x-amzn-RequestId: " + id + "\nheader: x-amzn-ErrorType: MissingAuthenticationTokenException\n\n{\"message\":\"Missing Authentication Token\"}", missing},
		".NET":            {"StatusCode: 403, ReasonPhrase: 'Forbidden', Version: 1.1, Content: System.Net.Http.HttpConnectionResponseContent, Headers:\n{\n  Date: Mon, 03 Jun 2024 08:00:00 GMT\n  x-amzn-RequestId: " + id + "\n  x-amzn-ErrorType: MissingAuthenticationTokenException\n  Content-Length: 42\n}", map[string]any{"status": 403.0, "request_id": id, "gateway_response": "MISSING_AUTHENTICATION_TOKEN"}},
		"Python's Reason": {"ApiException: (500)\nReason: Internal Server Error\nHTTP response headers: HTTPHeaderDict({'x-amzn-RequestId': '" + id + "', 'x-amzn-ErrorType': 'InternalServerErrorException'})\nHTTP response body: {\"message\": \"Internal server error\"}", map[string]any{"status": 500.0, "gateway_response": "API_CONFIGURATION_ERROR"}},
	} {
		t.Run(name, func(t *testing.T) {
			kind, items := explainJSON(t, []byte(test.input), Options{})
			if kind != KindResponse || len(items) != 1 {
				t.Fatalf("%s, %d items", kind, len(items))
			}
			for field, want := range test.want {
				if items[0][field] != want {
					t.Errorf("%s %v, want %v", field, items[0][field], want)
				}
			}
		})
	}
}

// A sentence names one body, and one status and URL beside it; what it names two
// of is left out.
func TestSentences(t *testing.T) {
	const host = "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/orders"
	for input, want := range map[string]map[string]any{
		`getting 403 {"message":"Missing Authentication Token"} from ` + host + "?":                                    {"status": 403.0, "api_id": "abcdefghij", "gateway_response": "MISSING_AUTHENTICATION_TOKEN"},
		`POST ` + host + ` returns 504 with "{\"message\": \"Endpoint request timed out\"}"`:                           {"status": 504.0, "stage": "prod", "resource_path": "/orders", "gateway_response": "INTEGRATION_TIMEOUT"},
		"Error: 403 Forbidden\n{\"message\":\"Missing Authentication Token\"}":                                         {"status": 403.0},
		"Making API request\n{ status: 403,\n  statusText: 'Forbidden',\n  data: { message: 'Forbidden' } }\n":         {"status": 403.0, "message": "Forbidden", "gateway_response": nil},
		`once 403, once 429: {"message":"Missing Authentication Token"} at ` + host + " and https://x.example/":        {"status": nil, "api_id": nil, "message": "Missing Authentication Token"},
		`the socket says {"message": "Forbidden", "connectionId":"L0SM9cOFvHcCIhw=", "requestId":"L0SM9cOFvHcCIhw="}`:  {"api_kind": nil, "producer": "gateway", "gateway_response": nil},
		`{"message": "Endpoint request timed out", "connectionId":"L0SM9cOFvHcCIhw=", "requestId":"L0SM9cOFvHcCIhw="}`: {"api_kind": nil, "producer": "integration", "gateway_response": nil},
	} {
		kind, items := explainJSON(t, []byte(input), Options{})
		for field, value := range want {
			if kind != KindResponse || items[0][field] != value {
				t.Errorf("%s: %s %v, want %v", input, field, items[0][field], value)
			}
		}
	}
	for _, input := range []string{`403 {"message":"no such order"}`, `once {"message":"Forbidden"}, once {"message":"Unauthorized"}`} {
		if doc, err := Explain([]byte(input), Options{}); err == nil {
			t.Errorf("%s: %+v", input, doc)
		}
	}
}

// A message is often copied without the JSON around it.
func TestWords(t *testing.T) {
	const arn = "arn:aws:execute-api:eu-west-1:********3333:abcdefghij/v1/POST/orders"
	for input, want := range map[string]map[string]any{
		"STATUS 403\nSTATUS TEXT Forbidden\nBODY User: anonymous is not authorized to perform: execute-api:Invoke on resource: " + arn + " with an explicit deny": {"status": 403.0, "producer": "gateway", "gateway_response": "ACCESS_DENIED", "api_id": "abcdefghij", "stage": "v1", "http_method": "POST", "resource_path": "/orders"},
		"message: 'Signature expired: 20201027T123008Z is now earlier than 20201027T125507Z (20201027T130007Z - 5 min.)'":                                         {"gateway_response": "INVALID_SIGNATURE"},
		"\"Missing Authentication Token\"":  {"gateway_response": "MISSING_AUTHENTICATION_TOKEN", "status": nil},
		"504\nEndpoint request timed out\n": {"gateway_response": "INTEGRATION_TIMEOUT", "status": 504.0},
	} {
		kind, items := explainJSON(t, []byte(input), Options{})
		for field, value := range want {
			if kind != KindResponse || items[0][field] != value {
				t.Errorf("%s: %s %v, want %v", input, field, items[0][field], value)
			}
		}
	}
	if _, items := explainJSON(t, []byte(`{"__type":"x#InvalidSignatureException","message":"Credential should be scoped to correct service: 'dynamodb'. "}`), Options{}); items[0]["not_api_gateway"] == nil {
		t.Errorf("another service's: %v", items[0])
	}
	for _, input := range []string{"Forbidden", "Internal server error", "a Missing Authentication Token somewhere"} {
		if _, err := Explain([]byte(input), Options{}); err == nil {
			t.Errorf("%s: read", input)
		}
	}
}

// What a log says settles the cause; a line in words that nobody knows is said to
// be unknown, and never blames the application.
func TestFailureLinesNameTheCause(t *testing.T) {
	const id = "(2b9c8640-30be-4853-bd1b-d3fb0442e3e4) "
	for input, want := range map[string]string{
		id + "Execution failed due to configuration error: PKIX path building failed: unable to find valid certification path to requested target\n" + id + "Method completed with status: 500\n": "backend-certificate",
		id + "Execution failed due to configuration error: VpcLink [abc123] is not available\n" + id + "Method completed with status: 500\n":                                                      "vpc-link",
		id + "Execution failed due to configuration error: Illegal character in path at index 10: https://x{y}\n" + id + "Method completed with status: 500\n":                                    "integration-endpoint",
		id + "Execution failed due to configuration error: Unable to transform response\n" + id + "Method completed with status: 500\n":                                                           "mapping-error",
		id + "Execution failed due to configuration error: General SSLEngine problem\n" + id + "Method completed with status: 500\n":                                                              "backend-certificate",
		id + "Execution failed due to an authorizer error: execution timeout\n" + id + "Gateway response type: AUTHORIZER_FAILURE with status code: 500\n":                                        "authorizer-error",
		id + "Access denied. Reason: self signed certificate\n":                                                                                                                                                                                 "mutual-tls",
		id + "API Key ***abcdef not authorized because method 'GET /x' requires API Key and API Key was not found\n":                                                                                                                            "api-key",
		id + "User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********1234:abc123/prod/GET/x\n":                                                                                     "resource-policy",
		id + "Execution failed due to configuration error: The moon is full\n" + id + "Method completed with status: 500\n":                                                                                                                     "unknown-failure",
		`{"requestId":"JKJaXmPLvHcESHA=","routeKey":"GET /x","status":"500","integrationError":"The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration."}`:                                  "lambda-permission-missing",
		`{"requestId":"JKJaXmPLvHcESHA=","routeKey":"GET /x","status":"500","authorizerError":"The IAM role configured on the authorizer or API Gateway doesn't have permissions to call the authorizer."}`:                                     "authorizer-not-invocable",
		`{"requestId":"JKJaXmPLvHcESHA=","routeKey":"GET /x","status":"500","integrationErrorMessage":"The Lambda function returned the following error: no such table. Check your Lambda function code."}`:                                     "lambda-function-error",
		`{"requestId":"cPt3sgDxoAMEZ7w=","httpMethod":"POST","routeKey":"-","status":"404","protocol":"HTTP/1.1"}`:                                                                                                                              "stage-prefix-missing",
		"HTTP/1.1 401 Unauthorized\nx-amzn-ErrorType: UnauthorizedException\n\n{\"message\":\"The incoming token has expired\"}":                                                                                                                "token-rejected",
		id + "Starting authorizer: 4xq1gh for request: 2b9c8640-30be-4853-bd1b-d3fb0442e3e4\n" + id + "Sending request to https://lambda.x.amazonaws.com/f/invocations\n" + id + "Unauthorized request: 2b9c8640-30be-4853-bd1b-d3fb0442e3e4\n": "authorizer-unauthorized",
		`{"requestId":"JKJaXmPLvHcESHA=","routeKey":"GET /x","status":"401","authorizerError":"The token has expired","errorMessage":"Unauthorized"}`:                                                                                           "token-rejected",
		`{"requestId":"JKJaXmPLvHcESHA=","routeKey":"GET /x","status":"500","integrationErrorMessage":"The response from the Lambda function doesn't match the format that API Gateway expects. x"}`:                                            "malformed-proxy-response",
		`{"requestId":"JKJaXmPLvHcESHA=","routeKey":"GET /x","status":"500","integrationErrorMessage":"The moon is full"}`:                                                                                                                      "unknown-failure",
		`203.0.113.7 - - [24/Jan/2023:17:52:06 +0000] "POST POST /start HTTP/1.1" 500 35 JKJaXmPLvHcESHA= API Gateway doesn’t have permissions to assume the IAM role configured on the integration. Check the permissions and try again.`:      "role-not-assumable",
		`203.0.113.7 - - [10/Oct/2023:13:55:36 +0000] "GET /pets HTTP/1.1" 403 42 2b9c8640-30be-4853-bd1b-d3fb0442e3e4`:                                                                                                                         "iam-without-signature",
		`203.0.113.7 - - [10/Oct/2023:13:55:36 +0000] "GET /pets HTTP/1.1" 404 42 2b9c8640-30be-4853-bd1b-d3fb0442e3e4`:                                                                                                                         "application-error",
	} {
		_, items := explainJSON(t, []byte(input), Options{})
		if causes := items[0]["candidates"].([]any); len(causes) == 0 || causes[0].(map[string]any)["cause"] != want {
			t.Errorf("%s: %v, want %s", input, causes, want)
		}
	}
}

// A query over both groups gives lines of either log; they meet in the request.
func TestBothLogsInOneTable(t *testing.T) {
	const id, group = "2b9c8640-30be-4853-bd1b-d3fb0442e3e4", "123456789012:API-Gateway-Execution-Logs_abcdefghij/prod"
	const other = "9cef3834-f42c-46d7-83fe-a6401a431398"
	row := func(message, group string) string {
		return "| 2025-05-20 02:46:41.000 | " + message + " | " + group + " |\n"
	}
	entry := func(id, status string) string {
		return row(`{"requestId":"`+id+`","httpMethod":"GET","resourcePath":"/orders","status":"`+status+`","deploymentId":"d1"}`, "123456789012:/aws/apigateway/access")
	}
	table := "| @timestamp | @message | @log |\n| --- | --- | --- |\n" + entry(id, "500") + row("("+id+") Execution failed due to configuration error: Invalid permissions on Lambda function", group) + entry(other, "200")
	kind, items := explainJSON(t, []byte(table), Options{})
	if kind != KindExecutionLog || len(items) != 2 {
		t.Fatalf("%s, %d items", kind, len(items))
	}
	for field, want := range map[string]any{"request_id": id, "api_id": "abcdefghij", "stage": "prod", "route_template": "GET /orders", "deployment_id": "d1", "status": 500.0, "producer": "integration", "complete": true} {
		if items[0][field] != want {
			t.Errorf("%s %v, want %v", field, items[0][field], want)
		}
	}
	if items[1]["request_id"] != other || items[1]["status"] != 200.0 || items[1]["stage"] != nil {
		t.Errorf("%v", items[1])
	}
	// What a body says is none of the log's.
	body := "(" + id + ") Endpoint response body before transformations: {\n{\"requestId\":\"" + other + "\",\"status\":\"200\",\"path\":\"/x\",\"httpMethod\":\"GET\"}\n(" + id + ") Method completed with status: 200\n"
	if _, items := explainJSON(t, []byte(body), Options{}); len(items) != 1 {
		t.Errorf("%v", items)
	}
}
