package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze"
	"stageprobe/probe/recording"
)

// The parts of a plan are sent by machines that never speak to each other, and what
// they recorded gives the report that one machine would have given.
func TestShardsGiveTheReportOfOneMachine(t *testing.T) {
	t.Parallel()
	b := open(t, load(t, "domain-wrong-stage"))
	fixed := []string{"--requests", "60", "--seed", "11", "--logs", "off", "--rate", "600"}
	whole := b.check(t, "whole.json", append(fixed, "--fixed", "--record", b.path("whole.parquet"))...)
	const n = 3
	parts := []string{"analyze"}
	sent := map[uint64]string{}
	for i := range n {
		name := fmt.Sprintf("shard-%d.parquet", i+1)
		b.check(t, fmt.Sprintf("part-%d.json", i+1), append(fixed, "--shard", fmt.Sprintf("%d/%d", i+1, n), "--record", b.path(name))...)
		parts = append(parts, b.path(name))
		for seq, what := range b.rows(t, name) {
			if sent[seq] != "" {
				t.Errorf("request %d was sent by two shards", seq)
			}
			sent[seq] = what
		}
	}
	if diff := cmp.Diff(b.rows(t, "whole.parquet"), sent); diff != "" {
		t.Errorf("the shards sent another plan:\n%s", diff)
	}
	slices.Reverse(parts[1:]) // in which order they are named does not matter
	merged := b.report(t, "merged.json", append(parts, "-q", "--format", "json", "-o", b.path("merged.json")))
	if diff := cmp.Diff(timeless(t, whole), timeless(t, merged)); diff != "" {
		t.Errorf("one machine and %d shards:\n%s", n, diff)
	}
}

// rows are the requests of a recording: what was sent where.
func (b *box) rows(t testing.TB, name string) map[uint64]string {
	t.Helper()
	rec, err := recording.Open(b.path(name))
	if err != nil {
		t.Fatal(err)
	}
	out := map[uint64]string{}
	for o, err := range rec.Observations() {
		if err != nil {
			t.Fatal(err)
		}
		out[o.Seq] = fmt.Sprint(o.Target, " ", o.Scenario, " ", o.Among, " ", o.Fresh, " ", o.MintedID)
	}
	return out
}

// timeless is a report without its times, and without what names the run: what
// has to be the same however many machines there were.
func timeless(t testing.TB, rep *analyze.Report) any {
	t.Helper()
	copied := *rep
	copied.Run.ID, copied.Run.Started, copied.Run.Ended, copied.Run.Cost = "", time.Time{}, time.Time{}, recording.Cost{}
	copied.Notes = slices.DeleteFunc(slices.Clone(rep.Notes), func(n string) bool { return strings.Contains(n, "requests per second were sent") })
	text, err := json.Marshal(copied)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return without(v)
}

// without takes out what each run has of its own.
func without(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			switch key {
			case "latency_ms", "timeline", "decided_ms", "example", "evidence", "request_id_example", "at", "taken", "command", "retest", "first", "last":
				delete(v, key)
			default:
				v[key] = without(v[key])
			}
		}
	case []any:
		for i := range v {
			v[i] = without(v[i])
		}
	case string: // which command looks again is each run's own, too
		text, _, _ := strings.Cut(v, "; after mending: ")
		return text
	}
	return v
}
