package cause

import "testing"

// TestGaveOut: answers in flight at the change may come in any order; refusals that come
// and go, few of them, or those that end again are none.
func TestGaveOut(t *testing.T) {
	run := func(pieces ...string) (draws []draw) {
		for _, p := range pieces {
			for _, c := range p {
				draws = append(draws, draw{deviant: c == 'x'})
			}
		}
		return draws
	}
	many := func(c string, n int) (out string) {
		for range n {
			out += c
		}
		return out
	}
	for name, c := range map[string]struct {
		draws []draw
		want  bool
	}{
		"at once":                {run(many(".", 60), many("x", 40)), true},
		"in flight":              {run(many(".", 50), "x.x..x.xx.", many("x", 35)), true},
		"one late":               {run(many(".", 60), many("x", 38), ".", "x"), true},
		"few":                    {run(many(".", 60), many("x", 20)), false},
		"hardly any before":      {run("....", many("x", 60)), false},
		"every other":            {run(many(".x", 60)), false},
		"ends again":             {run(many(".", 60), many("x", 40), many(".", 30)), false},
		"refused from the start": {run(many("x", 80)), false},
	} {
		if got := gaveOut(c.draws); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
