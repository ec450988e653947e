package behaviour

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze/feature"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// answers makes a table of two targets and two scenarios from what fields hold.
type answers struct {
	*Table
	defs [2][]feature.Def
}

func newAnswers() *answers {
	return &answers{Table: New(Options{Targets: []probe.Target{{ID: "a"}, {ID: "b"}}, Scenarios: []probe.Scenario{{Name: "one"}, {Name: "two"}}})}
}

// add takes in an answer whose fields are given as path=value; paths that begin with a
// colon, and /version, are class features.
func (a *answers) add(target, scenario int, class signature.Class, fields ...string) int {
	var values []feature.Value
	for _, f := range fields {
		path, text, _ := strings.Cut(f, "=")
		at := slices.IndexFunc(a.defs[scenario], func(d feature.Def) bool { return d.Path == path })
		if at < 0 {
			at = len(a.defs[scenario])
			aspect := feature.Content
			if path == "/order" {
				aspect = feature.Order
			}
			d := feature.NewDef(path, aspect, path[0] == ':' || path == "/version")
			if strings.HasPrefix(path, "/members") {
				d.Aspect, d.Late = feature.Member, feature.MemberKind
			}
			a.defs[scenario] = append(a.defs[scenario], d)
		}
		values = append(values, feature.Value{Def: at, Hash: hashOf(text), Text: text})
	}
	return a.AddValues(target, scenario, Answer{Status: 200, Class: class, Outcome: probe.OutcomeResponse}, values, a.defs[scenario])
}

// several takes in n answers that are alike, at one level.
func (a *answers) several(n int, on bool, fields ...string) []Draw {
	var out []Draw
	for range n {
		out = append(out, Draw{Row: a.add(0, 0, signature.Informative, fields...), On: on})
	}
	return out
}

func apart(int, int) int { return 0 }

// sizes are the clusters of a cell by size, with the value of one field.
func sizes(r *Result, target, scenario int, path string) (out []string) {
	for _, c := range r.Of(target, scenario) {
		value := "-"
		for _, f := range c.Fields {
			if f.Path == path && !f.Lacks {
				value = f.Value
			}
		}
		out = append(out, fmt.Sprint(c.Count, " ", value))
	}
	return out
}

// Answers fall into the cells of class features and of what was found linked; what
// moves by itself makes no cell.
func TestPartition(t *testing.T) {
	a := newAnswers()
	var draws []Draw
	for i := range 40 {
		draws = append(draws, a.several(1, false, ":status=200", "/version=1", fmt.Sprint("/id=", i), "/price=5")...)
	}
	draws = append(draws, a.several(20, true, ":status=200", "/version=1", "/id=x", "/price=6")...)
	draws = append(draws, a.several(3, false, ":status=502")...)
	a.add(1, 0, signature.Informative, ":status=200", "/version=2")
	a.add(0, 1, signature.Informative, ":status=200")

	r := a.Partition(nil, apart)
	if diff := cmp.Diff([]string{"60 200", "3 502"}, sizes(r, 0, 0, ":status")); diff != "" {
		t.Errorf("by class features:\n%s", diff)
	}
	var cells []string
	for _, c := range r.All() {
		cells = append(cells, fmt.Sprint(c.Target, " ", c.Scenario, " ", c.Count))
	}
	if diff := cmp.Diff([]string{"a one 60", "a one 3", "a two 1", "b one 1"}, cells); diff != "" {
		t.Errorf("all clusters:\n%s", diff)
	}
	link := a.Link(&Question{Draws: draws, P: .3, Weight: 1})
	price := slices.IndexFunc(link.Marks, func(m Mark) bool { return m.Where() == "/price" })
	if price < 0 {
		t.Fatalf("no mark in %+v", link.Marks)
	}
	m := &link.Marks[price]
	r = a.Partition([]Mark{*m}, apart)
	if diff := cmp.Diff([]string{"40 5", "20 6", "3 -"}, sizes(r, 0, 0, "/price")); diff != "" {
		t.Errorf("by the price:\n%s", diff)
	}
	list := r.Of(0, 0)
	if !list[0].Reference || list[1].Reference || list[0].Kind != list[1].Kind || list[0].Kind == list[2].Kind {
		t.Errorf("the largest is no reference, or the kinds are not those of the class features: %+v", list)
	}
	if list[0].Side(m) != -1 || list[1].Side(m) != 1 || !list[0].Holds(m) || list[2].Holds(m) {
		t.Errorf("sides %d and %d, held %t and %t", list[0].Side(m), list[1].Side(m), list[0].Holds(m), list[2].Holds(m))
	}
	if diff := cmp.Diff([]Diff{{"/price", "5", "6"}}, Differs(list[0], list[1])); diff != "" {
		t.Errorf("differs:\n%s", diff)
	}
	if diff := cmp.Diff([]Diff{{"/version", "1", ""}, {":status", "200", "502"}}, Differs(list[0], list[2])); diff != "" {
		t.Errorf("differs:\n%s", diff)
	}
	for i, d := range draws {
		if want := list[map[bool]int{i >= 40: 1, i >= 60: 2}[true]]; i < 60 && r.Cluster(d.Row) != want {
			t.Fatalf("answer %d is of another cluster", i)
		}
	}
	// Targets that are not of one kind have clusters of their own.
	same, other := a.Partition(nil, apart), a.Partition(nil, func(target, _ int) int { return target })
	if same.Of(0, 0)[0].ID != other.Of(0, 0)[0].ID || same.Of(1, 0)[0].ID == other.Of(1, 0)[0].ID {
		t.Error("ids do not follow the kinds of targets")
	}
}

// A linked value that was not counted goes where those go that came once, else where most go.
func TestValuesThatWereNotCounted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []Level
		side   int
	}{
		{"most at Off", []Level{{at: 0, Off: 30, Side: -1}, {at: 1, On: 10, Side: 1}}, 0},
		{"most at On", []Level{{at: 0, Off: 3, Side: -1}, {at: 1, On: 10, Side: 1}}, 1},
		{"each at On its own", []Level{{at: 0, Off: 30, Side: -1}, {at: 1, On: 1, Side: 1}, {at: 2, On: 1, Side: 1}}, 1},
		{"absence says nothing", []Level{{at: absent, Absent: true, On: 50, Side: 1}, {at: 0, Off: 20, Side: -1}}, 0},
	} {
		s := &sorter{d: &def{}, marks: []*Mark{}}
		s.add(&Mark{Values: tt.values})
		on, off := s.symbol(1), s.symbol(0)
		if tt.name == "absence says nothing" {
			on = s.symbol(absent)
		}
		want := off
		if tt.side > 0 {
			want = on
		}
		if on == off {
			t.Fatalf("%s: the sides are not told apart", tt.name)
		}
		if got := s.symbol(99); got != want {
			t.Errorf("%s: a new value is not on side %d", tt.name, tt.side)
		}
	}
}

// What is beyond the most clusters of a cell is one.
func TestTooManyClusters(t *testing.T) {
	for _, extra := range []int{0, 1, 30} {
		a := newAnswers()
		for i := range MaxClusters + extra {
			for range 1 + (MaxClusters+extra-i)/20 {
				a.add(0, 0, signature.Informative, fmt.Sprint(":error-type=", i))
			}
		}
		r := a.Partition(nil, apart)
		list, sum, over := r.Of(0, 0), 0, 0
		for _, c := range list {
			sum += c.Count
			if c.Overflow {
				over++
				if c.ID != "other" || c.Fields != nil {
					t.Errorf("the rest is %+v", c)
				}
			}
		}
		if want := min(extra, 1); over != want || len(list) != MaxClusters+want || sum != a.n {
			t.Errorf("%d too many: %d clusters, %d of them the rest, of %d answers in all", extra, len(list), over, sum)
		}
		if !slices.IsSortedFunc(list, bySize) {
			t.Error("the largest is not first")
		}
		for n := range a.rows {
			if !slices.Contains(list, r.Cluster(n)) {
				t.Fatal("an answer is of a cluster that is not listed")
			}
		}
	}
}

// The usual behaviour is the largest that speaks of behaviour.
func TestReference(t *testing.T) {
	for _, tt := range []struct {
		classes []signature.Class
		want    int
	}{
		{[]signature.Class{signature.Informative, signature.Informative}, 0},
		{[]signature.Class{signature.Throttled, signature.Transport, signature.Informative}, 2},
		{[]signature.Class{signature.Throttled, signature.Transport}, 0},
	} {
		var list []*Cluster
		for _, c := range tt.classes {
			list = append(list, &Cluster{Class: c})
		}
		refer(list)
		for i, c := range list {
			if c.Reference != (i == tt.want) {
				t.Errorf("%v: cluster %d is the reference: %t", tt.classes, i, c.Reference)
			}
		}
	}
	refer(nil)
}

// Refusals are behaviour where a target does not refuse everything.
func TestRefusalsAmongAnswers(t *testing.T) {
	for _, some := range []bool{true, false} {
		a := newAnswers()
		a.add(0, 0, signature.AuthFail, ":status=403")
		a.add(1, 0, signature.Informative, ":status=200")
		if some {
			a.add(0, 1, signature.Informative, ":status=200")
		}
		if got := a.Partition(nil, apart).Of(0, 0)[0].Class; (got == signature.Informative) != some {
			t.Errorf("beside other answers %t: a refusal is %s", some, got)
		}
	}
}

// Moves names what varies among answers of one kind and goes with nothing.
func TestMoves(t *testing.T) {
	a := newAnswers()
	for i := range 30 {
		fields := []string{":status=200", "/still=1", fmt.Sprint("/id=", i), fmt.Sprint("/pod=", i%3), fmt.Sprint("/order=", i%2), fmt.Sprint("/linked=", i%2)}
		if i%2 == 0 {
			fields = append(fields, "/sometimes=x")
		}
		fields = append(fields, fmt.Sprint("/members=", i%2))
		a.add(0, 0, signature.Informative, fields...)
	}
	a.add(0, 0, signature.Informative, ":status=502") // lacks all of it and moves by nothing
	a.add(1, 0, signature.Informative, ":status=200", "/still=2")
	linked := Mark{Scenario: 0, Def: feature.NewDef("/linked", feature.Content, false)}
	want := []Move{
		{"one", "/id", "value", 30}, {"one", "/members", "members", 2}, {"one", "/order", "order", 2}, {"one", "/pod", "value", 3}, {"one", "/sometimes", "value", 2},
	}
	if diff := cmp.Diff(want, a.Moves(0, []Mark{linked})); diff != "" {
		t.Errorf("moves of a:\n%s", diff)
	}
	if got := a.Moves(1, nil); len(got) > 0 {
		t.Errorf("of b moves %v", got)
	}
	linked.Scenario = 1
	if got := a.Moves(0, []Mark{linked}); len(got) != len(want)+1 {
		t.Errorf("a mark of another scenario: %v", got)
	}
	many := newAnswers()
	for i := range 2 {
		var fields []string
		for k := range mostMoves + 5 {
			fields = append(fields, fmt.Sprintf("/f%d=%d", k, i))
		}
		many.add(0, 0, signature.Informative, fields...)
	}
	if got := many.Moves(0, nil); len(got) != mostMoves {
		t.Errorf("%d moves are told", len(got))
	}
}

// A path that moves in several ways is told by the one that tells most, and the members of
// its lists are counted together.
func TestMovesOfOnePath(t *testing.T) {
	a := newAnswers()
	defs := []feature.Def{
		{Path: "/items/*", Aspect: feature.Member, Member: "tea"}, {Path: "/items/*", Aspect: feature.Member, Member: "milk"},
		{Path: "/items/*", Aspect: feature.Member, Member: "salt"}, {Path: "/items/*", Aspect: feature.Order},
		{Path: "/n", Aspect: feature.Shape}, {Path: "/n", Aspect: feature.Content}, {Path: "/n", Aspect: feature.Type},
	}
	for i := range 12 {
		var values []feature.Value
		for d := range defs {
			values = append(values, feature.Value{Def: d, Hash: uint64(1 + i%(2+d))})
		}
		a.AddValues(0, 0, Answer{}, values, defs)
	}
	want := []Move{{"one", "/items/*", "members", 4}, {"one", "/n", "type", 8}}
	if diff := cmp.Diff(want, a.Moves(0, nil)); diff != "" {
		t.Error(diff)
	}
}

// Pairs are the features of two values; of those that split the answers alike one speaks.
func TestPairs(t *testing.T) {
	a := newAnswers()
	var rows []int
	for i := range 20 {
		fields := []string{":status=200", "/one=1", fmt.Sprint("/id=", i), fmt.Sprint("/two=", i/15), fmt.Sprint("/order=", i/15), fmt.Sprint("/three=", i%3)}
		if i < 16 {
			fields = append(fields, "/there=x")
		}
		rows = append(rows, a.add(0, 0, signature.Informative, fields...))
	}
	rows = append(rows, a.add(0, 0, signature.Informative, ":status=200", "/one=1", "/id=20", "/two=0", "/order=0", "/three=0", "/there=x"))
	got := a.Pairs(rows)
	type pair struct {
		Where       string
		K           int
		Rare        []int
		Text, Usual string
	}
	var told []pair
	for _, p := range got {
		var rare []int
		for i, is := range p.Rare {
			if is {
				rare = append(rare, i)
			}
		}
		if v := p.Values; v[0].Side != -1 || v[1].Side != 1 || v[1].On != p.K || v[0].Off != len(rows)-p.K || v[0].On+v[1].Off != 0 {
			t.Errorf("%s counts %+v", p.Where(), v)
		}
		told = append(told, pair{p.Where(), p.K, rare, p.Values[1].Text, p.Values[0].Text})
	}
	want := []pair{{"/two", 5, []int{15, 16, 17, 18, 19}, "1", "0"}, {"/there", 4, []int{16, 17, 18, 19}, "", "x"}}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if a.Pairs(nil) != nil {
		t.Error("no answers have pairs")
	}
	if p := a.Pairs(rows); !p[1].Values[1].Absent || p[0].Values[1].Absent || p[0].Key == p[1].Key {
		t.Errorf("%+v", p)
	}
}

// The rarer of two values: ties go to the value that was seen first, absence is one.
func TestRarer(t *testing.T) {
	for _, tt := range []struct {
		counts map[int32]int
		n      int
		value  int32
		k      int
		ok     bool
	}{
		{map[int32]int{0: 7, 1: 3}, 10, 1, 3, true},
		{map[int32]int{0: 5, 1: 5}, 10, 0, 5, true},
		{map[int32]int{4: 6}, 10, absent, 4, true},
		{map[int32]int{4: 4}, 10, 4, 4, true},
		{map[int32]int{4: 5}, 10, absent, 5, true},
		{map[int32]int{0: 1, 1: 1}, 2, 0, 1, true},
		{map[int32]int{4: 10}, 10, 0, 0, false},
		{map[int32]int{0: 4, 1: 4}, 10, 0, 0, false},
		{map[int32]int{0: 4, 1: 4, 2: 2}, 10, 0, 0, false},
		{nil, 10, 0, 0, false},
	} {
		if value, k, ok := rarer(tt.counts, tt.n); ok != tt.ok || ok && (value != tt.value || k != tt.k) {
			t.Errorf("%v of %d: %d, %d times, %t", tt.counts, tt.n, value, k, ok)
		}
	}
}

// wheres are the features of marks.
func wheres(marks []Mark) (out []string) {
	for i := range marks {
		out = append(out, marks[i].Where())
	}
	return out
}

// Strays are values at On which Off has not, of class features and of what Off holds
// constant.
func TestStrays(t *testing.T) {
	off := []string{":status=200", "/still=1", "/pod=1", "/version=1"}
	for _, tt := range []struct {
		name string
		off  int
		on   [][]string
		want []string
	}{
		{"alike", 20, [][]string{off}, nil},
		{"another constant", 20, [][]string{{":status=200", "/still=2", "/pod=1", "/version=1"}}, []string{"/still"}},
		{"another version", 20, [][]string{{":status=200", "/still=1", "/pod=1", "/version=2"}}, []string{"/version"}},
		{"a failure", 20, [][]string{{":status=502", "/still=1", "/pod=1", "/version=1"}}, []string{":status"}},
		{"another pod", 20, [][]string{{":status=200", "/still=1", "/pod=7", "/version=1"}}, nil},
		{"too few to hold against", calibration - 1, [][]string{{":status=200", "/still=2", "/pod=1", "/version=1"}}, nil},
		{"just enough to hold against", calibration, [][]string{{":status=200", "/still=2", "/pod=1", "/version=1"}}, []string{"/still"}},
		{"a field less", 20, [][]string{{":status=200", "/pod=1", "/version=1"}}, []string{"/still"}},
		{"a field more, once", 20, [][]string{append([]string{"/new=1"}, off...)}, nil},
		{"a field more, twice", 20, [][]string{append([]string{"/new=1"}, off...), append([]string{"/new=1"}, off...)}, []string{"/new"}},
		{"a member more", 20, [][]string{append([]string{"/members=1"}, off...), append([]string{"/members=1"}, off...)}, nil},
	} {
		a := newAnswers()
		draws := a.several(tt.off-tt.off/2, false, off...)
		draws = append(draws, a.several(tt.off/2, false, ":status=200", "/still=1", "/pod=2", "/version=1")...)
		for _, fields := range tt.on {
			draws = append(draws, a.several(1, true, fields...)...)
		}
		if diff := cmp.Diff(tt.want, wheres(a.Strays(&Question{Draws: draws}, 0))); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
}

// A value that came to one level alone is one-sided where draws would hardly have spared
// the other: so often, for so many values that came twice.
func TestOneSided(t *testing.T) {
	usual := []string{":status=200", "/members=1", "/pod=1"}
	for _, tt := range []struct {
		name        string
		off, on     int // of the usual answers
		value       string
		times, once int // On with the value; answers On with one of their own
		want        []string
	}{
		{"alike", 90, 10, "/pod=1", 5, 0, nil},
		{"another pod, five times", 90, 5, "/pod=9", 5, 0, []string{"/pod"}},
		{"another pod, twice", 90, 8, "/pod=9", 2, 0, nil},
		{"a member of its own, five times", 90, 5, "/members=9", 5, 0, []string{`/members holds ""`}},
		{"at even shares, five times", 50, 45, "/pod=9", 5, 0, nil},
		{"at even shares, eleven times", 50, 39, "/pod=9", 11, 0, []string{"/pod"}},
		{"values that came once", 90, 5, "/pod=1", 0, 5, nil},
		{"too few to hold against", calibration - 1, 0, "/pod=9", 1, 0, nil},
	} {
		a := newAnswers()
		draws := a.several(tt.off/2, false, usual...)
		draws = append(draws, a.several(tt.off-tt.off/2, false, ":status=200", "/members=1", "/pod=2")...)
		draws = append(draws, a.several(tt.on, true, usual...)...)
		name, _, _ := strings.Cut(tt.value, "=")
		with := func(value string) (out []string) {
			for _, u := range usual {
				if !strings.HasPrefix(u, name+"=") {
					out = append(out, u)
				}
			}
			return append(out, value)
		}
		draws = append(draws, a.several(tt.times, true, with(tt.value)...)...)
		for i := range tt.once {
			draws = append(draws, a.several(1, true, with(fmt.Sprintf("%s=once%d", name, i))...)...)
		}
		if diff := cmp.Diff(tt.want, wheres(a.Strays(&Question{Draws: draws}, .01))); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
}

// Wavering are the features of two to eight values.
func TestWavering(t *testing.T) {
	a := newAnswers()
	var draws []Draw
	for i := range 36 {
		fields := []string{":status=200", "/one=1", fmt.Sprint("/two=", i%2), fmt.Sprint("/eight=", i%8), fmt.Sprint("/nine=", i%9)}
		if i%2 == 0 {
			fields = append(fields, "/there=1")
		}
		draws = append(draws, a.several(1, i%2 == 0, fields...)...)
	}
	if diff := cmp.Diff([]string{"/two", "/eight", "/there"}, wheres(a.Wavering(&Question{Draws: draws}))); diff != "" {
		t.Error(diff)
	}
}

// Values counts one feature in the rows of its scenario.
func TestValues(t *testing.T) {
	a := newAnswers()
	rows := []int{a.add(0, 0, signature.Informative, "/x=1"), a.add(0, 0, signature.Informative, "/x=2"), a.add(0, 0, signature.Informative), a.add(0, 1, signature.Informative, "/x=1"), -1}
	rows = append(rows, rows[1])
	if diff := cmp.Diff(map[ValueID]int{0: 1, 1: 2, -1: 1}, a.Values(rows, &Mark{})); diff != "" {
		t.Error(diff)
	}
	if m, o := (&Mark{Scenario: 1, def: 2}), (&Mark{Scenario: 1, def: 3}); m.Same(o) || !m.Same(m) || m.Same(&Mark{def: 2}) {
		t.Error("marks of one feature are told by scenario and feature")
	}
}

// A table that is compacted has as many answers of each kind of class as before, and the
// rows in use keep all their values.
func TestCompact(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	a := newAnswers()
	var rows []int
	for i := range 400 {
		rows = append(rows, a.add(i%2, 0, signature.Informative, fmt.Sprint(":status=", 200+300*(i%7/6)), fmt.Sprint("/id=", i), fmt.Sprint("/pod=", rng.IntN(3))))
	}
	mark := Mark{def: 1, Def: feature.NewDef("/id", feature.Content, false)}
	used := rows[380:]
	before := a.Partition(nil, apart)
	moves := a.Moves(0, nil)
	texts := map[int]string{}
	for _, n := range used {
		texts[n] = a.scenarios[0].defs[1].values[a.rows[n].at(1)].text
	}
	id := a.scenarios[0].defs[1]
	usual := id.values[id.usual].text
	moved := a.Compact(slices.Values(used))
	if got := id.values[id.usual].text; got != usual || id.index[id.values[id.usual].hash] != id.usual {
		t.Errorf("the usual value is %q, and was %q", got, usual)
	}
	if len(a.rows) >= 400 || len(a.rows) < len(used) || a.n != 400 {
		t.Errorf("%d rows are left of %d answers", len(a.rows), a.n)
	}
	after := a.Partition(nil, apart)
	for target := range 2 {
		if diff := cmp.Diff(sizes(before, target, 0, ":status"), sizes(after, target, 0, ":status")); diff != "" {
			t.Errorf("target %d:\n%s", target, diff)
		}
	}
	for _, n := range used {
		r := &a.rows[moved[n]]
		if r.rest {
			t.Fatal("a row in use is forgotten")
		}
		if at := r.at(1); at == absent || texts[n] != "" && a.scenarios[0].defs[1].values[at].text != texts[n] {
			t.Errorf("row %d has another value than before", n)
		}
		if got := a.Values([]int{moved[n]}, &mark); len(got) != 1 {
			t.Errorf("row %d has the values %v", n, got)
		}
	}
	// What was forgotten is still told as moving, with how many values it had.
	if got := a.Moves(0, nil); len(got) != len(moves) || got[0].Values < 380 {
		t.Errorf("moves %v, before %v", got, moves)
	}
	// An answer that comes again finds its row.
	n := len(a.rows)
	if again := a.add(1, 0, signature.Informative, ":status=200", "/id=399", fmt.Sprint("/pod=", a.scenarios[0].defs[2].values[a.rows[moved[rows[399]]].at(2)].text)); again != moved[rows[399]] || len(a.rows) != n {
		t.Errorf("an answer that came before is row %d, want %d", again, moved[rows[399]])
	}
}

// Of what nobody asks about, the features of few values are kept while answers have few
// kinds by them, and of a feature with many values those in use, and the usual one.
func TestCompactAtItsBounds(t *testing.T) {
	compacted := func(fields ...int) *answers {
		a := newAnswers()
		for i := range 4000 {
			var told []string
			for k, n := range fields {
				told = append(told, fmt.Sprintf("/f%d=%d", k, i%n))
				i /= n
			}
			a.add(0, 0, signature.Informative, told...)
		}
		a.Compact(func(func(int) bool) {})
		return a
	}
	for _, tt := range []struct {
		fields []int
		rows   int
	}{
		{[]int{few}, few},
		{[]int{few + 1}, 1},
		{[]int{8, 8, 8, 2}, leastRoom / 8},
		{[]int{8, 8, 8, 3}, 1},
	} {
		if a := compacted(tt.fields...); len(a.rows) != tt.rows || a.n != 4000 {
			t.Errorf("of fields with %v values %d rows are left, want %d", tt.fields, len(a.rows), tt.rows)
		}
	}
	for n, left := range map[int]int{keepTexts: keepTexts, keepTexts + 1: 1} {
		d := compacted(n).scenarios[0].defs[0]
		if len(d.values) != left || d.usual < 0 || d.index[d.values[d.usual].hash] != d.usual {
			t.Errorf("of %d values %d are left, and the usual one is at %d", n, len(d.values), d.usual)
		}
	}
}

// Full is told once so many kinds of answer came, and no sooner.
func TestFull(t *testing.T) {
	a := newAnswers()
	for i := range leastRoom {
		if a.Full() {
			t.Fatalf("full after %d kinds of answers", i)
		}
		a.add(0, 0, signature.Informative, fmt.Sprint("/id=", i))
		a.add(0, 0, signature.Informative, fmt.Sprint("/id=", i))
	}
	if !a.Full() {
		t.Error("it is never full")
	}
	a.Compact(func(func(int) bool) {})
	if a.Full() || len(a.rows) != 1 || a.rows[0].n != 2*leastRoom {
		t.Errorf("%d rows after compacting", len(a.rows))
	}
}

// OnlyOn counts what Off never gives; Moving tells numbers and times.
func TestOnlyOnAndMoving(t *testing.T) {
	m := Mark{Values: []Level{{Text: "1", On: 3, Off: 8}, {Text: "2", On: 4}, {Text: "3", Off: 4}}}
	if k, n := m.OnlyOn(); k != 4 || n != 7 {
		t.Errorf("%d of %d", k, n)
	}
	for text, want := range map[string]bool{"12": true, "1.5e3": true, "2026-03-02": true, "2026-03-02T10:00:00Z": true, "v2": false, "2026-13-02": false, "2026-03": false, "": false} {
		if got := (&Mark{Values: []Level{{Text: "1"}, {Text: text}}}).Moving(); got != want {
			t.Errorf("%q moves: %t", text, got)
		}
	}
	if (&Mark{Values: []Level{{Text: "1"}, {Absent: true}}}).Moving() {
		t.Error("a field that is absent moves")
	}
}

// A mark of a header is told from one of the body or of the answer.
func TestMarkHeader(t *testing.T) {
	for path, want := range map[string]bool{"x-build": true, "/build": false, ":status": false} {
		if got := (&Mark{Def: feature.NewDef(path, feature.Content, false)}).Header(); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
	if (&Mark{Def: feature.Def{Path: "line", Aspect: feature.Member}}).Header() {
		t.Error("a line of text is a header")
	}
}

// observed is an answer as it came.
func observed(seq int, body string, header ...probe.Header) *probe.Observation {
	return &probe.Observation{
		Seq: uint64(seq), Machine: "m", Outcome: probe.OutcomeResponse, Status: 200, Body: []byte(body), BodySize: int64(len(body)), BodyHash: hashOf(body),
		Header: append([]probe.Header{{Name: "content-type", Value: "application/json"}, {Name: "x-amzn-requestid", Value: fmt.Sprint("id-", seq)}}, header...),
	}
}

// An answer that came twice is told by its bytes alone once the scenario is calibrated,
// and counts as often as it came.
func TestAnswersThatComeAgain(t *testing.T) {
	a := newAnswers()
	rows := map[int]int{}
	for i := range 60 {
		n, kind := a.Add(observed(i, `{"a":1}`), 0, 0, false, 0)
		if kind != signature.Informative {
			t.Fatalf("answer %d is %s", i, kind)
		}
		rows[n]++
	}
	if len(rows) != 1 || a.n != 60 || a.scenarios[0].n != 60 || a.rows[0].n != 60 {
		t.Errorf("rows %v, %d answers", rows, a.n)
	}
	key := a.recall.key(observed(62, `{"a":1}`), 0, 0)
	if key != a.recall.key(observed(63, `{"a":1}`), 0, 0) || key == a.recall.key(observed(62, `{"a":1}`, probe.Header{Name: "x", Value: "1"}), 0, 0) {
		t.Error("the key does not stand for all but the request's own names")
	}
	if !a.Again(key, 0, 1) || a.n != 61 || a.scenarios[0].n != 61 || a.rows[0].n != 61 {
		t.Errorf("it is not known again: %d answers, %d of the row", a.n, a.rows[0].n)
	}
	if a.Again(key+1, 0, 1) || a.n != 61 {
		t.Error("what never came is known again")
	}
	other, _ := a.Add(observed(60, `{"a":2}`), 0, 0, false, 0)
	if _, same := rows[other]; same {
		t.Error("another answer is counted as the same")
	}
	elsewhere, _ := a.Add(observed(61, `{"a":1}`), 1, 0, false, 0)
	if _, same := rows[elsewhere]; same {
		t.Error("another target's answer is counted as the same")
	}
	fresh := newAnswers()
	fresh.Add(observed(0, `{"a":1}`), 0, 0, false, 7)
	fresh.Add(observed(1, `{"a":1}`), 0, 0, false, 7)
	if fresh.Again(7, 0, 1) {
		t.Error("it is known before the scenario is calibrated")
	}
}

// Few answers of a target are kept as they were: the first ones and those that show what is new.
func TestExemplarsAreFew(t *testing.T) {
	a := newAnswers()
	for i := range 200 {
		a.Add(observed(i, fmt.Sprintf(`{"id":"%08x","kind":"k%d"}`, 0xabcdef01*uint64(i+1)%0xfffffff1, i/150)), 0, 0, true, 0)
	}
	if n := len(a.exemplars.of); n < firstExemplars || n > mostExemplars {
		t.Errorf("%d exemplars are kept", n)
	}
	kinds := map[bool]int{}
	for _, e := range a.exemplars.of {
		kinds[strings.Contains(string(e.Body), "k1")]++
	}
	if kinds[true] == 0 {
		t.Error("what shows a new value is not kept")
	}
	long := newAnswers()
	long.Add(observed(0, `{"a":"`+strings.Repeat("x", 2*MaxExemplarBody)+`"}`), 0, 0, true, 0)
	if got := len(long.exemplars.of[0].Body); got != MaxExemplarBody {
		t.Errorf("%d bytes of a body are kept", got)
	}
}

// The exemplar is the earliest answer, in whatever order answers came.
func TestEarlier(t *testing.T) {
	one, two, other := &Exemplar{seq: 1, machine: "b"}, &Exemplar{seq: 2, machine: "a"}, &Exemplar{seq: 1, machine: "a"}
	for _, tt := range []struct{ a, b, want *Exemplar }{{one, two, one}, {two, one, one}, {one, other, other}, {nil, two, two}, {two, nil, two}, {nil, nil, nil}} {
		if got := earlier(tt.a, tt.b); got != tt.want {
			t.Errorf("of %+v and %+v: %+v", tt.a, tt.b, got)
		}
	}
	a := newAnswers()
	for _, seq := range []int{5, 3, 9} {
		a.Add(observed(seq, `{"a":1}`), 0, 0, true, 0)
	}
	if e := a.Partition(nil, apart).Of(0, 0)[0].Exemplar; e.seq != 3 {
		t.Errorf("the exemplar is answer %d", e.seq)
	}
}

// What an earlier answer shows is no reason any more to keep a later one.
func TestExemplarsThatOthersMakeNeedless(t *testing.T) {
	a := newAnswers()
	put := func(seq, status int, pod string) int {
		o := observed(seq, `{"pod":"`+pod+`"}`)
		o.Status = status
		n, _ := a.Add(o, 0, 0, true, 0)
		return n
	}
	for seq := range firstExemplars {
		put(seq, 200, "a")
	}
	put(5, 404, "a")
	put(6, 204, "a")
	put(7, 201, "a")
	late := put(30, 503, "b")
	if e := a.exemplar(late); e == nil || e.seq != 30 {
		t.Fatalf("an answer that shows what is new is not kept: %v", e)
	}
	put(20, 503, "a")
	if e := a.exemplar(late); e == nil {
		t.Fatal("an answer that shows what is new is not kept")
	}
	if put(21, 200, "b"); a.exemplar(late) != nil {
		t.Error("an answer is kept of which earlier ones show everything")
	}
}

// Where there are as many exemplars as may be, an earlier answer takes the place of the last
// one, and a later one none.
func TestRoomForExemplars(t *testing.T) {
	cell := [2]int32{0, 1}
	x := &exemplars{of: map[int]*Exemplar{}, rows: map[[2]int32][]int{}}
	put := func(n, seq int) bool {
		ok := x.roomFor(cell, n, uint64(seq))
		if ok {
			x.of[n] = &Exemplar{seq: uint64(seq)}
		}
		return ok
	}
	for i := range mostExemplars {
		if !put(i, 10+(i*7)%mostExemplars) {
			t.Fatalf("there is no room for exemplar %d", i)
		}
	}
	for _, tt := range []struct {
		seq  int
		room bool
		gone int // by number; 0 for none
	}{{80, false, 0}, {74, false, 0}, {5, true, 73}, {20, true, 72}, {73, false, 0}} {
		held := func(seq int) bool {
			for _, n := range x.rows[cell] {
				if x.of[n].seq == uint64(seq) {
					return true
				}
			}
			return false
		}
		before := held(tt.gone)
		if room := put(100+tt.seq, tt.seq); room != tt.room || len(x.of) != mostExemplars || len(x.rows[cell]) != mostExemplars || tt.gone > 0 && (!before || held(tt.gone)) {
			t.Errorf("room for answer %d: %v; %d of %d are kept, answer %d among them: %v", tt.seq, room, len(x.of), mostExemplars, tt.gone, held(tt.gone))
		}
	}
	// Now kept are the answers 5, 10, 11, 12, …
	for seq, want := range map[int]bool{0: true, 12: true, 13: false, 40: false} {
		if x.among(cell, uint64(seq)) != want {
			t.Errorf("answer %d is one of the first %d: %v", seq, firstExemplars, !want)
		}
	}
}

// Which answers are kept follows from their numbers: answers that overtake one another on
// their way give the same exemplars.
func TestExemplarsInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for round := range 200 {
		var sent []*probe.Observation
		for i := range 120 {
			o := observed(i, fmt.Sprintf(`{"id":"%08x","pod":"p%d"}`, rng.Uint32(), rng.IntN(3)))
			o.Status = []int{200, 200, 200, 404, 503}[rng.IntN(5)]
			sent = append(sent, o)
		}
		told := func(order []int) string {
			a, out := newAnswers(), []string{}
			for _, i := range order {
				a.Add(sent[i], 0, 0, true, 0)
			}
			for _, c := range a.Partition(nil, apart).Of(0, 0) {
				out = append(out, fmt.Sprint(c.Status, " ", c.Exemplar.RequestID))
			}
			slices.Sort(out)
			return strings.Join(out, ", ")
		}
		inTurn, arrived := make([]int, len(sent)), make([]float64, len(sent))
		for i := range sent {
			inTurn[i], arrived[i] = i, float64(i)+6*rng.Float64()
		}
		overtaking := slices.SortedStableFunc(slices.Values(inTurn), func(i, j int) int { return int(math.Copysign(1, arrived[i]-arrived[j])) })
		if want, got := told(inTurn), told(overtaking); want != got {
			t.Fatalf("round %d: in turn %s, with answers that overtake %s", round, want, got)
		}
	}
}

// The usual value is the most frequent of calibration, and absence where most lack it.
func TestUsualValue(t *testing.T) {
	a := newAnswers()
	for i := range calibration {
		fields := []string{"/most=1", fmt.Sprint("/half=", i%2)}
		if i >= 5 {
			fields[0] = "/most=2"
		}
		if i < 4 {
			fields = append(fields, "/rare=1")
		}
		a.add(0, 0, signature.Informative, fields...)
	}
	for i := range 50 {
		a.add(0, 0, signature.Informative, "/most=2", fmt.Sprint("/rare=", i))
	}
	for i, want := range []string{"1", "0", ""} {
		d, got := a.scenarios[0].defs[i], ""
		if d.usual != absent {
			got = d.values[d.usual].text
		}
		if got != want {
			t.Errorf("the usual value of %s is %q, want %q", d.Path, got, want)
		}
	}
	if d := (&def{values: []value{{hash: 9}, {hash: 4}}}); d.mostFrequent(map[int32]int{0: 3, 1: 3}, 0) != 1 || d.mostFrequent(map[int32]int{0: 3, 1: 3}, 3) != absent {
		t.Error("of equals the smaller hash is usual, and absence before both")
	}
}

// A value of many that came once is on no side where such values come on both.
func TestLevelsOfManyValues(t *testing.T) {
	a := newAnswers()
	var draws []Draw
	for i := range 30 {
		draws = append(draws, a.several(1, i%3 == 0, fmt.Sprint("/id=", i), fmt.Sprint("/few=", i%3))...)
	}
	tallies, _ := a.count(&Question{Draws: draws})
	for _, v := range tallies[0].levels(0) {
		if v.Side != 0 {
			t.Errorf("a value that came once: %+v", v)
		}
	}
	if total := tallies[0].total; total != (stat.Count{On: 10, Off: 20}) {
		t.Errorf("counted %v", total)
	}
	once := newAnswers()
	draws = slices.Concat(once.several(1, true, "/few=9"), once.several(9, true, "/few=1"), once.several(20, false, "/few=1"))
	tallies, _ = once.count(&Question{Draws: draws})
	for _, v := range tallies[0].levels(0) {
		if v.Text == "9" && v.Side != 0 {
			t.Errorf("one of few values that came once: %+v", v)
		}
	}
	if math.IsNaN(tallies[0].logD) {
		t.Error("D is no number")
	}
}

// A value counts by its sides of all factors that it was found linked to.
func TestSidesOfSeveralFactors(t *testing.T) {
	s := &sorter{d: &def{}, marks: []*Mark{}}
	for _, sides := range [][4]int{{-1, 1, -1, 1}, {-1, -1, 1, 1}} {
		m := &Mark{}
		for v, side := range sides {
			m.Values = append(m.Values, Level{at: int32(v), On: 5, Off: 5, Side: side})
		}
		s.add(m)
	}
	symbols := map[uint64]bool{}
	for v := range int32(4) {
		symbols[s.symbol(v)] = true
	}
	if len(symbols) != 4 {
		t.Errorf("%d symbols of four pairs of sides", len(symbols))
	}
	plain := &sorter{d: &def{values: []value{{hash: 7}}}}
	if plain.symbol(absent) != 0 || plain.symbol(0) != 7 {
		t.Error("without marks every value counts as itself")
	}
}

// Answers of which only the kind is known go where most of their kind go.
func TestForgottenAnswersGoWithTheirKind(t *testing.T) {
	a := newAnswers()
	var draws []Draw
	for i := range 90 {
		on, id := i%3 == 2, fmt.Sprint("/id=", i)
		if on {
			id = "/id=x"
		}
		draws = append(draws, a.several(1, on, ":status=200", id)...)
	}
	draws = append(draws, a.several(4, false, ":status=502")...)
	link := a.Link(&Question{Draws: draws, P: .3, Weight: 1})
	if len(link.Marks) == 0 {
		t.Fatal("nothing is linked")
	}
	used := []int{draws[84].Row, draws[85].Row, draws[87].Row, draws[89].Row}
	moved := a.Compact(slices.Values(used))
	r := a.Partition(link.Marks[:1], apart)
	// What is still known of the canary's answer is one row of thirty answers.
	if diff := cmp.Diff([]string{"60 200", "30 200", "4 502"}, sizes(r, 0, 0, ":status")); diff != "" {
		t.Error(diff)
	}
	if r.Cluster(moved[draws[0].Row]) == r.Cluster(moved[draws[89].Row]) && r.Of(0, 0)[0].Kind != r.Of(0, 0)[1].Kind {
		t.Error("a forgotten answer went to another kind")
	}
}

// What only sums up others is told where nothing else differs.
func TestDiffersLeavesOutWhatSumsUp(t *testing.T) {
	of := func(value, set uint64) *Cluster {
		return &Cluster{Fields: []Field{{Path: "/a", Value: fmt.Sprint(value), symbol: value}, {Path: "/set", Value: fmt.Sprint(set), symbol: set, rank: summing}}}
	}
	for _, tt := range []struct {
		b    *Cluster
		want []Diff
	}{
		{of(1, 1), nil}, {of(2, 1), []Diff{{"/a", "1", "2"}}}, {of(2, 2), []Diff{{"/a", "1", "2"}}}, {of(1, 2), []Diff{{"/set", "1", "2"}}},
		{&Cluster{Fields: of(2, 2).Fields[:1]}, []Diff{{"/a", "1", "2"}}}, {&Cluster{}, nil},
	} {
		if diff := cmp.Diff(tt.want, Differs(of(1, 1), tt.b)); diff != "" {
			t.Error(diff)
		}
	}
	ranks := map[feature.Aspect]bool{feature.Content: false, feature.Type: false, feature.Shape: false, feature.Member: false, feature.Set: true, feature.Size: true, feature.Order: true}
	for aspect, sums := range ranks {
		if m := (&Mark{Def: feature.Def{Aspect: aspect}}); m.Sums() != sums || sums != (m.Rank() >= summing) {
			t.Errorf("%v sums up others: %t", aspect, m.Sums())
		}
	}
	if !(&Mark{Def: feature.Def{Aspect: feature.Member, Member: "member string"}}).Sums() {
		t.Error("that there is a member of some type sums up others")
	}
}

// A field that is named like a version tells behaviours apart while it takes few values.
func TestComparedFields(t *testing.T) {
	for _, tt := range []struct {
		path   string
		class  bool
		values int
		want   bool
	}{{"/version", true, few, true}, {"/version", true, few + 1, false}, {":status", true, few + 1, true}, {"/pod", false, 2, false}} {
		d := &def{Def: feature.NewDef(tt.path, feature.Content, tt.class)}
		for i := range tt.values {
			d.values = append(d.values, value{text: fmt.Sprint("v", i)})
		}
		if got := d.compared(); got != tt.want {
			t.Errorf("%s of %d values is compared: %t", tt.path, tt.values, got)
		}
	}
	// One answer of twenty may overtake another.
	for again, want := range map[int]bool{5: true, 6: false} {
		d := &def{values: []value{{text: "1"}, {text: "2"}, {text: "3"}}, came: 100, again: again}
		if got := d.ticks(); got != want {
			t.Errorf("%d of 100 came late: ticks %t", again, got)
		}
	}
}

// What this machine could not send is no answer of anybody.
func TestOwnFaults(t *testing.T) {
	a := newAnswers()
	fault := &probe.Observation{Outcome: probe.OutcomeLocal}
	for range 3 {
		n, kind := a.Add(fault, 0, 0, false, 0)
		if kind != signature.OwnFault || a.Partition(nil, apart).Cluster(n) != nil {
			t.Errorf("it is %s, of a cluster", kind)
		}
		if got := a.Values([]int{n}, &Mark{}); len(got) != 0 {
			t.Errorf("it has the values %v", got)
		}
	}
	if a.scenarios[0].n != 0 {
		t.Errorf("%d answers to the scenario", a.scenarios[0].n)
	}
}

// The texts of the first values of a feature are kept, and no more.
func TestTextsAreFew(t *testing.T) {
	a := newAnswers()
	for i := range keepTexts + 10 {
		a.add(0, 0, signature.Informative, fmt.Sprint("/id=", i))
	}
	for i, v := range a.scenarios[0].defs[0].values {
		if (v.text != "") != (i < keepTexts) {
			t.Errorf("the text of value %d is %q", i, v.text)
		}
	}
}

// An answer is remembered while not twice as many others came since.
func TestRecallForgets(t *testing.T) {
	c := newRecall()
	keep := func(key uint64) { c.keep(key, 0, int(key)); c.keep(key, 0, int(key)) }
	for key := range uint64(mostRecalled - 1) {
		keep(key)
	}
	if len(c.known) != mostRecalled-1 || len(c.older) != 0 {
		t.Fatalf("%d known and %d older", len(c.known), len(c.older))
	}
	for key := range uint64(mostRecalled - 1) {
		keep(mostRecalled + key)
	}
	if n, ok := c.find(7, 0); !ok || n != 7 {
		t.Errorf("an older answer is row %d, %t", n, ok)
	}
	if _, ok := c.find(7, 1); ok {
		t.Error("an answer is found although features turned")
	}
	keep(3 * mostRecalled)
	keep(3*mostRecalled + 1)
	if _, ok := c.find(8, 0); ok {
		t.Error("an answer from long ago is found")
	}
	if _, ok := c.find(7, 0); !ok {
		t.Error("an answer that came again is forgotten")
	}
	c.keep(1<<40, 0, 1)
	if _, ok := c.find(1<<40, 0); ok {
		t.Error("an answer that was reduced once is found")
	}
}

// An empty request id is not the same answer as one with an id.
func TestKeyOfAnswers(t *testing.T) {
	c := newRecall()
	of := func(id string) uint64 {
		return c.key(&probe.Observation{Header: []probe.Header{{Name: "x-amzn-requestid", Value: id}}}, 0, 0)
	}
	if of("a") != of("b") || of("") != of("0") || of("a") == of("") {
		t.Error("request ids are told apart by whether there is one")
	}
}

// TestSideAgainstTheFormula: over drawn counts the side is that of the higher rate, where
// the value's own e-value is 10.
func TestSideAgainstTheFormula(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	sides := map[int]int{}
	for range 3000 {
		total := stat.Count{On: 1 + rng.IntN(40), Off: 1 + rng.IntN(200)}
		here := stat.Count{On: rng.IntN(total.On + 1), Off: rng.IntN(total.Off + 1)}
		rest := stat.Count{On: total.On - here.On, Off: total.Off - here.Off}
		n := float64(total.On + total.Off)
		logE := stat.LinkLogN([]stat.Count{here, rest}, 1, stat.Count{}, float64(total.On)/n)
		logE -= float64(total.On)*math.Log(float64(total.On)/n) + float64(total.Off)*math.Log(float64(total.Off)/n)
		want := 0
		if a, b := float64(here.On)/float64(total.On), float64(here.Off)/float64(total.Off); logE >= math.Log(10) && a > b {
			want = 1
		} else if logE >= math.Log(10) {
			want = -1
		}
		if got := Side(here, total); got != want {
			t.Fatalf("%v of %v: side %d, want %d", here, total, got, want)
		}
		sides[want]++
	}
	if len(sides) != 3 {
		t.Errorf("sides %v", sides)
	}
}

// A mixture is told from strays of one in fifty.
func TestMixedAtItsBounds(t *testing.T) {
	for _, tt := range []struct {
		other, own, neither int
		want                bool
	}{{3, 146, 0, true}, {2, 90, 0, false}, {4, 195, 0, true}, {4, 196, 0, false}, {40, 58, 2, true}, {40, 57, 3, false}, {0, 100, 0, false}, {100, 0, 0, false}} {
		values := []Level{{Off: 100, On: tt.other, Side: -1}, {On: tt.own, Side: 1}}
		if tt.neither > 0 {
			values = append(values, Level{On: tt.neither})
		}
		if got := (&Mark{Values: values}).Mixed(); got != tt.want {
			t.Errorf("%d as the other level, %d its own, %d neither: mixed %t", tt.other, tt.own, tt.neither, got)
		}
	}
}

// Of few values one that came once is on no side; of more they are on the side that all of
// them go with, wherever each of them came.
func TestSideOfWhatCameOnce(t *testing.T) {
	for _, n := range []int{few, few + 1} {
		a := newAnswers()
		draws := a.several(60, false, "/id=still")
		for i := range n - 1 {
			draws = append(draws, a.several(1, i > 0, fmt.Sprint("/id=", i))...)
		}
		tallies, _ := a.count(&Question{Draws: draws})
		for _, v := range tallies[0].levels(0) {
			if v.On+v.Off == 1 && (v.Side == 1) != (n > few) {
				t.Errorf("of %d values one is on side %d: %+v", n, v.Side, v)
			}
		}
	}
	a := newAnswers()
	draws := slices.Concat(a.several(12, true), a.several(2, false)) // lack it
	for i := range 100 {
		draws = append(draws, a.several(1, i < 8, fmt.Sprint("/id=", i))...)
	}
	tallies, _ := a.count(&Question{Draws: draws})
	for _, v := range tallies[0].levels(0) {
		if want := map[bool]int{true: 1, false: -1}[v.Absent]; v.Side != want {
			t.Errorf("%+v: want side %d", v, want)
		}
	}
}
