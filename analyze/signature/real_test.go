package signature

import (
	"cmp"
	"strings"
	"testing"

	"stageprobe/probe"
	"stageprobe/scenarios/captures"
)

// answerOf is a captured answer as [Read] takes it.
func answerOf(c *captures.Capture) Answer {
	a := Answer{Status: c.Response.Status, BodyTruncated: c.BodyComplete != nil && !*c.BodyComplete}
	for _, h := range c.Response.Headers {
		a.Header = append(a.Header, probe.Header{Name: h[0], Value: h[1]})
	}
	if c.Response.Body != nil {
		a.Body = []byte(*c.Response.Body)
	}
	return a
}

// producers maps the captures' wording to the report's.
var producers = map[string]Producer{
	"gateway_routing": Gateway, "gateway_routing_or_iam": Gateway, "throttle": Gateway,
	"request_validation": Gateway, "resource_policy": Gateway, "mock_integration": Integration,
	"integration": Integration, "authorizer": Authorizer, "waf": Gateway, "edge": Edge,
}

// causesOf maps the captures' wording to names of candidates.
var causesOf = map[string]string{
	"unmatched route (or IAM method) called WITH an Authorization header":        "unmatched-route",
	"stage_prefix_missing (only stage is dev, no $default)":                      "stage-prefix-missing",
	"api_not_identified (Host lacked .cn suffix and x-apigw-api-id was missing)": "api-not-identified",
	"authorizer_not_invocable_or_bad_output":                                     "authorizer-not-invocable",
	"application_404":                                                            "application-error",
	"no_token":                                                                   "identity-source-missing",
}

// asked is what the source of a capture says of the request, where it says so.
var asked = map[string]struct{ url, method string }{
	"k1-500-permissions":                 {"https://k1k7gu3ct7.execute-api.us-east-1.amazonaws.com/test/lambda_handler", "GET"},
	"k1-502-function-error":              {"https://k1k7gu3ct7.execute-api.us-east-1.amazonaws.com/test/lambda_handler", "GET"},
	"k1-504-timeout":                     {"https://k1k7gu3ct7.execute-api.us-east-1.amazonaws.com/test/lambda_handler", "GET"},
	"edge-2017-404-renamed-mate":         {"https://o81lxisefl.execute-api.us-east-1.amazonaws.com/custErr/pets/5?q=1", "GET"},
	"http-api-2026-404-no-default-stage": {"https://anh066l1wf.execute-api.us-east-1.amazonaws.com/api/if/submit", "POST"},
	"cn-private-200":                     {"https://v944po9kjb.execute-api.cn-northwest-1.amazonaws.com.cn/dev/webpage-vpc-non-proxy", "GET"},
	"cn-private-403-no-api-id-header":    {"https://v944po9kjb.execute-api.cn-northwest-1.amazonaws.com.cn/dev/webpage-vpc-non-proxy", "GET"},
}

func TestReadGenuineCaptures(t *testing.T) {
	for _, c := range captures.All("http") {
		t.Run(c.Name, func(t *testing.T) {
			a := answerOf(&c)
			a.URL, a.Method = asked[c.Name].url, asked[c.Name].method
			checkReading(t, Read(a), c.Expected)
		})
	}
}

func checkReading(t *testing.T, r Reading, expected map[string]any) {
	t.Helper()
	got := map[string]string{
		"api_kind": string(r.APIKind), "endpoint_type": r.EndpointType, "partition": r.Partition,
		"error_type": r.ErrorType, "gateway_response_type": r.GatewayResponse,
		"request_id": r.RequestID, "extended_request_id": r.ExtendedID,
		"not_api_gateway": r.NotAPIGateway, "detail": r.Detail, "api_id": r.APIID, "stage": r.Stage, "http_method": r.Method,
		"resolved_method": r.Method, "resolved_path": r.ResourcePath,
	}
	for key, want := range expected {
		switch key {
		case "producer":
			if r.Producer != producers[want.(string)] {
				t.Errorf("producer: %q, want %q (%v)", r.Producer, producers[want.(string)], want)
			}
		case "cause":
			checkCause(t, r, want.(string))
		case "path":
			// Sources give the path as asked, or as the API knows it.
			if p := want.(string); r.ResourcePath != "" && !strings.HasSuffix(p, r.ResourcePath) {
				t.Errorf("path: %q, want the end of %q", r.ResourcePath, p)
			}
		case "account_suffix", "remapped": // not read
		default:
			if have, ok := got[key]; !ok || have != cmp.Or(want, any("")) {
				t.Errorf("%s: %q, want %q", key, have, want)
			}
		}
	}
	if expected["not_api_gateway"] == nil && r.NotAPIGateway != "" {
		t.Errorf("taken for %s", r.NotAPIGateway)
	}
}

func checkCause(t *testing.T, r Reading, want string) {
	t.Helper()
	name, ok := causesOf[want]
	if !ok {
		name = strings.ReplaceAll(want, "_", "-")
	}
	for i, c := range r.Candidates {
		if c.Cause == name {
			if i > 0 && name != "lambda-permission-missing" {
				t.Logf("%s is candidate %d", name, i+1)
			}
			return
		}
	}
	t.Errorf("cause %q is no candidate: %+v", name, r.Candidates)
}
