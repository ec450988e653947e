package cause

import (
	"testing"
)

// TestSharesOfCounts: of nothing there is no share.
func TestSharesOfCounts(t *testing.T) {
	if (Count{3, 4}).Share() != .75 || (Count{}).Share() != 0 {
		t.Error("three of four are three quarters, and of nothing there is no share")
	}
}
