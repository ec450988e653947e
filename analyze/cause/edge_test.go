package cause

import (
	"slices"
	"testing"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/probe"
)

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
}

// TestCopiesAreRecognised by what their headers say, and by one request id.
func TestCopiesAreRecognised(t *testing.T) {
	fx := &Facts{Input: &Input{Rows: []Row{{Age: time.Minute, RequestID: "a"}, {Cache: "Hit", Age: 3 * time.Minute, RequestID: "b"}, {Cache: "RefreshHit", RequestID: "a"}, {}, {}, {}}}}
	if got, want := marksOfCopies(fx, indices(6)), (Copies{N: 6, Cache: "Hit", Age: 3 * time.Minute, SameID: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := marksOfCopies(fx, []int{3, 4}); got != (Copies{N: 2}) {
		t.Errorf("%+v", got)
	}
}

// TestWhatACopyIsHeldAgainst is the own URL of the stage that its target leads to, or is
// meant to lead to where that was not read.
func TestWhatACopyIsHeldAgainst(t *testing.T) {
	meant := &probe.StageRef{APIID: "a", Stage: "s1"}
	for name, tt := range map[string]struct {
		t    probe.Target
		want int
	}{
		"mapped": {probe.Target{ID: "t", APIID: "a", Stage: "s0"}, 0}, "mapped, meant for another": {probe.Target{ID: "t", APIID: "a", Stage: "s0", Meant: meant}, 0}, "not read": {probe.Target{ID: "t", Meant: meant}, 1},
		"not read, meant for none": {probe.Target{ID: "t"}, -1}, "of a stage not asked": {probe.Target{ID: "t", APIID: "b", Stage: "s0"}, -1}, "the own URL itself": {probe.Target{ID: "o0", APIID: "a", Stage: "s0"}, -1},
	} {
		fx := &Facts{Input: &Input{}}
		fx.Plan.Targets = []probe.Target{{ID: "o0", Kind: probe.InvokeURL, APIID: "a", Stage: "s0"}, {ID: "o1", Kind: probe.InvokeURL, APIID: "a", Stage: "s1"}, {ID: "o2", Kind: probe.InvokeURL}, tt.t}
		if got := controlOf(fx, 3); got != tt.want {
			t.Errorf("%s: target %d, want %d", name, got, tt.want)
		}
	}
}

// TestWhatCameThroughACDN: most of a target's requests.
func TestWhatCameThroughACDN(t *testing.T) {
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

// What the logs of another stage hold proves what is divided before the gateway.
func TestWhatProvesADivision(t *testing.T) {
	meant, other := probe.StageRef{APIID: "a", Stage: "s0"}, probe.StageRef{APIID: "a", Stage: "s1"}
	for n, want := range map[int]Link{0: Statistical, 2: Proven} {
		fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{{0, 0, 0, 1, 1}})
		g := &sighting{meant: meant, byLog: map[probe.StageRef][]int{other: []int{3, 4}[:n], meant: {0}}, shared: &sharing{rival: other, share: .1, rows: []int{3, 4}[:n]}}
		f := divided(fx, fx.targets[0], g)
		held := slices.Contains(f.Says, Fact(LogsHold{Other: "s1", Requests: n, Meant: "s0", Own: 1}))
		if f.Linked != want || held != (n > 0) || !slices.Equal(f.rests, []int{1}) || f.Says[0].(InFront).Share != .1 {
			t.Errorf("with %d records: %s, %+v", n, f.Linked, f.Says)
		}
	}
	fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{{0, 0, 0, 1, 1}})
	f := divided(fx, fx.targets[0], &sighting{meant: meant, differs: []behaviour.Mark{{Values: []behaviour.Level{{On: 9, Off: 10}, {On: 1}}}, {Values: []behaviour.Level{{On: 6, Off: 10}, {On: 4}}}}})
	if in := f.Says[0].(InFront); in.Share != .4 || in.Other != nil || f.Linked != Statistical {
		t.Errorf("%+v", f)
	}
}

// A staging distribution is thought of where the own URL of the stage gave five answers,
// and none of these.
func TestStagingDistributions(t *testing.T) {
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
