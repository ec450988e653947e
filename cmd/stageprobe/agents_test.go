package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze"
)

// A plan gives one report however many agents send it, each a process of its own.
func TestAgentsGiveOneReport(t *testing.T) {
	t.Parallel()
	numbers := []int{1, 2}
	if *long {
		numbers = []int{1, 2, 4, 8}
	}
	b := open(t, load(t, "domain-wrong-stage"))
	fixed := []string{"--requests", "60", "--seed", "11", "--logs", "off", "--rate", "600", "--fixed"}
	whole := withoutVantage(timeless(t, b.check(t, "whole.json", fixed...)))
	for _, n := range numbers {
		got := b.coordinate(t, n, fixed...)
		if got.Run.Lost > 0 || len(b.rows(t, fmt.Sprintf("agents-%d.parquet", n))) != got.Run.Requests {
			t.Errorf("%d agents: %d of %d requests lost", n, got.Run.Lost, got.Run.Requests)
		}
		if diff := cmp.Diff(whole, withoutVantage(timeless(t, got))); diff != "" {
			t.Errorf("one machine and %d agents:\n%s", n, diff)
		}
	}
}

// coordinate runs a check that so many agents send.
func (b *box) coordinate(t *testing.T, n int, more ...string) *analyze.Report {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	name := fmt.Sprintf("agents-%d.json", n)
	args := slices.Concat([]string{"coordinate", "--wait-agents", fmt.Sprint(n)}, b.probing(), more, []string{"--record", b.path(fmt.Sprintf("agents-%d.parquet", n)), "--format", "json", "-o", b.path(name)})
	lead := exec.CommandContext(ctx, "stageprobe", args...)
	out, err := lead.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lead.Stderr = &said
	if err := lead.Start(); err != nil {
		t.Fatal(err)
	}
	printed := bufio.NewReader(out)
	first, err := printed.ReadString('\n')
	address, found := strings.CutPrefix(strings.TrimSpace(first), "nats: ")
	if err != nil || !found {
		t.Fatalf("the first line is %q: %v; %s", first, err, said.String())
	}
	for i := range n {
		agent := exec.CommandContext(ctx, "stageprobe", "agent", "-q", "--nats", address, "--vantage", fmt.Sprint("place-", i), "--allow", "*", "--rate", "600")
		if err := agent.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { stop(); _ = agent.Wait() }()
	}
	_, _ = io.Copy(io.Discard, printed)
	_ = lead.Wait() // with the report's code
	return b.read(t, name, lead.ProcessState.ExitCode(), said.String())
}

// withoutVantage is a report without what says from where was sent.
func withoutVantage(v any) any {
	if m, ok := v.(map[string]any); ok {
		delete(m, "vantages")
	}
	return v
}
