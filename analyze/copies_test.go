package analyze

import (
	"testing"
	"time"

	"stageprobe/probe"
)

// An answer is a copy where the gateway's ids of another answer come again, or CloudFront
// says so; ids of the caller's choice, and a cache behind the gateway, make none.
func TestCopiesAreTold(t *testing.T) {
	type header = [][2]string
	for name, x := range map[string]struct {
		answers []header
		copied  []bool
	}{
		"the same ids": {
			[]header{{{"x-amzn-requestid", "a"}, {"x-amz-apigw-id", "A="}}, {{"x-amzn-requestid", "a"}, {"x-amz-apigw-id", "A="}}}, []bool{false, true},
		},
		"both kept before": {
			[]header{{{"x-amzn-requestid", "a"}, {"x-amz-apigw-id", "A="}, {"age", "9"}}, {{"x-amzn-requestid", "a"}, {"x-amz-apigw-id", "A="}, {"age", "9"}}}, []bool{true, true},
		},
		"CloudFront says so": {
			[]header{{{"x-amzn-requestid", "a"}, {"x-amz-apigw-id", "A="}, {"x-cache", "RefreshHit from cloudfront"}}}, []bool{true},
		},
		"an edge-optimised API": {
			[]header{{{"x-amzn-requestid", "a"}, {"x-amz-apigw-id", "A="}, {"x-cache", "Miss from cloudfront"}, {"x-amz-cf-id", "c"}}}, []bool{false},
		},
		"an id of the caller's": {
			[]header{{{"x-amzn-requestid", "a"}, {"x-amz-apigw-id", "A="}}, {{"x-amzn-requestid", "a"}, {"x-amz-apigw-id", "B="}}}, []bool{false, false},
		},
		"a cache behind the gateway": {
			[]header{{{"x-amzn-requestid", "a"}, {"x-amz-apigw-id", "A="}, {"x-cache", "HIT"}, {"age", "3"}}}, []bool{false},
		},
	} {
		plan := probe.Plan{Targets: []probe.Target{{ID: "a/prod", APIKind: probe.REST}}, Scenarios: []probe.Scenario{{Name: "GET /"}}}
		s := NewSession(plan, probe.Snapshot{}, Policy{})
		for i, h := range x.answers {
			o := &probe.Observation{Seq: uint64(i), Target: "a/prod", Scenario: "GET /", Status: 200, Outcome: probe.OutcomeResponse, Due: time.Unix(int64(i), 0)}
			for _, p := range h {
				o.Header = append(o.Header, probe.Header{Name: p[0], Value: p[1]})
			}
			s.Add(o)
		}
		for i, r := range s.input(true).Rows {
			if r.Copied != x.copied[i] {
				t.Errorf("%s: answer %d: copied %t", name, i+1, r.Copied)
			}
		}
	}
}

// No cache stands before a stage's own URL: ids that come again there are set by what
// answers, and make no copy of anything.
func TestNoCopiesAtTheOwnURL(t *testing.T) {
	for _, kind := range []probe.TargetKind{probe.InvokeURL, probe.CustomDomain} {
		plan := probe.Plan{
			Targets:   []probe.Target{{ID: "own", APIKind: probe.REST, Kind: kind}, {ID: "domain", APIKind: probe.REST, Kind: probe.CustomDomain}},
			Scenarios: []probe.Scenario{{Name: "GET /"}},
		}
		s := NewSession(plan, probe.Snapshot{}, Policy{})
		for i := range 8 {
			s.Add(&probe.Observation{
				Seq: uint64(i), Target: plan.Targets[i%2].ID, Scenario: "GET /", Status: 200, Outcome: probe.OutcomeResponse, Due: time.Unix(int64(i), 0),
				Header: []probe.Header{{Name: "x-amzn-requestid", Value: "r"}, {Name: "x-amz-apigw-id", Value: "A="}},
			})
		}
		copied := 0
		for _, r := range s.input(true).Rows {
			if r.Copied {
				copied++
			}
		}
		if want := map[probe.TargetKind]int{probe.InvokeURL: 0, probe.CustomDomain: 7}[kind]; copied != want {
			t.Errorf("%s: %d copies, want %d", kind, copied, want)
		}
	}
}

// Where an id comes again, a report still says of every behaviour when and how fast it
// answered, and which share it has.
func TestReportOfCopiesCountsThem(t *testing.T) {
	plan := probe.Plan{Targets: []probe.Target{{ID: "a/prod", APIKind: probe.REST}}, Scenarios: []probe.Scenario{{Name: "GET /"}}}
	s := NewSession(plan, probe.Snapshot{}, Policy{})
	for i := range 200 {
		s.Add(&probe.Observation{
			Seq: uint64(i), Target: "a/prod", Scenario: "GET /", Status: 200, Outcome: probe.OutcomeResponse,
			Due: time.Unix(int64(i), 0), Took: time.Millisecond,
			Header: []probe.Header{{Name: "x-amzn-requestid", Value: "a"}, {Name: "x-amz-apigw-id", Value: "A="}},
		})
	}
	target := s.Report(Ending{}).Targets[0]
	if len(target.Clusters) != 1 {
		t.Fatalf("%d behaviours", len(target.Clusters))
	}
	c := target.Clusters[0]
	if c.Served.Unknown != 200 || c.ShareLow < 0.5 || c.LatencyMS.P50 == 0 || len(target.Timeline.Clusters) != 1 {
		t.Errorf("served %+v, share from %g, latency %+v, timeline %+v", c.Served, c.ShareLow, c.LatencyMS, target.Timeline)
	}
}
