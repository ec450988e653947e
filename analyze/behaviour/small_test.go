package behaviour

import (
	"testing"

	"stageprobe/analyze/feature"
	"stageprobe/probe"
)

// An answer of which only the kind is known goes where most of its kind are, and of as many
// to the first.
func TestNearest(t *testing.T) {
	a, b, c, d := &Cluster{Kind: 1, Count: 3}, &Cluster{Kind: 1, Count: 5}, &Cluster{Kind: 1, Count: 5}, &Cluster{Kind: 2, Count: 9}
	for _, tt := range []struct {
		of   []*Cluster
		want *Cluster
	}{{[]*Cluster{a, b, c, d}, b}, {[]*Cluster{d, c, b, a}, c}, {[]*Cluster{d}, nil}, {nil, nil}} {
		if got := nearest(tt.of, 1); got != tt.want {
			t.Errorf("%+v", got)
		}
	}
}

// What is fully known is sorted first, whenever it came.
func TestInOrder(t *testing.T) {
	var got []int
	for n := range inOrder([]row{{rest: true}, {}, {rest: true}, {}}) {
		got = append(got, n)
	}
	want := []int{1, 3, 0, 2}
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}

// Of two exemplars the earlier one stands, by number and then by machine; nil is none.
func TestEarlierExemplar(t *testing.T) {
	a, b, c := &Exemplar{seq: 3, machine: "m1"}, &Exemplar{seq: 4, machine: "m0"}, &Exemplar{seq: 3, machine: "m2"}
	twin := &Exemplar{seq: 3, machine: "m1"}
	for _, tt := range [][3]*Exemplar{{a, b, a}, {b, a, a}, {a, c, a}, {c, a, a}, {a, nil, a}, {nil, a, a}, {nil, nil, nil}, {a, twin, a}, {twin, a, twin}} {
		if got := earlier(tt[0], tt[1]); got != tt[2] {
			t.Errorf("of %+v and %+v: %+v", tt[0], tt[1], got)
		}
	}
}

// Of values as frequent the lesser hash stands for a body, in whatever order they came.
func TestSameBodyOfValuesAsFrequent(t *testing.T) {
	defs := []feature.Def{feature.NewDef("/id", feature.Content, false)}
	table := New(Options{Targets: make([]probe.Target, 1), Scenarios: make([]probe.Scenario, 4)})
	rows := func(scenario int, ids ...uint64) (out []int) {
		for _, id := range ids {
			out = append(out, table.AddValues(0, scenario, Answer{Status: 200}, []feature.Value{{Hash: id}}, defs))
		}
		return out
	}
	lesser := rows(0, 7)
	for range 8 { // the values are kept in no order
		if !SameBody(table, lesser, rows(1, 7, 8)) || !SameBody(table, lesser, rows(2, 9, 8, 7)) || SameBody(table, lesser, rows(3, 8, 7, 8)) {
			t.Fatal("of 7 and 8, each as often, 8 stands for the body")
		}
	}
}

// Late fields and late members are numbered apart, each as they appeared, and the j-th of
// its kind has 2/(j(j+1)) of the weight of the first.
func TestLateWeights(t *testing.T) {
	field := func(born int) *def { return &def{Def: feature.Def{Path: "/a"}, born: born} }
	member := func(born int) *def { return &def{Def: feature.Def{Path: "/b", Late: feature.MemberKind}, born: born} }
	w := &weights{late: [2]map[*def]int{{}, {}}, kinds: 1}
	a, b, c, d := field(1), member(2), field(3), member(4)
	w.order(0, []*def{d, c, b, a})
	if first := w.of(a, 0); first != w.of(b, 0) || w.of(c, 0)*3 != first || w.of(d, 0)*3 != first {
		t.Errorf("%g %g %g %g", w.of(a, 0), w.of(b, 0), w.of(c, 0), w.of(d, 0))
	}
}
