package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// BinCount is how many of N rows had something, for example differed.
type BinCount struct{ K, N int }

// Rate is the share of the rows, 0 of none.
func (b BinCount) Rate() float64 { return share(b.valid().K, b.valid().N, 0) }

// Plus is the count over both sets of rows.
func (b BinCount) Plus(o BinCount) BinCount { return BinCount{b.K + o.K, b.N + o.N} }

// valid keeps a count within its bounds.
func (b BinCount) valid() BinCount {
	n := max(b.N, 0)
	return BinCount{min(max(b.K, 0), n), n}
}

func (b BinCount) log(p float64) float64 { return LogBin(b.K, b.N, min(max(p, 0), 1)) }

func (b BinCount) kt() float64 { return KT([]int{b.K, b.N - b.K}) }

// RateDifference returns a confidence sequence for a-b, the rate at one level of
// a factor less that at the other: the differences for which the Jeffreys mixture
// over both rates has less than 1/alpha times the likelihood of the best pair of
// rates that far apart (Robbins 1970; universal inference). It is valid at every
// number of rows at once with probability 1-alpha. As the level is drawn row by
// row, bursts raise both rates alike and do no harm to it.
func RateDifference(on, off BinCount, alpha float64) (low, high float64) {
	on, off = on.valid(), off.valid()
	if on.N == 0 || off.N == 0 {
		return -1, 1
	}
	outside := func(d float64) bool { return apartLogE(on, off, d) >= math.Log(1/alpha) }
	hat := on.Rate() - off.Rate()
	return crossing(outside, -1, hat), crossing(outside, 1, hat)
}

// apartLogE is ln E against a-b = d.
func apartLogE(on, off BinCount, d float64) float64 {
	return on.kt() + off.kt() - pairSup(rateLine{on, d, 1}, rateLine{off, 0, 1}, max(0, -d), min(1, 1-d))
}

// rateLine is a rate that depends on another one: at + slope·x.
type rateLine struct {
	BinCount
	at, slope float64
}

func (l rateLine) log(x float64) float64 { return l.BinCount.log(l.at + l.slope*x) }

// gradient is the derivative of log.
func (l rateLine) gradient(x float64) float64 {
	p := l.at + l.slope*x
	var g float64
	if l.K > 0 {
		g = float64(l.K) / max(p, 0)
	}
	if l.K < l.N {
		g -= float64(l.N-l.K) / max(1-p, 0)
	}
	return l.slope * g
}

// pairSup is the largest ln likelihood of two rates that depend on the same x
// between lo and hi. It is concave in x.
func pairSup(a, b rateLine, lo, hi float64) float64 {
	for range 60 {
		mid := (lo + hi) / 2
		if mid == lo || mid == hi {
			break
		}
		if a.gradient(mid)+b.gradient(mid) > 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return max(a.log(lo)+b.log(lo), a.log(hi)+b.log(hi))
}

// NotExplained tells whether the canary explains less than half of the differing
// answers, from how many differ on the canary and on base: with p the canary's
// share of the rows and q the rate over all, p(a-b) < q/2 and p(b-a) < q/2 over
// the whole confidence sequence [low, high] of a-b at level alpha. Which of the two
// behaviours is the one that differs is a matter of naming: where most rows do, those
// that do not are the ones to be explained.
func NotExplained(on, off BinCount, alpha float64) (excluded bool, low, high float64) {
	low, high = RateDifference(on, off, alpha)
	on, off = on.valid(), off.valid()
	p, q := share(on.N, on.N+off.N, 0), on.Plus(off).Rate()
	most := max(p*high, -p*low)
	return on.N > 0 && off.N > 0 && most < min(q, 1-q)/2, low, high
}

const (
	leastBlocks = 16 // from which dependence between rows is estimated
	leastEvents = 5  // of either kind that must count as independent (Cochran 1954)
	blockDoubt  = .1 // chance that the estimate is too small
)

// BlockedInterval returns an interval for a single rate whose rows may depend on
// each other (failures come in bursts). blocks are the counts of consecutive rows
// in the order in which they were sent, best some 20 rows each. Neighbours are joined
// until blocks look independent; how much more they spread than independent rows
// would (Kish's design effect, its upper 90% limit) is how many rows count as one
// in [ConfSeq]. ok is false where too few blocks or independent events are left to
// say anything of dependence: then show no interval.
func BlockedInterval(blocks []BinCount, alpha float64) (low, high float64, ok bool) {
	var total BinCount
	var used []BinCount
	for _, b := range blocks {
		if b = b.valid(); b.N > 0 {
			used, total = append(used, b), total.Plus(b)
		}
	}
	rate := total.Rate()
	if rate == 0 || rate == 1 {
		return 0, 1, false
	}
	for len(used) >= leastBlocks {
		if spread, dependent := blockSpread(used, rate); !dependent {
			k, n := float64(total.K)/spread, float64(total.N)/spread
			if min(k, n-k) < leastEvents {
				return 0, 1, false
			}
			low, high = confSeq(k, n, alpha)
			return low, high, true
		}
		used = joinNeighbours(used)
	}
	return 0, 1, false
}

// blockSpread is the upper limit of the design effect of blocks, and whether
// neighbours are alike.
func blockSpread(blocks []BinCount, rate float64) (effect float64, dependent bool) {
	var x2, lagged, before float64
	for _, b := range blocks {
		n := float64(b.N)
		z := (float64(b.K) - n*rate) / math.Sqrt(n*rate*(1-rate))
		x2 += z * z
		lagged += z * before
		before = z
	}
	df := float64(len(blocks) - 1)
	limit := distuv.ChiSquared{K: df}.Quantile(blockDoubt)
	return max(1, x2/limit), lagged/x2 > distuv.UnitNormal.Quantile(1-blockDoubt)/math.Sqrt(df)
}

func joinNeighbours(blocks []BinCount) []BinCount {
	var out []BinCount
	for i := 0; i+1 < len(blocks); i += 2 {
		out = append(out, blocks[i].Plus(blocks[i+1]))
	}
	if len(blocks)%2 == 1 && len(out) > 0 {
		out[len(out)-1] = out[len(out)-1].Plus(blocks[len(blocks)-1])
	}
	return out
}
