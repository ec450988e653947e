// Package words writes numbers, moments and lists for a reader, the same
// everywhere. Shares are 0 to 1 within the program and in JSON, and per cent only
// here.
package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Percent writes a share of 0 to 1: two significant digits, and near 100 % as many
// as tell it from all of them.
func Percent(share float64) string {
	p := 100 * share
	digits := 0
	switch {
	case p > 0 && p < 10:
		digits = min(1-int(math.Floor(math.Log10(p))), 12)
	case p > 99 && p < 100:
		digits = -int(math.Floor(math.Log10(100 - p)))
	}
	text := strconv.FormatFloat(p, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " %"
}

// Figure writes a number to three significant digits, without an exponent.
func Figure(x float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// Plural is "1 request" or "7 requests".
func Plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "ry"): // query, story
		return strconv.Itoa(n) + " " + strings.TrimSuffix(noun, "y") + "ies"
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// List joins names for a sentence: "a", "a and b", "a, b and c".
func List(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// Some is List, cut after a number of names that a reader takes in.
func Some(names []string, most int) string {
	if len(names) <= most {
		return List(names)
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}

// Age writes how long something lasted in the largest sensible unit.
func Age(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return Plural(int(d.Hours()/24), "day")
	case d >= 2*time.Hour:
		return Plural(int(d.Hours()), "hour")
	case d >= 2*time.Minute:
		return Plural(int(d.Minutes()), "minute")
	}
	return Plural(int(d.Seconds()), "second")
}

// Clock writes a moment of the run.
func Clock(t time.Time) string { return t.UTC().Format("15:04:05Z") }

// Instant writes a moment of the run to the millisecond.
func Instant(t time.Time) string { return t.UTC().Format("15:04:05.000Z") }

// Day writes a moment of the configuration, such as when a deployment was made.
func Day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

// Odds writes the logarithm of an e-value as evidence for one side, such as
// "4000:1".
func Odds(logE float64) string {
	switch {
	case logE > math.Log(1e6):
		return fmt.Sprintf("1e%d:1", int(min(logE/math.Ln10, 300)))
	case logE < 0:
		return "below 1:1"
	}
	return fmt.Sprintf("%.0f:1", roundTo2(math.Exp(logE)))
}

// roundTo2 keeps two significant digits of a number of 1 or more.
func roundTo2(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x))-1)
	return math.Round(x/unit) * unit
}
