package cause

import (
	"slices"
	"testing"
	"time"

	"stageprobe/analyze/remedy"
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
