package scenarios

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// fake stands in for the binary: it keeps its arguments, writes what -o names
// and ends as it is told.
const fake = `#!/bin/sh
printf '%s\n' "$@" > "$KEEP"
for a; do [ "$last" = -o ] && echo "made $a" > "$a"; last=$a; done
exit "$CODE"
`

func runScript(t *testing.T, script string, env ...string) (code int, dir string, out string) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "stageprobe"), []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bash, "-e", "-o", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append([]string{
		"PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH"), "KEEP=" + filepath.Join(dir, "args"),
		"GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "summary"), "GITHUB_OUTPUT=" + filepath.Join(dir, "output"),
	}, env...)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), dir, string(text)
}

func content(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// release serves an archive of a binary for this machine with its checksum.
func release(t *testing.T) (url, sum string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	err := w.WriteHeader(&tar.Header{Name: "stageprobe", Mode: 0o755, Size: int64(len(fake))})
	_, werr := w.Write([]byte(fake))
	if err := errors.Join(err, werr, w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	archive := "stageprobe_1.2.3_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz"
	sum = fmt.Sprintf("%x", sha256.Sum256(b.Bytes()))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1.2.3/" + archive:
			_, _ = w.Write(b.Bytes()) // a client that is gone is the test's failure
		case "/v1.2.3/checksums.txt":
			fmt.Fprintf(w, "%s  %s\n", sum, archive)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, sum
}

// The templates take a released binary whose checksum is right, and no other.
func TestTemplatesInstallARelease(t *testing.T) {
	for _, program := range []string{"curl", "tar", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil || runtime.GOOS != "linux" {
			t.Skip("no " + program)
		}
	}
	url, sum := release(t)
	var action struct {
		Runs struct{ Steps []struct{ ID, Run string } }
	}
	if err := yaml.Unmarshal([]byte(content(t, "../.github/actions/stageprobe/action.yml")), &action); err != nil {
		t.Fatal(err)
	}
	var job map[string]struct {
		BeforeScript []string `yaml:"before_script"`
	}
	if err := yaml.Unmarshal([]byte(content(t, "../.gitlab/stageprobe.gitlab-ci.yml")), &job); err != nil {
		t.Fatal(err)
	}
	_, jenkins, _ := strings.Cut(content(t, "../.jenkins/Jenkinsfile"), "sh '''")
	jenkins, _, _ = strings.Cut(jenkins, "'''")
	for name, script := range map[string]string{
		"action":  action.Runs.Steps[0].Run,
		"gitlab":  "PATH=/usr/bin:/bin\n" + strings.Join(job[".stageprobe"].BeforeScript, "\n"),
		"jenkins": jenkins,
	} {
		for given, good := range map[string]bool{"": true, sum: true, strings.Repeat("0", 64): false} {
			temp := t.TempDir()
			code, dir, out := runScript(t, script, "RUNNER_TEMP="+temp, "GITHUB_PATH="+filepath.Join(temp, "path"),
				"VERSION=v1.2.3", "SHA256="+given, "RELEASES="+url,
				"STAGEPROBE_VERSION=v1.2.3", "STAGEPROBE_SHA256="+given, "STAGEPROBE_RELEASES="+url)
			bin := filepath.Join(dir, ".stageprobe-bin", "stageprobe")
			if name == "action" {
				bin = filepath.Join(temp, "stageprobe-bin", "stageprobe")
			}
			_, err := os.Stat(bin)
			if (code == 0) != good || (err == nil) != good {
				t.Errorf("%s with checksum %q: exit code %d, %v: %s", name, given, code, err, out)
			}
		}
	}
}

func TestGitHubAction(t *testing.T) {
	var action struct {
		Name, Description string
		Inputs            map[string]struct {
			Description, Default string
			Required             bool
		}
		Outputs map[string]struct{ Description, Value string }
		Runs    struct {
			Using string
			Steps []struct {
				ID, Name, Uses, Shell, Run, If string
				With, Env                      map[string]string
			}
		}
	}
	if err := yaml.UnmarshalWithOptions([]byte(content(t, "../.github/actions/stageprobe/action.yml")), &action, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if action.Runs.Using != "composite" || len(action.Inputs) < 3 {
		t.Fatalf("%+v", action)
	}
	check := action.Runs.Steps[len(action.Runs.Steps)-1]
	for _, s := range action.Runs.Steps {
		if s.Uses == "" && s.Shell != "bash" {
			t.Errorf("step %q has no shell, which a composite action asks for", s.Name)
		}
		if strings.Contains(s.Run, "${{") {
			t.Errorf("step %q pastes an expression into its script", s.Name)
		}
	}
	env := []string{"ARGS=--api\nabc123\n\n--header\nx-a: b c\n", "FAIL_ON=error", "UNDECIDED=warn", "REPORTS=r"}
	for given, want := range map[int]int{0: 0, 1: 1, 2: 2, 3: 0, 130: 130} {
		code, dir, out := runScript(t, check.Run, append(env, fmt.Sprint("CODE=", given))...)
		if code != want {
			t.Errorf("exit code %d became %d, want %d: %s", given, code, want, out)
		}
		if args := content(t, dir, "args"); !strings.HasPrefix(args, "check\n--api\nabc123\n--header\nx-a: b c\n--fail-on\nerror\n") {
			t.Errorf("arguments %s", args)
		}
		if got := content(t, dir, "summary"); got != "made r/summary.md\n" {
			t.Errorf("summary %q", got)
		}
		if got, want := content(t, dir, "output"), fmt.Sprintf("exit-code=%d\nreports=r\n", given); got != want {
			t.Errorf("outputs %q, want %q", got, want)
		}
	}
	if code, _, _ := runScript(t, check.Run, append(env, "CODE=3", "UNDECIDED=fail")...); code != 3 {
		t.Errorf("undecided: exit code %d", code)
	}
}

func TestGitLabJob(t *testing.T) {
	var file map[string]struct {
		Stage        string
		Variables    map[string]string
		BeforeScript []string `yaml:"before_script"`
		Script       []string
		AllowFailure struct {
			ExitCodes []int `yaml:"exit_codes"`
		} `yaml:"allow_failure"`
		Artifacts struct {
			When    string
			Paths   []string
			Reports map[string]string
		}
	}
	if err := yaml.UnmarshalWithOptions([]byte(content(t, "../.gitlab/stageprobe.gitlab-ci.yml")), &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	job, ok := file[".stageprobe"]
	if !ok || job.Artifacts.When != "always" || job.Artifacts.Reports["junit"] != "$STAGEPROBE_REPORTS/junit.xml" {
		t.Fatalf("%+v", file)
	}
	env := []string{"CODE=1", "STAGEPROBE_ARGS=--api abc123", "STAGEPROBE_FAIL_ON=warning", "STAGEPROBE_REPORTS=r"}
	code, dir, out := runScript(t, strings.Join(job.Script, "\n"), env...)
	if code != 1 {
		t.Errorf("exit code %d: %s", code, out)
	}
	if args := content(t, dir, "args"); !strings.HasPrefix(args, "check\n--api\nabc123\n--fail-on\nwarning\n") {
		t.Errorf("arguments %s", args)
	}
	if got := content(t, dir, "r", "junit.xml"); got != "made r/junit.xml\n" {
		t.Errorf("junit %q", got)
	}
}
