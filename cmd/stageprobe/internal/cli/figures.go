package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"stageprobe/analyze/simulate"
	"stageprobe/scenarios/sandbox"
)

// figuresFlags say what to measure.
type figuresFlags struct {
	quick, worlds bool
	runs, seeds   int
	seed          uint64
	parallel      int
	logs, output  string
	only          []string
}

// newFigures measures what the statistics promise.
func newFigures(s Streams) *cobra.Command {
	f := &figuresFlags{}
	cmd := &cobra.Command{
		Use:   "figures",
		Short: "Measure error rates and requests on simulated gateways, or on all embedded worlds",
		Long: `figures measures what the verdicts promise: how often a cause is named that is not
there, how many requests a decision takes against the least that any method needs, and
how often each verdict is given on each truth. All of it is simulated, from a seed.

With --worlds the embedded gateway's worlds are diagnosed over real sockets instead.
The full run takes minutes on several processors; --quick takes well below one.`,
		Example: `  stageprobe figures --quick
  stageprobe figures -o FIGURES.md
  stageprobe figures --worlds --seeds 50`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), s) },
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.quick, "quick", false, "few runs: enough to notice a mistake, not to prove a rate")
	fs.IntVar(&f.runs, "runs", 0, "runs per null process (default 10000, with --quick 300); other figures take a share of it")
	fs.Uint64Var(&f.seed, "seed", 1, "the figures follow from it; with --worlds the first of the seeds")
	fs.BoolVar(&f.worlds, "worlds", false, "diagnose the embedded gateway's worlds over real sockets")
	fs.IntVar(&f.seeds, "seeds", 50, "with --worlds: seeds per world")
	fs.StringVar(&f.logs, "logs", "both", "with --worlds: auto, off or both")
	_ = cmd.RegisterFlagCompletionFunc("logs", cobra.FixedCompletions([]string{"auto", "off", "both"}, cobra.ShellCompDirectiveNoFileComp))
	fs.IntVar(&f.parallel, "parallel", 4, "with --worlds: how many at a time")
	fs.StringSliceVar(&f.only, "world", nil, "with --worlds: only these")
	fs.StringVarP(&f.output, "output", "o", "", "file for the Markdown instead of standard output")
	return cmd
}

func (f *figuresFlags) run(ctx context.Context, s Streams) error {
	out, done, err := f.open(s)
	if err != nil {
		return err
	}
	if f.worlds {
		err = f.measureWorlds(ctx, s, out)
	} else {
		err = f.measure(ctx, s, out)
	}
	return cmp.Or(err, done())
}

// open gives where the Markdown goes, and what closes it.
func (f *figuresFlags) open(s Streams) (io.Writer, func() error, error) {
	if f.output == "" {
		return s.Out, func() error { return nil }, nil
	}
	file, err := os.Create(f.output)
	if err != nil {
		return nil, nil, err
	}
	return file, file.Close, nil
}

// errMissed ends the command with the code of a finding.
var errMissed = exitError(ExitFinding)

// measure writes every simulated figure and ends with an error code where one
// misses its target.
func (f *figuresFlags) measure(ctx context.Context, s Streams, out io.Writer) error {
	began := time.Now()
	o := simulate.Options{Runs: f.runs, Seed: f.seed, Quick: f.quick, Progress: func(what string) {
		fmt.Fprintf(s.Err, "%6s  %s\n", time.Since(began).Round(time.Second), what)
	}}
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

// tally is how the trials of one world with or without logs ended.
type tally struct {
	world, logs   string
	right, trials int
	requests      int
	wrong         map[string][]uint64 // what was wrong, with the seeds
	failed        []error
}

// worldRate is how fast trials send, in requests per second: the embedded gateway
// has no neighbours to spare, but what it caches lives for seconds.
const worldRate = 200.

// measureWorlds diagnoses worlds over real sockets with many seeds each.
func (f *figuresFlags) measureWorlds(ctx context.Context, s Streams, out io.Writer) error {
	modes, err := f.modes()
	if err != nil {
		return err
	}
	var all []*tally
	for _, info := range sandbox.Worlds() {
		if len(f.only) > 0 && !slices.Contains(f.only, info.Name) {
			continue
		}
		for _, logs := range modes {
			t, err := f.try(ctx, info.Name, logs)
			if err != nil {
				return err
			}
			all = append(all, t)
			fmt.Fprintf(s.Err, "%s, logs %s: %d of %d right%s\n", t.world, t.logs, t.right, t.trials, t.excuse())
		}
	}
	return f.writeWorlds(out, all)
}

func (f *figuresFlags) modes() ([]string, error) {
	switch f.logs {
	case "both":
		return []string{"auto", "off"}, nil
	case "auto", "off":
		return []string{f.logs}, nil
	}
	return nil, hint(fmt.Errorf("--logs %s: no such mode", f.logs), "auto, off or both")
}

// try diagnoses one world with every seed.
func (f *figuresFlags) try(ctx context.Context, name, logs string) (*tally, error) {
	world, err := sandbox.Load(name)
	if err != nil {
		return nil, err
	}
	rate := fmt.Sprint(cmp.Or(world.Check.Rate, worldRate))
	t := &tally{world: name, logs: logs, wrong: map[string][]uint64{}}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, f.parallel))
	for i := range f.seeds {
		group.Go(func() error {
			trial, err := RunWorld(ctx, world, logs, f.seed+uint64(i), "--rate", rate, "--log-wait", "30s")
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			t.add(trial, err)
			return nil
		})
	}
	return t, group.Wait()
}

func (t *tally) add(trial *Trial, err error) {
	t.trials++
	switch {
	case err != nil:
		t.failed = append(t.failed, err)
	case trial.Right():
		t.right++
		t.requests += trial.Report.Run.Requests
	default:
		t.requests += trial.Report.Run.Requests
		what := trial.wrongWords()
		t.wrong[what] = append(t.wrong[what], trial.Seed)
	}
}

// wrongWords say what was wrong about a trial.
func (t *Trial) wrongWords() string {
	var parts []string
	for _, p := range []struct {
		what   string
		causes []string
	}{{"missing", t.Missing}, {"undecided", t.Open}, {"false", t.False}, {"too strong", t.Strong}} {
		if len(p.causes) > 0 {
			parts = append(parts, p.what+" "+strings.Join(p.causes, " and "))
		}
	}
	return strings.Join(parts, ", ")
}

// excuse lists what was wrong about a world's trials, or "".
func (t *tally) excuse() string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(t.wrong)) {
		seeds := slices.Sorted(slices.Values(t.wrong[what]))
		parts = append(parts, fmt.Sprintf("%s (%d; seeds %s)", what, len(seeds), strings.Trim(fmt.Sprint(seeds), "[]")))
	}
	if len(t.failed) > 0 {
		parts = append(parts, fmt.Sprintf("not run: %v (%d)", t.failed[0], len(t.failed)))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, "; ")
}

// writeWorlds writes the table, a row per world.
func (f *figuresFlags) writeWorlds(out io.Writer, all []*tally) error {
	right, trials := 0, 0
	var b strings.Builder
	b.WriteString("| world | logs | right | of | requests | otherwise |\n| --- | --- | ---: | ---: | ---: | --- |\n")
	for _, t := range all {
		right, trials = right+t.right, trials+t.trials
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %s |\n", t.world, t.logs, t.right, t.trials,
			t.requests/max(1, t.trials-len(t.failed)), strings.TrimPrefix(t.excuse(), ": "))
	}
	fmt.Fprintf(&b, "\n%d of %d right (seeds %d to %d).\n", right, trials, f.seed, f.seed+uint64(f.seeds)-1)
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	if right < trials {
		return errMissed
	}
	return nil
}
