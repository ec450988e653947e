package analyze_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe/recording"
)

// A recording holds all that a verdict rests on: the plan, the configuration, every
// answer and what the logs said. `stageprobe check --record FILE` writes one.
func ExampleReplay() {
	rec, err := recording.Open("testdata/demo.jsonl.zst")
	if err != nil {
		log.Fatal(err)
	}
	policy, err := analyze.ReadPolicy(rec.Header.Policy)
	if err != nil {
		log.Fatal(err)
	}
	report, err := analyze.Replay(context.Background(), rec, policy)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Outcome)
	for _, f := range report.Findings {
		if f.Severity == cause.Error {
			fmt.Println(f.Cause, "on", strings.Join(f.Targets, ", "), "is", f.Linked)
		}
	}
	// Output:
	// inconsistent
	// canary-split on orders7x2a/prod is proven
	// wrong-stage on api.example.com is proven
}

// A rule of one's own is a row beside the table of causes: it reads the facts that
// all causes read, and its findings count, are ordered and are shown as theirs are.
func ExamplePolicy() {
	unlogged := cause.Cause{
		ID: "no-access-log", Step: 4, Severity: cause.Warning,
		After: []cause.ID{cause.WrongStage}, // known then has its findings
		Find: func(fx *cause.Facts, known *cause.Known) cause.Verdict {
			var v cause.Verdict
			for i, t := range fx.Plan.Targets {
				stage := fx.Snapshot.API(t.APIID).Stage(t.Stage)
				if stage == nil || stage.AccessLog.Destination != "" {
					continue
				}
				n := 0
				for _, row := range fx.Rows {
					if row.Target == i {
						n++
					}
				}
				f := cause.Finding{Linked: cause.Proven, Targets: []string{t.ID}}
				f.Say(fmt.Sprintf("Stage %s answered %d requests and writes no access log.", t.Stage, n))
				for _, other := range known.Findings() {
					if other.Targets[0] == t.ID {
						f.Say(fmt.Sprintf("It is not the stage meant, either (%s).", other.Cause))
					}
				}
				v.Found = append(v.Found, f)
			}
			return v
		},
	}

	rec, err := recording.Open("testdata/demo.jsonl.zst")
	if err != nil {
		log.Fatal(err)
	}
	report, err := analyze.Replay(context.Background(), rec, analyze.Policy{Causes: []cause.Cause{unlogged}})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.Cause == unlogged.ID {
			fmt.Println(f.Severity, "on", f.Targets[0]+":", f.Statement)
		}
	}
	// Output:
	// warning on api.example.com: Stage dev answered 10 requests and writes no access log. It is not the stage meant, either (wrong-stage).
}
