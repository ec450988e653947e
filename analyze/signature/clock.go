package signature

import (
	"strconv"
	"strings"
	"time"
)

const (
	// recently is how far a time may be from the request's and still be taken
	// for one that a running system makes up, such as the start of a process.
	recently = 24 * time.Hour
	// zones is what the offsets of time zones are multiples of, but for a few.
	zones = 30 * time.Minute
)

// Now tells whether the value is the request's own time, and Recent whether it
// is a time of the last day or the next.
func (s Shape) Now() bool { return s == shapeNow }

// Recent is described at [Shape.Now].
func (s Shape) Recent() bool { return s == shapeRecent }

// clockOf is the shape of a time of day that stands alone, as in the words of a
// text: such a time has neither date nor zone.
func clockOf(s string, due time.Time) Shape {
	end, at, ok := clock(s, 0)
	switch {
	case !ok || due.IsZero() || strings.Trim(s[end:], "Z.,;)") != "":
		return shapeNone
	case nearClock(at, due):
		return shapeNow
	}
	return shapeRecent
}

// hideTimes replaces the request's own time inside a longer text. A text that
// says the time in seconds would otherwise be a new behaviour every second.
func hideTimes(s string, due time.Time) string {
	if due.IsZero() || len(s) < 7 || len(s) > 4096 || !hasDigit(s) {
		return s
	}
	var out []byte
	from := 0
	for i := 0; i < len(s); {
		if !isDigit(s[i]) {
			i++
			continue
		}
		if end := timeAt(s, i, due); end > i {
			out = append(append(out, s[from:i]...), "<now>"...)
			i, from = end, end
			continue
		}
		for i < len(s) && isDigit(s[i]) {
			i++
		}
	}
	if from == 0 {
		return s
	}
	return string(append(out, s[from:]...))
}

// timeAt is the end of the request's own time that begins at s[i]; i where none
// does. It knows times of day and epoch numbers.
func timeAt(s string, i int, due time.Time) int {
	if end, at, ok := clock(s, i); ok {
		if day, dated := dateBefore(s[:i]); dated && due.Sub(day).Abs() > 2*recently {
			return i
		}
		if nearClock(at, due) {
			return end
		}
		return i
	}
	end := i
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	switch n, err := strconv.ParseInt(s[i:end], 10, 64); {
	case err != nil:
	case end-i == 10 && near(time.Unix(n, 0), due, shapeInt) == shapeNow,
		end-i == 13 && near(time.UnixMilli(n), due, shapeInt) == shapeNow:
		return end
	}
	return i
}

// clock reads a time of day with seconds, such as 9:05:07 or 09:05:07.123.
func clock(s string, i int) (end int, at time.Duration, ok bool) {
	h, j := number(s, i)
	if h < 0 || h > 23 || j >= len(s) || s[j] != ':' {
		return 0, 0, false
	}
	m, k := number(s, j+1)
	if m < 0 || m > 59 || k-j != 3 || k >= len(s) || s[k] != ':' {
		return 0, 0, false
	}
	sec, end := number(s, k+1)
	if sec < 0 || sec > 60 || end-k != 3 || end < len(s) && s[end] == ':' {
		return 0, 0, false
	}
	at = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second
	if end+1 < len(s) && (s[end] == '.' || s[end] == ',') && isDigit(s[end+1]) {
		for end++; end < len(s) && isDigit(s[end]); end++ {
		}
	}
	return end, at, true
}

// number reads one or two digits; -1 where there are none, or more.
func number(s string, i int) (n, end int) {
	for end = i; end < len(s) && isDigit(s[end]); end++ {
		if n = 10*n + int(s[end]-'0'); end-i > 1 {
			return -1, end
		}
	}
	if end == i {
		return -1, end
	}
	return n, end
}

// nearClock tells whether a time of day is within a minute of the request's, in
// whatever time zone.
func nearClock(at time.Duration, due time.Time) bool {
	d := (due.UTC().Sub(due.UTC().Truncate(24*time.Hour)) - at) % zones
	d = (d + zones) % zones
	return min(d, zones-d) <= time.Minute
}

// dateBefore reads the date that a text ends in before its time of day.
func dateBefore(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T", "2006-01-02 ", "02 Jan 2006 ", "02/Jan/2006:", "2006/01/02 "} {
		if len(s) < len(layout) {
			continue
		}
		if t, err := time.Parse(layout, s[len(s)-len(layout):]); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
