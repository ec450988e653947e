package cause

import (
	"slices"
	"testing"

	"stageprobe/probe"
)

// Each cause comes after those whose verdicts it reads, and before none of them.
func TestTheTableHasAnOrder(t *testing.T) {
	order := table(Causes).inOrder()
	if len(order) != len(Causes) {
		t.Fatal("the causes read each other's verdicts in a circle, or name a cause that the table lacks")
	}
	at := func(id ID) int { return slices.IndexFunc(order, func(c *Cause) bool { return c.ID == id }) }
	for _, c := range order {
		for _, id := range c.After {
			if at(id) > at(c.ID) {
				t.Errorf("%s is asked before %s, whose verdicts it reads", c.ID, id)
			}
		}
	}
	circle := table{{ID: "a", After: []ID{"b"}}, {ID: "b", After: []ID{"a"}}}
	if circle.inOrder() != nil {
		t.Error("a circle has an order")
	}
}

// A row says all that the program must know of a cause.
func TestTheTableIsComplete(t *testing.T) {
	seen := map[ID]bool{}
	for _, c := range Causes {
		if seen[c.ID] {
			t.Errorf("%s has two rows", c.ID)
		}
		seen[c.ID] = true
		if c.Step < 1 || c.Step > 6 {
			t.Errorf("%s is of step %d", c.ID, c.Step)
		}
		if !slices.Contains([]Severity{Error, Warning, Info}, c.Severity) {
			t.Errorf("%s has severity %q", c.ID, c.Severity)
		}
		for _, id := range c.Excludes {
			if Of(id) == nil || id == c.ID {
				t.Errorf("%s excludes %s", c.ID, id)
			}
		}
	}
}

// Splits are weighed once, by the laws of all causes, after whatever explains a
// behaviour without one.
func TestSplitsAreWeighedLast(t *testing.T) {
	for _, c := range Causes {
		if c.Laws == nil {
			continue
		}
		may := table(Causes).reads(&c)
		for _, id := range beforeSplits {
			if !may[id] {
				t.Errorf("%s has laws and does not come after %s", c.ID, id)
			}
		}
		for id := range may {
			if Of(id).Laws != nil {
				t.Errorf("%s and %s have laws, and one reads the other's verdict before both are weighed", c.ID, id)
			}
		}
	}
}

// A finding is hidden where another explains all that it rests on, and only there.
func TestHides(t *testing.T) {
	stale := Finding{Cause: StaleDeployment, Linked: ConsistentWith, Targets: []string{"a"}}
	confirmed := Finding{Cause: StaleDeployment, Linked: Proven, Targets: []string{"a"}, rests: []int{3}}
	denied := Finding{Cause: AccessDenied, Targets: []string{"a"}, rests: []int{1, 2}}
	tests := map[string]struct {
		by   Finding
		it   Finding
		want bool
	}{
		"a switch over unconfirmed edits":         {Finding{Cause: DeployPropagating, Targets: []string{"a", "b"}}, stale, true},
		"a switch of another target":              {Finding{Cause: DeployPropagating, Targets: []string{"b"}}, stale, false},
		"a switch over confirmed edits":           {Finding{Cause: DeployPropagating, Targets: []string{"a"}, rests: []int{1}}, confirmed, false},
		"a kept result over all refusals":         {Finding{Cause: AuthorizerCache, Targets: []string{"a"}, rests: []int{1, 2, 5}}, denied, true},
		"a kept result over some refusals":        {Finding{Cause: AuthorizerCache, Targets: []string{"a"}, rests: []int{1}}, denied, false},
		"a cause that excludes nothing of it":     {Finding{Cause: FlakyBackend, Targets: []string{"a"}, rests: []int{1, 2}}, denied, false},
		"refusals do not hide what explains them": {denied, Finding{Cause: AuthorizerCache, rests: []int{1}}, false},
	}
	for name, tt := range tests {
		if got := table(Causes).hides(&tt.by, &tt.it); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The questions of a run share its error rate: the parts of what is linked, and those of
// all laws that may drive a split, with and without a canary.
func TestWeightsSumToOne(t *testing.T) {
	for _, canary := range []bool{false, true} {
		w := newWorld(1)
		prod := &w.api().Stages[0]
		prod.CacheCluster, prod.Methods = true, map[string]probe.MethodSettings{"*/*": {Caching: true, CacheTTL: 300}}
		if canary {
			w.canary(10)
		}
		fx := gather(&w.Input)
		parts := weights(fx)
		sum := parts.Canary + parts.Pair + parts.Level + weightOf(fx, DeployPropagating)
		for _, f := range drawnFactors(fx, fx.targets[0]) {
			sum += weightOf(fx, f.cause) * f.share()
		}
		if sum > 1+1e-9 || sum < 1-1e-9 {
			t.Errorf("canary %t: the weights sum to %g", canary, sum)
		}
	}
}

// A cause that a caller adds is asked after those that it reads, and one that cannot be
// is refused at once.
func TestCausesOfOnesOwn(t *testing.T) {
	own := Cause{ID: "own", Step: 4, Severity: Warning, After: []ID{UnexplainedSplit}, Find: func(_ *Facts, known *Known) Verdict {
		var v Verdict
		for _, target := range []string{"a", "b"} {
			f := Finding{Targets: []string{target}}
			f.Say("seen")
			f.Scenarios = make([]string, len(known.Findings()))
			v.Found = append(v.Found, f)
		}
		return v
	}}
	in := newWorld(1).Input
	in.Causes = []Cause{own}
	got := Explain(in).Findings
	got = slices.DeleteFunc(got, func(f Finding) bool { return f.Cause != own.ID })
	if len(got) != 2 || got[0].Step != 4 || got[0].Severity != Warning || got[0].Remedy == nil {
		t.Errorf("found %+v", got)
	}
	for name, id := range map[string]Cause{"of an unknown cause": {ID: "x", After: []ID{"y"}}, "with a name twice": {ID: Throttled}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a cause %s is taken", name)
				}
			}()
			in.Causes = []Cause{id}
			Explain(in)
		}()
	}
}

func TestTheTableNamesItsCauses(t *testing.T) {
	ids := IDs()
	if len(ids) != len(Causes) || ids[0] != CanarySplit {
		t.Errorf("%q", ids)
	}
	for i, id := range ids {
		if Rank(id) != i || Of(id) == nil || Of(id).ID != id {
			t.Errorf("%s stands at %d, and is told to stand at %d", id, i, Rank(id))
		}
	}
	if Rank("no such cause") != len(ids) || Of("no such cause") != nil {
		t.Error("a cause that there is not has a place")
	}
	for s, want := range map[Severity]int{Error: 0, Warning: 1, Info: 2, "": 2} {
		if s.Rank() != want {
			t.Errorf("%q stands at %d, want %d", s, s.Rank(), want)
		}
	}
}
