package sandbox_test

import (
	"strings"
	"testing"
)

// refusing has a route for each of the 21 gateway response types.
const refusing = `
name: refusing
title: every gateway response
account: "111122223333"
apis:
  - id: refuse1234
    endpoint: EDGE
    definitions:
      v1: &v1
        models: {Order: '{"type":"object","required":["sku"],"properties":{"sku":{"type":"string"}}}'}
        authorizers: {gate: {function: gate, ttl: 0}}
        routes:
          "GET /ok": {backend: good}
          "GET /iam": {backend: good, authorization: AWS_IAM}
          "GET /gate": {backend: good, authorizer: gate}
          "GET /key": {backend: good, api_key: true}
          "GET /params": {backend: good, validate: params, params: {query.divisor: true, query.dividend: true}}
          "POST /body": {backend: good, validate: body, models: {application/json: Order}}
          "POST /media": {integration: {type: HTTP, uri: "https://good.internal.example.com", passthrough: NEVER, request_templates: {application/json: "$input.body"}, responses: {"200": {}}}}
          "GET /timeout": {backend: slow}
          "GET /network": {backend: cut}
          "GET /function-error": {backend: throws}
          "GET /permission": {backend: nobody}
          "GET /gone": {backend: good, force: RESOURCE_NOT_FOUND}
          "GET /default4": {backend: good, force: DEFAULT_4XX}
      own:
        <<: *v1
        gateway_responses:
          MISSING_AUTHENTICATION_TOKEN: {status: "404", headers: {x-kind: "'no route'"}, templates: {application/json: '{"error":$context.error.messageString,"type":"$context.error.responseType"}'}}
          DEFAULT_5XX: {headers: {Access-Control-Allow-Origin: "'*'"}}
      closed:
        <<: *v1
        policy: '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}'
    deployments:
      - {id: d1, definition: v1, age: 3d}
      - {id: d2, definition: own, age: 2d}
      - {id: d3, definition: closed, age: 1d}
    stages:
      prod: {deployment: d1}
      own: {deployment: d2}
      closed: {deployment: d3}
      slow: {deployment: d1, methods: {"*/*": {rate: 0, burst: 0}}}
      wall: {deployment: d1, waf: {acl: "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/wall/1", header: x-attack}}
functions:
  gate: {tokens: {good: allow, no: deny, throw: unauthorized, bad: malformed, crash: error}}
signing: {keys: [AKIDGOOD], broken: [AKIDBAD], expired_tokens: [stale]}
api_keys: [{id: k1, name: k, value: key-with-quota-0001}, {id: k2, name: off, value: key-disabled-00001, disabled: true}]
usage_plans: [{id: p1, name: p, stages: [refuse1234/prod], keys: [k1, k2], quota: 1}]
backends:
  good: {body: '{"ok":true}'}
  slow: {fail: {rate: 1, kind: timeout}}
  cut: {fail: {rate: 1, kind: network}}
  throws: {fail: {rate: 1, kind: function-error}}
`

func TestGatewayResponses(t *testing.T) {
	g := startYAML(t, refusing)
	c := g.client(true)
	const base = "https://refuse1234.execute-api.us-east-1.amazonaws.com"
	signed := func(key string) string {
		return "Authorization: AWS4-HMAC-SHA256 Credential=" + key + "/20260101/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=00"
	}
	tests := []struct {
		name, request, body string
		headers             []string
		status              int
		errorType, want     string
	}{
		{"success", "GET /prod/ok", "", nil, 200, "", `{"ok":true}`},
		{"MISSING_AUTHENTICATION_TOKEN", "GET /prod/none", "", nil, 403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`},
		{"the same with a bearer token", "GET /prod/none", "", []string{"Authorization: Bearer x"}, 403, "IncompleteSignatureException", `{"message":"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'uTem/WB082UJMN2ajD6lH6UChGpTAddMJSx2iu923No='."}`},
		{"IAM unsigned", "GET /prod/iam", "", nil, 403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`},
		{"IAM signed", "GET /prod/iam", "", []string{signed("AKIDGOOD")}, 200, "", `{"ok":true}`},
		{"INVALID_SIGNATURE", "GET /prod/iam", "", []string{signed("AKIDBAD")}, 403, "InvalidSignatureException", ""},
		{"EXPIRED_TOKEN", "GET /prod/iam", "", []string{signed("AKIDGOOD"), "X-Amz-Security-Token: stale"}, 403, "ExpiredTokenException", `{"message":"The security token included in the request is expired"}`},
		{"unknown access key", "GET /prod/iam", "", []string{signed("AKIDOTHER")}, 403, "UnrecognizedClientException", `{"message":"The security token included in the request is invalid."}`},
		{"UNAUTHORIZED", "GET /prod/gate", "", nil, 401, "UnauthorizedException", `{"message":"Unauthorized"}`},
		{"UNAUTHORIZED thrown", "GET /prod/gate", "", []string{"Authorization: throw"}, 401, "UnauthorizedException", `{"message":"Unauthorized"}`},
		{"ACCESS_DENIED", "GET /prod/gate", "", []string{"Authorization: no"}, 403, "AccessDeniedException", `{"message":"User is not authorized to access this resource with an explicit deny in an identity-based policy"}`},
		{"AUTHORIZER_CONFIGURATION_ERROR", "GET /prod/gate", "", []string{"Authorization: bad"}, 500, "AuthorizerConfigurationException", `{"message":null}`},
		{"AUTHORIZER_FAILURE", "GET /prod/gate", "", []string{"Authorization: crash"}, 500, "AuthorizerFailureException", `{"message":null}`},
		{"authorized", "GET /prod/gate", "", []string{"Authorization: good"}, 200, "", `{"ok":true}`},
		{"INVALID_API_KEY", "GET /prod/key", "", nil, 403, "ForbiddenException", `{"message":"Forbidden"}`},
		{"a disabled key", "GET /prod/key", "", []string{"x-api-key: key-disabled-00001"}, 403, "ForbiddenException", `{"message":"Forbidden"}`},
		{"a key", "GET /prod/key", "", []string{"x-api-key: key-with-quota-0001"}, 200, "", `{"ok":true}`},
		{"QUOTA_EXCEEDED", "GET /prod/key", "", []string{"x-api-key: key-with-quota-0001"}, 429, "LimitExceededException", `{"message":"Limit Exceeded"}`},
		{"BAD_REQUEST_PARAMETERS", "GET /prod/params", "", nil, 400, "BadRequestException", `{"message": "Missing required request parameters: [dividend, divisor]"}`},
		{"BAD_REQUEST_BODY", "POST /prod/body", `{}`, []string{"Content-Type: application/json"}, 400, "BadRequestException", `{"message": "Invalid request body"}`},
		{"UNSUPPORTED_MEDIA_TYPE", "POST /prod/media", `<x/>`, []string{"Content-Type: text/xml"}, 415, "BadRequestException", `{"message":"Unsupported Media Type"}`},
		{"REQUEST_TOO_LARGE", "POST /prod/body", strings.Repeat("x", 10<<20+1), nil, 413, "RequestTooLargeException", `{"message":"Request Too Long"}`},
		{"THROTTLED", "GET /slow/ok", "", nil, 429, "TooManyRequestsException", `{"message":"Too Many Requests"}`},
		{"WAF_FILTERED", "GET /wall/ok", "", []string{"x-attack: 1"}, 403, "ForbiddenException", `{"message":"Forbidden"}`},
		{"past the WAF", "GET /wall/ok", "", nil, 200, "", `{"ok":true}`},
		{"INTEGRATION_TIMEOUT", "GET /prod/timeout", "", nil, 504, "InternalServerErrorException", `{"message": "Endpoint request timed out"}`},
		{"INTEGRATION_FAILURE", "GET /prod/network", "", nil, 504, "InternalServerErrorException", `{"message": "Network error communicating with endpoint"}`},
		{"DEFAULT_5XX", "GET /prod/function-error", "", nil, 502, "InternalServerErrorException", `{"message": "Internal server error"}`},
		{"API_CONFIGURATION_ERROR", "GET /prod/permission", "", nil, 500, "InternalServerErrorException", `{"message": "Internal server error"}`},
		{"RESOURCE_NOT_FOUND", "GET /prod/gone", "", nil, 404, "ResourceNotFoundException", `{"message":"Resource not found"}`},
		{"DEFAULT_4XX", "GET /prod/default4", "", nil, 400, "BadRequestException", `{"message":"Bad Request"}`},
		{"no such stage", "GET /none/ok", "", nil, 403, "ForbiddenException", `{"message":"Forbidden"}`},
		{"customised", "GET /own/none", "", nil, 404, "MissingAuthenticationTokenException", `{"error":"Missing Authentication Token","type":"MISSING_AUTHENTICATION_TOKEN"}`},
		{"resource policy", "GET /closed/ok", "", nil, 403, "AccessDeniedException", `{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********3333:refuse1234/closed/GET/ok with an explicit deny"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			method, path, _ := strings.Cut(tt.request, " ")
			got := g.send(c, method+" "+base+path, tt.body, tt.headers...)
			if got.status != tt.status || tt.want != "" && got.body != tt.want {
				t.Errorf("got %d %s\nwant %d %s", got.status, got.body, tt.status, tt.want)
			}
			if kind := got.header.Get("x-amzn-ErrorType"); kind != tt.errorType {
				t.Errorf("error type %q, want %q", kind, tt.errorType)
			}
			cache := "Miss from cloudfront"
			if tt.status >= 400 {
				cache = "Error from cloudfront"
			}
			for _, name := range []string{"x-amzn-RequestId", "x-amz-apigw-id", "Via"} {
				if got.header.Get(name) == "" {
					t.Errorf("header %s is missing", name)
				}
			}
			if got.header.Get("X-Cache") != cache {
				t.Errorf("X-Cache: %q, want %q", got.header.Get("X-Cache"), cache)
			}
		})
	}
	t.Run("customised class", func(t *testing.T) {
		got := g.send(c, "GET "+base+"/own/permission", "")
		if got.status != 500 || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%d %v", got.status, got.header)
		}
	})
}
