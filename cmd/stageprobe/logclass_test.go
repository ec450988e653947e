package main

import (
	"net/http"
	"testing"

	"stageprobe/scenarios/sandbox"
)

// Groups of the class INFREQUENT_ACCESS are read with Logs Insights: the class
// stands in the listing, or, where that is denied, in the refusal of the first
// read.
func TestInfrequentAccess(t *testing.T) {
	t.Parallel()
	for name, denied := range map[string][]string{"listed": nil, "refused": {"logs:DescribeLogGroups"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := load(t, "stale-canary-10")
			groups := map[string]sandbox.Delivery{}
			for _, api := range world.APIs {
				for stage := range api.Stages {
					group := "API-Gateway-Execution-Logs_" + api.ID + "/" + stage
					groups[group], groups[group+"/Canary"] = sandbox.Delivery{Class: "INFREQUENT_ACCESS"}, sandbox.Delivery{Class: "INFREQUENT_ACCESS"}
				}
			}
			world.Logs.Groups, world.Control.Denied = groups, denied
			b := open(t, world)
			rep := b.check(t, "report.json", "--requests", "150")
			queries, refused := 0, 0
			for _, c := range b.Calls() {
				switch {
				case c.Operation == "StartQuery" && c.Status == http.StatusOK:
					queries++
				case c.Operation == "FilterLogEvents" && c.Status != http.StatusOK:
					refused++
				}
			}
			if queries == 0 || denied == nil && refused > 0 {
				t.Errorf("%d queries, %d refusals", queries, refused)
			}
			if find(rep.Findings, "canary-split") == nil || find(rep.Findings, "canary-split").Linked != "proven" {
				t.Errorf("%+v, logs %+v", rep.Findings, rep.Logs)
			}
		})
	}
}
