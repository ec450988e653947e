package probe

import (
	"net/http"
	"path"
	"slices"
	"strings"
)

// MaxScenarios is how many routes are probed where nobody lists any.
const MaxScenarios = 12

// confirmations is how often a confirming scenario is sent to a target.
const confirmations = 3

// RouteOptions say which routes of a definition may be probed.
type RouteOptions struct {
	Max int // 0 counts as MaxScenarios

	// Authenticated: the probes carry credentials, so that routes which ask
	// for authorization or a key are worth sending.
	Authenticated bool
}

// Scenarios picks the routes worth probing from a deployed definition: GET, or
// HEAD where a resource has neither GET nor ANY, without required parameters, path parameters, body or (unless credentials are there)
// authorization. More than Max are thinned out evenly over the paths. Where an
// API has nothing but a greedy route, that one is probed at a made-up path.
func Scenarios(deployed *Definition, o RouteOptions) []Scenario {
	if deployed == nil {
		return nil
	}
	limit := o.Max
	if limit <= 0 {
		limit = MaxScenarios
	}
	var gets, others, greedy []Scenario
	for _, c := range candidates(deployed) {
		switch {
		case c.method == http.MethodOptions: // see Preflights
		case !c.callable(o.Authenticated):
		case TakesAny(c.path):
			greedy = append(greedy, c.at(path.Join(path.Dir(c.path), "stageprobe")))
		case strings.Contains(c.path, "{"):
		case c.method == http.MethodGet:
			gets = append(gets, c.at(c.path))
		default:
			others = append(others, c.at(c.path))
		}
	}
	picked := thin(gets, limit)
	picked = append(picked, thin(others, limit-len(picked))...)
	if len(picked) == 0 {
		picked = thin(withoutParameters(greedy), 1)
	}
	return picked
}

// EditorOnly are confirming scenarios for routes that the editor has and the
// deployment lacks, at most limit of them: a gateway that runs the deployment
// refuses them all.
func EditorOnly(editor, deployed *Definition, limit int) []Scenario {
	if editor == nil || deployed == nil {
		return nil
	}
	var picked []Scenario
	for _, c := range candidates(editor) {
		if _, there := deployed.Routes[c.key]; there || coveredByAny(deployed, c) || strings.Contains(c.path, "{") {
			continue
		}
		picked = append(picked, c.confirming("editor-only route "+c.key))
	}
	return picked[:min(limit, len(picked))]
}

// Changed are confirming scenarios for routes that the editor no longer has, or
// lets other callers in to, at most limit of them: a gateway that runs the
// deployment serves the former and asks callers for what it did before.
func Changed(editor, deployed *Definition, limit int) []Scenario {
	if editor == nil || deployed == nil {
		return nil
	}
	var picked []Scenario
	for _, c := range candidates(deployed) {
		now, still := editor.Routes[c.key]
		asksElse := c.route.Authorization != now.Authorization || c.route.APIKeyRequired != now.APIKeyRequired
		if strings.Contains(c.path, "{") || still && !asksElse {
			continue
		}
		what := "changed route "
		if !still {
			what = "deleted route "
		}
		s := c.confirming(what + c.key)
		s.Uncredentialed = !c.callable(false)
		picked = append(picked, s)
	}
	return picked[:min(limit, len(picked))]
}

// candidate is a route that is safe to send.
type candidate struct {
	key, method, path string
	route             Route
}

// candidates lists routes with a safe method by path, one method per path: GET
// before HEAD before OPTIONS.
func candidates(d *Definition) []candidate {
	best := map[string]candidate{}
	for key, route := range d.Routes {
		c, ok := newCandidate(key, route)
		if ok && (best[c.path].method == "" || c.before(best[c.path])) {
			best[c.path] = c
		}
	}
	list := make([]candidate, 0, len(best))
	for _, c := range best {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b candidate) int { return strings.Compare(a.path, b.path) })
	return list
}

func newCandidate(key string, route Route) (candidate, bool) {
	method, path, ok := strings.Cut(key, " ")
	if key == DefaultStage { // the catch-all route of an HTTP API is named like its stage
		method, path, ok = "ANY", "/", true
	}
	if method == "ANY" || method == "X-AMAZON-APIGATEWAY-ANY-METHOD" {
		method = http.MethodGet
	}
	// API Gateway answers health checks of its own at these paths of custom domains.
	reserved := path == "/ping" || path == "/sping"
	return candidate{key, method, path, route}, ok && SafeMethod(method) && !reserved
}

// before orders the methods of one path; an exact key goes before ANY, as it does in routing.
func (c candidate) before(d candidate) bool {
	if c.method != d.method {
		return rank(c.method) < rank(d.method)
	}
	return strings.HasPrefix(c.key, c.method)
}

func rank(method string) int {
	return slices.Index([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, method)
}

// callable tells whether a bare request has a chance to get through.
func (c candidate) callable(authenticated bool) bool {
	open := c.route.Authorization == "" || c.route.Authorization == "NONE"
	if !authenticated && (!open || c.route.APIKeyRequired) {
		return false
	}
	if strings.Contains(c.route.Validator, "body") && len(c.route.RequestModels) > 0 {
		return false
	}
	for name, required := range c.route.Parameters {
		if required && !strings.HasPrefix(name, "path.") { // of path parameters the path itself tells
			return false
		}
	}
	return true
}

func (c candidate) at(path string) Scenario {
	return Scenario{Name: c.method + " " + path, Method: c.method, Path: path, Route: c.key}
}

// confirming is a scenario that is sent a few times to confirm one fact.
func (c candidate) confirming(what string) Scenario {
	s := c.at(c.path)
	s.Limit, s.Confirms = confirmations, what
	return s
}

func coveredByAny(d *Definition, c candidate) bool {
	_, any := d.Routes["ANY "+c.path]
	return any
}

// thin keeps n elements at even distances; all where there are no more.
func thin(list []Scenario, n int) []Scenario {
	if n <= 0 {
		return nil
	}
	if len(list) <= n {
		return list
	}
	kept := make([]Scenario, n)
	for i := range n {
		kept[i] = list[i*len(list)/n]
	}
	return kept
}

func withoutParameters(list []Scenario) []Scenario {
	return slices.DeleteFunc(list, func(s Scenario) bool { return strings.Contains(s.Path, "{") })
}
