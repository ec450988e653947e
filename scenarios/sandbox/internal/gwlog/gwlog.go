// Package gwlog renders one handled request as API Gateway would log it: the execution-log
// lines of REST and WebSocket APIs in the spellings of three eras, access-log lines in a stage's
// own format, and the log text of a console test.
//
// The templates were read off genuine log captures and the API Gateway Developer Guide.
package gwlog

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Line is one log event: a time and a text without trailing newline.
type Line struct {
	Time    time.Time
	Message string
}

// Level is a method's execution-log level.
type Level string

// The three levels of a method setting's loggingLevel.
const (
	Off   Level = "OFF"
	Error Level = "ERROR"
	Info  Level = "INFO"
)

// Era chooses the spelling and the order of execution-log lines. The zero value is [Modern].
type Era int

const (
	// Modern is the shape since 2020: endpoint response headers before the body, and the status in
	// the "Received response" line.
	Modern Era = iota
	// Era2017 is the shape of 2017 to 2019: body before headers, no status.
	Era2017
	// Era2016 has no "({requestId})" prefix and no "Received response" line.
	Era2016
)

// Execution renders the execution-log lines of a call in the [Modern] spelling. It returns nil for
// what the real gateway does not log: level OFF, HTTP APIs, unmatched routes, and at level ERROR
// whatever did not fail.
func Execution(c Call, level Level, dataTrace bool) []Line {
	return Modern.Execution(c, level, dataTrace)
}

// Execution is [Execution] in the spelling of an era.
func (e Era) Execution(c Call, level Level, dataTrace bool) []Line {
	if !c.loggable(level) {
		return nil
	}
	w := &writer{Call: c, era: e, info: level == Info, trace: level == Info && dataTrace, now: c.Started}
	w.stage = c.APIID + "/" + c.Stage
	if e != Era2016 {
		w.prefix = "(" + c.logID() + ") "
	}
	admission{w}.front()
	w.method()
	w.end()
	return w.lines
}

// TestInvoke renders the log text of a console test (TestInvokeMethod): INFO with data trace, each line
// prefixed by a date. A test knows no stage, no usage plan and no authorizer.
func TestInvoke(c Call) string { return Modern.TestInvoke(c) }

// TestInvoke is [TestInvoke] in the spelling of an era.
func (e Era) TestInvoke(c Call) string {
	c.Stage = "null" // as the real gateway spells the missing stage in the source ARN
	c.TraceID = ""
	w := &writer{Call: c, era: e, info: true, trace: true, now: c.Started}
	w.method()
	w.complete()
	var b strings.Builder
	fmt.Fprintf(&b, "Execution log for request %s\n", c.RequestID)
	for _, l := range w.lines {
		fmt.Fprintf(&b, "%s : %s\n", l.Time.UTC().Format("Mon Jan 02 15:04:05 MST 2006"), l.Message)
	}
	return b.String()
}

// loggable tells whether the real gateway writes an execution log of a call at all.
func (c *Call) loggable(level Level) bool {
	switch {
	case level != Info && level != Error, c.Kind == HTTP:
		return false
	case c.Failure == NoRoute, c.Failure == NoStage, c.Failure == WAFBlocked:
		return false
	}
	return level == Info || c.Failure != ""
}

// logID is the id in front of each line: WebSocket APIs use the extended one.
func (c *Call) logID() string {
	if c.Kind == WebSocket {
		return c.ExtendedRequestID
	}
	return c.RequestID
}

// writer collects the lines of one call. now is the time of the next line.
type writer struct {
	Call
	era         Era
	info, trace bool
	prefix      string
	stage       string // "{api}/{stage}"
	now         time.Time
	lines       []Line
}

// maxLine is the length in bytes beyond which the gateway cuts a line (API Gateway Developer Guide,
// "Important notes": log events of more than 1024 bytes are truncated). In captures of 2017 the prefix
// with the request id does not count.
const maxLine = 1024

func (w *writer) write(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(text) > maxLine {
		text = cut(text, maxLine) + " [TRUNCATED]"
	}
	w.lines = append(w.lines, Line{w.now, w.prefix + text})
}

// cut shortens a text to at most n bytes without splitting a rune.
func cut(s string, n int) string {
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// note writes a line of level INFO.
func (w *writer) note(format string, args ...any) {
	if w.info {
		w.write(format, args...)
	}
}

// detail writes a line of the data trace.
func (w *writer) detail(format string, args ...any) {
	if w.trace {
		w.write(format, args...)
	}
}

func (w *writer) wait(d time.Duration) { w.now = w.now.Add(d) }

// mask hides a secret but for its last six characters.
func mask(s string) string {
	keep := max(len(s)-6, 0)
	if keep == 0 {
		return strings.Repeat("*", len(s))
	}
	return strings.Repeat("*", keep) + s[keep:]
}

// braces prints pairs as the gateway does, "{a=b, c=d}": values are neither quoted nor escaped. Of
// headers, Authorization and the API key are masked; tokens in others are not.
func braces(pairs []Pair) string {
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		if strings.EqualFold(p.Name, "Authorization") || strings.EqualFold(p.Name, "x-api-key") {
			p.Value = mask(p.Value)
		}
		parts[i] = p.Name + "=" + p.Value
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
