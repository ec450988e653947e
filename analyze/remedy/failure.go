package remedy

import (
	"cmp"
	"regexp"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// Place is where a failure was logged, as far as it is known. What is not known
// stands in a command in capitals, such as FUNCTION.
type Place struct {
	Region    string
	Partition string // "" is aws
	AccountID string
	APIID     string
	APIKind   probe.APIKind
	Stage     string
	Method    string // GET
	Resource  string // the route's path, such as /orders/{id}
	Several   bool   // other routes fail in the same way, and call the same function

	ResourceID   string // of a REST API, for its integration
	Function     string // name or ARN of the function, with its alias
	AuthorizerID string
	UsagePlan    string
}

// functionARN is the function that an integration's URI or a failure line names.
var functionARN = regexp.MustCompile(`arn:(aws[a-z-]*):lambda:([a-z0-9-]+):([0-9]{12}):function:[A-Za-z0-9_-]+(?::[A-Za-z0-9_$-]+)?`)

// PlaceOf is the place of a logged request. The caller adds what the
// configuration tells.
func PlaceOf(rec *probe.LogRecord) Place {
	p := Place{APIID: rec.APIID, APIKind: rec.APIKind, Stage: rec.Stage, Method: rec.Method, AuthorizerID: rec.AuthorizerID}
	if method, path, ok := strings.Cut(rec.Template, " "); ok {
		p.Method, p.Resource = cmp.Or(p.Method, method), path
	} else if rec.Source == probe.ExecutionLog {
		p.Resource = rec.Path
	}
	p.Integration(rec.IntegrationURI)
	return p
}

// Integration adds what the URI of an integration tells: the function with its
// alias, and with it region and account.
func (p *Place) Integration(uri string) {
	if m := functionARN.FindStringSubmatch(uri); m != nil {
		p.Function = cmp.Or(p.Function, m[0])
		p.Partition, p.Region, p.AccountID = cmp.Or(p.Partition, m[1]), cmp.Or(p.Region, m[2]), cmp.Or(p.AccountID, m[3])
	}
}

// Failure mends what a failure line of the logs names. It returns none for a
// failure that no command mends, such as a function that threw.
func Failure(f *failure.Failure, p Place) []Remedy {
	p.Integration(f.Line)
	if f.Limit != nil {
		p.UsagePlan = cmp.Or(p.UsagePlan, f.Limit.UsagePlan)
		p.APIID, p.Stage = cmp.Or(p.APIID, f.Limit.APIID), cmp.Or(p.Stage, f.Limit.Stage)
		p.Method, p.ResourceID = cmp.Or(p.Method, f.Limit.Method), cmp.Or(p.ResourceID, f.Limit.ResourceID)
	}
	if write := ofCandidate[f.Candidate]; write != nil {
		return p.named(write(f, p))
	}
	return nil
}

// named puts a look-up by the path in the place of a resource's id that is not known.
func (p Place) named(list []Remedy) []Remedy {
	if p.ResourceID != "" || p.APIID == "" || !strings.HasPrefix(p.Resource, "/") || strings.ContainsAny(p.Resource, "'\"`$\\") {
		return list
	}
	lookup := `"$(aws apigateway get-resources --rest-api-id ` + p.APIID + ` --query "items[?path=='` + p.Resource + `'].id | [0]" --output text`
	if p.Region != "" {
		lookup += " --region " + p.Region
	}
	for i := range list {
		list[i].Command = strings.ReplaceAll(list[i].Command, "RESOURCE_ID", lookup+`)"`)
		list[i].Undo = strings.ReplaceAll(list[i].Undo, "RESOURCE_ID", lookup+`)"`)
	}
	return list
}

// OpenPreflight lets preflights pass that the method OPTIONS of a path refuses: none of
// them carries credentials.
func OpenPreflight(p Place, route *probe.Route) []Remedy {
	if p.Method != "OPTIONS" { // ANY or $default, which ask the same of every method
		how := "add a method OPTIONS to " + p.Resource + " which asks for no credentials, such as a mock that answers with the CORS headers (console: Enable CORS), and deploy"
		if p.APIKind == probe.HTTP {
			how = "give the API a CORS configuration (aws apigatewayv2 update-api --cors-configuration): it then answers preflights by itself"
		}
		return []Remedy{{Text: p.Method + " guards OPTIONS as well, and browsers send preflights without credentials: " + how}}
	}
	const text = "let preflights pass, which browsers send without credentials: ask for none at OPTIONS"
	if p.APIKind == probe.HTTP {
		lookup := `"$(aws apigatewayv2 get-routes --api-id ` + p.APIID + ` --query "Items[?RouteKey=='OPTIONS ` + p.Resource + `'].RouteId | [0]" --output text --region ` + p.Region + `)"`
		return []Remedy{{
			Text:    text,
			Command: strings.Replace(command(p.Region, "apigatewayv2", "update-route", "--api-id", p.APIID, "--route-id", "ROUTE_ID", "--authorization-type", "NONE"), "ROUTE_ID", lookup, 1),
			Changes: "the route OPTIONS " + p.Resource + "; where the stage does not deploy by itself, in the editor", Leaves: "all other routes",
		}}
	}
	var patches, back []patch
	if route.APIKeyRequired {
		patches, back = append(patches, replace("/apiKeyRequired", "false")), append(back, replace("/apiKeyRequired", "true"))
	}
	if route.Authorization != "" && route.Authorization != "NONE" {
		patches = append(patches, replace("/authorizationType", "NONE"))
	}
	if len(patches) == 0 {
		return nil
	}
	edit := Remedy{
		Text:    text,
		Command: command(p.Region, append(p.integrationWords("update-method"), patchWords(patches)...)...),
		Changes: "the method OPTIONS of the path, in the editor", Leaves: "all other methods",
	}
	if len(back) == len(patches) {
		edit.Undo = command(p.Region, append(p.integrationWords("update-method"), patchWords(back)...)...)
	}
	return p.named(then(edit, p.deployed()))
}

// ofCandidate are the remedies by the name of a cause.
var ofCandidate = map[string]func(*failure.Failure, Place) []Remedy{
	"lambda-permission-missing": func(f *failure.Failure, p Place) []Remedy {
		if f.Kind == failure.Authorizer {
			return allowAuthorizer(p)
		}
		return allowInvoke(p, p.routeARN())
	},
	"authorizer-not-invocable": func(_ *failure.Failure, p Place) []Remedy { return allowAuthorizer(p) },
	"authorizer-bad-output":    func(_ *failure.Failure, p Place) []Remedy { return flushAuthorizer(p) },
	"role-not-assumable":       trustGateway,
	"lambda-method-not-post":   postToLambda,
	"request-template":         mockTemplate,
	"mapping-error":            outputMapping,
	"lambda-throttled":         look("see whether the function has a reserved concurrency, and raise or remove it", lambdaCall("get-function-concurrency")),
	"lambda-function-timeout":  look("see the function's own timeout, and raise it as far as the integration waits", lambdaCall("get-function-configuration", "--query", "Timeout")),
	"integration-timeout":      look("see how long the integration waits; it can be raised over 29 s for regional and private REST APIs with a quota of the account", Place.getIntegration),
	"integration-endpoint":     look("see the integration's URI, and the stage variables in it", Place.getIntegration),
	"stage-variable-unset":     setVariable,
	"vpc-link":                 look("see the status of the VPC link", Place.getVPCLinks),
	"integration-unreachable":  look("see where the integration leads", Place.getIntegration),
	"backend-certificate":      look("see the host name that the integration calls, and its tlsConfig", Place.getIntegration),
	"usage-plan-throttle":      raisePlan,
	"usage-plan-quota":         raiseQuota,
	"method-throttle":          raiseMethod,
	"account-throttle": look("see the account's limit in the region; it is raised through Service Quotas", func(p Place) string {
		return command(p.Region, "apigateway", "get-account", "--query", "throttleSettings")
	}),
	"api-key": look("see whether a usage plan holds the key and the stage", func(p Place) string {
		return command(p.Region, "apigateway", "get-usage-plans")
	}),
}

// look is a remedy that only shows what is to be mended.
func look(text string, write func(Place) string) func(*failure.Failure, Place) []Remedy {
	return func(_ *failure.Failure, p Place) []Remedy {
		return []Remedy{{Text: text, Command: write(p), Diagnoses: true}}
	}
}

func lambdaCall(operation string, words ...string) func(Place) string {
	return func(p Place) string {
		return command(p.Region, append([]string{"lambda", operation, "--function-name", cmp.Or(p.Function, "FUNCTION")}, words...)...)
	}
}

// allowInvoke lets the API call its function (Lambda guide, "Invoking a function
// with API Gateway": resource-based policy with the route's ARN). The change
// holds at once and takes no deployment.
func allowInvoke(p Place, source string) []Remedy {
	id := "stageprobe-" + cmp.Or(p.APIID, "API_ID")
	return []Remedy{{
		Text: "let the API invoke the function",
		Command: command(p.Region, "lambda", "add-permission", "--function-name", cmp.Or(p.Function, "FUNCTION"), "--statement-id", id,
			"--action", "lambda:InvokeFunction", "--principal", "apigateway.amazonaws.com", "--source-arn", source),
		Changes: "the policy of the function, or of the alias that the name ends in; it holds within seconds, without a deployment",
		Leaves:  "the API and its deployments",
		Undo:    command(p.Region, "lambda", "remove-permission", "--function-name", cmp.Or(p.Function, "FUNCTION"), "--statement-id", id),
	}}
}

// allowAuthorizer is allowInvoke for the function of an authorizer, whose name
// the integration's does not tell.
func allowAuthorizer(p Place) []Remedy {
	p.Function = "AUTHORIZER_FUNCTION"
	return allowInvoke(p, p.sourceARN("/authorizers/"+cmp.Or(p.AuthorizerID, "AUTHORIZER_ID")))
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// routeARN is the source ARN of the route at any stage. HTTP APIs leave the
// method open, as the console writes it.
func (p Place) routeARN() string {
	method, path := cmp.Or(p.Method, "*"), pathParameter.ReplaceAllString(p.Resource, "*")
	if p.APIKind == probe.HTTP || p.Method == "ANY" {
		method = "*"
	}
	if p.Several || path == "" || !strings.HasPrefix(path, "/") { // unknown, or $default
		method, path = "*", "/*"
	}
	return p.sourceARN("/*/" + method + path)
}

func (p Place) sourceARN(rest string) string {
	return "arn:" + cmp.Or(p.Partition, "aws") + ":execute-api:" + cmp.Or(p.Region, "REGION") + ":" + cmp.Or(p.AccountID, "ACCOUNT_ID") + ":" + cmp.Or(p.APIID, "API_ID") + rest
}

func (p Place) stageWords(service, operation string, words ...string) []string {
	return append([]string{service, operation, "--rest-api-id", cmp.Or(p.APIID, "API_ID"), "--stage-name", cmp.Or(p.Stage, "STAGE")}, words...)
}

func flushAuthorizer(p Place) []Remedy {
	if p.APIKind == probe.HTTP {
		return []Remedy{{
			Text:    "after the function is mended, reset the authorizer cache of the stage",
			Command: command(p.Region, "apigatewayv2", "reset-authorizers-cache", "--api-id", cmp.Or(p.APIID, "API_ID"), "--stage-name", cmp.Or(p.Stage, "STAGE")),
			Changes: "kept results of all authorizers of the stage are forgotten", Warning: "every caller's next request calls the authorizer's function",
		}}
	}
	return []Remedy{{
		Text:    "after the function is mended, flush what the authorizer cache of the stage keeps",
		Command: command(p.Region, p.stageWords("apigateway", "flush-stage-authorizers-cache")...),
		Changes: "kept results of all authorizers of the stage are forgotten", Warning: "every caller's next request calls the authorizer's function",
	}}
}

var roleARN = regexp.MustCompile(`arn:aws[a-z-]*:iam::[0-9]+:role/(?:[^\s/"]+/)*([^\s/"]+)`)

func trustGateway(f *failure.Failure, p Place) []Remedy {
	role := "ROLE"
	if m := roleARN.FindStringSubmatch(f.Line); m != nil {
		role = m[1]
	}
	return []Remedy{
		{Text: "see whom the role trusts", Command: command("", "iam", "get-role", "--role-name", role, "--query", "Role.AssumeRolePolicyDocument"), Diagnoses: true},
		{
			Text: "let API Gateway assume the role",
			Command: command("", "iam", "update-assume-role-policy", "--role-name", role, "--policy-document",
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
			Changes: "the whole trust policy of the role: whoever else is to assume it must be added", Then: true,
		},
	}
}

func (p Place) integrationWords(operation string, words ...string) []string {
	return append([]string{"apigateway", operation, "--rest-api-id", cmp.Or(p.APIID, "API_ID"), "--resource-id", cmp.Or(p.ResourceID, "RESOURCE_ID"), "--http-method", cmp.Or(p.Method, "METHOD")}, words...)
}

func (p Place) getIntegration() string {
	if p.APIKind == probe.HTTP {
		return command(p.Region, "apigatewayv2", "get-integrations", "--api-id", cmp.Or(p.APIID, "API_ID"))
	}
	return command(p.Region, p.integrationWords("get-integration")...)
}

func (p Place) getVPCLinks() string {
	if p.APIKind == probe.HTTP {
		return command(p.Region, "apigatewayv2", "get-vpc-links")
	}
	return command(p.Region, "apigateway", "get-vpc-links", "--query", "items[].[id,name,status,statusMessage]")
}

// deployed is the second step of an edit of a REST API's definition.
func (p Place) deployed() Remedy {
	return Remedy{
		Text:    "deploy the edit to the stage",
		Command: command(p.Region, "apigateway", "create-deployment", "--rest-api-id", cmp.Or(p.APIID, "API_ID"), "--stage-name", cmp.Or(p.Stage, "STAGE")),
		Changes: "all that was edited since the stage's deployment goes live with it", Warning: allTraffic("stage " + cmp.Or(p.Stage, "STAGE")),
	}
}

func postToLambda(_ *failure.Failure, p Place) []Remedy {
	return then(Remedy{
		Text:    "invoke the function by POST",
		Command: command(p.Region, append(p.integrationWords("update-integration"), patchWords([]patch{replace("/httpMethod", "POST")})...)...),
		Changes: "the integration of the method, in the editor",
	}, p.deployed())
}

func mockTemplate(_ *failure.Failure, p Place) []Remedy {
	return then(Remedy{
		Text: "give the mock a request template that yields a status code",
		Command: command(p.Region, append(p.integrationWords("update-integration"),
			patchWords([]patch{{Op: "add", Path: "/requestTemplates/application~1json", Value: `{"statusCode": 200}`}})...)...),
		Changes: "the integration of the method, in the editor; an existing template for application/json is replaced",
	}, p.deployed())
}

// declaredStatus is the status at the end of "Output mapping refers to an invalid
// method response: 200".
var declaredStatus = regexp.MustCompile(`invalid method response: ?([1-5][0-9][0-9])`)

func outputMapping(f *failure.Failure, p Place) []Remedy {
	if m := declaredStatus.FindStringSubmatch(f.Line); m != nil {
		return then(Remedy{
			Text:    "declare the status on the method",
			Command: command(p.Region, append(p.integrationWords("put-method-response"), "--status-code", m[1])...),
			Changes: "the method's responses, in the editor",
		}, p.deployed())
	}
	if strings.Contains(strings.ToLower(f.Line), "no match for output mapping") {
		return then(Remedy{
			Text:    "add an integration response without a pattern, which is the default",
			Command: command(p.Region, append(p.integrationWords("put-integration-response"), "--status-code", "200", "--selection-pattern", "")...),
			Changes: "the integration's responses, in the editor; what fits no pattern then answers 200",
		}, p.deployed())
	}
	return []Remedy{{Text: "see the integration's templates and parameters", Command: p.getIntegration(), Diagnoses: true}}
}

// Inside mends an integration whose failures reach the caller inside a success, by the
// candidate that failure.InBody names.
func Inside(f *failure.Failure, p Place) []Remedy {
	text := map[string]string{
		"error-in-body": "Give the integration a response whose selection pattern fits the function's errors, such as .*[Ee]rror.*, with an error's status, or make it a proxy integration " +
			"(AWS_PROXY), whose function returns the status; then deploy. The function's own log says why it threw.",
		"inner-status": "Let the status reach the caller: a proxy integration (AWS_PROXY) takes the whole envelope apart, of statusCode, headers and body; where the integration is one already, " +
			"the function wraps its answer twice, or says the status in the body alone. Then deploy.",
		"base64-body": "Let the function set isBase64Encoded to true, and name the media type among the API's binaryMediaTypes; then deploy.",
	}[f.Candidate]
	return []Remedy{{Text: text}, {Text: "see what the integration is", Command: p.getIntegration(), Diagnoses: true}}
}

func setVariable(_ *failure.Failure, p Place) []Remedy {
	return []Remedy{
		{Text: "see the stage's variables", Command: command(p.Region, p.stageWords("apigateway", "get-stage", "--query", "variables")...), Diagnoses: true},
		{
			Text:    "set the variable that the integration's URI names",
			Command: command(p.Region, append(p.stageWords("apigateway", "update-stage"), patchWords([]patch{replace("/variables/NAME", "VALUE")})...)...),
			Changes: "the variable of the stage, without a deployment", Warning: allTraffic("stage " + cmp.Or(p.Stage, "STAGE")), Then: true,
		},
	}
}

// The limits that callers need are theirs to know: RATE and BURST stand for them.

func raisePlan(_ *failure.Failure, p Place) []Remedy {
	return []Remedy{{
		Text: "set the usage plan's rate and burst to what its callers need",
		Command: command(p.Region, append([]string{"apigateway", "update-usage-plan", "--usage-plan-id", cmp.Or(p.UsagePlan, "USAGE_PLAN_ID")},
			patchWords([]patch{replace("/throttle/rateLimit", "RATE"), replace("/throttle/burstLimit", "BURST")})...)...),
		Changes: "the limit of every key of the plan", Leaves: "the limits of the stage and the account",
	}}
}

func raiseQuota(_ *failure.Failure, p Place) []Remedy {
	return []Remedy{{
		Text: "set the usage plan's quota to what its callers need",
		Command: command(p.Region, append([]string{"apigateway", "update-usage-plan", "--usage-plan-id", cmp.Or(p.UsagePlan, "USAGE_PLAN_ID")},
			patchWords([]patch{replace("/quota/limit", "REQUESTS")})...)...),
		Changes: "the quota of every key of the plan",
	}}
}

func raiseMethod(_ *failure.Failure, p Place) []Remedy {
	setting := "/*/*/throttling/"
	if p.Resource != "" && p.Method != "" {
		setting = methodPath(p.Resource+"/"+p.Method) + "/throttling/"
	}
	if p.APIKind == probe.HTTP {
		return raiseRoute(p)
	}
	return []Remedy{
		{Text: "see the stage's limits", Command: command(p.Region, p.stageWords("apigateway", "get-stage", "--query", "methodSettings")...), Diagnoses: true},
		{
			Text:    "set the limit to what the callers need",
			Command: command(p.Region, append(p.stageWords("apigateway", "update-stage"), patchWords([]patch{replace(setting+"rateLimit", "RATE"), replace(setting+"burstLimit", "BURST")})...)...),
			Changes: "the stage's limit, without a deployment",
		},
	}
}

// raiseRoute is raiseMethod for an HTTP API, whose stage keeps its limits by
// route key.
func raiseRoute(p Place) []Remedy {
	stage := []string{"--api-id", cmp.Or(p.APIID, "API_ID"), "--stage-name", cmp.Or(p.Stage, "STAGE")}
	const limits = `{"ThrottlingRateLimit":RATE,"ThrottlingBurstLimit":BURST}`
	setting := []string{"--default-route-settings", limits}
	if p.Resource != "" && p.Method != "" {
		setting = []string{"--route-settings", `{"` + p.Method + " " + p.Resource + `":` + limits + "}"}
	}
	return []Remedy{
		{Text: "see the stage's limits", Command: command(p.Region, append(append([]string{"apigatewayv2", "get-stage"}, stage...), "--query", "[DefaultRouteSettings,RouteSettings]")...), Diagnoses: true},
		{
			Text:    "set the limit to what the callers need",
			Command: command(p.Region, append(append([]string{"apigatewayv2", "update-stage"}, stage...), setting...)...),
			Changes: "the stage's limit, without a deployment",
		},
	}
}
