package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Why nothing can be read is told in the same words by every command, and an absence
// by none but the one that knows of it.
func TestUnreadIsToldAlikeEverywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := in("scenarios.yaml", "version: 1\napis: [{id: abc123, stages: [prod]}]\nscenarios: [{name: a, request: {method: GET, path: /orders}, expect: {status: 200}}]\n")
	document := in("openapi.json", `{"openapi":"3.0.1","info":{"title":"x","version":"1"},"paths":{"/orders":{"get":{"responses":{"200":{"description":"ok"}}}}}}`)
	nowhere := []string{"--connect-to", "*:443=127.0.0.1:1", "-q"}
	commands := [][]string{
		{"inspect", "--api", "abc123", "-q"},
		{"init", "--api", "abc123"},
		append([]string{"check", "--api", "abc123"}, nowhere...),
		append([]string{"check", "--api", "abc123", "--stage", "prod"}, nowhere...),
		append([]string{"wait", "-f", file, "--timeout", "300ms"}, nowhere...),
		{"policy", "--api", "abc123"},
		{"plan", "--api", "abc123", document, "-q"},
	}
	answering := func(code string, status int) []string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-ErrorType", code)
			w.WriteHeader(status)
		}))
		t.Cleanup(srv.Close)
		return []string{"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=B", "AWS_ENDPOINT_URL=" + srv.URL}
	}
	for _, c := range []struct {
		want string
		code int // of inspect, which has nothing else to tell
		env  []string
	}{
		{"no AWS credentials were found", 2, []string{"AWS_REGION=eu-west-1"}},
		{"no AWS region is set", 2, []string{"AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=B"}},
		{"the AWS endpoint cannot be reached (127.0.0.1:1: connection refused)", 3, []string{"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=B", "AWS_ENDPOINT_URL=http://127.0.0.1:1"}},
		{"the AWS credentials have expired", 3, answering("ExpiredTokenException", 403)},
		{"AWS does not accept the credentials", 3, answering("UnrecognizedClientException", 403)},
		{"the AWS credentials may not read the configuration", 3, answering("AccessDeniedException", 403)},
		{"there is no API abc123 in region eu-west-1 of this account", 2, answering("NotFoundException", 404)},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			for _, args := range commands {
				cmd := exec.Command("stageprobe", args...)
				cmd.Dir = dir
				cmd.Env = slices.Concat([]string{
					"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "NO_COLOR=1", "AWS_EC2_METADATA_DISABLED=true",
					"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
				}, c.env)
				out, _ := cmd.CombinedOutput() // the exit code is looked at below
				code := cmd.ProcessState.ExitCode()
				told := strings.ToLower(strings.Join(strings.Fields(string(out)), " "))
				if !strings.Contains(told, strings.ToLower(c.want)) {
					t.Errorf("%s ends with %d and does not say why:\n%s", args[0], code, out)
				}
				if args[0] == "inspect" && code != c.code {
					t.Errorf("%s ends with %d, want %d:\n%s", args[0], code, c.code, out)
				}
				if !strings.Contains(c.want, "there is no") && strings.Contains(told, "there is no api") {
					t.Errorf("%s takes a failed read for an absence:\n%s", args[0], out)
				}
			}
		})
	}
}

// A name that does not exist is refused with the nearest ones, before anything is
// sent.
func TestNamesThatDoNotExist(t *testing.T) {
	t.Parallel()
	b := open(t, load(t, "demo"))
	for _, c := range []struct {
		args  []string
		wants []string
	}{
		{[]string{"inspect", "--api", "orders7x2b"}, []string{"there is no API orders7x2b", "did you mean orders7x2a?"}},
		{[]string{"check", "--api", "orders7x2b"}, []string{"there is no API orders7x2b", "did you mean orders7x2a?"}},
		{[]string{"check", "--api", "zzzzzzzzzz"}, []string{"there is no API zzzzzzzzzz", "the APIs there are orders7x2a (orders)"}},
		{[]string{"check", "--api", "orders7x2a", "--stage", "prdo"}, []string{"--stage prdo: API orders7x2a has no stage of this name", "did you mean prod?"}},
		{[]string{"wait", "--api", "orders7x2a", "--stage", "staging", "--deployment", "new2k4"}, []string{"has no stage of this name", "the stages there are dev, prod"}},
		{[]string{"check", "--domain", "api.exmaple.com"}, []string{"there is no domain api.exmaple.com", "did you mean api.example.com?"}},
		{[]string{"inspect", "--domain", "api.exmaple.com"}, []string{"there is no domain api.exmaple.com", "did you mean api.example.com?"}},
	} {
		code, out, stderr := b.run(t, slices.Concat(c.args, b.reach())...)
		for _, want := range c.wants {
			if code != 2 || !strings.Contains(stderr, want) {
				t.Errorf("%q ends with %d and does not say %q:\n%s%s", c.args, code, want, out, stderr)
			}
		}
	}
}
