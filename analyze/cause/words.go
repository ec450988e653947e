package cause

import (
	"fmt"
	"math"
	"slices"

	"stageprobe/analyze/words"
)

// evalue is an e-value as reports carry it.
func evalue(logE float64) float64 { return math.Exp(min(logE, 300*math.Ln10)) }

// scenarioNames are the names of scenarios, each once, in plan order.
func (fx *Facts) scenarioNames(scenarios ...int) []string {
	slices.Sort(scenarios)
	names := []string{}
	for _, i := range slices.Compact(scenarios) {
		names = append(names, fx.scenario(i).Name)
	}
	return names
}

// summary is how a cluster is called in a sentence.
func (fx *Facts) summary(k int) string {
	c := &fx.Clusters[k]
	if c.Summary != "" {
		return c.Summary
	}
	if c.Reading.GatewayResponse != "" {
		return fmt.Sprintf("%d %s", c.Status, c.Reading.GatewayResponse)
	}
	return fmt.Sprintf("%d (%s)", c.Status, c.ID)
}

// summaries names clusters, each text once.
func (fx *Facts) summaries(clusters []int, most int) string {
	var texts []string
	for _, k := range clusters {
		if t := fx.summary(k); !slices.Contains(texts, t) {
			texts = append(texts, t)
		}
	}
	return words.Some(texts, most)
}

// row names a behaviour in a count table. Reports put the cluster's letter in
// place of its id.
func rowName(fx *Facts, k int) string {
	c := &fx.Clusters[k]
	return fmt.Sprintf("%s: %s [%s]", fx.scenario(c.Scenario).Name, fx.summary(k), c.ID)
}
