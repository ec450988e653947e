package cli

import (
	"testing"
	"time"

	"stageprobe/probe"
)

// TestTimeOfRequests: a request lasts as long as the integration of its route may, and a
// little more, never less than any other; a streamed answer as long as a stream may.
func TestTimeOfRequests(t *testing.T) {
	routes := map[string]probe.Route{
		"GET /quick":    {Integration: probe.Integration{TimeoutMS: 3000}},
		"GET /usual":    {Integration: probe.Integration{TimeoutMS: 29000}},
		"GET /slow":     {Integration: probe.Integration{TimeoutMS: 120000}},
		"GET /streamed": {Integration: probe.Integration{TimeoutMS: 29000, TransferMode: "STREAM"}},
	}
	s := &subject{
		snap:    probe.Snapshot{APIs: []probe.API{{ID: "abc123", Stages: []probe.Stage{{Name: "prod", Deployed: &probe.Definition{Routes: routes}}}}}},
		targets: []probe.Target{{ID: "abc123/prod", APIID: "abc123", Stage: "prod"}},
	}
	want := map[string]time.Duration{"/quick": 0, "/usual": 0, "/slow": 126 * time.Second, "/streamed": 15 * time.Minute, "/unknown": 0}
	for path := range want {
		s.scenarios = append(s.scenarios, probe.Scenario{Name: "GET " + path, Method: "GET", Path: path})
	}
	s.giveTime()
	for _, sc := range s.scenarios {
		if sc.Timeout != want[sc.Path] {
			t.Errorf("%s: %s, want %s", sc.Path, sc.Timeout, want[sc.Path])
		}
	}
}
