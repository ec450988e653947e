package stat

import "math"

const (
	completeLabels = .995 // from this share on, missing labels cannot carry a link
	lossLevel      = .1   // at which loss is taken to depend on response or label
	lossPrice      = 10   // times the evidence that a link takes where labels are missing
)

// LinkNeed returns the ln E that a link needs at error alpha, given the labelled
// rows, those whose label is missing, by response, and the canary's configured
// share p0 (0 where there is none).
//
// Loss that depends on the label alone or on the response alone cannot mislead
// LinkEstimated; loss that depends on both does. It shows in the labels missing
// more often for one response than for the other, or, where it balances that, in
// a share of canary labels that is not the configured one. With either sign no
// evidence is enough: +Inf. Where labels are missing without a sign, ten times
// the evidence is asked for, because a sign needs rows to show.
func LinkNeed(alpha, p0 float64, c Counts2, unknownDev, unknownRef int) float64 {
	switch unknown := unknownDev + unknownRef; {
	case float64(c.N()) >= completeLabels*float64(c.N()+unknown):
		return math.Log(1 / alpha)
	case Fisher(unknownDev, unknownRef, c.Deviant(), c.N()-c.Deviant()) < lossLevel,
		p0 > 0 && ShareReject(c.Canary(), c.N(), p0) >= math.Log(1/lossLevel):
		return math.Inf(1)
	}
	return math.Log(lossPrice / alpha)
}
