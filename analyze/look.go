package analyze

import (
	"cmp"
	"slices"
	"time"

	"stageprobe/analyze/cause"
)

// looked is what a look had of the rows of the sample. The next one takes in those that
// came since, and anew those of which something else is known by now.
type looked struct {
	rows   []cause.Row // in order, as far as they are as they were
	of     *evidence
	snaps  int
	logs   cause.LogState
	first  time.Time // the first request was sent
	last   time.Time // the last answer came
	memory cause.Memory
}

// take puts the rows into (seq, machine) order, as answers arrive in any order and a
// verdict must not depend on it, and tells how many of them, from the first, are as the
// last look had them.
func (l *looked) take(s *Session) (kept int) {
	n := len(l.rows)
	if n > len(s.rows) || s.again || l.of != s.evidence || l.snaps != s.snaps || len(s.machines) > 1 {
		n = 0
	}
	if n == 0 {
		l.of, l.snaps, l.first, l.last = s.evidence, s.snaps, time.Time{}, time.Time{}
		l.logs = labelling{s}.logState()
		clear(s.machines)
		s.inOrder(0)
	}
	if s.again {
		markCopies(s)
	}
	for i := range s.rows[n:] {
		r := &s.rows[n+i]
		l.first, l.last = earlier(l.first, r.At), later(l.last, r.ended)
		labelling{s}.sampled(&l.logs, r)
	}
	if n > 0 {
		n = s.inOrder(n)
	}
	l.rows = l.rows[:n]
	return n
}

// inOrder sorts rows of which the first n are in order, and tells how many of those stay
// where they are.
func (s *sample) inOrder(n int) int {
	order := func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.machine, b.machine))
	}
	least, sorted := n, true // of the rows behind n, the first in order
	for i := n; i < len(s.rows); i++ {
		sorted = sorted && (i == 0 || order(&s.rows[i-1], &s.rows[i]) <= 0)
		if order(&s.rows[i], &s.rows[least]) < 0 {
			least = i
		}
	}
	if sorted {
		return n
	}
	from := 0
	if n > 0 {
		from, _ = slices.BinarySearchFunc(s.rows[:n], &s.rows[least], func(a row, b *row) int {
			if order(&a, b) <= 0 {
				return -1 // behind its equals
			}
			return 1
		})
	}
	slices.SortStableFunc(s.rows[from:], func(a, b row) int { return order(&a, &b) })
	return from
}
