package cause

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// TestHowFarACanaryIsExcluded of failures: by the configuration, the logs or its share.
func TestHowFarACanaryIsExcluded(t *testing.T) {
	conf, canary := &probe.Stage{}, &probe.Canary{Percent: 10}
	counts := stat.Counts2{CanaryDev: 1, CanaryRef: 9, BaseDev: 1, BaseRef: 9}
	rates := SideRates{Canary: Count{1, 10}, Own: Count{1, 10}}
	for name, tt := range map[string]struct {
		conf   *probe.Stage
		canary *probe.Canary
		lent   bool
		labels labels
		want   Fact
	}{
		"none is configured":         {conf: conf, want: NoCanary{Stage: "s0"}},
		"the stage was not read":     {},
		"one is lent":                {lent: true, want: ShareUnfit{Share: .1}},
		"excluded in part, above":    {conf, canary, false, labels{counts: counts, excluded: true, low: .1, high: .2}, NotByCanary{Rates: rates, Low: .1, High: .2, Partly: true}},
		"excluded in part, below":    {conf, canary, false, labels{counts: counts, excluded: true, low: -.2, high: -.1}, NotByCanary{Rates: rates, Low: -.2, High: -.1, Partly: true}},
		"excluded from nothing on":   {conf, canary, false, labels{counts: counts, excluded: true, high: .1}, NotByCanary{Rates: rates, High: .1}},
		"excluded up to nothing":     {conf, canary, false, labels{counts: counts, excluded: true, low: -.1}, NotByCanary{Rates: rates, Low: -.1}},
		"no law of a canary weighed": {conf, canary, false, labels{}, ShareUnfit{Share: .1}},
	} {
		fx := given(&Input{Clusters: behaviours(fail502())}, [][]int{{0}})
		sub := &target{Target: &probe.Target{Stage: "s0", Canary: tt.canary}, conf: tt.conf}
		if tt.lent {
			sub.lent = &target{Target: &probe.Target{Canary: canary}}
		}
		w := &weighing{split: &split{sub: sub, clusters: []int{0}, failure: true, labels: tt.labels}}
		if got := notCanary(fx, w); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Failures that come in an order of their own are the backend's all the same.
func TestFailuresInAnOrderOfTheirOwn(t *testing.T) {
	w := newWorld(1).send(600, func(r *request) answer {
		if r.n%3 == 0 {
			return fails(503)
		}
		return ok("v2")
	})
	w.Input.Done = true
	r := explained(w.Input)
	if len(r.Findings) != 1 || r.Findings[0].Cause != FlakyBackend || !strings.Contains(r.Findings[0].Statement, "neither an even rate nor bursts") {
		t.Errorf("findings: %+v", r.Findings)
	}
}

// An integration goes by its function's name, else its URI, else the scenarios that it is behind.
func TestWhatABackendIsCalled(t *testing.T) {
	for name, tt := range map[string]struct {
		uris [2]string
		want Integration
	}{
		"a function": {[2]string{"arn:x:function:orders/invocations", ""}, Integration{Function: "orders"}}, "a URI": {[2]string{"https://x.example", "https://x.example"}, Integration{URI: "https://x.example"}},
		"two": {[2]string{"https://x.example", "https://y.example"}, Integration{Behind: []string{"sc0", "sc1"}}}, "none": {[2]string{}, Integration{Behind: []string{"sc0", "sc1"}}},
	} {
		in := &Input{Clusters: behaviours(served200())}
		routes := map[string]probe.Route{}
		for i, uri := range tt.uris {
			routes[fmt.Sprint("GET /", i)] = probe.Route{Integration: probe.Integration{URI: uri}}
		}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Deployed: &probe.Definition{Routes: routes}}}}}
		fx := given(in, [][]int{{0}, {}})
		if got := backend(fx, &split{sub: fx.targets[0], cells: fx.targets[0].cells}); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
