package cause

import (
	"math"

	"stageprobe/analyze/stat"
)

// Contradictory are requests that both sides of a canary claim.
type Contradictory struct {
	said
	Requests int
}

// labels is what the logs say about which side of the canary served the rows
// of a split, with its own doubts.
type labels struct {
	counts                 stat.Counts2
	unknownDev, unknownRef int
	contradictory          int
	logE                   float64 // ln e-value of the link, vetoes applied
	notE                   float64 // ln e-value against any link, for what is left to ask
	excluded               bool    // the canary explains less than half of the deviants
	low, high              float64 // of the difference between the two sides' rates
	veto                   Fact    // why a link is not claimed; nil where it may be
}

func (l *labels) known() int { return l.counts.N() }

// both tells that the logs saw both sides.
func (l *labels) both() bool { return l.counts.Canary() > 0 && l.counts.Base() > 0 }

// table are the counts of usual and deviant answers on the two sides of a canary.
func (l *labels) table() [][]int {
	c := l.counts
	return [][]int{{c.BaseRef, c.CanaryRef}, {c.BaseDev, c.CanaryDev}}
}

// pool takes the evidence of parts together: they share no row, so that their
// e-values multiply.
func (l *labels) pool(parts []*split) {
	l.logE, l.notE, l.veto, l.excluded = 0, 0, nil, true
	for _, p := range parts {
		l.excluded = l.excluded && p.labels.excluded
		l.logE += p.labels.logE
		l.notE += p.labels.notE
		if l.veto == nil {
			l.veto = p.labels.veto
		}
	}
}

// label counts the labels of a split and tests the link.
func readLabels(fx *Facts, x *split) labels {
	var l labels
	for _, d := range x.draws {
		switch r := &fx.Rows[d.row]; {
		case r.Late:
		case r.Contradictory:
			l.contradictory++
			l.miss(d.deviant)
		case r.Label == LabelUnknown:
			l.miss(d.deviant)
		default:
			l.counts.Add(r.Label == LabelCanary, d.deviant)
		}
	}
	if float64(l.contradictory) > tuning.Contradictory*float64(x.n) {
		return l.distrusted(x)
	}
	if l.known() > 0 {
		testLink(fx, x, &l)
	}
	return l
}

// distrusted takes no label for what it says: where some contradict each other,
// the others may be as wrong.
func (l *labels) distrusted(x *split) labels {
	return labels{
		unknownDev: x.k, unknownRef: x.n - x.k, contradictory: l.contradictory,
		veto: Contradictory{Requests: l.contradictory},
	}
}

func known(r *Row) Label {
	if r.Contradictory {
		return LabelUnknown
	}
	return r.Label
}

func (l *labels) miss(deviant bool) {
	if deviant {
		l.unknownDev++
	} else {
		l.unknownRef++
	}
}

// link tests the labels against "the answer ignores them", with the share of the
// canary estimated from the labels themselves: a percentage that is wrong, or
// that changes, or a group that lags cannot make a link. Incomplete labels take
// more evidence, and where their loss may depend on label and answer both, which
// breaks every test, the link must survive the worst that they could say.
func testLink(fx *Facts, x *split, l *labels) {
	p0 := x.sub.share()
	test := x.sub.link()
	l.logE, l.notE = test.With(l.counts), stat.NotLinkedShare(l.counts, p0)
	l.excluded, l.low, l.high = stat.NotExplained(
		stat.BinCount{K: l.counts.CanaryDev, N: l.counts.Canary()}, stat.BinCount{K: l.counts.BaseDev, N: l.counts.Base()}, fx.alpha)
	need := stat.LinkNeed(fx.alpha, p0, l.counts, l.unknownDev, l.unknownRef)
	if !math.IsInf(need, 1) {
		l.logE -= need - fx.threshold()
		return
	}
	l.veto = Topic("loss may depend")
	l.logE = l.worst(test)
}

// mayBeLoss tells whether labels that are missing could make a link that the known ones
// show: by far not all are known, and both sides gave both answers, so that losing some of
// one side's is enough. It leaves no sign where as many of either answer are lost.
func (l *labels) mayBeLoss() bool {
	c, unknown := l.counts, l.unknownDev+l.unknownRef
	return float64(c.N()) < tuning.Measurable*float64(c.N()+unknown) &&
		stat.ExplainedShare(l.table()) < enoughExplained
}

// worst is the least evidence for a link over what the missing labels could be,
// on a grid of how many of either answer the canary gave. Where some of it leaves
// no evidence at all, how little does not matter.
func (l *labels) worst(test *stat.LinkEstimated) float64 {
	const steps = 16
	least := l.logE
	for i := range steps + 1 {
		for j := range steps + 1 {
			dev, ref := l.unknownDev*i/steps, l.unknownRef*(steps-j)/steps
			missing := stat.Counts2{CanaryDev: dev, BaseDev: l.unknownDev - dev, CanaryRef: ref, BaseRef: l.unknownRef - ref}
			if least = min(least, test.With(l.counts.Plus(missing))); least <= 0 {
				return least
			}
		}
	}
	return least
}

// measured is the canary's share of a target's requests as the logs tell it,
// and the label counts. As in a link, a request that only one side's log has reached
// counts for neither: the labels known at once are mostly the canary's.
func measured(fx *Facts, sub *target) (canary, known int) {
	for _, c := range sub.cells {
		for _, i := range c.rows {
			if its, ok := ofCanary(&fx.Rows[i]); ok {
				known++
				canary += bit(its)
			}
		}
	}
	return canary, known
}
