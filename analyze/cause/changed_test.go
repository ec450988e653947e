package cause

import (
	"strings"
	"testing"

	"stageprobe/probe"
)

// released is a canary of 20 % of which half-way through the run something becomes;
// since then every answer is of one version. The configuration was read again
// after it.
func released(seed uint64, logs bool, since string, become func(*probe.Stage)) *world {
	w := newWorld(seed).canary(20)
	w.logs = logs
	w.send(600, func(r *request) answer {
		switch {
		case r.n >= 300:
			r.canary = false
			return ok(since)
		case r.canary:
			return ok("v1")
		}
		return ok("v2")
	})
	become(&w.api().Stages[0])
	return w
}

// A canary that is promoted or removed during the run is a change of
// configuration, which explains the answers on both sides of it.
func TestCanaryReleasedDuringTheRun(t *testing.T) {
	t.Parallel()
	promote := func(st *probe.Stage) {
		st.DeploymentID, st.Canary = "dep0", &probe.Canary{DeploymentID: "dep0"}
	}
	remove := func(st *probe.Stage) { st.Canary = nil }
	for seed := range uint64(20) {
		for _, logs := range []bool{true, false} {
			r := explained(released(seed, logs, "v1", promote).Input)
			want(t, r, map[ID]Link{DeployPropagating: Proven, StaleCanary: Proven})
			if f := r.Findings; len(f) == 2 {
				for _, f := range f {
					text := f.Statement + strings.Join(f.Evidence, "\n")
					if f.Cause == StaleCanary && (strings.Contains(text, "dep1") || strings.Contains(text, "20 %") || strings.Contains(text, "served by the canary")) {
						t.Errorf("the canary that is there now is not the one of before: %s", text)
					}
					if says := "stage prod went from deployment dep1 with a canary of 20 % (deployment dep0) to deployment dep0 with a canary of 0 % (deployment dep0) during the run"; f.Cause == DeployPropagating && !strings.Contains(f.Statement, says) {
						t.Errorf("it says %q, and not %q", f.Statement, says)
					}
				}
			}
		}
		r := explained(released(seed, false, "v2", remove).Input)
		want(t, r, only(DeployPropagating, Proven))
		if got := r.Findings[0].Statement; !strings.Contains(got, " differed from 200 {v2} before, and 0 of ") {
			t.Errorf("it says %q", got)
		}
		// Nothing changed: the answers alone prove no deployment.
		r = explained(released(seed, false, "v2", func(*probe.Stage) {}).Input)
		if got := found(r); got[DeployPropagating] == Proven {
			dump(t, r)
		}
	}
}
