package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze"
	"stageprobe/cmd/internal/trial"
	"stageprobe/cmd/stageprobe/internal/cli"
	"stageprobe/scenarios/sandbox"
)

// quick are the worlds that the tests diagnose over real sockets, the first of
// them in every run; `go run ./cmd/figures --worlds` takes all, with many seeds.
var quick = []string{
	"healthy", "stale-canary-10", "canary-variables", "canary-identical", "domain-wrong-stage",
	"domain-unmapped", "url-wrong-stage", "route-not-deployed", "authorizer-drift",
	"flaky-at-canary-rate", "canary-and-flaky", "http-auto-deploy-off", "switch-mid-run", "cache-key-without-query", "cache-key-query-alike", "failure-in-success", "status-in-success", "gateway-behind-refuses", "gateway-behind-answers", "gateway-behind-fails", "gateway-behind-flaky",
	"outages", "failure-in-success-partly", "two-failures", "http-permission-missing", "response-cache-current", "cdn-stale", "cdn-current", "cdn-staging-distribution",
	"waf-captcha", "waf-size-rule", "waf-rate-rule", "terraform-without-trigger", "preflight-failing", "preflight-refused", "preflight-answered",
	"integration-timeout", "integration-slow", "stream-whole", "stream-cut", "stream-idle",
}

func TestWorlds(t *testing.T) {
	t.Parallel()
	names := quick[:4]
	if *long {
		names = quick
	}
	for _, name := range names {
		for _, logs := range []string{"auto", "off"} {
			t.Run(name+"/logs "+logs, func(t *testing.T) {
				t.Parallel()
				world, err := sandbox.Load(name)
				if err != nil {
					t.Fatal(err)
				}
				got, err := trial.Run(t.Context(), inProcess, world, logs, 1, "--rate", "200", "--log-wait", "30s")
				if err != nil {
					t.Fatal(err)
				}
				// Without logs a share may, once in a hundred runs, fall where
				// the question stays open; with them nothing may.
				if logs == "off" {
					got.Open = nil
				}
				if !got.Right() {
					t.Errorf("missing %v, false %v, too strong %v; verdict: %v", slices.Concat(got.Missing, got.Open), got.False, got.Strong, got.Report.Verdict)
				}
				sameDeployments(t, got.Report)
			})
		}
	}
}

// inProcess runs the command within the test.
func inProcess(ctx context.Context, args []string) string {
	var said strings.Builder
	cli.Main(ctx, args, cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: &said})
	return said.String()
}

// sameDeployments holds the targets against the report's own configuration,
// which is the later one where a deployment came during the run.
func sameDeployments(t *testing.T, rep *analyze.Report) {
	t.Helper()
	served := map[string]string{}
	for _, api := range rep.Config.APIs {
		for _, st := range api.Stages {
			served[api.ID+"/"+st.Name] = st.DeploymentID
		}
	}
	for _, target := range rep.Targets {
		if want, known := served[target.APIID+"/"+target.Stage]; known && target.DeploymentID != want {
			t.Errorf("%s is said to serve %s, its stage %s", target.ID, target.DeploymentID, want)
		}
	}
}
