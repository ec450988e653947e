package logs

import (
	"bytes"
	"slices"
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
	x.addText(Event{}, unfold(text))
	return x.outcome(nil)
}

// outcome returns the records, if the text was an execution log.
func (x *Execution) outcome(amend func(*probe.LogRecord)) ([]probe.LogRecord, bool) {
	if !x.strong() {
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

// strong tells whether there was a line that nothing but an execution log holds.
func (x *Execution) strong() bool {
	for _, s := range x.streams {
		if s.strong {
			return true
		}
	}
	return false
}

// addText reads text line by line. Unlike events, lines that a person copied do
// not say where an event ends: a line with nothing in front, after lines that
// have it, continues the line before.
func (x *Execution) addText(e Event, text []byte) { x.copied(&e, text) }

// copied reads a part of a text, after parts that have left e.
func (x *Execution) copied(e *Event, text []byte) {
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		line = bytes.Trim(line, " \t\r`>")
		var alone time.Time
		if n := skipTime(line, &alone); n > 0 && n == len(line) {
			e.Time = alone // of the lines that follow
			continue
		}
		from := *e
		rest, group, whole := mentioned(line)
		switch {
		case whole:
			e.Group = group // of the lines that follow
			continue
		case group != "":
			line, from.Group = rest, group
		}
		if group, stream, n := columns(line); n > 0 {
			from.Group, from.Stream, line = group, stream, line[n:]
		}
		x.addLine(x.stream(from.Group, from.Stream), *e, line)
	}
}

// columns reads the names of group and stream that "awslogs get" prints first.
func columns(line []byte) (group, stream string, n int) {
	if !bytes.HasPrefix(line, []byte("API-Gateway-Execution-Logs")) {
		return "", "", 0
	}
	name := firstWord(line)
	if _, _, _, ok := ParseGroup(string(name)); !ok {
		return "", "", 0
	}
	n = len(name)
	for n < len(line) && line[n] <= ' ' {
		n++
	}
	if m := streamName(line[n:]); m > 0 {
		return string(name), string(line[n : n+32]), n + m
	}
	return string(name), "", n
}

// addLine adds a copied line. Copying may run several lines of the log together:
// behind a cut, and wherever the id or the date of the first stands again.
func (x *Execution) addLine(s *stream, e Event, line []byte) {
	marks := newMarks(line)
	for from := 0; from < len(line); {
		end := marks.next(from)
		part, h := s.looseHeader(line[from:end])
		x.add(s, e, part, h)
		from = end
	}
}

// marks are the places in a copied line where the next line of the log may
// begin. Each kind is searched once from left to right, so that a line costs the
// same per byte however many marks it holds.
type marks struct {
	line []byte
	own  []byte // "(id) " of the line itself
	at   [3]int // next place of each kind; beyond the line where there is none
}

const (
	cutMark = "[TRUNCATED]"
	utcMark = " UTC "
	beforeU = len("Thu Aug 31 01:07:25") // what stands before utcMark in a date
)

func newMarks(line []byte) *marks {
	m := &marks{line: line}
	if id := splitHeader(line).id; id != nil {
		m.own = slices.Concat([]byte("("), id, []byte(") "))
	}
	for kind := range m.at {
		m.at[kind] = m.find(kind, 0)
	}
	return m
}

// next is the first place behind from at which a line begins; the line's length
// where none does.
func (m *marks) next(from int) int {
	for {
		kind := 0
		for k, at := range m.at {
			if at < m.at[kind] {
				kind = k
			}
		}
		at := m.at[kind]
		if at >= len(m.line) {
			return len(m.line)
		}
		m.at[kind] = m.find(kind, at)
		if at > from {
			return at
		}
	}
}

// find is the next place of a kind behind after.
func (m *marks) find(kind, after int) int {
	for {
		mark, back, ahead := m.shape(kind)
		start := after + back + 1 - ahead
		if len(mark) == 0 || start >= len(m.line) {
			return len(m.line)
		}
		i := bytes.Index(m.line[max(0, start):], mark)
		if i < 0 {
			return len(m.line)
		}
		after = max(0, start) + i - back + ahead
		if after > 0 && after < len(m.line) && m.begins(kind, after) {
			return after
		}
	}
}

// shape is what to look for, and where the line begins in front of or behind it.
func (m *marks) shape(kind int) (mark []byte, back, ahead int) {
	switch kind {
	case 0:
		return []byte(utcMark), beforeU, 0
	case 1:
		return []byte(cutMark), 0, len(cutMark)
	}
	return m.own, 0, 0
}

// begins tells whether a line begins at a place.
func (m *marks) begins(kind, at int) bool {
	switch kind {
	case 0:
		var t time.Time
		return testDate(m.line[at:], &t) > 0
	case 1:
		return splitHeader(m.line[at:]).known()
	}
	return m.line[at-1] <= ' ' && beginsLine(m.line[at:])
}

// beginsLine tells whether "(id) " and the text of a known line stand here.
func beginsLine(text []byte) bool {
	_, n := parenthesised(text)
	if n == 0 {
		return false
	}
	t, _ := match(text[n:])
	return t != nil
}

// looseHeader also finds an id that other columns stand in front of, as in the
// text output of the AWS command line, in tables and in quoted lists, if a known
// line follows it. The command also prints the event's time behind the message.
func (s *stream) looseHeader(line []byte) ([]byte, header) {
	h := splitHeader(line)
	if h.id != nil || h.test || bytes.HasPrefix(line, []byte("{")) {
		return line, h
	}
	at := h.start + len(line[h.start:]) - len(bytes.TrimLeft(line[h.start:], `|"' `))
	if !h.known() {
		const widest = 250
		at = bytes.IndexByte(line[:min(len(line), widest)], '(')
	}
	if at <= 0 || !beginsLine(line[at:]) {
		return line, h
	}
	if line[0] == '|' {
		line = cell(line, at)
	}
	id, n := parenthesised(line[at:])
	h.id, h.start = id, at+n
	if q := line[at-1]; q == '"' || q == '\'' {
		line = bytes.TrimRight(line, `"',; `)
	}
	if tab := bytes.LastIndexByte(line, '\t'); tab > h.start {
		if behind, ok := parseTime(line[tab+1:]); ok {
			line, h.time = line[:tab], behind
		}
	}
	return line, h
}

// cell cuts a row of a Markdown table, as Logs Insights exports them, behind the
// message that begins at from: at the last cell that holds a log group, a stream
// or a time, or at the row's end.
func cell(row []byte, from int) []byte {
	row = bytes.TrimRight(row, "| ")
	for {
		bar := bytes.LastIndex(row, []byte(" | "))
		if bar <= from || !isColumn(row[bar+3:]) {
			return row
		}
		row = bytes.TrimRight(row[:bar], " ")
	}
}

// isColumn tells whether a cell is one of those that stand beside messages.
func isColumn(text []byte) bool {
	text = trimBlank(text)
	if _, group, found := bytes.Cut(text, []byte(":")); found && bytes.HasPrefix(group, []byte("API-Gateway-Execution-Logs")) {
		return true
	}
	if bytes.HasPrefix(text, []byte("API-Gateway-Execution-Logs")) || streamName(append(text[:len(text):len(text)], ' ')) > 0 {
		return true
	}
	var t time.Time
	return skipTime(text, &t) == len(text) && len(text) > 0
}
