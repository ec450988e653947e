package simulate

import (
	"context"
	"fmt"
	"math"

	"stageprobe/analyze/stat"
)

// Options says how much to simulate.
type Options struct {
	Runs int    // per null process, 10,000 by default; other figures take a share of it
	Seed uint64 // 1 by default
	// Quick takes few runs and passes a figure unless its interval excludes the
	// target: enough to notice a mistake.
	Quick bool
	// Progress hears what is measured next; may be nil.
	Progress func(what string)
}

// Figure is one measured promise.
type Figure struct {
	Group, Name string
	Target      string  // in words
	Measured    float64 // a rate, a ratio to the bound, or a number of requests
	Low, High   float64 // 95% interval; equal to Measured where it is exact
	Pass        bool
}

// Exact tells a computed figure from a simulated one.
func (f Figure) Exact() bool { return f.Low == f.Measured && f.High == f.Measured }

// confidence of the decisions that are measured, and of the intervals shown.
const (
	alpha = .01
	shown = .95
)

// Defaults of Options.Runs.
const (
	DefaultRuns = 10_000
	quickRuns   = 300
)

// Figures measures everything that rests on package stat alone.
func Figures(ctx context.Context, o Options) ([]Figure, error) {
	o = o.withDefaults()
	return o.all(ctx, []measurement{
		{"false links", falseLinks}, {"linking", linking},
		{"the share test", shareTest}, {"flakes at the canary's rate", notTheCanary}, {"consistency", consistency},
		{"the stage behind a domain", rightStage},
	})
}

// measurement is one group of figures.
type measurement struct {
	what    string
	measure func(context.Context, Options) ([]Figure, error)
}

func (o Options) all(ctx context.Context, groups []measurement) ([]Figure, error) {
	var all []Figure
	for _, g := range groups {
		o.begin(g.what)
		figures, err := g.measure(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("simulate: measure %s: %w", g.what, err)
		}
		all = append(all, figures...)
	}
	return all, nil
}

func (o Options) begin(what string) {
	if o.Progress != nil {
		o.Progress(what)
	}
}

func (o Options) withDefaults() Options {
	if o.Runs == 0 {
		o.Runs = DefaultRuns
		if o.Quick {
			o.Runs = quickRuns
		}
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	return o
}

// share of the runs for figures that need fewer than a rare error rate does.
func (o Options) share(divisor int) int { return max(o.Runs/divisor, 100) }

// exact is a figure that was computed.
func exact(group, name string, value, limit float64, unit string) Figure {
	return Figure{
		Group: group, Name: name, Target: fmt.Sprintf("≤ %g%s", limit, unit),
		Measured: value, Low: value, High: value, Pass: value <= limit,
	}
}

// simulated is the mean of what runs gave, divided by a bound.
func (o Options) simulated(group, name string, values []float64, bound, limit float64, unit string) Figure {
	mean, se := meanOf(values)
	f := Figure{
		Group: group, Name: name, Target: fmt.Sprintf("≤ %g%s", limit, unit),
		Measured: mean / bound, Low: (mean - 1.96*se) / bound, High: (mean + 1.96*se) / bound,
	}
	f.Pass = f.Measured <= limit || o.Quick && f.Low <= limit
	return f
}

// rate is how often something happened that may happen at most with probability
// limit, with the upper end of the interval at most above.
func (o Options) rate(group, name string, hits, runs int, limit, above float64) Figure {
	low, high := stat.ClopperPearson(hits, runs, shown)
	f := Figure{
		Group: group, Name: name, Target: fmt.Sprintf("≤ %g, upper limit ≤ %g", limit, above),
		Measured: float64(hits) / float64(runs), Low: low, High: high,
	}
	f.Pass = f.Measured <= limit && high <= above || o.Quick && low <= limit
	return f
}

// percent writes a share for a name.
func percent(p float64) string { return fmt.Sprintf("%.4g%%", 100*p) }

func count(hits []bool) (n int) {
	for _, h := range hits {
		n += bit(h)
	}
	return n
}

// decisive is ln(1/alpha).
var decisive = math.Log(1 / alpha)
