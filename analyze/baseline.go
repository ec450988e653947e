package analyze

import (
	"fmt"
	"slices"

	"stageprobe/analyze/cause"
)

// Compare says finding by finding what became of an earlier report: still
// there, new, or mended.
func (rep *Report) Compare(before *Report) {
	for i := range rep.Findings {
		f := &rep.Findings[i]
		f.Baseline = "new"
		if slices.ContainsFunc(before.Findings, func(b cause.Finding) bool { return same(*f, b) }) {
			f.Baseline = "still there"
		}
	}
	for _, b := range before.Findings {
		if slices.ContainsFunc(rep.Findings, func(f cause.Finding) bool { return same(f, b) && f.Severity.Rank() <= b.Severity.Rank() }) {
			continue // what is left of it, where that is less severe, is a finding of its own
		}
		b.Baseline = "mended"
		if !rep.covers(b) {
			b.Baseline = "not checked this time"
		}
		rep.Mended = append(rep.Mended, b)
	}
}

// same tells whether two findings are about the same thing: the same cause on
// at least one common target.
func same(a, b cause.Finding) bool {
	if a.Cause != b.Cause {
		return false
	}
	if len(a.Targets) == 0 || len(b.Targets) == 0 {
		return len(a.Targets) == len(b.Targets)
	}
	return slices.ContainsFunc(a.Targets, func(t string) bool { return slices.Contains(b.Targets, t) })
}

// covers tells whether this run could have seen an earlier finding again: it
// reached a target of it, and left no question about that target open. A canary
// that the configuration has no longer needs no answer to be gone.
func (rep *Report) covers(f cause.Finding) bool {
	ofCanary := f.Cause == cause.CanarySplit || f.Cause == cause.StaleCanary
	open := func(target string) bool {
		return slices.ContainsFunc(rep.Open, func(q Question) bool { return q.Target == target })
	}
	return len(f.Targets) == 0 || slices.ContainsFunc(rep.Targets, func(t Target) bool {
		removed := ofCanary && t.Canary == nil && t.DeploymentID != ""
		return slices.Contains(f.Targets, t.ID) && t.Requests > 0 && (removed || !open(t.ID))
	})
}

// sinceBaseline counts what became of the findings of an earlier report; ""
// where none was given, or neither has any.
func (rep *Report) sinceBaseline() string {
	count := map[string]int{}
	for _, f := range slices.Concat(rep.Findings, rep.Mended) {
		if f.Severity != cause.Info { // nothing that anybody mends
			count[f.Baseline]++
		}
	}
	if len(count) == 0 || len(count) == 1 && count[""] > 0 {
		return ""
	}
	text := fmt.Sprintf("Since the baseline: %d mended, %d still there, %d new", count["mended"], count["still there"], count["new"])
	if n := count["not checked this time"]; n > 0 {
		text += fmt.Sprintf(", %d not checked this time", n)
	}
	return text + "."
}
