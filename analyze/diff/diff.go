// Package diff compares what two configurations would answer: an editor's
// definition with a stage's snapshot, one stage's settings with another's. It
// is pure: it reads what probe/inventory read, and says what differs, what
// could not be compared, and what a probe would see of it.
package diff

import (
	"maps"
	"slices"
	"strings"

	"stageprobe/probe"
)

// Difference is one thing in which two definitions differ.
type Difference struct {
	Subject string `json:"subject"` // "GET /orders", "authorizer X", "gateway response DEFAULT_4XX", "model Order", "resource policy"
	Aspect  string `json:"aspect"`  // "added" (only in a), "removed" (only in b), "integration.uri", "authorization", …
	A       string `json:"a"`
	B       string `json:"b"`
	Before  string `json:"before"` // what a probe sees while b serves
	After   string `json:"after"`  // and after a has been deployed over b

	// Routes are the route keys that it can influence; nil means all.
	Routes []string `json:"routes,omitempty"`
	// Cosmetic marks what no answer can show: an operation's name, a URI that
	// the stage's variables resolve to the same address.
	Cosmetic bool `json:"cosmetic,omitempty"`
}

// Definitions compares a (usually the editor) with b (usually what serves).
// What one of them does not tell is named in uncompared, never taken for equal.
func Definitions(a, b *probe.Definition) (diffs []Difference, uncompared []string) {
	return compare(a, b, nil, nil)
}

// Undeployed compares the editor with what the stage's own deployment serves.
func Undeployed(api *probe.API, stage *probe.Stage) ([]Difference, []string) {
	switch {
	case api == nil || api.Editor == nil:
		return nil, []string{"every aspect: the editor's definition could not be read"}
	case stage == nil || stage.Deployed == nil:
		return nil, []string{"every aspect: the stage's deployed definition could not be read"}
	}
	return compare(api.Editor, stage.Deployed, stage.Variables, stage.Variables)
}

// comparison is one run of a over b. The variables are those that each side
// would be served with.
type comparison struct {
	a, b         *probe.Definition
	varsA, varsB map[string]string
	unknown      map[string]bool // aspects that one side does not tell
	uncompared   []string
	diffs        []Difference
}

func compare(a, b *probe.Definition, varsA, varsB map[string]string) ([]Difference, []string) {
	if a == nil || b == nil {
		return nil, []string{"every aspect: one of the definitions could not be read"}
	}
	c := &comparison{a: a, b: b, varsA: varsA, varsB: varsB, unknown: map[string]bool{}}
	c.leaveOut(a.Unknown, a.Source)
	c.leaveOut(b.Unknown, b.Source)
	c.leaveOut(untold(a, b), b.Source)
	c.leaveOut(untold(b, a), a.Source)
	c.routes()
	c.authorizers()
	c.models()
	c.gatewayResponses()
	c.whole()
	slices.Sort(c.uncompared)
	return c.diffs, slices.Compact(c.uncompared)
}

func (c *comparison) leaveOut(aspects []string, source string) {
	if source == probe.DeploymentSummary {
		source = "the deployment's summary (GetDeployment)"
	}
	for _, aspect := range aspects {
		c.unknown[aspect] = true
		c.uncompared = append(c.uncompared, strings.ReplaceAll(aspect, "_", " ")+": not told by "+source)
	}
}

// untoldFrom is the number of routes from which on an aspect that the other
// side tells for each of them, and this side for none, is taken for left out
// of the source and not for edited on every route at once.
const untoldFrom = 3

// untold lists aspects of routes that a tells and b never does, as exports of
// emulators do.
func untold(a, b *probe.Definition) []string {
	var out []string
	for _, aspect := range routeAspects {
		if aspect.group == "" {
			continue
		}
		inA, inB := 0, 0
		for key, ra := range a.Routes {
			if rb, both := b.Routes[key]; both {
				inA += one(aspect.told(&ra))
				inB += one(aspect.told(&rb))
			}
		}
		if inA >= untoldFrom && inB == 0 {
			out = append(out, aspect.group)
		}
	}
	return out
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c *comparison) knows(aspect string) bool {
	if c.unknown[aspect] {
		return false
	}
	group, _, _ := strings.Cut(aspect, ".")
	return !c.unknown[group]
}

func (c *comparison) add(d Difference) { c.diffs = append(c.diffs, d) }

// keys are the keys of both maps in order.
func keys[V any](a, b map[string]V) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}
