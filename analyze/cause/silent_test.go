package cause

import (
	"strings"
	"testing"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// TestSilentScenarios: a scenario that streams and whose every answer breaks off fails; one
// that does not stream, or to which no answer comes in time, or at all, stays open; either may be hidden among others that are
// well, and one of many answers that is late is neither.
func TestSilentScenarios(t *testing.T) {
	late := answer{id: "late", class: signature.Transport, outcome: probe.OutcomeTimeout, producer: signature.Network}
	cut := answer{id: "cut", status: 200, class: signature.Transport, outcome: probe.OutcomeReset, producer: signature.Network}
	lost := answer{id: "lost", class: signature.Transport, outcome: probe.OutcomeReset, producer: signature.Network}
	stalled := answer{id: "stalled", status: 200, class: signature.Transport, outcome: probe.OutcomeTimeout, producer: signature.Network}
	for name, c := range map[string]struct {
		items      answer
		all        bool // both scenarios are answered so
		streamed   bool
		fails      string // what the finding says; "" where there is none
		open, need string
	}{
		"cut":             {items: cut, open: "whether it answers items: none of ", need: "what stands before API Gateway"},
		"cut, both":       {items: cut, all: true, open: "what it serves: none of 200 requests got a whole answer", need: "what stands before API Gateway"},
		"cut, streamed":   {items: cut, streamed: true, fails: "API Gateway ends a stream that pauses for 5 minutes"},
		"late":            {items: late, open: "whether it answers items: none of ", need: "--request-timeout"},
		"stalled":         {items: stalled, open: "whether it answers items: none of ", need: "--request-timeout"},
		"lost":            {items: lost, open: "whether it answers items: none of ", need: "check the name"},
		"late, both":      {items: late, all: true, open: "what it serves: none of 200 requests", need: "--request-timeout"},
		"lost, both":      {items: lost, all: true, open: "what it serves: none of 200 requests", need: "check the name"},
		"well, both":      {items: ok("v2")},
		"well, streaming": {items: ok("v2"), streamed: true},
	} {
		w := newWorld(3)
		w.MinShare = .05
		if c.streamed {
			w.api().Stages[0].Deployed.Routes["GET /items"] = probe.Route{Integration: probe.Integration{TransferMode: "STREAM"}}
		}
		r := explained(w.send(200, func(r *request) answer {
			if r.Scenario == 1 || c.all {
				return c.items
			}
			return ok("v1")
		}).Input)
		says, open, need := "", "", ""
		for _, f := range r.Findings {
			if f.Cause != IntegrationError || f.Severity != Error || f.Linked != ConsistentWith {
				t.Errorf("%s: found %s %s, %s", name, f.Severity, f.Cause, f.Linked)
			}
			says += f.Statement
		}
		for _, q := range r.Open {
			open, need = open+q.Text, need+q.Enable
		}
		for _, x := range [][2]string{{says, c.fails}, {open, c.open}, {need, c.need}} {
			if (x[0] == "") != (x[1] == "") || !strings.Contains(x[0], x[1]) {
				t.Errorf("%s: %q, want %q", name, x[0], x[1])
			}
		}
		if t.Failed() {
			dump(t, r)
		}
	}
}
