package dataplane

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/gwlog"
	"stageprobe/scenarios/sandbox/internal/world"
)

// refusal is an answer that the gateway makes itself.
type refusal struct {
	kind      string // gateway response type; "" for the refusals without one
	status    int    // of types without one of their own
	errorType string // where it differs from the type's
	message   string // where it differs from the type's
	null      bool   // the message is JSON null
	capital   bool   // the member is called Message
	// late refusals, made while a method runs, are written with a space after
	// the colon; early ones without.
	late    bool
	traced  bool
	failure gwlog.Failure
	detail  string
}

func forbidden(f gwlog.Failure) *refusal {
	return &refusal{status: 403, errorType: "ForbiddenException", message: "Forbidden", failure: f}
}

// refuse turns a refusal into the answer, through the deployment's own gateway
// responses where it has some.
func (x restFlow) refuse(f *refusal) {
	standard, _ := cloud.DefaultResponse(f.kind)
	status := cmp.Or(f.status, standard.Status)
	errorType := cmp.Or(f.errorType, standard.ErrorType)
	message := cmp.Or(f.message, standard.Message)
	body := f.render(message)
	headers := []gwlog.Pair{{Name: "Content-Type", Value: "application/json"}}
	if custom := x.custom(f.kind, status); custom != nil {
		x.call.Response.Customised = true
		status = statusOr(custom.Status, status)
		headers = append(headers, x.customHeaders(custom)...)
		if template, ok := custom.Templates["application/json"]; ok {
			body = x.fillTemplate(template, f.kind, message, status)
		}
	}
	if errorType != "" {
		headers = append(headers, gwlog.Pair{Name: "x-amzn-ErrorType", Value: errorType})
	}
	x.traced = f.traced
	x.out = answer{status: status, headers: headers, body: body}
	x.call.Failure, x.call.FailureDetail = f.failure, f.detail
	x.call.Response.Type, x.call.Response.Message = f.kind, message
}

func (f *refusal) render(message string) string {
	if f.null {
		return `{"message":null}`
	}
	name, space := "message", ""
	if f.capital {
		name = "Message"
	}
	if f.late {
		space = " "
	}
	return `{"` + name + `":` + space + quoted(message) + `}`
}

// quoted is a JSON string without the escapes for HTML.
func quoted(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	return strings.TrimSuffix(b.String(), "\n")
}

// custom finds the deployment's own response of a type, or of its class. A
// request that never reached a deployment has none, and 413 cannot be
// customised.
func (x restFlow) custom(kind string, status int) *world.GatewayResponse {
	if x.deployment == nil || kind == "" || status == 413 {
		return nil
	}
	own := x.deployment.Definition.GatewayResponses
	if g := own[kind]; g != nil {
		return g
	}
	if status >= 500 {
		return own["DEFAULT_5XX"]
	}
	return own["DEFAULT_4XX"]
}

func statusOr(text string, fallback int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return fallback
}

// customHeaders fills in a response's headers: literals in single quotes, or
// parts of the request.
func (x restFlow) customHeaders(g *world.GatewayResponse) []gwlog.Pair {
	var out []gwlog.Pair
	for _, name := range slices.Sorted(maps.Keys(g.Headers)) {
		value := g.Headers[name]
		if part, ok := strings.CutPrefix(value, "method.request.header."); ok {
			value = x.r.Header.Get(part)
		} else if part, ok := strings.CutPrefix(value, "method.request.querystring."); ok {
			value = x.r.URL.Query().Get(part)
		}
		out = append(out, gwlog.Pair{Name: name, Value: strings.Trim(value, "'")})
	}
	return out
}

// fillTemplate puts the values of a gateway response template in.
func (x restFlow) fillTemplate(template, kind, message string, status int) string {
	c := &x.call
	return strings.NewReplacer(
		"$context.error.messageString", quoted(message),
		"$context.error.message", message,
		"$context.error.responseType", kind,
		"$context.extendedRequestId", c.ExtendedRequestID,
		"$context.requestId", c.RequestID,
		"$context.apiId", c.APIID,
		"$context.stage", c.Stage,
		"$context.httpMethod", c.Method,
		"$context.resourcePath", c.Route,
		"$context.path", "/"+c.Stage+c.Path,
		"$context.status", strconv.Itoa(status),
	).Replace(template)
}
