package simulate

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// Report is everything that was measured.
type Report struct {
	Options Options
	Figures []Figure
	Matrix  *Matrix
	Ever    []Rates
}

// Measure measures what rests on the statistics alone, and what the whole
// inference does.
func Measure(ctx context.Context, o Options) (*Report, error) {
	o = o.withDefaults()
	figures, err := Figures(ctx, o)
	if err != nil {
		return nil, err
	}
	whole, matrix, err := Whole(ctx, o)
	if err != nil {
		return nil, err
	}
	ever, err := Ever(ctx, o, Families())
	if err != nil {
		return nil, err
	}
	return &Report{o, append(whole, figures...), matrix, ever}, nil
}

// Missed counts figures that miss their target.
func (r *Report) Missed() (n int) {
	for _, f := range r.Figures {
		n += bit(!f.Pass)
	}
	for i := range r.Ever {
		n += bit(!r.Ever[i].Met(r.Options))
	}
	return n
}

// command is the command line that gives the same report.
func (o Options) command() string {
	line := fmt.Sprintf("go run ./cmd/figures --runs %d --seed %d", o.Runs, o.Seed)
	if o.Quick {
		line += " --quick"
	}
	return line
}

// preface says how to read the tables, and what was chosen rather than derived.
const preface = `# Figures

Measured by ` + "`%s`" + `: the same command gives the same numbers, on any number of
processors. %d of %d figures meet their target. Decisions are made at confidence 0.99; intervals hold 95%%. "Exact"
figures are computed, all others are simulated.

How to read them:

- The confusion matrix plays each world as ` + "`stageprobe check`" + ` would meet it: calibration, a look every 20
  requests, a stop once every question is decided or after 2,000 requests per address, then the logs. "Right" names every
  true cause and no other. "Wrong" names a false one, or misses one and leaves nothing open.
- A run also asks whether any behaviour with a share of 1 %% was missed, which takes 459 answers without logs or luck, so
  most runs use 460 requests although the split itself is explained after a few dozen. The figures of linking measure the
  link alone.
- Calibration draws worlds as often as the priors of the posteriors say, with rates between and beside the grids on which
  the posteriors rest. Few splits make any calibration error look larger than it is.
- Worlds with loss that depends on both side and answer mislead every test of a link. The veto is tuned by looking at such
  worlds: it keeps the error at the figures below for the losses shown, and at up to 1.5 %% for stronger ones (a loss of
  80 %% on either side).
- The table of verdicts that are false at any look draws each run's parameters anew: rates, shares, stretches, loss, lags,
  numbers of addresses, stages and scenarios, and what moves. False is an error whose cause is none, and any finding that
  is proven or statistical of a cause that is none. Looks are at 20, 30, 45 … requests up to the end of the run, decided or
  not. "Missed" counts runs that end without naming the truth; "requests" is the median until it is named, or until nothing
  is open where there is nothing to name. ` + "`--truth NAME --replay RUN`" + ` shows a run look by look.
- A percentage that changes during the run is measured, not guaranteed by a theorem.
- The comparison with Fisher's test depends on how often base deviates; both are given.

`

// Markdown writes the report.
func (r *Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, preface, r.Options.command(), len(r.Figures)+len(r.Ever)-r.Missed(), len(r.Figures)+len(r.Ever))
	if err := EverMarkdown(&b, r.Options, r.Ever); err != nil {
		return err
	}
	b.WriteString("\n## Summary of the figures\n\n")
	if err := Markdown(&b, r.Figures); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n## Confusion matrix, %d worlds of each truth\n\n", r.Matrix.Runs)
	if err := r.Matrix.Markdown(&b); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}
