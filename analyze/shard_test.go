package analyze

import (
	"slices"
	"testing"
	"time"

	"stageprobe/probe"
)

// A shard is numbered by hand, or by the scheduler that runs an array of jobs.
func TestParseShard(t *testing.T) {
	tests := []struct {
		text, variable, value string
		i, n                  int // 0 where it is refused
	}{
		{"3/8", "", "", 3, 8},
		{"auto/8", "JOB_COMPLETION_INDEX", "0", 1, 8},
		{"auto/8", "AWS_BATCH_JOB_ARRAY_INDEX", "7", 8, 8},
		{"auto/8", "AWS_BATCH_JOB_ARRAY_INDEX", "8", 0, 0},
		{"auto/8", "JOB_COMPLETION_INDEX", "one", 0, 0},
		{"auto/8", "", "", 0, 0},
		{"0/8", "", "", 0, 0},
		{"9/8", "", "", 0, 0},
		{"auto", "JOB_COMPLETION_INDEX", "0", 0, 0},
		{"1/1", "", "", 1, 1},
		{"100000/100000", "", "", 100000, 100000},
		{"1/100001", "", "", 0, 0},
		{"1/0", "", "", 0, 0},
		{"0/0", "", "", 0, 0},
		{"x/2", "", "", 0, 0},
		{"1/x", "", "", 0, 0},
		{"2", "", "", 0, 0},
	}
	for _, tt := range tests {
		i, n, err := ParseShard(tt.text, func(name string) string {
			if name == tt.variable {
				return tt.value
			}
			return ""
		})
		if i != tt.i || n != tt.n || (err == nil) != (tt.n > 0) {
			t.Errorf("%s with %s=%s: %d/%d, %v", tt.text, tt.variable, tt.value, i, n, err)
		}
	}
}

// TestShards: together the shards of a plan send each of its requests once, at its time, and
// hold back where a session does.
func TestShards(t *testing.T) {
	plan := plannerPlan()
	plan.Rate, plan.Fixed, plan.Start = 4, true, noon
	const n = 3
	seqs := map[uint64]int{}
	whole := newPlanner(&plan)
	var draws []probe.Choice
	for {
		c, ok := whole.choose()
		if !ok {
			break
		}
		draws = append(draws, c)
	}
	per := map[int]int{}
	for i := 1; i <= n; i++ {
		s := NewShard(NewSession(plan, probe.Snapshot{}, Policy{}), i, n, noon.Add(-time.Hour))
		for {
			c, ok := s.Next(noon, 0)
			if !ok {
				break
			}
			seqs[c.Seq]++
			per[i]++
			if want := noon.Add(time.Duration(c.Seq) * time.Second / 4); !c.At.Equal(want) || c.Target != draws[c.Seq].Target || c.Scenario != draws[c.Seq].Scenario {
				t.Fatalf("shard %d: request %d at %s, want %s: %+v", i, c.Seq, c.At, want, c)
			}
		}
	}
	for seq := range uint64(len(draws)) {
		if seqs[seq] != 1 {
			t.Errorf("request %d is sent %d times", seq, seqs[seq])
		}
	}
	if len(seqs) != len(draws) || per[1] == 0 || per[2] == 0 || per[3] == 0 {
		t.Errorf("%d of %d requests, by shard %v", len(seqs), len(draws), per)
	}
}

// At a quarter of the rate one request in four goes out; none to a target given up, or when halted.
func TestWhatAShardHoldsBack(t *testing.T) {
	session := NewSession(plannerPlan(), probe.Snapshot{}, Policy{})
	slow := NewShard(session, 1, 1, noon)
	session.planner.backoff.scale = .25
	asked := []bool{}
	for range 8 {
		asked = append(asked, slow.asks(0))
	}
	if want := []bool{true, false, false, true, false, false, false, true}; !slices.Equal(asked, want) {
		t.Errorf("%v, want %v", asked, want)
	}
	session.planner.backoff.scale = 1
	session.planner.backoff.targets[0].ended = true
	if slow.asks(0) || !slow.asks(1) {
		t.Error("a target that was given up is asked, or another is not")
	}
	session.Halt()
	if slow.asks(1) {
		t.Error("a halted session asks")
	}
}

// Too late for the plan's times, all of them move.
func TestAShardThatComesLate(t *testing.T) {
	plan := plannerPlan()
	plan.Rate, plan.Fixed, plan.Start = 4, true, noon
	late := NewShard(NewSession(plan, probe.Snapshot{}, Policy{}), 1, 1, noon.Add(time.Hour))
	if c, ok := late.Next(noon, 0); !ok || !c.At.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v, %v", c, ok)
	}
}
