package explain

import (
	"regexp"
	"testing"
)

// The kinds of the public reports once more, by other clients, in other words and
// in another order. Each pattern must fit the explanation's JSON; those after "not"
// must not.
func TestVariants(t *testing.T) {
	const (
		invoke  = "https://r4c8v0n2ts.execute-api.us-east-1.amazonaws.com/prod/orders"
		ids     = "x-amzn-requestid: 8f5a2e6d-74f1-4a33-9e1c-7d0b0cf6e1b9\nx-amz-apigw-id: PzQ8kHTqvHcEWzA=\n"
		canary  = "Non canary deployment not supported on stage prod because Canary is enabled. Provide CanarySettings in deploymentInput."
		request = "(2b9c8640-30be-4853-bd1b-d3fb0442e3e4) "
	)
	for name, v := range map[string]struct {
		input, url string
		want       []string
		not        []string
	}{
		// An authorizer's error in an access log.
		"authorizer, one line": {input: `{"requestId":"LPw3ohTzIAMEJ7Q=","routeKey":"GET /x","status":"500","authorizer_error":"Invalid json in authorizer response"}`,
			want: []string{`"producer": "authorizer"`, `"cause": "authorizer-bad-output"`}},
		"authorizer, not called": {input: `{"requestId":"LPw3ohTzIAMEJ7Q=","routeKey":"GET /x","status":"500","authorizerErrorMessage":"The IAM role configured on the authorizer or API Gateway doesn't have permissions to call the authorizer."}`,
			want: []string{`"producer": "authorizer"`, `"cause": "authorizer-not-invocable"`, `authorizers/AUTHORIZER_ID`}},
		"authorizer threw": {input: `{"requestId":"LPw3ohTzIAMEJ7Q=","routeKey":"GET /x","status":"500","context":{"authorizer":{"error":"The Authorizer's Lambda function returned the following error: TypeError. Check your Lambda function code."}}}`,
			want: []string{`"producer": "authorizer"`, `"cause": "authorizer-error"`}},

		// A failure inside a 200.
		"console page with errorMessage": {input: "Request: /x\nStatus: 200\nLatency: 90 ms\nResponse Body\n{\"errorMessage\":\"boom\",\"errorType\":\"Error\"}\nLogs\nExecution log for request test-request\n" +
			"Sun Jan 08 09:58:36 UTC 2017 : Starting execution for request: test-invoke-request\nSun Jan 08 09:58:36 UTC 2017 : HTTP Method: GET, Resource Path: /x\n" +
			"Sun Jan 08 09:58:36 UTC 2017 : Endpoint response body before transformations: {\"errorMessage\":\"boom\",\"errorType\":\"Error\",\"stackTrace\":[]}\n" +
			"Sun Jan 08 09:58:36 UTC 2017 : Method response body after transformations: {\"errorMessage\":\"boom\",\"errorType\":\"Error\",\"stackTrace\":[]}\n" +
			"Sun Jan 08 09:58:36 UTC 2017 : Method completed with status: 200\n",
			want: []string{`"status": 200`, `"cause": "error-in-body"`, `selection pattern`}},
		"curl -i with an envelope": {input: "$ curl -i " + invoke + "\nHTTP/2 200\ncontent-type: application/json\n" + ids + "x-amzn-trace-id: Root=1-5\n\n{\"statusCode\": \"404\", \"body\": \"{}\", \"headers\": {}}\n",
			want: []string{`"status": 200`, `"cause": "inner-status"`, `proxy integration`}},
		"curl -i with base64": {input: "$ curl -i " + invoke + "\nHTTP/2 200\ncontent-type: application/json\n" + ids + "x-amzn-trace-id: Root=1-5\n\neyJvcmRlcnMiOlt7ImlkIjoxfSx7ImlkIjoyfV19\n",
			want: []string{`"cause": "base64-body"`, `isBase64Encoded`}},
		"a healthy 200": {input: "$ curl -i " + invoke + "\nHTTP/2 200\ncontent-type: application/json\n" + ids + "x-amzn-trace-id: Root=1-5\n\n{\"statusCode\": 200, \"orders\": []}\n",
			want: []string{`"candidates": \[\]`}},

		// A deployment that a canary refuses.
		"Terraform":  {input: "│ Error: creating API Gateway Deployment: operation error API Gateway: CreateDeployment, https response error StatusCode: 400, RequestID: 0b8e1c2a, BadRequestException: " + canary + "\n│\n│   with aws_api_gateway_deployment.this,\n│   on api.tf line 40", want: []string{`"tool": "Terraform"`, `"stage": "prod"`, `"cause": "stale-canary"`, `op=remove,path=/canarySettings`}},
		"AWS CLI":    {input: "An error occurred (BadRequestException) when calling the CreateDeployment operation: " + canary, want: []string{`"tool": "AWS CLI`, `"stage": "prod"`, `stale-canary`}},
		"CDK":        {input: "MyStack | 3/5 | UPDATE_FAILED | AWS::ApiGateway::Deployment | ApiDeployment149F12941f5ea2ce8b6e0f6d1c9f0a1b2c3d4e5f Resource handler returned message: \"" + canary + " (Service: ApiGateway, Status Code: 400)\"", want: []string{`"tool": "CDK"`, `stale-canary`}},
		"active":     {input: "Error: deleting API Gateway Deployment (a1b2c3): BadRequestException: Active stages pointing to this deployment must be moved or deleted", want: []string{`"tool": "Terraform"`, `create_before_destroy`}},
		"no methods": {input: "Resource handler returned message: \"The REST API doesn't contain any methods (Service: ApiGateway, Status Code: 400)\"", want: []string{`"kind": "deployment-error"`, `DependsOn`}},

		// What API Gateway answered is no reason, and the status of an integration that gave none is not known.
		"access log, the answer's words": {input: `{"requestTime":"27/Nov/2026:07:01:02 +0000","requestId":"c5f1f3a8-7a60-4c3f-9f5b-2a7a2a7a2a7a","httpMethod":"GET","resourcePath":"/bills","status":502,"integrationStatus":"200","errorMessage":"Internal server error"}
{"requestTime":"27/Nov/2026:07:04:02 +0000","requestId":"c5f1f3a8-7a60-4c3f-9f5b-2a7a2a7a2a7b","httpMethod":"GET","resourcePath":"/bills","status":504,"integrationStatus":"-"}`,
			want: []string{`"cause": "lambda-function-error"`, `"cause": "integration-timeout"`, `"first": "2026-11-27T07:01:02Z"`}, not: []string{`unknown-failure`, `application-error`, `"producer": "gateway"`}},
		"a routed 403": {input: `{"requestId":"2b6f1a52-1234-4321-9999-0a0b0c0d0e0f","httpMethod":"POST","resourcePath":"/items","status":"403","responseLength":"23"}`,
			want: []string{`"cause": "api-key"`, `8 KB`}, not: []string{`api-not-identified`, `default-endpoint-disabled`, `no-such-stage`}},
		"Forbidden alone": {input: `{"message":"Forbidden"}`, want: []string{`(?s)candidates": \[\s*\{\s*"cause": "no-such-stage".*"no-mapping"`}},

		// The validator's words, under whatever name.
		"validation, missing":           {input: `{"message":"[object has missing required properties ([\"id\",\"total\"])]"}`, want: []string{`BAD_REQUEST_BODY`, `invalid-body`}},
		"validation, named":             {input: `{"code":"E400","details":"[instance type (string) does not match any allowed primitive type (allowed: [\"integer\"])]"}`, want: []string{`BAD_REQUEST_BODY`}},
		"a validator of an application": {input: "HTTP/2 400\napigw-requestid: IWq8RhK4DoEEJcw=\n\n{\"errors\":\"[id is missing]\"}", not: []string{`BAD_REQUEST_BODY`}},

		// A name of a function with a part that is not there.
		"no qualifier": {input: request + "Endpoint request URI: https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:bills:/invocations\n" + request + "Execution failed due to configuration error: Invalid permissions on Lambda function\n" + request + "Method completed with status: 500\n",
			want: []string{`"cause": "stage-variable-unset"`}, not: []string{`add-permission`}},
		"a whole name": {input: request + "Endpoint request URI: https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:bills:live/invocations\n" + request + "Execution failed due to configuration error: Invalid permissions on Lambda function\n" + request + "Method completed with status: 500\n",
			want: []string{`"cause": "lambda-permission-missing"`}, not: []string{`stage-variable-unset`}},

		// Who deploys may not, or deploys what is not there.
		"deploying is not allowed": {input: "An error occurred (AccessDeniedException) when calling the CreateDeployment operation: User: arn:aws:sts::123456789012:assumed-role/ci/run is not authorized to perform: apigateway:POST on resource: arn:aws:apigateway:eu-west-1::/restapis/r4c8v0n2ts/deployments because no identity-based policy allows the apigateway:POST action",
			want: []string{`"kind": "deployment-error"`, `did not happen`}},
		"calling is not allowed": {input: `{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********9012:r4c8v0n2ts/prod/GET/orders"}`,
			want: []string{`"kind": "response"`, `resource-policy`}},
		"no such deployment": {input: "Error: updating API Gateway Stage (ag-r4c8v0n2ts-prod): BadRequestException: Deployment id does not exist", want: []string{`"tool": "Terraform"`, `stale-deployment`}},
		"XML of the console": {input: `<request id="2b6f1a52-1234-4321-9999-0a0b0c0d0e0f"> <ip>203.0.113.77</ip> <caller>-</caller> <user>-</user> <requestTime>27/Nov/2026:08:10:11 +0000</requestTime> <httpMethod>GET</httpMethod> <resourcePath>/items</resourcePath> <status>403</status> <protocol>HTTP/1.1</protocol> <responseLength>23</responseLength> </request>`,
			want: []string{`"kind": "access-log"`, `"status": 403`, `"route_template": "GET /items"`}},
		"Dio": {input: "DioException [bad response]: The request returned an invalid status code of 401.\n" + invoke, want: []string{`"status": 401`, `"api_id": "r4c8v0n2ts"`}},

		// No answer.
		"curl -v, API Gateway's certificate": {input: "* Server certificate:\n*  subject: CN=*.execute-api.eu-central-1.amazonaws.com\n* SSL: no alternative certificate subject name matches target host name 'api.bills.example'\ncurl: (60) SSL: no alternative certificate subject name matches target host name 'api.bills.example'",
			want: []string{`"cause": "domain-not-configured"`}},
		"a label too many": {input: "requests.exceptions.SSLError: HTTPSConnectionPool(host='beta.r4c8v0n2ts.execute-api.eu-west-1.amazonaws.com', port=443): Max retries exceeded with url: /prod (Caused by SSLError(SSLCertVerificationError(1, \"[SSL: CERTIFICATE_VERIFY_FAILED] Hostname mismatch\")))",
			want: []string{`"cause": "malformed-url"`}},
		"no connection":       {input: "Error: connect ETIMEDOUT 10.0.3.17:443 at " + invoke, want: []string{`"cause": "connect-timeout"`}, not: []string{`client-timeout`}},
		"no answer":           {input: "Get \"" + invoke + "\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)", want: []string{`"cause": "client-timeout"`}},
		"reqwest, its fields": {input: `reqwest::Error { kind: Status(403, None), url: "` + invoke + `" }`, want: []string{`"status": 403`, `"api_id": "r4c8v0n2ts"`}},
		"a page of CloudFront": {input: "<html>\n<head><title>403 Forbidden</title></head>\n<body>\n<center><h1>403 Forbidden</h1></center>\n<hr><center>cloudfront</center>\n</body>\n</html>",
			want: []string{`"producer": "edge"`, `cloudfront-refused`}},
		"a page of nginx": {input: "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n<center><h1>502 Bad Gateway</h1></center>\n<hr><center>nginx/1.24.0</center>\n</body>\n</html>",
			want: []string{`"producer": null`, `application-error`}},
		"a backend's page": {input: "HTTP/2 404\ncontent-type: text/html\n" + ids + "x-amzn-trace-id: Root=1-5\n\n<html><center><h1>404 Not Found</h1></center><hr><center>nginx</center></html>",
			want: []string{`"producer": "integration"`}, not: []string{`"not_api_gateway": "`}},

		// What a browser shows of a request.
		"Chrome, name and value on lines of their own": {input: "Request URL\n" + invoke + "\nRequest Method\nPOST\nStatus Code\n403 Forbidden\nRemote Address\n203.0.113.18:443\n\nx-amzn-errortype\nForbiddenException\nx-amzn-requestid\n8f5a2e6d-74f1-4a33-9e1c-7d0b0cf6e1b9\nx-amz-apigw-id\nPzQ8kHTqvHcEWzA=\n{\"message\":\"Forbidden\"}",
			want: []string{`"status": 403`, `"http_method": "POST"`, `"error_type": "ForbiddenException"`, `8 KB`}},
		"Firefox": {input: "POST " + invoke + "\nStatus\n403\nForbidden\nVersion HTTP/2\nTransferred 420 B (23 B size)\n\ncontent-type\n\tapplication/json\nx-amzn-errortype\n\tForbiddenException\nx-amz-apigw-id\n\tPzQ8kHTqvHcEWzA=\nx-amzn-requestid\n\t8f5a2e6d-74f1-4a33-9e1c-7d0b0cf6e1b9\n",
			want: []string{`"status": 403`, `"http_method": "POST"`, `"error_type": "ForbiddenException"`, `8 KB`}},
		"Safari": {input: "Summary\nURL: " + invoke + "\nStatus: 403\nSource: Network\nAddress: 203.0.113.18:443\n\nRequest\nPOST /prod/orders HTTP/1.1\nAccept: */*\nContent-Type: application/json\nContent-Length: 20411\n\nResponse\nHTTP/1.1 403\nContent-Type: application/json\nx-amzn-ErrorType: ForbiddenException\n" + ids + "\n{\"message\":\"Forbidden\"}",
			want: []string{`"status": 403`, `"http_method": "POST"`, `8 KB`}},
		"curl with data": {input: "$ curl -i -d @big.json " + invoke + "\nHTTP/2 403\ncontent-type: application/json\nx-amzn-errortype: ForbiddenException\n" + ids + "\n{\"message\":\"Forbidden\"}",
			want: []string{`"http_method": "POST"`, `8 KB`}},

		// What the AWS CLI prints.
		"get-stages": {input: `{"item": [{"deploymentId": "a1", "stageName": "dev", "createdDate": "2022-10-12T09:10:11+00:00"}, {"deploymentId": "b2", "stageName": "prod", "canarySettings": {"percentTraffic": 10.0, "deploymentId": "c3", "useStageCache": false}, "createdDate": 1665565811}]}`,
			want: []string{`"kind": "configuration"`, `"cause": "canary-split"`, `10 %`, `Deployment a1: dev`}},
		"apigatewayv2 get-stage": {input: `{"CreatedDate": "2022-10-12T09:10:11+00:00", "DefaultRouteSettings": {"DetailedMetricsEnabled": false}, "DeploymentId": "x1", "AutoDeploy": false, "StageName": "$default", "LastDeploymentStatusMessage": "Deployment attempt failed: Unable to deploy API because no routes exist in this API"}`,
			want: []string{`"cause": "auto-deploy-off"`, `"cause": "auto-deploy-failed"`, `create-deployment`}},
		"stage and deployments": {input: "$ aws apigateway get-stage --rest-api-id abc1234567 --stage-name prod\n" + `{"deploymentId": "old111", "stageName": "prod", "methodSettings": {}, "createdDate": "2022-10-12T09:10:11+00:00"}` + "\n$ aws apigateway get-deployments --rest-api-id abc1234567\n" + `{"items": [{"id": "new222", "createdDate": "2022-11-12T09:10:11+00:00"}, {"id": "old111", "createdDate": "2022-10-12T09:10:11+00:00"}]}`,
			want: []string{`"api_id": "abc1234567"`, `"cause": "stale-deployment"`, `new222`}},
		"a canary of 100 %": {input: `{"deploymentId": "a1", "stageName": "prod", "createdDate": "2022-10-12T09:10:11+00:00", "canarySettings": {"percentTraffic": 100.0, "deploymentId": "c3"}}`,
			want: []string{`promotion keeps`, `op=copy,from=/canarySettings/deploymentId,path=/deploymentId`}},
		"a healthy stage": {input: `{"deploymentId": "a1", "stageName": "prod", "cacheClusterEnabled": false, "createdDate": "2022-10-12T09:10:11+00:00"}`,
			want: []string{`"kind": "configuration"`}, not: []string{`"cause"`}},
		"get-base-path-mappings": {input: `{"items": [{"basePath": "(none)", "restApiId": "abc1234567", "stage": "dev"}, {"basePath": "v1", "restApiId": "abc1234567", "stage": "prod"}]}`,
			want: []string{`to stage dev of API abc1234567`, `path /v1`}},
		"get-export": {input: `{"openapi": "3.0.1", "info": {"title": "orders", "version": "2022-10-12T09:10:11Z"}, "paths": {"/orders": {"options": {"security": [{"pool": []}], "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}}}}, "/quotes": {"options": {"x-amazon-apigateway-integration": {"type": "mock"}}}}}`,
			want: []string{`OPTIONS /orders asks for credentials`, `mock behind OPTIONS /quotes has no request template`, `It has 2 routes`}},

		// CloudFront refuses.
		"GET with a body, HTML": {input: "$ curl -s -X GET -d '{}' " + invoke + "\n<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY><H1>403 ERROR</H1><H2>The request could not be satisfied.</H2><HR noshade size=\"1px\">Bad request.\nWe can't connect to the server for this app or website at this time.<PRE>Generated by cloudfront (CloudFront)\nRequest ID: 7bZx==</PRE></BODY></HTML>",
			want: []string{`"producer": "edge"`, `"cause": "get-with-body"`}},
		"GET with a body, Guzzle": {input: "Client error: `GET " + invoke + "` resulted in a `403 Forbidden` response:\n<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\" \"http://www.w3.org/TR/html4/loose.dtd\">\n<HTML><HEAD><META HTTP-EQUIV=\"Content-Type\" (truncated...)\n<H1>403 ERROR</H1> The request could not be satisfied. Bad request. Generated by cloudfront (CloudFront)",
			want: []string{`"status": 403`, `"cause": "get-with-body"`}},
		"method refused": {input: "HTTP/1.1 403 Forbidden\nServer: CloudFront\nX-Cache: Error from cloudfront\n\n<H1>403 ERROR</H1> This distribution is not configured to allow the HTTP request method that was used for this request. Generated by cloudfront (CloudFront)",
			want: []string{`"cause": "method-refused-by-cloudfront"`}, not: []string{`get-with-body`}},
		"request blocked": {input: "403 ERROR\nThe request could not be satisfied.\nRequest blocked. We can't connect to the server for this app or website at this time.\nGenerated by cloudfront (CloudFront)",
			want: []string{`"cause": "cloudfront-blocked"`}, not: []string{`get-with-body`}},
		"a POST refused": {input: "$ curl -i -X POST " + invoke + "\nHTTP/1.1 403 Forbidden\nServer: CloudFront\n\n<H1>403 ERROR</H1> Bad request. Generated by cloudfront (CloudFront)",
			want: []string{`cloudfront-refused`}, not: []string{`get-with-body`}},

		// Preflights.
		"curl -v, guarded": {input: "> OPTIONS /prod/orders HTTP/1.1\n> Host: r4c8v0n2ts.execute-api.us-east-1.amazonaws.com\n> Origin: https://app.example.com\n> Access-Control-Request-Method: POST\n>\n< HTTP/1.1 401 Unauthorized\n< x-amzn-ErrorType: UnauthorizedException\n< x-amz-apigw-id: PzQ8kHTqvHcEWzA=\n<\n{\"message\":\"Unauthorized\"}",
			want: []string{`"http_method": "OPTIONS"`, `"cause": "preflight-guarded"`}, not: []string{`token-rejected`}},
		"curl -X OPTIONS, no such method": {input: "$ curl -i -X OPTIONS -H 'Origin: https://a.example' -H 'Access-Control-Request-Method: GET' " + invoke + "\nHTTP/2 403\nx-amzn-errortype: MissingAuthenticationTokenException\n" + ids + "\n{\"message\":\"Missing Authentication Token\"}",
			want: []string{`"cause": "preflight-unrouted"`}},
		"Chrome's console": {input: "Access to XMLHttpRequest at '" + invoke + "' from origin 'http://localhost:3000' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: It does not have HTTP ok status.",
			want: []string{`"http_method": "OPTIONS"`, `"cause": "preflight-guarded"`, `"api_id": "r4c8v0n2ts"`}},
		"Chrome's console, header missing": {input: "Access to fetch at '" + invoke + "' from origin 'http://localhost:3000' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
			want: []string{`"cause": "cors-header-missing"`}, not: []string{`preflight-guarded`}},
		"Safari's console":    {input: "Preflight response is not successful. Status code: 403\nFetch API cannot load " + invoke + " due to access control checks.", want: []string{`"status": 403`, `preflight-guarded`}},
		"an HTTP API's route": {input: "$ curl -i -X OPTIONS -H 'Access-Control-Request-Method: GET' " + invoke + "\nHTTP/2 401\ndate: Thu, 20 Jul 2023 08:11:52 GMT\ncontent-type: application/json\ncontent-length: 26\napigw-requestid: IWq8RhK4DoEEJcw=\n\n{\"message\":\"Unauthorized\"}", want: []string{`"api_kind": "HTTP"`, `preflight-guarded`}},

		// The application gets the stage or the base path with the path.
		"FastAPI": {input: "HTTP/2 404\ndate: Thu, 20 Jul 2023 08:11:52 GMT\ncontent-type: application/json\ncontent-length: 22\napigw-requestid: IWq8RhK4DoEEJcw=\n\n{\"detail\":\"Not Found\"}", url: invoke,
			want: []string{`"producer": "integration"`, `"cause": "path-prefix"`}},
		"Spring at a domain": {input: "HTTP/1.1 404 Not Found\nContent-Type: application/json\nx-amzn-Remapped-Date: Thu, 20 Jul 2023 08:11:52 GMT\n" + ids + "X-Amzn-Trace-Id: Root=1-5\nDate: Thu, 20 Jul 2023 08:11:52 GMT\n\n{\"timestamp\":\"2023-07-20T08:11:52Z\",\"status\":404,\"error\":\"Not Found\",\"path\":\"/v1/orders\"}", url: "https://api.example.com/v1/orders",
			want: []string{`"producer": "integration"`, `"cause": "path-prefix"`}},
		"a REST API's own 404": {input: "HTTP/1.1 404 Not Found\nContent-Type: application/json\n" + ids + "X-Amzn-Trace-Id: Root=1-5\nDate: Thu, 20 Jul 2023 08:11:52 GMT\n\n{\"error\":\"no such order\"}", url: invoke,
			want: []string{`application-error`}, not: []string{`path-prefix`}},

		// A mock that yields no status code.
		"the older wording": {input: request + "HTTP Method: OPTIONS, Resource Path: /x\n" + request + "Execution failed due to configuration error: statusCode should be an integer which defined in request template\n" + request + "Method completed with status: 500\n",
			want: []string{`"cause": "request-template"`, `mock`}, not: []string{`lambda-permission`}},
		"transform": {input: "Tue Dec 06 08:31:44 UTC 2022 : HTTP Method: OPTIONS, Resource Path: /x\nTue Dec 06 08:31:44 UTC 2022 : Execution failed due to configuration error: Unable to transform request\nTue Dec 06 08:31:44 UTC 2022 : Method completed with status: 500",
			want: []string{`"cause": "request-template"`}},
		"an OPTIONS 500 alone": {input: "$ curl -i -X OPTIONS " + invoke + "\nHTTP/1.1 500 Internal Server Error\nx-amzn-ErrorType: InternalServerErrorException\n" + ids + "Content-Length: 36\n\n{\"message\": \"Internal server error\"}",
			want: []string{`"cause": "request-template"`, `preflight`}},

		// One line.
		"arrow":         {input: "GET " + invoke + " -> 504 {\"message\": \"Endpoint request timed out\"}", want: []string{`"status": 504`, `INTEGRATION_TIMEOUT`, `"http_method": "GET"`}},
		"status first":  {input: "[502] POST " + invoke + " {\"message\": \"Internal server error\"}", want: []string{`"status": 502`, `"http_method": "POST"`}},
		"Newman":        {input: "→ create order\n  POST " + invoke + " [403 Forbidden, 512B, 98ms]\n", want: []string{`"status": 403`, `"http_method": "POST"`}},
		"returned":      {input: "worker-3: GET " + invoke + " returned 429: {\"message\":\"Too Many Requests\"}", want: []string{`"status": 429`, `usage-plan-throttle`}},
		"Ktor":          {input: "io.ktor.client.plugins.ClientRequestException: Client request(GET " + invoke + ") invalid: 403 Forbidden. Text: \"{\"message\":\"Missing Authentication Token\"}\"", want: []string{`"status": 403`, `MISSING_AUTHENTICATION_TOKEN`}},
		"reqwest":       {input: "Error: HTTP status client error (403 Forbidden) for url (" + invoke + ")", want: []string{`"status": 403`, `"api_id": "r4c8v0n2ts"`}},
		"Angular":       {input: "HttpErrorResponse: Http failure response for " + invoke + ": 504 Gateway Timeout", want: []string{`"status": 504`}},
		"PHP":           {input: "Warning: file_get_contents(" + invoke + "): failed to open stream: HTTP request failed! HTTP/1.1 403 Forbidden in /app/x.php on line 3", want: []string{`"status": 403`, `"api_id": "r4c8v0n2ts"`}},
		"Swift":         {input: "<NSHTTPURLResponse: 0x600> { URL: " + invoke + " } { Status Code: 403, Headers {\n    \"x-amzn-errortype\" = (\n        ForbiddenException\n    );\n} }", want: []string{`"status": 403`, `ForbiddenException`}},
		"Go":            {input: "unexpected status 502 Bad Gateway from " + invoke, want: []string{`"status": 502`}},
		"doubled slash": {input: "GET https://r4c8v0n2ts.execute-api.us-east-1.amazonaws.com/prod//orders -> 403 {\"message\":\"Missing Authentication Token\"}", want: []string{`"cause": "malformed-url"`, `doubled slash`}},
		"undefined":     {input: "GET https://r4c8v0n2ts.execute-api.us-east-1.amazonaws.com/prod/orders/undefined 403 (Forbidden) {\"message\":\"Missing Authentication Token\"}", want: []string{`malformed-url`, `placeholder`}},

		// Access logs in the formats that tools set.
		"Serverless, HTTP API of 2020": {input: "{{\n    \"requestId\": \"LPw3ohTzIAMEJ7Q=\",\n    \"ip\": \"198.51.100.4\",\n    \"requestTime\": \"08/Apr/2020:19:27:25 +0000\",\n    \"httpMethod\": \"GET\",\n    \"routeKey\": \"GET /path\",\n    \"status\": \"500\",\n    \"protocol\": \"HTTP/1.1\",\n    \"responseLength\": \"35\"\n}}",
			want: []string{`"kind": "access-log"`, `"status": 500`, `"route_template": "GET /path"`, `"time": "2020-04-08T19:27:25Z"`}},
		"Terraform module": {input: `{"context":{"domainName":"api.example.com","integrationErrorMessage":"The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration.","protocol":"HTTP/1.1","requestId":"LPw3ohTzIAMEJ7Q=","requestTime":"08/Apr/2020:19:27:25 +0000","responseLength":"35","routeKey":"GET /path","stage":"$default","status":"500","error":{"message":"Internal Server Error","responseType":"INTEGRATION_FAILURE"},"identity":{"sourceIP":"198.51.100.4"},"integration":{"error":"-","integrationStatus":"-"}}}`,
			want: []string{`"status": 500`, `lambda-permission-missing`, `add-permission`}},
		"logfmt":     {input: `requestId=2d1f6c84-8f0a-11e9-b1c7-3d5e7f9a0b12 ip=198.51.100.4 httpMethod=GET resourcePath=/orders/{id} status=504 responseLength=41 integrationError="Execution failed due to a timeout error"`, want: []string{`"status": 504`, `"http_method": "GET"`, `integration-timeout`}},
		"with times": {input: "2019-06-15T01:02:55.000Z requestId: 35c9d0ea-8f0a-11e9-a7d3-6b8c0d2e4f71, ip: 203.0.113.9, caller: -, user: -, requestTime: 15/Jun/2019:01:02:55 +0000, httpMethod: GET, resourcePath: -, status: 403, protocol: HTTP/1.1, responseLength: 42", want: []string{`"status": 403`, `unmatched-route`}},
		"CDK, clf":   {input: `198.51.100.4 - - [15/Jun/2019:01:02:48 +0000] "POST /orders HTTP/1.1" 502 36 31a7be59-8f0a-11e9-8e24-9f1b3c5d7e60`, want: []string{`"status": 502`, `"http_method": "POST"`, `lambda-function-error`}},
		"CSV":        {input: `198.51.100.4,-,-,15/Jun/2019:01:02:48 +0000,GET,-,HTTP/1.1,403,42,31a7be59-8f0a-11e9-8e24-9f1b3c5d7e60`, want: []string{`"status": 403`, `unmatched-route`}},

		// A name that a stage variable broke.
		"an answer":          {input: "HTTP/1.1 400 Bad Request\nContent-Type: application/json\n" + ids + "\n{\"message\":\"1 validation error detected: Value 'arn:aws:lambda:us-east-1:000000000000:function:orders:' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: x\"}", want: []string{`"cause": "stage-variable-unset"`, `stage variable`}},
		"Function not found": {input: "{\"Type\":\"User\",\"Message\":\"Function not found: arn:aws:lambda:us-east-1:000000000000:function:orders:staging\"}", want: []string{`stage variable`}},
		"in the log":         {input: request + "HTTP Method: GET, Resource Path: /x\n" + request + "Execution failed due to configuration error: Invalid function ARN or invalid uri\n" + request + "Method completed with status: 500\n", want: []string{`stage variable`}},

		// Certificates and names.
		"another's certificate, Node": {input: "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: api.example.com. is not in the cert's altnames: DNS:*.execute-api.us-east-1.amazonaws.com", want: []string{`"producer": "network"`, `domain-not-configured`}},
		"another's certificate, Go":   {input: `Get "https://api.example.com/v1/orders": tls: failed to verify certificate: x509: certificate is valid for *.execute-api.us-east-1.amazonaws.com, not api.example.com`, want: []string{`domain-not-configured`}},
		"another's certificate, curl": {input: "$ curl https://api.example.com/v1\ncurl: (60) SSL: no alternative certificate subject name matches target host name 'api.example.com'\nDNS:*.execute-api.us-east-1.amazonaws.com", want: []string{`"producer": "network"`}},

		// Two gateways.
		"nested": {input: "HTTP/2 403\ncontent-type: application/json\nx-amzn-requestid: 8f5a2e6d-74f1-4a33-9e1c-7d0b0cf6e1b9\nx-amz-apigw-id: PzQ8kHTqvHcEWzA=\nx-amzn-remapped-x-amzn-requestid: 0a1b2c3d-74f1-4a33-9e1c-7d0b0cf6e1b9\nx-amzn-errortype: ForbiddenException\nx-amzn-trace-id: Root=1-5\n\n{\"message\":\"Forbidden\"}", want: []string{`"cause": "nested-gateway"`, `8f5a2e6d.*0a1b2c3d`}},

		// What the function returned, where the log shows it.
		"malformed, an object as body": {input: request + "Endpoint response body before transformations: {\"statusCode\": 200, \"body\": {\"a\": 1}}\n" + request + "Execution failed due to configuration error: Malformed Lambda proxy response\n" + request + "Method completed with status: 502\n",
			want: []string{`malformed-proxy-response`, `body is an object`}},
		"malformed, null": {input: "Endpoint response body before transformations: null\nExecution failed due to configuration error: Malformed Lambda proxy response\n", want: []string{`returned null`}},
		"old Chrome":      {input: "Fetch API cannot load " + invoke + ". Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource. The response had HTTP status code 403.", want: []string{`"status": 403`, `preflight-guarded`}},
		"CORS message and headers": {input: "Access to XMLHttpRequest at '" + invoke + "' from origin 'https://a.example' has been blocked by CORS policy: No header.\n\ncontent-length: 36\nstatus: 502\nx-amz-apigw-id: PzQ8kHTqvHcEWzA=\nx-amzn-errortype: InternalServerErrorException\n",
			want: []string{`"status": 502`, `"api_id": "r4c8v0n2ts"`, `lambda-function-error`}},
		"an application's words":  {input: "$ curl " + invoke + "\n{\"Code\":\"InternalServerError\",\"Message\":\"An internal server error occurred.\"}", want: []string{`application-error`, `"api_id": "r4c8v0n2ts"`}},
		"null alone":              {input: "Status: 500\n\n{\n  \"message\": null\n}", want: []string{`"status": 500`, `authorizer-bad-output`}},
		"a canary before a stage": {input: "Error: creating API Gateway Deployment: BadRequestException: Invalid deployment content specified.Stage test must already be created before making a canary release deployment", want: []string{`"stage": "test"`, `terraform apply`}, not: []string{`canary_settings`}},

		// A distribution of one's own.
		"a cached answer": {input: "HTTP/2 200\ncontent-type: application/json\nx-cache: Hit from cloudfront\nage: 14\nvia: 1.1 x.cloudfront.net (CloudFront)\n" + ids + "\n{}", want: []string{`"endpoint_type": null`, `"cause": "cdn-cache"`}},
		"an edge API's":   {input: "HTTP/2 200\ncontent-type: application/json\nx-cache: Miss from cloudfront\nvia: 1.1 x.cloudfront.net (CloudFront)\n" + ids + "\n{}", want: []string{`"endpoint_type": "edge"`}, not: []string{`cdn-cache`}},

		"nested, in the log": {input: request + "HTTP Method: GET, Resource Path: /x\n" + request + "Endpoint request URI: https://inner12345.execute-api.eu-west-1.amazonaws.com/live/x\n" + request + "Endpoint response headers: {Date=Thu, x-amzn-RequestId=0a1b2c3d-74f1-4a33-9e1c-7d0b0cf6e1b9, x-amz-apigw-id=PzQ8kHTqvHcEWzA=}\n" + request + "Successfully completed execution\n" + request + "Method completed with status: 403\n",
			want: []string{`nested-gateway`, `API-Gateway-Execution-Logs_inner12345/live, under its own request id 0a1b2c3d-74f1-4a33-9e1c-7d0b0cf6e1b9; 2b9c8640`}},

		// What nobody knows.
		"an unknown line": {input: request + "Execution failed due to configuration error: The frobnicator is out of quux\n" + request + "Method completed with status: 500\n", want: []string{`"cause": "unknown-failure"`}, not: []string{`lambda-`}},
		"throttled":       {input: request + "API Key *F0yrv6 exceeded throttle limit for API Stage rohkz08x02/dev: Key throttle limit exceeded for Usage Plan ID nnpegc, RestApi rohkz08x02, Stage dev, Resource f646q2, HttpMethod GET. Limit: 5.00 Burst: 10\n" + request + "Method completed with status: 429\n", want: []string{`usage-plan-throttle`, `5 requests per second, burst 10`, `--usage-plan-id nnpegc`, `"stage": "dev"`}},
		"quota":           {input: request + "API Key *F0yrv6 exceeded quota limit for API Stage rohkz08x02/dev: Key quota exhausted for Usage Plan ID nnpegc. Limit: 500 Period: DAY\n" + request + "Method completed with status: 429\n", want: []string{`usage-plan-quota`, `500 requests per day`}},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := Explain([]byte(v.input), Options{URL: v.url})
			if err != nil {
				t.Fatal(err)
			}
			got := inJSON(t, doc)
			for _, p := range v.want {
				if !regexp.MustCompile(p).MatchString(got) {
					t.Errorf("no %s", p)
				}
			}
			for _, p := range v.not {
				if regexp.MustCompile(p).MatchString(got) {
					t.Errorf("%s", p)
				}
			}
			if t.Failed() {
				t.Log(got)
			}
		})
	}
}
