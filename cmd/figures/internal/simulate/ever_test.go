package simulate

import (
	"bytes"
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/cause"
)

func TestFamiliesAreNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Families() {
		if seen[f.Name] {
			t.Errorf("truth %q is named twice", f.Name)
		}
		seen[f.Name] = true
	}
	if len(seen) < 60 {
		t.Errorf("%d truths, want at least 60", len(seen))
	}
}

// TestDrawnWorldsDiffer: a family draws its parameters anew for each run, and the
// same ones from the same seed.
func TestDrawnWorldsDiffer(t *testing.T) {
	for _, f := range Families() {
		a, again, b := f.Draw(seeded(1)), f.Draw(seeded(1)), f.Draw(seeded(2))
		if a.Rate == b.Rate || a.noise == b.noise {
			t.Errorf("%s: two runs have the same parameters", f.Name)
		}
		if a.Rate != again.Rate || !slices.Equal(a.Take(50, seeded(3)), again.Take(50, seeded(3))) {
			t.Errorf("%s: the same seed gives another world", f.Name)
		}
	}
}

// long plays what takes minutes; .ci/run gives it.
var long = flag.Bool("long", false, "play every truth, which takes minutes")

// TestNoStatementContradictsItsNumbers reads every finding of every world, at every
// look.
func TestNoStatementContradictsItsNumbers(t *testing.T) {
	if !*long {
		t.Skip("plays a hundred worlds; -long has it")
	}
	found := map[string]string{}
	for _, f := range Families() {
		run := f.Draw(runOf(1, everStream+f.Name, 0))
		for what := range run.watch(rand.New(rand.NewPCG(5, 5))).contradiction {
			found[what] = f.Name
		}
	}
	for _, what := range slices.Sorted(maps.Keys(found)) {
		t.Errorf("%s: %s", found[what], what)
	}
}

func TestMarkovStretches(t *testing.T) {
	for order := 1; order <= 3; order++ {
		rng := seeded(uint64(order))
		w := World{Layers: []Layer{Markov(order, 30, 10, 1, rng)}}
		runs, deviants, last := 0, 0, false
		for _, r := range w.Take(40_000, rng) {
			if r.Deviant() && !last {
				runs++
			}
			deviants += bit(r.Deviant())
			last = r.Deviant()
		}
		// Of an order above 1 the stretches are at most twice as long or as short.
		if mean := float64(deviants) / float64(runs); mean < 4 || mean > 22 || order == 1 && (mean < 9 || mean > 11) {
			t.Errorf("order %d: stretches of %.1f answers on average, want about 10", order, mean)
		}
	}
}

func TestReplayIsTheRunThatWasCounted(t *testing.T) {
	family := Matching(Families(), []string{"canary differs, a version"})[0]
	counted := family.Draw(runOf(1, everStream+family.Name, 2))
	var out bytes.Buffer
	if err := Replay(&out, Options{}, family, 2); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "canary-split") || !strings.Contains(out.String(), "run 2") || counted.Percent == 0 {
		t.Errorf("replay is\n%s", out.String())
	}
}

func TestCheckersSeeContradictions(t *testing.T) {
	share := &cause.Interval{Estimate: .5, Low: .4, High: .6}
	for _, c := range []struct {
		want string
		f    cause.Finding
	}{
		{"a part is larger", cause.Finding{Statement: "12 of 10 answers deviate"}},
		{"a percentage is not", cause.Finding{Statement: "5 of 10 answers (12 %) are 502"}},
		{"the share is not", cause.Finding{Cause: cause.FlakyBackend, Statement: "2 of 10 answers are 502",
			Statistics: &cause.Statistics{N: 10, Share: share}}},
		{"outside its interval", cause.Finding{Statistics: &cause.Statistics{Share: &cause.Interval{Estimate: .9, High: .5}}}},
		{"more than the finding rests on", cause.Finding{Statistics: &cause.Statistics{N: 3,
			Table: &cause.Table{Columns: []string{"a"}, Counts: [][]int{{4}}}}}},
		{"the same share", cause.Finding{Differs: []cause.Difference{{Usual: "a", Other: "b",
			Counts: map[string]cause.DifferenceCount{"x": {Other: 2, All: 2}, "y": {Other: 4, All: 4}}}}}},
		{"only one side does", cause.Finding{Statement: "The canary does not explain it: 5 of its 10 answers fail, and 0 of 90 of the stage's own deployment",
			Statistics: &cause.Statistics{}}},
		{"deviate alike", cause.Finding{Statement: "By the logs, 5 of 10 answers of the canary deviate (502) against 10 of 20 of the own deployment"}},
		{"served nothing", cause.Finding{Statement: "it served 0 of 90 requests and answered each as the stage does"}},
	} {
		got := contradictions(&cause.Result{Findings: []cause.Finding{c.f}})
		if len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("%s: %v", c.want, got)
		}
	}
}

func TestEverMarkdown(t *testing.T) {
	var out bytes.Buffer
	rates := []Rates{
		{Name: "alike", Runs: 1000, Requests: 120},
		{Name: "partial", Runs: 1000, False: 20, Must: true, Missed: 7, What: []Mistake{{"stale-canary, warning, proven", 20, 3, 513}}},
	}
	if err := EverMarkdown(&out, Options{}, rates); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"1 of 2 truths meet the target", "| alike | 1000 | 0 | 0.2991% | – | 120 | met |",
		"| partial | 1000 | 20 | 2.893% | 7 | 0 | **missed**: stale-canary, warning, proven: 20, first in run 3 at 513 |",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
}
