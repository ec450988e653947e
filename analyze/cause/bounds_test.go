package cause

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/diff"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// given are facts of answers that are listed: for each target and scenario the behaviours
// in the order in which they came, an index into the clusters of the input.
func given(in *Input, answers ...[][]int) *Facts {
	fx := &Facts{Input: in, alpha: .01}
	for len(in.Plan.Targets) < len(answers) {
		n := len(in.Plan.Targets)
		in.Plan.Targets = append(in.Plan.Targets, probe.Target{ID: fmt.Sprint("t", n), Kind: probe.InvokeURL, APIID: "a", Stage: fmt.Sprint("s", n)})
	}
	for _, scenarios := range answers {
		for len(in.Plan.Scenarios) < len(scenarios) {
			n := len(in.Plan.Scenarios)
			in.Plan.Scenarios = append(in.Plan.Scenarios, probe.Scenario{Name: fmt.Sprint("sc", n), Method: "GET", Path: fmt.Sprint("/", n)})
		}
	}
	for i, scenarios := range answers {
		sub := newTarget(fx, i)
		fx.targets = append(fx.targets, sub)
		for j, kinds := range scenarios {
			c := sub.cells[j]
			for _, k := range kinds {
				n := len(in.Rows)
				in.Rows = append(in.Rows, Row{Target: i, Scenario: j, Cluster: k, Table: n, Seq: uint64(n), At: began.Add(time.Duration(n) * time.Second), RequestID: fmt.Sprint("id", n)})
				c.take(n, k)
				in.Clusters[k].Target, in.Clusters[k].Scenario = i, j
			}
			rank(fx, c)
		}
	}
	in.Table = told(in)
	fx.copies = make([]copies, len(fx.targets))
	return fx
}

// behaviours are clusters with ids.
func behaviours(list ...*Cluster) []Cluster {
	var out []Cluster
	for i, c := range list {
		if c.ID == "" {
			c.ID = fmt.Sprint("k", i)
		}
		out = append(out, *c)
	}
	return out
}

func served200() *Cluster { return replied(200, signature.Integration, "", "") }

func nothingKnown(fx *Facts) *Known {
	return know(fx, nil, nil, every)
}

// Of two drivers the second is an alias of the first while it is no more than a hundred
// times less likely.
func TestDriversThatAreNotToldApart(t *testing.T) {
	for post, want := range map[float64]int{.005: 1, .0049: 0} {
		w := &weighing{laws: []law{{name: "a", driven: true, post: .5}, {name: "b", driven: true, post: post}, {name: "chance", post: .4}}}
		if got := aliased(w); len(got) != want {
			t.Errorf("beside .5 a driver of %g: %d aliases", post, len(got))
		}
	}
	both := &weighing{split: &split{labels: labels{counts: stat.Counts2{CanaryDev: 1, BaseRef: 1}}}}
	d, ok := driverOf(both, &law{cause: CanarySplit})
	if !ok {
		t.Fatal("with the labels of both sides a canary drives single requests")
	}
	for label, want := range map[Label]string{LabelBase: "base", LabelCanary: "canary", LabelUnknown: ""} {
		if level, deviates := d.level(&Row{Label: label}); level != want || deviates != (label == LabelCanary) {
			t.Errorf("label %d is level %q, deviates %v", label, level, deviates)
		}
	}
	if _, ok := driverOf(&weighing{split: &split{}}, &law{cause: CanarySplit}); ok {
		t.Error("without labels a canary drives no single request")
	}
	d, _ = driverOf(both, &law{factor: &factor{name: "address", level: func(r *Row) string { return r.Remote }, levels: []string{"a", "b"}, k: []int{9, 0}, n: []int{9, 9}, rho: .3}})
	for remote, want := range map[string]bool{"a": true, "b": false, "c": false} {
		if level, deviates := d.level(&Row{Remote: remote}); level != remote || deviates != want {
			t.Errorf("address %s deviates: %v", remote, deviates)
		}
	}
}

// A kept result decided where the logs show refused requests, two at least, for which no
// authorizer ran while it ran for another.
func TestAuthorizersThatDidNotRun(t *testing.T) {
	ran, not, untold := probe.LogRecord{AuthorizerCalled: yes(true), Complete: true}, probe.LogRecord{AuthorizerCalled: yes(false), Complete: true}, probe.LogRecord{}
	for name, tt := range map[string]struct {
		refused, served []probe.LogRecord
		want            bool
	}{
		"two without": {[]probe.LogRecord{not, not}, []probe.LogRecord{ran}, true}, "one without": {[]probe.LogRecord{not, ran}, []probe.LogRecord{ran}, false},
		"nobody asked it": {[]probe.LogRecord{not, not}, []probe.LogRecord{not}, false}, "records cut short": {[]probe.LogRecord{untold, untold}, []probe.LogRecord{ran}, false},
		"it refused": {[]probe.LogRecord{ran, ran}, []probe.LogRecord{ran}, false},
	} {
		in := &Input{Clusters: behaviours(replied(403, signature.Gateway, "ACCESS_DENIED", ""), served200())}
		fx := given(in, [][]int{repeated(len(tt.refused), 0), repeated(len(tt.served), 1)})
		in.Records = func(id string) []probe.LogRecord {
			i := slices.IndexFunc(in.Rows, func(r Row) bool { return r.RequestID == id })
			return slices.Concat(tt.refused, tt.served)[i : i+1]
		}
		if got := authSkipped(fx, &split{draws: drawsOf(fx.targets[0])}, []int{0}); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	// All of some scenarios must be guarded, the first one as well.
	in := &Input{Clusters: behaviours(replied(403, signature.Gateway, "ACCESS_DENIED", ""), replied(403, signature.Gateway, "ACCESS_DENIED", ""))}
	st := probe.Stage{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}, "GET /1": {Authorizer: "x"}}, Authorizers: map[string]probe.Authorizer{"x": {}}}}
	in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{st}}}
	fx := given(in, [][]int{{0}, {1}})
	for _, tt := range []struct {
		of   []string
		want bool
	}{{[]string{"sc0"}, false}, {[]string{"sc1"}, true}, {[]string{"sc0", "sc1"}, false}} {
		if got := authorized(fx, fx.targets[0], tt.of); got != tt.want {
			t.Errorf("an authorizer guards %q: %v", tt.of, got)
		}
	}
}

// A stage's cache is why it answers otherwise than another where caching is all in which
// the two differ, or the logs show that most of its answers came without the integration.
func TestWhenACacheIsTheReason(t *testing.T) {
	cache, variable := diff.Setting{Name: "methods.*/*.caching"}, diff.Setting{Name: "variables.backend"}
	for name, tt := range map[string]struct {
		reasons      []diff.Setting
		hits, misses int
		want         bool
	}{
		"nothing else differs":             {[]diff.Setting{cache}, 0, 0, true},
		"nothing else, and it never hit":   {[]diff.Setting{cache}, 0, 4, false},
		"nothing else, and it hit":         {[]diff.Setting{cache}, 1, 4, true},
		"a variable, too":                  {[]diff.Setting{cache, variable}, 0, 0, false},
		"a variable, and it hit mostly":    {[]diff.Setting{cache, variable}, 3, 2, true},
		"a variable, and half of it hit":   {[]diff.Setting{cache, variable}, 2, 2, false},
		"a variable, and it hit sometimes": {[]diff.Setting{cache, variable}, 1, 2, false},
	} {
		in := &Input{Clusters: behaviours(served200(), served200())}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}, {Name: "s1", CacheCluster: true, Methods: map[string]probe.MethodSettings{"*/*": {Caching: true}}}}}}
		fx := given(in, [][]int{repeated(6, 0)}, [][]int{repeated(6, 1)})
		for i := range tt.hits + tt.misses {
			in.Rows[6+i].IntegrationCalled = yes(i >= tt.hits)
		}
		if got := cachedSide(fx, [2]*target{fx.targets[0], fx.targets[1]}, tt.reasons); (got == fx.targets[1]) != tt.want || got == fx.targets[0] {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What a cell was answered was made for another query where, by the logs of five requests
// at least, half of them or more came without the integration.
func TestAnswersMadeForAnotherQuery(t *testing.T) {
	for _, tt := range []struct {
		without, with, unlogged int
		want                    bool
	}{{5, 0, 0, true}, {4, 0, 9, false}, {0, 5, 0, false}, {2, 4, 0, false}} {
		fx := &Facts{Input: &Input{}}
		c := &cell{}
		for i := range tt.without + tt.with + tt.unlogged {
			r := Row{IntegrationCalled: yes(i >= tt.without)}
			if i >= tt.without+tt.with {
				r.IntegrationCalled = nil
			}
			fx.Rows, c.rows = append(fx.Rows, r), append(c.rows, i)
		}
		if got := madeForOther(fx, c); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// Four scenarios of one route and two of another that the key does not tell apart are one
// gap of the key for each route.
func TestGapsOfAKeyByRoute(t *testing.T) {
	w := newWorld(1)
	w.bytes = true
	w.query(true)
	w.Plan.Scenarios = nil
	routes := map[string]probe.Route{"GET /orders": {Parameters: map[string]bool{"query.page": false}}, "GET /items": {}}
	w.api().Stages[0].Deployed.Routes = routes
	for _, sc := range [][2]string{{"orders", "page=1"}, {"orders", "page=2"}, {"items", "size=1"}, {"orders", "lang=de"}, {"items", "size=2"}} {
		w.Plan.Scenarios = append(w.Plan.Scenarios, probe.Scenario{Name: sc[0] + " " + sc[1], Method: "GET", Path: "/" + sc[0], Query: sc[1], Route: "GET /" + sc[0]})
	}
	w.send(100, func(r *request) answer {
		r.IntegrationCalled = yes(r.Scenario == 0)
		return says(200, `{"a":1}`)
	})
	fx := gather(&w.Input)
	got := keysLeaveOut(fx, fx.targets[0])
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []keyGap{
		{KeyLeavesOut{Stage: "prod", Route: "GET /orders", Parameters: []string{"lang", "page"}, Scenarios: []string{"orders page=1", "orders page=2", "orders lang=de"}, Copied: []string{"orders lang=de", "orders page=2"}}, true, []int{0, 1, 3}},
		{KeyLeavesOut{Stage: "prod", Route: "GET /items", Parameters: []string{"size"}, Scenarios: []string{"items size=1", "items size=2"}, Copied: []string{"items size=1", "items size=2"}}, false, []int{2, 4}},
	} {
		if !reflect.DeepEqual(got[i], want) {
			t.Errorf("%+v, want %+v", got[i], want)
		}
	}
	// Of four answers to a query nothing is said yet.
	a, b := *fx.targets[0].cells[0], *fx.targets[0].cells[1]
	for _, n := range [][2]int{{5, 5}, {4, 5}, {5, 4}} {
		x, y := a, b
		x.rows, y.rows = a.rows[:n[0]], b.rows[:n[1]]
		if got := sameBytes(fx, &x, &y); got != (n[0]+n[1] == 10) {
			t.Errorf("of %d and %d answers: the same bytes %v", n[0], n[1], got)
		}
	}
}

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
	// The share is stated once nine of ten requests have their side.
	for known, want := range map[int]bool{0: false, 8: false, 9: true, 10: true} {
		x := &split{sub: &target{Target: &probe.Target{Stage: "prod"}}, n: 10, labels: labels{counts: stat.Counts2{CanaryDev: known}}}
		if head := canaryHead(fx, x).(TwoDeployments); (head.Measured != nil) != want {
			t.Errorf("with %d of 10 known the share is %+v", known, head.Measured)
		}
	}
	for share, want := range map[float64]bool{.3: false, .31: true, .69: true, .7: false} {
		if even(share) != want {
			t.Errorf("a share of %g is even: %v", share, !want)
		}
	}
	for _, tt := range []struct {
		c    stat.Counts2
		want bool
	}{{stat.Counts2{}, false}, {stat.Counts2{CanaryDev: 1}, false}, {stat.Counts2{BaseRef: 1}, false}, {stat.Counts2{CanaryRef: 1, BaseDev: 1}, true}} {
		if l := (labels{counts: tt.c}); l.both() != tt.want {
			t.Errorf("%+v: the logs saw both sides: %v", tt.c, !tt.want)
		}
	}
}

// Who changed what a finding is about is told with how it should be changed: by the tool
// that deploys the API.
func TestWhoChangedWhat(t *testing.T) {
	deployed := func(tool string) probe.Change {
		return probe.Change{APIID: "a", Stage: "s0", Event: "CreateDeployment", By: "ci", Tool: tool, At: began.Add(-2 * time.Hour)}
	}
	edited := func(by, tool string) probe.Change {
		return probe.Change{APIID: "a", Event: "PutMethod", By: by, Tool: tool, At: began.Add(-time.Hour)}
	}
	for name, tt := range map[string]struct {
		cause   ID
		changes []probe.Change
		says    []string
		told    bool // by the finding already
		remedy  bool // in the tool's terms
	}{
		"edits that the tool did not deploy":   {StaleDeployment, []probe.Change{edited("ci", "Terraform"), deployed("Terraform")}, []string{"NoTrigger"}, false, true},
		"the same, of another cause":           {StageConfigDrift, []probe.Change{edited("ci", "Terraform"), deployed("Terraform")}, nil, false, true},
		"by an unknown tool":                   {StaleDeployment, []probe.Change{edited("ci", ""), deployed("")}, []string{"ChangedBy"}, false, false},
		"by the console, which deployed, too":  {StaleDeployment, []probe.Change{edited("ci", probe.ToolConsole), deployed(probe.ToolConsole)}, []string{"ChangedBy"}, false, false},
		"by hand, where Terraform deploys":     {StaleDeployment, []probe.Change{edited("kim", probe.ToolConsole), deployed("Terraform")}, []string{"ChangedBy", "HandEdit"}, false, true},
		"by hand, where people deploy by hand": {StaleDeployment, []probe.Change{edited("kim", probe.ToolConsole), deployed(probe.ToolCLI)}, []string{"ChangedBy"}, false, false},
		"by a tool that deploys":               {StaleDeployment, []probe.Change{edited("kim", "CDK"), deployed("CDK")}, []string{"ChangedBy"}, false, true},
		"the edit is told, the tool not known": {StaleDeployment, []probe.Change{edited("kim", ""), deployed("Terraform")}, nil, true, true},
		"the edit is told, the tool is not":    {StaleDeployment, []probe.Change{edited("kim", "CDK"), deployed("Terraform")}, []string{"ChangedBy"}, true, true},
	} {
		in := &Input{Clusters: behaviours(served200())}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}}}}
		in.Snapshot.History = &probe.History{Changes: tt.changes, Whole: true}
		fx := given(in, [][]int{{0}})
		f := Finding{Cause: tt.cause, Targets: []string{"t0"}, Remedy: []Remedy{{Text: "first"}}}
		if tt.told {
			f.Says = []Fact{EditsWait{Made: Made{Before: &Edited{Event: "PutMethod", At: began.Add(-time.Hour)}}}}
		}
		findings := []Finding{f}
		whoChanged(fx, fx.targets[0], &findings[0])
		var says []string
		for _, s := range findings[0].Says {
			if name := reflect.TypeOf(s).Name(); name != "EditsWait" {
				says = append(says, name)
			}
		}
		if !slices.Equal(says, tt.says) || (len(findings[0].Remedy) == 2) != tt.remedy {
			t.Errorf("%s: says %q, remedies %+v", name, says, findings[0].Remedy)
		}
	}
	// An edit is told where the finding says the same event of the same time.
	last := &probe.Change{Event: "PutMethod", At: began}
	for name, tt := range map[string]struct {
		made *Edited
		want bool
	}{"the same": {&Edited{Event: "PutMethod", At: began}, true}, "another": {&Edited{Event: "PutIntegration", At: began}, false}, "another time": {&Edited{Event: "PutMethod", At: began.Add(1)}, false}, "none": {nil, false}} {
		if got := editTold(&Finding{Says: []Fact{EditsWait{Made: Made{Before: tt.made}}}}, last); got != tt.want {
			t.Errorf("%s: told %v", name, got)
		}
	}
	// Where nothing is to be mended, no tool's terms are added.
	in := &Input{Clusters: behaviours(served200())}
	in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}}}}
	in.Snapshot.History = &probe.History{Changes: []probe.Change{deployed("Terraform")}, Whole: true}
	fx, bare := given(in, [][]int{{0}}), Finding{Cause: StaleDeployment, Targets: []string{"t0"}}
	if whoChanged(fx, fx.targets[0], &bare); len(bare.Remedy) != 0 {
		t.Errorf("%+v", bare.Remedy)
	}
	// Of settings the deployments are no writes.
	fx = given(&Input{Clusters: behaviours(served200()), Snapshot: probe.Snapshot{History: &probe.History{Changes: []probe.Change{
		{APIID: "a", Stage: "s0", Event: "CreateDeployment", At: began}, {APIID: "a", Stage: "s0", Event: "UpdateStage", At: began.Add(-time.Hour)},
	}}}}, [][]int{{0}})
	for cause, want := range map[ID]string{StageConfigDrift: "UpdateStage", AccessDenied: "CreateDeployment"} {
		if got := lastWrite(fx, fx.targets[0], &Finding{Cause: cause}); got == nil || got.Event != want {
			t.Errorf("%s: the last write is %+v, want %s", cause, got, want)
		}
	}
}

// What answers although the default endpoint is off is said elsewhere; what answers although
// there is no such stage is a stranger.
func TestStrangers(t *testing.T) {
	for name, tt := range map[string]struct {
		api  probe.API
		want Fact
	}{
		"the endpoint is off": {probe.API{ID: "a", DefaultEndpointOff: true, Stages: []probe.Stage{{Name: "s0"}}}, nil},
		"no such stage":       {probe.API{ID: "a", Stages: []probe.Stage{{Name: "other"}}}, AnswersAll{Although: NoStage{API: "a", Stage: "s0"}}},
		"as configured":       {probe.API{ID: "a", Stages: []probe.Stage{{Name: "s0"}}}, nil},
	} {
		in := &Input{Clusters: behaviours(served200()), Snapshot: probe.Snapshot{APIs: []probe.API{tt.api}}}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.InvokeURL, APIID: "a", Stage: "s0", URL: "https://a.example/s0"}}
		fx := given(in, [][]int{{0}})
		if got := stranger(fx, fx.targets[0]); got != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// Requests go where a split is open, and everywhere once all of it is explained.
	in := &Input{Clusters: behaviours(served200(), served200(), served200())}
	in.Clusters[0].Kind, in.Clusters[1].Kind, in.Clusters[2].Kind = 1, 2, 3
	fx := given(in, [][]int{{0, 0, 1}, {2}})
	known := nothingKnown(fx)
	for _, tt := range []struct {
		undecided bool
		by        ID
		want      int
	}{{false, "", 2}, {true, "", 1}, {true, FlakyBackend, 2}} {
		known.undecided[0], known.by[1] = tt.undecided, tt.by
		if got := deciding(known, fx.targets[0]); len(got) != tt.want {
			t.Errorf("undecided %v, explained by %q: %d scenarios decide", tt.undecided, tt.by, len(got))
		}
	}
}

// A tenth of the answers may stand on the wrong side of the moment from which a target gave
// nothing but refusals.
func TestATenthInFlight(t *testing.T) {
	for _, tt := range []struct {
		wrong int
		want  bool
	}{{6, true}, {7, false}} {
		of := slices.Concat(repeated(13, 0), repeated(tt.wrong+1, 1), repeated(tt.wrong, 0))
		of = append(of, repeated(60-len(of), 1)...)
		if tt.wrong == 7 {
			of = append(of, 1, 1)
		}
		if got := gaveOut(marked(of...)); got != tt.want {
			t.Errorf("%d of %d on the wrong side: %v", tt.wrong, len(of), got)
		}
	}
}

// What is of the same kind as the behaviours of a linked split, and came at its level
// alone, is of the split.
func TestTheSameKindAtTheSameLevel(t *testing.T) {
	fail := func() *Cluster { return replied(502, signature.Integration, "", "") }
	for name, tt := range map[string]struct {
		mine, other string // the levels of the answers: '1' on, '0' off, '-' unknown
		want        bool
	}{
		"both on": {"111", "11", true}, "both off": {"000", "00", true}, "one on, one off": {"111", "00", false}, "one off, one on": {"000", "11", false}, "at both": {"111", "10", false},
		"nothing known": {"111", "--", false}, "the split at both": {"110", "11", false},
	} {
		in := &Input{Clusters: behaviours(served200(), fail(), served200(), fail())}
		in.Clusters[0].Kind, in.Clusters[1].Kind, in.Clusters[2].Kind, in.Clusters[3].Kind = 1, 2, 3, 4
		fx := given(in, [][]int{append(repeated(5, 0), repeated(len(tt.mine), 1)...), append(repeated(5, 2), repeated(len(tt.other), 3)...)})
		levels := "-----" + tt.mine + "-----" + tt.other
		j := &judgement{known: nothingKnown(fx)}
		got := j.alike(fx, &split{sub: fx.targets[0], clusters: []int{1}}, func(r *Row) (on, ok bool) { return levels[r.Seq] == '1', levels[r.Seq] != '-' })
		if slices.Equal(got, []int{3}) != tt.want || len(got) > 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The numbers of a verdict are told, and asked for, from their thresholds on.
func TestVerdictsAtTheirThresholds(t *testing.T) {
	w := &weighing{laws: []law{{cause: "a", post: .998}, {cause: "b", post: .001}, {cause: "c", post: .0009}}}
	if got := w.hypotheses(); len(got) != 2 {
		t.Errorf("%+v are worth a word", got)
	}
	if got := w.alternatives("a", .001); got != nil {
		t.Errorf("at an error rate of .001 %+v is not excluded", got)
	}
	for _, tt := range []struct {
		done bool
		post float64
		want bool
	}{{true, .9, true}, {true, .89, false}, {false, .99, true}, {false, .98, false}} {
		fx := &Facts{Input: &Input{Done: tt.done}, alpha: .01}
		if got := byChance(fx, &weighing{laws: []law{{cause: FlakyBackend, post: tt.post}, {cause: EndpointSplit, post: 1 - tt.post}}}); got != tt.want {
			t.Errorf("done %v, drawn with %g: %v", tt.done, tt.post, got)
		}
	}
	// Labels are waited for while most of a split has none yet.
	for late, want := range map[int]bool{2: false, 3: true} {
		sub := &target{Target: &probe.Target{APIID: "a", Stage: "s", Canary: &probe.Canary{Percent: 10}}}
		fx := &Facts{Input: &Input{Logs: LogState{Read: true, Proven: map[string]bool{"a/s": true}}}, alpha: .01}
		x := &split{sub: sub, n: 4, draws: marked(0, 0, 1, 0)}
		for i := range 4 {
			fx.Rows = append(fx.Rows, Row{Late: i < late})
		}
		if got := unlabelledYet(fx, &weighing{split: x}); got != want {
			t.Errorf("%d of 4 late: %v", late, got)
		}
	}
}

// A scenario is refused throughout from five answers on, or when the run is over; a target
// whose requests are refused alike refuses its preflights, too.
func TestRefusedThroughout(t *testing.T) {
	preflight := probe.Scenario{Name: "preflight", Method: "OPTIONS", Header: []probe.Header{{Name: "Origin", Value: "https://a.example"}, {Name: "Access-Control-Request-Method", Value: "GET"}}}
	if !preflight.IsPreflight() {
		t.Fatal("the scenario is a preflight")
	}
	for _, tt := range []struct {
		n    int
		done bool
		want bool
	}{{5, false, true}, {4, false, false}, {4, true, true}} {
		in := &Input{Done: tt.done, Clusters: behaviours(replied(403, signature.Gateway, "ACCESS_DENIED", ""), replied(403, signature.Gateway, "WAF_FILTERED", ""))}
		in.Plan.Scenarios = []probe.Scenario{{Name: "get", Method: "GET"}, preflight}
		fx := given(in, [][]int{repeated(tt.n, 0), repeated(9, 1)})
		known, sub := nothingKnown(fx), fx.targets[0]
		if got := refusedThroughout(fx, known, sub, sub.cells[0]); got != tt.want {
			t.Errorf("%d refusals, done %v: %v", tt.n, tt.done, got)
		}
		for kind, want := range map[string]bool{kindOf(&fx.Clusters[0]): tt.want, kindOf(&fx.Clusters[1]): false} {
			if got := refusesRequests(fx, known, sub, kind); got != want {
				t.Errorf("%d refusals, done %v: requests get %s: %v", tt.n, tt.done, kind, got)
			}
		}
	}
	// Nobody was seen to be turned away where nobody asked.
	for n, want := range map[int]bool{0: false, 1: true} {
		in := &Input{Clusters: behaviours(replied(403, signature.Gateway, "", "ForbiddenException"))}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, URL: "https://api.example.com"}}
		in.Snapshot.Domains = []probe.Domain{{Name: "api.example.com", MutualTLS: true}}
		fx := given(in, [][]int{repeated(n, 0)})
		if got := mutualTLS(fx, nothingKnown(fx), fx.targets[0]); got != want {
			t.Errorf("after %d refusals a certificate is what lacks: %v", n, got)
		}
	}
}

// DNS may lead a domain to several regions, or to other places by turns.
func TestWhereNamesLead(t *testing.T) {
	away := func(canonical string) probe.Leading { return probe.Leading{Name: probe.Name{Canonical: canonical}} }
	for _, tt := range []struct {
		given []string
		away  []probe.Leading
		want  []string
	}{
		{[]string{"d-1.execute-api.eu-west-1.amazonaws.com"}, []probe.Leading{away("d-2.execute-api.US-EAST-1.amazonaws.com")}, []string{"eu-west-1", "us-east-1"}},
		{[]string{"d-1.execute-api.eu-west-1.amazonaws.com"}, []probe.Leading{away("d-2.execute-api.eu-west-1.amazonaws.com")}, nil},
		{[]string{"d-1.execute-api.eu-west-1.amazonaws.com"}, []probe.Leading{away("d.cloudfront.net")}, nil},
	} {
		if got := regionsOf(tt.given, tt.away); !slices.Equal(got, tt.want) {
			t.Errorf("%v and %v are in %q, want %q", tt.given, tt.away, got, tt.want)
		}
	}
	const here, elsewhere = "d-1.execute-api.eu-west-1.amazonaws.com", "d-2.execute-api.us-east-1.amazonaws.com"
	name := func(resolver, canonical string) probe.Name {
		return probe.Name{Host: "api.example.com", Resolver: resolver, Canonical: canonical}
	}
	for label, tt := range map[string]struct {
		names []probe.Name
		here  string
		turns bool
	}{
		"one resolver by turns":    {[]probe.Name{name("r1", elsewhere), name("r2", here), name("r1", here)}, "r1", true},
		"two resolvers, each once": {[]probe.Name{name("r1", elsewhere), name("r2", here)}, "r2", false},
		"all elsewhere":            {[]probe.Name{name("r1", elsewhere)}, "", false},
	} {
		in := &Input{}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, URL: "https://api.example.com"}}
		in.Snapshot.Domains, in.Snapshot.Names = []probe.Domain{{Name: "api.example.com", Targets: []string{here}}}, tt.names
		fx := given(in, [][]int{})
		if got := dnsElsewhere(fx, fx.targets[0]); got == nil || got.Here != tt.here || got.Turns != tt.turns || (got.Regions != nil) != (tt.here != "") {
			t.Errorf("%s: %+v", label, got)
		}
	}
}

// Two stages answer a scenario differently where each gave five answers, and half of one's
// are none of the other's.
func TestWhenStagesDiffer(t *testing.T) {
	set := diff.Setting{Name: "variables.backend", Behaviour: true, Values: map[string]string{"s0": "blue", "s1": "green"}}
	for _, tt := range []struct {
		a, b []int
		want bool
	}{
		{repeated(5, 0), repeated(5, 1), true}, {repeated(4, 0), repeated(5, 1), false}, {repeated(5, 0), repeated(4, 1), false},
		{repeated(6, 0), append(repeated(3, 1), repeated(3, 2)...), true}, {repeated(6, 0), append(repeated(2, 1), repeated(4, 2)...), false},
	} {
		in := &Input{Clusters: behaviours(served200(), served200(), served200())}
		in.Clusters[2].ID = in.Clusters[0].ID
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}, {Name: "s1"}}}}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.InvokeURL, APIID: "a", Stage: "s0", DeploymentID: "d"}, {ID: "t1", Kind: probe.InvokeURL, APIID: "a", Stage: "s1", DeploymentID: "d"}}
		fx := given(in, [][]int{tt.a}, [][]int{tt.b})
		if got := compareStages(fx, [2]*target{fx.targets[0], fx.targets[1]}, []diff.Setting{set}); (got != nil) != tt.want {
			t.Errorf("%v and %v: %+v", tt.a, tt.b, got)
		}
		if !compared(fx, fx.targets[0].api, set) {
			t.Error("the setting was compared")
		}
	}
	// What the one stage was not asked was not compared.
	in := &Input{Clusters: behaviours(served200(), served200())}
	in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}, {Name: "s1"}}}}
	fx := given(in, [][]int{{0}, {}}, [][]int{{}, {1}})
	if compared(fx, fx.targets[0].api, set) {
		t.Error("no scenario was sent to both stages")
	}
}

// Twenty answers of each stage are enough to say that they answer alike although some
// differ; fewer are not.
func TestAnswersThatCannotBeToldApart(t *testing.T) {
	for n, want := range map[int]bool{1: false, 19: false, 20: true} {
		in := &Input{Clusters: behaviours(served200(), served200(), served200())}
		in.Clusters[2].ID = in.Clusters[0].ID
		fx := given(in, [][]int{repeated(n, 0)}, [][]int{append(repeated(n-1, 2), 1)})
		if got := alike(fx, fx.targets[0], fx.targets[1]); got != want {
			t.Errorf("%d answers each, one of which differs: alike %v", n, got)
		}
	}
	in := &Input{Clusters: behaviours(served200(), served200())}
	in.Clusters[1].ID = in.Clusters[0].ID
	if fx := given(in, [][]int{{0}}, [][]int{{1}}); !alike(fx, fx.targets[0], fx.targets[1]) {
		t.Error("the same answers are alike, however few")
	}
}

// A copy that a cache gave is counted where the target answers so anyhow, and is old where
// something tells it from what is answered past the cache.
func TestCopiesThatCount(t *testing.T) {
	for name, tt := range map[string]struct {
		rows, copied []int
		old          []behaviour.Mark
		counted      int
		kept         bool // as copies, beside the answers
	}{
		"the usual answer":              {[]int{0, 0}, []int{0}, nil, 3, false},
		"another than the usual":        {[]int{0, 0}, []int{1}, nil, 2, true},
		"where the answers vary":        {[]int{0, 1}, []int{0}, nil, 2, true},
		"nothing but copies":            {nil, []int{0, 1}, nil, 2, false},
		"an old one":                    {nil, []int{0}, []behaviour.Mark{{Scenario: 0}}, 1, true},
		"old ones, over all scenarios":  {nil, []int{0}, []behaviour.Mark{{Scenario: -1}}, 1, true},
		"old ones, of another scenario": {nil, []int{0}, []behaviour.Mark{{Scenario: 1}}, 1, false},
	} {
		in := &Input{Clusters: behaviours(served200(), served200())}
		fx := given(in, [][]int{tt.rows})
		sub := fx.targets[0]
		c := sub.cells[0]
		for _, k := range tt.copied {
			c.copied = append(c.copied, len(in.Rows))
			in.Rows = append(in.Rows, Row{Cluster: k, Copied: true})
		}
		fx.copies[0].old = tt.old
		if takeCopies(fx, sub, c); len(c.rows) != tt.counted || (c.copied != nil) != tt.kept {
			t.Errorf("%s: %d answers, copies %v", name, len(c.rows), c.copied)
		}
	}
}

// A second distribution gets a fifth of the requests at most. More than that was seen where
// the interval lies above, and may have been where it holds a fifth.
func TestDividedInFront(t *testing.T) {
	meant, other := probe.StageRef{APIID: "a", Stage: "s0"}, probe.StageRef{APIID: "a", Stage: "s1"}
	mark := func(k, n int) behaviour.Mark {
		return behaviour.Mark{Values: []behaviour.Level{{On: n - k, Off: 100}, {On: k}}}
	}
	for name, tt := range map[string]struct {
		g               sighting
		divided, unsure bool
	}{
		"nothing differs":         {sighting{}, false, false},
		"a tenth":                 {sighting{differs: []behaviour.Mark{mark(100, 1000)}}, true, false},
		"nothing of it alone":     {sighting{differs: []behaviour.Mark{mark(0, 100)}}, false, false},
		"half":                    {sighting{differs: []behaviour.Mark{mark(500, 1000)}}, false, false},
		"a fifth":                 {sighting{differs: []behaviour.Mark{mark(20, 100)}}, true, false},
		"a little above a fifth":  {sighting{differs: []behaviour.Mark{mark(21, 100)}}, false, true},
		"a tenth by the logs":     {sighting{meant: meant, byLog: map[probe.StageRef][]int{meant: repeated(900, 0), other: repeated(100, 0)}, shared: &sharing{rows: repeated(100, 0), share: .1}}, true, false},
		"half by the logs":        {sighting{meant: meant, byLog: map[probe.StageRef][]int{meant: repeated(100, 0), other: repeated(100, 0)}, shared: &sharing{rows: repeated(100, 0), share: .5}}, false, false},
		"a fifth by the answers":  {sighting{shared: &sharing{share: .2}}, true, false},
		"a third by the answers":  {sighting{shared: &sharing{share: .35}}, false, false},
		"a tenth, and another is": {sighting{differs: []behaviour.Mark{mark(100, 1000), mark(500, 1000)}}, false, false},
	} {
		in := &Input{Clusters: behaviours(served200())}
		fx := given(in, [][]int{{0}})
		fx.copies[0].rows = []int{0} // a CDN answers
		if divided, unsure := dividedInFront(fx, fx.targets[0], &tt.g); divided != tt.divided || unsure != tt.unsure {
			t.Errorf("%s: divided %v, unsure %v", name, divided, unsure)
		}
	}
	for passed, want := range map[int]bool{2: false, 3: true} {
		in := &Input{Clusters: behaviours(served200(), served200())}
		fx := given(in, [][]int{repeated(4, 0)}, [][]int{repeated(9, 1)})
		for i := range passed {
			in.Rows[i].Fronted = true
		}
		if got := passedOn(fx, fx.targets[0]); got != want {
			t.Errorf("%d of 4 came through a CDN: %v", passed, got)
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
	api := &probe.API{Editor: &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}}
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"params", "body+params", true}, {"body", "body+params", false}, {"params", "params", false}} {
		if got := loosened(&target{api: api}, &probe.Scenario{}, replied(400, signature.Gateway, "BAD_REQUEST_BODY", ""), &diff.Difference{Subject: "GET /0", Aspect: "validator", A: tt.a, B: tt.b}); got != tt.want {
			t.Errorf("from a validator of %s to one of %s: %v", tt.b, tt.a, got)
		}
	}
}

// A factor is asked where the level of half of a split's requests is known; the others may
// come at any share.
func TestFactorsKnownForHalf(t *testing.T) {
	fx := &Facts{Input: &Input{Rows: []Row{{Remote: "a"}, {Remote: "b"}, {}, {}, {}}}}
	byAddress := func() *factor {
		return &factor{level: func(r *Row) string { return r.Remote }, rho: .3}
	}
	for n, want := range map[int]bool{4: true, 5: false} {
		x := &split{draws: marked(0, 1, 1, 1, 0)[:n], n: n}
		f := byAddress()
		if got := f.count(fx, x); got != want {
			t.Errorf("known for two of %d: %v", n, got)
		}
		k, m := 2, n-4
		if got, want := without(fx, f, x), stat.KT([]int{m, k}); got != want {
			t.Errorf("without a level %g, want %g", got, want)
		}
	}
	if got := without(fx, byAddress(), &split{draws: marked(0, 1)}); got != 0 {
		t.Errorf("where all are known %g", got)
	}
	// A level that the scenario shown was never asked at is left out.
	in := &Input{Clusters: behaviours(served200(), served200())}
	fx = given(in, [][]int{{0, 0}, {1}})
	for i, remote := range []string{"a", "b", "c"} {
		in.Rows[i].Remote = remote
	}
	f := byAddress()
	x := &split{sub: fx.targets[0], draws: marked(0, 1, 0), n: 3}
	f.count(fx, x)
	got := perLevel(fx, &weighing{split: x, parts: []*split{x}}, &law{factor: f}, "")
	if len(got.Levels) != 2 || got.Levels[0].Level != "a" || got.Levels[1].Level != "b" {
		t.Errorf("%+v", got.Levels)
	}
}
