package agents

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"stageprobe/probe"
)

// serverClock tells the server's time, which all agents of a run share whatever
// their own clocks say.
type serverClock struct {
	now    func() time.Time
	offset atomic.Int64 // nanoseconds to be added to now
	known  atomic.Bool
}

// Now is the server's time.
func (c *serverClock) Now() time.Time { return c.now().Add(time.Duration(c.offset.Load())) }

// Local is the own clock's time of a moment of the server's.
func (c *serverClock) Local(t time.Time) time.Time {
	return t.Add(-time.Duration(c.offset.Load()))
}

// learn takes the time at which the server stored what was sent between two
// moments of the own clock. The first counts, and then those that differ by more
// than they could for the way.
func (c *serverClock) learn(before, after, stored time.Time) {
	way := after.Sub(before) / 2
	offset := stored.Sub(before.Add(way))
	off := offset - time.Duration(c.offset.Load())
	if !c.known.Load() || off > way+time.Millisecond || off < -way-time.Millisecond {
		c.offset.Store(int64(offset))
		c.known.Store(true)
	}
}

// read asks the server for its time by way of a key.
func (c *serverClock) read(ctx context.Context, kv jetstream.KeyValue, key string, value []byte) error {
	before := c.now()
	revision, err := kv.Put(ctx, key, value)
	if err != nil {
		return err
	}
	after := c.now()
	e, err := kv.GetRevision(ctx, key, revision)
	if err != nil {
		return err
	}
	c.learn(before, after, e.Created())
	return nil
}

// budget hands out the time at which requests may be sent, from one key per stage
// and one for the run. A key holds the moment, by the server's clock, from which
// nothing is promised to anybody; who wants to send takes a stretch from there by
// comparing and setting. No count can be lost with an agent, and however many
// there are, the rate is exceeded by no more than what one had taken before.
type budget struct {
	kv    jetstream.KeyValue
	clock *serverClock
}

// taken is the value of a key.
type taken struct {
	Until int64 `json:"until"` // nanoseconds of the server's clock
}

// take reserves a stretch of time and says when it begins.
func (b *budget) take(ctx context.Context, key string, span time.Duration) (time.Time, error) {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		start, err := b.try(ctx, key, span)
		if !errors.Is(err, errTaken) {
			return start, err
		}
		// Another agent was first. Who comes next is left to chance.
		if err := probe.Sleep(ctx, rand.N(wait)); err != nil {
			return time.Time{}, err
		}
	}
}

var errTaken = errors.New("another agent was first")

func (b *budget) try(ctx context.Context, key string, span time.Duration) (time.Time, error) {
	key = budgetKey(key)
	e, err := b.kv.Get(ctx, key)
	missing := errors.Is(err, jetstream.ErrKeyNotFound)
	if err != nil && !missing {
		return time.Time{}, err
	}
	start := b.clock.Now()
	if !missing {
		var t taken
		if err := json.Unmarshal(e.Value(), &t); err != nil {
			return time.Time{}, err
		}
		if until := time.Unix(0, t.Until); until.After(start) {
			start = until
		}
	}
	value, err := json.Marshal(taken{start.Add(span).UnixNano()})
	if err != nil {
		return time.Time{}, err
	}
	if missing {
		_, err = b.kv.Create(ctx, key, value)
	} else {
		_, err = b.kv.Update(ctx, key, value, e.Revision())
	}
	if errors.Is(err, jetstream.ErrKeyExists) || wrongRevision(err) {
		return time.Time{}, errTaken
	}
	return start, err
}

func wrongRevision(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

// budgetKey spells a stage so that it can be a key.
func budgetKey(key string) string {
	return strings.TrimRight(base32.HexEncoding.EncodeToString([]byte(key)), "=")
}

// runKey is the budget of the run as a whole. No stage is named so: those have a slash.
const runKey = "run"

// schedule reserves the time of a batch and says when each of its requests may be
// sent, by the server's clock.
func (b *budget) schedule(ctx context.Context, plan *probe.Plan, stages []Stage, batch *Batch) ([]time.Time, error) {
	spans := make([]time.Duration, len(batch.Requests))
	whole := time.Duration(0)
	for i, r := range batch.Requests {
		scale := r.Scale
		if scale <= 0 {
			scale = 1
		}
		spans[i] = time.Duration(float64(time.Second) / (plan.Rate * scale))
		whole += spans[i]
	}
	start, err := b.take(ctx, runKey, whole)
	if err != nil {
		return nil, err
	}
	due := make([]time.Time, len(batch.Requests))
	for i := range due {
		due[i] = start
		start = start.Add(spans[i])
	}
	for s := range stages {
		if err := b.stage(ctx, &stages[s], batch, due); err != nil {
			return nil, err
		}
	}
	// Sent in the order of the plan: what waits for its stage holds up the rest.
	for i := 1; i < len(due); i++ {
		if due[i].Before(due[i-1]) {
			due[i] = due[i-1]
		}
	}
	return due, nil
}

// stage takes what a batch asks of one stage from that stage's own budget.
func (b *budget) stage(ctx context.Context, st *Stage, batch *Batch, due []time.Time) error {
	var mine []int
	for i, r := range batch.Requests {
		for _, t := range st.Targets {
			if t == r.Target {
				mine = append(mine, i)
				break
			}
		}
	}
	if len(mine) == 0 || st.Rate <= 0 {
		return nil
	}
	gap := time.Duration(float64(time.Second) / st.Rate)
	at, err := b.take(ctx, st.Key, time.Duration(len(mine))*gap)
	if err != nil {
		return err
	}
	for _, i := range mine {
		if at.After(due[i]) {
			due[i] = at
		}
		at = at.Add(gap)
	}
	return nil
}
