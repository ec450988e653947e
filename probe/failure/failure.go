// Package failure says what a failure line of API Gateway's logs stands for: an
// execution log's, an error field of an access log, or an integration's error
// words. It holds one table, from which explain and check speak alike.
//
// A line that no row of the table knows is unknown, and nothing is guessed of
// it.
package failure

import (
	"cmp"

	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
)

// Causes of a report that a failure line leads to. "" stands for what the caller
// of the API sent, such as a body that does not fit a model.
const (
	CauseIntegration = "integration-error"
	CauseThrottled   = "throttled"
	CauseDenied      = "access-denied"
	CauseRequest     = ""
)

// Kind is what failed, or who refuses.
type Kind string

// The kinds of an integration's failure.
const (
	Permission  Kind = "permission"  // API Gateway may not call the function, or assume the role
	Endpoint    Kind = "endpoint"    // the URI leads to nothing, or to a VPC link that is not there
	TLS         Kind = "tls"         // the backend's certificate or handshake
	Timeout     Kind = "timeout"     // the backend took longer than the integration, or the function than itself
	Malformed   Kind = "malformed"   // a proxy answer that is none
	Mapping     Kind = "mapping"     // a mapping template, a mock's template, an integration response
	Concurrency Kind = "concurrency" // the function is out of concurrency, the service throttles
	Network     Kind = "network"     // the connection to the backend failed
	Function    Kind = "function"    // the function threw
	Internal    Kind = "internal"    // API Gateway names no reason
)

// The kinds of a throttle, by who limits.
const (
	LimitKey     Kind = "usage-plan" // the rate of the key's usage plan
	LimitQuota   Kind = "quota"      // the usage plan's quota for its period
	LimitMethod  Kind = "method"     // the stage's throttling of the method
	LimitStage   Kind = "stage"      // the stage's default throttling
	LimitAccount Kind = "account"    // the account's limit of the region
	LimitUnnamed Kind = "rate"       // the line does not say whose
	KeyRefused   Kind = "api-key"    // the key is missing, unknown, or not of this stage
	Policy       Kind = "policy"     // a resource policy, IAM
	MutualTLS    Kind = "mutual-tls" // the client's certificate
	Identity     Kind = "identity"   // a token is missing, expired or of another issuer
	Authorizer   Kind = "authorizer" // the authorizer refuses, or fails: its words say which
	Request      Kind = "request"    // the caller's request does not pass validation
)

// Who stands behind an answer, spelt as reports spell it.
const (
	byGateway     = "gateway"
	byIntegration = "integration"
	byAuthorizer  = "authorizer"
)

// Failure is one failure line read.
type Failure struct {
	Line string // the text, without what stands before every reason

	Cause     string // of a report, such as integration-error; see the constants
	Kind      Kind
	Candidate string // the name of the cause in an explanation, such as lambda-permission-missing

	// Producer, GatewayResponse and Status are what the line implies by AWS's
	// documentation; empty and 0 where that ties no one thing to it.
	Producer        string
	GatewayResponse string
	Status          int

	Why   string // what is wrong, in a sentence without its end
	Check string // what would show more

	Limit *Limit // of a throttle, where the line names any
}

// prefixes stand before the reason of a line and tell nothing.
var prefixes = []string{
	"Execution failed due to configuration error: ", "Execution failed due to configuration error:",
}

// Reason is a failure line without what stands before every reason.
func Reason(line string) string {
	line = strings.TrimSpace(line)
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(line, p); ok && strings.TrimSpace(rest) != "" {
			return strings.TrimSpace(rest)
		}
	}
	return line
}

// Read reads one line. ok is false where no row of the table knows it; the
// Failure then holds the Line alone.
func Read(line string) (f Failure, ok bool) {
	f.Line = Reason(line)
	if f.Line == "" {
		return f, false
	}
	said := strings.ToLower(line)
	for i := range table {
		if r := &table[i]; r.fits(said) {
			return r.failure(f.Line), true
		}
	}
	return f, false
}

// Of reads what a log says of a request: each of its failure lines that says
// something else than the one before, the most telling first. An authorizer's
// words are read as an authorizer's. unknown are lines that no row knows.
func Of(rec *probe.LogRecord) (known []Failure, unknown []string) {
	for _, line := range []string{rec.Detail, rec.Error} {
		if line == "" {
			continue
		}
		f, ok := Read(line)
		switch {
		case !ok && Unnamed(rec.Producer, line):
			unknown = append(unknown, f.Line)
			continue
		case !ok:
			continue
		}
		switch {
		case rec.Producer == byAuthorizer:
			f = f.ofAuthorizer(rec)
		case (f.Kind == Permission || f.Kind == Endpoint) && EmptyPart(rec.IntegrationURI):
			f = f.ofNoFunction(rec.IntegrationURI)
		}
		f.Limit = cmp.Or(f.Limit, limitOf(rec))
		if len(known) == 0 || known[len(known)-1].Candidate != f.Candidate {
			known = append(known, f)
		}
	}
	if len(known) > 0 {
		unknown = nil // a detail of what is known
	}
	return known, unknown
}

// Unnamed tells whether a line that no row knows is a failure's: an answer's own
// message, such as "Forbidden", is none.
func Unnamed(producer, line string) bool {
	return strings.HasPrefix(line, "Execution failed") || producer == byIntegration && strings.Contains(line, " ") && !slices.Contains(bodies, line)
}

// bodies are what API Gateway answers for a failed integration, whatever failed: an
// access log's $context.error.message repeats them.
var bodies = []string{"Internal server error", "Internal Server Error", "Service Unavailable", "Bad Gateway", "Gateway Timeout"}

// emptyPart is a function's ARN in which a name or a qualifier is missing.
var emptyPart = lazyregexp.New(`:function:(?::|/|$)|:function:[^:/]+:(?:/|$)`)

// EmptyPart tells whether a URI names a function with an empty part, as where a stage
// variable in it is not set.
func EmptyPart(uri string) bool { return emptyPart.MatchString(uri) }

// ofNoFunction is a failure of the call of a function that the URI does not name.
func (f Failure) ofNoFunction(uri string) Failure {
	row := rowOf("stage-variable-unset")
	f.Kind, f.Candidate, f.Check = row.kind, row.candidate, row.check
	f.Why = row.why + ": " + uri[strings.LastIndex(uri, "arn:"):]
	return f
}

// ofAuthorizer is the failure of an authorizer in words that an integration
// might have used, too: the function that answered malformed, or may not be
// called, is the authorizer's.
func (f Failure) ofAuthorizer(rec *probe.LogRecord) Failure {
	if f.Kind == Permission { // of the authorizer's function or role
		f.Cause, f.Kind, f.Producer = CauseDenied, Authorizer, byAuthorizer
		f.Why = strings.ReplaceAll(strings.ReplaceAll(f.Why, "the function", "the authorizer's function"), "integration's", "authorizer's")
	}
	candidate := map[Kind]string{
		Endpoint: "authorizer-not-invocable", Malformed: "authorizer-bad-output",
		Function: "authorizer-error", Timeout: "authorizer-error", Network: "authorizer-error", Internal: "authorizer-error",
		Concurrency: "authorizer-throttled",
	}[f.Kind]
	if candidate != "" {
		row := rowOf(candidate)
		f.Cause, f.Kind, f.Candidate, f.Producer = CauseDenied, Authorizer, candidate, byAuthorizer
		f.GatewayResponse, f.Status = row.response, row.status
		f.Why, f.Check = row.why, row.check
	}
	if f.Candidate == "authorizer-bad-output" && rec.AuthorizerCalled != nil && !*rec.AuthorizerCalled {
		f.Why += "; the authorizer was not called for this request, so that a kept result is the one that cannot be read"
	}
	return f
}

func limitOf(rec *probe.LogRecord) *Limit {
	if rec.Throttle == nil {
		return nil
	}
	return &Limit{Rate: rec.Throttle.Limit, Burst: rec.Throttle.Burst, ResourceID: rec.Throttle.ResourceID, APIID: rec.APIID, Stage: rec.Stage, Method: rec.Method}
}

// NoStatusCode is the failure of a mock whose request template names no status code, for
// whoever sees that in the configuration.
func NoStatusCode() *Failure {
	found, _ := Of(&probe.LogRecord{Error: "Unable to parse statusCode. It should be an integer that is defined in the request template."})
	return &found[0]
}
