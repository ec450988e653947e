package cwl

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

type getInput struct {
	target
	Stream string `json:"logStreamName"`
	Start  int64  `json:"startTime"`
	End    *int64 `json:"endTime"`
	Limit  int    `json:"limit"`
	Token  string `json:"nextToken"`
	Head   bool   `json:"startFromHead"`
}

type gotEvent struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
}

type getOutput struct {
	Events   []gotEvent `json:"events"`
	Forward  string     `json:"nextForwardToken"`
	Backward string     `json:"nextBackwardToken"`
}

// cursor is a gap between two events of a stream: everything before at, or everything from at on.
type cursor struct {
	at      position
	forward bool
}

// String is the token of a cursor, in the shape of the service: "f/{56 digits}/s".
func (c cursor) String() string {
	if c.forward {
		return "f/" + c.at.id() + "/s"
	}
	return "b/" + c.at.id() + "/s"
}

func parseCursor(token string) (c cursor, err error) {
	parts := strings.Split(token, "/")
	if len(parts) != 3 || parts[0] != "f" && parts[0] != "b" {
		return c, errToken
	}
	at, ok := parsePosition(parts[1])
	if !ok {
		return c, errToken
	}
	return cursor{at, parts[0] == "f"}, nil
}

// getLogEvents answers one page of a stream. Its time range excludes its end. At either end of the
// stream the token of that direction is the one that was sent: that, and not an empty page, tells a
// caller to stop.
func (s eventCalls) getLogEvents(in getInput) (any, error) {
	g, err := s.group(in.target)
	if err != nil {
		return nil, err
	}
	if g.streams[in.Stream] == nil {
		return nil, errNoStream
	}
	if err := checkLimit(in.Limit, maxPageEvents); err != nil {
		return nil, err
	}
	c, err := in.cursor()
	if err != nil {
		return nil, err
	}
	return pageAt(c, s.streamEvents(g, in), min(cmp.Or(in.Limit, s.opt.PageLimit), s.opt.PageLimit)), nil
}

func (in getInput) cursor() (cursor, error) {
	switch {
	case in.Token != "":
		return parseCursor(in.Token)
	case in.Head:
		return cursor{position{at: in.Start}, true}, nil
	case in.End != nil:
		return cursor{position{at: *in.End}, false}, nil
	}
	// The largest time that fits the 13 digits of an event id.
	return cursor{position{at: 9_999_999_999_999}, false}, nil
}

// streamEvents are the visible events of one stream in the request's time range.
func (s eventCalls) streamEvents(g *group, in getInput) []entry {
	end := int64(math.MaxInt64)
	if in.End != nil {
		end = *in.End
	}
	now := s.opt.Now()
	var out []entry
	for _, e := range g.from(position{at: in.Start}) {
		if e.stream == in.Stream && e.at < end && e.visible(now) {
			out = append(out, e)
		}
	}
	return out
}

// pageAt cuts a page out of a stream's events, next to the cursor.
func pageAt(c cursor, events []entry, limit int) getOutput {
	i, _ := slices.BinarySearchFunc(events, c.at, func(e entry, p position) int { return e.position().compare(p) })
	from, to := i, i
	for size := 0; to-from < limit; {
		next := to
		if !c.forward {
			next = from - 1
		}
		if next < 0 || next == len(events) {
			break
		}
		if size += len(events[next].message); size > maxPageBytes && to > from {
			break
		}
		if c.forward {
			to++
		} else {
			from--
		}
	}
	return newGetOutput(c, events[from:to])
}

func newGetOutput(c cursor, events []entry) getOutput {
	first, last := c.at, c.at
	out := getOutput{Events: []gotEvent{}}
	for i, e := range events {
		if i == 0 {
			first = e.position()
		}
		last = position{e.at, e.seq + 1}
		out.Events = append(out.Events, gotEvent{e.at, e.message, e.ingested})
	}
	out.Forward, out.Backward = cursor{last, true}.String(), cursor{first, false}.String()
	return out
}
