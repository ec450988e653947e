package cause

import (
	"fmt"
	"math"
	"slices"

	"stageprobe/analyze/words"
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
		if l := &w.laws[i]; l != first && l.driven && first.driven && l.post*tuning.Aliased >= first.post {
			out = append(out, l)
		}
	}
	return out
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

// notSeparated says which drivers alias the likeliest one, and the cheapest
// requests that would tell them apart; "" where none does.
func notSeparated(fx *Facts, w *weighing) string {
	others := aliased(w)
	if len(others) == 0 {
		return ""
	}
	names := []string{driverName(&w.laws[0])}
	for _, l := range others {
		names = append(names, driverName(l))
	}
	return fmt.Sprintf("%s go together in this design: %s", words.List(names), apart(fx, w, &w.laws[0], others[0]))
}

func driverName(l *law) string {
	switch {
	case l.factor != nil:
		return "the " + l.factor.name
	case l.cause == CanarySplit:
		return "the canary"
	case l.cause == DeployPropagating:
		return "the moment of the run"
	}
	return string(l.cause)
}

// apart is the cheapest plan that tells two drivers apart: requests whose levels
// make the two foresee different answers.
func apart(fx *Facts, w *weighing, a, b *law) string {
	da, oka := driverOf(w, a)
	db, okb := driverOf(w, b)
	if !oka || !okb {
		return fmt.Sprintf("%s after the change, on both sides of it, would separate them", words.Plural(w.n, "request"))
	}
	n := int(math.Ceil(math.Log(tuning.Aliased) / tuning.TellingRequest))
	cells := tellingPairs(fx, w, da, db)
	if len(cells) == 0 {
		return fmt.Sprintf("%s at a level of either that the run has not met would separate them", words.Plural(n, "request"))
	}
	return fmt.Sprintf("%s with %s would separate them", words.Plural(n, "request"), words.Some(cells, 2))
}

// tellingPairs are the pairs of levels, least asked first, for which one driver
// foresees a deviant and the other does not.
func tellingPairs(fx *Facts, w *weighing, a, b driver) []string {
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
		if !slices.Contains(as, p[0]) {
			as = append(as, p[0])
		}
		if !slices.Contains(bs, p[1]) {
			bs = append(bs, p[1])
		}
	}
	type pair struct {
		text string
		n    int
	}
	var pairs []pair
	for _, x := range as {
		for _, y := range bs {
			if x.dev != y.dev {
				pairs = append(pairs, pair{fmt.Sprintf("%s %s and %s %s", a.name, x.name, b.name, y.name), seen[[2]level{x, y}]})
			}
		}
	}
	slices.SortFunc(pairs, func(x, y pair) int {
		if x.n != y.n {
			return x.n - y.n
		}
		return slices.Compare([]string{x.text}, []string{y.text})
	})
	var out []string
	for _, p := range pairs {
		out = append(out, p.text)
	}
	return out
}
