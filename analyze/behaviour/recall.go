package behaviour

import (
	"hash/maphash"
	"strings"

	"stageprobe/probe"
)

// recall remembers answers that came before, so that one that comes again, but for
// what names the request, need not be reduced to its features anew.
type recall struct {
	seed  maphash.Seed
	last  [lastHeaders]hashed // of the last answer, in order
	body  hashed
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

func (c *recall) renumber(moved []int) {
	for _, known := range []map[uint64]recalled{c.known, c.older} {
		for key, k := range known {
			k.row = int32(moved[k.row])
			known[key] = k
		}
	}
}

// hashed is a text of the last answer, and its part of a key.
type hashed struct {
	name  string // of a header
	names bool   // the request or the time
	said  bool   // something of them
	text  []byte
	hash  uint64 // 0: none yet
}

// Bounds of what is kept of an answer to be compared with the next.
const (
	lastHeaders = 48
	lastText    = 4 << 10
)

// key is equal for answers that are equal but for the request's own names and the
// time. An answer that holds its own request's id elsewhere is like none before it.
// Most of an answer is as the last one had it, and then hashed already.
func (c *recall) key(o *probe.Observation, target, scenario int) uint64 {
	h := maphash.String(c.seed, string(o.Outcome))
	for _, v := range [...]uint64{uint64(target), uint64(scenario), uint64(o.Status), uint64(o.BodySize), o.BodyHash, uint64(flag(o.Truncated)), uint64(len(o.Header))} {
		h = mix(h, v)
	}
	for i := range o.Header {
		if f := &o.Header[i]; i < lastHeaders {
			h = mix(h, c.last[i].header(c.seed, f))
		} else {
			h = mix(h, new(hashed).header(c.seed, f))
		}
	}
	if c.body.hash == 0 || string(c.body.text) != string(o.Body) { // no copies
		c.body.hash = maphash.Bytes(c.seed, o.Body) | 1
		c.body.text = append(c.body.text[:0], o.Body[:min(len(o.Body), lastText)]...)
	}
	h = mix(h, c.body.hash)
	if len(o.Body) > lastText {
		c.body.hash = 0 // not all of it is kept
	}
	return h
}

func (l *hashed) header(seed maphash.Seed, f *probe.Header) uint64 {
	same := l.hash != 0 && l.name == f.Name
	if same && (string(l.text) == f.Value || l.names && l.said && says(f.Value)) { // no copies
		return l.hash
	}
	if !same {
		l.name, l.names = strings.Clone(f.Name), probe.NamesRequest(f.Name)
	}
	value := f.Value
	if l.said = says(value); l.names {
		value = "1"[:flag(l.said)]
	}
	hash := mix(maphash.String(seed, f.Name), maphash.String(seed, value)) | 1
	l.text, l.hash = append(l.text[:0], f.Value[:min(len(f.Value), lastText)]...), hash
	if len(f.Value) > lastText {
		l.hash = 0 // not all of it is kept
	}
	return hash
}

// says tells that there is something in a header that names the request or the time.
func says(value string) bool { return value != "" && value != "0" }
