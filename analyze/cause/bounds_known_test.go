package cause

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

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

// TestWritesThatAreTold once: not beside a finding that tells the same write, nor of another
// stage, nor of more than a minute later.
func TestWritesThatAreTold(t *testing.T) {
	for name, tt := range map[string]struct {
		change  probe.Change
		changed *Changed
		want    bool
	}{
		"a write": {probe.Change{Event: "UpdateStage", At: began}, nil, true}, "the same is told": {probe.Change{Event: "UpdateStage", At: began}, &Changed{Event: "UpdateStage", At: began}, false},
		"another is told": {probe.Change{Event: "UpdateStage", At: began}, &Changed{Event: "PutMethod", At: began}, true}, "one of another time is told": {probe.Change{Event: "UpdateStage", At: began}, &Changed{Event: "UpdateStage", At: began.Add(-1)}, true},
		"of the stage": {probe.Change{Event: "UpdateStage", Stage: "s0", At: began}, nil, true}, "of another stage": {probe.Change{Event: "UpdateStage", Stage: "s1", At: began}, nil, false},
		"a minute later": {probe.Change{Event: "UpdateStage", At: began.Add(time.Minute)}, nil, true}, "more than that": {probe.Change{Event: "UpdateStage", At: began.Add(time.Minute + 1)}, nil, false}, "ten minutes before": {probe.Change{Event: "UpdateStage", At: began.Add(-10 * time.Minute)}, nil, true},
	} {
		in := &Input{Clusters: behaviours(served200())}
		tt.change.APIID = "a"
		in.Snapshot.History = &probe.History{Changes: []probe.Change{tt.change}}
		fx := given(in, [][]int{{0}})
		f := &Finding{Changed: tt.changed, Says: []Fact{BrokeDown{At: began}}}
		if events(fx, fx.targets[0], f); (len(f.Says) == 2) != tt.want {
			t.Errorf("%s: %+v", name, f.Says)
		}
	}
}

// TestTargetsThatAreDone: an error is decided for them, and no open question is of them, of
// their stage or of what is meant to serve it.
func TestTargetsThatAreDone(t *testing.T) {
	in := &Input{Clusters: behaviours(served200())}
	ref := probe.StageRef{APIID: "a", Stage: "s0"}
	in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0"}, {ID: "t1", APIID: "a", Stage: "s0"}, {ID: "t2", APIID: "b", Stage: "s0", Meant: &ref}, {ID: "t3", APIID: "a", Stage: "s3"}, {ID: "t4", APIID: "b", Stage: "s4", Meant: &probe.StageRef{APIID: "b", Stage: "s0"}}}
	fx := given(in, [][]int{{0}}, [][]int{{}}, [][]int{{}}, [][]int{{}}, [][]int{{}})
	known := nothingKnown(fx)
	known.found = []Finding{{Cause: WrongStage, Severity: Error, Targets: []string{"t0"}}}
	for of, want := range map[string]bool{"t0": false, "t1": false, "t2": false, "t3": true, "t4": true, "none": true} {
		if got := known.ended([]Question{{Target: of}}); slices.Equal(got, []int{0}) != want || len(got) > 1 {
			t.Errorf("with a question of %s open %v are done", of, got)
		}
	}
	for _, tt := range []struct {
		f    Finding
		want bool
	}{
		{Finding{Cause: CanarySplit, Targets: []string{"t0"}}, true}, {Finding{Cause: CanarySplit, Targets: []string{"t1"}}, false}, {Finding{Cause: FlakyBackend, Targets: []string{"t0"}}, false},
		{Finding{Cause: FlakyBackend, Targets: []string{"t0"}, Alternatives: []Alternative{{Cause: CanarySplit}}}, true}, {Finding{Cause: FlakyBackend, Targets: []string{"t0"}, Alternatives: []Alternative{{Cause: BackendSplit}}}, false},
	} {
		known.found = []Finding{tt.f}
		if got := known.blames(fx.targets[0], CanarySplit); got != tt.want {
			t.Errorf("%+v blames a canary: %v", tt.f, got)
		}
	}
	// Of two findings of one matter the stronger speaks, with what the other saw.
	a := Finding{key: "k", Linked: ConsistentWith, Targets: []string{"t0"}, Scenarios: []string{"x"}, Says: []Fact{Topic("weak")}, Proof: []Fact{Topic("p")}, Clusters: []string{"k0"}, rests: []int{0}}
	b := Finding{key: "k", Linked: Proven, Targets: []string{"t1"}, Scenarios: []string{"x", "y"}, Says: []Fact{Topic("strong")}, Proof: []Fact{Topic("q")}, Clusters: []string{"k1"}, rests: []int{1}}
	for i, pair := range [][]Finding{{a, b}, {b, a}} {
		got := joined(append(pair, Finding{key: "other"}))
		if len(got) != 2 || got[0].Linked != Proven || !slices.Equal(got[0].Targets, []string{"t0", "t1"}) || !reflect.DeepEqual(got[0].Says, []Fact{Topic("strong"), SeenThrough{Targets: []string{"t0"}}}) ||
			!slices.Equal(got[0].Scenarios, []string{"x", "y"}) || len(got[0].Proof) != 2 || len(got[0].Clusters) != 2 || len(got[0].rests) != 2 {
			t.Errorf("%d: %+v", i, got)
		}
	}
	b.Targets, b.Scenarios = []string{"t0"}, []string{"y"}
	if got := joined([]Finding{a, b}); len(got[0].Says) != 1 || !slices.Equal(got[0].Targets, []string{"t0"}) || !slices.Equal(got[0].Scenarios, []string{"y", "x"}) {
		t.Errorf("of one target: %+v", got)
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
		"three times of what is known": {30, 70, 900, true, false}, "three times, a part unknown": {300, 600, 100, true, true}, "nothing known": {0, 0, 1000, true, false}, "no canary": {300, 700, 0, false, false},
	} {
		sub := &target{Target: &probe.Target{}}
		if tt.configured {
			sub.Canary = &probe.Canary{Percent: 10}
		}
		x := &split{sub: sub, labels: labels{counts: stat.Counts2{CanaryDev: tt.canary, BaseRef: tt.own}, unknownRef: tt.unknown}}
		got := canaryDrift(&Facts{Input: &Input{}, alpha: .01}, x)
		if (got != nil) != tt.want || tt.want && got != (ShareDrifts{Received: Count{tt.canary, tt.canary + tt.own}, Share: .1}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// The logs that would tell are those of the stage, or of the one that it borrows from.
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

// TestWhatGoesWithALevel: a behaviour by its own side where five answers tell or a side is
// clear, and otherwise than the usual one.
func TestWhatGoesWithALevel(t *testing.T) {
	fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{{0, 1}})
	for _, tt := range []struct {
		side, usual, n int
		want           bool
	}{{1, 0, 1, true}, {1, 1, 9, false}, {-1, 1, 2, true}, {0, 1, 5, false}, {0, 1, 4, false}, {0, 0, 9, false}} {
		if got := goesWith(fx, 1, 0, nil, tt.side, tt.usual, tt.n); got != tt.want {
			t.Errorf("side %d of %d answers beside %d: %v", tt.side, tt.n, tt.usual, got)
		}
	}
	w := &weighing{laws: []law{{cause: "a", name: "x", post: .6}, {cause: "b", name: "y", post: .3}, {cause: "b", name: "z", post: .1}}}
	w.putFirst(law{cause: "b", name: "z"})
	w.putFirst(law{cause: "c", name: "z", post: .9})
	var got []string
	for _, l := range w.laws {
		got = append(got, string(l.cause)+l.name)
	}
	if !slices.Equal(got, []string{"cz", "bz", "ax", "by"}) || w.laws[0].post != .9 || w.laws[1].post != .1 {
		t.Errorf("%q, posteriors %g and %g", got, w.laws[0].post, w.laws[1].post)
	}
	if id, p := w.lead(); id != "c" || p != .9 || w.post("b") != .4 || w.best("b").name != "z" || w.best("d") != nil {
		t.Errorf("%s leads with %g", id, p)
	}
	if got := w.alternatives("c", .01); !reflect.DeepEqual(got, []Alternative{{"b", .4}, {"a", .6}}) {
		t.Errorf("not excluded are %+v", got)
	}
	// Two parts are explained by laws that both have.
	got = nil
	for _, l := range joint([]law{{cause: "a", name: "x", prior: .1, logM: -1}, {cause: "b", name: "x", prior: .4, logM: -2}}, []law{{cause: "b", name: "x", prior: .1, logM: -3}, {cause: "a", name: "y", prior: 1, logM: -4}}) {
		got = append(got, string(l.cause))
		if l.logM != -5 || l.prior < .1999 || l.prior > .2001 {
			t.Errorf("%+v", l)
		}
	}
	if !slices.Equal(got, []string{"b"}) {
		t.Errorf("both parts are explained by %q", got)
	}
}

// TestWhatAnotherStageServes of a target that two serve is what deviates, in every scenario.
func TestWhatAnotherStageServes(t *testing.T) {
	other := probe.StageRef{APIID: "a", Stage: "s1"}
	fx := given(&Input{Clusters: behaviours(served200(), served200(), served200(), served200())}, [][]int{{0, 0, 0, 1}, {2, 2, 3}})
	for i, stage := range []string{"s0", "s0", "s0", "s1", "s1", "s1", "s0"} {
		fx.Rows[i].ServedAPI, fx.Rows[i].ServedStage = "a", stage
	}
	sh := &sharing{rival: other}
	x := sharedSplit(fx, nothingKnown(fx), fx.targets[0], sh)
	if x == nil || !slices.Equal(x.clusters, []int{1, 3}) || x.k != 3 || !reflect.DeepEqual(x.draws, marked(0, 0, 0, 1, 1, 1, 0)) {
		t.Errorf("%+v", x)
	}
	for i := range fx.Rows {
		fx.Rows[i].ServedStage = "s0"
	}
	if x := sharedSplit(fx, nothingKnown(fx), fx.targets[0], sh); x != nil {
		t.Errorf("nothing is the other's: %+v", x)
	}
	// The address decides where it drives the answers, and else nothing is said to.
	for name, tt := range map[string]struct {
		remote func(i int) string
		want   StageDrawn
	}{
		"by address": {func(i int) string { return []string{"x", "y"}[i%2] }, StageDrawn{Factor: "address", Levels: []string{"y"}}}, "by chance": {func(i int) string { return []string{"x", "y"}[i/2%2] }, StageDrawn{}},
	} {
		in := &Input{MinShare: .01, Clusters: behaviours(served200(), served200())}
		var of []int
		for i := range 80 {
			of = append(of, i%2)
		}
		fx := given(in, [][]int{of})
		for i := range in.Rows {
			in.Rows[i].Remote, in.Rows[i].ConnN, in.Rows[i].Conn = tt.remote(i), 1, i
		}
		x := &split{sub: fx.targets[0], cells: fx.targets[0].cells, clusters: []int{1}, usual: []int{0}, n: 80, k: 40}
		for i := range 80 {
			x.draws = append(x.draws, draw{i, i%2 == 1})
		}
		if got := sharedBy(fx, x); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestTheWorstOfMissingLabels lets no link stand that they could undo.
func TestTheWorstOfMissingLabels(t *testing.T) {
	test := stat.NewLinkEstimated(.1)
	of := func(unknownDev, unknownRef int) float64 {
		l := labels{counts: stat.Counts2{CanaryDev: 20, BaseRef: 180}, unknownDev: unknownDev, unknownRef: unknownRef}
		l.logE = test.With(l.counts)
		return l.worst(test)
	}
	none, few, many := of(0, 0), of(2, 18), of(60, 540)
	if none != test.With(stat.Counts2{CanaryDev: 20, BaseRef: 180}) || few >= none || few <= 0 || many > 0 {
		t.Errorf("without missing ones %g, with few %g, with many %g", none, few, many)
	}
	if worst := test.With(stat.Counts2{CanaryDev: 20, BaseRef: 180, BaseDev: 2, CanaryRef: 18}); few > worst+1e-9 {
		t.Errorf("%g, where the missing ones may leave %g", few, worst)
	}
	// Parts share no request: their evidence adds up, and one doubt is the doubt of all.
	var l labels
	l.pool([]*split{{labels: labels{logE: 2, notE: -1, excluded: true}}, {labels: labels{logE: 3, notE: -2, excluded: true, veto: Topic("a")}}, {labels: labels{veto: Topic("b")}}})
	if l.logE != 5 || l.notE != -3 || l.excluded || l.veto != Topic("a") {
		t.Errorf("%+v", l)
	}
}

// TestCanariesThatAreLent to a target whose mapping was not read, by the stage meant.
func TestCanariesThatAreLent(t *testing.T) {
	ref := &probe.StageRef{APIID: "a", Stage: "s1"}
	for name, tt := range map[string]struct {
		t    probe.Target
		n    int
		want bool
	}{
		"unread": {probe.Target{Kind: probe.CustomDomain, Meant: ref}, 5, true}, "the stage was not asked": {probe.Target{Kind: probe.CustomDomain, Meant: ref}, 0, false}, "meant for nothing": {probe.Target{Kind: probe.CustomDomain}, 5, false},
		"mapped": {probe.Target{Kind: probe.CustomDomain, APIID: "a", Meant: ref}, 5, false}, "with a canary": {probe.Target{Kind: probe.CustomDomain, Meant: ref, Canary: &probe.Canary{}}, 5, false},
	} {
		in := &Input{Clusters: behaviours(served200(), served200())}
		tt.t.ID = "t0"
		in.Plan.Targets = []probe.Target{tt.t, {ID: "t1", Kind: probe.InvokeURL, APIID: "a", Stage: "s1", Canary: &probe.Canary{Percent: 20}}}
		fx := given(in, [][]int{{0}}, [][]int{repeated(tt.n, 1)})
		lend(fx, fx.targets[0])
		if got := fx.targets[0].lent != nil; got != tt.want || got && (fx.targets[0].share() != .2 || configured(fx.targets[0]) == nil) {
			t.Errorf("%s: lent %v", name, got)
		}
	}
	// The usual answer is the one that the partition calls so, else what came oftenest but lost
	// requests.
	lost := replied(0, signature.Network, "", "")
	reference := served200()
	reference.Reference = true
	for name, tt := range map[string]struct {
		of   []*Cluster
		rows []int
		want int
	}{"most": {[]*Cluster{served200(), served200()}, []int{0, 1, 1}, 1}, "lost ones": {[]*Cluster{served200(), lost}, []int{0, 1, 1}, 0}, "all lost": {[]*Cluster{lost}, []int{0}, 0}, "as it is called": {[]*Cluster{reference, served200()}, []int{0, 1, 1}, 0}, "none": {[]*Cluster{served200()}, nil, -1}} {
		fx := given(&Input{Clusters: behaviours(tt.of...)}, [][]int{tt.rows})
		if got := fx.targets[0].cells[0].ref; got != tt.want {
			t.Errorf("%s: %d is usual, want %d", name, got, tt.want)
		}
	}
}

// TestWhatIsSaidOfAPlace that drives answers: a connection is told from its fellows by
// requests on connections of their own, unless something else goes with it.
func TestWhatIsSaidOfAPlace(t *testing.T) {
	for name, tt := range map[string]struct {
		factor string
		alias  bool
		want   Fact
	}{"a connection": {"connection", false, Topic("own connections")}, "an address": {"address", false, nil}, "a connection and its address": {"connection", true, Together{}}} {
		fx := given(&Input{MinShare: .01, Clusters: behaviours(served200(), served200())}, [][]int{{0, 0, 1, 1}})
		for i := range fx.Rows {
			fx.Rows[i].Remote = []string{"x", "y"}[i/2]
		}
		x := settle(fx, &split{sub: fx.targets[0], clusters: []int{1}})
		f := &factor{name: tt.factor, level: func(r *Row) string { return r.Remote }, rho: .3}
		f.count(fx, x)
		w := &weighing{split: x, parts: []*split{x}, laws: []law{{cause: EndpointSplit, name: tt.factor, driven: true, factor: f, post: .9}}}
		if tt.alias {
			w.laws = append(w.laws, law{cause: EndpointSplit, name: "address", driven: true, factor: f, post: .1})
		}
		if got := endpoint(fx, w, &w.laws[0]).SettledBy; reflect.TypeOf(got) != reflect.TypeOf(tt.want) || tt.want != nil && !tt.alias && got != tt.want {
			t.Errorf("%s: %+v settles it", name, got)
		}
	}
	// What came through a CDN may be divided there, up to a fifth of it.
	for _, tt := range []struct {
		fronted bool
		k       int
		want    bool
	}{{true, 4, true}, {true, 5, false}, {false, 4, false}} {
		fx := given(&Input{MinShare: .01, Confidence: .99, Clusters: behaviours(served200(), served200())}, [][]int{slices.Concat(repeated(20-tt.k, 0), repeated(tt.k, 1))})
		for i := range fx.Rows {
			fx.Rows[i].Fronted = tt.fronted
		}
		x := settle(fx, &split{sub: fx.targets[0], clusters: []int{1}})
		known := nothingKnown(fx)
		known.decided = []*decision{{weighing: &weighing{split: x, parts: []*split{x}}, cause: UnexplainedSplit}}
		v := unexplainedSplit(fx, known)
		if got := slices.Contains(v.Found[0].Says, Fact(Topic("came through a CDN"))); got != tt.want || got != slices.Contains(v.Found[0].Alternatives, Alternative{Cause: EdgeCache}) {
			t.Errorf("%d of 20, through a CDN %v: said %v", tt.k, tt.fronted, got)
		}
	}
	// A staging distribution is thought of where the own URL of the stage gave five answers,
	// and none of these.
	for _, tt := range []struct {
		own  []int
		want bool
	}{{repeated(5, 2), true}, {repeated(4, 2), false}, {append(repeated(5, 2), 3), false}} {
		in := &Input{Clusters: behaviours(served200(), served200(), served200(), served200())}
		in.Clusters[2].ID, in.Clusters[3].ID = "k0", "k1"
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, APIID: "a", Stage: "s0"}, {ID: "t1", Kind: probe.InvokeURL, APIID: "a", Stage: "s0"}}
		fx := given(in, [][]int{slices.Concat(repeated(40, 0), repeated(4, 1))}, [][]int{tt.own})
		fx.copies[0].rows = []int{0}
		if got := onlyInFront(fx, &weighing{split: &split{sub: fx.targets[0], clusters: []int{1}, k: 4, n: 44}}); got != tt.want {
			t.Errorf("the own URL answered %v: %v", tt.own, got)
		}
	}
}

// TestFieldsOfTwoValues: with an even share chance decides which value is the rarer one, so
// that one scenario counts.
func TestFieldsOfTwoValues(t *testing.T) {
	pair := func(scenario, rare, n int) behaviour.Pair {
		p := behaviour.Pair{Mark: behaviour.Mark{Scenario: scenario}, K: rare, Rare: make([]bool, n)}
		for i := range rare {
			p.Rare[i] = true
		}
		return p
	}
	for _, tt := range []struct {
		percent    float64
		pairs      []behaviour.Pair
		kept, k, n int
	}{{10, []behaviour.Pair{pair(0, 1, 10), pair(1, 2, 20)}, 2, 3, 30}, {50, []behaviour.Pair{pair(0, 4, 10), pair(1, 9, 20)}, 1, 9, 20}, {50, []behaviour.Pair{pair(1, 9, 20)}, 1, 9, 20}} {
		fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{repeated(10, 0), repeated(20, 1)})
		sub := fx.targets[0]
		sub.Canary = &probe.Canary{Percent: tt.percent}
		f := &freeField{pairs: tt.pairs}
		for _, p := range tt.pairs {
			f.k, f.n = f.k+p.K, f.n+len(p.Rare)
		}
		if f.weigh(fx, sub, map[int][]int{0: sub.cells[0].rows, 1: sub.cells[1].rows}); len(f.pairs) != tt.kept || f.k != tt.k || f.n != tt.n {
			t.Errorf("at %g %%: %d fields, %d of %d", tt.percent, len(f.pairs), f.k, f.n)
		}
	}
}

// TestRemediesThatLeaveEditsWaiting say so of the first way to mend, not of what follows it
// or looks further.
func TestRemediesThatLeaveEditsWaiting(t *testing.T) {
	old, edited := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}, &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}, "GET /new": {}}}
	in := &Input{Clusters: behaviours(served200())}
	in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, URL: "https://api.example.com", Meant: &probe.StageRef{APIID: "a", Stage: "s0"}}}
	in.Snapshot.Domains = []probe.Domain{{Name: "api.example.com"}}
	in.Snapshot.APIs = []probe.API{{ID: "a", Kind: probe.REST, Editor: edited, Stages: []probe.Stage{{Name: "s0", Deployed: old}}}}
	fx := given(in, [][]int{{0}})
	ways := []Remedy{{Command: "map"}, {Command: "then", Then: true}, {Text: "by hand"}, {Command: "look", Diagnoses: true}}
	for name, told := range map[string][]Finding{"told nowhere": nil, "told": {{Cause: StaleDeployment, Targets: []string{"a/s0"}}}} {
		findings := append([]Finding{{Cause: WrongStage, Targets: []string{"t0"}, Remedy: ways}}, told...)
		showsNext(fx, fx.targets[0], &findings[0], findings)
		for i, r := range findings[0].Remedy {
			if changed := !reflect.DeepEqual(r, ways[i]); changed != (i == 0 && told == nil) {
				t.Errorf("%s: remedy %d says %+v", name, i, r)
			}
		}
	}
}

// TestRefusalsSinceAMoment are a change of the target's, unless an authorizer's kept result
// may have run out.
func TestRefusalsSinceAMoment(t *testing.T) {
	for name, authorizer := range map[string]string{"no authorizer": "", "one that keeps its results": "x"} {
		in := &Input{MinShare: .01, Confidence: .99, Clusters: behaviours(served200(), replied(403, signature.Gateway, "ACCESS_DENIED", ""))}
		in.Clusters[0].Kind, in.Clusters[1].Kind = 1, 2
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{"GET /0": {Authorizer: authorizer}}, Authorizers: map[string]probe.Authorizer{"x": {}}}}}}}
		fx := given(in, [][]int{slices.Concat(repeated(40, 0), repeated(60, 1))})
		fx.targets[0].link = func() *stat.LinkEstimated { return stat.NewLinkEstimated(.1) }
		fx.Now = began.Add(time.Hour)
		fx.Snapshot.APIs[0].Stages[0].Updated = began.Add(40 * time.Second)
		j := &judgement{known: nothingKnown(fx), split: make([]bool, 1)}
		if j.brokenSince(fx, fx.targets[0], refused); (len(j.decided) == 1) != (authorizer == "") {
			t.Errorf("%s: decided %+v", name, j.decided)
		}
	}
	// A stage without a cache shows what an integration answers once it gave five answers.
	for _, tt := range []struct {
		n      int
		caches bool
		want   bool
	}{{5, false, true}, {4, false, false}, {5, true, false}} {
		in := &Input{Clusters: behaviours(served200(), served200())}
		methods := map[string]probe.MethodSettings{"*/*": {Caching: true}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", CacheCluster: true, Methods: methods}, {Name: "s1", CacheCluster: tt.caches, Methods: methods}}}}
		in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0", DeploymentID: "d"}, {ID: "t1", APIID: "a", Stage: "s1", DeploymentID: "d"}}
		fx := given(in, [][]int{repeated(9, 0)}, [][]int{repeated(tt.n, 1)})
		if got := uncachedBeside(fx, fx.targets[0], &keyGap{scenarios: []int{0}}); got != tt.want {
			t.Errorf("%d answers beside, from a cache %v: %v", tt.n, tt.caches, got)
		}
	}
}
