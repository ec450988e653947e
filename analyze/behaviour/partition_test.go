package behaviour

import (
	"fmt"
	"testing"

	"stageprobe/analyze/feature"
	"stageprobe/probe"
)

// TestKindsHaveNamesOfTheirOwn: targets that answer alike but for what was found to tell
// them apart are behaviours of different names, however many there are.
func TestKindsHaveNamesOfTheirOwn(t *testing.T) {
	const targets = 12
	table := New(Options{Targets: make([]probe.Target, targets), Scenarios: make([]probe.Scenario, 1)})
	for i := range targets * 3 {
		table.AddValues(i%targets, 0, Answer{Status: 200}, []feature.Value{{Hash: 1, Text: "200"}}, []feature.Def{{Path: ":status", Class: true}})
	}
	for name, kin := range map[string]func(target, scenario int) int{
		"all of one kind":        func(int, int) int { return 0 },
		"each of a kind its own": func(target, _ int) int { return target },
	} {
		ids := map[string]bool{}
		want := map[string]bool{}
		for _, c := range table.Partition(nil, kin).All() {
			ids[c.ID] = true
		}
		for i := range targets {
			want[fmt.Sprint(kin(i, 0))] = true
		}
		if len(ids) != len(want) {
			t.Errorf("%s: %d names of %d kinds", name, len(ids), len(want))
		}
	}
}
