package inventory_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"stageprobe/analyze/diff"
	"stageprobe/probe"
	"stageprobe/probe/inventory"
)

// httpExport is an export as API Gateway writes it: defaults left out, lower
// case, the integration of one route by reference.
const httpExport = `{
  "openapi": "3.0.1", "info": {"title": "shop", "version": "2026-01-01 00:00:00UTC"},
  "tags": [{"name": "x"}],
  "paths": {
    "/items": {
      "get": {"responses": {"default": {"description": "Default response for GET /items"}},
        "x-amazon-apigateway-integration": {"$ref": "#/components/x-amazon-apigateway-integrations/items"}},
      "post": {"responses": {"default": {"description": "Default response for POST /items"}}, "security": [{"people": ["items.write"]}],
        "x-amazon-apigateway-integration": {"$ref": "#/components/x-amazon-apigateway-integrations/items"}}
    },
    "/legacy/{proxy+}": {
      "parameters": [{"name": "proxy+", "in": "path", "description": "Generated path parameter for proxy+", "required": true, "schema": {"type": "string"}}],
      "x-amazon-apigateway-any-method": {"responses": {"default": {"description": "Default response for ANY /legacy/{proxy+}"}},
        "x-amazon-apigateway-integration": {"payloadFormatVersion": "1.0", "type": "http_proxy", "httpMethod": "ANY", "uri": "https://${stageVariables.host}/{proxy}", "connectionType": "INTERNET", "timeoutInMillis": 5000,
          "requestParameters": {"overwrite:header.x": "$context.requestId"}, "responseParameters": {"200": {"append:header.y": "z"}}}}
    },
    "/$default": {
      "x-amazon-apigateway-any-method": {"responses": {"default": {"description": "Default response for $default"}}, "isDefaultRoute": true, "security": [{"gate": []}],
        "x-amazon-apigateway-integration": {"$ref": "#/components/x-amazon-apigateway-integrations/items"}}
    }
  },
  "x-amazon-apigateway-cors": {"allowMethods": ["POST", "GET"], "allowHeaders": ["X-B", "x-a"], "maxAge": 60, "allowCredentials": false, "allowOrigins": ["https://example.com"]},
  "x-amazon-apigateway-importexport-version": "1.0",
  "components": {
    "securitySchemes": {
      "people": {"type": "oauth2", "x-amazon-apigateway-authorizer": {"identitySource": "$request.header.Authorization", "type": "jwt",
        "jwtConfiguration": {"audience": ["b", "a"], "issuer": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x"}}},
      "gate": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authorizer": {"type": "request", "identitySource": "$request.header.Authorization",
        "authorizerUri": "arn:gate", "authorizerPayloadFormatVersion": "2.0", "authorizerResultTtlInSeconds": 0, "enableSimpleResponses": true}}
    },
    "x-amazon-apigateway-integrations": {
      "items": {"type": "AWS_PROXY", "httpMethod": "POST", "uri": "arn:aws:lambda:eu-west-1:123456789012:function:items", "connectionType": "INTERNET", "payloadFormatVersion": "2.0"}
    }
  }
}`

// httpParts is the same API as its single calls answer.
var httpParts = map[string]string{
	"/v2/apis/xyz789": `{"apiId": "xyz789", "name": "shop", "protocolType": "HTTP", "disableExecuteApiEndpoint": true,
		"corsConfiguration": {"allowMethods": ["GET", "POST"], "allowHeaders": ["x-a", "x-b"], "maxAge": 60, "allowOrigins": ["https://example.com"]}}`,
	"/v2/apis/xyz789/routes": `{"items": [
		{"routeId": "r1", "routeKey": "GET /items", "target": "integrations/i1", "authorizationType": "NONE"},
		{"routeId": "r2", "routeKey": "POST /items", "target": "integrations/i1", "authorizationType": "JWT", "authorizerId": "a1", "authorizationScopes": ["items.write"]}], "nextToken": "2"}`,
	"/v2/apis/xyz789/routes?2": `{"items": [
		{"routeId": "r3", "routeKey": "ANY /legacy/{proxy+}", "target": "integrations/i2", "authorizationType": "NONE", "apiKeyRequired": false},
		{"routeId": "r4", "routeKey": "$default", "target": "integrations/i1", "authorizationType": "CUSTOM", "authorizerId": "a2"}]}`,
	"/v2/apis/xyz789/integrations": `{"items": [
		{"integrationId": "i1", "integrationType": "AWS_PROXY", "integrationMethod": "POST", "integrationUri": "arn:aws:lambda:eu-west-1:123456789012:function:items", "connectionType": "INTERNET", "payloadFormatVersion": "2.0", "timeoutInMillis": 30000},
		{"integrationId": "i2", "integrationType": "HTTP_PROXY", "integrationMethod": "ANY", "integrationUri": "https://${stageVariables.host}/{proxy}", "connectionType": "INTERNET", "payloadFormatVersion": "1.0", "timeoutInMillis": 5000,
		 "requestParameters": {"overwrite:header.x": "$context.requestId"}, "responseParameters": {"200": {"append:header.y": "z"}}}]}`,
	"/v2/apis/xyz789/authorizers": `{"items": [
		{"authorizerId": "a1", "name": "people", "authorizerType": "JWT", "identitySource": ["$request.header.Authorization"], "jwtConfiguration": {"audience": ["a", "b"], "issuer": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x"}},
		{"authorizerId": "a2", "name": "gate", "authorizerType": "REQUEST", "identitySource": ["$request.header.Authorization"], "authorizerUri": "arn:gate", "authorizerPayloadFormatVersion": "2.0", "authorizerResultTtlInSeconds": 0, "enableSimpleResponses": true}]}`,
	"/v2/apis/xyz789/deployments": `{"items": [{"deploymentId": "d1", "createdDate": "2026-01-01T00:00:00Z", "deploymentStatus": "DEPLOYED", "autoDeployed": true},
		{"deploymentId": "d2", "createdDate": "2026-01-02T00:00:00Z", "deploymentStatus": "FAILED", "deploymentStatusMessage": "no routes", "autoDeployed": true}]}`,
	"/v2/apis/xyz789/stages": `{"items": [
		{"stageName": "dev", "deploymentId": "d1", "lastDeploymentStatusMessage": "Deployment attempt failed: no routes", "autoDeploy": true},
		{"stageName": "$default", "deploymentId": "d1", "createdDate": "2026-01-01T00:00:00Z", "lastUpdatedDate": "2026-01-03T00:00:00Z", "autoDeploy": true, "stageVariables": {"host": "b.example.com"},
		 "lastDeploymentStatusMessage": "Successfully deployed stage with deployment ID 'd1'", "accessLogSettings": {"destinationArn": "arn:log", "format": "$context.requestId"},
		 "defaultRouteSettings": {"detailedMetricsEnabled": true}, "routeSettings": {"GET /items": {"throttlingBurstLimit": 0, "throttlingRateLimit": 0}}}]}`,
	"/v2/domainnames": `{"items": [{"domainName": "shop.example.com", "routingMode": "ROUTING_RULE_THEN_API_MAPPING", "domainNameConfigurations": [{"endpointType": "REGIONAL", "securityPolicy": "TLS_1_2", "domainNameStatus": "AVAILABLE", "apiGatewayDomainName": "d-1.execute-api.eu-west-1.amazonaws.com"}]}]}`,
	"/v2/domainnames/shop.example.com/apimappings": `{"items": [{"apiMappingId": "m2", "apiMappingKey": "a/b", "apiId": "xyz789", "stage": "$default"}, {"apiMappingId": "m1", "apiId": "xyz789", "stage": "dev"}]}`,
	"/v2/domainnames/shop.example.com/routingrules": `{"routingRules": [
		{"routingRuleId": "late", "priority": 20, "conditions": [], "actions": [{"invokeApi": {"apiId": "abc123", "stage": "dev"}}]},
		{"routingRuleId": "early", "priority": 10, "conditions": [{"matchHeaders": {"anyOf": [{"header": "x-version", "valueGlob": "2*"}]}}, {"matchBasePaths": {"anyOf": ["v2"]}}],
		 "actions": [{"invokeApi": {"apiId": "abc123", "stage": "prod", "stripBasePath": true}}]}]}`,
	"/domainnames": `{"item": []}`,
}

// startHTTP answers from httpParts. ExportApi without a stage works only where
// exports does: some services have just the parts.
func startHTTP(t *testing.T, exports bool) *inventory.Reader {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		path := r.URL.Path
		if token := r.URL.Query().Get("nextToken"); token != "" {
			path += "?" + token
		}
		switch body, ok := httpParts[path]; {
		case ok:
			_, _ = w.Write([]byte(body)) // the client reports what it did not get
		case strings.HasSuffix(path, "/exports/OAS30") && (exports || r.URL.Query().Get("stageName") != ""):
			_, _ = w.Write([]byte(httpExport))
		case strings.HasSuffix(path, "/basepathmappings"):
			fail(w, 400, "BadRequestException", "Only REGIONAL domain names with API mappings of one level")
		case strings.HasPrefix(path, "/restapis/"):
			fail(w, 404, "NotFoundException", "Invalid API identifier specified")
		default:
			w.WriteHeader(http.StatusNotImplemented)
		}
	}))
	t.Cleanup(srv.Close)
	return reader(srv.URL)
}

func TestHTTPAPIExportAndPartsAreOne(t *testing.T) {
	var read []*probe.API
	for _, exports := range []bool{true, false} {
		r := startHTTP(t, exports)
		r.Trail = nil
		snap, err := r.Read(t.Context(), inventory.Selection{APIs: []string{"xyz789"}, Depth: inventory.Full})
		if err != nil || len(snap.Gaps) > 0 || len(snap.APIs) != 1 {
			t.Fatalf("%v, gaps %+v", err, snap.Gaps)
		}
		api := &snap.APIs[0]
		diffs, uncompared := diff.Undeployed(api, api.Stage("$default"))
		if len(diffs) > 0 || len(uncompared) > 0 {
			t.Errorf("exports %v: %s\n%q", exports, list(diffs), uncompared)
		}
		read = append(read, api)
	}
	if a, b := read[0].Editor.Source, read[1].Editor.Source; a != "ExportApi" || b != "GetRoutes" {
		t.Fatalf("sources %s, %s", a, b)
	}
	ignore := cmp.Options{cmpopts.IgnoreFields(probe.Definition{}, "Source"), cmpopts.IgnoreFields(probe.Authorizer{}, "ID")}
	if d := cmp.Diff(read[0].Editor, read[1].Editor, ignore); d != "" {
		t.Errorf("export (-) and parts (+):\n%s", d)
	}
	if r := read[0].Editor.Routes["$default"]; r.Authorization != "CUSTOM" || r.Authorizer != "gate" || r.Integration.Type != "AWS_PROXY" {
		t.Errorf("default route %+v", r)
	}
}

func TestHTTPAPIStagesAndDomains(t *testing.T) {
	snap, err := startHTTP(t, true).Read(t.Context(), inventory.Selection{APIs: []string{"xyz789"}})
	if err != nil || len(snap.Gaps) > 0 {
		t.Fatalf("%v, gaps %+v", err, snap.Gaps)
	}
	api := snap.API("xyz789")
	if api.Kind != probe.HTTP || !api.DefaultEndpointOff || api.Deployments[0].ID != "d2" || api.Deployments[0].Status != "FAILED" {
		t.Errorf("API %+v", api)
	}
	def, dev := api.Stage("$default"), api.Stage("dev")
	if def.LastDeploymentSucceeded == nil || !*def.LastDeploymentSucceeded || dev.LastDeploymentSucceeded == nil || *dev.LastDeploymentSucceeded {
		t.Error("the outcome of the last deployment is misread")
	}
	wantMethods := map[string]probe.MethodSettings{"*/*": {Metrics: true}, "/items/GET": {ThrottlingSet: true}}
	if d := cmp.Diff(wantMethods, def.Methods); d != "" {
		t.Errorf("route settings: %s", d)
	}
	want := &probe.Domain{
		Name: "shop.example.com", EndpointTypes: []string{"REGIONAL"}, SecurityPolicy: "TLS_1_2", Status: "AVAILABLE", RoutingMode: "ROUTING_RULE_THEN_API_MAPPING", Targets: []string{"d-1.execute-api.eu-west-1.amazonaws.com"},
		Mappings: []probe.Mapping{{ID: "m1", APIID: "xyz789", Stage: "dev"}, {ID: "m2", BasePath: "a/b", APIID: "xyz789", Stage: "$default"}},
		Rules: []probe.RoutingRule{
			{ID: "early", Priority: 10, Headers: []probe.HeaderMatch{{Name: "x-version", Glob: "2*"}}, BasePaths: []string{"v2"}, APIID: "abc123", Stage: "prod", StripBasePath: true},
			{ID: "late", Priority: 20, APIID: "abc123", Stage: "dev"},
		},
	}
	if d := cmp.Diff(want, snap.Domain("shop.example.com")); d != "" {
		t.Errorf("domain (-want +got):\n%s", d)
	}
	byAlias, err := startHTTP(t, true).Read(t.Context(), inventory.Selection{Hosts: []string{"d-1.execute-api.eu-west-1.amazonaws.com"}})
	if err != nil || byAlias.Domain("shop.example.com") == nil || byAlias.API("xyz789") == nil {
		t.Errorf("by its regional name: %v, %+v", err, byAlias)
	}
}
