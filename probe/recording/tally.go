package recording

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

	"stageprobe/probe"
)

// Bounds of what is held at once of recordings that are counted together. Beyond them
// their rows are merged one by one.
const (
	mostReaders = 8
	mostKinds   = 1 << 16 // of each reader
	mostPicked  = 1 << 16
	heldBytes   = 96 << 20 // of bodies that differ, and of rows that are looked at
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
// stands for them ([Kept.Others]). Files are read on all processors, each by one reader
// with counts of its own, and only as far as counting needs. ok is false where that cannot be done in little memory, or
// not at all: then [Recording.Kept] tells every row.
func (r *Recording) Counted(whole func(machine string, seq uint64) bool) (rows iter.Seq2[*Kept, error], ok bool, err error) {
	if len(r.shards) < 2 || r.Trailer == nil || slices.ContainsFunc(r.shards, func(s *shard) bool { return s.keys.set != nil || !strings.HasSuffix(s.path, extParquet) }) {
		return nil, false, nil
	}
	var held atomic.Int64
	next := make(chan *shard, len(r.shards))
	for _, s := range r.shards {
		next <- s
	}
	close(next)
	parts := make([]*tally, min(runtime.GOMAXPROCS(0), mostReaders, len(r.shards)))
	var readers errgroup.Group
	for i := range parts {
		t := &tally{whole: whole, held: &held, kinds: map[uint64]*alikeRows{}, scenarios: map[string]*firsts{}}
		parts[i] = t
		readers.Go(func() error {
			for s := range next {
				err := inParquet(s.path, func(f *parquet.File, _ func(func())) error { return t.file(s, f) })
				if err != nil {
					for range next { // the others stop too
					}
					return fmt.Errorf("recording %s: %w", s.path, err)
				}
			}
			return nil
		})
	}
	if err := readers.Wait(); errors.Is(err, errBeyond) {
		return nil, false, nil
	} else if err != nil {
		return nil, false, err
	}
	for _, t := range parts[1:] {
		parts[0].add(t)
	}
	return parts[0].rows(), true, nil
}

// tally is what one reader knows of the rows of the files that it read so far.
type tally struct {
	whole func(machine string, seq uint64) bool
	held  *atomic.Int64 // bytes, by all readers

	kinds     map[uint64]*alikeRows // by Kept.Alike
	scenarios map[string]*firsts
	picked    []*pickedRow // whole ones, and those of which no other is known to be alike
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

// firsts are the first rows of some, in order.
type firsts struct {
	rows []*pickedRow
	full bool
	last uint64 // the number of the last one; a row behind it is none of them
}

// wants tells whether a row may be one of the first.
func (f *firsts) wants(seq uint64) bool { return !f.full || seq <= f.last }

// add takes in a row if it is among the first n.
func (f *firsts) add(p *pickedRow, n int) {
	at, _ := slices.BinarySearchFunc(f.rows, p.rowKey, func(q *pickedRow, k rowKey) int { return q.compare(k) })
	f.rows = slices.Insert(f.rows, at, p)[:min(len(f.rows)+1, n)]
	f.full, f.last = len(f.rows) == n, f.rows[len(f.rows)-1].seq
}

// file counts the rows of one file.
func (t *tally) file(s *shard, f *parquet.File) error {
	if _, told := f.Schema().Lookup("is_log"); !told {
		return errBeyond // rows as they were kept once
	}
	for _, g := range f.RowGroups() {
		if err := t.group(s, g); err != nil {
			return err
		}
	}
	return nil
}

// group counts the rows of a row group by the columns that say what an answer is. The
// others are read where a row is one that is looked at.
func (t *tally) group(s *shard, g parquet.RowGroup) error {
	c, err := newColumns(g)
	if err != nil {
		return err
	}
	defer func() { _ = c.close() }() // only read
	is, machine, seq, scenario := c.by["is_log"], c.by["machine"], c.by["seq"], c.by["scenario"]
	var name string
	var first *firsts // of the scenario
	for range g.NumRows() {
		if c.next(); is.bool() { // a log, and so are all that follow
			break
		}
		p := pickedRow{rowKey: rowKey{machine.text(), uint64(seq.int())}, of: s, alike: c.alike()}
		if of := scenario.text(); first == nil || of != name {
			name, first = of, t.scenario(of)
		}
		if c.err != nil {
			return c.err
		}
		k := t.kind(p.alike)
		whole := p.alike == 0 || t.whole(p.machine, p.seq)
		if !whole && !k.first.wants(p.seq) && !first.wants(p.seq) {
			continue
		}
		if err := t.keep(c, &p, k, first, whole); err != nil {
			return err
		}
	}
	return c.err
}

// kind counts a row among those that are alike; nil where nothing is known.
func (t *tally) kind(alike uint64) *alikeRows {
	if alike == 0 {
		return nil
	}
	k := t.kinds[alike]
	if k == nil {
		k = &alikeRows{}
		t.kinds[alike] = k
	}
	k.n++
	return k
}

func (t *tally) scenario(name string) *firsts {
	if t.scenarios[name] == nil {
		t.scenarios[name] = &firsts{}
	}
	return t.scenarios[name]
}

// keep reads a row. Those that are alike have one body.
func (t *tally) keep(c *columns, row *pickedRow, k *alikeRows, first *firsts, whole bool) error {
	c.bodiless = k != nil && len(k.first.rows) > 0
	p := &pickedRow{row.rowKey, row.of, row.alike, c.packed(row.of.header.Plan.Seed)}
	if c.err != nil {
		return c.err
	}
	size := len(p.Body)
	if c.bodiless {
		p.Body = k.first.rows[0].Body
	}
	if k != nil {
		k.first.add(p, firstAlike)
		first.add(p, firstOfScenario)
	}
	if whole {
		t.picked = append(t.picked, p)
		size += len(p.head) + len(p.hex) + len(p.text)
	}
	if len(t.kinds) > mostKinds || len(t.picked) > mostPicked || t.held.Add(int64(size)) > heldBytes {
		return errBeyond
	}
	return nil
}

// add takes in what another reader knows.
func (t *tally) add(u *tally) {
	for alike, k := range u.kinds {
		mine := t.kinds[alike]
		if mine == nil {
			t.kinds[alike] = k
			continue
		}
		mine.n += k.n
		for _, p := range k.first.rows {
			mine.first.add(p, firstAlike)
		}
	}
	for name, f := range u.scenarios {
		for _, p := range f.rows {
			t.scenario(name).add(p, firstOfScenario)
		}
	}
	t.picked = append(t.picked, u.picked...)
}

// rows yields what [Recording.Counted] tells.
func (t *tally) rows() iter.Seq2[*Kept, error] {
	single := map[*pickedRow]bool{}
	for _, p := range t.picked {
		single[p] = true
	}
	for _, f := range t.scenarios {
		for _, p := range f.rows {
			single[p] = true
		}
	}
	var others []*alikeRows
	for _, k := range t.kinds {
		for _, p := range k.first.rows {
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
	slices.SortFunc(others, func(a, b *alikeRows) int { return inOrder(a.first.rows[0], b.first.rows[0]) })
	return func(yield func(*Kept, error) bool) {
		for _, p := range list {
			if !yield(p.kept(0), nil) {
				return
			}
		}
		for _, k := range others {
			if !yield(k.first.rows[len(k.first.rows)-1].kept(k.n), nil) {
				return
			}
		}
	}
}

func (p *pickedRow) kept(others int) *Kept {
	return &Kept{
		Machine: p.machine, Target: p.Target, Scenario: p.Scenario, Seq: p.seq, Outcome: p.Outcome, Alike: p.alike, Others: others,
		Ended: func() time.Time { return p.Due.Add(p.Took) },
		Whole: func() (probe.Observation, error) { return p.of.observation(recordLine{packed: p.packedRow}) },
	}
}
