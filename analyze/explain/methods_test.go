package explain

import (
	"strings"
	"testing"
)

// TestObjectsOfAnAPI: what the AWS CLI prints of resources, integrations, authorizers and
// stages tells as much as it holds, and no more.
func TestObjectsOfAnAPI(t *testing.T) {
	const lambda = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:orders"
	for name, c := range map[string]struct {
		input       string
		says, lacks []string
	}{
		"embedded methods": {
			`{"items":[{"id":"r0","path":"/"},{"id":"r1","parentId":"r0","path":"/orders","resourceMethods":{"GET":{"httpMethod":"GET","authorizationType":"NONE","apiKeyRequired":false,"methodIntegration":{"type":"AWS_PROXY","httpMethod":"GET","uri":"` + lambda + `:${stageVariables.alias}/invocations"}},` +
				`"OPTIONS":{"httpMethod":"OPTIONS","authorizationType":"CUSTOM","apiKeyRequired":true,"methodIntegration":{"type":"MOCK","requestTemplates":{"application/json":"{}"}}}}}]}`,
			[]string{"method GET /orders", "Lambda is invoked by POST alone", "stage variable alias", "OPTIONS asks for authorization (CUSTOM) and an API key", "names no statusCode", "resource /\n"}, nil,
		},
		"names of methods": {`{"items":[{"id":"r1","parentId":"r0","path":"/orders","resourceMethods":{"GET":{},"POST":{}}}]}`, []string{"Its methods: GET, POST"}, []string{"no integration"}},
		"healthy methods": {
			`{"items":[{"id":"r1","parentId":"r0","path":"/orders","resourceMethods":{"GET":{"httpMethod":"GET","authorizationType":"NONE","apiKeyRequired":false,"methodIntegration":{"type":"AWS_PROXY","httpMethod":"POST","uri":"` + lambda + `/invocations"}},` +
				`"OPTIONS":{"httpMethod":"OPTIONS","authorizationType":"NONE","apiKeyRequired":false,"methodIntegration":{"type":"MOCK","requestTemplates":{"application/json":"{\"statusCode\": 200}"}}}}}]}`,
			[]string{"method GET /orders"}, []string{"Why:"},
		},
		"integrations of an HTTP API": {
			`{"Items":[{"IntegrationId":"abc12","IntegrationMethod":"POST","IntegrationType":"AWS_PROXY","IntegrationUri":"arn:aws:lambda:eu-west-1:123456789012:function:orders:live","PayloadFormatVersion":"2.0","TimeoutInMillis":30000}]}`,
			[]string{"integration abc12", "Alias live of function orders", "30000 ms"}, []string{"Why:"},
		},
		"another gateway behind": {`{"type":"HTTP_PROXY","httpMethod":"GET","uri":"https://zz9yy8xx7w.execute-api.eu-west-1.amazonaws.com/prod/inner","passthroughBehavior":"WHEN_NO_MATCH","timeoutInMillis":29000}`, []string{"another API Gateway, API zz9yy8xx7w"}, []string{"POST alone"}},
		"a name that a service refuses": {
			"HTTP/1.1 400 Bad Request\nx-amzn-RequestId: f1111111-2222-4333-8444-555555555555\nx-amzn-ErrorType: ValidationException\nx-amz-apigw-id: Y1JEXAMPLE=\n\n{\"Message\":\"1 validation error detected: Value 'arn:aws:lambda:eu-west-1:123456789012:function:orders:' at 'functionName' failed to satisfy constraint\"}",
			[]string{"stage-variable-unset"}, []string{"service-error"},
		},
		"authorizers": {
			`{"items":[{"id":"au1","name":"tok","type":"TOKEN","authorizerUri":"` + lambda + `/invocations","identitySource":"method.request.header.Authorization","authorizerResultTtlInSeconds":300}]}`,
			[]string{"authorizer tok", "for 300 s"}, []string{"Why:"},
		},
		"limits, copies and an empty variable": {
			`{"deploymentId":"a1b2c3","stageName":"prod","cacheClusterEnabled":true,"methodSettings":{"*/*":{"loggingLevel":"INFO","throttlingBurstLimit":5,"throttlingRateLimit":10.0,"cachingEnabled":true,"cacheTtlInSeconds":3600}},"variables":{"alias":""},"createdDate":1665565811}`,
			[]string{"10.0 requests a second through for */*, with bursts of 5", "for 3600 s", "stage variable alias is empty"}, nil,
		},
		"no limit of its own": {
			`{"deploymentId":"a1b2c3","stageName":"prod","methodSettings":{"*/*":{"loggingLevel":"INFO","throttlingBurstLimit":5000,"throttlingRateLimit":10000.0,"cachingEnabled":true,"cacheTtlInSeconds":300}},"createdDate":1665565811}`,
			[]string{"stage prod"}, []string{"requests a second", "keeps the answers"},
		},
	} {
		doc, err := Explain([]byte(c.input), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var b strings.Builder
		if err := doc.Text(&b); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(strings.Fields(b.String()), " ") + "\n"
		for _, s := range c.says {
			if !strings.Contains(got, strings.Join(strings.Fields(s), " ")) {
				t.Errorf("%s: does not say %q:\n%s", name, s, b.String())
			}
		}
		for _, s := range c.lacks {
			if strings.Contains(got, s) {
				t.Errorf("%s: says %q:\n%s", name, s, b.String())
			}
		}
	}
}
