package inventory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"stageprobe/probe"
)

// anyMethod is how exports spell a route for all methods.
const anyMethod = "x-amazon-apigateway-any-method"

var errNotOpenAPI = errors.New("the answer is no OpenAPI document: it has no paths")

// object is a JSON object read without a schema: exports of real APIs and of
// emulators differ in what they leave out, and a missing member of any level
// reads as empty.
type object map[string]any

func (o object) object(key string) object {
	m, _ := o[key].(map[string]any)
	return m
}

func (o object) list(key string) []any {
	l, _ := o[key].([]any)
	return l
}

func (o object) bool(key string) bool {
	b, _ := o[key].(bool)
	return b
}

// text reads a string, or a number or boolean as it is written.
func (o object) text(key string) string { return text(o[key]) }

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func (o object) int(key string) (int, bool) {
	n, err := strconv.Atoi(o.text(key))
	return n, err == nil
}

func (o object) strings(key string) []string {
	var out []string
	for _, v := range o.list(key) {
		out = append(out, text(v))
	}
	return out
}

func (o object) stringMap(key string) map[string]string {
	var out map[string]string
	for k, v := range o.object(key) {
		if out == nil {
			out = map[string]string{}
		}
		out[k] = text(v)
	}
	return out
}

// document is an export, OpenAPI 3 or Swagger 2.
type document struct {
	object
	kind    probe.APIKind
	schemes map[string]scheme
}

// scheme is a security scheme as API Gateway exports it.
type scheme struct {
	authorization string // CUSTOM, COGNITO_USER_POOLS, AWS_IAM, JWT; "" for API keys
	authorizer    *probe.Authorizer
}

// parseExport reads an export with the extensions integrations, authorizers
// and apigateway.
func parseExport(body []byte, kind probe.APIKind, source string) (*probe.Definition, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	doc := document{kind: kind}
	if err := dec.Decode(&doc.object); err != nil {
		return nil, fmt.Errorf("export is not JSON: %w", err)
	}
	if doc.object.object("paths") == nil {
		return nil, errNotOpenAPI
	}
	doc.schemes = doc.securitySchemes()
	d := &probe.Definition{
		Source: source, Routes: doc.routes(), Authorizers: map[string]probe.Authorizer{}, GatewayResponses: doc.gatewayResponses(),
		Models: map[string]string{}, Policy: canonicalPolicy(doc.object["x-amazon-apigateway-policy"]),
		BinaryTypes: doc.strings("x-amazon-apigateway-binary-media-types"), APIKeySource: doc.text("x-amazon-apigateway-api-key-source"),
	}
	for name, s := range doc.schemes {
		if s.authorizer != nil {
			d.Authorizers[name] = *s.authorizer
		}
	}
	for name, schema := range doc.schemas() {
		d.Models[name] = canonicalSchema(schema)
	}
	if kind == probe.HTTP {
		d.CORS = exportedCORS(doc.object.object("x-amazon-apigateway-cors"))
	}
	if !exportsIntegrations(d) {
		d.Unknown = append(d.Unknown, "integration")
	}
	return canonical(d, kind), nil
}

// exportsIntegrations tells an export whose extensions were left out from one
// of routes that have no integration: those cannot be deployed at all.
func exportsIntegrations(d *probe.Definition) bool {
	for _, r := range d.Routes {
		if r.Integration.Type != "" {
			return true
		}
	}
	return len(d.Routes) == 0
}

func (d document) schemas() object {
	if s := d.object.object("components").object("schemas"); s != nil {
		return s
	}
	return d.object.object("definitions")
}

func (d document) securitySchemes() map[string]scheme {
	list := d.object.object("components").object("securitySchemes")
	if list == nil {
		list = d.object.object("securityDefinitions")
	}
	out := map[string]scheme{}
	for name := range list {
		out[name] = d.scheme(list.object(name))
	}
	return out
}

func (d document) scheme(s object) scheme {
	ext := s.object("x-amazon-apigateway-authorizer")
	switch strings.ToLower(s.text("x-amazon-apigateway-authtype")) {
	case "awssigv4":
		return scheme{authorization: "AWS_IAM"}
	case "cognito_user_pools":
		return scheme{"COGNITO_USER_POOLS", authorizerOf(s, ext)}
	}
	switch strings.ToLower(ext.text("type")) {
	case "":
		if s.text("x-amazon-apigateway-authtype") == "" {
			return scheme{} // an API key
		}
		return scheme{authorization: "CUSTOM"}
	case "jwt":
		return scheme{"JWT", authorizerOf(s, ext)}
	case "cognito_user_pools":
		return scheme{"COGNITO_USER_POOLS", authorizerOf(s, ext)}
	}
	return scheme{"CUSTOM", authorizerOf(s, ext)}
}

func authorizerOf(s, ext object) *probe.Authorizer {
	a := &probe.Authorizer{
		Type: strings.ToUpper(ext.text("type")), URI: ext.text("authorizerUri"), IdentitySource: ext.text("identitySource"),
		Validation: ext.text("identityValidationExpression"), Providers: ext.strings("providerARNs"), Credentials: ext.text("authorizerCredentials"),
		PayloadVersion: ext.text("authorizerPayloadFormatVersion"), SimpleResponses: ext.bool("enableSimpleResponses"),
		Issuer: ext.object("jwtConfiguration").text("issuer"), Audience: ext.object("jwtConfiguration").strings("audience"),
	}
	a.Other = beyond(ext, authorizerMembers)
	if jwt := ext.object("jwtConfiguration"); a.Issuer == "" && len(jwt) > 0 { // of a REST API, which names several issuers
		if a.Other == nil {
			a.Other = map[string]string{}
		}
		a.Other["jwtConfiguration"] = toJSON(map[string]any(jwt))
	}
	// The header that a TOKEN or Cognito authorizer reads is the scheme's own.
	if a.IdentitySource == "" && s.text("in") == "header" && (a.Type == "TOKEN" || a.Type == "COGNITO_USER_POOLS") {
		a.IdentitySource = "method.request.header." + s.text("name")
	}
	if ttl, ok := ext.int("authorizerResultTtlInSeconds"); ok {
		a.TTL = &ttl
	}
	return a
}

func (d document) gatewayResponses() map[string]probe.GatewayResponse {
	out := map[string]probe.GatewayResponse{}
	list := d.object.object("x-amazon-apigateway-gateway-responses")
	for name := range list {
		g := list.object(name)
		out[name] = probe.GatewayResponse{Status: g.text("statusCode"), Parameters: g.stringMap("responseParameters"), Templates: g.stringMap("responseTemplates")}
	}
	return out
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", anyMethod}

func (d document) routes() map[string]probe.Route {
	out := map[string]probe.Route{}
	paths := d.object.object("paths")
	for path := range paths {
		item := paths.object(path)
		for method := range item {
			if !slices.Contains(methods, strings.ToLower(method)) || item.object(method) == nil {
				continue
			}
			op := operation{doc: d, object: item.object(method), shared: item.list("parameters")}
			out[d.routeKey(method, path, op)] = op.route()
		}
	}
	return out
}

func (d document) routeKey(method, path string, op operation) string {
	if d.kind == probe.HTTP && (op.bool("isDefaultRoute") || path == "/$default") {
		return probe.DefaultStage // the default route is spelt as the default stage
	}
	if strings.EqualFold(method, anyMethod) {
		return "ANY " + path
	}
	return strings.ToUpper(method) + " " + path
}

// ParseOpenAPI reads an OpenAPI 3 or Swagger 2 document in JSON into the form in
// which definitions are compared. Source says whose it is, such as GetExport.
func ParseOpenAPI(doc []byte, kind probe.APIKind, source string) (*probe.Definition, error) {
	return parseExport(doc, kind, source)
}
