package stat

import (
	"fmt"
	"math"
	"testing"
)

// TestMarginalsAreProbabilities sums each marginal likelihood over all
// sequences of responses: 1 for a probability, at most 1 for a sub-probability.
func TestMarginalsAreProbabilities(t *testing.T) {
	labels := []bool{true, false, false, true, false, true, false, false, false, true}
	n := len(labels)
	marginals := map[string]func(bits []bool) float64{
		"consistent": func(b []bool) float64 { return ConsistentLogM(ones(b), n, .001) },
		"flaky":      func(b []bool) float64 { return FlakyLogM(ones(b), n, .01) },
		"KT":         func(b []bool) float64 { return KT([]int{ones(b), n - ones(b)}) },
		"canary":     func(b []bool) float64 { return CanaryLogM(crosstab(labels, b), 0, 0, .1) },
		"canary, most of the traffic": func(b []bool) float64 {
			return CanaryLogM(crosstab(labels, b), 0, 0, .9)
		},
		"canary, half of the labels missing": func(b []bool) float64 {
			k := ones(b[5:])
			return CanaryLogM(crosstab(labels[:5], b[:5]), k, 5-k, .1)
		},
		"bursts": func(b []bool) float64 { return MarkovM(Transitions(append([]bool{false}, b...))) },
		"factor": func(b []bool) float64 {
			return FactorLogM([]int{ones(b[:2]), ones(b[2:5]), ones(b[5:])}, []int{2, 3, 5}, .3)
		},
	}
	for name, logM := range marginals {
		var sum float64
		sequences(n, func(bits []bool) { sum += math.Exp(logM(bits)) })
		near(t, name, sum, 1, 1e-9)
	}
}

func TestFactorLogMAgreesWithEnumeration(t *testing.T) {
	k, n, rho := []int{9, 0, 1, 4}, []int{10, 12, 9, 4}, .3
	logM, post := FactorLogM(k, n, rho), FactorPosterior(k, n, rho)
	var sum, norm float64
	dev := make([]float64, len(k))
	for set := 1; set < 1<<len(k)-1; set++ {
		prior := 1.0
		for f := range k {
			prior *= []float64{1 - rho, rho}[set>>f&1]
		}
		norm += prior
		for _, a := range driverFollow {
			for _, b := range strayed {
				l := math.Log(prior / 6)
				for f := range k {
					l += LogBin(k[f], n[f], []float64{b, a}[set>>f&1])
				}
				sum += math.Exp(l)
				for f := range k {
					dev[f] += math.Exp(l) * float64(set>>f&1)
				}
			}
		}
	}
	near(t, "ln M", logM, math.Log(sum/norm), 1e-9)
	for f := range k {
		near(t, fmt.Sprintf("posterior of level %d", f), post[f], dev[f]/sum, 1e-9)
	}
}

func TestFactorKeepsItsPrecisionWithManyLevels(t *testing.T) {
	k, n := make([]int, 200), make([]int, 200)
	for f := range n {
		n[f] = 50
	}
	k[7] = 50
	logM, post := FactorLogM(k, n, .2), FactorPosterior(k, n, .2)
	if math.IsInf(logM, 0) || post[7] < .999 || post[8] > 1e-6 {
		t.Errorf("ln M = %g, posterior of the driver %g, of another %g", logM, post[7], post[8])
	}
	if m := FactorLogM([]int{5}, []int{9}, .2); !math.IsInf(m, -1) {
		t.Errorf("one level alone: ln M = %g, want -Inf", m)
	}
}

func TestMarkovSupBoundsEveryLaw(t *testing.T) {
	table := [2][2]int{{40, 3}, {4, 9}}
	best := math.Inf(-1)
	for i := range 1001 {
		for j := range 1001 {
			u, v := float64(i)/1000, float64(j)/1000
			best = max(best, LogBin(3, 43, u)+LogBin(9, 13, v))
		}
	}
	if got := MarkovSup(table); got < best || got > best+1e-3 {
		t.Errorf("sup = %g, grid says %g", got, best)
	}
	if MarkovM(table) > MarkovSup(table) {
		t.Error("a mixture of laws beats the best law")
	}
}

func TestTransitions(t *testing.T) {
	got := Transitions([]bool{false, false, true, true, true, false})
	if want := [2][2]int{{1, 1}, {1, 2}}; got != want {
		t.Errorf("transitions = %v, want %v", got, want)
	}
}
