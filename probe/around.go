package probe

import "time"

// What stands around APIs and decides over their answers: who may call how often,
// where a private integration leads, which version of a function an alias calls,
// and whether a canary serves anybody.

// UsagePlan limits the callers whose keys it holds.
type UsagePlan struct {
	ID     string      `json:"id"`
	Name   string      `json:"name,omitempty"`
	Limit  *RateLimit  `json:"limit,omitempty"` // nil: none of its own
	Quota  int         `json:"quota,omitempty"` // requests per Period; 0: none
	Period string      `json:"period,omitempty"`
	Stages []PlanStage `json:"stages,omitempty"`
	Keys   []PlanKey   `json:"keys,omitempty"`
}

// RateLimit is a token bucket.
type RateLimit struct {
	Rate  float64 `json:"rate"` // requests per second
	Burst int     `json:"burst"`
}

// PlanStage is a stage that a usage plan holds, with the limits of its methods
// ("/orders/GET").
type PlanStage struct {
	APIID   string               `json:"api_id"`
	Stage   string               `json:"stage"`
	Methods map[string]RateLimit `json:"methods,omitempty"`
}

// PlanKey is an API key of a usage plan; its value is never read.
type PlanKey struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Holds tells whether the plan holds a stage.
func (p *UsagePlan) Holds(api, stage string) bool { return p.StageOf(api, stage) != nil }

// StageOf is the plan's entry of a stage; nil where it holds none.
func (p *UsagePlan) StageOf(api, stage string) *PlanStage {
	for i := range p.Stages {
		if p.Stages[i].APIID == api && p.Stages[i].Stage == stage {
			return &p.Stages[i]
		}
	}
	return nil
}

// VPCLink is the way of private integrations.
type VPCLink struct {
	ID         string  `json:"id"`
	Name       string  `json:"name,omitempty"`
	Kind       APIKind `json:"kind"`
	Status     string  `json:"status,omitempty"` // AVAILABLE, PENDING, DELETING, FAILED, INACTIVE
	StatusText string  `json:"status_text,omitempty"`
}

// Alias is an alias of a function that an integration calls. Weights are the
// shares, 0 to 1, of further versions; a deployment in steps moves them.
type Alias struct {
	Function string             `json:"function"` // name or ARN, without the alias
	Name     string             `json:"name"`
	Version  string             `json:"version,omitempty"`
	Weights  map[string]float64 `json:"weights,omitempty"`
}

// CanaryTraffic is how many requests a stage and its canary served within a span
// of time, by CloudWatch's Count metric: of everybody's requests, without any log.
type CanaryTraffic struct {
	APIID  string    `json:"api_id"`
	Stage  string    `json:"stage"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Stages float64   `json:"stage_requests"`
	Canary float64   `json:"canary_requests"`
}
