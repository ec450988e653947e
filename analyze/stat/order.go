package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// runsExactLimit is the count of the rarer symbol up to which RunsTest adds up
// the exact distribution.
const runsExactLimit = 2000

// RunsTest returns the p-value of the Wald-Wolfowitz runs test (1940): is the
// order of the rows random, given how many deviate? Few runs mean bursts, many
// mean alternation; both tails count, the smaller one doubled. It is exact
// unless both symbols are frequent, when the normal approximation with
// continuity correction serves.
func RunsTest(bits []bool) (p float64, exact bool) {
	ones, runs := 0, 0
	for i, b := range bits {
		if b {
			ones++
		}
		if i == 0 || b != bits[i-1] {
			runs++
		}
	}
	zeros := len(bits) - ones
	if ones == 0 || zeros == 0 {
		return 1, true
	}
	if min(ones, zeros) > runsExactLimit {
		return runsNormal(runs, ones, zeros), false
	}
	return runsExact(runs, ones, zeros), true
}

func runsExact(runs, ones, zeros int) float64 {
	var below, above float64
	for r := 2; r <= 2*min(ones, zeros)+1; r++ {
		p := math.Exp(logRuns(r, ones, zeros))
		if r <= runs {
			below += p
		}
		if r >= runs {
			above += p
		}
	}
	return min(1, 2*min(below, above))
}

// logRuns is the ln probability of r runs among ones and zeros in random order.
func logRuns(r, ones, zeros int) float64 {
	m := r / 2
	all := logChoose(ones+zeros, ones)
	if r%2 == 0 {
		return math.Ln2 + logChoose(ones-1, m-1) + logChoose(zeros-1, m-1) - all
	}
	return LogSumExp(
		logChoose(ones-1, m)+logChoose(zeros-1, m-1),
		logChoose(ones-1, m-1)+logChoose(zeros-1, m)) - all
}

func runsNormal(runs, ones, zeros int) float64 {
	n := float64(ones + zeros)
	mu := 1 + 2*float64(ones)*float64(zeros)/n
	sd := math.Sqrt((mu - 1) * (mu - 2) / (n - 1))
	away := max(0, math.Abs(float64(runs)-mu)-.5)
	return 2 * distuv.UnitNormal.Survival(away/sd)
}

// Dispersion tests whether deviants per window spread more than one share
// allows. Each window holds m rows, phat is the share over all of them;
// x2 = Σ (k - m·phat)² / (m·phat·(1-phat)), against chi-squared with one degree
// of freedom less than windows (Cochran 1954). Where fewer than five deviants
// are expected per window, p is the exact permutation probability of as much
// spread given the total, if that is affordable.
func Dispersion(windows []int, m int, phat float64) (x2, p float64) {
	if len(windows) < 2 || m <= 0 || phat <= 0 || phat >= 1 {
		return 0, 1
	}
	mean := float64(m) * phat
	for _, k := range windows {
		x2 += (float64(k) - mean) * (float64(k) - mean)
	}
	x2 /= mean * (1 - phat)
	if mean < 5 {
		if p, ok := spreadExact(windows, m); ok {
			return x2, p
		}
	}
	return x2, mathext.GammaIncRegComp(float64(len(windows)-1)/2, x2/2)
}

// spreadCost bounds the additions of spreadExact.
const spreadCost = 20_000_000

// spreadExact is the probability that a random arrangement of the deviants over
// the windows has a Σk² at least as large as the observed one.
func spreadExact(windows []int, m int) (float64, bool) {
	total, squares := 0, 0
	for _, k := range windows {
		total += k
		squares += k * k
	}
	reach := min(m, total, int(math.Sqrt(float64(squares))))
	if len(windows)*(total+1)*(squares+1)*(reach+1) > spreadCost || total > m*len(windows) {
		return 0, false
	}
	ways := spreadBelow(len(windows), m, total, squares, reach)
	return min(1, max(0, 1-ways)), true
}

// spreadBelow is the probability of Σk² < limit, by adding one window at a time
// to the distribution over (Σk, Σk²).
func spreadBelow(windows, m, total, limit, reach int) float64 {
	if limit == 0 {
		return 0
	}
	now := make([]float64, (total+1)*limit)
	now[0] = 1
	for w := range windows {
		next := make([]float64, len(now))
		for k := range total + 1 {
			for s := range limit {
				if now[k*limit+s] > 0 {
					spreadWindow(next, now[k*limit+s], k, s, limit, min(reach, total-k), m, m*(windows-w), total-k)
				}
			}
		}
		now = next
	}
	var sum float64
	for s := range limit {
		sum += now[total*limit+s]
	}
	return sum
}

// spreadWindow lets one window of m rows take j of the left deviants among the
// rows that remain (hypergeometric).
func spreadWindow(next []float64, mass float64, k, s, limit, reach, m, rows, left int) {
	for j := range reach + 1 {
		if s+j*j >= limit {
			return
		}
		p := math.Exp(logChoose(m, j) + logChoose(rows-m, left-j) - logChoose(rows, left))
		next[(k+j)*limit+s+j*j] += mass * p
	}
}

// LagTest returns the p-value of the largest dependence between rows that stand 2 to most
// apart, given how many deviate: pairs that deviate both are held against what a random
// order gives, all lags together by Bonferroni. Where few such pairs are expected, only too
// many of them speak, by Poisson's law, else the normal approximation serves.
func LagTest(bits []bool, most int) float64 {
	const few = 8
	n, k := float64(len(bits)), 0.
	for _, b := range bits {
		if b {
			k++
		}
	}
	// The rarer side's pairs tell most.
	rare := k <= n-k
	k = min(k, n-k)
	least, asked := 1., 0.
	for lag := 2; lag <= most && lag < len(bits) && k > 1; lag++ {
		pairs, m := 0., n-float64(lag)
		for i := lag; i < len(bits); i++ {
			if bits[i] == rare && bits[i-lag] == rare {
				pairs++
			}
		}
		expected, q := m*k*(k-1)/(n*(n-1)), k/n
		asked++
		if expected < few {
			least = min(least, distuv.Poisson{Lambda: expected}.Survival(pairs-1))
			continue
		}
		// The variance of the count of pairs in a random order, about.
		sd := math.Sqrt(m) * q * (1 - q)
		least = min(least, 2*distuv.UnitNormal.Survival(math.Abs(pairs-expected)/sd))
	}
	return min(1, least*max(1, asked))
}

// TurnsShow tells whether n rows of which k deviate are enough to see by [LagTest], at a
// level, that deviants take turns: were each at the same distance from the one before, as
// behind a balancer that goes round, would it reject a random order?
func TurnsShow(k, n, most int, level float64) bool {
	k = min(k, n-k)
	if k < 2 {
		return false
	}
	expected := float64(k) * float64(k-1) / float64(n)
	return distuv.Poisson{Lambda: expected}.Survival(float64(k-2))*float64(most-1) < level
}
