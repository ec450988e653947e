package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ConfSeq returns the Jeffreys-mixture confidence sequence for a share, valid at
// every n at once with probability 1-alpha: the p for which the mixture's
// likelihood is less than 1/alpha times that of p (Robbins 1970; Howard, Ramdas,
// McAuliffe & Sekhon 2021).
func ConfSeq(k, n int, alpha float64) (lo, hi float64) {
	return confSeq(float64(k), float64(n), alpha)
}

// confSeq is ConfSeq for counts that need not be whole: rows that depend on each
// other count as fewer.
func confSeq(k, n, alpha float64) (lo, hi float64) {
	if n == 0 {
		return 0, 1
	}
	mix := logBeta(k+.5, n-k+.5) - logBeta(.5, .5)
	outside := func(p float64) bool { return mix-times(k, math.Log(p))-times(n-k, math.Log1p(-p)) >= math.Log(1/alpha) }
	hat := k / n
	lo, hi = 0, 1
	if k > 0 {
		lo = crossing(outside, 0, hat)
	}
	if k < n {
		hi = crossing(outside, 1, hat)
	}
	return lo, hi
}

// crossing bisects between a point outside and one inside an interval.
func crossing(outside func(float64) bool, out, in float64) float64 {
	for range 100 {
		mid := (out + in) / 2
		if mid == out || mid == in {
			break
		}
		if outside(mid) {
			out = mid
		} else {
			in = mid
		}
	}
	return out
}

// ClopperPearson returns the exact two-sided interval for a share at confidence
// c (Clopper & Pearson 1934). It holds for an n that was fixed beforehand, not
// for one that a look at the data stopped: see ConfSeq.
func ClopperPearson(k, n int, c float64) (lo, hi float64) {
	tail := (1 - c) / 2
	lo, hi = 0, 1
	if k > 0 && n > 0 {
		lo = mathext.InvRegIncBeta(float64(k), float64(n-k)+1, tail)
	}
	if k < n {
		hi = mathext.InvRegIncBeta(float64(k)+1, float64(n-k), 1-tail)
	}
	return lo, hi
}

// UpperBound is the one-sided Clopper-Pearson upper limit at confidence c.
func UpperBound(k, n int, c float64) float64 {
	switch {
	case n == 0 || k >= n:
		return 1
	case k == 0:
		return UpperZero(n, c)
	}
	return mathext.InvRegIncBeta(float64(k)+1, float64(n-k), c)
}

// UpperZero is the share that n requests without one deviant do not exclude at
// confidence c, 1-(1-c)^(1/n); 3/n is the rule of three for it at 95%.
func UpperZero(n int, c float64) float64 {
	if n <= 0 {
		return 1
	}
	return -math.Expm1(math.Log1p(-c) / float64(n))
}

// NeedZero is how many requests without one deviant exclude a share p at
// confidence c: ⌈ln(1-c)/ln(1-p)⌉. No method can do with fewer.
func NeedZero(p, c float64) int {
	if p >= 1 {
		return 1
	}
	if p <= 0 || c >= 1 {
		return math.MaxInt
	}
	// The slack keeps rounding from turning a whole number into the next one.
	return int(math.Ceil(math.Log1p(-c)/math.Log1p(-p) - 1e-9))
}
