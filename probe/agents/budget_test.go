package agents

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"stageprobe/probe"
)

// However many agents take from a stage's budget at once, whatever their clocks say and
// whatever becomes of what they took, no two requests of the stage are promised closer to
// each other than its rate allows, nor two of the run.
func TestABudgetIsNeverExceeded(t *testing.T) {
	t.Parallel()
	s, err := Start(Serve{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	nc, err := s.Connect(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "budget", Storage: jetstream.MemoryStorage})
	if err != nil {
		t.Fatal(err)
	}
	const agents, batches, size = 6, 8, 5
	plan := &probe.Plan{Rate: 1000}
	stages := []Stage{{Key: "abc/prod", Rate: 100, Targets: []int{0, 1}}, {Key: "abc/dev", Rate: 400, Targets: []int{2}}}
	var mu sync.Mutex
	var all sync.WaitGroup
	due := map[int][]time.Time{} // by stage
	var run []time.Time
	for a := range agents {
		all.Go(func() {
			skew := time.Duration(a-2) * time.Minute
			clock := &serverClock{now: func() time.Time { return time.Now().Add(skew) }}
			if err := clock.read(t.Context(), kv, "time-"+strconv.Itoa(a), nil); err != nil {
				t.Error(err)
				return
			}
			b := &budget{kv, clock}
			for n := range batches {
				batch := &Batch{N: n}
				for i := range size {
					batch.Requests = append(batch.Requests, Request{Target: (a + n + i) % 3})
				}
				at, err := b.schedule(t.Context(), plan, stages, batch)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				run = append(run, at...)
				for i, r := range batch.Requests {
					due[r.Target/2] = append(due[r.Target/2], at[i])
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(run) != agents*batches*size {
		t.Fatalf("%d requests have a time", len(run))
	}
	kept := func(name string, at []time.Time, rate float64) {
		slices.SortFunc(at, time.Time.Compare)
		for i := range at {
			// In any stretch there are as many as the rate allows, and a batch.
			if j := i + 2*size; j < len(at) && float64(j-i+1) > rate*at[j].Sub(at[i]).Seconds()+size+1 {
				t.Fatalf("%s: %d requests within %v at %g a second", name, j-i+1, at[j].Sub(at[i]), rate)
			}
		}
	}
	kept("abc/prod", due[0], 100)
	kept("abc/dev", due[1], 400)
	kept("the run", run, 1000)
}

// What an agent was given waits until its own rate allows it.
func TestAnAgentKeepsItsOwnRate(t *testing.T) {
	a := &Agent{Rate: 50}
	start := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for i := range 20 {
		if at := a.pace(start); !at.Equal(start.Add(time.Duration(i) * 20 * time.Millisecond)) {
			t.Fatalf("request %d is sent %v after the first", i, at.Sub(start))
		}
	}
	if late := start.Add(time.Hour); !a.pace(late).Equal(late) {
		t.Error("what is due long after the last one waits")
	}
}
