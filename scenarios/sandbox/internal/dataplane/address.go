package dataplane

import (
	"net"
	"net/http"
	"path"
	"slices"
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

// place is where a request leads.
type place struct {
	api      *cloud.API // nil: nowhere
	stage    string     // "" where the path still holds it
	path     string     // escaped, what is left for the API
	domain   *cloud.Domain
	basePath string // matched, without slashes
	health   bool   // a health check of the domain itself
}

// emulatorHost is the host under which LocalStack serves execute-api.
const emulatorHost = ".execute-api.localhost.localstack.cloud"

// locate finds what a host and path lead to. The cloud is locked for reading.
func (p *Plane) locate(r *http.Request) place {
	host := hostname(r.Host)
	rest := r.URL.EscapedPath()
	if at, ok := p.emulated(rest); ok {
		return at
	}
	if id, ok := p.executeAPI(host, r.Header); ok {
		api := p.cloud.APIs[id]
		if api != nil && api.DefaultDisabled {
			api = nil
		}
		return place{api: api, path: rest}
	}
	if d := p.cloud.Domain(host); d != nil {
		return p.mapped(d, r.Header, rest)
	}
	return place{path: rest}
}

func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = host
	}
	return strings.ToLower(strings.TrimSuffix(hostport, "."))
}

// executeAPI takes the API id out of an invoke host: {api}.execute-api…,
// {api}-{vpce}.execute-api…, or an interface endpoint with x-apigw-api-id.
func (p *Plane) executeAPI(host string, h http.Header) (id string, ok bool) {
	if label, ok := strings.CutSuffix(host, emulatorHost); ok {
		return label, true
	}
	zone := ".execute-api." + p.cloud.Region + "."
	label, ok := strings.CutSuffix(host, zone+world.Suffix(p.cloud.Region))
	if !ok {
		if strings.HasSuffix(host, zone+"vpce."+world.Suffix(p.cloud.Region)) {
			return h.Get("x-apigw-api-id"), true
		}
		return "", strings.Contains(host, ".execute-api.")
	}
	if api, _, found := strings.Cut(label, "-vpce-"); found {
		return api, true
	}
	return label, true
}

// emulated reads the path-style addresses of emulators.
func (p *Plane) emulated(rest string) (place, bool) {
	parts := strings.SplitN(strings.TrimPrefix(rest, "/"), "/", 5)
	at := place{}
	switch {
	case len(parts) >= 4 && parts[0] == "_aws" && parts[1] == "execute-api":
		at.api, at.stage, at.path = p.cloud.APIs[parts[2]], parts[3], "/"+strings.Join(parts[4:], "/")
	case len(parts) >= 4 && parts[0] == "restapis" && parts[3] == "_user_request_":
		at.api, at.stage, at.path = p.cloud.APIs[parts[1]], parts[2], "/"+strings.Join(parts[4:], "/")
	default:
		return place{}, false
	}
	return at, true
}

// mapped follows a custom domain: routing rules first, then the longest base
// path.
func (p *Plane) mapped(d *cloud.Domain, h http.Header, rest string) place {
	if rest == "/ping" || rest == "/sping" {
		return place{domain: d, path: rest, health: true}
	}
	if d.RoutingMode != "API_MAPPING_ONLY" {
		for _, rule := range d.Rules {
			if base, ok := ruleMatches(rule, h, rest); ok {
				return p.ruled(d, rule, base, rest)
			}
		}
		if d.RoutingMode == "ROUTING_RULE_ONLY" {
			return place{domain: d, path: rest}
		}
	}
	best := (*world.Mapping)(nil)
	for _, m := range d.Mappings {
		if under(rest, m.Path) && (best == nil || len(m.Path) > len(best.Path)) {
			best = m
		}
	}
	if best == nil {
		return place{domain: d, path: rest}
	}
	return place{api: p.cloud.APIs[best.API], stage: best.Stage, path: strip(rest, best.Path), domain: d, basePath: best.Path}
}

func (p *Plane) ruled(d *cloud.Domain, rule *world.Rule, base, rest string) place {
	at := place{api: p.cloud.APIs[rule.API], stage: rule.Stage, path: rest, domain: d}
	if rule.Strip {
		at.path, at.basePath = strip(rest, base), base
	}
	return at
}

func ruleMatches(rule *world.Rule, h http.Header, rest string) (base string, ok bool) {
	for name, glob := range rule.Headers {
		if !slices.ContainsFunc(h.Values(name), func(v string) bool { return globMatches(glob, v) }) {
			return "", false
		}
	}
	if len(rule.Paths) == 0 {
		return "", true
	}
	for _, base := range rule.Paths {
		if base = strings.Trim(base, "/"); under(rest, base) {
			return base, true
		}
	}
	return "", false
}

// globMatches allows * at either end, as routing rules do.
func globMatches(glob, value string) bool {
	head, tail := strings.HasPrefix(glob, "*"), strings.HasSuffix(glob, "*") && glob != "*"
	core := strings.TrimPrefix(glob, "*")
	if tail {
		core = strings.TrimSuffix(core, "*")
	}
	switch {
	case head && tail:
		return strings.Contains(value, core)
	case head:
		return strings.HasSuffix(value, core)
	case tail:
		return strings.HasPrefix(value, core)
	}
	return value == glob
}

// under tells whether a path lies below a base path, whole segments only.
func under(rest, base string) bool {
	if base == "" {
		return true
	}
	tail, ok := strings.CutPrefix(rest, "/"+base)
	return ok && (tail == "" || tail[0] == '/')
}

func strip(rest, base string) string {
	if base == "" {
		return rest
	}
	return orRoot(strings.TrimPrefix(rest, "/"+base))
}

func orRoot(p string) string {
	if p == "" {
		return "/"
	}
	return p
}

// first splits the first segment off a path.
func first(rest string) (segment, tail string) {
	segment, tail, found := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	if !found {
		return segment, "/"
	}
	return segment, "/" + tail
}

// clean joins a base path and a path for the logs.
func clean(base, rest string) string {
	if base == "" {
		return orRoot(rest)
	}
	return path.Join("/", base, rest)
}
