package simulate

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/stat"
)

// TestEveryFigureIsMet runs all figures with few runs: a figure fails only where
// its interval excludes the target.
func TestEveryFigureIsMet(t *testing.T) {
	if !*long {
		t.Skip("simulates for several seconds; -long has it")
	}
	figures, err := Figures(t.Context(), Options{Quick: true, Runs: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		if !f.Pass || math.IsNaN(f.Measured) || f.Low > f.Measured || f.High < f.Measured {
			t.Errorf("%s, %s: %.4g (%.4g to %.4g), target %s", f.Group, f.Name, f.Measured, f.Low, f.High, f.Target)
		}
	}
	groups := map[string]bool{}
	for _, f := range figures {
		groups[f.Group] = true
	}
	if len(groups) != 6 {
		t.Errorf("%d groups of figures, want six", len(groups))
	}
}

func TestPlayDoesNotDependOnScheduling(t *testing.T) {
	draw := func(rng *rand.Rand) uint64 { return rng.Uint64() }
	got, err := play(t.Context(), 7, "name", 50, draw)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if want := rand.New(rand.NewPCG(7^streamOf("name"), uint64(i))).Uint64(); v != want {
			t.Fatalf("run %d drew %d, want %d", i, v, want)
		}
	}
	other, _ := play(t.Context(), 7, "another", 50, draw)
	if slices.Equal(got, other) {
		t.Error("two figures share their random numbers")
	}
}

func TestFiguresStopWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Figures(ctx, Options{Quick: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
}

// TestOperateIsExact compares with the geometric law: a decision at the first
// deviant, or for something else after ten requests without one.
func TestOperateIsExact(t *testing.T) {
	const q, most = .2, 10
	decided, mean := operate(q, 10_000, func(k, n int) int {
		switch {
		case k > 0:
			return 1
		case n == most:
			return 2
		}
		return 0
	})
	none := math.Pow(1-q, most)
	if math.Abs(mean-(1-none)/q) > 1e-9 || math.Abs(decided[1]-(1-none)) > 1e-9 || math.Abs(decided[2]-none) > 1e-9 {
		t.Errorf("mean %g, decided %v, want %g, %g and %g", mean, decided, (1-none)/q, 1-none, none)
	}
}

// TestFisherSize checks the smallest size by brute force where the canary always
// deviates and base hardly ever: two deviants on the canary are needed, or one
// among a hundred requests.
func TestFisherSize(t *testing.T) {
	n := fisherSize(.1, linkStray)
	if p := fisherPower(n, .1, linkStray); p < .99 {
		t.Errorf("power at %d = %g, want .99", n, p)
	}
	if p := fisherPower(n-1, .1, linkStray); p >= .99 {
		t.Errorf("power at %d = %g: not the smallest", n-1, p)
	}
	var two float64
	for k := 2; k <= n; k++ {
		two += binomial(k, n, .1*linkFollow)
	}
	if p := fisherPower(n, .1, linkStray); math.Abs(p-two) > .005 {
		t.Errorf("power %g, chance of two deviants on the canary %g", p, two)
	}
}

func TestNearestLink(t *testing.T) {
	// For a rare flake the nearest law is on the edge a = 1/2, b = a/5.
	q := .05
	edge := q*stat.KL(q, .5) + (1-q)*stat.KL(q, .1)
	if got := nearestLink(q); got > edge || got <= 0 {
		t.Errorf("divergence = %g, want at most %g", got, edge)
	}
}

func TestARightStageIsNamed(t *testing.T) {
	runs, err := play(t.Context(), 3, "stages", 300, nameStage)
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for i, r := range runs {
		wrong += bit(r.wrong)
		if r.requests < 2 {
			t.Errorf("run %d named a stage after %g request: one answer is not enough", i, r.requests)
		}
	}
	if wrong > 6 {
		t.Errorf("%d of 300 runs name the wrong stage", wrong)
	}
}

func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	err := Markdown(&b, []Figure{
		{Group: "Links", Name: "bursts", Target: "≤ 0.01", Measured: .0031, Low: .002, High: .0041, Pass: true},
		{Group: "Links", Name: "drift", Target: "≤ 0.01", Measured: .02, Low: .017, High: .023},
		{Group: "Shares", Name: "10%", Target: "≤ 1.05", Measured: 1.0027, Low: 1.0027, High: 1.0027, Pass: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/figures.md")
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("Markdown is\n%s\nwant\n%s", got, strings.TrimSpace(string(want)))
	}
}
