package moves

import "fmt"

// walkers are numbers that go up and down.
var walkers = group("walk", map[string]func(d *draw) step{
	"exchange-rate": exchangeRate,
	"temperature":   walks("temperature", -5, 35, 1, 3),
	"stock":         walks("inStock", 40, 900, 0, 3),
	"queue":         walks("queueLength", 0, 30, 0, 2),
	"score":         score,
	"load":          load,
	"disk-free":     diskFree,
	"battery":       walks("battery", 20, 100, 0, 20),
	"cpu":           walks("cpu", 0.02, 0.9, 3, 1),
	"sequence":      sequence,
	"price":         walks("lastPrice", 20, 400, 2, 2),
	"viewers":       walks("watching", 3, 60, 0, 5),
	"latency-p99":   walks("p99Ms", 30, 220, 1, 4),
})

func exchangeRate(d *draw) step {
	names := d.pick([]string{"EUR", "GBP", "CHF", "JPY", "SEK"}, 2, 4)
	path := given(d.Name, "rates")
	all := make([]*walk, len(names))
	for i := range all {
		all[i] = d.walker(.5, 2, 4)
	}
	return func(t *turn) {
		for i, name := range names {
			t.set(path+"/"+name, number(all[i].next(t), 4))
		}
	}
}

// score only rises.
func score(d *draw) step {
	path, home, away, share := d.path("score"), d.rng.IntN(40), d.rng.IntN(40), d.share(.01, .2)
	return field1(path, func(t *turn) any {
		if t.chance(share) {
			home++
		}
		if t.chance(share) {
			away++
		}
		return fmt.Sprintf("%d:%d", home, away)
	})
}

func load(d *draw) step {
	path, w := d.path("loadAverage"), d.walker(.1, 3, 2)
	return field1(path, func(t *turn) any {
		now := w.next(t)
		return []any{number(now, 2), number((now+1)/2, 2), number((now+3)/4, 2)}
	})
}

func diskFree(d *draw) step {
	path, free, tick := d.path("diskFree"), int(d.from(1e9, 9e10)), d.tick()
	by := int(d.by(4096, 1<<20))
	return field1(path, func(t *turn) any { return whole(free - by*tick(t)) })
}

func sequence(d *draw) step {
	path, from, by := d.path("sequence"), int(d.from(1, 90000)), max(1, int(d.by(1, 4)))
	return field1(path, func(t *turn) any { return whole(from + by*t.n) })
}
