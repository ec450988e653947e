package probe

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"
)

// Bounds of what is held at once of recordings that are counted together. Beyond them
// their rows are merged one by one.
const (
	mostKinds   = 1 << 16
	mostPicked  = 1 << 16
	pickedBytes = 64 << 20
)

// What of rows that are only counted is looked at all the same: the first of each
// scenario, and the first that are alike.
const (
	firstOfScenario = 16
	firstAlike      = 2
)

var errBeyond = errors.New("too much to be held at once")

// Keys yields the machine and the number of every row, in no order.
func (r *Recording) Keys() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for _, s := range r.shards {
			for k := range s.keys.sorted() {
				if !yield(k.machine, k.seq) {
					return
				}
			}
		}
	}
}

// Shards is how many files a recording has.
func (r *Recording) Shards() int { return len(r.shards) }

// Counted yields the rows of several recordings for whoever counts all and looks into
// few: in (seq, machine) order those that whole names, the first of each scenario and
// the first of those that are alike; then, once for all others that are alike, one that
// stands for them ([Kept.Times]). Files are read one by one on each processor, and only
// as far as counting needs. ok is false where that cannot be done in little memory, or
// not at all: then [Recording.Kept] tells every row.
func (r *Recording) Counted(whole func(machine string, seq uint64) bool) (rows iter.Seq2[*Kept, error], ok bool, err error) {
	if len(r.shards) < 2 || r.Trailer == nil || slices.ContainsFunc(r.shards, func(s *shard) bool { return s.keys.set != nil || !strings.HasSuffix(s.path, extParquet) }) {
		return nil, false, nil
	}
	t := &tally{whole: whole, kinds: map[uint64]*alikeRows{}, scenarios: map[string]firsts{}}
	var files errgroup.Group
	files.SetLimit(runtime.GOMAXPROCS(0))
	for _, s := range r.shards {
		files.Go(func() error {
			err := inParquet(s.path, func(f *parquet.File, _ func(func())) error { return t.file(s, f) })
			if err != nil && !errors.Is(err, errBeyond) {
				err = fmt.Errorf("recording %s: %w", s.path, err)
			}
			return err
		})
	}
	if err := files.Wait(); err != nil {
		if errors.Is(err, errBeyond) {
			return nil, false, nil
		}
		return nil, false, err
	}
	return t.rows(), true, nil
}

// tally is what is known of the rows of all files that were read so far.
type tally struct {
	whole func(machine string, seq uint64) bool

	mu        sync.Mutex
	kinds     map[uint64]*alikeRows // by Kept.Alike
	scenarios map[string]firsts
	picked    []*pickedRow // whole ones, and those of which no other is known to be alike
	bytes     int
}

// alikeRows are rows that are alike.
type alikeRows struct {
	n     int
	first firsts
}

// pickedRow is a row that was read.
type pickedRow struct {
	rowKey
	of    *shard
	alike uint64
	*packedRow
}

// firsts are the first rows of some.
type firsts []*pickedRow

// wants tells whether a row would be among the first n.
func (f firsts) wants(k rowKey, n int) bool { return len(f) < n || k.compare(f[n-1].rowKey) < 0 }

func (f firsts) with(p *pickedRow, n int) firsts {
	at, _ := slices.BinarySearchFunc(f, p.rowKey, func(q *pickedRow, k rowKey) int { return q.compare(k) })
	return slices.Insert(f, at, p)[:min(len(f)+1, n)]
}

// file counts the rows of one file.
func (t *tally) file(s *shard, f *parquet.File) error {
	if _, told := f.Schema().Lookup("is_log"); !told {
		return errBeyond // rows as they were kept once
	}
	for _, g := range f.RowGroups() {
		marked, err := t.count(g)
		if err == nil {
			err = t.read(s, g, marked)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mark is a row of a group that may have to be read.
type mark struct {
	rowKey
	at       int
	alike    uint64
	scenario string
	whole    bool
	known    bool // one that is alike was read
	body     []byte
}

// inGroup is how often a row came that is alike, within one group.
type inGroup struct {
	n, marked int
	past      bool // the first ones of its scenario
}

// groups are maps to be used again: their number is that of the files read at once.
var groups = sync.Pool{New: func() any { return map[uint64]inGroup{} }}

// count goes through the columns of a row group that say what the answers are, counts,
// and tells which rows must be read, in order.
func (t *tally) count(g parquet.RowGroup) ([]mark, error) {
	c, err := newColumns(g, append(likeColumns[:], "is_log", "machine", "seq")...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.close() }() // only read
	is, machine, seq, scenario := c.by["is_log"], c.by["machine"], c.by["seq"], c.by["scenario"]
	var marks []mark
	kinds, scenarios := groups.Get().(map[uint64]inGroup), map[string]int{}
	defer func() {
		clear(kinds)
		groups.Put(kinds)
	}()
	for at := range int(g.NumRows()) {
		if c.next(); is.bool() { // a log, and so are all that follow
			break
		}
		m := mark{rowKey: rowKey{machine.text(), uint64(seq.int())}, at: at, alike: c.alike()}
		m.whole = m.alike == 0 || t.whole(m.machine, m.seq)
		if c.err != nil {
			return nil, c.err
		}
		k := kinds[m.alike]
		if k.n++; m.whole || k.marked < firstAlike || !k.past {
			m.scenario = scenario.text()
			scenarios[m.scenario]++
			k.past = scenarios[m.scenario] >= firstOfScenario
			k.marked++
			marks = append(marks, m)
		}
		kinds[m.alike] = k
	}
	return t.take(kinds, marks)
}

// take adds what one row group holds, and tells which of the rows must be read indeed.
func (t *tally) take(kinds map[uint64]inGroup, marks []mark) ([]mark, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for alike, k := range kinds {
		if alike == 0 {
			continue
		}
		all := t.kinds[alike]
		if all == nil {
			all = &alikeRows{}
			t.kinds[alike] = all
		}
		all.n += k.n
	}
	if len(t.kinds) > mostKinds {
		return nil, errBeyond
	}
	marks = slices.DeleteFunc(marks, func(m mark) bool { return !m.whole && !t.isFirst(&m) })
	for i := range marks {
		if k := t.kinds[marks[i].alike]; k != nil && len(k.first) > 0 {
			marks[i].known, marks[i].body = true, k.first[0].Body
		}
	}
	return marks, nil
}

func (t *tally) isFirst(m *mark) bool {
	return t.kinds[m.alike].first.wants(m.rowKey, firstAlike) || t.scenarios[m.scenario].wants(m.rowKey, firstOfScenario)
}

// read reads rows of a group.
func (t *tally) read(s *shard, g parquet.RowGroup, marks []mark) error {
	if len(marks) == 0 {
		return nil
	}
	c, err := newColumns(g)
	if err != nil {
		return err
	}
	defer func() { _ = c.close() }() // only read
	for i := range marks {
		m := &marks[i]
		c.row, c.bodiless = m.at, m.known
		p := &pickedRow{m.rowKey, s, m.alike, c.packed(s.header.Plan.Seed)}
		if c.err != nil {
			return c.err
		}
		if m.known {
			p.Body = m.body
		}
		if err := t.keep(m, p); err != nil {
			return err
		}
	}
	return nil
}

// keep takes in a row that was read.
func (t *tally) keep(m *mark, p *pickedRow) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if m.alike != 0 {
		if k := t.kinds[m.alike]; k.first.wants(m.rowKey, firstAlike) {
			k.first = k.first.with(p, firstAlike)
		}
		if f := t.scenarios[m.scenario]; f.wants(m.rowKey, firstOfScenario) {
			t.scenarios[m.scenario] = f.with(p, firstOfScenario)
		}
	}
	if m.whole {
		t.picked = append(t.picked, p)
		t.bytes += len(p.head) + len(p.hex) + len(p.text) + len(p.Body)
	}
	if len(t.picked) > mostPicked || t.bytes > pickedBytes {
		return errBeyond
	}
	return nil
}

// rows yields what [Recording.Counted] tells.
func (t *tally) rows() iter.Seq2[*Kept, error] {
	single := map[*pickedRow]bool{}
	for _, p := range t.picked {
		single[p] = true
	}
	for _, f := range t.scenarios {
		for _, p := range f {
			single[p] = true
		}
	}
	var others []*alikeRows
	for _, k := range t.kinds {
		for _, p := range k.first {
			single[p] = true
		}
		others = append(others, k)
	}
	inOrder := func(p, q *pickedRow) int { return p.compare(q.rowKey) }
	list := slices.SortedFunc(maps.Keys(single), inOrder)
	for _, p := range list {
		if p.alike != 0 {
			t.kinds[p.alike].n--
		}
	}
	others = slices.DeleteFunc(others, func(k *alikeRows) bool { return k.n == 0 })
	slices.SortFunc(others, func(a, b *alikeRows) int { return inOrder(a.first[0], b.first[0]) })
	return func(yield func(*Kept, error) bool) {
		for _, p := range list {
			if !yield(p.kept(0), nil) {
				return
			}
		}
		for _, k := range others {
			if !yield(k.first[len(k.first)-1].kept(k.n), nil) {
				return
			}
		}
	}
}

func (p *pickedRow) kept(others int) *Kept {
	return &Kept{
		Machine: p.machine, Target: p.Target, Scenario: p.Scenario, Seq: p.seq, Outcome: p.Outcome, Alike: p.alike, Others: others,
		Ended: func() time.Time { return p.Due.Add(p.Took) },
		Whole: func() (Observation, error) { return p.of.observation(recordLine{packed: p.packedRow}) },
	}
}
