package cause

import (
	"fmt"
	"slices"

	"stageprobe/analyze/signature"
)

// unhealthy says of scenarios of which every answer is a failure that they are
// alike and not well: no cause covers them, and a reader may take "consistent"
// for "works".
func unhealthy(fx *Facts, known *Known) []string {
	var notes []string
	for _, sub := range fx.targets {
		for _, c := range sub.cells {
			if c.ref < 0 || known.by[c.ref] != "" || !failsThroughout(fx, c) || fx.Expected != nil && fx.Expected(sub.index, c.scenario) {
				continue
			}
			k := &fx.Clusters[c.ref]
			notes = append(notes, fmt.Sprintf("target %s: every answer to %s is a failure (%s): alike, and not as it should be. Consistency is not health: %s",
				sub.ID, fx.scenario(c.scenario).Name, fx.summaries(c.clusters, 2), whereToLook(k)))
		}
	}
	return notes
}

// failsThroughout tells whether a scenario was answered, and by nothing but
// failures.
func failsThroughout(fx *Facts, c *cell) bool {
	return !slices.ContainsFunc(c.clusters, func(k int) bool {
		return !fx.Clusters[k].fails() || fx.Clusters[k].Class == signature.Transport
	})
}

// whereToLook is what to check where every answer is the same failure.
func whereToLook(k *Cluster) string {
	switch {
	case k.Reading.Producer == signature.Integration:
		return "look at the integration's own logs at the times of these requests"
	case k.Status == 504:
		return "look whether the integration answers within its timeout (29 s by default for REST APIs, at most 30 s for HTTP APIs), and whether it can be reached from API Gateway (VPC link, security groups)"
	case k.Status == 502:
		return "look at the form of the integration's answer (statusCode, headers and a body that is a string, of a Lambda proxy) and, of an HTTP backend, at its certificate"
	case k.Status == 500:
		return "look whether API Gateway may call the integration (the function's resource policy, the integration's role), whether its stage variables are set, and at the execution log's last line"
	}
	return "look at the integration, and at the execution log's last line"
}
