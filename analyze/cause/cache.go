package cause

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
)

// cacheFactor is whether the stage's cache answered: known from a log that shows
// no call of the integration, or from an answer that repeats what changes every
// time.
func (s *study) cacheFactor(sub *subject) *factor {
	if !s.caching(sub) {
		return nil
	}
	return &factor{name: "stage cache", cause: ResponseCache, prior: .10, rho: .5, level: cacheLevel}
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
func (s *study) caching(sub *subject) bool {
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

// cached is the finding of old answers that come from the stage's cache.
func (s *study) cached(w *weighing, l *law) Finding {
	f := Finding{
		Cause: ResponseCache, Severity: Warning, Linked: Proven, Targets: []string{w.sub.ID}, Step: 4,
		Scenarios: s.scenarioNames(w.scenarios()...), Evidence: s.bothSides(w.split),
		Statistics: s.factorStatistics(w, l),
	}
	f.Statement = fmt.Sprintf("The cache of stage %s serves other answers than the integration: %s; evidence %s.",
		w.sub.Stage, s.perLevel(w, l, "cache "), odds(l.logE))
	f.Remedy = remedy.FlushCache(s.Snapshot.Region, w.sub.api, w.sub.conf)
	return f
}

// cachedSide is the stage of a pair whose cache answers otherwise than the other
// stage's integration: caching is all in which the two differ, or the logs show
// the one answering without its integration and the other not.
func (s *study) cachedSide(p [2]*subject, reasons []diff.Setting) *subject {
	onlyCache := !slices.ContainsFunc(reasons, func(r diff.Setting) bool { return !strings.Contains(r.Name, "cach") })
	for i, sub := range p {
		other := p[1-i]
		if !s.caching(sub) || s.caching(other) {
			continue
		}
		hits, known := s.hits(sub)
		if onlyCache && (known == 0 || hits > 0) || known > 0 && 2*hits > known {
			return sub
		}
	}
	return nil
}

// hits counts a target's answers from the cache among those of which the logs
// tell.
func (s *study) hits(sub *subject) (hits, known int) {
	for _, i := range sub.rows() {
		switch cacheLevel(&s.Rows[i]) {
		case "hit":
			hits++
			known++
		case "miss":
			known++
		}
	}
	return hits, known
}

// reportCached is the finding of a stage that answers from its cache what
// another stage with the same deployment no longer answers.
func (s *study) reportCached(p [2]*subject, sub *subject, scenarios []int, reasons []diff.Setting) {
	other := p[0]
	if other == sub {
		other = p[1]
	}
	f := Finding{
		Cause: ResponseCache, Severity: Warning, Linked: ConsistentWith, Targets: []string{sub.ID}, Step: 4,
		Scenarios:  s.scenarioNames(scenarios...),
		Statistics: &Statistics{Test: "answers of two stages", Effect: 1, Table: s.pairTable(p, scenarios)},
		Remedy:     remedy.FlushCache(s.Snapshot.Region, sub.api, sub.conf),
	}
	f.Statement = fmt.Sprintf("Stage %s serves %s from its cache and stage %s, with the same deployment and no cache, answers otherwise: %s.",
		sub.Stage, list(f.Scenarios), other.Stage, s.contrast(p, scenarios[0]))
	var lines []string
	for _, r := range reasons {
		lines = append(lines, settingFact(r, p))
	}
	hits, known := s.hits(sub)
	f.Statistics.Statistic, f.Statistics.N = float64(hits), sub.n()
	if hits > 0 {
		f.Linked = Proven
		f.Statement += fmt.Sprintf(" By the logs %d of %d of its answers came without a call of the integration.", hits, known)
	} else {
		f.Settles = "flush the cache and run the check again with --baseline, or log $context.integration.status, which is - for an answer from the cache"
	}
	for _, c := range sub.cells {
		if slices.Contains(scenarios, c.scenario) {
			lines = append(lines, s.example(sub, c.ref))
		}
	}
	f.Evidence = evidence(lines...)
	s.report(f, sub.APIID+"/"+sub.Stage)
}

func settingFact(r diff.Setting, p [2]*subject) string {
	return fmt.Sprintf("configuration: %s is %s on stage %s and %s on stage %s", r.Name,
		value(r.Values[p[0].Stage]), p[0].Stage, value(r.Values[p[1].Stage]), p[1].Stage)
}
