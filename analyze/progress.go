package analyze

import (
	"slices"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// Progress is where a run stands, for those who watch it.
type Progress struct {
	Sent, Budget  int
	Targets       []TargetProgress
	Decided, Open int
	Remaining     int // requests that would about decide what is open
	LogsMatched   int
	LogsWanted    int
	Decision      cause.Result
}

// TargetProgress is where one target stands.
type TargetProgress struct {
	ID         string
	Answers    int
	Behaviours int // of the scenario that has most
}

// Progress weighs what has been seen so far and tells how it stands.
func (s *Session) Progress() Progress {
	res := s.Decide(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	logs := &s.looked.logs
	p := Progress{
		Sent: s.requests(), Budget: s.requests() + s.planner.left(), Open: len(res.Open), Remaining: res.Remaining,
		LogsMatched: logs.Matched, LogsWanted: logs.Sampled, Decision: res,
	}
	p.Decided = max(0, len(s.plan.Targets)-p.Open)
	for i, t := range s.plan.Targets {
		p.Targets = append(p.Targets, s.targetProgress(t.ID, i))
	}
	return p
}

func (s *Session) targetProgress(id string, target int) TargetProgress {
	p := TargetProgress{ID: id}
	if s.last.Behaviours == nil {
		return p
	}
	ways := map[int]int{}
	for _, c := range s.last.Behaviours.All() {
		if s.targets[c.Target] != target {
			continue
		}
		p.Answers += c.Count
		ways[s.scenario[c.Scenario]]++
		p.Behaviours = max(p.Behaviours, ways[s.scenario[c.Scenario]])
	}
	return p
}

// Enough of a split to be worth joining with the logs.
const (
	splitRows     = 40
	splitDeviants = 3
)

// Draws tells whether the logs name what the answers alone cannot: the side of a
// canary that draws, or the stage that serves a domain.
func (s *Session) Draws() bool {
	return slices.ContainsFunc(s.plan.Targets, func(t probe.Target) bool {
		return t.Kind == probe.CustomDomain && t.Meant != nil || t.Canary != nil && t.Canary.Percent > 0 && t.Canary.Percent < 100
	})
}

// WorthReading tells whether the answers alone have said what they can, so that
// the next thing to learn stands in the logs: every target either has shown a
// split a few times, or has answered alike as often as the claim of
// consistency needs.
func (s *Session) WorthReading() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	alike := stat.NeedZero(s.policy.minShare(), s.policy.confidence())
	rows, deviants := make([]int, len(s.plan.Targets)), make([]int, len(s.plan.Targets))
	if s.last.Behaviours == nil {
		return false
	}
	for _, c := range s.last.Behaviours.All() {
		t := s.targets[c.Target]
		rows[t] += c.Count
		if !c.Reference {
			deviants[t] += c.Count
		}
	}
	for t := range rows {
		split := deviants[t] >= splitDeviants && rows[t] >= splitRows
		if !split && rows[t] < min(alike, s.plan.Requests) {
			return false
		}
	}
	return true
}

// LogsSettled tells whether reading the logs once more can teach nothing: every
// request was found, and late enough for its absence from the canary's group
// to count.
func (s *Session) LogsSettled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.evidence == nil {
		return false
	}
	for i := range s.rows {
		r := &s.rows[i]
		if r.ids.request == "" {
			continue
		}
		l := s.evidence.of(&r.ids, r.ended, &s.snap)
		late := labelling{s}.logs(r) && s.evidence.ReadAt.Before(r.ended.Add(s.evidence.allowance))
		if late && (!l.found || l.side == cause.LabelUnknown) {
			return false
		}
	}
	return true
}

// Allowance is how long after a request's end its log events may still come,
// as learned from the lags seen so far.
func (s *Session) Allowance() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.evidence == nil {
		return defaultAllowance
	}
	return s.evidence.allowance
}
