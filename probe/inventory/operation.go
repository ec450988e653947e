package inventory

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"stageprobe/probe"
)

// operation is one method of one path of an export.
type operation struct {
	object
	doc    document
	shared []any // the path's own parameters
}

func (op operation) route() probe.Route {
	r := probe.Route{
		Validator: op.validator(), Responses: op.responses(), Integration: op.integration(), OperationName: op.text("operationId"),
	}
	op.security(&r)
	op.parameters(&r)
	op.requestBody(&r)
	return r
}

// security reads the authorizer, the scopes and the API key. REST exports list
// each requirement on its own, a hand-written import may join them.
func (op operation) security(r *probe.Route) {
	if strings.EqualFold(op.object.object("x-amazon-apigateway-auth").text("type"), "AWS_IAM") {
		r.Authorization = "AWS_IAM"
	}
	list := op.list("security")
	if _, own := op.object["security"]; !own {
		list = op.doc.list("security")
	}
	for _, item := range list {
		requirement, _ := item.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(requirement)) {
			s, known := op.doc.schemes[name]
			switch {
			case known && s.authorization == "", !known && name == "api_key":
				r.APIKeyRequired = true
			case known:
				r.Authorization = s.authorization
				r.Scopes = object(requirement).strings(name)
				if s.authorizer != nil {
					r.Authorizer = name
				}
			}
		}
	}
}

func (op operation) parameters(r *probe.Route) {
	for _, v := range slices.Concat(op.shared, op.list("parameters")) {
		m, _ := v.(map[string]any)
		p := op.doc.resolve(m)
		name := p.text("name")
		switch p.text("in") {
		case "query":
			set(&r.Parameters, "query."+name, p.bool("required"))
		case "header":
			// Swagger 2 exports list a consumed Content-Type or Accept like
			// any other header; so does the editor.
			set(&r.Parameters, "header."+name, p.bool("required"))
		case "path":
			set(&r.Parameters, "path."+name, true)
		case "body":
			for _, contentType := range op.contentTypes("consumes") {
				set(&r.RequestModels, contentType, modelOf(p.object("schema")))
			}
		}
	}
}

func set[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}

// resolve follows a local reference once; exports do not nest them.
func (d document) resolve(o object) object {
	path, ok := strings.CutPrefix(o.text("$ref"), "#/")
	if !ok {
		return o
	}
	at := d.object
	for _, step := range strings.Split(path, "/") {
		at = at.object(strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~"))
	}
	return at
}

// contentTypes are those of a Swagger 2 operation.
func (op operation) contentTypes(key string) []string {
	for _, list := range [][]string{op.strings(key), op.doc.strings(key)} {
		if len(list) > 0 {
			return list
		}
	}
	return []string{"application/json"}
}

func (op operation) requestBody(r *probe.Route) {
	content := op.doc.resolve(op.object.object("requestBody")).object("content")
	for contentType := range content {
		if schema := content.object(contentType).object("schema"); schema != nil {
			set(&r.RequestModels, contentType, modelOf(schema))
		}
	}
}

// modelOf is the name of the model that a schema refers to. API Gateway always
// refers; a schema written in place is named by its content.
func modelOf(schema object) string {
	if ref := schema.text("$ref"); ref != "" {
		return ref[strings.LastIndexByte(ref, '/')+1:]
	}
	return canonicalSchema(map[string]any(schema))
}

// validator reads the operation's request validator, or the document's.
func (op operation) validator() string {
	const key = "x-amazon-apigateway-request-validator"
	name := cmp.Or(op.text(key), op.doc.text(key))
	v := op.doc.object.object("x-amazon-apigateway-request-validators").object(name)
	return validatorName(v.bool("validateRequestBody"), v.bool("validateRequestParameters"))
}

// responses reads the method responses. An operation without any must still
// have one in OpenAPI: it is exported as a "default" without content.
func (op operation) responses() map[string]string {
	var out map[string]string
	list := op.object.object("responses")
	for status := range list {
		resp := op.doc.resolve(list.object(status))
		m := methodResponse{Headers: slices.Sorted(maps.Keys(resp.object("headers")))}
		content := resp.object("content")
		for contentType := range content {
			if schema := content.object(contentType).object("schema"); schema != nil {
				set(&m.Models, contentType, modelOf(schema))
			}
		}
		if schema := resp.object("schema"); schema != nil { // Swagger 2
			for _, contentType := range op.contentTypes("produces") {
				set(&m.Models, contentType, modelOf(schema))
			}
		}
		if status != "default" {
			set(&out, status, toJSON(m))
		}
	}
	return out
}

func (op operation) integration() probe.Integration {
	i := op.doc.resolve(op.object.object("x-amazon-apigateway-integration"))
	out := probe.Integration{
		Type: i.text("type"), Method: i.text("httpMethod"), URI: i.text("uri"), Credentials: i.text("credentials"),
		ConnectionType: i.text("connectionType"), ConnectionID: i.text("connectionId"), Passthrough: i.text("passthroughBehavior"),
		ContentHandling: i.text("contentHandling"), PayloadVersion: i.text("payloadFormatVersion"), Subtype: i.text("integrationSubtype"),
		RequestParameters: i.stringMap("requestParameters"), RequestTemplates: i.stringMap("requestTemplates"),
		CacheKeyParameters: i.strings("cacheKeyParameters"), TransferMode: i.text("responseTransferMode"), Target: i.text("integrationTarget"),
		TLSInsecure: i.object("tlsConfig").bool("insecureSkipVerification"), TLSServerName: i.object("tlsConfig").text("serverNameToVerify"),
	}
	out.TimeoutMS, _ = i.int("timeoutInMillis")
	out.Other = beyond(i, integrationMembers)
	list := i.object("responses")
	for pattern := range list {
		resp := list.object(pattern)
		set(&out.Responses, pattern, integrationResponse{
			Status: resp.text("statusCode"), Parameters: filled(resp.stringMap("responseParameters")), Templates: resp.stringMap("responseTemplates"),
			ContentHandling: resp.text("contentHandling"),
		}.canonical())
	}
	if list := i.object("responseParameters"); list != nil { // HTTP APIs: by status, no templates
		for status := range list {
			set(&out.Responses, status, integrationResponse{Parameters: list.stringMap(status)}.canonical())
		}
	}
	return out
}
