package simulate

import (
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// Layer is one part of a world: a gateway's draw, a backend's habit, a log's
// defect. It makes the state of one run and returns what it does to each row in
// the order of sending. Layers apply in order; of several habits the first that
// deviates prevails.
type Layer func() Step

// Step applies a layer to one row.
type Step func(*Row, *rand.Rand)

// World is one truth. The zero value of every number stands for its default.
type World struct {
	Name string
	// Causes are the true causes under their names in the report, the most
	// important one first; none for a gateway whose answers are consistent.
	Causes []string
	// Percent is the configured percentage of the canary, 0 to 100.
	Percent float64
	Layers  []Layer

	// Allowed are causes that may be found beside the true ones.
	Allowed []string
	// Looks says what a behaviour's answers look like; Other by default.
	Looks map[int]Look
	// Config changes the configuration that can be read, in order.
	Config []Configure

	// AnyOf are causes of which one must be found.
	AnyOf []string
	// Otherwise is how much more often the canary's answers differ than those of
	// the stage's own deployment, 0 to 1; below what a report excludes, "it answers
	// as the stage does" is no mistake.
	Otherwise float64
	// Moves are fields that move by themselves.
	Moves []Move
	// Events are changes of the configuration during the run.
	Events []Event
	// Stages are the names of the stages by Row.Stage; prod and dev by default.
	Stages []string
	// Lagging: log entries take their time, and a label counts only once both sides
	// would be known by now.
	Lagging bool
	// Grouped: the side is told by the log group that a record came from, not by a
	// field of the access log.
	Grouped bool
	// Unread: no log can be read.
	Unread bool
	// Requests is how many are sent in all; 0 for Budget per address.
	Requests int

	// unproven: what is true was not observed, and only a share or an order fits.
	unproven bool
	noise    uint64 // from which what moves is drawn
	comes    int    // request at which what is true begins, where it comes late

	Scenarios   int     // 1
	Targets     int     // 1
	Connections int     // 8
	Addresses   int     // 4
	Machines    int     // 1
	Rate        float64 // requests per second, 20
}

// Design defaults.
const (
	defaultConnections = 4
	defaultAddresses   = 4
	defaultRate        = 20
	addressesPerPop    = 2
	freshShare         = 1. / 8 // of requests that open a new connection
)

// Configured is the canary's percentage as a share.
func (w World) Configured() float64 { return w.Percent / 100 }

// Rows plays the world once. The sequence does not end; every factor is drawn
// per request, independently of the others.
func (w World) Rows(rng *rand.Rand) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		d := w.design()
		for yield(d.play(rng)) {
		}
	}
}

// play draws the next request and answers it.
func (d *design) play(rng *rand.Rand) Row {
	row := d.next(rng)
	for _, step := range d.steps {
		step(&row, rng)
	}
	return row
}

// Take is the first n rows of one play.
func (w World) Take(n int, rng *rand.Rand) []Row {
	rows := make([]Row, 0, n)
	for row := range w.Rows(rng) {
		if len(rows) == n {
			break
		}
		rows = append(rows, row)
	}
	return rows
}

// design draws the covariates of a run.
type design struct {
	World
	index   int
	seq     []int
	conns   []connection
	last    int // id of the newest connection
	steps   []Step
	sent    []int // per target and scenario
	among   probe.Among
	advised []cause.Cell // where the last look said that requests decide most
}

// connection is one slot of the pool.
type connection struct{ id, used, address int }

func (w World) design() *design {
	w.Scenarios = max(w.Scenarios, 1)
	w.Machines = max(w.Machines, 1)
	w.Targets = max(w.Targets, 1)
	if w.Connections == 0 {
		w.Connections = defaultConnections
	}
	if w.Addresses == 0 {
		w.Addresses = defaultAddresses
	}
	if w.Rate == 0 {
		w.Rate = defaultRate
	}
	if len(w.Stages) == 0 {
		w.Stages = []string{"prod", "dev"}
	}
	d := &design{World: w, seq: make([]int, w.Machines), conns: make([]connection, w.Connections), sent: make([]int, w.Targets*w.Scenarios)}
	for _, layer := range w.Layers {
		d.steps = append(d.steps, layer())
	}
	return d
}

func (d *design) next(rng *rand.Rand) Row {
	machine := d.index % d.Machines
	c, fresh := d.connect(rng)
	row := Row{
		Index: d.index, Machine: machine, Seq: d.seq[machine],
		At:       time.Duration(float64(d.index) / d.Rate * float64(time.Second)),
		Scenario: rng.IntN(d.Scenarios),
		Conn:     c.id, ConnN: c.used, Fresh: fresh,
		Address: c.address, Pop: c.address / addressesPerPop,
	}
	row.Target, row.Scenario = d.choose(rng)
	row.Among = d.among
	d.index++
	d.seq[machine]++
	return row
}

// choose draws a scenario and then evenly one of the addresses, as the command
// does: first what calibrates each of them, then where the last look said that
// requests decide most.
func (d *design) choose(rng *rand.Rand) (target, scenario int) {
	if d.Targets == 1 && d.Scenarios == 1 {
		return 0, 0
	}
	weight := func(int) float64 { return 1 }
	switch advised := rng.Float64() >= uniform; {
	case slices.Min(d.sent) < calibrating:
		weight = func(i int) float64 { return float64(bit(d.sent[i] < calibrating)) }
	case advised && len(d.advised) > 0:
		weights := make([]float64, len(d.sent))
		for _, c := range d.advised {
			if c.Scenario < d.Scenarios {
				weights[c.Target*d.Scenarios+c.Scenario] = c.Weight
			}
		}
		weight = func(i int) float64 { return weights[i] }
	}
	scenarios, total := make([]float64, d.Scenarios), 0.
	for i := range d.sent {
		scenarios[i%d.Scenarios] += weight(i)
		total += weight(i)
	}
	at := rng.Float64() * total
	for scenario = 0; scenario < d.Scenarios-1 && (at >= scenarios[scenario] || scenarios[scenario] == 0); scenario++ {
		at -= scenarios[scenario]
	}
	var live []int
	for t := range d.Targets {
		if weight(t*d.Scenarios+scenario) > 0 {
			live = append(live, t)
		}
	}
	if len(live) == 0 {
		live = append(live, rng.IntN(d.Targets))
	}
	target = live[rng.IntN(len(live))]
	d.among = 0
	for _, t := range live {
		d.among = d.among.With(t)
	}
	d.sent[target*d.Scenarios+scenario]++
	return target, scenario
}

// uniform is the share of requests that go anywhere at all.
const uniform = .1

// connect draws a slot, and whether it dials anew.
func (d *design) connect(rng *rand.Rand) (connection, bool) {
	c := &d.conns[rng.IntN(len(d.conns))]
	fresh := c.used == 0 || rng.Float64() < freshShare
	if fresh {
		d.last++
		*c = connection{id: d.last, address: rng.IntN(d.Addresses)}
	}
	c.used++
	return *c, fresh
}
