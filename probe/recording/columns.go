package recording

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"stageprobe/probe"
)

// Kept is a row of a recording, for whoever looks into few of many: what one is
// found by and counted by, and the rest where it is asked for.
type Kept struct {
	Machine, Target, Scenario string
	Seq                       uint64
	Outcome                   probe.Outcome
	Ended                     func() time.Time
	// Alike is equal for rows of one recording that differ only in times, in
	// connections, and in headers that name the request; 0 where nothing is known.
	Alike uint64
	// Others is how many rows this one stands for that are like it, itself not counted
	// among them; 0 where it stands for itself.
	Others int
	// Whole reads the row.
	Whole func() (probe.Observation, error)
}

// Kept yields every row in the order of [Recording.Arrived]. Memory does not grow
// with their number. What is yielded is overwritten.
func (r *Recording) Kept() iter.Seq2[*Kept, error] {
	if len(r.shards) == 1 && strings.HasSuffix(r.shards[0].path, extParquet) {
		return r.shards[0].kept()
	}
	return keptOf(r.Arrived())
}

// keptOf yields rows that are read one by one.
func keptOf(rows iter.Seq2[probe.Observation, error]) iter.Seq2[*Kept, error] {
	return func(yield func(*Kept, error) bool) {
		var k Kept
		for o, err := range rows {
			k = Kept{Machine: o.Machine, Target: o.Target, Scenario: o.Scenario, Seq: o.Seq, Outcome: o.Outcome}
			k.Ended = func() time.Time { return o.Due.Add(o.Took) }
			k.Whole = func() (probe.Observation, error) { return o, nil }
			if !yield(&k, err) || err != nil {
				return
			}
		}
	}
}

// kept reads the columns of a Parquet file.
func (s *shard) kept() iter.Seq2[*Kept, error] {
	return func(yield func(*Kept, error) bool) {
		old := false
		err := inParquet(s.path, func(f *parquet.File, mine func(func())) (err error) {
			if _, told := f.Schema().Lookup("is_log"); !told {
				old = true
				return nil
			}
			more := true
			for _, g := range f.RowGroups() {
				err := s.keptRows(g, func(k *Kept) bool {
					mine(func() { more = yield(k, nil) })
					return more
				})
				if err != nil || !more {
					return err
				}
			}
			return nil
		})
		if err != nil {
			yield(nil, fmt.Errorf("recording %s: %w", s.path, err))
		}
		if old {
			keptOf(s.arrived())(yield)
		}
	}
}

func (s *shard) keptRows(g parquet.RowGroup, give func(*Kept) bool) error {
	c, err := newColumns(g)
	if err != nil {
		return err
	}
	defer c.close()
	is, machine, target, scenario, outcome, seq := c.by["is_log"], c.by["machine"], c.by["target"], c.by["scenario"], c.by["outcome"], c.by["seq"]
	due, sent, wait, read := c.by["due"], c.by["sent_ns"], c.by["wait_ns"], c.by["read_ns"]
	k := Kept{
		Ended: func() time.Time { return time.Unix(0, due.int()+sent.int()+max(wait.int(), 0)+read.int()) },
		Whole: func() (probe.Observation, error) {
			row := c.packed(s.header.Plan.Seed)
			if c.err != nil {
				return probe.Observation{}, c.err
			}
			return s.observation(recordLine{packed: row})
		},
	}
	for range g.NumRows() {
		if c.next(); is.bool() { // a log, and so are all that follow
			return nil
		}
		k.Machine, k.Target, k.Scenario, k.Seq, k.Outcome = machine.text(), target.text(), scenario.text(), uint64(seq.int()), probe.Outcome(outcome.text())
		k.Alike = c.alike()
		if c.err != nil {
			return c.err
		}
		if !give(&k) {
			return nil
		}
	}
	return c.err
}

// inParquet opens a file. The library panics on some damaged ones; what is done
// within mine panics by itself.
func inParquet(path string, do func(f *parquet.File, mine func(func())) error) (err error) {
	from, err := os.Open(path)
	if err != nil {
		return missing(path, err)
	}
	defer func() { _ = from.Close() }() // only read
	var others bool
	defer func() {
		if others {
			return
		}
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged Parquet file: %v", p)
		}
	}()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	f, err := parquet.OpenFile(from, info.Size())
	if err != nil {
		return fmt.Errorf("not a whole Parquet file: %w", err)
	}
	return do(f, func(call func()) {
		others = true
		call()
		others = false
	})
}

// parquetKeys yields what the rows of a Parquet file are found by, and whether log
// records follow them. What is yielded is overwritten.
func parquetKeys(f *parquet.File, give func(recordLine, error) bool) {
	for _, g := range f.RowGroups() {
		if more, err := groupKeys(g, give); err != nil {
			give(recordLine{}, err)
			return
		} else if !more {
			return
		}
	}
}

func groupKeys(g parquet.RowGroup, give func(recordLine, error) bool) (more bool, err error) {
	c, err := newColumns(g, "machine", "seq", "is_log")
	if err != nil {
		return false, err
	}
	defer func() { _ = c.close() }() // only read
	is, machine, seq := c.by["is_log"], c.by["machine"], c.by["seq"]
	row := recordLine{Observation: &probe.Observation{}}
	for range g.NumRows() {
		if c.next(); is.bool() {
			give(recordLine{Log: &probe.LogRecord{}}, nil)
			return false, nil
		}
		row.Observation.Machine, row.Observation.Seq = machine.text(), uint64(seq.int())
		if c.err != nil || !give(row, nil) {
			return false, c.err
		}
	}
	return true, c.err
}

// rowLogs yields the log records of a Parquet file that are wanted.
func rowLogs(f *parquet.File, want func(id string) bool, give func(*probe.LogRecord) bool) error {
	if _, told := f.Schema().Lookup("is_log"); !told {
		return nil // the metadata hold them
	}
	for _, g := range f.RowGroups() {
		c, err := newColumns(g, "is_log", "log")
		if err != nil {
			return err
		}
		defer c.close()
		is, log := c.by["is_log"], c.by["log"]
		for range g.NumRows() {
			if c.next(); !is.bool() {
				if c.err != nil {
					return c.err
				}
				continue
			}
			text := log.text()
			if c.err != nil {
				return c.err
			}
			if !mentions(text, want) {
				continue
			}
			l := new(probe.LogRecord)
			if err := json.Unmarshal([]byte(text), l); err != nil {
				return err
			}
			if !give(l) {
				return nil
			}
		}
	}
	return nil
}

// columns are those of one row group, at one row. What of it is not asked for is not
// read.
type columns struct {
	row  int
	all  []*column
	by   map[string]*column
	like []*column // that say what an answer is
	// hashes are those of rows, the first of them hashed.
	hashes []uint64
	hashed int
	err    error
	// bodiless: whoever asks for rows has their bodies.
	bodiless bool
}

// likeColumns say what an answer is.
var likeColumns = [...]string{"target", "scenario", "outcome", "status", "head", "body", "body_size", "body_hash", "truncated"}

// newColumns opens the columns of a row group that are named; all where none is.
func newColumns(g parquet.RowGroup, only ...string) (*columns, error) {
	c := &columns{row: -1, by: map[string]*column{}}
	names := g.Schema().Columns()
	for i, chunk := range g.ColumnChunks() {
		if len(only) > 0 && !slices.Contains(only, names[i][0]) {
			continue
		}
		x := &column{of: c, name: names[i][0], pages: chunk.Pages()}
		c.all = append(c.all, x)
		c.by[x.name] = x
	}
	if len(only) == 0 {
		for _, path := range parquet.SchemaOf(parquetRow{}).Columns() {
			only = append(only, path[0])
		}
	}
	for _, name := range only {
		if c.by[name] == nil {
			return nil, errors.Join(fmt.Errorf("the column %s is missing", name), c.close())
		}
	}
	for _, name := range likeColumns {
		if x := c.by[name]; x != nil {
			x.like = true
			c.like = append(c.like, x)
		}
	}
	return c, nil
}

func (c *columns) close() error {
	var errs []error
	for _, x := range c.all {
		parquet.Release(x.page)
		errs = append(errs, x.pages.Close())
	}
	return errors.Join(errs...)
}

// next goes to the next row.
func (c *columns) next() { c.row++ }

func (c *columns) int(name string) int64   { return c.by[name].int() }
func (c *columns) bool(name string) bool   { return c.by[name].bool() }
func (c *columns) text(name string) string { return c.by[name].text() }

// alike is [Kept.Alike].
func (c *columns) alike() uint64 {
	if c.row >= c.hashed+len(c.hashes) && !c.hash() {
		return 0
	}
	return c.hashes[c.row-c.hashed]
}

// mostHashed is how many rows are hashed at once.
const mostHashed = 1 << 10

// hash makes the hashes of the row and of those that follow it, as far as no column has
// to go to its next page: one column after another, that is several times faster than
// one row after another. False where that fails.
func (c *columns) hash() bool {
	n := mostHashed
	for _, x := range c.like {
		if !x.here() {
			return false
		}
		n = min(n, x.n-x.at)
	}
	c.hashed, c.hashes = c.row, slices.Grow(c.hashes[:0], n)[:n]
	for i := range c.hashes {
		c.hashes[i] = 1
	}
	for _, x := range c.like {
		x.mix(c.hashes)
	}
	return true
}

// mixed is a hash with that of one more column; 0 where one of them says nothing.
func mixed(h, k uint64) uint64 {
	if h == 0 || k == 0 {
		return 0
	}
	h = (h ^ k) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// packed is the row as rows are read one by one.
func (c *columns) packed(seed uint64) *packedRow {
	r := parquetRow{
		Machine: c.text("machine"), Seq: uint64(c.int("seq")), Target: c.text("target"), Scenario: c.text("scenario"), Due: c.int("due"),
		Sent: c.int("sent_ns"), Wait: c.int("wait_ns"), Read: c.int("read_ns"), Rate: c.by["rate"].float(), Among: uint64(c.int("among")),
		Conn: c.int("conn"), ConnN: c.int("conn_n"), Fresh: c.bool("fresh"), RemoteIP: c.text("remote"), Proto: c.text("proto"),
		Outcome: c.text("outcome"), Err: c.text("err"), MintedID: c.text("minted_id"), Follows: c.bool("minted_follows"),
		Status: int32(c.int("status")), Head: c.text("head"), Hex: []byte(c.text("head_hex")), Text: c.text("head_text"),
		BodySize: c.int("body_size"), BodyHash: uint64(c.int("body_hash")), Truncated: c.bool("truncated"),
	}
	if !c.bodiless {
		r.Body = []byte(c.text("body"))
	}
	return r.packed(seed)
}

// column is one column at the row of all of them.
type column struct {
	of    *columns
	name  string
	like  bool // it says what an answer is
	pages parquet.Pages
	page  parquet.Page
	first int // row of the page
	n, at int // values of the page, and the one at hand

	dict    parquet.Dictionary // nil where the page holds the values themselves
	index   []int32
	known   []known  // of the dictionary
	hashes  []uint64 // of the dictionary, where like is set
	ints    []int64
	small   []int32
	floats  []float64
	bits    []byte
	bytes   []byte
	offsets []uint32
}

// known is what was made of a dictionary's value.
type known struct {
	text string
	told bool // text was made
}

// here goes to the row; false where that fails.
func (x *column) here() bool {
	x.at = x.of.row - x.first
	return x.at < x.n || x.turn()
}

// turn goes to the page of the row.
func (x *column) turn() bool {
	for x.at >= x.n && x.of.err == nil {
		parquet.Release(x.page)
		x.first, x.at, x.n, x.page = x.first+x.n, x.at-x.n, 0, nil
		if err := x.load(); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			x.of.err, x.n = fmt.Errorf("column %s: %w", x.name, err), 0
		}
	}
	return x.of.err == nil
}

// load reads the next page.
func (x *column) load() (err error) {
	defer func() {
		if p := recover(); p != nil { // of the library, as in inParquet
			err = fmt.Errorf("damaged Parquet file: %v", p)
		}
	}()
	if x.page, err = x.pages.ReadPage(); err != nil {
		return err
	}
	x.n = int(x.page.NumValues())
	return x.open()
}

func (x *column) open() error {
	data := x.page.Data()
	if dict := x.page.Dictionary(); dict != nil {
		if dict != x.dict {
			x.dict, x.known = dict, make([]known, dict.Len())
			if x.like {
				x.hashAll()
			}
		}
		x.index = data.Int32()
		return nil
	}
	x.dict = nil
	switch x.page.Type().Kind() {
	case parquet.Boolean:
		x.bits = data.Boolean()
	case parquet.Int32:
		x.small = data.Int32()
	case parquet.Int64:
		x.ints = data.Int64()
	case parquet.Double:
		x.floats = data.Double()
	case parquet.ByteArray:
		x.bytes, x.offsets = data.ByteArray()
	default:
		return fmt.Errorf("values of the kind %s", x.page.Type().Kind())
	}
	return nil
}

func (x *column) value() parquet.Value { return x.dict.Index(x.index[x.at]) }

func (x *column) int() int64 {
	switch {
	case !x.here():
		return 0
	case x.dict != nil && x.dict.Type().Kind() == parquet.Int32:
		return int64(x.value().Int32())
	case x.dict != nil:
		return x.value().Int64()
	case x.page.Type().Kind() == parquet.Int32:
		return int64(x.small[x.at])
	}
	return x.ints[x.at]
}

func (x *column) float() float64 {
	if !x.here() {
		return 0
	}
	if x.dict != nil {
		return x.value().Double()
	}
	return x.floats[x.at]
}

func (x *column) bool() bool { return x.here() && x.bits[x.at/8]>>(x.at%8)&1 > 0 }

func (x *column) text() string {
	if !x.here() {
		return ""
	}
	if x.dict == nil {
		return string(x.bytes[x.offsets[x.at]:x.offsets[x.at+1]])
	}
	k := &x.known[x.index[x.at]]
	if !k.told {
		k.text, k.told = textOf(x.value()), true
	}
	return k.text
}

func textOf(v parquet.Value) string {
	if v.Kind() == parquet.ByteArray {
		return string(v.ByteArray())
	}
	return v.String()
}

// mix adds the column to the hashes of so many rows of its page, in all pages alike.
func (x *column) mix(hashes []uint64) {
	if x.dict != nil {
		for i, at := range x.index[x.at:][:len(hashes)] {
			hashes[i] = mixed(hashes[i], x.hashes[at])
		}
		return
	}
	for i := range hashes {
		at, k := x.at+i, uint64(0)
		switch x.page.Type().Kind() {
		case parquet.ByteArray:
			k = x.hashOf(x.bytes[x.offsets[at]:x.offsets[at+1]])
		case parquet.Boolean:
			k = 1 + uint64(x.bits[at/8]>>(at%8)&1)
		case parquet.Int32:
			k = hashOfInt(int64(x.small[at]))
		default:
			k = hashOfInt(x.ints[at])
		}
		hashes[i] = mixed(hashes[i], k)
	}
}

// hashOf tells texts apart; 0 where one says nothing.
func (x *column) hashOf(text []byte) uint64 {
	if x.name == "head" {
		return headHash(string(text))
	}
	return maphash.Bytes(columnSeed, text) | 1
}

func hashOfInt(n int64) uint64 { return maphash.Comparable(columnSeed, n) | 1 }

// hashAll makes the hashes of the dictionary.
func (x *column) hashAll() {
	x.hashes = slices.Grow(x.hashes[:0], x.dict.Len())[:x.dict.Len()]
	for i := range x.hashes {
		switch v := x.dict.Index(int32(i)); v.Kind() {
		case parquet.ByteArray:
			x.hashes[i] = x.hashOf(v.ByteArray())
		case parquet.Int32:
			x.hashes[i] = hashOfInt(int64(v.Int32()))
		default:
			x.hashes[i] = hashOfInt(v.Int64())
		}
	}
}

var columnSeed = maphash.MakeSeed()

// headHash tells templates of headers apart that differ in more than what names the
// request; 0 where any other header's value is not told by the template.
func headHash(template string) uint64 {
	if template != "" && template[0] == markJSON {
		return 0
	}
	var h maphash.Hash
	h.SetSeed(columnSeed)
	for line := range strings.Lines(template) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		_, _ = h.WriteString(name) // a hash takes everything
		_ = h.WriteByte(0)
		switch {
		case probe.NamesRequest(name):
			_ = h.WriteByte(byte(flag(value != "" && value != "0", 1)))
		case strings.ContainsAny(value, marks):
			return 0
		default:
			_, _ = h.WriteString(value)
		}
		_ = h.WriteByte(0)
	}
	return h.Sum64() | 1
}

// mentions tells whether the JSON of a log record is of a request that is wanted; all
// are where want is nil.
func mentions(record string, want func(id string) bool) bool {
	if want == nil {
		return true
	}
	for _, field := range [...]string{`"request_id":"`, `"extended_request_id":"`} {
		_, rest, ok := strings.Cut(record, field)
		if !ok {
			continue
		}
		id, _, _ := strings.Cut(rest, `"`)
		if want(id) || strings.Contains(id, `\`) {
			return true
		}
	}
	return false
}
