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

// parquetRow is an Observation as a row of columns.
type parquetRow struct {
	Machine   string          `parquet:"machine,dict"`
	Seq       uint64          `parquet:"seq"`
	Target    string          `parquet:"target,dict"`
	Scenario  string          `parquet:"scenario,dict"`
	Due       int64           `parquet:"due,timestamp(nanosecond)"`
	Sent      int64           `parquet:"sent_ns"`
	TTFB      int64           `parquet:"ttfb_ns"`
	Took      int64           `parquet:"took_ns"`
	Rate      float64         `parquet:"rate"`
	Among     uint64          `parquet:"among"`
	Conn      int64           `parquet:"conn"`
	ConnN     int64           `parquet:"conn_n"`
	Fresh     bool            `parquet:"fresh"`
	RemoteIP  string          `parquet:"remote,dict"`
	Proto     string          `parquet:"proto,dict"`
	Outcome   string          `parquet:"outcome,dict"`
	Err       string          `parquet:"err,dict"`
	MintedID  string          `parquet:"minted_id"`
	Status    int32           `parquet:"status"`
	Header    []parquetHeader `parquet:"header,list"`
	Body      []byte          `parquet:"body"`
	BodySize  int64           `parquet:"body_size"`
	Truncated bool            `parquet:"truncated"`
}

type parquetHeader struct {
	Name  string `parquet:"name,dict"`
	Value string `parquet:"value"`
}

// The keys of the file's metadata, each a JSON value. evidence is a list.
const (
	metaHeader   = "stageprobe.header"
	metaSnapshot = "stageprobe.snapshot"
	metaEvidence = "stageprobe.evidence"
	metaTrailer  = "stageprobe.trailer"
)

const parquetBatch = 256

// convertToParquet writes a recording in JSON Lines as Parquet, in row order.
// The file appears under its name when it is whole.
func convertToParquet(from, to string) (err error) {
	s := &shard{path: from}
	if err := s.look(); err != nil {
		return err
	}
	tmp := to + ".tmp"
	f, err := openOwn(tmp)
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
	for _, part := range []struct {
		key   string
		value any
	}{{metaHeader, s.header}, {metaSnapshot, s.snapshot}, {metaEvidence, s.evidence}, {metaTrailer, s.trailer}} {
		text, err := json.Marshal(part.value)
		if err != nil {
			return err
		}
		w.SetKeyValueMetadata(part.key, string(text))
	}
	for o, err := range s.rows() {
		if err != nil {
			return err
		}
		if _, err := w.Write([]parquetRow{newParquetRow(&o)}); err != nil {
			return err
		}
	}
	return w.Close()
}

// parquetLines yields the parts of a Parquet recording as if it were JSON Lines.
func parquetLines(path string) iter.Seq2[recordLine, error] {
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
		readParquet(f, info.Size(), yield)
	}
}

// readParquet yields metadata first, then rows.
func readParquet(from io.ReaderAt, size int64, yield func(recordLine, error) bool) {
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
	give := func(l recordLine, err error) bool {
		yielding = true
		ok := yield(l, err)
		yielding = false
		return ok
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
	for _, l := range parts {
		if !give(l, nil) {
			return
		}
	}
	r := parquet.NewGenericReader[parquetRow](f)
	defer func() { _ = r.Close() }() // only read
	for {
		rows := make([]parquetRow, parquetBatch)
		n, err := r.Read(rows)
		for i := range n {
			if !give(recordLine{Observation: rows[i].observation()}, nil) {
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
		return nil, nil // the caller says that this is no recording
	}
	parts := []recordLine{header, {Snapshot: rest.Snapshot}, {Trailer: rest.Trailer}}
	for _, e := range evidence {
		parts = append(parts, recordLine{Evidence: e})
	}
	return parts, nil
}

func newParquetRow(o *Observation) parquetRow {
	r := parquetRow{
		Machine: o.Machine, Seq: o.Seq, Target: o.Target, Scenario: o.Scenario,
		Due: o.Due.UnixNano(), Sent: int64(o.Sent), TTFB: int64(o.TTFB), Took: int64(o.Took), Rate: o.Rate,
		Among: uint64(o.Among), Conn: int64(o.Conn), ConnN: int64(o.ConnN), Fresh: o.Fresh, RemoteIP: o.RemoteIP, Proto: o.Proto,
		Outcome: string(o.Outcome), Err: o.Err, MintedID: o.MintedID,
		Status: int32(o.Status), Body: o.Body, BodySize: o.BodySize, Truncated: o.Truncated,
	}
	for _, h := range o.Header {
		r.Header = append(r.Header, parquetHeader(h))
	}
	return r
}

func (r *parquetRow) observation() *Observation {
	o := &Observation{
		Machine: r.Machine, Seq: r.Seq, Target: r.Target, Scenario: r.Scenario,
		Due: time.Unix(0, r.Due).UTC(), Sent: time.Duration(r.Sent), TTFB: time.Duration(r.TTFB), Took: time.Duration(r.Took), Rate: r.Rate,
		Among: Among(r.Among), Conn: int(r.Conn), ConnN: int(r.ConnN), Fresh: r.Fresh, RemoteIP: r.RemoteIP, Proto: r.Proto,
		Outcome: Outcome(r.Outcome), Err: r.Err, MintedID: r.MintedID,
		Status: int(r.Status), BodySize: r.BodySize, Truncated: r.Truncated,
	}
	if len(r.Body) > 0 {
		o.Body = r.Body
	}
	for _, h := range r.Header {
		o.Header = append(o.Header, Header(h))
	}
	return o
}
