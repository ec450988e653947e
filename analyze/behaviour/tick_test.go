package behaviour

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A whole number that is named like a version is a counter where it steps twice or more
// and never back, and a version where several come side by side.
func TestACounterIsNoVersion(t *testing.T) {
	for name, tt := range map[string]struct {
		values []string
		order  []int32
		want   bool
	}{
		"steps":                 {[]string{"5", "6", "8"}, []int32{0, 0, 0, 0, 1, 1, 1, 2, 2, 2}, true},
		"one step, as a deploy": {[]string{"5", "6"}, []int32{0, 0, 0, 1, 1, 1}, false},
		"three stages in turn":  {[]string{"1", "2", "3"}, []int32{0, 1, 2, 0, 1, 2, 0, 1, 2}, false},
		"not in order":          {[]string{"5", "7", "6"}, []int32{0, 0, 1, 1, 2, 2}, false},
		"no whole numbers":      {[]string{"v1", "v2", "v3"}, []int32{0, 0, 1, 1, 2, 2}, false},
	} {
		d := &def{}
		d.Class, d.Path = true, "/revision"
		for _, at := range tt.order {
			for int(at) >= len(d.values) {
				d.values = append(d.values, value{text: tt.values[len(d.values)]})
			}
			d.take(at)
		}
		if got := d.ticks(); got != tt.want || d.compared() == tt.want {
			t.Errorf("%s: ticks %t, compared %t", name, got, d.compared())
		}
	}
}

// Words by three or more are kinds of things; two may be a blue deployment and a green one.
func TestWordsThatSortAreNoVersions(t *testing.T) {
	for name, tt := range map[string]struct {
		values []string
		want   bool
	}{
		"tags of a shop":    {[]string{"sale", "new", "hot"}, true},
		"two deployments":   {[]string{"blue", "green"}, false},
		"releases":          {[]string{"r1", "r2", "next"}, false},
		"one is not told":   {[]string{"sale", "new", ""}, false},
		"none":              {nil, false},
		"nothing but words": {[]string{"alpha", "beta", "gamma", "delta"}, true},
	} {
		d := &def{}
		d.Class, d.Path = true, "/tag"
		for _, v := range tt.values {
			d.values = append(d.values, value{text: v})
		}
		if got := d.sorts(); got != tt.want || d.compared() == tt.want {
			t.Errorf("%s: sorts %t, compared %t", name, got, d.compared())
		}
	}
}

// More values side by side than a stage can serve are no versions; so many one after the
// other may be.
func TestACrowdOfValuesIsNoVersion(t *testing.T) {
	for name, tt := range map[string]struct {
		order []int32
		want  bool
	}{
		"of documents":                   {[]int32{0, 1, 2, 3, 4, 1, 0, 3, 2, 4, 0, 2, 3, 1}, true},
		"two deployments of two aliases": {[]int32{0, 1, 2, 3, 1, 0, 3, 2, 0, 2, 1, 3}, false},
		"deployed four times":            {[]int32{0, 0, 0, 1, 1, 0, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}, false},
	} {
		d := &def{}
		d.Class, d.Path = true, "/version"
		for _, at := range tt.order {
			for int(at) >= len(d.values) {
				d.values = append(d.values, value{text: "v" + string(rune('1'+len(d.values)))})
			}
			d.take(at)
		}
		if got := d.crowds(); got != tt.want || d.compared() == tt.want {
			t.Errorf("%s: crowds %t, compared %t", name, got, d.compared())
		}
	}
}

// A value by chance may once have a form that none of the others has, and a list lack a
// member once; what holds a form twice is another answer.
func TestAnOddLookIsNoStray(t *testing.T) {
	for _, tt := range []struct {
		name string
		odd  int
		want []string
	}{{"once", 1, nil}, {"twice", 2, []string{`/members holds ""`}}} {
		a := newAnswers()
		draws := a.several(20, false, ":status=200", "/members=1")
		draws = append(draws, a.several(20, true, ":status=200", "/members=1")...)
		draws = append(draws, a.several(tt.odd, true, ":status=200")...)
		if diff := cmp.Diff(tt.want, wheres(a.Strays(&Question{Draws: draws}, 0))); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
}
