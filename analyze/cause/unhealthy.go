package cause

import (
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/probe/failure"
)

// AlwaysFails says that every answer to a scenario is a failure, and where to look.
type AlwaysFails struct {
	said
	Target, Scenario string
	Answers          []string
	Look             Advised
}

// unhealthy says of scenarios of which every answer is a failure that they are
// alike and not well: no cause covers them, and a reader may take "consistent"
// for "works".
func unhealthy(fx *Facts, known *Known) []Fact {
	var notes []Fact
	for _, sub := range fx.targets {
		for _, c := range sub.cells {
			if c.ref < 0 || known.by[c.ref] != "" || !failsThroughout(fx, c) || expected(fx, sub, c.scenario) {
				continue
			}
			notes = append(notes, AlwaysFails{
				Target: sub.ID, Scenario: fx.scenario(c.scenario).Name, Answers: fx.names(c.clusters), Look: Advised{Remedy: whereToLook(&fx.Clusters[c.ref])},
			})
		}
	}
	return notes
}

// failsThroughout tells whether a scenario was answered, and by nothing but
// failures.
func failsThroughout(fx *Facts, c *cell) bool {
	return allOf(fx, c.clusters, func(k *Cluster) bool { return k.fails() && k.Class != signature.Transport })
}

// lookAt is what to check of a failure that no command mends.
func lookAt(f *failure.Failure) Remedy {
	if strings.HasPrefix(f.Check, "aws ") {
		return Remedy{Text: "run " + f.Check}
	}
	return Remedy{Text: f.Check}
}

// whereToLook is what to check where every answer is the same failure.
func whereToLook(k *Cluster) Remedy {
	if k.Reading.Producer == signature.Integration {
		return remedy.IntegrationLogs
	}
	return remedy.GatewayFailure(k.Status)
}
