package inventory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/diff"
	"stageprobe/probe"
	"stageprobe/probe/inventory"
)

const routes = 300

// read reads a gateway whose editor may have been edited after prod was
// deployed.
func read(t *testing.T, editor, deployed *spec) *probe.API {
	t.Helper()
	g := &gateway{editor: editor, deployed: deployed, stages: arr{obj{"stageName": "prod", "deploymentId": "dep001", "variables": obj{"backend": "b.example.com"}}}}
	snap, err := g.start(t).Read(t.Context(), inventory.Selection{APIs: []string{"abc123"}, Depth: inventory.Full})
	if err != nil {
		t.Fatal(err)
	}
	if len(snap.Gaps) > 0 || len(snap.APIs) != 1 {
		t.Fatalf("%d APIs, gaps %+v", len(snap.APIs), snap.Gaps)
	}
	return &snap.APIs[0]
}

func TestUnchangedAPIHasNoDifference(t *testing.T) {
	api := read(t, bigAPI(routes), bigAPI(routes))
	if n := len(api.Editor.Routes); n != routes {
		t.Fatalf("editor has %d routes", n)
	}
	diffs, uncompared := diff.Undeployed(api, api.Stage("prod"))
	for _, d := range diffs[:min(5, len(diffs))] {
		t.Errorf("%s %s\n editor %s\n  stage %s", d.Subject, d.Aspect, d.A, d.B)
	}
	if len(uncompared) > 0 {
		t.Errorf("not compared: %q", uncompared)
	}
}

// The routes that edits change, by the sort that someRoute makes of them.
const (
	httpProxy = "GET /group00/item000"
	lambda    = "POST /group00/item001"
	viaLink   = "GET /group00/item002/{id}"
	preflight = "OPTIONS /group00/item003"
	greedy    = "ANY /group00/item004/{proxy+}"
	queue     = "PUT /group00/item005"
)

// edits are single edits, each with the difference that must be found: its
// subject and aspect, and what a probe sees before and after a deployment.
var edits = []struct {
	name            string
	edit            func(*spec)
	subject, aspect string
	before, after   string // substrings
}{
	{"route added", func(s *spec) { _, r := someRoute(0); s.routes["GET /new"] = r }, "GET /new", "added", "Missing Authentication Token", "answered by HTTP_PROXY https://b.example.com/"},
	{"route added below a greedy one", func(s *spec) { _, r := someRoute(1); s.routes["POST /group00/item004/a/b"] = r }, "POST /group00/item004/a/b", "added", "answered by route " + greedy, "AWS_PROXY"},
	{"route removed", func(s *spec) { delete(s.routes, httpProxy) }, httpProxy, "removed", "answered by HTTP_PROXY", "Missing Authentication Token"},
	{"IAM required", func(s *spec) { s.routes[httpProxy].auth = "AWS_IAM" }, httpProxy, "authorization", "answered without credentials", "without a signature"},
	{"IAM dropped", func(s *spec) { s.routes[greedy].auth = "NONE" }, greedy, "authorization", "without a signature", "without credentials"},
	{"another authorizer", func(s *spec) { s.routes[lambda].authorizer = "requests" }, lambda, "authorizer", "tokens decides", "requests decides"},
	{"scope added", func(s *spec) { s.routes[viaLink].scopes = []string{"orders/read"} }, viaLink, "scopes", "orders/read,orders/write", "orders/read"},
	{"API key required", func(s *spec) { s.routes[httpProxy].key = true }, httpProxy, "api_key_required", "without an API key", "Forbidden"},
	{"API key dropped", func(s *spec) { s.routes[greedy].key = false }, greedy, "api_key_required", "Forbidden", "answered without an API key"},
	{"validator added", func(s *spec) { s.routes[viaLink].validator = "val3" }, viaLink, "validator", "unchecked", "Missing required"},
	{"validator dropped", func(s *spec) { s.routes[queue].validator = "" }, queue, "validator", "Invalid request body", "unchecked"},
	{"parameter required", func(s *spec) { s.routes[httpProxy].params["method.request.querystring.limit"] = true }, httpProxy, "parameters.query.limit", "not asked for", "400 without query.limit"},
	{"parameter added", func(s *spec) { s.routes[httpProxy].params["method.request.querystring.page"] = true }, httpProxy, "parameters.query.page", "not asked for", "400 without"},
	{"header no longer asked for", func(s *spec) { delete(s.routes[httpProxy].params, "method.request.header.X-Tenant") }, httpProxy, "parameters.header.X-Tenant", "400 without", "not asked for"},
	{"request model", func(s *spec) { s.routes[lambda].models["application/json"] = "Line" }, lambda, "request_models.application/json", "model Order", "model Line"},
	{"request model for another type", func(s *spec) { s.routes[lambda].models["text/csv"] = "Empty" }, lambda, "request_models.text/csv", "not validated", "Empty"},
	{"method response added", func(s *spec) { s.routes[lambda].responses["409"] = obj{"statusCode": "409"} }, lambda, "responses.409", "do not show", "do not show"},
	{"method response of a mapped route", func(s *spec) { s.routes[viaLink].responses["409"] = obj{"statusCode": "409"} }, viaLink, "responses.409", "500 where", "declared"},
	{"method response header", func(s *spec) {
		s.routes[preflight].responses["200"]["responseParameters"].(obj)["method.response.header.Access-Control-Max-Age"] = false
	}, preflight, "responses.200", "", ""},
	{"response model", func(s *spec) { s.routes[lambda].responses["400"]["responseModels"] = obj{"application/json": "Empty"} }, lambda, "responses.400", "", ""},
	{"operation name", func(s *spec) { s.routes[lambda].operation = "renamed" }, lambda, "operation_name", "do not show", "do not show"},
	{"integration type", func(s *spec) { s.routes[httpProxy].integration["type"] = "HTTP" }, httpProxy, "integration.type", "HTTP_PROXY", "HTTP "},
	{"integration URI", func(s *spec) { s.routes[httpProxy].integration["uri"] = "https://${stageVariables.backend}/v2" }, httpProxy, "integration.uri", "https://b.example.com/group00", "https://b.example.com/v2"},
	{"URI through a variable of the same value", func(s *spec) { s.routes[httpProxy].integration["uri"] = "https://b.example.com/group00/item000" }, httpProxy, "integration.uri", "do not show", "do not show"},
	{"integration method", func(s *spec) { s.routes[viaLink].integration["httpMethod"] = "POST" }, viaLink, "integration.method", "GET", "POST"},
	{"integration role", func(s *spec) { s.routes[queue].integration["credentials"] = "arn:aws:iam::123456789012:role/other" }, queue, "integration.credentials", "role/queue", "role/other"},
	{"out of the VPC", func(s *spec) { s.routes[viaLink].integration["connectionType"] = "INTERNET" }, viaLink, "integration.connection_type", "VPC_LINK", "the internet"},
	{"another VPC link", func(s *spec) { s.routes[viaLink].integration["connectionId"] = "vpclink2" }, viaLink, "integration.connection_id", "link", "vpclink2"},
	{"shorter timeout", func(s *spec) { s.routes[lambda].integration["timeoutInMillis"] = 3000 }, lambda, "integration.timeout_ms", "29000", "3000"},
	{"passthrough", func(s *spec) { s.routes[queue].integration["passthroughBehavior"] = "WHEN_NO_TEMPLATES" }, queue, "integration.passthrough", "NEVER", "WHEN_NO_TEMPLATES"},
	{"content handling", func(s *spec) { delete(s.routes[lambda].integration, "contentHandling") }, lambda, "integration.content_handling", "CONVERT_TO_TEXT", "as they are"},
	{"certificate verified", func(s *spec) { delete(s.routes[greedy].integration, "tlsConfig") }, greedy, "integration.tls_insecure", "not verified", "is verified"},
	{"answers streamed", func(s *spec) { s.routes[lambda].integration["responseTransferMode"] = "STREAM" }, lambda, "integration.transfer_mode", "buffered", "streamed"},
	{"cache key", func(s *spec) {
		s.routes[viaLink].integration["cacheKeyParameters"] = arr{"method.request.path.id", "method.request.header.Accept"}
	}, viaLink, "integration.cache_key_parameters", "path.id", "header.Accept"},
	{"parameter mapping", func(s *spec) {
		s.routes[queue].integration["requestParameters"].(obj)["integration.request.header.X"] = "'1'"
	}, queue, "integration.request_parameters.integration.request.header.X", "gets no header.X", "from '1'"},
	{"request template", func(s *spec) {
		s.routes[preflight].integration["requestTemplates"] = obj{"application/json": `{"statusCode": 204}`}
	}, preflight, "integration.request_templates.application/json", "200", "204"},
	{"template for another type", func(s *spec) { s.routes[queue].integration["requestTemplates"].(obj)["text/csv"] = nil }, queue, "integration.request_templates.text/csv", "no template", "passed through"},
	{"response mapping", func(s *spec) {
		s.routes[viaLink].integration["integrationResponses"].(obj)["404"].(obj)["selectionPattern"] = "404"
	}, viaLink, "integration.responses.404", "no response of their own", "gone"},
	{"CORS origin", func(s *spec) {
		s.routes[preflight].integration["integrationResponses"].(obj)["200"].(obj)["responseParameters"].(obj)["method.response.header.Access-Control-Allow-Origin"] = "'https://example.com'"
	}, preflight, "integration.responses.default", "'*'", "example.com"},
	{"authorizer function", func(s *spec) { s.authorizers["tokens"]["authorizerUri"] = function + "auth2/invocations" }, "authorizer tokens", "uri", "auth/", "auth2/"},
	{"identity source", func(s *spec) { s.authorizers["tokens"]["identitySource"] = "method.request.header.X-Token" }, "authorizer tokens", "identity_source", "header.Authorization", "header.X-Token"},
	{"token form", func(s *spec) { s.authorizers["tokens"]["identityValidationExpression"] = "^Bearer .+" }, "authorizer tokens", "validation", "any form", "^Bearer"},
	{"authorizer cache", func(s *spec) { s.authorizers["tokens"]["authorizerResultTtlInSeconds"] = 0 }, "authorizer tokens", "ttl", "300 s", "afresh"},
	{"user pool", func(s *spec) {
		s.authorizers["people"]["providerARNs"] = arr{"arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_c"}
	}, "authorizer people", "providers", "eu-west-1_a", "eu-west-1_c"},
	{"authorizer role", func(s *spec) { delete(s.authorizers["requests"], "authorizerCredentials") }, "authorizer requests", "credentials", "role/auth", "own permission"},
	{"model", func(s *spec) { s.models["Line"] = `{"type":"object","required":["sku"]}` }, "model Line", "schema", "minimum", "required"},
	{"gateway response added", func(s *spec) { s.responses["THROTTLED"] = obj{"statusCode": "503"} }, "gateway response THROTTLED", "added", "default form", "status 503"},
	{"gateway response removed", func(s *spec) { delete(s.responses, "UNAUTHORIZED") }, "gateway response UNAUTHORIZED", "removed", "who are you", "default form"},
	{"gateway response status", func(s *spec) { s.responses["UNAUTHORIZED"]["statusCode"] = "403" }, "gateway response UNAUTHORIZED", "status", "as by default", "403"},
	{"gateway response header", func(s *spec) {
		s.responses["DEFAULT_4XX"]["responseParameters"] = obj{"gatewayresponse.header.Access-Control-Allow-Origin": "'https://example.com'"}
	}, "gateway response DEFAULT_4XX", "parameters.gatewayresponse.header.Access-Control-Allow-Origin", "'*'", "example.com"},
	{"gateway response body", func(s *spec) { s.responses["UNAUTHORIZED"]["responseTemplates"] = obj{"application/json": `{}`} }, "gateway response UNAUTHORIZED", "templates.application/json", "who are you", "{}"},
	{"resource policy", func(s *spec) { s.policy["Statement"].(arr)[0].(obj)["Effect"] = "Deny" }, "resource policy", "policy", "Allow", "Deny"},
	{"resource policy dropped", func(s *spec) { s.policy = nil }, "resource policy", "policy", "policy denies", "refuses anyone"},
	{"binary type", func(s *spec) { s.binary = append(s.binary, "*/*") }, "binary media types", "binary_types", "image/png", "*/*"},
	{"API key source", func(s *spec) { s.keySource = "AUTHORIZER" }, "API key source", "api_key_source", "x-api-key", "authorizer"},
}

func TestEverySingleEditIsFoundAndDescribed(t *testing.T) {
	for _, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			edited := bigAPI(12)
			e.edit(edited)
			api := read(t, edited, bigAPI(12))
			diffs, uncompared := diff.Undeployed(api, api.Stage("prod"))
			if len(uncompared) > 0 {
				t.Errorf("not compared: %q", uncompared)
			}
			i := slices.IndexFunc(diffs, func(d diff.Difference) bool { return d.Subject == e.subject && d.Aspect == e.aspect })
			if i < 0 {
				t.Fatalf("not found among %s", list(diffs))
			}
			if d := diffs[i]; !strings.Contains(d.Before, e.before) || !strings.Contains(d.After, e.after) {
				t.Errorf("before %q, after %q", d.Before, d.After)
			}
			for _, d := range diffs {
				if d.Subject != e.subject {
					t.Errorf("found besides: %s", list([]diff.Difference{d}))
				}
			}
		})
	}
}

func list(diffs []diff.Difference) string {
	var b strings.Builder
	for _, d := range diffs {
		fmt.Fprintf(&b, "\n  %s %s: %s | %s", d.Subject, d.Aspect, d.A, d.B)
	}
	return b.String()
}
