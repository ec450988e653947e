package probe

import "testing"

// Limits come in the order of their application, and a usage plan's only with a
// key.
func TestLimits(t *testing.T) {
	snap := &Snapshot{
		APIs: []API{{ID: "abc123", Stages: []Stage{{Name: "prod", Methods: map[string]MethodSettings{
			"*/*":         {ThrottlingSet: true, ThrottlingRate: 100, ThrottlingBurst: 50},
			"/orders/GET": {ThrottlingSet: true, ThrottlingRate: 20, ThrottlingBurst: 10},
		}}}}},
		UsagePlans: []UsagePlan{
			{ID: "p1", Name: "consumers", Limit: &RateLimit{Rate: 5, Burst: 5}, Quota: 500, Period: "DAY", Stages: []PlanStage{{
				APIID: "abc123", Stage: "prod", Methods: map[string]RateLimit{"/orders/GET": {Rate: 1, Burst: 1}},
			}}},
			{ID: "p2", Name: "another's", Limit: &RateLimit{Rate: 1}, Stages: []PlanStage{{APIID: "abc123", Stage: "dev"}}},
		},
	}
	for _, c := range []struct {
		route string
		keyed bool
		of    []string
		low   string
	}{
		{"GET /orders", true, []string{"usage plan consumers for GET /orders", "quota of usage plan consumers", "method GET /orders of stage prod"}, "usage plan consumers for GET /orders"},
		{"GET /x", true, []string{"usage plan consumers", "quota of usage plan consumers", "stage prod"}, "usage plan consumers"},
		{"GET /x", false, []string{"stage prod"}, "stage prod"},
	} {
		got := snap.Limits("abc123", "prod", c.route, c.keyed)
		if len(got) != len(c.of) {
			t.Fatalf("%s: %+v", c.route, got)
		}
		for i := range got {
			if got[i].Of != c.of[i] {
				t.Errorf("%s: %s, want %s", c.route, got[i].Of, c.of[i])
			}
		}
		if low := Lowest(got); low == nil || low.Of != c.low {
			t.Errorf("%s: lowest %+v", c.route, low)
		}
	}
	if Lowest(nil) != nil || len(snap.Limits("other", "prod", "GET /x", true)) != 0 {
		t.Error("a limit of nothing")
	}
}
