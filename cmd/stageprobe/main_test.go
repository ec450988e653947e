package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"stageprobe/analyze"
	"stageprobe/cmd/stageprobe/internal/cli"
	"stageprobe/scenarios/sandbox"
)

func TestMain(m *testing.M) {
	tests := cleaning{M: m}
	if filepath.Base(os.Args[0]) != "stageprobe" { // reports of tests are not kept in a developer's cache
		// What the tests build is: Go's own cache would move along.
		cache, err := os.UserCacheDir()
		if err == nil && os.Getenv("GOCACHE") == "" {
			err = os.Setenv("GOCACHE", filepath.Join(cache, "go-build"))
		}
		if err == nil {
			tests.dir, err = os.MkdirTemp("", "stageprobe-test-")
		}
		if err == nil {
			err = errors.Join(os.Setenv("XDG_CACHE_HOME", tests.dir), os.Setenv("XDG_CONFIG_HOME", tests.dir))
		}
		if err = errors.Join(err, environment()); err != nil {
			log.Fatal(err)
		}
	}
	// The tests wait for their own pace more than for a processor.
	if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
		panic(err) // testing has no such flag any more
	}
	testscript.Main(tests, map[string]func(){
		"stageprobe": func() {
			os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
		},
	})
}

// cleaning removes what the tests kept once they are through.
type cleaning struct {
	*testing.M
	dir string
}

func (c cleaning) Run() int {
	defer os.RemoveAll(c.dir)
	return c.M.Run()
}

// TestScript runs the binary as a user would, on the embedded gateway.
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", Setup: scriptEnv, Cmds: scriptCommands(), UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}

// scriptEnv keeps a developer's own AWS configuration out of the scripts.
func scriptEnv(env *testscript.Env) error {
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	env.Setenv("AWS_CONFIG_FILE", filepath.Join(env.WorkDir, "no-config"))
	env.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(env.WorkDir, "no-credentials"))
	env.Setenv("NO_COLOR", "1")
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, ".config"))
	return nil
}

func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"gateway": gateway, "finding": finding, "exit": exit, "field": field,
		"stageprobe_analyze": analyzed, "same": same, "works": works,
	}
}

// works COMMAND... runs a command that may find something, but must not be used
// wrongly.
func works(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: works COMMAND...")
	}
	if err := ts.Exec(args[0], args[1:]...); err != nil && !regexp.MustCompile(`exit status [13]$`).MatchString(err.Error()) {
		ts.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
}

// gateway WORLD|FILE.yaml starts an embedded gateway for the rest of the
// script. The environment then leads AWS clients to it, and $REACH holds the
// flags with which check reaches its data plane.
func gateway(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gateway WORLD")
	}
	var world *sandbox.World
	var err error
	if strings.HasSuffix(args[0], ".yaml") {
		world, err = sandbox.Parse([]byte(ts.ReadFile(args[0])))
	} else {
		world, err = sandbox.Load(args[0])
	}
	ts.Check(err)
	server, err := sandbox.Start(world, sandbox.Options{Seed: 1})
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	ca := ts.MkAbs("ca.pem")
	ts.Check(os.WriteFile(ca, server.CACert(), 0o644))
	ts.Setenv("AWS_ENDPOINT_URL", server.ControlURL())
	ts.Setenv("AWS_REGION", world.Region)
	ts.Setenv("AWS_DEFAULT_REGION", world.Region)
	ts.Setenv("AWS_ACCESS_KEY_ID", "SANDBOX")
	ts.Setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
	ts.Setenv("CA", ca)
	ts.Setenv("CONNECT", server.ConnectTo()[0])
	ts.Setenv("CONNECT_ALL", strings.Join(server.ConnectTo(), " "))
	ts.Setenv("DATA", server.DataAddr())
}

// exit CODE COMMAND... runs a command and asks for its exit code.
func exit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		m := regexp.MustCompile(`exit status (\d+)`).FindStringSubmatch(err.Error())
		if m == nil {
			ts.Fatalf("%s: %v", args[1], err)
		}
		code = m[1]
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

// finding FILE CAUSE [LINK] asks a JSON report for a finding.
func finding(ts *testscript.TestScript, neg bool, args []string) {
	var rep analyze.Report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &rep))
	found := false
	for _, f := range rep.Findings {
		if string(f.Cause) == args[1] && (len(args) < 3 || string(f.Linked) == args[2]) {
			found = true
		}
	}
	if found == neg {
		var have []string
		for _, f := range rep.Findings {
			have = append(have, fmt.Sprintf("%s (%s)", f.Cause, f.Linked))
		}
		ts.Fatalf("findings: %s", strings.Join(have, ", "))
	}
}

// field FILE PATH VALUE asks a JSON document for a value; PATH is dotted.
func field(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	for _, key := range strings.Split(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			var i int
			_, err := fmt.Sscan(key, &i)
			ts.Check(err)
			if i >= len(x) {
				ts.Fatalf("%s: no element %d", args[1], i)
			}
			v = x[i]
		default:
			ts.Fatalf("%s: nothing below %v", args[1], v)
		}
	}
	if got := fmt.Sprint(v); (got == args[2]) == neg {
		ts.Fatalf("%s is %q", args[1], got)
	}
}

// analyzed RECORDING OUT writes the JSON report of a recording, whatever the
// exit code.
func analyzed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: stageprobe_analyze RECORDING OUT")
	}
	_ = ts.Exec("stageprobe", "analyze", args[0], "-q", "--format", "json", "-o", args[1])
}

// same A B compares two JSON reports. Each names the command that made it, and a
// check the one that looks again, which are others for each.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same REPORT REPORT")
	}
	command := regexp.MustCompile(`(?m)^ *"(command|retest)": .*\n|; after mending: [^"]*`)
	at := 0
	a := strings.Split(command.ReplaceAllString(ts.ReadFile(args[0]), ""), "\n")
	b := strings.Split(command.ReplaceAllString(ts.ReadFile(args[1]), ""), "\n")
	if i := slices.IndexFunc(a, func(string) bool { at++; return at > len(b) || a[at-1] != b[at-1] }); i >= 0 || len(a) != len(b) {
		ts.Fatalf("%s and %s differ by more than the command: line %d is %q and %q", args[0], args[1], i+1, a[max(0, i)], b[min(max(0, i), len(b)-1)])
	}
}
