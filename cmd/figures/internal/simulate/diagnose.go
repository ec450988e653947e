package simulate

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/cause"
)

// How a run looks at what has come, as the command does.
const (
	// Budget is how many requests a run may send per address.
	Budget      = 2000
	calibrating = 9  // requests per scenario and address before the first look
	lookEvery   = 20 // requests
	logWait     = 2 * time.Minute
)

// Verdict is how one run of a world ended.
type Verdict struct {
	Result  cause.Result
	Used    int  // requests
	Decided bool // before the budget was spent
}

// Diagnose plays a world and weighs it after each batch until every question is
// decided or the budget is spent; then the logs are waited for.
func Diagnose(w World, rng *rand.Rand) Verdict {
	v := newView(w)
	d := w.design()
	most := Budget * v.world.Targets
	look := max(lookEvery, calibrating*v.world.Targets*v.world.Scenarios)
	for n := 1; n <= most; n++ {
		row := d.play(rng)
		v.add(row)
		if n == look && n < most {
			look += lookEvery
			if r := cause.Explain(v.at(row.At, false)); r.Decided {
				return Verdict{cause.Explain(v.at(row.At+logWait, true)), n, true}
			} else {
				d.advised = r.Next
			}
		}
		if n == most {
			return Verdict{cause.Explain(v.at(row.At+logWait, true)), n, false}
		}
	}
	return Verdict{}
}

// Outcome is how a verdict compares with the truth.
type Outcome uint8

// The outcomes.
const (
	Right        Outcome = iota
	Inconclusive         // nothing false is said, and something is left open
	Wrong
)

// named are the causes of a result, in the order of the report format.
func named(r *cause.Result) []string {
	var out []string
	for _, c := range cause.IDs() {
		if slices.ContainsFunc(r.Findings, func(f cause.Finding) bool { return f.Cause == c }) {
			out = append(out, string(c))
		}
	}
	return out
}

// called is a verdict in a word, the columns of a confusion matrix.
func (v *Verdict) called(w World) string {
	found := slices.DeleteFunc(named(&v.Result), func(c string) bool { return !slices.Contains(w.Causes, c) && w.may(c) })
	if w.judge(v) == Inconclusive {
		return "inconclusive"
	}
	if len(found) == 0 {
		return "consistent"
	}
	return strings.Join(found, " + ")
}

// judge compares a verdict with the world's causes.
func (w World) judge(v *Verdict) Outcome {
	found := named(&v.Result)
	for _, c := range found {
		if !w.may(c) {
			return Wrong
		}
	}
	for _, c := range w.Causes {
		if !slices.Contains(found, c) {
			if len(v.Result.Open) > 0 {
				return Inconclusive
			}
			return Wrong
		}
	}
	if len(w.Causes) == 0 && !v.Decided && len(v.Result.Open) > 0 {
		return Inconclusive
	}
	return Right
}

// falselyDriven is a false finding that claims more than that a share fits; ""
// where there is none.
func (w World) falselyDriven(r *cause.Result) string {
	for _, f := range r.Findings {
		if f.Linked != cause.ConsistentWith && !w.may(string(f.Cause)) {
			return string(f.Cause)
		}
	}
	return ""
}
