package probe

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// HTTPAPI tells whether a definition is one of an HTTP API, by where it was read.
func (d *Definition) HTTPAPI() bool { return d.Source == "ExportApi" || d.Source == "GetRoutes" }

// RouteFor is the key of the route that a request hits; "" where none takes it.
//
// Of the templates that match a path, the one wins that is more exact at the first
// segment in which they differ: a literal before a parameter before a greedy
// parameter; "$default" of an HTTP API takes what is left. Names of parameters play
// no part. A literal is held against the segment as it reads without percent
// encoding. A REST API picks the resource first, and refuses where that has neither
// the method nor ANY; an HTTP API takes the next route that has
// (developer guide, "Routes for HTTP APIs" and "API Gateway resources").
func (d *Definition) RouteFor(method, path string) string {
	return d.routeFor(method, path, "")
}

// RouteBeside is the key of the route that takes the requests of another route
// where that one is not there; "" where none does.
func (d *Definition) RouteBeside(key string) string {
	method, path, _ := strings.Cut(key, " ")
	return d.routeFor(method, path, key)
}

func (d *Definition) routeFor(method, path, except string) string {
	parts := segmentsOf(path)
	rank := func(key string) string {
		_, template, _ := strings.Cut(key, " ")
		return exactness(template)
	}
	keys := slices.SortedFunc(maps.Keys(d.Routes), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(anyMethod(a), anyMethod(b)), cmp.Compare(a, b))
	})
	resource := ""
	for _, key := range keys {
		m, template, ok := strings.Cut(key, " ")
		if !ok || key == except || !takes(template, parts) || !d.HTTPAPI() && resource != "" && template != resource {
			continue
		}
		if m == method || m == "ANY" {
			return key
		}
		resource = template
	}
	if _, ok := d.Routes[DefaultStage]; ok {
		return DefaultStage
	}
	return ""
}

func anyMethod(key string) int {
	if strings.HasPrefix(key, "ANY ") {
		return 1
	}
	return 0
}

// exactness orders templates that match the same path, the most exact first.
func exactness(template string) string {
	var b strings.Builder
	for _, s := range segmentsOf(template) {
		switch {
		case greedySegment(s):
			b.WriteByte('3')
		case strings.HasPrefix(s, "{"):
			b.WriteByte('2')
		default:
			b.WriteByte('1')
		}
	}
	return b.String()
}

func greedySegment(s string) bool { return strings.HasPrefix(s, "{") && strings.HasSuffix(s, "+}") }

func segmentsOf(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// takes tells whether a template takes a path: one of a request, or another
// template, all of whose requests it then takes.
func takes(template string, parts []string) bool {
	segments := segmentsOf(template)
	for i, s := range segments {
		switch {
		case i >= len(parts):
			return false
		case greedySegment(s):
			return true
		case greedySegment(parts[i]):
			return false // it stands for more than one segment
		case strings.HasPrefix(s, "{"):
		case s != unescaped(parts[i]):
			return false
		}
	}
	return len(segments) == len(parts)
}

func unescaped(segment string) string {
	if plain, err := url.PathUnescape(segment); err == nil {
		return plain
	}
	return segment
}

// TakesAny tells whether a route takes any path below some point: it is greedy, or
// an HTTP API's "$default".
func TakesAny(key string) bool {
	return key == DefaultStage || strings.HasSuffix(key, "+}")
}
