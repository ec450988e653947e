package probe

import (
	"strings"
	"testing"
)

func routes(source string, keys ...string) *Definition {
	d := &Definition{Source: source, Routes: map[string]Route{}}
	for _, k := range keys {
		d.Routes[k] = Route{}
	}
	return d
}

func TestRouteFor(t *testing.T) {
	both := []string{"GET /orders/{id}", "ANY /orders/{proxy+}", "GET /orders/new", "POST /orders", "ANY /{proxy+}", "GET /caf\u00e9/a b", "GET /"}
	tests := map[string]struct {
		d            *Definition
		method, path string
		want         string
	}{
		"literal before parameter":             {routes("GetExport", both...), "GET", "/orders/new", "GET /orders/new"},
		"parameter before greedy":              {routes("GetExport", both...), "GET", "/orders/7", "GET /orders/{id}"},
		"more segments than the parameter":     {routes("GetExport", both...), "GET", "/orders/7/lines", "ANY /orders/{proxy+}"},
		"the longer greedy one":                {routes("GetExport", both...), "GET", "/x/y", "ANY /{proxy+}"},
		"the root":                             {routes("GetExport", both...), "GET", "/", "GET /"},
		"percent encoding of a literal":        {routes("GetExport", both...), "GET", "/caf%C3%A9/a%20b", "GET /caf\u00e9/a b"},
		"REST: the resource lacks the method":  {routes("GetExport", both...), "GET", "/orders", ""},
		"REST: the resource before its method": {routes("GetExport", both...), "POST", "/orders/new", ""},
		"HTTP: the next route has the method":  {routes("ExportApi", both...), "POST", "/orders/new", "ANY /orders/{proxy+}"},
		"HTTP: $default takes the rest":        {routes("GetRoutes", "GET /a", "$default"), "GET", "/b", "$default"},
		"HTTP: a route before $default":        {routes("GetRoutes", "GET /a", "$default"), "GET", "/a", "GET /a"},
		"a method of its own before ANY":       {routes("GetExport", "ANY /a", "GET /a"), "GET", "/a", "GET /a"},
		"no route":                             {routes("GetExport", "GET /a"), "GET", "/b", ""},
		"a slash within a segment":             {routes("GetExport", "GET /a/{id}"), "GET", "/a/x%2Fy", "GET /a/{id}"},
	}
	for name, tt := range tests {
		if got := tt.d.RouteFor(tt.method, tt.path); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// What parameters are called decides nothing.
func TestRouteForIgnoresNamesOfParameters(t *testing.T) {
	for _, name := range []string{"{id}", "{zid}", "{a}"} {
		for _, greedy := range []string{"{proxy+}", "{a+}", "{zz+}"} {
			d := routes("GetExport", "GET /orders/"+name, "GET /orders/"+greedy, "ANY /"+greedy)
			if got := d.RouteFor("GET", "/orders/7"); got != "GET /orders/"+name {
				t.Errorf("%s beside %s: %s", name, greedy, got)
			}
		}
	}
}

func TestRouteBeside(t *testing.T) {
	d := routes("GetExport", "GET /orders/{id}", "ANY /{proxy+}")
	for key, want := range map[string]string{
		"GET /orders/{id}": "ANY /{proxy+}", // all its requests are the greedy one's
		"GET /orders/new":  "GET /orders/{id}",
		"ANY /{proxy+}":    "", // a parameter takes no more than one segment
	} {
		if got := d.RouteBeside(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

// A match never invents a route, and a route's own path is taken by it.
func FuzzRouteFor(f *testing.F) {
	f.Add("GET", "/orders/7", "/orders/{id}")
	f.Add("GET", "/%zz/", "/{proxy+}")
	f.Fuzz(func(t *testing.T, method, path, template string) {
		if strings.Contains(method, " ") || method == "" {
			return
		}
		d := routes("GetExport", method+" "+template)
		if got := d.RouteFor(method, path); got != "" && d.Routes[got].Authorization != "" {
			t.Error(got)
		}
		if strings.ContainsAny(template, "{}%") {
			return
		}
		if got := d.RouteFor(method, template); got != method+" "+template {
			t.Errorf("%q is not taken by itself: %q", template, got)
		}
	})
}
