package gwlog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// domainName is the host that was called.
func (c *Call) domainName() string {
	if c.Domain != "" || c.APIID == "" {
		return c.Domain
	}
	return fmt.Sprintf("%s.execute-api.%s.amazonaws.com%s", c.APIID, c.Region, c.suffix())
}

func (c *Call) domainPrefix() string {
	prefix, _, _ := strings.Cut(c.domainName(), ".")
	return prefix
}

// customDomain tells whether the call came through a domain of the user's own.
func (c *Call) customDomain() bool {
	return c.Domain != "" && !strings.Contains(c.Domain, ".execute-api.")
}

func (c *Call) basePathMatched() string {
	if c.customDomain() {
		return cmp.Or(c.BasePath, "(none)")
	}
	return ""
}

// contextPath is $context.path: it begins with the stage on execute-api hosts, and on custom domains
// with the base path.
func (c *Call) contextPath() string {
	if c.customDomain() || c.Stage == "$default" || c.Stage == "" {
		return c.Path
	}
	return "/" + c.Stage + c.Path
}

// extendedID of an HTTP API is its request id.
func (c *Call) extendedID() string {
	if c.Kind == HTTP {
		return cmp.Or(c.ExtendedRequestID, c.RequestID)
	}
	return c.ExtendedRequestID
}

// isCanaryRequest exists only while the stage has a canary.
func (c *Call) isCanaryRequest() string {
	if !c.CanaryConfigured {
		return ""
	}
	return strconv.FormatBool(c.Canary)
}

// epoch is in milliseconds for REST APIs and in seconds for HTTP APIs.
func (c *Call) epoch() string {
	switch {
	case c.Started.IsZero():
		return ""
	case c.Kind == HTTP:
		return strconv.FormatInt(c.Started.Unix(), 10)
	}
	return strconv.FormatInt(c.Started.UnixMilli(), 10)
}

func (c *Call) routeKey() string {
	if c.RouteKey != "" || c.Kind != HTTP || c.Route == "" {
		return c.RouteKey
	}
	return c.methodTemplate()
}

// quotedMessage is the error message as a JSON string, quotes included.
func (c *Call) quotedMessage() string {
	if c.Response.Message == "" {
		return ""
	}
	quoted, _ := json.Marshal(c.Response.Message)
	return string(quoted)
}

func (c *Call) validationError() string {
	if c.Failure == InvalidBody {
		return "[" + c.FailureDetail + "]"
	}
	return ""
}

func (c *Call) responseLatency() string {
	if c.Finished.IsZero() {
		return ""
	}
	return milliseconds(c.Finished.Sub(c.Started))
}

func (c *Call) authorizeStatus() string {
	switch {
	case c.Authorizer == nil:
		return ""
	case c.Failure == AccessDenied:
		return "403"
	case c.Failure == Unauthorized:
		return "401"
	}
	return "200"
}

// answered tells whether there was an exchange with a backend; a mock answers by itself.
func (in *Integration) answered() bool { return in.Type != "MOCK" }

// serviceStatus is what the endpoint answered: for Lambda the status of the service, not of the function.
func (in *Integration) serviceStatus() string { return number(in.Status) }

// returnedStatus is what the backend answered: for a Lambda proxy the status that the function returned.
func (in *Integration) returnedStatus() string { return number(cmp.Or(in.StatusReturned, in.Status)) }

func (in *Integration) latency() string {
	if !in.answered() {
		return ""
	}
	return milliseconds(in.Latency)
}

func (in *Integration) requestID() string { return in.RequestID }

func (in *Integration) errorText() string { return in.Error }

func (a *Authorizer) latency() string {
	if a.Cached || a.Endpoint == nil && a.Latency == 0 {
		return ""
	}
	return milliseconds(a.Latency)
}
