package cause

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Explain asks every cause of the table what it says of the evidence so far. It is
// a pure function of its input and cheap enough to be called after every batch. It
// panics where the causes that the input adds have a name twice, or read verdicts in a
// circle or of causes that there are not.
func Explain(in Input) Result {
	in.prepare()
	causes := table(slices.Concat(Causes, in.Causes))
	order := causes.inOrder()
	if order == nil {
		panic("cause: the added causes have no order")
	}
	fx := gather(&in)
	var verdicts []Verdict
	var j *judgement
	for _, c := range order {
		if c.Find == nil {
			continue
		}
		if c.Laws != nil && j == nil {
			j = judge(fx, know(fx, verdicts, nil, every))
		}
		may := causes.reads(c)
		v := c.Find(fx, know(fx, verdicts, j, func(id ID) bool { return may[id] }))
		verdicts = append(verdicts, v.complete(c, causes))
	}
	return conclude(fx, j, verdicts, causes)
}

func every(ID) bool { return true }

// complete fills in what the table says of a verdict's findings.
func (v Verdict) complete(c *Cause, causes table) Verdict {
	v.cause = c.ID
	for i := range v.Found {
		f := &v.Found[i]
		f.Cause = cmp.Or(f.Cause, c.ID) // a switch to failure is reported as what it is
		f.Step, f.Severity = c.Step, cmp.Or(f.Severity, c.Severity)
		f.Targets, f.Scenarios, f.Remedy = listed(f.Targets), listed(f.Scenarios), listed(f.Remedy)
		f.key = cmp.Or(f.key, strings.Join(f.Targets, " "))
		if row := causes.of(f.Cause); row != nil {
			f.Step = row.Step
		}
		if f.Statistics != nil {
			f.Statistics.Statistic = finite(f.Statistics.Statistic)
		}
	}
	v.Found = joined(v.Found)
	return v
}

// listed is a list that JSON shows as one.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// prepare fills defaults and puts rows into order.
func (in *Input) prepare() {
	in.Confidence = cmp.Or(in.Confidence, .99)
	in.MinShare = cmp.Or(in.MinShare, .01)
	order := func(a, b *Row) int { return cmp.Or(cmp.Compare(a.Machine, b.Machine), cmp.Compare(a.Seq, b.Seq)) }
	for i := max(1, in.Kept); i < len(in.Rows); i++ {
		if order(&in.Rows[i-1], &in.Rows[i]) > 0 {
			in.Rows = slices.SortedStableFunc(slices.Values(in.Rows), func(a, b Row) int { return order(&a, &b) })
			in.Memory, in.Kept = nil, 0
			break
		}
	}
}

func conclude(fx *Facts, j *judgement, verdicts []Verdict, causes table) Result {
	r := Result{
		Claims: map[string]float64{}, Strays: map[string]int{}, Posteriors: map[string][]Hypothesis{}, Measured: map[string]Interval{},
		Seen: map[string]map[string]Fact{}, Settings: map[string][]Setting{},
		Behaviours: fx.partition, Rows: fx.Rows, Clusters: fx.Clusters, Moves: movesOf(fx),
	}
	known := know(fx, verdicts, j, every)
	verdicts = append(verdicts, consistency(fx, known, &r))
	r.Notes = append(remarks(fx, known), j.notes...)
	costs := j.cost
	asked := false // the splits' questions come before those of the causes that read their verdicts
	for i := range verdicts {
		v := &verdicts[i]
		if c := causes.of(v.cause); !asked && (c == nil || c.Laws != nil) {
			r.Open, asked = append(r.Open, j.open...), true
		}
		r.Findings, r.Open, r.Notes = append(r.Findings, v.Found...), append(r.Open, v.Open...), append(r.Notes, v.Notes...)
		costs = append(costs, v.cost...)
		maps.Copy(r.Seen, v.seen)
		maps.Copy(r.Settings, v.settings)
	}
	r.Findings, r.Notes = causes.resolve(r.Findings, r.Notes)
	if fx.Done {
		for i := range r.Findings {
			f := &r.Findings[i]
			if sub := fx.find(func(t *target) bool { return slices.Contains(f.Targets, t.ID) }); sub != nil {
				whoChanged(fx, sub, f)
				surround(fx, sub, f)
				showsNext(fx, sub, f, r.Findings)
			}
		}
		r.Notes = append(r.Notes, aside(fx, r.Findings)...)
	}
	r.Efficiency, r.Efficiencies = efficiency(costs), efficiencies(costs)
	perTarget(fx, j, &r)
	r.Steps = stepEvidence(fx, &r)
	r.Decided = true
	for _, o := range r.Open {
		r.Decided = r.Decided && o.More == 0
		r.Remaining = max(r.Remaining, o.More)
	}
	r.Next = nextCells(fx, known, r.Open)
	if !fx.Thorough {
		r.Ended = known.ended(r.Open)
	}
	return r
}

// perTarget fills in what is said of each target: posteriors, and the canary's
// share as the logs tell it.
func perTarget(fx *Facts, j *judgement, r *Result) {
	for i, sub := range fx.targets {
		if len(j.weighed[i]) > 0 {
			r.Posteriors[sub.ID] = j.weighed[i]
		}
		if canary, known := measured(fx, sub); sub.Canary != nil && known > 0 && float64(known) >= tuning.Measurable*float64(sub.n()) {
			r.Measured[sub.ID] = *interval(canary, known, fx.alpha)
		}
	}
}
