package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestFisher(t *testing.T) {
	for _, c := range []struct {
		name       string
		a, b, c, d int
		p          float64
	}{
		{"the lady tasting tea (Fisher 1935)", 3, 1, 1, 3, 34.0 / 70},
		{"all eight cups right", 4, 0, 0, 4, 2.0 / 70},
		{"convictions of twins (Fisher 1925)", 2, 15, 10, 3, .0005367},
		{"no rows", 0, 0, 0, 0, 1},
		{"one column", 5, 0, 7, 0, 1},
	} {
		near(t, c.name, Fisher(c.a, c.b, c.c, c.d), c.p, 5e-8)
	}
}

// TestPermutation compares with the exact law of the table: its margins leave
// one free cell.
func TestPermutation(t *testing.T) {
	for _, c := range [][4]int{{6, 2, 2, 8}, {3, 1, 1, 3}, {9, 1, 0, 20}} {
		var s Stratum
		for cell, k := range c {
			for range k {
				s.Response = append(s.Response, cell/2)
				s.Level = append(s.Level, cell%2)
			}
		}
		want := exactInformation(c)
		got := Permutation([]Stratum{s}, 20000, rand.New(rand.NewPCG(1, 2)))
		// Ten exceedances leave a relative error of about a third.
		if got < want/2.5-1e-4 || got > want*2.5+1e-4 {
			t.Errorf("table %v: p = %g, exact %g", c, got, want)
		}
	}
}

func exactInformation(c [4]int) (p float64) {
	row, col, n := c[0]+c[1], c[0]+c[2], c[0]+c[1]+c[2]+c[3]
	info := func(a int) (sum float64) {
		for _, k := range []int{a, row - a, col - a, n - row - col + a} {
			sum += xlogx(float64(k))
		}
		return sum
	}
	for a := max(0, row+col-n); a <= min(row, col); a++ {
		if info(a) >= info(c[0])-1e-9 {
			p += math.Exp(logChoose(row, a) + logChoose(n-row, col-a) - logChoose(n, col))
		}
	}
	return p
}

// TestPermutationStaysWithinStrata has a driver of both response and level: each
// stratum alone shows no relation, all of them together do.
func TestPermutationStaysWithinStrata(t *testing.T) {
	mostly := func(level int) Stratum {
		s := Stratum{Response: make([]int, 80), Level: make([]int, 80)}
		for i := range s.Response {
			s.Response[i], s.Level[i] = level, level
			if i%4 == 0 {
				s.Response[i] = 1 - level
			}
			if i%5 == 0 {
				s.Level[i] = 1 - level
			}
		}
		return s
	}
	strata := []Stratum{mostly(0), mostly(1)}
	rng := func() *rand.Rand { return rand.New(rand.NewPCG(7, 7)) }
	if p := Permutation(strata, 999, rng()); p < .05 {
		t.Errorf("within strata p = %g, want no relation", p)
	}
	pooled := Stratum{
		Response: slices.Concat(strata[0].Response, strata[1].Response),
		Level:    slices.Concat(strata[0].Level, strata[1].Level),
	}
	if p := Permutation([]Stratum{pooled}, 999, rng()); p > .01 {
		t.Errorf("pooled p = %g, want a relation", p)
	}
	near(t, "no rows", Permutation(nil, 99, rng()), 1, 0)
}

func TestRunsTestAgreesWithEnumeration(t *testing.T) {
	for _, k := range []int{1, 3, 5} {
		const n = 10
		count := map[int]float64{}
		var all float64
		sequences(n, func(b []bool) {
			if ones(b) == k {
				count[runs(b)]++
				all++
			}
		})
		sequences(n, func(b []bool) {
			if ones(b) != k {
				return
			}
			var below, above float64
			for r, c := range count {
				if r <= runs(b) {
					below += c / all
				}
				if r >= runs(b) {
					above += c / all
				}
			}
			p, exact := RunsTest(b)
			near(t, fmt.Sprintf("p of %v", b), p, min(1, 2*min(below, above)), 1e-9)
			if !exact {
				t.Fatal("not exact")
			}
		})
	}
}

func runs(b []bool) int {
	return len(slices.CompactFunc(slices.Clone(b), func(x, y bool) bool { return x == y }))
}

// TestRunsTable checks the critical values at 2.5% per tail that Swed &
// Eisenhart (1943) tabulate: the largest significant low number of runs.
func TestRunsTable(t *testing.T) {
	for _, c := range []struct{ n1, n2, low int }{
		{5, 5, 2}, {10, 10, 6}, {12, 12, 7}, {15, 15, 10}, {20, 20, 14}, {5, 20, 5}, {10, 15, 7},
	} {
		tail := func(r int) (p float64) {
			for i := 2; i <= r; i++ {
				p += math.Exp(logRuns(i, c.n1, c.n2))
			}
			return p
		}
		if tail(c.low) > .025 || tail(c.low+1) <= .025 {
			t.Errorf("n1=%d n2=%d: P(R≤%d) = %.4f, P(R≤%d) = %.4f, want .025 between",
				c.n1, c.n2, c.low, tail(c.low), c.low+1, tail(c.low+1))
		}
	}
}

func TestRunsNormalMeetsTheExactLaw(t *testing.T) {
	for _, r := range []int{1450, 1480, 1500, 1530} {
		near(t, fmt.Sprintf("%d runs", r), runsNormal(r, 1500, 1500), runsExact(r, 1500, 1500), 2e-3)
	}
	bits := make([]bool, 3*runsExactLimit)
	for i := range bits {
		bits[i] = i%2 == 0
	}
	if p, exact := RunsTest(bits); exact || p > 1e-9 {
		t.Errorf("alternation: p = %g, exact = %v", p, exact)
	}
	near(t, "all alike", first(RunsTest([]bool{true, true})), 1, 0)
}

func first(p float64, _ bool) float64 { return p }

func TestDispersionAgreesWithEnumeration(t *testing.T) {
	// Three windows of four rows, four deviants among the twelve.
	const m, total = 4, 4
	windows := []int{0, 1, 3}
	var reached, all float64
	sequences(3*m, func(b []bool) {
		if ones(b) != total {
			return
		}
		all++
		var squares int
		for w := range 3 {
			k := ones(b[w*m : (w+1)*m])
			squares += k * k
		}
		if squares >= 10 {
			reached++
		}
	})
	x2, p := Dispersion(windows, m, float64(total)/(3*m))
	near(t, "p", p, reached/all, 1e-9)
	mean := 4.0 / 3
	near(t, "x2", x2, (mean*mean+(1-mean)*(1-mean)+(3-mean)*(3-mean))/(mean*2/3), 1e-9)
}

func TestDispersionOfFrequentDeviants(t *testing.T) {
	even := []int{50, 48, 52, 49, 51, 50, 47, 53, 50, 50}
	if _, p := Dispersion(even, 100, .5); p < .9 {
		t.Errorf("even windows: p = %g", p)
	}
	bursts := []int{100, 0, 100, 0, 100, 0, 100, 0, 100, 0}
	if _, p := Dispersion(bursts, 100, .5); p > 1e-9 {
		t.Errorf("bursts: p = %g", p)
	}
	// One degree of freedom: P(χ² ≥ 3.92) = .0477.
	x2, p := Dispersion([]int{57, 43}, 100, .5)
	near(t, "x2", x2, 3.92, 1e-9)
	near(t, "p", p, .0477, 5e-5)
}

func TestExplainedShare(t *testing.T) {
	near(t, "a clean split", ExplainedShare([][]int{{90, 0}, {0, 10}}), 1, 1e-12)
	near(t, "no relation", ExplainedShare([][]int{{500, 500}, {500, 500}}), 0, 1e-3)
	near(t, "one cluster", ExplainedShare([][]int{{5, 9}}), 0, 0)
	near(t, "no rows", MutualInfo(nil), 0, 0)
	// By hand: H = ln 4 for rows and columns + 3/2n each, joint ln 8 + 7/2n.
	table := [][]int{{1, 1, 0, 0}, {0, 1, 1, 0}, {0, 0, 1, 1}, {1, 0, 0, 1}}
	near(t, "by hand", MutualInfo(table), 2*math.Log(4)-math.Log(8)-1.0/16, 1e-12)
}

func TestEBH(t *testing.T) {
	for _, c := range []struct {
		e    []float64
		want []int
	}{
		{[]float64{5, 300, 90, 130, 0}, nil},             // 300, 2·130 and 3·90 all fall short of 500
		{[]float64{5, 600, 90, 260, 0}, []int{1, 3}},     // 2·260 ≥ 500
		{[]float64{170, 170, 170, 0, 0}, []int{0, 1, 2}}, // none alone, three together
		{[]float64{99}, nil},
		{[]float64{100.1}, []int{0}},
		{nil, nil},
	} {
		var logE []float64
		for _, e := range c.e {
			logE = append(logE, math.Log(e))
		}
		if got := EBHLog(logE, .01); !slices.Equal(got, c.want) {
			t.Errorf("EBHLog(ln %v) = %v, want %v", c.e, got, c.want)
		}
	}
}

func TestTurnsShowOnceEnoughTookThem(t *testing.T) {
	for _, c := range []struct {
		k, n int
		want bool
	}{{0, 30, false}, {1, 30, false}, {7, 30, false}, {23, 30, false}, {12, 48, true}, {36, 48, true}, {20, 200, true}} {
		if got := TurnsShow(c.k, c.n, 12, .01); got != c.want {
			t.Errorf("%d of %d: %t, want %t", c.k, c.n, got, c.want)
		}
	}
}
