package logs

import (
	"strings"

	"stageprobe/probe"
)

// The producers of an answer, spelt as reports spell them.
const (
	producerGateway     = "gateway"
	producerIntegration = "integration"
	producerAuthorizer  = "authorizer"
)

// failure says what a failure line stands for. response and status are set only
// where AWS's documentation ties exactly one gateway response type to the line.
type failure struct {
	text     string // what the line contains
	producer string
	response string
	status   int
}

// failures is ordered: the first row whose text a line contains holds. A fault
// on the way to or in the integration is the integration's; a fault of the
// API's own definition, such as a mapping, is the gateway's.
var failures = []failure{
	{"due to a timeout error", producerIntegration, "INTEGRATION_TIMEOUT", 504},
	{"due to a network error", producerIntegration, "INTEGRATION_FAILURE", 504},
	{"due to an authorizer error", producerAuthorizer, "AUTHORIZER_FAILURE", 500},
	{"Authorizer error", producerAuthorizer, "AUTHORIZER_CONFIGURATION_ERROR", 500},
	{"Could not parse policy", producerAuthorizer, "AUTHORIZER_CONFIGURATION_ERROR", 500},
	{"Invalid JSON in response", producerAuthorizer, "AUTHORIZER_CONFIGURATION_ERROR", 500},
	{"Malformed Lambda proxy response", producerIntegration, "", 502},
	{"Lambda execution failed with status 200", producerIntegration, "", 502},
	{"Lambda invocation failed", producerIntegration, "", 500},
	{"Invalid permissions on Lambda function", producerIntegration, "", 500},
	{"Rate Exceeded", producerIntegration, "", 500},
	{"does not match the certificate subject", producerIntegration, "", 500},
	{"PKIX path building failed", producerIntegration, "", 500}, // an untrusted certificate of the backend
	{"SSLEngine problem", producerIntegration, "", 500},         // the same, in older years
	{"Illegal character in", producerGateway, "", 500},          // an integration's URI that a stage variable broke
	{"permission to assume the provided role", producerIntegration, "", 500},
	{"statusCode should be an integer", producerGateway, "", 500}, // a mock's request template
	{"Unable to transform request", producerGateway, "", 500},
	{"Unable to transform response", producerGateway, "", 500},
	{"No match for output mapping", producerGateway, "", 500},
	{"invalid method response", producerGateway, "", 500},
	{"header already present", producerGateway, "", 500},
	{"internal error while executing your request", producerIntegration, "", 500},
	{"Unauthorized request", producerAuthorizer, "UNAUTHORIZED", 401},
	{"The client is not authorized", "", "ACCESS_DENIED", 403},
	{"not authorized to perform: execute-api:", producerGateway, "ACCESS_DENIED", 403},
	{"Request body does not match model schema", producerGateway, "BAD_REQUEST_BODY", 400},
	{"Missing required request parameters", producerGateway, "BAD_REQUEST_PARAMETERS", 400},
	{"Access denied. Reason: ", producerGateway, "", 403},
	{"Unsupported media type", producerGateway, "UNSUPPORTED_MEDIA_TYPE", 415},
	{"Unsupported Media Type", producerGateway, "UNSUPPORTED_MEDIA_TYPE", 415},
	{"not authorized because method", producerGateway, "INVALID_API_KEY", 403},
	{"quota limit exceeded", producerGateway, "QUOTA_EXCEEDED", 429},
	{"limit exceeded", producerGateway, "THROTTLED", 429},
}

// classify returns the row of a failure line, or an empty one.
func classify(text string) failure {
	if text == "" {
		return failure{}
	}
	for _, f := range failures {
		if strings.Contains(text, f.text) {
			return f
		}
	}
	return failure{}
}

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
	f := classify(rec.Error)
	if rec.GatewayResponse == "" && f.response != "" && agrees(rec.Status, f.status) {
		rec.GatewayResponse, rec.GatewayResponseImplied = f.response, true
	}
	if rec.Error != "" && rec.Status == nil && f.status != 0 {
		rec.ImpliedStatus = &f.status
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
func (r *request) producer(rec *probe.LogRecord, f failure) string {
	switch {
	case rec.Error == "" && r.seen(kindSucceeded):
		// The gateway did its job: whatever the status, the backend chose it.
		return producerIntegration
	case !rec.GatewayResponseImplied && responseProducer(rec.GatewayResponse) != "":
		return responseProducer(rec.GatewayResponse)
	case r.failedInAuthorizer:
		return producerAuthorizer
	case f.producer != "":
		return f.producer
	case f.response == "ACCESS_DENIED" && r.seen(kindStartAuthorizer):
		return producerAuthorizer
	case f.response == "ACCESS_DENIED":
		return producerGateway // a resource policy, or IAM
	case rec.Error != "" && rec.IntegrationCalled != nil && *rec.IntegrationCalled:
		return producerIntegration
	}
	return ""
}
