package lazyregexp

import "testing"

func TestWhatDoesNotCompilePanicsAtOnceInTests(t *testing.T) {
	if got := New(`b+`).FindString("abbc"); got != "bb" {
		t.Errorf("b+ in abbc: %q", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("an expression that does not compile was taken")
		}
	}()
	New(`(`)
}
