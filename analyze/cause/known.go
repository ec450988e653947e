package cause

import (
	"cmp"
	"slices"

	"stageprobe/probe"
)

// Verdict is what one cause says of a run.
type Verdict struct {
	Found []Finding
	Open  []Question
	Notes []Fact // doubts about the evidence itself

	explained []int // behaviours beside those that its findings rest on
	closed    []int // targets of which nothing more is asked: the address itself is wrong, or nobody is let in
	split     []int // targets on which more than one behaviour was found
	cost      []expense
	seen      map[string]map[string]Fact
	settings  map[string][]Setting

	cause ID
}

// report adds a finding. One cause of one stage, seen through several targets, is
// one finding: key says of which stage it is.
func (v *Verdict) report(f Finding, key string) {
	f.key = key
	v.Found = append(v.Found, f)
}

// closeRefused asks nothing more of a target that refuses everything.
func (v *Verdict) closeRefused(fx *Facts, sub *target) {
	if fx.all(sub, refused) {
		v.closed = append(v.closed, sub.index)
	}
}

// worded reports the splits that were decided for a cause, as find words them, with
// examples of both sides where it shows no other proof.
func worded(fx *Facts, known *Known, id ID, find func(*decision) Finding) (v Verdict) {
	for _, d := range known.decidedFor(id) {
		f := find(d)
		if f.Proof == nil {
			f.Proof = bothSides(fx, d.split)
		}
		v.report(f, cmp.Or(f.key, stageKey(d.sub.Target)))
	}
	return v
}

func splitFinding(fx *Facts, x *split, linked Link) Finding {
	return Finding{Linked: linked, Targets: []string{x.sub.ID}, Scenarios: fx.scenarioNames(x.scenarios()...)}
}

// Known is what is known so far: the verdicts that a cause may read, and the
// splits as they were weighed.
type Known struct {
	fx        *Facts
	by        []ID   // per behaviour: what explains it; "" where nothing does
	closed    []bool // per target
	split     []bool
	undecided []bool // per target: a split there is still open
	found     []Finding
	decided   []*decision
}

// Findings are those of the causes that a cause may read.
func (kn *Known) Findings() []Finding { return slices.Clone(kn.found) }

func know(fx *Facts, verdicts []Verdict, j *judgement, of func(ID) bool) *Known {
	n := len(fx.targets)
	kn := &Known{fx: fx, by: make([]ID, len(fx.Clusters)), closed: make([]bool, n), split: make([]bool, n), undecided: make([]bool, n)}
	for i := range verdicts {
		v := &verdicts[i]
		if !of(v.cause) {
			continue
		}
		kn.found = append(kn.found, v.Found...)
		kn.explain(v.cause, v.explained)
		for _, f := range v.Found {
			kn.explain(v.cause, f.rests)
		}
		for _, t := range v.closed {
			kn.closed[t] = true
		}
		for _, t := range v.split {
			kn.split[t] = true
		}
	}
	if j != nil {
		kn.decided = j.decided
		for t := range n {
			kn.split[t] = kn.split[t] || j.split[t]
			kn.undecided[t] = j.undecided[t]
		}
	}
	return kn
}

func (kn *Known) explain(id ID, behaviours []int) {
	for _, k := range behaviours {
		kn.by[k] = id
	}
}

func (kn *Known) decidedFor(id ID) []*decision {
	return slices.DeleteFunc(slices.Clone(kn.decided), func(d *decision) bool { return d.cause != id })
}

// deviants are the behaviours of a cell that are neither usual nor explained yet.
func (kn *Known) deviants(c *cell) []int {
	return slices.DeleteFunc(slices.Clone(c.clusters), func(k int) bool { return k == c.ref || kn.by[k] != "" })
}

// otherwise are the deviants that any person would call another answer. What tells
// the rest apart was found linked to something, and is left to what it goes with.
func (kn *Known) otherwise(c *cell) []int {
	if c.ref < 0 {
		return nil
	}
	usual := kn.fx.Clusters[c.ref].Kind
	return slices.DeleteFunc(kn.deviants(c), func(k int) bool { return kn.fx.Clusters[k].Kind == usual })
}

// strays counts a target's deviant answers that no finding explains.
func (kn *Known) strays(sub *target) (k, n int) {
	for _, c := range sub.cells {
		n += len(c.rows)
		for _, d := range kn.otherwise(c) {
			k += c.count[d]
		}
	}
	return k, n
}

// blames tells whether a finding of a cause stands for a target, be it as an
// alternative.
func (kn *Known) blames(sub *target, id ID) bool {
	return slices.ContainsFunc(kn.found, func(f Finding) bool {
		return slices.Contains(f.Targets, sub.ID) &&
			(f.Cause == id || slices.ContainsFunc(f.Alternatives, func(a Alternative) bool { return a.Cause == id }))
	})
}

// behavioursOf are all behaviours of some scenarios of a target.
func behavioursOf(cells []*cell) []int {
	var out []int
	for _, c := range cells {
		out = append(out, c.clusters...)
	}
	return out
}

// answered tells whether an error is decided for a target, so that nothing more is
// asked of it. Failures and other splits by chance are a nuisance: they never end
// what is asked of a canary.
func (kn *Known) answered(sub *target) bool {
	return !kn.undecided[sub.index] && slices.ContainsFunc(kn.found, func(f Finding) bool {
		return !slices.Contains(standing, f.Cause) && f.Severity == Error && slices.Contains(f.Targets, sub.ID) && (!canaryConfigured(sub) || !slices.Contains(nuisances, f.Cause))
	})
}

// standing are errors of the configuration: what answers beside them is a question of
// its own.
var standing = []ID{StaleDeployment, AutoDeployOff, AutoDeployFailed, StageConfigDrift}

var nuisances = []ID{FlakyBackend, BackendSplit, EndpointSplit, UnexplainedSplit}

// ended are the targets of which nothing more is asked: an error is decided for
// them, and they are not the stage that a target with an open question is meant to
// serve.
func (kn *Known) ended(open []Question) []int {
	asked := func(t *target) bool {
		return slices.ContainsFunc(open, func(q Question) bool {
			o := kn.fx.find(func(x *target) bool { return x.ID == q.Target })
			return o != nil && (o == t || o.APIID == t.APIID && o.Stage == t.Stage || o.Meant != nil && o.Meant.APIID == t.APIID && o.Meant.Stage == t.Stage)
		})
	}
	var out []int
	for i, t := range kn.fx.targets {
		if kn.answered(t) && !asked(t) {
			out = append(out, i)
		}
	}
	return out
}

// stageKey is under what findings of several targets of one stage are one.
func stageKey(t *probe.Target) string {
	if t.APIID == "" {
		return t.ID
	}
	return t.APIID + "/" + t.Stage
}
