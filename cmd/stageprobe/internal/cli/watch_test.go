package cli

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/pflag"
	"golang.org/x/time/rate"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/scenarios/sandbox"
)

var long = flag.Bool("long", false, "watch for a whole day of the fake clock")

// leap is a clock on which waiting takes no time. With one worker nothing waits
// while a request is under way.
type leap struct {
	mu   sync.Mutex
	now  time.Time
	end  time.Time
	over func()
}

func (c *leap) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *leap) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	if c.now.After(c.end) {
		c.over()
	}
	ch := make(chan time.Time, 1)
	ch <- c.now
	return ch
}

// changing is a gateway on which everything changes, once per step.
const changing = `name: changing
title: everything changes
apis:
  - id: orders7x2a
    definitions:
      v1: {routes: {"GET /orders": {backend: orders-v1}, "GET /health": {backend: health}}}
      v2: {routes: {"GET /orders": {backend: orders-v2}, "GET /health": {backend: health}}}
    deployments:
      - {id: old1x9, definition: v1, age: 400d}
      - {id: new2k4, definition: v2, age: 20d}
      - {id: new3m5, definition: v1, age: 10d}
    editor: v1
    stages:
      prod: {deployment: new3m5, access_log: {group: orders-prod-access, format: json}}
      dev: {deployment: new2k4, access_log: {group: orders-dev-access, format: json}}
domains:
  - name: api.example.com
    mappings: [{api: orders7x2a, stage: prod}]
logs: {delay: 2s}
events:
  - {after: %[1]s, stage: orders7x2a/prod, canary: {percent: 20, deployment: new2k4}}
  - {after: %[2]s, stage: orders7x2a/prod, remove_canary: true}
  - {after: %[3]s, stage: orders7x2a/prod, deployment: old1x9}
  - {after: %[4]s, domain: api.example.com, target: orders7x2a/dev}
  - {after: %[5]s, domain: api.example.com, target: orders7x2a/prod}
  - {after: %[6]s, backend: orders-v1, become: {status: 503, body: '{"message":"down"}'}}
  - {after: %[7]s, backend: orders-v1, become: {headers: {x-backend-version: "1"}, body: '{"version":1,"items":[{"id":"A-100"}]}'}}
backends:
  orders-v1: {headers: {x-backend-version: "1"}, body: '{"version":1,"items":[{"id":"A-100"}]}'}
  orders-v2: {headers: {x-backend-version: "2"}, body: '{"version":2,"items":[]}'}
  health: {body: '{"status":"ok"}'}
`

// watched is what a watch on a fake clock came to.
type watched struct {
	start, end time.Time
	rep        *analyze.Report
	said       string
	sizes      []size
}

// size is how much the process holds.
type size struct {
	heap       uint64
	goroutines int
}

func measure() size {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return size{m.HeapAlloc, runtime.NumGoroutine()}
}

// watchFor watches a world for so long on a fake clock, through real sockets.
func watchFor(t *testing.T, world string, lasting time.Duration, each time.Duration, args ...string) watched {
	t.Helper()
	w, err := sandbox.Parse([]byte(world))
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancelCause(context.WithoutCancel(t.Context()))
	defer end(nil)
	begin := time.Now().UTC()
	clock := &leap{now: begin, end: begin.Add(lasting), over: func() { end(errTerminated) }}
	server, err := sandbox.Start(w, sandbox.Options{Seed: 1, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, server.CACert(), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &checkFlags{}
	c.credentials = credentials.NewStaticCredentialsProvider("SANDBOX", "sandbox", "")
	fs := pflag.NewFlagSet("check", pflag.ContinueOnError)
	c.bind(fs)
	c.watchFlags.bind(fs)
	args = append(args, "--watch", "--workers", "1", "--seed", "7", "--endpoint-url", server.ControlURL(), "--region", w.Region, "--cacert", ca)
	for _, to := range server.ConnectTo() {
		args = append(args, "--connect-to", to)
	}
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	s := Streams{In: strings.NewReader(""), Out: io.Discard, Err: &said, secrets: &probe.Redactor{}}
	subject, err := c.resolve(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.newRun(ctx, s, subject)
	if err != nil {
		t.Fatal(err)
	}
	r.now, r.engine.Clock = clock.Now, clock
	cl := r.subject.cloud
	cl.inv.Limiter, cl.log.Limiter, cl.log.Now = rate.NewLimiter(rate.Inf, 1), rate.NewLimiter(rate.Inf, 1), clock.Now
	out := watched{start: begin, end: clock.end}
	out.rep, err = watchOn(ctx, r, &c.watchFlags)
	if err != nil {
		t.Fatal(err)
	}
	out.said = said.String()
	return out
}

// TestWatchTellsEveryChangeOnce lets a canary, a deployment, a mapping and an outage
// come and go, half an hour apart.
func TestWatchTellsEveryChangeOnce(t *testing.T) {
	step, window := 30*time.Minute, 8*time.Minute
	if testing.Short() {
		t.Skip("the hours of a watch")
	}
	var at []any
	for i := range 7 {
		at = append(at, (step * time.Duration(i+1)).String())
	}
	got := watchFor(t, fmt.Sprintf(changing, at...), 8*step, step, "--api", "orders7x2a", "--stage", "prod", "--domain", "api.example.com",
		"--window", window.String(), "--requests", "200")
	want := []struct {
		targets int
		kind    analyze.ChangeKind
		causes  []cause.ID
		event   string
	}{
		{2, analyze.ChangedVerdict, []cause.ID{cause.CanarySplit}, "got a canary of 20 %"},
		{2, analyze.ChangedVerdict, nil, "has no canary any more"},
		{2, analyze.ChangedBehaviour, nil, "to old1x9"},
		{1, analyze.ChangedVerdict, []cause.ID{cause.WrongStage}, "leads to orders7x2a/dev"},
		{1, analyze.ChangedVerdict, nil, "leads to orders7x2a/prod"},
		{2, analyze.ChangedVerdict, []cause.ID{cause.IntegrationError}, ""},
		{2, analyze.ChangedVerdict, nil, ""},
	}
	for i, c := range got.rep.Changes {
		t.Logf("%s (noticed after %s): %s", c.At.Sub(got.start), c.Noticed.Sub(got.start), c.Statement)
		if i >= len(want) {
			continue
		}
		x, moment := want[i], got.start.Add(time.Duration(i+1)*step)
		if c.Kind != x.kind || len(c.Targets) != x.targets || !slices.Equal(c.After.Causes, x.causes) && len(c.After.Causes)+len(x.causes) > 0 {
			t.Errorf("change %d: %s of %v to %v, want %s of %d targets to %v", i+1, c.Kind, c.Targets, c.After.Causes, x.kind, x.targets, x.causes)
		}
		if late := c.Noticed.Sub(moment); late < 0 || late > 2*window {
			t.Errorf("change %d was noticed after %s", i+1, late)
		}
		if off := c.At.Sub(moment); off < -time.Second || off > window/4 {
			t.Errorf("change %d is said to have been %s after it was", i+1, off)
		}
		if x.event != "" && (c.Event == nil || !strings.Contains(c.Event.Text, x.event)) {
			t.Errorf("change %d: event %+v, want one that %s", i+1, c.Event, x.event)
		}
	}
	if len(got.rep.Changes) != len(want) {
		t.Errorf("%d changes were announced, want %d:\n%s", len(got.rep.Changes), len(want), got.said)
	}
	if got.rep.ExitCode != analyze.ExitOK || got.rep.Run.Stopped != "duration" {
		t.Errorf("it ended with %d, %s", got.rep.ExitCode, got.rep.Run.Stopped)
	}
}
