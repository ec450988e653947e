package analyze

import (
	"slices"
	"testing"

	"stageprobe/probe"
)

// A denied call is told in short: what is missing, why, and what that costs.
func TestDeniedCallsAreToldInShort(t *testing.T) {
	message := "AccessDeniedException: User: arn:aws:iam::123456789012:user/ci is not authorized to perform: logs:FilterLogEvents on resource: arn:aws:logs:us-east-1:123456789012:log-group:a:log-stream: "
	gap := func(subject, why string) probe.Gap {
		return probe.Gap{Operation: "FilterLogEvents", Subject: subject, Action: "logs:FilterLogEvents", Err: message + why, Costs: "nothing is known"}
	}
	got := gapNotes([]probe.Gap{
		gap("log group a", "because no identity-based policy allows the logs:FilterLogEvents action"),
		gap("log group b", "because no identity-based policy allows the logs:FilterLogEvents action"),
		gap("log group c", "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/x"),
		{Operation: "GetStages", Subject: "API a", Err: "HTTP 503 Service Unavailable", Costs: "nothing is known"},
	})
	want := []string{
		"FilterLogEvents of log group a, log group b: AccessDeniedException, because no identity-based policy allows it; allow logs:FilterLogEvents (nothing is known)",
		"FilterLogEvents of log group c: AccessDeniedException, with an explicit deny in a service control policy; allow logs:FilterLogEvents (nothing is known)",
		"GetStages of API a: HTTP 503 Service Unavailable (nothing is known)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
