package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"stageprobe/analyze"
	"stageprobe/scenarios/sandbox"
)

// bulk is an account of many APIs with four stages each, behind the real quotas.
const bulk = `name: account
title: many APIs with four stages each, behind the real quotas
apis:
  - id: bulk{n}api
    name: service {n}
    repeat: %d
    definitions: {v1: {routes: {"GET /things": {backend: things}}}}
    deployments: [{id: blk001, definition: v1, age: 90d}, {id: blk002, definition: v1, age: 9d}]
    stages: {prod: {deployment: blk001}, canary: {}, test: {}, dev: {}}
backends: {things: {body: ok}}
control: {quota: true}
check: {args: [--api, bulk0001api]}
`

// What the control plane of an account allows in a region, and what a fleet must keep to.
const (
	quotaRate, quotaBurst = 10, 40
	mostCalls             = 12  // for an API
	mostTime              = 1.2 // of what the quota allows
)

// fleetCommand measures reading a whole account that is killed in the middle: calls for
// each API, the time against the quota's, and what was asked again.
//
//	go run ./cmd/figures fleet
func fleetCommand(ctx context.Context, w io.Writer, args []string) error {
	fs := flag.NewFlagSet("fleet", flag.ContinueOnError)
	n := fs.Int("apis", 200, "APIs of the account, with four stages each")
	if err := fs.Parse(args); err != nil {
		return err
	}
	world, err := sandbox.Parse(fmt.Appendf(nil, bulk, *n))
	if err != nil {
		return err
	}
	server, err := sandbox.Start(world, sandbox.Options{Seed: 1})
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	binary, remove, err := compile(ctx)
	if err != nil {
		return err
	}
	defer remove()
	f := &account{Server: server, binary: binary, dir: filepath.Dir(binary)}
	took, err := f.inspect(ctx, *n)
	if err != nil {
		return err
	}
	return f.tell(w, *n, took)
}

// account is what is read, and with which binary.
type account struct {
	*sandbox.Server
	binary, dir string
	before      int // calls until it was killed
}

// inspect reads the account, is killed once half of it is read, and goes on.
func (f *account) inspect(ctx context.Context, n int) (took time.Duration, err error) {
	command := func(more ...string) *exec.Cmd {
		return asked(ctx, f.binary, f.ControlURL(), append([]string{"inspect", "--all"}, more...)...)
	}
	start := time.Now()
	first := command()
	if err := first.Start(); err != nil {
		return 0, err
	}
	for half := mostCalls / 2 * n; len(f.Calls()) < half && ctx.Err() == nil && time.Since(start) < time.Hour; {
		time.Sleep(10 * time.Millisecond)
	}
	kill(first)
	f.before = len(f.Calls())
	if out, err := command("--resume").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	return time.Since(start), nil
}

// asked is a command that asks a control plane and writes report.json beside the binary.
func asked(ctx context.Context, binary, control string, args ...string) *exec.Cmd {
	dir := filepath.Dir(binary)
	cmd := exec.CommandContext(ctx, binary, append(args, "--endpoint-url", control, "--region", "us-east-1", "--format", "json", "-o", filepath.Join(dir, "report.json"))...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=SANDBOX", "AWS_SECRET_ACCESS_KEY=sandbox", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
	return cmd
}

// tell counts, and fails where the account was read in more calls or time than allowed.
func (f *account) tell(w io.Writer, n int, took time.Duration) error {
	text, err := os.ReadFile(filepath.Join(f.dir, "report.json"))
	if err != nil {
		return err
	}
	var rep analyze.Report
	if err := json.Unmarshal(text, &rep); err != nil {
		return err
	}
	stages := 0
	for _, api := range rep.Config.APIs {
		stages += len(api.Stages)
	}
	all, refused, again := 0, 0, 0
	asked := map[string]bool{}
	for i, c := range f.Calls() {
		if c.Service != "apigateway" && c.Service != "apigatewayv2" {
			continue
		}
		all++
		key := c.Service + " " + c.Operation + " " + c.Resource
		switch {
		case c.Status == http.StatusTooManyRequests:
			refused++
		case i < f.before:
			asked[key] = true
		case asked[key]:
			again++
		}
	}
	each, least := float64(all)/float64(n), time.Duration(float64(all-quotaBurst)/quotaRate*float64(time.Second))
	ratio := took.Seconds() / least.Seconds()
	fmt.Fprintf(w, "%d APIs and %d stages in one report, read by a command that was killed with -9 half-way and by the same with --resume\n", len(rep.Config.APIs), stages)
	fmt.Fprintf(w, "calls of the control plane: %d, %.1f for each API; refused for the quota: %d\n", all, each, refused)
	fmt.Fprintf(w, "asked in both: %d, the lists and the APIs that were being read when it was killed\n", again)
	fmt.Fprintf(w, "time: %s, %.2f times the %s that %d calls take at %d/s with a burst of %d\n", took.Round(time.Second/10), ratio, least.Round(time.Second/10), all, quotaRate, quotaBurst)
	if each > mostCalls || ratio > mostTime || len(rep.Config.APIs) != n || stages != 4*n {
		return errors.New("the account was not read within its calls and its time")
	}
	return nil
}
