package stat

import (
	"flag"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

var long = flag.Bool("long", false, "simulate ten times as many runs")

// repeats is how often a simulation repeats.
func repeats(usual int) int {
	if *long {
		return 10 * usual
	}
	return usual
}

// rarely fails where k of n runs show that something happens in more than 1% of
// them, or, of 2000 runs and more, do not show that it happens in at most 1.3%.
func rarely(t *testing.T, what string, k, n int) {
	t.Helper()
	t.Logf("%s: %d of %d", what, k, n)
	least, _ := ClopperPearson(k, n, .9)
	if least > .01 || n >= 2000 && UpperBound(k, n, .95) > .013 {
		t.Errorf("%s: %d of %d runs, want 1%% at most", what, k, n)
	}
}

// movement is what a feature does by itself: the value of each row, whatever the
// labels are.
type movement func(rng *rand.Rand, n int) []int

// kept is how many values a feature keeps.
const kept = 64

var movements = []struct {
	name string
	move movement
}{
	{"constant", func(_ *rand.Rand, n int) []int { return make([]int, n) }},
	{"few values", func(rng *rand.Rand, n int) []int { return each(n, func(int) int { return rng.IntN(5) }) }},
	{"unique", func(_ *rand.Rand, n int) []int { return each(n, func(i int) int { return i }) }},
	{"ticking", func(_ *rand.Rand, n int) []int { return each(n, func(i int) int { return i / 40 }) }},
	{"one switch", func(_ *rand.Rand, n int) []int { return each(n, func(i int) int { return 2 * i / n }) }},
	{"bursty", func(rng *rand.Rand, n int) []int {
		state := 0
		return each(n, func(int) int {
			if rng.Float64() < .05 {
				state = 1 - state
			}
			return state
		})
	}},
}

func each(n int, f func(i int) int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

// tally keeps the counts of one feature as a run does: at most kept values, the
// oldest one seen once forgotten when it is full.
type tally struct {
	values    []Count
	slot      map[int]int
	forgotten Count
	once      []int // values that may still have been seen once, oldest first
}

func (y *tally) add(value int, on bool) {
	if y.slot == nil {
		y.slot = map[int]int{}
	}
	at, ok := y.slot[value]
	if !ok {
		at = y.room()
		y.slot[value] = at
		y.once = append(y.once, value)
	}
	y.values[at].add(on)
}

// room is a place for a new value, 0 being the reference value's for good.
func (y *tally) room() int {
	if len(y.values) < kept {
		y.values = append(y.values, Count{})
		return len(y.values) - 1
	}
	for len(y.once) > 0 {
		oldest := y.once[0]
		y.once = y.once[1:]
		if at := y.slot[oldest]; at > 0 && y.values[at].N() == 1 {
			y.forgotten = y.forgotten.Plus(y.values[at])
			y.values[at] = Count{}
			delete(y.slot, oldest)
			return at
		}
	}
	return kept - 1 // the rest
}

// look is at every row up to 16 and then 16 times while the rows double.
func look(i int) bool { return i&(1<<max(bits.Len(uint(i))-5, 0)-1) == 0 }

// everLinked tells whether E of a feature reaches 100 at a look, with D in blocks
// that also end at the events, or with one estimate for the whole run.
func everLinked(values []int, labels []bool, p float64, events []int, whole bool) bool {
	var y tally
	var blocks Blocks
	var all Count
	for i, on := range labels {
		if slices.Contains(events, i) {
			blocks.End()
		}
		y.add(values[i], on)
		blocks.Add(on)
		all.add(on)
		if !look(i) {
			continue
		}
		d := blocks.LogD()
		if whole {
			d = all.logMost()
		}
		if LinkLogN(y.values, 0, y.forgotten, p)-d >= math.Log(100) {
			return true
		}
	}
	return false
}

func drawLabels(rng *rand.Rand, n int, share func(i int) float64) []bool {
	labels := make([]bool, n)
	for i := range labels {
		labels[i] = rng.Float64() < share(i)
	}
	return labels
}

// TestNothingLinksByItself draws labels that go with nothing (Ville 1939), at the
// centre, far from it, drifting within an event and stepping at one.
func TestNothingLinksByItself(t *testing.T) {
	const n = 300
	truths := []struct {
		name   string
		p      float64
		events []int
		share  func(i int) float64
	}{
		{"10% as configured", .1, nil, func(int) float64 { return .1 }},
		{"13% and 10% configured", .1, nil, func(int) float64 { return .13 }},
		{"50% and 1% configured", .01, nil, func(int) float64 { return .5 }},
		{"drifting from 5% to 20%", .1, nil, func(i int) float64 { return .05 + .15*float64(i)/n }},
		{"5%, at an event 60%", .05, []int{150}, func(i int) float64 { return .05 + .55*float64(i/150) }},
	}
	for _, truth := range truths {
		rng := rand.New(rand.NewPCG(11, 12))
		linked := map[string]int{}
		total := repeats(300)
		for range total {
			labels := drawLabels(rng, n, truth.share)
			for _, m := range movements {
				if everLinked(m.move(rand.New(rand.NewPCG(rng.Uint64(), 1)), n), labels, truth.p, truth.events, false) {
					linked[m.name]++
				}
			}
		}
		for _, m := range movements {
			rarely(t, truth.name+", "+m.name, linked[m.name], total)
		}
	}
}

// TestAShareThatChangesLinksNothing changes the share from 5 to 20% in the middle
// of a block while a field ticks.
func TestAShareThatChangesLinksNothing(t *testing.T) {
	const n = 4000
	rng := rand.New(rand.NewPCG(5, 6))
	values := each(n, func(i int) int { return i / 400 })
	var blocks, whole int
	total := repeats(300)
	for range total {
		labels := drawLabels(rng, n, func(i int) float64 { return .05 + .15*float64(i/2100) })
		blocks += bit(everLinked(values, labels, .05, nil, false))
		whole += bit(everLinked(values, labels, .05, nil, true))
	}
	rarely(t, "linked with blocks", blocks, total)
	if whole < total*9/10 {
		t.Errorf("one estimate links %d of %d: the simulation does not show what blocks are for", whole, total)
	}
}

// requestsToLink is the median number of labelled answers until one of 60 class
// features, which is 1 under the canary alone, is linked.
func requestsToLink(p float64, total int) int {
	rng := rand.New(rand.NewPCG(7, 8))
	need := math.Log(100 * 60 * 8 / 3)
	var counts []int
	for range total {
		values := make([]Count, 2)
		var blocks Blocks
		n := 0
		for linked := false; !linked; n++ {
			on := rng.Float64() < p
			values[bit(on)].add(on)
			blocks.Add(on)
			linked = LinkLogN(values, 0, Count{}, p)-blocks.LogD() >= need || n > 1e4
		}
		counts = append(counts, n)
	}
	slices.Sort(counts)
	return counts[len(counts)/2]
}

func TestRequestsToALink(t *testing.T) {
	// At 1% two or three canary answers make the link: 220 with weights and
	// answers in which two do, 275 with these.
	for p, want := range map[float64]float64{.01: 275, .02: 135, .1: 40, .25: 23, .5: 18} {
		got := requestsToLink(p, repeats(1000))
		near(t, fmt.Sprintf("requests to a link at %g", p), float64(got), want, .15*want)
	}
}
