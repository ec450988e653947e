package explain

import (
	"encoding/json"
	"strings"
	"testing"
)

// What the AWS CLI prints of an API beside its stages says what it means for callers.
func TestConfigured(t *testing.T) {
	for name, c := range map[string]struct{ input, says, cause string }{
		"domain":       {`{"domainName":"api.example.com","regionalDomainName":"d-abc.execute-api.us-east-1.amazonaws.com","domainNameStatus":"AVAILABLE"}`, "resolve to d-abc.execute-api.us-east-1.amazonaws.com", ""},
		"pending":      {`{"DomainName":"api.example.com","DomainNameConfigurations":[{"ApiGatewayDomainName":"d-abc.execute-api.us-east-1.amazonaws.com","DomainNameStatus":"PENDING_CERTIFICATE_REIMPORT"}]}`, "d-abc", "unmapped-target"},
		"default off":  {`{"items":[{"id":"abc123","name":"orders","createdDate":"2026-01-02T03:04:05+00:00","endpointConfiguration":{"types":["REGIONAL"]},"disableExecuteApiEndpoint":true}]}`, "REGIONAL", "unmapped-target"},
		"HTTP API":     {`{"Items":[{"ApiId":"abc123","Name":"orders","ProtocolType":"HTTP","RouteSelectionExpression":"${request.method} ${request.path}","DisableExecuteApiEndpoint":true}]}`, "", "unmapped-target"},
		"plan":         {`{"items":[{"id":"pl1","name":"basic","apiStages":[{"apiId":"abc123","stage":"prod","throttle":{"/orders/GET":{"rateLimit":0.0,"burstLimit":0}}}],"throttle":{"burstLimit":5,"rateLimit":2.0},"quota":{"limit":100,"period":"DAY"}}]}`, "100 requests per DAY", "throttled"},
		"rule":         {`{"RoutingRules":[{"RoutingRuleId":"r1","Priority":10,"Conditions":[{"MatchBasePaths":{"AnyOf":["v2"]}}],"Actions":[{"InvokeApi":{"ApiId":"abc123","Stage":"dev","StripBasePath":false}}]}]}`, "stage dev of API abc123", ""},
		"mock":         {`{"httpMethod":"OPTIONS","authorizationType":"NONE","apiKeyRequired":false,"methodIntegration":{"type":"MOCK","requestTemplates":{"application/json":"{}"}}}`, "a mock", "integration-error"},
		"mock is well": {`{"httpMethod":"OPTIONS","authorizationType":"NONE","apiKeyRequired":false,"methodIntegration":{"type":"MOCK","requestTemplates":{"application/json":"{\"statusCode\": 200}"}}}`, "a mock", ""},
		"bare":         {`{"httpMethod":"GET","authorizationType":"NONE","apiKeyRequired":true}`, "API key", "stale-deployment"},
		"route":        {`{"Items":[{"RouteId":"abc","RouteKey":"GET /orders","Target":"integrations/xyz"}]}`, "integrations/xyz", ""},
	} {
		doc, err := Explain([]byte(c.input), Options{})
		if err != nil || doc.Kind != KindConfiguration || len(doc.Notices) != 1 {
			t.Errorf("%s: %+v, %v", name, doc, err)
			continue
		}
		n := doc.Notices[0]
		if !strings.Contains(strings.Join(n.Says, " "), c.says) || (c.cause != "") != (len(n.Candidates) > 0) || c.cause != "" && n.Candidates[0].Cause != c.cause {
			t.Errorf("%s: %+v", name, n)
		}
		if out, err := json.Marshal(doc); err != nil || strings.Contains(string(out), `":null,"candidates"`) || strings.Contains(string(out), `"candidates":null`) {
			t.Errorf("%s: a list is null: %s, %v", name, out, err)
		}
	}
}
