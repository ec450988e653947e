package cause

import (
	"testing"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

func TestWhatEditsDemand(t *testing.T) {
	route := func(validator string, parameters map[string]bool) *probe.Definition {
		return &probe.Definition{Routes: map[string]probe.Route{"GET /a": {Validator: validator, Parameters: parameters}}}
	}
	both := map[string]bool{"path.id": true, "query.b": true, "query.c": true, "query.a": false}
	for _, tt := range []struct {
		name     string
		editor   *probe.Definition
		d        diff.Difference
		want     string
		demanded bool
	}{
		{"no editor", nil, diff.Difference{Subject: "GET /a", Aspect: "validator"}, "", false},
		{"no validator", route("body", both), diff.Difference{Subject: "GET /a", Aspect: "validator"}, "", false},
		{"a validator that is new", route("params", both), diff.Difference{Subject: "GET /a", Aspect: "validator"}, "query.b", true},
		{"a validator that was one", route("body+params", both), diff.Difference{Subject: "GET /a", Aspect: "validator", B: "params"}, "", false},
		{"nothing to demand", route("params", map[string]bool{"path.id": true}), diff.Difference{Subject: "GET /a", Aspect: "validator"}, "", false},
		{"another aspect", route("params", both), diff.Difference{Subject: "GET /a", Aspect: "models"}, "", false},
		{"a parameter", route("params", both), diff.Difference{Subject: "GET /a", Aspect: "parameters.query.c", A: "required"}, "query.c", true},
		{"a parameter that may be left out", route("params", both), diff.Difference{Subject: "GET /a", Aspect: "parameters.query.a", A: "optional"}, "query.a", false},
		{"a part of the path", route("params", both), diff.Difference{Subject: "GET /a", Aspect: "parameters.path.id", A: "required"}, "path.id", false},
	} {
		if got, demanded := demandedParameter(tt.editor, &tt.d); got != tt.want || demanded != tt.demanded {
			t.Errorf("%s: %q, %v", tt.name, got, demanded)
		}
	}
}

// A status below 400 shows that a request was let through, whoever answered.
func TestLetThrough(t *testing.T) {
	d := &diff.Difference{Subject: "GET /0", Aspect: "authorization", A: "AWS_IAM", B: "NONE"}
	for _, tt := range []struct {
		c    *Cluster
		want bool
	}{
		{replied(399, signature.Gateway, "", ""), true}, {replied(400, signature.Gateway, "BAD_REQUEST_BODY", ""), false}, {replied(400, signature.Integration, "", ""), true}, {replied(0, signature.Network, "", ""), false},
	} {
		in := &Input{Clusters: behaviours(tt.c)}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}}, Editor: &probe.Definition{}}}
		fx := given(in, [][]int{{0}})
		if got := shows(fx, fx.targets[0], 0, d); (got != nil) != tt.want {
			t.Errorf("%d by %s: %+v", tt.c.Status, tt.c.Reading.Producer, got)
		}
	}
}

// TestWhatAScenarioSends: the parameters and the credentials that an edit may demand.
func TestWhatAScenarioSends(t *testing.T) {
	sc := &probe.Scenario{Query: "limit=1&empty", Header: []probe.Header{{Name: "X-Tenant", Value: "a"}}}
	for parameter, want := range map[string]bool{"query.limit": true, "query.empty": true, "query.page": false, "header.x-tenant": true, "header.x-other": false, "query.X-Tenant": false} {
		if sends(sc, parameter) != want {
			t.Errorf("the scenario sends %s: %v", parameter, !want)
		}
	}
	if !sends(&probe.Scenario{Query: "a=%zz"}, "query.limit") {
		t.Error("of a query that cannot be read nothing is said to be missing")
	}
	for _, tt := range []struct {
		sc   probe.Scenario
		want bool
	}{{probe.Scenario{}, false}, {probe.Scenario{Auth: probe.AuthNone}, false}, {probe.Scenario{Auth: probe.AuthBearer}, true}, {*sc, true}} {
		if credentialed(&tt.sc) != tt.want {
			t.Errorf("%+v carries credentials: %v", tt.sc, !tt.want)
		}
	}
}
