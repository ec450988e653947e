package agents_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nuid"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/probe/agents"
)

// planner is a function that plans.
type planner func(time.Time, uint64) (probe.Choice, bool)

func (p planner) Next(at time.Time, seq uint64) (probe.Choice, bool) { return p(at, seq) }

// seenFrom runs a plan by two agents to whom one name leads to different servers, each
// with a version of its own, until both have sent some of it.
func seenFrom(t *testing.T, versions [2]string) *analyze.Report {
	t.Helper()
	s := server(t)
	for i, v := range []probe.Vantage{{Name: "eu-west-1a", Region: "eu-west-1"}, {Name: "office"}} {
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-amzn-requestid", nuid.Next())
			fmt.Fprintf(w, `{"version":%s}`, versions[i])
		}))
		t.Cleanup(api.Close)
		host, port, _ := strings.Cut(strings.TrimPrefix(api.URL, "http://"), ":")
		leads := probe.Redirect{Host: "orders.example.com", ToHost: host, ToPort: port}
		hire(t, connect(t, s), func(a *agents.Agent) {
			a.Vantage, a.Allow = v, []string{"orders.example.com", "127.0.0.1"}
			a.Engine = func(context.Context, *agents.Job) (*probe.Engine, error) {
				return &probe.Engine{Mint: true, Transport: probe.Transport{ConnectTo: []probe.Redirect{leads}}}, nil
			}
		})
	}
	p := probe.Plan{
		Targets:   []probe.Target{{ID: "abc/prod", URL: "http://orders.example.com", APIKind: probe.REST, APIID: "abc", Stage: "prod"}},
		Scenarios: []probe.Scenario{{Name: "GET /a", Method: "GET", Path: "/a"}},
		Seed:      7, Requests: 20_000, Fixed: true, Rate: 200, Workers: 4, Timeout: 5 * time.Second,
	}
	session := analyze.NewSession(p, probe.Snapshot{}, analyze.Policy{})
	c := &agents.Coordinator{Conn: connect(t, s), ID: "vantage", WaitAgents: 2, InOrder: true, Size: 4}
	by := map[string]int{}
	until := planner(func(at time.Time, seq uint64) (probe.Choice, bool) {
		if by["eu-west-1a"] >= 60 && by["office"] >= 60 {
			return probe.Choice{}, false
		}
		return session.Next(at, seq)
	})
	for o, err := range c.Run(t.Context(), &p, until) {
		if err != nil {
			t.Fatal(err)
		}
		by[o.Machine]++
		session.Add(&o)
	}
	return session.Report(analyze.Ending{RunID: "vantage", Stopped: "budget", Vantages: c.Vantages()})
}

// Where two places see different versions, the report says which sees what.
func TestWhichVantageSeesWhat(t *testing.T) {
	t.Parallel()
	rep := seenFrom(t, [2]string{"1", "2"})
	if len(rep.Findings) != 1 || rep.Findings[0].Cause != cause.EndpointSplit {
		t.Fatalf("%s: %+v, open %+v", rep.Outcome, rep.Findings, rep.Open)
	}
	for _, part := range []string{"eu-west-1a in eu-west-1, where the name resolves to 127.0.0.1:", "office, where the name resolves to 127.0.0.1:"} {
		if s := rep.Findings[0].Statement; !strings.Contains(s, part) {
			t.Errorf("no %q in %q", part, s)
		}
	}
}

// That a name leads elsewhere from another place is no finding by itself.
func TestVantagesThatSeeTheSame(t *testing.T) {
	t.Parallel()
	if rep := seenFrom(t, [2]string{"1", "1"}); len(rep.Findings) > 0 || rep.Outcome == analyze.Inconsistent {
		t.Errorf("%s: %+v", rep.Outcome, rep.Findings)
	}
}
