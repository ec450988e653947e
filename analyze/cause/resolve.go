package cause

import (
	"cmp"
	"slices"
)

// joined makes one finding of those of one cause that speak of one stage, seen
// through several targets: the strongest speaks.
func joined(findings []Finding) []Finding {
	var out []Finding
	for _, f := range findings {
		if i := slices.IndexFunc(out, func(o Finding) bool { return o.key == f.key }); i >= 0 {
			out[i] = merge(out[i], f)
		} else {
			out = append(out, f)
		}
	}
	return out
}

// SeenThrough are further targets through which the same is seen.
type SeenThrough struct {
	said
	Targets []string
}

// EditsWaited says that edits waited for a deployment of some targets, whose
// behaviour has changed since.
type EditsWaited struct {
	said
	Targets []string
}

var strength = []Link{Proven, Statistical, ConsistentWith}

func merge(a, b Finding) Finding {
	strong, weak := a, b
	if slices.Index(strength, b.Linked) < slices.Index(strength, a.Linked) {
		strong, weak = b, a
	}
	targets := compacted(slices.Concat(a.Targets, b.Targets))
	if len(targets) > len(strong.Targets) {
		others := slices.DeleteFunc(slices.Clone(weak.Targets), func(t string) bool { return slices.Contains(strong.Targets, t) })
		strong.Says = append(slices.Clone(strong.Says), SeenThrough{Targets: others})
	}
	strong.Targets = targets
	strong.Scenarios = once(slices.Clone(strong.Scenarios), weak.Scenarios...)
	strong.Proof = evidence(slices.Concat(strong.Proof, weak.Proof)...)
	strong.Clusters = slices.Concat(strong.Clusters, weak.Clusters)
	strong.rests = slices.Concat(strong.rests, weak.rests)
	return strong
}

// resolve hides a finding where another explains all that it rests on and the
// other's cause excludes its, and orders the rest: the most severe first, then as
// the table of causes does.
func (t table) resolve(findings []Finding, notes []Fact) ([]Finding, []Fact) {
	var kept []Finding
	for i := range findings {
		f := &findings[i]
		if !slices.ContainsFunc(findings, func(by Finding) bool { return t.hides(&by, f) }) {
			kept = append(kept, *f)
		} else if f.Cause == StaleDeployment {
			notes = append(notes, EditsWaited{Targets: f.Targets})
		}
	}
	slices.SortStableFunc(kept, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity.Rank(), b.Severity.Rank()), cmp.Compare(t.rank(a.Cause), t.rank(b.Cause)), slices.Compare(a.Targets, b.Targets))
	})
	return kept, notes
}

// hides tells whether a finding explains all that another rests on, and its cause
// excludes the other's. What rests on the configuration alone, unconfirmed by any
// answer, rests on its targets.
func (t table) hides(f, other *Finding) bool {
	c := t.of(f.Cause)
	if c == nil || !slices.Contains(c.Excludes, other.Cause) {
		return false
	}
	if len(other.rests) == 0 {
		return other.Linked == ConsistentWith && within(other.Targets, f.Targets)
	}
	return within(other.rests, f.rests)
}

func within[T comparable](part, of []T) bool {
	return !slices.ContainsFunc(part, func(x T) bool { return !slices.Contains(of, x) })
}
