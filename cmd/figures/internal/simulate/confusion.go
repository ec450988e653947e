package simulate

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"stageprobe/analyze/stat"
)

// Matrix is a confusion matrix: how often each verdict was given on each truth.
type Matrix struct {
	Truths []Truth
	Runs   int // per truth
}

// Truth is a row of a confusion matrix.
type Truth struct {
	Name     string
	Causes   []string
	Verdicts map[string]int // by the causes named, "consistent" or "inconclusive"
	Outcomes [3]int         // by Outcome
	// FalseLinks counts, by cause, false findings that claim more than that a
	// share fits.
	FalseLinks map[string]int
	Requests   float64 // used on average
	Silent     int     // runs whose report states no efficiency
}

// Confusion diagnoses each world many times.
func Confusion(ctx context.Context, o Options, worlds []World) (*Matrix, error) {
	o = o.withDefaults()
	m := &Matrix{Runs: o.worlds()}
	for _, w := range worlds {
		o.begin("world " + w.Name)
		type run struct {
			called, falsely string
			outcome         Outcome
			used            int
			silent          bool
		}
		runs, err := play(ctx, o.Seed, "confusion "+w.Name, m.Runs, func(rng *rand.Rand) run {
			v := Diagnose(w, rng)
			return run{v.called(w), w.falselyDriven(&v.Result), w.judge(&v), v.Used, v.Result.Efficiency == nil}
		})
		if err != nil {
			return nil, fmt.Errorf("simulate: world %s: %w", w.Name, err)
		}
		t := Truth{Name: w.Name, Causes: w.Causes, Verdicts: map[string]int{}, FalseLinks: map[string]int{}}
		for _, r := range runs {
			t.Verdicts[r.called]++
			t.Outcomes[r.outcome]++
			t.Requests += float64(r.used) / float64(len(runs))
			t.Silent += bit(r.silent)
			if r.falsely != "" {
				t.FalseLinks[r.falsely]++
			}
		}
		m.Truths = append(m.Truths, t)
	}
	return m, nil
}

// worlds is how often each world of a confusion matrix is played.
func (o Options) worlds() int {
	if o.Quick {
		return max(o.Runs/100, 1)
	}
	return max(o.Runs/20, 2)
}

// Figures of a confusion matrix.
func (m *Matrix) Figures(o Options) []Figure {
	const group = "Confusion matrix"
	var outcomes [3]int
	var silent, total int
	worst, of := 0, "none"
	for _, t := range m.Truths {
		for i, n := range t.Outcomes {
			outcomes[i] += n
			total += n
		}
		silent += t.Silent
		for _, cause := range slices.Sorted(maps.Keys(t.FalseLinks)) {
			if n := t.FalseLinks[cause]; n > worst {
				worst, of = n, cause+" on "+t.Name
			}
		}
	}
	size := fmt.Sprintf("%d truths, %d worlds each", len(m.Truths), m.Runs)
	return []Figure{
		o.atLeast(group, "right, over "+size, outcomes[Right], total, .99),
		o.atMost(group, "wrong", outcomes[Wrong], total, .005),
		o.atMost(group, "largest cell of falsely linked ("+of+")", worst, m.Runs, .01),
		o.atMost(group, "reports without an efficiency", silent, total, 0),
	}
}

// atMost is a rate that may not exceed a limit.
func (o Options) atMost(group, name string, hits, runs int, limit float64) Figure {
	low, high := stat.ClopperPearson(hits, runs, shown)
	f := Figure{Group: group, Name: name, Target: "≤ " + percent(limit), Measured: float64(hits) / float64(runs), Low: low, High: high}
	f.Pass = f.Measured <= limit || o.Quick && low <= limit
	return f
}

// atLeast is a rate that must reach a limit.
func (o Options) atLeast(group, name string, hits, runs int, limit float64) Figure {
	low, high := stat.ClopperPearson(hits, runs, shown)
	f := Figure{Group: group, Name: name, Target: "≥ " + percent(limit), Measured: float64(hits) / float64(runs), Low: low, High: high}
	f.Pass = f.Measured >= limit || o.Quick && high >= limit
	return f
}

// Markdown writes a row per truth: how often the verdict was right, open or
// wrong, what the requests were, and which verdicts other than the truth came.
func (m *Matrix) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "| truth | causes | right | inconclusive | wrong | requests | other verdicts |\n| --- | --- | ---: | ---: | ---: | ---: | --- |\n")
	for _, t := range m.Truths {
		causes := strings.Join(t.Causes, ", ")
		if causes == "" {
			causes = "none"
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %.0f | %s |\n", t.Name, causes,
			t.Outcomes[Right], t.Outcomes[Inconclusive], t.Outcomes[Wrong], t.Requests, t.others())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// others are the verdicts that are not the truth, most frequent first.
func (t *Truth) others() string {
	right := strings.Join(ordered(t.Causes), " + ")
	if right == "" {
		right = "consistent"
	}
	names := slices.Sorted(maps.Keys(t.Verdicts))
	slices.SortStableFunc(names, func(a, b string) int { return t.Verdicts[b] - t.Verdicts[a] })
	var out []string
	for _, name := range names {
		if name != right {
			out = append(out, fmt.Sprintf("%s: %d", name, t.Verdicts[name]))
		}
	}
	return strings.Join(out, "; ")
}
