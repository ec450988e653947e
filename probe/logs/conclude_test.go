package logs

import (
	"testing"

	"stageprobe/probe"
)

// On an execute-api host the path begins with the stage, on a domain it does not; and a
// route is told by its key or by resource and method.
func TestAddressesOfAnEntry(t *testing.T) {
	for name, tt := range map[string]struct {
		path, resource           string
		rec                      probe.LogRecord
		want, template, toMethod string
	}{
		"below the stage":                {path: "/prod/x", rec: probe.LogRecord{Stage: "prod"}, want: "/x"},
		"the stage itself":               {path: "/prod", rec: probe.LogRecord{Stage: "prod"}, want: "/"},
		"a name that begins like it":     {path: "/production/x", rec: probe.LogRecord{Stage: "prod"}, want: "/production/x"},
		"no stage known":                 {path: "//x", want: "//x"},
		"at the invoke URL":              {path: "/prod/x", rec: probe.LogRecord{Stage: "prod", Domain: "a.execute-api.eu-west-1.amazonaws.com"}, want: "/x"},
		"at a domain":                    {path: "/prod/x", rec: probe.LogRecord{Stage: "prod", Domain: "api.example.com"}, want: "/prod/x"},
		"a route key":                    {rec: probe.LogRecord{RouteKey: "GET /x"}, template: "GET /x", toMethod: "GET"},
		"a route key for all":            {rec: probe.LogRecord{RouteKey: "ANY /x"}, template: "ANY /x"},
		"a route key and another method": {rec: probe.LogRecord{RouteKey: "GET /x", Method: "HEAD"}, template: "GET /x", toMethod: "HEAD"},
		"the default route":              {rec: probe.LogRecord{RouteKey: "$default", Method: "PUT"}, toMethod: "PUT"},
		"resource and method":            {resource: "/{id}", rec: probe.LogRecord{Method: "GET"}, template: "GET /{id}", toMethod: "GET"},
		"a resource alone":               {resource: "/{id}"},
	} {
		e := entry{path: tt.path, resource: tt.resource, rec: tt.rec}
		if rec := e.finish(); rec.Path != tt.want || rec.Template != tt.template || rec.Method != tt.toMethod {
			t.Errorf("%s: path %q, template %q, method %q", name, rec.Path, rec.Template, rec.Method)
		}
	}
}

// The gateway's own message comes first; what the integration or the authorizer says
// beside it is the detail, and said once.
func TestErrorsOfAnEntry(t *testing.T) {
	for name, tt := range map[string]struct {
		e             entry
		error, detail string
	}{
		"a message":                         {entry{message: "a"}, "a", ""},
		"the integration's alone":           {entry{integration: "b"}, "b", ""},
		"both":                              {entry{message: "a", integration: "b"}, "a", "b"},
		"both alike":                        {entry{message: "a", integration: "a"}, "a", ""},
		"a detail that is there":            {entry{message: "a", integration: "b", rec: probe.LogRecord{Detail: "c"}}, "a", "c"},
		"the authorizer's alone":            {entry{authorizer: "z"}, "z", ""},
		"the authorizer's beside a message": {entry{message: "a", authorizer: "z"}, "a", "z"},
		"the authorizer's as the message":   {entry{message: "a", authorizer: "a"}, "a", ""},
		"all three":                         {entry{message: "a", integration: "b", authorizer: "z"}, "a", "b"},
	} {
		if rec := tt.e.finish(); rec.Error != tt.error || rec.Detail != tt.detail {
			t.Errorf("%s: %q, %q", name, rec.Error, rec.Detail)
		}
	}
	for resource, want := range map[string]bool{"": true, "/{proxy+}": false} {
		e := entry{unrouted: true, resource: resource}
		if rec := e.finish(); rec.Unrouted != want {
			t.Errorf("unrouted with resource %q: %v", resource, rec.Unrouted)
		}
	}
	e := entry{unrouted: true, rec: probe.LogRecord{RouteKey: "$default"}}
	if e.finish().Unrouted {
		t.Error("unrouted beside a route key")
	}
}

// Entries of values that name themselves: at least four of them, and no other form.
func TestNamedValues(t *testing.T) {
	const id = "2b9c8640-30be-4853-bd1b-d3fb0442e3e4"
	const line = "requestId: " + id + ", ip: 192.0.2.1, httpMethod: GET, status: 200"
	for text, want := range map[string]bool{
		line: true,
		"requestId=" + id + " ip=192.0.2.1 httpMethod=GET status=200": true,
		"requestId: " + id + ", ip: 192.0.2.1, status: 200":           false,
		"{" + line: false, "[" + line: false, "<" + line: false, "(" + line: false, "": false,
		"12:00:00 13:00:00 14:00:00 15:00:00 16:00:00 " + id: false,
	} {
		rec, ok := parseNamed([]byte(text))
		if ok != want || ok && (rec.RequestID != id || rec.Method != "GET" || rec.Status == nil || *rec.Status != 200) {
			t.Errorf("%q: %v, %+v", text, ok, rec)
		}
	}
	if names([]byte("a-b-c-d 1:2:3:4:5")) || names([]byte("a=1 b=2 c=3")) || !names([]byte(`a=1 b2=2 "c": 3 d_: 4`)) {
		t.Error("four names stand before = or : in an entry, and times of day are none")
	}
}
