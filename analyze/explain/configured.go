package explain

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe/lazyregexp"
)

// readOthers are the objects beside stages, deployments and mappings, each with how it is
// known and what it tells.
var readOthers = []struct {
	is   func(object) bool
	read func(object) Notice
}{
	{func(o object) bool {
		return o.has("domainName") && (o.has("regionalDomainName") || o.has("distributionDomainName") || o.has("domainNameConfigurations"))
	}, domainName},
	{func(o object) bool { return o.has("id", "name", "endpointConfiguration") }, restAPI},
	{func(o object) bool { return o.has("apiId", "protocolType", "routeSelectionExpression") }, restAPI},
	{func(o object) bool { return o.has("apiStages", "id") }, usagePlan},
	{func(o object) bool { return o.has("routingRuleId", "priority", "actions") }, routingRule},
	{func(o object) bool { return o.has("httpMethod", "authorizationType", "apiKeyRequired") }, methodOf},
	{func(o object) bool {
		return o.has("type") && (o.has("passthroughBehavior") || o.has("timeoutInMillis"))
	}, integrationAlone},
	{func(o object) bool { return o.has("integrationId", "integrationType") }, integrationAlone},
	{func(o object) bool {
		return o.has("name") && (o.has("id", "type") && (o.has("authorizerUri") || o.has("providerARNs") || o.has("jwtConfiguration")) || o.has("authorizerId", "authorizerType"))
	}, authorizerOf},
	{func(o object) bool { return o.has("routeKey", "routeId") }, routeOf},
}

// other reads such an object; ok is false where it is none.
func other(o object) (n Notice, ok bool) {
	for _, r := range readOthers {
		if r.is(o) {
			return r.read(o), true
		}
	}
	return n, false
}

func (o object) list(key string) (out []object) {
	items, _ := o.get(key).([]any)
	for _, i := range items {
		if m, ok := i.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// domainName says where a custom domain's name must lead, and whether it is ready.
func domainName(o object) Notice {
	name := o.text("domainName")
	n := Notice{Subject: "domain " + name}
	for _, c := range append(o.list("domainNameConfigurations"), o) {
		if to := cmp.Or(c.text("regionalDomainName"), c.text("distributionDomainName"), c.text("apiGatewayDomainName")); to != "" {
			n.say("Its name must resolve to %s.", to)
		}
		if status := c.text("domainNameStatus"); status != "" && status != "AVAILABLE" {
			n.add(signature.Candidate{Cause: "unmapped-target", Why: strings.TrimSuffix("the domain is "+status+": "+c.text("domainNameStatusMessage"), ": "), TellsApart: "aws apigateway get-domain-name: domainNameStatus is AVAILABLE once it serves."})
		}
	}
	if mode := o.text("routingMode"); mode != "" {
		n.say("It routes by %s.", mode)
	}
	if o.has("mutualTlsAuthentication") {
		n.say("It asks for a client certificate.")
	}
	return n
}

func restAPI(o object) Notice {
	id := cmp.Or(o.text("id"), o.text("apiId"))
	n := Notice{Subject: "API " + cmp.Or(o.text("name"), id), APIID: known(id)}
	types, _ := o.object("endpointConfiguration").get("types").([]any)
	for _, t := range types {
		n.say("Its endpoint is %v.", t)
		if t == "PRIVATE" {
			n.add(signature.Candidate{Cause: "access-denied", Why: "the API is private: it answers within a VPC with an endpoint for execute-api, where its resource policy lets that in", TellsApart: "aws apigateway get-rest-api: policy, endpointConfiguration.vpcEndpointIds."})
		}
	}
	if off, _ := o.flag("disableExecuteApiEndpoint"); off {
		n.add(signature.Candidate{Cause: "unmapped-target", Why: "the API's own invoke URL is off: it refuses every request there, and answers at its custom domains alone", TellsApart: "Request it at a custom domain: aws apigateway get-domain-names, get-base-path-mappings."})
	}
	if status := o.text("apiStatus"); status != "" && status != "AVAILABLE" {
		n.add(signature.Candidate{Cause: "deploy-propagating", Why: "the API is " + status + ": old and new may lie side by side until that is over", TellsApart: "aws apigateway get-rest-api: apiStatus."})
	}
	return n
}

func usagePlan(o object) Notice {
	n := Notice{Subject: "usage plan " + cmp.Or(o.text("name"), o.text("id"))}
	limit := func(of string, t object) {
		if t.has("rateLimit") {
			n.say("%s: %v requests a second, bursts of %v.", of, t.get("rateLimit"), t.get("burstLimit"))
			if t.number("rateLimit") == 0 {
				n.add(signature.Candidate{Cause: "throttled", Why: "the rate of " + strings.ToLower(of[:1]) + of[1:] + " is 0, which refuses every request with 429", TellsApart: "aws apigateway get-usage-plan: throttle."})
			}
		}
	}
	limit("Its keys", o.object("throttle"))
	if q := o.object("quota"); q.has("limit") {
		n.say("Its quota: %v requests per %s and key.", q.get("limit"), cmp.Or(q.text("period"), "period"))
	}
	for _, s := range o.list("apiStages") {
		n.say("It holds for stage %s of API %s.", s.text("stage"), s.text("apiId"))
		for _, route := range names(s.object("throttle")) {
			limit(route+" of stage "+s.text("stage"), s.object("throttle").object(route))
		}
	}
	if len(o.list("apiStages")) == 0 {
		n.add(signature.Candidate{Cause: "access-denied", Why: "the plan holds for no stage: its keys are refused everywhere", TellsApart: "aws apigateway get-usage-plan: apiStages."})
	}
	return n
}

// routingRule says which requests a rule takes and where they go.
func routingRule(o object) Notice {
	n := Notice{Subject: "routing rule " + o.text("routingRuleId")}
	n.say("Its priority is %v; the lowest that fits is taken.", o.get("priority"))
	if conditions, err := json.Marshal(o.get("conditions")); err == nil && len(o.list("conditions")) > 0 {
		n.say("It takes requests with %s.", conditions)
	} else {
		n.say("It takes every request.")
	}
	for _, a := range o.list("actions") {
		to := a.object("invokeApi")
		n.Stage, n.APIID = known(to.text("stage")), known(to.text("apiId"))
		n.say("They go to stage %s of API %s.", to.text("stage"), to.text("apiId"))
		if strip, set := to.flag("stripBasePath"); set && !strip {
			n.say("The base path stays in the path.")
		}
	}
	return n
}

func methodOf(o object) Notice {
	n := Notice{Subject: "method " + o.text("httpMethod")}
	n.say("Its authorization is %s.", o.text("authorizationType"))
	if needs, _ := o.flag("apiKeyRequired"); needs {
		n.say("It asks for an API key.")
	}
	if o.text("httpMethod") == "OPTIONS" {
		n.guardedPreflight(o)
	}
	i := o.object("methodIntegration")
	if i == nil {
		n.add(signature.Candidate{Cause: "stale-deployment", Why: "the method has no integration: a deployment of the API is refused, and the stages keep what they run", TellsApart: "aws apigateway get-integration."})
		return n
	}
	n.integration(i)
	return n
}

// guardedPreflight tells an OPTIONS method that asks for what no browser sends with it.
func (n *Notice) guardedPreflight(o object) {
	asks := ""
	if kind := o.text("authorizationType"); kind != "" && kind != "NONE" {
		asks = "authorization (" + kind + ")"
	}
	if key, _ := o.flag("apiKeyRequired"); key {
		asks = strings.TrimPrefix(asks+" and an API key", " and ")
	}
	if asks != "" {
		n.add(signature.Candidate{Cause: "access-denied", Why: "OPTIONS asks for " + asks + ", which browsers do not send with a preflight: it is refused, and the request behind it never comes", TellsApart: "aws apigateway get-method --http-method OPTIONS: authorizationType NONE and apiKeyRequired false let it pass, after a deployment."})
	}
}

var (
	variableInURI = lazyregexp.New(`\$\{stageVariables\.([A-Za-z0-9_]+)\}`)
	aliasInURI    = lazyregexp.New(`:function:([A-Za-z0-9_-]+):([A-Za-z0-9_-]+)`)
	gatewayInURI  = lazyregexp.New(`https?://([a-z0-9]+)\.execute-api\.`)
)

// integration says what an integration calls, and what of it fails every request.
func (n *Notice) integration(i object) {
	kind, uri := cmp.Or(i.text("type"), i.text("integrationType")), cmp.Or(i.text("uri"), i.text("integrationUri"))
	if kind == "MOCK" {
		n.say("Its integration is a mock.")
		if templates := fmt.Sprint(i.get("requestTemplates")); !strings.Contains(strings.ToLower(templates), "statuscode") {
			n.add(signature.Candidate{Cause: "integration-error", Why: "the mock's request template names no statusCode, so that it answers 500", TellsApart: "aws apigateway get-integration: requestTemplates for the request's content type."})
		}
		return
	}
	n.say("Its integration is %s.", strings.TrimSpace(kind+" "+uri))
	if i.has("timeoutInMillis") {
		n.say("It waits for %v ms.", i.get("timeoutInMillis"))
	}
	for _, m := range variableInURI.FindAllStringSubmatch(uri, -1) {
		n.say("What it calls is named by stage variable %s: a stage on which that is not set, or names what is not there, answers 500.", m[1])
	}
	if m := aliasInURI.FindStringSubmatch(uri); m != nil && strings.Trim(m[2], "0123456789") != "" {
		n.say("Alias %s of function %s may share its requests among versions: aws lambda get-alias --function-name %s --name %s.", m[2], m[1], m[1], m[2])
	}
	if m := gatewayInURI.FindStringSubmatch(uri); m != nil {
		n.say("It is another API Gateway, API %s, with request ids and logs of its own.", m[1])
	}
	method := cmp.Or(i.text("httpMethod"), i.text("integrationMethod"))
	if strings.Contains(uri, ":lambda:path/") && method != "" && method != "POST" {
		n.add(signature.Candidate{Cause: "integration-error", Why: "the integration calls the function by " + method + ", and Lambda is invoked by POST alone: every request answers 500 and the log speaks of permissions", TellsApart: "aws apigateway get-integration: httpMethod must be POST, whatever the method of the route; then deploy."})
	}
}

// integrationAlone is an integration without its route.
func integrationAlone(o object) Notice {
	n := Notice{Subject: strings.TrimSpace("integration " + o.text("integrationId"))}
	n.integration(o)
	return n
}

// authorizerOf says whom an authorizer asks and how long it keeps the result.
func authorizerOf(o object) Notice {
	n := Notice{Subject: "authorizer " + o.text("name")}
	n.say("It is of type %s.", cmp.Or(o.text("authorizerType"), o.text("type")))
	if source := o.text("identitySource"); source != "" {
		n.say("It looks for the caller's identity in %s: a request without it is refused with 401, and no function is called.", source)
	} else if list, _ := o.get("identitySource").([]any); len(list) > 0 {
		n.say("It looks for the caller's identity in %v.", list)
	}
	if ttl := o.number("authorizerResultTtlInSeconds"); ttl > 0 {
		n.say("It keeps its results for %v s: a policy that names only the method that was called decides the others, too, until then (stageprobe explain authorizer-cache).", ttl)
	}
	return n
}

// resource is a notice for each method of a resource, as "get-resources --embed methods"
// tells them; without that their names alone are known.
func resource(o object) []Notice {
	methods := o.object("resourceMethods")
	names := names(methods)
	var out []Notice
	for _, name := range names {
		if m := methods.object(name); len(m) > 0 {
			n := methodOf(m)
			n.Subject = "method " + name + " " + o.text("path")
			out = append(out, n)
		}
	}
	if out == nil {
		n := Notice{Subject: "resource " + o.text("path")}
		if len(names) == 0 {
			n.say("It has no method of its own.")
		} else {
			n.say("Its methods: %s. What they ask for and call is told by aws apigateway get-resources --embed methods.", strings.Join(names, ", "))
		}
		out = []Notice{n}
	}
	return out
}

func routeOf(o object) Notice {
	n := Notice{Subject: "route " + o.text("routeKey")}
	n.say("Its authorization is %s.", cmp.Or(o.text("authorizationType"), "NONE"))
	if o.text("target") == "" {
		n.add(signature.Candidate{Cause: "integration-error", Why: "the route has no integration: it answers 500", TellsApart: "aws apigatewayv2 get-route: target."})
	} else {
		n.say("It calls %s.", o.text("target"))
	}
	return n
}
