package probe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// catchUp bounds how fast a late schedule is caught up with: requests are
	// never closer together than this share of the gap.
	catchUp = 0.8

	// batch is what a schedule with a gap of less than manyGap may be behind
	// without that bound: the system wakes us late at times, for several at once.
	batch   = 10 * time.Millisecond
	manyGap = time.Millisecond

	// stallLimit tells a stall of this process (suspended, or a slow reader of
	// the sequence) from busy workers. After a stall the schedule moves on;
	// sending what was missed would be a burst.
	stallLimit = time.Second
)

// run is one call of Engine.Run.
type run struct {
	engine  *Engine
	plan    Plan
	planner Planner
	clock   Clock
	pacer   Pacer
	pool    *pool
	forms   [][]*form // by target and scenario

	ctx     context.Context // of the requests in flight
	cancel  context.CancelFunc
	stopped atomic.Bool // requests in flight were abandoned

	jobs    chan job
	results chan *Observation
	spare   []*Observation // the loop's, to be filled in again
	group   errgroup.Group

	timer  *time.Timer
	start  time.Time
	due    time.Time // of the next request
	last   time.Time // when the last one was handed out, or should have been within batch
	gap    time.Duration
	seq    uint64
	held   *job            // given before it is due
	idle   <-chan struct{} // the planner has nothing for now
	flying int
	freed  time.Time // when one of the workers, all busy, last became free
	behind bool      // that was after a due time, and the schedule has not been caught up with
}

// drawStream keeps these draws apart from the planner's and from minted ids.
const drawStream = 0x73746167

// job is one request, ready to be sent.
type job struct {
	seq  uint64
	due  time.Time
	rate float64
	Choice
	draw
	out *Observation
}

// draw is the random part of a request beside target and scenario. It follows
// from the seed and the request's number, whatever became of the ones before and
// whoever sends it.
type draw struct {
	slot, addr     uint64
	fresh, version float64
}

func newDraw(seed, seq uint64) draw {
	var rng rand.PCG
	rng.Seed(seed^drawStream, seq)
	rng.Uint64()                                                                 // the first still shows the number
	share := func() float64 { return float64(rng.Uint64()<<11>>11) / (1 << 53) } // as rand.Rand.Float64
	return draw{slot: rng.Uint64(), addr: rng.Uint64(), fresh: share(), version: share()}
}

func newRun(ctx context.Context, e *Engine, p *Plan, planner Planner) (*run, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	r := &run{engine: e, plan: p.withDefaults(), planner: planner, clock: e.Clock, pacer: e.Pacer}
	if r.clock == nil {
		r.clock = systemClock{}
	}
	if r.pacer == nil {
		r.pacer = Constant(p.Rate)
	}
	forms, err := newForms(e, &r.plan)
	if err != nil {
		return nil, err
	}
	r.forms = forms
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.pool = newPool(r.ctx, &e.Transport, &r.plan, r.clock.Now)
	for _, byScenario := range forms {
		for _, f := range byScenario {
			f.host = r.pool.host(f.key)
		}
	}
	// Both channels hold a full set of workers, so neither the loop nor a
	// worker ever waits for the other to take something.
	r.jobs = make(chan job, r.plan.Workers)
	r.results = make(chan *Observation, r.plan.Workers)
	for range r.plan.Workers {
		r.group.Go(r.work)
	}
	return r, nil
}

func (r *run) work() error {
	var x exchange
	for j := range r.jobs {
		r.attempt(j, &x, j.out)
		r.results <- j.out
	}
	return nil
}

// close abandons what is still in flight and joins the workers.
func (r *run) close() {
	r.abandon()
	close(r.jobs)
	_ = r.group.Wait() // workers return nil
}

// abandon breaks off the requests in flight.
func (r *run) abandon() {
	r.stopped.Store(true)
	r.cancel()
	r.pool.close()
}

// loop hands out requests when they are due and yields what came back, until
// the planner has had enough, the caller has, or ctx is done.
func (r *run) loop(ctx context.Context, yield func(Observation, error) bool) {
	r.start = r.clock.Now()
	r.gap = gap(r.pacer.Rate(0))
	// A phase of its own for every run: machines that start together do not
	// send together.
	phase := rand.New(rand.NewPCG(r.plan.Seed, drawStream)).Float64()
	r.due = r.start.Add(time.Duration(phase * float64(r.gap)))
	sending := true
	var wake, overtime <-chan time.Time
	interrupt := ctx.Done()
	for sending || r.flying > 0 {
		if sending && wake == nil && r.idle == nil && r.flying < r.plan.Workers {
			now := r.clock.Now()
			if wait := r.wait(now); wait > 0 {
				wake = r.after(wait)
			} else if ctx.Err() == nil {
				sending = r.dispatch(now)
				continue
			}
		}
		if wake == nil {
			o, ok := r.ready()
			if ok {
				if !r.landed(o, yield) {
					return
				}
				continue
			}
		}
		select {
		case <-wake:
			wake = nil
		case <-r.idle:
			r.idle = nil
		case o := <-r.results:
			if !r.landed(o, yield) {
				return
			}
		case <-interrupt:
			sending, wake, r.idle, interrupt = false, nil, nil, nil
			overtime = time.After(r.grace())
		case <-overtime:
			r.abandon()
		}
	}
}

// ready returns what is there without waiting for it. The workers whose answers are there
// go first: many at once cost less to take, and to send again, than one after the other.
func (r *run) ready() (*Observation, bool) {
	for yielded := false; ; yielded = true {
		select {
		case o := <-r.results:
			return o, true
		default:
		}
		if yielded {
			return nil, false
		}
		runtime.Gosched()
	}
}

// landed yields what became of a request.
func (r *run) landed(o *Observation, yield func(Observation, error) bool) bool {
	if r.flying == r.plan.Workers {
		r.freed = since(r.clock, r.start)
	}
	r.flying--
	r.spare = append(r.spare, o)
	return yield(*o, nil)
}

// since is the time now, where a clock has told an earlier one: the system then has to be
// asked for half as much.
func since(c Clock, earlier time.Time) time.Time {
	if _, same := c.(systemClock); same {
		return earlier.Add(time.Since(earlier))
	}
	return c.Now()
}

func (r *run) grace() time.Duration {
	if r.engine.Grace > 0 {
		return r.engine.Grace
	}
	return defaultGrace
}

// wait is how long the next request has yet to wait.
func (r *run) wait(now time.Time) time.Duration {
	if r.held != nil {
		return r.held.due.Sub(now)
	}
	return r.spaced().Sub(now)
}

// after is the clock's After; of the system's clock with one timer for all.
func (r *run) after(d time.Duration) <-chan time.Time {
	if _, ok := r.clock.(systemClock); !ok {
		return r.clock.After(d)
	}
	if r.timer == nil {
		r.timer = time.NewTimer(d)
	} else {
		r.timer.Reset(d)
	}
	return r.timer.C
}

// handed is the time that the next request keeps its distance from.
func (r *run) handed(now time.Time) time.Time {
	if r.gap >= manyGap {
		return now
	}
	at := r.spaced()
	if soonest := now.Add(-batch); at.Before(soonest) {
		return soonest
	}
	return at
}

// spaced is when the next request may leave: when it is due, and while catching
// up at a decent distance from the one before.
func (r *run) spaced() time.Time {
	if r.seq > 0 {
		if at := r.last.Add(time.Duration(catchUp * float64(r.gap))); at.After(r.due) {
			return at
		}
	}
	return r.due
}

// dispatch hands the next request to a worker; false where the planner ends the run.
func (r *run) dispatch(now time.Time) bool {
	if r.held != nil {
		r.send(*r.held)
		r.held = nil
		return true
	}
	r.behind = r.behind || r.freed.After(r.due)
	switch late := now.Sub(r.due); {
	case late <= r.gap:
		r.behind = false
	case late > stallLimit && !r.behind:
		r.due = now
	}
	c, ok := r.planner.Next(now, r.seq)
	if !ok {
		return false
	}
	if c.Idle != nil {
		r.idle = c.Idle
		return true
	}
	if c.RateScale <= 0 {
		c.RateScale = 1
	}
	rate := r.pacer.Rate(r.due.Sub(r.start)) * c.RateScale
	if !c.At.IsZero() {
		j := job{seq: c.Seq, due: c.At, rate: rate, Choice: c}
		r.due, r.last = now, time.Time{} // the next is asked for at once
		if c.At.After(now) {
			r.held = &j
		} else {
			r.send(j)
		}
		return true
	}
	r.send(job{seq: r.seq, due: r.due, rate: rate, Choice: c})
	r.last = r.handed(now)
	r.seq++
	r.gap = gap(rate)
	r.due = r.due.Add(r.gap)
	return true
}

// send hands a request to a worker.
func (r *run) send(j job) {
	j.draw = newDraw(r.plan.Seed, j.seq)
	if n := len(r.spare); n > 0 {
		j.out, r.spare = r.spare[n-1], r.spare[:n-1]
	} else {
		j.out = new(Observation)
	}
	r.jobs <- j
	r.flying++
}

// attempt sends one request, once, and says what became of it. The worker's exchange
// and observation are used again for each.
func (r *run) attempt(j job, x *exchange, o *Observation) {
	t, s := &r.plan.Targets[j.Target], &r.plan.Scenarios[j.Scenario]
	*o = Observation{
		Machine: r.plan.Machine, Seq: j.seq, Target: t.ID, Scenario: s.Name,
		Due: j.due.Round(0).UTC(), Rate: j.rate, Among: j.Among,
	}
	*x = exchange{run: r, due: j.due, attempt: j.Attempt, out: o, form: r.forms[j.Target][j.Scenario], wire: x.wire}
	sent := r.clock.Now()
	x.sent = sent
	o.Sent = sent.Sub(x.due)
	ended, err := x.do(j.draw, r.wall(sent))
	o.Took = ended.Sub(x.due)
	o.Outcome = OutcomeResponse
	if err != nil {
		o.Outcome, o.Err = classify(err), brief(err)
		if r.stopped.Load() {
			o.Outcome, o.Err = OutcomeLocal, "interrupted before the answer was complete"
		}
	}
	if r.engine.Clean != nil {
		r.engine.Clean(x.request(), o)
	}
}

// wall is the system's time, where at is what the run's clock has just said.
func (r *run) wall(at time.Time) time.Time {
	if _, same := r.clock.(systemClock); same {
		return at
	}
	return time.Now()
}

// newForms prepares the requests of every scenario to every target.
func newForms(e *Engine, p *Plan) ([][]*form, error) {
	forms := make([][]*form, len(p.Targets))
	for i := range p.Targets {
		t := &p.Targets[i]
		forms[i] = make([]*form, len(p.Scenarios))
		for k := range p.Scenarios {
			s := &p.Scenarios[k]
			f, err := newForm(e, t, s)
			if err != nil {
				return nil, fmt.Errorf("target %s, scenario %s: %w", t.ID, s.Name, err)
			}
			forms[i][k] = f
		}
	}
	return forms, nil
}
