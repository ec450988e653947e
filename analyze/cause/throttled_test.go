package cause

import (
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// TestNothingButThrottles: three throttled requests and nothing else give a target up, and
// that all since a moment were refused is said of forty.
func TestNothingButThrottles(t *testing.T) {
	limited := replied(429, signature.Gateway, "THROTTLED", "")
	limited.Class = signature.Throttled
	for n, want := range map[int]bool{2: false, 3: true} {
		in := &Input{MinShare: .01, Confidence: .99, Clusters: behaviours(limited)}
		fx := given(in, [][]int{repeated(n, 0)})
		c := fx.targets[0].cells[0]
		c.throttled, c.rows, c.count = c.rows, nil, map[int]int{}
		if v := throttled(fx, nil); len(v.Found) != 1 || (len(v.closed) == 1) != want {
			t.Errorf("%d throttled: %+v", n, v)
		}
	}
	for n, want := range map[int]bool{Barren - 1: false, Barren: true} {
		in := &Input{Clusters: behaviours(limited)}
		fx := given(in, [][]int{repeated(n, 0)})
		c := fx.targets[0].cells[0]
		c.throttled, c.rows = c.rows, nil
		f := throttledFinding(fx, fx.targets[0], c.throttled, n, true)
		if got := slices.ContainsFunc(f.Says, func(s Fact) bool { all, ok := s.(AllRefusedSince); return ok && all.N == n }); got != want {
			t.Errorf("%d throttled in a row are said to be: %v", n, got)
		}
	}
}

// TestWhichLimitIsRaised: of usage plans the one that has a quota where that is used up, else
// the one that has a rate.
func TestWhichLimitIsRaised(t *testing.T) {
	limits := []probe.Limit{{RateLimit: probe.RateLimit{Rate: 10}}, {UsagePlan: "by-rate", RateLimit: probe.RateLimit{Rate: 20}}, {UsagePlan: "by-quota", Quota: 1000}}
	for line, want := range map[string]string{"Usage plan throttle": "by-rate", "Quota exhausted": "by-quota"} {
		in := &Input{Clusters: behaviours(replied(429, signature.Gateway, "", ""))}
		in.Records = func(string) []probe.LogRecord { return []probe.LogRecord{{Source: probe.ExecutionLog, Error: line}} }
		fx := given(in, [][]int{{0}})
		for _, of := range [][]probe.Limit{limits, {limits[0], limits[2], limits[1]}} {
			var commands []string
			for _, r := range throttleRemedy(fx, fx.targets[0], []int{0}, of) {
				commands = append(commands, r.Command)
			}
			if !strings.Contains(strings.Join(commands, " "), "--usage-plan-id "+want) {
				t.Errorf("%s: %q, want plan %s", line, commands, want)
			}
		}
	}
}
