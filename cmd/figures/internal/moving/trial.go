package moving

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"stageprobe/scenarios/sandbox"
	"stageprobe/scenarios/sandbox/draw"
)

// trial is one drawn world, diagnosed once.
type trial struct {
	seed          uint64
	draw          draw.Options
	truth         draw.Truth
	report        report
	requests      int // to the finding, or in all where nothing was to be found
	missed, wrong []string
	err           error
}

// report is what is read of a JSON report (stageprobe.report/v1).
type report struct {
	Outcome  string         `json:"outcome"`
	ExitCode int            `json:"exit_code"`
	Verdict  []string       `json:"verdict"`
	Findings []draw.Finding `json:"findings"`
	Run      struct {
		Requests int    `json:"requests"`
		Stopped  string `json:"stopped"`
	} `json:"run"`
}

func (t *trial) right() bool { return t.err == nil && len(t.missed)+len(t.wrong) == 0 }

// longest is how long one world may take.
const longest = 3 * time.Minute

// run draws the world of the trial's condition, serves it and diagnoses it.
func (t *trial) run(ctx context.Context, o Options, dir string) error {
	c := t.truth.Condition
	drawn, err := draw.World(t.seed, c, t.draw)
	if err != nil {
		return err
	}
	t.truth = drawn.Truth
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	if dir, err = os.MkdirTemp(dir, "world-"); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server, err := sandbox.Start(drawn.World, sandbox.Options{Seed: t.seed})
	if err != nil {
		return err
	}
	defer server.Close()
	path := filepath.Join(dir, "report.json")
	args, err := arguments(drawn.World, server, dir)
	if err != nil {
		return err
	}
	args = append(args, o.arguments(c, t.seed)...)
	if err := check(ctx, o.Binary, append(args, "--format", "json", "-o", path), dir); err != nil {
		return err
	}
	return t.read(path, o.Rate)
}

// arguments lead check to the world.
func arguments(w *sandbox.World, server *sandbox.Server, dir string) ([]string, error) {
	ca, file := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "scenarios.yaml")
	err := errors.Join(os.WriteFile(ca, server.CACert(), 0o600), os.WriteFile(file, []byte(w.Check.Scenarios), 0o600))
	args := append([]string{"check"}, w.Check.Args...)
	args = append(args, "--scenarios", file, "--cacert", ca, "--endpoint-url", server.ControlURL(), "--region", w.Region)
	for _, to := range server.ConnectTo() {
		args = append(args, "--connect-to", to)
	}
	return args, err
}

func (o Options) arguments(c draw.Condition, seed uint64) []string {
	requests := cmp.Or(o.Requests, 1500)
	if c == draw.Partial {
		requests = cmp.Or(o.Requests, 4000)
	}
	return []string{"--quiet", "--logs", o.Logs, "--log-wait", "10s", "--seed", fmt.Sprint(seed),
		"--rate", fmt.Sprint(o.Rate), "--requests", fmt.Sprint(requests)}
}

// check runs the program. Its exit codes for findings and open questions are no
// error here.
func check(ctx context.Context, binary string, args []string, home string) error {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "AWS_ACCESS_KEY_ID=SANDBOX", "AWS_SECRET_ACCESS_KEY=sandbox"}
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && slices.Contains([]int{1, 3}, exit.ExitCode()) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

func (t *trial) read(path string, rate float64) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &t.report); err != nil {
		return err
	}
	t.missed, t.wrong = t.truth.Judge(t.report.Findings)
	t.requests = t.report.Run.Requests
	for _, e := range t.truth.Right {
		if f := t.truth.Find(t.report.Findings, e); e.Must && f != nil && f.DecidedMS > 0 {
			t.requests = min(t.requests, int(f.DecidedMS*rate/1000))
		}
	}
	return nil
}

// row is where a trial counts: its condition, without logs apart for what no
// test can show without them.
func (t *trial) row() string {
	if t.truth.Condition != draw.WithoutLogs {
		return string(t.truth.Condition)
	}
	if t.truth.Class {
		return "without-logs, class feature"
	}
	return "without-logs, other"
}

// String tells a trial in a few lines.
func (t *trial) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %s", t.seed, &t.truth)
	switch {
	case t.err != nil:
		fmt.Fprintf(&b, "\n  not run: %v", t.err)
	case t.right():
		fmt.Fprintf(&b, "\n  right after %d requests", t.report.Run.Requests)
	default:
		fmt.Fprintf(&b, "\n  missed %v, false %v after %d requests (%s)", t.missed, t.wrong, t.report.Run.Requests, t.report.Run.Stopped)
	}
	for _, f := range t.report.Findings {
		fmt.Fprintf(&b, "\n  %s, %s, %s, of %v", f.Cause, f.Severity, f.Linked, f.Targets)
	}
	return b.String()
}
