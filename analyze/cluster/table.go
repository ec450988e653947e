package cluster

import (
	"slices"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// Table collects answers. It keeps compact field vectors and few exemplars, not
// bodies. It is not safe for concurrent use.
type Table struct {
	opts    Options
	redact  *probe.Redactor
	scanner signature.Scanner
	rows    []row
	groups  []*group
	byKey   map[key]int32

	ownFaults int
	revision  int
	masks     map[string]*mask // of the last Result, by scenario
}

// row says where an observation went: a vector of a group; group -1 for a row
// that this machine could not send.
type row struct{ group, vector int32 }

// New returns an empty table.
func New(opts Options) *Table {
	t := &Table{opts: opts, byKey: map[key]int32{}, masks: map[string]*mask{}}
	if len(opts.Secrets) > 0 {
		t.redact = probe.NewRedactor(opts.Secrets...)
	}
	return t
}

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Add takes one observation in and returns its row number, counted from 0 in
// the order of the calls. The target may be nil. The observation's header must
// not be changed afterwards.
func (t *Table) Add(o *probe.Observation, target *probe.Target) int {
	n := len(t.rows)
	class := signature.Classify(signature.Of(o, target))
	if class == signature.OwnFault {
		t.ownFaults++
		t.rows = append(t.rows, row{-1, -1})
		return n
	}
	at := t.group(key{o.Target, o.Scenario})
	g := t.groups[at]
	if target != nil && g.address.ID == "" {
		g.address = *target
	}
	v, least := g.add(t.scanner.Fields(o), vector{
		count: 1, machine: o.Machine, seq: o.Seq,
		class: class, status: o.Status, outcome: o.Outcome,
	}, o.Due, t.redact)
	if least {
		g.remember(v, rawOf(o, t.redact), t.opts.Benign)
	}
	t.rows = append(t.rows, row{at, v})
	return n
}

func (t *Table) group(k key) int32 {
	if at, ok := t.byKey[k]; ok {
		return at
	}
	at := int32(len(t.groups))
	t.groups = append(t.groups, newGroup(k))
	t.byKey[k] = at
	return at
}

// Merge joins the rows of two tables: a's rows keep their numbers, b's follow.
// Neither is changed. Up to row numbers it is commutative and associative, and
// merging the parts of a table gives the whole.
func Merge(a, b *Table) *Table {
	t := New(Options{
		Secrets:   union(a.opts.Secrets, b.opts.Secrets),
		Scenarios: mergeScenarios(a.opts.Scenarios, b.opts.Scenarios),
		Benign:    union(a.opts.Benign, b.opts.Benign),
	})
	for _, from := range []*Table{a, b} {
		t.absorb(from)
	}
	return t
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

func mergeScenarios(a, b []probe.Scenario) []probe.Scenario {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.ContainsFunc(out, func(x probe.Scenario) bool { return x.Name == s.Name }) {
			out = append(out, s)
		}
	}
	return out
}

// absorb adds the rows of another table.
func (t *Table) absorb(from *Table) {
	groups := make([]int32, len(from.groups))
	vectors := make([][]int32, len(from.groups))
	for i, g := range from.groups {
		groups[i] = t.group(g.key)
		vectors[i] = t.groups[groups[i]].absorb(g, t.opts.Benign)
	}
	for _, r := range from.rows {
		if r.group >= 0 {
			r = row{groups[r.group], vectors[r.group][r.vector]}
		}
		t.rows = append(t.rows, r)
	}
	t.ownFaults += from.ownFaults
}
