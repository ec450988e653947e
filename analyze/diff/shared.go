package diff

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"stageprobe/probe"
)

// authorizerAspects lists what is compared of an authorizer. Its TTL is not
// compared where one source does not say it.
var authorizerAspects = []struct {
	name  string
	value func(*probe.Authorizer) string
	see   func(string) string
}{
	{"type", func(a *probe.Authorizer) string { return a.Type }, func(v string) string { return "callers are checked by a " + v + " authorizer" }},
	{"uri", func(a *probe.Authorizer) string { return a.URI }, func(v string) string { return "callers are checked by " + v }},
	{"identity_source", func(a *probe.Authorizer) string { return a.IdentitySource }, func(v string) string { return "401 without " + v }},
	{"validation", func(a *probe.Authorizer) string { return a.Validation }, func(v string) string {
		return choose(v == "", "tokens of any form are passed on", "401 for tokens that do not match "+v)
	}},
	{"providers", func(a *probe.Authorizer) string { return join(a.Providers) }, func(v string) string { return "401 for tokens of other user pools than " + v }},
	{"issuer", func(a *probe.Authorizer) string { return a.Issuer }, func(v string) string { return "401 for tokens of other issuers than " + v }},
	{"audience", func(a *probe.Authorizer) string { return join(a.Audience) }, func(v string) string { return "401 for tokens of other audiences than " + v }},
	{"credentials", func(a *probe.Authorizer) string { return a.Credentials }, func(v string) string { return "the authorizer is called " + as(v) }},
	{"payload_version", func(a *probe.Authorizer) string { return a.PayloadVersion }, func(v string) string { return "the authorizer gets payload format " + v }},
	{"simple_responses", func(a *probe.Authorizer) string { return strconv.FormatBool(a.SimpleResponses) }, func(v string) string {
		return "the authorizer answers with " + choose(v == "true", "isAuthorized", "an IAM policy")
	}},
	{"ttl", func(a *probe.Authorizer) string { return strconv.Itoa(*a.TTL) }, func(v string) string {
		return choose(v == "0", "every request is authorized afresh", "a decision holds for "+v+" s")
	}},
}

// authorizers compares those that both sides use; where only one uses it, the
// routes tell.
func (c *comparison) authorizers() {
	if !c.knows("authorizers") {
		return
	}
	for _, name := range keys(c.a.Authorizers, c.b.Authorizers) {
		a, inA := c.a.Authorizers[name]
		b, inB := c.b.Authorizers[name]
		if !inA || !inB {
			continue
		}
		c.others("authorizer "+name, using(c.a, c.b, name), a.Other, b.Other)
		for _, aspect := range authorizerAspects {
			if aspect.name == "ttl" && (a.TTL == nil || b.TTL == nil) {
				continue
			}
			va, vb := aspect.value(&a), aspect.value(&b)
			// No authorizer is without a type, and none that calls a function
			// without its URI: a source that lacks them leaves them out.
			omitted := (va == "" || vb == "") && (aspect.name == "type" || aspect.name == "uri")
			if va == vb || omitted {
				continue
			}
			ra, rb := Resolve(va, c.varsA), Resolve(vb, c.varsB)
			c.add(Difference{Subject: "authorizer " + name, Aspect: aspect.name, A: va, B: vb, Before: aspect.see(rb), After: aspect.see(ra),
				Routes: using(c.a, c.b, name), Cosmetic: ra == rb})
		}
	}
}

// others compares members that the SDK does not know. Two sources of one kind tell
// them alike; of an editor and an export, what only one holds is not compared,
// for it may stand in the other under another name.
func (c *comparison) others(subject string, routes []string, a, b map[string]string) {
	alike := c.a.Source == c.b.Source
	for _, name := range keys(a, b) {
		va, inA := a[name]
		vb, inB := b[name]
		switch {
		case va == vb && inA == inB:
		case inA && inB || alike:
			ca, cb := contrast(va, vb)
			c.add(Difference{Subject: subject, Aspect: "other." + name, A: va, B: vb, Routes: routes,
				Before: name + " is " + cmp.Or(cut(cb), "not set"), After: name + " is " + cmp.Or(cut(ca), "not set")})
		case inA && c.a.Source == "GetResources", inB && c.b.Source == "GetResources":
			c.uncompared = append(c.uncompared, subject+": "+name+" is not compared: only one of the sources holds it")
		}
	}
}

// using lists the routes of both definitions that an authorizer guards.
func using(a, b *probe.Definition, authorizer string) []string {
	keys := []string{}
	for _, d := range []*probe.Definition{a, b} {
		for key, r := range d.Routes {
			if r.Authorizer == authorizer {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// models compares the schemas of models that requests are validated against on
// both sides.
func (c *comparison) models() {
	if !c.knows("models") {
		return
	}
	for _, name := range keys(c.a.Models, c.b.Models) {
		a, inA := c.a.Models[name]
		b, inB := c.b.Models[name]
		switch {
		case inA && inB && a != b:
			ca, cb := contrast(a, b)
			c.add(Difference{Subject: "model " + name, Aspect: "schema", A: a, B: b,
				Before: "where bodies are validated, 400 for those that do not fit " + cut(cb),
				After:  "where bodies are validated, 400 for those that do not fit " + cut(ca), Routes: c.modelled(name)})
		case inA != inB && modelled(c.a, name) && modelled(c.b, name):
			c.uncompared = append(c.uncompared, "model "+name+": only one side holds its schema")
		}
	}
}

func (c *comparison) modelled(name string) []string {
	keys := []string{}
	for _, d := range []*probe.Definition{c.a, c.b} {
		for key, r := range d.Routes {
			if validates(&r, name) || len(r.RequestModels) > 0 && !modelled(d, name) {
				keys = append(keys, key) // directly, or through a model that refers to it
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func modelled(d *probe.Definition, name string) bool {
	for _, r := range d.Routes {
		if validates(&r, name) {
			return true
		}
	}
	return false
}

func validates(r *probe.Route, model string) bool {
	return slices.Contains(slices.Collect(maps.Values(r.RequestModels)), model)
}

func (c *comparison) gatewayResponses() {
	if !c.knows("gateway_responses") {
		return
	}
	for _, kind := range keys(c.a.GatewayResponses, c.b.GatewayResponses) {
		a, inA := c.a.GatewayResponses[kind]
		b, inB := c.b.GatewayResponses[kind]
		subject := "gateway response " + kind
		switch {
		case !inB:
			c.add(Difference{Subject: subject, Aspect: "added", A: looks(a), Before: "refusals of this kind have the default form", After: "refusals of this kind: " + cut(looks(a))})
		case !inA:
			c.add(Difference{Subject: subject, Aspect: "removed", B: looks(b), Before: "refusals of this kind: " + cut(looks(b)), After: "refusals of this kind have the default form"})
		default:
			c.gatewayResponse(subject, a, b)
		}
	}
}

func (c *comparison) gatewayResponse(subject string, a, b probe.GatewayResponse) {
	if a.Status != b.Status {
		c.add(Difference{Subject: subject, Aspect: "status", A: a.Status, B: b.Status, Before: "status " + status(b), After: "status " + status(a)})
	}
	for _, part := range []struct {
		name string
		a, b map[string]string
	}{{"parameters", a.Parameters, b.Parameters}, {"templates", a.Templates, b.Templates}} {
		for _, k := range keys(part.a, part.b) {
			if va, vb := part.a[k], part.b[k]; va != vb {
				ca, cb := contrast(va, vb)
				c.add(Difference{Subject: subject, Aspect: part.name + "." + k, A: va, B: vb,
					Before: "refusals carry " + k + " = " + cut(cb), After: "refusals carry " + k + " = " + cut(ca)})
			}
		}
	}
}

func status(g probe.GatewayResponse) string { return choose(g.Status == "", "as by default", g.Status) }

func looks(g probe.GatewayResponse) string {
	parts := []string{"status " + status(g)}
	for _, m := range []map[string]string{g.Parameters, g.Templates} {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			parts = append(parts, k+" = "+m[k])
		}
	}
	return strings.Join(parts, ", ")
}

// whole compares what belongs to the API as a whole.
func (c *comparison) whole() {
	for _, part := range []struct {
		aspect, subject, a, b string
		see                   func(string) string
	}{
		{"policy", "resource policy", c.a.Policy, c.b.Policy, func(v string) string {
			return choose(v == "", "no resource policy refuses anyone", "403 AccessDeniedException for whom the policy denies: "+cut(v))
		}},
		{"binary_types", "binary media types", join(c.a.BinaryTypes), join(c.b.BinaryTypes), func(v string) string {
			return choose(v == "", "bodies are text", "bodies of "+v+" are binary")
		}},
		{"api_key_source", "API key source", c.a.APIKeySource, c.b.APIKeySource, func(v string) string {
			return "the API key is read from the " + choose(v == "AUTHORIZER", "authorizer's answer", "x-api-key header")
		}},
		{"cors", "CORS", c.a.CORS, c.b.CORS, func(v string) string {
			return choose(v == "", "no CORS headers, preflight requests are ordinary requests", "CORS headers by "+cut(v))
		}},
	} {
		if part.a != part.b && c.knows(part.aspect) {
			d := Difference{Subject: part.subject, Aspect: part.aspect, A: part.a, B: part.b}
			ca, cb := contrast(part.a, part.b)
			d.Before, d.After = part.see(cb), part.see(ca)
			c.add(d)
		}
	}
}
