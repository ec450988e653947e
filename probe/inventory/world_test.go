package inventory_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"golang.org/x/time/rate"

	"stageprobe/probe/inventory"
)

// obj and arr are JSON on its way to the wire.
type (
	obj = map[string]any
	arr = []any
)

// spec is the definition of a REST API, from which the tests write both what
// the editor's calls answer and what an export looks like, each with the
// habits of the real service: the editor writes defaults out, in upper case
// and by id; an export leaves them away, in lower case and by name.
type spec struct {
	routes      map[string]*route // "GET /orders"
	authorizers map[string]obj    // as GetAuthorizers gives them, without id
	models      map[string]string
	responses   map[string]obj // as GetGatewayResponses gives them
	policy      obj
	binary      []string
	keySource   string
}

type route struct {
	auth, authorizer string
	scopes           []string
	key              bool
	validator        string // id of validators
	params           map[string]bool
	models           map[string]string
	responses        map[string]obj // status → method response as the editor gives it
	integration      obj            // as the editor gives it
	operation        string
}

var validators = map[string]obj{
	"val1": {"id": "val1", "name": "everything", "validateRequestBody": true, "validateRequestParameters": true},
	"val2": {"id": "val2", "name": "only the body", "validateRequestBody": true, "validateRequestParameters": false},
	"val3": {"id": "val3", "name": "only parameters", "validateRequestBody": false, "validateRequestParameters": true},
}

const function = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:"

// bigAPI has n routes of every usual sort.
func bigAPI(n int) *spec {
	s := &spec{
		routes: map[string]*route{}, keySource: "HEADER",
		authorizers: map[string]obj{
			"tokens": {"type": "TOKEN", "authType": "custom", "authorizerUri": function + "auth/invocations", "identitySource": "method.request.header.Authorization", "authorizerResultTtlInSeconds": 300},
			"requests": {"type": "REQUEST", "authType": "custom", "authorizerUri": function + "${stageVariables.auth}/invocations", "authorizerCredentials": "arn:aws:iam::123456789012:role/auth",
				"identitySource": "method.request.header.X-Tenant, method.request.querystring.user", "authorizerResultTtlInSeconds": 60},
			"people": {"type": "COGNITO_USER_POOLS", "authType": "cognito_user_pools", "identitySource": "method.request.header.Authorization",
				"providerARNs": arr{"arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_b", "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_a"}},
			"unused": {"type": "TOKEN", "authorizerUri": function + "old/invocations", "identitySource": "method.request.header.Old"},
		},
		models: map[string]string{
			"Empty":  `{"$schema":"http://json-schema.org/draft-04/schema#","title":"Empty Schema","type":"object"}`,
			"Error":  `{"$schema":"http://json-schema.org/draft-04/schema#","title":"Error Schema","type":"object","properties":{"message":{"type":"string"}}}`,
			"Order":  `{"$schema":"http://json-schema.org/draft-04/schema#","title":"Order","type":"object","required":["id","lines"],"properties":{"id":{"type":"string"},"lines":{"type":"array","items":{"$ref":"https://apigateway.amazonaws.com/restapis/abc123/models/Line"}}}}`,
			"Line":   `{"type":"object","properties":{"sku":{"type":"string"},"n":{"type":"integer","minimum":1}}}`,
			"Orphan": `{"type":"string"}`,
		},
		responses: map[string]obj{
			"DEFAULT_4XX":  {"responseParameters": obj{"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}, "responseTemplates": obj{"application/json": `{"message":$context.error.messageString}`}},
			"UNAUTHORIZED": {"statusCode": "401", "responseTemplates": obj{"application/json": `{"error":"who are you?"}`}},
		},
		policy: obj{"Version": "2012-10-17", "Statement": arr{obj{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:eu-west-1:123456789012:abc123/*"}}},
		binary: []string{"image/png", "application/pdf"},
	}
	for i := range n {
		key, r := someRoute(i)
		s.routes[key] = r
	}
	return s
}

func someRoute(i int) (string, *route) {
	path := fmt.Sprintf("/group%02d/item%03d", i/10, i)
	switch i % 6 {
	case 0:
		return "GET " + path, &route{auth: "NONE", params: map[string]bool{"method.request.querystring.limit": false, "method.request.header.X-Tenant": true}, validator: "val3",
			integration: obj{"type": "HTTP_PROXY", "httpMethod": "GET", "uri": "https://${stageVariables.backend}" + path, "connectionType": "INTERNET",
				"requestParameters": obj{"integration.request.querystring.limit": "method.request.querystring.limit"}}}
	case 1:
		return "POST " + path, &route{auth: "CUSTOM", authorizer: "tokens", validator: "val1", models: map[string]string{"application/json": "Order"}, operation: "make" + strconv.Itoa(i),
			responses:   map[string]obj{"200": {"statusCode": "200", "responseModels": obj{"application/json": "Empty"}}, "400": {"statusCode": "400", "responseModels": obj{"application/json": "Error"}}},
			integration: obj{"type": "AWS_PROXY", "httpMethod": "POST", "uri": function + "make/invocations", "contentHandling": "CONVERT_TO_TEXT", "integrationResponses": obj{"200": obj{"statusCode": "200", "responseTemplates": obj{"application/json": nil}}}}}
	case 2:
		return "GET " + path + "/{id}", &route{auth: "COGNITO_USER_POOLS", authorizer: "people", scopes: []string{"orders/write", "orders/read"}, params: map[string]bool{"method.request.path.id": i%4 == 0},
			integration: obj{"type": "HTTP", "httpMethod": "GET", "uri": "https://backend.example.com/{id}", "connectionType": "VPC_LINK", "connectionId": "${stageVariables.link}", "timeoutInMillis": 5000,
				"cacheKeyParameters": arr{"method.request.path.id"}, "requestParameters": obj{"integration.request.path.id": "method.request.path.id"},
				"integrationResponses": obj{"200": obj{"statusCode": "200"}, "404": obj{"statusCode": "404", "selectionPattern": "4\\d{2}", "responseTemplates": obj{"application/json": `{"gone":true}`}}}},
			responses: map[string]obj{"200": {"statusCode": "200"}, "404": {"statusCode": "404"}}}
	case 3:
		return "OPTIONS " + path, &route{auth: "NONE",
			responses: map[string]obj{"200": {"statusCode": "200", "responseModels": obj{"application/json": "Empty"}, "responseParameters": obj{
				"method.response.header.Access-Control-Allow-Origin": false, "method.response.header.Access-Control-Allow-Methods": true}}},
			integration: obj{"type": "MOCK", "requestTemplates": obj{"application/json": `{"statusCode": 200}`}, "integrationResponses": obj{"200": obj{"statusCode": "200", "responseParameters": obj{
				"method.response.header.Access-Control-Allow-Origin": "'*'", "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'"}, "responseTemplates": obj{"application/json": ""}}}}}
	case 4:
		return "ANY " + path + "/{proxy+}", &route{auth: "AWS_IAM", key: true, params: map[string]bool{"method.request.path.proxy": true},
			integration: obj{"type": "HTTP_PROXY", "httpMethod": "ANY", "uri": "https://backend.example.com/{proxy}", "tlsConfig": obj{"insecureSkipVerification": true},
				"requestParameters": obj{"integration.request.path.proxy": "method.request.path.proxy"}}}
	}
	return "PUT " + path, &route{auth: "CUSTOM", authorizer: "requests", key: true, validator: "val2", models: map[string]string{"application/json": "Order", "application/xml": "Line"},
		responses: map[string]obj{"200": {"statusCode": "200"}},
		integration: obj{"type": "AWS", "httpMethod": "POST", "uri": "arn:aws:apigateway:eu-west-1:sqs:path/123456789012/orders", "credentials": "arn:aws:iam::123456789012:role/queue", "passthroughBehavior": "NEVER",
			"requestTemplates": obj{"application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)", "application/xml": nil}, "requestParameters": obj{"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
			"integrationResponses": obj{"200": obj{"statusCode": "200", "responseTemplates": obj{"application/json": `{"queued":true}`}}}}}
}

// resources is what GetResources?embed=methods answers.
func (s *spec) resources() arr {
	byPath := map[string]obj{}
	for _, key := range slices.Sorted(maps.Keys(s.routes)) {
		method, path, _ := strings.Cut(key, " ")
		if byPath[path] == nil {
			byPath[path] = obj{"id": fmt.Sprintf("res%03d", len(byPath)), "path": path, "resourceMethods": obj{}}
		}
		byPath[path]["resourceMethods"].(obj)[method] = s.routes[key].method(method, byPath[path]["id"].(string))
	}
	list := arr{obj{"id": "root", "path": "/"}}
	for _, p := range slices.Sorted(maps.Keys(byPath)) {
		list = append(list, byPath[p])
	}
	return list
}

func (r *route) method(method, resource string) obj {
	integration := obj{"timeoutInMillis": 29000, "passthroughBehavior": "WHEN_NO_MATCH", "cacheNamespace": resource, "cacheKeyParameters": arr{}}
	maps.Copy(integration, r.integration)
	m := obj{"httpMethod": method, "authorizationType": r.auth, "apiKeyRequired": r.key, "methodIntegration": integration}
	if r.authorizer != "" {
		m["authorizerId"] = "id-" + r.authorizer
	}
	optional(m, "authorizationScopes", len(r.scopes) > 0, r.scopes)
	optional(m, "requestValidatorId", r.validator != "", r.validator)
	optional(m, "requestParameters", r.params != nil, r.params)
	optional(m, "requestModels", r.models != nil, r.models)
	optional(m, "methodResponses", r.responses != nil, r.responses)
	optional(m, "operationName", r.operation != "", r.operation)
	return m
}

func optional(o obj, key string, there bool, v any) {
	if there {
		o[key] = v
	}
}

// export is what GetExport of a stage that serves the spec answers.
func (s *spec) export() obj {
	paths := obj{}
	for key, r := range s.routes {
		method, path, _ := strings.Cut(key, " ")
		if paths[path] == nil {
			paths[path] = obj{}
		}
		name := strings.ToLower(method)
		if name == "any" {
			name = "x-amazon-apigateway-any-method"
		}
		paths[path].(obj)[name] = r.operationObject(path)
	}
	doc := obj{
		"openapi": "3.0.1", "info": obj{"title": "orders", "version": "2026-01-01T00:00:00Z"}, "paths": paths,
		"servers":    arr{obj{"url": "https://abc123.execute-api.eu-west-1.amazonaws.com/{basePath}", "variables": obj{"basePath": obj{"default": "prod"}}}},
		"components": obj{"schemas": s.schemas(), "securitySchemes": s.schemes()},
	}
	named := obj{}
	for _, v := range validators {
		named[v["name"].(string)] = obj{"validateRequestBody": v["validateRequestBody"], "validateRequestParameters": v["validateRequestParameters"]}
	}
	doc["x-amazon-apigateway-request-validators"] = named
	optional(doc, "x-amazon-apigateway-gateway-responses", len(s.responses) > 0, s.exportedResponses())
	optional(doc, "x-amazon-apigateway-policy", s.policy != nil, s.policy)
	optional(doc, "x-amazon-apigateway-binary-media-types", len(s.binary) > 0, s.binary)
	optional(doc, "x-amazon-apigateway-api-key-source", s.keySource != "HEADER", s.keySource)
	return doc
}

func (r *route) operationObject(path string) obj {
	op := obj{"responses": obj{}, "x-amazon-apigateway-integration": exportedIntegration(r.integration)}
	optional(op, "operationId", r.operation != "", r.operation)
	if v := validators[r.validator]; v != nil {
		op["x-amazon-apigateway-request-validator"] = v["name"]
	}
	params := arr{}
	for _, p := range slices.Sorted(maps.Keys(r.params)) {
		in, name, _ := strings.Cut(strings.TrimPrefix(p, "method.request."), ".")
		one := obj{"name": name, "in": strings.Replace(in, "querystring", "query", 1), "schema": obj{"type": "string"}}
		optional(one, "required", r.params[p] || in == "path", true)
		params = append(params, one)
	}
	optional(op, "parameters", len(params) > 0, params)
	content := obj{}
	for contentType, m := range r.models {
		content[contentType] = obj{"schema": obj{"$ref": "#/components/schemas/" + m}}
	}
	optional(op, "requestBody", len(content) > 0, obj{"content": content, "required": true})
	for status, resp := range r.responses {
		op["responses"].(obj)[status] = exportedResponse(status, resp)
	}
	security := arr{}
	if r.authorizer != "" {
		security = append(security, obj{r.authorizer: append([]string{}, r.scopes...)})
	} else if r.auth == "AWS_IAM" {
		security = append(security, obj{"sigv4": arr{}})
	}
	if r.key {
		security = append(security, obj{"api_key": arr{}})
	}
	optional(op, "security", len(security) > 0, security)
	return op
}

func exportedResponse(status string, resp obj) obj {
	out := obj{"description": status + " response", "content": obj{}}
	if p, ok := resp["responseParameters"].(obj); ok {
		headers := obj{}
		for name := range p {
			headers[strings.TrimPrefix(name, "method.response.header.")] = obj{"schema": obj{"type": "string"}}
		}
		out["headers"] = headers
	}
	if m, ok := resp["responseModels"].(obj); ok {
		for contentType, name := range m {
			out["content"].(obj)[contentType] = obj{"schema": obj{"$ref": "#/components/schemas/" + name.(string)}}
		}
	}
	return out
}

// exportedIntegration writes an integration as exports do: lower case, keyed
// by selection pattern, defaults left out.
func exportedIntegration(i obj) obj {
	out := obj{"passthroughBehavior": "when_no_match"}
	for k, v := range i {
		switch k {
		case "type", "passthroughBehavior":
			out[k] = strings.ToLower(v.(string))
		case "connectionType":
			optional(out, k, v != "INTERNET", v)
		case "requestTemplates":
			t := obj{}
			for contentType, template := range v.(obj) {
				t[contentType] = template
				if template == nil {
					t[contentType] = "__passthrough__"
				}
			}
			out[k] = t
		case "integrationResponses":
			list := obj{}
			for _, resp := range v.(obj) {
				c := maps.Clone(resp.(obj))
				pattern, _ := c["selectionPattern"].(string)
				delete(c, "selectionPattern")
				if t, ok := c["responseTemplates"].(obj); ok && t["application/json"] == nil {
					delete(c, "responseTemplates")
				}
				if pattern == "" {
					pattern = "default"
				}
				list[pattern] = c
			}
			out["responses"] = list
		default:
			out[k] = v
		}
	}
	return out
}

func (s *spec) schemas() obj {
	out := obj{}
	for name, text := range s.models {
		var v obj
		if err := json.Unmarshal([]byte(strings.ReplaceAll(text, "https://apigateway.amazonaws.com/restapis/abc123/models/", "#/components/schemas/")), &v); err != nil {
			panic(err)
		}
		delete(v, "$schema")
		if name != "Orphan" { // an export holds the models that are used
			out[name] = v
		}
	}
	return out
}

func (s *spec) schemes() obj {
	out := obj{
		"api_key": obj{"type": "apiKey", "name": "x-api-key", "in": "header"},
		"sigv4":   obj{"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
	}
	for name, a := range s.authorizers {
		ext := obj{"type": strings.ToLower(a["type"].(string))}
		for _, k := range []string{"authorizerUri", "authorizerCredentials", "identityValidationExpression", "providerARNs", "authorizerResultTtlInSeconds"} {
			if v, ok := a[k]; ok && !(k == "authorizerResultTtlInSeconds" && v == 300) {
				ext[k] = v
			}
		}
		scheme := obj{"type": "apiKey", "in": "header", "name": "Unused", "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": ext}
		if source := a["identitySource"].(string); a["type"] == "REQUEST" {
			ext["identitySource"] = source
		} else {
			scheme["name"] = strings.TrimPrefix(source, "method.request.header.")
		}
		if a["type"] == "COGNITO_USER_POOLS" {
			scheme["x-amazon-apigateway-authtype"] = "cognito_user_pools"
		}
		out[name] = scheme
	}
	return out
}

func (s *spec) exportedResponses() obj {
	out := obj{}
	for name, g := range s.responses {
		c := maps.Clone(g)
		if status, ok := c["statusCode"].(string); ok {
			c["statusCode"] = json.Number(status)
		}
		out[name] = c
	}
	return out
}

// gateway answers the control plane's calls about API abc123, whose editor and
// whose stage prod may differ, over a real socket.
type gateway struct {
	editor, deployed *spec
	stages           arr
	deployments      arr
	domains          []string
	mappings         map[string]arr              // domain → base path mappings
	override         map[string]http.HandlerFunc // by path: a call that goes wrong
}

func (g *gateway) start(t *testing.T) *inventory.Reader {
	t.Helper()
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &srv.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")}
	return &inventory.Reader{REST: apigateway.NewFromConfig(cfg), HTTP: apigatewayv2.NewFromConfig(cfg), Limiter: rate.NewLimiter(rate.Inf, 1)}
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := g.override[r.URL.Path]; h != nil {
		h(w, r)
		return
	}
	answer, ok := g.answer(r)
	if !ok {
		fail(w, 404, "NotFoundException", "Invalid identifier specified")
		return
	}
	reply(w, answer)
}

func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("x-amzn-ErrorType", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(obj{"message": message}) // the client reports what it did not get
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client reports what it did not get
}

func (g *gateway) answer(r *http.Request) (any, bool) {
	const api = "/restapis/abc123"
	switch r.URL.Path {
	case "/restapis":
		return obj{"item": arr{obj{"id": "abc123", "name": "orders"}}}, true
	case "/v2/apis":
		return obj{"items": arr{}}, true
	case "/v2/domainnames":
		return obj{"items": arr{}}, true
	case api:
		policy, err := json.Marshal(g.editor.policy)
		if err != nil {
			panic(err)
		}
		// The service escapes the policy's quotes once more.
		return obj{"id": "abc123", "name": "orders", "createdDate": 1.7e9, "policy": strings.ReplaceAll(string(policy), `"`, `\"`),
			"binaryMediaTypes": g.editor.binary, "apiKeySource": g.editor.keySource, "endpointConfiguration": obj{"types": arr{"REGIONAL"}}}, true
	case api + "/stages":
		return obj{"item": g.stages}, true
	case api + "/deployments":
		return page(r, g.deployments, 2), true
	case api + "/resources":
		return page(r, g.editor.resources(), 150), true
	case api + "/authorizers":
		list := arr{}
		for name, a := range g.editor.authorizers {
			c := maps.Clone(a)
			c["id"], c["name"] = "id-"+name, name
			list = append(list, c)
		}
		return obj{"item": list}, true
	case api + "/requestvalidators":
		return obj{"item": arr{validators["val1"], validators["val2"], validators["val3"]}}, true
	case api + "/models":
		list := arr{}
		for name, schema := range g.editor.models {
			list = append(list, obj{"id": "m" + name, "name": name, "contentType": "application/json", "schema": schema})
		}
		return obj{"item": list}, true
	case api + "/gatewayresponses":
		return obj{"item": g.gatewayResponses()}, true
	case api + "/stages/prod/exports/oas30":
		return g.deployed.export(), true
	case "/domainnames":
		list := arr{}
		for _, d := range g.domains {
			list = append(list, obj{"domainName": d, "endpointConfiguration": obj{"types": arr{"REGIONAL"}}, "routingMode": "BASE_PATH_MAPPING_ONLY"})
		}
		return page(r, list, 2), true
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/domainnames/"); ok {
		name, _, found := strings.Cut(rest, "/basepathmappings")
		list, known := g.mappings[name]
		return obj{"item": list}, found && known
	}
	return nil, false
}

// gatewayResponses lists the customised ones and one that is not.
func (g *gateway) gatewayResponses() arr {
	list := arr{obj{"responseType": "THROTTLED", "statusCode": "429", "defaultResponse": true, "responseTemplates": obj{"application/json": `{"message":$context.error.messageString}`}}}
	for name, r := range g.editor.responses {
		c := maps.Clone(r)
		c["responseType"], c["defaultResponse"] = name, false
		if c["responseTemplates"] == nil {
			c["responseTemplates"] = obj{"application/json": `{"message":$context.error.messageString}`}
		}
		list = append(list, c)
	}
	return list
}

// page gives size items from the position on, whatever limit was asked for.
func page(r *http.Request, list arr, size int) obj {
	from, _ := strconv.Atoi(r.URL.Query().Get("position"))
	to := min(from+size, len(list))
	out := obj{"item": list[from:to]}
	if to < len(list) {
		out["position"] = strconv.Itoa(to)
	}
	return out
}
