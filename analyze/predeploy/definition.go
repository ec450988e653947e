package predeploy

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/inventory"
)

// pathCache holds the paths of resources, by address, after and before.
type pathCache map[string]string

// afterApply stands for a value that is known once the change has been applied.
const afterApply = "(known after apply)"

// secret stands for a value that the tool marks as sensitive.
const secret = "(sensitive)"

// maxDepth bounds how deep resources may be nested: a circle ends there.
const maxDepth = 64

// path is a resource's path; the parts that cannot be told are "…".
func (a *assembly) path(address string, depth int) string {
	if p, ok := a.paths[address]; ok {
		return p
	}
	r := a.byAddress[address]
	switch {
	case address == "" || r == nil || depth > maxDepth:
		return "/…"
	case r.isAPI():
		return "/"
	case r.now().text("path") != "" && !r.unknown["path"]:
		return r.now().text("path")
	}
	parent := a.refer(r, "parentid", r.after != nil)
	p := strings.TrimSuffix(a.path(parent, depth+1), "/") + "/" + r.now().text("pathpart")
	a.paths[address] = p
	return p
}

// routeOf is the method and path of a part of a REST API's route.
func (a *assembly) routeOf(r *resource) string {
	at := cmp.Or(a.refer(r, "resourceid", r.after != nil), a.refer(r, "resource", r.after != nil)) // the latter is Pulumi's
	return cmp.Or(r.now().text("httpmethod"), "ANY") + " " + a.path(at, 0)
}

func (a *assembly) subject(r *resource) string {
	p := r.now()
	switch name := r.key[strings.IndexByte(r.key, '.')+1:]; name {
	case "method", "methodresponse", "integrationresponse", "integration":
		route := a.routeOf(r)
		if !r.v2() && route == "ANY /…" && p.text("httpmethod") == "" { // a change set without values
			break
		}
		if !r.v2() {
			return route
		}
		if routes := a.routesTo(r.address); len(routes) > 0 {
			return "integration of " + few(routes, 3)
		}
	case "resource":
		return "resource " + a.path(r.address, 0)
	case "route":
		return p.text("routekey")
	case "gatewayresponse", "response":
		return "gateway response " + p.text("responsetype")
	case "model", "authorizer", "requestvalidator":
		return string(kindOfType[r.key].Kind) + " " + cmp.Or(p.text("name"), nameOfURN(r.address))
	case "restapipolicy":
		return "resource policy"
	case "restapi", "api":
		return "the API"
	case "restapiput":
		return "the body"
	}
	return string(kindOfType[r.key].Kind) + " " + cmp.Or(p.text("name"), nameOfURN(r.address))
}

// routesTo are the routes of an HTTP API that call an integration.
func (a *assembly) routesTo(integration string) []string {
	if a.callers == nil {
		a.callers = map[string][]string{}
		for _, r := range a.resources {
			if r.key == "apigatewayv2.route" {
				to := a.refer(r, "target", r.after != nil)
				a.callers[to] = append(a.callers[to], r.now().text("routekey"))
			}
		}
	}
	return unique(a.callers[integration])
}

// definition is the API's definition after the change, or before it, as far as
// the files hold it. Both sides are made alike, so that they can be compared.
func (a *assembly) definition(api *API, after bool) *probe.Definition {
	d := &probe.Definition{Source: sourceOf(api.Kind), Routes: map[string]probe.Route{}}
	integrations := map[string]probe.Integration{}
	for _, r := range a.parts[api.Address] {
		p := r.side(after)
		if p == nil || !r.is("integration") {
			continue
		}
		key := r.address
		if !r.v2() {
			key = a.routeOf(r)
		}
		integrations[key] = integrationOf(p)
	}
	for _, r := range a.parts[api.Address] {
		if p := r.side(after); p != nil {
			a.define(d, r, p, integrations, after)
		}
	}
	return d
}

// side is a resource's properties after the change, or before it; what is not
// known yet stands as such.
func (r *resource) side(after bool) props {
	p := r.at(after)
	if p == nil || len(r.unknown)+len(r.hidden) == 0 {
		return p
	}
	p = maps.Clone(p)
	for k := range r.unknown {
		if after && !ignored[k] {
			p[k] = afterApply
		}
	}
	for k := range r.hidden {
		if _, ok := p[k]; ok {
			p[k] = secret
		}
	}
	return p
}

func (a *assembly) define(d *probe.Definition, r *resource, p props, integrations map[string]probe.Integration, after bool) {
	switch {
	case r.is("method"):
		key := a.routeOf(r)
		route := routeFrom(p)
		route.Authorizer = a.refer(r, "authorizerid", after)
		route.Integration = integrations[key]
		if inline := p.block("integration"); inline != nil {
			route.Integration = integrationOf(inline)
		}
		d.Routes[key] = route
	case r.is("route"):
		route := routeFrom(p)
		route.Authorizer = a.refer(r, "authorizerid", after)
		route.Integration = integrations[a.refer(r, "target", after)]
		d.Routes[p.text("routekey")] = route
	case r.is("gatewayresponse") || r.is("response"):
		if d.GatewayResponses == nil {
			d.GatewayResponses = map[string]probe.GatewayResponse{}
		}
		d.GatewayResponses[p.text("responsetype")] = probe.GatewayResponse{
			Status: p.text("statuscode"), Parameters: textMap(p.object("responseparameters")), Templates: textMap(p.object("responsetemplates")),
		}
	case r.is("restapipolicy") || r.isAPI():
		if v, ok := p["policy"]; ok && !empty(v) {
			d.Policy = canonicalJSON(v)
		}
		if r.isAPI() {
			a.body(d, p)
		}
	case r.is("restapiput"):
		a.body(d, p)
	}
}

func routeFrom(p props) probe.Route {
	return probe.Route{
		Authorization:  cmp.Or(p.text("authorization"), p.text("authorizationtype"), "NONE"),
		APIKeyRequired: p.bool("apikeyrequired"), Scopes: texts(p.list("authorizationscopes")),
		Parameters: boolMap(p.object("requestparameters")), OperationName: p.text("operationname"),
	}
}

func integrationOf(p props) probe.Integration {
	timeout, _ := number(cmp.Or[any](p["timeoutmilliseconds"], p["timeoutinmillis"]))
	return probe.Integration{
		Type: cmp.Or(p.text("type"), p.text("integrationtype")), Method: cmp.Or(p.text("integrationhttpmethod"), p.text("integrationmethod")),
		URI: cmp.Or(p.text("uri"), p.text("integrationuri")), Credentials: p.text("credentials"),
		ConnectionType: p.text("connectiontype"), ConnectionID: p.text("connectionid"), TimeoutMS: int(timeout),
		RequestParameters: textMap(p.object("requestparameters")), RequestTemplates: textMap(p.object("requesttemplates")),
	}
}

// body adds what an OpenAPI body defines. One that cannot be read here (kept in
// a bucket, known later) adds nothing; its edit stands all the same.
func (a *assembly) body(d *probe.Definition, p props) {
	v, ok := p["body"]
	if !ok || empty(v) {
		return
	}
	def, err := bodyDefinition(v, kindOf(d.Source == sourceOf(probe.HTTP)))
	if err != nil {
		return
	}
	maps.Copy(d.Routes, def.Routes)
	d.Authorizers, d.Models, d.CORS, d.Unknown = def.Authorizers, def.Models, def.CORS, def.Unknown
	d.GatewayResponses, d.BinaryTypes, d.APIKeySource = def.GatewayResponses, def.BinaryTypes, def.APIKeySource
	d.Policy = cmp.Or(d.Policy, def.Policy)
}

// bodyDefinition reads an OpenAPI body, written as an object or as text.
func bodyDefinition(v any, kind probe.APIKind) (*probe.Definition, error) {
	if s, ok := v.(string); ok {
		doc, err := decode([]byte(s))
		if err != nil {
			return nil, err
		}
		v = doc
	}
	text, err := json.Marshal(plainIntrinsics(v))
	if err != nil {
		return nil, err
	}
	return inventory.ParseOpenAPI(text, kind, sourceOf(kind))
}

// sourceOf is the operation that exports a definition of a kind.
func sourceOf(kind probe.APIKind) string {
	if kind == probe.HTTP {
		return "ExportApi"
	}
	return "GetExport"
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case int:
		return float64(v), true
	case string:
		n, err := strconv.ParseFloat(v, 64)
		return n, err == nil
	}
	return 0, false
}

// textOf writes a value in a word: what an expression refers to stands in
// ${…}.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case map[string]any:
		if s, ok := intrinsicText(v); ok {
			return s
		}
		return canonicalJSON(v)
	case []any:
		return canonicalJSON(v)
	}
	if n, ok := number(v); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return canonicalJSON(v)
}

func canonicalJSON(v any) string {
	if s, ok := v.(string); ok {
		var doc any
		if json.Unmarshal([]byte(s), &doc) != nil {
			return s
		}
		v = doc
	}
	text, err := json.Marshal(v) // sorts the keys
	if err != nil {
		return ""
	}
	return string(text)
}

func texts(list []any) []string {
	return slices.Sorted(slices.Values(each(list, textOf)))
}

func textMap(m map[string]any) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k] = textOf(v)
	}
	return out
}

func boolMap(m map[string]any) map[string]bool {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]bool, len(m))
	for k, v := range m {
		name := strings.TrimPrefix(k, "method.request.")
		name = strings.Replace(name, "querystring.", "query.", 1)
		out[name] = isTrue(v)
	}
	return out
}
