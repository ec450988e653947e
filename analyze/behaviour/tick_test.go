package behaviour

import "testing"

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
