package main

import (
	"flag"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"stageprobe/analyze/cause"
	"stageprobe/scenarios/sandbox"
)

// long takes every world where a run otherwise takes a few; .ci/run gives it.
var long = flag.Bool("long", false, "try every world, which takes minutes")

// mended are the worlds whose remedies every run executes.
var mended = []string{"stale-canary-10", "route-not-deployed", "domain-wrong-stage", "http-auto-deploy-off", "throttled-to-nothing", "authorizer-result-kept"}

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
	for id := range mendedIn {
		if _, did := ran.Load(id); *long && !did {
			t.Errorf("no command of %s was executed", id)
		}
	}
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
	announced := false
	for _, f := range findings {
		all := ways(f)
		if len(all) == 0 {
			continue
		}
		if mendedIn[f.Cause] == nil {
			t.Errorf("%s has a command, and the table of causes says that it has none", f.Cause)
		}
		ran.Store(f.Cause, true)
		for _, r := range all[min(way, len(all)-1)] {
			if !cli.knows(r.Command) {
				t.Skip("the AWS CLI is not on PATH: ", r.Command)
			}
			executed++
			announced = announced || strings.Contains(r.Warning, "afterwards") || strings.Contains(r.Text, "afterwards")
			if err := cli.run(t.Context(), needed.Replace(r.Command)); err != nil {
				t.Errorf("%s, way %d: %v", f.Cause, way+1, err)
			}
		}
	}
	after := b.check(t, "after.json", append(brief(b.world), "--baseline", before)...)
	for _, f := range findings {
		// An emptied authorizer cache fills again with the same policy, as the
		// remedy itself says: which route is refused next is chance.
		if len(ways(f)) == 0 || f.Cause == cause.AuthorizerCache && b.world.Name == "authorizer-cache" {
			continue
		}
		i := slices.IndexFunc(after.Mended, func(m cause.Finding) bool { return m.Cause == f.Cause && slices.Equal(m.Targets, f.Targets) })
		if i < 0 || after.Mended[i].Baseline != "mended" {
			t.Errorf("%s on %v, way %d: not mended; the check says %v", f.Cause, f.Targets, way+1, after.Verdict)
		}
	}
	// What the commands make visible was said before.
	for _, f := range after.Findings {
		if f.Baseline == "new" && f.Severity == cause.Error && !announced {
			t.Errorf("way %d: %s on %v shows now, and no remedy said so: %s", way+1, f.Cause, f.Targets, f.Statement)
		}
	}
	return executed
}

// mendedIn are worlds in which the commands of a cause are executed and the following
// check says that the finding is mended. Every cause stands here or in withoutCommand.
var mendedIn = map[cause.ID][]string{
	cause.CanarySplit:      {"stale-canary-10"},
	cause.StaleCanary:      {"canary-at-100", "canary-at-0"},
	cause.WrongStage:       {"domain-wrong-stage", "routing-rule-wrong"},
	cause.UnmappedTarget:   {"domain-unmapped", "url-no-such-stage", "default-endpoint-disabled"},
	cause.StaleDeployment:  {"route-not-deployed"},
	cause.AutoDeployOff:    {"http-auto-deploy-off"},
	cause.AutoDeployFailed: {"http-auto-deploy-failed"},
	cause.StageConfigDrift: {"two-stages-variables-drift"},
	cause.Throttled:        {"throttled-to-nothing"},
	cause.ResponseCache:    {"response-cache-stale"},
	cause.AuthorizerCache:  {"authorizer-result-kept"},
	cause.AccessDenied:     {"preflight-refused"},
	cause.IntegrationError: {"preflight-failing"},
}

// ran holds the causes of which commands were executed.
var ran sync.Map

// withoutCommand says why a cause has no command of API Gateway that mends it.
var withoutCommand = map[cause.ID]string{
	cause.DeployPropagating: "it has happened already",
	cause.BackendSplit:      "the weights of a Lambda alias are no setting of API Gateway",
	cause.EndpointSplit:     "what an address leads to is set where its record is",
	cause.FlakyBackend:      "the integration itself fails",
	cause.AddressDependent:  "the application answers by the address",
	cause.EdgeCache:         "the CDN is set where it is",
	cause.VolatileContent:   "nothing is to mend",
	cause.UnexplainedSplit:  "nothing is known that would mend it",
	cause.ExpectationFailed: "nothing is known that would mend it",
}

// TestEveryCauseIsMended: no cause is left out of the two tables above, and the worlds
// hold what they stand for.
func TestEveryCauseIsMended(t *testing.T) {
	t.Parallel()
	for _, c := range cause.Causes {
		worlds, why := mendedIn[c.ID], withoutCommand[c.ID]
		if (len(worlds) > 0) == (why != "") {
			t.Errorf("%s: mended in %q, without a command since %q", c.ID, worlds, why)
		}
		for _, name := range worlds {
			if !slices.ContainsFunc(load(t, name).Causes, func(x sandbox.Truth) bool { return x.Cause == string(c.ID) }) {
				t.Errorf("%s is not true in %s", c.ID, name)
			}
		}
	}
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
