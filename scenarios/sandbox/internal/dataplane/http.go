package dataplane

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"stageprobe/scenarios/sandbox/internal/gwlog"
)

// httpFlow is how an HTTP API handles a request.
type httpFlow struct{ *exchange }

// httpSteps are the checks of an HTTP API.
var httpSteps = []func(*exchange) *refusal{
	by(httpFlow.existsHTTP),
	by(guard.mutualTLS),
	by(httpFlow.cors),
	by(httpFlow.routeHTTP),
	by(guard.authorize),
	by(guard.throttle),
	by(httpFlow.serveHTTP),
}

// handleHTTP runs an HTTP API's request. Its refusals carry no error type and
// cannot be customised.
func (x httpFlow) handleHTTP() {
	for _, step := range httpSteps {
		if x.out.status != 0 {
			return
		}
		if f := step(x.exchange); f != nil {
			x.refuseHTTP(f)
			return
		}
	}
}

func (x httpFlow) refuseHTTP(f *refusal) {
	status, message := f.status, f.message
	switch f.kind {
	case "UNAUTHORIZED":
		status, message = 401, "Unauthorized"
	case "ACCESS_DENIED":
		status, message = 403, "Forbidden"
	case "THROTTLED":
		status, message = 429, "Too Many Requests"
	case "INTEGRATION_TIMEOUT", "INTEGRATION_FAILURE":
		status, message = 503, "Service Unavailable"
	case "":
	default:
		status, message = 500, "Internal Server Error"
	}
	x.out = answer{status: status, headers: []gwlog.Pair{{Name: "Content-Type", Value: "application/json"}}, body: `{"message":` + quoted(message) + `}`}
	if status == 401 && x.entry.route != nil && x.entry.route.Authorization == "JWT" {
		x.out.headers = append(x.out.headers, gwlog.Pair{Name: "www-authenticate", Value: `Bearer scope="" error="invalid_token" error_description="the token is not valid"`})
	}
	x.call.Failure, x.call.FailureDetail = f.failure, f.detail
	x.call.Response.Message = message
}

// existsHTTP refuses what leads to no stage: the same words as for no route.
func (x httpFlow) existsHTTP() *refusal {
	if x.deployment == nil {
		return notFound(gwlog.NoStage)
	}
	return nil
}

func notFound(f gwlog.Failure) *refusal {
	return &refusal{status: 404, message: "Not Found", failure: f}
}

// cors answers preflight requests itself where the API has CORS configured.
func (x httpFlow) cors() *refusal {
	c := x.deployment.Definition.CORS
	origin := x.r.Header.Get("Origin")
	if c == nil || x.r.Method != http.MethodOptions || origin == "" {
		return nil
	}
	var headers []gwlog.Pair
	if slices.Contains(c.Origins, "*") || slices.Contains(c.Origins, origin) {
		headers = append(headers,
			gwlog.Pair{Name: "access-control-allow-origin", Value: c.Origins[0]},
			gwlog.Pair{Name: "access-control-allow-methods", Value: strings.Join(c.Methods, ",")},
			gwlog.Pair{Name: "access-control-allow-headers", Value: strings.Join(c.Headers, ",")},
			gwlog.Pair{Name: "access-control-max-age", Value: strconv.Itoa(c.MaxAge)})
	}
	x.out = answer{status: http.StatusNoContent, headers: headers}
	return nil
}

func (x httpFlow) routeHTTP() *refusal {
	e, params, ok := x.plane.table(x.deployment.Definition).find(x.r.Method, x.at.path, false)
	if !ok {
		return notFound(gwlog.NoRoute)
	}
	x.entry = e
	x.call.Route, x.call.PathParams = e.template, params
	x.call.RouteKey = e.method + " " + e.template
	if e.template == "$default" {
		x.call.RouteKey = e.template
	}
	return nil
}

func (x httpFlow) serveHTTP() *refusal {
	i := x.entry.route.Integration
	if i == nil {
		return &refusal{kind: "API_CONFIGURATION_ERROR", failure: gwlog.Internal}
	}
	if i.Type == "MOCK" {
		return integration(x).mock(i)
	}
	return integration(x).integrate(i)
}
