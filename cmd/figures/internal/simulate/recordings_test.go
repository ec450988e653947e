package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/probe/recording"
)

// recorded is a simulated run as the probe would have recorded it.
type recorded struct {
	header   recording.Header
	snapshot probe.Snapshot
	rows     []probe.Observation
	records  []probe.LogRecord
	groups   []probe.LogGroup
}

// recordWorld plays a world and keeps what the probe would see of it.
func recordWorld(w World, n int, rng *rand.Rand) recorded {
	v := newView(w)
	r := recorded{
		header: recording.Header{Format: recording.Format, Run: "run-1", Version: "1", Started: began, Plan: v.in.Plan,
			Policy: json.RawMessage(`{"confidence":0.99}`)},
		snapshot: v.in.Snapshot,
		groups:   []probe.LogGroup{{Name: "API-Gateway-Access", APIID: apiID, Stage: "prod", Exists: true, Events: n}},
	}
	for _, row := range w.Take(n, rng) {
		r.rows = append(r.rows, v.observation(&row))
		if row.Label == LabelUnknown {
			continue
		}
		canary, last := row.Canary, &r.rows[len(r.rows)-1]
		r.records = append(r.records, probe.LogRecord{
			Group: "API-Gateway-Access", RequestID: last.RequestID(), APIID: apiID, Stage: "prod", Canary: &canary,
			Time: last.Due, Ingested: last.Due.Add(time.Second), Complete: true,
		})
	}
	return r
}

func (v *view) observation(row *Row) probe.Observation {
	status := 200
	if v.world.look(row) == Failing {
		status = 502
	}
	return probe.Observation{
		Machine: fmt.Sprint("machine-", row.Machine), Seq: uint64(row.Seq),
		Target: v.in.Plan.Targets[row.Target].ID, Scenario: v.in.Plan.Scenarios[row.Scenario].Name,
		Due: began.Add(row.At), TTFB: 20 * time.Millisecond, Took: 30 * time.Millisecond, Rate: 20,
		Conn: row.Conn, ConnN: row.ConnN, Fresh: row.Fresh, RemoteIP: fmt.Sprintf("192.0.2.%d:443", 1+row.Address),
		Outcome: probe.OutcomeResponse, Status: status,
		Header: []probe.Header{
			{Name: "content-type", Value: "application/json"},
			{Name: "x-amzn-requestid", Value: fmt.Sprintf("00000000-0000-4000-8000-%012d", row.Index)},
		},
		Body: fmt.Appendf(nil, `{"version":"v%d","trace":"%08x"}`, row.Behaviour, row.Index*2654435761),
	}
}

// shards writes a run to files, each row and each log record to any one of them,
// in any order.
func (r *recorded) shards(t *testing.T, files int, rng *rand.Rand) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	kinds := []string{".jsonl", ".jsonl.zst", ".parquet"}
	rows, records := make([][]int, files), make([][]int, files)
	for _, i := range rng.Perm(len(r.rows)) {
		rows[i%files] = append(rows[i%files], i)
	}
	for _, i := range rng.Perm(len(r.records)) {
		f := rng.IntN(files)
		records[f] = append(records[f], i)
	}
	for f := range files {
		path := filepath.Join(dir, fmt.Sprint("shard", f, kinds[rng.IntN(len(kinds))]))
		paths = append(paths, path)
		r.write(t, path, rows[f], records[f])
	}
	rng.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	return paths
}

func (r *recorded) write(t *testing.T, path string, rows, records []int) {
	t.Helper()
	w, err := recording.Create(path, r.header, nil)
	if err != nil {
		t.Fatal(err)
	}
	ev := probe.Evidence{Groups: r.groups, ReadAt: began.Add(time.Hour)}
	for _, i := range records {
		ev.Records = append(ev.Records, r.records[i])
	}
	for _, i := range rows {
		err = w.Observation(&r.rows[i])
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{w.Snapshot(&r.snapshot), w.Evidence(&ev), w.Close(recording.Trailer{Ended: began.Add(time.Hour), Stopped: "budget"})} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// diagnosed is the report on recordings, as bytes.
func diagnosed(t *testing.T, paths []string) []byte {
	t.Helper()
	rec, err := recording.Open(paths...)
	if err != nil {
		t.Fatal(err)
	}
	s := analyze.NewSession(rec.Header.Plan, *rec.Snapshot, analyze.Policy{})
	for o, err := range rec.Observations() {
		if err != nil {
			t.Fatal(err)
		}
		s.Add(&o)
	}
	if err := rec.ReadLogs(nil); err != nil {
		t.Fatal(err)
	}
	s.SetEvidence(*rec.Evidence)
	out, err := json.Marshal(s.Report(analyze.Ending{RunID: rec.Header.Run, Started: rec.Header.Started, Ended: rec.Trailer.Ended, Stopped: rec.Trailer.Stopped}))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func encode(t *testing.T, r cause.Result) string {
	t.Helper()
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestAnySplitOverRecordingsGivesTheSameReport: how rows and log records are
// spread over files, and in which order they stand there, changes no byte.
func TestAnySplitOverRecordingsGivesTheSameReport(t *testing.T) {
	w := World{Percent: 10, Machines: 3, Scenarios: 2, Looks: map[int]Look{2: Failing},
		Layers: []Layer{Canary(.1), clean(1), Flake(.05, 2), perfect()}}
	rng := rand.New(rand.NewPCG(1, 2))
	r := recordWorld(w, 600, rng)
	want := diagnosed(t, r.shards(t, 1, rng))
	for _, cause := range []string{canarySplit, flakyBackend} {
		if !bytes.Contains(want, []byte(`"cause":"`+cause+`"`)) {
			t.Fatalf("%s is not named: %s", cause, want)
		}
	}
	for files := 2; files <= 8; files++ {
		if got := diagnosed(t, r.shards(t, files, rng)); !bytes.Equal(got, want) {
			t.Errorf("%d recordings give another report:\n%s\nwant\n%s", files, got, want)
		}
	}
}
