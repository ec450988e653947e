package recording

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/parquet-go/parquet-go"

	"stageprobe/probe"
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
	Sent      int64   `parquet:"sent_ns,delta,uncompressed"`
	Wait      int64   `parquet:"wait_ns,delta,uncompressed"`
	Read      int64   `parquet:"read_ns,delta,uncompressed"`
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
	Head      string  `parquet:"head,dict,zstd"`
	Hex       []byte  `parquet:"head_hex,uncompressed"`
	Text      string  `parquet:"head_text,zstd"`
	Body      []byte  `parquet:"body,dict"`
	BodySize  int64   `parquet:"body_size,dict"`
	BodyHash  uint64  `parquet:"body_hash,dict"`
	Truncated bool    `parquet:"truncated"`
	IsLog     bool    `parquet:"is_log"`
	Log       string  `parquet:"log,zstd"` // JSON
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
)

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
	_, packed := f.Schema().Lookup("head")
	_, told := f.Schema().Lookup("is_log")
	switch {
	case !packed:
		readRows(f, func(r *oldParquetRow) bool { return give(recordLine{Observation: r.observation()}, nil) }, give)
	case keysOnly && told:
		parquetKeys(f, give)
	default:
		seed := parts[0].Header.Plan.Seed
		readRows(f, func(r *parquetRow) bool { return !r.IsLog && give(recordLine{packed: r.packed(seed)}, nil) }, give)
	}
}

// readRows reads the columns that a row type names.
func readRows[T any](f *parquet.File, take func(*T) bool, give func(recordLine, error) bool) {
	r := parquet.NewGenericReader[T](f)
	defer func() { _ = r.Close() }() // only read
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
	var evidence []*probe.Evidence
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

func (r *parquetRow) packed(seed uint64) *packedRow {
	p := &packedRow{head: r.Head, hex: string(r.Hex), text: r.Text, follows: r.Follows, Observation: probe.Observation{
		Machine: r.Machine, Seq: r.Seq, Target: r.Target, Scenario: r.Scenario,
		Due: time.Unix(0, r.Due).UTC(), Sent: time.Duration(r.Sent), TTFB: time.Duration(r.Sent + r.Wait), Took: time.Duration(r.Sent + r.Wait + r.Read), Rate: r.Rate,
		Among: probe.Among(r.Among), Conn: int(r.Conn), ConnN: int(r.ConnN), Fresh: r.Fresh, RemoteIP: r.RemoteIP, Proto: r.Proto,
		Outcome: probe.Outcome(r.Outcome), Err: r.Err, MintedID: r.MintedID,
		Status: int(r.Status), BodySize: r.BodySize, BodyHash: r.BodyHash, Truncated: r.Truncated,
	}}
	switch {
	case r.Wait == noAnswer:
		p.TTFB, p.Took = 0, time.Duration(r.Sent+r.Read)
	case r.Wait < noAnswer:
		p.TTFB, p.Took = p.TTFB+1, p.Took+1
	}
	if r.Follows {
		p.MintedID = probe.MintedID(seed, r.Seq)
	}
	if len(r.Body) > 0 {
		p.Body = r.Body
	}
	return p
}
