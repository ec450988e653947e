package probe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// How much of a recording may be lost when the process is killed.
const (
	flushRows  = 64
	flushEvery = time.Second
)

// The ways to keep a recording, by extension.
const (
	extJSONL   = ".jsonl"
	extZstd    = ".jsonl.zst"
	extParquet = ".parquet"

	// spillExt is added to the name of a Parquet recording while it grows: a
	// Parquet file without its footer holds nothing, so rows wait in JSON
	// Lines and become Parquet when the recording is closed.
	spillExt = ".partial" + extZstd
)

// Writer keeps a run as it happens. It is not for several goroutines at once.
// After an error every further call returns it.
type Writer struct {
	path    string // as asked for
	parquet bool
	secrets *Redactor
	file    *os.File
	out     flusher
	pending int
	flushed time.Time
	err     error
}

type flusher interface {
	io.Writer
	Flush() error
}

// Create begins a recording; the extension says how it is kept: .jsonl,
// .jsonl.zst or .parquet. Rows reach the disk within a second or so; a file
// that was cut off reads up to its last complete row. Secrets are replaced in
// everything that is written.
func Create(path string, h RecordingHeader, secrets *Redactor) (*Writer, error) {
	w := &Writer{path: path, secrets: secrets, flushed: time.Now()}
	err := RecordingName(path)
	if err != nil {
		return nil, err
	}
	on := path
	if strings.HasSuffix(path, extParquet) {
		w.parquet, on = true, path+spillExt
	}
	// Answers may hold what is nobody else's business.
	if w.file, err = openOwn(on); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	if w.out, err = compressor(on, w.file); err != nil {
		return nil, errors.Join(fmt.Errorf("recording %s: %w", on, err), w.file.Close())
	}
	h.Format = RecordingFormat
	h.Plan = secrets.plan(h.Plan)
	if err := w.line(recordLine{Header: &h}); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	return w, w.flush()
}

// RecordingName tells whether a recording can have a name: its ending says how
// it is kept.
func RecordingName(path string) error {
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
func (w *Writer) Observation(o *Observation) error {
	clean := w.secrets.Observation(*o)
	return w.encode(nil, recordLine{Observation: &clean})
}

// Snapshot keeps a configuration that was read after the header was written.
func (w *Writer) Snapshot(s *Snapshot) error { return w.line(recordLine{Snapshot: s}) }

// Evidence keeps what the logs said; it may be called more than once.
func (w *Writer) Evidence(e *Evidence) error { return w.line(recordLine{Evidence: e}) }

// line writes a line with the secrets taken out.
func (w *Writer) line(l recordLine) error { return w.encode(w.secrets, l) }

func (w *Writer) encode(secrets *Redactor, l recordLine) error {
	if w.err != nil {
		return w.err
	}
	b, err := secrets.JSON(l)
	if err == nil {
		_, err = w.out.Write(append(b, '\n'))
	}
	if err != nil {
		w.err = fmt.Errorf("recording %s: %w", w.path, err)
		return w.err
	}
	w.pending++
	if w.pending >= flushRows || time.Since(w.flushed) >= flushEvery {
		return w.flush()
	}
	return nil
}

// Flush puts on the disk what was given so far: before a pause, so that a process
// that is killed in it loses nothing.
func (w *Writer) Flush() error { return w.flush() }

func (w *Writer) flush() error {
	if w.err != nil {
		return w.err
	}
	if err := w.out.Flush(); err != nil {
		w.err = fmt.Errorf("recording %s: %w", w.path, err)
	}
	w.pending, w.flushed = 0, time.Now()
	return w.err
}

// Close ends the recording. A Parquet file comes into being here, as a whole.
func (w *Writer) Close(t RecordingTrailer) error {
	if w.file == nil {
		return w.err
	}
	_ = w.line(recordLine{Trailer: &t}) // its error is kept and returned below
	_ = w.flush()
	errs := []error{w.err}
	if c, ok := w.out.(io.Closer); ok {
		errs = append(errs, c.Close())
	}
	errs = append(errs, w.file.Sync(), w.file.Close())
	w.file = nil
	w.err = errors.Join(errs...)
	if w.err == nil && w.parquet {
		w.err = w.finishParquet()
	}
	return w.err
}

// finishParquet turns the spilled rows into the file that was asked for. Where
// that fails the rows stay readable where they are.
func (w *Writer) finishParquet() error {
	spill := w.path + spillExt
	err := convertToParquet(spill, w.path)
	if err != nil {
		return fmt.Errorf("recording %s: %w; its rows are kept in %s", w.path, err, spill)
	}
	return os.Remove(spill)
}
