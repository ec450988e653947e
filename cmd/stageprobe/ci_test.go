package main

import (
	"encoding/xml"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"stageprobe/analyze"
)

// pipeline is a build server's job on the embedded gateway: bash runs what the
// documented step or job says, with the binary that it builds.
type pipeline struct {
	*box
}

// pipelineOn makes a job whose environment reaches a world's gateway.
func pipelineOn(t *testing.T, world string) *pipeline {
	t.Helper()
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash on PATH")
	}
	if !*long {
		t.Skip("builds the binary; -long has it")
	}
	b := open(t, load(t, world))
	for _, name := range []string{"path", "output", "summary"} {
		b.write(t, name, nil)
	}
	b.env = []string{
		"AWS_ENDPOINT_URL=" + b.ControlURL(), "AWS_REGION=" + b.world.Region,
		"STAGEPROBE_CONNECT_TO=" + strings.Join(b.ConnectTo(), " "), "STAGEPROBE_CACERT=" + b.path("ca.pem"),
		"STAGEPROBE_RATE=600", "STAGEPROBE_SEED=1", "STAGEPROBE_LOG_WAIT=20s",
	}
	return &pipeline{b}
}

// bash runs a script as the runners do, and gives its exit code and output.
func (p *pipeline) bash(t *testing.T, script string, env ...string) (int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = p.dir, slices.Concat(os.Environ(), p.env, env)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func (p *pipeline) content(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(p.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// reports holds the report and the JUnit file of a job against each other and
// against the code that a job should end with.
func (p *pipeline) reports(t *testing.T, code int) *analyze.Report {
	t.Helper()
	rep := p.read(t, "reports/report.json", code, "")
	var suites struct {
		Failures int `xml:"failures,attr"`
	}
	if err := xml.Unmarshal([]byte(p.content(t, "reports/junit.xml")), &suites); err != nil {
		t.Fatal(err)
	}
	if (suites.Failures > 0) != (code == 1) {
		t.Errorf("exit code %d, and %d failures in the JUnit file", code, suites.Failures)
	}
	return rep
}

// action is what the composite step consists of.
type action struct {
	Inputs map[string]struct{ Default string }
	Runs   struct {
		Steps []struct {
			Name, Run string
			Env       map[string]string
		}
	}
}

// run runs the composite step's scripts in order, as far as they need no other
// action, until one fails.
func (a *action) run(t *testing.T, p *pipeline, inputs map[string]string) (code int, log string) {
	t.Helper()
	path, err := filepath.Abs("../../.github/actions/stageprobe")
	if err != nil {
		t.Fatal(err)
	}
	values := []string{"${{ github.action_path }}", path}
	for name, in := range a.Inputs {
		value, given := inputs[name]
		if !given {
			value = in.Default
		}
		values = append(values, "${{ inputs."+name+" }}", value)
	}
	expressions := strings.NewReplacer(values...)
	for _, s := range a.Runs.Steps {
		if s.Run == "" {
			continue
		}
		env := []string{
			"GITHUB_ACTIONS=true", "RUNNER_TEMP=" + p.dir, "GITHUB_PATH=" + p.path("path"),
			"GITHUB_OUTPUT=" + p.path("output"), "GITHUB_STEP_SUMMARY=" + p.path("summary"),
			"PATH=" + strings.TrimSpace(p.content(t, "path")) + string(os.PathListSeparator) + os.Getenv("PATH"),
		}
		for name, value := range s.Env {
			env = append(env, name+"="+expressions.Replace(value))
		}
		if code, log = p.bash(t, s.Run, env...); code != 0 {
			break
		}
	}
	return code, log
}

func parseYAML(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// The composite step finds what is wrong, marks it and fails, or warns of what
// it could not decide.
func TestGitHubStepOnTheGateway(t *testing.T) {
	var a action
	parseYAML(t, "../../.github/actions/stageprobe/action.yml", &a)
	for _, c := range []struct {
		name, world, args, marked string
		step, own                 int // exit code of the step, and of stageprobe
	}{
		{"a finding fails it", "demo", "--api\norders7x2a\n--stage\nprod\n--domain\napi.example.com\n", "::error title=stageprobe canary-split on ", 1, 1},
		{"what is open warns", "healthy", "--api\norders7x2a\n--requests\n20\n", "::warning title=stageprobe::", 0, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pipelineOn(t, c.world)
			code, log := a.run(t, p, map[string]string{"args": c.args, "undecided": "warn", "reports": "reports"})
			if code != c.step || !strings.Contains("\n"+log, "\n"+c.marked) {
				t.Errorf("exit code %d, want %d, and a line %q:\n%s", code, c.step, c.marked, log)
			}
			if got, want := p.content(t, "output"), "exit-code="+strconv.Itoa(c.own)+"\nreports=reports\n"; strings.TrimPrefix(got, "found=false\n") != want {
				t.Errorf("outputs %q, want %q", got, want)
			}
			rep := p.reports(t, c.own)
			if summary := p.content(t, "summary"); len(summary) >= 1<<20 || !strings.Contains(summary, rep.Targets[0].ID) {
				t.Errorf("the job's summary:\n%s", summary)
			}
		})
	}
}

// The GitLab job fails and leaves the files that it names as artifacts.
func TestGitLabJobOnTheGateway(t *testing.T) {
	var file map[string]struct {
		Variables map[string]string
		Script    []string
	}
	parseYAML(t, "../../.gitlab/stageprobe.gitlab-ci.yml", &file)
	job := file[".stageprobe"]
	p := pipelineOn(t, "demo")
	env := []string{"STAGEPROBE_ARGS=--api orders7x2a --stage prod --domain api.example.com", "STAGEPROBE_REPORTS=reports"}
	for name, value := range job.Variables {
		if name != "STAGEPROBE_ARGS" && name != "STAGEPROBE_REPORTS" {
			env = append(env, name+"="+value)
		}
	}
	code, log := p.bash(t, strings.Join(job.Script, "\n"), env...)
	if code != 1 || !strings.Contains(log, "canary-split") {
		t.Errorf("exit code %d:\n%s", code, log)
	}
	p.reports(t, code)
}

// The Jenkins job's shell fails and leaves the files that it names.
func TestJenkinsJobOnTheGateway(t *testing.T) {
	file, err := os.ReadFile("../../.jenkins/Jenkinsfile")
	if err != nil {
		t.Fatal(err)
	}
	_, script, _ := strings.Cut(string(file), "script: '''")
	script, _, found := strings.Cut(script, "'''")
	if !found {
		t.Fatal("the Jenkinsfile has no shell script")
	}
	p := pipelineOn(t, "demo")
	code, log := p.bash(t, script, "STAGEPROBE_ARGS=--api orders7x2a --stage prod --domain api.example.com", "STAGEPROBE_REPORTS=reports")
	if code != 1 || !strings.Contains(log, "canary-split") {
		t.Errorf("exit code %d:\n%s", code, log)
	}
	p.reports(t, code)
}

// The README's step names the action and its inputs as they are.
func TestReadmeShowsTheGitHubStep(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	block, _, _ := strings.Cut(rest, "```")
	var steps []struct {
		Uses string
		With map[string]string
	}
	if err := yaml.Unmarshal([]byte(block), &steps); err != nil || len(steps) != 1 {
		t.Fatalf("%v: %q", err, block)
	}
	_, path, _ := strings.Cut(strings.TrimPrefix(steps[0].Uses, "OWNER/"), "/")
	path, _, _ = strings.Cut(path, "@")
	var a action
	parseYAML(t, "../../"+path+"/action.yml", &a)
	for name := range steps[0].With {
		if _, ok := a.Inputs[name]; !ok {
			t.Errorf("the action has no input %s", name)
		}
	}
	if args := steps[0].With["args"]; args != "-f\nscenarios.yaml\n" {
		t.Errorf("arguments %q are not one per line", args)
	}
}
