package control

import (
	"strings"

	"stageprobe/scenarios/sandbox/internal/world"
)

func (e *exporter) paths() doc {
	out := doc{}
	for key, route := range e.def.Routes {
		method, path, _ := strings.Cut(key, " ")
		item, ok := out[path].(doc)
		if !ok {
			item = doc{}
			out[path] = item
		}
		name := strings.ToLower(method)
		if name == "any" {
			name = "x-amazon-apigateway-any-method"
		}
		item[name] = e.operation(path, route)
	}
	return out
}

func (e *exporter) operation(path string, route *world.Route) doc {
	out := compact(doc{"operationId": route.Operation, "parameters": e.parameters(path, route)})
	out["responses"] = e.responses(route)
	if security := e.security(route); len(security) > 0 {
		out["security"] = security
	}
	e.body(out, route)
	if e.has("integrations") {
		if route.Integration != nil {
			out["x-amazon-apigateway-integration"] = e.integration(path, route.Integration)
		}
		if route.Validate != "" {
			out["x-amazon-apigateway-request-validator"] = validatorNames[route.Validate]
		}
	}
	return out
}

// parameters lists what the method declares, and every parameter of the path,
// declared or not: an export always holds those.
func (e *exporter) parameters(path string, route *world.Route) []doc {
	all := map[string]bool{}
	for name, required := range route.Params {
		all[name] = required
	}
	for segment := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(segment, "{") {
			all["path."+strings.Trim(segment, "{}+")] = true
		}
	}
	var out []doc
	for _, name := range sortedKeys(all) {
		place, rest, _ := strings.Cut(name, ".")
		p := doc{"name": rest, "in": place}
		if all[name] || place == "path" {
			p["required"] = true
		}
		if e.v2 {
			p["type"] = "string"
		} else {
			p["schema"] = doc{"type": "string"}
		}
		out = append(out, p)
	}
	return out
}

// body writes the request models.
func (e *exporter) body(out doc, route *world.Route) {
	if len(route.Models) == 0 {
		return
	}
	if e.v2 {
		parameters, _ := out["parameters"].([]doc)
		for _, model := range route.Models {
			parameters = append(parameters, doc{"in": "body", "name": model, "required": true, "schema": doc{"$ref": "#/definitions/" + model}})
		}
		out["parameters"] = parameters
		return
	}
	content := doc{}
	for kind, model := range route.Models {
		content[kind] = doc{"schema": doc{"$ref": "#/components/schemas/" + model}}
	}
	out["requestBody"] = doc{"content": content, "required": true}
}

func (e *exporter) responses(route *world.Route) doc {
	out := doc{}
	for _, status := range declared(route) {
		response := doc{"description": status + " response"}
		headers := doc{}
		for name := range responseParams(route, status) {
			headers[strings.TrimPrefix(name, "method.response.header.")] = e.stringType()
		}
		if len(headers) > 0 {
			response["headers"] = headers
		}
		if !e.v2 {
			response["content"] = doc{}
		}
		out[status] = response
	}
	return out
}

func (e *exporter) stringType() doc {
	if e.v2 {
		return doc{"type": "string"}
	}
	return doc{"schema": doc{"type": "string"}}
}

func (e *exporter) security(route *world.Route) []doc {
	var out []doc
	if route.Authorizer != "" && e.has("authorizers") {
		out = append(out, doc{route.Authorizer: append([]string{}, route.Scopes...)})
	}
	if route.Authorization == "AWS_IAM" {
		out = append(out, doc{"sigv4": []string{}})
	}
	if route.APIKey {
		out = append(out, doc{"api_key": []string{}})
	}
	return out
}

// integration writes an integration as exports do: its type in lower case, the
// passthrough behaviour too, and a default response where none is declared.
func (e *exporter) integration(path string, i *world.Integration) doc {
	out := compact(doc{
		"type": strings.ToLower(i.Type), "httpMethod": i.Method, "uri": i.URI, "credentials": i.Credentials,
		"passthroughBehavior": strings.ToLower(i.Passthrough), "contentHandling": i.ContentHandling,
		"connectionType": i.ConnectionType, "connectionId": i.ConnectionID,
		"requestParameters": i.RequestParameters, "requestTemplates": i.RequestTemplates,
		"responseTransferMode": i.TransferMode,
	})
	if i.TimeoutMS != 29000 {
		out["timeoutInMillis"] = i.TimeoutMS
	}
	if len(i.CacheKeys) > 0 {
		out["cacheKeyParameters"] = i.CacheKeys
		out["cacheNamespace"] = ResourceID(e.api, path)
	}
	responses := doc{}
	for status, r := range i.Responses {
		pattern := r.Pattern
		if pattern == "" {
			pattern = "default"
		}
		responses[pattern] = compact(doc{"statusCode": status, "responseParameters": r.Parameters, "responseTemplates": r.Templates})
	}
	if len(responses) == 0 && strings.HasSuffix(i.Type, "_PROXY") {
		responses["default"] = doc{"statusCode": "200"}
	}
	if len(responses) > 0 {
		out["responses"] = responses
	}
	return out
}
