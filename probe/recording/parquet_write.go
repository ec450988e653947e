package recording

import (
	"errors"
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"stageprobe/probe"
	"stageprobe/probe/redact"
)

const (
	// A row group is closed after so many rows, or bytes of answers' strings
	// that are new in it: both wait in memory until then.
	groupRows  = 1 << 18
	groupBytes = 32 << 20

	// inOrder is how many rows wait for one before them: columns of rows in
	// order are smaller.
	inOrder = 1 << 12
)

// parquetWriter writes the rows of a recording as they come to a file that
// appears under its name when it is whole.
type parquetWriter struct {
	path string
	file *os.File
	to   *parquet.GenericWriter[parquetRow]

	held  []parquetRow // of one machine, each at its number less first
	there []bool       // beside held
	first uint64

	group int // of rows, from 1
	bytes int // of its strings
	rows  int
}

// textColumns hold texts and bytes.
var textColumns = []string{
	"machine", "target", "scenario", "remote", "proto", "outcome", "err", "minted_id", "head", "head_hex", "head_text", "body", "log",
}

func createParquet(path string) (*parquetWriter, error) {
	f, err := openOwn(path + ".tmp")
	if err != nil {
		return nil, err
	}
	codec := &zstd.Codec{Level: zstd.SpeedFastest}
	// The column index has the bounds of pages already.
	options := []parquet.WriterOption{parquet.Compression(codec), parquet.DataPageStatistics(false)}
	for _, name := range textColumns {
		options = append(options, parquet.SkipPageBounds(name)) // the least and the greatest say nothing
	}
	return &parquetWriter{path: path, file: f, group: 1, to: parquet.NewGenericWriter[parquetRow](f, options...)}, nil
}

// place is where the row of a machine and number goes.
func (w *parquetWriter) place(machine string, seq uint64) (*parquetRow, error) {
	at := seq - w.first
	if at >= inOrder || len(w.held) > 0 && w.machine() != machine {
		if err := w.flush(); err != nil {
			return nil, err
		}
		w.first, at = seq, 0
	}
	for uint64(len(w.held)) <= at {
		w.held, w.there = append(w.held, parquetRow{}), append(w.there, false)
	}
	w.there[at] = true
	return &w.held[at], nil
}

// add takes in a row that was put into its place, with so many bytes of strings that are
// new, and writes those whose turn has come.
func (w *parquetWriter) add(new int) error {
	w.bytes += new
	if len(w.held) < 2*parquetBatch {
		return nil
	}
	n := 0
	for n < len(w.there) && w.there[n] {
		n++
	}
	if n < parquetBatch {
		return nil
	}
	if err := w.write(w.held[:n]); err != nil {
		return err
	}
	w.first += uint64(n)
	w.held = append(w.held[:0], w.held[n:]...)
	w.there = append(w.there[:0], w.there[n:]...)
	return nil
}

// machine is that of the rows held. There is one where the last place is: it was
// made for a row.
func (w *parquetWriter) machine() string { return w.held[len(w.held)-1].Machine }

// flush writes whatever is held.
func (w *parquetWriter) flush() error {
	rows := w.held[:0]
	for i, there := range w.there {
		if there {
			rows = append(rows, w.held[i])
		}
	}
	w.there = w.there[:0]
	err := w.write(rows)
	w.held = w.held[:0]
	return err
}

func (w *parquetWriter) write(rows []parquetRow) error {
	if len(rows) == 0 {
		return nil
	}
	for i := range rows {
		r := &rows[i]
		w.bytes += len(r.Hex) + len(r.Text) + len(r.Log)
	}
	w.rows += len(rows)
	if _, err := w.to.Write(rows); err != nil || w.bytes < groupBytes && w.rows < groupRows {
		return err
	}
	w.group, w.bytes, w.rows = w.group+1, 0, 0
	return w.to.Flush()
}

// close writes the log records and everything that is no row.
func (w *parquetWriter) close(l recordLine, secrets *redact.Redactor) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, w.drop())
		}
	}()
	if err := w.flush(); err != nil {
		return err
	}
	var evidence []probe.Evidence
	if l.Evidence != nil {
		rest := *l.Evidence
		rest.Records = nil
		evidence = []probe.Evidence{rest}
		if err := w.logs(l.Evidence.Records, secrets); err != nil {
			return err
		}
	}
	for key, part := range map[string]any{metaHeader: l.Header, metaSnapshot: l.Snapshot, metaEvidence: evidence, metaTrailer: l.Trailer} {
		text, err := secrets.JSON(part)
		if err != nil {
			return err
		}
		w.to.SetKeyValueMetadata(key, string(text))
	}
	if err := errors.Join(w.to.Close(), w.file.Sync(), w.file.Close()); err != nil {
		return err
	}
	return os.Rename(w.file.Name(), w.path)
}

func (w *parquetWriter) logs(records []probe.LogRecord, secrets *redact.Redactor) error {
	for i := range records {
		text, err := secrets.JSON(&records[i])
		if err != nil {
			return fmt.Errorf("log record %s: %w", records[i].RequestID, err)
		}
		if err := w.write([]parquetRow{{IsLog: true, Log: string(text)}}); err != nil {
			return err
		}
	}
	return nil
}

// drop removes the unfinished file.
func (w *parquetWriter) drop() error {
	_ = w.file.Close() // it may be closed already
	return os.Remove(w.file.Name())
}

// set fills in what a row has beside its headers and its body.
func (r *parquetRow) set(o *probe.Observation, follows bool) {
	*r = parquetRow{
		Machine: o.Machine, Seq: o.Seq, Target: o.Target, Scenario: o.Scenario,
		Due: o.Due.UnixNano(), Sent: int64(o.Sent), Wait: int64(o.TTFB - o.Sent), Read: int64(o.Took - o.TTFB), Rate: o.Rate,
		Among: uint64(o.Among), Conn: int64(o.Conn), ConnN: int64(o.ConnN), Fresh: o.Fresh, RemoteIP: o.RemoteIP, Proto: o.Proto,
		Outcome: string(o.Outcome), Err: o.Err, Follows: follows, Status: int32(o.Status),
		BodySize: o.BodySize, BodyHash: o.BodyHash, Truncated: o.Truncated,
	}
	switch {
	case o.TTFB == 0:
		r.Wait, r.Read = noAnswer, int64(o.Took-o.Sent)
	case r.Wait <= noAnswer:
		r.Wait--
	}
	if !follows {
		r.MintedID = o.MintedID
	}
}
