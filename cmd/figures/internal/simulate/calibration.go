package simulate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"stageprobe/analyze/cause"
)

// stated is a posterior as a report states it, and whether it was true.
type stated struct {
	p    float64
	true bool
}

// bins of the expected calibration error.
const bins = 15

// calibrationError is the mean distance between how sure the reports were and
// how often they were right, over bins of equal width (Naeini, Cooper &
// Hauskrecht 2015).
func calibrationError(all []stated) (ece float64) {
	var n, sum, hits [bins]float64
	for _, s := range all {
		i := min(int(s.p*bins), bins-1)
		n[i]++
		sum[i] += s.p
		hits[i] += float64(bit(s.true))
	}
	for i := range n {
		if n[i] > 0 {
			ece += math.Abs(sum[i]-hits[i]) / float64(len(all))
		}
	}
	return ece
}

// hypothesis is what may be true, with the probability with which the posteriors
// begin and the causes that may be said of it.
type hypothesis struct {
	prior  float64
	causes []string
	draw   func(*rand.Rand, *World)
}

// one is the only cause that is true of a hypothesis.
func one(cause string) []string { return []string{cause} }

// between draws a number evenly, or evenly in its logarithm.
func between(rng *rand.Rand, low, high float64) float64 { return low + (high-low)*rng.Float64() }
func logBetween(rng *rand.Rand, low, high float64) float64 {
	return low * math.Pow(high/low, rng.Float64())
}

// driven makes a world in which some levels of a factor deviate.
func driven(levels int, rho float64, level func(*Row) int) func(*rand.Rand, *World) {
	return func(rng *rand.Rand, w *World) {
		set, size := map[int]bool{}, 0
		for size == 0 || size == levels {
			size = 0
			for l := range levels {
				set[l] = rng.Float64() < rho
				size += bit(set[l])
			}
		}
		a, b := between(rng, .4, .99), logBetween(rng, .003, .02)
		w.Layers = append(w.Layers, By(func(r *Row) bool { return set[level(r)%levels] }, a, b, 1))
	}
}

// hypotheses are the causes that a split of one address may have where a canary
// is configured, as likely beforehand as the posteriors take them to be; rates
// are drawn from the whole range that a law covers, not from its grid. n is how
// many requests will be sent.
func hypotheses(fails, logs bool, n int) []hypothesis {
	chance, bursts, canary := .05, .05*.04, .20
	random, cause := one(unexplained), one(unexplained)
	switch {
	case fails:
		chance, bursts, canary = .60, .30, .10
		random, cause = one(flakyBackend), one(flakyBackend)
		if !logs {
			canary = .03
		}
	case logs:
		// Answers that are drawn behind one deployment: the name follows from what
		// the labels have excluded by then.
		random = []string{unexplained, backendSplit}
	}
	all := []hypothesis{
		{.30, one(""), func(rng *rand.Rand, w *World) {
			q := []float64{0, 0, 0, 0, .0005, .0005, .0005, .002, .002, .002}[rng.IntN(10)]
			w.Layers = append(w.Layers, Flake(q, 1))
		}},
		{canary, one(canarySplit), func(rng *rand.Rand, w *World) {
			w.Layers = append(w.Layers, Follow(between(rng, .5, .99), logBetween(rng, .003, .02), 1))
		}},
		{chance, random, func(rng *rand.Rand, w *World) { w.Layers = append(w.Layers, Flake(logBetween(rng, .01, .95), 1)) }},
		{bursts, cause, func(rng *rand.Rand, w *World) {
			w.Layers = append(w.Layers, Bursts(logBetween(rng, .01, .25), between(rng, .3, .95), 1))
		}},
		{.03, one(endpointSplit), driven(2, .3, func(r *Row) int { return r.Pop })},
		{.03, one(endpointSplit), driven(defaultAddresses, .3, func(r *Row) int { return r.Address })},
		{.02, one(endpointSplit), func(rng *rand.Rand, w *World) {
			odd := rng.Uint64()
			a, b := between(rng, .4, .99), logBetween(rng, .003, .02)
			deviates := func(r *Row) bool { return rand.New(rand.NewPCG(odd, uint64(r.Conn))).Float64() < .2 }
			w.Layers = append(w.Layers, By(deviates, a, b, 1))
		}},
		{.02, one(endpointSplit), driven(2, .5, func(r *Row) int { return bit(r.Fresh) })},
		{.06, one(deployRolling), func(rng *rand.Rand, w *World) {
			at, q := 1+rng.IntN(Budget), .001
			w.comes = at
			w.Layers = append(w.Layers, Switches(q, 1-q, at, 1))
		}},
		{.02, cause, func(rng *rand.Rand, w *World) {
			w.Layers = append(w.Layers, anything(max(1, n/[]int{1, 10}[rng.IntN(2)])))
		}},
	}
	if fails {
		all = append(all, hypothesis{.18, one(flakyBackend), func(rng *rand.Rand, w *World) {
			low := between(rng, 0, .2)
			w.Layers = append(w.Layers, driftFrom(low, between(rng, low, 1), 50+rng.IntN(500), rng.Float64(), 1))
		}})
	}
	return all
}

// anything lets each answer depend on the one before it in any way, and in
// another way in each stretch of so many requests.
func anything(stretch int) Layer {
	return func() Step {
		var q [2]float64
		last := 0
		return func(r *Row, rng *rand.Rand) {
			if r.Index%stretch == 0 {
				q = [2]float64{arcsine(rng), arcsine(rng)}
			}
			last = bit(rng.Float64() < q[last])
			r.Behaviour = last
		}
	}
}

// arcsine draws from Beta(1/2, 1/2).
func arcsine(rng *rand.Rand) float64 {
	s := math.Sin(math.Pi / 2 * rng.Float64())
	return s * s
}

// drawWorld draws a world as likely as the posteriors take it to be.
func drawWorld(rng *rand.Rand, n int) World {
	const p0 = .1
	fails, logs := rng.IntN(2) == 0, rng.IntN(2) == 0
	if n == 0 {
		n = typical
	}
	all := hypotheses(fails, logs, n)
	var total float64
	for _, h := range all {
		total += h.prior
	}
	at := rng.Float64() * total
	w := World{Percent: 100 * p0, Layers: []Layer{Canary(p0)}}
	if fails {
		w.Looks = failing
	}
	for _, h := range all {
		if at -= h.prior; at < 0 {
			w.Causes = h.causes
			h.draw(rng, &w)
			break
		}
	}
	if logs {
		w.Layers = append(w.Layers, perfect())
	}
	return w
}

// typical is about how many requests a run takes to decide.
const typical = 460

// leading is the likeliest cause of a result and its posterior; false where
// there was no split to explain.
func leading(r *cause.Result) (name string, p float64, ok bool) {
	sum := map[cause.ID]float64{}
	for _, all := range r.Posteriors {
		for _, h := range all {
			if sum[h.Cause] += h.Posterior; sum[h.Cause] > p {
				name, p = string(h.Cause), sum[h.Cause]
			}
		}
	}
	return name, p, len(r.Posteriors) > 0
}

// calibration measures how far stated posteriors are from how often they are
// true.
func calibration(ctx context.Context, o Options) ([]Figure, error) {
	const group = "Expected calibration error of the likeliest cause's posterior"
	var out []Figure
	for _, n := range []int{5, 10, 20, 40, 80, 160, 0} {
		name := fmt.Sprintf("after %d requests", n)
		if n == 0 {
			name = "where a run stopped"
		}
		runs, err := play(ctx, o.Seed, "calibration "+name, o.calibrations(n), func(rng *rand.Rand) *stated {
			return stateOnce(drawWorld(rng, n), n, rng)
		})
		if err != nil {
			return nil, err
		}
		var all []stated
		for _, s := range runs {
			if s != nil {
				all = append(all, *s)
			}
		}
		out = append(out, o.calibrated(group, name, all))
	}
	return out, nil
}

// calibrations is how many worlds are drawn: few requests are cheap, and few
// worlds show an error where there is none.
func (o Options) calibrations(n int) int {
	if n == 0 || o.Quick {
		return max(o.Runs, 200)
	}
	return 4 * max(o.Runs, 200)
}

// stateOnce is what is stated of a world after n requests, or where a run stops
// (n = 0); nil where nothing is.
func stateOnce(w World, n int, rng *rand.Rand) *stated {
	var r cause.Result
	used := n
	if n == 0 {
		v := Diagnose(w, rng)
		r, used = v.Result, v.Used
	} else {
		v := newView(w)
		for _, row := range w.Take(n, rng) {
			v.add(row)
		}
		r = cause.Explain(v.at(v.rows[len(v.rows)-1].At+logWait, false))
	}
	cause, p, ok := leading(&r)
	if !ok {
		return nil
	}
	if w.comes >= used {
		w.Causes = one("") // what is to come has not come yet
	}
	return &stated{p, slices.Contains(w.Causes, cause)}
}

// calibrated is a calibration error with an interval from halves of the runs.
func (o Options) calibrated(group, name string, all []stated) Figure {
	const limit = .02
	var parts []float64
	const pieces = 10
	for i := range pieces {
		piece := all[i*len(all)/pieces : (i+1)*len(all)/pieces]
		rest := append(append([]stated(nil), all[:i*len(all)/pieces]...), all[(i+1)*len(all)/pieces:]...)
		if len(piece) > 0 {
			parts = append(parts, calibrationError(rest))
		}
	}
	ece := calibrationError(all)
	_, se := meanOf(parts)
	// Jackknife over tenths (Efron 1982).
	se *= float64(len(parts) - 1)
	f := Figure{Group: group, Name: fmt.Sprintf("%s (%d splits)", name, len(all)), Target: fmt.Sprintf("≤ %g", limit),
		Measured: ece, Low: max(0, ece-1.96*se), High: ece + 1.96*se}
	f.Pass = ece <= limit || o.Quick && f.Low <= limit
	return f
}
