package recording

import (
	"bytes"
	"cmp"
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"stageprobe/probe"
)

// Open reads a recording of one file or of several shards. The order in which
// shards are named does not matter. Shards of different runs or plans are
// refused, and so are rows that stand in them twice. Files are gone through
// once; their rows are read again whenever Observations is ranged over.
func Open(paths ...string) (*Recording, error) {
	if len(paths) == 0 {
		return nil, errors.New("no recording was named")
	}
	shards, errs := make([]*shard, len(paths)), make([]error, len(paths))
	var files errgroup.Group
	files.SetLimit(runtime.GOMAXPROCS(0))
	for i, p := range paths {
		shards[i] = &shard{path: p}
		files.Go(func() error {
			errs[i] = shards[i].look()
			return nil
		})
	}
	_ = files.Wait() // what failed is in errs
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	slices.SortStableFunc(shards, func(a, b *shard) int {
		return cmp.Or(a.first().compare(b.first()), strings.Compare(a.header.Machine, b.header.Machine))
	})
	if err := compatible(shards); err != nil {
		return nil, err
	}
	if err := distinct(shards); err != nil {
		return nil, err
	}
	return join(shards), nil
}

func (s *shard) first() rowKey {
	for k := range s.keys.sorted() {
		return k
	}
	return rowKey{machine: s.header.Machine}
}

// compatible refuses shards that are not of one run.
func compatible(shards []*shard) error {
	a := shards[0]
	want, err := planText(a.header.Plan)
	if err != nil {
		return err
	}
	for _, b := range shards[1:] {
		if a.header.Run != b.header.Run {
			return fmt.Errorf("recordings %s and %s are of different runs (%s and %s); analyze them one by one, or give the machines of one run the same run id",
				a.path, b.path, a.header.Run, b.header.Run)
		}
		got, err := planText(b.header.Plan)
		if err != nil {
			return err
		}
		if !bytes.Equal(want, got) {
			return fmt.Errorf("recordings %s and %s were made from different plans; only shards of one plan can be counted together", a.path, b.path)
		}
	}
	return nil
}

// planText is what the machines of one run have in common.
func planText(p probe.Plan) ([]byte, error) {
	p.Machine, p.Seed, p.Start = "", 0, time.Time{}
	return json.Marshal(p)
}

// distinct refuses rows that stand in two shards.
func distinct(shards []*shard) error {
	of := map[string][]*shard{}
	for _, b := range shards {
		for machine := range b.keys.machines() {
			for _, a := range of[machine] {
				if k, ok := a.keys.common(&b.keys); ok {
					return errTwice(k, a.path, b.path)
				}
			}
			of[machine] = append(of[machine], b)
		}
	}
	return nil
}

func errTwice(k rowKey, a, b string) error {
	return fmt.Errorf("row %d of machine %q stands in %s and again in %s; name each shard once, and give each machine of a run a name of its own",
		k.seq, k.machine, a, b)
}

// join makes one recording of shards that belong together.
func join(shards []*shard) *Recording {
	r := &Recording{Header: *shards[0].header, shards: shards}
	closed := true
	for _, s := range shards {
		r.Rows += s.keys.n
		if s.header.Started.Before(r.Header.Started) {
			r.Header.Started = s.header.Started
		}
		if r.Snapshot == nil {
			r.Snapshot = s.snapshot
		}
		for _, e := range s.evidence {
			r.Evidence = withReading(r.Evidence, e)
		}
		if s.trailer == nil || s.cut {
			closed = false
			r.Notes = append(r.Notes, fmt.Sprintf("%s was cut off: it reads up to its last complete row (%d rows)", s.path, s.keys.n))
			continue
		}
		r.Trailer = r.Trailer.with(s.trailer)
	}
	if !closed {
		r.Trailer = nil
	}
	return r
}

// with joins the ends of two shards: the later time, the weaker reason.
func (t *Trailer) with(u *Trailer) *Trailer {
	if t == nil {
		return u
	}
	joined := *t
	joined.Stood = nil // what a part decided, the whole may not have
	if u.Ended.After(t.Ended) {
		joined.Ended = u.Ended
	}
	reasons := []string{"decided", "budget", "interrupted"}
	if slices.Index(reasons, u.Stopped) > slices.Index(reasons, t.Stopped) {
		joined.Stopped = u.Stopped
	}
	joined.Notes = slices.Concat(t.Notes, u.Notes)
	joined.Cost = t.Cost.Plus(u.Cost)
	joined.Lost = t.Lost + u.Lost
	joined.Vantages = slices.Concat(t.Vantages, u.Vantages)
	return &joined
}

// withReading is what two readings of the logs said; what both said counts once.
func withReading(e, f *probe.Evidence) *probe.Evidence {
	if e == nil {
		e = &probe.Evidence{}
	}
	joined := *e
	// The earliest reading counts: what a later one alone would have found must
	// not be taken as absent.
	if joined.ReadAt.IsZero() || (!f.ReadAt.IsZero() && f.ReadAt.Before(joined.ReadAt)) {
		joined.ReadAt = f.ReadAt
	}
	joined.Groups = slices.Clone(e.Groups)
	for _, g := range f.Groups {
		i := slices.IndexFunc(joined.Groups, func(h probe.LogGroup) bool { return h.Name == g.Name && h.Source == g.Source })
		if i < 0 {
			joined.Groups = append(joined.Groups, g)
			continue
		}
		h := &joined.Groups[i]
		h.Exists = h.Exists || g.Exists
		h.Events = max(h.Events, g.Events)
		if g.Watermark.After(h.Watermark) {
			h.Watermark = g.Watermark
		}
	}
	type id struct{ source, group, stream, request, extended string }
	idOf := func(r probe.LogRecord) id {
		return id{string(r.Source), r.Group, r.Stream, r.RequestID, r.ExtendedID}
	}
	seen := map[id]bool{}
	for _, r := range e.Records {
		seen[idOf(r)] = true
	}
	joined.Records = slices.Clone(e.Records)
	for _, r := range f.Records {
		if !seen[idOf(r)] {
			seen[idOf(r)] = true
			joined.Records = append(joined.Records, r)
		}
	}
	joined.Gaps = slices.Concat(e.Gaps, f.Gaps)
	joined.Notes = slices.Concat(e.Notes, f.Notes)
	return &joined
}

// ReadLogs adds to the evidence the log records of the requests that are wanted, by
// id or extended id; of all where want is nil.
func (r *Recording) ReadLogs(want func(id string) bool) error {
	part := &probe.Evidence{}
	for _, s := range r.shards {
		if !s.logged {
			continue
		}
		for l, err := range s.logs(want) {
			if err != nil {
				return err
			}
			part.Records = append(part.Records, *l)
		}
	}
	if len(part.Records) > 0 {
		r.Evidence = withReading(r.Evidence, part)
	}
	return nil
}

// Arrived yields every row in the order in which it came, so that a report can be
// made again as it was made: of one file its own order, of several (seq, machine).
func (r *Recording) Arrived() iter.Seq2[probe.Observation, error] {
	if len(r.shards) != 1 {
		return r.Observations()
	}
	return r.shards[0].arrived()
}

// Observations yields every row in (seq, machine) order. Memory does not grow
// with the number of rows.
func (r *Recording) Observations() iter.Seq2[probe.Observation, error] {
	return func(yield func(probe.Observation, error) bool) {
		heads := make(headHeap, 0, len(r.shards))
		for _, s := range r.shards {
			next, stop := iter.Pull2(s.rows())
			defer stop()
			h := &head{next: next}
			if h.advance() {
				heads = append(heads, h)
			}
		}
		heap.Init(&heads)
		for len(heads) > 0 {
			first := heads[0]
			if !yield(first.row, first.err) || first.err != nil {
				return
			}
			if first.advance() {
				heap.Fix(&heads, 0)
			} else {
				heap.Pop(&heads)
			}
		}
	}
}

// head is the next row of a shard.
type head struct {
	next func() (probe.Observation, error, bool)
	row  probe.Observation
	err  error
}

func (h *head) advance() (ok bool) {
	h.row, h.err, ok = h.next()
	return ok
}

// headHeap has the shard whose row comes next on top.
type headHeap []*head

func (h headHeap) Len() int           { return len(h) }
func (h headHeap) Less(i, j int) bool { return keyOfRow(&h[i].row).compare(keyOfRow(&h[j].row)) < 0 }
func (h headHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *headHeap) Push(x any)        { *h = append(*h, x.(*head)) }
func (h *headHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
