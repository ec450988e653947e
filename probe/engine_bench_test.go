package probe_test

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"stageprobe/probe"
)

// cannedAnswer is about what an API Gateway sends with a small JSON body.
const cannedAnswer = "HTTP/1.1 200 OK\r\nDate: Wed, 04 Mar 2026 12:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 27\r\n" +
	"Connection: keep-alive\r\nx-amzn-RequestId: 3f2a0c1e-0000-4000-8000-000000000000\r\nx-amz-apigw-id: AbCdEfGhIjKlMnO=\r\n" +
	"X-Amzn-Trace-Id: Root=1-65e5b5a0-000000000000000000000000\r\n\r\n" + `{"version":2,"items":[1,2]}`

// canned starts a server that reads little and answers always the same, so
// that the client's share of the CPU shows.
func canned(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				buf := make([]byte, 8<<10)
				for {
					if _, err := c.Read(buf); err != nil {
						return
					}
					if _, err := io.WriteString(c, cannedAnswer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// counted sends n requests, all to the same place.
type counted struct{ left int }

func (c *counted) Next(time.Time, uint64) (probe.Choice, bool) {
	c.left--
	return probe.Choice{}, c.left >= 0
}

func BenchmarkEngine(b *testing.B) {
	p := &probe.Plan{
		Targets:   []probe.Target{{ID: "t", URL: canned(b)}},
		Scenarios: []probe.Scenario{{Name: "s", Method: "GET", Path: "/prod/orders"}},
		Rate:      1e9, Workers: 8, Timeout: 5 * time.Second,
	}
	e := &probe.Engine{Mint: true, Transport: probe.Transport{Fresh: -1}}
	b.ReportAllocs()
	b.ResetTimer()
	for o, err := range e.Run(b.Context(), p, &counted{b.N}) {
		if err != nil || o.Status != 200 {
			b.Fatalf("%v %+v", err, o)
		}
	}
}

// BenchmarkNetHTTP is the same through net/http's client, which most load
// generators use: the measure to compare with.
func BenchmarkNetHTTP(b *testing.B) {
	url := canned(b) + "/prod/orders"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, Timeout: 5 * time.Second}
	b.ReportAllocs()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := client.Get(url)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := io.ReadAll(resp.Body); err != nil {
				b.Error(err)
			}
			_ = resp.Body.Close()
		}
	})
}
