package cause

import (
	"math"
	"slices"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
)

// SometimesRefused says that a request is refused now and then, by an authorizer that
// keeps its results.
type SometimesRefused struct {
	said
	Target     string
	Refused    Count
	Answers    []string
	Authorizer string
}

// RefusedAsWell says that further scenarios were refused throughout, which the same
// explains.
type RefusedAsWell struct {
	said
	Requests  int
	Scenarios []string
}

// authorizerLaws: an authorizer's result is kept for a while and decides requests
// that a fresh one would decide otherwise, so that refusals come in stretches.
func authorizerLaws(fx *Facts, x *split) []law {
	if !x.refusal || !byAuthorizer(fx, x) || cachingAuthorizer(fx, x) == "" {
		return nil
	}
	// Results of several tokens and routes expire one by one, so that the
	// stretches may follow each other in any way.
	return []law{{name: "cached authorizer result", prior: tuning.Prior.Authorizer, likelihood: func(x *split) float64 {
		return stat.LogSumExp(fx.inBursts(x), fx.atAnyRate(x), anyOrder(x)) - math.Log(3)
	}}}
}

// authorizerCache finds results of an authorizer that decide requests which a fresh
// one would decide otherwise: scenarios that are refused throughout by a result made
// for another route, and splits that were decided for it. A scenario that was
// refused throughout beside such a split is its as well: in a short run a result may
// have been kept all the time.
func authorizerCache(fx *Facts, known *Known) Verdict {
	var v Verdict
	for _, r := range refusals(fx, known) {
		if r.cached {
			v.report(cachedDenial(fx, r.sub, r.cells), stageKey(r.sub.Target))
		}
	}
	splits := worded(fx, known, AuthorizerCache, func(d *decision) Finding {
		f := authCached(fx, d.weighing)
		f.rests = slices.Clone(d.clusters)
		for _, denied := range known.found {
			if denied.Cause == AccessDenied && slices.Equal(denied.Targets, f.Targets) && authorized(fx, d.sub, denied.Scenarios) {
				f.takeIn(&denied)
			}
		}
		return f
	})
	v.Found = append(v.Found, splits.Found...)
	return v
}

// takeIn says of a finding that another's refusals are its as well.
func (f *Finding) takeIn(denied *Finding) {
	f.say(RefusedAsWell{Requests: denied.Statistics.N, Scenarios: denied.Scenarios})
	f.Scenarios = once(slices.Clone(f.Scenarios), denied.Scenarios...)
	f.rests = append(f.rests, denied.rests...)
}

func byAuthorizer(fx *Facts, x *split) bool {
	return slices.ContainsFunc(slices.Concat(x.clusters, x.usual), func(k int) bool {
		c := &fx.Clusters[k]
		return refused(c) && (c.Reading.Producer == signature.Authorizer || c.Reading.GatewayResponse == "ACCESS_DENIED" || c.Reading.GatewayResponse == "UNAUTHORIZED")
	})
}

// cachingAuthorizer names the authorizer of a split's routes whose results are
// cached; "" where there is none or it is not known.
func cachingAuthorizer(fx *Facts, x *split) string {
	for _, i := range x.scenarios() {
		r := fx.route(x.sub, i)
		if r == nil || r.Authorizer == "" {
			continue
		}
		// A TTL that is not told is the default of 300 seconds.
		if a, ok := x.sub.conf.Deployed.Authorizers[r.Authorizer]; ok && (a.TTL == nil || *a.TTL > 0) {
			return r.Authorizer
		}
	}
	return ""
}

func authCached(fx *Facts, w *weighing) Finding {
	f := splitFinding(fx, w.split, ConsistentWith)
	f.Statistics, f.Alternatives = shareStatistics(fx, w, AuthorizerCache), w.alternatives(AuthorizerCache, fx.alpha)
	bad := refusing(fx, w.split)
	f.say(SometimesRefused{Target: w.sub.ID, Refused: Count{w.countOf(fx, bad), w.n}, Answers: fx.names(bad), Authorizer: cachingAuthorizer(fx, w.split)})
	if authSkipped(fx, w.split, bad) {
		f.Linked = Proven
		f.say(Topic("authorizer not called"))
	} else {
		f.SettledBy = Topic("authorizer calls or flush")
	}
	f.Remedy = append(remedy.FlushAuthorizersCache(fx.Snapshot.Region, w.sub.api, w.sub.conf), remedy.CoverRoutes)
	return f
}

func refusing(fx *Facts, x *split) []int {
	if refused(&fx.Clusters[x.usual[0]]) && !refused(&fx.Clusters[x.clusters[0]]) {
		return x.usual
	}
	return x.clusters
}

// authSkipped tells whether the logs show refused requests for which no
// authorizer ran, while it ran for others.
func authSkipped(fx *Facts, x *split, bad []int) bool {
	ran, skipped := 0, 0
	for _, d := range x.draws {
		for i, rec := range recordsOf(fx, d.row) {
			switch {
			case rec.AuthorizerCalled != nil && *rec.AuthorizerCalled:
				ran++
			case !rec.Complete || rec.AuthorizerID != "" && rec.AuthorizerCalled == nil:
			case slices.Contains(bad, fx.Rows[i].Cluster):
				skipped++
			}
		}
	}
	return ran > 0 && skipped >= 2
}

// authorized tells whether a caching authorizer guards all of some scenarios.
func authorized(fx *Facts, sub *target, scenarios []string) bool {
	for i := range fx.Plan.Scenarios {
		c := slices.IndexFunc(sub.cells, func(c *cell) bool { return c.scenario == i })
		if !slices.Contains(scenarios, fx.Plan.Scenarios[i].Name) || c < 0 {
			continue
		}
		x := &split{sub: sub, cells: sub.cells[c : c+1], clusters: sub.cells[c].clusters}
		if cachingAuthorizer(fx, x) == "" || !byAuthorizer(fx, x) {
			return false
		}
	}
	return true
}
