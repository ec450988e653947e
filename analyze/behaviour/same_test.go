package behaviour

import (
	"testing"

	"stageprobe/analyze/feature"
	"stageprobe/probe"
)

// TestSameBody: two scenarios have one body where the values that come most often are
// those of the other, whatever headers say, and none where there is no body.
func TestSameBody(t *testing.T) {
	defs := []feature.Def{{Path: ":status", Class: true}, feature.NewDef("/id", feature.Content, false), feature.NewDef("x-id", feature.Content, false)}
	table := New(Options{Targets: make([]probe.Target, 1), Scenarios: make([]probe.Scenario, 3)})
	add := func(scenario int, id, header uint64) int {
		values := []feature.Value{{Hash: 1, Text: "200"}}
		if id > 0 {
			values = append(values, feature.Value{Def: 1, Hash: id}, feature.Value{Def: 2, Hash: header})
		}
		return table.AddValues(0, scenario, Answer{Status: 200}, values, defs)
	}
	first := []int{add(0, 7, 1), add(0, 7, 2), add(0, 8, 3)}
	same, other, empty := []int{add(1, 7, 4)}, []int{add(1, 9, 1)}, []int{add(2, 0, 0)}
	for name, got := range map[string]bool{
		"the same": SameBody(table, first, same), "another": !SameBody(table, first, other),
		"none": !SameBody(table, empty, empty), "none beside one": !SameBody(table, first, empty),
	} {
		if !got {
			t.Error(name)
		}
	}
}
