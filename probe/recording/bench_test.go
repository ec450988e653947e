package recording_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"stageprobe/probe"
	"stageprobe/probe/recording"
)

// answered makes rows like those of a REST API's stage under load.
func answered(n int) []probe.Observation {
	rng := rand.New(rand.NewPCG(3, 4))
	list := make([]probe.Observation, n)
	for i := range list {
		var id [12]byte
		for k := range id {
			id[k] = byte(rng.Uint32())
		}
		minted := fmt.Sprintf("%08x-0000-4000-8000-%012x", rng.Uint32(), rng.Uint64()>>16)
		sent := time.Duration(rng.IntN(1e5))
		list[i] = probe.Observation{
			Seq: uint64(i), Target: "abc/prod", Scenario: "GET /orders", Due: noon.Add(time.Duration(i) * 20 * time.Microsecond),
			Sent: sent, TTFB: sent + time.Duration(rng.IntN(1e6)), Rate: 5e4, Conn: 1 + rng.IntN(32), ConnN: 1 + i/32,
			RemoteIP: "192.0.2.1:443", Proto: "HTTP/1.1", Outcome: probe.OutcomeResponse, MintedID: minted, Status: 200,
			Header: []probe.Header{{Name: "Date", Value: "Wed, 04 Mar 2026 12:00:00 GMT"}, {Name: "Content-Type", Value: "application/json"}, {Name: "Content-Length", Value: "27"},
				{Name: "Connection", Value: "keep-alive"}, {Name: "x-amzn-RequestId", Value: minted}, {Name: "x-amz-apigw-id", Value: fmt.Sprintf("%013xAb=", rng.Uint64()>>12)},
				{Name: "X-Amzn-Trace-Id", Value: "Root=1-65e5b5a0-" + hex.EncodeToString(id[:])}, {Name: "X-Backend-Version", Value: "41"}},
			Body: []byte(`{"version":2,"items":[1,2]}`), BodySize: 27,
		}
		list[i].Took = list[i].TTFB + time.Duration(rng.IntN(1e4))
	}
	return list
}

func BenchmarkRecording(b *testing.B) {
	list := answered(10_000)
	path := filepath.Join(b.TempDir(), "run.parquet")
	w, err := recording.Create(path, header(""), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		o := &list[i%len(list)]
		o.Seq = uint64(i)
		if err := w.Observation(o); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(recording.Trailer{Stopped: "budget"}); err != nil {
		b.Fatal(err)
	}
	if info, err := os.Stat(path); err == nil {
		b.ReportMetric(float64(info.Size())/float64(b.N), "bytes/row")
	}
}

func BenchmarkReadingARecording(b *testing.B) {
	path := filepath.Join(b.TempDir(), "run.parquet")
	w, err := recording.Create(path, header(""), nil)
	if err != nil {
		b.Fatal(err)
	}
	list := answered(10_000)
	for i := range b.N {
		o := &list[i%len(list)]
		o.Seq = uint64(i)
		if err := w.Observation(o); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(recording.Trailer{Stopped: "budget"}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	r, err := recording.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	for _, err := range r.Observations() {
		if err != nil {
			b.Fatal(err)
		}
	}
}
