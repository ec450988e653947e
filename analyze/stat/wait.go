package stat

// returnShare is the part of alpha that the k-th return from the old answer to
// the new one may spend: 1/(k(k+1)), which sums to 1 over all returns.
func returnShare(k int, alpha float64) float64 {
	k = max(k, 1)
	return alpha / (float64(k) * (float64(k) + 1))
}

// WaitNeed returns how many new answers in a row, after the k-th return (k from
// 1), exclude at level alpha that the given share of answers is still old. The
// first new answer, which made the return, is not counted: counting from the last
// old one would choose the best of many starts.
func WaitNeed(k int, share, alpha float64) int {
	return NeedZero(share, 1-returnShare(k, alpha))
}

// WaitBound returns the share of old answers that n new ones in a row, after the
// first one of the k-th return, exclude at level alpha; it holds at any time and
// over all returns together.
func WaitBound(k, n int, alpha float64) float64 {
	return UpperZero(n, 1-returnShare(k, alpha))
}

// StretchFactor, ln 100, is how many times as long as every other stretch the last
// one must be before a switch counts as one: a process that goes back and forth,
// with stretches of the longest's length on average, lasts as long in 1% of cases.
const StretchFactor = 4.6

// Stretch judges a switch for good that no event of the configuration explains,
// from the length of the stretch after it and that of the longest other, in
// answers. Only where lasting is it consistent with the data; a process that goes
// back and forth would need stretches of more than beyond answers.
func Stretch(after, longest int) (lasting bool, beyond float64) {
	return longest > 0 && float64(after) >= StretchFactor*float64(longest), float64(max(after, 0)) / StretchFactor
}
