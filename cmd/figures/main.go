// Command figures measures what the verdicts of stageprobe promise: how often a
// cause is named that is not there, how many requests a decision takes against the
// least that any method needs, and how often each verdict is given on each truth.
// All of it is simulated, from a seed; with --worlds the embedded gateway's worlds
// are diagnosed over real sockets instead.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"stageprobe/cmd/figures/internal/simulate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := figures(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const usage = `Measure error rates and requests on simulated gateways, or on all embedded worlds.
The full run takes minutes on several processors; --quick takes well below one.

  go run ./cmd/figures --quick
  go run ./cmd/figures -o cmd/figures/FIGURES.md
  go run ./cmd/figures --truth "alike stages"               only these truths
  go run ./cmd/figures --truth "alike stages" --replay 3    one run of the first, look by look
  go run ./cmd/figures --worlds --seeds 50
  go run ./cmd/figures --worlds --seeds 1 --logs auto --keep analyze/report/testdata/worlds.jsonl.zst
  go run ./cmd/figures moving --help                        worlds whose answers move
  go run ./cmd/figures agents faults -n 50                  agents killed, cut off, doubled: what is lost, what twice
  go run ./cmd/figures agents throughput                    how the throughput grows with agents
  go run ./cmd/figures agents limits                        what many agents need, and where it breaks
  go run ./cmd/figures fleet                                an account of 200 APIs read within its quota, killed and resumed
  go run ./cmd/figures calls                                what one check asks of AWS, and how long it takes

`

// flags say what to measure.
type flags struct {
	quick, worlds bool
	runs, seeds   int
	seed          uint64
	parallel      int
	logs, output  string
	keep          string
	only, truths  []string
	replay        int
	long, costs   bool
}

func (f *flags) set(said io.Writer) *pflag.FlagSet {
	fs := pflag.NewFlagSet("figures", pflag.ContinueOnError)
	fs.SetOutput(said)
	fs.Usage = func() { fmt.Fprint(said, usage, fs.FlagUsages()) }
	fs.BoolVar(&f.quick, "quick", false, "few runs: enough to notice a mistake, not to prove a rate")
	fs.IntVar(&f.runs, "runs", 0, "runs per null process (default 10000, with --quick 300); other figures take a share of it")
	fs.BoolVar(&f.long, "long", false, "three times as many runs")
	fs.StringArrayVar(&f.truths, "truth", nil, "only the verdicts that are false at any look, on truths whose name holds this; may be repeated")
	fs.BoolVar(&f.costs, "costs", false, "only the requests until a canary or a wrong stage is found; a hundredth of --runs for each")
	fs.IntVar(&f.replay, "replay", -1, "with --truth: this run of the first of them, look by look")
	fs.Uint64Var(&f.seed, "seed", 1, "the figures follow from it; with --worlds the first of the seeds")
	fs.BoolVar(&f.worlds, "worlds", false, "diagnose the embedded gateway's worlds over real sockets")
	fs.IntVar(&f.seeds, "seeds", 50, "with --worlds: seeds per world")
	fs.StringVar(&f.logs, "logs", "both", "with --worlds: auto, off or both")
	fs.IntVar(&f.parallel, "parallel", 4, "with --worlds: how many at a time")
	fs.StringSliceVar(&f.only, "world", nil, "with --worlds: only these")
	fs.StringVar(&f.keep, "keep", "", "with --worlds: keep the first report of each world here (JSON lines, zstd); the formats are tested on them")
	fs.StringVarP(&f.output, "output", "o", "", "file for the Markdown instead of standard output")
	return fs
}

// errMissed ends the command with code 1: a figure misses its target.
var errMissed = errors.New("a figure misses its target")

// figures is the command; it returns the exit code: 0, 1 where a figure misses its
// target, 2 for anything that went wrong.
func figures(ctx context.Context, args []string, stdout, said io.Writer) int {
	if len(args) > 0 && args[0] == "moving" {
		return movingCode(ctx, args[1:], stdout, said)
	}
	var err error
	switch {
	case len(args) > 0 && args[0] == "agents":
		err = agentsCommand(stdout, args[1:])
	case len(args) > 0 && args[0] == "fleet":
		err = fleetCommand(ctx, stdout, args[1:])
	case len(args) > 0 && args[0] == "calls":
		err = callsCommand(ctx, stdout, args[1:])
	default:
		return simulated(ctx, args, stdout, said)
	}
	if err != nil {
		fmt.Fprintf(said, "error: %s\n", err)
		return 2
	}
	return 0
}

// simulated measures on simulated gateways, or on the embedded worlds.
func simulated(ctx context.Context, args []string, stdout, said io.Writer) int {
	f := &flags{}
	fs := f.set(said)
	err := fs.Parse(args)
	if err == nil && fs.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %s; --help lists the flags", fs.Arg(0))
	}
	if err == nil {
		err = f.run(ctx, stdout, said)
	}
	switch {
	case err == nil, errors.Is(err, pflag.ErrHelp):
		return 0
	case errors.Is(err, errMissed):
		return 1
	}
	fmt.Fprintf(said, "error: %s\n", err)
	return 2
}

func (f *flags) run(ctx context.Context, stdout, said io.Writer) error {
	out, done, err := f.open(stdout)
	if err != nil {
		return err
	}
	if f.worlds {
		err = f.measureWorlds(ctx, out, said)
	} else {
		err = f.measure(ctx, out, said)
	}
	return cmp.Or(err, done())
}

// open gives where the Markdown goes, and what closes it.
func (f *flags) open(stdout io.Writer) (io.Writer, func() error, error) {
	if f.output == "" {
		return stdout, func() error { return nil }, nil
	}
	file, err := os.Create(f.output)
	if err != nil {
		return nil, nil, err
	}
	return file, file.Close, nil
}

// measure writes every simulated figure.
func (f *flags) measure(ctx context.Context, out, progress io.Writer) error {
	began := time.Now()
	o := simulate.Options{Runs: f.runs, Seed: f.seed, Quick: f.quick, Progress: func(what string) {
		fmt.Fprintf(progress, "%6s  %s\n", time.Since(began).Round(time.Second), what)
	}}
	if f.long {
		o.Runs = 3 * cmp.Or(o.Runs, simulate.DefaultRuns)
	}
	if f.costs {
		return simulate.Costs(ctx, o, out)
	}
	if len(f.truths) > 0 {
		return f.measureTruths(ctx, o, out)
	}
	rep, err := simulate.Measure(ctx, o)
	if err != nil {
		return err
	}
	if err := rep.Markdown(out); err != nil {
		return err
	}
	if rep.Missed() > 0 {
		return errMissed
	}
	return nil
}

// measureTruths measures the error rates on some truths alone.
func (f *flags) measureTruths(ctx context.Context, o simulate.Options, out io.Writer) error {
	families := simulate.Matching(simulate.Families(), f.truths)
	switch {
	case len(families) == 0:
		return fmt.Errorf("--truth %s: no such truth; FIGURES.md lists them", strings.Join(f.truths, ","))
	case f.replay >= 0:
		return simulate.Replay(out, o, families[0], f.replay)
	}
	rates, err := simulate.Ever(ctx, o, families)
	if err != nil {
		return err
	}
	if err := simulate.EverMarkdown(out, o, rates); err != nil {
		return err
	}
	for i := range rates {
		if !rates[i].Met(o) {
			return errMissed
		}
	}
	return nil
}
