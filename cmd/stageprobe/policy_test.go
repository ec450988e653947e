package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/cause"
	"stageprobe/scenarios/sandbox"
)

// guarded opens a world whose caller has the policy that the command prints.
func guarded(t *testing.T, name string, args ...string) (*box, []byte) {
	t.Helper()
	world := load(t, name)
	b := &box{world: world, dir: t.TempDir()}
	code, policy, stderr := b.run(t, append([]string{"policy", "--region", world.Region, "--account", world.Account}, args...)...)
	if code != 0 {
		t.Fatal(stderr)
	}
	server, err := sandbox.Start(world, sandbox.Options{Seed: 1, Policy: []byte(policy)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	b.Server = server
	b.write(t, "ca.pem", server.CACert())
	b.write(t, "scenarios.yaml", []byte(world.Check.Scenarios))
	return b, []byte(policy)
}

// refused are the calls that the policy did not allow.
func (b *box) refused() (calls []string) {
	for _, c := range b.Calls() {
		if c.Status == http.StatusForbidden || c.Status == http.StatusBadRequest && c.Service != "apigateway" && c.Service != "apigatewayv2" {
			calls = append(calls, c.Action+" "+c.Resource)
		}
	}
	return calls
}

// A check with the printed policy and no other right makes no call that is
// refused, of a REST and of an HTTP API, with and without the optional rights.
func TestPolicyIsEnough(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"stale-canary-10", "http-healthy", "routing-rules"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := load(t, name)
			groups := []string{}
			for _, api := range world.APIs {
				groups = append(groups, "--api", api.ID)
				for _, stage := range api.Stages {
					if stage.AccessLog != nil && stage.AccessLog.Group != "" {
						groups = append(groups, "--access-log-group", stage.AccessLog.Group)
					}
				}
			}
			b, policy := guarded(t, name, groups...)
			rep := b.check(t, "report.json", "--requests", "60")
			if calls := b.refused(); len(calls) > 0 {
				t.Errorf("refused by\n%s\n%v", policy, calls)
			}
			if len(rep.Targets) == 0 {
				t.Error("no targets")
			}
		})
	}
}

// Without the optional rights nothing else is refused than what they allow, and what was
// found is found.
func TestRequiredRightsAreEnough(t *testing.T) {
	t.Parallel()
	optional := []string{"cloudtrail:LookupEvents", "cloudwatch:GetMetricData", "lambda:GetAlias"}
	for _, name := range []string{"stale-canary-10", "terraform-without-trigger"} {
		b, _ := guarded(t, name, "--required", "--access-log-group", "orders-prod-access")
		rep := b.check(t, "report.json", "--requests", "60", "--log-wait", "1s")
		for _, c := range b.refused() {
			action, resource, _ := strings.Cut(c, " ")
			ofAccount := strings.Contains(resource, "/usageplans") || strings.Contains(resource, "/vpclinks") || strings.Contains(resource, "/account")
			if !slices.Contains(optional, action) && !ofAccount {
				t.Errorf("%s: refused: %s", name, c)
			}
		}
		if name == "terraform-without-trigger" && find(rep.Findings, cause.StaleDeployment) == nil {
			t.Errorf("the edit that waits is not found: %v", rep.Verdict)
		}
	}
}

// What the policy does not grant is denied, and the report says what that costs.
func TestPolicyOfASmallerSize(t *testing.T) {
	t.Parallel()
	b, _ := guarded(t, "stale-canary-10", "config", "--required")
	rep := b.check(t, "report.json", "--requests", "60", "--log-wait", "1s")
	calls := b.refused()
	if !slices.ContainsFunc(calls, func(c string) bool { return strings.HasPrefix(c, "logs:") }) {
		t.Errorf("the logs were not denied: %v", calls)
	}
	text, err := json.Marshal(rep)
	if err != nil || !strings.Contains(string(text), "logs:") {
		t.Errorf("the report does not name the right that is missing: %v", err)
	}
	for _, c := range b.Calls() {
		if strings.HasPrefix(c.Action, "apigateway:") && c.Status == http.StatusForbidden && !strings.Contains(c.Resource, "/usageplans") && !strings.Contains(c.Resource, "/vpclinks") && !strings.Contains(c.Resource, "/account") {
			t.Errorf("refused: %s %s", c.Action, c.Resource)
		}
	}
}

// With --api and credentials the policy holds the groups that the stages name;
// else it says what it lacks.
func TestPolicyFindsAccessLogs(t *testing.T) {
	t.Parallel()
	b := open(t, load(t, "http-healthy"))
	api := b.world.APIs[0].ID
	code, out, stderr := b.run(t, append([]string{"policy", "logs", "--api", api}, b.reach()...)...)
	var group string
	for _, stage := range b.world.APIs[0].Stages {
		if stage.AccessLog != nil {
			group = stage.AccessLog.Group
		}
	}
	if code != 0 || group == "" || !strings.Contains(out, "log-group:"+group+":*") || stderr != "" {
		t.Errorf("exit code %d, group %q: %s %s", code, group, out, stderr)
	}
	_, out, stderr = b.run(t, "policy", "logs")
	if strings.Contains(out, group) || !strings.Contains(stderr, "--access-log-group") {
		t.Errorf("%s %s", out, stderr)
	}
}
