package probe

import "time"

// Evidence is what the gateway's own logs say of the requests that were sent.
type Evidence struct {
	// ReadAt is when the logs were last asked: what they do not hold of a
	// request sent well before may be taken as absent.
	ReadAt  time.Time   `json:"read_at,omitzero"`
	Groups  []LogGroup  `json:"groups,omitempty"`
	Records []LogRecord `json:"records,omitempty"`
	Gaps    []Gap       `json:"gaps,omitempty"`
	Notes   []string    `json:"notes,omitempty"`
}

// LogSource tells the two kinds of log apart.
type LogSource string

// The log sources.
const (
	ExecutionLog LogSource = "execution-log"
	AccessLogSrc LogSource = "access-log"
)

// LogGroup is one log group that was read.
type LogGroup struct {
	Name   string    `json:"name"`
	Source LogSource `json:"source"`
	APIID  string    `json:"api_id,omitempty"`
	Stage  string    `json:"stage,omitempty"`
	Canary bool      `json:"canary,omitempty"` // the group ends in /Canary
	Exists bool      `json:"exists"`
	Events int       `json:"events"` // read, from any request
	// Matched counts the wanted requests that were found in the group; one is
	// enough to prove that the stage logs.
	Matched int `json:"matched,omitempty"`
	// Watermark is the time of the newest event seen in the group, from any
	// request: what was sent well before it should be there by now.
	Watermark time.Time `json:"watermark,omitzero"`
	// Level is the logging level that the stage is configured with.
	Level string `json:"level,omitempty"`
}

// LogRecord is one request as a log tells it. A pointer that is nil, and a
// string that is empty, mean that the log does not say.
type LogRecord struct {
	Source      LogSource `json:"source"`
	Group       string    `json:"group,omitempty"`
	Stream      string    `json:"stream,omitempty"`
	GroupCanary bool      `json:"group_canary,omitempty"` // read from a /Canary group
	Time        time.Time `json:"time,omitzero"`          // of its first event
	Ingested    time.Time `json:"ingested,omitzero"`      // its last event; where not told, its first reading

	RequestID  string `json:"request_id,omitempty"`
	ExtendedID string `json:"extended_request_id,omitempty"`

	APIKind      APIKind `json:"api_kind,omitempty"` // where the entry itself tells
	APIID        string  `json:"api_id,omitempty"`
	Stage        string  `json:"stage,omitempty"`
	Canary       *bool   `json:"canary,omitempty"` // $context.isCanaryRequest; group membership stands in GroupCanary
	DeploymentID string  `json:"deployment_id,omitempty"`
	Domain       string  `json:"domain,omitempty"`
	BasePath     string  `json:"base_path,omitempty"`

	Method   string `json:"http_method,omitempty"`
	Path     string `json:"resource_path,omitempty"`  // as requested, without the stage
	Template string `json:"route_template,omitempty"` // such as "GET /orders/{id}"
	// PathParams are the values of the template's parameters, where the log
	// prints them so that they can be told apart.
	PathParams map[string]string `json:"path_params,omitempty"`

	Status          *int   `json:"status,omitempty"`
	GatewayResponse string `json:"gateway_response,omitempty"` // the type, such as DEFAULT_5XX
	Error           string `json:"error,omitempty"`            // the failure line's text
	Detail          string `json:"detail,omitempty"`           // what the log adds to it
	// ImpliedStatus is the status that the failure line stands for by AWS's
	// documentation, where the log itself names none.
	ImpliedStatus *int `json:"implied_status,omitempty"`
	// GatewayResponseImplied is true where the type follows from the failure
	// line, false where the log names it.
	GatewayResponseImplied bool   `json:"gateway_response_implied,omitempty"`
	Producer               string `json:"producer,omitempty"`

	ResponseLength       *int     `json:"response_length,omitempty"` // bytes of the body that was sent
	Inside               string   `json:"inside,omitempty"`          // what failed inside a body of a success: error-in-body, inner-status, base64-body
	IntegrationStatus    *int     `json:"integration_status,omitempty"`
	IntegrationLatencyMS *float64 `json:"integration_latency_ms,omitempty"`
	IntegrationURI       string   `json:"integration_uri,omitempty"`
	// IntegrationCalled is false where the log proves that no integration was
	// called ("-" in every integration field), nil where it does not say.
	IntegrationCalled *bool  `json:"integration_called,omitempty"`
	ExecutedVersion   string `json:"executed_version,omitempty"`
	LambdaAlias       string `json:"lambda_alias,omitempty"`
	LambdaRequestID   string `json:"lambda_request_id,omitempty"`
	InnerRequestID    string `json:"inner_request_id,omitempty"` // of another API Gateway that the integration is

	AuthorizerID string `json:"authorizer_id,omitempty"`
	// AuthorizerCalled is whether the log shows a call of the authorizer's function:
	// false where a result that was kept decided, nil where it does not say.
	AuthorizerCalled  *bool     `json:"authorizer_called,omitempty"`
	AuthorizerOutcome string    `json:"authorizer_outcome,omitempty"` // allow, deny, unauthorized, error
	UsagePlan         string    `json:"usage_plan,omitempty"`         // ok, throttled, quota, not-required
	APIKeySuffix      string    `json:"api_key_suffix,omitempty"`     // the six characters that masking leaves
	Throttle          *Throttle `json:"throttle,omitempty"`
	WAF               string    `json:"waf,omitempty"` // the WAF's verdict, such as WAF_BLOCK
	XRay              string    `json:"xray,omitempty"`
	RouteKey          string    `json:"route_key,omitempty"`       // HTTP APIs
	RoutingRuleID     string    `json:"routing_rule_id,omitempty"` // the rule of a domain that matched
	// Unrouted is true where the entry holds the route, and it is "-": no route
	// matched.
	Unrouted bool `json:"unrouted,omitempty"`

	Complete bool `json:"complete"` // the log saw the request to its end

	// Doubts name what the log says in more than one way, and what is therefore
	// left out of the record.
	Doubts []string `json:"doubts,omitempty"`

	// Lines are the log lines kept as evidence, cut to a readable length.
	Lines []string `json:"lines,omitempty"`
}

// Throttle is the limit that an execution log says was exceeded.
type Throttle struct {
	Limit      float64 `json:"limit"` // requests per second
	Burst      int     `json:"burst"`
	ResourceID string  `json:"resource_id,omitempty"`
}
