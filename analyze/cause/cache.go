package cause

import (
	"slices"
	"strings"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
)

// CacheDiffers says that a stage's cache answers otherwise than its integration.
type CacheDiffers struct {
	said
	Stage  string
	Levels ByLevel
}

// CachedBeside says that a stage answers from its cache what another stage with the
// same deployment does not.
type CachedBeside struct {
	said
	Stage     string
	Scenarios []string
	Other     string
	Answers   []LevelAnswer // of either stage
}

// WithoutIntegration are answers that came without a call of the integration.
type WithoutIntegration struct {
	said
	Answers Count
}

// Configured is a setting as stages have it.
type Configured struct {
	said
	Setting string
	On      []StageValue
}

// StageValue is what a setting is on a stage; "" where it is not set.
type StageValue struct{ Stage, Value string }

// cacheLaws: whether the stage's cache answered decides.
func cacheLaws(fx *Facts, x *split) []law { return factorLaws(fx, x, ResponseCache) }

// responseCache finds caches that answer otherwise than the integration: that of
// one stage beside another, and what was decided of splits.
func responseCache(fx *Facts, known *Known) Verdict {
	var v Verdict
	for _, p := range unlikePairs(fx) {
		if p.cached != nil {
			v.report(cachedBeside(fx, p), stageKey(p.cached.Target))
		}
	}
	for _, sub := range fx.targets {
		keyless(fx, sub, &v)
	}
	splits := worded(fx, known, ResponseCache, func(d *decision) Finding {
		f := cached(fx, d.weighing, d.law)
		f.Differs = d.differs(fx)
		return f
	})
	v.Found = append(v.Found, splits.Found...)
	return v
}

// cacheFactor is whether the stage's cache answered: known from a log that shows
// no call of the integration, or from an answer that repeats what changes every
// time.
func cacheFactor(sub *target) *factor {
	if !caching(sub) {
		return nil
	}
	return &factor{name: "stage cache", cause: ResponseCache, prior: tuning.Prior.Cache, rho: tuning.Deviates.Cache, level: cacheLevel}
}

// cacheLevel is hit, miss or unknown. CloudFront's x-cache speaks of another
// cache and is not one of the two.
func cacheLevel(r *Row) string {
	switch {
	case r.IntegrationCalled != nil && *r.IntegrationCalled:
		return "miss"
	case r.IntegrationCalled != nil:
		return "hit"
	case r.Cache == "hit" || r.Cache == "miss":
		return r.Cache
	}
	return ""
}

// caching tells whether the stage may answer from a cache.
func caching(sub *target) bool {
	if sub.conf == nil || !sub.conf.CacheCluster {
		return false
	}
	for _, m := range sub.conf.Methods {
		if m.Caching {
			return true
		}
	}
	return false
}

func cached(fx *Facts, w *weighing, l *law) Finding {
	f := splitFinding(fx, w.split, Proven)
	f.say(CacheDiffers{Stage: w.sub.Stage, Levels: perLevel(fx, w, l, "cache")})
	f.Statistics, f.Remedy = factorStatistics(fx, w, l), remedy.FlushCache(fx.Snapshot.Region, w.sub.api, w.sub.conf)
	return f
}

// cachedSide is the stage of a pair whose cache answers otherwise than the other
// stage's integration: caching is all in which the two differ, or the logs show
// the one answering without its integration and the other not.
func cachedSide(fx *Facts, p [2]*target, reasons []diff.Setting) *target {
	onlyCache := !slices.ContainsFunc(reasons, func(r diff.Setting) bool { return !strings.Contains(r.Name, "cach") })
	for i, sub := range p {
		other := p[1-i]
		if !caching(sub) || caching(other) {
			continue
		}
		hits, known := hits(fx, sub)
		if onlyCache && (known == 0 || hits > 0) || 2*hits > known {
			return sub
		}
	}
	return nil
}

// hits counts a target's answers from the cache among those of which the logs
// tell.
func hits(fx *Facts, sub *target) (hits, known int) {
	for _, i := range sub.rows() {
		switch cacheLevel(&fx.Rows[i]) {
		case "hit":
			hits++
			known++
		case "miss":
			known++
		}
	}
	return hits, known
}

// cachedBeside is the finding of a stage that answers from its cache what
// another stage with the same deployment no longer answers.
func cachedBeside(fx *Facts, u *unlike) Finding {
	p, sub, other, scenarios, reasons := u.stages, u.cached, u.stages[0], u.scenarios, u.reasons
	if other == sub {
		other = p[1]
	}
	f := Finding{
		Linked: ConsistentWith, Targets: []string{sub.ID},
		Scenarios:  fx.scenarioNames(scenarios...),
		Statistics: &Statistics{Test: "answers of two stages", Effect: 1, Table: pairTable(fx, p, scenarios)},
		Remedy:     remedy.FlushCache(fx.Snapshot.Region, sub.api, sub.conf),
	}
	f.Differs = stagesApart(fx, p, scenarios)
	f.say(CachedBeside{Stage: sub.Stage, Scenarios: f.Scenarios, Other: other.Stage, Answers: contrast(fx, p, scenarios[0])})
	lines := asFacts(settingsOf(p, reasons))
	hits, known := hits(fx, sub)
	f.Statistics.Statistic, f.Statistics.N = float64(hits), sub.n()
	if hits > 0 {
		f.Linked = Proven
		f.say(WithoutIntegration{Answers: Count{hits, known}})
	} else {
		f.SettledBy = Topic("flush and compare")
	}
	for _, k := range keysLeaveOut(fx, sub) {
		if slices.ContainsFunc(k.scenarios, func(sc int) bool { return slices.Contains(scenarios, sc) }) {
			f.say(k.KeyLeavesOut)
			f.Remedy = remedy.CacheKey(fx.Snapshot.Region, sub.api, sub.conf, k.Route, k.Parameters)
			f.SettledBy = nil
		}
	}
	for _, c := range cellsOf(sub, scenarios) {
		lines = append(lines, fx.example(sub, c.ref))
	}
	f.Proof = evidence(lines...)
	return f
}
