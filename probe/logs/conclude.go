package logs

import (
	"strings"

	"stageprobe/probe"
)

// finish returns the entry as a record, with what follows from its variables
// taken together.
func (e *entry) finish() probe.LogRecord {
	rec := &e.rec
	rec.Source = probe.AccessLogSrc
	rec.Complete = true // an entry is written when the request is over
	rec.APIKind = e.apiKind()
	e.addresses()
	if rec.IntegrationCalled == nil && e.refers && !e.doubtsIntegration() && !e.gaveUp() && !e.has(500) {
		no := false
		rec.IntegrationCalled = &no
	}
	if rec.Error = e.message; rec.Error == "" {
		rec.Error = e.integration
	} else if rec.Detail == "" && e.integration != e.message {
		rec.Detail = e.integration
	}
	switch {
	case e.authorizer == "" || e.authorizer == rec.Error:
	case rec.Error == "":
		rec.Error = e.authorizer
	case rec.Detail == "":
		rec.Detail = e.authorizer
	}
	if e.wafBlocked() && rec.GatewayResponse == "" {
		rec.GatewayResponse, rec.GatewayResponseImplied = "WAF_FILTERED", true
	}
	rec.Unrouted = e.unrouted && e.resource == "" && rec.RouteKey == ""
	rec.Producer = e.producer()
	e.verdicts()
	return *rec
}

// apiKind tells the kind of API where the entry does: only HTTP and WebSocket
// APIs have route keys, and the request id of a REST API is a UUID.
func (e *entry) apiKind() probe.APIKind {
	id := []byte(e.rec.RequestID)
	switch {
	case e.webSocket:
		return ""
	case e.rec.RouteKey != "", isExtended(id):
		return probe.HTTP
	case looksLikeID(id), e.resource != "", e.rec.WAF != "", e.rec.Canary != nil:
		return probe.REST
	}
	return ""
}

// addresses tells path and template apart. On an execute-api host $context.path
// begins with the stage.
func (e *entry) addresses() {
	rec := &e.rec
	rec.Path = e.path
	custom := rec.Domain != "" && !strings.Contains(rec.Domain, ".execute-api.")
	if rest, found := strings.CutPrefix(e.path, "/"+rec.Stage); found && rec.Stage != "" && !custom && (rest == "" || rest[0] == '/') {
		rec.Path = "/" + strings.TrimPrefix(rest, "/")
	}
	switch {
	case strings.Contains(rec.RouteKey, " "):
		rec.Template = rec.RouteKey
		if method, _, _ := strings.Cut(rec.RouteKey, " "); rec.Method == "" && method != "ANY" {
			rec.Method = method
		}
	case e.resource != "" && rec.Method != "":
		rec.Template = rec.Method + " " + e.resource
	}
}

// doubtsIntegration reports whether a variable of the integration was left out.
func (e *entry) doubtsIntegration() bool {
	for _, doubt := range e.rec.Doubts {
		if name, _, _ := strings.Cut(doubt, " "); integrationCalls[name] {
			return true
		}
	}
	return false
}

func (e *entry) wafBlocked() bool {
	return strings.HasSuffix(e.rec.WAF, "BLOCK") || e.rec.WAF == "" && e.wafStatus == "403" && e.has(403)
}

func (e *entry) has(status int) bool { return e.rec.Status != nil && *e.rec.Status == status }

// gaveUp reports a status that API Gateway gives for an integration alone: one that
// answered nothing usable, or not in time. Its own status is then unknown, too.
func (e *entry) gaveUp() bool { return e.has(502) || e.has(503) || e.has(504) }

// producer says who made the answer; "" where the entry leaves it open. A
// missing integration is the cheapest test of all: what was refused before it
// is the gateway's.
func (e *entry) producer() string {
	rec := &e.rec
	called, known := rec.IntegrationCalled != nil && *rec.IntegrationCalled, rec.IntegrationCalled != nil
	failed := rec.Status != nil && *rec.Status >= 400
	switch {
	case e.wafBlocked():
		return producerGateway
	case responseProducer(rec.GatewayResponse) != "":
		return responseProducer(rec.GatewayResponse)
	case rec.GatewayResponse == "ACCESS_DENIED":
		return e.denier()
	case e.authorizer != "" && failed && !called:
		return producerAuthorizer
	case called, e.integration != "", e.refers && e.gaveUp() && e.authorizer == "":
		return producerIntegration
	case e.unrouted && e.has(404) && rec.APIKind == probe.HTTP:
		return producerGateway
	case known && failed, rec.GatewayResponse != "":
		return e.refuser()
	case e.message != "" && (e.has(401) || e.has(403) || e.has(404) || e.has(429)):
		return e.refuser()
	}
	// Without an integration an answer may still be a mock's or the cache's.
	return ""
}

// denier tells an authorizer's policy from a resource policy or IAM, which name
// the principal.
func (e *entry) denier() string {
	switch {
	case strings.HasPrefix(e.message, "User: "):
		return producerGateway
	case e.authorizer != "", e.rec.APIKind == probe.HTTP, strings.HasPrefix(e.message, "User is not authorized"):
		return producerAuthorizer
	}
	return ""
}

// refuser tells who refused a request that reached no integration.
func (e *entry) refuser() string {
	switch {
	case e.has(401) && e.message == "Unauthorized":
		return producerAuthorizer
	case e.has(403) && e.rec.APIKind == probe.HTTP:
		return producerAuthorizer // an HTTP API refuses with 403 nowhere else
	}
	return producerGateway
}

// verdicts fills in what the authorizer and the usage plan decided.
func (e *entry) verdicts() {
	rec := &e.rec
	switch rec.GatewayResponse {
	case "THROTTLED":
		rec.UsagePlan = "throttled"
	case "QUOTA_EXCEEDED":
		rec.UsagePlan = "quota"
	}
	if rec.Producer != producerAuthorizer {
		return
	}
	switch {
	case strings.HasPrefix(rec.GatewayResponse, "AUTHORIZER_"), e.has(500):
		rec.AuthorizerOutcome = "error"
	case e.has(401):
		rec.AuthorizerOutcome = "unauthorized"
	case e.has(403):
		rec.AuthorizerOutcome = "deny"
	}
}
