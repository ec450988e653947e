package dataplane

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"stageprobe/scenarios/sandbox/internal/gwlog"
	"stageprobe/scenarios/sandbox/internal/world"
)

// integration is what answers for a route.
type integration struct{ *exchange }

// serve answers from the stage's cache or the integration.
func (x integration) serve() *refusal {
	if (stageCache(x)).fromCache() {
		return nil
	}
	i := x.entry.route.Integration
	if i == nil {
		return &refusal{kind: "API_CONFIGURATION_ERROR", late: true, failure: gwlog.Configuration, detail: "No integration defined for method"}
	}
	if i.Type == "MOCK" {
		return x.mock(i)
	}
	f := x.integrate(i)
	if f == nil {
		stageCache(x).keep()
	}
	return f
}

// mock answers with the integration response of the status that the request
// template names.
func (x integration) mock(i *world.Integration) *refusal {
	var in struct{ StatusCode int }
	media, _, _ := strings.Cut(cmp.Or(x.r.Header.Get("Content-Type"), "application/json"), ";")
	if err := json.Unmarshal([]byte(i.RequestTemplates[media]), &in); err != nil || in.StatusCode == 0 {
		return &refusal{kind: "API_CONFIGURATION_ERROR", late: true, failure: gwlog.Configuration, detail: "Unable to parse statusCode. It should be an integer that is defined in the request template."}
	}
	status := strconv.Itoa(in.StatusCode)
	r := i.Responses[status]
	if r == nil {
		r, status = defaultResponse(i)
	}
	if r == nil {
		return &refusal{kind: "API_CONFIGURATION_ERROR", late: true, failure: gwlog.NoOutputMapping}
	}
	x.call.Integration = &gwlog.Integration{Type: "MOCK", Exchange: gwlog.Exchange{Status: statusOr(status, 200)}}
	x.out = x.mapResponse(r, status, reply{})
	return nil
}

func defaultResponse(i *world.Integration) (*world.IntegrationResponse, string) {
	for status, r := range i.Responses {
		if r.Pattern == "" {
			return r, status
		}
	}
	return nil, ""
}

// integrate calls the backend and turns its answer into the gateway's.
func (x integration) integrate(i *world.Integration) *refusal {
	uri := x.resolve(i.URI)
	x.traced = true
	record := &gwlog.Integration{Type: i.Type, Exchange: gwlog.Exchange{URI: uri, RequestBody: string(x.body)}}
	if name := functionName(uri); name != "" {
		record.FunctionARN = world.FunctionARN(x.call.Region, x.call.Account, name)
		record.RequestID = x.plane.ids.uuid()
	}
	x.call.Integration = record
	b := x.backend(uri)
	if b == nil {
		return x.unreachable(record, uri)
	}
	got := x.callBackend(b, i)
	record.Latency = got.latency
	if got.failure != "" {
		return x.broken(record, got)
	}
	return x.deliver(i, b, record, got)
}

// backend finds what an integration URI reaches: a function with its alias, a
// function, or the first label of a host.
func (x integration) backend(uri string) *world.Backend {
	p := x.plane
	p.cloud.RLock()
	defer p.cloud.RUnlock()
	if name := functionName(uri); name != "" {
		base, _, _ := strings.Cut(name, ":")
		return p.cloud.Backend(name, base)
	}
	u, err := url.Parse(uri)
	if err != nil {
		return nil
	}
	label, _, _ := strings.Cut(u.Hostname(), ".")
	return p.cloud.Backend(u.Hostname(), label)
}

// unreachable is an integration that leads nowhere: no permission on a
// function, no such host.
func (x integration) unreachable(record *gwlog.Integration, uri string) *refusal {
	if functionName(uri) != "" {
		return x.broken(record, reply{failure: "permission"})
	}
	return x.broken(record, reply{failure: "network"})
}

// failures are the ways in which an integration gives no answer, with what the
// gateway makes of each.
var failures = map[string]refusal{
	"function-error": {kind: "DEFAULT_5XX", status: 502, failure: gwlog.FunctionError, detail: "Unhandled"},
	"malformed":      {kind: "DEFAULT_5XX", status: 502, failure: gwlog.MalformedProxy},
	"throttle":       {kind: "API_CONFIGURATION_ERROR", failure: gwlog.FunctionThrottled},
	"permission":     {kind: "API_CONFIGURATION_ERROR", failure: gwlog.FunctionPermission},
	"timeout":        {kind: "INTEGRATION_TIMEOUT", failure: gwlog.Timeout},
	"network":        {kind: "INTEGRATION_FAILURE", failure: gwlog.Network, detail: "Connection is closed"},
	"cut":            {kind: "INTEGRATION_FAILURE", failure: gwlog.Network, detail: "Connection is closed"},
	"role":           {kind: "API_CONFIGURATION_ERROR", failure: gwlog.RolePermission, detail: "arn:aws:iam::123456789012:role/integration"},
	"unreachable":    {kind: "API_CONFIGURATION_ERROR", failure: gwlog.Configuration, detail: "There was an internal error while executing your request"},
	"undeclared":     {kind: "API_CONFIGURATION_ERROR", failure: gwlog.InvalidMethodResponse, detail: "200"},
	"certificate":    {kind: "API_CONFIGURATION_ERROR", failure: gwlog.CertificateMismatch, detail: "Host name 'backend.internal.example.com' does not match the certificate subject provided by the peer (CN=other.internal.example.com)"},
}

func (x integration) broken(record *gwlog.Integration, got reply) *refusal {
	f, ok := failures[got.failure]
	if !ok {
		f = refusal{kind: "API_CONFIGURATION_ERROR", failure: gwlog.Internal}
	}
	f.late, f.traced = true, true
	switch got.failure {
	case "function-error", "malformed":
		record.Status, record.ExecutedVersion = 200, got.version
	case "throttle":
		record.Status = 429
	}
	record.Error = cmp.Or(f.detail, "Internal server error")
	if words := httpWords[got.failure]; words != "" && x.api.Kind == "HTTP" {
		record.Error = words
	}
	return &f
}

// httpWords are what an HTTP API's $context.integrationErrorMessage says of a failure
// (developer guide, "Troubleshooting issues with HTTP API Lambda integrations").
var httpWords = map[string]string{
	"permission":     "The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration. Check the permissions and try again.",
	"malformed":      "The response from the Lambda function doesn't match the format that API Gateway expects. Lambda returned: {}",
	"function-error": "The Lambda function returned the following error: Unhandled. Check your Lambda function code and try again.",
}

// deliver maps a backend's answer.
func (x integration) deliver(i *world.Integration, b *world.Backend, record *gwlog.Integration, got reply) *refusal {
	if b.Gateway && (b.Fail == nil || got.status >= 500) {
		got = x.nested(got.status)
	}
	record.Status, record.StatusReturned = got.status, got.status
	record.ResponseBody, record.ResponseHeaders = traceable(got.body), got.headers
	if record.FunctionARN != "" {
		// What the log shows are the headers of Lambda's own API, which name the
		// version; the function's stand in the body.
		record.Status, record.ExecutedVersion, record.ResponseHeaders = 200, got.version, nil
	}
	if strings.HasSuffix(i.Type, "_PROXY") {
		x.out = answer{status: got.status, headers: x.remapped(got.headers), body: got.body, pieces: got.pieces}
		return nil
	}
	r, status := selectResponse(i, got, record.FunctionARN != "")
	if r == nil {
		return &refusal{kind: "API_CONFIGURATION_ERROR", late: true, traced: true, failure: gwlog.NoOutputMapping, detail: strconv.Itoa(got.status)}
	}
	x.out = x.mapResponse(r, status, got)
	return nil
}

// traceable is a body as data tracing shows it.
func traceable(body string) string {
	if utf8.ValidString(body) {
		return body
	}
	return "[Binary Data]"
}

// nested is another API Gateway that refuses: its body and error type pass
// through.
func (x integration) nested(status int) reply {
	body, kind := `{"message":"Forbidden"}`, "ForbiddenException"
	if status >= 500 {
		body, kind = `{"message": "Internal server error"}`, "InternalServerErrorException"
	} else {
		status = 403
	}
	return reply{status: status, body: body, latency: 3 * time.Millisecond, headers: []gwlog.Pair{
		{Name: "Content-Type", Value: "application/json"},
		{Name: "x-amzn-ErrorType", Value: kind},
		{Name: "x-amzn-RequestId", Value: x.plane.ids.uuid()},
		{Name: "x-amz-apigw-id", Value: x.plane.ids.extended()},
	}}
}

// selectResponse picks the integration response whose pattern matches: the
// status of an HTTP backend, the error text of a function.
func selectResponse(i *world.Integration, got reply, function bool) (*world.IntegrationResponse, string) {
	text := strconv.Itoa(got.status)
	if function {
		text = ""
		if got.status >= 400 {
			text = got.body
		}
	}
	statuses := make([]string, 0, len(i.Responses))
	for s := range i.Responses {
		statuses = append(statuses, s)
	}
	slices.Sort(statuses)
	for _, status := range statuses {
		r := i.Responses[status]
		if r.Pattern == "" {
			continue
		}
		if re, err := regexp.Compile("^(?:" + r.Pattern + ")$"); err == nil && re.MatchString(text) {
			return r, status
		}
	}
	r, status := defaultResponse(i)
	return r, status
}

// mapResponse applies an integration response. Of the template language it
// knows the whole body and the context; the rest stays as written.
func (x integration) mapResponse(r *world.IntegrationResponse, status string, got reply) answer {
	out := answer{status: statusOr(status, 200), body: got.body}
	if template, ok := r.Templates["application/json"]; ok {
		out.body = strings.NewReplacer("$input.body", got.body, "$input.json('$')", got.body).Replace(template)
		out.body = restFlow(x).fillTemplate(out.body, "", "", out.status)
	}
	for _, name := range sorted(r.Parameters) {
		value := r.Parameters[name]
		if source, ok := strings.CutPrefix(value, "integration.response.header."); ok {
			value = pairValue(got.headers, source)
		}
		out.headers = append(out.headers, gwlog.Pair{Name: strings.TrimPrefix(name, "method.response.header."), Value: strings.Trim(value, "'")})
	}
	return out
}

func sorted(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func pairValue(pairs []gwlog.Pair, name string) string {
	for _, p := range pairs {
		if strings.EqualFold(p.Name, name) {
			return p.Value
		}
	}
	return ""
}

// reserved are the names that the gateway renames in a backend's answer.
var reserved = []string{
	"authorization", "connection", "content-length", "content-md5", "date", "expect", "host", "max-forwards",
	"proxy-authenticate", "server", "trailer", "upgrade", "user-agent", "www-authenticate", "x-amzn-requestid",
}

func (x integration) remapped(headers []gwlog.Pair) []gwlog.Pair {
	out := make([]gwlog.Pair, 0, len(headers))
	for _, h := range headers {
		lower := strings.ToLower(h.Name)
		switch {
		case slices.Contains(reserved, lower):
			h.Name = "x-amzn-Remapped-" + h.Name
		case lower == "x-amz-apigw-id" || lower == "x-amzn-trace-id":
			continue // the gateway's own take their place
		}
		out = append(out, h)
	}
	return out
}
