package cause

import (
	"math"
	"slices"
	"strconv"
)

// evalue is an e-value as reports carry it.
func evalue(logE float64) float64 { return math.Exp(min(logE, 300*math.Ln10)) }

// scenarioNames are the names of scenarios, each once, in plan order.
func (fx *Facts) scenarioNames(scenarios ...int) []string {
	names := []string{}
	for _, i := range slices.Compact(slices.Sorted(slices.Values(scenarios))) {
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
		return strconv.Itoa(c.Status) + " " + c.Reading.GatewayResponse
	}
	return strconv.Itoa(c.Status) + " (" + c.ID + ")"
}

// names are how some clusters are called, each once.
func (fx *Facts) names(clusters []int) []string {
	var out []string
	for _, k := range clusters {
		if t := fx.summary(k); !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// ids are the ids of behaviours in a report.
func (fx *Facts) ids(clusters []int) []string {
	var out []string
	for _, k := range clusters {
		out = append(out, fx.Clusters[k].ID)
	}
	return out
}

// row names a behaviour in a count table. Reports put the cluster's letter in
// place of its id.
func rowName(fx *Facts, k int) string {
	c := &fx.Clusters[k]
	return fx.scenario(c.Scenario).Name + ": " + fx.summary(k) + " [" + c.ID + "]"
}

// behaviourKey is a behaviour over several targets.
type behaviourKey struct {
	scenario int
	id       string
}
