package world

import "stageprobe/scenarios/sandbox/internal/moves"

// Definition is what an API's editor holds and what a deployment freezes. Once
// built it is never changed: an edit makes a new one.
type Definition struct {
	Extends string `yaml:"extends" json:"-"` // another definition; null removes an entry of it

	Routes           map[string]*Route           `yaml:"routes"`    // "GET /orders/{id}", "ANY /{proxy+}", "$default"
	Resources        []string                    `yaml:"resources"` // paths without a method
	Authorizers      map[string]*Authorizer      `yaml:"authorizers"`
	GatewayResponses map[string]*GatewayResponse `yaml:"gateway_responses"`
	Models           map[string]string           `yaml:"models"` // name → JSON schema
	CORS             *CORS                       `yaml:"cors"`   // HTTP APIs
	Policy           string                      `yaml:"policy"` // resource policy, JSON
	BinaryTypes      []string                    `yaml:"binary_types"`
}

// Route is one method of one resource, or a route of an HTTP API.
type Route struct {
	Authorization string            `yaml:"authorization"` // NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS, JWT
	Authorizer    string            `yaml:"authorizer"`
	Scopes        []string          `yaml:"scopes"`
	APIKey        bool              `yaml:"api_key"`
	Validate      string            `yaml:"validate"` // body, params, all
	Params        map[string]bool   `yaml:"params"`   // "query.limit", "header.x", "path.id" → required
	Models        map[string]string `yaml:"models"`   // content type → model
	Operation     string            `yaml:"operation"`

	// Backend is short for a Lambda proxy integration of the function of that
	// name; it may hold ${stageVariables.x}.
	Backend     string       `yaml:"backend"`
	Integration *Integration `yaml:"integration"`
	Responses   []string     `yaml:"responses"` // declared method responses, by status

	// Force is a gateway response type that the method always gives, for the
	// types that have no natural cause here.
	Force string `yaml:"force"`
}

// Integration is what a route calls.
type Integration struct {
	Type              string                          `yaml:"type"` // AWS_PROXY, AWS, HTTP_PROXY, HTTP, MOCK
	Method            string                          `yaml:"method"`
	URI               string                          `yaml:"uri"`
	Credentials       string                          `yaml:"credentials"`
	ConnectionType    string                          `yaml:"connection_type"`
	ConnectionID      string                          `yaml:"connection_id"`
	TimeoutMS         int                             `yaml:"timeout_ms"`
	Passthrough       string                          `yaml:"passthrough"` // WHEN_NO_MATCH (default), WHEN_NO_TEMPLATES, NEVER
	ContentHandling   string                          `yaml:"content_handling"`
	PayloadVersion    string                          `yaml:"payload_version"`
	RequestParameters map[string]string               `yaml:"request_parameters"`
	RequestTemplates  map[string]string               `yaml:"request_templates"`
	Responses         map[string]*IntegrationResponse `yaml:"responses"` // by status
	CacheKeys         []string                        `yaml:"cache_keys"`
	TransferMode      string                          `yaml:"transfer_mode"` // responseTransferMode: STREAM; BUFFERED where left out
	// Idle is how long a streamed answer may pause before the gateway ends it: 5 minutes
	// where left out, 30 s on an edge-optimised API.
	Idle Duration `yaml:"idle"`
}

// IntegrationResponse maps a backend's answer to a method response.
type IntegrationResponse struct {
	Pattern    string            `yaml:"pattern"` // selection pattern; "" is the default
	Parameters map[string]string `yaml:"parameters"`
	Templates  map[string]string `yaml:"templates"`
}

// Authorizer is a Lambda, Cognito or JWT authorizer of a definition.
type Authorizer struct {
	ID         string   `yaml:"id"`
	Type       string   `yaml:"type"`     // TOKEN (default), REQUEST, COGNITO_USER_POOLS, JWT
	Function   string   `yaml:"function"` // may hold ${stageVariables.x}; names a Function of the world
	URI        string   `yaml:"uri"`
	TTL        *int     `yaml:"ttl"`      // seconds, 300 where left out
	Identity   string   `yaml:"identity"` // method.request.header.Authorization where left out; "none" for no source
	Validation string   `yaml:"validation"`
	Issuer     string   `yaml:"issuer"`
	Audience   []string `yaml:"audience"`
	Providers  []string `yaml:"providers"`
}

// Function is an authorizer's code: what it says to a token. Outcomes: allow,
// allow-method (a policy for the called method alone), deny, unauthorized,
// malformed, error, not-invocable.
type Function struct {
	Tokens  map[string]string `yaml:"tokens"`
	Default string            `yaml:"default"` // of other tokens; allow where left out
}

// GatewayResponse is a customised gateway response; a zero status keeps the
// default's.
type GatewayResponse struct {
	Status    string            `yaml:"status"`
	Headers   map[string]string `yaml:"headers"`
	Templates map[string]string `yaml:"templates"` // content type → template
}

// CORS is an HTTP API's CORS configuration.
type CORS struct {
	Origins     []string `yaml:"origins" json:"allowOrigins,omitempty"`
	Methods     []string `yaml:"methods" json:"allowMethods,omitempty"`
	Headers     []string `yaml:"headers" json:"allowHeaders,omitempty"`
	Expose      []string `yaml:"expose" json:"exposeHeaders,omitempty"`
	MaxAge      int      `yaml:"max_age" json:"maxAge,omitempty"`
	Credentials bool     `yaml:"credentials" json:"allowCredentials,omitempty"`
}

// Backend is what an integration reaches. Bodies and headers are templates:
// {{uuid}}, {{now}}, {{epoch}}, {{epoch_ms}}, {{counter}}, {{random}},
// {{stage}}, {{request_id}}, {{version}}, {{var.NAME}}, {{path.NAME}},
// {{query.NAME}}, {{header.NAME}}.
type Backend struct {
	Latency Duration          `yaml:"latency"`
	Jitter  Duration          `yaml:"jitter"`
	Status  int               `yaml:"status"` // 200 where left out
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
	Routes  map[string]string `yaml:"routes"`  // route template ("GET /orders/{id}") → body in place of Body
	Shuffle bool              `yaml:"shuffle"` // top-level keys of a JSON body in random order
	Fail    *Failing          `yaml:"fail"`
	// Moves is what moves by itself in the answers, healthily; Differs is how a
	// canary or a stage really answers otherwise, amid it. Format is the form of
	// bodies that are written as JSON objects.
	Moves   []moves.Spec       `yaml:"moves"`
	Differs []moves.Difference `yaml:"differs"`
	Format  string             `yaml:"format"`
	// Pieces is in how many pieces the body is written, with a Pause between them. A
	// streamed answer passes them on as they come, any other is kept until it is whole.
	Pieces int      `yaml:"pieces"`
	Pause  Duration `yaml:"pause"`
	// Versions are the published versions behind an alias, drawn by weight.
	Versions []*Version `yaml:"versions"`
	// Gateway makes the backend another API Gateway that refuses, or fails with Status;
	// where Fail is given, it answers and fails as that says.
	Gateway bool `yaml:"nested_gateway"`

	name string // by which the world knows it
}

// Plan is what moves and differs in the backend's answers.
func (b *Backend) Plan() moves.Plan {
	return moves.Plan{Backend: b.name, Format: b.Format, Moves: b.Moves, Differs: b.Differs}
}

// Version is one version behind an alias; what it leaves out is the
// backend's.
type Version struct {
	Name    string            `yaml:"name"` // "7"
	Weight  float64           `yaml:"weight"`
	Status  int               `yaml:"status"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
	Fail    *Failing          `yaml:"fail"`
}

// Failing is how a backend fails at random.
type Failing struct {
	Rate float64 `yaml:"rate"`
	Mode string  `yaml:"mode"` // iid (default) or burst
	Mean float64 `yaml:"mean"` // mean length of a burst in requests
	// Kind: status (the application answers Status), function-error,
	// malformed, throttle, permission, timeout, network, certificate, cut (the
	// connection to the backend ends amid the body).
	Kind   string `yaml:"kind"`
	Status int    `yaml:"status"` // 500 where left out
	Body   string `yaml:"body"`
}
