package stat

import (
	"math"
	"testing"
)

func TestCounts2(t *testing.T) {
	c := Counts2{1, 2, 3, 4}
	if got := c.Plus(Counts2{10, 20, 30, 40}); got != (Counts2{11, 22, 33, 44}) {
		t.Errorf("sum = %+v", got)
	}
	if got := c.swapped(); got != (Counts2{3, 4, 1, 2}) {
		t.Errorf("swapped = %+v", got)
	}
	if c.Canary() != 3 || c.Base() != 7 || c.Deviant() != 4 || c.N() != 10 {
		t.Errorf("sums of %+v: %d, %d, %d, %d", c, c.Canary(), c.Base(), c.Deviant(), c.N())
	}
}

func TestLogNoneAmong(t *testing.T) {
	near(t, "two of five, not the last", LogNoneAmong(5, 2, 1), math.Log(6/10.), 1e-12)
	near(t, "three of nine, none of four", LogNoneAmong(9, 3, 4), math.Log(10/84.), 1e-12)
	near(t, "none", LogNoneAmong(9, 0, 4), 0, 1e-12)
}

func TestAgainst(t *testing.T) {
	none := math.Inf(-1)
	near(t, "what neither allows", against(none, none), 0, 0)
	near(t, "what the claim forbids", against(none, -3), none, 0)
	near(t, "what the null forbids", against(-3, none), math.Inf(1), 0)
	near(t, "what both allow", against(-3, -5), 2, 0)
	near(t, "the sum of nothing", LogSumExp(), none, 0)
	near(t, "two halves", LogSumExp(math.Log(.5), math.Log(.5)), 0, 1e-15)
	near(t, "a term lost in rounding", LogSumExp(0, -46), 0, 0)
}

// TestMostChanged: the likelihood of labels whose share changes is that of the pieces,
// less the price of each change.
func TestMostChanged(t *testing.T) {
	price := math.Log(20)
	labels := func(pieces ...int) (out []bool) {
		for i, n := range pieces {
			for range n {
				out = append(out, i%2 == 1)
			}
		}
		return out
	}
	near(t, "one change", logMostChanged(labels(100, 100)), -price, 1e-9)
	near(t, "two changes", logMostChanged(labels(100, 100, 100)), -2*price, 1e-9)
	near(t, "no change", logMostChanged(labels(100)), 0, 0)
	near(t, "nothing", logMostChanged(nil), 0, 0)
	// A single one among six costs 2.7 as a share and 3.0 as a change.
	near(t, "too little for a change", logMostChanged(labels(5, 1)), LogBin(1, 6, 1/6.), 1e-9)
	// Within a piece the share is what it is.
	noisy := append(labels(40), labels(1, 39)...)
	noisy[7] = true
	want := LogBin(1, 41, 1/41.) - price
	near(t, "one among the first piece", logMostChanged(noisy), want, 1e-9)
}

// TestJointLawsAreLaws: their weights sum to one, and the labels that each gives to a
// response have probability one together.
func TestJointLawsAreLaws(t *testing.T) {
	for _, configured := range []float64{0, .1, .9} {
		var weights float64
		for _, l := range jointLaws(configured) {
			weights += math.Exp(l.logWeight)
			near(t, "labels of a deviant", math.Exp(l.canaryDev)+math.Exp(l.baseDev), 1, 1e-9)
			near(t, "labels of the others", math.Exp(l.canaryRef)+math.Exp(l.baseRef), 1, 1e-9)
		}
		near(t, "weights", weights, 1, 1e-9)

		var on float64
		shares := labelShares(configured)
		for _, s := range shares {
			on += s.weight
		}
		near(t, "shares", on, 1, 1e-9)
		if last := shares[len(shares)-1]; configured > 0 && (last.p != configured || math.Abs(last.weight-configuredWeight) > 1e-9) {
			t.Errorf("the configured share is %+v", last)
		}
	}
	if first := labelShares(0)[0]; first.p != leastShare {
		t.Errorf("the least share is %g", first.p)
	}
	if n := len(labelShares(1)); n != len(labelShares(0)) {
		t.Errorf("a share of 1 is told as configured: %d shares", n)
	}
}

// TestEvidenceAhead: what more rows would tell is what they tell once they are there.
func TestEvidenceAhead(t *testing.T) {
	l := NewLinkEstimated(.2)
	for i := range 40 {
		l.Add(i%5 == 0, i%5 == 0)
	}
	more := Counts2{CanaryDev: 3, CanaryRef: 1, BaseDev: 1, BaseRef: 11}
	ahead := NewLinkEstimated(.2).With(l.Counts().Plus(more))
	near(t, "ahead", l.With(more), ahead, 1e-12)
	for range 3 {
		l.Add(true, true)
	}
	l.Add(true, false)
	l.Add(false, true)
	for range 11 {
		l.Add(false, false)
	}
	near(t, "there", l.LogE(), ahead, 1e-12)
	for _, x := range []float64{-1, 0, ahead - 1e-9, ahead, ahead + 1e-9, 1e3} {
		if l.Reaches(x) != (l.LogE() >= x) {
			t.Errorf("reaches %g: %v, ln E is %g", x, l.Reaches(x), l.LogE())
		}
	}
}

func TestLinkNeedWhereLabelsAreLost(t *testing.T) {
	half := Counts2{CanaryDev: 100, CanaryRef: 0, BaseDev: 0, BaseRef: 900}
	inf := math.Inf(1)
	for name, c := range map[string]struct {
		p0       float64
		dev, ref int
		want     float64
	}{
		"complete":                         {.1, 0, 0, math.Log(100)},
		"all but one in two hundred":       {.1, 1, 4, math.Log(100)},
		"lost without a sign":              {.1, 2, 18, math.Log(1000)},
		"lost by answer":                   {.1, 30, 0, inf},
		"lost by the other answer":         {.1, 0, 80, inf},
		"another share than configured":    {.3, 2, 18, inf},
		"a lost share, none is configured": {0, 2, 18, math.Log(1000)},
	} {
		near(t, name, LinkNeed(.01, c.p0, half, c.dev, c.ref), c.want, 1e-12)
	}
}

func TestShares(t *testing.T) {
	near(t, "odds of 1 to 3, doubled", OddsShift(.25, 2), .4, 1e-15)
	for _, p := range []float64{0, 1} {
		near(t, "a certainty", OddsShift(p, 2), p, 0)
	}
	for _, c := range []struct {
		k, n int
		p0   float64
		want float64
	}{{0, 9, 0, 0}, {1, 9, 0, math.Inf(1)}, {9, 9, 1, 0}, {8, 9, 1, math.Inf(1)}, {0, 0, .3, 0}} {
		near(t, "against a certainty", ShareReject(c.k, c.n, c.p0), c.want, 1e-12)
	}
	for _, p0 := range []float64{0, 1} {
		near(t, "support of a certainty", ShareSupport(3, 9, p0, 2), 0, 0)
	}
	near(t, "support of nothing", ShareSupport(0, 0, .3, 2), 0, 0)
	// 10 of 100 at 10 %, against odds of 1 to 18 and of 2 to 9.
	got := ShareSupport(10, 100, .1, 2)
	near(t, "support", got, LogBin(10, 100, .1)-max(LogBin(10, 100, 1/19.), LogBin(10, 100, 2/11.)), 1e-12)
}
