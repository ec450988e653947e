package main

import (
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/cause"
)

// TestUndeployedRouteWithoutTheExport: what the stage serves may not be read, and
// its answers still tell that an edit is likely to wait. Its remedy mends it.
func TestUndeployedRouteWithoutTheExport(t *testing.T) {
	t.Parallel()
	world := load(t, "route-not-deployed")
	world.Control.Denied = []string{"GetExport", "GetDeployment"}
	b := open(t, world)
	before := b.check(t, "before.json", brief(world)...)
	before.Findings = slices.DeleteFunc(before.Findings, func(f cause.Finding) bool { return f.Severity == cause.Info })
	f := find(before.Findings, cause.StaleDeployment)
	if f == nil || len(before.Findings) != 1 || f.Linked != cause.ConsistentWith {
		t.Fatalf("findings: %v", before.Verdict)
	}
	if !slices.Equal(f.Scenarios, []string{"GET /invoices"}) || !strings.Contains(f.Settles, "GetExport needs apigateway:GET on arn:aws:apigateway:") {
		t.Errorf("on %v, settled by %q", f.Scenarios, f.Settles)
	}
	if n := mend(t, b, before.Findings, 0, b.path("before.json")); n != 1 {
		t.Errorf("%d commands were executed, want the redeployment", n)
	}
}
