package inventory_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"stageprobe/probe"
	"stageprobe/probe/inventory"
	"stageprobe/scenarios/sandbox"
)

const historyWorld = `
name: history
title: who did what, among the reads of a deployment tool
control: {trail_reads: READS}
apis:
  - id: orders5v2h
    name: orders
    definitions:
      v1: {routes: {"GET /orders": {backend: orders}}}
    deployments:
      - {id: dep001, definition: v1, age: 20d}
    stages: {prod: {}}
domains:
  - name: api.example.com
    mappings: [{path: v1, api: orders5v2h, stage: prod}]
backends:
  orders: {body: '{}'}
edits:
  - {api: orders5v2h, event: CreateDeployment, who: pipeline, age: 20d, stage: prod, agent: "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 terraform-provider-aws/5.60"}
  - {api: orders5v2h, event: PutIntegration, who: pipeline, age: 3d, agent: "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 terraform-provider-aws/5.60"}
  - {api: orders5v2h, event: UpdateStage, who: ann, age: 2d, stage: prod, agent: "Mozilla/5.0 (X11)"}
  - {domain: api.example.com, event: UpdateBasePathMapping, who: bob, age: 1d, agent: "aws-cli/2.15.0"}
  - {api: orders5v2h, event: CreateDeployment, who: pipeline, age: 1h, stage: prod, error: BadRequestException}
  - {api: another123, event: UpdateStage, who: eve, age: 1h, stage: prod}
`

func historyOf(t *testing.T, reads string) (probe.History, probe.Snapshot, *sandbox.Server) {
	t.Helper()
	world, err := sandbox.Parse([]byte(strings.ReplaceAll(historyWorld, "READS", reads)))
	if err != nil {
		t.Fatal(err)
	}
	srv, err := sandbox.Start(world, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	r := reader(srv.ControlURL())
	r.TrailLimiter, r.TrailApart = rate.NewLimiter(rate.Inf, 1), true
	arrives := r.StartHistory(t.Context())
	snap, err := r.Read(t.Context(), inventory.Selection{APIs: []string{"orders5v2h"}, Domains: []string{"api.example.com"}, Depth: inventory.Full})
	if err != nil {
		t.Fatal(err)
	}
	if snap.History != nil || snap.Edits != nil {
		t.Error("the trail was read with the configuration")
	}
	h := <-arrives
	snap.Keep(&h)
	return h, snap, srv
}

// A quiet account's trail is read whole in one call. In a busy one the writes are
// found by name among more than a thousand newer reads, within twenty calls.
func TestHistory(t *testing.T) {
	for reads, whole := range map[string]bool{"0": true, "1100": false} {
		h, snap, srv := historyOf(t, reads)
		calls := 0
		for _, c := range srv.Calls() {
			if c.Operation == "LookupEvents" {
				calls++
			}
		}
		if h.Whole != whole || h.Calls != calls || calls > 20 || whole && calls != 1 || whole == (len(h.Unasked) > 0) {
			t.Errorf("%s reads: whole %v in %d (%d) calls, unasked %v", reads, h.Whole, h.Calls, calls, h.Unasked)
		}
		stage := h.OfStage("orders5v2h", "prod")
		if len(stage) != 2 || stage[0].Event != "UpdateStage" || stage[0].By != "ann" || stage[0].Tool != probe.ToolConsole || stage[1].Tool != probe.ToolTerraform {
			t.Errorf("%s reads: of the stage: %+v", reads, stage)
		}
		if d := h.OfDomain("api.example.com"); len(d) != 1 || d[0].By != "bob" || d[0].Tool != probe.ToolCLI || d[0].ARN == "" {
			t.Errorf("%s reads: of the domain: %+v", reads, d)
		}
		if last, burst := h.Undeployed("orders5v2h"); last == nil || last.Event != "PutIntegration" || !burst {
			t.Errorf("%s reads: undeployed: %+v %v", reads, last, burst)
		}
		if len(h.Refused) != 1 || h.Refused[0].Error == "" {
			t.Errorf("%s reads: refused: %+v", reads, h.Refused)
		}
		if slices.ContainsFunc(h.Changes, func(c probe.Change) bool { return c.APIID == "another123" }) {
			t.Errorf("%s reads: another API's: %+v", reads, h.Changes)
		}
		if len(snap.Edits) != 1 || snap.Edits[0].Event != "PutIntegration" || snap.Edits[0].Who != "pipeline" {
			t.Errorf("%s reads: edits: %+v", reads, snap.Edits)
		}
		if around := h.Around(stage[0].At.Add(time.Minute), time.Hour, "orders5v2h", ""); len(around) != 1 {
			t.Errorf("%s reads: around: %+v", reads, around)
		}
	}
}

// What the trail does not tell is said, and ends nothing.
func TestHistoryDenied(t *testing.T) {
	world, err := sandbox.Parse([]byte(strings.ReplaceAll(historyWorld, "control: {trail_reads: READS}", `control: {denied: ["cloudtrail:LookupEvents"]}`)))
	if err != nil {
		t.Fatal(err)
	}
	srv, err := sandbox.Start(world, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	h := reader(srv.ControlURL()).History(t.Context())
	if h.Whole || len(h.Unasked) == 0 || len(h.Gaps) != 1 || h.Gaps[0].Action != "cloudtrail:LookupEvents" || h.Calls != 1 {
		t.Errorf("%+v", h)
	}
}
