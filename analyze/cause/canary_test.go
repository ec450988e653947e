package cause

import (
	"slices"
	"testing"

	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// A canary that takes all requests or none draws nothing, so that it splits no answers.
func TestCanariesThatDraw(t *testing.T) {
	for percent, draws := range map[float64]bool{0: false, .1: true, 50: true, 99.9: true, 100: false} {
		sub := &target{Target: &probe.Target{Canary: &probe.Canary{Percent: percent}}, conf: &probe.Stage{}}
		x := &split{sub: sub}
		if _, known := canaryShare(x); known != draws {
			t.Errorf("%g %%: the share that it draws is known: %v", percent, known)
		}
		if prior := canaryPrior(&Facts{Input: &Input{}}, x); (prior > 0) != draws {
			t.Errorf("%g %%: its prior is %g", percent, prior)
		}
		if canaryConfigured(sub) != draws {
			t.Errorf("%g %%: draws %v", percent, !draws)
		}
		// Where the logs hold both sides, they tell the share.
		x.labels.counts = stat.Counts2{CanaryDev: 1, BaseRef: 3}
		if p, known := canaryShare(x); !known || !draws && p != .25 {
			t.Errorf("%g %%, with logs: %g, %v", percent, p, known)
		}
	}
}

// TestWhatACanaryReceived is said to be another share than configured where no request
// without a label could make it that.
func TestWhatACanaryReceived(t *testing.T) {
	for name, tt := range map[string]struct {
		canary, own, unknown int
		configured           bool
		want                 bool
	}{
		"as configured": {100, 900, 0, true, false}, "three times as much": {300, 700, 0, true, true}, "a third of it": {33, 967, 0, true, true}, "a third of it, the rest unknown": {33, 900, 67, true, false},
		"three times of what is known": {30, 70, 900, true, false}, "three times, a part unknown": {300, 600, 100, true, true}, "as configured, unless all the rest are its": {100, 500, 400, true, false}, "nothing known": {0, 0, 1000, true, false}, "no canary": {300, 700, 0, false, false},
	} {
		sub := &target{Target: &probe.Target{}}
		if tt.configured {
			sub.Canary = &probe.Canary{Percent: 10}
		}
		// Whether those without a label deviate makes no difference.
		for _, l := range []labels{{unknownRef: tt.unknown}, {unknownDev: tt.unknown}} {
			l.counts = stat.Counts2{CanaryDev: tt.canary, BaseRef: tt.own}
			got := canaryDrift(&Facts{Input: &Input{}, alpha: .01}, &split{sub: sub, labels: l})
			if (got != nil) != tt.want || tt.want && got != (ShareDrifts{Received: Count{tt.canary, tt.canary + tt.own}, Share: .1}) {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
}

// What the canary received is told twice, as measured and beside what is configured: both are
// what the logs hold, whatever they lack.
func TestReceivedIsAsMeasured(t *testing.T) {
	for _, name := range []string{"a canary that draws three times its share", "a canary that draws a third of its share, a part of it unlabelled"} {
		i := slices.IndexFunc(rareTruths, func(tt truth) bool { return tt.name == name })
		f := Explain(rareTruths[i].build(newWorld(1)).Input).Findings[0]
		head, is := f.Says[0].(TwoDeployments)
		drifts, does := f.Says[len(f.Says)-1].(ShareDrifts)
		if !is || !does || head.Measured == nil || drifts.Received.Share() != head.Measured.Estimate || drifts.Share != *head.Share {
			t.Errorf("%s: %+v and %+v", name, f.Says[0], f.Says[len(f.Says)-1])
		}
	}
}

// TestWhatASettingTouches: the routes that it names, or all where it names none.
func TestWhatASettingTouches(t *testing.T) {
	for _, tt := range []struct {
		routes []string
		route  string
		want   bool
	}{{nil, "", true}, {nil, "GET /a", true}, {[]string{}, "GET /a", false}, {[]string{"GET /a"}, "GET /a", true}, {[]string{"GET /a"}, "GET /b", false}, {[]string{""}, "", false}} {
		if touches(tt.routes, tt.route) != tt.want {
			t.Errorf("a setting of %q touches %q: %v", tt.routes, tt.route, !tt.want)
		}
	}
}

// The share is stated once nine of ten requests have their side.
func TestTheShareIsStated(t *testing.T) {
	fx := &Facts{Input: &Input{}, alpha: .01}
	for known, want := range map[int]bool{0: false, 8: false, 9: true, 10: true} {
		x := &split{sub: &target{Target: &probe.Target{Stage: "prod"}}, n: 10, labels: labels{counts: stat.Counts2{CanaryDev: known}}}
		if head := canaryHead(fx, x).(TwoDeployments); (head.Measured != nil) != want {
			t.Errorf("with %d of 10 known the share is %+v", known, head.Measured)
		}
	}
}

// TestSidesThatAreSwapped: the stage's own deployment deviates more than its canary.
func TestSidesThatAreSwapped(t *testing.T) {
	for _, tt := range []struct {
		own, canary Count
		want        bool
	}{{Count{1, 10}, Count{1, 10}, false}, {Count{2, 10}, Count{1, 10}, true}, {Count{1, 10}, Count{1, 9}, false}} {
		if got := (CanaryDeviates{Own: tt.own, Canary: tt.canary}).Swapped(); got != tt.want {
			t.Errorf("own %+v, canary %+v: swapped %v", tt.own, tt.canary, got)
		}
	}
	fx := &Facts{Input: &Input{Rows: []Row{{Late: true}, {}, {Late: true}}}, alpha: .01}
	if n := (&split{draws: marked(0, 1, 0)}).late(fx); n != 2 {
		t.Errorf("%d of the answers are late, want 2", n)
	}
}

// The logs that would tell are those of the stage, or of the one that it borrows from.
func TestWhichLogsTellOfACanary(t *testing.T) {
	fx := &Facts{Input: &Input{Logs: LogState{Read: true, Proven: map[string]bool{"a/s0": true}}}}
	on, off := &target{Target: &probe.Target{APIID: "a", Stage: "s0"}}, &target{Target: &probe.Target{APIID: "a", Stage: "s1"}}
	for _, tt := range []struct {
		sub  *target
		want Fact
	}{{on, Topic("wait for logs")}, {off, CanaryLogs{Stage: "s1"}}, {&target{Target: &probe.Target{}, lent: on}, Topic("wait for logs")}, {&target{Target: &probe.Target{APIID: "a", Stage: "s0"}, lent: off}, CanaryLogs{Stage: "s1"}}} {
		if got := settleByLogs(fx, tt.sub); got != tt.want {
			t.Errorf("%+v, want %+v", got, tt.want)
		}
	}
	fx.Logs.Read = false
	if got := settleByLogs(fx, on); got != (CanaryLogs{Stage: "s0"}) {
		t.Errorf("where no log was read %+v", got)
	}
}

// An example of a side has a label where there is one.
func TestAnExampleOfASide(t *testing.T) {
	fx := &Facts{Input: &Input{Rows: []Row{{}, {Label: LabelBase, Contradictory: true}, {Label: LabelCanary}, {Label: LabelBase}}}}
	for deviant, want := range map[bool]int{true: 2, false: 0} {
		x := &split{draws: []draw{{0, !deviant}, {0, deviant}, {1, deviant}}}
		if deviant {
			x.draws = append(x.draws, draw{2, true}, draw{3, true})
		}
		if got := labelled(fx, x, deviant); got != want {
			t.Errorf("deviant %v: row %d is shown, want %d", deviant, got, want)
		}
	}
	if labelled(fx, &split{draws: marked(0, 0)}, true) != -1 {
		t.Error("no row of a side that has none is shown")
	}
}

// TestWhatACanaryDiffersIn: one that is known to differ where answers split is likelier than
// one of which nothing was read, and that than one that differs elsewhere.
func TestWhatACanaryDiffersIn(t *testing.T) {
	calls := func(uri, other string) *probe.Definition {
		return &probe.Definition{Source: "GetExport", Routes: map[string]probe.Route{"GET /0": {Integration: probe.Integration{URI: uri}}, "GET /9": {Integration: probe.Integration{URI: other}}}}
	}
	prior := func(held *probe.Definition) float64 {
		canary := &probe.Canary{Percent: 10, DeploymentID: "c"}
		in := &Input{Clusters: behaviours(served200(), served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0", DeploymentID: "d", Canary: canary}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", DeploymentID: "d", Canary: canary, Deployed: calls("u", "v"), CanaryDeployed: held}}}}
		fx := given(in, [][]int{{0, 0, 1}})
		return canaryPrior(fx, settle(fx, &split{sub: fx.targets[0], clusters: []int{1}}))
	}
	here, unread, elsewhere, nowhere := prior(calls("new", "v")), prior(nil), prior(calls("u", "new")), prior(calls("u", "v"))
	if !(here > unread && unread > elsewhere && elsewhere > nowhere && nowhere == 0) {
		t.Errorf("here %g, not read %g, elsewhere %g, nowhere %g", here, unread, elsewhere, nowhere)
	}
}
