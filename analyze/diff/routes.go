package diff

import (
	"cmp"
	"strconv"
	"strings"

	"stageprobe/probe"
)

// routeAspect is a single value of a route that is compared as a whole.
type routeAspect struct {
	name  string
	value func(r *probe.Route) string
	see   func(value string) string // what a probe sees of it

	group    string                  // the aspect whose sources may leave it out altogether; "" for none
	cosmetic bool                    // no answer shows it
	uri      bool                    // stage variables are resolved in it
	told     func(*probe.Route) bool // filled in by init
}

// routeAspects lists what is compared of a route, in the order of a request's
// way through the gateway.
var routeAspects = []routeAspect{
	{name: "authorization", value: func(r *probe.Route) string { return r.Authorization }, see: seeAuthorization},
	{name: "authorizer", value: func(r *probe.Route) string { return r.Authorizer }, see: seeAuthorizer},
	{name: "scopes", value: func(r *probe.Route) string { return join(r.Scopes) }, see: seeScopes},
	{name: "api_key_required", value: func(r *probe.Route) string { return strconv.FormatBool(r.APIKeyRequired) }, see: seeKey},
	{name: "validator", value: func(r *probe.Route) string { return r.Validator }, see: seeValidator, group: "validator"},
	{name: "operation_name", value: func(r *probe.Route) string { return r.OperationName }, cosmetic: true, group: "operation_name"},

	integration("type", func(i *probe.Integration) string { return i.Type }, func(v string) string { return "answers come from a " + v + " integration" }),
	integration("subtype", func(i *probe.Integration) string { return i.Subtype }, called),
	integration("uri", func(i *probe.Integration) string { return i.URI }, called),
	integration("target", func(i *probe.Integration) string { return i.Target }, called),
	integration("method", func(i *probe.Integration) string { return i.Method }, func(v string) string { return "the backend is called with " + cmp.Or(v, "no method of its own") }),
	integration("credentials", func(i *probe.Integration) string { return i.Credentials }, func(v string) string { return "the backend is called " + as(v) }),
	integration("connection_type", func(i *probe.Integration) string { return i.ConnectionType }, func(v string) string { return "the backend is reached through " + cmp.Or(v, "the internet") }),
	integration("connection_id", func(i *probe.Integration) string { return i.ConnectionID }, func(v string) string { return "the backend is reached through " + cmp.Or("VPC link "+v, "no VPC link") }),
	integration("tls_insecure", func(i *probe.Integration) string { return strconv.FormatBool(i.TLSInsecure) }, func(v string) string {
		return "the backend's certificate is " + choose(v == "true", "not verified", "verified")
	}),
	integration("tls_server_name", func(i *probe.Integration) string { return i.TLSServerName }, func(v string) string {
		return "the backend's certificate is verified for " + cmp.Or(v, "its host name")
	}),
	integration("timeout_ms", func(i *probe.Integration) string { return number(i.TimeoutMS) }, func(v string) string { return "504 when the backend takes longer than " + v + " ms" }),
	integration("passthrough", func(i *probe.Integration) string { return i.Passthrough }, func(v string) string { return "bodies without a template: " + v }),
	integration("content_handling", func(i *probe.Integration) string { return i.ContentHandling }, func(v string) string { return "request bodies: " + cmp.Or(v, "passed as they are") }),
	integration("payload_version", func(i *probe.Integration) string { return i.PayloadVersion }, func(v string) string { return "the function gets payload format " + cmp.Or(v, "1.0") }),
	integration("transfer_mode", func(i *probe.Integration) string { return i.TransferMode }, func(v string) string { return "answers are " + choose(v == "STREAM", "streamed", "buffered") }),
	integration("cache_key_parameters", func(i *probe.Integration) string { return join(i.CacheKeyParameters) }, func(v string) string { return "cached answers are told apart by " + cmp.Or(v, "the path alone") }),
}

func integration(name string, value func(*probe.Integration) string, see func(string) string) routeAspect {
	return routeAspect{
		name: "integration." + name, value: func(r *probe.Route) string { return value(&r.Integration) }, see: see,
		uri: name == "uri" || name == "credentials" || name == "connection_id" || name == "tls_server_name",
	}
}

// mapAspect is a map of a route, compared key by key.
type mapAspect struct {
	name  string
	value func(r *probe.Route) map[string]string
	see   func(key, value string, there bool) string
}

var mapAspects = []mapAspect{
	{"parameters", func(r *probe.Route) map[string]string { return booleans(r.Parameters) }, seeParameter},
	{"request_models", func(r *probe.Route) map[string]string { return r.RequestModels }, seeModel},
	{"responses", func(r *probe.Route) map[string]string { return r.Responses }, seeResponse},
	{"integration.request_parameters", func(r *probe.Route) map[string]string { return r.Integration.RequestParameters }, seeMapped},
	{"integration.request_templates", func(r *probe.Route) map[string]string { return r.Integration.RequestTemplates }, seeTemplate},
	{"integration.responses", func(r *probe.Route) map[string]string { return r.Integration.Responses }, seeIntegrationResponse},
}

func init() {
	for i := range routeAspects {
		value := routeAspects[i].value
		routeAspects[i].told = func(r *probe.Route) bool { return value(r) != "" }
	}
	// The maps, and the integration as a whole, can be left out by a source
	// altogether. They are compared elsewhere; only told is used of these.
	for _, m := range mapAspects {
		routeAspects = append(routeAspects, routeAspect{group: m.name, told: func(r *probe.Route) bool { return len(m.value(r)) > 0 }})
	}
	routeAspects = append(routeAspects, routeAspect{group: "integration", told: func(r *probe.Route) bool { return r.Integration.Type != "" }})
}

func (c *comparison) routes() {
	for _, key := range keys(c.a.Routes, c.b.Routes) {
		ra, inA := c.a.Routes[key]
		rb, inB := c.b.Routes[key]
		switch {
		case !inB:
			c.add(Difference{Subject: key, Aspect: "added", A: c.describe(&ra, c.varsA), Before: unmatched(c.b, key), After: "answered by " + c.describe(&ra, c.varsA), Routes: []string{key}})
		case !inA:
			c.add(Difference{Subject: key, Aspect: "removed", B: c.describe(&rb, c.varsB), Before: "answered by " + c.describe(&rb, c.varsB), After: unmatched(c.a, key), Routes: []string{key}})
		default:
			c.route(key, &ra, &rb)
		}
	}
}

func (c *comparison) route(key string, a, b *probe.Route) {
	for _, aspect := range routeAspects {
		if aspect.name == "" || !c.knows(aspect.name) {
			continue
		}
		if va, vb := aspect.value(a), aspect.value(b); va != vb {
			c.add(c.value(key, aspect, va, vb))
		}
	}
	c.others(key, []string{key}, a.Integration.Other, b.Integration.Other)
	for _, aspect := range mapAspects {
		if !c.knows(aspect.name) {
			continue
		}
		ma, mb := aspect.value(a), aspect.value(b)
		for _, k := range keys(ma, mb) {
			va, inA := ma[k]
			vb, inB := mb[k]
			if inA != inB || va != vb {
				d := Difference{Subject: key, Aspect: aspect.name + "." + k, A: va, B: vb, Routes: []string{key}}
				if inA && inB {
					va, vb = contrast(va, vb)
				}
				d.Before, d.After = aspect.see(k, vb, inB), aspect.see(k, va, inA)
				if aspect.name == "responses" && proxies(a) && proxies(b) {
					d = unseen(d)
				}
				c.add(d)
			}
		}
	}
}

func (c *comparison) value(key string, aspect routeAspect, va, vb string) Difference {
	d := Difference{Subject: key, Aspect: aspect.name, A: va, B: vb, Routes: []string{key}, Cosmetic: aspect.cosmetic}
	if aspect.uri {
		va, vb = Resolve(va, c.varsA), Resolve(vb, c.varsB)
		d.Cosmetic = va == vb
	}
	if d.Cosmetic {
		return unseen(d)
	}
	d.Before, d.After = aspect.see(vb), aspect.see(va)
	return d
}

// unseen marks a difference that no answer can show.
func unseen(d Difference) Difference {
	d.Cosmetic = true
	d.Before, d.After = "answers do not show it", "answers do not show it"
	return d
}

// proxies tells whether a route's answers come unmapped from its backend, so
// that its method responses are only documentation.
func proxies(r *probe.Route) bool { return strings.HasSuffix(r.Integration.Type, "_PROXY") }

// describe says in a few words what answers a route.
func (c *comparison) describe(r *probe.Route, vars map[string]string) string {
	i := &r.Integration
	switch {
	case i.Type == "":
		return "a route whose integration is unknown"
	case i.Type == "MOCK":
		return "a mock"
	}
	return i.Type + " " + cmp.Or(friendly(Resolve(i.URI, vars)), i.Subtype, i.Target)
}

// unmatched says who answers a route that a definition does not hold: another
// route that takes it too, or the gateway itself.
func unmatched(d *probe.Definition, key string) string {
	if other := d.RouteBeside(key); other != "" {
		return "answered by route " + other
	}
	if d.HTTPAPI() {
		return `404 {"message":"Not Found"}`
	}
	return `403 {"message":"Missing Authentication Token"}`
}

func booleans(m map[string]bool) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k] = choose(v, "required", "optional")
	}
	return out
}

func join(list []string) string { return strings.Join(list, ",") }

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func choose(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}
