package cwl

import (
	"encoding/base64"
	"encoding/json"
	"iter"
	"math"
	"slices"
	"strings"
	"time"
)

// eventCalls are the calls that give events.
type eventCalls struct{ *Store }

const (
	maxPageEvents = 10_000
	maxPageBytes  = 1 << 20
)

// newestFirst is the first start time for which FilterLogEvents can be asked for the newest events first.
var newestFirst = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

type filterInput struct {
	target
	Start   int64    `json:"startTime"`
	End     *int64   `json:"endTime"`
	Streams []string `json:"logStreamNames"`
	Prefix  string   `json:"logStreamNamePrefix"`
	Pattern string   `json:"filterPattern"`
	Limit   int      `json:"limit"`
	Token   string   `json:"nextToken"`
	Head    *bool    `json:"startFromHead"`
}

type filteredEvent struct {
	Stream        string `json:"logStreamName"`
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
	ID            string `json:"eventId"`
}

type filterOutput struct {
	Events   []filteredEvent `json:"events"`
	Searched []struct{}      `json:"searchedLogStreams"`
	Token    string          `json:"nextToken,omitempty"`
}

// filterToken is where the next page starts. It is bound to the request that it continues.
type filterToken struct {
	At       int64  `json:"a"`
	Seq      uint64 `json:"s"`
	Started  bool   `json:"p"` // a page with events has been answered: At and Seq name its last event
	Empty    int    `json:"e"` // empty pages answered so far
	Backward bool   `json:"b"`
	Request  uint64 `json:"r"`
}

// filterLogEvents answers one page. Both ends of its time range are inclusive.
func (s eventCalls) filterLogEvents(in filterInput) (any, error) {
	g, err := s.group(in.target)
	if err != nil {
		return nil, err
	}
	if err := s.unsupported(g, "FilterLogEvents"); err != nil {
		return nil, err
	}
	if err := in.validate(); err != nil {
		return nil, err
	}
	match, err := parsePattern(in.Pattern)
	if err != nil {
		return nil, err
	}
	token, err := in.token()
	if err != nil {
		return nil, err
	}
	out := filterOutput{Events: []filteredEvent{}, Searched: []struct{}{}}
	if !token.Started && token.Empty < s.gate.faults.EmptyPages {
		token.Empty++
		out.Token = token.encode()
		return out, nil
	}
	s.fill(&out, in, token, s.matching(g, in, token, match))
	return out, nil
}

func (in filterInput) validate() error {
	switch {
	case len(in.Streams) > 0 && in.Prefix != "":
		return invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
	case len(in.Streams) > 100:
		return invalid("1 validation error detected: Value at 'logStreamNames' failed to satisfy constraint: Member must have length less than or equal to 100")
	case in.End != nil && *in.End < in.Start:
		return invalid("endTime must be greater than or equal to startTime.")
	case in.Head != nil && !*in.Head && in.Start < newestFirst:
		return invalid("startFromHead=false is supported only when startTime is on or after 2024-01-01T00:00:00Z.")
	}
	return checkLimit(in.Limit, maxPageEvents)
}

// token reads the request's token, or makes the one of the first page.
func (in filterInput) token() (t filterToken, err error) {
	id := in.identity()
	if in.Token == "" {
		return filterToken{Request: id, Backward: in.Head != nil && !*in.Head}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(in.Token)
	if err != nil || json.Unmarshal(raw, &t) != nil || t.Request != id {
		return t, errToken
	}
	return t, nil
}

// identity of what a request asks for, whatever its page.
func (in filterInput) identity() uint64 {
	in.Token, in.Head, in.Limit = "", nil, 0
	in.target = target{Name: in.target.resource()}
	raw, _ := json.Marshal(in)
	return hash(string(raw))
}

func (t filterToken) encode() string {
	raw, _ := json.Marshal(t)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// window are the events of the request's time range that lie behind the token.
func (in filterInput) window(g *group, t filterToken) []entry {
	first, end := position{at: in.Start}, position{at: math.MaxInt64}
	if in.End != nil {
		end = position{at: *in.End + 1}
	}
	switch {
	case t.Started && t.Backward:
		end = position{t.At, t.Seq}
	case t.Started:
		first = position{t.At, t.Seq + 1}
	}
	events := g.from(first)
	n, _ := slices.BinarySearchFunc(events, end, func(e entry, p position) int { return e.position().compare(p) })
	return events[:n]
}

// matching yields the visible events that a request asks for, in the token's direction.
func (s eventCalls) matching(g *group, in filterInput, t filterToken, match matcher) iter.Seq[entry] {
	events, now := in.window(g, t), s.opt.Now()
	return func(yield func(entry) bool) {
		for i := range events {
			e := events[i]
			if t.Backward {
				e = events[len(events)-1-i]
			}
			if e.visible(now) && in.wants(e.stream) && match(e.message) && !yield(e) {
				return
			}
		}
	}
}

func (in filterInput) wants(stream string) bool {
	if len(in.Streams) > 0 {
		return slices.Contains(in.Streams, stream)
	}
	return strings.HasPrefix(stream, in.Prefix)
}

// fill takes events up to the limits of one page and leaves a token if there are more.
func (s eventCalls) fill(out *filterOutput, in filterInput, t filterToken, events iter.Seq[entry]) {
	limit, size := s.opt.PageLimit, 0
	if in.Limit > 0 {
		limit = min(limit, in.Limit)
	}
	for e := range events {
		size += len(e.message)
		if len(out.Events) == limit || size > maxPageBytes && len(out.Events) > 0 {
			out.Token = t.encode()
			return
		}
		out.Events = append(out.Events, filteredEvent{e.stream, e.at, e.message, e.ingested, e.position().id()})
		t.At, t.Seq, t.Started = e.at, e.seq, true
	}
}
