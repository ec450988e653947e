package main

import (
	"slices"
	"testing"

	"stageprobe/analyze/attribution"
	"stageprobe/scenarios/sandbox"
)

// TestEveryRemedyMends executes every command that is printed for every world,
// each way of mending on a gateway of its own, and asks the following check
// whether the finding is mended.
func TestEveryRemedyMends(t *testing.T) {
	t.Parallel()
	for _, info := range sandbox.Worlds() {
		if len(info.Causes) == 0 {
			continue
		}
		t.Run(info.Name, func(t *testing.T) {
			t.Parallel()
			world := load(t, info.Name)
			first := open(t, world)
			before := first.check(t, "before.json")
			for way := range mostWays(before.Findings) {
				mend(t, first, before.Findings, way)
			}
		})
	}
}

// mend starts a world anew, mends every finding in one of its ways, and checks
// again.
func mend(t *testing.T, first *box, findings []attribution.Finding, way int) {
	t.Helper()
	b := open(t, first.world)
	cli := newAWSCLI(b)
	for _, f := range findings {
		all := ways(f)
		if len(all) == 0 {
			continue
		}
		for _, r := range all[min(way, len(all)-1)] {
			if err := cli.run(t.Context(), r.Command); err != nil {
				t.Errorf("%s, way %d: %v", f.Cause, way+1, err)
			}
		}
	}
	after := b.check(t, "after.json", "--baseline", first.path("before.json"))
	for _, f := range findings {
		if len(ways(f)) == 0 {
			continue
		}
		i := slices.IndexFunc(after.Mended, func(m attribution.Finding) bool { return m.Cause == f.Cause && slices.Equal(m.Targets, f.Targets) })
		if i < 0 || after.Mended[i].Baseline != "mended" {
			t.Errorf("%s on %v, way %d: not mended; the check says %v", f.Cause, f.Targets, way+1, after.Verdict)
		}
	}
}

// ways are the ways to mend a finding, each with its commands in order; a way
// without any command is left out.
func ways(f attribution.Finding) [][]attribution.Remedy {
	var out [][]attribution.Remedy
	for _, r := range f.Remedy {
		switch {
		case r.Command == "":
		case r.Then && len(out) > 0:
			out[len(out)-1] = append(out[len(out)-1], r)
		default:
			out = append(out, []attribution.Remedy{r})
		}
	}
	return out
}

func mostWays(findings []attribution.Finding) int {
	n := 0
	for _, f := range findings {
		n = max(n, len(ways(f)))
	}
	return n
}
