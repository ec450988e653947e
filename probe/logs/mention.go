package logs

import (
	"bytes"
	"strings"

	"stageprobe/probe/lazyregexp"
)

// groupMark begins the name of every execution-log group.
var groupMark = []byte("API-Gateway-Execution-Logs")

// groupAlone is a line that holds a group's name and, at most, a label in front
// or the command that reads it.
var groupAlone = lazyregexp.New("^(?:(?:[$%] )?(?:aws|awslogs|saw|cw) .*?|[A-Za-z @_*-]{0,40}[:=]?\\**[ \\t]*)[\"'`]?(?:[0-9]{12}:)?(" +
	"API-Gateway-Execution-Logs[_/][A-Za-z0-9_-]+/[$A-Za-z0-9_-]+(?:/Canary)?)[\"'`,:]*(?:[ \\t]+-.*)?$")

// mentioned is the group that a copied line names for itself or for those that
// follow. Of a row, it is the cell beside the message, which is cut off; whole
// tells that the line holds nothing else.
func mentioned(line []byte) (rest []byte, group string, whole bool) {
	if !bytes.Contains(line, groupMark) {
		return line, "", false
	}
	if m := groupAlone.FindSubmatch(line); m != nil {
		return line, string(m[1]), true
	}
	rest, group = sideCells(line)
	if group == "" {
		return line, "", false
	}
	return rest, group, false
}

// sideCells cuts the cells behind the message off a row, of a table or of a CSV
// file: group, stream and times. group is "" where none of them is a group.
func sideCells(row []byte) (rest []byte, group string) {
	const most = 6
	rest = row
	for range most {
		rest = bytes.TrimRight(rest, "|, \t")
		at := bytes.LastIndexAny(rest, "|,\t")
		if at < 0 {
			break
		}
		text := bytes.Trim(rest[at+1:], `"' `)
		if !isColumn(text) {
			break
		}
		if name := groupOf(string(text)); name != "" {
			group = name
		}
		rest = rest[:at]
	}
	return rest, group
}

// groupOf takes the account off a value of @log; "" where it names no
// execution-log group.
func groupOf(log string) string {
	if _, name, found := strings.Cut(log, ":"); found {
		log = name
	}
	if _, _, _, ok := ParseGroup(log); !ok {
		return ""
	}
	return log
}
