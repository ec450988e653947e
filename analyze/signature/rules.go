package signature

import (
	"slices"
	"strings"

	"stageprobe/probe"
)

// rule is one row of what API Gateway says. All of errors, status and message
// that are given must fit; rules are tried in order.
type rule struct {
	kind   probe.APIKind // "" any
	errors []string      // values of x-amzn-ErrorType, one of which is needed where there is one
	status int           // 0 any
	exact  []string      // default messages
	prefix []string      // beginnings of default messages; the wording grew over the years
	part   []string      // parts of default messages
	null   bool          // the message is JSON null

	response string
	by       Producer
	causes   []cause
	unserved bool
	// wordsOfService: of a service behind, whatever error type it gives them.
	wordsOfService bool
}

// The exception names of x-amzn-ErrorType.
const (
	missingToken     = "MissingAuthenticationTokenException"
	incompleteSig    = "IncompleteSignatureException"
	accessDenied     = "AccessDeniedException"
	forbidden        = "ForbiddenException"
	unauthorized     = "UnauthorizedException"
	badRequest       = "BadRequestException"
	tooManyRequests  = "TooManyRequestsException"
	limitExceeded    = "LimitExceededException"
	internalError    = "InternalServerErrorException"
	invalidSignature = "InvalidSignatureException"
	requestTooLarge  = "RequestTooLargeException"
	entityTooLarge   = "RequestEntityTooLargeException"
)

// rules read REST answers with an error type, REST answers without one (the
// header may have been stripped), and the answers of HTTP APIs, which carry
// none. A rule with messages comes before the rule that stands for the same
// error type with its body customised. Types and messages: the developer
// guide, "Gateway response types for API Gateway", and genuine captures.
var rules = []rule{
	// Routing. An unmatched route called with an Authorization header falls to
	// the signature parser, which refuses with a type of its own: access logs
	// name DEFAULT_4XX beside that message.
	{errors: []string{missingToken}, exact: []string{"Missing Authentication Token"}, response: "MISSING_AUTHENTICATION_TOKEN", by: Gateway, causes: unmatchedRoute},
	{errors: []string{missingToken}, response: "MISSING_AUTHENTICATION_TOKEN", by: Gateway, causes: unmatchedRoute},
	{errors: []string{incompleteSig}, prefix: []string{"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header"}, response: "DEFAULT_4XX", by: Gateway, causes: undated},
	{errors: []string{incompleteSig, missingToken}, part: []string{"key=value pair (missing equal-sign) in Authorization header", "Authorization header requires '"}, response: "DEFAULT_4XX", by: Gateway, causes: unmatchedWithHeader},
	{errors: []string{incompleteSig}, response: "DEFAULT_4XX", by: Gateway, causes: unmatchedWithHeader},
	{errors: []string{"ResourceNotFoundException", "NotFoundException"}, response: "RESOURCE_NOT_FOUND", by: Gateway, causes: resourceNotFound},

	// Signatures and tokens.
	{errors: []string{"ExpiredTokenException", invalidSignature, accessDenied}, prefix: []string{"The security token included in the request is expired"}, response: "EXPIRED_TOKEN", by: Gateway, causes: expiredToken},
	{errors: []string{"ExpiredTokenException"}, response: "EXPIRED_TOKEN", by: Gateway, causes: expiredToken},
	{errors: []string{accessDenied, "UnrecognizedClientException", invalidSignature, "InvalidClientTokenIdException"}, prefix: []string{"The security token included in the request is invalid"}, by: Gateway, causes: unknownKey},
	{errors: []string{"UnrecognizedClientException", "InvalidClientTokenIdException"}, by: Gateway, causes: unknownKey},
	{errors: []string{invalidSignature, "SignatureDoesNotMatchException", "SignatureDoesNotMatch", accessDenied}, prefix: []string{"The request signature we calculated does not match", "Signature expired", "Signature not yet current", "Credential should be scoped to"}, response: "INVALID_SIGNATURE", by: Gateway, causes: badSignature},
	{errors: []string{invalidSignature, "SignatureDoesNotMatchException", "SignatureDoesNotMatch"}, response: "INVALID_SIGNATURE", by: Gateway, causes: badSignature},

	// Refusals by policy and by authorizer share a type; the wording tells them
	// apart, and the capital M of "Message" does where the wording is cut.
	{errors: []string{accessDenied}, part: []string{"not authorized to perform: execute-api:"}, response: "ACCESS_DENIED", by: Gateway, causes: deniedByPolicy},
	{errors: []string{accessDenied}, part: []string{"is not authorized to perform: "}, by: Integration, causes: serviceError},
	{errors: []string{accessDenied}, exact: []string{"User is not authorized to access this resource", "User is not authorized to access this resource with an explicit deny", "User is not authorized to access this resource with an explicit deny in an identity-based policy"}, response: "ACCESS_DENIED", by: Authorizer, causes: deniedByAuthorizer},
	{errors: []string{accessDenied}, prefix: []string{"User is not authorized to access this resource"}, response: "ACCESS_DENIED", by: Authorizer, causes: deniedByAuthorizer},
	{errors: []string{accessDenied}, response: "ACCESS_DENIED", by: Gateway, causes: deniedSomehow},
	{errors: []string{"WafFilteredException", "WAFFilteredException"}, response: "WAF_FILTERED", by: Gateway, causes: wafOnly},
	{errors: []string{"InvalidApiKeyException"}, response: "INVALID_API_KEY", by: Gateway, causes: keyOnly},
	{errors: []string{forbidden}, status: 403, exact: []string{"Forbidden"}, by: Gateway, causes: forbiddenCauses, unserved: true},
	{errors: []string{forbidden}, by: Gateway, causes: forbiddenCauses, unserved: true},
	{errors: []string{unauthorized}, exact: []string{"Unauthorized"}, response: "UNAUTHORIZED", by: Authorizer, causes: unauthorizedCauses},
	{errors: []string{unauthorized}, prefix: []string{"The incoming token has expired"}, response: "UNAUTHORIZED", by: Authorizer, causes: expiredJWT},
	{errors: []string{unauthorized}, response: "UNAUTHORIZED", by: Authorizer, causes: unauthorizedCauses},
	{errors: []string{"AuthorizerConfigurationException"}, response: "AUTHORIZER_CONFIGURATION_ERROR", by: Authorizer, causes: authorizerConfiguration},
	{errors: []string{"AuthorizerFailureException"}, response: "AUTHORIZER_FAILURE", by: Authorizer, causes: authorizerFailure},
	{kind: probe.REST, errors: []string{internalError}, status: 500, null: true, response: "AUTHORIZER_CONFIGURATION_ERROR", by: Authorizer, causes: authorizerConfiguration},

	// Validation.
	{errors: []string{badRequest}, prefix: []string{"Missing required request parameters"}, response: "BAD_REQUEST_PARAMETERS", by: Gateway, causes: badParameters},
	{errors: []string{badRequest}, exact: []string{"Invalid request body"}, response: "BAD_REQUEST_BODY", by: Gateway, causes: badBody},
	{errors: []string{badRequest}, part: validations, response: "BAD_REQUEST_BODY", by: Gateway, causes: badBody},
	{errors: []string{badRequest}, prefix: []string{"Could not parse request body into json"}, response: "DEFAULT_4XX", by: Gateway, causes: unparsableBody},
	{errors: []string{badRequest, "UnsupportedMediaTypeException"}, exact: []string{"Unsupported Media Type"}, response: "UNSUPPORTED_MEDIA_TYPE", by: Gateway, causes: mediaType},
	{errors: []string{badRequest, "UnsupportedMediaTypeException"}, status: 415, response: "UNSUPPORTED_MEDIA_TYPE", by: Gateway, causes: mediaType},
	{errors: []string{requestTooLarge, entityTooLarge, badRequest}, prefix: []string{"Request Too Long", "HTTP content length exceeded", "Request Entity Too Large"}, response: "REQUEST_TOO_LARGE", by: Gateway, causes: tooLarge},
	{errors: []string{requestTooLarge, entityTooLarge, badRequest}, status: 413, response: "REQUEST_TOO_LARGE", by: Gateway, causes: tooLarge},
	{errors: []string{requestTooLarge, entityTooLarge}, response: "REQUEST_TOO_LARGE", by: Gateway, causes: tooLarge},
	{prefix: []string{"Request URI too long"}, by: Gateway, causes: uriTooLong},
	{errors: []string{badRequest}, by: Gateway, causes: badRequestCauses},

	// Rates.
	{errors: []string{limitExceeded, tooManyRequests}, exact: []string{"Limit Exceeded"}, response: "QUOTA_EXCEEDED", by: Gateway, causes: quota},
	{errors: []string{limitExceeded, "QuotaExceededException"}, response: "QUOTA_EXCEEDED", by: Gateway, causes: quota},
	{kind: probe.REST, errors: []string{tooManyRequests, "ThrottledException", "ThrottlingException"}, status: 429, exact: []string{"Too Many Requests"}, response: "THROTTLED", by: Gateway, causes: throttledCauses},
	{errors: []string{tooManyRequests, "ThrottledException", "ThrottlingException"}, response: "THROTTLED", by: Gateway, causes: throttledCauses},

	// Failures of the integration. The gateway writes these, but what failed is
	// the integration, or the way to it.
	{errors: []string{internalError, "GatewayTimeoutException", "IntegrationTimeoutException"}, exact: []string{"Endpoint request timed out"}, response: "INTEGRATION_TIMEOUT", by: Integration, causes: integrationTimeout},
	{errors: []string{internalError, "IntegrationFailureException"}, exact: []string{"Network error communicating with endpoint"}, response: "INTEGRATION_FAILURE", by: Integration, causes: integrationNetwork},
	{errors: []string{"IntegrationTimeoutException"}, response: "INTEGRATION_TIMEOUT", by: Integration, causes: integrationTimeout},
	{errors: []string{"IntegrationFailureException"}, response: "INTEGRATION_FAILURE", by: Integration, causes: integrationNetwork},
	{errors: []string{"ApiConfigurationException"}, response: "API_CONFIGURATION_ERROR", by: Integration, causes: configurationError},
	{kind: probe.REST, errors: []string{internalError}, status: 502, exact: []string{"Internal server error"}, response: "DEFAULT_5XX", by: Integration, causes: badGateway},
	{errors: []string{internalError, "BadGatewayException"}, status: 502, response: "DEFAULT_5XX", by: Integration, causes: badGateway},
	{errors: []string{internalError}, status: 504, by: Integration, causes: gatewayTimeout},
	{kind: probe.REST, errors: []string{internalError}, status: 500, exact: []string{"Internal server error"}, response: "API_CONFIGURATION_ERROR", by: Integration, causes: configurationError},
	{errors: []string{internalError}, by: Integration, causes: internalCauses},
	{errors: []string{"ServiceUnavailableException"}, by: Integration, causes: serviceUnavailable},

	// What a service behind says of a name that a stage variable broke: Lambda's
	// words, which a non-proxy integration passes on.
	{part: []string{"at 'functionName' failed to satisfy constraint", "Function not found: arn:"}, by: Integration, causes: stageVariable, wordsOfService: true},

	// HTTP APIs.
	{kind: probe.HTTP, status: 404, exact: []string{"Not Found"}, by: Gateway, causes: httpNotFound, unserved: true},
	{kind: probe.HTTP, status: 401, exact: []string{"Unauthorized"}, by: Authorizer, causes: httpUnauthorized},
	{kind: probe.HTTP, status: 403, exact: []string{"Forbidden"}, by: Authorizer, causes: httpForbidden},
	{kind: probe.HTTP, status: 429, exact: []string{"Too Many Requests"}, by: Gateway, causes: throttledCauses},
	{kind: probe.HTTP, status: 413, exact: []string{"Request Entity Too Large"}, by: Gateway, causes: tooLarge},
	{kind: probe.HTTP, status: 500, exact: []string{"Internal Server Error"}, by: Integration, causes: httpInternal},
	{kind: probe.HTTP, status: 503, exact: []string{"Service Unavailable"}, by: Integration, causes: serviceUnavailable},
	{kind: probe.HTTP, status: 504, exact: []string{"Gateway Timeout", "Endpoint request timed out"}, by: Integration, causes: integrationTimeout},
	{kind: probe.HTTP, status: 502, exact: []string{"Bad Gateway"}, by: Integration, causes: badGateway},
}

// validations are words of the JSON schema validator, which a gateway response that
// quotes $context.error.validationErrorString repeats.
var validations = []string{"object has missing required properties (", "instance type (", "not found in enum (possible values",
	"object instance has properties which are not allowed by the schema", "does not match input string", "instance failed to match",
	"numeric instance is lower than", "numeric instance is greater than", "\" is too short (length:", "\" is too long (length:"}

// knownError tells whether API Gateway uses the exception name.
func knownError(name string) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return slices.Contains(r.errors, name) })
}

// restOnlyWording tells whether a message is one that only REST APIs use.
func restOnlyWording(text string) bool {
	if text == "" {
		return false
	}
	return slices.ContainsFunc(rules, func(r rule) bool {
		return r.kind != probe.HTTP && r.saysDistinctly(text)
	})
}

// generic are messages that applications use just as well.
var generic = []string{"Forbidden", "Unauthorized", "Not Found", "Too Many Requests", "Internal Server Error",
	"Service Unavailable", "Unsupported Media Type", "Limit Exceeded", "Internal server error", "Bad Gateway",
	"Gateway Timeout", "Request Entity Too Large", "Invalid request body"}

// refusals are made before a method's execution, where REST APIs serialise
// without a space. HTTP APIs always do.
var refusals = []string{"Forbidden", "Unauthorized", "Too Many Requests", "Limit Exceeded"}

func (r *rule) saysDistinctly(text string) bool {
	return !slices.Contains(generic, text) && r.says(text)
}

// worded tells whether the rule asks for a wording.
func (r *rule) worded() bool {
	return r.null || len(r.exact)+len(r.prefix)+len(r.part) > 0
}

func (r *rule) says(text string) bool {
	return slices.Contains(r.exact, text) ||
		slices.ContainsFunc(r.prefix, func(p string) bool { return strings.HasPrefix(text, p) }) ||
		slices.ContainsFunc(r.part, func(p string) bool { return strings.Contains(text, p) })
}

// fitsError tells whether the rule reads this answer by its error type.
func (r *rule) fitsError(e *evidence) bool {
	return slices.Contains(r.errors, e.errorType) &&
		(r.status == 0 || r.status == e.Status) &&
		(!r.worded() || r.null && e.null || e.text != "" && r.says(e.text))
}

// fitsWording tells whether the rule reads this answer, which has no error
// type, by its wording. HTTP API refusals hold the message alone.
func (r *rule) fitsWording(e *evidence, kind probe.APIKind) bool {
	if r.kind != "" && kind != "" && r.kind != kind || kind == probe.HTTP && r.kind != kind {
		return false
	}
	if kind == probe.HTTP && (!e.sole || !e.bare) {
		return false
	}
	if e.spaced == spaced && (kind == probe.HTTP || slices.Contains(refusals, e.text)) {
		return false // an application's serialiser
	}
	return e.text != "" && r.says(e.text) && (r.status == 0 || r.status == e.Status || e.Status == 0)
}
