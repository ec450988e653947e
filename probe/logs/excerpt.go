package logs

import (
	"bytes"
	"time"

	"stageprobe/probe"
)

// ParseExecution reads an excerpt of an execution log as a person has it: lines
// copied from a console or printed by a command (with or without times, stream
// names and ids in front), the log of a test invocation, or the JSON of "aws
// apigateway test-invoke-method", "aws logs filter-log-events" and
// "get-log-events", and of a CloudWatch Logs subscription. ok is false where
// the text holds no line of an execution log.
func ParseExecution(text []byte) (records []probe.LogRecord, ok bool) {
	x := NewExecution(Options{})
	text = bytes.TrimSpace(text)
	if len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		if doc, ok := decodeEvents(text); ok {
			doc.feed(x)
			return x.outcome(doc.statusOf)
		}
	}
	x.addText(Event{}, text)
	return x.outcome(nil)
}

// outcome returns the records, if the text was an execution log.
func (x *Execution) outcome(amend func(*probe.LogRecord)) ([]probe.LogRecord, bool) {
	strong := 0
	for _, s := range x.streams {
		strong += s.strong
	}
	if strong == 0 {
		return nil, false
	}
	records := x.Records()
	for i := range records {
		if amend != nil {
			amend(&records[i])
		}
	}
	return records, true
}

// addText reads text line by line. Unlike events, lines that a person copied do
// not say where an event ends: a line with nothing in front, after lines that
// have it, continues the line before.
func (x *Execution) addText(e Event, text []byte) {
	s := x.stream(e.Group, e.Stream)
	given := e.Time
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		line = bytes.Trim(line, " \t\r`>")
		var alone time.Time
		if n := skipTime(line, &alone); n > 0 && n == len(line) {
			if given.IsZero() {
				e.Time = alone // of the lines that follow
			}
			continue
		}
		x.addLine(s, e, line)
	}
}

// addLine adds a copied line; a cut in the middle of it may be followed by the
// next line of the log.
func (x *Execution) addLine(s *stream, e Event, line []byte) {
	const mark = "[TRUNCATED]"
	for {
		end, next := len(line), len(line)
		for from := 0; ; {
			at := bytes.Index(line[from:], []byte(mark))
			if at < 0 {
				break
			}
			from += at + len(mark)
			if splitHeader(line[from:]).known() {
				end, next = from, from
				break
			}
		}
		part, h := s.looseHeader(line[:end])
		x.add(s, e, part, h)
		if next == len(line) {
			return
		}
		line = line[next:]
	}
}

// looseHeader also finds an id that other columns stand in front of, as in the
// text output of the AWS command line, if a known line follows it. The command
// also prints the event's time behind the message.
func (s *stream) looseHeader(line []byte) ([]byte, header) {
	h := splitHeader(line)
	if h.id != nil || h.test || s.prefixed && h.known() || bytes.HasPrefix(line, []byte("{")) {
		return line, h
	}
	const columns = 250
	at := bytes.IndexByte(line[:min(len(line), columns)], '(')
	if at <= 0 {
		return line, h
	}
	id, n := parenthesised(line[at:])
	if n == 0 {
		return line, h
	}
	if t, _ := match(line[at+n:]); t == nil {
		return line, h
	}
	h.id, h.start = id, at+n
	if tab := bytes.LastIndexByte(line, '\t'); tab > h.start {
		if behind, ok := parseTime(line[tab+1:]); ok {
			line, h.time = line[:tab], behind
		}
	}
	return line, h
}
