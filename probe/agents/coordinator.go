package agents

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"stageprobe/probe"
)

// Coordinator hands a plan out to agents and brings together what they saw. It
// takes the place of a [probe.Engine]: what is to be sent is asked of the same
// planner, and what came back is yielded to the same loop, on which the stopping
// rule runs.
type Coordinator struct {
	Conn *nats.Conn
	ID   string // of the run. A run of this id that a coordinator left behind is gone on with.

	Plan   *probe.Plan     // as agents are given it, without what is secret; nil: as it is
	Stages []Stage         // that share budgets
	Access json.RawMessage // for [Job]
	// WaitAgents is how many agents must have joined before anything is planned;
	// 0 counts as 1.
	WaitAgents int
	// InOrder yields the batches in the order of the plan, whichever came first, so
	// that what follows from the order does not depend on the agents.
	InOrder bool
	Memory  bool // keep streams in the server's memory
	Size    int  // requests of a batch; 0: about a quarter of a second of the run

	AckWait time.Duration // after which the batch of an agent that is not heard is given to another; 0: 20 s
	// Patience is how long there may be no result until what is out is lost; after as long
	// again without any, the run ends with what came. 0: from the plan's timeout.
	Patience time.Duration
	// Status is told how the run stands, about once a second.
	Status func(Status)

	withdrawn bool
	lost      int
	cut       string // why the run ended before its plan did
	vantages  map[string]probe.Vantage
	refusals  map[string]string // by instance
	counts    map[Count]int
}

// Status is how a coordinated run stands.
type Status struct {
	Agents  int // that are present
	Out     int // requests that agents have, or that wait for one
	Lost    int
	Counted int // in merged counts
}

// Resumer is a planner that can go on where an earlier coordinator stopped: n
// requests have been planned already.
type Resumer interface{ Skip(n uint64) }

const (
	defaultAckWait = 20 * time.Second

	// ahead is how much of the plan is out at any time: enough for agents never to
	// wait, little enough for a verdict to come in time.
	ahead    = 1500 * time.Millisecond
	maxBatch = 250

	// mostHeld bounds the batches that wait for an earlier one.
	mostHeld = 64

	// allGone is how long a run waits for an agent when there is none.
	allGone = 2 * time.Minute
	// grace is how long results are waited for after an interrupt.
	grace = 5 * time.Second
)

// Withdraw takes back what no agent has begun, and plans nothing more: everything
// is decided. It is called from the loop over [Coordinator.Run].
func (c *Coordinator) Withdraw() { c.withdrawn = true }

// Lost is how many planned requests nobody reported.
func (c *Coordinator) Lost() int { return c.lost }

// Vantages are the places that took part, by name.
func (c *Coordinator) Vantages() []probe.Vantage {
	var out []probe.Vantage
	for _, name := range slices.Sorted(maps.Keys(c.vantages)) {
		out = append(out, c.vantages[name])
	}
	return out
}

// Notes tell which agents took no part, and why.
func (c *Coordinator) Notes() []string {
	var out []string
	for _, instance := range slices.Sorted(maps.Keys(c.refusals)) {
		out = append(out, "an agent took no part: "+c.refusals[instance])
	}
	if c.cut != "" {
		out = append(out, "the run ended before its plan did: "+c.cut)
	}
	if c.lost > 0 {
		out = append(out, fmt.Sprintf("%d planned requests were lost: no agent reported them", c.lost))
	}
	return out
}

// Counts are the merged counts of all results.
func (c *Coordinator) Counts() map[Count]int { return c.counts }

// Run hands out what the planner asks for and yields what agents observed, each
// request once.
func (c *Coordinator) Run(ctx context.Context, p *probe.Plan, planner probe.Planner) iter.Seq2[probe.Observation, error] {
	return func(yield func(probe.Observation, error) bool) {
		r, err := c.begin(ctx, p, planner)
		if err != nil {
			if ctx.Err() == nil {
				yield(probe.Observation{}, err)
			}
			return
		}
		defer r.remove()
		if err := r.loop(ctx, yield); err != nil && ctx.Err() == nil {
			yield(probe.Observation{}, err)
		}
	}
}

// out is a batch that was published and of which nothing has come back.
type out struct {
	first  uint64
	n      int
	stream uint64 // sequence in the work stream
}

// arrival is a message of the result stream, with its chunk.
type arrival struct {
	result *Result
	hello  *Hello
	rows   []probe.Observation
	err    error
}

// conducting is one call of Coordinator.Run.
type conducting struct {
	*Coordinator
	plan    *probe.Plan
	planner probe.Planner
	js      jetstream.JetStream
	work    jetstream.Stream
	jobs    jetstream.KeyValue
	objects jetstream.ObjectStore
	clock   serverClock

	next     int    // batch
	seq      uint64 // request
	out      map[int]out
	done     map[int]bool
	held     map[int][]probe.Observation
	fold     int // the batch whose turn it is
	started  bool
	ended    bool
	purged   bool
	backlog  int // results of an earlier coordinator that are still to be taken in
	covered  uint64
	top      uint64 // one more than the last request known from a backlog
	arrived  chan arrival
	present  *roll
	progress time.Time
	heard    time.Time // when a result last came, or the plan began
	stop     []func()
}

func (c *Coordinator) begin(ctx context.Context, p *probe.Plan, planner probe.Planner) (*conducting, error) {
	if err := errors.Join(validRun(c.ID), p.Check()); err != nil {
		return nil, err
	}
	r := &conducting{
		Coordinator: c, plan: p, planner: planner, out: map[int]out{}, done: map[int]bool{}, held: map[int][]probe.Observation{},
		arrived: make(chan arrival, 64), progress: time.Now(), heard: time.Now(), clock: serverClock{now: time.Now},
	}
	c.vantages, c.refusals, c.counts, c.lost, c.withdrawn, c.cut = map[string]probe.Vantage{}, map[string]string{}, map[Count]int{}, 0, false, ""
	if c.AckWait <= 0 {
		c.AckWait = defaultAckWait
	}
	if c.Patience <= 0 {
		c.Patience = 2*c.AckWait + max(p.Timeout, 30*time.Second)
	}
	var err error
	if r.js, err = jetstream.New(c.Conn); err != nil {
		return nil, err
	}
	if err := r.open(ctx); err != nil {
		r.close()
		return nil, fmt.Errorf("prepare the run on the NATS server: %w", err)
	}
	return r, nil
}

func (c *Coordinator) storage() jetstream.StorageType {
	if c.Memory {
		return jetstream.MemoryStorage
	}
	return jetstream.FileStorage
}

// open makes the streams and stores of the run, or finds those that an earlier
// coordinator left, and announces the job.
func (r *conducting) open(ctx context.Context) error {
	var err error
	keep := func(e error) { err = errors.Join(err, e) }
	var e error
	r.jobs, e = bucket(ctx, r.js, jobsBucket, keepRun)
	keep(e)
	presence, e := bucket(ctx, r.js, presenceBucket, presenceTTL)
	keep(e)
	budgets, e := r.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: budgetBucket(r.ID), TTL: keepRun, Storage: r.storage()})
	keep(e)
	r.objects, e = r.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: objectBucket(r.ID), TTL: keepRun, Storage: r.storage()})
	keep(e)
	r.work, e = r.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: workStream(r.ID), Subjects: []string{workSubject(r.ID) + ".*"}, Retention: jetstream.WorkQueuePolicy,
		Storage: r.storage(), MaxAge: keepRun, Duplicates: keepRun,
	})
	keep(e)
	results, e := r.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: resultStream(r.ID), Subjects: []string{resultSubject(r.ID) + ".*", helloSubject(r.ID) + ".*"},
		Storage: r.storage(), MaxAge: keepRun, Duplicates: keepRun,
	})
	keep(e)
	if err != nil {
		return err
	}
	_, e = r.work.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: consumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: r.AckWait, MaxDeliver: deliveries, MaxAckPending: -1,
	})
	keep(e)
	keep(r.clock.read(ctx, budgets, "coordinator", nil))
	keep(r.recall(ctx, results))
	if err != nil {
		return err
	}
	if r.present, err = callRoll(ctx, presence); err != nil {
		return err
	}
	r.stop = append(r.stop, r.present.stop)
	if err := r.listen(ctx, results); err != nil {
		return err
	}
	return r.announce(ctx)
}

// announce gives the job to the agents.
func (r *conducting) announce(ctx context.Context) error {
	job := Job{Run: r.ID, Plan: *cmp.Or(r.Plan, r.plan), Stages: r.Stages, Access: r.Access}
	data, err := pack(&job)
	if err != nil {
		return err
	}
	if _, err := r.objects.PutBytes(ctx, jobObject, data); err != nil {
		return err
	}
	_, err = r.jobs.Put(ctx, r.ID, []byte(r.ID))
	return err
}

// recall finds what an earlier coordinator of this run had planned.
func (r *conducting) recall(ctx context.Context, results jetstream.Stream) error {
	info, err := results.Info(ctx)
	if err != nil {
		return err
	}
	r.backlog = int(info.State.Msgs)
	work, err := r.work.Info(ctx)
	if err != nil {
		return err
	}
	for seq := work.State.FirstSeq; seq > 0 && seq <= work.State.LastSeq; seq++ {
		m, err := r.work.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue // done
		}
		if err != nil {
			return err
		}
		var b Batch
		if err := json.Unmarshal(m.Data, &b); err != nil {
			return err
		}
		r.out[b.N] = out{b.First, len(b.Requests), seq}
		r.next, r.top = max(r.next, b.N+1), max(r.top, b.First+uint64(len(b.Requests)))
	}
	return nil
}

// listen takes results in, from the first one on: a stream that is read again
// after its server came back begins there, too, and what is known already counts
// once.
func (r *conducting) listen(ctx context.Context, results jetstream.Stream) error {
	listening, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = append(r.stop, cancel)
	cons, err := results.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	msgs := make(chan jetstream.Msg, 256)
	consume, err := cons.Consume(func(m jetstream.Msg) {
		select {
		case msgs <- m:
		case <-listening.Done():
		}
	})
	if err != nil {
		return err
	}
	r.stop = append(r.stop, consume.Stop)
	for range 4 {
		go func() {
			for {
				select {
				case <-listening.Done():
					return
				case m := <-msgs:
					select {
					case r.arrived <- r.read(listening, m):
					case <-listening.Done():
						return
					}
				}
			}
		}()
	}
	return nil
}

// read decodes a message and fetches its chunk. What the server answers late, it
// is asked for again.
func (r *conducting) read(ctx context.Context, m jetstream.Msg) (a arrival) {
	if len(m.Subject()) > len(helloSubject(r.ID)) && m.Subject()[:len(helloSubject(r.ID))] == helloSubject(r.ID) {
		a.hello = &Hello{}
		a.err = json.Unmarshal(m.Data(), a.hello)
		return a
	}
	a.result = &Result{}
	if a.err = json.Unmarshal(m.Data(), a.result); a.err != nil {
		return a
	}
	for n := 0; ; n++ {
		var data []byte
		if data, a.err = r.objects.GetBytes(ctx, a.result.Chunk); a.err == nil {
			a.err = unpack(data, &a.rows)
			return a
		}
		if n == 20 || ctx.Err() != nil {
			return a
		}
		_ = probe.Sleep(ctx, 250*time.Millisecond) // its error is ctx's, and seen above
	}
}

// size is how many requests a batch has.
func (r *conducting) size() int {
	if r.Size > 0 {
		return r.Size
	}
	return max(1, min(int(r.plan.Rate/4), maxBatch))
}

// window is how many batches may be out.
func (r *conducting) window() int {
	return 2*max(1, r.present.count()) + 2 + int(ahead.Seconds()*r.plan.Rate)/r.size()
}

// loop plans, and takes in what comes back, until everything planned is accounted
// for.
func (r *conducting) loop(ctx context.Context, yield func(probe.Observation, error) bool) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	interrupt := ctx.Done()
	var overtime <-chan time.Time
	for {
		if r.withdrawn && !r.purged {
			r.ended, r.purged = true, true
			r.withdraw(context.WithoutCancel(ctx))
		}
		if r.ready() {
			if err := r.publish(ctx); err != nil {
				return err
			}
		}
		if r.ended && len(r.out) == 0 && r.backlog == 0 {
			r.release(yield, true)
			return nil
		}
		select {
		case a := <-r.arrived:
			if !r.take(&a, yield) {
				return nil
			}
		case <-tick.C:
			if err := r.look(); err != nil {
				return err
			}
			if !r.release(yield, false) { // what waited for a batch that was given up
				return nil
			}
		case <-interrupt:
			interrupt, overtime = nil, time.After(grace)
			r.ended = true
			r.withdrawn = true
		case <-overtime:
			r.giveUp()
		}
	}
}

// ready tells whether the plan may be gone on with, and brings the planner to
// where an earlier coordinator stopped.
func (r *conducting) ready() bool {
	if r.ended || r.backlog > 0 || len(r.out) >= r.window() || len(r.held) >= mostHeld {
		return false
	}
	if !r.started {
		r.started, r.heard = true, time.Now()
		if s, ok := r.planner.(Resumer); ok && r.top > 0 {
			s.Skip(r.top)
		}
		// What is neither out nor reported was lost with the server's memory.
		known := r.covered
		for _, o := range r.out {
			known += uint64(o.n)
		}
		r.lost += int(r.top - min(r.top, known))
		r.seq = r.top
	}
	return r.next > 0 || r.present.count() >= max(1, r.WaitAgents)
}

// publish hands out as many batches as may be out.
func (r *conducting) publish(ctx context.Context) error {
	for !r.ended && len(r.out) < r.window() && len(r.held) < mostHeld {
		b := Batch{N: r.next, First: r.seq}
		for len(b.Requests) < r.size() {
			c, ok := r.planner.Next(time.Now(), r.seq+uint64(len(b.Requests)))
			if !ok {
				r.ended = true
				break
			}
			b.Requests = append(b.Requests, Request{Target: c.Target, Scenario: c.Scenario, Among: c.Among, Scale: c.RateScale})
		}
		if len(b.Requests) == 0 {
			return nil
		}
		stream, err := r.put(ctx, &b)
		if errors.Is(err, errNotStored) {
			r.lost += len(b.Requests)
			r.end(err.Error())
			return nil
		}
		if err != nil {
			return err
		}
		r.out[b.N] = out{b.First, len(b.Requests), stream}
		r.next++
		r.seq += uint64(len(b.Requests))
		r.progress = time.Now()
	}
	return nil
}

// errNotStored: a server that is gone comes back, mostly, and one that has lost the
// stream of a run does not get it back.
var errNotStored = errors.New("the NATS server takes no more work")

// put publishes a batch under an id of its own: asking again after an answer that
// never came adds none.
func (r *conducting) put(ctx context.Context, b *Batch) (uint64, error) {
	data, err := json.Marshal(b)
	if err != nil {
		return 0, err
	}
	id := r.ID + "." + strconv.Itoa(b.N)
	within, cancel := context.WithTimeout(ctx, 2*r.Patience)
	defer cancel()
	ack, err := publish(within, r.js, workSubject(r.ID)+"."+strconv.Itoa(b.N), data, id)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return 0, errNotStored
	}
	if err != nil {
		return 0, fmt.Errorf("hand out batch %d: %w", b.N, err)
	}
	return ack.Sequence, nil
}

// publish asks until the server has stored a message, or ctx ends. What has been
// stored under an id is not stored again.
func publish(ctx context.Context, js jetstream.JetStream, subject string, data []byte, id string) (*jetstream.PubAck, error) {
	for {
		within, cancel := context.WithTimeout(ctx, 3*time.Second)
		ack, err := js.Publish(within, subject, data, jetstream.WithMsgID(id))
		cancel()
		if err == nil {
			return ack, nil
		}
		var api *jetstream.APIError
		if errors.As(err, &api) && api.Code == 400 || errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, nats.ErrConnectionClosed) {
			return nil, err
		}
		if probe.Sleep(ctx, 200*time.Millisecond) != nil {
			return nil, err
		}
	}
}

// take takes a message in: each batch once, whoever reports it how often.
func (r *conducting) take(a *arrival, yield func(probe.Observation, error) bool) bool {
	r.backlog = max(0, r.backlog-1)
	switch {
	case a.err != nil && a.result == nil:
		return true // not ours
	case a.hello != nil:
		r.greet(a.hello)
		return true
	case r.done[a.result.Batch]:
		return true
	case a.err != nil:
		return true // its chunk cannot be read: the batch counts as lost in the end
	}
	res := a.result
	o, isOut := r.out[res.Batch]
	if !isOut {
		if r.started {
			return true // given up, and counted as lost
		}
		o = out{first: res.First, n: res.Planned}
	}
	r.done[res.Batch] = true
	delete(r.out, res.Batch)
	r.next, r.top = max(r.next, res.Batch+1), max(r.top, o.first+uint64(o.n))
	r.covered += uint64(o.n)
	r.progress = time.Now()
	r.heard = r.progress
	rows := r.own(a.rows, o)
	r.lost += o.n - len(rows)
	Add(r.counts, res.Counts)
	if r.InOrder {
		r.held[res.Batch] = rows
		return r.release(yield, false)
	}
	return give(rows, yield)
}

// own keeps the rows that belong to a batch, each once, in the order of the plan,
// on the own clock.
func (r *conducting) own(rows []probe.Observation, o out) []probe.Observation {
	slices.SortStableFunc(rows, func(a, b probe.Observation) int { return int(int64(a.Seq) - int64(b.Seq)) })
	kept := rows[:0]
	for _, row := range rows {
		if row.Seq < o.first || row.Seq >= o.first+uint64(o.n) || len(kept) > 0 && kept[len(kept)-1].Seq == row.Seq {
			continue
		}
		row.Due = r.clock.Local(row.Due).UTC()
		kept = append(kept, row)
	}
	return kept
}

func give(rows []probe.Observation, yield func(probe.Observation, error) bool) bool {
	for i := range rows {
		if !yield(rows[i], nil) {
			return false
		}
	}
	return true
}

// release yields the batches whose turn has come; all that there are, at the end.
func (r *conducting) release(yield func(probe.Observation, error) bool, all bool) bool {
	for len(r.held) > 0 {
		rows, there := r.held[r.fold]
		if _, waits := r.out[r.fold]; !there && !all && (waits || r.backlog > 0) {
			return true
		}
		delete(r.held, r.fold)
		r.fold++
		if !give(rows, yield) {
			return false
		}
	}
	return true
}

func (r *conducting) greet(h *Hello) {
	if h.Refused != "" {
		r.refusals[h.Instance] = h.Vantage.Name + ": " + h.Refused
		return
	}
	v := r.vantages[h.Vantage.Name]
	v.Name, v.Region = h.Vantage.Name, h.Vantage.Region
	if v.Resolved == nil {
		v.Resolved = map[string][]string{}
	}
	// Two agents of one name are one vantage point.
	for host, addrs := range h.Vantage.Resolved {
		all := append(slices.Clone(v.Resolved[host]), addrs...)
		slices.Sort(all)
		v.Resolved[host] = slices.Compact(all)
	}
	r.vantages[v.Name] = v
}

// look tells how the run stands, and gives up what nobody will report.
func (r *conducting) look() error {
	agents, waiting := r.present.count(), 0
	for _, o := range r.out {
		waiting += o.n
	}
	if r.Status != nil {
		counted := 0
		for _, n := range r.counts {
			counted += n
		}
		r.Status(Status{Agents: agents, Out: waiting, Lost: r.lost, Counted: counted})
	}
	idle := time.Since(r.progress)
	switch {
	case agents > 0 && len(r.refusals) >= agents && len(r.done) == 0 && idle > 2*time.Second:
		return fmt.Errorf("every agent refuses the plan: %s", r.refusals[slices.Sorted(maps.Keys(r.refusals))[0]])
	case len(r.out)+r.backlog > 0 && agents > 0 && idle > r.Patience:
		r.giveUp()
		if silent := time.Since(r.heard); silent > 2*r.Patience {
			r.end(fmt.Sprintf("none of the agents present (%d) reported anything for %s", agents, silent.Round(time.Second)))
		}
	case agents > 0 && !r.started && r.backlog == 0 && idle > allGone:
		r.end(fmt.Sprintf("%d of the %d agents that it waits for came within %s", agents, r.WaitAgents, allGone))
	case agents == 0 && idle > allGone:
		r.end(fmt.Sprintf("no agent is present since %s", idle.Round(time.Second)))
	}
	return nil
}

// end ends the run with what came.
func (r *conducting) end(why string) {
	r.ended = true
	if r.cut == "" && !r.withdrawn {
		r.cut = why
	}
	r.giveUp()
}

// giveUp counts what is out as lost.
func (r *conducting) giveUp() {
	for n, o := range r.out {
		r.lost += o.n
		delete(r.out, n)
	}
	r.backlog = 0
}

// withdraw takes back the batches that no agent was given. Taking them back moves the
// server's own mark of what was delivered beyond them, so that it is read before; how many
// more were delivered meanwhile is told by the count of deliveries.
func (r *conducting) withdraw(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	cons, err := r.work.Consumer(within, consumer)
	if err != nil {
		return // they will be reported like the others
	}
	before := cons.CachedInfo().Delivered
	if err := r.work.Purge(within); err != nil {
		return
	}
	after, err := cons.Info(within)
	if err != nil {
		return
	}
	given := before.Stream + after.Delivered.Consumer - before.Consumer
	for n, o := range r.out {
		if o.stream > given {
			delete(r.out, n)
		}
	}
}

// remove removes what the run kept on the server.
func (r *conducting) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_ = r.jobs.Delete(ctx, r.ID) // what stays behind goes by itself after a day
	r.close()
	_ = r.js.DeleteStream(ctx, workStream(r.ID))
	_ = r.js.DeleteStream(ctx, resultStream(r.ID))
	_ = r.js.DeleteKeyValue(ctx, budgetBucket(r.ID))
	_ = r.js.DeleteObjectStore(ctx, objectBucket(r.ID))
}

func (r *conducting) close() {
	for _, stop := range slices.Backward(r.stop) {
		stop()
	}
	r.stop = nil
}
