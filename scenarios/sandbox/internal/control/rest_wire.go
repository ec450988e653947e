package control

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

// Times of REST API operations are epoch seconds.

func restAPI(a *cloud.API) doc {
	return compact(doc{
		"id": a.ID, "name": a.Name, "description": a.Description, "createdDate": a.Created.Unix(),
		"apiKeySource": "HEADER", "endpointConfiguration": doc{"types": []string{a.Endpoint}, "ipAddressType": "ipv4"},
		"disableExecuteApiEndpoint": a.DefaultDisabled, "rootResourceId": ResourceID(a, "/"),
		"binaryMediaTypes": a.Editor.BinaryTypes, "policy": escapedPolicy(a.Editor.Policy),
	})
}

// escapedPolicy is a resource policy as the service returns it: with its
// quotes escaped once more.
func escapedPolicy(policy string) string { return strings.ReplaceAll(policy, `"`, `\"`) }

func restStage(c *cloud.Cloud, s *cloud.Stage) doc {
	out := compact(doc{
		"stageName": s.Name, "deploymentId": s.DeploymentID, "description": s.Description,
		"createdDate": s.Created.Unix(), "lastUpdatedDate": s.Updated.Unix(),
		"cacheClusterEnabled": s.CacheCluster, "cacheClusterStatus": "NOT_AVAILABLE", "tracingEnabled": s.Tracing,
		"variables": s.Variables, "clientCertificateId": s.ClientCert,
	})
	out["methodSettings"] = methodSettings(s)
	if s.CacheCluster {
		out["cacheClusterStatus"] = "AVAILABLE"
		out["cacheClusterSize"] = s.CacheSize
	}
	if s.Canary != nil {
		out["canarySettings"] = compact(doc{
			"percentTraffic": s.Canary.Percent, "deploymentId": s.Canary.Deployment,
			"stageVariableOverrides": s.Canary.Variables, "useStageCache": s.Canary.UseStageCache,
		})
	}
	if s.AccessLog != nil {
		out["accessLogSettings"] = doc{"destinationArn": c.LogGroupARN(s.AccessLog.Group), "format": s.AccessLog.Format}
	}
	if s.WAF != nil {
		out["webAclArn"] = s.WAF.ACL
	}
	return out
}

func methodSettings(s *cloud.Stage) doc {
	out := doc{}
	for key, m := range s.Methods {
		out[wireMethodKey(key)] = doc{
			"metricsEnabled": m.Metrics, "loggingLevel": m.Logging, "dataTraceEnabled": m.DataTrace,
			"throttlingRateLimit": orElse(m.Rate, 10000), "throttlingBurstLimit": orElse(m.Burst, 5000),
			"cachingEnabled": m.Caching, "cacheTtlInSeconds": orElse(m.TTL, 300), "cacheDataEncrypted": m.Encrypted,
			"requireAuthorizationForCacheControl":    true,
			"unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
		}
	}
	return out
}

func orElse[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}

// wireMethodKey writes "/orders/GET" as the service does: "~1orders/GET".
func wireMethodKey(key string) string {
	cut := strings.LastIndex(key, "/")
	if cut < 0 || key == "*/*" {
		return key
	}
	return strings.ReplaceAll(key[:cut], "/", "~1") + key[cut:]
}

func restDeployment(d *cloud.Deployment) doc {
	return compact(doc{"id": d.ID, "createdDate": d.Created.Unix(), "description": d.Description})
}

// summary lists the routes of a deployment: path → method → authorization.
func summary(d *world.Definition) doc {
	out := doc{}
	for key, route := range d.Routes {
		method, path, _ := strings.Cut(key, " ")
		methods, ok := out[path].(doc)
		if !ok {
			methods = doc{}
			out[path] = methods
		}
		methods[method] = doc{"authorizationType": route.Authorization, "apiKeyRequired": route.APIKey}
	}
	return out
}

// resourcePaths lists every path of a definition with all its parents, the
// root first.
func resourcePaths(d *world.Definition) []string {
	paths := map[string]bool{"/": true}
	add := func(path string) {
		for path != "" && path != "/" {
			paths[path] = true
			path = path[:strings.LastIndex(path, "/")]
		}
	}
	for key := range d.Routes {
		_, path, _ := strings.Cut(key, " ")
		add(path)
	}
	for _, path := range d.Resources {
		add(path)
	}
	return slices.Sorted(maps.Keys(paths))
}

// ResourceID is the id of the resource at a path of an API: ten characters for
// the root, six for the others, as the service makes them.
func ResourceID(a *cloud.API, path string) string {
	if path == "/" {
		return world.ShortID("resource", a.ID, path)
	}
	return world.ShortID("resource", a.ID, path)[:6]
}

func restResource(a *cloud.API, path string, methods bool) doc {
	out := doc{"id": ResourceID(a, path), "path": path}
	if path != "/" {
		cut := strings.LastIndex(path, "/")
		out["pathPart"] = path[cut+1:]
		out["parentId"] = ResourceID(a, max(path[:cut], "/"))
	}
	all := doc{}
	for key, route := range a.Editor.Routes {
		if method, p, _ := strings.Cut(key, " "); p == path {
			all[method] = doc{}
			if methods {
				all[method] = restMethod(a, path, method, route)
			}
		}
	}
	if len(all) > 0 {
		out["resourceMethods"] = all
	}
	return out
}

func restMethod(a *cloud.API, path, method string, route *world.Route) doc {
	out := compact(doc{
		"httpMethod": method, "authorizationType": route.Authorization, "apiKeyRequired": route.APIKey,
		"authorizationScopes": route.Scopes, "requestModels": route.Models, "requestParameters": wireParams(route.Params),
		"operationName": route.Operation,
	})
	if au := a.Editor.Authorizers[route.Authorizer]; au != nil {
		out["authorizerId"] = au.ID
	}
	if route.Validate != "" {
		out["requestValidatorId"] = validatorID(a, route.Validate)
	}
	if responses := methodResponses(route); len(responses) > 0 {
		out["methodResponses"] = responses
	}
	if route.Integration != nil {
		out["methodIntegration"] = restIntegration(a, path, route.Integration)
	}
	return out
}

// declared lists the statuses whose method responses a route declares: those
// it names, and those that its integration responses need.
func declared(route *world.Route) []string {
	statuses := map[string]bool{}
	for _, s := range route.Responses {
		statuses[s] = true
	}
	if route.Integration != nil {
		for s := range route.Integration.Responses {
			statuses[s] = true
		}
	}
	return slices.Sorted(maps.Keys(statuses))
}

func methodResponses(route *world.Route) doc {
	out := doc{}
	for _, status := range declared(route) {
		out[status] = compact(doc{"statusCode": status, "responseParameters": responseParams(route, status)})
	}
	return out
}

// responseParams declares the headers that an integration response sets.
func responseParams(route *world.Route, status string) map[string]bool {
	out := map[string]bool{}
	if route.Integration != nil {
		if r := route.Integration.Responses[status]; r != nil {
			for name := range r.Parameters {
				out[name] = false
			}
		}
	}
	return out
}

// paramPlaces are the words of the wire for where a parameter stands.
var paramPlaces = map[string]string{"query": "querystring", "header": "header", "path": "path"}

func wireParams(params map[string]bool) map[string]bool {
	out := map[string]bool{}
	for name, required := range params {
		place, rest, _ := strings.Cut(name, ".")
		out["method.request."+paramPlaces[place]+"."+rest] = required
	}
	return out
}

func restIntegration(a *cloud.API, path string, i *world.Integration) doc {
	out := compact(doc{
		"type": i.Type, "httpMethod": i.Method, "uri": i.URI, "credentials": i.Credentials,
		"passthroughBehavior": i.Passthrough, "timeoutInMillis": i.TimeoutMS, "contentHandling": i.ContentHandling,
		"connectionType": i.ConnectionType, "connectionId": i.ConnectionID,
		"requestParameters": i.RequestParameters, "requestTemplates": i.RequestTemplates,
		"cacheNamespace": ResourceID(a, path), "responseTransferMode": i.TransferMode,
	})
	out["cacheKeyParameters"] = append([]string{}, i.CacheKeys...)
	if len(i.Responses) > 0 {
		responses := doc{}
		for status, r := range i.Responses {
			responses[status] = compact(doc{
				"statusCode": status, "selectionPattern": r.Pattern,
				"responseParameters": r.Parameters, "responseTemplates": r.Templates,
			})
		}
		out["integrationResponses"] = responses
	}
	return out
}

// Authorizer types of the REST API wire are the world's own.
func restAuthorizer(name string, a *world.Authorizer) doc {
	return compact(doc{
		"id": a.ID, "name": name, "type": a.Type, "authType": map[bool]string{true: "cognito_user_pools", false: "custom"}[a.Type == "COGNITO_USER_POOLS"],
		"authorizerUri": a.URI, "identitySource": a.Identity, "identityValidationExpression": a.Validation,
		"authorizerResultTtlInSeconds": orElse(a.TTL, 300), "providerARNs": a.Providers,
	})
}

// Validators have no names of their own in a world: there are three kinds, and
// the console's names for them.
var validatorNames = map[string]string{
	"body": "Validate body", "params": "Validate query string parameters and headers",
	"all": "Validate body, query string parameters, and headers",
}

func validates(kind string) (body, params bool) { return kind != "params", kind != "body" }

func validatorID(a *cloud.API, kind string) string {
	return world.ShortID("validator", a.ID, kind)[:6]
}

func validatorsIn(d *world.Definition) []string {
	kinds := map[string]bool{}
	for _, route := range d.Routes {
		if validatorNames[route.Validate] != "" {
			kinds[route.Validate] = true
		}
	}
	return slices.Sorted(maps.Keys(kinds))
}

func gatewayResponse(d *world.Definition, kind string) doc {
	standard, _ := cloud.DefaultResponse(kind)
	out := doc{
		"responseType": kind, "defaultResponse": true, "responseParameters": doc{},
		"responseTemplates": map[string]string{"application/json": `{"message":$context.error.messageString}`},
	}
	if standard.Status != 0 {
		out["statusCode"] = strconv.Itoa(standard.Status)
	}
	custom := d.GatewayResponses[kind]
	if custom == nil {
		return out
	}
	out["defaultResponse"] = false
	if custom.Status != "" {
		out["statusCode"] = custom.Status
	}
	if custom.Templates != nil {
		out["responseTemplates"] = custom.Templates
	}
	out["responseParameters"] = wireHeaders(custom)
	return out
}

func wireHeaders(g *world.GatewayResponse) map[string]string {
	out := map[string]string{}
	for name, value := range g.Headers {
		out["gatewayresponse.header."+name] = value
	}
	return out
}
