package agents_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"stageprobe/probe"
	"stageprobe/probe/agents"
)

// server starts an embedded NATS server for a test.
func server(t testing.TB) *agents.Server {
	t.Helper()
	s, err := agents.Start(agents.Serve{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func connect(t testing.TB, s *agents.Server) *nats.Conn {
	t.Helper()
	nc, err := s.Connect(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// stage is a server that counts what it is asked, by the probe's own id.
type stage struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
}

func newStage(t testing.TB) *stage {
	s := &stage{asked: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked[r.Header.Get("x-amzn-requestid")]++
		fmt.Fprint(w, `{"ok":true}`)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *stage) plan(requests int, rate float64) *probe.Plan {
	return &probe.Plan{
		Targets:   []probe.Target{{ID: "abc/prod", URL: s.URL, APIKind: probe.REST, APIID: "abc", Stage: "prod"}},
		Scenarios: []probe.Scenario{{Name: "GET /a", Method: "GET", Path: "/a"}, {Name: "GET /b", Method: "GET", Path: "/b"}},
		Seed:      7, Requests: requests, Fixed: true, Rate: rate, Workers: 4, Timeout: 5 * time.Second,
	}
}

// drawn is a planner that draws so many requests from a seed.
type drawn struct {
	rng  *rand.Rand
	left int
}

func plannerOf(p *probe.Plan) *drawn {
	return &drawn{rng: rand.New(rand.NewPCG(p.Seed, 9)), left: p.Requests}
}

func (d *drawn) Next(time.Time, uint64) (probe.Choice, bool) {
	if d.left == 0 {
		return probe.Choice{}, false
	}
	d.left--
	return probe.Choice{Scenario: d.rng.IntN(2)}, true
}

func (d *drawn) Skip(n uint64) {
	for range n {
		_, _ = d.Next(time.Time{}, 0)
	}
}

// hire starts an agent; fire stops it and waits until it has.
func hire(t testing.TB, nc *nats.Conn, change func(*agents.Agent)) (fire func()) {
	t.Helper()
	a := &agents.Agent{
		Conn: nc, Vantage: probe.Vantage{Name: "here"}, Allow: []string{"127.0.0.1"},
		Engine: func(context.Context, *agents.Job) (*probe.Engine, error) { return &probe.Engine{Mint: true}, nil },
		Notify: func(text string) { t.Log(text) },
	}
	if change != nil {
		change(a)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := a.Run(ctx); err != nil {
			t.Errorf("agent: %v", err)
		}
	}()
	fire = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(fire)
	return fire
}

// gather runs a plan and holds that every planned request is told once.
func gather(t testing.TB, c *agents.Coordinator, p *probe.Plan) []probe.Observation {
	t.Helper()
	var rows []probe.Observation
	seen := map[uint64]bool{}
	for o, err := range c.Run(t.Context(), p, plannerOf(p)) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[o.Seq] {
			t.Errorf("request %d is told twice", o.Seq)
		}
		seen[o.Seq] = true
		rows = append(rows, o)
	}
	if len(rows)+c.Lost() != p.Requests {
		t.Errorf("%d requests are told and %d lost, of %d", len(rows), c.Lost(), p.Requests)
	}
	return rows
}

func TestAPlanIsObservedOnceWhateverTheNumberOfAgents(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	s := server(t)
	for _, n := range []int{1, 3} {
		p := st.plan(200, 2000)
		var fires []func()
		for i := range n {
			fires = append(fires, hire(t, connect(t, s), func(a *agents.Agent) { a.Vantage.Name = fmt.Sprint("place ", i) }))
		}
		c := &agents.Coordinator{Conn: connect(t, s), ID: fmt.Sprint("run-", n), WaitAgents: n, InOrder: true, Size: 20}
		rows := gather(t, c, p)
		want := plannerOf(p)
		for i, o := range rows {
			choice, _ := want.Next(time.Time{}, 0)
			if o.Seq != uint64(i) || o.Scenario != p.Scenarios[choice.Scenario].Name || o.Status != http.StatusOK {
				t.Fatalf("row %d with %d agents: request %d, %s, status %d", i, n, o.Seq, o.Scenario, o.Status)
			}
		}
		for _, fire := range fires {
			fire()
		}
	}
	for id, n := range st.asked {
		if n != 2 { // once in each run, which have one seed
			t.Errorf("%s was asked %d times", id, n)
		}
	}
}

// A run whose question is answered takes back what no agent has begun: what was begun is
// told, and nothing counts as lost.
func TestWhatIsTakenBackIsNotLost(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	s := server(t)
	for range 2 {
		hire(t, connect(t, s), func(a *agents.Agent) { a.Rate = 100 }) // so that much is still to be begun
	}
	p := st.plan(5000, 2000)
	c := &agents.Coordinator{Conn: connect(t, s), ID: "taken-back", WaitAgents: 2, Size: 10, Patience: 10 * time.Second}
	told := 0
	for _, err := range c.Run(t.Context(), p, plannerOf(p)) {
		if err != nil {
			t.Fatal(err)
		}
		if told++; told == 20 {
			c.Withdraw()
		}
	}
	if c.Lost() > 0 || told < 20 || told == p.Requests {
		t.Errorf("%d requests are told and %d lost", told, c.Lost())
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.asked) != told {
		t.Errorf("%d requests came, %d are told", len(st.asked), told)
	}
}
