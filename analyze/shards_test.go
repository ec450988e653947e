package analyze_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze"
	"stageprobe/probe"
	"stageprobe/probe/recording"
)

// record writes what machines that share one plan saw: a stage with a canary that logs
// every fifth request, two scenarios of which one is rare, answers that move, answers
// that hold the request's own id, and requests without an answer.
func record(t *testing.T, ext string, machines, n int) []string {
	t.Helper()
	canary := probe.Canary{Percent: 10, DeploymentID: "old1x9"}
	p := probe.Plan{
		Seed: 5, Requests: n, Rate: 1000, Fixed: true,
		Targets: []probe.Target{{ID: "abc/prod", URL: "https://abc.execute-api.us-east-1.amazonaws.com/prod", APIID: "abc", APIKind: probe.REST,
			Stage: "prod", Canary: &canary, DeploymentID: "new2k4"}},
		Scenarios: []probe.Scenario{{Name: "GET /", Method: "GET", Path: "/", Weight: 1}, {Name: "GET /rare", Method: "GET", Path: "/rare", Weight: 1}},
	}
	paths, out, seen := make([]string, machines), make([]*recording.Writer, machines), make([]probe.Evidence, machines)
	group := probe.LogGroup{Name: "API-Gateway-Access-Logs_abc/prod", Source: probe.AccessLogSrc, APIID: "abc", Stage: "prod", Exists: true, Events: n}
	began := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for i := range machines {
		h := recording.Header{Run: "r", Machine: fmt.Sprintf("m%d", i), Started: began, Plan: p, Snapshot: &probe.Snapshot{}}
		paths[i] = filepath.Join(t.TempDir(), h.Machine+ext)
		w, err := recording.Create(paths[i], h, nil)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = w
		seen[i] = probe.Evidence{Groups: []probe.LogGroup{group}, ReadAt: began.Add(time.Hour)}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for seq := range uint64(n) {
		i := rng.IntN(machines)
		minted, old := probe.MintedID(p.Seed, seq), rng.IntN(10) == 0
		version := 2
		if old {
			version = 1
		}
		o := probe.Observation{
			Machine: fmt.Sprintf("m%d", i), Seq: seq, Target: "abc/prod", Scenario: "GET /", Due: began.Add(time.Duration(seq) * time.Millisecond), Sent: 1, Rate: 1000,
			Conn: 1 + i, ConnN: 1 + int(seq), RemoteIP: "192.0.2.1:443", Proto: "HTTP/1.1", Outcome: probe.OutcomeResponse, MintedID: minted, Status: 200,
			TTFB: 2 * time.Millisecond, Took: 3 * time.Millisecond,
			Header: []probe.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "x-amzn-RequestId", Value: minted}},
			Body:   fmt.Appendf(nil, `{"version":%d,"took":%d}`, version, rng.IntN(300)),
		}
		switch rng.IntN(100) {
		case 0:
			o.Scenario, o.Body = "GET /rare", []byte(`{"rare":true}`)
		case 1:
			o.Header = append(o.Header, probe.Header{Name: "x-echo", Value: "of " + minted})
		case 2:
			o.Outcome, o.Status, o.Header, o.Body, o.TTFB = probe.OutcomeTimeout, 0, nil, nil, 0
		}
		o.BodySize = int64(len(o.Body))
		if err := out[i].Observation(&o); err != nil {
			t.Fatal(err)
		}
		if seq%5 == 0 && o.Status > 0 {
			seen[i].Records = append(seen[i].Records, probe.LogRecord{Source: probe.AccessLogSrc, Group: group.Name, Time: o.Due, Ingested: o.Due.Add(time.Second),
				RequestID: minted, APIID: "abc", Stage: "prod", Canary: &old})
		}
	}
	for i, w := range out {
		if err := w.Evidence(&seen[i]); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(recording.Trailer{Ended: began.Add(time.Hour), Stopped: "budget"}); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

func replayed(t *testing.T, paths []string) (*analyze.Report, string) {
	t.Helper()
	rec, err := recording.Open(paths...)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := analyze.Replay(t.Context(), rec, analyze.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(rep)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", " "); err != nil {
		t.Fatal(err)
	}
	return rep, b.String()
}

// TestShardsAreCounted holds the report of shards that are counted, as Parquet is,
// against that of the same rows read one by one.
func TestShardsAreCounted(t *testing.T) {
	for _, n := range []int{60, 3000, 40_000} {
		rows, want := replayed(t, record(t, ".jsonl", 4, n))
		paths := record(t, ".parquet", 4, n)
		_, got := replayed(t, paths)
		if told, read := counted(t, paths); rows.Run.Requests != n || told != n || read >= n/2 && n > 1000 {
			t.Errorf("%d requests of %d; counted %d, of which %d were read", rows.Run.Requests, n, told, read)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d rows, read and counted:\n%.3000s", n, diff)
		}
	}
}

// counted tells how many rows shards have, and how many must be read to count them.
func counted(t *testing.T, paths []string) (n, read int) {
	t.Helper()
	rec, err := recording.Open(paths...)
	if err != nil {
		t.Fatal(err)
	}
	rows, ok, err := rec.Counted(func(string, uint64) bool { return false })
	if err != nil || !ok {
		t.Fatalf("not counted: %v", err)
	}
	for k, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		n += max(1, k.Others)
		if k.Others == 0 {
			read++
		}
	}
	return n, read
}

// TestShardsInAnyOrder names the files in another order.
func TestShardsInAnyOrder(t *testing.T) {
	paths := record(t, ".parquet", 3, 500)
	_, want := replayed(t, paths)
	_, got := replayed(t, []string{paths[2], paths[0], paths[1]})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in another order:\n%.3000s", diff)
	}
}

// TestKeptRowsAreCounted holds the report of a long recording as columns, of which most
// rows are only counted, against that of the same rows read one by one.
func TestKeptRowsAreCounted(t *testing.T) {
	_, want := replayed(t, record(t, ".jsonl", 1, 40_000))
	_, got := replayed(t, record(t, ".parquet", 1, 40_000))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read and counted:\n%.3000s", diff)
	}
}
