package logs

import (
	"strings"
	"testing"
	"time"
)

// What stands before a line is read to its last byte, and not where it is cut or another's.
func TestWhatStandsBeforeALine(t *testing.T) {
	const date = "Thu Aug 31 01:07:25 UTC 2017 :"
	stream := strings.Repeat("0123456789abcdef", 2)
	var at time.Time
	for _, tt := range []struct {
		read func(s []byte) int
		text string
		want int
	}{
		{func(s []byte) int { return testDate(s, &at) }, date, len(date)},
		{func(s []byte) int { return testDate(s, &at) }, date + " x", len(date) + 1},
		{func(s []byte) int { return testDate(s, &at) }, date + "x", len(date)},
		{func(s []byte) int { return testDate(s, &at) }, date[:len(date)-1], 0},
		{func(s []byte) int { return testDate(s, &at) }, strings.Replace(date, "31", "32", 1), 0},
		{func(s []byte) int { return skipTime(s, &at) }, "1504141645123", 13},
		{func(s []byte) int { return skipTime(s, &at) }, "1504141645123 \t,x", 16},
		{func(s []byte) int { return skipTime(s, &at) }, "0504141645123", 13},
		{func(s []byte) int { return skipTime(s, &at) }, "9504141645123", 13},
		{func(s []byte) int { return skipTime(s, &at) }, "150414164512", 0},
		{func(s []byte) int { return skipTime(s, &at) }, "15041416451ab", 0},
		{func(s []byte) int { return skipTime(s, &at) }, "2017-08-31T01:07:25", 19},
		{func(s []byte) int { return skipTime(s, &at) }, "2017-08-31T01:07:25.123Z x", 25},
		{func(s []byte) int { return skipTime(s, &at) }, "2017-08-31 01:07:25", 0},
		{streamName, stream, 0},
		{streamName, stream + " ", 33},
		{streamName, stream + "\t\tx", 34},
		{streamName, stream + "0 ", 0},
		{streamName, strings.Repeat("g", 32) + " ", 0},
		{closingQuote, `a\"b"c`, 4},
		{closingQuote, `a\"b`, -1},
		{closingQuote, `"`, 0},
	} {
		if got := tt.read([]byte(tt.text)); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.text, got, tt.want)
		}
	}
	for text, want := range map[string]int{"99": 0, "100": 100, "200 OK": 200, "999": 999, "1000": 0, "": 0, "x": 0} {
		if got := status([]byte(text)); (got == nil) != (want == 0) || got != nil && *got != want {
			t.Errorf("status %q: %v, want %d", text, got, want)
		}
	}
}
