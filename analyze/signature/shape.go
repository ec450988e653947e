package signature

import (
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Shape is the form of a value: its kind, and for hexadecimal and base64 text
// its length as a power of two. It stands in for values that change from answer
// to answer, so that "a UUID" and "nothing" still differ. Free text has no
// length in its shape: texts of varying length would fall on both sides of
// whatever bound is drawn.
type Shape uint8

const (
	shapeNone Shape = iota << 4
	shapeNull
	shapeBool
	shapeInt
	shapeFloat
	shapeTime // RFC 3339 or HTTP date
	shapeNow  // a time within a minute of the request
	shapeUUID
	shapeHex
	shapeBase64
	shapeJWT
	shapeIP
	shapeURL
	shapeWord // one word, as names and codes are
	shapeText
	shapeAny // present, and no more is compared
)

// shapeRecent is a time within a day of the request's, though not its own.
const shapeRecent = shapeTime | 1

var shapeNames = [...]string{"empty", "null", "bool", "int", "float", "time", "now", "uuid", "hex", "base64", "jwt", "ip", "url", "word", "text", "any"}

// String names the shape, such as "uuid" or "hex~32".
func (s Shape) String() string {
	name := shapeNames[s>>4]
	if n := s & 15; n > 0 && s != shapeRecent {
		return name + "~" + strconv.Itoa(1<<n)
	}
	return name
}

// Masked is what a value of this shape counts as where values are not compared.
// Chance decides whether a random id has a letter in it, a duration a fraction,
// a name a space: only what a value is made for is left of its shape.
func (s Shape) Masked() Shape {
	switch kind := s &^ 15; kind {
	case shapeInt, shapeFloat:
		return shapeInt
	case shapeTime, shapeNow:
		return shapeNow
	case shapeHex, shapeBase64, shapeWord, shapeText:
		return shapeText
	}
	return s
}

func sized(kind Shape, n int) Shape {
	return kind | Shape(min(bits.Len(uint(max(n-1, 0))), 15))
}

// shapeOf tells the shape of text. due is when the request was due; zero where
// that is not known.
func shapeOf(s string, due time.Time) Shape {
	switch n := len(s); {
	case n == 0:
		return shapeNone
	case n > 4096:
		return shapeText
	case n == 36 && isUUID(s):
		return shapeUUID
	case s == "true" || s == "false":
		return shapeBool
	}
	if k := shapeOfNumber(s, due); k != shapeNone {
		return k
	}
	if t, ok := parseTime(s); ok {
		return near(t, due, shapeTime)
	}
	if k := clockOf(s, due); k != shapeNone {
		return k
	}
	return shapeOfText(s)
}

func shapeOfText(s string) Shape {
	switch {
	case len(s) >= 8 && allIn(s, isHex) && hasDigit(s):
		return sized(shapeHex, len(s))
	case strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") == 2:
		return shapeJWT
	case strings.Contains(s, "://") && strings.IndexByte(s, ' ') < 0:
		return shapeURL
	case isIP(s):
		return shapeIP
	case len(s) >= 12 && isBase64(s):
		return sized(shapeBase64, len(s))
	case len(s) <= 32 && allIn(s, isWord):
		return shapeWord
	}
	return shapeText
}

// shapeOfNumber reads ints and floats; an int that is the request's time as
// epoch seconds or milliseconds is a time.
func shapeOfNumber(s string, due time.Time) Shape {
	if c := s[0]; len(s) > 32 || !(c == '-' || c == '+' || c == '.' || '0' <= c && c <= '9') {
		return shapeNone
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		switch len(s) {
		case 10:
			return near(time.Unix(n, 0), due, shapeInt)
		case 13:
			return near(time.UnixMilli(n), due, shapeInt)
		case 16:
			return near(time.UnixMicro(n), due, shapeInt)
		}
		return shapeInt
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		if f > 1e9 && f < 1e10 {
			return near(time.UnixMilli(int64(f*1000)), due, shapeFloat)
		}
		return shapeFloat
	}
	return shapeNone
}

// near is shapeNow for a time within a minute of the request's, which follows
// the clock and says nothing of behaviour, and shapeRecent for one within a day.
func near(t, due time.Time, otherwise Shape) Shape {
	if due.IsZero() {
		return otherwise
	}
	switch d := t.Sub(due).Abs(); {
	case d <= time.Minute:
		return shapeNow
	case d <= recently:
		return shapeRecent
	}
	return otherwise
}

var timeLayouts = [...]string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04:05.999999999", time.RFC1123, time.RFC1123Z, "02/Jan/2006:15:04:05 -0700"}

func parseTime(s string) (time.Time, bool) {
	if len(s) < 19 || len(s) > 40 {
		return time.Time{}, false
	}
	digits := '0' <= s[0] && s[0] <= '9'
	if !digits && s[3] != ',' {
		return time.Time{}, false
	}
	for _, l := range timeLayouts {
		if t, err := time.Parse(l, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func isUUID(s string) bool {
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isWord(c byte) bool { return isAlnum(c) || c == '_' || c == '-' || c == '.' }

func allIn(s string, in func(byte) bool) bool {
	for i := range len(s) {
		if !in(s[i]) {
			return false
		}
	}
	return true
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

func isIP(s string) bool {
	if len(s) > 45 || !strings.ContainsAny(s, ".:") || !isHex(s[0]) && s[0] != ':' {
		return false
	}
	_, err := netip.ParseAddr(s)
	return err == nil
}

// isBase64 asks for digits and both cases, or padding, so that long words are
// no base64.
func isBase64(s string) bool {
	body := strings.TrimRight(s, "=")
	if !allIn(body, func(c byte) bool { return isAlnum(c) || strings.IndexByte("+/-_", c) >= 0 }) {
		return false
	}
	if len(body) < len(s) {
		return len(s)-len(body) <= 2
	}
	return hasDigit(s) && strings.ToLower(s) != s && strings.ToUpper(s) != s
}

// noTime keeps a value from being taken for the request's own time.
var noTime time.Time
