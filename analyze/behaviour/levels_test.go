package behaviour

import (
	"fmt"
	"math/rand/v2"
	"slices"
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
			draws.Add(table.AddValues(0, rng.IntN(scenarios), Answer{Status: 200}, values, defs), level)
			if rng.IntN(200) == 0 { // a look, and some are drawn again after it
				table.LinkLevels(draws, []LevelQuestion{{Level: rng.IntN(levels), From: min(i, rng.IntN(3)), To: draws.Len(), Weight: .1}})
				rows, of := slices.Clone(draws.rows), slices.Clone(draws.of)
				at := rng.IntN(len(rows))
				draws.Cut(at)
				for k, row := range rows[at:] {
					draws.Add(row, of[at+k])
				}
			}
		}
		var questions []LevelQuestion
		for l := range levels {
			from := rng.IntN(draws.Len() + 1)
			to := from + rng.IntN(draws.Len()-from+1)
			questions = append(questions, LevelQuestion{Level: l, To: draws.Len(), Weight: .1}, LevelQuestion{Level: l, From: from, To: to, Weight: .2})
		}
		for i, got := range table.LinkLevels(draws, questions) {
			q := &questions[i]
			one, on := &Question{Weight: q.Weight}, 0
			for k := q.From; k < q.To; k++ {
				d := Draw{Row: draws.rows[k], On: draws.of[k] == q.Level}
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
