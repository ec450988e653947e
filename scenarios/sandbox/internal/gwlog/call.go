package gwlog

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind is the kind of API that handled a call. The zero value is a REST API.
type Kind string

// The three kinds of API. Only REST and WebSocket APIs write execution logs.
const (
	REST      Kind = "REST"
	HTTP      Kind = "HTTP"
	WebSocket Kind = "WEBSOCKET"
)

// Pair is one header, query or path parameter. Lists of pairs keep their order, since the
// gateway prints headers in the order in which it holds them.
type Pair struct{ Name, Value string }

// Pairs turns a header or query map into a list sorted by name, several values joined with ", ".
func Pairs(m map[string][]string) []Pair {
	out := make([]Pair, 0, len(m))
	for name, values := range m {
		out = append(out, Pair{name, strings.Join(values, ", ")})
	}
	slices.SortFunc(out, func(a, b Pair) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Headers is [Pairs] for a header map.
func Headers(h http.Header) []Pair { return Pairs(h) }

// Call is all that is known of one request that the gateway handled. The zero value of a field
// means that the gateway has no such value: an access log shows `-` for it, an execution log
// leaves the line out.
type Call struct {
	RequestID         string // $context.requestId: a UUID; the extended form for HTTP APIs
	ExtendedRequestID string // $context.extendedRequestId, such as "Vwc2MGFUrPEFV_g="
	TraceID           string // X-Ray id, such as "Root=1-5c7674f4-a3491d0a9c8012c191821b83"

	Kind         Kind
	APIID        string
	Account      string // account id, 12 digits
	Region       string
	EndpointType string // EDGE, REGIONAL, PRIVATE
	Stage        string
	DeploymentID string
	// Canary tells whether the canary answered; CanaryConfigured whether the stage has one at all
	// ($context.isCanaryRequest exists only then).
	Canary, CanaryConfigured bool
	StageVariables           map[string]string // variables in force for this request, overrides merged

	Domain   string // host called; empty means the API's own execute-api host
	BasePath string // matched base path of a custom domain without slashes; empty for "(none)"

	Method string // as sent
	// Path is the concrete path after the stage, with the base path of a custom domain in front
	// (`Resource Path:` shows it so).
	Path       string
	Route      string // resource path template, such as "/orders/{id}"
	AnyMethod  bool   // the route was declared for ANY
	RouteKey   string // HTTP API: "GET /orders/{id}" or "$default"; empty builds it of Method and Route
	ResourceID string
	PathParams []Pair

	Query   []Pair
	Headers []Pair // as the gateway forwards them, X-Forwarded-* included
	Body    string

	Protocol  string // "HTTP/1.1", "HTTP/2.0"
	SourceIP  string
	UserAgent string
	// Started is when the request arrived, Finished when the answer was complete.
	Started, Finished time.Time

	APIKey     APIKey
	Authorizer *Authorizer // nil: the method has none
	Validation Validation
	// Integration is nil when none was called: refusals, and answers out of the stage cache.
	Integration *Integration
	CacheHit    bool // answered out of the stage's response cache

	Failure       Failure
	FailureDetail string // what the failure's own line says beyond its fixed text, see [Failure]
	Throttle      Throttle

	Response Response
	WAF      *WAF // nil: no web ACL
}

// APIKey is the usage-plan side of a call.
type APIKey struct {
	Required bool
	Value    string // masked by the renderer
	ID       string
}

// Throttle is the limit that refused a call ([KeyThrottled], [StageThrottled]).
type Throttle struct {
	Limit float64 // requests per second
	Burst int
}

// Authorizer is what a Lambda authorizer did.
type Authorizer struct {
	ID        string
	Identity  string // value of the identity source; masked
	Principal string // principalId returned; masked
	Cached    bool   // the policy came out of the result cache: no endpoint lines
	Latency   time.Duration
	Status    int // what the authorizer's Lambda answered, 0 if it was not called
	RequestID string
	Error     string // $context.authorizer.error
	// Endpoint is the call of the authorizer's Lambda, nil if it was not called.
	Endpoint *Exchange
	Result   string            // body that the authorizer returned, before parsing
	Context  map[string]string // $context.authorizer.<key>
	Claims   map[string]string // $context.authorizer.claims.<key>
}

// Validation is the outcome of a request validator.
type Validation struct {
	Done        bool   // a validator with a body model ran and was content
	ContentType string // empty means application/json
}

// Exchange is one HTTP exchange of the gateway with a backend, as data trace shows it.
type Exchange struct {
	URI             string
	RequestHeaders  []Pair // Authorization is masked; empty builds the usual ones of an AWS endpoint
	RequestBody     string
	Status          int // status of the HTTP answer (200 for a Lambda that returned {"statusCode":404}); 0: no answer came
	ResponseHeaders []Pair
	ResponseBody    string
	Latency         time.Duration
}

// Integration is the call of the backend.
type Integration struct {
	Exchange
	Type            string // AWS_PROXY, AWS, HTTP_PROXY, HTTP, MOCK
	FunctionARN     string // Lambda: with the :alias that was called
	StatusReturned  int    // status that the function returned in its proxy answer; 0 takes Status
	ExecutedVersion string // X-Amz-Executed-Version
	RequestID       string // Lambda's request id
	Error           string // $context.integration.error
}

// Response is what the caller got.
type Response struct {
	Status  int
	Headers []Pair
	Body    string
	// Type is the gateway response type, such as "UNAUTHORIZED"; empty if the integration answered.
	Type string
	// Customised tells that the API has its own gateway response of this type: the log then has a
	// `Gateway response type:` line in place of `Method completed with status:`.
	Customised bool
	Message    string // $context.error.message
	Length     int    // bytes; 0 takes len(Body)
}

// WAF is the verdict of the stage's web ACL.
type WAF struct {
	ACL     string // ARN
	Blocked bool
	Latency time.Duration
	Error   string
}
