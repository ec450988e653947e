package stat

import "math"

// LinkEstimated is the link test for a label share that is not known: the
// alternatives of a known share mixed over possible shares, against the best share
// in hindsight (universal inference, Wasserman, Ramdas & Balakrishnan 2020). It
// survives a wrong percentage, and logs that lose one side more than the other.
//
// It is a function of counts: neither the order of the rows nor which machine
// sent them matters, so labels that arrive late are simply added. The zero value
// is ready; NewLinkEstimated puts most of the prior on a configured share.
type LinkEstimated struct {
	counts Counts2
	prior  float64    // the configured share, 0 for none
	laws   []jointLaw // made at first use
	terms  []float64  // scratch
}

// jointLaw is one alternative at one share. A row adds the ln probability of its
// label given its response, by label and response.
type jointLaw struct {
	logWeight                              float64
	canaryDev, canaryRef, baseDev, baseRef float64
}

const (
	unknownSwap = .1 // weight of swapped roles where no share is configured
	leastShare  = .0005
	oddsStep    = 2.5 // between neighbouring shares

	configuredWeight = .96 // prior weight of the configured share
)

// NewLinkEstimated starts the test for a canary with configured share p0. The
// guarantee does not depend on p0; evidence grows faster where it is right.
func NewLinkEstimated(p0 float64) *LinkEstimated { return &LinkEstimated{prior: p0} }

// Add takes one labelled row.
func (l *LinkEstimated) Add(canary, deviant bool) { l.counts.Add(canary, deviant) }

// Counts is the table of the rows so far.
func (l *LinkEstimated) Counts() Counts2 { return l.counts }

// LogE returns ln E; E ≥ 1/α at any time is a false link with probability at
// most α.
func (l *LinkEstimated) LogE() float64 {
	if l.laws == nil {
		l.laws = jointLaws(l.prior)
	}
	return estimatedLogE(l.laws, l.counts, &l.terms)
}

// With returns the ln E that there would be with more rows.
func (l *LinkEstimated) With(more Counts2) float64 {
	if l.laws == nil {
		l.laws = jointLaws(l.prior)
	}
	return estimatedLogE(l.laws, l.counts.Plus(more), &l.terms)
}

// Reaches tells whether ln E is at least x. It mostly answers from the likelihood
// ratio of the table, which no alternative exceeds, so that a look after every
// request costs little.
func (l *LinkEstimated) Reaches(x float64) bool {
	c := l.counts
	most := logBinMax(c.CanaryDev, c.Deviant()) + logBinMax(c.CanaryRef, c.N()-c.Deviant()) - logBinMax(c.Canary(), c.N())
	return most >= x && l.LogE() >= x
}

func estimatedLogE(laws []jointLaw, c Counts2, scratch *[]float64) float64 {
	terms := (*scratch)[:0]
	for _, h := range laws {
		terms = append(terms, h.logWeight+h.log(c))
	}
	*scratch = terms
	return LogSumExp(terms...) - logBinMax(c.Canary(), c.N())
}

func (h jointLaw) log(c Counts2) float64 {
	return float64(c.CanaryDev)*h.canaryDev + float64(c.CanaryRef)*h.canaryRef +
		float64(c.BaseDev)*h.baseDev + float64(c.BaseRef)*h.baseRef
}

// weightedShare is a possible share of the canary label.
type weightedShare struct{ p, weight float64 }

// labelShares are even in log-odds, with most of the weight on the configured
// share if there is one.
func labelShares(configured float64) []weightedShare {
	var grid []weightedShare
	for p := leastShare; p <= 1-leastShare; p = OddsShift(p, oddsStep) {
		grid = append(grid, weightedShare{p, 1})
	}
	rest := 1.0
	if configured > 0 && configured < 1 {
		rest = 1 - configuredWeight
	}
	for i := range grid {
		grid[i].weight = rest / float64(len(grid))
	}
	if rest < 1 {
		grid = append(grid, weightedShare{configured, 1 - rest})
	}
	return grid
}

func jointLaws(configured float64) []jointLaw {
	swapped := unknownSwap
	if configured > 0 {
		swapped = swapWeight(configured)
	}
	var laws []jointLaw
	for _, s := range labelShares(configured) {
		for _, h := range linkLaws(swapped) {
			laws = append(laws, newJointLaw(h, s))
		}
	}
	return laws
}

func newJointLaw(h linkLaw, s weightedShare) jointLaw {
	dev := s.p*h.canary + (1-s.p)*h.base
	return jointLaw{
		logWeight: math.Log(h.weight * s.weight),
		canaryDev: math.Log(s.p * h.canary / dev),
		canaryRef: math.Log(s.p * (1 - h.canary) / (1 - dev)),
		baseDev:   math.Log((1 - s.p) * h.base / dev),
		baseRef:   math.Log((1 - s.p) * (1 - h.base) / (1 - dev)),
	}
}
