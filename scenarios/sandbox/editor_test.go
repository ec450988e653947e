package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	v2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// One API is built from nothing through the SDK, deployed, mapped, and called.
func TestBuildThroughTheSDK(t *testing.T) {
	g := startYAML(t, `
name: empty
title: an API without methods
apis: [{id: fresh12345}]
domains: [{name: api.example.com}]
backends:
  hello: {body: '{"hello":"{{path.name}}"}'}
  later: {body: '{"later":true}'}
`)
	c, ctx, api, get := g.rest(), t.Context(), aws.String("fresh12345"), aws.String("GET")
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api}); err == nil {
		t.Error("an API without methods was deployed")
	}
	resources, err := c.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: api})
	must(nil, err)
	parent, err := c.CreateResource(ctx, &apigateway.CreateResourceInput{RestApiId: api, ParentId: resources.Items[0].Id, PathPart: aws.String("hello")})
	must(parent, err)
	child, err := c.CreateResource(ctx, &apigateway.CreateResourceInput{RestApiId: api, ParentId: parent.Id, PathPart: aws.String("{name}")})
	must(child, err)
	must(c.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: api, ResourceId: child.Id, HttpMethod: get, AuthorizationType: aws.String("NONE"), RequestParameters: map[string]bool{"method.request.path.name": true}}))
	must(c.PutMethodResponse(ctx, &apigateway.PutMethodResponseInput{RestApiId: api, ResourceId: child.Id, HttpMethod: get, StatusCode: aws.String("200")}))
	uri := func(function string) *string {
		return aws.String("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:" + function + "/invocations")
	}
	must(c.PutIntegration(ctx, &apigateway.PutIntegrationInput{RestApiId: api, ResourceId: child.Id, HttpMethod: get, Type: types.IntegrationTypeAws, IntegrationHttpMethod: aws.String("POST"), Uri: uri("hello")}))
	must(c.PutIntegrationResponse(ctx, &apigateway.PutIntegrationResponseInput{RestApiId: api, ResourceId: child.Id, HttpMethod: get, StatusCode: aws.String("200"), ResponseTemplates: map[string]string{"application/json": `{"wrapped":$input.json('$')}`}}))
	must(c.PutGatewayResponse(ctx, &apigateway.PutGatewayResponseInput{RestApiId: api, ResponseType: types.GatewayResponseTypeMissingAuthenticationToken, StatusCode: aws.String("404")}))
	must(c.UpdateGatewayResponse(ctx, &apigateway.UpdateGatewayResponseInput{RestApiId: api, ResponseType: types.GatewayResponseTypeMissingAuthenticationToken, PatchOperations: []types.PatchOperation{
		op(types.OpAdd, "/responseTemplates/application~1json", `{"none":true}`),
	}}))
	must(c.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api, StageName: aws.String("live")}))
	must(c.CreateBasePathMapping(ctx, &apigateway.CreateBasePathMappingInput{DomainName: aws.String("api.example.com"), BasePath: aws.String("v1"), RestApiId: api, Stage: aws.String("live")}))
	if got := g.get("https://api.example.com/v1/hello/ann"); got.body != `{"wrapped":{"hello":"ann"}}` {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := g.get("https://api.example.com/v1/none"); got.status != 404 || got.body != `{"none":true}` {
		t.Errorf("%d %s", got.status, got.body)
	}
	must(c.UpdateIntegration(ctx, &apigateway.UpdateIntegrationInput{RestApiId: api, ResourceId: child.Id, HttpMethod: get, PatchOperations: []types.PatchOperation{op(types.OpReplace, "/uri", *uri("later"))}}))
	must(c.UpdateMethod(ctx, &apigateway.UpdateMethodInput{RestApiId: api, ResourceId: child.Id, HttpMethod: get, PatchOperations: []types.PatchOperation{op(types.OpReplace, "/apiKeyRequired", "true")}}))
	method, err := c.GetMethod(ctx, &apigateway.GetMethodInput{RestApiId: api, ResourceId: child.Id, HttpMethod: get})
	must(nil, err)
	if !*method.ApiKeyRequired || !strings.Contains(*method.MethodIntegration.Uri, ":later/") || !method.RequestParameters["method.request.path.name"] {
		t.Errorf("%+v", method)
	}
	if got := g.get("https://api.example.com/v1/hello/ann").status; got != 200 {
		t.Errorf("an edit reached the stage: %d", got)
	}
	must(c.UpdateRestApi(ctx, &apigateway.UpdateRestApiInput{RestApiId: api, PatchOperations: []types.PatchOperation{op(types.OpReplace, "/disableExecuteApiEndpoint", "true")}}))
	if got := g.get("https://fresh12345.execute-api.us-east-1.amazonaws.com/live/hello/ann").status; got != 403 {
		t.Errorf("with its own endpoint off: %d", got)
	}
	must(c.FlushStageAuthorizersCache(ctx, &apigateway.FlushStageAuthorizersCacheInput{RestApiId: api, StageName: aws.String("live")}))
	must(c.DeleteResource(ctx, &apigateway.DeleteResourceInput{RestApiId: api, ResourceId: parent.Id}))
	must(c.DeleteStage(ctx, &apigateway.DeleteStageInput{RestApiId: api, StageName: aws.String("live")}))
	if got := g.get("https://api.example.com/v1/hello/ann").status; got != 403 {
		t.Errorf("a mapping to a stage that is gone: %d", got)
	}
}

func TestHTTPEditing(t *testing.T) {
	g := startYAML(t, both)
	c, ctx, api, domain := g.v2(), t.Context(), aws.String("http123456"), aws.String("api.example.com")
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	routes, err := c.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: api})
	must(nil, err)
	var mine v2types.Route
	for _, r := range routes.Items {
		if *r.RouteKey == "GET /mine" {
			mine = r
		}
	}
	url := "https://http123456.execute-api.us-east-1.amazonaws.com/mine"
	if got := g.get(url); got.status != 401 || got.header.Get("www-authenticate") == "" || got.body != `{"message":"Unauthorized"}` {
		t.Errorf("without a token: %d %s %v", got.status, got.body, got.header)
	}
	must(c.UpdateRoute(ctx, &apigatewayv2.UpdateRouteInput{ApiId: api, RouteId: mine.RouteId, AuthorizationType: v2types.AuthorizationTypeNone, AuthorizerId: aws.String("")}))
	if got := g.get(url); got.status != 200 {
		t.Errorf("$default deploys by itself: %d %s", got.status, got.body)
	}
	if got := g.get(strings.Replace(url, "/mine", "/dev/mine", 1)); got.status != 401 {
		t.Errorf("dev does not: %d", got.status)
	}
	if _, err := c.UpdateStage(ctx, &apigatewayv2.UpdateStageInput{ApiId: api, StageName: aws.String("$default"), DeploymentId: aws.String("h1")}); err == nil {
		t.Error("a stage that deploys by itself took a deployment")
	}
	must(c.UpdateStage(ctx, &apigatewayv2.UpdateStageInput{ApiId: api, StageName: aws.String("$default"), DeploymentId: aws.String("h1"), AutoDeploy: aws.Bool(false), StageVariables: map[string]string{"x": "1"}}))
	if got := g.get(url); got.status != 401 {
		t.Errorf("rolled back: %d", got.status)
	}
	integrations, err := c.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: api})
	must(nil, err)
	must(c.UpdateIntegration(ctx, &apigatewayv2.UpdateIntegrationInput{ApiId: api, IntegrationId: integrations.Items[0].IntegrationId, TimeoutInMillis: aws.Int32(5000)}))
	must(c.DeleteRoute(ctx, &apigatewayv2.DeleteRouteInput{ApiId: api, RouteId: mine.RouteId}))
	must(c.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: api, StageName: aws.String("next"), AutoDeploy: aws.Bool(true)}))
	made, err := c.CreateApiMapping(ctx, &apigatewayv2.CreateApiMappingInput{DomainName: domain, ApiId: api, ApiMappingKey: aws.String("next"), Stage: aws.String("next")})
	must(nil, err)
	if got := g.get("https://api.example.com/next/items", "x-version: 1"); got.status != 200 {
		t.Errorf("mapped: %d %s", got.status, got.body)
	}
	must(c.DeleteApiMapping(ctx, &apigatewayv2.DeleteApiMappingInput{DomainName: domain, ApiMappingId: made.ApiMappingId}))
	rules, err := c.ListRoutingRules(ctx, &apigatewayv2.ListRoutingRulesInput{DomainName: domain})
	must(nil, err)
	rule := rules.RoutingRules[0]
	if got := g.get("https://api.example.com/v2/orders", "x-version: 2.0"); got.status != 401 {
		t.Errorf("by the rule, on the stage with an authorizer: %d", got.status)
	}
	must(c.PutRoutingRule(ctx, &apigatewayv2.PutRoutingRuleInput{
		DomainName: domain, RoutingRuleId: rule.RoutingRuleId, Priority: rule.Priority, Conditions: rule.Conditions,
		Actions: []v2types.RoutingRuleAction{{InvokeApi: &v2types.RoutingRuleActionInvokeApi{ApiId: aws.String("rest123456"), Stage: aws.String("prod"), StripBasePath: aws.Bool(false)}}},
	}))
	if got := g.get("https://api.example.com/v2/orders", "x-version: 2.0"); got.status != 200 {
		t.Errorf("by the changed rule the path is kept and meets the proxy route: %d %s", got.status, got.body)
	}
}
