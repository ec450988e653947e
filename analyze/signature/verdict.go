package signature

import (
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/failure"
	"stageprobe/probe/lazyregexp"
)

// verdict judges the answer.
func (e *evidence) verdict() verdict {
	if v, ok := e.noAnswer(); ok {
		return v
	}
	if e.Blocked && len(e.Header) == 0 {
		if e.Preflight {
			return verdict{causes: concat(corsBlocked, byStatus[e.Status])}
		}
		return verdict{causes: concat(byStatus[e.Status], corsBlocked, headersNotShown)}
	}
	if v, ok := e.challenge(); ok {
		return v
	}
	if v, ok := e.byWebSocket(); ok {
		return v
	}
	if o := (stranger{e}).foreign(); o.name != "" {
		v := verdict{by: o.by, foreign: o.name, causes: o.causes}
		if v.causes == nil {
			v.causes = notTheGateway
		}
		return v
	}
	if e.errorType != "" && !e.passThrough && !e.http {
		return e.byErrorType()
	}
	if e.errorType != "" {
		return verdict{by: Integration, causes: nestedGateway}
	}
	return e.withoutErrorType()
}

// noAnswer judges requests that ended without HTTP.
func (e *evidence) noAnswer() (verdict, bool) {
	if e.Outcome == "" || e.Outcome == probe.OutcomeResponse {
		return verdict{}, false
	}
	if (e.Outcome == probe.OutcomeTLS || e.Outcome == probe.OutcomeDNS) && e.extraLabel() {
		return verdict{by: Network, causes: concat(malformedHost, networkCauses[e.Outcome])}, true
	}
	if e.Outcome == probe.OutcomeTLS && strings.Contains(e.Certificate, "*.execute-api.") && e.addr.Kind == address.AddressCustom && !e.extraLabel() {
		return verdict{by: Network, causes: concat(gatewayCertificate, networkCauses[e.Outcome])}, true
	}
	if e.Outcome == probe.OutcomeTLS && e.Misnamed {
		return verdict{by: Network, causes: concat(otherCertificate, networkCauses[e.Outcome])}, true
	}
	if e.Outcome == probe.OutcomeTLS && e.WantsCertificate {
		return verdict{by: Network, causes: clientCertificate}, true
	}
	if e.Outcome == probe.OutcomeReset && e.Cut {
		return verdict{by: Network, causes: concat(answerCut, networkCauses[e.Outcome])}, true
	}
	if e.Outcome == probe.OutcomeTimeout && e.Unconnected {
		return verdict{by: Network, causes: networkCauses[noConnection]}, true
	}
	return verdict{by: Network, causes: networkCauses[e.Outcome]}, true
}

func (e *evidence) byErrorType() verdict {
	for i := range rules {
		if r := &rules[i]; r.fitsError(e) {
			v := r.verdict(e)
			if e.errorType == accessDenied && !r.worded() && e.key != "Message" {
				v.by = "" // an authorizer refuses with this type, and so does a policy
			}
			return v
		}
	}
	// Not a name that API Gateway uses: the error of a service behind it, whose words may
	// name the reason.
	if r := &rules[slices.IndexFunc(rules, func(r rule) bool { return r.wordsOfService })]; e.text != "" && r.says(e.text) {
		return r.verdict(e)
	}
	return verdict{by: Integration, causes: serviceError}
}

func (r *rule) verdict(e *evidence) verdict {
	v := verdict{response: r.response, by: r.by, causes: r.causes, unserved: r.unserved}
	if r.response != "" && r.worded() {
		return v // the default wording settles it
	}
	if named := e.namedType(); named != "" {
		v.response = named
		if c, ok := byType[named]; ok {
			v.by, v.causes = c.by, c.causes
		}
	}
	return v
}

// withoutErrorType judges what carries no error type: answers of integrations,
// refusals of HTTP APIs, and captures whose headers were cut.
func (e *evidence) withoutErrorType() verdict {
	kind := e.kind()
	if e.Status != 0 && e.Status < 400 {
		return e.success()
	}
	if e.saidByGateway(kind) {
		if v, ok := e.byWording(kind); ok {
			return v
		}
	}
	if e.null && e.sole && kind != probe.HTTP && (e.Status == 500 || e.Status == 0) {
		return verdict{causes: concat(authorizerConfiguration, headersNotShown[:1])} // as REST APIs answer for an authorizer that failed
	}
	if kind == "" && len(e.Header) == 0 {
		return e.unshown()
	}
	if kind == "" && e.requestID == "" {
		return verdict{causes: applicationOrOther}
	}
	if e.Status == 0 {
		return verdict{by: Integration}
	}
	if e.sole && slices.Contains(generic, e.text) {
		return verdict{by: Integration, causes: applicationOrNested}
	}
	return verdict{by: Integration, causes: application}
}

// unshown judges an answer whose headers are not at hand. Of a status alone, what
// the status may stand for is said, and nobody is said to have answered.
func (e *evidence) unshown() verdict {
	if e.Handshake && e.Status == 403 {
		return verdict{causes: concat(webSocketConnect, headersNotShown)}
	}
	if len(e.Body) == 0 {
		return verdict{causes: concat(byStatus[e.Status], headersNotShown)}
	}
	if e.addr.Kind == address.AddressExecuteAPI {
		return verdict{causes: headersNotShown[:1]} // in no words of API Gateway's
	}
	return verdict{causes: headersNotShown[1:]}
}

// byWording judges by the first rule with these words. Where the kind is not
// known, as with a body alone, only what all such rules agree in is said.
func (e *evidence) byWording(kind probe.APIKind) (v verdict, ok bool) {
	for i := range rules {
		r := &rules[i]
		switch {
		case !r.fitsWording(e, kind):
		case !ok:
			v, ok = r.verdict(e), true
			if kind != "" || len(e.Header) > 0 {
				return v, true
			}
		default:
			v = v.common(r.verdict(e))
		}
	}
	if e.Status == 0 && len(e.Header) == 0 && slices.Contains(generic, e.text) {
		v.by = "" // a backend may have written it
	}
	return v, ok
}

// common is what two judgements of one answer agree in.
func (v verdict) common(w verdict) verdict {
	if v.response != w.response {
		v.response = ""
	}
	if v.by != w.by {
		v.by = ""
	}
	v.causes = concat(v.causes, w.causes)
	return v
}

// saidByGateway tells whether wording alone may name the gateway. A REST answer
// that has its ids and a trace id, but no error type, was made by the
// integration however it is worded.
func (e *evidence) saidByGateway(kind probe.APIKind) bool {
	if kind == probe.HTTP {
		return true
	}
	return !(e.rest && e.traced) && (e.sole || e.fromLength || restOnlyWording(e.text))
}

// success judges 2xx and 3xx. A non-proxy integration may turn the refusal of
// another gateway behind it into a success.
func (e *evidence) success() verdict {
	by := Integration
	if e.kind() == probe.HTTP && e.Status == 204 && e.bare && e.has("access-control-allow-methods") {
		by = "" // an HTTP API may answer a preflight by itself
	}
	if e.kind() == "" && e.requestID == "" {
		by = "" // nothing says that API Gateway took part
	}
	if causes := e.inside(); causes != nil && (by != "" || e.kind() != "" || e.addr.Kind == address.AddressExecuteAPI) {
		return verdict{by: by, causes: causes}
	}
	if e.Cut {
		return verdict{by: by, causes: answerCut}
	}
	if e.front.Copy {
		return verdict{by: by, causes: cdnCache}
	}
	if e.Preflight && len(e.Header) > 0 && !e.has("access-control-allow-origin") {
		if e.kind() == probe.HTTP && e.bare {
			by = "" // by itself, or the application of an OPTIONS or $default route
		}
		return verdict{by: by, causes: preflightUnheeded}
	}
	if e.sole && e.text != "" && slices.ContainsFunc(rules, func(r rule) bool { return r.says(e.text) }) {
		return verdict{by: by, causes: nestedGateway}
	}
	return verdict{by: by}
}

// byType are the types that a customised body may name, where the error type
// alone leaves more than one.
var byType = func() map[string]rule {
	out := map[string]rule{}
	for _, r := range rules {
		if _, ok := out[r.response]; !ok && r.response != "" {
			out[r.response] = r
		}
	}
	out["INVALID_API_KEY"] = rule{by: Gateway, causes: keyOnly}
	out["WAF_FILTERED"] = rule{by: Gateway, causes: wafOnly}
	// Two parties refuse with this type: the rule's own judgement stands.
	delete(out, "ACCESS_DENIED")
	delete(out, "DEFAULT_4XX")
	return out
}()

var responseTypes = []string{
	"ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE",
	"BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN",
	"INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY", "INVALID_SIGNATURE",
	"MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND",
	"THROTTLED", "UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED",
}

// ResponseTypes lists the gateway response types that an API can customise.
func ResponseTypes() []string { return slices.Clone(responseTypes) }

// bodyFactRE also takes keys without quotes, as clients print JSON that show it
// in a form of their own.
var bodyFactRE = lazyregexp.New(`(?m)(?:"([A-Za-z][A-Za-z_.-]{2,30})"|^[ \t]+([a-z][A-Za-z_.-]{2,30}))\s*:\s*(?:"((?:[^"\\\n]|\\.)*)(?:"|$)|([^",\n]+))`)

// bodyFacts are the values that a customised gateway response may show, under
// the names people give them. The templates are not escaped, so that the body
// may not be JSON.
func (e *evidence) bodyFacts() map[string]string {
	out := map[string]string{}
	for _, m := range bodyFactRE.FindAllSubmatch(e.Body[:min(len(e.Body), 16<<10)], 64) {
		value := unquote(m[3])
		if m[4] != nil {
			value = strings.TrimSpace(string(m[4]))
			if strings.Count(value, "}") > strings.Count(value, "{") {
				value = strings.TrimSpace(strings.TrimSuffix(value, "}"))
			}
		}
		name := strings.ToLower(spelling.Replace(string(m[1]) + string(m[2])))
		if _, ok := out[name]; !ok {
			out[name] = value
		}
	}
	return out
}

// namedType is the gateway response type that a customised body or header
// names; "" where none is named.
func (e *evidence) namedType() string {
	facts := e.bodyFacts()
	for _, key := range []string{"responsetype", "type", "errortype", "error.responsetype", "gatewayresponse", "gatewayresponsetype", "errorresponsetype", "code", "errorcode", "error"} {
		if v := facts[key]; slices.Contains(responseTypes, v) {
			return v
		}
	}
	for _, h := range e.Header {
		if slices.Contains(responseTypes, h.Value) {
			return h.Value
		}
	}
	return ""
}

// inside are the causes of a failure that the body of a success holds.
func (e *evidence) inside() []cause {
	f, ok := failure.InBody(e.Body)
	switch {
	case !ok:
		return nil
	case f.Candidate == "error-in-body":
		return errorInBody
	case f.Candidate == "base64-body":
		return base64Body
	case f.Kind == failure.Malformed:
		return innerStatus
	}
	return innerError
}

// spelling takes out in what the names of one id differ.
var spelling = strings.NewReplacer("_", "", "-", "", "context.", "")
