package main

import (
	"flag"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"stageprobe/analyze/cause"
	"stageprobe/scenarios/sandbox"
)

// long takes every world where a run otherwise takes a few; .ci/run gives it.
var long = flag.Bool("long", false, "try every world, which takes minutes")

// mended are the worlds whose remedies every run executes.
var mended = []string{"stale-canary-10", "route-not-deployed", "domain-wrong-stage", "http-auto-deploy-off", "throttled"}

// TestEveryRemedyMends executes every command that is printed for every world,
// each way of mending on a gateway of its own, and asks the following check
// whether the finding is mended.
func TestEveryRemedyMends(t *testing.T) {
	t.Parallel()
	// The checks wait for their own pace and not for a processor, so that many
	// of them go side by side on few.
	var worlds errgroup.Group
	var executed atomic.Int64
	worlds.SetLimit(10)
	for _, info := range sandbox.Worlds() {
		if len(info.Causes) == 0 || !*long && !slices.Contains(mended, info.Name) {
			continue
		}
		worlds.Go(func() error {
			t.Run(info.Name, func(t *testing.T) { executed.Add(int64(mendWorld(t, load(t, info.Name)))) })
			return nil
		})
	}
	_ = worlds.Wait() // no task returns an error
	if n := executed.Load(); n < 5 || *long && n < 40 {
		t.Errorf("only %d commands were executed: the worlds have lost their remedies", n)
	}
}

// mendWorld mends a world in every way and counts the commands.
func mendWorld(t *testing.T, world *sandbox.World) (executed int) {
	first := open(t, world)
	before := first.check(t, "before.json", brief(world)...)
	for way := range mostWays(before.Findings) {
		b := first
		if way > 0 {
			b = open(t, world)
			if len(world.Events) > 0 { // what happens on the way happens to this one too
				b.check(t, "meanwhile.json", brief(world)...)
			}
		}
		executed += mend(t, b, before.Findings, way, first.path("before.json"))
	}
	return executed
}

// brief lets a check end sooner where nothing in a world is as rare as the
// default would find.
func brief(world *sandbox.World) []string {
	if world.Name == "canary-1" {
		return nil
	}
	return []string{"--min-share", "0.05", "--requests", "600"}
}

// mend mends every finding in one of its ways, and checks again.
func mend(t *testing.T, b *box, findings []cause.Finding, way int, before string) (executed int) {
	t.Helper()
	cli := newAWSCLI(b)
	for _, f := range findings {
		all := ways(f)
		if len(all) == 0 {
			continue
		}
		for _, r := range all[min(way, len(all)-1)] {
			if !cli.knows(r.Command) {
				t.Skip("the AWS CLI is not on PATH: ", r.Command)
			}
			executed++
			if err := cli.run(t.Context(), needed.Replace(r.Command)); err != nil {
				t.Errorf("%s, way %d: %v", f.Cause, way+1, err)
			}
		}
	}
	after := b.check(t, "after.json", append(brief(b.world), "--baseline", before)...)
	for _, f := range findings {
		// An emptied authorizer cache fills again with the same policy, as the
		// remedy itself says: which route is refused next is chance.
		if len(ways(f)) == 0 || f.Cause == cause.AuthorizerCache {
			continue
		}
		i := slices.IndexFunc(after.Mended, func(m cause.Finding) bool { return m.Cause == f.Cause && slices.Equal(m.Targets, f.Targets) })
		if i < 0 || after.Mended[i].Baseline != "mended" {
			t.Errorf("%s on %v, way %d: not mended; the check says %v", f.Cause, f.Targets, way+1, after.Verdict)
		}
	}
	return executed
}

// needed puts a figure where a command leaves it to whoever knows the callers.
var needed = strings.NewReplacer("RATE", "1000", "BURST", "1000", "REQUESTS", "1000000")

// ways are the ways to mend a finding, each with its commands in order. Those
// without a command are left out, and those that change a Lambda function or a CDN:
// the gateway has none.
func ways(f cause.Finding) [][]cause.Remedy {
	var out [][]cause.Remedy
	for _, r := range f.Remedy {
		switch {
		case r.Command == "" || r.Diagnoses || strings.HasPrefix(r.Command, "aws lambda "), strings.HasPrefix(r.Command, "aws cloudfront "):
		case r.Then && len(out) > 0:
			out[len(out)-1] = append(out[len(out)-1], r)
		default:
			out = append(out, []cause.Remedy{r})
		}
	}
	return out
}

func mostWays(findings []cause.Finding) int {
	n := 0
	for _, f := range findings {
		n = max(n, len(ways(f)))
	}
	return n
}
