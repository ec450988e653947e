package cause

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/scenarios/near"
)

// forbidden tells the refusal of an address that leads to nothing. A missing
// API key and a WAF refuse with the same words.
func forbidden(c *Cluster) bool {
	return c.Status == 403 && c.Reading.Producer != signature.Integration && c.Reading.Producer != signature.Authorizer &&
		(c.Reading.ErrorType == "ForbiddenException" || c.Reading.ErrorType == "" && c.Reading.GatewayResponse == "")
}

// unrouted tells the refusal of a path that is no route of what is deployed.
func unrouted(c *Cluster) bool {
	if c.Reading.Producer == signature.Integration {
		return false
	}
	return c.Reading.GatewayResponse == "MISSING_AUTHENTICATION_TOKEN" ||
		slices.Contains([]string{"MissingAuthenticationTokenException", "IncompleteSignatureException"}, c.Reading.ErrorType) ||
		c.Status == 404 && c.Reading.Producer == signature.Gateway
}

// nowhere is either.
func nowhere(c *Cluster) bool { return forbidden(c) || unrouted(c) }

// allOf tells whether all of some behaviours are of one sort.
func allOf(fx *Facts, behaviours []int, is func(*Cluster) bool) bool {
	return !slices.ContainsFunc(behaviours, func(k int) bool { return !is(&fx.Clusters[k]) })
}

// all tells whether every answer of a target is of one sort, and there is one.
func (fx *Facts) all(sub *target, is func(*Cluster) bool) bool {
	return fx.answered(sub) > 0 && allOf(fx, behavioursOf(sub.cells), func(c *Cluster) bool { return c.Class == signature.Transport || is(c) })
}

// LeadsToNothing says why an address leads to nothing.
type LeadsToNothing struct {
	said
	URL string
	Why Fact
}

// MayLeadToNothing says that nothing is known of an address but that it refuses as one
// that leads to nothing does.
type MayLeadToNothing struct {
	said
	URL    string
	Domain bool
}

// NoStage says that an API has no stage of a name.
type NoStage struct {
	said
	API, Stage string
}

// EndpointOff says that an API's default endpoint is disabled.
type EndpointOff struct {
	said
	API string
}

// YetAnswers says that a target answers although by the configuration it leads to
// nothing.
type YetAnswers struct {
	said
	Target string
	Why    Fact
}

// AskDomain is the command that asks a domain itself.
type AskDomain struct {
	said
	Domain string
}

// unmappedTarget finds targets that lead to nothing: no mapping, no such stage, no
// stage prefix, a disabled endpoint, a path that is no route.
func unmappedTarget(fx *Facts, known *Known) Verdict {
	var v Verdict
	for _, sub := range fx.targets {
		if sub.nowhere != nil {
			v.report(leadsNowhere(fx, sub), sub.ID)
			v.closed = append(v.closed, sub.index)
		} else if why := unmappedBy(sub); why == Fact(EndpointOff{API: sub.APIID}) {
			v.Notes = append(v.Notes, YetAnswers{Target: sub.ID, Why: why})
		}
	}
	for _, r := range refusals(fx, known) {
		if !r.noRoute || r.sub.nowhere != nil {
			continue
		}
		v.report(noRoute(fx, r.sub, r.cells), r.sub.ID+"/no route")
		v.closeRefused(fx, r.sub)
	}
	return v
}

// leadsToNothing is why a target leads to nothing at all: by the configuration,
// which the answers do not refute, or because none of its paths is a route. It is
// nil where it leads somewhere.
func leadsToNothing(fx *Facts, sub *target) Fact {
	switch why := unmappedBy(sub); {
	case why != nil && (fx.answered(sub) == 0 || fx.all(sub, nowhere)):
		return why
	case why == nil && fx.all(sub, unrouted) && !expects(fx, sub) && noRouteAtAll(fx, sub):
		return Topic("no path is a route")
	case why == nil && unreadAndForbidden(fx, sub):
		return Topic("bare Forbidden")
	}
	return nil
}

// unreadAndForbidden tells whether nothing is known of an address but that every request,
// none with an API key, got the bare refusal that leads the list of its reasons with no
// such stage and no mapping.
func unreadAndForbidden(fx *Facts, sub *target) bool {
	if sub.api != nil || fx.domainOf(sub) != nil || expects(fx, sub) || !fx.all(sub, func(c *Cluster) bool { return forbidden(c) && c.Reading.ErrorType == "ForbiddenException" }) {
		return false
	}
	return !slices.ContainsFunc(sub.cells, func(c *cell) bool {
		sc := fx.scenario(c.scenario)
		return sc.Auth == probe.AuthAPIKey || slices.ContainsFunc(sc.Header, func(h probe.Header) bool { return strings.EqualFold(h.Name, "x-api-key") })
	})
}

// unmappedBy is why an address leads to nothing by configuration; nil where it
// leads somewhere, or where that is not known.
func unmappedBy(sub *target) Fact {
	switch {
	case sub.Unmapped != "":
		return quote(sub.Unmapped)
	case sub.api != nil && len(sub.api.Stages) > 0 && sub.Stage != "" && sub.conf == nil:
		return NoStage{API: sub.APIID, Stage: sub.Stage}
	case sub.api != nil && sub.api.DefaultEndpointOff && sub.Kind == probe.InvokeURL && sub.URL != "":
		// A stage without its address, as inspect names it, is no address that
		// somebody means to use: domains may reach it.
		return EndpointOff{API: sub.APIID}
	}
	return nil
}

// expected tells whether a scenario of the target is meant to be refused.
func expected(fx *Facts, sub *target, scenario int) bool {
	return fx.Expected != nil && fx.Expected(sub.index, scenario)
}

// expects tells whether any is.
func expects(fx *Facts, sub *target) bool {
	return slices.ContainsFunc(sub.cells, func(c *cell) bool { return expected(fx, sub, c.scenario) })
}

// noRouteAtAll tells whether no scenario's path is a route of what the stage
// serves. What is not read is taken for no route: the answers say so.
func noRouteAtAll(fx *Facts, sub *target) bool {
	if meantElsewhere(sub) {
		return false
	}
	for _, c := range sub.cells {
		if sub.conf != nil && sub.conf.Deployed != nil && fx.routeOf(sub.conf.Deployed, c.scenario) != "" {
			return false
		}
		if sub.api != nil && sub.api.Editor != nil && fx.routeOf(sub.api.Editor, c.scenario) != "" {
			return false // it waits for a deployment
		}
	}
	return true
}

// routeOf is the route of a definition that a scenario's request would match.
func (fx *Facts) routeOf(d *probe.Definition, scenario int) string {
	sc := fx.scenario(scenario)
	return d.RouteFor(sc.Method, sc.Path)
}

// leadsNowhere is the finding of a target that leads to nothing.
func leadsNowhere(fx *Facts, sub *target) Finding {
	why := sub.nowhere
	f := Finding{
		Linked: ConsistentWith, Targets: []string{sub.ID}, Scenarios: fx.cellNames(sub.cells), Remedy: mapRemedy(fx, sub),
		rests: behavioursOf(sub.cells),
	}
	n := fx.answered(sub)
	if routes := routesBeside(fx, sub, sub.cells); len(routes) > 0 && why == Topic("no path is a route") {
		f.say(NotARoute{URL: sub.URL, Stage: sub.Stage, Paths: pathsOf(fx, sub.cells), Routes: routes})
		f.Remedy = useRoutes(fx, sub, sub.cells, routes)
	} else if why == Topic("bare Forbidden") {
		f.say(MayLeadToNothing{URL: sub.URL, Domain: sub.Kind == probe.CustomDomain})
	} else {
		f.say(LeadsToNothing{URL: sub.URL, Why: why})
	}
	if n > 0 {
		f.say(AllAre{N: n, Answers: fx.names(behavioursOf(sub.cells))})
		f.Statistics = allAlike(fx, n)
		if whereKnown(sub) {
			f.Linked = Proven
		}
	}
	if hint := stageWithRoute(fx, sub); hint != nil {
		f.say(Advised{Remedy: *hint})
	}
	lines := []Fact{}
	if whereKnown(sub) {
		lines = append(lines, InConfiguration{What: why})
	}
	f.Proof = evidence(append(lines, fx.examples(sub, behavioursOf(sub.cells))...)...)
	switch {
	case f.Linked == Proven:
	case len(fx.Rows) == 0 && sub.Kind == probe.CustomDomain: // inspect: nobody was seen to call
		f.SettledBy = AskDomain{Domain: fx.domainOf(sub).Name}
	default:
		f.Alternatives = []Alternative{{Cause: AccessDenied}}
		f.SettledBy = Topic("stages and mappings read")
	}
	return f
}

// NotARoute says that a stage is there and has no route for what was asked, and which it
// has: nearest first.
type NotARoute struct {
	said
	URL, Stage    string
	Paths, Routes []string
}

// routesBeside are the routes of what a target's stage serves, those first that are
// nearest to what was asked; none where that was not read.
func routesBeside(fx *Facts, sub *target, cells []*cell) []string {
	if sub.conf == nil || sub.conf.Deployed == nil || len(cells) == 0 {
		return nil
	}
	asked := fx.scenario(cells[0].scenario)
	other := func(key string) int { // a route of another method is no better than its path
		if method, _, _ := strings.Cut(key, " "); method == asked.Method || method == "ANY" {
			return 0
		}
		return 1
	}
	away := func(key string) int {
		_, template, _ := strings.Cut(key, " ")
		return near.Distance(strings.ToLower(asked.Path), strings.ToLower(template))
	}
	routes := slices.SortedFunc(maps.Keys(sub.conf.Deployed.Routes), func(a, b string) int {
		return cmp.Or(cmp.Compare(away(a), away(b)), cmp.Compare(other(a), other(b)), cmp.Compare(a, b))
	})
	// A rule that keeps the base path leads no other path there.
	return slices.DeleteFunc(routes, func(key string) bool {
		_, template, ok := strings.Cut(key, " ")
		return ok && !sub.Reaches(&fx.Snapshot, template, nil)
	})
}

func pathsOf(fx *Facts, cells []*cell) []string {
	return each(cells, func(c *cell) string {
		sc := fx.scenario(c.scenario)
		return sc.Method + " " + cmp.Or(sc.Path, "/")
	})
}

// useRoutes is to call the nearest route by its URL, and by its method where another one
// was sent.
func useRoutes(fx *Facts, sub *target, cells []*cell, routes []string) []Remedy {
	method, template, ok := strings.Cut(routes[0], " ")
	if !ok {
		return []Remedy{remedy.CorrectPath}
	}
	url := strings.TrimSuffix(sub.URL, "/") + template
	if method != fx.scenario(cells[0].scenario).Method && method != "ANY" {
		url = method + " " + url
	}
	return []Remedy{remedy.UseRoute(sub.Stage, routes[0], url), remedy.CorrectPath}
}

// whereKnown tells whether the configuration was read that says where the
// target leads.
func whereKnown(sub *target) bool {
	return sub.Unmapped != "" || sub.api != nil && (sub.conf == nil || sub.conf.Deployed != nil || sub.api.DefaultEndpointOff)
}

func mapRemedy(fx *Facts, sub *target) []Remedy {
	region := fx.Snapshot.Region
	if rule := keepsBasePath(fx, sub); rule != nil {
		return remedy.StripBasePath(region, fx.domainOf(sub), *rule)
	}
	switch d := fx.domainOf(sub); {
	case sub.api != nil && sub.api.DefaultEndpointOff:
		return append(useDomain(fx, sub), remedy.EnableDefaultEndpoint(region, sub.api)...)
	case d != nil && sub.Meant != nil && !fx.Snapshot.MappingsRead(d):
		return remedy.ReadMappings(region, d, *sub.Meant, fx.kindOfAPI(sub.Meant.APIID))
	case d != nil && sub.Meant != nil:
		return remedy.CreateBasePathMapping(region, d, sub.BasePath, *sub.Meant, fx.kindOfAPI(sub.Meant.APIID))
	case stageIsRoute(fx, sub):
		return []Remedy{*stageWithRoute(fx, sub)} // a stage of that name would hide the route
	case sub.api != nil && sub.conf == nil:
		return remedy.UnknownStage(region, sub.api, sub.Stage)
	case sub.nowhere == Topic("bare Forbidden"):
		admits, _ := remedy.Admit("")
		if sub.Kind == probe.CustomDomain {
			return []Remedy{remedy.MapBasePath, admits}
		}
		return []Remedy{remedy.ExistingStage, admits}
	case sub.Kind == probe.CustomDomain:
		return append(basesWithRoute(fx, sub, d), remedy.MapBasePath)
	}
	return []Remedy{remedy.ExistingStage}
}

// basesWithRoute is to use the base path of a domain under which a stage has the route
// that was asked for, the nearest to the path first; nil where none has.
func basesWithRoute(fx *Facts, sub *target, d *probe.Domain) []Remedy {
	if d == nil || len(sub.cells) == 0 {
		return nil
	}
	sc := fx.scenario(sub.cells[0].scenario)
	segments := strings.Split(strings.Trim(urlPath(sub.URL)+sc.Path, "/"), "/")
	bases := slices.SortedStableFunc(slices.Values(d.Mappings), func(a, b probe.Mapping) int {
		return cmp.Compare(near.Distance(segments[0], a.BasePath), near.Distance(segments[0], b.BasePath))
	})
	for _, m := range bases {
		st := fx.Snapshot.API(m.APIID).Stage(m.Stage)
		if st == nil || st.Deployed == nil {
			continue
		}
		for _, left := range [][]string{segments[1:], segments} { // another base path was written, or none
			path := "/" + strings.Join(left, "/")
			if key := st.Deployed.RouteFor(sc.Method, path); !greedy(key) {
				return []Remedy{remedy.UseRoute(m.Stage, key, origin(sub.URL)+strings.TrimSuffix("/"+m.BasePath, "/")+path)}
			}
		}
	}
	return nil
}

// keepsBasePath is the routing rule that leads a target to a stage with its base path on,
// for which the stage has no route; nil where none does.
func keepsBasePath(fx *Facts, sub *target) *probe.RoutingRule {
	d := fx.domainOf(sub)
	if d == nil || sub.Unmapped == "" || sub.conf == nil {
		return nil
	}
	lead, ok := d.Route(sub.BasePath, nil)
	i := slices.IndexFunc(d.Rules, func(r probe.RoutingRule) bool { return ok && !lead.Stripped && r.ID == lead.Rule })
	if i < 0 {
		return nil
	}
	return &d.Rules[i]
}

// useDomain is to use a domain that leads where a target was meant to lead; nil where
// none does.
func useDomain(fx *Facts, sub *target) []Remedy {
	for i := range fx.Snapshot.Domains {
		d := &fx.Snapshot.Domains[i]
		for _, m := range d.Mappings {
			if m.APIID != sub.APIID || m.Stage != sub.Stage {
				continue
			}
			url := "https://" + d.Name
			if m.BasePath != "" {
				url += "/" + m.BasePath
			}
			if len(sub.cells) > 0 {
				url += fx.scenario(sub.cells[0].scenario).Path
			}
			return []Remedy{remedy.UseDomain(url, sub.Stage)}
		}
	}
	return nil
}

// stageWithRoute is to use the URL of a stage of the API which has the route that was
// asked for; nil where none has it.
func stageWithRoute(fx *Facts, sub *target) *Remedy {
	if sub.api == nil || sub.api.DefaultEndpointOff || sub.Kind != probe.InvokeURL {
		return nil
	}
	stages := slices.SortedStableFunc(slices.Values(indices(len(sub.api.Stages))), func(a, b int) int {
		return cmp.Compare(near.Distance(sub.Stage, sub.api.Stages[a].Name), near.Distance(sub.Stage, sub.api.Stages[b].Name))
	})
	for _, i := range stages {
		st := &sub.api.Stages[i]
		def := st.Deployed
		if def == nil {
			def = sub.api.Editor
		}
		if def == nil {
			continue
		}
		for _, c := range sub.cells {
			path, method := wholePath(fx, sub, c), fx.scenario(c.scenario).Method
			key := def.RouteFor(method, path)
			if greedy(key) { // it takes any path: the one without the wrong stage is likelier meant
				path = strings.TrimPrefix(path, "/"+sub.Stage)
				key = def.RouteFor(method, path)
			}
			if key != "" {
				return ptr(remedy.UseRoute(st.Name, key, stageURL(origin(sub.URL), st.Name)+path))
			}
		}
	}
	return nil
}

// stageIsRoute tells whether what stands in a URL in the place of the stage
// begins a route: the stage was left out, not misspelt.
func stageIsRoute(fx *Facts, sub *target) bool {
	if sub.api == nil || sub.Kind != probe.InvokeURL || sub.Stage == "" {
		return false
	}
	return slices.ContainsFunc(sub.api.Stages, func(st probe.Stage) bool {
		return st.Deployed != nil && slices.ContainsFunc(sub.cells, func(c *cell) bool {
			return !greedy(st.Deployed.RouteFor(fx.scenario(c.scenario).Method, wholePath(fx, sub, c)))
		})
	})
}

// greedy tells whether a route is none, or takes any path.
func greedy(key string) bool {
	return key == "" || probe.TakesAny(key)
}

// wholePath is the path that a scenario is sent to on a target, with what the
// target's URL begins with.
func wholePath(fx *Facts, sub *target, c *cell) string {
	return "/" + strings.Trim(strings.TrimPrefix(sub.URL, origin(sub.URL))+fx.scenario(c.scenario).Path, "/")
}

func origin(url string) string {
	u := parsed(url)
	return u.Scheme + "://" + u.Host
}

// urlPath is the path of a target's URL, without slashes around it.
func urlPath(url string) string { return strings.Trim(parsed(url).EscapedPath(), "/") }

// parsed is a target's URL taken apart; nothing where it is none.
func parsed(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		return &url.URL{}
	}
	return u
}

func stageURL(base, stage string) string {
	if stage == probe.DefaultStage {
		return base
	}
	return base + "/" + stage
}

// domainOf is the custom domain of a target; nil where it is none, or unread.
func (fx *Facts) domainOf(sub *target) *probe.Domain {
	if sub.Kind != probe.CustomDomain {
		return nil
	}
	return fx.Snapshot.Domain(parsed(sub.URL).Hostname())
}

func (fx *Facts) cellNames(cells []*cell) []string {
	var scenarios []int
	for _, c := range cells {
		if len(c.rows)+len(c.throttled) > 0 {
			scenarios = append(scenarios, c.scenario)
		}
	}
	return fx.scenarioNames(scenarios...)
}
