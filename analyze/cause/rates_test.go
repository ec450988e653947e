package cause

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
)

// null is a world in which the answers ignore the canary, however the answers
// and the labels come about.
type null struct {
	name   string
	answer func(r *request, state *float64) answer
	label  func(r *Row, deviant bool, n int, w *world) // what the logs make of a label
}

func flake(p float64) func(*request, *float64) answer {
	return func(r *request, _ *float64) answer {
		if r.chance(p) {
			return ok("v1")
		}
		return ok("v2")
	}
}

func lose(r *Row) { r.Label = LabelUnknown }

var nulls = []null{
	{name: "independent at the canary's rate", answer: flake(.1)},
	{name: "bursts", answer: func(r *request, down *float64) answer {
		switch {
		case *down > 0 && r.chance(.1):
			*down = 0
		case *down == 0 && r.chance(.015):
			*down = 1
		}
		return flake(*down)(r, nil)
	}},
	{name: "drift", answer: func(r *request, _ *float64) answer { return flake(float64(r.n)/1500)(r, nil) }},
	{name: "one group lags", answer: flake(.1), label: func(r *Row, _ bool, n int, w *world) {
		if r.Label == LabelCanary && n-int(r.Seq) < 100 {
			lose(r)
		}
	}},
	{name: "loss by label", answer: flake(.1), label: func(r *Row, _ bool, _ int, w *world) {
		if r.Label == LabelCanary && w.rng.Float64() < .5 {
			lose(r)
		}
	}},
	{name: "loss by answer", answer: flake(.1), label: func(r *Row, deviant bool, _ int, w *world) {
		if deviant && w.rng.Float64() < .5 {
			lose(r)
		}
	}},
	{name: "loss by both", answer: flake(.1), label: func(r *Row, deviant bool, _ int, w *world) {
		if deviant && r.Label == LabelBase && w.rng.Float64() < .8 {
			lose(r)
		}
	}},
	{name: "configured share wrong", answer: flake(.1), label: func(r *Row, _ bool, _ int, w *world) {
		if r.Label == LabelBase && w.rng.Float64() < .1 {
			r.Label = LabelCanary
		}
	}},
	{name: "share changes", answer: flake(.1), label: func(r *Row, _ bool, _ int, w *world) {
		if r.Seq > 200 && r.Label == LabelBase && w.rng.Float64() < .3 {
			r.Label = LabelCanary
		}
	}},
}

// falseLinks looks at a null after every batch and tells whether it was ever
// called a canary split that the logs prove.
func falseLinks(n null, seed uint64) bool {
	const rows, batch = 400, 100
	w := newWorld(seed).canary(10)
	state := 0.
	w.send(rows, func(r *request) answer { return n.answer(r, &state) })
	in := w.Input
	for sent := batch; sent <= rows; sent += batch {
		in.Rows, in.Done = slices.Clone(w.Rows[:sent]), sent == rows
		for i := range in.Rows {
			if n.label != nil {
				n.label(&in.Rows[i], w.Clusters[in.Rows[i].Cluster].ID == "v1", sent, w)
			}
		}
		if found(explained(in))[CanarySplit] == Proven {
			return true
		}
	}
	return false
}

// TestFalseLinks: a split that ignores the canary is almost never called one
// that the logs prove, although the run looks after every batch.
// RATES=n runs n worlds of each kind.
func TestFalseLinks(t *testing.T) {
	t.Parallel()
	worlds := 8
	if n, err := strconv.Atoi(os.Getenv("RATES")); err == nil {
		worlds = n
	}
	total := 0
	for _, n := range nulls {
		bad := 0
		for seed := range uint64(worlds) {
			if falseLinks(n, seed) {
				bad++
			}
		}
		if worlds > 8 {
			fmt.Printf("%-40s %d of %d\n", n.name, bad, worlds)
		}
		total += bad
	}
	// At 1 % each, more than this many of all worlds together has a probability
	// below 1 in 10,000.
	if most := 4 + worlds*len(nulls)/40; total > most {
		t.Errorf("%d of %d null worlds were called a proven canary split, at most %d may", total, worlds*len(nulls), most)
	}
}

func flakeAt(p float64) func(*request) answer {
	return func(r *request) answer { return flake(p)(r, nil) }
}
