package cause

import (
	"fmt"
	"math"
	"slices"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/stat"
)

// authCacheLaw: an authorizer's result is kept for a while and decides requests
// that a fresh one would decide otherwise, so that refusals come in stretches.
func (s *study) authCacheLaw(x *split) law {
	l := law{cause: AuthorizerCache, name: "cached authorizer result"}
	if !x.refusal || !s.byAuthorizer(x) || s.cachingAuthorizer(x) == "" {
		return l
	}
	l.prior = .2
	// Results of several tokens and routes expire one by one, so that the
	// stretches may follow each other in any way.
	l.logM = stat.LogSumExp(stat.MarkovM(s.started(x.draws)), stat.FlakyLogM(x.k, x.n, s.MinShare), anyOrder(x)) - math.Log(3)
	return l
}

// byAuthorizer tells whether an authorizer refused.
func (s *study) byAuthorizer(x *split) bool {
	return slices.ContainsFunc(slices.Concat(x.clusters, x.usual), func(k int) bool {
		c := &s.Clusters[k]
		return refused(c) && (c.Producer == "authorizer" || c.GatewayResponse == "ACCESS_DENIED" || c.GatewayResponse == "UNAUTHORIZED")
	})
}

// cachingAuthorizer names the authorizer of a split's routes whose results are
// cached; "" where there is none or it is not known.
func (s *study) cachingAuthorizer(x *split) string {
	for _, i := range x.scenarios() {
		r := s.route(x.sub, i)
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

// authCached is the finding of a cached authorizer result.
func (s *study) authCached(w *weighing) Finding {
	name := s.cachingAuthorizer(w.split)
	f := Finding{
		Cause: AuthorizerCache, Severity: Error, Linked: ConsistentWith, Targets: []string{w.sub.ID}, Step: 4,
		Scenarios: s.scenarioNames(w.scenarios()...), Evidence: s.bothSides(w.split),
		Statistics:   s.shareStatistics(w, AuthorizerCache),
		Alternatives: w.alternatives(AuthorizerCache, s.alpha),
	}
	bad := s.refusing(w.split)
	k := 0
	for _, d := range w.draws {
		if slices.Contains(bad, s.Rows[d.row].Cluster) {
			k++
		}
	}
	f.Statement = fmt.Sprintf("The same request to %s is sometimes refused: %d of %d answers are %s. Authorizer %s keeps its results, and a result that was made for one route decides another until it expires.",
		w.sub.ID, k, w.n, s.summaries(bad, 2), name)
	if s.authSkipped(w.split, bad) {
		f.Linked = Proven
		f.Statement += " By the logs the refused requests were decided without a call of the authorizer."
	} else {
		f.Settles = "execution logs at level INFO with data tracing: a request that a cached result decided shows no call of the authorizer; or flush the authorizer cache and look whether the refusals stop"
	}
	f.Remedy = remedy.FlushAuthorizersCache(s.Snapshot.Region, w.sub.api, w.sub.conf)
	f.Remedy = append(f.Remedy, advice("let the authorizer's policy cover every route that the token may call, or set the TTL of its results to 0"))
	return f
}

func (s *study) refusing(x *split) []int {
	if refused(&s.Clusters[x.usual[0]]) && !refused(&s.Clusters[x.clusters[0]]) {
		return x.usual
	}
	return x.clusters
}

// authSkipped tells whether the logs show refused requests for which no
// authorizer ran, while it ran for others.
func (s *study) authSkipped(x *split, bad []int) bool {
	if s.Records == nil {
		return false
	}
	ran, skipped := 0, 0
	for _, d := range x.draws {
		r := &s.Rows[d.row]
		for _, rec := range s.Records(r.RequestID) {
			switch {
			case rec.AuthorizerCalled != nil && *rec.AuthorizerCalled:
				ran++
			case !rec.Complete || rec.AuthorizerID != "" && rec.AuthorizerCalled == nil:
			case slices.Contains(bad, r.Cluster):
				skipped++
			}
		}
	}
	return ran > 0 && skipped >= 2
}

// cachedRefusals takes a scenario that was refused throughout into the finding of
// a cached authorizer result where there is one: in a short run a result may
// have been kept all the time.
func (s *study) cachedRefusals() {
	is := func(c ID, targets []string) int {
		return slices.IndexFunc(s.findings, func(f Finding) bool { return f.Cause == c && slices.Equal(f.Targets, targets) })
	}
	for i := 0; i < len(s.findings); i++ {
		denied := s.findings[i]
		at := is(AuthorizerCache, denied.Targets)
		sub := s.find(func(x *subject) bool { return slices.Contains(denied.Targets, x.ID) })
		if denied.Cause != AccessDenied || at < 0 || sub == nil || !s.authorized(sub, denied.Scenarios) {
			continue
		}
		f := &s.findings[at]
		f.Statement += fmt.Sprintf(" All %s for %s were refused, which the same result explains.", plural(denied.Statistics.N, "request"), list(denied.Scenarios))
		for _, name := range denied.Scenarios {
			if !slices.Contains(f.Scenarios, name) {
				f.Scenarios = append(slices.Clone(f.Scenarios), name)
			}
		}
		s.findings = slices.Delete(s.findings, i, i+1)
		s.keys = slices.Delete(s.keys, i, i+1)
		i--
	}
}

// authorized tells whether a caching authorizer guards all of some scenarios.
func (s *study) authorized(sub *subject, scenarios []string) bool {
	for i := range s.Plan.Scenarios {
		c := slices.IndexFunc(sub.cells, func(c *cell) bool { return c.scenario == i })
		if !slices.Contains(scenarios, s.Plan.Scenarios[i].Name) || c < 0 {
			continue
		}
		x := &split{sub: sub, cells: sub.cells[c : c+1], clusters: sub.cells[c].clusters}
		if s.cachingAuthorizer(x) == "" || !s.byAuthorizer(x) {
			return false
		}
	}
	return true
}
