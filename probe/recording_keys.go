package probe

import (
	"iter"
	"maps"
	"math/bits"
	"slices"
)

// keySet is a set of rows by machine and number. Numbers of one run follow each
// other, so that a row costs little more than a bit.
type keySet struct {
	machines map[string]map[uint64]*keyBlock // by number / blockRows
	n        int
}

const blockRows = 512

type keyBlock [blockRows / 64]uint64

// add puts a row in; false where it was there already.
func (s *keySet) add(k rowKey) bool {
	m := s.machines[k.machine]
	if m == nil {
		if s.machines == nil {
			s.machines = map[string]map[uint64]*keyBlock{}
		}
		m = map[uint64]*keyBlock{}
		s.machines[k.machine] = m
	}
	b := m[k.seq/blockRows]
	if b == nil {
		b = &keyBlock{}
		m[k.seq/blockRows] = b
	}
	word, bit := &b[k.seq%blockRows/64], uint64(1)<<(k.seq%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	s.n++
	return true
}

// sorted yields the rows in order.
func (s *keySet) sorted() iter.Seq[rowKey] {
	return func(yield func(rowKey) bool) {
		machines := slices.Sorted(maps.Keys(s.machines))
		all := map[uint64]bool{}
		for _, blocks := range s.machines {
			for at := range blocks {
				all[at] = true
			}
		}
		for _, at := range slices.Sorted(maps.Keys(all)) {
			for i := range blockRows / 64 {
				if !s.word(machines, at, i, yield) {
					return
				}
			}
		}
	}
}

// word yields the rows of one word of a block, of all machines.
func (s *keySet) word(machines []string, at uint64, i int, yield func(rowKey) bool) bool {
	any := uint64(0)
	for _, m := range machines {
		if b := s.machines[m][at]; b != nil {
			any |= b[i]
		}
	}
	for ; any != 0; any &= any - 1 {
		bit := bits.TrailingZeros64(any)
		for _, m := range machines {
			b := s.machines[m][at]
			if b == nil || b[i]&(1<<bit) == 0 {
				continue
			}
			if !yield(rowKey{m, at*blockRows + uint64(i*64+bit)}) {
				return false
			}
		}
	}
	return true
}

// common finds the first row that is in both sets.
func (s *keySet) common(t *keySet) (rowKey, bool) {
	for machine, blocks := range s.machines {
		for at, b := range blocks {
			c := t.machines[machine][at]
			for i := range b {
				if c != nil && b[i]&c[i] != 0 {
					return rowKey{machine, at*blockRows + uint64(i*64+bits.TrailingZeros64(b[i]&c[i]))}, true
				}
			}
		}
	}
	return rowKey{}, false
}
