package cause

import (
	"strings"
	"testing"
)

// TestPrivateDNS: the name of a public API that leads to private addresses is an interface
// endpoint's, which refuses; the same refusal from a public address is not told so.
func TestPrivateDNS(t *testing.T) {
	for remote, private := range map[string]bool{"10.0.1.7": true, "203.0.113.9": false} {
		w := newWorld(3)
		w.Plan.Targets[0].Endpoint = "REGIONAL"
		in := w.send(120, func(r *request) answer {
			r.Remote = remote
			return answer{id: "Forbidden", status: 403, producer: "gateway", errType: "ForbiddenException", body: `{"message":"Forbidden"}`}
		}).Input
		in.Done = true
		r := explained(in)
		if len(r.Findings) != 1 || strings.Contains(r.Findings[0].Statement, "private DNS of an interface endpoint") != private {
			t.Errorf("%s: %v", remote, r.Findings)
		}
	}
}
