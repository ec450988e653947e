package analyze

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"stageprobe/probe"
	"stageprobe/probe/recording"
)

// Sender sends a plan; *[probe.Engine] is one.
type Sender interface {
	Run(ctx context.Context, p *probe.Plan, planner probe.Planner) iter.Seq2[probe.Observation, error]
}

// Check sends a session's plan until every question is decided or the budget is
// spent, and reports. It reads no logs: a caller who does gives what they say to
// [Session.SetEvidence] and asks for [Session.Report]. Cancelling ctx ends it with the
// report of what was seen. An error means that the plan could not be sent at all.
func Check(ctx context.Context, s *Session, by Sender) (*Report, error) {
	id, err := recording.RunID(&s.plan)
	if err != nil {
		return nil, err
	}
	end := Ending{RunID: id, Started: time.Now(), Stopped: "budget"}
	seen, look := 0, NextLook(0)
	for o, err := range by.Run(ctx, &s.plan, s) {
		if err != nil {
			return nil, err
		}
		s.Add(&o)
		seen++
		decided := func() bool { look = NextLook(seen); return s.Decide(false).Decided }
		if !s.plan.Fixed && end.Stopped == "budget" && s.End(seen >= look, false, decided) {
			end.Stopped = "decided"
		}
	}
	if ctx.Err() != nil {
		end.Stopped = "interrupted"
	}
	end.Ended = time.Now()
	return s.Report(end), nil
}

// lookEvery is the least number of answers between two looks. The verdict is
// anytime-valid, so looking often costs time, not truth.
const lookEvery = 20

// NextLook is at how many answers the evidence is weighed again: after twenty more, or
// a twentieth of those seen, so that looks grow in number with the logarithm of the run.
func NextLook(seen int) int { return seen + max(lookEvery, seen/lookEvery) }

// Replay makes the report of a recording, as the run that wrote it did. The policy is
// that of [ReadPolicy] or one's own; its Judge needs package scenarios. Cancelling ctx
// ends it with the context's error.
func Replay(ctx context.Context, rec *recording.Recording, policy Policy) (*Report, error) {
	var snap probe.Snapshot
	if rec.Snapshot != nil {
		snap = *rec.Snapshot
	}
	s := NewSession(rec.Header.Plan, snap, policy)
	end := Ending{RunID: rec.Header.Run, Started: rec.Header.Started, Stopped: "interrupted"}
	rows, err := rowsOf(s, rec)
	if err != nil {
		return nil, err
	}
	for k, err := range rows {
		if err == nil {
			err = s.AddKept(k)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if rec.Trailer == nil {
			end.Ended = later(end.Ended, k.Ended().UTC())
		}
	}
	if err := rec.ReadLogs(s.Wants()); err != nil {
		return nil, err
	}
	if rec.Evidence != nil {
		s.SetEvidence(*rec.Evidence)
	}
	if t := rec.Trailer; t != nil {
		end.Ended, end.Stopped, end.Notes = t.Ended, t.Stopped, t.Notes
		end.Lost, end.Vantages, end.Stood = t.Lost, t.Vantages, t.Stood
	}
	end.Notes = append(end.Notes, rec.Notes...)
	rep := s.Report(end)
	if rec.Trailer != nil {
		rep.Run.Cost = rec.Trailer.Cost
	}
	rep.Run.Cost.Requests = rep.Run.Requests // of a recording that was cut off, too
	return rep, nil
}

// rowsOf are the rows of a recording for a session. Of the parts that several machines
// recorded, most are only counted.
func rowsOf(s *Session, rec *recording.Recording) (iter.Seq2[*recording.Kept, error], error) {
	if rec.Shards() < 2 {
		return rec.Kept(), nil
	}
	s.foresee(rec.Keys())
	if s.policy.Judge != nil {
		return rec.Kept(), nil
	}
	rows, ok, err := rec.Counted(s.drawn)
	if err != nil || ok {
		return rows, err
	}
	return rec.Kept(), nil
}

// ReadPolicy takes the policy out of a recording. The judge is not part of it:
// the caller makes one from Policy.Scenarios.
func ReadPolicy(raw json.RawMessage) (Policy, error) {
	var p Policy
	if len(raw) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, fmt.Errorf("read the recording's policy: %w", err)
	}
	return p, nil
}

// value helpers shared by the report's builders

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

var _ probe.Planner = (*Session)(nil)
