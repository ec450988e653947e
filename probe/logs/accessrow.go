package logs

import (
	"bytes"

	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
)

// ParseAccessRows reads the access-log entries in a table or a listing that also
// holds lines of an execution log: those with a time, or a table's bar, in front.
// What has nothing in front may be a body that the execution log shows.
func ParseAccessRows(text []byte) []probe.LogRecord {
	var records []probe.LogRecord
	for line := range bytes.Lines(text) {
		line = trimBlank(line)
		open := bytes.IndexByte(line, '{')
		if open <= 0 || bytes.IndexByte(line[:open], '(') >= 0 {
			continue
		}
		if rec, ok := ParseAccess(line); ok {
			records = append(records, rec)
		}
	}
	return records
}

// rowTime is a time as tables write it.
var rowTime = lazyregexp.New(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]{8,15}(?:Z|\+00:00)?$`)

// rowEntry is the entry in a row of a table or a CSV file, whose other cells hold
// times, groups and streams; nil where the line is no such row. open is where
// the entry begins.
func rowEntry(row []byte, open int) []byte {
	front := bytes.TrimRight(row[:open], `" `)
	if len(front) == 0 || bytes.IndexByte([]byte("|,\t"), front[len(front)-1]) < 0 {
		return nil
	}
	for cell := range bytes.FieldsFuncSeq(front, func(r rune) bool { return r == '|' || r == ',' || r == '\t' }) {
		if cell = bytes.Trim(cell, `"' `); len(cell) > 0 && !rowTime.Match(cell) && !isColumn(cell) {
			return nil
		}
	}
	end := bytes.LastIndexByte(row, '}')
	if end < open {
		return nil
	}
	entry := row[open : end+1]
	if bytes.HasPrefix(entry, []byte(`{""`)) { // CSV doubles the quotes within a cell
		entry = bytes.ReplaceAll(entry, []byte(`""`), []byte(`"`))
	}
	return entry
}
