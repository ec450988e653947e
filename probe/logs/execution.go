package logs

import (
	"bytes"
	"hash/maphash"
	"slices"
	"time"

	"stageprobe/probe"
)

// Event is one event of a log stream.
type Event struct {
	Time     time.Time
	Ingested time.Time
	Group    string // name of the log group; tells API, stage and canary
	Stream   string
	Message  []byte // not kept, and not changed
}

// Options bound what an [Execution] keeps.
type Options struct {
	// MaxLines is the number of log lines kept per request as evidence; 0
	// means 40, a negative number none. Lines that may hold secrets (headers,
	// query strings, bodies) are never kept.
	MaxLines int
	// Want tells which request ids, or extended request ids, are kept; nil
	// keeps all. The bytes are valid during the call only.
	Want func(id []byte) bool
}

// Execution folds the lines of execution logs into one record per request. It
// is not safe for concurrent use.
//
// A request is known by its id within its stream, so that an id that a caller
// used twice gives two records. The second of them begins where a line says so:
// another extended id, or an opening line after the closing one.
type Execution struct {
	options Options
	streams map[streamKey]*stream
	last    *stream    // of the newest event: mostly the next one's too
	order   []*request // by first line
	lines   int        // that were read
}

type streamKey struct{ group, name string }

// stream is one log stream while it is read.
type stream struct {
	key        streamKey
	api, stage string
	canary     bool
	open       map[string]*request // by the id that its lines begin with
	current    *request            // of the newest line; nil where nobody wants it
	prefixed   bool                // its lines begin with an id or a date
	strong     bool                // it has a line that nothing but an execution log holds
}

// NewExecution returns an empty reader.
func NewExecution(o Options) *Execution {
	switch {
	case o.MaxLines == 0:
		o.MaxLines = 40
	case o.MaxLines < 0:
		o.MaxLines = 0
	}
	return &Execution{options: o, streams: map[streamKey]*stream{}}
}

// Add takes the next event. Events of one stream come in their order; streams
// may be interleaved. Of an event with line breaks only the first line is read:
// the rest is the body that the line shows, whatever it looks like.
func (x *Execution) Add(e Event) {
	line := trimBlank(e.Message)
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	s := x.stream(e.Group, e.Stream)
	x.add(s, e, line, splitHeader(line))
}

func (x *Execution) stream(group, name string) *stream {
	if x.last != nil && x.last.key.group == group && x.last.key.name == name {
		return x.last
	}
	key := streamKey{group, name}
	s := x.streams[key]
	if s == nil {
		s = &stream{key: key, open: map[string]*request{}}
		s.api, s.stage, s.canary, _ = ParseGroup(group)
		x.streams[key] = s
	}
	x.last = s
	return s
}

// line is one line taken apart.
type line struct {
	header
	*template        // nil where none is known
	text      []byte // without the header
	rest      []byte // … and without the template's prefix
	sum       uint64 // of text
}

// digest hashes as much of the text as tells two lines in a row apart.
func (l *line) digest() uint64 {
	const enough = 256
	return maphash.Bytes(seed, l.text[:min(len(l.text), enough)]) + uint64(len(l.text))
}

// trimBlank takes blanks off both ends. Lines begin and end without any as a
// rule, which makes this cheaper than a cut set, built anew for every line.
func trimBlank(s []byte) []byte {
	for len(s) > 0 && s[0] <= ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] <= ' ' {
		s = s[:len(s)-1]
	}
	return s
}

// named reports whether the line says by itself that it begins an event.
func (l *line) named() bool { return l.id != nil || l.test }

// add takes one line whose header is known.
func (x *Execution) add(s *stream, e Event, raw []byte, h header) {
	l := line{header: h, text: trimBlank(raw[h.start:])}
	l.template, l.rest = match(l.text)
	if !l.named() && (l.template == nil || s.prefixed && l.kind != kindLogFor) {
		return // part of a body, or nothing of ours
	}
	l.sum = l.digest()
	s.count(&l)
	r := x.request(s, &l)
	s.current = r
	x.lines++
	if r == nil {
		return
	}
	r.at = x.lines
	r.stamp(e, h)
	// A console copy shows an event twice: in the list, and opened below.
	if l.sum != r.lastSum {
		r.lastSum = l.sum
		r.take(&l, x.options.MaxLines)
	}
}

// count notes how much of the text is an execution log at all.
func (s *stream) count(l *line) {
	s.prefixed = s.prefixed || l.named()
	if l.template != nil && (l.known() || l.kind != kindRefusal && l.kind != kindAPIKey) {
		s.strong = true
	}
}

// request finds the request that a line belongs to, or begins one; nil where
// nobody wants it.
func (x *Execution) request(s *stream, l *line) *request {
	r := s.current
	if l.id != nil {
		r = s.open[string(l.id)]
	}
	if r != nil && !r.restarts(l) {
		return r
	}
	if !x.wants(l) {
		return nil
	}
	r = s.begin(l.id)
	x.order = append(x.order, r)
	return r
}

// wants decides on a request by its first line. One without an id in front is
// decided on when it is handed out.
func (x *Execution) wants(l *line) bool {
	want := x.options.Want
	if want == nil || l.id == nil || want(l.id) {
		return true
	}
	return l.template != nil && l.kind == kindExtendedID && want(firstWord(l.rest))
}

func (s *stream) begin(id []byte) *request {
	r := &request{rec: probe.LogRecord{
		Source: probe.ExecutionLog, APIKind: probe.REST,
		Group: s.key.group, Stream: s.key.name, GroupCanary: s.canary, APIID: s.api, Stage: s.stage,
	}}
	switch {
	case id == nil:
		return r
	case isExtended(id):
		r.rec.APIKind = "" // a WebSocket API
		r.rec.ExtendedID = string(id)
	default:
		r.rec.RequestID, r.named = string(id), true
	}
	s.open[string(id)] = r
	return r
}

// restarts reports whether a line begins another request than r, whose id it
// carries or which the lines before it told.
func (r *request) restarts(l *line) bool {
	switch {
	case l.template == nil || l.sum == r.lastSum:
		return false
	case l.kind == kindExtendedID:
		return r.rec.ExtendedID != "" && r.rec.ExtendedID != string(firstWord(l.rest))
	case l.id != nil:
		// Any other line may merely be out of order: Logs Insights does not keep
		// that of events of one millisecond.
		return r.done() && r.seen(l.kind) && (l.kind.opens() || l.kind == kindFailure || l.kind == kindRefusal)
	case l.kind == kindLogFor:
		return r.mask != 0
	case l.kind == kindRefusal && r.seen(kindRefusal):
		return true // a request is refused once
	case l.kind.opens() && r.namesOther(l.rest):
		return true
	}
	return r.done() && !l.kind.closes()
}

// namesOther reports whether a line "… for request: {id}" names another request.
func (r *request) namesOther(rest []byte) bool {
	if _, id, found := bytes.Cut(rest, []byte("for request:")); found {
		rest = id // "Starting authorizer: {id} for request: {id}"
	}
	id := bytes.TrimRight(firstWord(rest), ".")
	return r.named && looksLikeID(id) && r.rec.RequestID != string(id)
}

// looksLikeID tells a UUID, or the id of a test invocation, from other words.
func looksLikeID(s []byte) bool { return isID(s) && bytes.Count(s, []byte("-")) >= 2 }

// stamp notes the times of a line.
func (r *request) stamp(e Event, h header) {
	at := e.Time
	if at.IsZero() {
		at = h.time
	}
	if r.rec.Time.IsZero() {
		r.rec.Time = at
	}
	if e.Ingested.After(r.rec.Ingested) {
		r.rec.Ingested = e.Ingested
	}
}

// Records returns what is known of every request so far, in the order of first
// lines. The reader goes on after it.
func (x *Execution) Records() []probe.LogRecord { return x.records(x.order) }

func (x *Execution) records(order []*request) []probe.LogRecord {
	records := make([]probe.LogRecord, 0, len(order))
	for _, r := range order {
		if x.wanted(&r.rec) {
			records = append(records, r.record())
		}
	}
	return records
}

func (x *Execution) wanted(rec *probe.LogRecord) bool {
	want := x.options.Want
	return want == nil || want([]byte(rec.RequestID)) || want([]byte(rec.ExtendedID))
}

// Flush hands out, and forgets, the requests that have ended and whose newest line was
// read more than ended lines ago, and those not ended after idle lines. Called now and
// then, it bounds the memory of an endless read, in whatever order streams come.
func (x *Execution) Flush(ended, idle int) []probe.LogRecord {
	old := func(r *request) bool {
		since := x.lines - r.at
		return since > idle || since > ended && r.done()
	}
	var gone []*request
	for _, r := range x.order {
		if old(r) {
			gone = append(gone, r)
		}
	}
	x.order = slices.DeleteFunc(x.order, old)
	for _, s := range x.streams {
		for id, r := range s.open {
			if old(r) {
				delete(s.open, id)
			}
		}
		if s.current != nil && old(s.current) {
			s.current = nil
		}
	}
	return x.records(gone)
}
