package probe

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"strings"
	"time"
)

// Engine sends requests and reports what came back. It judges nothing.
// The zero value works: system clock, system roots, system resolver.
type Engine struct {
	Transport Transport
	Pacer     Pacer // nil: Constant(Plan.Rate)
	Clock     Clock // nil: the system's
	UserAgent string

	// Sign makes a request acceptable to the method it is sent to, at the time
	// it is sent; nil adds nothing. It is called from several goroutines. See
	// package sign.
	Sign func(*Target, *Scenario, *http.Request) error

	// Clean, where set, takes out of an answer what is not to be kept, before
	// anything else sees it. It is called from several goroutines; the request is
	// as it was sent, and nil where none was made. See package probe/redact.
	Clean func(*http.Request, *Observation)

	// Mint sends an x-amzn-RequestId of our own to everything but HTTP APIs.
	// REST APIs adopt a UUID as $context.requestId, so that the logs can be
	// asked for a request whose answer never came.
	Mint bool

	// Grace is how long requests in flight may still take after an interrupt;
	// 0 counts as 2 s.
	Grace time.Duration
}

// Clock is the engine's time. Socket deadlines are kept by the system whatever
// the clock says.
type Clock interface {
	Now() time.Time
	// After sends once when d has passed; it is used to wait for due times.
	After(d time.Duration) <-chan time.Time
}

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// The defaults of a plan's limits.
const (
	defaultWorkers = 16
	defaultSlots   = 4
	defaultMaxBody = 64 << 10
	defaultGrace   = 2 * time.Second

	// Integrations may take 29 s (REST, unless raised) or 30 s (HTTP); the gateway's
	// own timeout answer is worth waiting for.
	defaultTimeout = 35 * time.Second
)

// headroom is memory that a run holds and never touches, so that the system never has
// to give it. The garbage collector counts it, and runs the less often: of a small
// heap it would run every second, and on one processor no request leaves meanwhile.
const headroom = 32 << 20

// Run sends what the planner asks for, at the pacer's due times, and yields
// every observation in the order of completion; Seq is the order of due times.
// Cancelling ctx stops the sending, gives the requests in flight Engine.Grace
// and ends the sequence. An error is yielded only where the plan cannot be
// sent at all, and is then the only thing yielded.
func (e *Engine) Run(ctx context.Context, p *Plan, planner Planner) iter.Seq2[Observation, error] {
	return func(yield func(Observation, error) bool) {
		r, err := newRun(ctx, e, p, planner)
		if err != nil {
			yield(Observation{}, err)
			return
		}
		defer r.close()
		room := make([]byte, headroom)
		r.loop(ctx, yield)
		runtime.KeepAlive(room)
	}
}

// withDefaults fills in the limits that a plan leaves open.
func (p *Plan) withDefaults() Plan {
	q := *p
	if q.Workers <= 0 {
		q.Workers = defaultWorkers
	}
	if q.Slots <= 0 {
		q.Slots = defaultSlots
	}
	if q.MaxBody <= 0 {
		q.MaxBody = defaultMaxBody
	}
	if q.Timeout <= 0 {
		q.Timeout = defaultTimeout
	}
	return q
}

// Check tells why a plan must not or cannot be sent; nil where it can.
func (p *Plan) Check() error {
	if len(p.Targets) == 0 {
		return fmt.Errorf("the plan has no target: name a URL, an API or a domain")
	}
	if len(p.Scenarios) == 0 {
		return fmt.Errorf("the plan has no request to send: paste a URL with a path, or list scenarios in a file")
	}
	for i := range p.Scenarios {
		s := &p.Scenarios[i]
		if !SafeMethod(s.Method) && !s.Unsafe {
			return fmt.Errorf("scenario %s: %s may change data and is not sent; allow it with unsafe: true", s.Name, s.Method)
		}
		if s.Path != "" && !strings.HasPrefix(s.Path, "/") {
			return fmt.Errorf("scenario %s: path %q must begin with a slash", s.Name, s.Path)
		}
	}
	switch p.HTTP {
	case "", "1.1", "2":
		return nil
	}
	return fmt.Errorf(`HTTP version %q is not known; use "1.1", "2" or leave it out`, p.HTTP)
}
