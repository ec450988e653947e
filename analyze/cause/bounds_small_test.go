package cause

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// TestOutagesAreDecided once twelve answers came since, or the run is over; one at the start
// only at the end, and one that has not ended never.
func TestOutagesAreDecided(t *testing.T) {
	for _, tt := range []struct {
		before, since int
		done, changed bool
		want          bool
	}{
		{20, 12, false, false, true}, {20, 11, false, false, false}, {20, 11, true, false, true}, {20, 0, true, false, false}, {0, 20, true, false, true}, {0, 20, false, false, false}, {0, 20, true, true, false}, {20, 20, false, true, true},
	} {
		in := &Input{Done: tt.done, MinShare: .01, Confidence: .99, Now: began.Add(time.Hour), Clusters: behaviours(served200(), fail502())}
		in.Clusters[0].Kind, in.Clusters[1].Kind = 1, 2
		if tt.changed {
			in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Updated: began}}}}
		}
		fx := given(in, [][]int{slices.Concat(repeated(tt.before, 0), repeated(40, 1), repeated(tt.since, 0))})
		fx.targets[0].link = func() *stat.LinkEstimated { return stat.NewLinkEstimated(.1) }
		j := &judgement{known: nothingKnown(fx), split: make([]bool, 1)}
		if j.outages(fx, fx.targets[0]); (len(j.decided) == 1) != tt.want || tt.want && (j.decided[0].cause != FlakyBackend || j.known.by[0]+j.known.by[1] != FlakyBackend) {
			t.Errorf("%d answers before and %d since, done %v, changed %v: %+v", tt.before, tt.since, tt.done, tt.changed, j.decided)
		}
	}
}

// TestPlacesThatSeeTheSame are told together, the fewest first.
func TestPlacesThatSeeTheSame(t *testing.T) {
	fx := &Facts{Input: &Input{Vantages: []probe.Vantage{{Name: "a", Region: "r"}, {Name: "b", Region: "r"}, {Name: "c", Region: "q"}, {Name: "d", Region: "r"}}}}
	levels := []LevelAnswer{{Level: "0", Answer: "v1", Count: Count{9, 10}}, {Level: "3", Answer: "v1", Count: Count{5, 5}}, {Level: "1", Answer: "v2", Count: Count{7, 7}}, {Level: "2", Answer: "v1", Count: Count{1, 1}}}
	want := []Fact{FromPlace{Names: []string{"b"}, Region: "r", Answer: "v2", Count: Count{7, 7}}, FromPlace{Names: []string{"a", "d"}, Region: "r", Answer: "v1", Count: Count{14, 15}}, FromPlace{Names: []string{"c"}, Region: "q", Answer: "v1", Count: Count{1, 1}}}
	if got := alikePlaces(fx, &target{Target: &probe.Target{}}, levels, false); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if vantage(fx, &Row{Machine: 1}) != "b" || vantage(fx, &Row{Machine: 4}) != "machine 5" || regionOf(fx, 3) != "r" || regionOf(fx, 4) != "" || resolved(fx, &target{Target: &probe.Target{}}, 4) != "" {
		t.Error("a machine has the name and region of its vantage point, where that is told")
	}
	for remote, want := range map[string]string{"": "", "192.0.2.1:443": "IPv4", "[2001:db8::1]:443": "IPv6"} {
		if got := addressFamily(&Row{Remote: remote}); got != want {
			t.Errorf("%s is %s", remote, got)
		}
	}
}

// TestWhatWaitsOnceACanaryIsPromoted: what its own deployment lacks, or what came between.
func TestWhatWaitsOnceACanaryIsPromoted(t *testing.T) {
	old, edited := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}, &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}, "GET /new": {}}}
	api := &probe.API{ID: "a", Kind: probe.REST, Editor: edited, Deployments: []probe.Deployment{{ID: "new", Created: began}, {ID: "old", Created: began.Add(-time.Hour)}}}
	for name, tt := range map[string]struct {
		own, canary string
		held        *probe.Definition
		want        int
	}{
		"it lacks an edit": {"new", "old", old, 1}, "it has all, and is older": {"new", "old", edited, 1}, "it has all, and is newer": {"old", "new", edited, 0}, "it is the same": {"new", "new", edited, 0}, "it is not known": {"new", "gone", edited, 0}, "the stage's is not known": {"gone", "old", edited, 0},
	} {
		st := &probe.Stage{Name: "s0", DeploymentID: tt.own, Deployed: edited, CanaryDeployed: tt.held, Canary: &probe.Canary{DeploymentID: tt.canary}}
		if got := waitsForCanary(api, st); len(got) != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := waitsFor(api, &probe.Stage{Name: "s0", Deployed: old}); !slices.Equal(got, []string{"GET /new added"}) {
		t.Errorf("%q wait", got)
	}
	if waitsFor(nil, &probe.Stage{}) != nil || waitsFor(api, nil) != nil {
		t.Error("nothing is known to wait for a stage that was not read")
	}
	findings := []Finding{{Cause: AutoDeployOff, Targets: []string{"a/s0"}}, {Cause: WrongStage, Targets: []string{"a/s1"}}}
	if !waitTold(findings, "a", "s0") || waitTold(findings, "a", "s1") || waitTold(findings, "a", "s2") {
		t.Error("that edits wait is told of a stage by a finding that says so")
	}
}

// TestSettingsThatDiffer: what of a setting matters, and how many can be changed by themselves.
func TestSettingsThatDiffer(t *testing.T) {
	of := func(names ...string) (out []diff.Setting) {
		for _, n := range names {
			out = append(out, diff.Setting{Name: n})
		}
		return out
	}
	for _, tt := range []struct {
		of   []diff.Setting
		want int
	}{
		{of("variables.a"), 1}, {of("variables.a", "variables.b"), 2}, {of("variables.a", "authorizers[x].uri"), 1}, {of("authorizers[x].uri"), 1}, {of("authorizers[x].uri", "tracing"), 2}, {of("caching", "cache_ttl"), 1}, {of("caching", "tracing"), 2},
	} {
		if got := roots(tt.of); got != tt.want {
			t.Errorf("%+v have %d roots, want %d", tt.of, got, tt.want)
		}
	}
	in := &Input{Intended: []Intended{{Setting: "variables.told"}}, Clusters: behaviours(served200(), served200())}
	in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}, {Name: "s1"}}}}
	fx := given(in, [][]int{{0}}, [][]int{{1}})
	values := map[string]string{"s0": "x", "s1": "y"}
	for _, tt := range []struct {
		set     diff.Setting
		linked  bool
		matters string
		told    bool
	}{
		{diff.Setting{Name: "variables.a", Behaviour: true, Values: values}, true, linkedSetting, false}, {diff.Setting{Name: "variables.a", Behaviour: true, Values: values}, false, noDifference, false},
		{diff.Setting{Name: "variables.told", Behaviour: true, Values: values}, false, noDifference, true}, {diff.Setting{Name: "description", Values: values}, false, cosmeticSetting, false},
		{diff.Setting{Name: "other.new", Values: values}, false, noDifference, false}, {diff.Setting{Name: "variables.a", Behaviour: true, Values: map[string]string{"s0": "x", "s1": "x", "s2": "y"}}, false, untestedSetting, false},
		{diff.Setting{Name: "variables.a", Behaviour: true, Values: values, Touches: []string{"GET /9"}}, false, untestedSetting, false},
	} {
		if got := note(fx, fx.targets[0].api, tt.set, tt.linked); got.Matters != tt.matters || got.Intended != tt.told {
			t.Errorf("%+v: %+v", tt.set, got)
		}
	}
	for stage, want := range map[string]bool{"prod": true, "PRODUCTION": true, "live": true, "s0": true, "s1": false, "s2": false} {
		in.Snapshot.Domains = []probe.Domain{{Mappings: []probe.Mapping{{APIID: "a", Stage: "s0"}, {APIID: "b", Stage: "s1"}}}}
		if got := inUse(fx, &target{Target: &probe.Target{APIID: "a", Stage: stage}}); got != want {
			t.Errorf("stage %s is in use: %v", stage, got)
		}
	}
	base, keyed := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}, &probe.Definition{Routes: map[string]probe.Route{"GET /0": {Authorization: "AWS_IAM"}}}
	more := &probe.Definition{Routes: map[string]probe.Route{"GET /0": {Integration: probe.Integration{URI: "https://x.example"}}}}
	for name, tt := range map[string]struct {
		ids  [2]string
		defs [2]*probe.Definition
		want bool
	}{
		"one deployment": {[2]string{"d", "d"}, [2]*probe.Definition{}, true}, "nothing known": {[2]string{"", ""}, [2]*probe.Definition{}, false}, "two, equal": {[2]string{"d", "e"}, [2]*probe.Definition{base, base}, true}, "two, of which one was read": {[2]string{"d", "e"}, [2]*probe.Definition{base, nil}, false},
		"who may call": {[2]string{"d", "e"}, [2]*probe.Definition{base, keyed}, true}, "what is called": {[2]string{"d", "e"}, [2]*probe.Definition{base, more}, false},
	} {
		a, b := &target{Target: &probe.Target{DeploymentID: tt.ids[0]}, conf: &probe.Stage{Deployed: tt.defs[0]}}, &target{Target: &probe.Target{DeploymentID: tt.ids[1]}, conf: &probe.Stage{Deployed: tt.defs[1]}}
		if got := sameRoute(fx, a, b, 0); got != tt.want {
			t.Errorf("%s: the same route %v", name, got)
		}
	}
}

// TestWhatEvidenceIsShown: lines that say something, each once.
func TestWhatEvidenceIsShown(t *testing.T) {
	in := &Input{Clusters: behaviours(served200(), fail502())}
	fx := given(in, [][]int{slices.Concat(repeated(2, 0), repeated(20, 1))})
	x := &split{sub: fx.targets[0], draws: drawsOf(fx.targets[0]), cells: fx.targets[0].cells}
	if lines, logged := failures(fx, x, []int{1}); logged || len(evidence(lines...)) != 2 {
		t.Errorf("without logs %d lines, logged %v", len(evidence(lines...)), logged)
	}
	in.Records = func(id string) []probe.LogRecord {
		if id == "id9" {
			return []probe.LogRecord{{Error: "E"}}
		}
		return nil
	}
	if lines, logged := failures(fx, x, []int{1}); !logged || !slices.ContainsFunc(lines, func(f Fact) bool { l, ok := f.(Logged); return ok && l.Request == "id9" }) {
		t.Errorf("with one record: logged %v", logged)
	}
	if fx.logLine(0, failureLine) != nil || fx.logLine(9, failureLine) == nil {
		t.Error("a line is shown where a record says something")
	}
	in.Rows[9].Copied = true
	if fx.logLine(9, failureLine) != nil {
		t.Error("the log of what a cache answered is of another request")
	}
	if fx.firstOf(fx.targets[0], 1) != 2 || fx.firstOf(fx.targets[0], 5) != -1 {
		t.Error("the first failure is the third answer")
	}
	var facts []Fact
	for i := range 9 {
		facts = append(facts, Topic(fmt.Sprint(i/2)), nil)
	}
	if got := evidence(append(facts, Topic("a"), Topic("b"), Topic("c"))...); len(got) != maxEvidence || got[4] != Topic("4") || got[5] != Topic("a") {
		t.Errorf("%v", got)
	}
	// An integration goes by its function's name, else its URI, else the scenarios that it is behind.
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

// TestAuthorizersThatKeepResults: one whose results are kept by its lifetime, or by default.
func TestAuthorizersThatKeepResults(t *testing.T) {
	ttl := func(n int) *int { return &n }
	for name, tt := range map[string]struct {
		route probe.Route
		ttl   *int
		want  string
	}{
		"kept": {probe.Route{Authorizer: "x"}, ttl(300), "x"}, "kept by default": {probe.Route{Authorizer: "x"}, nil, "x"}, "kept for a second": {probe.Route{Authorizer: "x"}, ttl(1), "x"}, "not kept": {probe.Route{Authorizer: "x"}, ttl(0), ""}, "no authorizer": {probe.Route{}, ttl(300), ""}, "an unknown one": {probe.Route{Authorizer: "y"}, ttl(300), ""},
	} {
		in := &Input{Clusters: behaviours(replied(403, signature.Gateway, "ACCESS_DENIED", ""), served200())}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{"GET /0": tt.route, "GET /1": tt.route}, Authorizers: map[string]probe.Authorizer{"x": {TTL: tt.ttl}}}}}}}
		fx := given(in, [][]int{{0}, {1}})
		sub := fx.targets[0]
		if got := cachingAuthorizer(fx, &split{sub: sub, cells: sub.cells}); got != tt.want {
			t.Errorf("%s: %q", name, got)
		}
		// A result made for another route decides where that lets the caller in.
		if got := mayBeCached(fx, sub, sub.cells[:1]); got != (tt.want != "") {
			t.Errorf("%s: may decide another route: %v", name, got)
		}
		if mayBeCached(fx, sub, sub.cells[1:]) {
			t.Errorf("%s: what was let in was not refused", name)
		}
	}
	for _, tt := range []struct {
		c    *Cluster
		want bool
	}{
		{replied(403, signature.Authorizer, "", ""), true}, {replied(403, signature.Gateway, "ACCESS_DENIED", ""), true}, {replied(401, signature.Gateway, "UNAUTHORIZED", ""), true}, {replied(403, signature.Gateway, "INVALID_API_KEY", ""), false}, {served200(), false},
	} {
		fx := given(&Input{Clusters: behaviours(tt.c, served200())}, [][]int{{0, 1}})
		if byAuthorizer(fx, &split{clusters: []int{0}, usual: []int{1}}) != tt.want || byAuthorizer(fx, &split{clusters: []int{1}, usual: []int{0}}) != tt.want {
			t.Errorf("%d %+v is by an authorizer: %v", tt.c.Status, tt.c.Reading, !tt.want)
		}
	}
}

// TestOneDeploymentBehindBoth: the logs show either behaviour of the integration's, and no
// canary decides.
func TestOneDeploymentBehindBoth(t *testing.T) {
	foreign := served200()
	foreign.Reading.NotAPIGateway = "CloudFront"
	for name, tt := range map[string]struct {
		other  *Cluster
		read   bool
		canary bool
		l      labels
		want   bool
	}{
		"both logged": {served200(), true, false, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}}, true}, "the usual one alone": {served200(), true, false, labels{counts: stat.Counts2{BaseRef: 2}}, false}, "nothing logged": {served200(), true, false, labels{}, false},
		"unread": {served200(), false, false, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}}, false}, "by the gateway": {replied(400, signature.Gateway, "", ""), true, false, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}}, false},
		"in the gateway's place": {foreign, true, false, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}}, false}, "a canary": {served200(), true, true, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}}, false},
		"a canary that is excluded": {served200(), true, true, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}, excluded: true}, true},
	} {
		fx := given(&Input{Clusters: behaviours(served200(), tt.other)}, [][]int{{0, 1}})
		sub := fx.targets[0]
		if tt.read {
			sub.conf = &probe.Stage{}
		}
		if tt.canary {
			sub.Canary = &probe.Canary{Percent: 10}
		}
		x := &split{sub: sub, clusters: []int{1}, usual: []int{0}, labels: tt.l}
		want := 0.
		if tt.want {
			want = tuning.Prior.OneBackend
		}
		if oneDeployment(fx, x) != tt.want || versionsPrior(fx, x) != want {
			t.Errorf("%s: %v, prior %g", name, oneDeployment(fx, x), versionsPrior(fx, x))
		}
		for _, x := range []*split{{sub: sub, clusters: []int{1}, usual: []int{0}, labels: tt.l, failure: true}, {sub: sub, clusters: []int{1}, usual: []int{0}, labels: tt.l, refusal: true}} {
			if versionsPrior(fx, x) != 0 {
				t.Errorf("%s: versions do not make failures or refusals", name)
			}
		}
	}
	// An example of a side has a label where there is one.
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
