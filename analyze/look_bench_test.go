package analyze

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"stageprobe/probe"
)

// BenchmarkLook weighs runs of several lengths: about 100 features, and as factors
// the side of a canary, two addresses, 32 connections and whether one is new.
func BenchmarkLook(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := manyFeatures(n)
			b.ReportAllocs()
			for b.Loop() {
				s.Decide(false)
			}
		})
	}
}

// BenchmarkNextLook weighs a run again after twenty more answers, as it grows.
func BenchmarkNextLook(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, rng := manyFeatures(n), rand.New(rand.NewPCG(2, 2))
			s.Decide(false)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				for range lookEvery {
					s.Add(manyFields(n, rng))
					n++
				}
				b.StartTimer()
				s.Decide(false)
			}
		})
	}
}

// manyFeatures is a run whose answers have some 100 features, of which one moves.
func manyFeatures(n int) *Session {
	plan := probe.Plan{Targets: []probe.Target{{ID: "abc/prod", APIID: "abc", Stage: "prod", Canary: &probe.Canary{Percent: 10}}},
		Scenarios: []probe.Scenario{{Name: "GET /", Method: "GET"}}, Requests: n, Fixed: true}
	s := NewSession(plan, probe.Snapshot{}, Policy{})
	rng := rand.New(rand.NewPCG(1, 1))
	ev := probe.Evidence{ReadAt: time.Unix(1<<31, 0), Groups: []probe.LogGroup{{Name: "g", APIID: "abc", Stage: "prod", Exists: true}}}
	sides := [2]bool{true, false}
	for i := range n {
		s.Add(manyFields(i, rng))
	}
	for i := range s.rows {
		ev.Records = append(ev.Records, probe.LogRecord{RequestID: s.rows[i].ids.request, APIID: "abc", Stage: "prod", Canary: &sides[min(1, rng.IntN(10))]})
	}
	s.SetEvidence(ev)
	return s
}

// manyFields is the i-th answer of such a run.
func manyFields(i int, rng *rand.Rand) *probe.Observation {
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	body := fmt.Sprintf(`{"moves":%d%s}`, rng.IntN(4), fields48())
	return &probe.Observation{
		Seq: uint64(i), Target: "abc/prod", Scenario: "GET /", Due: time.Unix(int64(i), 0), Took: time.Millisecond, Outcome: probe.OutcomeResponse, Status: 200,
		Conn: 1 + rng.IntN(32), ConnN: 1 + i/32, Fresh: i%10 == 0, RemoteIP: fmt.Sprintf("192.0.2.%d:443", 1+rng.IntN(2)),
		Header: []probe.Header{{Name: "x-amzn-RequestId", Value: id}, {Name: "x-amz-apigw-id", Value: "K2H60H42IAMEsHA="}, {Name: "Content-Type", Value: "application/json"}},
		Body:   []byte(body), BodySize: int64(len(body)),
	}
}

var fields48 = sync.OnceValue(func() string {
	var b strings.Builder
	for i := range 48 {
		fmt.Fprintf(&b, `,"field%d":%d`, i, i)
	}
	return b.String()
})
