package moves

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// heads are headers that move.
var heads = group("header", map[string]func(d *draw) step{
	"server-timing": serverTiming,
	"age": func(d *draw) step {
		return header1(d.header("Age"), func(t *turn) string { return fmt.Sprint(t.rng.IntN(60)) })
	},
	"x-cache":        xCache,
	"rate-limit":     rateLimit,
	"etag":           etag,
	"last-modified":  lastModified,
	"visit-cookie":   visitCookie,
	"session-cookie": sessionCookie,
	"load-balancer":  loadBalancer,
	"cf-ray":         freshHeader("CF-Ray", "@@@@@@@@@@@@@@@@-FRA"),
	"x-runtime":      runtime,
	"vary-order":     varyOrder,
	"csp-nonce":      cspNonce,
	"link-cursor":    linkCursor,
	"upstream-time":  upstreamTime,
	"traceparent":    freshHeader("traceparent", "00-@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@-@@@@@@@@@@@@@@@@-01"),
	"edge-node":      edgeNode,
	"retry-hint":     func(d *draw) step { return optional(d, "x-retry-hint", "later") },
})

func serverTiming(d *draw) step {
	name, share := d.header("Server-Timing"), d.share(.2, .8)
	return header1(name, func(t *turn) string {
		if t.chance(share) {
			return fmt.Sprintf("db;dur=%.1f, app;dur=%.1f", 40*t.rng.Float64(), 9*t.rng.Float64())
		}
		return fmt.Sprintf("cache;desc=hit, app;dur=%.1f", 9*t.rng.Float64())
	})
}

func xCache(d *draw) step {
	name, share := d.header("X-Cache"), d.share(.2, .8)
	return func(t *turn) {
		if t.chance(share) {
			t.header(name, "HIT")
			t.header("X-Cache-Hits", fmt.Sprint(t.between(1, 9)))
			return
		}
		t.header(name, "MISS")
	}
}

// rateLimit is a vendor's window: what is left falls and starts again.
func rateLimit(d *draw) step {
	limit := max(2, d.of(60, 5000))
	return func(t *turn) {
		t.header("X-RateLimit-Limit", fmt.Sprint(limit))
		t.header("X-RateLimit-Remaining", fmt.Sprint(limit-1-t.n%limit))
		t.header("X-RateLimit-Reset", fmt.Sprint(60-t.passed()%60))
	}
}

// etag follows the content, of which it moves a part.
func etag(d *draw) step {
	revision := d.tick()
	return func(t *turn) {
		t.set("edits", whole(revision(t)))
		t.after(func(out *Answer) { out.Set("ETag", fmt.Sprintf("%q", fmt.Sprintf("%016x", mix(0, out.Body)))) })
	}
}

func lastModified(d *draw) step {
	name, tick := d.header("Last-Modified"), d.tick()
	return func(t *turn) {
		n := tick(t)
		t.set("edition", whole(n))
		t.header(name, t.start.Add(time.Duration(n-9)*time.Minute).UTC().Format(http.TimeFormat))
	}
}

func visitCookie(d *draw) step {
	name, from := given(d.Name, "visit"), d.rng.IntN(4000)
	return func(t *turn) { t.add("Set-Cookie", fmt.Sprintf("%s=%d; Path=/", name, from+t.n)) }
}

func sessionCookie(d *draw) step {
	name := given(d.Name, "sid")
	return func(t *turn) {
		t.add("Set-Cookie", name+"="+t.token(strings.Repeat("@", 32))+"; Path=/; HttpOnly; Expires="+t.now.Add(time.Hour).UTC().Format(http.TimeFormat))
	}
}

func loadBalancer(d *draw) step {
	targets := d.tokens("@@@@@@@@@@@@@@@@", 2, 4)
	return func(t *turn) { t.add("Set-Cookie", "AWSALB="+one(t, targets)+"; Path=/") }
}

func runtime(d *draw) step {
	name := d.header("X-Runtime")
	return header1(name, func(t *turn) string { return fmt.Sprintf("%.6f", .002+t.rng.ExpFloat64()/100) })
}

func varyOrder(d *draw) step {
	names := d.pick([]string{"Accept", "Origin", "Accept-Encoding", "Accept-Language"}, 2, 4)
	return header1("Vary", func(t *turn) string {
		parts := make([]string, len(names))
		for i, j := range t.rng.Perm(len(names)) {
			parts[i] = names[j]
		}
		return strings.Join(parts, ", ")
	})
}

func cspNonce(d *draw) step {
	name := d.header("Content-Security-Policy")
	return header1(name, func(t *turn) string {
		return "default-src 'self'; script-src 'nonce-" + base64URL(t.token("@@@@@@@@@@@@")) + "'"
	})
}

func linkCursor(d *draw) step {
	name := d.header("Link")
	return header1(name, func(t *turn) string {
		return "<https://api.example.com/items?after=" + t.token("@@@@@@@@@@@@") + ">; rel=\"next\""
	})
}

func upstreamTime(d *draw) step {
	name, most := d.header("x-envoy-upstream-service-time"), max(2, d.of(4, 30))
	return header1(name, func(t *turn) string { return fmt.Sprint(1 + t.rng.IntN(most)) })
}

func edgeNode(d *draw) step {
	nodes := d.tokens("cache-fra-eddf#####-FRA", 2, 6)
	return header1(d.header("X-Edge-Node"), func(t *turn) string { return one(t, nodes) })
}
