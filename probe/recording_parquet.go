package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// parquetRow is a row of a recording as columns: an Observation, or after all of
// those a log record. Times are nanoseconds: sent_ns counts from due, wait_ns from
// then to the first byte of the answer, read_ns from then to the end; wait_ns is
// -1 where no answer came. What makes up the headers is told at [headPacker].
type parquetRow struct {
	Machine   string  `parquet:"machine,dict"`
	Seq       uint64  `parquet:"seq,delta"`
	Target    string  `parquet:"target,dict"`
	Scenario  string  `parquet:"scenario,dict"`
	Due       int64   `parquet:"due,timestamp(nanosecond),delta"`
	Sent      int64   `parquet:"sent_ns,delta"`
	Wait      int64   `parquet:"wait_ns,delta"`
	Read      int64   `parquet:"read_ns,delta"`
	Rate      float64 `parquet:"rate,dict"`
	Among     uint64  `parquet:"among,dict"`
	Conn      int64   `parquet:"conn,dict"`
	ConnN     int64   `parquet:"conn_n,delta"`
	Fresh     bool    `parquet:"fresh"`
	RemoteIP  string  `parquet:"remote,dict"`
	Proto     string  `parquet:"proto,dict"`
	Outcome   string  `parquet:"outcome,dict"`
	Err       string  `parquet:"err,dict"`
	MintedID  string  `parquet:"minted_id"` // "" also where it follows from the seed
	Follows   bool    `parquet:"minted_follows"`
	Status    int32   `parquet:"status,dict"`
	Head      string  `parquet:"head,dict"`
	Hex       []byte  `parquet:"head_hex"`
	Text      string  `parquet:"head_text"`
	Body      []byte  `parquet:"body,dict"`
	BodySize  int64   `parquet:"body_size,dict"`
	BodyHash  uint64  `parquet:"body_hash,dict"`
	Truncated bool    `parquet:"truncated"`
	IsLog     bool    `parquet:"is_log"`
	Log       string  `parquet:"log"` // JSON
}

// parquetKey is what a row is found by.
type parquetKey struct {
	Machine string `parquet:"machine,dict"`
	Seq     uint64 `parquet:"seq,delta"`
	IsLog   bool   `parquet:"is_log"`
}

// parquetLog is a log record.
type parquetLog struct {
	IsLog bool   `parquet:"is_log"`
	Log   string `parquet:"log"`
}

// The keys of the file's metadata, each a JSON value. evidence is a list.
const (
	metaHeader   = "stageprobe.header"
	metaSnapshot = "stageprobe.snapshot"
	metaEvidence = "stageprobe.evidence"
	metaTrailer  = "stageprobe.trailer"
)

const (
	// noAnswer stands in wait_ns where there was none.
	noAnswer = -1

	parquetBatch = 256
	// A row group is closed after so many rows, or bytes of answers' strings
	// that are new in it: both wait in memory until then.
	groupRows  = 1 << 20
	groupBytes = 32 << 20
)

// convertToParquet writes a recording in JSON Lines as Parquet, in row order.
// The file appears under its name when it is whole.
func convertToParquet(from, to string) (err error) {
	s := &shard{path: from}
	if err := s.look(); err != nil {
		return err
	}
	tmp := to + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(writeParquet(f, s), f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return os.Rename(tmp, to)
}

func writeParquet(to io.Writer, s *shard) error {
	w := parquet.NewGenericWriter[parquetRow](to, parquet.Compression(&zstd.Codec{}))
	var evidence *Evidence
	for _, e := range s.evidence {
		evidence = evidence.with(e)
	}
	var records []LogRecord // they have rows of their own
	var without []*Evidence
	if evidence != nil {
		records, evidence.Records = evidence.Records, nil
		without = append(without, evidence)
	}
	for _, part := range []struct {
		key   string
		value any
	}{{metaHeader, s.header}, {metaSnapshot, s.snapshot}, {metaEvidence, without}, {metaTrailer, s.trailer}} {
		text, err := json.Marshal(part.value)
		if err != nil {
			return err
		}
		w.SetKeyValueMetadata(part.key, string(text))
	}
	rows := parquetWriter{to: w}
	for l, err := range s.sorted() {
		if err == nil && l.packed == nil {
			err = errRow
		}
		if err == nil {
			err = rows.row(l.packed)
		}
		if err != nil {
			return err
		}
	}
	for i := range records {
		text, err := json.Marshal(&records[i])
		if err == nil {
			err = rows.add(parquetRow{IsLog: true, Log: string(text)}, len(text))
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(rows.flush(), w.Close())
}

// parquetWriter writes rows in batches.
type parquetWriter struct {
	to    *parquet.GenericWriter[parquetRow]
	batch []parquetRow
	known map[string]bool // heads and bodies of the row group
	bytes int
	rows  int
}

func (w *parquetWriter) row(p *packedRow) error {
	r := newParquetRow(p)
	return w.add(r, w.new(r.Head)+w.new(string(r.Body))+len(r.Text)+len(r.Hex))
}

// new is what a string adds to the row group's dictionaries.
func (w *parquetWriter) new(s string) int {
	if w.known[s] {
		return 0
	}
	if w.known == nil {
		w.known = map[string]bool{}
	}
	w.known[s] = true
	return len(s)
}

func (w *parquetWriter) add(r parquetRow, bytes int) error {
	w.batch = append(w.batch, r)
	w.bytes += bytes
	w.rows++
	if len(w.batch) < parquetBatch {
		return nil
	}
	if err := w.flush(); err != nil || w.bytes < groupBytes && w.rows < groupRows {
		return err
	}
	w.known, w.bytes, w.rows = nil, 0, 0
	return w.to.Flush()
}

func (w *parquetWriter) flush() error {
	_, err := w.to.Write(w.batch)
	w.batch = w.batch[:0]
	return err
}

// parquetLines yields the parts of a Parquet recording as if it were JSON Lines.
func parquetLines(path string, keysOnly bool) iter.Seq2[recordLine, error] {
	return func(yield func(recordLine, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(recordLine{}, missing(path, err))
			return
		}
		defer func() { _ = f.Close() }() // only read
		info, err := f.Stat()
		if err != nil {
			yield(recordLine{}, err)
			return
		}
		readParquet(f, info.Size(), keysOnly, yield)
	}
}

// readParquet yields metadata first, then rows.
func readParquet(from io.ReaderAt, size int64, keysOnly bool, yield func(recordLine, error) bool) {
	var yielding bool
	defer func() {
		// The library panics on some damaged files; what the caller's loop
		// panics with is the caller's.
		if p := recover(); p != nil {
			if yielding {
				panic(p)
			}
			yield(recordLine{}, fmt.Errorf("damaged Parquet file: %v", p))
		}
	}()
	stopped := false
	give := func(l recordLine, err error) bool {
		if stopped {
			return false
		}
		yielding = true
		stopped = !yield(l, err)
		yielding = false
		return !stopped
	}
	f, err := parquet.OpenFile(from, size)
	if err != nil {
		give(recordLine{}, fmt.Errorf("not a whole Parquet file: %w", err))
		return
	}
	parts, err := parquetParts(f)
	if err != nil {
		give(recordLine{}, err)
		return
	}
	if len(parts) == 0 {
		return // the caller says that this is no recording
	}
	for _, l := range parts {
		if !give(l, nil) {
			return
		}
	}
	switch _, packed := f.Schema().Lookup("head"); {
	case !packed:
		readRows(f, 0, func(r *oldParquetRow) bool { return give(recordLine{Observation: r.observation()}, nil) }, give)
	case keysOnly:
		readKeys(f, give)
	default:
		seed := parts[0].Header.Plan.Seed
		readRows(f, 0, func(r *parquetRow) bool { return !r.IsLog && give(recordLine{packed: r.packed(seed)}, nil) }, give)
	}
}

// readKeys yields what rows are found by, and then the log records.
func readKeys(f *parquet.File, give func(recordLine, error) bool) {
	n := int64(0)
	readRows(f, 0, func(r *parquetKey) bool {
		if r.IsLog {
			return false
		}
		n++
		return give(recordLine{Observation: &Observation{Machine: r.Machine, Seq: r.Seq}}, nil)
	}, give)
	if n >= f.NumRows() {
		return
	}
	readRows(f, n, func(r *parquetLog) bool {
		l := new(LogRecord)
		err := json.Unmarshal([]byte(r.Log), l)
		return give(recordLine{Log: l}, err) && err == nil
	}, give)
}

// readRows reads the columns that a row type names, from one row on.
func readRows[T any](f *parquet.File, from int64, take func(*T) bool, give func(recordLine, error) bool) {
	r := parquet.NewGenericReader[T](f)
	defer func() { _ = r.Close() }() // only read
	if from > 0 {
		if err := r.SeekToRow(from); err != nil {
			give(recordLine{}, err)
			return
		}
	}
	rows := make([]T, parquetBatch)
	for {
		clear(rows)
		n, err := r.Read(rows)
		for i := range n {
			if !take(&rows[i]) {
				return
			}
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			give(recordLine{}, err)
			return
		}
	}
}

// parquetParts reads the metadata into the lines that it stands for.
func parquetParts(f *parquet.File) ([]recordLine, error) {
	var header, rest recordLine
	var evidence []*Evidence
	for key, into := range map[string]any{
		metaHeader: &header.Header, metaSnapshot: &rest.Snapshot, metaTrailer: &rest.Trailer, metaEvidence: &evidence,
	} {
		text, ok := f.Lookup(key)
		if !ok {
			continue
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if header.Header == nil {
		return nil, nil
	}
	parts := []recordLine{header, {Snapshot: rest.Snapshot}, {Trailer: rest.Trailer}}
	for _, e := range evidence {
		parts = append(parts, recordLine{Evidence: e})
	}
	return parts, nil
}

func newParquetRow(o *packedRow) parquetRow {
	r := parquetRow{
		Machine: o.Machine, Seq: o.Seq, Target: o.Target, Scenario: o.Scenario,
		Due: o.Due.UnixNano(), Sent: int64(o.Sent), Wait: int64(o.TTFB - o.Sent), Read: int64(o.Took - o.TTFB), Rate: o.Rate,
		Among: uint64(o.Among), Conn: int64(o.Conn), ConnN: int64(o.ConnN), Fresh: o.Fresh, RemoteIP: o.RemoteIP, Proto: o.Proto,
		Outcome: string(o.Outcome), Err: o.Err, Follows: o.follows, Status: int32(o.Status), Head: o.head, Hex: []byte(o.hex), Text: o.text,
		Body: o.Body, BodySize: o.BodySize, BodyHash: o.BodyHash, Truncated: o.Truncated,
	}
	switch {
	case o.TTFB == 0:
		r.Wait, r.Read = noAnswer, int64(o.Took-o.Sent)
	case r.Wait <= noAnswer:
		r.Wait--
	}
	if !o.follows {
		r.MintedID = o.MintedID
	}
	return r
}

func (r *parquetRow) packed(seed uint64) *packedRow {
	p := &packedRow{head: r.Head, hex: string(r.Hex), text: r.Text, follows: r.Follows, Observation: Observation{
		Machine: r.Machine, Seq: r.Seq, Target: r.Target, Scenario: r.Scenario,
		Due: time.Unix(0, r.Due).UTC(), Sent: time.Duration(r.Sent), TTFB: time.Duration(r.Sent + r.Wait), Took: time.Duration(r.Sent + r.Wait + r.Read), Rate: r.Rate,
		Among: Among(r.Among), Conn: int(r.Conn), ConnN: int(r.ConnN), Fresh: r.Fresh, RemoteIP: r.RemoteIP, Proto: r.Proto,
		Outcome: Outcome(r.Outcome), Err: r.Err, MintedID: r.MintedID,
		Status: int(r.Status), BodySize: r.BodySize, BodyHash: r.BodyHash, Truncated: r.Truncated,
	}}
	switch {
	case r.Wait == noAnswer:
		p.TTFB, p.Took = 0, time.Duration(r.Sent+r.Read)
	case r.Wait < noAnswer:
		p.TTFB, p.Took = p.TTFB+1, p.Took+1
	}
	if r.Follows {
		p.MintedID = mintedID(seed, r.Seq)
	}
	if len(r.Body) > 0 {
		p.Body = r.Body
	}
	return p
}
