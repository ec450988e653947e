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
	if s.End(false, never) || s.End(true, yes) {
		t.Fatal("a run ended with requests on their way")
	}
	idle, ok := next()
	if !ok || idle == nil || ended(idle) {
		t.Fatal("a run that waits has nothing to give")
	}
	answer()
	s.End(true, never)
	if answer(); s.End(false, no) || !ended(idle) {
		t.Error("a question that is open again does not let the run go on")
	}
	if idle, ok := next(); !ok || idle != nil {
		t.Error("nothing is sent for the question that is open again")
	}
	s.End(true, yes)
	idle, _ = next()
	if answer(); !s.End(false, yes) || !ended(idle) {
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
	s.End(true, func() bool { return true })
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
