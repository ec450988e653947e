package scenarios

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"stageprobe/probe"
)

// usualStatus is what is expected of a route of which nothing more is known.
const usualStatus = "[2xx, 3xx]"

// FromSnapshot writes a scenario file for an API as it is deployed: its stages,
// the domains mapped to them, and its routes. Routes that cannot be sent as
// they are stand in it as comments that say what they lack.
func FromSnapshot(snap *probe.Snapshot, apiID string) ([]byte, error) {
	api := snap.API(apiID)
	if api == nil {
		return nil, fmt.Errorf("API %s is not in the configuration that was read", apiID)
	}
	d := &draft{from: "the deployed definition of API " + apiID, region: snap.Region, status: usualStatus}
	if api.Name != "" {
		d.from += " (" + api.Name + ")"
	}
	a := d.api(apiID)
	for i := range api.Stages {
		a.addStage(api.Stages[i].Name)
	}
	slices.Sort(a.Stages)
	a.Domains = domainsOf(snap, apiID)
	routes := deployedRoutes(api, d)
	for _, r := range routes {
		if len(r.stages) == len(a.Stages) {
			r.stages = nil
		}
		d.requests = append(d.requests, r.draft())
	}
	d.requests = append(d.requests, corsPreflights(api)...)
	return d.write(), nil
}

// corsPreflights are those that an HTTP API answers itself.
func corsPreflights(api *probe.API) []draftRequest {
	var out []draftRequest
	for i := range api.Stages {
		for _, sc := range probe.Preflights(api.Stages[i].Deployed, probe.MaxPreflights) {
			if sc.Route != "" || slices.ContainsFunc(out, func(r draftRequest) bool { return r.path == sc.Path }) {
				continue // a route of its own stands there already
			}
			out = append(out, draftRequest{
				name: sc.Name, method: http.MethodOptions, path: sc.Path, asks: probe.HeaderValue(sc.Header, "access-control-request-method"),
				preflight: &Preflight{Origin: probe.HeaderValue(sc.Header, "origin"), Headers: strings.Split(probe.HeaderValue(sc.Header, "access-control-request-headers"), ",")},
			})
		}
	}
	return out
}

// domainsOf are the domains that lead to an API, with the stage they lead to now.
func domainsOf(snap *probe.Snapshot, apiID string) []Domain {
	var out []Domain
	for i := range snap.Domains {
		dom := &snap.Domains[i]
		if strings.HasPrefix(dom.Name, "*.") {
			continue // stands for many names
		}
		for _, m := range dom.Mappings {
			if m.APIID == apiID {
				out = append(out, Domain{Name: dom.Name, Stage: m.Stage, BasePath: m.BasePath})
			}
		}
	}
	slices.SortFunc(out, func(a, b Domain) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.BasePath, b.BasePath))
	})
	return out
}

// deployedRoute is one route and the stages that have it.
type deployedRoute struct {
	key, method, path string
	route             probe.Route
	stages            []string
}

// deployedRoutes gathers the routes of all stages by path and method; where no
// stage's deployment could be read, the editor's.
func deployedRoutes(api *probe.API, d *draft) []deployedRoute {
	byKey := map[string]*deployedRoute{}
	add := func(def *probe.Definition, stage string) {
		for key, route := range def.Routes {
			r := byKey[key]
			if r == nil {
				r = newDeployedRoute(key, route)
				byKey[key] = r
			}
			if stage != "" {
				r.stages = append(r.stages, stage)
			}
		}
	}
	read := 0
	for i := range api.Stages {
		if st := &api.Stages[i]; st.Deployed != nil {
			read++
			add(st.Deployed, st.Name)
		}
	}
	if read == 0 && api.Editor != nil {
		d.notes = append(d.notes, "The deployments could not be read; these are the editor's routes.")
		add(api.Editor, "")
	}
	out := make([]deployedRoute, 0, len(byKey))
	for _, r := range byKey {
		slices.Sort(r.stages)
		if read < len(api.Stages) {
			r.stages = nil // a stage that was not read may have it too
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b deployedRoute) int {
		return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(slices.Index(methods, a.method), slices.Index(methods, b.method)), strings.Compare(a.key, b.key))
	})
	return out
}

func newDeployedRoute(key string, route probe.Route) *deployedRoute {
	method, path, ok := strings.Cut(key, " ")
	if !ok { // $default, the catch-all route of an HTTP API
		method, path = http.MethodGet, "/"
	}
	if method = strings.ToUpper(method); !contains(methods, method) {
		method = http.MethodGet // ANY
	}
	return &deployedRoute{key: key, method: method, path: path, route: route}
}

func (r *deployedRoute) draft() draftRequest {
	out := draftRequest{name: r.key, method: r.method, path: r.path, stages: r.stages}
	out.path, out.off = withoutBraces(r.path)
	out.auth, out.off = authOf(&r.route, out.off)
	for _, name := range required(&r.route) {
		in, key, _ := strings.Cut(name, ".")
		p := probe.Header{Name: key, Value: "VALUE"}
		switch in {
		case "query":
			out.query = append(out.query, p)
		case "header":
			out.headers = append(out.headers, p)
		}
		out.off = append(out.off, fmt.Sprintf("asks for the %s parameter %s: give it a value", in, key))
	}
	out.off = append(out.off, methodReason(r.method)...)
	if r.path == "/ping" || r.path == "/sping" {
		out.off = append(out.off, "API Gateway answers health checks of its own at this path")
	}
	if strings.Contains(r.route.Validator, "body") && len(r.route.RequestModels) > 0 || !probe.SafeMethod(r.method) {
		out.body = "file:body.json"
	}
	return out
}

// withoutBraces puts a word in place of each path parameter, and says so.
func withoutBraces(path string) (string, []string) {
	var off []string
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if open := strings.IndexByte(s, '{'); open >= 0 {
			off = append(off, fmt.Sprintf("has the path parameter %s: put a value in its place", s[open:]))
			segments[i] = strings.NewReplacer("{", "", "}", "", "+", "").Replace(s)
		}
	}
	return strings.Join(segments, "/"), off
}

func required(r *probe.Route) []string {
	var out []string
	for name, is := range r.Parameters {
		if is && !strings.HasPrefix(name, "path.") { // of path parameters the path tells
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

const (
	bearerAuth = "{bearer: env:TOKEN}"
	apiKeyAuth = "{api_key: env:API_KEY}"
	sigv4Auth  = "sigv4"
)

func authOf(r *probe.Route, off []string) (string, []string) {
	auth := ""
	if r.APIKeyRequired {
		auth, off = apiKeyAuth, append(off, "asks for an API key: export API_KEY")
	}
	switch r.Authorization {
	case "", "NONE":
	case "AWS_IAM":
		auth, off = sigv4Auth, append(off, "asks for IAM authorization: it is signed with the AWS credentials of the run")
	default:
		auth, off = bearerAuth, append(off, "asks for authorization ("+r.Authorization+"): export TOKEN")
	}
	return auth, off
}

func methodReason(method string) []string {
	if !probe.SafeMethod(method) {
		return []string{method + " may change something, and is sent again and again"}
	}
	return nil
}
