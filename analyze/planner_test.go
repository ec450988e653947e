package analyze

import (
	"testing"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

func plannerPlan() probe.Plan {
	return probe.Plan{
		Seed: 7, Requests: 40,
		Targets: []probe.Target{{ID: "abc123/prod"}, {ID: "abc123/dev"}},
		Scenarios: []probe.Scenario{
			{Name: "GET /a"}, {Name: "GET /b"},
			{Name: "GET /new", Limit: 2, Targets: []string{"abc123/prod"}},
		},
	}
}

// draw asks the planner until it ends and counts what it chose.
func drawAll(t *testing.T, p *planner) map[[2]int]int {
	t.Helper()
	counts := map[[2]int]int{}
	for range 10_000 {
		i, _ := p.draw()
		if i < 0 {
			return counts
		}
		c := &p.cells[i]
		c.sent++
		if c.limit == 0 {
			p.sent[c.target]++
		}
		counts[[2]int{c.target, c.scenario}]++
	}
	t.Fatal("the planner does not end")
	return nil
}

func TestPlannerSpendsTheBudgetAndNoMore(t *testing.T) {
	plan := plannerPlan()
	p := newPlanner(&plan)
	counts := drawAll(t, &p)
	for target := range plan.Targets {
		if got := counts[[2]int{target, 0}] + counts[[2]int{target, 1}]; got != plan.Requests {
			t.Errorf("target %d got %d requests, want %d", target, got, plan.Requests)
		}
	}
	if got := counts[[2]int{0, 2}]; got != 2 {
		t.Errorf("the confirming scenario was sent %d times, want its limit 2", got)
	}
	if got := counts[[2]int{1, 2}]; got != 0 {
		t.Errorf("a scenario was sent %d times to a target it is not for", got)
	}
}

func TestPlannerCalibratesFirst(t *testing.T) {
	plan := plannerPlan()
	p := newPlanner(&plan)
	p.advise([]cause.Cell{{Target: 0, Scenario: 0, Weight: 1}})
	counts := map[int]int{}
	for range 4*calibration + 2 {
		i, _ := p.draw()
		p.cells[i].sent++
		counts[i]++
	}
	for i, n := range counts {
		want := calibration
		if p.cells[i].limit > 0 {
			want = p.cells[i].limit
		}
		if n != want {
			t.Errorf("cell %d was drawn %d times in calibration, want %d", i, n, want)
		}
	}
}

func TestPlannerFollowsAdviceButLooksElsewhere(t *testing.T) {
	plan := plannerPlan()
	plan.Requests = 2000
	p := newPlanner(&plan)
	p.advise([]cause.Cell{{Target: 0, Scenario: 1, Weight: 1}})
	counts := map[[2]int]int{}
	for range 1500 {
		i, _ := p.draw()
		c := &p.cells[i]
		c.sent++
		p.sent[c.target]++
		counts[[2]int{c.target, c.scenario}]++
	}
	if got := counts[[2]int{0, 1}]; got < 1200 {
		t.Errorf("the advised cell got %d of 1500 requests, want about nine in ten", got)
	}
	if got := counts[[2]int{1, 0}]; got <= calibration {
		t.Errorf("a settled cell got %d requests, want some of the uniform tenth", got)
	}
}

// A run that is decided waits for what is on its way: it ends where that changes nothing,
// and goes on where it does.
func TestEnd(t *testing.T) {
	plan := plannerPlan()
	s := NewSession(plan, probe.Snapshot{}, Policy{})
	next := func() (idle <-chan struct{}, ok bool) {
		c, ok := s.Next(time.Time{}, 0)
		return c.Idle, ok
	}
	answer := func() {
		s.Add(&probe.Observation{Target: plan.Targets[0].ID, Scenario: plan.Scenarios[0].Name, Outcome: probe.OutcomeResponse, Status: 200})
	}
	ended := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	yes, no, never := func() bool { return true }, func() bool { return false }, func() bool { t.Error("looked too early"); return true }
	for range 3 {
		if idle, ok := next(); !ok || idle != nil {
			t.Fatal("a request is refused")
		}
	}
	answer()
	if s.End(false, false, never) || s.End(true, false, yes) {
		t.Fatal("a run ended with requests on their way")
	}
	idle, ok := next()
	if !ok || idle == nil || ended(idle) {
		t.Fatal("a run that waits has nothing to give")
	}
	answer()
	s.End(true, false, never)
	if answer(); s.End(false, false, no) || !ended(idle) {
		t.Error("a question that is open again does not let the run go on")
	}
	if idle, ok := next(); !ok || idle != nil {
		t.Error("nothing is sent for the question that is open again")
	}
	s.End(true, false, yes)
	idle, _ = next()
	if answer(); !s.End(false, false, yes) || !ended(idle) {
		t.Error("a run that stays decided does not end")
	}
	if _, ok := next(); ok {
		t.Error("a run that has ended still sends")
	}
}

// A run whose time is over ends, also where it waits for what is on its way.
func TestHaltEndsAPause(t *testing.T) {
	s := NewSession(plannerPlan(), probe.Snapshot{}, Policy{})
	_, _ = s.Next(time.Time{}, 0)
	s.End(true, false, func() bool { return true })
	c, _ := s.Next(time.Time{}, 1)
	s.Halt()
	select {
	case <-c.Idle:
	default:
		t.Error("the pause goes on")
	}
	if _, ok := s.Next(time.Time{}, 1); ok {
		t.Error("a halted session still sends")
	}
}

// A target that refuses everything is given up; one other answer in between, or a
// wait, keeps it.
func TestPlannerGivesUpWhatRefusesEverything(t *testing.T) {
	plan := plannerPlan()
	for _, tt := range []struct {
		name     string
		answered int // after so many throttles
		persists bool
		want     int // requests of the first target that may still be sent
	}{
		{"all throttled", -1, false, 0},
		{"one answer in between", 20, false, 40},
		{"a wait", -1, true, 40},
	} {
		p := newPlanner(&plan)
		p.persists = tt.persists
		for i := range cause.Barren {
			p.saw(0, 0, answer{throttled: i != tt.answered, refused: i != tt.answered})
		}
		if got := p.limit[0] - p.sent[0]; got != tt.want {
			t.Errorf("%s: %d requests are left, want %d", tt.name, got, tt.want)
		}
		if got := p.limit[1] - p.sent[1]; got != 40 {
			t.Errorf("%s: %d requests are left to the other target, want 40", tt.name, got)
		}
	}
}

// TestPlannerSettlesOnlyAsLongAsItIsSaid: a target that is settled is left alone, and
// asked again once what the others answer has opened its question.
func TestPlannerSettlesOnlyAsLongAsItIsSaid(t *testing.T) {
	plan := plannerPlan()
	plan.Scenarios = plan.Scenarios[:2]
	p := newPlanner(&plan)
	asked := func() (n int) {
		for range 20 {
			if c, ok := p.choose(); ok && c.Target == 0 {
				n++
			}
		}
		return n
	}
	before := p.left()
	p.settle([]int{0})
	if left := p.left(); left != before/2 {
		t.Errorf("with one target of two settled %d of %d requests are left", left, before)
	}
	if n := asked(); n != 0 {
		t.Errorf("a settled target was asked %d times", n)
	}
	p.settle(nil)
	if n := asked(); n == 0 {
		t.Error("a target whose question opened again was not asked")
	}
}

// Scenarios are drawn by their weights, each of their targets alike.
func TestPlannerDrawsByWeight(t *testing.T) {
	plan := probe.Plan{Seed: 5, Requests: 100_000, Targets: []probe.Target{{ID: "a"}, {ID: "b"}}, Scenarios: []probe.Scenario{{Name: "x", Weight: 3}, {Name: "y"}, {Name: "z", Weight: 4, Targets: []string{"b"}}}}
	p := newPlanner(&plan)
	counts := map[[2]int]int{}
	for i := range 20_000 {
		c, ok := p.choose()
		if !ok {
			t.Fatal("the planner ends early")
		}
		counts[[2]int{c.Target, c.Scenario}]++
		among := probe.Among(0).With(1)
		if c.Scenario < 2 {
			among = among.With(0)
		}
		if i > 200 && c.Among != among { // the calibration is over
			t.Fatalf("%+v", c)
		}
	}
	for cell, share := range map[[2]int]float64{{0, 0}: .25, {1, 0}: .25, {0, 1}: 1. / 12, {1, 1}: 1. / 12, {1, 2}: 1. / 3} {
		if got := float64(counts[cell]) / 20_000; got < share-.02 || got > share+.02 {
			t.Errorf("%v: %.3f of the draws, want %.3f", cell, got, share)
		}
	}
	if got := p.left(); got != 2*100_000-20_000 {
		t.Errorf("%d requests are left", got)
	}
	// What the advice does not name, and what is spent, is not drawn.
	p = newPlanner(&plan)
	p.advise([]cause.Cell{{Target: 1, Scenario: 0, Weight: .5}, {Target: 0, Scenario: 1, Weight: 0}})
	for i := range p.cells {
		want := map[bool]float64{true: .5}[p.cells[i].target == 1 && p.cells[i].scenario == 0]
		if got := p.advised(&p.cells[i]); got != want {
			t.Errorf("%+v: %g", p.cells[i], got)
		}
	}
	if at, _ := p.pick(func(*cell) float64 { return 0 }); at != -1 {
		t.Errorf("of nothing %d is drawn", at)
	}
	p.end(0)
	p.end(1)
	if c, ok := p.choose(); ok || p.left() != 0 {
		t.Errorf("%+v", c)
	}
}

// A wait asks what has shown a difference, and a tenth of its requests of anything.
func TestPlannerWatches(t *testing.T) {
	plan := probe.Plan{Seed: 5, Requests: 100_000, Targets: []probe.Target{{ID: "a"}}, Scenarios: []probe.Scenario{{Name: "x"}, {Name: "y"}}}
	s := NewSession(plan, probe.Snapshot{}, Policy{})
	s.Persist()
	s.planner.watch(map[cellAt]bool{{0, 1}: true})
	counts := map[int]int{}
	for range 4000 {
		c, _ := s.Next(noon, 0)
		counts[c.Scenario]++
	}
	if counts[0] < 140 || counts[0] > 300 {
		t.Errorf("%v: what shows no difference gets half of a tenth", counts)
	}
}

// Draws that were planned before are passed over.
func TestPlannerSkips(t *testing.T) {
	plan := plannerPlan()
	s, other := NewSession(plan, probe.Snapshot{}, Policy{}), NewSession(plan, probe.Snapshot{}, Policy{})
	for range 30 {
		s.Next(noon, 0)
	}
	other.Skip(30)
	a, _ := s.Next(noon, 30)
	b, _ := other.Next(noon, 30)
	if a != b {
		t.Errorf("%+v, %+v", a, b)
	}
	other.Skip(10_000_000) // to the end and no further
	if _, ok := other.Next(noon, 0); ok {
		t.Error("something is left behind the end")
	}
}

// A scenario with a limit is sent beside the budget, unless nothing may be sent.
func TestPlannerLimitsAScenario(t *testing.T) {
	limited := probe.Plan{Requests: 3, Targets: []probe.Target{{ID: "a"}}, Scenarios: []probe.Scenario{{Name: "x"}, {Name: "new", Limit: 4}}}
	for _, tt := range []struct{ requests, want int }{{3, 7}, {0, 0}} {
		limited.Requests = tt.requests
		p := newPlanner(&limited)
		n := 0
		for {
			if _, ok := p.choose(); !ok {
				break
			}
			n++
		}
		if n != tt.want {
			t.Errorf("a budget of %d: %d requests, want %d", tt.requests, n, tt.want)
		}
	}
}
