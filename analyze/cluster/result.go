package cluster

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// Result masks what is noise and groups all rows so far. It may be called after
// every batch; a Result does not change when rows are added later.
//
// Per field and scenario: up to RMax values, each counts. More than RMax values
// on one target, and the field is volatile: its shape counts, except for values
// that more than a quarter of the answers hold and that stand out from the
// others, and for values that recur among values that never do. Until RMax+1 answers have been seen no field is
// volatile, so that the first of a run are its calibration.
func (t *Table) Result() *Result {
	r := &Result{
		Masked: map[string][]string{}, OwnFaults: t.ownFaults,
		rows: t.rows[:len(t.rows):len(t.rows)], assigned: make([][]*Cluster, len(t.groups)),
		of: map[key][]*Cluster{},
	}
	t.remask()
	r.Revision = t.revision
	for scenario, m := range t.masks {
		if list := m.masked(); len(list) > 0 {
			r.Masked[scenario] = list
		}
	}
	for i, g := range t.groups {
		g.sign(t.masks[g.scenario])
		r.assigned[i] = r.gather(g, t.opts.Scenarios)
	}
	r.finish()
	return r
}

// remask learns the mask of every scenario anew and counts a revision where one
// changed.
func (t *Table) remask() {
	scenarios := map[string][]*group{}
	for _, g := range t.groups {
		scenarios[g.scenario] = append(scenarios[g.scenario], g)
	}
	changed := false
	for name, groups := range scenarios {
		m := learn(groups, t.opts.Benign)
		before, known := t.masks[name]
		if known && m.equal(before) {
			continue
		}
		changed = changed || known
		t.masks[name] = m
	}
	if changed {
		t.revision++
	}
}

// gather makes the clusters of one group.
func (r *Result) gather(g *group, scenarios []probe.Scenario) []*Cluster {
	members := map[uint64][]int32{}
	for at := range g.vectors {
		members[g.signed[at]] = append(members[g.signed[at]], int32(at))
	}
	clusters := make([]*Cluster, 0, len(members))
	of := map[*Cluster][]int32{}
	for sig, vectors := range members {
		c := &Cluster{ID: fmt.Sprintf("%08x", sig>>32), Target: g.target, Scenario: g.scenario}
		for _, at := range vectors {
			c.Count += g.vectors[at].count
		}
		clusters, of[c] = append(clusters, c), vectors
	}
	slices.SortFunc(clusters, bySize)
	clusters = overflow(clusters, of)
	assigned := make([]*Cluster, len(g.vectors))
	for _, c := range clusters {
		for _, at := range of[c] {
			assigned[at] = c
		}
		g.describe(c, of[c], scenarios)
	}
	r.of[g.key] = clusters
	return assigned
}

// overflow puts what is beyond MaxClusters into one bucket, the least answered
// first.
func overflow(clusters []*Cluster, of map[*Cluster][]int32) []*Cluster {
	if len(clusters) <= MaxClusters {
		return clusters
	}
	first := clusters[MaxClusters]
	rest := &Cluster{ID: "other", Target: first.Target, Scenario: first.Scenario, Overflow: true}
	for _, c := range clusters[MaxClusters:] {
		rest.Count += c.Count
		of[rest] = append(of[rest], of[c]...)
	}
	out := append(clusters[:MaxClusters:MaxClusters], rest)
	slices.SortFunc(out, bySize)
	return out
}

// describe fills in what a cluster's least answer tells.
func (g *group) describe(c *Cluster, vectors []int32, scenarios []probe.Scenario) {
	least := slices.MinFunc(vectors, func(a, b int32) int {
		v, w := &g.vectors[a], &g.vectors[b]
		return cmp.Or(strings.Compare(v.machine, w.machine), cmp.Compare(v.seq, w.seq), cmp.Compare(g.signed[a], g.signed[b]))
	})
	v := &g.vectors[least]
	c.Status, c.Outcome, c.Class = v.status, v.outcome, v.class
	c.Exemplar = Exemplar{Machine: v.machine, Seq: v.seq}
	c.Fields = g.describeFields(v)
	c.Steady = g.steady(c.Fields)
	if at, r := g.exemplar(vectors); r != nil {
		c.Reading = g.reading(at, r, scenarios)
		c.Exemplar = Exemplar{Header: r.answer.Header, Body: r.answer.Body, RequestID: r.requestID, Machine: r.machine, Seq: r.seq}
	}
}

func (g *group) describeFields(v *vector) []Field {
	out := make([]Field, 0, len(v.cells))
	for _, c := range v.cells {
		f := g.fields[c.field]
		if !g.mask.compares(f.path) {
			continue
		}
		val := &f.values[c.value]
		symbol, byShape := g.mask.symbol(f, val)
		d := Field{Path: f.path, Shape: val.shape, Volatile: byShape, symbol: symbol}
		if !byShape {
			d.Value = val.text
		}
		out = append(out, d)
	}
	return out
}

// steady hashes the fields that do not vary anywhere.
func (g *group) steady(fields []Field) string {
	h := fnv.New64a()
	for _, f := range fields {
		if _, varies := g.mask.volatile[f.Path]; !varies {
			fmt.Fprintf(h, "%s\x00%x\x00", f.Path, f.symbol)
		}
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// finish does what needs all clusters: classes, references, order.
func (r *Result) finish() {
	targets := map[string][]*Cluster{}
	for _, k := range slices.SortedFunc(maps.Keys(r.of), func(a, b key) int {
		return cmp.Or(strings.Compare(a.target, b.target), strings.Compare(a.scenario, b.scenario))
	}) {
		refer(r.of[k])
		r.clusters = append(r.clusters, r.of[k]...)
		targets[k.target] = append(targets[k.target], r.of[k]...)
	}
	for _, clusters := range targets {
		reclass(clusters)
	}
}

// refer marks the usual behaviour: the largest, where possible one that speaks
// of behaviour.
func refer(clusters []*Cluster) {
	for _, c := range clusters {
		if speaks(c) && !c.Overflow {
			c.Reference = true
			return
		}
	}
	if len(clusters) > 0 {
		clusters[0].Reference = true
	}
}

func speaks(c *Cluster) bool {
	return c.Class != signature.Throttled && c.Class != signature.Transport
}

// reclass settles refusals: where a target refuses everything it is a fault of
// configuration, and where it refuses only some it is behaviour.
func reclass(clusters []*Cluster) {
	if !slices.ContainsFunc(clusters, func(c *Cluster) bool { return c.Class == signature.Informative }) {
		return
	}
	for _, c := range clusters {
		if c.Class == signature.AuthFail {
			c.Class = signature.Informative
		}
	}
}
