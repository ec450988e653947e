package analyze

import (
	"cmp"
	"math/rand/v2"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// calibration is how many answers each scenario gets on each target before
// anything is preferred.
const calibration = 9

// uniform is the share of requests that go anywhere at all, so that a cell
// which looked settled is still watched.
const uniform = 0.1

// planner draws which target and scenario the next request goes to.
type planner struct {
	plan    *probe.Plan
	rng     *rand.Rand
	cells   []cell
	sent    []int  // per target, scenarios with a limit not counted
	limit   []int  // per target: the budget
	settled []bool // per target: nothing more is asked of it for now
	next    []cause.Cell
	halted  bool
	paused  chan struct{} // closed when it is over; nil where none is
	flying  int           // given out, and not come back
	// Memory of one draw.
	scenarios []float64
	live      []int
	// persists: a target is not given up that refuses everything.
	persists bool
	backoff  backoff
}

// cell is one scenario on one target.
type cell struct {
	target, scenario int
	weight           float64
	limit            int // 0 for none
	sent, seen       int
	changed          bool // shows the difference that a wait is for
}

// cellAt names a scenario on a target, by index.
type cellAt struct{ target, scenario int }

func newPlanner(plan *probe.Plan) planner {
	p := planner{
		plan: plan, rng: rand.New(rand.NewPCG(plan.Seed, 0x706c616e)),
		sent: make([]int, len(plan.Targets)), limit: make([]int, len(plan.Targets)), settled: make([]bool, len(plan.Targets)), backoff: newBackoff(plan),
		scenarios: make([]float64, len(plan.Scenarios)),
	}
	for t := range plan.Targets {
		p.limit[t] = plan.Requests
		for s := range plan.Scenarios {
			sc := &plan.Scenarios[s]
			if !sc.For(plan.Targets[t].ID) {
				continue
			}
			p.cells = append(p.cells, cell{target: t, scenario: s, weight: cmp.Or(sc.Weight, 1), limit: sc.Limit})
		}
	}
	return p
}

// Next draws the next request: first the confirmations and every scenario's
// calibration, in random order, then where the last verdict said that a request
// decides most.
func (s *Session) Next(_ time.Time, _ uint64) (probe.Choice, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.planner.paused != nil {
		return probe.Choice{Idle: s.planner.paused}, true
	}
	c, ok := s.planner.choose()
	if ok {
		c.RateScale = s.planner.backoff.next(s.plan.Rate)
		s.planner.flying++
	}
	return c, ok
}

// Skip draws n requests that were planned before, by a coordinator that is no more.
func (s *Session) Skip(n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		if _, ok := s.planner.choose(); !ok {
			return
		}
	}
}

func (p *planner) choose() (probe.Choice, bool) {
	i, among := p.draw()
	if i < 0 {
		return probe.Choice{}, false
	}
	c := &p.cells[i]
	c.sent++
	if c.limit == 0 {
		p.sent[c.target]++
	}
	return probe.Choice{Target: c.target, Scenario: c.scenario, Among: among}, true
}

// Halt makes Next say that nothing more is to be sent.
func (s *Session) Halt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planner.halted = true
	s.planner.resume()
}

// End looks, once there are enough answers for it, whether every question is decided,
// and tells whether the run is over. While requests are on their way it is not: Next has
// nothing to give until the last of them is there, for what they say may open a question
// again, and is then looked at. What was given to agents may be lost, and with agents set
// is not waited for.
func (s *Session) End(enough, agents bool, decided func() bool) (over bool) {
	p := &s.planner
	s.mu.Lock()
	if p.paused != nil {
		enough = p.flying == 0
	}
	s.mu.Unlock()
	if !enough {
		return false
	}
	is := decided()
	s.mu.Lock()
	defer s.mu.Unlock()
	if is && p.flying > 0 && !agents {
		if p.paused == nil {
			p.paused = make(chan struct{})
		}
		return false
	}
	p.halted = p.halted || is
	p.resume()
	return is
}

func (p *planner) resume() {
	if p.paused != nil {
		close(p.paused)
		p.paused = nil
	}
}

// draw chooses a scenario, by whatever has been learnt, and then evenly among the
// targets that are worth it: which of them a request goes to is drawn as evenly as
// a coin between any two, and that is what the comparison of two targets rests on
// (behaviour 6).
func (p *planner) draw() (at int, among probe.Among) {
	if p.halted {
		return -1, 0
	}
	kinds := []func(*cell) float64{p.confirming, p.beginning, p.advised, p.weighted}
	if !p.persists && len(p.next) == 0 || p.plan.Fixed || p.rng.Float64() < uniform {
		kinds[2] = p.weighted
	} else if p.persists {
		kinds[2] = p.watched
	}
	for _, weight := range kinds {
		if i, among := p.pick(weight); i >= 0 {
			return i, among
		}
	}
	return -1, 0
}

// pick draws a scenario in proportion to what its cells weigh together, and one of
// those cells, each alike; -1 where all weights are 0.
func (p *planner) pick(weight func(*cell) float64) (at int, among probe.Among) {
	total := 0.0
	clear(p.scenarios)
	for i := range p.cells {
		w := weight(&p.cells[i])
		total += w
		p.scenarios[p.cells[i].scenario] += w
	}
	if total <= 0 {
		return -1, 0
	}
	scenario, left := -1, p.rng.Float64()*total
	for s, w := range p.scenarios {
		if w <= 0 {
			continue
		}
		scenario = s
		if left -= w; left < 0 {
			break
		}
	}
	p.live = p.live[:0]
	for i := range p.cells {
		if c := &p.cells[i]; c.scenario == scenario && weight(c) > 0 {
			p.live = append(p.live, i)
			among = among.With(c.target)
		}
	}
	return p.live[p.rng.IntN(len(p.live))], among
}

// limited tells whether a cell is asked a few times alone. What confirms that an edit
// is not served is asked to the end of a wait: it changes with the deployment.
func (p *planner) limited(c *cell) bool { return c.limit > 0 && !p.persists }

func (p *planner) confirming(c *cell) float64 {
	if c.limit == 0 || c.sent >= c.limit || p.sent[c.target] >= p.limit[c.target] && p.limit[c.target] == 0 {
		return 0
	}
	return 1
}

// beginning asks for the calibration of each scenario: so many answers of each
// target on the whole.
func (p *planner) beginning(c *cell) float64 {
	if p.limited(c) || p.spent(c) || c.sent >= calibration {
		return 0
	}
	return 1
}

func (p *planner) advised(c *cell) float64 {
	if p.limited(c) || p.spent(c) {
		return 0
	}
	for _, n := range p.next {
		if n.Target == c.target && n.Scenario == c.scenario {
			return n.Weight
		}
	}
	return 0
}

// watched asks, while a deployment is waited for, what has shown a difference.
func (p *planner) watched(c *cell) float64 {
	if !c.changed {
		return 0
	}
	return p.weighted(c)
}

// watch lets scenarios be asked most that show the difference waited for; where
// none does, all are asked alike.
func (p *planner) watch(changed map[cellAt]bool) {
	for i := range p.cells {
		c := &p.cells[i]
		c.changed = changed[cellAt{c.target, c.scenario}]
	}
}

func (p *planner) weighted(c *cell) float64 {
	if p.limited(c) || p.spent(c) {
		return 0
	}
	return c.weight
}

// end asks a target no more, whatever else is seen.
func (p *planner) end(target int) { p.limit[target] = min(p.limit[target], p.sent[target]) }

// settle asks these targets no more, as long as what was asked of them is decided: what
// the others answer later may open it again.
func (p *planner) settle(targets []int) {
	clear(p.settled)
	for _, t := range targets {
		p.settled[t] = true
	}
}

func (p *planner) spent(c *cell) bool {
	return p.settled[c.target] || p.sent[c.target] >= p.limit[c.target]
}

// Persist lets the run go on where every request is refused: a wait is for what
// will be.
func (s *Session) Persist() { s.mu.Lock(); s.planner.persists = true; s.mu.Unlock() }

func (p *planner) advise(next []cause.Cell) { p.next = next }

// left is how many requests the budget still allows, over all targets.
func (p *planner) left() int {
	n := 0
	for t := range p.limit {
		if !p.settled[t] {
			n += max(0, p.limit[t]-p.sent[t])
		}
	}
	return n
}
