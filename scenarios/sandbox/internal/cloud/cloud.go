// Package cloud is the state of an embedded gateway: APIs, frozen deployments,
// stages, domains, and what happens to them while it runs. The control plane
// changes it, the data plane reads it.
package cloud

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"stageprobe/scenarios/sandbox/internal/world"
)

// Cloud is everything that the control plane can read and change. Take Lock to
// change it and RLock to read it. Definitions, stages and mappings are never
// changed in place: a change puts a new value in, so that what a reader took
// out under the lock stays whole after it.
type Cloud struct {
	sync.RWMutex

	World     *world.World
	Region    string
	Account   string
	Partition string
	Started   time.Time
	Now       func() time.Time

	APIs    map[string]*API
	Domains map[string]*Domain
	// Trail is what CloudTrail knows, oldest first.
	Trail []Edit

	// Functions are the authorizers' by name, UsagePlans the plans as they are now.
	Functions  map[string]*world.Function
	UsagePlans []*world.UsagePlan

	backends map[string]*world.Backend
	pending  []*world.Event
	requests int
	ids      int

	// OnDeploy is told, under the lock, of every stage that got a deployment.
	OnDeploy func(api *API, stage *Stage)
}

// API is a REST or HTTP API.
type API struct {
	ID              string
	Name            string
	Description     string
	Kind            string
	Endpoint        string
	DefaultDisabled bool
	Created         time.Time
	Editor          *world.Definition
	Deployments     []*Deployment // oldest first
	Stages          map[string]*Stage
}

// Deployment is a frozen definition.
type Deployment struct {
	ID          string
	Description string
	Created     time.Time
	Definition  *world.Definition
	Status      string
	StatusText  string
	Auto        bool
}

// Stage is a stage at one moment.
type Stage struct {
	Name         string
	Description  string
	DeploymentID string
	Canary       *world.Canary
	Variables    map[string]string
	Methods      map[string]*world.MethodSetting
	AccessLog    *world.AccessLog
	CacheCluster bool
	CacheSize    string
	Tracing      bool
	WAF          *world.WAF
	ClientCert   string
	AutoDeploy   bool
	DeployStatus string
	Created      time.Time
	Updated      time.Time

	// CacheFlushed and AuthorizersFlushed are when the caches were last
	// emptied.
	CacheFlushed, AuthorizersFlushed time.Time

	previous *Stage // what answers may still come from while a change spreads
}

// Domain is a custom domain name.
type Domain struct {
	world.Domain
	Created time.Time
}

// Edit is one recorded change.
type Edit struct {
	ID    string
	API   string
	Event string
	Who   string
	At    time.Time

	Stage, Domain, Agent, Error string
}

// New makes the state that a world describes.
func New(w *world.World, now func() time.Time) *Cloud {
	c := &Cloud{
		World: w, Region: w.Region, Account: w.Account, Partition: world.Partition(w.Region),
		Started: now(), Now: now,
		APIs: map[string]*API{}, Domains: map[string]*Domain{},
		Functions: maps.Clone(w.Functions), UsagePlans: slices.Clone(w.UsagePlans),
		backends: maps.Clone(w.Backends), pending: slices.Clone(w.Events),
	}
	if c.backends == nil {
		c.backends = map[string]*world.Backend{}
	}
	for _, a := range w.APIs {
		c.APIs[a.ID] = c.newAPI(a)
	}
	for _, d := range w.Domains {
		c.Domains[d.Name] = c.newDomain(d)
	}
	for _, e := range w.Edits {
		c.Trail = append(c.Trail, Edit{
			ID: c.NewID("edit"), API: e.API, Event: e.Event, Who: e.Who, At: c.ago(e.Age),
			Stage: e.Stage, Domain: e.Domain, Agent: e.Agent, Error: e.Error,
		})
	}
	slices.SortStableFunc(c.Trail, func(a, b Edit) int { return a.At.Compare(b.At) })
	return c
}

func (c *Cloud) ago(d world.Duration) time.Time { return c.Started.Add(-d.Std()).Truncate(time.Second) }

func (c *Cloud) newAPI(a *world.API) *API {
	api := &API{
		ID: a.ID, Name: a.Name, Kind: a.Kind, Endpoint: a.Endpoint, DefaultDisabled: a.DefaultDisabled,
		Created: c.ago(a.Age), Editor: a.Definitions[a.Editor], Stages: map[string]*Stage{},
	}
	if api.Editor == nil {
		api.Editor = &world.Definition{}
	}
	for _, d := range a.Deployments {
		api.Deployments = append(api.Deployments, &Deployment{
			ID: d.ID, Description: d.Description, Created: c.ago(d.Age), Definition: a.Definitions[d.Definition],
			Status: orDefault(d.Status, "DEPLOYED"), StatusText: d.StatusText, Auto: d.Auto,
		})
	}
	slices.SortStableFunc(api.Deployments, func(x, y *Deployment) int { return x.Created.Compare(y.Created) })
	for name, s := range a.Stages {
		api.Stages[name] = c.newStage(name, s)
	}
	return api
}

func (c *Cloud) newStage(name string, s *world.Stage) *Stage {
	stage := &Stage{
		Name: name, Description: s.Description, DeploymentID: s.Deployment, Canary: s.Canary, Variables: s.Variables,
		Methods: s.Methods, AccessLog: s.AccessLog, CacheCluster: s.CacheCluster, CacheSize: orDefault(s.CacheSize, "0.5"),
		Tracing: s.Tracing, WAF: s.WAF, ClientCert: s.ClientCert, AutoDeploy: s.AutoDeploy,
		Created: c.ago(s.Age), Updated: c.ago(s.Updated),
	}
	stage.DeployStatus = DeployedStatus(s.Deployment)
	if s.DeployStatus != nil {
		stage.DeployStatus = *s.DeployStatus
	}
	return stage
}

// DeployedStatus is the message of an HTTP API's stage after a deployment.
func DeployedStatus(deployment string) string {
	return "Successfully deployed stage with deployment ID '" + deployment + "'"
}

func (c *Cloud) newDomain(d *world.Domain) *Domain {
	domain := &Domain{Domain: *d, Created: c.Started.Add(-400 * 24 * time.Hour).Truncate(time.Second)}
	domain.Mappings = nil
	for _, m := range d.Mappings {
		filled := *m
		filled.ID = orDefault(m.ID, world.ShortID("mapping", d.Name, m.Path)[:6])
		domain.Mappings = append(domain.Mappings, &filled)
	}
	domain.Rules = nil
	for _, r := range d.Rules {
		filled := *r
		filled.ID = orDefault(r.ID, world.ShortID("rule", d.Name, r.API, r.Stage)[:10])
		domain.Rules = append(domain.Rules, &filled)
	}
	slices.SortStableFunc(domain.Rules, func(a, b *world.Rule) int { return a.Priority - b.Priority })
	return domain
}

func orDefault(v, fallback string) string {
	if v == "" {
		return fallback
	}
	return v
}

// NewID makes the next id of a kind; the n-th id is the same in every run.
func (c *Cloud) NewID(kind string) string {
	c.ids++
	return world.ShortID(kind, string(rune(c.ids)))[:6]
}

// Deployment finds a deployment of an API; nil where there is none.
func (a *API) Deployment(id string) *Deployment {
	for _, d := range a.Deployments {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// StageARN is the ARN of a stage, as CloudTrail and access rights name it.
func (c *Cloud) StageARN(api, stage string) string {
	return "arn:" + c.Partition + ":apigateway:" + c.Region + "::/restapis/" + api + "/stages/" + stage
}

// LogGroupARN is the ARN of an access log's group.
func (c *Cloud) LogGroupARN(group string) string {
	if strings.HasPrefix(group, "arn:") {
		return group
	}
	return "arn:" + c.Partition + ":logs:" + c.Region + ":" + c.Account + ":log-group:" + group
}

// Domain finds a custom domain; nil where there is none.
func (c *Cloud) Domain(name string) *Domain { return c.Domains[strings.ToLower(name)] }
