package remedy

import (
	"fmt"
	"strings"

	"stageprobe/probe"
)

// Advice without a command: what a person looks at or changes elsewhere.
var (
	WatchStream = Remedy{Text: "see after how many bytes and seconds an answer ends (curl -sN), and look at the integration's own logs at the times of these requests; let a stream that pauses write something in between"}

	AddressInApplication = Remedy{Text: "compare what the application does with the Host header, the base path and the stage in the path of the two addresses; if the difference is meant, name it with --ignore or ignore: in the scenario file"}
	BeganToRefuse        = Remedy{Text: "look whether a rate rule of the WAF, an authorizer or a policy began to refuse then: the probe's own requests may have tripped a rate rule (--rate)"}
	BehindLogs           = Remedy{Text: "look at the integration's URI: the gateway that refuses or fails stands behind it; its own logs hold the second id, and its resource policy, authorizer, API key, path or integration is what to mend"}
	CorrectPath          = Remedy{Text: "correct the path of the scenario, or add the route and deploy it"}
	ExistingStage        = Remedy{Text: "use the URL of a stage that exists"}
	FromWithin           = Remedy{Text: "the API is private: probe it from a VPC with an endpoint for execute-api, and see whether the API's resource policy lets that endpoint in"}
	IntegrationLogs      = Remedy{Text: "look at the integration's own logs at the times of these requests"}
	LetPreflightPass     = Remedy{Text: "let preflights pass: give the path an OPTIONS method with authorization NONE and no API key, or configure CORS, and deploy. A browser sends no credentials with a preflight, so that no client can mend it"}
	MapBasePath          = Remedy{Text: "map the base path of the domain to the stage that it is meant to serve"}
	SeeThatItStays       = Remedy{Text: "nothing is left to mend if the new behaviour is the wanted one: run the check again, or stageprobe wait, to see that it stays"}
	Slower               = Remedy{Text: "probe more slowly (--rate), or raise the limit if clients need more"}
	TrustedCertificate   = Remedy{Text: "probe with a certificate that the domain's truststore holds (--cert, --key)"}
	CompareAddresses     = Remedy{Text: "compare what the addresses lead to: DNS records of the name (weighted, latency or stale ones), certificates, and the API id in the access logs of either"}
	CompareRequests      = Remedy{Text: "compare two of the requests that the evidence names in the integration's logs: the same deployment answered both"}
	CoverRoutes          = Remedy{Text: "let the authorizer's policy cover every route that the token may call, or set the TTL of its results to 0"}
	FailingBackend       = Remedy{Text: "look at the integration's own logs at the times of the requests that failed; no API Gateway setting mends a backend that fails"}
	PromoteOrRemove      = Remedy{Text: "promote the canary or remove it from the stage"}
	OneVersion           = Remedy{Text: "bring all instances behind the integration to one version"}
	TrippedRule          = Remedy{Text: "look whether a rate rule of the WAF, an authorizer or a policy refused then: the probe's own requests may have tripped a rate rule (--rate)"}
)

// Intend declares that stages are meant to differ in settings.
func Intend(settings []string, stages ...string) Remedy {
	var list []string
	for _, s := range settings {
		list = append(list, fmt.Sprintf("{stages: [%s], setting: %s}", strings.Join(stages, ", "), s))
	}
	return Remedy{Text: "if the stages are meant to differ in this, declare it in the scenario file: intended: [" + strings.Join(list, ", ") + "]"}
}

// WholeAlias gives all of an alias ("function:alias") to its main version.
func WholeAlias(region, of string) Remedy {
	function, alias, _ := strings.Cut(of, ":")
	return Remedy{
		Text:    "give the whole alias to one version",
		Command: command(region, "lambda", "update-alias", "--function-name", function, "--name", alias, "--routing-config", "{}"),
		Changes: "the alias calls only its main version", Leaves: "API Gateway's configuration and the function's versions",
		Undo:    "update-alias with the earlier routing configuration (aws lambda get-alias shows it: note it before)",
		Warning: "affects every caller of the alias",
	}
}

// GatewayFailure is what to check where the gateway itself answers with a failure.
func GatewayFailure(status int) Remedy {
	switch status {
	case 504:
		return Remedy{Text: "look whether the integration answers within its timeout (29 s by default for REST APIs, at most 30 s for HTTP APIs), and whether it can be reached from API Gateway (VPC link, security groups)"}
	case 502:
		return Remedy{Text: "look at the form of the integration's answer (statusCode, headers and a body that is a string, of a Lambda proxy) and, of an HTTP backend, at its certificate"}
	case 500:
		return Remedy{Text: "look whether API Gateway may call the integration (the function's resource policy, the integration's role), whether its stage variables are set, and at the execution log's last line"}
	}
	return Remedy{Text: "look at the integration, and at the execution log's last line"}
}

// admissions are what lets a request in, by the gateway response that refuses it.
var admissions = map[string]string{
	"UNAUTHORIZED":                 "send the token that the authorizer asks for (--bearer env:NAME, or -H)",
	"INVALID_API_KEY":              "send an API key whose usage plan holds this stage (--api-key env:NAME)",
	"WAF_FILTERED":                 "look up the blocking rule in the web ACL's sampled requests",
	"resource policy":              "let the caller in by the API's resource policy (address, VPC, principal), and deploy it: a policy that was edited has no effect before; if the refusal is meant, declare it in the scenario file (expect: status)",
	"WAF asks":                     "let the rule count, or scope it down so that clients of the API are not asked (aws wafv2 get-web-acl), or send the aws-waf-token that a browser got",
	"MISSING_AUTHENTICATION_TOKEN": "sign the request (--sigv4)",
	"INVALID_SIGNATURE":            "sign for the right region, service (execute-api) and host",
	"EXPIRED_TOKEN":                "renew the credentials that sign the request",
}

// Admit is what lets a request in that a gateway response refuses, and whether that is
// known of the type.
func Admit(response string) (Remedy, bool) {
	if text, ok := admissions[response]; ok {
		return Remedy{Text: text}, true
	}
	return Remedy{Text: "send what the refusing part asks for, or correct its policy; if the refusal is meant, declare it in the scenario file (expect: status)"}, false
}

// LeadsThere is what to look at where a domain's configuration leads to the stage meant
// already.
func LeadsThere(domain, stage string) Remedy {
	return Remedy{Text: fmt.Sprintf("the configuration of %s leads to stage %s already: compare what its addresses lead to (DNS records of the name, another account's or region's domain of that name, a proxy before it), and look again once a recent change of the mapping has had its minutes", domain, stage)}
}

// UseStage is to use another stage's URL; api is nil where it was not read.
func UseStage(region string, api *probe.API, to probe.StageRef) Remedy {
	text := fmt.Sprintf("use the URL of stage %s of API %s", to.Stage, to.APIID)
	if api != nil {
		text += ": " + invokeURL(region, api, to.Stage)
	}
	return Remedy{Text: text}
}

// UseDomain is to use a domain that leads to a stage.
func UseDomain(url, stage string) Remedy {
	return Remedy{Text: fmt.Sprintf("Use %s, which leads to stage %s.", url, stage)}
}

// UseRoute is to use the URL of a stage that has a route.
func UseRoute(stage, route, url string) Remedy {
	return Remedy{Text: fmt.Sprintf("Stage %s has the route %s: use %s.", stage, route, url)}
}
