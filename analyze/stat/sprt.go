package stat

import "math"

// Decision is what a sequential test says of two rival shares.
type Decision int

// The decisions.
const (
	Continue Decision = iota
	AcceptP0
	AcceptP1
)

// SPRT is the sequential probability ratio test of two shares (Wald 1945; no
// test with the same errors needs fewer requests, Wald & Wolfowitz 1948). Its
// boundaries are those of Wald lowered until the errors, computed exactly, meet
// what is asked: Wald's own overshoot them and waste a fifth of the requests.
type SPRT struct {
	walk   likelihoodWalk
	low    float64 // accept the smaller share at -low
	high   float64 // accept the larger share at high
	mirror bool    // p1 is the smaller share
}

// CalibratedSPRT tests p0 against p1; it accepts p1 with probability at most
// alpha where p0 holds, and p0 with at most beta where p1 does. It looks after
// every request.
func CalibratedSPRT(p0, p1, alpha, beta float64) *SPRT {
	s := &SPRT{mirror: p1 < p0}
	small, large := certainless(p0), certainless(p1)
	wrongLarge, wrongSmall := alpha, beta
	if s.mirror {
		small, large = large, small
		wrongLarge, wrongSmall = beta, alpha
	}
	s.walk = newLikelihoodWalk(small, large)
	s.high = math.Log((1 - wrongSmall) / wrongLarge)
	s.low = math.Log((1 - wrongLarge) / wrongSmall)
	if small < large {
		s.calibrate(small, large, wrongLarge, wrongSmall)
	}
	return s
}

// certainless keeps a share off 0 and 1, where the ratio of likelihoods is
// infinite.
func certainless(p float64) float64 { return min(max(p, 1e-12), 1-1e-12) }

// calibrate lowers one boundary after the other. Lowering one only ever reduces
// the other's error, so each round starts from a valid test.
func (s *SPRT) calibrate(small, large, wrongLarge, wrongSmall float64) {
	for range 3 {
		s.high = lowest(s.high, func(high float64) bool {
			up, _, left := s.walk.run(small, s.low, high)
			return up+left <= wrongLarge
		})
		s.low = lowest(s.low, func(low float64) bool {
			up, _, _ := s.walk.run(large, low, s.high)
			return 1-up <= wrongSmall
		})
	}
}

// lowest bisects for the smallest boundary that is still valid.
func lowest(valid float64, ok func(float64) bool) float64 {
	bad := 0.0
	for range 16 {
		if mid := (bad + valid) / 2; ok(mid) {
			valid = mid
		} else {
			bad = mid
		}
	}
	return valid
}

// Decide judges k deviants among the first n requests. Ask at every n in turn:
// the first answer other than Continue is the decision.
func (s *SPRT) Decide(k, n int) Decision {
	switch {
	case s.walk.slope <= 0:
		return Continue
	case k >= s.walk.atLeast(n, s.high):
		return s.accept(!s.mirror)
	case k < s.walk.above(n, -s.low):
		return s.accept(s.mirror)
	}
	return Continue
}

func (s *SPRT) accept(p1 bool) Decision {
	if p1 {
		return AcceptP1
	}
	return AcceptP0
}

// ExpectedN is the exact mean number of requests where the true share is q.
func (s *SPRT) ExpectedN(q float64) float64 {
	if s.walk.slope <= 0 {
		return math.Inf(1)
	}
	_, mean, _ := s.walk.run(q, s.low, s.high)
	return mean
}

// AcceptsP1 is the exact probability of deciding for p1 where the true share is q.
func (s *SPRT) AcceptsP1(q float64) float64 {
	if s.walk.slope <= 0 {
		return 0
	}
	large, _, _ := s.walk.run(q, s.low, s.high)
	if s.mirror {
		return 1 - large
	}
	return large
}

// likelihoodWalk is the ln likelihood ratio of two shares after n requests with
// k deviants: slope·k - fall·n.
type likelihoodWalk struct{ slope, fall float64 }

func newLikelihoodWalk(small, large float64) likelihoodWalk {
	fall := math.Log1p(-small) - math.Log1p(-large)
	return likelihoodWalk{slope: math.Log(large/small) + fall, fall: fall}
}

// atLeast is the smallest k at which the walk reaches x.
func (w likelihoodWalk) atLeast(n int, x float64) int {
	return int(math.Ceil((x+w.fall*float64(n))/w.slope - 1e-9))
}

// above is the smallest k at which the walk exceeds x.
func (w likelihoodWalk) above(n int, x float64) int {
	return int(math.Floor((x+w.fall*float64(n))/w.slope+1e-9)) + 1
}

// walkTail is the probability that may still be undecided when run stops.
const walkTail = 1e-9

// run follows the distribution of k request by request between the boundaries
// and returns the probability of leaving at the upper one, the mean number of
// requests and what was left undecided.
func (w likelihoodWalk) run(q, low, high float64) (upper, mean, left float64) {
	first, alive := 0, []float64{1} // alive[i] is the probability of k = first+i
	var spare []float64
	left = 1
	for n := 1; left > walkTail; n++ {
		mean += left
		spare = step(spare[:0], alive, q)
		from, to := max(0, w.above(n, -low)-first), w.atLeast(n, high)-first
		for i := max(0, to); i < len(spare); i++ {
			upper += spare[i]
		}
		to = min(max(to, 0), len(spare))
		from = min(from, to)
		alive, spare, first = spare[from:to], alive, first+from
		left = 0
		for _, p := range alive {
			left += p
		}
	}
	return upper, mean, left
}

// step appends the distribution of k after one more request.
func step(next, now []float64, q float64) []float64 {
	var carry float64
	for _, p := range now {
		next = append(next, carry+p*(1-q))
		carry = p * q
	}
	return append(next, carry)
}
