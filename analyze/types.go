package analyze

import (
	"slices"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/probe/recording"
)

// ReportSchema names the report format.
const ReportSchema = "stageprobe.report/v1"

// Outcome is what a run says of behaviour.
type Outcome string

// The outcomes.
const (
	Consistent   Outcome = "consistent"
	Inconsistent Outcome = "inconsistent"
	Inconclusive Outcome = "inconclusive"
)

// Report is the whole result of a run. Every format is made from it alone.
type Report struct {
	Schema   string  `json:"schema"`
	Outcome  Outcome `json:"outcome"`
	ExitCode int     `json:"exit_code"`
	// Verdict is one sentence per finding, or the claim of consistency with
	// its bound.
	Verdict      []string        `json:"verdict"`
	Run          Run             `json:"run"`
	Targets      []Target        `json:"targets"`
	Findings     []cause.Finding `json:"findings"`
	Expectations []Expectation   `json:"expectations"`
	Steps        []Step          `json:"steps"`
	Logs         Logs            `json:"logs"`
	Notes        []string        `json:"notes"`

	// Unread says why neither configuration nor logs were read: what is reported
	// comes from the probes alone.
	Unread string `json:"unread,omitempty"`
	// NoAnswer says why no request at all got an HTTP answer.
	NoAnswer string `json:"no_answer,omitempty"`
	// Retest is the command that looks again after mending.
	Retest string `json:"retest,omitempty"`
	// Open lists questions that the run left undecided and what is missing.
	Open []Question `json:"open,omitempty"`
	// Mended lists findings of the baseline that are gone.
	Mended []cause.Finding `json:"mended,omitempty"`
	// Efficiency is that of the most expensive question, Efficiencies those of all that
	// were answered, each with the requests that had been sent when it was.
	Efficiency   *Efficiency  `json:"efficiency,omitempty"`
	Efficiencies []Efficiency `json:"efficiencies,omitempty"`

	// Wait is how far the new behaviour has come; only wait reports it.
	Wait []Convergence `json:"wait,omitempty"`

	// Config is what the configuration alone says.
	Config *Config `json:"config,omitempty"`

	// Plan is what a change would make live; only plan reports it.
	Plan *Plan `json:"plan,omitempty"`

	// Changes are what a watch announced, the oldest first; the rest of its report
	// speaks of the last window.
	Changes []Change `json:"changes,omitempty"`

	stood *recording.Stood
}

// Stood is since when the verdicts have stood, for a recording to keep.
func (rep *Report) Stood() *recording.Stood { return rep.stood }

// Target finds a target by its id; nil where the report has none of it.
func (rep *Report) Target(id string) *Target {
	if i := slices.IndexFunc(rep.Targets, func(t Target) bool { return t.ID == id }); i >= 0 {
		return &rep.Targets[i]
	}
	return nil
}

// What the causes say of a run is reported as they say it.
type (
	// Step is one of the six steps.
	Step = cause.Step
	// Question is one thing that stayed undecided.
	Question = cause.Question
	// Efficiency compares the requests used with the least that any method needs.
	Efficiency = cause.Efficiency
	// Setting is one row of the stage matrix.
	Setting = cause.Setting
)

// Run says how the numbers were obtained.
type Run struct {
	ID         string         `json:"id"`
	Started    time.Time      `json:"started"`
	Ended      time.Time      `json:"ended"`
	Seed       uint64         `json:"seed"`
	Requests   int            `json:"requests"`
	Failed     int            `json:"failed"`  // no HTTP answer
	Lost       int            `json:"lost"`    // planned, and reported by no agent
	Stopped    string         `json:"stopped"` // decided, budget, duration, interrupted
	Confidence float64        `json:"confidence"`
	Version    string         `json:"version"`
	Command    string         `json:"command,omitempty"` // the command line, without secrets
	Cost       recording.Cost `json:"cost"`
}

// Target is what one address answered.
type Target struct {
	ID           string           `json:"id"`
	URL          string           `json:"url"`
	Kind         probe.TargetKind `json:"kind"`
	AccountID    string           `json:"account_id"` // "" where it could not be read
	Region       string           `json:"region"`
	APIID        string           `json:"api_id"`
	APIName      string           `json:"api_name"`
	APIKind      probe.APIKind    `json:"api_kind"`
	Stage        string           `json:"stage"`
	DeploymentID string           `json:"deployment_id"`
	Canary       *Canary          `json:"canary"`
	Requests     int              `json:"requests"`
	Clusters     []Cluster        `json:"clusters"`
	// Moves are the fields that move by themselves and are not compared.
	Moves []behaviour.Move `json:"moves,omitempty"`

	Meant     string  `json:"meant,omitempty"` // the stage that the address is meant to serve
	LatencyMS Latency `json:"latency_ms"`
	// Timeline counts answers per cluster in equal windows of the run.
	Timeline *Timeline `json:"timeline,omitempty"`
	// Claim is the largest share of differing answers that the run does not
	// exclude, at the run's confidence; nil where a split was found.
	Claim *float64 `json:"claim,omitempty"`
	// Deviating counts the answers that differ all the same, rarer than what must be found.
	Deviating int `json:"deviating,omitempty"`
}

// Canary is a target's canary as configured and as measured.
type Canary struct {
	Percent      float64 `json:"percent"` // 0 to 100
	DeploymentID string  `json:"deployment_id"`
	// Measured is the share of requests that the logs attribute to the canary.
	Measured *cause.Interval `json:"measured,omitempty"`
}

// Cluster is one behaviour of one scenario on one target.
type Cluster struct {
	ID               string   `json:"id"`
	Kind             string   `json:"kind,omitempty"` // equal for answers alike in status, type of error, version and the like, in any run
	Scenario         string   `json:"scenario"`
	Count            int      `json:"count"`
	Share            float64  `json:"share"`
	ShareLow         float64  `json:"share_low"`
	ShareHigh        float64  `json:"share_high"`
	Status           int      `json:"status"`
	Producer         string   `json:"producer"`
	GatewayResponse  *string  `json:"gateway_response"`
	ErrorType        *string  `json:"error_type"`
	RequestIDExample string   `json:"request_id_example"`
	Served           Served   `json:"served"`
	LatencyMS        Latency  `json:"latency_ms"`
	Reference        bool     `json:"reference,omitempty"` // the usual behaviour of its scenario
	Example          *Example `json:"example,omitempty"`
	// First and Last are when the first and the last of its requests were sent.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

// Served counts which stage and which side of the canary served a cluster.
type Served struct {
	Stage   string `json:"stage"` // "" unknown, "a,b" where several
	Canary  int    `json:"canary"`
	Base    int    `json:"base"`
	Unknown int    `json:"unknown"`
}

// Example is one answer of a cluster, secrets removed.
type Example struct {
	Header []probe.Header `json:"header"`
	Body   string         `json:"body"`
	// Differs lists the fields in which it differs from the reference.
	Differs []FieldDiff `json:"differs,omitempty"`
}

// FieldDiff is one field that two behaviours do not share.
type FieldDiff struct {
	Field string `json:"field"` // header name, or JSON pointer
	Usual string `json:"usual"`
	Here  string `json:"here"`
}

// Latency is a distribution in milliseconds, from due time to last byte.
type Latency struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Timeline is who answered when.
type Timeline struct {
	WindowMS float64          `json:"window_ms"`
	Clusters map[string][]int `json:"clusters"` // "scenario/cluster id" → count per window
}

// Expectation is one expectation of a scenario file and whether it held.
type Expectation struct {
	Scenario    string `json:"scenario"`
	Target      string `json:"target"`
	Expectation string `json:"expectation"`
	Met         *bool  `json:"met"`
	Observed    string `json:"observed"`
	Single      bool   `json:"-"` // of single answers, not of shares or other targets
}

// Logs says how far the logs could be read.
type Logs struct {
	Coverage        float64        `json:"coverage"` // matched / sampled
	RequestsSampled int            `json:"requests_sampled"`
	Matched         int            `json:"matched"`
	Groups          []LogGroup     `json:"groups"`
	Note            string         `json:"note"`
	LagMS           *Latency       `json:"lag_ms,omitempty"`
	Labels          map[string]int `json:"labels,omitempty"` // canary, base, unknown, contradictory
}

// LogGroup is one group that was read.
type LogGroup struct {
	Name   string `json:"name"`
	Stage  string `json:"stage"`
	Canary bool   `json:"canary"`
	Events int    `json:"events"`
}

// Config is the configuration side of a report.
type Config struct {
	APIs    []ConfigAPI    `json:"apis"`
	Domains []ConfigDomain `json:"domains,omitempty"`
	Edits   []probe.Edit   `json:"edits,omitempty"`
}

// ConfigAPI is one API as inspect shows it.
type ConfigAPI struct {
	ID     string        `json:"id"`
	Name   string        `json:"name"`
	Kind   probe.APIKind `json:"kind"`
	Stages []ConfigStage `json:"stages"`
	// AccountID and Region are "" where they were not read.
	AccountID string `json:"account_id,omitempty"`
	Region    string `json:"region,omitempty"`
	// Matrix holds only the settings in which stages differ.
	Matrix      []Setting            `json:"matrix,omitempty"`
	Deployments []DeploymentUse      `json:"deployments,omitempty"`
	Unreadable  []string             `json:"unreadable,omitempty"`
	Pending     map[string][]Pending `json:"pending,omitempty"` // stage → differences

	EndpointTypes      []string `json:"endpoint_types,omitempty"` // EDGE, REGIONAL, PRIVATE
	DefaultEndpointOff bool     `json:"default_endpoint_off,omitempty"`
	Status             string   `json:"status,omitempty"` // where it is not AVAILABLE, such as UPDATING
	StatusText         string   `json:"status_text,omitempty"`
	IPAddressType      string   `json:"ip_address_type,omitempty"` // ipv4, dualstack
	AccessMode         string   `json:"endpoint_access_mode,omitempty"`
	Tool               string   `json:"tool,omitempty"` // that deploys it, by tags and descriptions
	// LastEdit is the last change that takes effect only with a deployment, as
	// CloudTrail tells it; nil where it does not.
	LastEdit *probe.Edit `json:"last_edit,omitempty"`
}

// ConfigStage is one stage as inspect shows it.
type ConfigStage struct {
	Name          string    `json:"name"`
	DeploymentID  string    `json:"deployment_id"`
	Deployed      time.Time `json:"deployed,omitzero"`
	Updated       time.Time `json:"updated,omitzero"`
	Canary        *Canary   `json:"canary,omitempty"`
	CanaryCreated time.Time `json:"canary_created,omitzero"`
	AutoDeploy    *bool     `json:"auto_deploy,omitempty"`
	LoggingLevel  string    `json:"logging_level,omitempty"`
	Newer         []string  `json:"newer,omitempty"` // deployments made after the one it serves

	// History says how the deployment that the stage serves lies to the last
	// edit; "" where either time is unknown.
	History     string       `json:"history,omitempty"`
	CanaryState *CanaryState `json:"canary_state,omitempty"`
	// LastDeployment is what an HTTP API says of its last automatic deployment.
	LastDeployment string `json:"last_deployment,omitempty"`
	CacheStatus    string `json:"cache_status,omitempty"` // where it is not AVAILABLE, such as FLUSH_IN_PROGRESS
	// Changes are the last ones as CloudTrail tells them, newest first, at most
	// [MostChanges].
	Changes []probe.Change `json:"changes,omitempty"`
}

// CanaryState is what the configuration tells of a canary.
type CanaryState struct {
	// State is inert (nothing can differ, or no traffic), stale (older than what
	// the stage serves), rollout (newer), variables (the same deployment with
	// other variables), all-traffic (100 %) or unknown.
	State string `json:"state"`
	Why   string `json:"why"`
	// Differs are routes and their aspects in which the canary's snapshot is
	// another than the stage's: Editor holds the canary's side.
	Differs    []Pending `json:"differs,omitempty"`
	Variables  []Setting `json:"variables,omitempty"` // overrides, under "canary" and "stage"
	Unreadable []string  `json:"unreadable,omitempty"`
}

// DeploymentUse is one deployment and who uses it.
type DeploymentUse struct {
	ID          string    `json:"id"`
	Created     time.Time `json:"created,omitzero"`
	Description string    `json:"description,omitempty"`
	UsedBy      []string  `json:"used_by,omitempty"` // "prod", "prod (canary)"
}

// Pending is one difference between the editor and a stage's snapshot.
type Pending struct {
	Subject string `json:"subject"` // "GET /orders", "gateway response DEFAULT_4XX"
	Aspect  string `json:"aspect"`  // "added", "removed", "integration.uri", …
	Editor  string `json:"editor"`
	Stage   string `json:"stage"`
	Before  string `json:"before"` // what a probe sees before a redeploy
	After   string `json:"after"`  // and after it
	Seen    string `json:"seen,omitempty"`
}

// ConfigDomain is one custom domain as inspect shows it.
type ConfigDomain struct {
	Name     string              `json:"name"`
	Mappings []probe.Mapping     `json:"mappings"`
	Rules    []probe.RoutingRule `json:"rules,omitempty"`
	Note     string              `json:"note,omitempty"`

	EndpointTypes  []string `json:"endpoint_types,omitempty"`
	SecurityPolicy string   `json:"security_policy,omitempty"` // TLS policy, such as TLS_1_2
	MutualTLS      bool     `json:"mutual_tls,omitempty"`
	RoutingMode    string   `json:"routing_mode,omitempty"`
	Status         string   `json:"status,omitempty"`
	IPAddressType  string   `json:"ip_address_type,omitempty"`
	AccessMode     string   `json:"endpoint_access_mode,omitempty"`
	// Targets are the names that DNS should lead to.
	Targets []string       `json:"targets,omitempty"`
	Changes []probe.Change `json:"changes,omitempty"` // as those of a stage
	// Paths are what the domain's paths lead to, in the order in which API
	// Gateway tries them.
	Paths []DomainPath `json:"paths,omitempty"`
}

// DomainPath is one way in which a domain leads to a stage.
type DomainPath struct {
	Path  string `json:"path"`           // "/" or "/v1", with everything below it
	When  string `json:"when,omitempty"` // the headers that a routing rule asks for
	APIID string `json:"api_id"`
	Stage string `json:"stage"`
	By    string `json:"by"`             // "mapping", or the rule with its priority
	Note  string `json:"note,omitempty"` // why it leads nowhere, or is never reached
}
