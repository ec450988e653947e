package cause

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/diff"
	"stageprobe/analyze/feature"
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
	const day = 24 * time.Hour
	for _, tt := range []struct {
		own, canary time.Duration // ago
		percent     float64
		older, new  time.Duration
	}{
		{1, day, 10, day - 1, 0}, {day, day, 10, 0, 0}, {3 * day, day - 1, 10, 0, day - 1}, {3 * day, day, 10, 0, 0}, {3 * day, day - 1, 100, 0, 0},
	} {
		fx, sub, e := canaried(tt.percent)
		fx.Snapshot.APIs[0].Deployments[0].Created, fx.Snapshot.APIs[0].Deployments[1].Created = began.Add(-tt.own), began.Add(-tt.canary)
		f := staleFinding(fx, sub, e, "alike", true)
		if says := f.Says[0].(CanaryNotShown); says.Older != tt.older || says.New != tt.new || (f.Severity == Info) != (tt.new > 0) {
			t.Errorf("own %s ago, canary %s ago, %g %%: %s older, %s new, %q", tt.own, tt.canary, tt.percent, says.Older, says.New, f.Severity)
		}
	}
	// The bound is of the canary's own answers, else of those that it may have given.
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
	// What failed, or did not come, shows nothing of how a canary answers.
	in = &Input{Clusters: behaviours(served200(), fail502(), replied(0, signature.Network, "", ""))}
	fx = given(in, [][]int{{0, 0, 1, 1, 2}})
	for i := range in.Rows {
		in.Rows[i].Label = LabelCanary
	}
	in.Rows[0].Label = LabelBase
	if canary, failed := shown(fx, fx.targets[0]); canary != 1 || failed != 2 {
		t.Errorf("%d of the canary's answers show something, %d failed", canary, failed)
	}
}

func fail502() *Cluster { return replied(502, signature.Integration, "", "") }

// TestWhoServesByTheLogs: another stage is named by the logs for two requests at least and
// most of them, the stage meant for two at least and no other.
func TestWhoServesByTheLogs(t *testing.T) {
	meant, dev, beta := probe.StageRef{APIID: "a", Stage: "s0"}, probe.StageRef{APIID: "a", Stage: "s1"}, probe.StageRef{APIID: "a", Stage: "s2"}
	for _, tt := range []struct {
		own, dev, beta    int
		logged, confirmed bool
		count             int
		rival             probe.StageRef // of a sharing; none where the logs show none
		share             float64
		instead           probe.StageRef
		_                 struct{}
	}{
		{own: 2, confirmed: true, instead: meant}, {own: 1, instead: meant}, {instead: meant},
		{dev: 2, logged: true, count: 2, instead: dev}, {dev: 1, count: 1, instead: dev},
		{own: 1, dev: 2, logged: true, count: 2, instead: dev}, {own: 2, dev: 2, count: 2, rival: dev, share: .5, instead: dev}, {own: 3, dev: 1, count: 1, instead: dev},
		{own: 2, dev: 3, logged: true, count: 3, rival: dev, share: .6, instead: dev},
		{own: 2, dev: 2, beta: 2, logged: true, count: 4, rival: dev, share: .5, instead: dev}, {own: 2, dev: 1, beta: 2, logged: true, count: 3, rival: beta, share: .5, instead: beta},
	} {
		g := &sighting{meant: meant, byLog: map[probe.StageRef][]int{}}
		for ref, n := range map[probe.StageRef]int{meant: tt.own, dev: tt.dev, beta: tt.beta} {
			if n > 0 {
				g.byLog[ref] = repeated(n, 0)
			}
		}
		fx := given(&Input{Clusters: behaviours(served200())}, [][]int{{0}})
		if g.logged() != tt.logged || g.confirmed() != tt.confirmed || g.count() != tt.count || g.instead(fx.targets[0]) != tt.instead {
			t.Errorf("%+v: logged %v, confirmed %v, %d of others, instead %v", tt, g.logged(), g.confirmed(), g.count(), g.instead(fx.targets[0]))
		}
		if sh := findSharing(fx, fx.targets[0], g); (sh != nil) != (tt.share > 0) || sh != nil && (sh.rival != tt.rival || sh.share != tt.share) {
			t.Errorf("%+v: shared %+v", tt, sh)
		}
	}
	// A behaviour is the other stage's where most of its requests are by the logs.
	sh := &sharing{rival: dev}
	for _, tt := range []struct {
		served []string
		want   bool
	}{{[]string{"s1", "s1", "s0"}, true}, {[]string{"s1", "s0"}, false}, {[]string{"s0"}, false}, {[]string{""}, false}, {[]string{"s1", ""}, true}} {
		fx := given(&Input{Clusters: behaviours(served200())}, [][]int{repeated(len(tt.served), 0)})
		for i, stage := range tt.served {
			fx.Rows[i].ServedAPI, fx.Rows[i].ServedStage = "a", stage
		}
		if got := theirs(fx, fx.targets[0], sh, fx.targets[0].cells[0], 0); got != tt.want {
			t.Errorf("served by %q: the other's %v", tt.served, got)
		}
	}
	// A refused path that was not asked for is not left over.
	for name, tt := range map[string]struct {
		answers [][]int
		want    bool
	}{"its route is refused": {[][]int{{0}, {}}, true}, "another is": {[][]int{{}, {0}}, false}} {
		in := &Input{Clusters: behaviours(noRouteOf())}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}}}}}
		fx := given(in, tt.answers)
		if got := leftover(fx, fx.targets[0], meant); got != tt.want {
			t.Errorf("%s: left over %v", name, got)
		}
	}
	for n, want := range map[int]bool{0: false, 1: true} {
		in := &Input{Clusters: behaviours(served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.InvokeURL, APIID: "a", Stage: "s1", Meant: &meant}}
		if fx := given(in, [][]int{repeated(n, 0)}); namesStage(fx, fx.targets[0]) != want {
			t.Errorf("after %d answers a stage answers: %v", n, !want)
		}
	}
}

func noRouteOf() *Cluster { return replied(403, signature.Gateway, "MISSING_AUTHENTICATION_TOKEN", "") }

// TestWindowsOfAKind: answers of one kind are windows where they come in a few stretches,
// each with nothing else in it but a tenth, and others come beside them.
func TestWindowsOfAKind(t *testing.T) {
	good, bad := func(n int) []int { return repeated(n, 0) }, func(n int) []int { return repeated(n, 1) }
	for name, tt := range map[string]struct {
		of    []int
		least int
		want  []int // how many each window holds
	}{
		"one":                        {slices.Concat(good(6), bad(30), good(6)), 30, []int{30}},
		"too few":                    {slices.Concat(good(6), bad(29), good(6)), 30, nil},
		"too few others":             {slices.Concat(good(6), bad(30), good(5)), 30, nil},
		"two":                        {slices.Concat(bad(12), good(12), bad(12)), 1, []int{12, 12}},
		"two that are one":           {slices.Concat(bad(200), good(11), bad(200), good(12)), 1, []int{400}},
		"two, of which one is short": {slices.Concat(bad(12), good(12), bad(11)), 1, nil},
		"a tenth of others in it":    {slices.Concat(good(12), bad(10), good(2), bad(10)), 1, []int{20}},
		"more than a tenth":          {slices.Concat(good(12), bad(10), good(3), bad(10)), 1, nil},
		"six":                        {slices.Repeat(slices.Concat(bad(12), good(12)), 6), 1, []int{12, 12, 12, 12, 12, 12}},
		"seven come and go":          {slices.Repeat(slices.Concat(bad(12), good(12)), 7), 1, nil},
		"none of it":                 {good(20), 1, nil},
	} {
		fx := given(&Input{Clusters: behaviours(served200(), fail502())}, [][]int{tt.of})
		x := &split{sub: fx.targets[0], draws: drawsOf(fx.targets[0])}
		var got []int
		for _, s := range spellsOf(fx, x, tt.least, (*Cluster).fails) {
			got = append(got, s.n)
			if fx.Rows[s.from].Cluster != 1 || fx.Rows[s.to].Cluster != 1 {
				t.Errorf("%s: a window is from %d to %d", name, s.from, s.to)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: windows of %v, want %v", name, got, tt.want)
		}
	}
	// Of chance, three in a row are one window in six hundred answers, and none in sixty.
	for n, want := range map[int]int{600: 1, 60: 0} {
		fx := given(&Input{Clusters: behaviours(served200(), fail502())}, [][]int{slices.Concat(good(n/2), bad(3), good(n/2))})
		if got := oneSpell(fx, &split{sub: fx.targets[0], draws: drawsOf(fx.targets[0])}); len(got) != want {
			t.Errorf("among %d answers: %v", n, got)
		}
	}
}

// TestASwitchByItsAnswers: a target that went to failure is told so from 25 failures on, and
// what was usual before it only where it was.
func TestASwitchByItsAnswers(t *testing.T) {
	for n, want := range map[int]bool{24: false, 25: true} {
		fx := given(&Input{Clusters: behaviours(served200(), fail502())}, [][]int{slices.Concat(repeated(10, 0), repeated(n, 1))})
		x := settle(fx, &split{sub: fx.targets[0], clusters: []int{0}})
		if got := holds(fx, &weighing{split: x}); got != want {
			t.Errorf("%d failures after ten answers hold: %v", n, got)
		}
	}
	for old, want := range map[int]string{2: "", 3: "200 (k0)"} {
		fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{slices.Concat(repeated(4, 0), repeated(4, 1))})
		s := &shift{fx: fx, rows: indices(8), hat: 4, later: slices.Concat(bitsOf(old, 4-old), bitsOf(0, 4))}
		if got := s.sides(); got.Before != want || got.Now != "200 (k1)" || got.Old != (Count{old, 4}) || got.Late != (Count{0, 4}) {
			t.Errorf("%d of four were of the old behaviour: %+v", old, got)
		}
	}
	// From or to a mixture the shares differ by a tenth at least, and one side is pure but for
	// a fiftieth.
	at := func(before, since []bool) bool {
		terms := switchTerms(slices.Concat(before, since), len(before)+len(since), 1, true)
		return !math.IsInf(terms[len(before)-1], -1)
	}
	few := func(n, ones int) []bool { return slices.Concat(bitsOf(0, ones), bitsOf(n-ones, 0)) }
	for _, tt := range []struct {
		before, since []bool
		want          bool
	}{
		{few(10, 0), few(10, 1), true}, {few(10, 0), few(11, 1), false}, {few(50, 1), few(50, 25), true}, {few(49, 1), few(50, 25), false},
		{few(50, 25), few(50, 49), true}, {few(50, 25), few(50, 48), false},
	} {
		if got := at(tt.before, tt.since); got != tt.want {
			t.Errorf("%d of %d before and %d of %d since: %v", count(tt.before, true), len(tt.before), count(tt.since, true), len(tt.since), got)
		}
	}
	// A switch to what a caller is at fault for is looked into, not kept.
	r := Explain(newWorld(1).send(800, func(r *request) answer {
		if r.n < 100 {
			return ok("v1")
		}
		return answer{id: "bad request", status: 400, producer: "integration"}
	}).Input)
	if len(r.Findings) != 1 || r.Findings[0].Cause != DeployPropagating || r.Findings[0].Remedy[0].Text != whereToLook(replied(400, signature.Integration, "", "")).Text {
		t.Errorf("%+v", r.Findings)
	}
}

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

// TestFailuresInSuccesses: a scenario fails inside its successes where all of them hold the
// same failure, five at least before the end.
func TestFailuresInSuccesses(t *testing.T) {
	body := func(text string) *Cluster {
		c := served200()
		c.Exemplar = &behaviour.Exemplar{Body: []byte(text)}
		return c
	}
	inner, message := `{"statusCode":502,"body":"x"}`, `{"errorMessage":"x","errorType":"E"}`
	for name, tt := range map[string]struct {
		a, b string
		n    int
		done bool
		want bool
	}{
		"one": {inner, "", 5, false, true}, "too few": {inner, "", 4, false, false}, "few, at the end": {inner, "", 4, true, true}, "of two kinds": {inner, message, 5, false, false},
		"two of a kind": {inner, `{"statusCode":502,"body":"y"}`, 5, false, true}, "a success among them": {inner, `{"a":1}`, 5, false, false},
	} {
		in := &Input{Done: tt.done, Clusters: behaviours(body(tt.a), body(tt.b))}
		of := repeated(tt.n, 0)
		if tt.b != "" {
			of = append(of, 1, 1)
		}
		fx := given(in, [][]int{of})
		if _, got := insideThroughout(fx, nothingKnown(fx), fx.targets[0], fx.targets[0].cells[0]); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestStreamsThatBreakOff: a route that streams is broken where five answers broke off, and
// one integration gets a remedy of its own up to the third.
func TestStreamsThatBreakOff(t *testing.T) {
	cut := replied(0, signature.Network, "", "")
	cut.Status, cut.Outcome = 200, probe.OutcomeReset
	route := func(function string) probe.Route {
		return probe.Route{Integration: probe.Integration{TransferMode: "STREAM", URI: "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:" + function + "/invocations"}}
	}
	for n, want := range map[int]bool{4: false, 5: true} {
		in := &Input{Done: true, Clusters: behaviours(cut)}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{
			"GET /0": route("f0"), "GET /1": route("f1"), "GET /2": route("f0"), "GET /3": route("f2"), "GET /4": route("f3"),
		}}}}}}
		fx := given(in, [][]int{repeated(n, 0), {}, {}, {}, {}})
		sub := fx.targets[0]
		if got := brokenThroughout(fx, nothingKnown(fx), sub, sub.cells[0]); got != want {
			t.Errorf("%d answers broke off: %v", n, got)
		}
		places := placesOf(fx, sub, sub.cells)
		if len(places) != 3 || !places[0].Several || places[1].Several || !strings.HasSuffix(places[2].Function, ":f2") {
			t.Errorf("%+v", places)
		}
	}
}

// TestWhatACacheFreezes: a value that the cache of one stage holds still and the other moves
// by itself tells nothing.
func TestWhatACacheFreezes(t *testing.T) {
	level := func(on, off int) behaviour.Level { return behaviour.Level{On: on, Off: off} }
	moving, still := behaviour.Mark{Values: []behaviour.Level{level(9, 0), level(0, 3), level(0, 3)}}, behaviour.Mark{Values: []behaviour.Level{level(9, 0), level(0, 6)}}
	class := moving
	class.Def.Class = true
	for name, tt := range map[string]struct {
		cached [2]bool
		turned bool
		want   int
	}{
		"no cache": {[2]bool{}, false, 3}, "both": {[2]bool{true, true}, false, 3}, "the first": {[2]bool{true, false}, false, 2}, "the second": {[2]bool{false, true}, true, 2},
		"the first, which moves": {[2]bool{true, false}, true, 3}, "the second, which moves": {[2]bool{false, true}, false, 3},
	} {
		in := &Input{Clusters: behaviours(served200())}
		in.Snapshot.APIs = []probe.API{{ID: "a"}}
		for i, on := range tt.cached {
			in.Snapshot.APIs[0].Stages = append(in.Snapshot.APIs[0].Stages, probe.Stage{Name: []string{"s0", "s1"}[i], CacheCluster: on, Methods: map[string]probe.MethodSettings{"*/*": {Caching: true}}})
		}
		fx := given(in, [][]int{{0}}, [][]int{{}})
		marks := []behaviour.Mark{moving, still, class}
		if tt.turned {
			for i := range marks {
				marks[i] = marks[i].Turned()
			}
		}
		if got := unfrozen(fx, [2]int{0, 1}, marks); len(got) != tt.want {
			t.Errorf("%s: %d marks tell, want %d", name, len(got), tt.want)
		}
	}
	// Only a sum of features speaks for them where nothing else does.
	sum := behaviour.Mark{Values: []behaviour.Level{{Text: "x", On: 9, Side: 1}, {Text: "y", Off: 9, Side: -1}}}
	sum.Def.Aspect = feature.Set
	one := sum
	one.Def = feature.Def{Path: "/a"}
	if !sum.Sums() || one.Sums() {
		t.Fatal("a set sums up its members")
	}
	fx := given(&Input{Clusters: behaviours(served200())}, [][]int{{0}})
	for _, tt := range []struct {
		marks []behaviour.Mark
		want  []string
	}{{[]behaviour.Mark{sum, one}, []string{"/a"}}, {[]behaviour.Mark{sum}, []string{sum.Where()}}, {[]behaviour.Mark{one}, []string{"/a"}}} {
		var got []string
		for _, d := range differs(fx, fx.targets[0], tt.marks, "on", "off") {
			got = append(got, d.Where)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("they differ in %q, want %q", got, tt.want)
		}
	}
}

// TestTheQuestionOfACanary is asked where the logs name both sides, and contradict
// themselves in one of a thousand requests at most.
func TestTheQuestionOfACanary(t *testing.T) {
	for name, tt := range map[string]struct {
		percent       float64
		canary, twice int
		want          float64 // the share; 0 where nothing is asked
	}{
		"both sides": {10, 100, 0, .1}, "the canary alone": {10, 1000, 0, 0}, "the stage alone": {10, 0, 0, 0}, "one contradiction": {10, 100, 1, .1}, "two": {10, 100, 2, 0},
		"all traffic by the configuration": {100, 250, 0, .25}, "none": {0, 250, 0, .25},
	} {
		in := &Input{Clusters: behaviours(served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0", Canary: &probe.Canary{Percent: tt.percent}}}
		fx := given(in, [][]int{repeated(1000, 0)})
		for i := range in.Rows {
			in.Rows[i].Label = LabelBase
			if i < tt.canary {
				in.Rows[i].Label = LabelCanary
			}
			in.Rows[i].Contradictory = i >= 1000-tt.twice
		}
		q := canaryQuestion(fx, []int{0}, [][]int{indices(1000)})
		if (q != nil) != (tt.want > 0) || q != nil && math.Abs(q.P-tt.want) > 1e-12 {
			t.Errorf("%s: %+v", name, q)
		}
	}
	for percent, want := range map[float64]int{0: 0, .5: 1, 99.5: 1, 100: 0} {
		in := &Input{Clusters: behaviours(served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0", Canary: &probe.Canary{Percent: percent}}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}}}}
		if got := canaryQuestions(given(in, [][]int{{0}})); got != want {
			t.Errorf("%g %%: %d questions", percent, got)
		}
	}
	fx := given(&Input{Clusters: behaviours(served200())}, [][]int{{0}})
	if got := canaryQuestions(fx); got != 1 {
		t.Errorf("a stage that was not read may have a canary: %d questions", got)
	}
}

// TestWhatIsTakenIntoASplit: beside failures, what is explained already of a scenario that
// splits counts among its answers.
func TestWhatIsTakenIntoASplit(t *testing.T) {
	in := &Input{Clusters: behaviours(fail502(), served200(), served200(), noRouteOf(), fail502(), served200())}
	fx := given(in, [][]int{{0, 0, 0, 1, 2, 3}, {4, 4, 5}})
	known := nothingKnown(fx)
	for _, k := range []int{0, 2, 3, 5} {
		known.by[k] = EndpointSplit
	}
	x := &split{sub: fx.targets[0], clusters: []int{1}}
	if x.takeAnswers(fx, known); !slices.Equal(x.clusters, []int{1, 2}) {
		t.Errorf("of the split are %v", x.clusters)
	}
}

// TestEditsTakenBack: at most two stages are named whose last edit was taken back.
func TestEditsTakenBack(t *testing.T) {
	def := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}
	for edited, want := range map[time.Duration]int{time.Minute: 2, 0: 0, -time.Minute: 0} {
		in := &Input{Clusters: behaviours(served200())}
		api := probe.API{ID: "a", Editor: def, Deployments: []probe.Deployment{{ID: "d", Created: began}}}
		for _, name := range []string{"s0", "s1", "s2"} {
			api.Stages = append(api.Stages, probe.Stage{Name: name, DeploymentID: "d", Deployed: def})
		}
		in.Snapshot.APIs, in.Snapshot.Edits = []probe.API{api}, []probe.Edit{{APIID: "a", Event: "PutMethod", At: began.Add(edited)}}
		fx := given(in, [][]int{{0}}, [][]int{{}}, [][]int{{}})
		status, says := redeployStep(fx, &Result{})
		if waits, ok := says.(NothingWaits); status != stepOK || !ok || len(waits.Yet) != want {
			t.Errorf("edited %s after the deployment: %s, %+v", edited, status, says)
		}
	}
	// What is found of canaries says nothing of stages that were not read.
	fx := given(&Input{Clusters: behaviours(served200())}, [][]int{{0}})
	if status, says := canaryStep(fx, &Result{Findings: []Finding{{Step: 5}}}); status != stepUnknown || !reflect.DeepEqual(says, NotRead{What: "canary", Targets: []string{"t0"}}) {
		t.Errorf("%s, %+v", status, says)
	}
}

// TestWhatIsReadAroundAFinding: the first three writes are shown, and rules with the requests
// that matched them.
func TestWhatIsReadAroundAFinding(t *testing.T) {
	in := &Input{Clusters: behaviours(served200())}
	in.Snapshot.History = &probe.History{}
	for i := range 5 {
		in.Snapshot.History.Changes = append(in.Snapshot.History.Changes, probe.Change{APIID: "a", Event: "UpdateStage", At: began.Add(time.Duration(2-i) * time.Minute)})
	}
	fx := given(in, [][]int{{0, 0, 0}})
	f := &Finding{Says: []Fact{ChangedOnce{At: began}}}
	events(fx, fx.targets[0], f)
	var at []time.Duration
	for _, e := range f.Says[1].(EventsAround).Events {
		at = append(at, e.At.Sub(began))
	}
	if !slices.Equal(at, []time.Duration{time.Minute, 0, -time.Minute}) {
		t.Errorf("writes are shown of %v", at)
	}
	in.Plan.Targets[0].Kind, in.Plan.Targets[0].URL = probe.CustomDomain, "https://api.example.com"
	in.Snapshot.Domains = []probe.Domain{{Name: "api.example.com"}}
	in.Records = func(id string) []probe.LogRecord {
		return []probe.LogRecord{{}, {RoutingRuleID: map[string]string{"id0": "r", "id1": "r"}[id]}, {RoutingRuleID: "later"}}
	}
	f = &Finding{}
	rules(fx, fx.targets[0], f)
	if want := (RulesMatched{Domain: "api.example.com", Rules: []RuleMatched{{Rule: "later", K: 1}, {Rule: "r", K: 2}}}); !reflect.DeepEqual(f.Says, []Fact{want}) {
		t.Errorf("%+v", f.Says)
	}
	// An alias without weights shares its requests among no versions.
	const function = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
	for _, weights := range []map[string]float64{nil, {"8": .2}} {
		in := &Input{Clusters: behaviours(served200())}
		in.Snapshot.Aliases = []probe.Alias{{Function: function, Name: "live", Version: "7", Weights: weights}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{"GET /0": {Integration: probe.Integration{URI: function + ":live"}}}}}}}}
		fx := given(in, [][]int{{0}})
		f := &Finding{Scenarios: []string{"sc0"}}
		if aliasWeights(fx, fx.targets[0], f); len(f.Says) != len(weights) {
			t.Errorf("of weights %v: %+v", weights, f.Says)
		}
	}
}

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

// TestWhatIsUnread: a scenario's route is the editor's where it has it, else that of its
// path; of what could not be read three things are named.
func TestWhatIsUnread(t *testing.T) {
	for route, want := range map[string]string{"": "GET /0", "GET /named": "GET /named", "GET /other": "GET /0"} {
		in := &Input{Clusters: behaviours(served200())}
		in.Plan.Scenarios = []probe.Scenario{{Name: "sc0", Method: "GET", Path: "/0", Route: route}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Editor: &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}, "GET /named": {}}}}}
		fx := given(in, [][]int{{0}})
		if got := editorRoute(fx, fx.targets[0], 0); got != want {
			t.Errorf("a scenario of route %q hits %q, want %q", route, got, want)
		}
	}
	gap := func(operation string) probe.Gap { return probe.Gap{Operation: operation} }
	if got := toRead([]probe.Gap{gap("a"), gap("b"), gap("a"), gap("c"), gap("d")}); len(got.Unread) != 3 || got.Unread[2].Operation != "c" {
		t.Errorf("%+v", got)
	}
	d := func(subject, aspect string) diff.Difference { return diff.Difference{Subject: subject, Aspect: aspect} }
	want := NotShowable{Edits: []Unshowable{{Edits: []string{"GET /a cors", "GET /c cors"}, Why: "of other origins"}, {Edits: []string{"GET /b responses"}, Why: "before it was mapped"}}}
	if got := cannotShow([]diff.Difference{d("GET /a", "cors"), d("GET /b", "responses"), d("GET /c", "cors"), d("GET /d", "authorization"), d("GET /e", "cors")}, map[string]Fact{"GET /e": Topic("seen")}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}
