package cause

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// enoughRefused is how many answers of a scenario, all refused, are a fact of
// the configuration rather than the beginning of a split.
const enoughRefused = 5

// denied finds scenarios of which every answer is the same refusal.
func (s *study) denied() {
	for _, sub := range s.subjects {
		if s.mutualTLS(sub) {
			continue
		}
		byKind := map[string][]*cell{}
		var kinds []string
		for _, c := range sub.cells {
			if !s.refusedThroughout(sub, c) {
				continue
			}
			kind := kindOf(&s.Clusters[c.ref])
			if byKind[kind] == nil {
				kinds = append(kinds, kind)
			}
			byKind[kind] = append(byKind[kind], c)
		}
		slices.Sort(kinds)
		for _, kind := range kinds {
			s.reportDenied(sub, byKind[kind])
		}
		sub.moot = sub.moot || s.all(sub, refused) && len(kinds) > 0
	}
}

// mutualTLS finds a domain that asks for a client certificate and lets nobody in
// without: the handshake fails, or the answer is Forbidden.
func (s *study) mutualTLS(sub *subject) bool {
	d := s.domainOf(sub)
	if d == nil || !d.MutualTLS || sub.n() == 0 || sub.moot || s.answered(sub) > 0 && !s.all(sub, forbidden) {
		return false
	}
	f := s.refusal(sub, sub.cells, AccessDenied)
	f.Linked = Proven
	f.Statement = fmt.Sprintf("%s asks for a client certificate (mutual TLS), and none of %s without a trusted one was let in: %s.",
		d.Name, plural(f.Statistics.N, "request"), s.summaries(s.clustersOf(sub), 2))
	f.Evidence = evidence(append([]string{"configuration: mutual TLS is on for " + d.Name}, f.Evidence...)...)
	f.Remedy = []Remedy{advice("probe with a certificate that the domain's truststore holds (--cert, --key)")}
	s.report(f, sub.ID)
	sub.explainAll(AccessDenied)
	sub.moot = true
	return true
}

// refusedThroughout tells whether a scenario got nothing but one refusal that
// nobody expects and nothing else explains.
func (s *study) refusedThroughout(sub *subject, c *cell) bool {
	if c.ref < 0 || len(c.clusters) != 1 || sub.because[c.ref] != "" || !refused(&s.Clusters[c.ref]) {
		return false
	}
	if len(c.rows) < enoughRefused && !s.Done {
		return false
	}
	return s.Expected == nil || !s.Expected(sub.index, c.scenario)
}

func (s *study) reportDenied(sub *subject, cells []*cell) {
	c := &s.Clusters[cells[0].ref]
	if unrouted(c) && !s.signed(sub, cells[0]) {
		s.reportNoRoute(sub, cells)
		return
	}
	who, proof := s.refuser(sub, cells[0])
	f := s.refusal(sub, cells, AccessDenied)
	n := f.Statistics.N
	f.Statement = fmt.Sprintf("%s refuses all %s for %s: %s. %s", sub.ID, plural(n, "request"), list(f.Scenarios), s.summary(cells[0].ref), who)
	if proof != "" {
		f.Linked = Proven
		f.Evidence = evidence(append([]string{proof}, f.Evidence...)...)
	} else {
		f.Settles = "execution logs at level INFO, or $context.error.responseType and $context.authorizer.error in the access log"
	}
	cached, ran := s.mayBeCached(sub, cells), s.authorizerRan(sub, cells)
	if cached && s.authSkipped(&split{draws: s.drawsOf(sub)}, clustersOfCells(cells)) {
		s.reportCachedDenial(sub, cells)
		return
	}
	shared := s.oneForAll(sub, cells)
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
	f.Remedy = s.admit(sub, c, who)
	s.report(f, sub.APIID+"/"+sub.Stage+"/"+kindOf(c))
}

// mayBeCached tells whether a result that the authorizer made for another route,
// which lets the caller in, may decide these: it is kept for every route alike.
func (s *study) mayBeCached(sub *subject, cells []*cell) bool {
	x := &split{sub: sub, cells: cells[:1], clusters: cells[0].clusters}
	name := s.cachingAuthorizer(x)
	return name != "" && s.byAuthorizer(x) && slices.ContainsFunc(sub.cells, func(c *cell) bool {
		return c.ref >= 0 && !refused(&s.Clusters[c.ref]) && s.cachingAuthorizer(&split{sub: sub, cells: []*cell{c}}) == name
	})
}

// oneForAll names the caching authorizer of several scenarios that are refused by
// policy, where the logs do not show it deciding on each of them; "" elsewhere. A
// caller without credentials is refused before any authorizer.
func (s *study) oneForAll(sub *subject, cells []*cell) string {
	name := s.cachingAuthorizer(&split{sub: sub, cells: cells[:1]})
	if name == "" || len(cells) < 2 || s.Clusters[cells[0].ref].GatewayResponse != "ACCESS_DENIED" {
		return ""
	}
	decided := true
	for _, c := range cells {
		if s.cachingAuthorizer(&split{sub: sub, cells: []*cell{c}}) != name {
			return ""
		}
		decided = decided && s.authorizerRan(sub, []*cell{c})
	}
	if decided {
		return ""
	}
	return name
}

// authorizerRan tells whether the logs show the authorizer deciding a request
// that was refused, rather than a result that was kept.
func (s *study) authorizerRan(sub *subject, cells []*cell) bool {
	if s.Records == nil {
		return false
	}
	for _, c := range cells {
		for _, i := range c.rows {
			for _, rec := range s.Records(s.Rows[i].RequestID) {
				if rec.AuthorizerCalled != nil && *rec.AuthorizerCalled {
					return true
				}
			}
		}
	}
	return false
}

// drawsOf are all rows of a target.
func (s *study) drawsOf(sub *subject) []draw {
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

// reportCachedDenial is the finding of scenarios that are refused throughout by a
// result which the authorizer made for another route.
func (s *study) reportCachedDenial(sub *subject, cells []*cell) {
	name := s.cachingAuthorizer(&split{sub: sub, cells: cells[:1]})
	f := s.refusal(sub, cells, AuthorizerCache)
	f.Linked = Proven
	f.Statement = fmt.Sprintf("%s refuses all %s for %s: %s. Authorizer %s keeps its results, and by the logs it was called for requests to other routes and not for these: a result that was made for another route decides them until it expires.",
		sub.ID, plural(f.Statistics.N, "request"), list(f.Scenarios), s.summary(cells[0].ref), name)
	f.Remedy = remedy.FlushAuthorizersCache(s.Snapshot.Region, sub.api, sub.conf)
	f.Remedy = append(f.Remedy, advice("let the authorizer's policy cover every route that the token may call, or set the TTL of its results to 0"))
	s.report(f, sub.APIID+"/"+sub.Stage)
}

// refusal is what all findings of refused scenarios share.
func (s *study) refusal(sub *subject, cells []*cell, cause ID) Finding {
	n := 0
	var lines []string
	for _, c := range cells {
		if len(c.rows) == 0 {
			continue
		}
		n += len(c.rows)
		sub.explain(cause, c.ref)
		lines = append(lines, s.example(sub, c.ref), s.logLine(c.rows[0], refusalLine))
	}
	return Finding{
		Cause: cause, Severity: Error, Linked: ConsistentWith, Targets: []string{sub.ID}, Step: 4,
		Scenarios: s.cellNames(cells), Evidence: evidence(lines...),
		Statistics: &Statistics{Test: "all answers alike", Statistic: float64(n), Effect: 1, N: n, Share: interval(n, n, s.alpha)},
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
func (s *study) signed(sub *subject, c *cell) bool {
	if sub.conf != nil && sub.conf.Deployed == nil { // the editor's tells what is likely
		key := s.editorRoute(sub, c.scenario)
		return key != "" && sub.api.Editor.Routes[key].Authorization == "AWS_IAM"
	}
	r := s.route(sub, c.scenario)
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
func (s *study) refuser(sub *subject, c *cell) (who, proof string) {
	k := &s.Clusters[c.ref]
	who = cmp.Or(refusers[k.GatewayResponse], "An API key, a web ACL, mutual TLS or a policy may refuse it: the answer does not tell which.")
	if line := s.logLine(c.rows[0], refusalLine); line != "" {
		return cmp.Or(refuserByLog(line), who), line
	}
	if k.APIID != "" && k.Stage != "" {
		return who, fmt.Sprintf("the answer itself names stage %s of API %s as what may not be called", k.Stage, k.APIID)
	}
	r := s.route(sub, c.scenario)
	switch {
	case r == nil:
	case r.APIKeyRequired && forbidden(k):
		return refusers["INVALID_API_KEY"], fmt.Sprintf("configuration: %s requires an API key", s.scenario(c.scenario).Route)
	case r.Authorization != "" && r.Authorization != "NONE" && !forbidden(k):
		text := fmt.Sprintf("configuration: %s has authorization %s", s.scenario(c.scenario).Route, r.Authorization)
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
func (sub *subject) private() bool {
	return sub.Kind == probe.InvokeURL && (sub.Endpoint == "PRIVATE" || sub.api != nil && slices.Contains(sub.api.EndpointTypes, "PRIVATE"))
}

// admit is what lets the request in, by who refuses it.
func (s *study) admit(sub *subject, c *Cluster, who string) []Remedy {
	response := c.GatewayResponse
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
	if sub.conf != nil && sub.api.Kind == probe.REST && sub.conf.LoggingLevel() != "INFO" && !s.Logs.Proven[sub.APIID+"/"+sub.Stage] {
		out = append(out, remedy.EnableExecutionLogs(s.Snapshot.Region, sub.api, sub.conf)...)
	}
	return out
}

// reportNoRoute is the finding of scenarios whose path is no route where other
// paths are.
func (s *study) reportNoRoute(sub *subject, cells []*cell) {
	f := s.refusal(sub, cells, UnmappedTarget)
	f.Step = 1
	f.Statement = fmt.Sprintf("%s has no route for %s: all %s are %s.", sub.ID, list(f.Scenarios), plural(f.Statistics.N, "answer"), s.summary(cells[0].ref))
	if sub.conf != nil && sub.conf.Deployed != nil && s.routeOf(sub.conf.Deployed, cells[0].scenario) == "" {
		f.Linked = Proven
		f.Evidence = evidence(append([]string{fmt.Sprintf("configuration: deployment %s of stage %s has no route for it", sub.DeploymentID, sub.Stage)}, f.Evidence...)...)
	} else {
		f.Settles = "the deployed definition (apigateway:GET on the stage's export), which lists the routes"
		f.Alternatives = []Alternative{{Cause: AccessDenied}, {Cause: StaleDeployment}}
	}
	f.Remedy = []Remedy{advice("correct the path of the scenario, or add the route and deploy it")}
	s.report(f, sub.ID+"/no route")
}
