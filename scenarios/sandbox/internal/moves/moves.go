// Package moves makes the answers of the embedded gateway's backends move by
// themselves, as those of real applications do: pods, clocks, walks, lists,
// headers and encodings, each drawn from a seed. All of it is healthy. Beside
// it stands the one real difference by which a canary or a stage answers
// otherwise ([Difference]).
//
// A move follows from the seed, the backend, its kind and place in the list,
// the number of the request to the backend, and, where it is a clock, the time.
package moves

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// Spec is one move of a backend as a world gives it. What is left out is drawn
// from the seed.
type Spec struct {
	Kind   string   `yaml:"kind"`   // one of [Kinds]
	Name   string   `yaml:"name"`   // path of the field ("stats/took"), or the header
	Of     int      `yaml:"of"`     // how many values, or how many there are to pick from
	Share  float64  `yaml:"share"`  // of answers that have it, or have the rarer value; 0 to 1
	From   float64  `yaml:"from"`   // where a number begins
	By     float64  `yaml:"by"`     // step of a walk, in the number's own unit
	Every  int      `yaml:"every"`  // requests between two ticks, or between two steps of a walk
	Values []string `yaml:"values"` // in place of the drawn ones
}

// UnmarshalYAML reads a move given by its kind alone ("pod"), or with
// parameters ("{kind: pod, of: 3}").
func (s *Spec) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&s.Kind) == nil {
		return nil
	}
	type plain Spec
	return unmarshal((*plain)(s))
}

// Request is what an answer may depend on.
type Request struct {
	Stage  string
	Canary bool
	Now    time.Time
}

// Mover is a backend's movement. It is safe for concurrent use.
type Mover struct {
	seed   uint64
	format string
	steps  []step
	names  []string // what the draws of a step follow from
	differ []differ

	mu    sync.Mutex
	n     int // requests so far
	start time.Time
}

// step moves one answer.
type step func(t *turn)

// turn is one answer on its way.
type turn struct {
	n          int // number of the request to this backend, from 0
	now, start time.Time
	rng        *rand.Rand // of this request and step
	a          *answer
	last       []func(*Answer) // on the finished body: encodings, ETag
}

// Plan is what moves and differs in a backend.
type Plan struct {
	Backend string // its name: two backends with the same moves move apart
	Format  string // of bodies that are JSON objects: one of [Formats]; "" is json
	Moves   []Spec
	Differs []Difference
}

// Empty tells whether the plan leaves answers as they are.
func (p *Plan) Empty() bool { return p.Format == "" && len(p.Moves)+len(p.Differs) == 0 }

// New draws the parameters of a plan from a seed. The plan must have passed
// [Plan.Check].
func New(p Plan, seed uint64, start time.Time) *Mover {
	m := &Mover{seed: mix(seed, p.Backend), format: p.Format, start: start}
	for i, s := range p.Moves {
		name := fmt.Sprint(s.Kind, "#", i)
		k := kinds[s.Kind]
		m.steps = append(m.steps, k.make(&draw{Spec: s, rng: source(m.seed, name, -1), start: start}))
		m.names = append(m.names, name)
	}
	for i, d := range p.Differs {
		m.differ = append(m.differ, newDiffer(d, source(m.seed, fmt.Sprint(d.Kind, "/", i), -1)))
	}
	return m
}

// Answer moves one answer: status, headers and body as the backend's template
// gives them.
func (m *Mover) Answer(r Request, status int, headers []Header, body string) Answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &turn{n: m.n, now: r.Now, start: m.start, a: newAnswer(m.format, status, headers, body)}
	m.n++
	for i := range m.differ {
		d := &m.differ[i]
		t.rng = source(m.seed, fmt.Sprint(d.Kind, "/", i), t.n)
		d.apply(t, d.side(r))
	}
	for i, step := range m.steps {
		t.rng = source(m.seed, m.names[i], t.n)
		step(t)
	}
	return t.finish()
}

func (t *turn) finish() Answer {
	out := t.a.render()
	if t.a.final != nil {
		t.a.final(&out)
	}
	for _, f := range t.last {
		f(&out)
	}
	return out
}

// mix is a seed that follows from another and a name.
func mix(seed uint64, name string) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, seed, "\x00", name)
	return h.Sum64()
}

// source is the stream of draws of one step for the n-th request; -1 is for
// its parameters.
func source(seed uint64, name string, n int) *rand.Rand {
	return rand.New(rand.NewPCG(mix(seed, name), uint64(n)))
}
