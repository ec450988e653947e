package main

import (
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze"
	"stageprobe/scenarios/sandbox"
)

// releasing is a world whose stage prod switches from version 1 to version 2
// after a number of requests; 0: never. One of its routes stays as it is.
func releasing(t testing.TB, after string) *sandbox.World {
	t.Helper()
	world, err := sandbox.Parse([]byte(`name: releasing
title: a deployment that is waited for
apis:
  - id: orders7x2a
    name: orders
    definitions:
      v1: {routes: {"GET /orders": {backend: orders-v1}, "GET /health": {backend: health}}}
      v2: {routes: {"GET /orders": {backend: orders-v2}, "GET /health": {backend: health}}}
    deployments:
      - {id: old1x9, definition: v1, age: 40d}
      - {id: new2k4, definition: v2, age: 1m}
    editor: v2
    stages: {prod: {deployment: old1x9, access_log: {group: orders-access, format: json}}}
` + after + `
backends:
  orders-v1: {headers: {x-backend-version: "1"}, body: '{"version":1}'}
  orders-v2: {headers: {x-backend-version: "2"}, body: '{"version":2}'}
  health: {body: ok}
check:
  args: [--api, orders7x2a, --stage, prod]
`))
	if err != nil {
		t.Fatal(err)
	}
	return world
}

const expectsNew = `version: 1
apis: [{id: orders7x2a, stages: [prod]}]
scenarios:
  - name: list
    request: {method: GET, path: /orders}
    expect: {headers: {x-backend-version: "2"}}
`

// wait runs wait until it ends, with the confidence of a test that is to end
// soon: 0.9 asks for 22 answers where 10 % are to be excluded.
func (b *box) wait(t testing.TB, more ...string) (*analyze.Report, string) {
	t.Helper()
	args := slices.Concat([]string{"wait"}, b.probing(), []string{"--confidence", "0.9", "--min-share", "0.1"}, more)
	code, text, stderr := b.run(t, append(args, "-q", "--format", "json", "-o", b.path("wait.json"), "--format", "text")...)
	return b.read(t, "wait.json", code, stderr), text
}

// A wait ends when the new behaviour serves everything, and names the switch.
func TestWaitSeesTheSwitch(t *testing.T) {
	t.Parallel()
	event := "events: [{after_requests: 140, stage: orders7x2a/prod, deployment: new2k4}]"
	for name, how := range map[string]func(*testing.T, *box) []string{
		"an expectation": func(t *testing.T, b *box) []string {
			b.write(t, "wanted.yaml", []byte(expectsNew))
			return []string{"-f", b.path("wanted.yaml")}
		},
		"a baseline": func(t *testing.T, b *box) []string {
			b.check(t, "before.json", "--requests", "60", "--fixed")
			return []string{"--baseline", b.path("before.json")}
		},
		"a deployment id in the access log": func(*testing.T, *box) []string { return []string{"--deployment", "new2k4"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, releasing(t, event))
			rep, text := b.wait(t, how(t, b)...)
			w := rep.Wait[0]
			if rep.ExitCode != analyze.ExitOK || !w.Done() || w.Old == 0 || w.Since < w.Needed {
				t.Fatalf("exit code %d: %+v\n%s", rep.ExitCode, w, rep.Verdict)
			}
			if stays := answersTo(rep, "GET /health"); name == "a baseline" && (stays == 0 || w.Unknown != stays) {
				t.Errorf("%d answers are neither old nor new; %d are to the route that stays as it is", w.Unknown, stays)
			}
			if !w.LastOld.Before(w.FirstNew) || w.FirstNew.Sub(w.LastOld) > rep.Run.Ended.Sub(rep.Run.Started) {
				t.Errorf("the switch lies between %s and %s", w.LastOld, w.FirstNew)
			}
			seen := slices.DeleteFunc(slices.Clone(w.Shares), func(share float64) bool { return share < 0 })
			if first, last := seen[0], seen[len(seen)-1]; first != 1 || last != 0 {
				t.Errorf("the share of old answers goes from %g to %g", first, last)
			}
			if !strings.Contains(text, "switched between") {
				t.Errorf("the switch is not named:\n%s", text)
			}
		})
	}
}

// answersTo counts the answers to a scenario.
func answersTo(rep *analyze.Report, scenario string) int {
	n := 0
	for _, c := range rep.Targets[0].Clusters {
		if c.Scenario == scenario {
			n += c.Count
		}
	}
	return n
}

// A wait for what does not come ends by its budget or its timeout, and says so.
// Within a timeout there may be no answer at all; a budget has its answers.
func TestWaitForNothing(t *testing.T) {
	t.Parallel()
	b := open(t, releasing(t, ""))
	b.write(t, "wanted.yaml", []byte(expectsNew))
	rep, text := b.wait(t, "-f", b.path("wanted.yaml"), "--requests", "40")
	if w := rep.Wait[0]; rep.ExitCode != analyze.ExitFinding || w.Converged || w.New > 0 || w.Old == 0 || !strings.Contains(text, "not as expected yet") {
		t.Errorf("exit code %d: %+v\n%s", rep.ExitCode, w, text)
	}
	rep, _ = b.wait(t, "-f", b.path("wanted.yaml"), "--timeout", "1ms")
	if w := rep.Wait[0]; rep.ExitCode == analyze.ExitOK || w.Converged || w.New > 0 || rep.Run.Stopped != "duration" {
		t.Errorf("exit code %d, stopped by %s: %+v", rep.ExitCode, rep.Run.Stopped, w)
	}
}

// Answers of a new deployment that fail are not the old one's, and a stage to which
// nothing was deployed is said to be one.
func TestWaitForWhatFails(t *testing.T) {
	t.Parallel()
	world := releasing(t, "events: [{after_requests: 140, stage: orders7x2a/prod, deployment: new2k4}]")
	world.Backends["orders-v2"].Status = 500
	b := open(t, world)
	b.write(t, "wanted.yaml", []byte(strings.Replace(expectsNew, `headers: {x-backend-version: "2"}`, "status: 2xx", 1)))
	b.check(t, "before.json", "-f", b.path("wanted.yaml"), "--requests", "60", "--fixed")
	args := []string{"-f", b.path("wanted.yaml"), "--baseline", b.path("before.json")}
	rep, text := b.wait(t, append(args, "--requests", "40")...)
	if w := rep.Wait[0]; rep.ExitCode != analyze.ExitFinding || w.Old != 40 || w.Other > 0 || !strings.Contains(strings.Join(strings.Fields(text), " "), "Its stage runs deployment old1x9 as it did at the baseline") {
		t.Errorf("before the deployment: exit code %d: %+v\n%s", rep.ExitCode, w, text)
	}
	rep, text = b.wait(t, append(args, "--requests", "100")...)
	if w := rep.Wait[0]; rep.ExitCode != analyze.ExitFinding || w.Old == 0 || w.Old > 60 || w.Other != 100-w.Old || w.New > 0 ||
		!strings.Contains(strings.Join(strings.Fields(text), " "), "neither as before nor as expected") || strings.Contains(text, "still old") || strings.Contains(text, "nothing was deployed") {
		t.Errorf("after it: exit code %d: %+v\n%s", rep.ExitCode, w, text)
	}
}

// What counts as new has to be said, and can be seen.
func TestWaitAsksWhatIsNew(t *testing.T) {
	t.Parallel()
	b := open(t, releasing(t, ""))
	expectsNothing, _, _ := strings.Cut(expectsNew, "    expect:")
	b.write(t, "nothing.yaml", []byte(expectsNothing))
	for _, c := range []struct {
		want string
		more []string
	}{
		{"what counts as the new behaviour is not said", nil},
		{"what counts as the new behaviour is not said", []string{"-f", b.path("nothing.yaml")}},
		{"no such file", []string{"--baseline", b.path("none.json")}},
	} {
		code, _, stderr := b.run(t, slices.Concat([]string{"wait"}, b.probing(), c.more)...)
		if code != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d: %s", c.more, code, stderr)
		}
	}
}

// A deployment is waited for only where every target's own stage logs it: the
// demo's prod does, its dev, to which the domain leads, does not.
func TestWaitAsksForALoggedDeployment(t *testing.T) {
	t.Parallel()
	world, err := sandbox.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, world)
	code, _, stderr := b.run(t, slices.Concat([]string{"wait"}, b.probing(), []string{"--deployment", "new2k4"})...)
	if code != 2 || !strings.Contains(stderr, "no access log of api.example.com holds $context.deploymentId") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

const expectsAny = `version: 1
apis: [{id: orders7x2a, stages: [prod]}]
scenarios:
  - {name: list, request: {method: GET, path: /orders}, expect: {status: 200}}
  - {name: health, request: {method: GET, path: /health}, expect: {status: 200}}
`

// An expectation that the old deployment meets as well tells nothing: an edit that
// was never deployed is no success, whatever else stands.
func TestWaitIsNotFooledByWhatTheOldOneMeets(t *testing.T) {
	t.Parallel()
	b := open(t, releasing(t, ""))
	b.write(t, "any.yaml", []byte(expectsAny))
	rep, text := b.wait(t, "-f", b.path("any.yaml"), "--requests", "120")
	if w := rep.Wait[0]; rep.ExitCode != analyze.ExitUndecided || !w.Converged || w.ToldApart != "" {
		t.Errorf("exit code %d: %+v", rep.ExitCode, w)
	}
	for _, want := range []string{"UNDECIDED", "may be its own", "--deployment ID", "--baseline FILE", "expectation that the old deployment does"} {
		if !strings.Contains(text, want) {
			t.Errorf("it is not said: %s\n%s", want, text)
		}
	}
}

// Where both deployments meet what is expected, answers that change with the
// stage's deployment tell them apart, and the route that changes is asked to the end.
func TestWaitSeesTheDeploymentCome(t *testing.T) {
	t.Parallel()
	b := open(t, releasing(t, "events: [{after_requests: 60, stage: orders7x2a/prod, deployment: new2k4}]"))
	b.write(t, "any.yaml", []byte(expectsAny))
	rep, _ := b.wait(t, "-f", b.path("any.yaml"), "--requests", "400")
	w := rep.Wait[0]
	if w.ToldApart != analyze.ToldByEvent && w.ToldApart != analyze.ToldByLog {
		t.Errorf("told by %q: %+v", w.ToldApart, w)
	}
	if rep.ExitCode != analyze.ExitOK || !w.Done() {
		t.Errorf("exit code %d: %+v\n%s", rep.ExitCode, w, rep.Verdict)
	}
}

// A deployment that does not exist is not waited for.
func TestWaitRefusesNoSuchDeployment(t *testing.T) {
	t.Parallel()
	b := open(t, releasing(t, ""))
	code, _, stderr := b.run(t, slices.Concat([]string{"wait"}, b.probing(), []string{"--deployment", "new2k5"})...)
	if code != 2 || !strings.Contains(stderr, "API orders7x2a has no such deployment") || !strings.Contains(stderr, "did you mean new2k4?") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// A deployment that serves and does not what is expected of it is an error.
func TestWaitForADeploymentThatIsWrong(t *testing.T) {
	t.Parallel()
	b := open(t, releasing(t, "events: [{after_requests: 60, stage: orders7x2a/prod, deployment: new2k4}]"))
	b.write(t, "three.yaml", []byte(strings.ReplaceAll(expectsNew, `"2"`, `"3"`)))
	rep, _ := b.wait(t, "-f", b.path("three.yaml"), "--deployment", "new2k4")
	if w := rep.Wait[0]; rep.ExitCode != analyze.ExitFinding || !w.Done() {
		t.Errorf("exit code %d: %+v\n%s", rep.ExitCode, w, rep.Verdict)
	}
}

// A route that is added with the deployment is asked until it is served, although the
// file does not name it: that is what tells the new deployment from the old one.
func TestWaitAsksForTheAddedRouteToTheEnd(t *testing.T) {
	t.Parallel()
	world, err := sandbox.Load("route-not-deployed")
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, world)
	b.write(t, "any.yaml", []byte(strings.ReplaceAll(expectsAny, "orders7x2a", world.APIs[0].ID)))
	rep, _ := b.wait(t, "-f", b.path("any.yaml"), "--requests", "120")
	if n := answersTo(rep, "GET /invoices"); n < 10 || rep.ExitCode != analyze.ExitUndecided {
		t.Errorf("GET /invoices was asked %d times; exit code %d: %q", n, rep.ExitCode, rep.Verdict)
	}
}
