package recording_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
	"stageprobe/probe/recording"
	"stageprobe/probe/redact"
)

// plan is what a run was going to send.
func plan(requests int) *probe.Plan {
	return &probe.Plan{
		Targets:   []probe.Target{{ID: "abc/prod", URL: "https://example.com/prod", APIKind: probe.REST}},
		Scenarios: []probe.Scenario{{Name: "GET /orders", Method: "GET", Path: "/orders", Query: "limit=1"}},
		Seed:      7, Requests: requests, Rate: 2000, Workers: 4, Timeout: 5 * time.Second,
	}
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456789, time.UTC)

func header(machine string) recording.Header {
	p := *plan(100)
	p.Machine = machine
	return recording.Header{
		Run: "run-1", Machine: machine, Version: "1.2.3", Started: noon, Plan: p,
		Policy: json.RawMessage(`{"confidence":0.99}`),
	}
}

// rows makes n rows of a machine, one of each kind in turn.
func rows(machine string, n int) []probe.Observation {
	list := make([]probe.Observation, n)
	for i := range list {
		list[i] = probe.Observation{
			Machine: machine, Seq: uint64(i), Target: "abc/prod", Scenario: "GET /orders",
			Due: noon.Add(time.Duration(i) * time.Millisecond), Sent: 1, TTFB: 2000, Took: 3000, Rate: 12.5,
			Conn: 1 + i%3, ConnN: 1 + i/3, Fresh: i%8 == 0, RemoteIP: "192.0.2.1:443", Proto: "HTTP/2.0",
			Outcome: probe.OutcomeResponse, MintedID: fmt.Sprintf("id-%d", i), Status: 200,
			Header: []probe.Header{{Name: "content-type", Value: "application/json"}, {Name: "x-a", Value: ""}},
			Body:   []byte{0, 0xff, byte(i)}, BodySize: 99999, Truncated: true,
		}
		if i%5 == 4 {
			o := &list[i]
			*o = probe.Observation{Machine: machine, Seq: o.Seq, Target: o.Target, Scenario: o.Scenario, Due: o.Due,
				Outcome: probe.OutcomeTimeout, Err: "read: i/o timeout"}
		}
	}
	return list
}

func record(t *testing.T, name string, h recording.Header, list []probe.Observation) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	w, err := recording.Create(path, h, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if err := w.Observation(&list[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Snapshot(&probe.Snapshot{Region: "eu-west-1", Taken: noon}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b", "a"} {
		if err := w.Evidence(&probe.Evidence{Groups: []probe.LogGroup{{Name: "g", Events: len(id)}}, Records: []probe.LogRecord{{Group: "g", RequestID: id}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(recording.Trailer{Ended: noon.Add(time.Minute), Stopped: "budget"}); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, r *recording.Recording) []probe.Observation {
	t.Helper()
	var list []probe.Observation
	for o, err := range r.Observations() {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	return list
}

func shuffled(list []probe.Observation) []probe.Observation {
	list = append([]probe.Observation(nil), list...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

func TestRecordingRoundTrip(t *testing.T) {
	want := rows("m1", 700)
	for _, ext := range []string{".jsonl", ".jsonl.zst", ".parquet"} {
		t.Run(ext, func(t *testing.T) {
			path := record(t, "run"+ext, header("m1"), shuffled(want))
			r, err := recording.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, read(t, r)); diff != "" {
				t.Errorf("rows differ:\n%.2000s", diff)
			}
			if len(read(t, r)) != r.Rows {
				t.Error("a second reading differs")
			}
			h := header("m1")
			h.Format = recording.Format
			if diff := cmp.Diff(h, r.Header); diff != "" {
				t.Errorf("header differs:\n%s", diff)
			}
			if r.Snapshot == nil || r.Snapshot.Region != "eu-west-1" || r.Trailer == nil || r.Trailer.Stopped != "budget" || len(r.Notes) > 0 {
				t.Errorf("snapshot %v, trailer %v, notes %v", r.Snapshot, r.Trailer, r.Notes)
			}
			if err := r.ReadLogs(nil); err != nil {
				t.Fatal(err)
			}
			if len(r.Evidence.Records) != 2 || len(r.Evidence.Groups) != 1 {
				t.Errorf("evidence %+v", r.Evidence)
			}
			if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestShardsMergeExactlyInAnyOrder(t *testing.T) {
	a, b := rows("a", 50), rows("b", 30)
	paths := []string{
		record(t, "b.parquet", header("b"), shuffled(b)),
		record(t, "a2.jsonl.zst", header("a"), shuffled(a[25:])),
		record(t, "a1.jsonl", header("a"), shuffled(a[:25])),
	}
	for _, order := range [][]string{paths, {paths[2], paths[0], paths[1]}} {
		r, err := recording.Open(order...)
		if err != nil {
			t.Fatal(err)
		}
		// In the order of the whole run, of which each machine sent a part.
		want := slices.Concat(a, b)
		slices.SortStableFunc(want, func(x, y probe.Observation) int { return int(x.Seq) - int(y.Seq) })
		if diff := cmp.Diff(want, read(t, r)); diff != "" || r.Rows != 80 {
			t.Errorf("%d rows:\n%.1000s", r.Rows, diff)
		}
		if err := r.ReadLogs(nil); err != nil {
			t.Fatal(err)
		}
		if r.Header.Machine != "a" || len(r.Evidence.Records) != 2 {
			t.Errorf("machine %s, %d log records", r.Header.Machine, len(r.Evidence.Records))
		}
	}
}

func TestShardsThatDoNotBelongTogether(t *testing.T) {
	first := record(t, "a.jsonl", header("a"), rows("a", 5))
	other, changed := header("b"), header("b")
	other.Run = "run-2"
	changed.Plan.Rate = 9
	for want, paths := range map[string][]string{
		"stands in":           {first, record(t, "again.jsonl", header("a"), rows("a", 1))},
		"different runs":      {first, record(t, "other.jsonl", other, nil)},
		"different plans":     {first, record(t, "changed.jsonl", changed, nil)},
		"no such file":        {filepath.Join(t.TempDir(), "none.jsonl")},
		"no recording":        {},
		"begin like a record": {scrap(t, "x.jsonl", "{}\n")},
		"its format is":       {scrap(t, "x.jsonl", `{"header":{"format":"other/v1","run":"","started":"2026-01-01T00:00:00Z","plan":{}}}`+"\n")},
		"not a whole Parquet": {scrap(t, "x.parquet", "PAR1 and no more")},
		"line 1":              {scrap(t, "x.jsonl", "once upon a time\n")},
	} {
		if _, err := recording.Open(paths...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func scrap(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCutOffRecordingsReadUpToTheirLastCompleteRow(t *testing.T) {
	want := rows("m", 300)
	for _, ext := range []string{".jsonl", ".jsonl.zst"} {
		whole, err := os.ReadFile(record(t, "run"+ext, header("m"), want))
		if err != nil {
			t.Fatal(err)
		}
		for _, keep := range []int{len(whole) - 1, len(whole) * 3 / 4, len(whole) / 2} {
			r, err := recording.Open(scrap(t, "cut"+ext, string(whole[:keep])))
			if err != nil {
				t.Fatalf("%s cut at %d: %v", ext, keep, err)
			}
			got := read(t, r)
			if len(got) < 64 || !cmp.Equal(want[:len(got)], got) {
				t.Errorf("%s cut at %d of %d: %d rows", ext, keep, len(whole), len(got))
			}
			if r.Trailer != nil || len(r.Notes) != 1 {
				t.Errorf("%s cut at %d: trailer %v, notes %v", ext, keep, r.Trailer, r.Notes)
			}
		}
	}
}

func TestDamagedParquetIsAnErrorAtMost(t *testing.T) {
	whole, err := os.ReadFile(record(t, "run.parquet", header("m"), rows("m", 20)))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	refused := 0
	for range 60 {
		b := bytes.Clone(whole)
		for range 3 {
			b[rng.IntN(len(b))] ^= byte(1 << rng.IntN(8))
		}
		r, err := recording.Open(scrap(t, "run.parquet", string(b)))
		if err != nil {
			refused++
			continue
		}
		for range r.Observations() { // rows or an error, and an end
			continue
		}
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
}

func TestAnUnfinishedParquetRecordingSaysWhereItsRowsAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.parquet")
	w, err := recording.Create(path, header("m"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range rows("m", 512) {
		if err := w.Observation(&o); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	_, err = recording.Open(path) // killed here: never closed
	spill := path + ".partial"
	if err == nil || !strings.Contains(err.Error(), spill) {
		t.Fatalf("got %v", err)
	}
	r, err := recording.Open(spill)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(read(t, r)); n != 512 || len(r.Notes) != 1 {
		t.Errorf("%d rows, notes %v", n, r.Notes)
	}
}

func TestSecretsAreNeverWritten(t *testing.T) {
	secret := `s3cret/"+=` + "\u00e9"
	h := header("m")
	h.Plan.Scenarios = []probe.Scenario{{
		Name: "x", Method: "POST", Unsafe: true, Path: "/s3cret%2F%22+=%C3%A9", Query: "k=s3cret%2F%22%2B%3D%C3%A9",
		Header: []probe.Header{{Name: "x-api-key", Value: secret}}, Body: []byte("body " + secret),
	}}
	for _, ext := range []string{".jsonl", ".parquet"} {
		path := filepath.Join(t.TempDir(), "run"+ext)
		w, err := recording.Create(path, h, redact.New("", secret, "77"))
		if err != nil {
			t.Fatal(err)
		}
		quoted, _ := json.Marshal(map[string]string{"echo": secret})
		o := probe.Observation{Machine: "m", Seq: 77, Due: noon, Outcome: probe.OutcomeResponse, Err: secret, BodySize: 77,
			Header: []probe.Header{{Name: "x-echo", Value: "<" + secret + ">"}}, Body: quoted}
		if err := w.Observation(&o); err != nil {
			t.Fatal(err)
		}
		if err := w.Snapshot(&probe.Snapshot{APIs: []probe.API{{ID: "abc", Stages: []probe.Stage{{Variables: map[string]string{"key": secret}}}}}}); err != nil {
			t.Fatal(err)
		}
		if err := w.Evidence(&probe.Evidence{Records: []probe.LogRecord{{Lines: []string{"x-api-key=" + secret}}}}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(recording.Trailer{Stopped: "decided"}); err != nil {
			t.Fatal(err)
		}
		r, err := recording.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		all, _ := json.Marshal(r)
		for _, o := range read(t, r) {
			row, _ := json.Marshal(o)
			all = append(append(all, row...), o.Body...)
			if o.Seq != 77 || o.BodySize != 77 || string(o.Body) != `{"echo":"***"}` || o.Header[0].Value != "<***>" {
				t.Errorf("row %+v, body %s", o, o.Body)
			}
		}
		file, _ := os.ReadFile(path)
		for _, b := range [][]byte{all, file, r.Header.Plan.Scenarios[0].Body} {
			if bytes.Contains(b, []byte("s3cret")) {
				t.Errorf("%s: the secret is there: %.300s", ext, b)
			}
		}
		if o.Err != secret || h.Plan.Scenarios[0].Header[0].Value != secret {
			t.Error("the caller's own values were changed")
		}
	}
}

func TestCreateRefusesWhatItCannotWrite(t *testing.T) {
	for want, path := range map[string]string{
		"must end in .jsonl": filepath.Join(t.TempDir(), "run.csv"),
		"no such file":       filepath.Join(t.TempDir(), "none", "run.jsonl"),
	} {
		if _, err := recording.Create(path, header("m"), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// Other programs leave &, < and > in JSON strings as they are.
func TestSecretsInJSONOfOthers(t *testing.T) {
	r := redact.New(`a"b&c<"`)
	for _, said := range []string{`{"echo":"a\"b&c<\""}`, `{"echo":"a\"b\u0026c\u003c\""}`, `a"b&c<"`} {
		if clean := r.String(said); strings.Contains(clean, "b") || !strings.Contains(clean, "***") {
			t.Errorf("%s became %s", said, clean)
		}
	}
}

// TestEvidenceKeepsWhenItWasRead: what is absent from a log counts only as of
// the reading, and of several readings as of the first.
func TestEvidenceKeepsWhenItWasRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.jsonl")
	w, err := recording.Create(path, recording.Header{Run: "r"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)
	for _, at := range []time.Time{first.Add(time.Minute), first} {
		if err := w.Evidence(&probe.Evidence{ReadAt: at}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(recording.Trailer{Stopped: "decided"}); err != nil {
		t.Fatal(err)
	}
	rec, err := recording.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if !rec.Evidence.ReadAt.Equal(first) {
		t.Errorf("read at %s, want %s", rec.Evidence.ReadAt, first)
	}
}
