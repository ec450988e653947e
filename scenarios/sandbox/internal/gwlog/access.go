package gwlog

import (
	"cmp"
	"errors"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// variable finds the $context variables of a format. Only keys of authorizer claims may hold ':' or '-'.
var variable = regexp.MustCompile(`\$context\.(authorizer\.claims\.[\w:-]*\w|authorizer\.[\w-]*\w(?:\.\w+)*|\w+(?:\.\w+)*)`)

// Access renders an access-log line: every $context variable of format replaced by the call's value,
// `-` where there is none or the variable is unknown. Values are not escaped, as the real gateway
// does not escape them, so a JSON format may give broken JSON.
//
// The error is [CheckFormat]'s; the line is rendered even so.
func Access(format string, c Call) (string, error) {
	line := variable.ReplaceAllStringFunc(format, func(v string) string {
		return cmp.Or(c.variable(strings.TrimPrefix(v, "$context.")), "-")
	})
	return line, CheckFormat(format, c.Kind)
}

// CheckFormat tells what API Gateway would refuse about an access-log format: more than one line, more
// than 3 KB, or (REST, WebSocket) neither $context.requestId nor $context.extendedRequestId.
func CheckFormat(format string, kind Kind) error {
	if strings.ContainsAny(strings.TrimSuffix(format, "\n"), "\r\n") {
		return errors.New("access log format must be single line, new line character is allowed only at end of the format")
	}
	if len(format) > 3072 {
		return errors.New("access log format must not be longer than 3 KB")
	}
	if kind == HTTP {
		return nil
	}
	for _, m := range variable.FindAllStringSubmatch(format, -1) {
		if m[1] == "requestId" || m[1] == "extendedRequestId" {
			return nil
		}
	}
	return errors.New("access log format should contain at least $context.requestId or $context.extendedRequestId")
}

// variable gives the value of a $context variable, "" if the call has none.
func (c *Call) variable(name string) string {
	if value, ok := contextVariables[name]; ok {
		return value(c)
	}
	if c.Authorizer == nil {
		return ""
	}
	if claim, ok := strings.CutPrefix(name, "authorizer.claims."); ok {
		return c.Authorizer.Claims[claim]
	}
	if key, ok := strings.CutPrefix(name, "authorizer."); ok {
		return c.Authorizer.Context[key]
	}
	return ""
}

// contextVariables are the variables of API Gateway's access logs (Developer Guide, "Variables for access
// logging for API Gateway" and "Customize HTTP API access logs").
var contextVariables = merge(requestVariables, responseVariables, integrationVariables, authorizerVariables, wafVariables)

type variables map[string]func(*Call) string

func merge(tables ...variables) variables {
	out := variables{}
	for _, t := range tables {
		maps.Copy(out, t)
	}
	return out
}

var requestVariables = variables{
	"accountId":                    func(c *Call) string { return c.Account },
	"apiId":                        func(c *Call) string { return c.APIID },
	"customDomain.basePathMatched": (*Call).basePathMatched,
	"deploymentId":                 func(c *Call) string { return c.DeploymentID },
	"domainName":                   (*Call).domainName,
	"domainPrefix":                 (*Call).domainPrefix,
	"endpointType":                 func(c *Call) string { return c.EndpointType },
	"extendedRequestId":            (*Call).extendedID,
	"httpMethod":                   func(c *Call) string { return c.Method },
	"identity.apiKey":              func(c *Call) string { return mask(c.APIKey.Value) },
	"identity.apiKeyId":            func(c *Call) string { return c.APIKey.ID },
	"identity.sourceIp":            func(c *Call) string { return c.SourceIP },
	"identity.userAgent":           func(c *Call) string { return c.UserAgent },
	"isCanaryRequest":              (*Call).isCanaryRequest,
	"path":                         (*Call).contextPath,
	"protocol":                     func(c *Call) string { return c.Protocol },
	"requestId":                    func(c *Call) string { return c.RequestID },
	"requestTime":                  func(c *Call) string { return clock(c.Started, "02/Jan/2006:15:04:05 -0700") },
	"requestTimeEpoch":             (*Call).epoch,
	"resourceId":                   func(c *Call) string { return c.ResourceID },
	"resourcePath":                 func(c *Call) string { return c.Route },
	"routeKey":                     (*Call).routeKey,
	"stage":                        func(c *Call) string { return c.Stage },
	"xrayTraceId":                  (*Call).bareTraceID,
}

var responseVariables = variables{
	"error.message":               func(c *Call) string { return c.Response.Message },
	"error.messageString":         (*Call).quotedMessage,
	"error.responseType":          (*Call).responseType,
	"error.validationErrorString": (*Call).validationError,
	"responseLatency":             (*Call).responseLatency,
	"responseLength":              func(c *Call) string { return strconv.Itoa(cmp.Or(c.Response.Length, len(c.Response.Body))) },
	"status":                      func(c *Call) string { return number(c.Response.Status) },
}

var integrationVariables = variables{
	"awsEndpointRequestId":          ofIntegration((*Integration).requestID),
	"integration.error":             ofIntegration((*Integration).errorText),
	"integration.integrationStatus": ofIntegration((*Integration).serviceStatus),
	"integration.latency":           ofIntegration((*Integration).latency),
	"integration.requestId":         ofIntegration((*Integration).requestID),
	"integration.status":            ofIntegration((*Integration).returnedStatus),
	"integrationErrorMessage":       ofIntegration((*Integration).errorText),
	"integrationLatency":            ofIntegration((*Integration).latency),
	"integrationStatus":             ofIntegration((*Integration).serviceStatus),
}

var authorizerVariables = variables{
	"authorizer.error":              ofAuthorizer(func(a *Authorizer) string { return a.Error }),
	"authorizer.integrationLatency": ofAuthorizer((*Authorizer).latency),
	"authorizer.integrationStatus":  ofAuthorizer(func(a *Authorizer) string { return number(a.Status) }),
	"authorizer.latency":            ofAuthorizer((*Authorizer).latency),
	"authorizer.principalId":        ofAuthorizer(func(a *Authorizer) string { return a.Principal }),
	"authorizer.requestId":          ofAuthorizer(func(a *Authorizer) string { return a.RequestID }),
	"authorizer.status":             ofAuthorizer(func(a *Authorizer) string { return number(a.Status) }),
	"authorize.error":               ofAuthorizer(func(a *Authorizer) string { return a.Error }),
	"authorize.status":              (*Call).authorizeStatus,
}

var wafVariables = variables{
	"waf.error":       ofWAF(func(f *WAF) string { return f.Error }),
	"waf.latency":     ofWAF(func(f *WAF) string { return milliseconds(f.Latency) }),
	"waf.status":      ofWAF(func(f *WAF) string { return f.choose("200", "403") }),
	"wafResponseCode": ofWAF(func(f *WAF) string { return f.choose("WAF_ALLOW", "WAF_BLOCK") }),
	"webaclArn":       ofWAF(func(f *WAF) string { return f.ACL }),
}

func ofIntegration(value func(*Integration) string) func(*Call) string {
	return func(c *Call) string {
		if c.Integration == nil {
			return ""
		}
		return value(c.Integration)
	}
}

func ofAuthorizer(value func(*Authorizer) string) func(*Call) string {
	return func(c *Call) string {
		if c.Authorizer == nil {
			return ""
		}
		return value(c.Authorizer)
	}
}

func ofWAF(value func(*WAF) string) func(*Call) string {
	return func(c *Call) string {
		if c.WAF == nil {
			return ""
		}
		return value(c.WAF)
	}
}

func (f *WAF) choose(allow, block string) string {
	if f.Blocked {
		return block
	}
	return allow
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func clock(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}
