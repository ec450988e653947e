// Package cause says why answers differ. One file per cause; [Causes] is the
// table of them.
//
// A verdict comes about like this: [Explain] reads and counts the input once
// ([Facts], which nobody changes), asks each cause of the table in an order in
// which it comes after the causes whose verdicts it reads, and lets every cause
// see what those found ([Known]). A split, more than one behaviour of one target,
// is weighed by the laws of all causes that have some: each law says how likely
// the answers are if the cause made the split, and the cause for which it is
// decided then words the finding. At the end a finding is hidden where another
// explains every behaviour that it rests on and the other's cause excludes its.
package cause

import "slices"

// ID names what explains a behaviour; the names are part of the report format
// and never change.
type ID string

// The causes.
const (
	CanarySplit       ID = "canary-split"
	StaleCanary       ID = "stale-canary"
	WrongStage        ID = "wrong-stage"
	UnmappedTarget    ID = "unmapped-target"
	StaleDeployment   ID = "stale-deployment"
	AutoDeployOff     ID = "auto-deploy-off"
	AutoDeployFailed  ID = "auto-deploy-failed"
	StageConfigDrift  ID = "stage-config-drift"
	DeployPropagating ID = "deploy-propagating"
	Throttled         ID = "throttled"
	AccessDenied      ID = "access-denied"
	ResponseCache     ID = "response-cache"
	AuthorizerCache   ID = "authorizer-cache"
	BackendSplit      ID = "backend-split"
	EndpointSplit     ID = "endpoint-split"
	FlakyBackend      ID = "flaky-backend"
	UnexplainedSplit  ID = "unexplained-split"
	AddressDependent  ID = "address-dependent"
	VolatileContent   ID = "volatile-content"
	IntegrationError  ID = "integration-error"
	EdgeCache         ID = "edge-cache"
	ExpectationFailed ID = "expectation-failed"
)

// Cause is one row of the table: everything that the program knows about a cause
// by name. The page of `stageprobe explain` is pages/ID.md of package explain.
type Cause struct {
	ID       ID
	Step     int      // which of the six steps finds it, 1 to 6
	Severity Severity // unless a finding lowers it
	After    []ID     // whose verdicts it reads
	Excludes []ID     // what it explains away where it explains all of it
	// Configured causes speak of the configuration alone where a finding is less than
	// an error: nothing of it has shown in what callers get.
	Configured bool
	// Passing causes are seen while old and new answers lie side by side during a
	// deployment, and are settled once it is over.
	Passing bool
	// Laws are how it would make a split, each with its prior; nil where the cause
	// leaves nothing to chance or to a factor.
	Laws func(*Facts, *split) []law
	// Find reads the facts and what is known, and changes neither; nil where the
	// finding is made elsewhere, as that of an expectation is by who judges it.
	Find func(*Facts, *Known) Verdict
}

// table is the causes of a run: [Causes], then those that its caller adds.
type table []Cause

// beforeSplits are the causes that explain behaviours before what is left of them
// is weighed as splits: an address that leads to nothing or to another stage is no
// split, what a configuration refuses to everybody is no flake, and where nothing succeeds
// no sort of failure is what deviates.
var beforeSplits = []ID{WrongStage, StaleDeployment, AutoDeployOff, AutoDeployFailed, UnmappedTarget, Throttled, StageConfigDrift, AccessDenied, EdgeCache, IntegrationError}

// Causes is every cause, in the order of the report format. Findings of one
// severity are listed in it.
var Causes = []Cause{
	{ID: CanarySplit, Step: 5, Severity: Error, After: beforeSplits, Laws: canaryLaws, Find: canarySplit},
	{ID: StaleCanary, Step: 5, Severity: Warning, Configured: true, After: []ID{CanarySplit, DeployPropagating, ResponseCache, AuthorizerCache, BackendSplit, EndpointSplit, FlakyBackend, UnexplainedSplit}, Find: staleCanary},
	{ID: WrongStage, Step: 1, Severity: Error, Find: wrongStage},
	{ID: UnmappedTarget, Step: 1, Severity: Error, After: []ID{WrongStage, StaleDeployment, AutoDeployOff, AutoDeployFailed, StageConfigDrift}, Find: unmappedTarget},
	{ID: StaleDeployment, Step: 3, Severity: Error, After: []ID{WrongStage}, Find: waitingFor(StaleDeployment)},
	{ID: AutoDeployOff, Step: 3, Severity: Error, Configured: true, After: []ID{WrongStage}, Find: waitingFor(AutoDeployOff)},
	{ID: AutoDeployFailed, Step: 3, Severity: Error, After: []ID{WrongStage}, Find: waitingFor(AutoDeployFailed)},
	{ID: StageConfigDrift, Step: 4, Severity: Error, Configured: true, Find: stageConfigDrift},
	{ID: DeployPropagating, Step: 2, Severity: Warning, Passing: true, After: beforeSplits, Excludes: []ID{StaleDeployment}, Laws: switchLaws, Find: deployPropagating},
	{ID: Throttled, Step: 4, Severity: Warning, Find: throttled},
	{ID: AccessDenied, Step: 4, Severity: Error, After: []ID{WrongStage, StaleDeployment, AutoDeployOff, AutoDeployFailed, UnmappedTarget, Throttled, StageConfigDrift}, Find: accessDenied},
	{ID: ResponseCache, Step: 4, Severity: Warning, After: beforeSplits, Laws: cacheLaws, Find: responseCache},
	{ID: AuthorizerCache, Step: 4, Severity: Error, After: beforeSplits, Excludes: []ID{AccessDenied}, Laws: authorizerLaws, Find: authorizerCache},
	{ID: BackendSplit, Step: 6, Severity: Error, After: beforeSplits, Laws: versionLaws, Find: backendSplit},
	{ID: EndpointSplit, Step: 6, Severity: Error, After: beforeSplits, Laws: endpointLaws, Find: endpointSplit},
	{ID: FlakyBackend, Step: 6, Severity: Error, Passing: true, After: beforeSplits, Laws: failureLaws, Find: flakyBackend},
	{ID: AddressDependent, Step: 1, Severity: Warning, Find: addressDependent},
	{ID: IntegrationError, Step: 6, Severity: Error, After: []ID{WrongStage, StaleDeployment, AutoDeployOff, AutoDeployFailed, UnmappedTarget, Throttled, StageConfigDrift, AccessDenied, EdgeCache}, Find: integrationError},
	{ID: EdgeCache, Step: 1, Severity: Warning, Find: edgeCache},
	{ID: VolatileContent, Step: 4, Severity: Info, Find: volatileContent},
	{ID: UnexplainedSplit, Step: 6, Severity: Error, Passing: true, After: beforeSplits, Laws: unexplainedLaws, Find: unexplainedSplit},
	{ID: ExpectationFailed, Step: 6, Severity: Error, Passing: true},
}

// IDs are the names of all causes, in the order of the report format.
func IDs() []ID { return each(Causes, func(c Cause) ID { return c.ID }) }

// Of is the row of a cause; nil where the table has none of that name.
func Of(id ID) *Cause { return table(Causes).of(id) }

// Rank is the place of a cause in the order of the report format; behind all others
// where the table has none of that name.
func Rank(id ID) int { return table(Causes).rank(id) }

func (t table) of(id ID) *Cause {
	if i := t.rank(id); i < len(t) {
		return &t[i]
	}
	return nil
}

func (t table) rank(id ID) int {
	for i := range t {
		if t[i].ID == id {
			return i
		}
	}
	return len(t)
}

// inOrder are the causes so that each comes after those whose verdicts it reads,
// else in the order of the table.
func (t table) inOrder() []*Cause {
	var out []*Cause
	done := map[ID]bool{}
	for len(out) < len(t) {
		before := len(out)
		for i := range t {
			c := &t[i]
			if !done[c.ID] && !slices.ContainsFunc(c.After, func(id ID) bool { return !done[id] }) {
				done[c.ID] = true
				out = append(out, c)
			}
		}
		if len(out) == before {
			return nil // a circle, a name twice, or one that the table lacks
		}
	}
	return out
}

// reads are the causes whose verdicts a cause reads, with those that they rest on.
func (t table) reads(c *Cause) map[ID]bool {
	out := map[ID]bool{}
	var add func(c *Cause)
	add = func(c *Cause) {
		for _, id := range c.After {
			if !out[id] {
				out[id] = true
				add(t.of(id))
			}
		}
	}
	add(c)
	return out
}
