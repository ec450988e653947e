package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"stageprobe/analyze"
	"stageprobe/probe"
	"stageprobe/probe/agents"
)

// agentsCommand measures agents as processes of their own: what faults lose or count
// twice, and how the throughput grows with them.
//
//	go run ./cmd/figures agents faults -n 50
//	go run ./cmd/figures agents throughput
//	go run ./cmd/figures agents limits
func agentsCommand(w io.Writer, args []string) error {
	if len(args) == 0 {
		return errors.New("agents: say faults, throughput or limits")
	}
	o := &agentsOptions{}
	fs := flag.NewFlagSet("agents "+args[0], flag.ContinueOnError)
	fs.IntVar(&o.n, "n", 50, "runs of each fault")
	fs.StringVar(&o.only, "only", "", "this fault alone")
	fs.StringVar(&o.url, "nats", "", "")
	fs.StringVar(&o.listen, "listen", "", "")
	fs.StringVar(&o.dir, "dir", "", "")
	fs.StringVar(&o.name, "name", "", "")
	fs.StringVar(&o.target, "target", "", "")
	fs.StringVar(&o.id, "id", "", "")
	fs.DurationVar(&o.skew, "skew", 0, "")
	fs.IntVar(&o.requests, "requests", 1000, "requests of a run")
	fs.IntVar(&o.wait, "wait", 1, "")
	fs.BoolVar(&o.apart, "apart", false, "")
	fs.Float64Var(&o.rate, "rate", 1000, "requests per second of a run")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "faults":
		if !o.apart {
			return again(w, args)
		}
		if err := loopbackUp(); err != nil {
			return err
		}
		return o.faults(w)
	case "throughput":
		return o.throughput(w)
	case "limits":
		return limits(w)
	case "serve":
		return o.serve()
	case "agent":
		return o.agent()
	case "coordinate":
		return o.coordinate(w)
	}
	return fmt.Errorf("agents: %q is none of faults, throughput and limits", args[0])
}

// agentsOptions are those of the command and of the processes that it starts.
type agentsOptions struct {
	n, requests, wait                        int
	only, url, listen, dir, name, target, id string
	skew                                     time.Duration
	rate                                     float64
	apart                                    bool // in a network of its own
}

func untilStopped() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

func (o *agentsOptions) serve() error {
	s, err := agents.Start(agents.Serve{Listen: o.listen, Dir: o.dir})
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, stop := untilStopped()
	defer stop()
	<-ctx.Done()
	return nil
}

// skewed is a clock that is wrong.
type skewed time.Duration

func (s skewed) Now() time.Time                         { return time.Now().Add(time.Duration(s)) }
func (s skewed) After(d time.Duration) <-chan time.Time { return time.After(d) }

func (o *agentsOptions) agent() error {
	nc, err := agents.Connect(agents.Access{URL: o.url}, o.name, 20*time.Second)
	if err != nil {
		return err
	}
	defer nc.Close()
	ctx, stop := untilStopped()
	defer stop()
	a := &agents.Agent{
		Conn: nc, Vantage: probe.Vantage{Name: o.name}, Allow: []string{"127.0.0.1"}, Clock: skewed(o.skew),
		Engine: func(context.Context, *agents.Job) (*probe.Engine, error) { return &probe.Engine{Mint: true}, nil },
	}
	return a.Run(ctx)
}

// outcome is what a coordinator tells of its run.
type outcome struct {
	Seen, Twice, Lost int
	Verdict           string
	Worst             time.Duration // by which an observation's time is off
	Took, CPU         time.Duration
}

func (o *agentsOptions) plan() probe.Plan {
	return probe.Plan{
		Targets:   []probe.Target{{ID: "abc/prod", URL: o.target, APIKind: probe.REST, APIID: "abc", Stage: "prod"}},
		Scenarios: []probe.Scenario{{Name: "GET /a", Method: "GET", Path: "/a"}, {Name: "GET /b", Method: "GET", Path: "/b"}},
		Seed:      7, Requests: o.requests, Fixed: true, Rate: o.rate, Workers: 16, Timeout: 5 * time.Second,
	}
}

func (o *agentsOptions) coordinate(w io.Writer) error {
	nc, err := agents.Connect(agents.Access{URL: o.url}, "coordinator", 20*time.Second)
	if err != nil {
		return err
	}
	defer nc.Close()
	ctx, stop := untilStopped()
	defer stop()
	plan := o.plan()
	session := analyze.NewSession(plan, probe.Snapshot{}, analyze.Policy{})
	c := &agents.Coordinator{Conn: nc, ID: o.id, WaitAgents: o.wait, InOrder: true, AckWait: 2 * time.Second, Patience: 20 * time.Second}
	out := outcome{}
	seen := map[uint64]bool{}
	start := time.Time{}
	for ob, err := range c.Run(ctx, &plan, session) {
		if err != nil {
			return err
		}
		if start.IsZero() {
			start = time.Now()
		}
		if seen[ob.Seq] {
			out.Twice++
		}
		seen[ob.Seq] = true
		out.Seen++
		if off := time.Since(ob.Due); off > out.Worst || -off > out.Worst {
			out.Worst = max(off, -off)
		}
		session.Add(&ob)
	}
	out.Lost, out.Took = c.Lost(), time.Since(start)
	rep := session.Report(analyze.Ending{RunID: o.id, Stopped: "budget"})
	out.Verdict = string(rep.Outcome)
	out.CPU = processCPU()
	return json.NewEncoder(w).Encode(out)
}

// bench is one run with its processes.
type bench struct {
	*agentsOptions
	stage *httptest.Server
	two   atomic.Bool // one answer in four is of another version
	asked atomic.Int64
	addr  string // of the NATS server
	store string
	all   []*exec.Cmd
}

// child starts this program as another part.
func (b *bench) child(part string, args ...string) (*exec.Cmd, io.ReadCloser, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(self, append([]string{"agents", part}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		b.all = append(b.all, cmd)
	}
	return cmd, out, err
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // it may have ended
	_ = cmd.Wait()
}

func (b *bench) close() {
	for _, cmd := range b.all {
		kill(cmd)
	}
	b.stage.Close()
	_ = os.RemoveAll(b.store)
}

func (o *agentsOptions) begin(delay time.Duration) (*bench, error) {
	b := &bench{agentsOptions: o}
	b.stage = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.asked.Add(1)
		time.Sleep(delay)
		version := 1
		if b.two.Load() && rand.IntN(4) == 0 {
			version = 2
		}
		_, _ = fmt.Fprintf(w, `{"ok":true,"version":%d}`, version)
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.addr = l.Addr().String()
	if b.store, err = os.MkdirTemp("", "agents"); err != nil {
		return nil, err
	}
	return b, errors.Join(l.Close(), b.server())
}

func (b *bench) server() error {
	_, _, err := b.child("serve", "-listen", b.addr, "-dir", b.store)
	return err
}

func (b *bench) url() string { return "nats://" + b.addr }

func (b *bench) hire(name, url string, skew time.Duration) (*exec.Cmd, error) {
	cmd, _, err := b.child("agent", "-nats", url, "-name", name, "-skew", skew.String())
	return cmd, err
}

func (b *bench) lead(id string, wait int) (*exec.Cmd, io.ReadCloser, error) {
	return b.child("coordinate", "-nats", b.url(), "-id", id, "-target", b.stage.URL, "-wait", fmt.Sprint(wait),
		"-requests", fmt.Sprint(b.requests), "-rate", fmt.Sprint(b.rate))
}

// at waits until so many requests have come, or for half a minute.
func (b *bench) at(share float64) {
	for until := time.Now().Add(30 * time.Second); b.asked.Load() < int64(share*float64(b.requests)) && time.Now().Before(until); {
		time.Sleep(5 * time.Millisecond)
	}
}

func read(out io.Reader) (outcome, error) {
	var o outcome
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return o, fmt.Errorf("the coordinator told nothing: %w", err)
	}
	return o, json.Unmarshal(line, &o)
}

// fault is something that goes wrong in the middle of a run.
type fault struct {
	name  string
	skew  []time.Duration // of the agents
	names []string
	cut   bool // the first agent's way to the server leads over an address of its own
	wrong func(b *bench, p *played) error
}

// played is a run that is going on.
type played struct {
	id     string
	agents []*exec.Cmd
	lead   *exec.Cmd
	out    io.ReadCloser
}

var faults = []fault{
	{name: "agent killed in the middle of a batch", wrong: func(b *bench, p *played) error {
		b.at(0.3)
		kill(p.agents[0])
		_, err := b.hire("late", b.url(), 0)
		return err
	}},
	{name: "coordinator killed and started again", wrong: func(b *bench, p *played) (err error) {
		b.at(0.4)
		kill(p.lead)
		p.lead, p.out, err = b.lead(p.id, 1)
		return err
	}},
	{name: "NATS server killed and started again", wrong: func(b *bench, _ *played) error {
		b.at(0.4)
		kill(b.all[0])
		return b.server()
	}},
	{name: "network of one agent cut for 3 s", cut: true, wrong: func(b *bench, _ *played) error {
		b.at(0.3)
		if err := cutOff(lonely); err != nil {
			return err
		}
		time.Sleep(3 * time.Second)
		return joined(lonely)
	}},
	{name: "messages duplicated and reordered", wrong: func(b *bench, p *played) error { return nil }},
	{name: "two agents of one name", names: []string{"same", "same", "same"}},
	{name: "clocks minutes apart", skew: []time.Duration{3 * time.Minute, -4 * time.Minute, 0}},
}

// faults plays each fault so often, every other time against a stage that answers in two
// versions, and fails where a request is missing or told twice, or a verdict is wrong.
func (o *agentsOptions) faults(w io.Writer) error {
	bad := 0
	fmt.Fprintf(w, "%-44s %5s %9s %6s %6s %8s %s\n", "fault", "runs", "observed", "lost", "twice", "missing", "wrong verdicts")
	for i := range faults {
		f := &faults[i]
		if o.only != "" && !strings.Contains(f.name, o.only) {
			continue
		}
		var sum outcome
		missing, wrong := 0, 0
		for n := range o.n {
			got, err := o.play(f, n)
			if err != nil {
				return fmt.Errorf("%s, run %d: %w", f.name, n+1, err)
			}
			sum.Seen, sum.Lost, sum.Twice = sum.Seen+got.Seen, sum.Lost+got.Lost, sum.Twice+got.Twice
			missing += o.requests - got.Seen - got.Lost
			if got.Verdict != verdicts[n%2] || got.Worst > time.Minute {
				wrong++
			}
		}
		bad += sum.Twice + missing + wrong
		fmt.Fprintf(w, "%-44s %5d %9d %6d %6d %8d %d\n", f.name, o.n, sum.Seen, sum.Lost, sum.Twice, missing, wrong)
	}
	if bad > 0 {
		return errors.New("a request is missing or was told twice, or a verdict is wrong")
	}
	return nil
}

// verdicts are what the even and the odd runs of a fault must end in.
var verdicts = [2]string{"consistent", "inconsistent"}

func (o *agentsOptions) play(f *fault, n int) (outcome, error) {
	b, err := o.begin(5 * time.Millisecond)
	if err != nil {
		return outcome{}, err
	}
	defer b.close()
	b.two.Store(n%2 == 1)
	p := &played{id: fmt.Sprintf("fault-%d", n)}
	var way net.Listener
	if f.cut {
		if way, err = pass(b.addr); err != nil {
			return outcome{}, err
		}
		defer func() { _ = way.Close() }()
	}
	for i := range 3 {
		name, url, skew := fmt.Sprintf("place-%d", i), b.url(), time.Duration(0)
		if f.names != nil {
			name = f.names[i]
		}
		if f.skew != nil {
			skew = f.skew[i]
		}
		if f.cut && i == 0 {
			url = "nats://" + way.Addr().String()
		}
		cmd, err := b.hire(name, url, skew)
		if err != nil {
			return outcome{}, err
		}
		p.agents = append(p.agents, cmd)
	}
	if strings.Contains(f.name, "duplicated") {
		stop, err := repeat(b.url(), p.id)
		if err != nil {
			return outcome{}, err
		}
		defer stop()
	}
	if p.lead, p.out, err = b.lead(p.id, 3); err != nil {
		return outcome{}, err
	}
	if f.wrong != nil {
		if err := f.wrong(b, p); err != nil {
			return outcome{}, err
		}
	}
	return read(p.out)
}

// repeat publishes each message of a run again, later and under no id.
func repeat(url, id string) (stop func(), err error) {
	nc, err := agents.Connect(agents.Access{URL: url}, "repeater", 20*time.Second)
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	seen := sync.Map{}
	for _, subject := range []string{"stageprobe.work." + id + ".*", "stageprobe.result." + id + ".*"} {
		_, err := nc.Subscribe(subject, func(m *nats.Msg) {
			if _, again := seen.LoadOrStore(m.Subject, true); again {
				return
			}
			time.AfterFunc(rand.N(400*time.Millisecond), func() {
				_, _ = js.PublishAsync(m.Subject, m.Data) // more of them do no harm, fewer neither
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return nc.Close, nil
}

// lonely is the address of loopback over which one agent alone reaches the server.
const lonely = "127.0.0.2"

// pass leads from an own address to another one, for networks to be cut at.
func pass(to string) (net.Listener, error) {
	l, err := net.Listen("tcp", lonely+":0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				s, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer func() { _ = s.Close() }()
				go func() { _, _ = io.Copy(s, c) }() // ends with either connection
				_, _ = io.Copy(c, s)
			}()
		}
	}()
	return l, nil
}

// again runs the command in a network of its own.
func again(w io.Writer, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, append([]string{"agents", args[0], "-apart"}, args[1:]...)...)
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	ownNetwork(cmd)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("faults, in a network of their own: %w", err)
	}
	return nil
}

// throughput sends as fast as 1, 2, 4 and 8 agents can to a server that takes 50 ms.
func (o *agentsOptions) throughput(w io.Writer) error {
	fmt.Fprintf(w, "%6s %12s %12s %22s\n", "agents", "requests/s", "per agent", "coordinator CPU")
	first := 0.0
	for _, n := range []int{1, 2, 4, 8} {
		one := *o
		one.rate, one.requests = 100_000, 2500*n
		b, err := one.begin(50 * time.Millisecond)
		if err != nil {
			return err
		}
		got, err := func() (outcome, error) {
			defer b.close()
			for i := range n {
				if _, err := b.hire(fmt.Sprintf("place-%d", i), b.url(), 0); err != nil {
					return outcome{}, err
				}
			}
			_, out, err := b.lead("throughput", n)
			if err != nil {
				return outcome{}, err
			}
			return read(out)
		}()
		if err != nil {
			return err
		}
		rate := float64(got.Seen) / got.Took.Seconds()
		if first == 0 {
			first = rate
		}
		fmt.Fprintf(w, "%6d %12.0f %12.2f %16s/request\n", n, rate, rate/first/float64(n), (got.CPU / time.Duration(max(1, got.Seen))).Round(time.Microsecond))
	}
	return nil
}

// What one batch and one observation cost, counted in the protocol of package agents
// (messages) and measured by throughput (the coordinator's time).
const (
	perBatch    = 21                     // messages: handed out 4, budget 4, chunk 8, result 3, acknowledged 2
	perStage    = 4                      // messages: a stage's own budget
	perRow      = 150                    // bytes of a chunk
	perResult   = 1200                   // bytes of a batch and its result
	coordinator = 250 * time.Microsecond // of one core, for an observation
	ownRate     = 9.5                    // control-plane calls per second of an account in a region
	ownAPIs     = 600                    // regional APIs of an account in a region, by quota
	callsPerAPI = 11
)

// limits works out what many agents and stages need, and simulates how often a batch
// has to try for its stretch of a budget that all of them compare and set.
func limits(w io.Writer) error {
	fmt.Fprintf(w, "%8s %8s %9s %12s %12s %18s %14s\n", "agents", "stages", "rate/s", "messages/s", "stored MB/h", "coordinator cores", "read config")
	for _, x := range []struct {
		agents, stages int
		rate           float64
	}{{8, 10, 25}, {100, 1000, 1000}, {1000, 10_000, 10_000}, {10_000, 100_000, 100_000}} {
		size := max(1, min(x.rate/4, 250))
		batches := x.rate / size
		messages := batches*(perBatch+perStage*min(size, float64(x.stages))) + float64(x.agents)
		stored := x.rate*perRow + batches*perResult
		read := time.Duration(min(float64(x.stages)/4, ownAPIs) * callsPerAPI / ownRate * float64(time.Second))
		fmt.Fprintf(w, "%8d %8d %9.0f %12.0f %12.0f %18.2f %14s\n", x.agents, x.stages, x.rate, messages, stored/1e6*3600, x.rate*coordinator.Seconds(), read.Round(time.Second))
	}
	fmt.Fprintf(w, "\n%10s %16s %16s\n", "batches/s", "tries per batch", "worst of 20,000")
	for _, perSecond := range []float64{1, 10, 100, 400, 1000, 2000} {
		mean, worst := contention(perSecond, 20_000, rand.New(rand.NewPCG(1, 2)))
		fmt.Fprintf(w, "%10.0f %16.2f %16d\n", perSecond, mean, worst)
	}
	return nil
}

// way is how long reading a key and setting it takes, on a network of one region.
const way = time.Millisecond

// contention simulates batches that come at random, each of which reads one key and
// sets it where nobody else has done so meanwhile; else it tries again after a pause
// that grows, as package agents does.
func contention(perSecond float64, batches int, rng *rand.Rand) (mean float64, worst int) {
	type try struct {
		at   time.Duration // when the key is set
		read time.Duration
		n    int
		wait time.Duration
	}
	var queue []try
	arrival := time.Duration(0)
	for range batches {
		arrival += time.Duration(rng.ExpFloat64() / perSecond * float64(time.Second))
		queue = append(queue, try{at: arrival + way, read: arrival, n: 1, wait: time.Millisecond})
	}
	last, total := time.Duration(-1), 0
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		if t.read >= last {
			last = t.at
			total += t.n
			worst = max(worst, t.n)
			continue
		}
		again := t.at + time.Duration(rng.Int64N(int64(t.wait)))
		next := try{at: again + way, read: again, n: t.n + 1, wait: min(2*t.wait, 50*time.Millisecond)}
		i, _ := slices.BinarySearchFunc(queue, next, func(a, b try) int { return cmp.Compare(a.at, b.at) })
		queue = slices.Insert(queue, i, next)
	}
	return float64(total) / float64(batches), worst
}
