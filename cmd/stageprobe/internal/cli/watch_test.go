package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/pflag"
	"golang.org/x/time/rate"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe/redact"
	"stageprobe/scenarios/sandbox"
)

var long = flag.Bool("long", false, "watch for a whole day of the fake clock")

// leap is a clock on which waiting takes no time. With one worker nothing waits
// while a request is under way.
type leap struct {
	mu    sync.Mutex
	now   time.Time
	end   time.Time
	over  func()
	part  time.Duration // after which sizes grows, if not 0
	next  time.Time
	sizes []size
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
	if c.part > 0 && c.now.After(c.next) {
		c.next = c.now.Add(c.part)
		c.sizes = append(c.sizes, measure())
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
      v3: {routes: {"GET /orders": {backend: orders-v3}, "GET /health": {backend: health}}}
      v2: {routes: {"GET /orders": {backend: orders-v2}, "GET /health": {backend: health}}}
    deployments:
      - {id: old1x9, definition: v1, age: 400d}
      - {id: new2k4, definition: v2, age: 20d}
      - {id: new3m5, definition: v1, age: 10d}
      - {id: new4n6, definition: v3, age: 1d}
    editor: v3
    stages:
      prod: {deployment: new3m5, access_log: {group: orders-prod-access, format: json}}
      dev: {deployment: new2k4, access_log: {group: orders-dev-access, format: json}}
domains:
  - name: api.example.com
    mappings: [{api: orders7x2a, stage: prod}]
logs: {delay: 2s, retention: 15m}
events:
  - {after: %[1]s, stage: orders7x2a/prod, canary: {percent: 20, deployment: new2k4}}
  - {after: %[2]s, stage: orders7x2a/prod, remove_canary: true}
  - {after: %[3]s, stage: orders7x2a/prod, deployment: new4n6}
  - {after: %[4]s, domain: api.example.com, target: orders7x2a/dev}
  - {after: %[5]s, domain: api.example.com, target: orders7x2a/prod}
  - {after: %[6]s, backend: orders-v3, become: {status: 503, body: '{"message":"down"}'}}
  - {after: %[7]s, backend: orders-v3, become: {headers: {x-backend-version: "3"}, body: '{"version":3}'}}
backends:
  orders-v3: {headers: {x-backend-version: "3"}, body: '{"version":3}'}
  orders-v1: {headers: {x-backend-version: "1"}, body: '{"version":1,"items":[{"id":"A-100"}]}'}
  orders-v2: {headers: {x-backend-version: "2"}, body: '{"version":2,"items":[]}'}
  health: {body: '{"status":"ok"}'}
`

// watched is what a watch on a fake clock came to.
type watched struct {
	start time.Time
	rep   *analyze.Report
	said  string
	sizes []size // twelve, evenly over the time
}

// size is how much the process holds.
type size struct {
	heap       uint64
	goroutines int
	files      int // 0 where the system does not tell
}

func measure() size {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, _ := os.ReadDir("/proc/self/fd")
	return size{m.HeapAlloc, runtime.NumGoroutine(), len(files)}
}

// flat holds the end of a watch against its first third, in which window, caches and
// the gateway's logs fill.
func flat(t *testing.T, sizes []size) {
	t.Helper()
	for i, s := range sizes {
		t.Logf("part %d: %.1f MB on the heap, %d goroutines, %d files", i+1, float64(s.heap)/1e6, s.goroutines, s.files)
	}
	if len(sizes) < 6 {
		t.Fatalf("%d measurements", len(sizes))
	}
	first, last := sizes[len(sizes)/3], sizes[len(sizes)-1]
	if last.heap > first.heap*5/4+8<<20 || last.goroutines > first.goroutines+20 || last.files > first.files+20 {
		t.Errorf("from %+v it grew to %+v", first, last)
	}
}

// watchFor watches a world for so long on a fake clock, through real sockets.
func watchFor(t *testing.T, world string, lasting time.Duration, args ...string) watched {
	t.Helper()
	return watchBehind(t, world, lasting, between{}, args...)
}

// between is what stands between a watch and what it asks, by how long the watch has
// lasted: before AWS, and before all. The zero value lets everything through.
type between struct {
	aws  func(control http.Handler, lasted func() time.Duration) http.Handler
	lost func(lasted time.Duration) bool
}

// cut leads to a TCP address while the network is not lost; a connection over which
// something is sent while it is breaks.
func (b *between) cut(t *testing.T, to string, lasted func() time.Duration) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	pass := func(from, to net.Conn) {
		defer to.Close()
		defer from.Close()
		part := make([]byte, 32<<10)
		for {
			n, err := from.Read(part)
			if err != nil || b.lost(lasted()) {
				return
			}
			if _, err := to.Write(part[:n]); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go pass(in, out)
			go pass(out, in)
		}
	}()
	return l.Addr().String()
}

// watchBehind does so with something between.
func watchBehind(t *testing.T, world string, lasting time.Duration, front between, args ...string) watched {
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
	aws, err := url.Parse(server.ControlURL())
	if err != nil {
		t.Fatal(err)
	}
	lasted := func() time.Duration { return clock.Now().Sub(begin) }
	var handler http.Handler = httputil.NewSingleHostReverseProxy(aws)
	if front.aws != nil {
		handler = front.aws(handler, lasted)
	}
	control := httptest.NewServer(handler)
	defer control.Close()
	asked, reach := control.URL, server.ConnectTo()
	if front.lost != nil {
		asked = "http://" + front.cut(t, control.Listener.Addr().String(), lasted)
		data := front.cut(t, server.DataAddr(), lasted)
		for i := range reach {
			reach[i] = strings.Replace(reach[i], server.DataAddr(), data, 1)
		}
	}
	c := &checkFlags{}
	c.credentials = credentials.NewStaticCredentialsProvider("SANDBOX", "sandbox", "")
	fs := pflag.NewFlagSet("check", pflag.ContinueOnError)
	c.bind(fs)
	c.watchFlags.bind(fs)
	args = append(args, "--watch", "--workers", "1", "--seed", "12", "--endpoint-url", asked, "--region", w.Region, "--cacert", ca)
	for _, to := range reach {
		args = append(args, "--connect-to", to)
	}
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	s := Streams{In: strings.NewReader(""), Out: io.Discard, Err: &said, secrets: &redact.Redactor{}}
	subject, err := c.resolve(ctx, &redact.Redactor{}, nil)
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
	clock.part, clock.next = lasting/12, begin.Add(lasting/12)
	out := watched{start: begin}
	out.rep, err = watchOn(ctx, r, &c.watchFlags)
	if err != nil {
		t.Fatal(err)
	}
	out.said, out.sizes = said.String(), clock.sizes
	return out
}

// expected are the changes of [changing], in order.
var expected = []struct {
	targets int
	kind    analyze.ChangeKind
	causes  []cause.ID
	event   string
}{
	{2, analyze.ChangedVerdict, []cause.ID{cause.StaleDeployment}, ""}, // from the beginning
	{2, analyze.ChangedVerdict, []cause.ID{cause.CanarySplit, cause.StaleDeployment}, "got a canary of 20 %"},
	{2, analyze.ChangedVerdict, []cause.ID{cause.StaleDeployment}, "has no canary any more"},
	{2, analyze.ChangedVerdict, nil, "to new4n6"},
	{1, analyze.ChangedVerdict, []cause.ID{cause.WrongStage}, "leads to orders7x2a/dev"},
	{1, analyze.ChangedVerdict, nil, "leads to orders7x2a/prod"},
	{2, analyze.ChangedVerdict, []cause.ID{cause.IntegrationError}, ""},
	{2, analyze.ChangedVerdict, nil, ""},
}

// check holds what was announced against what happened.
func check(t *testing.T, got *watched, step, window time.Duration) {
	t.Helper()
	for i, c := range got.rep.Changes {
		t.Logf("%s (noticed after %s): %s", c.At.Sub(got.start), c.Noticed.Sub(got.start), c.Statement)
		if i >= len(expected) {
			continue
		}
		x, moment := expected[i], got.start.Add(time.Duration(i)*step)
		if c.Kind != x.kind || len(c.Targets) != x.targets || !slices.Equal(c.After.Causes, x.causes) && len(c.After.Causes)+len(x.causes) > 0 {
			t.Errorf("change %d: %s of %v to %v, want %s of %d targets to %v", i, c.Kind, c.Targets, c.After.Causes, x.kind, x.targets, x.causes)
		}
		if late := c.Noticed.Sub(moment); late < 0 || late > 2*window {
			t.Errorf("change %d was noticed after %s", i, late)
		}
		if off := c.At.Sub(moment); i > 0 && (off < -2*time.Second || off > window/4) {
			t.Errorf("change %d is said to have been %s after it was", i, off)
		}
		if x.event != "" && (c.Event == nil || !strings.Contains(c.Event.Text, x.event)) {
			t.Errorf("change %d: event %+v, want one that %s", i, c.Event, x.event)
		}
	}
	if len(got.rep.Changes) != len(expected) {
		t.Errorf("%d changes were announced, want %d:\n%s", len(got.rep.Changes), len(expected), got.said)
	}
}

// TestMain lets this binary be the gateway of a test: what it holds is then not the
// watch's.
func TestMain(m *testing.M) {
	if args := os.Getenv("WATCH_TEST_GATEWAY"); args != "" {
		os.Exit(Main(context.Background(), strings.Fields(args), Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	os.Exit(m.Run())
}

// TestWatchStaysFlat watches for 15 minutes of the real time.
func TestWatchStaysFlat(t *testing.T) {
	if !*long {
		t.Skip("15 minutes; -long has them")
	}
	dir := t.TempDir()
	world, ca := filepath.Join(dir, "world.yaml"), filepath.Join(dir, "ca.pem")
	var at []any
	for i := range 7 {
		at = append(at, (110 * time.Second * time.Duration(i+1)).String())
	}
	if err := os.WriteFile(world, fmt.Appendf(nil, changing, at...), 0o600); err != nil {
		t.Fatal(err)
	}
	data, control := freeAddress(t), freeAddress(t)
	gateway := exec.CommandContext(t.Context(), os.Args[0])
	gateway.Env = append(os.Environ(), "WATCH_TEST_GATEWAY=sandbox --world-file "+world+" --cacert "+ca+" --addr "+data+" --control-addr "+control)
	out, err := gateway.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := gateway.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() { // it serves once it says how to reach it
		t.Fatal("the gateway does not start")
	}
	go func() {
		for lines.Scan() {
		}
	}()
	var sizes []size
	stop := make(chan struct{})
	measured := make(chan struct{})
	go func() {
		defer close(measured)
		tick := time.NewTicker(75 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				sizes = append(sizes, measure())
			}
		}
	}()
	t.Setenv("AWS_ACCESS_KEY_ID", "SANDBOX")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	report := filepath.Join(dir, "report.json")
	var said bytes.Buffer
	Main(t.Context(), []string{
		"check", "--watch", "--window", "50s", "--rate", "10", "--duration", "15m", "--api", "orders7x2a", "--stage", "prod", "--domain", "api.example.com",
		"--endpoint-url", "http://" + control, "--region", "us-east-1", "--cacert", ca, "--metrics", "127.0.0.1:0",
		"--connect-to", "*.execute-api.us-east-1.amazonaws.com:443=" + data, "--connect-to", "api.example.com:443=" + data, "--format", "json", "-o", report, "-q",
	}, Streams{In: strings.NewReader(""), Out: io.Discard, Err: &said})
	close(stop)
	<-measured
	flat(t, sizes)
	t.Log(said.String())
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var rep analyze.Report
	if err := json.Unmarshal(text, &rep); err != nil {
		t.Fatal(err)
	}
	if len(rep.Changes) != len(expected) {
		t.Errorf("%d changes were announced, want %d", len(rep.Changes), len(expected))
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestWatchTellsEveryChangeOnce lets a canary, a deployment, a mapping and an outage
// come and go: within an hour of a fake clock, with -long within a day.
func TestWatchTellsEveryChangeOnce(t *testing.T) {
	step, window := 7*time.Minute, 3*time.Minute
	if testing.Short() {
		t.Skip("an hour of a fake clock takes seconds")
	}
	if *long {
		step, window = 3*time.Hour, 10*time.Minute
	}
	var at []any
	for i := range 7 {
		at = append(at, (step * time.Duration(i+1)).String())
	}
	got := watchFor(t, fmt.Sprintf(changing, at...), 8*step, "--api", "orders7x2a", "--stage", "prod", "--domain", "api.example.com",
		"--window", window.String(), "--requests", "60")
	check(t, &got, step, window)
	if got.rep.ExitCode != analyze.ExitOK || got.rep.Run.Stopped != "duration" {
		t.Errorf("it ended with %d, %s", got.rep.ExitCode, got.rep.Run.Stopped)
	}
	flat(t, got.sizes)
}

// plain is a gateway with one stage.
const plain = `name: plain
title: one stage
apis:
  - id: orders7x2a
    definitions:
      v1: {routes: {"GET /orders": {backend: orders}}}
    deployments: [{id: dep1, definition: v1, age: 20d}, {id: dep2, definition: v1, age: 10d}]
    editor: v1
    stages: {prod: {deployment: dep2}}
backends:
  orders: {body: '{"version":1}'}
`

// TestWatchSurvivesANetworkThatIsLost: a machine that reaches nothing for a while says so
// once, says once that it is over, and takes it for no change of what it watches.
func TestWatchSurvivesANetworkThatIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("a quarter of an hour of a fake clock takes seconds")
	}
	var broken atomic.Int64
	lost := func(lasted time.Duration) bool {
		is := lasted > 6*time.Minute && lasted < 7*time.Minute
		if is {
			broken.Add(1)
		}
		return is
	}
	got := watchBehind(t, plain, 12*time.Minute, between{lost: lost}, "--api", "orders7x2a", "--stage", "prod", "--window", "3m", "--requests", "60")
	var said []string
	for _, c := range got.rep.Changes {
		said = append(said, string(c.Kind)+" "+c.Severity)
		t.Logf("%s %s: %s", c.At.Sub(got.start), c.Kind, c.Statement)
	}
	if broken.Load() < 10 {
		t.Errorf("%d connections broke", broken.Load())
	}
	if !slices.Equal(said, []string{"network warning", "network ok"}) {
		t.Errorf("it said %q:\n%s", said, got.said)
	}
	if got.rep.Outcome != analyze.Consistent {
		t.Errorf("it ended %s", got.rep.Outcome)
	}
}

// TestWatchSurvivesExpiredCredentials: a watch whose credentials expire goes on, says so
// once, says once that the configuration is read again, and tells then what changed
// meanwhile.
func TestWatchSurvivesExpiredCredentials(t *testing.T) {
	if testing.Short() {
		t.Skip("half an hour of a fake clock takes seconds")
	}
	const world = plain + `events:
  - {after: 12m, stage: orders7x2a/prod, canary: {percent: 20, deployment: dep1}}
`
	var refused atomic.Int64
	expiring := func(control http.Handler, since func() time.Duration) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if at := since(); at < 8*time.Minute || at > 18*time.Minute {
				control.ServeHTTP(w, r)
				return
			}
			refused.Add(1)
			w.Header().Set("x-amzn-ErrorType", "ExpiredTokenException")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"message":"The security token included in the request is expired"}`)
		})
	}
	got := watchBehind(t, world, 30*time.Minute, between{aws: expiring}, "--api", "orders7x2a", "--stage", "prod", "--window", "3m", "--requests", "60")
	said := map[analyze.ChangeKind][]string{}
	for _, c := range got.rep.Changes {
		said[c.Kind] = append(said[c.Kind], c.Severity)
		t.Logf("%s %s: %s", c.At.Sub(got.start), c.Kind, c.Statement)
	}
	if n := refused.Load(); n < 2 {
		t.Errorf("%d calls were refused: nobody asked again", n)
	}
	if !slices.Equal(said[analyze.ChangedCredentials], []string{"warning", "ok"}) {
		t.Errorf("of the credentials it said %q", said[analyze.ChangedCredentials])
	}
	if len(said[analyze.ChangedVerdict])+len(said[analyze.ChangedConfiguration]) != 1 {
		t.Errorf("of the canary it said %q and %q", said[analyze.ChangedVerdict], said[analyze.ChangedConfiguration])
	}
}
