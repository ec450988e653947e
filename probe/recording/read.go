package recording

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"stageprobe/probe"
)

const (
	// maxLine bounds one line of a recording; the longest is a snapshot with
	// the definitions of many stages.
	maxLine = 256 << 20
	// maxWindow is what a damaged zstd frame may make us allocate; our own
	// frames ask for 8 MB.
	maxWindow = 32 << 20
)

var errCut = errors.New("cut off")

// rowKey is the identity of a row within a run.
type rowKey struct {
	machine string
	seq     uint64
}

func (k rowKey) compare(l rowKey) int {
	return cmp.Or(cmp.Compare(k.seq, l.seq), strings.Compare(k.machine, l.machine))
}

// shard is one file of a recording.
type shard struct {
	path     string
	header   *Header
	snapshot *probe.Snapshot
	evidence []*probe.Evidence
	trailer  *Trailer
	keys     rowKeys
	logged   bool // it holds log records
	heads    headUnpacker
	cut      bool
}

// lines yields what a file holds, one part at a time; a row is decoded only as
// far as keysOnly says. errCut tells that the file ends early, and comes last.
func (s *shard) lines(keysOnly bool) iter.Seq2[recordLine, error] {
	if strings.HasSuffix(s.path, extParquet) {
		return parquetLines(s.path, keysOnly)
	}
	return func(yield func(recordLine, error) bool) {
		f, err := os.Open(s.path)
		if err != nil {
			yield(recordLine{}, missing(s.path, err))
			return
		}
		defer func() { _ = f.Close() }() // only read
		in, done, err := decompress(f)
		if err != nil {
			yield(recordLine{}, err)
			return
		}
		defer done()
		for l, err := range streamed(in, keysOnly) {
			if !yield(l, err) {
				return
			}
		}
	}
}

// missing says where the rows of a Parquet recording are that was never closed.
func missing(path string, err error) error {
	if _, there := os.Stat(path + spillExt); errors.Is(err, fs.ErrNotExist) && there == nil {
		return fmt.Errorf("%w: the run was cut off before it was written; its rows are in %s", err, path+spillExt)
	}
	return err
}

// decompress tells a zstd stream by its first bytes, not by the file's name.
func decompress(f io.Reader) (io.Reader, func(), error) {
	in := bufio.NewReaderSize(f, 64<<10)
	magic, _ := in.Peek(4) // a shorter file is not compressed
	if !bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return in, func() {}, nil
	}
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, nil, err
	}
	return z, z.Close, nil
}

// streamed reads JSON Lines, or a row log where it begins like one.
func streamed(r io.Reader, keysOnly bool) iter.Seq2[recordLine, error] {
	in := bufio.NewReaderSize(r, 64<<10)
	if start, _ := in.Peek(len(rowLogMagic)); string(start) == rowLogMagic {
		_, _ = in.Discard(len(rowLogMagic)) // has just been seen
		return loggedRows(in)
	}
	return jsonLines(in, keysOnly)
}

// loggedRows reads a row log. One that ends within a record is cut off.
func loggedRows(in *bufio.Reader) iter.Seq2[recordLine, error] {
	return func(yield func(recordLine, error) bool) {
		var rows rowDecoder
		var buf []byte
		for n := 1; ; n++ {
			record, err := readRecord(in, buf)
			if errors.Is(err, io.EOF) {
				return
			}
			if errors.Is(err, io.ErrUnexpectedEOF) {
				yield(recordLine{}, errCut)
				return
			}
			var l recordLine
			if err == nil {
				buf = record
				l, err = rows.line(record)
			}
			if err != nil {
				yield(recordLine{}, fmt.Errorf("record %d: %w", n, err))
				return
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

// line reads one record.
func (d *rowDecoder) line(record []byte) (l recordLine, err error) {
	switch record[0] {
	case 'j':
		err = json.Unmarshal(record[1:], &l)
		if l.Header != nil {
			d.seed = l.Header.Plan.Seed
		}
	case 'r':
		l.packed, err = d.decode(record[1:])
	default:
		err = errRow
	}
	return l, err
}

// jsonLines reads JSON Lines. A last line without its end, and a stream that
// breaks off, are cuts; any other line that does not read is an error.
func jsonLines(r io.Reader, keysOnly bool) iter.Seq2[recordLine, error] {
	return func(yield func(recordLine, error) bool) {
		in, ok := r.(*bufio.Reader)
		if !ok {
			in = bufio.NewReaderSize(r, 64<<10)
		}
		var buf []byte
		// A device, or a file of another kind, need not be read to a line's end.
		if head, err := in.Peek(1); err == nil && head[0] != '{' {
			yield(recordLine{}, errors.New("line 1: it does not begin like a recording; give a file that --record has written"))
			return
		}
		for n := 1; ; n++ {
			line, err := readLine(in, buf[:0])
			buf = line
			switch {
			case errors.Is(err, io.EOF) && len(line) == 0:
				return
			case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
				yield(recordLine{}, errCut)
				return
			case err != nil:
				yield(recordLine{}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			l, err := decodeLine(line, keysOnly)
			if err != nil {
				yield(recordLine{}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

// readLine appends a line without its end to buf.
func readLine(in *bufio.Reader, buf []byte) ([]byte, error) {
	for {
		part, err := in.ReadSlice('\n')
		buf = append(buf, part...)
		switch {
		case err == nil:
			return buf[:len(buf)-1], nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return buf, err
		case len(buf) > maxLine:
			return nil, fmt.Errorf("longer than %d bytes", maxLine)
		}
	}
}

var (
	rowStart = []byte(`{"observation":`)
	logStart = []byte(`{"log":`)
)

// decodeLine reads one line. With keysOnly a row is read for its identity
// alone, and a log record not at all; the rest is checked when it is asked for.
func decodeLine(line []byte, keysOnly bool) (recordLine, error) {
	if keysOnly && bytes.HasPrefix(line, logStart) {
		return recordLine{Log: &probe.LogRecord{}, text: line}, nil
	}
	if keysOnly && bytes.HasPrefix(line, rowStart) {
		var k struct {
			Observation *struct {
				Machine string `json:"machine"`
				Seq     uint64 `json:"seq"`
			} `json:"observation"`
		}
		if err := json.Unmarshal(line, &k); err != nil || k.Observation == nil {
			return recordLine{}, cmp.Or(err, errors.New("an empty row"))
		}
		return recordLine{Observation: &probe.Observation{Machine: k.Observation.Machine, Seq: k.Observation.Seq}}, nil
	}
	var l recordLine
	err := json.Unmarshal(line, &l)
	return l, err
}

// look goes through the file once and keeps everything but the rows.
func (s *shard) look() error {
	for l, err := range s.lines(true) {
		if errors.Is(err, errCut) {
			s.cut = true
			break
		}
		if err == nil {
			err = s.take(l)
		}
		if err != nil {
			return fmt.Errorf("recording %s: %w", s.path, err)
		}
	}
	if s.header == nil {
		return fmt.Errorf("recording %s: it does not begin like a recording; give a file that --record has written", s.path)
	}
	return nil
}

func (s *shard) take(l recordLine) error {
	if s.header == nil && l.Header == nil {
		return errors.New("it does not begin like a recording; give a file that --record has written")
	}
	switch {
	case l.Header != nil && s.header != nil:
		return errors.New("it has two headers; read recordings as separate files, not joined together")
	case l.Header != nil:
		if l.Header.Format != Format {
			return fmt.Errorf("its format is %q, this version reads %q", l.Header.Format, Format)
		}
		s.header, s.snapshot = l.Header, l.Header.Snapshot
	case l.isRow():
		if k := l.key(); !s.keys.add(k) {
			return errTwice(k, s.path, s.path)
		}
	case l.Snapshot != nil:
		s.snapshot = l.Snapshot
	case l.Evidence != nil:
		s.evidence = append(s.evidence, l.Evidence)
	case l.Log != nil: // Recording.ReadLogs
		s.logged = true
	case l.Trailer != nil:
		s.trailer = l.Trailer
	}
	return nil
}

// sorted yields the rows of the file in (seq, machine) order. Rows that come
// before their turn wait.
func (s *shard) sorted() iter.Seq2[recordLine, error] {
	return func(yield func(recordLine, error) bool) {
		next, stop := iter.Pull(s.keys.sorted())
		defer stop()
		turn, left := next()
		var waiting lineHeap
		for l, err := range s.lines(false) {
			if errors.Is(err, errCut) {
				return
			}
			if err != nil {
				yield(recordLine{}, fmt.Errorf("recording %s: %w", s.path, err))
				return
			}
			if l.isRow() {
				heap.Push(&waiting, l)
			}
			for left && len(waiting) > 0 && waiting[0].key() == turn {
				if !yield(heap.Pop(&waiting).(recordLine), nil) {
					return
				}
				turn, left = next()
			}
		}
	}
}

// arrived yields the observations of the file in its own order.
func (s *shard) arrived() iter.Seq2[probe.Observation, error] {
	return func(yield func(probe.Observation, error) bool) {
		for l, err := range s.lines(false) {
			if errors.Is(err, errCut) {
				return
			}
			if err != nil {
				yield(probe.Observation{}, fmt.Errorf("recording %s: %w", s.path, err))
				return
			}
			if !l.isRow() {
				continue
			}
			if o, err := s.observation(l); !yield(o, err) || err != nil {
				return
			}
		}
	}
}

// rows yields the observations of the file in (seq, machine) order.
func (s *shard) rows() iter.Seq2[probe.Observation, error] {
	return func(yield func(probe.Observation, error) bool) {
		for l, err := range s.sorted() {
			var o probe.Observation
			if err == nil {
				o, err = s.observation(l)
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}

// observation is a row as it was given to the writer.
func (s *shard) observation(l recordLine) (probe.Observation, error) {
	if l.packed == nil {
		return *l.Observation, nil
	}
	p := l.packed
	var err error
	if p.Header, err = s.heads.unpack(p.head, p.hex, p.text, p.MintedID); err != nil {
		err = fmt.Errorf("recording %s, row %d: %w", s.path, p.Seq, err)
	}
	return p.Observation, err
}

// lineHeap is a heap of rows, the next one on top.
type lineHeap []recordLine

func keyOfRow(o *probe.Observation) rowKey { return rowKey{o.Machine, o.Seq} }

func (h lineHeap) Len() int           { return len(h) }
func (h lineHeap) Less(i, j int) bool { return h[i].key().compare(h[j].key()) < 0 }
func (h lineHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lineHeap) Push(x any)        { *h = append(*h, x.(recordLine)) }
func (h *lineHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = recordLine{} // let go of its body
	*h = old[:len(old)-1]
	return last
}

// logs yields the log records of the requests that are wanted.
func (s *shard) logs(want func(id string) bool) iter.Seq2[*probe.LogRecord, error] {
	return func(yield func(*probe.LogRecord, error) bool) {
		fail := func(err error) { yield(nil, fmt.Errorf("recording %s: %w", s.path, err)) }
		if strings.HasSuffix(s.path, extParquet) {
			err := inParquet(s.path, func(f *parquet.File, mine func(func())) error {
				return rowLogs(f, want, func(l *probe.LogRecord) (more bool) {
					mine(func() { more = yield(l, nil) })
					return more
				})
			})
			if err != nil {
				fail(err)
			}
			return
		}
		for l, err := range s.lines(true) {
			if errors.Is(err, errCut) {
				return
			}
			read := l.Log != nil && l.text == nil
			if err == nil && l.text != nil && mentions(string(l.text), want) {
				read, err = true, json.Unmarshal(l.text, &l)
			}
			if err != nil {
				fail(err)
				return
			}
			if read && !yield(l.Log, nil) {
				return
			}
		}
	}
}
