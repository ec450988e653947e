package cli

import (
	"strings"
	"testing"
	"time"
)

// The last line of a long reading is its last step; a short one says nothing.
func TestProgressEndsWithTheLastStep(t *testing.T) {
	for name, c := range map[string]struct {
		step time.Duration
		want string
	}{
		"long":  {2 * time.Second, "read 3 of 4: API c (6s)\nread 4 of 4: API d (8s)\n"},
		"short": {time.Second, ""},
	} {
		now := time.Unix(0, 0)
		var out strings.Builder
		p := newProgress(&out, func() time.Time { return now })
		for i, api := range []string{"a", "b", "c", "d"} {
			now = now.Add(c.step)
			p.update(i+1, 4, "API "+api)
		}
		p.done()
		if out.String() != c.want {
			t.Errorf("%s: %q, want %q", name, out.String(), c.want)
		}
	}
}
