// Package trial diagnoses the worlds of the embedded gateway, whose causes are
// known, and says what a diagnosis has right and wrong.
package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/scenarios/sandbox"
)

// Trial is one world of the embedded gateway, diagnosed once.
type Trial struct {
	World   string
	Logs    string // auto or off
	Seed    uint64
	Report  *analyze.Report
	Missing []string // true causes that were neither found nor asked about
	Open    []string // true causes that lead a question which the run left open
	False   []string // causes that were found and are not true
	Strong  []string // causes said more strongly than the evidence allows
}

// Right tells whether the diagnosis has every true cause and no false one.
func (t *Trial) Right() bool { return len(t.Missing)+len(t.Open)+len(t.False)+len(t.Strong) == 0 }

// Runner runs stageprobe with arguments, and returns what it said on standard
// error. How it ended shows in the report that it writes.
type Runner func(ctx context.Context, args []string) (said string)

// Run diagnoses an embedded world as demo does, with further flags of check, and
// holds the result against the world's truth.
func Run(ctx context.Context, run Runner, world *sandbox.World, logs string, seed uint64, more ...string) (*Trial, error) {
	dir, err := os.MkdirTemp("", "stageprobe-trial-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "report.json")
	args := []string{"demo", world.Name, "--quiet", "--logs", logs, "--seed", fmt.Sprint(seed), "--format", "json", "-o", path}
	said := run(ctx, append(args, more...))
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("diagnose world %s: no report: %s", world.Name, said)
	}
	t := &Trial{World: world.Name, Logs: logs, Seed: seed, Report: &analyze.Report{}}
	if err := json.Unmarshal(data, t.Report); err != nil {
		return nil, fmt.Errorf("diagnose world %s: read its report: %w", world.Name, err)
	}
	t.judge(world)
	return t, nil
}

// judge compares findings with the world's causes. Without logs another cause
// may stand in where the world says that the two cannot be told apart, and
// nothing that only a log can show may be called proven.
func (t *Trial) judge(world *sandbox.World) {
	for _, truth := range world.Causes {
		accepted := []string{truth.Cause}
		if t.Logs == "off" {
			accepted = append(accepted, truth.WithoutLogs...)
		}
		switch {
		case slices.ContainsFunc(t.Report.Findings, func(f cause.Finding) bool { return slices.Contains(accepted, string(f.Cause)) }):
		case slices.ContainsFunc(t.Report.Open, func(q analyze.Question) bool { return slices.Contains(accepted, q.Leader) }):
			t.Open = append(t.Open, truth.Cause)
		default:
			t.Missing = append(t.Missing, truth.Cause)
		}
	}
	for _, f := range t.Report.Findings {
		if !t.true(world, string(f.Cause)) {
			t.False = append(t.False, string(f.Cause))
		}
		if t.Logs == "off" && f.Cause == cause.CanarySplit && f.Linked != cause.ConsistentWith && f.Statistics.Test != "" && !certain(world) {
			t.Strong = append(t.Strong, string(f.Cause))
		}
	}
}

// certain tells whether a canary takes all traffic of a stage: which side
// served needs no log then.
func certain(world *sandbox.World) bool {
	return strings.Contains(world.Name, "-100")
}

func (t *Trial) true(world *sandbox.World, cause string) bool {
	for _, truth := range world.Causes {
		if truth.Cause == cause || (t.Logs == "off" && slices.Contains(truth.WithoutLogs, cause)) {
			return true
		}
	}
	return slices.Contains(world.Allowed, cause) || cause == volatile
}

// volatile is true of every world: a backend of the embedded gateway stamps its
// answers.
const volatile = "volatile-content"

// Wrong says what was wrong about a trial, or nothing.
func (t *Trial) Wrong() string {
	var parts []string
	for _, p := range []struct {
		what   string
		causes []string
	}{{"missing", t.Missing}, {"undecided", t.Open}, {"false", t.False}, {"too strong", t.Strong}} {
		if len(p.causes) > 0 {
			parts = append(parts, p.what+" "+strings.Join(p.causes, " and "))
		}
	}
	return strings.Join(parts, ", ")
}
