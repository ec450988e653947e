package main

import (
	"testing"

	"stageprobe/cmd/stageprobe/internal/cli"
	"stageprobe/scenarios/sandbox"
)

// quick are the worlds that every run of the tests diagnoses over real
// sockets; `stageprobe figures --worlds` takes all of them, with many seeds.
var quick = []string{
	"healthy", "stale-canary-10", "canary-variables", "canary-identical", "domain-wrong-stage",
	"domain-unmapped", "url-wrong-stage", "route-not-deployed", "authorizer-drift",
	"flaky-at-canary-rate", "canary-and-flaky", "http-auto-deploy-off", "switch-mid-run",
}

func TestWorlds(t *testing.T) {
	t.Parallel()
	names := quick
	if testing.Short() {
		names = quick[:4]
	}
	for _, name := range names {
		for _, logs := range []string{"auto", "off"} {
			t.Run(name+"/logs "+logs, func(t *testing.T) {
				t.Parallel()
				world, err := sandbox.Load(name)
				if err != nil {
					t.Fatal(err)
				}
				trial, err := cli.RunWorld(t.Context(), world, logs, 1, "--rate", "200", "--log-wait", "30s")
				if err != nil {
					t.Fatal(err)
				}
				if !trial.Right() {
					t.Errorf("missing %v, false %v, too strong %v; verdict: %v", trial.Missing, trial.False, trial.Strong, trial.Report.Verdict)
				}
			})
		}
	}
}
