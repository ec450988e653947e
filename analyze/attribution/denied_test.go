package attribution

import (
	"slices"
	"strings"
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

// TestPrivateAPIsAreReachedFromWithin, which is said where nothing answers and
// where everything is refused; of a public API it is not.
func TestPrivateAPIsAreReachedFromWithin(t *testing.T) {
	for _, endpoint := range []string{"PRIVATE", "REGIONAL"} {
		w := newWorld(1)
		w.api().EndpointTypes = []string{endpoint}
		r := Explain(w.send(300, sameForAll(refuses(403, "ACCESS_DENIED", "AccessDeniedException"))).Input)
		want(t, r, only(AccessDenied, ConsistentWith))
		if got := strings.Contains(r.Findings[0].Remedy[0].Text, "private"); got != (endpoint == "PRIVATE") {
			t.Errorf("%s, refused: the remedy is %q", endpoint, r.Findings[0].Remedy[0].Text)
		}
		w = newWorld(1)
		w.api().EndpointTypes = []string{endpoint}
		r = Explain(w.send(20, sameForAll(answer{id: "dns", producer: "network", class: ClassTransport})).Input)
		if len(r.Open) != 1 || strings.Contains(r.Open[0].Enable, "private") != (endpoint == "PRIVATE") {
			t.Errorf("%s, unanswered: %+v", endpoint, r.Open)
		}
	}
}
