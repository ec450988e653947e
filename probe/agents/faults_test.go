package agents_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"stageprobe/probe"
	"stageprobe/probe/agents"
)

// skewed is a clock that is wrong.
type skewed time.Duration

func (s skewed) Now() time.Time                         { return time.Now().Add(time.Duration(s)) }
func (s skewed) After(d time.Duration) <-chan time.Time { return time.After(d) }

// All at once: two agents of one name, clocks minutes apart, every message repeated, and
// an agent that is cut off in the middle of its batches. Every planned request is told
// once or counted as lost, and its time is the server's. "go run ./cmd/figures agents
// faults" has each of them fifty times, and those that need processes of their own.
func TestWhatGoesWrongIsToldOnce(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	s := server(t)
	for _, skew := range []time.Duration{3 * time.Minute, -4 * time.Minute} {
		hire(t, connect(t, s), func(a *agents.Agent) { a.Vantage.Name, a.Clock = "same", skewed(skew) })
	}
	cut := connect(t, s)
	go func() {
		a := &agents.Agent{
			Conn: cut, Vantage: probe.Vantage{Name: "cut off"}, Allow: []string{"127.0.0.1"},
			Engine: func(context.Context, *agents.Job) (*probe.Engine, error) { return &probe.Engine{Mint: true}, nil },
		}
		_ = a.Run(t.Context()) // a killed process does nothing more, whatever it would return
	}()

	repeater := connect(t, s)
	js, err := jetstream.New(repeater)
	if err != nil {
		t.Fatal(err)
	}
	var seen sync.Map
	for _, subject := range []string{"stageprobe.work.faults.*", "stageprobe.result.faults.*"} {
		_, err := repeater.Subscribe(subject, func(m *nats.Msg) {
			if _, again := seen.LoadOrStore(m.Subject, true); !again {
				_, _ = js.PublishAsync(m.Subject, m.Data) // fewer of them do no harm
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p := st.plan(300, 400)
	c := &agents.Coordinator{Conn: connect(t, s), ID: "faults", WaitAgents: 3, InOrder: true, Size: 10, AckWait: 2 * time.Second, Patience: 20 * time.Second}
	told, began := map[uint64]bool{}, time.Now()
	for o, err := range c.Run(t.Context(), p, plannerOf(p)) {
		if err != nil {
			t.Fatal(err)
		}
		if told[o.Seq] {
			t.Errorf("request %d is told twice", o.Seq)
		}
		told[o.Seq] = true
		if off := o.Due.Sub(began); off < -time.Minute || off > 2*time.Minute {
			t.Errorf("request %d is told for %v after the begin", o.Seq, off)
		}
		if len(told) == 60 {
			cut.Close()
		}
	}
	if len(told)+c.Lost() != p.Requests {
		t.Errorf("%d requests are told and %d lost, of %d", len(told), c.Lost(), p.Requests)
	}
}

// An agent is there and gets nothing, for somebody deleted the consumer, or the whole
// stream: the run ends, and says what is missing.
func TestSilentAgentsEndTheRun(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	for name, lose := range map[string]func(js jetstream.JetStream, run string) error{
		"consumer": func(js jetstream.JetStream, run string) error {
			return js.DeleteConsumer(t.Context(), "stageprobe_work_"+run, "agents")
		},
		"stream": func(js jetstream.JetStream, run string) error {
			return js.DeleteStream(t.Context(), "stageprobe_work_"+run)
		},
	} {
		s := server(t)
		nc := connect(t, s)
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		p := st.plan(300, 50)
		hire(t, connect(t, s), nil)
		c := &agents.Coordinator{Conn: nc, ID: name, InOrder: true, Size: 10, AckWait: time.Second, Patience: time.Second}
		told := 0
		for _, err := range c.Run(t.Context(), p, plannerOf(p)) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if told++; told == 1 {
				if err := lose(js, name); err != nil {
					t.Fatal(err)
				}
			}
		}
		notes := strings.Join(c.Notes(), "; ")
		if c.Lost() == 0 || !strings.Contains(notes, "ended before its plan did") || !strings.Contains(notes, "lost") {
			t.Errorf("%s: %d told, %d lost, %s", name, told, c.Lost(), notes)
		}
	}
}
