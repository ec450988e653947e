package cause

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// However a target comes to fail, at once or by and by, and for however short a time it has
// done so: that nothing is left to mend is not said of it.
func TestATargetThatFailsNowIsNotMended(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		for _, mixed := range []int{0, 60, 140} {
			for _, since := range []int{13, 20, 40, 200} {
				// It answers, then fails half of the requests, then all of them.
				r := explained(newWorld(seed).send(1+mixed+since, func(q *request) answer {
					if q.n > mixed || q.n > 0 && q.chance(.5) {
						return fails(502)
					}
					return ok("v1")
				}).Input)
				for _, f := range r.Findings {
					if f.Cause == DeployPropagating && slices.ContainsFunc(f.Remedy, func(x Remedy) bool { return x.Text == remedy.SeeThatItStays.Text }) {
						t.Errorf("seed %d: %d mixed answers, and %d failures since: %s", seed, mixed, since, f.Statement)
					}
				}
			}
		}
	}
}

// A phase in which old and new answers come ends with the first of those that stay.
func TestASwitchThroughAMixedPhaseIsPlacedAtItsEnd(t *testing.T) {
	bits := make([]bool, 200)
	for i := range bits {
		bits[i] = i >= 120 || i >= 80 && i%2 == 0
	}
	hat, lo, hi := switchedAt(bits, 1000, false)
	if lo < 76 || lo > 82 || hat < 117 || hat > 121 || hi != hat {
		t.Errorf("answers alternate from the 80th to the 120th: the switch is told at %d, from %d to %d", hat, lo, hi)
	}
}

// A change of the configuration proves a switch only where it was made before, and not where
// a failure ended: failures end by themselves.
func TestAnEventProvesTheSwitchThatFollowsIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    int // requests before the change
		first answer
		want  Link
	}{
		{"the change precedes it", 100, ok("v1"), Proven},
		{"the change comes later", 300, ok("v1"), ConsistentWith},
		{"it ended failures", 100, fails(502), ConsistentWith},
	} {
		w := newWorld(7)
		w.logs = false
		w.send(700, func(q *request) answer {
			if q.n < 102 {
				return c.first
			}
			return ok("v2")
		})
		st := &w.api().Stages[0]
		st.DeploymentID, st.Updated = "dep0", began.Add(time.Duration(c.at)*20*time.Millisecond)
		r := explained(w.Input)
		if got, found := found(r)[DeployPropagating]; !found || got != c.want {
			t.Errorf("%s: told as %q, want %q", c.name, got, c.want)
			dump(t, r)
		}
	}
}

// A target that fails until the end of the run is out, and no deployment under way, however
// much shorter that is than the time for which it answered before.
func TestAnOutageThatHasNotEndedIsNoOpenQuestion(t *testing.T) {
	for _, since := range []int{75, 141, 300} {
		for seed := range uint64(4) {
			r := explained(newWorld(seed).send(400+since, func(q *request) answer {
				if q.n >= 400 {
					return fails(502)
				}
				return ok("v1")
			}).Input)
			if len(r.Open) > 0 {
				t.Errorf("%d failures at the end: open: %v", since, r.Open)
			}
			want(t, r, only(IntegrationError, ConsistentWith))
		}
	}
}

// What comes in one window of time, or in stretches, is not said to go with no moment of the
// run.
func TestWhatKeepsToAWindowIsSaidToDoSo(t *testing.T) {
	for name, tt := range map[string]struct {
		old      func(*request) bool
		windows  int
		unsteady bool
	}{
		"one window":     {func(q *request) bool { return q.n >= 200 && q.n < 260 }, 1, false},
		"two windows":    {func(q *request) bool { return q.n >= 100 && q.n < 140 || q.n >= 300 && q.n < 340 }, 2, false},
		"from then on":   {func(q *request) bool { return q.n >= 300 && q.chance(.3) }, 0, true},
		"many stretches": {func(q *request) bool { return q.n/20%2 == 0 }, 0, true},
	} {
		r := explained(newWorld(3).send(600, func(q *request) answer {
			if tt.old(q) {
				return ok("v1")
			}
			return ok("v2")
		}).Input)
		at := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Cause == UnexplainedSplit })
		if at < 0 {
			t.Errorf("%s: %v", name, found(r))
			continue
		}
		if says, _ := r.Findings[at].Says[0].(Unexplained); len(says.Windows) != tt.windows || says.Unsteady != tt.unsteady {
			t.Errorf("%s: %+v", name, says)
		}
	}
}

func TestWhereBehaviourSwitched(t *testing.T) {
	for _, tt := range [][2]int{{30, 50}, {5, 40}, {100, 20}} {
		bits := bitsOf(tt[0], tt[1])
		hat, lo, hi := switchedAt(bits, len(bits), false)
		if hat != tt[0] || lo > hat || hi < hat || lo < 1 || hi-lo > 2 {
			t.Errorf("after %d answers: at %d, between %d and %d", tt[0], hat, lo, hi)
		}
	}
	mixed := slices.Concat(bitsOf(40, 0), slices.Repeat([]bool{true, false}, 8), bitsOf(0, 40))
	if hat, lo, hi := switchedAt(mixed, len(mixed), false); hat != 56 || hi != 56 || lo != 40 {
		t.Errorf("through a phase from 40 to 56: at %d, between %d and %d", hat, lo, hi)
	}
	if from, to := mixedPhase(mixed, len(mixed)); from != 40 || to != 56 {
		t.Errorf("the phase is from %d to %d", from, to)
	}
	for _, old := range []int{8, 12} {
		astray := slices.Concat(bitsOf(40, 1), bitsOf(old, 40))
		if from, to := mixedPhase(astray, len(astray)); from != 41+old || to != from {
			t.Errorf("one answer astray, %d before the switch, makes a phase from %d to %d", old, from, to)
		}
	}
	// A place is one of a switch where at most a fifth on either side is of the other.
	possible := func(bits []bool, least int, mixture bool) string {
		var b strings.Builder
		for _, term := range switchTerms(bits, len(bits), least, mixture) {
			b.WriteString(map[bool]string{true: ".", false: "x"}[math.IsInf(term, -1)])
		}
		return b.String()
	}
	// Of four answers of the old behaviour and eight of the new: after the third, of nine
	// since one is old (a ninth); after the fifth, one of five before is new (a fifth).
	if got := possible(bitsOf(4, 8), 1, false); got != ".xxxx......" {
		t.Errorf("a switch may be at %s", got)
	}
	if got := possible(bitsOf(4, 8), 8, false); got != ".xxx......." {
		t.Errorf("with eight answers since, a switch may be at %s", got)
	}
	if got := possible(bitsOf(4, 8), 9, false); got != ".xx........" {
		t.Errorf("with nine answers since, a switch may be at %s", got)
	}
	// From a mixture of one in two to one behaviour, where the configuration shows a change.
	half := slices.Concat(slices.Repeat([]bool{true, false}, 5), bitsOf(0, 10))
	if got := possible(half, 1, false); strings.Contains(got, "x") {
		t.Errorf("without a change shown a mixture ends at %s", got)
	}
	if got := possible(half, 1, true); got != ".........xxxxxxxxxx" {
		t.Errorf("with a change shown a mixture ends at %s", got)
	}
	if n := count([]bool{true, false, true}, true); n != 2 {
		t.Errorf("two of three are counted as %d", n)
	}
}

// A switch lies between the last old answer and the first new one, which the finding shows,
// and the answers on either side are counted as they are.
func TestASwitchAtOnceIsPlacedExactly(t *testing.T) {
	w := newWorld(1)
	r := Explain(w.send(800, func(r *request) answer {
		if r.n < 100 {
			return ok("v1")
		}
		return ok("v2")
	}).Input)
	if len(r.Findings) != 1 {
		t.Fatalf("%d findings", len(r.Findings))
	}
	f := r.Findings[0]
	once, is := f.Says[0].(ChangedOnce)
	if !is || once.What.Old != (Count{100, 100}) || once.What.Late != (Count{0, 700}) || once.From != w.Rows[99].At || once.At != w.Rows[100].At || once.To != w.Rows[100].At {
		t.Errorf("%+v", f.Says[0])
	}
	for i, want := range []struct {
		row  int
		note Fact
	}{{99, Topic("last old")}, {100, Topic("first new")}} {
		if at, is := f.Proof[i].(Asked); !is || at.Request != w.Rows[want.row].RequestID || at.Note != want.note {
			t.Errorf("%+v, want row %d", f.Proof[i], want.row)
		}
	}
}

func TestDeploymentsOfASwitch(t *testing.T) {
	rows := rowsOfKinds(0, 0, 1, 1)
	rows[0].Deployment, rows[1].Deployment, rows[2].Deployment, rows[3].Deployment = "a", "a", "b", ""
	fx := &Facts{Input: &Input{Rows: rows}}
	s := &shift{fx: fx, rows: []int{0, 1, 2, 3}, hat: 2, lo: 1, hi: 3}
	if from, to := s.deployments(); from != "a" || to != "b" {
		t.Errorf("from %q to %q", from, to)
	}
	if s.from() != rows[0].At || s.to() != rows[3].At || s.at(-1) != rows[0].At || s.at(9) != rows[3].At {
		t.Error("a switch lies between the answer before its range and the first behind it")
	}
	rows[3].Deployment = "c"
	if from, to := s.deployments(); from != "" || to != "" {
		t.Errorf("of several deployments since: from %q to %q", from, to)
	}
	rows[2].Deployment, rows[3].Deployment = "", ""
	if from, to := s.deployments(); from != "" || to != "" {
		t.Errorf("of none since: from %q to %q", from, to)
	}
}

func TestTimesAroundARun(t *testing.T) {
	fx := &Facts{Input: &Input{Now: began.Add(time.Minute)}}
	if around(fx, began) {
		t.Error("nothing lies around a run without requests")
	}
	fx.Rows = []Row{{At: began.Add(time.Second)}, {At: began}}
	for at, want := range map[time.Time]bool{
		began.Add(-tuning.Recent): false, began.Add(1 - tuning.Recent): true, began: true, fx.Now.Add(tuning.Recent - 1): true, fx.Now.Add(tuning.Recent): false,
	} {
		if around(fx, at) != want {
			t.Errorf("%s lies around the run: %v", at, !want)
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
}

// TestChangesOfAStage: what a stage served when the targets were found and serves now, and
// which change a switch may come from.
func TestChangesOfAStage(t *testing.T) {
	canary := func(percent float64) *probe.Canary { return &probe.Canary{Percent: percent, DeploymentID: "c"} }
	for name, tt := range map[string]struct {
		was, is             string
		wasCanary, isCanary *probe.Canary
		want                bool
	}{
		"nothing": {"d", "d", nil, nil, false}, "the same canary": {"d", "d", canary(10), canary(10), false}, "the deployment": {"d", "e", nil, nil, true}, "a canary more": {"d", "d", nil, canary(10), true},
		"the share": {"d", "d", canary(10), canary(20), true}, "what was is not known": {"", "d", nil, nil, false},
	} {
		sub := &target{Target: &probe.Target{DeploymentID: tt.was, Canary: tt.wasCanary}, conf: &probe.Stage{DeploymentID: tt.is, Canary: tt.isCanary}}
		if got := sub.changed(); (got != nil) != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestTheMostFrequentBehaviour comes first of those as frequent.
func TestTheMostFrequentBehaviour(t *testing.T) {
	fx := &Facts{Input: &Input{Rows: rowsOfKinds(0, 0, 1, 1)}}
	if k := most(fx, []int{0, 2, 3}); k != 1 {
		t.Errorf("%d comes most often", k)
	}
	if k := most(fx, []int{2, 0}); k != 1 {
		t.Errorf("of two as frequent %d comes first", k)
	}
}

// TestASwitchToBad: to failure from what did not fail, or to refusal from what was not refused.
func TestASwitchToBad(t *testing.T) {
	for _, tt := range []struct {
		before, since *Cluster
		want          ID
	}{
		{served200(), fail502(), IntegrationError}, {fail502(), fail502(), ""}, {served200(), noRouteOf(), AccessDenied}, {noRouteOf(), noRouteOf(), ""}, {fail502(), noRouteOf(), AccessDenied}, {noRouteOf(), fail502(), IntegrationError}, {fail502(), served200(), ""},
	} {
		fx := given(&Input{Clusters: behaviours(tt.before, tt.since)}, [][]int{{0, 1}})
		if got := (&shift{fx: fx, rows: indices(2), hat: 1}).toBad(); got != tt.want {
			t.Errorf("from %d to %d: %q", tt.before.Status, tt.since.Status, got)
		}
	}
}

// TestTheEventOfASwitch: of twelve answers, one in a second, the sixth is the first of the new behaviour.
func TestTheEventOfASwitch(t *testing.T) {
	for name, tt := range map[string]struct {
		now               string // the deployment that the stage serves by now
		updated, deployed time.Duration
		event             any
		changed           bool
	}{
		"long before":              {"d", -time.Hour, -time.Hour, nil, false},
		"a deployment at the time": {"d", -time.Hour, 4 * time.Second, WasMade{}, true},
		"an update at the time":    {"d", 4 * time.Second, -time.Hour, WasUpdated{}, true},
		"two minutes before":       {"d", 4*time.Second - 2*time.Minute, -time.Hour, WasUpdated{}, true},
		"more than that":           {"d", 3*time.Second - 2*time.Minute, -time.Hour, nil, true},
		"just then":                {"d", 5 * time.Second, -time.Hour, WasUpdated{}, true},
		"after it":                 {"d", 6 * time.Second, -time.Hour, nil, true},
		"another deployment now":   {"e", 4 * time.Second, -time.Hour, StageWent{}, true},
		"another since before":     {"e", -time.Hour, -time.Hour, StageWent{}, true},
		"another after the switch": {"e", 6 * time.Second, -time.Hour, nil, true},
	} {
		in := &Input{Now: began.Add(12 * time.Second), Clusters: behaviours(served200(), served200())}
		in.Plan.Targets = []probe.Target{{ID: "t0", APIID: "a", Stage: "s0", DeploymentID: "d"}}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", DeploymentID: tt.now, Updated: began.Add(tt.updated)}}, Deployments: []probe.Deployment{{ID: "d", Created: began.Add(tt.deployed)}}}}
		fx := given(in, [][]int{slices.Concat(repeated(5, 0), repeated(7, 1))})
		s := &shift{fx: fx, rows: indices(12), hat: 5, lo: 5, hi: 5}
		if got := s.event(fx.targets[0]); reflect.TypeOf(got) != reflect.TypeOf(tt.event) {
			t.Errorf("%s: %+v", name, got)
		}
		if got := lastChanged(fx, fx.targets[0]); got != tt.changed {
			t.Errorf("%s: changed about the run: %v", name, got)
		}
	}
}

// A switch to what a caller is at fault for is looked into, not kept.
func TestASwitchToACallersFault(t *testing.T) {
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

// From or to a mixture the shares differ by a tenth at least, and one side is pure but for
// a fiftieth.
func TestASwitchFromOrToAMixture(t *testing.T) {
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
}

// TestWhatWasUsualBeforeASwitch is told where it was most of what came.
func TestWhatWasUsualBeforeASwitch(t *testing.T) {
	for old, want := range map[int]string{2: "", 3: "200 (k0)"} {
		fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{slices.Concat(repeated(4, 0), repeated(4, 1))})
		s := &shift{fx: fx, rows: indices(8), hat: 4, later: slices.Concat(bitsOf(old, 4-old), bitsOf(0, 4))}
		if got := s.sides(); got.Before != want || got.Now != "200 (k1)" || got.Old != (Count{old, 4}) || got.Late != (Count{0, 4}) {
			t.Errorf("%d of four were of the old behaviour: %+v", old, got)
		}
	}
}

// TestWhichDeploymentWasBefore the own one, and how much older than it a canary is.
func TestWhichDeploymentWasBefore(t *testing.T) {
	api := &probe.API{Deployments: []probe.Deployment{{ID: "c", Created: began}, {ID: "b", Created: began.Add(-time.Hour)}, {ID: "a", Created: began.Add(-2 * time.Hour)}}}
	for own, want := range map[string]string{"c": "b", "b": "a", "a": "", "none": ""} {
		sub := &target{Target: &probe.Target{DeploymentID: own}, api: api}
		if got := previous(sub); got != want {
			t.Errorf("before %s was %q, want %q", own, got, want)
		}
	}
	for _, tt := range []struct {
		own, canary string
		want        time.Duration
	}{{"c", "a", 2 * time.Hour}, {"a", "c", 0}, {"c", "none", 0}, {"none", "a", 0}} {
		sub := &target{Target: &probe.Target{DeploymentID: tt.own, Canary: &probe.Canary{DeploymentID: tt.canary}}, api: api}
		if got := canaryLag(sub); got != tt.want {
			t.Errorf("%s is older than %s by %s, want %s", tt.canary, tt.own, got, tt.want)
		}
	}
}
