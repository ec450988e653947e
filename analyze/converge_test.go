package analyze

import "testing"

// Answers that fall short at random are no old deployment, however few of them are
// among the last.
func TestCameAndWent(t *testing.T) {
	for _, c := range []struct {
		old, fresh, since int
		want              bool
	}{
		{1, 459, 459, false},  // a first answer that failed
		{3, 459, 459, true},   // three at the beginning
		{3, 1000, 459, false}, // three, and the last of them half-way
		{40, 600, 459, true},  // a deployment that came
		{0, 459, 459, false},
		{40, 0, 0, false},
	} {
		if got := cameAndWent(&Convergence{Old: c.old, New: c.fresh, Since: c.since}, 0.01); got != c.want {
			t.Errorf("%d old, %d new, %d since: %v", c.old, c.fresh, c.since, got)
		}
	}
}
