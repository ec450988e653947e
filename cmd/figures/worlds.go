package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"stageprobe/analyze"
	"stageprobe/cmd/internal/trial"
	"stageprobe/scenarios/sandbox"
)

// tally is how the trials of one world with or without logs ended.
type tally struct {
	world, logs   string
	right, trials int
	requests      int
	wrong         map[string][]uint64 // what was wrong, with the seeds
	failed        []error
	first         *analyze.Report // of the first seed
}

// worldRate is how fast trials send, in requests per second: the embedded gateway
// has no neighbours to spare, but what it caches lives for seconds.
const worldRate = 200.

// measureWorlds diagnoses worlds over real sockets with many seeds each.
func (f *flags) measureWorlds(ctx context.Context, out, progress io.Writer) error {
	modes, err := f.modes()
	if err != nil {
		return err
	}
	run, remove, err := build(ctx)
	if err != nil {
		return err
	}
	defer remove()
	var all []*tally
	for _, info := range sandbox.Worlds() {
		if len(f.only) > 0 && !slices.Contains(f.only, info.Name) {
			continue
		}
		for _, logs := range modes {
			t, err := f.try(ctx, run, info.Name, logs)
			if err != nil {
				return err
			}
			all = append(all, t)
			fmt.Fprintf(progress, "%s, logs %s: %d of %d right%s\n", t.world, t.logs, t.right, t.trials, t.excuse())
		}
	}
	if err := f.keepWorlds(all); err != nil {
		return err
	}
	return f.writeWorlds(out, all)
}

// keepWorlds keeps a report of each world for the tests of the formats.
func (f *flags) keepWorlds(all []*tally) error {
	if f.keep == "" {
		return nil
	}
	file, err := os.Create(f.keep)
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(file, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return errors.Join(err, file.Close())
	}
	e := json.NewEncoder(z)
	for _, t := range all {
		if t.first != nil && t.logs == "auto" {
			err = errors.Join(err, e.Encode(map[string]any{"world": t.world, "report": t.first}))
		}
	}
	return errors.Join(err, z.Close(), file.Close())
}

func (f *flags) modes() ([]string, error) {
	switch f.logs {
	case "both":
		return []string{"auto", "off"}, nil
	case "auto", "off":
		return []string{f.logs}, nil
	}
	return nil, fmt.Errorf("--logs %s: no such mode; give auto, off or both", f.logs)
}

// try diagnoses one world with every seed.
func (f *flags) try(ctx context.Context, run trial.Runner, name, logs string) (*tally, error) {
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
			result, err := trial.Run(ctx, run, world, logs, f.seed+uint64(i), "--rate", rate, "--log-wait", "30s")
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			t.add(result, err)
			if i == 0 && err == nil {
				t.first = result.Report
			}
			return nil
		})
	}
	return t, group.Wait()
}

func (t *tally) add(result *trial.Trial, err error) {
	t.trials++
	switch {
	case err != nil:
		t.failed = append(t.failed, err)
	case result.Right():
		t.right++
		t.requests += result.Report.Run.Requests
	default:
		t.requests += result.Report.Run.Requests
		what := result.Wrong()
		t.wrong[what] = append(t.wrong[what], result.Seed)
	}
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
func (f *flags) writeWorlds(out io.Writer, all []*tally) error {
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

// build compiles the command as it is now, so that what is measured is what
// people run.
func build(ctx context.Context) (run trial.Runner, remove func(), err error) {
	binary, remove, err := compile(ctx)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, args []string) string {
		said, err := exec.CommandContext(ctx, binary, args...).CombinedOutput()
		if err != nil && len(said) == 0 {
			return err.Error()
		}
		return string(said)
	}, remove, nil
}

// compile makes the binary, in a folder of its own.
func compile(ctx context.Context) (binary string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "stageprobe-figures-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	binary = filepath.Join(dir, "stageprobe")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "stageprobe/cmd/stageprobe").CombinedOutput(); err != nil {
		remove()
		return "", nil, fmt.Errorf("build stageprobe: %w; run this within its module: %s", err, out)
	}
	return binary, remove, nil
}
