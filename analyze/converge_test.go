package analyze

import "testing"

// Answers that fall short at random are no old deployment, however few of them are
// among the last.
func TestCameAndWent(t *testing.T) {
	for _, c := range []struct {
		old, fresh, since int
		want              bool
	}{
		{1, 459, 459, false},  // a first answer that failed
		{3, 459, 459, true},   // three at the beginning
		{3, 1000, 459, false}, // three, and the last of them half-way
		{40, 600, 459, true},  // a deployment that came
		{0, 459, 459, false},
		{40, 0, 0, false},
	} {
		if got := cameAndWent(&Convergence{Old: c.old, New: c.fresh, Since: c.since}, 0.01); got != c.want {
			t.Errorf("%d old, %d new, %d since: %v", c.old, c.fresh, c.since, got)
		}
	}
}

// What a limit refused is said beside the answers that are alike: it is none of them.
func TestClaimBesideALimit(t *testing.T) {
	rep := &Report{Run: Run{Confidence: 0.99}, Targets: []Target{{
		Requests: 459, Claim: new(0.01),
		Clusters: []Cluster{{Scenario: "a", Count: 459, Status: 200, Reference: true}},
	}}}
	if got, want := rep.claim(), "The target answers alike: 459 requests, none deviating; at most 1 % of requests could differ (99 % confidence)."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	rep.Targets[0].Requests += 4
	rep.Targets[0].Clusters = append(rep.Targets[0].Clusters, Cluster{Scenario: "a", Count: 4, Status: 429})
	if got, want := rep.claim(), "The target answers alike: 463 requests, none deviating but 4 that a limit refused (429); at most 1 % of requests could differ (99 % confidence)."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestConvergedWhereEnoughCame: the last answer that is needed is enough, and the one that
// made the return is not counted.
func TestConvergedWhereEnoughCame(t *testing.T) {
	of := func(n int) []aged {
		rows := []aged{{age: ageOld, at: noon}}
		for range n {
			rows = append(rows, aged{age: ageNew, at: noon})
		}
		return rows
	}
	need := converge("t", of(1), .01, .99).Needed
	for n, want := range map[int]bool{need: false, need + 1: true, need + 2: true} {
		if got := converge("t", of(n), .01, .99); got.Needed != need || got.Since != n-1 || got.Converged != want {
			t.Errorf("%d new answers: %d since, %d needed, converged %v", n, got.Since, got.Needed, got.Converged)
		}
	}
}
