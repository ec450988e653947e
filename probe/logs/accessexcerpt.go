package logs

import (
	"bytes"

	"stageprobe/probe"
)

// ParseAccessLog reads an excerpt of an access log as a person has it: an entry
// per line, one JSON entry over several lines, or the JSON of "aws logs
// filter-log-events" and its like. format is the stage's; nil reads entries
// with the usual names, as [ParseAccess] does. Lines that are no entries are
// passed over; ok is false where nothing is one.
func ParseAccessLog(text []byte, format *Format) (records []probe.LogRecord, ok bool) {
	for _, line := range accessLines(bytes.TrimSpace(text)) {
		if rec, ok := parseEntry(line, format); ok {
			records = append(records, rec)
		}
	}
	return records, len(records) > 0
}

func parseEntry(line []byte, format *Format) (probe.LogRecord, bool) {
	if format == nil {
		return ParseAccess(line)
	}
	rec, err := format.Parse(line)
	return rec, err == nil
}

// accessLines takes an excerpt apart into entries.
func accessLines(text []byte) [][]byte {
	if len(text) == 0 {
		return nil
	}
	if text[0] == '{' || text[0] == '[' {
		if doc, ok := decodeEvents(text); ok {
			return doc.messages()
		}
	}
	if _, whole := flatten(text); whole {
		return [][]byte{text}
	}
	entries, open := objects(bytes.Split(text, []byte("\n")))
	if open != nil { // it was never closed
		entries = append(entries, bytes.Join(open, nil))
	}
	return entries
}

// objects joins the lines of entries that were printed prettily: those from a
// line that only opens an object to the one that closes it. rest are the lines of one
// that is not closed.
func objects(lines [][]byte) (out, rest [][]byte) {
	open := -1
	for i, line := range lines {
		switch line = bytes.TrimSpace(line); {
		case (string(line) == "{" || string(line) == "{{") && open < 0:
			open = i
		case open < 0:
			out = append(out, line)
		case len(line) > 0 && len(bytes.TrimRight(line, "},")) == 0 && line[0] == '}' && indent(lines[i]) == indent(lines[open]):
			out = append(out, bytes.TrimRight(bytes.Join(lines[open:i+1], nil), ", \r"))
			open = -1
		}
	}
	if open >= 0 {
		rest = lines[open:]
	}
	return out, rest
}

func indent(line []byte) int { return len(line) - len(bytes.TrimLeft(line, " \t")) }
