package failure

import (
	"slices"
	"strings"
)

// row is one row of the table. A line fits that holds any of the words, and all
// of those that a "…" in them joins. Words are in lower case.
type row struct {
	says []string

	cause     string
	kind      Kind
	candidate string

	producer string
	response string
	status   int

	why   string
	check string
}

func (r *row) fits(said string) bool {
	return slices.ContainsFunc(r.says, func(words string) bool {
		rest, found := said, false
		for part := range strings.SplitSeq(words, "…") {
			if _, rest, found = strings.Cut(rest, part); !found {
				return false
			}
		}
		return true
	})
}

func (r *row) failure(line string) Failure {
	return Failure{
		Line: line, Cause: r.cause, Kind: r.kind, Candidate: r.candidate,
		Producer: r.producer, GatewayResponse: r.response, Status: r.status,
		Why: r.why, Check: r.check, Limit: readLimit(line),
	}
}

// rowOf is the first row of a candidate.
func rowOf(candidate string) *row {
	i := slices.IndexFunc(table, func(r row) bool { return r.candidate == candidate })
	return &table[i]
}

const (
	permission = "the function's policy does not let this API invoke it"
	policyOf   = "aws lambda get-policy: the function, and the alias that the URI or a stage variable names, must allow this API's source ARN."
	output     = "the function's return value is not of the form that a proxy integration needs"
	chain      = "The chain that the backend sends (openssl s_client -connect HOST:443 -servername HOST -showcerts): it must lead to a public authority, or the integration's tlsConfig must allow otherwise."
	exhausted  = "the function is out of concurrency"
	throttles  = "Throttles and ConcurrentExecutions of the function; reserved concurrency."
	badPolicy  = "the authorizer's function failed, or returned no valid policy document"
	itsOutput  = "The authorizer's own log: it threw, or returned something other than a policy; \"Authorizer result body before parsing\" (data trace) shows it."
	methodOf   = "aws apigateway get-method: requestParameters."
)

// table is ordered: the first row that fits a line holds. The words are those of
// genuine logs and of AWS's knowledge centre; those that no public capture shows
// are marked. A fault on the way to or in the integration is the integration's;
// a fault of the API's own definition, such as a mapping, is the gateway's.
//
// Candidate names are those of analyze/signature's tables.
var table = []row{
	// Authorizers, whose words hold those of integrations.
	{[]string{"permissions to call the authorizer", "permission to invoke the authorizer", "permission to invoke your authorizer"}, CauseDenied, Authorizer, "authorizer-not-invocable", byAuthorizer, "AUTHORIZER_CONFIGURATION_ERROR", 500,
		"API Gateway may not invoke the authorizer's function, or the function's name resolves to nothing (a stage variable)", "aws lambda get-policy on the authorizer's function, or the authorizer's role."},
	{[]string{"invalid json in response", "invalid json in authorizer response", "from the lambda authorizer function doesn't match", "authorizer…doesn't match the format"}, CauseDenied, Authorizer, "authorizer-bad-output", byAuthorizer, "AUTHORIZER_CONFIGURATION_ERROR", 500, badPolicy, itsOutput},
	{[]string{"could not parse policy", "invalid policy document", "authorizer returned an invalid"}, CauseDenied, Authorizer, "authorizer-bad-output", byAuthorizer, "AUTHORIZER_CONFIGURATION_ERROR", 500, badPolicy, "The function's own log, and with data trace \"Authorizer result body before parsing\"."},
	{[]string{"authorizer's lambda function returned the following error", "authorizer lambda function…returned the following error", "due to an authorizer error", "authorizer function failed", "lambda authorizer…timed out", "authorizer…timed out"}, CauseDenied, Authorizer, "authorizer-error", byAuthorizer, "AUTHORIZER_FAILURE", 500,
		"the authorizer failed or did not answer in time", "The authorizer's own log and its timeout."},
	{[]string{"authorizer…rate exceeded", "authorizer…toomanyrequests"}, CauseDenied, Authorizer, "authorizer-throttled", byAuthorizer, "AUTHORIZER_CONFIGURATION_ERROR", 500, "the authorizer's function is out of concurrency", throttles},
	{[]string{"authorizer error"}, CauseDenied, Authorizer, "authorizer-not-invocable", byAuthorizer, "AUTHORIZER_CONFIGURATION_ERROR", 500,
		"API Gateway may not invoke the authorizer's function, or the function's name resolves to nothing (a stage variable)", "aws lambda get-policy on the authorizer's function; the line before says more."},

	// Permission.
	{[]string{"invalid permissions on lambda function", "permission to invoke your lambda", "permission to invoke the lambda"}, CauseIntegration, Permission, "lambda-permission-missing", byIntegration, "", 500, permission, policyOf},
	{[]string{"permissions to call the integration", "permission to call the integration"}, CauseIntegration, Permission, "lambda-permission-missing", byIntegration, "", 500, permission, "aws lambda get-policy: the function must allow this API's source ARN; or the integration's role, its credentialsArn."},
	{[]string{"to assume the iam role", "to assume the provided role", "is not authorized to perform: sts:assumerole"}, CauseIntegration, Permission, "role-not-assumable", byIntegration, "", 500,
		"API Gateway may not assume the integration's role", "aws iam get-role on the integration's credentials: the trust policy must name apigateway.amazonaws.com."},
	{[]string{"failed with status: 403", "failed with status: 404"}, CauseIntegration, Permission, "lambda-method-not-post", byIntegration, "", 500,
		"Lambda is invoked by POST, and the integration is set to another method, or names a function that is not there", "aws apigateway get-integration: httpMethod of a Lambda integration must be POST, whatever the method of the API is; uri."},

	// Concurrency.
	{[]string{"rate exceeded", "toomanyrequestsexception", "failed with status: 429", "reservedfunctionconcurrentinvocationlimitexceeded", "concurrentinvocationlimitexceeded"}, CauseIntegration, Concurrency, "lambda-throttled", byIntegration, "", 500, exhausted, throttles},

	// What the function did.
	{[]string{"task timed out", "sandbox.timedout", "status: timeout"}, CauseIntegration, Timeout, "lambda-function-timeout", byIntegration, "", 502, "the function ran into its own timeout", "The function's own timeout against its Duration metric; its log by the Lambda request id."},
	{[]string{"customer function error", "lambda function returned the following error", "lambda execution failed with status 200", "runtime exited", "runtime.exiterror"}, CauseIntegration, Function, "lambda-function-error", byIntegration, "", 502, "the function threw, or ran into its own timeout", "The function's own log by the Lambda request id."},
	{[]string{"malformed lambda proxy response", "malformed proxy response"}, CauseIntegration, Malformed, "malformed-proxy-response", byIntegration, "", 502, output, "The function must return statusCode as a number and body as a string; \"Endpoint response body before transformations\" (data trace) shows what it returned."},
	{[]string{"doesn't match the format that api gateway expects", "response format is not supported", "invalid json returned by lambda"}, CauseIntegration, Malformed, "malformed-proxy-response", byIntegration, "", 500, output, "The function's return value must fit the payload format version of the integration; the line's end names what does not."},
	{[]string{"lambda invocation failed"}, CauseIntegration, Function, "lambda-function-error", byIntegration, "", 500, "Lambda refused the call, or the function failed", "The status in the line; the function's own log by the Lambda request id."},

	// The way there. The rows of TLS stand before those of the network, which
	// quote them.
	{[]string{"does not match the certificate", "no subject alternative", "certificate's host name"}, CauseIntegration, TLS, "backend-certificate", byIntegration, "", 500, "the backend's certificate does not fit its host name", "The integration's host name against the names in the backend's certificate; tlsConfig.serverNameToVerify of a VPC link's integration."},
	{[]string{"pkix path", "valid certification path", "sslengine problem", "sslhandshakeexception", "certificate has expired", "certificateexpired", "untrusted certificate", "received fatal alert", "tls handshake", "ssl handshake"}, CauseIntegration, TLS, "backend-certificate", byIntegration, "", 500, "the backend's certificate is not trusted or has run out, or no handshake is possible", chain},
	{[]string{"due to a timeout error", "endpoint request timed out", "integration timeout", "request timed out", "integration…timed out"}, CauseIntegration, Timeout, "integration-timeout", byIntegration, "INTEGRATION_TIMEOUT", 504, "the backend took longer than the integration's timeout, 29 s unless it was raised", "The integration's timeoutInMillis against the backend's own log."},
	{[]string{"unknown host", "unknownhostexception", "name or service not known", "could not resolve", "failed to resolve", "illegal character in", "invalid endpoint address", "invalid integration uri", "invalid url"}, CauseIntegration, Endpoint, "integration-endpoint", byIntegration, "", 500, "the integration's URI leads to no host, often for a stage variable in it is not set or broken", "The integration's URI, and the stage variables in it: the line quotes what they yield."},
	{[]string{"at 'functionname' failed to satisfy constraint", "function not found", "invalid function arn", "arn:…:function::", "arn:…:function:…:/invocations", "invalid lambda function", "functionname…resourcenotfound", "resourcenotfoundexception…function"}, CauseIntegration, Endpoint, "stage-variable-unset", byIntegration, "", 500, "the name of the function, as the URI's stage variables yield it, is no function", "aws apigateway get-stage: variables against the integration's URI; the function and its alias must exist in that region."},
	{[]string{"vpclink", "vpc link", "vpc-link"}, CauseIntegration, Endpoint, "vpc-link", byIntegration, "", 500, "the VPC link is gone or not available, or its targets are not healthy", "aws apigateway get-vpc-link: status; the health of its targets, security groups."},
	{[]string{"due to a network error", "network error communicating", "connection is closed", "connection refused", "connection reset", "connection timed out", "connect timed out", "no route to host", "socket hang up", "remote host terminated"}, CauseIntegration, Network, "integration-unreachable", byIntegration, "INTEGRATION_FAILURE", 504, "the connection to the backend failed: address, port, security group or VPC link", "The integration's URI: name resolution, port, security group, VPC link."},
	{[]string{"internal error while executing your request"}, CauseIntegration, Internal, "integration-unreachable", byIntegration, "", 500, "the call to the backend failed, and API Gateway does not say why", "The VPC link (aws apigateway get-vpc-link: status), the health of its targets, security groups; then the integration's URI."},

	// Mapping and mocks.
	{[]string{"unable to parse statuscode", "statuscode should be an integer", "statuscode…integer…request template"}, CauseIntegration, Mapping, "request-template", byGateway, "", 500, mockNeeds, "The mock's request template for the request's Content-Type must yield {\"statusCode\": 200}; for OPTIONS under application/json, which is taken where the request names no type."},
	{[]string{"unable to transform request"}, CauseIntegration, Mapping, "request-template", byGateway, "", 500, "the integration's request template failed, or yields nothing that the integration understands", "The integration's request template for this Content-Type; a mock needs one that yields {\"statusCode\": 200}."},
	{[]string{"unable to transform response", "unable to base64", "error while evaluating", "velocity", "invalid mapping expression"}, CauseIntegration, Mapping, "mapping-error", byGateway, "", 500, "the integration response's template failed", "The integration response's template for this Content-Type, against the body that the backend sent (data trace)."},
	{[]string{"no match for output mapping"}, CauseIntegration, Mapping, "mapping-error", byGateway, "", 500, "no integration response fits what the backend returned, and none is the default", "aws apigateway get-integration: a response without selection pattern is the default."},
	{[]string{"invalid method response"}, CauseIntegration, Mapping, "mapping-error", byGateway, "", 500, "the integration response names a status that the method does not declare", "aws apigateway get-method: methodResponses must hold the integration response's status."},
	{[]string{"header already present"}, CauseIntegration, Mapping, "mapping-error", byGateway, "", 500, "the integration maps a header that API Gateway sets itself", "aws apigateway get-integration: requestParameters."},

	// Who limits. The first are AWS's own words of today, the others a guess at
	// those of the method's, the stage's and the account's limit.
	{[]string{"quota exhausted", "exceeded quota limit", "quota limit exceeded", "quota exceeded"}, CauseThrottled, LimitQuota, "usage-plan-quota", byGateway, "QUOTA_EXCEEDED", 429, "the usage plan's quota for its period is spent; slower requests do not help", "aws apigateway get-usage: what is left of the period."},
	{[]string{"key throttle limit", "exceeded throttle limit for api", "usage plan…throttle", "usage plan…rate limit"}, CauseThrottled, LimitKey, "usage-plan-throttle", byGateway, "THROTTLED", 429, "the key's usage plan allows no higher rate", "aws apigateway get-usage-plan: throttle, and apiStages[].throttle for single methods."},
	{[]string{"account throttle", "account level throttl", "account-level throttl", "account limit"}, CauseThrottled, LimitAccount, "account-throttle", byGateway, "THROTTLED", 429, "the account's limit of the region, shared by all its APIs, is reached", "aws apigateway get-account: throttleSettings; other APIs are refused at the same time."},
	{[]string{"method throttle", "route throttle", "method level throttl"}, CauseThrottled, LimitMethod, "method-throttle", byGateway, "THROTTLED", 429, "the stage's throttling of the method allows no higher rate", "aws apigateway get-stage: methodSettings throttlingRateLimit, throttlingBurstLimit."},
	{[]string{"stage throttle", "stage level throttl"}, CauseThrottled, LimitStage, "method-throttle", byGateway, "THROTTLED", 429, "the stage's default throttling allows no higher rate", "aws apigateway get-stage: methodSettings */*."},
	{[]string{"rate limit exceeded", "throttle limit exceeded"}, CauseThrottled, LimitUnnamed, "method-throttle", byGateway, "THROTTLED", 429, "a limit of the stage, the method or the account is reached; the line does not say which", "aws apigateway get-stage: methodSettings; then aws apigateway get-account: throttleSettings."},
	{[]string{"limit exceeded"}, CauseThrottled, LimitQuota, "usage-plan-quota", byGateway, "QUOTA_EXCEEDED", 429, "the usage plan's quota for its period is spent; slower requests do not help", "aws apigateway get-usage: what is left of the period."},

	// Refusals.
	{[]string{"not authorized because method", "no usage plan found for key", "api key…not found", "api key…is not enabled", "api key not provided", "no api key"}, CauseDenied, KeyRefused, "api-key", byGateway, "INVALID_API_KEY", 403, "the API key is missing, unknown or disabled, or its usage plan does not hold this stage", "aws apigateway get-usage-plans: does apiStages hold this API and stage? A new key takes minutes to work."},
	{[]string{"not authorized to perform this operation"}, CauseDenied, Authorizer, "authorizer-deny", "", "ACCESS_DENIED", 403, "the authorizer's policy does not allow this method and path", "The policy that the authorizer returned (data trace) must allow this method's ARN."},
	{[]string{"not authorized to perform: execute-api:"}, CauseDenied, Policy, "resource-policy", byGateway, "ACCESS_DENIED", 403, "the API's resource policy or an IAM policy refuses", "aws apigateway get-rest-api: policy; a changed policy needs a deployment."},
	{[]string{"access denied. reason: "}, CauseDenied, MutualTLS, "mutual-tls", byGateway, "", 403, "the domain asks for a client certificate and got none that its truststore knows", "The line's end against the domain's truststore (aws apigateway get-domain-name: mutualTlsAuthentication): issuer, signature algorithm, chain."},
	{[]string{"token has expired", "token is expired", "the incoming token has expired"}, CauseDenied, Identity, "token-rejected", byAuthorizer, "UNAUTHORIZED", 401, "the token has expired", "Decode the token: exp against the time of the request."},
	{[]string{"not have a valid audience", "insufficient_scope", "scope…not authorized", "does not match issuer", "issuer…invalid", "invalid token", "invalid_token", "unable to fetch…jwk", "kid…not found", "signature verification failed"}, CauseDenied, Identity, "token-rejected", byAuthorizer, "UNAUTHORIZED", 401, "the authorizer does not accept the token", "Decode the token: iss, aud or client_id, scope, exp and the key's id against the authorizer."},
	{[]string{"unauthorized request"}, CauseDenied, Identity, "identity-source-missing", byAuthorizer, "UNAUTHORIZED", 401, "the request holds no token where the authorizer looks for it, or one that fails its validation expression", "aws apigateway get-authorizer: identitySource. Lines of an authorizer request before this one mean that the authorizer itself refused."},

	// What the caller sent.
	{[]string{"does not match model schema", "missing required properties (", "instance type (…allowed primitive", "not found in enum (possible values"}, CauseRequest, Request, "invalid-body", byGateway, "BAD_REQUEST_BODY", 400, "the body does not fit the method's model", "The line's end names the property; aws apigateway get-model."},
	{[]string{"missing required request parameters"}, CauseRequest, Request, "missing-parameters", byGateway, "BAD_REQUEST_PARAMETERS", 400, "the request validator found required parameters missing", methodOf},
	{[]string{"unsupported media type"}, CauseRequest, Request, "unsupported-media-type", byGateway, "UNSUPPORTED_MEDIA_TYPE", 415, "no mapping template fits the request's Content-Type, and the integration passes nothing else through", "aws apigateway get-integration: requestTemplates and passthroughBehavior."},
}

const mockNeeds = "the mock integration has no request template for this content type that yields a status code"
