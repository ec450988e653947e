package feature_test

import (
	"fmt"

	"stageprobe/analyze/feature"
	"stageprobe/probe"
)

// Two answers of a list that moves: what stays has one value, and the one real
// difference is a member of its own.
func ExampleExtractor() {
	x := feature.New(feature.Options{})
	for _, body := range []string{`{"took":12,"items":[{"price":12.5}]}`, `{"took":9,"items":[{"price":12.9}]}`} {
		o := &probe.Observation{Outcome: probe.OutcomeResponse, Status: 200, Body: []byte(body)}
		for _, v := range x.Features(o, nil) {
			d := x.Defs()[v.Def]
			if d.Path == "/took" && d.Aspect == feature.Content || d.Aspect == feature.Member {
				fmt.Println(d.String(), "=", v.Text)
			}
		}
	}
	// Output:
	// /took = 12
	// /items/*/price holds "12.5" = occurs
	// /took = 9
	// /items/*/price holds "12.9" = occurs
}
