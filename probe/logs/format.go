package logs

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"stageprobe/probe"
)

// Format is a compiled access-log format: the parser of the lines that a stage
// writes with it. It is safe for concurrent use.
type Format struct {
	head   string  // before the first variable
	fields []field // in order
	keys   map[string]string
}

// field is a variable of a format and the literal text behind it.
type field struct {
	name  string // without "$context."
	shape shape
	after string
}

const variableMark = "$context."

// longestEntry is the size of the largest log event that CloudWatch Logs takes
// (1 MB: developer guide, "Amazon CloudWatch Logs log entry").
const longestEntry = 1 << 20

// CompileFormat compiles the format of a stage's access log
// (accessLogSettings.format): JSON, XML, CSV, Common Log Format or any other
// single line of text with $context variables.
func CompileFormat(format string) (*Format, error) {
	f := &Format{}
	rest := strings.TrimSpace(format)
	f.head, rest = nextVariable(rest)
	for rest != "" {
		name := variableName(rest[len(variableMark):])
		rest = rest[len(variableMark)+len(name):]
		var literal string
		literal, rest = nextVariable(rest)
		f.fields = append(f.fields, field{name, shapeOf(name), literal})
	}
	if len(f.fields) == 0 {
		return nil, errors.New("access-log format: no $context variable in it; give the stage's accessLogSettings.format")
	}
	f.keys = jsonKeys(f)
	return f, nil
}

// nextVariable splits text in front of its first variable.
func nextVariable(text string) (literal, rest string) {
	for from := 0; ; {
		at := strings.Index(text[from:], variableMark)
		if at < 0 {
			return text, ""
		}
		from += at
		if variableName(text[from+len(variableMark):]) != "" {
			return text[:from], text[from:]
		}
		from += len(variableMark)
	}
}

// variableName returns the name that text begins with. A full stop at its end
// is the format's own, and so is a colon, except within the name of a claim
// ("authorizer.claims.cognito:username").
func variableName(text string) string {
	end := 0
	for end < len(text) {
		c := text[end]
		claim := c == ':' && strings.HasPrefix(text, "authorizer.claims.") && end+1 < len(text) && nameByte[text[end+1]]
		if !nameByte[c] && c != '.' && !claim {
			break
		}
		end++
	}
	return strings.TrimRight(text[:end], ".:")
}

var nameByte = class("0-9A-Za-z_")

// Variables returns the names of the format's variables, without "$context.".
func (f *Format) Variables() []string {
	names := make([]string, len(f.fields))
	for i := range f.fields {
		names[i] = f.fields[i].name
	}
	return names
}

// Parse reads one entry. Values are not escaped in access logs: a value may hold
// the text that separates it from the next. Where that leaves more than one
// reading, the fields concerned are left out and named in the record's Doubts.
// An error means that the line was not written with this format.
func (f *Format) Parse(line []byte) (probe.LogRecord, error) {
	line, at := trimEntry(line, f.head)
	if len(line) > longestEntry {
		return probe.LogRecord{}, fmt.Errorf("access-log entry of %d bytes: longer than any event of CloudWatch Logs", len(line))
	}
	var e entry
	if !f.match(line, &e) && !f.matchKeys(line, &e) {
		return probe.LogRecord{}, fmt.Errorf("access-log entry %q does not have the given format; was it written before the format was changed?", cut(line, 80))
	}
	if e.rec.Time.IsZero() {
		e.rec.Time = at.time
	}
	return e.finish(), nil
}

// trimEntry takes off blanks, and a time and stream name that a command printed
// in front, where the format itself does not begin like that.
func trimEntry(line []byte, head string) ([]byte, header) {
	line = bytes.TrimSpace(line)
	h := splitHeader(line)
	rest := line[h.start:]
	if !h.known() || h.id != nil || h.test || bytes.HasPrefix(line, []byte(head)) || !bytes.HasPrefix(rest, []byte(head)) {
		return line, header{}
	}
	return rest, h
}
