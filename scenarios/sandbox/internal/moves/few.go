package moves

import "fmt"

// few are values that come and go by chance, and are few.
var few = group("few", map[string]func(d *draw) step{
	"pod":             pods,
	"took":            func(d *draw) step { return few1(d, "took", 1+d.rng.IntN(30), 1, 3, 9) },
	"heap":            heap,
	"call-limit":      callLimit,
	"discount":        discount,
	"optional-field":  optionalField,
	"number-form":     numberForm,
	"graphql-cost":    graphqlCost,
	"pod-counter":     podCounter,
	"flag":            flag,
	"experiment":      fewOf("bucket", "control", "variant-a", "variant-b", "variant-c", "holdout"),
	"zone":            fewOf("availabilityZone", "eu-west-1a", "eu-west-1b", "eu-west-1c"),
	"thread":          fewTokens("thread", "http-nio-8080-exec-#"),
	"database":        fewOf("database", "db-replica-1", "db-replica-2", "db-primary", "db-replica-3"),
	"greeting":        fewOf("greeting", "Hello!", "Good to see you", "Welcome back", "Hi there", "Nice to meet you"),
	"tip":             fewOf("tip", "Press ? for help.", "Tags may be nested.", "Drag to reorder the list.", "Use quotes for exact words.", "Archive what is done."),
	"null-object":     nullObject,
	"mixed-type":      mixedType,
	"empty-list":      emptyList,
	"process":         func(d *draw) step { return few1(d, "pid", 100+d.rng.IntN(30000), 1, 2, 6) },
	"replica-lag":     func(d *draw) step { return few1(d, "lag", 0, 1, 2, 4) },
	"recommendation":  fewTokens("recommended", "SKU-####"),
	"trace-sampled":   func(d *draw) step { return optional(d, "x-trace-sampled", "1") },
	"warning-by-turn": warningByTurn,
})

func pods(d *draw) step {
	pods, path, name := d.tokens("api-7d9c~~~@##-~~~~~", 2, 4), d.path("pod"), "x-served-by"
	return func(t *turn) {
		pod := one(t, pods)
		t.set(path, pod)
		t.header(name, pod)
	}
}

// few1 sets a field to one of a few numbers above the first, the lower ones
// more often.
func few1(d *draw, name string, first, by, lo, hi int) step {
	path, n := d.path(name), max(2, d.of(lo, hi))
	first = int(given(d.From, float64(first)))
	return field1(path, func(t *turn) any { return whole(first + by*min(t.rng.IntN(n), t.rng.IntN(n)+1)) })
}

func heap(d *draw) step {
	path := d.path("heapUsed")
	const page = 4096
	base, n := 9000+d.rng.IntN(9000), d.of(4, 12)
	return field1(path, func(t *turn) any { return whole(page * (base + t.rng.IntN(n)*37)) })
}

func callLimit(d *draw) step {
	name, limit := d.header("x-shop-api-call-limit"), []int{40, 80, 400}[d.rng.IntN(3)]
	busy := d.of(3, 9)
	return header1(name, func(t *turn) string { return fmt.Sprintf("%d/%d", 1+t.rng.IntN(busy), limit) })
}

func discount(d *draw) step {
	path, share, codes := d.path("discount"), d.share(.1, .5), d.pick([]string{"SAVE10", "WELCOME", "SPRING"}, 1, 3)
	return field1(path, func(t *turn) any {
		if t.chance(share) {
			return one(t, codes)
		}
		return nil
	})
}

func optionalField(d *draw) step {
	path, share := d.path("notice"), d.share(.1, .6)
	return func(t *turn) {
		if t.chance(share) {
			t.set(path, "A part of the results was left out.")
		}
	}
}

func numberForm(d *draw) step {
	path, n, share := d.path("amount"), 1+d.rng.IntN(90), d.share(.2, .6)
	return field1(path, func(t *turn) any {
		if t.chance(share) {
			return number(float64(n), 1)
		}
		return whole(n)
	})
}

func graphqlCost(d *draw) step {
	most, cost := 1000*(1+d.rng.IntN(4)), 3+d.rng.IntN(60)
	busy := d.of(2, 6)
	return func(t *turn) {
		used := cost * (1 + t.rng.IntN(busy))
		t.set("extensions/cost", obj("requestedQueryCost", whole(cost), "actualQueryCost", whole(cost-t.rng.IntN(3)),
			"throttleStatus", obj("maximumAvailable", whole(most), "currentlyAvailable", whole(most-used), "restoreRate", whole(50))))
	}
}

func podCounter(d *draw) step {
	path, counts := d.path("served"), make([]int, d.of(2, 4))
	for i := range counts {
		counts[i] = d.rng.IntN(5000)
	}
	return field1(path, func(t *turn) any {
		pod := t.rng.IntN(len(counts))
		counts[pod]++
		return obj("worker", whole(pod), "requests", whole(counts[pod]))
	})
}

func flag(d *draw) step {
	path, share := d.path("cached"), d.share(.1, .6)
	return field1(path, func(t *turn) any { return t.chance(share) })
}

func nullObject(d *draw) step {
	path, share := d.path("promotion"), d.share(.1, .6)
	return field1(path, func(t *turn) any {
		if t.chance(share) {
			return obj("title", "Two for one", "percent", whole(50), "until", nil)
		}
		return nil
	})
}

func mixedType(d *draw) step {
	path, n, share := d.path("reference"), 10000+d.rng.IntN(80000), d.share(.2, .6)
	return field1(path, func(t *turn) any {
		if t.chance(share) {
			return fmt.Sprint(n)
		}
		return whole(n)
	})
}

func emptyList(d *draw) step {
	path, share := d.path("alerts"), d.share(.1, .5)
	return field1(path, func(t *turn) any {
		if t.chance(share) {
			return []any{obj("level", "info", "text", "Maintenance on Sunday")}
		}
		return []any{}
	})
}

// optional is a header that a share of answers has.
func optional(d *draw, name, value string) step {
	name, share := d.header(name), d.share(.05, .4)
	return func(t *turn) {
		if t.chance(share) {
			t.header(name, value)
		}
	}
}

// warningByTurn adds a notice to every so many answers.
func warningByTurn(d *draw) step {
	path, every := d.path("survey"), d.every(3, 15)
	return func(t *turn) {
		if t.n%every == 0 {
			t.set(path, "How do you like our service?")
		}
	}
}
