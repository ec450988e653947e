package analyze

import (
	"testing"

	"stageprobe/probe"
)

// The places of a run, in the order of its machines; a run from one place has none.
func TestPlacesByMachine(t *testing.T) {
	s := &Session{machines: map[string]int{"a": 0}, vantages: []probe.Vantage{{Name: "a", Region: "x"}}}
	if got := byMachine(s); got != nil {
		t.Errorf("%+v", got)
	}
	s = &Session{machines: map[string]int{"b": 0, "a": 1, "c": 2}, vantages: []probe.Vantage{{Name: "a", Region: "x"}, {Name: "b", Region: "y"}}}
	got := byMachine(s)
	if len(got) != 3 || got[0].Name != "b" || got[0].Region != "y" || got[1].Name != "a" || got[1].Region != "x" || got[2].Name != "c" || got[2].Region != "" {
		t.Errorf("%+v", got)
	}
}
