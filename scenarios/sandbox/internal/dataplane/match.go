package dataplane

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"stageprobe/scenarios/sandbox/internal/gwlog"
	"stageprobe/scenarios/sandbox/internal/world"
)

// table is a definition's routes, the most exact template first.
type table []entry

type entry struct {
	method, template string
	segments         []string
	route            *world.Route
}

// table compiles a definition once; definitions never change.
func (p *Plane) table(d *world.Definition) table {
	if t, ok := p.tables.Load(d); ok {
		return t.(table)
	}
	t := compile(d)
	p.tables.Store(d, t)
	return t
}

func compile(d *world.Definition) table {
	var out table
	for key, route := range d.Routes {
		method, template, ok := strings.Cut(key, " ")
		if !ok { // $default
			method, template = "ANY", key
		}
		out = append(out, entry{method, template, segments(template), route})
	}
	slices.SortFunc(out, func(a, b entry) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.template, b.template), cmp.Compare(anyLast(a), anyLast(b)), cmp.Compare(a.method, b.method))
	})
	return out
}

// rank orders templates: literals before parameters at the first place where
// they differ, greedy ones after these, $default last.
func rank(e entry) string {
	if e.template == "$default" {
		return "9"
	}
	out := make([]byte, len(e.segments))
	for i, s := range e.segments {
		switch {
		case strings.HasSuffix(s, "+}"):
			out[i] = '3'
		case strings.HasPrefix(s, "{"):
			out[i] = '2'
		default:
			out[i] = '1'
		}
	}
	return string(out)
}

func anyLast(e entry) int {
	if e.method == "ANY" {
		return 1
	}
	return 0
}

func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// find gives the route of a method and path. A REST API picks the resource
// first and then the method on it; an HTTP API takes the next route that fits.
func (t table) find(method, path string, rest bool) (entry, []gwlog.Pair, bool) {
	parts := segments(path)
	resource := ""
	for _, e := range t {
		params, ok := e.fits(parts)
		if !ok || rest && resource != "" && e.template != resource {
			continue
		}
		if e.method == method || e.method == "ANY" {
			return e, params, true
		}
		resource = e.template
	}
	return entry{}, nil, false
}

func (e entry) fits(parts []string) ([]gwlog.Pair, bool) {
	if e.template == "$default" {
		return nil, true
	}
	var params []gwlog.Pair
	for i, s := range e.segments {
		if i >= len(parts) {
			return nil, false
		}
		if !strings.HasPrefix(s, "{") {
			if s != unescape(parts[i]) {
				return nil, false
			}
			continue
		}
		name, greedy := strings.CutSuffix(strings.Trim(s, "{}"), "+")
		if greedy {
			return append(params, gwlog.Pair{Name: name, Value: unescape(strings.Join(parts[i:], "/"))}), true
		}
		params = append(params, gwlog.Pair{Name: name, Value: unescape(parts[i])})
	}
	return params, len(parts) == len(e.segments)
}

func unescape(segment string) string {
	if plain, err := url.PathUnescape(segment); err == nil {
		return plain
	}
	return segment
}
