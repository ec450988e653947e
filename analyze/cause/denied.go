package cause

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// refusal is a group of scenarios of one target of which every answer is the same
// refusal.
type refusal struct {
	kind    string
	sub     *target
	cells   []*cell
	noRoute bool // as a path that is no route is
	cached  bool // by a result that the authorizer made for another route, as the logs show
}

// WithoutCertificate says that nobody was let in without a client certificate.
type WithoutCertificate struct {
	said
	Domain   string
	Requests int
	Answers  []string
}

// MutualTLS says that a domain asks for client certificates.
type MutualTLS struct {
	said
	Domain string
}

// RefusesAll says that every request for some scenarios is refused alike.
type RefusesAll struct {
	said
	Target    string
	Requests  int
	Scenarios []string
	Answer    string
}

// RefusedBy is the part that refuses, by the type of its gateway response; "" where the
// answer does not tell.
type RefusedBy struct {
	said
	Response string
}

// DecidesOthers says that a kept result of an authorizer may decide other routes,
// DecidedForOther that by the logs one does.
type DecidesOthers struct {
	said
	Authorizer string
}

// DecidedForOther says that a result which an authorizer made for another route decides.
type DecidedForOther struct {
	said
	Authorizer string
}

// Decided is what a part that lets requests in or not did, by a log.
type Decided struct {
	said
	By, Outcome string
}

// NotToBeCalled is the stage that an answer names as one that may not be called.
type NotToBeCalled struct {
	said
	Ref probe.StageRef
}

// RequiresKey says that a route asks for an API key.
type RequiresKey struct {
	said
	Route string
}

// Authorized is how a route is authorized.
type Authorized struct {
	said
	Route, Authorization, Authorizer string
}

// NoRoute says that all answers to some scenarios refuse a path that is no route.
type NoRoute struct {
	said
	Target    string
	Scenarios []string
	N         int
	Answer    string
}

// HasRoutes says which routes the stage has, nearest first.
type HasRoutes struct {
	said
	Routes []string
}

// DeploymentLacksRoute says that what a stage serves has no such route.
type DeploymentLacksRoute struct {
	said
	Deployment, Stage string
}

// refusals groups what is refused throughout and not explained, by target and kind.
func refusals(fx *Facts, known *Known) []refusal {
	var out []refusal
	for _, sub := range fx.targets {
		if mutualTLS(fx, known, sub) {
			continue
		}
		byKind := map[string][]*cell{}
		for _, c := range sub.cells {
			if refusedThroughout(fx, known, sub, c) {
				kind := kindOf(&fx.Clusters[c.ref])
				if fx.preflight(c.scenario) && !refusesRequests(fx, known, sub, kind) {
					kind += onPreflight
				}
				byKind[kind] = append(byKind[kind], c)
			}
		}
		for _, kind := range sortedKeys(byKind) {
			r := refusal{sub: sub, cells: byKind[kind], kind: kind}
			r.noRoute = unrouted(&fx.Clusters[r.cells[0].ref]) && !signed(fx, sub, r.cells[0]) && !strings.HasSuffix(kind, onPreflight)
			r.cached = !r.noRoute && mayBeCached(fx, sub, r.cells) && authSkipped(fx, &split{draws: drawsOf(sub)}, behavioursOf(r.cells))
			out = append(out, r)
		}
	}
	return out
}

// onPreflight marks a refusal that preflights alone get: their routes guard OPTIONS, or
// have none.
const onPreflight = " of preflights"

// refusesRequests tells whether a target refuses a request that is no preflight in the
// same way: what refuses it refuses its preflights, too.
func refusesRequests(fx *Facts, known *Known, sub *target, kind string) bool {
	return slices.ContainsFunc(sub.cells, func(c *cell) bool {
		return !fx.preflight(c.scenario) && refusedThroughout(fx, known, sub, c) && kindOf(&fx.Clusters[c.ref]) == kind
	})
}

// accessDenied finds scenarios of which every answer is the same refusal.
func accessDenied(fx *Facts, known *Known) Verdict {
	var v Verdict
	for _, sub := range fx.targets {
		if mutualTLS(fx, known, sub) {
			v.report(withoutCertificate(fx, sub), sub.ID)
			v.closed = append(v.closed, sub.index)
		}
	}
	for _, r := range refusals(fx, known) {
		if r.noRoute || r.cached {
			continue
		}
		v.report(refusedFinding(fx, r.sub, r.cells), stageKey(r.sub.Target)+"/"+r.kind)
		v.closeRefused(fx, r.sub)
	}
	for _, sub := range fx.targets {
		refusedBehind(fx, known, sub, &v)
	}
	return v
}

// mutualTLS finds a domain that asks for a client certificate and lets nobody in
// without: the handshake fails, or the answer is Forbidden.
func mutualTLS(fx *Facts, known *Known, sub *target) bool {
	d := fx.domainOf(sub)
	return d != nil && d.MutualTLS && sub.n() > 0 && !known.closed[sub.index] && (fx.answered(sub) == 0 || fx.all(sub, forbidden))
}

func withoutCertificate(fx *Facts, sub *target) Finding {
	d := fx.domainOf(sub)
	f := refusalFinding(fx, sub, sub.cells)
	f.Linked = Proven
	f.say(WithoutCertificate{Domain: d.Name, Requests: f.Statistics.N, Answers: fx.names(behavioursOf(sub.cells))})
	f.Proof = evidence(append([]Fact{MutualTLS{Domain: d.Name}}, f.Proof...)...)
	f.Remedy = []Remedy{remedy.TrustedCertificate}
	return f
}

// refusedThroughout tells whether a scenario got nothing but one refusal that
// nobody expects and nothing else explains.
func refusedThroughout(fx *Facts, known *Known, sub *target, c *cell) bool {
	return len(c.clusters) == 1 && known.by[c.ref] == "" && refused(&fx.Clusters[c.ref]) &&
		(len(c.rows) >= tuning.Enough.Refused || fx.Done) && !expected(fx, sub, c.scenario)
}

func refusedFinding(fx *Facts, sub *target, cells []*cell) Finding {
	c := &fx.Clusters[cells[0].ref]
	who, proof := refuser(fx, sub, cells[0])
	f := refusalFinding(fx, sub, cells)
	f.say(RefusesAll{Target: sub.ID, Requests: f.Statistics.N, Scenarios: f.Scenarios, Answer: fx.summary(cells[0].ref)}, RefusedBy{Response: who})
	if fx.preflight(cells[0].scenario) {
		f.say(Topic("preflight refused"))
	}
	if proof != nil {
		f.Linked = Proven
		f.Proof = evidence(append([]Fact{proof}, f.Proof...)...)
	} else {
		f.SettledBy = Topic("who denies")
	}
	cached, ran := mayBeCached(fx, sub, cells), authorizerRan(fx, sub, cells)
	shared := oneForAll(fx, sub, cells)
	if shared != "" {
		f.say(DecidesOthers{Authorizer: shared})
	}
	if shared != "" || cached && !ran {
		f.Linked, f.Alternatives = ConsistentWith, []Alternative{{Cause: AuthorizerCache}}
		f.SettledBy = Topic("authorizer calls or TTL")
	}
	if forbidden(c) && sub.api == nil {
		f.Alternatives = []Alternative{{Cause: UnmappedTarget}}
	}
	if unrouted(c) && sub.conf != nil && sub.conf.Deployed == nil {
		f.Alternatives = append(f.Alternatives, Alternative{Cause: StaleDeployment})
	}
	f.Remedy = admit(fx, sub, c, who)
	if at := privateDNS(fx, sub); len(at) > 0 && forbidden(c) {
		f.say(PrivateAddresses{Addresses: at})
		f.Remedy = remedy.PrivateDNS(fx.Snapshot.Region)
	}
	if r := fx.route(sub, cells[0].scenario); r != nil && fx.preflight(cells[0].scenario) {
		if open := remedy.OpenPreflight(preflightPlace(fx, sub, cells[0]), r); len(open) > 0 {
			f.Remedy = open
		}
	}
	return f
}

func preflightPlace(fx *Facts, sub *target, c *cell) remedy.Place {
	method, path, _ := strings.Cut(fx.routeKey(sub, c.scenario), " ")
	return remedy.Place{Region: fx.Snapshot.Region, APIID: sub.APIID, APIKind: sub.api.Kind, Stage: sub.Stage, Method: method, Resource: path}
}

// mayBeCached tells whether a result that the authorizer made for another route,
// which lets the caller in, may decide these: it is kept for every route alike.
func mayBeCached(fx *Facts, sub *target, cells []*cell) bool {
	x := &split{sub: sub, cells: cells[:1], clusters: cells[0].clusters}
	name := cachingAuthorizer(fx, x)
	return name != "" && byAuthorizer(fx, x) && slices.ContainsFunc(sub.cells, func(c *cell) bool {
		return c.ref >= 0 && !refused(&fx.Clusters[c.ref]) && cachingAuthorizer(fx, &split{sub: sub, cells: []*cell{c}}) == name
	})
}

// oneForAll names the caching authorizer of several scenarios that are refused by
// policy, where the logs do not show it deciding on each of them; "" elsewhere. A
// caller without credentials is refused before any authorizer.
func oneForAll(fx *Facts, sub *target, cells []*cell) string {
	name := cachingAuthorizer(fx, &split{sub: sub, cells: cells[:1]})
	if name == "" || len(cells) < 2 || fx.Clusters[cells[0].ref].Reading.GatewayResponse != "ACCESS_DENIED" {
		return ""
	}
	decided := true
	for _, c := range cells {
		if cachingAuthorizer(fx, &split{sub: sub, cells: []*cell{c}}) != name {
			return ""
		}
		decided = decided && authorizerRan(fx, sub, []*cell{c})
	}
	if decided {
		return ""
	}
	return name
}

// authorizerRan tells whether the logs show the authorizer deciding a request
// that was refused, rather than a result that was kept.
func authorizerRan(fx *Facts, sub *target, cells []*cell) bool {
	for _, c := range cells {
		for _, rec := range recordsOf(fx, c.rows...) {
			if rec.AuthorizerCalled != nil && *rec.AuthorizerCalled {
				return true
			}
		}
	}
	return false
}

func drawsOf(sub *target) []draw {
	return each(sub.rows(), func(i int) draw { return draw{row: i} })
}

// cachedDenial is the finding of scenarios that are refused throughout by a
// result which the authorizer made for another route.
func cachedDenial(fx *Facts, sub *target, cells []*cell) Finding {
	name := cachingAuthorizer(fx, &split{sub: sub, cells: cells[:1]})
	f := refusalFinding(fx, sub, cells)
	f.Linked = Proven
	f.say(RefusesAll{Target: sub.ID, Requests: f.Statistics.N, Scenarios: f.Scenarios, Answer: fx.summary(cells[0].ref)}, DecidedForOther{Authorizer: name})
	f.Remedy = append(remedy.FlushAuthorizersCache(fx.Snapshot.Region, sub.api, sub.conf), remedy.CoverRoutes)
	return f
}

// refusalFinding is what all findings of refused scenarios share.
func refusalFinding(fx *Facts, sub *target, cells []*cell) Finding {
	f := alikeThroughout(fx, sub, cells)
	var lines []Fact
	for _, c := range cells {
		if len(c.rows) > 0 {
			lines = append(lines, fx.example(sub, c.ref), fx.logLine(c.rows[0], refusalLine))
		}
	}
	f.Proof = evidence(lines...)
	return f
}

func refusalLine(r *probe.LogRecord) Fact {
	switch {
	case r.WAF != "":
		return Decided{By: "WAF", Outcome: r.WAF}
	case r.AuthorizerOutcome != "" && r.AuthorizerOutcome != "allow":
		return Decided{By: "authorizer", Outcome: r.AuthorizerOutcome}
	case r.UsagePlan == "throttled" || r.UsagePlan == "quota":
		return Decided{By: "usage plan", Outcome: r.UsagePlan}
	}
	return quote(r.Error)
}

// signed tells whether the route asks for a signature, so that a missing token is
// what the refusal says.
func signed(fx *Facts, sub *target, c *cell) bool {
	if sub.conf != nil && sub.conf.Deployed == nil { // the editor's tells what is likely
		key := editorRoute(fx, sub, c.scenario)
		return key != "" && sub.api.Editor.Routes[key].Authorization == "AWS_IAM"
	}
	r := fx.route(sub, c.scenario)
	return r != nil && r.Authorization == "AWS_IAM"
}

// wafAsks stands for the gateway response of a CAPTCHA or challenge.
const wafAsks = "WAF asks"

// noOptions stands for the gateway response of a preflight that no method answers.
const noOptions = "no OPTIONS"

// refuser is the gateway response of the part that refuses, as far as is known, with
// the record or the configuration that proves it; nil where only the answer speaks.
func refuser(fx *Facts, sub *target, c *cell) (response string, proof Fact) {
	k := &fx.Clusters[c.ref]
	if wafAction(k) {
		return wafAsks, fx.example(sub, c.ref)
	}
	if fx.preflight(c.scenario) && unrouted(k) && !signed(fx, sub, c) {
		return noOptions, nil
	}
	response = k.Reading.GatewayResponse
	if refusedByPolicy(fx, sub, c.scenario, k) {
		response = byPolicy
	}
	by := response
	line := fx.logLine(c.rows[0], func(r *probe.LogRecord) Fact {
		by = cmp.Or(refuserByLog(r), response)
		return refusalLine(r)
	})
	if line != nil {
		return by, line
	}
	if k.Reading.APIID != "" && k.Reading.Stage != "" {
		return response, NotToBeCalled{Ref: probe.StageRef{APIID: k.Reading.APIID, Stage: k.Reading.Stage}}
	}
	r := fx.route(sub, c.scenario)
	switch {
	case r == nil:
	case r.APIKeyRequired && forbidden(k):
		return invalidAPIKey, RequiresKey{Route: fx.routeKey(sub, c.scenario)}
	case r.Authorization != "" && r.Authorization != "NONE" && !forbidden(k):
		return response, Authorized{Route: fx.routeKey(sub, c.scenario), Authorization: r.Authorization, Authorizer: r.Authorizer}
	}
	return response, nil
}

const invalidAPIKey = "INVALID_API_KEY"

// byPolicy stands for the gateway response ACCESS_DENIED of what only the API's resource
// policy can have refused.
const byPolicy = "resource policy"

// refusedByPolicy tells whether nothing but the API's resource policy is there to deny a
// request: its route is deployed without an authorizer and without IAM. What reaches a
// private API may be refused by its VPC endpoint's policy, too.
func refusedByPolicy(fx *Facts, sub *target, scenario int, k *Cluster) bool {
	r := fx.route(sub, scenario)
	return r != nil && open(r.Authorization) && !r.APIKeyRequired && !sub.private() &&
		sub.conf != nil && sub.conf.Deployed != nil && k.Reading.GatewayResponse == "ACCESS_DENIED"
}

// mayAdmit tells whether a resource policy lets anybody in: it allows something, and
// denies nothing without a condition. No policy lets everybody in.
func mayAdmit(policy string) bool {
	if policy == "" {
		return true
	}
	type statement struct {
		Effect    string
		Condition json.RawMessage
	}
	var many struct{ Statement []statement }
	if json.Unmarshal([]byte(policy), &many) != nil { // IAM takes a lone statement without a list
		var one struct{ Statement statement }
		if json.Unmarshal([]byte(policy), &one) != nil {
			return false
		}
		many.Statement = []statement{one.Statement}
	}
	allows := false
	for _, st := range many.Statement {
		if st.Effect == "Deny" && len(st.Condition) == 0 {
			return false
		}
		allows = allows || st.Effect == "Allow"
	}
	return allows
}

// refuserByLog is which part refused by a log record; "" where it does not tell more
// than the answer.
func refuserByLog(r *probe.LogRecord) string {
	switch {
	case r.WAF != "":
		return "WAF_FILTERED"
	case strings.Contains(r.Error, "API Key"):
		return invalidAPIKey
	}
	return ""
}

// private tells whether a target is an invoke URL that only VPC endpoints reach.
func (sub *target) private() bool {
	return sub.Kind == probe.InvokeURL && (sub.Endpoint == "PRIVATE" || sub.api != nil && slices.Contains(sub.api.EndpointTypes, "PRIVATE"))
}

// admit is what lets the request in, by who refuses it.
func admit(fx *Facts, sub *target, c *Cluster, who string) []Remedy {
	if fx.preflight(c.Scenario) {
		return []Remedy{remedy.LetPreflightPass}
	}
	text, known := remedy.Admit(who)
	out := []Remedy{text}
	if sub.private() && !known {
		out = append([]Remedy{remedy.FromWithin}, out...)
	}
	if sub.conf != nil && sub.api.Kind == probe.REST && sub.conf.LoggingLevel() != "INFO" && !fx.Logs.Proven[sub.APIID+"/"+sub.Stage] {
		out = append(out, remedy.EnableExecutionLogs(fx.Snapshot.Region, sub.api, sub.conf)...)
	}
	return out
}

// noRoute is the finding of scenarios whose path is no route where other paths
// are.
func noRoute(fx *Facts, sub *target, cells []*cell) Finding {
	f := refusalFinding(fx, sub, cells)
	f.say(NoRoute{Target: sub.ID, Scenarios: f.Scenarios, N: f.Statistics.N, Answer: fx.summary(cells[0].ref)})
	if sub.conf != nil && sub.conf.Deployed != nil && fx.routeOf(sub.conf.Deployed, cells[0].scenario) == "" {
		f.Linked = Proven
		f.Proof = evidence(append([]Fact{DeploymentLacksRoute{Deployment: sub.DeploymentID, Stage: sub.Stage}}, f.Proof...)...)
	} else {
		f.SettledBy = Topic("deployed definition")
		f.Alternatives = []Alternative{{Cause: AccessDenied}, {Cause: StaleDeployment}}
	}
	f.Remedy = []Remedy{remedy.CorrectPath}
	if routes := routesBeside(fx, sub, cells); len(routes) > 0 {
		f.say(HasRoutes{Routes: routes})
		f.Remedy = useRoutes(fx, sub, cells, routes)
	}
	return f
}

// preflight tells a request by which a browser asks whether it may send another: it
// carries no credentials (Fetch standard, CORS-preflight fetch).
func (fx *Facts) preflight(scenario int) bool { return fx.scenario(scenario).IsPreflight() }
