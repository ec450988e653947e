package simulate

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/report/prose"
)

// costs are what a link may take in requests, at the median.
var costs = []struct {
	name  string
	limit int
	draw  func(*rand.Rand) World
	per   func(World) int // requests count by so many
}{
	{"canary of 1 %", 220, linkOf(.01, 1), whole},
	{"canary of 2 %", 135, linkOf(.02, 1), whole},
	{"canary of 10 %", 40, linkOf(.1, 1), whole},
	{"canary of 25 %", 23, linkOf(.25, 1), whole},
	{"canary of 50 %", 18, linkOf(.5, 1), whole},
	{"canary of 10 %, 20 scenarios", 120, linkOf(.1, 20), whole},
	{"wrong stage without logs, one deciding scenario", 30, func(rng *rand.Rand) World {
		return Matching(Families(), []string{"wrong stage, one deciding scenario of 2 to 20, no logs"})[0].Draw(rng)
	}, func(w World) int { return w.Targets * w.Scenarios }},
}

func whole(World) int { return 1 }

// linkOf is a stage whose canary gives another version, amid some 60 features, with labels
// at once.
func linkOf(p float64, scenarios int) func(*rand.Rand) World {
	return func(rng *rand.Rand) World {
		w := differs(rng, p)
		w.Scenarios, w.Machines, w.Requests = scenarios, 0, 4000
		return w.answering(Follow(1, 0, 1)).moving(moving(rng, 20, 20)).answering(perfect())
	}
}

// Costs measures how many requests pass until the cause is tied to what was drawn, looking
// each time the run has grown by a twentieth, and writes the medians.
func Costs(ctx context.Context, o Options, out io.Writer) error {
	o = o.withDefaults()
	runs := max(o.Runs/100, 20)
	fmt.Fprintf(out, "| until the cause is tied | runs | median | ninth decile | limit of the median |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, c := range costs {
		took, err := play(ctx, o.Seed, "cost "+c.name, runs, func(rng *rand.Rand) float64 {
			w := c.draw(rng)
			return float64(w.untilTied(rng)) / float64(c.per(w))
		})
		if err != nil {
			return fmt.Errorf("simulate: cost of %s: %w", c.name, err)
		}
		slices.Sort(took)
		if _, err := fmt.Fprintf(out, "| %s | %d | %.0f | %.0f | %d |\n", c.name, runs, took[runs/2], took[runs*9/10], c.limit); err != nil {
			return err
		}
	}
	return nil
}

// untilTied is after how many requests a cause of the world is tied to what was drawn; one
// more than there are where it never is.
func (w World) untilTied(rng *rand.Rand) int {
	v, d := newView(w), w.design()
	look := 9.
	for n := 1; n <= w.Requests; n++ {
		row := d.play(rng)
		v.add(row)
		if float64(n) < look {
			continue
		}
		look = max(look*1.05, float64(n+1))
		r := cause.Explain(v.at(row.At+logWait, false)) // what logs say of it is known
		r.InWords(prose.Say)
		d.advised = r.Next
		if slices.ContainsFunc(r.Findings, func(f cause.Finding) bool { return f.Linked != cause.ConsistentWith && w.may(string(f.Cause)) }) {
			return n
		}
	}
	return w.Requests + 1
}
