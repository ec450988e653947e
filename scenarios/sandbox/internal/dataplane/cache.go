package dataplane

import (
	"strings"
	"time"

	"stageprobe/scenarios/sandbox/internal/gwlog"
)

// stageCache is the cache of the stage that a request reaches.
type stageCache struct{ *exchange }

// cachedAnswer is one entry of a stage's response cache.
type cachedAnswer struct {
	out answer
	at  time.Time
}

// caches tells whether the stage caches this request, and for how long.
func (x stageCache) caches() (time.Duration, bool) {
	m := x.setting()
	if m == nil || !m.Caching || !x.stage.CacheCluster || x.r.Method != "GET" {
		return 0, false
	}
	ttl := 300
	if m.TTL != nil {
		ttl = *m.TTL
	}
	return time.Duration(ttl) * time.Second, ttl > 0
}

// cacheKey is what tells cached answers apart: the deployment, the path and
// the declared key parameters. The query is no part of it unless declared.
func (x stageCache) cacheKey() string {
	parts := []string{x.api.ID, x.stage.Name, x.at.path}
	if c := x.stage.Canary; !x.canary || !c.UseStageCache {
		parts = append(parts, x.deployment.ID)
	}
	for _, key := range x.entry.route.Integration.CacheKeys {
		if name, ok := strings.CutPrefix(key, "method.request.querystring."); ok {
			parts = append(parts, key, x.r.URL.Query().Get(name))
		}
		if name, ok := strings.CutPrefix(key, "method.request.header."); ok {
			parts = append(parts, key, x.r.Header.Get(name))
		}
	}
	return strings.Join(parts, "\x00")
}

// fromCache answers from the cache if it can.
func (x stageCache) fromCache() bool {
	ttl, ok := x.caches()
	if !ok || x.entry.route.Integration == nil {
		return false
	}
	p := x.plane
	p.mu.Lock()
	kept, hit := p.answers[x.cacheKey()]
	p.mu.Unlock()
	if !hit || p.cloud.Now().Sub(kept.at) >= ttl || !kept.at.After(x.stage.CacheFlushed) {
		return false
	}
	x.out = kept.out
	x.call.CacheHit = true
	x.traced = true
	if strings.Contains(x.r.Header.Get("Cache-Control"), "max-age=0") {
		// Invalidation needs a signed caller; the stage answers from the cache
		// and says so.
		x.out.headers = append(x.out.headers[:len(x.out.headers):len(x.out.headers)],
			gwlog.Pair{Name: "Warning", Value: "199 - Cache-Control headers were ignored because the caller was unauthorized."})
	}
	return true
}

// keep caches a good answer.
func (x stageCache) keep() {
	if _, ok := x.caches(); !ok || x.out.status >= 400 {
		return
	}
	x.plane.mu.Lock()
	defer x.plane.mu.Unlock()
	x.plane.answers[x.cacheKey()] = cachedAnswer{x.out, x.plane.cloud.Now()}
}
