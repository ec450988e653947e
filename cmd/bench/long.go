package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"stageprobe/analyze"
	"stageprobe/probe"
	"stageprobe/probe/logs"
	"stageprobe/probe/recording"
)

// A run of any length, made up: a stage with a canary of 10 %, 10,000 different
// answers, and in the recording a log record for every tenth request.
const (
	distinct    = 10_000
	logged      = 10
	canaryShare = 10
)

var longTarget = probe.Target{
	ID: "abc/prod", URL: "https://abc.execute-api.us-east-1.amazonaws.com/prod", APIID: "abc", APIKind: probe.REST, Stage: "prod",
	Canary: &probe.Canary{Percent: canaryShare, DeploymentID: "old1x9"}, DeploymentID: "new2k4",
}

func longPlan(n int) *probe.Plan {
	p := plan("", "1.1", n, 50_000)
	p.Targets = []probe.Target{longTarget}
	return p
}

// made yields the observations of a run of n requests, and which were the
// canary's. What is yielded is overwritten.
func made(n int) iter.Seq2[*probe.Observation, bool] {
	return func(yield func(*probe.Observation, bool) bool) {
		rng := rand.New(rand.NewPCG(1, 2))
		d := &draws{rand.NewPCG(3, 4)}
		began := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
		bodies := make([][]byte, 2*distinct)
		for i := range bodies {
			body := bodyBase
			if i >= distinct {
				body = bodyCanary
			}
			bodies[i] = []byte(strings.Replace(body, "7f1c2a", fmt.Sprintf("%06x", i%distinct), 1))
		}
		o := probe.Observation{Target: longTarget.ID, Scenario: "GET /prod/orders", Rate: 50_000, RemoteIP: "192.0.2.1:443", Proto: "HTTP/1.1", Outcome: probe.OutcomeResponse, Status: 200}
		for i := range n {
			canary := rng.IntN(100) < canaryShare
			body, version := bodies[rng.IntN(distinct)], "41"
			if canary {
				body, version = bodies[distinct+rng.IntN(distinct)], "42"
			}
			o.Seq, o.Due = uint64(i), began.Add(time.Duration(i)*20*time.Microsecond)
			o.Sent = time.Duration(rng.IntN(1e5))
			o.TTFB = o.Sent + time.Duration(rng.IntN(1e6))
			o.Took = o.TTFB + time.Duration(rng.IntN(1e4))
			o.Conn, o.ConnN = 1+rng.IntN(32), 1+i/32
			o.MintedID = probe.MintedID(1, o.Seq)
			var trace [12]byte
			d.bytes(trace[:])
			o.Header = append(o.Header[:0], []probe.Header{
				{Name: "Date", Value: o.Due.Format(http.TimeFormat)}, {Name: "Content-Type", Value: "application/json"},
				{Name: "Content-Length", Value: strconv.Itoa(len(body))}, {Name: "Connection", Value: "keep-alive"},
				{Name: "x-amzn-RequestId", Value: o.MintedID}, {Name: "x-amz-apigw-id", Value: string(d.extended(nil))},
				{Name: "X-Amzn-Trace-Id", Value: "Root=1-6a0f3c5e-" + hex.EncodeToString(trace[:])}, {Name: "X-Backend-Version", Value: version},
			}...)
			o.Body, o.BodySize = body, int64(len(body))
			if !yield(&o, canary) {
				return
			}
		}
	}
}

// record writes a made-up recording and prints its bytes per observation, log
// records left out.
func record(args []string) error {
	fs := flag.NewFlagSet("record", flag.ExitOnError)
	n := fs.Int("n", 1_000_000, "observations")
	path := fs.String("o", "run.parquet", "file; with -shards a folder")
	shards := fs.Int("shards", 0, "write so many recordings of n observations each, as machines that share one plan do")
	_ = fs.Parse(args) // exits on errors
	if *shards > 0 {
		return recordShards(*path, *shards, *n)
	}
	policy, err := (&analyze.Policy{}).PolicyJSON()
	if err != nil {
		return err
	}
	w, err := recording.Create(*path, recording.Header{Run: "long", Started: time.Now(), Plan: *longPlan(*n), Snapshot: &probe.Snapshot{}, Policy: policy}, nil)
	if err != nil {
		return err
	}
	ev := probe.Evidence{Groups: []probe.LogGroup{{Name: "API-Gateway-Access-Logs_abc/prod", Source: probe.AccessLogSrc, APIID: "abc", Stage: "prod", Exists: true, Events: *n / logged}}}
	yes, no := true, false
	for o, canary := range made(*n) {
		if err := w.Observation(o); err != nil {
			return err
		}
		ev.ReadAt = o.Due.Add(time.Hour)
		if o.Seq%logged == 0 {
			side, deployment := &no, "new2k4"
			if canary {
				side, deployment = &yes, "old1x9"
			}
			ev.Records = append(ev.Records, probe.LogRecord{
				Source: probe.AccessLogSrc, Group: ev.Groups[0].Name, Time: o.Due, Ingested: o.Due.Add(5 * time.Second),
				RequestID: o.MintedID, APIID: "abc", Stage: "prod", Canary: side, DeploymentID: deployment,
			})
		}
	}
	if err := w.Evidence(&ev); err != nil {
		return err
	}
	return w.Close(recording.Trailer{Ended: time.Now(), Stopped: "budget"})
}

// recordShards writes the recordings of machines that send one plan together, each by
// turns: the i-th of n sends every n-th request.
func recordShards(folder string, n, each int) error {
	policy, err := (&analyze.Policy{}).PolicyJSON()
	if err != nil {
		return err
	}
	for i := range n {
		p := *longPlan(n * each)
		p.Machine = fmt.Sprintf("shard-%d", i+1)
		w, err := recording.Create(filepath.Join(folder, p.Machine+".parquet"),
			recording.Header{Run: "long", Machine: p.Machine, Started: time.Now(), Plan: p, Snapshot: &probe.Snapshot{}, Policy: policy}, nil)
		if err != nil {
			return err
		}
		for o := range made(each) {
			o.Seq = o.Seq*uint64(n) + uint64(i)
			o.Machine = p.Machine
			if err := w.Observation(o); err != nil {
				return err
			}
		}
		if err := w.Close(recording.Trailer{Ended: time.Now(), Stopped: "budget"}); err != nil {
			return err
		}
	}
	return nil
}

// merge measures how recordings of many machines are brought together in one report.
func merge(run func(counted, ok int, command ...string) (cost, error), self, tool, work string, shards, each int) error {
	folder := filepath.Join(work, "shards")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	n := shards * each
	if _, err := run(n, 0, self, "record", "-shards", strconv.Itoa(shards), "-n", strconv.Itoa(each), "-o", folder); err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*.parquet"))
	if err != nil {
		return err
	}
	command := append([]string{tool, "analyze", "--format", "json", "-o", filepath.Join(work, "merged.json")}, paths...)
	began := time.Now()
	read, err := run(n, 1, command...)
	if err != nil {
		return err
	}
	fmt.Printf("%d recordings of %d observations: merged and analyzed in %.1f s on %d CPUs, %.1f s of CPU (%.2f µs each) and %.0f MiB\n",
		shards, each, time.Since(began).Seconds(), runtime.NumCPU(), read.cpu*float64(n)/1e6, read.cpu, read.memory)
	return nil
}

// count counts a made-up run as a check does.
func count(args []string) error {
	fs := flag.NewFlagSet("count", flag.ExitOnError)
	n := fs.Int("n", 10_000_000, "observations")
	profile := fs.String("cpuprofile", "", "write a CPU profile here")
	_ = fs.Parse(args) // exits on errors
	stop, err := profiled(*profile)
	if err != nil {
		return err
	}
	defer stop()
	s := analyze.NewSession(*longPlan(*n), probe.Snapshot{}, analyze.Policy{})
	for o := range made(*n) {
		s.Add(o)
	}
	s.Report(analyze.Ending{RunID: "long", Stopped: "budget"})
	fmt.Println(*n, 0)
	return nil
}

// joinLogs reads a million log events of 100,000 requests and joins them with what
// was sent.
func joinLogs([]string) error {
	const n, events = 100_000, 1_000_000
	s := analyze.NewSession(*longPlan(n), probe.Snapshot{}, analyze.Policy{})
	ids, extended, times := make([]string, 0, n), make([]string, 0, n), make([]time.Time, 0, n)
	for o := range made(n) {
		s.Add(o)
		ids, extended, times = append(ids, o.MintedID), append(extended, o.ExtendedID()), append(times, o.Due)
	}
	lines := [...]string{"Extended Request Id: ", "Verifying Usage Plan for request", "API Key authorized because method 'GET /orders' does not require API Key",
		"Usage Plan check succeeded for API Key and API Stage abc/prod", "Starting execution for request", "HTTP Method: GET, Resource Path: /orders",
		"Endpoint request URI: https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/f/invocations", "Received response. Status: 200, Integration latency: 12 ms",
		"Successfully completed execution", "Method completed with status: 200"}
	const group = "API-Gateway-Execution-Logs_abc/prod"
	list := make([]logs.Event, 0, events)
	for i, id := range ids {
		for k, line := range lines {
			if k == 0 {
				line += extended[i]
			}
			at := times[i].Add(time.Duration(k) * time.Millisecond)
			list = append(list, logs.Event{Time: at, Ingested: at.Add(5 * time.Second), Group: group, Stream: "s", Message: []byte("(" + id + ") " + line)})
		}
	}
	runtime.GC()
	began := cpuTime()
	x := logs.NewExecution(logs.Options{})
	for _, e := range list {
		x.Add(e)
	}
	s.SetEvidence(probe.Evidence{Records: x.Records(), ReadAt: times[n-1].Add(time.Hour), Groups: []probe.LogGroup{{
		Name: group, Source: probe.ExecutionLog, APIID: "abc", Stage: "prod", Exists: true, Events: events}}})
	rep := s.Report(analyze.Ending{RunID: "logs", Stopped: "budget"})
	fmt.Printf("%d log events joined with %d requests in %.2f s of CPU: %d of %d matched\n", events, n, (cpuTime() - began).Seconds(), rep.Logs.Matched, rep.Logs.RequestsSampled)
	return nil
}

// long measures what grows with the length of a run: its recording, the memory of
// counting it, and the time to analyze it again.
func long(ctx context.Context, o options) error {
	work, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // a temporary folder
	tool, err := buildTool(ctx, work)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cpu := o.clientCPU
	if o.shards > 0 {
		cpu = allCPUs // files are read on all
	}
	run := func(counted int, ok int, command ...string) (cost, error) {
		return job{command: command, exit: ok, n: func([]byte) (int, float64, error) { return counted, 0, nil }}.run(ctx, cpu)
	}
	fmt.Println(machine())
	if o.shards > 0 {
		return merge(run, self, tool, work, o.shards, o.each)
	}
	for _, n := range o.lengths {
		path := filepath.Join(work, "run.parquet")
		if _, err := run(n, 0, self, "record", "-n", strconv.Itoa(n), "-o", path); err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		counted, err := run(n, 0, self, "count", "-n", strconv.Itoa(n))
		if err != nil {
			return err
		}
		read, err := run(n, 1, tool, "analyze", path, "--format", "json", "-o", filepath.Join(work, "report.json"))
		if err != nil {
			return err
		}
		fmt.Printf("%8d observations: counted in %4.0f MiB; recorded in %.1f bytes each, with logs of a tenth; analyzed in %.1f s of one CPU (%.2f µs each) and %.0f MiB\n",
			n, counted.memory, float64(info.Size())/float64(n), read.cpu*float64(n)/1e6, read.cpu, read.memory)
	}
	out, err := exec.CommandContext(ctx, self, "logs").CombinedOutput()
	fmt.Print(string(out))
	return err
}
