package behaviour

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"stageprobe/analyze/feature"
	"stageprobe/probe"
)

func TestLevelsAreAskedAsOneByOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 40 {
		scenarios, levels := 1+rng.IntN(3), 2+rng.IntN(6)
		table := New(Options{Targets: []probe.Target{{ID: "t"}}, Scenarios: make([]probe.Scenario, scenarios)})
		defs := []feature.Def{{Path: ":status", Class: true}, {Path: "/a"}, {Path: "/b"}, {Path: "/late"}}
		draws := &LevelDraws{}
		for i := range rng.IntN(1500) {
			level := rng.IntN(levels)
			var values []feature.Value
			for d := range defs {
				v := rng.IntN(3)
				if d == 1 && rng.IntN(3) > 0 {
					v = level // goes with the level
				}
				if d == 2 {
					v = i // never again
				}
				if d < 3 || i > 100 {
					values = append(values, feature.Value{Def: d, Hash: uint64(v) + 1, Text: fmt.Sprint(v)})
				}
			}
			draws.Rows = append(draws.Rows, table.AddValues(0, rng.IntN(scenarios), Answer{Status: 200}, values, defs))
			draws.Of = append(draws.Of, level)
		}
		var questions []LevelQuestion
		for l := range levels {
			from := rng.IntN(len(draws.Of) + 1)
			to := from + rng.IntN(len(draws.Of)-from+1)
			questions = append(questions, LevelQuestion{Level: l, To: len(draws.Of), Weight: .1}, LevelQuestion{Level: l, From: from, To: to, Weight: .2})
		}
		for i, got := range table.LinkLevels(draws, questions) {
			q := &questions[i]
			one, on := &Question{Weight: q.Weight}, 0
			for k := q.From; k < q.To; k++ {
				d := Draw{Row: draws.Rows[k], On: draws.Of[k] == q.Level}
				if one.Draws = append(one.Draws, d); d.On {
					on++
				}
			}
			one.P = float64(on) / float64(max(1, len(one.Draws)))
			want := table.Link(one)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(Link{}, Mark{}, Level{}), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Mark{}, "Def")); diff != "" {
				t.Fatalf("level %d of the draws from %d to %d:\n%s", q.Level, q.From, q.To, diff)
			}
		}
	}
}
