package cause

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/words"
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
		for _, kind := range slices.Sorted(maps.Keys(byKind)) {
			r := refusal{sub: sub, cells: byKind[kind], kind: kind}
			r.noRoute = unrouted(&fx.Clusters[r.cells[0].ref]) && !signed(fx, sub, r.cells[0]) && !strings.HasSuffix(kind, onPreflight)
			r.cached = !r.noRoute && mayBeCached(fx, sub, r.cells) && authSkipped(fx, &split{draws: drawsOf(sub)}, clustersOfCells(r.cells))
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
		if fx.all(r.sub, refused) {
			v.closed = append(v.closed, r.sub.index)
		}
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
	f.Statement = fmt.Sprintf("%s asks for a client certificate (mutual TLS), and none of %s without a trusted one was let in: %s.",
		d.Name, words.Plural(f.Statistics.N, "request"), fx.summaries(fx.clustersOf(sub), 2))
	f.Evidence = evidence(append([]string{"configuration: mutual TLS is on for " + d.Name}, f.Evidence...)...)
	f.Remedy = []Remedy{advice("probe with a certificate that the domain's truststore holds (--cert, --key)")}
	f.rests = behavioursOf(sub)
	return f
}

// refusedThroughout tells whether a scenario got nothing but one refusal that
// nobody expects and nothing else explains.
func refusedThroughout(fx *Facts, known *Known, sub *target, c *cell) bool {
	if c.ref < 0 || len(c.clusters) != 1 || known.by[c.ref] != "" || !refused(&fx.Clusters[c.ref]) {
		return false
	}
	if len(c.rows) < tuning.Enough.Refused && !fx.Done {
		return false
	}
	return fx.Expected == nil || !fx.Expected(sub.index, c.scenario)
}

func refusedFinding(fx *Facts, sub *target, cells []*cell) Finding {
	c := &fx.Clusters[cells[0].ref]
	who, proof := refuser(fx, sub, cells[0])
	f := refusalFinding(fx, sub, cells)
	n := f.Statistics.N
	f.Statement = fmt.Sprintf("%s refuses all %s for %s: %s. %s", sub.ID, words.Plural(n, "request"), words.List(f.Scenarios), fx.summary(cells[0].ref), who)
	if fx.preflight(cells[0].scenario) {
		f.Statement += " This is a browser's preflight (CORS), which carries no credentials: where it is refused, the browser does not send the request that follows."
	}
	if proof != "" {
		f.Linked = Proven
		f.Evidence = evidence(append([]string{proof}, f.Evidence...)...)
	} else {
		f.Settles = "execution logs at level INFO, or $context.error.responseType and $context.authorizer.error in the access log"
	}
	cached, ran := mayBeCached(fx, sub, cells), authorizerRan(fx, sub, cells)
	shared := oneForAll(fx, sub, cells)
	if shared != "" {
		f.Statement += fmt.Sprintf(" Authorizer %s keeps its results: what it decided on one of these routes may decide the others until it expires.", shared)
	}
	if shared != "" || cached && !ran {
		f.Linked, f.Alternatives = ConsistentWith, []Alternative{{Cause: AuthorizerCache}}
		f.Settles = "execution logs at level INFO with data tracing: a request that a cached result decided shows no call of the authorizer; or the same check once the TTL of its results is over"
	}
	if forbidden(c) && sub.api == nil {
		f.Alternatives = []Alternative{{Cause: UnmappedTarget}}
	}
	if unrouted(c) && sub.conf != nil && sub.conf.Deployed == nil {
		f.Alternatives = append(f.Alternatives, Alternative{Cause: StaleDeployment})
	}
	f.Remedy = admit(fx, sub, c, who)
	if r := fx.route(sub, cells[0].scenario); r != nil && fx.preflight(cells[0].scenario) && len(fx.scenario(cells[0].scenario).Route) > 0 {
		if open := remedy.OpenPreflight(preflightPlace(fx, sub, cells[0]), r); len(open) > 0 {
			f.Remedy = open
		}
	}
	return f
}

func preflightPlace(fx *Facts, sub *target, c *cell) remedy.Place {
	_, path, _ := strings.Cut(fx.scenario(c.scenario).Route, " ")
	return remedy.Place{Region: fx.Snapshot.Region, APIID: sub.APIID, APIKind: sub.api.Kind, Stage: sub.Stage, Resource: path}
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
	if fx.Records == nil {
		return false
	}
	for _, c := range cells {
		for _, i := range c.rows {
			for _, rec := range fx.Records(fx.Rows[i].RequestID) {
				if rec.AuthorizerCalled != nil && *rec.AuthorizerCalled {
					return true
				}
			}
		}
	}
	return false
}

// drawsOf are all rows of a target.
func drawsOf(sub *target) []draw {
	var out []draw
	for _, i := range sub.rows() {
		out = append(out, draw{row: i})
	}
	return out
}

func clustersOfCells(cells []*cell) []int {
	var out []int
	for _, c := range cells {
		out = append(out, c.clusters...)
	}
	return out
}

// cachedDenial is the finding of scenarios that are refused throughout by a
// result which the authorizer made for another route.
func cachedDenial(fx *Facts, sub *target, cells []*cell) Finding {
	name := cachingAuthorizer(fx, &split{sub: sub, cells: cells[:1]})
	f := refusalFinding(fx, sub, cells)
	f.Linked = Proven
	f.Statement = fmt.Sprintf("%s refuses all %s for %s: %s. Authorizer %s keeps its results, and by the logs it was called for requests to other routes and not for these: a result that was made for another route decides them until it expires.",
		sub.ID, words.Plural(f.Statistics.N, "request"), words.List(f.Scenarios), fx.summary(cells[0].ref), name)
	f.Remedy = remedy.FlushAuthorizersCache(fx.Snapshot.Region, sub.api, sub.conf)
	f.Remedy = append(f.Remedy, advice("let the authorizer's policy cover every route that the token may call, or set the TTL of its results to 0"))
	return f
}

// refusalFinding is what all findings of refused scenarios share.
func refusalFinding(fx *Facts, sub *target, cells []*cell) Finding {
	n := 0
	var lines []string
	var rests []int
	for _, c := range cells {
		if len(c.rows) == 0 {
			continue
		}
		n += len(c.rows)
		rests = append(rests, c.ref)
		lines = append(lines, fx.example(sub, c.ref), fx.logLine(c.rows[0], refusalLine))
	}
	return Finding{
		Linked: ConsistentWith, Targets: []string{sub.ID}, Scenarios: fx.cellNames(cells), Evidence: evidence(lines...), rests: rests,
		Statistics: &Statistics{Test: "all answers alike", Statistic: float64(n), Effect: 1, N: n, Share: interval(n, n, fx.alpha)},
	}
}

func refusalLine(r *probe.LogRecord) string {
	switch {
	case r.WAF != "":
		return "WAF " + r.WAF
	case r.AuthorizerOutcome != "" && r.AuthorizerOutcome != "allow":
		return "authorizer " + r.AuthorizerOutcome
	case r.UsagePlan == "throttled" || r.UsagePlan == "quota":
		return "usage plan " + r.UsagePlan
	}
	return r.Error
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

// refusers say which part refuses, by gateway response type.
var refusers = map[string]string{
	"UNAUTHORIZED":                   "An authorizer refuses it: what identifies the caller is missing or not accepted.",
	"ACCESS_DENIED":                  "An authorizer's policy, IAM or the API's resource policy denies it.",
	"INVALID_API_KEY":                "The API key is missing, wrong, or its usage plan lacks this stage.",
	"WAF_FILTERED":                   "The web ACL of the stage blocks it.",
	"INVALID_SIGNATURE":              "The request's signature does not match.",
	"EXPIRED_TOKEN":                  "The security token of the request has expired.",
	"MISSING_AUTHENTICATION_TOKEN":   "The route asks for an IAM signature, and the request carries none.",
	"AUTHORIZER_CONFIGURATION_ERROR": "The authorizer cannot be called or its result cannot be read.",
	"AUTHORIZER_FAILURE":             "The authorizer failed.",
}

// refuser names the part that refuses, with the record or the configuration that
// proves it; "" where only the answer speaks.
func refuser(fx *Facts, sub *target, c *cell) (who, proof string) {
	k := &fx.Clusters[c.ref]
	if fx.preflight(c.scenario) && unrouted(k) {
		return "No OPTIONS method is deployed for the path, and no CORS configuration answers in its place.", ""
	}
	who = cmp.Or(refusers[k.Reading.GatewayResponse], "An API key, a web ACL, mutual TLS or a policy may refuse it: the answer does not tell which.")
	if line := fx.logLine(c.rows[0], refusalLine); line != "" {
		return cmp.Or(refuserByLog(line), who), line
	}
	if k.Reading.APIID != "" && k.Reading.Stage != "" {
		return who, fmt.Sprintf("the answer itself names stage %s of API %s as what may not be called", k.Reading.Stage, k.Reading.APIID)
	}
	r := fx.route(sub, c.scenario)
	switch {
	case r == nil:
	case r.APIKeyRequired && forbidden(k):
		return refusers["INVALID_API_KEY"], fmt.Sprintf("configuration: %s requires an API key", fx.scenario(c.scenario).Route)
	case r.Authorization != "" && r.Authorization != "NONE" && !forbidden(k):
		text := fmt.Sprintf("configuration: %s has authorization %s", fx.scenario(c.scenario).Route, r.Authorization)
		if r.Authorizer != "" {
			text += " by authorizer " + r.Authorizer
		}
		return who, text
	case sub.conf.WebACL != "" && forbidden(k):
		return who, "" // a web ACL may be the reason, or not
	}
	return who, ""
}

// refuserByLog reads from a log line which part refused; "" where it does not
// tell more than the answer.
func refuserByLog(line string) string {
	switch {
	case strings.Contains(line, "WAF "):
		return refusers["WAF_FILTERED"]
	case strings.Contains(line, "API Key"):
		return refusers["INVALID_API_KEY"]
	}
	return ""
}

// fromWithin is how a private API is reached.
const fromWithin = "the API is private: probe it from a VPC with an endpoint for execute-api, and see whether the API's resource policy lets that endpoint in"

// private tells whether a target is an invoke URL that only VPC endpoints reach.
func (sub *target) private() bool {
	return sub.Kind == probe.InvokeURL && (sub.Endpoint == "PRIVATE" || sub.api != nil && slices.Contains(sub.api.EndpointTypes, "PRIVATE"))
}

// admit is what lets the request in, by who refuses it.
func admit(fx *Facts, sub *target, c *Cluster, who string) []Remedy {
	if fx.preflight(c.Scenario) {
		return []Remedy{advice("let preflights pass: give the path an OPTIONS method with authorization NONE and no API key, or configure CORS, and deploy. A browser sends no credentials with a preflight, so that no client can mend it")}
	}
	response := c.Reading.GatewayResponse
	for kind, text := range refusers {
		if text == who {
			response = kind
		}
	}
	text := map[string]string{
		"UNAUTHORIZED":                 "send the token that the authorizer asks for (--bearer env:NAME, or -H)",
		"INVALID_API_KEY":              "send an API key whose usage plan holds this stage (--api-key env:NAME)",
		"WAF_FILTERED":                 "look up the blocking rule in the web ACL's sampled requests",
		"MISSING_AUTHENTICATION_TOKEN": "sign the request (--sigv4)",
		"INVALID_SIGNATURE":            "sign for the right region, service (execute-api) and host",
		"EXPIRED_TOKEN":                "renew the credentials that sign the request",
	}[response]
	out := []Remedy{advice(cmp.Or(text, "send what the refusing part asks for, or correct its policy; if the refusal is meant, declare it in the scenario file (expect: status)"))}
	if sub.private() && text == "" {
		out = append([]Remedy{advice(fromWithin)}, out...)
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
	f.Statement = fmt.Sprintf("%s has no route for %s: all %s are %s.", sub.ID, words.List(f.Scenarios), words.Plural(f.Statistics.N, "answer"), fx.summary(cells[0].ref))
	if sub.conf != nil && sub.conf.Deployed != nil && fx.routeOf(sub.conf.Deployed, cells[0].scenario) == "" {
		f.Linked = Proven
		f.Evidence = evidence(append([]string{fmt.Sprintf("configuration: deployment %s of stage %s has no route for it", sub.DeploymentID, sub.Stage)}, f.Evidence...)...)
	} else {
		f.Settles = "the deployed definition (apigateway:GET on the stage's export), which lists the routes"
		f.Alternatives = []Alternative{{Cause: AccessDenied}, {Cause: StaleDeployment}}
	}
	f.Remedy = []Remedy{advice("correct the path of the scenario, or add the route and deploy it")}
	return f
}

// preflight tells a request by which a browser asks whether it may send another: it
// carries no credentials (Fetch standard, CORS-preflight fetch).
func (fx *Facts) preflight(scenario int) bool { return fx.scenario(scenario).IsPreflight() }
