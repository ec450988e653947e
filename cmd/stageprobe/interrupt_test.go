package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stageprobe/analyze"
	"stageprobe/cmd/stageprobe/internal/cli"
	"stageprobe/probe/recording"
)

// cancelAt cancels once a run says that it is under way.
type cancelAt struct {
	bytes.Buffer
	mark   string
	cancel context.CancelFunc
}

func (w *cancelAt) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if strings.Contains(w.String(), w.mark) {
		w.cancel()
	}
	return n, err
}

// TestInterruptEarly interrupts before the configuration is read: there is
// nothing to report on yet, and nothing was used wrongly.
func TestInterruptEarly(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"demo", "check"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		args := map[string][]string{
			"demo":  {"demo", "healthy", "--seed", "3"},
			"check": {"check", "--api", "abc123", "--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:1"},
		}[command]
		var said bytes.Buffer
		code := cli.Main(ctx, args, cli.Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &said})
		if code != int(cli.ExitInterrupted) {
			t.Errorf("%s: exit code %d, want %d; stderr: %s", command, code, cli.ExitInterrupted, said.String())
		}
	}
}

// TestInterrupt ends a run half-way: the recording and the report are written,
// and both say so. The plan is printed right before the first request is sent,
// so the interrupt comes with the run barely begun.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kept, report := filepath.Join(dir, "run.jsonl.zst"), filepath.Join(dir, "report.json")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said := &cancelAt{mark: "with User-Agent", cancel: cancel}
	code := cli.Main(ctx, []string{
		"demo", "healthy", "--seed", "3", "--record", kept, "--format", "json", "-o", report,
	}, cli.Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: said})
	if code != int(cli.ExitInterrupted) {
		t.Fatalf("exit code %d, want %d; stderr: %s", code, cli.ExitInterrupted, said.String())
	}
	var rep analyze.Report
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &rep); err != nil {
		t.Fatal(err)
	}
	if rep.Run.Stopped != "interrupted" || rep.ExitCode != 130 || rep.Outcome == analyze.Consistent {
		t.Errorf("the report says %q, exit code %d, outcome %s", rep.Run.Stopped, rep.ExitCode, rep.Outcome)
	}
	rec, err := recording.Open(kept)
	if err != nil {
		t.Fatal(err)
	}
	if rec.Trailer == nil || rec.Trailer.Stopped != "interrupted" {
		t.Errorf("the recording ends with %+v", rec.Trailer)
	}
	if rec.Rows != rep.Run.Requests {
		t.Errorf("%d rows recorded, %d reported", rec.Rows, rep.Run.Requests)
	}
}
