package simulate

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"stageprobe/analyze"
	"stageprobe/probe"
)

// waitRequests are how many answers a wait is watched for.
const waitRequests = 3000

// rest draws how large the share of old answers still is after so many, which
// never falls to what a wait is to exclude.
type rest func(*rand.Rand) func(n int) float64

var rests = []struct {
	name string
	draw rest
}{
	{"the share of old answers stays", func(rng *rand.Rand) func(int) float64 {
		p := logBetween(rng, .0101, .0115)
		return func(int) float64 { return p }
	}},
	{"the share of old answers falls and stays", func(rng *rand.Rand) func(int) float64 {
		p, fall := logBetween(rng, .0101, .0115), logBetween(rng, 10, 1000)
		return func(n int) float64 { return p + (1-p)*math.Exp(-float64(n)/fall) }
	}},
}

// waits measures how often "at most 1 % could still be old" is said at any look
// although more is.
func waits(ctx context.Context, o Options) ([]Figure, error) {
	const group = "A wait that is told to be over, at any look, while more than 1 % is old"
	var out []Figure
	for _, r := range rests {
		runs := o.everRuns()
		hits, err := play(ctx, o.Seed, "wait "+r.name, runs, func(rng *rand.Rand) bool { return overTooEarly(r.draw(rng), rng) })
		if err != nil {
			return nil, err
		}
		out = append(out, o.rate(group, r.name, count(hits), runs, alpha, EverTarget))
	}
	return out, nil
}

// overTooEarly plays a wait and looks wherever a claim could be made.
func overTooEarly(old func(int) float64, rng *rand.Rand) bool {
	in := World{Rate: 20, Scenarios: 1}.design().World.input()
	session := analyze.NewSession(in.Plan, in.Snapshot, analyze.Policy{})
	wanted := &analyze.Wanted{Met: func(o *probe.Observation) (met, known bool) { return string(o.Body) == newBody, true }}
	since := 0
	for n := range waitRequests {
		body := newBody
		if rng.Float64() < old(n) {
			body = oldBody
		}
		since = (since + 1) * bit(body == newBody)
		o := waitAnswer(n, &in.Plan, body)
		session.Add(&o)
		session.Mark(&o, wanted)
		// 459 answers exclude 1 %: no claim can be made of fewer.
		if since < 459 || since%50 != 9 {
			continue
		}
		if session.Converge(wanted)[0].Converged {
			return true
		}
	}
	return false
}

const (
	oldBody = `{"version":"1"}`
	newBody = `{"version":"2"}`
)

func waitAnswer(n int, plan *probe.Plan, body string) probe.Observation {
	return probe.Observation{
		Machine: "machine", Seq: uint64(n), Target: plan.Targets[0].ID, Scenario: plan.Scenarios[0].Name,
		Due: began.Add(time.Duration(n) * 50 * time.Millisecond), Took: 30 * time.Millisecond, Rate: 20, Conn: 1 + n%4, ConnN: 1 + n/4,
		RemoteIP: "192.0.2.1:443", Outcome: probe.OutcomeResponse, Status: 200,
		Header: []probe.Header{{Name: "content-type", Value: "application/json"}}, Body: []byte(body),
	}
}
