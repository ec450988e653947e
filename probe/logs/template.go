package logs

// kind is a line template of the execution log. The list follows the order in
// which the gateway writes them.
type kind uint8

const (
	kindUnknown kind = iota
	kindLogFor
	kindExtendedID
	kindStartAuthorizer
	kindAuthorizerTrace
	kindUsingPolicy
	kindAuthorizerDone
	kindVerifyPlan
	kindAPIKey
	kindPlanOK
	kindStart
	kindMethod
	kindPathParams
	kindTrace    // headers, query, body: may hold secrets, never kept as evidence
	kindIdentity // likewise; data trace is on where it is logged
	kindValidated
	kindEndpointURI
	kindEndpointHeaders
	kindSending
	kindReceived
	kindResponseHeaders
	kindMethodHeaders
	kindFailure
	kindRefusal // refused before the integration
	kindSucceeded
	kindCompleted
	kindGatewayResponse
	kindIntegrationID
	kindXRay
)

// closes reports whether the line can only stand at the end of a request.
func (k kind) closes() bool { return k >= kindCompleted }

// opens reports whether the line stands once, in the first part of a request.
func (k kind) opens() bool { return k >= kindLogFor && k <= kindMethod && k != kindAPIKey }

// template is one line of the log: what it begins with, and what to read out of
// the rest.
type template struct {
	prefix string
	kind   kind
	read   func(r *request, rest []byte)
}

// templates lists every known line, of all years: rows of one kind differ by
// year or by API type.
var templates = []template{
	{"Execution log for request ", kindLogFor, readProvisionalID},
	{"Extended Request Id:", kindExtendedID, readExtendedID},
	{"Starting authorizer:", kindStartAuthorizer, readAuthorizer},
	{"Incoming identity:", kindIdentity, nil},
	{"Authorizer result body before parsing:", kindTrace, nil},
	{"Using valid authorizer policy for principal:", kindUsingPolicy, nil},
	{"Successfully completed authorizer execution", kindAuthorizerDone, readAuthorizerDone},
	{"Verifying Usage Plan for request:", kindVerifyPlan, readVerifyPlan},
	{"API Key ID:", kindAPIKey, nil},
	{"API Key:", kindAPIKey, readAPIKey},
	{"API Key", kindAPIKey, readKeyVerdict},
	{"Usage Plan check succeeded for ", kindPlanOK, readPlanOK},
	{"Starting execution for request:", kindStart, readStart},
	{"HTTP Method:", kindMethod, readMethod},
	{"Method request path:", kindPathParams, readPathParams},
	{"Method request ", kindTrace, nil},
	{"Request validation succeeded", kindValidated, nil},
	{"Endpoint request URI:", kindEndpointURI, readEndpointURI},
	{"Endpoint request headers:", kindEndpointHeaders, readEndpointHeaders},
	{"Endpoint request body", kindTrace, readAuthorizerBody},
	{"Sending request to ", kindSending, readSending},
	{"Received response.", kindReceived, readReceived},
	{"Endpoint response headers:", kindResponseHeaders, readResponseHeaders},
	{"Endpoint response body", kindTrace, readInside},
	{"Method response headers:", kindMethodHeaders, readMethodHeaders},
	{"Method response body", kindTrace, readInside},
	{"Gateway response body", kindTrace, nil},
	{"Gateway response headers", kindTrace, nil},
	{"Execution failed", kindFailure, readFailure},
	{"Lambda execution failed", kindFailure, readFailure},
	{"Lambda invocation failed", kindFailure, readFailure},
	{"There was an internal error while executing your request", kindFailure, nil},
	{"Unauthorized request", kindRefusal, readUnauthorized},
	{"The client is not authorized to perform this operation", kindRefusal, readDenied},
	{"User: anonymous is not authorized to perform: execute-api:", kindRefusal, readPolicyDenied},
	{"User: arn:", kindRefusal, readPolicyDenied},
	{"Request body does not match model schema", kindRefusal, nil},
	{"Missing required request parameters", kindRefusal, nil},
	{"Access denied. Reason: ", kindRefusal, nil}, // a client certificate that mutual TLS refuses
	{"Unsupported Media Type", kindRefusal, nil},
	{"Unsupported media type", kindRefusal, nil},
	{"Key throttle limit exceeded for ", kindRefusal, readThrottle},
	{"Key quota limit exceeded for ", kindRefusal, readQuota},
	{"Usage Plan quota limit exceeded", kindRefusal, readQuota},
	{"Rate limit exceeded", kindRefusal, nil},
	{"Account throttle", kindRefusal, nil},
	{"Method throttle", kindRefusal, nil},
	{"Stage throttle", kindRefusal, nil},
	{"Usage Plan throttle", kindRefusal, readThrottle},
	{"Successfully completed execution", kindSucceeded, nil},
	{"Method completed with status:", kindCompleted, readCompleted},
	{"Gateway response type:", kindGatewayResponse, readGatewayResponse},
	{"AuthorizerConfigurationException", kindGatewayResponse, readAuthorizerException("AUTHORIZER_CONFIGURATION_ERROR")}, // a test of an authorizer in the console ends with it
	{"AuthorizerFailureException", kindGatewayResponse, readAuthorizerException("AUTHORIZER_FAILURE")},
	{"AWS Integration Endpoint RequestId", kindIntegrationID, readIntegrationID},
	{"X-ray Tracing ID", kindXRay, readXRay},
}

// byFirst holds the templates by the first byte of their prefix, so that a line
// is compared with a handful of them. It is filled in init because the readers
// refer to tables that refer back to it.
var byFirst [256][]*template

func init() {
	for i := range templates {
		t := &templates[i]
		byFirst[t.prefix[0]] = append(byFirst[t.prefix[0]], t)
	}
}

// match finds the template of a line's text; nil where none is known.
func match(text []byte) (t *template, rest []byte) {
	if len(text) == 0 {
		return nil, nil
	}
	for _, t := range byFirst[text[0]] {
		if len(text) >= len(t.prefix) && string(text[:len(t.prefix)]) == t.prefix {
			return t, trimBlank(text[len(t.prefix):])
		}
	}
	return nil, nil
}
