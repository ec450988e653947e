package cause

import (
	"net/url"
	"slices"
	"strings"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// KeyLeavesOut says that a stage caches a route by a key without some parameters of the
// query, and that scenarios which differ in these got the same bytes.
type KeyLeavesOut struct {
	said
	Stage, Route string
	Parameters   []string
	Scenarios    []string
	// Copied are those whose answers were made for another, by the logs.
	Copied []string
}

// keyGap is that by the index of the scenarios; declared is whether the method names a
// parameter.
type keyGap struct {
	KeyLeavesOut
	declared  bool
	scenarios []int
}

// keysLeaveOut finds the routes of a target whose cached answers are the same bytes for
// queries that the key does not tell apart. Whether the integration would answer them
// alike, this does not tell.
func keysLeaveOut(fx *Facts, sub *target) []keyGap {
	if !caching(sub) || sub.api.Kind != probe.REST {
		return nil
	}
	var out []keyGap
	for i, a := range sub.cells {
		for _, b := range sub.cells[i+1:] {
			k := keyLeavesOut(fx, sub, a, b)
			if k == nil {
				continue
			}
			at := slices.IndexFunc(out, func(o keyGap) bool { return o.Route == k.Route })
			if at < 0 {
				out = append(out, *k)
				continue
			}
			o := &out[at]
			o.declared = o.declared || k.declared
			o.scenarios = compacted(append(o.scenarios, k.scenarios...))
			o.Parameters, o.Copied = compacted(append(o.Parameters, k.Parameters...)), compacted(append(o.Copied, k.Copied...))
			o.Scenarios = fx.scenarioNames(o.scenarios...)
		}
	}
	return out
}

func compacted[T int | string](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}

func keyLeavesOut(fx *Facts, sub *target, a, b *cell) *keyGap {
	one, other := fx.scenario(a.scenario), fx.scenario(b.scenario)
	route := fx.routeKey(sub, a.scenario)
	method, path, _ := strings.Cut(route, " ")
	r := fx.route(sub, a.scenario)
	if r == nil || one.Path != other.Path || one.Method != other.Method || route != fx.routeKey(sub, b.scenario) || !sub.conf.InForce(path+"/"+method).Caching {
		return nil
	}
	params := leftOut(one.Query, other.Query, r.Integration.CacheKeyParameters)
	if len(params) == 0 || !sameBytes(fx, a, b) {
		return nil
	}
	k := &keyGap{KeyLeavesOut: KeyLeavesOut{Stage: sub.Stage, Route: route, Parameters: params}, scenarios: []int{a.scenario, b.scenario}}
	k.Scenarios = fx.scenarioNames(a.scenario, b.scenario)
	k.declared = slices.ContainsFunc(params, func(p string) bool { _, ok := r.Parameters["query."+p]; return ok })
	for _, c := range []*cell{a, b} {
		if madeForOther(fx, c) {
			k.Copied = append(k.Copied, fx.scenario(c.scenario).Name)
		}
	}
	return k
}

// leftOut are the parameters by which two queries differ, where the key has none of
// them: one that it has tells the two apart.
func leftOut(a, b string, key []string) []string {
	va, errA := url.ParseQuery(a)
	vb, errB := url.ParseQuery(b)
	if errA != nil || errB != nil {
		return nil
	}
	var out []string
	for _, values := range []url.Values{va, vb} {
		for name := range values {
			if slices.Equal(va[name], vb[name]) {
				continue
			}
			if slices.Contains(key, "method.request.querystring."+name) || slices.Contains(key, "method.request.multivaluequerystring."+name) {
				return nil
			}
			out = append(out, name)
		}
	}
	return compacted(out)
}

// sameBytes tells whether all answers of two cells are of one behaviour each, with the
// same body.
func sameBytes(fx *Facts, a, b *cell) bool {
	if len(a.clusters) != 1 || len(b.clusters) != 1 || len(a.rows) < tuning.Enough.Compare || len(b.rows) < tuning.Enough.Compare {
		return false
	}
	if fx.Clusters[a.ref].Status/100 != 2 || fx.Clusters[b.ref].Status/100 != 2 {
		return false
	}
	return behaviour.SameBody(fx.Table, tableRows(fx, a.rows), tableRows(fx, b.rows))
}

// tableRows are the rows of the table that hold what some rows were answered.
func tableRows(fx *Facts, rows []int) []int {
	var out []int
	for _, i := range rows {
		if fx.Rows[i].Table >= 0 {
			out = append(out, fx.Rows[i].Table)
		}
	}
	return out
}

// madeForOther tells whether what a cell was answered was made for another query: by the
// logs, nearly all of it came without the integration, and what did come from it, as
// while the cache filled, is another body.
func madeForOther(fx *Facts, c *cell) bool {
	var called []int
	known := 0
	for _, i := range c.rows {
		if did := fx.Rows[i].IntegrationCalled; did != nil {
			known++
			if *did {
				called = append(called, i)
			}
		}
	}
	switch {
	case known < tuning.Enough.Compare || 2*len(called) > known:
		return false
	case len(called) == 0:
		return true
	}
	return !behaviour.SameBody(fx.Table, tableRows(fx, called), tableRows(fx, c.rows))
}

// keyless finds the routes of a target whose answers to one query were made for another
// that the key does not tell from it, where no stage without a cache shows what the
// integration answers.
func keyless(fx *Facts, sub *target, v *Verdict) {
	for _, k := range keysLeaveOut(fx, sub) {
		if !k.declared || len(k.Copied) == 0 || uncachedBeside(fx, sub, &k) {
			continue
		}
		f := Finding{Linked: ConsistentWith, Targets: []string{sub.ID}, Scenarios: k.Scenarios, SettledBy: Topic("ask past the cache")}
		n := 0
		for _, c := range cellsOf(sub, k.scenarios) {
			n += len(c.rows)
			f.Proof = append(f.Proof, fx.example(sub, c.ref))
		}
		f.Proof = evidence(f.Proof...)
		f.Statistics = &Statistics{Test: "all answers alike", Statistic: float64(n), Effect: 1, N: n}
		f.say(k.KeyLeavesOut)
		f.Remedy = remedy.CacheKey(fx.Snapshot.Region, sub.api, sub.conf, k.Route, k.Parameters)
		v.report(f, stageKey(sub.Target)+" "+k.Route)
	}
}

// uncachedBeside tells whether a stage without a cache was asked the same queries.
func uncachedBeside(fx *Facts, sub *target, k *keyGap) bool {
	return slices.ContainsFunc(fx.targets, func(o *target) bool {
		if o.api != sub.api || o.conf == nil || caching(o) || !sameRoute(fx, sub, o, k.scenarios[0]) {
			return false
		}
		return !slices.ContainsFunc(k.scenarios, func(sc int) bool {
			_, n := distance(fx, sub, o, sc)
			return n < tuning.Enough.Compare
		})
	})
}

// unkeyed are the routes of all targets whose cache key leaves out what scenarios differ
// in.
func unkeyed(fx *Facts) []KeyLeavesOut {
	var out []KeyLeavesOut
	for _, sub := range fx.targets {
		for _, k := range keysLeaveOut(fx, sub) {
			out = append(out, k.KeyLeavesOut)
		}
	}
	return out
}
