package agents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"stageprobe/probe"
)

// Agent sends what a coordinator asks for, from one vantage point.
type Agent struct {
	Conn    *nats.Conn
	Vantage probe.Vantage // name and region
	Rate    float64       // requests per second that this agent never exceeds; 0 for no limit of its own
	// Allow are patterns of hosts that may be asked, as in "*.example.com"; what
	// leads elsewhere is refused.
	Allow []string
	// Engine makes an engine for a job, with secrets of its own environment. An
	// error refuses the job.
	Engine func(ctx context.Context, job *Job) (*probe.Engine, error)
	Clock  probe.Clock // nil: the system's
	// Notify is told what the agent does, for the person who started it.
	Notify func(text string)

	instance string
	js       jetstream.JetStream
	clock    serverClock

	mu   sync.Mutex
	next time.Time // from when the own rate allows another request
}

// Run works until ctx is done; what was begun is finished and reported, unless
// that takes longer than the requests of the plan may.
func (a *Agent) Run(ctx context.Context) error {
	a.instance = nuid.Next()
	now := time.Now
	if a.Clock != nil {
		now = a.Clock.Now
	}
	a.clock.now = now
	var err error
	if a.js, err = jetstream.New(a.Conn); err != nil {
		return err
	}
	jobs, presence, err := a.join(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("join: %w", err)
	}
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go a.beat(beating, presence)
	defer func() {
		within, cancel := context.WithTimeout(beating, time.Second)
		defer cancel()
		_ = presence.Delete(within, a.instance) // else it goes by itself
	}()
	return a.serve(ctx, jobs)
}

// join finds the stores that agents and coordinators share, and waits for a
// server that is on its way up.
func (a *Agent) join(ctx context.Context) (jobs, presence jetstream.KeyValue, err error) {
	for n := 0; ; n++ {
		jobs, err = bucket(ctx, a.js, jobsBucket, keepRun)
		if err == nil {
			presence, err = bucket(ctx, a.js, presenceBucket, presenceTTL)
		}
		if err == nil {
			err = a.present(ctx, presence)
		}
		if err == nil || n == 20 || ctx.Err() != nil {
			return jobs, presence, err
		}
		if probe.Sleep(ctx, 250*time.Millisecond) != nil {
			return nil, nil, ctx.Err()
		}
	}
}

func (a *Agent) present(ctx context.Context, kv jetstream.KeyValue) error {
	text, err := json.Marshal(Presence{Vantage: a.Vantage.Name, Region: a.Vantage.Region, Instance: a.instance, Rate: a.Rate, At: a.clock.now().UnixNano()})
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, presenceEvery)
	defer cancel()
	return a.clock.read(within, kv, a.instance, text)
}

// beat says that the agent is there, and keeps the server's time.
func (a *Agent) beat(ctx context.Context, kv jetstream.KeyValue) {
	for probe.Sleep(ctx, presenceEvery) == nil {
		_ = a.present(ctx, kv) // said again in a moment
	}
}

// serve works on the jobs that there are, and on those that come.
func (a *Agent) serve(ctx context.Context, jobs jetstream.KeyValue) error {
	w, err := jobs.WatchAll(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = w.Stop() }() // it ends with ctx
	running := map[string]context.CancelFunc{}
	var all sync.WaitGroup
	defer all.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.Updates():
			if !ok {
				return nil
			}
			if e == nil {
				continue
			}
			run := e.Key()
			if e.Operation() != jetstream.KeyValuePut {
				if cancel := running[run]; cancel != nil {
					cancel()
					delete(running, run)
				}
				continue
			}
			if running[run] != nil {
				continue // told again by a coordinator that came back
			}
			over, cancel := context.WithCancel(context.WithoutCancel(ctx))
			running[run] = cancel
			all.Go(func() {
				defer cancel()
				if err := a.work(ctx, over, run); err != nil && over.Err() == nil && ctx.Err() == nil {
					a.say("run %s: %v", run, err)
				}
			})
		}
	}
}

func (a *Agent) say(format string, args ...any) {
	if a.Notify != nil {
		a.Notify(fmt.Sprintf(format, args...))
	}
}

// work takes part in one run, until it is over or the agent is stopped.
func (a *Agent) work(stopped, over context.Context, run string) error {
	objects, err := a.js.ObjectStore(over, objectBucket(run))
	if err != nil {
		return err
	}
	data, err := objects.GetBytes(over, jobObject)
	if err != nil {
		return err
	}
	job := &Job{}
	if err := unpack(data, job); err != nil {
		return err
	}
	engine, err := a.accept(over, job)
	if err != nil {
		a.say("run %s is refused: %v", run, err)
		return a.hello(over, run, Hello{Refused: err.Error()})
	}
	job.Plan.Machine = a.Vantage.Name
	if engine.Clock == nil {
		engine.Clock = a.Clock
	}
	resolved := a.resolve(over, engine, &job.Plan)
	if err := a.hello(over, run, Hello{Vantage: probe.Vantage{Resolved: resolved}}); err != nil {
		return err
	}
	a.say("run %s: %d targets, %d kinds of request", run, len(job.Plan.Targets), len(job.Plan.Scenarios))
	t := &task{Agent: a, job: job, objects: objects, wake: make(chan struct{}, 1), bySeq: map[uint64]*holding{}, held: map[*holding]bool{}}
	return t.run(stopped, over, engine)
}

func (a *Agent) hello(ctx context.Context, run string, h Hello) error {
	h.Instance, h.Vantage.Name, h.Vantage.Region = a.instance, a.Vantage.Name, a.Vantage.Region
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = publish(ctx, a.js, helloSubject(run)+"."+a.instance, text, run+".hello."+a.instance)
	return err
}

// accept refuses what this agent must not send, and makes an engine for the rest.
func (a *Agent) accept(ctx context.Context, job *Job) (*probe.Engine, error) {
	if err := job.Plan.Check(); err != nil {
		return nil, err
	}
	if job.Plan.Rate <= 0 {
		return nil, errors.New("the plan has no rate")
	}
	for i := range job.Plan.Targets {
		u, err := url.Parse(job.Plan.Targets[i].URL)
		if err != nil || !a.allows(u.Hostname()) {
			return nil, fmt.Errorf("target %s leads to a host that --allow of this agent does not name", job.Plan.Targets[i].ID)
		}
	}
	for i := range job.Plan.Scenarios {
		s := &job.Plan.Scenarios[i]
		if host := probe.HeaderValue(s.Header, "host"); host != "" && !a.allows(strings.ToLower(host)) {
			return nil, fmt.Errorf("scenario %s names a Host that --allow of this agent does not", s.Name)
		}
	}
	engine, err := a.Engine(ctx, job)
	if err != nil {
		return nil, err
	}
	for _, r := range engine.Transport.ConnectTo {
		if !a.allows(r.ToHost) {
			return nil, fmt.Errorf("the plan connects to %s, which --allow of this agent does not name", r.ToHost)
		}
	}
	return engine, nil
}

// allows tells whether a host is among those that may be asked.
func (a *Agent) allows(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return slices.ContainsFunc(a.Allow, func(p string) bool {
		ok, err := path.Match(strings.ToLower(p), host)
		return ok && err == nil
	})
}

// mostHosts bounds the names that are resolved for the report.
const mostHosts = 64

// resolve asks this place's resolver for the hosts of a plan: which addresses it
// gives may be what answers depend on.
func (a *Agent) resolve(ctx context.Context, e *probe.Engine, p *probe.Plan) map[string][]string {
	out := map[string][]string{}
	for i := range p.Targets {
		u, err := url.Parse(p.Targets[i].URL)
		if err != nil || out[u.Host] != nil || len(out) == mostHosts {
			continue
		}
		within, cancel := context.WithTimeout(ctx, 3*time.Second)
		addrs, err := e.Transport.Addresses(within, p.Targets[i].URL)
		cancel()
		if err == nil {
			out[u.Host] = addrs
		}
	}
	return out
}

// task is an agent's part in one run. It is the planner of the agent's engine.
type task struct {
	*Agent
	job     *Job
	objects jetstream.ObjectStore
	base    int // of the numbers of connections: no other agent's

	mu      sync.Mutex
	queue   []probe.Choice
	last    time.Time // when the last one in the queue is due
	closed  bool      // nothing more comes
	wake    chan struct{}
	bySeq   map[uint64]*holding
	held    map[*holding]bool
	reports sync.WaitGroup
}

// holding is a batch that the agent has taken.
type holding struct {
	batch *Batch
	msg   jetstream.Msg
	left  int
	rows  []probe.Observation
}

// lead is how far ahead of their time requests are taken.
const lead = 500 * time.Millisecond

func (t *task) run(stopped, over context.Context, engine *probe.Engine) error {
	h := fnv.New32a()
	_, _ = h.Write([]byte(t.instance)) // a hash takes everything
	t.base = int(h.Sum32()>>1) << 24
	cons, err := t.js.Consumer(over, workStream(t.job.Run), consumer)
	if err != nil {
		return err
	}
	kv, err := t.js.KeyValue(over, budgetBucket(t.job.Run))
	if err != nil {
		return err
	}
	info := cons.CachedInfo()
	var all sync.WaitGroup
	ending, end := context.WithCancel(over)
	defer all.Wait()
	defer end()
	all.Go(func() { t.hold(ending, info.Config.AckWait/4) })
	all.Go(func() { t.take(stopped, ending, cons, &budget{kv, &t.clock}) })
	for o, err := range engine.Run(over, &t.job.Plan, t) {
		if err != nil {
			return err
		}
		t.observed(over, o)
	}
	t.reports.Wait()
	return nil
}

// Next gives the engine what is next in the queue.
func (t *task) Next(time.Time, uint64) (probe.Choice, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		return probe.Choice{Idle: t.wake}, !t.closed
	}
	c := t.queue[0]
	t.queue = t.queue[1:]
	return c, true
}

func (t *task) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// take fetches batches as long as there is room for more.
func (t *task) take(stopped, over context.Context, cons jetstream.Consumer, b *budget) {
	defer func() {
		t.mu.Lock()
		t.closed = true
		t.mu.Unlock()
		t.nudge()
	}()
	for stopped.Err() == nil && over.Err() == nil {
		if wait := t.full(); wait > 0 {
			_ = probe.Sleep(over, wait) // its error is seen above
			continue
		}
		got, err := cons.Fetch(1, jetstream.FetchMaxWait(2*time.Second))
		if err != nil {
			_ = probe.Sleep(over, 250*time.Millisecond)
			continue
		}
		none := true
		for m := range got.Messages() {
			none = false
			if err := t.admit(over, m, b); err != nil {
				_ = m.Nak() // another agent may do better, or this one later
				_ = probe.Sleep(over, 250*time.Millisecond)
			}
		}
		if none && got.Error() != nil {
			_ = probe.Sleep(over, 250*time.Millisecond)
		}
	}
}

// full tells how long there is enough to do.
func (t *task) full() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	early := t.last.Sub(t.clock.now().Add(lead))
	if len(t.queue) > 4*max(t.job.Plan.Workers, 16) {
		early = max(early, 5*time.Millisecond)
	}
	return early
}

// admit takes one batch: unless it has been reported already, its time is
// reserved and its requests queued.
func (t *task) admit(ctx context.Context, m jetstream.Msg, b *budget) error {
	batch := &Batch{}
	if err := json.Unmarshal(m.Data(), batch); err != nil {
		return m.Term()
	}
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	if meta.NumDelivered > 1 && t.reported(ctx, batch.N) {
		return m.Ack()
	}
	within, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	due, err := b.schedule(within, &t.job.Plan, t.job.Stages, batch)
	if err != nil {
		return err
	}
	t.enqueue(&holding{batch: batch, msg: m, left: len(batch.Requests)}, due, meta.NumDelivered)
	t.nudge()
	return nil
}

func (t *task) reported(ctx context.Context, n int) bool {
	s, err := t.js.Stream(ctx, resultStream(t.job.Run))
	if err != nil {
		return false
	}
	_, err = s.GetLastMsgForSubject(ctx, resultSubject(t.job.Run)+"."+strconv.Itoa(n))
	return err == nil
}

func (t *task) enqueue(h *holding, due []time.Time, delivery uint64) {
	for i := range due {
		due[i] = t.pace(t.clock.Local(due[i]))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held[h] = true
	for i, r := range h.batch.Requests {
		seq := h.batch.First + uint64(i)
		if t.bySeq[seq] != nil { // of the same batch, given to this agent twice
			h.left--
			continue
		}
		t.bySeq[seq] = h
		t.queue = append(t.queue, probe.Choice{
			Target: r.Target, Scenario: r.Scenario, Among: r.Among, RateScale: r.Scale, At: due[i], Seq: seq, Attempt: delivery - 1,
		})
		t.last = due[i]
	}
	if h.left == 0 {
		delete(t.held, h)
	}
}

// pace puts a request off until the agent's own rate allows it.
func (a *Agent) pace(at time.Time) time.Time {
	if a.Rate <= 0 {
		return at
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next.After(at) {
		at = a.next
	}
	a.next = at.Add(time.Duration(float64(time.Second) / a.Rate))
	return at
}

// observed takes in what became of a request, and reports a batch that is whole.
func (t *task) observed(ctx context.Context, o probe.Observation) {
	t.mu.Lock()
	h := t.bySeq[o.Seq]
	if h == nil {
		t.mu.Unlock()
		return
	}
	delete(t.bySeq, o.Seq)
	h.left--
	o.Due = o.Due.Add(time.Duration(t.clock.offset.Load())) // by the server's clock
	if o.Conn > 0 {
		o.Conn += t.base
	}
	h.rows = append(h.rows, o)
	whole := h.left == 0
	t.mu.Unlock()
	if whole {
		t.reports.Go(func() { t.report(ctx, h) })
	}
}

// report keeps the observations and tells of them: first the chunk, then the
// result that names it, then that the batch is done. Whatever of these an agent
// does not live to do is done by another.
func (t *task) report(ctx context.Context, h *holding) {
	defer func() {
		t.mu.Lock()
		delete(t.held, h)
		t.mu.Unlock()
	}()
	n := strconv.Itoa(h.batch.N)
	res := Result{
		Batch: h.batch.N, First: h.batch.First, Planned: len(h.batch.Requests), Vantage: t.Vantage.Name, Instance: t.instance,
		Counts: count(h), Chunk: n + "." + t.instance,
	}
	data, err := pack(h.rows)
	if err != nil {
		t.say("batch %s: %v", n, err)
		return
	}
	for ctx.Err() == nil {
		within, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err = t.objects.PutBytes(within, res.Chunk, data)
		cancel()
		if err == nil {
			break
		}
		if t.js.Conn().IsClosed() { // for good: others send what this one holds
			t.say("batch %s: %v", n, err)
			return
		}
		_ = probe.Sleep(ctx, 250*time.Millisecond)
	}
	text, err := json.Marshal(res)
	if err != nil {
		return
	}
	if _, err = publish(ctx, t.js, resultSubject(t.job.Run)+"."+n, text, t.job.Run+"."+n); err != nil {
		return
	}
	_ = h.msg.Ack() // else it is delivered again, and found to be done
}

// count counts the rows of a batch.
func count(h *holding) []Count {
	cells := map[Count]int{}
	for i := range h.rows {
		o := &h.rows[i]
		r := h.batch.Requests[o.Seq-h.batch.First]
		cells[Count{Target: r.Target, Scenario: r.Scenario, Outcome: o.Outcome, Status: o.Status}]++
	}
	out := make([]Count, 0, len(cells))
	for c, n := range maps.All(cells) {
		c.N = n
		out = append(out, c)
	}
	return out
}

// hold keeps the batches that are being worked on from being given to others.
func (t *task) hold(ctx context.Context, every time.Duration) {
	for probe.Sleep(ctx, max(every, 100*time.Millisecond)) == nil {
		t.mu.Lock()
		held := slices.Collect(maps.Keys(t.held))
		t.mu.Unlock()
		for _, h := range held {
			_ = h.msg.InProgress() // said again in a moment
		}
	}
}
