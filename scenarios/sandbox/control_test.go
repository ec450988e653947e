package sandbox_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	v2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/smithy-go"
)

const both = `
name: both
title: a REST and an HTTP API behind one domain
apis:
  - id: rest123456
    definitions:
      v1:
        models: {Order: '{"type":"object"}'}
        authorizers: {gate: {function: gate, ttl: 60}}
        gateway_responses: {DEFAULT_4XX: {headers: {x-a: "'b'"}}}
        routes:
          "GET /orders": {backend: a, authorizer: gate, params: {query.limit: true}, validate: params}
          "POST /orders": {backend: a, api_key: true, validate: body, models: {application/json: Order}}
          "ANY /{proxy+}": {backend: a}
          "OPTIONS /orders": {integration: {type: MOCK, responses: {"200": {parameters: {method.response.header.Access-Control-Allow-Origin: "'*'"}}}}}
    deployments:
      - {id: r1, definition: v1, age: 10d, description: first}
      - {id: r2, definition: v1, age: 2d}
    stages:
      prod:
        deployment: r2
        canary: {percent: 12.5, deployment: r1, variables: {x: "1"}}
        variables: {x: "0"}
        methods: {"*/*": {metrics: true, rate: 5, burst: 2}, "/orders/GET": {logging: ERROR}}
        access_log: {group: acc, format: json}
        waf: {acl: "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/w/1"}
        cache_cluster: true
        tracing: true
      bare: {deployment: r1, logging: "OFF"}
  - id: http123456
    kind: HTTP
    definitions:
      v1:
        authorizers: {jwt: {type: JWT, issuer: "https://issuer.example.com", audience: [aud]}}
        cors: {origins: ["*"], methods: [GET]}
        routes:
          "GET /items": {backend: a}
          "GET /mine": {backend: a, authorizer: jwt, scopes: [read]}
          "$default": {backend: a}
    deployments: [{id: h1, definition: v1}]
    stages: {$default: {auto_deploy: true}, dev: {deployment: h1}}
domains:
  - name: api.example.com
    mutual_tls: false
    mappings: [{api: rest123456, stage: prod}, {path: items, api: http123456, stage: dev}, {path: v1/deep, api: rest123456, stage: bare}]
    rules: [{priority: 5, headers: {x-version: "2*"}, paths: [v2], api: rest123456, stage: bare, strip: true}]
api_keys: [{id: k1, name: key, value: secret-value-123456789}]
usage_plans: [{id: p1, name: plan, stages: [rest123456/prod], keys: [k1], rate: 10, burst: 20, quota: 100, period: MONTH}]
edits: [{api: rest123456, event: PutIntegration, who: maria, age: 1d}]
backends: {a: {body: '{"a":1}'}}
functions: {gate: {default: allow}}
`

func TestRestReads(t *testing.T) {
	g := startYAML(t, both)
	c, ctx := g.rest(), t.Context()
	api, prod := aws.String("rest123456"), aws.String("prod")
	check := func(what string, ok bool, got any) {
		t.Helper()
		if !ok {
			t.Errorf("%s: %+v", what, got)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	apis, err := c.GetRestApis(ctx, &apigateway.GetRestApisInput{})
	must(err)
	check("APIs", len(apis.Items) == 1 && *apis.Items[0].Id == "rest123456" && apis.Items[0].EndpointConfiguration.Types[0] == types.EndpointTypeRegional, apis.Items)
	stage, err := c.GetStage(ctx, &apigateway.GetStageInput{RestApiId: api, StageName: prod})
	must(err)
	check("canary", stage.CanarySettings.PercentTraffic == 12.5 && *stage.CanarySettings.DeploymentId == "r1" && stage.CanarySettings.StageVariableOverrides["x"] == "1", stage.CanarySettings)
	all, one := stage.MethodSettings["*/*"], stage.MethodSettings["~1orders/GET"]
	check("method settings", all.ThrottlingRateLimit == 5 && all.MetricsEnabled && *all.LoggingLevel == "INFO" && *one.LoggingLevel == "ERROR", stage.MethodSettings)
	check("stage", stage.TracingEnabled && stage.CacheClusterEnabled && strings.HasSuffix(*stage.AccessLogSettings.DestinationArn, ":log-group:acc") && strings.Contains(*stage.WebAclArn, "webacl"), stage)
	stages, err := c.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: api, DeploymentId: aws.String("r1")})
	must(err)
	check("stages that use r1", len(stages.Item) == 2, stages.Item)
	deployment, err := c.GetDeployment(ctx, &apigateway.GetDeploymentInput{RestApiId: api, DeploymentId: aws.String("r1"), Embed: []string{"apisummary"}})
	must(err)
	check("summary", *deployment.ApiSummary["/orders"]["GET"].AuthorizationType == "CUSTOM" && deployment.ApiSummary["/orders"]["POST"].ApiKeyRequired, deployment.ApiSummary)
	resources, err := c.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: api, Embed: []string{"methods"}})
	must(err)
	paths := map[string]types.Resource{}
	for _, r := range resources.Items {
		paths[*r.Path] = r
	}
	check("resources", slices.Equal(slices.Sorted(maps.Keys(paths)), []string{"/", "/orders", "/{proxy+}"}), paths)
	orders := paths["/orders"].ResourceMethods
	check("GET /orders", orders["GET"].RequestParameters["method.request.querystring.limit"] && orders["GET"].MethodIntegration.Type == types.IntegrationTypeAwsProxy, orders["GET"])
	authorizers, err := c.GetAuthorizers(ctx, &apigateway.GetAuthorizersInput{RestApiId: api})
	must(err)
	check("authorizer", *authorizers.Items[0].Id == *orders["GET"].AuthorizerId && *authorizers.Items[0].AuthorizerResultTtlInSeconds == 60, authorizers.Items)
	validators, err := c.GetRequestValidators(ctx, &apigateway.GetRequestValidatorsInput{RestApiId: api})
	must(err)
	check("validators", len(validators.Items) == 2 && *validators.Items[0].Id == *orders["POST"].RequestValidatorId && validators.Items[0].ValidateRequestBody, validators.Items)
	models, err := c.GetModels(ctx, &apigateway.GetModelsInput{RestApiId: api})
	must(err)
	check("models", *models.Items[0].Name == "Order", models.Items)
	responses, err := c.GetGatewayResponses(ctx, &apigateway.GetGatewayResponsesInput{RestApiId: api})
	must(err)
	own := slices.DeleteFunc(responses.Items, func(r types.GatewayResponse) bool { return r.DefaultResponse })
	check("gateway responses", len(own) == 1 && own[0].ResponseParameters["gatewayresponse.header.x-a"] == "'b'", own)
	domain, err := c.GetDomainName(ctx, &apigateway.GetDomainNameInput{DomainName: aws.String("api.example.com")})
	must(err)
	check("domain", domain.RoutingMode == types.RoutingModeRoutingRuleThenBasePathMapping && *domain.RegionalDomainName != "", domain)
	mappings, err := c.GetBasePathMappings(ctx, &apigateway.GetBasePathMappingsInput{DomainName: aws.String("api.example.com")})
	must(err)
	check("v1 mappings leave out HTTP APIs and deep paths", len(mappings.Items) == 1 && *mappings.Items[0].BasePath == "(none)", mappings.Items)
	plans, err := c.GetUsagePlans(ctx, &apigateway.GetUsagePlansInput{})
	must(err)
	check("usage plans", plans.Items[0].Quota.Limit == 100 && plans.Items[0].Throttle.RateLimit == 10, plans.Items)
	keys, err := c.GetApiKeys(ctx, &apigateway.GetApiKeysInput{})
	must(err)
	check("keys without values", len(keys.Items) == 1 && keys.Items[0].Value == nil && keys.Items[0].Enabled, keys.Items)
	account, err := c.GetAccount(ctx, &apigateway.GetAccountInput{})
	must(err)
	check("account", strings.Contains(*account.CloudwatchRoleArn, ":role/"), account)
	links, err := c.GetVpcLinks(ctx, &apigateway.GetVpcLinksInput{})
	must(err)
	check("links", len(links.Items) == 0, links.Items)
	trail, err := g.trail().LookupEvents(ctx, &cloudtrail.LookupEventsInput{})
	must(err)
	check("trail", len(trail.Events) == 1 && *trail.Events[0].EventName == "PutIntegration" && strings.Contains(*trail.Events[0].CloudTrailEvent, `"restApiId":"rest123456"`), trail.Events)
	_, err = c.GetStage(ctx, &apigateway.GetStageInput{RestApiId: api, StageName: aws.String("none")})
	var missing *types.NotFoundException
	check("a stage that is not there", errors.As(err, &missing) && missing.ErrorMessage() == "Invalid stage identifier specified", err)
	actions := map[string]bool{}
	for _, call := range g.Calls() {
		actions[call.Action] = true
	}
	check("actions", maps.Equal(actions, map[string]bool{"apigateway:GET": true, "cloudtrail:LookupEvents": true}), actions)
}

func TestExportDescribesTheDeployment(t *testing.T) {
	g := startYAML(t, both)
	for kind, wants := range map[string][]string{
		"oas30":   {`"openapi": "3.0.1"`, `"x-amazon-apigateway-any-method"`, `"type": "aws_proxy"`, `"type": "mock"`, `"x-amazon-apigateway-request-validator": "Validate body"`, `"default": "prod"`, `"#/components/schemas/Order"`, `"x-amazon-apigateway-gateway-responses"`},
		"swagger": {`"swagger": "2.0"`, `"basePath": "/prod"`, `"#/definitions/Order"`, `"securityDefinitions"`, `"type": "token"`},
	} {
		out, err := g.rest().GetExport(t.Context(), &apigateway.GetExportInput{
			RestApiId: aws.String("rest123456"), StageName: aws.String("prod"), ExportType: &kind,
			Parameters: map[string]string{"extensions": "integrations,authorizers,apigateway"}, Accepts: aws.String("application/json"),
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(out.Body), want) {
				t.Errorf("%s lacks %s:\n%s", kind, want, out.Body)
			}
		}
	}
}

// words joins values with spaces.
func words(v ...any) string { return strings.TrimSpace(fmt.Sprintln(v...)) }

func TestHTTPReads(t *testing.T) {
	g := startYAML(t, both)
	c, ctx, api := g.v2(), t.Context(), aws.String("http123456")
	got := map[string]any{}
	add := func(name string, v any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got[name] = v
	}
	apis, err := c.GetApis(ctx, &apigatewayv2.GetApisInput{})
	add("apis", words(len(apis.Items), *apis.Items[0].ApiEndpoint, apis.Items[0].CorsConfiguration.AllowOrigins), err)
	stages, err := c.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: api})
	add("stages", words(*stages.Items[0].StageName, *stages.Items[0].AutoDeploy, *stages.Items[0].LastDeploymentStatusMessage), err)
	deployments, err := c.GetDeployments(ctx, &apigatewayv2.GetDeploymentsInput{ApiId: api})
	add("deployments", words(*deployments.Items[0].DeploymentId, deployments.Items[0].DeploymentStatus), err)
	routes, err := c.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: api})
	add("routes", words(len(routes.Items), *routes.Items[0].RouteKey, routes.Items[2].AuthorizationType, routes.Items[2].AuthorizationScopes), err)
	integrations, err := c.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: api})
	add("integrations", words(len(integrations.Items), "integrations/"+*integrations.Items[0].IntegrationId == *routes.Items[0].Target), err)
	authorizers, err := c.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: api})
	add("authorizers", *authorizers.Items[0].JwtConfiguration.Issuer, err)
	mappings, err := c.GetApiMappings(ctx, &apigatewayv2.GetApiMappingsInput{DomainName: aws.String("api.example.com")})
	add("mappings", len(mappings.Items), err)
	rules, err := c.ListRoutingRules(ctx, &apigatewayv2.ListRoutingRulesInput{DomainName: aws.String("api.example.com")})
	add("rules", words(*rules.RoutingRules[0].Priority, *rules.RoutingRules[0].Conditions[0].MatchHeaders.AnyOf[0].ValueGlob, *rules.RoutingRules[0].Actions[0].InvokeApi.Stage), err)
	domains, err := c.GetDomainNames(ctx, &apigatewayv2.GetDomainNamesInput{})
	add("domains", string(domains.Items[0].DomainNameConfigurations[0].EndpointType), err)
	for _, stage := range []*string{nil, aws.String("dev")} {
		export, err := c.ExportApi(ctx, &apigatewayv2.ExportApiInput{ApiId: api, OutputType: aws.String("JSON"), Specification: aws.String("OAS30"), StageName: stage})
		add("export "+aws.ToString(stage), strings.Contains(string(export.Body), `"/$default"`), err)
	}
	want := map[string]any{
		"apis":        "1 https://http123456.execute-api.us-east-1.amazonaws.com [*]",
		"stages":      "$default true Successfully deployed stage with deployment ID 'h1'",
		"deployments": "h1 DEPLOYED", "routes": "3 $default JWT [read]", "integrations": "1 true",
		"authorizers": "https://issuer.example.com", "mappings": 3, "rules": "5 2* bare", "domains": "REGIONAL",
		"export ": true, "export dev": true,
	}
	for name, w := range want {
		if fmt.Sprint(got[name]) != fmt.Sprint(w) {
			t.Errorf("%s: got %v, want %v", name, got[name], w)
		}
	}
}

func TestPaging(t *testing.T) {
	g := startNamed(t, "many-apis")
	w := g.config()
	w.Retryer = nil
	c := apigateway.NewFromConfig(w)
	seen := map[string]bool{}
	pages := apigateway.NewGetRestApisPaginator(c, &apigateway.GetRestApisInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, api := range page.Items {
			seen[*api.Id] = true
		}
	}
	if len(seen) != 200 || !seen["bulk0200api"] {
		t.Errorf("%d APIs", len(seen))
	}
	if _, err := c.GetRestApis(t.Context(), &apigateway.GetRestApisInput{Position: aws.String("nonsense")}); err == nil {
		t.Error("a position that was never given out is taken")
	}
}

func TestQuotaAndDenials(t *testing.T) {
	g := startNamed(t, "many-apis")
	refused := 0
	for range 60 {
		_, err := g.rest().GetAccount(t.Context(), &apigateway.GetAccountInput{})
		var busy *types.TooManyRequestsException
		if errors.As(err, &busy) {
			refused++
		}
	}
	if refused == 0 || refused > 20 {
		t.Errorf("%d of 60 calls at once refused; the burst is 40", refused)
	}
	refused = 0
	busy := startNamed(t, "many-apis").rest()
	for range 8 {
		if _, err := busy.GetResources(t.Context(), &apigateway.GetResourcesInput{RestApiId: aws.String("bulk0001api")}); err != nil {
			refused++
		}
	}
	if refused == 0 || refused > 3 {
		t.Errorf("%d of 8 calls of GetResources at once refused; 5 per 2 s are allowed", refused)
	}
	g = startNamed(t, "denied-reads")
	_, err := g.rest().GetExport(t.Context(), &apigateway.GetExportInput{RestApiId: aws.String("orders7x2a"), StageName: aws.String("prod"), ExportType: aws.String("oas30")})
	var api smithy.APIError
	want := "is not authorized to perform: apigateway:GET on resource: arn:aws:apigateway:us-east-1::/restapis/orders7x2a/stages/prod/exports/oas30"
	if !errors.As(err, &api) || api.ErrorCode() != "AccessDeniedException" || !strings.Contains(api.ErrorMessage(), want) {
		t.Errorf("GetExport: %v", err)
	}
	_, err = g.trail().LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{})
	if !errors.As(err, &api) || api.ErrorCode() != "AccessDeniedException" {
		t.Errorf("LookupEvents: %v", err)
	}
}

// An edit is served to nobody until it is deployed.
func TestEditAndDeploy(t *testing.T) {
	g := startNamed(t, "route-not-deployed")
	const url = "https://orders7x2a.execute-api.us-east-1.amazonaws.com/prod/"
	if got := g.get(url + "invoices"); got.status != 403 {
		t.Errorf("before the deployment: %d %s", got.status, got.body)
	}
	_, err := g.rest().CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: aws.String("orders7x2a"), StageName: aws.String("prod")})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.get(url + "invoices"); got.status != 200 {
		t.Errorf("after the deployment: %d %s", got.status, got.body)
	}
	var id *string
	resources, err := g.rest().GetResources(t.Context(), &apigateway.GetResourcesInput{RestApiId: aws.String("orders7x2a")})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range resources.Items {
		if *r.Path == "/invoices" {
			id = r.Id
		}
	}
	if _, err := g.rest().DeleteMethod(t.Context(), &apigateway.DeleteMethodInput{RestApiId: aws.String("orders7x2a"), ResourceId: id, HttpMethod: aws.String("GET")}); err != nil {
		t.Fatal(err)
	}
	if got := g.get(url + "invoices"); got.status != 200 {
		t.Errorf("the deployment is not frozen: %d %s", got.status, got.body)
	}
}

func TestMappingWrites(t *testing.T) {
	g := startNamed(t, "demo")
	before := g.get("https://api.example.com/orders").header.Get("x-backend-version")
	_, err := g.rest().UpdateBasePathMapping(t.Context(), &apigateway.UpdateBasePathMappingInput{
		DomainName: aws.String("api.example.com"), BasePath: aws.String("(none)"),
		PatchOperations: []types.PatchOperation{op(types.OpReplace, "/stage", "prod")},
	})
	if err != nil {
		t.Fatal(err)
	}
	after := g.get("https://api.example.com/orders").header.Get("x-backend-version")
	if before != "2-beta" || after == "2-beta" {
		t.Errorf("before %q, after %q", before, after)
	}
	mappings, err := g.v2().GetApiMappings(t.Context(), &apigatewayv2.GetApiMappingsInput{DomainName: aws.String("api.example.com")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.v2().UpdateApiMapping(t.Context(), &apigatewayv2.UpdateApiMappingInput{
		DomainName: aws.String("api.example.com"), ApiMappingId: mappings.Items[0].ApiMappingId, ApiId: aws.String("orders7x2a"), Stage: aws.String("dev"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.get("https://api.example.com/orders").header.Get("x-backend-version"); got != "2-beta" {
		t.Errorf("after UpdateApiMapping: %q", got)
	}
	if _, err := g.rest().DeleteBasePathMapping(t.Context(), &apigateway.DeleteBasePathMappingInput{DomainName: aws.String("api.example.com"), BasePath: aws.String("(none)")}); err != nil {
		t.Fatal(err)
	}
	if got := g.get("https://api.example.com/orders"); got.status != 403 || got.body != `{"message":"Forbidden"}` {
		t.Errorf("without a mapping: %d %s", got.status, got.body)
	}
}

func TestHTTPWrites(t *testing.T) {
	g := startNamed(t, "http-auto-deploy-off")
	api, url := aws.String("shop3h8p0c"), "https://shop3h8p0c.execute-api.us-east-1.amazonaws.com/offers"
	if got := g.get(url); got.status != 404 || got.header.Get("apigw-requestid") == "" || got.header.Get("x-amzn-RequestId") != "" {
		t.Errorf("before: %d %s %v", got.status, got.body, got.header)
	}
	_, err := g.v2().CreateDeployment(t.Context(), &apigatewayv2.CreateDeploymentInput{ApiId: api, StageName: aws.String("$default")})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.get(url); got.status != 200 {
		t.Errorf("deployed: %d %s", got.status, got.body)
	}
	if _, err := g.v2().UpdateStage(t.Context(), &apigatewayv2.UpdateStageInput{ApiId: api, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	integrations, err := g.v2().GetIntegrations(t.Context(), &apigatewayv2.GetIntegrationsInput{ApiId: api})
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.v2().CreateRoute(t.Context(), &apigatewayv2.CreateRouteInput{
		ApiId: api, RouteKey: aws.String("GET /news"), AuthorizationType: v2types.AuthorizationTypeNone,
		Target: aws.String("integrations/" + *integrations.Items[0].IntegrationId),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.get(strings.Replace(url, "offers", "news", 1)); got.status != 200 {
		t.Errorf("deployed by itself: %d %s", got.status, got.body)
	}
}

// Settings of a stage change without a deployment.
func TestStageSettings(t *testing.T) {
	g := startNamed(t, "healthy")
	_, err := g.rest().UpdateStage(t.Context(), &apigateway.UpdateStageInput{
		RestApiId: aws.String("orders7x2a"), StageName: aws.String("prod"),
		PatchOperations: []types.PatchOperation{
			op(types.OpReplace, "/*/*/logging/loglevel", "ERROR"),
			op(types.OpReplace, "/~1orders/GET/throttling/rateLimit", "0"),
			op(types.OpReplace, "/variables/release", "v2"),
			op(types.OpReplace, "/accessLogSettings/format", "$context.requestId"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	stage, err := g.rest().GetStage(t.Context(), &apigateway.GetStageInput{RestApiId: aws.String("orders7x2a"), StageName: aws.String("prod")})
	if err != nil {
		t.Fatal(err)
	}
	if *stage.MethodSettings["*/*"].LoggingLevel != "ERROR" || stage.Variables["release"] != "v2" || *stage.AccessLogSettings.Format != "$context.requestId" {
		t.Errorf("%+v", stage)
	}
	const url = "https://orders7x2a.execute-api.us-east-1.amazonaws.com/prod/"
	if a, b := g.get(url+"orders").status, g.get(url+"health").status; a != 429 || b != 200 {
		t.Errorf("a method's limit of 0: %d; the other method: %d", a, b)
	}
}
