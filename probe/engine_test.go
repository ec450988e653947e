package probe_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
)

// gateway starts a TLS server that answers as example.com, and an engine that
// reaches it there.
func gateway(t *testing.T, h http.HandlerFunc) (*httptest.Server, *probe.Engine) {
	t.Helper()
	srv, e := unstarted(t, h)
	start(t, srv, e)
	return srv, e
}

func unstarted(t *testing.T, h http.HandlerFunc) (*httptest.Server, *probe.Engine) {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = true
	srv.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are part of the tests
	return srv, &probe.Engine{UserAgent: "stageprobe/test", Mint: true}
}

func start(t *testing.T, srv *httptest.Server, e *probe.Engine) {
	t.Helper()
	srv.StartTLS()
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	e.Transport = probe.Transport{RootCAs: roots, ConnectTo: []probe.Redirect{to(t, "*:443="+srv.Listener.Addr().String())}}
}

func to(t *testing.T, s string) probe.Redirect {
	t.Helper()
	r, err := probe.ParseRedirect(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func plan(requests int) *probe.Plan {
	return &probe.Plan{
		Targets:   []probe.Target{{ID: "abc/prod", URL: "https://example.com/prod", APIKind: probe.REST}},
		Scenarios: []probe.Scenario{{Name: "GET /orders", Method: "GET", Path: "/orders", Query: "limit=1"}},
		Seed:      7, Requests: requests, Rate: 2000, Workers: 4, Timeout: 5 * time.Second,
	}
}

func budget(p *probe.Plan) probe.Planner {
	return newEvenly(p, rand.New(rand.NewPCG(p.Seed, 1)))
}

// collect runs the plan and returns its rows in the order of due times.
func collect(t *testing.T, ctx context.Context, e *probe.Engine, p *probe.Plan) []probe.Observation {
	t.Helper()
	var rows []probe.Observation
	for o, err := range e.Run(ctx, p, budget(p)) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, o)
	}
	slices.SortFunc(rows, func(a, b probe.Observation) int { return int(a.Seq) - int(b.Seq) })
	for i, o := range rows {
		if o.Seq != uint64(i) {
			t.Fatalf("row %d has seq %d: an attempt was lost or told twice", i, o.Seq)
		}
	}
	return rows
}

func TestRunSendsEveryAttemptOnceAndSaysWhatItSent(t *testing.T) {
	for _, version := range []string{"1.1", "2"} {
		t.Run(version, func(t *testing.T) {
			var mu sync.Mutex
			ids := map[string]int{}
			var odd []string
			_, e := gateway(t, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				ids[r.Header.Get("x-amzn-requestid")]++
				names := []string{}
				for name := range r.Header {
					names = append(names, name)
				}
				slices.Sort(names)
				got := fmt.Sprint(r.Method, " ", r.Host, r.RequestURI, names, r.Header["User-Agent"], r.Header["Accept"], r.Header["Accept-Encoding"])
				want := "GET example.com/prod/orders?limit=1[Accept Accept-Encoding User-Agent X-Amzn-Requestid] [stageprobe/test] [*/*] [identity]"
				if got != want {
					odd = append(odd, got)
				}
				w.Header().Set("x-amzn-RequestId", r.Header.Get("x-amzn-requestid"))
				fmt.Fprint(w, `{"ok":true}`)
			})
			p := plan(60)
			p.HTTP = version
			rows := collect(t, t.Context(), e, p)
			if len(rows) != 60 || len(ids) != 60 {
				t.Fatalf("%d rows and %d ids at the server, want 60 of each", len(rows), len(ids))
			}
			if len(odd) > 0 {
				t.Errorf("the server saw %s", odd[0])
			}
			uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
			for _, o := range rows {
				if o.Outcome != probe.OutcomeResponse || o.Status != 200 || string(o.Body) != `{"ok":true}` || o.BodySize != 11 {
					t.Fatalf("row %+v", o)
				}
				if ids[o.MintedID] != 1 || !uuid.MatchString(o.MintedID) || o.RequestID() != o.MintedID {
					t.Errorf("seq %d: minted %q, sent %d times, answered %q", o.Seq, o.MintedID, ids[o.MintedID], o.RequestID())
				}
				if !strings.HasPrefix(o.Proto, "HTTP/"+version) {
					t.Errorf("seq %d: spoke %s", o.Seq, o.Proto)
				}
				if o.TTFB < o.Sent || o.Took < o.TTFB {
					t.Errorf("seq %d: sent %s, first byte %s, end %s after due", o.Seq, o.Sent, o.TTFB, o.Took)
				}
			}
		})
	}
}

func TestConnectionsAreAccountedFor(t *testing.T) {
	_, e := gateway(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr) })
	p := plan(200)
	rows := collect(t, t.Context(), e, p)
	peers, counts, fresh := map[int]string{}, map[int]int{}, 0
	protos, sockets := map[string]bool{}, map[string]bool{}
	byCompletion := slices.SortedFunc(slices.Values(rows), func(a, b probe.Observation) int {
		if a.Conn != b.Conn {
			return a.Conn - b.Conn
		}
		return a.ConnN - b.ConnN
	})
	for _, o := range byCompletion {
		if was, known := peers[o.Conn]; known && was != string(o.Body) {
			t.Errorf("connection %d is %s and %s to the server", o.Conn, was, o.Body)
		}
		peers[o.Conn] = string(o.Body)
		sockets[string(o.Body)] = true
		counts[o.Conn]++
		if o.ConnN != counts[o.Conn] {
			t.Errorf("connection %d: request %d calls itself the %dth", o.Conn, counts[o.Conn], o.ConnN)
		}
		if o.Fresh {
			fresh++
			if o.ConnN != 1 {
				t.Errorf("seq %d was drawn fresh and is request %d of its connection", o.Seq, o.ConnN)
			}
		}
		protos[o.Proto] = true
	}
	if len(peers) != len(sockets) {
		t.Errorf("%d connections told, the server saw %d", len(peers), len(sockets))
	}
	if fresh < 10 || fresh > 45 { // 200 draws of 1/8; the seed fixes them
		t.Errorf("%d of 200 fresh", fresh)
	}
	if !protos["HTTP/1.1"] || !protos["HTTP/2.0"] {
		t.Errorf("spoke only %v", protos)
	}
}

// drawn is what the seed alone decides.
type drawn struct {
	Target, Scenario, Minted string
	Fresh                    bool
}

func TestSeedReproducesChoices(t *testing.T) {
	_, e := gateway(t, func(http.ResponseWriter, *http.Request) {})
	run := func(seed uint64) (ds []drawn) {
		p := plan(30)
		p.Targets = append(p.Targets, probe.Target{ID: "abc/dev", URL: "https://example.com/dev"})
		p.Scenarios = append(p.Scenarios, probe.Scenario{Name: "GET /a", Method: "GET", Path: "/a", Weight: 2})
		p.Seed = seed
		for _, o := range collect(t, t.Context(), e, p) {
			ds = append(ds, drawn{o.Target, o.Scenario, o.MintedID, o.Fresh})
		}
		return ds
	}
	first := run(3)
	if diff := cmp.Diff(first, run(3)); diff != "" {
		t.Errorf("the same seed chose otherwise:\n%s", diff)
	}
	if cmp.Equal(first, run(4)) {
		t.Error("another seed chose the same")
	}
	if len(first) != 60 {
		t.Errorf("%d rows, want 30 for each of two targets", len(first))
	}
}

// stepClock moves only when somebody waits, and then at once.
type stepClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *stepClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *stepClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	ch := make(chan time.Time, 1)
	ch <- c.now
	return ch
}

// arms alternates the rate between two arms.
type arms struct{ left int }

func (a *arms) Next(_ time.Time, seq uint64) (probe.Choice, bool) {
	a.left--
	return probe.Choice{RateScale: []float64{1, 0.5}[seq%2]}, a.left >= 0
}

func TestDueTimesFollowTheRateAndItsArms(t *testing.T) {
	_, e := gateway(t, func(http.ResponseWriter, *http.Request) {})
	e.Clock = &stepClock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	p := plan(0)
	p.Rate, p.Workers = 10, 64 // more workers than requests: none is ever late
	var rows []probe.Observation
	for o, err := range e.Run(t.Context(), p, &arms{left: 21}) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, o)
	}
	slices.SortFunc(rows, func(a, b probe.Observation) int { return int(a.Seq) - int(b.Seq) })
	if len(rows) != 21 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, o := range rows[1:] {
		want := 100 * time.Millisecond
		if i%2 == 1 {
			want = 200 * time.Millisecond
		}
		if gap := o.Due.Sub(rows[i].Due); gap != want {
			t.Errorf("seq %d is due %s after the one before, want %s", o.Seq, gap, want)
		}
		if want := []float64{10, 5}[o.Seq%2]; o.Rate != want {
			t.Errorf("seq %d: rate %v, want %v", o.Seq, o.Rate, want)
		}
	}
}

func (c *stepClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// noting notes when it was asked.
type noting struct {
	left  int
	at    []time.Time
	think func(seq uint64)
}

func (n *noting) Next(now time.Time, seq uint64) (probe.Choice, bool) {
	n.left--
	n.at = append(n.at, now)
	n.think(seq)
	return probe.Choice{}, n.left >= 0
}

// paced runs 20 requests at 10/s on a clock of its own and returns their due
// times and when they were handed out.
func paced(t *testing.T, workers int, clock *stepClock, h http.HandlerFunc, think func(seq uint64)) (due, at []time.Time) {
	t.Helper()
	_, e := gateway(t, h)
	e.Clock = clock
	p := plan(0)
	p.Rate, p.Workers = 10, workers
	n := &noting{left: 20, think: think}
	due = make([]time.Time, n.left)
	for o, err := range e.Run(t.Context(), p, n) {
		if err != nil {
			t.Fatal(err)
		}
		due[o.Seq] = o.Due
	}
	return due, n.at
}

func TestAfterAStallOfOurOwnTheScheduleMovesOn(t *testing.T) {
	clock := &stepClock{now: noon}
	due, _ := paced(t, 64, clock, func(http.ResponseWriter, *http.Request) {}, func(seq uint64) {
		if seq == 5 {
			clock.advance(time.Minute)
		}
	})
	jumps := 0
	for i := 1; i < len(due); i++ {
		switch gap := due[i].Sub(due[i-1]); {
		case gap > 50*time.Second:
			jumps++
		case gap != 100*time.Millisecond:
			t.Errorf("request %d is due %s after the one before", i, gap)
		}
	}
	if jumps != 1 {
		t.Errorf("the schedule moved %d times: %v", jumps, due)
	}
}

func TestCatchingUpIsNoBurst(t *testing.T) {
	clock := &stepClock{now: noon}
	var n atomic.Int64
	due, at := paced(t, 1, clock, func(http.ResponseWriter, *http.Request) {
		if n.Add(1) == 1 { // the only worker is busy for longer than a stall of our own may take
			clock.advance(1500 * time.Millisecond)
		}
	}, func(uint64) {})
	for i := 1; i < len(due); i++ {
		if gap := due[i].Sub(due[i-1]); gap != 100*time.Millisecond {
			t.Errorf("request %d is due %s after the one before", i, gap)
		}
		if gap := at[i].Sub(at[i-1]); gap < 80*time.Millisecond {
			t.Errorf("request %d left %s after the one before", i, gap)
		}
	}
	first, last := at[1].Sub(due[1]), at[len(due)-1].Sub(due[len(due)-1])
	if first < 1300*time.Millisecond || last > first-300*time.Millisecond {
		t.Errorf("%s late after the slow answer, %s at the end", first, last)
	}
}

func TestSlowAnswersDoNotMoveDueTimes(t *testing.T) {
	release := make(chan struct{})
	var in atomic.Int64
	_, e := gateway(t, func(w http.ResponseWriter, r *http.Request) {
		if in.Add(1) == 2 { // both workers hang: the third request cannot leave
			close(release)
		}
		<-release
	})
	p := plan(40)
	p.Rate, p.Workers = 500, 2
	rows := collect(t, t.Context(), e, p)
	for i, o := range rows[1:] {
		if gap := o.Due.Sub(rows[i].Due); gap != 2*time.Millisecond {
			t.Errorf("seq %d is due %s after the one before", o.Seq, gap)
		}
		if o.Sent < 0 {
			t.Errorf("seq %d was sent %s before it was due", o.Seq, -o.Sent)
		}
	}
}

func TestBodiesAreKeptWithinBounds(t *testing.T) {
	sizes := map[string]int{"/small": 10, "/edge": 1000, "/large": 5000, "/huge": 11 << 20}
	_, e := gateway(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "chunked" {
			w.(http.Flusher).Flush()
		}
		_, _ = w.Write(make([]byte, sizes[strings.TrimPrefix(r.URL.Path, "/prod")]))
	})
	for _, version := range []string{"1.1", "2"} {
		for _, query := range []string{"", "chunked"} {
			p := plan(1)
			p.HTTP, p.MaxBody = version, 1000
			p.Requests = len(sizes) * 2
			p.Scenarios = nil
			for path := range sizes {
				p.Scenarios = append(p.Scenarios, probe.Scenario{Name: path, Method: "GET", Path: path, Query: query, Limit: 2})
			}
			for _, o := range collect(t, t.Context(), e, p) {
				size := sizes[o.Scenario]
				if o.Outcome != probe.OutcomeResponse || len(o.Body) != min(size, 1000) || o.Truncated != (size > 1000) {
					t.Errorf("HTTP/%s %s %s: %s %q, kept %d, truncated %v", version, o.Scenario, query, o.Outcome, o.Err, len(o.Body), o.Truncated)
				}
				if want := min(int64(size), 10<<20); o.BodySize != want {
					t.Errorf("HTTP/%s %s %s: size %d, want %d", version, o.Scenario, query, o.BodySize, want)
				}
			}
		}
	}
}

func TestHeadAndBodilessAnswers(t *testing.T) {
	_, e := gateway(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "HEAD" {
			w.Header().Set("Content-Length", "123")
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	for _, version := range []string{"1.1", "2"} {
		p := plan(10)
		p.HTTP = version
		p.Scenarios = []probe.Scenario{{Name: "h", Method: "HEAD", Path: "/"}, {Name: "o", Method: "OPTIONS", Path: "/"}}
		for _, o := range collect(t, t.Context(), e, p) {
			if o.Outcome != probe.OutcomeResponse || len(o.Body) != 0 || o.Status != map[string]int{"h": 200, "o": 204}[o.Scenario] {
				t.Errorf("HTTP/%s: %+v", version, o)
			}
		}
	}
}

func TestRedirectsAndCookiesAreNotFollowed(t *testing.T) {
	var hits atomic.Int64
	_, e := gateway(t, func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		if r.Header.Get("Cookie") != "" {
			t.Error("a cookie came back")
		}
		http.SetCookie(w, &http.Cookie{Name: "AWSALB", Value: "sticky"})
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	rows := collect(t, t.Context(), e, plan(5))
	for _, o := range rows {
		if o.Status != 302 || o.Get("location") != "/elsewhere" {
			t.Errorf("row %+v", o)
		}
	}
	if hits.Load() != 5 {
		t.Errorf("%d requests at the server, want 5", hits.Load())
	}
}

// wire starts a server that answers each connection with what reply writes.
func wire(t *testing.T, reply func(c net.Conn, request int) bool) (*probe.Engine, *probe.Plan, *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var requests atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				in := bufio.NewReader(c)
				for n := 1; ; n++ {
					if _, err := http.ReadRequest(in); err != nil {
						return
					}
					requests.Add(1)
					if !reply(c, n) {
						return
					}
				}
			}()
		}
	}()
	p := plan(3)
	p.Targets[0].URL = "http://" + l.Addr().String()
	p.Workers, p.Slots, p.Timeout = 1, 1, 300*time.Millisecond
	return &probe.Engine{Transport: probe.Transport{Fresh: -1}}, p, &requests
}

func TestWireHeadersKeepOrderAndCase(t *testing.T) {
	e, p, _ := wire(t, func(c net.Conn, _ int) bool {
		_, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: ForbiddenException\r\nVia: a\r\nZ-Last:  v \r\nVia: b\r\nContent-Length: 2\r\n\r\nno")
		return err == nil
	})
	want := []probe.Header{{"x-amzn-ErrorType", "ForbiddenException"}, {"Via", "a"}, {"Z-Last", "v"}, {"Via", "b"}, {"Content-Length", "2"}}
	for _, o := range collect(t, t.Context(), e, p) {
		if diff := cmp.Diff(want, o.Header); diff != "" || string(o.Body) != "no" || o.Status != 403 {
			t.Errorf("status %d, body %q:\n%s", o.Status, o.Body, diff)
		}
		if o.Conn != 1 {
			t.Errorf("the connection was not used again: %+v", o)
		}
	}
}

func TestFailuresAreObservationsAndNeverRetried(t *testing.T) {
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for _, tt := range []struct {
		name    string
		reply   func(c net.Conn, n int) bool
		outcome probe.Outcome
		status  int
	}{
		{"silence", func(c net.Conn, _ int) bool { _, _ = io.Copy(io.Discard, c); return false }, probe.OutcomeTimeout, 0},
		{"stops in the head", func(c net.Conn, _ int) bool { _, _ = io.WriteString(c, ok[:20]); return false }, probe.OutcomeReset, 0},
		{"stops in the body", func(c net.Conn, _ int) bool { _, _ = io.WriteString(c, ok[:len(ok)-1]); return false }, probe.OutcomeReset, 200},
		{"closes at once", func(c net.Conn, _ int) bool { return false }, probe.OutcomeReset, 0},
		{"not HTTP", func(c net.Conn, _ int) bool { _, _ = io.WriteString(c, "SSH-2.0-x\r\n\r\n"); return false }, probe.OutcomeReset, 0},
		{"bad length", func(c net.Conn, _ int) bool {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n")
			return false
		}, probe.OutcomeReset, 0},
		{"endless head", func(c net.Conn, _ int) bool {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("y", 2<<20))
			return false
		}, probe.OutcomeReset, 0},
		{"only 1xx", func(c net.Conn, _ int) bool {
			_, _ = io.WriteString(c, strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20))
			return false
		}, probe.OutcomeReset, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, p, requests := wire(t, tt.reply)
			if tt.outcome != probe.OutcomeTimeout {
				p.Timeout = 10 * time.Second // a busy machine is not what is tested
			}
			rows := collect(t, t.Context(), e, p)
			for _, o := range rows {
				if o.Outcome != tt.outcome || o.Err == "" || o.Status != tt.status {
					t.Errorf("outcome %s, status %d, err %q; want %s", o.Outcome, o.Status, o.Err, tt.outcome)
				}
			}
			if len(rows) != 3 || requests.Load() != 3 {
				t.Errorf("%d rows, %d requests at the server, want 3 of each", len(rows), requests.Load())
			}
		})
	}
}

func TestConnectionClosedWhileIdleIsReplacedBeforeUse(t *testing.T) {
	e, p, requests := wire(t, func(c net.Conn, _ int) bool {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		return false // closed without saying so
	})
	p.Requests, p.Rate = 5, 20
	for _, o := range collect(t, t.Context(), e, p) {
		if o.Outcome != probe.OutcomeResponse || o.ConnN != 1 {
			t.Errorf("row %+v", o)
		}
	}
	if requests.Load() != 5 {
		t.Errorf("%d requests", requests.Load())
	}
}

type resolver func(host string) ([]netip.Addr, error)

func (r resolver) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return r(host)
}

func TestNothingThereHasItsOwnOutcome(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	srv, trusting := gateway(t, func(http.ResponseWriter, *http.Request) {})
	elsewhere := to(t, "*:443="+srv.Listener.Addr().String())
	for _, tt := range []struct {
		name      string
		transport probe.Transport
		url       string
		want      probe.Outcome
	}{
		{"no such host", probe.Transport{Resolver: resolver(func(h string) ([]netip.Addr, error) {
			return nil, &net.DNSError{Err: "no such host", Name: h, IsNotFound: true}
		})}, "https://example.com", probe.OutcomeDNS},
		{"no address", probe.Transport{Resolver: resolver(func(string) ([]netip.Addr, error) { return nil, nil })}, "https://example.com", probe.OutcomeDNS},
		{"refused", probe.Transport{}, "http://" + closed.Addr().String(), probe.OutcomeRefused},
		{"unknown authority", probe.Transport{ConnectTo: []probe.Redirect{elsewhere}, RootCAs: x509.NewCertPool()}, "https://example.com", probe.OutcomeTLS},
		{"another name", probe.Transport{ConnectTo: []probe.Redirect{elsewhere}, RootCAs: trusting.Transport.RootCAs}, "https://other.test", probe.OutcomeTLS},
		{"not TLS", probe.Transport{ConnectTo: []probe.Redirect{to(t, "*:443="+plainServer(t))}}, "https://example.com", probe.OutcomeTLS},
		{"insecure", probe.Transport{ConnectTo: []probe.Redirect{elsewhere}, Insecure: true}, "https://other.test", probe.OutcomeResponse},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := plan(2)
			p.Targets[0].URL = tt.url
			for _, o := range collect(t, t.Context(), &probe.Engine{Transport: tt.transport}, p) {
				if o.Outcome != tt.want || (o.Err == "") != (tt.want == probe.OutcomeResponse) {
					t.Errorf("outcome %s, err %q; want %s", o.Outcome, o.Err, tt.want)
				}
			}
		})
	}
}

func plainServer(t *testing.T) string {
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

func TestMissingClientCertificateIsATLSFailure(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	p := plan(3)
	p.Targets[0].URL = srv.URL
	bare := probe.Transport{Insecure: true}
	for _, o := range collect(t, t.Context(), &probe.Engine{Transport: bare}, p) {
		if o.Outcome != probe.OutcomeTLS {
			t.Errorf("without a certificate: %s %q", o.Outcome, o.Err)
		}
	}
	shown := probe.Transport{Insecure: true, Certificates: srv.TLS.Certificates}
	for _, o := range collect(t, t.Context(), &probe.Engine{Transport: shown}, p) {
		if o.Status != 404 {
			t.Errorf("with a certificate: %s %q", o.Outcome, o.Err)
		}
	}
}

func TestAllAddressesAreDrawn(t *testing.T) {
	srv, e := gateway(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	e.Transport.ConnectTo = []probe.Redirect{{ToPort: port}}
	var lookups atomic.Int64
	e.Transport.Resolver = resolver(func(string) ([]netip.Addr, error) {
		lookups.Add(1)
		return []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::ffff:127.0.0.1")}, nil
	})
	e.Transport.Fresh = 1
	outcomes := map[string]int{}
	for _, o := range collect(t, t.Context(), e, plan(40)) {
		outcomes[strings.TrimSuffix(o.RemoteIP, ":"+port)+" "+string(o.Outcome)]++
	}
	// The server listens on one of them only.
	if outcomes["127.0.0.1 response"] < 10 || outcomes["127.0.0.2 refused"] < 10 || len(outcomes) != 2 {
		t.Errorf("%v", outcomes)
	}
	if lookups.Load() != 1 {
		t.Errorf("%d lookups", lookups.Load())
	}
}

func TestInterruptEndsCleanly(t *testing.T) {
	release := make(chan struct{})
	_, e := gateway(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/prod/hang" {
			<-release
		}
	})
	defer close(release)
	e.Grace = 500 * time.Millisecond
	p := plan(100000)
	p.Scenarios = append(p.Scenarios, probe.Scenario{Name: "hang", Method: "GET", Path: "/hang", Limit: 2})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	outcomes, hung := map[probe.Outcome]int{}, 0
	for o, err := range e.Run(ctx, p, budget(p)) {
		if err != nil {
			t.Fatal(err)
		}
		outcomes[o.Outcome]++
		if o.Scenario == "hang" {
			hung++
			if o.Outcome != probe.OutcomeLocal || o.MintedID == "" {
				t.Errorf("hung request: %+v", o)
			}
		}
		if o.Seq == 50 {
			cancel()
		}
	}
	if outcomes[probe.OutcomeResponse] < 40 || outcomes[probe.OutcomeLocal] != hung || len(outcomes) > 2 {
		t.Errorf("outcomes %v, %d hung", outcomes, hung)
	}
}

func TestBreakingOutOfTheLoopStopsTheRun(t *testing.T) {
	var hits atomic.Int64
	_, e := gateway(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	p := plan(100000)
	for range e.Run(t.Context(), p, budget(p)) {
		break
	}
	if n := hits.Load(); n > int64(2*p.Workers) {
		t.Errorf("%d requests for one that was taken", n)
	}
}

func TestPlansThatMustNotBeSent(t *testing.T) {
	for name, spoil := range map[string]func(*probe.Plan){
		"POST may change data":   func(p *probe.Plan) { p.Scenarios[0].Method = "POST" },
		"no target":              func(p *probe.Plan) { p.Targets = nil },
		"no request to send":     func(p *probe.Plan) { p.Scenarios = nil },
		"begin with a slash":     func(p *probe.Plan) { p.Scenarios[0].Path = "orders" },
		"not a URL: invalid URL": func(p *probe.Plan) { p.Scenarios[0].Path = "/%zz" },
		"not an http or https":   func(p *probe.Plan) { p.Targets[0].URL = "ftp://example.com" },
		`HTTP version "3" is no`: func(p *probe.Plan) { p.HTTP = "3" },
	} {
		p := plan(1)
		spoil(p)
		n := 0
		for _, err := range new(probe.Engine).Run(t.Context(), p, budget(p)) {
			n++
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d elements", name, n)
		}
	}
}

func TestSignersWorkOnACopyAndTheirErrorsAreOurs(t *testing.T) {
	var seen sync.Map
	_, e := gateway(t, func(w http.ResponseWriter, r *http.Request) { seen.Store(r.Header.Get("X-Sig"), true) })
	var n atomic.Int64
	e.Sign = func(_ *probe.Target, s *probe.Scenario, req *http.Request) error {
		if s.Name == "broken" {
			return errors.New("no credentials")
		}
		if req.Header.Get("X-Sig") != "" {
			t.Error("the request was signed before")
		}
		req.Header.Set("X-Sig", fmt.Sprint(n.Add(1)))
		req.URL.RawQuery = "spoilt"
		return nil
	}
	p := plan(10)
	p.Scenarios = append(p.Scenarios, probe.Scenario{Name: "broken", Method: "GET", Path: "/"})
	for _, o := range collect(t, t.Context(), e, p) {
		if broken := o.Scenario == "broken"; broken != (o.Outcome == probe.OutcomeLocal) {
			t.Errorf("%s: %s %q", o.Scenario, o.Outcome, o.Err)
		}
	}
	signed := 0
	seen.Range(func(any, any) bool { signed++; return true })
	if signed != int(n.Load()) {
		t.Errorf("%d signatures at the server, %d made", signed, n.Load())
	}
}

// parts gives every third request of a plan with the time at which it is due, and
// has nothing to send in between once.
type parts struct {
	start time.Time
	seqs  []uint64
	idle  chan struct{}
}

func (p *parts) Next(time.Time, uint64) (probe.Choice, bool) {
	if p.idle != nil {
		idle := p.idle
		p.idle = nil
		close(idle)
		return probe.Choice{Idle: idle}, true
	}
	if len(p.seqs) == 0 {
		return probe.Choice{}, false
	}
	seq := p.seqs[0]
	p.seqs = p.seqs[1:]
	return probe.Choice{Seq: seq, At: p.start.Add(time.Duration(seq) * time.Millisecond)}, true
}

// A part of a plan keeps the numbers, the times and the draws of the whole.
func TestAPartKeepsTheNumbersTimesAndDrawsOfTheWhole(t *testing.T) {
	_, e := gateway(t, func(http.ResponseWriter, *http.Request) {})
	p := plan(30)
	p.Rate = 1000
	whole := collect(t, t.Context(), e, p)
	some := &parts{start: time.Now().Add(time.Millisecond), idle: make(chan struct{})}
	for seq := uint64(2); seq < 30; seq += 3 {
		some.seqs = append(some.seqs, seq)
	}
	start, n := some.start, 0
	for o, err := range e.Run(t.Context(), p, some) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		w := whole[o.Seq]
		if o.Seq%3 != 2 || !o.Due.Equal(start.Add(time.Duration(o.Seq)*time.Millisecond)) {
			t.Errorf("request %d is due %s after the start", o.Seq, o.Due.Sub(start))
		}
		if o.Fresh != w.Fresh || o.MintedID != w.MintedID {
			t.Errorf("request %d: fresh %v, id %s; in the whole %v, %s", o.Seq, o.Fresh, o.MintedID, w.Fresh, w.MintedID)
		}
	}
	if n != 10 {
		t.Errorf("%d requests were sent, want 10", n)
	}
}
