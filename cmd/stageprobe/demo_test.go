package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/cmd/stageprobe/internal/cli"
)

// TestDemoMended carries the demo's remedies out on the running gateway; the
// check that follows finds nothing any more.
func TestDemoMended(t *testing.T) {
	t.Parallel()
	b := open(t, load(t, "demo"))
	before := b.check(t, "before.json")
	// What moves by itself is told, and is no matter to mend.
	before.Findings = slices.DeleteFunc(before.Findings, func(f cause.Finding) bool { return f.Severity == cause.Info })
	if before.ExitCode != analyze.ExitFinding || len(before.Findings) != 2 {
		t.Fatalf("exit code %d with %d findings, want 1 with 2: %v", before.ExitCode, len(before.Findings), before.Verdict)
	}
	_, text, _ := b.run(t, "report", b.path("before.json"))
	readmeShows(t, text)
	client := newAWSCLI(b)
	for _, f := range before.Findings {
		if f.Linked != "proven" {
			t.Errorf("%s is %s, want proven", f.Cause, f.Linked)
		}
		for _, r := range ways(f)[0] {
			if err := client.run(t.Context(), r.Command); err != nil {
				t.Fatalf("%s: %v", r.Command, err)
			}
		}
	}
	after := b.check(t, "after.json")
	if after.ExitCode != analyze.ExitOK || after.Outcome != analyze.Consistent {
		t.Errorf("exit code %d, outcome %s after mending: %v", after.ExitCode, after.Outcome, after.Verdict)
	}
}

// TestPolicyCoversACheck derives from the calls that a whole check makes what
// has to be allowed, and holds the policy of that size against it: nothing that
// is called is missing, and nothing is allowed that no world calls, but for
// Logs Insights, which only a very large log group is read through.
func TestPolicyCoversACheck(t *testing.T) {
	t.Parallel()
	called := map[string]bool{}
	for _, name := range []string{"stale-canary-10", "routing-rules", "http-healthy"} {
		b := open(t, load(t, name))
		b.check(t, "report.json")
		for _, c := range b.Calls() {
			if c.Service != "sts" { // whose account it is, everybody may ask
				called[c.Action] = true
			}
		}
	}
	allowed, optional := policyActions(t)
	for action := range called {
		if !slices.Contains(allowed, action) && !slices.Contains(optional, action) {
			t.Errorf("%s is called, and the policy does not allow it: %v", action, allowed)
		}
	}
	for _, action := range allowed {
		insights := strings.HasSuffix(action, "Query") || strings.HasSuffix(action, "QueryResults")
		if !called[action] && !insights && action != "execute-api:Invoke" && action != "apigateway:ListRoutingRules" {
			t.Errorf("the policy allows %s, which no check calls", action)
		}
	}
}

// policyActions lists what the printed policy with configuration and logs
// allows, and what of it is optional.
func policyActions(t *testing.T) (actions, optional []string) {
	t.Helper()
	var out, said testWriter
	if code := cli.Main(t.Context(), []string{"policy", "logs"}, cli.Streams{Out: &out, Err: &said}); code != int(cli.ExitOK) {
		t.Fatalf("exit code %d: %s", code, said)
	}
	var doc struct {
		Statement []struct {
			Sid    string
			Action []string
		}
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.Statement {
		if strings.HasPrefix(s.Sid, "Optional") {
			optional = append(optional, s.Action...)
		} else {
			actions = append(actions, s.Action...)
		}
	}
	return actions, optional
}
