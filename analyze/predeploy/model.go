package predeploy

import (
	"stageprobe/analyze/diff"
	"stageprobe/probe"
)

// Change is what a deploy will do to the APIs that it knows, whichever tool
// does it.
type Change struct {
	Tool  Tool
	APIs  []*API
	Notes []string // what the files do not tell, in sentences
	// Open are questions about no API in particular: an edit of none that could
	// be named.
	Open []string
}

// API is one API with all that the change does to it.
type API struct {
	Address string // what the tool calls it: aws_api_gateway_rest_api.orders, a logical id, an id
	ID      string // the API's id, where the files hold it
	Name    string
	Kind    probe.APIKind
	New     bool // created, or replaced as a whole
	Removed bool
	Outside bool // the files refer to it and do not hold it

	Edits       []Edit
	Deployments []*Deployment
	Stages      []*Stage
	Shifts      []Shift

	// Differs is what callers will see change, once it is live, as far as the
	// files hold the definition.
	Differs []diff.Difference
	// Doubts are sentences about what the files hold back, such as a body that
	// is kept elsewhere.
	Doubts []string
	// Wanted is a whole definition without the one before it: the account has it.
	Wanted *probe.Definition
	// Parts are the addresses of all that belongs to the definition: what a
	// trigger has to cover.
	Parts []string

	account *probe.API   // as the account tells it; nil where it was not asked
	trail   []probe.Edit // of the account

	namesake bool // another API of the change has the same name
}

// Edit is one change of a resource.
type Edit struct {
	Kind    Kind
	Address string
	Subject string   // "GET /orders", "gateway response DEFAULT_4XX"
	What    []string // "added", "removed", or the properties that change, as the tool spells them
	// Unknown marks an edit whose new value is known only once it is applied: it
	// may turn out to change nothing.
	Unknown bool
}

// Deployment is a snapshot that the change makes or leaves.
type Deployment struct {
	Address string
	New     bool // created by this change: holds all edits
	Removed bool
	// DestroyFirst marks a replacement that deletes the old one before there is
	// a new one, which a stage in use forbids.
	DestroyFirst bool
	Condition    string // on which it depends whether it is made; ""
	StageName    string // the stage that it deploys to by itself; ""
	// ToCanary marks a deployment that goes to its stage's canary alone, with the
	// percentage of requests that the canary gets.
	ToCanary *float64
	After    map[string]bool
	Ordered  bool // After is known: what is not in it may be made later

	// Triggers is what makes the tool replace it, where the tool has such a
	// thing (Terraform, Pulumi).
	Triggers *Triggers
}

// Triggers is what the hash over a definition covers.
type Triggers struct {
	None   bool
	Whole  map[string]bool     // addresses that are hashed as they are
	Partly map[string][]string // address → the attributes that are hashed, such as id
	Hidden []string            // references that the file does not resolve, such as local.hash
}

// Stage is a stage and where it leads afterwards.
type Stage struct {
	Address string
	Name    string
	New     bool
	Removed bool
	// Leads is the address of the deployment that it serves afterwards, or its
	// id; "" where the files do not tell.
	Leads  string
	Moves  bool // it leads elsewhere than before
	Unsure bool // whether it moves cannot be told

	AutoDeploy    bool // HTTP APIs
	AutoDeployWas bool
	Canary        *Canary
	CanaryGoes    bool // there is a canary before, and none afterwards
	Settings      []string
}

// Canary is a stage's canary as it will be configured.
type Canary struct {
	Percent float64 // 0 to 100; negative where unknown
	Leads   string  // address or id of its deployment
	Moves   bool
	Was     bool // it is there before the change
	ByHand  bool // not in the files' configuration: found on the stage itself
}

// Shift is traffic that goes to a new version of the backend step by step.
type Shift struct {
	Address string
	How     string // "Canary10Percent5Minutes", "10 % to version 7"
	Unsure  bool   // only if the function's code changes, which the files do not tell
}

func (a *API) stage(name string) *Stage {
	return first(a.Stages, func(s *Stage) bool { return s.Name == name })
}

func (a *API) deployment(address string) *Deployment {
	return first(a.Deployments, func(d *Deployment) bool { return d.Address == address })
}
