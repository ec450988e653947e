package simulate

import "testing"

func TestWaits(t *testing.T) {
	figures, err := waits(t.Context(), few(2000))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		t.Logf("%s: %.2f (%.2f to %.2f)", f.Name, f.Measured, f.Low, f.High)
		if !f.Pass {
			t.Errorf("%s: over too early in %.2f (%.2f to %.2f) of the runs", f.Name, f.Measured, f.Low, f.High)
		}
	}
}
