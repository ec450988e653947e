package simulate

import (
	"testing"
)

func TestEver(t *testing.T) {
	o := few(4)
	o.Progress = func(s string) { t.Log(s) }
	_, err := Ever(t.Context(), o, Families())
	if err != nil {
		t.Fatal(err)
	}
}
