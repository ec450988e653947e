package behaviour

import (
	"encoding/binary"
	"hash/maphash"

	"stageprobe/probe"
)

// recall remembers answers that came before, so that one that comes again, but for
// what names the request, need not be reduced to its features anew.
type recall struct {
	seed  maphash.Seed
	known map[uint64]recalled
	older map[uint64]recalled // what was known before known was full
}

// recalled is where an answer went.
type recalled struct {
	row   int32
	turns int32 // of the extractor
	twice bool  // it was reduced twice: what an extractor counts up to two is settled
}

// mostRecalled is how many answers are known at once, and as many older ones.
const mostRecalled = 1 << 15

func newRecall() recall { return recall{seed: maphash.MakeSeed(), known: map[uint64]recalled{}} }

// find is the row of an answer that came before.
func (c *recall) find(key uint64, turns int) (int32, bool) {
	k, ok := c.known[key]
	if !ok {
		if k, ok = c.older[key]; ok {
			c.put(key, k)
		}
	}
	return k.row, ok && k.twice && int(k.turns) == turns
}

func (c *recall) keep(key uint64, turns, row int) {
	_, twice := c.known[key]
	c.put(key, recalled{int32(row), int32(turns), twice})
}

func (c *recall) put(key uint64, k recalled) {
	if len(c.known) >= mostRecalled {
		c.known, c.older = make(map[uint64]recalled, mostRecalled), c.known
	}
	c.known[key] = k
}

// renumber tells the new numbers of all rows.
func (c *recall) renumber(moved []int) {
	for _, known := range []map[uint64]recalled{c.known, c.older} {
		for key, k := range known {
			k.row = int32(moved[k.row])
			known[key] = k
		}
	}
}

// key is equal for answers that are equal but for the request's own names and the
// time. An answer that holds its own request's id elsewhere is like none before it.
func (c *recall) key(o *probe.Observation, target, scenario int) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	var b [48]byte
	for i, v := range [...]uint64{uint64(target), uint64(scenario), uint64(o.Status), uint64(o.BodySize), o.BodyHash, uint64(flag(o.Truncated))} {
		binary.LittleEndian.PutUint64(b[8*i:], v)
	}
	_, _ = h.Write(b[:])
	_, _ = h.WriteString(string(o.Outcome)) // a hash takes everything
	for i := range o.Header {
		f := &o.Header[i]
		_, _ = h.WriteString(f.Name)
		_ = h.WriteByte(0)
		if probe.NamesRequest(f.Name) {
			_ = h.WriteByte(byte(flag(f.Value != "" && f.Value != "0")))
		} else {
			_, _ = h.WriteString(f.Value)
		}
		_ = h.WriteByte(0)
	}
	_, _ = h.Write(o.Body)
	return h.Sum64()
}
