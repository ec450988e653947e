// Package world is the description of an embedded gateway as data: what is
// configured, what the backends answer, what goes wrong, and which causes are
// therefore true. A world is written in YAML; ages are relative to the start.
package world

// World is one gateway with everything around it.
type World struct {
	Name        string `yaml:"name"`
	Title       string `yaml:"title"`
	Description string `yaml:"description"`

	Region  string `yaml:"region"`  // us-east-1 where left out
	Account string `yaml:"account"` // 12 digits

	APIs       []*API               `yaml:"apis"`
	Domains    []*Domain            `yaml:"domains"`
	Backends   map[string]*Backend  `yaml:"backends"`  // by Lambda function name (with or without :alias) or first label of a host
	Functions  map[string]*Function `yaml:"functions"` // authorizer functions by name
	UsagePlans []*UsagePlan         `yaml:"usage_plans"`
	APIKeys    []*APIKey            `yaml:"api_keys"`
	Signing    Signing              `yaml:"signing"`

	Events      []*Event `yaml:"events"`
	Logs        Logs     `yaml:"logs"`
	Propagation Duration `yaml:"propagation"` // how long after a change answers may be old or new
	Control     Control  `yaml:"control"`
	Edits       []*Edit  `yaml:"edits"` // what CloudTrail knows
	// ByAddress makes the second data-plane address answer differently.
	ByAddress []*AddressOverride `yaml:"by_address"`

	// Causes is the truth. Allowed are causes that a report may name beside
	// them without being wrong.
	Causes  []Truth  `yaml:"causes"`
	Allowed []string `yaml:"allowed"`
	Check   Check    `yaml:"check"`
}

// Truth is one cause that holds in a world.
type Truth struct {
	Cause   string   `yaml:"cause" json:"cause"`
	Targets []string `yaml:"targets" json:"targets,omitempty"` // "api/stage" or a domain
	// WithoutLogs are the causes that may stand in its place when logs are off.
	WithoutLogs []string `yaml:"without_logs" json:"without_logs,omitempty"`
}

// Check is how the world is checked: arguments of the command, and a scenario
// file where one is needed.
type Check struct {
	Args      []string `yaml:"args"`
	Scenarios string   `yaml:"scenarios"`
	// Rate is how many requests per second still show what the world is about,
	// where more would end before its clocks have moved; 0 for any.
	Rate float64 `yaml:"rate"`
}

// API is a REST or HTTP API.
type API struct {
	ID              string   `yaml:"id"` // may hold {n} under Repeat
	Name            string   `yaml:"name"`
	Kind            string   `yaml:"kind"`     // REST (default) or HTTP
	Endpoint        string   `yaml:"endpoint"` // REGIONAL (default), EDGE, PRIVATE
	DefaultDisabled bool     `yaml:"disable_default_endpoint"`
	Age             Duration `yaml:"age"`
	Repeat          int      `yaml:"repeat"` // so many copies, {n} counted from 1

	Definitions map[string]*Definition `yaml:"definitions"`
	Editor      string                 `yaml:"editor"` // the newest deployment's definition where left out
	Deployments []*Deployment          `yaml:"deployments"`
	Stages      map[string]*Stage      `yaml:"stages"`
}

// Deployment is a frozen definition.
type Deployment struct {
	ID          string   `yaml:"id"`
	Definition  string   `yaml:"definition"`
	Age         Duration `yaml:"age"`
	Description string   `yaml:"description"`
	// HTTP APIs: PENDING, FAILED, DEPLOYED (default), with the status text.
	Status     string `yaml:"status"`
	StatusText string `yaml:"status_text"`
	Auto       bool   `yaml:"auto"`
}

// Stage is a named stage.
type Stage struct {
	Deployment  string                    `yaml:"deployment"` // the last listed where left out
	Description string                    `yaml:"description"`
	Canary      *Canary                   `yaml:"canary"`
	Variables   map[string]string         `yaml:"variables"`
	Logging     string                    `yaml:"logging"` // OFF, ERROR, INFO (default for REST)
	DataTrace   bool                      `yaml:"data_trace"`
	Methods     map[string]*MethodSetting `yaml:"methods"` // "*/*" or "/orders/GET"
	AccessLog   *AccessLog                `yaml:"access_log"`

	CacheCluster bool    `yaml:"cache_cluster"`
	CacheSize    string  `yaml:"cache_size"`
	Tracing      bool    `yaml:"tracing"`
	WAF          *WAF    `yaml:"waf"`
	ClientCert   string  `yaml:"client_cert"`
	AutoDeploy   bool    `yaml:"auto_deploy"`
	DeployStatus *string `yaml:"deploy_status"` // HTTP APIs: lastDeploymentStatusMessage

	Age     Duration `yaml:"age"`
	Updated Duration `yaml:"updated"` // age of the last change; Age where left out
}

// Canary is a stage's canarySettings.
type Canary struct {
	Percent       float64           `yaml:"percent"`
	Deployment    string            `yaml:"deployment"`
	Variables     map[string]string `yaml:"variables"`
	UseStageCache bool              `yaml:"use_stage_cache"`
}

// MethodSetting is the stage's setting of one method or of all ("*/*").
type MethodSetting struct {
	Logging   string   `yaml:"logging" json:"logging"`
	DataTrace bool     `yaml:"data_trace" json:"data_trace"`
	Metrics   bool     `yaml:"metrics" json:"metrics"`
	Rate      *float64 `yaml:"rate" json:"rate"` // requests per second
	Burst     *int     `yaml:"burst" json:"burst"`
	Caching   bool     `yaml:"caching" json:"caching"`
	TTL       *int     `yaml:"ttl" json:"ttl"` // seconds, 300 where left out
	Encrypted bool     `yaml:"encrypted" json:"encrypted"`
}

// AccessLog is where a stage writes its access log. Format may be one of the
// names in [Formats].
type AccessLog struct {
	Group  string `yaml:"group"` // log group name, or an ARN
	Format string `yaml:"format"`
}

// WAF is a web ACL; it blocks requests that carry the header, or all.
type WAF struct {
	ACL    string `yaml:"acl"`
	Header string `yaml:"header"`
	All    bool   `yaml:"all"`
	// Rate is after how many requests of a client a rate rule blocks all others; 0: none.
	Rate int `yaml:"rate"`
	Body int `yaml:"body"` // the longest body in bytes that a size rule lets through; 0: any
	// Action of the rules: block where left out, captcha or challenge.
	Action string `yaml:"action"`
}

// Domain is a custom domain name.
type Domain struct {
	Name        string     `yaml:"name"`
	Endpoint    string     `yaml:"endpoint"` // REGIONAL (default) or EDGE
	Policy      string     `yaml:"security_policy"`
	MutualTLS   bool       `yaml:"mutual_tls"`
	RoutingMode string     `yaml:"routing_mode"`
	Mappings    []*Mapping `yaml:"mappings"`
	Rules       []*Rule    `yaml:"rules"`
	Front       *Front     `yaml:"front"`
}

// Front is a CDN of somebody's own before a domain.
type Front struct {
	Hits float64  `yaml:"hits"` // share of GET requests that a kept copy answers, where there is one
	TTL  Duration `yaml:"ttl"`  // how long a copy is kept; a day where left out
	// Holds is the deployment whose answers the copies are, made before the start;
	// where left out a copy is what was answered last.
	Holds string `yaml:"holds"`
	// StagingPercent of the requests go through a staging distribution, whose origin
	// is the stage Staging ("api/stage").
	StagingPercent float64 `yaml:"staging_percent"`
	Staging        string  `yaml:"staging"`
}

// Mapping leads a base path ("" is the root) to a stage.
type Mapping struct {
	ID    string `yaml:"id"`
	Path  string `yaml:"path"`
	API   string `yaml:"api"`
	Stage string `yaml:"stage"`
}

// Rule is a routing rule; the lowest priority number wins.
type Rule struct {
	ID       string            `yaml:"id"`
	Priority int               `yaml:"priority"`
	Headers  map[string]string `yaml:"headers"` // name → glob
	Paths    []string          `yaml:"paths"`
	API      string            `yaml:"api"`
	Stage    string            `yaml:"stage"`
	Strip    bool              `yaml:"strip"`
}

// UsagePlan limits the callers whose keys it lists.
type UsagePlan struct {
	ID     string   `yaml:"id"`
	Name   string   `yaml:"name"`
	Stages []string `yaml:"stages"` // "api/stage"
	Keys   []string `yaml:"keys"`   // ids of API keys
	Rate   float64  `yaml:"rate"`   // 0: no limit
	Burst  int      `yaml:"burst"`
	Quota  int      `yaml:"quota"` // 0: no limit
	Period string   `yaml:"period"`
}

// APIKey is a caller's key.
type APIKey struct {
	ID       string `yaml:"id"`
	Name     string `yaml:"name"`
	Value    string `yaml:"value"`
	Disabled bool   `yaml:"disabled"`
}

// Signing lists the access key ids that callers of IAM methods may use, and
// the session tokens that have expired.
type Signing struct {
	Keys    []string `yaml:"keys"`
	Expired []string `yaml:"expired_tokens"`
	// Broken are access key ids whose signatures never match.
	Broken []string `yaml:"broken"`
}

// Event is a change that happens after so many data-plane requests or so long
// after the start. Stage, Domain, Backend or Function names what changes.
type Event struct {
	AfterRequests int      `yaml:"after_requests"`
	After         Duration `yaml:"after"`

	Stage        string            `yaml:"stage"` // "api/stage"
	Deployment   string            `yaml:"deployment"`
	Canary       *Canary           `yaml:"canary"`
	RemoveCanary bool              `yaml:"remove_canary"`
	Variables    map[string]string `yaml:"variables"`

	Domain string `yaml:"domain"`
	Path   string `yaml:"path"`
	Target string `yaml:"target"` // "api/stage"; "" removes the mapping

	Backend string   `yaml:"backend"`
	Become  *Backend `yaml:"become"`

	Function string `yaml:"function"` // an authorizer's, which from then on says Outcome to all tokens
	Outcome  string `yaml:"outcome"`
}

// Logs is how the log service delivers.
type Logs struct {
	Off    bool                `yaml:"off"` // the account's logging role is missing: nothing is ever logged
	Delay  *Duration           `yaml:"delay"`
	Jitter Duration            `yaml:"jitter"`
	Loss   float64             `yaml:"loss"`
	Groups map[string]Delivery `yaml:"groups"` // by group name, overriding the above
	Empty  int                 `yaml:"empty_pages"`
	// Retention is how long lines are kept; an hour where left out, so that a gateway that
	// runs for days does not grow.
	Retention Duration `yaml:"retention"`
}

// Delivery is how one log group delivers.
type Delivery struct {
	Delay  Duration `yaml:"delay"`
	Jitter Duration `yaml:"jitter"`
	Loss   float64  `yaml:"loss"`
	Class  string   `yaml:"class"` // logGroupClass: STANDARD where left out, INFREQUENT_ACCESS, DELIVERY
}

// Control is how the control plane misbehaves. Denied lists operations:
// "GetExport" (REST), "v2:GetRoutes", "logs:FilterLogEvents",
// "cloudtrail:LookupEvents".
type Control struct {
	Denied []string `yaml:"denied"`
	Quota  bool     `yaml:"quota"` // 10 requests per second, burst 40; GetResources 5 per 2 s
	// TrailReads are reads that CloudTrail recorded after every write, as refreshes of
	// a deployment tool make them by the hundred.
	TrailReads int `yaml:"trail_reads"`

	// Also holds members that answers carry beside the modelled ones, by what they are
	// of: "api/ID", "stage/ID/NAME", "domain/NAME", "authorizer/NAME", and
	// "exported/NAME" for an authorizer in exports. So a world serves what the service
	// has and the SDK does not know.
	Also     map[string]map[string]any `yaml:"also"`
	VPCLinks []*VPCLink                `yaml:"vpc_links"`
	Aliases  []*Alias                  `yaml:"aliases"`
	// Counts are what CloudWatch counts, by "{API name}/{stage}"; a canary's stage is
	// "prod/Canary".
	Counts map[string]float64 `yaml:"counts"`
}

// VPCLink is the way of private integrations.
type VPCLink struct {
	ID      string `yaml:"id"`
	Name    string `yaml:"name"`
	Status  string `yaml:"status"`
	Message string `yaml:"message"`
}

// Alias is an alias of a Lambda function with the weights of further versions.
type Alias struct {
	Function string             `yaml:"function"`
	Name     string             `yaml:"name"`
	Version  string             `yaml:"version"`
	Weights  map[string]float64 `yaml:"weights"`
}

// Edit is one change as CloudTrail recorded it.
type Edit struct {
	API   string   `yaml:"api"`
	Event string   `yaml:"event"`
	Who   string   `yaml:"who"`
	Age   Duration `yaml:"age"`
	// What CloudTrail tells beside it.
	Stage  string `yaml:"stage"`
	Domain string `yaml:"domain"`
	Agent  string `yaml:"agent"` // userAgent
	Error  string `yaml:"error"` // errorCode of a write that was refused
}

// AddressOverride makes one stage serve another deployment at the second
// data-plane address.
type AddressOverride struct {
	Stage      string            `yaml:"stage"` // "api/stage"
	Deployment string            `yaml:"deployment"`
	Variables  map[string]string `yaml:"variables"`
}
