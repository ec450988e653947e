package probe

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
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
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
	return cmp.Or(strings.Compare(k.machine, l.machine), cmp.Compare(k.seq, l.seq))
}

// shard is one file of a recording.
type shard struct {
	path     string
	header   *RecordingHeader
	snapshot *Snapshot
	evidence []*Evidence
	trailer  *RecordingTrailer
	keys     []rowKey // sorted, once the file has been looked through
	window   int      // rows that must be held back to sort them while reading
	cut      bool
}

// lines yields what a file holds, one part at a time; a row is decoded only as
// far as keysOnly says. errCut tells that the file ends early, and comes last.
func (s *shard) lines(keysOnly bool) iter.Seq2[recordLine, error] {
	if strings.HasSuffix(s.path, extParquet) {
		return parquetLines(s.path)
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
		for l, err := range jsonLines(in, keysOnly) {
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
	in := bufio.NewReader(f)
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

// jsonLines reads JSON Lines. A last line without its end, and a stream that
// breaks off, are cuts; any other line that does not read is an error.
func jsonLines(r io.Reader, keysOnly bool) iter.Seq2[recordLine, error] {
	return func(yield func(recordLine, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
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

var rowStart = []byte(`{"observation":`)

// decodeLine reads one line. With keysOnly a row is read for its identity
// alone; the rest of it is checked when it is asked for.
func decodeLine(line []byte, keysOnly bool) (recordLine, error) {
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
		return recordLine{Observation: &Observation{Machine: k.Observation.Machine, Seq: k.Observation.Seq}}, nil
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
	s.sort()
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
		if l.Header.Format != RecordingFormat {
			return fmt.Errorf("its format is %q, this version reads %q", l.Header.Format, RecordingFormat)
		}
		s.header, s.snapshot = l.Header, l.Header.Snapshot
	case l.Observation != nil:
		s.keys = append(s.keys, rowKey{l.Observation.Machine, l.Observation.Seq})
	case l.Snapshot != nil:
		s.snapshot = l.Snapshot
	case l.Evidence != nil:
		s.evidence = append(s.evidence, l.Evidence)
	case l.Trailer != nil:
		s.trailer = l.Trailer
	}
	return nil
}

// sort orders the keys and finds how far rows stand from their place: while
// the k-th row of the order is awaited, at most window others wait with it.
func (s *shard) sort() {
	at := make([]int, len(s.keys))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(i, j int) int { return s.keys[i].compare(s.keys[j]) })
	last := 0
	for k, i := range at {
		last = max(last, i)
		s.window = max(s.window, last-k)
	}
	slices.SortFunc(s.keys, rowKey.compare)
}

// rows yields the rows of the file in (machine, seq) order.
func (s *shard) rows() iter.Seq2[Observation, error] {
	return func(yield func(Observation, error) bool) {
		var waiting rowHeap
		for l, err := range s.lines(false) {
			if errors.Is(err, errCut) {
				break
			}
			if err != nil {
				yield(Observation{}, fmt.Errorf("recording %s: %w", s.path, err))
				return
			}
			if l.Observation == nil {
				continue
			}
			heap.Push(&waiting, *l.Observation)
			if len(waiting) > s.window && !yield(heap.Pop(&waiting).(Observation), nil) {
				return
			}
		}
		for len(waiting) > 0 {
			if !yield(heap.Pop(&waiting).(Observation), nil) {
				return
			}
		}
	}
}

// rowHeap is a heap of rows, the next one on top.
type rowHeap []Observation

func keyOfRow(o *Observation) rowKey { return rowKey{o.Machine, o.Seq} }

func (h rowHeap) Len() int           { return len(h) }
func (h rowHeap) Less(i, j int) bool { return keyOfRow(&h[i]).compare(keyOfRow(&h[j])) < 0 }
func (h rowHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *rowHeap) Push(x any)        { *h = append(*h, x.(Observation)) }
func (h *rowHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = Observation{} // let go of its body
	*h = old[:len(old)-1]
	return last
}
