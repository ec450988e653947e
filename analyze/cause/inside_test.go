package cause

import (
	"testing"

	"stageprobe/analyze/behaviour"
)

// TestFailuresInSuccesses: a scenario fails inside its successes where all of them hold the
// same failure, five at least before the end.
func TestFailuresInSuccesses(t *testing.T) {
	body := func(text string) *Cluster {
		c := served200()
		c.Exemplar = &behaviour.Exemplar{Body: []byte(text)}
		return c
	}
	inner, message := `{"statusCode":502,"body":"x"}`, `{"errorMessage":"x","errorType":"E"}`
	for name, tt := range map[string]struct {
		a, b string
		n    int
		done bool
		want bool
	}{
		"one": {inner, "", 5, false, true}, "too few": {inner, "", 4, false, false}, "few, at the end": {inner, "", 4, true, true}, "of two kinds": {inner, message, 5, false, false},
		"two of a kind": {inner, `{"statusCode":502,"body":"y"}`, 5, false, true}, "a success among them": {inner, `{"a":1}`, 5, false, false},
	} {
		in := &Input{Done: tt.done, Clusters: behaviours(body(tt.a), body(tt.b))}
		of := repeated(tt.n, 0)
		if tt.b != "" {
			of = append(of, 1, 1)
		}
		fx := given(in, [][]int{of})
		if _, got := insideThroughout(fx, nothingKnown(fx), fx.targets[0], fx.targets[0].cells[0]); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
