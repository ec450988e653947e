package cause

import (
	"slices"

	"stageprobe/analyze/behaviour"
)

// Memory is what a look at a run leaves for the next one: what was drawn for the rows
// that both have, so that a look costs what came since. The zero value is of a run that
// nobody looked at. Rows may be put between those that came before, but none goes.
type Memory struct {
	rows    [][]int // per target, in order
	dropped []bool
	levels  map[levelsOf]*levels
}

// levelsOf names a factor of a target.
type levelsOf struct {
	target int
	factor string
}

// levels are the draws of a factor.
type levels struct {
	draws behaviour.LevelDraws
	rows  []int    // of each draw
	names []string // by number, in the order in which they came
	first []int    // the draw at which each came
	at    map[string]int
	byKey map[uint64]int
	parts *consisting
}

// until are the places in a list of rows, in order, before the row n.
func until(rows []int, n int) int {
	at, _ := slices.BinarySearch(rows, n)
	return at
}

// cut forgets the rows from n on; all of them, and what they said, for n = 0.
func (m *Memory) cut(n, targets int) {
	if n == 0 {
		*m = Memory{rows: make([][]int, targets), dropped: make([]bool, targets), levels: map[levelsOf]*levels{}}
	}
	for i, rows := range m.rows {
		m.rows[i] = rows[:until(rows, n)]
	}
	for _, l := range m.levels {
		l.cut(until(l.rows, n))
	}
}

func (l *levels) cut(draws int) {
	l.rows = l.rows[:draws]
	l.draws.Cut(draws)
	for k := len(l.first) - 1; k >= 0 && l.first[k] >= draws; k-- {
		delete(l.at, l.names[k])
		for key, level := range l.byKey {
			if level == k {
				delete(l.byKey, key)
			}
		}
		l.names, l.first = l.names[:k], l.first[:k]
	}
}

// of are the draws of a factor as far as they are remembered.
func (m *Memory) of(target int, f *factor) *levels {
	key := levelsOf{target, f.name}
	if m.levels[key] == nil {
		m.levels[key] = newLevels(f)
	}
	return m.levels[key]
}

func newLevels(f *factor) *levels {
	return &levels{at: map[string]int{}, byKey: map[uint64]int{}, parts: f.parts()}
}

// more takes in rows, until there are too many levels to ask about.
func (l *levels) more(fx *Facts, f *factor, rows []int) {
	level := f.level
	if f.drawn != nil {
		level = f.drawn
	}
	for _, i := range rows {
		if len(l.names) > tuning.Enough.Levels {
			return
		}
		r := &fx.Rows[i]
		key := uint64(0)
		if f.key != nil {
			if key = f.key(r); key == 0 {
				continue
			}
			if k, ok := l.byKey[key]; ok {
				l.take(i, r, k)
				continue
			}
		}
		name := level(r)
		if name == "" {
			continue
		}
		k, ok := l.at[name]
		if !ok {
			k = len(l.names)
			l.at[name] = k
			l.names, l.first = append(l.names, name), append(l.first, len(l.rows))
		}
		if f.key != nil {
			l.byKey[key] = k
		}
		l.take(i, r, k)
	}
}

func (l *levels) take(row int, r *Row, level int) {
	l.rows = append(l.rows, row)
	l.draws.Add(r.Table, level)
	l.parts.saw(r, l.names[level])
}
