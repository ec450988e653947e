package near

import (
	"slices"
	"testing"
)

func TestWord(t *testing.T) {
	allowed := []string{"version", "status", "uptime", "pod"}
	for _, tt := range []struct{ word, want string }{
		{"verson", "version"}, {"statsu", "status"}, {"podd", "pod"}, {"uptime", "uptime"},
		{"weather", ""}, {"", ""}, {"x", ""},
	} {
		if got := Word(tt.word, allowed); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.word, got, tt.want)
		}
	}
}

// Optimal string alignment: two neighbours swapped are one step, and no part is
// edited twice ("ca" to "abc" is 3).
func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "abc", 3}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"ca", "abc", 3}, {"same", "same", 0}} {
		if got := Distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q: got %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestWordsAreTheClosestFirst(t *testing.T) {
	allowed := []string{"check", "canary-split", "canary-1", "stale-canary", "wait"}
	for word, want := range map[string][]string{
		"chekc": {"check"}, "canary-splt": {"canary-split"}, "canar": {"canary-1", "canary-split"}, "nothing-like-it": nil, "": nil,
	} {
		if got := Words(word, allowed); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
