package cause

import "testing"

// BenchmarkExplain weighs a run of 10,000 requests with a canary and a flake.
func BenchmarkExplain(b *testing.B) {
	w := newWorld(1).canary(10).send(10_000, func(r *request) answer {
		switch {
		case r.chance(.05):
			return fails(502)
		case r.canary:
			return ok("v1")
		}
		return ok("v2")
	})
	b.ReportAllocs()
	for b.Loop() {
		explained(w.Input)
	}
}
