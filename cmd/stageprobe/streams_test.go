package main

import (
	"strings"
	"testing"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/scenarios/sandbox"
)

// What is late, by the integration's timeout or by the probe's, and what breaks off is
// told as what it is; what is slow or comes in pieces, and whole, is well.
func TestStreamsAndTimeouts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		cause cause.ID
		says  string
	}{
		"integration-timeout": {cause.IntegrationError, "504 INTEGRATION_TIMEOUT"},
		"integration-slow":    {},
		"stream-idle":         {cause.IntegrationError, "200 that breaks off"},
		"stream-cut":          {cause.FlakyBackend, "200 that breaks off"},
		"stream-whole":        {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rep := open(t, load(t, name)).check(t, "report.json", "--logs", "off", "--min-share", "0.05")
			if want.cause == "" {
				if rep.Outcome != analyze.Consistent || rep.Run.Failed > 0 {
					t.Errorf("%s, %d requests failed: %v", rep.Outcome, rep.Run.Failed, rep.Verdict)
				}
				return
			}
			if f := find(rep.Findings, want.cause); f == nil || len(rep.Findings) > 1 || !strings.Contains(f.Statement, want.says) {
				t.Errorf("want %s that says %q: %v", want.cause, want.says, rep.Findings)
			}
		})
	}
}

const lateAnswers = `
name: slower-than-the-probe
apis:
  - id: orders7x2a
    definitions:
      v1: {routes: {"GET /orders": {backend: orders}, "GET /health": {backend: health}}}
    deployments: [{id: dep001, definition: v1, age: 40d}]
    stages: {prod: {}}
backends:
  orders: {latency: 25s, body: "{}"}
  health: {body: "{}"}
check: {args: [--api, orders7x2a, --request-timeout, 2s, --fixed, --requests, "24"]}
`

// A route that answers later than the probe waits leaves a question open, which names
// what gives it longer.
func TestSlowerThanTheProbe(t *testing.T) {
	t.Parallel()
	world, err := sandbox.Parse([]byte(lateAnswers))
	if err != nil {
		t.Fatal(err)
	}
	rep := open(t, world).check(t, "report.json", "--logs", "off", "--min-share", "0.3")
	if len(rep.Findings) > 0 || len(rep.Open) != 1 || !strings.Contains(rep.Open[0].Text, "whether it answers GET /orders: none of ") ||
		!strings.Contains(rep.Open[0].Enable, "--request-timeout") || rep.ExitCode != 3 {
		t.Errorf("exit code %d, open %v, found %v", rep.ExitCode, rep.Open, rep.Findings)
	}
}
