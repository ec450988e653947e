package simulate

import (
	"iter"
	"math/rand/v2"
	"time"
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

	comes int // request at which what is true begins, where it comes late

	Scenarios   int     // 1
	Targets     int     // 1
	Connections int     // 8
	Addresses   int     // 4
	Machines    int     // 1
	Rate        float64 // requests per second, 20
}

// Design defaults.
const (
	defaultConnections = 8
	defaultAddresses   = 4
	defaultRate        = 20
	addressesPerPop    = 2
	freshShare         = .2 // of requests that open a new connection
)

// Configured is the canary's percentage as a share.
func (w World) Configured() float64 { return w.Percent / 100 }

// Rows plays the world once. The sequence does not end; every factor is drawn
// per request, independently of the others.
func (w World) Rows(rng *rand.Rand) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		steps := make([]Step, len(w.Layers))
		for i, layer := range w.Layers {
			steps[i] = layer()
		}
		d := w.design()
		for {
			row := d.next(rng)
			for _, step := range steps {
				step(&row, rng)
			}
			if !yield(row) {
				return
			}
		}
	}
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
	index int
	seq   []int
	conns []connection
	last  int // id of the newest connection
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
	return &design{World: w, seq: make([]int, w.Machines), conns: make([]connection, w.Connections)}
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
	if d.Targets > 1 {
		row.Target = rng.IntN(d.Targets)
	}
	d.index++
	d.seq[machine]++
	return row
}

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
