package probe

// Definition is an API's definition in one canonical form, whichever call it
// was read through: the editor's resources, an export of a stage, or the route
// summary of a deployment. Two Definitions are compared field by field; what a
// source cannot tell is named in Unknown and is never taken for equal.
type Definition struct {
	Source string `json:"source"` // GetResources, GetExport, apisummary, ExportApi, GetRoutes

	// Routes by key: "GET /orders/{id}", "ANY /{proxy+}", and for HTTP APIs
	// also "$default".
	Routes map[string]Route `json:"routes,omitempty"`

	Authorizers      map[string]Authorizer      `json:"authorizers,omitempty"` // by name
	GatewayResponses map[string]GatewayResponse `json:"gateway_responses,omitempty"`
	Models           map[string]string          `json:"models,omitempty"` // name → canonical JSON of the schema
	CORS             string                     `json:"cors,omitempty"`   // HTTP APIs: canonical JSON
	Policy           string                     `json:"policy,omitempty"` // resource policy, canonical JSON
	BinaryTypes      []string                   `json:"binary_types,omitempty"`
	APIKeySource     string                     `json:"api_key_source,omitempty"` // AUTHORIZER; "" is HEADER, the default

	// Unknown lists aspects that this source does not tell, as the dotted
	// names that differences use: "integration", "models", "gateway_responses".
	Unknown []string `json:"unknown,omitempty"`
}

// DeploymentSummary is the Source of what GetDeployment alone tells.
const DeploymentSummary = "apisummary"

// Route is one method of one resource, or one route of an HTTP API.
type Route struct {
	Authorization  string            `json:"authorization,omitempty"` // NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS, JWT (of both kinds of API)
	Authorizer     string            `json:"authorizer,omitempty"`    // its name
	Scopes         []string          `json:"scopes,omitempty"`
	APIKeyRequired bool              `json:"api_key_required,omitempty"`
	Validator      string            `json:"validator,omitempty"`  // "body", "params", "body,params"
	Parameters     map[string]bool   `json:"parameters,omitempty"` // "query.limit", "header.x", "path.id" → required
	RequestModels  map[string]string `json:"request_models,omitempty"`
	Responses      map[string]string `json:"responses,omitempty"` // status → canonical JSON
	Integration    Integration       `json:"integration,omitzero"`
	OperationName  string            `json:"operation_name,omitempty"`
}

// Integration is what a route calls.
type Integration struct {
	Type               string            `json:"type,omitempty"` // AWS, AWS_PROXY, HTTP, HTTP_PROXY, MOCK
	Method             string            `json:"method,omitempty"`
	URI                string            `json:"uri,omitempty"` // may hold ${stageVariables.x}
	Credentials        string            `json:"credentials,omitempty"`
	ConnectionType     string            `json:"connection_type,omitempty"`
	ConnectionID       string            `json:"connection_id,omitempty"`
	TimeoutMS          int               `json:"timeout_ms,omitempty"`
	Passthrough        string            `json:"passthrough,omitempty"`
	ContentHandling    string            `json:"content_handling,omitempty"`
	PayloadVersion     string            `json:"payload_version,omitempty"`
	RequestParameters  map[string]string `json:"request_parameters,omitempty"`
	RequestTemplates   map[string]string `json:"request_templates,omitempty"`
	Responses          map[string]string `json:"responses,omitempty"` // selection pattern → canonical JSON
	CacheKeyParameters []string          `json:"cache_key_parameters,omitempty"`
	CacheNamespace     string            `json:"-"`
	TLSInsecure        bool              `json:"tls_insecure,omitempty"`    // tlsConfig.insecureSkipVerification
	TLSServerName      string            `json:"tls_server_name,omitempty"` // tlsConfig.serverNameToVerify, HTTP APIs
	TransferMode       string            `json:"transfer_mode,omitempty"`   // STREAM; "" is BUFFERED, the default
	Target             string            `json:"target,omitempty"`          // integrationTarget: the ALB behind a VPC link
	Subtype            string            `json:"subtype,omitempty"`         // HTTP APIs: first-class services, such as SQS-SendMessage
	Other              map[string]string `json:"other,omitempty"`           // as of [Authorizer]
}

// Authorizer is a Lambda, Cognito or JWT authorizer.
type Authorizer struct {
	ID             string   `json:"id,omitempty"` // not compared: an export does not hold it
	Type           string   `json:"type,omitempty"`
	URI            string   `json:"uri,omitempty"`
	IdentitySource string   `json:"identity_source,omitempty"`
	Validation     string   `json:"validation,omitempty"`
	TTL            *int     `json:"ttl,omitempty"` // seconds; nil where the source does not say
	Providers      []string `json:"providers,omitempty"`
	Issuer         string   `json:"issuer,omitempty"`
	Audience       []string `json:"audience,omitempty"`

	Credentials     string `json:"credentials,omitempty"` // role that calls it
	PayloadVersion  string `json:"payload_version,omitempty"`
	SimpleResponses bool   `json:"simple_responses,omitempty"`

	// Other holds the members that the SDK does not know, as canonical JSON: of an
	// export, all that are not read above.
	Other map[string]string `json:"other,omitempty"`
}

// GatewayResponse is a customised gateway response.
type GatewayResponse struct {
	Status     string            `json:"status,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Templates  map[string]string `json:"templates,omitempty"`
}
