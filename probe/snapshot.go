package probe

import (
	"slices"
	"time"
)

// APIKind tells the two request-response API types of API Gateway apart.
type APIKind string

// The kinds of API, spelt as reports spell them.
const (
	REST APIKind = "REST"
	HTTP APIKind = "HTTP"
)

// DefaultStage is the stage of an HTTP API that is reached without a stage
// segment in the path.
const DefaultStage = "$default"

// Snapshot is the configuration as the control plane told it at one moment.
// What could not be read stands in Gaps, so that nothing unread is ever taken
// for absent.
type Snapshot struct {
	Region  string    `json:"region,omitempty"`
	Taken   time.Time `json:"taken"`
	APIs    []API     `json:"apis,omitempty"`
	Domains []Domain  `json:"domains,omitempty"`
	Edits   []Edit    `json:"edits,omitempty"`
	History *History  `json:"history,omitempty"` // nil where it was not asked for

	UsagePlans []UsagePlan     `json:"usage_plans,omitempty"` // that hold a stage of the APIs, where a route asks for a key
	VPCLinks   []VPCLink       `json:"vpc_links,omitempty"`   // that integrations name
	Aliases    []Alias         `json:"aliases,omitempty"`     // that integrations name
	Traffic    []CanaryTraffic `json:"traffic,omitempty"`     // of stages with a canary
	Names      []Name          `json:"names,omitempty"`       // what resolvers say of custom domains, and of where they should lead
	Gaps       []Gap           `json:"gaps,omitempty"`
}

// Gap is one thing that could not be read.
type Gap struct {
	Operation string `json:"operation"`        // the SDK operation, such as GetStages
	Subject   string `json:"subject"`          // what it was asked of, such as "API abc123", for a reader
	Action    string `json:"action,omitempty"` // the IAM action that is missing, such as apigateway:GET
	Resource  string `json:"resource,omitempty"`
	Err       string `json:"err"`
	Reason    string `json:"reason,omitempty"` // why, as package inventory names reasons
	Costs     string `json:"costs"`            // what the report cannot say because of it

	GapOf
}

// GapOf is what an operation was asked of, for programs; "" where it is of no such thing.
type GapOf struct {
	APIID      string `json:"api_id,omitempty"`
	Stage      string `json:"stage,omitempty"`
	Deployment string `json:"deployment,omitempty"`
	Domain     string `json:"domain,omitempty"`
}

// API is one REST or HTTP API.
type API struct {
	ID                 string            `json:"id"`
	Name               string            `json:"name,omitempty"`
	Kind               APIKind           `json:"kind"`
	AccountID          string            `json:"account_id,omitempty"` // 12 digits; "" where unread
	Region             string            `json:"region,omitempty"`
	EndpointTypes      []string          `json:"endpoint_types,omitempty"` // EDGE, REGIONAL, PRIVATE
	DefaultEndpointOff bool              `json:"default_endpoint_off,omitempty"`
	IPAddressType      string            `json:"ip_address_type,omitempty"`      // ipv4, dualstack
	AccessMode         string            `json:"endpoint_access_mode,omitempty"` // BASIC, STRICT
	SecurityPolicy     string            `json:"security_policy,omitempty"`
	Status             string            `json:"status,omitempty"` // AVAILABLE, UPDATING, PENDING, FAILED
	StatusText         string            `json:"status_text,omitempty"`
	Tags               map[string]string `json:"tags,omitempty"`
	// Other holds the members of the answer that the SDK does not know, as JSON: what
	// they do is not known either, and nothing is concluded from their likeness.
	Other                  map[string]string `json:"other,omitempty"`
	Created                time.Time         `json:"created,omitzero"`
	Stages                 []Stage           `json:"stages,omitempty"`
	Deployments            []Deployment      `json:"deployments,omitempty"` // newest first
	Editor                 *Definition       `json:"editor,omitempty"`      // what the console shows; nil where unread
	MinimumCompressionSize *int              `json:"minimum_compression_size,omitempty"`
}

// Stage is a named stage with what it serves and how.
type Stage struct {
	Name         string            `json:"name"`
	DeploymentID string            `json:"deployment_id,omitempty"`
	Canary       *Canary           `json:"canary,omitempty"`
	Variables    map[string]string `json:"variables,omitempty"`
	Created      time.Time         `json:"created,omitzero"`
	Updated      time.Time         `json:"updated,omitzero"`

	// Methods maps "*/*" or "{resource path}/{METHOD}" to its settings.
	Methods map[string]MethodSettings `json:"methods,omitempty"`

	AccessLog     AccessLog         `json:"access_log,omitzero"`
	CacheCluster  bool              `json:"cache_cluster,omitempty"`
	CacheSize     string            `json:"cache_size,omitempty"`
	CacheStatus   string            `json:"cache_status,omitempty"` // cacheClusterStatus, such as FLUSH_IN_PROGRESS
	Managed       bool              `json:"managed,omitempty"`      // apiGatewayManaged: it cannot be changed
	Tags          map[string]string `json:"tags,omitempty"`
	Other         map[string]string `json:"other,omitempty"` // as of [API]
	Tracing       bool              `json:"tracing,omitempty"`
	WebACL        string            `json:"web_acl,omitempty"`
	ClientCert    string            `json:"client_cert,omitempty"`
	Documentation string            `json:"documentation,omitempty"`

	// HTTP APIs only.
	AutoDeploy              bool   `json:"auto_deploy,omitempty"`
	LastDeploymentStatus    string `json:"last_deployment_status,omitempty"`
	LastDeploymentSucceeded *bool  `json:"last_deployment_succeeded,omitempty"`

	// Deployed is the snapshot that the stage's own deployment serves, as
	// exported; nil where unread. CanaryDeployed is the canary's, as far as
	// GetDeployment's apisummary tells it (routes, authorization, key).
	Deployed       *Definition `json:"deployed,omitempty"`
	CanaryDeployed *Definition `json:"canary_deployed,omitempty"`
}

// LoggingLevel is the highest level of any of the stage's methods; "" where the
// settings do not say.
func (s *Stage) LoggingLevel() string {
	level := ""
	for _, m := range s.Methods {
		if m.LoggingLevel == "INFO" || level == "" || (m.LoggingLevel == "ERROR" && level == "OFF") {
			level = m.LoggingLevel
		}
	}
	return level
}

// InForce are the settings for a method, its own or those of all, by its key in
// Methods.
func (s *Stage) InForce(method string) MethodSettings {
	if own, ok := s.Methods[method]; ok {
		return own
	}
	return s.Methods["*/*"]
}

// Canary is a stage's canarySettings (REST APIs only).
type Canary struct {
	Percent       float64           `json:"percent"` // 0 to 100
	DeploymentID  string            `json:"deployment_id,omitempty"`
	Variables     map[string]string `json:"variables,omitempty"` // overrides, merged over the stage's
	UseStageCache bool              `json:"use_stage_cache,omitempty"`
}

// AccessLog is where and in which format a stage writes its access log.
type AccessLog struct {
	Destination string `json:"destination,omitempty"` // ARN of a log group, or of a Firehose
	Format      string `json:"format,omitempty"`
}

// MethodSettings are the stage's settings for one method or for all ("*/*").
type MethodSettings struct {
	LoggingLevel    string  `json:"logging_level,omitempty"` // OFF, ERROR, INFO
	DataTrace       bool    `json:"data_trace,omitempty"`
	Metrics         bool    `json:"metrics,omitempty"`
	ThrottlingRate  float64 `json:"throttling_rate,omitempty"`
	ThrottlingBurst int     `json:"throttling_burst,omitempty"`
	// ThrottlingSet tells a limit of 0 from none.
	ThrottlingSet  bool `json:"throttling_set,omitempty"`
	Caching        bool `json:"caching,omitempty"`
	CacheTTL       int  `json:"cache_ttl,omitempty"` // seconds
	CacheEncrypted bool `json:"cache_encrypted,omitempty"`
}

// Deployment is one frozen snapshot of an API.
type Deployment struct {
	ID          string    `json:"id"`
	Created     time.Time `json:"created,omitzero"`
	Description string    `json:"description,omitempty"`
	Status      string    `json:"status,omitempty"` // HTTP APIs: PENDING, FAILED, DEPLOYED
	StatusText  string    `json:"status_text,omitempty"`
	AutoDeploy  bool      `json:"auto_deploy,omitempty"`
}

// Domain is a custom domain name with what its paths lead to.
type Domain struct {
	Name           string        `json:"name"`
	EndpointTypes  []string      `json:"endpoint_types,omitempty"`
	SecurityPolicy string        `json:"security_policy,omitempty"`
	MutualTLS      bool          `json:"mutual_tls,omitempty"`
	RoutingMode    string        `json:"routing_mode,omitempty"`
	Status         string        `json:"status,omitempty"`
	StatusText     string        `json:"status_text,omitempty"`
	IPAddressType  string        `json:"ip_address_type,omitempty"`
	AccessMode     string        `json:"endpoint_access_mode,omitempty"`
	Targets        []string      `json:"targets,omitempty"` // the names that DNS should lead to: regionalDomainName, distributionDomainName
	Mappings       []Mapping     `json:"mappings,omitempty"`
	Rules          []RoutingRule `json:"rules,omitempty"` // lowest priority number first
}

// Mapping leads a base path of a domain to a stage: a base path mapping (v1)
// or an API mapping (v2).
type Mapping struct {
	ID       string `json:"id,omitempty"`        // v2 only
	BasePath string `json:"base_path,omitempty"` // without slashes around it; "" is (none)
	APIID    string `json:"api_id"`
	Stage    string `json:"stage"`
}

// RoutingRule is one rule of a REST custom domain (June 2025). Rules are
// evaluated before mappings; the lowest priority number wins.
type RoutingRule struct {
	ID            string        `json:"id,omitempty"`
	Priority      int           `json:"priority"`
	Headers       []HeaderMatch `json:"headers,omitempty"`    // all of them
	BasePaths     []string      `json:"base_paths,omitempty"` // any of them
	APIID         string        `json:"api_id"`
	Stage         string        `json:"stage"`
	StripBasePath bool          `json:"strip_base_path,omitempty"`
}

// HeaderMatch is a header condition; Glob may hold * at either end.
type HeaderMatch struct {
	Name string `json:"name"`
	Glob string `json:"glob"`
}

// Edit is the last change of an API's definition, from CloudTrail.
type Edit struct {
	APIID string    `json:"api_id"`
	Event string    `json:"event"` // such as PutIntegration
	Who   string    `json:"who,omitempty"`
	At    time.Time `json:"at"`
}

// Keep puts a history into the snapshot: what concerns its APIs and domains.
func (s *Snapshot) Keep(h *History) {
	concerns := func(c Change) bool { return s.API(c.APIID) != nil || s.Domain(c.Domain) != nil }
	h.Changes = slices.DeleteFunc(h.Changes, func(c Change) bool { return !concerns(c) })
	h.Refused = slices.DeleteFunc(h.Refused, func(c Change) bool { return !concerns(c) })
	s.History, s.Edits = h, h.Edits()
}

// API finds an API by id; nil where there is none.
func (s *Snapshot) API(id string) *API {
	if s == nil {
		return nil
	}
	for i := range s.APIs {
		if s.APIs[i].ID == id {
			return &s.APIs[i]
		}
	}
	return nil
}

// Domain finds a custom domain by name; nil where there is none.
func (s *Snapshot) Domain(name string) *Domain {
	if s == nil {
		return nil
	}
	for i := range s.Domains {
		if s.Domains[i].Name == name {
			return &s.Domains[i]
		}
	}
	return nil
}

// Stage finds a stage by name; nil where there is none.
func (a *API) Stage(name string) *Stage {
	if a == nil {
		return nil
	}
	for i := range a.Stages {
		if a.Stages[i].Name == name {
			return &a.Stages[i]
		}
	}
	return nil
}

// Deployment finds a deployment by id; nil where there is none.
func (a *API) Deployment(id string) *Deployment {
	if a == nil {
		return nil
	}
	for i := range a.Deployments {
		if a.Deployments[i].ID == id {
			return &a.Deployments[i]
		}
	}
	return nil
}
