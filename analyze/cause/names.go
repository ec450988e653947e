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

func cellsOf(sub *target, scenarios []int) []*cell {
	return slices.DeleteFunc(slices.Clone(sub.cells), func(c *cell) bool { return !slices.Contains(scenarios, c.scenario) })
}

func targetIDs(subs []*target) []string {
	return each(subs, func(sub *target) string { return sub.ID })
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
		out = once(out, fx.summary(k))
	}
	return out
}

// each is what a function makes of every element of a list.
func each[T, U any](list []T, f func(T) U) (out []U) {
	for _, x := range list {
		out = append(out, f(x))
	}
	return out
}

// once adds to a list what it does not hold yet.
func once[T comparable](list []T, more ...T) []T {
	for _, x := range more {
		if !slices.Contains(list, x) {
			list = append(list, x)
		}
	}
	return list
}

func (fx *Facts) ids(clusters []int) []string {
	return each(clusters, func(k int) string { return fx.Clusters[k].ID })
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
