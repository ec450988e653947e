package logs

import (
	"bytes"
	"strconv"
	"time"
)

// header is what stands in front of a line's text.
type header struct {
	time  time.Time
	id    []byte // request id, or extended request id (WebSocket)
	test  bool   // the "Thu Aug 31 01:07:25 UTC 2017 : " of a test invocation
	start int    // where the text begins
}

// known reports whether anything stands in front of the text.
func (h header) known() bool { return h.start > 0 }

// splitHeader reads what a gateway, a console or a command line put in front of
// a line: an event time, a stream name, "(id) ", the date of a test invocation.
func splitHeader(line []byte) header {
	var h header
	if n := bracketed(line, &h.time); n > 0 {
		h.start = n
		return h
	}
	if at := skipTime(line, &h.time); at > 0 {
		h.start = at
		// "aws logs tail" and "awslogs" print the stream's name after the time.
		if n := streamName(line[at:]); n > 0 {
			h.start += n
		}
	}
	if id, n := parenthesised(line[h.start:]); n > 0 {
		h.id, h.start = id, h.start+n
		return h
	}
	if n := testDate(line[h.start:], &h.time); n > 0 {
		h.test, h.start = true, h.start+n
	}
	return h
}

// bracketed reads "[2b4492] [2016-10-11 15:26:57] ", the end of a stream's name
// and the time, as deployment tools print them in front of a line.
func bracketed(s []byte, t *time.Time) int {
	const layout = "2006-01-02 15:04:05"
	const longestTag = 32
	if len(s) == 0 || s[0] != '[' {
		return 0
	}
	tag := bytes.IndexByte(s[:min(len(s), longestTag)], ']')
	if tag < 0 || !bytes.HasPrefix(s[tag:], []byte("] [")) {
		return 0
	}
	from := tag + len("] [")
	end := from + len(layout)
	if len(s) < end+2 || s[end] != ']' || s[end+1] != ' ' {
		return 0
	}
	at, err := time.Parse(layout, string(s[from:end]))
	if err != nil {
		return 0
	}
	*t = at
	return end + 2
}

// parenthesised reads "(id) " and returns the id and its length with brackets.
func parenthesised(s []byte) (id []byte, n int) {
	const longest = 80
	if len(s) < 3 || s[0] != '(' {
		return nil, 0
	}
	end := bytes.IndexByte(s[:min(len(s), longest)], ')')
	if end < 8 {
		return nil, 0
	}
	for _, c := range s[1:end] {
		if !idByte[c] {
			return nil, 0
		}
	}
	id, n = s[1:end], end+1
	for n < len(s) && (s[n] == ' ' || s[n] == '\t') {
		n++
	}
	return id, n
}

// idByte holds the bytes of UUIDs and of base64 in both alphabets.
var idByte = class("0-9A-Za-z_=+/-")

// isExtended tells an extended request id (short base64, "=" at its end) from a
// request id.
func isExtended(id []byte) bool { return len(id) > 0 && id[len(id)-1] == '=' }

// testDate reads "Thu Aug 31 01:07:25 UTC 2017 : ".
func testDate(s []byte, t *time.Time) int {
	const layout = "Mon Jan 02 15:04:05 MST 2006"
	const separator = " :"
	if len(s) < len(layout)+len(separator) || s[3] != ' ' || s[7] != ' ' || s[13] != ':' {
		return 0
	}
	if !bytes.HasPrefix(s[len(layout):], []byte(separator)) {
		return 0
	}
	at, err := time.Parse(layout, string(s[:len(layout)]))
	if err != nil {
		return 0
	}
	*t = at
	n := len(layout) + len(separator)
	if n < len(s) && s[n] == ' ' {
		n++
	}
	return n
}

// skipTime reads an event time, in epoch milliseconds or by RFC 3339, and the
// blanks after it.
func skipTime(s []byte, t *time.Time) int {
	if len(s) < 13 || s[0] < '0' || s[0] > '9' {
		return 0
	}
	end := bytes.IndexAny(s[:min(len(s), 40)], " \t,")
	if end < 0 {
		if end = len(s); end > 40 {
			return 0
		}
	}
	at, ok := parseTime(s[:end])
	if !ok {
		return 0
	}
	*t = at
	for end < len(s) && (s[end] == ' ' || s[end] == '\t' || s[end] == ',') {
		end++
	}
	return end
}

// parseTime reads an event time.
func parseTime(s []byte) (time.Time, bool) {
	if len(s) == 13 && s[4] != '-' {
		ms, err := strconv.ParseInt(string(s), 10, 64)
		return time.UnixMilli(ms).UTC(), err == nil
	}
	if len(s) < 19 || s[4] != '-' || s[10] != 'T' {
		return time.Time{}, false
	}
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(layout, string(s)); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// streamName returns the length of a stream's name, 32 hexadecimal digits, and
// the blanks after it.
func streamName(s []byte) int {
	const length = 32
	if len(s) <= length || s[length] != ' ' && s[length] != '\t' {
		return 0
	}
	for _, c := range s[:length] {
		if !hexByte[c] {
			return 0
		}
	}
	n := length
	for n < len(s) && (s[n] == ' ' || s[n] == '\t') {
		n++
	}
	return n
}

var hexByte = class("0-9a-f")

// class returns the set of bytes that a range expression such as "0-9a-f_-"
// names; a "-" at its end stands for itself.
func class(ranges string) *[256]bool {
	var set [256]bool
	for i := 0; i < len(ranges); i++ {
		first, last := ranges[i], ranges[i]
		if i+2 < len(ranges) && ranges[i+1] == '-' {
			last = ranges[i+2]
			i += 2
		}
		for c := int(first); c <= int(last); c++ {
			set[c] = true
		}
	}
	return &set
}
