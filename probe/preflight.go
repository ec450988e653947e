package probe

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// MaxPreflights is how many preflights are sent where nobody lists any.
const MaxPreflights = 4

// preflightWeight is how often a preflight is sent beside another request: who refuses
// preflights refuses them all.
const preflightWeight = .25

// PreflightOrigin is the origin of preflights where the configuration names none.
const PreflightOrigin = "https://stageprobe.example"

// Preflight makes of a request what a browser sends before it: without credentials
// (Fetch standard, "CORS-preflight fetch"), and without what else the request holds.
func Preflight(s Scenario, origin string, headers ...string) Scenario {
	s.Header = []Header{{"Origin", origin}, {"Access-Control-Request-Method", s.Method}}
	if len(headers) > 0 {
		s.Header = append(s.Header, Header{"Access-Control-Request-Headers", strings.ToLower(strings.Join(headers, ","))})
	}
	s.Method, s.Auth, s.Body, s.Unsafe = http.MethodOptions, AuthNone, nil, false
	return s
}

// IsPreflight tells a request by which a browser asks whether it may send another.
func (s *Scenario) IsPreflight() bool {
	return s.Method == http.MethodOptions && HeaderValue(s.Header, "origin") != "" && HeaderValue(s.Header, "access-control-request-method") != ""
}

// Preflights are those that the pages of a definition's API would cause, at most limit of
// them: where a path has OPTIONS, and everywhere where an HTTP API has CORS configured.
// The values of path parameters do not matter to them.
func Preflights(d *Definition, limit int) []Scenario {
	if d == nil {
		return nil
	}
	asked := map[string][]string{} // path → methods
	options := map[string]bool{}
	for key := range d.Routes {
		method, path, ok := strings.Cut(key, " ")
		switch {
		case !ok:
		case method == http.MethodOptions:
			options[path] = true
		case method == "ANY" || method == "X-AMAZON-APIGATEWAY-ANY-METHOD":
			asked[path] = append(asked[path], http.MethodGet)
		default:
			asked[path] = append(asked[path], method)
		}
	}
	var out []Scenario
	for path := range options {
		out = append(out, d.preflight(path, asked[path], "OPTIONS "+path))
	}
	for path := range asked {
		if d.CORS != "" && !options[path] {
			out = append(out, d.preflight(path, asked[path], ""))
		}
	}
	slices.SortFunc(out, func(a, b Scenario) int { return strings.Compare(a.Path, b.Path) })
	return thin(out, limit)
}

// preflight is the preflight of one path, for the method that a page needs it most for.
func (d *Definition) preflight(path string, methods []string, route string) Scenario {
	method := http.MethodGet
	for _, m := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if slices.Contains(methods, m) {
			method = m
			break
		}
	}
	headers := []string{"content-type"}
	for _, key := range []string{method + " " + path, "ANY " + path} {
		r, ok := d.Routes[key]
		if ok && r.Authorization != "" && r.Authorization != "NONE" {
			headers = append(headers, "authorization")
		}
		if ok && r.APIKeyRequired {
			headers = append(headers, "x-api-key")
		}
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "stageprobe"
		}
	}
	s := Preflight(Scenario{Method: method, Path: strings.Join(segments, "/")}, d.origin(route), headers...)
	s.Name, s.Route, s.Weight = "OPTIONS "+path+" (preflight)", route, preflightWeight
	return s
}

// origin is an origin that the API lets in, as far as its definition tells.
func (d *Definition) origin(route string) string {
	var cors struct{ AllowOrigins []string }
	_ = json.Unmarshal([]byte(d.CORS), &cors)
	said := cors.AllowOrigins
	for _, response := range d.Routes[route].Integration.Responses {
		var r struct {
			ResponseParameters map[string]string `json:"responseParameters"`
		}
		_ = json.Unmarshal([]byte(response), &r)
		for name, value := range r.ResponseParameters {
			if strings.HasSuffix(strings.ToLower(name), "access-control-allow-origin") {
				said = append(said, strings.Trim(value, "'"))
			}
		}
	}
	slices.Sort(said)
	if i := slices.IndexFunc(said, func(o string) bool { return strings.HasPrefix(o, "http") && !strings.Contains(o, "*") }); i >= 0 {
		return said[i]
	}
	return PreflightOrigin
}
