package cause

import (
	"math"
	"testing"
	"time"

	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// canaried is a stage with a canary of an older deployment, and an exposure that shows that
// the two answer alike.
func canaried(percent float64) (*Facts, *target, exposure) {
	canary := &probe.Canary{Percent: percent, DeploymentID: "old"}
	in := &Input{Done: true, Now: began, Confidence: .99, MinShare: .01, Clusters: behaviours(served200())}
	in.Logs = LogState{Read: true, Proven: map[string]bool{"a/s0": true}}
	in.Plan.Scenarios = []probe.Scenario{{Name: "sc0", Method: "GET", Path: "/0"}}
	in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.InvokeURL, APIID: "a", Stage: "s0", DeploymentID: "new", Canary: canary}}
	in.Snapshot.APIs = []probe.API{{
		ID: "a", Stages: []probe.Stage{{Name: "s0", DeploymentID: "new", Canary: canary}},
		Deployments: []probe.Deployment{{ID: "new", Created: began.Add(-time.Hour)}, {ID: "old", Created: began.Add(-48 * time.Hour)}},
	}}
	fx := given(in, [][]int{{}})
	sub := fx.targets[0]
	return fx, sub, exposure{subs: []*target{sub}, n: 100, requests: 2, least: 100, labelled: 100, canary: 10, shown: 10, never: .001}
}

// TestWhenACanaryIsSaidToHaveNoEffect: what of a canary's exposure lets it be said that it
// answers alike, and what leaves that open or unsaid.
func TestWhenACanaryIsSaidToHaveNoEffect(t *testing.T) {
	stray := []Difference{{Where: "/a", Counts: map[string]DifferenceCount{canarySide: {1, 10}, ownSide: {0, 90}}}}
	for _, tt := range []struct {
		name   string
		change func(e *exposure, fx *Facts, sub *target)
		want   string
	}{
		{"all of it", func(*exposure, *Facts, *target) {}, "alike"},
		{"a split may be its", func(e *exposure, _ *Facts, _ *target) { e.inconsistent = true }, ""},
		{"nothing answered", func(e *exposure, _ *Facts, _ *target) { e.n = 0 }, ""},
		{"the stage changed", func(e *exposure, _ *Facts, _ *target) { e.changed = true }, ""},
		{"no traffic", func(_ *exposure, _ *Facts, sub *target) { sub.conf.Canary.Percent = 0 }, "no traffic"},
		{"all traffic", func(_ *exposure, _ *Facts, sub *target) { sub.conf.Canary.Percent = 100 }, "all traffic"},
		{"one deployment", func(_ *exposure, _ *Facts, sub *target) { sub.conf.Canary.DeploymentID = "new" }, "same deployment"},
		{"five of its answers, four well", func(e *exposure, _ *Facts, _ *target) { e.canary, e.shown = 5, 4 }, ""},
		{"four of its answers, all well", func(e *exposure, _ *Facts, _ *target) { e.canary, e.shown = 4, 4 }, "alike"},
		{"ten of its answers, five well", func(e *exposure, _ *Facts, _ *target) { e.shown = 5 }, "alike"},
		{"none of its answers, all failed", func(e *exposure, _ *Facts, _ *target) { e.canary, e.shown, e.failed = 0, 0, 100 }, ""},
		{"none of its answers, nearly all failed", func(e *exposure, _ *Facts, _ *target) { e.canary, e.shown, e.failed = 0, 0, 99 }, "open"},
		{"one of its answers, all failed", func(e *exposure, _ *Facts, _ *target) { e.canary, e.shown, e.failed = 1, 1, 100 }, "alike"},
		{"four of the stage's own", func(e *exposure, _ *Facts, _ *target) { e.labelled = 14 }, "open"},
		{"five of the stage's own", func(e *exposure, _ *Facts, _ *target) { e.labelled = 15 }, "alike"},
		{"not drawn often enough", func(e *exposure, _ *Facts, _ *target) { e.never = .011 }, "open"},
		{"drawn just often enough", func(e *exposure, _ *Facts, _ *target) { e.never = .009 }, "alike"},
		{"something differs", func(e *exposure, _ *Facts, _ *target) { e.strays = stray }, "open"},
		{"something leans to it", func(e *exposure, _ *Facts, _ *target) { e.leans = true }, "open"},
		{"a request that the stage's own did not answer", func(e *exposure, _ *Facts, _ *target) { e.unmatched = true }, "open"},
		{"beside a split", func(e *exposure, _ *Facts, _ *target) { e.split = true }, "unrelated"},
		{"beside a split, newer than the stage", func(e *exposure, fx *Facts, _ *target) {
			e.split, fx.Snapshot.APIs[0].Deployments[1].Created = true, began
		}, ""},
		{"beside a split, unread when the run began", func(e *exposure, _ *Facts, sub *target) { e.split, sub.Canary, sub.DeploymentID = true, nil, "" }, ""},
		{"beside a split, none of its answers", func(e *exposure, _ *Facts, _ *target) { e.split, e.canary, e.shown = true, 0, 0 }, ""},
		{"beside a split, four of the stage's own", func(e *exposure, _ *Facts, _ *target) { e.split, e.labelled = true, 14 }, ""},
		{"beside a split, five of the stage's own", func(e *exposure, _ *Facts, _ *target) { e.split, e.labelled = true, 15 }, "unrelated"},
		{"beside a split, something differs", func(e *exposure, _ *Facts, _ *target) { e.split, e.strays = true, stray }, ""},
		{"beside a split, something leans to it", func(e *exposure, _ *Facts, _ *target) { e.split, e.leans = true, true }, ""},
		{"no label", func(e *exposure, _ *Facts, _ *target) { e.labelled, e.canary, e.shown, e.never = 0, 0, 0, .0009 }, "not missed"},
		{"no label, may not have been drawn", func(e *exposure, _ *Facts, _ *target) {
			e.labelled, e.canary, e.shown, e.never, e.least = 0, 0, 0, .0011, 60
		}, "open"},
		{"no label yet", func(e *exposure, fx *Facts, _ *target) {
			e.labelled, e.canary, e.shown, e.never, e.least, fx.Done = 0, 0, 0, .0009, 60, false
		}, "open"},
		{"no label, nor logs", func(e *exposure, fx *Facts, _ *target) {
			e.labelled, e.canary, e.shown, e.never, e.least, fx.Done, fx.Logs.Proven = 0, 0, 0, .0009, 60, false, nil
		}, "not missed"},
		{"no label, logs not read", func(e *exposure, fx *Facts, _ *target) {
			e.labelled, e.canary, e.shown, e.never, e.least, fx.Done, fx.Logs.Read = 0, 0, 0, .0009, 60, false, false
		}, "not missed"},
	} {
		fx, sub, e := canaried(10)
		tt.change(&e, fx, sub)
		known := nothingKnown(fx)
		known.closed[0] = true // nothing else is asked of the target
		var v Verdict
		withoutEffect(fx, known, sub, e, &v)
		got := ""
		if len(v.Found) > 0 {
			got = v.Found[0].Says[0].(CanaryNotShown).How
		} else if len(v.Open) > 0 {
			got = "open"
		}
		if got != tt.want || len(v.Found)+len(v.Open) > 1 {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestWhatIsSaidOfACanaryWithoutEffect(t *testing.T) {
	// Logs that named most answers have said what they can.
	for labelled, want := range map[int]Fact{50: Topic("wait for logs"), 51: Topic("more requests")} {
		fx, sub, e := canaried(10)
		e.labelled = labelled
		if f := staleFinding(fx, sub, e, "unrelated", false); f.SettledBy != want {
			t.Errorf("with %d of 100 named, %v settles it", labelled, f.SettledBy)
		}
	}
}

// TestWhatWouldShowACanary: how many more requests, or which logs, would show whether a
// canary answers otherwise.
func TestWhatWouldShowACanary(t *testing.T) {
	stray := []Difference{{Scenario: "sc0", Where: "/a", Other: "x", Counts: map[string]DifferenceCount{canarySide: {1, 10}, ownSide: {2, 90}}}}
	for _, tt := range []struct {
		name   string
		change func(e *exposure, fx *Facts)
		more   int
		needs  Fact
		leans  bool
		asked  bool
	}{
		{"it leans", func(e *exposure, fx *Facts) { e.leans, fx.Done = true, false }, 50, nil, true, true},
		{"it leans, of few answers", func(e *exposure, fx *Facts) { e.leans, e.n, fx.Done = true, 60, false }, 40, nil, true, true},
		{"it leans at the end", func(e *exposure, _ *Facts) { e.leans = true }, 0, Topic("more requests"), true, true},
		{"it differs", func(e *exposure, fx *Facts) { e.strays, fx.Done = stray, false }, 2 * stat.NeedZero(.1, .99), nil, false, true},
		{"it differs and leans", func(e *exposure, fx *Facts) { e.strays, e.leans, fx.Done = stray, true, false }, 2 * stat.NeedZero(.1, .99), nil, false, true},
		{"it differs at the end", func(e *exposure, _ *Facts) { e.strays = stray }, 0, Topic("more requests"), false, true},
		{"few answers", func(e *exposure, _ *Facts) { e.least = 40 }, 2 * (stat.NeedZero(.1, .99) - 40), nil, false, true},
		{"few answers, none named", func(e *exposure, _ *Facts) { e.least, e.labelled = 40, 0 }, 2 * (stat.NeedZero(.1, .999) - 40), nil, false, true},
		{"none named at the end", func(e *exposure, _ *Facts) { e.labelled = 0 }, 0, Topic("wait for logs"), false, true},
		{"too few of it at the end", func(*exposure, *Facts) {}, 0, Topic("canary not logged"), false, true},
		{"the run goes on", func(_ *exposure, fx *Facts) { fx.Done = false }, 0, nil, false, false},
	} {
		fx, sub, e := canaried(10)
		tt.change(&e, fx)
		var v Verdict
		askCanary(fx, sub, e, &v)
		if len(v.Open) == 0 != !tt.asked {
			t.Errorf("%s: asked %+v", tt.name, v.Open)
		}
		for _, q := range v.Open {
			asks := q.Asks.(CanaryAlike)
			if q.More != tt.more || q.Low != tt.more || q.High != tt.more || q.Needs != tt.needs || asks.Leans != tt.leans || (asks.Stray != nil) != (len(e.strays) > 0) {
				t.Errorf("%s: %+v", tt.name, q)
			}
			if want := (Stray{Scenario: "sc0", Where: "/a", Value: "x", Canary: Count{1, 10}, Own: Count{2, 90}}); asks.Stray != nil && *asks.Stray != want {
				t.Errorf("%s: %+v", tt.name, asks.Stray)
			}
		}
	}
}

// TestHowFarACanaryWasExercised: the request that was asked least counts, and one that the
// stage's own deployment answered less than nine times is matched by nothing.
func TestHowFarACanaryWasExercised(t *testing.T) {
	in := &Input{Clusters: behaviours(served200(), served200())}
	fx := given(in, [][]int{repeated(5, 0), repeated(3, 1)})
	if least, requests := leastAsked(fx.targets); least != 3 || requests != 2 {
		t.Errorf("the least asked of %d requests gave %d answers", requests, least)
	}
	if least, requests := leastAsked(nil); least != 0 || requests != 0 {
		t.Errorf("of nothing %d and %d", requests, least)
	}
	for _, tt := range []struct {
		own, canary int
		want        bool
	}{{9, 1, false}, {8, 1, true}, {8, 0, false}} {
		fx := given(&Input{Clusters: behaviours(served200())}, [][]int{repeated(tt.own+tt.canary, 0)})
		for i := range fx.Rows {
			fx.Rows[i].Label = LabelBase
			if i < tt.canary {
				fx.Rows[i].Label = LabelCanary
			}
		}
		if got := unmatched(fx, fx.targets); got != tt.want {
			t.Errorf("%d of the stage's own, %d of the canary's: %v", tt.own, tt.canary, got)
		}
		if canary, known := measured(fx, fx.targets[0]); canary != tt.canary || known != tt.own+tt.canary {
			t.Errorf("%d of %d are the canary's", canary, known)
		}
	}
}

// The bound is of the canary's own answers, else of those that it may have given.
func TestTheBoundOfACanarysDifference(t *testing.T) {
	for name, tt := range map[string]struct {
		change        func(e *exposure)
		atMost, bound float64
		wavers        string
	}{
		"named":                {func(*exposure) {}, stat.UpperZero(10, .99), stat.UpperZero(10, .99), ""},
		"one named":            {func(e *exposure) { e.canary = 1 }, .99, .99, ""},
		"something wavers":     {func(e *exposure) { e.wavers = waver{"/a of sc0", .7} }, stat.UpperZero(10, .99), .7, "/a of sc0"},
		"none named":           {func(e *exposure) { e.canary, e.labelled = 0, 0 }, 0, stat.UpperZero(100, .99) / .1, ""},
		"few, and none named":  {func(e *exposure) { e.canary, e.labelled, e.least = 0, 0, 10 }, 0, 1, ""},
		"beside a split":       {func(e *exposure) { e.split, e.wavers = true, waver{"/a of sc0", .7} }, 0, .7, ""},
		"after a change":       {func(e *exposure) { e.changed = true }, 0, 0, ""},
		"a change, and wavers": {func(e *exposure) { e.changed, e.wavers = true, waver{"/a of sc0", .7} }, 0, 0, ""},
	} {
		fx, sub, e := canaried(10)
		tt.change(&e)
		f := staleFinding(fx, sub, e, "alike", true)
		says := f.Says[0].(CanaryNotShown)
		if math.Abs(says.AtMost-tt.atMost) > 1e-9 || math.Abs(f.Statistics.Bound-tt.bound) > 1e-9 || says.Wavers != tt.wavers || (f.Statistics.Share != nil) != (e.labelled > 0 && !e.changed) {
			t.Errorf("%s: at most %g, bound %g, wavers %q, share %+v", name, says.AtMost, f.Statistics.Bound, says.Wavers, f.Statistics.Share)
		}
	}
}

// TestTheAgeOfACanary: an older deployment is told by its age, a young one for information.
func TestTheAgeOfACanary(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		own, canary time.Duration // ago
		percent     float64
		older, new  time.Duration
	}{
		{1, day, 10, day - 1, 0}, {day, day, 10, 0, 0}, {time.Hour, time.Hour, 10, 0, 0}, {3 * day, day - 1, 10, 0, day - 1}, {3 * day, day, 10, 0, 0}, {3 * day, day - 1, 100, 0, 0},
	} {
		fx, sub, e := canaried(tt.percent)
		fx.Snapshot.APIs[0].Deployments[0].Created, fx.Snapshot.APIs[0].Deployments[1].Created = began.Add(-tt.own), began.Add(-tt.canary)
		f := staleFinding(fx, sub, e, "alike", true)
		if says := f.Says[0].(CanaryNotShown); says.Older != tt.older || says.New != tt.new || (f.Severity == Info) != (tt.new > 0) {
			t.Errorf("own %s ago, canary %s ago, %g %%: %s older, %s new, %q", tt.own, tt.canary, tt.percent, says.Older, says.New, f.Severity)
		}
	}
}

// What failed, or did not come, shows nothing of how a canary answers.
func TestWhatShowsHowACanaryAnswers(t *testing.T) {
	in := &Input{Clusters: behaviours(served200(), fail502(), replied(0, signature.Network, "", ""))}
	fx := given(in, [][]int{{0, 0, 1, 1, 2}})
	for i := range in.Rows {
		in.Rows[i].Label = LabelCanary
	}
	in.Rows[0].Label = LabelBase
	if canary, failed := shown(fx, fx.targets[0]); canary != 1 || failed != 2 {
		t.Errorf("%d of the canary's answers show something, %d failed", canary, failed)
	}
}
