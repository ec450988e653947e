package control

import (
	"strings"
	"time"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

// Times of HTTP API operations are ISO 8601.
func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func httpAPI(c *cloud.Cloud, a *cloud.API) doc {
	out := compact(doc{
		"apiId": a.ID, "name": a.Name, "description": a.Description, "protocolType": "HTTP", "createdDate": iso(a.Created),
		"apiEndpoint":               "https://" + a.ID + ".execute-api." + c.Region + "." + world.Suffix(c.Region),
		"apiKeySelectionExpression": "$request.header.x-api-key", "routeSelectionExpression": "$request.method $request.path",
		"disableExecuteApiEndpoint": a.DefaultDisabled, "ipAddressType": "ipv4",
	})
	out["tags"] = doc{}
	if a.Editor.CORS != nil {
		out["corsConfiguration"] = a.Editor.CORS
	}
	return out
}

func httpStage(c *cloud.Cloud, s *cloud.Stage) doc {
	out := compact(doc{
		"stageName": s.Name, "deploymentId": s.DeploymentID, "description": s.Description, "autoDeploy": s.AutoDeploy,
		"createdDate": iso(s.Created), "lastUpdatedDate": iso(s.Updated), "lastDeploymentStatusMessage": s.DeployStatus,
		"clientCertificateId": s.ClientCert,
	})
	out["stageVariables"] = mergeVariables(s.Variables, nil)
	out["tags"] = doc{}
	out["defaultRouteSettings"] = doc{"detailedMetricsEnabled": false}
	routes := doc{}
	for key, m := range s.Methods {
		if key == "*/*" {
			out["defaultRouteSettings"] = routeSettings(m)
		} else {
			routes[key] = routeSettings(m)
		}
	}
	out["routeSettings"] = routes
	if s.AccessLog != nil {
		out["accessLogSettings"] = doc{"destinationArn": c.LogGroupARN(s.AccessLog.Group), "format": s.AccessLog.Format}
	}
	return out
}

func routeSettings(m *world.MethodSetting) doc {
	out := doc{"detailedMetricsEnabled": m.Metrics}
	if m.Rate != nil {
		out["throttlingRateLimit"] = *m.Rate
	}
	if m.Burst != nil {
		out["throttlingBurstLimit"] = *m.Burst
	}
	return out
}

func httpDeployment(d *cloud.Deployment) doc {
	return compact(doc{
		"deploymentId": d.ID, "createdDate": iso(d.Created), "description": d.Description, "autoDeployed": d.Auto,
		"deploymentStatus": d.Status, "deploymentStatusMessage": d.StatusText,
	})
}

// Routes and integrations of a world have no ids: theirs come of what they
// are, so that routes with equal integrations share one, as the console makes
// them.
func routeID(a *cloud.API, key string) string { return world.ShortID("route", a.ID, key)[:7] }

func integrationID(a *cloud.API, i *world.Integration) string {
	if i == nil {
		return ""
	}
	return world.ShortID("integration", a.ID, i.Type, i.Method, i.URI, i.ConnectionID)[:7]
}

func httpRoute(a *cloud.API, key string) doc {
	route := a.Editor.Routes[key]
	out := compact(doc{
		"routeId": routeID(a, key), "routeKey": key, "authorizationType": route.Authorization, "apiKeyRequired": false,
		"authorizationScopes": route.Scopes, "operationName": route.Operation,
	})
	if route.Integration != nil {
		out["target"] = "integrations/" + integrationID(a, route.Integration)
	}
	if au := a.Editor.Authorizers[route.Authorizer]; au != nil {
		out["authorizerId"] = au.ID
	}
	return out
}

func httpIntegration(a *cloud.API, i *world.Integration) doc {
	return compact(doc{
		"integrationId": integrationID(a, i), "integrationType": i.Type, "integrationMethod": i.Method, "integrationUri": i.URI,
		"payloadFormatVersion": i.PayloadVersion, "timeoutInMillis": i.TimeoutMS, "connectionType": i.ConnectionType,
		"connectionId": i.ConnectionID, "credentialsArn": i.Credentials, "requestParameters": i.RequestParameters,
	})
}

func httpAuthorizer(name string, a *world.Authorizer) doc {
	out := compact(doc{
		"authorizerId": a.ID, "name": name, "authorizerType": a.Type, "authorizerUri": a.URI,
		"authorizerResultTtlInSeconds": orElse(a.TTL, 300),
	})
	out["identitySource"] = []string{}
	if a.Identity != "" {
		out["identitySource"] = strings.Split(a.Identity, ",")
	}
	if a.Type == "JWT" {
		out["jwtConfiguration"] = compact(doc{"issuer": a.Issuer, "audience": a.Audience})
		delete(out, "authorizerResultTtlInSeconds")
	} else {
		out["authorizerPayloadFormatVersion"] = "2.0"
		out["enableSimpleResponses"] = true
	}
	return out
}

func httpDomain(c *cloud.Cloud, d *cloud.Domain) doc {
	name := RegionalName(c, d)
	out := doc{
		"domainName": d.Name, "apiMappingSelectionExpression": "$request.basepath", "routingMode": d.RoutingMode, "tags": doc{},
		"domainNameArn": "arn:" + c.Partition + ":apigateway:" + c.Region + "::/domainnames/" + d.Name,
		"domainNameConfigurations": []doc{{
			"apiGatewayDomainName": name, "endpointType": d.Endpoint, "securityPolicy": d.Policy, "ipAddressType": "ipv4",
			"domainNameStatus": "AVAILABLE", "hostedZoneId": "Z1UJRXOUMOOFQ8",
		}},
	}
	if d.MutualTLS {
		out["mutualTlsAuthentication"] = doc{"truststoreUri": "s3://truststore/" + d.Name + ".pem"}
	}
	return out
}

func apiMapping(m *world.Mapping) doc {
	return doc{"apiMappingId": m.ID, "apiMappingKey": m.Path, "apiId": m.API, "stage": m.Stage}
}

func routingRule(c *cloud.Cloud, d *cloud.Domain, rule *world.Rule) doc {
	conditions := []doc{}
	for _, name := range sortedKeys(rule.Headers) {
		conditions = append(conditions, doc{"matchHeaders": doc{"anyOf": []doc{{"header": name, "valueGlob": rule.Headers[name]}}}})
	}
	if len(rule.Paths) > 0 {
		conditions = append(conditions, doc{"matchBasePaths": doc{"anyOf": rule.Paths}})
	}
	return doc{
		"routingRuleId": rule.ID, "priority": rule.Priority, "conditions": conditions,
		"routingRuleArn": "arn:" + c.Partition + ":apigateway:" + c.Region + ":" + c.Account + ":/domainnames/" + d.Name + "/routingrules/" + rule.ID,
		"actions":        []doc{{"invokeApi": doc{"apiId": rule.API, "stage": rule.Stage, "stripBasePath": rule.Strip}}},
	}
}

// httpExporter writes an HTTP API as OpenAPI 3.
type httpExporter struct {
	cloud      *cloud.Cloud
	api        *cloud.API
	def        *world.Definition
	stage      string // "" for the editor's state
	extensions bool
	created    time.Time
}

func (e *httpExporter) openAPI() doc {
	base := ""
	if e.stage != "" && e.stage != "$default" {
		base = e.stage
	}
	out := doc{
		"openapi": "3.0.1", "info": doc{"title": e.api.Name, "version": e.created.UTC().Format("2006-01-02 15:04:05UTC")},
		"servers": []doc{{
			"url":       "https://" + e.api.ID + ".execute-api." + e.cloud.Region + "." + world.Suffix(e.cloud.Region) + "/{basePath}",
			"variables": doc{"basePath": doc{"default": base}},
		}},
		"tags": []doc{}, "paths": e.paths(), "components": compact(doc{"securitySchemes": e.schemes()}),
	}
	if e.extensions {
		out["x-amazon-apigateway-importexport-version"] = "1.0"
		if e.def.CORS != nil {
			out["x-amazon-apigateway-cors"] = e.def.CORS
		}
	}
	return out
}

func (e *httpExporter) paths() doc {
	out := doc{}
	for key, route := range e.def.Routes {
		method, path, ok := strings.Cut(key, " ")
		if !ok {
			method, path = "ANY", "/"+key // "$default" stands under "/$default"
		}
		item, found := out[path].(doc)
		if !found {
			item = doc{}
			out[path] = item
		}
		name := strings.ToLower(method)
		if name == "any" {
			name = "x-amazon-apigateway-any-method"
		}
		item[name] = e.operation(key, path, route)
	}
	return out
}

func (e *httpExporter) operation(key, path string, route *world.Route) doc {
	var parameters []doc
	for segment := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(segment, "{") {
			parameters = append(parameters, doc{
				"name": strings.Trim(segment, "{}+"), "in": "path", "required": true, "description": "Generated path parameter for " + strings.Trim(segment, "{}+"),
				"schema": doc{"type": "string"},
			})
		}
	}
	out := compact(doc{"operationId": route.Operation, "parameters": parameters})
	out["responses"] = doc{"default": doc{"description": "Default response for " + key}}
	if route.Authorizer != "" {
		out["security"] = []doc{{route.Authorizer: append([]string{}, route.Scopes...)}}
	} else if route.Authorization == "AWS_IAM" {
		out["x-amazon-apigateway-auth"] = doc{"type": "AWS_IAM"}
	}
	if e.extensions && route.Integration != nil {
		out["x-amazon-apigateway-integration"] = e.integration(route.Integration)
	}
	if key == "$default" {
		out["isDefaultRoute"] = true
	}
	return out
}

func (e *httpExporter) integration(i *world.Integration) doc {
	out := compact(doc{
		"type": strings.ToLower(i.Type), "httpMethod": i.Method, "uri": i.URI, "payloadFormatVersion": i.PayloadVersion,
		"connectionType": i.ConnectionType, "connectionId": i.ConnectionID, "credentials": i.Credentials,
		"requestParameters": i.RequestParameters,
	})
	if i.TimeoutMS != 30000 {
		out["timeoutInMillis"] = i.TimeoutMS
	}
	return out
}

func (e *httpExporter) schemes() doc {
	out := doc{}
	for _, route := range e.def.Routes {
		a := e.def.Authorizers[route.Authorizer]
		if a == nil {
			continue
		}
		if a.Type == "JWT" {
			out[route.Authorizer] = doc{"type": "oauth2", "x-amazon-apigateway-authorizer": doc{
				"type": "jwt", "identitySource": a.Identity, "jwtConfiguration": compact(doc{"issuer": a.Issuer, "audience": a.Audience}),
			}}
			continue
		}
		out[route.Authorizer] = doc{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authorizer": compact(doc{
			"type": "request", "identitySource": a.Identity, "authorizerUri": a.URI, "authorizerPayloadFormatVersion": "2.0",
			"authorizerResultTtlInSeconds": orElse(a.TTL, 300), "enableSimpleResponses": true,
		})}
	}
	return out
}
