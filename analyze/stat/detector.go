package stat

import "math"

// Detector says at any time whether more responses deviate than noise explains.
// It mixes the shares that matter into one likelihood ratio against the noise
// floor and alarms at a threshold that is lowered until the probability of ever
// alarming on noise, computed exactly, meets alpha: the threshold 1/alpha of an
// e-value alone is never met exactly, because a deviant adds several nats.
type Detector struct {
	noise     float64
	shares    []weightedShare
	threshold float64 // in nats
}

// NewDetector detects a share of qmin or more above the noise floor eps. A qmin
// below twice eps is raised to that: nearer shares cannot be told from noise
// with any reasonable number of requests.
func NewDetector(eps, qmin, alpha float64) *Detector {
	eps = min(certainless(eps), .4)
	d := &Detector{noise: eps, shares: detectable(certainless(max(qmin, 2*eps)))}
	d.threshold = lowest(math.Log(1/alpha), func(threshold float64) bool {
		return d.falseAlarm(threshold) <= alpha
	})
	return d
}

const (
	leastWeight    = .15 // of the smallest share that matters
	detectableStep = 2   // between neighbouring shares
	detectableMost = .35 // above this any share alarms within a few requests
)

// detectable are the shares from qmin on. The weights are chosen so that no share
// between 1% and 50% takes more than 1.3 times the least possible number of
// requests at a noise floor of a tenth of qmin.
func detectable(qmin float64) []weightedShare {
	shares := []weightedShare{{qmin, 1}}
	for q := qmin * detectableStep; q < detectableMost; q *= detectableStep {
		shares = append(shares, weightedShare{q, 0})
	}
	if rest := len(shares) - 1; rest > 0 {
		shares[0].weight = leastWeight
		for i := range rest {
			shares[1+i].weight = (1 - leastWeight) / float64(rest)
		}
	}
	return shares
}

// Alarms judges k deviants among the first n requests. Ask at every n in turn.
func (d *Detector) Alarms(k, n int) bool { return d.LogRatio(k, n) >= d.threshold }

// LogRatio is the ln likelihood ratio of the detectable shares over noise. It is
// also a ln e-value.
func (d *Detector) LogRatio(k, n int) float64 {
	m := make(mixture, 0, len(d.shares))
	for _, s := range d.shares {
		m.add(s.weight, LogBin(k, n, s.p))
	}
	return m.log() - LogBin(k, n, d.noise)
}

// unseenTail is the probability of an alarm still to come at which the exact
// computation stops.
const unseenTail = 1e-4

// horizonStep is how often the computation looks whether it may stop.
const horizonStep = 64

// falseAlarm is the probability of ever alarming on noise. What may happen after
// the horizon is bounded by the ratio itself (Ville 1939).
func (d *Detector) falseAlarm(threshold float64) (alarm float64) {
	alive, need := []float64{1}, 1
	for n := 1; ; n++ {
		alive = step(nil, alive, d.noise)
		for d.LogRatio(need, n) < threshold {
			need++
		}
		for k := need; k < len(alive); k++ {
			alarm += alive[k]
		}
		alive = alive[:min(need, len(alive))]
		if n%horizonStep != 0 {
			continue
		}
		if later := d.undecided(alive, n); later < unseenTail {
			return alarm + later*math.Exp(-threshold)
		}
	}
}

// undecided is the probability of no alarm so far under the detectable shares,
// from that under noise.
func (d *Detector) undecided(alive []float64, n int) (sum float64) {
	for k, p := range alive {
		sum += p * math.Exp(d.LogRatio(k, n))
	}
	return sum
}

// ExpectedN is the exact mean number of requests before the alarm where the true
// share is q, and +Inf where q does not surely lead to one.
func (d *Detector) ExpectedN(q float64) (mean float64) {
	if q < d.shares[0].p {
		return math.Inf(1)
	}
	alive, need, left := []float64{1}, 1, 1.0
	for n := 1; left > walkTail; n++ {
		mean += left
		alive = step(nil, alive, q)
		for need <= n && d.LogRatio(need, n) < d.threshold {
			need++
		}
		alive = alive[:min(need, len(alive))]
		left = 0
		for _, p := range alive {
			left += p
		}
	}
	return mean
}
