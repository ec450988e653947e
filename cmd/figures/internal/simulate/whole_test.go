package simulate

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/cause"
)

// few worlds of each kind: enough to notice a mistake.
func few(runs int) Options { return Options{Runs: runs, Seed: 11, Quick: true} }

func TestEveryTruthIsNamed(t *testing.T) {
	if !*long {
		t.Skip("plays dozens of worlds; -long has it")
	}
	m, err := Confusion(t.Context(), few(100), Worlds())
	if err != nil {
		t.Fatal(err)
	}
	for _, truth := range m.Truths {
		if truth.Outcomes[Wrong] > 0 || truth.Outcomes[Inconclusive] > 1 || len(truth.FalseLinks) > 0 || truth.Silent > 0 {
			t.Errorf("%s: %d right, %d inconclusive, %d wrong (%s), falsely linked %v, %d reports without an efficiency", truth.Name,
				truth.Outcomes[Right], truth.Outcomes[Inconclusive], truth.Outcomes[Wrong], truth.others(), truth.FalseLinks, truth.Silent)
		}
	}
	causes := map[string]bool{}
	for _, w := range Worlds() {
		for _, c := range w.Causes {
			causes[c] = true
		}
	}
	// An expectation is held against a scenario file, which no world has.
	for _, c := range cause.IDs() {
		if c != cause.ExpectationFailed && !causes[string(c)] {
			t.Errorf("no world is a truth of cause %s", c)
		}
	}
}

func TestStrangersAreNotNamedOtherwise(t *testing.T) {
	for _, w := range Strangers() {
		v := Diagnose(w, rand.New(rand.NewPCG(3, 3)))
		if w.judge(&v) == Wrong {
			t.Errorf("%s is called %s", w.Name, v.called(w))
		}
	}
}

func TestNothingDrivesTheNulls(t *testing.T) {
	bad := 0
	nulls := append(Nulls(), BiasedLoss())
	for _, w := range nulls {
		for i := range uint64(3) {
			if cause := everDriven(w, rand.New(rand.NewPCG(4, i))); cause != "" {
				bad++
				t.Logf("%s: run %d is called %s", w.Name, i, cause)
			}
		}
	}
	// At 1% each, more than three of 27 have a probability of one in 5,000.
	if bad > 3 {
		t.Errorf("%d of %d null worlds have a false driven verdict", bad, 3*len(nulls))
	}
}

func TestPosteriorsAreNearTheTruth(t *testing.T) {
	if !*long {
		t.Skip("plays hundreds of worlds; -long has it")
	}
	figures, err := calibration(t.Context(), few(100))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		if math.IsNaN(f.Measured) || f.Low > .08 {
			t.Errorf("%s: calibration error %.3f (%.3f to %.3f)", f.Name, f.Measured, f.Low, f.High)
		}
	}
}

func TestCalibrationError(t *testing.T) {
	tests := []struct {
		name string
		all  []stated
		want float64
	}{
		{"sure and right", []stated{{1, true}, {1, true}}, 0},
		{"sure and wrong", []stated{{1, false}, {1, false}}, 1},
		{"half right", []stated{{.5, true}, {.5, false}}, 0},
		{"two bins", []stated{{.9, true}, {.9, false}, {.2, false}, {.2, false}}, (.8 + .4) / 4},
	}
	for _, tt := range tests {
		if got := calibrationError(tt.all); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: %g, want %g", tt.name, got, tt.want)
		}
	}
}

func TestMatrixMarkdown(t *testing.T) {
	m := &Matrix{Runs: 3, Truths: []Truth{{
		Name: "canary", Causes: []string{canarySplit}, Outcomes: [3]int{1, 1, 1}, Requests: 460,
		Verdicts: map[string]int{canarySplit: 1, "inconclusive": 1, flakyBackend: 1},
	}}}
	var out bytes.Buffer
	r := &Report{Options: few(100), Matrix: m, Figures: m.Figures(few(100))}
	if err := r.Markdown(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| canary | canary-split | 1 | 1 | 1 | 460 | flaky-backend: 1; inconclusive: 1 |",
		"go run ./cmd/figures --runs 100 --seed 11 --quick", "| wrong | ≤ 0.5% | 0.3333 |",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
}

// TestOrderOfRows: any order of the rows and any numbering of clusters gives the
// same result for every world.
func TestOrderOfRows(t *testing.T) {
	for _, w := range Worlds() {
		w.Machines = 3
		v := newView(w)
		rng := rand.New(rand.NewPCG(9, 9))
		for _, row := range w.Take(150, rng) {
			v.add(row)
		}
		in := v.at(logWait, true)
		want := cause.Explain(in)
		in.Rows = slices.Clone(in.Rows)
		rng.Shuffle(len(in.Rows), func(i, j int) { in.Rows[i], in.Rows[j] = in.Rows[j], in.Rows[i] })
		got := cause.Explain(in)
		if a, b := encode(t, got), encode(t, want); a != b {
			at := 0
			for at < min(len(a), len(b)) && a[at] == b[at] {
				at++
			}
			t.Errorf("%s: another order of the rows gives\n…%.200s\nwant\n…%.200s", w.Name, a[max(0, at-80):], b[max(0, at-80):])
		}
	}
}
