package signature

import "stageprobe/probe"

// The tables below hold the causes of each kind of answer, most likely first.
// They rest on the developer guide and on genuine captures; "execution log"
// lines are quoted as the log writes them.

const (
	seeExport   = "Compare method and path with the stage's export (aws apigateway get-export). An unmatched route leaves no execution log, only an access-log entry."
	seeErrorLog = "The execution log at level ERROR holds the line \"Execution failed due to configuration error: "
)

// What a browser sends before the request that a page asks for carries no
// credentials (Fetch standard, "CORS-preflight fetch"), so that whatever guards
// OPTIONS refuses every browser.
const (
	withoutToken = "this is a CORS preflight, which browsers send without credentials, and the method OPTIONS asks for them: the API must not guard OPTIONS"
	openOptions  = "aws apigateway get-method … --http-method OPTIONS: authorizationType must be NONE and apiKeyRequired false, then deploy; SAM: AddDefaultAuthorizerToCorsPreflight: false; repeat with curl -si -X OPTIONS -H 'Origin: …' -H 'Access-Control-Request-Method: …' URL."
)

// corsBlocked are the causes of a browser's message that CORS blocks an answer,
// which it then does not show.
var corsBlocked = []cause{
	{name: "preflight-guarded", finding: "access-denied", when: onPreflight, why: "CORS: the preflight (OPTIONS, which browsers send without credentials) was refused; it must be answered by a 2xx with access-control-allow-origin, -methods and -headers, whatever the API asks of the request behind it", apart: openOptions},
	{name: "preflight-unrouted", finding: "access-denied", when: onPreflight, permits: true, why: "CORS: no OPTIONS method is deployed for the path, so that the preflight is refused as an unknown route", apart: "aws apigateway get-resources --embed methods: does the resource have OPTIONS? On an HTTP API: aws apigatewayv2 get-api: corsConfiguration."},
	{name: "request-template", finding: "integration-error", when: onPreflight, permits: true, why: "CORS: the mock integration behind OPTIONS fails, for its request template yields no status code", apart: "curl -si -X OPTIONS -H 'Origin: …' -H 'Access-Control-Request-Method: …' URL shows 500; " + seeErrorLog + "Unable to parse statusCode\"."},
	{name: "cors-header-missing", finding: "access-denied", why: "CORS: the answer carries no access-control-allow-origin for this origin. API Gateway's own refusals and failures (4xx, 5xx) carry none unless its gateway responses set it, so that another failure may hide behind the message", apart: "curl -si -H 'Origin: …' URL shows status and headers; aws apigateway get-gateway-responses: responseParameters of DEFAULT_4XX and DEFAULT_5XX; a proxy integration's function must send the header itself."},
}

// cdnCache is where an answer came from that CloudFront marks as a hit.
var cdnCache = []cause{
	{name: "cdn-cache", finding: "edge-cache", why: "CloudFront answered from a cache (x-cache: Hit, or an Age), which that of an edge-optimised API never does: a distribution of somebody's own stands in front, and the ids in the headers are those of the answer that was kept", apart: "Call the invoke URL of the stage, past the distribution; aws cloudfront list-distributions: Aliases; the cache behaviour's TTLs and cache policy."},
}

// gatewayCertificate is the cause of a certificate that is API Gateway's own
// where a custom domain was asked for.
var gatewayCertificate = []cause{
	{name: "domain-not-configured", finding: "unmapped-target", why: "the name leads to API Gateway, which answers with its own certificate (*.execute-api…): it has no custom domain of this name in that region, or DNS leads to the invoke URL's host instead of the domain's own name", apart: "aws apigateway get-domain-name --domain-name NAME: regionalDomainName or distributionDomainName is what DNS (dig NAME) must lead to."},
}

// otherCertificate is the cause of a certificate that is of other names than the one asked
// for, where the client does not say of which.
var otherCertificate = []cause{
	{name: "other-certificate", finding: "unmapped-target", why: "the certificate is of other names than the one asked for: DNS leads the name to another host, such as API Gateway where it has no custom domain of this name (certificate *.execute-api…), another distribution or a load balancer", apart: "openssl s_client -connect HOST:443 -servername HOST </dev/null | openssl x509 -noout -ext subjectAltName: of which names is it? dig HOST against regionalDomainName or distributionDomainName of aws apigateway get-domain-name."},
}

// clientCertificate is the cause of a handshake that the server ended for want of
// a certificate.
var clientCertificate = []cause{
	{name: "mutual-tls", finding: "access-denied", why: "the server ended the handshake because the client showed no certificate, or none that it knows: the domain asks for mutual TLS", apart: "aws apigateway get-domain-name: mutualTlsAuthentication.truststoreUri; repeat with a certificate that an authority of the truststore signed (curl --cert FILE --key FILE)."},
}

// preflightUnheeded is the cause of a preflight that succeeds and allows nothing.
var preflightUnheeded = []cause{
	{name: "cors-header-missing", finding: "access-denied", why: "CORS: the preflight succeeded, and its answer carries no access-control-allow-origin, so that browsers block the request behind it. An HTTP API answers so where its CORS configuration does not hold the origin, method or headers that are asked for; else what answers OPTIONS must send the header", apart: "aws apigatewayv2 get-api: corsConfiguration against the Origin and Access-Control-Request-… headers of the preflight; on a REST API, the integration response of OPTIONS: responseParameters."},
}

// answerCut is the cause of an answer that begins and does not end.
var answerCut = []cause{
	{name: "answer-cut", finding: "integration-error", why: "the answer began, and the connection ended before its body did: an integration whose answers are streamed failed on the way, wrote nothing for too long (5 minutes, 30 s on an edge-optimised API) or reached 15 minutes; the status, which goes first, is that of a success all the same", apart: "curl -sN URL: after how many bytes and seconds does it end? aws apigateway get-integration: responseTransferMode; the function's or backend's own log at that time."},
}

var preflightGuarded = []cause{
	{name: "preflight-guarded", finding: "access-denied", when: onPreflight, why: withoutToken, apart: openOptions},
}

var preflightUnrouted = []cause{
	{name: "preflight-unrouted", finding: "access-denied", when: onPreflight, why: "this is a CORS preflight, and no OPTIONS method is deployed for the path; API Gateway then asks for a signature", apart: "aws apigateway get-resources --embed methods: does the resource have OPTIONS? Enable CORS for it, deploy, and repeat the request."},
}

var preflightFails = []cause{
	{name: "request-template", finding: "integration-error", when: onPreflight, why: "this is a CORS preflight, and the mock integration behind OPTIONS has no request template for the content type that yields a status code", apart: seeErrorLog + "Unable to parse statusCode\" or \"statusCode should be an integer\"; aws apigateway get-integration --http-method OPTIONS: requestTemplates."},
	{name: "mapping-error", finding: "integration-error", when: onPreflight, why: "this is a CORS preflight, and the mock behind OPTIONS has no integration response or method response for the status", apart: "aws apigateway get-method --http-method OPTIONS: methodResponses and methodIntegration.integrationResponses must hold the same status."},
}

var malformedURL = []cause{
	{name: "malformed-url", finding: "unmapped-target", when: oddURL, why: "the URL does not look as meant", apart: "Repeat with the URL written by hand; look where the program puts it together."},
}

// malformedHost is the cause of a name with more before execute-api than an API's id.
var malformedHost = []cause{
	{name: "malformed-url", finding: "unmapped-target", why: "the host's name has more than the API's id before execute-api, and API Gateway's certificate covers one label there alone", apart: "The host is API_ID.execute-api.REGION.amazonaws.com; the stage belongs into the path, a name of one's own into a custom domain."},
}

var unmatchedRoute = []cause{
	preflightUnrouted[0],
	malformedURL[0],
	{name: "unmatched-route", finding: "unmapped-target", why: "no method and path of what the stage has deployed matches the request; API Gateway then asks for a signature", apart: seeExport},
	{name: "route-not-deployed", finding: "stale-deployment", why: "the route is in the editor but not in the deployment that the stage serves", apart: "Compare get-resources with the stage's export; deploy to the stage and repeat the request."},
	{name: "wrong-mapping", finding: "wrong-stage", when: onDomain, permits: true, why: "the domain's mapping leads to another stage or API, where the rest of the path is no route", apart: "aws apigateway get-base-path-mappings: which API and stage does the longest matching base path name? The access log of that stage holds the request id."},
	{name: "wrong-stage-prefix", finding: "unmapped-target", when: onInvokeURL, permits: true, why: "the stage's name stands twice in the path, or the path below it is another API's", apart: "The first path segment is the stage; request the path without a second one."},
	{name: "wrong-stage-prefix", finding: "unmapped-target", when: stageTwice, why: "the path begins with the same segment twice, as where the stage's name is written a second time", apart: "The first path segment is the stage; request the path without a second one."},
	{name: "iam-without-signature", finding: "access-denied", when: withoutAuthorization, permits: true, why: "the method asks for AWS_IAM and the request is not signed", apart: "aws apigateway get-method: authorizationType. Signed, the same request gives another answer."},
}

var unmatchedWithHeader = []cause{
	{name: "unmatched-route", finding: "unmapped-target", why: "no deployed route matches; the Authorization header of the request then went to the signature parser. It is the answer \"Missing Authentication Token\" in another coat", apart: "Repeat without an Authorization header: an unmatched route then answers Missing Authentication Token. " + seeExport},
	{name: "route-not-deployed", finding: "stale-deployment", why: "the route is in the editor but not in the deployment that the stage serves", apart: "Compare get-resources with the stage's export; deploy to the stage and repeat the request."},
	{name: "wrong-mapping", finding: "wrong-stage", when: onDomain, permits: true, why: "the domain's mapping leads to another stage or API, where the rest of the path is no route", apart: "aws apigateway get-base-path-mappings: which API and stage does the longest matching base path name?"},
	{name: "iam-with-bearer-token", finding: "access-denied", why: "the method asks for AWS_IAM, and the Authorization header holds something other than a signature", apart: "aws apigateway get-method: authorizationType. Signed, the same request gives another answer."},
}

var undated = []cause{
	{name: "incomplete-signature", finding: "access-denied", why: "the Authorization header is a signature, and the request lacks the date that belongs to it", apart: "Sign with X-Amz-Date (curl --aws-sigv4 does); look for a proxy or a library that drops it."},
}

var resourceNotFound = []cause{
	{name: "resource-not-found", finding: "stale-deployment", why: "the request was authorized, and then no resource was found for it", apart: seeExport},
}

var expiredToken = []cause{
	{name: "expired-token", finding: "access-denied", why: "the session token of the signature has expired", apart: "Sign again with fresh credentials (aws sts get-caller-identity shows whether they are valid)."},
}

var unknownKey = []cause{
	{name: "unknown-access-key", finding: "access-denied", why: "the access key of the signature does not exist, is disabled, or lacks its session token", apart: "aws sts get-caller-identity with the same credentials fails in the same way."},
}

var badSignature = []cause{
	{name: "wrong-signature", finding: "access-denied", when: saysMismatch, why: "the signature does not fit the request: another secret, a header or path changed on the way, or another service or region in the scope", apart: "The message names the scope or the canonical request; service must be execute-api and region the API's."},
	{name: "clock-skew", finding: "access-denied", when: saysOtherTime, why: "a signature is good for five minutes around its date", apart: "The message begins with \"Signature expired\" or \"Signature not yet current\" and states both times."},
}

var deniedByPolicy = []cause{
	{name: "vpc-endpoint-policy", finding: "access-denied", when: saysEndpointPolicy, why: "the policy of the VPC endpoint does not allow the call, and the message says so", apart: "aws ec2 describe-vpc-endpoints: PolicyDocument."},
	{name: "resource-policy", finding: "access-denied", when: saysAnonymous, why: "the API's resource policy does not allow an unsigned caller: address, VPC or VPC endpoint are not on its list, or it denies them", apart: "aws apigateway get-rest-api: policy. A policy that was edited needs a deployment; the ARN in the body names API, stage and path as resolved."},
	{name: "private-api-from-outside", finding: "access-denied", when: saysAnonymous, why: "a private API is called from outside its VPC endpoints", apart: "aws apigateway get-rest-api: endpointConfiguration.types holds PRIVATE."},
	{name: "iam-identity-policy", finding: "access-denied", when: saysUser, why: "the signed caller has no policy that allows execute-api:Invoke on this ARN, or one that denies it", apart: "The message ends in the kind of policy; aws iam simulate-principal-policy with the ARN of the body."},
	{name: "explicit-deny", finding: "access-denied", when: saysExplicitDeny, why: "a policy denies the call by name; no further permission helps", apart: "Look for Effect: Deny in the resource policy, the identity's policies and the organisation's."},
	{name: "iam-without-signature", finding: "access-denied", when: saysAnonymous, why: "the API's policy lets only signed callers in", apart: "Signed, the same request gives another answer."},
}

var deniedByAuthorizer = []cause{
	preflightGuarded[0],
	{name: "authorizer-deny", finding: "access-denied", why: "the authorizer's policy does not allow this method and path", apart: "The execution log shows the authorizer's policy (data trace) and \"The client is not authorized to perform this operation.\""},
	{name: "cached-authorizer-policy", finding: "authorizer-cache", why: "a policy that was cached for the same token on another route does not cover this one", apart: "The refusal ends when the cache's TTL does; a fresh token is let in. Cached runs log no authorizer request."},
}

var deniedSomehow = []cause{
	{name: "authorizer-deny", finding: "access-denied", why: "the authorizer's policy does not allow this method and path", apart: "The execution log shows \"Starting authorizer\" for the request where an authorizer ran."},
	{name: "resource-policy", finding: "access-denied", why: "the API's resource policy or an IAM policy refuses", apart: "The default body of that refusal names the caller and the ARN; without an authorizer line in the execution log it is a policy."},
}

var wafOnly = []cause{
	{name: "waf-block", finding: "access-denied", when: withBody, permits: true, why: "a rule of the web ACL that is associated with the stage blocks the request: the managed rule SizeRestrictions_BODY does so with bodies over 8 KB, others with what a body holds", apart: "Repeat with a small body of the same form; the access log's $context.wafResponseCode is WAF_BLOCK; aws wafv2 get-sampled-requests names the rule."},
	{name: "waf-block", finding: "access-denied", why: "a rule of the web ACL that is associated with the stage blocks the request", apart: "The access log's $context.wafResponseCode is WAF_BLOCK; aws wafv2 get-sampled-requests names the rule."},
}

var wafChallenge = []cause{
	{name: "waf-block", finding: "access-denied", why: "a rule of the web ACL asks for a CAPTCHA (405) or for a challenge that only a browser solves (202), and holds the request back until then", apart: "x-amzn-waf-action names the action; aws wafv2 get-sampled-requests names the rule."},
}

var webSocketRoute = []cause{
	{name: "unmatched-route", finding: "unmapped-target", why: "no route of the WebSocket API fits the message's route key, and there is no $default route", apart: "aws apigatewayv2 get-routes against the API's routeSelectionExpression; the route must be deployed to the stage."},
}

// webSocketConnect are the causes of a refused handshake.
var webSocketConnect = []cause{
	{name: "authorizer-deny", finding: "access-denied", why: "the authorizer of the route $connect does not allow the connection", apart: "The execution log shows \"Starting authorizer\" for the request where an authorizer ran."},
	{name: "iam-identity-policy", finding: "access-denied", why: "the route $connect asks for AWS_IAM, and the request is unsigned or not allowed", apart: "aws apigatewayv2 get-routes: authorizationType of $connect."},
	{name: "no-such-stage", finding: "unmapped-target", why: "the first path segment is not a stage of this API", apart: "aws apigatewayv2 get-stages; no log of any stage holds the request id."},
	{name: "api-key", finding: "access-denied", why: "the route $connect asks for an API key", apart: "aws apigatewayv2 get-routes: apiKeyRequired."},
}

var keyOnly = []cause{
	{name: "api-key", finding: "access-denied", why: "the API key is missing, unknown or disabled, or its usage plan does not hold this stage", apart: "aws apigateway get-usage-plans: does apiStages hold this API and stage? A new key takes minutes to work."},
}

var forbiddenCauses = []cause{
	preflightGuarded[0],
	malformedURL[0],
	{name: "no-such-stage", finding: "unmapped-target", when: onInvokeURL, why: "the first path segment is not a stage of this API", apart: "aws apigateway get-stages; no log of any stage holds the request id."},
	{name: "no-mapping", finding: "unmapped-target", when: onDomain, why: "no base path mapping or routing rule of the domain fits the path", apart: "aws apigateway get-base-path-mappings; no log of any stage holds the request id."},
	{name: "api-key", finding: "access-denied", when: withoutKey, why: "the API key is missing, unknown or disabled, or its usage plan does not hold this stage", apart: "The access log's $context.error.responseType is INVALID_API_KEY; repeat with x-api-key."},
	{name: "waf-block", finding: "access-denied", when: withBody, permits: true, why: "a rule of the web ACL that is associated with the stage blocks the request: the managed rule SizeRestrictions_BODY does so with bodies over 8 KB, others with what a body holds", apart: "Repeat with a small body of the same form; the access log's $context.wafResponseCode is WAF_BLOCK; aws wafv2 get-sampled-requests names the rule."},
	{name: "waf-block", finding: "access-denied", why: "a rule of the web ACL that is associated with the stage blocks the request", apart: "The access log's $context.wafResponseCode is WAF_BLOCK; aws wafv2 get-sampled-requests names the rule."},
	{name: "default-endpoint-disabled", finding: "unmapped-target", when: onInvokeURL, permits: true, why: "the API answers at its custom domain only", apart: "aws apigateway get-rest-api: disableExecuteApiEndpoint."},
	{name: "mutual-tls", finding: "access-denied", when: onDomain, why: "the domain asks for a client certificate and got none that its truststore knows", apart: "aws apigateway get-domain-name: mutualTlsAuthentication; repeat with a client certificate."},
	{name: "api-not-identified", finding: "unmapped-target", when: onPrivate, why: "a private API is called at an endpoint's own name without an x-apigw-api-id header or a Host that names the API", apart: "Repeat with x-apigw-api-id; in China the Host ends in .amazonaws.com.cn."},
	{name: "nested-gateway", when: whenTraced, why: "a trace id is there, which refusals before the integration do not carry: another gateway behind this one may have refused", apart: "The execution log says \"Successfully completed execution\" where this gateway did its part."},
}

var unauthorizedCauses = []cause{
	preflightGuarded[0],
	{name: "identity-source-missing", finding: "access-denied", when: withoutAuthorization, why: "the request holds no token where the authorizer looks for it, or one that fails its validation expression", apart: "aws apigateway get-authorizer: identitySource, identityValidationExpression. The execution log then shows \"Unauthorized request\" and no authorizer request."},
	{name: "token-rejected", finding: "access-denied", when: withAuthorization, why: "the token is expired, of another issuer, user pool or audience, or an access token where an id token is asked for", apart: "Decode the token: exp, iss, aud and token_use against aws apigateway get-authorizer."},
	{name: "authorizer-unauthorized", finding: "access-denied", why: "the authorizer's function threw \"Unauthorized\"", apart: "The execution log shows \"Endpoint request URI\" of the authorizer before \"Unauthorized request\" (data trace); the function's own log says why."},
	{name: "cached-authorizer-policy", finding: "authorizer-cache", why: "a cached refusal for the same token answers", apart: "The answer changes when the cache's TTL ends."},
}

var expiredJWT = []cause{
	{name: "token-rejected", finding: "access-denied", why: "the token has expired, says the authorizer (of a Cognito user pool, or of JWTs)", apart: "Decode the token: exp against the time of the request."},
}

var authorizerConfiguration = []cause{
	{name: "authorizer-not-invocable", finding: "access-denied", why: "API Gateway may not invoke the authorizer's function, or the function's name resolves to nothing (a stage variable)", apart: seeErrorLog + "Authorizer error\" or an invalid-permissions line; aws lambda get-policy on the function."},
	{name: "authorizer-bad-output", finding: "access-denied", why: "the authorizer's function failed, or returned no valid policy document", apart: seeErrorLog + "Could not parse policy\"; with data trace, \"Authorizer result body before parsing\"."},
	{name: "authorizer-throttled", finding: "access-denied", why: "the authorizer's function is out of concurrency", apart: "Throttles metric of the function; the answer comes and goes."},
}

var authorizerFailure = []cause{
	{name: "authorizer-error", finding: "access-denied", why: "the authorizer failed or did not answer in time", apart: "The function's own log; the execution log's authorizer lines."},
}

var badParameters = []cause{
	{name: "missing-parameters", why: "the request validator found required parameters missing; the message names them", apart: "aws apigateway get-method: requestParameters."},
}

var badBody = []cause{
	{name: "invalid-body", why: "the body does not fit the method's model", apart: "The execution log says which property: \"Request body does not match model schema for content type\"."},
}

var unparsableBody = []cause{
	{name: "unparsable-body", why: "a mapping template needs a JSON body and the request's is none", apart: "Repeat with a JSON body and its content type."},
}

var badRequestCauses = []cause{
	{name: "missing-parameters", why: "the request validator found required parameters missing", apart: "aws apigateway get-method: requestParameters; the default message names them."},
	{name: "invalid-body", why: "the body does not fit the method's model", apart: "The execution log says \"Request body does not match model schema\"."},
}

var mediaType = []cause{
	{name: "unsupported-media-type", why: "no mapping template fits the request's Content-Type, and the integration passes nothing else through", apart: "aws apigateway get-integration: requestTemplates and passthroughBehavior."},
}

var tooLarge = []cause{
	{name: "request-too-large", why: "the body is over 10 MB", apart: "Content-Length of the request. It may leave no execution log."},
}

var uriTooLong = []cause{
	{name: "uri-too-long", why: "the method's ARN with the requested path is longer than the authorizer may be given", apart: "Shorten the path."},
}

var throttledCauses = []cause{
	{name: "usage-plan-throttle", finding: "throttled", why: "the key's usage plan allows no higher rate", apart: "The execution log says \"Key throttle limit exceeded\" with limit and burst."},
	{name: "method-throttle", finding: "throttled", why: "the stage's method throttling allows no higher rate", apart: "aws apigateway get-stage: methodSettings throttlingRateLimit, throttlingBurstLimit."},
	{name: "account-throttle", finding: "throttled", why: "the account's limit of the region, shared by all its APIs, is reached", apart: "aws apigateway get-account: throttleSettings; other APIs are refused at the same time."},
}

var quota = []cause{
	{name: "usage-plan-quota", finding: "throttled", why: "the usage plan's quota for its period is spent; slower requests do not help", apart: "aws apigateway get-usage: what is left."},
}

var configurationError = []cause{
	preflightFails[0],
	preflightFails[1],
	{name: "lambda-permission-missing", finding: "integration-error", why: "the function's policy does not let this API invoke it, often after a stage variable named another function or alias", apart: seeErrorLog + "Invalid permissions on Lambda function\"."},
	{name: "mapping-error", finding: "integration-error", why: "no integration response fits what the backend returned, or a template failed", apart: seeErrorLog + "No match for output mapping\" or \"Output mapping refers to an invalid method response\"."},
	{name: "lambda-throttled", finding: "integration-error", why: "the function is out of concurrency", apart: seeErrorLog + "Rate Exceeded.\""},
	{name: "backend-certificate", finding: "integration-error", why: "the backend's certificate does not fit its host name, or is not trusted", apart: seeErrorLog + "Host name … does not match the certificate subject\" or \"PKIX path building failed\"."},
	{name: "role-not-assumable", finding: "integration-error", why: "API Gateway may not assume the integration's role", apart: seeErrorLog + "API Gateway does not have permission to assume the provided role\"."},
}

var badGateway = []cause{
	{name: "lambda-function-error", finding: "integration-error", why: "the function threw, or ran into its own timeout", apart: "The execution log says \"Lambda execution failed with status 200 due to customer function error\" with the function's request id."},
	{name: "malformed-proxy-response", finding: "integration-error", why: "the function's return value is not of the form that a proxy integration needs", apart: seeErrorLog + "Malformed Lambda proxy response\"."},
	{name: "lambda-throttled", finding: "integration-error", why: "the function is out of concurrency, which was answered with 502 in older years", apart: "The execution log says \"Lambda invocation failed with status: 429\"."},
}

var integrationTimeout = []cause{
	{name: "integration-timeout", finding: "integration-error", why: "the backend took longer than the integration's timeout, 29 s unless raised", apart: "The execution log says \"Execution failed due to a timeout error\"; the backend's own log holds the late end."},
}

var integrationNetwork = []cause{
	{name: "integration-unreachable", finding: "integration-error", why: "the connection to the backend failed: address, port, TLS, security group or VPC link", apart: "The execution log says \"Execution failed due to a network error communicating with endpoint\"."},
}

var gatewayTimeout = []cause{
	{name: "integration-timeout", finding: "integration-error", why: "the backend took longer than the integration's timeout", apart: "The execution log says \"Execution failed due to a timeout error\"; such answers take as long as the timeout."},
	{name: "integration-unreachable", finding: "integration-error", why: "the connection to the backend failed", apart: "The execution log says \"Execution failed due to a network error communicating with endpoint\"; such answers come at once."},
}

var internalCauses = concat(configurationError, badGateway, gatewayTimeout)

var serviceUnavailable = []cause{
	{name: "integration-timeout", finding: "integration-error", why: "the backend did not answer within 30 s", apart: "The access log's $context.integrationErrorMessage; such answers take 30 s."},
	{name: "integration-unreachable", finding: "integration-error", why: "the connection to the backend failed, or the VPC link has no healthy target", apart: "The access log's $context.integrationErrorMessage."},
	{name: "lambda-throttled", finding: "integration-error", why: "the function is out of concurrency", apart: "Throttles metric of the function."},
}

var httpNotFound = []cause{
	malformedURL[0],
	{name: "stage-prefix-missing", finding: "unmapped-target", when: onInvokeURL, why: "the path names no stage, and the API has no $default stage", apart: "aws apigatewayv2 get-stages; repeat with the stage's name as first segment."},
	{name: "unmatched-route", finding: "unmapped-target", why: "no route of the stage's deployment fits method and path, and there is no $default route", apart: "aws apigatewayv2 get-routes; the access log's $context.routeKey is \"-\"."},
	{name: "route-not-deployed", finding: "auto-deploy-off", why: "the route exists, but the stage does not deploy by itself, or its last deployment failed", apart: "aws apigatewayv2 get-stage: autoDeploy, lastDeploymentStatusMessage."},
	{name: "default-endpoint-disabled", finding: "unmapped-target", when: onInvokeURL, permits: true, why: "the API answers at its custom domain only", apart: "aws apigatewayv2 get-api: disableExecuteApiEndpoint."},
	{name: "application-not-found", why: "the integration wrote the same words", apart: "The access log's $context.integrationStatus is a number where the integration answered."},
}

var httpUnauthorized = []cause{
	preflightGuarded[0],
	{name: "token-rejected", finding: "access-denied", when: challenged, why: "the JWT is expired, or of another issuer or audience; the www-authenticate header says which", apart: "www-authenticate: error_description."},
	{name: "identity-source-missing", finding: "access-denied", when: withoutAuthorization, why: "the request holds no token where the authorizer looks for it", apart: "aws apigatewayv2 get-authorizers: identitySource; repeat with a token."},
	{name: "token-rejected", finding: "access-denied", when: withAuthorization, why: "the authorizer does not accept the token", apart: "The access log's $context.authorizer.error."},
}

var httpForbidden = []cause{
	preflightGuarded[0],
	{name: "authorizer-deny", finding: "access-denied", why: "the Lambda authorizer said no, or the token lacks the route's scope", apart: "The access log's $context.authorizer.error; www-authenticate with insufficient_scope."},
	{name: "iam-identity-policy", finding: "access-denied", why: "the route asks for AWS_IAM, and the request is unsigned or not allowed", apart: "aws apigatewayv2 get-routes: authorizationType."},
	{name: "mutual-tls", finding: "access-denied", when: onDomain, why: "the domain asks for a client certificate", apart: "aws apigatewayv2 get-domain-name: mutualTlsAuthentication."},
	{name: "cached-authorizer-policy", finding: "authorizer-cache", why: "a cached refusal for the same identity answers", apart: "The answer changes when the authorizer's TTL ends."},
}

var httpInternal = []cause{
	{name: "lambda-function-error", finding: "integration-error", why: "the function threw, or ran into its own timeout", apart: "The access log's $context.integrationErrorMessage and the function's own log."},
	{name: "lambda-permission-missing", finding: "integration-error", why: "the function's policy does not let this API invoke it", apart: "$context.integrationErrorMessage says that API Gateway does not have permission to invoke your Lambda function."},
	{name: "malformed-proxy-response", finding: "integration-error", why: "the function's return value is not of the form that the payload version needs", apart: "$context.integrationErrorMessage says that the response format is not supported."},
	{name: "authorizer-error", finding: "access-denied", why: "the Lambda authorizer failed", apart: "The access log's $context.authorizer.error."},
	{name: "application-error", why: "the integration wrote the same words", apart: "$context.integrationStatus is 500 where the integration did."},
}

var prefixHanded = []cause{
	{name: "path-prefix", finding: "address-dependent", when: prefixHandedOn, why: "the application got the stage's name (HTTP API with a named stage) or the base path of the domain as the first part of the path, and has no route of that name", apart: "Give the application its base path (root_path, api_gateway_base_path, stripBasePath, a StripPrefix handler), use the $default stage, or map the path in the integration (overwrite:path=$request.path); then both addresses answer alike."},
	{name: "malformed-url", finding: "unmapped-target", when: oddURL, why: "the URL does not look as meant", apart: "Repeat with the URL written by hand; look where the program puts it together."},
}

var application = []cause{
	prefixHanded[0],
	prefixHanded[1],
	{name: "application-error", why: "no error type, and a body of its own: the backend answered, and the gateway passed it on", apart: "The execution log says \"Successfully completed execution\"; the access log's integration status is a number."},
	{name: "path-prefix", finding: "address-dependent", when: mayHandPrefixOn, permits: true, why: "an HTTP API with a named stage hands the stage's name on as the first part of the path, and the application may not know it", apart: "Repeat at the $default stage or at a domain; the application's own log shows the path that it got."},
}

var applicationOrNested = []cause{
	{name: "application-error", why: "the words are API Gateway's, but its error type is missing: the backend wrote them", apart: "The execution log says \"Successfully completed execution\"."},
	{name: "nested-gateway", why: "another API Gateway behind this one refused, and its body was passed on", apart: "The integration's URI is an execute-api address; that gateway's log holds a request id of its own."},
}

var applicationOrOther = []cause{
	{name: "not-api-gateway", why: "the answer carries no id of API Gateway", apart: "curl -i shows x-amzn-requestid and x-amz-apigw-id (REST) or apigw-requestid (HTTP API) where API Gateway took part."},
}

var nestedGateway = []cause{
	{name: "nested-gateway", why: "the words or headers of another gateway behind this one were passed on", apart: "The execution log says \"Successfully completed execution\", and its \"Endpoint response headers\" (data trace) hold another x-amzn-RequestId."},
	{name: "application-error", why: "the backend wrote the same words", apart: "The integration's URI is no execute-api address."},
}

var serviceError = []cause{
	{name: "service-error", why: "the error type is none of API Gateway's: a service behind it answered with an error of its own", apart: "The integration's URI names the service; the execution log says \"Successfully completed execution\"."},
}

var notTheGateway = []cause{
	{name: "not-api-gateway", finding: "unmapped-target", why: "no id of API Gateway, and the marks of something else", apart: "Look up the host (dig), and call the invoke URL of the stage for comparison."},
}

// pageOfServer are the causes of an error page without its headers.
var pageOfServer = []cause{
	{name: "application-error", why: "the page is a web server's: the backend behind API Gateway may have written it, and the gateway passed it on", apart: "curl -si shows x-amzn-requestid or apigw-requestid where API Gateway took part."},
	notTheGateway[0],
}

var cloudFrontRefused = []cause{
	{name: "cloudfront-blocked", finding: "access-denied", when: cloudFrontSaysBlocked, why: "a web ACL or a geographic restriction of the distribution blocks the request", apart: "aws cloudfront get-distribution-config: WebACLId, Restrictions; aws wafv2 get-sampled-requests --scope CLOUDFRONT names the rule."},
	{name: "method-refused-by-cloudfront", finding: "access-denied", when: cloudFrontSaysMethod, why: "the distribution's cache behaviour does not allow the request's method", apart: "aws cloudfront get-distribution-config: AllowedMethods of the behaviour that fits the path."},
	{name: "origin-unreachable", finding: "unmapped-target", when: cloudFrontSaysOrigin, why: "CloudFront did not reach its origin: its name, port, certificate or the origin's protocol", apart: "aws cloudfront get-distribution-config: Origins; call the invoke URL of the stage for comparison."},
	{name: "get-with-body", finding: "access-denied", when: getWithBody, why: "CloudFront, in front of an edge-optimised API, refuses a GET that carries a body, and some libraries send one, empty JSON included", apart: "Repeat without a body (curl -si URL, no -d and no Content-Length); a body belongs to POST."},
	{name: "get-with-body", finding: "access-denied", when: cloudFrontSaysBadRequest, permits: true, why: "CloudFront, in front of an edge-optimised API, refuses a GET that carries a body, and some libraries send one, empty JSON included", apart: "Repeat without a body (curl -si URL, no -d and no Content-Length); a body belongs to POST."},
	{name: "cloudfront-refused", finding: "unmapped-target", why: "CloudFront did not reach an API: no distribution for this host name (an edge domain that is new or gone), a refused method or protocol, or its own web ACL", apart: "aws apigateway get-domain-name: distributionDomainName and domainNameStatus against dig; call the invoke URL for comparison."},
	{name: "not-api-gateway", finding: "unmapped-target", why: "no id of API Gateway is there", apart: "The domain may belong to a distribution of somebody's own: aws cloudfront list-distributions, Aliases."},
}

var cloudFrontRedirects = []cause{
	{name: "redirect-to-https", why: "the distribution's cache behaviour leads http to https: CloudFront answered, and no API was called", apart: "Call the https URL of the Location header (curl -L follows it); aws cloudfront get-distribution-config: ViewerProtocolPolicy."},
}

var s3Answered = []cause{
	{name: "error-page-from-s3", finding: "unmapped-target", why: "a distribution in front has an error page or a default origin in S3, and that failed in its turn; the first error is hidden behind it", apart: "Call the invoke URL of the stage, without the distribution; aws cloudfront get-distribution-config: CustomErrorResponses, Origins."},
}

var functionURLDenied = []cause{
	{name: "function-url", finding: "unmapped-target", why: "a Lambda function URL answered; no API Gateway took part", apart: "aws lambda get-function-url-config: AuthType; where an API is meant, look up the host (dig)."},
}

var stageVariable = []cause{
	{name: "stage-variable-unset", finding: "integration-error", why: "the name of the function, as the integration's URI yields it, is no function's: a stage variable in it is not set on this stage (the name then ends in a colon or has an empty part), or holds another stage's value", apart: "aws apigateway get-stage: variables against the stage variables in the integration's URI (aws apigateway get-integration: uri)."},
}

// Failures inside a success.
var (
	errorInBody = []cause{
		{name: "error-in-body", finding: "integration-error", why: "the function threw, and its error (errorMessage) is the body of a success: no integration response of this non-proxy integration has a selection pattern that fits", apart: "aws apigateway get-integration: type AWS, integrationResponses[].selectionPattern; the function's own log."},
	}
	innerStatus = []cause{
		{name: "inner-status", finding: "integration-error", why: "the body is the envelope that a proxy integration takes apart (statusCode, headers, body), so that the status in it never reached the caller: the integration is not a proxy integration, or the function wraps its answer twice", apart: "aws apigateway get-integration: type AWS where AWS_PROXY is meant; on an HTTP API, the payload format version and what the function returns."},
	}
	innerError = []cause{
		{name: "inner-status", finding: "integration-error", why: "the body holds an error status of its own (statusCode) inside a success: the integration does not turn it into the answer's status, as a proxy integration would with the whole envelope", apart: "aws apigateway get-integration: type and integrationResponses[].selectionPattern; the function's return value."},
	}
	base64Body = []cause{
		{name: "base64-body", finding: "integration-error", why: "the body is base64 text: the function returned it so, and nothing decoded it", apart: "The function's isBase64Encoded must be true, and a REST API needs binaryMediaTypes that hold the request's Accept type (aws apigateway get-rest-api), and a deployment."},
	}
)

// loggedOnly are causes that an answer cannot tell from others, and a log can.
var loggedOnly = []cause{
	{name: "request-template", finding: "integration-error", why: "the integration's request template failed, or yields nothing that the integration understands", apart: seeErrorLog + "Unable to transform request\"; aws apigateway get-integration: requestTemplates."},
	{name: "lambda-method-not-post", finding: "integration-error", why: "Lambda is invoked by POST, and the integration is set to another method", apart: "The execution log says \"Lambda invocation failed with status: 403\"; aws apigateway get-integration: httpMethod."},
	{name: "integration-endpoint", finding: "integration-error", why: "the integration's URI leads to no host, often for a stage variable in it is not set or broken", apart: "The integration's URI, and the stage variables in it: the log's line quotes what they yield."},
	{name: "vpc-link", finding: "integration-error", why: "the VPC link is gone or not available, or its targets are not healthy", apart: "aws apigateway get-vpc-links: status; the health of its targets, security groups."},
	{name: "unknown-failure", why: "no failure line of this wording is known, and nothing is guessed of it", apart: "The lines before it in the execution log at level INFO, with data trace; the integration's own log at that time."},
	{name: "lambda-function-timeout", finding: "integration-error", why: "the function ran into its own timeout", apart: "The execution log says \"Task timed out after\"; the function's Duration metric."},
}

// noConnection is a timeout before there was a connection.
const noConnection = probe.OutcomeTimeout + "-connect"

var networkCauses = map[probe.Outcome][]cause{
	probe.OutcomeTimeout: {{name: "client-timeout", why: "no complete answer within the client's timeout, which may be shorter than the integration's", apart: "Where the request carried an x-amzn-RequestId of the client's, the logs hold it."}},
	noConnection:         {{name: "connect-timeout", why: "no connection came about: nothing answered at the address", apart: "curl -v HOST:443: the client's own network or proxy; where dig HOST shows a private address, a VPC endpoint's: its security group must let port 443 in."}},
	probe.OutcomeReset:   {{name: "connection-reset", why: "the connection ended before the answer did", apart: "Repeat on a fresh connection; a log entry with the request's id says that it arrived."}},
	probe.OutcomeTLS:     {{name: "tls-failure", why: "the handshake failed: certificate, SNI, protocol version or a missing client certificate", apart: "openssl s_client -connect HOST:443 -servername HOST."}},
	probe.OutcomeDNS:     {{name: "no-such-host", finding: "unmapped-target", why: "the name has no address: a deleted API, a private API without private DNS, a custom domain without a record, or a typing error", apart: "dig HOST; an API's name resolves as long as it exists."}},
	probe.OutcomeRefused: {{name: "connection-refused", why: "nothing listens there, or the way is closed", apart: "curl -v HOST:443 from another network."}},
	probe.OutcomeLocal:   {{name: "own-fault", why: "this machine could not send", apart: "ulimit -n, free ports."}},
}

// concat joins lists of causes; of those with one name the first stays.
func concat(lists ...[]cause) []cause {
	var out []cause
	seen := map[string]bool{}
	for _, l := range lists {
		for _, c := range l {
			if !seen[c.name] {
				seen[c.name] = true
				out = append(out, c)
			}
		}
	}
	return out
}
