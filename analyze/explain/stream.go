package explain

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
	"stageprobe/probe/logs"
)

// Large is from which size on a log is read part by part. Beyond [Most] nothing is
// read.
const (
	Large = 8 << 20
	Most  = 256 << 20
)

// Read explains what a reader holds: as [Explain] does, but a log beyond [Large] part
// by part, in memory that does not grow with it. head is the beginning of the input,
// for who wants to know what it quotes.
func Read(in io.Reader, opts Options) (doc *Document, head []byte, err error) {
	return read(in, opts, Large)
}

// read does so from another size on, of at least [logs.Head].
func read(in io.Reader, opts Options, large int) (doc *Document, head []byte, err error) {
	var most int64 = Most
	left := &io.LimitedReader{R: in, N: most + 1}
	start := bufio.NewReaderSize(left, large)
	head, err = start.Peek(large)
	if err != nil && err != io.EOF {
		return nil, nil, fmt.Errorf("%w%w", ErrInput, err)
	}
	if len(head) >= zeros && bytes.Count(head[:zeros], []byte{0}) == zeros {
		return nil, nil, fmt.Errorf("%wit holds zero bytes, so it is no text", ErrInput)
	}
	if err == nil {
		format, err := opts.format()
		if err != nil {
			return nil, nil, err
		}
		if r := logs.NewReader(start, clean, format); r != nil && (r.Events || isLog(head, opts)) {
			head = bytes.Clone(head)
			if doc, err = stream(r); err == nil && left.N == 0 {
				err = errTooLarge
			}
			return doc, head, err
		}
	}
	if err == nil && large >= maxDump && recording.Match(head[:256]) {
		doc, err = Explain(head, opts) // of a browser's recording no more is read than of any dump
		return doc, head, err
	}
	text, err := io.ReadAll(start)
	switch {
	case err != nil:
	case left.N == 0:
		err = errTooLarge
	default:
		doc, err = Explain(text, opts)
	}
	return doc, text, err
}

// recording is how a browser's recording (HAR) begins.
var recording = lazyregexp.New(`^(?:\x{FEFF})?\s*\{\s*"log"\s*:\s*\{`)

// zeros is how many zero bytes at the beginning tell that there is no text.
const zeros = 512

// ErrInput marks the errors of input that could not be read.
var ErrInput = errors.New("")

var errTooLarge = fmt.Errorf("%wmore than %d MiB; cut out the requests in question", ErrInput, Most>>20)

func (o *Options) format() (*logs.Format, error) {
	if o.AccessFormat == "" {
		return nil, nil
	}
	format, err := logs.CompileFormat(o.AccessFormat)
	if err != nil {
		return nil, fmt.Errorf("access format: %w", err)
	}
	return format, nil
}

// isLog tells whether the lines of a beginning are read as those of a log.
func isLog(head []byte, opts Options) bool {
	head = head[:logs.Head]
	doc, err := Explain(head[:bytes.LastIndexByte(head, '\n')+1], opts)
	return err == nil && (doc.Kind == KindExecutionLog || doc.Kind == KindAccessLog)
}

func stream(r *logs.Reader) (*Document, error) {
	t := newTally(KindAccessLog)
	if r.Execution {
		t.kind = KindExecutionLog
	}
	var rows []probe.LogRecord
	err := r.Each(func(b logs.Batch) {
		rows = append(rows, b.Rows...)
		all := withAccess(b.Records, rows)
		for i := range b.Records {
			t.add(&all[i])
		}
		rows = all[len(b.Records):]
		if more := len(rows) - itemised; more > 0 { // of requests that no line speaks of
			for i := range rows[:more] {
				t.add(&rows[i])
			}
			rows = rows[more:]
		}
		rows = append([]probe.LogRecord(nil), rows...)
	})
	for i := range rows {
		t.add(&rows[i])
	}
	return t.document(), err
}
