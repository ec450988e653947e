package logs

import (
	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// The producers of an answer, spelt as reports spell them.
const (
	producerGateway     = "gateway"
	producerIntegration = "integration"
	producerAuthorizer  = "authorizer"
)

// responseProducer says who stands behind a gateway response type; "" where the
// type alone does not tell. A DEFAULT_ type says nothing, and ACCESS_DENIED is
// an authorizer's or a resource policy's.
func responseProducer(response string) string {
	switch response {
	case "UNAUTHORIZED", "AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR":
		return producerAuthorizer
	case "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT":
		return producerIntegration
	case "MISSING_AUTHENTICATION_TOKEN", "INVALID_API_KEY", "INVALID_SIGNATURE", "EXPIRED_TOKEN", "WAF_FILTERED",
		"BAD_REQUEST_PARAMETERS", "BAD_REQUEST_BODY", "UNSUPPORTED_MEDIA_TYPE", "REQUEST_TOO_LARGE",
		"RESOURCE_NOT_FOUND", "THROTTLED", "QUOTA_EXCEEDED":
		return producerGateway
	}
	return ""
}

// conclude fills in what follows from the lines of a request taken together.
func (r *request) conclude(rec *probe.LogRecord) {
	f, _ := failure.Read(rec.Error)
	if rec.GatewayResponse == "" && f.GatewayResponse != "" && agrees(rec.Status, f.Status) {
		rec.GatewayResponse, rec.GatewayResponseImplied = f.GatewayResponse, true
	}
	if rec.Error != "" && rec.Status == nil && f.Status != 0 {
		rec.ImpliedStatus = &f.Status
	}
	rec.Producer = r.producer(rec, f)
	// With data trace on, an authorizer that is called leaves the lines of the call.
	if kept := r.seen(kindIdentity) && r.seen(kindAuthorizerDone) && !r.asked; r.asked || kept {
		asked := r.asked
		rec.AuthorizerCalled = &asked
	}
	if r.seen(kindRefusal) && rec.IntegrationCalled == nil {
		called := false
		rec.IntegrationCalled = &called
	}
}

// agrees reports whether a status is the one a type has by default, or unknown;
// a customised status is named by a line of its own together with the type.
func agrees(status *int, usual int) bool { return status == nil || usual == 0 || *status == usual }

// producer says who made the answer.
func (r *request) producer(rec *probe.LogRecord, f failure.Failure) string {
	switch {
	case rec.Error == "" && r.seen(kindSucceeded):
		// The gateway did its job: whatever the status, the backend chose it.
		return producerIntegration
	case !rec.GatewayResponseImplied && responseProducer(rec.GatewayResponse) != "":
		return responseProducer(rec.GatewayResponse)
	case r.failedInAuthorizer:
		return producerAuthorizer
	case f.Producer != "":
		return f.Producer
	case f.GatewayResponse == "ACCESS_DENIED" && r.seen(kindStartAuthorizer):
		return producerAuthorizer
	case f.GatewayResponse == "ACCESS_DENIED":
		return producerGateway // a resource policy, or IAM
	case rec.Error != "" && rec.IntegrationCalled != nil && *rec.IntegrationCalled:
		return producerIntegration
	}
	return ""
}
