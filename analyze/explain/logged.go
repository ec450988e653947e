package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/logs"
)

func explainExecution(text []byte) *Document {
	records, ok := logs.ParseExecution(text)
	if !ok {
		return nil
	}
	return explainRecords(KindExecutionLog, withAccess(records, logs.ParseAccessRows(text)))
}

// explainAccess reads entries with the usual names.
func explainAccess(text []byte) *Document {
	records, ok := logs.ParseAccessLog(text, nil)
	if !ok {
		return nil
	}
	return explainRecords(KindAccessLog, records)
}

// explainAccessFormat reads entries in the stage's own format. Lines that do
// not fit it are left out; where none fits, the first says why.
func explainAccessFormat(text []byte, opts Options) (*Document, error) {
	format, err := logs.CompileFormat(opts.AccessFormat)
	if err != nil {
		return nil, fmt.Errorf("access format: %w", err)
	}
	if records, ok := logs.ParseAccessLog(text, format); ok {
		return explainRecords(KindAccessLog, records), nil
	}
	first, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	if len(first) == 0 {
		return nil, errors.New("no line fits the access format: the input is empty (the format is the stage's accessLogSettings.format)")
	}
	_, err = format.Parse(first)
	return nil, fmt.Errorf("no line fits the access format: %w (the format is the stage's accessLogSettings.format)", err)
}

func explainRecords(kind string, records []probe.LogRecord) *Document {
	doc := &Document{Kind: kind}
	for i := range records {
		doc.Requests = append(doc.Requests, request(&records[i]))
	}
	return doc
}

func request(rec *probe.LogRecord) Request {
	canary := rec.Canary
	if canary == nil && rec.GroupCanary {
		canary = &rec.GroupCanary
	}
	return Request{
		RequestID: known(rec.RequestID), ExtendedID: known(rec.ExtendedID), APIKind: known(string(rec.APIKind)),
		APIID: known(rec.APIID), Stage: known(rec.Stage), DeploymentID: known(rec.DeploymentID), Canary: canary,
		Method: known(rec.Method), ResourcePath: known(rec.Path), RouteTemplate: known(rec.Template),
		Status: rec.Status, GatewayResponse: known(rec.GatewayResponse), Error: known(rec.Error), Detail: known(rec.Detail),
		IntegrationStatus: rec.IntegrationStatus, IntegrationLatencyMS: rec.IntegrationLatencyMS,
		ExecutedVersion: known(rec.ExecutedVersion), LambdaRequestID: known(rec.LambdaRequestID), AuthorizerID: known(rec.AuthorizerID),
		Producer: known(producer(rec.Producer)), Complete: rec.Complete,
		Candidates: append([]signature.Candidate{}, causes(rec)...),
	}
}

// producer keeps to the report's five names; AWS WAF refuses on behalf of the
// gateway.
func producer(s string) string {
	if s == "waf" {
		return string(signature.Gateway)
	}
	return s
}

// line is one failure line of the logs, the cause that it names, and what to
// look at next.
type line struct{ holds, cause, next string }

// lines are the failure lines of execution and access logs. They settle what
// the answer alone leaves open. Source: the log templates of genuine captures.
var lines = []line{
	{"Invalid JSON in response", "authorizer-bad-output", "The authorizer's own log: it threw, or returned something other than a policy; \"Authorizer result body before parsing\" (data trace) shows it."},
	{"due to an authorizer error", "authorizer-error", "The authorizer's own log and its timeout."},
	{"Authorizer error", "authorizer-not-invocable", "aws lambda get-policy on the authorizer's function; the line before says more."},
	{"Could not parse policy", "authorizer-bad-output", "The function's own log, and with data trace \"Authorizer result body before parsing\"."},
	{"Invalid permissions on Lambda function", "lambda-permission-missing", "aws lambda get-policy: the function (and the alias that a stage variable names) must allow this API's source ARN."},
	{"does not have permission to invoke your Lambda", "lambda-permission-missing", "aws lambda get-policy: the function must allow this API's source ARN."},
	{"permissions to call the integration", "lambda-permission-missing", "aws lambda get-policy: the function must allow this API's source ARN; or the integration's role, its credentialsArn."},
	{"permissions to call the authorizer", "authorizer-not-invocable", "aws lambda get-policy on the authorizer's function, or the authorizer's role."},
	{"Malformed Lambda proxy response", "malformed-proxy-response", "The function must return statusCode as a number and body as a string; \"Endpoint response body before transformations\" (data trace) shows what it returned."},
	{"doesn't match the format that API Gateway expects", "malformed-proxy-response", "The function's return value must fit the payload format version of the integration; the line's end names what does not."},
	{"response format is not supported", "malformed-proxy-response", "The function's return value must fit the payload format version of the integration."},
	{"Rate Exceeded", "lambda-throttled", "Throttles and ConcurrentExecutions of the function; reserved concurrency."},
	{"TooManyRequestsException", "lambda-throttled", "Throttles and ConcurrentExecutions of the function; reserved concurrency."},
	{"failed with status: 403", "lambda-method-not-post", "aws apigateway get-integration: httpMethod of a Lambda integration must be POST, whatever the method of the API is."},
	{"failed with status: 429", "lambda-throttled", "Throttles and ConcurrentExecutions of the function; reserved concurrency."},
	{"Task timed out", "lambda-function-timeout", "The function's own timeout against its Duration metric; its log by the Lambda request id."},
	{"customer function error", "lambda-function-error", "The function's own log by the Lambda request id."},
	{"Lambda function returned the following error", "lambda-function-error", "The function's own log by the Lambda request id."},
	{"timeout error", "integration-timeout", "The integration's timeoutInMillis against the backend's own log."},
	{"network error communicating", "integration-unreachable", "The integration's URI: name resolution, security group, VPC link, certificate."},
	{"VpcLink", "integration-unreachable", "The VPC link (aws apigateway get-vpc-link: status), and the health of its targets."},
	{"internal error while executing your request", "integration-unreachable", "The VPC link (aws apigateway get-vpc-link: status), the health of its targets, security groups; then the integration's URI."},
	{"Unable to transform request", "request-template", "The integration's request template for this Content-Type; a mock needs one that yields {\"statusCode\": 200}."},
	{"statusCode should be an integer", "request-template", "A mock's request template must yield {\"statusCode\": 200}."},
	{"Unable to transform response", "mapping-error", "The integration response's template for this Content-Type, against the body that the backend sent (data trace)."},
	{"Illegal character in", "integration-unreachable", "The integration's URI, and the stage variables in it: the line quotes what they yield."},
	{"Invalid endpoint address", "integration-unreachable", "The integration's URI, and the stage variables in it."},
	{"header already present", "mapping-error", "The header that the integration maps is one that API Gateway sets itself."},
	{"No match for output mapping", "mapping-error", "aws apigateway get-integration: a response without selection pattern is the default."},
	{"Output mapping refers to an invalid method response", "mapping-error", "aws apigateway get-method: methodResponses must hold the integration response's status."},
	{"does not match the certificate", "backend-certificate", "The integration's host name against the backend's certificate."},
	{"PKIX path", "backend-certificate", "The chain that the backend sends (openssl s_client -connect HOST:443 -servername HOST -showcerts): it must lead to a public authority, or the integration's tlsConfig must allow otherwise."},
	{"SSLEngine problem", "backend-certificate", "The chain that the backend sends (openssl s_client -connect HOST:443 -servername HOST -showcerts), and its date."},
	{"valid certification path", "backend-certificate", "The chain that the backend sends (openssl s_client -connect HOST:443 -servername HOST -showcerts): it must lead to a public authority, or the integration's tlsConfig must allow otherwise."},
	{"No subject alternative", "backend-certificate", "The integration's host name against the names in the backend's certificate."},
	{"permissions to assume the IAM role", "role-not-assumable", "aws iam get-role on the integration's credentialsArn: the trust policy must name apigateway.amazonaws.com."},
	{"permission to assume the provided role", "role-not-assumable", "aws iam get-role: the trust policy must name apigateway.amazonaws.com."},
	{"Key throttle limit exceeded", "usage-plan-throttle", "aws apigateway get-usage-plan: throttle; the line states limit and burst."},
	{"quota limit exceeded", "usage-plan-quota", "aws apigateway get-usage: what is left of the period."},
	{"Limit Exceeded", "usage-plan-quota", "aws apigateway get-usage: what is left of the period."},
	{"does not match model schema", "invalid-body", "The line's end names the property; aws apigateway get-model."},
	{"Missing required request parameters", "missing-parameters", "aws apigateway get-method: requestParameters."},
	{"not authorized to perform this operation", "authorizer-deny", "The policy that the authorizer returned (data trace) must allow this method's ARN."},
	{"not authorized to perform: execute-api", "resource-policy", "aws apigateway get-rest-api: policy; a changed policy needs a deployment."},
	{"token has expired", "token-rejected", "Decode the token: exp against the time of the request."},
	{"not have a valid audience", "token-rejected", "Decode the token: aud or client_id against the authorizer's audience."},
	{"invalid token", "token-rejected", "Decode the token: iss, aud, exp and the key's id against the authorizer."},
	{"Access denied. Reason: ", "mutual-tls", "The line's end against the domain's truststore (aws apigateway get-domain-name: mutualTlsAuthentication): issuer, signature algorithm, chain."},
	{"Unauthorized request", "identity-source-missing", "aws apigateway get-authorizer: identitySource. Lines of an authorizer request before this one mean that the authorizer itself refused."},
}

// causes are the candidates of a logged request.
func causes(rec *probe.LogRecord) []signature.Candidate {
	if rec.WAF == "WAF_BLOCK" {
		return []signature.Candidate{named("waf-block", "the log's WAF verdict is WAF_BLOCK", "aws wafv2 get-sampled-requests names the rule.")}
	}
	if authorizerSaidNo(rec) {
		return []signature.Candidate{named("authorizer-unauthorized", "the log shows the call of the authorizer before \"Unauthorized request\"", "The authorizer's own log.")}
	}
	if out := byLine(rec); len(out) > 0 {
		return out
	}
	if rec.Status == nil {
		return signature.CausesOf(rec.GatewayResponse)
	}
	if *rec.Status < 400 {
		return nil
	}
	if strings.HasPrefix(rec.Error, "Execution failed due to configuration error") {
		return signature.CausesOf("API_CONFIGURATION_ERROR") // worded in a way that no capture shows
	}
	if rec.IntegrationCalled != nil && *rec.IntegrationCalled || rec.Producer == string(signature.Integration) {
		return answered(rec)
	}
	if *rec.Status == 404 && rec.Error == "" && rec.APIKind == probe.HTTP && rec.RouteKey == "" && rec.Producer == string(signature.Gateway) {
		return signature.Read(signature.Answer{Status: 404, Body: []byte(`{"message":"Not Found"}`), APIKind: probe.HTTP}).Candidates
	}
	if out := signature.CausesOf(rec.GatewayResponse); len(out) > 0 {
		return out
	}
	if out := byWording(rec); len(out) > 0 || rec.Producer != "" {
		return out
	}
	return byStatus(rec)
}

// elsewhere are causes of which no log of a stage can tell.
var elsewhere = []string{"no-such-stage", "no-mapping"}

// unrouted are the causes that a known route rules out.
var unrouted = []string{"unmatched-route", "route-not-deployed", "wrong-mapping", "stage-prefix-missing"}

// byStatus are the causes of a status beside which the log says nothing.
func byStatus(rec *probe.LogRecord) []signature.Candidate {
	out := signature.CausesOfStatus(*rec.Status)
	if rec.APIKind == probe.REST && *rec.Status == 404 {
		out = append(out[len(out)-1:], signature.CausesOf("RESOURCE_NOT_FOUND")...)
	}
	return slices.DeleteFunc(out, func(c signature.Candidate) bool {
		routed := rec.Template != "" || rec.Source == probe.ExecutionLog
		return slices.Contains(elsewhere, c.Cause) || routed && slices.Contains(unrouted, c.Cause)
	})
}

// authorizerSaidNo tells whether a refusal is that of an authorizer which was
// called: no other call precedes the line.
func authorizerSaidNo(rec *probe.LogRecord) bool {
	return rec.Error == "Unauthorized request" && slices.ContainsFunc(rec.Lines, func(l string) bool { return strings.HasPrefix(l, "Sending request to ") })
}

func byLine(rec *probe.LogRecord) []signature.Candidate {
	var out []signature.Candidate
	for _, said := range []string{rec.Detail, rec.Error} {
		for _, l := range lines {
			if said != "" && containsFold(said, strings.ToLower(l.holds)) {
				out = append(out, named(l.cause, "the log says \""+strings.TrimPrefix(said, "Execution failed due to configuration error: ")+"\"", l.next))
				break
			}
		}
	}
	return slices.CompactFunc(out, func(a, b signature.Candidate) bool { return a.Cause == b.Cause })
}

// named is a candidate of the answers' catalogue with the log's own evidence.
func named(cause, why, next string) signature.Candidate {
	c, _ := signature.CauseNamed(cause)
	c.Cause, c.TellsApart = cause, next
	if c.Why == "" {
		c.Why = why
	} else {
		c.Why = why + ": " + c.Why
	}
	return c
}

// answered explains an error status that the integration gave.
func answered(rec *probe.LogRecord) []signature.Candidate {
	if strings.Contains(rec.IntegrationURI, ".execute-api.") {
		return []signature.Candidate{named("nested-gateway", "the integration is another API Gateway ("+rec.IntegrationURI+"), and this one passed its answer on", "That gateway's own logs, under the x-amzn-RequestId in \"Endpoint response headers\" (data trace).")}
	}
	if rec.APIKind == probe.HTTP && *rec.Status >= 500 && rec.Error != "" {
		return failedIntegration(*rec.Status)
	}
	if rec.Error != "" {
		return byWording(rec)
	}
	return []signature.Candidate{named("application-error", "the gateway completed its part, and the status is the integration's", "The integration's own log.")}
}

// failedIntegration are the causes of an HTTP API's error in place of the
// integration's answer, in words that nobody knows.
func failedIntegration(status int) []signature.Candidate {
	return slices.DeleteFunc(signature.CausesOfStatus(status), func(c signature.Candidate) bool { return c.Cause == "application-error" })
}

// byWording reads the entry's error message as if it were the answer's body.
func byWording(rec *probe.LogRecord) []signature.Candidate {
	if rec.Error == "" {
		return nil
	}
	body, err := json.Marshal(map[string]string{"message": rec.Error})
	if err != nil || rec.Status == nil {
		return nil
	}
	return signature.Read(signature.Answer{Status: *rec.Status, Body: body, APIKind: rec.APIKind}).Candidates
}
