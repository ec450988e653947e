package draw

import (
	"fmt"
	"slices"
)

// Finding is what a report says, as far as the truth is concerned.
type Finding struct {
	Cause    string   `json:"cause"`
	Severity string   `json:"severity"`
	Linked   string   `json:"linked"`
	Targets  []string `json:"targets"`
	// DecidedMS is when it was decided, from the first request on; 0 where the report does not say.
	DecidedMS float64 `json:"decided_ms"`
}

// Judge holds the findings of a report against the truth: what had to be found
// and was not, and which errors are false.
func (t *Truth) Judge(findings []Finding) (missed, wrong []string) {
	for _, e := range t.Right {
		if e.Must && t.Find(findings, e) == nil {
			missed = append(missed, e.Cause)
		}
	}
	for _, f := range findings {
		if f.Severity == "error" && !t.right(f) && !slices.Contains(wrong, f.Cause) {
			wrong = append(wrong, f.Cause)
		}
	}
	return missed, wrong
}

// Find is the finding that was expected, nil where there is none.
func (t *Truth) Find(findings []Finding, e Expected) *Finding {
	for i := range findings {
		if findings[i].Cause == e.Cause && t.concerns(findings[i].Targets, e.Target) {
			return &findings[i]
		}
	}
	return nil
}

func (t *Truth) right(f Finding) bool {
	return slices.ContainsFunc(t.Right, func(e Expected) bool { return e.Cause == f.Cause && t.concerns(f.Targets, e.Target) })
}

// concerns tells whether a finding's targets hold one, or the domain that leads
// to it.
func (t *Truth) concerns(targets []string, target string) bool {
	return slices.Contains(targets, target) || (t.Condition != WrongStage && slices.Contains(targets, domain))
}

// String is the truth in one line.
func (t *Truth) String() string {
	text := fmt.Sprintf("%s; %s; moves %v", t.Condition, t.Logs, t.Moves)
	if t.Percent > 0 {
		text += fmt.Sprintf("; canary %g %%", t.Percent)
	}
	if t.Difference != "" {
		text += "; differs in " + t.Difference
	}
	return text
}
