// Package cluster groups answers into behaviours: streaming, with memory for
// compact field vectors instead of bodies, and with a result that is a function
// of the set of rows, not of their order or of the machine they came from.
//
// What changes from answer to answer is learnt by repetition, per scenario over
// all its targets. A field that shows few recurring values is never noise: it
// is what tells a canary from its stage. The rules are those of [Table.Result].
package cluster

import (
	"cmp"
	"slices"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// Options tune a [Table]. The zero value works.
type Options struct {
	// Secrets are values that never appear in an exemplar.
	Secrets []string
	// Scenarios, where given, tell the method, path and authentication of the
	// requests, which sharpens a cluster's Reading.
	Scenarios []probe.Scenario
	// Benign lists fields (lower-cased header names or JSON pointers) whose
	// values say nothing of behaviour.
	Benign []string
}

// Cluster is one behaviour of one scenario on one target.
type Cluster struct {
	// ID is 8 hex digits, the same wherever and whenever the scenario is
	// answered so, on whatever target; "other" for the overflow bucket.
	ID       string
	Target   string
	Scenario string

	Count    int
	Status   int // 0 where there was no HTTP answer
	Outcome  probe.Outcome
	Reading  signature.Reading
	Class    signature.Class
	Exemplar Exemplar

	// Reference marks the usual behaviour of its target and scenario.
	Reference bool
	// Overflow marks the bucket that holds what is beyond MaxClusters. It
	// means that a volatile field was not recognised.
	Overflow bool
	// Steady is the id without the fields that vary on any target: a cache
	// freezes those, and two targets with the same Steady differ in nothing else.
	Steady string

	Fields []Field // by path
}

// Exemplar is one answer of a cluster: the one with the least machine and seq.
type Exemplar struct {
	Header    []probe.Header
	Body      []byte // at most MaxExemplarBody bytes, secrets removed
	RequestID string
	Machine   string
	Seq       uint64
}

// Field is one field of a behaviour.
type Field struct {
	Path  string // see [signature.Field]
	Value string // "" where it varies, or where it is too long to be kept
	Shape signature.Shape
	// Volatile: its value changes from answer to answer, and only the shape
	// counts.
	Volatile bool
	symbol   uint64
}

// Limits of a table.
const (
	// MaxClusters is the most behaviours of one scenario on one target that
	// are told apart.
	MaxClusters = 64
	// MaxExemplarBody is how much of an exemplar's body is kept.
	MaxExemplarBody = 4 << 10
	// RMax is the most values that a field of interest takes: a field that is a
	// function of at most RMax regimes cannot show more than RMax values.
	RMax = 8
)

// Result is the grouping of a table's rows at one moment.
type Result struct {
	// Revision counts how often the mask has changed since the first Result of
	// the table, for those who spend an error budget per revision.
	Revision int
	// Masked lists, per scenario, the fields that were found volatile, sorted.
	Masked map[string][]string
	// OwnFaults counts the rows that no cluster holds, because this machine
	// could not send.
	OwnFaults int

	rows     []row
	assigned [][]*Cluster // per group and vector
	clusters []*Cluster
	of       map[key][]*Cluster
}

type key struct{ target, scenario string }

// Cluster is the behaviour that a row belongs to; nil for a row that this
// machine could not send.
func (r *Result) Cluster(row int) *Cluster {
	if at := r.rows[row]; at.group >= 0 {
		return r.assigned[at.group][at.vector]
	}
	return nil
}

// Len is the number of rows that the result covers.
func (r *Result) Len() int { return len(r.rows) }

// Of lists the behaviours of a scenario on a target, largest first, ties by id.
func (r *Result) Of(target, scenario string) []*Cluster { return r.of[key{target, scenario}] }

// All lists every cluster by target, scenario, size and id.
func (r *Result) All() []*Cluster { return r.clusters }

// bySize orders clusters: largest first, ties by id.
func bySize(a, b *Cluster) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID))
}

// Diff is one field in which two behaviours differ. A value in angle brackets,
// such as <uuid>, stands for a shape; "" for a field that is not there.
type Diff struct{ Field, A, B string }

// Differs lists the fields in which two behaviours differ, by path.
func Differs(a, b *Cluster) []Diff {
	var out []Diff
	i, j := 0, 0
	for i < len(a.Fields) || j < len(b.Fields) {
		switch {
		case j == len(b.Fields) || i < len(a.Fields) && a.Fields[i].Path < b.Fields[j].Path:
			out = append(out, Diff{Field: a.Fields[i].Path, A: a.Fields[i].String()})
			i++
		case i == len(a.Fields) || b.Fields[j].Path < a.Fields[i].Path:
			out = append(out, Diff{Field: b.Fields[j].Path, B: b.Fields[j].String()})
			j++
		default:
			if a.Fields[i].symbol != b.Fields[j].symbol {
				out = append(out, Diff{a.Fields[i].Path, a.Fields[i].String(), b.Fields[j].String()})
			}
			i, j = i+1, j+1
		}
	}
	return slices.Clip(out)
}

// String is the value, or the shape in angle brackets where the value varies
// or was not kept.
func (f Field) String() string {
	if f.Value != "" {
		return f.Value
	}
	return "<" + f.Shape.String() + ">"
}
