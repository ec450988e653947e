package words

import (
	"strings"
	"testing"
	"testing/quick"
	"time"
)

func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{
		0: "0 %", 1: "100 %", .5: "50 %", .1: "10 %", .094: "9.4 %", .01: "1 %", .0044: "0.44 %", .00044: "0.044 %", .1336: "13 %",
		.985: "98 %", .99: "99 %", .995: "99.5 %", .999: "99.9 %", .99996: "99.996 %", 1e-7: "0.00001 %", 1e-20: "0 %", .0999: "10 %",
	} {
		if got := Percent(share); got != want {
			t.Errorf("Percent(%g) = %q, want %q", share, got, want)
		}
	}
}

func TestFigure(t *testing.T) {
	for x, want := range map[float64]string{0: "0", .0123: "0.0123", 47.53: "47.5", 1000: "1000", 1234: "1230", 99960: "100000", 2.5e7: "25000000"} {
		if got := Figure(x); got != want {
			t.Errorf("%g: %s, want %s", x, got, want)
		}
	}
}

// No share is written with an exponent, and less than all is never 100 %.
func TestPercentReads(t *testing.T) {
	reads := func(n uint32) bool {
		share := float64(n) / (1 << 32)
		text := Percent(share)
		return !strings.ContainsAny(text, "eE") && text != "100 %"
	}
	if err := quick.Check(reads, nil); err != nil {
		t.Error(err)
	}
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		30 * time.Second: "30 seconds", 90 * time.Minute: "90 minutes", 25 * time.Hour: "25 hours", 412 * 24 * time.Hour: "412 days",
	} {
		if got := Age(d); got != want {
			t.Errorf("Age(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestOdds(t *testing.T) {
	for logE, want := range map[float64]string{-1: "below 1:1", 0: "1:1", 8.2940496: "4000:1", 4.7: "110:1", 30: "1e13:1", 5000: "1e300:1"} {
		if got := Odds(logE); got != want {
			t.Errorf("Odds(%g) = %q, want %q", logE, got, want)
		}
	}
}

func TestLists(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	if got := List(names[:2]) + "; " + Some(names, 2) + "; " + Some(names[:1], 2) + "; " + Plural(2, "query") + "; " + Plural(1, "query"); got !=
		"a and b; a, b and 2 more; a; 2 queries; 1 query" {
		t.Error(got)
	}
}
