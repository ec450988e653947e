package cause

import (
	"reflect"
	"strings"
	"testing"

	"stageprobe/analyze/behaviour"
	"stageprobe/probe"
)

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
}

// TestWhatLeadsADomain: its mapping, else a routing rule, and what leads it elsewhere.
func TestWhatLeadsADomain(t *testing.T) {
	ref := probe.StageRef{APIID: "a", Stage: "s0"}
	for name, tt := range map[string]struct {
		mappings []probe.Mapping
		rules    []probe.RoutingRule
		mapped   bool
		leader   int
	}{
		"a mapping": {[]probe.Mapping{{APIID: "a", Stage: "s0"}}, []probe.RoutingRule{{APIID: "a", Stage: "s0", Priority: 7}}, true, 0}, "a rule": {[]probe.Mapping{{APIID: "a", Stage: "s1"}, {APIID: "b", Stage: "s0"}}, []probe.RoutingRule{{APIID: "a", Stage: "s1", Priority: 3}, {APIID: "b", Stage: "s0", Priority: 4}, {APIID: "a", Stage: "s0", Priority: 7}}, false, 7},
		"neither": {nil, nil, false, 0},
	} {
		d := probe.Domain{Name: "api.example.com", Mappings: tt.mappings, Rules: tt.rules}
		in := &Input{Clusters: behaviours(served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, URL: "https://api.example.com", APIID: "a", Stage: "s0"}}
		in.Snapshot.Domains = []probe.Domain{d}
		fx := given(in, [][]int{{0}})
		got := 0
		if p := leader(fx, fx.targets[0]); p != nil {
			got = *p
		}
		if mapped(&d, ref) != tt.mapped || got != tt.leader {
			t.Errorf("%s: mapped %v, led by rule %d", name, mapped(&d, ref), got)
		}
	}
}

// TestWhichStageIsAsked of a target that nobody could tell of: where something differs and
// another stage may yet serve it, or where its mapping was not read.
func TestWhichStageIsAsked(t *testing.T) {
	meant := probe.StageRef{APIID: "a", Stage: "s1"}
	for name, tt := range map[string]struct {
		g     sighting
		done  bool
		read  bool // the stage that it leads to
		meant bool
		n     int
		asks  Fact
		more  int
	}{
		"not told apart yet":        {sighting{meant: meant, differs: []behaviour.Mark{{}}, unsettled: true}, false, true, true, 9, WhichStage{Not: "s1"}, tuning.Enough.Tell},
		"not told apart at the end": {sighting{meant: meant, differs: []behaviour.Mark{{}}, unsettled: true}, true, true, true, 9, WhichStage{Not: "s1"}, 0},
		"nothing differs":           {sighting{meant: meant, unsettled: true}, false, true, true, 9, nil, 0},
		"told apart":                {sighting{meant: meant, differs: []behaviour.Mark{{}}}, false, true, true, 9, nil, 0},
		"the logs confirm it":       {sighting{meant: meant, differs: []behaviour.Mark{{}}, unsettled: true, byLog: map[probe.StageRef][]int{meant: {0, 1}}}, false, true, true, 9, nil, 0},
		"not read":                  {sighting{meant: meant}, false, false, true, 9, WhichStage{}, 0},
		"not read, no answers":      {sighting{meant: meant}, false, false, true, 0, nil, 0},
		"not read, but logged":      {sighting{meant: meant, byLog: map[probe.StageRef][]int{meant: {0}}}, false, false, true, 9, nil, 0},
		"not read, meant for none":  {sighting{meant: meant}, false, false, false, 9, nil, 0},
	} {
		in := &Input{Done: tt.done, Clusters: behaviours(served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, APIID: "a", Stage: "s0"}}
		if tt.meant {
			in.Plan.Targets[0].Meant = &meant
		}
		if tt.read {
			in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}}}}
		}
		fx := given(in, [][]int{repeated(tt.n, 0)})
		var v Verdict
		openStage(fx, fx.targets[0], &tt.g, &v)
		switch {
		case len(v.Open) == 0 && tt.asks == nil:
		case len(v.Open) != 1 || !reflect.DeepEqual(v.Open[0].Asks, tt.asks) || v.Open[0].More != tt.more:
			t.Errorf("%s: %+v", name, v.Open)
		}
	}
	// What answers as the stage meant does leaves nothing open.
	in := &Input{Clusters: behaviours(served200(), served200())}
	in.Clusters[1].ID = in.Clusters[0].ID
	in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, Meant: &meant}, {ID: "t1", Kind: probe.InvokeURL, APIID: "a", Stage: "s1"}}
	fx := given(in, [][]int{{0}}, [][]int{{1}})
	var v Verdict
	if openStage(fx, fx.targets[0], &sighting{meant: meant}, &v); len(v.Open) != 0 {
		t.Errorf("%+v", v.Open)
	}
}

// TestWhatIsLedElsewhere: the mapping or the routing rule that leads to the wrong stage is
// changed, and no other one.
func TestWhatIsLedElsewhere(t *testing.T) {
	rule := func(id, api, stage string) probe.RoutingRule {
		return probe.RoutingRule{ID: id, BasePaths: []string{"v1"}, APIID: api, Stage: stage}
	}
	for name, tt := range map[string]struct {
		rules []probe.RoutingRule
		want  string
	}{
		"its rule":              {[]probe.RoutingRule{rule("other-api", "b", "s1"), rule("other-stage", "a", "s2"), rule("this", "a", "s1")}, "--routing-rule-id this"},
		"rules of other APIs":   {[]probe.RoutingRule{rule("other-api", "b", "s1")}, "create-"},
		"rules of other stages": {[]probe.RoutingRule{rule("other-stage", "a", "s2")}, "create-"},
	} {
		in := &Input{Clusters: behaviours(served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, URL: "https://api.example.com/v1", APIID: "a", Stage: "s1"}}
		in.Snapshot.Domains = []probe.Domain{{Name: "api.example.com", Rules: tt.rules}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}, {Name: "s1"}}}}
		fx := given(in, [][]int{{0}})
		got := remap(fx, fx.targets[0], probe.StageRef{APIID: "a", Stage: "s0"})
		if !strings.Contains(got[0].Command, tt.want) {
			t.Errorf("%s: %+v, want %s", name, got, tt.want)
		}
	}
}

// TestAStageThatAnswers names itself by an answer.
func TestAStageThatAnswers(t *testing.T) {
	meant := probe.StageRef{APIID: "a", Stage: "s0"}
	for n, want := range map[int]bool{0: false, 1: true} {
		in := &Input{Clusters: behaviours(served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.InvokeURL, APIID: "a", Stage: "s1", Meant: &meant}}
		if fx := given(in, [][]int{repeated(n, 0)}); namesStage(fx, fx.targets[0]) != want {
			t.Errorf("after %d answers a stage answers: %v", n, !want)
		}
	}
}

// A refused path that was not asked for is not left over.
func TestWhatIsLeftOver(t *testing.T) {
	meant := probe.StageRef{APIID: "a", Stage: "s0"}
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
}

// TestWhatATargetIsMeantFor: a stage's own URL for it, a domain for what it is said to serve.
func TestWhatATargetIsMeantFor(t *testing.T) {
	ref := probe.StageRef{APIID: "a", Stage: "s0"}
	for name, tt := range map[string]struct {
		t                probe.Target
		meant, elsewhere bool
	}{
		"an invoke URL": {probe.Target{Kind: probe.InvokeURL, APIID: "a", Stage: "s0"}, true, false}, "of no stage": {probe.Target{Kind: probe.InvokeURL, APIID: "a"}, false, false}, "unmapped": {probe.Target{Kind: probe.InvokeURL, APIID: "a", Stage: "s0", Unmapped: "x"}, false, false},
		"a domain": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Stage: "s0"}, false, false}, "a domain as meant": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Stage: "s0", Meant: &ref}, true, false},
		"a domain elsewhere": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Stage: "s1", Meant: &ref}, true, true}, "a domain, unread": {probe.Target{Kind: probe.CustomDomain, Meant: &ref}, true, false}, "without a stage": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Meant: &ref}, true, false},
	} {
		sub := &target{Target: &tt.t}
		if _, ok := sub.meant(); ok != tt.meant || meantElsewhere(sub) != tt.elsewhere {
			t.Errorf("%s: meant %v, elsewhere %v", name, ok, meantElsewhere(sub))
		}
	}
}
