package probe

import (
	"slices"
	"strings"
	"time"
)

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

// Limit is one limit that a request to a route has to pass, and whose it is.
type Limit struct {
	Of        string // "usage plan consumers", "method GET /orders of stage prod", "stage prod"
	UsagePlan string // its id, where it is a plan's
	Default   bool   // the stage's for every route without a limit of its own
	RateLimit
	Quota  int // requests per Period instead of a rate
	Period string
}

// Limits lists what limits requests to a route ("GET /orders") of a stage, in the
// order in which API Gateway applies them (developer guide, "How throttling limit
// settings are applied"): the usage plan's for the method and for the stage, with
// its quota, the method's own, the stage's. The account's, which comes last, is
// known to no snapshot. Without a key no usage plan applies: keyed is false.
func (s *Snapshot) Limits(api, stage, route string, keyed bool) (out []Limit) {
	method, path, _ := strings.Cut(route, " ")
	key := path + "/" + method
	for i := range s.UsagePlans {
		plan := &s.UsagePlans[i]
		held := plan.StageOf(api, stage)
		if !keyed || held == nil {
			continue
		}
		if l, ok := held.Methods[key]; ok {
			out = append(out, Limit{Of: "usage plan " + plan.name() + " for " + route, UsagePlan: plan.ID, RateLimit: l})
		} else if plan.Limit != nil {
			out = append(out, Limit{Of: "usage plan " + plan.name(), UsagePlan: plan.ID, RateLimit: *plan.Limit})
		}
		if plan.Quota > 0 {
			out = append(out, Limit{Of: "quota of usage plan " + plan.name(), UsagePlan: plan.ID, Quota: plan.Quota, Period: plan.Period})
		}
	}
	st := s.API(api).Stage(stage)
	if st == nil {
		return out
	}
	for _, own := range []struct{ key, of string }{{key, "method " + route + " of stage " + stage}, {"*/*", "stage " + stage}} {
		if m, ok := st.Methods[own.key]; ok && m.ThrottlingSet {
			return append(out, Limit{Of: own.of, Default: own.key == "*/*", RateLimit: RateLimit{Rate: m.ThrottlingRate, Burst: m.ThrottlingBurst}})
		}
	}
	return out
}

func (p *UsagePlan) name() string {
	if p.Name == "" {
		return p.ID
	}
	return p.Name
}

// Lowest is the limit with the lowest rate; nil where there is none. It is the
// first to refuse callers who come evenly.
func Lowest(limits []Limit) *Limit {
	rates := slices.DeleteFunc(slices.Clone(limits), func(l Limit) bool { return l.Quota > 0 })
	if len(rates) == 0 {
		return nil
	}
	low := slices.MinFunc(rates, func(a, b Limit) int {
		switch {
		case a.Rate < b.Rate:
			return -1
		case a.Rate > b.Rate:
			return 1
		}
		return 0
	})
	return &low
}
