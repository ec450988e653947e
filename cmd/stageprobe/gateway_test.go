package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/cmd/stageprobe/internal/cli"
	"stageprobe/scenarios/sandbox"
)

// box is an embedded gateway on which a test runs the command, in this process
// and over real sockets.
type box struct {
	*sandbox.Server
	world *sandbox.World
	dir   string
	env   []string // more than this process has, where there is any
}

// environment gives the commands of this process what a user's shell would: keys,
// which the embedded gateway takes whatever they are, a token to plant, and nothing
// of the machine's own. No test changes it, so that all go side by side: what wants
// more runs the command in a process of its own (execute). Scripts have their own.
func environment() error {
	var errs []error
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "SANDBOX", "AWS_SECRET_ACCESS_KEY": "sandbox", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "NO_COLOR": "1", "PROBE_TOKEN": plantedBearer,
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", // what is led to no gateway leads nowhere
	} {
		errs = append(errs, os.Setenv(name, value))
	}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN", "GITHUB_ACTIONS"} {
		errs = append(errs, os.Unsetenv(name))
	}
	return errors.Join(errs...)
}

// execute runs the program in a process of its own, with more in its environment.
func execute(env []string, args ...string) (code int, stdout, stderr string) {
	cmd := exec.Command("stageprobe", args...)
	var out, said bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), &out, &said
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		return -1, "", err.Error()
	}
	return cmd.ProcessState.ExitCode(), out.String(), said.String()
}

// load finds an embedded world by name.
func load(t testing.TB, name string) *sandbox.World {
	t.Helper()
	world, err := sandbox.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return world
}

// open starts a world for the rest of a test.
func open(t testing.TB, world *sandbox.World) *box {
	t.Helper()
	server, err := sandbox.Start(world, sandbox.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	b := &box{Server: server, world: world, dir: t.TempDir()}
	b.write(t, "ca.pem", server.CACert())
	b.write(t, "scenarios.yaml", []byte(world.Check.Scenarios))
	return b
}

func (b *box) path(name string) string { return filepath.Join(b.dir, name) }

func (b *box) write(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(b.path(name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// run is one command with its exit code and what it printed.
func (b *box) run(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	if len(b.env) > 0 {
		return execute(b.env, args...)
	}
	var out, err bytes.Buffer
	code = cli.Main(context.WithoutCancel(t.Context()), args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &err})
	return code, out.String(), err.String()
}

// reach are the flags that lead a command to the gateway.
func (b *box) reach() []string {
	return []string{"--endpoint-url", b.ControlURL(), "--region", b.world.Region}
}

// probing are the flags of check and wait on this world, quick enough for a
// test: the rate is no part of any verdict.
func (b *box) probing() []string {
	args := append(slices.Clone(b.world.Check.Args), b.reach()...)
	if b.world.Check.Scenarios != "" {
		args = append(args, "--scenarios", b.path("scenarios.yaml"))
	}
	for _, to := range b.ConnectTo() {
		args = append(args, "--connect-to", to)
	}
	return append(args, "--cacert", b.path("ca.pem"), "--seed", "1", "--rate", "300", "--log-wait", "20s")
}

// check runs check and reads its report, which is kept under the given name.
func (b *box) check(t testing.TB, name string, more ...string) *analyze.Report {
	t.Helper()
	args := slices.Concat([]string{"check"}, b.probing(), more, []string{"-q", "--format", "json", "-o", b.path(name)})
	return b.report(t, name, args)
}

// inspect reads the configuration alone.
func (b *box) inspect(t testing.TB, more ...string) *analyze.Report {
	t.Helper()
	args := slices.Concat([]string{"inspect"}, b.reach(), more, []string{"-q", "--format", "json", "-o", b.path("inspect.json")})
	return b.report(t, "inspect.json", args)
}

func (b *box) report(t testing.TB, name string, args []string) *analyze.Report {
	t.Helper()
	code, _, stderr := b.run(t, args...)
	return b.read(t, name, code, stderr)
}

// read is a report that a command has written, and ended with code.
func (b *box) read(t testing.TB, name string, code int, stderr string) *analyze.Report {
	t.Helper()
	data, err := os.ReadFile(b.path(name))
	if err != nil {
		t.Fatalf("exit code %d, no report: %s", code, stderr)
	}
	rep := &analyze.Report{}
	if err := json.Unmarshal(data, rep); err != nil {
		t.Fatal(err)
	}
	if rep.ExitCode != code {
		t.Errorf("the report says exit code %d, the command ended with %d", rep.ExitCode, code)
	}
	return rep
}

// find is the finding of a cause; nil where there is none.
func find(findings []cause.Finding, id cause.ID) *cause.Finding {
	i := slices.IndexFunc(findings, func(f cause.Finding) bool { return f.Cause == id })
	if i < 0 {
		return nil
	}
	return &findings[i]
}
