package analyze

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"stageprobe/probe"
)

// sent answers whatever is asked of it.
type sent struct {
	n      int
	answer func(seq uint64, o *probe.Observation)
	err    error
	after  func(seq uint64)
}

func (s *sent) Run(_ context.Context, p *probe.Plan, planner probe.Planner) iter.Seq2[probe.Observation, error] {
	return func(yield func(probe.Observation, error) bool) {
		for seq := uint64(0); ; seq++ {
			c, ok := planner.Next(noon, seq)
			if !ok {
				return
			}
			o := probe.Observation{Seq: seq, Target: p.Targets[c.Target].ID, Scenario: p.Scenarios[c.Scenario].Name, Due: noon.Add(time.Duration(seq) * time.Second / 20), Among: c.Among, Took: time.Millisecond,
				Outcome: probe.OutcomeResponse, Status: 200, Header: []probe.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte("{}"), BodySize: 2}
			if s.answer != nil {
				s.answer(seq, &o)
			}
			s.n++
			if !yield(o, s.err) || s.err != nil {
				return
			}
			if s.after != nil {
				s.after(seq)
			}
		}
	}
}

// TestCheck: a run ends where every question is decided, where the budget is spent, or where
// it is cancelled; a fixed one sends all of it.
func TestCheck(t *testing.T) {
	plan := func() probe.Plan {
		return probe.Plan{Seed: 1, Requests: 900, Rate: 20, Targets: []probe.Target{{ID: "a/prod", APIKind: probe.REST}}, Scenarios: []probe.Scenario{{Name: "s", Method: "GET", Path: "/"}}}
	}
	check := func(p probe.Plan, by *sent, ctx context.Context) *Report {
		rep, err := Check(ctx, NewSession(p, probe.Snapshot{}, Policy{}), by)
		if err != nil {
			t.Fatal(err)
		}
		if rep.Run.Requests != by.n || rep.Run.Ended.Before(rep.Run.Started) || rep.Run.ID == "" {
			t.Errorf("%+v of %d", rep.Run, by.n)
		}
		return rep
	}
	// 459 alike are enough, and 463 is where the run is looked at next.
	if rep := check(plan(), &sent{}, t.Context()); rep.Run.Stopped != "decided" || rep.Run.Requests != 463 || rep.ExitCode != ExitOK {
		t.Errorf("alike: %+v, exit code %d", rep.Run, rep.ExitCode)
	}
	fixed := plan()
	fixed.Fixed = true
	if rep := check(fixed, &sent{}, t.Context()); rep.Run.Stopped != "budget" || rep.Run.Requests != 900 {
		t.Errorf("fixed: %+v", rep.Run)
	}
	few := plan()
	few.Requests = 100
	if rep := check(few, &sent{}, t.Context()); rep.Run.Stopped != "budget" || rep.Run.Requests != 100 || rep.ExitCode != ExitUndecided {
		t.Errorf("few: %+v, exit code %d", rep.Run, rep.ExitCode)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if rep := check(few, &sent{after: func(seq uint64) {
		if seq == 50 {
			cancel()
		}
	}}, ctx); rep.Run.Stopped != "interrupted" || rep.ExitCode != ExitInterrupted {
		t.Errorf("interrupted: %+v, exit code %d", rep.Run, rep.ExitCode)
	}
	broken := errors.New("broken")
	if _, err := Check(t.Context(), NewSession(plan(), probe.Snapshot{}, Policy{}), &sent{err: broken}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// TestReadPolicy: none is one without demands.
func TestReadPolicy(t *testing.T) {
	if _, err := ReadPolicy([]byte("{")); err == nil {
		t.Error("a broken policy is read")
	}
	if p, err := ReadPolicy(nil); err != nil || p.MinShare != 0 {
		t.Errorf("no policy: %+v, %v", p, err)
	}
	if p, err := ReadPolicy([]byte(`{"min_share":0.05}`)); err != nil || p.MinShare != .05 {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestNextLook: a run is looked at as often as it has grown by a twentieth.
func TestNextLook(t *testing.T) {
	for seen, want := range map[int]int{0: 20, 1: 21, 400: 420, 419: 439, 420: 441, 4000: 4200} {
		if got := NextLook(seen); got != want {
			t.Errorf("after %d the next look is at %d, want %d", seen, got, want)
		}
	}
}
