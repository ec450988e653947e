package feature

import (
	"bytes"
	"math/bits"
)

// form is the shape of a text. Only what a value is made for is in it: chance
// decides whether a random name has a space or a digit in it, and a shape that
// chance decides would look like two kinds of answers. For the same reason only
// hexadecimal texts that are long enough have a shape of their own.
type form uint8

const (
	formEmpty form = iota
	formText
	formNumber
	formBool
	formSeconds // since 1970
	formMillis
	formMicros
	formDuration
	formBytes
	formDate
	formTime       // of date and time of day, without a zone
	formTimeZ      // in UTC
	formTimeOffset // with an offset
	formTimeHTTP   // RFC 1123
	formTimeLog    // of access logs
	formClock      // of day
	formUUID
	formHex16 // at most 16 digits, and so on
	formHex32
	formHex64
	formHex
	formJWT
	formIP
	formURL
	formObject // of a list's members
	formArray
	formNull
	formNothing // an array without members
	formDeep
)

var shapeNames = [...]string{
	"empty", "text", "number", "bool", "epoch~s", "epoch~ms", "epoch~us", "duration", "bytes", "date", "time", "time~z", "time~offset",
	"time~http", "time~log", "clock", "uuid", "hex~16", "hex~32", "hex~64", "hex", "jwt", "ip", "url", "object", "array", "null", "nothing", "deep",
}

var bracketed = func() [len(shapeNames)][]byte {
	var out [len(shapeNames)][]byte
	for i, name := range shapeNames {
		out[i] = []byte("<" + name + ">")
	}
	return out
}()

// kind is a JSON type, or another way in which a path is present.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindObject
	kindArray
	kindLines   // one JSON value after the other
	kindPresent // a header
	kindDeep    // nested too deep to be taken apart
	kindVarint  // and the other wire types of protobuf
	kindFixed64
	kindFixed32
	kindMessage
	kindBytes
)

var typeNames = [...]string{"null", "bool", "number", "string", "object", "array", "lines", "present", "deep", "varint", "fixed64", "fixed32", "message", "bytes"}

var typeTexts = func() [len(typeNames)][]byte {
	var out [len(typeNames)][]byte
	for i, name := range typeNames {
		out[i] = []byte(name)
	}
	return out
}()

// appendSet writes the names of the bits that are set.
func appendSet(out []byte, set uint32, names []string) []byte {
	for ; set != 0; set &= set - 1 {
		if len(out) > 0 {
			out = append(out, '|')
		}
		out = append(out, names[bits.TrailingZeros32(set)]...)
	}
	return out
}

// formOf tells the shape of a text.
func formOf(s []byte) form {
	switch n := len(s); {
	case n == 0:
		return formEmpty
	case n > 4096:
		return formText
	case n == 36 && isUUID(s):
		return formUUID
	case string(s) == "true" || string(s) == "false":
		return formBool
	case n >= 16 && allIn(s, isHex):
		return hexForm(n)
	}
	if c := s[0]; isDigit(c) || c == '-' || c == '+' || c == '.' {
		if f := formOfDigits(s); f != formText {
			return f
		}
	}
	return formOfWord(s)
}

func hexForm(n int) form {
	switch {
	case n <= 16:
		return formHex16
	case n <= 32:
		return formHex32
	case n <= 64:
		return formHex64
	}
	return formHex
}

// formOfDigits is the shape of what begins as a number does.
func formOfDigits(s []byte) form {
	n, whole := number(s)
	switch {
	case n == len(s) && whole:
		return epoch(s)
	case n == len(s):
		return formNumber
	}
	if f := unit(s, n); f != formText {
		return f
	}
	if clock(s) == len(s) {
		return formClock
	}
	return formOfTime(s)
}

// number is the length of the decimal number that s begins with, and whether it
// is a whole one.
func number(s []byte) (n int, whole bool) {
	i := 0
	if s[0] == '-' || s[0] == '+' {
		i++
	}
	first := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	digits := i - first
	whole = true
	if i+1 < len(s) && s[i] == '.' && isDigit(s[i+1]) {
		whole = false
		for i++; i < len(s) && isDigit(s[i]); i++ {
			digits++
		}
	}
	if digits == 0 {
		return 0, false
	}
	if i+1 < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if s[j] == '-' || s[j] == '+' {
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			for whole = false; j < len(s) && isDigit(s[j]); j++ {
			}
			i = j
		}
	}
	return i, whole
}

// unit is the shape of a number with a unit: 43s, 1h2m3.5s, 12 MB, 10%.
func unit(s []byte, n int) form {
	f := formText
	for {
		i := n
		if i < len(s) && s[i] == ' ' {
			i++
		}
		end := i
		for end < len(s) && (isLetter(s[end]) || s[end] == '%' || s[end] >= 0x80) {
			end++
		}
		g := units(s[i:end])
		if g == formText || f != formText && g != f {
			return formText
		}
		if f = g; end == len(s) {
			return f
		}
		s = bytes.TrimLeft(s[end:], " ")
		if n, _ = number(s); n == 0 {
			return formText
		}
	}
}

func units(u []byte) form {
	switch string(u) {
	case "ns", "us", "µs", "μs", "ms", "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute", "minutes", "h", "hour", "hours", "d", "day", "days":
		return formDuration
	case "B", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "bytes":
		return formBytes
	case "%":
		return formNumber
	}
	return formText
}

// formOfWord is the shape of what does not begin as a number does.
func formOfWord(s []byte) form {
	switch {
	case len(s) >= 25 && len(s) <= 31 && s[3] == ',' && bytes.Contains(s, colon) && isCalendar(s[:3]):
		return formTimeHTTP
	case len(s) > 20 && s[0] == 'e' && s[1] == 'y' && s[2] == 'J' && bytes.Count(s, dot) == 2:
		return formJWT
	case isIP(s):
		return formIP
	case bytes.Contains(s, scheme) && bytes.IndexByte(s, ' ') < 0:
		return formURL
	}
	return formText
}

var (
	dot    = []byte(".")
	scheme = []byte("://")
)

// isIP goes by the characters: four numbers with dots, or hexadecimal numbers
// with more than one colon.
func isIP(s []byte) bool {
	if len(s) > 45 || len(s) < 3 {
		return false
	}
	dots, colons := 0, 0
	for _, c := range s {
		switch {
		case c == '.':
			dots++
		case c == ':':
			colons++
		case !isHex(c), dots > 0 && !isDigit(c):
			return false
		}
	}
	return colons == 0 && dots == 3 && isDigit(s[0]) || colons > 1 && dots <= 3
}

func isUUID(s []byte) bool {
	for i, c := range s {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !isHex(c) {
				return false
			}
		}
	}
	return true
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLower(c byte) bool  { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool  { return 'A' <= c && c <= 'Z' }
func isLetter(c byte) bool { return isLower(c) || isUpper(c) }
func isHex(c byte) bool    { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

func allIn(s []byte, in func(byte) bool) bool {
	for _, c := range s {
		if !in(c) {
			return false
		}
	}
	return true
}
