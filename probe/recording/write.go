package recording

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"stageprobe/probe"
	"stageprobe/probe/redact"
)

// How much of a recording may be lost when the process is killed.
const (
	flushRows  = 64 // but of a row log, whose rows are smaller than a call that writes them
	flushEvery = time.Second
)

// The ways to keep a recording, by extension.
const (
	extJSONL   = ".jsonl"
	extZstd    = ".jsonl.zst"
	extParquet = ".parquet"

	// spillExt is added to the name of a Parquet recording while it grows: a
	// Parquet file without its footer holds nothing, so every row stands in a row
	// log too until the recording is closed.
	spillExt = ".partial"
)

// Writer keeps a run as it happens. It is not for several goroutines at once.
// After an error every further call returns it.
type Writer struct {
	path    string // as asked for
	secrets *redact.Redactor
	file    *os.File
	out     flusher
	rows    *rowEncoder // of a row log
	columns *parquetWriter
	rest    recordLine // all but the rows, for columns
	length  []byte
	pending int
	err     error
	mu      sync.Mutex // the timer flushes too
	timer   *time.Timer
}

type flusher interface {
	io.Writer
	Flush() error
}

// Create begins a recording; the extension says how it is kept: .jsonl,
// .jsonl.zst or .parquet. Rows reach the disk within a second or so; a file
// that was cut off reads up to its last complete row. Secrets are replaced in
// everything that is written.
func Create(path string, h Header, secrets *redact.Redactor) (*Writer, error) {
	w := &Writer{path: path, secrets: secrets}
	err := CheckName(path)
	if err != nil {
		return nil, err
	}
	on := path
	if strings.HasSuffix(path, extParquet) {
		on = path + spillExt
		w.rows = &rowEncoder{seed: h.Plan.Seed}
		if w.columns, err = createParquet(path); err != nil {
			return nil, fmt.Errorf("recording: %w", err)
		}
	}
	// Answers may hold what is nobody else's business.
	if w.file, err = openOwn(on); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	if w.out, err = compressor(on, w.file); err != nil {
		return nil, errors.Join(fmt.Errorf("recording %s: %w", on, err), w.file.Close())
	}
	if w.rows != nil {
		if _, err := io.WriteString(w.out, rowLogMagic); err != nil {
			return nil, errors.Join(fmt.Errorf("recording %s: %w", on, err), w.file.Close())
		}
	}
	w.rest.Header = &h
	w.timer = time.AfterFunc(flushEvery, w.tick)
	h.Format = Format
	h.Plan = secrets.Plan(h.Plan)
	if err := w.line(recordLine{Header: &h}); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w, w.flush()
}

// CheckName tells whether a recording can have a name: its ending says how
// it is kept.
func CheckName(path string) error {
	for _, ext := range []string{extJSONL, extZstd, extParquet} {
		if strings.HasSuffix(path, ext) {
			return nil
		}
	}
	return fmt.Errorf("recording %s: the name must end in %s, %s or %s", path, extJSONL, extZstd, extParquet)
}

func compressor(name string, to io.Writer) (flusher, error) {
	if strings.HasSuffix(name, extZstd) {
		return zstd.NewWriter(to, zstd.WithEncoderConcurrency(1))
	}
	return bufio.NewWriterSize(to, 64<<10), nil
}

// Observation keeps a row.
func (w *Writer) Observation(o *probe.Observation) error {
	if !w.secrets.Empty() {
		clean := w.secrets.Observation(*o)
		o = &clean
	}
	if w.rows == nil {
		return w.encode(nil, recordLine{Observation: o})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	row, err := w.columns.place(o.Machine, o.Seq)
	if err != nil {
		return w.failed(err)
	}
	record, new := w.rows.encode(o, row, w.columns.group)
	if err := w.columns.add(new); err != nil {
		return w.failed(err)
	}
	return w.keep(record)
}

// Snapshot keeps a configuration that was read after the header was written.
func (w *Writer) Snapshot(s *probe.Snapshot) error {
	w.rest.Snapshot = s
	return w.line(recordLine{Snapshot: s})
}

// Evidence keeps what the logs said; it may be called more than once. Each log
// record has a line of its own.
func (w *Writer) Evidence(e *probe.Evidence) error {
	w.rest.Evidence = withReading(w.rest.Evidence, e)
	rest := *e
	rest.Records = nil
	err := w.line(recordLine{Evidence: &rest})
	for i := range e.Records {
		if err == nil {
			err = w.line(recordLine{Log: &e.Records[i]})
		}
	}
	return err
}

// line writes a line with the secrets taken out.
func (w *Writer) line(l recordLine) error { return w.encode(w.secrets, l) }

func (w *Writer) encode(secrets *redact.Redactor, l recordLine) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	b, err := secrets.JSON(l)
	switch {
	case err != nil:
		return w.failed(err)
	case w.rows != nil:
		return w.keep(append([]byte{'j'}, b...))
	}
	return w.keep(append(b, '\n'))
}

// keep writes a line, or a record of a row log.
func (w *Writer) keep(b []byte) error {
	if w.rows != nil {
		w.length = binary.AppendUvarint(w.length[:0], uint64(len(b)))
		if _, err := w.out.Write(w.length); err != nil {
			return w.failed(err)
		}
	}
	if _, err := w.out.Write(b); err != nil {
		return w.failed(err)
	}
	if w.pending++; w.pending >= flushRows && w.rows == nil {
		return w.flush()
	}
	return nil
}

// Flush puts on the disk what was given so far: before a pause, so that a process
// that is killed in it loses nothing.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush()
}

func (w *Writer) failed(err error) error {
	w.err = fmt.Errorf("recording %s: %w", w.path, err)
	return w.err
}

func (w *Writer) flush() error {
	if w.err != nil {
		return w.err
	}
	w.pending = 0
	if err := w.out.Flush(); err != nil {
		return w.failed(err)
	}
	return nil
}

// tick puts on disk what has waited for a second.
func (w *Writer) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return
	}
	if w.pending > 0 {
		_ = w.flush() // its error is kept for the next call
	}
	w.timer.Reset(flushEvery)
}

// Close ends the recording. A Parquet file appears under its name here, as a whole.
func (w *Writer) Close(t Trailer) error {
	if w.file == nil {
		return w.err
	}
	_ = w.line(recordLine{Trailer: &t}) // its error is kept and returned below
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	_ = w.flush()
	errs := []error{w.err}
	if c, ok := w.out.(io.Closer); ok {
		errs = append(errs, c.Close())
	}
	errs = append(errs, w.file.Sync(), w.file.Close())
	w.file = nil
	w.err = errors.Join(errs...)
	if w.columns != nil {
		w.rest.Trailer = &t
		w.err = w.finish(w.err)
	}
	return w.err
}

// finish ends the columns. Where anything failed the rows stay readable in the
// row log.
func (w *Writer) finish(failed error) error {
	log := w.path + spillExt
	if failed != nil {
		return errors.Join(failed, w.columns.drop())
	}
	if err := w.columns.close(w.rest, w.secrets); err != nil {
		return fmt.Errorf("recording %s: %w; its rows are kept in %s", w.path, err, log)
	}
	return os.Remove(log)
}
