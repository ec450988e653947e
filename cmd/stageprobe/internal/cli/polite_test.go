package cli

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"stageprobe/probe"
)

// TestPolite: a tenth of the lowest throttle that the plan runs into.
func TestPolite(t *testing.T) {
	limits := func(m map[string]float64) map[string]probe.MethodSettings {
		out := map[string]probe.MethodSettings{}
		for key, rate := range m {
			out[key] = probe.MethodSettings{ThrottlingRate: rate, ThrottlingSet: rate >= 0}
		}
		return out
	}
	for _, tt := range []struct {
		name   string
		limits map[string]float64
		args   []string
		want   float64
		says   string
	}{
		{"none configured", map[string]float64{"*/*": -1}, nil, 25, ""},
		{"far above", map[string]float64{"*/*": 10_000}, nil, 25, ""},
		{"a low one", map[string]float64{"*/*": 4}, nil, 0.4, ""},
		{"of the method", map[string]float64{"*/*": 10_000, "/orders/GET": 20}, nil, 2, ""},
		{"of another method", map[string]float64{"*/*": 10_000, "/orders/POST": 1}, nil, 25, ""},
		{"the method has more than the stage", map[string]float64{"*/*": 4, "/orders/GET": 100}, nil, 10, ""},
		{"as AWS escapes it", map[string]float64{"~1orders/GET": 20}, nil, 2, ""},
		{"of an HTTP API's route", map[string]float64{"GET /orders": 20}, nil, 2, ""},
		{"asked for within it", map[string]float64{"*/*": 100}, []string{"--rate", "10"}, 10, ""},
		{"asked for above it", map[string]float64{"*/*": 100}, []string{"--rate", "11"}, 0, "takes a tenth"},
		{"forced", map[string]float64{"*/*": 100}, []string{"--rate", "11", "--force-rate"}, 11, ""},
		{"nothing is let through", map[string]float64{"*/*": 0}, nil, 1, ""},
	} {
		c := &checkFlags{}
		fs := pflag.NewFlagSet("check", pflag.ContinueOnError)
		c.bind(fs)
		if err := fs.Parse(tt.args); err != nil {
			t.Fatal(err)
		}
		s := &subject{
			targets:   []probe.Target{{ID: "a/prod", APIID: "a", Stage: "prod"}},
			scenarios: []probe.Scenario{{Name: "s", Method: "GET", Path: "/orders", Route: "GET /orders"}},
			snap:      probe.Snapshot{APIs: []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "prod", Methods: limits(tt.limits)}}}}},
		}
		err := c.polite(s)
		if tt.says != "" {
			if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "take a", "takes a"), tt.says) {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if err != nil || c.rate < tt.want*0.999 || c.rate > tt.want*1.001 || (c.slowed != "") != (tt.want < 25 && len(tt.args) == 0) {
			t.Errorf("%s: %g per second, want %g; %v; plan: %q", tt.name, c.rate, tt.want, err, c.slowed)
		}
	}
}

// TestPoliteUnderAUsagePlan: a key's plan counts where a key is sent, and only there.
func TestPoliteUnderAUsagePlan(t *testing.T) {
	plan := func(limit *probe.RateLimit, quota int) probe.UsagePlan {
		return probe.UsagePlan{ID: "p1", Name: "consumers", Limit: limit, Quota: quota, Period: "DAY", Stages: []probe.PlanStage{{APIID: "a", Stage: "prod"}}}
	}
	for _, tt := range []struct {
		name     string
		plan     probe.UsagePlan
		args     []string
		rate     float64
		requests int
	}{
		{"without a key", plan(&probe.RateLimit{Rate: 10}, 100), nil, 25, 2000},
		{"its rate", plan(&probe.RateLimit{Rate: 10}, 0), []string{"--api-key", "k-0123456789"}, 1, 2000},
		{"a rate above it asked for", plan(&probe.RateLimit{Rate: 10}, 0), []string{"--api-key", "k-0123456789", "--rate", "10"}, 10, 2000},
		{"its quota", plan(nil, 5000), []string{"--api-key", "k-0123456789"}, 25, 500},
		{"its rate and its quota", plan(&probe.RateLimit{Rate: 10}, 5000), []string{"--api-key", "k-0123456789"}, 1, 500},
		{"forced", plan(&probe.RateLimit{Rate: 10}, 5000), []string{"--api-key", "k-0123456789", "--force-rate"}, 25, 2000},
		{"of another stage", probe.UsagePlan{ID: "p2", Limit: &probe.RateLimit{Rate: 1}, Stages: []probe.PlanStage{{APIID: "a", Stage: "dev"}}}, []string{"--api-key", "k-0123456789"}, 25, 2000},
	} {
		c := &checkFlags{}
		fs := pflag.NewFlagSet("check", pflag.ContinueOnError)
		c.bind(fs)
		if err := fs.Parse(tt.args); err != nil {
			t.Fatal(err)
		}
		s := &subject{
			targets:   []probe.Target{{ID: "a/prod", APIID: "a", Stage: "prod"}},
			scenarios: []probe.Scenario{{Name: "s", Method: "GET", Path: "/orders", Route: "GET /orders"}},
			snap:      probe.Snapshot{APIs: []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "prod"}}}}, UsagePlans: []probe.UsagePlan{tt.plan}},
		}
		if err := c.polite(s); err != nil || c.rate != tt.rate || c.requests != tt.requests {
			t.Errorf("%s: %g per second and %d requests, want %g and %d; %v", tt.name, c.rate, c.requests, tt.rate, tt.requests, err)
		}
		if both := tt.rate < 25 && tt.requests < 2000; both && !(strings.Contains(c.slowed, "quota") && strings.Contains(c.slowed, "throttle")) {
			t.Errorf("%s: the plan says %q alone", tt.name, c.slowed)
		}
	}
}
