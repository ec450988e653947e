package cluster

import (
	"fmt"
	"testing"
)

// A count of seconds takes few values in a short run.
func TestCountsOfTime(t *testing.T) {
	for name, c := range map[string]struct {
		body func(s *source) string
		want int
	}{
		"uptime":            {func(s *source) string { return fmt.Sprintf(`{"up":%d}`, 57+s.now.Unix()%1000) }, 1},
		"uptime in text":    {func(s *source) string { return fmt.Sprintf("up %d s", 57+s.now.Unix()%1000) }, 1},
		"time to live":      {func(s *source) string { return fmt.Sprintf(`{"expires_in":%d}`, 3600-s.now.Unix()%1000) }, 1},
		"two versions":      {func(s *source) string { return fmt.Sprintf(`{"version":%d}`, 1+btoi(s.n > 10)) }, 2},
		"three at random":   {func(s *source) string { return fmt.Sprintf(`{"version":%d}`, 1+s.rng.IntN(3)) }, 3},
		"versions and back": {func(s *source) string { return fmt.Sprintf(`{"version":%d}`, 1+[]int{0, 1, 2, 0}[s.n/6%4]) }, 3},
	} {
		s, tab := newSource(10), New(Options{})
		for range 20 { // 6.3 s
			o := s.answer("t", "health", 200, nil)
			o.Body = []byte(c.body(s))
			tab.Add(o, nil)
		}
		if got := counts(tab.Result().Of("t", "health")); len(got) != c.want {
			t.Errorf("%s: clusters %v, want %d", name, got, c.want)
		}
	}
}
