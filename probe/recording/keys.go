package recording

import (
	"encoding/binary"
	"iter"
	"maps"
	"math/bits"
	"slices"
)

// rowKeys are the rows of one file. Those of one machine in the order of their
// numbers, as the recording of a shard has them, are kept as their distances, all
// others as a set.
type rowKeys struct {
	n         int
	machine   string
	least     uint64
	most      uint64
	distances []byte
	set       *keySet
}

// add puts a row in; false where it was there already.
func (k *rowKeys) add(key rowKey) bool {
	switch {
	case k.set != nil:
		if !k.set.add(key) {
			return false
		}
	case k.n == 0:
		k.machine, k.least, k.most = key.machine, key.seq, key.seq
	case key.machine != k.machine || key.seq <= k.most:
		set := &keySet{}
		for old := range k.sorted() {
			set.add(old)
		}
		k.set, k.distances = set, nil
		return k.add(key)
	default:
		k.distances = binary.AppendUvarint(k.distances, key.seq-k.most)
		k.most = key.seq
	}
	k.n++
	return true
}

// sorted yields the rows in order.
func (k *rowKeys) sorted() iter.Seq[rowKey] {
	if k.set != nil {
		return k.set.sorted()
	}
	return func(yield func(rowKey) bool) {
		at, rest := k.least, k.distances
		for range k.n {
			if !yield(rowKey{k.machine, at}) {
				return
			}
			step, n := binary.Uvarint(rest)
			at, rest = at+step, rest[n:]
		}
	}
}

// machines are those of the rows.
func (k *rowKeys) machines() iter.Seq[string] {
	if k.set != nil {
		return maps.Keys(k.set.machines)
	}
	return slices.Values([]string{k.machine})
}

// common finds a row that is in both.
func (k *rowKeys) common(l *rowKeys) (rowKey, bool) {
	if k.n == 0 || l.n == 0 || k.set == nil && l.set == nil && (k.machine != l.machine || k.most < l.least || l.most < k.least) {
		return rowKey{}, false
	}
	return k.asSet().common(l.asSet())
}

func (k *rowKeys) asSet() *keySet {
	if k.set != nil {
		return k.set
	}
	set := &keySet{}
	for key := range k.sorted() {
		set.add(key)
	}
	return set
}

// keySet is a set of rows by machine and number. Numbers of one run follow each
// other, so that a row costs little more than a bit.
type keySet struct {
	machines map[string]map[uint64]*keyBlock // by number / blockRows
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
