package logs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"runtime"
	"slices"
	"sync"

	"stageprobe/probe"
)

// Batch is what a part of a long log tells.
type Batch struct {
	Records []probe.LogRecord
	// Rows are entries of an access log between the lines of an execution log.
	Rows []probe.LogRecord
}

// Reader reads a log of any length part by part, in memory that does not grow with
// it, as [ParseExecution] and [ParseAccessLog] read an excerpt.
type Reader struct {
	Execution bool // else an access log
	Events    bool // in the JSON of CloudWatch Logs

	in     *bufio.Reader
	clean  func([]byte) []byte
	format *Format
	x      *Execution
	at     Event // of the lines before
	open   [][]byte
	rest   []byte
}

// Head is how much of a log tells its kind; [NewReader] needs a buffer as large.
const Head = 1 << 20

// How many lines later a request that has ended, or any at all, is handed out: more
// lines of it are not expected then.
const (
	endedBefore = 50_000
	idleBefore  = 500_000
)

// NewReader looks at the beginning of a text, and returns nil where that is no log that
// can be read part by part. Nothing is taken out of in then. clean is applied to whole
// lines; format is that of an access log's stage, nil for the usual names.
func NewReader(in *bufio.Reader, clean func([]byte) []byte, format *Format) *Reader {
	head, _ := in.Peek(Head)
	r := &Reader{in: in, clean: clean, format: format, x: NewExecution(Options{})}
	if text := bytes.TrimSpace(head); len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		try := &Reader{in: bufio.NewReader(bytes.NewReader(head)), x: NewExecution(Options{})}
		entries := 0
		_ = try.eachEvent(func(e Event) { // it is cut somewhere
			try.x.Add(e)
			if _, ok := parseEntry(e.Message, format); ok {
				entries++
			}
		})
		r.Execution = format == nil && try.x.strong()
		if r.Events = r.Execution || entries > 0; r.Events {
			return r
		}
	}
	lines := clean(bytes.Clone(head[:bytes.LastIndexByte(head, '\n')+1]))
	if format == nil {
		try := NewExecution(Options{})
		try.addText(Event{}, lines)
		r.Execution = try.strong()
	}
	if _, ok := ParseAccessLog(lines, format); !r.Execution && !ok {
		return nil
	}
	return r
}

// Each hands out the log batch by batch.
func (r *Reader) Each(tell func(Batch)) error {
	read := r.lines
	if r.Events {
		read = r.messages
	}
	if err := read(tell); err != nil {
		return err
	}
	if r.Execution {
		tell(Batch{Records: r.x.Records()})
	}
	return nil
}

// lines reads text.
func (r *Reader) lines(tell func(Batch)) error {
	part := make([]byte, Head)
	for {
		n, err := io.ReadFull(r.in, part)
		text := append(r.rest, part[:n]...)
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return err
		}
		end := len(text)
		if !last {
			end = bytes.LastIndexByte(text, '\n') + 1
		}
		r.rest = bytes.Clone(text[end:])
		if text = r.clean(text[:end]); r.Execution {
			r.x.copied(&r.at, text)
			tell(Batch{r.x.Flush(endedBefore, idleBefore), ParseAccessRows(text)})
		} else {
			tell(Batch{Records: r.entries(text, last)})
		}
		if last {
			return nil
		}
	}
}

// entries reads lines of an access log.
func (r *Reader) entries(text []byte, last bool) (records []probe.LogRecord) {
	entries, open := objects(append(r.open, bytes.Split(text, []byte("\n"))...))
	if last && open != nil { // it was never closed
		entries = append(entries, bytes.Join(open, nil))
	}
	r.open = nil
	for _, line := range open {
		r.open = append(r.open, bytes.Clone(line))
	}
	return r.parse(entries)
}

// parse reads entries, each on its own and so on all processors, in their order.
func (r *Reader) parse(entries [][]byte) (records []probe.LogRecord) {
	parts := slices.Collect(slices.Chunk(entries, 1+len(entries)/runtime.GOMAXPROCS(0)))
	read := make([][]probe.LogRecord, len(parts))
	var all sync.WaitGroup
	for i, part := range parts {
		all.Go(func() {
			for _, line := range part {
				if rec, ok := parseEntry(line, r.format); ok {
					read[i] = append(read[i], rec)
				}
			}
		})
	}
	all.Wait()
	return slices.Concat(read...)
}

// messages reads the JSON of CloudWatch Logs.
func (r *Reader) messages(tell func(Batch)) error {
	var b Batch
	n := 0
	err := r.eachEvent(func(e Event) {
		if r.Execution {
			r.x.Add(e)
		} else if rec, ok := parseEntry(e.Message, r.format); ok {
			b.Records = append(b.Records, rec)
		}
		if n++; n%10_000 == 0 {
			if r.Execution {
				b.Records = r.x.Flush(endedBefore, idleBefore)
			}
			tell(b)
			b = Batch{}
		}
	})
	tell(b)
	return err
}

// eachEvent reads documents as [decodeEvents] does, event by event.
func (r *Reader) eachEvent(tell func(Event)) error {
	dec := json.NewDecoder(r.in)
	for {
		t, err := dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		d := document{}
		switch t {
		case json.Delim('['):
			err = d.each(dec, tell)
		case json.Delim('{'):
			err = d.members(dec, tell)
		default:
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
}

// each reads the rest of an array of events.
func (d *document) each(dec *json.Decoder, tell func(Event)) error {
	for dec.More() {
		var e jsonEvent
		if err := dec.Decode(&e); err != nil {
			return err
		}
		e.Stream = orElse(e.Stream, d.LogStream)
		d.tell(&e, tell)
	}
	_, err := dec.Token()
	return err
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (d *document) tell(e *jsonEvent, tell func(Event)) {
	if e.settle(); e.Message != nil {
		tell(d.event(e))
	}
}

// members reads the rest of an object: a document that holds events, or an event.
func (d *document) members(dec *json.Decoder, tell func(Event)) error {
	own := map[string]json.RawMessage{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		switch key {
		case "events", "logEvents":
			if _, err := dec.Token(); err != nil {
				return err
			}
			err = d.each(dec, tell)
		case "results":
			err = d.rows(dec, tell)
		default:
			var v json.RawMessage
			err = dec.Decode(&v)
			own[key.(string)] = v
		}
		if err != nil {
			return err
		}
		_ = json.Unmarshal(own["logGroup"], &d.LogGroup) // what is absent, or no text, changes nothing
		_ = json.Unmarshal(own["logStream"], &d.LogStream)
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	whole, err := json.Marshal(own)
	if err == nil && json.Unmarshal(whole, &d.jsonEvent) == nil {
		d.tell(&d.jsonEvent, tell)
	}
	return err
}

func (d *document) rows(dec *json.Decoder, tell func(Event)) error {
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		var row []queryField
		if err := dec.Decode(&row); err != nil {
			return err
		}
		e := fromRow(row)
		d.tell(&e, tell)
	}
	_, err := dec.Token()
	return err
}
