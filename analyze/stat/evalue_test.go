package stat

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// The guarantee of every e-value is that its mean is at most 1 under each law
// that it argues against; on short sequences the mean is computed in full.

func TestKnownShareHasMeanOneGivenAnyResponses(t *testing.T) {
	for _, p0 := range []float64{.01, .1, .5, .9} {
		sequences(6, func(deviant []bool) {
			var mean float64
			sequences(len(deviant), func(labels []bool) {
				mean += probability(labels, p0) * math.Exp(linkKnown(crosstab(labels, deviant), p0))
			})
			near(t, fmt.Sprintf("mean E at p0=%g given %v", p0, deviant), mean, 1, 1e-9)
		})
	}
}

func TestLinkEstimatedHasMeanAtMostOneWhateverTheShare(t *testing.T) {
	var scratch []float64
	blind, fifth := jointLaws(0), jointLaws(.2)
	for _, p := range []float64{.02, .2, .5, .8} {
		sequences(6, func(deviant []bool) {
			var mean, configured float64
			sequences(len(deviant), func(labels []bool) {
				c := crosstab(labels, deviant)
				mean += probability(labels, p) * math.Exp(estimatedLogE(blind, c, &scratch))
				configured += probability(labels, p) * math.Exp(estimatedLogE(fifth, c, &scratch))
			})
			if mean > 1 || mean <= 0 || configured > 1 || configured <= 0 {
				t.Errorf("mean E at share %g given %v = %g, with 20%% configured %g, want (0, 1]", p, deviant, mean, configured)
			}
		})
	}
}

// TestLinkIsFalseAtMostAlphaUnderContinualLooking enumerates every sequence of
// labels with a look after every row (Ville 1939), for responses in one burst.
func TestLinkIsFalseAtMostAlphaUnderContinualLooking(t *testing.T) {
	const n, p0, alpha = 12, .3, .1
	laws := jointLaws(p0)
	var scratch []float64
	deviant := make([]bool, n)
	for i := 5; i < 9; i++ {
		deviant[i] = true
	}
	var known, estimated float64
	sequences(n, func(labels []bool) {
		var c Counts2
		var crossedKnown, crossedEstimated bool
		for i := range labels {
			c.Add(labels[i], deviant[i])
			crossedKnown = crossedKnown || linkKnown(c, p0) >= -math.Log(alpha)
			crossedEstimated = crossedEstimated || estimatedLogE(laws, c, &scratch) >= -math.Log(alpha)
		}
		p := probability(labels, p0)
		known += p * float64(bit(crossedKnown))
		estimated += p * float64(bit(crossedEstimated))
	})
	if known > alpha || known == 0 {
		t.Errorf("known share crosses with probability %g, want (0, %g]", known, alpha)
	}
	if estimated > alpha {
		t.Errorf("estimated share crosses with probability %g, want at most %g", estimated, alpha)
	}
}

func TestLinkGrowsOnACleanSplitOfEitherSide(t *testing.T) {
	canary := Counts2{CanaryDev: 6, BaseRef: 54}
	base := Counts2{CanaryRef: 54, BaseDev: 6}
	for name, got := range map[string]float64{
		"canary at 10%": linkKnown(canary, .1), "base at 10%": linkKnown(base, .9),
	} {
		if got < math.Log(1e4) {
			t.Errorf("%s: ln E = %g, want at least ln 10000", name, got)
		}
	}
	near(t, "no rows", linkKnown(Counts2{}, .1), 0, 1e-12)
	near(t, "no rows, estimated", new(LinkEstimated).LogE(), 0, 1e-12)
}

func TestLinkEstimatedDoesNotDependOnOrder(t *testing.T) {
	labels := []bool{true, false, false, true, false, false, true, false}
	deviant := []bool{true, false, false, true, false, true, true, false}
	one := estimate(labels, deviant)
	slices.Reverse(labels)
	slices.Reverse(deviant)
	other := estimate(labels, deviant)
	if one.Counts() != crosstab(labels, deviant) || one.LogE() != other.LogE() {
		t.Errorf("%+v with ln E = %g, in another order %g", one.Counts(), one.LogE(), other.LogE())
	}
}

func TestReachesIsLogE(t *testing.T) {
	l := NewLinkEstimated(.1)
	for i := range 400 {
		canary := i%10 == 0
		l.Add(canary, canary && i%20 == 0 || i%37 == 0)
		for _, x := range []float64{-3, 0, 2, 5, 20} {
			if got, want := l.Reaches(x), l.LogE() >= x; got != want {
				t.Fatalf("after %d rows: Reaches(%g) = %v, ln E = %g", i+1, x, got, l.LogE())
			}
		}
	}
}

func TestLinkEstimatedPaysLittleForNotKnowingTheShare(t *testing.T) {
	clean := Counts2{CanaryDev: 5, BaseRef: 45}
	known := linkKnown(clean, .1)
	configured, blind := NewLinkEstimated(.1), new(LinkEstimated)
	for i := range clean.CanaryDev + clean.BaseRef {
		configured.Add(i < clean.CanaryDev, i < clean.CanaryDev)
		blind.Add(i < clean.CanaryDev, i < clean.CanaryDev)
	}
	near(t, "with the right share configured", configured.LogE(), known, 1)
	near(t, "with none", blind.LogE(), known, 3)
}

func TestNotLinkedHasMeanAtMostOneUnderEveryLink(t *testing.T) {
	labels := []bool{true, false, true, false, false, true, false, false}
	for _, law := range [][2]float64{{.5, .1}, {.5, 0}, {.8, .16}, {1, .2}, {1, 0}, {.1, .5}, {0, 1}} {
		var mean, shared float64
		sequences(len(labels), func(deviant []bool) {
			c := crosstab(labels, deviant)
			mean += math.Exp(c.likelihood(law[0], law[1]) + NotLinked(c))
			shared += math.Exp(c.likelihood(law[0], law[1]) + NotLinkedShare(c, .3))
		})
		if mean > 1 || mean <= 0 || shared > 1 || shared <= 0 {
			t.Errorf("mean E_not under a=%g b=%g is %g, with a share %g, want (0, 1]", law[0], law[1], mean, shared)
		}
	}
}

// TestLinkedSupIsTheConstrainedMaximum compares with a fine grid.
func TestLinkedSupIsTheConstrainedMaximum(t *testing.T) {
	for _, c := range []Counts2{
		{9, 1, 0, 90}, {1, 9, 10, 80}, {5, 5, 40, 50}, {0, 10, 0, 90}, {0, 0, 3, 5}, {3, 2, 0, 0}, {10, 0, 90, 0},
	} {
		best := math.Inf(-1)
		for i := 500; i <= 1000; i++ {
			a := float64(i) / 1000
			for j := 0; j <= i/5; j++ {
				best = max(best, c.likelihood(a, float64(j)/1000))
			}
		}
		if got := linkedSup(c); got < best-1e-9 || got > best+.02 {
			t.Errorf("sup of %+v = %g, grid says %g", c, got, best)
		}
	}
}

func TestShareTestsHaveMeanAtMostOne(t *testing.T) {
	const n = 40
	mean := func(q float64, e func(k int) float64) (sum float64) {
		for k := range n + 1 {
			sum += math.Exp(logChoose(n, k) + LogBin(k, n, q) + e(k))
		}
		return sum
	}
	for _, p0 := range []float64{.01, .1, .5, .95} {
		got := mean(p0, func(k int) float64 { return ShareReject(k, n, p0) })
		near(t, fmt.Sprintf("mean E_reject at %g", p0), got, 1, 1e-9)
		for _, f := range []float64{.01, .3, .5, 2, 3, 100} {
			q := OddsShift(p0, f)
			if got := mean(q, func(k int) float64 { return ShareSupport(k, n, p0, 2) }); got > 1 {
				t.Errorf("mean E_support of %g under %g is %g", p0, q, got)
			}
		}
	}
}

func TestShareOfACertainty(t *testing.T) {
	if got := ShareReject(1, 10, 0); !math.IsInf(got, 1) {
		t.Errorf("a deviant at p0=0: ln E = %g, want +Inf", got)
	}
	near(t, "no deviant at p0=0", ShareReject(0, 10, 0), 0, 0)
	if got := ShareReject(9, 10, 1); !math.IsInf(got, 1) {
		t.Errorf("a reference at p0=1: ln E = %g, want +Inf", got)
	}
}

// TestLinkExpectedRequests checks the information figures: I(L;C) in nats for a
// canary that deviates on .99 of its requests, base on p0/10.
func TestLinkInformation(t *testing.T) {
	want := map[float64]float64{.01: .0517, .05: .1781, .1: .2863, .25: .4778, .5: .5651}
	for p0, nats := range want {
		a, b := .99, p0/10
		dev := p0*a + (1-p0)*b
		near(t, fmt.Sprintf("I(L;C) at %g", p0), p0*KL(a, dev)+(1-p0)*KL(b, dev), nats, 5e-5)
	}
}
