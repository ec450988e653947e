package simulate

import "testing"

// TestWaitsEnd: a wait for what is there ends, and one for what is often not there
// does not. How often it ends too early is a figure.
func TestWaitsEnd(t *testing.T) {
	for share, want := range map[float64]bool{.00001: true, .1: false} {
		if got := overTooEarly(func(int) float64 { return share }, seeded(1)); got != want {
			t.Errorf("with a share of %g old the wait is over: %t, want %t", share, got, want)
		}
	}
}
