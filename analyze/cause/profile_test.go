package cause

import (
	"fmt"
	"hash/fnv"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/feature"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// The targets of tokens, by index.
const (
	ofProd = iota
	ofDev
	ofDomain
)

// tokens is a run of n requests to prod, to dev and to a domain that is meant to serve
// prod, without logs; among tells which of them could be asked. Answers hold a token.
func tokens(n int, among func(i int) []int, token func(target, i int) string) *world {
	return fieldsOf(n, "/token", among, token)
}

// fieldsOf is tokens in a field, a header or one of the body; an empty one is not there.
func fieldsOf(n int, path string, among func(i int) []int, token func(target, i int) string) *world {
	w := newWorld(1)
	w.Plan.Scenarios = w.Plan.Scenarios[:1]
	w.invoke("dev")
	w.target(probe.Target{ID: "api.example.com", URL: "https://api.example.com", Kind: probe.CustomDomain, Meant: &probe.StageRef{APIID: "abc123", Stage: "prod"}})
	w.Table = behaviour.New(behaviour.Options{Targets: w.Plan.Targets, Scenarios: w.Plan.Scenarios})
	defs := []feature.Def{feature.NewDef(":status", feature.Content, true), feature.NewDef(path, feature.Content, false)}
	for i := range n {
		var a probe.Among
		for _, t := range among(i) {
			a = a.With(t)
		}
		target := among(i)[w.rng.IntN(len(among(i)))]
		text := token(target, i)
		h := fnv.New64a()
		_, _ = h.Write([]byte(text)) // a hash takes everything
		values := []feature.Value{{Def: 0, Hash: 200, Text: "200"}, {Def: 1, Hash: h.Sum64(), Text: text}}
		if text == "" {
			values = values[:1]
		}
		w.Rows = append(w.Rows, Row{
			Seq: uint64(i), At: began, Target: target, Among: a, Class: signature.Informative, RequestID: fmt.Sprint(i),
			Table: w.Table.AddValues(target, 0, behaviour.Answer{Status: 200, Class: signature.Informative, Outcome: probe.OutcomeResponse}, values, defs),
		})
	}
	w.Now, w.Done = began, true
	return w
}

func ofTwo(int) []int    { return []int{ofProd, ofDomain} }
func everyone(int) []int { return []int{ofProd, ofDev, ofDomain} }

// A field that holds still on one stage and is another one in every answer of the next
// tells which of them serves a domain, unless the domain's own values do.
func TestValuesThatNeverComeAgain(t *testing.T) {
	const unique, forty = "unique", "forty"
	for name, tt := range map[string]struct {
		prod, dev, domain string
		want              ID
	}{
		"still on the stage meant":                  {"a", unique, unique, WrongStage},
		"nearly still on the stage meant":           {"nearly still", unique, unique, WrongStage},
		"still on the other stage":                  {unique, "a", "a", WrongStage},
		"forty values on the other stage":           {"a", forty, forty, WrongStage},
		"still on the stage meant, which serves":    {"a", unique, "a", ""},
		"unique everywhere":                         {unique, unique, unique, ""},
		"forty everywhere":                          {forty, forty, forty, ""},
		"the domain's own, unique on another stage": {"a", unique, "b", AddressDependent},
		"forty of the domain's own":                 {"a", forty, "forty more", AddressDependent},
		"unique on the domain alone":                {"a", "a", unique, AddressDependent},
	} {
		w := tokens(450, everyone, func(target, i int) string {
			switch kind := []string{tt.prod, tt.dev, tt.domain}[target]; kind {
			case unique:
				return fmt.Sprint(i)
			case "nearly still":
				return map[bool]string{true: fmt.Sprint(i)}[i%50 == 0]
			case forty, "forty more":
				return fmt.Sprint(kind, i%40)
			default:
				return kind
			}
		})
		got := found(Explain(w.Input))
		for _, id := range []ID{WrongStage, AddressDependent} {
			if _, has := got[id]; has != (id == tt.want) {
				t.Errorf("%s: found %v, want %q", name, got, tt.want)
			}
		}
	}
}

// What a stage answers once the domain is no longer asked counts neither for nor
// against its serving the domain.
func TestStagesCountWhileTheDomainIsAsked(t *testing.T) {
	const together, after = 150, 3000
	among := func(i int) []int {
		if i < together {
			return everyone(i)
		}
		return []int{ofProd, ofDev}
	}
	w := tokens(together+after, among, func(target, i int) string { return []string{"a", "b", "b"}[target] })
	if got := found(Explain(w.Input)); got[WrongStage] == "" || len(got) != 1 {
		t.Errorf("found %v", got)
	}
	fx := gather(&w.Input)
	sub, prod, dev := fx.targets[ofDomain], fx.targets[ofProd], fx.targets[ofDev]
	marks, _ := marksOf(fx, sub, prod)
	if len(marks) == 0 {
		t.Fatal("nothing tells the domain from the stage meant")
	}
	tells := telling(fx, &marks[0], sub, dev, prod)
	asked := [3]int{}
	for _, r := range w.Rows[:together] {
		asked[r.Target]++
	}
	for target, k := range map[*target]int{sub: asked[ofDomain], dev: asked[ofDev], prod: 0} {
		if got, want := tells.count(fx, target, sub, &marks[0]), (stat.BinCount{K: k, N: asked[target.index]}); got != want {
			t.Errorf("%s gives what tells in %+v, want %+v", target.ID, got, want)
		}
	}
}

// Two sides draw from one source unless what comes again stays on one of them.
func TestOneSource(t *testing.T) {
	type counts = map[behaviour.ValueID]int
	several := func(from, to, n int) counts {
		out := counts{}
		for v := from; v < to; v++ {
			out[behaviour.ValueID(v)] = n
		}
		return out
	}
	for _, tt := range []struct {
		name string
		a, b counts
		want bool
	}{
		{"never again", several(0, 30, 1), several(30, 60, 1), true},
		{"shared", several(0, 20, 3), several(0, 20, 3), true},
		{"one of each, often", counts{1: 30}, counts{2: 30}, false},
		{"one often, others once", counts{1: 30}, several(2, 32, 1), false},
		{"forty of each", several(0, 40, 3), several(40, 80, 3), false},
		{"two pairs apart, by chance", several(0, 30, 2), several(2, 32, 2), true},
		{"nothing on one side", several(0, 30, 1), counts{}, false},
	} {
		if got := oneSource(tt.a, tt.b); got != tt.want || oneSource(tt.b, tt.a) != tt.want {
			t.Errorf("%s: one source %t", tt.name, got)
		}
	}
}

// A header tells two addresses apart where each sets a constant of its own and nothing in
// front of an API writes it.
func TestAHeaderTellsTwoAddressesApart(t *testing.T) {
	for name, tt := range map[string]struct {
		header, prod, domain string
		want                 bool
	}{
		"a version of each its own": {"x-app-version", "7", "8", true},
		"the same version":          {"x-app-version", "7", "7", false},
		"there alone":               {"x-app-version", "", "8", false},
		"lacking there":             {"x-app-version", "7", "", false},
		"another in every answer":   {"x-app-version", "7", "unique", false},
		"the server's name":         {"server", "a", "b", false},
		"a CDN's":                   {"cf-cache-status", "HIT", "MISS", false},
	} {
		w := fieldsOf(300, tt.header, everyone, func(target, i int) string {
			switch {
			case target != ofDomain:
				return tt.prod
			case tt.domain == "unique":
				return fmt.Sprint(i)
			}
			return tt.domain
		})
		r := Explain(w.Input)
		if _, has := found(r)[AddressDependent]; has != tt.want {
			t.Errorf("%s: address-dependent %t, want %t", name, has, tt.want)
		}
	}
}

// Where the mapping could not be read and other stages were not asked, a domain that answers
// otherwise than the stage meant may be one of theirs: no cause is named.
func TestADomainOfAStageThatWasNotAskedIsLeftOpen(t *testing.T) {
	w := tokens(300, ofTwo, func(target, _ int) string { return fmt.Sprint(target) })
	r := explained(w.Input)
	if got := found(r); len(got) != 0 {
		t.Errorf("found %v, want nothing but a question", got)
	}
	for _, q := range r.Open {
		if strings.Contains(q.Text, "which stage serves it") && strings.Contains(q.Text, "stage dev was not asked") && strings.Contains(q.Text, "/token") {
			return
		}
	}
	t.Errorf("open is %v, want which stage serves it, in what it differs and that dev may", r.Open)
}

// The same where a header alone differs, which something in front may have written; not
// where it is one that only such a thing writes, or where all stages were asked.
func TestAHeaderLeavesOpenWhoServes(t *testing.T) {
	for name, tt := range map[string]struct {
		header string
		ask    func(int) []int
		want   bool
	}{
		"a header of the application":      {"x-new", ofTwo, true},
		"a CDN's":                          {"cf-cache-status", ofTwo, false},
		"there alone, of all stages asked": {"x-new", everyone, false},
	} {
		w := fieldsOf(300, tt.header, tt.ask, func(target, _ int) string {
			if target == ofDomain {
				return "8"
			}
			return ""
		})
		r := explained(w.Input)
		open := slices.ContainsFunc(r.Open, func(q Question) bool { return strings.Contains(q.Text, "which stage serves it") })
		if got := found(r); len(got) != 0 || open != tt.want {
			t.Errorf("%s: found %v, open %v, want it open: %t", name, got, r.Open, tt.want)
		}
	}
}

func TestValuesOfOneSource(t *testing.T) {
	ids := func(counts ...int) map[behaviour.ValueID]int {
		out := map[behaviour.ValueID]int{}
		for i, n := range counts {
			if n > 0 {
				out[behaviour.ValueID(i)] = n
			}
		}
		return out
	}
	if got := foreign(ids(3, 2, 1), ids(1, 0, 4)); !reflect.DeepEqual(got, ids(0, 2)) {
		t.Errorf("values that a stage does not give: %v", got)
	}
	for _, tt := range []struct {
		name string
		a, b map[behaviour.ValueID]int
		want bool
	}{
		{"nothing of one side", ids(), ids(1), false},
		{"nothing of the other", ids(1), ids(), false},
		{"all once", ids(1, 1, 1), ids(0, 0, 0, 1, 1), true},
		{"all from both", ids(2, 3, 2), ids(2, 2, 2), true},
		{"each from one", ids(9, 9, 9, 0, 0, 0), ids(0, 0, 0, 9, 9, 9), false},
	} {
		if got := oneSource(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	expected := &target{}
	b := &bin{values: map[behaviour.ValueID]bool{1: true}, stage: expected, meant: ids(0, 0, 1, 2)}
	for _, tt := range []struct {
		v       behaviour.ValueID
		of      *target
		foreign bool
		want    bool
	}{{1, nil, false, true}, {9, nil, false, false}, {9, nil, true, true}, {2, nil, true, false}, {2, expected, true, true}, {3, expected, true, false}} {
		b.foreign = tt.foreign
		if b.has(tt.v, tt.of) != tt.want {
			t.Errorf("value %d, foreign ones %v, of the stage meant %v: %v", tt.v, tt.foreign, tt.of != nil, !tt.want)
		}
	}
}

// Twenty answers of each stage are enough to say that they answer alike although some
// differ; fewer are not.
func TestAnswersThatCannotBeToldApart(t *testing.T) {
	for n, want := range map[int]bool{1: false, 19: false, 20: true} {
		in := &Input{Clusters: behaviours(served200(), served200(), served200())}
		in.Clusters[2].ID = in.Clusters[0].ID
		fx := given(in, [][]int{repeated(n, 0)}, [][]int{append(repeated(n-1, 2), 1)})
		if got := alike(fx, fx.targets[0], fx.targets[1]); got != want {
			t.Errorf("%d answers each, one of which differs: alike %v", n, got)
		}
	}
	in := &Input{Clusters: behaviours(served200(), served200())}
	in.Clusters[1].ID = in.Clusters[0].ID
	if fx := given(in, [][]int{{0}}, [][]int{{1}}); !alike(fx, fx.targets[0], fx.targets[1]) {
		t.Error("the same answers are alike, however few")
	}
}

// TestProfilesOfStages: how far the answers of two targets lie apart, and what each gave.
func TestProfilesOfStages(t *testing.T) {
	for _, tt := range []struct {
		a, b []int // counts of three behaviours
		d    float64
		n    int
	}{{[]int{4, 0, 0}, []int{0, 4, 0}, 1, 4}, {[]int{4, 0, 0}, []int{3, 3, 0}, .5, 4}, {[]int{2, 2, 0}, []int{1, 1, 2}, .5, 4}, {[]int{1, 1, 0}, []int{4, 4, 0}, 0, 2}, {[]int{0, 0, 0}, []int{1, 0, 0}, 0, 0}, {[]int{1, 0, 0}, []int{0, 0, 0}, 0, 0}} {
		in := &Input{Clusters: behaviours(served200(), served200(), served200(), served200(), served200(), served200())}
		var of [2][]int
		for i, counts := range [2][]int{tt.a, tt.b} {
			for k, n := range counts {
				in.Clusters[3*i+k].ID = string(rune('x' + k))
				of[i] = append(of[i], repeated(n, 3*i+k)...)
			}
		}
		fx := given(in, [][]int{of[0]}, [][]int{of[1]})
		if d, n := distance(fx, fx.targets[0], fx.targets[1], 0); math.Abs(d-tt.d) > 1e-12 || n != tt.n {
			t.Errorf("%v and %v: %g apart, of %d", tt.a, tt.b, d, n)
		}
		g := &sighting{rival: fx.targets[1].stageRef()}
		table := profileTable(fx, fx.targets[0], g)
		for i, name := range table.Rows {
			k := int(name[len(name)-2] - 'x')
			if want := []int{tt.a[k], tt.b[k]}; !slices.Equal(table.Counts[i], want) {
				t.Errorf("%s: %v, want %v", name, table.Counts[i], want)
			}
		}
		if shown := pairTable(fx, [2]*target{fx.targets[0], fx.targets[1]}, []int{0}); !reflect.DeepEqual(shown.Counts, table.Counts) || len(pairTable(fx, [2]*target{fx.targets[0], fx.targets[1]}, []int{1}).Rows) != 0 {
			t.Errorf("%+v, want %v", shown, table.Counts)
		}
	}
}

// TestStagesThatAnsweredThemselves: at their own URL, which leads somewhere.
func TestStagesThatAnsweredThemselves(t *testing.T) {
	asked := []*cell{{rows: []int{0}}}
	fx := &Facts{targets: []*target{
		{Target: &probe.Target{Kind: probe.InvokeURL}, cells: asked}, {Target: &probe.Target{Kind: probe.InvokeURL, Unmapped: "off"}, cells: asked},
		{Target: &probe.Target{Kind: probe.InvokeURL}}, {Target: &probe.Target{Kind: probe.CustomDomain}, cells: asked}, {Target: &probe.Target{Kind: probe.InvokeURL}, cells: asked},
	}}
	if n := len(stagesProbed(fx)); n != 2 {
		t.Errorf("%d stages gave answers at their own URL, want 2", n)
	}
}

// A behaviour that a stage never gave is likelier the more kinds are known.
func TestABehaviourThatAStageNeverGave(t *testing.T) {
	fx := given(&Input{Clusters: behaviours(served200(), served200())}, [][]int{{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}})
	if usual, rare, strange := foresee(fx, fx.targets[0], 0, "k0", 2), foresee(fx, fx.targets[0], 0, "k1", 2), foresee(fx, fx.targets[0], 0, "k9", 2); math.Abs(usual+rare+strange-1) > 1e-12 || usual < .85 || usual > .9 || strange > .03 || rare < strange {
		t.Errorf("%g, %g and %g", usual, rare, strange)
	}
}

// TestWhatTellsATarget is what it gives more often than the stage meant: a value that both
// give, and that the stage meant gives more often, is none of it.
func TestWhatTellsATarget(t *testing.T) {
	isB := func(target, i int) bool {
		if target == ofProd {
			return i%20 == 0
		}
		return i/3%2 == 1
	}
	w := tokens(600, everyone, func(target, i int) string { return map[bool]string{false: "a", true: "b"}[isB(target, i)] })
	fx := gather(&w.Input)
	sub, prod, dev := fx.targets[ofDomain], fx.targets[ofProd], fx.targets[ofDev]
	marks, _ := marksOf(fx, sub, prod)
	if len(marks) == 0 {
		t.Fatal("nothing tells the domain from the stage meant")
	}
	tells := telling(fx, &marks[0], sub, dev, prod)
	for _, x := range fx.targets {
		b := 0
		for i, r := range w.Rows {
			if r.Target == x.index && isB(r.Target, i) {
				b++
			}
		}
		if got, want := tells.count(fx, x, sub, &marks[0]), (stat.BinCount{K: b, N: x.n()}); got != want {
			t.Errorf("%s gives what tells in %+v, want %+v", x.ID, got, want)
		}
	}
}
