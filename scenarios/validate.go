package scenarios

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"stageprobe/analyze/feature"
	"stageprobe/probe"
	"stageprobe/probe/address"
)

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// validate finds the first value that has the right type and makes no sense.
func (d *document) validate(f *File) error {
	if f.Version != Version {
		return d.wrong(d.at("version"), fmt.Sprintf("version must be %d", Version), "the first line of a scenario file is version: 1")
	}
	if problem, instead := address.NoRegion(f.Region); f.Region != "" && problem != "" {
		return d.wrong(d.at("region"), fmt.Sprintf("%q %s", f.Region, problem), "such as region: "+instead)
	}
	for i, raw := range f.URLs {
		if _, err := address.ParseURL(raw); err != nil {
			return d.wrong(d.at("urls", i), err.Error(), "paste the URL as the caller uses it")
		}
	}
	for i := range f.APIs {
		if err := d.api(&f.APIs[i], "apis", i); err != nil {
			return err
		}
	}
	for i := range f.Intended {
		if f.Intended[i].Setting == "" {
			return d.wrong(d.at("intended", i), "an intended difference names its setting", "such as setting: variables.backend; the report names settings so")
		}
	}
	for _, r := range []struct {
		rules []string
		at    []any
	}{
		{f.Compare, []any{"compare"}}, {f.Ignore, []any{"ignore"}},
		{f.Defaults.Compare, []any{"defaults", "compare"}}, {f.Defaults.Ignore, []any{"defaults", "ignore"}},
	} {
		if err := d.rules(r.rules, r.at...); err != nil {
			return err
		}
	}
	if err := d.headers(f.Defaults.Headers, "defaults", "headers"); err != nil {
		return err
	}
	return d.scenarios(f)
}

// rules are what is compared or ignored by hand.
func (d *document) rules(rules []string, path ...any) error {
	for i, text := range rules {
		if _, err := feature.ParseRule(text); err != nil {
			return d.wrong(d.at(append(slices.Clone(path), i)...), err.Error(), "such as /items/*/price, set-cookie or /served by \\w+/")
		}
	}
	return nil
}

func (d *document) api(a *API, path ...any) error {
	if a.ID == "" && len(a.Domains) == 0 {
		return d.wrong(d.at(path...), "an API needs its id", "such as id: abc123, the first part of its invoke URL")
	}
	if strings.ContainsAny(a.ID, "/:") {
		return d.wrong(d.at(append(slices.Clone(path), "id")...), fmt.Sprintf("%q is not the id of an API", a.ID), "such as id: abc123, the first part of its invoke URL; a URL as a caller uses it stands under urls")
	}
	for i, stage := range a.Stages {
		if strings.Contains(stage, "/") {
			return d.wrong(d.at(append(slices.Clone(path), "stages", i)...), fmt.Sprintf("%q is not the name of a stage", stage), "such as stages: [prod]")
		}
	}
	for i, dom := range a.Domains {
		here := append(slices.Clone(path), "domains", i)
		switch {
		case dom.Name == "":
			return d.wrong(d.at(here...), "a domain needs its name", "such as name: api.example.com")
		case strings.ContainsAny(dom.Name, "/:"):
			return d.wrong(d.at(append(here, "name")...), fmt.Sprintf("%q is not a domain name", dom.Name), "write name: api.example.com and base_path: v1 apart")
		case dom.Stage != "" && len(a.Stages) > 0 && !contains(a.Stages, dom.Stage):
			return d.unknown(d.at(append(here, "stage")...), dom.Stage, a.Stages)
		}
	}
	return nil
}

func (d *document) scenarios(f *File) error {
	stages := f.stages()
	seen := map[string]int{}
	for i := range f.Scenarios {
		s := &f.Scenarios[i]
		if before, ok := seen[s.Name]; ok {
			return d.wrong(d.at("scenarios", i, "name"), fmt.Sprintf("scenario %d has the same name, %q", before+1, s.Name), "each scenario needs a name of its own")
		}
		seen[s.Name] = i
		if err := d.scenario(s, stages, i); err != nil {
			return err
		}
		if err := cmp.Or(d.rules(s.Compare, "scenarios", i, "compare"), d.rules(s.Ignore, "scenarios", i, "ignore")); err != nil {
			return err
		}
	}
	return d.sameStages(f.Defaults.Expect, stages, "defaults", "expect")
}

// stages are those that the file speaks of; nil where an API has them all.
func (f *File) stages() []string {
	var out []string
	for _, a := range f.APIs {
		if len(a.Stages) == 0 {
			return nil
		}
		out = append(out, a.Stages...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (d *document) scenario(s *Scenario, stages []string, i int) error {
	here := func(path ...any) []any { return append([]any{"scenarios", i}, path...) }
	if s.Weight < 0 || math.IsInf(s.Weight, 0) || math.IsNaN(s.Weight) {
		return d.wrong(d.at(here("weight")...), "a weight is a number greater than zero", "1 where left out; 2 is drawn twice as often")
	}
	for k, stage := range s.Stages {
		if len(stages) > 0 && !contains(stages, stage) {
			return d.unknown(d.at(here("stages", k)...), stage, stages)
		}
	}
	if s.Auth.Kind != "" && s.Request.Auth.Kind != "" && s.Auth != s.Request.Auth {
		return d.wrong(d.at(here("request", "auth")...), "auth is said twice, and differently", "say it of the scenario or of its request")
	}
	if err := d.request(s, here); err != nil {
		return err
	}
	if p := s.Preflight; p != nil {
		if u, err := url.Parse(p.Origin); err != nil || u.Host == "" || u.Path != "" || !httpguts.ValidHeaderFieldValue(p.Origin) {
			return d.wrong(d.at(here("preflight", "origin")...), fmt.Sprintf("%q is no origin", p.Origin), "the page's scheme and host, such as https://shop.example.com")
		}
		for k, h := range p.Headers {
			if !httpguts.ValidHeaderFieldName(h) {
				return d.wrong(d.at(here("preflight", "headers", k)...), fmt.Sprintf("%q is not a header name", h), "")
			}
		}
	}
	return d.sameStages(s.Expect, stages, here("expect")...)
}

// methods are those that a REST or HTTP API can route.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

func (d *document) request(s *Scenario, here func(...any) []any) error {
	r := &s.Request
	at := func(key string) []any { return here("request", key) }
	switch {
	case !contains(methods, r.Method):
		return d.unknown(d.at(at("method")...), r.Method, methods)
	case !probe.SafeMethod(r.Method) && !s.Unsafe && s.Preflight == nil:
		return d.wrong(d.at(at("method")...), r.Method+" may change something, and is sent again and again",
			"add unsafe: true to the scenario if the backend can take it")
	case r.Path == "":
		return d.wrong(d.at(at("path")...), "a request needs its path", "such as path: /orders, without the stage or base path")
	case !strings.HasPrefix(r.Path, "/"):
		return d.wrong(d.at(at("path")...), fmt.Sprintf("the path %q does not begin with a slash", r.Path), "the path is what stands behind the stage or base path, such as /orders")
	case strings.ContainsAny(r.Path, "{}"):
		return d.wrong(d.at(at("path")...), "a path parameter has no value", "put a value in place of the braces, such as /orders/A-100")
	}
	if _, err := requestURL(r.Path); err != nil {
		return d.wrong(d.at(at("path")...), "not a path: "+err.Error(), "escape what is no part of a path with %XX")
	}
	return d.headers(r.Headers, at("headers")...)
}

// secretHeaders are those whose value lets somebody in.
var secretHeaders = []string{"authorization", "cookie", "proxy-authorization", "x-api-key", "x-amz-security-token"}

func (d *document) headers(headers map[string]string, path ...any) error {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := headers[name]
		n := d.at(append(slices.Clone(path), name)...)
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			return d.wrong(n, fmt.Sprintf("%q is not a header name", name), "")
		case contains(secretHeaders, strings.ToLower(name)) && value != "" && !isReference(value):
			return d.secret(n, "the header "+name+" is a credential, and a literal secret may not stand here")
		case !isReference(value) && !httpguts.ValidHeaderFieldValue(value):
			return d.wrong(n, "the value of header "+name+" holds a character that HTTP does not allow", "")
		}
	}
	return nil
}

// sameStages checks the stages that expectations name.
func (d *document) sameStages(e *Expect, stages []string, path ...any) error {
	if e == nil {
		return nil
	}
	for _, x := range []struct{ key, stage string }{{"served_by", e.ServedBy}, {"same_as", e.SameAs}} {
		if x.stage != "" && len(stages) > 0 && !contains(stages, x.stage) {
			return d.unknown(d.at(append(slices.Clone(path), x.key)...), x.stage, stages)
		}
	}
	if e.LatencyP99MS < 0 {
		return d.wrong(d.at(append(slices.Clone(path), "latency_p99_ms")...), "a latency is greater than zero", "")
	}
	return nil
}
