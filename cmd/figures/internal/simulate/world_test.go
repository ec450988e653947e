package simulate

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"stageprobe/analyze/stat"
)

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, 1)) }

func TestRowsFollowFromTheSeed(t *testing.T) {
	for _, w := range Worlds() {
		a, b := w.Take(300, seeded(1)), w.Take(300, seeded(1))
		if !slices.Equal(a, b) {
			t.Errorf("%s: two plays with one seed differ", w.Name)
		}
		if c := w.Take(300, seeded(2)); slices.Equal(a, c) {
			t.Errorf("%s: another seed gives the same play", w.Name)
		}
	}
}

func TestWorldsAreNamedOnce(t *testing.T) {
	for _, list := range [][]World{Worlds(), append(Nulls(), BiasedLoss())} {
		seen := map[string]bool{}
		for _, w := range list {
			if w.Name == "" || seen[w.Name] {
				t.Errorf("world %q is named twice or not at all", w.Name)
			}
			seen[w.Name] = true
		}
	}
}

// TestDesignIsRandomised asks for what the tests of a link rely on: factors are
// drawn independently of each other.
func TestDesignIsRandomised(t *testing.T) {
	w := World{Scenarios: 3, Machines: 2, Layers: []Layer{Canary(.3), perfect()}}
	rows := w.Take(6000, seeded(3))
	factors := map[string]func(Row) int{
		"canary": func(r Row) int { return bit(r.Canary) }, "scenario": func(r Row) int { return r.Scenario },
		"address": func(r Row) int { return r.Address }, "fresh": func(r Row) int { return bit(r.Fresh) },
	}
	for a, fa := range factors {
		for b, fb := range factors {
			if a >= b {
				continue
			}
			table := [][]int{make([]int, 4), make([]int, 4), make([]int, 4), make([]int, 4)}
			for _, r := range rows {
				table[fa(r)][fb(r)]++
			}
			// 2n times the mutual information, less its mean, is chi-squared with
			// six degrees of freedom at most.
			if g := 2 * float64(len(rows)) * stat.MutualInfo(table); g > 22 {
				t.Errorf("%s depends on %s: %.3g nats", a, b, g)
			}
		}
	}
}

func TestRowsAreOrderedPerMachine(t *testing.T) {
	next := make([]int, 3)
	for i, r := range (World{Machines: 3}).Take(30, seeded(1)) {
		if r.Index != i || r.Seq != next[r.Machine] {
			t.Errorf("row %d: index %d, seq %d on machine %d, want seq %d", i, r.Index, r.Seq, r.Machine, next[r.Machine])
		}
		next[r.Machine]++
	}
}

// shareOf is the share of rows with a property in a long play.
func shareOf(w World, has func(*Row) bool) float64 {
	const n = 20_000
	hits := 0
	for _, r := range w.Take(n, seeded(11)) {
		hits += bit(has(&r))
	}
	return float64(hits) / n
}

func TestLayersDeviateAtTheirRates(t *testing.T) {
	deviant := func(r *Row) bool { return r.Deviant() }
	first := func(r *Row) bool { return r.Address == 0 }
	for _, c := range []struct {
		name   string
		layers []Layer
		want   float64
	}{
		{"flake", []Layer{Flake(.1, 1)}, .1},
		{"canary", []Layer{Canary(.2), Follow(.9, .05, 1)}, .22},
		{"canary in one of two scenarios", []Layer{Canary(.2), Follow(1, .5, 1, 0)}, .3},
		{"bursts", []Layer{Bursts(.02, .8, 1)}, .02 / (.02 + .2)},
		{"drift", []Layer{Drift(.1, .3, 100, 1)}, .2},
		{"every third", []Layer{Every(3, 1)}, 1. / 3},
		{"switch half way", []Layer{Switches(0, 1, 10_000, 1)}, .5},
		{"an address of four", []Layer{By(first, 1, 0, 1)}, .25},
		{"alias", []Layer{Alias(.3, 1)}, .3},
		{"other stage", []Layer{OtherStage(.4, 1)}, .4},
		{"old deployment, one scenario of two", []Layer{OldDeployment(1, 1)}, .5},
		{"refused", []Layer{Refuse(1)}, 1},
		{"throttled", []Layer{Throttle(.2, 1)}, .2},
		{"flake behind a canary", []Layer{Canary(.5), Follow(1, 0, 1), Flake(.5, 2)}, .75},
	} {
		got := shareOf(World{Scenarios: 2, Layers: c.layers}, deviant)
		if got < c.want-.03 || got > c.want+.03 {
			t.Errorf("%s: share of deviants = %.3f, want about %.3f", c.name, got, c.want)
		}
	}
}

func TestCanaryChangesItsShare(t *testing.T) {
	w := World{Layers: []Layer{CanaryChanges(.1, .5, 10_000)}}
	if got := shareOf(w, func(r *Row) bool { return r.Canary }); got < .28 || got > .32 {
		t.Errorf("share over both halves = %.3f, want about .3", got)
	}
}

func TestCacheRepeatsAnAnswer(t *testing.T) {
	w := World{Scenarios: 2, Layers: []Layer{Flake(.5, 1), Cache(time.Second)}}
	filled := map[int]Row{}
	for _, r := range w.Take(500, seeded(5)) {
		fill, ok := filled[r.Scenario]
		if !r.Cached {
			if ok && r.At < fill.At+time.Second {
				t.Fatalf("row %d is a miss within the time to live", r.Index)
			}
			filled[r.Scenario] = r
			continue
		}
		if r.Behaviour != fill.Behaviour || r.At >= fill.At+time.Second {
			t.Fatalf("row %d: cached answer %d at %s, filled with %d at %s", r.Index, r.Behaviour, r.At, fill.Behaviour, fill.At)
		}
	}
}

func TestAuthorizerCacheRefusesTheOtherScenarios(t *testing.T) {
	owner, until := -1, time.Duration(0)
	for _, r := range (World{Scenarios: 3, Layers: []Layer{AuthorizerCache(time.Second, 1)}}).Take(200, seeded(6)) {
		if r.At >= until {
			owner, until = r.Scenario, r.At+time.Second
		}
		if refused := r.Class == Refused; refused != (r.Scenario != owner) {
			t.Fatalf("row %d: refused = %v, scenario %d, policy of scenario %d", r.Index, refused, r.Scenario, owner)
		}
	}
}

func TestLogsLoseAndDelay(t *testing.T) {
	l := Logs{Loss: Loss{CanaryDev: 1, BaseRef: .5}, Lag: Lag{Canary: 10 * time.Second}, Contradictory: .1}
	w := World{Layers: []Layer{Canary(.5), Flake(.5, 1), Logged(l)}}
	var known, rows [4]int
	for _, r := range w.Take(8000, seeded(7)) {
		cell := 2*bit(!r.Canary) + bit(!r.Deviant())
		rows[cell]++
		known[cell] += bit(r.Label != LabelUnknown)
		if r.Label == LabelCanary != r.Canary && r.Label != LabelUnknown {
			t.Fatalf("row %d carries the wrong label", r.Index)
		}
		lag := r.LabelAt - r.At
		if r.Label == LabelCanary && (lag < 5*time.Second || lag > 15*time.Second || r.LabelBy(r.At) != LabelUnknown) {
			t.Fatalf("row %d: canary label after %s", r.Index, lag)
		}
		if r.Label == LabelBase && r.LabelBy(r.At) != LabelBase {
			t.Fatalf("row %d: base label after %s, want at once", r.Index, lag)
		}
	}
	if known[0] != 0 || known[1] != rows[1] || known[2] != rows[2] {
		t.Errorf("labelled %v of %v, want none of the first, all of the next two", known, rows)
	}
	if got := float64(known[3]) / float64(rows[3]); got < .45 || got > .55 {
		t.Errorf("share of labelled references of base = %.3f, want about .5", got)
	}
	if got := shareOf(w, func(r *Row) bool { return r.Contradictory }); got < .05 || got > .08 {
		t.Errorf("share of contradictory labels = %.3f, want about .0625", got)
	}
}
