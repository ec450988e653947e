package control

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

// getExport writes a stage's deployed snapshot as OpenAPI 3 or Swagger 2.
func getExport(r *request, api *cloud.API, stage *cloud.Stage) (any, error) {
	d := api.Deployment(stage.DeploymentID)
	if d == nil {
		return nil, notFound("Invalid Deployment identifier specified")
	}
	e := exporter{cloud: r.cloud, api: api, def: d.Definition, stage: stage.Name, extensions: map[string]bool{}}
	for part := range strings.SplitSeq(r.URL.Query().Get("extensions"), ",") {
		e.extensions[part] = true
	}
	var out doc
	switch kind := r.PathValue("type"); kind {
	case "oas30":
		out = e.openAPI(d.Created)
	case "swagger":
		out = e.swagger(d.Created)
	default:
		return nil, badRequest("Invalid export type specified: %s", kind)
	}
	body, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, err
	}
	return document{"application/json", r.PathValue("type") + "_" + stage.Name + ".json", body}, nil
}

// exporter writes one definition in the shapes that both versions share.
type exporter struct {
	cloud      *cloud.Cloud
	api        *cloud.API
	def        *world.Definition
	stage      string
	extensions map[string]bool
	v2         bool // Swagger 2
}

func (e *exporter) has(extension string) bool {
	return e.extensions[extension] || e.extensions["apigateway"]
}

func (e *exporter) info(created time.Time) doc {
	return doc{"title": e.api.Name, "version": created.UTC().Format(time.RFC3339)}
}

func (e *exporter) host() string {
	return e.api.ID + ".execute-api." + e.cloud.Region + "." + world.Suffix(e.cloud.Region)
}

func (e *exporter) openAPI(created time.Time) doc {
	components := compact(doc{"schemas": e.models(), "securitySchemes": e.schemes()})
	out := doc{
		"openapi": "3.0.1", "info": e.info(created), "paths": e.paths(), "components": components,
		"servers": []doc{{
			"url":       "https://" + e.host() + "/{basePath}",
			"variables": doc{"basePath": doc{"default": e.stage}},
		}},
	}
	e.common(out)
	return out
}

func (e *exporter) swagger(created time.Time) doc {
	e.v2 = true
	out := compact(doc{
		"swagger": "2.0", "info": e.info(created), "host": e.host(), "basePath": "/" + e.stage, "schemes": []string{"https"},
		"paths": e.paths(), "securityDefinitions": e.schemes(), "definitions": e.models(),
	})
	e.common(out)
	return out
}

// common adds the extensions at the top of both versions.
func (e *exporter) common(out doc) {
	if !e.has("integrations") && !e.has("authorizers") {
		return
	}
	if validators := e.validators(); len(validators) > 0 {
		out["x-amazon-apigateway-request-validators"] = validators
	}
	if !e.extensions["apigateway"] {
		return
	}
	if responses := e.gatewayResponses(); len(responses) > 0 {
		out["x-amazon-apigateway-gateway-responses"] = responses
	}
	if len(e.def.BinaryTypes) > 0 {
		out["x-amazon-apigateway-binary-media-types"] = e.def.BinaryTypes
	}
	var policy any
	if e.def.Policy != "" && json.Unmarshal([]byte(e.def.Policy), &policy) == nil {
		out["x-amazon-apigateway-policy"] = policy
	}
}

func (e *exporter) validators() doc {
	out := doc{}
	for _, kind := range validatorsIn(e.def) {
		body, params := validates(kind)
		out[validatorNames[kind]] = doc{"validateRequestParameters": params, "validateRequestBody": body}
	}
	return out
}

func (e *exporter) gatewayResponses() doc {
	out := doc{}
	for kind := range e.def.GatewayResponses {
		wire := gatewayResponse(e.def, kind)
		out[kind] = compact(doc{
			"statusCode": wire["statusCode"], "responseParameters": wire["responseParameters"],
			"responseTemplates": wire["responseTemplates"],
		})
	}
	return out
}

func (e *exporter) models() doc {
	out := doc{}
	for name, schema := range e.def.Models {
		var v any
		if json.Unmarshal([]byte(schema), &v) == nil {
			out[name] = v
		}
	}
	return out
}

// schemes describes the authorizers in use, and the API key where a method
// asks for one.
func (e *exporter) schemes() doc {
	out := doc{}
	for _, route := range e.def.Routes {
		if route.APIKey {
			out["api_key"] = doc{"type": "apiKey", "name": "x-api-key", "in": "header"}
		}
		if route.Authorization == "AWS_IAM" {
			out["sigv4"] = doc{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
		}
		if a := e.def.Authorizers[route.Authorizer]; a != nil && e.has("authorizers") {
			out[route.Authorizer] = e.scheme(a)
			if also := e.cloud.World.Control.Also["exported/"+route.Authorizer]; also != nil {
				maps.Copy(out[route.Authorizer].(doc)["x-amazon-apigateway-authorizer"].(doc), also)
			}
		}
	}
	return out
}

func (e *exporter) scheme(a *world.Authorizer) doc {
	header := "Unused"
	if name, ok := strings.CutPrefix(a.Identity, "method.request.header."); ok && a.Type != "REQUEST" {
		header = name
	}
	out := doc{"type": "apiKey", "name": header, "in": "header"}
	if a.Type == "COGNITO_USER_POOLS" {
		out["x-amazon-apigateway-authtype"] = "cognito_user_pools"
		out["x-amazon-apigateway-authorizer"] = doc{"type": "cognito_user_pools", "providerARNs": a.Providers}
		return out
	}
	inner := compact(doc{
		"type": strings.ToLower(a.Type), "authorizerUri": a.URI, "authorizerResultTtlInSeconds": orElse(a.TTL, 300),
		"identityValidationExpression": a.Validation,
	})
	if a.Type == "REQUEST" {
		inner["identitySource"] = a.Identity
	}
	out["x-amazon-apigateway-authtype"] = "custom"
	out["x-amazon-apigateway-authorizer"] = inner
	return out
}
