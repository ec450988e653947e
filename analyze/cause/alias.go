package cause

import (
	"cmp"
	"math"
	"slices"
)

// driver is what a law says of single rows: which level of what it claims to
// drive the answers a row has, and whether that level deviates.
type driver struct {
	name  string
	level func(*Row) (level string, deviates bool)
}

// aliased are the other drivers of a split that this design does not tell from
// its likeliest one.
func aliased(w *weighing) []*law {
	var out []*law
	first := &w.laws[0]
	for i := range w.laws {
		if l := &w.laws[i]; l != first && l.driven && first.driven && l.post*tuning.Aliased >= first.post && !first.consistsOf(l) {
			out = append(out, l)
		}
	}
	return out
}

// consistsOf tells whether a law's levels are made of those of another, which can be no
// rival: the region of a vantage point goes wherever that does.
func (l *law) consistsOf(other *law) bool {
	return l.factor != nil && other.factor != nil && l.factor.of == other.factor.name
}

// driver of a law; false where it drives no single rows.
func driverOf(w *weighing, l *law) (driver, bool) {
	switch {
	case l.factor != nil:
		post := l.factor.deviate()
		return driver{l.factor.name, func(r *Row) (string, bool) {
			level := l.factor.level(r)
			i := slices.Index(l.factor.levels, level)
			return level, i >= 0 && post[i] > .5
		}}, true
	case l.cause == CanarySplit && w.labels.both():
		return driver{"canary label", func(r *Row) (string, bool) {
			return map[Label]string{LabelBase: "base", LabelCanary: "canary"}[known(r)], known(r) == LabelCanary
		}}, true
	}
	return driver{}, false
}

// Together are drivers that this design does not tell apart, and what would.
type Together struct {
	said
	Drivers []string // factors; a cause by its id
	Apart   Apart
}

// Apart are requests that would tell two drivers apart.
type Apart struct {
	said
	Requests    int
	AfterChange bool   // on both sides of a change
	Pairs       []Fact // levels of the two of which one foresees another answer, least asked first
}

// LevelPair is a level of either of two drivers.
type LevelPair struct {
	said
	A, LevelA, B, LevelB string
}

// notSeparated says which drivers alias the likeliest one, and the cheapest
// requests that would tell them apart; nil where none does.
func notSeparated(fx *Facts, w *weighing) Fact {
	others := aliased(w)
	if len(others) == 0 {
		return nil
	}
	drivers := append([]*law{&w.laws[0]}, others...)
	return Together{Drivers: each(drivers, driverName), Apart: apart(fx, w, &w.laws[0], others[0])}
}

func driverName(l *law) string {
	if l.factor != nil {
		return l.factor.name
	}
	return string(l.cause)
}

// apart is the cheapest plan that tells two drivers apart: requests whose levels
// make the two foresee different answers.
func apart(fx *Facts, w *weighing, a, b *law) Apart {
	da, oka := driverOf(w, a)
	db, okb := driverOf(w, b)
	if !oka || !okb {
		return Apart{Requests: w.n, AfterChange: true}
	}
	return Apart{Requests: int(math.Ceil(math.Log(tuning.Aliased) / tuning.TellingRequest)), Pairs: tellingPairs(fx, w, da, db)}
}

// tellingPairs are the pairs of levels, least asked first, for which one driver
// foresees a deviant and the other does not.
func tellingPairs(fx *Facts, w *weighing, a, b driver) []Fact {
	type level struct {
		name string
		dev  bool
	}
	seen := map[[2]level]int{}
	var as, bs []level
	for _, d := range w.draws {
		var p [2]level
		p[0].name, p[0].dev = a.level(&fx.Rows[d.row])
		p[1].name, p[1].dev = b.level(&fx.Rows[d.row])
		if p[0].name == "" || p[1].name == "" {
			continue
		}
		seen[p]++
		as, bs = once(as, p[0]), once(bs, p[1])
	}
	type pair struct {
		LevelPair
		n int
	}
	var pairs []pair
	for _, x := range as {
		for _, y := range bs {
			if x.dev != y.dev {
				pairs = append(pairs, pair{LevelPair{A: a.name, LevelA: x.name, B: b.name, LevelB: y.name}, seen[[2]level{x, y}]})
			}
		}
	}
	slices.SortFunc(pairs, func(x, y pair) int {
		return cmp.Or(cmp.Compare(x.n, y.n), cmp.Compare(x.LevelA, y.LevelA), cmp.Compare(x.LevelB, y.LevelB))
	})
	return each(pairs, func(p pair) Fact { return p.LevelPair })
}
