package moves

import (
	"fmt"
	"strings"
	"time"
)

// lists move by position: order, length, picks, and text made of lines.
var lists = group("list", map[string]func(d *draw) step{
	"shuffle":       shuffle,
	"list-length":   listLength,
	"random-picks":  randomPicks,
	"id-map":        idMap,
	"key-order":     keyOrder,
	"cursor":        cursor,
	"histogram":     histogram,
	"sparse":        sparse,
	"matrix":        matrix,
	"tail":          tail,
	"leaderboard":   leaderboard,
	"nested-random": nestedRandom,
	"sentence":      sentence,
	"html-list":     form("html", shuffle),
	"html-nonce":    form("html", htmlNonce),
	"html-table":    form("html", leaderboard),
	"rss":           form("rss", news(time.RFC1123Z)),
	"atom":          form("atom", news(time.RFC3339)),
	"csv":           form("csv", matrix),
	"ndjson":        form("ndjson", events),
	"xml-list":      form("xml", listLength),
	"prometheus":    form("prometheus", metrics),
	"text-report":   form("text", tail),
	"stub-status":   form("text", stubStatus),
}, "html-list", "html-nonce", "html-table", "rss", "atom", "csv", "ndjson", "xml-list", "prometheus", "text-report", "stub-status")

// form fixes the form of the body.
func form(format string, of func(d *draw) step) func(d *draw) step {
	return func(d *draw) step {
		inner := of(d)
		return func(t *turn) {
			t.a.format = format
			inner(t)
		}
	}
}

// item is the i-th thing of a list, always the same.
func item(i int) *object {
	return obj("id", sku(i), "name", []string{"Lamp", "Chair", "Table", "Shelf"}[i%4], "price", number(4+float64(i*37%90)/4, 2))
}

func items(indices []int) []any {
	out := make([]any, len(indices))
	for i, j := range indices {
		out[i] = item(j)
	}
	return out
}

func shuffle(d *draw) step {
	path, n := d.path("items"), d.of(2, 7)
	return field1(path, func(t *turn) any { return items(t.rng.Perm(n)) })
}

func listLength(d *draw) step {
	path, n := d.path("results"), max(2, d.of(3, 12))
	return field1(path, func(t *turn) any { return items(upTo(1 + t.rng.IntN(n))) })
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func randomPicks(d *draw) step {
	path, pool := d.path("suggestions"), d.of(8, 200)
	return field1(path, func(t *turn) any { return items(t.rng.Perm(pool)[:min(pool, 3)]) })
}

func idMap(d *draw) step {
	path, pool := d.path("stock"), d.of(12, 300)
	return field1(path, func(t *turn) any {
		o := &object{}
		for _, i := range t.rng.Perm(pool)[:min(pool, 4)] {
			o.put(sku(i), obj("left", whole(t.between(1, 40)), "reserved", whole(t.rng.IntN(5))))
		}
		return o
	})
}

// keyOrder shuffles the members of the whole body.
func keyOrder(d *draw) step {
	_ = d
	return func(t *turn) {
		t.set("first", true)
		f := t.a.doc.fields
		t.rng.Shuffle(len(f), func(i, j int) { f[i], f[j] = f[j], f[i] })
	}
}

func cursor(d *draw) step {
	path := d.path("nextCursor")
	return field1(path, func(t *turn) any { return base64URL(t.token("@@@@@@@@@@@@@@@@:####")) })
}

// histogram is cumulative and grows.
func histogram(d *draw) step {
	path, n := d.path("buckets"), d.of(4, 8)
	counts := make([]int, n)
	for i := range counts {
		counts[i] = d.rng.IntN(400)
	}
	return field1(path, func(t *turn) any {
		counts[t.rng.IntN(n)]++
		sum, out := 0, make([]any, n)
		for i, c := range counts {
			sum += c
			out[i] = obj("le", whole(5<<i), "count", whole(sum))
		}
		return out
	})
}

func sparse(d *draw) step {
	path, n, share := d.path("slots"), d.of(4, 9), d.share(.2, .6)
	return field1(path, func(t *turn) any {
		out := make([]any, n)
		for i := range out {
			if t.chance(share) {
				out[i] = whole(t.between(1, 9))
			}
		}
		return out
	})
}

func matrix(d *draw) step {
	path, n := d.path("rows"), d.of(2, 6)
	return field1(path, func(t *turn) any {
		out := make([]any, n)
		for i := range out {
			out[i] = obj("sensor", fmt.Sprintf("s-%02d", i), "value", number(18+t.rng.Float64()*6, 2), "ok", t.chance(.97))
		}
		return out
	})
}

var verbs = []string{"opened", "closed", "moved", "renamed", "archived", "shared"}

func tail(d *draw) step {
	path, n := d.path("log"), d.of(3, 6)
	return field1(path, func(t *turn) any {
		out := make([]any, n)
		for i := range out {
			at := t.now.Add(time.Duration(i-n) * 7 * time.Second).UTC().Format(time.TimeOnly)
			out[i] = fmt.Sprintf("%s user %d %s document %s", at, t.between(1, 40), one(t, verbs), t.token("@@@@"))
		}
		return out
	})
}

func leaderboard(d *draw) step {
	path, names := d.path("leaders"), d.pick([]string{"ana", "ben", "cem", "dia", "eva", "finn"}, 3, 6)
	return field1(path, func(t *turn) any {
		out := make([]any, len(names))
		for i, j := range t.rng.Perm(len(names)) {
			out[i] = obj("rank", whole(i+1), "player", names[j], "points", whole(900-90*i-t.rng.IntN(80)))
		}
		return out
	})
}

// nestedRandom is a tree whose branches come and go.
func nestedRandom(d *draw) step {
	path, n := d.path("tree"), d.of(2, 4)
	return field1(path, func(t *turn) any {
		o := obj("name", "root")
		for i := range n {
			if t.chance(.6) {
				o.put(fmt.Sprintf("branch%d", i), obj("leaves", whole(t.rng.IntN(5))))
			}
		}
		return o
	})
}

func sentence(d *draw) step {
	path := d.path("summary")
	return field1(path, func(t *turn) any {
		return fmt.Sprintf("%d users %s %d documents in the last %d minutes", t.between(2, 30), one(t, verbs), t.between(1, 9), t.between(1, 15))
	})
}

func htmlNonce(d *draw) step {
	return func(t *turn) {
		nonce := base64URL(t.token("@@@@@@@@@@@@@@@@"))
		t.header("Content-Security-Policy", "script-src 'nonce-"+nonce+"'")
		t.set("csrf", t.token(strings.Repeat("@", 40)))
		t.set("nonce", nonce)
	}
}

// news is a feed: the newest entries of a pool, dated.
func news(layout string) func(d *draw) step {
	return func(d *draw) step {
		n := max(2, d.of(3, 6))
		return func(t *turn) {
			t.set("updated", t.now.UTC().Format(layout))
			entries := make([]any, 1+t.rng.IntN(n))
			for i := range entries {
				at := t.now.Add(-time.Duration(1+i*40+t.rng.IntN(30)) * time.Minute).UTC()
				entries[i] = obj("title", fmt.Sprintf("Document %s %s", t.token("@@@@"), one(t, verbs)),
					"id", "tag:example.com,"+at.Format(time.DateOnly)+":"+t.token("#####"), "date", at.Format(layout))
			}
			t.set("entries", entries)
		}
	}
}

func events(d *draw) step {
	n := max(2, d.of(2, 6))
	return func(t *turn) {
		out := make([]any, 1+t.rng.IntN(n))
		for i := range out {
			out[i] = obj("at", t.now.UTC().Format(millis), "type", one(t, verbs), "user", whole(t.between(1, 40)))
		}
		t.set("events", out)
	}
}

// metrics are counters that rise and gauges that walk.
func metrics(d *draw) step {
	from, w := d.rng.IntN(90000), d.walker(1e7, 9e7, 1)
	return func(t *turn) {
		t.set("requests_total", whole(from+t.n))
		t.set("heap_bytes", number(w.next(t), 0))
		t.set("goroutines", whole(t.between(12, 30)))
		t.set("gc_seconds", number(t.rng.Float64()/100, 6))
	}
}

// stubStatus is nginx's page (ngx_http_stub_status_module).
func stubStatus(d *draw) step {
	from, busy := d.rng.IntN(90000), max(2, d.of(3, 9))
	return func(t *turn) {
		n, active := from+t.n, 1+t.rng.IntN(busy)
		t.a.lead = fmt.Sprintf("Active connections: %d \nserver accepts handled requests\n %d %d %d \nReading: 0 Writing: %d Waiting: %d \n",
			active, n, n, 3*n+active, 1+t.rng.IntN(2), active)
	}
}
