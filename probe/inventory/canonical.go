package inventory

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"stageprobe/probe"
)

// Defaults that one source writes out and another leaves away.
const (
	defaultPassthrough  = "WHEN_NO_MATCH"
	defaultTimeoutREST  = 29000 // milliseconds
	defaultTimeoutHTTP  = 30000
	defaultAuthorizer   = 300 // seconds, of REST Lambda authorizers
	defaultTemplate     = `{"message":$context.error.messageString}`
	passthroughTemplate = "__passthrough__" // how exports write a template that is null
)

// canonical brings a definition to the form in which definitions of different
// sources are compared: enumerations in upper case, defaults written out,
// what no request can notice left out.
func canonical(d *probe.Definition, kind probe.APIKind) *probe.Definition {
	for key, r := range d.Routes {
		canonicalRoute(key, &r, kind)
		d.Routes[key] = r
	}
	for name, a := range d.Authorizers {
		canonicalAuthorizer(&a, kind)
		d.Authorizers[name] = a
	}
	maps.DeleteFunc(d.Authorizers, func(name string, _ probe.Authorizer) bool { return !usesAuthorizer(d, name) })
	used := usedModels(d)
	maps.DeleteFunc(d.Models, func(name string, _ string) bool { return !used[name] })
	for t, g := range d.GatewayResponses {
		canonicalGatewayResponse(t, &g)
		d.GatewayResponses[t] = g
	}
	maps.DeleteFunc(d.GatewayResponses, func(_ string, g probe.GatewayResponse) bool {
		return g.Status == "" && len(g.Parameters) == 0 && len(g.Templates) == 0
	})
	d.BinaryTypes = sorted(d.BinaryTypes)
	if d.APIKeySource == "HEADER" {
		d.APIKeySource = ""
	}
	d.Routes, d.Authorizers, d.Models = filled(d.Routes), filled(d.Authorizers), filled(d.Models)
	d.GatewayResponses, d.Unknown = filled(d.GatewayResponses), sorted(d.Unknown)
	return d
}

// filled makes an empty map a missing one.
func filled[M ~map[K]V, K comparable, V any](m M) M {
	if len(m) == 0 {
		return nil
	}
	return m
}

func canonicalRoute(key string, r *probe.Route, kind probe.APIKind) {
	r.Authorization = strings.ToUpper(cmp.Or(r.Authorization, "NONE"))
	r.Scopes = sorted(r.Scopes)
	// A path parameter is there whenever the route matches: an export lists it
	// as required, the editor may not list it at all.
	for _, name := range pathParameters(key) {
		if r.Parameters == nil {
			r.Parameters = map[string]bool{}
		}
		r.Parameters["path."+name] = true
	}
	maps.DeleteFunc(r.Parameters, func(name string, _ bool) bool {
		path, ok := strings.CutPrefix(name, "path.")
		return ok && !slices.Contains(pathParameters(key), path)
	})
	r.Parameters, r.RequestModels, r.Responses = filled(r.Parameters), filled(r.RequestModels), filled(r.Responses)
	canonicalIntegration(&r.Integration, kind)
}

// pathParameters are the names in the braces of a route key, without the + of
// a greedy one.
func pathParameters(key string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(key, "{")
		if !ok {
			return names
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return names
		}
		names = append(names, strings.TrimSuffix(name, "+"))
		key = after
	}
}

func canonicalIntegration(i *probe.Integration, kind probe.APIKind) {
	i.CacheNamespace = "" // a resource's id by default, which an export cannot tell from a choice
	if i.Type == "" {
		return
	}
	for _, s := range []*string{&i.Type, &i.Method, &i.ConnectionType, &i.Passthrough, &i.ContentHandling, &i.TransferMode} {
		*s = strings.ToUpper(*s)
	}
	if i.Method == "X-AMAZON-APIGATEWAY-ANY-METHOD" {
		i.Method = "ANY"
	}
	if i.ConnectionType == "INTERNET" {
		i.ConnectionType = ""
	}
	if i.TransferMode == "BUFFERED" {
		i.TransferMode = ""
	}
	i.CacheKeyParameters = sorted(i.CacheKeyParameters)
	if strings.HasSuffix(i.Type, "_PROXY") && kind == probe.REST {
		i.Responses = nil // a proxy's answer passes unmapped; exports list a default response all the same
	}
	for k, v := range i.RequestTemplates {
		if v == passthroughTemplate {
			i.RequestTemplates[k] = "" // the content type stays: with NEVER its presence decides
		}
	}
	i.RequestParameters, i.RequestTemplates, i.Responses = filled(i.RequestParameters), filled(i.RequestTemplates), filled(i.Responses)
	if kind == probe.HTTP {
		i.TimeoutMS, i.Passthrough = cmp.Or(i.TimeoutMS, defaultTimeoutHTTP), "" // which HTTP APIs do not have
		return
	}
	i.TimeoutMS, i.Passthrough = cmp.Or(i.TimeoutMS, defaultTimeoutREST), cmp.Or(i.Passthrough, defaultPassthrough)
	i.PayloadVersion = "" // REST integrations have none
	if i.Type == "MOCK" {
		i.Method, i.URI, i.TimeoutMS = "", "", defaultTimeoutREST // a mock calls nothing
	}
}

func canonicalAuthorizer(a *probe.Authorizer, kind probe.APIKind) {
	a.Type = strings.ToUpper(a.Type)
	sources := strings.Split(a.IdentitySource, ",")
	for i := range sources {
		sources[i] = strings.TrimSpace(sources[i])
	}
	a.IdentitySource = strings.Join(sources, ",")
	a.Providers, a.Audience = sorted(a.Providers), sorted(a.Audience)
	switch {
	case a.Type == "COGNITO_USER_POOLS":
		a.TTL = nil // it caches no results
	case kind == probe.REST && a.TTL == nil && a.Type != "":
		a.TTL = new(defaultAuthorizer)
	}
}

func usesAuthorizer(d *probe.Definition, name string) bool {
	for _, r := range d.Routes {
		if r.Authorizer == name {
			return true
		}
	}
	return false
}

// usedModels are those that a request can meet: a route's body is validated
// against them, or a model that is refers to them.
func usedModels(d *probe.Definition) map[string]bool {
	used := map[string]bool{}
	var queue []string
	for _, r := range d.Routes {
		queue = slices.AppendSeq(queue, maps.Values(r.RequestModels))
	}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if used[name] {
			continue // models may refer to each other in a circle
		}
		used[name] = true
		for other := range d.Models {
			if strings.Contains(d.Models[name], modelRef(other)) {
				queue = append(queue, other)
			}
		}
	}
	return used
}

func modelRef(name string) string { return `"$ref":"#/models/` + name + `"` }

// defaultStatus gives the status of a gateway response type where it is not
// customised (developer guide, "Gateway response types").
var defaultStatus = map[string]int{
	"ACCESS_DENIED": 403, "API_CONFIGURATION_ERROR": 500, "AUTHORIZER_CONFIGURATION_ERROR": 500, "AUTHORIZER_FAILURE": 500,
	"BAD_REQUEST_BODY": 400, "BAD_REQUEST_PARAMETERS": 400, "EXPIRED_TOKEN": 403, "INTEGRATION_FAILURE": 504,
	"INTEGRATION_TIMEOUT": 504, "INVALID_API_KEY": 403, "INVALID_SIGNATURE": 403, "MISSING_AUTHENTICATION_TOKEN": 403,
	"QUOTA_EXCEEDED": 429, "REQUEST_TOO_LARGE": 413, "RESOURCE_NOT_FOUND": 404, "THROTTLED": 429, "UNAUTHORIZED": 401,
	"UNSUPPORTED_MEDIA_TYPE": 415, "WAF_FILTERED": 403,
}

func canonicalGatewayResponse(kind string, g *probe.GatewayResponse) {
	if g.Status == strconv.Itoa(defaultStatus[kind]) || g.Status == "null" {
		g.Status = ""
	}
	maps.DeleteFunc(g.Templates, func(contentType, t string) bool {
		return contentType == "application/json" && t == defaultTemplate
	})
	g.Parameters, g.Templates = filled(g.Parameters), filled(g.Templates)
}

// canonicalSchema is a model's schema with keys sorted, references to other
// models by name, and without $schema and id, which exports leave away.
func canonicalSchema(schema any) string {
	return toJSON(walk(schema, func(o map[string]any) {
		delete(o, "$schema")
		delete(o, "$id")
		if ref, ok := o["$ref"].(string); ok && !strings.HasPrefix(ref, "#/definitions/") {
			o["$ref"] = "#/models/" + ref[strings.LastIndexByte(ref, '/')+1:]
		} else if ok {
			o["$ref"] = "#/models/" + strings.TrimPrefix(ref, "#/definitions/")
		}
		if list, ok := o["required"].([]any); ok {
			slices.SortFunc(list, func(a, b any) int { return cmp.Compare(toJSON(a), toJSON(b)) })
		}
	}))
}

// policy is a resource policy in canonical form. The REST service writes it as
// a JSON string whose quotes are escaped once more; resources may be named by
// full ARN or as execute-api:/….
func policy(s string) string {
	if s == "" {
		return ""
	}
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		unescaped, err := strconv.Unquote(`"` + s + `"`)
		if err != nil || json.Unmarshal([]byte(unescaped), &v) != nil {
			return s // not JSON: compared as it stands
		}
	}
	return canonicalPolicy(v)
}

func canonicalPolicy(v any) string {
	if v == nil {
		return ""
	}
	return toJSON(scalars(walk(v, nil)))
}

// scalars writes lists of one as that one, sorts the others, and shortens
// execute-api ARNs: the two spellings of a policy mean the same.
func scalars(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = scalars(v[k])
		}
		if len(v) == 1 && v["AWS"] == "*" {
			return "*"
		}
	case []any:
		for i := range v {
			v[i] = scalars(v[i])
		}
		if len(v) == 1 {
			return v[0]
		}
		slices.SortFunc(v, func(a, b any) int { return cmp.Compare(toJSON(a), toJSON(b)) })
	case string:
		if parts := strings.SplitN(v, ":", 6); len(parts) == 6 && parts[0] == "arn" && parts[2] == "execute-api" {
			_, resource, _ := strings.Cut(parts[5], "/")
			return "execute-api:/" + resource
		}
	}
	return v
}

// walk copies a JSON value and lets edit change each object of the copy.
func walk(v any, edit func(map[string]any)) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for k, x := range v {
			c[k] = walk(x, edit)
		}
		if edit != nil {
			edit(c)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, x := range v {
			c[i] = walk(x, edit)
		}
		return c
	}
	return v
}

// toJSON writes a value with sorted keys and without HTML escapes.
func toJSON(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "" // JSON values and plain structs always encode
	}
	return strings.TrimSpace(b.String())
}

// methodResponse is a method response as far as both sources tell it.
type methodResponse struct {
	Headers []string          `json:"headers,omitempty"`
	Models  map[string]string `json:"models,omitempty"`
}

// integrationResponse is an integration response in canonical form.
type integrationResponse struct {
	Status          string            `json:"status,omitempty"`
	Parameters      map[string]string `json:"parameters,omitempty"`
	Templates       map[string]string `json:"templates,omitempty"`
	ContentHandling string            `json:"content_handling,omitempty"`
}

func (r integrationResponse) canonical() string {
	maps.DeleteFunc(r.Templates, func(_, t string) bool { return t == "" || t == passthroughTemplate })
	r.ContentHandling = strings.ToUpper(r.ContentHandling)
	return toJSON(r)
}

// parameterName shortens where a request parameter is read from:
// "method.request.querystring.limit" is "query.limit".
func parameterName(s string) string {
	s = strings.TrimPrefix(s, "method.request.")
	if rest, ok := strings.CutPrefix(s, "querystring."); ok {
		return "query." + rest
	}
	return s
}

// validatorName says what a request validator checks.
func validatorName(body, params bool) string {
	switch {
	case body && params:
		return "body,params"
	case body:
		return "body"
	case params:
		return "params"
	}
	return ""
}
