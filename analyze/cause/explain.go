package cause

import (
	"cmp"
	"slices"
)

// Explain weighs every cause against the evidence so far. It is a pure function
// of its input and cheap enough to be called after every batch.
//
// The causes are asked in the order in which one can hide another: an address
// that leads to nothing or to another stage is no split, what a configuration
// refuses to everybody is no flake, and only what is left is weighed as a split.
// No answer is explained twice.
func Explain(in Input) Result {
	in.prepare()
	s := newStudy(&in)
	r := Result{
		Claims: map[string]float64{}, Posteriors: map[string][]Hypothesis{}, Measured: map[string]Interval{},
	}
	s.unmapped()
	s.wrongStage()
	s.deployments()
	s.throttled()
	s.drift()
	s.denied()
	s.linkedSplits()
	s.weighSplits()
	s.cachedRefusals()
	s.overtaken()
	s.staleCanaries()
	s.consistency(&r)
	s.remarks()
	s.finish(&r)
	return r
}

// prepare fills defaults and puts rows into order.
func (in *Input) prepare() {
	in.Confidence = cmp.Or(in.Confidence, .99)
	in.MinShare = cmp.Or(in.MinShare, .01)
	order := func(a, b Row) int { return cmp.Or(cmp.Compare(a.Machine, b.Machine), cmp.Compare(a.Seq, b.Seq)) }
	if !slices.IsSortedFunc(in.Rows, order) {
		in.Rows = slices.SortedStableFunc(slices.Values(in.Rows), order)
	}
}

// finish puts the result together.
func (s *study) finish(r *Result) {
	slices.SortStableFunc(s.findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Severity.Rank(), b.Severity.Rank()),
			cmp.Compare(slices.Index(Causes, a.Cause), slices.Index(Causes, b.Cause)),
			slices.Compare(a.Targets, b.Targets),
		)
	})
	for _, sub := range s.subjects {
		if len(sub.weighed) > 0 {
			r.Posteriors[sub.ID] = sub.weighed
		}
		if canary, known := s.measured(sub); sub.Canary != nil && known > 0 && float64(known) >= measurable*float64(sub.answered()) {
			r.Measured[sub.ID] = *interval(canary, known, s.alpha)
		}
	}
	r.Behaviours, r.Rows, r.Clusters = s.partition, s.Rows, s.Clusters
	r.Steps = s.steps()
	r.Findings, r.Open, r.Notes = s.findings, s.open, s.notes
	r.Settings, r.Seen = s.settings, s.seen
	r.Efficiency = s.efficiency()
	r.Decided = true
	for _, o := range s.open {
		r.Decided = r.Decided && o.More == 0
		r.Remaining = max(r.Remaining, o.More)
	}
	r.Next = s.next()
}

// measurable is the part of the requests whose side must be known before the
// canary's share is stated: what is still unknown is mostly the stage's own.
const measurable = .9

// answered counts the rows that the logs may know the side of.
func (sub *subject) answered() int {
	n := 0
	for _, c := range sub.cells {
		n += len(c.rows)
	}
	return n
}

// report adds a finding. One cause of one stage, seen through several targets, is
// one finding: the strongest speaks.
func (s *study) report(f Finding, key string) {
	if f.Statistics != nil {
		f.Statistics.Statistic = finite(f.Statistics.Statistic)
	}
	s.keys = append(s.keys, string(f.Cause)+" "+key)
	for i, k := range s.keys[:len(s.keys)-1] {
		if k == s.keys[len(s.keys)-1] {
			s.findings[i] = merge(s.findings[i], f)
			s.keys = s.keys[:len(s.keys)-1]
			return
		}
	}
	s.findings = append(s.findings, f)
}

var strength = []Link{Proven, Statistical, ConsistentWith}

// merge joins two findings of one cause.
func merge(a, b Finding) Finding {
	strong, weak := a, b
	if slices.Index(strength, b.Linked) < slices.Index(strength, a.Linked) {
		strong, weak = b, a
	}
	targets := slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Targets, b.Targets))))
	if len(targets) > len(strong.Targets) {
		var others []string
		for _, t := range weak.Targets {
			if !slices.Contains(strong.Targets, t) {
				others = append(others, t)
			}
		}
		strong.Statement += " The same is seen through " + list(others) + "."
	}
	strong.Targets = targets
	for _, name := range weak.Scenarios {
		if !slices.Contains(strong.Scenarios, name) {
			strong.Scenarios = append(slices.Clone(strong.Scenarios), name)
		}
	}
	strong.Evidence = evidence(slices.Concat(strong.Evidence, weak.Evidence)...)
	return strong
}
