package attribution

import (
	"slices"
	"testing"

	"stageprobe/probe"
)

// TestExecutionLogsAreAdvisedWhereOff: a stage that logs already is not told to.
func TestExecutionLogsAreAdvisedWhereOff(t *testing.T) {
	for level, advised := range map[string]bool{"OFF": true, "ERROR": true, "INFO": false} {
		w := newWorld(1)
		w.logs = false
		w.api().Stages[0].Methods = map[string]probe.MethodSettings{"*/*": {LoggingLevel: level}}
		r := Explain(w.send(300, sameForAll(refuses(401, "UNAUTHORIZED", "UnauthorizedException"))).Input)
		want(t, r, only(AccessDenied, ConsistentWith))
		if got := slices.ContainsFunc(r.Findings[0].Remedy, func(m Remedy) bool { return m.Diagnoses }); got != advised {
			t.Errorf("at level %s execution logs are advised: %t, want %t", level, got, advised)
		}
	}
}
