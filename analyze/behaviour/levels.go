package behaviour

import (
	"slices"
	"sort"

	"stageprobe/analyze/stat"
)

// LevelDraws are draws of a factor of many levels, in the order in which they were drawn.
// The zero value has none. They are for one table, until it is compacted.
type LevelDraws struct {
	rows []int   // the row of each
	of   []int   // its level
	own  [][]int // per level, its draws

	// What was counted of the first draws.
	scenario []int       // of each
	at       [][]int     // per scenario, its draws
	places   [][][]int   // per level and scenario, the places of its draws among those of the scenario
	sums     map[int]int // per row, how often it was drawn
	known    [][]stat.Grown
}

// Add takes in the row of the next draw, and its level, from 0.
func (d *LevelDraws) Add(row, level int) {
	for len(d.own) <= level {
		d.own = append(d.own, nil)
	}
	d.own[level] = append(d.own[level], len(d.rows))
	d.rows, d.of = append(d.rows, row), append(d.of, level)
}

// Len is the number of draws.
func (d *LevelDraws) Len() int { return len(d.rows) }

// Own are the draws of a level, in order.
func (d *LevelDraws) Own(level int) []int { return d.own[level] }

// Cut keeps the first n draws.
func (d *LevelDraws) Cut(n int) {
	for i := len(d.rows) - 1; i >= n; i-- {
		own := &d.own[d.of[i]]
		*own = (*own)[:len(*own)-1]
		if i < len(d.scenario) {
			at := &d.at[d.scenario[i]]
			*at = (*at)[:len(*at)-1]
			places := &d.places[d.of[i]][d.scenario[i]]
			*places = (*places)[:len(*places)-1]
			d.sums[d.rows[i]]--
			d.known = nil
		}
	}
	for k := len(d.own); k > 0 && len(d.own[k-1]) == 0; k-- {
		d.own = d.own[:k-1]
	}
	counted := min(n, len(d.scenario))
	d.rows, d.of, d.scenario = d.rows[:n], d.of[:n], d.scenario[:counted]
}

// count takes in the draws that came since.
func (d *LevelDraws) count(t *Table) {
	if d.at == nil {
		d.at, d.sums = make([][]int, len(t.scenarios)), map[int]int{}
	}
	for len(d.places) < len(d.own) {
		d.places = append(d.places, make([][]int, len(t.scenarios)))
	}
	for len(d.known) < len(d.own) {
		d.known = append(d.known, make([]stat.Grown, len(t.scenarios)+1)) // the last: of all
	}
	for i := len(d.scenario); i < len(d.rows); i++ {
		n := d.rows[i]
		sc := int(t.rows[n].scenario)
		d.scenario = append(d.scenario, sc)
		places := &d.places[d.of[i]][sc]
		*places = append(*places, len(d.at[sc]))
		d.at[sc] = append(d.at[sc], i)
		d.sums[n]++
	}
}

// LevelQuestion holds one level of a factor against all others, in a part of the draws.
// The share of the level is estimated.
type LevelQuestion struct {
	Level    int
	From, To int // positions in the draws
	Weight   float64
}

// LinkLevels asks a question of every level; the answers are those that [Table.Link] gives
// to each. Every draw is counted once, and each level's own are then told apart.
func (t *Table) LinkLevels(draws *LevelDraws, questions []LevelQuestion) []*Link {
	c := newLevelCount(t, draws)
	out := make([]*Link, len(questions))
	for i := range questions {
		lq := &questions[i]
		tallies, whole := c.count(t, lq)
		on, n := 0, 0
		for _, x := range tallies {
			if x != nil {
				on, n = on+x.total.On, n+x.total.N()
			}
		}
		q := &Question{P: float64(on) / float64(max(1, n)), Weight: lq.Weight}
		out[i] = t.answer(q, tallies, whole, c.weights)
	}
	return out
}

// levelCount counts draws of a factor for one level after the other.
type levelCount struct {
	draws *LevelDraws
	all   []*tally // every draw, as Off
	of    []*tally // the memory of one level's

	delta []stat.Count // per row; all zero between uses
	rows  []int        // of delta, those that are not

	asked   []bool // the scenarios of the last count
	weights *weights
}

func newLevelCount(t *Table, draws *LevelDraws) *levelCount {
	draws.count(t)
	n := len(t.scenarios)
	c := &levelCount{draws: draws, all: make([]*tally, n), of: make([]*tally, n), delta: make([]stat.Count, len(t.rows))}
	for row, n := range draws.sums {
		c.plus(row, stat.Count{Off: n})
	}
	for sc := range draws.at {
		if len(draws.at[sc]) > 0 {
			c.all[sc], c.of[sc] = newTally(t.scenarios[sc]), newTally(t.scenarios[sc])
		}
	}
	c.into(t, c.all)
	return c
}

// plus adds to what is to be counted of a row.
func (c *levelCount) plus(row int, n stat.Count) {
	if c.delta[row] == (stat.Count{}) {
		c.rows = append(c.rows, row)
	}
	plus(&c.delta[row], n)
}

// into counts what was added.
func (c *levelCount) into(t *Table, tallies []*tally) {
	for _, n := range c.rows {
		r := &t.rows[n]
		if c.delta[n] != (stat.Count{}) {
			tallies[r.scenario].add(r, c.delta[n])
			c.delta[n] = stat.Count{}
		}
	}
	c.rows = c.rows[:0]
}

// count fills the tallies for one level, one per scenario that was drawn. They hold until
// the next count.
func (c *levelCount) count(t *Table, q *LevelQuestion) (tallies []*tally, whole float64) {
	d := c.draws
	outside := q.From + d.Len() - q.To
	if inside := q.To - q.From; inside < outside {
		for _, x := range c.of {
			x.set(nil)
		}
		for _, n := range d.rows[q.From:q.To] {
			c.plus(n, stat.Count{Off: 1})
		}
	} else {
		for i, x := range c.of {
			x.set(c.all[i])
		}
		for _, part := range [][]int{d.rows[:q.From], d.rows[q.To:]} {
			for _, n := range part {
				c.plus(n, stat.Count{Off: -1})
			}
		}
	}
	var own []int
	if q.Level < len(d.own) {
		own = within(d.own[q.Level], q.From, q.To)
	}
	for _, i := range own {
		c.plus(d.rows[i], stat.Count{On: 1, Off: -1})
	}
	c.into(t, c.of)
	tallies = make([]*tally, len(c.of))
	asked := make([]bool, len(c.of))
	scenarios := 0
	for sc, x := range c.of {
		if x == nil || x.total == (stat.Count{}) {
			continue
		}
		tallies[sc], asked[sc] = x, true
		scenarios++
		if len(own) > 0 {
			first := sort.SearchInts(d.at[sc], q.From)
			n := x.total.N()
			x.logD = t.sparse.LogD(&d.known[q.Level][sc], first, n, within(d.places[q.Level][sc], first, first+n))
		}
	}
	if scenarios > 1 && len(own) > 0 {
		whole = t.sparse.LogD(&d.known[q.Level][len(c.of)], q.From, q.To-q.From, own)
	}
	if c.weights == nil || !slices.Equal(c.asked, asked) {
		c.asked, c.weights = asked, newWeights(tallies)
	}
	return tallies, whole
}

// within are the numbers of an ascending list from one on and before another.
func within(list []int, from, to int) []int {
	return list[sort.SearchInts(list, from):sort.SearchInts(list, to)]
}
