package probe

import "time"

// TargetKind tells an invoke URL from a custom domain.
type TargetKind string

// The kinds of target, spelt as reports spell them.
const (
	InvokeURL    TargetKind = "invoke-url"
	CustomDomain TargetKind = "custom-domain"
)

// StageRef names a stage of an API.
type StageRef struct {
	APIID string `json:"api_id"`
	Stage string `json:"stage"`
}

// Target is one address that requests are sent to: the invoke URL of a stage,
// or a custom domain with a base path.
type Target struct {
	ID       string     `json:"id"`  // such as "abc123/prod" or "api.example.com/v1"
	URL      string     `json:"url"` // base, no slash at the end; scenario paths are appended
	Kind     TargetKind `json:"kind"`
	Region   string     `json:"region,omitempty"`
	Endpoint string     `json:"endpoint,omitempty"` // EDGE, REGIONAL, PRIVATE; "" unknown

	// Where the address leads by configuration; empty where that is unknown,
	// or where it leads nowhere (Unmapped).
	APIID        string  `json:"api_id,omitempty"`
	APIKind      APIKind `json:"api_kind,omitempty"`
	Stage        string  `json:"stage,omitempty"`
	DeploymentID string  `json:"deployment_id,omitempty"`
	Canary       *Canary `json:"canary,omitempty"`
	BasePath     string  `json:"base_path,omitempty"`
	Unmapped     string  `json:"unmapped,omitempty"` // why the address leads nowhere by configuration

	// Header is sent with every request because the address needs it, such as
	// x-apigw-api-id at a VPC endpoint's own name.
	Header []Header `json:"header,omitempty"`

	// Meant is the stage that the address is meant to serve; nil where nobody
	// said.
	Meant *StageRef `json:"meant,omitempty"`
}

// Header is one request or response header; names keep the case they were
// given in, and are compared without regard to it.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// AuthKind is how a probe authenticates.
type AuthKind string

// The ways a probe authenticates.
const (
	AuthNone   AuthKind = "none"
	AuthAPIKey AuthKind = "api_key"
	AuthBearer AuthKind = "bearer"
	AuthSigV4  AuthKind = "sigv4"
	AuthMTLS   AuthKind = "mtls"
)

// Scenario is one request that is sent again and again.
type Scenario struct {
	Name   string   `json:"name"`
	Method string   `json:"method"`
	Path   string   `json:"path"`            // begins with a slash, already escaped
	Query  string   `json:"query,omitempty"` // encoded, without the question mark
	Header []Header `json:"header,omitempty"`
	Body   []byte   `json:"body,omitempty"`
	Auth   AuthKind `json:"auth,omitempty"`

	// Route is the route template it is meant to hit, such as
	// "GET /orders/{id}"; "" where unknown.
	Route string `json:"route,omitempty"`

	Weight float64 `json:"weight,omitempty"` // 0 counts as 1
	Unsafe bool    `json:"unsafe,omitempty"` // allowed to send POST, PUT, PATCH, DELETE

	// Targets restricts it to these target ids; empty means all.
	Targets []string `json:"targets,omitempty"`

	// Timeout is the longest one request of it may take; 0: the plan's.
	Timeout time.Duration `json:"timeout,omitempty"`

	// Limit is the most requests per target, 0 for no limit. A scenario with a
	// limit confirms one fact (a route that only the editor knows, a control
	// request for the logs) and takes no part in consistency claims.
	Limit int `json:"limit,omitempty"`
	// Uncredentialed marks a route that asks for credentials which the probe
	// does not have: being refused is what is expected of it.
	Uncredentialed bool `json:"uncredentialed,omitempty"`
	// Compare and Ignore name by hand what is, and what is not, part of behaviour: JSON
	// pointers with * for a step, headers' names, regular expressions between slashes.
	Compare []string `json:"compare,omitempty"`
	Ignore  []string `json:"ignore,omitempty"`
	// Confirms says what a scenario with a limit is sent for, such as
	// "editor-only route GET /new".
	Confirms string `json:"confirms,omitempty"`
}

// Plan is what is sent, where, and how fast.
type Plan struct {
	Targets   []Target   `json:"targets"`
	Scenarios []Scenario `json:"scenarios"`

	Seed     uint64        `json:"seed"`
	Machine  string        `json:"machine,omitempty"`
	Requests int           `json:"requests"`           // budget per target
	Fixed    bool          `json:"fixed,omitempty"`    // send the whole budget
	Rate     float64       `json:"rate"`               // requests per second over all targets
	Workers  int           `json:"workers"`            // concurrent requests at most
	Timeout  time.Duration `json:"timeout"`            // of one request
	Slots    int           `json:"slots,omitempty"`    // connections per host
	HTTP     string        `json:"http,omitempty"`     // "1.1", "2", "" both drawn per connection
	MaxBody  int           `json:"max_body,omitempty"` // bytes of a body that are kept

	// Start is when the first request is due, where several machines send a part
	// each; zero where one begins by itself.
	Start time.Time `json:"start,omitzero"`
}

// Target finds a target by id; nil where there is none.
func (p *Plan) Target(id string) *Target {
	for i := range p.Targets {
		if p.Targets[i].ID == id {
			return &p.Targets[i]
		}
	}
	return nil
}

// Scenario finds a scenario by name; nil where there is none.
func (p *Plan) Scenario(name string) *Scenario {
	for i := range p.Scenarios {
		if p.Scenarios[i].Name == name {
			return &p.Scenarios[i]
		}
	}
	return nil
}

// For tells whether the scenario is sent to the target.
func (s *Scenario) For(target string) bool {
	if len(s.Targets) == 0 {
		return true
	}
	for _, t := range s.Targets {
		if t == target {
			return true
		}
	}
	return false
}
