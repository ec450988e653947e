package behaviour

import (
	"slices"
	"sort"

	"stageprobe/analyze/stat"
)

// LevelDraws are draws of a factor of many levels, in the order in which they were drawn.
type LevelDraws struct {
	Rows []int // the row of each
	Of   []int // its level, from 0
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
	at    [][]int  // per scenario, its draws
	nth   []int    // the place of a draw among those of its scenario
	own   [][]int  // per level, its draws

	delta []stat.Count // per row; all zero between uses
	rows  []int        // of delta, those that are not

	asked   []bool // the scenarios of the last count
	weights *weights
}

// rooms are lists that will have so many members each, in one piece of memory.
func rooms(sizes []int) [][]int {
	total := 0
	for _, n := range sizes {
		total += n
	}
	out, all := make([][]int, len(sizes)), make([]int, total)
	for i, n := range sizes {
		out[i], all = all[:0:n], all[n:]
	}
	return out
}

func newLevelCount(t *Table, draws *LevelDraws) *levelCount {
	c := &levelCount{draws: draws, all: make([]*tally, len(t.scenarios)),
		nth: make([]int, len(draws.Rows)), delta: make([]stat.Count, len(t.rows))}
	scenarios, levels := make([]int, len(t.scenarios)), []int(nil)
	for i, n := range draws.Rows {
		scenarios[t.rows[n].scenario]++
		for len(levels) <= draws.Of[i] {
			levels = append(levels, 0)
		}
		levels[draws.Of[i]]++
	}
	c.own = rooms(levels)
	c.at = rooms(scenarios)
	for i, n := range draws.Rows {
		sc := t.rows[n].scenario
		c.nth[i] = len(c.at[sc])
		c.at[sc] = append(c.at[sc], i)
		c.own[draws.Of[i]] = append(c.own[draws.Of[i]], i)
		c.plus(n, stat.Count{Off: 1})
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
		if c.delta[n] == (stat.Count{}) {
			continue
		}
		if tallies[r.scenario] == nil {
			tallies[r.scenario] = newTally(t.scenarios[r.scenario])
		}
		tallies[r.scenario].add(r, c.delta[n])
		c.delta[n] = stat.Count{}
	}
	c.rows = c.rows[:0]
}

// count fills the tallies for one level, one per scenario that was drawn.
func (c *levelCount) count(t *Table, q *LevelQuestion) (tallies []*tally, whole float64) {
	tallies = make([]*tally, len(c.all))
	outside := q.From + len(c.draws.Rows) - q.To
	if inside := q.To - q.From; inside < outside {
		for _, n := range c.draws.Rows[q.From:q.To] {
			c.plus(n, stat.Count{Off: 1})
		}
	} else {
		for i, x := range c.all {
			tallies[i] = x.clone()
		}
		for _, part := range [][]int{c.draws.Rows[:q.From], c.draws.Rows[q.To:]} {
			for _, n := range part {
				c.plus(n, stat.Count{Off: -1})
			}
		}
	}
	var own []int
	if q.Level < len(c.own) {
		own = c.own[q.Level]
	}
	own = own[sort.SearchInts(own, q.From):sort.SearchInts(own, q.To)]
	for _, i := range own {
		c.plus(c.draws.Rows[i], stat.Count{On: 1, Off: -1})
	}
	c.into(t, tallies)
	asked := make([]bool, len(tallies))
	places := make([]int, 0, len(own))
	scenarios := 0
	for sc, x := range tallies {
		if x == nil || x.total == (stat.Count{}) {
			tallies[sc] = nil
			continue
		}
		asked[sc] = true
		scenarios++
		first := sort.SearchInts(c.at[sc], q.From)
		places = places[:0]
		for _, i := range own {
			if int(t.rows[c.draws.Rows[i]].scenario) == sc {
				places = append(places, c.nth[i]-first)
			}
		}
		x.logD = t.sparse.LogD(x.total.N(), places)
	}
	if scenarios > 1 {
		places = places[:0]
		for _, i := range own {
			places = append(places, i-q.From)
		}
		whole = t.sparse.LogD(q.To-q.From, places)
	}
	if c.weights == nil || !slices.Equal(c.asked, asked) {
		c.asked, c.weights = asked, newWeights(tallies)
	}
	return tallies, whole
}
