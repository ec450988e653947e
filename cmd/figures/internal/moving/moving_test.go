package moving

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"stageprobe/scenarios/sandbox/draw"
)

// The program itself is built and run; what it finds is not this test's matter.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	var out, told strings.Builder
	o := Options{
		Runs: 1, Seed: 3, Conditions: []draw.Condition{draw.WithLogs}, Requests: 60, Rate: 1000,
		Draw: draw.Options{Moves: []string{"pod"}, Difference: "version"}, Verbose: true, Told: &told,
	}
	if _, err := Run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "\n| with-logs | 1 |") || strings.Contains(out.String(), "not run | 1") {
		t.Errorf("%s\n%s", out.String(), told.String())
	}
	if !strings.Contains(told.String(), "seed 3: with-logs; ") || !strings.Contains(told.String(), "differs in version") {
		t.Errorf("told %s", told.String())
	}
}

func TestTable(t *testing.T) {
	of := func(seed uint64, c draw.Condition, missed, wrong []string, requests int) *trial {
		return &trial{seed: seed, truth: draw.Truth{Condition: c, Moves: []string{"pod"}, Difference: "text"}, missed: missed, wrong: wrong, requests: requests}
	}
	lost := of(9, draw.Healthy, nil, nil, 0)
	lost.err = errors.New("no socket")
	trials := []*trial{
		of(1, draw.WithLogs, nil, nil, 40), of(2, draw.WithLogs, nil, []string{"flaky-backend"}, 60),
		of(3, draw.WithLogs, []string{"canary-split"}, nil, 1500), of(4, draw.WithLogs, []string{"canary-split"}, []string{"flaky-backend"}, 1500),
		of(5, draw.WithoutLogs, nil, nil, 400), lost,
	}
	var b strings.Builder
	if err := write(&b, trials); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| with-logs | 4 | 1 | 2 | 2 | 0 | 40 | 60 |",
		"| without-logs, other | 1 | 1 | 0 | 0 | 0 | 400 | 400 |",
		"| healthy | 1 | 0 | 0 | 0 | 1 | – | – |",
		"| with-logs | missed canary-split | 2 | 3 4 |",
		"| with-logs | false flaky-backend | 2 | 2 4 |",
		"| healthy | not run | 1 | 9 |",
		"pod 2 of 5", "text 2 of 5",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	if text := fmt.Sprint(lost); !strings.Contains(text, "not run: no socket") {
		t.Error(text)
	}
}
