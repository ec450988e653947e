package stat

import "math"

// EqualLogE returns ln E of "the domain d answers as stage g does, not as the
// stage m that is meant", from how often each shows the values in question:
// one rate for d and g and another for m, against the best law in which d is at
// least half as far from g as from m (universal inference, Wasserman, Ramdas &
// Balakrishnan 2020). With K stages, E >= (K-1)/α is false with probability at
// most α, as long as the answers are independent.
func EqualLogE(d, g, m BinCount) float64 {
	d, g, m = d.valid(), g.valid(), m.valid()
	return d.Plus(g).kt() + m.kt() - farLogSup(d, g, m)
}

// farLogSup is the largest ln likelihood with |p_d-p_g| >= |p_d-p_m|/2. The free
// optimum if that is such a law; else the best law lies where both sides are
// equal, on one of two planes, because the way from any other law to the optimum
// leaves the set there and only gains.
func farLogSup(d, g, m BinCount) float64 {
	free := logBinMax(d.K, d.N) + logBinMax(g.K, g.N) + logBinMax(m.K, m.N)
	if d.N == 0 || g.N == 0 || m.N == 0 { // that rate fits in anywhere
		return free
	}
	pd, pg, pm := d.Rate(), g.Rate(), m.Rate()
	if 2*math.Abs(pd-pg) >= math.Abs(pd-pm) {
		return free
	}
	// g lies midway between d and m, or as far from d on the other side.
	midway := peak(0, 1, func(pg float64) float64 {
		return g.log(pg) + pairSup(rateLine{d, 0, 1}, rateLine{m, 2 * pg, -1}, max(0, 2*pg-1), min(1, 2*pg))
	})
	beyond := peak(0, 1, func(pd float64) float64 {
		return d.log(pd) + pairSup(rateLine{g, 0, 1}, rateLine{m, 3 * pd, -2}, max(0, (3*pd-1)/2), min(1, 3*pd/2))
	})
	return min(free, max(midway, beyond))
}

// peak is the maximum of a concave function, its ends included.
func peak(lo, hi float64, f func(float64) float64) float64 {
	return max(f(argmax(f, lo, hi)), f(lo), f(hi))
}
