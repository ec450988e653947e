package simulate

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"stageprobe/analyze/cause"
)

// Whole measures what the whole inference does, as the command runs it: rows of
// simulated worlds, weighed batch by batch. The matrix is the confusion matrix
// over all worlds.
func Whole(ctx context.Context, o Options) ([]Figure, *Matrix, error) {
	o = o.withDefaults()
	m, err := Confusion(ctx, o, Worlds())
	if err != nil {
		return nil, nil, err
	}
	rest, err := o.all(ctx, []measurement{
		{"linking by the whole inference", wholeLinking}, {"calibration", calibration}, {"worlds without a known cause", strangers}, {"false verdicts", falseVerdicts}, {"waits", waits},
	})
	return append(m.Figures(o), rest...), m, err
}

// Strangers lists worlds that none of the known causes explains.
func Strangers() []World {
	world := func(name string, layers ...Layer) World {
		return World{Name: name, Causes: []string{unexplained}, Layers: append(layers, perfect())}
	}
	alternate := func() Step {
		last := false
		return func(r *Row, rng *rand.Rand) {
			last = !last && rng.Float64() < .9
			r.Behaviour = bit(last)
		}
	}
	clock := each(func(r *Row, rng *rand.Rand) { deviates(r, rng, float64(bit(r.At.Milliseconds()%7000 < 2000)), 1) })
	three := each(func(r *Row, _ *rand.Rand) { r.Behaviour = r.Index % 3 })
	seconds := each(func(r *Row, rng *rand.Rand) {
		r.Behaviour = bit(rand.New(rand.NewPCG(7, uint64(r.At/time.Second))).Float64() < .3)
	})
	pairs := func() Step {
		now := 0
		return func(r *Row, rng *rand.Rand) {
			if r.Index%2 == 0 {
				now = bit(rng.Float64() < .3)
			}
			r.Behaviour = now
		}
	}
	return []World{
		world("every fifth request", Every(5, 1)),
		world("answers alternate", alternate),
		world("by the second of the clock", clock),
		world("three answers in turn", three),
		world("answers come in pairs", pairs),
		world("another answer in some seconds", seconds),
		world("another answer, at a drifting share", Drift(.05, .6, 400, 1)),
		world("stretches of another answer", Bursts(.03, .9, 1)),
	}
}

// strangers measures how often a world without a known cause is called so.
func strangers(ctx context.Context, o Options) ([]Figure, error) {
	const group = "Worlds with none of the known causes, called unexplained or inconclusive"
	var out []Figure
	for _, w := range Strangers() {
		runs := max(o.worlds()/2, 2)
		hits, err := play(ctx, o.Seed, "stranger "+w.Name, runs, func(rng *rand.Rand) bool {
			v := Diagnose(w, rng)
			return w.judge(&v) != Wrong
		})
		if err != nil {
			return nil, err
		}
		out = append(out, o.atLeast(group, w.Name, count(hits), runs, .95))
	}
	return out, nil
}

// watched is how many requests a null is watched for by the whole inference: more
// than a run takes to decide.
const watched = 600

// falseVerdicts counts runs in which any look claims that something drives the
// answers although nothing does.
func falseVerdicts(ctx context.Context, o Options) ([]Figure, error) {
	const group = "False driven verdicts of the whole inference, looking after every 20 of 600 requests"
	var out []Figure
	for _, w := range append(Nulls(), BiasedLoss()) {
		runs := o.Runs
		if o.Quick {
			runs = o.share(10)
		}
		hits, err := play(ctx, o.Seed, "verdicts "+w.Name, runs, func(rng *rand.Rand) bool { return everDriven(w, rng) != "" })
		if err != nil {
			return nil, err
		}
		out = append(out, o.rate(group, w.Name, count(hits), runs, alpha, .013))
	}
	return out, nil
}

// everDriven is a false cause that any look at a run claims to drive the answers;
// "" where none does.
func everDriven(w World, rng *rand.Rand) string {
	v := newView(w)
	for row := range w.Rows(rng) {
		v.add(row)
		if len(v.rows)%lookEvery > 0 {
			continue
		}
		last := len(v.rows) == watched
		now := row.At
		if last {
			now += logWait
		}
		r := cause.Explain(v.at(now, last))
		if cause := w.falselyDriven(&r); cause != "" || last {
			return cause
		}
	}
	return ""
}

// ordered are causes in the order of the report format.
func ordered(causes []string) []string {
	out := slices.Clone(causes)
	slices.SortFunc(out, func(a, b string) int {
		return cause.Rank(cause.ID(a)) - cause.Rank(cause.ID(b))
	})
	return out
}

// wholeLinking measures after how many requests the whole inference ties a canary
// to its label, which has to pass its other lock and stand against every other
// cause as well.
func wholeLinking(ctx context.Context, o Options) ([]Figure, error) {
	const group = "Linking a canary by its labels, whole inference, looking after every 5 requests"
	var out []Figure
	for _, l := range []struct{ p0, requests float64 }{{.01, 130}, {.1, 25}} {
		used, err := play(ctx, o.Seed, "whole link "+percent(l.p0), o.share(5), func(rng *rand.Rand) float64 {
			return float64(untilLinked(linkTruth(l.p0, linkStray), rng))
		})
		if err != nil {
			return nil, err
		}
		out = append(out, o.simulated(group, "canary at "+percent(l.p0), used, 1, l.requests, " requests"))
	}
	return out, nil
}

// untilLinked is how many requests it takes until a canary is named as more than
// what a share fits.
func untilLinked(w World, rng *rand.Rand) int {
	const every = 5
	w.Causes = nil // so that the canary counts as driving
	v := newView(w)
	for row := range w.Rows(rng) {
		v.add(row)
		if n := len(v.rows); n%every == 0 {
			r := cause.Explain(v.at(row.At, false))
			if w.falselyDriven(&r) == canarySplit || n == Budget {
				return n
			}
		}
	}
	return 0
}
