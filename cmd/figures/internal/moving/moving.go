// Package moving measures how stageprobe diagnoses drawn worlds whose answers
// move by themselves: the program itself, over real sockets, through the real
// AWS SDK.
package moving

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"stageprobe/scenarios/sandbox/draw"
)

// Options say what to measure. The zero value measures a few of everything.
type Options struct {
	Runs       int              // per condition; 10 where left out
	Seed       uint64           // of the first world; the others follow
	Conditions []draw.Condition // all where left out
	Draw       draw.Options
	Each       bool          // every kind of movement alone, each with so many runs
	Logs       string        // auto (where left out) or off
	Rate       float64       // requests per second; 300 where left out
	Requests   int           // the most per target; 1500 where left out, 4000 for a partial difference
	Parallel   int           // 2 where left out
	Limit      time.Duration // no run begins later; 0 for none
	Binary     string        // of stageprobe; built where left out
	Verbose    bool          // every run is told, with its truth
	Told       io.Writer     // where to; nil for nowhere
}

func (o Options) filled() Options {
	o.Runs, o.Seed, o.Logs = cmp.Or(o.Runs, 10), cmp.Or(o.Seed, 1), cmp.Or(o.Logs, "auto")
	o.Rate, o.Parallel = cmp.Or(o.Rate, 300), cmp.Or(o.Parallel, 2)
	if len(o.Conditions) == 0 {
		o.Conditions = draw.Conditions
	}
	if o.Told == nil {
		o.Told = io.Discard
	}
	return o
}

// Run diagnoses the drawn worlds and writes a Markdown table, a row per
// condition. The count is of runs that were not right.
func Run(ctx context.Context, o Options, out io.Writer) (wrong int, err error) {
	o = o.filled()
	dir, err := os.MkdirTemp("", "stageprobe-moving-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if o.Binary == "" {
		if o.Binary, err = build(ctx, dir); err != nil {
			return 0, err
		}
	}
	trials, err := o.tryAll(ctx, dir)
	if err != nil {
		return 0, err
	}
	for _, t := range trials {
		if !t.right() {
			wrong++
		}
	}
	return wrong, write(out, trials)
}

// build makes the program as it stands.
func build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "stageprobe")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "stageprobe/cmd/stageprobe").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build stageprobe: %w: %s", err, out)
	}
	return path, nil
}

// plan lists what to run, the conditions in turns, so that a limit cuts all of
// them alike.
func (o Options) plan() []*trial {
	var out []*trial
	for i := range o.Runs {
		for _, drawn := range o.draws() {
			for _, c := range o.Conditions {
				out = append(out, &trial{seed: o.Seed + uint64(i), draw: drawn, truth: draw.Truth{Condition: c}})
			}
		}
	}
	return out
}

// draws are the ways to draw a world of one seed.
func (o Options) draws() []draw.Options {
	if !o.Each {
		return []draw.Options{o.Draw}
	}
	var out []draw.Options
	for _, k := range draw.Moves() {
		alone := o.Draw
		alone.Moves = []string{k}
		out = append(out, alone)
	}
	return out
}

// tryAll runs every world.
func (o Options) tryAll(ctx context.Context, dir string) ([]*trial, error) {
	var (
		mu     sync.Mutex
		trials []*trial
		began  = time.Now()
	)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(o.Parallel)
	for _, t := range o.plan() {
		group.Go(func() error {
			if ctx.Err() != nil || (o.Limit > 0 && time.Since(began) > o.Limit) {
				return ctx.Err()
			}
			if t.err = t.run(ctx, o, dir); ctx.Err() != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			trials = append(trials, t)
			if o.Verbose {
				fmt.Fprintln(o.Told, t)
			}
			return nil
		})
	}
	err := group.Wait()
	slices.SortFunc(trials, func(a, b *trial) int { return cmp.Compare(a.seed, b.seed) })
	return trials, err
}
