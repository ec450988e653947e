package recording

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"stageprobe/probe"
)

func someRows() []probe.Observation {
	due := time.Date(2026, 3, 4, 12, 0, 0, 5, time.UTC)
	return []probe.Observation{
		{Seq: 0, Target: "abc/prod", Scenario: "s", Due: due, Sent: 5, TTFB: 900, Took: 1000, Rate: 10, Conn: 1, ConnN: 1, Proto: "HTTP/1.1",
			Outcome: probe.OutcomeResponse, Status: 200, MintedID: probe.MintedID(7, 0), BodySize: 2, Body: []byte{0, 0xff},
			Header: []probe.Header{{Name: "x-amzn-RequestId", Value: probe.MintedID(7, 0)}, {Name: "X-Amzn-Trace-Id", Value: "Root=1-65e5b5a0-0123456789abcdef01234567"}, {Name: "via", Value: "a: b"}}},
		{Seq: 1, Target: "abc/prod", Scenario: "s", Due: due.Add(time.Second), Sent: 5, Took: 7, Outcome: probe.OutcomeTimeout, Err: "read: i/o timeout", MintedID: "own"},
		{Seq: 2, Target: "abc/prod", Scenario: "s", Due: due.Add(2 * time.Second), Sent: 5, TTFB: 4, Took: 5, Outcome: probe.OutcomeResponse, Status: 500, Body: []byte("no"), BodySize: 70000,
			BodyHash: 1 << 63, Truncated: true, Header: []probe.Header{{Name: "odd\n", Value: "\xff"}}},
	}
}

// TestOldParquetRecordings reads columns as they were before headers were packed.
func TestOldParquetRecordings(t *testing.T) {
	var file bytes.Buffer
	w := parquet.NewGenericWriter[oldParquetRow](&file)
	header, err := json.Marshal(Header{Format: Format, Run: "r"})
	if err != nil {
		t.Fatal(err)
	}
	w.SetKeyValueMetadata(metaHeader, string(header))
	w.SetKeyValueMetadata(metaEvidence, `[{"records":[{"source":"access-log","request_id":"a","complete":true}]}]`)
	row := oldParquetRow{Seq: 3, Target: "abc/prod", Due: 5, TTFB: 9, Took: 10, Outcome: "response", Status: 200, MintedID: "m", Header: []parquetHeader{{"A", "b"}}, Body: []byte("x"), BodySize: 1}
	if _, err := w.Write([]oldParquetRow{row}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "old.parquet")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for o, err := range r.Observations() {
		if err != nil || o.Seq != 3 || o.TTFB != 9 || o.Took != 10 || o.MintedID != "m" || !slices.Equal(o.Header, []probe.Header{{Name: "A", Value: "b"}}) || string(o.Body) != "x" {
			t.Errorf("%+v (%v)", o, err)
		}
	}
	if err := r.ReadLogs(nil); err != nil {
		t.Fatal(err)
	}
	if r.Rows != 1 || r.Evidence == nil || len(r.Evidence.Records) != 1 {
		t.Errorf("%d rows, evidence %+v", r.Rows, r.Evidence)
	}
}

const readWithPython = `
import json, sys
q = ["seq", "outcome", "status", "body", "head", "head_hex", "head_text", "due", "is_log"]
try:
    import pyarrow.parquet as pq
    rows = pq.read_table(sys.argv[1], columns=q)
    rows = list(zip(*[rows[c].cast("int64").to_pylist() if c == "due" else rows[c].to_pylist() for c in q]))
except ImportError:
    import duckdb
    rows = duckdb.sql("select " + ", ".join("epoch_ns(due)" if c == "due" else c for c in q) + " from '" + sys.argv[1] + "'").fetchall()
print(json.dumps([[v.hex() if isinstance(v, bytes) else v for v in r] for r in rows]))
`

// TestOtherReaders reads a recording with pyarrow or DuckDB, where Python has one.
func TestOtherReaders(t *testing.T) {
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	if exec.Command(python, "-c", "import pyarrow.parquet").Run() != nil && exec.Command(python, "-c", "import duckdb").Run() != nil {
		t.Skip("neither pyarrow nor duckdb is there; set PYTHON to a Python that has one")
	}
	path := filepath.Join(t.TempDir(), "run.parquet")
	w, err := Create(path, Header{Run: "r", Plan: probe.Plan{Seed: 7}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	list := someRows()
	for i := range list {
		if err := w.Observation(&list[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Evidence(&probe.Evidence{Records: []probe.LogRecord{{RequestID: "a"}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(Trailer{Stopped: "budget"}); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-c", readWithPython, path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	head := `"x-amzn-RequestId: \u0001\nX-Amzn-Trace-Id: Root=1-65e5b5a0-0123456789abcdef01234567\nvia: a: b\n"`
	want := `[[0, "response", 200, "00ff", ` + head + `, "", "", 1772625600000000005, false], ` +
		`[1, "timeout", 0, "", "", "", "", 1772625601000000005, false], ` +
		`[2, "response", 500, "6e6f", "\u0000[[\"b2RkCg==\",\"/w==\"]]", "", "", 1772625602000000005, false], ` +
		`[0, "", 0, "", "", "", "", 0, true]]`
	if got := string(bytes.TrimSpace(out)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestParquetRowsReadBackExactly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.parquet")
	w, err := Create(path, Header{Run: "r", Plan: probe.Plan{Seed: 7}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	list := someRows()
	for i := len(list) - 1; i >= 0; i-- {
		if err := w.Observation(&list[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(Trailer{Stopped: "budget"}); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for o, err := range r.Observations() {
		if err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(o)
		want, _ := json.Marshal(list[i])
		if !bytes.Equal(got, want) || !slices.Equal(o.Header, list[i].Header) {
			t.Errorf("row %d:\n%s\nwant\n%s", i, got, want)
		}
		i++
	}
	if i != len(list) {
		t.Errorf("%d rows of %d", i, len(list))
	}
}
