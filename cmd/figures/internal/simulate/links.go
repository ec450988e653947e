package simulate

import (
	"context"
	"math"
	"math/rand/v2"

	"stageprobe/analyze/stat"
)

// linkRows is how many requests a null is watched for.
const linkRows = 1000

// watcher looks at the labels after every request, as a run does.
type watcher struct {
	share   float64 // configured
	link    *stat.LinkEstimated
	pending []Row
	unknown [2]int // rows without label, by response
}

func watch(p0 float64) *watcher { return &watcher{share: p0, link: stat.NewLinkEstimated(p0)} }

// take adds a row, and the labels that have shown up by then.
func (w *watcher) take(row Row) {
	w.unknown[bit(row.Deviant())]++
	if row.Label != LabelUnknown {
		w.pending = append(w.pending, row)
	}
	rest := w.pending[:0]
	for _, p := range w.pending {
		if p.LabelBy(row.At) == LabelUnknown {
			rest = append(rest, p)
			continue
		}
		w.link.Add(p.Label == LabelCanary, p.Deviant())
		w.unknown[bit(p.Deviant())]--
	}
	w.pending = rest
}

// linked tells whether the labels so far suffice to claim a link.
func (w *watcher) linked() bool {
	// The evidence is looked at first because it hardly ever suffices.
	return w.link.Reaches(decisive) && w.link.Reaches(w.need())
}

func (w *watcher) need() float64 {
	return stat.LinkNeed(alpha, w.share, w.link.Counts(), w.unknown[1], w.unknown[0])
}

// claims tells whether a run ever claims a link and, at its end, whether the
// veto stands.
func claims(w World, rng *rand.Rand) (claimed, vetoed bool) {
	l := watch(w.Configured())
	for row := range w.Rows(rng) {
		l.take(row)
		claimed = claimed || l.linked()
		if row.Index == linkRows-1 {
			break
		}
	}
	return claimed, math.IsInf(l.need(), 1)
}

// falseLinks counts links claimed on processes that ignore the label.
func falseLinks(ctx context.Context, o Options) ([]Figure, error) {
	const group = "False links, looking after each of 1,000 requests"
	var out []Figure
	for _, w := range Nulls() {
		hits, err := play(ctx, o.Seed, "null "+w.Name, o.Runs, func(rng *rand.Rand) bool {
			claimed, _ := claims(w, rng)
			return claimed
		})
		if err != nil {
			return nil, err
		}
		out = append(out, o.rate(group, w.Name, count(hits), o.Runs, alpha, .013))
	}
	biased, err := biasedLoss(ctx, o, group)
	return append(out, biased...), err
}

// biasedLoss counts links claimed where no test can help and only the veto does.
func biasedLoss(ctx context.Context, o Options, group string) ([]Figure, error) {
	w, runs := BiasedLoss(), o.share(2)
	type run struct{ claimed, vetoed bool }
	got, err := play(ctx, o.Seed, w.Name, runs, func(rng *rand.Rand) (r run) {
		r.claimed, r.vetoed = claims(w, rng)
		return r
	})
	if err != nil {
		return nil, err
	}
	var claimed, passed int
	for _, r := range got {
		claimed += bit(r.claimed)
		passed += bit(!r.vetoed)
	}
	return []Figure{
		o.rate(group, w.Name+": link claimed in spite of the veto", claimed, runs, alpha, .013),
		o.rate(group, w.Name+": not vetoed in the end", passed, runs, alpha, .013),
	}, nil
}
