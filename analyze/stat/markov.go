package stat

import "math"

// MarkovSup returns the largest ln likelihood that any first-order Markov law
// gives the transitions t[from][to], 1 being deviant. It bounds every law in
// which the response depends on the one before it and on nothing else: the
// denominator of the guard against bursts (universal inference).
//
// The first row of a sequence has no transition and costs nothing, which keeps
// the bound valid for any start.
func MarkovSup(t [2][2]int) float64 {
	return logBinMax(t[0][1], t[0][0]+t[0][1]) + logBinMax(t[1][1], t[1][0]+t[1][1])
}

// MarkovM returns ln M of bursts: a deviant starts with probability u after a
// reference and goes on with probability v > u after a deviant, mixed over
// u = 1 to 25% and v = 30 to 95%: concurrent requests fray the edges of a burst.
// Count the first row of a sequence as coming from a reference to have it paid for.
func MarkovM(t [2][2]int) float64 {
	var m mixture
	for _, u := range []float64{.01, .03, .1, .25} {
		for _, v := range []float64{.3, .5, .7, .85, .95} {
			m.add(1, LogBin(t[0][1], t[0][0]+t[0][1], u)+LogBin(t[1][1], t[1][0]+t[1][1], v))
		}
	}
	return m.log() - math.Log(float64(len(m)))
}

// Transitions counts the first-order transitions of one sequence.
func Transitions(bits []bool) (t [2][2]int) {
	for i := 1; i < len(bits); i++ {
		t[bit(bits[i-1])][bit(bits[i])]++
	}
	return t
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
