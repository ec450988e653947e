package stat

import (
	"math"
	"math/rand/v2"
)

// tieSlack treats tables as equally likely whose probabilities differ by
// rounding only, as R's fisher.test does.
const tieSlack = 1e-7

// Fisher returns the two-sided p-value of Fisher's exact test (1935) for the
// table [[a b] [c d]]: the probability of all tables with the same margins that
// are no likelier than this one. The sample must have been fixed beforehand.
func Fisher(a, b, c, d int) float64 {
	row, col, n := a+b, a+c, a+b+c+d
	prob := func(x int) float64 {
		return logChoose(row, x) + logChoose(n-row, col-x) - logChoose(n, col)
	}
	limit := prob(a) + math.Log1p(tieSlack)
	var p float64
	for x := max(0, col-(n-row)); x <= min(row, col); x++ {
		if l := prob(x); l <= limit {
			p += math.Exp(l)
		}
	}
	return min(p, 1)
}

// margins are the sums of rows, of columns and of all.
func margins(table [][]int) (rows, cols []int, n int) {
	rows = make([]int, len(table))
	for i, row := range table {
		for j, k := range row {
			if j == len(cols) {
				cols = append(cols, 0)
			}
			rows[i] += k
			cols[j] += k
			n += k
		}
	}
	return rows, cols, n
}

func positive(counts []int) (n int) {
	for _, k := range counts {
		if k > 0 {
			n++
		}
	}
	return n
}

// Stratum holds rows that are exchangeable if the response ignores the factor:
// the cluster and the factor level of each row, both numbered from 0.
type Stratum struct{ Response, Level []int }

// exceedances after which Permutation stops: by then p is surely not small.
const exceedances = 10

// DefaultRounds is the usual number of permutations.
const DefaultRounds = 9999

// Permutation returns the p-value of "the response ignores the level, within
// each stratum", with the conditional mutual information as statistic, from at
// most rounds permutations. It stops early once ten reach the observed value
// (Besag & Clifford 1991).
func Permutation(strata []Stratum, rounds int, rng *rand.Rand) float64 {
	tables := make([]stratumTable, len(strata))
	for i, s := range strata {
		tables[i] = newStratumTable(s)
	}
	statistic := func() (sum float64) {
		for i := range tables {
			sum += tables[i].information()
		}
		return sum
	}
	observed := statistic()
	reached := 0
	for b := 1; b <= rounds; b++ {
		for i := range tables {
			tables[i].shuffle(rng)
		}
		if statistic() >= observed-1e-9*(1+math.Abs(observed)) {
			reached++
		}
		if reached == exceedances {
			return float64(reached) / float64(b)
		}
	}
	return float64(reached+1) / float64(rounds+1)
}

// stratumTable permutes the levels of one stratum and counts the outcome.
type stratumTable struct {
	response, level []int
	levels          int
	cells           []int
}

func newStratumTable(s Stratum) stratumTable {
	t := stratumTable{response: s.Response, level: append([]int(nil), s.Level...)}
	responses := 0
	for i := range s.Response {
		responses = max(responses, s.Response[i]+1)
		t.levels = max(t.levels, s.Level[i]+1)
	}
	t.cells = make([]int, responses*t.levels)
	return t
}

func (t *stratumTable) shuffle(rng *rand.Rand) {
	rng.Shuffle(len(t.level), func(i, j int) {
		t.level[i], t.level[j] = t.level[j], t.level[i]
	})
}

// information is n times the mutual information up to a constant: permuting
// leaves the margins as they are.
func (t *stratumTable) information() (sum float64) {
	clear(t.cells)
	for i, r := range t.response {
		t.cells[r*t.levels+t.level[i]]++
	}
	for _, k := range t.cells {
		sum += xlogx(float64(k))
	}
	return sum
}
