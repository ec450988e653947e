package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"stageprobe/cmd/figures/internal/moving"
	"stageprobe/scenarios/sandbox/draw"
)

// movingCode measures stageprobe on drawn worlds of the embedded gateway whose
// answers move by themselves; it returns the exit code.
//
//	go run ./cmd/figures moving --runs 20
//	go run ./cmd/figures moving --each --condition healthy --runs 2        every kind alone
//	go run ./cmd/figures moving --seed 7 --condition healthy --runs 1 -v   one world again
//	go run ./cmd/figures moving --seed 7 --condition healthy --world       its description
//	go run ./cmd/figures moving --kinds                                    what moves and differs
func movingCode(ctx context.Context, args []string, stdout, said io.Writer) int {
	wrong, err := measureMoving(ctx, args, stdout, said)
	switch {
	case err == nil && wrong == 0, errors.Is(err, pflag.ErrHelp):
		return 0
	case err == nil:
		return 1
	}
	fmt.Fprintf(said, "error: %s\n", err)
	return 2
}

func measureMoving(ctx context.Context, args []string, stdout, said io.Writer) (wrong int, err error) {
	o := moving.Options{Told: said}
	var conditions, kinds string
	var world, list bool
	f := pflag.NewFlagSet("figures moving", pflag.ContinueOnError)
	f.SetOutput(said)
	f.IntVar(&o.Runs, "runs", 10, "worlds per condition")
	f.Uint64Var(&o.Seed, "seed", 1, "of the first world; the others follow")
	f.StringVar(&conditions, "condition", "", "comma list of "+fmt.Sprint(draw.Conditions)+"; default: all")
	f.StringVar(&kinds, "moves", "", "comma list of kinds of movement instead of drawn ones")
	f.BoolVar(&o.Each, "each", false, "every kind of movement alone, each with so many runs")
	f.StringVar(&o.Draw.Difference, "difference", "", "kind of the real difference instead of a drawn one")
	f.Float64Var(&o.Draw.Percent, "percent", 0, "of the canary; default 10 (of a partial one 25 or 40); below 0: drawn")
	f.StringVar(&o.Logs, "logs", "auto", "auto or off")
	f.Float64Var(&o.Rate, "rate", 300, "requests per second")
	f.IntVar(&o.Requests, "requests", 0, "the most per target; default 1500, partial 4000")
	f.IntVar(&o.Parallel, "parallel", 2, "worlds at a time")
	f.DurationVar(&o.Limit, "limit", 0, "begin no world later than this")
	f.StringVar(&o.Binary, "binary", "", "stageprobe to measure; default: built from this module")
	f.BoolVarP(&o.Verbose, "verbose", "v", false, "tell every run")
	f.BoolVar(&world, "world", false, "print the first world instead, for stageprobe sandbox --world-file")
	f.BoolVar(&list, "kinds", false, "list the kinds instead")
	if err := f.Parse(args); err != nil {
		return 0, err
	}
	if o.Conditions, err = parseConditions(conditions); err != nil {
		return 0, err
	}
	if kinds != "" {
		o.Draw.Moves = strings.Split(kinds, ",")
	}
	switch {
	case list:
		fmt.Fprint(stdout, draw.Kinds())
		return 0, nil
	case world:
		d, err := draw.World(o.Seed, o.Conditions[0], o.Draw)
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(stdout, "# %s\n%s", &d.Truth, d.YAML)
		return 0, nil
	}
	return moving.Run(ctx, o, stdout)
}

func parseConditions(text string) ([]draw.Condition, error) {
	if text == "" {
		return draw.Conditions, nil
	}
	var out []draw.Condition
	for name := range strings.SplitSeq(text, ",") {
		if !slices.Contains(draw.Conditions, draw.Condition(name)) {
			return nil, fmt.Errorf("--condition %s: want some of %v", name, draw.Conditions)
		}
		out = append(out, draw.Condition(name))
	}
	return out, nil
}
