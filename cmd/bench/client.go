package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"stageprobe/analyze"
	"stageprobe/probe"
	"stageprobe/probe/recording"
)

// client sends requests with the engine and prints their number and, at a fixed
// rate, the scheduling error.
func client(args []string) error {
	fs := flag.NewFlagSet("client", flag.ExitOnError)
	url := fs.String("url", "", "what to ask")
	n := fs.Int("n", 50_000, "requests")
	rate := fs.Float64("rate", 0, "requests per second; 0: as fast as answers come")
	version := fs.String("http", "1.1", "HTTP version")
	count := fs.Bool("count", false, "reduce every answer to its features and count them, as a check does")
	keep := fs.Bool("record", false, "record every observation")
	dir := fs.String("dir", os.TempDir(), "where the recording is kept")
	profile := fs.String("cpuprofile", "", "write a CPU profile here")
	_ = fs.Parse(args) // exits on errors
	stop, err := profiled(*profile)
	if err != nil {
		return err
	}
	defer stop()
	p := plan(*url, *version, *n, *rate)
	work := &perAnswer{}
	if *count {
		work.session = analyze.NewSession(*p, probe.Snapshot{}, analyze.Policy{})
	}
	if *keep {
		path := filepath.Join(*dir, "bench.parquet")
		if work.writer, err = recording.Create(path, recording.Header{Run: "bench", Started: time.Now(), Plan: *p}, nil); err != nil {
			return err
		}
	}
	return work.run(p, *n, *rate > 0)
}

// profiled writes a CPU profile to a file until stop is called; "" for none.
func profiled(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return pprof.StopCPUProfile, pprof.StartCPUProfile(f)
}

func plan(url, version string, n int, rate float64) *probe.Plan {
	p := &probe.Plan{
		Targets:   []probe.Target{{ID: "abc/prod", URL: url, APIKind: probe.REST}},
		Scenarios: []probe.Scenario{{Name: "GET /prod/orders", Method: "GET"}},
		Seed:      1, Requests: n, Rate: rate, Workers: 32, Slots: 4, Timeout: 10 * time.Second, HTTP: version, Fixed: true,
	}
	if rate == 0 {
		p.Rate = 1e7
	}
	if version == "2" {
		p.Slots = 1 // one connection with all the requests, as the peers have it
	}
	return p
}

// perAnswer is what is done to every answer.
type perAnswer struct {
	session *analyze.Session
	writer  *recording.Writer
	late    []time.Duration
	failed  int
}

func (w *perAnswer) run(p *probe.Plan, n int, timed bool) error {
	e := &probe.Engine{Mint: true, Transport: probe.Transport{Insecure: true, Fresh: -1}}
	var o probe.Observation // one for all: nothing keeps it
	for next, err := range e.Run(context.Background(), p, &sendAll{n}) {
		if err != nil {
			return err
		}
		o = next
		if err := w.take(&o, timed); err != nil {
			return err
		}
	}
	if w.writer != nil {
		if err := w.writer.Close(recording.Trailer{Ended: time.Now(), Stopped: "budget"}); err != nil {
			return err
		}
	}
	if w.failed > 0 {
		return fmt.Errorf("%d of %d requests failed", w.failed, n)
	}
	fmt.Println(n, quantile(w.late))
	return nil
}

func (w *perAnswer) take(o *probe.Observation, timed bool) error {
	if o.Status != 200 {
		w.failed++
	}
	if timed {
		w.late = append(w.late, o.Sent)
	}
	if w.session != nil {
		w.session.Add(o)
	}
	if w.writer != nil {
		return w.writer.Observation(o)
	}
	return nil
}

// sendAll sends a number of requests.
type sendAll struct{ left int }

func (s *sendAll) Next(time.Time, uint64) (probe.Choice, bool) {
	s.left--
	return probe.Choice{}, s.left >= 0
}
