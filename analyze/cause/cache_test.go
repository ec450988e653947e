package cause

import (
	"testing"

	"stageprobe/analyze/diff"
	"stageprobe/probe"
)

// A stage's cache is why it answers otherwise than another where caching is all in which
// the two differ, or the logs show that most of its answers came without the integration.
func TestWhenACacheIsTheReason(t *testing.T) {
	cache, variable := diff.Setting{Name: "methods.*/*.caching"}, diff.Setting{Name: "variables.backend"}
	for name, tt := range map[string]struct {
		reasons      []diff.Setting
		hits, misses int
		want         bool
	}{
		"nothing else differs":             {[]diff.Setting{cache}, 0, 0, true},
		"nothing else, and it never hit":   {[]diff.Setting{cache}, 0, 4, false},
		"nothing else, and it hit":         {[]diff.Setting{cache}, 1, 4, true},
		"a variable, too":                  {[]diff.Setting{cache, variable}, 0, 0, false},
		"a variable, and it hit mostly":    {[]diff.Setting{cache, variable}, 3, 2, true},
		"a variable, and half of it hit":   {[]diff.Setting{cache, variable}, 2, 2, false},
		"a variable, and it hit sometimes": {[]diff.Setting{cache, variable}, 1, 2, false},
	} {
		in := &Input{Clusters: behaviours(served200(), served200())}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0"}, {Name: "s1", CacheCluster: true, Methods: map[string]probe.MethodSettings{"*/*": {Caching: true}}}}}}
		fx := given(in, [][]int{repeated(6, 0)}, [][]int{repeated(6, 1)})
		for i := range tt.hits + tt.misses {
			in.Rows[6+i].IntegrationCalled = yes(i >= tt.hits)
		}
		if got := cachedSide(fx, [2]*target{fx.targets[0], fx.targets[1]}, tt.reasons); (got == fx.targets[1]) != tt.want || got == fx.targets[0] {
			t.Errorf("%s: %v", name, got)
		}
	}
}
